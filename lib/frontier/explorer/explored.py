"""Exhibits of what a choice gives: report 08.

Each takes the measured rows and a choice of `frontier.explorer`. Measured and modelled answers
stand in tables of their own, and in marks of their own where they share axes. In JupyterLab
`panel` has controls for the same choice; a page that a build makes has none.
"""

import html
from dataclasses import replace

import numpy as np
import pandas as pd
from IPython.display import HTML, Markdown

from broadsheet import in_build
from frontier import explorer, figures
from frontier.claims import comparisons
from frontier.claims.comparisons import Target
from frontier.data import hardware, measurements
from frontier.data.words import counted, number
from frontier.explorer import QUANTITIES, Choice
from frontier.figures import NAMES, Exhibit, exhibits, own

QUANTITY = "tok_s_per_mw"  # what the first figure shows
BESIDE = ("usd_per_million_tokens", "wh_per_answer", "users", "tok_s_per_gpu")
ROW = [
    "hardware", "framework", "precision", "speculative", "disaggregated", "gpus", "prefill_gpus",
    "decode_gpus", "tp", "ep", "dp_attention", "isl", "osl", "concurrency", "interactivity",
    "ttft", "tok_s_per_gpu", "tok_s_per_mw", "usd_per_million_tokens", "wh_per_answer",
    "deployments", "users", "date", "caveat", "source", "row_id", "run_url",
]  # fmt: skip


def definitions(*, name: str) -> Exhibit:
    """Return what each quantity is, with its unit."""
    data = pd.DataFrame(
        {
            "quantity": one.name,
            "unit": one.unit,
            "what it is": one.meaning,
            "better": "more" if one.most else "less",
        }
        for one in QUANTITIES.values()
    )
    caption = (
        "The quantities, for every measured row and every modelled configuration. A fleet holds "
        "whole deployments only: what is left over serves nobody."
    )
    return figures.table(data, name=name, caption=caption, sources=["power", "prices"])


def covered(rows: pd.DataFrame, choice: Choice, /, *, name: str) -> Exhibit:
    """Return what was measured for a choice, by accelerator, and what the data do not have.

    Raises UsageError where nothing was, with what there is.
    """
    points = explorer.asked(rows, choice)
    data = explorer.target_met(points, choice)
    found, reasons = explorer.modelled(rows, choice)
    answered, missing = (
        set(found["hardware"]),
        [*explorer.said(rows, choice), *explorer.refused(reasons)],
    )
    shown = pd.DataFrame(
        {
            "accelerator": data["hardware"].map(_named),
            "rows": data["rows"],
            "dated": data["dated"],
            "with TTFT": data["with_ttft"],
            f"rows at {number(choice.interactivity)} tok/s/user or faster": data["meet"],
            "fastest, tok/s/user": data["fastest"],
            "kW per GPU": [choice.kilowatts(key) for key in data["hardware"]],
            "$ per GPU-hour": [choice.dollars(key) for key in data["hardware"]],
            "modelled": [key in answered for key in data["hardware"]],
        }
    )
    caption = (
        f"Rows of {choice.model} at {choice.shape} that meet the choice, of deployments of any "
        f"size; power of edition {choice.power_edition}, prices {choice.price}. "
        + (" ".join(missing) or "Nothing that was asked for is missing.")
    )
    return figures.table(
        shown, name=name, caption=caption, data=points[ROW], sources=["power", "prices"]
    )


def frontiers(rows: pd.DataFrame, choice: Choice, /, *, name: str) -> Exhibit | Markdown:
    """Return throughput per megawatt: measured points, their frontiers, and the model's.

    Points are of deployments of any size, lines of those that the fleet holds whole. Where nothing
    was measured it is a sentence with what there is.
    """
    if nothing := explorer.nothing(rows, choice):
        return Markdown(nothing)
    points, (said, _) = explorer.measured(rows, choice), explorer.modelled(rows, choice)
    points, fronts, lines = (
        _series(part) for part in (points, _fronts(points, QUANTITY), _fronts(said, QUANTITY))
    )
    points["evidence"] = comparisons.evidence(points)
    keys = list(points["series"].unique())
    points, fronts, lines = (part.assign(value=part[QUANTITY]) for part in (points, fronts, lines))
    known = own_rows(choice)
    yours = mine(known, choice, QUANTITY)
    steps = [explorer.front(one, QUANTITY) for _, one in yours.groupby("series", sort=False)]
    drawn = figures.frontiers(
        points,
        fronts,
        series="series",
        ylabel=axis(choice, QUANTITY),
        height=4.6,
        colours=_colours(choice),
        modelled=lines,
        at=(choice.interactivity, "target"),
        own=(yours, pd.concat(steps)) if steps else None,
    )
    at = _told(fronts, choice, keys, QUANTITY)
    outside = f"{number(100 * lines['extrapolated'].mean())} %" if len(lines) else "none"
    per_mw = unit(choice, QUANTITY)
    caption = (
        f"{choice.model} at {choice.shape} input/output tokens, power edition "
        f"{choice.power_edition}. At {number(choice.interactivity)} tok/s/user, measured, "
        f"{per_mw} ({choice.tokens} tokens): {at}. "
        f"Solid: the best measured at an interactivity or a higher one{_within(points, choice)}; "
        f"{_dated(points)}. Dashed: the calibrated serving model in the same fleet, dotted where "
        f"it was not checked ({outside} of its points).{own.WORDS * bool(steps)}"
        f"{_apart(known, choice)}"
    )
    data = pd.concat(
        [
            points.assign(mark=points["evidence"]),
            lines.assign(
                mark=np.where(lines["extrapolated"], "modelled, extrapolated", "modelled")
            ),
            *([yours.assign(mark=yours["evidence"])] if steps else []),
        ],
        ignore_index=True,
    )
    columns = ["series", "mark", "interactivity", QUANTITY, *ROW[1:6], "concurrency", "date"]
    return figures.publish(
        drawn,
        name=name,
        caption=caption,
        data=data[[*columns, "source", "row_id"]],
        alt=f"{axis(choice, QUANTITY)}, over interactivity, {choice.model} at {choice.shape}. "
        f"Measured at {number(choice.interactivity)} tok/s/user: {at}.",
        sources=["power", *(["serving_fit"] if len(lines) else [])],
    )


def others(rows: pd.DataFrame, choice: Choice, /, *, name: str) -> Exhibit | Markdown:
    """Return cost, energy, users and throughput per GPU over interactivity, measured.

    All are of deployments that the fleet holds whole. Where nothing was measured, or nothing of it
    fits, it is a sentence with what there is.
    """
    if nothing := explorer.nothing(rows, choice):
        return Markdown(nothing)
    points = explorer.measured(rows, choice)
    if not (points["deployments"] >= 1).any():
        return Markdown(explorer.unfit(points, choice))
    kept = {column: _series(_fronts(points, column)) for column in BESIDE}
    data = pd.concat(
        [part.assign(quantity=column, value=part[column]) for column, part in kept.items()],
        ignore_index=True,
    )
    keys = [_named(key) for key in points["hardware"].unique()]
    known = own_rows(choice)
    yours = [
        explorer.front(one, column).assign(quantity=column)
        for column in BESIDE
        for _, one in mine(known, choice, column).groupby("series", sort=False)
    ]
    data = pd.concat([data, *yours], ignore_index=True)
    names = [key for key in dict.fromkeys(data["series"]) if key not in keys]
    drawn = figures.quantities(
        data,
        columns={column: axis(choice, column) for column in BESIDE},
        series="series",
        colours=_colours(choice),
        at=choice.interactivity,
        own=names,
    )
    users, cost = (_told(kept[column], choice, keys, column) for column in ("users", BESIDE[0]))
    caption = (
        f"{choice.model} at {choice.shape}, measured only, power edition {choice.power_edition}. "
        f"Each line is the best at an interactivity or a higher one{_within(points, choice)}; "
        f"{_dated(points)}. The dotted line is the target. At {number(choice.interactivity)} "
        f"tok/s/user, a fleet of {choice.fleet} serves at most, in users: {users}; a million "
        f"tokens ({choice.tokens}) cost at least, in dollars ({choice.price}): {cost}."
        f"{own.WORDS * bool(names)}{_apart(known, choice)}"
    )
    return figures.publish(
        drawn,
        name=name,
        caption=caption,
        sources=["power", "prices"],
        alt=f"Cost, energy, users and throughput over interactivity. Users at most: {users}.",
        data=data[["series", "quantity", "interactivity", "value", "date", "source", "row_id"]],
    )


def best(rows: pd.DataFrame, choice: Choice, /, *, name: str) -> Exhibit:
    """Return the measured deployments that meet the target at the least power or cost."""
    points = explorer.measured(rows, choice)
    data = explorer.best(points, choice)
    return _deployments(data, choice, name, answer(points, choice, rows))


def best_of_each(rows: pd.DataFrame, choice: Choice, /, *, name: str) -> Exhibit:
    """Return the best measured deployment of each accelerator that meets the target."""
    data = explorer.best_of_each(explorer.measured(rows, choice), choice)
    if nothing := explorer.nothing(rows, choice):
        return _deployments(data, choice, name, nothing)
    left = [_named(key) for key in choice.accelerators if key not in set(data["hardware"])]
    none = f" None on {', '.join(left)} that fits {choice.fleet} whole meets the target."
    caption = "The same, the best of each accelerator." + none * bool(left)
    return _deployments(data, choice, name, caption)


def modelled(rows: pd.DataFrame, choice: Choice, /, *, name: str) -> Exhibit:
    """Return the model's best deployment of each accelerator: modelled cost is called that."""
    found, reasons = explorer.modelled(rows, choice)
    data = explorer.best_of_each(found, choice)
    shown = pd.DataFrame(
        {
            "modelled deployment": [
                f"{_named(row.hardware)}, {_modelled_configuration(row)}"
                for row in data.itertuples()
            ],
            "modelled tok/s/user": data["interactivity"],
            **{
                f"modelled {unit(choice, column)}": data[column]
                for column in ("tok_s_per_mw", "usd_per_million_tokens")
            },
            "modelled Wh per answer": data["wh_per_answer"],
            f"deployments in {choice.fleet}": data["deployments"],
            "modelled users": data["users"],
            "extrapolated": data["extrapolated"].map(bool),
        }
    )
    caption = (
        "The calibrated serving model's best deployment of each accelerator at the same target and "
        f"within the fleet, of at most {explorer.LARGEST} GPUs: "
        "no measurement, and extrapolated where it was not checked on measured rows. Its time to "
        f"first token was not validated and is not shown. {' '.join(explorer.refused(reasons))}"
    )
    return figures.table(
        shown,
        name=name,
        caption=caption.strip(),
        data=data,
        sources=["serving_fit", "power", "prices"],
    )


def lead(rows: pd.DataFrame, choice: Choice, /, *, sigma: float, name: str) -> Exhibit | Markdown:
    """Return the ratio of tokens per megawatt over the baseline, with its band for run noise."""
    found = [c for c in explorer.compared(rows, choice) if c.tested]
    if not found:
        return Markdown(f"There is no ratio: nothing is shared with {_named(choice.baseline)}.")
    target = Target(1.0, "gain", named=False)
    findings = [comparisons.examine(one, target, sigma=sigma) for one in found]
    used = pd.concat([one.rows for one in found]).drop_duplicates("row_id")
    note = f"Power edition {choice.power_edition}, deployments of any size; {_dated(used)}."
    return exhibits.ratios(findings, sigma=sigma, name=name, note=note)


def variations(rows: pd.DataFrame, choice: Choice, /, *, name: str) -> Exhibit:
    """Return the best deployment under each change of the choice, one change at a time."""
    parts = []
    for label, kept, changed in _changes(rows, choice):
        found = explorer.best(explorer.measured(kept, changed), changed, 1)
        parts.append(
            found.assign(change=label) if len(found) else pd.DataFrame({"change": [label]})
        )
    data = pd.concat(parts, ignore_index=True).reindex(columns=["change", *ROW])
    there = data["hardware"].notna()
    shown = pd.DataFrame(
        {
            "change": data["change"],
            "tok/s/user": data["interactivity"],
            "Wh per answer": data["wh_per_answer"],
            unit(choice, "usd_per_million_tokens"): data["usd_per_million_tokens"],
            "users": data["users"],
            "deployment": [
                deployment(row) if met else "none meets it"
                for row, met in zip(data.itertuples(), there, strict=True)
            ],
        }
    )
    names = data["hardware"].dropna()
    same = int((names == names.iloc[0]).sum()) if len(names) else 0
    caption = (
        f"Measured, the best deployment for the least {choice.least} with one thing changed at a "
        f"time. In {same} of {len(data)} rows the accelerator is that of the first."
    )
    return figures.table(shown, name=name, caption=caption, data=data, sources=["power", "prices"])


def quotable(rows: pd.DataFrame, choice: Choice, /) -> HTML:
    """Return the answer as a sentence that can be quoted, with its condition."""
    points = explorer.measured(rows, choice)
    told = html.escape(answer(points, choice, rows))
    return HTML(f'<blockquote class="quotable">{told}</blockquote>')


def answer(points: pd.DataFrame, choice: Choice, /, rows: pd.DataFrame | None = None) -> str:
    """Return which measured deployment is best, of `points`, with its condition, in a sentence.

    Without points it says that nothing was measured; with `rows` also what there is.
    """
    if points.empty:
        there = "" if rows is None else explorer.nothing(rows, choice)
        return f"{_asked(choice)} {there[:1].lower()}{there[1:] or 'nothing was measured.'}"
    return f"{_asked(choice)} {_first(explorer.best(points, choice, 1), points, choice)}"


def panel(rows: pd.DataFrame, choice: Choice, /):
    """Return the controls for a choice, in JupyterLab; a build shows nothing here.

    Without ipywidgets it is one line that says how to get them.
    """
    if in_build():
        return None
    try:
        from frontier.explorer import widgets
    except ImportError:
        return Markdown(
            "The controls need ipywidgets: run `make lab`, or `pip install ipywidgets` beside "
            "JupyterLab and restart the kernel. All else on this page works without."
        )
    return widgets.panel(rows, choice)


def _changes(rows, choice):
    """Return what is changed, one thing at a time: its name, the rows, and the choice."""
    speed, other = choice.interactivity, "cost" if choice.least == "power" else "power"
    edition = next(e for e in hardware.POWER_EDITIONS if e != choice.power_edition)
    changes = [("as chosen", rows, choice), ("dated rows only", rows[rows["date"].notna()], choice)]

    def change(label, **changed):
        changes.append((label, rows, replace(choice, **changed)))

    for factor in (0.8, 1.25):
        change(f"target {number(factor * speed)} tok/s/user", interactivity=factor * speed)
    for limit in (1.0, 3.0):
        change(f"time to first token within {number(limit)} s", ttft_limit=limit)
    change("without speculation", speculation="off")
    if choice.disaggregation != "on":
        change("one node", single_node=True)
    change(f"power edition {edition}", power_edition=edition)
    for price in explorer.PRICES:
        if price != choice.price:
            change(f"prices {price}", price=price)
    change(f"least {other}", least=other)
    return changes


def _deployments(data, choice, name, caption) -> Exhibit:
    shown = pd.DataFrame(
        {
            "deployment": [deployment(row) for row in data.itertuples()],
            "concurrency of each": data["concurrency"],
            "tok/s/user": data["interactivity"],
            "TTFT, s": data["ttft"],
            unit(choice, "tok_s_per_mw"): data["tok_s_per_mw"],
            unit(choice, "usd_per_million_tokens"): data["usd_per_million_tokens"],
            "Wh per answer": data["wh_per_answer"],
            f"deployments in {choice.fleet}": data["deployments"],
            "users": data["users"],
            "date": [f"{day:%Y-%m-%d}" if pd.notna(day) else "undated" for day in data["date"]],
            "row": data["row_id"],
        }
    )
    return figures.table(
        shown, name=name, caption=caption, data=data[ROW], sources=["power", "prices"]
    )


def _asked(choice) -> str:
    """Return what was asked for, as the beginning of an answer."""
    limit = choice.ttft_limit
    first = f" and a first token within {number(limit)} s" if limit else ""
    return (
        f"{choice.model} at {choice.shape}, {number(choice.interactivity)} tok/s/user or "
        f"faster{first}, at the least {choice.least}, on {choice.fleet}, power edition "
        f"{choice.power_edition}, prices {choice.price}:"
    )


def _first(data, points, choice) -> str:
    """Return the first of the best deployments in words, or what comes nearest."""
    if len(data):
        row = data.iloc[0]
        day = f"{row['date']:%Y-%m-%d}" if pd.notna(row["date"]) else "undated"
        cost = row["usd_per_million_tokens"]
        silent = "; its time to first token is not stated" * bool(pd.isna(row["ttft"]))
        dollars = f", ${number(cost)} per million tokens ({choice.tokens})" if cost == cost else ""
        return (
            f"{_named(row['hardware'])}, {_configuration(row)}, measured at "
            f"{number(row['interactivity'])} tok/s/user with concurrency {row['concurrency']:,} "
            f"({day}, {row['row_id']}): {number(row['wh_per_answer'])} Wh of provisioned energy "
            f"per answer{dollars}, {counted(row['deployments'], 'deployment')}, "
            f"{int(row['users']):,} answers being written at once{silent}."
        )
    fast = points[points["interactivity"] >= choice.interactivity]
    if fast.empty:
        top = points.loc[points["interactivity"].idxmax()]
        return (
            f"no measured deployment is so fast; the fastest is {_named(top['hardware'])} at "
            f"{number(top['interactivity'])} tok/s/user."
        )
    return f"{'; '.join(_obstacles(fast, choice))}."


def _obstacles(fast, choice) -> list[str]:
    """Return why no row that is fast enough is an answer: its price is missing, or its size."""
    fits, priced = fast["deployments"] >= 1, fast[choice.best_of.column].notna()
    told = []
    if fits.any():
        names = " and ".join(map(_named, fast.loc[fits, "hardware"].unique()))
        told.append(
            f"what is fast enough and fits is on {names}, and the edition {choice.price} has no "
            "price for that"
        )
    large = fast[~fits & priced] if fits.any() or priced.any() else fast
    if len(large):
        least = large.loc[(large["gpus"] * large["kw_per_gpu"]).idxmin()]
        told.append(
            f"none that {'has a price and ' * bool(fits.any())}is fast enough fits the fleet "
            f"whole; the smallest takes {least['gpus']} {_named(least['hardware'])}, "
            f"{number(least['gpus'] * least['kw_per_gpu'])} kW"
        )
        if not priced.any():
            told.append(f"the edition {choice.price} has no price for it")
    return told


def _configuration(row) -> str:
    """Return a measured row's configuration in words."""
    row = row if isinstance(row, pd.Series) else pd.Series(row._asdict())
    split = f"{row['prefill_gpus']:.0f} prefill + {row['decode_gpus']:.0f} decode"
    parts = (
        f"{row['framework']} {row['precision']}",
        "MTP or draft" * bool(row["speculative"]),
        counted(int(row["gpus"]), "GPU")
        + (f" ({split})" if row["disaggregated"] and row["decode_gpus"] else ""),
        f"TP {row['tp']:.0f}" if row["tp"] else "",
        f"EP {row['ep']:.0f}" if row["ep"] > 1 else "",
        "attention DP" * bool(row["dp_attention"]),
        str(row["caveat"] or ""),
    )
    return ", ".join(filter(None, parts))


def deployment(row) -> str:
    """Return a measured row's deployment in words."""
    return f"{_named(row.hardware)}, {_configuration(row)}"


def _modelled_configuration(row) -> str:
    parts = (
        row.precision,
        "disaggregated" if row.disaggregated else "aggregated",
        counted(row.gpus, "GPU"),
        f"workers of {row.worker_gpus}",
        f"TP {row.tp}",
        "EP" * bool(row.expert_parallel),
        f"batch {row.batch:g}",
        f"{row.draft} drafted" if row.draft else "",
    )
    return ", ".join(filter(None, parts))


def _within(points, choice) -> str:
    """Return of what the lines of a figure are, after a comma: what the fleet holds whole."""
    left = explorer.unfit(points, choice).rstrip(".")
    return f", of deployments that fit {choice.fleet} whole" + (f" ({left})" if left else "")


def _dated(points) -> str:
    """Return how many rows are undated, and the newest date of the others."""
    undated, newest = int(points["date"].isna().sum()), comparisons.last_date(points)
    others = f", the newest of the others is of {newest}" if newest else ""
    return f"{undated:,} of {len(points):,} rows are undated{others}"


def _fronts(points, column):
    """Return the front of each accelerator, one under the other."""
    parts = [explorer.front(some, column) for _, some in points.groupby("hardware", sort=False)]
    return pd.concat(parts, ignore_index=True) if parts else points.iloc[:0]


def own_rows(choice: Choice, /) -> pd.DataFrame:
    """Return one's own rows of the model and traffic of a choice, whatever their system."""
    rows = measurements.own()
    return rows[(rows["model"] == choice.model) & (measurements.shapes(rows) == choice.shape)]


def mine(rows: pd.DataFrame, choice: Choice, column: str, /) -> pd.DataFrame:
    """Return the rows of `own_rows` with a quantity, as `value`, and their `series`.

    Without those on accelerators of no known power: of them no quantity is known.
    """
    rows = rows[rows["hardware"].isin(explorer.powered(choice.power_edition))]
    found = explorer.quantified(rows, choice)
    found = found[np.isfinite(found[column]) & (found[column] > 0)]
    named = found["label"].map(own.series)
    return found.assign(series=named, value=found[column], evidence="yours")


def _apart(known, choice):
    """Return a sentence on one's own rows that are on no figure, for want of a power."""
    return own.without_power(set(known["hardware"]) - set(explorer.powered(choice.power_edition)))


def _series(points):
    return points.assign(series=points["hardware"].map(_named))


def _told(fronts, choice, keys, column) -> str:
    """Return the attainable value of each series at the target, in words."""
    words = []
    for key in keys:
        there = fronts[
            (fronts["series"] == key) & (fronts["interactivity"] >= choice.interactivity)
        ]
        words.append(f"{key} {number(there[column].iloc[0]) if len(there) else 'nothing'}")
    return ", ".join(words)


def unit(choice: Choice, column: str) -> str:
    """Return the unit of a quantity, with the tokens that it counts."""
    unit = QUANTITIES[column].unit
    if choice.tokens == "output":
        unit = unit.replace("tok/s/", "output tok/s/").replace(
            "million tokens", "million output tokens"
        )
    return unit


def axis(choice: Choice, column: str) -> str:
    """Return the label of an axis that shows a quantity."""
    words = f"{QUANTITIES[column].name}, {unit(choice, column)}"
    return f"{words}, in {choice.fleet}" if column == "users" else words


def _colours(choice) -> dict[str, str]:
    return {_named(key): figures.colour(key) for key in choice.accelerators}


def _named(key) -> str:
    return NAMES.get(key, key)
