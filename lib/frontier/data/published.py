"""Published results at one operating point: MLPerf by scenario.

These have no frontier: MLPerf fixes a latency limit for each scenario. A ratio of two such results
is taken at the same limit, not at the same interactivity, so it stands beside the ratios of
`claims.comparisons` and never decides a claim about a frontier.
All rates are output tokens per second over all GPUs, and results over several racks are replicas.
Results of the open division and of systems for research are not comparable and are left out, and so
are systems that mix accelerators. A preview, a system that could not be bought, is one of a key of
its own such as ``vr200-preview``, of which no power table knows anything.

>>> from frontier.data import published
>>> published.mlperf("llama-3.1-405b")  # doctest: +SKIP
"""

from itertools import chain

import numpy as np
import pandas as pd

from frontier.data import tables
from frontier.errors import UsageError, among

PREVIEW = "-preview"  # ends the key of an accelerator that was submitted as a preview


def _closed() -> pd.DataFrame:
    """Return the MLPerf results of the closed division, `hardware` of a preview by its own key.

    One accuracy target is enough for a rate: the usual one, or the stricter one where a round has
    no other. A round whose day of publication is not known was known by the day of retrieval.
    """
    old, new = (tables.read(name) for name in ("mlperf", "mlperf_v61"))
    day = pd.Timestamp(tables.meta("mlperf_v61")["accessed"])
    new = new.assign(date=new["date"].fillna(day), source="mlperf_v61")
    rows = pd.concat([old.assign(source="mlperf"), new], ignore_index=True)
    usual = rows["accuracy"] != "99.9"
    only = ~usual.groupby([rows["round"], rows["model"]]).transform("any")
    kinds = rows["availability"].isin(["available", "preview"])
    rows = rows[(rows["division"] == "closed") & kinds & (usual | only) & (rows["hardware"] != "")]
    preview = rows["availability"] == "preview"
    return rows.assign(hardware=rows["hardware"].mask(preview, rows["hardware"] + PREVIEW))


def _picked(rows: pd.DataFrame, key: str) -> pd.DataFrame:
    """Return the results of ``accelerator[/submitter[/gpus[/round]]]``, that key in `hardware`."""
    for column, wanted in zip(
        ("hardware", "submitter", "gpus", "round"), key.split("/"), strict=False
    ):
        rows = rows[rows[column].astype("str") == wanted]
    return rows.assign(hardware=key)


def mlperf(model: str, /, *, accelerators=("h200", "b200", "gb200")) -> pd.DataFrame:
    """Return the best MLPerf result of each accelerator by scenario and round.

    Of `accelerators`, ``gb300/NVIDIA/72`` holds the submitter and the number of GPUs, too (and
    ``gb300/NVIDIA/72/v6.0`` the round): without, a rack may stand beside another submitter's node.
    ``vr200-preview`` is the preview of VR200.

    Closed division. Columns: `round`, `date`, `scenario`, `hardware`, `gpus`,
    `precision`, `submitter`, `output_throughput_per_gpu` (tok/s/GPU, our division by the number
    of accelerators, not verified by MLCommons), `interactivity` (tok/s/user, median, where a
    published log states it; else NaN), `citation`, `source`.
    """
    rows = _closed()
    rows = rows[rows["model"] == model]
    rows = pd.concat([_picked(rows, key) for key in accelerators])
    best = rows.sort_values("output_throughput_per_gpu", kind="stable").drop_duplicates(
        ["round", "scenario", "hardware"], keep="last"
    )
    columns = [
        *("round", "date", "scenario", "hardware", "gpus", "precision", "submitter"),
        *("output_throughput_per_gpu", "citation", "source"),
    ]
    best = best.sort_values(["scenario", "hardware", "round"])[columns].reset_index(drop=True)
    return best.assign(interactivity=_stated_interactivity(best, model))


def preview(model: str, baseline: str, /) -> pd.DataFrame:
    """Return the previews of MLPerf v6.1 over an available `baseline`, submitter and scale held.

    Columns: `scenario`, `hardware`, `submitter`, `gpus`; `output_throughput_per_gpu`,
    `interactivity` (tok/s/user, where a log states it) and `limit_w` (of one GPU, as submitted) of
    the preview, and the same of the baseline with the ending ``_baseline``; `per_gpu` and
    `per_watt`, the ratio per GPU and per watt of that limit; `source`. No power was measured.

    Raises:
        UsageError: where the model or the baseline has no result in that round.
    """
    rows = _closed()
    rows = rows[(rows["round"] == "v6.1") & (rows["model"] == model)]
    if baseline not in set(rows["hardware"]):
        raise UsageError(f"no {model} in v6.1: {among(baseline, sorted(set(rows['hardware'])))}")
    limits = _limits()
    rows = rows.join(limits.rename("limit_w"), on=["submitter", "platform", "availability"])
    rows["interactivity"] = _stated_interactivity(rows, model)
    keys = ["scenario", "submitter", "gpus"]
    values = ["output_throughput_per_gpu", "interactivity", "limit_w"]
    early = rows[rows["availability"] == "preview"][[*keys, "hardware", *values, "source"]]
    base = rows[rows["hardware"] == baseline].sort_values(values[0], kind="stable")
    base = base.drop_duplicates(keys, keep="last")[[*keys, *values]]
    found = early.merge(base, on=keys, suffixes=("", "_baseline"))
    found["per_gpu"] = found[values[0]] / found[f"{values[0]}_baseline"]
    found["per_watt"] = found["per_gpu"] * found["limit_w_baseline"] / found["limit_w"]
    return found.sort_values("per_gpu", kind="stable", ignore_index=True)


def _limits() -> pd.Series:
    """Return the limit of a GPU in W that the notes of v6.1 state.

    Platform names are shared by submitters, so submitter, platform and availability index it.
    """
    notes = tables.read("mlperf_v61_notes")
    notes["limit_w"] = notes["notes"].str.extract(r"(\d{3,4}) ?W\b", expand=False).astype("float")
    return notes.groupby(["submitter", "platform", "availability"])["limit_w"].first()


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
    best = rows.sort_values(rate, kind="stable").drop_duplicates([*same, "round"], keep="last")
    best = best.sort_values([*same, "date"], ignore_index=True)
    last = best.groupby(same)[[rate, "round"]].shift()
    found = best.assign(before=last["round"], ratio=best[rate] / last[rate]).dropna(subset="before")
    found = found.rename(columns={"round": "after"})
    top = rows.groupby([*what, "round"])[rate].max()
    either = [
        top.get((*key, after), np.nan) / top.get((*key, before), np.nan)
        for *key, before, after in found[[*what, "before", "after"]].itertuples(index=False)
    ]
    columns = [*same, "before", "after", "ratio", "citation", "source"]
    return found[columns].assign(any_submitter=either).reset_index(drop=True)


def _stated_interactivity(results, model):
    """Return the median interactivity that a published log states for each result.

    The points have no key but their words: a point is a result's when its rate agrees to 0.1 %
    and its name has the round and the scenario.
    """
    points = tables.read("published_points")
    points = points[points["series"].str.startswith("MLPerf") & points["x"].notna()]
    points = [*points[["series", "y", "x"]].itertuples(index=False, name=None)]
    logs = tables.read("mlperf_v61_latency")
    logs = logs[logs["model"].str.startswith(model.replace("llama-", "llama"))]
    columns = ["round", "scenario", "per_accelerator", "interactivity_tok_s_user"]
    logs = [*logs[columns].itertuples(index=False, name=None)]
    found = []
    for row in results.itertuples():
        rate, scenario = row.output_throughput_per_gpu, row.scenario
        same = (
            x
            for series, y, x in points
            if abs(y / rate - 1) < 1e-3
            and row.round in series
            and series.lower().endswith(scenario)
        )
        log = (
            x
            for edition, mode, per_gpu, x in logs
            if abs(per_gpu / rate - 1) < 1e-3 and (edition, mode.lower()) == (row.round, scenario)
        )
        found.append(next(chain(same, log), float("nan")))
    return found
