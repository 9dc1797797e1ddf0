from itertools import combinations, pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontier.curves import Frontier
from frontier.data.measurements import CONFIGURATION
from frontier.errors import UsageError
from frontier.history import shifts

FIXED = {
    "model": "deepseek-r1", "hardware": "h200", "framework": "sglang", "precision": "fp8",
    "speculative": False, "disaggregated": False, "gpus": 8, "prefill_gpus": 8,
    "decode_gpus": 8, "tp": 8, "ep": 1, "dp_attention": False, "isl": 1000, "osl": 1000,
    "source": "made_up", "prefill": "", "ttft": 0.0,
}  # fmt: skip


def rows(*points, **fixed):
    """Rows of (date, concurrency, interactivity, throughput per GPU)."""
    frame = pd.DataFrame(
        points, columns=["date", "concurrency", "interactivity", "throughput_per_gpu"]
    )
    frame["date"] = pd.to_datetime(frame["date"])
    frame["tpot"] = 1 / frame["interactivity"]
    frame["row_id"] = [f"made_up:{i + 1}" for i in range(len(frame))]
    return frame.assign(**{**FIXED, **fixed})


def changes(*entries):
    """Changes of (date, pull request, configuration key, kinds), as in the table."""
    frame = pd.DataFrame(entries, columns=["date", "pull_request", "config_key", "kinds"])
    parts = [key.split("-") if "*" not in key else ["", "", ""] for key in frame["config_key"]]
    names = {"dsr1": "deepseek-r1", "gptoss": "gpt-oss-120b"}
    return frame.assign(
        date=pd.to_datetime(frame["date"]),
        model=[names.get(part[0], part[0]) for part in parts],
        hardware=[part[2] for part in parts],
    )


# ------------------------------------------------------------------ as of a date


@pytest.mark.parametrize("date", ["yesterday-ish", None, "2026-13-01", ""])
def test_what_is_not_a_date_is_a_usage_error(date):
    with pytest.raises(UsageError, match="YYYY-MM-DD"):
        shifts.as_of(rows(("2026-01-01", 1, 10, 100)), date)


def test_as_of_includes_its_date_and_never_an_undated_row():
    frame = rows(("2026-01-01", 1, 10, 1), ("2026-01-02", 1, 10, 2), (None, 1, 10, 3))
    assert shifts.as_of(frame, "2026-01-01")["throughput_per_gpu"].tolist() == [1]
    assert shifts.as_of(frame, "2099-01-01")["throughput_per_gpu"].tolist() == [1, 2]
    assert shifts.left_out(frame, "2026-01-01") == {"undated": 1, "later": 1}


# ------------------------------------------------------------------ records


def test_the_first_date_of_a_series_is_no_record():
    assert shifts.records(rows(("2026-01-01", 1, 10, 100))).empty


def test_a_rise_within_the_threshold_is_no_record_wherever_it_lies_on_the_step():
    frame = rows(
        ("2026-01-01", 8, 10, 1000),
        ("2026-01-01", 1, 50, 100),
        ("2026-01-02", 8, 10.4, 1040),
        ("2026-01-02", 1, 52, 104),
    )
    assert shifts.records(frame).empty  # though just right of 10 the step curve rose tenfold


def test_a_recovery_is_no_record_and_what_beats_the_best_earlier_state_is():
    frame = rows(
        ("2026-01-01", 1, 10, 100),
        ("2026-01-02", 1, 5, 50),
        ("2026-01-03", 1, 10, 100),
        ("2026-01-04", 1, 10, 130),
    )
    found = shifts.records(frame)
    assert found["date"].tolist() == [pd.Timestamp("2026-01-04")]
    assert found["previous"].tolist() == [pd.Timestamp("2026-01-03")]
    assert found["rows"].tolist() == [("made_up:4",)]
    assert found["factor_max"].item() == found["excess"].item() == pytest.approx(1.3)


def test_a_record_names_the_range_it_raised_and_the_factors_over_it():
    frame = rows(
        ("2026-01-01", 8, 10, 400),
        ("2026-01-01", 4, 20, 200),
        ("2026-01-01", 1, 40, 100),
        ("2026-01-02", 4, 30, 300),
    )
    record = shifts.records(frame).iloc[0]
    # 10-20: 300/200; 20-30: 300/100; 30-40 as before
    assert (record["raised_from"], record["raised_to"]) == (10, 30)
    assert (record["factor_max"], record["factor_max_at"]) == (3, 30)
    weights = np.log([2, 1.5])
    expected = np.exp(np.average(np.log([1.5, 3]), weights=weights))
    assert record["factor_geomean"] == pytest.approx(expected)
    assert record["excess"] == pytest.approx(1.5)
    assert not record["new_configuration"]


def test_reaching_beyond_what_was_measured_has_no_factor():
    frame = rows(("2026-01-01", 4, 20, 200), ("2026-01-02", 1, 60, 50), ("2026-01-02", 64, 5, 900))
    record = shifts.records(frame).iloc[0]
    assert np.isnan(record["factor_max"])
    assert (record["extended_down_to"], record["extended_up_to"]) == (5, 60)
    assert record["new_configuration"]


def test_a_wider_sweep_is_flagged_even_when_another_row_was_measured_before():
    frame = rows(("2026-01-01", 1, 10, 100), ("2026-01-02", 1, 12, 120), ("2026-01-02", 2, 10, 150))
    assert shifts.records(frame)["new_configuration"].tolist() == [True]
    assert shifts.records(frame.drop(index=2))["new_configuration"].tolist() == [False]


def test_series_do_not_mix_unless_asked_to():
    frame = pd.concat(
        [rows(("2026-01-01", 1, 10, 100)), rows(("2026-01-02", 1, 10, 200), framework="trt")]
    )
    assert shifts.records(frame).empty
    mixed = shifts.records(frame, series=["model", "hardware"])
    assert mixed["factor_max"].tolist() == [2]
    assert mixed.columns[:3].tolist() == ["model", "hardware", "previous"]


@pytest.mark.parametrize(
    "function", [shifts.records, lambda f: shifts.movement(f, weeks=4), shifts.false_gains]
)
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


@settings(deadline=None, max_examples=60)
@given(points)
def test_a_record_is_what_raises_or_extends_the_attainable_curve(made):
    start = pd.Timestamp("2026-01-01")
    frame = rows(*[(start + pd.Timedelta(days=d), c, x, y) for d, c, x, y in made])
    found = set(shifts.records(frame, threshold=0)["date"])
    for date in sorted(set(frame["date"]))[1:]:
        old = frame[frame["date"] < date]
        front = Frontier(old["interactivity"], old["throughput_per_gpu"])
        now = frame[frame["date"] == date]
        before = front.at(now["interactivity"].to_numpy())
        higher = np.isnan(before) | (now["throughput_per_gpu"].to_numpy() > before)
        assert (date in found) == higher.any()


# ------------------------------------------------------------------ level shifts


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
    found = shifts.segments(values, penalty=penalty, minimum_length=minimum_length)
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
        shifts.level_shifts([1.0] * 7, days(7))


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf])
def test_a_value_that_has_no_logarithm_is_named(bad):
    with pytest.raises(UsageError, match="value 3 is"):
        shifts.level_shifts([1.0, 1, 1, bad, 1, 1, 1, 1], days(8))


def test_dates_out_of_order_or_twice_are_refused():
    for order in ([1, 0, 2, 3, 4, 5, 6, 7], [0, 0, 2, 3, 4, 5, 6, 7]):
        with pytest.raises(UsageError, match="strictly rising"):
            shifts.level_shifts([1.0] * 8, days(8)[order])


def test_identical_runs_and_two_runs_within_noise_have_no_shift():
    assert shifts.level_shifts([100.0] * 12, days(12)).empty
    assert shifts.level_shifts([100.0] * 10 + [104.0] * 2, days(12)).empty


def test_one_bad_run_is_no_shift():
    assert shifts.level_shifts([100.0] * 5 + [60.0] + [100.0] * 6, days(12)).empty


def test_a_step_is_found_with_its_size_its_interval_and_its_dates():
    wobble = np.array([1.0, 1.004, 0.996, 1.002, 0.998])
    values = np.r_[100 * wobble, 150 * wobble]
    found = shifts.level_shifts(values, days(10)).iloc[0]
    assert found["index"] == 5
    assert (found["previous"], found["date"]) == (days(10)[4], days(10)[5])
    assert found["size"] == pytest.approx(1.5)
    assert found["size_low"] < 1.5 < found["size_high"]
    assert found["size_high"] / found["size_low"] < 1.05
    assert found["new_best"]


def test_a_rise_back_to_an_earlier_level_is_a_recovery_and_not_a_new_best():
    values = [100.0] * 4 + [50.0] * 4 + [102.0] * 4 + [120.0] * 4
    found = shifts.level_shifts(values, days(16))
    assert found["index"].tolist() == [4, 8, 12]
    assert found["new_best"].tolist() == [False, False, True]
    assert found["over_best"].tolist() == pytest.approx([0.5, 1.02, 120 / 102])


def test_pure_noise_hardly_ever_shifts_and_a_clear_step_hardly_ever_hides():
    generator = np.random.default_rng(7)
    false = hits = 0
    for _ in range(200):
        noise = generator.normal(0, 0.03, 24)
        false += len(shifts.segments(noise))
        step = noise + np.where(np.arange(24) >= 12, np.log(1.57), 0)
        hits += any(abs(i - 12) <= 1 for i in shifts.segments(step))
    assert false <= 20  # at most one false shift in ten series
    assert hits >= 190


def test_shifts_by_point_never_mix_concurrencies_and_say_how_many_were_looked_at():
    made = [(d, 4, 10 + 10 * (i >= 5), 100 + 100 * (i >= 5)) for i, d in enumerate(days(10))]
    made += [(d, 64, 5, 900) for d in days(10)]  # steady
    made += [(d, 1, 50 + i, 10 + i) for i, d in enumerate(days(7))]  # too few dates
    found, looked = shifts.level_shifts_by_point(rows(*made))
    assert looked == 2
    assert found["concurrency"].tolist() == [4]
    assert found["size"].tolist() == pytest.approx([2])
    assert found["dates"].tolist() == [10]


def test_without_dates_enough_nothing_is_looked_at():
    found, looked = shifts.level_shifts_by_point(rows(("2026-01-01", 1, 10, 100)))
    assert looked == 0
    assert found.empty
    assert set(CONFIGURATION) | {"size", "new_best"} <= set(found.columns)


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


# ------------------------------------------------------------------ changes

POINT = {**FIXED, "hardware": "b200", "precision": "fp4"}
JUMP = ("2026-03-01", "2026-03-22")


def fits(key, **other):
    log = changes(("2026-03-10", 7, key, "engine_image"))
    return len(shifts.coinciding(JUMP, {**POINT, **other}, log)) == 1


@pytest.mark.parametrize(
    "key",
    [
        "dsr1-fp8-b200-sglang",
        "dsr1-fp4-b300-sglang",
        "dsr1-fp4-gb200-sglang",
        "gptoss-fp4-b200-sglang",
        "dsr1-fp4-b200-trt",
        "dsr1-fp4-b200-dynamo-sglang",
        "dsr1-fp4-b200-sglang-mtp",
        "dsr1-fp4-b200-sglang-disagg",
        "dsr1-fp4-b200-sglang-agentic-mtp",
        "gptoss*",
        "dsr1-fp8-*",
        "dsr1-fp4-b200-sglang2",
    ],
)
def test_a_change_to_another_configuration_does_not_coincide(key):
    assert not fits(key)


@pytest.mark.parametrize(
    "key", ["dsr1-fp4-b200-sglang", "dsr1*", "dsr1-fp4-*-sglang", "*b200-sglang"]
)
def test_a_change_to_this_configuration_by_name_or_by_glob_coincides(key):
    assert fits(key)


def test_marks_of_speculation_and_disaggregation_fit_the_rows_that_have_them():
    assert fits("dsr1-fp4-b200-sglang-mtp", speculative=True)
    assert fits("dsr1-fp4-b200-sglang", speculative=True)
    apart = {"disaggregated": True, "framework": "mori-sglang", "hardware": "mi355x"}
    assert fits("dsr1-fp4-mi355x-sglang-disagg", **apart)
    assert not fits("dsr1-fp4-mi355x-sglang", **apart)
    assert fits("dsr1-fp4-b200-dynamo-trt", disaggregated=True, framework="dynamo-trt")


def test_a_change_coincides_from_21_days_before_the_jump_to_its_day():
    key = "dsr1-fp4-b200-sglang"
    log = changes(
        ("2026-02-28", 1, key, "fix"),
        ("2026-03-01", 2, key, "fix;engine_image"),
        ("2026-03-22", 3, key, "new_recipe"),
        ("2026-03-23", 4, key, "fix"),
        ("2026-03-10", 5, key, "fix"),
        ("2026-03-10", 5, "dsr1*", "sweep_range"),
    )
    found = shifts.coinciding(JUMP, POINT, log)
    assert found["pull_request"].tolist() == [2, 5, 3]
    assert found["kinds"].tolist() == ["fix;engine_image", "fix;sweep_range", "new_recipe"]
    later = shifts.coinciding(("2026-03-11", "2026-03-22"), POINT, log)
    assert later["after_previous"].tolist() == [False, False, True]
    assert shifts.coinciding(JUMP, POINT, log, days=5)["pull_request"].tolist() == [3]


def test_pace_counts_pull_requests_a_week_without_holes():
    log = changes(
        ("2026-03-02", 1, "dsr1-fp4-b200-sglang", "fix;engine_image"),
        ("2026-03-08", 1, "dsr1-fp8-b200-sglang", "fix;engine_image"),
        ("2026-03-17", 2, "gptoss-fp4-gb200-trt", "engine_image"),
        ("2026-03-17", 3, "dsr1*", "fix"),
    )
    table = shifts.pace(log)
    assert table.index.strftime("%m-%d").tolist() == ["03-02", "03-09", "03-16"]
    assert table["changes"].tolist() == [1, 0, 2]
    assert table["configurations"].tolist() == [2, 0, 2]
    assert table["fix"].tolist() == [1, 0, 1]
    assert shifts.pace(log, model="gpt-oss-120b")["changes"].tolist() == [1]
    assert shifts.pace(log, model="deepseek-r1", hardware="b200")["changes"].sum() == 2
    with pytest.raises(UsageError, match=r"hardware 'h100'.*b200, gb200"):
        shifts.pace(log, hardware="h100")


# ------------------------------------------------------------------ releases


def releases(*cells):
    """Cells of (version, date, method, model, configuration, output tok/s/GPU)."""
    names = ["version", "date", "method", "model", "configuration", "output_throughput_per_gpu"]
    frame = pd.DataFrame(cells, columns=names)
    frame["date"] = pd.to_datetime(frame["date"])
    return frame.assign(gpu="H100", precision="fp8", isl=128, osl=2048)


CELLS = (
    ("0.5.0", "2023-10-20", "static-batch", "llama-2-70b", "TP4", 100.0),
    ("0.9.0", "2024-04-11", "static-batch", "llama-2-70b", "TP4", 210.0),
    ("0.17", "2025-01-30", "engine-in-flight", "llama-3.1-70b", "TP4", 300.0),
    ("1.0", "2025-09-24", "pytorch-in-flight", "llama-3.3-70b", "TP4", 500.0),
    ("1.0", "2025-09-24", "pytorch-in-flight", "llama-3.3-70b", "TP2", 600.0),
    ("1.1-era", None, "pytorch-in-flight", "llama-3.3-70b", "TP2", 660.0),
)


def test_a_release_series_is_relative_to_its_first_release():
    table = shifts.release_series(releases(*CELLS))
    four = table[table["configuration"] == "TP4"]
    assert four["ratio"].tolist() == pytest.approx([1, 2.1, 3, 5])
    assert four["spliced"].tolist() == [False, False, True, True]
    two = table[table["configuration"] == "TP2"]
    assert two["ratio"].tolist() == pytest.approx([1, 1.1])


def test_the_best_of_each_release_says_which_configuration_it_is():
    best = shifts.release_series(releases(*CELLS), best=True)
    assert best["ratio"].tolist() == pytest.approx([1, 2.1, 3, 6, 6.6])
    assert best["configuration"].tolist()[-3:] == ["TP4", "TP2", "TP2"]


def test_models_are_spliced_only_on_request_and_a_single_release_is_no_series():
    apart = shifts.release_series(releases(*CELLS), families={})
    assert set(apart["model"]) == {"llama-2-70b", "llama-3.3-70b"}
    assert not apart["spliced"].any()


def test_times_to_a_factor_count_dated_releases_only():
    series = shifts.release_series(releases(*CELLS), best=True)
    times = shifts.release_times(series, best=True, factors=(2, 5, 6.5)).iloc[0]
    assert times["days_to_2"] == 174
    assert times["days_to_5"] == 705
    assert np.isnan(times["days_to_6.5"])
    assert (times["top"], times["top_version"]) == (pytest.approx(6.6), "1.1-era")
    assert (times["releases"], times["methods"], times["spliced"]) == (5, 3, True)


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
