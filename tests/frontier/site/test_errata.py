"""The errata are prose, and what they say in numbers is what the data and the reports say."""

import pytest

from broadsheet import collection
from frontier import claims
from frontier.data import measurements, paths, tables


@pytest.fixture(scope="module")
def errata():
    return " ".join(one["text"] for one in collection.read(paths.notebooks()).more["errata"])


def test_the_staff_of_the_erratum_is_that_of_the_filing(errata):
    filings = tables.read("filings")
    staff = filings[(filings["quantity"] == "staff") & (filings["fiscal_year"] == 2026)]
    value = staff.set_index("part")["value"]
    words = f"{value['research and development']:,.0f} of about {value['all']:,.0f} in research"
    assert words in errata


def test_no_change_brought_gpt_oss_to_gb200_before_the_month_of_the_erratum(errata):
    changes = tables.read("changes")
    rack = changes[(changes["model"] == "gpt-oss-120b") & (changes["hardware"] == "gb200")]
    assert f"entered the benchmark in {rack['date'].min():%B %Y}" in errata


def test_the_share_of_input_tokens_of_the_erratum_is_that_of_its_shape(errata):
    assert 8192 / (8192 + 1024) == 8 / 9
    assert "at 8,192 tokens in and 1,024 out, eight ninths" in errata


@pytest.fixture(scope="module")
def rows():
    return measurements.load_measurements()


def test_sixty_percent_holds_just_where_the_erratum_says(errata, rows):
    claim = claims.claim("software-60-percent")
    found = claims.findings(claims.decide(claim, rows), role="deciding", noise=False)
    low, high = claim.test.target.bounds
    # Of the gain: not of all that is served in the end.
    found = found[found["meaning"] != "share of the final throughput"].dropna(subset="value")
    value = {counts: some["value"] for counts, some in found.groupby("counts")}
    assert value["FP4 is software"].between(low, high).all()
    assert (value["FP4 and the NVLink domain are software"] > high).all()
    assert (value["FP4 and the NVLink domain are hardware"] < low).all()
    assert "right for DeepSeek-R1 where FP4 alone counts as software" in errata
