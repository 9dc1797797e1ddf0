"""Dumps of the InferenceX database, read to the rows that its API would give.

A dump is PostgreSQL's custom format, as it is or packed by zstd and cut into parts, or the older
zip of one CSV (or JSON) file a table. ``pg_restore`` turns the first into text, here and without
a server; of its tables three are read. What is in them is data: nothing of a dump is executed.
"""

import contextlib
import csv
import io
import json
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from frontier.errors import DataError, UsageError

CUSTOM, ZSTD, ZIP = b"PGDMP", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"
NEEDED = ("configs", "workflow_runs", "benchmark_results")
_ALSO = {"benchmark_results": ("benchmark_results_raw",)}
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_CONFIG = (
    *("hardware", "framework", "model", "precision", "spec_method", "disagg", "is_multinode"),
    *("prefill_tp", "prefill_ep", "prefill_dp_attention", "prefill_num_workers", "decode_tp"),
    *("decode_ep", "decode_dp_attention", "decode_num_workers", "num_prefill_gpu"),
    "num_decode_gpu",
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
    except (KeyError, TypeError, ValueError) as error:
        problem = f"has tables of another form: {error!r}"
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
        try:
            metrics = json.loads(row.get("metrics") or "{}")
        except ValueError:
            raise DataError(file, "is not JSON", row=number, column="metrics") from None
        yield (
            {name: config.get(name) for name in _CONFIG}
            | {name: row.get(name) for name in _RESULT}
            | {"metrics": metrics, "run_url": row.get("run_url") or _address(run)}
        )


def _address(run: dict) -> str | None:
    address = run.get("html_url")
    return f"{address}/attempts/{run.get('run_attempt')}" if address else None


# --- PostgreSQL's custom format -----------------------------------------------------------


def _restored(parts, packed) -> dict[str, Table]:
    restore = _program("pg_restore", "postgresql-client")
    wanted = [option for name in NEEDED for option in ("--table", name)]
    command = [restore, "--data-only", "--no-owner", "--no-privileges", *wanted, "-f", "-"]
    with contextlib.ExitStack() as stack:
        said = stack.enter_context(tempfile.TemporaryFile())
        feed = None
        if packed:
            command_ = [_program("zstd", "zstd"), "-d", "-q", "-c", "--long=27"]
            feed = subprocess.Popen(
                command_, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said
            )
            source = feed.stdout
        else:
            source = stack.enter_context(parts[0].open("rb"))
        text = subprocess.Popen(command, stdin=source, stdout=subprocess.PIPE, stderr=said)
        if feed is not None:
            feed.stdout.close()
            stack.enter_context(_pouring(parts, feed))
        try:
            with io.TextIOWrapper(text.stdout, encoding="utf-8") as lines:
                tables = dict(_copied(lines))
        except ValueError as error:
            text.kill()
            raise DataError(parts[0], f"is damaged: {error}", remedy="get it again") from None
        finally:
            code = text.wait()
            code = (feed.wait() if feed is not None else 0) or code
        said.seek(0)
        problem = said.read().decode(errors="replace").strip()
    if code:
        raise DataError(parts[0], _told(problem, code), remedy="get it again")
    return tables


@contextlib.contextmanager
def _pouring(parts, feed):
    """Feed the parts to a program while its output is read."""
    import threading

    def pour():
        with contextlib.suppress(BrokenPipeError), feed.stdin:
            for part in parts:
                with part.open("rb") as file:
                    shutil.copyfileobj(file, feed.stdin, 1 << 20)

    thread = threading.Thread(target=pour, daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _told(problem: str, code: int) -> str:
    if "unsupported version" in problem:
        return f"is from a newer PostgreSQL than pg_restore here ({problem.splitlines()[-1]})"
    last = problem.splitlines()[-1] if problem else f"the program ended with {code}"
    return f"cannot be restored: {last[:200]}"


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
    if "\\" not in value:
        return value
    out, pieces = [], iter(value)
    for piece in pieces:
        if piece == "\\":
            after = next(pieces, "\\")
            out.append(_ESCAPES.get(after, after))
        else:
            out.append(piece)
    return "".join(out)


def _program(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise UsageError(f"{name} is not installed; it reads dumps (Debian's package {package})")
    return found


# --- the older zip ------------------------------------------------------------------------


def _unzipped(path: Path) -> dict[str, Table]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = {Path(name).name: name for name in archive.namelist()}
            tables = {}
            for table in NEEDED:
                for stem in (table, *_ALSO.get(table, ())):
                    if f"{stem}.csv" in members:
                        tables[table] = _csv(archive, members[f"{stem}.csv"])
                    elif f"{stem}.json" in members:
                        tables[table] = _json(archive, members[f"{stem}.json"])
            return tables
    except (zipfile.BadZipFile, EOFError, UnicodeDecodeError, csv.Error, ValueError) as error:
        raise DataError(path, f"is damaged: {error}", remedy="get it again") from None


def _csv(archive, member) -> Table:
    csv.field_size_limit(1 << 27)
    with archive.open(member) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        return [{k: v or None for k, v in row.items()} for row in csv.DictReader(text)]


def _json(archive, member) -> Table:
    """Return a table of a JSON file, its values as the text that the other forms have."""
    with archive.open(member) as file:
        rows = json.load(file)
    return [{k: _text(v) for k, v in row.items()} for row in rows]


def _text(value) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value)
