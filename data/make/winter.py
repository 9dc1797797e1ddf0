"""Results of InferenceX runs that a merge started, December 2025 to January 2026, with TTFT.

Where the day of a run is not known, the file has the first and the last day on which it can
have been: these stay an interval, and the row has no date.
"""

import pandas as pd

from frontier.sources import inferencex, raw

FILES = {"inferencemax_ci_2025_12": ("inferencemax_ci_2025-12.csv*",)}
NUMBERS = ("isl", "osl", "conc", "tput_per_gpu", "median_tpot", "median_ttft")


def make(table, files):
    """Return tidy rows with ``reason``, and ``mean_tpot`` in s, by which copies are found."""
    rows = raw.read_all(files, needs=("date", "date_from", "date_to"), numbers=NUMBERS)
    tidy = inferencex.tidy(rows, source=table, citation=raw.places(rows))
    days = {name: pd.to_datetime(rows[name]) for name in ("date_from", "date_to")}
    return tidy.assign(
        **{name: day.where(tidy["date"].isna()) for name, day in days.items()},
        mean_tpot=rows["mean_tpot"],
        row_id=inferencex.row_ids("winter", len(rows)),
    )
