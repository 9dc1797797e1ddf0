"""Citations: every measured row as a reader finds it again, by its id.

A page that quotes a number links to the rows behind it, and each row leads to the log of its run,
or to the place where the number was found. Which rows a report uses is known to the report; how
they are shown belongs to the pages.

>>> from frontier.site import citations
>>> rows = citations.cited(["captures-000001"])
>>> rows["captures-000001"].url
'https://github.com/SemiAnalysisAI/InferenceX/actions/runs/18268966303/attempts/1'
"""

from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

from broadsheet import links
from frontier.data import hardware, measurements, tables
from frontier.data.words import number

HEADS = ("System", "In/out", "Users", "tok/s/user", "tok/s/GPU", "Date", "Configuration")


@dataclass(frozen=True)
class Cited:
    """A row as a reader finds it again: its values as text, its source, and its address."""

    values: tuple[str, ...]
    source: str
    url: str
    corrected: bool


def cited(wanted: Collection[str], /) -> dict[str, Cited]:
    """Return measured rows by their ids, each with a value for every one of `HEADS`."""
    rows = measurements.load_measurements()
    rows = rows[rows["row_id"].isin(wanted)]
    told = {key: tables.meta(key) for key in rows["source"].unique()}
    values = zip(*(column.tolist() for column in _columns(rows)), strict=True)
    urls = rows["run_url"].where(rows["run_url"].map(links.is_web), rows["citation"])
    sources = [(told[key]["title"], told[key]["url"]) for key in rows["source"]]
    corrected = set(_corrections()["row_id"])
    return {
        row_id: Cited(said, title, url if links.is_web(url) else home, row_id in corrected)
        for row_id, said, url, (title, home) in zip(
            rows["row_id"], values, urls, sources, strict=True
        )
    }


def dates() -> str:
    """Return in a sentence how many measured rows there are, and from when they are."""
    rows = measurements.load_measurements()
    days = rows["date"].dropna()
    return (
        f"The data are {len(rows):,} measured rows: {len(days):,} dated from "
        f"{days.min():%Y-%m-%d} to {days.max():%Y-%m-%d}, the others without a date."
    )


def corrections() -> str:
    """Return in a sentence how many rows had labels that were wrong; empty where none had."""
    table = _corrections()
    return (
        f"In {table['row_id'].nunique():,} measured rows {len(table):,} labels (GPUs, layout, "
        "drafting) were wrong at their source, their throughput was not. They are put right here, "
        "each with its evidence, in the table corrections of the data."
        if len(table)
        else ""
    )


def _corrections():
    return tables.read("corrections") if tables.has("corrections") else pd.DataFrame({"row_id": []})


def _columns(rows):
    """Return the columns of `HEADS` as text."""
    return (
        rows["model"] + ", " + rows["hardware"].map(hardware.name),
        measurements.shapes(rows),
        rows["concurrency"].astype("str"),
        rows["interactivity"].map(number),
        rows["throughput_per_gpu"].map(number),
        rows["date"].map(measurements.date_in_words),
        measurements.in_words(rows),
    )
