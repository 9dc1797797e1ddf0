"""A frontier as a function of interactivity, and the ratio of two of them.

A front is a handful of measured points; a claim is about what lies between and beside them.
This module says what may be said there: what is attainable (a step), what is an estimate
(smooth within one configuration's own concurrency sweep, never across configurations), and
nothing past the last point. Ratios are integrated exactly, not sampled. Which rows to compare,
dates and verdicts belong to `measurements`, `shifts` and `claims`.

Units throughout: interactivity in tok/s/user; throughput in tok/s per GPU, or per MW after
`Frontier.scaled`. Ratios are plain numbers. `how` is one of

- ``"step"``: the largest throughput measured at this interactivity or a higher one;
  attainable, and constant left of the first point;
- ``"semilog"``: an estimate, log throughput linear in interactivity between the points of one
  configuration;
- ``"monotone"``: an estimate, Steffen's monotone cubic (1990) on linear axes, as d3's
  ``curveMonotoneX``, which the public InferenceX charts draw.

Estimates are made configuration by configuration and then enveloped together with the step.

>>> new = Frontier([50, 100], [400, 200])
>>> old = Frontier([50, 100], [200, 50])
>>> ratio(new, old, [50, 60, 101])
array([ 2.,  4., nan])
>>> round(geometric_mean(new, old), 12)
4.0
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from frontier.curves.pareto import is_nondominated, is_nondominated_within_sets
from frontier.data.words import number
from frontier.errors import UsageError, among

How = Literal["step", "semilog", "monotone"]
Floats = NDArray[np.float64]

_MODES = ("step", "semilog", "monotone")
_TIE = 1e-12  # relative; curves this close are one curve
_PARTS = 8  # a cubic piece is cut into this many parts to find where it crosses another
_BEYOND_NOISE = 8  # sigmas; a point this far below others does not rise to the front
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)
UNIT = "tok/s/GPU"  # of throughput, where nothing else is said
_UNITS = {"throughput_per_gpu": UNIT, "output_throughput_per_gpu": f"output {UNIT}"}


@dataclass(frozen=True, init=False, eq=False, repr=False)
class Frontier:
    """The nondominated points of one system, and the function of interactivity they define.

    Args:
        interactivity: n values in tok/s/user, any order.
        throughput: n values in tok/s per GPU (or MW).
        configurations: n labels; points of one label are one concurrency sweep, and estimates
            run only between those. By default all points are one configuration.
        rows: n labels by which to trace a point; by default its position.
        unit: of throughput, for what is shown; nothing is computed from it.

    Raises:
        ValueError: on no points, unequal lengths, or a value that is not a positive finite
            number (names the row).

    >>> front = Frontier([50, 100, 80], [400, 200, 150])
    >>> front
    <Frontier: 2 of 3 points, 1 configuration; 50 to 100 tok/s/user, 400 to 200 tok/s/GPU>
    >>> front.at([50, 60, 101])
    array([400., 200.,  nan])
    """

    interactivity: Floats  #: the attainable front, increasing, tok/s/user
    throughput: Floats  #: its throughput, decreasing
    _x: Floats  # every point given, dominated ones too: under noise they may rise
    _y: Floats
    _configuration: NDArray[np.int64]
    _labels: NDArray
    _front: NDArray[np.intp]  # which of the points are the front
    unit: str = UNIT  #: of throughput

    def __init__(
        self,
        interactivity: ArrayLike,
        throughput: ArrayLike,
        *,
        configurations: ArrayLike | None = None,
        rows: Sequence | None = None,
        unit: str = UNIT,
    ):
        given = {"interactivity": interactivity, "throughput": throughput}
        x, y = (_numbers(values, name) for name, values in given.items())
        labels = np.arange(x.size) if rows is None else pd.Series(rows).to_numpy(copy=True)
        codes = np.zeros(x.shape, np.int64)
        if configurations is not None:
            codes = pd.Series(configurations).factorize(use_na_sentinel=False)[0]
        if x.ndim != 1 or not x.shape == y.shape == labels.shape == codes.shape:
            raise ValueError(
                f"interactivity {x.shape}, throughput {y.shape}, rows {labels.shape} and "
                f"configurations {codes.shape} must be one-dimensional and equally long"
            )
        if not len(x):
            raise ValueError(
                "a frontier needs at least one point; there are no rows: "
                "measurements.select says what there is to select"
            )
        for name, values in (("interactivity", x), ("throughput", y)):
            if not (good := np.isfinite(values) & (values > 0)).all():
                bad = np.flatnonzero(~good)[0]
                raise ValueError(
                    f"row {labels[bad]}, {name}: {values[bad]} is not a positive finite number; "
                    "drop the row"
                )
        self._set(x, y, codes, labels)
        self.__dict__["unit"] = unit

    def _set(self, x, y, codes, labels, front=None):
        """Store the points and the front cut from them (or given, as a mask), read-only."""
        if front is None:
            front = is_nondominated(np.column_stack([x, y]))
        front = np.flatnonzero(front)
        front = front[x[front].argsort()]
        new = {"interactivity": x[front], "throughput": y[front], "_x": x, "_y": y}
        for values in new.values():
            values.flags.writeable = False
        # Past the frozen dataclass's guard, which is meant for the user.
        self.__dict__.update(new, _configuration=codes, _labels=labels, _front=front)

    @classmethod
    def _of(cls, *arrays, unit=UNIT) -> "Frontier":
        """Make a frontier of arrays known to be sound (new ones, not the caller's)."""
        made = object.__new__(cls)
        made._set(*arrays)
        made.__dict__["unit"] = unit
        return made

    @classmethod
    def from_points(
        cls,
        frame: pd.DataFrame,
        /,
        by: str | Sequence[str] | None = None,
        *,
        throughput: str = "throughput_per_gpu",
        scale: float = 1.0,
        repeats: Literal["best", "mean", "latest"] = "best",
        unit: str | None = None,
    ) -> "Frontier":
        """Make the frontier of a frame's rows: one curve per configuration, then their envelope.

        Args:
            frame: rows with `interactivity` and the throughput column.
            by: the columns that fix a configuration (missing values are values here); by
                default those of ``measurements.CONFIGURATION`` that the frame has.
            throughput: the column of throughput.
            scale: factor on throughput, such as GPUs per MW.
            repeats: what to do with rows of one configuration and one `concurrency`.
                ``"best"`` lets each stand, so the best rows make the front: repeats of
                different dates are different software, and the best state that was ever
                measured stays attainable. ``"mean"`` takes their geometric mean, for repeats
                of one state (the best of several noisy runs is biased up by about the noise);
                ``"latest"`` takes the last by `date`, undated rows before dated ones.
            unit: of throughput as it is shown; by default that of the column.

        Raises:
            UsageError: when a column is not in the frame, or what is given is no frame.
            ValueError: as the constructor, naming the frame's index label.

        >>> from frontier.data import measurements
        >>> rows = measurements.load_measurements()
        >>> node = measurements.select(rows, model="deepseek-r1", hardware="h200", single_node=True)
        >>> Frontier.from_points(node).at(50).round() > 0
        np.True_
        """
        if not isinstance(frame, pd.DataFrame):
            raise UsageError(
                f"from_points takes a pandas.DataFrame, as load_measurements() gives, not a "
                f"{type(frame).__name__}; Frontier(interactivity, throughput) takes two lists"
            )
        if by is None:
            from frontier.data.measurements import CONFIGURATION

            by = [name for name in CONFIGURATION if name in frame]
        by = [by] if isinstance(by, str) else by
        if repeats not in ("best", "mean", "latest"):
            raise UsageError(f"repeats is {repeats!r}; expected best, mean or latest")
        needed = ["interactivity", throughput, *by]
        needed += {"best": [], "mean": ["concurrency"], "latest": ["concurrency", "date"]}[repeats]
        if missing := [name for name in needed if name not in frame]:
            raise UsageError(
                f"the frame has no column {', '.join(missing)}: {among(missing[0], frame.columns)}"
            )
        x, y = (frame[name].to_numpy(float, na_value=np.nan) for name in needed[:2])
        if unit is None:
            unit = _times(_UNITS.get(throughput, throughput), scale)
        codes = _codes(frame, by)
        whole = cls(x, y * scale, configurations=codes, rows=frame.index, unit=unit)
        if repeats == "best":
            return whole
        cells = _codes(frame, [*by, "concurrency"])
        if repeats == "latest":
            dates = frame["date"].reset_index(drop=True)
            order = dates.sort_values(kind="stable", na_position="first").index.to_numpy()
            keep = np.sort(pd.Series(order).groupby(cells[order]).last().to_numpy())
            return cls._of(*(values[keep] for values in whole._arrays), unit=unit)
        _, first, cell, count = np.unique(
            cells, return_index=True, return_inverse=True, return_counts=True
        )
        x, y = (np.exp(np.bincount(cell, np.log(v)) / count) for v in (whole._x, whole._y))
        return cls._of(x, y, whole._configuration[first], whole._labels[first], unit=unit)

    @property
    def _arrays(self):
        return self._x, self._y, self._configuration, self._labels

    @property
    def rows(self) -> tuple:
        """The labels of the front's points, such as the frame's index labels."""
        return tuple(self._labels[self._front].tolist())

    @property
    def low(self) -> float:
        """The front's first interactivity: nothing is claimed left of it."""
        return float(self.interactivity[0])

    @property
    def high(self) -> float:
        """The front's last interactivity: nothing is known right of it."""
        return float(self.interactivity[-1])

    @property
    def curves(self) -> tuple[tuple[Floats, Floats], ...]:
        """Each configuration's own front as (interactivity, throughput), in input order."""
        x, y, starts = self._fronts
        return tuple(zip(np.split(x, starts[1:]), np.split(y, starts[1:]), strict=True))

    @cached_property
    def _fronts(self):
        """Return x and y of all configurations' fronts, joined, and where each starts."""
        points = np.column_stack([self._x, self._y])
        keep = is_nondominated_within_sets(points, sets=self._configuration)
        x, y, codes = self._x[keep], self._y[keep], self._configuration[keep]
        order = np.lexsort((x, codes))
        x, y, codes = x[order], y[order], codes[order]
        return x, y, np.flatnonzero(np.diff(codes, prepend=-1))

    @cached_property
    def _made(self) -> dict:
        """The curves already made, by `how`."""
        return {}

    def at(self, interactivity: ArrayLike, how: How = "step") -> np.float64 | Floats:
        """Return the throughput at each interactivity, in the shape given.

        NaN right of the last point; left of the first, the step is constant and an estimate
        is NaN.

        >>> front = Frontier([50, 100], [400, 100])
        >>> float(front.at(75)), round(float(front.at(75, "semilog")), 6)
        (100.0, 200.0)
        """
        x = _numbers(interactivity, "interactivity")
        position = np.searchsorted(self.interactivity, x)  # a NaN sorts past the end
        value = np.append(self.throughput, np.nan)[position]
        if _checked(how) != "step":
            value = np.fmax(value, _curve(self, how).value(x))
            value = np.where(x < self.low, np.nan, value)[()]
        return value

    def scaled(self, factor: float, *, unit: str | None = None) -> "Frontier":
        """Return this frontier with throughput times `factor`, such as GPUs per MW.

        >>> Frontier([50, 100], [400, 200]).scaled(1000 / 2.1, unit="tok/s/MW")
        <Frontier: 2 of 2 points, 1 configuration; 50 to 100 tok/s/user, 190,000 to 95,200 tok/s/MW>
        """
        if not 0 < factor < np.inf:
            raise ValueError(f"factor is {factor}; expected a positive finite number")
        x, y, codes, labels = self._arrays
        unit = _times(self.unit, factor) if unit is None else unit
        return Frontier._of(x, y * factor, codes, labels, unit=unit)

    def __len__(self) -> int:
        return len(self.interactivity)

    @property
    def words(self) -> str:
        """The frontier in a sentence: how many points, from where to where, with units."""
        many = len(np.unique(self._configuration))
        return (
            f"{len(self)} of {len(self._x)} points, {many} configuration{'s' * (many != 1)}; "
            f"{number(self.low)} to {number(self.high)} tok/s/user, "
            f"{number(self.throughput[0])} to {number(self.throughput[-1])} {self.unit}"
        )

    def __repr__(self) -> str:
        return f"<Frontier: {self.words}>"

    def _repr_html_(self) -> str:
        # Only here does a curve need to be drawn; nothing else in this module knows of figures.
        from frontier.figures import prompt

        return prompt.card(self)


def frontiers(
    frame: pd.DataFrame, keys: Sequence[str], /, *, throughput: str = "throughput_per_gpu"
) -> dict[tuple, Frontier]:
    """Return the frontier of every group of rows, by the values of `keys`, in sorted order.

    Each is what `Frontier.from_points` makes of the group's rows (its configurations are those
    of ``measurements.CONFIGURATION`` that the frame has). The columns are looked at once for
    all groups, which makes a table of many rows some tens of times faster than group by group.

    Raises:
        UsageError: when a column is not in the frame.
        ValueError: as `Frontier`, naming the frame's index label.
    """
    from frontier.data.measurements import CONFIGURATION

    needed = [*keys, "interactivity", throughput]
    if missing := [name for name in needed if name not in frame]:
        raise UsageError(f"the frame has no column {', '.join(missing)}")
    if frame.empty:
        return {}
    x, y = (frame[name].to_numpy(float, na_value=np.nan) for name in needed[-2:])
    groups = _codes(frame, keys)
    configurations = _codes(frame, [name for name in CONFIGURATION if name in frame])
    # One check and one front of all rows, then the rows of each group beside each other.
    whole = Frontier(x, y, configurations=configurations, rows=frame.index)
    front = is_nondominated_within_sets(np.column_stack([x, y]), sets=groups)
    order = groups.argsort(kind="stable")
    cuts = np.flatnonzero(np.diff(groups[order])) + 1
    arrays = [np.split(values[order], cuts) for values in (*whole._arrays, front)]
    first = order[np.concatenate([[0], cuts])]
    names = frame[list(keys)].iloc[first].itertuples(index=False, name=None)
    made = {
        name: Frontier._of(*(part.copy() for part in parts))
        for name, *parts in zip(names, *arrays, strict=True)
    }
    return dict(sorted(made.items(), key=lambda item: tuple(map(str, item[0]))))


class Stretch(NamedTuple):
    """A connected interval of interactivity in which a ratio keeps within bounds."""

    low: float  #: tok/s/user; for a step not itself inside, unless the shared range starts here
    high: float  #: tok/s/user
    share: float  #: of the whole shared range (before any floor), in log interactivity
    numerator_points: int  #: points of the numerator's attainable front inside
    denominator_points: int  #: the same of the denominator


class Extremes(NamedTuple):
    """The worst and the best ratio over a range, and where (there, or just right of there)."""

    worst: float
    worst_at: float
    best: float
    best_at: float


def shared_range(
    numerator: Frontier,
    denominator: Frontier,
    /,
    *,
    low: float | None = None,
    high: float | None = None,
    floor: float | None = None,
    how: How = "step",
) -> tuple[float, float] | None:
    """Return the interactivities that both fronts cover, or None where there are none.

    From the larger of the two first points to the smaller of the two last, within `low` and
    `high` where given, and up to where the denominator (which only falls) goes below `floor`.

    >>> shared_range(Frontier([50, 100], [400, 200]), Frontier([20, 80], [100, 50]))
    (50.0, 80.0)
    """
    _are_frontiers(numerator, denominator)
    start = max(numerator.low, denominator.low, low or 0)
    end = min(numerator.high, denominator.high, np.inf if high is None else high)
    if floor is not None:
        end = min(end, _curve(denominator, how).last_at_least(floor))
    return (start, end) if start <= end else None


def coverage(a: Frontier, b: Frontier, /) -> tuple[float, float]:
    """Return the share of each front's own log range that both cover (a point counts whole).

    >>> coverage(Frontier([10, 100], [4, 2]), Frontier([1, 100], [4, 2]))
    (1.0, 0.5)
    """
    shared = shared_range(a, b)
    if shared is None:
        return 0.0, 0.0
    width = np.log(shared[1] / shared[0])
    own = [np.log(one.high / one.low) for one in (a, b)]
    return tuple(float(width / log_range) if log_range else 1.0 for log_range in own)


def ratio(
    numerator: Frontier,
    denominator: Frontier,
    at: ArrayLike,
    *,
    floor: float | None = None,
    how: How = "step",
) -> np.float64 | Floats:
    """Return numerator over denominator at each interactivity, in the shape of `at`.

    NaN outside `shared_range` and where the denominator is below `floor` (its unit).

    >>> ratio(Frontier([50, 100], [400, 200]), Frontier([50, 100], [200, 50]), at=[50, 75, 120])
    array([ 2.,  4., nan])
    """
    _are_frontiers(numerator, denominator)
    x = np.asarray(at, dtype=float)
    below = denominator.at(x, how)
    inside = (x >= max(numerator.low, denominator.low)) & (below >= (floor or 0))
    return np.where(inside, numerator.at(x, how) / below, np.nan)[()]


def geometric_mean(
    numerator: Frontier,
    denominator: Frontier,
    *,
    low: float | None = None,
    high: float | None = None,
    floor: float | None = None,
    how: How = "step",
) -> float:
    """Return exp of the mean log ratio with respect to d log(interactivity).

    Over `shared_range` with the same options, which is what to print beside it; NaN where that
    is None, the ratio where it is a point. Exact for step and semilog (their integrals are
    closed forms, piece by piece); within about 1e-6 for monotone.

    >>> new = Frontier([10, 100, 1000], [400, 200, 25])
    >>> old = Frontier([10, 100, 1000], [400, 100, 25])
    >>> round(geometric_mean(new, old), 6)  # twice it on half of the log range
    1.414214
    """
    covered = shared_range(numerator, denominator, low=low, high=high, floor=floor, how=how)
    if covered is None:
        return np.nan
    start, end = covered
    if start == end:
        return float(ratio(numerator, denominator, start, how=how))
    above, below = (_curve(one, how).log_integral(start, end) for one in (numerator, denominator))
    return float(np.exp((above - below) / np.log(end / start)))


def extremes(
    numerator: Frontier,
    denominator: Frontier,
    *,
    low: float | None = None,
    high: float | None = None,
    floor: float | None = None,
    how: How = "step",
) -> Extremes:
    """Return the worst and the best ratio over `shared_range`, limits from the right included.

    The worst is the multiplicative epsilon: the factor that is guaranteed everywhere. The best
    is biased under noise and scatters about ten times more than the mean: never a headline.

    >>> extremes(Frontier([50, 100], [400, 200]), Frontier([50, 100], [200, 50]))
    Extremes(worst=2.0, worst_at=50.0, best=4.0, best_at=100.0)
    """
    covered = shared_range(numerator, denominator, low=low, high=high, floor=floor, how=how)
    if covered is None:
        return Extremes(np.nan, np.nan, np.nan, np.nan)
    edges, right_of, at = _edges(numerator, denominator, covered, how)
    x = np.concatenate([edges, edges[:-1]])
    values = np.concatenate([at(edges), right_of(edges[:-1])])
    least, most = values.argmin(), values.argmax()
    return Extremes(*map(float, (values[least], x[least], values[most], x[most])))


def stretches(
    numerator: Frontier,
    denominator: Frontier,
    *,
    at_least: float = 0.0,
    at_most: float = np.inf,
    low: float | None = None,
    high: float | None = None,
    floor: float | None = None,
    how: How = "step",
) -> list[Stretch]:
    """Return where the ratio lies between `at_least` and `at_most`, in rising interactivity.

    A gain of 25 is met where ``at_least=25``; a drop of 11 within a factor of 1.25 where
    ``at_least=11 / 1.25, at_most=11 * 1.25``. Points counted are those of the two attainable
    fronts at which the ratio itself is within bounds: dominated points support no claim.

    >>> new, old = Frontier([50, 100], [400, 200]), Frontier([50, 100], [200, 50])
    >>> [(stretch.low, stretch.high) for stretch in stretches(new, old, at_least=3)]
    [(50.0, 100.0)]
    """
    whole = shared_range(numerator, denominator)
    covered = shared_range(numerator, denominator, low=low, high=high, floor=floor, how=how)
    if covered is None:
        return []
    edges, right_of, at = _edges(numerator, denominator, covered, how)
    if len(edges) > 1:
        for bound in (at_least, at_most):
            edges = np.union1d(edges, _crossings(edges, right_of, at, bound)[1])
        middle = at((edges[:-1] + edges[1:]) / 2)
    else:
        edges = np.repeat(edges, 2)
        middle = at(edges[:1])
    # Neighbouring pieces that are both inside are one stretch.
    inside = np.r_[False, (middle >= at_least) & (middle <= at_most), False]
    starts = edges[:-1][inside[1:-1] & ~inside[:-2]]
    ends = edges[1:][inside[1:-1] & ~inside[2:]]

    def points(front, start, end):
        x = front.interactivity[(front.interactivity >= start) & (front.interactivity <= end)]
        values = at(x)
        return int(((values >= at_least) & (values <= at_most)).sum())

    span = np.log(whole[1] / whole[0])
    return [
        Stretch(
            float(start),
            float(end),
            float(np.log(end / start) / span) if span else 1.0,
            points(numerator, start, end),
            points(denominator, start, end),
        )
        for start, end in zip(starts, ends, strict=True)
    ]


def interval(
    numerator: Frontier,
    denominator: Frontier,
    sigma: float,
    *,
    statistic: Callable = geometric_mean,
    replicates: int = 2000,
    seed: int = 0,
    level: float = 0.95,
    **options,
) -> tuple:
    """Return the percentile interval (low, high) of a statistic under run noise.

    Every measured point, dominated ones too, is multiplied in interactivity and throughput by
    one and the same lognormal factor, as noise on step time moves both; front, shared range
    and statistic are made anew each time. Run noise only: what else the answer depends on
    (interpolation, sources, configurations) is not in it.

    Args:
        numerator: the better system, by habit.
        denominator: the baseline.
        sigma: standard deviation of the log factor, pooled from repeats.
        statistic: called as ``statistic(numerator, denominator, **options)``; returns a
            number or an array, such as `geometric_mean` or ``ratio`` with ``at=50``.
        replicates: how many times to draw.
        seed: of numpy's default generator; equal seeds give equal intervals.
        level: the share of replicates inside.
        options: passed to the statistic, such as ``how="semilog", floor=100``.

    Returns:
        Numbers, or arrays of the statistic's shape. NaN where the statistic is undefined in
        more than 1 - level of the replicates (a point too near the end of a front).

    >>> new, old = Frontier([50, 100], [400, 200]), Frontier([50, 100], [200, 50])
    >>> low, high = interval(new, old, 0.02)
    >>> bool(low < geometric_mean(new, old) < high)
    True
    """
    if not 0 <= sigma < 1:
        raise ValueError(f"sigma is {sigma}; expected a share of at least 0 (0.03 is 3 %)")
    _are_frontiers(numerator, denominator)
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; expected a share between 0 and 1")
    how = None
    if statistic in (geometric_mean, ratio):
        how = _checked(options.get("how", "step"))
        numerator, denominator = (within_noise(f, sigma, how) for f in (numerator, denominator))
    # Two generators, so that the noise of one front does not depend on the other's size.
    noise = [
        jittered(front, sigma, generator, replicates)
        for front, generator in zip(
            (numerator, denominator), np.random.default_rng(seed).spawn(2), strict=True
        )
    ]
    if statistic is geometric_mean and how == "step" and options.get("floor") is None:
        # The headline is asked for most; as arrays 2,000 draws take 20 ms instead of 460.
        means = step_means(noise, low=options.get("low"), high=options.get("high"))
        draws = np.exp(means[0] - means[1])
    else:
        fronts = (_refronted(f, xy) for f, xy in zip((numerator, denominator), noise, strict=True))
        draws = np.array([statistic(*pair, **options) for pair in zip(*fronts, strict=True)])
    undefined = np.isnan(draws)
    tails = [(1 - level) / 2, (1 + level) / 2]
    usable = undefined.mean(axis=0) <= 1 - level
    draws = np.where(undefined & ~usable, 0.0, draws)  # spares nanquantile an all-NaN slice
    low, high = np.where(usable, np.nanquantile(draws, tails, axis=0), np.nan)
    return low[()], high[()]


def ratio_band(
    numerator: Frontier, denominator: Frontier, sigma: float, at: ArrayLike, **options
) -> tuple[Floats, Floats]:
    """Return `interval` of `ratio` at each interactivity of `at`: a pointwise band."""
    x = np.asarray(at, dtype=float)
    return interval(numerator, denominator, sigma, statistic=ratio, at=x, **options)


def within_noise(front: Frontier, sigma: float, how: How = "step") -> Frontier:
    """Return the frontier without points that noise of `sigma` cannot bring into its curve.

    A step is carried by its front, so a point goes when another is beyond it on both axes by a
    margin that noise does not bridge. An estimate runs between the points of a configuration, so
    a configuration goes, whole, when its curve stays below what is attainable by that margin.
    """
    margin = np.exp(_BEYOND_NOISE * np.sqrt(2) * max(sigma, 1e-9))  # above 1: no point beats itself

    def reaches(x, y):
        return ~(front.at(x * margin) >= y * margin)

    if how == "step":
        keep = reaches(front._x, front._y)
    else:
        codes = np.unique(front._configuration)  # the order of front.curves
        alive = []
        for code, (x, y) in zip(codes, front.curves, strict=True):
            own = Frontier(x, y)
            dense = np.unique(np.concatenate([np.linspace(x[0], x[-1], 16 * len(x)), x]))
            values = own.at(dense, how)
            # The curve falls, so each piece lies below and left of the corner of its ends.
            corners = np.r_[dense[1:], dense[-1]]
            if reaches(corners, values).any():
                alive.append(code)
        keep = np.isin(front._configuration, alive)
    return Frontier._of(*(values[keep] for values in front._arrays), unit=front.unit)


def jittered(front: Frontier, sigma: float, rng, replicates: int) -> tuple[Floats, Floats]:
    """Return interactivity and throughput of all points under noise, (replicates, points) each.

    Every point is multiplied on both axes by one lognormal factor of log standard deviation
    `sigma`, drawn from the generator `rng`.
    """
    factor = np.exp(sigma * rng.standard_normal((replicates, len(front._x))))
    return front._x * factor, front._y * factor


def _refronted(front: Frontier, noisy: tuple[Floats, Floats]) -> Iterator[Frontier]:
    """Yield the frontier of each row of noisy points; fronts are cut a batch at a time."""
    size = len(front._x)
    batch = max(1, 100_000 // size)
    for start in range(0, len(noisy[0]), batch):
        x, y = (values[start : start + batch] for values in noisy)
        points = np.column_stack([x.ravel(), y.ravel()])
        kept = is_nondominated_within_sets(points, sets=np.repeat(np.arange(len(x)), size))
        for one in zip(x, y, kept.reshape(x.shape), strict=True):
            yield Frontier._of(*one[:2], front._configuration, front._labels, one[2])


def step_means(
    points: Sequence[tuple[Floats, Floats]],
    /,
    *,
    low: float | None = None,
    high: float | None = None,
) -> Floats:
    """Return the mean log throughput of step curves over the range that all of them share.

    Args:
        points: of each system, interactivity and throughput of all its points, each of shape
            (replicates, n): one row a drawn state, as `jittered` gives them. Row by row the
            systems belong together.
        low: where the range starts at the earliest.
        high: where it ends at the latest.

    Returns:
        Shape (systems, replicates): the mean with respect to d log(interactivity), exact; NaN in
        rows that share no interactivity.
    """
    steps = []
    for x, y in points:
        order = np.argsort(-x, axis=1)
        x = np.take_along_axis(x, order, 1)
        y = np.maximum.accumulate(np.take_along_axis(y, order, 1), axis=1)
        first = np.take_along_axis(x, np.argmax(y == y[:, -1:], axis=1)[:, None], 1)
        steps.append((x, np.log(y), first))
    start = np.maximum.reduce([first for _, _, first in steps])
    end = np.minimum.reduce([x[:, :1] for x, _, _ in steps])
    start = np.maximum(start, low or 0)
    end = np.minimum(end, np.inf if high is None else high)
    width = np.log(end / start)[:, 0]
    means = []
    for x, log_y, _ in steps:
        # Each value holds from the next lower point, exclusive, up to its own.
        edges = np.log(np.clip(np.column_stack([x, np.zeros(len(x))]), start, end))
        whole = (log_y * -np.diff(edges, axis=1)).sum(axis=1)
        at_start = np.take_along_axis(log_y, np.maximum((x >= start).sum(1) - 1, 0)[:, None], 1)
        means.append(np.where(width > 0, whole / np.where(width > 0, width, 1), at_start[:, 0]))
    return np.where(width >= 0, np.stack(means), np.nan)


def step_values(points: tuple[Floats, Floats], at: ArrayLike, /) -> Floats:
    """Return the attainable throughput of drawn states, shape (replicates, n), NaN past the end."""
    x, y = points
    reaches = x[:, None, :] >= np.asarray(at, float)[None, :, None]
    found = np.where(reaches, y[:, None, :], -np.inf).max(axis=2)
    return np.where(np.isfinite(found), found, np.nan)


def _codes(frame: pd.DataFrame, by: Sequence[str]) -> NDArray[np.int64]:
    """Return a group code for each row, missing values being values."""
    if not len(by):
        return np.zeros(len(frame), np.int64)
    return frame.groupby(list(by), dropna=False, sort=False, observed=True).ngroup().to_numpy()


def _numbers(values: ArrayLike, name: str) -> Floats:
    """Return a new array of floats; ValueError, with the first value that is none, elsewhere."""
    try:
        return np.array(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numbers: {error}") from None


def _times(unit: str, factor: float) -> str:
    return unit if factor == 1 else f"{unit} × {number(factor)}"


def _are_frontiers(*given) -> None:
    for one in given:
        if not isinstance(one, Frontier):
            raise UsageError(
                f"expected two frontiers and got {type(one).__name__}: "
                "Frontier.from_points(rows) makes one"
            )


def _checked(how: str) -> str:
    if how not in _MODES:
        raise UsageError(f"how is {how!r}; expected one of {', '.join(_MODES)}")
    return how


def _edges(numerator, denominator, covered, how):
    """Return where the ratio may bend or jump, its limit from the right, and its value.

    Between two edges the ratio is monotone for step and semilog; cubic pieces are cut finely.
    """
    above, below = _curve(numerator, how), _curve(denominator, how)
    start, end = covered
    joined = np.union1d(above.edges, below.edges)
    edges = np.unique(np.r_[start, joined[(joined > start) & (joined < end)], end])
    if how == "monotone" and start < end:
        edges = _cut(edges, _PARTS)

    def right_of(x):
        return above.value(x, "right") / below.value(x, "right")

    def at(x):
        return above.value(x) / below.value(x)

    return edges, right_of, at


def _crossings(edges, right_of, at, bound) -> tuple[Floats, Floats]:
    """Return the neighbouring numbers between which a piece passes through `bound`."""
    rises = right_of(edges[:-1]) < bound
    inside = rises != (at(edges[1:]) < bound)
    left, right, rises = edges[:-1][inside], edges[1:][inside], rises[inside]
    for _ in range(60):
        middle = (left + right) / 2
        before = (at(middle) < bound) == rises
        left, right = np.where(before, middle, left), np.where(before, right, middle)
    return left, right


def _cut(edges: Floats, parts: int) -> Floats:
    """Cut each piece into equal parts."""
    inner = edges[:-1, None] + np.diff(edges)[:, None] * np.arange(parts) / parts
    return np.append(inner.ravel(), edges[-1])


@dataclass(frozen=True)
class _Curve:
    """A falling function of interactivity, piece by piece; each piece holds its right end.

    The first piece, from zero to the front's first point, is constant. Values are throughput;
    a piece is log-linear (constant for a step), or with slopes a cubic.
    """

    edges: Floats  # (m + 1,)
    left: Floats  # (m,) limit from the right of the left end
    right: Floats  # (m,) value at the right end
    slopes: tuple[Floats, Floats] | None = None  # at the two ends, inside the piece

    def value(self, x: Floats, side: Literal["left", "right"] = "left"):
        """Return the value, or its limit from the right; NaN past the end (and at a NaN)."""
        piece = np.searchsorted(self.edges, x, side) - 1
        known = piece < len(self.left)
        piece = np.where(known, np.maximum(piece, 0), 0)
        start, width = self.edges[piece], np.diff(self.edges)[piece]
        t = np.where(known, np.maximum(x - start, 0) / width, 0.0)
        left, right = self.left[piece], self.right[piece]
        if self.slopes is None:
            value = left * (right / left) ** t
        else:
            value = _hermite(t, left, right, *(width * slope[piece] for slope in self.slopes))
        return np.where(known, value, np.nan)

    def log_integral(self, low: float, high: float) -> float:
        """Return the integral of log(value) d log(x) from low to high, low < high."""
        a, b = np.clip(self.edges[:-1], low, high), np.clip(self.edges[1:], low, high)
        piece = np.flatnonzero(b > a)
        a, b = a[piece], b[piece]
        if self.slopes is not None:
            middle, half = np.log(b * a) / 2, np.log(b / a) / 2
            x = np.exp(middle[:, None] + half[:, None] * _NODES)
            return float(half @ np.log(self.value(x)) @ _WEIGHTS)
        start, width = self.edges[piece], np.diff(self.edges)[piece]
        left = np.log(self.left[piece])
        slope = (np.log(self.right[piece]) - left) / width
        return float(np.sum((left - slope * start) * np.log(b / a) + slope * (b - a)))

    def last_at_least(self, floor: float) -> float:
        """Return the largest x with value >= floor; -inf where there is none."""
        full = int(np.searchsorted(-self.right, -floor, side="right"))  # pieces wholly above
        if full == len(self.right):
            return float(self.edges[-1])
        if full == 0:
            return -np.inf
        if self.left[full] < floor:
            return float(self.edges[full])
        ends = self.edges[full : full + 2]
        above, _ = _crossings(ends, partial(self.value, side="right"), self.value, floor)
        return float(above[0])


def _hermite(t, left, right, slope_left, slope_right):
    """Return the cubic through two values with two slopes, all per unit of t in [0, 1]."""
    rise = right - left
    bend = slope_left + slope_right - 2 * rise
    return left + t * (slope_left + t * (3 * rise - 2 * slope_left - slope_right + t * bend))


def _curve(front: Frontier, how: How) -> _Curve:
    """Return the function that `how` makes of a frontier, made once."""
    if _checked(how) not in front._made:
        if how == "step":
            y = front.throughput
            made = _Curve(np.append(0.0, front.interactivity), y, y)
        else:
            made = _envelope(front, cubic=how == "monotone")
        front._made[how] = made
    return front._made[how]


def _envelope(front: Frontier, *, cubic: bool) -> _Curve:
    """Return the upper envelope of the configurations' estimates, from the first point on.

    Each configuration is a constant up to its first point, then its estimate, then ends. So
    the envelope is never below the step: wherever some point lies to the right, its own
    configuration's estimate is at least that high.
    """
    x, y, starts = _contenders(front)
    segments = _Segments.of(x, y, starts, cubic=cubic)
    edges = np.unique(x[x >= front.low])
    if cubic and len(edges) > 1:
        edges = _cut(edges, _PARTS)
    while len(edges) > 1:
        crossings = segments.crossings(edges)
        if not len(crossings):
            break
        edges = np.union1d(edges, crossings)
    left, right, *slopes = segments.highest(edges)
    constant = front.throughput[0]
    if slopes:
        slopes = tuple(np.append(0.0, slope) for slope in slopes)
    return _Curve(
        np.append(0.0, edges), np.append(constant, left), np.append(constant, right), slopes or None
    )


def _contenders(front: Frontier):
    """Return the configurations' fronts without those that lie wholly below the step.

    Every value between two points is below the left one; where the step at the right one is
    higher than that, the estimate never shows. Of many configurations most go.
    """
    x, y, starts = front._fronts
    above = np.roll(y, 1)
    above[starts] = y[starts]
    shows = np.logical_or.reduceat(above >= front.at(x), starts)
    lengths = np.diff(starts, append=len(x))
    keep = np.repeat(shows, lengths)
    return x[keep], y[keep], np.r_[0, np.cumsum(lengths[shows])[:-1]]


@dataclass(frozen=True)
class _Segments:
    """The estimates of all configurations as one table of segments, each of one formula."""

    x: Floats  # (n,) right end of each segment
    start: Floats  # (n,) left end; zero for a configuration's first, constant segment
    left: Floats  # (n,) log throughput at the left end, or throughput where cubic
    right: Floats
    slopes: tuple[Floats, Floats] | None  # (n,) per unit of x, where cubic
    starts: NDArray[np.intp]  # (c,) each configuration's first segment

    @classmethod
    def of(cls, x, y, starts, *, cubic):
        """Make the table from joined fronts, increasing in x within each."""
        value = y if cubic else np.log(y)
        start, left = np.roll(x, 1), np.roll(value, 1)
        start[starts], left[starts] = 0.0, value[starts]
        slopes = _steffen(x - start, value - left, starts) if cubic else None
        return cls(x, start, left, value, slopes, starts)

    def _active(self, edges):
        """Return (c, m) the segment of each configuration over each piece, and whether any."""
        lengths = np.diff(self.starts, append=len(self.x))
        configuration = np.repeat(np.arange(len(lengths)), lengths)
        cell = configuration * len(edges) + np.searchsorted(edges, self.x)
        passed = np.bincount(cell, minlength=len(lengths) * len(edges))
        passed = passed.reshape(len(lengths), -1).cumsum(axis=1)[:, :-1]
        alive = passed < lengths[:, None]
        return np.where(alive, self.starts[:, None] + passed, 0), alive

    def _ends(self, edges):
        """Return (c, m) values at both ends of each piece, -inf past a configuration's end."""
        segment, alive = self._active(edges)
        values = [np.where(alive, self._value(segment, x), -np.inf) for x in _both(edges)]
        return segment, *values

    def _value(self, segment, x):
        start, left, right = self.start[segment], self.left[segment], self.right[segment]
        width = self.x[segment] - start
        t = (x - start) / width
        if self.slopes is None:
            return left + t * (right - left)
        return _hermite(t, left, right, *(width * slope[segment] for slope in self.slopes))

    def crossings(self, edges):
        """Return where the highest curve changes inside a piece (the chords', where cubic).

        The envelope of lines is convex, so the crossing of the two that are highest at the
        ends either lies on it or shows a third line that is higher there; either way a new
        edge, and with finitely many lines there is an end to it.
        """
        _, left, right = self._ends(edges)
        piece = np.arange(len(edges) - 1)
        first, last = left.argmax(axis=0), right.argmax(axis=0)
        lead = left[first, piece] - left[last, piece]
        gain = right[last, piece] - right[first, piece]
        tie = _TIE * np.abs(right[last, piece])
        cross = np.flatnonzero((lead > tie) & (gain > tie))
        share = lead[cross] / (lead[cross] + gain[cross])
        found = edges[cross] + share * np.diff(edges)[cross]
        # A crossing that rounds to an end, or next to it, is that end.
        gap = 1e-9 * np.diff(edges)[cross] if self.slopes is None else 1e-3 * np.diff(edges)[cross]
        gap = np.maximum(gap, _TIE * found)
        return found[(found - edges[cross] > gap) & (edges[cross + 1] - found > gap)]

    def highest(self, edges):
        """Return throughput of the highest curve at both ends of each piece, and its slopes."""
        piece = np.arange(len(edges) - 1)
        segment, left, right = self._ends(edges)
        if not len(piece):
            ends = [np.zeros(0), np.zeros(0)]
            return ends if self.slopes is None else [*ends, *ends]
        winner = (left + right).argmax(axis=0)
        left, right, segment = (table[winner, piece] for table in (left, right, segment))
        if self.slopes is None:
            return np.exp(left), np.exp(right)
        return left, right, *(self._slope(segment, x) for x in _both(edges))

    def _slope(self, segment, x):
        """Return the derivative of a cubic segment, per unit of x."""
        width = self.x[segment] - self.start[segment]
        t = (x - self.start[segment]) / width
        rise = (self.right[segment] - self.left[segment]) / width
        first, last = (slope[segment] for slope in self.slopes)
        bend = first + last - 2 * rise
        return first + t * (2 * (rise - first - bend) + 3 * t * bend)


def _both(edges):
    """Return the left and the right ends of the pieces."""
    return edges[:-1], edges[1:]


def _steffen(width, rise, starts) -> tuple[Floats, Floats]:
    """Return the slopes at both ends of each segment of curves that never turn.

    Steffen, Astronomy and Astrophysics 239, 443 (1990), with the end slopes of d3's
    curveMonotoneX; a curve of two points is straight. First segments are constant.
    """
    slope = rise / width
    first = np.zeros(len(width), bool)
    first[starts] = True
    before = np.roll(slope, 1)
    parabola = np.abs(before * width + slope * np.roll(width, 1)) / (width + np.roll(width, 1))
    # At the left end of each segment; its sign is the falling curve's.
    knot = -2 * np.minimum(np.minimum(np.abs(before), np.abs(slope)), parabola / 2)
    second = np.roll(first, 1) & ~first  # starts at the curve's first point
    final = np.roll(first, -1) & ~first  # ends at its last
    left, right = knot.copy(), np.roll(knot, -1)
    left[second] = (3 * slope[second] - right[second]) / 2
    right[final] = (3 * slope[final] - left[final]) / 2
    left[second & final] = right[second & final] = slope[second & final]
    left[first] = right[first] = 0.0
    return left, right
