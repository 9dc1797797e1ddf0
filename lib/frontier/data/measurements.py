"""The tidy table of measured points: one row is one benchmark run at one concurrency.

Several sources hold such points, each a table of its own; `load_measurements` is their union.
The live table exists only after ``frontier data refresh``.
All columns are those of `COLUMNS`, with one meaning whatever the source: throughput counts
every GPU of a deployment, prefill and decode, and interactivity is one over the time per
output token (the median over requests where the source gives one, else the mean: the
column ``latency`` says which). What cannot be used is in the table ``quarantine``, with the
reason. Reading raw downloads belongs in `frontier.sources`, fronts in `frontier.curves`.

>>> from frontier.data import measurements
>>> rows = measurements.load_measurements()
>>> hopper = measurements.select(rows, model="deepseek-r1", hardware="h200", single_node=True)
"""

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from frontier.data import hardware, tables
from frontier.data.columns import COLUMNS, CONFIGURATION, OWN_COLUMNS
from frontier.errors import DataError, UsageError, among

LIVE = "inferencex"
OWN = "own"  # a person's own rows: on figures, and never in the union
SOURCES = (
    LIVE,
    "inferencex_medians_2026_07",
    "inferencex_captures",
    "inferencex_posts",
    "aiconfigurator_silicon",
    "inferencemax_2025_10",
    "inferencemax_ci_2025_12",
    "inferencex_medians_2026_07_other_models",
    "post_mi355x_deepseek_v4",
    "tpuv7_qwen35",
)
COUNTS = ("gpus", "prefill_gpus", "decode_gpus", "tp", "ep")
SETTING = [c for c in CONFIGURATION if c != "source"]  # a configuration, whichever table has it
RUN = [*SETTING, "concurrency", "date"]  # one run at one concurrency, whichever table has it
POINT = [*CONFIGURATION, "concurrency"]  # one place on the curve of a configuration
SERIES = [  # what a user chooses, nothing that tuning chooses: a curve that moves in time
    *("model", "hardware", "framework", "precision", "speculative", "disaggregated"),
    *("isl", "osl"),
]
MEAN_LENGTH = 0.9  # real prompts and answers are drawn uniformly from 0.8 to 1 of the nominal
# Above Little's bound by more than this, a row contradicts itself. The bound uses the
# median time per token and nominal lengths; either may be off by a per cent or two.
LITTLE_TOLERANCE = 1.02
NORMAL_90 = 1.645  # 90 % of a normal error lies within this many sigma
REPEAT_DAYS = 3
# No run is older than the benchmarks, and none is later than today wherever it is ahead of here.
FIRST_DAY = pd.Timestamp("2023-01-01")
DAYS_AHEAD = 2
# Requests of one's own have the nominal lengths on average, and by chance not those of a sample.
OWN_TOLERANCE = 1.5


def column_sidecars(columns: Mapping[str, tuple] = COLUMNS, /) -> dict:
    """Return the sidecar entries of columns; those of the measurements by default."""
    return {
        name: dict(zip(("dtype", "unit", "description"), about, strict=True))
        for name, about in columns.items()
    }


def typed(frame: pd.DataFrame, columns: Mapping[str, tuple] = COLUMNS, /) -> pd.DataFrame:
    """Return those columns of a frame, in their order and each of its type."""
    kinds = {name: tables.DTYPES[dtype] for name, (dtype, _, _) in columns.items()}
    return frame[list(kinds)].astype(kinds).reset_index(drop=True)


def load_measurements(
    *, folder: Path | None = None, columns: Collection[str] | None = None
) -> pd.DataFrame:
    """Return every usable measured point, the union of `SOURCES`; `COLUMNS` explains its columns.

    A dated run that the live table has is left out of the others: they are samples of it.

    Args:
        folder: where the tables are, such as a snapshot's; the data folder by default.
        columns: which of `COLUMNS` to return, in their order; all by default. Few columns of
            many rows are read in a fraction of the time.

    Raises:
        UsageError: when a table or a column is not there.
        DataError: when a table is damaged (see `tables.read`).

    >>> rows = load_measurements()
    >>> rows.columns[:2].tolist(), rows["interactivity"].gt(0).all()
    (['model', 'hardware'], np.True_)
    """
    there = [s for s in SOURCES if s != LIVE or tables.has(LIVE, folder=folder)]
    wanted = None if columns is None else set(columns)
    needed = None if wanted is None else wanted | (set(RUN) if LIVE in there else set())
    read = [tables.read(s, folder=folder, columns=needed) for s in there]
    if there[0] == LIVE:
        others = pd.concat(read[1:], ignore_index=True)
        read = [read[0], _without(others, read[0])]
    rows = pd.concat(read, ignore_index=True)
    return rows if wanted is None else rows[[c for c in rows if c in wanted]]


def _without(rows: pd.DataFrame, live: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of which the live table does not have the run."""
    near = live[live["model"].isin(rows["model"].unique()) & live["date"].isin(rows["date"])]
    return rows[rows["date"].isna() | ~run_keys(rows).isin(run_keys(near))]


def run_keys(frame: pd.DataFrame, /) -> pd.Series:
    """Return a number for every row that rows of the same run at the same concurrency share."""
    return pd.util.hash_pandas_object(frame[RUN], index=False)


def own() -> pd.DataFrame:
    """Return a person's own measured points: `COLUMNS`, and `label`, the name of their series.

    They are drawn beside the public ones and are never among `load_measurements`, so that no
    verdict follows from them. Empty, with the same columns, where there is no table `own`.
    """
    if tables.has(OWN):
        return tables.read(OWN)
    return typed(pd.DataFrame(columns=list(OWN_COLUMNS)), OWN_COLUMNS)


def known_by(frame: pd.DataFrame, /) -> pd.Series:
    """Return the day by which each row was measured: its date, or the last day it can have been.

    NaT where neither is known.
    """
    if "date_to" not in frame:
        return frame["date"]
    # Without any interval the column is of another type until the table is written.
    return frame["date"].fillna(pd.to_datetime(frame["date_to"]).astype(frame["date"].dtype))


def shapes(frame: pd.DataFrame) -> pd.Series:
    """Return the traffic shape of every row as text, ``8192/1024`` for ISL/OSL.

    >>> shapes(pd.DataFrame({"isl": [8192], "osl": [1024]})).tolist()
    ['8192/1024']
    """
    # Of few traffics there are many rows, so each text is made once.
    isl, inputs = pd.factorize(frame["isl"], use_na_sentinel=False)
    osl, outputs = pd.factorize(frame["osl"], use_na_sentinel=False)
    texts = np.array([f"{one}/{other}" for one in inputs for other in outputs], object)
    return pd.Series(texts[isl * len(outputs) + osl], index=frame.index, dtype="str")


def date_in_words(day, /) -> str:
    """Return the day of a row as readers are shown it.

    >>> date_in_words(pd.Timestamp("2026-03-31")), date_in_words(pd.NaT)
    ('2026-03-31', 'undated')
    """
    return "undated" if pd.isna(day) else f"{day:%Y-%m-%d}"


def in_words(rows: pd.DataFrame, /) -> pd.Series:
    """Return what each row ran, in words: software and layout, without accelerator and traffic.

    >>> in_words(select(load_measurements(), hardware="h200", speculative=True, tp=8)).iloc[0]
    'dynamo-sglang fp8, speculative, disaggregated, 56 GPUs, TP 8'
    """

    def said(row):
        yield f"{row.framework} {row.precision}".strip()
        yield "speculative" if row.speculative else ""
        yield "disaggregated" if row.disaggregated else ""
        yield f"{row.gpus} GPUs" if row.gpus else ""
        yield f"TP {row.tp}" if row.tp else ""
        yield f"EP {row.ep}" if row.ep > 1 else ""
        yield "DP attention" if row.dp_attention else ""

    words = [", ".join(filter(None, said(row))) for row in rows.itertuples()]
    return pd.Series(words, index=rows.index, dtype="str")


def series_in_words(rows: pd.DataFrame, /) -> pd.Series:
    """Return which series each row is of, in words: the columns of `SERIES` but for the model.

    >>> series_in_words(select(load_measurements(), hardware="gb200", speculative=True)).iloc[0]
    'GB200 dynamo-trt fp4 MTP disaggregated, 1024/1024'
    """
    software = (rows["framework"] + " " + rows["precision"]).str.strip()
    software += np.where(rows["speculative"], " MTP", "").astype(object)
    software += np.where(rows["disaggregated"], " disaggregated", "").astype(object)
    return rows["hardware"].map(hardware.name) + " " + software + ", " + shapes(rows)


def choices(column: str, frame: pd.DataFrame | None = None) -> list:
    """Return the sorted values a column (or ``shape``) takes in `frame` (default: all rows).

    >>> choices("shape")
    ['1024/1024', '1024/8192', '8192/1024']
    """
    frame = load_measurements() if frame is None else frame
    return sorted(_column(frame, column).dropna().unique().tolist())


def select(frame: pd.DataFrame, /, **conditions) -> pd.DataFrame:
    """Return the rows that meet every condition.

    A condition is ``column=value`` or ``column=[values]``; ``shape="8192/1024"`` is a column
    too. Further: ``single_node=True`` (not disaggregated, at most 8 GPUs), ``as_of=date``
    (measured by then: undated rows are out) and ``ttft_limit=seconds`` (rows without a TTFT
    are out). Conditions of value None are ignored. UsageError, with the values that are
    there, when nothing is left.

    >>> rows = select(load_measurements(), model="deepseek-r1", hardware=["gb200", "gb300"])
    >>> sorted(rows["hardware"].unique())
    ['gb200', 'gb300']
    >>> select(rows, hardware="h200")
    Traceback (most recent call last):
    broadsheet.errors.UsageError: no measured row has hardware=h200: there are gb200, gb300
    """
    if not isinstance(frame, pd.DataFrame):
        raise UsageError(
            f"select takes rows as load_measurements() gives them, not a {type(frame).__name__}"
        )
    for name, wanted in conditions.items():
        if wanted is None:
            continue
        kept = frame[meets(frame, name, wanted)]
        if kept.empty:
            raise UsageError(f"no measured row has {name}={wanted}{_present(frame, name, wanted)}")
        frame = kept
    return frame


def meets(frame: pd.DataFrame, name: str, wanted, /) -> pd.Series:
    """Return which rows meet one condition of `select`; UsageError where it is none."""
    if name == "single_node":
        return (~frame["disaggregated"] & (frame["gpus"] <= 8)) == bool(wanted)
    if name == "as_of":
        try:
            return known_by(frame) <= pd.Timestamp(wanted)
        except ValueError:
            raise UsageError(f"as_of is {wanted!r}; expected a date such as 2026-03-31") from None
    if name == "ttft_limit":
        if isinstance(wanted, bool) or not isinstance(wanted, (int, float, np.number)):
            raise UsageError(f"ttft_limit is {wanted!r}; expected seconds, such as 2.0")
        return frame["ttft"] <= wanted
    listed = isinstance(wanted, (list, tuple, set, np.ndarray))
    return _column(frame, name).isin(list(wanted) if listed else [wanted])


def _column(frame, name):
    if name == "shape":
        return shapes(frame)
    if name not in frame:
        raise UsageError(f"no column '{name}': {among(name, ['shape', *frame.columns])}")
    return frame[name]


def _present(frame, name, wanted):
    if name == "as_of":
        known = frame["date"].dropna()
        return f": the first is of {known.min():%Y-%m-%d}" if len(known) else ": none is dated"
    if name == "ttft_limit":
        lowest = frame["ttft"].min()
        return ": none states a TTFT" if np.isnan(lowest) else f": the lowest is {lowest:.3g} s"
    if name == "single_node":
        return ""
    return f": {among(wanted, choices(name, frame))}"


def little_quotient(frame: pd.DataFrame, /) -> pd.Series:
    """Return throughput over Little's bound, concurrency x interactivity x (1 + ISL/OSL) / GPUs.

    A steady closed loop cannot be above 1: each user has at most one request under way, and
    each request takes at least its decoding time.

    >>> rows = load_measurements()
    >>> bool(little_quotient(rows).max() <= LITTLE_TOLERANCE)
    True
    """
    bound = frame["concurrency"] * frame["interactivity"] * (1 + frame["isl"] / frame["osl"])
    return frame["throughput_per_gpu"] * frame["gpus"] / bound


def closed_loop_throughput(frame: pd.DataFrame, latency, /) -> pd.Series:
    """Return input + output tok/s per GPU that a closed loop serves at a latency in s.

    The latency is of whole requests. Where throughput is also measured, the two agree
    within 2 to 6 %.
    """
    tokens = MEAN_LENGTH * (frame["isl"] + frame["osl"])
    return frame["concurrency"] * tokens / latency / frame["gpus"].where(frame["gpus"] > 0)


def request_latency(frame: pd.DataFrame, /) -> pd.Series:
    """Return seconds per request: time to first token, then one TPOT per further token."""
    return frame["ttft"] + frame["tpot"] * (MEAN_LENGTH * frame["osl"] - 1)


def validate(frame: pd.DataFrame, /, *, file: str = "measurements") -> None:
    """Raise DataError at the first row that breaks the schema or physics (see `problems`).

    >>> rows = load_measurements()
    >>> validate(rows)
    >>> validate(rows.drop(columns="date"), file="mine")
    Traceback (most recent call last):
    frontier.errors.DataError: mine, column date: the column is missing
    """
    for column, (dtype, _, _) in COLUMNS.items():
        if column not in frame:
            raise DataError(file, "the column is missing", column=column)
        found = frame[column].dtype
        if found != tables.DTYPES[dtype]:
            raise DataError(file, f"expected {dtype}, found {found}", column=column)
    for column, fine, problem in _checks(frame):
        if not fine.all():
            at = int(np.flatnonzero(~fine.to_numpy())[0])
            value = frame[column].iloc[at]
            row = frame["row_id"].iloc[at] or at + 1
            raise DataError(file, f"{value} {problem}", row=row, column=column)


def verify(*, folder: Path | None = None) -> None:
    """Validate every table of measured points that a folder has (the data folder by default)."""
    for name in (*SOURCES, OWN):
        if tables.has(name, folder=folder):
            validate(tables.read(name, folder=folder), file=name)


def problems(frame: pd.DataFrame, /) -> pd.Series:
    """Return the first thing that is wrong with each row of a tidy frame, empty where none is.

    Checked: identifying text present; counts, rates and times positive and finite; output not
    above total throughput; interactivity equal to 1/tpot; Little's bound (within
    `LITTLE_TOLERANCE`); dates from `FIRST_DAY` to `DAYS_AHEAD` days from now.
    """
    found = pd.Series("", index=frame.index, dtype="str")
    for column, fine, problem in _checks(frame):
        found = found.mask(~fine & (found == ""), f"{column} {problem}")
    return found


def _checks(frame) -> list[tuple[str, pd.Series, str]]:
    positive = ["gpus", "isl", "osl", "concurrency"]
    rates = ["interactivity", "throughput_per_gpu", "output_throughput_per_gpu"]
    checks = [(c, frame[c] != "", "is empty") for c in ("model", "hardware", "framework", "source")]
    checks += [(c, frame[c] > 0, "is not positive") for c in positive]
    checks += [(c, frame[c] >= 0, "is negative") for c in COUNTS]
    checks += [(c, (frame[c] > 0) & np.isfinite(frame[c]), "is not positive") for c in rates]
    checks += [
        (c, frame[c].isna() | ((frame[c] > 0) & np.isfinite(frame[c])), "is not positive")
        for c in ("ttft", "tpot", "joules_per_output_token")
    ]
    total, output = frame["throughput_per_gpu"], frame["output_throughput_per_gpu"]
    reciprocal = (frame["interactivity"] * frame["tpot"] - 1).abs()
    tolerance = np.where(frame["source"] == OWN, OWN_TOLERANCE, LITTLE_TOLERANCE)
    last_day = pd.Timestamp.now() + pd.Timedelta(days=DAYS_AHEAD)
    return [
        *checks,
        ("output_throughput_per_gpu", output <= total, "is above throughput_per_gpu"),
        ("interactivity", frame["tpot"].isna() | (reciprocal < 1e-3), "is not 1 / tpot"),
        ("throughput_per_gpu", ~(little_quotient(frame) > tolerance), "is above Little's bound"),
        ("date", ~(known_by(frame) > last_day), "is in the future"),
        ("date", ~(frame["date"] < FIRST_DAY), f"is before {FIRST_DAY:%Y-%m-%d}"),
        ("date_to", ~(frame["date_to"] < frame["date_from"]), "is before date_from"),
    ]


def pooled_sigma(frame: pd.DataFrame, /, column: str = "throughput_per_gpu") -> float:
    """Return the run noise of `column`, the log standard deviation of one run, rounded up to 0.1 %.

    It is pooled from repeats of one configuration at one concurrency. A pair is two successive runs
    at most 3 days apart: far enough for another machine and hour, close enough that the software is
    mostly the same (images are rarely recorded). The log-difference of two runs has sqrt(2) the
    sigma of one. It is the larger of the robust sigma (1.4826 x the median absolute deviation) and
    p90 / 1.645, so that nine of ten repeats lie inside its 90 % band although the tail is heavy.
    UsageError without pairs.

    >>> 0 < pooled_sigma(load_measurements()) < 0.1
    True
    """
    dated = frame[frame["date"].notna()].sort_values("date", kind="stable")
    changes = dated.assign(value=np.log(dated[column])).groupby(POINT)[["date", "value"]].diff()
    close = changes["date"] < pd.Timedelta(days=REPEAT_DAYS + 1)
    deviations = changes.loc[close, "value"].abs() / np.sqrt(2)
    if deviations.empty:
        raise UsageError(
            f"no configuration was run twice within {REPEAT_DAYS} days, so there is no noise to "
            "pool: give more rows, or a sigma of your own (0.02 is 2 %)"
        )
    robust, tail = 1.4826 * np.median(deviations), np.quantile(deviations, 0.9) / NORMAL_90
    # 1e-9 keeps a value that is already a round 0.1 % from being rounded up by its last bit.
    return float(np.ceil(max(robust, tail) * 1000 - 1e-9)) / 1000


_EVIDENCE = {
    "inferencex_medians_2026_07": "measured, labels inferred",
    "inferencex_medians_2026_07_other_models": "measured, labels inferred",
    "aiconfigurator_silicon": "derived from latencies",
}


def evidence(rows: pd.DataFrame, /) -> pd.Series:
    """Return how each row was obtained: measured, with inferred labels, or derived."""
    return rows["source"].map(_EVIDENCE).fillna("measured")
