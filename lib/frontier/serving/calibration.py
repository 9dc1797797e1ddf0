"""The fitted constants, how sure they are, and where the model may be believed.

Three tables, all made by `frontier.serving.fit.calibrate`: ``serving_fit`` (the constants of
each family with their spread), ``serving_samples`` (refits on resampled curves, which carry
that spread into any result) and ``serving_validation`` (measured against predicted, each row
by a fit that has not seen its curve). Fitting belongs in `fit`; this module only reads.

>>> from frontier.serving import calibration
>>> 0.5 < calibration.constants("llama-70b").memory < 1
True
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from frontier.data import tables
from frontier.errors import UsageError
from frontier.serving import remembered
from frontier.serving.steps import Constants

STRETCH = 1.5  # beyond the validated range of a count by more than this factor: extrapolated
TRUSTED = 0.3  # median held-out error above which an accelerator and mode is not validated
GROUP = ["family", "hardware", "precision", "speculative", "disaggregated"]
ERRORS = ("interactivity", "throughput_per_gpu")


@remembered.of("serving_fit")
def constants(family: str) -> Constants:
    """Return the fitted constants of a family; UsageError lists the families.

    >>> constants("deepseek-r1").memory < 1  # the share of the datasheet's bandwidth
    True
    """
    rows = tables.read("serving_fit")
    if family not in set(rows["family"]):
        there = ", ".join(dict.fromkeys(rows["family"]))
        raise UsageError(f"no constants were fitted for '{family}': there are {there}")
    rows = rows[rows["family"] == family]
    return Constants(**dict(zip(rows["constant"], rows["value"], strict=True)))


def spread() -> pd.DataFrame:
    """Return the table of constants: family, constant, value, low, high (5 and 95 %), fitted.

    >>> spread().columns.tolist()
    ['family', 'constant', 'value', 'low', 'high', 'fitted']
    """
    return tables.read("serving_fit")


@remembered.of("serving_samples")
def samples(family: str) -> tuple[Constants, ...]:
    """Return refits on resampled curves: draws of the constants as the rows determine them."""
    rows = tables.read("serving_samples")
    rows = rows[rows["family"] == family].drop(columns=["family", "replicate"])
    return tuple(Constants(**row) for row in rows.to_dict("records"))


def held_out() -> pd.DataFrame:
    """Return measured and predicted rows, predicted by fits that had not seen their curve.

    Columns beside those of the table: `interactivity_error` and `throughput_per_gpu_error`,
    the natural logarithm of predicted over measured.
    """
    rows = tables.read("serving_validation")
    errors = {
        f"{name}_error": np.log(rows[f"predicted_{name}"] / rows[f"measured_{name}"])
        for name in ERRORS
    }
    return rows.assign(**errors)


def validation(by: list[str] | None = None) -> pd.DataFrame:
    """Return the held-out error by group: rows, curves, median absolute error and bias.

    Args:
        by: columns of the validation table; by default family, hardware, precision and mode.

    Returns:
        One row a group: `rows`, `curves`, and for interactivity and throughput per GPU
        `..._error` (median of |predicted / measured - 1|), `..._p90` of the same, and
        `..._bias` (median of predicted / measured - 1).

    >>> found = validation(["family"])
    >>> bool((found["interactivity_error"] < 1).all())
    True
    """
    rows = held_out()
    keys = GROUP if by is None else list(by)
    if missing := [name for name in keys if name not in rows]:
        raise UsageError(f"validation has no column {', '.join(missing)}")
    found = []
    for key, group in rows.groupby(keys, sort=True):
        entry = dict(zip(keys, key, strict=True))
        entry |= {"rows": len(group), "curves": group["curve"].nunique()}
        for name in ERRORS:
            relative = np.expm1(group[f"{name}_error"])
            entry[f"{name}_error"] = float(relative.abs().median())
            entry[f"{name}_p90"] = float(relative.abs().quantile(0.9))
            entry[f"{name}_bias"] = float(relative.median())
        found.append(entry)
    return pd.DataFrame(found)


@remembered.of("serving_validation")
def residuals(family: str, hardware: str, precision: str) -> np.ndarray:
    """Return (c, 2) held-out log errors of whole curves, interactivity and throughput.

    Of the accelerator and precision where at least 8 curves of it were measured, else of the
    family: the error that no choice of constants removes.
    """
    rows = held_out()
    rows = rows[(rows["family"] == family) & (rows["hardware"] != "h100")]
    own = rows[(rows["hardware"] == hardware) & (rows["precision"] == precision)]
    chosen = own if own["curve"].nunique() >= 8 else rows
    columns = [f"{name}_error" for name in ERRORS]
    return chosen.groupby("curve")[columns].median().to_numpy()


def extrapolated(kinds: Sequence[tuple], *, isl, osl, gpus, tp, users_per_gpu) -> np.ndarray:
    """Return which of n configurations lie outside what was validated.

    Inside means: this model on this accelerator in this precision and mode was measured, the
    median held-out error there is at most `TRUSTED`, and the rest is within `STRETCH` of the
    measured range.

    Args:
        kinds: n tuples of model, hardware, precision, speculative, disaggregated.
        isl: nominal input length; like all that follow a number or n of them.
        osl: nominal output length.
        gpus: of a decode worker.
        tp: GPUs of an attention share.
        users_per_gpu: concurrency over all GPUs.
    """
    known, codes = _validated(), {}
    code = [codes.setdefault(kind, len(codes)) for kind in kinds]
    shape, nothing = (len(kinds),), np.full(5, np.nan)
    boxes = [
        known.get((model, chip, "fp4" if precision.endswith("fp4") else precision, *mode))
        for model, chip, precision, *mode in codes
    ]
    low, high = np.transpose([box or (nothing, nothing) for box in boxes], (1, 2, 0))
    values = [np.broadcast_to(value, shape) for value in (isl, osl, gpus, tp, users_per_gpu)]
    inside = (values >= low[:, code] / STRETCH) & (values <= high[:, code] * STRETCH)
    return ~inside.all(axis=0)


@remembered.of("accelerators")
def forecast(hardware: str) -> bool:
    """Return whether no row on an accelerator was measured yet."""
    from frontier.data.measurements import load_measurements

    return hardware not in set(load_measurements(columns=["hardware"])["hardware"])


@remembered.of("serving_validation")
def _validated() -> dict:
    """Return the smallest and largest values measured, by model, accelerator and mode."""
    rows = held_out()
    columns = ["isl", "osl", "worker_gpus", "tp", "users_per_gpu"]
    boxes = {}
    for key, group in rows.groupby(GROUP):
        errors = [np.expm1(group[f"{name}_error"]).abs().median() for name in ERRORS]
        if max(errors) <= TRUSTED:
            box = group[columns].to_numpy(float)
            boxes[key] = (box.min(axis=0), box.max(axis=0))
    return boxes
