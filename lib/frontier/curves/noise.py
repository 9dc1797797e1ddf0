"""What run noise makes of a frontier, and the interval of a ratio that follows from it.

Noise on step time moves interactivity and throughput of a run together, so each measured point,
dominated ones too, is multiplied on both axes by one lognormal factor. Only run noise is in an
interval: what else an answer depends on (interpolation, sources, configurations) is varied by the
layers above.
"""

import numpy as np

from frontier.curves.frontier import Frontier
from frontier.curves.ratios import are_frontiers
from frontier.curves.steps import Floats, Steps, step_means

_BEYOND_NOISE = 8  # sigmas; a point this far below others does not rise to the front


def interval(
    numerator: Frontier,
    denominator: Frontier,
    sigma: float,
    *,
    replicates: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[float, float]:
    """Return the percentile interval (low, high) of `geometric_mean` under run noise.

    Front, shared range and mean are made anew for each draw of the points.

    Args:
        numerator: the better system, by habit.
        denominator: the baseline.
        sigma: standard deviation of the log factor, pooled from repeats.
        replicates: how many times to draw.
        seed: of numpy's default generator; equal seeds give equal intervals.
        level: the share of replicates inside.

    Returns:
        NaN where the mean is undefined in more than 1 - level of the replicates (fronts that
        hardly share a speed).

    >>> new, old = Frontier([50, 100], [400, 200]), Frontier([50, 100], [200, 50])
    >>> low, high = interval(new, old, 0.02)
    >>> low < 4 < high
    True
    """
    if not 0 <= sigma < 1:
        raise ValueError(f"sigma is {sigma}; expected a share of at least 0 (0.03 is 3 %)")
    are_frontiers(numerator, denominator)
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; expected a share between 0 and 1")
    # Two generators, so that the noise of one front does not depend on the other's size.
    noise = []
    for front, generator in zip(
        (numerator, denominator), np.random.default_rng(seed).spawn(2), strict=True
    ):
        near = within_noise(front, sigma)
        moved = sigma * generator.standard_normal((replicates, len(near._x)))
        noise.append(Steps.of(np.log(near._x) + moved, np.log(near._y) + moved))
    return percentiles(np.exp(np.subtract(*step_means(noise))), level)


def percentiles(draws: Floats, /, level: float = 0.95) -> tuple[float, float]:
    """Return the percentile interval of draws; NaN where more than the rest has no number."""
    if np.isnan(draws).mean() > 1 - level:
        return np.nan, np.nan
    ends = np.nanquantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return float(ends[0]), float(ends[1])


def within_noise(front: Frontier, sigma: float) -> Frontier:
    """Return the frontier without points that noise of `sigma` cannot bring forward.

    A step is carried by its front, so a point goes when another is beyond it on both axes by a
    margin that noise does not bridge.
    """
    margin = np.exp(_BEYOND_NOISE * np.sqrt(2) * max(sigma, 1e-9))  # above 1: no point beats itself
    return front.kept(~(front.at(front._x * margin) >= front._y * margin))
