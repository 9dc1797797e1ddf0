"""Fixtures that more than one test module uses."""

import copy
import importlib
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

# No test asserts wall time: the machine may be busy.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


# These run every report; begun last, they would keep one worker busy long after the other.
LONGEST = ("test_lab.py", "test_reports.py")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.name not in LONGEST)


def _same(before, after):
    if isinstance(before, pd.DataFrame | pd.Series):
        return before.equals(after)
    return np.array_equal(np.asarray(before), np.asarray(after))


@pytest.fixture
def unchanged():
    """Call a function and fail if it changed one of its arguments."""

    def call(function, *args, **options):
        before = copy.deepcopy((args, options))
        result = function(*args, **options)
        pairs = [*zip(before[0], args, strict=True)]
        pairs += [(value, options[name]) for name, value in before[1].items()]
        assert all(_same(old, new) for old, new in pairs)
        return result

    return call


def _beside(module, extra):
    """Bring a module from where `make test` puts it; skip aloud without it, and fail in CI."""
    sys.path.append(str(Path(__file__).parents[1] / ".scipy"))
    try:
        yield importlib.import_module(module)
    except ImportError:
        message = f"{module} is missing: run make test, or pip install the extra {extra}"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    finally:
        sys.path.pop()


@pytest.fixture
def scipy():
    """SciPy, which only fitting needs."""
    yield from _beside("scipy.optimize", "fit")


@pytest.fixture
def coopgt():
    """An independent Shapley value."""
    yield from _beside("coopgt.shapley_value", "oracle")
