"""Put new tables into the data folder, all of them or none, and keep the old state.

A copy of the data folder gets the new tables, is read back and checked as a whole, and then
changes places with the data folder in one step. What was there before becomes a snapshot, with a
copy of the site that was built from it, for ``frontier diff`` and ``frontier moved``. A process
that is killed at any step leaves either the old tables or the new ones; the next process removes
what it left behind.
"""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from broadsheet import folders
from frontier.data import measurements, paths, tables
from frontier.errors import FrontierError, UsageError

_held = threading.local()
KEPT = 3  # snapshots; older ones are in the repository's history

Made = Mapping[str, tuple[pd.DataFrame, dict]]


def folder() -> Path:
    """Return the folder of the snapshots; each is named by its UTC time and has data/, reports/."""
    return paths.root() / ".frontier" / "snapshots"


def kept() -> list[Path]:
    """Return the snapshots that there are, the newest first."""
    found = folder().glob("[0-9]*T[0-9]*Z*") if folder().is_dir() else ()
    return sorted((p for p in found if not p.suffix and (p / "data").is_dir()), reverse=True)


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Hold the only right to change the tables, from reading them to putting them in place.

    First finishes or undoes what a killed process had begun. Its holder may enter it again.
    """
    if getattr(_held, "yes", False):
        yield
        return
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(folders.locked(folder() / "lock"))
        except OSError as error:
            raise FrontierError(f"the tables cannot be changed here ({error})") from None
        _held.yes = True
        try:
            _clear()
            yield
        finally:
            _held.yes = False


def recover() -> None:
    """Finish or undo what a killed process had begun, before any table is read."""
    with alone():
        pass


def place(made: Made, /) -> Path:
    """Put tables into the data folder and return the snapshot of what was there before.

    `made` has, by table name, the frame and its sidecar (hash and row count are filled in).
    DataError when a table is not sound, FrontierError when something could not be written, which
    says which of the tables are in place: the old ones, unless only keeping them failed.
    """
    with alone():
        name = _stamp()
        making, before = folder() / f"{name}.making", _fingerprint(paths.data())
        try:
            _make(making, made)
            tables.verify(folder=making / "data")
            if paths.reports().is_dir():
                shutil.copytree(paths.reports(), making / "reports")
            with _uninterrupted():
                _swap(making, folder() / name)
        except OSError as error:
            if _fingerprint(paths.data()) == before:
                told = f"the tables could not be written ({error}); they are as they were"
            else:
                told = f"the new tables are in place, but the old ones were not kept ({error})"
            raise FrontierError(told) from error
        finally:
            shutil.rmtree(making, ignore_errors=True)
        _prune()
        return folder() / name


def find(name: str | None = None) -> Path:
    """Return a snapshot by its name or folder, the newest by default; UsageError if none is."""
    there = kept()
    if name is None:
        if not there:
            raise UsageError("no snapshot is kept: 'frontier data refresh' or 'import' makes one")
        return there[0]
    for place_ in (folder() / name, Path(name)):
        if (place_ / "data").is_dir():
            return place_.resolve()
    listed = ", ".join(p.name for p in there) or "none"
    raise UsageError(f"no snapshot {name}: there are {listed} in {folder()}")


def digest(data: Path, /) -> str:
    """Return the digest of the tables of measured rows in a folder, as their sidecars have them."""
    there = [key for key in measurements.SOURCES if tables.has(key, folder=data)]
    told = {key: tables.meta(key, folder=data)["sha256"] for key in there}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def earlier() -> Path | None:
    """Return the newest snapshot whose measured rows are others than those of the data folder.

    An import of one's own rows keeps a snapshot, too, before which no public row was another.
    """
    now = digest(paths.data())
    return next((place for place in kept() if digest(place / "data") != now), None)


def _prune() -> None:
    """Remove old snapshots, but for the one that `frontier moved` compares with."""
    before = earlier()
    for old in kept()[KEPT:]:
        if old != before:
            shutil.rmtree(old, ignore_errors=True)


def _make(making, made):
    shutil.copytree(paths.data(), making / "data")
    for name, (frame, sidecar) in made.items():
        if name in measurements.SOURCES:
            frame = measurements.typed(frame)
            measurements.validate(frame, file=name)
        tables.write(name, frame, sidecar, folder=making / "data")


def _swap(making, snapshot):
    """Exchange the data folder for the made one; ``placed`` says afterwards whether it happened."""
    (making / "placed").write_text(_fingerprint(making / "data"))
    ready = making.with_suffix(".ready")
    making.rename(ready)
    old = ready / "old"
    folders.replace(ready / "data", paths.data(), old)
    old.rename(ready / "data")
    (ready / "placed").unlink()
    ready.rename(snapshot)


def _clear():
    for making in folder().glob("*.making"):
        shutil.rmtree(making, ignore_errors=True)
    for ready in folder().glob("*.ready"):
        old = ready / "old"
        folders.recover(paths.data(), old)
        placed = ready / "placed"
        done = not placed.exists() or placed.read_text() == _fingerprint(paths.data())
        if done and old.is_dir():
            old.rename(ready / "data")
        placed.unlink(missing_ok=True)
        if done and (ready / "data").is_dir():
            ready.rename(ready.with_suffix(""))
        else:
            shutil.rmtree(ready, ignore_errors=True)


def _fingerprint(data: Path) -> str:
    """Return a digest of the sidecars, and so of the tables whose sha256 they hold."""
    found = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in data.glob("*.meta.yml")}
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()


def _stamp() -> str:
    """Return a name by the time that no snapshot has yet."""
    while True:
        name = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        if not list(folder().glob(f"{name}*")):
            return name
        time.sleep(0.1)


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let a Ctrl-C wait for the few renames, where that is possible."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked = []
    before = signal.signal(signal.SIGINT, lambda *_: asked.append(True))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if asked:
            os.kill(os.getpid(), signal.SIGINT)
