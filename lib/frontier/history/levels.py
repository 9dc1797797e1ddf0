"""Level shifts: when the runs of one configuration at one concurrency moved to a new level.

Each run may be a bad one, so a level is the median of several. A rise back to an earlier level is
a recovery; only one above the best earlier level is new.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

from frontier.data.measurements import POINT
from frontier.errors import UsageError
from frontier.history.shifts import NOISE, by_key, dated

_SHIFT = ["index", "previous", "date", "size", "size_low", "size_high", "over_best", "new_best"]


def segments(
    values: Sequence[float], /, *, penalty: float | None = None, minimum_length: int = 2
) -> list[int]:
    """Return the first index of each new level of a piecewise-constant L1 fit, in order.

    Exact dynamic programming over every segmentation whose pieces hold at least
    `minimum_length` values: least sum of absolute deviations from the pieces' medians, plus
    `penalty` a level. `values` are logarithms. The default penalty is 3 s ln n, s estimated
    from the median absolute deviation of first differences; where runs repeat almost exactly
    it is kept so large that a step within `NOISE` over `minimum_length` runs never pays.
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

    Args:
        values: positive, one a date: throughput, or interactivity. A larger value is better.
        dates: strictly rising.
        minimum_dates: fewer dates than this are refused: they cannot tell a step from a bad run.
        sigma: the least run noise (log) for the interval of `size`; the series' own is used
            where it is larger. Measured noise of runs at most three days apart is about 0.4 %,
            with a tail to 4 %.
        seed: of the jitter.

    Returns:
        `index` of the first run of the new level; `previous` and `date`: the shift lies after
        the one run, up to the other; `size`, the ratio of the two levels' medians, with the
        95 % interval `size_low`..`size_high` by jittering every value; `over_best`, the new
        level over the best earlier level; `new_best`, whether that exceeds `NOISE`. A rise
        that is not a new best is a recovery.

    Raises:
        UsageError: on too few dates, dates out of order, or a value that is not positive.
    """
    values, dates = np.asarray(values, float), pd.DatetimeIndex(dates)
    if len(values) != len(dates) or len(dates) < minimum_dates:
        raise UsageError(
            f"level shifts need at least {minimum_dates} dates with one value each, "
            f"not {len(dates)} dates and {len(values)} values"
        )
    if not (dates.is_monotonic_increasing and dates.is_unique):
        raise UsageError("level shifts need strictly rising dates; average repeats of a date")
    if not (np.isfinite(values) & (values > 0)).all():
        bad = int(np.flatnonzero(~(np.isfinite(values) & (values > 0)))[0])
        raise UsageError(f"value {bad} is {values[bad]}: level shifts need positive values")
    logs = np.log(values)
    starts = segments(logs)
    if not starts:
        return pd.DataFrame(columns=_SHIFT)
    noise = np.random.default_rng(seed).normal(0, max(sigma, _spread(logs)), (2000, len(logs)))
    parts = [slice(a, b) for a, b in pairwise([0, *starts, len(logs)])]
    level = np.array([np.median(logs[part]) for part in parts])
    drawn = [np.median(logs[part] + noise[:, part], axis=1) for part in parts]
    low, high = np.exp(np.percentile(np.diff(drawn, axis=0), [2.5, 97.5], axis=1))
    over_best = np.exp(level[1:] - np.maximum.accumulate(level)[:-1])
    first = np.array(starts)
    columns = (first, dates[first - 1], dates[first], np.exp(np.diff(level)), low, high)
    columns += (over_best, over_best > 1 + NOISE)
    return pd.DataFrame(dict(zip(_SHIFT, columns, strict=True)))


def level_shifts_by_point(
    frame: pd.DataFrame, /, *, minimum_dates: int = 8, sigma: float = 0.01
) -> tuple[pd.DataFrame, int]:
    """Return the level shifts of throughput of every configuration and concurrency.

    Repeats on a date are averaged (geometric mean) first. The second result is how many have
    `minimum_dates` dates and so were looked at.
    """
    tables, looked = [], 0
    for key, group in by_key(dated(frame), POINT):
        runs = np.exp(np.log(group["throughput_per_gpu"]).groupby(group["date"]).mean())
        if len(runs) < minimum_dates:
            continue
        looked += 1
        found = level_shifts(runs.to_numpy(), runs.index, minimum_dates=minimum_dates, sigma=sigma)
        tables += [{**key, "dates": len(runs), **row} for row in found.to_dict("records")]
    return pd.DataFrame(tables, columns=[*POINT, "dates", *_SHIFT]), looked


def _spread(values):
    """Return the standard deviation of one value, from first differences: steps hardly count."""
    step = np.diff(values)
    return float(1.4826 * np.median(np.abs(step - np.median(step))) / np.sqrt(2))
