import pandas as pd
import pytest

from frontier import claims
from frontier.claims import filings
from frontier.claims.comparisons import NOT_REPRODUCED, REPRODUCED, UNTESTED, Target
from frontier.data import tables
from frontier.errors import UsageError

RESEARCH = {
    "name": "research staff",
    "quantity": "staff",
    "part": "research and development",
    "fiscal_year": 2025,
}
LEVEL = Target(0.8, "level")


@pytest.mark.parametrize("key", ["name", "quantity", "part", "fiscal_year"])
def test_a_statement_without_a_key_is_one_line_that_names_it(key):
    with pytest.raises(UsageError, match=f"it has no {key}"):
        filings.check({name: value for name, value in RESEARCH.items() if name != key})


def test_a_part_that_no_filing_states_lists_those_that_are_stated():
    with pytest.raises(UsageError, match=r"'software' of staff of fiscal 2025: there are all, res"):
        filings.statement({**RESEARCH, "part": "software"})
    with pytest.raises(UsageError, match="there are none"):
        filings.statement({**RESEARCH, "fiscal_year": 1999})


def test_a_share_is_the_part_over_the_whole_as_far_as_the_rounding_goes():
    one = filings.statement(RESEARCH)
    assert one.share == pytest.approx(27_100 / 36_000)
    assert one.bounds == pytest.approx((27_050 / 36_500, 27_150 / 35_500))


def test_a_share_that_is_stated_as_such_is_taken_as_it_is():
    one = filings.statement(
        {**RESEARCH, "part": "technical roles (more than)", "fiscal_year": 2026}
    )
    assert (one.share, *one.bounds) == (0.8, 0.8, 0.8)


@pytest.mark.parametrize(
    ("claimed", "outcome"), [(0.7, REPRODUCED), (0.75, NOT_REPRODUCED), (0.8, NOT_REPRODUCED)]
)
def test_a_level_is_met_only_where_the_rounding_leaves_no_doubt(claimed, outcome):
    found = filings.examine(filings.statement(RESEARCH), Target(claimed, "level"))
    assert found.outcome == outcome
    assert filings.outcome(filings.statement(RESEARCH), Target(claimed, "level"))[0] == outcome


def test_leaving_out_its_filing_leaves_a_statement_untested():
    one = filings.statement(RESEARCH)
    assert one.without("document", "10-K of fiscal 2026") is one
    assert one.without("source", "inferencex_captures") is one
    left = one.without("document", "10-K of fiscal 2025")
    assert filings.examine(left, LEVEL).outcome == UNTESTED


def test_every_stated_part_has_its_share_of_the_whole_it_is_of():
    table = filings.stated()
    assert len(table) == len(tables.read("filings"))
    assert (table["share"] > 0).all() and (table["share"] <= 1).all()
    whole = table[table["part"] == "all"]
    assert (whole["share"] == 1).all()
    parts = table[table["part"].str.startswith("segment") & (table["fiscal_year"] == 2025)]
    assert parts["share"].sum() == pytest.approx(1)


def test_what_no_filing_splits_is_shown_and_decides_nothing():
    rows = pd.DataFrame()
    verdict = claims.decide(claims.claim("revenue-80-hardware"), rows, sigma=0.01)
    assert verdict.verdict == claims.NOT_TESTABLE
    assert verdict.condition.startswith("No filing states it. It would be decided by:")
    assert verdict.at.startswith("nearest stated: ")
    stated = verdict.row()["tiers"]["stated"]
    assert [one["kind"] for one in stated] == ["stated"] * len(verdict.nearest)
    assert verdict.row()["tiers"]["measured"] is None


def test_the_staff_claim_is_decided_by_filings_alone_and_each_can_be_left_out():
    verdict = claims.decide(claims.claim("staff-80-software"), pd.DataFrame(), sigma=0.01)
    assert (verdict.verdict, verdict.firm) == (NOT_REPRODUCED, True)
    assert sorted(verdict.sensitivity["variation"]) == [
        "without 10-K of fiscal 2025",
        "without 10-K of fiscal 2026",
    ]
    assert "In none of 2 filings" in verdict.condition
    assert "beside it staff in technical roles" in verdict.condition
    assert verdict.sources == ("filings",)
