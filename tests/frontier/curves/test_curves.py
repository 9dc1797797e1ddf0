import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontier import curves
from frontier.curves import (
    Frontier,
    extremes,
    geometric_mean,
    interval,
    ratio,
    shared_range,
    stretches,
)
from frontier.errors import UsageError

MODES = ("step", "semilog")


# Slow twins: the definitions, point by point.


def slow_at(frontier, at, how):
    value = max(
        (y for x, y in zip(frontier._x, frontier._y, strict=True) if x >= at), default=np.nan
    )
    if how == "step":
        return value
    if at < frontier.low:
        return np.nan
    for x, y in frontier.curves:
        if x[0] <= at <= x[-1]:
            value = max(value, np.exp(np.interp(at, x, np.log(y))))
    return value


def slow_geometric_mean(numerator, denominator, low, high, how, parts=200_001):
    edges = np.geomspace(low, high, parts)
    middle = np.sqrt(edges[1:] * edges[:-1])
    logs = np.log(numerator.at(middle, how) / denominator.at(middle, how))
    return np.exp(np.average(logs, weights=np.diff(np.log(edges))))


def system(seed, *, speed=1.0, configurations=6, points=12):
    """Step time grows affinely with concurrency, other constants in each configuration."""
    rng = np.random.default_rng(seed)
    concurrency = 2.0 ** np.arange(points)
    fixed = rng.uniform(0.003, 0.01, (configurations, 1)) / speed**0.3
    per_user = rng.uniform(0.0002, 0.001, (configurations, 1)) / speed
    time = fixed + per_user * concurrency * rng.lognormal(0, 0.05, (configurations, points))
    labels = np.repeat(np.arange(configurations), points)
    return Frontier((1 / time).ravel(), (concurrency / time).ravel(), configurations=labels)


positive = st.integers(1, 12).map(lambda value: value / 4)
points = st.lists(st.tuples(positive, positive, st.integers(0, 2)), min_size=1, max_size=15)


@st.composite
def frontiers(draw):
    x, y, labels = zip(*draw(points), strict=True)
    return Frontier(x, y, configurations=labels)


@st.composite
def overlapping(draw):
    """Two frontiers whose shared range is never empty."""
    pair = []
    for _ in range(2):
        ends = [(draw(st.sampled_from([0.25, 0.5])), 3.5, 0), (draw(st.integers(2, 4)), 0.2, 1)]
        x, y, labels = zip(*draw(points), *ends, strict=True)
        pair.append(Frontier(x, y, configurations=labels))
    return pair


# Bad input.


@pytest.mark.parametrize("bad", [np.nan, 0.0, -1.0, np.inf])
@pytest.mark.parametrize("column", ["interactivity", "throughput"])
def test_a_value_that_is_not_positive_is_an_error_that_names_row_and_column(bad, column):
    values = {"interactivity": [1.0, 2.0, 3.0], "throughput": [3.0, 2.0, 1.0]}
    values[column][1] = bad
    with pytest.raises(ValueError, match=rf"row b, {column}"):
        Frontier(**values, rows=["a", "b", "c"])


@pytest.mark.parametrize(
    ("interactivity", "throughput", "options"),
    [
        ([], [], {}),
        ([1, 2], [1], {}),
        ([[1, 2]], [[1, 2]], {}),
        ([1, 2], [2, 1], {"rows": ["a"]}),
        ([1, 2], [2, 1], {"configurations": ["a"]}),
    ],
)
def test_no_points_or_unequal_lengths_are_refused(interactivity, throughput, options):
    with pytest.raises(ValueError, match=r"at least one point|equally long"):
        Frontier(interactivity, throughput, **options)


def test_an_unknown_way_of_reading_is_refused():
    with pytest.raises(UsageError, match=r"'spline'.*step, semilog"):
        Frontier([1], [1]).at(1, how="spline")


def test_a_missing_column_is_named():
    frame = pd.DataFrame({"interactivity": [1.0], "throughput_per_gpu": [1.0]})
    with pytest.raises(UsageError, match="no column tp"):
        Frontier.from_points(frame, by=["tp"])


def test_a_bad_row_of_a_frame_is_named_by_its_label():
    frame = pd.DataFrame({"interactivity": [1.0, 2.0], "y": [1.0, None]}, index=["r1", "r2"])
    with pytest.raises(ValueError, match="row r2, throughput"):
        Frontier.from_points(frame, by=[], throughput="y")


@pytest.mark.parametrize("options", [{"sigma": -0.1}, {"sigma": np.nan}, {"level": 1.0}])
def test_an_impossible_noise_or_level_is_refused(options):
    front = Frontier([1], [1])
    with pytest.raises(ValueError, match="expected"):
        interval(front, front, **{"sigma": 0.1, **options})


def test_a_frontier_cannot_be_changed():
    front = Frontier([1, 2], [2, 1])
    with pytest.raises(AttributeError):
        front.interactivity = np.zeros(2)
    with pytest.raises(ValueError, match="read-only"):
        front.throughput[0] = 5


# The front.


def test_points_are_sorted_and_dominated_ones_dropped():
    front = Frontier([30, 10, 20, 15, 20], [1, 4, 2, 1, 2], rows=list("abcde"))
    assert front.interactivity.tolist() == [10, 20, 30]
    assert front.throughput.tolist() == [4, 2, 1]
    assert front.rows == ("b", "c", "a")
    assert (front.low, front.high, len(front)) == (10, 30, 3)


def sweep():
    return pd.DataFrame(
        {
            "tp": [8, 8, 8, np.nan, np.nan, 8],
            "concurrency": [1, 4, 4, 1, 4, 4],
            "date": pd.to_datetime([None, "2026-01-02", "2026-03-01", None, None, None]),
            "interactivity": [40.0, 20.0, 10.0, 30.0, 15.0, 80.0],
            "y": [1.0, 4.0, 2.0, 2.0, 3.0, 1.0],
        },
        index=[7, 3, 9, 1, 4, 2],
    )


def test_a_missing_key_is_a_configuration_of_its_own(unchanged):
    front = unchanged(Frontier.from_points, sweep(), by=["tp"], throughput="y", scale=10)
    assert [x.tolist() for x, _ in front.curves] == [[20, 80], [15, 30]]
    assert [y.tolist() for _, y in front.curves] == [[40, 10], [30, 20]]
    assert front.rows == (3, 1, 2)


# One frontier as a function.


def test_a_step_holds_to_the_left_and_ends_at_the_last_point():
    front = Frontier([10, 20], [4, 2])
    assert front.at([1, 10, 10.1, 20, 20.1, np.nan]).tolist()[:4] == [4, 4, 2, 2]
    assert np.isnan(front.at([20.1, np.nan, np.inf])).all()


def test_an_estimate_claims_nothing_beside_its_points():
    front = Frontier([10, 20], [4, 2])
    assert np.isnan(front.at([-np.inf, 1, 9.99, 20.01, np.inf, np.nan], "semilog")).all()
    assert front.at([10, 20], "semilog") == pytest.approx([4, 2], rel=1e-15)


def test_semilog_halfway_is_the_geometric_mean():
    assert Frontier([10, 20], [8, 2]).at(15, "semilog") == pytest.approx(4)


def test_no_estimate_runs_between_configurations():
    front = Frontier([10, 20], [4, 2], configurations=["tp4", "tp8"])
    for how in MODES:
        assert front.at([10, 10.1, 19], how).tolist() == [4, 2, 2]


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0,)])
@pytest.mark.parametrize("how", MODES)
def test_the_shape_given_comes_back(shape, how):
    front = Frontier([1, 2, 4], [5, 3, 1])
    assert np.shape(front.at(np.full(shape, 1.5), how)) == shape
    assert np.shape(ratio(front, front, np.full(shape, 1.5), how=how)) == shape


@pytest.mark.parametrize("how", MODES)
@settings(max_examples=40)
@given(front=frontiers())
def test_every_value_equals_the_slow_definition(how, front):
    at = np.unique(np.r_[front._x, np.linspace(0.1, front._x.max() + 0.5, 23)])
    slow = [slow_at(front, x, how) for x in at]
    assert front.at(at, how) == pytest.approx(slow, rel=1e-9, nan_ok=True)


@given(front=frontiers())
def test_estimates_are_never_below_what_is_attainable_and_never_rise(front):
    at = np.linspace(front.low, front.high, 101)
    step = front.at(at)
    for how in MODES:
        value = front.at(at, how)
        assert (value >= step).all()
        assert (value <= front.throughput[0] * (1 + 1e-12)).all()
        assert (np.diff(value) <= 1e-12 * value[:-1]).all()


@pytest.mark.parametrize("how", MODES)
def test_integrals_see_the_crossings_of_configurations(how):
    # Two straight sweeps that cross between their points.
    crossing = Frontier([10, 40, 20, 30], [16, 1, 8, 5], configurations=list("aabb"))
    flat = Frontier([10, 40], [2, 1])
    expected = slow_geometric_mean(crossing, flat, 10, 40, how)
    # The sum, not the integral, is off by about a cell at each jump.
    assert geometric_mean(crossing, flat, how=how) == pytest.approx(expected, rel=1e-5)


# Two frontiers.


def test_a_ratio_is_undefined_past_either_end_and_below_the_floor():
    fast, slow = Frontier([10, 40], [8, 4]), Frontier([20, 30, 60], [4, 2, 1])
    at = [15, 20, 30, 35, 41]
    assert ratio(fast, slow, at) == pytest.approx([np.nan, 1, 2, 4, np.nan], nan_ok=True)
    assert ratio(fast, slow, at, floor=2) == pytest.approx(
        [np.nan, 1, 2, np.nan, np.nan], nan_ok=True
    )
    assert np.isnan(ratio(slow, fast, [15, 41])).all()


def test_a_ratio_of_two_on_half_the_log_range_means_the_root_of_two():
    upper, lower = Frontier([1, 10, 100], [9, 8, 2]), Frontier([1, 10, 100], [9, 4, 2])
    assert geometric_mean(upper, lower) == pytest.approx(2**0.5)


@pytest.mark.parametrize("how", MODES)
def test_frontiers_that_share_nothing_have_no_ratio(how):
    left, right = Frontier([1, 2], [2, 1]), Frontier([3, 4], [2, 1])
    assert shared_range(left, right) is None
    assert np.isnan(geometric_mean(left, right, how=how))
    assert np.isnan(extremes(left, right)).all()
    assert stretches(left, right) == []


@pytest.mark.parametrize("how", MODES)
def test_a_shared_range_of_one_point_has_the_ratio_there(how):
    left, right = Frontier([1, 2], [6, 3]), Frontier([2, 4], [2, 1])
    assert shared_range(left, right) == (2, 2)
    assert geometric_mean(left, right, how=how) == pytest.approx(1.5)
    assert extremes(left, right) == pytest.approx((1.5, 2, 1.5, 2))
    assert stretches(left, right, at_least=1.4) == [(2, 2, 1)]
    assert stretches(left, right, at_least=1.6) == []


@pytest.mark.parametrize("how", MODES)
@pytest.mark.parametrize("floor", [None, 40.0])
def test_the_mean_ratio_equals_a_dense_sum(how, floor):
    fast, slow = system(1, speed=3), system(2)
    covered = shared_range(fast, slow, floor=floor, how=how)
    expected = slow_geometric_mean(fast, slow, *covered, how)
    found = geometric_mean(fast, slow, floor=floor, how=how)
    assert found == pytest.approx(expected, rel=2e-5 if how == "step" else 1e-7)


@pytest.mark.parametrize("how", MODES)
@settings(max_examples=40)
@given(pair=overlapping())
def test_the_mean_ratio_equals_a_dense_sum_on_crude_fronts(how, pair):
    a, b = pair
    covered = shared_range(a, b)
    expected = slow_geometric_mean(a, b, *covered, how, parts=4_001)
    assert geometric_mean(a, b, how=how) == pytest.approx(expected, rel=4e-3)


@pytest.mark.parametrize("how", MODES)
@settings(max_examples=40)
@given(a=frontiers(), b=frontiers())
def test_the_inverse_ratio_is_the_ratio_of_the_inverse_and_units_do_not_matter(how, a, b):
    value = geometric_mean(a, b, how=how)
    assert geometric_mean(b, a, how=how) == pytest.approx(1 / value, nan_ok=True)
    for speed, rate in ((60, 1), (1, 1e3)):
        other = [
            Frontier(f._x * speed, f._y * rate, configurations=f._configuration) for f in (a, b)
        ]
        assert geometric_mean(*other, how=how) == pytest.approx(value, nan_ok=True)


@given(pair=overlapping())
def test_a_mean_lies_between_the_extremes_and_they_bound_every_point(pair):
    found, covered = extremes(*pair), shared_range(*pair)
    assert found.worst * (1 - 1e-9) <= geometric_mean(*pair) <= found.best * (1 + 1e-9)
    values = ratio(*pair, np.linspace(*covered, 57))
    assert found.worst <= np.nanmin(values)
    assert np.nanmax(values) <= found.best
    assert ratio(*pair, [found.worst_at, found.best_at]).tolist() == [found.worst, found.best]


def test_the_extremes_of_steps_are_where_a_step_ends():
    upper, lower = Frontier([10, 20, 40], [8, 4, 2]), Frontier([10, 30, 40], [9, 5, 1])
    assert extremes(upper, lower) == pytest.approx((2 / 5, 30, 2, 40))


@pytest.mark.parametrize("how", MODES)
def test_a_floor_ends_the_range_where_the_denominator_reaches_it(how):
    upper, lower = Frontier([10, 20, 40], [80, 40, 20]), Frontier([10, 20, 40], [80, 40, 10])
    low, high = shared_range(upper, lower, floor=20, how=how)
    assert low == 10
    assert high == pytest.approx({"step": 20, "semilog": 30}[how])
    assert lower.at(high, how) >= 20 * (1 - 1e-12)
    assert not lower.at(high * 1.0001, how) >= 20
    assert shared_range(upper, lower, floor=81, how=how) is None
    assert shared_range(upper, lower, floor=10, how=how) == (10, 40)


def test_a_range_asked_for_is_cut_to_what_is_shared():
    a, b = Frontier([10, 20, 40], [8, 4, 2]), Frontier([10, 20, 40], [4, 4, 1])
    assert shared_range(a, b, low=1, high=30) == (20, 30)
    assert geometric_mean(a, b, low=25, high=400) == pytest.approx(2)


# Stretches.


def test_a_known_stretch_is_found():
    x = [10, 20, 40, 80, 160]
    upper, lower = Frontier(x, [90, 80, 60, 30, 8]), Frontier(x, [50, 16, 12, 10, 8])
    (found,) = stretches(upper, lower, at_least=5)
    assert found == pytest.approx((10, 40, 0.5))
    (found,) = stretches(upper, lower, at_least=2.9, at_most=3.1)
    assert (found.low, found.high) == (40, 80)
    assert stretches(upper, lower, at_least=5.1) == []
    assert [s[:2] for s in stretches(upper, lower, at_least=2.9, floor=12)] == [(10, 40)]


def test_parts_of_one_stretch_are_joined_and_separate_ones_are_not():
    x = [1, 2, 4, 8, 16]
    upper, lower = Frontier(x, [50, 40, 30, 20, 10]), Frontier(x, [25, 20, 15.5, 10, 5])
    assert [s[:2] for s in stretches(upper, lower, at_least=2)] == [(1, 2), (4, 16)]
    assert [s[:2] for s in stretches(upper, lower, at_least=1.9)] == [(1, 16)]


@given(pair=overlapping(), bound=st.sampled_from([0.5, 0.9, 1.0, 1.3, 2.0]))
def test_stretches_are_where_the_ratio_is_within_bounds(pair, bound):
    covered = shared_range(*pair)
    found = stretches(*pair, at_least=bound)
    at = np.linspace(*covered, 203)[1:]
    inside = np.any([(at > s.low) & (at <= s.high) for s in found] or [at < 0], axis=0)
    values = ratio(*pair, at)
    clear = np.abs(values / bound - 1) > 1e-9
    assert (inside == (values >= bound))[clear].all()
    assert all(one.high < two.low for one, two in itertools.pairwise(found))


# Intervals.


def test_without_noise_the_interval_is_the_value():
    fast, slow = system(1, speed=3), system(2)
    value = geometric_mean(fast, slow)
    assert interval(fast, slow, 0.0, replicates=3) == pytest.approx((value, value))


def test_equal_seeds_give_equal_intervals_and_others_do_not():
    fast, slow = system(1, speed=3), system(2)
    first = interval(fast, slow, 0.03, replicates=50, seed=4)
    assert first == interval(fast, slow, 0.03, replicates=50, seed=4)
    assert first != interval(fast, slow, 0.03, replicates=50, seed=5)


def test_the_interval_is_that_of_frontiers_made_anew_from_every_draw():
    # Each point moves on both axes by one factor, dominated ones too.
    systems, options = (system(1, speed=3), system(2)), {"replicates": 60, "seed": 3}
    drawn = []
    for front, rng in zip(systems, np.random.default_rng(3).spawn(2), strict=True):
        near = curves.within_noise(front, 0.03)
        factors = np.exp(0.03 * rng.standard_normal((60, len(near._x))))
        drawn.append([Frontier(near._x * one, near._y * one) for one in factors])
    slow = np.quantile([geometric_mean(*pair) for pair in zip(*drawn, strict=True)], [0.025, 0.975])
    assert interval(*systems, 0.03, **options) == pytest.approx(slow, rel=1e-12)


def test_fronts_that_mostly_share_no_speed_have_no_interval():
    left, right = Frontier([10, 20], [4, 2]), Frontier([20, 40], [4, 2])
    assert geometric_mean(left, right) == 0.5
    assert np.isnan(interval(left, right, 0.03, replicates=100)).all()


@pytest.mark.slow
def test_a_95_percent_interval_covers_the_truth_about_as_often():
    # The truth is the same estimator without noise.
    fast, slow = (system(s, speed=v, configurations=4, points=11) for s, v in ((1, 3), (2, 1)))
    truth = geometric_mean(fast, slow)
    rng = np.random.default_rng(11)
    covered = []
    for seed in range(40):
        noisy = []
        for front in (fast, slow):
            factor = rng.lognormal(0, 0.03, len(front._x))
            noisy.append(
                Frontier(front._x * factor, front._y * factor, configurations=front._configuration)
            )
        low, high = interval(*noisy, 0.03, replicates=80, seed=seed)
        covered.append(low <= truth <= high)
    assert 0.88 <= np.mean(covered) <= 1.0


def test_the_frontier_of_some_points_is_that_of_their_rows():
    front = system(3)
    for left_out in range(6):
        keep = front._configuration != left_out
        kept = front.kept(keep)
        twin = Frontier(front._x[keep], front._y[keep], configurations=front._configuration[keep])
        assert [list(map(list, one)) for one in kept.curves] == [
            list(map(list, one)) for one in twin.curves
        ]
        assert set(kept.rows) <= set(np.flatnonzero(keep))


@pytest.mark.parametrize("seed", range(5))
def test_the_frontiers_without_each_configuration_are_those_of_the_other_points(seed):
    front = system(seed)
    places = [int(np.argmax(front._configuration == code)) for code in range(6)]
    for left_out, made in enumerate(front.without(places)):
        keep = front._configuration != left_out
        twin = Frontier(front._x[keep], front._y[keep], configurations=front._configuration[keep])
        at = np.linspace(twin.low * 0.9, twin.high * 1.1, 50)
        for how in MODES:
            np.testing.assert_allclose(made.at(at, how), twin.at(at, how), rtol=1e-12)
            one, other = (f.function(how).log_integral(twin.low, twin.high) for f in (made, twin))
            assert one == pytest.approx(other, rel=1e-9)


def test_points_that_noise_cannot_bring_forward_do_not_change_the_interval():
    x = np.array([20, 40, 80, 15, 30, 50.0])
    y = np.array([900, 500, 100, 9, 5, 1.0])  # the second configuration is a hundred times lower
    front = Frontier(x, y, configurations=[0, 0, 0, 1, 1, 1])
    alone = Frontier(x[:3], y[:3])
    kept = curves.within_noise(front, 0.03)
    assert kept._x.tolist() == alone._x.tolist()
    base = Frontier([20, 80], [300, 50])
    options = {"sigma": 0.03, "replicates": 40}
    assert interval(front, base, **options) == interval(alone, base, **options)


def test_a_point_just_below_the_front_stays_in_the_draw():
    front = Frontier([50, 49.9], [100, 99.9])
    assert len(front) == 1
    assert len(curves.within_noise(front, 0.01)._x) == 2


# --- all groups at once -------------------------------------------------------------------


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(1, 4), st.integers(1, 9), st.integers(1, 9)),
        max_size=30,
    )
)
def test_frontiers_of_groups_are_those_made_group_by_group(points):
    frame = pd.DataFrame(points, columns=["model", "tp", "interactivity", "throughput_per_gpu"])
    made = curves.frontiers(frame, ["model"])
    assert set(made) == {(name,) for name in frame["model"]}
    for (name,), front in made.items():
        twin = Frontier.from_points(frame[frame["model"] == name])
        assert front.rows == twin.rows
        for how in MODES:
            at = np.linspace(twin.low, twin.high, 7)
            np.testing.assert_array_equal(front.at(at, how), twin.at(at, how))


def test_frontiers_of_no_rows_are_none_and_of_a_bad_row_are_an_error():
    frame = pd.DataFrame({"model": ["a"], "interactivity": [0.0], "throughput_per_gpu": [1.0]})
    assert curves.frontiers(frame.head(0), ["model"]) == {}
    with pytest.raises(ValueError, match=r"row 0, interactivity: 0\.0 is not a positive"):
        curves.frontiers(frame, ["model"])
    with pytest.raises(UsageError, match="no column hardware"):
        curves.frontiers(frame, ["hardware"])
