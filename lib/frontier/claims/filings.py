"""Filings: shares of staff and revenue that a company states in its annual reports.

A stated share is compared with a claimed one. Its interval is what the filing's rounding leaves
open, nothing else. What a filing does not split, such as revenue into hardware and software, it
cannot decide: such parts are shown, as nearest, and decide nothing.

>>> from frontier.claims import filings
>>> one = filings.statement({"name": "research staff", "quantity": "staff",
...                          "part": "research and development", "fiscal_year": 2025})
>>> round(one.share, 3)
0.753
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pandas as pd

from frontier.claims.comparisons import NOT_REPRODUCED, REPRODUCED, UNTESTED, Finding, Target
from frontier.data import tables
from frontier.data.words import quantity
from frontier.errors import UsageError

UNIT = "share of the whole"
KEYS = ("name", "quantity", "part", "fiscal_year")


@dataclass(frozen=True, eq=False, repr=False)
class Statement:
    """One stated part over the whole: `rows` are the part's, then the whole's."""

    name: str
    rows: pd.DataFrame
    shape: str = ""
    unit: str = UNIT
    kind: ClassVar[str] = "filings"
    origin: ClassVar[str] = "document"  # the column of `rows` that says who states it

    def __repr__(self):
        said = quantity(self.share, self.unit) if self.tested else "not stated"
        return f"<Statement: {self.name}; {said}>"

    @property
    def label(self) -> str:
        """The statement in words."""
        return self.name

    @property
    def tested(self) -> bool:
        """Whether the filing is there."""
        return len(self.rows) > 0

    @property
    def sides(self) -> dict[str, pd.DataFrame]:
        """The rows of the part and of the whole."""
        return {"numerator": self.rows.iloc[:1], "denominator": self.rows.iloc[1:]}

    @property
    def fronts(self) -> list:
        """None: a filing has no frontier."""
        return []

    @property
    def share(self) -> float:
        """The part over the whole, between 0 and 1."""
        return self._over(0, 0)

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the largest share that the rounding of the filing allows."""
        return self._over(-1, 1), self._over(1, -1)

    def _over(self, part, whole):
        value = self.rows["value"].to_numpy()
        step = self.rows["resolution"].to_numpy()
        if len(value) == 1:  # stated as a share
            return float(value[0])
        return float((value[0] + part * step[0]) / (value[1] + whole * step[1]))

    def without(self, column: str, unwanted) -> "Statement":
        """Return the statement, or an untested one where its filing is left out."""
        if column in self.rows and (self.rows[column] == unwanted).any():
            return replace(self, rows=self.rows.iloc[:0])
        return self

    def place(self, finding: Finding) -> str:
        """Return where the share was found, in words."""
        return f"{self.label}, {quantity(finding.headline, UNIT)}"

    def point(self, finding: Finding) -> list[str]:
        """Return what the number is of, in words."""
        return [self.label, f"stated for the year to {self.rows['date'].iloc[0]:%Y-%m-%d}"]

    def reading(self, finding: Finding) -> str:
        """Return the number with its interval, in words."""
        return f"{quantity(finding.headline, UNIT)} (as rounded there)"


def statement(specification: dict, /) -> Statement:
    """Return a stated share: of a `quantity`, a `part` in a `fiscal_year`; UsageError without."""
    check(specification)
    rows = tables.read("filings")
    for key in ("quantity", "fiscal_year"):
        rows = rows[rows[key] == specification[key]]
    part = rows[rows["part"] == specification["part"]]
    if part.empty:
        wanted = f"{specification['quantity']} of fiscal {specification['fiscal_year']}"
        known = ", ".join(rows["part"]) or "none"
        raise UsageError(
            f"no filing states '{specification['part']}' of {wanted}: there are {known}"
        )
    whole = rows[rows["part"] == "all"] if part["unit"].iloc[0] != "share" else rows.iloc[:0]
    rows = pd.concat([part, whole])
    document = rows["form"] + " of fiscal " + rows["fiscal_year"].astype("str")
    rows = rows.assign(
        source="filings", document=document, date=rows["period_end"], run_url=rows["url"]
    )
    return Statement(specification["name"], rows.reset_index(drop=True))


def check(specification: dict, /) -> None:
    """Raise UsageError where a specification lacks what `statement` needs."""
    if missing := [key for key in KEYS if key not in specification]:
        raise UsageError(f"{specification} is no statement of a filing: it has no {missing[0]}")


def examine(
    one: Statement,
    target: Target,
    /,
    *,
    sigma: float = 0.0,
    replicates: int = 0,
    how: str | None = None,
) -> Finding:
    """Return what a stated share says of a claimed one; run noise and curves play no part."""
    if not one.tested:
        return Finding(one, UNTESTED)
    low, high = one.bounds
    met = target.met(one.share, low, high)
    return Finding(one, REPRODUCED if met else NOT_REPRODUCED, one.share, low, high)


def outcome(one: Statement, target: Target, /, **options) -> tuple[str, float]:
    """Return only the outcome and the share."""
    found = examine(one, target, **options)
    return found.outcome, found.headline


def stated() -> pd.DataFrame:
    """Return every stated part with its share of the whole: the table with the column `share`."""
    rows = tables.read("filings")
    whole = rows[rows["part"] == "all"].set_index(["quantity", "fiscal_year"])["value"]
    keys = pd.MultiIndex.from_frame(rows[["quantity", "fiscal_year"]])
    share = np.where(rows["unit"] == "share", rows["value"], rows["value"] / whole[keys].to_numpy())
    return rows.assign(share=share, source="filings")
