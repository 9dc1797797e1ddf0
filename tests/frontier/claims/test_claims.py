import json
from dataclasses import replace

import numpy as np
import pytest
import yaml

from frontier import claims
from frontier.claims import comparisons, modelled
from frontier.claims.comparisons import CONDITIONAL, NOT_REPRODUCED, REPRODUCED, UNTESTED
from frontier.data import hardware, measurements, paths, tables
from frontier.errors import DataError, UsageError
from frontier.site import verdicts
from measured import SHAPE, X, Y, claim_of, pair, sweep, together

IDS = (
    "dense-gain-25x", "dense-gain-31x", "hopper-software-uplift", "reasoning-drop-11x",
    "blackwell-advantage-40x", "gptoss-aug-sep-2x", "gptoss-oct-5x", "gptoss-1000-tps-user",
    "gptoss-60k-tps-gpu", "weeks-not-years", "software-over-hardware", "software-60-percent",
    "hardware-2x-3x", "revenue-80-hardware", "staff-80-software", "mtp", "parallelism", "nvswitch",
)  # fmt: skip
A, B = "inferencex_captures", "inferencex_posts"


@pytest.fixture(autouse=True)
def few_replicates(monkeypatch):
    monkeypatch.setattr(comparisons, "QUICK", 20)
    monkeypatch.setattr(modelled, "DRAWS", 5)
    monkeypatch.setattr(modelled, "GRID", 12)


def decide(claim, rows, sigma=0.001):
    return claims.decide(claim, rows, sigma=sigma, replicates=50)


def solid(above=3.0, below=1.0):
    """Two sources, each with both sides alike: nothing hangs on one of them."""
    return together(
        *(
            sweep(X, Y * factor, hardware=key, source=source)
            for key, factor in (("gb200", above), ("h200", below))
            for source in (A, B)
        )
    )


@pytest.fixture(scope="module")
def met():
    """The verdict on a claim of 2 where the ratio is 3 everywhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparisons, "QUICK", 20)
        return decide(claim_of(2), solid())


def changed(verdict):
    table = verdict.sensitivity
    return set(table[table["verdict"] != verdict.verdict]["variation"])


# The rule over a set.


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        ([REPRODUCED, REPRODUCED], REPRODUCED),
        ([REPRODUCED, UNTESTED], REPRODUCED),
        ([REPRODUCED, NOT_REPRODUCED], CONDITIONAL),
        ([CONDITIONAL, NOT_REPRODUCED], CONDITIONAL),
        ([REPRODUCED, CONDITIONAL], CONDITIONAL),
        ([CONDITIONAL, CONDITIONAL], CONDITIONAL),
        ([NOT_REPRODUCED, UNTESTED], NOT_REPRODUCED),
        ([UNTESTED, UNTESTED], claims.NOT_TESTABLE),
        ([], claims.NOT_TESTABLE),
    ],
)
def test_a_verdict_is_over_the_set_and_never_its_best(outcomes, verdict):
    assert claims.combine(outcomes) == verdict
    assert claims.combine(outcomes[::-1]) == verdict


def test_a_ratio_that_is_met_everywhere_is_reproduced(met):
    assert met.verdict == REPRODUCED
    assert met.quoted.headline == pytest.approx(3)
    assert met.condition == (
        "In all of 1 comparisons, over the whole shared range; rows to 2026-01-15."
    )


def test_a_ratio_that_is_met_on_a_stretch_is_reproduced_conditionally_and_the_stretch_named():
    verdict = decide(claim_of(2), solid(np.where(X <= 45, 4, 1)))
    assert verdict.verdict == CONDITIONAL
    assert f"GB200 over H200, {SHAPE}, 10" in verdict.condition
    assert "to 39" in verdict.condition or "to 40" in verdict.condition


def test_a_ratio_below_the_claim_is_not_reproduced_and_the_nearest_is_named():
    verdict = decide(claim_of(2), solid(1.5))
    assert verdict.verdict == NOT_REPRODUCED
    assert verdict.condition.startswith("In none of 1 comparisons, under the step and the est")
    assert "nearest GB200 over H200" in verdict.condition
    assert "mean 1.5x" in verdict.condition
    assert "at most 1.5x" in verdict.condition


def test_nothing_measured_is_not_testable_and_what_would_decide_it_is_said():
    verdict = decide(claim_of(2), sweep())
    assert (verdict.verdict, verdict.firm, verdict.quoted) == (claims.NOT_TESTABLE, False, None)
    assert verdict.condition == (
        "No measured row of what is claimed. It would be decided by: A measurement."
    )
    assert verdict.sensitivity.empty


def test_sides_that_share_no_interactivity_are_not_said_to_be_unmeasured():
    rows = together(sweep([10, 20], [200, 100]), sweep([30, 40], [200, 100], hardware="gb200"))
    verdict = decide(claim_of(2), rows)
    assert verdict.verdict == claims.NOT_TESTABLE
    assert verdict.condition.startswith("What was measured of the two sides shares no inter")


def sides(numerator, denominator="h200"):
    return {
        "name": f"{numerator} over {denominator}",
        "numerator": {"hardware": numerator},
        "denominator": {"hardware": denominator},
    }


def test_one_comparison_of_two_that_meets_the_claim_makes_it_conditional():
    rows = together(solid(3), sweep(X, Y * 1.1, hardware="gb300"))
    claim = claim_of(2, comparisons=(sides("gb200"), sides("gb300")))
    verdict = decide(claim, rows)
    assert [f.outcome for f in verdict.findings] == [REPRODUCED, NOT_REPRODUCED]
    assert verdict.verdict == CONDITIONAL
    assert verdict.condition.startswith("In 1 of 2 comparisons: gb200 over h200")


def test_a_comparison_without_rows_does_not_count_against_the_others():
    claim = claim_of(2, comparisons=(sides("gb300"), sides("gb200")))
    verdict = decide(claim, solid())
    assert verdict.verdict == REPRODUCED
    assert verdict.quoted.comparison.name == "gb200 over h200"
    assert verdict.sensitivity["headline"].tolist() == pytest.approx([3] * 6)


def test_the_nearest_to_a_gain_is_the_largest_even_where_it_is_above_the_claim():
    # A mean above the claim whose interval reaches below it is nearer than one below.
    rows = together(solid(1.99), sweep(X, Y * 2.1, hardware="gb300"))
    claim = claim_of(2, comparisons=(sides("gb200"), sides("gb300")))
    verdict = decide(claim, rows, sigma=0.1)
    assert verdict.verdict == NOT_REPRODUCED
    assert "nearest gb300 over h200" in verdict.condition


def test_the_nearest_to_a_drop_is_near_it_and_not_far_above():
    rows = together(solid(30), sweep(X, Y * 8, hardware="gb300"))
    claim = claim_of(11, "drop", comparisons=(sides("gb200"), sides("gb300")))
    verdict = decide(claim, rows)
    assert verdict.verdict == NOT_REPRODUCED
    assert "nearest gb300 over h200" in verdict.condition


@pytest.mark.parametrize(("factor", "verdict"), [(11, REPRODUCED), (30, NOT_REPRODUCED)])
def test_a_drop_far_above_the_claimed_one_does_not_meet_it(factor, verdict):
    assert decide(claim_of(11, "drop"), solid(factor)).verdict == verdict


LEVEL = {"comparisons": ({"name": "H200", "rows": {"hardware": "h200"}},)}


@pytest.mark.parametrize(("value", "verdict"), [(9_000, REPRODUCED), (11_000, NOT_REPRODUCED)])
def test_a_level_is_reached_or_not(value, verdict):
    found = decide(claim_of(value, "level", **LEVEL), solid())
    assert found.verdict == verdict
    assert found.quoted.headline == pytest.approx(10_000)
    assert f"H200, {SHAPE}, at 10 tok/s/user" in found.at
    assert "shared range" not in found.condition
    assert "counting input and output tokens" in found.condition


def test_a_level_that_is_reached_somewhere_says_since_when():
    rows = together(
        sweep(date="2025-12-01", y=Y / 2),
        sweep(date="2026-03-04"),
        sweep(date="2026-02-03"),
        sweep(X, Y, date=None),
        sweep(X, Y / 9, hardware="gb200"),
    )
    sides = (
        {"name": "H200", "rows": {"hardware": "h200"}},
        {"name": "GB200", "rows": {"hardware": "gb200"}},
    )
    verdict = decide(claim_of(9_000, "level", comparisons=sides), rows)
    assert verdict.verdict == CONDITIONAL
    assert verdict.condition == (
        f"In 1 of 2 comparisons, counting input and output tokens: H200, {SHAPE}, 10,000 "
        "tok/s/GPU at 10 tok/s/user; first dated run that reaches it: 2026-02-03, those before "
        "reach 5,000; rows to 2026-03-04 and undated ones."
    )


def test_a_level_is_not_testable_without_rows_and_the_nearest_is_named():
    nearest = ({"name": "H200", "rows": {"hardware": "h200"}},)
    rows = ({"name": "GB300", "rows": {"hardware": "gb300"}},)
    verdict = decide(claim_of(9, "level", comparisons=rows, nearest=nearest), solid())
    assert verdict.verdict == claims.NOT_TESTABLE
    assert verdict.at.startswith("nearest measured: 10,000× tok/s, H200")
    assert verdict.row()["found"]["value"] is None


def test_what_the_claimant_states_never_decides():
    claim = claims.claim("gptoss-oct-5x")
    verdict = decide(claim, measurements.load_measurements().iloc[:0])
    row = verdict.row()
    assert row["verdict"] == claims.NOT_TESTABLE
    assert len(row["tiers"]["stated"]) > 0
    assert (row["found"]["value"], row["tiers"]["measured"]) == (None, None)


def test_a_claim_without_a_test_cannot_be_decided():
    with pytest.raises(UsageError, match="no test for 'synthetic' yet"):
        claims.decide(replace(claim_of(2), test=None), sweep())


# What is modelled and not measured.

NODE = {"model": "llama-70b", "hardware": "h200", "precision": "fp8", "single_node": True}
MODEL = (
    {
        "name": "B200 over H200, both modelled",
        "numerator": {**NODE, "hardware": "b200", "precision": "fp4"},
        "denominator": NODE,
    },
)
# Neither frontier of it comes near the floor of 100 tok/s/GPU in total where they share a range.
_GUESS = {"model": "gpt-moe-1.8t", "max_gpus": 16, "max_worker_gpus": 16, "disaggregated": False}
UNSHARED = (
    {
        "name": "a guess",
        "numerator": {**_GUESS, "hardware": "gb200", "precision": "fp4"},
        "denominator": {**_GUESS, "hardware": "h200", "precision": "fp8"},
    },
)


@pytest.fixture(scope="module")
def only_modelled():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(modelled, "DRAWS", 5)
        patch.setattr(modelled, "GRID", 12)
        return decide(claim_of(2, modelled=MODEL), sweep())


@pytest.mark.parametrize("value", [0.001, 2, 1000])
@pytest.mark.parametrize("form", ["gain", "drop"])
def test_what_is_only_modelled_is_modelled_only_and_never_firm_however_it_comes_out(value, form):
    verdict = decide(claim_of(value, form, modelled=MODEL), sweep())
    assert (verdict.verdict, verdict.firm, verdict.quoted) == (claims.MODELLED_ONLY, False, None)
    assert verdict.sensitivity.empty
    (answer,) = verdict.modelled
    met = value == 0.001 and form == "gain"
    assert (answer.met is not None) == met
    assert ("meets it nowhere above the floor" in verdict.condition) != met
    alone = not met and np.isfinite(answer.reached_at)
    assert ("the ratio alone, floor or not, reaches it in 1 of 1" in verdict.condition) == alone


def test_a_modelled_number_is_said_to_be_modelled_wherever_it_stands(only_modelled):
    row = only_modelled.row()
    (answer,) = only_modelled.modelled
    assert [row["found"][key] for key in ("value", "low", "high")] == [
        answer.headline,
        answer.low,
        answer.high,
    ]
    assert row["found"]["at"] == only_modelled.at
    assert row["found"]["at"].startswith(
        f"modelled, not measured: B200 over H200, both modelled, {SHAPE}; mean over "
    )
    assert row["tiers"]["measured"] is None
    assert row["condition"].startswith("No measured row of what is claimed. The calibrated ")
    card = claims.card(only_modelled)
    assert "modelled, not measured" in card
    assert "firm" not in card


def test_the_modelled_tier_is_plain_json(only_modelled):
    row = only_modelled.row()
    verdicts.check(row, {"synthetic"})
    assert json.loads(json.dumps(row, allow_nan=False)) == row
    (entry,) = row["tiers"]["modelled"]
    assert entry["headline"] == row["found"]["value"]
    assert (entry["met_from"], entry["shape"]) == (None, SHAPE)


@pytest.mark.parametrize("rows", [solid(), solid(np.where(X <= 45, 4, 1)), solid(1.5)])
def test_where_something_was_measured_it_decides_and_the_model_changes_nothing(rows):
    alone, beside = (decide(claim_of(2, modelled=m), rows).row() for m in ((), MODEL))
    assert alone["verdict"] in (REPRODUCED, CONDITIONAL, NOT_REPRODUCED)
    assert alone["tiers"].pop("modelled") is None
    assert len(beside["tiers"].pop("modelled")) == 1
    # The model is named as a source beside the rows, and that is all that it adds.
    sources = [s.get("key") for s in beside["sources"]]
    assert sources[-2:] == ["serving_fit", "serving_validation"]
    del beside["sources"][-2:]
    assert beside == alone


def test_a_model_that_answers_nothing_leaves_a_claim_not_testable():
    verdict = decide(claim_of(2, floor=100.0, modelled=UNSHARED), sweep())
    assert (verdict.verdict, verdict.firm, verdict.at) == (claims.NOT_TESTABLE, False, None)
    row = verdict.row()
    assert row["tiers"]["modelled"] is None
    assert row["found"]["value"] is None
    json.dumps(row, allow_nan=False)


@pytest.mark.parametrize("order", [1, -1])
def test_a_modelled_comparison_that_shares_nothing_is_never_the_quoted_one(order):
    both = (UNSHARED + MODEL)[::order]
    verdict = decide(claim_of(2, floor=100.0, modelled=both), sweep())
    assert verdict.verdict == claims.MODELLED_ONLY
    assert verdict.at.startswith("modelled, not measured: B200 over H200, both modelled")
    assert "the largest of 1 modelled" in verdict.condition
    json.dumps(verdict.row(), allow_nan=False)


def test_sides_that_share_no_interactivity_are_not_said_to_be_unmeasured_beside_a_model():
    rows = together(sweep([10, 20], [200, 100]), sweep([30, 40], [200, 100], hardware="gb200"))
    verdict = decide(claim_of(2, modelled=MODEL), rows)
    assert verdict.verdict == claims.MODELLED_ONLY
    assert verdict.condition.startswith("What was measured of the two sides shares no inter")


# Firm or not.


def test_a_verdict_that_every_variation_keeps_is_firm(met):
    assert met.firm
    assert changed(met) == set()
    variations = met.sensitivity["variation"].tolist()
    assert variations[:4] == [
        "attainable step alone",
        "semilog estimate",
        f"without {A}",
        f"without {B}",
    ]
    assert len(variations) == 4 + 2  # of equal configurations the first carries the front
    assert met.sensitivity["headline"].tolist() == pytest.approx([3] * 6)


def test_a_verdict_on_one_source_is_not_firm():
    rows = solid()
    verdict = decide(claim_of(2), rows[rows["source"] == A])
    assert verdict.verdict == REPRODUCED
    assert f"without {A}" in changed(verdict)
    assert not verdict.firm


def test_a_verdict_that_the_estimate_does_not_share_is_not_firm():
    low = together(sweep([10, 160], Y[[0, -1]]), sweep([10, 160], Y[[0, -1]], source=B))
    high = together(*(sweep(hardware="gb200", source=s) for s in (A, B)))
    verdict = decide(claim_of(2), together(low, high))
    assert verdict.verdict == NOT_REPRODUCED
    assert "attainable step alone" in changed(verdict)
    assert not verdict.firm


def test_leaving_out_what_does_not_matter_never_changes_a_verdict():
    # The step alone meets the claim; that must not show up as a sensitivity to something else.
    ends = [10, 160], Y[[0, -1]]
    low = together(*(sweep(*ends, source=s) for s in (A, B)))
    high = together(*(sweep(hardware="gb200", source=s) for s in (A, B)))
    assert changed(decide(claim_of(2), together(low, high))) == {"attainable step alone"}


def test_a_verdict_that_rests_on_a_source_is_not_firm():
    rows = together(
        sweep(X, Y * 3, hardware="gb200", source=A),
        sweep(X, Y * 1.5, hardware="gb200", source=B),
        *(sweep(source=s) for s in (A, B)),
    )
    verdict = decide(claim_of(2), rows)
    assert verdict.verdict == REPRODUCED
    assert f"without {A}" in changed(verdict)
    assert f"without {B}" not in changed(verdict)
    without = verdict.sensitivity.set_index("variation")["headline"]
    assert without[f"without {A}"] == pytest.approx(1.5)


def test_a_verdict_that_rests_on_undated_rows_is_not_firm():
    rows = solid(1.5)
    undated = together(
        *(sweep(X, Y * 3, hardware="gb200", source=s, tp=1, date=None) for s in (A, B))
    )
    verdict = decide(claim_of(2), together(rows, undated))
    assert changed(verdict) == {claims.WITHOUT_UNDATED}
    assert verdict.at.endswith("rows to 2026-01-15 and undated ones; without the undated rows 1.5")
    assert "and undated ones" in verdict.condition


def test_a_verdict_that_rests_on_one_configuration_is_not_firm():
    rows = together(
        sweep(X, Y * 3, hardware="gb200", tp=8, source=A),
        sweep(X, Y * 1.5, hardware="gb200", tp=4, source=B),
        sweep(X, Y, source=A),
        sweep(X, Y / 2, source=B),
    )
    verdict = decide(claim_of(2), rows)
    (name,) = changed(verdict)
    assert name.startswith("without deepseek-r1 gb200 trt fp8 on 8 GPUs, tp8")


def test_a_verdict_that_rests_on_the_power_edition_is_not_firm():
    verdict = decide(claim_of(2, per="MW"), solid(2.6))
    assert verdict.verdict == REPRODUCED
    assert verdict.quoted.headline == pytest.approx(2.6 * 1.73 / 2.10)
    assert changed(verdict) == {"power edition 2026-07"}
    assert "power edition 2025" in verdict.at


def test_the_quoted_number_is_never_that_of_another_comparison():
    rows = together(
        sweep(X, Y * 3, hardware="gb200", date=None), sweep(X, Y * 7, hardware="gb300"), sweep()
    )
    claim = claim_of(2, comparisons=(sides("gb200"), sides("gb300")))
    verdict = decide(claim, rows)
    without = verdict.sensitivity.set_index("variation")["headline"]
    assert np.isnan(without[claims.WITHOUT_UNDATED])
    assert verdict.at.endswith("without the undated rows it cannot be tested")


def test_deciding_changes_no_rows_and_gives_the_same_again(unchanged):
    rows = pair(3)
    first = unchanged(claims.decide, claim_of(2), rows, sigma=0.01, replicates=100)
    again = claims.decide(claim_of(2), rows, sigma=0.01, replicates=100)
    assert json.dumps(first.row()) == json.dumps(again.row())


def test_noise_is_pooled_from_the_rows_where_it_is_not_given():
    first = pair(3)
    later = first.assign(throughput_per_gpu=first["throughput_per_gpu"] * 1.01)
    repeats = together(first, later)
    assert claims.decide(claim_of(2), repeats, replicates=100).sigma == 0.011


# Rows of verdicts.json.

CASES = {
    "reproduced": (claim_of(2), solid()),
    "conditional": (claim_of(2), solid(np.where(X <= 45, 4, 1))),
    "one source": (claim_of(2), pair(3, above={"date": None})),
    "per MW": (claim_of(2, per="MW", floor=100.0), solid()),
    "level": (claim_of(9, "level", **LEVEL), solid()),
    "nothing": (claim_of(2), sweep()),
}


@pytest.mark.parametrize("case", CASES)
def test_a_row_of_verdicts_is_plain_json_of_the_schema(case):
    verdict = decide(*CASES[case])
    row = verdict.row()
    assert tuple(row) == verdicts.KEYS
    verdicts.check(row, {"synthetic"})
    assert json.loads(json.dumps(row, allow_nan=False)) == row
    assert set(row["found"]) == {"value", "low", "high", "unit", "at"}
    assert {"stated", "measured", "modelled"} <= set(row["tiers"])
    assert isinstance(row["firm"], bool)
    found = row["found"]
    if found["value"] is not None:
        assert found["low"] <= found["value"] <= found["high"]
        assert len(row["tiers"]["measured"]["comparisons"]) == 1
        assert {s["key"] for s in row["sources"] if "key" in s} <= {A, B}
    assert row["sources"][0]["url"] == "https://example.org/talk"


def test_a_blank_row_has_the_claim_and_nothing_found():
    row = claims.blank(claim_of(2))
    assert tuple(row) == verdicts.KEYS
    assert row["claimed"] == {"value": 2, "unit": "x tok/s"}
    assert set(row["found"].values()) == {None, "x tok/s"}
    assert (row["verdict"], row["firm"], row["page"]) == (claims.UNEXAMINED, False, None)


def test_the_ledger_is_rows_of_verdicts_before_anything_is_examined():
    rows = claims.ledger_rows()
    assert [row["id"] for row in rows] == list(IDS)
    assert {row["verdict"] for row in rows} == {claims.UNEXAMINED}
    json.dumps(rows, allow_nan=False)


def test_a_verdict_shows_itself_as_a_card_and_carries_its_row(met):
    bundle = met._repr_mimebundle_()
    assert bundle[claims.VERDICT_MIME] == met.row()
    card = bundle["text/html"]
    assert 'class="verdict verdict-reproduced">reproduced, firm<' in card
    assert "2× tok/s" in card
    assert "3× tok/s" in card


def test_the_words_of_a_claim_are_escaped(met):
    hostile = replace(met.claim, statement="<script>alert(1)</script>", point="a < b")
    page = hostile._repr_html_() + claims.card(replace(met, claim=hostile))
    assert "<script>" not in page
    assert page.count("&lt;script&gt;") == 2
    assert "a &lt; b" in page


# The ledger.


def test_every_claim_of_the_article_is_in_the_ledger():
    assert tuple(entry.id for entry in claims.ledger()) == IDS


@pytest.mark.parametrize("name", IDS)
def test_a_claim_has_a_source_a_date_and_what_would_decide_it(name):
    entry = claims.claim(name)
    assert entry.quantity and entry.decides and entry.point and entry.statement
    assert entry.date.year >= 2025
    assert entry.form in claims.FORMS
    for source in entry.sources:
        assert source["url"].startswith("https://")
        assert source["title"] and source["date"]
    assert entry.sources


@pytest.mark.parametrize("name", [entry.id for entry in claims.ledger() if entry.test])
def test_a_test_selects_by_columns_and_values_that_exist(name):
    test = claims.claim(name).test
    rows = measurements.load_measurements()
    known = {
        "hardware": set(hardware.accelerators().index),
        # 405B has no measured row, which is the finding; it has rows of other kinds.
        "model": {*rows["model"], "llama-405b"},
        "precision": set(rows["precision"]),
        "framework": set(rows["framework"]),
    }
    assert test.basis.metric in measurements.COLUMNS
    assert test.basis.power_edition in hardware.POWER_EDITIONS
    assert set(test.shapes) <= set(measurements.choices("shape", rows))
    names = [c["name"] for c in (*test.comparisons, *test.nearest, *test.variants)]
    assert len(set(names)) == len(names)
    for specification in (*test.comparisons, *test.nearest, *test.variants):
        for side in ("numerator", "denominator", "rows", "where"):
            selection = specification.get(side, {})
            assert set(selection) <= comparisons.CONDITIONS
            for column in known.keys() & selection.keys():
                wanted = selection[column]
                wanted = wanted if isinstance(wanted, list) else [wanted]
                assert set(wanted) <= known[column], (specification["name"], column)


@pytest.mark.parametrize("name", [entry.id for entry in claims.ledger() if entry.test])
def test_no_test_compares_a_side_with_itself(name):
    for specification in claims.claim(name).test.comparisons:
        assert "rows" in specification or specification["numerator"] != specification["denominator"]


def test_stated_points_are_those_of_the_claim_and_no_benchmark_tables():
    points = tables.read("published_points")
    for name in ("gptoss-60k-tps-gpu", "dense-gain-25x"):
        found = claims.stated(claims.claim(name))
        assert found
        own = points[points["claim"] == name]
        assert {point["url"] for point in found} <= set(own["url"])
        assert not [point for point in found if point["series"].startswith("MLPerf")]
        assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_an_unknown_claim_lists_the_known_ones():
    with pytest.raises(
        UsageError, match=r"no claim 'nope' in the ledger: there are dense-gain-25x, "
    ):
        claims.claim("nope")


@pytest.fixture
def ledger(tmp_path, monkeypatch):
    """Read a ledger that is this text, or the first claim with a test, changed."""
    first = next(
        entry
        for entry in yaml.safe_load((paths.data() / "claims.yaml").read_text())["claims"]
        if entry["id"] == "blackwell-advantage-40x"
    )
    monkeypatch.setenv("FRONTIER_HOME", str(tmp_path))
    (tmp_path / "data").mkdir()

    def read(content):
        if callable(content):
            content(first)
            content = yaml.safe_dump({"claims": [first]})
        (tmp_path / "data" / "claims.yaml").write_text(content, encoding="utf-8")
        return claims.ledger()

    return read


def test_the_changed_ledger_is_read_where_nothing_is_wrong(ledger):
    (entry,) = ledger(lambda claim: None)
    assert entry.test.target.value == 40


def first_comparison(claim):
    return claim["test"]["comparisons"][0]


MALFORMED = {
    "claim blackwell-advantage-40x: 'statement' is missing": lambda c: c.pop("statement"),
    "claim blackwell-advantage-40x: 'sources' is missing": lambda c: c.pop("sources"),
    "claim blackwell-advantage-40x: 'url' is missing": lambda c: c["sources"][0].pop("url"),
    "claim ?: 'id' is missing": lambda c: c.pop("id"),
    "claim blackwell-advantage-40x: 'unit' is missing": lambda c: c["claimed"].pop("unit"),
    "form is 'more', not one of gain, drop, level": lambda c: c["claimed"].update(form="more"),
    "claim blackwell-advantage-40x: 'shapes' is missing": lambda c: c["test"].pop("shapes"),
    "a test needs a claimed value": lambda c: c["claimed"].update(value=None),
    "without MTP' selects its denominator by 'hardwear', which is no column": (
        lambda c: first_comparison(c)["denominator"].update(hardwear="h200")
    ),
    "'per GPU' selects its where by 'isl_', which is no column": (
        lambda c: c["test"]["variants"][0].update(where={"isl_": 1})
    ),
    "without MTP' needs a numerator and a denominator, or rows": (
        lambda c: first_comparison(c).pop("denominator")
    ),
    "or `least` where no number is claimed": lambda c: c["test"].update(least=2),
    "a test has no 'comparison'": lambda c: c["test"].update(comparison=[]),
    "is no statement of a filing: it has no part": (
        lambda c: c["test"].update(filings=[{"name": "a", "quantity": "staff"}])
    ),
    "splits need choices": lambda c: c["test"].update(splits={"systems": [{}]}),
    "a share means log, linear, final, not 'cube'": (
        lambda c: c["test"].update(splits=split_of("cube"))
    ),
    "'chosen' has no factor 'magic'": lambda c: c["test"].update(splits=split_of("log")),
}


def split_of(meaning):
    """A split whose choice names a change that it does not have."""
    factors = [{"name": "silicon", "kind": "hardware", "set": {"hardware": "b200"}}]
    system = {"name": "a", "start": {"hardware": "h200"}, "factors": factors}
    choices = [{"name": "chosen", "software": ["magic"]}]
    return {"systems": [system], "choices": choices, "meanings": [meaning]}


def test_a_claim_without_a_number_counts_from_what_the_ledger_says_and_names_no_claimed_value():
    claim = replace(claim_of(2), value=None)
    target = replace(claim.test.target, value=2, named=False)
    claim = replace(claim, test=replace(claim.test, target=target))
    met, missed = decide(claim, pair(3)), decide(claim, pair(1.5))
    assert (met.verdict, missed.verdict) == (REPRODUCED, NOT_REPRODUCED)
    assert "no number" in claims.card(met)
    assert target.text == "counts from 2x"
    assert met.row()["claimed"]["value"] is None


def test_a_gain_within_weeks_is_that_of_one_configuration_over_its_best_earlier_state():
    later = sweep(date="2026-02-15")
    later.loc[3, "throughput_per_gpu"] *= 4
    later["concurrency"] = sweep()["concurrency"]
    too_late = sweep(date="2026-12-01", y=Y * 100)
    too_late["concurrency"] = sweep()["concurrency"]
    side = {"name": "H200", "weeks": 8, "rows": {"hardware": "h200"}}
    claim = claim_of(5, "level", comparisons=(side,))
    verdict = decide(claim, together(sweep(), later, too_late))
    assert verdict.quoted.headline == pytest.approx(4)
    assert verdict.verdict == NOT_REPRODUCED
    assert "4× within 8 weeks" in verdict.condition


def test_a_gain_from_the_first_state_says_so_and_can_be_left_out():
    later = sweep(date="2026-02-15", y=Y * 3)
    later["concurrency"] = sweep()["concurrency"]
    side = {"name": "H200", "weeks": 8, "rows": {"hardware": "h200"}}
    claim = claim_of(2, "level", comparisons=(side,), nearest=({**side, "settled": True},))
    verdict = decide(claim, together(sweep(), later))
    assert "from its first state" in verdict.at
    assert "H200 trt fp8" in verdict.at
    assert verdict.nearest[0].outcome == UNTESTED


def test_a_gain_of_two_runs_has_the_noise_of_both():
    later = sweep(date="2026-02-15", y=Y * 3)
    later["concurrency"] = sweep()["concurrency"]
    side = {"name": "H200", "weeks": 8, "rows": {"hardware": "h200"}}
    claim = claim_of(2, "level", comparisons=(side,))
    found = decide(claim, together(sweep(), later), sigma=0.1).quoted
    assert found.low <= 3 * np.exp(-1.96 * 0.1 * np.sqrt(2)) * (1 + 1e-9)


def test_where_most_comparisons_hold_the_condition_names_those_that_do_not():
    rows = together(
        sweep(),
        sweep(y=Y * 1.01, hardware="mi355x"),
        *(sweep(y=Y * 3, hardware=key) for key in ("b200", "b300", "gb200", "gb300", "h100")),
    )
    sides = tuple(
        {
            "name": f"{key} over h200",
            "numerator": {"hardware": key},
            "denominator": {"hardware": "h200"},
        }
        for key in ("b200", "b300", "gb200", "gb300", "h100", "mi355x")
    )
    verdict = decide(claim_of(2, comparisons=sides), rows)
    assert verdict.verdict == CONDITIONAL
    assert f"not in: mi355x over h200, {SHAPE};" in verdict.condition
    assert "b300" not in verdict.condition


@pytest.mark.parametrize("problem", MALFORMED)
def test_a_malformed_claim_is_one_line_that_names_file_and_claim(ledger, problem):
    with pytest.raises(DataError) as caught:
        ledger(MALFORMED[problem])
    line = str(caught.value)
    assert problem in line
    assert line.startswith("claims.yaml: claim ")
    assert "\n" not in line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("claims:\n  - id: a\n    point: [\n", "claims.yaml, row 4: is no YAML"),
        ("- a\n- b\n", "claims.yaml: is no ledger; it needs a list `claims`"),
        ("", "claims.yaml: is no ledger"),
        ("claims:\n", "claims.yaml: is no ledger"),
        ("claims: {a: b}\n", "claims.yaml: is no ledger"),
        ("claims: [a]\n", "claims.yaml: claim a: "),
        ("claims:\n - {id: a, claimed: null}\n", "claims.yaml: claim a: "),
    ],
)
def test_what_is_no_ledger_is_one_line_with_the_place(ledger, text, line):
    with pytest.raises(DataError) as caught:
        ledger(text)
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


def test_a_claim_that_stands_twice_is_an_error(ledger):
    entry = yaml.safe_dump(
        {
            "claims": [
                {
                    "id": "a",
                    "report": "r",
                    "statement": "s",
                    "point": "p",
                    "date": "2025-10-21",
                    "claimed": {"value": 1, "unit": "x", "form": "gain"},
                    "sources": [],
                    "quantity": "q",
                    "decides": "d",
                }
            ]
            * 2
        }
    )
    with pytest.raises(DataError, match="claim a stands twice"):
        ledger(entry)


def test_a_missing_ledger_is_said_to_be_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("FRONTIER_HOME", str(tmp_path))
    with pytest.raises(DataError, match=r"claims\.yaml: the ledger is missing"):
        claims.ledger()


def test_the_names_of_left_out_configurations_tell_them_apart():
    alike = {"hardware": "gb200", "ep": 8}
    rows = together(
        sweep(X, Y * 3, **alike, prefill="1 x tp8"),
        sweep(X * 1.01, Y * 3, **alike),
        sweep(X * 1.02, Y * 3, **alike, dp_attention=True),
        sweep(),
    )
    names = decide(claim_of(2), rows).sensitivity["variation"].str.partition(" on 8 GPUs, ")[2]
    assert set(names) - {""} <= {
        f"tp8 ep8, prefill 1 x tp8, {SHAPE}, {A}",
        f"tp8 ep8, {SHAPE}, {A}",
        f"tp8 ep8 dp, {SHAPE}, {A}",
        f"tp8 ep1, {SHAPE}, {A}",
    }
    assert (names != "").sum() == names[names != ""].nunique() > 1


def test_text_of_the_ledger_never_becomes_markup(tmp_path, monkeypatch):
    text = (claims.paths.data() / "claims.yaml").read_text()
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("FRONTIER_HOME", str(tmp_path))
    for old, new, problem in (
        ("- id: mtp\n", "- id: '<b>mtp'\n", "an id has small letters"),
        ("https://www.nextplatform.com", "javascript:alert(1)//", "is not of http or https"),
    ):
        (tmp_path / "data" / "claims.yaml").write_text(text.replace(old, new))
        with pytest.raises(DataError, match=problem):
            claims.ledger()
