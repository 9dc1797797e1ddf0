"""How frontiers move in time: as of a date, records, level shifts, speed, and what changed.

Why: claims such as "doubled in a month" or "5X in weeks" are about *when* a frontier moved.
Dated rows answer only part of it: a wider sweep, the end of a regression, or idle time that
leaves the timed window all look like speed. This module keeps the facts (records, movement)
apart from the inference (level shifts), and both apart from coincidence with a change log.
What a frontier is belongs to ``curves``; what is drawn or said about it, to the notebooks.

Three habits hold throughout. A gain is measured against the best earlier state, never the
last one. A date is an interval: after the run before, up to this run. Rows without a date
take part in nothing (``left_out`` counts them).

>>> from frontier.data.measurements import load_measurements
>>> rows = load_measurements()
>>> moved = movement(rows, weeks=4)
>>> top = largest(moved[moved["kind"] == "like-for-like"]).nlargest(15, "geomean")
>>> len(top), bool(top["geomean"].min() > 1)
(15, True)
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

from frontier.data.checks import closed_loop_throughput, request_latency
from frontier.data.measurements import CONFIGURATION, little_quotient
from frontier.errors import UsageError

NOISE = 0.05
"""Changes up to this share are noise: runs of one configuration differ by less (p90 4 %)."""

SERIES = (
    "model", "hardware", "framework", "precision", "speculative", "disaggregated", "isl", "osl",
)  # fmt: skip
"""What a dated series is: everything a user chooses, nothing that tuning chooses."""

POINT = [*CONFIGURATION, "concurrency"]
"""What one point is: a configuration at one concurrency."""

FAMILIES = {f"llama-{release}-70b": "llama-70b" for release in ("2", "3", "3.1", "3.3")}
"""Models that NVIDIA's tables put one after another; a series that mixes them says so."""

_SHIFT = (
    "index", "previous", "date", "size", "size_low", "size_high", "over_best", "new_best",
)  # fmt: skip
_MODEL_IN_KEYS = {"deepseek-r1": "dsr1", "gpt-oss-120b": "gptoss", "llama-70b": "70b"}


# ----------------------------------------------------------------- states in time


def as_of(frame: pd.DataFrame, date, /) -> pd.DataFrame:
    """Return the rows dated on or before `date`; undated rows never.

    `date` is anything that ``pandas.Timestamp`` reads. ``left_out`` tells how many rows this
    drops, and why.

    >>> from frontier.data.measurements import load_measurements
    >>> rows = as_of(load_measurements(), "2025-12-31")
    >>> bool(rows["date"].max() <= pd.Timestamp("2025-12-31"))
    True
    """
    return frame[frame["date"] <= _timestamp(date)]


def left_out(frame: pd.DataFrame, date, /) -> dict[str, int]:
    """Return how many rows ``as_of(frame, date)`` drops: ``{"undated": n, "later": m}``.

    >>> from frontier.data.measurements import load_measurements
    >>> sorted(left_out(load_measurements(), "2025-12-31"))
    ['later', 'undated']
    """
    undated = frame["date"].isna()
    later = frame["date"] > _timestamp(date)
    return {"undated": int(undated.sum()), "later": int(later.sum())}


def records(
    frame: pd.DataFrame,
    /,
    *,
    series: Sequence[str] = SERIES,
    threshold: float = NOISE,
    configuration: Sequence[str] = CONFIGURATION,
) -> pd.DataFrame:
    """Return every date on which a series' attainable step curve first rose. No model, no cause.

    A row makes a record when no earlier row of its series would dominate it even with both
    its interactivity and its throughput raised by `threshold` (run noise moves the two
    together). All earlier rows count, so a recovery is no record.

    Parameters
    ----------
    frame
        Measured points with the columns of ``load_measurements``.
    series
        The columns that fix a series. Its first date is the baseline, not a record.
    threshold
        The share that is noise; pass ``max(0.05, 3 * sigma)`` where the run noise sigma is
        known.
    configuration
        The columns that, with the concurrency, say whether a point was measured before.

    Returns
    -------
    DataFrame
        The `series` columns; `previous` and `date` (the rise lies after the one, up to the
        other); `rows` (the row_id of those that make it); `excess`, the least factor on both
        axes with which the earlier rows would dominate all of them; `raised_from`,
        `raised_to` (tok/s/user, inside the range measured before) with `factor_max`,
        `factor_max_at` and `factor_geomean` of the step curves over what was raised, NaN
        where nothing was; `extended_down_to` and `extended_up_to` (tok/s/user) where the
        curve reaches beyond what was measured before, else NaN: no ratio exists there;
        `new_configuration`: whether any of the rows has a configuration and concurrency not
        measured before, because a wider sweep moves a frontier without any speed-up.

    Steps between few points are high: prefer `excess` where a series has a handful of rows.
    """
    rows = _dated(frame, configuration)
    found = []
    for key, group in _groups(rows, series):
        x, y, day, point = _columns(group)
        for previous, today in pairwise(np.unique(day)):
            old, now = day <= previous, day == today
            excess = np.maximum(x[:, None] / x[old], y[:, None] / y[old]).min(axis=1)
            behind = now & (excess > 1 + threshold)
            if not behind.any():
                continue
            record = key | {"previous": previous, "date": today}
            record["rows"] = tuple(group["row_id"].to_numpy()[behind])
            record["excess"] = excess[behind].max()
            record |= _raised(x[old], y[old], x[behind], y[behind], threshold)
            record["new_configuration"] = bool((~np.isin(point[behind], point[old])).any())
            found.append(record)
    columns = [
        *series,
        "previous",
        "date",
        "rows",
        "excess",
        "raised_from",
        "raised_to",
        "factor_max",
        "factor_max_at",
        "factor_geomean",
        "extended_down_to",
        "extended_up_to",
        "new_configuration",
    ]
    return pd.DataFrame(found, columns=columns)


def _raised(old_x, old_y, new_x, new_y, threshold):
    """Describe where new points lie above, and where beyond, the curve of the old ones."""
    pieces = _pieces(old_x, old_y, np.r_[old_x, new_x], np.r_[old_y, new_y])
    up = pieces.ratio > 1 + threshold
    edges = np.r_[pieces.low, pieces.cuts]
    below = (new_x < old_x.min()) & (new_y > old_y.max() * (1 + threshold))
    above = new_x > old_x.max() * (1 + threshold)
    return {
        "raised_from": edges[:-1][up].min() if up.any() else np.nan,
        "raised_to": pieces.cuts[up].max() if up.any() else np.nan,
        "factor_max": pieces.ratio[up].max() if up.any() else np.nan,
        "factor_max_at": pieces.cuts[np.argmax(pieces.ratio)] if up.any() else np.nan,
        "factor_geomean": _geomean(pieces.ratio[up], pieces.width[up]) if up.any() else np.nan,
        "extended_down_to": new_x[below].min() if below.any() else np.nan,
        "extended_up_to": new_x[above].max() if above.any() else np.nan,
    }


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

    Parameters
    ----------
    frame
        Measured points with the columns of ``load_measurements``.
    weeks
        The length of the window, or several.
    series, configuration
        As in ``records``.
    gaps
        False: the earlier state is that of the first date *measured* inside the window, so
        the movement surely took no longer than `weeks` (a lower bound where dates are thin).
        True: the earlier state is as of exactly `weeks` before, or the first state where the
        series is younger; part of the movement may then be older (`days` is how old at most).
    floor
        tok/s/GPU below which the earlier curve is too low for a peak ratio to mean anything.

    Returns
    -------
    DataFrame
        The `series` columns; `kind`, `weeks`; `earlier` and `later` (the last date of either
        state) and `days` between them; `geomean`, the mean log ratio over d log interactivity
        on `low`..`high` (tok/s/user, the range measured earlier); `least`, the same
        mean with the earlier curve as high as it can be between its measured points (with
        three points a date, step curves exaggerate); `peak`, the largest ratio at one
        interactivity, also a least value, at `peak_at`, with the throughputs `peak_before`
        (tok/s/GPU, at most) and `peak_after`;
        `point_geomean`, for like-for-like the geometric mean ratio of throughput at fixed
        configuration and concurrency (can be below 1); `points`, how many
        configurations and concurrencies the earlier state holds; `dates` and `span_days` of
        the series.
    """
    rows = _dated(frame, configuration)
    found = []
    for key, group in _groups(rows, series):
        x, y, day, point = _columns(group)
        days = np.unique(day)
        extent = {"dates": len(days), "span_days": _day_count(days[0], days[-1])}
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
        *series,
        "kind",
        "weeks",
        "earlier",
        "later",
        "days",
        "geomean",
        "least",
        "low",
        "high",
        "peak",
        "peak_at",
        "peak_before",
        "peak_after",
        "point_geomean",
        "points",
        "dates",
        "span_days",
    ]
    return pd.DataFrame(found, columns=columns)


def largest(
    movements: pd.DataFrame, /, *, by: str = "geomean", series: Sequence[str] = SERIES
) -> pd.DataFrame:
    """Return, of each series, kind and window of `movements`, the row with the largest `by`."""
    ranked = movements.dropna(subset=[by]).sort_values(by, ascending=False, kind="stable")
    return ranked.drop_duplicates([*series, "kind", "weeks"]).sort_index()


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
    pieces = _pieces(x[old], y[old], x[new], y[new])
    peak = int(np.argmax(np.where(pieces.highest >= floor, pieces.least, -np.inf)))
    point = [pieces.least[peak], pieces.cuts[peak], pieces.highest[peak], pieces.after[peak]]
    if pieces.highest[peak] < floor:
        point = [np.nan] * 4
    return {
        "geomean": _geomean(pieces.ratio, pieces.width),
        "least": _geomean(pieces.least, pieces.width),
        "low": pieces.low,
        "high": pieces.cuts[-1],
        **dict(zip(("peak", "peak_at", "peak_before", "peak_after"), point, strict=True)),
    }


@dataclass(frozen=True)
class _Pieces:
    """Two step curves on pieces of interactivity on which both are constant.

    ``low`` is the lower end of the first piece, ``cuts`` are the upper ends; ``before`` and
    ``after`` the two attainable throughputs there, and ``width`` the log widths. ``highest``
    is what the older curve can at most be on the piece: as it falls, no more than at the
    measured point to the left.
    """

    low: float
    cuts: np.ndarray
    before: np.ndarray
    after: np.ndarray
    highest: np.ndarray
    width: np.ndarray

    @property
    def ratio(self) -> np.ndarray:
        return self.after / self.before

    @property
    def least(self) -> np.ndarray:
        return np.maximum(self.after / self.highest, 1)


def _pieces(old_x, old_y, new_x, new_y):
    """Compare over the range measured earlier; one interactivity is a piece without width."""
    low, high = old_x.min(), old_x.max()
    cuts = np.unique(np.r_[old_x, new_x])
    cuts = cuts[(cuts > low) & (cuts <= high)] if high > low else np.array([high])
    edges = np.r_[low, cuts]
    measured = np.unique(old_x)
    left = measured[np.searchsorted(measured, edges[:-1], side="right") - 1]
    return _Pieces(
        low=low,
        cuts=cuts,
        before=_attainable(cuts, old_x, old_y),
        after=_attainable(cuts, new_x, new_y),
        highest=_attainable(left, old_x, old_y),
        width=np.diff(np.log(edges)),
    )


def _attainable(at, x, y):
    """Return the best y measured at >= each of `at` (a step curve), -inf past the end."""
    return np.where(x >= np.asarray(at)[:, None], y, -np.inf).max(axis=1)


def _geomean(ratio, width):
    weight = width if width.sum() > 0 else np.ones_like(ratio)
    return float(np.exp(np.average(np.log(ratio), weights=weight)))


# ----------------------------------------------------------------- one configuration at a time


def histories(rows: pd.DataFrame, keys: Sequence[str], /):
    """Yield each key with arrays in order of date (day, point, throughput, idle) and sources."""
    dated = rows.dropna(subset=["date", "interactivity", "throughput_per_gpu"])
    dated = dated.assign(
        _point=dated.groupby(POINT, dropna=False).ngroup(), _idle=dated["caveat"] == "dead-time"
    ).sort_values("date", kind="stable")
    columns = ["date", "_point", "throughput_per_gpu", "_idle"]
    for key, group in dated.groupby(list(keys), dropna=False):
        arrays = (group[column].to_numpy() for column in columns)
        yield key, (*arrays, " ".join(sorted(group["source"].unique())))


def singles(rows: pd.DataFrame, /, *, weeks: Iterable[int]) -> pd.DataFrame:
    """Return every move of one configuration at one concurrency over its best earlier state.

    As in ``movement``, the earlier state is that of the first date inside the window.
    Columns: those of `POINT`, `weeks`, `earlier`, `later`, `gain` (ratio of throughput, below 1
    where it fell) and `first_state`: the earlier state had not risen by more than `NOISE` since
    the first run, so nothing tells a recipe put right from software that became faster.
    """
    found = []
    for key, (day, _, value, _, _) in histories(rows, POINT):
        days = np.unique(day)
        for length in sorted(set(weeks)):
            window = np.timedelta64(7 * int(length), "D")
            for later in days[1:]:
                earlier = days[days >= later - window][0]
                if earlier == later:
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


def gains_since(rows: pd.DataFrame, day, /, *, by: Sequence[str] = tuple(POINT)) -> np.ndarray:
    """Return the log gain in interactivity of every point run both up to `day` and after it.

    A point is a configuration at one concurrency (equal values of `by`); the best run up to the day
    is compared with the best after it. Interactivity and not throughput, because time in which
    nobody was served, when it leaves the timed window, looks like throughput (``false_gains``).
    Empty without such a point.
    """
    dated = rows[rows["date"].notna()]
    early = dated["date"] <= _timestamp(day)
    best = [
        part.groupby(list(by), dropna=False)["interactivity"].max()
        for part in (dated[early], dated[~early])
    ]
    before, after = best[0].align(best[1], join="inner")
    return np.log(after.to_numpy() / before.to_numpy())


# ----------------------------------------------------------------- level shifts


def segments(
    values: Sequence[float], /, *, penalty: float | None = None, minimum_length: int = 2
) -> list[int]:
    """Return the first index of each new level of a piecewise-constant L1 fit, in order.

    Exact dynamic programming over every segmentation whose pieces hold at least
    `minimum_length` values: least sum of absolute deviations from the pieces' medians, plus
    `penalty` a level. `values` are logarithms. The default penalty is 3 s ln n, s estimated
    from the median absolute deviation of first differences; where runs repeat almost exactly
    it is kept so large that a step within ``NOISE`` over `minimum_length` runs never pays.
    O(n^2 log n); n is the number of runs of one configuration, some tens.
    """
    values = np.asarray(values, float)
    n = len(values)
    if n < 2 * minimum_length:
        return []
    if penalty is None:
        penalty = max(3 * _spread(values) * np.log(n), minimum_length * np.log1p(NOISE))
    cost = np.full((n, n + 1), np.inf)  # of one level from a first index up to an end
    for length in range(minimum_length, n + 1):
        window = sliding_window_view(values, length)
        middle = np.median(window, axis=1)[:, None]
        first = np.arange(n - length + 1)
        cost[first, first + length] = np.abs(window - middle).sum(axis=1)
    best, start = np.full(n + 1, np.inf), np.zeros(n + 1, int)
    best[0] = -penalty
    for end in range(minimum_length, n + 1):
        total = best[:end] + cost[:end, end] + penalty
        start[end] = np.argmin(total)
        best[end] = total[start[end]]
    found, end = [], n
    while start[end] > 0:
        end = start[end]
        found.append(int(end))
    return found[::-1]


def level_shifts(
    values: Sequence[float],
    dates: Sequence,
    /,
    *,
    minimum_dates: int = 8,
    sigma: float = 0.01,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the steps in the history of one configuration at one concurrency.

    Parameters
    ----------
    values
        Positive, one a date: throughput, or interactivity. A larger value is better.
    dates
        Strictly rising.
    minimum_dates
        Fewer dates than this are refused: they cannot tell a step from a bad run.
    sigma
        The least run noise (log) for the interval of `size`; the series' own is used where
        it is larger. Measured noise of runs at most three days apart is about 0.4 %, with a
        tail to 4 %.
    seed
        Of the jitter.

    Returns
    -------
    DataFrame
        `index` of the first run of the new level; `previous` and `date`: the shift lies after
        the one run, up to the other; `size`, the ratio of the two levels' medians, with the
        95 % interval `size_low`..`size_high` by jittering every value; `over_best`, the new
        level over the best earlier level; `new_best`, whether that exceeds ``NOISE``. A rise
        that is not a new best is a recovery.

    Raises
    ------
    UsageError
        Too few dates, dates out of order, or a value that is not positive.
    """
    values, dates = np.asarray(values, float), pd.DatetimeIndex(dates)
    if len(values) != len(dates) or len(dates) < minimum_dates:
        raise UsageError(
            f"level shifts need at least {minimum_dates} dates with one value each, "
            f"not {len(dates)} dates and {len(values)} values; use records() instead"
        )
    if not (dates.is_monotonic_increasing and dates.is_unique):
        raise UsageError("level shifts need strictly rising dates; average repeats of a date")
    if not (np.isfinite(values) & (values > 0)).all():
        bad = int(np.flatnonzero(~(np.isfinite(values) & (values > 0)))[0])
        raise UsageError(f"value {bad} is {values[bad]}: level shifts need positive values")
    logs = np.log(values)
    starts = segments(logs)
    noise = np.random.default_rng(seed).normal(
        0, max(sigma, _spread(logs)), (2000 if starts else 0, len(logs))
    )
    bounds = list(zip([0, *starts], [*starts, len(logs)], strict=True))
    levels = [np.median(logs[a:b]) for a, b in bounds]
    jittered = [np.median(logs[a:b] + noise[:, a:b], axis=1) for a, b in bounds]
    found = []
    for i, (first, _) in enumerate(bounds[1:], start=1):
        low, high = np.exp(np.percentile(jittered[i] - jittered[i - 1], [2.5, 97.5]))
        over_best = float(np.exp(levels[i] - max(levels[:i])))
        found.append(
            (
                first,
                dates[first - 1],
                dates[first],
                float(np.exp(levels[i] - levels[i - 1])),
                float(low),
                float(high),
                over_best,
                over_best > 1 + NOISE,
            )
        )
    return pd.DataFrame(found, columns=_SHIFT)


def level_shifts_by_point(
    frame: pd.DataFrame,
    /,
    *,
    value: str = "throughput_per_gpu",
    configuration: Sequence[str] = CONFIGURATION,
    minimum_dates: int = 8,
    sigma: float = 0.01,
) -> tuple[pd.DataFrame, int]:
    """Return the level shifts of every configuration and concurrency with dates enough.

    The second result is how many have `minimum_dates` dates and were looked at. Repeats on a
    date are averaged (geometric mean) first. `value` is a column in which larger is better:
    ``throughput_per_gpu`` also sees idle time in the timed window, ``interactivity`` does not.
    """
    keys = [*configuration, "concurrency"]
    tables, looked = [], 0
    for key, group in _groups(_dated(frame, configuration), keys):
        history = np.exp(np.log(group[value]).groupby(group["date"]).mean())
        if len(history) < minimum_dates:
            continue
        looked += 1
        found = level_shifts(
            history.to_numpy(), history.index, minimum_dates=minimum_dates, sigma=sigma
        )
        tables += [{**key, "dates": len(history), **row} for row in found.to_dict("records")]
    return pd.DataFrame(tables, columns=[*keys, "dates", *_SHIFT]), looked


def _spread(values):
    """Return the standard deviation of one value, from first differences: steps hardly count."""
    step = np.diff(values)
    return float(1.4826 * np.median(np.abs(step - np.median(step))) / np.sqrt(2))


# ----------------------------------------------------------------- what is not a gain


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
    frame: pd.DataFrame,
    /,
    *,
    gain: float = 0.10,
    steady: float = NOISE,
    configuration: Sequence[str] = CONFIGURATION,
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

    Columns: those of `configuration`, `concurrency`, `previous`, `date`, `row_id`,
    `kind`, `gain` (ratio), `over_best` (ratio to the best earlier date), `tpot_ratio`,
    `ttft_before`, `ttft_after` (s), `accounted_before`, `accounted_after`, and
    `bound_before`, `bound_after`: throughput over Little's bound,
    concurrency x interactivity x (1 + ISL/OSL) / GPUs.
    """
    keys = [*configuration, "concurrency"]
    rows = _dated(frame, configuration)
    rows = rows.assign(accounted=accounted(rows), bound=little_quotient(rows))
    grouped = rows.groupby(keys, dropna=False)
    last = grouped[["date", "throughput_per_gpu", "tpot", "ttft", "accounted", "bound"]].shift()
    best = grouped["throughput_per_gpu"].cummax()
    best = best.groupby([rows[key] for key in keys], dropna=False).shift()
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
    table = rows[keys].assign(
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
    return table[false].sort_values([*keys, "date"], kind="stable").reset_index(drop=True)


# ----------------------------------------------------------------- changes


def coinciding(
    interval: tuple, configuration: Mapping, changes: pd.DataFrame, /, *, days: int = 21
) -> pd.DataFrame:
    """Return the logged changes merged up to `days` before a jump and about its configuration.

    This is coincidence, not cause: the log says what was merged, not what a run used, several
    changes often fit, and one that is not logged (a driver, a neighbour on the machine)
    never shows. The log begins on 2025-10-13; no change before that does not mean none.

    Parameters
    ----------
    interval
        ``(previous, date)`` of the jump; a change may be merged on `date` itself.
    configuration
        A mapping or row with `model`, `hardware`, `precision`, `framework`, `speculative` and
        `disaggregated`.
    changes
        The table ``changes``.
    days
        How long before `date` a change may have been merged.

    Returns
    -------
    DataFrame
        `merged`, `pull_request`, `config_keys`, `kinds`, one row a pull request in the
        order of merging, and `after_previous`: merged on or after the day of the run before,
        without which the change was there already when nothing had jumped.
    """
    previous, date = (_timestamp(d) for d in interval)
    start = date - pd.Timedelta(days=days)
    near = changes[(changes["date"] >= start) & (changes["date"] <= date)]
    near = near[near["config_key"].map(lambda key: _concerns(key, configuration)).astype(bool)]
    table = near.groupby("pull_request", as_index=False).agg(
        merged=("date", "first"), config_keys=("config_key", _joined), kinds=("kinds", _joined)
    )
    table["after_previous"] = table["merged"] >= previous
    table = table[["merged", "pull_request", "config_keys", "kinds", "after_previous"]]
    return table.sort_values(["merged", "pull_request"]).reset_index(drop=True)


def _concerns(key, configuration):
    """Whether a key such as ``dsr1-fp4-b200-sglang-mtp`` or ``gptoss-fp4-*-trt`` fits.

    A key is model-precision-hardware-framework, then marks. Plain keys also cover
    speculative rows (early recipes have no ``-mtp`` key of their own), never the reverse.
    """
    framework = str(configuration["framework"])
    own = _MODEL_IN_KEYS.get(configuration["model"], configuration["model"])
    # The log names the mori transfer library by the mark "disagg".
    base = [own, configuration["precision"], configuration["hardware"]]
    base = "-".join(map(str, [*base, framework.removeprefix("mori-")]))
    if "*" in key:
        return fnmatchcase(base, key)
    if key != base and not key.startswith(base + "-"):
        return False
    marks = key[len(base) :].split("-")
    apart = bool(configuration["disaggregated"]) and not framework.startswith("dynamo")
    return (
        "agentic" not in marks
        and ("disagg" in marks) == apart
        and ("mtp" not in marks or bool(configuration["speculative"]))
    )


def pace(
    changes: pd.DataFrame, /, *, model: str | None = None, hardware: str | None = None
) -> pd.DataFrame:
    """Return the number of changes merged in each week, overall or of a model or hardware.

    Index: `week`, the Monday it begins, without holes. Columns: `changes` (pull requests),
    `configurations` (pairs of a pull request and a configuration), then one column a kind,
    in pull requests; one pull request can be of several kinds.
    """
    for column, wanted in (("model", model), ("hardware", hardware)):
        if wanted is not None:
            changes = changes[_about(changes, column, wanted)]
    monday = changes["date"] - pd.to_timedelta(changes["date"].dt.day_of_week, unit="D")
    changes = changes.assign(week=monday)
    weeks = pd.date_range(monday.min(), monday.max(), freq="7D", name="week")
    kinds = changes.assign(kind=changes["kinds"].str.split(";")).explode("kind")
    table = kinds.drop_duplicates(["pull_request", "kind"]).pivot_table(
        index="week", columns="kind", values="pull_request", aggfunc="count"
    )
    counts = changes.groupby("week")["pull_request"].agg(changes="nunique", configurations="size")
    return counts.join(table).reindex(weeks).fillna(0).astype(int)


def _about(changes, column, wanted):
    """Mark the changes about `wanted`, by name or by a glob that covers one that is."""
    named = changes[column] == wanted
    if not named.any():
        have = ", ".join(sorted(set(changes[column]) - {""}))
        raise UsageError(f"no change is about {column} {wanted!r}; the log has {have}")
    keys = changes.loc[named, "config_key"].unique()
    globs = [
        key
        for key in changes["config_key"].unique()
        if "*" in key and any(fnmatchcase(one, key) for one in keys)
    ]
    return named | changes["config_key"].isin(globs)


def _joined(texts):
    return ";".join(dict.fromkeys(part for text in texts for part in str(text).split(";")))


# ----------------------------------------------------------------- releases


def release_series(
    table: pd.DataFrame, /, *, families: Mapping[str, str] = FAMILIES, best: bool = False
) -> pd.DataFrame:
    """Return TensorRT-LLM's published throughput of one thing, release after release.

    Parameters
    ----------
    table
        The table ``trtllm_throughput``, in order of release.
    families
        Models to read as one (the 70B series splices Llama 2, 3, 3.1 and 3.3). ``{}`` keeps
        every model by itself.
    best
        False: one series a parallel configuration. True: one a shape, with the best
        configuration of each release; the early tables fix the batch size as well, so a part
        of their gain is a batch size that NVIDIA had not tabled before.

    Returns
    -------
    DataFrame
        `gpu`, `family`, `precision`, `isl`, `osl`; `version`, `date` (NaT where the document
        names none), `model`, `configuration`, `method` (ratios across methods mix software
        and method), `output_throughput_per_gpu` (tok/s/GPU), `ratio` to the series' first
        release, and `spliced`: a different model from the first. Offline maximum throughput
        without a latency limit: not a frontier, and ratios within ``NOISE`` are noise. Series
        with one release are left out.
    """
    rows = table.assign(
        family=table["model"].map(lambda name: families.get(name, name)),
        release=pd.factorize(table["version"])[0],
    )
    keys = ["gpu", "family", "precision", "isl", "osl", *([] if best else ["configuration"])]
    value = "output_throughput_per_gpu"
    rows = rows.sort_values(value, ascending=False, kind="stable")
    rows = rows.drop_duplicates([*keys, "release"]).sort_values([*keys, "release"])
    rows = rows[rows.groupby(keys)["release"].transform("size") > 1]
    first = rows.groupby(keys)[[value, "model"]].transform("first")
    rows = rows.assign(ratio=rows[value] / first[value], spliced=rows["model"] != first["model"])
    columns = ["gpu", "family", "precision", "isl", "osl", "configuration", "version", "date"]
    return rows[[*columns, "model", "method", value, "ratio", "spliced"]].reset_index(drop=True)


def release_times(
    series: pd.DataFrame, /, *, factors: Sequence[float] = (2, 5), best: bool = False
) -> pd.DataFrame:
    """Return, for each series of ``release_series``, how far it came and how long that took.

    Pass the same `best` as there. `first` and `last` (dated releases) and `years` between
    them, `releases`, `top` (the largest ratio) and `top_version`, `last_ratio`; for each
    factor f `days_to_f`, from the first release to the first dated one with at least that
    ratio, NaN if never; `spliced` and `methods` (how many ways of measuring) as warnings.
    """
    keys = ["gpu", "family", "precision", "isl", "osl", *([] if best else ["configuration"])]
    found = []
    for key, group in _groups(series, keys):
        top = group.loc[group["ratio"].idxmax()]
        dated = group.dropna(subset="date")
        first, last = dated["date"].min(), dated["date"].max()
        row = key | {
            "first": first,
            "last": last,
            "years": (last - first).days / 365.25,
            "releases": len(group),
            "top": top["ratio"],
            "top_version": top["version"],
            "last_ratio": group["ratio"].iloc[-1],
        }
        for factor in factors:
            reached = dated.loc[dated["ratio"] >= factor, "date"]
            row[f"days_to_{factor:g}"] = (reached.min() - first).days if len(reached) else np.nan
        row |= {"spliced": bool(group["spliced"].any()), "methods": group["method"].nunique()}
        found.append(row)
    return pd.DataFrame(found)


# ----------------------------------------------------------------- shared


def _dated(frame, configuration):
    """Keep the rows with a date and a point, in order of date; `_point` numbers what they ran."""
    rows = frame.dropna(subset=["date", "interactivity", "throughput_per_gpu"])
    point = rows.groupby([*configuration, "concurrency"], dropna=False).ngroup()
    return rows.assign(_point=point).sort_values("date", kind="stable")


def _groups(rows, keys):
    for values, group in rows.groupby(list(keys), dropna=False, sort=True):
        yield dict(zip(keys, values, strict=True)), group


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


def _timestamp(date):
    try:
        stamp = pd.Timestamp(date)
    except (ValueError, TypeError):
        stamp = pd.NaT
    if pd.isna(stamp):
        raise UsageError(f"{date!r} is not a date; write YYYY-MM-DD")
    return stamp
