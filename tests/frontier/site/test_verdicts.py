"""What moved between the verdicts of two sites, in words."""

import json

import pytest

from broadsheet import diff
from frontier.data import words
from frontier.site import verdicts
from ledger_rows import verdict_row


def site(folder, *claims):
    folder.mkdir()
    document = {"schema": 2, "claims": list(claims)}
    (folder / "verdicts.json").write_text(json.dumps(document))
    return folder


def test_a_verdict_and_a_value_that_moved_are_named_with_their_change(tmp_path):
    old = verdict_row("a")
    found = {**old["found"], "value": 15.432098}
    new = {**old, "verdict": "reproduced", "firm": True, "found": found, "condition": "Above 30."}
    pair = [
        site(tmp_path / "old", old, verdict_row("gone")),
        site(tmp_path / "new", new, verdict_row("new")),
    ]
    moves = verdicts.compare(*pair)
    assert diff.text(diff.Difference(moves, (), (), "claim")).splitlines() == [
        "3 claims and 0 files of data differ.",
        "",
        "a",
        "  verdict: not reached → holds",
        "  found: 12.3457 → 15.4321 (+25 %)",
        "  firm: no → yes",
        "  condition: none → Above 30.",
        "",
        "new",
        "  claim: absent → there",
        "",
        "gone",
        "  claim: there → absent",
    ]
    assert [move.beyond for move in moves["a"]] == [None, True, None, None]


def test_a_damaged_file_of_before_has_nothing_to_compare():
    new = verdicts.dump([verdict_row("a")])
    assert verdicts.changes("{", new) == []
    assert verdicts.changes(verdicts.dump([]), new) == []


@pytest.mark.parametrize(
    ("verdict", "word", "counted"),
    [
        ("reproduced", "holds", "holds"),
        ("reproduced-conditionally", "holds only in part", "holds only in part"),
        ("not-reproduced", "not reached", "is not reached"),
        ("modelled-only", "never measured", "was never measured"),
        ("not-testable", "no public data", "has no public data"),
        ("not yet examined", "not yet examined", "is not yet examined"),
    ],
)
def test_a_verdict_is_told_in_the_words_of_a_reader(verdict, word, counted):
    record = verdict_row("a", verdict=verdict)
    assert words.verdict_words(verdict) == word
    head, row = verdicts.rows([record])
    assert row[head.index("verdict")] == word
    assert verdicts.summary([record]) == f"Of 1 claims, 1 {counted}."


def test_what_is_robust_is_said_so_at_the_prompt():
    head, row = verdicts.rows([verdict_row("a", verdict="reproduced", firm=True)])
    assert row[head.index("verdict")] == "holds, robust"
