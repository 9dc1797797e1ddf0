"""The errata are prose, and what they say in numbers is what the data and the reports say."""

from pathlib import Path

import pandas as pd
import pytest

from broadsheet import collection
from frontier.data import paths, tables

REPORTS = Path(__file__).parents[3] / "reports" / "data"


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


def test_sixty_percent_holds_just_where_the_erratum_says(errata):
    region = pd.read_csv(REPORTS / "05-region.csv")
    met = region.set_index(["choice", "meaning"])["met"]
    assert met["FP4 and the NVLink domain are software"].all()
    hardware = met["FP4 and the NVLink domain are hardware"]
    assert not hardware.drop("final throughput").any()
    assert hardware["final throughput"].any() and not hardware["final throughput"].all()
    assert "unless the share of the final throughput is meant, and then not at every" in errata


def test_attention_parallelism_helps_and_costs_where_the_erratum_says(errata):
    cells = pd.read_csv(REPORTS / "06-map.csv").query(
        "lever.str.startswith('attention') and tier == 'measured'"
    )
    below = cells["high"] <= 75
    assert (cells.loc[below, "gain"] > 1).all()
    assert (cells.loc[~below, "gain"] < 1).all()
    assert below.any() and not below.all()
    assert "in the median of measured pairs of DeepSeek-R1 it helps below 75 tok/s/user" in errata
