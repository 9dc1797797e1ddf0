"""A claim of one's own: a row of the ledger, a report that decides it, and a test of the report.

What is written is checked before anything is: the ledger by the code that reads the ledger, the
site map and the notebook by the code that builds them, the comparisons by what was measured.
Files that people keep by hand get the new lines and keep every old one, comments included.

>>> conditions(["model=deepseek-r1", "hardware=h100,h200", "single_node=true"])
{'model': 'deepseek-r1', 'hardware': ['h100', 'h200'], 'single_node': True}
"""

import contextlib
import json
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from string import Template

import yaml

from frontier import claims
from frontier.claims import comparisons
from frontier.data import hardware, measurements, paths
from frontier.errors import DataError, FrontierError, UsageError, among

FORMS = ("gain", "drop")
METRICS = ("throughput_per_gpu", "output_throughput_per_gpu")  # of both more is better
_TEMPLATE = Path(__file__).parent / "template"
_CELL = re.compile(r"^%% (\w+)\n(.*?)(?=^%% |\Z)", re.M | re.S)
_PER = re.compile(r"(?:/|\bper )(?:(GPU)|[kMG]?W|\w*watt)s?\b", re.I)
_WORDS = {"speculative": "speculation", "disaggregated": "disaggregation"}


class _Dumper(yaml.SafeDumper):
    """YAML as the ledger has it: items of a list indented, and no anchors for what stands twice."""

    def ignore_aliases(self, data):
        return True

    def increase_indent(self, flow=False, indentless=False):
        return super().increase_indent(flow, False)


@dataclass(frozen=True)
class Addition:
    """What somebody claims, and how it is to be tested.

    `numerators` and `denominators` are selections of the measured rows, paired in order; `names`
    are those of the comparisons, made from the selections where they are not given. `report` is
    the stem of the notebook, `title` its name in the navigation. `per` is what the unit names, GPU
    or MW, and GPU where neither it nor the unit says.
    """

    id: str
    statement: str
    value: float
    unit: str
    source: str
    date: date
    numerators: tuple[Mapping, ...]
    denominators: tuple[Mapping, ...]
    form: str = "gain"
    shapes: tuple[str, ...] = ("8192/1024", "1024/1024", "1024/8192")
    names: tuple[str, ...] = ()
    report: str = ""
    title: str = ""
    source_title: str = ""
    point: str = "Not stated."
    quantity: str = ""
    decides: str = "Both systems swept over concurrency in public, with interactivity."
    metric: str = "throughput_per_gpu"
    per: str = ""
    power_edition: str = hardware.POWER_EDITIONS[0]
    floor: float = 100.0

    def __post_init__(self):
        object.__setattr__(self, "per", _per(self.unit, self.per))
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.id):
            raise UsageError(f"an id has small letters, digits and hyphens, not {self.id!r}")
        if self.report and not re.fullmatch(r"\d\d_[a-z0-9_]+", self.report):
            raise UsageError(f"a report is called as 09_my_claim, not {self.report!r}")
        for name in ("statement", "unit", "title", "source_title", "point", "quantity", "decides"):
            if re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", getattr(self, name)):
                raise UsageError(f"--{name.replace('_', '-')} is one line of text")
        if not re.search(r"(?<![\w.])\d", self.statement):
            raise UsageError(
                "the statement has no number; it heads the report, so it needs its own"
            )
        if self.form not in FORMS:
            raise UsageError(
                f"form is {self.form!r}; {among(self.form, FORMS)}: levels, shares and filings are "
                "written into the ledger by hand, as its head says"
            )
        if self.metric not in METRICS:
            raise UsageError(f"metric is {self.metric!r}; {among(self.metric, METRICS)}")
        if self.date > date.today():
            raise UsageError(f"--date {self.date} is in the future: a claim has been stated")
        if not self.shapes or not self.numerators:
            raise UsageError("a test needs a shape, and --numerator and --denominator")
        if len(self.numerators) != len(self.denominators):
            raise UsageError(
                f"{len(self.numerators)} numerators and {len(self.denominators)} denominators: "
                "every comparison needs one of each"
            )
        if self.names and len(self.names) != len(self.numerators):
            raise UsageError(f"{len(self.names)} names for {len(self.numerators)} comparisons")

    @property
    def comparisons(self) -> list[dict]:
        """The comparisons as the ledger has them."""
        sides = list(zip(self.numerators, self.denominators, strict=True))
        made = [f"{described(above)} over {described(below)}" for above, below in sides]
        return [
            {"name": name, "numerator": dict(above), "denominator": dict(below)}
            for name, (above, below) in zip(self.names or made, sides, strict=True)
        ]


def conditions(pairs: Sequence[str], /) -> dict:
    """Return the selection that ``column=value`` texts name; a comma makes a list."""
    found = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not (equals and text):
            raise UsageError(f"a selection is of column=value, not {pair!r}")
        if name not in comparisons.CONDITIONS:
            known = sorted(comparisons.CONDITIONS)
            raise UsageError(f"no condition '{name}': {among(name, known)}")
        values = [_value(one) for one in text.split(",")]
        found[name] = values if len(values) > 1 else values[0]
    return found


def described(selection: Mapping, /) -> str:
    """Return a selection of rows in words, for the name of a comparison.

    >>> described({"model": "deepseek-r1", "hardware": "h200", "single_node": True})
    'one H200 node'
    >>> described({"hardware": ["h100", "h200"], "precision": "fp8", "speculative": False})
    'H100 or H200 FP8 without speculation'
    """
    rest = dict(selection)
    rest.pop("model", None)
    keys = rest.pop("hardware", [])
    keys = [keys] if isinstance(keys, str) else keys
    text = " or ".join(hardware.name(str(key)) for key in keys) or "any accelerator"
    if rest.pop("single_node", False):
        text = f"one {text} node"
    if precision := rest.pop("precision", None):
        text += f" {precision}".upper()
    for name, value in rest.items():
        if name in _WORDS:
            text += f" with{'' if value else 'out'} {_WORDS[name]}"
        else:
            text += f", {name} {value}"
    return text


def add(addition: Addition, /) -> list[Path]:
    """Write a claim's row, report and test; return the files, the new ones first.

    All or nothing: UsageError for what cannot be tested or has a name that is taken, DataError
    where a file that is kept by hand is damaged, FrontierError where one cannot be written.
    """
    site = _site(paths.notebooks())
    addition = _named(addition, site)
    report, root = addition.report, paths.root()
    ledger, site_map = paths.data() / "claims.yaml", paths.notebooks() / "collection.yaml"
    new = {
        paths.notebooks() / f"{report}.ipynb": notebook(addition),
        root / "tests" / f"test_claim_{addition.id.replace('-', '_')}.py": test_file(addition),
    }
    if there := [path for path in new if path.exists()]:
        raise UsageError(f"{there[0].relative_to(root)} is there already; choose another name")
    old = claims.ledger()
    if addition.id in [claim.id for claim in old]:
        raise UsageError(f"the ledger has a claim '{addition.id}' already; choose another id")
    lists = {ledger: ("claims", _ledger_row(addition)), site_map: ("pages", _page(addition))}
    kept = {
        path: inserted(path.read_text(encoding="utf-8"), *item, file=path.name)
        for path, item in lists.items()
    }
    _check(addition, old, kept[ledger])
    _check_measured(addition)
    _check_site(site, addition, kept[site_map], new)
    _write({**new, **kept})
    return [*new, *kept]


def inserted(text: str, key: str, item: str, /, *, file: str = "the file") -> str:
    r"""Return a YAML text with an item more in the list of a top-level key, all else as it was.

    >>> print(inserted("a:\n  - 1\n\n# of b\nb: 2\n", "a", "  - 3\n"), end="")
    a:
      - 1
      - 3
    <BLANKLINE>
    # of b
    b: 2
    """
    lines = text.splitlines(keepends=True)
    starts = [i for i, line in enumerate(lines) if re.match(rf"{re.escape(key)}:\s*(#.*)?$", line)]
    if len(starts) != 1:
        raise DataError(file, f"has no list `{key}:` of its own lines", remedy="restore it")
    end = starts[0] + 1
    while end < len(lines) and not re.match(r"[^\s#]", lines[end]):
        end += 1
    # What stands before the next key, blank lines and comments, is the next key's.
    while lines[end - 1].startswith("#") or not lines[end - 1].strip():
        end -= 1
    if not lines[end - 1].endswith("\n"):
        lines[end - 1] += "\n"
    return "".join([*lines[:end], item, *lines[end:]])


def notebook(addition: Addition, /) -> str:
    """Return the report's notebook, source only, with the headings that every report has."""
    first = addition.comparisons[0]
    above, below = (
        _first(first[side].get("hardware", "gb200")) for side in ("numerator", "denominator")
    )
    shapes = ", ".join(json.dumps(shape) for shape in addition.shapes)
    values = {
        "statement": _heading(addition),
        "id": addition.id,
        "number": addition.report[:2],
        "report": addition.report,
        "shapes": shapes,
        "shape": addition.shapes[0],
        "above": above,
        "below": below,
        "per": addition.per,
        "edition": addition.power_edition,
        "measure": f"a drop is met within a factor of {comparisons.TWO_SIDED} either way"
        if addition.form == "drop"
        else "a gain is met from the claimed ratio on",
    }
    cells = []
    for i, (kind, source) in enumerate(re.findall(_CELL, _template("claim.notebook"))):
        tags = {"tags": ["parameters"]} if "[one of measurements.hardware]" in source else {}
        lines = Template(source.strip()).substitute(values).splitlines(keepends=True)
        cell = {"cell_type": kind, "id": f"cell-{i:02d}", "metadata": tags, "source": lines}
        if kind == "code":
            cell |= {"execution_count": None, "outputs": []}
        cells.append(dict(sorted(cell.items())))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    made = {
        "cells": cells, "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4, "nbformat_minor": 5,
    }  # fmt: skip
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def test_file(addition: Addition, /) -> str:
    """Return the test of a claim: its ledger row, its rows, and its ratio on a slower way."""
    return Template(_template("claim.test")).substitute(
        id=addition.id,
        value=_plain(addition.value),
        unit=json.dumps(addition.unit),
        form=addition.form,
        report=addition.report,
    )


test_file.__test__ = False  # its name says what it returns; pytest must not take it for a test


def _per(unit, said):
    """Return what throughput is counted per; a ratio per kW is that per MW."""
    named = {"GPU" if found[1] else "MW" for found in _PER.finditer(unit)}
    if len(named) > 1 or (named and said in ("GPU", "MW") and said not in named):
        told = f"per {' and '.join(sorted(named))}" + f" and --per is {said}" * bool(said)
        raise UsageError(f"the unit '{unit}' is {told}; leave one of them out")
    return said or min(named, default="GPU")


def _value(text):
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        value = None
    if not isinstance(value, str | int | float | bool | date):
        raise UsageError(f"{text!r} is no value of a column")
    return value


def _plain(number):
    return int(number) if float(number).is_integer() else number


def _template(name):
    return (_TEMPLATE / name).read_text(encoding="utf-8")


def _first(value):
    return str(value[0] if isinstance(value, list) else value)


def _heading(addition):
    """Return the statement as a heading, in which Markdown's own signs are text."""
    text = addition.statement.strip().rstrip(".")
    return re.sub(r"([\\`*_\[\]<>$#])", r"\\\1", text)


def _site(folder):
    from broadsheet import collection

    return collection.read(folder)


def _named(addition, site):
    """Return the addition with a report, a title and words where none were given."""
    taken = {entry.notebook[:2] for entry in site.pages}
    number = next(f"{n:02d}" for n in range(1, 100) if f"{n:02d}" not in taken)
    report = addition.report or f"{number}_{addition.id.replace('-', '_')}"
    if report[:2] in taken:
        raise UsageError(f"report {report[:2]} is there already; the next number is {number}")
    title = addition.title or addition.id.replace("-", " ").capitalize()
    basis = comparisons.Basis(addition.metric, addition.per, addition.power_edition)
    ratio = f"Mean ratio of {basis.unit} at equal interactivity, {addition.comparisons[0]['name']}."
    host = addition.source.split("//")[-1].split("/")[0]
    return replace(
        addition,
        report=report,
        title=title,
        quantity=addition.quantity or ratio,
        source_title=addition.source_title or host,
    )


def _ledger_row(addition):
    row = {
        "id": addition.id,
        "report": addition.report,
        "statement": addition.statement,
        "claimed": {"value": _plain(addition.value), "unit": addition.unit, "form": addition.form},
        "point": addition.point,
        "date": addition.date,
        "sources": [
            {"title": addition.source_title, "url": addition.source, "date": addition.date}
        ],
        "quantity": addition.quantity,
        "decides": addition.decides,
        "test": {
            "metric": addition.metric,
            "per": addition.per,
            "power_edition": addition.power_edition,
            "floor": _plain(addition.floor),
            "shapes": list(addition.shapes),
            "comparisons": addition.comparisons,
        },
    }
    return "\n" + _item(row)


def _page(addition):
    return _item(
        {
            "notebook": addition.report,
            "title": addition.title,
            "claims": [addition.id],
            "figure": f"{addition.report[:2]}-overview",
        }
    )


def _item(row):
    text = yaml.dump(
        [row],
        Dumper=_Dumper,
        sort_keys=False,
        width=10**6,
        allow_unicode=True,
        default_flow_style=None,
    )
    return "".join(f"  {line}" for line in text.splitlines(keepends=True))


def _check(addition, old, text):
    """Raise unless the new ledger is the old one with the claim at its end."""
    found = claims.read(text)
    if found[:-1] != old or found[-1].id != addition.id:
        raise DataError("claims.yaml", "is not as it was written", remedy="add the claim by hand")


def _check_measured(addition):
    """Raise where the comparison that is quoted has no rows: there would be nothing to report."""
    rows = measurements.load_measurements()
    basis = comparisons.Basis(addition.metric, addition.per, addition.power_edition, addition.floor)
    for comparison in addition.comparisons:
        problem = None
        for shape in addition.shapes:
            try:
                comparisons.one(basis, rows, comparison, shape, strict=True)
                break
            except UsageError as error:
                problem = problem or error
        else:
            raise UsageError(f"{comparison['name']} cannot be tested: {problem}")


def _check_site(site, addition, site_map, new):
    """Raise unless the collection with the new report can be read, and so can its parameters."""
    from broadsheet import parameters

    with tempfile.TemporaryDirectory() as folder:
        stage = Path(folder)
        for path in filter(Path.is_file, map(site.path, site.pages)):
            shutil.copy(path, stage)
        for path, text in new.items():
            (stage / path.name).write_text(text, encoding="utf-8")
        (stage / "collection.yaml").write_text(site_map, encoding="utf-8")
        found = _site(stage)
        if found.pages[:-1] != site.pages or found.pages[-1].notebook != addition.report:
            raise DataError(
                "collection.yaml", "is not as it was written", remedy="add the page by hand"
            )
        parameters.read(stage / f"{addition.report}.ipynb")


def _write(files):
    """Put all files in place, or leave everything as it was."""
    before = {path: path.read_bytes() if path.exists() else None for path in files}
    stages = {path: path.with_name(f".{path.name}.new") for path in files}
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            stages[path].write_text(text, encoding="utf-8", newline="\n")
        for path, stage in stages.items():
            stage.replace(path)
    except BaseException as error:
        for path, content in before.items():
            with contextlib.suppress(OSError):
                if content is None:
                    path.unlink(missing_ok=True)
                elif path.read_bytes() != content:
                    path.write_bytes(content)
        if isinstance(error, OSError):
            raise FrontierError(f"{error}; everything is as it was") from error
        raise
    finally:
        for stage in stages.values():
            with contextlib.suppress(OSError):
                stage.unlink(missing_ok=True)
