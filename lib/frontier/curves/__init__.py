"""Curves: Pareto fronts, the frontiers made of them, and ratios of two frontiers.

Step curves on plain arrays, for many draws at once, are in `steps`.
"""

from frontier.curves.frontier import Frontier, frontiers
from frontier.curves.noise import interval, percentiles, within_noise
from frontier.curves.ratios import (
    FLOOR,
    FLOOR_SHARE,
    Extremes,
    Stretch,
    extremes,
    geometric_mean,
    mean_over,
    pieces,
    ratio,
    shared_range,
    sound_from,
    stretches,
)
from frontier.curves.steps import Steps, runs, step_means

__all__ = ["FLOOR", "FLOOR_SHARE", "Extremes", "Frontier", "Steps", "Stretch", "extremes"]
__all__ += ["frontiers", "geometric_mean", "interval", "mean_over", "percentiles", "pieces"]
__all__ += ["ratio", "runs", "shared_range", "sound_from", "step_means", "stretches"]
__all__ += ["within_noise"]
