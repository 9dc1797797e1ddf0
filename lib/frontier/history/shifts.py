"""How far single configurations moved in time, and which of their moves may be no gain.

Claims such as "doubled in a month" are about when something moved, and dated rows answer only part
of that: a recipe that is put right, or idle time that leaves the timed window, look like speed.
Three rules hold throughout: a gain is measured against the best earlier state, never the last one;
a date is an interval, after the run before and up to this run; rows without a date take part in
nothing.

>>> from frontier.data.measurements import load_measurements
>>> runs = risen(load_measurements(), weeks=4)
>>> bool(runs["gain"].max() > 1)
True
"""

import itertools

import numpy as np
import pandas as pd

from frontier.data.measurements import POINT
from frontier.errors import UsageError

NOISE = 0.05
"""Changes up to this share are noise: runs of one configuration differ by less (p90 4 %)."""


def risen(rows: pd.DataFrame, /, *, weeks: int) -> pd.DataFrame:
    """Return the runs behind the largest move of each configuration and concurrency.

    A move is from the best state by the first date inside the window of `weeks` to the best one
    after it. The rows are those of the runs that the moves end with, with the further columns
    `gain` (ratio of throughput, below 1 where it fell), `earlier` (the day of the state before)
    and `first_state`: that state had not risen by more than `NOISE` since the first run, so nothing
    tells a recipe put right from software that became faster.
    """
    if weeks < 1:
        raise UsageError(f"weeks is {weeks}: a window has at least one week")
    rows = rows.reset_index(drop=True)
    known = rows.dropna(subset=["date", "interactivity", "throughput_per_gpu"])
    known, window = known.sort_values("date", kind="stable"), np.timedelta64(7 * int(weeks), "D")
    point = known.groupby(POINT, dropna=False).ngroup().to_numpy()
    order = point.argsort(kind="stable")  # every point's runs together, by date
    dates, values = (known[name].to_numpy()[order] for name in ("date", "throughput_per_gpu"))
    edges = np.flatnonzero(np.diff(point[order], prepend=-1, append=-1))
    found = []
    for start, end in itertools.pairwise(edges):
        day, value = dates[start:end], values[start:end]
        moves = []
        for later in np.unique(day)[1:] if day[0] < day[-1] else ():
            earlier = day[np.searchsorted(day, later - window)]
            if earlier < later:
                best, after = value[day <= earlier].max(), value[(day > earlier) & (day <= later)]
                moves.append((after.max() / best, later, earlier, best / value[0] <= 1 + NOISE))
        if moves:  # of equal gains the first: a later one has the same run in its window
            gain, later, earlier, first = max(moves, key=lambda move: move[0])
            run = max(np.flatnonzero(day == later), key=lambda place: (value[place], place))
            found.append((order[start + run], gain, earlier, first))
    if not found:
        return rows.iloc[:0].assign(gain=0.0, earlier=rows["date"].iloc[:0], first_state=False)
    places, *columns = map(np.array, zip(*found, strict=True))
    runs = known.iloc[places]
    runs = runs.assign(**dict(zip(("gain", "earlier", "first_state"), columns, strict=True)))
    return runs.sort_index().sort_values("throughput_per_gpu", kind="stable", ignore_index=True)
