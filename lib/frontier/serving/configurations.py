"""What the model says about configurations given as rows, such as measured ones.

`predict` takes the columns of the measurements and returns the same rows with what the model
expects a benchmark to measure. A frame is grouped by model; everything else is arrays. A row
that nobody measured the like of is answered and marked; one that cannot run, or does not say
enough, gets no number but the reason. Choosing configurations belongs in `frontiers`.

>>> import frontier
>>> rows = frontier.load_measurements().query("model == 'llama-70b'").head(3)
>>> "extrapolated" in frontier.serving.predict(rows)
True
"""

import numpy as np
import pandas as pd

from frontier.errors import UsageError
from frontier.serving import calibration, machines, modes, steps, transformers
from frontier.serving.modes import Service, Traffic
from frontier.serving.steps import Constants, Layout
from frontier.serving.transformers import transformer

KIND = ("model", "hardware", "precision", "speculative", "disaggregated")
NEEDED = (*KIND, "gpus", "tp", "ep", "dp_attention", "isl", "osl", "concurrency")
ANSWERS = ("interactivity", "throughput_per_gpu", "output_throughput_per_gpu", "tpot", "ttft")
_POSITIVE = ("gpus", "isl", "osl", "concurrency")
NODE = 8  # GPUs; the size of a worker where a row does not say it
NEWEST = pd.Timestamp("2026-06-11")  # newest row fitted to: software has no age from then on
MONTH = 30.4  # days


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
            rows are disaggregated `prefill_gpus` and `decode_gpus`. Used where they are there:
            `prefill` ("2 x tp8 ep8 dp": how prefill workers are made; else they are of at most
            8 GPUs), `framework` (else TensorRT-LLM) and `date` (else the newest software).
        constants: instead of the fitted ones of each model's family.
        acceptance: probability that a drafted token is accepted, given the one before; instead
            of the measured acceptance lengths.

    Returns:
        A new frame: the given columns, with `interactivity` (tok/s/user), `throughput_per_gpu`
        and `output_throughput_per_gpu` (tok/s/GPU, over all GPUs), `tpot` and `ttft` (s) as
        modelled; `extrapolated` (bool): outside what the model was validated on, or of
        disaggregated workers that the row does not describe; `forecast` (bool): on an
        accelerator of which no row was measured; and `refused`: why a row has no answer (NaN),
        else empty.

    >>> from frontier.data.measurements import load_measurements, select
    >>> rows = select(load_measurements(), model="deepseek-r1", hardware="h200", single_node=True)
    >>> found = predict(rows[rows["precision"] == "fp8"].head(3))
    >>> bool((found["throughput_per_gpu"] > 0).all())
    True
    """
    if not isinstance(configurations, pd.DataFrame):
        raise UsageError(f"predict takes a DataFrame, not a {type(configurations).__name__}")
    frame = configurations.reset_index(drop=True)
    refused = _refused(frame, acceptance)
    values = np.full((len(frame), len(ANSWERS)), np.nan)
    extrapolated = np.zeros(len(frame), bool)
    good = frame[refused == ""]
    for key, rows in good.groupby("model", sort=False) if len(good) else ():
        inputs = prepare(rows, acceptance)
        too_big = _too_big(rows, inputs)
        refused[rows.index[too_big != ""]] = too_big[too_big != ""]
        at = rows.index[too_big == ""]
        if at.empty:
            continue
        if len(at) < len(rows):
            rows = rows.loc[at]
            inputs = prepare(rows, acceptance)
        found = evaluate(inputs, constants or calibration.constants(transformer(key).family))
        values[at] = np.column_stack([found[name] for name in ANSWERS])
        extrapolated[at] = calibration.extrapolated(
            list(zip(*(rows[name] for name in KIND), strict=True)),
            isl=rows["isl"].to_numpy(float),
            osl=rows["osl"].to_numpy(float),
            gpus=inputs["decode"].gpus,
            tp=inputs["decode"].tp,
            users_per_gpu=rows["concurrency"].to_numpy(float) / rows["gpus"].to_numpy(float),
        ) | _undescribed(rows)
    out = configurations.copy()
    out[list(ANSWERS)] = values
    out["extrapolated"] = extrapolated
    chips = frame.get("hardware", refused)
    forecasts = {chip: calibration.forecast(chip) for chip in chips.unique()}
    out["forecast"] = chips.map(forecasts).to_numpy(bool)
    out["refused"] = refused.to_numpy()
    return out


def _refused(frame, acceptance) -> pd.Series:
    """Return why each row cannot be answered, as far as it can be seen without its layout."""
    if missing := [name for name in NEEDED if name not in frame]:
        return pd.Series(f"no {', '.join(missing)}", index=frame.index, dtype="object")
    reasons = pd.Series("", index=frame.index, dtype="object")

    def refuse(rows, reason):
        reasons[rows & (reasons == "")] = reason

    for name in NEEDED:
        refuse(frame[name].isna(), f"no {name}")
    for name in ("prefill_gpus", "decode_gpus"):
        lacks = frame[name].isna() if name in frame else True
        refuse(frame["disaggregated"].eq(True) & lacks, f"disaggregated, and no {name}")
    for name in _POSITIVE:
        value = pd.to_numeric(frame[name], errors="coerce")
        bad = ~(value.ge(1) & np.isfinite(value))
        for one in frame.loc[bad, name].unique():
            refuse(frame[name].eq(one), f"{name} is {one}; expected at least 1")
    kinds = ["model", "hardware", "precision", "speculative"]
    for key, rows in frame[reasons == ""].groupby(kinds, sort=False):
        try:
            _known(*key, acceptance)
        except UsageError as error:
            reasons[rows.index] = str(error)
    return reasons


def _known(model, hardware, precision, speculative, acceptance):
    """Raise UsageError where the tables do not have what a row names."""
    machines.numbers(transformer(model), [precision], [hardware])
    if speculative:
        transformers.accepted(transformer(model), acceptance)


def _undescribed(rows):
    """Return which disaggregated rows do not say how their workers are made."""
    split = rows["disaggregated"].to_numpy(bool)
    untold = (_told(rows, "prefill_gpus") == 0) & (_told(rows, "decode_gpus") == 0)
    return split & (untold | (rows[["tp", "ep"]].max(axis=1) < 1).to_numpy(bool))


def prepare(rows: pd.DataFrame, acceptance: float | None = None) -> dict:
    """Return everything but the constants that the rows of one model need, as arrays."""
    model = transformer(rows["model"].iloc[0])
    hardware = rows["hardware"].tolist()
    decode, prefill, workers = layouts(rows)
    drafts = rows["speculative"].to_numpy(bool)
    tensorrt = _text(rows, "framework", "trt").str.contains("trt").to_numpy()
    dates = pd.to_datetime(rows["date"]) if "date" in rows else pd.Series(NEWEST, index=rows.index)
    age = (NEWEST - dates).dt.days.fillna(0).clip(lower=0).to_numpy() / MONTH
    return {
        "model": model,
        "machine": machines.machine(hardware),
        "numbers": machines.numbers(model, rows["precision"].tolist(), hardware),
        "traffic": Traffic.nominal(rows["isl"], rows["osl"]),
        "accepted": transformers.accepted(model, acceptance) if drafts.any() else (1.0,),
        "tensorrt": tensorrt,
        "age_months": age,
        "decode": decode,
        "prefill": prefill,
        "workers": workers,
        "split": rows["disaggregated"].to_numpy(bool),
        "drafts": drafts,
        "concurrency": rows["concurrency"].to_numpy(float),
    }


def evaluate(inputs: dict, constants: Constants) -> dict:
    """Return the modelled columns of prepared rows under some constants."""
    tensorrt = inputs["tensorrt"]
    service = Service(
        *(inputs[name] for name in ("model", "machine", "numbers")),
        constants,
        inputs["traffic"],
        inputs["accepted"],
        draft_layers=np.where(tensorrt, *modes.DRAFT_LAYERS),
        slower=np.where(tensorrt, 1.0, constants.engine)
        * np.exp(constants.progress * inputs["age_months"]),
        fills=tensorrt,
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
    return rows[column].fillna(0).to_numpy(float) if column in rows else np.zeros(len(rows))


def _text(rows, column, otherwise):
    text = rows[column] if column in rows else pd.Series(otherwise, index=rows.index)
    return text.astype("str")


def _prefill_workers(rows, prefill_gpus):
    """Return how many prefill workers, and whether they are expert and data parallel."""
    said = _text(rows, "prefill", "").str.extract(r"^(\d+) x tp\d+ ep(\d+)( dp)?$")
    count = said[0].astype(float).to_numpy()
    guess = np.maximum(1.0, np.round(prefill_gpus / NODE))
    ep = said[1].astype(float).to_numpy()
    known = ~np.isnan(count)
    return (
        np.where(known, count, guess),
        np.where(known, ep > 1, True),
        np.where(known, said[2].notna(), True),
    )


def _too_big(rows, inputs) -> np.ndarray:
    """Return of each row why its weights do not fit in its workers' memory, or an empty text."""
    reasons = np.full(len(rows), "", dtype=object)
    for stage in ("prefill", "decode"):  # of one worker that does both, decode is named
        layout = inputs[stage]
        need = steps.weight_bytes(inputs["model"], inputs["numbers"], layout)
        for at in np.flatnonzero(need > inputs["machine"].memory):
            reasons[at] = (
                f"{need[at] / 1e9:.0f} GB of weights on each of {layout.gpus[at]:.0f} GPUs "
                f"({stage}) that have {inputs['machine'].memory[at] / 1e9:.0f} GB: "
                "use more GPUs a worker or fewer bits"
            )
    return reasons
