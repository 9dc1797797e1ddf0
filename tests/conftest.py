"""Fixtures that more than one test module uses."""

import copy
import os

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

# No test asserts wall time: the machine may be busy.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


# These take longest; begun last, they would keep one worker busy long after the others.
LONGEST = ("test_lab.py", "test_intake.py", "test_reports.py")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.name not in LONGEST)


def _skipping_fails(report):
    """Turn what was skipped into a failure where CI is set: there, everything can be had."""
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, and CI is set: {report.longrepr[-1]}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    return _skipping_fails((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    return _skipping_fails((yield))


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


@pytest.fixture(scope="module")
def _one_browser():
    from browser import chromium

    with chromium() as one:
        yield one


@pytest.fixture
def browser(_one_browser):
    """The browser of a module; what a test opens in it is closed after the test."""
    yield _one_browser
    for context in _one_browser.contexts:
        context.close()
