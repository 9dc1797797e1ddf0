"""A person's own benchmark results, from the tools that people measure with.

Read are the results of ``vllm bench serve``, SGLang's ``bench_serving``, GenAI-Perf and AIPerf
as the tools write them, and a CSV with the columns of `data.measurements` (docs/data.md has
an example of each). A tool knows its client and not the server, so what ran (accelerator, GPUs,
precision, ...) is said beside the file. Own numbers are taken as they are or not at all: what
contradicts itself is an error that names the file, the row and the column.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from frontier.data import checks, hardware, measurements, tables
from frontier.errors import DataError, UsageError
from frontier.sources import inferencex, raw

SOURCE = measurements.OWN
COLUMNS = measurements.OWN_COLUMNS
# What a person can say of a run, by column: the kind of value, and whether it must be known.
SAID = {
    "label": (str, False),
    "model": (str, True),
    "hardware": (str, True),
    "framework": (str, True),
    "precision": (str, False),
    "speculative": (bool, False),
    "disaggregated": (bool, False),
    "gpus": (int, True),
    "prefill_gpus": (int, False),
    "decode_gpus": (int, False),
    "tp": (int, False),
    "ep": (int, False),
    "dp_attention": (bool, False),
    "isl": (int, True),
    "osl": (int, True),
    "concurrency": (int, True),
    "date": (str, False),
    "run_url": (str, False),
    "image": (str, False),
}
_MEASURED = ("throughput_per_gpu", "output_throughput_per_gpu", "interactivity", "tpot", "ttft")
_POWER = ("throughput_per_mw", "power_edition")
# The model's name at the server, to the key that it has here.
_MODELS = {
    r"deepseek-?r1": "deepseek-r1",
    r"gpt-?oss-?120b": "gpt-oss-120b",
    r"llama-?3(\.[13])?-?70b": "llama-70b",
    r"llama-?3\.1-?405b": "llama-405b",
}
# Throughput and latencies of one closed loop agree within a few per cent (see `checks`); a
# factor of 3 is another unit or, in a CSV, GPUs that were not counted. A tool's result has no
# number per GPU, so that only its TP speaks against a wrong number of GPUs.
AGREES = 3.0
LENGTH = (0.5, 1.1)  # mean over nominal lengths: random ones average 0.9, or 0.5 at the least


def read(files: list[Path], /, said: Mapping[str, object]) -> pd.DataFrame:
    """Return the rows of result files with the columns `COLUMNS`.

    Args:
        files: results of any of the tools, or CSVs.
        said: what is known of the runs, by the names of `SAID`; it fills what a file does not
            say, and contradicting a file is an error.

    Raises:
        UsageError: when a file is of no known kind, or something needed is not known.
        DataError: when a file contradicts itself, naming row and column.
    """
    frames = []
    for file in files:
        rows = list(_rows(file, said))
        if not rows:
            raise DataError(file, "has no results")
        frame = _tidy(file, rows)
        _sound(file, frame, rows)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def _rows(file: Path, said) -> Iterator[dict]:
    if file.suffix.lower() == ".csv":
        found, kind = raw.read_csv(file).astype(object), _from_csv
        found = found.where(found.notna(), None).to_dict("records")
    else:
        found = _documents(file)
        kind = next((reader for test, reader in _KINDS if found and test(found[0])), None)
        if found and kind is None:
            raise UsageError(
                f"{file} is of no known kind: neither an answer of the API, a dump, a CSV, nor a "
                "result of vllm bench serve, SGLang bench_serving, GenAI-Perf or AIPerf"
            )
    for number, row in enumerate(found, start=1):
        try:
            own = kind(row)
            filled = {name: value for name, value in own.items() if value is not None}
        except (ArithmeticError, KeyError, TypeError, ValueError) as error:
            problem = f"cannot be read: {error!r}"
            raise DataError(file, problem, row=number, remedy="see docs/data.md") from None
        for name, value in said.items():
            if value is not None and filled.setdefault(name, value) != value:
                problem = f"is {filled[name]} in the file and {value} was said"
                raise DataError(file, problem, row=number, column=name)
        yield _complete(file, number, filled)


def _complete(file, number, row: dict) -> dict:
    """Return a row with every column, each of its type, or say which cannot be."""
    out = {}
    for name, (kind, needed) in SAID.items():
        value = row.get(name)
        if value is None and needed:
            option = "--" + name.replace("_", "-")
            place = f"{file}, row {number}, column {name}"
            raise UsageError(f"{place}: not in the file; say it with {option}")
        out[name] = _of_kind(file, number, name, kind, value)
    if rates := row.get("rates"):
        gpus = out["gpus"] or math.nan
        row = row | {
            "throughput_per_gpu": rates["total"] / gpus,
            "output_throughput_per_gpu": rates["output"] / gpus,
        }
    for name in _MEASURED:
        value = row.get(name)
        out[name] = math.nan if value is None else _positive(file, number, name, value)
    if math.isnan(out["throughput_per_gpu"]):
        raise DataError(file, "is missing", row=number, column="throughput_per_gpu")
    if math.isnan(out["tpot"]) and math.isnan(out["interactivity"]):
        raise DataError(file, "is missing, and interactivity too", row=number, column="tpot")
    mw = row.get(_POWER[0])
    out[_POWER[0]] = math.nan if mw is None else _positive(file, number, _POWER[0], mw)
    out[_POWER[1]] = row.get(_POWER[1])
    return out | {"mean_latency": bool(row.get("mean_latency")), "lengths": row.get("lengths")}


def _of_kind(file, number, name, kind, value):
    if value is None:
        return {str: "", bool: False, int: 0}[kind]
    if kind is str:
        return inferencex.plain(value)
    if kind is bool:
        words = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}
        if str(value).lower() in words:
            return words[str(value).lower()]
        raise DataError(file, f"expected true or false, found {value!r}", row=number, column=name)
    try:
        whole = int(float(value))
        if whole != float(value) or not 0 <= whole < 2**31:
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        problem = f"expected a whole number, found {value!r}"
        raise DataError(file, problem, row=number, column=name) from None
    return whole


def _positive(file, number, name, value) -> float:
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = math.nan
    if isinstance(value, bool) or not 0 < found < math.inf:
        problem = f"expected a positive number, found {value!r}"
        raise DataError(file, problem, row=number, column=name)
    return found


def _tidy(file: Path, rows: list[dict]) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    apart = frame["disaggregated"]
    tpot = frame["tpot"].fillna(1 / frame["interactivity"])
    share = frame["osl"] / (frame["isl"] + frame["osl"]).where(frame["isl"] + frame["osl"] > 0)
    output = frame["output_throughput_per_gpu"].fillna(frame["throughput_per_gpu"] * share)
    out = frame.assign(
        model=[_model(m) for m in frame["model"]],
        **{c: frame[c].str.lower() for c in ("hardware", "framework", "precision")},
        prefill_gpus=frame["prefill_gpus"].where(apart, frame["gpus"]),
        decode_gpus=frame["decode_gpus"].where(apart, frame["gpus"]),
        tp=frame["tp"].where(frame["tp"] > 0, frame["gpus"].where(~apart, 0)),
        tpot=tpot,
        interactivity=frame["interactivity"].fillna(1 / tpot),
        output_throughput_per_gpu=output,
        date=[_day(file, n, d) for n, d in enumerate(frame["date"], start=1)],
        latency=np.where(frame["mean_latency"], "mean", "median"),
        label=frame["label"].where(frame["label"] != "", "own"),
        **{"source": SOURCE, "prefill": "", "caveat": "", "citation": file.name},
    )
    kinds = {name: tables.DTYPES[dtype] for name, (dtype, _, _) in COLUMNS.items()}
    out = out.reindex(columns=list(COLUMNS)).assign(row_id="").astype(kinds)
    out = out.assign(**{c: inferencex.significant(out[c]) for c in _MEASURED})
    runs = pd.util.hash_pandas_object(out[[*measurements.RUN, "label"]], index=False)
    return out.assign(row_id=[f"{SOURCE}-{run:016x}" for run in runs])[list(COLUMNS)]


def _day(file, number, text) -> pd.Timestamp:
    if not text:
        return pd.NaT
    found = pd.to_datetime(text[:10], errors="coerce", format="%Y-%m-%d")
    if pd.isna(found):
        problem = f"expected YYYY-MM-DD, found {text!r}"
        raise DataError(file, problem, row=number, column="date")
    return found


def _model(name: str) -> str:
    """Return the key of a model that is known here, else the last part of its name."""
    last = name.rpartition("/")[2].lower()
    return next((key for pattern, key in _MODELS.items() if re.search(pattern, last)), last)


def _sound(file: Path, frame: pd.DataFrame, rows: list[dict]) -> None:
    """Raise DataError at the first row that contradicts itself."""
    problems = measurements.problems(frame)
    for number, (problem, row) in enumerate(zip(problems, rows, strict=True), start=1):
        _lengths(file, number, row)
        if row["disaggregated"] and row["prefill_gpus"] + row["decode_gpus"] != row["gpus"]:
            told = f"prefill_gpus and decode_gpus are not {row['gpus']} together"
            raise DataError(file, told, row=number, column="gpus")
        if not row["disaggregated"] and row["tp"] > row["gpus"]:
            told = f"{row['gpus']} was said, and the deployment is TP {row['tp']}"
            raise DataError(file, told, row=number, column="gpus")
        if problem:
            column, _, told = problem.partition(" ")
            raise DataError(file, told, row=number, column=column)
        _power(file, number, row)
    allowed = checks.closed_loop_throughput(frame, checks.request_latency(frame))
    quotient = (frame["throughput_per_gpu"] / allowed).fillna(measurements.little_quotient(frame))
    far = ~quotient.between(1 / AGREES, AGREES)
    if far.any():
        at = int(far.to_numpy().argmax())
        problem = f"is {quotient.iloc[at]:.3g} times what the latencies and the load give"
        remedy = "is it per GPU, over all GPUs and all tokens, and are latencies in s?"
        raise DataError(file, problem, row=at + 1, column="throughput_per_gpu", remedy=remedy)


def _lengths(file, number, row) -> None:
    for name, mean in zip(("isl", "osl"), row["lengths"] or (), strict=False):
        if not LENGTH[0] <= mean / row[name] <= LENGTH[1]:
            problem = f"{row[name]} was said, and requests had {mean:.0f} tokens on average"
            raise DataError(file, problem, row=number, column=name)


def _power(file, number, row) -> None:
    if math.isnan(row[_POWER[0]]):
        return
    edition = row[_POWER[1]]
    if edition is None:
        raise UsageError(
            f"{file}, row {number}, column power_edition: a number per MW needs its edition, "
            f"one of {', '.join(hardware.POWER_EDITIONS)}"
        )
    found = row["throughput_per_gpu"] * 1000 / row[_POWER[0]]
    reason = checks.power_reason(found, row["hardware"].lower(), str(edition))
    if reason:
        raise DataError(file, reason, row=number, column=_POWER[0])


# --- the tools ----------------------------------------------------------------------------


def _documents(file: Path) -> list[dict]:
    """Return the JSON objects of a file: one, a list of them, or one after another."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(file, f"is no text: {error}") from None
    decoder, found, at = json.JSONDecoder(), [], 0
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        try:
            value, at = decoder.raw_decode(text, at)
        except ValueError as error:
            raise DataError(file, f"is not JSON: {error}") from None
        found += value if isinstance(value, list) else [value]
    if not all(isinstance(value, dict) for value in found):
        raise DataError(file, "expected results, found other values")
    return found


def _from_csv(row: dict) -> dict:
    unknown = row.keys() - SAID.keys() - set(_MEASURED) - set(_POWER)
    if unknown - measurements.COLUMNS.keys():
        raise ValueError(f"no column is called {min(unknown)}")
    return {name: row.get(name) for name in (*SAID, *_MEASURED, *_POWER)}


def _latencies(row: Mapping, suffix: str = "_ms") -> dict:
    """Return TTFT and TPOT in s, the medians, or the means where there is no median."""
    statistic = "median" if row.get(f"median_tpot{suffix}") else "mean"
    ttft = row.get(f"{statistic}_ttft{suffix}")
    return {
        "tpot": row[f"{statistic}_tpot{suffix}"] / 1000,
        "ttft": ttft / 1000 if ttft else None,
        "mean_latency": statistic == "mean",
    }


def _means(row: Mapping) -> tuple[float, float]:
    done = row["completed"]
    return row["total_input_tokens"] / done, row["total_output_tokens"] / done


def _rates(row: Mapping) -> dict:
    """Return tok/s of the whole deployment: all tokens, and output."""
    output = row["total_output_tokens"] / row["duration"]
    total = output + row["total_input_tokens"] / row["duration"]
    return {"total": total, "output": output}


def _from_vllm(row: Mapping) -> dict:
    """Return a result of ``vllm bench serve --save-result``; ``--metadata`` fills what it names."""
    day = str(row.get("date") or "")
    return {
        **{name: row.get(name) for name in SAID if name not in ("date", "model", "concurrency")},
        "model": row.get("model") or row.get("model_id"),
        "framework": row.get("framework") or "vllm",
        "tp": row.get("tp") or row.get("tensor_parallel_size"),
        "concurrency": row.get("max_concurrency"),
        "date": f"{day[:4]}-{day[4:6]}-{day[6:8]}" if re.match(r"\d{8}", day) else day or None,
        "lengths": _means(row),
        "rates": _rates(row),
        **_latencies(row),
    }


def _from_sglang(row: Mapping) -> dict:
    """Return a line of SGLang's ``bench_serving --output-file``."""
    server = row.get("server_info") or {}
    random = row.get("dataset_name") in (None, "random", "random-ids")
    return {
        "model": server.get("model_path"),
        "framework": "sglang",
        "tp": server.get("tp_size"),
        "ep": server.get("ep_size"),
        "dp_attention": server.get("enable_dp_attention"),
        "speculative": True if row.get("accept_length") else None,
        "isl": row.get("random_input_len") if random else None,
        "osl": row.get("random_output_len") if random else None,
        "concurrency": row.get("max_concurrency"),
        "label": row.get("tag"),
        "lengths": _means(row),
        "rates": _rates(row),
        **_latencies(row),
    }


def _from_perf(row: Mapping) -> dict:
    """Return a result of GenAI-Perf or AIPerf: a block of statistics with a unit a metric."""
    isl, osl = (_statistic(row, f"{way}_sequence_length", 1, "avg") for way in ("input", "output"))
    rate = _statistic(row, "request_throughput", 1, "avg")
    config = row.get("input_config") or {}
    statistic = "p50" if "p50" in row["inter_token_latency"] else "avg"
    model = _found(config, "model_names") or _found(config, "model") or [None]
    day = row.get("start_time")
    return {
        "model": model[0] if isinstance(model, list) else model,
        "concurrency": _found(config, "concurrency"),
        "isl": _found(_found(config, "input_tokens") or {}, "mean"),
        "osl": _found(_found(config, "output_tokens") or {}, "mean"),
        "date": str(day)[:10] if day else None,
        "lengths": (isl, osl),
        "rates": {"total": rate * (isl + osl), "output": rate * osl},
        "tpot": _statistic(row, "inter_token_latency", None, statistic),
        "ttft": _statistic(row, "time_to_first_token", None, statistic),
        "mean_latency": statistic == "avg",
    }


def _statistic(row, metric, scale, name) -> float:
    """Return a statistic; of a time, in s whatever its unit."""
    block = row[metric]
    scales = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0, "seconds": 1.0}
    if scale is None:
        scale = scales[str(block["unit"]).lower()]
    return block[name] * scale


def _found(config, key):
    """Return the first value under a key, however deep: the tools moved theirs between versions."""
    if isinstance(config, Mapping):
        if config.get(key) not in (None, [], {}):
            return config[key]
        config = list(config.values())
    if isinstance(config, list):
        return next((v for v in (_found(part, key) for part in config) if v is not None), None)
    return None


_KINDS = (
    (lambda row: "inter_token_latency" in row and "request_throughput" in row, _from_perf),
    (lambda row: "model_id" in row and "total_output_tokens" in row, _from_vllm),
    (lambda row: "total_output_tokens" in row and "duration" in row, _from_sglang),
)

__all__ = ["COLUMNS", "SAID", "read"]
