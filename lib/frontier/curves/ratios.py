"""The ratio of two frontiers over interactivity, integrated exactly and never sampled.

Ratios are plain numbers. All functions take the numerator first, and `how` as `estimates` has
it. What a ratio means for a claim belongs to the layers above.

>>> from frontier.curves import Frontier
>>> new = Frontier([50, 100], [400, 200])
>>> old = Frontier([50, 100], [200, 50])
>>> ratio(new, old, [50, 60, 101])
array([ 2.,  4., nan])
>>> round(geometric_mean(new, old), 12)
4.0
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from frontier.curves.estimates import PARTS, How, crossings, cut
from frontier.curves.frontier import Frontier
from frontier.curves.steps import Floats, runs
from frontier.errors import UsageError

FLOOR = 100.0  # tok/s/GPU, input and output
FLOOR_SHARE = 0.1  # of a curve's own peak


def sound_from(peak: ArrayLike, per_gpu: float = 1.0, /) -> Floats:
    """Return the throughput below which a denominator's curve is at its end: the rule's floor.

    It is the lower of `FLOOR` and `FLOOR_SHARE` of the curve's peak. Below it a ratio says where
    the curve ends, and nothing about speed.

    Args:
        peak: the curve's largest throughput, in any unit.
        per_gpu: what 1 tok/s/GPU of input and output is in that unit.

    >>> [float(sound_from(peak)) for peak in (5000, 400)]
    [100.0, 40.0]
    """
    return np.minimum(FLOOR * per_gpu, FLOOR_SHARE * np.asarray(peak))


class Stretch(NamedTuple):
    """A connected interval of interactivity in which a ratio keeps within bounds."""

    low: float  #: tok/s/user; for a step not itself inside, unless the shared range starts here
    high: float  #: tok/s/user
    share: float  #: of the whole shared range (before any floor), in log interactivity


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
    are_frontiers(numerator, denominator)
    start = max(numerator.low, denominator.low, low or 0)
    end = min(numerator.high, denominator.high, np.inf if high is None else high)
    if floor is not None:
        end = min(end, denominator.function(how).last_at_least(floor))
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
    are_frontiers(numerator, denominator)
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
    above, below = (one.function(how).log_integral(start, end) for one in (numerator, denominator))
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
    ``at_least=11 / 1.25, at_most=11 * 1.25``.

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
            edges = np.union1d(edges, crossings(edges, right_of, at, bound)[1])
        middle = at((edges[:-1] + edges[1:]) / 2)
    else:
        edges = np.repeat(edges, 2)
        middle = at(edges[:1])
    # Neighbouring pieces that are both inside are one stretch.
    inside = runs((middle >= at_least) & (middle <= at_most))
    span = np.log(whole[1] / whole[0])
    return [
        Stretch(float(start), float(end), float(np.log(end / start) / span) if span else 1.0)
        for start, end in ((edges[first], edges[last + 1]) for first, last in inside)
    ]


def are_frontiers(*given: object) -> None:
    """Raise UsageError where one of these is no frontier."""
    for one in given:
        if not isinstance(one, Frontier):
            raise UsageError(
                f"expected two frontiers and got {type(one).__name__}: "
                "Frontier.from_points(rows) makes one"
            )


def _edges(numerator, denominator, covered, how):
    """Return where the ratio may bend or jump, its limit from the right, and its value.

    Between two edges the ratio is monotone for step and semilog; cubic pieces are cut finely.
    """
    above, below = numerator.function(how), denominator.function(how)
    start, end = covered
    joined = np.union1d(above.edges, below.edges)
    edges = np.unique(np.r_[start, joined[(joined > start) & (joined < end)], end])
    if how == "monotone" and start < end:
        edges = cut(edges, PARTS)

    def right_of(x):
        return above.value(x, "right") / below.value(x, "right")

    def at(x):
        return above.value(x) / below.value(x)

    return edges, right_of, at
