"""The one kind of thing that is compared, and what it gives: a number, a curve, its noise.

A comparison has a side above and a side below in one traffic, on one basis, and answers the same
questions whatever it is made of: the ratio of two measured frontiers (`Ratio`), a level that is
reached (`Level`), the share of a gain that some changes have (`Split`), two results at one limit
(`Limit`), a part that a filing states (`Statement`), two modelled systems (`Modelled`). What a
claim makes of the answers is in `claims.rule`; which comparisons a claim has, in `claims.ledger`.

>>> from frontier.claims.sides import Basis, prepared
>>> from frontier.data import measurements
>>> rows = prepared(measurements.load_measurements())
>>> where = {"model": "deepseek-r1", "shape": "8192/1024"}
>>> sides = [rows.side({**where, "hardware": key}, Basis()) for key in ("gb200", "h200")]
>>> Ratio(above="GB200", below="H200", unit="x", top=sides[0], bottom=sides[1]).value() > 1
True
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import ClassVar, NamedTuple

import numpy as np
import pandas as pd

from frontier import curves, serving
from frontier.claims import attribution
from frontier.claims.attribution import Cell, Lattice
from frontier.claims.sides import Basis, Made, Side
from frontier.data import published, tables
from frontier.errors import UsageError

# A shared range with fewer points of either front inside is too thin for a number.
LEAST_POINTS = 3
# A stretch, and what the cells of a split share, is at least this share of the log range.
LEAST_SHARE = 0.1
HOWS = ("step", "semilog")
GRID = 100
ORDERS = ("least", "most")


class Line(NamedTuple):
    """A number over interactivity under both curves; `x` in tok/s/user, rising."""

    x: np.ndarray
    step: np.ndarray
    semilog: np.ndarray

    @property
    def both(self) -> np.ndarray:
        """What both curves have at one speed."""
        return np.minimum(self.step, self.semilog)


Change = tuple[str, object]
"""How a side becomes another: a method of `Side` and its argument, `("without", code)`."""


def applied(change: Change, side: Side, /) -> Side:
    """Return a side changed."""
    method, argument = change
    return getattr(side, method)(argument)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Comparison:
    """What is above, what is below, the unit of the number, and what a condition may name.

    `attributes` maps `model`, `accelerator`, `baseline`, `traffic`, `counts` (as software) or
    `change` to the comparison's own. Kinds answer `untested`, `value`, `draws` and, where they
    have them, `line`, `sides`, `mapped` and `configurations`.
    """

    above: str
    below: str = ""
    unit: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    rows_of: ClassVar[Mapping[str, str]] = {}  # the fields that are sides, by the sides' names
    tier: ClassVar[str] = "measured"
    kind: ClassVar[str] = "comparisons"

    def __repr__(self):
        return f"<{type(self).__name__}: {self.label}; {self.unit}{self.untested and ', untested'}>"

    @property
    def label(self) -> str:
        """The comparison in words, with its model and its traffic."""
        over = f"{self.above} over {self.below}" if self.below else self.above
        told = [self.attributes.get(key) for key in ("model", "accelerator", "setup", "traffic")]
        told = [part for part in told if part not in (self.above, self.below)]
        return ", ".join(part for part in (over, *told) if part)

    @property
    def key(self) -> tuple:
        """What tells this comparison from the others of a claim."""
        return (self.above, self.below, *sorted(self.attributes.items()))

    @property
    def untested(self) -> str:
        """Why there is no number, empty where there is one."""
        return ""

    @property
    def sides(self) -> dict[str, Side]:
        """The measured rows of either side, or of every cell, by name."""
        return {name: getattr(self, field) for name, field in self.rows_of.items()}

    @property
    def points(self) -> tuple[int, int] | None:
        """How many points of either front carry its curve in the range; None without a range."""
        return None

    @property
    def range(self) -> tuple[float, float] | None:
        """Where the number is a mean over, tok/s/user; None where it is none."""
        return None

    @property
    def line(self) -> Line | None:
        """The number over interactivity, None where it has none."""
        return None

    @property
    def configurations(self) -> tuple:
        """The codes of the configurations that carry the number."""
        return ()

    @property
    def sources(self) -> tuple[str, ...]:
        """The tables of the rows that it is of."""
        return tuple(sorted({name for side in self.sides.values() for name in side.sources}))

    def mapped(self, change: Change) -> "Comparison":
        """Return the comparison with every side changed; itself where none is another."""
        changed = {field: applied(change, getattr(self, field)) for field in self.rows_of.values()}
        same = all(side is getattr(self, field) for field, side in changed.items())
        return self if same else replace(self, **changed)

    def once(self, key, make):
        """Return what is made under a key; kinds keep it for all that compare the same rows."""
        return make()

    def value(self, how: str = "step", *, form: str = "", at: float | None = None) -> float:
        """Return the number under a curve, as a form of claims asks for it."""
        raise NotImplementedError

    def draws(self, *, form: str = "", at: float | None = None) -> np.ndarray | None:
        """Return the number in every draw of run noise; None where noise plays no part."""
        return None

    def bounds(self) -> tuple[float, float] | None:
        """Return what rounding leaves open; None where nothing is rounded."""
        return None

    def reached_on(self, finding) -> str:
        """Return the first day on which a level was reached; empty where that is not asked."""
        return ""

    def ratios(self, at) -> pd.DataFrame:
        """Return the number at interactivities: `at`, `value`, `below_floor`, `why` there is none.

        And `rows_above` and `rows_below`, the row behind either side, with the speeds at which
        they were measured, `speed_above` and `speed_below`.
        """
        return _told(at, why=self.untested or "no curve")


def _told(at, **known) -> pd.DataFrame:
    """Return `Comparison.ratios` of what is known; the rest is missing."""
    missing = {"value": np.nan, "below_floor": False, "why": "", "rows_above": "", "rows_below": ""}
    missing |= {"speed_above": np.nan, "speed_below": np.nan}
    return pd.DataFrame({"at": np.atleast_1d(np.asarray(at, float)), **missing, **known})


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Ratio(Comparison):
    """The ratio of two measured frontiers."""

    top: Side
    bottom: Side
    absent: str = ""  # why there is nothing to compare although both sides have rows
    rows_of: ClassVar[Mapping[str, str]] = {"above": "top", "below": "bottom"}

    @property
    def fronts(self) -> tuple[curves.Frontier, curves.Frontier]:
        """Both frontiers; ValueError where a side has no rows."""
        return self.top.frontier, self.bottom.frontier

    @cached_property
    def untested(self) -> str:
        """Why there is no number: no rows, nothing shared, or too few points."""
        for name, side in zip((self.above, self.below), (self.top, self.bottom), strict=True):
            if not len(side):
                what = name if name.startswith("with") else f"of {name}"
                model = self.attributes.get("model", "")
                return f"no public rows {what}{f' for {model}' * bool(model)}"
        if np.array_equal(self.top.positions, self.bottom.positions):
            return "both sides are the same rows"
        if self.absent:
            return self.absent
        if self.range is None or self.range[0] == self.range[1]:
            if curves.shared_range(*self.fronts) is None:
                return "the two share no speed"
            return "the baseline is below its floor wherever both were measured"
        if min(self.points) < LEAST_POINTS:
            few = self.above if self.points[0] <= self.points[1] else self.below
            count = min(self.points)
            return f"too thin: {count} point{'s' * (count > 1)} of {few} in the shared range"
        return ""

    @cached_property
    def range(self) -> tuple[float, float] | None:
        """The shared interactivity on which the denominator is above its floor."""
        return curves.shared_range(*self.fronts, floor=self.bottom.floor)

    @cached_property
    def points(self) -> tuple[int, int] | None:
        """How many points of either front carry its curve in the range."""
        if not (len(self.top) and len(self.bottom)) or self.range is None:
            return None
        low, high = self.range
        # The step between the last point inside and the end is carried by the point after it.
        places = [np.searchsorted(front.interactivity, (low, high)) for front in self.fronts]
        return tuple(int(last - first + 1) for first, last in places)

    @cached_property
    def line(self) -> Line:
        """The ratio on a grid of the range that sees every level of both step curves."""
        low, high = self.range
        corners = np.concatenate([front.interactivity for front in self.fronts])
        grid = [np.geomspace(low, high, GRID), corners, np.nextafter(corners, np.inf)]
        x = np.unique(np.concatenate(grid))
        x = x[(x >= low) & (x <= high)]
        return Line(x, *(curves.ratio(*self.fronts, x, how=how) for how in HOWS))

    @property
    def configurations(self) -> tuple:
        """The codes of the configurations on either frontier."""
        return tuple(dict.fromkeys([*self.top.on_front, *self.bottom.on_front]))

    def once(self, key, make):
        """Return what is made under a key, made once for all ratios of the same two sides."""
        return self.top.once((key, self.bottom), make)

    def value(self, how="step", *, form="", at=None):
        """Return the mean ratio over the range, or the largest, the least, or that at a point."""
        if form == "at-point":
            return float(curves.ratio(*self.fronts, at, how=how))
        if form in ("up-to", "everywhere"):
            line = getattr(self.line, how)
            return float(line.max() if form == "up-to" else line.min())
        return curves.mean_over(*self.fronts, *self.range, how)

    def _means(self):
        """Return the mean ratio in every draw; the floor is where it is without noise."""
        means = curves.step_means([self.top.draws, self.bottom.draws], high=self.range[1])
        return np.exp(means[0] - means[1])

    def draws(self, *, form="", at=None):
        """Return the number in every draw of run noise."""
        if form not in ("at-point", "up-to", "everywhere"):
            return self.once("means", self._means)
        x = [at] if form == "at-point" else np.geomspace(*self.range, 24)[1:-1]
        above, below = (side.draws.at(np.log([x])) for side in (self.top, self.bottom))
        reduced = np.fmin if form == "everywhere" else np.fmax
        return np.exp(reduced.reduce(above - below, axis=1))

    def ratios(self, at):
        """Return the ratio at interactivities, with the rows behind it or why there is none."""
        at = np.atleast_1d(np.asarray(at, float))
        if not (len(self.top) and len(self.bottom)):
            return super().ratios(at)
        value, below = curves.ratio(*self.fronts, at), self.bottom.frontier.at(at)
        start = max(front.low for front in self.fronts)
        why = np.select(
            [at < start, at > self.fronts[0].high, at > self.fronts[1].high],
            [
                "not measured at so low a speed",
                f"{self.above} ends at {self.fronts[0].high:.0f}",
                f"{self.below} ends at {self.fronts[1].high:.0f}",
            ],
            default="",
        )
        rows, speeds = zip(*(_row_at(side, at) for side in (self.top, self.bottom)), strict=True)
        return _told(
            at,
            value=value,
            below_floor=below < self.bottom.floor,
            why=why,
            rows_above=rows[0],
            rows_below=rows[1],
            speed_above=speeds[0],
            speed_below=speeds[1],
        )


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Level(Comparison):
    """The largest value that was measured; one made of several runs has the noise of all."""

    top: Side
    runs: int = 1
    rows_of: ClassVar[Mapping[str, str]] = {"above": "top"}
    kind: ClassVar[str] = "levels"

    @property
    def untested(self) -> str:
        """Why there is no number."""
        return "" if len(self.top) else f"no public rows of {self.above}"

    @cached_property
    def best(self) -> pd.Series:
        """The row that reaches the largest value."""
        return self.top.frame.iloc[int(self.top.value.argmax())]

    @property
    def configurations(self) -> tuple:
        """The configuration that reaches the largest value."""
        return (self.top.configuration[self.top.value.argmax()],) if len(self.top) else ()

    def value(self, how="step", *, form="", at=None):
        """Return the largest value."""
        return float(self.top.value.max())

    def reached_on(self, finding):
        """Return the first day of a run as high as the least that meets the claim."""
        if finding.outcome != "meets":
            return ""
        days = self.top.frame.loc[self.top.value >= finding.target.bounds[0], "date"].dropna()
        return f"{days.min():%Y-%m-%d}" if len(days) else "no dated run"

    def draws(self, *, form="", at=None):
        """Return the largest value in every draw of run noise."""
        side = self.top
        sigma = side.rows.sigma[side.positions] * np.sqrt(self.runs)
        near = side.value >= side.value.max() * np.exp(-12 * sigma.max())
        noise = np.stack([side.rows.noise(p) for p in side.positions[near]], axis=1)
        return (side.value[near] * np.exp(noise * sigma[near])).max(axis=1)


@dataclass(frozen=True)
class Factor:
    """One change of a split: its name, what it counts as, and the conditions it sets.

    Or the day that it starts after (`until`), for updates of the engine. Without those of `after`
    it cannot exist: there is no NVLink domain of 72 without the silicon that has it.
    """

    name: str
    kind: str
    change: Mapping = field(default_factory=dict)
    until: str | None = None
    after: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, repr=False)
class Cells(Made):
    """The measured states between the start of a gain and its end, in one traffic.

    `measured` are the sides of every set of changes that has rows. A state before an update of
    the engine has the rows that came after it, moved back by what points gained that were run
    before the day and after it, and exists only where there is such a point.
    """

    name: str
    factors: tuple[Factor, ...]
    measured: Mapping[Cell, Side]
    like: "Cells | None" = None  # what these cells were mapped from
    _made: dict = field(default_factory=dict)

    def __repr__(self):
        changes = ", ".join(one.name for one in self.factors)
        return f"<Cells: {self.name}; {changes}; {len(self.sides)} cells>"

    def _kept(self, cell: Cell) -> bool:
        """Whether a cell is as it was before the cells were mapped."""
        return self.like is not None and self.measured[cell] is self.like.measured[cell]

    @cached_property
    def back(self) -> dict[Cell, np.ndarray]:
        """The log gains, one a point, by which each cell lies behind its own rows."""
        found = {}
        for cell, side in self.measured.items():
            if self._kept(cell):
                if cell in self.like.back:
                    found[cell] = self.like.back[cell]
                continue
            gains, exists = np.array([]), len(side) > 0
            for one in self.factors:
                if one.until and one.name not in cell and exists:
                    gains = gains_since(side, one.until)
                    exists = len(gains) > 0
            if exists:
                found[cell] = gains
        return found

    @cached_property
    def sides(self) -> dict[Cell, Side]:
        """The side of each cell that exists, moved back where the cell is."""
        found = {}
        for cell, gains in self.back.items():
            if self._kept(cell):
                found[cell] = self.like.sides[cell]
            elif len(gains):
                factor = float(np.exp(-gains.mean()))
                found[cell] = self.measured[cell].changed(factor=factor)
            else:
                found[cell] = self.measured[cell]
        return found

    @cached_property
    def lattice(self) -> Lattice | None:
        """The cells that lie on a possible order; None where there is no order."""
        return _lattice(tuple(one.name for one in self.factors), frozenset(self.sides))

    @cached_property
    def fronts(self) -> list[curves.Frontier]:
        """The frontier of each cell of the lattice, in its order."""
        return [self.sides[cell].frontier for cell in self.lattice.cells]

    @cached_property
    def configurations(self) -> tuple:
        """The codes of the configurations on any cell's frontier."""
        cells = self.lattice.cells if self.lattice else ()
        return tuple(dict.fromkeys(code for cell in cells for code in self.sides[cell].on_front))

    @cached_property
    def floor_at(self) -> float:
        """The interactivity at which the start falls below its floor."""
        start = self.fronts[0]
        return float(start.interactivity[start.throughput >= self.sides[Cell()].floor][-1])

    @cached_property
    def range(self) -> tuple[float, float] | None:
        """The interactivity that all cells share, up to the floor of the start."""
        if self.lattice is None:
            return None
        low = max(front.low for front in self.fronts)
        high = min(self.floor_at, *(front.high for front in self.fronts))
        return (low, high) if low < high else None

    @cached_property
    def untested(self) -> str:
        """Why the gain cannot be split, empty where it can."""
        if self.lattice is None:
            return "no order of the changes was measured"
        if self.range is None:
            return "its states share no speed"
        states = {
            (self.sides[c].positions.tobytes(), self.sides[c].factor) for c in self.lattice.cells
        }
        if len(states) < len(self.lattice.cells):
            return "two of its states are the same rows"
        width = np.log(self.range[1] / self.range[0])
        ends = [np.log(front.high / front.low) for front in (self.fronts[-1], self.fronts[0])]
        if width < LEAST_SHARE * max(ends):
            return "too thin: its states share a sliver of the speeds"
        return ""

    def means(self, how: str) -> np.ndarray:
        """Return the mean log gain of each cell over the start, on the range that all share."""
        start = self.fronts[0]

        def mean(front):
            return np.log(curves.mean_over(front, start, *self.range, how))

        return self._by_cell(("means", how), mean)

    def line(self, how: str) -> np.ndarray:
        """Return the log gain of each cell on `grid`, (cells, n)."""
        start = self.fronts[0].at(self.grid, how)
        return self._by_cell(("line", how), lambda front: np.log(front.at(self.grid, how) / start))

    def _by_cell(self, key, make) -> np.ndarray:
        """Return what is made of every cell's frontier; taken over where range and start are."""

        def stacked():
            like = self.like
            if like is None or like.range != self.range or like.fronts[0] is not self.fronts[0]:
                return np.array([make(front) for front in self.fronts])
            known = dict(zip(like.lattice.cells, like._made.get(key, ()), strict=False))
            cells = self.lattice.cells
            return np.array(
                [
                    known[cell] if cell in known and self._kept(cell) else make(front)
                    for cell, front in zip(cells, self.fronts, strict=True)
                ]
            )

        return self.once(key, stacked)

    @cached_property
    def grid(self) -> np.ndarray:
        """The interactivities of `line`, evenly spaced in the logarithm."""
        return np.geomspace(*self.range, GRID)

    @cached_property
    def noisy(self) -> np.ndarray:
        """The mean log gain of each cell in every draw of run noise, (cells, replicates)."""
        back = [self.back[cell] for cell in self.lattice.cells]
        off = [gains - gains.mean() for gains in back if len(gains) > 1]
        spread = float(np.std(np.concatenate(off))) if off else 0.0
        random, drawn = np.random.default_rng(0), []
        for cell, gains in zip(self.lattice.cells, back, strict=True):
            draws = self.sides[cell].draws
            if len(gains):
                sigma = self.sides[cell].rows.sigma[self.sides[cell].positions].max()
                error = max(spread, np.sqrt(2) * sigma) / np.sqrt(len(gains))
                draws = draws.moved(error * random.standard_normal((len(draws.x), 1)))
            drawn.append(draws)
        means = curves.step_means(drawn, high=self.floor_at)
        return means - means[0]

    def mapped(self, change: Change) -> "Cells":
        """Return the cells with every side changed; itself where none is another."""

        def made():
            measured = {cell: applied(change, side) for cell, side in self.measured.items()}
            same = all(measured[cell] is side for cell, side in self.measured.items())
            return self if same else replace(self, measured=measured, like=self, _made={})

        return self.once(change, made)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Split(Comparison):
    """The share of one gain that some changes have: which (a choice), and what a share means.

    Without an `order` averaged over the possible orders of the changes; else in the order that
    gives least, or most.
    """

    cells: Cells
    group: tuple[str, ...]
    meaning: str = "log"
    order: str = ""
    kind: ClassVar[str] = "readings"

    @property
    def untested(self) -> str:
        """Why the gain cannot be split."""
        return self.cells.untested

    @property
    def sides(self) -> dict[str, Side]:
        """The rows by cell, the start first."""
        cells = self.cells
        return {in_words(cell, cells.factors): side for cell, side in cells.sides.items()}

    @property
    def range(self) -> tuple[float, float] | None:
        """The interactivity that all cells share."""
        return self.cells.range

    @cached_property
    def line(self) -> Line:
        """The share over interactivity."""
        return Line(self.cells.grid, *(self._share(self.cells.line(how)) for how in HOWS))

    @property
    def configurations(self) -> tuple:
        """The codes of the configurations on any cell's frontier."""
        return self.cells.configurations

    def once(self, key, make):
        """Return what is made under a key, made once for all claims that split the same gain."""
        return self.cells.once((key, self.group, self.meaning, self.order), make)

    def mapped(self, change):
        """Return the split with every cell changed; the cells are changed once for all choices."""
        cells = self.cells.mapped(change)
        return self if cells is self.cells else replace(self, cells=cells)

    def value(self, how="step", *, form="", at=None):
        """Return the share of the mean log gains."""
        return float(self._share(self.cells.means(how)))

    def draws(self, *, form="", at=None):
        """Return the share in every draw of run noise."""
        return self._share(self.cells.noisy)

    def orders(self) -> dict[str, "Split"]:
        """Return the split in the order of the changes that gives least, and that gives most."""
        return {name: replace(self, order=name) for name in ORDERS}

    def _share(self, values):
        lattice, options = self.cells.lattice, {"meaning": self.meaning}
        if not self.order:
            return attribution.share(lattice, values, self.group, **options)
        ends = attribution.share_band(lattice, values, self.group, **options)
        return ends[ORDERS.index(self.order)]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Limit(Comparison):
    """Two published results at one latency limit, the same limit and not the same speed."""

    results: pd.DataFrame  # the row above, then the row below; see `published.mlperf`
    factor: float = 1.0
    tier: ClassVar[str] = "limit"
    kind: ClassVar[str] = "results at a limit"
    sources: ClassVar[tuple[str, ...]] = ("mlperf",)

    def value(self, how="step", *, form="", at=None):
        """Return the ratio of the two results."""
        above, below = self.results["output_throughput_per_gpu"]
        return float(above / below * self.factor)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Statement(Comparison):
    """One stated part over the whole: `rows` are the part's, then the whole's."""

    rows: pd.DataFrame
    tier: ClassVar[str] = "stated"
    kind: ClassVar[str] = "filings"
    sources: ClassVar[tuple[str, ...]] = ("filings",)

    @property
    def known_by(self) -> pd.Timestamp:
        """The end of the year that the filing is of."""
        return self.rows["period_end"].max()

    def value(self, how="step", *, form="", at=None):
        """Return the part over the whole, between 0 and 1."""
        return self._over(0, 0)

    def bounds(self):
        """Return the least and the largest share that the rounding of the filing allows."""
        return self._over(-1, 1), self._over(1, -1)

    def _over(self, part, whole):
        value, step = (self.rows[name].to_numpy() for name in ("value", "resolution"))
        if len(value) == 1:  # stated as a share
            return float(value[0])
        return float((value[0] + part * step[0]) / (value[1] + whole * step[1]))


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Modelled(Comparison):
    """One modelled system over another: what the calibrated serving model says."""

    basis: Basis
    top: serving.System
    bottom: serving.System
    tier: ClassVar[str] = "modelled"
    kind: ClassVar[str] = "modelled comparisons"
    sources: ClassVar[tuple[str, ...]] = ("serving_fit", "serving_validation")

    @property
    def untested(self) -> str:
        """Why there is no number."""
        return "" if len(self.curve) > 1 else "the modelled frontiers share nothing above the floor"

    @property
    def curve(self) -> pd.DataFrame:
        """The ratio: `interactivity`, `ratio`, `low`, `high`, `extrapolated`; see `modelled`."""
        return _modelled(self.basis, self.top, self.bottom)

    @property
    def range(self):
        """The interactivity that the modelled frontiers share above the floor."""
        x = self.curve["interactivity"]
        return (float(x.iloc[0]), float(x.iloc[-1])) if len(x) else None

    @property
    def line(self):
        """The modelled ratio; a model has no points, so both curves are the same."""
        x, ratio = (self.curve[name].to_numpy() for name in ("interactivity", "ratio"))
        return Line(x, ratio, ratio)

    @property
    def extrapolated(self) -> float:
        """The share of the range that lies outside what the model was checked on."""
        return float(self.curve["extrapolated"].mean())

    def value(self, how="step", *, form="", at=None):
        """Return the mean ratio over log interactivity."""
        if form == "up-to":
            return float(self.curve["ratio"].max())
        return self._mean("ratio")

    def bounds(self):
        """Return the means of the pointwise bounds, wider than the bounds of the mean."""
        return self._mean("low"), self._mean("high")

    def _mean(self, column):
        x, values = (np.log(self.curve[name].to_numpy()) for name in ("interactivity", column))
        return float(np.exp(np.trapezoid(values, x) / (x[-1] - x[0])))


MODEL_DRAWS = 200  # they share the refits of the constants, so more draws cost little


def system(specification: Mapping, traffic: str, /) -> serving.System:
    """Return the modelled system of a specification in a traffic such as ``8192/1024``."""
    isl, osl = map(int, traffic.split("/"))
    try:
        return serving.System(isl=isl, osl=osl, **specification)
    except TypeError as error:
        raise UsageError(f"{specification} is no system: {error}") from None


@lru_cache(maxsize=4096)
def _lattice(names, cells) -> Lattice | None:
    """Return the lattice of cells, None where no order leads through them."""
    try:
        return Lattice(names, cells)
    except UsageError:
        return None


@lru_cache(maxsize=256)
def _modelled(basis, top, bottom) -> pd.DataFrame:
    """Return the modelled ratio where both frontiers go on and the denominator is above its floor.

    Points at which one frontier ends in some draws, so that the interval is open, are left out.
    """
    output = basis.metric.startswith("output")
    fronts = [
        curves.Frontier(found["interactivity"], found[basis.metric])
        for found in map(serving.front, (top, bottom))
    ]
    # The floor is one per GPU, as the modelled frontiers are.
    peak, counted = fronts[1].throughput[0], basis.counted(bottom.isl, bottom.osl)
    shared = curves.shared_range(*fronts, floor=float(curves.sound_from(peak, counted)))
    if shared is None or shared[0] == shared[1]:
        return pd.DataFrame(columns=["interactivity", "ratio", "low", "high", "extrapolated"])
    grid = np.geomspace(*shared, 48)
    found = serving.ratio_interval(top, bottom, grid, draws=MODEL_DRAWS, output_tokens=output)
    factor = basis.factor(top.hardware) / basis.factor(bottom.hardware)
    found[["ratio", "low", "high"]] *= factor
    closed = np.isfinite(found["high"]) & (found["low"] > 0) & found["ratio"].notna()
    return found[closed].reset_index(drop=True)


def gains_since(side: Side, day, /) -> np.ndarray:
    """Return the log gain in interactivity of every point run both up to a day and after it.

    A point is a configuration at one concurrency; its best up to the day against its best after
    it. Interactivity and not throughput, because time in which nobody was served, when it leaves
    the timed window, looks like throughput. Undated rows have no part in it.
    """
    date = side.rows.column("date")[side.positions]
    concurrency = side.rows.column("concurrency")[side.positions].astype(np.uint64)
    dated = ~np.isnat(date)
    early = date[dated] <= np.datetime64(pd.Timestamp(day))
    # One number a point: a hash, whose odd multiple keeps concurrencies apart.
    point = side.configuration[dated] + np.uint64(0x9E3779B97F4A7C15) * concurrency[dated]
    _, which = np.unique(point, return_inverse=True)
    best = np.full((2, which.max(initial=-1) + 1), -np.inf)
    np.maximum.at(best, (np.where(early, 0, 1), which), np.log(side.x[dated]))
    both = np.isfinite(best).all(axis=0)
    return best[1, both] - best[0, both]


def in_words(cell: Cell, factors, /) -> str:
    """Return the changes of a cell in the order of the factors; the start has none."""
    return " + ".join(one.name for one in factors if one.name in cell) or "start"


def every_cell(factors, /) -> list[Cell]:
    """Return every set of changes that can exist, the start first, smaller before larger."""
    names = [one.name for one in factors]
    sets = [
        Cell(name for i, name in enumerate(names) if code >> i & 1)
        for code in range(1 << len(names))
    ]
    possible = [c for c in sets if all(set(one.after) <= c for one in factors if one.name in c)]
    return sorted(possible, key=len)


def limit(specification: Mapping, basis: Basis, /) -> list[Limit]:
    """Return published pairs at one latency limit: within each round, and across rounds.

    `specification` names `model`, `scenario`, and `above` and `below` as lists of accelerators.
    Across rounds the newest result above stands over the newest below, where the rounds differ.
    """
    above, below = specification["above"], specification["below"]
    found = published.mlperf(specification["model"], accelerators=(above, below))
    found = found[found["scenario"] == specification["scenario"]].sort_values("date", kind="stable")
    tops, bottoms = (found[found["hardware"] == key] for key in (above, below))
    first = specification.get("first")  # newest over oldest, on the same accelerator
    labels, made = specification["labels"], []
    for _, top in tops.iterrows():
        same = bottoms[bottoms["round"] == top["round"]]
        pair = bottoms.head(1) if first else same.tail(1) if len(same) else bottoms.tail(1)
        if pair.empty or (first and top["round"] == pair["round"].iloc[0]):
            continue
        bottom, within = pair.iloc[0], len(same) > 0 and not first
        made.append(
            Limit(
                above=labels[0],
                below=labels[1],
                unit="x",
                attributes={
                    "model": specification["model"],
                    "accelerator": labels[0],
                    "traffic": f"MLPerf {specification['scenario']}",
                    "rounds": top["round"] if within else f"{top['round']} over {bottom['round']}",
                    "across": "" if within else "across rounds",
                },
                results=pd.DataFrame([top, bottom]),
                factor=basis.factor(above) / basis.factor(below) if basis.per != "J" else np.nan,
            )
        )
    return made


def statement(specification: Mapping, /) -> Statement:
    """Return a stated share: of a `quantity`, a `part` in a `fiscal_year`; UsageError without."""
    rows = tables.read("filings")
    for key in ("quantity", "fiscal_year"):
        rows = rows[rows[key] == specification[key]]
    part = rows[rows["part"] == specification["part"]]
    if part.empty:
        wanted = f"{specification['quantity']} of fiscal {specification['fiscal_year']}"
        known = ", ".join(rows["part"]) or "none"
        raise UsageError(
            f"no filing states '{specification['part']}' of {wanted}: there are {known}"
        )
    whole = rows[rows["part"] == "all"] if part["unit"].iloc[0] != "share" else rows.iloc[:0]
    rows = pd.concat([part, whole]).reset_index(drop=True)
    return Statement(
        above=specification["name"],
        unit="share",
        attributes={"year": str(specification["fiscal_year"])},
        rows=rows,
    )


def _row_at(side: Side, at: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Return the row behind the step curve at each interactivity, and the speed of that row.

    Empty and NaN past the end.
    """
    front, ids = side.frontier, side.rows.column("row_id")
    place = np.searchsorted(front.interactivity, at)
    rows = [str(ids[front.rows[i]]) if i < len(front) else "" for i in place]
    return rows, np.append(front.interactivity, np.nan)[place]
