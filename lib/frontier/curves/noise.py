"""What run noise makes of a frontier, and the interval of a ratio that follows from it.

Noise on step time moves interactivity and throughput of a run together, so each measured point,
dominated ones too, is multiplied on both axes by one lognormal factor. Only run noise is in an
interval: what else an answer depends on (interpolation, sources, configurations) is varied by the
layers above.
"""

from collections.abc import Callable, Iterator

import numpy as np

from frontier.curves.estimates import How, checked
from frontier.curves.frontier import Frontier
from frontier.curves.pareto import is_nondominated_within_sets
from frontier.curves.ratios import are_frontiers, geometric_mean, ratio
from frontier.curves.steps import Floats, step_means, step_ratios

_BEYOND_NOISE = 8  # sigmas; a point this far below others does not rise to the front


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

    Front, shared range and statistic are made anew for each draw of the points.

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
    are_frontiers(numerator, denominator)
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; expected a share between 0 and 1")
    how = None
    if statistic in (geometric_mean, ratio):
        how = checked(options.get("how", "step"))
        numerator, denominator = (within_noise(f, sigma, how) for f in (numerator, denominator))
    # Two generators, so that the noise of one front does not depend on the other's size.
    noise = [
        jittered(front, sigma, generator, replicates)
        for front, generator in zip(
            (numerator, denominator), np.random.default_rng(seed).spawn(2), strict=True
        )
    ]
    limits = {name: value for name, value in options.items() if name != "how"}
    if statistic is geometric_mean and how == "step":  # asked for most, and cheap as arrays
        draws = np.exp(np.subtract(*step_means(noise, **limits)))
    elif statistic is ratio and how == "step":
        draws = step_ratios(*noise, limits.pop("at"), **limits)
    else:
        fronts = (_refronted(f, xy) for f, xy in zip((numerator, denominator), noise, strict=True))
        draws = np.array([statistic(*pair, **options) for pair in zip(*fronts, strict=True)])
    undefined = np.isnan(draws)
    tails = [(1 - level) / 2, (1 + level) / 2]
    usable = undefined.mean(axis=0) <= 1 - level
    draws = np.where(undefined & ~usable, 0.0, draws)  # spares nanquantile an all-NaN slice
    low, high = np.where(usable, np.nanquantile(draws, tails, axis=0), np.nan)
    return low[()], high[()]


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
    return front.kept(keep)


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
