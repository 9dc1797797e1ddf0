"""The difference of two sites: which records and which numbers moved, by how much, and why.

What is compared are the files that a site publishes: its records, by the project, and its CSVs;
rows of a table are told apart by their texts. Why it moved comes from the records of the runs
that made the pages, found by the pages' digests wherever a copy of the site lies.
"""

import csv
import itertools
import math
from dataclasses import dataclass
from pathlib import Path

from broadsheet import digests, store
from broadsheet.collection import Collection
from broadsheet.errors import BroadsheetError, UsageError
from broadsheet.plan import causes
from broadsheet.site import COMPARISON
from broadsheet.words import counted, number

_TOLD = 5  # numbers of a file in the text of a difference


@dataclass(frozen=True)
class Move:
    """A value that is another one; ``change`` is relative to the old one, None if it has none.

    ``beyond`` says whether what was found is outside the old interval, None if there was none.
    """

    what: str
    before: str
    after: str
    change: float | None = None
    beyond: bool | None = None

    @property
    def text(self) -> str:
        """The move as a line of text."""
        by = f" ({self.change:+.3g} %)" if self.change is not None else ""
        return f"{self.what}: {self.before} → {self.after}{by}"


@dataclass(frozen=True)
class Table:
    """How one file of data differs: in so many of its numbers, and in which the most."""

    file: str
    note: str
    moves: tuple[Move, ...] = ()


@dataclass(frozen=True)
class Difference:
    """How two sites differ: moves by record, tables, and (page, kind, text) of the causes.

    ``noun`` is what a record is called.
    """

    records: dict[str, tuple[Move, ...]]
    tables: tuple[Table, ...]
    causes: tuple[tuple[str, str, str], ...]
    noun: str = "record"

    @property
    def summary(self) -> str:
        """One sentence that counts what moved."""
        if not (self.records or self.tables):
            return f"No {self.noun} and no number differs."
        records, files = counted(len(self.records), self.noun), counted(len(self.tables), "file")
        return f"{records} and {files} of data differ."


def diff(collection: Collection, old: Path, new: Path, /) -> Difference:
    """Compare two sites of a collection. Raises UsageError for a folder that is not one."""
    project = collection.project
    for folder in (old, new):
        if not any((folder / name).is_file() for name in (project.records_file, COMPARISON)):
            raise UsageError(f"{folder} is not a site: it has no {project.records_file}")
    records = project.call("compare", old, new)
    tables = tuple(_tables(old, new))
    causes = tuple(_causes(collection.store, old, new))
    return Difference(dict(records), tables, causes, project.record_name)


def text(difference: Difference, /) -> str:
    """Return the difference as text, with a few numbers of each file."""
    lines = [difference.summary]
    for record, moves in difference.records.items():
        lines += ["", record, *(f"  {one.text}" for one in moves)]
    for table in difference.tables:
        lines += ["", f"{table.file}: {table.note}"]
        lines += [f"  {one.text}" for one in table.moves[:_TOLD]]
    if difference.causes:
        lines += ["", "why"]
        lines += [f"  {page}  {kind}: {cause}" for page, kind, cause in difference.causes]
    return "\n".join(lines)


def move(what: str, was: object, now: object, /) -> Move:
    """Return the move of a value from one to another, with its relative change in per cent."""
    numbers = all(isinstance(value, int | float) for value in (was, now))
    change = 100 * (now - was) / abs(was) if numbers and was else None
    return Move(what, _shown(was), _shown(now), change)


def _shown(value):
    if isinstance(value, float) and math.isfinite(value):
        return number(value, 6)
    return "none" if value is None else str(value)


def _tables(old, new):
    names = [{str(p.relative_to(folder)) for p in folder.rglob("*.csv")} for folder in (old, new)]
    for name in sorted(names[0] | names[1]):
        if name not in names[1]:
            yield Table(name, "is gone")
        elif name not in names[0]:
            yield Table(name, "is new")
        elif (old / name).read_bytes() != (new / name).read_bytes():
            yield _table(name, _rows(old / name), _rows(new / name))


def _rows(path):
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BroadsheetError(f"{path} is not a CSV file: {error}") from error


def _table(name, old, new):
    """Compare two tables whose bytes differ, rows with equal texts with each other."""
    columns = [c for c in (old or new or [{}])[0] if c in (new or old or [{}])[0]]
    numeric = [c for c in columns if all(read_number(row[c]) is not None for row in (*old, *new))]
    texts = [c for c in columns if c not in numeric]
    before, after = (_keyed(rows, texts) for rows in (old, new))
    moves, count = [], 0
    for key in before.keys() & after.keys():
        for column in numeric:
            was, now = read_number(before[key][column]), read_number(after[key][column])
            count += 1
            if was != now and not (math.isnan(was) and math.isnan(now)):
                label = f"{column} ({', '.join(part for part in key[0] if part)})"
                label = label if key[0] else f"{column}, row {key[1] + 1}"
                moves.append(move(label, *(None if math.isnan(v) else v for v in (was, now))))
    moves.sort(key=lambda one: (-abs(one.change or math.inf), one.what))
    notes = [f"{len(moves)} of {counted(count, 'number')} moved"] if moves else []
    gone, new = before.keys() - after.keys(), after.keys() - before.keys()
    for what, rows in (("gone", gone), ("new", new)):
        notes += [f"{counted(len(rows), 'row')} {what}"] if rows else []
    return Table(name, ", ".join(notes) or "other columns or another order", tuple(moves))


def _keyed(rows, texts):
    """Return the rows by their texts and, among those of equal texts, their place."""
    places = {}
    keyed = {}
    for row in rows:
        key = tuple(row[column] or "" for column in texts)
        keyed[key, next(places.setdefault(key, itertools.count()))] = row
    return keyed


def read_number(text: str | None, /) -> float | None:
    """Return the number that a cell holds, NaN for an empty cell, None for any other text."""
    try:
        return float(text) if text else math.nan
    except ValueError:
        return None


def _causes(folder, old, new):
    """Yield (page, kind, text) of what the pages that differ were made from and was another."""
    records, mappings = _made(folder)
    for page in sorted(new.glob("**/*.html")):
        name = str(page.relative_to(new))
        before = old / name
        if not before.is_file() or "<dt>Command</dt>" not in page.read_text(encoding="utf-8"):
            continue
        one, other = (digests.path(path) for path in (before, page))
        if one == other:
            continue
        if one in records and other in records:
            found = list(causes(records[one], records[other], mappings))
            found = found or [("looks", "only what stands around the report")]
        else:
            found = [("code", "not known: no record of how both pages were made is here")]
        for kind, cause in found:
            yield name.removesuffix(".html"), kind, cause


def _made(folder):
    """Return what is recorded of every page that was ever made here, by the page's digest.

    The second mapping has what digests in it stand for.
    """
    made, mappings = {}, {}
    for path in sorted((folder / "runs").glob("*.json")):
        record = store.read(path) or {"reports": [], "mappings": {}}
        mappings |= record["mappings"]
        made |= {report["files"][report["page"]]: report for report in record["reports"]}
    return made, mappings
