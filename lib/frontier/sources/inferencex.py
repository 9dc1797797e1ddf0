"""InferenceX (SemiAnalysis): rows of its API, published medians, tables in posts, change log.

All three kinds of points have the same raw columns; what differs is which are filled.
Raw numbers are not edited. What they mean, found out the hard way:

- ``tput_per_gpu`` counts input and output tokens over all GPUs. ``output_tput_per_gpu`` is
  over all GPUs on one node, but over decode GPUs only when disaggregated: recomputed here.
  Where it is absent, output is OSL/(ISL+OSL) of the total, which agrees within 1 % where
  both are given.
- On one node the GPUs are ``decode_tp``: ``num_decode_gpu`` is TP x EP there, too many in a
  third of the rows.
- Disaggregated rows that are not ``multinode`` (the first on GB200) repeat the total as
  both GPU counts: the total is right, the split was not recorded.
"""

import json
import math
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from frontier.data import checks
from frontier.data.measurements import COLUMNS
from frontier.errors import DataError

MODELS = {
    "dsr1": "deepseek-r1",
    "gptoss": "gpt-oss-120b",
    "gptoss120b": "gpt-oss-120b",
    "70b": "llama-70b",
    "llama70b": "llama-70b",
    "dsv4": "deepseek-v4",
    "qwen3.5": "qwen-3.5",
    "glm5": "glm-5",
    "kimik2.5": "kimi-k2.5",
    "minimaxm2.5": "minimax-m2.5",
    "minimaxm3": "minimax-m3",
    "llama405b": "llama-405b",
}
# What the API calls a model in its address; a model that is not here is asked for by its own key.
NAMES = {
    "dsr1": "DeepSeek-R1-0528",
    "gptoss120b": "gpt-oss-120b",
    "llama70b": "Llama-3.3-70B-Instruct-FP8",
    "qwen3.5": "Qwen-3.5-397B-A17B",
    "kimik2.5": "Kimi-K2.5",
    "kimik2.6": "Kimi-K2.5",
    "minimaxm2.5": "MiniMax-M2.5",
    "minimaxm2.7": "MiniMax-M2.5",
    "glm5": "GLM-5",
    "glm5.1": "GLM-5",
    "dsv4": "DeepSeek-V4-Pro",
}
HARDWARE = {*("h100", "h200", "b200", "b300", "gb200", "gb300", "mi300x", "mi325x", "mi355x")}
SINGLE_TURN = (None, "", "single_turn", "fixed_seq_len", "throughput")
CHANGED = "the source has changed: see docs/data.md"
API_URL = "https://inferencex.semianalysis.com/api/v1/benchmarks"
MEDIANS_URL = "https://github.com/MQubeAI/InferenceX-PCA-demo"


def read_api(path: Path, /) -> pd.DataFrame:
    """Return the rows of a saved answer of the benchmarks API, flat as the captures are.

    DataError names the file, the row and the key of the first one that is not as expected.
    """
    return read_answer(path).rows


def read_answer(path: Path, /) -> "Flat":
    """Return a saved answer of the benchmarks API, flat; raises as `read_api`."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(path, f"is not JSON: {error}", remedy="download it again") from None
    return flat(rows, file=path)


class Flat(NamedTuple):
    """Raw rows, flat, with ``unreadable`` (why a row is, or empty), and what was met.

    `agentic` counts rows without a fixed shape, `unknown` the keys that nothing here reads.
    """

    rows: pd.DataFrame
    agentic: int
    unknown: Counter


def flat(rows: object, /, *, file: object) -> Flat:
    """Return the rows of an answer of the API, one column a key and a metric.

    Values that cannot be read are left empty and named in ``unreadable``, so that one bad row
    costs one row. DataError when it is no list of rows with the keys that make a row: then the
    source has changed, and nothing of it can be trusted.
    """
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        found = type(rows).__name__ if not isinstance(rows, list) else "other values in the list"
        raise DataError(file, f"expected a list of rows, found {found}", remedy=CHANGED)
    values, agentic, unknown = [], 0, Counter()
    for number, row in enumerate(rows, start=1):
        metrics = row.get("metrics") or {}
        if not isinstance(metrics, dict):
            raise DataError(file, "expected numbers by name", row=number, column="metrics")
        for key, found in {"hardware": row, "date": row, "tput_per_gpu": metrics}.items():
            if found.get(key) is None:
                raise DataError(file, "the key is missing", row=number, column=key, remedy=CHANGED)
        if row.get("benchmark_type", "single_turn") not in SINGLE_TURN or any(
            row.get(key) is None for key in ("conc", "isl", "osl")
        ):
            # Agentic benchmarks have no fixed shape: they are no points of a concurrency sweep.
            agentic += 1
            continue
        whole = {("multinode" if k == "is_multinode" else k): v for k, v in row.items()} | metrics
        unknown.update(whole.keys() - _KNOWN)
        values.append([whole.get(name) for name in _RAW])
    return Flat(_typed(pd.DataFrame(values, columns=_RAW, dtype=object)), agentic, unknown)


def _typed(raw: pd.DataFrame) -> pd.DataFrame:
    """Return raw rows with numbers as numbers and text as text; ``unreadable`` says what was not.

    A missing number is no fault of its own; one that is no number, or no whole number where a
    count belongs, is.
    """
    problem = pd.Series("", index=raw.index, dtype="str")
    out = {}
    for name in _RAW:
        if name in _NUMBERS or name in _COUNTS:
            out[name] = pd.Series([_number(v) for v in raw[name]], index=raw.index, dtype=float)
            wrong = (out[name].isna() & raw[name].notna()) | np.isinf(out[name])
            out[name] = out[name].mask(wrong)
            if name in _COUNTS:
                broken = (out[name] % 1 != 0) | (out[name].abs() > 2**31)
                wrong |= out[name].notna() & broken
                out[name] = out[name].mask(wrong)
            text = raw[name][wrong & (problem == "")].map(lambda v: plain(repr(v))[:40])
            problem.loc[text.index] = f"{name} is no {_KIND[name in _COUNTS]} but " + text
        elif name in _TEXTS:
            out[name] = pd.Series(
                [None if v is None else plain(v) for v in raw[name]], index=raw.index, dtype=object
            )
        else:
            told = [_TRUTHS.get(str(v).lower()) for v in raw[name]]
            out[name] = pd.Series(told, index=raw.index, dtype=object)
            wrong = out[name].isna() & raw[name].notna()
            text = raw[name][wrong & (problem == "")].map(lambda v: plain(repr(v))[:40])
            problem.loc[text.index] = f"{name} is neither true nor false but " + text
    return pd.DataFrame(out).assign(unreadable=problem)


def _number(value) -> float:
    """Return a number as a float; NaN for what is none, true and false included."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return math.nan
    try:
        return float(value)
    except (ValueError, OverflowError):
        return math.nan


def plain(value: object, /) -> str:
    """Return text that a table can hold: no control characters, no halves of characters."""
    return _UNFIT.sub("\N{REPLACEMENT CHARACTER}", str(value))[:500].strip()


def tidy(raw: pd.DataFrame, /, *, source: str, citation: pd.Series | str) -> pd.DataFrame:
    """Return raw rows with the columns of `data.measurements`, and ``reason``."""
    raw = _filled(raw)
    gpus, prefill, decode = _gpus(raw)
    isl, osl = _count(raw["isl"]), _count(raw["osl"])
    out = pd.DataFrame(
        {
            "model": _text(raw["model"].map(MODELS).fillna(raw["model"])),
            **{c: _text(raw[c]).str.lower() for c in ("hardware", "framework", "precision")},
            "speculative": ~_text(raw["spec_method"]).str.lower().isin(["none", ""]),
            "disaggregated": _flag(raw["disagg"]),
            **{"gpus": gpus, "prefill_gpus": prefill, "decode_gpus": decode},
            **{"tp": _count(raw["decode_tp"]), "ep": _count(raw["decode_ep"])},
            "dp_attention": _flag(raw["decode_dp_attention"]),
            **{"isl": isl, "osl": osl, "concurrency": _count(raw["conc"])},
            "interactivity": significant(1 / raw["median_tpot"]),
            "throughput_per_gpu": raw["tput_per_gpu"],
            "output_throughput_per_gpu": significant(_output(raw, gpus, decode, isl, osl)),
            **{"ttft": raw["median_ttft"], "tpot": raw["median_tpot"]},
            "date": pd.to_datetime(
                raw["date"].astype("str").str[:10], errors="coerce", format="%Y-%m-%d"
            ),
            **{"source": source, "run_url": _text(raw["run_url"])},
            "row_id": row_ids(source, len(raw)),
            **{"prefill": _prefill(raw), "latency": "median", "image": _text(raw["image"])},
            "citation": citation,
        }
    )
    latency = raw["median_e2el"].fillna(checks.request_latency(out))
    out["caveat"] = np.where(checks.dead_time(out, latency), "dead-time", "")
    out["reason"] = _parts(raw)
    return out.reindex(columns=[*COLUMNS, "reason"])


def captures(raw: pd.DataFrame, /) -> pd.DataFrame:
    """Return tidy rows of the API: saved answers, or captures cited by file and commit."""
    if "source_repo" not in raw:
        return tidy(raw, source="inferencex_captures", citation=API_URL)
    cited = raw[["source_repo", "source_commit", "source_path"]].astype("str")
    places = "https://github.com/" + cited["source_repo"] + "/blob/"
    places += cited["source_commit"] + "/" + cited["source_path"]
    places = places.where(raw["source_repo"].notna(), API_URL)
    return tidy(raw, source="inferencex_captures", citation=places)


def medians(raw: pd.DataFrame, /) -> pd.DataFrame:
    """Return tidy rows of the July 2026 medians: undated, no TTFT, labels inferred."""
    raw = raw.assign(num_decode_gpu=_decode_of_medians(raw))
    return tidy(raw, source="inferencex_medians_2026_07", citation=MEDIANS_URL)


def posts(raw: pd.DataFrame, /) -> pd.DataFrame:
    """Return tidy rows of the tables in posts, undated.

    A post's table shows the newest run of each configuration on its day: rows of 2026-05-22
    equal, to every digit, runs that the captures date 2026-01-29 and 2026-03-23. So the day
    of a post is not the day of the run, and would put a gain months late.
    """
    undated = raw.assign(date=pd.NaT)
    return tidy(undated, source="inferencex_posts", citation=_text(raw["source_url"]))


def changes(raw: pd.DataFrame, /) -> pd.DataFrame:
    """Return the change log with the parts of the configuration key it allows to name.

    A key is model-precision-hardware-framework[-disagg][-mtp]; a part is empty where the
    key has a wildcard or another form.
    """
    parts = raw["config_key"].str.replace("*", "").str.split("-")
    keyed = pd.DataFrame(index=raw.index)
    first = parts.str[0]
    keyed["model"] = first.map(MODELS).fillna(first.where(~first.isin(HARDWARE), ""))
    known = {"fp4", "fp8", "bf16", "int4"}
    keyed["precision"] = parts.map(lambda p: next((x for x in p if x in known), ""))
    keyed["hardware"] = parts.map(lambda p: next((x for x in p if x in HARDWARE), ""))
    keyed["framework"] = parts.map(_framework)
    out = raw.rename(columns={"merged": "date", "change_kinds": "kinds"})
    return out.join(keyed).assign(date=pd.to_datetime(out["date"]), scenario=_text(out["scenario"]))


def significant(values, /, digits: int = 6):
    """Return `values` rounded to significant digits, 0 as NaN; the raw numbers carry six."""
    values = pd.Series(values, dtype=float).replace(0, np.nan)
    scale = 10.0 ** (digits - 1 - np.floor(np.log10(values.abs())))
    return (values * scale).round() / scale


def row_ids(source: str, rows: int) -> list[str]:
    """Return ``captures-000001`` and so on: source and data row of the file read."""
    short = source.removeprefix("inferencex_").removeprefix("aiconfigurator_").split("_")[0]
    return [f"{short}-{number:06d}" for number in range(1, rows + 1)]


_RAW = [
    *("date", "model", "hardware", "framework", "precision", "spec_method", "disagg", "multinode"),
    *("prefill_tp", "prefill_ep", "prefill_dp_attention", "prefill_num_workers", "decode_tp"),
    *("decode_ep", "decode_dp_attention", "num_prefill_gpu", "num_decode_gpu", "isl", "osl"),
    *("conc", "tput_per_gpu", "output_tput_per_gpu", "input_tput_per_gpu", "median_ttft"),
    *("median_tpot", "median_e2el", "tput_per_mw", "image", "run_url"),
]
_NUMBERS = [c for c in _RAW if c.endswith(("_gpu", "_mw", "ttft", "tpot", "e2el"))]
_GPUS = ["num_prefill_gpu", "num_decode_gpu"]
_COUNTS = [
    *_GPUS,
    "isl",
    "osl",
    "conc",
    *(c for c in _RAW if c.endswith(("_tp", "_ep", "_workers"))),
]
_TEXTS = ["date", "model", "hardware", "framework", "precision", "spec_method", "image", "run_url"]
_TRUTHS = dict.fromkeys(("true", "t", "1", "1.0"), True) | dict.fromkeys(
    ("false", "f", "0", "0.0"), False
)
_KIND = ("number", "whole number")
# Keys that a row may have and that nothing is made of.
_KNOWN = {
    *_RAW,
    *("metrics", "benchmark_type", "workers", "kv_transfer_lib", "decode_num_workers", "id"),
    *("snapshot_date", "snapshot_workflow_run_id", "offload_mode", "recipe_fingerprint"),
    *("median_intvty", "avg_power_w", "joules_per_output_token", "joules_per_total_token"),
    *("power_invalid_reasons", "power_audit", "config_id", "workflow_run_id", "error"),
    *(
        f"{s}_{m}"
        for s in (
            "mean",
            "std",
            "min",
            "max",
            "p1",
            "p5",
            "p10",
            "p25",
            "p50",
            "p75",
            "p90",
            "p95",
            "p99",
            "p99.9",
            "median",
        )
        for m in ("ttft", "tpot", "itl", "e2el", "intvty")
    ),
}
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def _filled(raw):
    raw = raw.reindex(columns=_RAW)
    return raw.astype(dict.fromkeys(_NUMBERS, float))


def _text(values):
    return values.astype(object).where(values.notna(), "").astype("str")


def _flag(values):
    return values.map(lambda v: v is True or str(v).lower() == "true").astype(bool)


def _count(values):
    return values.fillna(0).astype("int64")


def _unsplit(raw):
    recorded = raw["num_prefill_gpu"] == raw["num_decode_gpu"]
    return _flag(raw["disagg"]) & ~_flag(raw["multinode"]) & recorded


def _gpus(raw):
    """Return all, prefill and decode GPUs; 0 where the source does not say."""
    apart = _flag(raw["disagg"])
    prefill = raw["num_prefill_gpu"].where(apart, raw["decode_tp"])
    decode = raw["num_decode_gpu"].where(apart, raw["decode_tp"])
    unsplit = _unsplit(raw)
    total = (prefill + decode).where(apart & ~unsplit, decode)
    return _count(total), _count(prefill.mask(unsplit)), _count(decode.mask(unsplit))


def _decode_of_medians(raw):
    rest = raw["gpus"] - raw["num_prefill_gpu"]
    return rest.where(rest > 0, raw["gpus"]).where(raw["disagg"], raw["gpus"])


def _output(raw, gpus, decode, isl, osl):
    share = (osl / (isl + osl).where(isl + osl > 0)).fillna(np.nan)
    stated = raw["output_tput_per_gpu"] * decode / gpus.where(gpus > 0)
    return stated.where((decode > 0) & stated.notna(), raw["tput_per_gpu"] * share)


def _parts(raw):
    """Return the reason where input and output over their own GPUs are not the total."""
    apart = _flag(raw["disagg"])
    gpus, _, _ = _gpus(raw)
    ways = {"output": raw["num_decode_gpu"], "input": raw["num_prefill_gpu"]}
    parts = sum(raw[f"{w}_tput_per_gpu"] * n.where(apart, gpus) for w, n in ways.items())
    return checks.parts_reason(raw["tput_per_gpu"] * gpus, parts)


def _prefill(raw):
    def words(row):
        if not row.apart:
            return ""
        workers = 0 if np.isnan(row.workers) else int(row.workers)
        sizes = [f"{n}{int(v)}" for n, v in (("tp", row.tp), ("ep", row.ep)) if v == v]
        dp = ["dp"] if row.dp else []
        return " ".join(([f"{workers} x"] if workers else []) + sizes + dp)

    columns = {
        "apart": _flag(raw["disagg"]) & ~_unsplit(raw),
        "workers": raw["prefill_num_workers"].astype(float),
        "tp": raw["prefill_tp"].astype(float),
        "ep": raw["prefill_ep"].astype(float),
        "dp": _flag(raw["prefill_dp_attention"]),
    }
    return [words(row) for row in pd.DataFrame(columns).itertuples()]


def _framework(parts):
    names = [p for p in parts if p in {"trt", "vllm", "sglang", "atom"}]
    prefix = [p for p in parts if p in {"dynamo", "mori"}]
    return "-".join([*prefix[:1], *names[:1]])
