"""How a frontier shows itself in a notebook: a small picture, and its points with their units.

The picture is a few lines of SVG in the colour of the text around it, so that it can be read on
light and dark ground, and a frontier at the prompt loads no drawing library. A figure with words
of its own, for a page, comes from `frontier.figures`.
"""

import html
import math

import numpy as np

from frontier.data.words import number

MOST_ROWS = 16  # of more points the first and the last are shown
_LINE = "#2f8fd0"  # a blue that is seen on white and on black
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _EDGE = 480, 220, 62, 40, 12  # px


def card(front, /) -> str:
    """Return a frontier as HTML: its step curve, one line of text, and its points."""
    every = len(front)
    shown = range(every) if every <= MOST_ROWS else [*range(MOST_ROWS - 1), every - 1]
    rows = "".join(
        f'<tr><th scope="row">{html.escape(str(front.rows[i]))}</th>'
        f"{_cell(front.interactivity[i])}{_cell(front.throughput[i])}</tr>"
        for i in shown
    )
    left = f", {every - len(shown)} more between" if every > len(shown) else ""
    return (
        f'<div class="frontier-card">{_picture(front)}'
        f'<div style="overflow-x:auto"><table class="dataframe"><caption style="text-align:left">'
        f'{html.escape(front.words)}{left}</caption><thead><tr><th scope="col">row</th>'
        f'<th scope="col">interactivity, tok/s/user</th>'
        f'<th scope="col">throughput, {html.escape(front.unit)}</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div></div>"
    )


def _cell(value) -> str:
    return f'<td style="text-align:right">{number(value)}</td>'


def _picture(front) -> str:
    """Return the step curve on logarithmic axes as SVG."""
    x, xs = _axis(front.interactivity, _LEFT, _WIDTH - _EDGE)
    y, ys = _axis(front.throughput, _HEIGHT - _BOTTOM, _EDGE)
    steps = f"M{x[0]:.1f} {y[0]:.1f}" + "".join(
        f"V{down:.1f}H{right:.1f}" for right, down in zip(x[1:], y[1:], strict=True)
    )
    dots = "".join(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3"/>' for a, b in zip(x, y, strict=True))
    grid = "".join(f'<path d="M{_LEFT} {at:.1f}H{_WIDTH - _EDGE}"/>' for at in ys.values())
    base, middle = _HEIGHT - _BOTTOM, _HEIGHT // 2 - _EDGE
    labels = "".join(f'<text x="{at:.1f}" y="{base + 15}">{text}</text>' for text, at in xs.items())
    labels += (
        f'<text x="{(_LEFT + _WIDTH) // 2}" y="{_HEIGHT - 8}">Interactivity, tok/s/user</text>'
    )
    heights = "".join(f'<text x="{_LEFT - 6}" y="{at + 4:.1f}">{t}</text>' for t, at in ys.items())
    unit = f'<text transform="translate(12 {middle}) rotate(-90)">{html.escape(front.unit)}</text>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{_WIDTH}" height="{_HEIGHT}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}" aria-label="{html.escape(front.words)}">'
        f'<g stroke="currentColor" stroke-opacity=".22" fill="none">{grid}</g>'
        f'<g fill="{_LINE}"><path d="{steps}" stroke="{_LINE}" stroke-width="1.6" fill="none"/>'
        f'{dots}</g><g fill="currentColor" font-size="11" text-anchor="middle">{labels}{unit}'
        f'<g text-anchor="end">{heights}</g></g></svg>'
    )


def _axis(values, start, end):
    """Return where values lie between two pixels on a log axis, and where its labels lie."""
    low, high = math.log(values.min()), math.log(values.max())
    if high - low < 0.7:  # one point, or a short front: at least a factor of two in the picture
        low, high = (low + high) / 2 - 0.35, (low + high) / 2 + 0.35

    def place(value):
        return start + (np.log(value) - low) / (high - low) * (end - start)

    powers = range(math.floor(low / math.log(10)), math.ceil(high / math.log(10)) + 1)
    ticks = [m * 10.0**power for power in powers for m in ((1, 2, 5) if high - low < 5 else (1,))]
    ticks = [tick for tick in ticks if low - 1e-9 <= math.log(tick) <= high + 1e-9]
    return place(values), {number(tick): place(tick) for tick in ticks}
