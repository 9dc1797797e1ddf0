"""Publishing: how a figure or a table leaves a notebook.

`publish` refuses an exhibit without its words, names the sources of the rows shown, and carries
the data as CSV. An exhibit shows itself in JupyterLab and on the page by the same HTML.

>>> figures.publish(grid, name="03-ratio", caption=f"...", alt=f"...")  # doctest: +SKIP
"""

import functools
import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from broadsheet import FILES_MIME, in_build
from frontier.data import tables
from frontier.data.words import number
from frontier.figures import svg, theme

_MOST_MARKS = 300
_FOLDING = 3  # a table with so many columns of cells that lead to rows is one of ratios
_HEAD = 8  # characters of a head that stands over a fifth of a phone's width
_SHORT = 24  # a text of so many characters stays on one line


@dataclass(frozen=True)
class Cell:
    """A cell of a table that leads to the measured rows behind it."""

    text: str
    rows: tuple[str, ...] = ()
    title: str = ""

    def __str__(self):
        return self.text


@dataclass(frozen=True, repr=False)
class Exhibit:
    """A published figure or table: HTML and Markdown for readers, files beside the page."""

    html: str
    markdown: str
    files: Mapping[str, str]

    def __repr__(self):
        size = sum(map(len, self.files.values())) / 1000
        return f"<Exhibit: {', '.join(self.files) or 'no files'}; {number(size, 2)} kB>"

    def _repr_mimebundle_(self, **_):
        # A page has a stylesheet of its own; in JupyterLab an exhibit has to bring it.
        style = "" if in_build() else lab_style()
        return {
            "text/html": style + self.html,
            "text/markdown": self.markdown,
            FILES_MIME: dict(self.files),
        }


@functools.cache
def lab_style() -> str:
    """Return the page's colours and tables as a style element, for outputs in JupyterLab."""
    sheet = (resources.files("broadsheet") / "template/style.css").read_text(encoding="utf-8")
    dark = re.search(r"prefers-color-scheme: dark\) \{\s*:root \{([^}]*)\}", sheet)[1]
    return (
        f'<style>[data-jp-theme-light="false"] :is(.exhibit,.explorer){{{dark}}}'
        ".exhibit svg text{fill:var(--ink)}.exhibit .phone{display:none}"
        ".exhibit :is(th,td):not(.num){text-align:left!important}"
        ".exhibit tbody th{font-weight:normal!important;min-width:12em}"
        ".exhibit .source{font-size:.9em;opacity:.8}</style>"
    )


def publish(
    shown,
    /,
    *,
    name: str,
    caption: str,
    alt: str = "",
    data: pd.DataFrame | None = None,
    sources: Iterable[str] = (),
) -> Exhibit:
    """Return a figure or a frame as an exhibit of the page.

    Args:
        shown: a seaborn grid, a matplotlib figure, or a frame (a table; its first column heads
            the rows).
        name: names the exhibit's files and its place on the page.
        caption: what to see in it.
        alt: what a figure shows, for a reader who cannot see it; a table needs none.
        data: what the CSV holds; by default the frame, or the frame that a grid was drawn from.
        sources: names of tables; by default those in the column `source` of the data.

    Raises:
        ValueError: if words, data or sources are missing, or the name cannot be a file's.
    """
    is_table = isinstance(shown, pd.DataFrame)
    _require(name=name, caption=caption, alt=alt or ("a table" if is_table else ""))
    data = shown if is_table and data is None else data
    data = getattr(shown, "data", None) if data is None else data
    if data is None:
        raise ValueError(f"{name}: give data=, the frame that was drawn")
    files = {f"data/{name}.csv": _csv(data)}
    if is_table:
        body, text = _table(shown), _markdown(shown)
    else:
        import matplotlib.pyplot as plt

        body, files[f"figures/{name}.svg"] = _pictures(getattr(shown, "figure", shown), name, alt)
        plt.close(getattr(shown, "figure", shown))  # or a notebook would show it once more
        text = f"![{alt}](figures/{name}.svg)"
    source = "; ".join(tables.meta(key)["title"] for key in _sources(name, data, sources))
    links = " ".join(
        f'<a href="{path}" download>{path.rsplit(".", 1)[1].upper()}</a>' for path in files
    )
    body = (
        f'<figure class="exhibit" id="{name}">{body}<figcaption><p>{html.escape(caption)}</p>'
        f'<p class="source">Source: {html.escape(source)}. {links}</p></figcaption></figure>'
    )
    return Exhibit(body, f"{text}\n\n{caption} Source: {source}.\n", files)


def _pictures(figure: Figure, name, alt):
    """Return the HTML of a figure, and its SVG: once as wide as a page, once for a phone."""
    for axes in figure.axes:
        many = sum(len(marks.get_offsets()) for marks in axes.collections) > _MOST_MARKS
        for marks in axes.collections:  # many marks are larger as text than as pixels
            marks.set_rasterized(many)
        for axis in (axes.xaxis, axes.yaxis):
            if axis.get_scale() == "log":
                theme.plain_axis(axis)
    _lay_out(figure, width=figure.get_figwidth())
    wide = svg.drawn(figure, name=name, alt=alt, variables=theme.VARIABLES)
    _narrow(figure)
    phone = svg.drawn(figure, name=f"{name}-phone", alt=alt, variables=theme.VARIABLES)
    # No finger hits a mark, and beside the file there is no page of rows.
    body = f'<div class="plot">{wide}</div><div class="plot phone">{svg.without_links(phone)}</div>'
    return body, svg.without_links(wide) + "\n"


def _lay_out(figure, width):
    """Have the layout computed for what is drawn, with legends above it and never on it."""
    figure.set_layout_engine("constrained")
    for legend in list(figure.legends):
        words = [text.get_text() for text in legend.get_texts()]
        legend.remove()
        if not words:  # seaborn gives a grid of one colour a legend without entries
            continue
        columns = max(1, min(len(words), int(12 * width / (max(map(len, words)) + 6))))
        if sum(len(word) + 8 for word in words) <= 13 * width:  # handles and gaps are 8 letters
            columns = len(words)
        figure.legend(legend.legend_handles, words, loc="outside upper left", ncols=columns)


def _narrow(figure):
    """Lay the panels of a figure out below each other, in the width of a phone."""
    _, height = figure.get_size_inches()
    panels = [axes for axes in figure.axes if axes.get_subplotspec() is not None]
    columns = max((axes.get_subplotspec().get_gridspec().ncols for axes in panels), default=1)
    if columns > 1:
        grid = figure.add_gridspec(len(panels), 1)
        for place, axes in enumerate(panels):
            axes.set_subplotspec(grid[place])
            axes.tick_params(labelleft=True, labelbottom=True)
            axes.set_xlabel(axes.get_xlabel() or panels[-1].get_xlabel())
            axes.set_ylabel(axes.get_ylabel() or panels[0].get_ylabel())
        height = min(height, theme.PHONE) * len(panels)
    _lay_out(figure, width=theme.PHONE)
    figure.set_size_inches(theme.PHONE, height if columns > 1 else min(height, 1.4 * theme.PHONE))


def _table(frame):
    kinds = pd.api.types
    numeric = [kinds.is_numeric_dtype(k) and not kinds.is_bool_dtype(k) for k in frame.dtypes]
    numeric = [n or _holds_cells(frame[c]) for n, c in zip(numeric, frame.columns, strict=True)]
    head = "".join(
        f'<th scope="col"{" class=num" if right else ""}>{html.escape(str(column))}</th>'
        for column, right in zip(frame.columns, numeric, strict=True)
    )
    # A table of ratios is laid out anew on a phone, where a cell needs the head of its column.
    heads = [name for name in frame.columns if _holds_cells(frame[name])]
    folds = sum(len(str(name)) <= _HEAD for name in heads) >= _FOLDING
    labels = [f' data-label="{html.escape(str(name), quote=True)}"' * folds for name in frame]
    body = []
    for row in frame.itertuples(index=False):
        cells = [f'<th scope="row"{_class(row[0])}>{_cell(row[0])}</th>']
        cells += [
            f"<td{_class(value, right)}{label * right}>{_cell(value)}</td>"
            for value, right, label in zip(row[1:], numeric[1:], labels[1:], strict=True)
        ]
        body.append(f"<tr>{''.join(cells)}</tr>")
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
    if folds:  # a table that is laid out as blocks is none to a screen reader unless it says so
        table = re.sub(r"<(table|thead|tbody|tr|th|td)\b", _with_role, table)
        table = table.replace("<table", '<table class="ratios"', 1)
    return f'<div class="table-scroll" tabindex="0" role="group" aria-label="Table">{table}</div>'


def _with_role(tag):
    roles = {"table": "table", "tr": "row", "td": "cell", "th": "columnheader"}
    return f'{tag[0]} role="{roles.get(tag[1], "rowgroup")}"'


def _holds_cells(column):
    return any(isinstance(value, Cell) for value in column)


def _markdown(frame):
    rows = [list(map(str, frame.columns)), ["---"] * frame.shape[1]]
    rows += [[_plain(value).replace("|", "\\|") for value in row] for row in frame.to_numpy(object)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _plain(value) -> str:
    """Return a value of a table as text."""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        return "–" if np.isnan(value) else number(value)
    if isinstance(value, int | np.integer):
        return f"{value:,}"
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    return "–" if value is None or value is pd.NaT or value is pd.NA else str(value)


def _cell(value) -> str:
    text = html.escape(_plain(value))
    if not isinstance(value, Cell):
        return text
    title = f' title="{html.escape(value.title, quote=True)}"' if value.title else ""
    if not value.rows:
        return f"<span{title}>{text}</span>"
    first, *others = (f"#row:{html.escape(row, quote=True)}" for row in value.rows)
    more = "".join(
        f' <a class="also" href="{row}" aria-label="row of the baseline">÷</a>' for row in others
    )
    return f'<a href="{first}"{title}>{text}</a>{more}'


def _class(value, numeric=False) -> str:
    """Return the class of a cell: numbers to the right, and short texts on one line."""
    if numeric:
        return ' class="num"'
    return ' class="short"' if len(_plain(value)) <= _SHORT else ""


def _require(**words):
    for key, text in words.items():
        if not str(text).strip():
            raise ValueError(f"an exhibit needs a {key}")
    # The name stands in file names, in ids and in references to them.
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", words["name"]):
        raise ValueError(f"{words['name']!r} is no name: letters, digits, '.', '_' and '-' only")


def _sources(name, data, sources):
    found = {*sources, *(data["source"].dropna().unique() if "source" in data else ())}
    if not found:
        raise ValueError(f"{name} needs its sources: a `source` column, or sources=[...]")
    return sorted(found)


def _csv(data: pd.DataFrame) -> str:
    # A text that begins like a formula is one in a spreadsheet; an apostrophe keeps it a text.
    texts = data.select_dtypes(include=["object", "string", "category"]).columns
    safe = data.assign(**{name: data[name].map(_no_formula) for name in texts})
    return safe.to_csv(
        index=False, float_format="%.6g", date_format="%Y-%m-%d", lineterminator="\n"
    )


def _no_formula(value):
    text = str(value) if isinstance(value, str | Cell) else value
    return f"'{text}" if isinstance(text, str) and text[:1] in ("=", "+", "-", "@", "\t") else text
