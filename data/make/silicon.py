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
from frontier.sources import raw
from frontier.sources.inferencex import row_ids, significant

TABLE = "aiconfigurator_silicon"
FILES = {TABLE: ("aiconfigurator_core-*.whl", "silicon_sample.csv")}
NUMBERS = ("isl", "osl", "silicon_ttft_ms", "silicon_tpot_ms")
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


def make(table, files):
    """Return tidy rows with ``reason``, of the file or of the wheel that holds it."""
    return tidy(read(files[0]))


def read(path: Path, /) -> pd.DataFrame:
    """Return the raw rows, from the wheel or from the file inside it."""
    if path.suffix != ".whl":
        return raw.read_csv(path, numbers=NUMBERS)
    with zipfile.ZipFile(path) as wheel, wheel.open(MEMBER) as file:
        return pd.read_csv(file)


def settle(frame, others):
    """Return the rows that no other source measured, and what to say of the rest.

    Throughput is derived here, so a row far above the published median is given a reason.
    """
    kept = without_captured(frame, [f for f in others.values() if "mean_tpot" in f])
    note = f"{TABLE}: {len(frame) - len(kept)} rows are in tables with measured throughput"
    for medians in (f for name, f in others.items() if "medians" in name):
        far = checks.against_medians(kept, medians)
        kept = kept.assign(reason=kept["reason"].where(kept["reason"] != "", far))
    return kept, note


def tidy(rows: pd.DataFrame, /) -> pd.DataFrame:
    """Return the rows of the four models with the tidy columns, and ``reason``."""
    rows = rows.assign(row_id=row_ids(TABLE, len(rows)))
    rows = rows[rows["model_path"].isin(MODELS)].reset_index(drop=True)
    origin = rows["silicon_data_source"].astype("str")
    apart = rows["mode"] == "disagg"
    tp = rows["id"].str.extract(r"_tp(\d+)_")[0].astype(float).fillna(rows["tp_size"])
    gpus = _count(tp.mask(apart))
    out = pd.DataFrame(
        {
            "model": rows["model_path"].map(MODELS),
            "hardware": rows["system"].str.removesuffix("_sxm"),
            "framework": _framework(rows, apart),
            "precision": rows["precision"].astype(object).where(rows["precision"].notna(), ""),
            **{"speculative": False, "disaggregated": apart},
            **{"gpus": gpus, "prefill_gpus": gpus, "decode_gpus": gpus},
            "tp": _count(rows["decode_tp_size"].where(apart, tp)),
            "ep": _count(rows["decode_moe_ep_size"].where(apart, rows["moe_ep_size"])),
            "dp_attention": rows["attention_dp_size"].fillna(1) > 1,
            **{"isl": rows["isl"], "osl": rows["osl"]},
            "concurrency": _count(_named(origin, r"silicon_concurrency=(\d+)").astype(float)),
            "interactivity": significant(1e3 / rows["silicon_tpot_ms"]),
            "ttft": significant(rows["silicon_ttft_ms"] / 1e3),
            "tpot": significant(rows["silicon_tpot_ms"] / 1e3),
            "date": pd.to_datetime(_named(origin, r"measured=(\d{4}-\d\d-\d\d)")),
            **{"source": TABLE, "run_url": "", "row_id": rows["row_id"]},
            **{"prefill": "", "latency": "mean"},
            "image": _named(origin, r"image=([^;]+)").str.replace("#", "/").fillna(""),
            **{"citation": CITATION + rows["id"], "caveat": ""},
        }
    )
    served = checks.closed_loop_throughput(out, checks.request_latency(out))
    out["throughput_per_gpu"] = significant(served)
    share = out["osl"] / (out["isl"] + out["osl"])
    out["output_throughput_per_gpu"] = significant(served * share)
    out["reason"] = _reasons(out, origin)
    return out.reindex(columns=[*COLUMNS, "reason"])


def without_captured(frame: pd.DataFrame, measured: list[pd.DataFrame], /) -> pd.DataFrame:
    """Return `frame` without the rows that are runs which `measured` rows tell of, too.

    Such a row has the accelerator, precision, shape, concurrency and mean TPOT of one of them;
    that one is kept, which has the labels and the measured throughput.
    """
    keys = ["hardware", "precision", "isl", "osl", "concurrency"]
    known = [rows.dropna(subset=["mean_tpot"])[[*keys, "mean_tpot"]] for rows in measured]
    if not known:
        return frame
    pairs = frame[[*keys, "tpot"]].reset_index().merge(pd.concat(known), on=keys)
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


def _framework(rows, apart):
    name = rows["backend"].replace("trtllm", "trt")
    return name.where(~apart, "dynamo-" + name)


def _named(text, pattern):
    return text.str.extract(pattern)[0]


def _count(values):
    return values.fillna(0).astype("int64")
