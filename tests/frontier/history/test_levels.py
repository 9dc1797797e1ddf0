"""Level shifts against the best of all segmentations, known steps and pure noise."""

from itertools import combinations, pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontier.data.measurements import POINT
from frontier.errors import UsageError
from frontier.history import levels
from history_rows import rows


def days(n):
    return pd.date_range("2026-01-01", periods=n, freq="7D")


def brute_force(values, penalty, minimum_length):
    """The cheapest of every segmentation, as its cost and starts."""
    n = len(values)
    best = (np.inf, None)
    for count in range(n // minimum_length):
        for starts in combinations(range(1, n), count):
            bounds = [0, *starts, n]
            if min(np.diff(bounds)) < minimum_length:
                continue
            parts = [values[a:b] for a, b in pairwise(bounds)]
            cost = sum(np.abs(p - np.median(p)).sum() for p in parts) + penalty * count
            best = min(best, (cost, starts), key=lambda pair: pair[0])
    return best


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.floats(-2, 2, allow_subnormal=False), min_size=2, max_size=10),
    st.floats(0.01, 1.5),
    st.integers(1, 3),
)
def test_the_fit_is_as_good_as_the_best_of_all_segmentations(values, penalty, minimum_length):
    values = np.array(values)
    found = levels.segments(values, penalty=penalty, minimum_length=minimum_length)
    if len(values) < 2 * minimum_length:
        assert found == []
        return
    bounds = [0, *found, len(values)]
    assert min(np.diff(bounds)) >= minimum_length
    parts = [values[a:b] for a, b in pairwise(bounds)]
    cost = sum(np.abs(p - np.median(p)).sum() for p in parts) + penalty * len(found)
    assert cost == pytest.approx(brute_force(values, penalty, minimum_length)[0], abs=1e-9)


def test_too_few_dates_are_refused():
    with pytest.raises(UsageError, match="at least 8 dates"):
        levels.level_shifts([1.0] * 7, days(7))


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf])
def test_a_value_that_has_no_logarithm_is_named(bad):
    with pytest.raises(UsageError, match="value 3 is"):
        levels.level_shifts([1.0, 1, 1, bad, 1, 1, 1, 1], days(8))


def test_dates_out_of_order_or_twice_are_refused():
    for order in ([1, 0, 2, 3, 4, 5, 6, 7], [0, 0, 2, 3, 4, 5, 6, 7]):
        with pytest.raises(UsageError, match="strictly rising"):
            levels.level_shifts([1.0] * 8, days(8)[order])


def test_identical_runs_and_two_runs_within_noise_have_no_shift():
    assert levels.level_shifts([100.0] * 12, days(12)).empty
    assert levels.level_shifts([100.0] * 10 + [104.0] * 2, days(12)).empty


def test_one_bad_run_is_no_shift():
    assert levels.level_shifts([100.0] * 5 + [60.0] + [100.0] * 6, days(12)).empty


def test_a_step_is_found_with_its_size_its_interval_and_its_dates():
    wobble = np.array([1.0, 1.004, 0.996, 1.002, 0.998])
    values = np.r_[100 * wobble, 150 * wobble]
    found = levels.level_shifts(values, days(10)).iloc[0]
    assert found["index"] == 5
    assert (found["previous"], found["date"]) == (days(10)[4], days(10)[5])
    assert found["size"] == pytest.approx(1.5)
    assert found["size_low"] < 1.5 < found["size_high"]
    assert found["size_high"] / found["size_low"] < 1.05
    assert found["new_best"]


def test_a_rise_back_to_an_earlier_level_is_a_recovery_and_not_a_new_best():
    values = [100.0] * 4 + [50.0] * 4 + [102.0] * 4 + [120.0] * 4
    found = levels.level_shifts(values, days(16))
    assert found["index"].tolist() == [4, 8, 12]
    assert found["new_best"].tolist() == [False, False, True]
    assert found["over_best"].tolist() == pytest.approx([0.5, 1.02, 120 / 102])


def test_pure_noise_hardly_ever_shifts_and_a_clear_step_hardly_ever_hides():
    generator = np.random.default_rng(7)
    false = hits = 0
    for _ in range(200):
        noise = generator.normal(0, 0.03, 24)
        false += len(levels.segments(noise))
        step = noise + np.where(np.arange(24) >= 12, np.log(1.57), 0)
        hits += any(abs(i - 12) <= 1 for i in levels.segments(step))
    assert false <= 20  # at most one false shift in ten series
    assert hits >= 190


def test_shifts_by_point_never_mix_concurrencies_and_say_how_many_were_looked_at():
    made = [(d, 4, 10 + 10 * (i >= 5), 100 + 100 * (i >= 5)) for i, d in enumerate(days(10))]
    made += [(d, 64, 5, 900) for d in days(10)]  # steady
    made += [(d, 1, 50 + i, 10 + i) for i, d in enumerate(days(7))]  # too few dates
    found, looked = levels.level_shifts_by_point(rows(*made))
    assert looked == 2
    assert found["concurrency"].tolist() == [4]
    assert found["size"].tolist() == pytest.approx([2])
    assert found["dates"].tolist() == [10]


def test_without_dates_enough_nothing_is_looked_at():
    found, looked = levels.level_shifts_by_point(rows(("2026-01-01", 1, 10, 100)))
    assert looked == 0
    assert found.empty
    assert {*POINT, "size", "new_best"} <= set(found.columns)
