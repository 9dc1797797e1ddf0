import numpy as np
import pandas as pd
import pytest

from frontier.data import measurements, published, tables
from frontier.figures import updates
from measured import sweep, together


def release(version, date, value, **changes):
    row = {
        "version": version, "date": date, "model": "llama-3.3-70b", "gpu": "H100",
        "precision": "fp8", "configuration": "TP1", "isl": 1000, "osl": 1000,
        "method": "pytorch-in-flight", "output_throughput_per_gpu": value,
    }  # fmt: skip
    return {**row, **changes}


def history(*releases):
    frame = pd.DataFrame(releases)
    return frame.assign(date=pd.to_datetime(frame["date"]))


OLD = release("0.17", "2025-01-30", 100.0)


@pytest.mark.parametrize(
    ("change", "why"),
    [({"method": "engine-in-flight"}, "method"), ({"model": "llama-3.1-70b"}, "model")],
)
def test_a_step_to_another_model_or_method_is_no_software(change, why):
    table = history({**OLD, **change}, release("1.0", "2025-09-24", 150.0))
    found = updates.steps(table, family="llama-70b")
    assert found["ratio"].iloc[-1] == pytest.approx(1.5)
    assert not found["alike"].any(), why
    assert updates.chained(table, family="llama-70b").empty


def test_a_static_batch_that_is_tabled_larger_is_no_gain():
    table = history(
        release("0.5", "2023-10-20", 100.0, method="static-batch"),
        release("0.6", "2023-12-05", 300.0, method="static-batch"),
    )
    assert not updates.steps(table, family="llama-70b")["alike"].any()


def test_steps_that_were_measured_alike_are_chained_and_the_others_counted():
    table = history(
        {**OLD, "method": "engine-in-flight"},
        release("0.19", "2025-05-09", 500.0),
        release("0.21", "2025-08-04", 550.0),
        release("1.0", "2025-09-24", 660.0),
    )
    (row,) = updates.chained(table, family="llama-70b").to_dict("records")
    assert row["gain"] == pytest.approx(1.1 * 1.2)
    assert (row["steps"], row["unlike"]) == (2, 1)


def test_an_undated_release_is_no_step():
    table = history(OLD, release("main", None, 900.0), release("1.0", "2025-09-24", 110.0))
    assert updates.chained(table, family="llama-70b")["gain"].tolist() == pytest.approx([1.1])


def test_a_dated_series_is_compared_like_for_like_from_its_first_date_to_its_last():
    late = sweep(date="2026-05-01")
    late[["interactivity", "throughput_per_gpu"]] *= 1.5
    wider = sweep(x=[500], y=[9e6], date="2026-05-01")  # a new concurrency: no software
    rows = together(sweep(date="2026-01-01"), late, wider, sweep(date=None))
    (row,) = updates.dated(rows).to_dict("records")
    assert row["gain"] == pytest.approx(1.5)
    assert row["speed"] == pytest.approx(1.5)
    assert (row["days"], row["points"]) == (120, 9)


def test_idle_time_that_leaves_the_window_is_in_throughput_and_not_in_speed():
    late = sweep(date="2026-05-01")
    late["throughput_per_gpu"] *= 2
    (row,) = updates.dated(together(sweep(date="2026-01-01"), late)).to_dict("records")
    assert (row["gain"], row["speed"]) == (pytest.approx(2), pytest.approx(1))


def test_after_a_refresh_a_series_cites_the_table_that_its_rows_are_from():
    live = together(sweep(date="2026-01-01"), sweep(date="2026-05-01")).assign(source="inferencex")
    assert updates.dated(live)["source"].tolist() == ["inferencex"]


def test_a_series_of_two_tables_is_told_as_one_and_both_are_cited():
    rows = together(
        sweep(date="2026-01-01"),
        sweep(date="2026-05-01"),
        sweep(date="2026-06-01", source="aiconfigurator_silicon"),
    )
    assert updates.dated(rows)["source"].tolist() == ["aiconfigurator_silicon inferencex_captures"]
    html = updates.history(rows, name="05-dated").html
    for name in ("aiconfigurator_silicon", "inferencex_captures"):
        assert tables.meta(name)["title"] in html


def test_rounds_compare_a_submitter_with_itself_at_the_same_scale():
    found = published.mlperf_rounds()
    assert (found["before"] < found["after"]).all()
    rows = tables.read("mlperf")
    for row in found.to_dict("records"):
        same = rows[
            (rows["division"] == "closed")
            & (rows["availability"] == "available")
            & rows["accuracy"].fillna("").isin(published.ACCURACY)
        ]
        for key in ("model", "scenario", "hardware", "gpus", "submitter"):
            same = same[same[key] == row[key]]
        best = same.groupby("round")["output_throughput_per_gpu"].max()
        assert row["ratio"] == pytest.approx(best[row["after"]] / best[row["before"]])


def test_the_best_of_each_round_is_the_trap_that_the_press_fell_into():
    """2.77x for GB300 on DeepSeek-R1 mixes one submitter's rack with another's single node."""
    found = published.mlperf_rounds()
    row = found[
        (found["model"] == "deepseek-r1")
        & (found["hardware"] == "gb300")
        & (found["scenario"] == "server")
    ].iloc[0]
    assert (round(row["ratio"], 2), round(row["any_submitter"], 2)) == (1.91, 2.77)


@pytest.fixture(scope="module")
def rows():
    return measurements.load_measurements()


@pytest.mark.parametrize("family", ["llama-70b", "llama-3.1-405b", "gpt-oss-120b", "deepseek-r1"])
def test_every_family_has_an_overview_and_says_where_its_releases_tell_nothing(rows, family):
    exhibit = updates.overview(rows, family=family, name="05-software")
    shown = updates.years(tables.read("trtllm_throughput"), family=family, name="05-releases")
    told = updates.chained(tables.read("trtllm_throughput"), family=family)
    said = f"Of {family} no two dated releases were measured alike" in exhibit.html
    assert said == told.empty == (not hasattr(shown, "files"))


def test_the_overview_and_the_releases_count_the_same_steps(rows):
    table = tables.read("trtllm_throughput")
    every = updates.steps(table, family="llama-70b")
    known = every["ratio"].notna()
    left = f"{int((known & ~every['alike']).sum())} of {int(known.sum())}"
    for exhibit in (
        updates.overview(rows, family="llama-70b", name="05-software"),
        updates.years(table, family="llama-70b", name="05-releases"),
    ):
        assert left in exhibit.html


def test_the_history_and_the_rounds_show_the_largest_gains_first(rows):
    gains = updates.dated(rows)["gain"].max()
    assert f">{updates.number(gains)}x<" in updates.history(rows, name="05-dated").html
    trap = published.mlperf_rounds()
    trap = trap[trap["hardware"].isin(updates.HARDWARE)]
    exhibit = updates.rounds(name="05-rounds")
    assert f">{updates.number(trap['ratio'].max())}x<" in exhibit.html


def test_the_chain_of_a_figure_is_that_of_its_steps():
    table = tables.read("trtllm_throughput")
    exhibit = updates.years(table, family="llama-70b", name="05-releases")
    every = updates.steps(table, family="llama-70b")
    alike = every[every["alike"] & (every["gpu"] == "H200")]
    mean = np.log(alike["ratio"]).groupby(alike["version"]).mean().sum()
    assert f"H200 FP8 {updates.number(float(np.exp(mean)))}x" in exhibit.html


def test_a_point_of_a_line_over_releases_names_its_release_and_day():
    line = pd.DataFrame(
        {
            "version": ["0.9.0", None],
            "ratio": [1.0, 1.25],
            "date": pd.to_datetime(["2024-01-02", "2024-03-04"]),
        }
    )
    assert updates.release_titles("H100 FP8", line) == [
        "H100 FP8, TensorRT-LLM 0.9.0, 2024-01-02: 1x",
        "H100 FP8, 2024-03-04: 1.25x",
    ]
