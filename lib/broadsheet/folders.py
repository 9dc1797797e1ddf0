"""Folders that change places in one step, so that nobody ever sees half of one.

The site is replaced in this way by a build, and the tables by a refresh. What was there before
is kept or removed by whoever asks.
"""

import contextlib
import ctypes
import errno
import os
from pathlib import Path


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


def recover(place: Path, old: Path, /) -> bool:
    """Put `old` back if `place` is missing; return whether it was."""
    if place.exists() or not old.is_dir():
        return False
    old.rename(place)
    return True


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
