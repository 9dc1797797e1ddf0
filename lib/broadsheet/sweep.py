"""Sweeps: one report with many sets of parameters, and a page that compares what they publish.

A set's page lies in a folder of its own, named by its values and a digest of them, so that
names are stable and any text is safe in them. The sets are carried out as the reports of a
site are: what is fresh does not run, and a set that fails stops no other. Compared are the
first rows of the tables that the pages publish, and the values of their records.
"""

import csv
import functools
import io
import itertools
import json
import math
import re
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from broadsheet import digests
from broadsheet import parameters as schema
from broadsheet.build import opened, values_of
from broadsheet.campaign import Beside, carry_out
from broadsheet.collection import Collection
from broadsheet.diff import read_number
from broadsheet.errors import UsageError
from broadsheet.site import COMPARISON
from broadsheet.task import Options, Task

_SLUG = 60
# A page is for reading: more quantities than this are in the CSV.
_COLUMNS = 6
_MOST = 10_000


@dataclass(frozen=True)
class Point:
    """One set in the comparison: its folder, its values as text, what its page publishes."""

    name: str
    page: str
    values: dict[str, str]
    status: str
    quantities: dict[str, float]


def sweep(
    collection: Collection,
    name: str,
    /,
    *,
    grid=(),
    rows: Path | None = None,
    settings=None,
    show: str | None = None,
    out: Path | None = None,
    shard: tuple[int, int] | None = None,
    options: Options | None = None,
) -> int:
    """Build a report once for every set of parameters; return how many sets failed.

    ``grid`` holds (name, texts) and means every combination; ``rows`` is a CSV file with a set a
    row; ``settings`` are the same in every set. ``show`` names the quantity drawn. The pages go
    to a folder of ``exploration/`` unless ``out`` says otherwise. Raises UsageError, before
    anything runs, for a request that cannot be met.
    """
    (entry,) = collection.select([name])
    parameters = schema.read(collection.path(entry))
    if bool(grid) == bool(rows):
        raise UsageError("a sweep takes either --grid or --from-csv")
    wanted = _from_csv(rows) if rows else _combined(grid, parameters, entry.notebook)
    sets = _checked(wanted, settings or {}, parameters, collection, entry.notebook)
    site = opened(collection, out or collection.home / "exploration" / f"sweep-{entry.notebook}")
    tasks = [_task(collection, entry, values) for values in sets]
    comparison = _Comparison(tasks, parameters, _varied(wanted), show)
    title = f"Sweep of {entry.title}"
    beside = Beside(title, comparison.compose, comparison.inputs)
    print(f"{len(tasks)} sets of {entry.notebook}, to {site.folder}", file=sys.stderr)
    return carry_out("sweep", collection, tasks, site, beside, options or Options(), shard=shard)


def set_name(values: dict, /) -> str:
    """Return the name of a set's folder: its values in plain letters, and their digest."""
    text = "-".join(f"{name}-{schema.format_value(value)}" for name, value in values.items())
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:_SLUG].rstrip("-")
    return f"{slug or 'defaults'}-{digests.digest(values)[:8]}"


def _combined(grid, parameters, notebook):
    """Return (where it stands, settings) of every combination of a grid."""
    by_name = {p.name: p for p in parameters}
    for number, (name, texts) in enumerate(grid):
        if name not in by_name:
            raise UsageError(schema.unknown(name, by_name, f"of {notebook}"))
        if name in [other for other, _ in grid[:number]]:
            raise UsageError(f"--grid gives {name!r} twice")
        if not all(text.strip() for text in texts):
            raise UsageError(f"--grid {name}= has an empty value")
    count = math.prod(len(texts) for _, texts in grid)
    if count > _MOST:
        raise UsageError(f"the grid has {count:,} combinations; a sweep has at most {_MOST:,} sets")
    names = [name for name, _ in grid]
    products = itertools.product(*(texts for _, texts in grid))
    return [("", {n: [t] for n, t in zip(names, texts, strict=True)}) for texts in products]


def _from_csv(path):
    """Return (where it stands, settings) of every row of a CSV file; an empty cell is a default."""
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            table = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} is not a CSV file that can be read: {error}") from error
    header, *rows = table or [[]]
    rows = [(number, row) for number, row in enumerate(rows, start=2) if any(row)]
    if not rows or len(set(header)) != len(header):
        raise UsageError(f"{path} needs a header of different parameters and a row for each set")
    if len(rows) > _MOST:
        raise UsageError(f"{path} has {len(rows):,} rows; a sweep has at most {_MOST:,} sets")
    for number, row in rows:
        if len(row) != len(header):
            raise UsageError(f"{path}, line {number}: {len(row)} values for {len(header)} columns")
    return [
        (f"{path}, line {n}: ", {k: [v] for k, v in zip(header, row, strict=True) if v.strip()})
        for n, row in rows
    ]


def _checked(wanted, settings, parameters, collection, notebook):
    """Return the sets' values, each once, in the order in which they are asked for."""
    choices = functools.cache(functools.partial(collection.project.call, "choices"))
    found = {}
    for where, texts in wanted:
        try:
            if both := set(texts) & set(settings):
                raise UsageError(f"{min(both)!r} is both set and swept")
            values = values_of(parameters, {**settings, **texts}, choices, notebook)
        except UsageError as error:
            raise UsageError(f"{where}{error}") from error
        found.setdefault(digests.digest(values), values)
    return list(found.values())


def _varied(wanted):
    return list(dict.fromkeys(name for _, texts in wanted for name in texts))


def _task(collection, entry, values):
    place, title = f"{set_name(values)}/", f"Sweep of {entry.title}"
    return Task(collection, entry, values, title, (entry,), home="../index.html", place=place)


class _Comparison:
    """What a sweep has beside the pages: the comparison as page, figure and data."""

    def __init__(self, tasks, parameters, varied, show):
        self._tasks = tasks
        self._defaults = {p.name: p.default for p in parameters}
        self._varied = varied
        self._show = show

    def inputs(self, pages, _environment, /):
        sets = [(task.page, self._values(task)) for task in self._tasks]
        made = {name: [page["files"], page["status"]] for name, page in pages.items()}
        return digests.digest([sets, made, self._show])

    def _values(self, task):
        values = {**self._defaults, **task.values}
        return {name: schema.format_value(values[name]) for name in self._varied}

    def compose(self, built, problems, /):
        from broadsheet import pages

        first, project = self._tasks[0], built.collection.project
        self._remove_others(built.folder)
        points = [self._point(built, task, problems) for task in self._tasks]
        names = list(dict.fromkeys(name for point in points for name in point.quantities))
        shown = self._shown(points, names)
        sets = {"schema": 1, "notebook": first.entry.notebook, "sets": [asdict(p) for p in points]}
        common = [
            f"{name} = {schema.format_value(value)}"
            for name, value in first.values.items()
            if name not in self._varied
        ]
        page = pages.comparison(first, points, self._varied, shown, len(names), common=common)
        own = {
            f"{task.place}{project.records_file}": project.attempt("dump", problems, None, records)
            for task in self._tasks
            if (records := built.records.get(task.page)) is not None
        }
        return {
            "index.html": page,
            "comparison.csv": _csv(points, self._varied, names),
            COMPARISON: json.dumps(sets, indent=1, ensure_ascii=False) + "\n",
            **own,
        }

    def _remove_others(self, stage):
        """Remove the pages of an earlier sweep's sets; what they were made from is stored."""
        mine = {task.place.rstrip("/") for task in self._tasks}
        for page in stage.glob(f"*/{self._tasks[0].entry.page}"):
            if page.parent.name not in mine:
                shutil.rmtree(page.parent)

    def _point(self, built, task, problems):
        from broadsheet import pages

        page = built.folder / task.page
        status, quantities = "not built", {}
        if page.is_file():
            text = page.read_text(encoding="utf-8")
            status = "failed" if pages.is_failed(text) else "ok"
        if status == "ok":
            quantities = published(page.parent, pages.listed_files(text))
            for record in built.records.get(task.page) or ():
                value = built.collection.project.attempt("value", problems, None, record)
                if isinstance(value, int | float):
                    quantities[record["id"]] = float(value)
        return Point(task.place.rstrip("/"), task.page, self._values(task), status, quantities)

    def _shown(self, points, names):
        """Return the quantities for the page, the one to draw first: those that differ."""
        differ = [n for n in names if len({p.quantities.get(n) for p in points}) > 1]
        if self._show:
            chosen = [n for n in names if self._show in (n, n.rpartition(": ")[2])]
            if not chosen:  # no reason to give up what was built
                told = ", ".join(names) or "nothing"
                print(f"no page publishes {self._show!r}; they do: {told}", file=sys.stderr)
            differ = [*chosen, *(name for name in differ if name not in chosen)]
        return (differ or names)[:_COLUMNS]


def published(folder: Path, names, /) -> dict[str, float]:
    """Return the quantities that a page publishes: numbers in the first rows of its tables.

    Tables of one row come first, since they say one thing.
    """
    tables = []
    for name in sorted(name for name in names if name.endswith(".csv")):
        with (folder / name).open(encoding="utf-8", newline="") as file:
            rows = list(itertools.islice(csv.DictReader(file), 2))
        if rows:
            tables.append((len(rows) > 1, Path(name).stem, rows[0]))
    found = {}
    for _, stem, row in sorted(tables, key=lambda table: table[:2]):
        for column, text in row.items():
            if (value := read_number(text)) is not None and math.isfinite(value):
                found[f"{stem}: {column}"] = value
    return found


def _csv(points, varied, names):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(_cell, ["set", "page", "status", *varied, *names]))
    for point in points:
        values = [point.values[name] for name in varied]
        numbers = [point.quantities.get(name, "") for name in names]
        writer.writerow(map(_cell, [point.name, point.page, point.status, *values, *numbers]))
    return text.getvalue()


def _cell(value):
    """Return a cell of a CSV; a text that a spreadsheet would take for a formula is quoted."""
    formula = str(value).startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if formula and read_number(str(value)) is None else value
