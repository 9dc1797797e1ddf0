"""Comparisons: two frontiers under named conditions, and what is found of their ratio.

A comparison has a numerator and a denominator, both selections of the measured rows, one traffic
shape, one metric and, per megawatt, one power edition. What is found of it is a headline (the mean
of the log ratio over d log(interactivity), on the range that both curves have), with an interval
for run noise, the stretch on which a claimed ratio is met, and the outcome for the claim.

Which comparisons a claim is tested by is fixed in the ledger (`frontier.claims`); how two curves
are compared is in `frontier.curves`.

>>> from frontier import claims
>>> from frontier.claims import comparisons
>>> from frontier.data import measurements
>>> rows = measurements.load_measurements()
>>> test = claims.claim("blackwell-advantage-40x").test
>>> first = comparisons.build(test, rows)[0]
>>> finding = comparisons.examine(first, test.target, sigma=0.02)
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import ClassVar

import numpy as np
import pandas as pd

from frontier import curves
from frontier.data import hardware, measurements
from frontier.data.words import number, plain, quantity, span, verdict_words
from frontier.errors import UsageError, among
from frontier.history import shifts

# A drop is met within this factor either way; a gain is met from below only.
TWO_SIDED = 1.25
# A claim is met conditionally on a stretch of at least this share of the shared log range ...
LEAST_SHARE = 0.1
# ... with at least this many measured points of each curve inside.
LEAST_POINTS = 3
# Replicates for a sensitivity, which asks for an outcome and publishes no interval.
QUICK = 200
# Where the ratio is quoted beside the headline, in tok/s/user.
POINTS = (30, 50, 75, 100, 150)

# What a selection of rows may name: the columns, and the further conditions of `select`.
CONDITIONS = frozenset({*measurements.COLUMNS, "shape", "single_node", "as_of", "ttft_limit"})

# The software of a baseline, as a report's parameter names it.
BASELINES = {
    "one node without speculation": {"single_node": True, "speculative": False},
    "one node": {"single_node": True},
    "everything": {},
}

REPRODUCED, CONDITIONAL, NOT_REPRODUCED = (
    "reproduced",
    "reproduced-conditionally",
    "not-reproduced",
)
UNTESTED = "untested"


@dataclass(frozen=True)
class Target:
    """What a claim claims: `form` is gain (at least), drop (within 1.25x) or level (reached).

    Where no number is claimed, `named` is False and `value` is what the ledger counts as met.
    """

    value: float
    form: str
    named: bool = True

    @property
    def text(self) -> str:
        """The value with what it is, as figures name it."""
        return f"{'claimed' if self.named else 'counts from'} {number(self.value)}x"

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the largest value that meets the claim."""
        if self.form == "drop":
            return self.value / TWO_SIDED, self.value * TWO_SIDED
        return self.value, np.inf

    def met(self, *values: float) -> bool:
        """Whether all values, such as a ratio and its interval, meet the claim; a NaN does not."""
        least, most = self.bounds
        return all(bool(least <= value <= most) for value in values)


@dataclass(frozen=True)
class Basis:
    """What is compared: a column of the measurements per GPU, or per MW in a power edition.

    `floor` is the denominator's least throughput, in input + output tok/s per GPU whatever the
    metric: below it a ratio says more about where the denominator's curve ends than about speed.
    """

    metric: str = "throughput_per_gpu"
    per: str = "GPU"
    power_edition: str = hardware.POWER_EDITIONS[0]
    floor: float | None = None

    def __post_init__(self):
        choices = {
            "metric": tuple(
                c for c in measurements.COLUMNS if measurements.COLUMNS[c][0] == "float"
            ),
            "per": ("GPU", "MW"),
            "power_edition": hardware.POWER_EDITIONS,
        }
        for name, known in choices.items():
            if getattr(self, name) not in known:
                raise UsageError(
                    f"{name} is {getattr(self, name)!r}; {among(getattr(self, name), known)}"
                )
        if self.floor is not None and not (
            isinstance(self.floor, int | float) and 0 < self.floor < np.inf
        ):
            raise UsageError(f"floor is {self.floor!r}; expected tok/s/GPU above 0")

    @property
    def unit(self) -> str:
        """The unit of the metric."""
        if self.metric == "interactivity":
            return "tok/s/user"
        tokens = "output tok/s" if self.metric.startswith("output") else "tok/s"
        return f"{tokens}/{self.per}"

    def counted(self, isl, osl):
        """Return the share of a request's tokens that the metric counts; numbers or columns."""
        return osl / (isl + osl) if self.metric.startswith("output") else 1.0

    @property
    def power(self) -> str:
        """The power edition in words, empty where the basis has no power in it."""
        return f"power edition {self.power_edition}" if self.per == "MW" else ""


@dataclass(frozen=True, repr=False)
class Comparison:
    """One numerator over one denominator. Rows carry their metric per GPU or MW in `value`."""

    name: str
    shape: str
    unit: str
    numerator_rows: pd.DataFrame
    denominator_rows: pd.DataFrame
    floor: float | None = None
    runs: int = 1  # a value of a level that was made of several runs has the noise of all
    basis: Basis | None = None  # what `value` is, for rows that are set beside these
    kind: ClassVar[str] = "comparisons"
    origin: ClassVar[str] = "source"  # the column of `rows` that says who measured it

    def __repr__(self):
        counted = " over ".join(str(len(rows)) for rows in self.sides.values() if len(rows))
        shared = "nothing shared"
        if self.tested:
            shared = f"shared {span(*curves.shared_range(self.numerator, self.denominator), '')}"
        elif self.denominator_rows.empty:
            shared = "a level" if len(self.numerator_rows) else "not measured"
        return f"<Comparison: {self.label}; {self.unit}, {counted or 'no'} rows, {shared}>"

    @property
    def sides(self) -> dict[str, pd.DataFrame]:
        """The rows of either side, by its name."""
        return {"numerator": self.numerator_rows, "denominator": self.denominator_rows}

    @property
    def fronts(self) -> list[tuple[curves.Frontier, pd.DataFrame]]:
        """The frontier of each side that has rows, with the rows it is of."""
        return [(getattr(self, name), rows) for name, rows in self.sides.items() if len(rows)]

    def without(self, column: str, unwanted_value) -> "Comparison":
        """Return the comparison without some rows; the very same object where it has none of them.

        `unwanted_value` is a value of the column, or NaT for all missing ones.
        """
        kept = {
            f"{name}_rows": rows[~unwanted(rows, column, unwanted_value)]
            for name, rows in self.sides.items()
        }
        if all(len(rows) == len(getattr(self, name)) for name, rows in kept.items()):
            return self
        return replace(self, **kept)

    @property
    def label(self) -> str:
        """The comparison in words, with its shape."""
        return f"{self.name}, {self.shape}"

    def place(self, finding: "Finding") -> str:
        """Return where a claim is met, or the whole range, in words."""
        if self.denominator_rows.empty:
            at = f" at {number(finding.largest_at)} tok/s/user" * (self.unit != "tok/s/user")
            return f"{self.label}, {quantity(finding.headline, self.unit)}{at}{self._run()}"
        return f"{self.label}, {span(*(finding.stretch or finding.range)[:2], '')} tok/s/user"

    def point(self, finding: "Finding") -> list[str]:
        """Return the operating point of a finding, in parts."""
        if self.denominator_rows.empty:
            at = f", at {number(finding.largest_at)} tok/s/user" * (self.unit != "tok/s/user")
            return [f"{self.label}{at}{self._run()}"]
        floor = ""
        if finding.floor_at < finding.range[1]:
            floor = (
                f"above the baseline's floor, to {number(finding.floor_at)} tok/s/user, "
                f"{number(finding.above_floor)}"
            )
        return [self.label, f"mean over {span(*finding.range, '')} tok/s/user", floor, self.unit]

    def _run(self):
        """Return which run a gain within weeks is of; a first state is named, since it misleads."""
        if self.runs == 1:
            return ""
        row = self.numerator_rows.loc[self.numerator_rows["value"].idxmax()]
        marks = " MTP" if row["speculative"] else ""
        first = ", from its first state, where a recipe put right looks like faster software"
        return (
            f" ({row['hardware'].upper()} {row['framework']} {row['precision']}{marks}, "
            f"{row['concurrency']} users, {row['earlier']:%Y-%m-%d} to {row['date']:%Y-%m-%d}"
            f"{first * bool(row['first_state'])})"
        )

    def reading(self, finding: "Finding") -> str:
        """Return the numbers of a finding, in words."""
        return (
            f"mean {number(finding.headline)}x ({number(finding.low)} to {number(finding.high)}) "
            f"as a step, {number(finding.semilog)}x as an estimate, above the baseline's floor at "
            f"most {number(finding.largest)}x at {number(finding.largest_at)} tok/s/user"
        )

    @property
    def tested(self) -> bool:
        """Whether both sides have rows and their curves share a range of interactivity."""
        if self.numerator_rows.empty or self.denominator_rows.empty:
            return False
        low = max(self.numerator.low, self.denominator.low)
        return low < min(self.numerator.high, self.denominator.high)

    @cached_property
    def numerator(self) -> curves.Frontier:
        """The frontier of the numerator's rows."""
        return _frontier(self.numerator_rows, self.unit)

    @cached_property
    def denominator(self) -> curves.Frontier:
        """The frontier of the denominator's rows; ValueError where it has none, as for a level."""
        return _frontier(self.denominator_rows, self.unit)

    @cached_property
    def rows(self) -> pd.DataFrame:
        """The rows of both sides, with the column `side`."""
        frames = [rows.assign(side=name) for name, rows in self.sides.items()]
        return pd.concat(frames, ignore_index=True)


@dataclass(frozen=True, repr=False)
class Finding:
    """What was found of one comparison. Ratios unless the claim is a level.

    `low` and `high` bound the headline against run noise only (95 %). `range` is the shared range
    in tok/s/user and `coverage` the share of each curve's own log range it has. `stretch` is where
    the claim is met, None where it is not. `largest` is the largest ratio with the denominator
    above its floor, and `largest_at` its interactivity; `above_floor` is the mean up to
    `floor_at`, where the denominator reaches its floor. `orders` bounds a share over the possible
    orders of the changes.
    """

    comparison: Comparison
    outcome: str
    headline: float = np.nan
    low: float = np.nan
    high: float = np.nan
    semilog: float = np.nan
    range: tuple[float, float] | None = None
    coverage: tuple[float, float] | None = None
    stretch: curves.Stretch | None = None
    largest: float = np.nan
    largest_at: float = np.nan
    above_floor: float = np.nan
    floor_at: float = np.nan
    at: dict = field(default_factory=dict)
    orders: tuple[float, float] | None = None

    def __repr__(self):
        compared = self.comparison
        if self.outcome == UNTESTED:
            return f"<Finding: {compared.label}; untested>"
        found = (
            f"{plain(self.headline, compared.unit)} ({span(self.low, self.high, compared.unit)})"
        )
        over = f", mean over {span(*self.range, '')} tok/s/user" if self.range else ""
        return f"<Finding: {compared.label}; {verdict_words(self.outcome)}, {found}{over}>"


def build(test, rows: pd.DataFrame, /, *, nearest: bool = False) -> list[Comparison]:
    """Return the comparisons of a claim's test (or those near it), crossed with its shapes.

    Sides without rows stay, empty: that nothing was measured is a finding.

    >>> from frontier import claims
    >>> rows = measurements.load_measurements()
    >>> found = build(claims.claim("nvswitch").test, rows)
    >>> any(one.tested for one in found)
    True
    """
    specifications = test.nearest if nearest else test.comparisons
    return [
        one(test.basis, rows, specification, shape)
        for specification in specifications
        for shape in ([specification["shape"]] if "shape" in specification else test.shapes)
    ]


def one(
    basis: Basis, rows: pd.DataFrame, specification: dict, shape: str, /, *, strict: bool = False
) -> Comparison:
    """Return one comparison: of a `numerator` and a `denominator`, or of `rows` for a level.

    With `weeks`, the level is the largest gain of one configuration at one concurrency within so
    many weeks (`shifts.risen`); with `settled`, of those that had risen before.

    With `strict`, as for a comparison that somebody asked for, a side without rows is a UsageError
    that lists what there is, and so are sides that share no interactivity.

    >>> rows = measurements.load_measurements()
    >>> sides = {"numerator": {"hardware": "gb200"}, "denominator": {"hardware": "h200"}}
    >>> found = one(Basis(per="MW"), rows[rows["model"] == "deepseek-r1"],
    ...             {"name": "GB200 over H200", **sides}, "8192/1024", strict=True)
    >>> found.unit, found.tested
    ('tok/s/MW', True)
    """
    if missing := [key for key in _needed(specification) if key not in specification]:
        raise UsageError(
            f"a comparison needs {' and '.join(missing)}: name, numerator and denominator, or "
            "name and rows"
        )
    pick = measurements.select if strict else matching
    if "rows" in specification:
        found = valued(pick(rows, **{"shape": shape, **specification["rows"]}), basis)
        if weeks := specification.get("weeks"):
            moved = shifts.risen(found, weeks=weeks)
            if specification.get("settled"):
                moved = moved[~moved["first_state"]].reset_index(drop=True)
            moved["value"] = moved["gain"]
            unit = f"x within {weeks} weeks"
            return Comparison(specification["name"], shape, unit, moved, moved.iloc[:0], runs=2)
        return Comparison(specification["name"], shape, basis.unit, found, found.iloc[:0])
    sides = [
        valued(pick(rows, **{"shape": shape, **specification[side]}), basis)
        for side in ("numerator", "denominator")
    ]
    made = Comparison(
        specification["name"],
        shape,
        basis.unit,
        *sides,
        floor=floor_of(basis, sides[1]),
        basis=basis,
    )
    if strict and not made.tested:
        raise UsageError(
            f"{made.label}: the numerator is measured from {made.numerator.low:.3g} to "
            f"{made.numerator.high:.3g} tok/s/user, the denominator from "
            f"{made.denominator.low:.3g} to {made.denominator.high:.3g}: nothing is shared"
        )
    return made


def _needed(specification):
    return ("name", "rows") if "rows" in specification else ("name", "numerator", "denominator")


def front(basis: Basis, rows: pd.DataFrame, selection: dict, /) -> curves.Frontier:
    """Return the frontier of a selection of rows; UsageError, with what there is, if empty.

    >>> rows = measurements.load_measurements()
    >>> per_mw = Basis(per="MW", power_edition="2025")
    >>> front(per_mw, rows, {"model": "deepseek-r1", "hardware": "h200"}).unit
    'tok/s/MW'
    """
    return _frontier(valued(measurements.select(rows, **selection), basis), basis.unit)


def matching(rows: pd.DataFrame, /, **conditions) -> pd.DataFrame:
    """Return the rows that meet every condition of `measurements.select`; none is no error.

    A condition on a column that does not exist is: it would look as if nothing was measured.
    """
    if unknown := sorted(set(conditions) - CONDITIONS):
        raise UsageError(f"no condition '{unknown[0]}': there are {', '.join(sorted(CONDITIONS))}")
    try:
        return measurements.select(rows, **conditions)
    except UsageError:
        return rows.iloc[:0]


def unwanted(rows: pd.DataFrame, column: str, value, /) -> pd.Series:
    """Return which rows have a value in a column; NaT stands for every missing one."""
    return rows[column].isna() if value is pd.NaT else rows[column] == value


def valued(rows: pd.DataFrame, basis: Basis, /) -> pd.DataFrame:
    """Return the rows with `value`, the metric per GPU or MW, and `configuration`, a code."""
    per_gpu = rows[basis.metric]
    # A hash and not a group number, so that a configuration has one code in every selection.
    code = pd.util.hash_pandas_object(rows[measurements.CONFIGURATION], index=False)
    rows = rows.assign(configuration=code)
    if basis.per != "MW":
        return rows.assign(value=per_gpu)
    kilowatts = {
        key: hardware.power_kw(key, basis.power_edition) for key in rows["hardware"].unique()
    }
    return rows.assign(value=per_gpu * 1000 / rows["hardware"].map(kilowatts).astype(float))


def examine(
    comparison: Comparison,
    target: Target,
    /,
    *,
    sigma: float,
    replicates: int = 2000,
    how: str | None = None,
    low: float | None = None,
    high: float | None = None,
) -> Finding:
    """Return what is found of a comparison for a claim.

    `sigma` is the log standard deviation of run noise. With `how` only that curve is used, for
    sensitivities; by default the headline must meet the claim under step and under semilog. `low`
    and `high` narrow the shared range; UsageError where they leave nothing of it.

    >>> rows = measurements.load_measurements()
    >>> rows = rows[rows["model"] == "deepseek-r1"]
    >>> sides = {"numerator": {"hardware": "gb200"}, "denominator": {"hardware": "h200"}}
    >>> found = one(Basis(), rows, {"name": "GB200 over H200", **sides}, "8192/1024")
    >>> examine(found, Target(1, "gain"), sigma=0.02, replicates=100).outcome
    'reproduced'
    """
    if not isinstance(target, Target):
        raise UsageError(f"the target is {target!r}: give Target(value, 'gain'), drop or level")
    if target.form == "level":
        return _level(comparison, target, sigma=sigma, replicates=replicates)
    if not comparison.tested:
        return Finding(comparison, UNTESTED)
    above, below = comparison.numerator, comparison.denominator
    shared = curves.shared_range(above, below, low=low, high=high)
    if shared is None or shared[0] == shared[1]:
        known = "{:.3g} to {:.3g}".format(*curves.shared_range(above, below))
        raise UsageError(
            f"{comparison.label}: both sides are measured from {known} tok/s/user; nothing of that "
            f"lies between {low or 0:g} and {np.inf if high is None else high:g}"
        )
    main = how or "step"
    grid = _grid(above, below, shared)
    ratios = curves.ratio(above, below, grid, floor=comparison.floor, how=main)
    stretch = _stretch(comparison, target, grid, ratios, sigma, replicates, main)
    mean = _mean(comparison, main, sigma, replicates, low=low, high=high)
    semilog = curves.geometric_mean(above, below, how="semilog", low=low, high=high)
    met = target.met(*mean)
    if met and how is None:
        met = _estimate_meets(comparison, target, mean, semilog, sigma, replicates, low, high)
    limits = {"low": low, "high": high, "floor": comparison.floor, "how": main}
    floored = curves.shared_range(above, below, **limits)
    best = int(np.nanargmax(ratios)) if np.isfinite(ratios).any() else None
    at = curves.ratio(above, below, np.array(POINTS, float), floor=comparison.floor, how=main)
    return Finding(
        comparison,
        REPRODUCED if met else CONDITIONAL if stretch else NOT_REPRODUCED,
        *mean,
        semilog=semilog,
        range=shared,
        stretch=stretch,
        coverage=curves.coverage(above, below),
        above_floor=curves.geometric_mean(above, below, **limits),
        floor_at=floored[1] if floored else np.nan,
        largest=np.nan if best is None else float(ratios[best]),
        largest_at=np.nan if best is None else float(grid[best]),
        at={point: float(r) for point, r in zip(POINTS, at, strict=True) if np.isfinite(r)},
    )


def outcome(
    comparison: Comparison, target: Target, /, *, sigma: float, how: str | None = None
) -> tuple[str, float]:
    """Return only the outcome of a comparison, as `examine` has it, and its headline.

    For sensitivities, which ask for many: an interval is drawn, with few replicates, only where
    the ratio itself meets the claim.
    """
    if target.form == "level":
        finding = _level(comparison, target, sigma=sigma, replicates=QUICK)
        return finding.outcome, finding.headline
    if not comparison.tested:
        return UNTESTED, np.nan
    above, below, main = comparison.numerator, comparison.denominator, how or "step"
    headlines = {
        curve: curves.geometric_mean(above, below, how=curve)
        for curve in ([how] if how else ["step", "semilog"])
    }
    if target.met(*headlines.values()):
        mean = _mean(comparison, main, sigma, QUICK)
        met = target.met(*mean)
        if met and how is None:
            met = _estimate_meets(comparison, target, mean, headlines["semilog"], sigma, QUICK)
        if met:
            return REPRODUCED, headlines[main]
    grid = _grid(above, below, curves.shared_range(above, below))
    ratios = curves.ratio(above, below, grid, floor=comparison.floor, how=main)
    stretch = _stretch(comparison, target, grid, ratios, sigma, QUICK, main)
    return (CONDITIONAL if stretch else NOT_REPRODUCED), headlines[main]


def table(findings: Sequence[Finding], /) -> pd.DataFrame:
    """Return findings as a frame, one row a comparison, for a table or CSV."""
    rows = []
    for finding in findings:
        c, s = finding.comparison, finding.stretch
        low, high = finding.range or (np.nan, np.nan)
        rows.append(
            {
                "comparison": c.name,
                "shape": c.shape,
                "unit": c.unit,
                "headline": finding.headline,
                "low": finding.low,
                "high": finding.high,
                "semilog": finding.semilog,
                "from_tok_s_user": low,
                "to_tok_s_user": high,
                "coverage_numerator": finding.coverage[0] if finding.coverage else np.nan,
                "coverage_denominator": finding.coverage[1] if finding.coverage else np.nan,
                "above_floor": finding.above_floor,
                "floor_at": finding.floor_at,
                "largest": finding.largest,
                "largest_at": finding.largest_at,
                "met_from": s.low if s else np.nan,
                "met_to": s.high if s else np.nan,
                "met_share": s.share if s else np.nan,
                "outcome": finding.outcome,
                **(
                    {"least_order": finding.orders[0], "most_order": finding.orders[1]}
                    if finding.orders
                    else {}
                ),
                **(
                    {"rows": sum(map(len, c.sides.values()))}
                    if finding.orders
                    else {
                        f"{what}_{name}": count
                        for what, counted in (("rows", len), ("concurrency", _largest_concurrency))
                        for name, count in ((name, counted(rows)) for name, rows in c.sides.items())
                    }
                ),
            }
        )
    return pd.DataFrame(rows)


def lines(compared: Sequence[Comparison], /, *, how: str = "step", sigma: float | None = None):
    """Return the ratio over interactivity of several comparisons as one long frame.

    Columns: `comparison`, `shape`, `interactivity`, `ratio` (missing below the floor) and, with a
    `sigma`, the pointwise 95 % band `low`, `high` for run noise. Untested comparisons are left out.
    """
    frames = []
    for comparison in compared:
        if not comparison.tested:
            continue
        above, below = comparison.numerator, comparison.denominator
        grid = _grid(above, below, curves.shared_range(above, below))
        frame = pd.DataFrame({"interactivity": grid})
        frame["ratio"] = curves.ratio(above, below, grid, floor=comparison.floor, how=how)
        if sigma is not None:
            band = curves.ratio_band(above, below, sigma, grid, how=how, replicates=400)
            # Outside the floor there is no ratio, so there is no band either.
            frame["low"], frame["high"] = (np.where(frame["ratio"].isna(), np.nan, b) for b in band)
        frames.append(frame.assign(comparison=comparison.name, shape=comparison.shape))
    return pd.concat(frames, ignore_index=True)


def monthly(
    basis: Basis, rows: pd.DataFrame, specification: dict, shape: str, /, *, how: str = "step"
) -> pd.DataFrame:
    """Return a comparison as of the end of each month, from dated rows only.

    Columns: `as_of`, `headline`, `low`, `high` (the shared range), `numerator_gain` and
    `denominator_gain` (each frontier over its own first state, over the range they share),
    `rows_numerator`, `rows_denominator`. Months before both sides exist are left out.
    """
    dated = rows[rows["date"].notna()]
    ends = pd.date_range(
        dated["date"].min(), dated["date"].max() + pd.offsets.MonthEnd(0), freq="ME"
    )
    found, first = [], None
    for end in ends:
        sides = {
            side: {**specification[side], "as_of": end} for side in ("numerator", "denominator")
        }
        comparison = one(basis, dated, {**specification, **sides}, shape)
        if not comparison.tested:
            continue
        first = first or comparison
        low, high = curves.shared_range(comparison.numerator, comparison.denominator)
        found.append(
            {
                "as_of": min(end, dated["date"].max()),
                "low": low,
                "high": high,
                "headline": curves.geometric_mean(
                    comparison.numerator, comparison.denominator, how=how
                ),
                "numerator_gain": curves.geometric_mean(
                    comparison.numerator, first.numerator, how=how
                ),
                "denominator_gain": curves.geometric_mean(
                    comparison.denominator, first.denominator, how=how
                ),
                "rows_numerator": len(comparison.numerator_rows),
                "rows_denominator": len(comparison.denominator_rows),
            }
        )
    return pd.DataFrame(found)


def evidence(rows: pd.DataFrame, /) -> pd.Series:
    """Return how each row was obtained, as a key of `figures.MARKS`."""
    kinds = {
        "inferencex_medians_2026_07": "measured, labels inferred",
        "inferencex_medians_2026_07_other_models": "measured, labels inferred",
        "aiconfigurator_silicon": "derived from latencies",
    }
    return rows["source"].map(kinds).fillna("measured")


def last_date(rows: pd.DataFrame, /) -> date | None:
    """Return the date of the newest dated row, None if no row is dated."""
    newest = rows["date"].max()
    return None if pd.isna(newest) else newest.date()


def _frontier(rows, unit):
    return curves.Frontier.from_points(rows, ["configuration"], throughput="value", unit=unit)


def floor_of(basis: Basis, denominator: pd.DataFrame, /) -> float | None:
    """Return the floor of some rows in the unit of `value`: it is stated in total tok/s per GPU."""
    if not basis.floor or denominator.empty:
        return None
    share = float(np.max(basis.counted(denominator["isl"], denominator["osl"])))
    kilowatts = 1000.0
    if basis.per == "MW":
        # The smallest power gives the highest floor: a side with two accelerators is not let off.
        kilowatts = min(
            hardware.power_kw(key, basis.power_edition) for key in denominator["hardware"].unique()
        )
    return basis.floor * share * 1000 / kilowatts


def _grid(above, below, shared):
    """Interactivities that see every level of both step curves, and 100 in between."""
    low, high = shared
    corners = np.concatenate([above.interactivity, below.interactivity])
    inside = corners[(corners >= low) & (corners <= high)]
    just_right = np.nextafter(inside, np.inf)
    grid = np.concatenate([np.geomspace(low, high, 100), inside, just_right])
    return np.unique(grid[(grid >= low) & (grid <= high)])


def _mean(comparison, how, sigma, replicates, **narrowed):
    """Return the headline and its interval under one curve."""
    sides = comparison.numerator, comparison.denominator
    # The estimate varies less than the step curve and costs ten times as much.
    runs = replicates if how == "step" else replicates // 5
    return (
        curves.geometric_mean(*sides, how=how, **narrowed),
        *map(float, curves.interval(*sides, sigma, how=how, replicates=runs, **narrowed)),
    )


def _estimate_meets(
    comparison, target, mean, semilog, sigma, replicates, low=None, high=None
) -> bool:
    """Return whether the semilog estimate and its interval meet the claim.

    The estimate varies less than the step, whose `mean` has its interval: where twice that leaves
    the claim met nothing is drawn, since each draw of an estimate costs a hundred of a step.
    """
    headline, *ends = mean
    if target.met(semilog, *(semilog * (end / headline) ** 2 for end in ends)):
        return True
    return target.met(*_mean(comparison, "semilog", sigma, replicates, low=low, high=high))


def _stretch(comparison, target, grid, ratios, sigma, replicates, how):
    """Return the longest run of the grid on which ratio and interval meet the claim, or None."""
    least, most = target.bounds
    above, below = comparison.numerator, comparison.denominator
    # The interval holds the ratio, so it can only shorten a run: no run, no interval to draw.
    if not longest((ratios >= least) & (ratios <= most), grid, above, below):
        return None
    runs = max(replicates // 5, 100)
    low, high = curves.ratio_band(above, below, sigma, grid, how=how, replicates=runs)
    fine = (ratios >= least) & (ratios <= most) & (low >= least) & (high <= most)
    return longest(fine, grid, above, below)


def runs(fine: np.ndarray, /) -> list[tuple[int, int]]:
    """Return the first and the last place of every connected run of a mask.

    >>> runs(np.array([True, True, False, True]))
    [(0, 1), (3, 3)]
    """
    edges = np.flatnonzero(np.diff(np.r_[False, fine, False]))
    return list(zip(edges[::2].tolist(), (edges[1::2] - 1).tolist(), strict=True))


def longest(
    fine: np.ndarray, grid: np.ndarray, /, *fronts: curves.Frontier
) -> curves.Stretch | None:
    """Return the longest run of the grid that is a stretch, or None.

    It needs `LEAST_SHARE` of the whole log range and `LEAST_POINTS` of every front inside; the
    stretch has the points of the first front and the fewest that another one has.
    """
    whole = np.log(grid[-1] / grid[0])
    found = []
    for start, stop in runs(fine):
        low, high = float(grid[start]), float(grid[stop])
        share = float(np.log(high / low) / whole)
        points = [_inside(front, low, high) for front in fronts]
        if share >= LEAST_SHARE and min(points) >= LEAST_POINTS:
            found.append(curves.Stretch(low, high, share, points[0], min(points[1:])))
    return max(found, key=lambda stretch: stretch.share, default=None)


def _largest_concurrency(rows):
    return rows["concurrency"].max()


def _inside(frontier, low, high):
    """Count the points of the attainable front inside: dominated points support no claim."""
    x = frontier.interactivity
    return int(((x >= low) & (x <= high)).sum())


def _level(comparison, target, *, sigma, replicates):
    values = comparison.numerator_rows["value"].to_numpy()
    if not len(values):
        return Finding(comparison, UNTESTED)
    sigma *= np.sqrt(comparison.runs)
    noise = np.random.default_rng(0).normal(0, sigma, (replicates, len(values)))
    low, high = np.quantile((values * np.exp(noise)).max(axis=1), [0.025, 0.975])
    best = comparison.numerator_rows.iloc[int(values.argmax())]
    # Between the smallest and the largest of the noisy maxima the largest of many points is biased
    # up, so the point itself, jittered alone, bounds the level from below.
    low = min(low, values.max() * float(np.exp(-1.96 * sigma)))
    outcome = REPRODUCED if target.met(low, high) else NOT_REPRODUCED
    return Finding(
        comparison,
        outcome,
        float(values.max()),
        float(low),
        float(high),
        largest=float(values.max()),
        largest_at=float(best["interactivity"]),
    )
