"""TensorRT-LLM's published throughput, release after release.

Offline maximum throughput without a latency limit: not a frontier.
"""

from collections.abc import Mapping

import pandas as pd

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


def release_times(series: pd.DataFrame, /, *, best: bool = False) -> pd.DataFrame:
    """Return, for each series of `release_series`, how far it came and when.

    Pass the same `best` as there. `top` is the largest ratio; `first` and `last` are the dated
    releases at its ends; `spliced` and `methods` (how many ways of measuring) are warnings.
    """
    keys = ["gpu", "family", "precision", "isl", "osl", *([] if best else ["configuration"])]
    return series.groupby(keys, as_index=False).agg(
        first=("date", "min"),
        last=("date", "max"),
        top=("ratio", "max"),
        spliced=("spliced", "any"),
        methods=("method", "nunique"),
    )
