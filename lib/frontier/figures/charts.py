"""Charts that several notebooks draw: frontiers at one speed, comparisons, and what moves a result.

Each takes a tidy frame and returns a matplotlib figure that carries the frame as ``data``.
"""

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from frontier.data.words import number
from frontier.figures import theme
from frontier.figures.publishing import Cell

# Under words that stand on lines.
_GROUND = {"facecolor": theme.PAPER, "edgecolor": "none", "pad": 0.8, "alpha": 0.7}


def figure(data: pd.DataFrame, /, *, columns: int = 1, height: float, **options):
    """Return a figure in the collection's style, as wide as a page, and its array of axes."""
    theme.apply()
    drawn = Figure(figsize=(theme.WIDTH if columns > 1 else 0.75 * theme.WIDTH, height))
    drawn.data = data
    return drawn, drawn.subplots(1, columns, squeeze=False, **options)


def frontier_chart(
    points: pd.DataFrame,
    /,
    *,
    unit: str,
    at: float | None = None,
    gap: tuple[str, ...] = (),
    claimed: float | None = None,
    panel: str = "traffic",
    height: float = 3.8,
) -> Figure:
    """Draw frontiers of several systems, a panel for each traffic, and the gap at one speed.

    Args:
        points: points on the frontiers: `system`, `interactivity` (tok/s/user), `throughput`,
            the column `panel`, and where known `row_id` and `evidence` (a key of `theme.MARKS`).
        unit: unit of the throughput, for the axis.
        at: the speed per user that is marked.
        gap: the upper system and one or two lower ones; its ratio over each is marked at that
            speed.
        claimed: the claimed ratio: a dashed line shows where the upper system would have to be
            to have it over the last of the lower ones.
        panel: the column whose values are panels.
        height: of the figure, in inches.
    """
    panels = list(dict.fromkeys(points[panel])) if panel in points else [None]
    drawn, axes_of = figure(points, columns=len(panels), height=height, sharey=True)
    colours, own = theme.palette(points["system"]), _own(points)
    for axes, name in zip(axes_of[0], panels, strict=True):
        some = points if name is None else points[points[panel] == name]
        for system, line in some.groupby("system", sort=False):
            line = line.sort_values("interactivity", kind="stable")
            x, y = line["interactivity"], line["throughput"]
            modelled = (line.get("evidence") == "modelled").all() if "evidence" in line else False
            dashes = (0, (5, 1.5)) if modelled else own.get(system, "-")
            colour = theme.INK if system in own else colours[system]
            axes.plot(x, y, color=colour, ls=dashes, drawstyle="steps-pre", label=system)
            if not modelled:
                _marks(axes, line, colour)
        axes.set(xscale="log", yscale="log", title="" if name is None else name)
        axes.set_xlabel("Speed per user, tok/s")
        if at is not None:
            _gap(axes, some, at, gap, claimed)
        axes.grid(True, axis="y")
    axes_of[0][0].set_ylabel(unit)
    legend(drawn, axes_of[0])
    return drawn


def _own(points):
    """Return the line style of every system of a reader's own: solid, then dots ever wider."""
    if "evidence" not in points:
        return {}
    names = points.loc[points["evidence"] == theme.OWN, "system"].unique()
    return {name: (0, (1, place)) if place else "-" for place, name in enumerate(names)}


def _marks(axes, line, colour):
    kinds = line["evidence"] if "evidence" in line else pd.Series("measured", line.index)
    for kind, some in line.groupby(kinds, sort=False):
        marks = axes.scatter(
            some["interactivity"], some["throughput"], s=70 if kind == theme.OWN else 16,
            color=colour, lw=0, zorder=3, marker=theme.MARKS.get(kind) or "o",
        )  # fmt: skip
        if "row_id" in some and kind != theme.OWN:  # own rows are on no page
            marks.set_urls([f"#row:{row}" for row in some["row_id"]])


def _gap(axes, points, at, gap, claimed):
    """Mark a speed, and at it the ratio of two systems and where the claimed one would lie."""
    axes.axvline(at, color=theme.MUTED, lw=0.9, ls=(0, (1, 2)))
    reach = points[points["interactivity"] >= at].groupby("system")["throughput"].max()
    lower = [reach[name] for name in gap[1:] if name in reach]
    if claimed and len(lower) and gap[-1] in reach:
        ends, height = [at / 1.35, at * 1.35], lower[-1] * claimed
        axes.plot(ends, [height] * 2, color=theme.CLAIM, lw=1.6, ls=(0, (4, 2)))
        axes.annotate(
            f"{number(claimed)}× would be here", (ends[0], height), color=theme.CLAIM,
            fontsize=9, ha="left", va="bottom", xytext=(0, 3), textcoords="offset points",
            bbox=_GROUND,
        )  # fmt: skip
    if not len(lower) or gap[0] not in reach:
        return
    upper = reach[gap[0]]
    arrow = {"arrowstyle": "<->", "color": theme.INK, "lw": 1, "shrinkA": 0, "shrinkB": 0}
    # The labels of two gaps stand on either side: one in its middle, the other above what lies
    # between the two.
    places = (("left", 4, 0.5), ("right", -4, 0.5 if len(lower) == 1 else 0.2))
    for value, (side, offset, share) in zip(lower, places[-len(lower) :], strict=True):
        axes.annotate("", (at, upper), (at, value), arrowprops=arrow)
        height = upper ** (1 - share) * value**share
        axes.annotate(
            f"{number(upper / value)}×", (at, height), ha=side, va="center",
            xytext=(offset, 0), textcoords="offset points", fontweight="bold", fontsize=11,
            bbox=_GROUND,
        )  # fmt: skip


def ratio_table(
    ratios: pd.DataFrame, /, *, by: Sequence[str] = ("traffic", "baseline")
) -> pd.DataFrame:
    """Return ratios at named speeds as a table whose cells lead to their rows.

    Args:
        ratios: the columns `by` and those of `claims.ratios`: `at`, `value`, `why` (there is no
            value), `below_floor`, `rows_above` and `rows_below`, the ids of the two rows, and where
            they are known `speed_above` and `speed_below`, at which these were measured.
        by: columns that head the rows of the table.
    """
    speeds, rows = sorted(ratios["at"].unique()), []
    for keys, some in ratios.groupby(list(by), sort=False):
        known = some.set_index("at")
        cells = {f"{speed:g}": _ratio(known.loc[speed]) for speed in speeds if speed in known.index}
        rows.append(dict(zip(by, keys, strict=True)) | cells)
    return pd.DataFrame(rows)


def _ratio(row):
    if pd.isna(row["value"]):
        return Cell("–", title=row["why"] or "not measured")
    known = tuple(row[key] for key in ("rows_above", "rows_below") if row[key])
    ending = row["below_floor"]
    told = ["the baseline serves hardly anything at that speed"] * bool(ending)
    if pd.notna(row.get("speed_above")):
        speeds = (number(row[key]) for key in ("speed_above", "speed_below"))
        told.append("runs measured at {} and {} tok/s per user".format(*speeds))
    return Cell(f"{number(row['value'])}×{'*' * bool(ending)}", known, "; ".join(told))


def overview(
    findings: pd.DataFrame,
    /,
    *,
    xlabel: str,
    claimed: float | None = None,
    bounds: tuple[float | None, float | None] = (None, None),
    label: str = "comparison",
    group: str | None = None,
) -> Figure:
    """Draw one row for each comparison: its value, and the range over all that is uncertain.

    Args:
        findings: `value`, `low`, `high` and the columns `label` and `group`; `outcome` where the
            marks of comparisons that meet the claim are filled.
        xlabel: what the values are, with their unit.
        claimed: the claimed value.
        bounds: what counts as meeting the claim; None where it is open.
        label: the column that names a row.
        group: the column whose values head groups of rows.
    """
    frame = findings.reset_index(drop=True)
    slots, headings, place = {}, {}, 0.0
    for name, members in frame.groupby(group, sort=False) if group else [("", frame)]:
        if group:
            headings[name] = -place
            place += 1
        for index in members.index:
            slots[index] = -place
            place += 1
        place += 0.5
    y = frame.index.map(slots)
    drawn, ((axes,),) = figure(findings, height=1.1 + 0.24 * place)
    met = frame.get("outcome", pd.Series("", frame.index)).isin(["meets", "in part"])
    colours = np.where(met, theme.HARDWARE["gb200"], theme.MUTED)
    axes.set_xscale("log")  # before any limit is read: a linear axis has some below zero
    axes.hlines(y, frame["low"], frame["high"], color=colours, lw=4, alpha=0.35)
    axes.scatter(frame["value"], y, s=30, c=colours, zorder=3)
    if claimed is not None:
        axes.axvline(claimed, color=theme.CLAIM, lw=1.4, ls=(0, (4, 2)))
        axes.annotate(
            f"claimed: {number(claimed)}", (claimed, 1), xycoords=("data", "axes fraction"),
            ha="center", va="bottom", color=theme.CLAIM, fontsize=9,
        )  # fmt: skip
    if any(bound is not None for bound in bounds):
        left, right = axes.get_xlim()
        low, high = (left if bounds[0] is None else bounds[0], bounds[1] or right * 10)
        axes.axvspan(low, high, color=theme.CLAIM, alpha=0.07, lw=0)
        axes.set_xlim(left, right)
    for name, height in headings.items():
        axes.annotate(
            name, (0, height), xycoords=("axes fraction", "data"), va="center", fontweight="bold"
        )
    axes.set_yticks(list(y), frame[label])
    axes.set(xlabel=xlabel, ylim=(-place, 0.8))
    theme.plain_axis(axes.xaxis)
    axes.grid(True, axis="x")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0, labelcolor=theme.INK)
    return drawn


def sensitivity(
    variations: pd.DataFrame, /, *, value: float, xlabel: str, claimed: float | None = None
) -> Figure:
    """Draw what a result becomes when one thing is changed, a strip for each kind of change.

    Args:
        variations: `kind` (run noise, sources, choices ...), `variation` and `value`; the least and
            the largest of a kind are named.
        value: the result itself.
        xlabel: what the values are, with their unit.
        claimed: the claimed value.
    """
    known = variations.dropna(subset=["value"]).sort_values("value", kind="stable")
    kinds = list(dict.fromkeys(variations.loc[variations["value"].notna(), "kind"]))
    drawn, ((axes,),) = figure(variations, height=0.9 + 0.85 * len(kinds))
    words = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "va": "center"}
    for place, kind in enumerate(kinds):
        some = known[known["kind"] == kind]
        axes.plot(some["value"].iloc[[0, -1]], [-place] * 2, color=theme.GRID, lw=6, zorder=1)
        axes.scatter(some["value"], [-place] * len(some), s=14, color=theme.SERIES[0], alpha=0.6)
        axes.annotate(kind, (0, -place), xytext=(0, 14), fontweight="bold", bbox=_GROUND, **words)
        # Long words are cut: the CSV has them whole, and a phone is narrow.
        ends = some.iloc[[0, -1] if len(some) > 1 else [0]]
        for line, end in enumerate(ends.itertuples()):
            text = f"{textwrap.shorten(end.variation, 48, placeholder=' …')}: {number(end.value)}"
            axes.annotate(
                text, (0, -place), xytext=(0, -13 - 12 * line), fontsize=9, color=theme.MUTED,
                bbox=_GROUND, in_layout=False, **words,
            )  # fmt: skip
    axes.axvline(value, color=theme.INK, lw=1.1)
    if claimed is not None:
        axes.axvline(claimed, color=theme.CLAIM, lw=1.4, ls=(0, (4, 2)), label="claimed")
    axes.set(xscale="log", xlabel=xlabel, ylim=(-len(kinds) + 0.4, 0.5))
    theme.plain_axis(axes.xaxis)
    axes.spines["left"].set_visible(False)
    axes.set_yticks([])
    return drawn


def heat_map(
    cells: pd.DataFrame,
    /,
    *,
    row: str,
    column: str,
    panel: str,
    bounds: tuple[float, float],
    height: float,
    xlabel: str = "",
    ylabel: str = "",
    colours: str = "vlag",
) -> Figure:
    """Draw values as coloured cells with words in them, a panel for each value of `panel`.

    Args:
        cells: `value` (what is coloured; missing values have the middle colour), `text` (what
            stands in a cell), and the columns `row`, `column` and `panel`, each in order.
        row: the column whose values are rows.
        column: the column whose values are columns.
        panel: the column whose values are panels.
        bounds: the values at either end of the colours, so wide that no cell is too dark to read.
        height: of the figure, in inches.
        xlabel: what the columns are, with their unit.
        ylabel: what the rows are.
        colours: a diverging colour map.
    """
    import seaborn as sns

    panels = list(dict.fromkeys(cells[panel]))
    drawn, axes_of = figure(cells, columns=len(panels), height=height, sharey=True)
    order = {"index": cells[row].unique(), "columns": cells[column].unique()}
    for axes, name in zip(axes_of[0], panels, strict=True):
        some = cells[cells[panel] == name].set_index([row, column])
        value, text = (some[key].unstack().reindex(**order) for key in ("value", "text"))
        sns.heatmap(
            value.fillna(sum(bounds) / 2), annot=text.fillna("–"), fmt="", cmap=colours, ax=axes,
            vmin=bounds[0], vmax=bounds[1], cbar=False, linewidths=1,
            annot_kws={"color": "#262626"},
        )  # fmt: skip
        axes.set(title=name, xlabel=xlabel, ylabel=ylabel if axes is axes_of[0][0] else "")
        axes.tick_params(length=0, rotation=0)
    return drawn


def legend(drawn: Figure, axes: Sequence) -> None:
    """Give a figure one legend with each label once; `publish` puts it above the panels."""
    handles = {}
    for one in axes:
        for handle, label in zip(*one.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    if len(handles) > 1:
        drawn.legend(
            handles.values(), handles, loc="outside upper left", ncols=min(len(handles), 4)
        )
