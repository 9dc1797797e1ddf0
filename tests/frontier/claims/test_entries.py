"""The ledger: what is wrong is one line with file, row and claim; what is right is built."""

import copy
import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from frontier import claims, measurements
from frontier.claims import checking, entries, rule
from frontier.claims.sides import CONDITIONS
from frontier.data import paths
from frontier.errors import DataError, UsageError
from measured import X, Y, claim_of, entry, pair, sweep, together

ARTICLE = {
    "dense-gain-25x", "dense-gain-31x", "hopper-software-uplift", "reasoning-drop-11x",
    "blackwell-advantage-40x", "gptoss-aug-sep-2x", "gptoss-oct-5x", "gptoss-1000-tps-user",
    "gptoss-60k-tps-gpu", "weeks-not-years", "software-over-hardware", "software-60-percent",
    "hardware-2x-3x", "revenue-80-hardware", "staff-80-software", "mtp", "parallelism", "nvswitch",
}  # fmt: skip
TEXT = (paths.data() / "claims.yaml").read_text(encoding="utf-8")
ROWS = measurements.load_measurements()


def changed(path, value):
    """A sound row with one value replaced, or taken out where it is None."""
    row = copy.deepcopy(entry(3))
    *parents, last = path
    place = row
    for key in parents:
        place = place[key]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return row


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (["claimed", "form"], "gain", "claimed.form: 'gain' is not one of"),
        (["claimed", "form"], None, "'form' is a required property"),
        (["claimed", "wording"], "loud", "claimed.wording: 'loud' is not one of"),
        (["claimed", "tolerance"], 1.25, "claimed.tolerance is 1.25; 'round number' allows 1.1"),
        (["claimed", "value"], -3, "claimed.value: -3 is less than or equal to"),
        (["claimed", "value"], "many", "claimed.value: 'many' is not of type"),
        (["id"], "Not An Id", "id: 'Not An Id' does not match"),
        (["date"], "last week", "date: 'last week' does not match"),
        (["sources"], [], "sources: [] should be non-empty"),
        (["test", "traffic"], ["8k/1k"], "test.traffic.0: '8k/1k' does not match"),
        (["test", "floor"], 100, "'floor' was unexpected"),
        (["test", "per"], "hour", "test.per: 'hour' is not one of"),
        (["test", "least"], 2, "a test needs a claimed value, or `least`"),
        (["answers"], {"reproduced": "It is {unknown}x."}, "no number fills '{unknown}'"),
        (["answers"], {"reproduced": "It is 40x."}, "a number is typed"),
        (["answers"], {"perhaps": "It is."}, "answers: 'perhaps' is not one of"),
        (["facts"], {"a": {"of": "value", "where": {}, "take": "sum"}}, "facts.a.take: 'sum'"),
        (["statement"], "two\nlines", "statement: 'two\\nlines' does not match"),
    ],
)  # fmt: skip
def test_a_row_that_is_wrong_is_one_line_with_file_row_and_claim(path, value, told):
    with pytest.raises(DataError) as caught:
        checking.made(changed(path, value))
    line = str(caught.value)
    assert line.startswith("claims.yaml, row ") and "claim " in line
    assert told in line and "\n" not in line


def test_a_selection_by_what_is_no_column_is_refused():
    row = entry(3)
    row["test"]["comparisons"] = [
        {"above": {"label": "A", "select": {"hardwear": "h200"}}, "below": {"label": "B"}}
    ]
    with pytest.raises(DataError, match="'A' selects by 'hardwear', no column"):
        checking.made(row)


def test_a_claim_without_a_number_needs_a_bar_of_its_own():
    row = entry(3)
    row["claimed"]["value"] = None
    with pytest.raises(DataError, match="needs a claimed value"):
        checking.made(row)


@pytest.mark.parametrize("outcome", ["reproduced", "reproduced-conditionally", "not-testable"])
def test_a_missing_template_is_named(outcome):
    found = yaml.safe_load(TEXT)
    del found["answers"]["at-least"][outcome]
    with pytest.raises(DataError, match=f"answers has no sentence for '{outcome}'"):
        entries.read(yaml.safe_dump({**found, "claims": [entry(3)]}))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("claims: [", "is no YAML: line "),
        ("claims: " + "[" * 100_000, "is no YAML: line 1: more than 30 levels"),
        ("claims: &all [*all]", "is no YAML: line 1: *all refers to itself"),
        ("a: 1", "is no ledger; it needs a list `claims`"),
        ("claims: {}", "is no ledger"),
        ("claims: [7]", "7 is not of type 'object'"),
        ("claims: [{date: 2026-02-30}]", "claims.yaml"),
    ],
)
def test_what_is_no_ledger_is_one_line(text, told):
    with pytest.raises(DataError, match=r"claims\.yaml") as caught:
        entries.read(text)
    assert told in str(caught.value) and "\n" not in str(caught.value)


def test_a_schema_that_was_changed_counts_for_a_ledger_that_was_checked_before(
    tmp_path, monkeypatch
):
    schema = json.loads((paths.root() / "schema" / "claims.schema.json").read_text())
    entries.document(TEXT)
    monkeypatch.setenv("FRONTIER_HOME", str(tmp_path))
    (tmp_path / "schema").mkdir()
    changed = {**schema, "required": ["what no ledger has"]}
    (tmp_path / "schema" / "claims.schema.json").write_text(json.dumps(changed))
    with pytest.raises(DataError, match="'what no ledger has' is a required property"):
        entries.document(TEXT)


def test_a_claim_that_stands_twice_is_refused():
    found = yaml.safe_load(TEXT)
    with pytest.raises(DataError, match="claim mtp: stands twice"):
        found["claims"] = [one for one in found["claims"] if one["id"] == "mtp"] * 2
        entries.read(yaml.safe_dump(found))


def test_an_unknown_claim_lists_the_known_ones():
    with pytest.raises(UsageError, match=r"no claim 'mpt' in the ledger: there are .*mtp"):
        claims.claim("mpt")


def test_every_claim_of_the_article_is_in_the_ledger():
    assert {one.id for one in claims.ledger()} >= ARTICLE


@pytest.mark.parametrize("claim", claims.ledger(), ids=lambda claim: claim.id)
def test_every_claim_has_a_sentence_for_each_outcome_and_a_source_that_says_it(claim):
    assert set(claim.outcomes) <= set(claim.answers)
    assert claim.sources and claim.decides and claim.quantity
    assert claim.test.target.tolerance in rule.TOLERANCES.values()
    assert "not-testable" in claim.outcomes


@pytest.mark.parametrize(
    "claim", [*claims.ledger(), *claims.levers().values()], ids=lambda claim: claim.id
)
def test_comparisons_are_told_apart_and_select_what_some_row_has(claim):
    compared = claims.comparisons(claim, ROWS)
    keys = [one.key for one in compared]
    assert len(set(keys)) == len(keys)
    for one in compared:
        if len(one.sides) == 2:
            top, bottom = one.sides.values()
            # But for a mechanism, or the same system later, no row stands on both sides.
            nested = claim.test.mechanism or claim.test.target.everywhere
            chips = [set(ROWS["hardware"].iloc[one]) for one in (top.positions, bottom.positions)]
            nested = nested or chips[0] == chips[1]
            assert nested or not set(top.positions) & set(bottom.positions)


def test_conditions_are_columns_and_no_more():
    assert {"model", "shape", "single_node", "as_of", "ttft_limit"} <= CONDITIONS
    assert "interactivty" not in CONDITIONS


def test_every_lever_that_a_credit_names_is_there():
    assert {one["lever"] for one in claims.credits()} <= set(claims.levers())


def test_sides_models_and_traffics_are_crossed():
    rows = pair(3)
    made = claim_of(3, test={"traffic": ["1024/8192", "8192/1024"]})
    assert [one.attributes["traffic"] for one in claims.comparisons(made, rows)] == [
        "1024/8192",
        "8192/1024",
    ]
    both = entry(3)
    both["test"]["comparisons"][0]["where"] = {"model": ["deepseek-r1", "glm-5"]}
    names = [one.attributes["model"] for one in claims.comparisons(checking.made(both), rows)]
    assert names == ["DeepSeek-R1", "GLM-5"]


def test_a_mechanism_is_the_union_over_without_it_and_what_it_costs_to_force_it_stands_beside():
    made = claim_of(3, test={"mechanism": True})
    rows = pair(3)
    union, forced = (claims.comparisons(made, rows, beside=one)[0] for one in (False, True))
    assert len(union.top) == len(forced.top) + len(forced.bottom)
    assert union.value() == pytest.approx(forced.value()) == pytest.approx(3)
    slower = pair(0.5)
    assert claims.comparisons(made, slower)[0].value() == pytest.approx(1)


def test_a_system_then_and_now_is_compared_only_where_a_later_run_has_a_day():
    both = entry(1.05)
    then = {"label": "then", "select": {"hardware": "h200", "as_of": "2025-11-18"}}
    now = {"label": "now", "select": {"hardware": "h200"}}
    both["test"]["comparisons"] = [
        {"above": [now], "below": [then], "where": {"model": "deepseek-r1"}}
    ]
    first = sweep(X, Y, date="2025-11-01")
    undated, later = (sweep(X, 2 * Y, tp=4, date=day) for day in (None, "2026-01-01"))
    told = [
        claims.comparisons(checking.made(both), together(first, more))[0].untested
        for more in (undated, later)
    ]
    assert told == ["no dated run after 2025-11-18", ""]


@given(st.text(max_size=40))
def test_no_text_is_read_as_a_ledger_with_a_traceback(text):
    try:
        entries.read(text)
    except DataError as error:
        assert "\n" not in str(error)
