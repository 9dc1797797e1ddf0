"""Movement in time, single configurations, and the rises that are no gain."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontier.curves import Frontier
from frontier.errors import UsageError
from frontier.history import shifts
from history_rows import rows


@pytest.mark.parametrize("function", [lambda f: shifts.movement(f, weeks=4), shifts.false_gains])
def test_undated_rows_change_nothing_and_inputs_stay_as_they_were(function):
    frame = rows(
        ("2026-01-01", 1, 10, 100),
        (None, 1, 99, 999),
        ("2026-01-09", 1, 15, 150),
        ("2026-01-05", 2, 10, 105),
    )
    before = frame.copy(deep=True)
    found = function(frame)
    pd.testing.assert_frame_equal(frame, before)
    pd.testing.assert_frame_equal(found, function(frame.dropna(subset="date")))


# ------------------------------------------------------------------ movement


def moved(frame, kind="attainable", **options):
    table = shifts.movement(frame, **{"weeks": 4, **options})
    return table[table["kind"] == kind]


def test_a_window_shorter_than_a_week_is_a_usage_error():
    with pytest.raises(UsageError, match="at least one week"):
        shifts.movement(rows(("2026-01-01", 1, 10, 1), ("2026-01-02", 1, 10, 1)), weeks=0)


def test_everything_twice_as_fast_is_a_movement_of_exactly_two():
    frame = rows(
        ("2026-01-01", 8, 10, 400),
        ("2026-01-01", 1, 40, 150),
        ("2026-01-08", 8, 10, 800),
        ("2026-01-08", 1, 40, 300),
    )
    for kind in ("attainable", "like-for-like"):
        row = moved(frame, kind).iloc[0]
        assert row["geomean"] == pytest.approx(2)
        assert (row["low"], row["high"], row["days"], row["points"]) == (10, 40, 7, 2)
    assert row["point_geomean"] == pytest.approx(2)


def test_a_wider_sweep_moves_the_attainable_frontier_and_not_like_for_like():
    frame = rows(
        ("2026-01-01", 8, 10, 400),
        ("2026-01-01", 1, 40, 150),
        ("2026-01-08", 8, 10, 400),
        ("2026-01-08", 1, 40, 150),
        ("2026-01-08", 2, 35, 350),
    )
    assert moved(frame)["geomean"].item() > 1.5
    assert moved(frame, "like-for-like")["geomean"].item() == 1


def test_a_frame_of_one_s_own_needs_only_the_columns_that_it_is_asked_by():
    frame = rows(("2026-01-01", 1, 10, 1), ("2026-01-08", 1, 10, 3)).assign(system="one")
    frame = frame[["system", "date", "concurrency", "interactivity", "throughput_per_gpu"]]
    table = moved(frame, "like-for-like", series=["system"], configuration=["system"])
    assert table["geomean"].tolist() == pytest.approx([3])
    assert table[["system", "sources"]].to_numpy().tolist() == [["one", ""]]


def test_no_like_for_like_exists_without_a_repeated_configuration():
    frame = rows(("2026-01-01", 8, 10, 400), ("2026-01-08", 1, 40, 150))
    assert moved(frame, "like-for-like").empty


def test_movement_is_against_the_best_earlier_state():
    frame = rows(("2026-01-01", 1, 10, 100), ("2026-01-15", 1, 2, 20), ("2026-01-20", 1, 11, 110))
    assert moved(frame, weeks=1)["geomean"].tolist() == pytest.approx([1.1])
    point = moved(frame, "like-for-like", weeks=1)["point_geomean"]
    assert point.tolist() == pytest.approx([1.1])


def test_only_movement_between_two_dates_inside_the_window_surely_took_so_little_time():
    frame = rows(("2026-01-01", 1, 10, 100), ("2026-03-01", 1, 20, 200), ("2026-03-06", 1, 30, 300))
    sure = moved(frame, weeks=2)
    assert sure[["geomean", "days"]].values.tolist() == [[pytest.approx(1.5), 5]]
    at_most = moved(frame, weeks=2, gaps=True)
    assert at_most["geomean"].tolist() == pytest.approx([2, 3])
    assert at_most["days"].tolist() == [59, 64]


def test_a_window_longer_than_the_series_starts_with_its_first_state():
    frame = rows(("2026-01-01", 1, 10, 100), ("2026-01-04", 1, 10, 150))
    for gaps in (False, True):
        assert moved(frame, weeks=8, gaps=gaps)["geomean"].tolist() == pytest.approx([1.5])


def test_the_least_movement_grants_the_old_curve_all_it_could_reach_between_its_points():
    frame = rows(
        ("2026-01-01", 8, 10, 1000),
        ("2026-01-01", 1, 50, 100),
        ("2026-01-08", 8, 12, 1200),
        ("2026-01-08", 1, 60, 120),
    )
    row = moved(frame, floor=0).iloc[0]
    # 10-12: 1200 now; the step curve was at 100 there, but it may have run at up to 1000
    share = np.log(1.2) / np.log(5)
    assert row["least"] == pytest.approx(1.2**share)
    assert row["geomean"] == pytest.approx(12**share * 1.2 ** (1 - share))
    found = row[["peak", "peak_at", "peak_before", "peak_after"]].tolist()
    assert found == pytest.approx([1.2, 12, 1000, 1200])


def test_no_peak_is_quoted_where_the_earlier_curve_is_below_the_floor():
    frame = rows(("2026-01-01", 1, 10, 99), ("2026-01-08", 1, 20, 990))
    assert moved(frame)[["peak", "peak_at", "peak_before", "peak_after"]].isna().all(axis=None)
    assert moved(frame, floor=90)["peak"].item() == pytest.approx(10)


def test_the_largest_movement_is_one_row_a_series_kind_and_window():
    frame = rows(("2026-01-01", 1, 10, 100), ("2026-01-08", 1, 10, 150), ("2026-02-08", 1, 10, 160))
    table = shifts.movement(frame, weeks=(2, 8))
    largest = shifts.largest(table)
    assert len(largest) == 4
    picked = largest.set_index(["kind", "weeks"])["geomean"]
    assert picked["attainable", 2] == pytest.approx(1.5)
    assert picked["attainable", 8] == pytest.approx(1.6)
    assert set(table["dates"]) == {3}
    assert set(table["span_days"]) == {38}


points = st.lists(
    st.tuples(
        st.integers(1, 60),
        st.integers(1, 4),
        st.floats(5, 200, allow_subnormal=False),
        st.floats(5, 2000, allow_subnormal=False),
    ),
    min_size=2,
    max_size=14,
)


@settings(deadline=None, max_examples=60)
@given(points)
def test_movement_agrees_with_frontiers_evaluated_on_a_fine_grid(made):
    start = pd.Timestamp("2026-01-01")
    frame = rows(*[(start + pd.Timedelta(days=d), c, x, y) for d, c, x, y in made])
    for _, row in moved(frame, weeks=3).iterrows():
        old = frame[frame["date"] <= row["earlier"]]
        new = frame[frame["date"] <= row["later"]]
        old, new = (Frontier(f["interactivity"], f["throughput_per_gpu"]) for f in (old, new))
        assert 1 <= row["least"] <= row["geomean"] * (1 + 1e-12)
        if row["high"] < row["low"] * 1.01:
            continue
        edges = np.geomspace(row["low"], row["high"], 4001)
        middle = np.sqrt(edges[1:] * edges[:-1])
        logs = np.log(new.at(middle) / old.at(middle))
        # each of at most 28 breakpoints may fall inside a cell of the grid
        slack = 28 * np.ptp(np.r_[logs, 0]) / 4000 + 1e-9
        assert np.log(row["geomean"]) == pytest.approx(logs.mean(), abs=slack)


def test_a_movement_names_every_table_that_its_series_is_from():
    frame = rows(("2026-01-01", 1, 10, 1), ("2026-01-08", 1, 10, 2), source="inferencex")
    assert moved(frame)["sources"].tolist() == ["inferencex"]
    mixed = pd.concat([frame, rows(("2026-01-08", 1, 10, 3), source="captures")])
    assert moved(mixed)["sources"].tolist() == ["captures inferencex"]


# ------------------------------------------------------------------ false gains


def served(date, tpot, ttft, dead=0.0, **fixed):
    """A closed loop of 8 users, each ten requests one after another, then `dead` seconds."""
    duration = 10 * (ttft + tpot * (0.9 * 1000 - 1)) + dead
    throughput = 8 * 10 * 0.9 * 2000 / duration / 8
    return rows((date, 8, 1 / tpot, throughput), **fixed).assign(ttft=ttft)


def kinds(*frames):
    return shifts.false_gains(pd.concat(frames, ignore_index=True))["kind"].tolist()


def test_faster_tokens_are_no_false_gain():
    assert kinds(served("2026-01-01", 0.02, 0.2), served("2026-01-02", 0.01, 0.1)) == []


def test_idle_time_that_leaves_the_window_is_a_false_gain():
    before, after = served("2026-01-01", 0.01, 0.2, dead=74), served("2026-01-02", 0.01, 0.2)
    assert kinds(before, after) == ["dead time"]
    assert shifts.accounted(before).item() == pytest.approx(92 / 166, rel=0.01)
    assert shifts.accounted(after).item() == pytest.approx(1)


def test_a_shorter_wait_for_the_first_token_is_told_apart_from_idle_time():
    found = kinds(served("2026-01-01", 0.01, 4.0), served("2026-01-02", 0.01, 0.2))
    assert found == ["first token"]


def test_a_return_to_the_best_is_a_recovery_and_beyond_it_a_part_recovery():
    good, bad = served("2026-01-01", 0.02, 0.2), served("2026-01-02", 0.05, 0.2)
    assert kinds(good, bad, served("2026-01-03", 0.02, 0.2)) == ["recovery"]
    assert kinds(good, bad, served("2026-01-03", 0.016, 0.2)) == ["part recovery"]


def test_rows_of_different_configurations_are_not_compared():
    before = served("2026-01-01", 0.01, 0.2, dead=74, tp=4)
    assert kinds(before, served("2026-01-02", 0.01, 0.2)) == []


def test_a_false_gain_names_its_row_its_size_and_littles_bound():
    frame = pd.concat(
        [served("2026-01-01", 0.01, 0.0, dead=90), served("2026-01-02", 0.01, 0.0)]
    ).assign(row_id=["a:1", "a:2"])
    found = shifts.false_gains(frame).iloc[0]
    assert found["row_id"] == "a:2"
    assert found["gain"] == pytest.approx((89.9 + 90) / 89.9)
    # 0.9 of nominal lengths and the first token cancel out but for one token
    assert found["bound_after"] == pytest.approx(900 / 899)
    assert found["bound_before"] == pytest.approx(900 / 899 * 89.9 / 179.9)


# ------------------------------------------------------------------ one configuration at a time


def run(date, concurrency, interactivity, throughput, **fixed):
    return rows((date, concurrency, interactivity, throughput), caveat="", **fixed)


def test_a_run_without_an_earlier_one_within_the_window_has_not_risen():
    frame = pd.concat([run("2026-01-01", 8, 10, 100), run("2026-06-01", 8, 20, 300)])
    assert shifts.risen(frame, weeks=8).empty


def test_what_rose_is_the_best_later_run_of_each_configuration_over_its_best_earlier_one():
    frame = pd.concat(
        [
            run("2026-01-01", 8, 10, 100),
            run("2026-01-08", 8, 10, 120),
            run("2026-02-01", 8, 30, 480),
            run("2026-02-02", 8, 30, 240),
            run("2026-01-01", 16, 10, 100),
            run("2026-01-02", 16, 10, 90),
        ]
    )
    found = shifts.risen(frame, weeks=4).set_index("concurrency")
    assert found.loc[8, "gain"] == pytest.approx(480 / 120)  # from the 8th, the first in the window
    assert found.loc[8, "throughput_per_gpu"] == 480
    assert found.loc[16, "gain"] == pytest.approx(0.9)


def test_the_gain_since_a_day_is_in_speed_and_of_points_on_both_sides_of_it():
    frame = pd.concat(
        [
            run("2026-01-01", 8, 10, 100),
            run("2026-03-01", 8, 12, 999),
            run("2026-03-02", 8, 11, 1),
            run("2026-01-01", 16, 5, 50),
            run("2026-03-01", 32, 5, 50),
            run(None, 16, 50, 50),
        ]
    )
    assert np.exp(shifts.gains_since(frame, "2026-01-31")) == pytest.approx([1.2])
    assert len(shifts.gains_since(frame, "2025-01-31")) == 0
    assert len(shifts.gains_since(frame, "2026-12-31")) == 0
    with pytest.raises(UsageError, match="YYYY-MM-DD"):
        shifts.gains_since(frame, "soon")


@given(st.lists(st.floats(0.2, 5), min_size=1, max_size=6), st.floats(0.5, 2))
def test_a_gain_that_all_points_have_is_that_gain_since_the_day(speeds, gain):
    points = [("2026-01-01", i + 1, speed, 1.0) for i, speed in enumerate(speeds)]
    points += [("2026-05-01", i + 1, speed * gain, 1.0) for i, speed in enumerate(speeds)]
    found = shifts.gains_since(rows(*points), "2026-02-01")
    assert np.exp(found) == pytest.approx([gain] * len(speeds))
