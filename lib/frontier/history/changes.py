"""The log of changes to the benchmark's recipes: what was merged before a jump.

A change that was merged before a jump coincides with it; whether it is the cause, the log cannot
say.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase

import pandas as pd

_MODEL_IN_KEYS = {"deepseek-r1": "dsr1", "gpt-oss-120b": "gptoss", "llama-70b": "70b"}


def coinciding(
    interval: tuple, configuration: Mapping, changes: pd.DataFrame, /, *, days: int = 21
) -> pd.DataFrame:
    """Return the logged changes merged up to `days` before a jump and about its configuration.

    This is coincidence, not cause: the log says what was merged, not what a run used, several
    changes often fit, and one that is not logged (a driver, a neighbour on the machine)
    never shows. The log begins on 2025-10-13; no change before that does not mean none.

    Args:
        interval: ``(previous, date)`` of the jump; a change may be merged on `date` itself.
        configuration: a mapping or row with `model`, `hardware`, `precision`, `framework`,
            `speculative` and `disaggregated`.
        changes: the table ``changes``.
        days: how long before `date` a change may have been merged.

    Returns:
        `merged` and `pull_request`, one row a pull request in the order of merging, and
        `after_previous`: merged on or after the day of the run before, without which the change
        was there already when nothing had jumped.
    """
    previous, date = map(pd.Timestamp, interval)
    start = date - pd.Timedelta(days=days)
    near = changes[(changes["date"] >= start) & (changes["date"] <= date)]
    near = near[near["config_key"].map(lambda key: _concerns(key, configuration)).astype(bool)]
    table = near.groupby("pull_request", as_index=False).agg(merged=("date", "first"))
    table["after_previous"] = table["merged"] >= previous
    return table.sort_values(["merged", "pull_request"], ignore_index=True)


def _concerns(key, configuration):
    """Whether a key such as ``dsr1-fp4-b200-sglang-mtp`` or ``gptoss-fp4-*-trt`` fits.

    A key is model-precision-hardware-framework, then marks. Plain keys also cover
    speculative rows (early recipes have no ``-mtp`` key of their own), never the reverse.
    """
    framework = str(configuration["framework"])
    own = _MODEL_IN_KEYS.get(configuration["model"], configuration["model"])
    # The log names the mori transfer library by the mark "disagg".
    base = [own, configuration["precision"], configuration["hardware"]]
    base = "-".join(map(str, [*base, framework.removeprefix("mori-")]))
    if "*" in key:
        return fnmatchcase(base, key)
    if key != base and not key.startswith(base + "-"):
        return False
    marks = key[len(base) :].split("-")
    apart = bool(configuration["disaggregated"]) and not framework.startswith("dynamo")
    return (
        "agentic" not in marks
        and ("disagg" in marks) == apart
        and ("mtp" not in marks or bool(configuration["speculative"]))
    )
