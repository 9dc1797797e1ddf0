"""Modelled comparisons: the ratio of two systems that the calibrated serving model gives.

Where no measured row exists, the serving model answers, and its answer is called what it is. A
modelled comparison has the shape, basis and target of a measured one (`claims.comparisons`), but
its interval carries the spread of the fitted constants and the error on held-out curves, and its
points say whether they lie outside what was validated. The model itself is in `frontier.serving`.

>>> from frontier import claims
>>> from frontier.claims import modelled
>>> test = claims.claim("dense-gain-25x").test
>>> found = modelled.examine(modelled.build(test)[0], test.target)  # doctest: +SKIP
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from frontier import curves, serving
from frontier.claims import attribution, splits
from frontier.claims.attribution import Lattice
from frontier.claims.comparisons import LEAST_SHARE, Basis, Target, runs
from frontier.claims.splits import States
from frontier.data import hardware
from frontier.data.words import number, span
from frontier.errors import UsageError
from frontier.serving import calibration
from frontier.serving.transformers import transformer

RACKS = ("gb200", "gb300")  # what is no node of eight
DRAWS = 200  # they share 40 refits of the constants, so more draws cost little
GRID = 48
LEVEL = 0.9


@dataclass(frozen=True, repr=False)
class Modelled:
    """One modelled system over another, in one traffic shape and on one basis."""

    name: str
    shape: str
    basis: Basis
    numerator: serving.System
    denominator: serving.System

    def __repr__(self):
        return (
            f"<Modelled: {self.label}; {self.basis.unit}, {self.numerator} over {self.denominator}>"
        )

    @property
    def label(self) -> str:
        """The comparison in words, with its shape."""
        return f"{self.name}, {self.shape}"

    @property
    def factor(self) -> float:
        """What a ratio per GPU is multiplied by: the ratio of power, per MW."""
        if self.basis.per != "MW":
            return 1.0
        below, above = (
            hardware.power_kw(system.hardware, self.basis.power_edition)
            for system in (self.denominator, self.numerator)
        )
        return below / above

    @property
    def floor(self) -> float | None:
        """The floor of the denominator in the metric of the basis: it is stated in total tok/s."""
        if not self.basis.floor:
            return None
        side = self.denominator
        return self.basis.floor * self.basis.counted(side.isl, side.osl)

    @cached_property
    def fronts(self) -> tuple[curves.Frontier, curves.Frontier]:
        """The modelled frontiers of both sides, in the metric of the basis, per GPU."""
        return tuple(front(system, self.basis) for system in (self.numerator, self.denominator))

    @cached_property
    def line(self) -> pd.DataFrame:
        """The ratio over the shared interactivity: `interactivity`, `ratio`, `low`, `high`.

        `extrapolated` marks points where either side is outside what was validated. Points at
        which one frontier ends in some draws, so that the interval is open, are left out.
        """
        shared = curves.shared_range(*self.fronts, floor=self.floor)
        if shared is None or shared[0] == shared[1]:
            return pd.DataFrame(columns=["interactivity", "ratio", "low", "high", "extrapolated"])
        grid = np.geomspace(*shared, GRID)
        found = serving.ratio_interval(
            self.numerator,
            self.denominator,
            grid,
            draws=DRAWS,
            level=LEVEL,
            output_tokens=_output(self.basis),
        )
        found[["ratio", "low", "high"]] *= self.factor
        closed = np.isfinite(found["high"]) & (found["low"] > 0) & found["ratio"].notna()
        return found[closed].reset_index(drop=True)


@dataclass(frozen=True, repr=False)
class ModelledFinding:
    """What the model says of a comparison.

    `headline` is the mean ratio over log interactivity, `low` and `high` the means of the pointwise
    bounds (wider than the bounds of the mean). `met` is the longest stretch, in tok/s/user, on
    which ratio and interval meet the claim, `met_by_ratio` that on which the ratio alone does.
    `reached_at` is the first interactivity at which the ratio meets the claim whatever the floor
    (NaN: nowhere). `extrapolated` is the share of the range outside what was validated.
    """

    comparison: Modelled
    headline: float
    low: float
    high: float
    range: tuple[float, float]
    met: tuple[float, float] | None
    met_by_ratio: tuple[float, float] | None
    largest: float
    largest_at: float
    reached_at: float
    extrapolated: float

    def __repr__(self):
        if not self.answers:
            return f"<ModelledFinding: {self.comparison.label}; no ratio above the floor>"
        return (
            f"<ModelledFinding: {self.comparison.label}; modelled {number(self.headline)} "
            f"({span(self.low, self.high, '')}), mean over {span(*self.range, '')} tok/s/user>"
        )

    @property
    def answers(self) -> bool:
        """Whether the two frontiers share something above the floor, so that there is a ratio."""
        return bool(np.isfinite(self.headline))


def build(test, /, *, variants: bool = False) -> list[Modelled]:
    """Return the modelled comparisons of a claim's test (or their variants), by shape."""
    return [
        one(test.basis, specification, shape)
        for specification in (test.modelled_variants if variants else test.modelled)
        for shape in test.shapes
    ]


def one(basis: Basis, specification: dict, shape: str, /) -> Modelled:
    """Return one modelled comparison: a name, and `numerator` and `denominator` as of a System."""
    keys = ("name", "numerator", "denominator")
    if missing := [key for key in keys if key not in specification]:
        raise UsageError(f"{specification} is no modelled comparison: it has no {missing[0]}")
    sides = [system(specification[side], shape) for side in keys[1:]]
    return Modelled(specification["name"], shape, basis, *sides)


def system(specification: dict, shape: str, /) -> serving.System:
    """Return the system of a specification at a shape such as ``8192/1024``."""
    isl, osl = map(int, shape.split("/"))
    try:
        return serving.System(isl=isl, osl=osl, **specification)
    except TypeError as error:
        raise UsageError(f"{specification} is no system: {error}") from None


def front(system: serving.System, basis: Basis, /, constants=None) -> curves.Frontier:
    """Return the modelled frontier of a system in the metric of a basis, per GPU.

    With `constants` instead of the fitted ones.
    """
    options = {
        key: value
        for key, value in vars(system).items()
        if key not in ("model", "hardware", "precision")
    }
    return serving.sweep(
        system.model,
        system.hardware,
        system.precision,
        output_tokens=_output(basis),
        constants=constants,
        **options,
    )


def examine(comparison: Modelled, target: Target, /) -> ModelledFinding:
    """Return what the model says of a comparison for a claim.

    Where the two frontiers share nothing above the floor, all numbers are NaN but `reached_at`.
    """
    line, reached = comparison.line, _reached(comparison, target)
    if len(line) < 2:
        nothing = [np.nan] * 3
        return ModelledFinding(
            comparison, *nothing, (np.nan, np.nan), None, None, np.nan, np.nan, reached, np.nan
        )
    x = line["interactivity"].to_numpy()
    ratio, low, high = (line[name].to_numpy() for name in ("ratio", "low", "high"))
    least, most = target.bounds
    by_ratio = (ratio >= least) & (ratio <= most)
    best = int(ratio.argmax())
    return ModelledFinding(
        comparison,
        *(_mean(x, values) for values in (ratio, low, high)),
        range=(float(x[0]), float(x[-1])),
        met=_longest(x, by_ratio & (low >= least) & (high <= most)),
        met_by_ratio=_longest(x, by_ratio),
        largest=float(ratio[best]),
        largest_at=float(x[best]),
        reached_at=reached,
        extrapolated=float(line["extrapolated"].mean()),
    )


def steps(basis: Basis, named: dict[str, serving.System], at: Sequence[float], /) -> pd.DataFrame:
    """Return what each step from a baseline to the full system is worth, one after another.

    `named` maps a step's name to the system after it, the baseline first. Columns: `step`,
    `interactivity`, `ratio` (over the step before), `total` (over the baseline), per GPU, or per MW
    for a basis that is. Missing where a frontier has ended.
    """
    fronts = {name: front(one, basis) for name, one in named.items()}
    names, rows = list(named), []
    for point in at:
        values = []
        for name, one in named.items():
            kilowatts = (
                hardware.power_kw(one.hardware, basis.power_edition) if basis.per == "MW" else 1.0
            )
            values.append(float(fronts[name].at(point)) / kilowatts)
        for i, name in enumerate(names[1:], start=1):
            rows.append(
                {
                    "step": name,
                    "interactivity": point,
                    "ratio": values[i] / values[i - 1],
                    "total": values[i] / values[0],
                }
            )
    return pd.DataFrame(rows)


def table(findings: Sequence[ModelledFinding], /) -> pd.DataFrame:
    """Return findings as a frame, one row a comparison."""
    rows = []
    for f in findings:
        met, by_ratio = (span or (np.nan, np.nan) for span in (f.met, f.met_by_ratio))
        rows.append(
            {
                "comparison": f.comparison.name,
                "shape": f.comparison.shape,
                "unit": f.comparison.basis.unit,
                "headline": f.headline,
                "low": f.low,
                "high": f.high,
                "from_tok_s_user": f.range[0],
                "to_tok_s_user": f.range[1],
                "largest": f.largest,
                "largest_at": f.largest_at,
                "met_from": met[0],
                "met_to": met[1],
                "ratio_met_from": by_ratio[0],
                "ratio_met_to": by_ratio[1],
                "reached_at": f.reached_at,
                "extrapolated": f.extrapolated,
            }
        )
    return pd.DataFrame(rows)


def lines(compared: Sequence[Modelled], /) -> pd.DataFrame:
    """Return the modelled ratio over interactivity of several comparisons as one long frame."""
    return pd.concat(
        [c.line.assign(comparison=c.name, shape=c.shape) for c in compared], ignore_index=True
    )


@dataclass(frozen=True, eq=False, repr=False)
class ModelledGains:
    """What the model says of the cells of a split gain, as `splits.States` has it of measured rows.

    `values` are the mean log gains of the lattice's cells over the start, `drawn` the same for
    refits of the constants, (cells, draws). `extrapolated` is the share of the end's configurations
    in `range` that lie outside what was validated.
    """

    lattice: Lattice
    values: np.ndarray
    drawn: np.ndarray
    range: tuple[float, float]
    extrapolated: float

    def __repr__(self):
        whole = number(float(np.exp(self.values[-1])))
        over = f"over {span(*self.range, '')} tok/s/user"
        return f"<ModelledGains: {self.lattice}; modelled {whole}x in all, {over}>"

    def share(self, group: Sequence[str], /) -> tuple[float, float, float]:
        """Return the share of some changes in the log gain, with what 90 % of refits give."""
        known = [name for name in group if name in self.lattice.factors]
        drawn = attribution.share(self.lattice, self.drawn, known)
        ends = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return float(attribution.share(self.lattice, self.values, known)), *map(float, ends)

    def orders(self, group: Sequence[str], /) -> tuple[float, float]:
        """Return the least and the largest such share over the orders of the changes."""
        known = [name for name in group if name in self.lattice.factors]
        return tuple(float(e) for e in attribution.share_band(self.lattice, self.values, known))


def gains(states: States, /, *, draws: int = 20) -> ModelledGains:
    """Return what the model says of a measured split gain.

    Every cell that the model can run is there (FP4 on Hopper is none); updates of the engine are
    no part of it. UsageError where the cells share no interactivity.
    """
    factors = [factor for factor in states.factors if not factor.until]
    systems = _systems(states, factors)
    lattice = Lattice([factor.name for factor in factors], list(systems))

    def means(constants=None):
        fronts = [front(systems[cell], Basis(), constants) for cell in lattice.cells]
        low = max(front.low for front in fronts)
        high = min(front.high for front in fronts)
        if low >= high:
            raise UsageError(f"{states.name}: the modelled cells share no interactivity")
        return np.array(
            [np.log(curves.geometric_mean(one, fronts[0], low=low, high=high)) for one in fronts]
        ), (low, high)

    values, shared = means()
    pool = calibration.samples(transformer(states.start["model"]).family)[:draws]
    drawn = np.stack([means(constants)[0] for constants in pool], axis=1)
    told = serving.front(systems[lattice.cells[-1]])
    inside = told["interactivity"].between(*shared)
    outside = float(told.loc[inside, "extrapolated"].mean())
    return ModelledGains(lattice, values, drawn, shared, outside)


def _systems(states, factors):
    """Return the system of every cell that the model can run."""
    start, shape = states.start, states.shape
    found = {}
    for cell in splits.every(factors):
        chosen = dict(start)
        for factor in factors:
            if factor.name in cell:
                chosen.update(factor.change)
        whole = not chosen.get("disaggregated")
        options = {**chosen, "single_node": whole and chosen["hardware"] not in RACKS}
        try:
            one = system(options, shape)
            serving.front(one)
        except UsageError:
            continue
        found[cell] = one
    return found


def _output(basis):
    return basis.metric.startswith("output")


def _reached(comparison, target):
    """Return the first interactivity at which the ratio meets a claim, floor or not; NaN: none."""
    shared = curves.shared_range(*comparison.fronts)
    if shared is None:
        return np.nan
    grid = np.geomspace(*shared, 400)
    ratio = curves.ratio(*comparison.fronts, grid) * comparison.factor
    least, most = target.bounds
    met = grid[(ratio >= least) & (ratio <= most)]
    return float(met[0]) if len(met) else np.nan


def _mean(x, values):
    """Return the geometric mean over log x, by trapezoids: the grid is fine and the curve a sum."""
    return float(np.exp(np.trapezoid(np.log(values), np.log(x)) / np.log(x[-1] / x[0])))


def _longest(x, fine):
    """Return the ends of the longest run of the grid, at least a tenth of it, or None."""
    found = [(x[start], x[stop]) for start, stop in runs(fine)]
    longest = max(found, key=lambda run: run[1] / run[0], default=None)
    if longest is None or np.log(longest[1] / longest[0]) < LEAST_SHARE * np.log(x[-1] / x[0]):
        return None
    return float(longest[0]), float(longest[1])
