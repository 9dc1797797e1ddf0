import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from frontier import explorer
from frontier.data import hardware, measurements
from frontier.errors import UsageError
from frontier.explorer import QUANTITIES, Choice
from measured import SHAPE, X, Y, sweep, together

CHOICE = Choice(shape=SHAPE, systems=("gb200", "h200"), power_edition="2025", speed=20.0)


@pytest.fixture(scope="module")
def rows():
    return explorer.with_own(measurements.load_measurements())


@pytest.fixture(scope="module")
def twice():
    """GB200 makes twice what H200 does, per GPU."""
    return together(sweep(X, 2 * Y, hardware="gb200"), sweep(X, Y))


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("power_edition", "2024", "there are 2025, 2026-07"),
        ("price", "2025 rental", "there are 2026-09 hyperscaler"),
        ("tokens", "input", "there are input and output, output"),
        ("least", "time", "there are energy, cost"),
        ("per", "kg", "there are GPU, MW, $, joule"),
        ("wording", "maybe", "wording is 'maybe'"),
        ("above", "b200", "above is 'b200'; there are gb200, h200"),
        ("speed", 0.0, "speed is 0.0; expected a number above 0"),
        ("speed", "50", "speed is '50'; expected a number above 0"),
        ("speed", None, "speed is None; expected a number above 0"),
        ("megawatts", math.inf, "expected a number above 0"),
        ("megawatts", math.nan, "expected a number above 0"),
        ("megawatts", True, "megawatts is True; expected a number above 0"),
        ("gpus", 8.5, "gpus is 8.5; expected a whole number above 0"),
        ("claim", -2, "claim is -2; expected a number above 0"),
        ("ttft_limit", "2", "ttft_limit is '2'; expected a number above 0"),
        ("shape", "foo", "shape is 'foo'; expected tokens such as 8192/1024"),
        ("as_of", "yesterday or so", "expected a date such as 2026-03-31"),
        ("systems", (), "systems is empty; name at least one, such as 'gb200'"),
        ("systems", ("gb20", "h200"), "did you mean 'gb200'?"),
        ("systems", ("h200 fp8 fp4",), "asks twice for its precision; drop one word"),
        ("systems", ("h200 node split",), "one node is never split here; drop one of the two"),
    ],
)
def test_a_choice_that_is_none_says_what_there_is(field, value, message):
    ends = {"above": "", "below": ""} if field == "systems" else {}
    with pytest.raises(UsageError) as error:
        replace(CHOICE, **{**ends, field: value})
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_system_named_twice_counts_once_and_spaces_do_not_count():
    found = Choice(systems=["h200", " h200", "h200  node"])
    assert found.systems == ("h200", "h200 node")
    assert (found.above, found.below) == ("h200", "h200 node")


def test_what_nobody_measured_has_no_points_and_no_ratio(twice):
    choice = replace(CHOICE, systems=("gb300", "h200"), above="gb300")
    points = explorer.measured(twice, choice)
    assert set(points["system"]) == {"h200"}
    assert explorer.compare(twice, choice, "gb300", "h200") is None
    assert explorer.best(points, replace(choice, speed=1e4)).empty


def test_without_a_price_there_is_no_cost_and_nothing_is_best_by_cost(twice):
    unpriced = twice.assign(hardware="b300")
    choice = Choice(
        shape=SHAPE, systems=("b300",), price="2025 hyperscaler", least="cost", speed=20
    )
    points = explorer.measured(unpriced, choice)
    assert points["usd_per_million_tokens"].isna().all()
    assert explorer.front(points, "usd_per_million_tokens").empty
    assert explorer.best(points, choice).empty
    assert len(explorer.best(points, replace(choice, least="energy"))) == 1


def test_the_words_of_a_system_select_the_rows_that_they_name(rows):
    def of(system):
        return explorer.matching(rows, Choice(systems=(system,)), system)

    plain = of("h200 node no-mtp")
    assert len(plain)
    assert not (plain["speculative"] | plain["disaggregated"]).any()
    assert plain["gpus"].max() <= 8
    assert set(of("gb200 fp4 dynamo-trt mtp split")["framework"]) == {"dynamo-trt"}
    assert len(of("h200")) > len(plain)
    assert of("h200 own").empty


def test_own_rows_are_in_and_only_where_they_are_asked_for(rows, monkeypatch):
    mine = rows[rows["hardware"] == "gb200"].head(40).assign(source="own", label="ours")
    monkeypatch.setattr(measurements, "own", lambda: mine)
    both = explorer.with_own(rows)
    choice = Choice(shape=measurements.shapes(mine).iloc[0], systems=("gb200", "gb200 own"))
    points = explorer.measured(both, choice)
    assert set(points.loc[points["system"] == "gb200 own", "source"]) == {"own"}
    assert "own" not in set(points.loc[points["system"] == "gb200", "source"])


def test_quantities_have_the_values_of_a_hand_made_row():
    one = sweep([50.0], [9000.0], hardware="gb200", gpus=72).assign(
        concurrency=20_000, joules_per_output_token=2.0
    )
    choice = replace(CHOICE, megawatts=1.0, price="2026-07 hyperscaler")
    found = explorer.quantified(one, choice).iloc[0]
    assert found["tok_s_per_mw"] == pytest.approx(9000 * 1000 / 2.10)
    assert found["usd_per_million_tokens"] == pytest.approx(1.86 / 3600 / 9000 * 1e6)
    assert found["wh_per_answer"] == pytest.approx(2.10 * 1000 / 3600 * (1024 + 8192) / 9000)
    assert found["deployments"] == 6  # of the 476 GPUs in a megawatt
    assert found["users"] == math.floor(6 * 72 * 8000 / 50)
    assert found["wh_measured"] == pytest.approx(2.0 * 8192 / 3600)
    assert found["tok_per_joule"] == pytest.approx((1024 + 8192) / 8192 / 2.0)


def test_users_are_at_most_the_concurrency_of_the_runs(rows):
    points = explorer.measured(rows, Choice())
    assert (points["users"] <= points["deployments"] * points["concurrency"]).all()


def test_a_deployment_that_the_fleet_does_not_hold_whole_is_on_no_front_and_never_best(rows):
    choice = Choice(gpus=8)
    points = explorer.measured(rows, choice)
    assert (points["gpus"] > 8).any()
    for name in QUANTITIES:
        assert (explorer.front(points, name)["gpus"] <= 8).all()
    assert (explorer.best(points, choice)["gpus"] <= 8).all()


def test_a_configuration_is_best_once_though_two_sources_have_it(rows):
    found = explorer.best(explorer.measured(rows, Choice()), Choice(), most=50)
    same = ["system", *(name for name in measurements.CONFIGURATION if name != "source")]
    assert not found.duplicated(same).any()
    assert found["wh_per_answer"].is_monotonic_increasing


def test_a_ratio_per_megawatt_is_that_per_gpu_over_power(twice):
    per_gpu = explorer.compare(twice, replace(CHOICE, per="GPU"), "gb200", "h200")
    per_mw = explorer.compare(twice, CHOICE, "gb200", "h200")
    power = [hardware.power_kw(key, "2025") for key in ("h200", "gb200")]
    for found, ratio in ((per_gpu, 2.0), (per_mw, 2 * power[0] / power[1])):
        assert found.typical == pytest.approx(ratio)
        assert found.largest == pytest.approx(ratio)
        assert found.at_speed == pytest.approx(ratio)


def test_the_floor_is_the_lower_of_100_tokens_and_a_tenth_of_the_peak():
    steps = [500.0, 60.0, 55.0, 40.0]  # a tenth of the peak is 50
    both = together(sweep([10, 20, 30, 40], np.array(steps) * 3, hardware="gb200"),
                    sweep([10, 20, 30, 40], steps))  # fmt: skip
    found = explorer.compare(both, replace(CHOICE, per="GPU"), "gb200", "h200")
    assert found.floor_at == 30


def test_where_a_claim_is_met_and_on_which_share_of_the_speeds():
    x = [10.0, 100.0, 1000.0]
    both = together(sweep(x, [9000.0, 8000.0, 4000.0], hardware="gb200"),
                    sweep(x, [9000.0, 4000.0, 4000.0 - 1]))  # fmt: skip
    found = explorer.compare(both, replace(CHOICE, per="GPU", claim=1.9), "gb200", "h200")
    assert found.met == ((10.0, 100.0),)
    assert found.share == pytest.approx(0.5)
    assert found.typical == pytest.approx(math.sqrt(2), rel=1e-3)


@settings(max_examples=12)
@given(
    st.lists(st.tuples(st.floats(1, 500), st.floats(1, 1e5)), min_size=1, max_size=30),
    st.lists(st.tuples(st.floats(1, 500), st.floats(1, 1e5)), min_size=1, max_size=30),
)
def test_the_typical_ratio_turns_over_with_its_sides_where_no_floor_cuts(upper, lower):
    both = together(*(sweep(*np.array(points).T, hardware=key)
                      for key, points in (("gb200", upper), ("h200", lower))))  # fmt: skip
    choice = replace(CHOICE, per="GPU")
    found = explorer.compare(both, choice, "gb200", "h200")
    other = explorer.compare(both, choice, "h200", "gb200")
    assert (found is None) == (other is None)
    assume(found is not None and found.floor_at == other.floor_at == found.edges[-1])
    assert found.typical * other.typical == pytest.approx(1.0)


def test_a_front_is_that_of_a_slow_search_over_all_pairs(rows):
    points = explorer.measured(rows, Choice(systems=("h200",)))
    for name in ("tok_s_per_mw", "wh_per_answer"):
        sign = 1 if QUANTITIES[name][2] else -1
        pairs = [(x, sign * y) for x, y in zip(points["interactivity"], points[name], strict=True)]
        kept = {
            p for p in pairs if not any(q != p and q[0] >= p[0] and q[1] >= p[1] for q in pairs)
        }
        found = explorer.front(points, name)
        assert set(zip(found["interactivity"], sign * found[name], strict=True)) == kept
        assert found["interactivity"].is_monotonic_increasing


def test_the_traits_are_the_choice_and_what_is_none_is_refused(rows):
    shown = explorer.Explorer(rows, systems=["gb200", "h200"], speed=50, above="gb200")
    shown.systems = ["b200", "h200"]  # what was compared is no more among them
    assert shown.choice.above == "b200"
    shown.speed = 75
    assert set(shown.selection["system"]) == {"b200", "h200"}
    with pytest.raises(UsageError, match=r"speed is -1\.0; expected a number above 0"):
        shown.speed = -1
    assert shown.speed == 75
    with pytest.raises(UsageError, match="begins with no accelerator"):
        shown.systems = ["tpu"]


def test_data_hold_every_row_and_the_model_only_what_it_says(rows):
    some = rows[(rows["model"] == "deepseek-r1") & rows["hardware"].isin(["gb200", "h200"])]
    data = explorer.widget.encoded(some.reset_index(drop=True))
    assert data["rows"]["row_id"] == some["row_id"].tolist()
    assert sum(data["counts"]) == len(some)
    name = "deepseek-r1 8192/1024 h200 fp8 node no-mtp"
    modelled = np.abs(data["modelled"][name])
    assert (np.diff(modelled) <= 0).all()


def test_the_smallest_form_has_the_ratios_of_all_rows(rows):
    leading = explorer.widget._leading(rows, Choice(systems=("gb200", "h200")))
    assert len(leading) < len(rows) / 5
    for below in explorer.BASELINES:
        choice = Choice(systems=("gb200", below))
        whole, small = (explorer.compare(r, choice, "gb200", below) for r in (rows, leading))
        assert small.typical == whole.typical
        assert isinstance(small.edges, np.ndarray)
        assert small.edges.tolist() == whole.edges.tolist()
