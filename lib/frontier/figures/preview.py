"""The preview: the picture that a link to the site shows where people share it.

Such places take no SVG, so this is the one picture that is only pixels. It says what the
scorecard says first, in words given to it; what is found belongs elsewhere.
"""

import io
import textwrap

import matplotlib as mpl
from matplotlib.figure import Figure

from frontier.figures.theme import INK, MUTED, PAPER

# Pixels that all those places show whole.
WIDTH, HEIGHT, DPI = 1200, 630, 100
COLOURS = {
    "reproduced": "#17663a", "reproduced-conditionally": "#a08a10", "not-reproduced": "#a12a1b",
    "modelled-only": "#3c4699", "not-testable": "#8a919a",
}  # fmt: skip


def picture(title: str, sentence: str, counts: dict[str, tuple[int, str]], /) -> bytes:
    """Return the picture as PNG: a title, a sentence, and a bar of (count, name) by verdict."""
    with mpl.rc_context():
        mpl.rcdefaults()  # whatever style figures were drawn in before
        return _drawn(title, sentence, counts)


def _drawn(title, sentence, counts):
    drawn = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI, facecolor=PAPER)
    options = {"parse_math": False, "va": "top", "family": "DejaVu Sans"}
    drawn.text(0.06, 0.9, title, fontsize=40, weight="bold", color=INK, **options)
    lines = textwrap.wrap(sentence, 64, max_lines=7, placeholder=" …")
    drawn.text(0.06, 0.75, "\n".join(lines), fontsize=20, color=INK, linespacing=1.4, **options)
    axes = drawn.add_axes((0.06, 0.15, 0.88, 0.07))
    place, total = 0, sum(count for count, _ in counts.values()) or 1
    for verdict, (count, name) in counts.items():
        axes.barh(0, count, left=place, color=COLOURS.get(verdict, MUTED), edgecolor=PAPER, lw=3)
        if count / total > 0.08:
            words = f"{count}\n{textwrap.fill(name, 20)}"
            axes.text(place + 0.05, -0.6, words, fontsize=11, color=MUTED, **options)
        place += count
    axes.set(xlim=(0, total), ylim=(-0.5, 0.5))
    axes.axis("off")
    buffer = io.BytesIO()
    drawn.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()
