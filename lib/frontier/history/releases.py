"""TensorRT-LLM's published throughput, release after release.

Offline maximum throughput without a latency limit: not a frontier.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from frontier.history.shifts import by_key

FAMILIES = {f"llama-{release}-70b": "llama-70b" for release in ("2", "3", "3.1", "3.3")}
"""Models that NVIDIA's tables put one after another; a series that mixes them says so."""


def release_series(
    table: pd.DataFrame, /, *, families: Mapping[str, str] = FAMILIES, best: bool = False
) -> pd.DataFrame:
    """Return TensorRT-LLM's published throughput of one thing, release after release.

    Args:
        table: the table ``trtllm_throughput``, in order of release.
        families: models to read as one (the 70B series splices Llama 2, 3, 3.1 and 3.3). ``{}``
            keeps every model by itself.
        best: False gives one series a parallel configuration. True gives one a shape, with the
            best configuration of each release; the early tables fix the batch size as well, so a
            part of their gain is a batch size that NVIDIA had not tabled before.

    Returns:
        `gpu`, `family`, `precision`, `isl`, `osl`; `version`, `date` (NaT where the document
        names none), `model`, `configuration`, `method` (ratios across methods mix software
        and method), `output_throughput_per_gpu` (tok/s/GPU), `ratio` to the series' first
        release, and `spliced`: a different model from the first. Ratios within
        `frontier.history.shifts.NOISE` are noise. Series with one release are left out.
    """
    rows = table.assign(
        family=table["model"].map(lambda name: families.get(name, name)),
        release=pd.factorize(table["version"])[0],
    )
    keys = ["gpu", "family", "precision", "isl", "osl", *([] if best else ["configuration"])]
    value = "output_throughput_per_gpu"
    rows = rows.sort_values(value, ascending=False, kind="stable")
    rows = rows.drop_duplicates([*keys, "release"]).sort_values([*keys, "release"])
    rows = rows[rows.groupby(keys)["release"].transform("size") > 1]
    first = rows.groupby(keys)[[value, "model"]].transform("first")
    rows = rows.assign(ratio=rows[value] / first[value], spliced=rows["model"] != first["model"])
    columns = ["gpu", "family", "precision", "isl", "osl", "configuration", "version", "date"]
    return rows[[*columns, "model", "method", value, "ratio", "spliced"]].reset_index(drop=True)


def release_times(
    series: pd.DataFrame, /, *, factors: Sequence[float] = (2, 5), best: bool = False
) -> pd.DataFrame:
    """Return, for each series of `release_series`, how far it came and how long that took.

    Pass the same `best` as there. `first` and `last` (dated releases) and `years` between
    them, `releases`, `top` (the largest ratio) and `top_version`, `last_ratio`; for each
    factor f `days_to_f`, from the first release to the first dated one with at least that
    ratio, NaN if never; `spliced` and `methods` (how many ways of measuring) as warnings.
    """
    keys = ["gpu", "family", "precision", "isl", "osl", *([] if best else ["configuration"])]
    found = []
    for key, group in by_key(series, keys):
        top = group.loc[group["ratio"].idxmax()]
        dated = group.dropna(subset="date")
        first, last = dated["date"].min(), dated["date"].max()
        row = key | {
            "first": first,
            "last": last,
            "years": (last - first).days / 365.25,
            "releases": len(group),
            "top": top["ratio"],
            "top_version": top["version"],
            "last_ratio": group["ratio"].iloc[-1],
        }
        for factor in factors:
            reached = dated.loc[dated["ratio"] >= factor, "date"]
            row[f"days_to_{factor:g}"] = (reached.min() - first).days if len(reached) else np.nan
        row |= {"spliced": bool(group["spliced"].any()), "methods": group["method"].nunique()}
        found.append(row)
    return pd.DataFrame(found)
