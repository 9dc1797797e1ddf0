"""Exhibits: the figures and tables of a page, with the data behind them.

Every figure and table leaves a notebook through :func:`publish` or :func:`table`. Both refuse an
exhibit without its words, derive the source line from the rows shown, and carry the data as CSV,
so that none of this can be forgotten or go stale. An exhibit shows itself in JupyterLab and on the
page by the same HTML.

What to compute belongs elsewhere; what to draw is here, one function a kind of picture.

>>> figures.publish(figures.ratio_curves(...), name="03-ratio", alt="...", caption="...", data=rows)
... # doctest: +SKIP
"""

import functools
import html
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

import matplotlib as mpl
import matplotlib.colors
import matplotlib.ticker
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from broadsheet import in_build
from frontier.data import hardware, measurements, tables
from frontier.data.hardware import NAMES  # noqa: F401 (the explorer takes it from here)
from frontier.data.words import number
from frontier.figures import svg

FILES_MIME = "application/vnd.broadsheet.files+json"

# The ink of a figure is drawn in these colours and written as CSS variables with the colour as the
# fallback: the page's light and dark themes recolour the very same SVG.
INK, MUTED, GRID, PAPER = "#1b1f25", "#5b6470", "#d9dee4", "#fdfdfc"
CLAIM = "#b4232c"
HARDWARE = {
    # Close to Okabe and Ito's colours, safe for colour-blind readers: warm is Hopper, blue
    # Blackwell, green Blackwell Ultra.
    "h100": "#a8552a",
    "h200": "#d17a00",
    "b200": "#4aa3df",
    "gb200": "#0a5ea8",
    "b300": "#3fb59b",
    "gb300": "#007a5e",
    "mi355x": "#8a4fb0",
}
SERIES = ("#0a5ea8", "#d17a00", "#007a5e", "#8a4fb0", "#a8552a", "#4aa3df")
# Below the centre of a map, at it, and above: told apart by lightness as well.
HEAT = ("#a34a00", "#e8a35c", "#f3efe6", "#7db7e0", "#0a4f8f")
MODELLED = ("#8a4fb0", "#c2558f", "#2f7f8f")  # modelled lines, never those of a measured one
OTHER = ("#8a4fb0", "#6f7782", "#c2558f", "#3f8f3f", "#946f00", "#2f7f8f")
VARIABLES = {  # colours, and the CSS variables that a page has for them
    INK: "ink",
    MUTED: "muted",
    GRID: "grid",
    PAPER: "paper",
    CLAIM: "claim",
    **{colour: key for key, colour in HARDWARE.items()},
}

# Marks by how a point was obtained, the same on every page. Evidence of different kinds never
# shares a mark.
MARKS = {
    "measured": "o",
    "measured, labels inferred": "D",
    "derived from latencies": "s",
    "stated": "X",
}

# Marks of the reader's own series, which are drawn in ink: no public series has either.
OWN_MARKS = ("*", "P", "^", "v", "<", ">")


# Modelled lines: inside what the model was checked on, and outside.
_MODELLED, _OUTSIDE = (0, (5, 1.5)), (0, (1, 2))

# A text of up to so many characters stays on one line: wrapped, it is harder to read.
SHORT = 24

# A scatter of more marks than this is larger as text than as pixels, so its marks become an image
# inside the SVG; lines and words stay what they are.
MOST_MARKS = 1000

_STYLE = {
    "axes.edgecolor": MUTED, "axes.labelcolor": INK, "axes.facecolor": "none",
    "axes.spines.top": False, "axes.spines.right": False, "axes.titlelocation": "left",
    "axes.titlesize": 10, "axes.labelsize": 10, "axes.titlecolor": INK, "axes.axisbelow": True,
    "grid.color": GRID, "grid.linewidth": 0.7, "text.color": INK, "xtick.color": MUTED,
    "ytick.color": MUTED, "xtick.labelsize": 9, "ytick.labelsize": 9, "figure.facecolor": "none",
    "figure.constrained_layout.use": True, "font.family": "DejaVu Sans", "font.size": 10,
    "legend.frameon": False, "legend.fontsize": 9, "lines.linewidth": 1.8, "svg.fonttype": "none",
    "savefig.facecolor": "none", "xtick.minor.size": 0, "ytick.minor.size": 0,
    "text.parse_math": False,  # two prices in a label are no formula
}  # fmt: skip


@dataclass(frozen=True, repr=False)
class Exhibit:
    """A figure or table as it is published: HTML for the reader, files beside the page."""

    html: str
    files: Mapping[str, str]

    def __repr__(self):
        size = sum(map(len, self.files.values())) / 1000
        return f"<Exhibit: {', '.join(self.files) or 'no files'}; {number(size, 2)} kB>"

    def _repr_mimebundle_(self, **_):
        # A page has a stylesheet of its own; in JupyterLab an exhibit has to bring it.
        style = "" if in_build() else lab_style()
        return {"text/html": style + self.html, FILES_MIME: dict(self.files)}


@functools.cache
def lab_style() -> str:
    """Return what exhibits and controls need in JupyterLab: the page's colours in its dark theme.

    The colours are those of the page's own stylesheet. Tables read as on the page: words to the
    left, numbers to the right.
    """
    sheets = [resources.files("broadsheet") / "template/style.css"]
    sheets += [resources.files("frontier") / "site/template/style.css"]
    block = r"prefers-color-scheme: dark\) \{\s*:root \{([^}]*)\}"
    dark = "".join(re.search(block, sheet.read_text(encoding="utf-8"))[1] for sheet in sheets)
    return (
        f'<style>[data-jp-theme-light="false"] :is(.exhibit,.frontier-panel){{{dark}}}'
        ".exhibit svg text{fill:var(--ink)}.exhibit table{max-width:none}"
        ".exhibit :is(th,td):not(.num){text-align:left!important}"
        ".exhibit tbody th{font-weight:normal!important;min-width:12em}"
        ".exhibit .source{font-size:.9em;opacity:.8}</style>"
    )


def colour(key: str) -> str:
    """Return the colour of an accelerator, or a colour of its own for any other key."""
    return HARDWARE.get(key) or OTHER[sum(map(ord, key)) % len(OTHER)]


def source_line(sources: Iterable[str]) -> str:
    """Return the titles of the sources with these keys, in the words of their sidecars.

    One text may hold several keys, as that of a value which rests on several tables does.
    """
    keys = {key for text in sources for key in text.split()}
    return "; ".join(tables.meta(key)["title"] for key in sorted(keys))


def publish(
    figure: Figure,
    /,
    *,
    name: str,
    alt: str,
    caption: str,
    data: pd.DataFrame,
    sources: Iterable[str] = (),
) -> Exhibit:
    """Return a drawn figure as an exhibit.

    `alt` states the finding for a reader who cannot see the figure, `caption` what to see in it.
    `data` are the values drawn. The source line comes from `sources` (keys of sidecars) and from
    the `source` column of `data`; one of the two is needed.
    """
    _require(name=name, alt=alt, caption=caption)
    picture = _svg(figure, name, alt)
    files = {f"data/{name}.csv": _csv(data), f"figures/{name}.svg": picture}
    body = (
        f'<figure class="exhibit" id="{name}"><div class="plot" tabindex="0" role="group" '
        f'aria-label="Figure">{picture}</div>{_caption(caption, data, files, sources)}</figure>'
    )
    return Exhibit(body, files)


def table(
    frame: pd.DataFrame,
    /,
    *,
    name: str,
    caption: str,
    data: pd.DataFrame | None = None,
    sources: Iterable[str] = (),
) -> Exhibit:
    """Return a frame as a table with caption, row headers and CSV; its first column heads the rows.

    Floats are shown to three significant digits; the CSV (of `data`, if given) has six.
    """
    _require(name=name, caption=caption)
    data = frame if data is None else data
    files = {f"data/{name}.csv": _csv(data)}
    head = "".join(f'<th scope="col">{html.escape(str(c))}</th>' for c in frame.columns)
    kinds = pd.api.types
    numeric = [kinds.is_numeric_dtype(k) and not kinds.is_bool_dtype(k) for k in frame.dtypes]
    body = []
    for row in frame.itertuples(index=False):
        cells = [f'<th scope="row"{_class(row[0])}>{_cell(row[0])}</th>']
        cells += [
            f"<td{_class(value, right)}>{_cell(value)}</td>"
            for value, right in zip(row[1:], numeric[1:], strict=True)
        ]
        body.append(f"<tr>{''.join(cells)}</tr>")
    words = _caption(caption, data, files, sources)
    return Exhibit(
        f'<figure class="exhibit" id="{name}"><div class="table-scroll" tabindex="0" role="group" '
        f'aria-label="Table"><table><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody>'
        f"</table></div>{words}</figure>",
        files,
    )


def figure(*, rows: int = 1, columns: int = 1, height: float = 3.6, **options):
    """Return a figure and its axes in the collection's style, 7.2 inches wide."""
    mpl.rcParams.update(_STYLE)
    drawn = Figure(figsize=(7.2, height))
    axes = drawn.subplots(rows, columns, **options)
    return drawn, axes


def lines(
    data: pd.DataFrame,
    /,
    *,
    x: str,
    y: str,
    series: str,
    xlabel: str,
    ylabel: str,
    colours: Mapping[str, str],
    dashes: Mapping[str, tuple] | None = None,
    panel: str | None = None,
    band: tuple[str, str] | None = None,
    claim: tuple | Sequence[tuple] | None = None,
    steps: bool = False,
    marks: bool = False,
    log: str = "xy",
    height: float = 3.6,
    own: Sequence[str] = (),
) -> Figure:
    """Return lines of `y` over `x`, one a value of `series`, one panel a value of `panel`.

    `band` names the columns of an interval, `claim` the arguments of :func:`claim_line`, once or
    several times, `log` the axes that are logarithmic. With `steps` the value holds to the left of
    each point, as on an attainable frontier. Missing values interrupt a line. `own` names the
    series that are the reader's, which have the marks of `OWN_MARKS`.
    """
    panels = list(data[panel].unique()) if panel else [None]
    drawn, grid = figure(columns=len(panels), height=height, sharey=True, squeeze=False)
    for axes, name in zip(grid[0], panels, strict=True):
        shown = data if name is None else data[data[panel] == name]
        for label, line in shown.groupby(series, sort=False):
            style = {"color": colours[label], "linestyle": (dashes or {}).get(label, "-")}
            if label in own:
                style |= {"marker": own_mark(own, label), "markevery": 0.12, "markersize": 6}
            elif marks:
                style |= {"marker": "o", "markersize": 4}
            if band:
                axes.fill_between(
                    line[x], line[band[0]], line[band[1]], color=colours[label], alpha=0.16, lw=0
                )
            axes.plot(
                line[x], line[y], **style, label=label, drawstyle="steps-pre" if steps else None
            )
        _scales(axes, log)
        for one in _listed(claim):
            claim_line(axes, *one, named=False)
        axes.grid(True, axis="y")
        axes.set(xlabel=xlabel, ylabel=ylabel, title=(name or "").replace(" over ", "\nover "))
        axes.label_outer(remove_inner_ticks=False)
    _legend(drawn, grid[0])
    return drawn


def frontiers(
    points: pd.DataFrame,
    fronts: pd.DataFrame,
    /,
    *,
    series: str,
    ylabel: str,
    colours: Mapping[str, str],
    panel: str | None = None,
    height: float = 3.8,
    own: tuple[pd.DataFrame, pd.DataFrame] | None = None,
    modelled: pd.DataFrame | None = None,
    at: tuple[float, str] | None = None,
) -> Figure:
    """Return measured points and the attainable frontiers above them.

    `points` have `interactivity`, `value`, `evidence` (a key of `MARKS`) and the columns `series`
    and `panel`; `fronts` have `interactivity`, `value`, `series`, `panel`. `modelled` has the
    columns of `fronts` and `extrapolated`: dashed lines, dotted where the model was not checked.
    `at` is an interactivity with its name, drawn as a vertical line. `own` are points and
    frontiers of the reader's, with the same columns; they are drawn in ink, with `OWN_MARKS`.
    """
    panels = list(points[panel].unique()) if panel else [None]
    drawn, grid = figure(columns=len(panels), height=height, sharey=True, squeeze=False)
    for axes, name in zip(grid[0], panels, strict=True):
        dots = points if name is None else points[points[panel] == name]
        steps = fronts if name is None else fronts[fronts[panel] == name]
        sns.scatterplot(
            dots,
            x="interactivity",
            y="value",
            hue=series,
            palette=dict(colours),
            s=14,
            style="evidence",
            markers=MARKS,
            linewidth=0,
            alpha=0.45,
            ax=axes,
            legend=False,
            rasterized=len(points) > MOST_MARKS,
        )
        if len(points) <= MOST_MARKS:
            entitle(drawn, axes, row_titles(dots))
        for label, line in steps.groupby(series, sort=False):
            axes.plot(
                line["interactivity"],
                line["value"],
                color=colours[label],
                label=label,
                drawstyle="steps-pre",
            )
        if own:
            parts = (f if name is None else f[f[panel] == name] for f in own)
            _own(drawn, axes, *parts, list(dict.fromkeys(own[0][series])), series)
        if modelled is not None:
            _dashed(
                axes,
                modelled if name is None else modelled[modelled[panel] == name],
                series,
                colours,
            )
        _scales(axes, "xy")
        if at:
            axes.axvline(at[0], color=MUTED, lw=1, ls=(0, (1, 2)))
            axes.annotate(
                at[1],
                (at[0], 1),
                xycoords=("data", "axes fraction"),
                ha="center",
                va="bottom",
                xytext=(0, 2),
                textcoords="offset points",
                color=MUTED,
                fontsize=9,
            )
        axes.grid(True, axis="y")
        axes.set(
            xlabel="Interactivity, tok/s/user",
            ylabel=ylabel,
            title=(name or "").replace(" over ", "\nover "),
        )
        axes.label_outer(remove_inner_ticks=False)
    for kind in points["evidence"].unique():
        grid[0][0].plot([], [], MARKS[kind], color=MUTED, markersize=4, label=f"point, {kind}")
    if modelled is not None:
        for label, dashes in (("modelled", _MODELLED), ("modelled, extrapolated", _OUTSIDE)):
            grid[0][0].plot([], [], color=MUTED, ls=dashes, lw=1.2, label=label)
    _legend(drawn, grid[0])
    return drawn


def _own(drawn, axes, dots, steps, names, series):
    """Draw the reader's own points and frontiers, above all others."""
    for label, line in steps.groupby(series, sort=False):
        axes.plot(
            line["interactivity"],
            line["value"],
            color=INK,
            lw=1.2,
            ls=(0, (3, 1.5)),
            zorder=4,
            drawstyle="steps-pre",
            marker=own_mark(names, label),
            markersize=7,
            label=label,
            markeredgecolor=PAPER,
            markeredgewidth=0.5,
        )
    for label, part in dots.groupby(series, sort=False):
        axes.scatter(
            part["interactivity"],
            part["value"],
            marker=own_mark(names, label),
            s=34,
            color=INK,
            linewidth=0,
            zorder=4,
            label=None if label in set(steps[series]) else label,
        )
        entitle(drawn, axes, row_titles(part))


def own_mark(names: Sequence[str], label: str, /) -> str:
    """Return the mark of one of these series of the reader's."""
    return OWN_MARKS[list(names).index(label) % len(OWN_MARKS)]


def _dashed(axes, modelled, series, colours):
    """Draw modelled lines, dotted where they lead to a point outside what was validated."""
    for label, line in modelled.groupby(series, sort=False):
        x, y, outside = (
            line[name].to_numpy() for name in ("interactivity", "value", "extrapolated")
        )
        turns = np.flatnonzero(np.diff(outside[1:].astype(int))) + 1
        for start, end in zip([0, *turns], [*turns, len(x) - 1], strict=True):
            if start < end:
                dashes = _OUTSIDE if outside[end] else _MODELLED
                part = slice(start, end + 1)
                axes.plot(x[part], y[part], color=colours[label], ls=dashes, lw=1.2)


def quantities(
    data: pd.DataFrame,
    /,
    *,
    columns: Mapping[str, str],
    series: str,
    colours: Mapping[str, str],
    at: float,
    own: Sequence[str] = (),
) -> Figure:
    """Return attainable lines of several quantities over interactivity, a panel each.

    `data` have `quantity` (a key of `columns`, which map it to its axis label), `interactivity`,
    `value` and the column `series`; `at` is an interactivity drawn as a vertical line. Series
    named in `own` are the reader's and are drawn in ink, with `OWN_MARKS`.
    """
    rows = -(-len(columns) // 2)
    drawn, grid = figure(rows=rows, columns=2, height=2.7 * rows + 0.4, squeeze=False)
    for axes, (name, label) in zip(grid.flat, columns.items(), strict=False):
        for key, line in data[data["quantity"] == name].groupby(series, sort=False):
            if key in own:
                _own(drawn, axes, line.iloc[:0], line, own, series)
            else:
                axes.plot(
                    line["interactivity"],
                    line["value"],
                    color=colours[key],
                    label=key,
                    drawstyle="steps-pre",
                )
        _scales(axes, "xy")
        axes.axvline(at, color=MUTED, lw=1, ls=(0, (1, 2)))
        axes.grid(True, axis="y")
        axes.set(xlabel="Interactivity, tok/s/user", ylabel="", title=label)
    _legend(drawn, grid.flat)
    return drawn


def entitle(drawn: Figure, axes: Axes, titles: Sequence[str], /) -> None:
    """Have the marks drawn last say these titles when they are pointed at, one each, in order."""
    known = drawn.__dict__.setdefault("titles", {})
    group = f"marks-{len(known)}"
    axes.collections[-1].set_gid(group)
    known[group] = list(titles)


def row_titles(points: pd.DataFrame, /) -> list[str]:
    """Return what each drawn row is: configuration, place, day, and the id that its source has."""
    parts = (
        ("framework", str),
        ("precision", str),
        ("gpus", "{} GPUs".format),
        ("concurrency", "{} users".format),
        ("interactivity", lambda v: f"{number(v)} tok/s/user"),
        ("value", number),
        ("date", measurements.date_in_words),
        ("row_id", str),
    )
    there = points[(points[["interactivity", "value"]] > 0).all(axis=1)]
    told = [[form(v) for v in there[key]] for key, form in parts if key in there]
    return [", ".join(filter(None, row)) for row in zip(*told, strict=True)]


def intervals(
    data: pd.DataFrame,
    /,
    *,
    label: str,
    group: str,
    xlabel: str,
    colours: Mapping[str, str],
    claim: tuple | Sequence[tuple] | None = None,
    hue: str | None = None,
    tick: str | None = None,
    log: bool = True,
    reference: tuple[float, str] | None = None,
) -> Figure:
    """Return one row a comparison, in groups with a heading: the headline and its interval.

    `data` have `headline`, `low`, `high`, and optionally `least` and `largest` (the range that the
    ratio takes, a thin line). Groups and rows are drawn from the top in the order of the frame.
    `hue` is the column that `colours` are of (else `group`), `tick` a column drawn as a tick,
    `reference` a value with its name, such as where nothing changes.
    """
    slots, headings, place = [], {}, 0
    for name, members in data.groupby(group, sort=False):
        headings[name] = -place
        slots += [(index, -place - 1 - i) for i, index in enumerate(members.index)]
        place += len(members) + 1.4
    shown = data.loc[[index for index, _ in slots]].assign(place=[y for _, y in slots])
    drawn, axes = figure(height=0.9 + 0.21 * (place + 1))
    hues = [colours[name] for name in shown[hue or group]]
    if "largest" in shown:
        axes.hlines(shown["place"], shown["least"], shown["largest"], color=hues, lw=1, alpha=0.7)
    axes.hlines(shown["place"], shown["low"], shown["high"], color=hues, linewidth=5, alpha=0.45)
    if tick:
        axes.scatter(shown[tick], shown["place"], marker="|", s=70, c=hues, lw=1.6)
    sns.scatterplot(
        shown,
        x="headline",
        y="place",
        hue=hue or group,
        palette=dict(colours),
        s=34,
        linewidth=0,
        legend=False,
        zorder=3,
        ax=axes,
    )
    entitle(
        drawn,
        axes,
        [
            f"{row[group]}, {row[label]}: {number(row['headline'])} "
            f"({number(row['low'])} to {number(row['high'])})"
            for _, row in shown.dropna(subset=["headline"]).iterrows()
        ],
    )
    for name, y in headings.items():
        axes.annotate(
            name,
            (0, y),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=9.5,
            color=INK,
            fontweight="bold",
        )
    axes.set_yticks(shown["place"], shown[label])
    axes.set(xlabel=xlabel, ylabel="", ylim=(-place + 0.4, 0.8))
    if log:
        axes.set_xscale("log")
        plain_axis(axes.xaxis)
    axes.grid(True, axis="x")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    if reference:
        axes.axvline(reference[0], color=MUTED, lw=1, ls=(0, (1, 2)))
        axes.annotate(
            reference[1],
            (reference[0], 1),
            xycoords=("data", "axes fraction"),
            ha="center",
            va="bottom",
            xytext=(0, 3),
            textcoords="offset points",
            color=MUTED,
            fontsize=9,
        )
    for one in _listed(claim):
        claim_line(axes, *one, vertical=True)
    if hue and hue != group:
        for name in shown[hue].unique():
            label = hardware.name(name)
            axes.plot([], [], "o", color=colours[name], markersize=5, label=label)
        _legend(drawn, [axes])
    return drawn


def heat(
    data: pd.DataFrame,
    /,
    *,
    row: str,
    column: str,
    value: str,
    centre: float,
    label: str,
    text: str | None = None,
    log: bool = False,
    height: float | None = None,
    unit: str = "",
    xlabel: str = "",
    group: str | None = None,
    strong: str | None = None,
    order: Sequence[str] | None = None,
) -> Figure:
    """Return a map of cells, blue from `centre` on and orange below it, each with its number.

    Rows and columns are in the order of the frame; what is missing stays empty. `text` is the
    column with what a cell says (its number by default), `log` measures the distance from the
    centre as a ratio, as is due for a gain. `group` is a column whose values head columns, `strong`
    one that says which cells are bold, `order` the columns where not in that of the frame.
    """
    said = data.assign(
        _head=data[group] if group else "",
        _text=data[text] if text else data[value].map(number),
        _strong=data[strong] if strong else False,
    )
    rows = list(dict.fromkeys(said[row]))
    columns = list(dict.fromkeys(zip(said["_head"], said[column], strict=True)))
    if order:
        columns = [("", key) for key in order if ("", key) in columns]
    values, words, bold = (
        said.pivot(index=row, columns=["_head", column], values=name).loc[rows, columns]
        for name in (value, "_text", "_strong")
    )
    shown = np.log(values / centre) if log else values - centre
    limit = float(np.nanmax(np.abs(shown.to_numpy(float)))) or 1.0
    drawn, axes = figure(height=height or 1.6 + 0.42 * len(rows))
    colours = mpl.colors.LinearSegmentedColormap.from_list("gain", HEAT)
    mesh = axes.pcolormesh(
        shown.to_numpy(float), cmap=colours, vmin=-limit, vmax=limit, edgecolors=PAPER, lw=1.5
    )
    for y, name in enumerate(rows):
        for x, key in enumerate(columns):
            if pd.notna(values.loc[name, key]):
                ground = mesh.norm(float(shown.loc[name, key]))
                axes.text(
                    x + 0.5,
                    y + 0.5,
                    words.loc[name, key],
                    ha="center",
                    va="center",
                    fontsize=8.5,
                    color=_readable(colours(ground)),
                    fontweight="bold" if bold.loc[name, key] else "normal",
                )
    axes.set_yticks(np.arange(len(rows)) + 0.5, rows)
    axes.set_xticks(np.arange(len(columns)) + 0.5, [key for _, key in columns], fontsize=8)
    heads = [head for head, _ in columns] if group else []
    for head in dict.fromkeys(heads):
        middle = heads.index(head) + heads.count(head) / 2
        axes.annotate(
            head,
            (middle, 0),
            xycoords=("data", "axes fraction"),
            xytext=(0, -34),
            fontsize=9,
            textcoords="offset points",
            ha="center",
            va="top",
            color=INK,
        )
    axes.set(xlabel=xlabel, ylabel="")
    axes.invert_yaxis()
    axes.tick_params(length=0, labelcolor=INK)
    axes.spines[["left", "bottom"]].set_visible(False)
    bar = drawn.colorbar(mesh, ax=axes, location="top", shrink=0.9, aspect=60, pad=0.03)
    ticks = np.linspace(-limit, limit, 5)
    names = [number(float(centre * np.exp(t) if log else centre + t), 2) for t in ticks]
    bar.set_ticks(ticks, labels=[f"{name}{unit}" for name in names], fontsize=8)
    bar.set_label(label, fontsize=9, color=INK, loc="left")
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelcolor=MUTED)
    return drawn


def _readable(colour) -> str:
    """Return black or white, whichever contrasts more with a colour (WCAG's luminance)."""
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
    luminance = sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return "#14171c" if luminance > 0.18 else "#ffffff"


def _listed(claim):
    """Return one claim, or several, as a list."""
    if not claim:
        return []
    return [claim] if isinstance(claim, tuple) else list(claim)


def _scales(axes, log):
    for letter in log:
        getattr(axes, f"set_{letter}scale")("log")
        plain_axis(getattr(axes, f"{letter}axis"))


def _legend(drawn, axes):
    """One legend above all panels, off the data, each label once."""
    handles = {}
    for one in axes:
        for handle, label in zip(*one.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    if len(handles) > 1:
        widest = max(map(len, handles))
        columns = min(len(handles), 1 if widest > 42 else 2 if widest > 28 else 4)
        drawn.legend(handles.values(), handles.keys(), loc="outside upper left", ncols=columns)


def plain_axis(axis, *, ticks: Sequence[float] | None = None) -> None:
    """Label a log axis in plain numbers, at `ticks` or at 1, 2, 5 of every decade.

    On an axis of about one decade or less there are more.
    """
    low, high = sorted(axis.get_view_interval())
    # 1, 2 and 5 would leave two or three labels on an axis of a decade, one on a shorter one.
    span = high / low if low > 0 else np.inf
    fine = (1, 1.2, 1.5, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9)
    subs = (1, 2, 5) if span > 12 else (1, 1.5, 2, 3, 5, 7) if span > 3 else fine
    locator = (
        mpl.ticker.FixedLocator(ticks) if ticks is not None else mpl.ticker.LogLocator(subs=subs)
    )
    axis.set_major_locator(locator)
    axis.set_major_formatter(mpl.ticker.FuncFormatter(lambda value, _: number(value)))
    axis.set_minor_locator(mpl.ticker.NullLocator())


def claim_line(
    axes,
    value: float,
    text: str,
    band: tuple[float, float] | None = None,
    *,
    named: bool = True,
    vertical: bool = False,
) -> None:
    """Draw a claimed value as a line with its name, and the band that counts as met, if any.

    With `named` the name stands at the line, else it is the line's label, for a legend.
    """
    line, span = (axes.axvline, axes.axvspan) if vertical else (axes.axhline, axes.axhspan)
    label = None if named else text
    line(value, color=CLAIM, linewidth=1.4, linestyle=(0, (4, 2)), label=label)
    if band:
        span(*band, color=CLAIM, alpha=0.1, linewidth=0)
    if not named:
        return
    if vertical:
        place = {"xy": (value, 1), "xycoords": ("data", "axes fraction"), "ha": "center"}
    else:
        place = {"xy": (0, value), "xycoords": ("axes fraction", "data"), "ha": "left"}
        low, high = axes.get_ylim()
        axes.set_ylim(low, max(high, value * 1.35))  # the name stands above the line
    axes.annotate(
        text,
        **place,
        xytext=(0 if vertical else 3, 3),
        textcoords="offset points",
        va="bottom",
        color=CLAIM,
        fontsize=9,
    )


def _require(**words):
    for key, text in words.items():
        if not str(text).strip():
            raise ValueError(f"an exhibit needs a {key}")
    # The name stands in file names, in ids and in references to them.
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", words["name"]):
        raise ValueError(f"{words['name']!r} is no name: letters, digits, '.', '_' and '-' only")


def _class(value, numeric=False) -> str:
    """Return the class of a cell: numbers to the right, and short texts on one line."""
    if numeric:
        return ' class="num"'
    return ' class="short"' if len(_cell(value)) <= SHORT else ""


def _cell(value) -> str:
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        return "–" if np.isnan(value) else number(value)
    if isinstance(value, int | np.integer):
        return f"{value:,}"
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    return "–" if value is None or value is pd.NaT else html.escape(str(value))


def _csv(data: pd.DataFrame) -> str:
    return data.to_csv(
        index=False, float_format="%.6g", date_format="%Y-%m-%d", lineterminator="\n"
    )


def _caption(caption, data, files, sources=()):
    keys = [*sources, *(data["source"].dropna().unique() if "source" in data else ())]
    if not keys:
        raise ValueError("an exhibit needs its sources: a `source` column, or sources=[...]")
    links = " ".join(
        f'<a href="{path}" download>{path.rsplit(".", 1)[1].upper()}</a>' for path in files
    )
    return (
        f'<figcaption><p>{html.escape(caption)}</p><p class="source">Source: '
        f"{html.escape(source_line(keys))}. {links}</p></figcaption>"
    )


def _svg(figure: Figure, name: str, alt: str) -> str:
    buffer = io.StringIO()
    # A fixed salt and no date: otherwise every run differs in ids that say nothing.
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", dpi=144, metadata={"Date": None, "Creator": None})
    titles = getattr(figure, "titles", None)
    return svg.published(buffer.getvalue(), name=name, alt=alt, variables=VARIABLES, titles=titles)
