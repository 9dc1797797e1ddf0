"""Which measured rows cannot be used, and which can be used but mislead.

A row that contradicts itself or lacks what a comparison needs gets a *reason* and goes to
quarantine. A row that is right, but after which the next run would look like a gain that is none,
stays and gets a *caveat*: ``dead-time`` or ``regressed``.
"""

import numpy as np
import pandas as pd

from frontier.data import measurements, tables
from frontier.data.measurements import SETTING, closed_loop_throughput, request_latency

# Throughput is 0.95 to 0.99 of what the requests' own latencies allow in nearly all rows,
# and 0.50 to 0.88 where the timed window holds about 74 s in which nothing is served.
DEAD_TIME_BELOW = 0.88
# Below nine tenths of the best earlier state: far outside run-to-run noise (under 3 %).
REGRESSED_BELOW = 0.9
# Input and output rates must add up to the total; they do within 0.1 % or not at all.
SUM_TOLERANCE = 0.05
# Two of the numbers that must agree are in different units.
WORLD_APART = 0.01
POWER_TOLERANCE = 0.02  # published numbers per megawatt are rounded
# The same configuration may have gained by half since; a factor above is another workload.
MEDIAN_FACTOR = 1.5


def reasons(frame: pd.DataFrame, /) -> pd.Series:
    """Return why each row cannot be used as it stands; empty where it can."""
    return _first(
        frame,
        (
            (frame["isl"] == 0) | (frame["osl"] == 0) | (frame["gpus"] == 0),
            "the source does not state the shape or the number of GPUs",
        ),
        (
            measurements.little_quotient(frame) > measurements.LITTLE_TOLERANCE,
            f"throughput is over {measurements.LITTLE_TOLERANCE} of Little's bound",
        ),
    )


def parts_reason(total, parts, /) -> pd.Series:
    """Return why rows are inconsistent whose input and output rates do not add up to the total."""
    off = (parts / total - 1).abs() > SUM_TOLERANCE
    text = "input and output rates per GPU times the recorded GPUs are not the total throughput"
    return pd.Series(np.where(off, text, ""), index=total.index)


def against_medians(frame: pd.DataFrame, medians: pd.DataFrame, /) -> pd.Series:
    """Return why derived rows are wrong that far exceed the published median.

    Compared at the same configuration and concurrency; rows without a median pass.
    """
    keys = [c for c in SETTING if c != "dp_attention"] + ["concurrency"]
    known = medians.groupby(keys)["throughput_per_gpu"].max().rename("median")
    joined = frame[keys].join(known, on=keys)["median"]
    text = f"throughput from latencies is over {MEDIAN_FACTOR} times the published median"
    return _first(frame, (frame["throughput_per_gpu"] / joined > MEDIAN_FACTOR, text))


def contradictions(frame: pd.DataFrame, e2el: pd.Series, /) -> pd.Series:
    """Return why rows of a source that is read unseen cannot be right; empty where they can.

    Args:
        frame: tidy rows (see `data.measurements`).
        e2el: the whole request's latency in s, NaN where the source does not state it.
    """
    quotient = frame["throughput_per_gpu"] / closed_loop_throughput(frame, request_latency(frame))
    return _first(
        frame,
        (frame["date"].isna(), "the date is missing or is none"),
        (
            frame["ttft"] > e2el * (1 + SUM_TOLERANCE),
            "ttft is above the latency of the whole request",
        ),
        (
            (quotient < WORLD_APART) | (quotient > 1 / WORLD_APART),
            "throughput is over 100 times off what the latencies give: another unit",
        ),
    )


def power_reason(kw_per_gpu: float, name: str, edition: str, /) -> str:
    """Return why a number per megawatt is not of the edition of the power table that it names."""
    table = tables.read("power")
    known = table[table["hardware"] == name].set_index("edition")["kw_per_gpu"]
    fits = [e for e, kw in known.items() if abs(kw_per_gpu / kw - 1) <= POWER_TOLERANCE]
    if edition in fits:
        return ""
    stated = f"is of {kw_per_gpu:.3g} kW per GPU"
    if edition in known.index:
        return (
            f"{stated}, which is edition {fits[0]}, not {edition}"
            if fits
            else (f"{stated}; edition {edition} has {known[edition]:g}")
        )
    return f"{stated}; no power of {name} is known in edition {edition}"


def dead_time(frame: pd.DataFrame, latency, /) -> pd.Series:
    """Return whether the timed window holds more time than the requests' latencies explain."""
    return frame["throughput_per_gpu"] / closed_loop_throughput(frame, latency) < DEAD_TIME_BELOW


def regressed(frame: pd.DataFrame, /) -> pd.Series:
    """Return whether a dated row is far below the best earlier run of its configuration."""
    dated = frame[frame["date"].notna()].sort_values("date", kind="stable")
    best = dated.groupby([*SETTING, "concurrency"])["throughput_per_gpu"].cummax()
    low = dated["throughput_per_gpu"] / best < REGRESSED_BELOW
    return low.reindex(frame.index, fill_value=False)


def _first(frame, *conditions) -> pd.Series:
    text = np.select([np.asarray(c) for c, _ in conditions], [t for _, t in conditions], "")
    return pd.Series(text, index=frame.index)
