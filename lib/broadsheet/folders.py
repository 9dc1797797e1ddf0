"""Folders that change places in one step, so that nobody ever sees half of one.

The site is replaced in this way by a build, its published copy, and the tables by a refresh.
"""

import contextlib
import ctypes
import errno
import os
import shutil
from pathlib import Path


@contextlib.contextmanager
def replaced(place: Path, /):
    """Give the path of a folder to make; it takes its place at the end, if all goes well.

    What stops half way leaves the folder that was there. Two at a time are the caller's to avoid.
    """
    stage, old = (place.with_name(f".{place.name}.{what}") for what in ("new", "old"))
    mend(place)
    for left in (stage, old):  # of a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield stage
        replace(stage, place, old)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def mend(place: Path, /) -> None:
    """Put back what `replaced` had set aside when it was killed."""
    recover(place, place.with_name(f".{place.name}.old"))


def replace(stage: Path, place: Path, old: Path, /) -> None:
    """Put the folder `stage` in the place of `place`, whose folder becomes `old`.

    `old` must not exist; the three are on one file system. Where the system cannot exchange
    two names in one step there is a moment between two renames: a process killed there leaves
    `old` and nothing at `place`, which `recover` mends.
    """
    if not place.exists():
        stage.rename(place)
    elif _exchange(stage, place):
        stage.rename(old)
    else:
        try:
            place.rename(old)
            stage.rename(place)
        except BaseException:
            recover(place, old)
            raise


def recover(place: Path, old: Path, /) -> None:
    """Put `old` back if `place` is missing."""
    if old.is_dir() and not place.exists():
        old.rename(place)


@contextlib.contextmanager
def locked(path: Path, /):
    """Hold the lock of a file, made if need be, against other processes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        except ImportError:  # no such locks on this system: one at a time
            pass
        yield


def _exchange(one, other):
    """Let two folders change names in one step; False where the system cannot."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    at_cwd, exchange = -100, 2
    if renameat2(at_cwd, os.fsencode(one), at_cwd, os.fsencode(other), exchange) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
        return False
    raise OSError(code, os.strerror(code), str(other))
