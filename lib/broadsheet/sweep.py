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
from broadsheet.build import values_of
from broadsheet.campaign import Beside, carry_out
from broadsheet.collection import Collection
from broadsheet.diff import read_number
from broadsheet.errors import UsageError
from broadsheet.site import COMPARISON, Site
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
    row; ``settings`` are the same in every set. ``show`` names the quantity that comes first in
    the comparison. The pages go to a folder of ``exploration/`` unless ``out`` says otherwise.
    Raises UsageError, before anything runs, for a request that cannot be met.
    """
    (entry,) = collection.select([name])
    parameters = schema.read(collection.path(entry))
    if bool(grid) == bool(rows):
        raise UsageError("a sweep takes either --grid or --from-csv")
    wanted = _from_csv(rows) if rows else _combined(grid)
    sets = _checked(wanted, settings or {}, parameters, collection, entry.notebook)
    site = Site(out or collection.home / "exploration" / f"sweep-{entry.notebook}", collection)
    title = f"Sweep of {entry.title}"
    shared = {"title": title, "shown": (entry,), "home": "../index.html"}
    tasks = [Task(collection, entry, v, place=f"{set_name(v)}/", **shared) for v in sets]
    varied = dict.fromkeys(name for _, texts in wanted for name in texts)
    defaults = {p.name: p.default for p in parameters}
    texts = {}
    for task in tasks:
        values = {**defaults, **task.values}
        texts[task.page] = {name: schema.format_value(values[name]) for name in varied}
    compose = functools.partial(_compose, tasks, texts, show)
    print(f"{len(tasks)} sets of {entry.notebook}, to {site.folder}", file=sys.stderr)
    beside = Beside(title, compose, [texts, show])
    return carry_out("sweep", collection, tasks, site, beside, options or Options(), shard=shard)


def set_name(values: dict, /) -> str:
    """Return the name of a set's folder: its values in plain letters, and their digest."""
    text = "-".join(f"{name}-{schema.format_value(value)}" for name, value in values.items())
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:_SLUG].rstrip("-")
    return f"{slug or 'defaults'}-{digests.digest(values)[:8]}"


def _combined(grid):
    """Return (where it stands, settings) of every combination of a grid."""
    names = [name for name, _ in grid]
    for name, texts in grid:
        if names.count(name) > 1:
            raise UsageError(f"--grid gives {name!r} twice")
        if not all(text.strip() for text in texts):
            raise UsageError(f"--grid {name}= has an empty value")
    _limit(math.prod(len(texts) for _, texts in grid))
    products = itertools.product(*(texts for _, texts in grid))
    return [("", {n: [t] for n, t in zip(names, texts, strict=True)}) for texts in products]


def _from_csv(path):
    """Return (where it stands, settings) of every row of a CSV file; an empty cell is a default."""
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file)
            header = table.fieldnames or ()
            rows = [(table.line_num, row) for row in table]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} is not a CSV file that can be read: {error}") from error
    if not rows or len(set(header)) != len(header):
        raise UsageError(f"{path} needs a header of different parameters and a row for each set")
    _limit(len(rows))
    for number, row in rows:
        if None in row or None in row.values():
            raise UsageError(f"{path}, line {number}: there are {len(header)} columns, all needed")
    return [
        (f"{path}, line {number}: ", {name: [text] for name, text in row.items() if text.strip()})
        for number, row in rows
    ]


def _limit(count):
    if count > _MOST:
        raise UsageError(f"these are {count:,} sets; a sweep has at most {_MOST:,}")


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


def _compose(tasks, texts, show, built, problems, /):
    """Return what a sweep has beside the pages: the comparison as page and data, its records.

    ``texts`` has the varied values of each page. The pages of an earlier sweep's sets go; what
    they were made from is stored.
    """
    from broadsheet import pages

    first, project = tasks[0], built.collection.project
    mine = {task.page for task in tasks}
    for page in built.folder.glob(f"*/{first.entry.page}"):
        if str(page.relative_to(built.folder)) not in mine:
            shutil.rmtree(page.parent)
    points = [_point(built, task, texts[task.page], problems) for task in tasks]
    names = list(dict.fromkeys(name for point in points for name in point.quantities))
    sets = {"schema": 1, "notebook": first.entry.notebook, "sets": [asdict(p) for p in points]}
    varied = points[0].values
    common = [
        f"{name} = {schema.format_value(value)}"
        for name, value in first.values.items()
        if name not in varied
    ]
    shown = _shown(points, names, show)
    records = {task.place: built.records.get(task.page) for task in tasks}
    return {
        "index.html": pages.comparison(first, points, shown, len(names), common=common),
        "comparison.csv": _csv(points, names),
        COMPARISON: json.dumps(sets, indent=1, ensure_ascii=False) + "\n",
        **{
            f"{place}{project.records_file}": project.attempt("dump", problems, None, some)
            for place, some in records.items()
            if some is not None
        },
    }


def _point(built, task, values, problems):
    status, quantities = built.status.get(task.page, "not built"), {}
    if status == "ok":
        quantities = published((built.folder / task.page).parent)
        for record in built.records.get(task.page) or ():
            value = built.collection.project.attempt("value", problems, None, record)
            if isinstance(value, int | float):
                quantities[record["id"]] = float(value)
    return Point(task.place.rstrip("/"), task.page, values, status, quantities)


def _shown(points, names, show):
    """Return the quantities for the page: those that are asked for, and those that differ."""
    differ = [n for n in names if len({p.quantities.get(n) for p in points}) > 1]
    chosen = [n for n in names if show in (n, n.rpartition(": ")[2])]
    if show and not chosen:  # no reason to give up what was built
        told = f"no page publishes {show!r}; they do: {', '.join(names) or 'nothing'}"
        print(told, file=sys.stderr)
    return list(dict.fromkeys([*chosen, *(differ or names)]))[:_COLUMNS]


def published(folder: Path, /) -> dict[str, float]:
    """Return the quantities that a page publishes: numbers in the first rows of its tables.

    Tables of one row come first, since they say one thing.
    """
    tables = []
    for path in sorted(folder.rglob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(itertools.islice(csv.DictReader(file), 2))
        if rows:
            tables.append((len(rows) > 1, path.stem, rows[0]))
    found = {}
    for _, stem, row in sorted(tables, key=lambda table: table[:2]):
        for column, text in row.items():
            if (value := read_number(text)) is not None and math.isfinite(value):
                found[f"{stem}: {column}"] = value
    return found


def _csv(points, names):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(_cell, ["set", "page", "status", *points[0].values, *names]))
    for point in points:
        numbers = [point.quantities.get(name, "") for name in names]
        row = [point.name, point.page, point.status, *point.values.values(), *numbers]
        writer.writerow(map(_cell, row))
    return text.getvalue()


def _cell(value):
    """Return a cell of a CSV; a text that a spreadsheet would take for a formula is quoted."""
    formula = str(value).startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if formula and read_number(str(value)) is None else value
