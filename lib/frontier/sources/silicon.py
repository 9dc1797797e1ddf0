"""AIConfigurator's InferenceX points: ``silicon_sample.csv`` in the wheel of aiconfigurator-core.

The file has mean TTFT and mean TPOT, and no throughput: throughput is derived from them
for the closed loop. Only dense models, and gpt-oss on one node, are usable: speculation is
not marked (DeepSeek was run both ways), and disaggregated rows lack the worker counts.
``tp_size`` is TP x EP in the rows with expert parallelism; the row's id has the real TP.
"""

import zipfile
from pathlib import Path

import pandas as pd

from frontier.data import checks
from frontier.data.measurements import COLUMNS
from frontier.sources.inferencex import row_ids, significant

MEMBER = "aiconfigurator_core/systems/silicon_sample.csv"
MODELS = {
    "meta-llama/Llama-3.1-70B": "llama-70b",
    "openai/gpt-oss-120b": "gpt-oss-120b",
    "deepseek-ai/DeepSeek-R1": "deepseek-r1",
    "deepseek-ai/DeepSeek-V3": "deepseek-v3",
}
CITATION = "aiconfigurator-core 0.12.0, systems/silicon_sample.csv, id "
# Captures give six digits of the mean; two runs of one configuration differ by far more.
SAME_RUN = 1e-5


def read(path: Path, /) -> pd.DataFrame:
    """Return the raw rows, from the wheel or from the file inside it."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel, wheel.open(MEMBER) as file:
            return pd.read_csv(file)
    return pd.read_csv(path)


def tidy(raw: pd.DataFrame, /) -> pd.DataFrame:
    """Return the rows of the four models with the tidy columns, and ``reason``."""
    raw = raw.assign(row_id=row_ids("aiconfigurator_silicon", len(raw)))
    raw = raw[raw["model_path"].isin(MODELS)].reset_index(drop=True)
    origin = raw["silicon_data_source"].astype("str")
    apart = raw["mode"] == "disagg"
    tp = raw["id"].str.extract(r"_tp(\d+)_")[0].astype(float).fillna(raw["tp_size"])
    gpus = _count(tp.mask(apart))
    out = pd.DataFrame(
        {
            "model": raw["model_path"].map(MODELS),
            "hardware": raw["system"].str.removesuffix("_sxm"),
            "framework": _framework(raw, apart),
            "precision": raw["precision"].astype(object).where(raw["precision"].notna(), ""),
            **{"speculative": False, "disaggregated": apart},
            **{"gpus": gpus, "prefill_gpus": gpus, "decode_gpus": gpus},
            "tp": _count(raw["decode_tp_size"].where(apart, tp)),
            "ep": _count(raw["decode_moe_ep_size"].where(apart, raw["moe_ep_size"])),
            "dp_attention": raw["attention_dp_size"].fillna(1) > 1,
            **{"isl": raw["isl"], "osl": raw["osl"]},
            "concurrency": _count(_named(origin, r"silicon_concurrency=(\d+)").astype(float)),
            "interactivity": significant(1e3 / raw["silicon_tpot_ms"]),
            "ttft": significant(raw["silicon_ttft_ms"] / 1e3),
            "tpot": significant(raw["silicon_tpot_ms"] / 1e3),
            "date": pd.to_datetime(_named(origin, r"measured=(\d{4}-\d\d-\d\d)")),
            **{"source": "aiconfigurator_silicon", "run_url": "", "row_id": raw["row_id"]},
            **{"prefill": "", "latency": "mean"},
            "image": _named(origin, r"image=([^;]+)").str.replace("#", "/").fillna(""),
            **{"citation": CITATION + raw["id"], "caveat": ""},
        }
    )
    served = checks.closed_loop_throughput(out, checks.request_latency(out))
    out["throughput_per_gpu"] = significant(served)
    share = out["osl"] / (out["isl"] + out["osl"])
    out["output_throughput_per_gpu"] = significant(served * share)
    out["reason"] = _reasons(out, origin)
    return out[[*COLUMNS, "reason"]]


def without_captured(frame: pd.DataFrame, captures: pd.DataFrame, /) -> pd.DataFrame:
    """Return `frame` without the rows that are runs the captures hold too.

    Such a row has the accelerator, precision, shape, concurrency and mean TPOT of a
    capture; the capture is kept, which has the labels and the measured throughput.
    """
    keys = ["hardware", "precision", "isl", "osl", "conc"]
    known = captures.dropna(subset=["mean_tpot"])[[*keys, "mean_tpot"]]
    rows = frame.rename(columns={"concurrency": "conc"})[[*keys, "tpot"]].reset_index()
    pairs = rows.merge(known, on=keys)
    same = (pairs["tpot"] / pairs["mean_tpot"] - 1).abs() < SAME_RUN
    return frame.drop(index=pairs.loc[same, "index"].unique())


def _reasons(out, origin):
    deepseek = out["model"].str.startswith("deepseek")
    outside = origin.str.contains("gtl_job_id|gap-analysis", regex=True)
    reason = pd.Series("", index=out.index)
    reason[outside] = "a run outside InferenceX, whose load and lengths are not recorded"
    reason[out["disaggregated"]] = "disaggregated, and the worker counts are not recorded"
    reason[deepseek] = "whether speculation was on is not recorded"
    return reason


def _framework(raw, apart):
    name = raw["backend"].replace("trtllm", "trt")
    return name.where(~apart, "dynamo-" + name)


def _named(text, pattern):
    return text.str.extract(pattern)[0]


def _count(values):
    return values.fillna(0).astype("int64")
