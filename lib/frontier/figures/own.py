"""A person's own measured rows beside the public ones: on figures, and in no verdict.

They are the optional table ``own`` (`measurements.own`). A figure shows those of its models and
shapes, as series apart with marks and a colour that no public series has; a figure of ratios, the
ratio of their frontier over the very denominator of the public one. Where nothing of them fits,
and without the table, a figure is what it was.

>>> from frontier.figures import own
>>> own.series("our node")
'our node (yours, not public, in no verdict)'
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from frontier import curves
from frontier.claims import comparisons
from frontier.claims.comparisons import Basis, Comparison
from frontier.data import hardware, measurements

# Claims that compare one system with and without one thing: another system says nothing there.
ONE_THING = ("hopper-software-uplift", "hardware-2x-3x", "mtp", "parallelism", "nvswitch")
NOTE = "yours, not public, in no verdict"
WORDS = " In ink: your own rows, which are not public; no verdict rests on them."


@dataclass(frozen=True)
class Beside:
    """What of one's own goes on a figure: its drawn data, and a sentence on what is left out."""

    data: pd.DataFrame
    fronts: pd.DataFrame
    left_out: str = ""

    @property
    def names(self) -> list[str]:
        """The names of the series, in their order."""
        return list(dict.fromkeys(self.data["series"])) if len(self.data) else []


NOTHING = Beside(pd.DataFrame(), pd.DataFrame())


def series(label: str, /) -> str:
    """Return how a series is named on figures."""
    return f"{label or 'own'} ({NOTE})"


def points(compared: Sequence[Comparison], /) -> Beside:
    """Return one's own points, and frontiers, of the models and shapes that comparisons show.

    `data` has the columns of `measurements.own` with `value`, `series`, `shape` and `evidence`,
    `fronts` has `interactivity`, `value`, `series` and `shape`.
    """
    rows = measurements.own()
    if rows.empty:
        return NOTHING
    found, left = [], set()
    for shape in dict.fromkeys(c.shape for c in compared if c.basis):
        some = [c for c in compared if c.shape == shape and c.basis]
        models = {model for c in some for model in c.rows["model"].unique()}
        fits, unknown = _fitting(rows, models, shape, some[0].basis)
        left |= unknown
        found.append(fits.assign(series=fits["label"].map(series), shape=shape, evidence="yours"))
    data = pd.concat(found, ignore_index=True) if found else pd.DataFrame()
    if data.empty:
        return replace(NOTHING, left_out=without_power(left))
    fronts = []
    for (name, shape), part in data.groupby(["series", "shape"], sort=False):
        front = curves.Frontier.from_points(part, ["configuration"], throughput="value")
        line = pd.DataFrame({"interactivity": front.interactivity, "value": front.throughput})
        fronts.append(line.assign(series=name, shape=shape))
    return Beside(data, pd.concat(fronts, ignore_index=True), without_power(left))


def ratios(
    compared: Sequence[Comparison], claim, /, *, how: str = "step", sigma: float | None = None
) -> Beside:
    """Return the ratio of one's own frontier over the denominators of comparisons for a claim.

    Nothing where there is no claim, or it is one of `ONE_THING`.

    Own rows stand in for a numerator of their model and shape; comparisons with one denominator
    give one line. `data` has the columns of `comparisons.lines`, with `source` and `series`.
    """
    if claim is None or claim.id in ONE_THING:
        return NOTHING
    rows = measurements.own()
    made, left, apart = {}, set(), set()
    for one in compared if len(rows) else ():
        if not (one.basis and one.tested):
            continue
        fits, unknown = _fitting(rows, set(one.numerator_rows["model"]), one.shape, one.basis)
        left |= unknown
        below = one.name.partition(" over ")[2] or "the baseline"
        for label, part in fits.groupby("label", sort=False):
            mine = replace(one, name=series(f"{label or 'own'} over {below}"), numerator_rows=part)
            if mine.tested:
                made.setdefault((label, one.shape, tuple(one.denominator_rows["row_id"])), mine)
            else:
                apart.add(f"{label or 'own'} and {below}")
    told = without_power(left)
    if apart:
        told += f" No interactivity is shared by {'; '.join(sorted(apart))}."
    if not made:
        return replace(NOTHING, left_out=told)
    data = comparisons.lines(list(made.values()), how=how, sigma=sigma)
    data = data.assign(series=data["comparison"], source=measurements.OWN)
    return Beside(data, pd.DataFrame(), told)


def _fitting(rows: pd.DataFrame, models: set[str], shape: str, basis: Basis, /):
    """Return the own rows of models and a shape with their value, and hardware without a power."""
    fits = rows[rows["model"].isin(models) & (measurements.shapes(rows) == shape)]
    unknown = set()
    if basis.per == "MW":
        known = set(hardware.powered(basis.power_edition))
        unknown = set(fits["hardware"]) - known
        fits = fits[fits["hardware"].isin(known)]
    return comparisons.valued(fits, basis), unknown


def without_power(unknown: Iterable[str], /) -> str:
    """Return that one's rows on these accelerators are left out, in a sentence; empty for none."""
    if not unknown:
        return ""
    return (
        f" Your rows on {', '.join(sorted(unknown))} are left out: the power table "
        f"({', '.join(hardware.POWER_EDITIONS)}) has no power of it."
    )
