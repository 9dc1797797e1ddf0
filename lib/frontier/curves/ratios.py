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

from frontier.curves.estimates import How
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

    low: float  #: tok/s/user; not itself inside, unless the shared range starts here
    high: float  #: tok/s/user
    share: float  #: of the whole range that is looked at, in log interactivity


class Extremes(NamedTuple):
    """The worst and the best ratio over a range, and where: at the right end of the step."""

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
    is None, the ratio where it is a point. Exact: the integrals are closed forms, piece by piece.

    >>> new = Frontier([10, 100, 1000], [400, 200, 25])
    >>> old = Frontier([10, 100, 1000], [400, 100, 25])
    >>> round(geometric_mean(new, old), 6)  # twice it on half of the log range
    1.414214
    """
    covered = shared_range(numerator, denominator, low=low, high=high, floor=floor, how=how)
    return np.nan if covered is None else mean_over(numerator, denominator, *covered, how)


def mean_over(
    numerator: Frontier, denominator: Frontier, low: float, high: float, how: How = "step"
) -> float:
    """Return the `geometric_mean` on a range that both are known to cover."""
    if low == high:
        return float(ratio(numerator, denominator, low, how=how))
    above, below = (one.function(how).log_integral(low, high) for one in (numerator, denominator))
    return float(np.exp((above - below) / np.log(high / low)))


def extremes(numerator: Frontier, denominator: Frontier, *, floor: float | None = None) -> Extremes:
    """Return the worst and the best ratio of the steps over `shared_range`.

    The worst is the multiplicative epsilon: the factor that is guaranteed everywhere. The best
    is biased under noise and scatters about ten times more than the mean: never a headline.

    >>> extremes(Frontier([50, 100], [400, 200]), Frontier([50, 100], [200, 50]))
    Extremes(worst=2.0, worst_at=50.0, best=4.0, best_at=100.0)
    """
    x = pieces(numerator, denominator, floor=floor)
    if not len(x):
        return Extremes(np.nan, np.nan, np.nan, np.nan)
    values = ratio(numerator, denominator, x)
    least, most = values.argmin(), values.argmax()
    return Extremes(*map(float, (values[least], x[least], values[most], x[most])))


def stretches(
    numerator: Frontier,
    denominator: Frontier,
    *,
    at_least: float = 0.0,
    at_most: float = np.inf,
    floor: float | None = None,
) -> list[Stretch]:
    """Return where the ratio of the steps is within bounds, in rising interactivity.

    Shares are of the whole `shared_range`, whatever the floor.

    A gain of 25 is met where ``at_least=25``; a drop of 11 within a factor of 1.25 where
    ``at_least=11 / 1.25, at_most=11 * 1.25``.

    >>> new, old = Frontier([50, 100], [400, 200]), Frontier([50, 100], [200, 50])
    >>> [(stretch.low, stretch.high) for stretch in stretches(new, old, at_least=3)]
    [(50.0, 100.0)]
    """
    edges = pieces(numerator, denominator, floor=floor)
    if not len(edges):
        return []
    values = ratio(numerator, denominator, edges[1:])
    low, high = shared_range(numerator, denominator)
    span = np.log(high / low)
    # Neighbouring pieces that are both inside are one stretch.
    inside = runs((values >= at_least) & (values <= at_most))
    return [
        Stretch(float(start), float(end), float(np.log(end / start) / span) if span else 1.0)
        for start, end in ((edges[first], edges[last + 1]) for first, last in inside)
    ]


def pieces(numerator: Frontier, denominator: Frontier, *, floor: float | None = None) -> Floats:
    """Return the ends of the pieces of `shared_range` on which both steps are constant.

    A step holds up to its right end, that included. Empty where nothing is shared.

    >>> pieces(Frontier([50, 100], [400, 200]), Frontier([20, 80], [100, 50]))
    array([50., 80.])
    """
    covered = shared_range(numerator, denominator, floor=floor)
    if covered is None:
        return np.array([])
    joined = np.union1d(numerator.interactivity, denominator.interactivity)
    return np.r_[covered[0], joined[(joined > covered[0]) & (joined < covered[1])], covered[1]]


def are_frontiers(*given: object) -> None:
    """Raise UsageError where one of these is no frontier."""
    for one in given:
        if not isinstance(one, Frontier):
            raise UsageError(
                f"expected two frontiers and got {type(one).__name__}: "
                "Frontier.from_points(rows) makes one"
            )
