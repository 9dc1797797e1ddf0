"""Accelerators: datasheet rates, all-in power and price, by edition.

Power and price come in editions, because their publisher changed the constants on
2026-07-14 and added parts in September: every number per megawatt or per dollar has to name the
one it uses. The power is provisioned, all-in utility power; what a chip draws under load is
something else (`data.energy`). Where sources state a limit of a chip differently, `figures` has
all of them; a price that they state differently is in no edition.

>>> from frontier.data import hardware
>>> float(1.73 / hardware.power_kw("gb200", "2025")) < 0.83
True
"""

import pandas as pd

from frontier.data import tables
from frontier.errors import UsageError, among

POWER_EDITIONS = ("2025", "2026-07", "2026-09")
_ORDER = (
    *("h100", "h200", "b200", "gb200", "b300", "gb300", "vr200"),
    *("mi300x", "mi325x", "mi355x", "mi455x"),
)
# What readers call them, in the order of legends.
NAMES = {key: key.upper() for key in _ORDER} | {"tpuv7": "TPU v7"}


def name(key: str, /) -> str:
    """Return what readers call an accelerator; one of your own keeps its key.

    >>> name("gb200"), name("x900")
    ('GB200', 'x900')
    """
    return NAMES.get(key, key)


def accelerators() -> pd.DataFrame:
    """Return the datasheet rates per GPU (units in the sidecar), indexed by hardware key.

    >>> "gb200" in accelerators().index
    True
    """
    return tables.read("accelerators").set_index("hardware")


def figures(hardware: str, quantity: str = "tdp_w", /) -> pd.DataFrame:
    """Return every value that a source states of an accelerator: `value`, `unit`, `source`, `note`.

    `quantity` is a column of `accelerators`, or another of the table ``accelerator_figures``. The
    limit of a chip (``tdp_w``) is in W, with what submissions to MLPerf state.

    Raises:
        UsageError: where no source states it, with what is stated.

    >>> figures("b300")["value"].tolist()
    [1100.0, 1200.0, 1400.0]
    """
    stated = tables.read("accelerator_figures")
    for column, wanted in {"hardware": hardware, "quantity": quantity}.items():
        there = sorted(set(stated[column]))
        if wanted not in there:
            raise UsageError(f"no source states {quantity} of {hardware}: {among(wanted, there)}")
        stated = stated[stated[column] == wanted]
    return stated[["value", "unit", "source", "note"]].reset_index(drop=True)


def power_kw(hardware: str, edition: str) -> float:
    """Return the all-in utility power of one GPU in kW; UsageError lists the choices.

    >>> power_kw("h200", "2025")
    1.73
    """
    return _look_up("power", "kw_per_gpu", hardware=hardware, edition=edition)


def price(hardware: str, edition: str, basis: str = "hyperscaler") -> float:
    """Return dollars per GPU-hour, `basis` hyperscaler or rental; UsageError lists the choices.

    >>> price("h200", "2025")
    1.41
    """
    return _look_up("prices", "usd_per_gpu_hour", edition=edition, basis=basis, hardware=hardware)


def _look_up(table, column, **keys) -> float:
    frame, met = tables.read(table), []
    for key, wanted in keys.items():
        there = list(dict.fromkeys(frame[key]))
        if wanted not in there:
            under = f" under {', '.join(met)}" if met else ""
            raise UsageError(f"no {table} for {key} '{wanted}'{under}: {among(wanted, there)}")
        frame = frame[frame[key] == wanted]
        met.append(f"{key} {wanted}")
    return float(frame[column].iloc[0])
