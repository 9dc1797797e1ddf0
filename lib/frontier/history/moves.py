"""What moved between two states of the measured rows: which frontiers, how far, where, with what.

A frontier here is the attainable one of a model on an accelerator, at a precision and a traffic
shape, with whatever software was measured, per GPU. What is found of each is a plain dict, a move,
which `site.news` keeps and tells. Why a frontier moved is never established here: a move says what
coincides with it.

>>> from frontier.data import measurements
>>> from frontier.history import moves
>>> rows = measurements.load_measurements()
>>> moves.compare(rows, rows, sigma=0.016)
[]
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from frontier import curves
from frontier.curves import Frontier
from frontier.data.measurements import SETTING, evidence, in_words, run_keys
from frontier.data.words import counted, number, published, span
from frontier.history.changes import coinciding
from frontier.history.shifts import NOISE

FRONTIER = ["model", "hardware", "precision", "isl", "osl"]
"""What a frontier is of; every software and every size of deployment may carry it."""

KINDS = {
    "rose": "rose",
    "fell": "went back",
    "extended": "reaches further",
    "shortened": "reaches less far",
    "elsewhere": "is measured elsewhere",
    "new": "is new",
    "gone": "is gone",
    "noise": "mean within run noise",
}
LEAST_POINTS = 3  # on a frontier, below which it is too thin to say much
DRAWN = 3  # the largest moves, of which the points are kept to be drawn
_POINT = [*SETTING, "concurrency"]
_NUMBERS = (
    *("ratio", "low", "high", "from", "to", "largest", "largest_at", "least", "least_at"),
    *("moved_from", "moved_to"),
)


@dataclass(frozen=True, eq=False)
class _State:
    """The rows of one frontier in one state, with the column `state` of `matched`."""

    rows: pd.DataFrame

    @cached_property
    def front(self) -> Frontier | None:
        """The frontier; None where there is no row."""
        return Frontier.from_points(self.rows) if len(self.rows) else None

    @cached_property
    def carrying(self) -> pd.DataFrame:
        """The rows that are on the frontier, from slow to fast."""
        return self.rows.loc[list(self.front.rows)] if self.front else self.rows

    @property
    def points(self) -> list:
        """Interactivity, throughput and evidence of every point on the frontier."""
        rows = self.carrying
        columns = (rows["interactivity"], rows["throughput_per_gpu"], evidence(rows))
        return [list(point) for point in zip(*columns, strict=True)]

    @property
    def extent(self) -> str:
        """What the frontier covers, in words."""
        peak = number(self.front.throughput[0])
        return f"{span(self.front.low, self.front.high, '')} tok/s/user, at most {peak} tok/s/GPU"


def compare(
    old: pd.DataFrame,
    new: pd.DataFrame,
    /,
    *,
    sigma: float,
    changes: pd.DataFrame | None = None,
    replicates: int = 2000,
) -> list[dict]:
    """Return what moved between two states of the measured rows, the largest move first.

    A frontier whose attainable points are the same in both is left out. Of the others:

    - ``kind``: ``rose`` or ``fell`` (the mean ratio is beyond its interval), ``extended`` or
      ``shortened`` (by more than `NOISE`, with nothing else beyond noise), ``elsewhere`` (no
      interactivity is shared), ``new``, ``gone`` or ``noise``;
    - ``ratio`` with ``low``, ``high``: new over old as `curves.geometric_mean`, over ``from`` to
      ``to`` (tok/s/user), and its 95 % interval when each state is drawn again with run noise;
      ``largest`` and ``least`` with where, and ``moved_from``, ``moved_to``: where the ratio is
      off by more than `NOISE`;
    - ``reach``: how the ends moved, in words; ``thin``: why to be careful; ``coincides``: what
      else changed with it; ``points``: how many are on the frontier before and after;
    - ``fronts``, of the `DRAWN` largest: the points before and after.

    Args:
        old: measured rows as `load_measurements` gives them.
        new: the same, later.
        sigma: run noise, the log standard deviation of one run.
        changes: the table of that name.
        replicates: draws of an interval.
    """
    old, new = matched(old, new)
    touched = pd.concat([rows.loc[rows["state"] != "same", FRONTIER] for rows in (old, new)])
    before, after = (dict(list(rows.groupby(FRONTIER))) for rows in (old, new))
    found = []
    for key in sorted(set(touched.itertuples(index=False, name=None))):
        states = _State(before.get(key, old.iloc[:0])), _State(after.get(key, new.iloc[:0]))
        if move := _move(key, *states, sigma, changes, replicates):
            found.append(move)
    found.sort(key=_order)
    for one in found[DRAWN:]:
        del one["fronts"]
    return found


def _order(move):
    size = abs(math.log(move["ratio"])) if move["ratio"] else 0.0
    rank = 0 if move["kind"] in ("rose", "fell") else list(KINDS).index(move["kind"])
    return rank, -size


def matched(old: pd.DataFrame, new: pd.DataFrame, /) -> list[pd.DataFrame]:
    """Return both frames with `state`, whether the other has a row: same, corrected or alone.

    Rows are the same `run` when configuration, concurrency and day agree: row numbers and sources
    may be others after a refresh. Equal values are matched first, then what is left of a run.
    """
    frames = []
    for rows in (old, new):
        rows = rows.reset_index(drop=True)
        rows = rows.assign(run=run_keys(rows), state="alone")
        values = rows[["interactivity", "throughput_per_gpu"]].map(lambda v: f"{v:.4g}")
        same = pd.util.hash_pandas_object(values.assign(run=rows["run"]), index=False)
        frames.append(rows.assign(same=same))
    for key, state in (("same", "same"), ("run", "corrected")):
        left = [rows[rows["state"] == "alone"] for rows in frames]
        codes = [
            pd.MultiIndex.from_arrays([part[key], part.groupby(key).cumcount()]) for part in left
        ]
        for rows, part, own, other in zip(frames, left, codes, codes[::-1], strict=True):
            rows.loc[part.index[own.isin(other)], "state"] = state
    return frames


def _move(key, was, now, sigma, changes, replicates):
    """Return how one frontier moved, None where it is the same."""
    if was.front and now.front:
        if _equal(was.front, now.front):
            return None
        told = _compared(was, now, sigma, replicates)
    else:
        told = {"kind": "new" if now.front else "gone"}
        told["reach"] = (now if now.front else was).extent
    model, hardware, precision, isl, osl = key
    move = {"model": model, "hardware": hardware, "precision": precision, "shape": f"{isl}/{osl}"}
    move |= dict.fromkeys(_NUMBERS) | told
    move["points"] = [len(one.front) if one.front else 0 for one in (was, now)]
    move["thin"] = [*_thin(move, now.rows if now.front else was.rows)]
    move["coincides"] = [*_coincides(was, now, changes)]
    move["sources"] = sorted({source for one in (was, now) for source in one.carrying["source"]})
    move["fronts"] = {"before": was.points, "after": now.points}
    return published(move)


def _equal(one, other):
    pairs = (one.interactivity, other.interactivity), (one.throughput, other.throughput)
    return all(a.shape == b.shape and np.allclose(a, b, rtol=1e-4) for a, b in pairs)


def _compared(was, now, sigma, replicates):
    """Return ratio, interval, place and reach of two frontiers, and what kind of move it is."""
    before, after = was.front, now.front
    shared = curves.shared_range(after, before)
    if shared is None:
        above = after.low > before.high and after.throughput[0] >= before.throughput[0]
        told = f"{was.extent}; now {now.extent}{', above all before' * bool(above)}"
        return {"kind": "elsewhere", "reach": told}
    reach, further, less = _reach(before, after)
    ratio = curves.geometric_mean(after, before)
    low, high = curves.interval(after, before, sigma, replicates=replicates)
    ends = curves.extremes(after, before)
    off = curves.stretches(after, before, at_least=1 + NOISE)
    off += curves.stretches(after, before, at_most=1 / (1 + NOISE))
    level = np.isclose([ends.worst, ends.best], 1, rtol=1e-4).all()
    # A frontier of one shared point has no interval; then the noise of one ratio is the measure.
    beyond = (low, high) if low <= high else [ratio * math.exp(s * 2.8 * sigma) for s in (-1, 1)]
    if not level and not beyond[0] <= 1 <= beyond[1]:
        kind = "rose" if beyond[0] > 1 else "fell"
    else:
        kind = "extended" if further else "shortened" if less else "noise"
    values = (ratio, low, high, *shared, ends.best, ends.best_at, ends.worst, ends.worst_at)
    if off:
        values += (min(one.low for one in off), max(one.high for one in off))
    return {"kind": kind, **dict(zip(_NUMBERS, values, strict=False)), "reach": reach}


def _reach(before, after):
    """Return how the two ends moved in words, and whether one reaches further, or less far."""
    margin, told, further, less = 1 + NOISE, [], False, False
    if not before.high / margin <= after.high <= before.high * margin:
        further, less = after.high > before.high, after.high < before.high
        told.append(f"up to {number(after.high)} tok/s/user, before {number(before.high)}")
    top = after.throughput[0] / before.throughput[0]
    longer = after.low < before.low / margin and top > margin
    shorter = after.low > before.low * margin and top < 1 / margin
    if longer or shorter:
        further, less = further or longer, less or shorter
        told.append(f"from {number(after.low)} tok/s/user, before {number(before.low)}")
    return "; ".join(told), further, less


def _thin(move, rows):
    """Yield why a move rests on little."""
    for name, count in zip(("before", "after"), move["points"], strict=True):
        if 0 < count < LEAST_POINTS:
            yield f"{counted(count, 'point')} on the frontier {name}"
    if move["ratio"] is not None and move["from"] == move["to"]:
        yield "one interactivity is shared"
    if rows["date"].isna().all():
        yield "no row is dated"


# ----------------------------------------------------------------- what coincides


def _coincides(was: _State, now: _State, changes) -> Iterator[str]:
    """Yield what else is another where the frontiers differ: coincidence, in words."""
    old = was.rows
    yield from _corrected(was, now)
    if gone := int((was.carrying["state"] == "alone").sum()):
        yield f"{counted(gone, 'row')} that carried it before {'is' if gone == 1 else 'are'} gone"
    added = now.carrying[now.carrying["state"] == "alone"]
    if was.front:
        for column in ("source", "framework"):
            if fresh := sorted(set(added[column]) - set(old[column])):
                yield f"a new {column}: {', '.join(fresh)}"
        yield from _images(old, added)
        yield from _settings(old, added)
    else:
        yield f"first rows, source: {', '.join(sorted(set(now.rows['source'])))}"
    yield from _merged(old, added, changes)


def _corrected(was, now):
    """Yield how many runs known before have other values now, and the one that is off the most."""
    best, carrying = [], set()
    for one in (was, now):
        corrected = one.rows[one.rows["state"] == "corrected"]
        best.append(corrected.groupby("run")["throughput_per_gpu"].max())
        carrying |= set(corrected.loc[corrected.index.isin(one.carrying.index), "run"])
    off = np.log(best[1] / best[0]).abs()
    off = off[off.index.isin(carrying) & (off > 1e-3)]  # below, a number was rounded otherwise
    if len(off):
        worst = off.idxmax()
        row = now.rows[now.rows["run"] == worst].iloc[:1]
        yield (
            f"a correction of {counted(len(off), 'run')} known before, the most "
            f"{in_words(row).iloc[0]}, {row['concurrency'].iloc[0]} users: "
            f"{number(best[0][worst])} before, {number(best[1][worst])} tok/s/GPU now"
        )


def _images(old, added):
    """Yield the container images that no earlier row of the frontier has."""
    if fresh := sorted(set(added["image"]) - set(old["image"]) - {""}):
        earlier = old[old["image"] != ""].sort_values("date", kind="stable")["image"]
        until = f" (before: {earlier.iloc[-1]})" if len(earlier) else ""
        more = f" and {len(fresh) - 2} more" if len(fresh) > 2 else ""
        yield f"a new image: {', '.join(fresh[:2])}{more}{until}"


def _settings(old, added):
    """Yield how many of the new points are of new configurations, of a wider sweep, or repeats."""
    known_setting, known_point = (
        _hashed(added, columns).isin(_hashed(old, columns)) for columns in (SETTING, _POINT)
    )
    fresh = added[~known_setting]
    if len(fresh):
        count = len(fresh.drop_duplicates(SETTING))
        best = fresh.loc[[fresh["throughput_per_gpu"].idxmax()]]
        yield f"{counted(count, 'new configuration')}, such as {in_words(best).iloc[0]}"
    if wider := int((known_setting & ~known_point).sum()):
        yield f"a wider sweep: {counted(wider, 'point')} of known configurations not run before"
    if again := int(known_point.sum()):
        yield f"further runs of {counted(again, 'point')} measured before"


def _hashed(rows, columns):
    return pd.util.hash_pandas_object(rows[columns], index=False)


def _merged(old, added, changes):
    """Yield the logged changes that were merged before the runs that decide, and fit them."""
    dated = added.dropna(subset=["date"]).drop_duplicates([*SETTING, "date"])
    if changes is None or dated.empty:
        return
    earlier, found = old["date"].dropna(), {}
    for row in dated.to_dict("records"):
        last = earlier[earlier < row["date"]].max()
        previous = row["date"] - pd.Timedelta(days=21) if pd.isna(last) else last
        near = coinciding((previous, row["date"]), row, changes)
        for one in near[near["after_previous"]].to_dict("records"):
            found[one["pull_request"]] = f"{one['pull_request']} ({one['merged']:%Y-%m-%d})"
    if found:
        listed = [found[key] for key in sorted(found)]
        more = f" and {len(listed) - 4} more" if len(listed) > 4 else ""
        yield f"merged pull requests of the recipes: {', '.join(listed[:4])}{more}"
