import re

import pytest

import ledger_rows
from frontier.site import sparks

COMPARISON = {"comparison": "A over B", "shape": "8/1"}
TABLE = "interactivity,ratio,comparison,shape\n"
LINE = "10,2,A over B,8/1\n20,,A over B,8/1\n40,8,A over B,8/1\n40,9,A over B,1/1\n10,1,C,8/1\n"


def record(measured=(COMPARISON,), modelled=None):
    tiers = {"measured": {"comparisons": list(measured)} if measured else None}
    return ledger_rows.verdict_row("a", tiers={**tiers, "modelled": modelled})


def heights(spark):
    return [float(y) for y in re.findall(r"[ML][\d.]+ ([\d.]+)", spark.path)]


@pytest.mark.parametrize(
    "text", ["", TABLE, TABLE + "10,2,Another,8/1\n20,3,Another,8/1\n", "interactivity,a\n1,2\n"]
)
def test_a_report_that_does_not_draw_the_quoted_comparison_gives_no_picture(text):
    assert sparks.curve(record(), {"data/a.csv": text}) is None


def test_a_claim_that_nothing_was_measured_or_modelled_for_has_no_picture():
    assert sparks.curve(record(measured=()), {"data/a.csv": TABLE + LINE}) is None
    assert sparks.curve(ledger_rows.ledger_row("a"), {"data/a.csv": TABLE + LINE}) is None


def test_the_curve_is_that_of_the_quoted_comparison_and_shape_with_its_gaps():
    points, modelled = sparks.curve(record(), {"data/a.csv": TABLE + LINE})
    assert points == [(10, 2), (20, None), (40, 8)]
    assert not modelled


def test_a_modelled_curve_is_taken_only_where_nothing_was_measured():
    text = TABLE + LINE.replace("A over B", "modelled: A over B")
    assert sparks.curve(record(), {"data/a.csv": text}) is None
    _, modelled = sparks.curve(record((), [COMPARISON]), {"data/a.csv": text})
    assert modelled


def test_equal_factors_are_equally_high_and_more_is_higher():
    low, middle, high = heights(sparks.spark([(1, 2.0), (2, 4.0), (4, 8.0)], None, "x"))
    assert low - middle == pytest.approx(middle - high, abs=0.11)
    assert high < middle < low


def test_a_gap_interrupts_the_curve():
    assert sparks.spark([(1, 2.0), (2, None), (4, 8.0)], None, "x").path.count("M") == 2


@pytest.mark.parametrize(
    ("claimed", "words"),
    [
        (9.0, "below the claimed 9 everywhere"),
        (2.0, "nowhere below the claimed 2"),
        (4.0, "on both sides of the claimed 4"),
        (None, "between 1 and 4 tok/s/user."),
    ],
)
def test_the_words_say_where_the_curve_stands_to_the_claim(claimed, words):
    found = sparks.spark([(1, 2.0), (4, 8.0)], claimed, "x tok/s/GPU").words
    assert words in found
    assert found.startswith("Measured over interactivity: from 2 to 8")


def test_the_line_of_the_claim_is_within_the_picture():
    for claimed in (0.1, 4.0, 1000.0):
        place = sparks.spark([(1, 2.0), (4, 8.0)], claimed, "x").claim
        assert sparks.MARGIN <= place <= sparks.HEIGHT - sparks.MARGIN


def test_negative_shares_are_drawn_on_a_plain_scale():
    low, high = heights(sparks.spark([(1, -0.5), (2, 0.5)], 0.0, "share"))
    assert (low, high) == (sparks.HEIGHT - sparks.MARGIN, sparks.MARGIN)
