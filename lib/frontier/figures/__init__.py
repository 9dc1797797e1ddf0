"""Figures: how a tidy frame becomes an exhibit of a page.

>>> from frontier import figures
>>> figures.palette(["GB200 NVL72"])
{'GB200 NVL72': '#0a5ea8'}
"""

from frontier.figures.charts import (
    figure,
    frontier_chart,
    heat_map,
    legend,
    overview,
    ratio_table,
    sensitivity,
)
from frontier.figures.own import with_own
from frontier.figures.publishing import Cell, Exhibit, publish
from frontier.figures.theme import CLAIM, MUTED, apply, colour, palette, plain_axis

__all__ = ["CLAIM", "MUTED", "Cell", "Exhibit", "apply", "colour", "figure", "frontier_chart"]
__all__ += ["heat_map", "legend", "overview", "palette", "plain_axis", "publish", "ratio_table"]
__all__ += ["sensitivity", "with_own"]
