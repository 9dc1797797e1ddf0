"""A claim of one's own: a row of the ledger, a report that answers it, and a test of the report.

`add` takes a file with one ledger row, as ``frontier check --save`` writes it or a person does. All
is checked before anything is written: the row by the code that reads the ledger, the site map and
the notebook by the code that builds them, the comparisons by what was measured. Files that people
keep by hand get the new lines and keep every old one, comments included.
"""

import contextlib
import json
import re
import shutil
import tempfile
from datetime import date
from pathlib import Path
from string import Template

import nbformat
import yaml

from broadsheet import yaml_text
from frontier import claims
from frontier.data import measurements, paths
from frontier.errors import DataError, FrontierError, UsageError

_TEMPLATE = Path(__file__).parent / "template"
_CELL = re.compile(r"^%% (\w+)\n(.*?)(?=^%% |\Z)", re.M | re.S)


class _Dumper(yaml.SafeDumper):
    """YAML as the ledger has it: items of a list indented, and no anchors for what stands twice."""

    def ignore_aliases(self, data):
        return True

    def increase_indent(self, flow=False, indentless=False):
        return super().increase_indent(flow, False)


def add(file: Path, /) -> list[Path]:
    """Write the report and the test of a ledger row, and the row; return the files, new ones first.

    All or nothing: UsageError for a row that cannot be tested or has a name that is taken,
    DataError for one that is no ledger row or where a file that is kept by hand is damaged,
    FrontierError where one cannot be written.
    """
    from broadsheet import collection

    row = _row(Path(file))
    site = collection.read(paths.notebooks())
    taken = {entry.notebook[:2] for entry in site.pages}
    if str(row.get("report", "99_"))[:2] == "99":
        number = next(f"{n:02d}" for n in range(1, 100) if f"{n:02d}" not in taken)
        row["report"] = f"{number}_{str(row.get('id')).replace('-', '_')}"
    claim = _claim(row, Path(file).name)
    if claim.report[:2] in taken:
        raise UsageError(f"report {claim.report[:2]} is there already; leave `report` out")
    old = claims.ledger()
    if claim.id in [one.id for one in old]:
        raise UsageError(f"the ledger has a claim '{claim.id}' already; choose another id")
    compared = claims.comparisons(claim, measurements.load_measurements())
    if not any(not one.untested for one in compared):
        why = compared[0].untested if compared else "it has no comparisons"
        raise UsageError(f"nothing of it can be tested: {why}")
    root, name = paths.root(), claim.id.replace("-", "_")
    new = {
        paths.notebooks() / f"{claim.report}.ipynb": notebook(claim),
        root / "tests" / f"test_claim_{name}.py": test_file(claim),
    }
    if there := [path for path in new if path.exists()]:
        raise UsageError(f"{there[0].relative_to(root)} is there already; choose another id")
    lists = {
        paths.data() / "claims.yaml": ("claims", "\n" + _item(row)),
        paths.notebooks() / "collection.yaml": ("pages", _item(_page(claim))),
    }
    kept = {
        path: inserted(path.read_text(encoding="utf-8"), *item, file=path.name)
        for path, item in lists.items()
    }
    found = claims.read(kept[paths.data() / "claims.yaml"])
    if found[:-1] != old or found[-1].id != claim.id:
        raise DataError("claims.yaml", "is not as it was written", remedy="add the claim by hand")
    _check_site(site, claim, kept[paths.notebooks() / "collection.yaml"], new)
    _write({**new, **kept})
    return [*new, *kept]


def _row(file: Path) -> dict:
    """Return the one ledger row of a file; DataError where it has none or several."""
    try:
        found = yaml_text.load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from None
    except ValueError as error:
        raise DataError(file.name, f"is no YAML: {error}") from None
    found = found.get("claims", found) if isinstance(found, dict) else found
    rows = found if isinstance(found, list) else [found]
    if len(rows) != 1 or not isinstance(rows[0], dict):
        raise DataError(file.name, "is no ledger row", remedy="one claim, with id, statement, ...")
    return rows[0]


def _claim(row: dict, name: str) -> claims.Claim:
    """Return the claim of a row; an error names the row's file."""
    from frontier.claims.checking import made

    try:
        claim = made(row)
    except DataError as error:
        told = re.sub(r"^claims\.yaml(, row \d+)?: ", "", str(error))
        raise DataError(name, told) from None
    if claim.date > date.today():
        raise UsageError(f"{name}: date {claim.date} is in the future: a claim has been stated")
    return claim


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


def notebook(claim: claims.Claim, /) -> str:
    """Return the report's notebook, source only, the answer first."""
    heading = re.sub(r"([\\`*_\[\]<>$#])", r"\\\1", claim.statement.strip().rstrip("."))
    values = {**vars(claim), "statement": heading, "number": claim.report[:2]}
    values["traffics"] = ", ".join(json.dumps(one) for one in claim.test.traffic)
    values["traffic"] = claim.test.traffic[0]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    about = {"kernelspec": kernel, "language_info": {"name": "python"}}
    made = nbformat.v4.new_notebook(metadata=about, nbformat_minor=5)
    for i, (kind, source) in enumerate(re.findall(_CELL, _template("claim.notebook"))):
        tags = {"tags": ["parameters"]} if source.startswith("traffic: Literal") else {}
        make = getattr(nbformat.v4, f"new_{kind}_cell")
        text = Template(source.strip()).substitute(values)
        made.cells.append(make(text, id=f"cell-{i:02d}", metadata=tags))
    return nbformat.writes(made) + "\n"


def test_file(claim: claims.Claim, /) -> str:
    """Return the test of a claim: its ledger row, its rows, and its ratio on a slower way."""
    low, _ = claim.test.target.bounds
    told = {"value": json.dumps(claim.value), "unit": json.dumps(claim.unit), "low": low}
    return Template(_template("claim.test")).substitute(vars(claim), **told)


test_file.__test__ = False  # its name says what it returns; pytest must not take it for a test


def _template(name):
    return (_TEMPLATE / name).read_text(encoding="utf-8")


def _page(claim):
    return {"notebook": claim.report, "title": claim.id.replace("-", " ").capitalize()}


def _item(row):
    style = {"sort_keys": False, "width": 10**6, "allow_unicode": True, "default_flow_style": None}
    text = yaml.dump([row], Dumper=_Dumper, **style)
    return "".join(f"  {line}" for line in text.splitlines(keepends=True))


def _check_site(site, claim, site_map, new):
    """Raise unless the collection with the new report can be read, and so can its parameters."""
    from broadsheet import collection, parameters

    with tempfile.TemporaryDirectory() as folder:
        stage = Path(folder)
        for entry in site.pages:
            shutil.copy(site.path(entry), stage)
        for path, text in new.items():
            (stage / path.name).write_text(text, encoding="utf-8")
        (stage / "collection.yaml").write_text(site_map, encoding="utf-8")
        found = collection.read(stage)
        if found.pages[:-1] != site.pages or found.pages[-1].notebook != claim.report:
            problem, remedy = "is not as it was written", "add the page by hand"
            raise DataError("collection.yaml", problem, remedy=remedy)
        parameters.read(stage / f"{claim.report}.ipynb")


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
