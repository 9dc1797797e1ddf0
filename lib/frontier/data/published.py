"""Published results at one operating point: MLPerf by scenario, TensorRT-LLM by release.

These have no frontier: MLPerf fixes a latency limit for each scenario, TensorRT-LLM's tables have
none. A ratio of two such results is taken at the same limit, not at the same interactivity, so it
stands beside the ratios of `claims.comparisons` and never decides a claim about a frontier.
All rates are output tokens per second over all GPUs.

>>> from frontier.data import published
>>> published.mlperf("llama-3.1-405b")  # doctest: +SKIP
"""

import numpy as np
import pandas as pd

from frontier.data import hardware, tables

DENSE = {"Llama-2-70B": "llama-2-70b", "Llama-3.1-405B": "llama-3.1-405b"}
OFFLINE = {"Llama-3.3-70B": "llama-3.3-70b", "Llama-3.1-405B": "llama-3.1-405b"}
# One accuracy target is enough for a rate; where a model has two, the usual one.
ACCURACY = ("", "99")


def _closed() -> pd.DataFrame:
    """Return the MLPerf results of the closed division on available systems."""
    rows = tables.read("mlperf")
    comparable = (rows["division"] == "closed") & (rows["availability"] == "available")
    return rows[comparable & rows["accuracy"].fillna("").isin(ACCURACY)]


def mlperf(model: str, /, *, accelerators=("h200", "b200", "gb200")) -> pd.DataFrame:
    """Return the best MLPerf result of each accelerator by scenario and round.

    Closed division, available systems. Columns: `round`, `date`, `scenario`, `hardware`, `gpus`,
    `precision`, `submitter`, `output_throughput_per_gpu` (tok/s/GPU, our division by the number
    of accelerators, not verified by MLCommons), `interactivity` (tok/s/user, median, where a
    published log states it; else NaN), `citation`, `source`.
    """
    rows = _closed()
    rows = rows[(rows["model"] == model) & rows["hardware"].isin(list(accelerators))]
    best = rows.sort_values("output_throughput_per_gpu").drop_duplicates(
        ["round", "scenario", "hardware"], keep="last"
    )
    columns = [
        *("round", "date", "scenario", "hardware", "gpus", "precision", "submitter"),
        *("output_throughput_per_gpu", "citation"),
    ]
    best = best.sort_values(["scenario", "hardware", "round"])[columns].reset_index(drop=True)
    return best.assign(interactivity=_stated_interactivity(best), source="mlperf")


def mlperf_rounds() -> pd.DataFrame:
    """Return every MLPerf result over the result of an earlier round on the same accelerator.

    Closed division, available systems, the best of each (model, scenario, accelerator, GPUs,
    submitter) in a round over the same in the round before that it has. Columns: `model`,
    `scenario`, `hardware`, `gpus`, `submitter`, `before`, `after` (rounds), `ratio` of output
    tok/s/GPU, `citation`, `source`; and `any_submitter`, the ratio of the best results of the two
    rounds whoever submitted them at whatever scale, which mixes software with both.
    """
    rows = _closed()
    rate, what = "output_throughput_per_gpu", ["model", "scenario", "hardware"]
    same = [*what, "gpus", "submitter"]
    best = rows.sort_values(rate).drop_duplicates([*same, "round"], keep="last")
    best = best.sort_values([*same, "date"], ignore_index=True)
    last = best.groupby(same)[[rate, "round"]].shift()
    found = best.assign(before=last["round"], ratio=best[rate] / last[rate]).dropna(subset="before")
    found = found.rename(columns={"round": "after"})
    top = rows.groupby([*what, "round"])[rate].max()
    either = [
        top.get((*key, after), np.nan) / top.get((*key, before), np.nan)
        for *key, before, after in found[[*what, "before", "after"]].itertuples(index=False)
    ]
    columns = [*same, "before", "after", "ratio", "citation"]
    return found[columns].assign(any_submitter=either, source="mlperf").reset_index(drop=True)


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
    columns = [
        *("version", "date", "hardware", "precision", "configuration", "isl", "osl"),
        *("output_throughput_per_gpu", "document"),
    ]
    return best.sort_values(["isl", "osl", "hardware"])[columns].assign(source="trtllm_throughput")


def ratios(
    results: pd.DataFrame, /, baseline: str, *, by: list[str], power_edition: str
) -> pd.DataFrame:
    """Return each result over the best `baseline` result with the same values of `by`.

    `results` are those of `mlperf` or `tensorrt_llm`. Added columns: `per_gpu` and `per_mw` (in the
    named power edition). The baseline of the same date counts, its newest where there is none;
    results without a baseline are left out.
    """
    rate = "output_throughput_per_gpu"
    base = results[results["hardware"] == baseline].sort_values(["date", rate])
    others = results[results["hardware"] != baseline].copy()

    def reference(keys):
        best = base.drop_duplicates(keys, keep="last")[[*keys, rate]]
        return others[keys].merge(best, on=keys, how="left")[rate].to_numpy()

    same = reference([*by, "date"])
    others["per_gpu"] = others[rate] / np.where(np.isnan(same), reference(by), same)
    kilowatts = others["hardware"].map(lambda key: hardware.power_kw(key, power_edition))
    others["per_mw"] = others["per_gpu"] * hardware.power_kw(baseline, power_edition) / kilowatts
    return others.dropna(subset=["per_gpu"]).reset_index(drop=True)


def dense_ratios(power_edition: str, release: str, /) -> dict[str, pd.DataFrame]:
    """Return the published ratios of dense models over H200, by the limit they were taken at.

    Of MLPerf, the round in which each accelerator has its largest ratio. Maps a heading to a frame
    with `label`, `per_gpu`, `per_mw`, `least` and `largest` (per MW, the range where one row stands
    for several shapes) and `source`.
    """
    found = {}
    for name, key in DENSE.items():
        table = ratios(mlperf(key), "h200", by=["scenario"], power_edition=power_edition)
        table = table.sort_values("per_mw").drop_duplicates(["scenario", "hardware"], keep="last")
        table = table.sort_values(["scenario", "hardware"], ignore_index=True)
        label = table["hardware"].str.upper() + ", " + table["scenario"] + ", " + table["round"]
        found[f"MLPerf, same latency limit: {name}"] = table.assign(
            label=label, least=table["per_mw"], largest=table["per_mw"]
        )
    for name, key in OFFLINE.items():
        table = ratios(
            tensorrt_llm(key, release), "h200", by=["isl", "osl"], power_edition=power_edition
        )
        spread = table.groupby("hardware", as_index=False).agg(
            per_gpu=("per_gpu", "median"),
            least=("per_mw", "min"),
            largest=("per_mw", "max"),
            shapes=("per_mw", "size"),
            per_mw=("per_mw", "median"),
        )
        count = spread["shapes"].astype("str")
        found[f"TensorRT-LLM {release}, no limit: {name}"] = spread.assign(
            label=spread["hardware"].str.upper() + ", median of " + count + " shapes",
            source="trtllm_throughput",
        )
    return found


def _stated_interactivity(results):
    """Return the median interactivity that a published log states for each result.

    The points have no key but their words: a point is a result's when its rate agrees to 0.1 %
    and its name has the round and the scenario.
    """
    points = tables.read("published_points")
    points = points[points["series"].str.startswith("MLPerf") & points["x"].notna()]
    found = []
    for row in results.itertuples():
        same = points[
            ((points["y"] / row.output_throughput_per_gpu - 1).abs() < 1e-3)
            & points["series"].str.contains(row.round, regex=False)
            & points["series"].str.lower().str.endswith(row.scenario)
        ]
        found.append(same["x"].iloc[0] if len(same) else float("nan"))
    return found
