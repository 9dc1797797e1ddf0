"""Theme: the colours, marks and seaborn style that every figure shares.

The ink of a figure is drawn in the colours below and published as CSS variables with the colour as
the fallback, so that the page's light and dark themes recolour the same picture.
"""

from collections.abc import Iterable

import matplotlib as mpl
import matplotlib.ticker
import numpy as np
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from frontier.data.words import number

INK, MUTED, GRID, PAPER, CLAIM = "#1b1f25", "#5b6470", "#d9dee4", "#fdfdfc", "#b4232c"
# Close to Okabe and Ito's colours, safe for colour-blind readers: warm is Hopper, blue Blackwell,
# green Blackwell Ultra, purple and rose other vendors.
HARDWARE = {
    "h100": "#a8552a",
    "h200": "#d17a00",
    "gb200": "#0a5ea8",
    "gb300": "#007a5e",
    "b200": "#4aa3df",
    "b300": "#3fb59b",
    "vr200": "#6f5fd0",
    "mi355x": "#8a4fb0",
    "mi325x": "#b06fc8",
    "mi300x": "#c2558f",
    "tpu": "#3f8f3f",
}
SERIES = ("#0a5ea8", "#d17a00", "#007a5e", "#8a4fb0", "#a8552a", "#4aa3df", "#3f8f3f", "#c2558f")
PLAIN = "#8b7355"  # the plain baseline beside a tuned one of the same accelerator
VARIABLES = {INK: "ink", MUTED: "muted", GRID: "grid", PAPER: "paper", CLAIM: "claim"}
VARIABLES |= {colour: key for key, colour in HARDWARE.items()} | {PLAIN: "plain"}
OWN = "your own"  # the evidence of a reader's own rows, which are drawn in ink
# Evidence of different kinds never shares a mark.
MARKS = {
    "measured": "o",
    "measured, labels inferred": "D",
    "derived from latencies": "s",
    "at a limit": "v",
    "stated": "X",
    "modelled": "",
    OWN: "*",
}
WIDTH = 9.6  # inches, the width of a page's column; on a phone a figure is redrawn at PHONE
PHONE = 3.5

_STYLE = {
    "axes.edgecolor": MUTED, "axes.labelcolor": INK, "axes.facecolor": "none",
    "axes.spines.top": False, "axes.spines.right": False, "axes.titlelocation": "left",
    "axes.titlesize": 10, "axes.labelsize": 10, "axes.titlecolor": INK, "axes.axisbelow": True,
    "axes.titley": 1.0,  # a title has nothing above its panel to avoid, and looks for nothing there
    "grid.color": GRID, "grid.linewidth": 0.7, "text.color": INK, "xtick.color": MUTED,
    "ytick.color": MUTED, "xtick.labelsize": 9, "ytick.labelsize": 9, "figure.facecolor": "none",
    "font.family": "DejaVu Sans", "font.size": 10,
    "legend.frameon": False, "legend.fontsize": 9, "lines.linewidth": 1.8, "svg.fonttype": "none",
    "savefig.facecolor": "none", "xtick.minor.size": 0, "ytick.minor.size": 0,
    "text.parse_math": False,  # two prices in a label are no formula
    "figure.hooks": ["frontier.figures.theme:left_to_publish"],
}  # fmt: skip


def apply() -> None:
    """Have seaborn and matplotlib draw in the collection's style, whatever was set before.

    The points of a strip are set apart by chance, which begins here anew: two runs of a notebook
    draw the same figures.
    """
    import seaborn as sns

    np.random.seed(0)
    mpl.rcParams.update(mpl.rcParamsDefault | {"backend": mpl.rcParams["backend"]})
    sns.set_theme(style="ticks", palette=SERIES, rc=_STYLE)


def left_to_publish(figure: Figure, /) -> None:
    """Have a new figure laid out once, by `publish`: seaborn would draw it twice for a legend.

    A figure that a person can turn and zoom, on a canvas of another kind, stays as it is.
    """
    if type(figure.canvas) is FigureCanvasAgg:
        FigureCanvasBase(figure).manager = figure.canvas.manager
        figure.tight_layout = lambda **_: None


def colour(key: str, /) -> str:
    """Return the colour of an accelerator by its key, or one that is always that key's."""
    return HARDWARE.get(key) or SERIES[sum(map(ord, key)) % len(SERIES)]


def palette(names: Iterable[str], /) -> dict[str, str]:
    """Return a colour for each name: its accelerator's, where it begins with one.

    A second name of an accelerator, such as the plain node beside the tuned one, is drawn in a
    colour of its own.

    >>> palette(["GB200 NVL72", "H200, best", "H200 node, no MTP"])
    {'GB200 NVL72': '#0a5ea8', 'H200, best': '#d17a00', 'H200 node, no MTP': '#8b7355'}
    """
    found: dict[str, str] = {}
    spare = [PLAIN, *reversed(SERIES)]
    for name in dict.fromkeys(names):
        words = str(name).lower()
        mine = [HARDWARE[key] for key in HARDWARE if words.startswith(key)]
        mine += [HARDWARE["h200"]] if words.startswith(("hopper", "best hopper")) else []
        free = [colour for colour in (*mine, *spare) if colour not in found.values()]
        found[name] = (free or mine or spare)[0]
    return found


def plain_axis(axis) -> None:
    """Label a log axis in plain numbers, at 1, 2, 5 of every decade or, where it is short, more."""
    low, high = sorted(axis.get_view_interval())
    # 1, 2 and 5 would leave two or three labels on an axis of a decade, one on a shorter one.
    span = high / low if low > 0 else np.inf
    fine = (1, 1.2, 1.5, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9)
    subs = (1, 2, 5) if span > 12 else (1, 1.5, 2, 3, 5, 7) if span > 3 else fine
    axis.set_major_locator(mpl.ticker.LogLocator(subs=subs))
    axis.set_major_formatter(mpl.ticker.FuncFormatter(lambda value, _: _tick(value)))
    axis.set_minor_locator(mpl.ticker.NullLocator())


def _tick(value):
    return f"{number(value / 1e6)}M" if value >= 1e6 else number(value)
