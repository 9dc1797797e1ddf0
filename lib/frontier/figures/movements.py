"""Frontiers that moved, as a page shows them: how far, how fast, from where, and what is no gain.

`history.shifts` finds movements, level shifts and false gains. This module sets beside each the
cautions that a reader needs, and makes the figures and tables of the report on shifts, in words
generated from the numbers. Exhibits on two systems compared are in `figures.exhibits`.

>>> from frontier.data import measurements
>>> from frontier.figures import movements
>>> rows = measurements.load_measurements()
>>> moved = movements.examined(rows, weeks=[2, 4, 8])
>>> movements.spread(moved, claimed=[], name="04-moved")  # doctest: +SKIP
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from IPython.display import Markdown
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.lines import Line2D

from frontier import figures
from frontier.claims import Claim, comparisons
from frontier.data import hardware, measurements, tables
from frontier.data.measurements import POINT, SERIES, series_in_words
from frontier.data.words import number
from frontier.errors import UsageError
from frontier.figures import GRID, INK, MUTED, PAPER, Exhibit, own, updates
from frontier.history import changes as log
from frontier.history import levels, shifts
from frontier.history.releases import release_series, release_times

LIKE = "like-for-like"
CLAIMED = ("gpt-oss-120b", "gb200")
"""The model and accelerator whose shifts are claimed."""

MEASURES = {"least": "least", "geomean": "step curves", "point_geomean": "fixed points"}
"""The three ways in which a movement is stated, and their names on a page."""

FALSE = {
    "recovery": "ends no higher than the best run before",
    "part recovery": "starts far below the best run before; only the rest is new",
    "dead time": "time per token unchanged; idle time left the timed window",
    "first token": "time per token unchanged; shorter wait for the first token",
}


# ----------------------------------------------------------------- movements and their cautions


def examined(
    rows: pd.DataFrame, /, *, weeks: Sequence[int], floor: float = 100.0, gaps: bool = False
) -> pd.DataFrame:
    """Return ``shifts.movement`` with what speaks against reading each as faster software.

    Parameters are those of ``shifts.movement``. Further columns:

    - `first_state`: what is compared had not risen by more than ``shifts.NOISE`` (mean over its
      configurations and concurrencies) between its first run and the `earlier` state, so nothing
      tells a young recipe or a bad run that was put right from software that became faster;
    - `first_days`: days from the first run of what is compared to the `earlier` state;
    - `cautions`: in words, that, idle time in a run of the earlier state, and the false gains
      (``shifts.false_gains``) between the two dates; empty where there is none.

    UsageError where no series has two dates within a window.
    """
    moved = shifts.movement(rows, weeks=sorted(set(weeks)), gaps=gaps, floor=floor)
    if moved.empty:
        raise UsageError(
            f"no series of this selection was measured twice within {max(weeks)} weeks; "
            "widen model, hardware, shape, as_of or weeks"
        )
    starts = pd.DataFrame(
        _starts(rows, moved), index=moved.index, columns=["first_state", "first_days", "idle"]
    )
    words = np.where(starts["first_state"], "first state", "")
    idle = np.where(starts["idle"], "idle time before", "")
    parts = zip(words, idle, _false_between(rows, moved), strict=True)
    cautions = ["; ".join(filter(None, part)) for part in parts]
    sources = moved.pop("sources")
    return moved.assign(**starts.drop(columns="idle"), sources=sources, cautions=cautions)


def _starts(rows, moved):
    """Yield, for each movement, what is known of the state that it starts from."""
    histories = dict(shifts.histories(rows, SERIES))
    keys = moved[SERIES].itertuples(index=False, name=None)
    spans = moved[["kind", "earlier", "later"]].itertuples(index=False, name=None)
    for key, (kind, *span) in zip(keys, spans, strict=True):
        day, point, value, idle = histories[key]
        earlier, later = map(np.datetime64, span)
        old = day <= earlier
        if kind == LIKE:
            old &= np.isin(point, point[(day > earlier) & (day <= later)])
        runs = [value[old & (point == one)] for one in np.unique(point[old])]
        risen = np.exp(np.mean([np.log(run.max() / run[0]) for run in runs]))
        since = pd.Timedelta(earlier - day[old].min()).days
        yield bool(risen <= 1 + shifts.NOISE), since, bool(idle[old].any())


def _false_between(rows, moved):
    """Return, for each movement, the kinds of false gain inside it, each once."""
    keys, known = SERIES, {}
    false = shifts.false_gains(rows)[[*keys, "date", "kind"]]
    for *key, day, kind in false.itertuples(index=False, name=None):
        known.setdefault(tuple(key), []).append((day, kind))
    found = []
    for *key, earlier, later in moved[[*keys, "earlier", "later"]].itertuples(index=False):
        inside = (kind for day, kind in known.get(tuple(key), ()) if earlier < day <= later)
        found.append("; ".join(dict.fromkeys(inside)))
    return found


# ----------------------------------------------------------------- what there is


def coverage(
    rows: pd.DataFrame, moved: pd.DataFrame, changes: pd.DataFrame, /, *, name: str
) -> Exhibit:
    """Return what can be dated, by model and accelerator, and how far any of it moved."""
    keys = ["model", "hardware"]
    dated = rows[rows["date"].notna()]
    series = dated.groupby(SERIES, dropna=False)["date"].nunique().reset_index()
    longest = moved[moved["weeks"] == _longest(moved)]
    by, like = rows.groupby(keys), longest["kind"] == LIKE
    table = pd.DataFrame(
        {
            "rows": by.size(),
            "dated": by["date"].count(),
            "series": series.groupby(keys).size(),
            "2 dates": series[series["date"] >= 2].groupby(keys).size(),
            "first": by["date"].min(),
            "last": by["date"].max(),
            "like for like": longest[like].groupby(keys)["least"].max(),
            "attainable": longest[~like].groupby(keys)["least"].max(),
            "changes": changes.groupby(keys)["pull_request"].nunique(),
        }
    ).loc[lambda table: table["rows"] > 0]
    counts = ["rows", "dated", "series", "2 dates", "changes"]
    table[counts] = table[counts].fillna(0).astype(int)
    table = table.reset_index()
    moving = table.groupby("model")["2 dates"].transform("sum") > 0
    shown = table[moving].assign(hardware=table["hardware"].map(hardware.name))
    still = ", ".join(table.loc[~moving, "model"].unique())
    caption = (
        f"{len(rows):,} rows, {len(rows) - len(dated):,} of them without a date: those take part "
        f"in nothing that is dated below. The others form {len(series)} series (one accelerator, "
        f"framework, precision, speculation, disaggregation and shape); "
        f"{', '.join(_with_dates(series['date'], least) for least in (2, 8, 12))}. Like for like "
        f"and attainable: the furthest that a frontier moved within {_longest(moved)} weeks, as a "
        f"ratio, without and with sweeps that became wider; what is attainable can also move less, "
        f"where something else was as good before. {_gap(rows, changes)}"
        + (f" Nothing of {still} has a second date." if still else "")
    )
    keys = [*rows["source"].unique(), "changes"]
    return figures.table(shown, name=name, caption=caption, data=table, sources=keys)


def _with_dates(dates, least):
    return f"{int((dates >= least).sum())} have at least {least} dates"


def _gap(rows, changes):
    """Say what there is of the system of the gpt-oss claims, from the rows and the log."""
    part, named = _claimed_system(rows), _claimed_system(changes)
    if part.empty or named.empty:
        return ""
    return (
        f"{CLAIMED[0]} on {hardware.name(CLAIMED[1])} NVL72, the system of the claims, has "
        f"{len(part)} rows, {int(part['date'].notna().sum()) or 'none'} of them dated; the first "
        f"change of the benchmark that names it is of {named['date'].min():%Y-%m-%d}."
    )


def _claimed_system(frame):
    return frame[(frame["model"] == CLAIMED[0]) & (frame["hardware"] == CLAIMED[1])]


def stated(names: Sequence[str], /, *, name: str) -> Exhibit:
    """Return the published points on these claims: stated, never measured by this collection.

    The CSV has all of them; shown are those of Blackwell that are not in the tables of MLPerf or
    of TensorRT-LLM's releases.
    """
    points = tables.read("published_points")
    points = points[points["claim"].isin(list(names))]
    elsewhere = points["series"].str.contains("MLPerf|H100|H200|MI3")
    elsewhere |= points["url"].str.contains("perf-overview") | points["y_unit"].str.endswith("MW")
    kept = points[~elsewhere].sort_values("claim", kind="stable")
    value = kept["y"].map(number) + " " + kept["y_unit"]
    shown = pd.DataFrame(
        {
            "published": kept["series"].str.replace("gpt-oss-120B ", "", regex=False),
            "for the claim": kept["claim"],
            "tok/s/user": kept["x"],
            "throughput": value.where(kept["y"].notna(), "–"),
            "kind": kept["kind"],
            "note": kept["note"].str.split(";").str[0],
        }
    )
    paired = kept[kept["x"].notna() & kept["y"].notna() & (kept["kind"] == "stated")]
    dated = paired[~paired["note"].str.contains("undated")]
    growth = kept[["x", "y"]].max() / kept.loc[kept["claim"] == names[0], ["x", "y"]].max()
    caption = (
        f"{len(kept)} published points: 'stated' by the source, or 'computed' from what it states. "
        f"{len(paired)} stated ones give throughput and interactivity together, "
        f"{len(dated) or 'none'} of them for the autumn of 2025. From the largest figures of "
        f"August to the largest stated later lie {number(growth['y'])}x in throughput and "
        f"{number(growth['x'])}x in speed, but which tokens the later figure counts is not said. "
        f"They are not measurements of this collection and decide no claim."
    )
    return figures.table(
        shown, name=name, caption=caption, data=points, sources=["published_points"]
    )


# ----------------------------------------------------------------- levels


def reached(rows: pd.DataFrame, claims: Sequence[Claim], /, *, name: str) -> Exhibit:
    """Return the largest measured value for each claimed level, by accelerator and shape."""
    model = claims[0].test.comparisons[0]["rows"]["model"]
    part = rows[rows["model"] == model]
    part = part.assign(shape=measurements.shapes(part), evidence=comparisons.evidence(part))
    keys = ["shape", "hardware", "evidence"]
    data = pd.concat(
        [
            part.loc[part.groupby(keys)[metric].idxmax()].assign(metric=metric, value=part[metric])
            for metric in (claim.test.basis.metric for claim in claims)
        ],
        ignore_index=True,
    )
    everything = _with_own(data, model, keys, [claim.test.basis.metric for claim in claims])
    order = part.groupby("hardware")["throughput_per_gpu"].max().sort_values(ascending=False)
    others = [key for key in everything["hardware"].unique() if key not in order.index]
    places = _places(everything, [*order.index, *others])
    drawn, grid = figures.figure(columns=len(claims), height=4.8, sharey=True, squeeze=False)
    for axes, claim in zip(grid[0], claims, strict=True):
        _levels(axes, everything[everything["metric"] == claim.test.basis.metric], places, claim)
    grid[0][0].set_yticks(
        list(places.values()), [hardware.name(key) for _, key in places], color=INK
    )
    handles = [
        _mark(figures.MARKS[kind], MUTED, kind, hollow=_hollow(kind))
        for kind in figures.MARKS
        if kind in set(data["evidence"])
    ]
    handles.append(_mark("|", MUTED, "output tokens alone"))
    mine = sorted(set(everything["evidence"]) - set(data["evidence"]))
    handles += [_mark(figures.own_mark(mine, name), INK, name) for name in mine]
    drawn.legend(handles=handles, loc="outside upper left", ncols=3)
    words = " ".join(_reach(data, claim, part) for claim in claims)
    caption = (
        f"The largest value by accelerator and shape (input/output tokens), one mark a kind of "
        f"evidence. Throughput counts input and output tokens. {words}{own.WORDS * bool(mine)}"
    )
    columns = [
        *POINT,
        "metric",
        "interactivity",
        "throughput_per_gpu",
        "date",
        "evidence",
        "output_throughput_per_gpu",
        "row_id",
    ]
    return figures.publish(drawn, name=name, alt=words, caption=caption, data=everything[columns])


def _with_own(data, model, keys, metrics):
    """Return the largest values with those of the reader's own rows of the model below them."""
    rows = measurements.own()
    rows = rows[rows["model"] == model]
    if rows.empty:
        return data
    rows = rows.assign(shape=measurements.shapes(rows), evidence=rows["label"].map(own.series))
    best = [
        rows.loc[rows.groupby(keys)[metric].idxmax()].assign(metric=metric, value=rows[metric])
        for metric in metrics
    ]
    return pd.concat([data, *best], ignore_index=True)


def _places(data, order):
    """Return the height of each (shape, accelerator) from the top, shapes apart."""
    places, at = {}, 0.0
    for shape in sorted(data["shape"].unique(), key=lambda text: -int(text.split("/")[0])):
        at -= 1.2
        for key in order:
            if ((data["shape"] == shape) & (data["hardware"] == key)).any():
                places[shape, key] = at
                at -= 1
    return places


def _levels(axes, data, places, claim):
    axes.set_xscale("log")
    rate = claim.test.basis.metric != "interactivity"
    ordered = data.sort_values("value")
    mine = sorted(set(data.loc[data["source"] == measurements.OWN, "evidence"]))
    for row, title in zip(ordered.to_dict("records"), figures.row_titles(ordered), strict=True):
        y, hue = places[row["shape"], row["hardware"]], figures.colour(row["hardware"])
        hollow, mark = _hollow(row["evidence"]), figures.MARKS.get(row["evidence"])
        if mark is None:
            hue, mark, hollow = INK, figures.own_mark(mine, row["evidence"]), False
        axes.scatter(
            row["value"],
            y,
            marker=mark,
            s=46 if hollow or hue == INK else 22,
            facecolors="none" if hollow else hue,
            edgecolors=hue,
            linewidths=1.2,
            zorder=3,
        )
        figures.entitle(axes.figure, axes, [title])
        if rate:
            output = row["output_throughput_per_gpu"]
            axes.plot([output, row["value"]], [y, y], color=hue, lw=1, alpha=0.5)
            axes.scatter(output, y, marker="|", s=50, color=hue)
    figures.claim_line(axes, claim.value, f"claimed {number(claim.value)}", vertical=True)
    for shape in dict.fromkeys(shape for shape, _ in places):
        top = max(y for (other, _), y in places.items() if other == shape)
        axes.annotate(
            shape,
            (0.01, top + 0.85),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=9,
            fontweight="bold",
            color=INK,
        )
    axes.set(ylim=(min(places.values()) - 0.7, 0.3), xlim=(None, claim.value * 1.6))
    axes.set_xlabel(f"{'Throughput' if rate else 'Interactivity'}, {claim.unit}")
    figures.plain_axis(axes.xaxis, ticks=(100, 200, 300, 500, 1000, 3000, 10_000, 30_000))
    _rows_only(axes)


def _reach(data, claim, rows):
    """Say how near the claimed level the measured rows come, and when the first one reached it."""
    metric = claim.test.basis.metric
    part = data[data["metric"] == metric]
    best = part.loc[part["value"].idxmax()]
    text = (
        f"For {number(claim.value)} {claim.unit} the largest is {number(best['value'])}, on "
        f"{hardware.name(best['hardware'])} at {best['shape']}"
    )
    if metric == "interactivity":
        speculative = int(rows["speculative"].sum())
        return f"{text}; {speculative or 'no'} measured row of the model uses a draft."
    text += (
        f" and {number(best['interactivity'])} tok/s/user, where "
        f"{number(best['output_throughput_per_gpu'])} of them are output tokens."
    )
    dated = rows.dropna(subset="date")
    met = dated.loc[dated[metric] >= claim.value, "date"]
    if met.empty:
        return f"{text} No dated run reaches the level."
    before = dated.loc[dated["date"] < met.min(), metric].max()
    return (
        f"{text} The first dated run that reaches the level is of {met.min():%Y-%m-%d}; those "
        f"before, from {dated['date'].min():%Y-%m-%d} on, reach {number(before)}."
    )


# ----------------------------------------------------------------- how far, how fast


def spread(
    moved: pd.DataFrame, /, *, claimed: Sequence[Claim], name: str, kind: str = LIKE
) -> Exhibit | Markdown:
    """Return the largest move of every series within each window, in each way of stating it."""
    part = moved[moved["kind"] == kind]
    data = pd.concat(
        [
            shifts.largest(part, by=key).assign(measure=text, value=part[key])
            for key, text in MEASURES.items()
            if part[key].notna().any()
        ]
        or [part],
        ignore_index=True,
    )
    if data.empty:
        return _nothing(kind)
    levels = sorted({claim.value for claim in claimed})
    finding = _how_many(part, levels[0])
    caption = (
        f"Each mark is the largest {kind} move of one series on fixed hardware. 'Least' grants the "
        f"earlier frontier the best course between its measured points; 'step curves' is the plain "
        f"ratio, which exaggerates where points are few; 'fixed points' compares equal "
        f"configurations and concurrencies. Hollow: it starts from the first state measured, where "
        f"a recipe put right looks like faster software. {finding}"
    )
    columns = [
        *SERIES,
        "kind",
        "weeks",
        "measure",
        "value",
        "earlier",
        "later",
        "days",
        "peak",
        "peak_at",
        "points",
        "dates",
        "first_state",
        "cautions",
    ]
    return figures.publish(
        _strips(data, levels),
        name=name,
        alt=finding,
        caption=caption,
        data=data[columns],
        sources=_sources(part),
    )


def _how_many(part, level):
    """Say how many series moved by a level in each window, and from where."""
    best = shifts.largest(part, by="least")
    counts = [
        f"{int((one['least'] >= level).sum())} of {len(one)} frontiers in {weeks} weeks"
        for weeks, one in best.groupby("weeks")
    ]
    last = best[best["weeks"] == _longest(best)]
    big = last[last["least"] >= level]
    text = (
        f"At least {number(level)}x: {', '.join(counts)}. The middle one gained "
        f"{_percent(last['least'].median())} in {_longest(best)} weeks."
    )
    if big.empty:
        return text
    return (
        f"{text} {_of(big['first_state'])} that moved so far started from the first state measured."
    )


def _strips(data, levels):
    strips = data.groupby(["weeks", "measure"], sort=False)
    drawn, axes = figures.figure(height=1.2 + 0.34 * len(strips))
    ticks, at, before = {}, 0.0, None
    for (weeks, measure), part in sorted(strips, key=lambda strip: strip[0][0]):
        at -= 1 + 0.45 * (before not in (None, weeks))
        before = weeks
        part = part.sort_values("value", kind="stable")
        # A fixed sequence that spreads neighbours, so that the figure is the same every time.
        height = at + 0.62 * ((np.arange(len(part)) * 0.618034) % 1 - 0.5)
        hue = np.array([figures.colour(key) for key in part["hardware"]])
        face = np.where(part["first_state"], "none", hue)
        axes.scatter(part["value"], height, s=22, facecolors=face, edgecolors=hue, lw=1.1, zorder=3)
        axes.vlines(part["value"].median(), at - 0.4, at + 0.4, color=INK, lw=1.6, zorder=4)
        counts = ", ".join(f"{int((part['value'] >= v).sum())} at {number(v)}x" for v in levels)
        ticks[at] = f"{weeks} weeks, {measure}\n{len(part)} series: {counts}"
    axes.set_xscale("log")
    for value in levels:
        figures.claim_line(axes, value, f"{number(value)}x", vertical=True)
    axes.set_yticks(list(ticks), list(ticks.values()), fontsize=8, color=INK)
    axes.set(
        xlabel="Later frontier over earlier one, ratio (bar: the middle series)",
        ylim=(min(ticks) - 0.6, -0.4),
    )
    figures.plain_axis(axes.xaxis, ticks=(0.7, 1, 1.5, 2, 3, 5, 7, 10, 15, 20))
    axes.set_xlim(min(data["value"].min(), 1) * 0.95, max(data["value"].max(), *levels) * 1.1)
    _rows_only(axes)
    present = [key for key in hardware.NAMES if key in set(data["hardware"])]
    handles = [_mark("o", figures.colour(key), hardware.name(key)) for key in present]
    handles.append(_mark("o", MUTED, "from the first state", hollow=True))
    drawn.legend(handles=handles, loc="outside upper left", ncols=6)
    return drawn


def jumps(
    moved: pd.DataFrame, changes: pd.DataFrame, /, *, name: str, kind: str = LIKE, top: int = 12
) -> Exhibit | Markdown:
    """Return the largest moves of the longest window, their cautions and what was merged."""
    part = moved[(moved["kind"] == kind) & (moved["weeks"] == _longest(moved))]
    ranked = shifts.largest(part, by="least").sort_values("least", ascending=False, kind="stable")
    if ranked.empty:
        return _nothing(kind)
    shown = ranked.head(top)
    records = shown.to_dict("records")
    merged = [_merged(row, row["earlier"], row["later"], changes) for row in records]
    table = pd.DataFrame(
        {
            "series": _systems(records),
            "until": shown["later"].to_list(),
            "days": shown["days"].to_list(),
            **{text: shown[key].to_list() for key, text in MEASURES.items()},
            "peak": shown["peak"].to_list(),
            "caution": shown["cautions"].replace("", "–").to_list(),
            "merged": merged,
        }
    )
    some = pd.Series([not text.startswith("none") for text in merged])
    caption = (
        f"The {len(shown)} of {len(ranked)} series that moved furthest within {_longest(moved)} "
        f"weeks, {kind}. {_of(shown['cautions'] != '')} carry a caution. Peak is the largest ratio "
        f"at one interactivity where the earlier frontier is above the floor. The numbers are pull "
        f"requests of the benchmark's recipes about the configuration that were merged in these "
        f"days. {_of(some)} have such changes: they coincide, the cause is not established."
    )
    return figures.table(
        table, name=name, caption=caption, data=ranked, sources=[*_sources(part), "changes"]
    )


def level_shifts(
    rows: pd.DataFrame,
    changes: pd.DataFrame,
    /,
    *,
    minimum_dates: int,
    sigma: float,
    name: str,
    top: int = 10,
) -> Exhibit | Markdown:
    """Return the largest steps up in the history of one configuration at one concurrency."""
    found, looked = levels.level_shifts_by_point(rows, minimum_dates=minimum_dates, sigma=sigma)
    level = "first level, " + found["index"].astype(str) + " runs"
    found = found.assign(first=level.where(~found.duplicated(POINT), ""))
    ups = found[found["size"] > 1].sort_values("size", ascending=False, kind="stable")
    head = f"{looked} configurations and concurrencies have at least {minimum_dates} dates"
    if ups.empty:
        return Markdown(f"{head}; none of them rose to another level.")
    false = shifts.false_gains(rows)[[*POINT, "date", "kind"]].rename(columns={"kind": "false"})
    shown = ups.head(top).merge(false, on=[*POINT, "date"], how="left").fillna({"false": ""})
    records = shown.to_dict("records")
    table = pd.DataFrame(
        {
            "configuration": [
                f"{text}, tp{row['tp']}, {row['concurrency']} users"
                for text, row in zip(_systems(records), records, strict=True)
            ],
            "until": shown["date"],
            "days": (shown["date"] - shown["previous"]).dt.days,
            "new level": [
                f"{number(row['size'])}x ({number(row['size_low'])} to {number(row['size_high'])})"
                for row in records
            ],
            "over best before": shown["over_best"],
            "caution": [
                "; ".join(filter(None, (row["first"], row["false"]))) or "–" for row in records
            ],
            "merged": [_merged(row, row["previous"], row["date"], changes) for row in records],
        }
    )
    best = ups[ups["new_best"]]
    later = best.loc[best["first"] == "", "size"]
    caption = (
        f"{head}; they have {len(found)} level shifts, {len(ups)} of them up, {len(best)} above "
        f"every earlier level. {int((best['size'] >= 2).sum())} at least double the level; the "
        f"largest is {number(best['size'].max())}x, and {number(later.max())}x of those that start "
        f"from another level than the first. In brackets 95 % for run noise; days are those since "
        f"the run before."
    )
    return figures.table(
        table, name=name, caption=caption, data=found, sources=[*_dated(rows), "changes"]
    )


def _merged(row, start, end, changes):
    """Return the pull requests between two runs, two of them named and the others counted."""
    if end < changes["date"].min():
        return "none; the log begins later"
    if not changes["date"].between(start, end).any():
        return "none logged"
    near = log.coinciding((start, end), row, changes, days=(end - start).days)
    numbers = [f"#{one}" for one in near["pull_request"]]
    more = f", +{len(numbers) - 2}" if len(numbers) > 2 else ""
    return ", ".join(numbers[:2]) + more if numbers else "none logged"


# ----------------------------------------------------------------- what is no gain


def false_gain(rows: pd.DataFrame, /, *, name: str) -> Exhibit | Markdown:
    """Return the largest dead time and recovery as histories: throughput rises, speed does not."""
    false = shifts.false_gains(rows)
    chosen = [
        false[false["kind"] == kind].nlargest(1, "gain").iloc[0]
        for kind in ("dead time", "recovery")
        if (false["kind"] == kind).any()
    ]
    if not chosen:
        return Markdown("No rise of throughput in this selection is known to be a false gain.")
    drawn, grid = figures.figure(columns=len(chosen), height=3.2, squeeze=False)
    histories = [_history(rows, gain) for gain in chosen]
    for axes, runs, gain in zip(grid[0], histories, chosen, strict=True):
        _before_and_after(axes, runs, gain)
    grid[0][0].set_ylabel("Over the first run, ratio")
    handles = [
        Line2D([], [], color=hue, marker="o", ms=4, ls=style, label=label)
        for hue, style, label in (
            (MUTED, "-", "throughput per GPU (colour of accelerator)"),
            (INK, (0, (4, 2)), "interactivity"),
        )
    ]
    drawn.legend(handles=handles, loc="outside upper left", ncols=2)
    words = " ".join(map(_false_words, chosen))
    caption = f"Every run of a configuration at one concurrency; the false rise is shaded. {words}"
    return figures.publish(
        drawn, name=name, alt=words, caption=caption, data=pd.concat(histories, ignore_index=True)
    )


def false_gains(rows: pd.DataFrame, /, *, name: str) -> Exhibit:
    """Return how many false gains of each kind there are; the CSV has every one."""
    false = shifts.false_gains(rows)
    kinds = false.groupby("kind").agg(
        rises=("gain", "size"), largest=("gain", "max"), over_best=("over_best", "max")
    )
    kinds = kinds.reindex(list(FALSE)).rename_axis("kind").reset_index()
    kinds.insert(1, "what it is", list(FALSE.values()))
    kinds["rises"] = kinds["rises"].fillna(0).astype(int)
    caption = (
        f"{len(false)} rises of throughput by more than 10 % between neighbouring runs of one "
        f"configuration at one concurrency are not, or not wholly, faster generation of tokens."
    )
    kinds = kinds.rename(columns={"largest": "largest rise", "over_best": "over best before"})
    return figures.table(kinds, name=name, caption=caption, data=false, sources=_dated(rows))


def _history(rows, gain):
    """Return every run of what a false gain is of, relative to the first run."""
    same = rows["date"].notna()
    for key in POINT:
        same &= rows[key] == gain[key]
    runs = rows.loc[same, [*POINT, "date", "throughput_per_gpu", "interactivity", "ttft", "row_id"]]
    runs = runs.sort_values("date", kind="stable").assign(kind=gain["kind"])
    rates = ["throughput_per_gpu", "interactivity"]
    return runs.join((runs[rates] / runs[rates].iloc[0]).add_suffix("_ratio"))


def _before_and_after(axes, runs, gain):
    axes.axvspan(gain["previous"], gain["date"], color=GRID, alpha=0.6, lw=0)
    axes.plot(
        runs["date"],
        runs["throughput_per_gpu_ratio"],
        marker="o",
        ms=4,
        color=figures.colour(gain["hardware"]),
    )
    axes.plot(
        runs["date"],
        runs["interactivity_ratio"],
        color=INK,
        marker="o",
        ms=3,
        lw=1.2,
        ls=(0, (4, 2)),
    )
    axes.set_title(f"{gain['kind']}: {_system(gain)}, {gain['concurrency']} users", fontsize=8.5)
    axes.set_yscale("log")
    figures.plain_axis(axes.yaxis, ticks=(0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.2, 1.5, 2, 3, 5))
    values = runs[["throughput_per_gpu_ratio", "interactivity_ratio"]].to_numpy()
    axes.set_ylim(values.min() / 1.12, values.max() * 1.12)
    axes.grid(True, axis="y")
    _date_axis(axes)


def _false_words(gain):
    head = (
        f"{_system(gain)} at {gain['concurrency']} users: throughput rose {number(gain['gain'])}x "
        f"between {gain['previous']:%Y-%m-%d} and {gain['date']:%Y-%m-%d}, the time per token "
        f"changed {number(gain['tpot_ratio'])}x;"
    )
    if gain["kind"] == "dead time":
        return (
            f"{head} throughput was {_share(gain['accounted_before'])} of what the latencies imply "
            f"before and {_share(gain['accounted_after'])} after, so idle time left the window."
        )
    return (
        f"{head} it came back to {_share(gain['over_best'])} of the best run before, from a median "
        f"wait of {number(gain['ttft_before'])} s for the first token."
    )


# ----------------------------------------------------------------- weeks against years


def releases(
    table: pd.DataFrame, /, *, family: str, gpu: str, claimed: Claim, name: str
) -> Exhibit | Markdown:
    """Return TensorRT-LLM's own throughput by release, over the first release of each shape."""
    keys = ["precision", "isl", "osl"]
    series = release_series(table, best=True)
    series = series[(series["family"] == family) & (series["gpu"] == gpu)].dropna(subset="date")
    series = series[series.groupby(keys)["date"].transform("size") > 1]
    if series.empty:
        return Markdown(f"TensorRT-LLM's tables have no two dated releases of {family} on {gpu}.")
    times = release_times(series, factors=[claimed.value], best=True)
    best = times.loc[times["top"].idxmax()]
    days = best[f"days_to_{claimed.value:g}"]
    finding = (
        f"The largest gain of {family} on {gpu}, of {len(times)} shapes, is {number(best['top'])}x "
        f"({best['precision']} {best['isl']}/{best['osl']}), {best['first']:%Y-%m-%d} to "
        f"{best['last']:%Y-%m-%d}; ways of measuring in it: {best['methods']}"
        f"{', and several models' if best['spliced'] else ''}"
        + (f"; {number(claimed.value)}x took {int(days)} days." if days == days else ".")
    )
    caption = (
        f"Offline maximum throughput that NVIDIA published for the best configuration of a shape "
        f"(input/output tokens), over its first release; grey are the shapes beyond the largest "
        f"four. Hollow marks are another model of the family than the first. Across the edge of a "
        f"shaded stretch the way of measuring changes, so a rise there is not software alone. "
        f"{finding}"
    )
    return figures.publish(
        _release_figure(series, claimed),
        name=name,
        alt=finding,
        caption=caption,
        data=series,
        sources=["trtllm_throughput"],
    )


def _release_figure(series, claimed):
    shape = series["precision"] + " " + series["isl"].astype(str) + "/" + series["osl"].astype(str)
    ranked = series.groupby(shape)["ratio"].max().sort_values(ascending=False).index
    drawn, axes = figures.figure(height=3.8)
    axes.set_yscale("log")
    axes.set(ylabel="Over the first release, ratio", ylim=(series["ratio"].min() / 1.1, None))
    begins = series.groupby("method")["date"].min().sort_values()
    ends = [*begins.iloc[1:], series["date"].max()]
    for i, (method, begin) in enumerate(begins.items()):
        axes.axvspan(begin, ends[i], color=GRID, alpha=0.4 * (i % 2 == 0), lw=0)
        axes.annotate(
            updates.METHODS[method],
            (begin, 1),
            xycoords=("data", "axes fraction"),
            va="top",
            xytext=(4, -4),
            textcoords="offset points",
            fontsize=8,
            color=MUTED,
        )
    for name in ranked[4:]:
        line = series[shape == name]
        axes.plot(line["date"], line["ratio"], color=MUTED, lw=0.9, alpha=0.45)
    height = 0.0
    last = series.groupby(shape)["ratio"].last()
    for name in sorted(ranked[:4], key=last.get):
        line, hue = series[shape == name], figures.OTHER[list(ranked).index(name)]
        axes.plot(line["date"], line["ratio"], color=hue)
        axes.scatter(
            line["date"],
            line["ratio"],
            s=20,
            edgecolors=hue,
            zorder=4,
            facecolors=np.where(line["spliced"], PAPER, hue),
        )
        figures.entitle(drawn, axes, updates.release_titles(name, line))
        # Names stand to the right of the plot, each at least a line above the one below.
        height = max(line["ratio"].iloc[-1], height * 1.09)
        axes.annotate(
            name,
            (1, height),
            xycoords=("axes fraction", "data"),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=hue,
        )
    figures.plain_axis(axes.yaxis, ticks=(0.5, 0.7, 1, 1.5, 2, 3, 5, 7))
    figures.claim_line(axes, claimed.value, f"claimed: {number(claimed.value)}x in weeks")
    _date_axis(axes)
    axes.grid(True, axis="y")
    return drawn


def long_view(
    single: pd.DataFrame, table: pd.DataFrame, /, *, claimed: Claim, name: str
) -> Exhibit:
    """Return gains within weeks beside gains over years: how many, how large, how many reach it.

    `single` is from ``shifts.singles``, `table` the table ``trtllm_throughput``.
    """
    found = []
    for text, moves in (("", single), (", after a first rise", single[~single["first_state"]])):
        for weeks, gains in _largest_gains(moves).groupby("weeks")["gain"]:
            what = f"one configuration and concurrency{text}"
            found.append({"what": what, "within": f"{weeks} weeks"} | _gains(gains, claimed))
    recent = table[table["method"] != "static-batch"]
    views = {
        "best configuration of a shape, models spliced": (table, {"best": True}),
        "the same, without static batches": (recent, {"best": True}),
        "the same, one model throughout": (table, {"best": True, "families": {}}),
        "one configuration throughout": (table, {}),
    }
    for text, (part, options) in views.items():
        series = release_series(part, **options)
        keys = ["gpu", "family", "precision", "isl", "osl"]
        groups = series.groupby(keys if "best" in options else [*keys, "configuration"])
        longest = (groups["date"].max() - groups["date"].min()).max().days / 365.25
        head = {"what": f"TensorRT-LLM: {text}", "within": f"up to {number(longest, 2)} years"}
        found.append(head | _gains(groups["ratio"].max(), claimed))
    shown = pd.DataFrame(found)
    sources = [*single["source"].unique(), "trtllm_throughput"]
    return figures.table(shown, name=name, caption=_long_words(shown, claimed), sources=sources)


def _largest_gains(single):
    best = single.sort_values("gain", kind="stable")
    return best.drop_duplicates([*POINT, "weeks"], keep="last")


def _gains(gains, claimed):
    return {
        "series": len(gains),
        "median gain": gains.median(),
        "largest gain": gains.max(),
        "at 2x": int((gains >= 2).sum()),
        f"at {number(claimed.value)}x": int((gains >= claimed.value).sum()),
    }


def _long_words(table, claimed):
    long = table["what"].str.startswith("TensorRT")
    best = table.loc[table.loc[~long, "largest gain"].idxmax()]
    settled = table.loc[~long & table["what"].str.endswith("first rise"), "largest gain"].max()
    years = table[long].iloc[0]
    return (
        f"The largest gain of each series on fixed hardware over its best earlier state. In weeks, "
        f"a configuration at one concurrency gained at most {number(best['largest gain'])}x, and "
        f"at most {number(settled)}x once it had risen before. In years, "
        f"{years[f'at {number(claimed.value)}x']} of {years['series']} shapes of TensorRT-LLM "
        f"gained {number(claimed.value)}x, the middle one {_percent(years['median gain'])}. The "
        f"two are measured apart: users served under load here, offline maxima there."
    )


def pace(changes: pd.DataFrame, /, *, about: Sequence[Mapping], name: str) -> Exhibit:
    """Return merged changes of the benchmark's recipes a week: all, and those `about` something.

    Each of `about` is a condition of ``log.pace``: a `model` or a `hardware`.
    """
    data = log.pace(changes)[["changes"]].rename(columns={"changes": "all"})
    for condition in about:
        (key,) = condition.values()
        data[hardware.name(key)] = log.pace(changes, **condition)["changes"]
    data = data.fillna(0).astype(int).reset_index()
    drawn, axes = figures.figure(height=2.9)
    axes.bar(data["week"], data["all"], width=6, color=GRID, label="all changes")
    for label, hue in zip(data.columns[2:], (INK, *figures.OTHER[2:]), strict=False):
        axes.plot(data["week"], data[label], color=hue, label=f"about {label}", lw=1.6)
    axes.set_ylabel("Pull requests merged a week")
    axes.grid(True, axis="y")
    _date_axis(axes)
    drawn.legend(loc="outside upper left", ncols=3)
    means = " and ".join(
        f"{number(data[label].mean())} about {label}" for label in data.columns[2:]
    )
    finding = (
        f"{changes['pull_request'].nunique()} changes in {len(data)} weeks, a median of "
        f"{number(data['all'].median())} a week; a mean of {means}."
    )
    caption = (
        f"Changes merged into the benchmark's recipes: images, parallelism, sweeps, fixes. It is "
        f"the pace of the recipes, not of the engines that they run. {finding} The log begins on "
        f"{changes['date'].min():%Y-%m-%d}, after the updates that the claims name."
    )
    return figures.publish(
        drawn, name=name, alt=finding, caption=caption, data=data, sources=["changes"]
    )


# ----------------------------------------------------------------- what would change it


def variations(
    rows: pd.DataFrame, moved: pd.DataFrame, /, *, claimed: Sequence[Claim], name: str
) -> Exhibit:
    """Return how far and how many frontiers moved under other choices of rows and windows."""
    weeks = sorted(int(one) for one in moved["weeks"].unique())
    settled = f"none from the first {7 * max(weeks)} days of a configuration"
    gaps = shifts.movement(rows, weeks=weeks, gaps=True)
    clean = shifts.movement(rows[rows["caveat"] == ""], weeks=weeks)
    like = moved[moved["kind"] == LIKE]
    choices = {
        "as in the result, like for like": like,
        "none from a first state": like[~like["first_state"]],
        settled: like[like["first_days"] >= 7 * max(weeks)],
        "none with a caution": like[like["cautions"] == ""],
        "without runs with idle time or regressed": clean[clean["kind"] == LIKE],
        "windows with gaps": gaps[gaps["kind"] == LIKE],
        "wider sweeps count": moved[moved["kind"] != LIKE],
        "wider sweeps count, windows with gaps": gaps[gaps["kind"] != LIKE],
    }
    levels = sorted({claim.value for claim in claimed})
    table = pd.DataFrame(
        [
            {"choice": text} | _varied(shifts.largest(part, by="least"), weeks, levels)
            for text, part in choices.items()
        ]
    )
    most = [choices[text]["least"].max() for text in ("none from a first state", settled)]
    caption = (
        f"The least move of each series within {' / '.join(map(str, weeks))} weeks. The largest is "
        f"{number(like['least'].max())}x, {number(most[0])}x where what is compared had risen "
        f"before, and {number(most[1])}x where it had been measured for {max(weeks)} weeks. "
        f"{int(rows['date'].isna().sum()):,} of {len(rows):,} rows are undated and in none of this."
    )
    return figures.table(table, name=name, caption=caption, sources=_sources(moved))


def _varied(best, weeks, levels):
    parts = [best.loc[best["weeks"] == one, "least"] for one in weeks]
    row = {"series": " / ".join(str(len(part)) for part in parts)}
    for value in levels:
        counts = (str(int((part >= value).sum())) for part in parts)
        row[f"at {number(value)}x"] = " / ".join(counts)
    row["largest"] = " / ".join(number(part.max()) for part in parts)
    return row | {"median": " / ".join(number(part.median(), 4) for part in parts)}


# ----------------------------------------------------------------- in a sentence


def quotable(
    rows: pd.DataFrame, moved: pd.DataFrame, single: pd.DataFrame, /, *, claimed: Sequence[Claim]
) -> Markdown:
    """Return the finding as sentences with their condition, made from the numbers.

    `moved` is from ``examined``, `single` from ``shifts.singles``; `claimed` are the claims of a
    factor over weeks, the smaller first. `rows` are all measured rows.
    """
    part = moved[(moved["kind"] == LIKE) & (moved["weeks"] == _longest(moved))]
    if part.empty:
        return _nothing(LIKE)
    low, high = (claim.value for claim in claimed)
    best = shifts.largest(part, by="least")
    big = best[best["least"] >= low]
    gains = _largest_gains(single[single["weeks"] == _longest(moved)])["gain"]
    first = int(big["first_state"].sum())
    huge = int((best["least"] >= high).sum())
    start = f", {'all' if first == len(big) else first} of them from the first state measured"
    dated = int(_claimed_system(rows)["date"].notna().sum())
    text = (
        f"Of {len(best)} frontiers measured again on unchanged hardware, {len(big) or 'none'} "
        f"moved by {number(low)}x or more within {_longest(moved)} weeks{start * bool(len(big))}, "
        f"{huge or 'none'} by {number(high)}x or more, and the middle one by "
        f"{_percent(best['least'].median())}; "
        f"{int((gains >= high).sum()) or 'none'} of {len(gains)} configurations gained "
        f"{number(high)}x at a fixed concurrency. Of {CLAIMED[0]} on "
        f"{hardware.name(CLAIMED[1])} NVL72, the system of the claims, {dated or 'no'} public "
        f"run is dated."
    )
    condition = (
        f"Dated public runs from {part['earlier'].min():%Y-%m-%d} to {part['later'].max():%Y-%m-%d}"
        f", equal configurations and concurrencies, the least move that the points allow."
    )
    return Markdown(f"> {text}\n\n{condition}")


def provenance(rows: pd.DataFrame, /, *, name: str) -> Exhibit:
    """Return how many measured rows each source gives, and how many dates; the CSV has the rows."""
    by = rows.groupby("source")["date"]
    table = pd.DataFrame(
        {
            "rows": by.size(),
            "dated": by.count(),
            "dates": by.nunique(),
            "first": by.min(),
            "last": by.max(),
        }
    ).reset_index()
    dated = rows[rows["date"].notna()]
    caption = f"{len(rows):,} measured rows, {len(dated):,} of them dated; the data are the latter."
    columns = [
        *POINT,
        "date",
        "interactivity",
        "throughput_per_gpu",
        "ttft",
        "tpot",
        "caveat",
        "row_id",
        "run_url",
    ]
    return figures.table(
        table, name=name, caption=caption, data=dated[columns], sources=table["source"]
    )


def known_answers(answers: Mapping[str, tuple[float, float]], /) -> Markdown:
    """Return known answers beside what the method finds; they must agree."""
    for what, (found, expected) in answers.items():
        if not np.isclose(found, expected, rtol=1e-9):
            raise AssertionError(f"{what}: expected {expected}, found {found}")
    lines = (f"- {what}: expected {b:.6g}, found {a:.6g}." for what, (a, b) in answers.items())
    return Markdown("\n".join(lines))


# ----------------------------------------------------------------- shared


def _system(row):
    return series_in_words(pd.DataFrame([dict(row)])).iloc[0]


def _systems(records):
    """Return the series in words, with the model where there are several."""
    several = len({row["model"] for row in records}) > 1
    return [f"{row['model']} " * several + _system(row) for row in records]


def _nothing(kind):
    return Markdown(f"No series of this selection has a {kind} move: none was measured twice.")


def _of(mask):
    """Return how many are so, of how many: ``All 9``, ``4 of the 9``, ``None of the 9``."""
    count = int(mask.sum())
    if count == len(mask):
        return f"All {count}"
    return f"{count or 'None'} of the {len(mask)}"


def _percent(ratio):
    return f"{100 * (ratio - 1):.1f} %"


def _share(ratio):
    return f"{number(100 * ratio)} %"


def _longest(moved):
    return int(moved["weeks"].max())


def _sources(moved):
    return sorted({key for keys in moved["sources"].unique() for key in keys.split()})


def _dated(rows):
    return sorted(rows.loc[rows["date"].notna(), "source"].unique())


def _hollow(kind):
    """Whether a kind of evidence is drawn hollow, so that a mark below it still shows."""
    return kind == "derived from latencies"


def _mark(marker, hue, label, *, hollow=False):
    face = "none" if hollow else hue
    size = 9 if marker == "|" else 5
    return Line2D([], [], marker=marker, ls="", mec=hue, mfc=face, ms=size, label=label)


def _rows_only(axes):
    axes.grid(True, axis="x")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _date_axis(axes):
    locator = AutoDateLocator(maxticks=8)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
