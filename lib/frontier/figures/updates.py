"""Updates: what software alone gained on hardware that stayed the same, from three records.

The dated rows of InferenceX compare equal configurations and concurrencies; MLPerf's rounds one
submitter's results on one accelerator at one scale; TensorRT-LLM's documentation its own offline
maxima, release by release. They measure different things over different times, so they stand side
by side and never in one mark. How a frontier moved in weeks is in `figures.movements`.

>>> from frontier.data import measurements
>>> from frontier.figures import updates
>>> updates.overview(measurements.load_measurements(), name="05-software")  # doctest: +SKIP
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from IPython.display import Markdown

from frontier import figures
from frontier.data import hardware, published, tables
from frontier.data.measurements import SERIES, series_in_words
from frontier.data.words import number, span
from frontier.figures import Exhibit
from frontier.history import releases, shifts

EVER = 1000  # weeks: from the first date of a series to its last
RECORDS = {
    "rows": "InferenceX, equal configurations and concurrencies, first date to last",
    "mlperf": "MLPerf, same submitter, accelerator and scale, one round to a later one",
    "releases": "TensorRT-LLM documentation, releases chained by shape",
}
METHODS = {
    "static-batch": "static batch", "engine-in-flight": "TensorRT engine",
    "pytorch-in-flight": "PyTorch backend",
}  # fmt: skip
HARDWARE = ("h100", "h200", "b200", "gb200", "gb300", "mi355x")


def dated(rows: pd.DataFrame, /, *, hardware: Sequence[str] = HARDWARE) -> pd.DataFrame:
    """Return the gain of every dated series from its first date to its last, like for like.

    Columns: those of ``SERIES``, `earlier`, `later`, `days`, `points`, `gain` (geometric
    mean ratio of throughput at fixed configurations and concurrencies) and `speed` (the same of
    interactivity, which idle time in the timed window does not touch), `source` (the tables that
    the series is from).
    """
    moved = shifts.movement(rows[rows["hardware"].isin(list(hardware))], weeks=EVER)
    last = moved[moved["kind"] == "like-for-like"].sort_values("later", kind="stable")
    last = last.drop_duplicates(SERIES, keep="last")
    last = last.rename(columns={"point_geomean": "gain"})
    speeds = [_speed(rows, row) for row in last.to_dict("records")]
    last = last.assign(speed=speeds).rename(columns={"sources": "source"})
    columns = [*SERIES, "earlier", "later", "days", "points", "gain", "speed", "source"]
    return last[columns].reset_index(drop=True)


def steps(table: pd.DataFrame, /, *, family: str) -> pd.DataFrame:
    """Return every step from one dated TensorRT-LLM release to the next that has the same shape.

    Of the accelerators of `HARDWARE`. Columns: `gpu`, `precision`, `isl`, `osl`, `version`, `date`
    (of the later release), `model`, `method`, `ratio` of its best configuration over that of the
    release before, `alike`: the same model measured in the same way, at a batch of the engine's
    choice, so that the step is software. `source`.
    """
    series = releases.release_series(table, best=True)
    series = series[(series["family"] == family) & series["date"].notna()]
    series = series[series["gpu"].str.lower().isin(HARDWARE)]
    keys = ["gpu", "precision", "isl", "osl"]
    series = series.sort_values([*keys, "date"], kind="stable")
    last = series.groupby(keys)[["output_throughput_per_gpu", "model", "method"]].shift()
    ratio = series["output_throughput_per_gpu"] / last["output_throughput_per_gpu"]
    alike = (series["model"] == last["model"]) & (series["method"] == last["method"])
    # Those tables fix the batch, so that a larger one that is tabled later looks like a gain.
    alike &= series["method"] != "static-batch"
    columns = [*keys, "version", "date", "model", "method"]
    found = series[columns].assign(ratio=ratio, alike=alike, source="trtllm_throughput")
    return found.reset_index(drop=True)


def chained(table: pd.DataFrame, /, *, family: str) -> pd.DataFrame:
    """Return the gain of every shape over its releases, as far as they were measured alike.

    The product of the steps that are `alike` in ``steps``; the others are counted and left out.
    Columns: `gpu`, `precision`, `isl`, `osl`, `gain`, `steps`, `unlike`, `first`, `last`, `source`.
    """
    every = steps(table, family=family)
    every["log"] = np.log(every["ratio"].where(every["alike"], 1.0))
    by = every.groupby(["gpu", "precision", "isl", "osl"], sort=False)
    found = by.agg(
        gain=("log", "sum"),
        steps=("alike", "sum"),
        known=("ratio", "count"),
        first=("date", "min"),
        last=("date", "max"),
        source=("source", "first"),
    ).reset_index()
    found["gain"] = np.exp(found["gain"])
    found["unlike"] = found.pop("known") - found["steps"]
    return found[found["steps"] > 0].reset_index(drop=True)


def overview(rows: pd.DataFrame, /, *, family: str, name: str) -> Exhibit:
    """Return what software alone gained, by record and accelerator: the spread over its series."""
    series, rounds = dated(rows), published.mlperf_rounds()
    table = tables.read("trtllm_throughput")
    every, maxima = steps(table, family=family), chained(table, family=family)
    data = pd.concat(
        [
            _marks(
                "rows",
                series["hardware"],
                series["gain"],
                series_in_words(series),
                series["source"],
            ),
            _marks(
                "mlperf", rounds["hardware"], rounds["ratio"], _rounds(rounds), rounds["source"]
            ),
            _marks(
                "releases",
                maxima["gpu"].str.lower(),
                maxima["gain"],
                f"{family} " + _maxima(maxima),
                maxima["source"],
            ),
        ],
        ignore_index=True,
    )
    data = data[data["hardware"].isin(HARDWARE)]
    spread = (
        data.groupby(["record", "hardware"], sort=False)["gain"]
        .agg(
            headline="median",
            low=lambda v: v.quantile(0.25),
            high=lambda v: v.quantile(0.75),
            least="min",
            largest="max",
            series="size",
        )
        .reset_index()
    )
    order = {key: i for i, key in enumerate(HARDWARE)}
    spread["at"] = spread["record"].map({text: i for i, text in enumerate(RECORDS.values())})
    spread = spread.sort_values(["at", "hardware"], key=lambda c: c.map(order).fillna(c))
    count = spread["series"].astype("str")
    spread["label"] = spread["hardware"].map(hardware.NAMES) + ", " + count + " series"
    drawn = figures.intervals(
        spread.reset_index(drop=True),
        label="label",
        group="record",
        hue="hardware",
        colours={key: figures.colour(key) for key in HARDWARE},
        xlabel="Gain of software alone, ratio of throughput per GPU",
        reference=(1.0, "no gain"),
    )
    texts = [
        f"{record}: median {number(group['gain'].median())}x, "
        f"{span(group['gain'].min(), group['gain'].max(), '')}"
        for record, group in data.groupby("record", sort=False)
    ]
    caption = (
        f"Dots: the middle series of an accelerator; bars: the middle half; thin lines: all. "
        f"{'. '.join(texts)}. The dated rows are from {series['earlier'].min():%Y-%m} to "
        f"{series['later'].max():%Y-%m}. {_told(maxima, every, family)} An accelerator that stays "
        f"the same may still stand in another host."
    )
    return figures.publish(
        drawn,
        name=name,
        alt="Gain of software alone. " + ". ".join(texts) + ".",
        caption=caption,
        data=data,
    )


def _told(maxima, every, family):
    """Say over which time releases are chained, and how many of their steps are not."""
    if maxima.empty:
        return f"Of {family} no two dated releases were measured alike."
    known = every["ratio"].notna()
    return (
        f"The releases are of {family}, from {maxima['first'].min():%Y-%m} to "
        f"{maxima['last'].max():%Y-%m}; {int((known & ~every['alike']).sum())} of "
        f"{int(known.sum())} steps changed the model or the way of measuring and are left out."
    )


def history(rows: pd.DataFrame, /, *, name: str, top: int = 14) -> Exhibit:
    """Return the dated series that gained most, in throughput and in speed: dead time shows."""
    data = dated(rows).sort_values("gain", ascending=False, kind="stable", ignore_index=True)
    shown = pd.DataFrame(
        {
            "series": series_in_words(data),
            "from": data["earlier"],
            "to": data["later"],
            "points": data["points"],
            "throughput": [f"{number(v)}x" for v in data["gain"]],
            "speed": [f"{number(v)}x" for v in data["speed"]],
        }
    ).head(top)
    apart = data[data["gain"] / data["speed"] > 1.2]
    by = data.groupby("hardware", sort=False)["speed"].median()
    middle = ", ".join(f"{hardware.name(key)} {number(v)}x" for key, v in by.items())
    caption = (
        f"The {len(shown)} of {len(data)} series that gained most since their first date, at "
        f"equal configurations and concurrencies. Middle gain in speed: {middle}. "
        + (
            f"In {len(apart)} series throughput rose 1.2x more than speed or further: a shorter "
            f"wait for the first token or idle time that left the timed window."
            if len(apart)
            else "In none did throughput rise 1.2x more than speed or further."
        )
    )
    return figures.table(shown, name=name, caption=caption, data=data)


def rounds(*, name: str, top: int = 16) -> Exhibit:
    """Return MLPerf from round to round by submitter, beside the trap of the best of each."""
    data = published.mlperf_rounds().sort_values("ratio", ascending=False, ignore_index=True)
    data = data[data["hardware"].isin(HARDWARE)]
    shown = pd.DataFrame(
        {
            "result": data["model"]
            + ", "
            + data["scenario"]
            + ", "
            + data["gpus"].astype("str")
            + " "
            + data["hardware"].map(hardware.NAMES),
            "submitter": data["submitter"],
            "rounds": data["before"] + " to " + data["after"],
            "same submitter": [f"{number(v)}x" for v in data["ratio"]],
            "best of each round": [f"{number(v)}x" for v in data["any_submitter"]],
        }
    ).head(top)
    widest = data.loc[(data["any_submitter"] / data["ratio"]).idxmax()]
    caption = (
        f"The {len(shown)} of {len(data)} results with the largest gain over an earlier round by "
        f"the same submitter on as many of the same accelerator. The last column is the trap: the "
        f"best of either round, whoever submitted it and at whatever scale. For "
        f"{widest['model']} {widest['scenario']} on {hardware.NAMES[widest['hardware']]} it says "
        f"{number(widest['any_submitter'])}x where {widest['submitter']} itself gained "
        f"{number(widest['ratio'])}x."
    )
    return figures.table(shown, name=name, caption=caption, data=data)


def years(table: pd.DataFrame, /, *, family: str, name: str) -> Exhibit | Markdown:
    """Return TensorRT-LLM's gain release by release, chained over the steps measured alike."""
    every = steps(table, family=family)
    if not every["alike"].any():
        return Markdown(f"Of {family} TensorRT-LLM's tables have no two dated releases alike.")
    keys = ["gpu", "precision", "version", "date"]
    alike = every[every["alike"]].assign(log=lambda frame: np.log(frame["ratio"]))
    chain = alike.groupby(keys, sort=False)["log"].mean().reset_index()
    starts = every.groupby(["gpu", "precision"], sort=False)["date"].min().reset_index()
    data = pd.concat([starts.assign(log=0.0), chain]).sort_values("date", kind="stable")
    data["ratio"] = np.exp(data.groupby(["gpu", "precision"])["log"].cumsum())
    data["series"] = data["gpu"] + " " + data["precision"].str.upper()
    drawn, axes = figures.figure(height=3.4)
    for label, line in data.groupby("series", sort=True):
        hue = figures.colour(line["gpu"].iloc[0].lower())
        dash = "-" if line["precision"].iloc[0] in ("fp8", "fp4") else (0, (4, 2))
        axes.step(line["date"], line["ratio"], where="post", color=hue, linestyle=dash, label=label)
        axes.scatter(line["date"], line["ratio"], s=14, color=hue, zorder=3)
        figures.entitle(drawn, axes, release_titles(label, line))
    for method, begin in every.groupby("method")["date"].min().items():
        axes.axvline(begin, color=figures.MUTED, lw=0.8, ls=(0, (1, 2)))
        axes.annotate(
            METHODS[method],
            (begin, 1),
            xycoords=("data", "axes fraction"),
            va="top",
            xytext=(3, -3),
            textcoords="offset points",
            fontsize=8,
            color=figures.MUTED,
        )
    axes.set_yscale("log")
    figures.plain_axis(axes.yaxis, ticks=(0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.5, 2, 3))
    axes.set_ylabel("Chained gain, ratio")
    axes.grid(True, axis="y")
    drawn.legend(loc="outside upper left", ncols=4)
    last = data.groupby("series", sort=True)["ratio"].last()
    texts = ", ".join(f"{label} {number(value)}x" for label, value in last.items())
    unlike = int((~every["alike"] & every["ratio"].notna()).sum())
    caption = (
        f"Offline maximum output tok/s/GPU of {family} models in NVIDIA's documentation, release "
        f"after release: the mean step of the shapes that two releases share, chained. Only steps "
        f"of the same model measured in the same way count, and none of the static batches, whose "
        f"size the tables fix; {unlike} of {int(every['ratio'].notna().sum())} do not. Dotted: the "
        f"way of measuring changes. Software alone came to: {texts}. Within "
        f"{number(100 * shifts.NOISE)} % a step is noise."
    )
    return figures.publish(
        drawn,
        name=name,
        alt=f"Chained gain of releases: {texts}.",
        caption=caption,
        data=data.drop(columns="log"),
        sources=["trtllm_throughput"],
    )


def release_titles(label: str, line: pd.DataFrame, /) -> list[str]:
    """Return what each point of a line over releases is (`version`, `date`, `ratio`)."""
    return [
        ", ".join(
            filter(
                None,
                [
                    label,
                    row.version and f"TensorRT-LLM {row.version}",
                    f"{row.date:%Y-%m-%d}: {number(row.ratio)}x",
                ],
            )
        )
        for row in line.fillna({"version": ""}).itertuples()
    ]


def _marks(record, hardware, gain, label, source):
    return pd.DataFrame(
        {
            "record": RECORDS[record],
            "hardware": hardware.to_numpy(),
            "gain": gain.to_numpy(),
            "series": label.to_numpy(),
            "source": source.to_numpy(),
        }
    )


def _speed(rows, row):
    """Return the mean gain in interactivity of the points of one series since its first date."""
    same = rows["date"].notna()
    for key in SERIES:
        same &= rows[key] == row[key]
    gains = shifts.gains_since(rows[same], row["earlier"])
    return float(np.exp(gains.mean())) if len(gains) else float("nan")


def _rounds(data):
    return (
        data["model"]
        + " "
        + data["scenario"]
        + ", "
        + data["gpus"].astype("str")
        + " GPUs, "
        + data["submitter"]
        + ", "
        + data["before"]
        + " to "
        + data["after"]
    )


def _maxima(data):
    shape = data["isl"].astype("str") + "/" + data["osl"].astype("str")
    return data["gpu"] + " " + data["precision"] + ", " + shape
