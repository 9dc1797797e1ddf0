"""Charts that redraw at once: SVG written as text, for the controls of the explorer.

matplotlib takes a third of a second for what a person at a slider expects while the slider moves.
A published figure has its own style, titles and data (`frontier.figures`); a chart has lines,
points and axes, on two logarithmic axes, in the colours of the page or of JupyterLab's theme.
Only plain values come in here.

>>> from frontier.explorer import charts
>>> line = charts.Line("H200", "#d17a00", [10, 100], [900, 90])
>>> "H200, measured" in charts.chart([line], [], x="tok/s/user", y="tok/s/MW", label="Throughput")
True
"""

import html
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from frontier.data.words import number

WIDTH, HEIGHT = 470, 330
LEFT, RIGHT, TOP, BOTTOM = 58, 10, 14, 42
DASHES = {"measured": "", "modelled": "5 2.5", "extrapolated": "1 3", "own": "3 1.5"}
# Marks around a point for the reader's own series, in the order of `figures.OWN_MARKS`.
MARKS = (
    "m-4 0h8m-4-4v8m-3-7l6 6m0-6l-6 6", "m-4 0h8m-4-4v8", "m0-4l4 7h-8z", "m0 4l4-7h-8z",
    "m-4 0l7 4v-8z", "m4 0l-7 4v-8z",
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A line: `kind` is a key of `DASHES`; one that is not modelled is a staircase, a frontier."""

    name: str
    colour: str
    x: ArrayLike
    y: ArrayLike
    kind: str = "measured"


@dataclass(frozen=True)
class Dots:
    """Points of one colour; `mark` is the place of the reader's own series among them."""

    colour: str
    x: ArrayLike
    y: ArrayLike
    mark: int | None = None


def chart(
    lines: Sequence[Line],
    dots: Sequence[Dots],
    /,
    *,
    x: str,
    y: str,
    label: str,
    at: float | None = None,
    level: float | None = None,
    marks: Sequence[tuple[float, float]] = (),
) -> str:
    """Return one chart as SVG.

    `x` and `y` are the axes' labels, `label` says what the chart shows to who cannot see it. `at`
    draws a vertical line, `level` a horizontal one, `marks` rings around points. With nothing to
    draw the chart says so.
    """
    drawn = [one for one in (*lines, *dots) if len(one.x)]
    if not drawn:
        return _svg(
            label, f'<text x="{LEFT}" y="{TOP + 20}">nothing to show for this choice</text>'
        )
    xs, ys = (np.concatenate([np.asarray(getattr(d, n), float) for d in drawn]) for n in "xy")
    across = _Scale(xs, LEFT, WIDTH - RIGHT, extra=at)
    up = _Scale(ys, HEIGHT - BOTTOM, TOP, extra=level)
    parts = [_axes(across, up, x, y)]
    parts += [
        f'<path d="{_spots(across(d.x), up(d.y), "h0" if d.mark is None else mark(d.mark))}" '
        f'stroke="{d.colour}" class="{"dots" if d.mark is None else "own"}"/>'
        for d in dots
        if len(d.x)
    ]
    parts += [_line(line, across, up) for line in lines if len(line.x)]
    if level is not None:
        parts.append(f'<path d="M{LEFT} {up(level):.1f}H{WIDTH - RIGHT}" class="level"/>')
    if at is not None:
        parts.append(f'<path d="M{across(at):.1f} {TOP}V{HEIGHT - BOTTOM}" class="at"/>')
    parts += [
        f'<circle cx="{across(px):.1f}" cy="{up(py):.1f}" r="6" class="mark"/>' for px, py in marks
    ]
    return _svg(label, "".join(parts))


def mark(place: int, /) -> str:
    """Return the path around a point that marks one of the reader's own series."""
    return MARKS[place % len(MARKS)]


class _Scale:
    """A logarithmic scale from values to pixels."""

    def __init__(self, values, first, last, extra=None):
        values = np.append(values, [] if extra is None else [extra])
        self.low, self.high = float(values.min()), float(values.max())
        if self.high / self.low < 1.2:  # one value still has an axis around it
            self.low, self.high = self.low / 1.2, self.high * 1.2
        self.first, self.last = first, last

    def __call__(self, values):
        place = np.log(np.asarray(values, float) / self.low) / np.log(self.high / self.low)
        return self.first + place * (self.last - self.first)

    @property
    def ticks(self) -> list[float]:
        """Round values on the axis: 1, 2, 5 of each decade, every decade where there are many."""
        span = np.log10(self.high / self.low)
        steps = (1,) if span > 4 else (1, 2, 5) if span > 0.9 else (1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9)
        decades = range(int(np.floor(np.log10(self.low))), int(np.ceil(np.log10(self.high))) + 1)
        values = [step * 10.0**decade for decade in decades for step in steps]
        return [value for value in values if self.low <= value <= self.high]


def _axes(across, up, x, y):
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    parts = []
    for value in up.ticks:
        place = up(value)
        parts.append(f'<path d="M{LEFT} {place:.1f}H{right}" class="grid"/>')
        parts.append(f'<text x="{LEFT - 5}" y="{place + 3.5:.1f}" class="y">{_short(value)}</text>')
    for value in across.ticks:
        place = across(value)
        parts.append(f'<path d="M{place:.1f} {bottom}v4" class="tick"/>')
        parts.append(f'<text x="{place:.1f}" y="{bottom + 16}" class="x">{_short(value)}</text>')
    parts.append(f'<path d="M{LEFT} {TOP}V{bottom}H{right}" class="tick"/>')
    middle = (LEFT + right) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 6}" class="x name">{html.escape(x)}</text>')
    parts.append(
        f'<text transform="translate(12 {(TOP + bottom) / 2}) rotate(-90)" class="x name">'
        f"{html.escape(y)}</text>"
    )
    return "".join(parts)


def _short(value):
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{number(value / size)}{letter}"
    return number(value)


def _line(line, across, up):
    xs, ys = across(line.x), up(line.y)
    start = f"M{xs[0]:.1f} {ys[0]:.1f}"
    if line.kind in ("measured", "own"):  # what a point attains holds to its left
        path = start + "".join(f"V{b:.1f}H{a:.1f}" for a, b in zip(xs[1:], ys[1:], strict=True))
    else:
        path = start + "".join(f"L{a:.1f} {b:.1f}" for a, b in zip(xs[1:], ys[1:], strict=True))
    dash = f' stroke-dasharray="{DASHES[line.kind]}"' if DASHES[line.kind] else ""
    return (
        f'<path d="{path}" stroke="{line.colour}" class="line {line.kind}"{dash}>'
        f"<title>{html.escape(line.name)}, {line.kind}</title></path>"
    )


def _spots(xs, ys, mark):
    return "".join(f"M{a:.1f} {b:.1f}{mark}" for a, b in zip(xs, ys, strict=True))


def _svg(label, body):
    return (
        f'<svg class="frontier-chart" role="img" aria-label="{html.escape(label, quote=True)}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">{body}</svg>'
    )
