"""Numbers in words, the same on pages, in tables and at the prompt.

>>> number(6923.4), number(0.03456), counted(1200, "row")
('6,920', '0.0346', '1,200 rows')
"""

import math


def number(value: float | None, /, digits: int = 3) -> str:
    """Return a number with so many significant digits, thousands set apart, no exponent.

    >>> number(25), number(12345.6), number(0.5), number(2.996), number(None)
    ('25', '12,300', '0.5', '3', 'none')
    """
    if value is None or not math.isfinite(value):
        return "none"
    if value == 0:
        return "0"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    text = f"{round(value, places):,.{max(places, 0)}f}"
    return text.rstrip("0").rstrip(".") if places > 0 else text


def counted(count: int, noun: str, /) -> str:
    """Return a count with its noun, in the plural unless it is one.

    >>> counted(1, "row"), counted(1200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
