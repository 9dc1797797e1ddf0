"""InferenceX points in tables of SemiAnalysis posts: undated.

A post's table shows the newest run of each configuration on its day: rows of 2026-05-22 equal,
to every digit, runs that the captures date 2026-01-29 and 2026-03-23. So the day of a post is
not the day of the run, and would put a gain months late.
"""

import pandas as pd

from frontier.sources import inferencex, raw

FILES = {"inferencex_posts": ("inferencex_posts.csv*",)}
NUMBERS = ("conc", "tput_per_gpu", "median_tpot")


def make(table, files):
    """Return tidy rows with ``reason``."""
    rows = raw.read_all(files, numbers=NUMBERS)
    cited = rows["source_url"].astype("str")
    return inferencex.tidy(rows.assign(date=pd.NaT), source=table, citation=cited)
