"""Published results at one operating point: MLPerf by scenario, TensorRT-LLM by release.

These have no frontier: MLPerf fixes a latency limit for each scenario, TensorRT-LLM's tables have
none. A ratio of two such results is taken at the same limit, not at the same interactivity, so it
stands beside the ratios of `frontier.comparisons` and never decides a claim about a frontier.
All rates are output tokens per second over all GPUs.

>>> from frontier import published
>>> published.mlperf("llama-3.1-405b")  # doctest: +SKIP
"""

import pandas as pd

from frontier import hardware, tables

# One accuracy target is enough for a rate; where a model has two, the usual one.
ACCURACY = ("", "99")


def mlperf(model: str, /, *, accelerators=("h200", "b200", "gb200")) -> pd.DataFrame:
    """Return the best MLPerf result of each accelerator by scenario and round.

    Closed division, available systems. Columns: `round`, `date`, `scenario`, `hardware`, `gpus`,
    `precision`, `submitter`, `output_throughput_per_gpu` (tok/s/GPU, our division by the number
    of accelerators, not verified by MLCommons), `citation`, `source`.
    """
    rows = tables.read("mlperf")
    rows = rows[
        (rows["division"] == "closed")
        & (rows["availability"] == "available")
        & (rows["model"] == model)
        & rows["accuracy"].fillna("").isin(ACCURACY)
        & rows["hardware"].isin(list(accelerators))
    ]
    best = rows.sort_values("output_throughput_per_gpu").drop_duplicates(
        ["round", "scenario", "hardware"], keep="last"
    )
    columns = ["round", "date", "scenario", "hardware", "gpus", "precision", "submitter",
               "output_throughput_per_gpu", "citation"]  # fmt: skip
    return best.sort_values(["scenario", "hardware", "round"])[columns].assign(source="mlperf")


def tensorrt_llm(
    model: str, version: str, /, *, accelerators=("h200", "b200", "gb200")
) -> pd.DataFrame:
    """Return the best configuration of each accelerator and shape in one TensorRT-LLM release.

    Columns: `version`, `date`, `hardware`, `precision`, `configuration`, `isl`, `osl`,
    `output_throughput_per_gpu` (offline maximum, tok/s/GPU), `document`, `source`.
    """
    rows = tables.read("trtllm_throughput")
    rows = rows[
        (rows["model"] == model)
        & (rows["version"] == version)
        & rows["hardware"].isin(list(accelerators))
    ]
    best = rows.sort_values("output_throughput_per_gpu").drop_duplicates(
        ["hardware", "isl", "osl"], keep="last"
    )
    columns = ["version", "date", "hardware", "precision", "configuration", "isl", "osl",
               "output_throughput_per_gpu", "document"]  # fmt: skip
    return best.sort_values(["isl", "osl", "hardware"])[columns].assign(source="trtllm_throughput")


def ratios(
    results: pd.DataFrame, /, baseline: str, *, by: list[str], power_edition: str
) -> pd.DataFrame:
    """Return each result over the best `baseline` result with the same values of `by`.

    Columns: `by`, `hardware`, `round` or `version` of the result, `per_gpu` and `per_mw` (in the
    named power edition). The baseline's newest round counts where it was not run in the result's.
    """
    base = results[results["hardware"] == baseline]
    best = base.sort_values("date").drop_duplicates(by, keep="last").set_index(by)
    others = results[results["hardware"] != baseline].copy()
    reference = best["output_throughput_per_gpu"].reindex(
        pd.MultiIndex.from_frame(others[by]) if len(by) > 1 else others[by[0]]
    )
    others["per_gpu"] = others["output_throughput_per_gpu"] / reference.to_numpy()
    kilowatts = others["hardware"].map(lambda key: hardware.power_kw(key, power_edition))
    others["per_mw"] = others["per_gpu"] * hardware.power_kw(baseline, power_edition) / kilowatts
    return others.dropna(subset=["per_gpu"]).reset_index(drop=True)
