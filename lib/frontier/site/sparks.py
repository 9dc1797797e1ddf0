"""Sparks: a claim's ratio over interactivity as a small picture, as plain numbers to draw.

The curve is the one that the claim's report publishes for the comparison whose number is quoted:
found among the report's tables, by the name and the shape of that comparison. A claim whose
report draws no such curve has no picture. What is drawn around it belongs to the page.
"""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from frontier.data.words import number, plain

WIDTH, HEIGHT, MARGIN = 120, 44, 3
_X, _VALUES, _NAMES = "interactivity", ("ratio", "share"), ("comparison", "split")


@dataclass(frozen=True)
class Spark:
    """A picture: the path of the curve, the height of the claim's line, and what it shows."""

    path: str
    claim: float | None
    modelled: bool
    words: str


def curve(record: dict, files: Mapping[str, str], /) -> tuple[list[tuple], bool] | None:
    """Return the quoted comparison's points (x, y), y None in a gap, and whether it is modelled.

    None where no table of the report has that curve.
    """
    tiers = record.get("tiers") or {}
    measured = (tiers.get("measured") or {}).get("comparisons") or ()
    modelled = tiers.get("modelled") or ()
    quoted, kind = (measured, "measured: ") if measured else (modelled, "modelled: ")
    if not quoted or not isinstance(quoted[0], dict):
        return None
    name, shape = (str(quoted[0].get(key, "")) for key in ("comparison", "shape"))
    wanted = {name.rstrip(";"), kind + name}
    for file in sorted(files):
        table = csv.DictReader(io.StringIO(files[file]))
        columns = table.fieldnames or ()
        value = next((key for key in _VALUES if key in columns), None)
        label = next((key for key in _NAMES if key in columns), None)
        if not file.endswith(".csv") or None in (value, label) or _X not in columns:
            continue
        rows = [r for r in table if r[label] in wanted and r.get("shape", shape) == shape]
        if len(rows) > 1:
            points = [(float(row[_X]), float(row[value]) if row[value] else None) for row in rows]
            return points, not measured
    return None


def spark(points: Sequence[tuple], claimed: float | None, unit: str, /, *, modelled=False) -> Spark:
    """Return the picture of a curve with the claimed value, if there is one, as a line."""
    drawn = [(x, y) for x, y in points if y is not None]
    values = [y for _, y in drawn] + ([claimed] if claimed is not None else [])
    across = _scale([x for x, _ in points], MARGIN, WIDTH - MARGIN)
    up = _scale(values, HEIGHT - MARGIN, MARGIN)
    runs = (list(run) for there, run in groupby(points, lambda p: p[1] is not None) if there)
    path = "".join("M" + "L".join(f"{across(x):g} {up(y):g}" for x, y in run) for run in runs)
    return Spark(
        path=path,
        claim=None if claimed is None else up(claimed),
        modelled=modelled,
        words=_words(drawn, claimed, unit, modelled),
    )


def _scale(values, start, end):
    """Return where a value stands, on a log scale where all are positive."""
    low, high = min(values), max(values)
    form = math.log if low > 0 else float
    reach = form(high) - form(low) or 1.0
    return lambda value: round(start + (end - start) * (form(value) - form(low)) / reach, 1)


def _words(drawn, claimed, unit, modelled):
    xs, ys = zip(*drawn, strict=True)
    text = (
        f"{'Modelled' if modelled else 'Measured'} over interactivity: from "
        f"{plain(min(ys), unit)} to {plain(max(ys), unit)} between {number(min(xs))} and "
        f"{number(max(xs))} tok/s/user"
    )
    if claimed is None:
        return f"{text}."
    line = f"the claimed {plain(claimed, unit)}"
    if max(ys) < claimed:
        return f"{text}, below {line} everywhere."
    if min(ys) >= claimed:
        return f"{text}, nowhere below {line}."
    return f"{text}, on both sides of {line}."
