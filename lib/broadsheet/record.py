"""The record of a run: what was asked, what was done and why, what came of it.

One JSON file a run in ``runs/`` of the store. While it runs it is lines, one for the run and one
for each report as it ends, so that a run that is killed leaves what it had done; the next
command that looks finds that its process is gone and says so in it. The status page is drawn
from a record.
"""

import contextlib
import datetime
import json
import os
import socket
import time

from broadsheet import store
from broadsheet.site import is_alive

_RUNNING = ".running.jsonl"


class Record:
    """The record of one run, kept on disk as it grows."""

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
            store.write(self._path, json.dumps(self.values) + "\n")

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
            _close(self._path, self.values)


def mend(folder, /) -> list[dict]:
    """Say in the records of runs whose process is gone that they were killed; return those."""
    killed = []
    for path in sorted((folder / "runs").glob(f"*{_RUNNING}")):
        values = _read(path)
        here = values.get("host") == socket.gethostname()
        if not values or (here and not is_alive(values["process"])):
            values |= {"status": "killed", "failure": "the process ended without a word"}
            with contextlib.suppress(OSError):
                _close(path, values)
            killed.append(values)
    return killed


def _close(path, values):
    store.write(path.with_name(path.name.removesuffix(_RUNNING) + ".json"), store.sealed(values))
    path.unlink(missing_ok=True)


def _read(path):
    """Return what a run has written so far, empty if it is damaged; its last line may be torn."""
    from broadsheet import schemas

    found = []
    with contextlib.suppress(OSError, ValueError, RecursionError):
        for line in path.read_text(encoding="utf-8").splitlines():
            found.append(json.loads(line))
    if not found or not isinstance(found[0], dict):
        return {}
    values = {**found[0], "reports": found[1:]}
    return {} if schemas.problem("run", values) else values


def _stamp(seconds):
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.isoformat(timespec="seconds")
