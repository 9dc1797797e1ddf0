"""InferenceX rows of its API: answers you saved, or captures that forks of its dashboard hold.

A saved answer is JSON as the API gives it. The captures are the same rows, flat, with the
repository, commit and file in which each value stands; that file is what a row cites.
"""

import pandas as pd

from frontier.sources import inferencex, raw

TABLE = "inferencex_captures"
FILES = {TABLE: ("inferencex_api*.csv*", "inferencex_api*.json")}
NUMBERS = ("isl", "osl", "conc", "tput_per_gpu", "median_tpot", "median_ttft")


def make(table, files):
    """Return tidy rows with ``reason``, and ``mean_tpot`` in s, by which copies are found."""
    read = [
        inferencex.read_api(path) if path.suffix == ".json" else raw.read_csv(path, numbers=NUMBERS)
        for path in files
    ]
    rows = pd.concat(read, ignore_index=True)
    if "source_repo" in rows:
        cited = raw.places(rows).where(rows["source_repo"].notna(), inferencex.API_URL)
    else:
        cited = inferencex.API_URL
    tidy = inferencex.tidy(rows, source=table, citation=cited)
    return tidy.assign(mean_tpot=rows.get("mean_tpot"))
