"""One's own benchmark results: each tool's file, the documented CSV, and what is wrong with one."""

import codecs
import gzip
import io
import json
import re
import shutil
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
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
    "inferencex-agg.json": ({}, 1),
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
        ("/hub/models--nvidia--DeepSeek-R1-0528-FP4-v2/snapshots/25a138f/", "deepseek-r1"),
        ("meta-llama/Meta-Llama-3.1-70B-Instruct", "llama-70b"),
        ("amd/Llama-3.3-70B-Instruct-FP8-KV", "llama-70b"),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "deepseek-r1-distill-qwen-7b"),
        ("deepseek-ai/DeepSeek-R1-Distill-Llama-70B", "deepseek-r1-distill-llama-70b"),
        ("deepseek-ai/DeepSeek-R1-Zero", "deepseek-r1-zero"),
        ("cognitivecomputations/DeepSeek-R1-AWQ", "deepseek-r1-awq"),
        ("unsloth/DeepSeek-R1-0528-GGUF", "deepseek-r1-0528-gguf"),
        (
            "RedHatAI/Llama-3.3-70B-Instruct-quantized.w4a16",
            "llama-3.3-70b-instruct-quantized.w4a16",
        ),
        ("openai/gpt-oss-20b", "gpt-oss-20b"),
    ],
)
def test_the_name_of_a_model_at_the_server_gives_its_key(name, key):
    assert own._model(name) == key


# --- what is wrong with a file ------------------------------------------------------------

BAD_CSV = {
    "throughput_per_gpu is 8": ("throughput_per_gpu", lambda v: v * 8, "above Little's bound"),
    "latencies in ms": ("tpot", lambda v: v * 1000, "Little's bound"),
    "ttft in ms": ("ttft", lambda v: v * 1000, "times what the latencies and the load give"),
    "negative ttft": ("ttft", lambda v: -v, "expected a positive number, found '-"),
    "no throughput": ("throughput_per_gpu", lambda v: None, "is missing"),
    "a future date": ("date", lambda v: "2199-01-01", "is in the future"),
    "a date in words": ("date", lambda v: "yesterday", "expected YYYY-MM-DD"),
    "half a GPU": ("gpus", lambda v: 7.5, "expected a whole number, found '7.5'"),
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
        (
            '{"model_id": "x", "total_output_tokens": 1}',
            DataError,
            "row 1: cannot be read: 'completed' is missing; see docs/data.md",
        ),
        (
            '{"model_id": "x", "total_output_tokens": 0, "total_input_tokens": 0, "completed": 0}',
            DataError,
            "row 1: no request succeeded",
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


@settings(max_examples=40)
@given(
    name=st.sampled_from([n for n in FILES if n.endswith("json")]),
    changes=st.dictionaries(st.integers(0, 40), json_values, max_size=4),
)
def test_whatever_a_result_holds_it_is_read_or_refused_in_one_line(tmp_path_factory, name, changes):
    (raw,) = own.reading.documents((EXAMPLES / name).read_text(), file=name)
    raw = raw[0] if isinstance(raw, list) else raw
    keys = list(raw)
    raw |= {keys[at % len(keys)]: value for at, value in changes.items()}
    file = written(tmp_path_factory.getbasetemp(), raw, "fuzzed.json")
    try:
        rows = own.read([file], FILES[name][0])
    except FrontierError as error:
        assert "\n" not in str(error)
    else:
        measurements.validate(rows)


# --- what a client does not know, and what a file says of it --------------------------------


def vllm(**more):
    return example("vllm-bench-serve.json") | more


def sglang(server=None, **more):
    text = (EXAMPLES / "sglang-bench-serving.jsonl").read_text().splitlines()[1]
    raw = json.loads(text) | more
    return raw | {"server_info": raw["server_info"] | (server or {})}


def imported(folder, value, said=None, name="mine.json", **options):
    """Return the one row of a result, and what was told of it."""
    told = []
    said = FILES["vllm-bench-serve.json"][0] if said is None else said
    rows = own.read([written(folder, value, name)], said, tell=told.append, **options)
    (row,) = rows.to_dict("records")
    return row, told


VLLM_SAID = FILES["vllm-bench-serve.json"][0]


@pytest.mark.parametrize("backend", ["openai", "sglang", "tensorrt-llm", "vllm"])
@pytest.mark.parametrize("framework", ["trt", "sglang", "dynamo-vllm"])
def test_what_the_client_is_called_is_not_what_served(tmp_path, backend, framework):
    raw = vllm(backend=backend, endpoint_type=backend)
    row, told = imported(tmp_path, raw, VLLM_SAID | {"framework": framework})
    assert row["framework"] == framework and not told
    row, _ = imported(tmp_path, raw | {"framework": framework})
    assert row["framework"] == framework


def test_the_server_of_another_protocol_has_to_be_said_and_that_of_vllm_is_told(tmp_path):
    with pytest.raises(UsageError, match=r"column framework: not in the file; say it with --fra"):
        imported(tmp_path, vllm(backend="openai", endpoint_type="openai"))
    row, (told,) = imported(tmp_path, vllm())
    assert row["framework"] == "vllm"
    assert told.endswith("say --framework if another did")


def test_sglang_s_client_against_another_server_knows_no_framework(tmp_path):
    raw = sglang(backend="vllm")
    del raw["server_info"]
    with pytest.raises(UsageError, match="column model: not in the file"):
        imported(tmp_path, raw, NODE)
    with pytest.raises(UsageError, match="column framework: not in the file"):
        imported(tmp_path, raw, NODE | {"model": "deepseek-r1"})


@pytest.mark.parametrize(
    "name", ["/model", "default", "served", "/data/r1/checkpoint", "a/b/c", "."]
)
def test_a_served_path_or_alias_is_no_model_and_yields_to_what_is_said(tmp_path, name):
    with pytest.raises(UsageError, match="is a path or an alias; say it with --model"):
        imported(tmp_path, vllm(model_id=name))
    row, _ = imported(tmp_path, vllm(model_id=name), VLLM_SAID | {"model": "deepseek-r1"})
    assert row["model"] == "deepseek-r1"


def test_another_model_than_the_one_that_was_said_is_an_error(tmp_path):
    said = VLLM_SAID | {"model": "deepseek-r1"}
    for name in ("deepseek-ai/DeepSeek-R1-Distill-Llama-70B", "/m/Qwen3-8B", "some/thing"):
        with pytest.raises(DataError, match=r"column model: is .* in the file and deepseek-r1 was"):
            imported(tmp_path, vllm(model_id=name), said)


def test_the_format_in_the_name_of_a_model_is_its_precision(tmp_path):
    raw = vllm(model_id="nvidia/DeepSeek-R1-0528-FP4-v2")
    said = {k: v for k, v in VLLM_SAID.items() if k != "precision"}
    row, _ = imported(tmp_path, raw, said)
    assert (row["model"], row["precision"]) == ("deepseek-r1", "fp4")
    with pytest.raises(DataError, match="column precision: is fp4 in the file and fp8 was said"):
        imported(tmp_path, raw, VLLM_SAID)
    with pytest.raises(DataError, match="the model's name has fp4, and precision is fp8"):
        imported(tmp_path, raw | {"precision": "fp8"}, said)
    row, told = imported(tmp_path, vllm(model_id="/m/DeepSeek-R1-0528-FP4"))
    assert row["precision"] == "fp8" and "fp4 in the model's path, and fp8 was said" in told[-1]


def test_what_the_metadata_and_the_command_line_say_alike_agrees(tmp_path):
    raw = vllm(gpus="8", hardware="H200", precision="FP8", isl="8192", osl=1024.0, tp="8")
    row, _ = imported(tmp_path, raw, {"gpus": 8, "hardware": "h200", "model": "DeepSeek-R1"})
    assert (row["gpus"], row["hardware"], row["tp"]) == (8, "h200", 8)
    with pytest.raises(DataError, match="column gpus: is 8 in the file and 16 was said"):
        imported(tmp_path, raw, {"gpus": 16})


# --- requests that failed, that were cancelled, that warmed up --------------------------------


def aiperf(**more):
    return example("aiperf.json") | more


FAILED = {
    "vllm says how many failed": (vllm, {"completed": 640, "failed": 60, "num_prompts": 700}),
    "vllm says how many were sent": (vllm, {"failed": 0, "num_prompts": 700}),
    "vllm of before it counted failures": (vllm, {"failed": None, "num_prompts": 700}),
    "AIPerf counts errors": (aiperf, {"error_request_count": {"unit": "requests", "avg": 60}}),
    "AIPerf lists errors": (aiperf, {"error_summary": [{"code": 500, "count": 30}] * 2}),
}
SAID_BY = {vllm: VLLM_SAID, aiperf: FILES["aiperf.json"][0]}


@pytest.mark.parametrize("name", FAILED)
def test_too_many_failed_requests_are_refused_unless_they_are_accepted(tmp_path, name):
    make, change = FAILED[name]
    with pytest.raises(DataError, match=r"60 of \d+ requests failed, more than 5%.*say --accept"):
        imported(tmp_path, make(**change), SAID_BY[make])
    _, told = imported(tmp_path, make(**change), SAID_BY[make], accept=True)
    assert "requests failed" in told[0]


def test_a_few_failed_requests_are_told(tmp_path):
    _, told = imported(tmp_path, vllm(failed=6, num_prompts=646))
    assert told[0] == "mine.json, row 1: 6 of 646 requests failed"


@pytest.mark.parametrize("accept", [True, False])
def test_a_run_without_a_request_that_succeeded_is_no_result(tmp_path, accept):
    none = {"completed": 0, "failed": 640, "total_input_tokens": 0, "total_output_tokens": 0}
    with pytest.raises(DataError, match="row 1: no request succeeded"):
        imported(tmp_path, vllm(**none), accept=accept)
    raw = aiperf(request_count={"unit": "requests", "avg": 0})
    with pytest.raises(DataError, match="row 1: no request succeeded"):
        imported(tmp_path, raw, SAID_BY[aiperf], accept=accept)


def test_a_run_that_was_cancelled_is_refused_unless_it_is_accepted(tmp_path):
    raw = aiperf(was_cancelled=True)
    with pytest.raises(DataError, match=r"the run was cancelled before its end; .* say --accept"):
        imported(tmp_path, raw, SAID_BY[aiperf])
    _, told = imported(tmp_path, raw, SAID_BY[aiperf], accept=True)
    assert "was cancelled" in told[-1]


def phased(*phases):
    """Return a result of AIPerf 0.10, whose configuration has phases and a list of models."""
    config = {
        "models": {"items": [{"name": "deepseek-ai/DeepSeek-R1-0528"}]},
        "datasets": [{"prompts": {"isl": {"mean": 8192}, "osl": {"mean": 1024}}}],
        "phases": list(phases),
    }
    return aiperf(input_config=config)


WARM = {"name": "warmup", "type": "concurrency", "exclude_from_results": True, "concurrency": 8}
MEASURED = {"name": "profiling", "type": "concurrency", "requests": 320, "concurrency": 32}


@pytest.mark.parametrize("users", [8, 128])
@pytest.mark.parametrize("first", [True, False])
def test_the_load_is_that_of_the_measured_phase_and_not_of_the_warm_up(tmp_path, users, first):
    phases = [WARM | {"concurrency": users}, MEASURED][:: 1 if first else -1]
    said = NODE | {"framework": "vllm"}
    row, _ = imported(tmp_path, phased(*phases), said)
    assert (row["concurrency"], row["model"], row["isl"]) == (32, "deepseek-r1", 8192)


def test_a_warm_up_that_is_in_the_results_or_two_measured_phases_are_no_one_load(tmp_path):
    said = NODE | {"framework": "vllm"}
    with pytest.raises(DataError, match="its warm-up requests are in the results"):
        imported(tmp_path, phased(WARM | {"exclude_from_results": False}, MEASURED), said)
    with pytest.raises(DataError, match="it has 2 measured phases"):
        imported(tmp_path, phased(MEASURED, MEASURED | {"concurrency": 64}), said)


def test_the_load_of_an_older_aiperf_is_not_that_of_its_warm_up(tmp_path):
    raw = aiperf()
    raw["input_config"] = {"warmup": {"concurrency": 4}} | raw["input_config"]
    assert imported(tmp_path, raw, SAID_BY[aiperf])[0]["concurrency"] == 32


def test_several_models_in_one_configuration_are_asked_for(tmp_path):
    raw = phased(MEASURED)
    raw["input_config"]["models"]["items"].append({"name": "openai/gpt-oss-120b"})
    with pytest.raises(UsageError, match="column model: not in the file"):
        imported(tmp_path, raw, NODE | {"framework": "vllm"})


# --- GPUs, speculation, load, latencies, lengths ---------------------------------------------


@pytest.mark.parametrize(
    ("sizes", "gpus"),
    [
        ({"tp_size": 1, "dp_size": 8, "pp_size": 1}, 8),
        ({"tp_size": 8, "dp_size": 1, "pp_size": 2}, 16),
        ({"tp_size": 8, "dp_size": 8, "pp_size": 1, "enable_dp_attention": True}, 8),
        ({"tp_size": 4, "dp_size": 2, "pp_size": 2, "ep_size": 4}, 16),
        ({"tp_size": 1, "dp_size": 1, "pp_size": 1, "ep_size": 16}, 16),
    ],
)
def test_the_gpus_are_those_that_the_server_itself_has(tmp_path, sizes, gpus):
    raw = sglang(sizes)
    assert imported(tmp_path, raw, NODE | {"gpus": gpus})[0]["gpus"] == gpus
    for wrong in (gpus // 2, gpus * 2, gpus + 1):
        with pytest.raises(DataError, match=r"column gpus: \d+ was said, and the"):
            imported(tmp_path, raw, NODE | {"gpus": wrong})
    row, _ = imported(tmp_path, raw, NODE | {"gpus": 2 * gpus}, accept=True)  # two such servers
    assert row["gpus"] == 2 * gpus


def test_sizes_in_the_metadata_of_vllm_speak_against_gpus_too(tmp_path):
    raw = vllm(tensor_parallel_size="8", pipeline_parallel_size="2")
    with pytest.raises(DataError, match="column gpus: 8 was said, and the server is TP 8 x PP 2"):
        imported(tmp_path, raw)
    assert imported(tmp_path, raw, VLLM_SAID | {"gpus": 16})[0]["gpus"] == 16


SPECULATES = {
    "an acceptance length of vllm": lambda: vllm(spec_decode_acceptance_length=2.7),
    "an acceptance rate of vllm": lambda: vllm(spec_decode_acceptance_rate=61.0),
    "speculative_config in the metadata": lambda: vllm(speculative_config="{'method': 'mtp'}"),
    "accept_length of sglang": lambda: sglang({"speculative_algorithm": None}),
    "the server of sglang": lambda: sglang(accept_length=None),
}


@pytest.mark.parametrize("name", SPECULATES)
def test_speculation_is_read_wherever_a_tool_states_it(tmp_path, name):
    raw = SPECULATES[name]()
    said = NODE if "server_info" in raw else VLLM_SAID
    assert imported(tmp_path, raw, said)[0]["speculative"]
    with pytest.raises(DataError, match="column speculative: is True in the file and False was"):
        imported(tmp_path, raw, said | {"speculative": False})


def test_without_speculation_none_is_read(tmp_path):
    raw = sglang({"speculative_algorithm": None}, accept_length=None)
    assert not imported(tmp_path, raw, NODE)[0]["speculative"]
    assert not imported(tmp_path, vllm(spec_decode_acceptance_length=None))[0]["speculative"]


@pytest.mark.parametrize("rate", [5, "5.0", 3.3])
def test_a_finite_request_rate_is_no_closed_loop_unless_every_user_waits(tmp_path, rate):
    raw = vllm(request_rate=rate)
    imported(tmp_path, raw)  # 64 users were waiting whatever the rate was
    raw["max_concurrency"] = 100
    problem = "column concurrency: requests came at a rate of their own, and 62.* of 100 users were"
    with pytest.raises(DataError, match=problem):
        imported(tmp_path, raw)
    imported(tmp_path, raw | {"request_rate": "inf"})


def test_the_latency_of_whole_requests_is_ttft_and_tpot(tmp_path):
    whole = {"mean_e2el_ms": 18700.0, "median_e2el_ms": 18600.0}
    imported(tmp_path, vllm(**whole))
    for name in whole:
        for factor in (0.5, 2.0, 1000.0):
            changed = vllm(**whole | {name: whole[name] * factor})
            with pytest.raises(DataError, match=r"column ttft: the (mean|median) latency of whole"):
                imported(tmp_path, changed)


@pytest.mark.parametrize(
    "key", ["output_throughput", "total_token_throughput", "request_throughput"]
)
def test_a_rate_that_a_file_states_twice_is_the_same_rate(tmp_path, key):
    with pytest.raises(DataError, match=f"column {key}: is .*, and the rest of the file gives"):
        imported(tmp_path, vllm(**{key: vllm()[key] * 1.2}))
    imported(tmp_path, vllm(**{key: vllm()[key] * 1.01}))


def test_a_median_above_its_99th_percentile_is_none(tmp_path):
    with pytest.raises(DataError, match="column ttft: median_ttft_ms is above p99_ttft_ms"):
        imported(tmp_path, vllm(p99_ttft_ms=100.0))


def drawn(requests, low, high, seed):
    """Return a result whose lengths are drawn at random, served at a TPOT of 20 ms by 8 users."""
    rng = np.random.default_rng(seed)
    isl, osl = (rng.integers(low * n, high * n + 1, requests).sum() for n in (8192, 1024))
    seconds = (osl * 0.02 + requests * 0.1) / 8
    raw = vllm(completed=requests, num_prompts=requests, max_concurrency=8, duration=seconds)
    raw |= {"total_input_tokens": int(isl), "total_output_tokens": int(osl)}
    raw |= {f"{how}_tpot_ms": 20.0 for how in ("mean", "median", "p99")}
    raw |= {f"{how}_ttft_ms": 100.0 for how in ("mean", "median", "p99")}
    return {k: v for k, v in raw.items() if not k.endswith("throughput")}


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("requests", [16, 160])
@pytest.mark.parametrize(("low", "high"), [(0.8, 1), (0.01, 1), (0.01, 2)])
def test_the_chance_in_random_lengths_does_not_decide(tmp_path, seed, requests, low, high):
    row, _ = imported(tmp_path, drawn(requests, low, high, seed))
    assert row["concurrency"] == 8


def test_lengths_that_many_requests_did_not_have_are_still_an_error(tmp_path):
    with pytest.raises(DataError, match="column isl: 20000 was said"):
        imported(tmp_path, drawn(640, 0.8, 1, 0), VLLM_SAID | {"isl": 20000})


# --- days, text and encodings ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("20261103-141502", "2026-11-03"),
        ("2026-11-03T23:30:00", "2026-11-03"),
        ("2026-11-03T23:30:00-08:00", "2026-11-04"),
        ("2026-11-03T01:30:00+09:00", "2026-11-02"),
        ("2026-11-03T23:30:00Z", "2026-11-03"),
    ],
)
def test_a_time_of_a_zone_is_a_day_in_utc(tmp_path, text, day):
    assert imported(tmp_path, vllm(date=text))[0]["date"] == pd.Timestamp(day)


@pytest.mark.parametrize("text", ["20260230-141502", "2026-13-01", "03.11.2026", "1", 5, "９999"])
def test_a_day_that_does_not_exist_is_named(tmp_path, text):
    with pytest.raises(DataError, match="row 1, column date: expected YYYY-MM-DD"):
        imported(tmp_path, vllm(date=text))


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/Los_Angeles"])
def test_a_day_that_is_today_somewhere_is_not_in_the_future(tmp_path, monkeypatch, zone):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        tomorrow = pd.Timestamp.now("UTC").tz_localize(None).normalize() + pd.Timedelta(days=1)
        row, _ = imported(tmp_path, vllm(date=f"{tomorrow:%Y%m%d}-080000"))
        assert row["date"] == tomorrow
        with pytest.raises(DataError, match="column date: is in the future"):
            imported(tmp_path, vllm(date=f"{tomorrow + pd.Timedelta(days=3):%Y-%m-%d}"))
        with pytest.raises(DataError, match="column date: is before 2023-01-01"):
            imported(tmp_path, vllm(date="1900-01-01"))
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()


TEXT = (EXAMPLES / "own.csv").read_text()


@pytest.mark.parametrize("label", ["NA", "007", "0.10", "null", "1e3", "True", "-", "nan"])
def test_a_label_is_text_whatever_it_looks_like(tmp_path, home, label):
    written(tmp_path, TEXT.replace("our node", label), "mine.csv")
    intake.import_files([tmp_path / "mine.csv"])
    assert set(measurements.own()["label"]) == {label}


def test_two_labels_that_are_one_number_are_two_series(tmp_path, home):
    text = TEXT.replace("our node", "0.1") + TEXT.partition("\n")[2].replace("our node", "0.10")
    assert intake.import_files([written(tmp_path, text, "mine.csv")]).rows == 8
    assert sorted(set(measurements.own()["label"])) == ["0.1", "0.10"]


def semicolons(text):
    """Return a CSV as a spreadsheet writes it where the comma is the decimal sign."""
    frame = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    numbers = ["throughput_per_gpu", "tpot", "ttft", "throughput_per_mw"]
    frame[numbers] = frame[numbers].apply(lambda column: column.str.replace(".", ","))
    return frame.to_csv(index=False, sep=";")


ENCODED = {
    "a byte order mark": TEXT.encode("utf-8-sig"),
    "UTF-16": TEXT.encode("utf-16"),
    "UTF-16, big end first": codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    "UTF-32": TEXT.encode("utf-32"),
    "semicolons and decimal commas": semicolons(TEXT).encode(),
    "semicolons and decimal points": TEXT.replace(",", ";").encode(),
    "tabs": TEXT.replace(",", "\t").encode(),
    "spaces": TEXT.replace(",", ", ").encode(),
    "lines as Windows ends them": TEXT.replace("\n", "\r\n").encode(),
    "quotes": TEXT.replace("our node", '"our node"').encode(),
    "gzip": gzip.compress(TEXT.encode()),
}


@pytest.mark.parametrize("name", ENCODED)
def test_a_csv_of_any_program_gives_the_same_rows(tmp_path, name):
    file = tmp_path / "mine.csv"
    file.write_bytes(ENCODED[name])
    plain = own.read([EXAMPLES / "own.csv"], {}).drop(columns="citation")
    pd.testing.assert_frame_equal(own.read([file], {}).drop(columns="citation"), plain)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_json_in_the_encodings_of_windows_is_read(tmp_path, encoding):
    file = tmp_path / "mine.json"
    file.write_bytes(json.dumps(vllm()).encode(encoding))
    assert len(own.read([file], VLLM_SAID)) == 1


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16-le", "latin-1"])
@pytest.mark.parametrize("name", ["mine.csv", "mine.json"])
def test_another_encoding_is_named_and_what_to_do(tmp_path, encoding, name):
    file = tmp_path / name
    file.write_bytes(TEXT.replace("our node", "Größe").encode(encoding))
    with pytest.raises(DataError, match=r"(Windows-1252|UTF-16).*save it as UTF-8") as failed:
        own.read([file], {})
    assert "download" not in str(failed.value)


# --- InferenceX's own harness ------------------------------------------------------------------


def harness(*, apart=False, several=False, **more):
    """Return an entry of ``agg_*.json``, of a closed loop that agrees with its own latencies."""
    prefill, decode = (8, 24) if apart else (16, 0) if several else (8, 8)
    gpus = prefill + decode if several else 8
    isl, osl, conc, tpot, ttft = 8192, 1024, 64, 0.02, 1.0
    e2el = ttft + tpot * (0.9 * osl - 1)
    total = 0.97 * conc * 0.9 * (isl + osl) / e2el / gpus
    output = total * osl / (isl + osl)
    raw = {
        **{"hw": "h200-dgxc", "conc": conc, "image": "x:1", "model": "/mnt/r1", "isl": isl},
        **{"infmax_model_prefix": "dsr1", "framework": "dynamo-trt", "precision": "fp8"},
        **{"spec_decoding": "none", "disagg": apart, "osl": osl, "is_multinode": several},
        **{"tput_per_gpu": total, "median_ttft": ttft, "median_tpot": tpot, "median_e2el": e2el},
        "median_intvty": 1 / tpot,
        "output_tput_per_gpu": output * (gpus / decode if apart else 1),
        "input_tput_per_gpu": (total - output) * (gpus / prefill if apart else 1),
    }
    sizes = {"tp": 8, "ep": 1, "dp_attention": "false"}
    if several:
        raw |= {f"prefill_{k}": v for k, v in sizes.items()}
        raw |= {f"decode_{k}": v for k, v in (sizes if apart else sizes | {"tp": 0}).items()}
        raw |= {"num_prefill_gpu": prefill, "num_decode_gpu": decode}
    else:
        raw |= sizes
    return raw | more


@pytest.mark.parametrize(
    ("how", "gpus"),
    [
        ({}, (8, 8, 8)),
        ({"several": True}, (16, 16, 16)),
        ({"several": True, "apart": True}, (32, 8, 24)),
        ({"tp": 4, "pp": 2}, (8, 8, 8)),
    ],
)
def test_a_result_of_inferencex_s_harness_says_everything_but_its_day(tmp_path, how, gpus):
    row, _ = imported(tmp_path, [harness(**how)], {})
    assert (row["gpus"], row["prefill_gpus"], row["decode_gpus"]) == gpus
    assert (row["model"], row["hardware"], row["framework"]) == (
        "deepseek-r1",
        "h200",
        "dynamo-trt",
    )
    assert (row["concurrency"], row["isl"], row["osl"]) == (64, 8192, 1024)
    share = row["output_throughput_per_gpu"] / row["throughput_per_gpu"]
    assert share == pytest.approx(1 / 9, rel=1e-4)
    assert not row["speculative"] and pd.isna(row["date"])


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"scenario_type": "agentic-coding"}, "of an agentic workload"),
        ({"median_intvty": 20.0}, "interactivity: is not 1 / tpot"),
        ({"median_e2el": 90.0}, "the median latency of whole requests is 90 s"),
        ({"input_tput_per_gpu": 10.0}, "column tput_per_gpu: is .* and the rest of the file gives"),
        ({"benchmark_outcome": {"requested": 640, "completed": 500}}, "140 of 640 requests failed"),
        ({"tput_per_gpu": "fast"}, "tput_per_gpu is no positive number but 'fast'"),
        ({"hw": None}, "column hardware: not in the file"),
        ({"num_prefill_gpu": 8, "is_multinode": True}, "'num_decode_gpu' is missing"),
    ],
)
def test_a_result_of_inferencex_s_harness_that_contradicts_itself_is_named(
    tmp_path, change, problem
):
    with pytest.raises((DataError, UsageError), match=problem):
        imported(tmp_path, harness(**change), {})


def test_speculation_in_either_word_of_the_harness_is_read(tmp_path):
    assert imported(tmp_path, harness(spec_decoding="mtp"), {})[0]["speculative"]
    raw = harness(mtp="on")
    del raw["spec_decoding"]
    assert imported(tmp_path, raw, {})[0]["speculative"]


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


@pytest.mark.slow
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


def test_each_thing_that_can_be_said_is_an_option_that_says_what_it_is(capsys):
    assert cli.main(["data", "import", "--help"]) == 0
    told = "".join(capsys.readouterr().out.split())
    for name in own.SAID:
        words = own.COLUMNS[name][2].partition(";")[0]
        assert f"--{name.replace('_', '-')}" in told
        assert words and words.replace(" ", "") in told, name
