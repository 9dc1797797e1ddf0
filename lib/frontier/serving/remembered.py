"""What is made of a table, remembered while the table's sidecar stays as it is.

Reading and checking a table takes longer than evaluating a frontier; a sweep over many systems
would do little else. A function decorated with `of` is called once per state of its tables.
"""

import os
from collections.abc import Callable
from functools import lru_cache, wraps

from frontier.data import paths


def of(*names: str) -> Callable:
    """Remember a function's answers for as long as the named tables' sidecars are unchanged."""

    def decorate(function):
        @lru_cache(maxsize=256)
        def answer(_state, *args):
            return function(*args)

        @wraps(function)
        def call(*args):
            folder = str(paths.data())
            return answer(tuple(_state(f"{folder}/{name}.meta.yml") for name in names), *args)

        return call

    return decorate


def _state(path: str):
    try:
        return path, os.stat(path).st_mtime_ns  # noqa: PTH116
    except FileNotFoundError:
        return None
