import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from frontier import curves, explorer, serving
from frontier.data import hardware, measurements
from frontier.errors import UsageError
from measured import SHAPE, X, Y, pair, sweep, together

CHOICE = explorer.Choice(
    shape=SHAPE, accelerators=("h200", "gb200"), power_edition="2025", interactivity=20.0
)
REAL = explorer.Choice(accelerators=("h200", "gb200"), interactivity=50.0)


@pytest.fixture(scope="module")
def rows():
    return measurements.load_measurements()


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("speculation", "maybe", "speculation is 'maybe'; there are any, on, off"),
        ("power_edition", "2024", "there are 2025, 2026-07"),
        ("price", "2025 rental", "there are 2026-07 hyperscaler"),
        ("tokens", "input", "there are input and output, output"),
        ("least", "time", "there are power, cost"),
        ("baseline_software", "none", "there are one node without speculation"),
        ("interactivity", 0.0, "interactivity is 0.0; expected a number above 0"),
        ("megawatts", math.inf, "expected a number above 0"),
        ("megawatts", math.nan, "expected a number above 0"),
        ("gpus", -8, "gpus is -8"),
        ("gpus", 8.5, "gpus is 8.5; expected a whole number above 0"),
        ("interactivity", "50", "interactivity is '50'; expected a number above 0"),
        ("interactivity", None, "interactivity is None; expected a number above 0"),
        ("ttft_limit", "2", "ttft_limit is '2'; expected a number above 0"),
        ("megawatts", True, "megawatts is True; expected a number above 0"),
        ("shape", "foo", "shape is 'foo'; expected input and output tokens, such as 8192/1024"),
        ("shape", "0/1024", "shape is '0/1024'"),
        ("shape", 8192, "shape is 8192"),
        ("model", None, "model is None; expected a name"),
        ("precision", ["fp8", "fp4"], "precision is ['fp8', 'fp4']; expected a name"),
        ("framework", 1, "framework is 1; expected a name"),
        ("single_node", "no", "single_node is 'no'; expected True or False"),
        ("as_of", "yesterday or so", "expected a date such as 2026-03-31"),
        ("as_of", "NaT", "expected a date such as 2026-03-31"),
        ("accelerators", "h200", "accelerators is 'h200'; expected a list, such as ('h200', "),
        ("accelerators", 200, "accelerators is 200; expected a list"),
        ("accelerators", ("h200", "gb20"), "accelerators is 'gb20'; there are"),
        ("accelerators", (["h200"],), "accelerators is ['h200']; there are"),
        ("baseline", "h20", "did you mean 'h200'?"),
        ("speculation", ["on"], "speculation is ['on']; there are any, on, off"),
        ("accelerators", (), "accelerators is empty; name at least one of H100".lower()),
    ],
)
def test_a_choice_that_is_none_says_what_there_is(field, value, message):
    with pytest.raises(UsageError) as error:
        replace(CHOICE, **{field: value})
    assert message.lower() in str(error.value).lower()
    assert "\n" not in str(error.value)


def test_a_single_node_that_is_disaggregated_is_refused():
    with pytest.raises(UsageError, match="drop one of the two"):
        replace(CHOICE, single_node=True, disaggregation="on")


def test_an_accelerator_named_twice_counts_once():
    assert replace(CHOICE, accelerators=["h200", "h200"]).accelerators == ("h200",)


def test_there_are_as_many_quantities_as_the_title_of_the_report_says():
    assert len(explorer.QUANTITIES) == 5


def test_quantities_of_one_row_are_those_of_pencil_and_paper():
    # An answer is 1024 tokens in and 8192 out, so that a GPU makes one a second.
    row = sweep([50.0], [9216.0], gpus=8)
    found = explorer.quantified(row, replace(CHOICE, megawatts=1.0)).iloc[0]
    assert hardware.power_kw("h200", "2025") == 1.73
    assert found["tok_s_per_gpu"] == 9216
    assert found["tok_s_per_mw"] == pytest.approx(9216 * 1000 / 1.73)
    assert found["wh_per_answer"] == pytest.approx(1730 / 3600)
    price = hardware.price("h200", "2026-07")
    assert found["usd_per_million_tokens"] == pytest.approx(price * 1e6 / (9216 * 3600))
    assert found["deployments"] == 72  # 578 GPUs and 72.25 deployments of 8
    # 8192 output tokens a second and GPU, at 50 a user: 163.84 answers are being written on each.
    assert found["users"] == math.floor(72 * 8 * 8192 / 50)


def test_output_tokens_cost_more_each_but_the_answer_takes_the_same_energy():
    row = sweep([50.0], [9216.0])
    both, output = (
        explorer.quantified(row, replace(CHOICE, tokens=tokens)).iloc[0]
        for tokens in explorer.TOKENS
    )
    name = "usd_per_million_tokens"
    assert output[name] / both[name] == pytest.approx(9216 / 8192)
    assert both["tok_s_per_mw"] / output["tok_s_per_mw"] == pytest.approx(9216 / 8192)
    assert output["wh_per_answer"] == both["wh_per_answer"]
    assert output["users"] == both["users"]


def test_a_price_that_the_edition_does_not_have_is_missing_and_no_number():
    row = sweep([50.0], [100.0], hardware="b300")
    found = explorer.quantified(row, replace(CHOICE, price="2025 hyperscaler"))
    assert found["usd_per_million_tokens"].isna().all()
    assert explorer.front(found, "usd_per_million_tokens").empty
    assert explorer.best(found, replace(CHOICE, price="2025 hyperscaler", least="cost")).empty


@given(each=st.integers(1, 500), held=st.integers(0, 500), spare=st.floats(0, 0.999))
def test_a_fleet_holds_whole_deployments_only(each, held, spare):
    there = each * held + spare * each
    found = int(explorer.whole_deployments(there, each))
    assert found == held
    assert found * each <= there * (1 + 1e-9) + 1e-9


@given(st.integers(1, 72), st.integers(1, 200), st.sampled_from([1.37, 1.73, 2.17, 1.9]))
def test_megawatts_that_are_exactly_so_many_deployments_hold_them_all(each, held, kw):
    megawatts = each * held * kw / 1000
    assert int(explorer.whole_deployments(megawatts * 1000 / kw, each)) == held


def test_a_deployment_that_does_not_fit_whole_serves_nobody_and_meets_nothing():
    row = sweep([50.0], [100.0], gpus=72)
    found = explorer.quantified(row, replace(CHOICE, gpus=71))
    assert found[["deployments", "users"]].to_numpy().tolist() == [[0, 0]]
    assert explorer.best(found, replace(CHOICE, gpus=71)).empty
    assert explorer.front(found, "users").empty
    assert len(explorer.best(explorer.quantified(row, replace(CHOICE, gpus=72)), CHOICE)) == 1


def test_no_measured_row_writes_more_answers_at_once_than_its_concurrency(rows):
    found = explorer.quantified(rows, replace(CHOICE, gpus=None, megawatts=1000.0))
    assert (found["users"] <= found["deployments"] * found["concurrency"]).all()


def test_a_run_above_its_concurrency_by_rounding_counts_its_concurrency():
    # 8 GPUs at 8192 output tokens a second, 50 a user: 1310.72 at once, of at most 1300.
    row = sweep([50.0], [9216.0]).assign(concurrency=1300)
    found = explorer.quantified(row, replace(CHOICE, gpus=17)).iloc[0]
    assert (found["deployments"], found["users"]) == (2, 2600)
    silent = row.assign(concurrency=pd.Series([None], dtype="Int64"))
    assert explorer.quantified(silent, replace(CHOICE, gpus=17))["users"].tolist() == [2621]


def test_no_modelled_deployment_writes_more_answers_than_its_workers_have_room_for(rows):
    found, _ = explorer.modelled(rows, replace(REAL, gpus=16))
    room = found["deployments"] * found["batch"] * (found["gpus"] // found["worker_gpus"])
    assert (found["users"] <= room).all()
    assert found["users"].max() > 0


def test_a_front_holds_only_what_the_fleet_holds_whole():
    large = sweep([20.0, 50.0], [900.0, 800.0], gpus=16)
    points = together(large, sweep([20.0, 50.0], [500.0, 300.0], tp=4))
    fits = explorer.quantified(points, replace(CHOICE, gpus=15))
    both = explorer.quantified(points, replace(CHOICE, gpus=16))
    for quantity in explorer.QUANTITIES:
        assert set(explorer.front(fits, quantity)["gpus"]) == {8}
        assert 16 in set(explorer.front(both, quantity)["gpus"])


def test_what_a_fleet_does_not_hold_is_counted_in_a_sentence():
    points = together(sweep([20.0], [900.0], gpus=16), sweep([20.0], [500.0], tp=4))
    choice = replace(CHOICE, gpus=15)
    told = explorer.unfit(explorer.quantified(points, choice), choice)
    assert told.startswith("1 of 2 rows is of a deployment too large for 15 GPUs")
    assert explorer.unfit(explorer.quantified(points, CHOICE), CHOICE) == ""


def slow_front(points, quantity):
    """The points that no other beats, one against all."""
    most = explorer.QUANTITIES[quantity].most
    kept = []
    for i, one in points.iterrows():
        if not one[quantity] > 0:
            continue
        others = points[(points.index != i) & (points[quantity] > 0)]
        better = others[quantity] >= one[quantity] if most else others[quantity] <= one[quantity]
        beaten = others[(others["interactivity"] >= one["interactivity"]) & better]
        same = (beaten["interactivity"] == one["interactivity"]) & (
            beaten[quantity] == one[quantity]
        )
        if beaten[~same].empty and not (same & (beaten.index < i)).any():
            kept.append(i)
    return points.loc[kept].sort_values("interactivity", kind="stable")


@given(
    places=st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=14),
    quantity=st.sampled_from(list(explorer.QUANTITIES)),
)
def test_a_front_is_that_of_the_slow_twin_whichever_way_is_better(places, quantity):
    x, y = np.array(places, float).T
    points = explorer.quantified(sweep(x, 100 * y), CHOICE)
    fast, slow = explorer.front(points, quantity), slow_front(points, quantity)
    assert fast.index.tolist() == slow.index.tolist()


def test_the_best_is_the_least_energy_among_those_fast_enough():
    points = explorer.measured(pair(3.0), CHOICE)
    found = explorer.best(points, CHOICE, 1).iloc[0]
    assert (found["hardware"], found["interactivity"]) == ("gb200", 20.0)
    faster = replace(CHOICE, interactivity=20.1)
    assert explorer.best(points, faster, 1)["interactivity"].iloc[0] == pytest.approx(X[3])


def test_a_configuration_stands_once_with_its_best_row_and_another_below_it():
    points = explorer.measured(pair(3.0), CHOICE)
    assert explorer.best(points, CHOICE)["hardware"].tolist() == ["gb200", "h200"]
    assert explorer.best_of_each(points, CHOICE)["hardware"].tolist() == ["gb200", "h200"]
    other = together(pair(3.0), sweep(X, 2 * Y, hardware="gb200", tp=4))
    found = explorer.best(explorer.measured(other, CHOICE), CHOICE)
    assert found["tp"].tolist() == [8, 4, 8]


def test_least_cost_may_be_another_deployment_than_least_power():
    # GB200 takes 2.10 / 1.73 of the power and 1.86 / 1.22 of the price: between, they part.
    points = explorer.measured(pair(1.4), CHOICE)
    first = {
        least: explorer.best(points, replace(CHOICE, least=least), 1)["hardware"].iloc[0]
        for least in explorer.LEAST
    }
    assert first == {"power": "gb200", "cost": "h200"}


@pytest.mark.slow
@given(st.floats(5, 400), st.sampled_from(list(explorer.LEAST)))
def test_nothing_that_meets_the_target_is_better_than_the_best(target, least):
    choice = replace(CHOICE, interactivity=target, least=least)
    points = explorer.measured(pair(np.linspace(0.5, 4, len(X))), choice)
    found = explorer.best(points, choice, 1)
    meet = points[points["interactivity"] >= target]
    assume(len(meet))
    assert found[choice.best_of.column].iloc[0] == meet[choice.best_of.column].min()


def test_a_limit_on_the_first_token_leaves_out_rows_that_state_none():
    late = sweep(ttft=5.0)
    silent = sweep(ttft=np.nan, hardware="gb200")
    choice = replace(CHOICE, ttft_limit=5.0)
    found = explorer.measured(together(late, silent), choice)
    assert set(found["hardware"]) == {"h200"}
    assert explorer.measured(late, replace(choice, ttft_limit=4.9)).empty
    told = " ".join(explorer.said(together(late, silent), choice))
    assert "9 of 18 rows" in told
    assert "state no time to first token and are left out by the limit" in told
    assert "was measured on GB200" in told


def test_undated_rows_are_named_where_a_day_is_asked_for():
    both = together(sweep(), sweep(date=None, hardware="gb200"))
    told = " ".join(explorer.said(both, replace(CHOICE, as_of="2026-02-01")))
    assert "9 undated rows are left out" in told
    assert "The model does not know days" in told


def test_a_choice_that_nothing_meets_is_an_error_only_where_it_is_asked():
    choice = replace(CHOICE, framework="vllm")
    assert explorer.measured(sweep(), choice).empty
    with pytest.raises(UsageError, match="framework=vllm: there are trt"):
        explorer.asked(sweep(), choice)


def test_what_nothing_meets_is_said_with_what_there_is():
    assert explorer.nothing(sweep(), CHOICE) == ""
    told = explorer.nothing(sweep(), replace(CHOICE, precision="fp4"))
    assert told.startswith("Nothing was measured on H200, GB200 for this choice")
    assert told.endswith("precision=fp4: there are fp8.")


def test_a_ratio_is_the_quotient_of_throughput_and_power_on_every_breakpoint():
    points = pair(3.0)
    found = explorer.ratios(
        explorer.measured(points, CHOICE), explorer.over(points, CHOICE), CHOICE
    )
    quotient = 3.0 * 1.73 / 2.10
    new = found[found["hardware"] == "gb200"]
    above = Y >= explorer.FLOOR
    np.testing.assert_allclose(new["interactivity"].to_numpy(float), X[above])
    np.testing.assert_allclose(new["ratio"].to_numpy(float), quotient)


def test_ratios_agree_with_those_of_the_comparisons_that_claims_are_tested_by(rows):
    choice = replace(REAL, baseline_software="one node")
    quick = explorer.ratios(explorer.measured(rows, choice), explorer.over(rows, choice), choice)
    pairs = {c.name.split(" ")[0].lower(): c for c in explorer.compared(rows, choice)}
    assert set(pairs) == {"gb200", "h200"}
    for key, own in quick.groupby("hardware"):
        one = pairs[key]
        x = own["interactivity"].to_numpy(float)
        full = curves.ratio(one.numerator, one.denominator, x, floor=one.floor)
        np.testing.assert_allclose(own["ratio"].to_numpy(float), full)


def test_a_baseline_is_not_compared_with_itself_but_with_its_other_software(rows):
    assert [c.name for c in explorer.compared(rows, REAL)] == ["GB200 over H200 with everything"]
    other = replace(REAL, baseline_software="one node without speculation")
    assert len(explorer.compared(rows, other)) == 2


def test_without_a_baseline_there_is_no_ratio():
    found = explorer.ratios(explorer.measured(sweep(), CHOICE), sweep().iloc[:0], CHOICE)
    assert found.empty


def test_the_model_is_asked_for_the_systems_of_the_choice_and_never_measured(rows):
    found, refused = explorer.modelled(rows, replace(REAL, accelerators=("h200", "h100")))
    assert set(found["hardware"]) == {"h200", "h100"}
    assert "source" not in found
    assert not refused
    found, _ = explorer.modelled(rows, replace(REAL, accelerators=("h200",)))
    straight = serving.front(
        serving.System("deepseek-r1", "h200", "fp8", 8192, 1024, speculative=True)
    )
    assert found["throughput_per_gpu"].tolist() == straight["throughput_per_gpu"].tolist()


@pytest.mark.parametrize("fleet", [{"gpus": 8}, {"megawatts": 8.999 * 2.1 / 1000}])
def test_the_model_is_searched_within_the_fleet_and_not_cut_to_it_afterwards(rows, fleet):
    # Of a front over 72 GPUs nearly all that is left within 8 is slow or dear.
    choice = replace(REAL, accelerators=("gb200",), precision="fp4", power_edition="2025", **fleet)
    assert hardware.power_kw("gb200", "2025") == 2.1
    found, refused = explorer.modelled(rows, choice)
    system = serving.System("deepseek-r1", "gb200", "fp4", 8192, 1024, speculative=True, max_gpus=8)
    straight = serving.front(system)
    attained = straight.loc[straight["interactivity"] >= 50, "throughput_per_gpu"].max()
    assert refused == {}
    assert explorer.best(found, choice)["tok_s_per_gpu"].iloc[0] == attained


@pytest.mark.parametrize(
    ("fleet", "words"), [({"gpus": 1}, "1 GPU"), ({"megawatts": 0.001}, "0.001 MW all-in")]
)
def test_a_fleet_without_room_for_any_modelled_deployment_is_told(rows, fleet, words):
    found, refused = explorer.modelled(rows, replace(REAL, accelerators=("h200",), **fleet))
    assert found.empty
    assert refused == {"h200": f"none of its deployments fits {words} whole"}


def test_a_larger_fleet_is_never_modelled_at_a_higher_cost(rows):
    costs = []
    for gpus in (2, 4, 8, 16, 32, 72, 1000):
        choice = replace(REAL, accelerators=("gb200",), gpus=gpus, least="cost")
        best = explorer.best(explorer.modelled(rows, choice)[0], choice, 1)
        costs += best["usd_per_million_tokens"].tolist()
    assert len(costs) >= 6
    assert costs == sorted(costs, reverse=True)


def test_a_model_without_a_draft_module_is_asked_without_drafts(rows):
    choice = replace(REAL, model="llama-70b", accelerators=("h200",))
    found, refused = explorer.modelled(rows, choice)
    assert refused == {}
    assert not found["speculative"].any()


def test_drafts_that_must_be_on_are_on_or_the_model_says_nothing(rows):
    one = replace(REAL, accelerators=("h200",), speculation="on")
    found, refused = explorer.modelled(rows, one)
    assert found["speculative"].all()
    assert refused == {}
    found, refused = explorer.modelled(rows, replace(one, model="llama-70b"))
    assert found.empty
    assert "publishes no draft module" in refused["h200"]


def test_a_choice_of_software_reaches_the_model(rows):
    one = replace(REAL, accelerators=("h200",), speculation="off", single_node=True)
    found, _ = explorer.modelled(rows, one)
    assert not found["speculative"].any()
    assert not found["disaggregated"].any()
    assert found["gpus"].max() <= 8
    split, _ = explorer.modelled(rows, replace(REAL, accelerators=("h200",), disaggregation="on"))
    assert split["disaggregated"].all()


def test_measured_rows_are_not_changed_by_asking(rows, unchanged):
    unchanged(explorer.measured, rows, REAL)
    unchanged(explorer.best, explorer.measured(rows, REAL), REAL)


def test_the_editions_of_power_and_price_change_only_what_they_are_of(rows):
    old = explorer.measured(rows, replace(REAL, power_edition="2025"))
    new = explorer.measured(rows, REAL)
    same = ["tok_s_per_gpu", "usd_per_million_tokens"]
    pd.testing.assert_frame_equal(old[same], new[same])
    factor = hardware.power_kw("gb200", "2025") / hardware.power_kw("gb200", "2026-07")
    own = new["hardware"] == "gb200"
    np.testing.assert_allclose(old["wh_per_answer"][own] / new["wh_per_answer"][own], factor)
