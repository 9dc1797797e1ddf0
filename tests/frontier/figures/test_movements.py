import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontier import claims
from frontier.data import measurements, tables
from frontier.errors import UsageError
from frontier.figures import movements
from frontier.history import releases, shifts

FIXED = {
    "model": "deepseek-r1", "hardware": "h200", "framework": "sglang", "precision": "fp8",
    "speculative": False, "disaggregated": False, "gpus": 8, "prefill_gpus": 8,
    "decode_gpus": 8, "tp": 8, "ep": 1, "dp_attention": False, "isl": 1024, "osl": 1024,
    "source": "inferencex_captures", "prefill": "", "ttft": 0.1, "caveat": "", "run_url": "",
}  # fmt: skip
DOUBLING = claims.claim("gptoss-aug-sep-2x")
FIVEFOLD = claims.claim("weeks-not-years")


def rows(*points, **fixed):
    """Rows of (date, concurrency, interactivity, throughput per GPU)."""
    frame = pd.DataFrame(
        points, columns=["date", "concurrency", "interactivity", "throughput_per_gpu"]
    )
    frame["date"] = pd.to_datetime(frame["date"])
    frame["tpot"] = 1 / frame["interactivity"]
    frame["row_id"] = [f"made_up:{i + 1}" for i in range(len(frame))]
    return frame.assign(**{**FIXED, **fixed})


def history(*values, days=7):
    """One configuration at one concurrency, a run every so many days, speed and rate together."""
    dates = pd.date_range("2026-01-05", periods=len(values), freq=f"{days}D")
    return rows(*((day, 8, value / 10, value) for day, value in zip(dates, values, strict=True)))


def changes(*entries):
    """Changes of (date, pull request), about the configuration of `FIXED`."""
    frame = pd.DataFrame(entries, columns=["date", "pull_request"])
    return frame.assign(
        date=pd.to_datetime(frame["date"]),
        config_key="dsr1-fp8-h200-sglang",
        kinds="fix",
        model="deepseek-r1",
        hardware="h200",
    )


def like(frame, **options):
    moved = movements.examined(frame, **{"weeks": [8], **options})
    return moved[moved["kind"] == "like-for-like"]


# ------------------------------------------------------------------ examined


@pytest.mark.parametrize("values", [[100], [100, 200]])
def test_nothing_measured_twice_within_a_window_is_a_usage_error_that_says_what_to_widen(values):
    with pytest.raises(UsageError, match="within 1 weeks; widen model"):
        movements.examined(history(*values, days=30), weeks=[1])


def test_a_jump_from_the_first_run_starts_from_the_first_state():
    (jump,) = like(history(100, 300)).itertuples()
    assert jump.first_state
    assert jump.first_days == 0
    assert jump.cautions == "first state"


def test_a_jump_after_an_earlier_rise_does_not_start_from_the_first_state():
    moved = like(history(100, 120, 300), weeks=[1])
    assert moved["first_state"].tolist() == [True, False]
    assert moved["first_days"].tolist() == [0, 7]
    assert moved["cautions"].tolist() == ["first state", ""]


def test_a_rise_within_noise_or_a_wait_leaves_the_first_state_the_first_state():
    moved = like(history(100, 104, 100, 103, 300), weeks=[1])
    assert moved["first_state"].all()
    assert moved["first_days"].tolist() == [0, 7, 14, 21]


def test_a_wider_sweep_is_no_earlier_rise_of_what_is_compared():
    first, wider, jump = "2026-01-05", "2026-01-12", "2026-01-19"
    frame = rows((first, 8, 10, 100), (wider, 8, 10, 100), (wider, 4, 40, 90), (jump, 8, 30, 300))
    assert like(frame, weeks=[1])["first_state"].tolist() == [True, True]


def test_idle_time_counts_as_a_caution_only_in_the_earlier_state():
    frame = history(100, 300)
    before = frame.assign(caveat=["dead-time", ""])
    after = frame.assign(caveat=["", "dead-time"])
    assert like(before)["cautions"].tolist() == ["first state; idle time before"]
    assert like(after)["cautions"].tolist() == ["first state"]


def test_a_false_gain_is_named_only_by_the_moves_that_hold_it():
    frame = history(100, 200, 100, 200, 200)  # the third run is a fault that the fourth ends
    assert shifts.false_gains(frame)["kind"].tolist() == ["recovery"]
    moved = like(frame, weeks=[1]).set_index("later")["cautions"]
    assert ["recovery" in text for text in moved] == [False, False, True, False]


def test_rows_without_a_date_change_nothing_and_no_input_is_changed():
    frame = history(100, 120, 300)
    undated = pd.concat([frame, frame.assign(throughput_per_gpu=9e9)], ignore_index=True)
    undated.loc[3:, "date"] = pd.NaT
    kept = undated.copy()
    pd.testing.assert_frame_equal(
        movements.examined(undated, weeks=[2]), movements.examined(frame, weeks=[2])
    )
    pd.testing.assert_frame_equal(
        shifts.singles(undated, weeks=[2]), shifts.singles(frame, weeks=[2])
    )
    pd.testing.assert_frame_equal(undated, kept)


# ------------------------------------------------------------------ singles


def test_a_recovery_is_no_gain_over_the_best_earlier_state():
    gains = shifts.singles(history(100, 50, 100), weeks=[8])["gain"]
    assert gains.max() == 1


def test_a_gain_is_taken_over_the_first_state_inside_the_window():
    moved = shifts.singles(history(100, 200, 300), weeks=[1, 2])
    found = moved.set_index(["weeks", "later"])["gain"]
    assert found[1].tolist() == [2, 1.5]
    assert found[2].tolist() == [2, 3]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.sampled_from([4, 8]), st.integers(1, 9)),
        min_size=2,
        max_size=12,
    )
)
def test_singles_are_the_movement_of_series_of_one_point(runs):
    start = pd.Timestamp("2026-01-05")
    frame = rows(*((start + pd.Timedelta(days=d), c, 10.0 * v, 100.0 * v) for d, c, v in runs))
    slow = shifts.movement(frame, weeks=[2, 5], series=shifts.POINT)
    slow = slow[slow["kind"] == "like-for-like"]
    keys = ["concurrency", "weeks", "earlier", "later"]
    expected = slow.set_index(keys)["point_geomean"].sort_index()
    found = shifts.singles(frame, weeks=[5, 2]).set_index(keys)["gain"].sort_index()
    assert found.index.tolist() == expected.index.tolist()
    np.testing.assert_allclose(found.to_numpy(float), expected.to_numpy(float))


# ------------------------------------------------------------------ exhibits


def test_a_selection_without_a_like_for_like_move_is_said_in_a_sentence():
    frame = rows(("2026-01-05", 8, 10, 100), ("2026-01-12", 4, 20, 90))
    moved, single = movements.examined(frame, weeks=[2]), shifts.singles(frame, weeks=[2])
    log = changes(("2026-01-01", 1))
    for shown in (
        movements.spread(moved, claimed=[DOUBLING], name="x"),
        movements.jumps(moved, log, name="x"),
        movements.quotable(frame, moved, single, claimed=[DOUBLING, FIVEFOLD]),
    ):
        assert shown.data.startswith("No series of this selection has a like-for-like move")
    attainable = movements.spread(moved, claimed=[DOUBLING], kind="attainable", name="x")
    assert "largest attainable move" in attainable.html


def test_the_words_of_the_spread_count_series_and_say_where_they_start():
    frame = pd.concat(
        [
            history(100, 300),
            history(100, 120, 290).assign(hardware="b200"),
            history(100, 110, 100).assign(hardware="gb200"),
        ]
    )
    moved = movements.examined(frame, weeks=[2])
    shown = movements.spread(moved, claimed=[DOUBLING, FIVEFOLD], name="x").html
    assert "At least 2x: 2 of 3 frontiers in 2 weeks" in shown
    assert "All 2 that moved so far started from the first state measured" in shown
    later = movements.examined(frame, weeks=[1])
    shown = movements.spread(later, claimed=[DOUBLING, FIVEFOLD], name="x").html
    assert "1 of the 2 that moved so far started from the first state measured" in shown


def test_a_figure_is_the_same_every_time():
    moved = movements.examined(history(100, 300, 310), weeks=[1, 2])
    first, second = (movements.spread(moved, claimed=[DOUBLING], name="x") for _ in range(2))
    assert first.files == second.files


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ([("2026-03-01", 1)], "none; the log begins later"),
        ([("2025-12-01", 1), ("2026-03-01", 2)], "none logged"),
        ([("2026-01-08", 7)], "#7"),
        ([("2026-01-08", n) for n in range(1, 6)], "#1, #2, +3"),
    ],
)
def test_what_was_merged_meanwhile_is_listed_or_said_to_be_none(log, expected):
    moved = movements.examined(history(100, 300), weeks=[2])
    shown = movements.jumps(moved, changes(*log), name="x")
    assert f">{expected}</td>" in shown.html


def test_a_level_shift_from_the_first_level_is_told_from_a_later_one():
    frame = history(*[100] * 4, *[150] * 4, *[300] * 4)
    shown = movements.level_shifts(
        frame, changes(("2026-01-01", 1)), minimum_dates=8, sigma=0.01, name="x"
    )
    assert shown.html.count("first level, 4 runs") == 1
    assert "they have 2 level shifts, 2 of them up, 2 above every earlier level" in shown.html
    assert "the largest is 2x, and 2x of those that start from another level" in shown.html


def test_too_few_dates_and_no_false_gain_are_said_in_a_sentence():
    frame, log = history(100, 100, 100), changes(("2026-01-01", 1))
    shown = movements.level_shifts(frame, log, minimum_dates=8, sigma=0.01, name="x")
    assert shown.data.startswith("0 configurations and concurrencies have at least 8 dates")
    assert "No rise" in movements.false_gain(frame, name="x").data
    assert movements.false_gains(frame, name="x").html.count("<tr>") == 1 + len(movements.FALSE)


def test_a_recovery_is_drawn_against_the_first_run():
    frame = history(100, 100, 20, 100)
    shown = movements.false_gain(frame, name="x")
    assert "came back to 100 % of the best run before" in shown.html
    drawn = pd.read_csv(pd.io.common.StringIO(shown.files["data/x.csv"]))
    assert drawn["throughput_per_gpu_ratio"].tolist() == [1, 1, 0.2, 1]


def test_variations_without_first_states_leave_only_what_rose_before():
    frame = pd.concat([history(100, 300), history(100, 120, 180, days=30).assign(hardware="b200")])
    moved = movements.examined(frame, weeks=[5])
    shown = movements.variations(frame, moved, claimed=[DOUBLING, FIVEFOLD], name="x")
    table = pd.read_csv(pd.io.common.StringIO(shown.files["data/x.csv"])).set_index("choice")
    assert table.loc["as in the result, like for like", "series"] == 2
    assert table.loc["as in the result, like for like", "at 2x"] == 1
    assert table.loc["none from a first state", "series"] == 1
    assert table.loc["none from a first state", "largest"] == "1.5"
    assert "The largest is 3x, 1.5x where what is compared had risen before" in shown.html


def test_the_long_view_counts_a_claimed_factor_apart_in_weeks_and_in_years():
    single = shifts.singles(history(100, 600), weeks=[2])
    table = tables.read("trtllm_throughput")
    shown = movements.long_view(single, table, claimed=FIVEFOLD, name="x")
    found = pd.read_csv(pd.io.common.StringIO(shown.files["data/x.csv"]))
    times = releases.release_times(releases.release_series(table, best=True), best=True)
    assert found.loc[0, "at 5x"] == 1
    years = found[found["what"].str.contains("models spliced")].iloc[0]
    assert years["at 5x"] == (times["top"] >= 5).sum()
    assert years["median gain"] == pytest.approx(times["top"].median(), rel=1e-5)


def test_releases_that_do_not_exist_are_said_in_a_sentence():
    table = tables.read("trtllm_throughput")
    shown = movements.releases(table, family="llama-70b", gpu="TPU", claimed=FIVEFOLD, name="x")
    assert shown.data.endswith("no two dated releases of llama-70b on TPU.")


def test_the_first_run_that_reaches_a_level_is_dated_and_those_before_are_not_forgotten():
    throughput = claims.claim("gptoss-60k-tps-gpu")
    speed = claims.claim("gptoss-1000-tps-user")
    frame = rows(
        ("2025-10-01", 8, 50, 40_000),
        ("2026-02-01", 8, 40, 61_000),
        (None, 8, 30, 65_000),
        model="gpt-oss-120b",
        hardware="b200",
        isl=8192,
    ).assign(output_throughput_per_gpu=lambda f: f["throughput_per_gpu"] / 9)
    text = movements.reached(frame, [throughput, speed], name="x").html
    assert "the largest is 65,000, on B200 at 8192/1024" in text
    assert "is of 2026-02-01; those before, from 2025-10-01 on, reach 40,000" in text
    assert "no measured row of the model uses a draft" in text


def test_a_known_answer_that_is_missed_is_an_error_that_names_it():
    assert "expected 2, found 2" in movements.known_answers({"two": (2.0, 2)}).data
    with pytest.raises(AssertionError, match="three: expected 3"):
        movements.known_answers({"three": (2.9, 3)})


def test_the_system_of_the_claims_has_rows_and_none_is_dated():
    everything = measurements.load_measurements()
    moved = movements.examined(everything, weeks=[8])
    shown = movements.coverage(everything, moved, tables.read("changes"), name="x").html
    system = measurements.select(everything, model="gpt-oss-120b", hardware="gb200")
    assert f"has {len(system)} rows, none of them dated" in shown
