"""Numbers and quantities in words, the same on pages, in figures and at the prompt.

>>> from frontier.data import words
>>> words.number(6923.4), words.number(0.03456), words.quantity(39.5, "x tok/s/MW")
('6,920', '0.0346', '39.5× tok/s/MW')
"""

import math
from numbers import Integral, Real

from broadsheet.words import counted, number

__all__ = ["counted", "number", "plain", "published", "quantity", "span", "verdict_words"]


def published(value: object, /) -> object:
    """Return a value as JSON holds what is published: numbers to six significant digits.

    >>> published({"a": (1.23456789, float("nan"), 7, True)})
    {'a': [1.23457, None, 7, True]}
    """
    if isinstance(value, dict):
        return {key: published(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [published(item) for item in value]
    if isinstance(value, bool):
        return value
    if isinstance(value, Integral):  # one of NumPy's, too
        return int(value)
    if isinstance(value, Real):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value


_VERDICTS = {
    "reproduced": "holds",
    "reproduced-conditionally": "holds only in part",
    "not-reproduced": "not reached",
    "modelled-only": "never measured",
    "not-testable": "no public data",
}


def verdict_words(verdict: str, /) -> str:
    """Return a verdict's key as a reader is shown it.

    >>> verdict_words("not-reproduced"), verdict_words("reproduced-conditionally")
    ('not reached', 'holds only in part')
    """
    return _VERDICTS.get(verdict, verdict)


def quantity(value: float | str | None, unit: str | None, /, digits: int = 3) -> str:
    """Return a value with its unit; a factor has the unit ``x`` or one that begins with it.

    A share, whose unit begins so, is shown in per cent.

    >>> quantity(2, "x"), quantity(60000, "tok/s/GPU"), quantity(None, "x"), quantity("so", "")
    ('2×', '60,000 tok/s/GPU', '–', 'so')
    >>> quantity(0.6, "share of the gain")
    '60 % of the gain'
    """
    if value is None:
        return "–"
    if str(unit).startswith("share") and not isinstance(value, str):
        return f"{number(100 * value, digits)} %{str(unit).removeprefix('share')}"
    text = number(value, digits) if isinstance(value, int | float) else str(value)
    first, _, rest = str(unit or "").partition(" ")
    if first.lower() in ("x", "×"):
        return f"{text}× {rest}".strip()
    return f"{text}{unit}" if unit == "%" else f"{text} {unit or ''}".strip()


def span(low: float | None, high: float | None, unit: str | None, /) -> str:
    """Return an interval in the numbers of `quantity`, without its unit but for a per cent.

    >>> span(2.5, 31, "x tok/s/MW"), span(0.25, 0.5, "share of the gain")
    ('2.5 to 31', '25 to 50 %')
    """
    if str(unit).startswith("share"):
        low, high = (None if end is None else 100 * end for end in (low, high))
        return f"{number(low)} to {number(high)} %"
    return f"{number(low)} to {number(high)}"


def plain(value: float | None, unit: str | None, /) -> str:
    """Return a value without its unit, but for the per cent of a share.

    >>> plain(2.51, "x tok/s/MW"), plain(0.25, "share of the gain"), plain(None, "")
    ('2.51', '25 %', '–')
    """
    return quantity(value, "share" if str(unit).startswith("share") else "")
