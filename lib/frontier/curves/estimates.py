"""A frontier as a function: the step that is attainable, and an estimate above it.

Each is a `Curve` of pieces that can be evaluated and integrated exactly. `how` names one of

- ``"step"``: the largest throughput measured at this interactivity or a higher one;
  attainable, and constant left of the first point;
- ``"semilog"``: an estimate, log throughput linear in interactivity between the points of one
  configuration.

Estimates are made configuration by configuration, then the highest is taken everywhere, the
step included. What is compared with what belongs to `ratios`.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from frontier.curves.steps import Floats
from frontier.errors import UsageError

How = Literal["step", "semilog"]

MODES = ("step", "semilog")
_TIE = 1e-12  # relative; curves this close are one curve


def checked(how: str, /) -> str:
    """Return `how`; UsageError where it names no way of reading a frontier."""
    if how not in MODES:
        raise UsageError(f"how is {how!r}; expected one of {', '.join(MODES)}")
    return how


@dataclass(frozen=True)
class Curve:
    """A falling function of interactivity, piece by piece; each piece holds its right end.

    The first piece, from zero to the front's first point, is constant. Values are throughput;
    a piece is log-linear (constant for a step).
    """

    edges: Floats  # (m + 1,)
    left: Floats  # (m,) limit from the right of the left end
    right: Floats  # (m,) value at the right end

    def value(self, x: Floats):
        """Return the value; NaN past the end (and at a NaN)."""
        piece = np.searchsorted(self.edges, x) - 1
        known = piece < len(self.left)
        piece = np.where(known, np.maximum(piece, 0), 0)
        start, width = self.edges[piece], self.edges[piece + 1] - self.edges[piece]
        t = np.where(known, np.maximum(x - start, 0) / width, 0.0)
        left, right = self.left[piece], self.right[piece]
        return np.where(known, left * (right / left) ** t, np.nan)

    def log_integral(self, low: float, high: float) -> float:
        """Return the integral of log(value) d log(x) from low to high, low < high."""
        return self._area(high) - self._area(low)

    def _area(self, x: float) -> float:
        """Return the integral of log(value) d log(x) from the front's first point to x."""
        starts, level, slope, area = self._pieces
        x = min(x, float(self.edges[-1]))
        piece = max(bisect_left(starts, x) - 1, 0)
        start = starts[piece]
        return area[piece] + level[piece] * math.log(x / start) + slope[piece] * (x - start)

    @cached_property
    def _pieces(self) -> list[list[float]]:
        """Starts of the log-linear pieces, log values as lines, and the integral up to each.

        The first, constant piece starts at its right end, from which the integral counts.
        """
        ends = self.edges[1:]
        starts = np.append(ends[0], ends[:-1])
        left, width = np.log(self.left), np.diff(self.edges)
        slope = (np.log(self.right) - left) / width
        level = left - slope * starts
        areas = level * np.log(ends / starts) + slope * (ends - starts)
        area = np.append(0.0, np.cumsum(areas)[:-1])
        return [values.tolist() for values in (starts, level, slope, area)]

    def last_at_least(self, floor: float) -> float:
        """Return the largest x with value >= floor; -inf where there is none."""
        full = int(np.searchsorted(-self.right, -floor, side="right"))  # pieces wholly above
        if full == len(self.right):
            return float(self.edges[-1])
        if full == 0:
            return -np.inf
        if self.left[full] < floor:
            return float(self.edges[full])
        (start, end), left = self.edges[full : full + 2], self.left[full]
        share = np.log(floor / left) / np.log(self.right[full] / left)
        return float(start + share * (end - start))


def step(x: Floats, y: Floats, /) -> Curve:
    """Return the step curve of a front with rising interactivity."""
    return Curve(np.append(0.0, x), y, y)


def estimate(
    front: tuple[Floats, Floats], fronts: tuple[Floats, Floats, NDArray[np.intp]], /
) -> Curve:
    """Return the upper envelope of the configurations' estimates, from the first point on.

    Each configuration is a constant up to its first point, then its estimate, then ends. So
    the envelope is never below the step: wherever some point lies to the right, its own
    configuration's estimate is at least that high.

    Args:
        front: interactivity (rising) and throughput of the attainable front.
        fronts: those of all configurations joined, and where each starts, as `steps.fronts`.
    """
    return estimates([front], fronts, np.ones((1, len(fronts[2])), bool))[0]


def estimates(
    some: Sequence[tuple[Floats, Floats]],
    fronts: tuple[Floats, Floats, NDArray[np.intp]],
    kept: NDArray[np.bool_],
    /,
) -> list[Curve]:
    """Return the `estimate` of each of some selections of configurations, made together.

    Args:
        some: the attainable front of each selection.
        fronts: those of all configurations, as for `estimate`.
        kept: which configurations each selection has, (selections, configurations).
    """
    x, y, starts, kept = _contenders(some, fronts, kept)
    segments = _Segments.of(x, np.log(y), starts)
    edges = np.unique(x[x >= min(front[0][0] for front in some)])
    ends = segments.ends(edges, kept)
    while len(found := _crossings(edges, *ends)):
        edges = np.union1d(edges, found)
        ends = segments.ends(edges, kept)
    made = []
    for front, *rows in zip(some, *_highest(*ends), strict=True):
        first, last = np.searchsorted(edges, front[0][[0, -1]])
        ends = (np.append(front[1][0], row[first:last]) for row in rows)
        made.append(Curve(np.append(0.0, edges[first : last + 1]), *ends))
    return made


def _contenders(some, fronts, kept):
    """Return the configurations' fronts without those that lie wholly below every step.

    Every value between two points is below the left one; where the step at the right one is
    higher than that, the estimate never shows. Of many configurations most go.
    """
    x, y, starts = fronts
    above = np.roll(y, 1)
    above[starts] = y[starts]
    lowest = np.min([np.append(level, 0.0)[np.searchsorted(to, x)] for to, level in some], axis=0)
    shows = np.logical_or.reduceat(above >= lowest, starts)
    lengths = np.diff(starts, append=len(x))
    points = np.repeat(shows, lengths)
    return x[points], y[points], np.r_[0, np.cumsum(lengths[shows])[:-1]], kept[:, shows]


@dataclass(frozen=True)
class _Segments:
    """The estimates of all configurations as one table of segments, each of one formula."""

    x: Floats  # (n,) right end of each segment
    start: Floats  # (n,) left end; zero for a configuration's first, constant segment
    left: Floats  # (n,) log throughput at the left end
    right: Floats
    starts: NDArray[np.intp]  # (c,) each configuration's first segment

    @classmethod
    def of(cls, x, logs, starts):
        """Make the table from joined fronts, increasing in x within each."""
        start, left = np.roll(x, 1), np.roll(logs, 1)
        start[starts], left[starts] = 0.0, logs[starts]
        return cls(x, start, left, logs, starts)

    def ends(self, edges, kept):
        """Return (k, c, m) values at both ends of each piece.

        They are -inf past a configuration's end, and where a selection does not have it.
        """
        lengths = np.diff(self.starts, append=len(self.x))
        configuration = np.repeat(np.arange(len(lengths)), lengths)
        cell = configuration * len(edges) + np.searchsorted(edges, self.x)
        passed = np.bincount(cell, minlength=len(lengths) * len(edges))
        passed = passed.reshape(len(lengths), -1).cumsum(axis=1)[:, :-1]
        alive = passed < lengths[:, None]
        segment = np.where(alive, self.starts[:, None] + passed, 0)
        start, left = self.start[segment], self.left[segment]
        width, rise = self.x[segment] - start, self.right[segment] - left
        alive = alive & kept[:, :, None]
        ends = edges[:-1], edges[1:]
        return [np.where(alive, left + (x - start) / width * rise, -np.inf) for x in ends]


def _crossings(edges, left, right):
    """Return where the highest curve changes inside a piece, of the curves' values at its ends.

    The envelope of lines is convex, so the crossing of the two that are highest at the
    ends either lies on it or shows a third line that is higher there; either way a new
    edge, and with finitely many lines there is an end to it.
    """
    first, last = left.argmax(axis=1), right.argmax(axis=1)
    with np.errstate(invalid="ignore"):  # past the end of a selection
        lead = _picked(left, first) - _picked(left, last)
        gain = _picked(right, last) - _picked(right, first)
        tie = _TIE * np.abs(_picked(right, last))
        which = (lead > tie) & (gain > tie)
    cross = np.nonzero(which)[1]
    share = lead[which] / (lead[which] + gain[which])
    found = edges[cross] + share * np.diff(edges)[cross]
    # A crossing that rounds to an end, or next to it, is that end.
    gap = np.maximum(1e-9 * np.diff(edges)[cross], _TIE * found)
    return found[(found - edges[cross] > gap) & (edges[cross + 1] - found > gap)]


def _highest(left, right):
    """Return (k, m) throughput of the highest curve at both ends of pieces."""
    winner = (left + right).argmax(axis=1)
    return np.exp(_picked(left, winner)), np.exp(_picked(right, winner))


def _picked(table, winner):
    """Return of (k, c, m) values those of the configurations (k, m)."""
    return np.take_along_axis(table, winner[:, None], 1)[:, 0]
