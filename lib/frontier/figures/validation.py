"""Exhibits of how far the serving model can be believed: report 07.

Predicted against measured on curves that the fit had not seen, the constants with their spread,
what the model refuses, and what other models say. The model is in `frontier.serving`; what it says
of a claim is in `claims.modelled`.
"""

import html
from collections.abc import Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from IPython.display import HTML

from frontier import claims, curves, figures, serving
from frontier.claims import comparisons, modelled
from frontier.data import published, tables
from frontier.data.words import number
from frontier.errors import UsageError
from frontier.figures import Exhibit
from frontier.serving import calibration, crosscheck
from frontier.serving.modes import LENGTH

MOST_CONSTANTS = 6
SOURCE = ("serving_validation",)
MEASURES = {"throughput_per_gpu": "tok/s/GPU", "interactivity": "tok/s/user"}
# The groups that the model was built to get right, as conditions on the validation table.
GROUPS = {
    "DeepSeek-R1, all NVIDIA rows": {"family": "deepseek-r1"},
    "DeepSeek-R1 without MTP": {"family": "deepseek-r1", "speculative": False},
    "DeepSeek-R1 aggregated, without MTP": {
        "family": "deepseek-r1", "speculative": False, "disaggregated": False,
    },
    "Llama 70B": {"family": "llama-70b"},
    "gpt-oss-120b": {"family": "gpt-oss-120b"},
}  # fmt: skip


_R1 = {"model": "deepseek-r1"}
# Systems that the reports compare: measured rows, and the options of the sweep that models them.
FRONTIERS = {
    "R1, one H200 node FP8 without MTP": (
        {**_R1, "hardware": "h200", "precision": "fp8", "single_node": True, "speculative": False},
        {"single_node": True},
    ),
    "R1, H200 FP8 with everything": (
        {**_R1, "hardware": "h200", "precision": "fp8"},
        {"speculative": True},
    ),
    "R1, one B200 node FP4 without MTP": (
        {**_R1, "hardware": "b200", "precision": "fp4", "single_node": True, "speculative": False},
        {"single_node": True},
    ),
    "R1, GB200 NVL72 FP4 without MTP": (
        {**_R1, "hardware": "gb200", "precision": "fp4", "speculative": False},
        {},
    ),
    "R1, GB200 NVL72 FP4 with everything": (
        {**_R1, "hardware": "gb200", "precision": "fp4"},
        {"speculative": True},
    ),
    "R1, GB300 NVL72 FP4 with everything": (
        {**_R1, "hardware": "gb300", "precision": "fp4"},
        {"speculative": True},
    ),
    "Llama-70B, one H200 node FP8": (
        {"model": "llama-70b", "hardware": "h200", "precision": "fp8"},
        {"single_node": True},
    ),
    "Llama-70B, one B200 node FP4": (
        {"model": "llama-70b", "hardware": "b200", "precision": "fp4"},
        {"single_node": True},
    ),
}


def example(
    new: serving.System, old: serving.System, /, *, at: Sequence[float], name: str
) -> Exhibit:
    """Return the modelled ratio of two systems at some interactivities, with its interval."""
    data = serving.ratio_interval(new, old, at)
    shown = pd.DataFrame(
        {
            "tok/s/user": data["interactivity"],
            "ratio of tok/s/GPU": data["ratio"],
            "low": data["low"],
            "high": data["high"],
            "extrapolated": data["extrapolated"],
        }
    )
    caption = (
        f"An answer of the model, per GPU: {new.model} at {new.isl}/{new.osl} on "
        f"{figures.NAMES[new.hardware]} in {new.precision.upper()}{_how(new)} over "
        f"{figures.NAMES[old.hardware]} in {old.precision.upper()}{_how(old)}, with the interval "
        f"that holds 90 % of the draws."
    )
    return figures.table(shown, name=name, caption=caption, data=data, sources=["serving_fit"])


def errors(*, name: str) -> Exhibit:
    """Return the held-out error of each group of rows."""
    rows, table = calibration.validation(), []
    for label, conditions in GROUPS.items():
        part = rows
        for column, value in conditions.items():
            part = part[part[column] == value]
        table.append(
            {"rows of": label, "rows": len(part), "curves": part["curve"].nunique(), **_error(part)}
        )
    data = pd.DataFrame(table)
    worst = data.loc[data["throughput, median error"].idxmax()]
    caption = (
        f"Predicted by fits that had not seen the row's curve (all concurrencies of one "
        f"configuration). The largest median error of throughput is "
        f"{number(100 * worst['throughput, median error'])} % ({worst['rows of']})."
    )
    return figures.table(_percent(data), name=name, caption=caption, data=data, sources=SOURCE)


def groups(*, name: str) -> Exhibit:
    """Return the held-out error by family, accelerator, precision and mode."""
    found = serving.errors()
    kinds = found[["throughput_per_gpu_error", "interactivity_error"]].max(axis=1)
    mode = np.where(found["disaggregated"], "disaggregated", "one worker")
    data = pd.DataFrame(
        {
            "model": found["family"],
            "accelerator": found["hardware"].map(figures.NAMES),
            "precision": found["precision"].str.upper(),
            "mode": mode + np.where(found["speculative"], ", MTP", ""),
            "rows": found["rows"],
            "curves": found["curves"],
            "throughput, median error": found["throughput_per_gpu_error"],
            "throughput, bias": found["throughput_per_gpu_bias"],
            "interactivity, median error": found["interactivity_error"],
            "interactivity, bias": found["interactivity_bias"],
            "believed": kinds <= calibration.TRUSTED,
        }
    )
    out = data[~data["believed"]]
    names = "; ".join(f"{r.model} {r.accelerator} {r.precision} {r.mode}" for r in out.itertuples())
    caption = (
        f"Where a median error is above {number(100 * calibration.TRUSTED)} %, every answer is "
        f"marked as extrapolated: {names or 'nowhere'}."
    )
    return figures.table(_percent(data), name=name, caption=caption, data=data, sources=SOURCE)


def scatter(*, family: str | None, name: str) -> Exhibit:
    """Return predicted against measured, throughput and interactivity, one point a row."""
    rows = calibration.validation()
    rows = rows if family is None else rows[rows["family"] == family]
    drawn, grid = figures.figure(columns=2, height=3.9)
    for axes, (column, unit) in zip(grid, MEASURES.items(), strict=True):
        measured, predicted = rows[f"measured_{column}"], rows[f"predicted_{column}"]
        sns.scatterplot(
            x=measured,
            y=predicted,
            hue=rows["hardware"],
            s=12,
            linewidth=0,
            alpha=0.5,
            ax=axes,
            palette={key: figures.colour(key) for key in rows["hardware"].unique()},
            rasterized=len(rows) > figures.MOST_MARKS,
            legend=False,
        )
        ends = [min(measured.min(), predicted.min()), max(measured.max(), predicted.max())]
        axes.plot(ends, ends, color=figures.MUTED, linewidth=1)
        axes.set(
            xscale="log", yscale="log", xlabel=f"Measured, {unit}", ylabel=f"Predicted, {unit}"
        )
        decades = 10.0 ** np.arange(np.floor(np.log10(ends[0])), np.ceil(np.log10(ends[1])) + 1)
        figures.plain_axis(axes.xaxis, ticks=decades)
        figures.plain_axis(axes.yaxis, ticks=decades)
        axes.set(xlim=(ends[0] * 0.8, ends[1] * 1.25), ylim=(ends[0] * 0.8, ends[1] * 1.25))
    keys = sorted(rows["hardware"].unique())
    for key in keys:
        grid[0].plot([], [], "o", ms=4, color=figures.colour(key), label=figures.NAMES[key])
    drawn.legend(loc="outside upper left", ncols=len(keys))
    error = _error(rows)
    caption = (
        f"{len(rows):,} rows of {family or 'all families'}, each predicted by a fit that had not "
        f"seen its curve; on the line, prediction and measurement agree. Median error "
        f"{number(100 * error['throughput, median error'])} % of throughput and "
        f"{number(100 * error['interactivity, median error'])} % of interactivity."
    )
    return figures.publish(
        drawn, name=name, alt=f"Predicted against measured. {caption}", caption=caption, data=rows
    )


def constants(*, name: str) -> Exhibit:
    """Return the fitted constants of each family with their spread."""
    data = serving.spread()
    shown = data[data["fitted"]].drop(columns="fitted")
    shown = shown.rename(columns={"low": "5 % of refits", "high": "95 % of refits"})
    count = int(shown.groupby("family").size().max())
    if count > MOST_CONSTANTS:
        raise AssertionError(
            f"{count} constants a family; the report says at most {MOST_CONSTANTS}"
        )
    caption = (
        f"At most {count} constants a family are fitted. Shares are of datasheet rates; times are "
        f"in seconds; the spread is that of refits on resampled curves."
    )
    return figures.table(shown, name=name, caption=caption, data=data, sources=["serving_fit"])


def refusals(*, name: str) -> Exhibit:
    """Return what the model is asked and does not answer, in its own words."""
    shape = {"isl": 8192, "osl": 1024}
    asked = {
        "a model that is not in the table": ("gpt-5", "gb200", "fp4", {}),
        "an accelerator that is not in the table": ("deepseek-r1", "tpu", "fp8", {}),
        "FP4 on Hopper": ("deepseek-r1", "h200", "fp4", {}),
        "a model that does not fit": ("deepseek-r1", "h200", "fp8", {"max_gpus": 2}),
        "drafts without a draft module": ("llama-405b", "gb200", "fp4", {"speculative": True}),
        "a shape of zero": ("deepseek-r1", "gb200", "fp4", {"isl": 0}),
    }
    rows = [
        {"asked": what, "answer": _refusal(serving.sweep, *key, **{**shape, **options})}
        for what, (*key, options) in asked.items()
    ]
    new = serving.System("deepseek-r1", "gb200", "fp4", **shape)
    answer = _refusal(serving.ratio_interval, new, new, [50], draws=0)
    rows.append({"asked": "an interval of no draws", "answer": answer})
    data = pd.DataFrame(rows)
    caption = f"{len(data)} requests that the library refuses, in one line each."
    return figures.table(data, name=name, caption=caption, sources=["serving_fit"])


def other_models(*, name: str) -> Exhibit:
    """Return the model beside AIConfigurator at the same interactivity, case by case."""
    rows = crosscheck.compared().dropna(subset=["modelled"])
    rows = rows.assign(over=rows["modelled"] / rows["output_throughput_per_gpu"])
    keys = ["model", "hardware", "precision", "isl", "osl", "disaggregated"]
    data = rows.groupby(keys, as_index=False, sort=False).agg(
        points=("over", "size"),
        median=("over", "median"),
        least=("over", "min"),
        most=("over", "max"),
        run_s=("run_s", "first"),
    )
    shown = pd.DataFrame(
        {
            "case": data["model"]
            + " "
            + data["hardware"].map(figures.NAMES)
            + " "
            + data["precision"].str.upper()
            + ", "
            + data["isl"].astype("str")
            + "/"
            + data["osl"].astype("str")
            + np.where(data["disaggregated"], ", disaggregated", ", one worker"),
            "points": data["points"],
            "ours over theirs, median": data["median"],
            "least": data["least"],
            "most": data["most"],
            "seconds it took": data["run_s"],
        }
    )
    middle = float(rows["over"].median())
    caption = (
        f"Output tok/s/GPU of this model over AIConfigurator's {crosscheck.VERSION} at the same "
        f"interactivity. Over all points the median is {number(middle)}x. Neither is measured."
    )
    return figures.table(
        shown, name=name, caption=caption, data=rows, sources=["aiconfigurator_frontiers"]
    )


def against_mlperf(*, isl: int, osl: int, name: str) -> Exhibit:
    """Return the modelled maximum throughput of Llama-405B beside MLPerf's offline results.

    No row of the model was ever fitted. `isl` and `osl` are the mean lengths of MLPerf's data set.
    """
    best = published.mlperf("llama-3.1-405b")
    best = best[best["scenario"] == "offline"].sort_values("output_throughput_per_gpu")
    best = best.drop_duplicates("hardware", keep="last")
    rows = []
    for row in best.itertuples():
        # The model takes nominal lengths, of which real ones average a fixed share.
        nominal = {"isl": round(isl / LENGTH), "osl": round(osl / LENGTH)}
        front = serving.sweep(
            "llama-405b",
            row.hardware,
            row.precision,
            output_tokens=True,
            single_node=True,
            **nominal,
        )
        rows.append(
            {
                "accelerator": figures.NAMES[row.hardware],
                "precision": row.precision.upper(),
                "measured, output tok/s/GPU": row.output_throughput_per_gpu,
                "GPUs": row.gpus,
                "round": row.round,
                "modelled, one node": float(front.throughput[0]),
            }
        )
    data = pd.DataFrame(rows)
    data["modelled over measured"] = data["modelled, one node"] / data["measured, output tok/s/GPU"]
    low, high = data["modelled over measured"].min(), data["modelled over measured"].max()
    caption = (
        f"MLPerf offline, best round, {isl:,} tokens in and {osl:,} out on average: the model, "
        f"fitted on Llama-70B only, gives {number(low)}x to {number(high)}x of what was measured. "
        f"Where it is low for the baseline, a modelled gain over it is too high by as much."
    )
    return figures.table(data, name=name, caption=caption, sources=["mlperf", "serving_fit"])


def against_frontiers(
    rows: pd.DataFrame, /, *, at: Sequence[float], shapes: Sequence[str], name: str
) -> Exhibit:
    """Return modelled over measured frontiers of the systems that the reports compare.

    The model is fitted to dated rows; the measured frontiers here have the undated medians too.
    Missing where either has ended or was not measured that far down.
    """
    table, sources = [], set()
    for label, (chosen, options) in FRONTIERS.items():
        for shape in shapes:
            selection = {**chosen, "shape": shape}
            measured = comparisons.matching(rows, **selection)
            if measured.empty:
                continue
            sources |= set(measured["source"])
            isl, osl = map(int, shape.split("/"))
            front = curves.Frontier.from_points(measured)
            model = serving.sweep(
                chosen["model"],
                chosen["hardware"],
                chosen["precision"],
                isl=isl,
                osl=osl,
                **options,
            )
            found = curves.ratio(model, front, np.asarray(at, float))
            named = {f"{number(x)} tok/s/user": y for x, y in zip(at, found, strict=True)}
            table.append({"system": label, "shape": shape, **named})
    data = pd.DataFrame(table)
    values = data.iloc[:, 2:].stack().dropna()
    place = np.log(values).abs().idxmax()
    worst = float(values[place])
    caption = (
        f"Modelled over measured throughput per GPU, attainable frontiers. The middle of "
        f"{len(values)} is {number(float(values.median()))}x; the worst is {number(worst)}x "
        f"({data['system'][place[0]]}, {data['shape'][place[0]]}, {place[1]}): a modelled ratio "
        f"that rests on such a point is wrong by as much."
    )
    sources = ["serving_fit", *sorted(sources)]
    return figures.table(data, name=name, caption=caption, sources=sources)


def elsewhere(*, name: str) -> Exhibit:
    """Return who else models LLM serving, and what their models leave out."""
    data = tables.read("other_models")
    shown = data.rename(columns=lambda column: column.replace("_", " "))
    caption = f"{len(data)} other models of LLM serving, and what each leaves out."
    return figures.table(shown, name=name, caption=caption, data=data, sources=["other_models"])


def sensitivities(ids: Sequence[str], /, *, at: float, name: str) -> Exhibit:
    """Return what each constant does to each claim's modelled ratios, in its first shape."""
    parts = []
    for test in (claims.claim(key).test for key in ids):
        for specification in test.modelled:
            one = modelled.one(test.basis, specification, test.shapes[0])
            found = serving.sensitivity(one.numerator, one.denominator, [at])
            factors = found[["ratio", "at_low", "at_high"]] * one.factor
            parts.append(found.assign(**factors, comparison=one.label))
    data = pd.concat(parts, ignore_index=True).dropna(subset=["ratio"])
    shown = pd.DataFrame(
        {
            "modelled ratio": data["comparison"],
            "family": data["family"],
            "constant": data["constant"],
            "ratio": data["ratio"],
            "constant at its 5 %": data["at_low"],
            "at its 95 %": data["at_high"],
        }
    )
    swing = (np.log(data["at_high"] / data["at_low"]).abs()).groupby(data["constant"]).max()
    caption = (
        f"Ratio in the unit of each claim at {number(at)} tok/s/user with one constant at a time "
        f"at the end of its spread. The largest swing is that of {swing.idxmax()}."
    )
    return figures.table(shown, name=name, caption=caption, data=data, sources=["serving_fit"])


def quotable() -> HTML:
    """Return the sentence on the model that can be quoted, with its condition."""
    rows = calibration.validation()
    error, believed = _error(rows), serving.errors()
    bad = believed[["throughput_per_gpu_error", "interactivity_error"]].max(axis=1)
    out = int((bad > calibration.TRUSTED).sum())
    curves = len(rows.drop_duplicates(["family", "curve"]))
    words = (
        f"On {len(rows):,} measured rows of {curves} curves that its fit had not "
        f"seen, the serving model misses throughput by {_tell(error['throughput, median error'])} "
        f"and interactivity by {_tell(error['interactivity, median error'])} in the middle; in "
        f"{out} of {len(believed)} groups of model, accelerator, precision and mode it misses by "
        f"more than {_tell(calibration.TRUSTED)}, and there every answer is marked as extrapolated."
    )
    return HTML(f'<blockquote class="quotable">{html.escape(words)}</blockquote>')


def _how(system):
    """Say how a system is served, where that is not the default."""
    parts = [" with drafts" * system.speculative, " on one node" * system.single_node]
    return "".join(parts)


def _tell(share):
    return f"{number(100 * share)} %"


def _error(rows):
    found = {}
    for column, label in (("throughput_per_gpu", "throughput"), ("interactivity", "interactivity")):
        relative = np.expm1(rows[f"{column}_error"])
        found[f"{label}, median error"] = float(relative.abs().median())
        found[f"{label}, bias"] = float(relative.median())
    return found


def _percent(data):
    shown = data.copy()
    for column in shown.columns[shown.columns.str.contains("error|bias")]:
        shown[column] = [_tell(value) for value in shown[column]]
    return shown


def _refusal(ask, *args, **options):
    try:
        ask(*args, **options)
    except UsageError as error:
        return str(error)
    raise AssertionError("the model answered what it should refuse")
