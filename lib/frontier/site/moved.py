"""What moved between two states of the data: which frontiers, how far, where, and what coincides.

A frontier here is the attainable one of a model on an accelerator, at a precision and a traffic
shape, with whatever software was measured, per GPU. What is found of each is a plain dict, a move;
what of it is kept of a refresh, and how pages tell it, is in `site.refreshes`.

Why a frontier moved is never established here: a move says what coincides with it.

>>> from frontier.data import measurements
>>> from frontier.site import moved
>>> rows = measurements.load_measurements()
>>> moved.compare(rows, rows, sigma=0.016)
[]
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from frontier import curves
from frontier.claims.rule import CONDITIONAL, NOT_REPRODUCED, REPRODUCED
from frontier.curves import Frontier
from frontier.data import hardware
from frontier.data.measurements import RUN, SETTING, evidence
from frontier.data.words import counted, number, published, span
from frontier.history.changes import coinciding
from frontier.history.shifts import NOISE

SERIES = ("model", "hardware", "precision", "isl", "osl")
"""What a frontier is of; every software and every size of deployment may carry it."""

NEAR = 0.10
RULE = (
    "A verdict is near changing when a comparison that could turn it has its mean, or an end of "
    f"its 95 % interval, within {100 * NEAR:g} % of the value that decides. Any comparison can "
    "turn “reproduced” and “not reproduced”; “under conditions” is turned only by one that stands "
    "alone against all others. A verdict is near being firm when one check alone contradicts it."
)

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
_POINT = [*SETTING, "concurrency"]
_ENDS = {"headline": "mean", "low": "low end of the interval", "high": "high end of the interval"}
_REACH = ("extended", "shortened")
LEAST_POINTS = 3  # on a frontier, below which it is too thin to say much
_DRAWN = 3  # frontiers whose points a record keeps, to be drawn


# ----------------------------------------------------------------- two states compared


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
      else changed with it; ``points``: on the frontier before and after.

    `sigma` is the run noise (log), `changes` the table of that name.
    """
    old, new = (frame.reset_index(drop=True) for frame in (old, new))
    old, new = _matched(old, new)
    before, after = (dict(list(f.groupby(list(SERIES), sort=True))) for f in (old, new))
    touched = {
        tuple(key)
        for frame in (old, new)
        for key in frame.loc[frame["_state"] != "same", list(SERIES)].drop_duplicates().to_numpy()
    }
    found = []
    for key in sorted(touched):
        named = dict(zip(SERIES, key, strict=True))
        rows = (before.get(key, old.iloc[:0]), after.get(key, new.iloc[:0]))
        if move := _move(named, *rows, sigma, changes, replicates):
            found.append(move)
    found.sort(key=_order)
    for one in found[_DRAWN:]:
        del one["fronts"]
    return found


def _order(move):
    size = abs(math.log(move["ratio"])) if move["ratio"] else 0.0
    rank = 0 if move["kind"] in ("rose", "fell") else list(KINDS).index(move["kind"])
    return rank, -size, name(move)


def _matched(old, new):
    """Say of every row whether the other state has it (`_state`): same, corrected or alone.

    Rows are the same run when configuration, concurrency and day agree: row numbers and sources
    may be others after a refresh. Equal values are matched first, then what is left of a run.
    """
    frames = []
    for frame in (old, new):
        run = pd.util.hash_pandas_object(frame[RUN], index=False)
        values = frame[["interactivity", "throughput_per_gpu"]].map(lambda v: f"{v:.4g}")
        same = pd.util.hash_pandas_object(values.assign(run=run), index=False)
        frames.append(frame.assign(_run=run, _same=same, _state="alone"))
    for key, state in (("_same", "same"), ("_run", "corrected")):
        left = [frame[frame["_state"] == "alone"] for frame in frames]
        codes = [
            pd.MultiIndex.from_arrays([part[key], part.groupby(key).cumcount()]) for part in left
        ]
        for frame, part, own, other in zip(frames, left, codes, codes[::-1], strict=True):
            frame.loc[part.index[own.isin(other)], "_state"] = state
    return frames


def _move(key, old, new, sigma, changes, replicates):
    """Return how one frontier moved, None where it is the same."""
    before, after = (Frontier.from_points(rows) if len(rows) else None for rows in (old, new))
    if before and after and _equal(before, after):
        return None
    move = {
        **{name: key[name] for name in ("model", "hardware", "precision")},
        "shape": f"{key['isl']}/{key['osl']}",
        "kind": "new" if before is None else "gone",
        **dict.fromkeys(("ratio", "low", "high", "from", "to", "largest", "largest_at")),
        **dict.fromkeys(("least", "least_at", "moved_from", "moved_to")),
        "reach": "",
        "points": [len(front) if front else 0 for front in (before, after)],
        "thin": [],
        "coincides": [],
        "sources": [],
        "fronts": {"before": _points(before, old), "after": _points(after, new)},
    }
    if before and after:
        move |= _compared(before, after, sigma, replicates)
    elif after:
        move["reach"] = _reach_of(after)
    else:
        move["reach"] = _reach_of(before)
    move["thin"] = _thin(move, old, new)
    carried = [rows.loc[list(f.rows), "source"] for rows, f in ((old, before), (new, after)) if f]
    move["sources"] = sorted(pd.concat(carried).unique())
    move["coincides"] = _coincides(old, new, before, after, changes)
    return published(move)


def _equal(one, other):
    return len(one) == len(other) and all(
        np.allclose(a, b, rtol=1e-4)
        for a, b in ((one.interactivity, other.interactivity), (one.throughput, other.throughput))
    )


def _compared(before, after, sigma, replicates):
    """Return ratio, interval, place and reach of two frontiers, and what kind of move it is."""
    reach, further, less = _reach(before, after)
    shared = curves.shared_range(after, before)
    if shared is None:
        above = after.low > before.high and after.throughput[0] >= before.throughput[0]
        told = f"{_reach_of(before)}; now {_reach_of(after)}"
        return {"kind": "elsewhere", "reach": told + ", above all before" * bool(above)}
    ratio = curves.geometric_mean(after, before)
    low, high = curves.interval(after, before, sigma, replicates=replicates)
    ends = curves.extremes(after, before)
    level = np.isclose([ends.worst, ends.best], 1, rtol=1e-4).all()
    up = curves.stretches(after, before, at_least=1 + NOISE)
    down = curves.stretches(after, before, at_most=1 / (1 + NOISE))
    places = [end for stretch in (*up, *down) for end in stretch[:2]]
    # A frontier of one shared point has no interval; then the noise of one ratio is the measure.
    beyond = [low, high] if low <= high else [ratio * math.exp(s * 2.8 * sigma) for s in (-1, 1)]
    kind = "noise"
    if not level and beyond[0] > 1:
        kind = "rose"
    elif not level and beyond[1] < 1:
        kind = "fell"
    elif further:
        kind = "extended"
    elif less:
        kind = "shortened"
    return {
        "kind": kind,
        "ratio": ratio,
        "low": low,
        "high": high,
        "from": shared[0],
        "to": shared[1],
        "largest": ends.best,
        "largest_at": ends.best_at,
        "least": ends.worst,
        "least_at": ends.worst_at,
        "moved_from": min(places, default=None),
        "moved_to": max(places, default=None),
        "reach": reach,
    }


def _reach(before, after):
    """Return how the two ends moved in words, and whether one reaches further, or less far."""
    margin, told, further, less = 1 + NOISE, [], False, False
    if after.high > before.high * margin or after.high < before.high / margin:
        further, less = after.high > before.high, after.high < before.high
        told.append(f"up to {number(after.high)} tok/s/user, before {number(before.high)}")
    top = after.throughput[0] / before.throughput[0]
    longer = after.low < before.low / margin and top > margin
    shorter = after.low > before.low * margin and top < 1 / margin
    if longer or shorter:
        further, less = further or longer, less or shorter
        told.append(f"from {number(after.low)} tok/s/user, before {number(before.low)}")
    return "; ".join(told), further, less


def _reach_of(front):
    return (
        f"{span(front.low, front.high, '')} tok/s/user, at most {number(front.throughput[0])} "
        f"tok/s/GPU"
    )


def _points(front, rows):
    if front is None:
        return []
    kinds = evidence(rows.loc[list(front.rows)])
    return list(zip(front.interactivity, front.throughput, kinds, strict=True))


def _thin(move, old, new):
    """Return why a move rests on little."""
    told = []
    for name, count in zip(("before", "after"), move["points"], strict=True):
        if 0 < count < LEAST_POINTS:
            told.append(f"{count} point{'s' * (count > 1)} on the frontier {name}")
    if move["ratio"] is not None and move["from"] == move["to"]:
        told.append("one interactivity is shared")
    rows = new if len(new) else old
    if rows["date"].isna().all():
        told.append("no row is dated")
    return told


# ----------------------------------------------------------------- what coincides


def _coincides(old, new, before, after, changes):
    """Return what else is another where the frontiers differ: coincidence, in words."""
    was = old.loc[list(before.rows)] if before else old
    now = new.loc[list(after.rows)] if after else new
    added = now[now["_state"] == "alone"]
    told = [*_corrected(old, new, was, now)]
    if gone := int((was["_state"] == "alone").sum()):
        told.append(f"{counted(gone, 'row')} that carried it before {_is(gone)} gone")
    if len(old):
        for column, noun in (("source", "source"), ("framework", "framework")):
            if fresh := sorted(set(added[column]) - set(old[column])):
                told.append(f"a new {noun}: {', '.join(fresh)}")
        told += _images(old, added)
        told += _settings(old, added)
    elif len(new):
        told.append(f"first rows, source: {', '.join(sorted(set(new['source'])))}")
    return [*told, *_merged(old, added, changes)]


def _corrected(old, new, was, now):
    """Yield how many runs known before have other values now, and the one that is off the most."""
    runs = [frame.loc[frame["_state"] == "corrected", "_run"] for frame in (was, now)]
    runs = pd.unique(pd.concat(runs))
    if not len(runs):
        return
    values = [
        frame[(frame["_state"] == "corrected") & frame["_run"].isin(runs)]
        .groupby("_run")["throughput_per_gpu"]
        .max()
        for frame in (old, new)
    ]
    off = np.log(values[1] / values[0]).abs()
    if not (off > 1e-3).any():  # the same number, rounded otherwise
        return
    worst = off.idxmax()
    row = new[new["_run"] == worst].iloc[0]
    yield (
        f"a correction of {counted(int((off > 1e-3).sum()), 'run')} known before, the most "
        f"{_setting(row)}, {row['concurrency']} users: "
        f"{number(values[0][worst])} before, {number(values[1][worst])} tok/s/GPU now"
    )


def _images(old, added):
    """Yield the container images that no earlier row of the frontier has."""
    fresh = sorted(set(added["image"]) - set(old["image"]) - {""})
    if fresh:
        earlier = old[old["image"] != ""].sort_values("date", kind="stable")["image"]
        until = f" (before: {earlier.iloc[-1]})" if len(earlier) else ""
        more = f" and {len(fresh) - 2} more" if len(fresh) > 2 else ""
        yield f"a new image: {', '.join(fresh[:2])}{more}{until}"


def _settings(old, added):
    """Yield how many of the new points are of new configurations, of a wider sweep, or repeats."""
    known = [set(pd.util.hash_pandas_object(old[c], index=False)) for c in (SETTING, _POINT)]
    setting, point = (pd.util.hash_pandas_object(added[c], index=False) for c in (SETTING, _POINT))
    fresh = added[~setting.isin(known[0]).to_numpy()]
    if len(fresh):
        count = fresh.drop_duplicates(SETTING).shape[0]
        best = fresh.loc[fresh["throughput_per_gpu"].idxmax()]
        yield f"{counted(count, 'new configuration')}, such as {_setting(best)}"
    wider = int((setting.isin(known[0]) & ~point.isin(known[1])).sum())
    if wider:
        yield f"a wider sweep: {counted(wider, 'point')} of known configurations not run before"
    if again := int(point.isin(known[1]).sum()):
        yield f"further runs of {counted(again, 'point')} measured before"


def _setting(row):
    marks = [f"{row['framework']}", f"{row['gpus']} GPUs"]
    marks += [f"tp {row['tp']}"] * bool(row["tp"]) + [f"ep {row['ep']}"] * bool(row["ep"] > 1)
    marks += ["MTP"] * bool(row["speculative"]) + ["disaggregated"] * bool(row["disaggregated"])
    return " ".join(marks)


def _merged(old, added, changes):
    """Yield the logged changes that were merged before the runs that decide, and fit them."""
    dated = added.dropna(subset=["date"]).drop_duplicates([*SETTING, "date"])
    if changes is None or dated.empty:
        return
    earlier = old["date"].dropna()
    found = {}
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


# ----------------------------------------------------------------- verdicts


def near(
    rows: Iterable[Mapping],
    bounds: Mapping[str, tuple[float, float]],
    checks: Mapping[str, Sequence[tuple[str, str]]],
    /,
) -> list[dict]:
    """Return the claims whose verdict is near changing, and why, by `RULE`.

    `rows` are those of ``verdicts.json``, `bounds` the least and the largest value that meets a
    claim, `checks` the (variation, verdict) of its checks of sensitivity.
    """
    found = []
    for row in rows:
        why = [*_close(row, bounds.get(row["id"], ())), *_alone(row, checks.get(row["id"], ()))]
        found += [{"claim": row["id"], "why": text} for text in why]
    return found


def _close(row, bounds):
    """Yield the comparison nearest to the value that decides, if it is near."""
    if row["verdict"] not in (REPRODUCED, CONDITIONAL, NOT_REPRODUCED):
        return
    tier = (row.get("tiers") or {}).get("measured") or {}
    told = [c for c in tier.get("comparisons") or () if c.get("headline") is not None]
    if not told:
        found = row.get("found") or {}
        place = str(found.get("at")).partition(",")[0]
        told = [{"comparison": place, "headline": found.get("value"), **found}]
    found = [
        (abs(math.log(one[key] / bound)), one, key, bound)
        for one in _turning(row["verdict"], told)
        for key in _ENDS
        for bound in bounds
        if (one.get(key) or 0) > 0 and 0 < bound < math.inf
    ]
    nearest = min(found, key=lambda entry: entry[0], default=None)
    if nearest and nearest[0] <= math.log(1 + NEAR):
        _, one, key, bound = nearest
        place = ", ".join(str(one[k]) for k in ("comparison", "shape") if one.get(k))
        value, off = one[key], number(100 * abs(one[key] / bound - 1), 2)
        yield (
            f"the {_ENDS[key]} of {place} is {number(value)}, {off} % "
            f"{'above' if value > bound else 'below'} the {number(bound)} that decides"
        )


def _turning(verdict, told):
    """Return the comparisons that could turn a verdict by themselves."""
    if verdict != CONDITIONAL:
        return told
    met = [c for c in told if c.get("outcome") in (REPRODUCED, CONDITIONAL)]
    against = [c for c in told if c.get("outcome") != REPRODUCED]
    return [*(met if len(met) == 1 else ()), *(against if len(against) == 1 else ())]


def _alone(row, checks):
    """Yield the one check that keeps a verdict from being firm."""
    against = [name for name, verdict in checks if verdict != row["verdict"]]
    if len(against) == 1 and not row["firm"]:
        yield f"one check of {len(checks)} keeps it from being firm: {against[0]}"


def checks(site: Path, rows: Sequence[Mapping], /) -> dict[str, list[tuple[str, str]]]:
    """Return the checks of sensitivity that the pages of a site publish, by claim.

    A file ``NN-CLAIM-sensitivity.csv`` begins with the claim's first word; ``NN-sensitivity.csv``
    is of the page's first measured claim. One that contradicts what is said of firm is left out.
    """
    found = {}
    for file in sorted((site / "data").glob("*-sensitivity.csv")):
        page, _, word = file.stem.removesuffix("sensitivity").strip("-").partition("-")
        for row in rows:
            tier = (row.get("tiers") or {}).get("measured") or {}
            here = str(row.get("page") or "").startswith(f"{page}_")
            if here and tier.get("comparisons") and (not word or row["id"].startswith(word)):
                table = pd.read_csv(file, dtype=str, keep_default_na=False)
                if not {"variation", "verdict"} <= set(table):
                    break
                pairs = list(zip(table["variation"], table["verdict"], strict=True))
                if bool(row["firm"]) == all(verdict == row["verdict"] for _, verdict in pairs):
                    found[row["id"]] = pairs
                break
    return found


# ----------------------------------------------------------------- in words


def told(move: Mapping, /) -> str:
    """Return a move in words: ratio with its operating point, and how the ends moved."""
    said, kind, reach = "", move["kind"], move["reach"]
    ends = ", ".join(f"{text} tok/s/user" for text in extremes(move))
    if kind in _REACH:
        return f"{KINDS[kind]}: {reach}" + f"; ratio of tok/s/GPU {ends}" * bool(ends)
    if move["ratio"] is not None:
        band = "no interval"
        if move["low"] is not None:
            band = span(move["low"], move["high"], "")
        said = (
            f", {number(move['ratio'])}x ({band}) in tok/s/GPU, mean over "
            f"{span(move['from'], move['to'], '')} tok/s/user, {ends}"
        )
    return KINDS[kind] + said + f"{'; ' if said else ': '}{reach}" * bool(reach)


def extremes(move: Mapping, /) -> list[str]:
    """Return the extreme ratios with their interactivity: that of the move, and what is hidden.

    A mean hides where the frontier moved the other way: that extreme is told if it is off by more
    than `NOISE`, as is each of a frontier of which otherwise only the reach is told.
    """
    if move["ratio"] is None:
        return []
    off = {"largest": move["largest"] > 1 + NOISE, "least": move["least"] < 1 / (1 + NOISE)}
    if move["kind"] not in _REACH:
        off["least" if move["kind"] == "fell" else "largest"] = True
    order = sorted(off) if move["kind"] != "fell" else sorted(off, reverse=True)
    return [f"{e} {number(move[e])}x at {number(move[f'{e}_at'])}" for e in order if off[e]]


def name(move: Mapping, /) -> str:
    """Return what the frontier of a move is of."""
    system = f"{hardware.name(move['hardware'])} {move['precision']}".strip()
    parts = (move["model"], system, move["shape"])
    # No font draws a control character, and no XML holds one.
    return re.sub(r"[\x00-\x1f\x7f]", "\N{REPLACEMENT CHARACTER}", ", ".join(filter(None, parts)))


def _is(count):
    return "is" if count == 1 else "are"
