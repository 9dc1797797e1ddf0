"""Step curves on plain arrays, one or many at a time: values, means and pieces.

The attainable throughput at an interactivity is the largest that was measured there or at a
higher one. Everything that reads such a curve, from a frontier's value to the draws of an
interval, reads it here. `points` is always a pair of arrays, interactivity (tok/s/user) and
throughput (any unit), in any order; dominated points may be among them and change nothing. A
point of zeros is no point, so one array can hold many selections of the same rows (`without`).

>>> points = [50, 100, 80], [400, 200, 150]
>>> step_values(points, [50, 60, 101])
array([400., 200.,  nan])
"""

from collections.abc import Sequence
from functools import reduce
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from frontier.curves.pareto import is_nondominated_within_sets

Floats = NDArray[np.float64]
Points = tuple[ArrayLike, ArrayLike]  # interactivity and throughput, shape (n,) or (replicates, n)


def step_values(points: Points, at: ArrayLike, /) -> Floats:
    """Return the attainable throughput at each interactivity, NaN past the last point.

    Args:
        points: one curve, each array of shape (n,), or one a row, of shape (replicates, n).
        at: interactivities, of any shape for one curve, of shape (m,) for many.

    Returns:
        The shape of `at`, or (replicates, m).
    """
    x, y = (np.asarray(values, float) for values in points)
    order = np.argsort(x, axis=-1)
    x, y = (np.take_along_axis(values, order, -1) for values in (x, y))
    y = np.maximum.accumulate(y[..., ::-1], axis=-1)[..., ::-1]
    y = np.concatenate([y, np.full((*y.shape[:-1], 1), np.nan)], axis=-1)
    if x.ndim == 1:
        return y[np.searchsorted(x, at)]  # a NaN sorts past the end
    rows = zip(x, y, strict=True)
    return np.stack([throughput[np.searchsorted(own, at)] for own, throughput in rows])


class Steps(NamedTuple):
    """Step curves in logarithms, one a row, sorted once, so that every mean of them is cheap.

    >>> curves = Steps.of(np.log([[50, 100]]), np.log([[400, 200]]))
    >>> np.exp(curves.at(np.log([[50, 60]]))).round(6)
    array([[400., 200.]])
    """

    x: Floats  #: log interactivity, falling
    y: Floats  #: the largest log throughput met up to there
    area: Floats  #: the integral of y from there to the last point

    @classmethod
    def of(cls, x: Floats, y: Floats) -> "Steps":
        """Return the curves of the logarithms of points, in any order, (replicates, n) each."""
        order = np.argsort(-x, axis=1)
        x, y = (np.take_along_axis(values, order, 1) for values in (x, y))
        y = np.maximum.accumulate(y, axis=1)
        # Each value holds from the next lower point, exclusive, up to its own.
        area = np.zeros_like(x)
        with np.errstate(invalid="ignore"):  # of points that are none, past which nobody asks
            np.cumsum(y[:, :-1] * (x[:, :-1] - x[:, 1:]), axis=1, out=area[:, 1:])
        return cls(x, y, area)

    @property
    def first(self) -> Floats:
        """The log interactivity of each front's first point, (replicates, 1)."""
        return np.take_along_axis(self.x, np.argmax(self.y == self.y[:, -1:], axis=1)[:, None], 1)

    def moved(self, by: Floats) -> "Steps":
        """Return the curves moved on both axes, each by a logarithm of its own, (replicates, 1)."""
        return Steps(self.x + by, self.y + by, self.area + by * (self.x[:, :1] - self.x))

    def _place(self, at: Floats):
        """Return which point's value holds at a log interactivity of each row: the last one's."""
        return np.maximum((self.x >= at).sum(axis=1) - 1, 0)[:, None]

    def at(self, x: Floats) -> Floats:
        """Return the log throughput at log interactivities, (1 or replicates, m); NaN past the end.

        The result has the shape (replicates, m).
        """
        columns = np.broadcast_to(x, (len(self.x), np.shape(x)[1])).T[..., None]
        found = [np.take_along_axis(self.y, self._place(one), 1) for one in columns]
        return np.where(x <= self.x[:, :1], np.hstack(found), np.nan)

    def means(self, start: Floats, end: Floats) -> Floats:
        """Return the mean log throughput of each row from `start` to `end`, a column each."""
        here = []
        for at in (start, end):
            place = self._place(at)
            x, y, area = (np.take_along_axis(one, place, 1) for one in self)
            here.append((area + y * (x - at), y))
        (from_start, value), (from_end, _) = here
        width = end - start
        mean = (from_start - from_end) / np.where(width > 0, width, 1)
        return np.where(width > 0, mean, value)[:, 0]


def step_means(
    points: Sequence[Points | Steps],
    /,
    *,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    floor: ArrayLike | None = None,
) -> Floats:
    """Return the mean log throughput of step curves over the range that all of them share.

    The mean log ratio of two systems is the difference of their two rows; its exponential is
    what `geometric_mean` gives for their frontiers.

    Args:
        points: of each system the points of its curves, of shape (n,) or (replicates, n), or its
            `Steps`. Row by row the systems belong together; a system of one row is the same in all.
        low: where the range starts at the earliest.
        high: where it ends at the latest.
        floor: throughput of the last system (the denominator) below which the range ends.
            Each of the three is one number, or one for each replicate.

    Returns:
        Shape (systems, replicates): the mean with respect to d log(interactivity), exact; NaN in
        rows that share no interactivity.

    >>> new, old = ([50, 100], [400, 200]), ([50, 100], [200, 50])
    >>> float(np.exp(np.subtract(*step_means([new, old]))).round(9)[0])
    4.0
    """
    steps = [one if isinstance(one, Steps) else _steps(one) for one in points]
    start = reduce(np.maximum, [one.first for one in steps])
    end = reduce(np.minimum, [one.x[:, :1] for one in steps])
    if low is not None:
        start = np.maximum(start, np.log(_column(low)))
    if high is not None:
        end = np.minimum(end, np.log(_column(high)))
    if floor is not None:
        x, y, _ = steps[-1]
        above = y >= np.log(_column(floor))
        last = np.take_along_axis(x, above.argmax(axis=1)[:, None], 1)
        end = np.minimum(end, np.where(above.any(axis=1)[:, None], last, -np.inf))
    with np.errstate(invalid="ignore"):  # of rows that share nothing
        means = np.stack(np.broadcast_arrays(*[one.means(start, end) for one in steps]))
        return np.where((end - start)[:, 0] >= 0, means, np.nan)


def step_ratios(
    numerator: Points, denominator: Points, at: ArrayLike, /, *, floor: ArrayLike | None = None
) -> Floats:
    """Return one step curve over another at each interactivity, for all replicates at once.

    NaN left of either front's first point, past either's last, and where the denominator is below
    `floor` (one number, or one for each replicate): what `ratio` gives for their frontiers.

    Args:
        numerator: points of shape (replicates, n); row by row it belongs to the denominator.
        denominator: points of shape (replicates, m).
        at: interactivities, one number or of shape (k,).
        floor: throughput.

    Returns:
        Shape (replicates,), or (replicates, k).

    >>> step_ratios(([[50, 100]], [[400, 200]]), ([[50, 100]], [[200, 50]]), [40, 50, 75])
    array([[nan,  2.,  4.]])
    """
    column = (-1, *(1 for _ in np.shape(at)))
    start = np.exp(reduce(np.maximum, [_steps(one).first for one in (numerator, denominator)]))
    above, below = (step_values(one, at) for one in (numerator, denominator))
    inside = (np.asarray(at) >= start.reshape(column)) & (
        below >= np.reshape(0.0 if floor is None else floor, column)
    )
    return np.where(inside, above / below, np.nan)


def without(points: Points, left_out: NDArray[np.bool_], /) -> tuple[Floats, Floats]:
    """Return the points with those of a mask taken out, one selection a row.

    Args:
        points: two arrays of shape (n,).
        left_out: of shape (replicates, n), such as ``configuration == every[:, None]`` to leave
            out one configuration after another.

    >>> x, y = without(([50, 100], [400, 200]), np.array([[True, False], [False, True]]))
    >>> step_values((x, y), [40])
    array([[200.],
           [400.]])
    """
    x, y = (np.where(left_out, 0.0, values) for values in points)
    return x, y


def runs(inside: NDArray[np.bool_], /) -> list[tuple[int, int]]:
    """Return the first and the last place of every connected run of a mask.

    >>> runs(np.array([True, True, False, True]))
    [(0, 1), (3, 3)]
    """
    edges = np.flatnonzero(np.diff(np.r_[False, inside, False]))
    return list(zip(edges[::2].tolist(), (edges[1::2] - 1).tolist(), strict=True))


def fronts(x: Floats, y: Floats, sets: NDArray[np.int64], /) -> tuple[Floats, Floats, NDArray]:
    """Return the fronts of all sets of points, one after another, and where each starts.

    Sets come in the order of their codes, and each front with rising interactivity.
    """
    keep = is_nondominated_within_sets(np.column_stack([x, y]), sets=sets)
    x, y, sets = x[keep], y[keep], sets[keep]
    order = np.lexsort((x, sets))
    return x[order], y[order], np.flatnonzero(np.diff(sets[order], prepend=-1))


def _steps(points) -> Steps:
    with np.errstate(divide="ignore"):  # a point of zeros is none
        return Steps.of(*(np.log(np.atleast_2d(np.asarray(values, float))) for values in points))


def _column(values) -> Floats:
    return np.reshape(np.asarray(values, float), (-1, 1))
