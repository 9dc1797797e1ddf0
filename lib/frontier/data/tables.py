"""The project's own tables: one CSV each, sealed by the sidecar beside it.

``data/NAME.csv`` (or ``.csv.gz``) goes with ``data/NAME.meta.yml``: who measured it, where it
was obtained and under which terms, its sha256, and the unit and type of every column. A
table without a sidecar, or with another sha256 than its sidecar says, is not read: a number that
cannot be traced is worse than none. What a column means physically belongs in
`data.measurements`; how a table is made from downloads, in `frontier.sources`.

>>> from frontier.data import tables
>>> tables.meta("power")["columns"]["kw_per_gpu"]["unit"]
'kW'
>>> tables.read("power").columns.tolist()
['hardware', 'edition', 'kw_per_gpu']
"""

import copy
import csv
import gzip
import hashlib
import io
import math
import zlib
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path

import pandas as pd
import yaml

from broadsheet import yaml_text
from frontier.data import paths
from frontier.errors import DataError, UsageError, among

DTYPES = {
    "string": "str",  # an empty cell is the empty string, never missing
    "bool": "bool",
    "int": "int64",
    "float": "float64",  # an empty cell is NaN
    "date": "datetime64[us]",  # an empty cell is NaT
}
REQUIRED = ("title", "producer", "citation", "url", "accessed", "licence", "sha256", "columns")
REMEDY = "restore the file from version control or make it again with 'frontier data make'"
PLAIN_LIMIT = 160_000  # bytes: above it a table is compressed
_KEPT = 8_000_000  # bytes: a table up to this size is parsed once and kept


def names(*, folder: Path | None = None) -> list[str]:
    """Return the names of all tables in a folder (the data folder by default), sorted.

    >>> "power" in names()
    True
    """
    found = [*_in(folder).glob("*.csv"), *_in(folder).glob("*.csv.gz")]
    return sorted({_stem(path) for path in found})


def remember() -> None:
    """Parse every table that is kept, so that whoever reads the same bytes finds it parsed."""
    for name in names():
        if _find(name).stat().st_size <= _KEPT:
            read(name)


def has(name: str, *, folder: Path | None = None) -> bool:
    """Return whether there is a table `name`: some are made only on request."""
    try:  # opened and not looked for: a report that asked has to run again once there is one
        (_in(folder) / f"{name}.meta.yml").open().close()
    except FileNotFoundError:
        return False
    return True


def meta(name: str, *, folder: Path | None = None) -> dict:
    """Return the sidecar of table `name`; a DataError says what is missing from it.

    >>> meta("power")["columns"]["kw_per_gpu"]["unit"]
    'kW'
    """
    return copy.deepcopy(_sidecar(_in(folder) / f"{name}.meta.yml"))


def read(name: str, *, folder: Path | None = None, columns=None) -> pd.DataFrame:
    """Return table `name`, typed as its sidecar says.

    Args:
        name: the table's file name without ``.csv`` or ``.csv.gz``.
        folder: where it is; the data folder by default.
        columns: the columns to return, in the table's order; all by default.

    Raises:
        UsageError: when there is no such table.
        DataError: when its sidecar is missing, or states another sha256 than the file has: then
            with the row (counted from 1 below the header) and column of the first value that
            cannot be right, if there is one.

    >>> read("power").columns.tolist()
    ['hardware', 'edition', 'kw_per_gpu']
    """
    path = _find(name, folder)
    sidecar = _sidecar(_in(folder) / f"{name}.meta.yml")
    raw = path.read_bytes()
    dtypes = _dtypes(sidecar)
    if hashlib.sha256(raw).hexdigest() != sidecar["sha256"]:
        _locate(path, raw, dtypes)
        raise DataError(path, "its sha256 is not the one in its sidecar", remedy=REMEDY)
    if len(raw) > _KEPT:
        return _parse(path, raw, dtypes, columns)
    wanted = None if columns is None else frozenset(columns)
    return _parsed(_File(path, raw, path.suffix), tuple(dtypes.items()), wanted).copy(deep=False)


def digests() -> list[tuple[str, str, str]]:
    """Return (file, sha256, title) of every table, as the sidecars say (see `verify`)."""
    return [(_find(name).name, meta(name)["sha256"], meta(name)["title"]) for name in names()]


def verify(*, folder: Path | None = None) -> None:
    """Read every table and every sidecar; raise DataError at the first damage, or with no table."""
    there = names(folder=folder)
    for sidecar in sorted(_in(folder).glob("*.meta.yml")):
        if _stem(sidecar) not in there:
            raise DataError(sidecar, "its table is missing", remedy=REMEDY)
    if not there:
        raise DataError(_in(folder), "has no tables", remedy="is FRONTIER_HOME the project?")
    for name in there:
        frame, rows = read(name, folder=folder), meta(name, folder=folder).get("rows")
        if rows is not None and rows != len(frame):
            raise DataError(_find(name, folder), f"has {len(frame)} rows, its sidecar says {rows}")


def write(name: str, frame: pd.DataFrame, meta: dict, folder: Path | None = None) -> Path:
    """Write a table and its sidecar to `folder` (the data folder by default).

    The columns are those of ``meta["columns"]``, in that order; ``sha256`` and ``rows`` are
    filled in. Equal frames give equal bytes. Returns the path of the table.
    """
    folder, columns = _in(folder), meta["columns"]
    if absent := [column for column in columns if column not in frame]:
        raise DataError(f"{name}.csv", "the column is missing", column=absent[0])
    typed = frame[list(columns)].astype({c: DTYPES[s["dtype"]] for c, s in columns.items()})
    raw = typed.to_csv(index=False, lineterminator="\n", date_format="%Y-%m-%d").encode()
    for old in folder.glob(f"{name}.csv*"):
        old.unlink()
    path = folder / f"{name}.csv"
    if len(raw) > PLAIN_LIMIT:
        path, raw = folder / f"{name}.csv.gz", gzip.compress(raw, 9, mtime=0)
    path.write_bytes(raw)
    filled = {k: v for k, v in meta.items() if k not in ("sha256", "rows", "columns")}
    filled |= {"sha256": hashlib.sha256(raw).hexdigest(), "rows": len(frame), "columns": columns}
    text = yaml.safe_dump(filled, sort_keys=False, width=96, allow_unicode=True)
    (folder / f"{name}.meta.yml").write_text(text, encoding="utf-8")
    return path


def seal(name: str) -> None:
    """Seal table `name` as it is now, after an edit by hand of a table kept by hand."""
    path, sidecar = _find(name), meta(name)
    frame = _parse(path, path.read_bytes(), _dtypes(sidecar))
    write(name, frame, sidecar)


def _in(folder: Path | None) -> Path:
    return paths.data() if folder is None else Path(folder)


def _stem(path: Path) -> str:
    return path.name.split(".")[0]


def _find(name: str, folder: Path | None = None) -> Path:
    place = _in(folder)
    for suffix in (".csv", ".csv.gz"):
        if (path := place / f"{name}{suffix}").is_file():
            return path
    if (sidecar := place / f"{name}.meta.yml").is_file():
        raise DataError(sidecar, "its table is missing", remedy=REMEDY)
    raise UsageError(f"no table '{name}' in {place}: {among(name, names(folder=folder))}")


def _sidecar(beside: Path) -> dict:
    if not beside.is_file():
        raise DataError(beside, "is missing, so its table is not read", remedy=REMEDY)
    return _checked(beside, beside.read_bytes())


@lru_cache(maxsize=64)
def _checked(beside: Path, raw: bytes) -> dict:
    """Return a sidecar's bytes parsed, which nobody may change; DataError where it is not sound."""
    try:
        sidecar = yaml_text.load(raw.decode("utf-8"))
    except ValueError as error:
        raise DataError(beside, f"is not YAML: {error}", remedy=REMEDY) from None
    absent = [key for key in REQUIRED if key not in (sidecar or {})]
    if absent:
        raise DataError(beside, f"lacks the entry '{absent[0]}'", remedy=REMEDY)
    for column, about in sidecar["columns"].items():
        if not isinstance(about, dict) or about.get("dtype") not in DTYPES:
            problem = f"has no dtype out of {', '.join(DTYPES)}"
            raise DataError(beside, problem, column=column, remedy=REMEDY)
    return sidecar


def _dtypes(sidecar) -> dict[str, str]:
    return {column: about["dtype"] for column, about in sidecar["columns"].items()}


@dataclass(frozen=True)
class _File:
    """A file as it was read; files of one kind and equal bytes are equal wherever they lie."""

    path: Path = field(compare=False)
    raw: bytes
    suffix: str


@lru_cache(maxsize=64)
def _parsed(file, dtypes, wanted):
    """Return `_parse` of bytes that were parsed before; whoever is given it takes a copy."""
    return _parse(file.path, file.raw, dict(dtypes), wanted)


def _parse(path: Path, raw: bytes, columns: dict, wanted=None) -> pd.DataFrame:
    """Return the frame of a table's bytes; `columns` has the dtype of every column of the file."""
    if unknown := [name for name in wanted or () if name not in columns]:
        raise UsageError(f"no column '{unknown[0]}' in {path.name}: there are {', '.join(columns)}")
    kept = columns if wanted is None else set(wanted)
    dtypes = {name: dtype for name, dtype in columns.items() if name in kept}
    dates = [name for name, dtype in dtypes.items() if dtype == "date"]
    packed = path.suffix == ".gz"
    try:
        with gzip.open(io.BytesIO(raw)) if packed else io.BytesIO(raw) as file:
            header = file.readline().decode().rstrip("\n").split(",")
        if header != list(columns):
            _locate(path, raw, columns)
        # Read as a stream: as text in memory, a million rows would take 1.5 GB.
        frame = pd.read_csv(
            io.BytesIO(raw),
            compression="gzip" if packed else None,
            usecols=list(dtypes),
            dtype={n: DTYPES[d] for n, d in dtypes.items() if d != "date"},
            keep_default_na=False,
            na_values={n: [""] for n, d in dtypes.items() if d in ("float", "date")},
            parse_dates=dates,
            date_format="%Y-%m-%d",
        )
        # A column of empty dates, and a frame without rows, come back untyped.
        return frame.astype(dict.fromkeys(dates, DTYPES["date"]))
    except (ValueError, OSError, EOFError, zlib.error) as error:
        _locate(path, raw, columns)
        raise DataError(path, str(error).splitlines()[0], remedy=REMEDY) from None


def _text(path: Path, raw: bytes) -> str:
    try:
        return (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()
    except EOFError:
        problem = "is cut short: the gzip stream does not end"
    except (OSError, zlib.error):
        problem = "is not a gzip file, or a damaged one"
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 text at byte {error.start}"
    raise DataError(path, problem, remedy=REMEDY)


def _locate(path: Path, raw: bytes, dtypes: dict) -> None:
    """Raise DataError at the first header, row or value that the sidecar does not allow."""
    rows = csv.reader(io.StringIO(_text(path, raw)))
    header = next(rows, [])
    if header != list(dtypes):
        unequal = [c for c in dtypes if c not in header] or [c for c in header if c not in dtypes]
        problem = "the header is not the list of columns in the sidecar"
        raise DataError(path, problem, column=unequal[0] if unequal else None, remedy=REMEDY)
    for number, row in enumerate(rows, start=1):
        if len(row) != len(header):
            problem = f"has {len(row)} values, expected {len(header)}"
            raise DataError(path, problem, row=number, remedy=REMEDY)
        for column, value in zip(header, row, strict=True):
            dtype = dtypes[column]
            if not _fits(value, dtype):
                problem = f"expected {dtype}, found {value[:40]!r}"
                raise DataError(path, problem, row=number, column=column, remedy=REMEDY)


def _fits(value: str, dtype: str) -> bool:
    if dtype == "string" or (value == "" and dtype in ("float", "date")):
        return True
    if dtype == "bool":
        return value in ("True", "False")
    try:
        if dtype == "date":
            date.fromisoformat(value)
            return len(value) == len("2026-01-01")
        return math.isfinite(int(value) if dtype == "int" else float(value))
    except ValueError:
        return False
