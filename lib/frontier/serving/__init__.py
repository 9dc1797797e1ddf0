"""A calibrated roofline model of LLM serving: what no public measurement covers.

Model and machine tables -> the time of a pass (`steps`) -> a service (`modes`) -> rows
(`predict`) or frontiers (`sweep`). Constants are fitted to measured rows and checked on curves
held out whole; outside what was checked, an answer is marked as extrapolated. What a claim
makes of an answer belongs in `frontier.claims`.

>>> from frontier import serving
>>> front = serving.sweep("deepseek-r1", "h200", "fp8", isl=8192, osl=1024, single_node=True)
>>> bool(front.at(30) > 100)
True
"""

from frontier.serving.calibration import constants, errors, frontier_errors, spread, validation
from frontier.serving.configurations import predict
from frontier.serving.frontiers import System, front, ratio_interval, sensitivity, sweep
from frontier.serving.steps import Constants

__all__ = ["Constants", "System", "constants", "errors", "front", "frontier_errors", "predict"]
__all__ += ["ratio_interval", "sensitivity", "spread", "sweep", "validation"]
