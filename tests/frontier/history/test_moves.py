"""What moved between two states of the rows, on pairs of states whose answer is known."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontier import curves
from frontier.data import tables
from frontier.history import moves
from measured import X, Y, pair, sweep, together

SIGMA = 0.016


def compare(old, new, **options):
    return moves.compare(old, new, sigma=SIGMA, replicates=200, **options)


def only(found):
    (move,) = found
    return move


# Nothing moved


def test_equal_states_have_no_move():
    assert compare(pair(3), pair(3)) == []


def test_the_order_and_the_numbers_of_rows_are_no_move():
    rows = pair(3)
    shuffled = rows.sample(frac=1, random_state=1).assign(row_id="other", source="inferencex_posts")
    assert compare(rows, shuffled) == []


def test_a_point_below_the_frontier_is_no_move():
    assert compare(sweep(), together(sweep(), sweep(X[2:3], Y[2:3] / 2, tp=4))) == []


def test_states_without_rows_have_no_move():
    empty = sweep().iloc[:0]
    assert compare(empty, empty) == []


# Known answers


def test_a_doubled_frontier_rose_by_two_everywhere():
    move = only(compare(sweep(), sweep(y=2 * Y, framework="sglang")))
    assert move["kind"] == "rose"
    assert move["ratio"] == move["largest"] == move["least"] == 2
    assert move["low"] < 2 < move["high"] and move["high"] / move["low"] < 1.2
    assert (move["from"], move["to"]) == (X[0], X[-1])
    assert (move["moved_from"], move["moved_to"]) == (X[0], X[-1])
    assert "a new framework: sglang" in move["coincides"]


def test_a_frontier_that_only_reaches_further_did_not_rise():
    move = only(compare(sweep(), together(sweep(), sweep([500], [100], tp=4))))
    assert (move["kind"], move["ratio"]) == ("extended", 1)
    assert move["moved_from"] is None
    assert move["reach"] == f"up to 500 tok/s/user, before {X[-1]:g}"
    assert move["coincides"] == ["1 new configuration, such as trt fp8, 8 GPUs, TP 4"]


def test_a_frontier_extended_to_the_left_says_from_where():
    move = only(compare(sweep(), together(sweep(), sweep([5], [3 * Y[0]], tp=4))))
    assert (move["kind"], move["reach"]) == ("extended", "from 5 tok/s/user, before 10")


def test_a_removed_configuration_leaves_a_shorter_frontier():
    old = together(sweep(), sweep([500], [100], tp=4))
    move = only(compare(old, sweep()))
    assert (move["kind"], move["ratio"]) == ("shortened", 1)
    assert move["coincides"] == ["1 row that carried it before is gone"]


def test_a_row_corrected_downward_is_named_as_a_correction():
    y = Y.copy()
    y[4] *= 0.75
    old, new = sweep(), sweep()
    new.loc[4, ["throughput_per_gpu", "output_throughput_per_gpu"]] *= 0.75
    move = only(compare(old, new))
    assert move["kind"] == "fell"
    # The step of the point before holds on a ninth of the range; it is Y[5] / Y[4] = 0.71 of it.
    expected = 0.75 ** (math.log(X[4] / X[3]) / math.log(X[-1] / X[0]))
    assert move["ratio"] == pytest.approx(expected, rel=1e-5)
    assert (move["least"], move["moved_to"]) == (0.75, pytest.approx(X[4], rel=1e-5))
    assert move["coincides"][0].startswith("a correction of 1 run known before")
    assert "2,500 before, 1,880 tok/s/GPU now" in move["coincides"][0]


def test_a_first_point_is_a_new_frontier_and_thin():
    move = only(compare(sweep(), together(sweep(), sweep([40], [900], hardware="gb300"))))
    assert (move["kind"], move["hardware"], move["ratio"]) == ("new", "gb300", None)
    assert "1 point on the frontier after" in move["thin"]
    assert move["coincides"] == ["first rows, source: inferencex_captures"]


def test_a_frontier_without_rows_now_is_gone():
    assert only(compare(pair(3), sweep()))["kind"] == "gone"


def test_frontiers_that_share_no_interactivity_have_no_ratio():
    move = only(compare(sweep([10, 20], [100, 50]), sweep([40, 80], [30, 20])))
    assert (move["kind"], move["ratio"]) == ("elsewhere", None)


def test_a_frontier_of_one_shared_point_has_a_ratio_and_says_that_it_is_thin():
    move = only(compare(sweep([40], [100]), sweep([40], [200], tp=4)))
    assert (move["kind"], move["ratio"], move["low"]) == ("rose", 2, None)
    assert "one interactivity is shared" in move["thin"]


def test_a_change_within_run_noise_is_no_rise():
    move = only(compare(sweep(), sweep(y=1.01 * Y, date="2026-02-01")))
    assert move["kind"] == "noise"


def test_undated_rows_are_said_to_be():
    old, new = (sweep(y=y).assign(date=np.datetime64("NaT")) for y in (Y, 2 * Y))
    move = only(compare(old, new))
    assert "no row is dated" in move["thin"]


# What coincides


def test_what_coincides_is_named_from_the_rows_that_decide():
    old = sweep(image="engine:1")
    new = together(old, sweep(X[:3], 2 * Y[:3], image="engine:2", date="2026-02-01"))
    told = only(compare(old, new))["coincides"]
    assert "a new image: engine:2 (before: engine:1)" in told
    # A new engine that decides nothing is not named.
    idle = together(old, sweep(X[:3], Y[:3] / 2, image="engine:3", date="2026-02-01"))
    assert compare(old, idle) == []


def test_a_wider_sweep_and_a_further_run_are_told_apart():
    old = sweep()
    wider = sweep([500], [100])
    assert "a wider sweep: 1 point" in only(compare(old, together(old, wider)))["coincides"][0]
    again = sweep(date="2026-02-01").assign(
        throughput_per_gpu=2 * Y, output_throughput_per_gpu=2 * Y / 2
    )
    assert only(compare(old, together(old, again)))["coincides"] == [
        "further runs of 9 points measured before"
    ]


def test_logged_changes_that_fit_and_were_merged_between_the_runs_are_named():
    old = sweep(framework="sglang")
    new = together(old, sweep(y=2 * Y, framework="sglang", date="2026-02-10"))
    changes = tables.read("changes").iloc[:0]
    day = np.datetime64("2026-02-03")
    fits = {"date": day, "pull_request": 7, "config_key": "dsr1-fp8-h200-sglang"}
    others = [
        {**fits, "pull_request": 8, "config_key": "dsr1-fp8-b200-sglang"},
        {**fits, "pull_request": 9, "date": np.datetime64("2026-01-14")},
        {**fits, "pull_request": 10, "date": np.datetime64("2026-03-01")},
    ]
    blank = dict.fromkeys(changes.columns, "")
    log = type(changes)([{**blank, **one} for one in (fits, *others)])
    told = only(compare(old, new, changes=log))["coincides"]
    assert told[-1] == "merged pull requests of the recipes: 7 (2026-02-03)"


# Properties


point = st.tuples(st.integers(5, 500).map(float), st.integers(10, 100_000).map(float))
points = st.lists(point, min_size=1, max_size=8, unique_by=lambda one: one[0])


@settings(max_examples=10)
@given(points, st.floats(1.3, 20))
def test_a_scaled_frontier_has_that_ratio_and_back_is_its_inverse(found, factor):
    x, y = map(np.array, zip(*found, strict=True))
    old, new = sweep(x, y), sweep(x, y * factor, tp=4)
    up, down = only(compare(old, new)), only(compare(new, old))
    assert up["ratio"] == pytest.approx(factor, rel=1e-5)
    assert up["ratio"] * down["ratio"] == pytest.approx(1, rel=1e-4)
    # On a narrow range run noise can move the ends further than the ratio.
    assert up["kind"] in ("rose", "noise") and down["kind"] in ("fell", "noise")


@settings(max_examples=8)
@given(points, points)
def test_more_rows_never_lower_a_frontier(some, more):
    old = sweep(*map(np.array, zip(*some, strict=True)))
    new = together(old, sweep(*map(np.array, zip(*more, strict=True)), tp=4))
    for move in compare(old, new):
        if move["kind"] == "elsewhere":
            assert move["reach"].endswith("above all before")
            continue
        assert move["kind"] in ("rose", "extended", "noise")
        assert move["least"] >= 1 - 1e-9
        slow = curves.geometric_mean(
            curves.Frontier.from_points(new), curves.Frontier.from_points(old)
        )
        assert move["ratio"] == pytest.approx(slow, rel=1e-5)
