"""How far frontiers and single configurations moved in time, and which rises are no gain.

Claims such as "doubled in a month" are about when a frontier moved, and dated rows answer only
part of that: a wider sweep, the end of a regression, or idle time that leaves the timed window
look like speed, too. Three rules hold throughout: a gain is measured against the best earlier
state, never the last one; a date is an interval, after the run before and up to this run; rows
without a date take part in nothing. What a frontier is belongs to `frontier.curves`.

>>> from frontier.data.measurements import load_measurements
>>> moved = movement(load_measurements(), weeks=4)
>>> top = largest(moved[moved["kind"] == "like-for-like"]).nlargest(15, "geomean")
>>> len(top), bool(top["geomean"].min() > 1)
(15, True)
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd

from frontier.curves import step_pieces, step_values
from frontier.data.measurements import (
    CONFIGURATION,
    POINT,
    SERIES,
    closed_loop_throughput,
    little_quotient,
    request_latency,
)
from frontier.errors import UsageError

NOISE = 0.05
"""Changes up to this share are noise: runs of one configuration differ by less (p90 4 %)."""


def movement(
    frame: pd.DataFrame,
    /,
    *,
    weeks: int | Iterable[int],
    series: Sequence[str] = SERIES,
    configuration: Sequence[str] = CONFIGURATION,
    gaps: bool = False,
    floor: float = 100.0,
) -> pd.DataFrame:
    """Return how far each series' frontier moved within `weeks`, at each of its dates.

    Both states are cumulative (the best of all rows up to a date), so nothing falls below 1.
    Two kinds of movement, one row each:

    - ``attainable``: everything measured by then. Includes sweeps that became wider.
    - ``like-for-like``: only configurations and concurrencies measured both up to the
      earlier date and after it, so that only software (and noise) can move it.

    Args:
        frame: measured points with the columns of `load_measurements`.
        weeks: the length of the window, or several.
        series: the columns that fix a series.
        configuration: the columns that, with the concurrency, fix a point.
        gaps: False takes as the earlier state that of the first date *measured* inside the
            window, so the movement surely took no longer than `weeks` (a lower bound where dates
            are thin). True takes the state as of exactly `weeks` before, or the first state
            where the series is younger; part of the movement may then be older (`days` is how
            old at most).
        floor: tok/s/GPU below which the earlier curve is too low for a peak ratio.

    Returns:
        The `series` columns; `kind`, `weeks`; `earlier` and `later` (the last date of either
        state) and `days` between them; `geomean`, the mean log ratio over d log interactivity
        on `low`..`high` (tok/s/user, the range measured earlier); `least`, the same
        mean with the earlier curve as high as it can be between its measured points (with
        three points a date, step curves exaggerate); `peak`, the largest ratio at one
        interactivity, also a least value, at `peak_at`, with the throughputs `peak_before`
        (tok/s/GPU, at most) and `peak_after`; `points`, how many configurations and
        concurrencies the earlier state holds; `point_geomean`, for like-for-like the geometric
        mean ratio of throughput over these (can be below 1); `dates` and `span_days` of the
        series; `sources`, the tables that its rows are from, in one text.
    """
    found = []
    for key, group in by_key(dated(frame, configuration), series):
        x, y, day, point = _columns(group)
        days = np.unique(day)
        extent = {"dates": len(days), "span_days": _day_count(days[0], days[-1])}
        extent["sources"] = _sources(group)
        for length in np.atleast_1d(np.asarray(weeks)):
            for later in days[1:]:
                earlier = _earlier(days, later, _window(length), gaps)
                if earlier is None:
                    continue
                head = {**key, "weeks": int(length), "earlier": earlier, "later": later}
                head["days"] = _day_count(earlier, later)
                for kind in _moved(x, y, day, point, earlier, later, floor):
                    found.append({**head, **kind, **extent})
    columns = [
        *(*series, "kind", "weeks", "earlier", "later", "days", "geomean", "least", "low", "high"),
        *("peak", "peak_at", "peak_before", "peak_after", "point_geomean", "points"),
        *("dates", "span_days", "sources"),
    ]
    return pd.DataFrame(found, columns=columns)


def largest(movements: pd.DataFrame, /, *, by: str = "geomean") -> pd.DataFrame:
    """Return, of each series, kind and window of `movements`, the row with the largest `by`."""
    ranked = movements.dropna(subset=[by]).sort_values(by, ascending=False, kind="stable")
    return ranked.drop_duplicates([*SERIES, "kind", "weeks"]).sort_index()


def _earlier(days, later, window, gaps):
    if gaps:
        return days[days <= max(later - window, days[0])][-1]
    inside = days[(days >= later - window) & (days < later)]
    return inside[0] if len(inside) else None


def _moved(x, y, day, point, earlier, later, floor):
    old, new = day <= earlier, day <= later
    yield {"kind": "attainable", "points": len(np.unique(point[old]))} | _compared(
        x, y, old, new, floor
    )
    after = new & ~old
    both = np.intersect1d(point[old], point[after])
    if len(both):
        same = np.isin(point, both)
        gains = [y[after & (point == p)].max() / y[old & (point == p)].max() for p in both]
        yield {
            "kind": "like-for-like",
            "points": len(both),
            "point_geomean": float(np.exp(np.mean(np.log(gains)))),
        } | _compared(x, y, old & same, new & same, floor)


def _compared(x, y, old, new, floor):
    """Compare two states over the range measured earlier, on pieces where both are constant."""
    before, after = (x[old], y[old]), (x[new], y[new])
    low, high = x[old].min(), x[old].max()
    edges, (was, now) = step_pieces([before, after], low, high)
    at, width = edges[1:], np.diff(np.log(edges))
    # As the earlier curve falls, it can be no higher than at the measured point to the left.
    measured = np.unique(x[old])
    highest = step_values(before, measured[np.searchsorted(measured, edges[:-1], "right") - 1])
    least = np.maximum(now / highest, 1)
    peak = int(np.argmax(np.where(highest >= floor, least, -np.inf)))
    place = [least[peak], at[peak], highest[peak], now[peak]]
    if highest[peak] < floor:
        place = [np.nan] * 4
    return {
        "geomean": _geomean(now / was, width),
        "least": _geomean(least, width),
        "low": low,
        "high": high,
        **dict(zip(("peak", "peak_at", "peak_before", "peak_after"), place, strict=True)),
    }


def _geomean(ratio, width):
    """Return the geometric mean of ratios over pieces of these log widths."""
    weight = width if width.sum() > 0 else np.ones_like(ratio)
    return float(np.exp(np.average(np.log(ratio), weights=weight)))


def histories(rows: pd.DataFrame, keys: Sequence[str], /) -> Iterator[tuple[tuple, tuple]]:
    """Yield each key with arrays in order of date: day, point, throughput, whether it was idle."""
    known = dated(rows)
    known = known.assign(_idle=known["caveat"] == "dead-time")
    if known.empty:
        return
    group = known.groupby(list(keys), dropna=False).ngroup().to_numpy()
    order = group.argsort(kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    columns = [
        np.split(known[name].to_numpy()[order], starts[1:])
        for name in ("date", "_point", "throughput_per_gpu", "_idle")
    ]
    names = known[list(keys)].iloc[order[starts]].itertuples(index=False, name=None)
    yield from zip(names, zip(*columns, strict=True), strict=True)


def singles(rows: pd.DataFrame, /, *, weeks: Iterable[int]) -> pd.DataFrame:
    """Return every move of one configuration at one concurrency over its best earlier state.

    As in ``movement``, the earlier state is that of the first date inside the window.
    Columns: those of `POINT`, `weeks`, `earlier`, `later`, `gain` (ratio of throughput, below 1
    where it fell) and `first_state`: the earlier state had not risen by more than `NOISE` since
    the first run, so nothing tells a recipe put right from software that became faster.
    """
    found = []
    for key, (day, _, value, _) in histories(rows, POINT):
        if day[0] == day[-1]:  # in order of date
            continue
        days = np.unique(day)
        for length in sorted(set(weeks)):
            for later in days[1:]:
                earlier = _earlier(days, later, _window(length), gaps=False)
                if earlier is None:
                    continue
                best = value[day <= earlier].max()
                after = value[(day > earlier) & (day <= later)].max()
                first = best / value[0] <= 1 + NOISE
                found.append((*key, length, earlier, later, after / best, first))
    columns = [*POINT, "weeks", "earlier", "later", "gain", "first_state"]
    return pd.DataFrame(found, columns=columns)


def risen(rows: pd.DataFrame, /, *, weeks: int) -> pd.DataFrame:
    """Return the runs behind the largest move of each configuration and concurrency.

    The rows are those of the runs that moves of ``singles`` end with, one a configuration and
    concurrency, with the further columns `gain`, `earlier` and `first_state`.
    """
    # Of equal gains the first: a later one has the same run in its window.
    moves = singles(rows, weeks=[weeks]).sort_values(["gain", "later"], ascending=[False, True])
    moves = moves.drop_duplicates(POINT).rename(columns={"later": "date"})
    if moves.empty:
        return rows.iloc[:0].assign(gain=0.0, earlier=rows["date"].iloc[:0], first_state=False)
    runs = rows.sort_values("throughput_per_gpu", kind="stable")
    runs = runs.drop_duplicates([*POINT, "date"], keep="last")
    kept = moves[[*POINT, "date", "gain", "earlier", "first_state"]]
    return runs.merge(kept, on=[*POINT, "date"], how="inner").reset_index(drop=True)


def gains_since(rows: pd.DataFrame, day, /, *, by: Sequence[str] = POINT) -> np.ndarray:
    """Return the log gain in interactivity of every point run both up to `day` and after it.

    A point is a configuration at one concurrency (equal values of `by`); the best run up to the day
    is compared with the best after it. Interactivity and not throughput, because time in which
    nobody was served, when it leaves the timed window, looks like throughput (``false_gains``).
    Empty without such a point.
    """
    known = rows[rows["date"].notna()]
    early = known["date"] <= timestamp(day)
    best = [
        part.groupby(list(by), dropna=False)["interactivity"].max()
        for part in (known[early], known[~early])
    ]
    before, after = best[0].align(best[1], join="inner")
    return np.log(after.to_numpy() / before.to_numpy())


def accounted(frame: pd.DataFrame, /) -> pd.Series:
    """Return the reported throughput over the one that the latencies imply, row by row.

    In a closed loop of c users, throughput is c (0.9 ISL + 0.9 OSL) / (TTFT + TPOT (0.9 OSL
    - 1)) / GPUs. Undisturbed single-node rows lie between 0.93 and 1.03. Far below 1, part
    of the timed window served nobody; that part leaving is no faster serving. NaN without
    TTFT, TPOT or concurrency.
    """
    implied = closed_loop_throughput(frame, request_latency(frame))
    return (frame["throughput_per_gpu"] / implied).rename("accounted")


def false_gains(
    frame: pd.DataFrame, /, *, gain: float = 0.10, steady: float = NOISE
) -> pd.DataFrame:
    """Return the rises of throughput that are not faster generation of tokens.

    The rule, between neighbouring dates of one configuration at one concurrency: throughput
    rises by more than `gain`, and one of these, in this order:

    - ``recovery``: it ends within `steady` of the best earlier date, or below;
    - ``part recovery``: the date before was below the best by more than `gain`; only
      `over_best` of the rise is new;
    - ``dead time``: TPOT changes by less than `steady`, and the latencies do not account for
      the rise (they imply a rise smaller by more than `steady`): idle time left the window;
    - ``first token``: TPOT changes by less than `steady`, and a shorter wait for the first
      token accounts for the rise. Real, but it is no gain in interactivity.

    Columns: those of `POINT`, `previous`, `date`, `row_id`,
    `kind`, `gain` (ratio), `over_best` (ratio to the best earlier date), `tpot_ratio`,
    `ttft_before`, `ttft_after` (s), `accounted_before`, `accounted_after`, and
    `bound_before`, `bound_after`: throughput over Little's bound,
    concurrency x interactivity x (1 + ISL/OSL) / GPUs.
    """
    rows = dated(frame)
    rows = rows.assign(accounted=accounted(rows), bound=little_quotient(rows))
    grouped = rows.groupby("_point")
    last = grouped[["date", "throughput_per_gpu", "tpot", "ttft", "accounted", "bound"]].shift()
    best = grouped["throughput_per_gpu"].cummax()
    best = best.groupby(rows["_point"]).shift()
    ratio = rows["throughput_per_gpu"] / last["throughput_per_gpu"]
    over_best = rows["throughput_per_gpu"] / best
    tpot_ratio = rows["tpot"] / last["tpot"]
    unaccounted = rows["accounted"] / last["accounted"] > 1 + steady
    same_pace = (tpot_ratio - 1).abs() < steady
    kinds = {
        "recovery": over_best <= 1 + steady,
        "part recovery": ratio / over_best > 1 + gain,
        "dead time": same_pace & unaccounted,
        "first token": same_pace,
    }
    kind = np.select(list(kinds.values()), list(kinds), default="")
    false = (ratio > 1 + gain) & (kind != "")
    table = rows[POINT].assign(
        previous=last["date"],
        date=rows["date"],
        row_id=rows["row_id"],
        kind=kind,
        gain=ratio,
        over_best=over_best,
        tpot_ratio=tpot_ratio,
        ttft_before=last["ttft"],
        ttft_after=rows["ttft"],
        accounted_before=last["accounted"],
        accounted_after=rows["accounted"],
        bound_before=last["bound"],
        bound_after=rows["bound"],
    )
    return table[false].sort_values([*POINT, "date"], kind="stable").reset_index(drop=True)


def dated(frame: pd.DataFrame, configuration: Sequence[str] = CONFIGURATION, /) -> pd.DataFrame:
    """Return the rows with a date and a place, in order of date; `_point` numbers the points."""
    rows = frame.dropna(subset=["date", "interactivity", "throughput_per_gpu"])
    point = rows.groupby([*configuration, "concurrency"], dropna=False).ngroup()
    return rows.assign(_point=point).sort_values("date", kind="stable")


def by_key(rows: pd.DataFrame, keys: Sequence[str], /) -> Iterator[tuple[dict, pd.DataFrame]]:
    """Yield the rows of equal `keys`, in sorted order, after their keys by name."""
    for values, group in rows.groupby(list(keys), dropna=False, sort=True):
        yield dict(zip(keys, values, strict=True)), group


def _sources(rows):
    return " ".join(sorted(rows["source"].unique())) if "source" in rows else ""


def _columns(group):
    x = group["interactivity"].to_numpy(float)
    y = group["throughput_per_gpu"].to_numpy(float)
    return x, y, group["date"].to_numpy().astype("datetime64[D]"), group["_point"].to_numpy()


def _window(weeks):
    if weeks < 1:
        raise UsageError(f"weeks is {weeks}: a window has at least one week")
    return np.timedelta64(int(weeks) * 7, "D")


def _day_count(earlier, later):
    return int((later - earlier) / np.timedelta64(1, "D"))


def timestamp(date, /) -> pd.Timestamp:
    """Return a date as pandas has it; UsageError where it is none."""
    try:
        stamp = pd.Timestamp(date)
    except (ValueError, TypeError):
        stamp = pd.NaT
    if pd.isna(stamp):
        raise UsageError(f"{date!r} is not a date; write YYYY-MM-DD")
    return stamp
