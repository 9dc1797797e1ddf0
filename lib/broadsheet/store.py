"""The store: what runs leave in a folder ``.NAME`` at the project's root, beside the sites.

    results/KEY/READS/   an executed notebook, and the digests of the files it read
    inputs/DIGEST.json   mappings of names to digests that many reports share
    sites/NAME.json      what a site was made from, and the digests of its files
    runs/STAMP-PID.json  the record of each run: what was asked, done and why, what came of it

Results are named by what they were made from, so a result that is there is the right one,
whoever made it; stores of several machines can be copied into each other. All of it may be
removed: the next build then runs everything. Files appear whole or not at all. What was damaged,
or is not of its schema, counts as absent.

Every function takes the folder of the store first.
"""

import contextlib
import datetime
import functools
import gzip
import json
import os
import shutil
import socket
import sys
import tempfile
import time
from pathlib import Path

from broadsheet import digests

_KEPT_DAYS = 30
_SEAL = "seal"
_RUNNING = ".running.jsonl"
_SCHEMAS = Path(__file__).parent / "schema"


def write(path: Path, content: bytes | str, /) -> None:
    """Write a file in one step, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = content.encode() if isinstance(content, str) else content
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123
            file.write(content)
        os.replace(name, path)  # noqa: PTH105
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def can_write(folder: Path, /) -> bool:
    """Return whether files can be written to a folder, or it made, without doing either."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return there.is_dir() and os.access(there, os.W_OK)


def sealed(values: dict, /) -> str:
    """Return the text of a file of the store: JSON with the digest of what it says."""
    return json.dumps({**values, _SEAL: digests.digest(values)}, indent=1) + "\n"


def read(path: Path, schema: str, /) -> dict | None:
    """Return what a file of the store says, None if it is absent or damaged.

    A file that is as `sealed` wrote it is taken as it is; any other is checked by its schema.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(values, dict):
            return None
        if values.pop(_SEAL, None) == digests.digest(values):
            return values
    except (OSError, ValueError, RecursionError):
        return None
    return None if problem(schema, values) else values


def keep_mapping(folder: Path, mapping: dict, /) -> str:
    """Keep a mapping under its digest, and return that; it only serves to explain."""
    name = digests.digest(mapping)
    path = folder / "inputs" / f"{name}.json"
    if not path.is_file():
        with contextlib.suppress(OSError):
            write(path, sealed(mapping))
    return name


def mapping(folder: Path, name: str, /) -> dict:
    """Return the mapping of a digest, empty if it is not kept."""
    return read(folder / "inputs" / f"{name}.json", "mapping") or {}


def keep_result(folder: Path, key: str, reads: dict, executed: bytes, /, *, seconds: float) -> None:
    """Keep an executed notebook (``pack``) under its key and the digests of what it read."""
    place = folder / "results" / key / digests.digest(reads)
    place.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=place.parent, prefix="."))
    try:
        (made / "executed.json.gz").write_bytes(executed)
        about = sealed({"reads": reads, "seconds": seconds})
        (made / "about.json").write_text(about, encoding="utf-8")
        shutil.rmtree(place, ignore_errors=True)
        made.rename(place)
    except BaseException as error:
        shutil.rmtree(made, ignore_errors=True)
        # Another run may have kept the same meanwhile.
        if not (isinstance(error, OSError) and (place / "about.json").is_file()):
            raise


def find_result(folder: Path, key: str, now, /) -> tuple[Path, dict] | None:
    """Return (its file, what is known of it) of a result whose files read are as ``now`` says.

    ``now(name)`` gives the present digest of a file by its name relative to the root.
    """
    for place in (folder / "results" / key).glob("[!.]*"):
        about = read(place / "about.json", "result")
        executed = place / "executed.json.gz"
        same = about and all(now(name) == was for name, was in about["reads"].items())
        if same and executed.is_file():
            os.utime(place.parent)
            return executed, about
    return None


def pack(notebook: dict, /) -> bytes:
    """Return a notebook as the bytes that are kept of it."""
    return gzip.compress(json.dumps(notebook).encode(), 1, mtime=0)


def unpack(executed: bytes, /) -> dict:
    """Return the notebook whose bytes these are."""
    return json.loads(gzip.decompress(executed))


def prune(folder: Path, /) -> None:
    """Remove the results that no build has used for a month, and what is known of sites gone."""
    oldest = time.time() - _KEPT_DAYS * 86400
    with contextlib.suppress(OSError):  # another build may do the same at this moment
        for place in (folder / "results").glob("*"):
            if place.stat().st_mtime < oldest:
                shutil.rmtree(place)
        for path in (folder / "sites").glob("*.json"):
            gone = not Path((read(path, "site") or {}).get("out", "")).is_dir()
            if gone and path.stat().st_mtime < oldest:
                path.unlink()
                path.with_suffix(".lock").unlink(missing_ok=True)


# ----------------------------------------------------------------- shapes, by JSON Schema


def problem(name: str, value: object, /) -> str:
    """Return in one line what of a value is not of the schema of this name, empty if all is."""
    error = next(iter(sorted(_validator(name).iter_errors(value), key=str)), None)
    if error is None:
        return ""
    place = ".".join(map(str, error.absolute_path))
    return " ".join(f"{place + ': ' if place else ''}{error.message[:200]}".split())


@functools.cache
def _validator(name):
    prepare()
    from jsonschema import Draft202012Validator

    return Draft202012Validator(json.loads((_SCHEMAS / f"{name}.json").read_text(encoding="utf-8")))


def prepare() -> None:
    """Import jsonschema, as nbformat does, without a parser of addresses that nothing here needs.

    jsonschema takes that parser where it is installed, as it is with JupyterLab. It makes its
    grammar when it is imported, which takes longer than all other imports of a worker together.
    """
    parser = "rfc3987_syntax"
    if "jsonschema" in sys.modules or parser in sys.modules:
        return
    sys.modules[parser] = None
    try:
        import jsonschema  # noqa: F401
    finally:
        del sys.modules[parser]


# ----------------------------------------------------------------- records of runs


class Record:
    """The record of one run, kept on disk as it grows; the status page is drawn from it.

    While it runs it is lines, one for the run and one for each report as it ends, so that a run
    that is killed leaves what it had done; the next command that looks says so in it.
    """

    def __init__(self, folder, kind, out, **about):
        self._started = time.time()
        # Names sort as the runs did.
        moment = datetime.datetime.fromtimestamp(self._started, datetime.UTC)
        name = f"{moment:%Y%m%dT%H%M%S.%f}-{os.getpid()}"
        self._path = folder / "runs" / f"{name}{_RUNNING}"
        self.values = {
            "schema": 3,
            "kind": kind,
            "status": "running",
            "process": os.getpid(),
            "host": socket.gethostname(),
            "started": _stamp(self._started),
            "out": str(out),
            **about,
            "reports": [],
            "changes": [],
            "problems": [],
        }

    def begin(self) -> None:
        """Write what is known at the start; a disk that is full does not end a run for it."""
        with contextlib.suppress(OSError):
            write(self._path, json.dumps(self.values) + "\n")

    def add(self, **report) -> None:
        """Add what became of one report."""
        self.values["reports"].append(report)
        with contextlib.suppress(OSError), self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(report) + "\n")

    def so_far(self, changes) -> dict:
        """Return the record as the status page shows it, with what changed in the records."""
        return {**self.values, **self._time(), "changes": changes}

    def _time(self):
        now = time.time()
        return {"finished": _stamp(now), "duration": round(now - self._started, 3)}

    def finish(self, status: str, failure: str | None = None) -> None:
        """Close the record: ``finished``, ``failed`` or ``interrupted``, and by what."""
        self.values |= {"status": status, "failure": failure, **self._time()}
        with contextlib.suppress(OSError):
            _close_record(self._path, self.values)


def mend(folder, /) -> list[dict]:
    """Say in the records of runs whose process is gone that they were killed; return those."""
    killed = []
    for path in sorted((folder / "runs").glob(f"*{_RUNNING}")):
        values = _read_record(path)
        here = values.get("host") == socket.gethostname()
        if not values or (here and not is_alive(values["process"])):
            values |= {"status": "killed", "failure": "the process ended without a word"}
            with contextlib.suppress(OSError):
                _close_record(path, values)
            killed.append(values)
    return killed


def _close_record(path, values):
    write(path.with_name(path.name.removesuffix(_RUNNING) + ".json"), sealed(values))
    path.unlink(missing_ok=True)


def _read_record(path):
    """Return what a run has written so far, empty if it is damaged; its last line may be torn."""
    found = []
    with contextlib.suppress(OSError, ValueError, RecursionError):
        for line in path.read_text(encoding="utf-8").splitlines():
            found.append(json.loads(line))
    if not found or not isinstance(found[0], dict):
        return {}
    values = {**found[0], "reports": found[1:]}
    return {} if problem("run", values) else values


def _stamp(seconds):
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.isoformat(timespec="seconds")


def is_alive(pid: int, /) -> bool:
    """Return whether a process of this number runs."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
