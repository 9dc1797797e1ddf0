"""Shares of a gain as a page shows them: the choices, the parts, and where a share is true.

What is computed comes from `claims.splits` and `claims.attribution`; how it is drawn from
`frontier.figures`. Sentences with numbers are made from those numbers here. Software alone on fixed
hardware, which needs no split, is in `figures.updates`.

>>> from frontier.figures import shares
>>> shares.region(verdict.findings, claim, name="05-region")  # doctest: +SKIP
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from frontier import figures
from frontier.claims import Claim, attribution, comparisons, filings, modelled, splits
from frontier.claims.comparisons import UNTESTED, Finding
from frontier.claims.splits import UNIT, Split, States
from frontier.data import hardware, measurements
from frontier.data.words import number, quantity, span
from frontier.figures import Exhibit

KINDS = {
    "hardware": figures.HARDWARE["gb200"],
    "software": figures.HARDWARE["h200"],
    "disputed": figures.OTHER[0],
}
NEAREST = (
    "What comes near hardware alone and is not: with speculation on both sides, with another "
    "number format on Blackwell, and a model whose four-bit weights Hopper computes in others."
)
MEANINGS = {key: text.removeprefix("share of the ") for key, text in attribution.MEANINGS.items()}


def gains(findings: Sequence[Finding], /) -> list[States]:
    """Return the gains behind findings of shares, each once, whether they could be split or not."""
    return list({id(f.comparison.states): f.comparison.states for f in findings}.values())


def measured(findings: Sequence[Finding], /) -> list[States]:
    """Return the gains that could be split."""
    return [one for one in gains(findings) if one.tested]


def counted(states: Sequence[States], /, *, name: str) -> Exhibit:
    """Return every change with what it counts as, and in how many measured cells it is."""
    factors = {factor.name: factor for one in states for factor in one.factors}
    table = pd.DataFrame(
        [
            {
                "change": factor.name,
                "counts as": factor.kind,
                "what changes": _changed(factor),
                **{one.shape: _cells_with(one, factor.name) for one in states},
            }
            for factor in factors.values()
        ]
    )
    caption = (
        f"The changes between {states[0].name}, and how many measured cells have each, by shape "
        f"(input/output tokens). Disputed ones are counted either way. A cell that cannot exist, "
        f"such as FP4 on Hopper, or that nobody measured is in no order and never filled in."
    )
    return figures.table(table, name=name, caption=caption, sources=_sources(states))


def cells(states: Sequence[States], /, *, name: str) -> Exhibit:
    """Return how much was measured of each split gain, and what its first engine rests on."""
    table = pd.DataFrame(
        [
            {
                "shape": one.shape,
                "cells": len(one.lattice.cells),
                "orders": one.lattice.orders,
                "rows": len(set().union(*(one.rows[cell].index for cell in one.lattice.cells))),
                "shared, tok/s/user": span(*one.range, ""),
                "of the end's and the start's range": " and ".join(
                    f"{number(100 * part)} %" for part in one.coverage
                ),
                "fewest points inside": one.fewest,
                "split": one.tested,
                "first engine": _engine(one),
            }
            for one in states
            if one.shared
        ]
    )
    caption = (
        "How much of each gain was measured; one that all cells share on less than "
        f"{number(100 * comparisons.LEAST_SHARE)} % of a curve is not split. Shared is the "
        "interactivity that every cell has, up to where the start falls below its floor; few "
        "points inside mean a coarse step. First engine: the mean gain in speed of the points that "
        "were run before and after the day, and how many they are; by it the whole frontier of the "
        "cell is moved back on both axes."
    )
    return figures.table(table, name=name, caption=caption, sources=_sources(states))


def overview(findings: Sequence[Finding], claims: Sequence[Claim], /, *, name: str) -> Exhibit:
    """Return the share of the log gain under each choice of what counts as software."""
    shown = [f for f in findings if f.outcome != UNTESTED and f.comparison.meaning == "log"]
    data = _table(shown)
    drawn = figures.intervals(
        _percent(data, "headline", "low", "high", "least", "largest"),
        label="choice",
        group="shape",
        hue="shape",
        log=False,
        colours=dict(zip(data["shape"].unique(), figures.SERIES, strict=False)),
        xlabel="Share of software in the log gain, %",
        claim=[(100 * claim.value, f"{number(100 * claim.value)} %") for claim in claims],
    )
    first = data.iloc[0]
    low, high = data["headline"].min(), data["headline"].max()
    finding = (
        f"Where {first['choice']}, software has {quantity(first['headline'], UNIT)} at "
        f"{first['shape']} ({span(first['least'], first['largest'], UNIT)} over the orders); over "
        f"all choices and shapes it has {span(low, high, UNIT)}."
    )
    caption = (
        f"Dots: share of software in the log gain, averaged over the possible orders of the "
        f"changes; bars: 95 % for run noise; thin lines: the least and the largest over the "
        f"orders. One group a shape (input/output tokens), one row a choice of what counts as "
        f"software beside engine updates, MTP and disaggregation. {finding}"
    )
    return figures.publish(
        drawn, name=name, alt=finding, caption=caption, data=data, sources=_of(findings)
    )


def region(findings: Sequence[Finding], claim: Claim, /, *, name: str) -> Exhibit:
    """Return the choices under which a claimed share is true, as a map of all of them."""
    data = _table([f for f in findings if f.outcome != UNTESTED])
    data["meaning"] = data["meaning"].map(MEANINGS)
    data["met"] = data["outcome"] != "not-reproduced"
    drawn = figures.heat(
        data.assign(value=100 * data["headline"], column=data["shape"].str.replace("/", "/\n")),
        row="choice",
        column="column",
        group="meaning",
        value="value",
        strong="met",
        centre=100 * claim.value,
        unit="%",
        label=f"Share of software, %; blue: at least the claimed {number(100 * claim.value)} %",
    )
    parts = [
        f"as share of the {meaning} {_times(group['met'])}"
        for meaning, group in data.groupby("meaning", sort=False)
    ]
    text = (
        f"The claimed {quantity(claim.value, claim.unit)} is met {'; '.join(parts)} choices and "
        f"shapes."
    )
    caption = (
        f"Rows: what counts as software. Columns: what a share means, by shape (input/output "
        f"tokens): of the log gain, of the added throughput, or of the final throughput (1 - 1/S "
        f"for software worth a factor S). Bold: met by the step and by the estimate, beyond noise. "
        f"{text}"
    )
    return figures.publish(
        drawn, name=name, alt=text, caption=caption, data=data, sources=_of(findings)
    )


def parts(states: Sequence[States], /, *, sigma: float, name: str) -> Exhibit:
    """Return what each change is worth: mean over the orders, their band, and one waterfall."""
    data = pd.concat(
        [splits.parts(one, sigma=sigma).assign(shape=one.shape) for one in states],
        ignore_index=True,
    )
    data = data.rename(columns={"part": "headline", "most": "largest"})
    drawn = figures.intervals(
        data,
        label="factor",
        group="shape",
        hue="kind",
        colours=KINDS,
        tick="in_order",
        xlabel="Worth of the change, factor on throughput at equal interactivity",
        reference=(1.0, "no gain"),
    )
    texts = [_waterfall(one, data[data["shape"] == one.shape]) for one in states]
    widest = data.loc[(data["largest"] / data["least"]).idxmax()]
    caption = (
        f"Dots: mean over the possible orders (their product is the whole gain); bars: 95 % for "
        f"run noise; thin lines: least and largest over the orders; ticks: one order, the "
        f"waterfall. {'. '.join(texts)}. The order matters most for {widest['factor']} at "
        f"{widest['shape']}: {number(widest['least'])}x to {number(widest['largest'])}x."
    )
    data = data.rename(columns={"headline": "part", "largest": "most"})
    return figures.publish(
        drawn,
        name=name,
        alt="Worth of each change. " + ". ".join(texts) + ".",
        caption=caption,
        data=data,
        sources=_sources(states),
    )


def by_interactivity(
    findings: Sequence[Finding], claims: Sequence[Claim], /, *, sigma: float, name: str
) -> Exhibit:
    """Return the share of the log gain over interactivity, one panel a shape, a line a choice."""
    chosen = [
        f.comparison for f in findings if f.outcome != UNTESTED and f.comparison.meaning == "log"
    ]
    data = splits.lines(chosen, sigma=sigma)
    choices = list(data["choice"].unique())
    drawn = figures.lines(
        _percent(data, "share", "low", "high"),
        x="interactivity",
        y="share",
        series="choice",
        panel="shape",
        band=("low", "high"),
        log="x",
        height=4.2,
        colours=dict(zip(choices, figures.SERIES, strict=False)),
        xlabel="Interactivity, tok/s/user",
        ylabel="Share of software in the log gain, %",
        claim=[(100 * claim.value, f"{number(100 * claim.value)} %") for claim in claims],
    )
    first = data[data["choice"] == choices[0]]
    text = "; ".join(
        f"{shape}: {span(line['share'].min(), line['share'].max(), UNIT)}"
        for shape, line in first.groupby("shape", sort=False)
    )
    caption = (
        f"The share over interactivity, where every cell of the split was measured and the Hopper "
        f"baseline is above its floor; bands are run noise. Where {choices[0]}: {text}. Beyond the "
        f"right end a Hopper node without MTP serves nobody, or less than the floor."
    )
    return figures.publish(
        drawn,
        name=name,
        alt=f"Share of software over interactivity. {text}.",
        caption=caption,
        data=data,
        sources=_of(findings),
    )


def totals(
    findings: Sequence[Finding], others: Sequence[Split], /, *, at: Sequence[float], name: str
) -> Exhibit:
    """Return the whole gain by model and shape, at interactivities, and its share of software."""
    splits_ = [f.comparison for f in findings if f.comparison.meaning == "log"] + list(others)
    by_gain = {}
    for split in splits_:
        by_gain.setdefault((split.states.name, split.shape), []).append(split)
    rows, missing = [], []
    for (gain, shape), choices in by_gain.items():
        states = choices[0].states
        if not states.tested:
            missing.append(f"{gain}, {shape}")
            continue
        points = np.exp(states.at(np.array(at, float))[-1])
        found = {split.choice: float(split.share(states.means())) for split in choices}
        (least, low), (most, high) = (
            f(found.items(), key=lambda item: item[1]) for f in (min, max)
        )
        rows.append(
            {
                "gain from and to": gain,
                "shape": shape,
                "mean gain": np.exp(states.means()[-1]),
                "over, tok/s/user": span(*states.range, ""),
                **{f"at {number(x)}": point for x, point in zip(at, points, strict=True)},
                "software": span(low, high, UNIT),
                "least where": least,
                "most where": most,
            }
        )
    data = pd.DataFrame(rows)
    low, high = data["mean gain"].min(), data["mean gain"].max()
    caption = (
        f"The whole gain in tok/s/GPU at equal interactivity, mean and at points (tok/s/user), and "
        f"the share of software in its logarithm, from the choice that gives least to the one that "
        f"gives most. Mean gains run from {number(low)}x to {number(high)}x. A dash: some side was "
        f"not measured there, or the start is below its floor."
        + (f" No order was measured of: {'; '.join(missing)}." if missing else "")
    )
    keys = sorted({s for one in splits_ for s in one.rows["source"].unique()})
    shown = data.drop(columns=["least where", "most where"])
    return figures.table(shown, name=name, caption=caption, data=data, sources=keys)


def modelled_shares(findings: Sequence[Finding], /, *, draws: int = 20, name: str) -> Exhibit:
    """Return the shares that the serving model gives, beside the measured ones."""
    told = [f for f in findings if f.comparison.tested and f.comparison.meaning == "log"]
    answers = {id(one): modelled.gains(one, draws=draws) for one in measured(told)}
    rows = []
    for finding in told:
        split = finding.comparison
        answer = answers[id(split.states)]
        share, low, high = answer.share(split.group)
        rows.append(
            {
                "software is": split.choice,
                "shape": split.shape,
                "measured": quantity(finding.headline, "share"),
                "modelled": quantity(share, "share"),
                "of refits": span(low, high, UNIT),
                "over the orders": span(*answer.orders(split.group), UNIT),
                "modelled gain": float(np.exp(answer.values[-1])),
                "over, tok/s/user": span(*answer.range, ""),
                "extrapolated": f"{number(100 * answer.extrapolated)} %",
            }
        )
    data = pd.DataFrame(rows)
    caption = (
        "What the calibrated serving model says of the same changes, with every cell but FP4 on "
        "Hopper, and without engine updates, which it does not know. The interval is the spread of "
        f"{draws} refits of its constants. A model alone decides nothing here."
    )
    keys = ["serving_fit", "serving_samples"]
    return figures.table(data, name=name, caption=caption, sources=keys)


def chosen(
    split: Split, finding: Finding, /, *, sigma: float, name: str, how: str = "step"
) -> Exhibit:
    """Return the parts of one split with its share, as a reader's parameters choose it."""
    data = splits.parts(split.states, sigma=sigma, how=how)
    data["software"] = data["factor"].isin(split.group)
    shown = pd.DataFrame(
        {
            "change": data["factor"],
            "counts as": np.where(data["software"], "software", "hardware"),
            "worth": [f"{number(v)}x" for v in data["part"]],
            "95 % run noise": [span(*ends, "") for ends in data[["low", "high"]].to_numpy()],
            "over the orders": [span(*ends, "") for ends in data[["least", "most"]].to_numpy()],
            "in one order": [f"{number(v)}x" for v in data["in_order"]],
        }
    )
    states = split.states
    caption = (
        f"{split.label}: {split.reading(finding)}; mean over {span(*finding.range, '')} "
        f"tok/s/user. Of {len(splits.every(states.factors))} sets of changes that can exist, "
        f"{len(states.rows)} were measured and {len(states.lattice.cells)} are on some order."
    )
    return figures.table(
        shown, name=name, caption=caption, data=data, sources=_sources([split.states])
    )


def stated(*, name: str) -> Exhibit:
    """Return what annual filings state of staff and revenue, as shares of the whole."""
    data = filings.stated()
    shown = pd.DataFrame(
        {
            "part": data["part"],
            "of": data["quantity"],
            "fiscal year": data["fiscal_year"].astype("str"),
            "stated": [
                quantity(value, "share" if unit == "share" else unit, 6)
                for value, unit in zip(data["value"], data["unit"], strict=True)
            ],
            "share of all": [quantity(value, "share") for value in data["share"]],
        }
    )[data["part"] != "all"]
    caption = (
        "What NVIDIA's annual filings state. They do not say how many employees work on software, "
        "nor how much revenue is from hardware: research and development holds both kinds of "
        "engineers, and each segment and market sells both kinds of product."
    )
    return figures.table(shown, name=name, caption=caption, data=data)


def _table(findings):
    rows = []
    for f in findings:
        split = f.comparison
        rows.append(
            {
                "choice": split.choice,
                "shape": split.shape,
                "meaning": split.meaning,
                "headline": f.headline,
                "low": f.low,
                "high": f.high,
                "semilog": f.semilog,
                "least": f.orders[0],
                "largest": f.orders[1],
                "from_tok_s_user": f.range[0],
                "to_tok_s_user": f.range[1],
                "outcome": f.outcome,
                "gain": float(np.exp(split.states.means()[-1])),
                "system": split.states.name,
                "software": "; ".join(split.group),
            }
        )
    return pd.DataFrame(rows)


def _percent(data, *columns):
    return data.assign(**{name: 100 * data[name] for name in columns})


def _waterfall(states, data):
    worth = data.set_index("factor")["in_order"]
    order = splits.first_order(states.lattice)
    steps = ", ".join(f"{name} {number(worth[name])}x" for name in order)
    return (
        f"{states.shape}: {number(float(np.exp(states.means()[-1])))}x in all, waterfall in the "
        f"order {steps}"
    )


def _engine(states):
    parts = [
        f"{splits.words(cell, states)} {number(float(np.exp(states.back[cell].mean())))}x "
        f"({len(states.back[cell])})"
        for cell in states.lattice.cells
        if len(states.back[cell])
    ]
    return "; ".join(parts) or "none"


def _changed(factor):
    if factor.until:
        return f"everything that ran after {factor.until}, by points run before and after"
    return ", ".join(_condition(key, value) for key, value in factor.change)


def _condition(key, value):
    """Return a condition as a reader would say it: names of accelerators, no column names."""
    if isinstance(value, bool):
        return key if value else f"not {key}"
    return hardware.NAMES.get(value, str(value).upper())


def _cells_with(states, name):
    if name not in states.lattice.factors:
        return "–"
    return str(sum(name in cell for cell in states.lattice.cells))


def _times(met):
    return f"in {int(met.sum())} of {len(met)}"


def _sources(states):
    return measurements.sources(*(rows for one in states for rows in one.rows.values()))


def _of(findings):
    return _sources(measured(findings))
