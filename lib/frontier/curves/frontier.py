"""A frontier as a function of interactivity: the nondominated points of one system.

A front is a handful of measured points; a claim is about what lies between and beside them. What
may be said there is in `estimates`: a step that is attainable, an estimate within one
configuration's own concurrency sweep, and nothing past the last point. Ratios of two frontiers
are in `ratios`; which rows to compare, dates and verdicts belong to the layers above.

Units throughout: interactivity in tok/s/user; throughput in tok/s per GPU, or what else the caller
gives.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from frontier.curves.card import card
from frontier.curves.estimates import Curve, How, checked, estimate, estimates, step
from frontier.curves.pareto import is_nondominated, is_nondominated_within_sets
from frontier.curves.steps import Floats, fronts
from frontier.data.measurements import CONFIGURATION
from frontier.data.words import number
from frontier.errors import UsageError, among

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
        self._set((x, y, codes, labels), unit, is_nondominated(np.column_stack([x, y])))

    def _set(self, given, unit, best):
        """Store the points and the front, those that are the best, read-only."""
        x, y, codes, labels = given
        front = np.flatnonzero(best)
        front = front[x[front].argsort()]
        new = {"interactivity": x[front], "throughput": y[front], "_x": x, "_y": y}
        for values in new.values():
            values.flags.writeable = False
        # Past the frozen dataclass's guard, which is meant for the user.
        self.__dict__.update(new, _configuration=codes, _labels=labels, _front=front, unit=unit)

    @classmethod
    def from_points(
        cls,
        frame: pd.DataFrame,
        /,
        by: str | Sequence[str] | None = None,
        *,
        throughput: str = "throughput_per_gpu",
        scale: float = 1.0,
        unit: str | None = None,
    ) -> "Frontier":
        """Make the frontier of a frame's rows: one curve per configuration, then their envelope.

        Repeats of one configuration each stand, so the best rows make the front: repeats of
        different dates are different software, and the best state that was ever measured stays
        attainable.

        Args:
            frame: rows with `interactivity` and the throughput column.
            by: the columns that fix a configuration (missing values are values here); by
                default those of ``measurements.CONFIGURATION`` that the frame has.
            throughput: the column of throughput.
            scale: factor on throughput, such as GPUs per MW.
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
            by = [name for name in CONFIGURATION if name in frame]
        by = [by] if isinstance(by, str) else by
        needed = ["interactivity", throughput, *by]
        if missing := [name for name in needed if name not in frame]:
            raise UsageError(
                f"the frame has no column {', '.join(missing)}: {among(missing[0], frame.columns)}"
            )
        x, y = (frame[name].to_numpy(float, na_value=np.nan) for name in needed[:2])
        if unit is None:
            unit = _UNITS.get(throughput, throughput) + f" × {number(scale)}" * (scale != 1)
        codes = _codes(frame, by)
        return cls(x, y * scale, configurations=codes, rows=frame.index, unit=unit)

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
        return fronts(self._x, self._y, self._configuration)

    @cached_property
    def _levels(self) -> Floats:
        """The throughput up to each point of the front, and past the last."""
        return np.append(self.throughput, np.nan)

    @cached_property
    def _made(self) -> dict[str, Curve]:
        return {}

    def function(self, how: How = "step") -> Curve:
        """Return the function that `how` makes of this frontier; it is made once."""
        if checked(how) not in self._made:
            front = self.interactivity, self.throughput
            made = step(*front) if how == "step" else estimate(front, self._fronts)
            self._made[how] = made
        return self._made[how]

    def at(self, interactivity: ArrayLike, how: How = "step") -> np.float64 | Floats:
        """Return the throughput at each interactivity, in the shape given.

        NaN right of the last point; left of the first, the step is constant and an estimate
        is NaN.

        >>> front = Frontier([50, 100], [400, 100])
        >>> float(front.at(75)), round(float(front.at(75, "semilog")), 6)
        (100.0, 200.0)
        """
        x = _numbers(interactivity, "interactivity")
        value = self._levels[np.searchsorted(self.interactivity, x)]  # a NaN sorts past the end
        if checked(how) != "step":
            value = np.fmax(value, self.function(how).value(x))
            value = np.where(x < self.low, np.nan, value)[()]
        return value

    def kept(self, points: ArrayLike) -> "Frontier":
        """Return the frontier of some of the points: a mask over, or places in, those given.

        Of many selections of one set of rows this costs a small part of `from_points`.

        >>> Frontier([50, 100, 80], [400, 200, 150]).kept([True, False, True])
        <Frontier: 2 of 2 points, 1 configuration; 50 to 80 tok/s/user, 400 to 150 tok/s/GPU>
        """
        best = is_nondominated(np.column_stack([self._x[points], self._y[points]]))
        return self._kept(points, best)

    def _kept(self, points, best):
        given = self._x, self._y, self._configuration, self._labels
        made = object.__new__(Frontier)
        made._set([values[points] for values in given], self.unit, best)
        return made

    def without(self, places: Sequence[int], /) -> list["Frontier"]:
        """Return a frontier for each of some points, which lacks all of its configuration.

        At least one other configuration has to be there. The estimates of all are made together,
        which takes a small part of the time.
        """
        out = self._configuration[list(places)]
        left = self._configuration != out[:, None]
        which, points = np.nonzero(left)
        best = is_nondominated_within_sets(
            np.column_stack([self._x[points], self._y[points]]), sets=which
        )
        each = np.split(best, left.sum(axis=1).cumsum()[:-1])
        some = [self._kept(mask, mine) for mask, mine in zip(left, each, strict=True)]
        kept = np.unique(self._configuration) != out[:, None]
        curves = [(front.interactivity, front.throughput) for front in some]
        for front, made in zip(some, estimates(curves, self._fronts, kept), strict=True):
            front._made["semilog"] = made
        return some

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
        return card(self)


def frontiers(
    frame: pd.DataFrame, keys: Sequence[str], /, *, throughput: str = "throughput_per_gpu"
) -> dict[tuple, Frontier]:
    """Return the frontier of every group of rows, by the values of `keys`, in sorted order.

    Each is what `Frontier.from_points` makes of the group's rows (its configurations are those
    of ``measurements.CONFIGURATION`` that the frame has), but the columns are looked at once
    for all groups, which takes a small part of the time.

    Raises:
        UsageError: when a column is not in the frame.
        ValueError: as `Frontier`, naming the frame's index label.
    """
    needed = [*keys, "interactivity", throughput]
    if missing := [name for name in needed if name not in frame]:
        raise UsageError(f"the frame has no column {', '.join(missing)}")
    if frame.empty:
        return {}
    x, y = (frame[name].to_numpy(float, na_value=np.nan) for name in needed[-2:])
    configurations = _codes(frame, [name for name in CONFIGURATION if name in frame])
    groups = _groups(frame, keys, configurations)
    whole = Frontier(x, y, configurations=configurations, rows=frame.index)
    order = groups.argsort(kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(groups[order])) + 1)
    firsts = frame[list(keys)].iloc[[part[0] for part in parts]]
    names = firsts.itertuples(index=False, name=None)
    made = {name: whole.kept(part) for name, part in zip(names, parts, strict=True)}
    return dict(sorted(made.items(), key=lambda item: tuple(map(str, item[0]))))


def _groups(frame, keys, configurations):
    """Return `_codes` of keys: where these are columns of a configuration, of one row of each."""
    if not set(keys) <= set(CONFIGURATION):
        return _codes(frame, keys)
    _, first = np.unique(configurations, return_index=True)
    return _codes(frame[list(keys)].iloc[first], keys)[configurations]


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
