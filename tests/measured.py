"""Synthetic measured rows and claims whose answer is known in closed form."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from frontier import claims
from frontier.claims import checking, rule
from frontier.claims.kinds import Comparison, Line
from frontier.data import measurements, tables

# The attainable front of the synthetic Hopper: nine points, evenly spaced in log interactivity.
X = 10 * 2 ** (np.arange(9) / 2)
Y = 10_000 * 10 / X
SHAPE = "1024/8192"

_DEFAULTS = {
    "model": "deepseek-r1", "hardware": "h200", "framework": "trt", "precision": "fp8",
    "speculative": False, "disaggregated": False, "gpus": 8, "prefill_gpus": 8, "decode_gpus": 8,
    "tp": 8, "ep": 1, "dp_attention": False, "isl": 1024, "osl": 8192, "ttft": 1.0,
    "date": "2026-01-15", "source": "inferencex_captures", "run_url": "", "prefill": "",
    "latency": "median", "image": "", "citation": "https://example.org/run", "caveat": "",
}  # fmt: skip


def sweep(x=X, y=Y, **changes) -> pd.DataFrame:
    """One configuration's concurrency sweep: input + output tok/s per GPU over interactivity."""
    values = {**_DEFAULTS, **changes}
    x, y = (np.asarray(v, float) for v in (x, y))
    output = y * values["osl"] / (values["isl"] + values["osl"])
    frame = pd.DataFrame({"interactivity": x, "throughput_per_gpu": y})
    frame = frame.assign(
        **values,
        output_throughput_per_gpu=output,
        tpot=1 / x,
        concurrency=np.ceil(output * values["gpus"] / x).astype(int),
        row_id=[f"{values['hardware']} {values['tp']} {values['osl']} {i}" for i in range(len(x))],
    )
    frame["date"] = pd.to_datetime(frame["date"])
    kinds = {name: tables.DTYPES[kind] for name, (kind, _, _) in measurements.COLUMNS.items()}
    return frame.reindex(columns=list(kinds)).astype(kinds)


def together(*frames) -> pd.DataFrame:
    return pd.concat(frames, ignore_index=True)


def pair(factor, *, x=X, y=Y, above=None, below=None) -> pd.DataFrame:
    """GB200 rows that are `factor` (a number, or one a point) times the H200 rows."""
    return together(
        sweep(x, np.asarray(y) * factor, hardware="gb200", **(above or {})),
        sweep(x, y, **(below or {})),
    )


SIDES = (
    {"label": "GB200", "select": {"hardware": "gb200"}},
    {"label": "H200", "select": {"hardware": "h200"}},
)


def entry(value, form="at-least", *, wording="round number", test=None, **claimed) -> dict:
    """The ledger row of a claim on GB200 over H200; `test` adds to the test or replaces it."""
    return {
        "id": "synthetic",
        "report": "00_none",
        "statement": "It is faster.",
        "claimed": {
            "value": value,
            "unit": "x tok/s",
            "form": form,
            "wording": wording,
            "tolerance": rule.TOLERANCES[wording],
            **claimed,
        },
        "point": "None stated.",
        "date": "2025-10-21",
        "sources": [{"title": "A talk", "url": "https://example.org/talk", "date": "2025-10-21"}],
        "quantity": "The ratio.",
        "decides": "A measurement.",
        "test": {
            "traffic": [SHAPE],
            "comparisons": [{"above": SIDES[0], "below": SIDES[1]}],
            **(test or {}),
        },
    }


def claim_of(value, form="at-least", **changes) -> claims.Claim:
    """The claim of `entry`, read as a ledger is."""
    return checking.made(entry(value, form, **changes))


def line_of(*values, estimate=None, x=(10.0, 100.0)) -> Line:
    """A ratio over evenly spaced log interactivity, on both curves (or another `estimate`)."""
    step = np.repeat(np.asarray(values, float), 20)
    semilog = step if estimate is None else np.repeat(np.asarray(estimate, float), 20)
    return Line(np.geomspace(*x, len(step)), step, semilog)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Known(Comparison):
    """A comparison whose numbers are given."""

    given: Line
    attributes: dict = field(default_factory=dict)
    scale: float = 1.0

    @property
    def line(self):
        return Line(self.given.x, self.given.step * self.scale, self.given.semilog * self.scale)

    @property
    def range(self):
        return float(self.given.x[0]), float(self.given.x[-1])

    def value(self, how="step", *, form="", at=None):
        values = getattr(self.line, how)
        if form == "at-point":
            return float(np.interp(at, self.given.x, values))
        if form in ("up-to", "everywhere"):
            return float(values.max() if form == "up-to" else values.min())
        return float(np.exp(np.log(values).mean()))


def known(*values, estimate=None, **attributes) -> Known:
    line = line_of(*values, estimate=estimate)
    return Known(above="A", below="B", unit="x", given=line, attributes=attributes)
