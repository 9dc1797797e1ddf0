"""Tidy frames of what a verdict holds, for a notebook to draw, filter and print.

Each takes a comparison, a finding, a state of a verdict or the verdict itself, and returns a frame
with one thing a row; nothing is decided here.

>>> from frontier import claims
>>> from frontier.data import measurements
>>> rows = measurements.load_measurements()
>>> verdict = claims.decide(claims.claim("nvswitch"), rows)
>>> findings(verdict)["outcome"].isin(["meets", "in part", "misses", "untested"]).all()
np.True_
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from frontier import curves
from frontier.claims import kinds
from frontier.claims.kinds import HOWS, Comparison, Line, Ratio
from frontier.claims.rule import UNTESTED, Finding, Target, longest

SPEEDS = (20, 30, 50, 75, 100)  # tok/s/user at which ratios are told
ATTRIBUTES = (
    "model", "accelerator", "setup", "traffic", "baseline", "counts", "meaning", "change", "year",
    "rounds", "across",
)  # fmt: skip
ROLES = ("deciding", "beside", "limit", "modelled")


def findings(verdict, /, *, role: str | None = None, noise: bool = True) -> pd.DataFrame:
    """Return a row for each comparison of a verdict (or of its `then`), of one role or of all.

    Columns: `role` (deciding, beside, limit, modelled), `tier`, `above`, `below`, the attributes
    (`model`, `accelerator`, `setup`, `traffic`, `baseline`, `counts`, `meaning`, `change`, ...),
    `label`, `unit`; `outcome`, `value` (on the step curve), `estimate` (semilog), `low`, `high`
    (run noise, rounding or the model's interval), `close`; `from`, `to` (where it is a mean over,
    tok/s/user); `met_from`, `met_to`, `met_share` (where it is met in part); `largest`,
    `largest_at` and `least` of the ratio; `at_20` ... `at_100`; `points_above`, `points_below`,
    `rows`, `sources`, `reached_on` (first day of a level that is reached),
    `untested` (why). Without `noise` no interval is drawn.
    """
    rows = []
    for name in ROLES if role is None else [role]:
        rows += [row(finding, name, noise=noise) for finding in verdict.by_role(name)]
    return pd.DataFrame(rows, columns=None if rows else ["role", "label", "outcome", "value"])


def row(finding: Finding, role: str, /, *, noise: bool = True) -> dict:
    """Return a finding as a row of `findings`."""
    compared = finding.comparison
    stretch = finding.stretch or curves.Stretch(np.nan, np.nan, np.nan)
    line, span, points = (
        getattr(compared, name) if finding.outcome != UNTESTED else None
        for name in ("line", "range", "points")
    )
    low, high = finding.ends if noise else (np.nan, np.nan)
    largest, largest_at = _largest(line) if line else (np.nan, np.nan)
    at = dict.fromkeys(SPEEDS, np.nan)
    if isinstance(compared, Ratio) and len(compared.top) and len(compared.bottom):
        at = dict(zip(SPEEDS, curves.ratio(*compared.fronts, np.array(SPEEDS, float)), strict=True))
    return {
        "role": role,
        "tier": compared.tier,
        "above": compared.above,
        "below": compared.below,
        **{key: compared.attributes.get(key, "") for key in ATTRIBUTES},
        "label": compared.label,
        "unit": compared.unit,
        "outcome": finding.outcome,
        "value": finding.value,
        "estimate": finding.estimate,
        "low": low,
        "high": high,
        "close": finding.close if noise else False,
        **dict(zip(("from", "to"), span or (np.nan, np.nan), strict=True)),
        "met_from": stretch.low,
        "met_to": stretch.high,
        "met_share": stretch.share,
        "largest": largest,
        "largest_at": largest_at,
        "least": float(line.both.min()) if line else np.nan,
        **{f"at_{speed}": float(value) for speed, value in at.items()},
        **dict(zip(("points_above", "points_below"), points or (np.nan, np.nan), strict=True)),
        "rows": sum(map(len, compared.sides.values())),
        "sources": ", ".join(compared.sources),
        "reached_on": compared.reached_on(finding),
        "untested": compared.untested,
    }


def _largest(line: Line) -> tuple[float, float]:
    """Return the largest number that both curves have at one speed, and that speed."""
    best = int(np.nanargmax(line.both))
    return float(line.both[best]), float(line.x[best])


def ratios(compared: Comparison | Iterable[Comparison], /, at=SPEEDS) -> pd.DataFrame:
    """Return ratios at named speeds, one row a comparison and speed.

    Columns: `above`, `below`, `model`, `accelerator`, `baseline`, `traffic`, `at` (tok/s/user),
    `value`, `below_floor` (the baseline makes so little there that the ratio says where its curve
    ends), `why` (there is no value), `rows_above` and `rows_below` (the row id behind either side),
    `speed_above` and `speed_below` (at which those rows were measured).
    """
    return _stacked(compared, lambda one: one.ratios(at))


def curve(compared: Comparison | Iterable[Comparison], /) -> pd.DataFrame:
    """Return the number over interactivity, one row a comparison, speed and way of reading.

    Columns: those that tell the comparison, `interactivity`, `how` (step, semilog) and `value`.
    Untested comparisons have no rows.
    """

    def made(one):
        if one.untested or one.line is None:
            return pd.DataFrame()
        return pd.concat(
            [
                pd.DataFrame({"interactivity": one.line.x, "how": how, "value": values})
                for how, values in zip(HOWS, one.line[1:], strict=True)
            ]
        )

    return _stacked(compared, made)


def fronts(compared: Comparison | Iterable[Comparison], /) -> pd.DataFrame:
    """Return every measured point of both sides, one a row.

    Columns: those that tell the comparison, `side` (above, below, or the cell of a split),
    `system` (its label), `interactivity`, `throughput` (in the comparison's basis, `unit`),
    `on_front`, `row_id`, `source`, `hardware`, `framework`, `precision`, `speculative`,
    `concurrency`, `gpus`, `date`.
    """
    told = ["hardware", "framework", "precision", "speculative", "concurrency", "gpus", "date"]
    first = ["interactivity", "throughput", "row_id", "source"]

    def made(one):
        sides = {name: side for name, side in one.sides.items() if len(side)}
        if not sides:
            return pd.DataFrame()
        some, lengths = [*sides.values()], [*map(len, sides.values())]
        systems = [{"above": one.above, "below": one.below}.get(name, name) for name in sides]
        rows = some[0].rows
        known = rows.once("told", lambda: rows.frame[["interactivity", "row_id", "source", *told]])
        found = known.iloc[np.concatenate([side.positions for side in some])].assign(
            throughput=np.concatenate([side.value for side in some]),
            side=np.repeat([*sides], lengths),
            system=np.repeat(systems, lengths),
            unit=np.repeat([side.basis.unit for side in some], lengths),
            on_front=np.concatenate([np.isin(s.positions, s.frontier.rows) for s in some]),
        )
        return found[[*first, *told, "side", "system", "unit", "on_front"]]

    return _stacked(compared, made)


def used(compared: Comparison | Iterable[Comparison], /) -> pd.DataFrame:
    """Return the `fronts` of comparisons with each row once, on a front where it is on any."""
    points = fronts(compared).sort_values("on_front", kind="stable")
    return points.drop_duplicates("row_id", keep="last")


def needed(compared: Comparison | Iterable[Comparison], value: float, /) -> pd.DataFrame:
    """Return what one would have to assume to get a ratio of `value`, one row a comparison.

    Columns: those that tell the comparison, `mean`, `reached` (whether the ratio is there at any
    speed above the floor, under both curves), `reached_from`, `reached_to` (the longest such
    stretch, tok/s/user), `share` (of the log range), `largest`, `largest_at`, and `missing` (the
    factor by which the mean falls short; below 1 where it does not).
    """

    def made(one):
        if one.untested or one.line is None:
            return pd.DataFrame()
        largest, largest_at = _largest(one.line)
        found = longest(one.line, Target("at-least", value), least=0.0)
        reached = found or curves.Stretch(np.nan, np.nan, 0.0)
        told = {
            "mean": one.value(),
            "reached": found is not None,
            "reached_from": reached.low,
            "reached_to": reached.high,
            "share": reached.share,
            "largest": largest,
            "largest_at": largest_at,
            "missing": value / one.value(),
        }
        return pd.DataFrame([told])

    return _stacked(compared, made)


def parts(split: kinds.Split, /) -> pd.DataFrame:
    """Return what each change of a split's gain is worth, as a factor, one row a change.

    Columns: `change`, `kind`, `part` (over all orders), `low`, `high` (95 % for run noise),
    `least`, `most` (over the orders).
    """
    found = []
    for one in split.cells.factors:
        part = replace(split, group=(one.name,), meaning="factor")
        low, high = curves.percentiles(part.draws())
        ends = [other.value() for other in part.orders().values()]
        found.append((one.name, one.kind, part.value(), low, high, *ends))
    return pd.DataFrame(found, columns=["change", "kind", "part", "low", "high", "least", "most"])


def _stacked(compared, make) -> pd.DataFrame:
    """Return what is made of each comparison in one frame, with the columns that tell them."""
    compared = [compared] if isinstance(compared, Comparison) else list(compared)
    made = [(one, frame) for one in compared if len(frame := make(one))]
    if not made:
        return pd.DataFrame()
    names = ("model", "accelerator", "setup", "baseline", "traffic")
    told = pd.DataFrame(
        {"above": one.above, "below": one.below}
        | {key: one.attributes.get(key, "") for key in names}
        for one, _ in made
    )
    told = told.iloc[np.repeat(np.arange(len(made)), [len(frame) for _, frame in made])]
    whole = pd.concat([frame for _, frame in made], ignore_index=True)
    rest = whole[whole.columns.difference(told.columns, sort=False)]
    return pd.concat([told.reset_index(drop=True), rest], axis=1)
