"""Curves: Pareto fronts, the frontiers made of them, and ratios of two frontiers.

Step curves on plain arrays, for many selections or draws at once, are in `steps`.
"""

from frontier.curves.frontier import UNIT, Frontier, frontiers
from frontier.curves.noise import interval, jittered, within_noise
from frontier.curves.ratios import (
    FLOOR,
    FLOOR_SHARE,
    Extremes,
    Stretch,
    coverage,
    extremes,
    geometric_mean,
    ratio,
    shared_range,
    sound_from,
    stretches,
)
from frontier.curves.steps import Steps, runs, step_means, step_ratios, step_values, without

__all__ = [
    "FLOOR",
    "FLOOR_SHARE",
    "UNIT",
    "Extremes",
    "Frontier",
    "Steps",
    "Stretch",
    "coverage",
    "extremes",
    "frontiers",
]
__all__ += ["geometric_mean", "interval", "jittered", "ratio", "runs"]
__all__ += ["shared_range", "sound_from", "step_means", "step_ratios", "step_values"]
__all__ += ["stretches", "within_noise", "without"]
