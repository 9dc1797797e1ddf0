"""Step curves on plain arrays, many at a time: their values and means, and the fronts of sets.

The attainable throughput at an interactivity (tok/s/user) is the largest that was measured there
or at a higher one. `Steps` holds such curves of many draws of the same points; dominated points may
be among them and change nothing.
"""

from collections.abc import Sequence
from functools import reduce
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from frontier.curves.pareto import is_nondominated_within_sets

Floats = NDArray[np.float64]


class Steps(NamedTuple):
    """Step curves in logarithms, one a row, sorted once for every mean of them.

    >>> curves = Steps.of(np.log([[50, 100]]), np.log([[400, 200]]))
    >>> np.exp(curves.at(np.log([[50, 60]]))).round(6)
    array([[400., 200.]])
    """

    x: Floats  #: log interactivity of the points that carry it, falling
    y: Floats  #: the largest log throughput met up to there

    @classmethod
    def of(cls, x: Floats, y: Floats) -> "Steps":
        """Return the curves of the logarithms of points, in any order, (replicates, n) each."""
        # Places are those in the flat arrays, which is much faster than taking along an axis.
        order = np.argsort(-x, axis=1) + np.arange(0, x.size, x.shape[1])[:, None]
        x, y = x.ravel()[order], np.maximum.accumulate(y.ravel()[order], axis=1)
        # Of thousands of points some dozens carry a curve; the last of them fills shorter rows up.
        carries = np.diff(y, axis=1, prepend=-np.inf) > 0
        count = carries.sum(axis=1)
        nth = np.minimum(np.arange(count.max()), count[:, None] - 1)
        place = np.flatnonzero(carries)[(count.cumsum() - count)[:, None] + nth]
        return cls(x.ravel()[place], y.ravel()[place])

    @property
    def first(self) -> Floats:
        """The log interactivity of each front's first point, (replicates, 1)."""
        return self.x[:, -1:]

    def moved(self, by: Floats) -> "Steps":
        """Return the curves moved on both axes, each by a logarithm of its own, (replicates, 1)."""
        return Steps(self.x + by, self.y + by)

    def _place(self, at: Floats):
        """Return which point's value holds at a log interactivity of each row: the last one's."""
        return np.maximum((self.x >= at).sum(axis=1) - 1, 0)

    def at(self, x: Floats) -> Floats:
        """Return the log throughput at log interactivities, (1 or replicates, m); NaN past the end.

        The result has the shape (replicates, m).
        """
        columns = np.broadcast_to(x, (len(self.x), np.shape(x)[1])).T[..., None]
        every = np.arange(len(self.x))
        found = [self.y[every, self._place(one)] for one in columns]
        return np.where(x <= self.x[:, :1], np.stack(found, axis=1), np.nan)

    def means(self, start: Floats, end: Floats) -> Floats:
        """Return the mean log throughput of each row from `start` to `end`, a column each."""
        # Each value holds from the next lower point, exclusive, up to its own.
        edges = np.minimum(np.maximum(self.x, start), end)
        widths = edges.copy()
        widths[:, :-1] -= edges[:, 1:]
        widths[:, -1:] -= start
        area, whole = (self.y * widths).sum(axis=1), (end - start)[:, 0]
        value = self.y[np.arange(len(self.y)), self._place(start)]
        return np.where(whole > 0, area / np.where(whole > 0, whole, 1), value)


def step_means(curves: Sequence[Steps], /, *, high: float | None = None) -> Floats:
    """Return the mean log throughput of step curves over the range that all of them share.

    The mean log ratio of two systems is the difference of their two rows; its exponential is
    what `geometric_mean` gives for their frontiers.

    Args:
        curves: of each system its curves. Row by row the systems belong together; a system of one
            row is the same in all.
        high: where the range ends at the latest.

    Returns:
        Shape (systems, replicates): the mean with respect to d log(interactivity), exact; NaN in
        rows that share no interactivity.

    >>> new, old = (Steps.of(np.log([[50, 100]]), np.log([y])) for y in ([400, 200], [200, 50]))
    >>> float(np.exp(np.subtract(*step_means([new, old]))).round(9)[0])
    4.0
    """
    start = reduce(np.maximum, [one.first for one in curves])
    end = reduce(np.minimum, [one.x[:, :1] for one in curves])
    if high is not None:
        end = np.minimum(end, np.log(high))
    means = np.stack([one.means(start, end) for one in curves])
    return np.where((end - start)[:, 0] >= 0, means, np.nan)


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
