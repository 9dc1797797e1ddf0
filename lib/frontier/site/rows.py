"""Rows: which measured rows stand behind a report, read from the tables it publishes.

A table of a report with a column ``row_id`` names rows of the data; what those rows say, and
where they were found, is in `site.citations`; how they are shown, in `site.pages`.
"""

import csv
import io
from collections.abc import Mapping
from pathlib import PurePosixPath

COLUMN = "row_id"
COLUMNS = (COLUMN, "rows_above", "rows_below")  # of a ratio, the rows of its two sides


def shown(used: Mapping[str, list[str]], /, *, most: int) -> tuple[list[str], int]:
    """Return the rows that a page lists, at most so many, and how many more there are.

    The files that name the fewest rows come first: they are what a reader asks about, while a
    history of every run names rows by the ten thousand.
    """
    ids = dict.fromkeys(row for some in sorted(used.values(), key=len) for row in some)
    return list(ids)[:most], max(0, len(ids) - most)


def used(files: Mapping[str, str], /) -> dict[str, list[str]]:
    """Return the ids of the rows that each file of a report names, without repeats.

    ``files`` maps names to texts; a file without such a column, or of another kind, names none.
    """
    found = {
        name: list(dict.fromkeys(row[key] for row in table for key in COLUMNS if row.get(key)))
        for name, table in _tables(files)
    }
    return {name: ids for name, ids in found.items() if ids}


def on_front(files: Mapping[str, str], /) -> set[str]:
    """Return the ids of the rows that a file of a report says are on a frontier."""
    return {
        row[COLUMN]
        for _, table in _tables(files)
        for row in table
        if row.get("on_front") == "True" and row.get(COLUMN)
    }


def _tables(files):
    for name, text in files.items():
        table = csv.DictReader(io.StringIO(text))
        if PurePosixPath(name).suffix == ".csv" and {*COLUMNS} & {*(table.fieldnames or ())}:
            yield name, table
