"""A frontier as a function: the step that is attainable, and two estimates above it.

Each is a `Curve` of pieces that can be evaluated and integrated exactly. `how` names one of

- ``"step"``: the largest throughput measured at this interactivity or a higher one;
  attainable, and constant left of the first point;
- ``"semilog"``: an estimate, log throughput linear in interactivity between the points of one
  configuration;
- ``"monotone"``: an estimate, Steffen's monotone cubic (1990) on linear axes, as d3's
  ``curveMonotoneX``, which the public InferenceX charts draw.

Estimates are made configuration by configuration, then the highest is taken everywhere, the
step included. What is compared with what belongs to `ratios`.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from frontier.curves.steps import Floats, step_values
from frontier.errors import UsageError

How = Literal["step", "semilog", "monotone"]

MODES = ("step", "semilog", "monotone")
PARTS = 8  # a cubic piece is cut into this many parts to find where it crosses another
_TIE = 1e-12  # relative; curves this close are one curve
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)


def checked(how: str, /) -> str:
    """Return `how`; UsageError where it names no way of reading a frontier."""
    if how not in MODES:
        raise UsageError(f"how is {how!r}; expected one of {', '.join(MODES)}")
    return how


@dataclass(frozen=True)
class Curve:
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
        if self.slopes is None:
            return self._area(high) - self._area(low)
        a, b = np.clip(self.edges[:-1], low, high), np.clip(self.edges[1:], low, high)
        a, b = a[b > a], b[b > a]
        middle, half = np.log(b * a) / 2, np.log(b / a) / 2
        x = np.exp(middle[:, None] + half[:, None] * _NODES)
        return float(half @ np.log(self.value(x)) @ _WEIGHTS)

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
        ends = self.edges[full : full + 2]
        above, _ = crossings(ends, partial(self.value, side="right"), self.value, floor)
        return float(above[0])


def _hermite(t, left, right, slope_left, slope_right):
    """Return the cubic through two values with two slopes, all per unit of t in [0, 1]."""
    rise = right - left
    bend = slope_left + slope_right - 2 * rise
    return left + t * (slope_left + t * (3 * rise - 2 * slope_left - slope_right + t * bend))


def step(x: Floats, y: Floats, /) -> Curve:
    """Return the step curve of a front with rising interactivity."""
    return Curve(np.append(0.0, x), y, y)


def estimate(
    front: tuple[Floats, Floats], fronts: tuple[Floats, Floats, NDArray[np.intp]], how: How, /
) -> Curve:
    """Return the upper envelope of the configurations' estimates, from the first point on.

    Each configuration is a constant up to its first point, then its estimate, then ends. So
    the envelope is never below the step: wherever some point lies to the right, its own
    configuration's estimate is at least that high.

    Args:
        front: interactivity (rising) and throughput of the attainable front.
        fronts: those of all configurations joined, and where each starts, as `steps.fronts`.
        how: ``"semilog"`` or ``"monotone"``.
    """
    return estimates([front], fronts, np.ones((1, len(fronts[2])), bool), how)[0]


def estimates(
    some: Sequence[tuple[Floats, Floats]],
    fronts: tuple[Floats, Floats, NDArray[np.intp]],
    kept: NDArray[np.bool_],
    how: How,
    /,
) -> list[Curve]:
    """Return the `estimate` of each of some selections of configurations, made together.

    Args:
        some: the attainable front of each selection.
        fronts: those of all configurations, as for `estimate`.
        kept: which configurations each selection has, (selections, configurations).
        how: as for `estimate`.
    """
    cubic = how == "monotone"
    x, y, starts, kept = _contenders(some, fronts, kept)
    segments = _Segments.of(x, y, starts, cubic=cubic)
    edges = np.unique(x[x >= min(front[0][0] for front in some)])
    if cubic and len(edges) > 1:
        edges = cut(edges, PARTS)
    while len(edges) > 1:
        found = segments.crossings(edges, kept)
        if not len(found):
            break
        edges = np.union1d(edges, found)
    tables = segments.highest(edges, kept)
    made = []
    for front, *rows in zip(some, *tables, strict=True):
        first, last = np.searchsorted(edges, front[0][[0, -1]])
        values = [row[first:last] for row in rows]
        ends = [np.append(front[1][0], one) for one in values[:2]]
        slopes = tuple(np.append(0.0, one) for one in values[2:]) or None
        made.append(Curve(np.append(0.0, edges[first : last + 1]), *ends, slopes))
    return made


def crossings(edges: Floats, right_of, at, bound: float, /) -> tuple[Floats, Floats]:
    """Return the neighbouring numbers between which pieces pass through `bound`.

    `at` is a function of interactivity that is monotone on each piece between two `edges`, and
    `right_of` its limit from the right.
    """
    rises = right_of(edges[:-1]) < bound
    inside = rises != (at(edges[1:]) < bound)
    left, right, rises = edges[:-1][inside], edges[1:][inside], rises[inside]
    for _ in range(60):
        middle = (left + right) / 2
        before = (at(middle) < bound) == rises
        left, right = np.where(before, middle, left), np.where(before, right, middle)
    return left, right


def cut(edges: Floats, parts: int, /) -> Floats:
    """Cut each piece into equal parts."""
    inner = edges[:-1, None] + np.diff(edges)[:, None] * np.arange(parts) / parts
    return np.append(inner.ravel(), edges[-1])


def _contenders(some, fronts, kept):
    """Return the configurations' fronts without those that lie wholly below every step.

    Every value between two points is below the left one; where the step at the right one is
    higher than that, the estimate never shows. Of many configurations most go.
    """
    x, y, starts = fronts
    above = np.roll(y, 1)
    above[starts] = y[starts]
    lowest = np.min([np.nan_to_num(step_values(front, x)) for front in some], axis=0)
    shows = np.logical_or.reduceat(above >= lowest, starts)
    lengths = np.diff(starts, append=len(x))
    points = np.repeat(shows, lengths)
    return x[points], y[points], np.r_[0, np.cumsum(lengths[shows])[:-1]], kept[:, shows]


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

    def _ends(self, edges, kept):
        """Return (c, m) segments, and (k, c, m) values at both ends of each piece.

        They are -inf past a configuration's end, and where a selection does not have it.
        """
        segment, alive = self._active(edges)
        alive = alive & kept[:, :, None]
        values = [np.where(alive, self._value(segment, x), -np.inf) for x in _both(edges)]
        return segment, *values

    def _value(self, segment, x):
        start, left, right = self.start[segment], self.left[segment], self.right[segment]
        width = self.x[segment] - start
        t = (x - start) / width
        if self.slopes is None:
            return left + t * (right - left)
        return _hermite(t, left, right, *(width * slope[segment] for slope in self.slopes))

    def crossings(self, edges, kept):
        """Return where the highest curve changes inside a piece (the chords', where cubic).

        The envelope of lines is convex, so the crossing of the two that are highest at the
        ends either lies on it or shows a third line that is higher there; either way a new
        edge, and with finitely many lines there is an end to it.
        """
        _, left, right = self._ends(edges, kept)
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
        gap = 1e-9 * np.diff(edges)[cross] if self.slopes is None else 1e-3 * np.diff(edges)[cross]
        gap = np.maximum(gap, _TIE * found)
        return found[(found - edges[cross] > gap) & (edges[cross + 1] - found > gap)]

    def highest(self, edges, kept):
        """Return (k, m) throughput of the highest curve at both ends of pieces, and its slopes."""
        piece = np.arange(len(edges) - 1)
        segment, left, right = self._ends(edges, kept)
        winner = (left + right).argmax(axis=1)
        left, right, segment = _picked(left, winner), _picked(right, winner), segment[winner, piece]
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


def _picked(table, winner):
    """Return of (k, c, m) values those of the configurations (k, m)."""
    return np.take_along_axis(table, winner[:, None], 1)[:, 0]


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
