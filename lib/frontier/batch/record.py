"""The record of a run: what was asked, what was done and why, what came of it.

One JSON file a run in ``.frontier/runs/``. It is there from the start and rewritten as
reports end, so that a run that is killed leaves what it had done; the next command that looks
finds that its process is gone and says so in it. The status page is drawn from a record.
"""

import contextlib
import datetime
import json
import os
import socket
import time
from pathlib import Path

from frontier.batch import store
from frontier.batch.site import is_alive

_RUNNING = ".running.json"


class Record:
    """The record of one run, kept on disk as it grows."""

    def __init__(self, kind, out, **about):
        self._started = time.time()
        # Names sort as the runs did.
        moment = datetime.datetime.fromtimestamp(self._started, datetime.UTC)
        name = f"{moment:%Y%m%dT%H%M%S.%f}-{os.getpid()}"
        self._path = _folder() / f"{name}{_RUNNING}"
        self.values = {
            "schema": 2,
            "kind": kind,
            "status": "running",
            "process": os.getpid(),
            "host": socket.gethostname(),
            "started": _stamp(self._started),
            "out": str(out),
            **about,
            "reports": [],
            "changes": [],
        }

    def add(self, **report) -> None:
        """Add what became of one report, and keep the record as it is now."""
        self.values["reports"].append(report)
        self.keep()

    def keep(self) -> None:
        """Write the record; a disk that is full does not end a run for it."""
        with contextlib.suppress(OSError):
            store.write(self._path, json.dumps(self.values, indent=1) + "\n")

    def so_far(self, changes) -> dict:
        """Return the record as the status page shows it, with what changed in the verdicts."""
        return {**self.values, **self._time(), "changes": changes}

    def _time(self):
        now = time.time()
        return {"finished": _stamp(now), "duration": round(now - self._started, 3)}

    def finish(self, status: str, failure: str | None = None) -> None:
        """Close the record: ``finished``, ``failed`` or ``interrupted``, and by what."""
        self.values |= {"status": status, "failure": failure, **self._time()}
        self.keep()
        with contextlib.suppress(OSError):
            self._path.rename(_closed(self._path))


def mend() -> list[dict]:
    """Say in the records of runs whose process is gone that they were killed; return those."""
    killed = []
    for path in sorted(_folder().glob(f"*{_RUNNING}")):
        values = store.read(path) or {}
        here = values.get("host") == socket.gethostname()
        if not values or (here and not is_alive(values["process"])):
            values |= {"status": "killed", "failure": "the process ended without a word"}
            store.write(path, json.dumps(values, indent=1) + "\n")
            path.rename(_closed(path))
            killed.append(values)
    return killed


def _folder():
    return store.folder() / "runs"


def _closed(path):
    return Path(str(path).removesuffix(_RUNNING) + ".json")


def _stamp(seconds):
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.isoformat(timespec="seconds")
