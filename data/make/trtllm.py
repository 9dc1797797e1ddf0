"""TensorRT-LLM's published maximum throughput, by release of its documentation.

One cell of a performance-overview table is one row. The method changed twice, which the
column ``method`` names: a ratio across methods is not a gain of the software alone. The
draft of 0.20 is left out: it was measured with CUDA graphs off by mistake.
"""

import pandas as pd

from frontier.sources import raw

FILES = {"trtllm_throughput": ("trtllm_perf_overview.csv*",)}
NUMBERS = ("isl", "osl", "gpus", "output_tok_s_per_gpu")
HARDWARE = {
    "H100": "h100",
    "H200": "h200",
    "B200": "b200",
    "GB200": "gb200",
    "B300 (beta)": "b300",
    "GB300 (beta)": "gb300",
}
STATIC_UNTIL, ENGINE_UNTIL = (0, 9), (0, 17)
LATEST = (99, 0)


def make(table, files):
    """Return one row per published cell, output tokens per second and GPU."""
    rows = raw.read_all(files, numbers=NUMBERS)
    rows = rows[~rows["doc_version"].str.contains("draft")].reset_index(drop=True)
    return pd.DataFrame(
        {
            "version": rows["doc_version"].str.partition(" (")[0],
            "date": pd.to_datetime(rows["doc_date"]),
            "method": rows["doc_version"].map(method),
            "hardware": rows["gpu"].map(HARDWARE).fillna(""),
            "gpu": rows["gpu"],
            "model": rows["model"].str.lower().str.removesuffix("-0528"),
            "precision": rows["precision"].str.lower(),
            "configuration": rows["tp_or_config"],
            "tp": rows["tp_or_config"].str.extract(r"^TP(\d+)")[0].fillna("0").astype("int64"),
            **{c: rows[c] for c in ("isl", "osl", "gpus")},
            "output_throughput_per_gpu": rows["output_tok_s_per_gpu"],
            "document": rows["path"],
            "commit": rows["commit"].fillna(""),
        }
    )


def method(version: str) -> str:
    """Return how a release measured: static-batch, engine-in-flight or pytorch-in-flight."""
    number = _number(version)
    if number <= STATIC_UNTIL:
        return "static-batch"
    return "engine-in-flight" if number <= ENGINE_UNTIL else "pytorch-in-flight"


def _number(version):
    head = version.split()[0].removesuffix("-era").split(".")
    return tuple(int(part) for part in head[:2]) if head[0].isdigit() else LATEST
