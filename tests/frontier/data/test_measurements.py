import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontier.data import measurements as m
from frontier.data import tables
from frontier.errors import DataError, UsageError


@pytest.fixture(scope="module")
def rows():
    return m.load_measurements()


def runs(**changes):
    """One configuration measured on five days, and what `changes` says instead."""
    count = 5
    base = {
        **{"model": "deepseek-r1", "hardware": "h200", "framework": "trt", "precision": "fp8"},
        **{"speculative": False, "disaggregated": False, "gpus": 8, "prefill_gpus": 8},
        **{"decode_gpus": 8, "tp": 8, "ep": 1, "dp_attention": False, "isl": 1024, "osl": 1024},
        **{"concurrency": 64, "interactivity": 40.0, "throughput_per_gpu": 600.0},
        **{"output_throughput_per_gpu": 300.0, "ttft": 0.5, "tpot": 0.025},
        "date": pd.date_range("2026-01-01", periods=count, freq="2D", unit="us"),
        **{"source": "inferencex_captures", "run_url": "", "prefill": "", "latency": "median"},
        **{"image": "", "citation": "x", "caveat": ""},
        "row_id": [f"captures-{i:06d}" for i in range(1, count + 1)],
    }
    frame = pd.DataFrame(base | changes, index=range(count)).reindex(columns=list(m.COLUMNS))
    return frame.astype({c: tables.DTYPES[d] for c, (d, _, _) in m.COLUMNS.items()})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"gpus": [8, 8, 0, 8, 8]}, "row captures-000003, column gpus: 0 is not positive"),
        ({"model": ["deepseek-r1", "", *["x"] * 3]}, "captures-000002, column model:  is empty"),
        ({"throughput_per_gpu": np.inf}, "column throughput_per_gpu: inf is not positive"),
        ({"interactivity": [40, 40, 40, 41, 40]}, "captures-000004.*is not 1 / tpot"),
        ({"output_throughput_per_gpu": 601.0}, "is above throughput_per_gpu"),
        ({"ttft": -1.0}, "column ttft: -1.0 is not positive"),
        ({"date": pd.Timestamp("2999-01-01")}, "is in the future"),
        # the bound is 64 x 40 x 2 / 8 = 640 tok/s per GPU
        ({"throughput_per_gpu": [600, 653, 600, 600, 600]}, "000002.*is above Little's bound"),
    ],
)
def test_a_row_that_breaks_physics_is_an_error_that_names_it(changes, message):
    with pytest.raises(DataError, match=message):
        m.validate(runs(**changes))


def test_a_missing_or_mistyped_column_is_an_error_that_names_it():
    with pytest.raises(DataError, match="column tpot: the column is missing"):
        m.validate(runs().drop(columns="tpot"))
    with pytest.raises(DataError, match="column gpus: expected int, found float64"):
        m.validate(runs().astype({"gpus": float}))


def test_a_row_at_littles_bound_is_sound(unchanged):
    unchanged(m.validate, runs(throughput_per_gpu=652.0, ttft=np.nan, date=pd.NaT))


def test_the_union_is_sound_and_has_the_agreed_columns_first(rows):
    m.validate(rows)
    assert rows.columns[:23].tolist() == [
        *("model", "hardware", "framework", "precision", "speculative", "disaggregated", "gpus"),
        *("prefill_gpus", "decode_gpus", "tp", "ep", "dp_attention", "isl", "osl", "concurrency"),
        *("interactivity", "throughput_per_gpu", "output_throughput_per_gpu", "ttft", "tpot"),
        *("date", "source", "run_url"),
    ]
    assert rows["row_id"].is_unique
    assert set(rows["source"]) == set(m.SOURCES) - {m.LIVE} <= set(tables.names())
    run = [*m.CONFIGURATION, "concurrency", "date"]
    assert not rows.loc[rows["date"].notna(), run].duplicated().any()
    # Several medians may carry the same labels; none is there twice.
    assert not rows[[*run, "throughput_per_gpu"]].duplicated().any()


def test_nothing_quarantined_is_among_the_measurements(rows):
    quarantined = tables.read("quarantine")
    whole = ~quarantined["reason"].str.startswith("joules_per_output_token only")
    assert not set(quarantined.loc[whole, "row_id"]) & set(rows["row_id"])
    withheld = rows[rows["row_id"].isin(quarantined.loc[~whole, "row_id"])]
    assert len(withheld) > 0
    assert withheld["joules_per_output_token"].isna().all()
    assert (quarantined["reason"] != "").all()


def test_medians_and_most_posts_are_undated_and_captures_dated(rows):
    dated = rows["date"].notna().groupby(rows["source"]).mean()
    assert dated.to_dict() == {
        **{"inferencex_medians_2026_07": 0, "inferencex_posts": 0},
        **{"inferencex_captures": 1, "aiconfigurator_silicon": 1},
        **{"inferencemax_2025_10": 1, "inferencemax_ci_2025_12": 1},
        **{"inferencex_medians_2026_07_other_models": 0},
        **{"post_mi355x_deepseek_v4": 1, "tpuv7_qwen35": 0},
    }


def test_medians_met_the_published_table_of_b200_to_every_digit(rows):
    # SemiAnalysis, post of 2026-05-22: concurrency and total tok/s per GPU.
    published = {6: 49.3, 90: 577.3, 875: 2832.9, 1214: 7111.4, 10860: 12515.7}
    found = m.select(
        rows,
        source="inferencex_medians_2026_07",
        hardware="b200",
        framework="dynamo-trt",
        precision="fp4",
        speculative=True,
        shape="1024/1024",
        concurrency=list(published),
    )
    nearest = {
        c: min((abs(t - published[c]) for t in g), default=1e9)
        for c, g in found.groupby("concurrency")["throughput_per_gpu"]
    }
    assert len(nearest) == len(published)
    assert sum(gap <= 0.051 for gap in nearest.values()) >= 4


def test_derived_throughput_agrees_with_the_official_medians(rows):
    keys = [c for c in m.CONFIGURATION if c not in ("source", "dp_attention")] + ["concurrency"]
    medians = m.select(rows, source="inferencex_medians_2026_07").set_index(keys)
    derived = m.select(rows, source="aiconfigurator_silicon").set_index(keys)
    pairs = derived.join(
        medians[["throughput_per_gpu"]].add_suffix("_median"), how="inner"
    ).reset_index()
    ratio = pairs["throughput_per_gpu"] / pairs["throughput_per_gpu_median"]
    by_model = ratio.groupby(pairs["model"]).median()
    assert by_model["llama-70b"] == pytest.approx(1.027, abs=0.005)
    assert by_model["gpt-oss-120b"] == pytest.approx(1.055, abs=0.01)


def test_dead_time_is_found_where_it_is_known_to_be(rows):
    # B200 SGLang FP4 8k/1k at concurrency 4 until December 2025, and not from March 2026.
    cell = m.select(
        rows,
        source="inferencex_captures",
        hardware="b200",
        framework="sglang",
        precision="fp4",
        speculative=False,
        shape="8192/1024",
        concurrency=4,
    )
    early = cell["date"] < "2026-01-01"
    assert early.sum() >= 5
    assert (cell.loc[early & (cell["date"] > "2025-12-01"), "caveat"] == "dead-time").all()
    assert (cell.loc[~early, "caveat"] != "dead-time").all()


def test_the_regression_of_may_2026_is_marked(rows):
    cell = m.select(
        rows,
        source="inferencex_captures",
        hardware="h200",
        framework="sglang",
        speculative=False,
        shape="8192/1024",
        concurrency=64,
    )
    assert cell[cell["caveat"] == "regressed"]["date"].dt.strftime("%m-%d").tolist() == ["05-13"]


def test_selecting_nothing_is_an_error_that_lists_the_values_present():
    with pytest.raises(UsageError, match="no measured row has hardware=b200: there are h200"):
        m.select(runs(), hardware="b200")
    with pytest.raises(UsageError, match="no measured row has shape=8k/1k: there are 1024/1024"):
        m.select(runs(), shape="8k/1k")
    with pytest.raises(UsageError, match="the first is of 2026-01-01"):
        m.select(runs(), as_of="2025-12-31")
    with pytest.raises(UsageError, match=r"the lowest is 0\.5 s"):
        m.select(runs(), ttft_limit=0.4)
    with pytest.raises(UsageError, match="no column 'hardwear': there are shape, model"):
        m.select(runs(), hardwear="h200")


def test_a_date_leaves_out_later_and_undated_rows():
    dates = pd.to_datetime(["2026-01-01", "2026-01-02", None, "2026-01-03", None])
    kept = m.select(runs(date=dates), as_of="2026-01-02")
    assert kept.index.tolist() == [0, 1]


def test_a_ttft_limit_keeps_the_limit_itself_and_drops_rows_without_ttft():
    kept = m.select(runs(ttft=[0.5, 2.0, np.nan, 2.1, 1.0]), ttft_limit=2)
    assert kept.index.tolist() == [0, 1, 4]


def test_one_node_is_eight_gpus_not_disaggregated():
    frame = runs(gpus=[8, 16, 4, 8, 8], disaggregated=[False, False, False, True, False])
    assert m.select(frame, single_node=True).index.tolist() == [0, 2, 4]
    assert m.select(frame, single_node=False).index.tolist() == [1, 3]


def test_conditions_of_none_are_ignored_and_lists_are_alternatives(unchanged):
    frame = runs(concurrency=[4, 8, 16, 32, 64])
    kept = unchanged(m.select, frame, concurrency=[8, 32], hardware=None)
    assert kept["concurrency"].tolist() == [8, 32]


def test_choices_are_sorted_and_shapes_are_a_column():
    assert m.choices("shape", runs(isl=[8192, 1024, 1024, 8192, 1024])) == [
        *("1024/1024", "8192/1024")
    ]
    with pytest.raises(UsageError, match="no column"):
        m.choices("colour", runs())


def test_what_a_source_does_not_state_is_not_said_and_a_day_that_is_none_is_undated():
    bare = runs(precision="", gpus=0, tp=0, ep=0, date=pd.NaT)
    assert m.in_words(bare).tolist() == ["trt"] * 5
    assert m.series_in_words(bare).tolist() == ["H200 trt, 1024/1024"] * 5
    assert bare["date"].map(m.date_in_words).tolist() == ["undated"] * 5
    assert m.in_words(bare.head(0)).empty and m.series_in_words(bare.head(0)).empty


def test_a_row_is_said_with_its_software_its_marks_and_its_layout():
    marked = runs(speculative=True, disaggregated=True, ep=4, dp_attention=True)
    said = "trt fp8, speculative, disaggregated, 8 GPUs, TP 8, EP 4, DP attention"
    assert set(m.in_words(marked)) == {said}
    assert set(m.series_in_words(marked)) == {"H200 trt fp8 MTP disaggregated, 1024/1024"}


def test_rows_of_equal_series_words_are_of_one_series_but_for_the_model(rows):
    words = m.series_in_words(rows).groupby([rows[name] for name in m.SERIES]).nunique()
    assert (words == 1).all()
    assert len(set(zip(rows["model"], m.series_in_words(rows), strict=True))) == len(words)


def test_without_repeats_there_is_no_noise_to_pool():
    far = pd.date_range("2026-01-01", periods=5, freq="4D")
    with pytest.raises(UsageError, match="no configuration was run twice within 3 days"):
        m.pooled_sigma(runs(date=far))
    with pytest.raises(UsageError, match="no configuration"):
        m.pooled_sigma(runs(date=pd.NaT))


@given(st.floats(0.001, 0.2), st.booleans())
def test_the_noise_of_a_known_step_is_that_step_over_root_two(step, rising):
    # Successive runs differ by exactly `step` in the log, so one run deviates by step/sqrt(2).
    signs = np.arange(5) % 2 if not rising else np.arange(5)
    sigma = m.pooled_sigma(runs(throughput_per_gpu=100 * np.exp(step * signs)))
    assert 0 <= sigma - 1.4826 * step / np.sqrt(2) < 0.001 + 1e-9
    assert round(sigma * 1000, 6) % 1 == 0


def test_a_heavy_tail_makes_the_sigma_larger_than_the_robust_one():
    log = np.array([0, 0.001, 0.002, 0.003, 1.0])
    sigma = m.pooled_sigma(runs(throughput_per_gpu=100 * np.exp(log)))
    p90 = np.quantile(np.diff(log), 0.9) / np.sqrt(2)
    assert 0.002 < p90 / m.NORMAL_90 <= sigma


def test_noise_is_never_pooled_across_configurations():
    frame = runs(concurrency=[4, 8, 16, 32, 64], throughput_per_gpu=[1, 2, 4, 8, 16])
    with pytest.raises(UsageError):
        m.pooled_sigma(frame)


def test_the_measured_noise_is_a_per_cent_or_two(rows):
    for column in ("throughput_per_gpu", "interactivity"):
        assert 0.010 < m.pooled_sigma(rows, column) < 0.020


def test_a_table_whose_row_breaks_physics_is_found_although_its_bytes_are_vouched_for(tmp_path):
    name = "inferencex_posts"
    rows = tables.read(name)
    rows.loc[3, "throughput_per_gpu"] *= 1000
    tables.write(name, rows, tables.meta(name), folder=tmp_path)
    tables.verify(folder=tmp_path)
    with pytest.raises(DataError, match=rf"{name}, row posts-.*above Little's bound"):
        m.verify(folder=tmp_path)
