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

from frontier import curves
from frontier.data import tables
from frontier.data.measurements import SOURCES, load_measurements
from frontier.errors import UsageError
from frontier.serving import remembered
from frontier.serving.steps import Constants
from frontier.serving.transformers import transformer

STRETCH = 1.5  # beyond the validated range of a count by more than this factor: extrapolated
TRUSTED = 0.3  # median held-out error above which an accelerator and mode is not validated
GROUP = ["family", "hardware", "precision", "speculative", "disaggregated"]
ERRORS = ("interactivity", "throughput_per_gpu")
LIKE = ["model", "hardware", "precision", "speculative"]
HELD = ["held_out", *LIKE, "isl", "osl"]  # what names a held-out system
HELD_OUT = ("system", "accelerator", "model", "architecture")
RACKS = {"gb200", "gb300"}  # NVL72
LEAST_SPEEDS = 4  # at which both frontiers are, for a mean of their error
LEAST_RANGE = np.log(1.5)  # of speeds that two frontiers share, for a mean of their ratio


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
        (median of predicted / measured - 1), `..._worst` (the same of the row that is off by
        the largest factor) and `..._worst_row` (the `row_id` of that measured row).

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
            worst = group[f"{name}_error"].abs().idxmax()
            entry[f"{name}_error"] = float(missed.abs().median())
            entry[f"{name}_p90"] = float(missed.abs().quantile(0.9))
            entry[f"{name}_bias"] = float(missed.median())
            entry[f"{name}_worst"] = float(missed[worst])
            entry[f"{name}_worst_row"] = group.loc[worst, "row_id"]
        found.append(entry)
    return pd.DataFrame(found)


def frontier_errors() -> pd.DataFrame:
    """Return how far modelled frontiers missed measured ones, a row a held-out system.

    Columns: those that name the system, `held_out` (what the fit had not seen, of `HELD_OUT`),
    `error` (mean over log speed of the log of modelled over measured, where both are and the
    measured one is above its floor, `curves.sound_from`), `expected` (what `interval` would expect
    it to be from other systems) and `speeds`.
    """
    return _frontier_errors().copy()


@remembered.of("serving_frontiers")
def _curves() -> list[tuple]:
    """Return (held-out system, log speeds, log errors) of each, above the floor.

    A system has what names it, `HELD`, as attributes.
    """
    rows = tables.read("serving_frontiers").dropna(subset=["measured", "modelled"])
    peak, found = rows.groupby(HELD)["measured"].transform("max"), []
    for key, some in rows[rows["measured"] >= curves.sound_from(peak)].groupby(HELD):
        if len(some) >= LEAST_SPEEDS:
            error = np.log(some["modelled"] / some["measured"]).to_numpy()
            system = SimpleNamespace(**dict(zip(HELD, key, strict=True)))
            found.append((system, np.log(some["interactivity"].to_numpy()), error))
    return found


@remembered.of("serving_frontiers")
def _frontier_errors():
    found = [
        {**vars(system), "error": error.mean(), "speeds": len(error)}
        for system, _, error in _curves()
    ]
    return pd.DataFrame({**one, "expected": _expected(SimpleNamespace(**one))} for one in found)


@remembered.of("serving_frontiers")
def _errors_alike() -> dict:
    """Return (input, output length, error) of the held-out systems of one kind, by `LIKE`."""
    found = {}
    for system, _, error in _curves():
        if system.held_out == "system":
            key = tuple(getattr(system, name) for name in LIKE)
            found.setdefault(key, []).append((system.isl, system.osl, error.mean()))
    return found


def _expected(one) -> float:
    """Return the error that systems held out show for the like of one: not the system itself.

    The mean of those of this accelerator, precision and mode in other traffic, drawn towards
    none by one system. Where a whole accelerator or model is held out, nothing is expected.
    """
    if one.held_out != "system":
        return 0.0
    alike = _errors_alike().get(tuple(getattr(one, name) for name in LIKE), ())
    others = [error for isl, osl, error in alike if (isl, osl) != (one.isl, one.osl)]
    return float(sum(others) / (len(others) + 1))


@remembered.of("serving_frontiers")
def missed_ratios() -> pd.DataFrame:
    """Return how far modelled ratios of two held-out systems missed measured ones.

    One row a pair of systems in one traffic shape, held out in the same way: `held_out`, `isl`,
    `osl`, `across` (the two serve different models), `steady` (see `interval`), `new` and `old`
    (accelerators) and `miss`, the log of the modelled over the measured ratio as a mean over the
    log of the speeds that both have, less what is expected of both (`frontier_errors`).
    """
    expected, rows = _frontier_errors()["expected"], []
    for (a, (first, x, left)), (b, (second, z, right)) in combinations(enumerate(_curves()), 2):
        traffic = first.held_out, first.isl, first.osl
        low, high = max(x[0], z[0]), min(x[-1], z[-1])
        if traffic != (second.held_out, second.isl, second.osl) or high - low < LEAST_RANGE:
            continue
        at = np.linspace(low, high, 48)
        miss = np.mean(np.interp(at, x, left) - np.interp(at, z, right)) - expected[a] + expected[b]
        kind = first.model != second.model, _steady(first, second)
        rows.append((*traffic, *kind, first.hardware, second.hardware, miss))
    columns = ["held_out", "isl", "osl", "across", "steady", "new", "old", "miss"]
    return pd.DataFrame(rows, columns=columns)


def _steady(new, old) -> bool:
    return new.isl > new.osl or bool({new.hardware, old.hardware} <= RACKS)


def interval(new, old, wide: bool, *, level: float = 0.9) -> tuple[float, float]:
    """Return the factors from a modelled ratio of two systems to the ends of its interval.

    It is as wide as ratios of the same kind missed: of one model or of two, and steady or not.
    Steady are those in traffic of prompts longer than answers and those of NVL72 on both sides,
    which missed least (that was seen before it was chosen).

    Args:
        new: a `System`, the numerator.
        old: a `System`, the denominator.
        wide: one of them is extrapolated: as wide as ratios of accelerators missed to which
            nothing was fitted, or where nothing was fitted to one of the models, of such models
            (`unseen`); else as those of systems alone that the fit had not seen.
        level: share of such ratios that the interval holds.
    """
    strange = ["accelerator", *unseen(new.model), *unseen(old.model)]
    held_out = max(strange, key=HELD_OUT.index) if wide else "system"
    above, below = (SimpleNamespace(**vars(system), held_out=held_out) for system in (new, old))
    centre = _expected(below) - _expected(above)
    across = new.model != old.model
    half = half_width(missed_ratios(), held_out, across, _steady(new, old), level)
    return min(1.0, float(np.exp(centre - half))), max(1.0, float(np.exp(centre + half)))


def unseen(model: str) -> tuple[str, ...]:
    """Return what of a model was never fitted: nothing, the model, or its kind of attention too."""
    one = transformer(model)
    if model == one.family:
        return ()
    return ("model",) if one.attention == transformer(one.family).attention else ("architecture",)


def half_width(
    missed: pd.DataFrame, held_out: str, across: bool, steady: bool, level: float
) -> float:
    """Return the log that a share `level` of missed ratios of such a kind stays within.

    Never less than with less held out. Of models held out there are few, so that all are alike.
    """
    widths = []
    for kind in HELD_OUT[: HELD_OUT.index(held_out) + 1]:
        like = missed["held_out"] == kind
        if kind in ("system", "accelerator"):
            like &= (missed["across"] == across) & (missed["steady"] == steady)
        widths.append(missed.loc[like, "miss"].abs().quantile(level))
    return float(max(widths))


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
    return frozenset(load_measurements()["hardware"].unique())


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
