"""Results and answers whose structure is broken at random: read soundly or refused in one line."""

import copy
import json
import math
import random
from pathlib import Path

import pytest

import inferencex_api as api
from frontier.data import measurements
from frontier.errors import FrontierError
from frontier.sources import inferencex, intake, own

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
NODE = {"hardware": "h200", "gpus": 8, "precision": "fp8", "isl": 8192, "osl": 1024}
RESULTS, ANSWERS = 1200, 800  # cases of one run of the slow tests


def results():
    """Return a sound result of every tool, as the text that it writes."""
    made = {path.name: path.read_text() for path in EXAMPLES.glob("*.json") if path.stem != "api"}
    made["sglang.jsonl"] = (EXAMPLES / "sglang-bench-serving.jsonl").read_text().splitlines()[1]
    return {name: json.loads(text) for name, text in made.items()}


VALUES = (
    *(None, True, False, "", "8", "NaN", "many", "1e400", [], {}, [8], {"avg": 8}, 0, -1, 0.5),
    *(1e-300, 1e300, 10**400, math.nan, math.inf, -math.inf, "\x00", "\ud800", "=1+1"),
)


def places(value, at=()):
    """Yield the way to every key of nested objects."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*at, key)
            yield from places(inner, (*at, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from places(inner, (*at, number))


def broken(value, rng):
    """Return a copy with one to three faults of structure."""
    value = copy.deepcopy(value)
    for _ in range(rng.randint(1, 3)):
        *way, key = rng.choice(list(places(value)))
        holder = value
        for step in way:
            holder = holder[step]
        match rng.randrange(6):
            case 0:
                del holder[key]
            case 1:
                holder[key] = rng.choice(VALUES)
            case 2 if isinstance(holder[key], int | float):
                holder[key] *= rng.choice([-1, 0, 1e-3, 0.5, 2, 8, 1e3, 1e9])
            case 3:
                holder[key] = {key: holder[key]}
            case 4:
                holder[key] = [holder[key], holder[key]]
            case _:
                holder[key] = str(holder[key])
        if not list(places(value)):
            break
    return value


def written(value, rng):
    """Return the text of a result; sometimes cut, repeated, or with a key that is there twice."""
    text = json.dumps(value)
    match rng.randrange(12):
        case 0:
            return text[: rng.randrange(len(text))]
        case 1:
            return text + "\n" + text
        case 2:
            return text[:-1] + ", " + text[1:]
        case 3:
            return "[" * 50 + text + "]" * 50
    return text


def closed_loop(row):
    """Return throughput over what the latencies allow: 1 in a closed loop, by Little's law."""
    if math.isnan(row["ttft"]):
        return math.nan
    seconds = row["ttft"] + row["tpot"] * (0.9 * row["osl"] - 1)
    tokens = 0.9 * (row["isl"] + row["osl"])
    return row["throughput_per_gpu"] * row["gpus"] * seconds / tokens / row["concurrency"]


def run(seed, cases, folder):
    rng, sound, taken = random.Random(seed), results(), 0
    for number in range(cases):
        name = rng.choice(sorted(sound))
        file = folder / name
        content = written(broken(sound[name], rng), rng)
        file.write_text(content, encoding="utf-8", errors="surrogatepass")
        said = {k: v for k, v in NODE.items() if rng.random() < 0.9}
        said |= {"framework": "sglang" if name == "sglang.jsonl" else "vllm"}
        if name == "inferencex-agg.json":
            said = {}
        try:
            rows = own.read([file], said)
        except FrontierError as error:
            assert "\n" not in str(error) and str(file) in str(error), (number, content)
            assert len(str(error)) < 600, (number, content)
            continue
        taken += 1
        measurements.validate(rows)
        for row in rows.to_dict("records"):
            follows = closed_loop(row)
            assert math.isnan(follows) or 0.2 < follows < 5, (number, content)
            assert row["gpus"] == (32 if name == "inferencex-agg.json" else 8), (number, content)
            assert (row["isl"], row["osl"]) == (8192, 1024), (number, content)
            assert row["output_throughput_per_gpu"] < row["throughput_per_gpu"]
            assert 1 / 40 < row["output_throughput_per_gpu"] / row["throughput_per_gpu"] < 1 / 4
        rows.to_csv().encode()
    return taken


def answers(seed, cases):
    """The same of answers of the API, some rows of which are broken."""
    rng, taken = random.Random(seed), 0
    for number in range(cases):
        rows = [api.row(conc, isl=8192) for conc in (4, 16, 64, 256)]
        rows = [broken(row, rng) if rng.random() < 0.6 else row for row in rows]
        text = json.dumps(rows if rng.random() < 0.95 else {"data": rows})
        try:
            value = inferencex.reading.document(text, file="answer")
            flat = inferencex.flat(value, file="answer")
        except FrontierError as error:
            assert "\n" not in str(error) and "answer" in str(error), (number, text)
            continue
        new, report = intake._judged(intake._Batch().add(flat, "https://example.org", {}))
        assert len(new) + report.repeated + report.agentic == len(rows), (number, text)
        usable = measurements.typed(new[new["reason"] == ""])
        measurements.validate(usable)
        taken += len(usable)
        for row in usable.to_dict("records"):
            follows = closed_loop(row)
            assert math.isnan(follows) or 0.01 < follows < 100, (number, text)
        usable.to_csv().encode()
    return taken


def test_a_broken_result_of_any_tool_is_sound_rows_or_one_line(tmp_path):
    assert run(1, 60, tmp_path) > 3


def test_an_answer_with_broken_rows_is_sound_rows_a_reason_for_each_or_one_line():
    assert answers(1, 30) > 10


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_many_broken_results_are_sound_rows_or_one_line(tmp_path, seed):
    assert run(seed + 10, RESULTS // 4, tmp_path) > RESULTS // 80


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_many_broken_answers_are_sound_rows_reasons_or_one_line(seed):
    assert answers(seed + 20, ANSWERS // 4) > ANSWERS // 4
