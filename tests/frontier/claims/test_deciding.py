"""Verdicts: then and now, how sure, the answer in words, and the record that is published."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from broadsheet import FILES_MIME
from frontier import claims, measurements
from frontier.claims import deciding, entries
from frontier.claims.sides import prepared
from frontier.data import hardware
from frontier.errors import FrontierError, UsageError
from frontier.site import verdicts
from measured import SHAPE, X, Y, claim_of, entry, pair, sweep, together

LEDGER = claims.ledger()
UNFILLED = re.compile(r"[{}]|\bnan\b|nonex|\bnone (to|times|tok|%)|None[x ]?(to|times|%)")


def decide(claim, rows):
    return claims.decide(claim, rows, sigma=0.02)


@pytest.fixture(scope="module")
def rows():
    return measurements.load_measurements()


@pytest.fixture(scope="module")
def decided(rows):
    return {one.id: claims.decide(one, rows) for one in LEDGER}


def dated(day, **changes):
    return {"above": {"date": day, **changes}, "below": {"date": day}}


def test_a_claim_is_asked_for_by_name_first():
    with pytest.raises(UsageError, match="expected a claim, not 'mtp'"):
        claims.decide("mtp", pair(3))


@pytest.mark.parametrize(
    ("factor", "verdict", "robust"),
    [(3, "reproduced", True), (1.5, "not-reproduced", True), (2.75, "reproduced", False)],
)
def test_a_verdict_is_robust_where_nothing_changes_it(factor, verdict, robust):
    found = decide(claim_of(3), pair(factor)).now
    assert (found.verdict, found.robust) == (verdict, robust)
    assert found.typical == pytest.approx(factor)
    assert (found.met, found.of) == (int(verdict == "reproduced"), 1)
    assert bool(found.flips) != robust


def test_run_noise_that_reaches_the_bound_is_named_as_what_flips_the_verdict():
    found = decide(claim_of(3), pair(2.75)).now  # the bound is 3 / 1.1
    assert found.flips.startswith("with run noise at its low end the answer would be “not reached”")
    low, high = found.uncertainty["noise"]
    assert low < 3 / 1.1 < found.typical < high


def test_a_configuration_that_carries_the_ratio_is_named():
    slow = sweep(X, Y * 1.2, hardware="gb200", tp=4)
    rows = together(pair(4), slow)
    found = decide(claim_of(3), rows).now
    assert found.verdict == "reproduced" and not found.robust
    assert found.flips.startswith("without DeepSeek-R1 on ") and "not reached" in found.flips
    varied = found.variations.set_index("variation")["typical"]
    assert varied[varied.index.str.contains("GB200.*TP 8")].iloc[0] == pytest.approx(1.2)


def test_a_source_alone_that_says_another_thing_is_named_apart_from_noise():
    other = pair(
        1.2,
        above={"source": "inferencex_posts", "tp": 4},
        below={"source": "inferencex_posts", "tp": 4},
    )
    found = decide(claim_of(3), together(pair(4), other)).now
    told = found.variations[found.variations["kind"] == "source"].set_index("variation")
    assert sorted(told["verdict"]) == ["not-reproduced", "reproduced"]
    assert found.uncertainty["source"][0] == pytest.approx(1.2)
    assert found.uncertainty["noise"][0] > 3.5
    assert found.uncertainty["all"][0] <= found.uncertainty["source"][0]


def test_a_variation_that_leaves_too_few_points_gives_no_number():
    few = sweep(X[[2, 6]], Y[[2, 6]] * 3, hardware="gb200", source="inferencex_posts", tp=2)
    rows = together(pair(3), few, sweep(X[[2, 6]], Y[[2, 6]], source="inferencex_posts", tp=2))
    told = decide(claim_of(3), rows).now.variations
    alone = told[told["variation"].str.contains("posts") & (told["kind"] == "source")]
    assert len(alone) == 1 and np.isnan(alone["typical"].iloc[0])
    assert alone["note"].iloc[0] == "too thin"


def test_another_power_edition_is_a_variation_of_a_ratio_per_megawatt_only():
    per_mw = decide(claim_of(3, test={"per": "MW"}), pair(3)).now.variations
    per_gpu = decide(claim_of(3), pair(3)).now.variations
    others = len(hardware.POWER_EDITIONS) - 1
    assert per_mw["variation"].str.contains("power table").sum() == others
    assert not per_gpu["variation"].str.contains("power table").any()


def test_then_are_the_rows_of_four_weeks_after_the_claim_and_undated_ones_never():
    early = pair(2, **dated("2025-11-18"))
    late = pair(4, **dated("2025-11-19", tp=4))
    undated = pair(8, above={"date": None, "tp": 2}, below={"date": None, "tp": 2})
    found = decide(claim_of(3), together(early, late, undated))
    assert found.then.typical == pytest.approx(2)
    assert found.now.typical == pytest.approx(8)
    assert (found.then.verdict, found.now.verdict) == ("not-reproduced", "reproduced")
    assert found.moved[["above", "below", "rest"]].iloc[0].tolist() == pytest.approx([4, 1, 1])
    assert "risen 4x and their baselines 1x (median of 1 comparison)" in found.since


def test_nothing_is_known_of_a_time_before_the_rows():
    found = decide(claim_of(3), pair(3)).then
    assert found.verdict == "not-testable" and found.of == 0
    assert found.answer == (
        "No public rows of GB200, by 18 November 2025. The claim cannot be checked."
    )


def test_order_of_rows_and_of_comparisons_changes_nothing():
    rows = together(
        pair(3), pair(2, above={"isl": 8192, "osl": 1024}, below={"isl": 8192, "osl": 1024})
    )
    row = entry(2.5)
    row["test"]["traffic"] = [SHAPE, "8192/1024"]
    turned = {**row, "test": {**row["test"], "traffic": ["8192/1024", SHAPE]}}
    first = decide(claims.read(_ledger(row))[0], rows).now.record()
    second = decide(
        claims.read(_ledger(turned))[0], rows.iloc[::-1].reset_index(drop=True)
    ).now.record()
    for key in ("verdict", "met", "in_part", "of", "typical", "spread", "condition"):
        assert (
            first[key] == pytest.approx(second[key])
            if key == "typical"
            else first[key] == second[key]
        )


def _ledger(row):
    import yaml

    own = {key: entries.document(entries._text())[key] for key in ("names", "answers")}
    return yaml.safe_dump({**own, "claims": [row]})


@pytest.mark.parametrize(
    ("form", "options", "wording"),
    [
        ("at-least", {}, "round number"),
        ("about", {}, "about"),
        ("between", {"high": 5}, "round number"),
        ("up-to", {}, "round number"),
        ("at-point", {"at": 50}, "round number"),
    ],
)
@pytest.mark.parametrize("factor", [0.5, 3, 9])
def test_every_form_and_outcome_has_its_sentence_with_its_numbers(form, options, wording, factor):
    found = decide(claim_of(3, form, wording=wording, **options), pair(factor)).now
    assert not UNFILLED.search(found.answer)
    assert found.answer != "No number can be given."
    assert re.search(rf"{factor:g}x", found.answer)
    assert found.record()["label"] == found.label


def test_a_sentence_without_its_number_is_left_out_and_never_half_filled():
    assert deciding.filled("It is {a}x. It was {b}x.", {"a": "3", "b": ""}) == "It is 3x."
    assert deciding.filled("It was {b}x.", {}) == "No number can be given."


# ---------------------------------------------------------------- the ledger on the project's rows


@pytest.mark.parametrize("claim", LEDGER, ids=lambda claim: claim.id)
def test_every_answer_is_whole_and_its_record_is_of_the_schema(decided, claim, monkeypatch):
    verdict = decided[claim.id]
    if verdict.now.tested:  # what the model says beside a measured answer takes seconds
        monkeypatch.setattr(entries, "build_modelled", lambda claim: [])
    for state in (verdict.now, verdict.then):
        assert state.answer and not UNFILLED.search(state.answer)
        assert state.met + state.in_part <= state.of
    row = json.loads(json.dumps(verdict.row(), allow_nan=False))
    verdicts.check(row, {claim.id})
    assert row["firm"] == row["now"]["robust"]
    assert row["found"]["value"] == row["now"]["typical"]
    with pytest.raises(FrontierError, match=f"the verdict for '{claim.id}', now.met"):
        verdicts.check({**row, "now": {**row["now"], "met": -1}}, {claim.id})


@pytest.mark.parametrize("claim", LEDGER, ids=lambda claim: claim.id)
def test_every_fact_of_the_ledger_has_a_number_today(decided, claim):
    told = deciding.facts(decided[claim.id].now)
    for name, fact in claim.facts.items():
        assert told.get(name) or decided[claim.id].now.verdict == "not-testable", (name, fact)


def test_what_mlperf_measured_is_told_with_the_dense_claims_and_decides_nothing(decided):
    found = decided["dense-gain-25x"].now
    assert found.verdict == "modelled-only"
    told = "4.48x the tokens per megawatt of H200 in one round, and 6.32x (GB200) and 8.29x"
    assert told in found.answer


def test_a_result_at_a_limit_that_reaches_a_claim_shows_that_it_is_reached(rows):
    low = claim_of(
        2,
        test={
            "per": "MW",
            "limits": list(claims.claim("dense-gain-25x").test.limits),
            "comparisons": [],
        },
    )
    assert deciding.state(low, rows).verdict == "reproduced-conditionally"


def test_forty_times_is_told_at_fifty_against_both_baselines(decided):
    found = decided["blackwell-advantage-40x"]
    assert "At 50 tok/s/user with DeepSeek-R1" in found.now.answer
    told = claims.findings(found, role="deciding")
    picked = told[(told["model"] == "DeepSeek-R1") & (told["baseline"] == "one plain H200 node")]
    assert (picked["at_50"].dropna() > 10).all()


def test_weeks_are_of_settled_gains_and_first_states_are_told_with_their_number(decided):
    found = decided["weeks-not-years"].now
    beside = claims.findings(found, role="beside")["value"].max()
    assert found.spread[1] < 1.25 < 4 < beside
    assert f"{beside:.3g}x exist from a first recorded state" in found.answer


def test_a_filing_of_a_later_year_is_not_of_then(decided):
    found = decided["staff-80-software"]
    assert (found.now.of, found.then.of) == (2, 1)


def test_findings_are_a_row_a_comparison_with_a_reason_for_each_that_has_no_number(decided):
    told = claims.findings(decided["blackwell-advantage-40x"])
    assert set(told["role"]) >= {"deciding", "beside"}
    assert (told.loc[told["outcome"] == "untested", "untested"] != "").all()
    assert told.loc[told["outcome"] != "untested", "value"].notna().all()


def test_a_claims_words_are_escaped_on_their_way_into_a_page():
    row = entry(3)
    row["statement"] = "It is <b>faster</b> & better."
    shown = decide(claims.read(_ledger(row))[0], pair(3))._repr_mimebundle_()
    assert "<b>faster" not in shown["text/html"] and "&lt;b&gt;faster" in shown["text/html"]
    assert shown[claims.VERDICT_MIME]["id"] == "synthetic"
    assert "row_id" in shown[FILES_MIME]["data/synthetic-rows.csv"]


def test_what_one_claim_computed_is_there_for_the_next(rows):
    ready = prepared(rows)
    first, second = (
        claims.comparisons(claims.claim(name), ready)
        for name in ("software-over-hardware", "software-60-percent")
    )
    assert first[0].cells is second[0].cells


def test_rows_used_are_those_on_the_frontiers_that_are_compared(decided):
    text = claims.rows_used(decided["nvswitch"])["data/nvswitch-rows.csv"]
    assert text.startswith("row_id,source,on_front\n")
    listed = {line.split(",")[0] for line in text.splitlines()[1:]}
    points = claims.fronts([one.comparison for one in decided["nvswitch"].now.findings])
    assert set(points.loc[points["on_front"], "row_id"]) <= listed


def test_a_row_of_several_comparisons_is_used_once_and_on_a_front_where_it_is_on_any(decided):
    compared = [one.comparison for one in decided["blackwell-advantage-40x"].now.tested]
    points, found = claims.fronts(compared), claims.used(compared).set_index("row_id")["on_front"]
    assert found.index.is_unique and set(found.index) == set(points["row_id"])
    assert set(found.index[found]) == set(points.loc[points["on_front"], "row_id"])
    assert (points.groupby("row_id")["on_front"].nunique() == 2).any()  # so order could matter


def test_needed_says_where_a_value_is_there_and_how_much_is_missing():
    compared = claims.comparisons(
        claim_of(3), prepared(pair(np.linspace(1, 5, len(X))), sigma=0.02)
    )
    told = claims.needed(compared, 3).iloc[0]
    assert told["reached"] and told["reached_from"] > X[0]
    assert told["largest"] == pytest.approx(5)
    assert told["missing"] == pytest.approx(3 / compared[0].value())
    assert not claims.needed(compared, 30).iloc[0]["reached"]


def test_dates_of_records_are_plain(decided):
    assert decided["mtp"].then.record()["day"] == "2025-11-18"
    assert pd.isna(decided["mtp"].now.day)
