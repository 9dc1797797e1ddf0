"""InferenceX's change log: one row a change and configuration key, dated by its merge."""

import pandas as pd

from frontier.sources import inferencex, raw

FILES = {"changes": ("inferencex_changes.csv*",)}
PRECISIONS = ("fp4", "fp8", "bf16", "int4")
ENGINES = ("trt", "vllm", "sglang", "atom")


def make(table, files):
    """Return the changes with the parts of the configuration key that it allows to name.

    A key is model-precision-hardware-framework[-disagg][-mtp]; a part is empty where the key
    has a wildcard or another form.
    """
    rows = raw.read_all(files, numbers=("pull_request",))
    parts = rows["config_key"].str.replace("*", "").str.split("-")
    first = parts.str[0]
    return rows.rename(columns={"merged": "date", "change_kinds": "kinds"}).assign(
        model=first.map(inferencex.MODELS).fillna(
            first.where(~first.isin(inferencex.HARDWARE), "")
        ),
        precision=parts.map(lambda p: _first(p, PRECISIONS)),
        hardware=parts.map(lambda p: _first(p, inferencex.HARDWARE)),
        framework=parts.map(_framework),
        date=pd.to_datetime(rows["merged"]),
        scenario=rows["scenario"].astype(object).where(rows["scenario"].notna(), ""),
    )


def _first(parts, known):
    return next((part for part in parts if part in known), "")


def _framework(parts):
    return "-".join(filter(None, (_first(parts, ("dynamo", "mori")), _first(parts, ENGINES))))
