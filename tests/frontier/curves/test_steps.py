"""Step curves on arrays against their definition and against frontiers made one by one."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontier.curves import Frontier, Steps, geometric_mean, pieces, runs, step_means

value = st.integers(1, 9).map(float)
points = st.lists(st.tuples(value, value), min_size=1, max_size=9).map(lambda p: np.transpose(p))


def slow_value(x, y, at):
    return max((b for a, b in zip(x, y, strict=True) if a >= at), default=np.nan)


def draws(seed, replicates=40, size=9):
    rng = np.random.default_rng(seed)
    return rng.uniform(10, 90, (replicates, size)), rng.uniform(1, 50, (replicates, size))


def steps(x, y):
    return Steps.of(*(np.log(np.atleast_2d(np.asarray(values, float))) for values in (x, y)))


@given(points)
def test_every_value_is_the_largest_measured_there_or_further_right(made):
    at = np.arange(0.5, 10, 0.5)
    expected = [slow_value(*made, one) for one in at]
    np.testing.assert_allclose(np.exp(steps(*made).at(np.log([at]))), [expected], rtol=1e-12)
    np.testing.assert_array_equal(Frontier(*made).at(at), expected)


@pytest.mark.parametrize("limits", [{}, {"high": 60.0}, {"high": 30.0}])
def test_the_means_of_many_draws_are_those_of_their_frontiers(limits):
    above, below = draws(7), draws(8)
    found = np.exp(np.subtract(*step_means([steps(*above), steps(*below)], **limits)))
    slow = [
        geometric_mean(Frontier(xa, ya), Frontier(xb, yb), **limits)
        for xa, ya, xb, yb in zip(*above, *below, strict=True)
    ]
    np.testing.assert_allclose(found, slow, rtol=1e-12)
    assert np.isfinite(found).any()


def test_a_system_of_one_row_is_the_same_in_all_draws():
    x, y = draws(9)
    base = np.array([10.0, 40, 90]), np.array([40.0, 20, 5])
    found = np.exp(np.subtract(*step_means([steps(*base), steps(x, y)])))
    slow = [
        geometric_mean(Frontier(*base), Frontier(one, own)) for one, own in zip(x, y, strict=True)
    ]
    np.testing.assert_allclose(found, slow, rtol=1e-12)


@given(points, points)
def test_the_mean_is_the_sum_over_pieces_on_which_both_curves_are_constant(above, below):
    fronts = Frontier(*above), Frontier(*below)
    means = step_means([steps(*above), steps(*below)])[:, 0]
    edges = pieces(*fronts)
    if not len(edges):
        assert np.isnan(means).all()
        return
    values = [[slow_value(*one, at) for at in edges[1:]] for one in (above, below)]
    width = np.diff(np.log(edges))
    weights = width if width.sum() else None
    expected = [np.average(np.log(one), weights=weights) for one in values]
    np.testing.assert_allclose(means, expected, atol=1e-12)
    for at in edges[1:] - (np.diff(edges) / 2):
        piece = np.searchsorted(edges, at, "left") - 1 if width.sum() else 0
        assert [one[piece] for one in values] == [float(f.at(at)) for f in fronts]


@given(st.lists(st.booleans(), max_size=12))
def test_runs_are_the_longest_connected_parts_of_a_mask(mask):
    found = runs(np.array(mask, bool))
    covered = [i for first, last in found for i in range(first, last + 1)]
    assert covered == [i for i, one in enumerate(mask) if one]
    assert all(a[1] + 1 < b[0] for a, b in pairwise(found))
