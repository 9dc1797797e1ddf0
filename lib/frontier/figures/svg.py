"""A figure's SVG as a page carries it: in the page's colours, with ids of its own, and short.

>>> from frontier.figures import svg
>>> svg.rounded("M 10.123456 2.000001 L 0.50 3")
'M10.12 2L.5 3'
"""

import html
import io
import re

import matplotlib as mpl
from matplotlib.figure import Figure

_UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ROOT = re.compile(r"<svg\b[^>]*>")


def drawn(figure: Figure, /, *, name: str, alt: str, variables: dict[str, str]) -> str:
    """Return a matplotlib figure as an SVG element for a page of several figures.

    Args:
        figure: the drawn figure.
        name: what ids in it begin with, so that no two figures share one.
        alt: what the figure shows, for a reader who cannot see it.
        variables: CSS variables by the colour that they replace; the colour is the fallback.
    """
    text = io.StringIO()
    # A fixed salt and no date: otherwise every run differs in ids that say nothing.
    with mpl.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        figure.savefig(text, format="svg", dpi=144, metadata={"Date": None, "Creator": None})
    width, height = (round(72 * size, 2) for size in figure.get_size_inches())
    picture = _UNPRINTABLE.sub("", text.getvalue())
    picture = re.sub(
        r"<!--.*?-->|<metadata>.*?</metadata>|<style.*?</style>", "", picture, flags=re.S
    )
    picture = _ids(picture[_ROOT.search(picture).end() :], name)
    picture = re.sub(r"\bfont: ([\d.]+)px [^;\"]+", r"font-size: \1px", picture)
    for colour, variable in variables.items():
        picture = re.sub(rf"{colour}\b", f"var(--{variable}, {colour})", picture)
    picture = re.sub(r'\b(d|transform|x|y|width|height|style)="([^"]*)"', _attribute, picture)
    picture = re.sub(r">\s+<", "><", picture)
    for _ in range(3):
        picture = re.sub(r"<defs></defs>|<defs/>|<g></g>|<g/>", "", picture)
    # What is told as one picture hides the links in it from who cannot see it.
    role = "group" if "<a href" in picture else "img"
    return (
        f'<svg role="{role}" aria-label="{html.escape(alt)}" viewBox="0 0 {width:g} {height:g}" '
        f'style="max-width:{width / 12:.4g}rem;font-size:9px;stroke-linejoin:round">{picture}'
    ).strip()


def rounded(numbers: str, /) -> str:
    """Return a text with its decimals rounded to hundredths and without blanks beside letters."""
    short = re.sub(r"-?\d+\.\d+(?:e-\d+)?", lambda m: _short(float(m[0])), numbers)
    return re.sub(r"\s+", " ", re.sub(r"\s*([A-Za-z])\s*", r"\1", short)).strip()


def _short(value):
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return {"-0": "0", "": "0"}.get(text, re.sub(r"^(-?)0\.", r"\1.", text))


def _attribute(match):
    key, value = match.groups()
    if key == "style":
        short = re.sub(r"\s*([:;])\s*", r"\1", value).strip(";")
        return f'style="{short}"'
    return f'{key}="{rounded(value)}"' if key != "transform" else _moved(value)


def _moved(value):
    text = re.sub(r"-?\d+\.\d+(?:e-\d+)?", lambda m: _short(float(m[0])), value)
    return f'transform="{text}"'


def _ids(picture, name):
    """Prefix the ids that something refers to, drop the others, and name links for readers."""
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', picture))
    picture = re.sub(
        r' id="([^"]+)"', lambda m: f' id="{name}-{m[1]}"' if m[1] in used else "", picture
    )
    picture = re.sub(r'xlink:href="#(?!row:)', f'href="#{name}-', picture)
    picture = picture.replace("url(#", f"url(#{name}-")
    return re.sub(
        r'<a xlink:href="#row:([^"]*)"[^>]*>',
        lambda m: f'<a href="#row:{m[1]}" aria-label="row {m[1]}">',
        picture,
    )
