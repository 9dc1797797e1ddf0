"""The fitted constants, how sure they are, and where the model may be believed.

Four tables, all made by `frontier.serving.fit.calibrate`: ``serving_fit`` (the constants of
each family with their spread), ``serving_samples`` (refits on resampled curves, which carry
that spread into any result), ``serving_validation`` (measured against predicted, each row by a
fit that has not seen its curve) and ``serving_frontiers`` (measured against modelled frontiers
of systems that the fit has not seen). Fitting belongs in `fit`; this module only reads.

>>> from frontier.serving import calibration
>>> 0.5 < calibration.constants("llama-70b").memory < 1
True
"""

from collections.abc import Sequence
from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pandas as pd

from frontier.data import tables
from frontier.data.measurements import SOURCES, load_measurements
from frontier.errors import UsageError
from frontier.serving import remembered
from frontier.serving.steps import Constants

STRETCH = 1.5  # beyond the validated range of a count by more than this factor: extrapolated
TRUSTED = 0.3  # median held-out error above which an accelerator and mode is not validated
GROUP = ["family", "hardware", "precision", "speculative", "disaggregated"]
ERRORS = ("interactivity", "throughput_per_gpu")
LIKE = ["model", "hardware", "precision", "speculative"]
FRONTIERS = ("interactivity", "measured", "modelled", "predicted")
LEAST_SPEEDS = 4  # at which both frontiers are, for a mean of their error


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


def validation() -> pd.DataFrame:
    """Return measured and predicted rows, predicted by fits that had not seen their curve.

    Columns beside those of the table: `interactivity_error` and `throughput_per_gpu_error`,
    the natural logarithm of predicted over measured.
    """
    rows = tables.read("serving_validation")
    found = {
        f"{name}_error": np.log(rows[f"predicted_{name}"] / rows[f"measured_{name}"])
        for name in ERRORS
    }
    return rows.assign(**found)


def errors(by: Sequence[str] | None = None) -> pd.DataFrame:
    """Return the error on held-out curves by group, with the worst miss of each.

    Args:
        by: columns of `validation`; by default family, accelerator, precision and mode.

    Returns:
        One row a group: `rows`, `curves`, and for interactivity and throughput per GPU
        `..._error` (median of |predicted / measured - 1|), `..._p90` of the same, `..._bias`
        (median of predicted / measured - 1), `..._worst` (the largest such, with its sign) and
        `..._worst_row` (the `row_id` of that measured row).

    >>> found = errors(["family"])
    >>> bool((found["interactivity_error"] < 1).all())
    True
    """
    rows = validation()
    keys = GROUP if by is None else list(by)
    if missing := [name for name in keys if name not in rows]:
        raise UsageError(f"the validation has no column {', '.join(missing)}")
    found = []
    for key, group in rows.groupby(keys, sort=True):
        entry = dict(zip(keys, key, strict=True))
        entry |= {"rows": len(group), "curves": group["curve"].nunique()}
        for name in ERRORS:
            missed = np.expm1(group[f"{name}_error"])
            worst = missed.abs().idxmax()
            entry[f"{name}_error"] = float(missed.abs().median())
            entry[f"{name}_p90"] = float(missed.abs().quantile(0.9))
            entry[f"{name}_bias"] = float(missed.median())
            entry[f"{name}_worst"] = float(missed[worst])
            entry[f"{name}_worst_row"] = group.loc[worst, "row_id"]
        found.append(entry)
    return pd.DataFrame(found)


def frontier_errors() -> pd.DataFrame:
    """Return how far modelled frontiers missed measured ones, a row a held-out system.

    Columns: those that name the system, `held_out` (system, accelerator or model: what the fit
    had not seen), `error` (mean over log speed of the log of modelled over measured, where both
    are), `expected` (what `interval` would expect it to be from other systems) and `speeds`.
    """
    return _frontier_errors().copy()


@remembered.of("serving_frontiers")
def _frontier_errors():
    rows = tables.read("serving_frontiers").dropna(subset=["measured", "modelled"])
    rows = rows.assign(error=np.log(rows["modelled"] / rows["measured"]))
    keys = [name for name in rows if name not in (*FRONTIERS, "error")]
    found = rows.groupby(keys, sort=False)["error"].agg(["mean", "size"]).reset_index()
    found = found.rename(columns={"mean": "error", "size": "speeds"})
    found = found[found["speeds"] >= LEAST_SPEEDS].reset_index(drop=True)
    expected = [_expected(found[found["held_out"] == "system"], one) for one in found.itertuples()]
    return found.assign(expected=expected)


def _expected(systems: pd.DataFrame, one) -> float:
    """Return the error that systems held out show for the like of one: not the system itself.

    The mean of those of this accelerator, precision and mode in other traffic, drawn towards
    none by half a system. Where a whole accelerator or model is held out, nothing is expected.
    """
    if one.held_out != "system":
        return 0.0
    like = np.logical_and.reduce([systems[name] == getattr(one, name) for name in LIKE])
    same = (systems["isl"] == one.isl) & (systems["osl"] == one.osl)
    return float(systems.loc[like & ~same, "error"].sum() / ((like & ~same).sum() + 0.5))


@remembered.of("serving_frontiers")
def missed_ratios() -> pd.DataFrame:
    """Return how far modelled ratios of two held-out systems missed measured ones.

    One row a pair of systems in one traffic shape, held out in the same way: `held_out`, `isl`,
    `osl`, `across` (the two serve different models), `new` and `old` (accelerators) and `miss`,
    the log of the modelled over the measured ratio, less what is expected of both
    (`frontier_errors`).
    """
    found = _frontier_errors()
    left, rows = found["error"] - found["expected"], []
    for key, group in found.groupby(["held_out", "isl", "osl"]):
        chips, models = group["hardware"], group["model"]
        for a, b in combinations(group.index, 2):
            rows.append((*key, models[a] != models[b], chips[a], chips[b], left[a] - left[b]))
    columns = ["held_out", "isl", "osl", "across", "new", "old", "miss"]
    return pd.DataFrame(rows, columns=columns)


def interval(new, old, wide: bool, *, level: float = 0.9) -> tuple[float, float]:
    """Return the factors from a modelled ratio of two systems to the ends of its interval.

    Args:
        new: a `System`, the numerator.
        old: a `System`, the denominator.
        wide: one of them is extrapolated: as wide as ratios of models and accelerators missed
            to which nothing was fitted; else as those of systems alone that the fit had not seen.
        level: share of such ratios that the interval holds.
    """
    centre, systems = 0.0, _frontier_errors()
    systems = systems[systems["held_out"] == "system"]
    for system, sign in ((new, -1), (old, 1)):
        one = SimpleNamespace(**vars(system), held_out="model" if wide else "system")
        centre += sign * _expected(systems, one)
    half = half_width(missed_ratios(), wide, new.model != old.model, level)
    return min(1.0, float(np.exp(centre - half))), max(1.0, float(np.exp(centre + half)))


def half_width(missed: pd.DataFrame, wide: bool, across: bool, level: float) -> float:
    """Return the log that a share `level` of missed ratios of such a kind stays within."""
    like = ((missed["held_out"] == "system") != wide) & (missed["across"] == across)
    return float(missed.loc[like, "miss"].abs().quantile(level))


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


def forecast(hardware: str) -> bool:
    """Return whether no row on an accelerator was measured yet."""
    return hardware not in _measured()


@remembered.of(*SOURCES)
def _measured() -> frozenset[str]:
    return frozenset(load_measurements(columns=["hardware"])["hardware"])


@remembered.of("serving_validation")
def _validated() -> dict:
    """Return the smallest and largest values measured, by model, accelerator and mode."""
    rows = validation()
    columns = ["isl", "osl", "worker_gpus", "tp", "users_per_gpu"]
    boxes = {}
    for key, group in rows.groupby(GROUP):
        missed = [np.expm1(group[f"{name}_error"]).abs().median() for name in ERRORS]
        if max(missed) <= TRUSTED:
            box = group[columns].to_numpy(float)
            boxes[key] = (box.min(axis=0), box.max(axis=0))
    return boxes
