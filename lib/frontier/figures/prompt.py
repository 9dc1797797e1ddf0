"""How a frontier shows itself in a notebook: a small picture, and its points with their units.

Other objects say what they are in one line of text, and have no picture. A figure with words of
its own, for a page, comes from `figures.exhibits`.

>>> from frontier.curves import Frontier
>>> card(Frontier([50, 100], [400, 200]))[:36]
'<div class="frontier-card"><svg xmln'
"""

import hashlib
import html
import io

from frontier import figures
from frontier.curves import Frontier
from frontier.data.words import number
from frontier.figures import svg

MOST_ROWS = 16  # of more points the first and the last are shown
_LINE = "#2f8fd0"  # a blue that is seen on white and on black
# On a page of the collection the page's own colours; elsewhere, as in JupyterLab, those of the text
# around it, so that the picture can be read on light and on dark ground.
_PLAIN = {
    figures.INK: "currentColor",
    figures.MUTED: "currentColor",
    figures.GRID: "color-mix(in srgb, currentColor 22%, transparent)",
}


def card(front: Frontier, /) -> str:
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


def _cell(value):
    return f'<td style="text-align:right">{number(value)}</td>'


def _picture(front):
    drawn, axes = figures.figure(height=2.2)
    drawn.set_figwidth(4.8)
    points = front.interactivity, front.throughput
    axes.plot(*points, color=_LINE, lw=1.6, marker="o", markersize=4, drawstyle="steps-pre")
    axes.set(xscale="log", yscale="log", xlabel="Interactivity, tok/s/user", ylabel=front.unit)
    for axis in (axes.xaxis, axes.yaxis):
        figures.plain_axis(axis)
    axes.grid(True, axis="y")
    # Ids are the page's: two frontiers on one page must not share them.
    made = front.interactivity.tobytes() + front.throughput.tobytes()
    name = f"front-{hashlib.sha256(made).hexdigest()[:12]}"
    text = io.StringIO()
    with figures.mpl.rc_context({"svg.hashsalt": name}):
        drawn.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    picture = svg.published(
        text.getvalue(), name=name, alt=front.words, variables=figures.VARIABLES
    )
    for colour, plain in _PLAIN.items():
        picture = picture.replace(f", {colour})", f", {plain})")
    return picture.strip()
