"""Fitting the constants to measured rows, and measuring what the fit is worth.

A family is a model with enough measured rows. Its constants minimise a robust (soft L1) sum
of squared log errors of interactivity and throughput. A curve is all concurrencies of one
configuration; whole curves are held out, never points of one, because points of a curve share
their software and their luck. This is the only module that needs SciPy.

    python -m frontier.serving.fit [FOLDER]

writes the tables ``serving_fit``, ``serving_samples`` and ``serving_validation`` again, in a
few minutes.
"""

import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from frontier.data import tables
from frontier.data.measurements import CONFIGURATION, load_measurements
from frontier.serving import configurations
from frontier.serving.steps import Constants

FOLDS, REPEATS, REPLICATES = 5, 4, 40
SCALE = 0.1  # log errors beyond it weigh less: they are other software, not noise
CURVE = [name for name in CONFIGURATION if name != "source"]
SHARES = ("memory", "compute", "link", "acceptance")
NVIDIA = ("h100", "h200", "b200", "b300", "gb200", "gb300")


@dataclass(frozen=True)
class Family:
    """What is fitted to which rows: a starting point, and the constants that vary."""

    name: str
    start: Constants
    fitted: tuple[str, ...]
    source: str
    citation: str = ""  # part of the rows' citation, where not all rows of the source


FAMILIES = (
    Family(
        "deepseek-r1",
        Constants(0.7, 0.5, 5e-5, 1e-5, 0.3, acceptance=0.6),
        ("memory", "compute", "layer_s", "peer_s", "link", "acceptance"),
        "inferencex_captures",
        # The answer that gives the newest state of every configuration, not the history.
        "vngcloud/InferenceX-app/blob/7fe6d62ad57a3df061be692e86578c7111d880c7/packages/app/"
        "cypress/fixtures/api/benchmarks.json",
    ),
    Family(
        "gpt-oss-120b",
        Constants(0.8, 0.4, 6e-5, 5e-6, 0.3, conversion_s=4e-5),
        ("memory", "compute", "layer_s", "peer_s", "link", "conversion_s"),
        "aiconfigurator_silicon",
    ),
    Family(
        "llama-70b",
        Constants(0.85, 0.5, 6e-5, 0.0, 0.4, sequence_s=2e-5, conversion_s=1e-5),
        ("memory", "compute", "layer_s", "link", "sequence_s", "conversion_s"),
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
    no share passes one.
    """
    from scipy.optimize import least_squares

    start = start or family.start
    inputs = configurations.prepare(rows)
    measured = np.log(rows[["interactivity", "throughput_per_gpu"]].to_numpy())

    def errors(point):
        found = configurations.evaluate(inputs, _decoded(family, start, point))
        return np.concatenate(
            [
                np.log(found[name]) - measured[:, at]
                for at, name in enumerate(("interactivity", "throughput_per_gpu"))
            ]
        )

    point = _encoded(family, start)
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
            logs[repeat, out, 0] = np.log(values["interactivity"])
            logs[repeat, out, 1] = np.log(values["throughput_per_gpu"])
    middle = np.exp(np.median(logs, axis=0))
    return rows.assign(
        predicted_interactivity=middle[:, 0], predicted_throughput_per_gpu=middle[:, 1], curve=codes
    )


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


def calibrate(
    folder: Path | None = None, *, repeats: int = REPEATS, replicates: int = REPLICATES
) -> None:
    """Fit every family and write the three tables with their sidecars (to the data folder)."""
    fits, draws, checked = [], [], []
    for family in FAMILIES:
        rows = rows_of(family)
        best, spread = fit(rows, family), resampled(rows, family, replicates=replicates)
        fits += _fit_rows(family, best, spread)
        draws += [
            {"family": family.name, "replicate": at, **asdict(one)} for at, one in enumerate(spread)
        ]
        checked.append(_validation_rows(held_out(rows, family, repeats=repeats), family))
    from frontier.serving import sidecars

    tables.write("serving_fit", pd.DataFrame(fits), sidecars.FIT, folder)
    tables.write("serving_samples", pd.DataFrame(draws), sidecars.SAMPLES, folder)
    whole = pd.concat(checked, ignore_index=True)
    tables.write("serving_validation", whole, sidecars.VALIDATION, folder)


def _encoded(family, start):
    """Return the point of a search without bounds: logits of shares, logs of seconds."""
    values = np.array([getattr(start, name) for name in family.fitted])
    share = np.isin(family.fitted, SHARES)
    return np.log(values) - np.log1p(np.where(share, -values, 0))


def _decoded(family, start, point):
    values = {
        name: float(1 / (1 + np.exp(-x)) if name in SHARES else np.exp(x))
        for name, x in zip(family.fitted, point, strict=True)
    }
    return replace(start, **values)


def _fit_rows(family, best, spread):
    for name, value in asdict(best).items():
        drawn = np.array([getattr(one, name) for one in spread])
        low, high = np.quantile(drawn, [0.05, 0.95])
        fitted = name in family.fitted
        yield {
            "family": family.name,
            "constant": name,
            "value": float(f"{value:.6g}"),
            "low": float(f"{low:.6g}"),
            "high": float(f"{high:.6g}"),
            "fitted": fitted,
        }


def _validation_rows(rows, family):
    decode, _, _ = configurations.layouts(rows)
    keep = ["hardware", "framework", "precision", "speculative", "disaggregated", "isl", "osl"]
    found = rows[[*keep, "gpus", "concurrency", "curve", "source", "row_id"]].assign(
        family=family.name,
        worker_gpus=decode.gpus.astype(int),
        tp=decode.tp.astype(int),
        users_per_gpu=rows["concurrency"] / rows["gpus"],
    )
    for name in ("interactivity", "throughput_per_gpu"):
        found[f"measured_{name}"] = rows[name]
        found[f"predicted_{name}"] = rows[f"predicted_{name}"].map(lambda v: float(f"{v:.6g}"))
    return found


if __name__ == "__main__":
    calibrate(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
