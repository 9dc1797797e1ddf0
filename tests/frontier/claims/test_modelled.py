import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontier import claims, curves, serving
from frontier.claims import modelled
from frontier.claims.comparisons import Basis, Target
from frontier.data import hardware
from frontier.errors import UsageError

LONG = "1024/8192"
NODE = {"model": "llama-70b", "hardware": "h200", "precision": "fp8", "single_node": True}
NEW = {"model": "llama-70b", "hardware": "b200", "precision": "fp4", "single_node": True}
GRID = np.geomspace(10, 160, 25)  # 40 is the point in the middle


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    monkeypatch.setattr(modelled, "DRAWS", 5)
    monkeypatch.setattr(modelled, "GRID", 12)


def pair(numerator=NEW, denominator=NODE, *, shape="1024/1024", **basis):
    named = {"name": "B200 over H200", "numerator": numerator, "denominator": denominator}
    return modelled.one(Basis(**basis), named, shape)


def front(x, y):
    return curves.Frontier(np.asarray(x, float), np.asarray(y, float))


def known(ratio, low=None, high=None, *, x=GRID, fronts=None, extrapolated=False):
    """A modelled comparison whose line, and so its answer, is given."""
    one = pair()
    ratio = np.broadcast_to(np.asarray(ratio, float), np.shape(x))
    one.__dict__["line"] = pd.DataFrame(
        {
            "interactivity": x,
            "ratio": ratio,
            "low": ratio if low is None else low,
            "high": ratio if high is None else high,
            "extrapolated": extrapolated,
        }
    )
    one.__dict__["fronts"] = fronts or (front([10, 160], [2, 1]), front([10, 160], [2, 1]))
    return one


# What is refused.


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"hardwear": "h200"}, "hardwear"),
        ({"isl": 5}, "isl"),
        ({"max_gpus": "many"}, "is no system"),
        ({"max_gpus": 0}, "max_gpus is 0"),
        ({"disaggregated": True}, "not disaggregated"),
    ],
)
def test_a_specification_that_is_no_system_is_refused_and_the_key_named(changes, word):
    with pytest.raises(UsageError, match=word) as caught:
        modelled.system({**NODE, **changes}, LONG)
    assert "\n" not in str(caught.value)


def test_a_system_without_a_model_is_refused_and_the_key_named():
    with pytest.raises(UsageError, match="model"):
        modelled.system({"hardware": "h200", "precision": "fp8"}, LONG)


@pytest.mark.parametrize("key", ["name", "numerator", "denominator"])
def test_a_comparison_with_a_misspelt_side_is_refused_and_the_side_named(key):
    named = {"name": "a", "numerator": NEW, "denominator": NODE}
    wrong = {f"{k}s" if k == key else k: value for k, value in named.items()}
    with pytest.raises(UsageError, match=f"it has no {key}$"):
        modelled.one(Basis(), wrong, LONG)


def test_what_the_model_does_not_answer_is_refused_when_it_is_examined():
    with pytest.raises(UsageError, match="h200 has no 4-bit units"):
        modelled.examine(pair(denominator={**NODE, "precision": "fp4"}), Target(2, "gain"))


# Known answers of the model.


@pytest.mark.parametrize("basis", [{}, {"per": "MW"}, {"metric": "output_throughput_per_gpu"}])
def test_a_system_over_itself_is_one(basis):
    found = modelled.examine(pair(NODE, NODE, **basis), Target(2, "gain"))
    assert (found.headline, found.largest) == pytest.approx((1, 1))
    assert found.low <= 1 <= found.high
    assert (found.met, found.met_by_ratio) == (None, None)
    assert np.isnan(found.reached_at)


@pytest.mark.parametrize("edition", hardware.POWER_EDITIONS)
def test_a_ratio_per_megawatt_is_that_per_gpu_times_the_ratio_of_power(edition):
    per_gpu = pair().line
    per_mw = pair(per="MW", power_edition=edition).line
    factor = hardware.power_kw("h200", edition) / hardware.power_kw("b200", edition)
    assert factor < 1
    for column in ("ratio", "low", "high"):
        assert per_mw[column].to_numpy() == pytest.approx(factor * per_gpu[column].to_numpy())


def test_the_ratio_of_a_line_is_that_of_the_two_frontiers():
    one = pair(per="MW", metric="output_throughput_per_gpu", floor=100.0)
    ratio = curves.ratio(*one.fronts, one.line["interactivity"]) * one.factor
    assert one.line["ratio"].to_numpy() == pytest.approx(ratio)


def test_a_finding_lies_within_its_line_and_the_mean_within_its_bounds(monkeypatch):
    monkeypatch.setattr(modelled, "DRAWS", 40)
    one = pair(per="MW", floor=100.0)
    found = modelled.examine(one, Target(2, "gain"))
    line = one.line
    assert line["ratio"].min() < found.headline < line["ratio"].max() == found.largest
    assert found.low < found.headline < found.high
    assert found.range == (line["interactivity"].iloc[0], line["interactivity"].iloc[-1])
    assert np.isfinite(line[["ratio", "low", "high"]]).all(axis=None)


def test_the_same_comparison_gives_the_same_answer_again():
    first, again = (modelled.examine(pair(), Target(2, "gain")) for _ in range(2))
    assert modelled.table([first]).equals(modelled.table([again]))


@pytest.mark.parametrize("shape", ["8192/1024", LONG])
def test_the_floor_is_in_input_and_output_tokens_whatever_the_metric(shape, monkeypatch):
    asked = []

    def answer(new, old, at, **options):
        asked.append((at[-1], options["output_tokens"]))
        return pd.DataFrame(
            {"interactivity": at, "ratio": 1.0, "low": 1.0, "high": 1.0, "extrapolated": False}
        )

    monkeypatch.setattr(serving, "ratio_interval", answer)
    floor = 400.0
    for metric in ("throughput_per_gpu", "output_throughput_per_gpu"):
        _ = pair(shape=shape, metric=metric, floor=floor).line
    (total, _), (output, counted) = asked
    whole = pair(shape=shape).fronts[1]
    assert total == pytest.approx(output)
    assert counted
    assert whole.at(total * (1 - 1e-9)) >= floor > whole.at(total * (1 + 1e-9))


def test_fronts_that_share_nothing_above_the_floor_give_no_number_but_where_it_is_reached():
    found = modelled.examine(pair(floor=1e9), Target(1.5, "gain"))
    numbers = (found.headline, found.low, found.high, found.largest, found.extrapolated)
    assert np.isnan([*numbers, *found.range]).all()
    assert (found.met, found.met_by_ratio) == (None, None)
    assert found.reached_at == modelled.examine(pair(), Target(1.5, "gain")).reached_at > 0


def test_fronts_that_share_no_interactivity_at_all_are_reached_nowhere():
    one = known([], x=[], fronts=(front([50, 60], [2, 1]), front([10, 20], [2, 1])))
    assert np.isnan(modelled.examine(one, Target(2, "gain")).reached_at)


# Known answers of a line that is given.


def test_the_mean_is_over_the_logarithm_of_interactivity():
    found = modelled.examine(known(GRID, GRID / 2, GRID * 2), Target(1, "gain"))
    assert (found.headline, found.low, found.high) == pytest.approx((40, 20, 80))
    assert (found.largest, found.largest_at) == pytest.approx((160, 160))


@given(st.lists(st.floats(1e-3, 1e3), min_size=2, max_size=30))
def test_a_mean_is_between_the_least_and_the_largest(ratios):
    found = modelled.examine(known(ratios, x=np.geomspace(5, 90, len(ratios))), Target(1, "gain"))
    assert min(ratios) * (1 - 1e-9) <= found.headline <= max(ratios) * (1 + 1e-9)
    assert found.largest == max(ratios)


def test_a_claim_is_met_on_the_stretch_where_ratio_and_interval_meet_it():
    ratio = np.where(GRID <= 80.1, 4, 1)
    low = np.where(GRID <= 40.1, 3, 1)
    found = modelled.examine(known(ratio, low, ratio * 2), Target(2, "gain"))
    assert found.met_by_ratio == pytest.approx((10, 80))
    assert found.met == pytest.approx((10, 40))


def test_of_two_stretches_the_longer_one_is_named():
    ratio = np.where((GRID < 19) | (GRID > 39), 4, 1)
    found = modelled.examine(known(ratio), Target(2, "gain"))
    assert found.met_by_ratio == pytest.approx((40, 160))


def test_a_stretch_of_less_than_a_tenth_of_the_range_does_not_count():
    ratio = np.ones(25)
    ratio[5:8] = 4  # two of twenty-four pieces
    assert modelled.examine(known(ratio), Target(2, "gain")).met_by_ratio is None
    ratio[5:9] = 4
    found = modelled.examine(known(ratio), Target(2, "gain"))
    assert found.met_by_ratio == pytest.approx((GRID[5], GRID[8]))


@pytest.mark.parametrize(
    ("ratio", "spread", "by_ratio", "met"),
    [
        (11, 1.1, True, True),
        (11, 2, True, False),
        (30, 1.1, False, False),
        (8, 1.1, False, False),
        (13, 1.01, True, True),
        (13, 1.1, True, False),
    ],
)
def test_a_drop_is_met_within_a_factor_either_way(ratio, spread, by_ratio, met):
    one = known(ratio, ratio / spread, ratio * spread)
    found = modelled.examine(one, Target(11, "drop"))
    assert (found.met_by_ratio is not None, found.met is not None) == (by_ratio, met)


def test_a_gain_has_no_upper_bound():
    assert modelled.examine(known(1e6), Target(11, "gain")).met == pytest.approx((10, 160))


def test_where_a_claim_is_reached_does_not_ask_for_the_floor():
    # The ratio is 2 up to 40 tok/s/user and 4 from there on, where the floor would end the line.
    fronts = front([10, 160], [401, 400]), front([40, 160], [200, 100])
    line = GRID[GRID <= 40.1]
    one = known(2.0, x=line, fronts=fronts)
    found = modelled.examine(one, Target(3, "gain"))
    assert found.met_by_ratio is None
    assert 40 < found.reached_at < 40.5
    assert modelled.examine(one, Target(1, "gain")).reached_at == 40
    assert np.isnan(modelled.examine(one, Target(5, "gain")).reached_at)


def test_the_first_interactivity_that_is_reached_counts_the_power():
    fronts = front([40, 160], [4, 4 - 1e-9]), front([40, 160], [2, 1])
    one = pair(per="MW")
    one.__dict__.update(fronts=fronts, line=known(2.0).line)
    assert modelled.examine(one, Target(2 * one.factor, "gain")).reached_at == 40
    assert modelled.examine(one, Target(2.01 * one.factor, "gain")).reached_at > 40


def test_the_share_outside_what_was_validated_is_that_of_the_points():
    found = modelled.examine(known(2, extrapolated=GRID > 39), Target(2, "gain"))
    assert found.extrapolated == pytest.approx(13 / 25)


def test_a_table_has_a_row_a_finding_and_nothing_where_nothing_is_met():
    findings = [modelled.examine(known(r), Target(2, "gain")) for r in (3.0, 1.0)]
    table = modelled.table(findings)
    assert table["headline"].tolist() == pytest.approx([3, 1])
    assert table["met_from"].tolist() == pytest.approx([10, np.nan], nan_ok=True)
    assert table["ratio_met_to"].tolist() == pytest.approx([160, np.nan], nan_ok=True)


def test_lines_are_those_of_the_comparisons_one_after_another():
    frame = modelled.lines([known(2.0), known(3.0)])
    assert frame["ratio"].tolist() == [2.0] * 25 + [3.0] * 25
    assert set(frame["comparison"]) == {"B200 over H200"}


# Steps.


def test_steps_of_known_frontiers_are_known(monkeypatch):
    worth = {
        "h200": ([10, 80], [101, 100]),
        "b200": ([10, 80], [201, 200]),
        "gb200": ([10, 40], [601, 600]),
    }
    monkeypatch.setattr(modelled, "front", lambda system, basis: front(*worth[system.hardware]))
    named = {key: modelled.system({**NODE, "hardware": key}, LONG) for key in worth}
    found = modelled.steps(Basis(), named, (20, 60))
    assert found["step"].tolist() == ["b200", "gb200"] * 2
    assert found["ratio"].tolist() == pytest.approx([2, 3, 2, np.nan], nan_ok=True)
    assert found["total"].tolist() == pytest.approx([2, 6, 2, np.nan], nan_ok=True)
    per_mw = modelled.steps(Basis(per="MW"), named, (20,))
    kilowatts = [hardware.power_kw(key, "2025") for key in worth]
    last = per_mw.iloc[-1]
    assert last["ratio"] == pytest.approx(3 * kilowatts[1] / kilowatts[2])
    assert last["total"] == pytest.approx(6 * kilowatts[0] / kilowatts[2])


STEPPED = [entry.id for entry in claims.ledger() if entry.test and entry.test.steps]


def ledger_steps(test, shape):
    return {
        step["name"]: modelled.system({k: v for k, v in step.items() if k != "name"}, shape)
        for step in test.steps
    }


@pytest.mark.parametrize("name", STEPPED)
def test_steps_multiply_to_the_total_at_every_interactivity(name):
    test = claims.claim(name).test
    named = ledger_steps(test, test.shapes[0])
    found = modelled.steps(test.basis, named, (20, 30, 50))
    assert next(iter(named)) not in set(found["step"])
    for _, rows in found.groupby("interactivity"):
        assert rows["step"].tolist() == list(named)[1:]
        product = np.cumprod(rows["ratio"].to_numpy())
        told = np.isfinite(product)  # a frontier between the ends may end before both
        assert product[told] == pytest.approx(rows["total"].to_numpy()[told])
    assert found[found["interactivity"] <= 30].notna().all(axis=None)


@pytest.mark.parametrize("name", STEPPED)
def test_the_steps_of_all_together_are_the_modelled_ratio_of_their_ends(name):
    test = claims.claim(name).test
    named = ledger_steps(test, test.shapes[0])
    first, *_, last = named.values()
    ends = modelled.Modelled("ends", test.shapes[0], test.basis, last, first)
    found = modelled.steps(test.basis, named, (30,))["total"].iloc[-1]
    assert found == pytest.approx(float(curves.ratio(*ends.fronts, 30)) * ends.factor)


# The ledger.

MODELLED = [entry.id for entry in claims.ledger() if entry.test and entry.test.modelled]
ACCEPTED = set()


def accepted(system):
    if system not in ACCEPTED:
        assert len(serving.front(system, batches=[1, 8, 64]))
        ACCEPTED.add(system)


@pytest.mark.parametrize("name", MODELLED)
def test_every_modelled_entry_of_the_ledger_is_answered_by_the_model(name):
    test = claims.claim(name).test
    every = [*modelled.build(test), *modelled.build(test, variants=True)]
    assert len(every) == len(test.shapes) * len(test.modelled + test.modelled_variants)
    assert len({one.label for one in every}) == len(every)
    for one in every:
        assert one.numerator != one.denominator
        assert {one.numerator.hardware, one.denominator.hardware}.isdisjoint({"h100"})
        accepted(one.numerator)
        accepted(one.denominator)
        assert one.factor > 0


@pytest.mark.parametrize("name", STEPPED)
def test_every_step_of_the_ledger_is_answered_and_they_lead_from_baseline_to_system(name):
    test = claims.claim(name).test
    for shape in test.shapes:
        named = ledger_steps(test, shape)
        assert len(named) == len(test.steps) == len(set(named.values()))
        for system in named.values():
            accepted(system)
    first = modelled.build(test)[0]
    systems = list(ledger_steps(test, first.shape).values())
    assert (systems[0], systems[-1]) == (first.denominator, first.numerator)
