"""What the model says about configurations given as rows, such as measured ones.

`predict` takes the columns of the measurements and returns the same rows with what the model
expects a benchmark to measure. A frame is grouped by model; everything else is arrays. What
was never measured is answered and marked, never silently; what cannot run is refused. Choosing
configurations belongs in `frontiers`.

>>> import frontier
>>> rows = frontier.load_measurements().query("model == 'llama-70b'").head(3)
>>> "extrapolated" in frontier.serving.predict(rows)
True
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from frontier.errors import UsageError
from frontier.serving import calibration, machines, modes, steps
from frontier.serving.modes import Service, Traffic
from frontier.serving.steps import Constants, Layout
from frontier.serving.transformers import transformer

NEEDED = (
    *("model", "hardware", "precision", "speculative", "disaggregated", "gpus", "tp", "ep"),
    *("dp_attention", "isl", "osl", "concurrency"),
)
KIND = ("model", "hardware", "precision", "speculative", "disaggregated")
_POSITIVE = ("gpus", "isl", "osl", "concurrency")
NODE = 8  # GPUs; the size of a worker where a row does not say it


def predict(
    configurations: pd.DataFrame,
    /,
    *,
    constants: Constants | None = None,
    acceptance: float | None = None,
) -> pd.DataFrame:
    """Return the rows with what the model expects of them, in the same order.

    Args:
        configurations: a frame with the columns `NEEDED` (see the measurements), and where
            rows are disaggregated `prefill_gpus` and `decode_gpus`; the column `prefill`
            ("2 x tp8 ep8 dp") says how prefill workers are made, or they are of at most 8 GPUs.
        constants: instead of the fitted ones of each model's family.
        acceptance: of drafted tokens, instead of the fitted one.

    Returns:
        A new frame: the given columns, with `interactivity` (tok/s/user), `throughput_per_gpu`
        and `output_throughput_per_gpu` (tok/s/GPU, over all GPUs), `tpot` and `ttft` (s) as
        modelled, and `extrapolated` (bool): outside what the model was validated on, or of
        disaggregated workers that the row does not describe.

    Raises:
        UsageError: on a missing column, a model, accelerator or precision that there is not,
            a count below one, or weights that do not fit in memory.

    >>> from frontier.data.measurements import load_measurements, select
    >>> rows = select(load_measurements(), model="deepseek-r1", hardware="h200", single_node=True)
    >>> found = predict(rows[rows["precision"] == "fp8"].head(3))
    >>> bool((found["throughput_per_gpu"] > 0).all())
    True
    """
    frame = configurations
    _check(frame)
    out = frame.copy()
    names = ["interactivity", "throughput_per_gpu", "output_throughput_per_gpu", "tpot", "ttft"]
    values = np.full((len(frame), len(names)), np.nan)
    extrapolated = np.zeros(len(frame), bool)
    for key in dict.fromkeys(frame["model"]):
        at = np.flatnonzero(frame["model"].to_numpy() == key)
        rows = frame.iloc[at]
        fitted = constants or calibration.constants(transformer(key).family)
        if acceptance is not None:
            fitted = replace(fitted, acceptance=acceptance)
        inputs = prepare(rows)
        values[at] = np.column_stack([evaluate(inputs, fitted)[name] for name in names])
        extrapolated[at] = calibration.extrapolated(
            list(zip(*(rows[name] for name in KIND), strict=True)),
            isl=rows["isl"].to_numpy(float),
            osl=rows["osl"].to_numpy(float),
            gpus=inputs["decode"].gpus,
            tp=inputs["decode"].tp,
            users_per_gpu=rows["concurrency"].to_numpy(float) / rows["gpus"].to_numpy(float),
        ) | _undescribed(rows)
    out[names] = values
    out["extrapolated"] = extrapolated
    return out


def _undescribed(rows):
    """Return which disaggregated rows do not say how their workers are made."""
    split = rows["disaggregated"].to_numpy(bool)
    untold = (_told(rows, "prefill_gpus") == 0) & (_told(rows, "decode_gpus") == 0)
    return split & (untold | (rows[["tp", "ep"]].max(axis=1) < 1).to_numpy(bool))


def prepare(rows: pd.DataFrame) -> dict:
    """Return everything but the constants that the rows of one model need, as arrays."""
    model = transformer(rows["model"].iloc[0])
    _check_memory(rows)
    hardware = rows["hardware"].tolist()
    decode, prefill, workers = layouts(rows)
    return {
        "model": model,
        "machine": machines.machine(hardware),
        "numbers": machines.numbers(model, rows["precision"].tolist(), hardware),
        "traffic": Traffic.nominal(rows["isl"], rows["osl"]),
        "decode": decode,
        "prefill": prefill,
        "workers": workers,
        "split": rows["disaggregated"].to_numpy(bool),
        "drafts": rows["speculative"].to_numpy(bool),
        "concurrency": rows["concurrency"].to_numpy(float),
    }


def evaluate(inputs: dict, constants: Constants) -> dict:
    """Return the modelled columns of prepared rows under some constants."""
    service = Service(
        inputs["model"], inputs["machine"], inputs["numbers"], constants, inputs["traffic"]
    )
    decode, prefill, split = inputs["decode"], inputs["prefill"], inputs["split"]
    prefilling, decoding = inputs["workers"]
    loop = modes.closed_loop(
        service,
        decode,
        prefill,
        concurrency=inputs["concurrency"],
        split=split,
        decode_workers=decoding,
        prefill_workers=prefilling,
        drafts=inputs["drafts"],
    )
    gpus = decode.gpus * decoding + np.where(split, prefill.gpus * prefilling, 0.0)
    rate = loop["rate"] * np.where(split, modes.OCCUPANCY[1], modes.OCCUPANCY[0]) / gpus
    traffic = inputs["traffic"]
    return {
        "interactivity": 1 / loop["tpot"],
        "throughput_per_gpu": rate * (traffic.isl + traffic.osl),
        "output_throughput_per_gpu": rate * traffic.osl,
        "tpot": loop["tpot"],
        "ttft": loop["ttft"],
    }


def layouts(rows: pd.DataFrame) -> tuple[Layout, Layout, tuple]:
    """Return the decode layout, the prefill layout, and (prefill, decode) workers.

    Aggregated rows are one worker of all their GPUs. Of disaggregated rows a decode worker has
    max(tp, ep) GPUs; with attention data parallelism and neither stated, it is one worker of
    all decode GPUs (wide expert parallelism, as dynamo-sglang labels it).
    """
    split = rows["disaggregated"].to_numpy(bool)
    dp = rows["dp_attention"].to_numpy(bool)
    tp, ep, gpus = (rows[name].to_numpy(float) for name in ("tp", "ep", "gpus"))
    prefill_gpus, decode_gpus = _sides(rows, split, gpus)
    stated = np.maximum(tp, ep)
    wide = dp & (stated <= 1)
    unknown = np.where(stated > 0, stated, np.minimum(NODE, decode_gpus))
    size = np.where(split, np.where(wide, decode_gpus, unknown), gpus)
    decode = Layout(size, np.where(dp, 1.0, size), (ep > 1) | (dp & (size > 1)))
    count, prefill_ep, prefill_dp = _prefill_workers(rows, prefill_gpus)
    size_p = np.where(split, prefill_gpus / count, size)
    prefill = Layout(
        size_p,
        np.where(np.where(split, prefill_dp, dp), 1.0, size_p),
        np.where(split, (prefill_ep | prefill_dp) & (size_p > 1), decode.expert_parallel),
    )
    workers = np.where(split, np.maximum(1.0, np.round(decode_gpus / size)), 1.0)
    return decode, prefill, (np.where(split, count, 1.0), workers)


def _sides(rows, split, gpus):
    """Return prefill and decode GPUs; 0 says that a row does not tell.

    One that is not told is what the other leaves of all GPUs; of two, each is half. Of aggregated
    rows both are all GPUs.
    """
    told = [_told(rows, name) for name in ("prefill_gpus", "decode_gpus")]
    sides = []
    for own, other in (told, told[::-1]):
        rest = np.maximum(np.where(other > 0, gpus - other, gpus / 2), 1.0)
        sides.append(np.where(own > 0, own, np.where(split, rest, gpus)))
    return sides


def _told(rows, column):
    return rows[column].to_numpy(float) if column in rows else np.zeros(len(rows))


def _prefill_workers(rows, prefill_gpus):
    """Return how many prefill workers, and whether they are expert and data parallel."""
    text = rows["prefill"] if "prefill" in rows else pd.Series("", index=rows.index)
    said = text.astype("str").str.extract(r"^(\d+) x tp\d+ ep(\d+)( dp)?$")
    count = said[0].astype(float).to_numpy()
    guess = np.maximum(1.0, np.round(prefill_gpus / NODE))
    ep = said[1].astype(float).to_numpy()
    known = ~np.isnan(count)
    return (
        np.where(known, count, guess),
        np.where(known, ep > 1, True),
        np.where(known, said[2].notna(), True),
    )


def _check(frame):
    if missing := [name for name in NEEDED if name not in frame]:
        raise UsageError(f"the configurations have no column {', '.join(missing)}")
    if frame["disaggregated"].any():
        split = ("prefill_gpus", "decode_gpus")
        if missing := [name for name in split if name not in frame]:
            raise UsageError(f"disaggregated configurations need the column {', '.join(missing)}")
    for name in _POSITIVE:
        value = frame[name].to_numpy(float)
        if not (good := np.isfinite(value) & (value >= 1)).all():
            at = int(np.flatnonzero(~good)[0])
            label = frame.index[at]
            raise UsageError(f"row {label}: {name} is {value[at]:g}; expected at least 1")


def runnable(configurations: pd.DataFrame, /) -> np.ndarray:
    """Return which rows' weights fit in the memory of their workers (a bool array).

    `predict` refuses a frame with others: among measured rows they are mislabelled ones.
    """
    _check(configurations)
    good = np.zeros(len(configurations), bool)
    for key in dict.fromkeys(configurations["model"]):
        at = np.flatnonzero(configurations["model"].to_numpy() == key)
        rows = configurations.iloc[at]
        good[at] = np.all([need <= have for _, _, need, have in _weights(rows)], axis=0)
    return good


def _weights(rows):
    """Yield stage, layout, and bytes of weights needed and memory had per GPU."""
    model, hardware = transformer(rows["model"].iloc[0]), rows["hardware"].tolist()
    numbers = machines.numbers(model, rows["precision"].tolist(), hardware)
    have = machines.machine(hardware).memory
    decode, prefill, _ = layouts(rows)
    for stage, layout in (("decode", decode), ("prefill", prefill)):
        yield stage, layout, steps.weight_bytes(model, numbers, layout), have


def _check_memory(rows):
    for stage, layout, need, have in _weights(rows):
        if (over := need > have).any():
            at = int(np.flatnonzero(over)[0])
            row = rows.iloc[at]
            raise UsageError(
                f"row {rows.index[at]}: {row['model']} in {row['precision']} needs "
                f"{need[at] / 1e9:.0f} GB of weights on each of {layout.gpus[at]:.0f} "
                f"{row['hardware']} ({stage}), which have {have[at] / 1e9:.0f} GB: "
                "use more GPUs a worker or fewer bits"
            )
