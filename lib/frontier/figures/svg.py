"""A figure's SVG as a page carries it: in the page's colours, with ids of its own, and short.

>>> from frontier.figures import svg
>>> svg.rounded("M 10.123456 2.000001 L 0.50 3")
'M10.12 2L.5 3'
"""

import html
import io
import re
from collections import Counter

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

_UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ROOT = re.compile(r"<svg\b[^>]*>")
_CLIPPED = re.compile(
    r'(?:<g clip-path="([^"]+)"><use [^>]*/></g>)(?:<g clip-path="\1"><use [^>]*/></g>)+'
)
_AGAIN = re.compile(r"(L[^A-Za-z]+)\1+(?![\d.])")  # a line to where a path already is
_STYLED = re.compile(r'(<\w[^<>]*) style="([^"]*)"')  # in a tag: text may say anything
_FONTS = "'DejaVu Sans',Verdana,sans-serif"  # Verdana is as wide, where the first is missing


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
        figure.set_dpi(110)  # of what is drawn as pixels
        # Not savefig, which would draw everything once more to have it laid out.
        FigureCanvasSVG(figure).print_svg(text, metadata={"Date": None, "Creator": None})
    width, height = (round(72 * size, 2) for size in figure.get_size_inches())
    picture = _UNPRINTABLE.sub("", text.getvalue())
    picture = re.sub(
        r"<!--.*?-->|<metadata>.*?</metadata>|<style.*?</style>", "", picture, flags=re.S
    )
    picture = _ids(picture[_ROOT.search(picture).end() :], name)
    picture = re.sub(r"\bfont: ([\d.]+)px [^;\"]+", r"font-size: \1px", picture)
    picture = re.sub(r"\bfont-family: [^;\"]+;?|( transform=\"rotate\(-0 [^\"]+\")", "", picture)
    for colour, variable in variables.items():
        picture = re.sub(rf"{colour}\b", f"var(--{variable}, {colour})", picture)
    picture = re.sub(r'\b(d|transform|x|y|width|height|style)="([^"]*)"', _attribute, picture)
    picture = re.sub(r">\s+<", "><", picture)
    for _ in range(3):
        picture = re.sub(r"<defs></defs>|<defs/>|<g></g>|<g/>", "", picture)
    picture = _CLIPPED.sub(_clipped, picture)
    scope = re.sub(r"\W", "-", f"drawn-{name}")
    # What is told as one picture hides the links in it from who cannot see it.
    role = "group" if "<a href" in picture else "img"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{scope}" role="{role}" '
        f'aria-label="{html.escape(alt)}" viewBox="0 0 {width:g} {height:g}" '
        f'style="max-width:{width / 12:.4g}rem;font:9px {_FONTS};stroke-linejoin:round">'
        f"{_classes(picture, scope)}"
    ).strip()


def without_links(picture: str, /) -> str:
    """Return a picture whose marks lead nowhere, for where no page of rows is beside it.

    >>> without_links('<svg role="group"><a href="#row:a" aria-label="row a"><use/></a></svg>')
    '<svg role="img"><use/></svg>'
    """
    return re.sub(r"<a href=[^>]*>|</a>", "", picture).replace('role="group"', 'role="img"', 1)


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
    if key == "transform":
        return _moved(value)
    short = rounded(value)
    if key == "d":
        # Whether matplotlib drops such a point depends on a last bit, in which processors differ.
        short = _AGAIN.sub(r"\1", short)
    return f'{key}="{short}"'


def _moved(value):
    text = re.sub(r"-?\d+\.\d+(?:e-\d+)?", lambda m: _short(float(m[0])), value)
    return f'transform="{text}"'


def _clipped(run):
    """Return marks that are clipped alike in one group."""
    marks = "".join(re.findall(r"<use [^>]*/>", run[0]))
    return f'<g clip-path="{run[1]}">{marks}</g>'


def _classes(picture, scope):
    """Return a picture in which a style that stands more than once is written once."""
    counts = Counter(style for _, style in _STYLED.findall(picture))
    names = {style: f"s{i}" for i, style in enumerate(s for s, n in counts.items() if n > 1)}
    rules = "".join(f".{scope} .{name}{{{style}}}" for style, name in names.items())
    short = _STYLED.sub(
        lambda m: f'{m[1]} class="{names[m[2]]}"' if m[2] in names else m[0], picture
    )
    return f"<style>{rules}</style>{short}"


def _ids(picture, name):
    """Give short ids to what something refers to, drop the others, and name links for readers."""
    picture = picture.replace("xlink:href=", "href=")
    refers = r'(href="#(?!row:)|url\(#)([^")]+)'
    known = dict.fromkeys(found[1] for found in re.findall(refers, picture))
    short = {old: f"{name}-{place}" for place, old in enumerate(known)}
    picture = re.sub(refers, lambda m: m[1] + short[m[2]], picture)
    picture = re.sub(
        r' id="([^"]+)"', lambda m: f' id="{short[m[1]]}"' if m[1] in short else "", picture
    )
    return re.sub(
        r'<a href="#row:([^"]*)"[^>]*>',
        lambda m: f'<a href="#row:{m[1]}" aria-label="row {m[1]}">',
        picture,
    )
