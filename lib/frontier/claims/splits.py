"""Splits: the measured gain between two systems, and the share of it that some changes have.

A split names where a gain starts (one Hopper node, say) and the changes that lead to where it ends
(silicon, FP4, multi-token prediction, ...). Every set of changes that was measured is a cell with a
frontier of its own; all are compared at equal interactivity, over the range that all of them have.
How parts of a gain are found is in `claims.attribution`; the rows come from
`data.measurements`.

One change can be time: updates of the engine. What ran before them is known only where one
configuration was run at one concurrency before and after a day, and its gain there, the mean over
those points, moves the whole frontier of the cell back. Without such a pair a cell does not exist.

>>> from frontier import claims
>>> from frontier.data import measurements
>>> from frontier.claims import splits
>>> test = claims.claim("software-over-hardware").test
>>> split = splits.build(test, measurements.load_measurements())[0]
>>> finding = splits.examine(split, test.target, sigma=0.02)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np
import pandas as pd

from frontier import curves
from frontier.claims import attribution, comparisons
from frontier.claims.attribution import Cell, Lattice
from frontier.claims.comparisons import POINTS, QUICK, Basis, Finding, Target
from frontier.data.words import number, quantity, span
from frontier.errors import UsageError
from frontier.history import shifts

KINDS = ("hardware", "software", "disputed")
UNIT = "share of the gain"
GRID = 60
_POINT = ("configuration", "concurrency")  # the code stands for all columns of a configuration


@dataclass(frozen=True)
class Factor:
    """One change: its name, what it counts as, and the conditions it sets.

    Or the day that it starts after (`until`), for updates of the engine. Without those of `after`
    it cannot exist: there is no NVLink domain of 72 without the silicon that has it.
    """

    name: str
    kind: str
    change: tuple[tuple[str, object], ...] = ()
    until: str | None = None
    after: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, repr=False)
class States:
    """The measured cells of a split in one traffic shape.

    `start` are the conditions that every cell starts from, changed by its factors; `rows` are those
    of each cell, with the metric in `value`; `back` are the log gains, one a
    point, by which a cell lies behind its own rows (empty where it is what was measured).
    """

    name: str
    shape: str
    unit: str
    start: Mapping
    factors: tuple[Factor, ...]
    rows: Mapping[Cell, pd.DataFrame]
    back: Mapping[Cell, np.ndarray]
    floor: float | None = None

    def __repr__(self):
        changes = ", ".join(factor.name for factor in self.factors)
        count = sum(map(len, self.rows.values()))
        return (
            f"<States: {self.name}, {self.shape}; {changes}; {len(self.rows)} cells, {count} rows>"
        )

    @cached_property
    def lattice(self) -> Lattice:
        """The cells that lie on a possible order; UsageError where there is none."""
        return Lattice([factor.name for factor in self.factors], list(self.rows))

    @cached_property
    def fronts(self) -> dict[Cell, curves.Frontier]:
        """The frontier of each cell of the lattice, moved back where the cell is."""
        found = {}
        for cell in self.lattice.cells:
            rows = self.rows[cell]
            factor = np.exp(-_mean(self.back[cell]))
            found[cell] = curves.Frontier(
                rows["interactivity"] * factor,
                rows["value"] * factor,
                configurations=rows["configuration"],
                rows=rows.index,
            )
        return found

    @cached_property
    def range(self) -> tuple[float, float] | None:
        """The interactivity that all cells share, tok/s/user; None where there is none.

        It ends where the start falls below the floor of a ratio: beyond, a share says more about
        where the start's curve ends than about what changed.
        """
        low = max(front.low for front in self.fronts.values())
        high = min(front.high for front in self.fronts.values())
        high = min(high, self.floor_at)
        return (low, high) if low < high else None

    @cached_property
    def coverage(self) -> tuple[float, float]:
        """The share of the end's own log range, and of the start's, that `range` covers."""
        ends = self.fronts[self.lattice.cells[-1]], self.fronts[Cell()]
        width = np.log(self.range[1] / self.range[0])
        return tuple(float(width / np.log(one.high / one.low)) for one in ends)

    @property
    def fewest(self) -> int:
        """The fewest points of an attainable front that any cell has inside `range`."""
        low, high = self.range
        x = [front.interactivity for front in self.fronts.values()]
        return min(int(((one >= low) & (one <= high)).sum()) for one in x)

    @cached_property
    def tested(self) -> bool:
        """Whether some order was measured, over enough of the range of the start and of the end.

        That is `comparisons.LEAST_SHARE` of either, as for a stretch on which a claim is met.
        """
        return self.shared and min(self.coverage) >= comparisons.LEAST_SHARE

    @cached_property
    def shared(self) -> bool:
        """Whether some order of the changes was measured, over a range that all cells share."""
        try:
            return self.range is not None
        except UsageError:
            return False

    @cached_property
    def floor_at(self) -> float:
        """The interactivity at which the start falls below the floor of a ratio."""
        if self.floor is None:
            return np.inf
        start = self.fronts[Cell()]
        above = start.interactivity[start.throughput >= self.floor]
        return float(above[-1]) if len(above) else 0.0

    @cached_property
    def _known(self) -> dict:
        """What was computed already: every choice and meaning of a share asks for the same."""
        return {}

    @cached_property
    def _varied(self) -> dict:
        """The last variation asked for (see `without`), by what was left out."""
        return {}

    def _once(self, key, make):
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]

    def means(self, how: str = "step") -> np.ndarray:
        """Return the mean log gain of each cell over the start, on the range that all share."""
        (low, high), start = self.range, self.fronts[Cell()]

        def mean(front):
            return np.log(curves.geometric_mean(front, start, low=low, high=high, how=how))

        return self._once(("means", how), lambda: np.array([*map(mean, self.fronts.values())]))

    def line(self, how: str = "step") -> np.ndarray:
        """Return the log gain of each cell on `grid`, (cells, n); see `at`."""
        return self._once(("line", how), lambda: self.at(self.grid, how))

    def at(self, interactivity, how: str = "step") -> np.ndarray:
        """Return the log gain of each cell at interactivities, (cells, n); NaN outside `range`."""
        x = np.asarray(interactivity, float)
        fronts = [front.at(x, how) for front in self.fronts.values()]
        return np.log(np.where(self._inside(x), fronts, np.nan) / fronts[0])

    @cached_property
    def grid(self) -> np.ndarray:
        """The interactivities of `line`, evenly spaced in the logarithm, tok/s/user."""
        return np.geomspace(*self.range, GRID)

    def noisy_means(self, sigma: float, replicates: int) -> np.ndarray:
        """Return draws of `means` under run noise, (cells, replicates)."""

        def make():
            means = curves.step_means(self._noisy(sigma, replicates), high=self.floor_at)
            return means - means[0]

        return self._once(("noisy means", sigma, replicates), make)

    def noisy_line(self, sigma: float, replicates: int) -> np.ndarray:
        """Return draws of `line` under run noise, (cells, replicates, n)."""

        def make():
            drawn = self._noisy(sigma, replicates)
            values = np.log(np.stack([curves.step_values(one, self.grid) for one in drawn]))
            return np.where(self._inside(self.grid), values - values[0], np.nan)

        return self._once(("noisy line", sigma, replicates), make)

    def _noisy(self, sigma, replicates):
        """Return drawn points of each cell; cells of the same rows have the same noise."""
        rng, drawn, found = np.random.default_rng(0), {}, []
        for cell, front in self.fronts.items():
            key = tuple(self.rows[cell].index)
            back = self.back[cell]
            if key not in drawn:
                plain = curves.Frontier._of(
                    *(
                        values * np.exp(_mean(back)) if i < 2 else values
                        for i, values in enumerate(front._arrays)
                    )
                )
                plain = curves.within_noise(plain, max(sigma, self._spread))
                drawn[key] = curves.jittered(plain, sigma, rng, replicates)
            factor = 1.0
            if len(back):
                error = max(self._spread, np.sqrt(2) * sigma) / np.sqrt(len(back))
                factor = np.exp(-_mean(back) + error * rng.standard_normal((replicates, 1)))
            found.append(tuple(values * factor for values in drawn[key]))
        return found

    @cached_property
    def _spread(self):
        """The standard deviation of one point's gain around its cell's mean, over all cells."""
        off = [gains - gains.mean() for gains in self.back.values() if len(gains) > 1]
        return float(np.std(np.concatenate(off))) if off else 0.0

    def _inside(self, x):
        low, high = self.range
        return (x >= low) & (x <= high)

    def without(self, column: str, unwanted) -> "States":
        """Return the states without some rows; the very same object where no row is so.

        `unwanted` is a value of the column, or NaT for all missing ones.
        """
        present = self._once(
            column,
            lambda: {value for rows in self.rows.values() for value in rows[column].unique()},
        )
        if unwanted is not pd.NaT and unwanted not in present:
            return self
        # All splits of one gain ask for the same variation, one after another: one is kept.
        if (column, unwanted) not in self._varied:
            left = {
                cell: rows[~comparisons.unwanted(rows, column, unwanted)]
                for cell, rows in self.rows.items()
            }
            same = all(len(left[cell]) == len(rows) for cell, rows in self.rows.items())
            self._varied.clear()
            self._varied[column, unwanted] = self if same else _states(self, left, self.floor)
        return self._varied[column, unwanted]


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """A share of one gain: which changes it is of (a choice), and what a share means."""

    states: States
    choice: str
    group: tuple[str, ...]
    meaning: str = "log"

    kind: ClassVar[str] = "shares"
    origin: ClassVar[str] = "source"  # the column of `rows` that says who measured it

    def __repr__(self):
        return f"<Split: {self.label}; {'tested' if self.tested else 'not measured'}>"

    @property
    def name(self) -> str:
        """The gain and the choice in words."""
        return f"{self.states.name}; {self.choice}; {attribution.MEANINGS[self.meaning]}"

    @property
    def shape(self) -> str:
        """The traffic shape, input/output tokens."""
        return self.states.shape

    @property
    def label(self) -> str:
        """The split in words, with its shape."""
        return f"{self.name}, {self.shape}"

    @property
    def unit(self) -> str:
        """What the number is."""
        return UNIT

    @property
    def tested(self) -> bool:
        """Whether the gain can be split at all; see `States.tested`."""
        return self.states.tested

    @property
    def sides(self) -> dict[str, pd.DataFrame]:
        """The rows by cell, the start first."""
        return {words(cell, self.states): rows for cell, rows in self.states.rows.items()}

    @property
    def rows(self) -> pd.DataFrame:
        """The rows of all cells, with the column `side`."""
        frames = [rows.assign(side=name) for name, rows in self.sides.items()]
        return pd.concat(frames, ignore_index=True)

    @property
    def fronts(self) -> list[tuple[curves.Frontier, pd.DataFrame]]:
        """The frontier of each cell with the rows it is of."""
        states = self.states
        return [(front, states.rows[cell]) for cell, front in states.fronts.items()]

    def without(self, column: str, unwanted) -> "Split":
        """Return the split without some rows; see `States.without`."""
        states = self.states.without(column, unwanted)
        return self if states is self.states else replace(self, states=states)

    def place(self, finding: Finding) -> str:
        """Return where a claim is met, or the whole range, in words."""
        return f"{self.label}, {span(*(finding.stretch or finding.range)[:2], '')} tok/s/user"

    def point(self, finding: Finding) -> list[str]:
        """Return the operating point of a finding, in parts."""
        states = self.states
        end, start = (number(100 * share) for share in finding.coverage)
        return [
            self.label,
            f"from the mean log gains over {span(*finding.range, '')} tok/s/user, {end} % of the "
            f"end's range and {start} % of the start's, with at least {states.fewest} "
            f"point{'s' * (states.fewest != 1)} of each cell inside",
            f"{span(*finding.orders, UNIT)} over {states.lattice.orders} orders of the changes",
        ]

    def reading(self, finding: Finding) -> str:
        """Return the numbers of a finding, in words."""
        return (
            f"{quantity(finding.headline, UNIT)} ({span(finding.low, finding.high, UNIT)}), "
            f"{quantity(finding.semilog, UNIT)} by the estimate between points, "
            f"{span(*finding.orders, UNIT)} over the orders of the changes"
        )

    def share(self, values: np.ndarray) -> np.ndarray:
        """Return the share of the changes that are chosen, of log gains by cell."""
        return attribution.share(self.states.lattice, values, self.group, meaning=self.meaning)

    def band(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the least and the largest such share over the possible orders."""
        return attribution.share_band(self.states.lattice, values, self.group, meaning=self.meaning)


def build(test, rows: pd.DataFrame, /, *, nearest: bool = False) -> list[Split]:
    """Return the splits of a claim's test (or those near it): systems, shapes, choices, meanings.

    A gain that was not measured on any order stays, untested: that is a finding.
    """
    if not test.splits:
        return []
    found, meanings = [], test.splits["meanings"]
    for system in test.splits["nearest" if nearest else "systems"]:
        for shape in system.get("shapes", test.shapes):
            measured = states(test.basis, rows, system, shape)
            found += [
                Split(measured, choice["name"], grouped(measured, choice["software"]), meaning)
                for meaning in meanings
                for choice in system.get("choices", test.splits["choices"])
            ]
    # Meaning by meaning, so that the first is of the first of all.
    return sorted(found, key=lambda split: meanings.index(split.meaning))


def chosen(
    test,
    rows: pd.DataFrame,
    shape: str,
    /,
    *,
    counts: Mapping[str, str],
    meaning: str = "log",
    end: str | None = None,
    until: str | None = None,
) -> Split:
    """Return one split as a reader chooses it; UsageError where no order of it was measured.

    `counts` says of each change whether it is hardware or software, `end` is the accelerator that
    a change leads to in place of the ledger's, `until` the last day of the first engine.
    """
    fitting = [one for one in test.splits["systems"] if shape in one.get("shapes", test.shapes)]
    if not fitting:
        raise UsageError(f"no split of the ledger is of shape {shape}")
    system = dict(fitting[0])
    racks = [one.get("set", {}).get("hardware") for one in system["factors"]]
    last = [key for key in racks if key][-1]
    system["factors"] = [
        {
            **one,
            **({"until": until} if until and "until" in one else {}),
            **(
                {"set": {**one["set"], "hardware": end}}
                if end and one.get("set", {}).get("hardware") == last
                else {}
            ),
        }
        for one in system["factors"]
    ]
    if end:
        system["name"] = system["name"].replace(last.upper(), end.upper())
    made = states(test.basis, rows, system, shape)
    day = next((one.until for one in made.factors if one.until), None)
    if day and Cell() not in made.rows:
        raise UsageError(
            f"no point of the start was run both up to {day} and after it: choose another day"
        )
    # The lattice raises, with how far one comes, where no order was measured.
    if len(made.lattice.cells) and not made.shared:
        raise UsageError(f"{made.name}, {shape}: the cells share no interactivity")
    if not made.tested:
        told = number(100 * min(made.coverage))
        raise UsageError(f"{made.name}, {shape}: what the cells share is {told} % of a curve only")
    names = [one.name for one in made.factors if counts.get(one.name, one.kind) == "software"]
    choice = f"{' and '.join(names) or 'nothing'} {'is' if len(names) < 2 else 'are'} software"
    return Split(made, choice, grouped(made, names), meaning)


def states(basis: Basis, rows: pd.DataFrame, system: dict, shape: str, /) -> States:
    """Return the measured cells of a system: a `name`, the `start` and the `factors`."""
    factors = tuple(factor(entry) for entry in system["factors"])
    cells = {}
    for cell in every(factors):
        selection = {"shape": shape, **system["start"]}
        for one in factors:
            if one.name in cell:
                selection.update(one.change)
        found = comparisons.matching(rows, **selection)
        if len(found):
            cells[cell] = comparisons.valued(found, basis)
    start = cells.get(Cell())
    floor = None if start is None else comparisons.floor_of(basis, start)
    empty = States(system["name"], shape, basis.unit, system["start"], factors, {}, {})
    return _states(empty, cells, floor)


def factor(entry: dict, /) -> Factor:
    """Return the change that an entry of the ledger describes; UsageError where it is none."""
    keys = {"name", "kind", "set", "until", "after"}
    if not isinstance(entry, dict) or not {"name", "kind"} <= set(entry) <= keys:
        raise UsageError(f"{entry} is no factor: it needs a name, a kind, and set or until")
    if entry["kind"] not in KINDS:
        raise UsageError(f"'{entry['name']}' is {entry['kind']!r}, not one of {', '.join(KINDS)}")
    if ("set" in entry) == ("until" in entry):
        raise UsageError(f"'{entry['name']}' needs either set or until")
    if unknown := sorted(set(entry.get("set", ())) - comparisons.CONDITIONS):
        raise UsageError(f"'{entry['name']}' sets '{unknown[0]}', which is no column")
    until = entry.get("until")
    return Factor(
        entry["name"],
        entry["kind"],
        tuple(entry.get("set", {}).items()),
        None if until is None else str(until),
        tuple(entry.get("after", ())),
    )


def grouped(states: States, software: Sequence[str], /) -> tuple[str, ...]:
    """Return the factors that count as software; UsageError for one that is none."""
    known = [factor.name for factor in states.factors]
    if unknown := [name for name in software if name not in known]:
        raise UsageError(f"no factor '{unknown[0]}': there are {', '.join(known)}")
    return tuple(name for name in known if name in software)


def examine(
    split: Split, target: Target, /, *, sigma: float, replicates: int = 2000, how: str | None = None
) -> Finding:
    """Return what is found of a share for a claim, as of a ratio (`comparisons.examine`).

    `headline` is the share of the mean log gains, `low` and `high` bound it against run noise, and
    `orders` are its least and its largest value over the possible orders of the changes. The noise
    of the step, which is the larger one, stands for that of the estimate.
    """
    if not split.tested:
        return Finding(split, comparisons.UNTESTED)
    main = how or "step"
    means = split.states.means(main)
    headline, low, high = _headline(split, means, sigma, replicates)
    semilog = means if main == "semilog" else split.states.means("semilog")
    by_estimate = float(split.share(semilog))
    met = target.met(headline, low, high)
    if met and how is None:
        met = target.met(by_estimate, *(by_estimate + end - headline for end in (low, high)))
    line, grid = split.share(split.states.line(main)), split.states.grid
    stretch = _stretch(split, target, line, sigma, max(replicates // 5, 100))
    best = int(np.nanargmax(line)) if np.isfinite(line).any() else None
    at = split.share(split.states.at(np.array(POINTS, float), main))
    return Finding(
        split,
        comparisons.REPRODUCED
        if met
        else comparisons.CONDITIONAL
        if stretch
        else comparisons.NOT_REPRODUCED,
        headline,
        low,
        high,
        semilog=by_estimate,
        range=split.states.range,
        stretch=stretch,
        coverage=split.states.coverage,
        largest=np.nan if best is None else float(line[best]),
        largest_at=np.nan if best is None else float(grid[best]),
        at={point: float(s) for point, s in zip(POINTS, at, strict=True) if np.isfinite(s)},
        orders=tuple(float(end) for end in split.band(means)),
    )


def outcome(
    split: Split, target: Target, /, *, sigma: float, how: str | None = None
) -> tuple[str, float]:
    """Return only the outcome and the headline of a share, with few replicates."""
    found = examine(split, target, sigma=sigma, replicates=QUICK, how=how)
    return found.outcome, found.headline


def lines(
    splits: Sequence[Split], /, *, sigma: float, replicates: int = 400, how: str = "step"
) -> pd.DataFrame:
    """Return shares over interactivity, each with its band for run noise and over the orders.

    Columns: `split`, `choice`, `shape`, `interactivity`, `share`, `low`, `high` (95 % for run
    noise), `first_order`, `last_order` (least and largest over the orders), `gain` (the whole, a
    ratio). Missing where the start is below its floor.
    """
    frames = []
    for split in splits:
        if not split.tested:
            continue
        values = split.states.line(how)
        least, most = split.band(values)
        low, high = _ends(split, sigma, replicates)
        frames.append(
            pd.DataFrame(
                {
                    "split": split.name,
                    "choice": split.choice,
                    "shape": split.shape,
                    "interactivity": split.states.grid,
                    "share": split.share(values),
                    "low": low,
                    "high": high,
                    "first_order": least,
                    "last_order": most,
                    "gain": np.exp(values[-1]),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def parts(
    states: States, /, *, sigma: float, replicates: int = 2000, how: str = "step"
) -> pd.DataFrame:
    """Return what each change of a gain is worth, as a factor on throughput.

    Columns: `factor`, `kind`, `part` (over all possible orders), `low`, `high` (95 % for run
    noise), `least`, `most` (over the orders), `in_order` (in the ledger's order, where that is
    possible, else in the first that is).
    """
    lattice, values = states.lattice, states.means(how)
    found = attribution.shapley(lattice, values)
    drawn = attribution.shapley(lattice, states.noisy_means(sigma, replicates))
    low, high = np.nanquantile(drawn, [0.025, 0.975], axis=1)
    moved = found - attribution.shapley(lattice, states.means())
    bands = [attribution.band(lattice, values, [name]) for name in lattice.factors]
    order = first_order(lattice)
    falls = dict(zip(order, attribution.waterfall(lattice, values, order), strict=True))
    logs = {
        "part": found,
        "low": low + moved,
        "high": high + moved,
        "least": [end[0] for end in bands],
        "most": [end[1] for end in bands],
        "in_order": [falls[name] for name in lattice.factors],
    }
    return pd.DataFrame(
        {
            "factor": lattice.factors,
            "kind": [one.kind for one in states.factors],
            **{name: np.exp(np.asarray(column, float)) for name, column in logs.items()},
        }
    )


def first_order(lattice: Lattice, /) -> tuple[str, ...]:
    """Return the first possible order that keeps nearest to the order of the factors."""

    def grow(order):
        if len(order) == len(lattice.factors):
            return order
        for name in lattice.factors:
            longer = [*order, name]
            if name not in order and Cell(longer) in lattice.cells and (found := grow(longer)):
                return found
        return None

    return tuple(grow([]))


def every(factors: Sequence[Factor], /) -> list[Cell]:
    """Return every set of changes that can exist, the start first, smaller before larger."""
    names = [factor.name for factor in factors]
    sets = [
        Cell(name for i, name in enumerate(names) if code >> i & 1)
        for code in range(1 << len(names))
    ]
    possible = [
        cell for cell in sets if all(set(one.after) <= cell for one in factors if one.name in cell)
    ]
    return sorted(possible, key=len)


def _states(like: States, rows: Mapping[Cell, pd.DataFrame], floor) -> States:
    """Return states of these rows; a cell before an update needs points run before and after it."""
    back, kept = {}, {}
    for cell, found in rows.items():
        gains = np.array([])
        if len(found) == 0:
            continue
        for one in like.factors:
            if one.until and one.name not in cell:
                gains = shifts.gains_since(found, one.until, by=_POINT)
                if not len(gains):
                    break
        else:
            kept[cell], back[cell] = found, gains
    return replace(like, rows=kept, back=back, floor=floor)


def words(cell: Cell, states: States, /) -> str:
    """Return the changes of a cell, in the order of the factors; the start has none."""
    names = [factor.name for factor in states.factors if factor.name in cell]
    return " + ".join(names) or "start"


def _mean(gains):
    return float(gains.mean()) if len(gains) else 0.0


def _headline(split, means, sigma, replicates):
    headline = float(split.share(means))
    drawn = split.share(split.states.noisy_means(sigma, replicates))
    drawn = drawn[np.isfinite(drawn)]
    if len(drawn) < 0.95 * replicates:
        return headline, np.nan, np.nan
    ends = np.quantile(drawn, [0.025, 0.975]) - float(split.share(split.states.means()))
    return headline, *(float(headline + end) for end in ends)


def _ends(split, sigma, replicates):
    """Return the 95 % interval of a share on the grid; NaN where a curve ends in many draws."""
    drawn = split.share(split.states.noisy_line(sigma, replicates))
    ends = np.full((2, GRID), np.nan)
    told = np.isfinite(drawn).mean(axis=0) >= 0.95
    ends[:, told] = np.nanquantile(
        np.where(np.isfinite(drawn), drawn, np.nan)[:, told], [0.025, 0.975], axis=0
    )
    return ends


def _stretch(split, target, line, sigma, replicates):
    """Return the longest stretch on which share and interval meet the claim, or None."""
    grid, fronts = split.states.grid, split.states.fronts.values()
    least, most = target.bounds
    fine = (line >= least) & (line <= most)
    # The interval holds the share, so it can only shorten a run: no run, no interval to draw.
    if not comparisons.longest(fine, grid, *fronts):
        return None
    low, high = _ends(split, sigma, replicates)
    return comparisons.longest(fine & (low >= least) & (high <= most), grid, *fronts)
