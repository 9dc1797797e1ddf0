import io
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from frontier import claims
from frontier.claims import comparisons, modelled, splits
from frontier.data.words import number, quantity
from frontier.figures import shares
from measured import SHAPE, SYSTEM, grid, test_

SIXTY = claims.claim("software-60-percent")
MAJORITY = claims.claim("software-over-hardware")


@pytest.fixture(scope="module")
def findings():
    test = test_(0.6, meanings=["log", "linear", "final"])
    return [
        splits.examine(one, test.target, sigma=0.01, replicates=50)
        for one in splits.build(test, grid(interaction=4.0))
    ]


def caption(exhibit):
    return re.sub(r"<[^>]+>", "", re.search(r"<figcaption><p>(.*?)</p>", exhibit.html, re.S)[1])


def data(exhibit):
    (name,) = (key for key in exhibit.files if key.endswith(".csv"))
    return pd.read_csv(io.StringIO(exhibit.files[name]))


def test_a_gain_that_could_not_be_split_is_in_no_exhibit(findings):
    holes = splits.build(test_(0.6), grid(without=[(True, True, True)]))
    untested = [splits.examine(one, test_(0.6).target, sigma=0.01) for one in holes]
    assert shares.measured(untested) == []
    both = data(shares.overview([*untested, *findings], [SIXTY], name="05-shares"))
    assert len(both) == len(data(shares.overview(findings, [SIXTY], name="05-shares")))


def test_a_split_gain_is_listed_once_whatever_is_asked_of_it(findings):
    assert len(shares.measured(findings)) == 1


def test_the_changes_are_counted_by_the_cells_that_have_them(findings):
    exhibit = shares.counted(shares.measured(findings), name="05-changes")
    table = data(exhibit).set_index("change")
    assert table[SHAPE].astype(int).to_dict() == {"silicon": 4, "FP4": 2, "MTP": 3}


def test_how_much_was_measured_is_told_with_its_range_and_its_fewest_points(findings):
    (row,) = data(shares.cells(shares.measured(findings), name="05-cells")).to_dict("records")
    assert (row["cells"], row["orders"], row["rows"]) == (6, 3, 54)
    assert row["of the end's and the start's range"] == "100 % and 100 %"
    assert row["fewest points inside"] == 9
    assert row["first engine"] == "none"


def test_the_overview_says_the_first_share_and_the_range_of_all(findings):
    exhibit = shares.overview(findings, [MAJORITY, SIXTY], name="05-shares")
    table, first = data(exhibit), findings[0]
    assert quantity(first.headline, splits.UNIT) in caption(exhibit)
    low, high = (number(100 * table["headline"].agg(end)) for end in ("min", "max"))
    assert f"{low} to {high} %" in caption(exhibit)
    assert set(table["meaning"]) == {"log"}


def test_a_share_over_interactivity_is_shown_with_the_shapes_it_is_of(findings):
    exhibit = shares.by_interactivity(findings, [SIXTY], sigma=0.01, name="05-interactivity")
    table = data(exhibit)
    assert set(table["choice"]) == {"FP4 is hardware", "FP4 is software"}
    first = table[table["choice"] == "FP4 is hardware"]["share"]
    expected = f"{SHAPE}: {number(100 * first.min())} to {number(100 * first.max())} %"
    assert expected in caption(exhibit)


def test_the_region_counts_the_choices_that_meet_the_claim_by_meaning(findings):
    exhibit = shares.region(findings, SIXTY, name="05-region")
    table = data(exhibit)
    for meaning, group in table.groupby("meaning"):
        met = int((group["outcome"] != comparisons.NOT_REPRODUCED).sum())
        assert f"share of the {meaning} in {met} of {len(group)}" in caption(exhibit)
    assert 0 < table["met"].sum() < len(table)


def test_the_parts_multiply_to_the_gain_that_the_caption_states(findings):
    exhibit = shares.parts(shares.measured(findings), sigma=0.01, name="05-parts")
    assert f"{number(data(exhibit)['part'].prod())}x in all" in caption(exhibit)
    assert f"{number(data(exhibit)['in_order'].prod())}x in all" in caption(exhibit)


def test_the_totals_give_each_gain_once_with_the_least_and_the_largest_share(findings):
    exhibit = shares.totals(findings, [], at=[30, 5000], name="05-totals")
    (row,) = data(exhibit).to_dict("records")
    log = [f.headline for f in findings if f.comparison.meaning == "log"]
    assert row["software"] == f"{number(100 * min(log))} to {number(100 * max(log))} %"
    assert row["at 30"] == pytest.approx(row["mean gain"])
    assert np.isnan(row["at 5,000"])


def test_a_model_without_a_measured_order_is_named_and_has_no_row(findings):
    other = test_(0.6, systems=[{**SYSTEM, "name": "another gain"}])
    holes = splits.build(other, grid(without=[(True, True, True)]))
    exhibit = shares.totals(findings, holes, at=[30], name="05-totals")
    assert f"No order was measured of: another gain, {SHAPE}" in caption(exhibit)
    assert len(data(exhibit)) == 1


def test_a_chosen_split_is_shown_with_its_share_and_what_each_change_counts_as(findings):
    finding = findings[0]
    exhibit = shares.chosen(finding.comparison, finding, sigma=0.01, name="05-chosen")
    table = data(exhibit).set_index("factor")
    assert table["software"].to_dict() == {"silicon": False, "FP4": False, "MTP": True}
    assert finding.comparison.reading(finding) in caption(exhibit)


def test_modelled_shares_stand_beside_the_measured_ones():
    states = ledger_states(start=grid())
    split = splits.Split(states, "chosen", ("MTP",))
    finding = splits.examine(split, test_(0.5).target, sigma=0.01, replicates=50)
    (row,) = data(shares.modelled_shares([finding], draws=2, name="05-modelled")).to_dict("records")
    share, low, high = modelled.gains(states, draws=2).share(["MTP"])
    assert row["measured"] == quantity(finding.headline, "share")
    assert row["modelled"] == quantity(share, "share")
    assert row["of refits"] == f"{number(100 * low)} to {number(100 * high)} %"


def test_stated_shares_carry_no_row_for_the_whole():
    exhibit = shares.stated(name="05-filings")
    assert ">all<" not in exhibit.html
    assert "technical roles" in exhibit.html


def test_the_model_has_every_cell_but_fp4_on_hopper_and_no_updates_of_the_engine():
    states = ledger_states()
    answer = modelled.gains(states, draws=3)
    assert "engine updates" not in answer.lattice.factors
    for cell in answer.lattice.cells:
        assert "FP4" not in cell or "silicon" in cell
    assert answer.values[0] == 0
    assert answer.drawn.shape == (len(answer.lattice.cells), 3)
    share, low, high = answer.share(["MTP", "engine updates"])
    least, most = answer.orders(["MTP"])
    assert 0 < low <= high < 1
    assert least <= share <= most


def test_all_changes_together_are_the_whole_modelled_gain():
    answer = modelled.gains(ledger_states(), draws=2)
    everything = answer.share(answer.lattice.factors)
    assert everything == pytest.approx((1, 1, 1))


def ledger_states(start=None):
    """The ledger's changes; measured, if rows are given, by those of the synthetic grid."""
    system = MAJORITY.test.splits["systems"][0]
    factors = tuple(splits.factor(one) for one in system["factors"])
    if start is not None:
        made = splits.states(comparisons.Basis(), start, SYSTEM, SHAPE)
        return replace(made, start={**system["start"], "model": "deepseek-r1"})
    return splits.States(system["name"], "1024/1024", "tok/s/GPU", system["start"], factors, {}, {})
