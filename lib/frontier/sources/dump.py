"""Dumps of the InferenceX database, read to the rows that its API would give.

A dump is PostgreSQL's custom format, as it is or packed by zstd and cut into parts, or the older
zip of one CSV (or JSON) file a table. ``pg_restore`` turns the first into text, here and without
a server; of its tables three are read. What is in them is data: nothing of a dump is executed,
and no more is unpacked than the bounds below allow.
"""

import contextlib
import csv
import io
import json
import lzma
import re
import shutil
import subprocess
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from frontier.errors import DataError, UsageError
from frontier.sources import reading

MOST_BYTES = 2**30  # of the tables that are read, as text
MOST_LINE = 64 * 2**20  # of one row
MOST_MEMBERS = 1000  # of a zip
MOST_SECONDS = 1800  # for pg_restore
CUSTOM, ZSTD, ZIP = b"PGDMP", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"
NEEDED = ("configs", "workflow_runs", "benchmark_results")
_ALSO = {"benchmark_results": ("benchmark_results_raw",)}
_ESCAPED = re.compile(r"\\(.?)", re.DOTALL)
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_CONFIG = (
    *("hardware", "framework", "model", "precision", "spec_method", "disagg", "is_multinode"),
    *("prefill_tp", "prefill_ep", "prefill_dp_attention", "prefill_num_workers", "decode_tp"),
    *("decode_ep", "decode_dp_attention", "decode_num_workers", "num_prefill_gpu"),
    *("num_decode_gpu", "prefill_pp", "decode_pp"),
)
_RESULT = ("isl", "osl", "conc", "image", "date", "benchmark_type")

Table = list[dict[str, str | None]]


def is_dump(path: Path, /) -> bool:
    """Return whether a file is a dump or the first part of one, by its first bytes."""
    try:
        with path.open("rb") as file:
            start = file.read(5)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    return start == CUSTOM or start[:4] in (ZSTD, ZIP)


def read(files: Iterable[Path], /) -> list[dict]:
    """Return the rows of a dump as the API gives them, without failed and superseded runs.

    Args:
        files: one file, or all parts of one packed dump, in any order.

    Raises:
        UsageError: when a program that is needed is not installed.
        DataError: when the dump is damaged, newer than ``pg_restore``, or lacks a table.
    """
    parts = sorted(Path(file) for file in files)
    with parts[0].open("rb") as file:
        start = file.read(5)
    packed = start[:4] == ZSTD
    tables = _unzipped(parts[0]) if start[:4] == ZIP else _restored(parts, packed)
    for name in NEEDED:
        if name not in tables and name != "workflow_runs":
            raise DataError(parts[0], f"has no table {name}", remedy="is it an InferenceX dump?")
    try:
        return list(_rows(tables, parts[0]))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        problem = f"has tables of another form: {reading.shown(error)}"
        raise DataError(parts[0], problem, remedy="the database has changed") from None


def _rows(tables: dict[str, Table], file: Path) -> Iterator[dict]:
    """Join the tables; the rows carry the keys of the API."""
    configs = {row["id"]: row for row in tables["configs"]}
    runs = {row["id"]: row for row in tables.get("workflow_runs", ())}
    last: dict = {}
    for row in runs.values():
        run, attempt = row.get("github_run_id"), int(row.get("run_attempt") or 0)
        last[run] = max(attempt, last.get(run, 0))
    for number, row in enumerate(tables["benchmark_results"], start=1):
        if row.get("error"):
            continue
        run = runs.get(row.get("workflow_run_id"), {})
        if run and int(run.get("run_attempt") or 0) < last[run.get("github_run_id")]:
            continue
        config = configs.get(row.get("config_id"))
        if config is None:
            problem = f"{row.get('config_id')} is no row of configs"
            raise DataError(file, problem, row=number, column="config_id", remedy="get it again")
        place, address = f"{file}, row {number}, column metrics", run.get("html_url")
        address = f"{address}/attempts/{run.get('run_attempt')}" if address else None
        yield (
            {name: config.get(name) for name in _CONFIG}
            | {name: row.get(name) for name in _RESULT}
            | {"metrics": reading.document(row.get("metrics") or "{}", file=place)}
            | {"run_url": row.get("run_url") or address}
        )


# --- PostgreSQL's custom format -----------------------------------------------------------


def _restored(parts, packed) -> dict[str, Table]:
    wanted = [option for name in NEEDED for option in ("--table", name)]
    restore = [_program("pg_restore", "postgresql-client"), "--data-only", "--no-owner"]
    commands = [[*restore, "--no-privileges", *wanted, "-f", "-"]]
    if packed:
        unpack = [_program("zstd", "zstd"), "-d", "-q", "-c", "--long=27"]
        commands = [["cat", "-", *(str(part.absolute()) for part in parts[1:])], unpack, *commands]
    with contextlib.ExitStack() as stack:
        said = stack.enter_context(tempfile.TemporaryFile())
        source, programs = stack.enter_context(parts[0].open("rb")), []
        for command in commands:
            program = subprocess.Popen(command, stdin=source, stdout=subprocess.PIPE, stderr=said)
            source.close()  # here: so that a program ends when the next one has
            source = program.stdout
            programs.append(program)
        timer = threading.Timer(MOST_SECONDS, program.kill)
        timer.daemon = True
        timer.start()
        try:
            with io.TextIOWrapper(source, encoding="utf-8", newline="\n") as lines:
                tables = dict(_copied(_bounded(lines)))
        except ValueError as error:
            program.kill()
            raise DataError(parts[0], f"is damaged: {error}", remedy="get it again") from None
        finally:
            timer.cancel()
            codes = [one.wait() for one in programs]
        said.seek(0)
        problem = said.read().decode(errors="replace").strip()
    if code := next(filter(None, codes[-2:]), 0):
        raise DataError(parts[0], _told(problem, code), remedy="get it again")
    return tables


def _told(problem: str, code: int) -> str:
    if "unsupported version" in problem:
        return f"is from a newer PostgreSQL than pg_restore here ({problem.splitlines()[-1]})"
    last = problem.splitlines()[-1] if problem else f"the program ended with {code}"
    return f"cannot be restored: {last[:200]}"


def _bounded(lines) -> Iterator[str]:
    """Yield the lines of a text; ValueError once it, or one of them, is too long."""
    left = MOST_BYTES
    while line := lines.readline(MOST_LINE):
        left -= len(line)
        if left < 0 or len(line) == MOST_LINE:
            what, most = ("tables are", MOST_BYTES) if left < 0 else ("row is", MOST_LINE)
            raise ValueError(f"its {what} over {most:,} characters")
        yield line


def _copied(lines: Iterable[str]) -> Iterator[tuple[str, Table]]:
    """Yield each table of a script of COPY statements, the form that pg_restore writes."""
    columns: list[str] = []
    name, rows = None, []
    for line in lines:
        line = line.rstrip("\n")
        if name is None:
            if line.startswith("COPY ") and line.endswith("FROM stdin;"):
                target, _, listed = line.removeprefix("COPY ").partition(" (")
                name = target.rpartition(".")[2].strip('"')
                columns = [c.strip().strip('"') for c in listed.partition(")")[0].split(",")]
                rows = []
        elif line == "\\.":
            yield name, rows
            name = None
        else:
            values = [_unescaped(value) for value in line.split("\t")]
            if len(values) != len(columns):
                raise ValueError(f"row {len(rows) + 1} of {name} has {len(values)} values")
            rows.append(dict(zip(columns, values, strict=True)))
    if name is not None:
        raise ValueError(f"table {name} does not end")


def _unescaped(value: str) -> str | None:
    if value == "\\N":
        return None
    return _ESCAPED.sub(lambda match: _ESCAPES.get(match[1], match[1] or "\\"), value)


def _program(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise UsageError(f"{name} is not installed; it reads dumps (Debian's package {package})")
    return found


# --- the older zip ------------------------------------------------------------------------


def _unzipped(path: Path) -> dict[str, Table]:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_MEMBERS:
                raise DataError(path, f"has {len(entries):,} files, at most {MOST_MEMBERS:,}")
            wanted = {}
            for entry in entries:
                table, _, kind = Path(entry.filename).name.partition(".")
                table = next((t for t, also in _ALSO.items() if table in also), table)
                if table in NEEDED and kind in ("csv", "json"):
                    if table in wanted:
                        raise DataError(path, f"has two files of table {table}")
                    if entry.flag_bits & 1:
                        raise DataError(path, f"is encrypted ({entry.filename})")
                    wanted[table] = entry
            size = sum(entry.file_size for entry in wanted.values())
            if size > MOST_BYTES:  # an entry never gives more than it says here
                raise DataError(path, f"unpacks to {size:,} bytes, at most {MOST_BYTES:,}")
            return {table: _table(archive, entry, path) for table, entry in wanted.items()}
    except (
        *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, csv.Error),
        *(EOFError, OSError, RuntimeError, ValueError),  # encrypted, or packed in another way
    ) as error:
        problem = f"cannot be unpacked: {str(error) or type(error).__name__}"
        raise DataError(path, problem, remedy="get it again") from None


def _table(archive, entry, path) -> Table:
    """Return the rows of a CSV or JSON file, their values as the text that COPY has."""
    with archive.open(entry) as file:
        if entry.filename.endswith(".json"):
            place = f"{path}, {entry.filename}"
            rows = reading.document(reading.decoded(file.read(), file=place), file=place)
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise DataError(place, "expected a list of rows")
            return [{k: _text(v) for k, v in row.items()} for row in rows]
        csv.field_size_limit(MOST_LINE)
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        rows = []
        for row in csv.DictReader(text):
            if None in row or None in row.values():
                raise ValueError(f"row {len(rows) + 1} of {entry.filename} is not as the header")
            rows.append({name: value or None for name, value in row.items()})
        return rows


def _text(value) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value)
