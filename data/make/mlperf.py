"""MLPerf Inference results of the four models that the claims are about.

Rates are output tokens per second of a whole system; per GPU is our division. Editions of
an accelerator that differ in power or form (NVL, PCIe, virtualised, mixed systems) keep
their name but get no hardware key: a key stands for the part the tables describe.
"""

import pandas as pd

from frontier.sources import raw

FILES = {"mlperf": ("mlperf_results.csv*",), "mlperf_v61": ("mlperf_v61_results.csv*",)}
NUMBERS = ("accelerators", "result", "power_result")
DATES = {"v4.1": "2024-08-28", "v5.1": "2025-09-09", "v6.0": "2026-04-01"}
MODELS = {
    "llama2-70b-99": ("llama-2-70b", "99"),
    "llama2-70b-99.9": ("llama-2-70b", "99.9"),
    "llama3.1-405b": ("llama-3.1-405b", ""),
    "deepseek-r1": ("deepseek-r1", ""),
    "gpt-oss-120b": ("gpt-oss-120b", ""),
}
HARDWARE = {
    "NVIDIA H100-SXM-80GB": "h100",
    "NVIDIA H200-SXM-141GB": "h200",
    "NVIDIA B200-SXM-180GB": "b200",
    "NVIDIA B300-SXM-270GB": "b300",
    "Nvidia B300-SXM-270GB": "b300",
    "NVIDIA GB200": "gb200",
    "NVIDIA GB300": "gb300",
    "NVIDIA VR200": "vr200",
    "AMD Instinct MI300X 192GB HBM3": "mi300x",
    "AMD Instinct MI300X-NPS1-SPX-192GB-750W": "mi300x",
    "AMD MI300X-NPS1-SPX-192GB-750W": "mi300x",
    "AMD Instinct MI325X 256GB HBM3e": "mi325x",
    "AMD Instinct MI355X 288GB HBM3e": "mi355x",
    "AMD Instinct MI355X 288GB HBM3e (x87)": "mi355x",
    "AMD Instinct MI355X 288GB HBM3e (x94)": "mi355x",
}


def make(table, files):
    """Return the results of the four models, all divisions and availabilities."""
    rows = raw.read_all(files, numbers=NUMBERS)
    rows = rows[rows["model"].isin(MODELS)].reset_index(drop=True)
    return pd.DataFrame(
        {
            "round": rows["round"],
            "date": pd.to_datetime(rows["round"].map(DATES)),
            "division": rows["category"],
            **{c: rows[c] for c in ("availability", "submitter", "system", "platform", "nodes")},
            "hardware": rows["accelerator"].map(HARDWARE).fillna(""),
            "accelerator": rows["accelerator"],
            "gpus": rows["accelerators"],
            "model": rows["model"].map(lambda m: MODELS[m][0]),
            "accuracy": rows["model"].map(lambda m: MODELS[m][1]),
            "scenario": rows["scenario"].str.lower(),
            "software": rows["software"].fillna(""),
            "precision": rows["weight_type"].fillna(""),
            "output_throughput": rows["result"],
            "output_throughput_per_gpu": (rows["result"] / rows["accelerators"]).round(4),
            "power_w": rows["power_result"].round(1),
            "citation": raw.places(rows),
        }
    )
