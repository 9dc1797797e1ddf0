"""A claim that is in no ledger: the same rule, in words, and as a row that can be entered."""

import pytest
import yaml

from frontier import claims, cli, measurements
from frontier.claims import checking
from frontier.errors import FrontierError, UsageError


@pytest.fixture(scope="module")
def rows():
    return measurements.load_measurements()


@pytest.fixture(scope="module")
def found(rows):
    return claims.check(
        rows,
        above="gb300",
        below="h200",
        value=50,
        per="MW",
        model="deepseek-r1",
        date="2026-04-15",
    )


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"above": "gb3000"}, "no measured row of accelerator 'gb3000': .*did you mean 'gb300'"),
        ({"below": "tpu"}, "no measured row of accelerator 'tpu'"),
        ({"value": 0}, "value is 0; expected a number above 0"),
        ({"value": float("nan")}, "value is nan"),
        ({"per": "hour"}, "per is 'hour'"),
        ({"model": "gpt-5"}, "'gpt-5' was not measured on both: there are"),
        ({"traffic": "1/1"}, "no measured row of traffic '1/1'"),
        ({"at": -3}, "at is -3"),
        ({"high": 20}, "a range from 50 to 20 is none"),
        ({"edition": "1999"}, "edition is '1999'"),
    ],
)
def test_what_does_not_exist_is_one_line_with_what_there_is(rows, wrong, told):
    with pytest.raises(FrontierError, match=told) as caught:
        claims.check(rows, **{"above": "gb300", "below": "h200", "value": 50, **wrong})
    assert "\n" not in str(caught.value)


def test_both_baselines_and_every_traffic_are_compared(found):
    told = claims.findings(found.verdict, role="deciding")
    assert set(told["baseline"]) == {"one plain H200 node", "the best-tuned H200"}
    assert set(told["traffic"]) == {"1024/1024", "1024/8192", "8192/1024"}


def test_it_is_the_rule_of_the_ledger(found, rows):
    ledger = claims.findings(
        claims.decide(claims.claim("blackwell-advantage-40x"), rows), role="deciding"
    )
    same = ledger[
        (ledger["accelerator"] == "GB300 NVL72") & (ledger["baseline"] == "one plain H200 node")
    ]
    told = claims.findings(found.verdict, role="deciding")
    told = told[told["baseline"] == "one plain H200 node"]
    key = "traffic"
    merged = told.merge(same[same["model"] == "DeepSeek-R1"], on=key)
    assert len(merged) == 3
    assert merged["value_x"].tolist() == pytest.approx(merged["value_y"].tolist())


def test_the_text_has_answer_then_ratios_assumptions_and_how_sure(found):
    for part in (
        "GB300 NVL72 yields 50X",
        found.answer,
        "Then (2026-05-13)",
        "tok/s/user",
        "assume",
    ):
        assert part in found.text
    assert "Robust" in found.text or "Fragile" in found.text
    at_50 = found.ratios[(found.ratios["at"] == 50)]["value"].dropna()
    assert len(at_50) == 6


@pytest.mark.parametrize(
    ("options", "form", "tolerance"),
    [
        ({"wording": "up to"}, "up-to", 1.1),
        ({"wording": "nearly"}, "at-least", 1.25),
        ({"wording": "more than"}, "at-least", 1.0),
        ({"at": 75}, "at-point", 1.1),
        ({"high": 60}, "between", 1.1),
    ],
)
def test_the_wording_fixes_form_and_tolerance(rows, options, form, tolerance):
    claim = claims.check(rows, above="gb300", below="h200", value=50, **options).verdict.claim
    assert (claim.form, claim.test.target.tolerance) == (form, tolerance)


def test_hopper_is_both_and_the_plain_node_is_of_h200(rows):
    told = claims.check(rows, above="gb200", below="hopper", value=40, model="deepseek-r1")
    assert [s["label"] for s in told.row["test"]["comparisons"][0]["below"]] == [
        "one plain H200 node",
        "the best-tuned H100 or H200",
    ]


def test_what_is_saved_is_a_ledger_row(found, tmp_path):
    row = yaml.safe_load(found.save(tmp_path / "row.yaml").read_text())
    assert checking.made(row) == found.verdict.claim
    with pytest.raises(FrontierError, match="cannot be written"):
        found.save(tmp_path / "no" / "row.yaml")


def test_the_command_prints_and_saves_and_fails_in_one_line(tmp_path, capsys):
    asked = ["--above", "gb300", "--below", "h200", "--value", "50", "--model", "deepseek-r1"]
    assert cli.main(["check", *asked, "--save", str(tmp_path / "row.yaml")]) == 0
    shown = capsys.readouterr().out
    assert "GB300 NVL72" in shown and "frontier new" in shown
    assert cli.main(["check", *asked[2:], "--above", "tpu"]) == UsageError.exit_code
    assert capsys.readouterr().err.count("\n") == 1
