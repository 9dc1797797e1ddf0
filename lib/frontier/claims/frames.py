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
from itertools import pairwise

import numpy as np
import pandas as pd

from frontier import curves
from frontier.claims import kinds
from frontier.claims.kinds import HOWS, Comparison, Ratio
from frontier.claims.rule import UNTESTED, Finding, Target

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
    compared, stretch = finding.comparison, finding.stretch
    line = compared.line if finding.outcome != UNTESTED else None
    low, high = (compared.range if finding.outcome != UNTESTED else None) or (np.nan, np.nan)
    points = (compared.points if finding.outcome != UNTESTED else None) or (np.nan, np.nan)
    made = {"role": role, "tier": compared.tier, "above": compared.above, "below": compared.below}
    made |= {key: compared.attributes.get(key, "") for key in ATTRIBUTES}
    made |= {
        "label": compared.label,
        "unit": compared.unit,
        "outcome": finding.outcome,
        "value": finding.value,
        "estimate": finding.estimate,
        "low": finding.low if noise else np.nan,
        "high": finding.high if noise else np.nan,
        "close": finding.close if noise else False,
        "from": low,
        "to": high,
        "met_from": stretch.low if stretch else np.nan,
        "met_to": stretch.high if stretch else np.nan,
        "met_share": stretch.share if stretch else np.nan,
    }
    both = np.minimum(line.step, line.semilog) if line else np.array([np.nan])
    best = int(np.nanargmax(both)) if line else 0
    made |= {
        "largest": float(both[best]),
        "largest_at": float(line.x[best]) if line else np.nan,
        "least": float(both.min()),
    }
    at = dict.fromkeys(SPEEDS, np.nan)
    if isinstance(compared, Ratio) and len(compared.top) and len(compared.bottom):
        at = dict(zip(SPEEDS, curves.ratio(*compared.fronts, np.array(SPEEDS, float)), strict=True))
    made |= {f"at_{speed}": float(value) for speed, value in at.items()}
    return made | {
        "points_above": points[0],
        "points_below": points[1],
        "rows": sum(map(len, compared.sides.values())),
        "sources": ", ".join(compared.sources),
        "reached_on": compared.reached_on(finding),
        "untested": compared.untested,
    }


def ratios(compared: Comparison | Iterable[Comparison], /, at=SPEEDS) -> pd.DataFrame:
    """Return ratios at named speeds, one row a comparison and speed.

    Columns: `above`, `below`, `model`, `accelerator`, `baseline`, `traffic`, `at` (tok/s/user),
    `value`, `below_floor` (the baseline makes so little there that the ratio says where its curve
    ends), `why` (there is no value), `rows_above` and `rows_below` (the row id behind either side).
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

    def made(one):
        frames = []
        for name, side in one.sides.items():
            if not len(side):
                continue
            system = {"above": one.above, "below": one.below}.get(name, name)
            frame = side.frame[["interactivity", "value", "row_id", "source", *told]]
            on_front = frame.index.isin(side.frontier.rows)
            frame = frame.rename(columns={"value": "throughput"})
            frames.append(
                frame.assign(side=name, system=system, unit=side.basis.unit, on_front=on_front)
            )
        return pd.concat(frames) if frames else pd.DataFrame()

    return _stacked(compared, made)


def needed(compared: Comparison | Iterable[Comparison], value: float, /) -> pd.DataFrame:
    """Return what one would have to assume to get a ratio of `value`, one row a comparison.

    Columns: those that tell the comparison, `mean`, `reached` (whether the ratio is there at any
    speed above the floor, under both curves), `reached_from`, `reached_to` (the longest such
    stretch, tok/s/user), `share` (of the log range), `largest`, `largest_at`, and `missing` (the
    factor by which the mean falls short; below 1 where it does not).
    """
    from frontier.claims.rule import longest

    def made(one):
        if one.untested or one.line is None:
            return pd.DataFrame()
        both = np.minimum(one.line.step, one.line.semilog)
        best = int(both.argmax())
        found = longest(one.line, Target("at-least", value), least=0.0)
        return pd.DataFrame(
            [
                {
                    "mean": one.value(),
                    "reached": found is not None,
                    "reached_from": found.low if found else np.nan,
                    "reached_to": found.high if found else np.nan,
                    "share": found.share if found else 0.0,
                    "largest": float(both[best]),
                    "largest_at": float(one.line.x[best]),
                    "missing": value / one.value(),
                }
            ]
        )

    return _stacked(compared, made)


def parts(split: kinds.Split, /) -> pd.DataFrame:
    """Return what each change of a split's gain is worth, as a factor, one row a change.

    Columns: `change`, `kind`, `part` (over all orders), `low`, `high` (95 % for run noise),
    `least`, `most` (over the orders).
    """
    from dataclasses import replace

    from frontier.claims.rule import interval

    found = []
    for one in split.cells.factors:
        part = replace(split, group=(one.name,), meaning="factor")
        low, high = interval(part.draws())
        ends = [other.value() for other in part.orders().values()]
        found.append((one.name, one.kind, part.value(), low, high, *ends))
    return pd.DataFrame(found, columns=["change", "kind", "part", "low", "high", "least", "most"])


def modelled_steps(claim, at, /) -> pd.DataFrame:
    """Return what each step from a baseline to the full system is worth by the serving model.

    Columns: `step`, `traffic`, `interactivity`, `ratio` (over the step before) and `total` (over
    the baseline), on the claim's basis; missing where a frontier has ended.
    """
    from frontier import serving

    basis, rows = claim.test.basis, []
    for traffic in claim.test.traffic:
        values = {}
        for step in claim.test.steps:
            system = kinds.system(step["system"], traffic)
            found = serving.front(system)
            front = curves.Frontier(found["interactivity"], found[basis.metric])
            values[step["name"]] = front.at(np.asarray(at, float)) * basis.factor(system.hardware)
        names = list(values)
        for before, name in pairwise(names):
            ratio, total = values[name] / values[before], values[name] / values[names[0]]
            frame = {"step": name, "traffic": traffic, "interactivity": at}
            rows.append(pd.DataFrame({**frame, "ratio": ratio, "total": total}))
    return pd.concat(rows, ignore_index=True)


def _stacked(compared, make) -> pd.DataFrame:
    """Return what is made of each comparison in one frame, with the columns that tell them."""
    compared = [compared] if isinstance(compared, Comparison) else list(compared)
    frames = []
    for one in compared:
        frame = make(one)
        told = {"above": one.above, "below": one.below}
        told |= {
            key: one.attributes.get(key, "")
            for key in ("model", "accelerator", "setup", "baseline", "traffic")
        }
        if len(frame):
            frames.append(
                frame.assign(**told)[[*told, *frame.columns.difference(told, sort=False)]]
            )
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
