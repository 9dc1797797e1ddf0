"""Step curves on arrays against their definition and against frontiers made one by one."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontier.curves import (  # fmt: skip
    Frontier,
    geometric_mean,
    runs,
    step_means,
    step_values,
    without,
)

value = st.integers(1, 9).map(float)
points = st.lists(st.tuples(value, value), min_size=1, max_size=9).map(lambda p: np.transpose(p))


def slow_value(x, y, at):
    return max((b for a, b in zip(x, y, strict=True) if a >= at and b > 0), default=np.nan)


def draws(seed, replicates=40, size=9):
    rng = np.random.default_rng(seed)
    return rng.uniform(10, 90, (replicates, size)), rng.uniform(1, 50, (replicates, size))


def test_past_the_last_point_and_at_no_number_nothing_is_attainable():
    assert np.isnan(step_values(([10], [4]), [10.1, np.nan, np.inf])).all()


@given(points)
def test_every_value_is_the_largest_measured_there_or_further_right(made):
    at = np.arange(0.5, 10, 0.5)
    expected = [slow_value(*made, one) for one in at]
    np.testing.assert_array_equal(step_values(made, at), expected)
    np.testing.assert_array_equal(step_values([v[None] for v in made], at), [expected])


@given(points, st.data())
def test_a_point_of_zeros_is_none(made, data):
    left_out = np.array(data.draw(st.lists(st.booleans(), min_size=len(made[0]),
                                           max_size=len(made[0]))))  # fmt: skip
    (found,) = step_values(without(made, left_out[None]), np.arange(1, 10))
    kept = made[:, ~left_out]
    np.testing.assert_array_equal(found, [slow_value(*kept, one) for one in range(1, 10)])


@pytest.mark.parametrize(
    "limits", [{}, {"low": 30.0}, {"low": 25.0, "high": 60.0}, {"floor": 20.0}, {"floor": 60.0}]
)
def test_the_means_of_many_draws_are_those_of_their_frontiers(limits):
    above, below = draws(7), draws(8)
    found = np.exp(np.subtract(*step_means([above, below], **limits)))
    slow = [
        geometric_mean(Frontier(xa, ya), Frontier(xb, yb), **limits)
        for xa, ya, xb, yb in zip(*above, *below, strict=True)
    ]
    np.testing.assert_allclose(found, slow, rtol=1e-12)
    assert np.isfinite(found).any() == ("floor" not in limits or limits["floor"] < 50)


def test_a_floor_may_be_one_for_each_draw_and_a_system_the_same_in_all():
    x, y = draws(9)
    base = np.array([10.0, 40, 90]), np.array([40.0, 20, 5])
    floors = y.max(axis=1) / 10
    found = np.exp(np.subtract(*step_means([base, (x, y)], floor=floors)))
    slow = [
        geometric_mean(Frontier(*base), Frontier(one, own), floor=floor)
        for one, own, floor in zip(x, y, floors, strict=True)
    ]
    np.testing.assert_allclose(found, slow, rtol=1e-12)


def test_leaving_out_one_configuration_after_another_is_making_each_frontier_anew():
    (x,), (y,) = draws(10, 1, 30)
    configuration, base = np.repeat(np.arange(6), 5), ([12.0, 80], [9.0, 2])
    left_out = configuration == np.arange(6)[:, None]
    found = np.exp(np.subtract(*step_means([without((x, y), left_out), base])))
    slow = [geometric_mean(Frontier(x[keep], y[keep]), Frontier(*base)) for keep in ~left_out]
    np.testing.assert_allclose(found, slow, rtol=1e-12)


def test_a_selection_without_points_has_no_mean():
    only = np.array([10.0, 20]), np.array([4.0, 2])
    means = step_means([without(only, np.array([[True, True], [False, False]])), only])
    assert np.isnan(means[:, 0]).all()
    assert means[0, 1] == means[1, 1]


@given(points, points)
def test_the_mean_is_the_sum_over_pieces_on_which_both_curves_are_constant(above, below):
    fronts = Frontier(*above), Frontier(*below)
    low, high = max(f.low for f in fronts), min(f.high for f in fronts)
    if low > high:
        assert np.isnan(step_means([above, below])).all()
        return
    x = np.concatenate([above[0], below[0]])
    edges = np.r_[low, np.unique(x[(x > low) & (x < high)]), high]
    values = [step_values(one, edges[1:]) for one in (above, below)]
    width = np.diff(np.log(edges))
    weights = width if width.sum() else None
    expected = [np.average(np.log(one), weights=weights) for one in values]
    np.testing.assert_allclose(step_means([above, below])[:, 0], expected, atol=1e-12)
    for x in edges[1:] - (np.diff(edges) / 2):
        piece = np.searchsorted(edges, x, "left") - 1 if width.sum() else 0
        assert [one[piece] for one in values] == [float(f.at(x)) for f in fronts]


@given(st.lists(st.booleans(), max_size=12))
def test_runs_are_the_longest_connected_parts_of_a_mask(mask):
    found = runs(np.array(mask, bool))
    covered = [i for first, last in found for i in range(first, last + 1)]
    assert covered == [i for i, one in enumerate(mask) if one]
    assert all(a[1] + 1 < b[0] for a, b in pairwise(found))
