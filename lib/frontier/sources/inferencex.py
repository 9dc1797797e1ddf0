"""InferenceX (SemiAnalysis): rows of its API, published medians, tables in posts, change log.

All three kinds of points have the same raw columns; what differs is which are filled.
Raw numbers are not edited. What they mean, found out the hard way:

- ``tput_per_gpu`` counts input and output tokens over all GPUs. ``output_tput_per_gpu`` is
  over all GPUs on one node, but over decode GPUs only when disaggregated: recomputed here.
  Where it is absent, output is OSL/(ISL+OSL) of the total, which agrees within 1 % where
  both are given.
- On one node the GPUs are TP x PP (x the parallelism of prefill contexts): ``num_decode_gpu``
  is TP x EP there, too many in a third of the rows.
- Workers that span nodes and do both prefill and decode are told as prefill: ``num_prefill_gpu``
  has all GPUs, ``num_decode_gpu`` none, and the decode layout is absent or left over.
- Disaggregated rows that are not ``multinode`` (the first on GB200) repeat the total as
  both GPU counts: the total is right, the split was not recorded.
- Energy is comparable from version 2 of its schema on; before, it was that of one role.
- Agentic rows have no lengths, and their speed is another quantity: they are counted and kept
  out of every table of points.
"""

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
from frontier.sources import reading

MODELS = {
    "dsr1": "deepseek-r1",
    **dict.fromkeys(("gptoss", "gptoss120b"), "gpt-oss-120b"),
    **dict.fromkeys(("70b", "llama70b"), "llama-70b"),
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
    **dict.fromkeys(("kimik2.5", "kimik2.6"), "Kimi-K2.5"),
    **dict.fromkeys(("minimaxm2.5", "minimaxm2.7"), "MiniMax-M2.5"),
    **dict.fromkeys(("glm5", "glm5.1"), "GLM-5"),
    "dsv4": "DeepSeek-V4-Pro",
}
HARDWARE = {
    *("h100", "h200", "b200", "b300", "gb200", "gb300", "vr200"),
    *("mi300x", "mi325x", "mi355x", "mi455x", "tpuv7"),
}
SINGLE_TURN = (None, "", "single_turn", "fixed_seq_len", "throughput")
CHANGED = "the source has changed: see docs/data.md"
API_URL = "https://inferencex.semianalysis.com/api/v1/benchmarks"


def read_api(path: Path, /) -> pd.DataFrame:
    """Return the rows of a saved answer of the benchmarks API, flat as the captures are.

    DataError names the file, the row and the key of the first one that is not as expected.
    """
    return read_answer(path).rows


def read_answer(path: Path, /) -> "Flat":
    """Return a saved answer of the benchmarks API, flat; raises as `read_api`."""
    return flat(reading.document(reading.text(path), file=path), file=path)


class Flat(NamedTuple):
    """Raw rows, flat, with ``unreadable`` (why a row is, or empty), and what was met.

    `agentic` counts rows of agentic workloads, `unknown` the keys that nothing here reads.
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
        kind, shape = row.get("benchmark_type"), (row.get("isl"), row.get("osl"))
        if kind not in SINGLE_TURN or (kind is None and None in shape):
            agentic += 1
            continue
        whole = {("multinode" if k == "is_multinode" else k): v for k, v in row.items()} | metrics
        unknown.update(key for key in whole.keys() - _KNOWN if not _STATISTIC.fullmatch(key))
        values.append([whole.get(name) for name in _RAW])
    return Flat(_typed(pd.DataFrame(values, columns=_RAW, dtype=object)), agentic, unknown)


def _typed(raw: pd.DataFrame) -> pd.DataFrame:
    """Return raw rows with numbers as numbers and text as text; ``unreadable`` says what was not.

    A missing number is no fault of its own; one that is no number, or no whole number where a
    count belongs, is.
    """
    problem, out = [""] * len(raw), {}
    for name in _RAW:
        values = raw[name].tolist()
        if name in _TEXTS:
            found = [None if value is None else plain(value) for value in values]
            out[name] = pd.Series(found, index=raw.index, dtype=object)
            continue
        read, expected = _READERS.get(name, (_finite, "no number"))
        found = [read(value) for value in values]
        out[name] = pd.Series(found, index=raw.index, dtype=object if name in _FLAGS else float)
        for place, value in enumerate(values):
            missing = value is None or value != value
            if found[place] is None and not (missing or problem[place]):
                problem[place] = f"{name} is {expected} but {plain(reading.shown(value))}"
    return pd.DataFrame(out).assign(unreadable=pd.Series(problem, index=raw.index, dtype="str"))


def _truth(value):
    return TRUTHS.get(str(value).lower())


def _finite(value):
    found = number(value)
    return found if math.isfinite(found) else None


def _whole(value):
    found = _finite(value)
    return found if found is not None and found % 1 == 0 and abs(found) <= 2**31 else None


def number(value: object, /) -> float:
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
    raw = raw.reindex(columns=_RAW).astype(dict.fromkeys([*_NUMBERS, *_COUNTS], float))
    gpus, prefill, decode = _gpus(raw)
    isl, osl = _count(raw["isl"]), _count(raw["osl"])
    joules = raw["joules_per_output_token"]
    out = pd.DataFrame(
        {
            "model": _text(raw["model"].map(MODELS).fillna(raw["model"])),
            **{c: _text(raw[c]).str.lower() for c in ("hardware", "framework", "precision")},
            "speculative": ~_text(raw["spec_method"]).str.lower().isin(["none", ""]),
            "disaggregated": _flag(raw["disagg"]),
            **{"gpus": gpus, "prefill_gpus": prefill, "decode_gpus": decode},
            **{size: _count(_decoding(raw, size)) for size in ("tp", "ep")},
            "dp_attention": _flag(_decoding(raw, "dp_attention")),
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
            "joules_per_output_token": joules.where(energy_is_sound(raw) & (joules > 0)),
        }
    )
    latency = raw["median_e2el"].fillna(checks.request_latency(out))
    out["caveat"] = np.where(checks.dead_time(out, latency), "dead-time", "")
    reason = _parts(raw, gpus)
    out["reason"] = reason.where(reason != "", _powered(raw, gpus))
    return out.reindex(columns=[*COLUMNS, "reason"])


def significant(values, /, digits: int = 6):
    """Return `values` rounded to significant digits, 0 as NaN; the raw numbers carry six."""
    values = pd.Series(values, dtype=float).replace(0, np.nan)
    scale = 10.0 ** (digits - 1 - np.floor(np.log10(values.abs())))
    return (values * scale).round() / scale


def row_ids(source: str, rows: int) -> list[str]:
    """Return ``captures-000001`` and so on: source and data row of the file read."""
    short = source.removeprefix("inferencex_").removeprefix("aiconfigurator_").split("_")[0]
    return [f"{short}-{number:06d}" for number in range(1, rows + 1)]


_SIZES = ("tp", "pp", "pcp_size")
_ROLES = ("prefill", "decode")
_GPUS = ["num_prefill_gpu", "num_decode_gpu"]
_TEXTS = ["date", "model", "hardware", "framework", "precision", "spec_method", "image", "run_url"]
_FLAGS = ["disagg", "multinode", "prefill_dp_attention", "decode_dp_attention"]
_COUNTS = [
    *(f"{role}_{size}" for role in _ROLES for size in (*_SIZES, "ep")),
    *("prefill_num_workers", *_SIZES[1:], *_GPUS, "num_aggregate_gpu", "gpu_count"),
    *("isl", "osl", "conc"),
]
_NUMBERS = [
    *("tput_per_gpu", "output_tput_per_gpu", "input_tput_per_gpu", "tput_per_mw"),
    *("median_ttft", "median_tpot", "median_e2el", "avg_power_w", "avg_total_gpu_power_w"),
    *("joules_per_output_token", "power_valid", "power_metric_schema_version"),
]
# How a value of a column is read, and what it is called where it cannot be; else a number.
_READERS = dict.fromkeys(_FLAGS, (_truth, "neither true nor false"))
_READERS |= dict.fromkeys(_COUNTS, (_whole, "no whole number"))
_RAW = [*_TEXTS, *_FLAGS, *_COUNTS, *_NUMBERS]
TRUTHS = dict.fromkeys(("true", "t", "1", "1.0"), True) | dict.fromkeys(
    ("false", "f", "0", "0.0"), False
)
POWER_SCHEMA = 2  # the first whose energy is that of all GPUs
# Keys that a row may have and that nothing is made of.
_KNOWN = {
    *_RAW,
    *("metrics", "benchmark_type", "workers", "kv_transfer_lib", "decode_num_workers", "id"),
    *("snapshot_date", "snapshot_workflow_run_id", "offload_mode", "recipe_fingerprint"),
    *("curve_date", "curve_workflow_run_id", "curve_run_started_at", "config_id", "error"),
    *("workflow_run_id", "kv_cache_pool_tokens", "router", "kv_p2p_transfer"),
}
_STATISTIC = re.compile(
    r"(mean|std|min|max|median|p[\d.]+)_(ttft|tpot|itl|e2el|intvty)|(.*_)?dcp_size|"
    r".*(power|joules|energy).*"
)
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def _text(values):
    return values.astype(object).where(values.notna(), "").astype("str")


def _flag(values):
    return values.map(lambda v: v is True or str(v).lower() == "true").astype(bool)


def _count(values):
    return values.fillna(0).astype("int64")


def _unsplit(raw):
    recorded = raw["num_prefill_gpu"] == raw["num_decode_gpu"]
    return _flag(raw["disagg"]) & ~_flag(raw["multinode"]) & recorded


def _shared(raw):
    """Return whether workers that span nodes do both prefill and decode."""
    return ~_flag(raw["disagg"]) & _flag(raw["multinode"])


def _decoding(raw, size):
    """Return what is said of the workers that decode, which may be those that prefill, too."""
    prefill, decode = raw[f"prefill_{size}"], raw[f"decode_{size}"]
    both = _shared(raw) & (raw["num_decode_gpu"].fillna(0) == 0)
    return decode.where(~both | prefill.isna(), prefill)


def _gpus(raw):
    """Return all, prefill and decode GPUs; 0 where the source does not say."""
    apart, unsplit = _flag(raw["disagg"]), _unsplit(raw)
    recorded = raw[_GPUS].max(axis=1)  # where they are not apart, one of them has all
    node = raw["decode_tp"].where(raw["decode_tp"] > 0, raw["prefill_tp"])
    for size in ("pp", "pcp_size"):
        node = node * raw[size].fillna(raw[f"decode_{size}"]).clip(lower=1).fillna(1)
    alike = raw["num_aggregate_gpu"].where(raw["num_aggregate_gpu"] > 0, recorded)
    alike = alike.where(_shared(raw) & (alike > 0), node)
    total = (
        raw[_GPUS].sum(axis=1, skipna=False).where(apart & ~unsplit, recorded.where(apart, alike))
    )
    total = total.where(~(raw["gpu_count"] > 0), raw["gpu_count"])
    roles = (raw[name].where(apart, total).mask(unsplit) for name in _GPUS)
    return _count(total), *map(_count, roles)


def energy_is_sound(raw: pd.DataFrame, /) -> pd.Series:
    """Return whether the energy of raw rows is valid and that of every GPU."""
    return (raw["power_metric_schema_version"] == POWER_SCHEMA) & (raw["power_valid"] == 1)


def _powered(raw, gpus):
    """Return the reason where the GPUs whose power was measured are not those of the row."""
    sound = energy_is_sound(raw)
    measured = (raw["avg_total_gpu_power_w"] / raw["avg_power_w"]).where(
        sound & ~_flag(raw["disagg"])
    )
    text = "the power of " + measured.round(1).astype("str") + " GPUs was measured, the row has "
    return (text + gpus.astype("str")).where((measured / gpus - 1).abs() > 0.02, "").astype("str")


def _output(raw, gpus, decode, isl, osl):
    share = (osl / (isl + osl).where(isl + osl > 0)).fillna(np.nan)
    stated = raw["output_tput_per_gpu"] * decode / gpus.where(gpus > 0)
    return stated.where((decode > 0) & stated.notna(), raw["tput_per_gpu"] * share)


def _parts(raw, gpus):
    """Return the reason where input and output over their own GPUs are not the total."""
    apart = _flag(raw["disagg"])
    ways = {"output": raw["num_decode_gpu"], "input": raw["num_prefill_gpu"]}
    parts = sum(raw[f"{w}_tput_per_gpu"] * n.where(apart, gpus) for w, n in ways.items())
    return checks.parts_reason(raw["tput_per_gpu"] * gpus, parts)


def _prefill(raw):
    """Return in words how the prefill workers are laid out; empty where none are apart."""
    sizes = {"{} x": "prefill_num_workers", "tp{}": "prefill_tp", "ep{}": "prefill_ep"}
    parts = [
        raw[name].map(lambda v, form=form: "" if np.isnan(v) else form.format(int(v)))
        for form, name in sizes.items()
    ]
    parts[0] = parts[0].where(raw["prefill_num_workers"] > 0, "")
    parts.append(_flag(raw["prefill_dp_attention"]).map({True: "dp", False: ""}))
    words = [" ".join(filter(None, row)) for row in zip(*parts, strict=True)]
    return np.where(_flag(raw["disagg"]) & ~_unsplit(raw), words, "")
