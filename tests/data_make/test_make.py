import json
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from frontier import sources
from frontier.data import measurements, paths, snapshots, tables
from frontier.errors import DataError, UsageError
from frontier.sources import inferencex, intake

pytestmark = pytest.mark.slow  # each makes tables from downloads again

DOWNLOADS = Path(__file__).parents[1] / "downloads"
SCRIPTS = sources.scripts()
silicon = SCRIPTS["silicon"]
API_ROW = {
    **{"hardware": "gb200", "framework": "dynamo-trt", "model": "dsr1", "precision": "fp4"},
    **{"spec_method": "mtp", "disagg": True, "is_multinode": True, "prefill_tp": 4},
    **{"prefill_ep": 4, "prefill_dp_attention": True, "prefill_num_workers": 2},
    **{"decode_tp": 8, "decode_ep": 8, "decode_dp_attention": True, "decode_num_workers": 3},
    **{"num_prefill_gpu": 8, "num_decode_gpu": 24, "isl": 8192, "osl": 1024, "conc": 512},
    **{"image": None, "date": "2026-02-06", "run_url": "https://example.org/1"},
    "metrics": {
        **{"tput_per_gpu": 2880.0, "output_tput_per_gpu": 426.6666667, "median_ttft": 1.0},
        **{"input_tput_per_gpu": 10240.0, "median_tpot": 0.02, "median_e2el": 19.5},
    },
}

_latencies = {k: v for k, v in API_ROW["metrics"].items() if k.startswith("median")}


@pytest.fixture
def downloads(tmp_path):
    return Path(shutil.copytree(DOWNLOADS, tmp_path / "downloads"))


@pytest.fixture
def out(tmp_path, monkeypatch):
    """The data folder of a project of the tests' own."""
    folder = Path(shutil.copytree(paths.data(), tmp_path / "home" / "data"))
    monkeypatch.setenv("FRONTIER_HOME", str(folder.parent))
    return folder


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


# --- the whole way ------------------------------------------------------------------------


def test_a_folder_without_known_files_is_a_usage_error(tmp_path, out):
    with pytest.raises(UsageError, match=r"no known download in .*see data/README\.md"):
        sources.make_tables(tmp_path)


@pytest.mark.parametrize(
    ("file", "column", "value", "message"),
    [
        ("inferencex_api_captures.csv", "tput_per_gpu", "n/k", "row 3, column tput_per_gpu"),
        ("silicon_sample.csv", "silicon_tpot_ms", "fast", "row 3, column silicon_tpot_ms"),
        ("mlperf_results.csv", "result", "1,000", "row 3, column result: expected a number"),
    ],
)
def test_a_damaged_download_is_named_and_nothing_is_written(
    downloads, out, file, column, value, message
):
    frame = pd.read_csv(downloads / file, dtype=str, keep_default_na=False)
    frame.loc[2, column] = value
    frame.to_csv(downloads / file, index=False)
    before = content(out)
    with pytest.raises(DataError, match=message) as caught:
        sources.make_tables(downloads)
    assert file in str(caught.value)
    assert content(out) == before


def test_a_download_that_breaks_physics_leaves_the_tables_untouched(downloads, out):
    frame = pd.read_csv(downloads / "inferencex_api_captures.csv")
    frame.loc[:, "median_ttft"] = -1.0
    frame.to_csv(downloads / "inferencex_api_captures.csv", index=False)
    before = content(out)
    with pytest.raises(DataError, match=r"inferencex_captures, row captures-.*, column ttft"):
        sources.make_tables(downloads)
    assert content(out) == before
    assert not snapshots.kept()


def test_a_missing_column_or_unreadable_file_is_one_line(downloads, out):
    (downloads / "mlperf_results.csv").write_text("round,model\nv5.1,deepseek-r1\n")
    with pytest.raises(DataError, match=r"mlperf_results\.csv, column accelerators: the column"):
        sources.make_tables(downloads)
    (downloads / "mlperf_results.csv").rename(downloads / "mlperf_results.csv.gz")
    with pytest.raises(DataError, match=r"mlperf_results\.csv\.gz: cannot be read") as caught:
        sources.make_tables(downloads)
    assert "\n" not in str(caught.value)


def test_what_is_not_there_is_said_and_the_rest_made(downloads, out):
    (downloads / "inferencex_posts.csv").unlink()
    report = sources.make_tables(downloads)
    assert "inferencex_posts" not in report.made
    assert "no inferencex_posts.csv*" in str(report)
    assert "quarantine not made: it needs all sources" in str(report)
    assert (out / "mlperf.csv").is_file()


def test_tables_made_again_hold_the_rows_of_the_committed_ones(downloads, out):
    """The committed tables come from this code: every row of a sample is one of theirs."""
    committed = {name: tables.read(name) for name in tables.names()}
    report = sources.make_tables(downloads)
    assert not report.missing
    tables_made = {table for script in SCRIPTS.values() for table in script.FILES}
    assert {*tables_made, "quarantine"} == {*report.made}
    committed = {name: committed[name] for name in report.made}
    tables.verify()
    for name, whole in committed.items():
        made = tables.read(name)
        assert len(made) > 0
        # Where a sample ends decides neither its ids nor what is regressed.
        columns = [c for c in made if c not in ("row_id", "citation", "caveat")]
        both = made[columns].merge(whole[columns].drop_duplicates(), how="left", indicator=True)
        strange = both[both["_merge"] != "both"]
        assert strange.empty, (name, strange.T)


def test_making_twice_gives_the_same_bytes(downloads, out):
    sources.make_tables(downloads)
    before = content(out)
    sources.make_tables(downloads)
    assert content(out) == before


def test_the_sidecar_names_the_files_a_table_was_made_from(downloads, out):
    committed = tables.meta("mlperf")
    sources.make_tables(downloads)
    made = tables.meta("mlperf")
    assert list(made["inputs"]) == ["mlperf_results.csv"]
    assert made["licence"] == committed["licence"]
    assert made["sha256"] != committed["sha256"]


def test_making_the_tables_again_leaves_the_live_rows_and_their_quarantine(downloads, out):
    wrong = API_ROW | {"metrics": API_ROW["metrics"] | {"median_ttft": -1.0}}
    (out.parent / "answer.json").write_text(json.dumps([API_ROW, wrong | {"conc": 256}]))
    intake.import_files([out.parent / "answer.json"])
    sources.make_tables(downloads)
    assert len(tables.read(measurements.LIVE)) == 1
    assert (tables.read("quarantine")["source"] == measurements.LIVE).sum() == 1


def test_the_committed_tables_were_checked_by_this_code():
    refused = tables.read("quarantine")
    assert refused["reason"].str.contains("Little").sum() == 6 + 29  # five further models
    assert refused["reason"].str.contains("input and output rates").sum() == 8
    assert paths.data().joinpath("README.md").is_file()


# --- corrections --------------------------------------------------------------------------


def corrections(out, *rows):
    """Put rows of corrections in the place of the committed ones."""
    names = ["source", "row_id", "throughput_per_gpu", "column", "old", "new", "evidence"]
    frame = pd.DataFrame([[*row, "told"] for row in rows], columns=names)
    tables.write("corrections", frame, tables.meta("corrections"), folder=out)


@pytest.mark.parametrize(
    "wrong", [{"row_id": "captures-999999"}, {"old": "16"}, {"throughput_per_gpu": 60.5}]
)
def test_a_correction_that_does_not_fit_its_row_is_told_and_not_made(downloads, out, wrong):
    right = {"row_id": "captures-000001", "throughput_per_gpu": 60.4593, "old": "4"}
    fix = {"source": "inferencex_captures"} | right | {"column": "gpus", "new": "8"} | wrong
    order = ("source", "row_id", "throughput_per_gpu", "column", "old", "new")
    corrections(out, [fix[name] for name in order])
    report = str(sources.make_tables(downloads))
    assert f"1 corrections do not fit their row, the first of {fix['row_id']}; they are" in report
    row = tables.read("inferencex_captures").set_index("row_id").loc["captures-000001"]
    assert row["gpus"] == 4


def test_corrected_values_are_in_the_table_and_judged_anew(downloads, out):
    """100 GPUs put the first row above Little's bound; that the second was drafted does not."""
    first = ("inferencex_captures", "captures-000001", 60.4593)
    corrections(
        out,
        [*first, "gpus", "4", "100"],
        ["inferencex_captures", "captures-000002", 89.7624, "speculative", "False", "True"],
    )
    assert "inferencex_captures: 2 rows corrected" in str(sources.make_tables(downloads))
    made = tables.read("inferencex_captures").set_index("row_id")
    assert "captures-000001" not in made.index
    assert made.loc["captures-000002", "speculative"]
    refused = tables.read("quarantine").set_index("row_id").loc["captures-000001"]
    assert (refused["gpus"], "Little" in refused["reason"]) == (100, True)


def test_every_committed_correction_is_in_the_row_it_names():
    rows = pd.concat([measurements.load_measurements(), tables.read("quarantine")])
    rows = rows.drop_duplicates("row_id").set_index("row_id")
    fixes = tables.read("corrections")
    assert fixes["row_id"].nunique() == 184 + 1 + 20
    assert (fixes["evidence"] != "").all()
    for fix in fixes.itertuples():
        row = rows.loc[fix.row_id]
        assert (row["source"], str(row[fix.column])) == (fix.source, fix.new)
        assert row["throughput_per_gpu"] == pytest.approx(fix.throughput_per_gpu, rel=1e-5)
        assert row["gpus"] == row["prefill_gpus"] + row["decode_gpus"] or fix.source.endswith(
            "captures"
        )


# --- October 2025 and the winter after it -------------------------------------------------


def test_a_run_whose_day_is_not_known_keeps_its_interval_and_has_no_date(tmp_path):
    raw = pd.read_csv(DOWNLOADS / "inferencemax_ci_2025-12.csv")
    raw.loc[1, ["date", "date_from", "date_to"]] = [None, "2025-12-20", "2025-12-29"]
    raw.to_csv(tmp_path / "winter.csv", index=False)
    made = SCRIPTS["winter"].make("inferencemax_ci_2025_12", [tmp_path / "winter.csv"])
    assert pd.isna(made.loc[1, "date"])
    assert measurements.known_by(made)[1] == pd.Timestamp("2025-12-29")
    assert made.loc[1, "date_from"] == pd.Timestamp("2025-12-20")
    assert made["date_to"].notna().sum() == made["date"].isna().sum() == 1
    by = [len(measurements.select(made.iloc[[1]], as_of=day)) for day in ("2025-12-29",)]
    assert by == [1]
    with pytest.raises(UsageError, match="no measured row has as_of=2025-12-28"):
        measurements.select(made.iloc[[1]], as_of="2025-12-28")


def test_a_run_that_the_captures_hold_is_not_counted_again(downloads, out):
    report = str(sources.make_tables(downloads))
    assert "inferencemax_ci_2025_12: 1 rows are repeated" in report
    rows = measurements.load_measurements()
    dated = rows[rows["date"].notna()]
    assert not dated.duplicated(measurements.RUN).any()


def test_no_committed_run_of_a_day_is_in_two_tables_and_no_value_is_a_copy():
    rows = measurements.load_measurements()
    dated = rows[rows["date"].notna()]
    assert not dated.duplicated(measurements.RUN).any()
    # A copied value would pass for a repeat without noise. One pair of runs agrees in the digits
    # that the dashboard shows; their latencies are 7.511 and 7.504 s.
    october = rows[rows["source"] == "inferencemax_2025_10"]
    values = [c for c in measurements.RUN if c != "date"] + ["throughput_per_gpu", "tpot"]
    assert october.duplicated(values).sum() == 1


def test_the_dashboard_of_october_says_what_was_read_off_it():
    october = measurements.select(
        measurements.load_measurements(), source="inferencemax_2025_10", model="gpt-oss-120b"
    )
    best = october[october["isl"] == 8192].groupby("hardware")["throughput_per_gpu"].max()
    assert round(best["b200"]) == 37_173
    assert round(october["interactivity"].max()) == 436
    assert october["concurrency"].max() == 64
    assert "gb200" not in best
    assert set(october["date"].dt.day) == {23, 24, 28}


def test_two_undated_medians_with_the_same_labels_are_both_kept():
    """Configurations 256 and 259 were recorded alike; one of their rows was once dropped."""
    rows = tables.read("inferencex_medians_2026_07").set_index("row_id")
    assert rows.loc[["medians-000600", "medians-001583", "medians-001595"], "gpus"].gt(8).all()


# --- InferenceX ---------------------------------------------------------------------------


def saved(tmp_path, *rows):
    path = tmp_path / "inferencex_api.json"
    path.write_text(json.dumps(rows))
    return path


def captured(tmp_path, *rows):
    return SCRIPTS["captures"].make("inferencex_captures", [saved(tmp_path, *rows)])


def test_an_answer_that_is_not_json_or_lacks_a_key_is_named(tmp_path):
    path = tmp_path / "inferencex_api.json"
    path.write_text("<html>")
    with pytest.raises(DataError, match="is not JSON"):
        inferencex.read_api(path)
    with pytest.raises(DataError, match="row 2, column tput_per_gpu: the key is missing"):
        inferencex.read_api(saved(tmp_path, API_ROW, API_ROW | {"metrics": {}}))


def test_an_agentic_row_without_a_shape_is_no_point(tmp_path):
    raw = inferencex.read_api(saved(tmp_path, API_ROW, API_ROW | {"isl": None, "conc": None}))
    assert len(raw) == 1


def test_an_api_row_counts_all_gpus(tmp_path):
    (row,) = captured(tmp_path, API_ROW).to_dict("records")
    assert (row["gpus"], row["prefill_gpus"], row["decode_gpus"]) == (32, 8, 24)
    # stated per decode GPU: 426.67 x 24 / 32 = 320 = 2880 x 1/9
    assert row["output_throughput_per_gpu"] == pytest.approx(320)
    assert row["prefill"] == "2 x tp4 ep4 dp"
    assert row["interactivity"] == 50
    assert (row["model"], row["reason"]) == ("deepseek-r1", "")
    assert row["speculative"] and row["disaggregated"] and row["dp_attention"]


def test_saved_answers_become_the_captures_table(tmp_path, out):
    folder = tmp_path / "answers"
    folder.mkdir()
    saved(folder, API_ROW, API_ROW | {"conc": 256})
    report = sources.make_tables(folder)
    assert report.made == {"inferencex_captures": 2}
    assert tables.read("inferencex_captures")["citation"].str.endswith("/benchmarks").all()


def test_on_one_node_the_gpus_are_the_decode_tp_and_never_tp_times_ep(tmp_path):
    node = {"disagg": False, "is_multinode": False, "num_decode_gpu": 64, "num_prefill_gpu": 64}
    metrics = API_ROW["metrics"] | {"output_tput_per_gpu": 320.0, "input_tput_per_gpu": 2560.0}
    row = captured(tmp_path, API_ROW | node | {"metrics": metrics}).iloc[0]
    assert (row["gpus"], row["prefill_gpus"], row["decode_gpus"], row["prefill"]) == (8, 8, 8, "")
    assert row["output_throughput_per_gpu"] == 320


def test_a_split_that_was_not_recorded_is_zero_and_the_total_kept(tmp_path):
    unsplit = {"is_multinode": False, "num_prefill_gpu": 72, "num_decode_gpu": 72}
    row = captured(tmp_path, API_ROW | unsplit).iloc[0]
    assert (row["gpus"], row["prefill_gpus"], row["decode_gpus"]) == (72, 0, 0)
    assert "input and output rates per GPU" in row["reason"]


def test_a_run_whose_latencies_do_not_explain_its_duration_has_dead_time(tmp_path):
    # At 19.5 s a request: 512 x 0.9 x 9216 / 19.5 / 32 = 6,806 tok/s per GPU.
    rates = (6500.0, 0.89 * 6806, 0.87 * 6806, 2880.0)
    rows = [
        API_ROW | {"conc": 512, "metrics": {**_latencies, "tput_per_gpu": rate}} for rate in rates
    ]
    assert captured(tmp_path, *rows)["caveat"].tolist() == ["", "", "dead-time", "dead-time"]


def test_a_change_log_key_names_what_it_can(tmp_path):
    raw = pd.DataFrame(
        {
            "config_key": ["dsr1-fp4-gb200-dynamo-sglang-mtp", "gptoss-fp4-*-trt", "*gb200*"],
            **{"merged": "2025-11-01", "pull_request": 1, "commit": "c"},
            **{"change_kinds": "fix", "scenario": [None, "x", None]},
        }
    )
    raw.to_csv(tmp_path / "changes.csv", index=False)
    made = SCRIPTS["changes"].make("changes", [tmp_path / "changes.csv"])
    found = made[["model", "hardware", "framework", "precision"]]
    assert found.to_numpy().tolist() == [
        ["deepseek-r1", "gb200", "dynamo-sglang", "fp4"],
        ["gpt-oss-120b", "", "trt", "fp4"],
        ["", "gb200", "", ""],
    ]


def test_six_significant_digits_are_kept_and_zero_is_none():
    found = inferencex.significant([123456.7, 0.0012345678, 0.0])
    np.testing.assert_allclose(found, [123457, 0.00123457, np.nan], rtol=1e-12)


# --- AIConfigurator -----------------------------------------------------------------------


def test_the_wheel_gives_the_rows_of_the_file_in_it(tmp_path):
    path = tmp_path / "aiconfigurator_core-0.12.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.write(DOWNLOADS / "silicon_sample.csv", silicon.MEMBER)
    pd.testing.assert_frame_equal(
        silicon.read(path), silicon.read(DOWNLOADS / "silicon_sample.csv")
    )


@pytest.fixture(scope="module")
def silicon_rows():
    return silicon.tidy(silicon.read(DOWNLOADS / "silicon_sample.csv"))


def test_throughput_from_latencies_is_that_of_the_closed_loop(silicon_rows):
    row = silicon_rows[silicon_rows["model"] == "llama-70b"].iloc[0]
    seconds = row["ttft"] + row["tpot"] * (0.9 * row["osl"] - 1)
    expected = row["concurrency"] * 0.9 * (row["isl"] + row["osl"]) / seconds / row["gpus"]
    assert row["throughput_per_gpu"] == pytest.approx(expected, rel=1e-5)
    assert row["latency"] == "mean"


def test_expert_parallel_rows_have_the_gpus_of_their_id_not_tp_times_ep(silicon_rows):
    raw = silicon.read(DOWNLOADS / "silicon_sample.csv").set_index("id")
    rows = silicon_rows[(silicon_rows["model"] == "gpt-oss-120b") & (silicon_rows["ep"] > 1)]
    rows = rows[rows["reason"] == ""]
    assert len(rows) > 0
    wrong = raw.loc[rows["citation"].str.split("id ").str[1], "tp_size"].to_numpy()
    assert (rows["gpus"].to_numpy() * rows["ep"].to_numpy() == wrong).all()
    assert (rows["gpus"] <= 8).all()


def test_unlabelled_rows_are_refused_with_the_reason(silicon_rows):
    reasons = silicon_rows.groupby("model")["reason"].unique().map(set)
    assert reasons["deepseek-v3"] == {"whether speculation was on is not recorded"}
    assert "disaggregated, and the worker counts are not recorded" in reasons["gpt-oss-120b"]
    assert reasons["llama-70b"] == {""}


def test_rows_that_a_table_with_measured_throughput_holds_are_dropped(silicon_rows):
    files = [DOWNLOADS / "inferencex_api_captures.csv"]
    captures = SCRIPTS["captures"].make("inferencex_captures", files)
    kept = silicon.without_captured(silicon_rows, [captures])
    assert len(silicon_rows) - len(kept) == 4
    for others in ([captures.assign(mean_tpot=9.0)], []):
        assert len(silicon.without_captured(silicon_rows, others)) == len(silicon_rows)


# --- MLPerf and TensorRT-LLM --------------------------------------------------------------


def test_a_part_that_is_not_the_standard_one_gets_no_hardware_key():
    made = SCRIPTS["mlperf"].make("mlperf", [DOWNLOADS / "mlperf_results.csv"])
    made = made.set_index("accelerator")
    assert set(made.loc[["NVIDIA GB200"], "hardware"]) == {"gb200"}
    odd = made[made.index.str.contains("NVL|CTS|Virtual|x32|Power Cap")]
    assert len(odd) > 0
    assert (odd["hardware"] == "").all()
    assert set(made["model"]) <= {"llama-2-70b", "llama-3.1-405b", "deepseek-r1", "gpt-oss-120b"}


def test_rubin_is_preview_and_a_mixed_system_has_no_hardware_key():
    made = SCRIPTS["mlperf"].make("mlperf_v61", [DOWNLOADS / "mlperf_v61_results.csv"])
    rubin = tables.read("mlperf_v61").query("hardware == 'vr200'")
    assert set(rubin["availability"]) == {"preview"}
    per_gpu = rubin[rubin["gpus"] == 72].set_index("scenario")["output_throughput_per_gpu"]
    assert per_gpu.round().to_dict() == {"offline": 16435, "server": 16332, "interactive": 9066}
    mixed = made[made["accelerator"].str.contains("+", regex=False)]
    assert (len(mixed), set(mixed["hardware"])) == (1, {""})


def test_per_gpu_rates_of_known_results():
    rows = tables.read("mlperf").query(
        "submitter == 'NVIDIA' and round == 'v6.0' and model == 'deepseek-r1' "
        "and scenario == 'offline' and hardware == 'gb200' and gpus == 72"
    )
    assert rows["output_throughput_per_gpu"].tolist() == [pytest.approx(486141 / 72, abs=0.5)]


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        *(("0.5.0", "static-batch"), ("0.9.0", "static-batch")),
        *(("0.10.0", "engine-in-flight"), ("0.17", "engine-in-flight")),
        *(("0.19", "pytorch-in-flight"), ("1.1-era (doc names no release)", "pytorch-in-flight")),
        ("main (doc names no release; between 1.1-era and 1.2 tables)", "pytorch-in-flight"),
    ],
)
def test_the_method_follows_the_release(version, expected):
    assert SCRIPTS["trtllm"].method(version) == expected


def test_the_draft_that_ran_without_cuda_graphs_is_left_out():
    raw = pd.read_csv(DOWNLOADS / "trtllm_perf_overview.csv")
    made = SCRIPTS["trtllm"].make("trtllm_throughput", [DOWNLOADS / "trtllm_perf_overview.csv"])
    assert raw["doc_version"].nunique() == 19
    assert made["version"].nunique() == len(made) == 18
    assert not made["version"].str.contains("draft").any()


def whole_downloads_give_the_committed_bytes(out):
    """Set FRONTIER_DOWNLOADS to a folder with the downloads that data/README.md lists."""
    before = content(out)
    assert not sources.make_tables(Path(os.environ["FRONTIER_DOWNLOADS"])).missing
    assert content(out) == before


if "FRONTIER_DOWNLOADS" in os.environ:  # the downloads themselves are in no repository
    test_the_whole_downloads_give_the_committed_bytes = whole_downloads_give_the_committed_bytes
