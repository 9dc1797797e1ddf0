import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontier.data import words


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_said_to_be_none(value):
    assert words.number(value) == "none"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (25, "25"),
        (12345.6, "12,300"),
        (0.5, "0.5"),
        (2.996, "3"),
        (999.6, "1,000"),
        (0.00012345, "0.000123"),
        (-1234, "-1,230"),
        (1e22, "10,000,000,000,000,000,000,000"),
    ],
)
def test_a_number_has_three_significant_digits_and_no_exponent(value, text):
    assert words.number(value) == text


def test_more_digits_can_be_asked_for():
    assert words.number(12345.6, 6) == "12,345.6"
    assert words.number(60000, 6) == "60,000"


@given(st.floats(1e-12, 1e12), st.integers(1, 8))
def test_a_number_reads_back_as_itself_within_its_digits(value, digits):
    text = words.number(value, digits)
    back = float(text.replace(",", ""))
    assert "e" not in text
    assert back == pytest.approx(value, rel=0.5000001 * 10 ** (1 - digits))
    assert words.number(back, digits) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (2, "x", "2×"),
        (25, "x tok/s/MW", "25× tok/s/MW"),
        (3, "X", "3×"),
        (60000, "tok/s/GPU", "60,000 tok/s/GPU"),
        (80, "%", "80%"),
        (0.6, None, "0.6"),
        (None, "x", "–"),
        ("about two", "", "about two"),
        (1, "xylophones", "1 xylophones"),
    ],
)
def test_a_quantity_has_its_unit_and_a_factor_its_sign(value, unit, text):
    assert words.quantity(value, unit) == text
