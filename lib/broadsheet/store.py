"""The store: what runs leave in a folder ``.NAME`` at the project's root, beside the sites.

    results/KEY/READS    what an executed notebook read, and that notebook
    sites/NAME.json      what a site was made from, and the digests of its files
    runs/STAMP-PID.json  the record of each run: what was asked, done and why, what came of it

Results are named by what they were made from, so a result that is there is the right one,
whoever made it; stores of several machines can be copied into each other. All of it may be
removed: the next build then runs everything. Files appear whole or not at all, and each has the
digest of what it says: what is damaged, or of another version of the engine, counts as absent.

Every function takes the folder of the store first.
"""

import contextlib
import datetime
import gzip
import json
import os
import shutil
import socket
import tempfile
import time
import zlib
from pathlib import Path

from broadsheet import digests

_FORMAT = 4
_KEPT_DAYS = 30
_SEAL = "seal"
_RUNNING = ".running.jsonl"


def write(path: Path, content: bytes | str, /) -> None:
    """Write a file in one step, making its folder."""
    content = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".") as folder:
        made = Path(folder, path.name)
        made.write_bytes(content)
        made.replace(path)


def can_write(folder: Path, /) -> bool:
    """Return whether files can be written to a folder, or it made, without doing either."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return there.is_dir() and os.access(there, os.W_OK)


def sealed(values: dict, /) -> str:
    """Return the text of a file of the store: JSON with the digest of what it says."""
    return json.dumps({**values, _SEAL: digests.digest([_FORMAT, values])}, indent=1) + "\n"


def read(path: Path, /) -> dict | None:
    """Return what a file of the store says, None if it is not as `sealed` wrote it."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        seal = values.pop(_SEAL)
    except (OSError, ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return None
    return values if seal == digests.digest([_FORMAT, values]) else None


def keep_result(folder: Path, key: str, about: dict, packed: bytes, /) -> None:
    """Keep an executed notebook (``pack``) under its key and the digests of what it read.

    ``about`` says those, as ``reads``, and how many ``seconds`` it took.
    """
    place = folder / "results" / key / digests.digest(about["reads"])
    write(place, gzip.compress(f"{json.dumps(about)}\n".encode(), mtime=0) + packed)


def find_result(folder: Path, key: str, now, /) -> tuple[Path, dict] | None:
    """Return (its file, what is known of it) of a result whose files read are as ``now`` says.

    ``now(name)`` gives the present digest of a file by its name relative to the root.
    """
    for path in (folder / "results" / key).glob("[!.]*"):
        with contextlib.suppress(OSError, EOFError, ValueError, zlib.error):  # what is damaged
            with gzip.open(path) as file:
                about = json.loads(file.readline())
            if all(now(name) == was for name, was in about["reads"].items()):
                os.utime(path.parent)
                return path, about
    return None


def pack(notebook: dict, /) -> bytes:
    """Return a notebook as the bytes that are kept of it."""
    return gzip.compress(json.dumps(notebook).encode(), 1, mtime=0)


def result(path: Path, /) -> dict:
    """Return the notebook that is kept in a file."""
    with gzip.open(path) as file:
        file.readline()
        return json.loads(file.read())


def prune(folder: Path, /) -> None:
    """Remove the results that no build has used for a month."""
    oldest = time.time() - _KEPT_DAYS * 86400
    with contextlib.suppress(OSError):  # another build may do the same at this moment
        for place in (folder / "results").glob("*"):
            if place.stat().st_mtime < oldest:
                shutil.rmtree(place)


# ----------------------------------------------------------------- records of runs


class Record:
    """The record of one run, kept on disk as it grows; the status page is drawn from it.

    While it runs it is lines, one for the run and one for each report as it ends, so that a run
    that is killed leaves what it had done; the next command that looks says so in it. A disk that
    is full does not end a run for it.
    """

    def __init__(self, folder, **about):
        self._started = datetime.datetime.now(datetime.UTC)
        # Names sort as the runs did.
        name = f"{self._started:%Y%m%dT%H%M%S.%f}-{os.getpid()}{_RUNNING}"
        self._path = folder / "runs" / name
        self.values = {
            **about,
            "status": "running",
            "process": os.getpid(),
            "host": socket.gethostname(),
            "started": self._started.isoformat(timespec="seconds"),
            "reports": [],
            "changes": [],
            "problems": [],
        }
        with contextlib.suppress(OSError):
            write(self._path, json.dumps(self.values) + "\n")

    def add(self, report: dict, /) -> None:
        """Add what became of one report."""
        self.values["reports"].append(report)
        with contextlib.suppress(OSError), self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(report) + "\n")

    def finish(self, status: str, failure: str | None = None) -> None:
        """Close the record: ``finished``, ``failed`` or ``interrupted``, and by what."""
        self.take_time()
        _close(self._path, {**self.values, "status": status, "failure": failure})

    def take_time(self) -> None:
        """Say in the record when it is now, and how long the run took until then."""
        now = datetime.datetime.now(datetime.UTC)
        self.values["finished"] = now.isoformat(timespec="seconds")
        self.values["duration"] = round((now - self._started).total_seconds(), 3)


def mend(folder, /) -> list[dict]:
    """Say in the records of runs whose process is gone that they were killed; return those."""
    killed = []
    for path in sorted((folder / "runs").glob(f"*{_RUNNING}")):
        lines = []
        with contextlib.suppress(OSError, ValueError, RecursionError):  # the last may be torn
            for line in path.read_text(encoding="utf-8").splitlines():
                lines.append(json.loads(line))
        begun = lines and "host" in lines[0]  # a full disk may have kept only what came later
        values = {**lines[0], "reports": lines[1:]} if begun else {}
        elsewhere = values and values["host"] != socket.gethostname()
        if not (elsewhere or (values and is_alive(values["process"]))):
            values |= {"status": "killed", "failure": "the process ended without a word"}
            _close(path, values)
            killed.append(values)
    return killed


def _close(path, values):
    with contextlib.suppress(OSError):
        write(path.with_name(path.name.removesuffix(_RUNNING) + ".json"), sealed(values))
        path.unlink(missing_ok=True)


def is_alive(pid: int, /) -> bool:
    """Return whether a process of this number runs."""
    try:
        os.kill(pid, 0)
    except OSError as error:
        return isinstance(error, PermissionError)
    return True
