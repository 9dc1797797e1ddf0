"""Levers: what each mechanism is worth at equal interactivity, on over off, over the whole range.

A lever is a list of pairs in the ledger: the same system with a mechanism and without it. Each pair
is a comparison like any other (`claims.comparisons`, or `claims.modelled` for what the serving
model says), and a lever is worth a different factor at every interactivity, so it is shown by bins
of interactivity and by the two ends and the middle of what a pair shares. Whether a claim on a
mechanism holds is decided in `frontier.claims`.

>>> from frontier.figures import levers
>>> from frontier.data import measurements
>>> pairs = levers.measured(measurements.load_measurements())
>>> levers.lever_map(pairs, levers.modelled_pairs(), name="06-map")  # doctest: +SKIP
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from frontier import claims, curves, figures
from frontier.claims import comparisons, modelled
from frontier.claims.comparisons import Comparison
from frontier.claims.modelled import Modelled
from frontier.data import hardware, measurements, tables
from frontier.data.words import number, span
from frontier.errors import UsageError
from frontier.figures import Exhibit

EDGES = (15, 20, 30, 50, 75, 100, 150, 200, 300)  # bins of interactivity, tok/s/user
BEYOND = 1.02  # what run noise of a mean does not reach
HALF = 0.5  # a pair counts in a bin where it covers at least this share of its log width
PARTS = ("throughput end", "mid-curve", "latency end")
"""The thirds of the log range of interactivity that a pair shares above the floor."""
NEAREST = (
    "The model that the gains are claimed for, in pairs that have attention data parallelism on "
    "one side only; on GB200 everything is disaggregated."
)
DATA_PARALLEL = ("attention DP and expert parallelism",)


def measured(rows: pd.DataFrame, /, *, names: Sequence[str] | None = None) -> dict[str, list]:
    """Return the measured pairs of each lever of the ledger (or of those named), by shape."""
    return {
        name: [pair for pair in comparisons.build(test, rows) if pair.tested]
        for name, test in _named(names).items()
    }


def modelled_pairs(names: Sequence[str] | None = None, /) -> dict[str, list]:
    """Return the modelled pairs of each lever, by shape."""
    return {name: modelled.build(test) for name, test in _named(names).items()}


def findings(pairs: Sequence[Comparison], /, *, sigma: float, replicates: int = 200) -> list:
    """Return what is found of measured pairs, as of a claim that counts from 1x."""
    target = comparisons.Target(1.0, "gain", named=False)
    return [comparisons.examine(pair, target, sigma=sigma, replicates=replicates) for pair in pairs]


def worth(
    pair: Comparison | Modelled,
    low: float | None = None,
    high: float | None = None,
    /,
    *,
    how: str = "step",
    least: float = 0.0,
) -> float:
    """Return the mean ratio of a pair between two interactivities, above the baseline's floor.

    NaN where they share nothing there, or less than the share `least` of the log range asked for.
    """
    fronts, floor, factor = _fronts(pair)
    if low is not None and not np.isfinite(low):
        return np.nan
    shared = curves.shared_range(*fronts, low=low, high=high, floor=floor, how=how)
    if shared is None or shared[0] == shared[1]:
        return np.nan
    if least and np.log(shared[1] / shared[0]) < least * np.log(high / low):
        return np.nan
    limits = {"low": low, "high": high, "floor": floor, "how": how}
    return factor * curves.geometric_mean(*fronts, **limits)


def parts(pair: Comparison | Modelled, /, *, how: str = "step") -> dict[str, float]:
    """Return what a pair is worth on each third of the log range that it shares; see `PARTS`."""
    edges = thirds(pair, how=how)
    return {name: worth(pair, *edges[i : i + 2], how=how) for i, name in enumerate(PARTS)}


def thirds(pair: Comparison | Modelled, /, *, how: str = "step") -> np.ndarray:
    """Return the four ends of the thirds of a pair's shared range, tok/s/user; NaN if it has none.

    The range ends where the side without the mechanism falls below its floor.
    """
    fronts, floor, _ = _fronts(pair)
    shared = curves.shared_range(*fronts, floor=floor, how=how)
    if shared is None or shared[0] == shared[1]:
        return np.full(4, np.nan)
    return np.geomspace(*shared, 4)


def binned(
    pairs: Mapping[str, Sequence], /, *, edges: Sequence[float] = EDGES, how: str = "step"
) -> pd.DataFrame:
    """Return each lever's worth by bin of interactivity.

    Columns: `lever`, `low`, `high` (the bin, tok/s/user), `gain` (median of the pairs that cover at
    least half of the bin), `least`, `most`, `pairs`. Bins without a pair are left out. UsageError
    for edges that do not rise.
    """
    if len(edges) < 2 or not (np.diff(edges) > 0).all():
        raise UsageError(f"edges are {list(edges)}; expected two or more that rise, tok/s/user")
    found = []
    for lever, members in pairs.items():
        for low, high in pairwise(edges):
            gains = np.array([worth(pair, low, high, how=how, least=HALF) for pair in members])
            gains = gains[np.isfinite(gains)]
            if len(gains):
                found.append(
                    (lever, low, high, np.median(gains), gains.min(), gains.max(), len(gains))
                )
    columns = ["lever", "low", "high", "gain", "least", "most", "pairs"]
    kinds = {"lever": "str", "pairs": int}
    made = pd.DataFrame(found, columns=columns)
    return made.astype({name: kinds.get(name, float) for name in columns})


def lever_map(
    pairs: Mapping[str, Sequence],
    answers: Mapping[str, Sequence],
    /,
    *,
    name: str,
    edges: Sequence[float] = EDGES,
    how: str = "step",
) -> Exhibit:
    """Return levers against interactivity, coloured by gain: measured above, modelled below."""
    frames = [
        binned(found, edges=edges, how=how).assign(tier=tier)
        for tier, found in (("measured", pairs), ("modelled", answers))
    ]
    data = pd.concat(frames, ignore_index=True)
    if frames[0].empty:
        raise UsageError("no measured pair covers half of any bin: choose other edges")
    data["row"] = data["tier"] + ": " + data["lever"]
    bins = [f"{number(a)}–\n{number(b)}" for a, b in pairwise(edges)]
    data["bin"] = data["low"].map(dict(zip(edges, bins, strict=False)))
    data["text"] = [f"{number(row.gain, 2)}x\n({row.pairs})" for row in data.itertuples()]
    drawn = figures.heat(
        data,
        row="row",
        column="bin",
        value="gain",
        text="text",
        centre=1.0,
        log=True,
        unit="x",
        order=bins,
        xlabel="Interactivity, tok/s/user (in brackets: pairs)",
        label="On over off at equal interactivity, ratio of tok/s/GPU",
        height=1.9 + 0.47 * data["row"].nunique(),
    )
    texts = [_strongest(group) for _, group in frames[0].groupby("lever", sort=False)]
    caption = (
        f"DeepSeek-R1. Each cell is the median over the pairs that cover at least half of the bin, "
        f"over all shapes; below 1x the mechanism costs throughput there. Measured: "
        f"{'; '.join(texts)}. Modelled rows are the serving model's answer and stand apart. "
        f"Cells without a pair are empty."
    )
    return figures.publish(
        drawn,
        name=name,
        alt=f"What each mechanism is worth. {'; '.join(texts)}.",
        caption=caption,
        data=data.drop(columns=["row", "bin", "text"]),
        sources=[*_sources(pairs), "serving_fit"],
    )


def ends(
    pairs: Mapping[str, Sequence],
    answers: Mapping[str, Sequence],
    /,
    *,
    name: str,
    how: str = "step",
) -> Exhibit:
    """Return what each lever is worth at the throughput end, mid-curve and at the latency end."""
    rows, every = [], []
    for tier, found in (("measured", pairs), ("modelled", answers)):
        for lever, members in found.items():
            table = pd.DataFrame([parts(pair, how=how) for pair in members], columns=list(PARTS))
            every.append(
                table.assign(lever=lever, tier=tier, pair=[pair.label for pair in members])
            )
            told = table.dropna()
            if told.empty:
                continue
            above = int((told > BEYOND).all(axis=1).sum())
            rows.append(
                {
                    "mechanism": lever,
                    "evidence": tier,
                    "pairs": len(told),
                    **{part: _median(told[part]) for part in PARTS},
                    "above 1.02 in all three": f"{above} of {len(told)}",
                }
            )
    shown = pd.DataFrame(rows)
    caption = (
        "Median over pairs (and from the least to the largest pair) on each third of the log range "
        "of interactivity that a pair shares, above the floor of the side without the mechanism. "
        "Where that side is about to end, the ratio grows without bound: the latency end says how "
        "far the mechanism reaches more than how much it yields."
    )
    return figures.table(
        shown,
        name=name,
        caption=caption,
        data=pd.concat(every, ignore_index=True),
        sources=[*_sources(pairs), "serving_fit"],
    )


def credited(pairs: Mapping[str, Sequence], near: Sequence[Comparison], /, *, name: str) -> Exhibit:
    """Return the gains credited to a mechanism beside what that mechanism measured there.

    `near` are pairs of gpt-oss-120b, the model of most of these gains.
    """
    rows, words = [], []
    for credit in claims.credits():
        members = pairs[credit["lever"]]
        others = near if credit["lever"] in DATA_PARALLEL else []
        found, own = (_worths(some, credit) for some in (members, others))
        reach = int((found >= credit["factor"]).sum())
        rows.append(
            {
                "gain": credit["gain"],
                "credited to": credit["lever"],
                "looked at": _where(members, credit),
                "would have to be": f"{number(credit['factor'])}x",
                "was, DeepSeek-R1": _median(pd.Series(found)),
                "pairs that reach it": f"{reach} of {len(found)}",
                "was, gpt-oss-120b": f"{span(own.min(), own.max(), '')}x"
                if len(own)
                else "no pair",
                "claimed for": credit["system"],
            }
        )
        words.append(f"{credit['gain']} by {credit['lever']}: {reach} of {len(found)} pairs")
    caption = (
        f"What the mechanism would have to be worth alone for the gain that it is credited with, "
        f"and what it was worth in measured pairs on that third of their shared range, or at the "
        f"interactivity that the credit names. The thirds of DeepSeek-R1 are slower than the "
        f"speeds claimed for gpt-oss-120b. Reached: {'; '.join(words)}. No public row of "
        f"gpt-oss-120b uses speculation."
    )
    return figures.table(pd.DataFrame(rows), name=name, caption=caption, sources=_sources(pairs))


def acceptance(*, name: str) -> Exhibit:
    """Return published acceptance lengths over draft length, and the speed that they bring."""
    points = tables.read("published_points")
    points = points[(points["claim"] == "mtp") & (points["y_unit"] == "acceptance length")]
    layers = points[points["series"].str.contains("MTP layers")].copy()
    layers["draft"] = layers["series"].str.rpartition(" ")[2].replace("none", "0").astype(float)
    layers["speed"] = layers["x"] / layers["x"].iloc[0]
    eagle = points[points["series"].str.contains("Eagle3")]
    drawn, axes = figures.figure(columns=2, height=3.4)
    hues = figures.colour("b200"), figures.OTHER[2]
    mark = figures.MARKS["stated"]
    axes[0].plot(
        layers["draft"], layers["y"], mark, color=hues[0], ms=7, label="DeepSeek-R1, own MTP layers"
    )
    axes[0].plot(
        eagle["x"],
        eagle["y"],
        mark,
        color=hues[1],
        ms=7,
        label="gpt-oss-120b, EAGLE-3 draft, eight tasks",
    )
    axes[0].plot(
        [0, 5], [1, 6], color=figures.MUTED, lw=1, ls=(0, (1, 2)), label="every draft taken"
    )
    axes[0].set(xlabel="Draft length, tokens", ylabel="Tokens a step", ylim=(0.8, 4.2))
    axes[1].plot(layers["y"], layers["speed"], mark, color=hues[0], ms=7)
    axes[1].plot([1, 3.2], [1, 3.2], color=figures.MUTED, lw=1, ls=(0, (1, 2)))
    for row in layers.itertuples():
        # The last two lie close together, so the numbers stand above and below by turns.
        below = -12 if row.draft % 2 else 6
        axes[1].annotate(
            f"{row.draft:.0f}",
            (row.y, row.speed),
            xytext=(2, below),
            fontsize=8,
            textcoords="offset points",
            color=figures.INK,
        )
    axes[1].set(xlabel="Tokens a step", ylabel="Speed over no draft, ratio", ylim=(0.8, 3.3))
    for one in axes:
        one.grid(True, axis="y")
    drawn.legend(loc="outside upper left", ncols=3)
    best = layers.loc[layers["speed"].idxmax()]
    last = layers.iloc[-1]
    text = (
        f"DeepSeek-R1 at batch 1 is fastest with {number(best['draft'])} drafted tokens: "
        f"{number(best['y'])} tokens a step and {number(best['speed'])}x the speed, since each "
        f"draft makes the step longer; {number(last['draft'])} give {number(last['y'])} and "
        f"{number(last['speed'])}x. EAGLE-3 for gpt-oss-120b takes {number(eagle['y'].min())} to "
        f"{number(eagle['y'].max())} tokens a step, by task."
    )
    caption = f"Stated by TensorRT-LLM's blog and a model card, not measured here. {text}"
    data = pd.concat([layers, eagle], ignore_index=True)
    data = data[["series", "x", "x_unit", "y", "draft", "speed", "kind", "url"]]
    return figures.publish(
        drawn, name=name, alt=text, caption=caption, data=data, sources=["published_points"]
    )


def reach(rows: pd.DataFrame, /, *, target: float, name: str) -> Exhibit:
    """Return how fast gpt-oss-120b would be with the published acceptance of its draft model.

    The measured speed without speculation times tokens a step, over how much longer a step with
    drafts takes: not at all, or as much as DeepSeek-R1's own steps do in the published series.
    """
    points = tables.read("published_points")
    points = points[points["claim"] == "mtp"]
    eagle = points.loc[points["series"].str.contains("Eagle3"), "y"]
    layers = points[points["series"].str.contains("MTP layers")]
    plain = layers["x"].iloc[0]
    three = layers[layers["series"].str.endswith(" 3")].iloc[0]
    cost = three["y"] * plain / three["x"]
    fastest = rows[(rows["model"] == "gpt-oss-120b") & ~rows["speculative"]]
    fastest = fastest[fastest["hardware"].isin(["b200", "gb200"])]
    found = fastest.loc[fastest.groupby("hardware")["interactivity"].idxmax()]
    table = pd.DataFrame(
        [
            {
                "accelerator": hardware.NAMES[run.hardware],
                "run": f"{run.isl}/{run.osl}, {run.gpus} GPUs, {run.concurrency} users",
                "without a draft, tok/s/user": run.interactivity,
                "with the least acceptance": run.interactivity * eagle.min() / longer,
                "with the mean": run.interactivity * eagle.mean() / longer,
                "with the largest": run.interactivity * eagle.max() / longer,
                "step with drafts": "as long" if longer == 1 else f"{number(longer)}x as long",
                f"acceptance for {number(target)}": target * longer / run.interactivity,
            }
            for run in found.itertuples()
            for longer in (1.0, float(cost))
        ]
    )
    means = table["with the mean"]
    caption = (
        f"Arithmetic on a measured and a stated number, no measurement: the fastest public run "
        f"without speculation, times {number(eagle.min())} to {number(eagle.max())} tokens a step "
        f"(mean {number(eagle.mean())} of {len(eagle)} tasks). With drafts a step takes "
        f"{number(cost)}x as long where they cost what three of them cost DeepSeek-R1. The mean "
        f"gives {span(means.min(), means.max(), '')} tok/s/user against {number(target)} claimed."
    )
    keys = ["published_points", *sorted(fastest["source"].unique())]
    return figures.table(table, name=name, caption=caption, sources=keys)


def _named(names):
    known = claims.levers()
    if unknown := sorted(set(names or ()) - set(known)):
        raise UsageError(f"no lever '{unknown[0]}': there are {', '.join(known)}")
    return known if names is None else {name: known[name] for name in known if name in names}


def _fronts(pair):
    """Return both frontiers, the floor of the second, and what a ratio is multiplied by."""
    if isinstance(pair, Modelled):
        return pair.fronts, pair.floor, pair.factor
    return (pair.numerator, pair.denominator), pair.floor, 1.0


def _worths(pairs, credit):
    """Return what pairs are worth where a credit says, those that reach there."""
    at = credit.get("at")
    found = [parts(pair)[credit["part"]] if at is None else _at(pair, at) for pair in pairs]
    return np.array([value for value in found if np.isfinite(value)])


def _at(pair, interactivity):
    fronts, floor, factor = _fronts(pair)
    return factor * float(curves.ratio(*fronts, interactivity, floor=floor))


def _where(pairs, credit):
    """Return in words where pairs are looked at for a credit."""
    if "at" in credit:
        return f"at {number(credit['at'])} tok/s/user"
    place = PARTS.index(credit["part"])
    edges = np.array([thirds(pair)[place : place + 2] for pair in pairs])
    low, high = np.nanmin(edges), np.nanmax(edges)
    return f"{credit['part']}, {span(low, high, '')} tok/s/user"


def _median(gains):
    return f"{number(gains.median())}x ({span(gains.min(), gains.max(), '')})"


def _strongest(group):
    best = group.loc[group["gain"].idxmax()]
    least = group.loc[group["gain"].idxmin()]
    return (
        f"{best['lever']} from {number(least['gain'])}x at {number(least['low'])}–"
        f"{number(least['high'])} to {number(best['gain'])}x at {number(best['low'])}–"
        f"{number(best['high'])} tok/s/user"
    )


def _sources(pairs):
    return measurements.sources(*(pair.rows for members in pairs.values() for pair in members))
