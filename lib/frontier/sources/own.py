"""A person's own benchmark results, from the tools that people measure with.

Read are the results of ``vllm bench serve``, SGLang's ``bench_serving``, GenAI-Perf, AIPerf and
InferenceX's own harness as the tools write them, and a CSV with the columns of
`data.measurements` (docs/data.md has an example of each). A client does not know its server, so
what ran (software, accelerator, GPUs, precision, ...) is said beside the file. Own numbers are
taken as they are or not at all: what contradicts itself is an error that names the file, the
row and the column.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from frontier.data import checks, hardware, measurements
from frontier.data.columns import SAID
from frontier.errors import DataError, UsageError
from frontier.sources import inferencex, reading

SOURCE = measurements.OWN
COLUMNS = measurements.OWN_COLUMNS
_NEEDED = ("model", "hardware", "framework", "gpus", "isl", "osl", "concurrency")
_LOWER = ("hardware", "framework", "precision")
_MEASURED = ("throughput_per_gpu", "output_throughput_per_gpu", "interactivity", "tpot", "ttft")
_POWER = ("throughput_per_mw", "power_edition")
_FLOATS = (*_MEASURED, _POWER[0])
_EMPTY = {"string": "", "date": "", "bool": False, "int": 0}

# A model by its name, and what may follow the name of the same model: its release, its format.
_MODELS = {
    r"deepseek-?r1": "deepseek-r1",
    r"gpt-?oss-?120b": "gpt-oss-120b",
    r"llama-?3(\.[13])?-?70b": "llama-70b",
    r"llama-?3\.1-?405b": "llama-405b",
}
_FORMATS = {"fp4": "fp4", "nvfp4": "fp4", "mxfp4": "fp4", "fp8": "fp8", "bf16": "bf16"}
_SAME = rf"(-(0528|instruct|hf|kv|preview|dynamic|v\d+|{'|'.join(_FORMATS)}))*"
# A name with one of these, or of the form MAKER/NAME, is a model's and not an alias.
_FAMILIES = re.compile(
    "deepseek|gpt-?oss|llama|qwen|glm|kimi|minimax|mistral|mixtral|gemma|nemotron|phi-"
)

# Throughput and latencies of one closed loop agree within a few per cent (see `checks`); a
# factor of 3 is another unit or, in a CSV, GPUs that were not counted. A tool's result has no
# number per GPU, so that only the server's own information speaks against a number of GPUs.
AGREES = 3.0
# Requests that came at a rate, and not as answers did, are a closed loop in effect if nearly all
# users had a request under way.
BUSY = 0.85
# The latency of requests is TTFT and TPOT: within 2 % for means in the public rows, within 30 %
# for medians.
WHOLE = 1.5
MOST = 1e15  # a number above is none
STATED = 0.05  # two statements of one rate, one of them rounded
FAILED = 0.05  # of all requests; what failed leaves the others faster than they would have been
# Mean over nominal lengths: random ones average 0.9, or 0.5 at the least. A mean of n draws is
# off by chance; the widest that a tool draws from is 0 to twice the nominal length.
LENGTH = (0.5, 1.1)
SPREAD = 3 / math.sqrt(3)


def read(
    files: list[Path],
    /,
    said: Mapping[str, object],
    *,
    accept: bool = False,
    tell: Callable[[str], None] = lambda text: None,
) -> pd.DataFrame:
    """Return the rows of result files with the columns `COLUMNS`.

    Args:
        files: results of any of the tools, or CSVs.
        said: what is known of the runs, by the names of `SAID`; it fills what a file does not
            say, and contradicting a file is an error.
        accept: take runs although many of their requests failed or they were cancelled, and
            GPUs that are several times those of the server that was asked.
        tell: called with a line for what is right and yet to be known.

    Raises:
        UsageError: when a file is of no known kind, or something needed is not known.
        DataError: when a file contradicts itself, naming row and column.
    """
    frames = []
    for file in files:
        rows = list(_rows(file, said, accept, tell))
        if not rows:
            raise DataError(file, "has no results")
        frame = _tidy(file, rows)
        _sound(file, frame, rows, accept)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def _rows(file: Path, said, accept, tell) -> Iterator[dict]:
    if {".csv", ".tsv"} & {suffix.lower() for suffix in file.suffixes}:
        table = reading.table(file, numbers=_FLOATS)
        found = [{name: value or None for name, value in row.items()} for row in table]
        readers = [_from_csv] * len(found)
    else:
        found = reading.documents(reading.text(file), file=file)
        found = [one for value in found for one in (value if isinstance(value, list) else [value])]
        if not all(isinstance(value, dict) for value in found):
            raise DataError(file, "expected results, found other values")
        readers = [next((read for known, read in _KINDS if known(row)), None) for row in found]
    for number, (row, reader) in enumerate(zip(found, readers, strict=True), start=1):
        place = _Place(file, number, tell)
        if reader is None:
            raise UsageError(f"{file}, row {number}: is of no known kind: {_KNOWN}")
        try:
            own = reader(row)
        except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
            told = " ".join(str(error).split())[:200]
            told += " is missing" * isinstance(error, KeyError)
            raise place.wrong(f"cannot be read: {told}", remedy="see docs/data.md") from None
        _answered(place, own.get("requests"), accept)
        yield _complete(place, own, said)


_KNOWN = (
    "neither an answer of the API, a dump, a CSV, nor a result of vllm bench serve, SGLang "
    "bench_serving, GenAI-Perf, AIPerf or InferenceX"
)


class _Place(NamedTuple):
    """Where a row is, for an error and for what a person should know of it."""

    file: Path
    number: int
    tell: Callable[[str], None]

    def wrong(self, problem: str, column: str | None = None, remedy: str = "") -> DataError:
        return DataError(self.file, problem, row=self.number, column=column, remedy=remedy)

    def usage(self, problem: str, column: str) -> UsageError:
        return UsageError(f"{self.file}, row {self.number}, column {column}: {problem}")

    def note(self, text: str) -> None:
        self.tell(f"{self.file.name}, row {self.number}: {text}")


def _answered(place: _Place, requests, accept) -> None:
    """Raise DataError where too many requests failed, and tell of fewer."""
    done, failed, cancelled = requests or (math.inf, 0, False)
    if done < 1:
        raise place.wrong("no request succeeded")
    told = {"the run was cancelled before its end": True} if cancelled else {}
    if failed > 0:
        many = failed > FAILED * (done + failed)
        why = f", more than {FAILED:.0%}: the others had the server for themselves" * many
        told[f"{failed:,.0f} of {done + failed:,.0f} requests failed{why}"] = many
    for problem, grave in told.items():
        if grave and not accept:
            raise place.wrong(problem, remedy="if it is to count, say --accept")
        place.note(problem)


def _complete(place: _Place, own: dict, said) -> dict:
    """Return a row with every column, each of its type, or say which cannot be."""
    out = {}
    for name in SAID:
        mine, theirs = (_of_kind(place, name, values.get(name)) for values in (own, said))
        if mine is not None and theirs is not None and mine != theirs:
            raise place.wrong(f"is {mine} in the file and {theirs} was said", name)
        value = theirs if mine is None else mine
        if value is None and name == "framework" and own.get("client"):
            value = own["client"]
            told = f"it says {value} for what sent the requests, and so {value} for what served"
            place.note(f"{told}; say --framework if another did")
        if name in _NEEDED and value in (None, ""):
            alias = own.get("alias") if name == "model" else None
            told = f"{alias!r} is a path or an alias" if alias else "not in the file"
            option = f"--{name.replace('_', '-')}"
            raise place.usage(f"{told}; say it with {option}", name)
        out[name] = _EMPTY[COLUMNS[name][0]] if value is None else value
    if own.get("path_format") and out["precision"] not in ("", own["path_format"]):
        place.note(f"{own['path_format']} in the model's path, and {out['precision']} was said")
    if rates := own.get("rates"):
        gpus = out["gpus"] or math.nan
        total, output = (rate / gpus for rate in rates)
        own = own | {"throughput_per_gpu": total, "output_throughput_per_gpu": output}
    for name in _FLOATS:
        value = _of_kind(place, name, own.get(name))
        out[name] = math.nan if value is None else value
    if math.isnan(out["throughput_per_gpu"]):
        raise place.wrong("is missing", "throughput_per_gpu")
    if math.isnan(out["tpot"]) and math.isnan(out["interactivity"]):
        raise place.wrong("is missing, and interactivity too", "tpot")
    if own.get(_POWER[1]) is None and not math.isnan(out[_POWER[0]]):
        editions = ", ".join(hardware.POWER_EDITIONS)
        raise place.usage(f"a number per MW needs its edition, one of {editions}", _POWER[1])
    out["date"] = _day(place, out["date"])
    more = ("mean_latency", "lengths", "requests", "open_loop", "world", "contradiction", _POWER[1])
    return out | {name: own.get(name) for name in more}


_EXPECTED = {"bool": "true or false", "int": "a whole number", "float": "a positive number"}


def _of_kind(place: _Place, name, value):
    """Return a value of the file or of the command line as its column has it; None for none."""
    if value is None:
        return None
    kind = COLUMNS[name][0] if name in COLUMNS else "float"
    if kind not in _EXPECTED:
        found = inferencex.plain(value)
        if name == "model":
            return _model(found)
        return found.lower() if name in _LOWER else found
    found, number = None, inferencex.number(value)
    if kind == "bool":
        found = inferencex.TRUTHS.get(str(value).lower())
    elif kind == "int" and number % 1 == 0 and 0 <= number < 2**31:
        found = int(number)
    elif kind == "float" and 0 < number < MOST:
        found = number
    if found is None:
        raise place.wrong(f"expected {_EXPECTED[kind]}, found {reading.shown(value)}", name)
    return found


def _tidy(file: Path, rows: list[dict]) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    apart = frame["disaggregated"]
    tpot = frame["tpot"].fillna(1 / frame["interactivity"])
    share = frame["osl"] / (frame["isl"] + frame["osl"]).where(frame["isl"] + frame["osl"] > 0)
    output = frame["output_throughput_per_gpu"].fillna(frame["throughput_per_gpu"] * share)
    out = frame.assign(
        prefill_gpus=frame["prefill_gpus"].where(apart, frame["gpus"]),
        decode_gpus=frame["decode_gpus"].where(apart, frame["gpus"]),
        tp=frame["tp"].where(frame["tp"] > 0, frame["gpus"].where(~apart, 0)),
        tpot=tpot,
        interactivity=frame["interactivity"].fillna(1 / tpot),
        output_throughput_per_gpu=output,
        latency=np.where(frame["mean_latency"].fillna(False).astype(bool), "mean", "median"),
        label=frame["label"].where(frame["label"] != "", "own"),
        **{"source": SOURCE, "prefill": "", "caveat": "", "citation": file.name},
    )
    out = measurements.typed(out.assign(row_id="").reindex(columns=list(COLUMNS)), COLUMNS)
    out = out.assign(**{c: inferencex.significant(out[c]) for c in _MEASURED})
    runs = pd.util.hash_pandas_object(out[[*measurements.RUN, "label"]], index=False)
    return out.assign(row_id=[f"{SOURCE}-{run:016x}" for run in runs])


def _day(place: _Place, text) -> pd.Timestamp:
    """Return the day of a date, or of a time; in UTC where it names its zone."""
    if not text:
        return pd.NaT
    parts = re.match(r"(\d{4})-?(\d\d)-?(\d\d)(?!\d)", text)
    try:
        found = pd.Timestamp("-".join(parts.groups()))
        if re.search(r"\d(Z|[+-]\d\d:?\d\d)$", text[10:]):
            found = pd.Timestamp(datetime.fromisoformat(text).astimezone(UTC).date())
        return found
    except (AttributeError, ValueError, OverflowError):
        raise place.wrong(f"expected YYYY-MM-DD, found {reading.shown(text)}", "date") from None


def _model(name: str) -> str:
    """Return the key of a model that is known here, else the last part of its name.

    A model that was distilled or quantised from a known one is another model; one that is in
    another format (FP4, FP8) is the same, and its precision is a column of its own.
    """
    cached = re.search(r"models--[^/]+?--([^/]+)", name)  # as a cache of downloads has it
    last = (cached[1] if cached else name.rstrip("/").rpartition("/")[2]).lower()
    known = (k for pattern, k in _MODELS.items() if re.fullmatch(f"(meta-)?{pattern}{_SAME}", last))
    return next(known, last)


def _served(name: object, precision: object = None) -> dict:
    """Return what a name at a server tells: the model and its format, or that it is an alias."""
    if not isinstance(name, str) or not name:
        return {"precision": precision}
    key = _model(name)
    path = name.startswith(("/", ".", "~"))
    if not _FAMILIES.search(key) and (path or name.count("/") != 1):
        return {"alias": name[:80], "precision": precision}
    words = re.split(r"[-_/.]", name.lower())
    stated = next((kind for word, kind in _FORMATS.items() if word in words), None)
    if path:
        return {"model": name, "precision": precision, "path_format": stated}
    if stated and precision and str(precision).lower() != stated:
        raise ValueError(f"the model's name has {stated}, and precision is {precision}")
    return {"model": name, "precision": precision or stated}


# --- what contradicts itself --------------------------------------------------------------


def _sound(file: Path, frame: pd.DataFrame, rows: list[dict], accept: bool) -> None:
    """Raise DataError at the first row that contradicts itself."""
    mean_in, mean_out = (
        pd.Series([row["lengths"][way] if row["lengths"] else math.nan for row in rows])
        for way in (0, 1)
    )
    latency = checks.request_latency(frame)
    latency = latency.where(mean_out.isna(), frame["ttft"] + frame["tpot"] * (mean_out - 1))
    served = frame["concurrency"] * (mean_in + mean_out) / latency / frame["gpus"]
    served = served.where(mean_out.notna(), checks.closed_loop_throughput(frame, latency))
    little = measurements.little_quotient(frame)
    little *= ((1 + frame["isl"] / frame["osl"]) / (1 + mean_in / mean_out)).fillna(1)
    follows = (frame["throughput_per_gpu"] / served).fillna(little)
    problems = measurements.problems(frame)
    for number, (row, problem) in enumerate(zip(rows, problems, strict=True), start=1):
        at = number - 1
        found = _lengths(row) or _gpus(row, accept)
        if not found and problem:
            found = problem.split(" ", 1)
        if not found and little[at] > measurements.LITTLE_TOLERANCE:
            found = "throughput_per_gpu", "is above Little's bound"
        found = found or row["contradiction"] or _power(row)
        if not found and not 1 / AGREES <= follows[at] <= AGREES:
            told = f"is {follows[at]:.3g} times what the latencies and the load give"
            found = "throughput_per_gpu", f"{told}; {_UNITS}"
        if not found and row["open_loop"] and not BUSY <= follows[at] <= 1 / BUSY:
            told = f"{follows[at] * row['concurrency']:.3g} of {row['concurrency']} users were"
            found = "concurrency", f"requests came at a rate of their own, and {told} waiting"
        if found:
            raise DataError(file, found[1], row=number, column=found[0])


_UNITS = "is it per GPU, over all GPUs and all tokens, and are latencies in s?"


def _lengths(row) -> tuple[str, str] | None:
    for name, mean in zip(("isl", "osl"), row["lengths"] or (), strict=False):
        requests = (row["requests"] or (1,))[0]
        chance = SPREAD / math.sqrt(requests)
        if not LENGTH[0] - chance / 2 <= mean / (row[name] or math.nan) <= LENGTH[1] + chance:
            return name, f"{row[name]} was said, and requests had {mean:.0f} tokens on average"
    return None


def _gpus(row, accept) -> tuple[str, str] | None:
    """Return what is wrong with the number of GPUs, by the roles and by the server itself.

    Expert parallelism uses the GPUs of the others, and so does attention that is data-parallel.
    """
    gpus, sizes = row["gpus"], row["world"] or {}
    if row["disaggregated"]:
        if row["prefill_gpus"] + row["decode_gpus"] != gpus:
            return "gpus", f"prefill_gpus and decode_gpus are not {gpus} together"
        return None
    if max(row["tp"], row["ep"]) > gpus:
        told = f"TP {row['tp']}" if row["tp"] > gpus else f"EP {row['ep']}"
        return "gpus", f"{gpus} was said, and the deployment is {told}"
    world = max(math.prod(sizes.values()), row["ep"])
    if not sizes or gpus == world or (accept and gpus % world == 0):
        return None
    told = " x ".join(f"{name.upper()} {size}" for name, size in sizes.items())
    more = " (of several such servers, say --accept)" if gpus % world == 0 else ""
    return "gpus", f"{gpus} was said, and the server is {told}, {world} GPUs{more}"


def _power(row) -> tuple[str, str] | None:
    if math.isnan(row[_POWER[0]]):
        return None
    found = row["throughput_per_gpu"] * 1000 / row[_POWER[0]]
    reason = checks.power_reason(found, row["hardware"], str(row[_POWER[1]]))
    return (_POWER[0], reason) if reason else None


# --- the tools ----------------------------------------------------------------------------


def _number(row: Mapping, key: str, *, zero: bool = False, missing: float | None = None) -> float:
    """Return a positive number (or 0), which may be text; ValueError says what is there.

    `missing` is what stands for a number that is not given, which else is a KeyError.
    """
    if missing is not None and row.get(key) is None:
        return missing
    found = inferencex.number(row[key])
    if not (0 < found < MOST or (zero and found == 0)):
        raise ValueError(f"{key} is no positive number but {reading.shown(row[key])}")
    return found


def _contradiction(row: Mapping, stated: Mapping, whole: Mapping) -> tuple[str, str] | None:
    """Return what a result says twice and differently.

    Args:
        row: a result with statistics as ``median_ttft``, ...; the unit does not matter.
        stated: by key of the row, what the rest of it gives for that key.
        whole: by statistic, TTFT, the sum of the TPOT of a request, and its whole latency.
    """
    for key, expected in stated.items():
        if row.get(key) is not None and abs(_number(row, key) / expected - 1) > STATED:
            return key, f"is {_number(row, key):.6g}, and the rest of the file gives {expected:.6g}"
    for statistic, (first, tokens, latency) in whole.items():
        if not 1 / WHOLE <= latency / (first + tokens) <= WHOLE:
            told = f"{latency:.4g} s, and TTFT and TPOT give {first + tokens:.4g} s"
            return "ttft", f"the {statistic} latency of whole requests is {told}"
    for name in ("ttft", "tpot"):
        for unit in ("", "_ms"):
            middle, high = (f"{which}_{name}{unit}" for which in ("median", "p99"))
            both = None not in (row.get(middle), row.get(high))
            if both and _number(row, high) < _number(row, middle):
                return name, f"{middle} is above {high}"
    return None


def _latencies(row: Mapping, unit: str, scale: float, e2el: str, tokens: float) -> dict:
    """Return TTFT and TPOT in s, the medians, or the means where there is no median.

    `e2el` is what the tool calls the latency of whole requests of so many `tokens`.
    """
    whole = {}
    for statistic in ("mean", "median"):
        keys = [f"{statistic}_{name}{unit}" for name in ("ttft", "tpot", e2el)]
        if all(row.get(key) for key in keys):
            first, each, latency = (_number(row, key) * scale for key in keys)
            whole[statistic] = (first, each * (tokens - 1), latency)
    statistic = "median" if row.get(f"median_tpot{unit}") else "mean"
    ttft = f"{statistic}_ttft{unit}"
    return {
        "tpot": _number(row, f"{statistic}_tpot{unit}") * scale,
        "ttft": _number(row, ttft) * scale if row.get(ttft) is not None else None,
        "mean_latency": statistic == "mean",
        "whole": whole,
    }


def _of_client(row: Mapping, e2el: str) -> dict:
    """Return what the clients of vLLM and SGLang have in common: counts, rates and latencies."""
    done = _number(row, "completed", zero=True)
    failed, asked = (_number(row, key, zero=True, missing=0) for key in ("failed", "num_prompts"))
    failed = max(failed, asked - done)
    if done < 1:
        return {"requests": (done, failed, False)}
    tokens = [_number(row, f"total_{way}_tokens") for way in ("input", "output")]
    duration = _number(row, "duration")
    rates = (sum(tokens) / duration, tokens[1] / duration)
    latencies = _latencies(row, "_ms", 1e-3, e2el, tokens[1] / done)
    stated = {
        "output_throughput": rates[1],
        "input_throughput": tokens[0] / duration,
        "total_throughput": rates[0],
        "total_token_throughput": rates[0],
        "request_throughput": done / duration,
    }
    return {
        "requests": (done, failed, False),
        "lengths": (tokens[0] / done, tokens[1] / done),
        "rates": rates,
        "concurrency": row.get("max_concurrency"),
        "open_loop": _arrive(row.get("request_rate")),
        "contradiction": _contradiction(row, stated, latencies.pop("whole")),
        **latencies,
    }


def _arrive(rate: object) -> bool:
    """Return whether requests come at a rate of their own instead of when users have answers."""
    return rate is not None and float(rate) < math.inf


def _speculates(*places: Mapping) -> bool | None:
    """Return True where a tool or its server states speculation in whatever way, None otherwise."""
    keys = re.compile(r"spec(_|ulative)|accept(ance)?_(length|rate)|.*_accept_length|mtp$")
    none = {"", "none", "false", "0", "off", "null", "[]", "{}"}
    stated = [str(v).lower() for place in places for k, v in place.items() if keys.match(str(k))]
    return bool(set(stated) - none) or None


def _from_csv(row: dict) -> dict:
    unknown = row.keys() - {*SAID, *_FLOATS, *_POWER}
    if unknown - measurements.COLUMNS.keys():
        raise ValueError(f"no column is called {min(unknown)}")
    return {name: row.get(name) for name in (*SAID, *_FLOATS, _POWER[1])}


def _sizes(given: Mapping) -> dict[str, int]:
    """Return those sizes of a deployment that are given."""
    return {name: int(_number(given, name)) for name, size in given.items() if size is not None}


def _from_vllm(row: Mapping) -> dict:
    """Return a result of ``vllm bench serve --save-result``; ``--metadata`` fills what it names.

    Its ``backend`` is the protocol that the client spoke, whatever server answered.
    """
    long = {"tp": "tensor", "pp": "pipeline", "dp": "data"}
    sizes = _sizes({k: row.get(f"{name}_parallel_size") or row.get(k) for k, name in long.items()})
    return {
        **{name: row.get(name) for name in SAID},
        "speculative": _speculates(row) if row.get("speculative") is None else row["speculative"],
        **_served(row.get("model") or row["model_id"], row.get("precision")),
        "tp": sizes.get("tp"),
        "client": "vllm" if row.get("backend", row.get("endpoint_type")) == "vllm" else None,
        "world": sizes if len(sizes) > 1 else None,
        **_of_client(row, "e2el"),
    }


def _from_sglang(row: Mapping) -> dict:
    """Return a line of SGLang's ``bench_serving --output-file``.

    Only a server of SGLang gives ``server_info``.
    """
    server = row.get("server_info") or {}
    random = row.get("dataset_name") in (None, "random", "random-ids")
    ways = ("tp", "pp") if server.get("enable_dp_attention") else ("tp", "dp", "pp")
    return {
        **_served(server.get("model_path")),
        "framework": "sglang" if server else None,
        "client": "sglang" if row.get("backend") == "sglang" else None,
        "tp": server.get("tp_size"),
        "ep": server.get("ep_size"),
        "dp_attention": server.get("enable_dp_attention"),
        "speculative": _speculates(row, server),
        "isl": row.get("random_input_len") if random else None,
        "osl": row.get("random_output_len") if random else None,
        "label": row.get("tag"),
        "world": _sizes({name: server.get(f"{name}_size") for name in ways}),
        **_of_client(row, "e2e_latency"),
    }


_TIMES = {"time_to_first_token": "ttft", "inter_token_latency": "tpot", "request_latency": "e2el"}
_STATISTICS = {"avg": "mean", "p50": "median", "p99": "p99"}
_SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0, "seconds": 1.0}


def _from_perf(row: Mapping) -> dict:
    """Return a result of GenAI-Perf or AIPerf: a block of statistics with a unit a metric."""
    isl, osl = (_statistic(row, f"{way}_sequence_length", "avg") for way in ("input", "output"))
    rate = _statistic(row, "request_throughput", "avg")
    stated = {"output_token_throughput": rate * osl, "total_token_throughput": rate * (isl + osl)}
    flat = {
        f"{how}_{short}": _statistic(row, metric, name)
        for metric, short in _TIMES.items()
        for name, how in _STATISTICS.items()
        if (row.get(metric) or {}).get(name) is not None
    }
    flat |= {name: (row.get(name) or {}).get("avg") for name in stated}
    latencies = _latencies(flat, "", 1.0, "e2el", osl)
    config, day = row.get("input_config") or {}, row.get("start_time")
    load = _measured_phase(config)
    rates = _found(load, "request_rate", "rate")
    done = {"request_count": (row.get("request_count") or {}).get("avg")}
    failed = sum(_number(one, "count", zero=True) for one in row.get("error_summary") or ())
    counted = _number(row.get("error_request_count") or {}, "avg", zero=True, missing=0)
    return {
        **_served(_one_name(config)),
        "concurrency": _found(load, "concurrency"),
        "open_loop": isinstance(rates, int | float) and _arrive(rates),
        "isl": _found(_found(config, "input_tokens", "isl") or {}, "mean"),
        "osl": _found(_found(config, "output_tokens", "osl") or {}, "mean"),
        "date": str(day) if day else None,
        "speculative": _speculates(row),
        "requests": (
            _number(done, "request_count", zero=True, missing=math.inf),
            max(failed, counted),
            row.get("was_cancelled") is True,
        ),
        "lengths": (isl, osl),
        "rates": (rate * (isl + osl), rate * osl),
        "contradiction": _contradiction(flat, stated, latencies.pop("whole")),
        **latencies,
    }


def _statistic(row, metric, name) -> float:
    """Return a statistic; of a time, in s whatever its unit."""
    block = row[metric]
    scale = _SECONDS[str(block["unit"]).lower()] if metric in _TIMES else 1
    return _number({f"{name} of {metric}": block[name]}, f"{name} of {metric}") * scale


def _measured_phase(config: Mapping) -> object:
    """Return the part of a configuration that says how the measured requests were sent."""
    phases = [phase for phase in config.get("phases") or () if isinstance(phase, Mapping)]
    warm = [p for p in phases if p.get("name") == "warmup" or p.get("exclude_from_results")]
    if any(phase.get("exclude_from_results") is False for phase in warm):
        raise ValueError("its warm-up requests are in the results")
    measured = [phase for phase in phases if phase not in warm]
    if len(measured) > 1:
        raise ValueError(f"it has {len(measured)} measured phases, and one load is expected")
    return measured[0] if phases and measured else config


def _one_name(config: Mapping) -> str | None:
    """Return the model's name in a configuration that has one."""
    named = _found(config, "model_names", "models", "model")
    if isinstance(named, Mapping):
        named = named.get("items") or named.get("name")
    listed = named if isinstance(named, list) else [named]
    names = {one.get("name") if isinstance(one, Mapping) else one for one in listed if one}
    return str(names.pop()) if len(names) == 1 else None


def _found(config, *keys):
    """Return the first value under a key, however deep: the tools moved theirs between versions."""
    if isinstance(config, Mapping):
        for key in keys:
            if config.get(key) not in (None, [], {}):
                return config[key]
        config = [part for key, part in config.items() if not str(key).startswith("warm")]
    if isinstance(config, list):
        return next((v for v in (_found(part, *keys) for part in config) if v is not None), None)
    return None


def _from_inferencex(row: Mapping) -> dict:
    """Return a result of InferenceX's own harness, an entry of ``agg_*.json``.

    Its output throughput is per decode GPU where the roles are apart.
    """
    if row.get("scenario_type") or row.get("benchmark_type") not in inferencex.SINGLE_TURN:
        raise ValueError("it is of an agentic workload, whose requests have no fixed lengths")
    apart, several = (
        inferencex.TRUTHS[str(row.get(key, False)).lower()] for key in ("disagg", "is_multinode")
    )
    if several:
        prefill, decode = (_number(row, f"num_{r}_gpu", zero=True) for r in ("prefill", "decode"))
        gpus = row.get("num_aggregate_gpu") or prefill + decode
    else:
        gpus = math.prod(_number(row, key) for key in ("tp", "pp", "pcp_size") if row.get(key))
        prefill = decode = gpus
    role = "prefill_" if several and not decode else "decode_" if several else ""
    total, output = _number(row, "tput_per_gpu"), _number(row, "output_tput_per_gpu")
    output *= decode / gpus if apart else 1
    outcome = row.get("benchmark_outcome") or {}
    done = outcome.get("completed", math.inf)
    osl = row.get("osl")
    latencies = _latencies(row, "", 1.0, "e2el", 0.9 * _number(row, "osl") if osl else math.nan)
    whole = latencies.pop("whole") if osl else {}
    parts = output + (row.get("input_tput_per_gpu") or math.nan) * (prefill / gpus if apart else 1)
    stated = {} if math.isnan(parts) else {"tput_per_gpu": parts}
    speculation = row.get("spec_decoding", row.get("mtp"))
    return {
        **{name: row.get(name) for name in ("framework", "image", "isl", "osl")},
        "model": inferencex.MODELS.get(row.get("infmax_model_prefix")) or row.get("model"),
        "hardware": str(row["hw"] or "").partition("-")[0] or None,
        "precision": row.get("precision"),
        "speculative": str(speculation).lower() not in ("none", "", "off", "false"),
        "disaggregated": apart,
        "gpus": gpus,
        **({"prefill_gpus": prefill, "decode_gpus": decode} if apart else {}),
        **{name: row.get(f"{role}{name}") for name in ("tp", "ep")},
        "dp_attention": row.get(f"{role}dp_attention" if role else "dp_attention"),
        "concurrency": row.get("conc"),
        "throughput_per_gpu": total,
        "output_throughput_per_gpu": output,
        "interactivity": row.get("median_intvty"),
        "requests": (done, outcome.get("requested", done) - done if outcome else 0, False),
        "contradiction": _contradiction(row, stated, whole),
        **latencies,
    }


_KINDS = (
    (lambda row: "inter_token_latency" in row and "request_throughput" in row, _from_perf),
    (lambda row: "tput_per_gpu" in row and "hw" in row, _from_inferencex),
    (lambda row: "model_id" in row and "total_output_tokens" in row, _from_vllm),
    (lambda row: "total_output_tokens" in row and "duration" in row, _from_sglang),
)

__all__ = ["COLUMNS", "SAID", "read"]
