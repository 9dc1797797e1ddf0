import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from frontier import claims
from frontier.claims import comparisons, modelled
from frontier.claims.comparisons import Basis
from frontier.data import published
from frontier.data.words import number, quantity
from frontier.errors import UsageError
from frontier.figures import exhibits
from measured import SHAPE, X, Y, claim_of, pair, sweep, together

A, B = "inferencex_captures", "inferencex_posts"
FACTORS = np.where(X <= 45, 4, 1)
CLAIM = claim_of(
    2.5,
    comparisons=(
        {
            "name": "GB200 over H200",
            "numerator": {"hardware": "gb200"},
            "denominator": {"hardware": "h200"},
        },
        {
            "name": "GB300 over H200",
            "numerator": {"hardware": "gb300"},
            "denominator": {"hardware": "h200"},
        },
    ),
    variants=(
        {"name": "FP4 on both sides", "where": {"precision": "fp4"}},
        {"name": "output tokens", "metric": "output_throughput_per_gpu"},
    ),
)
ROWS = together(
    pair(FACTORS),
    sweep(X, Y * 5, hardware="gb300", source=B, date="2026-02-10"),
    sweep(X, Y * 0.5, hardware="h200", tp=4, source=B, date=None),
)


@pytest.fixture(scope="module")
def verdict():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparisons, "QUICK", 20)
        return claims.decide(CLAIM, ROWS, sigma=0.001, replicates=50)


def caption(exhibit):
    return BeautifulSoup(exhibit.html, "html.parser").figcaption.p.text


def alt(exhibit):
    return BeautifulSoup(exhibit.html, "html.parser").svg["aria-label"]


def data(exhibit):
    (text,) = (text for path, text in exhibit.files.items() if path.endswith(".csv"))
    return pd.read_csv(io.StringIO(text))


def shown(exhibit):
    rows = BeautifulSoup(exhibit.html, "html.parser").table.find_all("tr")
    head, *body = ([cell.text for cell in row.find_all(["th", "td"])] for row in rows)
    return pd.DataFrame(body, columns=head)


@pytest.mark.parametrize("found", [2.001, np.nan, 2 + 1e-7])
def test_a_known_answer_that_is_missed_stops_the_page(found):
    with pytest.raises(AssertionError, match="expected 2, found"):
        exhibits.known_answer(found, 2)


def test_a_known_answer_states_both_numbers():
    assert exhibits.known_answer(2**0.5, 2**0.5).data == "Expected 1.41421, found 1.41421."


def test_rows_are_counted_once_however_many_comparisons_use_them():
    exhibit = exhibits.rows_used(comparisons.build(CLAIM.test, ROWS), name="03-rows")
    assert caption(exhibit).startswith("36 measured rows are used, 9 of them without a date.")
    table = shown(exhibit)
    assert table["rows"].astype(int).sum() == len(data(exhibit)) == 36
    assert "undated" in set(table["last date"])


def test_the_overview_says_the_range_of_the_means_and_how_many_meet_the_claim(verdict):
    exhibit = exhibits.overview(verdict.findings, CLAIM, name="03-overview")
    table = data(exhibit)
    low, high = (number(table["headline"].agg(which)) for which in ("min", "max"))
    assert f"The means run from {low}x to {high}x; 2 of 2 comparisons" in caption(exhibit)
    assert alt(exhibit) == (f"Mean ratios of 2 comparisons, claimed 2.5x: from {low}x to {high}x.")
    assert table["headline"].tolist() == pytest.approx([2, 5])
    assert table["least"].tolist() == pytest.approx([1, 5])


def test_the_ratio_names_its_largest_value_and_where(verdict):
    exhibit = exhibits.ratios(verdict.findings, CLAIM, sigma=0.001, name="03-ratio")
    assert f"5x at 10 tok/s/user (GB300 over H200, {SHAPE})" in caption(exhibit)
    assert "The largest is 5x at 10 tok/s/user" in alt(exhibit)
    assert data(exhibit)["ratio"].max() == 5


def test_the_frontiers_say_how_many_points_and_where_the_curves_end(verdict):
    compared = [finding.comparison for finding in verdict.findings]
    exhibit = exhibits.frontiers(compared, name="03-frontiers")
    assert caption(exhibit).startswith("Points are 36 measured rows")
    assert "GB300 up to 160 tok/s/user" in alt(exhibit)
    assert data(exhibit)["series"].value_counts().to_dict() == {"H200": 18, "GB200": 9, "GB300": 9}


def test_findings_are_a_table_with_a_dash_where_nothing_was_measured(verdict):
    other = replace(CLAIM.test, shapes=("1024/1024",))
    empty = comparisons.examine(comparisons.build(other, ROWS)[0], CLAIM.test.target, sigma=0)
    exhibit = exhibits.findings_table([*verdict.findings, empty], name="03-all", caption="All.")
    table = shown(exhibit)
    assert table["mean ratio"].tolist() == ["2", "5", "–"]
    assert table["rows"].tolist() == ["9 / 18", "9 / 18", "0 / 0"]
    assert table["outcome"].tolist() == ["reproduced conditionally", "reproduced", "untested"]


def test_variants_change_one_thing_each_and_say_which_meet_the_claim():
    slower = ROWS["throughput_per_gpu"] / 9
    fp4 = ROWS.assign(precision="fp4", tp=2, throughput_per_gpu=slower)
    exhibit = exhibits.variants(CLAIM, together(ROWS, fp4), sigma=0.001, name="03-variants")
    table = shown(exhibit).set_index("variant")[SHAPE]
    assert list(table.index) == ["as in the ledger", "FP4 on both sides", "output tokens"]
    assert all(text.startswith("2x (") for text in table)
    assert caption(exhibit).endswith("Mean and interval of the step meet the claim for: none.")
    missing = exhibits.variants(CLAIM, ROWS, sigma=0.001, name="03-variants")
    assert shown(missing).set_index("variant").loc["FP4 on both sides", SHAPE] == "–"


def test_months_say_what_moved_and_which_side_more():
    rows = together(
        pair(4, above={"date": "2025-11-10"}, below={"date": "2025-11-10"}),
        sweep(X, Y * 6, hardware="gb200", date="2026-01-20"),
        sweep(X, Y * 2, hardware="h200", date="2026-01-20"),
    )
    exhibit = exhibits.months(
        CLAIM.test.basis, rows, CLAIM.test.comparisons[:1], SHAPE, claim=CLAIM, name="03-months"
    )
    words = (
        "GB200 over H200: 4x as of 2025-11, 3x as of 2026-01; the numerator's frontier moved 1.5x "
        "and the baseline's 2x, so the baseline moved it more."
    )
    assert caption(exhibit).endswith(words)
    assert alt(exhibit).endswith(words)


def test_the_sensitivity_of_a_verdict_says_whether_it_is_firm_and_why_not(verdict):
    exhibit = exhibits.sensitivity(verdict, name="03-sensitivity")
    table = data(exhibit)
    differing = table[table["verdict"] != verdict.verdict]
    assert verdict.firm == differing.empty
    assert f"changes under {len(differing)} of {len(table)} variations" in caption(exhibit)
    assert differing["variation"].iloc[0] in caption(exhibit)


def test_a_firm_verdict_is_said_to_be_firm(verdict):
    same = verdict.sensitivity.assign(verdict=verdict.verdict)
    exhibit = exhibits.sensitivity(replace(verdict, sensitivity=same, firm=True), name="03-s")
    assert caption(exhibit) == "The verdict stays the same under every variation, so it is firm."


def test_a_claim_that_was_not_tested_has_no_sensitivity_and_is_not_called_firm():
    nothing = claims.decide(CLAIM, sweep(), sigma=0.001)
    with pytest.raises(UsageError, match="'synthetic' was not tested"):
        exhibits.sensitivity(nothing, name="03-sensitivity")


def test_a_finding_in_words_has_its_number_its_range_and_its_largest(verdict):
    words = exhibits.in_words(verdict.findings[0])
    assert words.startswith(f"GB200 over H200, {SHAPE}: 2x (")
    assert "mean over 10 to 160 tok/s/user; at most 4x, at 10 tok/s/user" in words


def test_a_finding_whose_denominator_is_below_its_floor_says_so():
    comparison = comparisons.one(Basis(floor=1e9), ROWS, CLAIM.test.comparisons[0], SHAPE)
    finding = comparisons.examine(comparison, CLAIM.test.target, sigma=0, replicates=50)
    words = exhibits.in_words(finding)
    assert words.endswith("; the denominator is below its floor everywhere.")
    assert "none" not in words


def quoted(verdict):
    return BeautifulSoup(exhibits.quotable(verdict).data, "html.parser").blockquote.text


def test_the_quotable_sentence_has_the_numbers_of_the_verdict(verdict):
    text = quoted(verdict)
    found = verdict.row()["found"]
    assert text.startswith("The claimed 2.5× tok/s is reproduced ")
    value = quantity(found["value"], found["unit"])
    assert f"{value} ({number(found['low'])} to {number(found['high'])})" in text
    assert verdict.condition in text


def test_the_quotable_sentence_of_an_untested_claim_says_what_would_decide_it():
    assert quoted(claims.decide(CLAIM, sweep(), sigma=0.001)) == (
        "The claimed 2.5× tok/s is not testable. No measured row of what is claimed. It would be "
        "decided by: A measurement."
    )


def test_the_quotable_sentence_is_escaped(verdict):
    hostile = replace(verdict, condition="<script>a & b</script>")
    assert "<script>a & b</script>" in quoted(hostile)
    assert "<script>" not in exhibits.quotable(hostile).data


DENSE, REASONING = {"model": "llama-70b"}, {"model": "deepseek-r1"}


def four_fronts():
    """A drop of 12: the model costs 4 and the longer answer 3, in either order."""
    return together(
        sweep(X, Y * 12, model="llama-70b", osl=1024),
        sweep(X, Y * 4, model="llama-70b"),
        sweep(X, Y * 3, osl=1024),
        sweep(X, Y),
    )


def test_a_drop_is_split_into_parts_that_multiply_to_the_whole():
    exhibit = exhibits.model_and_length(
        four_fronts(),
        Basis(),
        {"H200": (DENSE, REASONING)},
        shapes=("1024/1024", SHAPE),
        name="02-split",
    )
    row = data(exhibit).iloc[0]
    assert row["whole drop"] == pytest.approx(12)
    assert row["model, short answer"] == pytest.approx(4)
    assert row["then longer answer"] == pytest.approx(3)
    assert row["longer answer, dense"] == pytest.approx(3)
    assert row["then model, long answer"] == pytest.approx(4)
    assert "the model is 4x and the longer answer 3x of 12x" in caption(exhibit)


def test_a_split_of_fronts_that_share_nothing_is_refused():
    rows = four_fronts()
    far = rows["interactivity"].where(rows["model"] == "deepseek-r1", rows["interactivity"] * 100)
    with pytest.raises(UsageError, match="H200: the four frontiers share no interactivity"):
        exhibits.model_and_length(
            rows.assign(interactivity=far),
            Basis(),
            {"H200": (DENSE, REASONING)},
            shapes=("1024/1024", SHAPE),
            name="02-split",
        )


def test_the_energy_of_an_answer_is_power_over_throughput_times_tokens():
    sides = {
        "short": ({**DENSE, "shape": "1024/1024", "hardware": "h200"}, 100),
        "long": ({**REASONING, "shape": SHAPE, "hardware": "h200"}, 2000),
    }
    exhibit = exhibits.answers(
        four_fronts(), sides, interactivity=20.0, power_edition="2025", name="02-answers"
    )
    _, long = data(exhibit).to_dict("records")
    throughput = Y[2] * 8192 / 9216  # output tokens of input and output, at 20 tok/s/user
    assert long["J per output token"] == pytest.approx(1730 / throughput, rel=1e-5)
    assert long["Wh per answer"] == pytest.approx(1730 / throughput * 2000 / 3600, rel=1e-5)
    assert long["seconds per answer"] == 100
    ratio = (12 * 0.5 / (8192 / 9216)) * 20
    assert long["energy over the first"] == pytest.approx(ratio, rel=1e-5)
    assert f"{number(ratio)}x the energy of short for 20x the tokens" in caption(exhibit)


def test_an_answer_where_nothing_was_measured_is_refused_with_the_end_of_the_curve():
    sides = {"short": ({**DENSE, "shape": "1024/1024", "hardware": "h200"}, 100)}
    with pytest.raises(UsageError, match="short: measured up to 160 tok/s/user, not at 500"):
        exhibits.answers(
            four_fronts(), sides, interactivity=500.0, power_edition="2025", name="02-answers"
        )


def test_published_ratios_stand_beside_the_claim_and_the_largest_is_named(verdict):
    dense = published.dense_ratios("2025", "1.0")
    exhibit = exhibits.published_ratios(dense, verdict.findings, CLAIM, name="01-published")
    table = data(exhibit)
    assert len(table) == 2 + sum(map(len, dense.values()))
    best = table.loc[table["headline"].idxmax()]
    assert f"The largest is {number(best['headline'])}x ({best['heading']}, " in caption(exhibit)
    assert "against the claimed 2.5x" in alt(exhibit)


def test_results_at_a_limit_are_said_not_to_be_at_equal_interactivity():
    exhibit = exhibits.limits(published.DENSE, power_edition="2025", name="01-mlperf")
    assert "not at the same interactivity" in caption(exhibit)
    table = data(exhibit)
    assert table.loc[table["hardware"] == "h200", "per_gpu"].isna().all()
    assert table.loc[table["hardware"] == "gb200", "per_gpu"].notna().all()


def test_coverage_counts_the_rows_of_each_kind_and_those_that_are_missing():
    other = pd.DataFrame({"model": ["llama-3.1-405b"] * 2, "hardware": ["gb200", "h200"]})
    exhibit = exhibits.covered(
        ROWS,
        {"MLPerf": other},
        models={"R1": ["deepseek-r1"], "405B": ["llama-3.1-405b"]},
        accelerators=["h200", "gb200"],
        name="01-covered",
    )
    table = data(exhibit).set_index(["model", "kind of row"])
    assert table.loc[("R1", "with interactivity")].tolist() == [18, 9]
    assert table.loc[("405B", "MLPerf")].tolist() == [1, 1]
    assert caption(exhibit).endswith("that carry an interactivity: 9.")


# The modelled tier.

NODE = {"model": "llama-70b", "hardware": "h200", "precision": "fp8", "single_node": True}
NEW = {**NODE, "hardware": "b200", "precision": "fp4"}
_GUESS = {"model": "gpt-moe-1.8t", "max_gpus": 16, "max_worker_gpus": 16, "disaggregated": False}
UNSHARED = {
    "name": "a guess",
    "numerator": {**_GUESS, "hardware": "gb200", "precision": "fp4"},
    "denominator": {**_GUESS, "hardware": "h200", "precision": "fp8"},
}
MODELLED = claim_of(
    4,
    floor=100.0,
    per="MW",
    shapes=("1024/1024",),
    modelled=(
        {"name": "one", "numerator": NEW, "denominator": NODE},
        {"name": "two", "numerator": {**NEW, "precision": "fp8"}, "denominator": NODE},
    ),
    modelled_variants=(UNSHARED,),
    steps=(
        {"name": "node", **NODE},
        {"name": "silicon", **NEW, "precision": "fp8"},
        {"name": "FP4", **NEW},
    ),
)


@pytest.fixture
def few_draws(monkeypatch):
    monkeypatch.setattr(modelled, "DRAWS", 5)
    monkeypatch.setattr(modelled, "GRID", 12)


@pytest.fixture(scope="module")
def guessed():
    """A verdict on what was only modelled."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(modelled, "DRAWS", 5)
        patch.setattr(modelled, "GRID", 12)
        return claims.decide(MODELLED, sweep(), sigma=0.001)


def test_modelled_ratios_stand_beside_measured_ones_and_the_largest_is_named(guessed):
    near = claims.decide(replace(MODELLED, test=CLAIM.test), pair(3), sigma=0, replicates=20)
    nearest = tuple(
        replace(f, comparison=replace(f.comparison, shape="1024/1024"))
        for f in near.findings
        if f.outcome != comparisons.UNTESTED
    )
    exhibit = exhibits.modelled_ratios(replace(guessed, nearest=nearest), name="01-modelled")
    lines = data(exhibit)
    assert set(lines["comparison"]) == {
        "modelled: one",
        "modelled: two",
        "measured: GB200 over H200",
    }
    own = lines[lines["comparison"].str.startswith("modelled")]
    best = own.loc[own["ratio"].idxmax()]
    where = f"{number(best['ratio'])}x at {number(best['interactivity'])} tok/s/user"
    name = best["comparison"].removeprefix("modelled: ")
    assert f"the largest modelled ratio is {where} ({name}, 1024/1024)" in caption(exhibit)
    assert where in alt(exhibit)
    means = [f.headline for f in guessed.modelled]
    assert f"from {number(min(means))}x to {number(max(means))}x" in caption(exhibit)


def test_modelled_ratios_can_stand_alone(guessed):
    lines = data(exhibits.modelled_ratios(guessed, name="01-modelled"))
    assert set(lines["comparison"]) == {"modelled: one", "modelled: two"}


def test_the_modelled_table_has_a_dash_where_nothing_is_shared(guessed, few_draws):
    exhibit = exhibits.modelled_table(guessed, name="01-modelled-table")
    table = shown(exhibit).set_index("modelled comparison")
    assert list(table.index) == [f"{key}, 1024/1024" for key in ("one", "two", "a guess")]
    numbers = ["mean ratio", "90 % of draws", "over, tok/s/user", "largest", "extrapolated"]
    assert (table.loc["a guess, 1024/1024", numbers] == "–").all()
    assert (table.drop(index="a guess, 1024/1024")[numbers] != "–").all(axis=None)
    assert "A dash says that nothing is shared above the floor" in caption(exhibit)
    means = data(exhibit)["headline"]
    assert table["mean ratio"].tolist()[:2] == [number(mean) for mean in means[:2]]


def test_the_modelled_table_says_where_the_claim_is_met_and_agrees_with_itself(guessed, few_draws):
    exhibit = exhibits.modelled_table(guessed, name="01-modelled-table")
    told, table = caption(exhibit), shown(exhibit)
    reached = table[table["met from, floor or not"] != "–"]
    for row in reached.to_dict("records"):
        point = row["met from, floor or not"]
        assert f"{row['modelled comparison']}, from {point} tok/s/user" in told
    assert told.count(", from ") == len(reached) > 0
    assert "The claimed 4x" in told


def test_a_modelled_comparison_of_the_set_that_shares_nothing_is_not_dropped(few_draws):
    test = replace(
        MODELLED.test, modelled=(*MODELLED.test.modelled, UNSHARED), modelled_variants=()
    )
    verdict = claims.decide(replace(MODELLED, test=test), sweep(), sigma=0.001)
    table = shown(exhibits.modelled_table(verdict, name="01-modelled-table"))
    assert table.set_index("modelled comparison").loc["a guess, 1024/1024", "mean ratio"] == "–"


def test_steps_are_shown_with_their_product():
    exhibit = exhibits.modelled_steps(MODELLED, name="01-steps", at=(20, 40, 5000))
    steps = data(exhibit)
    assert set(steps["step"]) == {"silicon", "FP4"}
    table = shown(exhibit).set_index("step")
    assert list(table.index) == ["silicon", "FP4", "all steps"]
    assert (table["5,000 tok/s/user"] == "–").all()
    for point in (20, 40):
        ratios = steps[steps["interactivity"] == point].set_index("step")
        whole = ratios["ratio"].prod()
        assert whole == pytest.approx(ratios.loc["FP4", "total"], rel=1e-4)
        assert table.loc["all steps", f"{point} tok/s/user"] == number(whole)
        assert f"{number(whole)}x at {point}" in caption(exhibit)
    assert "starting from node" in caption(exhibit)


def test_the_quotable_sentence_of_what_is_only_modelled_says_so(guessed):
    text = quoted(guessed)
    assert "is modelled only: " in text
    assert "modelled, not measured: one, 1024/1024" in text
    assert "No measured row of what is claimed." in text
