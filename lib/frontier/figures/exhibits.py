"""The figures and tables that the reports share, with captions and alt text made from the numbers.

An exhibit here takes findings or comparisons and returns what a page shows. What is computed comes
from `claims.comparisons`, how it is drawn from `frontier.figures`; a sentence that states a
number is built from that number here.

>>> from frontier.figures import exhibits
>>> exhibits.ratios(verdict.findings, claim, sigma=sigma, name="03-ratio")  # doctest: +SKIP
"""

import html
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from IPython.display import HTML, Markdown

from frontier import curves, figures
from frontier.claims import Claim, comparisons, modelled
from frontier.claims.comparisons import UNTESTED, Comparison, Finding
from frontier.data import hardware, measurements, published
from frontier.data.words import number, quantity, span, verdict_words
from frontier.errors import UsageError
from frontier.figures import Exhibit, own

_LEGEND = 0.2  # inches that a further line of the legend takes from the panels
DASHES = ("-", (0, (4, 1.6)), (0, (1, 1.4)), (0, (6, 1.5, 1, 1.5)))
ROW_COLUMNS = [
    "side", "model", "hardware", "framework", "precision", "speculative",
    "disaggregated", "gpus", "tp", "ep", "dp_attention", "isl", "osl", "concurrency",
    "interactivity", "throughput_per_gpu", "output_throughput_per_gpu", "ttft", "tpot", "date",
    "caveat", "source", "row_id", "run_url", "citation",
]  # fmt: skip
# What a drawn point needs to be found again; the rest of its row is in data/ under its row_id.
DRAWN_COLUMNS = ["series", "value", "evidence", *ROW_COLUMNS[1:15], "date", "source", "row_id"]


def known_answer(found: float, expected: float, /) -> Markdown:
    """Return a sentence that states a known answer and what the method gives; they must agree.

    >>> known_answer(2.0, 2).data
    'Expected 2, found 2.'
    """
    if not np.isclose(found, expected, rtol=1e-9):
        raise AssertionError(f"expected {expected}, found {found}")
    return Markdown(f"Expected {expected:.6g}, found {found:.6g}.")


def rows_used(compared: Sequence[Comparison], /, *, name: str) -> Exhibit:
    """Return how many rows each side of the comparisons has, by source; the CSV has every row."""
    rows = pd.concat([c.rows.assign(comparison=c.label) for c in compared], ignore_index=True)
    distinct = rows.drop_duplicates(["row_id"])
    keys = ["model", "hardware", "precision", "source"]
    groups = distinct.groupby(keys, sort=True)
    counts = groups.agg(
        rows=("row_id", "size"),
        first=("date", "min"),
        last=("date", "max"),
        concurrency=("concurrency", "max"),
    ).reset_index()
    shown = counts.assign(
        hardware=counts["hardware"].map(hardware.name),
        first=counts["first"].map(measurements.date_in_words),
        last=counts["last"].map(measurements.date_in_words),
    ).rename(
        columns={"first": "first date", "last": "last date", "concurrency": "largest concurrency"}
    )
    undated = int(distinct["date"].isna().sum())
    caption = (
        f"{len(distinct):,} measured rows are used, {undated:,} of them without a date. A curve "
        f"that stops at a small concurrency may end with its sweep, not with saturation."
    )
    used = rows.drop_duplicates(["row_id", "side"])[ROW_COLUMNS]
    return figures.table(shown, name=name, caption=caption, data=used)


def overview(findings: Sequence[Finding], claim: Claim, /, *, name: str) -> Exhibit:
    """Return every tested comparison as a row: its mean ratio, interval and range."""
    data = comparisons.table([f for f in findings if f.outcome != UNTESTED])
    data["least"] = [_least(f) for f in findings if f.outcome != UNTESTED]
    low, high = data["headline"].min(), data["headline"].max()
    met = int((data["outcome"] != comparisons.NOT_REPRODUCED).sum())
    target = claim.test.target
    drawn = figures.intervals(
        data,
        label="shape",
        group="comparison",
        colours=_colours(findings),
        tick="above_floor",
        xlabel=f"Ratio of {findings[0].comparison.unit}",
        claim=_claimed(target),
    )
    caption = (
        f"Dots: mean ratio over the shared interactivity, by shape (input/output tokens). Bars: "
        f"95 % interval for run noise only. Thin lines and ticks: range and mean of the ratio "
        f"where the denominator is above its floor; the whole mean reaches below it. The means run "
        f"from {number(low)}x to {number(high)}x; {met} of {len(data)} comparisons meet the "
        f"claim, on a stretch of interactivity or, under the step and the estimate both, as a "
        f"whole."
    )
    alt = (
        f"Mean ratios of {len(data)} comparisons, {target.text}: from {number(low)}x to "
        f"{number(high)}x."
    )
    return figures.publish(
        drawn, name=name, alt=alt, caption=caption, data=data, sources=_sources(findings)
    )


def ratios(
    findings: Sequence[Finding],
    claim: Claim | None = None,
    /,
    *,
    sigma: float,
    name: str,
    how: str = "step",
    note: str = "",
) -> Exhibit:
    """Return the ratio over interactivity, one panel a shape, with the band for run noise.

    `note` ends the caption: what else the ratio hangs on.
    """
    tested = [f for f in findings if f.outcome != UNTESTED]
    data = comparisons.lines([f.comparison for f in tested], how=how, sigma=sigma)
    target = claim.test.target if claim else None
    mine = own.ratios([f.comparison for f in tested], claim, how=how, sigma=sigma)
    data = _with_own(data, mine)
    drawn = figures.lines(
        data,
        x="interactivity",
        y="ratio",
        series="comparison",
        panel="shape",
        band=("low", "high"),
        colours=_colours(tested) | dict.fromkeys(mine.names, figures.INK),
        dashes=_dashes(tested) | dict.fromkeys(mine.names, DASHES[2]),
        own=mine.names,
        xlabel="Interactivity, tok/s/user",
        ylabel=f"Ratio of {tested[0].comparison.unit}",
        claim=_claimed(target) if target else None,
        height=3.6 + _LEGEND * len(mine.names),
    )
    top = max(tested, key=lambda f: -np.inf if np.isnan(f.largest) else f.largest)
    where = (
        f"{number(top.largest)}x at {number(top.largest_at)} tok/s/user ({top.comparison.label})"
    )
    caption = (
        f"The ratio over interactivity, one panel a shape (input/output tokens); bands are run "
        f"noise. Where a denominator falls below its floor the line ends. The largest ratio above "
        f"the floor is {where}.{_own_words(mine)} {note}"
    ).strip()
    alt = f"Ratio over interactivity for {len(tested)} comparisons. The largest is {where}."
    return figures.publish(
        drawn, name=name, alt=alt, caption=caption, data=data, sources=_sources(tested)
    )


def frontiers(compared: Sequence[Comparison], /, *, name: str) -> Exhibit:
    """Return measured points and attainable frontiers of all sides, one panel a shape."""
    sides = _sides([c for c in compared if c.tested])
    points = pd.concat(
        [
            rows.assign(series=label, shape=shape, evidence=comparisons.evidence(rows))
            for (label, shape), (rows, _) in sides.items()
        ],
        ignore_index=True,
    )
    steps = pd.concat(
        [
            pd.DataFrame({"interactivity": front.interactivity, "value": front.throughput}).assign(
                series=label, shape=shape
            )
            for (label, shape), (_, front) in sides.items()
        ],
        ignore_index=True,
    )
    labels = list(points["series"].unique())
    hues = _distinct({label: _hue(points, label) for label in labels})
    mine = own.points([c for c in compared if c.tested])
    drawn = figures.frontiers(
        points,
        steps,
        series="series",
        panel="shape",
        colours=hues,
        ylabel=f"Throughput, {compared[0].unit}",
        own=(mine.data, mine.fronts) if mine.names else None,
        height=3.8 + _LEGEND * len(mine.names),
    )
    caption = (
        f"Points are {points['row_id'].nunique():,} measured rows, lines the attainable frontiers: "
        f"the best throughput at an interactivity or a higher one.{_own_words(mine)}"
    )
    data = points[DRAWN_COLUMNS]
    if mine.names:
        data = pd.concat([data, mine.data[DRAWN_COLUMNS]], ignore_index=True)
    ends = ", ".join(
        f"{label} up to {number(steps[steps['series'] == label]['interactivity'].max())} tok/s/user"
        for label in labels
    )
    return figures.publish(
        drawn,
        name=name,
        alt=f"Throughput over interactivity. Curves end at: {ends}.",
        caption=caption,
        data=data,
    )


def findings_table(
    findings: Sequence[Finding], /, *, name: str, caption: str, sources: Sequence[str] = ()
) -> Exhibit:
    """Return findings as a table: headline, both intervals, range, stretch, outcome."""
    data = comparisons.table(findings)
    shown = pd.DataFrame(
        {
            "comparison": data["comparison"] + ", " + data["shape"],
            "mean ratio": data["headline"],
            "95 % run noise": _spans(data["low"], data["high"]),
            "semilog estimate": data["semilog"],
            "over, tok/s/user": _spans(data["from_tok_s_user"], data["to_tok_s_user"]),
            "largest": data["largest"],
            "at, tok/s/user": data["largest_at"],
            "claim met, tok/s/user": _spans(data["met_from"], data["met_to"]),
            "rows": data["rows_numerator"].astype(str)
            + " / "
            + data["rows_denominator"].astype(str),
            "outcome": data["outcome"].str.replace("-", " "),
        }
    )
    keys = list(sources) or _sources(findings)
    return figures.table(shown, name=name, caption=caption, data=data, sources=keys)


def variants(claim: Claim, rows: pd.DataFrame, /, *, sigma: float, name: str) -> Exhibit:
    """Return the primary comparison as the ledger fixes it and its variants, a column a shape."""
    test, found = claim.test, []
    primary = test.comparisons[0]
    for variant in ({"name": "as in the ledger"}, *test.variants):
        keys = {"per", "power_edition", "metric"} & set(variant)
        basis = replace(test.basis, **{key: variant[key] for key in keys})
        subset = comparisons.matching(rows, **variant.get("where", {}))
        for shape in test.shapes:
            comparison = comparisons.one(basis, subset, {**primary, **variant}, shape)
            found.append(
                comparisons.examine(
                    comparison, test.target, sigma=sigma, replicates=500, how="step"
                )
            )
    data = comparisons.table(found)
    data["text"] = [_headline(finding) for finding in found]
    shown = data.pivot(index="comparison", columns="shape", values="text")
    order = list(dict.fromkeys(data["comparison"]))
    shown = shown.loc[order, list(test.shapes)].reset_index().rename_axis(columns=None)
    met = [
        f"{f.comparison.name} at {f.comparison.shape}"
        for f in found
        if test.target.met(f.headline, f.low, f.high)
    ]
    caption = (
        f"Mean ratio over the shared interactivity with its 95 % interval for run noise, a column "
        f"a shape. Each row is the comparison “{primary['name']}” with one thing changed; a dash "
        f"says that rows are missing or share no interactivity. The mean reaches "
        f"below the floor of the baseline too. Mean and interval of the step meet the claim for: "
        f"{'; '.join(met) or 'none'}."
    )
    return figures.table(
        shown.rename(columns={"comparison": "variant"}),
        name=name,
        caption=caption,
        sources=_sources(found),
        data=data.drop(columns="text"),
    )


def months(
    basis: comparisons.Basis,
    rows: pd.DataFrame,
    specifications: Sequence[dict],
    shape: str,
    /,
    *,
    claim: Claim,
    name: str,
) -> Exhibit:
    """Return comparisons as of each month, and how far each side moved since the first."""
    target = claim.test.target
    data = pd.concat(
        [
            comparisons.monthly(basis, rows, one, shape).assign(comparison=one["name"])
            for one in specifications
        ],
        ignore_index=True,
    )
    names = list(data["comparison"].unique())
    used = [comparisons.one(basis, rows[rows["date"].notna()], s, shape) for s in specifications]
    findings = [Finding(c, UNTESTED) for c in used]
    drawn = figures.lines(
        data,
        x="as_of",
        y="headline",
        series="comparison",
        xlabel="As of",
        ylabel=f"Mean ratio of {basis.unit}",
        colours=_colours(findings),
        dashes=_dashes(findings),
        marks=True,
        log="y",
        claim=_claimed(target),
    )
    parts = []
    for label in names:
        last = data[data["comparison"] == label].iloc[-1]
        first = data[data["comparison"] == label].iloc[0]
        side = "the numerator" if last.numerator_gain > last.denominator_gain else "the baseline"
        parts.append(
            f"{label}: {number(first.headline)}x as of {first.as_of:%Y-%m}, "
            f"{number(last.headline)}x as of {last.as_of:%Y-%m}; the numerator's frontier moved "
            f"{number(last.numerator_gain)}x and the baseline's {number(last.denominator_gain)}x, "
            f"so {side} moved it more"
        )
    caption = (
        f"Mean ratio from the rows dated by the end of each month, {shape}. Dated rows are a "
        f"sample of the sweeps, so the level is lower than with all rows; what the lines show is "
        f"the movement. " + ". ".join(parts) + "."
    )
    return figures.publish(
        drawn,
        name=name,
        alt="Mean ratio by month. " + ". ".join(parts) + ".",
        caption=caption,
        data=data,
        sources=_sources(findings),
    )


def sensitivity(verdict, /, *, name: str) -> Exhibit:
    """Return what the verdict and the quoted number become under each variation."""
    table = verdict.sensitivity
    alone = table["variation"].str.contains(" on ", regex=False)
    configurations, others = table[alone], table[~alone]
    shown = others.copy()
    if len(configurations):
        low, high = configurations["headline"].min(), configurations["headline"].max()
        changed = int((configurations["verdict"] != verdict.verdict).sum())
        for label, value in (("lowest", low), ("highest", high)):
            shown.loc[len(shown)] = [
                f"without one configuration of {len(configurations)}, {label}",
                value,
                "changes" if changed else verdict.verdict,
            ]
    if table.empty:
        raise UsageError(f"'{verdict.claim.id}' was not tested, so nothing can be varied")
    differing = table[table["verdict"] != verdict.verdict]["variation"]
    names = "; ".join(differing.head(6)) + (" and more" if len(differing) > 6 else "")
    caption = (
        "The verdict stays the same under every variation, so it is firm."
        if differing.empty
        else f"The verdict is not firm: it changes under {len(differing)} of {len(table)} "
        f"variations ({names})."
    )
    unit = verdict.claim.unit
    if unit.startswith("share"):
        shown["headline"] = [quantity(None if np.isnan(v) else v, unit) for v in shown["headline"]]
    shown = shown.rename(columns={"headline": "quoted number"})
    return figures.table(shown, name=name, caption=caption, data=table, sources=verdict.sources)


def in_words(finding: Finding, /) -> str:
    """Return a finding as one sentence with its operating point."""
    c = finding.comparison
    low, high = finding.range
    most = "the denominator is below its floor everywhere"
    if not np.isnan(finding.largest):
        most = (
            f"at most {number(finding.largest)}x, at {number(finding.largest_at)} tok/s/user, "
            f"where the denominator is above its floor"
        )
    return (
        f"{c.label}: {_headline(finding)} in {c.unit}, mean over {number(low)} to {number(high)} "
        f"tok/s/user; {most}."
    )


def quotable(verdict, /) -> HTML:
    """Return the sentence of a page that can be quoted, with its condition."""
    row = verdict.row()
    claimed, found = row["claimed"], row["found"]
    words = f"The claimed {quantity(claimed['value'], claimed['unit'])} is"
    if claimed["value"] is None:
        words = f"“{row['statement']}” is"
    words += f" {verdict_words(verdict.verdict)}"
    if found["value"] is None:
        text = f"{words}. {row['condition']}"
    else:
        number_ = quantity(found["value"], found["unit"])
        told = f"{number_} ({span(found['low'], found['high'], found['unit'])}), {found['at']}"
        text = f"{words}: {told}. {row['condition']}"
        if verdict.verdict == comparisons.CONDITIONAL:  # the number quoted need not meet the claim
            text = f"{words}. {row['condition']} Quoted first: {told}."
    return HTML(f'<blockquote class="quotable">{html.escape(text)}</blockquote>')


def _with_own(data, mine):
    """Return drawn lines with the reader's own below them, told apart by their source."""
    if not mine.names:
        return data
    return pd.concat([data, mine.data.drop(columns="series")], ignore_index=True)


def _own_words(mine):
    """Return what a caption says of the reader's own series, nothing where there is none."""
    return own.WORDS * bool(mine.names) + mine.left_out


def _claimed(target):
    """Return the claimed value as figures draw it: value, name, and the band of a drop."""
    least, most = target.bounds
    band = (least, most) if target.form == "drop" else None
    return target.value, target.text, band


def _headline(finding):
    if np.isnan(finding.headline):
        return "–"
    spread = f"{number(finding.low)} to {number(finding.high)}"
    return f"{number(finding.headline)}x ({spread})"


def _spans(low, high):
    return [
        "–" if np.isnan(a) or np.isnan(b) else f"{number(a)} to {number(b)}"
        for a, b in zip(low.astype(float), high.astype(float), strict=True)
    ]


def _least(finding):
    line = comparisons.lines([finding.comparison])["ratio"]
    return float(line.min())


def _sources(findings):
    return measurements.sources(*(f.comparison.rows for f in findings))


def _colours(findings):
    return {
        f.comparison.name: figures.colour(f.comparison.numerator_rows["hardware"].iloc[0])
        for f in findings
        if len(f.comparison.numerator_rows)
    }


def _dashes(findings):
    """Comparisons of one colour differ by dash."""
    taken, dashes = {}, {}
    for name, colour in _colours(findings).items():
        dashes[name] = DASHES[taken.get(colour, 0) % len(DASHES)]
        taken[colour] = taken.get(colour, 0) + 1
    return dashes


def _distinct(hues):
    """Give the second curve of an accelerator a colour of its own, none that a model has."""
    spare, taken = [hue for hue in figures.OTHER if hue not in figures.MODELLED], {}
    for label, hue in hues.items():
        taken[label] = hue if hue not in taken.values() or not spare else spare.pop(0)
    return taken


def _sides(compared):
    """Rows and frontier of each side by (label, shape), each side once."""
    sides = {}
    for comparison in compared:
        above, _, below = comparison.name.partition(" over ")
        for label, rows, front in (
            (above, comparison.numerator_rows, comparison.numerator),
            (below or "baseline", comparison.denominator_rows, comparison.denominator),
        ):
            sides.setdefault((label, comparison.shape), (rows, front))
    return sides


def _hue(points, label):
    return figures.colour(points[points["series"] == label]["hardware"].mode().iloc[0])


def published_ratios(
    ratios_: dict[str, pd.DataFrame], findings: Sequence[Finding], claim: Claim, /, *, name: str
) -> Exhibit:
    """Return every public ratio of a dense model per MW beside the claimed one.

    `ratios_` maps a heading to a frame of `published.ratios` with a column `label`; `findings` are
    the comparisons at equal interactivity, which have an interval.
    """
    target = claim.test.target
    own = comparisons.table(findings).dropna(subset=["headline"])
    own = own.assign(
        label=own["comparison"].str.partition(", ")[2] + ", " + own["shape"],
        heading="InferenceX, equal interactivity: " + own["comparison"].str.partition(", ")[0],
        source="; ".join(_sources(findings)),
        least=[_least(f) for f in findings if f.outcome != UNTESTED],
    )
    own = own[["heading", "label", "headline", "low", "high", "least", "largest", "source"]]
    others = [
        frame.assign(
            heading=heading, headline=frame["per_mw"], low=frame["per_mw"], high=frame["per_mw"]
        )[list(own.columns)]
        for heading, frame in ratios_.items()
    ]
    data = pd.concat([own, *others], ignore_index=True)
    hues = dict(zip(data["heading"].unique(), figures.SERIES, strict=False))
    drawn = figures.intervals(
        data,
        label="label",
        group="heading",
        colours=hues,
        xlabel=f"Ratio of {claim.test.basis.unit}",
        claim=_claimed(target),
    )
    best = data.loc[data["headline"].idxmax()]
    caption = (
        f"{len(data)} public ratios of a dense model over H200, MLPerf in the best round of each, "
        f"per all-in megawatt (power edition {claim.test.basis.power_edition}). Only the "
        f"first group is taken at equal interactivity; the others are taken at the same latency "
        f"limit or at none. The largest is {number(best.headline)}x ({best.heading}, "
        f"{best.label})."
    )
    keys = {key for entry in data["source"] for key in entry.split("; ")}
    return figures.publish(
        drawn,
        name=name,
        alt=f"{len(data)} ratios, none above {number(best.headline)}x, against "
        f"the claimed {number(target.value)}x.",
        caption=caption,
        data=data.drop(columns="source"),
        sources=keys,
    )


def limits(models: dict[str, str], /, *, power_edition: str, name: str) -> Exhibit:
    """Return MLPerf's best results by scenario and accelerator, and their ratios over H200."""
    frames = []
    for label, key in models.items():
        results = published.mlperf(key)
        over = published.ratios(results, "h200", by=["scenario"], power_edition=power_edition)
        keys = ["round", "scenario", "hardware"]
        merged = results.merge(over[[*keys, "per_gpu", "per_mw"]], on=keys, how="left")
        frames.append(merged.assign(model=label))
    data = pd.concat(frames, ignore_index=True)
    shown = pd.DataFrame(
        {
            "model, scenario": data["model"] + ", " + data["scenario"],
            "accelerator": data["hardware"].map(hardware.NAMES),
            "GPUs": data["gpus"],
            "round": data["round"],
            "submitter": data["submitter"],
            "output tok/s/GPU": data["output_throughput_per_gpu"],
            "median tok/s/user": data["interactivity"],
            "over H200 per GPU": data["per_gpu"],
            "per MW": data["per_mw"],
        }
    )
    caption = (
        f"Best result of each accelerator, closed division, available systems. A ratio is taken at "
        f"the same latency limit of the scenario, not at the same interactivity: the median "
        f"interactivity, where a log states it, differs within a scenario. Per MW with the "
        f"{power_edition} edition of all-in power; per-GPU and per-MW figures are ours, not "
        f"verified by MLCommons."
    )
    return figures.table(shown, name=name, caption=caption, data=data)


def offline(models: dict[str, str], release: str, /, *, name: str) -> Exhibit:
    """Return TensorRT-LLM's own maximum throughput in one release, by shape and accelerator."""
    data = pd.concat(
        [published.tensorrt_llm(key, release).assign(model=label) for label, key in models.items()],
        ignore_index=True,
    )
    shape = data["isl"].astype("str") + "/" + data["osl"].astype("str")
    shown = data.assign(shape=data["model"] + ", " + shape).pivot(
        index=["isl", "osl", "shape"], columns="hardware", values="output_throughput_per_gpu"
    )
    order = [key for key in ("h200", "b200", "gb200") if key in shown]
    shown = shown[order].rename(columns=hardware.NAMES).reset_index(level="shape")
    day = data["date"].iloc[0]
    bits = data.drop_duplicates("hardware").set_index("hardware")["precision"].str.upper()
    formats = ", ".join(f"{hardware.NAMES[key]} in {bits[key]}" for key in order)
    caption = (
        f"Output tok/s/GPU at maximum load, TensorRT-LLM {release} of {day:%Y-%m-%d}; {formats}. "
        f"No latency limit, so no interactivity: the throughput end of a frontier only."
    )
    return figures.table(
        shown.sort_values("shape").rename_axis(columns=None), name=name, caption=caption, data=data
    )


def covered(
    rows: pd.DataFrame,
    others: dict[str, pd.DataFrame],
    /,
    *,
    models: dict[str, Sequence[str]],
    accelerators: Sequence[str],
    name: str,
) -> Exhibit:
    """Return how many public rows there are of each model on each accelerator, by kind of source.

    `others` maps a name to another table with `model` and `hardware`; `models` maps a label to the
    model keys that it stands for.
    """
    tables_ = {"with interactivity": rows, **others}
    data = pd.DataFrame(
        [
            {
                "model": label,
                "kind of row": kind,
                **{
                    hardware.NAMES[key]: int(
                        (frame["model"].isin(keys) & (frame["hardware"] == key)).sum()
                    )
                    for key in accelerators
                },
            }
            for label, keys in models.items()
            for kind, frame in tables_.items()
        ]
    )
    rack = [hardware.NAMES[key] for key in accelerators if key.startswith("gb")]
    missing = data[data["kind of row"] == "with interactivity"][rack].to_numpy().sum()
    caption = (
        f"Public rows by model and accelerator. Rows of a dense model on NVL72 "
        f"({', '.join(rack)}) that carry an interactivity: {missing}."
    )
    sources = {"mlperf", "trtllm_throughput", *rows["source"].unique()}
    return figures.table(data, name=name, caption=caption, sources=sources)


def model_and_length(
    rows: pd.DataFrame,
    basis: comparisons.Basis,
    specifications: dict[str, tuple[dict, dict]],
    /,
    *,
    shapes: tuple[str, str],
    name: str,
) -> Exhibit:
    """Return a drop split into the part of the model and the part of the longer answer.

    `specifications` maps a label to the selections of the dense and of the reasoning model,
    `shapes` are the short and the long one. All four frontiers are compared on the interactivity
    that all of them have, so that in either order the two parts multiply to the whole.
    """
    table = []
    for label, models in specifications.items():
        fronts = {
            (model, shape): comparisons.front(basis, rows, {**selection, "shape": shape})
            for model, selection in zip(("dense", "reasoning"), models, strict=True)
            for shape in shapes
        }
        low = max(front.low for front in fronts.values())
        high = min(front.high for front in fronts.values())
        if low >= high:
            raise UsageError(f"{label}: the four frontiers share no interactivity")
        short, long = shapes

        def part(above, below, fronts=fronts, low=low, high=high):
            return curves.geometric_mean(fronts[above], fronts[below], low=low, high=high)

        table.append(
            {
                "accelerator": label,
                "over, tok/s/user": f"{number(low)} to {number(high)}",
                "whole drop": part(("dense", short), ("reasoning", long)),
                "model, short answer": part(("dense", short), ("reasoning", short)),
                "then longer answer": part(("reasoning", short), ("reasoning", long)),
                "longer answer, dense": part(("dense", short), ("dense", long)),
                "then model, long answer": part(("dense", long), ("reasoning", long)),
            }
        )
    data = pd.DataFrame(table)
    first = data.iloc[0]
    caption = (
        f"From a dense model at {shapes[0]} to a reasoning model at {shapes[1]}, in {basis.unit}, "
        f"mean ratios over the interactivity that all four frontiers have. The parts multiply to "
        f"the whole in either order. On {first['accelerator']} the model is "
        f"{number(first['model, short answer'])}x and the longer answer "
        f"{number(first['then longer answer'])}x of {number(first['whole drop'])}x."
    )
    return figures.table(data, name=name, caption=caption, sources=sorted(rows["source"].unique()))


def answers(
    rows: pd.DataFrame,
    sides: dict[str, tuple[dict, int]],
    /,
    *,
    interactivity: float,
    power_edition: str,
    name: str,
) -> Exhibit:
    """Return energy and time of one answer: tokens times all-in power over output throughput.

    `sides` maps a label to a selection and the output tokens of one answer; the first is what the
    others are compared with. Power is provisioned power, not the power drawn.
    """
    basis = comparisons.Basis(metric="output_throughput_per_gpu")
    table = []
    for label, (selection, tokens) in sides.items():
        front = comparisons.front(basis, rows, selection)
        if interactivity > front.high:
            raise UsageError(
                f"{label}: measured up to {number(front.high)} tok/s/user, not at "
                f"{number(interactivity)}"
            )
        throughput = float(front.at(interactivity))
        kilowatts = hardware.power_kw(selection["hardware"], power_edition)
        joules = kilowatts * 1000 / throughput
        table.append(
            {
                "side": label,
                "output tok/s/GPU": throughput,
                "J per output token": joules,
                "tokens per answer": tokens,
                "Wh per answer": joules * tokens / 3600,
                "seconds per answer": tokens / interactivity,
            }
        )
    data = pd.DataFrame(table)
    data["energy over the first"] = data["Wh per answer"] / data["Wh per answer"].iloc[0]
    last = data.iloc[-1]
    caption = (
        f"One answer at {number(interactivity)} tok/s/user on the attainable frontier, all-in "
        f"power of the {power_edition} edition. {last['side']} takes "
        f"{number(last['energy over the first'])}x the energy of {data['side'].iloc[0]} for "
        f"{number(last['tokens per answer'] / data['tokens per answer'].iloc[0])}x the tokens."
    )
    sources = [*sorted(rows["source"].unique()), "power"]
    return figures.table(data, name=name, caption=caption, sources=sources)


def modelled_ratios(verdict, /, *, name: str) -> Exhibit:
    """Return the modelled ratio over interactivity, with the measured one on the same axes.

    Dashed lines with a band are the model, whose band holds the spread of its constants and its
    error on held-out curves; solid lines are measured, the nearest ones where none decides.
    """
    claim = verdict.claim
    measured = [f for f in verdict.findings if f.outcome != UNTESTED] or list(verdict.nearest)
    # Where the model answers a measured pair by name, that pair is what to hold it against.
    named = {f.comparison.name for f in verdict.modelled}
    measured = [f for f in measured if f.comparison.name in named] or measured
    answered = [f for f in verdict.modelled if f.answers]
    if not answered:
        raise UsageError(f"the serving model has no answer on '{claim.id}': show what was measured")
    parts = [modelled.lines([f.comparison for f in answered]).assign(tier="modelled: ")]
    if measured:
        lines = comparisons.lines([f.comparison for f in measured])
        parts.append(lines.assign(tier="measured: "))
    data = pd.concat(parts, ignore_index=True)
    data["comparison"] = data.pop("tier") + data["comparison"]
    data = data[data["shape"].isin(claim.test.shapes)]
    names = list(data["comparison"].unique())
    near = [f.comparison for f in measured if f.comparison.shape in claim.test.shapes]
    mine = own.ratios(near, claim)
    data = _with_own(data, mine)
    # Measured lines are solid, all of them: a dash says that a line is modelled.
    hues = {f"measured: {key}": hue for key, hue in _distinct(_colours(measured)).items()}
    dashes = dict.fromkeys(hues, "-")
    for i, label in enumerate(label for label in names if label.startswith("modelled")):
        hues[label], dashes[label] = figures.MODELLED[i], (0, (5, 1.5))
    hues |= dict.fromkeys(mine.names, figures.INK)
    drawn = figures.lines(
        data,
        x="interactivity",
        y="ratio",
        series="comparison",
        panel="shape",
        band=("low", "high"),
        colours=hues,
        dashes=dashes,
        xlabel="Interactivity, tok/s/user",
        ylabel=f"Ratio of {claim.test.basis.unit}",
        claim=_claimed(claim.test.target),
        height=4.4 + _LEGEND * len(mine.names),
        own=mine.names,
    )
    table = modelled.table(answered)
    best = table.loc[table["largest"].idxmax()]
    low, high = table["headline"].min(), table["headline"].max()
    where = (
        f"{number(best['largest'])}x at {number(best['largest_at'])} tok/s/user "
        f"({best['comparison']}, {best['shape']})"
    )
    caption = (
        f"Dashed: the calibrated serving model, with the band that holds 90 % of its draws of "
        f"constants and held-out error. Solid: measured. Modelled means run from {number(low)}x to "
        f"{number(high)}x, the largest modelled ratio is {where}; "
        f"{number(100 * table['extrapolated'].mean())} % of the modelled points lie outside what "
        f"the model was checked on.{_own_words(mine)}"
    )
    return figures.publish(
        drawn,
        name=name,
        alt=f"Modelled and measured ratios. The largest modelled is {where}.",
        caption=caption,
        data=data,
        sources=["serving_fit", *_sources(measured)],
    )


def modelled_table(verdict, /, *, name: str) -> Exhibit:
    """Return what the model says of each modelled comparison of a claim, and of its variants."""
    test = verdict.claim.test
    extra = (modelled.examine(one, test.target) for one in modelled.build(test, variants=True))
    data = modelled.table([*verdict.modelled, *extra])
    shown = pd.DataFrame(
        {
            "modelled comparison": data["comparison"] + ", " + data["shape"],
            "mean ratio": data["headline"],
            "90 % of draws": _spans(data["low"], data["high"]),
            "over, tok/s/user": _spans(data["from_tok_s_user"], data["to_tok_s_user"]),
            "largest": data["largest"],
            "at, tok/s/user": data["largest_at"],
            "claim met by the ratio": _spans(data["ratio_met_from"], data["ratio_met_to"]),
            "and by its interval": _spans(data["met_from"], data["met_to"]),
            "met from, floor or not": data["reached_at"],
            "extrapolated": [
                "–" if np.isnan(share) else f"{number(100 * share)} %"
                for share in data["extrapolated"]
            ],
        }
    )
    reached = data.dropna(subset=["reached_at"])
    words = "; ".join(
        f"{row.comparison}, {row.shape}, from {number(row.reached_at)} tok/s/user"
        for row in reached.itertuples()
    )
    caption = (
        f"What the calibrated serving model says, above the floor of the baseline "
        f"({number(test.basis.floor)} tok/s/GPU, input and output). The claimed "
        f"{number(test.target.value)}x is met somewhere, floor or not: {words or 'nowhere'}. A "
        f"dash says that nothing is shared above the floor; below it a ratio says more about where "
        f"the baseline's curve ends than about speed."
    )
    return figures.table(shown, name=name, caption=caption, data=data, sources=["serving_fit"])


def modelled_steps(
    claim: Claim, /, *, name: str, at: Sequence[float] = (20, 30, 50, 75, 100)
) -> Exhibit:
    """Return what each step from the baseline to the full system is worth in the model."""
    test, shape = claim.test, claim.test.shapes[0]
    systems = {
        step["name"]: modelled.system({k: v for k, v in step.items() if k != "name"}, shape)
        for step in test.steps
    }
    data = modelled.steps(test.basis, systems, at)
    shown = data.pivot(index="step", columns="interactivity", values="ratio")
    shown = shown.loc[list(systems)[1:]]
    last = data[data["step"] == list(systems)[-1]].set_index("interactivity")["total"]
    shown.loc["all steps"] = last
    shown.columns = [f"{number(point)} tok/s/user" for point in shown.columns]
    told = last.dropna()
    whole = ", ".join(f"{number(v)}x at {number(x)} tok/s/user" for x, v in told.items())
    caption = (
        f"Modelled, {next(iter(systems.values())).model}, {shape}, {test.basis.unit}: each row is "
        f"the ratio over the row above, starting from {next(iter(systems))}, in this order; "
        f"another order shares the gain differently. A step below 1 forces all GPUs into one "
        f"setting that a later step lifts. "
        f"All steps together: {whole or 'no frontier reaches these'}. A dash: a frontier has ended."
    )
    return figures.table(
        shown.reset_index(names="step"),
        name=name,
        caption=caption,
        data=data,
        sources=["serving_fit", *(["power"] if test.basis.power else [])],
    )
