"""Synthetic measured rows and claims whose answer is known in closed form."""

import datetime

import numpy as np
import pandas as pd

from frontier import claims
from frontier.claims.comparisons import Basis, Target
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


def test_of(value, form="gain", **changes) -> claims.Test:
    """The test of a claim on GB200 over H200; a change replaces a field, or one of the basis."""
    basis = {key: changes.pop(key) for key in ("metric", "per", "floor") if key in changes}
    fields = {
        "basis": Basis(**basis),
        "shapes": (SHAPE,),
        "nearest": (),
        "variants": (),
        "modelled": (),
        "modelled_variants": (),
        "steps": (),
        "comparisons": (
            {
                "name": "GB200 over H200",
                "numerator": {"hardware": "gb200"},
                "denominator": {"hardware": "h200"},
            },
        ),
        "target": Target(value, form),
    }
    return claims.Test(**{**fields, **changes})


test_of.__test__ = False


def claim_of(value, form="gain", **changes) -> claims.Claim:
    source = {"title": "A talk", "url": "https://example.org/talk", "date": "2025-10-21"}
    return claims.Claim(
        id="synthetic",
        report="00_none",
        statement="It is faster.",
        value=value,
        unit="x tok/s",
        form=form,
        point="None stated.",
        date=datetime.date(2025, 10, 21),
        sources=(source,),
        quantity="The ratio.",
        decides="A measurement.",
        test=test_of(value, form, **changes),
    )
