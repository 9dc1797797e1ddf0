"""A plot of one value a row, as plain numbers for a template to draw.

Rows are as many as there are sets, so their height shrinks with their count and their labels
go when they would not be read. Positive values that span a factor of twenty have a
logarithmic axis. The words around the plot belong to the page.
"""

import math
from dataclasses import dataclass

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 720, 240, 24, 10, 34
_TALLEST, _LOWEST, _READABLE = 24.0, 3.0, 13.0
_SPAN = 20.0


@dataclass(frozen=True)
class Dots:
    """Where everything stands: rows are (label, y, x), ticks (text, x); x is None for no value."""

    height: float
    rows: tuple[tuple[str, float, float | None], ...]
    ticks: tuple[tuple[float, float], ...]
    labelled: bool
    logarithmic: bool


def dots(rows, /) -> Dots:
    """Return the plot of (label, value) in their order; a value may be None."""
    values = [value for _, value in rows if value is not None]
    step = min(_TALLEST, max(_LOWEST, 1600 / max(len(rows), 1)))
    logarithmic = bool(values) and min(values) > 0 and max(values) >= _SPAN * min(values)
    ticks = _ticks(values, logarithmic)
    place = _scale(ticks, logarithmic)
    return Dots(
        height=round(TOP + step * len(rows) + BOTTOM, 1),
        rows=tuple(
            (label, round(TOP + step * (i + 0.5), 1), None if value is None else place(value))
            for i, (label, value) in enumerate(rows)
        ),
        ticks=tuple((tick, place(tick)) for tick in ticks),
        labelled=step >= _READABLE,
        logarithmic=logarithmic,
    )


def _ticks(values, logarithmic):
    """Return round numbers from at or below the smallest value to at or above the largest."""
    if not values:
        return [0.0, 1.0]
    low, high = min(values), max(values)
    if logarithmic:
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        ticks = [float(f"{digit}e{decade}") for decade in decades for digit in (1, 2, 5)]
        first = max(tick for tick in ticks if tick <= low)
        last = min((tick for tick in ticks if tick >= high), default=ticks[-1])
        found = [tick for tick in ticks if first <= tick <= last]
        stride = -(-len(decades) // 10)
        whole = range(decades[0], decades[-1] + stride, stride)
        return found if len(found) <= 8 else [10.0**decade for decade in whole]
    span = high - low
    if span <= 1e-9 * max(abs(low), abs(high)):  # one value, as far as can be drawn
        span = max(abs(high), 1e-300) if high else 1.0
    exponent = 10.0 ** math.floor(math.log10(span / 4))
    step = next(digit * exponent for digit in (1, 2, 5, 10) if span / (digit * exponent) <= 5)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [float(f"{n * step:.12g}") for n in range(first, max(last, first + 1) + 1)]


def _scale(ticks, logarithmic):
    ends = [math.log(tick) if logarithmic else tick for tick in (ticks[0], ticks[-1])]

    def place(value):
        share = ((math.log(value) if logarithmic else value) - ends[0]) / (ends[1] - ends[0])
        share = min(max(share, 0.0), 1.0)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    return place
