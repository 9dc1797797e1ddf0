import numpy as np
import pandas as pd
import pytest

from frontier import curves
from frontier.claims import comparisons
from frontier.claims.comparisons import (
    CONDITIONAL,
    NOT_REPRODUCED,
    REPRODUCED,
    UNTESTED,
    Basis,
    Target,
)
from frontier.data import hardware, measurements
from frontier.errors import UsageError
from measured import SHAPE, X, Y, pair, sweep, test_of, together

SIDES = {"numerator": {"hardware": "gb200"}, "denominator": {"hardware": "h200"}}
GAIN = Target(2, "gain")

# A front that is four times another one on (30, 33] or (30, 41] and equal to it elsewhere.
LEVELS = [10_000, 5_000, 300, 290, 280, 50, 20]
FACTORS = [1, 1, 4, 4, 4, 1, 1]
SHORT, LONG = [10, 30, 31, 32, 33, 80, 160], [10, 30, 31, 36, 41, 80, 160]


def compare(rows, *, floor=None, name="GB200 over H200", **basis):
    basis = Basis(floor=floor, **basis)
    return comparisons.one(basis, rows, {"name": name, **SIDES}, SHAPE)


def examine(rows, target=GAIN, *, sigma=0.0, floor=None, **options):
    return comparisons.examine(
        compare(rows, floor=floor), target, sigma=sigma, replicates=200, **options
    )


def test_the_synthetic_rows_are_valid_measurements():
    measurements.validate(pair(3))


def test_a_misspelt_column_is_an_error_and_not_an_empty_selection():
    with pytest.raises(UsageError, match="no condition 'hardwear': there are"):
        comparisons.matching(sweep(), hardwear="h200")


def test_a_value_that_no_row_has_leaves_an_empty_selection():
    assert comparisons.matching(sweep(), hardware="gb300").empty


def test_a_comparison_that_was_asked_for_names_the_sides_that_share_no_interactivity():
    rows = together(sweep([10, 20], [200, 100]), sweep([30, 40], [200, 100], hardware="gb200"))
    with pytest.raises(UsageError, match=r"from 30 to 40 tok.* from 10 to 20: nothing"):
        comparisons.one(Basis(), rows, {"name": "a", **SIDES}, SHAPE, strict=True)
    assert not comparisons.one(Basis(), rows, {"name": "a", **SIDES}, SHAPE).tested


def test_a_comparison_that_was_asked_for_without_rows_lists_what_there_is():
    with pytest.raises(UsageError, match="no measured row has hardware=gb200: there are h200"):
        comparisons.one(Basis(), sweep(), {"name": "a", **SIDES}, SHAPE, strict=True)


@pytest.mark.parametrize(
    ("value", "form", "met", "missed"),
    [(2, "gain", (2, 50), (1.99,)), (10, "drop", (8, 10, 12.5), (7.99, 12.51, 100))],
)
def test_a_gain_is_met_from_below_only_and_a_drop_within_a_factor(value, form, met, missed):
    target = Target(value, form)
    assert all(target.met(v) for v in met)
    assert not any(target.met(v) for v in missed)
    assert not target.met(met[0], np.nan)


def test_a_ratio_that_is_the_same_everywhere_is_the_headline_of_every_curve():
    found = examine(pair(3), sigma=0.01)
    assert found.outcome == REPRODUCED
    assert found.headline == pytest.approx(3)
    assert found.semilog == pytest.approx(3)
    assert found.low < 3 < found.high
    assert found.range == pytest.approx((10, 160))
    assert found.coverage == pytest.approx((1, 1))
    assert found.at == pytest.approx({30: 3, 50: 3, 75: 3, 100: 3, 150: 3})


def test_a_ratio_whose_interval_reaches_below_the_claim_does_not_meet_it():
    assert examine(pair(2.02), sigma=0).outcome == REPRODUCED
    assert examine(pair(2.02), sigma=0.05).outcome == NOT_REPRODUCED


# Two points of one side against nine of the other: the step is as low as the side is sparse, the
# estimate runs between its ends.
ENDS = {"x": [10, 160], "y": [Y[0], Y[-1]]}


def test_a_ratio_that_only_the_step_reaches_is_not_reproduced():
    rows = together(sweep(**ENDS), sweep(hardware="gb200"))
    found = examine(rows)
    assert found.headline > 2 > found.semilog
    assert found.outcome == NOT_REPRODUCED
    assert examine(rows, how="step").outcome == REPRODUCED


def test_a_ratio_that_only_the_estimate_reaches_is_not_reproduced():
    rows = together(sweep(), sweep(ENDS["x"], np.array(ENDS["y"]) * 4, hardware="gb200"))
    found = examine(rows)
    assert found.headline < 2 < found.semilog
    assert found.outcome == NOT_REPRODUCED
    assert examine(rows, how="semilog").outcome == REPRODUCED


def test_a_stretch_long_enough_with_points_enough_meets_the_claim_conditionally():
    found = examine(pair(FACTORS, x=LONG, y=LEVELS))
    assert found.outcome == CONDITIONAL
    assert found.headline == pytest.approx(4 ** (np.log(41 / 30) / np.log(16)))
    assert (found.stretch.low, found.stretch.high) == pytest.approx((30, 41))
    assert found.stretch.share == pytest.approx(np.log(41 / 30) / np.log(16))
    assert found.stretch.numerator_points == found.stretch.denominator_points == 3
    assert found.largest == pytest.approx(4)


def test_a_stretch_shorter_than_a_tenth_of_the_range_does_not_count():
    found = examine(pair(FACTORS, x=SHORT, y=LEVELS))
    assert found.largest == pytest.approx(4)
    assert (found.outcome, found.stretch) == (NOT_REPRODUCED, None)


@pytest.mark.parametrize("side", ["gb200", "h200"])
def test_a_stretch_with_two_points_of_one_side_does_not_count(side):
    rows = pair(FACTORS, x=LONG, y=LEVELS)
    fewer = rows[~((rows["hardware"] == side) & (rows["interactivity"] == 36))]
    assert examine(fewer).outcome == NOT_REPRODUCED


def test_dominated_points_do_not_make_a_stretch_count():
    rows = pair(FACTORS, x=LONG, y=LEVELS)
    fewer = rows[~((rows["hardware"] == "h200") & (rows["interactivity"] == 36))]
    below = sweep([35, 36, 37], [1, 1, 1])
    assert examine(together(fewer, below)).outcome == NOT_REPRODUCED


def test_a_stretch_where_the_denominator_is_below_its_floor_does_not_count():
    rows = pair(FACTORS, x=LONG, y=LEVELS)
    assert examine(rows, floor=280).outcome == CONDITIONAL
    found = examine(rows, floor=301)
    assert (found.outcome, found.stretch) == (NOT_REPRODUCED, None)
    assert found.largest == pytest.approx(1)


def test_a_stretch_on_which_the_ratio_meets_the_claim_but_its_interval_does_not_is_none():
    rows = pair(np.array(FACTORS) ** 0.51, x=LONG, y=LEVELS)  # 2.028
    assert examine(rows, sigma=0).outcome == CONDITIONAL
    assert examine(rows, sigma=0.05).outcome == NOT_REPRODUCED


def test_a_stretch_holds_under_noise_where_its_points_leave_room():
    found = examine(pair(np.where(X <= 45, 4, 1)), sigma=0.01)
    assert found.outcome == CONDITIONAL
    assert 10 < found.stretch.low < 11
    assert 38 < found.stretch.high < 40
    assert found.stretch.numerator_points == found.stretch.denominator_points == 3


def test_the_longest_of_two_stretches_is_named():
    factors = np.where((X < 21) | (X > 55), 4, 1)  # (10, 20] and (40, 160]
    found = examine(pair(factors, y=X**-3.0 * 1e7))
    assert (found.stretch.low, found.stretch.high) == pytest.approx((40, 160))


@pytest.mark.parametrize(
    ("factor", "outcome"),
    [
        (11, REPRODUCED),
        (9, REPRODUCED),
        (13.5, REPRODUCED),
        (8.7, NOT_REPRODUCED),
        (30, NOT_REPRODUCED),
    ],
)
def test_a_drop_is_met_near_its_value_and_not_far_above_it(factor, outcome):
    assert examine(pair(factor), Target(11, "drop")).outcome == outcome


def test_a_drop_is_met_on_the_stretch_where_it_is_neither_too_small_nor_too_large():
    factors = np.where(X <= 45, 11, 3)
    factors = np.where(X <= 15, 30, factors)
    found = examine(pair(factors), Target(11, "drop"))
    assert found.outcome == CONDITIONAL
    assert (found.stretch.low, found.stretch.high) == pytest.approx((X[1], 40))


def test_one_side_without_rows_is_untested():
    found = examine(sweep())
    assert found.outcome == UNTESTED
    assert np.isnan(found.headline)


def test_a_range_in_which_nothing_was_measured_is_an_error_that_says_what_was():
    with pytest.raises(UsageError, match=r"from 10 to 160 tok/s/user; nothing .* 500 and inf"):
        examine(pair(3), low=500)


def test_a_narrowed_range_has_its_own_headline():
    rows = pair(np.where(X <= 45, 4, 1))
    assert examine(rows, low=10, high=40).headline == pytest.approx(4)
    assert examine(rows, low=40, high=160).headline == pytest.approx(1)
    assert examine(rows).headline == pytest.approx(2)


def level(values, *, value=100, sigma=0.0):
    rows = sweep(np.arange(len(values)) + 10, values)
    comparison = comparisons.one(Basis(), rows, {"name": "a", "rows": {"hardware": "h200"}}, SHAPE)
    return comparisons.examine(comparison, Target(value, "level"), sigma=sigma, replicates=200)


def test_a_level_is_the_largest_value_and_where_it_was_measured():
    found = level([300, 101, 120])
    assert (found.outcome, found.headline, found.largest_at) == (REPRODUCED, 300, 10)
    assert level([99]).outcome == NOT_REPRODUCED


def test_a_level_that_noise_may_have_reached_is_not_reproduced():
    found = level([101] * 50, sigma=0.02)
    assert found.outcome == NOT_REPRODUCED
    assert found.low <= 101 * np.exp(-1.96 * 0.02)  # not the biased minimum of the maxima
    assert level([110] * 50, sigma=0.02).outcome == REPRODUCED


def test_a_level_without_rows_is_untested():
    comparison = comparisons.one(Basis(), sweep(), {"name": "a", "rows": {"osl": 1}}, SHAPE)
    found = comparisons.examine(comparison, Target(1, "level"), sigma=0)
    assert found.outcome == UNTESTED


OUTCOMES = {
    "reproduced": (pair(3), GAIN, None),
    "not reproduced": (pair(1.5), GAIN, None),
    "conditionally": (pair(FACTORS, x=LONG, y=LEVELS), GAIN, None),
    "below the floor": (pair(FACTORS, x=LONG, y=LEVELS), GAIN, 301),
    "step alone": (together(sweep(**ENDS), sweep(hardware="gb200")), GAIN, None),
    "a drop far above": (pair(30), Target(11, "drop"), None),
    "one side": (sweep(), GAIN, None),
}


@pytest.mark.parametrize("how", [None, "step", "semilog"])
@pytest.mark.parametrize("case", OUTCOMES)
def test_the_quick_outcome_is_that_of_the_examination(case, how):
    rows, target, floor = OUTCOMES[case]
    comparison = compare(rows, floor=floor)
    full = comparisons.examine(comparison, target, sigma=0.005, replicates=200, how=how)
    outcome, headline = comparisons.outcome(comparison, target, sigma=0.005, how=how)
    assert outcome == full.outcome
    assert headline == pytest.approx(full.headline, nan_ok=True)


@pytest.mark.parametrize("edition", hardware.POWER_EDITIONS)
def test_a_ratio_per_megawatt_is_the_ratio_per_gpu_over_the_ratio_of_power(edition):
    per_mw = compare(pair(3), per="MW", power_edition=edition)
    power = hardware.power_kw("gb200", edition) / hardware.power_kw("h200", edition)
    found = curves.geometric_mean(per_mw.numerator, per_mw.denominator)
    assert found == pytest.approx(3 / power)
    assert per_mw.unit == "tok/s/MW"


@pytest.mark.parametrize("per", ["GPU", "MW"])
@pytest.mark.parametrize("metric", ["throughput_per_gpu", "output_throughput_per_gpu"])
def test_the_floor_is_in_total_tokens_per_gpu_whatever_is_compared(metric, per):
    long_input = {"isl": 8192, "osl": 1024}
    rows = pair(3, above=long_input, below=long_input)
    basis = Basis(floor=1000, metric=metric, per=per)
    comparison = comparisons.one(basis, rows, {"name": "a", **SIDES}, "8192/1024")
    grid = [70, 80, 81, 120]  # Y is 1,250 up to 80 tok/s/user and 884 right of it
    above, below = comparison.numerator, comparison.denominator
    ratios = curves.ratio(above, below, grid, floor=comparison.floor)
    assert np.isnan(ratios).tolist() == [False, False, True, True]


def test_two_accelerators_below_have_the_higher_of_their_floors():
    rows = pair(3, below={"hardware": "b200"})
    both = together(rows, sweep())
    specification = {**SIDES, "denominator": {"hardware": ["h200", "b200"]}, "name": "a"}
    basis = Basis(per="MW", floor=100)
    found = comparisons.one(basis, both, specification, SHAPE)
    assert found.floor == pytest.approx(100 * 1000 / 1.73)


def test_a_comparison_with_a_shape_of_its_own_is_not_crossed_with_the_others():
    own = {"name": "b", **SIDES, "shape": "a over b"}
    test = test_of(2, shapes=(SHAPE, "8192/1024"), comparisons=({"name": "a", **SIDES}, own))
    built = comparisons.build(test, pair(3))
    assert [c.shape for c in built] == [SHAPE, "8192/1024", "a over b"]
    assert [c.tested for c in built] == [True, False, False]


def test_nearest_comparisons_are_built_apart():
    test = test_of(2, nearest=({"name": "near", **SIDES},))
    assert [c.name for c in comparisons.build(test, pair(3), nearest=True)] == ["near"]


def test_no_function_changes_the_rows(unchanged):
    rows = pair(3)
    unchanged(comparisons.build, test_of(2), rows)
    unchanged(comparisons.valued, rows, Basis(per="MW"))
    unchanged(comparisons.monthly, Basis(), rows, {"name": "a", **SIDES}, SHAPE)


def test_a_configuration_has_one_code_in_every_selection():
    rows = together(sweep(tp=4), sweep(tp=8), sweep(tp=8, osl=1024))
    whole = comparisons.valued(rows, Basis())["configuration"]
    part = comparisons.valued(rows[rows["tp"] == 8], Basis())["configuration"]
    assert whole.nunique() == 3
    assert (whole[rows["tp"] == 8] == part).all()


def test_lines_are_missing_below_the_floor_and_so_are_their_bands():
    frame = comparisons.lines([compare(pair(3), floor=1000), compare(sweep())], sigma=0.01)
    assert frame["comparison"].unique().tolist() == ["GB200 over H200"]
    below = frame["interactivity"] > 80
    gone = frame[["ratio", "low", "high"]].isna()
    assert gone[below].all(axis=None)
    assert not gone["ratio"][~below].any()
    inner = frame[frame["interactivity"].between(11, 79)]
    assert (inner["low"] <= inner["ratio"]).all()
    assert (inner["ratio"] <= inner["high"]).all()


def dated(factor, day, **changes):
    return sweep(X, Y * factor, date=day, **changes)


def test_months_say_which_side_moved_and_how_far():
    rows = together(
        dated(1, "2025-11-10"),
        dated(4, "2025-12-01", hardware="gb200"),
        dated(6, "2026-01-31", hardware="gb200"),
        dated(2, "2026-01-20"),
        dated(99, None, hardware="gb200"),
    )
    found = comparisons.monthly(Basis(), rows, {"name": "a", **SIDES}, SHAPE)
    assert found["as_of"].dt.strftime("%Y-%m-%d").tolist() == ["2025-12-31", "2026-01-31"]
    assert found["headline"].tolist() == pytest.approx([4, 3])
    assert found["numerator_gain"].tolist() == pytest.approx([1, 1.5])
    assert found["denominator_gain"].tolist() == pytest.approx([1, 2])
    assert found["rows_numerator"].tolist() == [9, 18]


def test_the_last_month_ends_with_the_last_row():
    rows = pair(3, above={"date": "2026-01-10"}, below={"date": "2026-01-05"})
    found = comparisons.monthly(Basis(), rows, {"name": "a", **SIDES}, SHAPE)
    assert found["as_of"].tolist() == [pd.Timestamp("2026-01-10")]


def test_a_table_of_findings_has_a_row_for_each_also_without_rows():
    found = comparisons.table([examine(pair(3)), examine(sweep()), level([120])])
    assert found["outcome"].tolist() == [REPRODUCED, UNTESTED, REPRODUCED]
    assert found["rows_numerator"].tolist() == [9, 0, 1]
    assert found["headline"].isna().tolist() == [False, True, False]


def test_evidence_is_told_apart_by_source():
    sources = ["inferencex_captures", "inferencex_medians_2026_07", "aiconfigurator_silicon"]
    kinds = comparisons.evidence(pd.DataFrame({"source": sources}))
    assert kinds.nunique() == 3


def test_the_newest_date_ignores_undated_rows_and_may_be_unknown():
    rows = together(sweep(date=None), sweep(date="2026-02-03"))
    assert comparisons.last_date(rows).isoformat() == "2026-02-03"
    assert comparisons.last_date(sweep(date=None)) is None


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"per": "W"}, "per is 'W'; there are GPU, MW"),
        ({"metric": "speed"}, "metric is 'speed'"),
        ({"power_edition": "1999"}, "power_edition is '1999'"),
        ({"floor": "a"}, "floor is 'a'"),
        ({"floor": -1}, "floor is -1"),
    ],
)
def test_a_basis_of_what_does_not_exist_is_refused(wrong, named):
    with pytest.raises(UsageError, match=named):
        comparisons.Basis(**wrong)
