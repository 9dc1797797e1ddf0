"""The rule by known answers: forms, tolerances, stretches, the verdict over a set, conditions."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontier.claims import rule
from frontier.claims.rule import Finding, Target, condition, examine, longest, verdict
from frontier.curves import percentiles
from frontier.errors import UsageError
from measured import known, line_of

OUTCOMES = st.lists(st.sampled_from(["meets", "in part", "misses", "untested"]), max_size=8)
RANK = {
    name: i for i, name in enumerate(["not-reproduced", "reproduced-conditionally", "reproduced"])
}


def outcome(comparison, *target, **options):
    return examine(comparison, Target(*target, **options)).outcome


@pytest.mark.parametrize(
    "wrong",
    [
        {"form": "gain", "value": 2},
        {"form": "at-least", "value": 0},
        {"form": "at-least", "value": np.nan},
        {"form": "between", "value": 2},
        {"form": "at-least", "value": 2, "high": 3},
        {"form": "between", "value": 3, "high": 2},
        {"form": "at-point", "value": 3},
        {"form": "up-to", "value": 3, "at": 50},
    ],
)
def test_a_target_that_is_none_is_refused(wrong):
    with pytest.raises(UsageError):
        Target(**wrong)


@pytest.mark.parametrize(
    ("form", "options", "met", "missed"),
    [
        ("at-least", {}, [36.4, 40, 400], [36.3]),
        ("about", {}, [36.4, 40, 43.9], [36.3, 44.1]),
        ("between", {"high": 60}, [36.4, 65.9], [36.3, 66.1]),
        ("up-to", {}, [36.4, 400], [36.3]),
        ("at-point", {"at": 50}, [36.4, 400], [36.3]),
        ("level", {}, [36.4, 400], [36.3]),
    ],
)
def test_each_form_has_its_bounds_widened_by_the_tolerance(form, options, met, missed):
    target = Target(form, 40, 1.1, **options)
    assert all(target.met(value) for value in met)
    assert not any(target.met(value) for value in missed)
    assert not target.met(np.nan)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("40X", ("round number", "at-least")),
        ("nearly doubled", ("about", "at-least")),
        ("roughly 11x", ("about", "at-least")),
        ("more than 30X", ("comparative", "at-least")),
        ("up to 50X", ("round number", "up-to")),
        ("up-to 50X", ("round number", "up-to")),
    ],
)
def test_the_wording_fixes_form_and_tolerance(words, found):
    assert rule.wording(words) == found
    assert rule.TOLERANCES[found[0]] >= 1


@pytest.mark.parametrize(
    ("compared", "form", "options", "expected"),
    [
        (known(40, 40), "at-least", {}, "meets"),
        (
            known(1, 1, 1, 1, 1, 1, 1, 1, 1, 40),
            "at-least",
            {},
            "misses",
        ),  # a run of less than a tenth
        (known(1, 1, 1, 1, 40), "at-least", {}, "in part"),
        (known(30, 30), "at-least", {}, "misses"),
        (known(40, 40, estimate=(30, 30)), "at-least", {}, "misses"),
        (known(30, 30, estimate=(40, 40)), "at-least", {}, "misses"),
        (known(40, 1, estimate=(1, 40)), "at-least", {}, "misses"),  # never at one speed
        (known(80, 20), "about", {}, "meets"),  # the mean is near, though no speed is
        (known(80, 80), "about", {}, "misses"),
        (known(80, 80, 40), "about", {}, "in part"),
        (known(50, 50), "between", {"high": 60}, "meets"),
        (known(70, 70), "between", {"high": 60}, "misses"),
        (known(1, 1, 1, 1, 1, 1, 1, 1, 1, 40), "up-to", {}, "meets"),
        (known(1, 40, estimate=(40, 1)), "up-to", {}, "misses"),  # not under both at one speed
        (known(1, 40), "at-point", {"at": 90}, "meets"),
        (known(1, 40), "at-point", {"at": 20}, "misses"),
    ],
)
def test_the_outcome_of_each_form_is_known(compared, form, options, expected):
    assert outcome(compared, form, 40, 1.1, **options) == expected


def test_everywhere_asks_for_the_least_ratio():
    assert outcome(known(2, 40), "at-least", 2, everywhere=True) == "meets"
    assert outcome(known(1, 40), "at-least", 2, everywhere=True) == "in part"


@pytest.mark.parametrize("how", ["step", "semilog"])
def test_one_curve_alone_decides_where_it_is_asked_to(how):
    compared = known(40, 40, estimate=(1, 1))
    assert examine(compared, Target("at-least", 40), how=how).outcome == (
        "meets" if how == "step" else "misses"
    )


def test_the_stretch_is_the_longest_run_on_which_both_curves_meet():
    found = longest(line_of(50, 1, 50, 50, 1, estimate=(50, 1, 50, 50, 50)), Target("at-least", 40))
    assert found.share == pytest.approx(0.4, abs=0.02)
    assert found.low == pytest.approx(10 ** (1 + 0.4), rel=0.02)
    assert found.high == pytest.approx(10 ** (1 + 0.8), rel=0.02)


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (["meets", "meets"], "reproduced"),
        (["meets", "untested"], "reproduced"),
        (["meets", "in part"], "reproduced-conditionally"),
        (["in part", "misses"], "reproduced-conditionally"),
        (["misses", "misses"], "not-reproduced"),
        (["untested"], "not-testable"),
        ([], "not-testable"),
    ],
)
def test_the_verdict_over_a_set_is_known(outcomes, expected):
    assert verdict(outcomes) == expected


def test_of_an_up_to_one_comparison_suffices():
    assert verdict(["misses", "meets", "misses"], form="up-to") == "reproduced"
    assert verdict(["misses"], form="up-to") == "not-reproduced"


@given(OUTCOMES)
def test_adding_a_comparison_that_misses_never_improves_a_verdict(outcomes):
    before, after = verdict(outcomes), verdict([*outcomes, "misses"])
    assert before == "not-testable" or RANK[after] <= RANK[before]


@given(OUTCOMES, st.randoms())
def test_the_order_of_the_set_changes_nothing(outcomes, random):
    shuffled = list(outcomes)
    random.shuffle(shuffled)
    assert verdict(shuffled) == verdict(outcomes)


@given(
    st.lists(st.floats(0.1, 100), min_size=2, max_size=8),
    st.floats(0.5, 50),
    st.sampled_from(["at-least", "about"]),
)
def test_a_twin_of_the_rule_in_a_few_lines_of_pandas_agrees(values, claimed, form):
    target = Target(form, claimed, 1.1)
    compared = known(*values)
    frame = pd.DataFrame({"x": np.log(compared.line.x), "ratio": compared.line.step})
    low, high = claimed / 1.1, claimed * (1.1 if form == "about" else np.inf)
    fine = frame["ratio"].between(low, high)
    runs = frame[fine].groupby((~fine).cumsum()[fine])["x"].agg(["min", "max"])
    widest = (runs["max"] - runs["min"]).max() if len(runs) else 0.0
    share = widest / (frame["x"].iloc[-1] - frame["x"].iloc[0])
    mean = np.exp(np.log(frame["ratio"]).mean())
    expected = "meets" if low <= mean <= high else "in part" if share >= 0.1 else "misses"
    assert examine(compared, target).outcome == expected


def found(outcome, **attributes):
    return Finding(known(1, 1, **attributes), Target("at-least", 2), outcome, 1.0, 1.0)


def test_the_condition_is_what_all_hits_share_with_how_many_of_those_hit():
    cases = [
        found("meets", baseline="plain node", traffic="1024/8192"),
        found("meets", baseline="plain node", traffic="1024/1024"),
        found("misses", baseline="plain node", traffic="8192/1024"),
        found("misses", baseline="best", traffic="1024/8192"),
    ]
    told = "over plain node, at traffic with answers no shorter than prompts: 2 of 2"
    assert condition(cases) == told
    assert condition(cases[::-1]) == told


def test_where_hits_share_nothing_the_condition_counts():
    cases = [
        found("meets", model="A"), found("meets", model="B"),
        found("misses", model="A"), found("misses", model="B"),
    ]  # fmt: skip
    assert condition(cases) == "in 2 of 4"


def test_at_most_three_attributes_are_named():
    hit = {"baseline": "a", "traffic": "1024/1024", "accelerator": "c", "model": "d"}
    others = [
        found("misses", **{**hit, "baseline": "x"}),
        found("misses", **{**hit, "traffic": "8192/1024"}),
        found("misses", **{**hit, "accelerator": "x"}),
        found("misses", **{**hit, "model": "x"}),
    ]
    text = condition([found("meets", **hit), *others])
    assert text == "over a, at 1k in, 1k out, on c: 1 of 2"


def test_there_is_no_condition_where_all_meet_or_none_does():
    assert condition([found("meets"), found("meets")]) == ""
    assert condition([found("misses")]) == ""


def test_hits_on_part_of_the_speeds_say_so():
    stretch = rule.Stretch(20, 30, 0.2)
    hit = Finding(known(1, 1), Target("at-least", 2), "in part", 1.0, 1.0, stretch)
    assert re.search(
        r"part of the speeds \(20 to 30 tok/s/user\)", condition([hit, found("misses")])
    )


def test_a_close_call_is_one_whose_interval_spans_the_bound():
    class Noisy(type(known(1))):
        def draws(self, *, form="", at=None):
            return np.linspace(0.97, 1.03, 200) * self.value()

    near, far = (Noisy(above="A", below="B", unit="x", given=line_of(v, v)) for v in (40.5, 80.0))
    assert examine(near, Target("at-least", 40)).close
    assert not examine(far, Target("at-least", 40)).close


def test_an_interval_of_draws_that_often_have_no_number_is_none():
    assert np.isnan(percentiles(np.r_[np.full(10, np.nan), np.ones(90)])).all()
    assert percentiles(np.arange(1001.0)) == pytest.approx((25, 975))
