"""A reader's own measured rows beside the public ones on a frontier chart, and in no verdict.

They are the optional table ``own`` (`measurements.own`). Without it, and where none of its rows
fits, a chart is what it was.

>>> from frontier.figures import own
>>> own.series("our node")
'our node (your own, in no verdict)'
"""

import contextlib

import pandas as pd

from frontier import curves
from frontier.claims import Basis
from frontier.claims.rule import traffic_words
from frontier.data import measurements
from frontier.errors import UsageError, among
from frontier.figures import theme


def series(label: str, /) -> str:
    """Return how the rows of a label are named on a chart."""
    return f"{label or 'own'} ({theme.OWN}, in no verdict)"


def with_own(points: pd.DataFrame, /, *, model: str, basis: Basis) -> pd.DataFrame:
    """Return the points of a `frontier_chart` with the frontiers of one's own rows after them.

    Own rows join where the model is theirs, each label in each traffic of the points as a system of
    its own (`series`), with the evidence `theme.OWN`. Rows without a value on the basis, such as
    those of an accelerator whose power is not known, are left out, and a printed line says so.

    Args:
        points: as `frontier_chart` takes them, with `traffic` as ``8192/1024`` or in words.
        model: key of the model that the points are of.
        basis: what their throughput is.

    Raises:
        UsageError: when the points have no such column.
    """
    if "traffic" not in points:
        raise UsageError(f"the points have no column 'traffic': {among('traffic', points.columns)}")
    rows = measurements.own()
    rows = rows[rows["model"] == model]
    rows = rows.assign(throughput=_values(rows, basis), evidence=theme.OWN, row_id="")
    shapes, added, unknown = measurements.shapes(rows), [], set()
    for traffic in points["traffic"].unique():
        here = rows[(shapes == traffic) | (shapes.map(traffic_words) == traffic)]
        unknown |= set(here.loc[here["throughput"].isna(), "hardware"])
        for label, some in here.dropna(subset="throughput").groupby("label", sort=False):
            front = curves.Frontier(some["interactivity"], some["throughput"], rows=some.index)
            told = {"system": series(label), "traffic": traffic, "on_front": True}
            added.append(some.loc[list(front.rows)].assign(**told))
    if unknown:
        left_out = ", ".join(sorted(unknown))
        print(f"Your rows on {left_out} are left out: no {basis.unit} is known of them.")
    if not added:
        return points
    points = points if "evidence" in points else points.assign(evidence="measured")
    own = pd.concat(added)
    return pd.concat([points, own[[c for c in points if c in own]]], ignore_index=True)


def _values(rows, basis):
    """Return the throughput of rows on a basis; NaN where nothing is known."""
    if basis.per == "J":
        return 1 / rows["joules_per_output_token"]
    factors = {}
    for key in rows["hardware"].unique():
        with contextlib.suppress(UsageError):
            factors[key] = basis.factor(key)
    return rows[basis.metric] * rows["hardware"].map(factors).astype(float)
