"""Measured energy: joules per output token and watts per GPU, a quantity of its own.

The power table says what is provisioned for a GPU with everything around it; here is what the GPUs
drew while a benchmark ran, without processors, network and cooling. The two are never one number.
Sources: the medians of 2026 (column `joules_per_output_token` of the measured rows), two sets of
power readings of InferenceX (PowerX, and rows with p90), and the leaderboard of ML.ENERGY, whose
traffic is a set of questions and no fixed length.

What cannot be compared is among `refused`, with the reason. Joules are of all GPUs of a deployment.

>>> from frontier.data import energy
>>> rows = energy.load()
>>> (rows["watts_per_gpu"] <= rows["limit_w"]).all()
np.True_
"""

import pandas as pd

from frontier.data import hardware, measurements, tables

COLUMNS = (
    *("model", "hardware", "framework", "precision", "speculative", "disaggregated", "gpus"),
    *("traffic", "concurrency", "date", "interactivity", "output_throughput_per_gpu"),
    *("joules_per_output_token", "watts_per_gpu", "limit_w", "scope", "source", "row_id"),
    *("citation", "reason"),
)
WITHHELD = "joules_per_output_token only: "  # how the quarantine says that only joules are refused
MODELS = {
    "deepseek-v4-pro": "deepseek-v4",
    "qwen3.5-397b": "qwen-3.5",
    "openai/gpt-oss-120b": "gpt-oss-120b",
    "deepseek-ai/DeepSeek-R1-0528": "deepseek-r1",
    "meta-llama/Llama-3.3-70B-Instruct": "llama-70b",
}  # the keys of the measured rows, where the same model is there


def load() -> pd.DataFrame:
    """Return every measured energy that is of a whole deployment and can be compared.

    Columns: those of the measured rows that tell a run, `traffic` (``8192/1024``, or the name of a
    set of questions), `interactivity` (tok/s/user; missing where none was published),
    `output_throughput_per_gpu` (tok/s/GPU), `joules_per_output_token` (of all GPUs),
    `watts_per_gpu` (mean), `limit_w` (the largest that a source states of the chip), `scope`
    (a deployment), `source`, `row_id`, `citation`, and `reason`, empty.
    """
    rows = _all()
    return rows[rows["reason"] == ""].reset_index(drop=True)


def refused() -> pd.DataFrame:
    """Return what is no comparable energy of a deployment, as `load` does, with the `reason`."""
    rows = _all()
    kept = tables.read("quarantine")
    kept = kept[kept["reason"].str.startswith(WITHHELD)]
    kept = _measured(kept).assign(reason=kept["reason"].str.removeprefix(WITHHELD).to_numpy())
    found = [rows[rows["reason"] != ""], kept]
    return pd.concat(found, ignore_index=True).assign(limit_w=_limits)


def _all() -> pd.DataFrame:
    rows = measurements.load_measurements()
    made = [
        _measured(rows[rows["joules_per_output_token"].notna()]),
        _powerx(tables.read("powerx_deepseek_v4")),
        _percentiles(tables.read("power_p90_qwen35")),
        _leaderboard(tables.read("mlenergy")),
    ]
    rows = pd.concat(made, ignore_index=True).assign(limit_w=_limits)
    above = rows["watts_per_gpu"] > rows["limit_w"]
    rows["reason"] = rows["reason"].mask(above, "its watts are above the chip's power limit")
    return rows


def _limits(rows):
    """Return the largest power limit that a source states of each row's chip, W."""
    stated = tables.read("accelerator_figures")
    stated = stated[stated["quantity"] == "tdp_w"].set_index("hardware")["value"]
    known = pd.concat([hardware.accelerators()["tdp_w"], stated])
    return rows["hardware"].map(known.groupby(level=0).max())


def _made(rows, source, **columns):
    """Return rows with the common columns."""
    told = {"traffic": measurements.shapes(rows)} if "isl" in rows else {}
    told |= {"source": source, "scope": "deployment", "reason": ""}
    made = rows.assign(**(told | columns))
    made["model"] = made["model"].replace(MODELS)
    return made[[c for c in COLUMNS if c != "limit_w"]]


def _measured(rows):
    watts = rows["joules_per_output_token"] * rows["output_throughput_per_gpu"]
    return _made(rows, rows["source"], watts_per_gpu=watts)


def _powerx(rows):
    rate = rows["avg_power_w_per_gpu"] / rows["joules_per_output_token"]
    return _made(
        rows,
        "powerx_deepseek_v4",
        output_throughput_per_gpu=rate,  # the published one is over decode GPUs
        watts_per_gpu=rows["avg_power_w_per_gpu"],
    )


def _percentiles(rows):
    agentic = rows["workload"] != "single_turn"
    reason = rows["caveat"].mask(agentic, "agentic: mostly cached input, no fixed lengths")
    lengths = rows[["isl", "osl"]].fillna(0).astype("int")
    traffic = measurements.shapes(lengths).mask(agentic, "agentic traces")
    watts = rows["avg_power_w_per_gpu"]
    return _made(rows, "power_p90_qwen35", reason=reason, watts_per_gpu=watts, traffic=traffic)


def _leaderboard(rows):
    return _made(
        rows.rename(columns={"model_id": "model", "num_gpus": "gpus", "task": "traffic"}),
        "mlenergy",
        hardware=rows["gpu_model"].str.lower(),
        framework="",
        precision=rows["weight_precision"],
        speculative=False,
        disaggregated=False,
        concurrency=rows["avg_batch_size"].round().astype("int"),
        date=rows["data_as_of"],
        interactivity=1000 / rows["median_itl_ms"],
        output_throughput_per_gpu=rows["output_throughput_tokens_per_sec"] / rows["num_gpus"],
        joules_per_output_token=rows["energy_per_token_joules"],
        watts_per_gpu=rows["avg_power_watts"] / rows["num_gpus"],
        row_id="mlenergy-" + (pd.RangeIndex(len(rows)) + 1).astype("str"),
    )
