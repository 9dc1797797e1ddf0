"""How far single configurations moved in time."""

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from frontier.errors import UsageError
from frontier.history import shifts
from history_rows import rows


def test_a_window_shorter_than_a_week_is_a_usage_error():
    with pytest.raises(UsageError, match="at least one week"):
        shifts.risen(run("2026-01-01", 1, 10, 1), weeks=0)


def test_undated_rows_change_nothing_and_inputs_stay_as_they_were():
    frame = rows(
        ("2026-01-01", 1, 10, 100),
        (None, 1, 99, 999),
        ("2026-01-09", 1, 15, 150),
        ("2026-01-05", 2, 10, 105),
    )
    before = frame.copy(deep=True)
    found = shifts.risen(frame, weeks=4)
    pd.testing.assert_frame_equal(frame, before)
    pd.testing.assert_frame_equal(found, shifts.risen(frame.dropna(subset="date"), weeks=4))
    assert found["gain"].tolist() == [1.5]


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


def slowly_risen(frame, weeks):
    """The same by its definition: every later day against the first one in its window."""
    found = []
    for _, group in frame.groupby("concurrency"):
        group, moves = group.sort_values("date", kind="stable"), []
        for later in sorted(group["date"].unique()):
            earlier = group["date"][group["date"] >= later - pd.Timedelta(weeks=weeks)].min()
            before = group[group["date"] <= earlier]["throughput_per_gpu"]
            since = group[(group["date"] > earlier) & (group["date"] <= later)]
            if len(since):
                gain = since["throughput_per_gpu"].max() / before.max()
                runs = group[group["date"] == later]["throughput_per_gpu"]
                row = frame.loc[runs[runs == runs.max()].index[-1], "row_id"]
                first = before.max() / group["throughput_per_gpu"].iloc[0] <= 1 + shifts.NOISE
                moves.append((row, gain, earlier, first))
        found += sorted(moves, key=lambda move: -move[1])[:1]
    return {row: rest for row, *rest in found}


@given(
    st.lists(
        st.tuples(st.integers(0, 90), st.integers(1, 3), st.sampled_from([100, 103, 120, 240])),
        min_size=1,
        max_size=14,
    )
)
@example([(0, 1, 100), (7, 1, 240), (14, 1, 240), (7, 1, 240)])
def test_what_rose_is_what_its_definition_says_day_by_day(points):
    start = pd.Timestamp("2026-01-01")
    frame = rows(*[(start + pd.Timedelta(days=day), users, 10, tok) for day, users, tok in points])
    found = shifts.risen(frame, weeks=4)
    slow = slowly_risen(frame, 4)
    assert {
        row.row_id: [row.gain, row.earlier, row.first_state] for row in found.itertuples()
    } == slow
    assert found["throughput_per_gpu"].is_monotonic_increasing
