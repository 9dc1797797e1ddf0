from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from frontier import claims
from frontier.claims import attribution, comparisons, splits
from frontier.claims.attribution import Cell
from frontier.claims.comparisons import (
    CONDITIONAL,
    NOT_REPRODUCED,
    REPRODUCED,
    UNTESTED,
    Basis,
    Target,
)
from frontier.data import measurements
from frontier.errors import UsageError
from measured import (
    CHIP,
    FP4,
    MTP,
    SHAPE,
    SYSTEM,
    X,
    Y,
    cell,
    grid,
    sweep,
    test_,
    test_of,
    together,
)

UPDATES = {"name": "updates", "kind": "software", "until": "2026-01-31"}


def states(rows, **changes):
    return splits.states(Basis(), rows, {**SYSTEM, **changes}, SHAPE)


def split(rows, group=("MTP",), meaning="log", **changes):
    return splits.Split(states(rows, **changes), "chosen", group, meaning)


def examine(one, value, *, sigma=0.0, **options):
    target = Target(value, "gain")
    return splits.examine(one, target, sigma=sigma, replicates=100, **options)


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("silicon", "is no factor"),
        ({"name": "a", "kind": "hardware"}, "needs either set or until"),
        ({"name": "a", "kind": "magic", "set": {}}, "not one of hardware, software, disputed"),
        ({"name": "a", "kind": "software", "set": {"hardwear": 1}}, "'hardwear', which is no col"),
        ({"name": "a", "kind": "software", "set": {}, "until": "2026-01-01"}, "either set or unt"),
        ({"name": "a", "kind": "software", "set": {}, "extra": 1}, "is no factor"),
    ],
)
def test_what_is_no_factor_is_one_line(entry, problem):
    with pytest.raises(UsageError, match=problem):
        splits.factor(entry)


def test_a_cell_that_cannot_exist_is_never_filled_in_even_where_rows_look_like_it():
    wrong = cell("h200", "fp4", False, 9.0)  # FP4 on Hopper
    one = states(together(grid(), wrong))
    assert Cell({"FP4"}) not in one.rows
    assert one.lattice.orders == 3
    assert one.means() == pytest.approx(states(grid()).means())


def test_a_gain_whose_end_was_not_measured_is_not_tested():
    one = split(grid(without=[(True, True, True)]))
    assert not one.tested
    assert examine(one, 0.1).outcome == UNTESTED


def test_a_missing_cell_takes_its_orders_away_and_no_more():
    one = split(grid(without=[(False, False, True)]))  # MTP on Hopper
    assert one.tested
    assert one.states.lattice.orders == 2


def test_cells_that_share_no_interactivity_are_not_tested():
    rows = together(grid(without=[(True, True, True)]), cell("b200", "fp4", True, x=X * 1000))
    assert not split(rows).tested


def test_cells_that_share_a_sliver_of_a_curve_are_not_tested():
    rows = together(
        grid(without=[(True, True, True)]),
        cell("b200", "fp4", True, x=X[-1] * np.array([0.95, 1]), y=Y[-1] * np.array([1.1, 1])),
    )
    one = split(rows)
    assert one.states.shared and not one.tested
    assert examine(one, 0.1).outcome == UNTESTED
    with pytest.raises(UsageError, match=r"what the cells share is 1\.85 % of a curve only"):
        splits.chosen(test_(), rows, SHAPE, counts={})


def test_the_shares_of_changes_that_do_not_interact_are_those_of_their_factors():
    found = examine(split(grid()), 0.4)
    expected = np.log(MTP) / np.log(CHIP * FP4 * MTP)
    assert found.headline == pytest.approx(expected)
    assert found.semilog == pytest.approx(expected)
    assert found.orders == pytest.approx((expected, expected))
    assert found.range == pytest.approx((X[0], X[-1]))
    assert (found.outcome, found.largest) == (REPRODUCED, pytest.approx(expected))


def test_an_interaction_is_shared_and_the_orders_say_how_far_it_reaches():
    one = split(grid(interaction=4.0))
    found, whole = examine(one, 0.9), np.log(CHIP * FP4 * MTP * 4)
    # MTP comes before silicon in one order of three: then the interaction is silicon's.
    assert found.headline == pytest.approx((np.log(MTP) + 2 / 3 * np.log(4)) / whole)
    assert found.orders == pytest.approx((np.log(MTP) / whole, np.log(MTP * 4) / whole))
    assert found.outcome == NOT_REPRODUCED


@pytest.mark.parametrize("meaning", list(attribution.MEANINGS))
def test_the_meaning_of_a_share_is_that_of_attribution(meaning):
    one = split(grid(), meaning=meaning)
    values = one.states.means()
    expected = attribution.share(one.states.lattice, values, ["MTP"], meaning=meaning)
    assert examine(one, 0.4).headline == pytest.approx(expected)


def test_a_claim_is_met_only_if_the_estimate_meets_it_too():
    """Where the sweeps without MTP have few points their steps are low, the estimate is not."""
    few = {"x": X[::2], "y": Y[::2]}
    rows = together(
        cell(**few),
        cell("b200", factor=CHIP, **few),
        cell("b200", "fp4", factor=CHIP * FP4, **few),
        cell(speculative=True, factor=MTP),
        cell("b200", speculative=True, factor=CHIP * MTP),
        cell("b200", "fp4", True, factor=CHIP * FP4 * MTP),
    )
    one = split(rows)
    step, estimate = examine(one, 0.5).headline, examine(one, 0.5).semilog
    assert step > estimate + 0.02
    between = (step + estimate) / 2
    assert examine(one, between, how="step").outcome == REPRODUCED
    assert examine(one, between).outcome == NOT_REPRODUCED
    assert examine(one, estimate - 0.01).outcome == REPRODUCED


def test_a_share_that_is_met_on_a_stretch_alone_is_conditional_and_the_stretch_named():
    high = X > 60
    y = np.where(high, Y * MTP, Y * 1.0001)
    rows = together(
        cell(),
        cell("b200", factor=CHIP),
        cell("b200", "fp4", factor=CHIP * FP4),
        cell(speculative=True, y=y),
        cell("b200", speculative=True, y=y * CHIP),
        cell("b200", "fp4", True, y=y * CHIP * FP4),
    )
    found = examine(split(rows), 0.45)
    assert found.outcome == CONDITIONAL
    assert 30 < found.stretch.low < found.stretch.high == pytest.approx(X[-1])
    assert found.stretch.denominator_points >= comparisons.LEAST_POINTS


def test_a_share_whose_interval_reaches_below_the_claim_does_not_meet_it():
    one = split(grid())
    sure, unsure = (examine(one, 0.4, sigma=sigma) for sigma in (0.0, 0.05))
    between = (unsure.low + unsure.headline) / 2
    assert examine(one, between, sigma=0.0).outcome == REPRODUCED
    assert examine(one, between, sigma=0.05).outcome == NOT_REPRODUCED
    assert sure.low == pytest.approx(sure.headline)


def test_a_stretch_on_which_only_the_share_itself_meets_the_claim_is_none():
    y = np.where(X > 60, Y * 1.3, Y * 1.0001)
    rows = together(
        cell(),
        cell("b200", factor=CHIP),
        cell("b200", "fp4", factor=CHIP * FP4),
        cell(speculative=True, y=y),
        cell("b200", speculative=True, y=y * CHIP),
        cell("b200", "fp4", True, y=y * CHIP * FP4),
    )
    claim = 0.95 * np.log(1.3) / np.log(1.3 * CHIP * FP4)
    assert examine(split(rows), claim).outcome == CONDITIONAL
    assert examine(split(rows), claim, sigma=0.2).outcome == NOT_REPRODUCED


def test_the_interval_of_an_estimate_holds_the_estimate():
    few = {"x": X[::2], "y": Y[::2]}
    rows = together(
        cell(**few),
        cell("b200", factor=CHIP, **few),
        cell("b200", "fp4", factor=3.0, **few),
        cell(speculative=True, factor=MTP),
        cell("b200", speculative=True, factor=CHIP * MTP),
        cell("b200", "fp4", True, factor=3.0 * MTP),
    )
    one = split(rows)
    step, estimate = (examine(one, 0.5, sigma=0.01, how=how) for how in ("step", "semilog"))
    assert estimate.low < estimate.headline < estimate.high < step.low
    table = splits.parts(one.states, sigma=0.01, replicates=100, how="semilog")
    assert (table["low"] < table["part"]).all() and (table["part"] < table["high"]).all()


def test_the_interval_holds_the_share_and_widens_with_the_noise():
    one = split(grid())
    widths = []
    for sigma in (0.005, 0.05):
        found = examine(one, 0.4, sigma=sigma)
        assert found.low < found.headline < found.high
        widths.append(found.high - found.low)
    assert widths[1] > 3 * widths[0]


def test_noise_that_a_row_has_it_has_in_every_cell_it_is_of():
    """An update moves the same rows back, so the noise of the rows is no noise of its gain."""
    one = states(updated(3.0), factors=[UPDATES])
    start, end = one._noisy(0.05, 2000)
    factor = start[0] / end[0]
    assert factor == pytest.approx(np.repeat(factor[:, :1], factor.shape[1], axis=1))
    assert start[1] / end[1] == pytest.approx(factor)
    # What is uncertain is the mean gain of nine points, each of two runs.
    assert np.log(factor[:, 0]).mean() == pytest.approx(-np.log(3), abs=0.005)
    assert np.log(factor[:, 0]).std() == pytest.approx(0.05 * np.sqrt(2 / 9), rel=0.1)


def updated(gain):
    """Hopper before and after updates that make each of its points faster by a factor."""
    late = sweep(X * gain, Y * gain, date="2026-03-01")
    late["concurrency"] = sweep()["concurrency"]
    return together(sweep(), late)


def test_updates_are_what_points_gained_that_were_run_before_and_after_the_day():
    one = states(updated(1.25), factors=[UPDATES])
    start, end = one.fronts[Cell()], one.fronts[Cell({"updates"})]
    assert start.interactivity * 1.25 == pytest.approx(end.interactivity)
    assert start.throughput * 1.25 == pytest.approx(end.throughput)
    falling = 1.25**2  # of a front of y ~ 1/x, moved by 1.25 on both axes
    assert np.exp(one.means()[1]) == pytest.approx(falling, rel=0.2)


@pytest.mark.parametrize("date", ["2025-06-01", "2026-12-31"])
def test_without_a_point_on_both_sides_of_the_day_there_is_no_update(date):
    later = {**UPDATES, "until": date}
    assert not splits.Split(states(updated(1.25), factors=[later]), "chosen", ("updates",)).tested


def test_undated_rows_tell_nothing_of_updates():
    rows = updated(1.25)
    rows["date"] = pd.NaT
    assert Cell() not in states(rows, factors=[UPDATES]).rows


def test_below_the_floor_of_the_start_there_is_no_share_at_a_point():
    one = states(grid())
    cut = replace(one, floor=Y[4])
    assert cut.range == pytest.approx((X[0], X[4]))
    assert cut.coverage == pytest.approx((0.5, 0.5))
    assert cut.fewest == 5
    assert not replace(one, floor=Y[0] * 2).tested
    values = cut.at(np.array([X[4], X[5]]))
    assert np.isfinite(values[:, 0]).all()
    assert np.isnan(values[:, 1]).all()


def test_leaving_out_what_is_not_there_gives_the_very_same_object():
    one = split(grid())
    assert one.without("source", "nowhere") is one
    assert one.without("date", pd.NaT) is one


def test_leaving_out_rows_leaves_the_others_and_is_asked_once_for_all_choices():
    other = cell(factor=10.0, source="inferencex_posts")
    one = split(together(grid(), other))
    assert examine(one, 0.4).headline != pytest.approx(examine(split(grid()), 0.4).headline)
    left = one.without("source", "inferencex_posts")
    assert examine(left, 0.4).headline == pytest.approx(examine(split(grid()), 0.4).headline)
    again = splits.Split(one.states, "another", ("FP4",)).without("source", "inferencex_posts")
    assert again.states is left.states


def test_systems_shapes_choices_and_meanings_are_crossed_meaning_by_meaning():
    found = splits.build(test_(meanings=["log", "final"]), grid())
    assert [(f.meaning, f.choice) for f in found] == [
        ("log", "FP4 is hardware"),
        ("log", "FP4 is software"),
        ("final", "FP4 is hardware"),
        ("final", "FP4 is software"),
    ]
    assert len({id(one.states) for one in found}) == 1
    assert splits.build(test_of(2), grid()) == []


def test_the_outcome_is_that_of_examine():
    one = split(grid(interaction=2.0))
    for value in (0.2, 0.5, 0.7, 0.9):
        target = Target(value, "gain")
        quick = splits.outcome(one, target, sigma=0.01)
        full = examine(one, value, sigma=0.01)
        assert quick == (full.outcome, full.headline)


def test_parts_multiply_to_the_whole_gain_and_the_waterfall_too():
    one = states(grid(interaction=4.0))
    table = splits.parts(one, sigma=0.01, replicates=100)
    whole = np.exp(one.means()[-1])
    assert table["part"].prod() == pytest.approx(whole)
    assert table["in_order"].prod() == pytest.approx(whole)
    assert (table["least"] <= table["part"] * (1 + 1e-12)).all()
    assert (table["part"] <= table["most"] * (1 + 1e-12)).all()
    assert table["in_order"].tolist() == pytest.approx([CHIP, FP4, MTP * 4])


def test_the_first_order_is_that_of_the_factors_where_it_is_possible():
    assert splits.first_order(states(grid()).lattice) == ("silicon", "FP4", "MTP")
    rows = grid(without=[(True, True, False), (True, False, False)])
    assert splits.first_order(states(rows).lattice) == ("MTP", "silicon", "FP4")


def test_a_reader_can_choose_the_end_and_what_counts_as_software():
    rows = together(
        grid(),
        *(
            cell("b300", "fp4" if fp4 else "fp8", mtp, 5 * FP4**fp4 * MTP**mtp)
            for fp4 in (False, True)
            for mtp in (False, True)
        ),
    )
    counts = {"FP4": "software", "MTP": "hardware"}
    one = splits.chosen(test_(), rows, SHAPE, counts=counts, end="b300")
    assert one.group == ("FP4",)
    assert "B300" in one.label and "FP4 is software" in one.label
    assert np.exp(one.states.means()[-1]) == pytest.approx(5 * FP4 * MTP)


def test_a_split_that_was_not_measured_says_how_far_one_comes():
    with pytest.raises(UsageError, match="from MTP on, no cell with one more of silicon, FP4"):
        splits.chosen(test_(), grid(), SHAPE, counts={}, end="gb300")
    with pytest.raises(UsageError, match="no split of the ledger is of shape 1/1"):
        systems = [{**SYSTEM, "shapes": [SHAPE]}]
        splits.chosen(test_(systems=systems), grid(), "1/1", counts={})


def test_a_claim_on_a_share_is_decided_over_the_set_of_choices_and_says_which_hold():
    claim = replace(claims.claim("software-over-hardware"), test=test_(0.5))
    verdict = claims.decide(claim, grid(), sigma=0.001, replicates=50)
    assert verdict.verdict == CONDITIONAL
    assert "where FP4 is software" in verdict.condition
    assert "FP4 is hardware" not in verdict.condition
    assert verdict.row()["found"]["unit"] == "share of the gain"
    names = verdict.sensitivity["variation"]
    assert {"order of changes that gives least", "order that gives most"} <= set(names)


def test_the_ledger_splits_the_measured_gain_by_cells_that_are_there():
    test = claims.claim("software-over-hardware").test
    rows = measurements.load_measurements()
    found = [one for one in splits.build(test, rows) if one.states.shared]
    assert any(one.tested for one in found)
    for one in found:
        assert one.tested == (min(one.states.coverage) >= comparisons.LEAST_SHARE)
        for cell_ in one.states.lattice.cells:
            assert "FP4" not in cell_ or "silicon" in cell_  # none of FP4 on Hopper
