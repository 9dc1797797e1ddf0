"""One's own benchmark results: each tool's file, the documented CSV, and what is wrong with one."""

import copy
import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontier import cli
from frontier.data import checks, hardware, measurements, paths, tables
from frontier.errors import DataError, FrontierError, UsageError
from frontier.sources import intake, own

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
NODE = {"hardware": "h200", "gpus": 8, "precision": "fp8"}
# What docs/data.md says beside each example, and how many rows it is.
FILES = {
    "vllm-bench-serve.json": (NODE | {"isl": 8192, "osl": 1024}, 1),
    "sglang-bench-serving.jsonl": (NODE, 3),
    "aiperf.json": (NODE | {"framework": "vllm"}, 1),
    "genai-perf.json": (NODE | {"framework": "vllm", "isl": 8192, "osl": 1024}, 1),
    "own.csv": ({}, 4),
}


@pytest.fixture
def home(tmp_path, monkeypatch):
    shutil.copytree(paths.data(), tmp_path / "data")
    monkeypatch.setenv("FRONTIER_HOME", str(tmp_path))
    return tmp_path


def example(name):
    return json.loads((EXAMPLES / name).read_text())


def written(folder, value, name="mine.json"):
    path = folder / name
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


# --- every tool ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_every_example_is_read_to_sound_rows(name):
    said, count = FILES[name]
    rows = own.read([EXAMPLES / name], said)
    assert len(rows) == count
    assert list(rows) == [*measurements.COLUMNS, "label"]
    measurements.validate(rows)
    assert set(rows["model"]) == {"deepseek-r1"} and set(rows["source"]) == {"own"}
    assert (rows["isl"] == 8192).all() and (rows["osl"] == 1024).all()
    # Each is a closed loop, and so must agree with its own latencies.
    allowed = checks.closed_loop_throughput(rows, checks.request_latency(rows))
    assert (rows["throughput_per_gpu"] / allowed).between(0.9, 1.05).all()


def test_a_result_of_vllm_gives_its_own_numbers_in_other_units():
    raw = example("vllm-bench-serve.json")
    (row,) = own.read(
        [EXAMPLES / "vllm-bench-serve.json"], FILES["vllm-bench-serve.json"][0]
    ).to_dict("records")
    assert row["throughput_per_gpu"] == pytest.approx(raw["total_token_throughput"] / 8, rel=1e-5)
    assert row["output_throughput_per_gpu"] == pytest.approx(raw["output_throughput"] / 8, rel=1e-5)
    assert row["tpot"] == pytest.approx(raw["median_tpot_ms"] / 1000, rel=1e-5)
    assert row["ttft"] == pytest.approx(raw["median_ttft_ms"] / 1000, rel=1e-5)
    assert (row["concurrency"], row["framework"], row["latency"]) == (64, "vllm", "median")
    assert row["date"] == pd.Timestamp("2026-11-03")


def test_a_result_of_sglang_says_how_the_server_ran():
    rows = own.read([EXAMPLES / "sglang-bench-serving.jsonl"], NODE)
    assert rows["concurrency"].tolist() == [16, 64, 256]
    assert rows["speculative"].all() and (rows["tp"] == 8).all()


@pytest.mark.parametrize("name", ["aiperf.json", "genai-perf.json"])
def test_a_result_of_the_perf_tools_counts_every_token(name):
    raw = example(name)
    (row,) = own.read([EXAMPLES / name], FILES[name][0]).to_dict("records")
    rate = raw["request_throughput"]["avg"]
    tokens = [raw[f"{way}_sequence_length"]["avg"] for way in ("input", "output")]
    assert row["throughput_per_gpu"] == pytest.approx(rate * sum(tokens) / 8, rel=1e-5)
    assert row["output_throughput_per_gpu"] == pytest.approx(rate * tokens[1] / 8, rel=1e-5)
    assert row["tpot"] == pytest.approx(raw["inter_token_latency"]["p50"] / 1000, rel=1e-5)


@pytest.mark.parametrize(("unit", "factor"), [("s", 1e-3), ("us", 1e3), ("ns", 1e6), ("MS", 1)])
def test_the_unit_that_a_tool_names_is_used(tmp_path, unit, factor):
    raw = example("aiperf.json")
    for metric in ("inter_token_latency", "time_to_first_token"):
        raw[metric] = {k: v * factor for k, v in raw[metric].items() if k != "unit"}
        raw[metric]["unit"] = unit
    changed = own.read([written(tmp_path, raw)], FILES["aiperf.json"][0])
    as_it_was = own.read([EXAMPLES / "aiperf.json"], FILES["aiperf.json"][0])
    assert changed["tpot"].iloc[0] == pytest.approx(as_it_was["tpot"].iloc[0])


def test_a_mean_is_called_a_mean_where_there_is_no_median(tmp_path):
    raw = {k: v for k, v in example("vllm-bench-serve.json").items() if "median" not in k}
    rows = own.read([written(tmp_path, raw)], FILES["vllm-bench-serve.json"][0])
    assert rows["latency"].tolist() == ["mean"]
    assert rows["tpot"].iloc[0] == pytest.approx(raw["mean_tpot_ms"] / 1000, rel=1e-5)


def test_results_appended_to_one_file_are_read_one_after_another(tmp_path):
    one = example("vllm-bench-serve.json")
    other = one | {"max_concurrency": 60}
    file = written(tmp_path, json.dumps(one) + "\n" + json.dumps(other, indent=1))
    rows = own.read([file], FILES["vllm-bench-serve.json"][0])
    assert rows["concurrency"].tolist() == [64, 60]


def test_metadata_that_vllm_was_given_need_not_be_said_again(tmp_path):
    raw = example("vllm-bench-serve.json") | {"hardware": "H200", "gpus": "8", "isl": 8192}
    rows = own.read([written(tmp_path, raw | {"osl": 1024, "tensor_parallel_size": 8})], {})
    assert (rows["hardware"].iloc[0], rows["gpus"].iloc[0], rows["tp"].iloc[0]) == ("h200", 8, 8)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("deepseek-ai/DeepSeek-R1-0528", "deepseek-r1"),
        ("/models/nvidia/DeepSeek-R1-0528-FP4-v2", "deepseek-r1"),
        ("openai/gpt-oss-120b", "gpt-oss-120b"),
        ("meta-llama/Llama-3.3-70B-Instruct", "llama-70b"),
        ("meta-llama/Llama-3.1-405B-Instruct-FP8", "llama-405b"),
        ("deepseek-r1", "deepseek-r1"),
        ("Qwen/Qwen3-8B", "qwen3-8b"),
    ],
)
def test_the_name_of_a_model_at_the_server_gives_its_key(name, key):
    assert own._model(name) == key


# --- what is wrong with a file ------------------------------------------------------------

BAD_CSV = {
    "throughput_per_gpu is 8": ("throughput_per_gpu", lambda v: v * 8, "above Little's bound"),
    "latencies in ms": ("tpot", lambda v: v * 1000, "Little's bound"),
    "ttft in ms": ("ttft", lambda v: v * 1000, "times what the latencies and the load give"),
    "negative ttft": ("ttft", lambda v: -v, "expected a positive number, found -"),
    "no throughput": ("throughput_per_gpu", lambda v: None, "is missing"),
    "a future date": ("date", lambda v: "2199-01-01", "is in the future"),
    "a date in words": ("date", lambda v: "yesterday", "expected YYYY-MM-DD"),
    "half a GPU": ("gpus", lambda v: 7.5, "expected a whole number, found 7.5"),
    "neither true nor false": ("speculative", lambda v: "maybe", "expected true or false"),
    "another edition": ("power_edition", lambda v: "2025", "is edition 2026-07, not 2025"),
    "an edition that is none": ("power_edition", lambda v: "2031", "in edition 2031"),
    "power of no edition": ("throughput_per_mw", lambda v: v * 2, "edition 2026-07 has 1.37"),
}


@pytest.mark.parametrize("name", BAD_CSV)
def test_a_bad_value_is_named_by_file_row_and_column(tmp_path, name):
    column, change, problem = BAD_CSV[name]
    frame = pd.read_csv(EXAMPLES / "own.csv").astype(object)
    frame.loc[2, column] = change(frame.loc[2, column])
    file = tmp_path / "mine.csv"
    frame.to_csv(file, index=False)
    with pytest.raises(DataError) as failed:
        own.read([file], {})
    assert str(failed.value).startswith(f"{file}, row 3, column ")
    assert problem in str(failed.value) and "\n" not in str(failed.value)


def test_a_number_per_megawatt_needs_its_edition(tmp_path):
    frame = pd.read_csv(EXAMPLES / "own.csv").drop(columns="power_edition")
    frame.to_csv(tmp_path / "mine.csv", index=False)
    with pytest.raises(UsageError, match=r"row 1, column power_edition: .* one of 2025, 2026-07"):
        own.read([tmp_path / "mine.csv"], {})


@pytest.mark.parametrize("edition", hardware.POWER_EDITIONS)
def test_a_number_per_megawatt_of_the_edition_it_names_is_taken(tmp_path, edition):
    frame = pd.read_csv(EXAMPLES / "own.csv")
    kw = hardware.power_kw("h200", edition)
    frame["throughput_per_mw"] = (frame["throughput_per_gpu"] * 1000 / kw).round()
    frame.assign(power_edition=edition).to_csv(tmp_path / "mine.csv", index=False)
    assert len(own.read([tmp_path / "mine.csv"], {})) == 4


def test_what_is_needed_and_not_in_the_file_is_asked_for_by_its_option():
    with pytest.raises(
        UsageError, match=r"row 1, column hardware: not in the file; say it with --hardware"
    ):
        own.read([EXAMPLES / "vllm-bench-serve.json"], {})


def test_what_was_said_must_not_contradict_the_file():
    with pytest.raises(DataError, match=r"row 1, column gpus: is 8 in the file and 4 was said"):
        own.read([EXAMPLES / "own.csv"], {"gpus": 4})


def test_lengths_that_the_requests_did_not_have_are_an_error():
    said = NODE | {"isl": 1024, "osl": 1024}
    with pytest.raises(DataError, match=r"column isl: 1024 was said, and requests had 7373 tokens"):
        own.read([EXAMPLES / "vllm-bench-serve.json"], said)


def test_fewer_gpus_than_the_deployment_s_tp_are_an_error():
    with pytest.raises(DataError, match=r"column gpus: 1 was said, and the deployment is TP 8"):
        own.read([EXAMPLES / "sglang-bench-serving.jsonl"], NODE | {"gpus": 1})


def test_prefill_and_decode_gpus_are_all_of_them():
    said = {"disaggregated": True, "prefill_gpus": 2, "decode_gpus": 4}
    with pytest.raises(DataError, match=r"column gpus: prefill_gpus and decode_gpus are not 8"):
        own.read([EXAMPLES / "own.csv"], said)


@pytest.mark.parametrize(
    ("content", "error", "problem"),
    [
        ("", DataError, "has no results"),
        ("{", DataError, "is not JSON"),
        ("[1, 2]", DataError, "expected results, found other values"),
        ('{"a": 1}', UsageError, "is of no known kind"),
        ('{"model_id": "x", "total_output_tokens": 1}', DataError, "row 1: cannot be read"),
        (
            '{"model_id": "x", "total_output_tokens": 0, "total_input_tokens": 0, "completed": 0}',
            DataError,
            "row 1: cannot be read: ZeroDivisionError",
        ),
        ('{"inter_token_latency": 1, "request_throughput": 1}', DataError, "row 1: cannot be read"),
    ],
)
def test_a_file_that_is_no_result_is_one_line(tmp_path, content, error, problem):
    with pytest.raises(error, match=problem):
        own.read([written(tmp_path, content)], NODE)


def test_a_column_that_nobody_knows_is_named(tmp_path):
    text = (EXAMPLES / "own.csv").read_text().replace("ttft", "time_to_first_token")
    with pytest.raises(DataError, match="no column is called time_to_first_token"):
        own.read([written(tmp_path, text, "mine.csv")], {})


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-3, 10**9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)


@given(
    name=st.sampled_from([n for n in FILES if n.endswith("json")]),
    changes=st.dictionaries(st.integers(0, 40), json_values, max_size=4),
)
def test_whatever_a_result_holds_it_is_read_or_refused_in_one_line(tmp_path_factory, name, changes):
    raw = copy.deepcopy(example(name))
    keys = list(raw)
    raw |= {keys[at % len(keys)]: value for at, value in changes.items()}
    file = written(tmp_path_factory.getbasetemp(), raw, "fuzzed.json")
    try:
        rows = own.read([file], FILES[name][0])
    except FrontierError as error:
        assert "\n" not in str(error)
    else:
        measurements.validate(rows)


# --- the table ----------------------------------------------------------------------------


def test_an_import_makes_the_table_and_leaves_the_public_rows(home):
    before = measurements.load_measurements()
    report = intake.import_files([EXAMPLES / "own.csv"])
    assert (report.table, report.rows, report.added) == ("own", 4, 4)
    assert len(tables.read("own")) == 4
    assert tables.read("own")["label"].unique().tolist() == ["our node"]
    assert measurements.load_measurements().equals(before)
    tables.verify()


def test_several_series_stand_beside_each_other_and_one_imported_again_is_replaced(home):
    intake.import_files([EXAMPLES / "own.csv"])
    said = FILES["vllm-bench-serve.json"][0] | {"label": "vLLM"}
    assert intake.import_files([EXAMPLES / "vllm-bench-serve.json"], said=said).rows == 5
    faster = pd.read_csv(EXAMPLES / "own.csv")
    columns = ["throughput_per_gpu", "throughput_per_mw"]
    faster[columns] *= 0.95
    faster.to_csv(home / "faster.csv", index=False)
    report = intake.import_files([home / "faster.csv"])
    assert (report.rows, report.added, report.changed) == (5, 0, 4)
    assert set(tables.meta("own")["inputs"]) == {
        *("own.csv", "faster.csv", "vllm-bench-serve.json")
    }


def test_the_same_results_again_change_nothing(home):
    intake.import_files([EXAMPLES / "own.csv"])
    assert not intake.import_files([EXAMPLES / "own.csv"]).moved


def test_public_rows_and_own_ones_are_not_mixed(home):
    with pytest.raises(UsageError, match=r"own\.csv is one's own and .*api\.json public"):
        intake.import_files([EXAMPLES / "own.csv", EXAMPLES / "api.json"])
    with pytest.raises(UsageError, match=r"--gpus is for results of one's own"):
        intake.import_files([EXAMPLES / "api.json"], said={"gpus": 8})
    with pytest.raises(UsageError, match=r"nothing\.json is not a file"):
        intake.import_files([home / "nothing.json"])


def test_a_saved_answer_of_the_api_is_public(home):
    report = intake.import_files([EXAMPLES / "api.json"])
    assert (report.table, report.rows) == ("inferencex", 2)


def test_the_command_takes_what_a_file_does_not_say(home, capsys):
    options = ["--hardware", "h200", "--gpus", "8", "--precision", "fp8", "--isl", "8192"]
    options += ["--osl", "1024", "--label", "vLLM", "--no-speculative"]
    assert cli.main(["data", "import", str(EXAMPLES / "vllm-bench-serve.json"), *options]) == 0
    assert capsys.readouterr().out.startswith("own: 1 rows; 1 new")
    assert cli.main(["data", "import", str(EXAMPLES / "vllm-bench-serve.json")]) == 2
    assert "say it with --hardware" in capsys.readouterr().err


def test_the_document_says_beside_each_example_what_has_to_be_said(home):
    """What docs/data.md shows is run as it stands."""
    document = (EXAMPLES.parent / "data.md").read_text()
    shown = re.findall(r"\[([\w.-]+)\]\(examples/\1\)(?: `(--[^`]+)`)?", document)
    assert (
        {name for name, _ in shown}
        == {*FILES, "api.json"}
        == {path.name for path in EXAMPLES.iterdir()}
    )
    for name, options in shown:
        assert cli.main(["data", "import", str(EXAMPLES / name), *options.split()]) == 0
    tables.verify()
    measurements.verify()


def test_the_options_are_those_that_the_library_takes_and_each_says_what_it_is(capsys):
    kinds = {name: kind for name, (kind, _) in cli._SAID.items()}
    assert {name: kind for name, (kind, _) in own.SAID.items()} == kinds
    with pytest.raises(SystemExit):
        cli.main(["data", "import", "--help"])
    told = "".join(capsys.readouterr().out.split())
    for name, (_, words) in cli._SAID.items():
        assert words and words.replace(" ", "") in told, name
