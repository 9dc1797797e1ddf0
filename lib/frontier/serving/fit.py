"""Fitting the constants to measured rows, and measuring what the fit is worth.

A family is a model with enough measured rows. Its constants minimise a robust (soft L1) sum
of squared log errors of interactivity and throughput. A curve is all concurrencies of one
configuration; whole curves are held out, never points of one, because points of a curve share
their software and their luck. This is the only module that needs SciPy.

    python -m frontier.serving.fit [FOLDER]

writes the tables ``serving_fit``, ``serving_samples``, ``serving_validation`` and
``serving_frontiers`` again, in about three minutes.
"""

import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from frontier.curves import Frontier
from frontier.data import tables
from frontier.data.measurements import CONFIGURATION, load_measurements
from frontier.errors import UsageError
from frontier.serving import calibration, configurations, transformers
from frontier.serving.calibration import ERRORS
from frontier.serving.frontiers import BATCHES, System, front
from frontier.serving.steps import SHARES, Constants
from frontier.serving.transformers import transformer

FOLDS, REPEATS, REPLICATES = 5, 4, 40
SCALE = 0.1  # log errors beyond it weigh less: they are other software, not noise
PRIOR = 0.01  # weight of the start: a constant that no row determines stays there
CURVE = [name for name in CONFIGURATION if name != "source"]
NVIDIA = ("h100", "h200", "b200", "b300", "gb200", "gb300")
RACKS = ("gb200", "gb300")  # what is no node of eight
SPEEDS = 24  # at which frontiers are compared
SYSTEM = ["model", "hardware", "precision", "speculative", "isl", "osl"]
# Of a measured frontier to compare with: its points, the configurations they are of, and the
# ways to spread the model over GPUs that were run at all: a search compares many.
LEAST_POINTS, LEAST_CURVES, LEAST_LAYOUTS = 6, 2, 3
LAYOUT = ["gpus", "tp", "ep", "dp_attention", "disaggregated", "prefill"]
# Undated rows that are medians over all runs of these days: their software is of the middle.
MEDIANS = "inferencex_medians_2026_07"
MEDIANS_DAYS = ("2025-09-29", "2026-07-19")


@dataclass(frozen=True)
class Family:
    """What is fitted to which rows: a starting point, and the constants that vary."""

    name: str
    start: Constants
    fitted: tuple[str, ...]
    source: str
    citation: str = ""  # part of the rows' citation, where not all rows of the source


# What is not fitted: `compute` is what FlashMLA reaches of an H800 (660 of 989 TFLOPS, its
# README); `link`, `peer_s` are near what the first edition fitted to the same rows.
FAMILIES = (
    Family(
        "deepseek-r1",
        Constants(memory=0.75, prefill=0.4, layer_s=5e-5, conversion_s=2e-5, progress=0.05),
        ("memory", "prefill", "layer_s", "conversion_s", "exchange_s", "progress"),
        "inferencex_captures",
        # The answer that gives the newest state of every configuration, not the history.
        "vngcloud/InferenceX-app/blob/7fe6d62ad57a3df061be692e86578c7111d880c7/packages/app/"
        "cypress/fixtures/api/benchmarks.json",
    ),
    Family(
        "gpt-oss-120b",
        Constants(memory=0.9, compute=0.3, conversion_s=4e-5, peer_s=2e-6, progress=0.05),
        ("compute", "prefill", "layer_s", "conversion_s", "link", "progress"),
        "aiconfigurator_silicon",
    ),
    Family(
        "llama-70b",
        Constants(link=0.5, peer_s=0.0, conversion_s=1e-5, sequence_s=2e-5, engine=1.3),
        ("memory", "prefill", "layer_s", "conversion_s", "sequence_s", "engine"),
        "aiconfigurator_silicon",
    ),
)


def rows_of(family: Family) -> pd.DataFrame:
    """Return the measured rows that a family is fitted to: NVIDIA, layout known."""
    rows = load_measurements()
    rows = rows[(rows["model"] == family.name) & (rows["source"] == family.source)]
    rows = rows[rows["hardware"].isin(NVIDIA) & rows["citation"].str.contains(family.citation)]
    return rows.reset_index(drop=True)


def curves(rows: pd.DataFrame) -> np.ndarray:
    """Return the number of each row's curve."""
    return rows.groupby(CURVE, dropna=False, sort=False).ngroup().to_numpy()


def fit(rows: pd.DataFrame, family: Family, start: Constants | None = None) -> Constants:
    """Return the constants that fit the rows best, from a start (the family's by default).

    Seconds vary on a log scale and shares on a logit scale, so that seconds stay positive and
    no share passes one. What the rows say nothing of stays at the family's start, wherever the
    search begins: `start` is where it does.
    """
    from scipy.optimize import least_squares

    start = start or family.start
    inputs = configurations.prepare(rows)
    measured = np.log(rows[list(ERRORS)].to_numpy()).T

    def errors(point):
        found = configurations.evaluate(inputs, _decoded(family, start, point))
        missed = np.log([found[name] for name in ERRORS]) - measured
        return np.append(missed, PRIOR * (point - usual))

    usual, point = (_encoded(family, one) for one in (family.start, start))
    solved = least_squares(errors, point, loss="soft_l1", f_scale=SCALE, diff_step=1e-4, xtol=1e-5)
    return _decoded(family, start, solved.x)


def held_out(rows: pd.DataFrame, family: Family, *, repeats: int = REPEATS) -> pd.DataFrame:
    """Return predictions of every row by fits without its curve, the median over repeats."""
    codes, whole = curves(rows), fit(rows, family)
    logs = np.zeros((repeats, len(rows), 2))
    for repeat in range(repeats):
        order = np.random.default_rng(repeat).permutation(codes.max() + 1)
        for fold in range(FOLDS):
            out = np.isin(codes, order[fold::FOLDS])
            found = fit(rows[~out], family, whole)
            values = configurations.evaluate(configurations.prepare(rows[out]), found)
            logs[repeat, out] = np.log(np.column_stack([values[name] for name in ERRORS]))
    middle = np.exp(np.median(logs, axis=0)).T
    predicted = {f"predicted_{name}": one for name, one in zip(ERRORS, middle, strict=True)}
    return rows.assign(**predicted, curve=codes)


def resampled(
    rows: pd.DataFrame, family: Family, *, replicates: int = REPLICATES
) -> list[Constants]:
    """Return fits to curves drawn with replacement: the spread of the constants."""
    codes, whole = curves(rows), fit(rows, family)
    members = [np.flatnonzero(codes == code) for code in range(codes.max() + 1)]
    found = []
    for replicate in range(replicates):
        drawn = np.random.default_rng(replicate).integers(len(members), size=len(members))
        taken = np.concatenate([members[one] for one in drawn])
        found.append(fit(rows.iloc[taken], family, whole))
    return found


def held_out_frontiers(rows: pd.DataFrame, fits: dict) -> pd.DataFrame:
    """Return measured frontiers beside those modelled by fits that had not seen the system.

    A system is a model on an accelerator in one precision and traffic shape, with or without
    drafts; eight GPUs are one node without disaggregation. The search has the loads that were run,
    and software as old as the rows on the measured frontier (their median): medians over many days
    are of the middle of these, other undated rows the newest.

    Args:
        rows: measured rows of models that the model can serve.
        fits: family to (its rows, constants fitted to all of them), as `calibrate` has them.

    Returns:
        One row a system, `held_out` and interactivity that its measured frontier spans: the
        columns `SYSTEM`, `held_out` (system: the fit lacks the accelerator's rows of that
        precision and mode; accelerator: it lacks them all; model: nothing was fitted to the
        model; architecture: nor to its kind of attention), `interactivity`, and in tok/s/GPU of
        input and output tokens `measured` (through the points of the frontier, the log of
        throughput linear in speed), `modelled` (the best that a search finds), `extrapolated`
        (whether what it finds is outside what was validated) and `predicted` (the same as
        measured, of predictions of the measured rows); NaN past an end.
    """
    refits, found = {}, []
    middle = pd.Timestamp(MEDIANS_DAYS[0]) + np.diff(pd.to_datetime(MEDIANS_DAYS))[0] / 2
    rows = rows.assign(date=rows["date"].mask(rows["source"] == MEDIANS, middle))
    node = (rows["gpus"] <= 8) & ~rows["disaggregated"]
    rows = rows[node | rows["hardware"].isin(RACKS)]
    for key, group in rows.groupby([name for name in SYSTEM if name != "speculative"]):
        model, hardware, precision, isl, osl = key
        for drafts in (False, True):
            own = group[group["speculative"] <= drafts]
            if own.empty or (drafts and not own["speculative"].any()):
                continue
            measured = Frontier.from_points(own)
            enough = len(measured) >= LEAST_POINTS and len(measured.curves) >= LEAST_CURVES
            if not enough or len(own[LAYOUT].drop_duplicates()) < LEAST_LAYOUTS:
                continue
            speeds = np.geomspace(measured.low, measured.high, SPEEDS)
            dates = own.loc[list(measured.rows), "date"]
            age = (configurations.NEWEST - dates).dt.days.clip(lower=0).fillna(0).median()
            system = System(
                *key,
                speculative=drafts,
                single_node=hardware not in RACKS,
                age_months=age / configurations.MONTH,
            )
            loads = BATCHES[own["concurrency"].max() >= BATCHES]
            family = transformer(model).family
            for kind in calibration.unseen(model) or ("system", "accelerator"):
                constants = _without(refits, fits, family, kind, hardware, precision, drafts)
                try:
                    best = front(system, constants=constants, batches=loads)
                except UsageError:
                    continue
                place = np.searchsorted(best["interactivity"], speeds)
                said = configurations.predict(own, constants=constants).dropna(
                    subset=["throughput_per_gpu"]
                )
                found.append(
                    pd.DataFrame(
                        {
                            **dict(zip(SYSTEM, (*key[:3], drafts, isl, osl), strict=True)),
                            "held_out": kind,
                            "interactivity": speeds,
                            "measured": _through(measured, speeds),
                            "modelled": np.append(best["throughput_per_gpu"], np.nan)[place],
                            "extrapolated": np.append(best["extrapolated"], True)[place],
                            "predicted": _through(Frontier.from_points(said), speeds),
                        }
                    )
                )
    return pd.concat(found, ignore_index=True)


def _through(points, speeds):
    """Return throughput through the points of a frontier, its log linear in speed."""
    logs = np.interp(speeds, points.interactivity, np.log(points.throughput), right=np.nan)
    return np.exp(logs)


def _without(refits, fits, family, kind, hardware, precision, drafts):
    """Return the constants of a family fitted without a system, remembered in `refits`."""
    rows, whole = fits[family]
    if kind not in ("system", "accelerator"):
        return whole
    key = (family, kind, hardware) + ((precision, drafts) if kind == "system" else ())
    if key not in refits:
        out = rows["hardware"] == hardware
        if kind == "system":
            out &= (rows["precision"] == precision) & (rows["speculative"] == drafts)
        one = next(one for one in FAMILIES if one.name == family)
        refits[key] = fit(rows[~out], one, whole) if out.any() else whole
    return refits[key]


def calibrate(
    folder: Path | None = None, *, repeats: int = REPEATS, replicates: int = REPLICATES
) -> None:
    """Fit every family and write the four tables (to the data folder by default)."""
    spreads, draws, checked, fits = [], [], [], {}
    for family in FAMILIES:
        rows = rows_of(family)
        best, spread = fit(rows, family), resampled(rows, family, replicates=replicates)
        fits[family.name] = rows, best
        spreads += _fit_rows(family, best, spread)
        draws += [
            {"family": family.name, "replicate": at, **asdict(one)} for at, one in enumerate(spread)
        ]
        checked.append(_validation_rows(held_out(rows, family, repeats=repeats), family))
    measured = load_measurements()
    served = measured["hardware"].isin(NVIDIA) & measured["model"].isin(transformers.names())
    made = {
        "serving_fit": pd.DataFrame(spreads),
        "serving_samples": pd.DataFrame(draws),
        "serving_validation": pd.concat(checked, ignore_index=True),
        "serving_frontiers": held_out_frontiers(measured[served], fits),
    }
    for name, frame in made.items():
        tables.write(name, frame.map(_rounded), tables.meta(name), folder)


def _rounded(value):
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _encoded(family, start):
    """Return the point of a search without bounds: logits of shares, logs of seconds."""
    values = np.array([getattr(start, name) for name in family.fitted])
    share = np.isin(family.fitted, SHARES)
    return np.log(values) - np.log1p(np.where(share, -values, 0))


def _decoded(family, start, point):
    values = {
        name: float(1 / (1 + np.exp(-x)) if name in SHARES else np.exp(np.clip(x, -30, 3)))
        for name, x in zip(family.fitted, point, strict=True)
    }
    return replace(start, **values)


def _fit_rows(family, best, spread):
    for name, value in asdict(best).items():
        drawn = np.array([getattr(one, name) for one in spread])
        low, high = np.quantile(drawn, [0.05, 0.95])
        told = {"family": family.name, "constant": name, "value": value}
        yield {**told, "low": low, "high": high, "fitted": name in family.fitted}


def _validation_rows(rows, family):
    decode, _, _ = configurations.layouts(rows)
    keep = ["hardware", "framework", "precision", "speculative", "disaggregated", "isl", "osl"]
    found = rows[[*keep, "gpus", "concurrency", "curve", "source", "row_id"]].assign(
        family=family.name,
        worker_gpus=decode.gpus.astype(int),
        tp=decode.tp.astype(int),
        users_per_gpu=rows["concurrency"] / rows["gpus"],
    )
    for name in ERRORS:
        found[f"measured_{name}"] = rows[name]
        found[f"predicted_{name}"] = rows[f"predicted_{name}"]
    return found


if __name__ == "__main__":
    calibrate(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
