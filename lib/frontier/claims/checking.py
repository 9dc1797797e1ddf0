"""Checking a claim that is in no ledger: the same rule on the public rows, in seconds.

Somebody has just said "50X". `check` makes a ledger row of it, with both baselines and every
traffic that was measured, decides it then and now, and says what one would have to assume.

>>> from frontier import claims
>>> found = claims.check(above="gb300", below="h200", value=50, per="MW", model="deepseek-r1")
>>> found.verdict.now.of > 3, "50x" in found.text
(True, True)
"""

import datetime
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from frontier.claims import entries, frames, rule
from frontier.claims.deciding import Verdict, decide
from frontier.claims.sides import Basis, prepared
from frontier.data import measurements, words
from frontier.errors import FrontierError, UsageError, among

HOPPER = ("h100", "h200")
_PER = {"GPU": "per GPU", "MW": "per megawatt", "$": "per dollar", "J": "per joule"}


@dataclass(frozen=True, eq=False, repr=False)
class Check:
    """What the public rows say of a claim: its ledger `row`, its `verdict`, frames and a `text`."""

    row: dict
    verdict: Verdict

    def __repr__(self):
        return self.text

    @property
    def answer(self) -> str:
        """The sentence."""
        return self.verdict.now.answer

    @cached_property
    def ratios(self) -> pd.DataFrame:
        """The ratios at named speeds; see `claims.ratios`."""
        return frames.ratios(self._compared)

    @cached_property
    def needed(self) -> pd.DataFrame:
        """What one would have to assume to get the claimed number; see `claims.needed`."""
        return frames.needed(self._compared, self.verdict.claim.value)

    @property
    def _compared(self):
        """The comparisons that have a number."""
        return [one.comparison for one in self.verdict.now.tested]

    @cached_property
    def text(self) -> str:
        """All of it as text for a terminal."""
        now, then, claim = self.verdict.now, self.verdict.then, self.verdict.claim
        low, high = now.uncertainty["all"]
        lines = [claim.statement, f"{now.label}. {now.answer}"]
        if not now.of:
            return "\n".join(lines)
        newest = pd.Series(now.rows.known_by).max()
        if then.day <= newest:  # of a claim that is new, then is now without undated rows
            lines += ["", f"Then ({then.day:%Y-%m-%d}): {then.label}. {then.answer}"]
            lines += [self.verdict.since] * bool(self.verdict.since)
        lines += ["", "Ratio at tok/s/user (* baseline below its floor)"]
        lines += _table(self.ratios)
        lines += ["", "To get the claimed number, assume"]
        lines += _assumed(self.needed, claim.value)
        parts = [
            f"{name} {words.span(*ends, 'x')}"
            for name, ends in now.uncertainty.items()
            if name != "all"
        ]
        sure = "Robust" if now.robust else f"Fragile: {now.flips}"
        typical = f"Typically {words.number(now.typical)}x, {words.span(low, high, 'x')} over all"
        lines += ["", f"{sure}. {typical} ({'; '.join(parts)})."]
        return "\n".join(lines)

    def save(self, path, /) -> Path:
        """Write the claim as a ledger row for ``frontier new``; FrontierError where it cannot."""
        target = Path(path)
        try:
            text = yaml.safe_dump(self.row, sort_keys=False, allow_unicode=True, width=110)
            target.write_text(text, encoding="utf-8")
        except OSError as error:
            raise FrontierError(f"{target}: cannot be written: {error.strerror}") from None
        return target


def check(
    rows: pd.DataFrame | None = None,
    /,
    *,
    above: str,
    below: str,
    value: float,
    per: str = "MW",
    model: str | None = None,
    at: float | None = None,
    wording: str | None = None,
    high: float | None = None,
    edition: str | None = None,
    traffic: str | None = None,
    date: str | datetime.date | None = None,
    source: str | None = None,
) -> Check:
    """Return what the public rows say of "above gives `value` times below".

    Args:
        rows: measured rows; by default the project's own.
        above: an accelerator, or several with commas.
        below: the same; ``hopper`` is H100 and H200.
        value: the claimed ratio.
        per: GPU, MW, $ or J.
        model: a model key; by default every model that was measured on both.
        at: the speed that the claim names, tok/s/user.
        wording: how it was said ("up to", "about", "more than"), which fixes form and tolerance.
        high: the upper end of a claimed range.
        edition: of the power or price table.
        traffic: one, as ``8192/1024``; by default all that were measured.
        date: the day of the claim; by default today.
        source: the address where it was said.

    Raises:
        UsageError: for what does not exist, with what there is.
    """
    ready = prepared(measurements.load_measurements() if rows is None else rows)
    number = _number(value, "value")
    keys = {"above": _accelerators(ready, above), "below": _accelerators(ready, below)}
    models = _models(ready, keys, model)
    shapes = sorted(measurements.shapes(ready.frame).unique())
    if traffic is not None and traffic not in shapes:
        raise UsageError(f"no measured row of traffic {traffic!r}: {among(traffic, shapes)}")
    row = _row(keys, number, per, models, at, wording, high, edition, date, source)
    row["test"]["traffic"] = [traffic] if traffic else shapes
    return Check(row, decide(made(row), ready))


def made(row: dict, /) -> entries.Claim:
    """Return the claim of one ledger row that is in no ledger; DataError where it is none."""
    own = {key: entries.document(entries._text()).get(key, {}) for key in ("names", "answers")}
    text = yaml.safe_dump({**own, "claims": [row]}, sort_keys=False, allow_unicode=True)
    return entries.read(text)[0]


def _row(keys, value, per, models, at, wording, high, edition, date, source) -> dict:
    kind, form = rule.wording(wording or "")
    if at is not None:
        form = "at-point"
    if high is not None:
        form = "between"
    day = pd.Timestamp(date or datetime.date.today())
    labels = {side: " or ".join(entries.named(key) for key in keys[side]) for side in keys}
    basis = Basis(per=per, **({"edition": str(edition)} if edition else {}))
    claimed = {
        "value": value,
        "unit": f"x {basis.unit}",
        "form": form,
        "wording": kind,
        "tolerance": rule.TOLERANCES[kind],
    }
    claimed |= {k: _number(v, k) for k, v in (("at", at), ("high", high)) if v is not None}
    told = "up to " * (form == "up-to") + words.number(value)
    told += f" to {words.number(high)}" if high is not None else ""
    speed = f" at {words.number(at)} tok/s/user" if at is not None else ""
    one_model = f"For {entries.named(models[0])}, " if len(models) == 1 else ""
    where = keys["below"][0] if len(keys["below"]) == 1 else list(keys["below"])
    plain = "h200" if tuple(keys["below"]) == HOPPER else where
    slug = "-".join([*keys["above"], "over", *keys["below"], f"{words.number(value)}x"])
    slug = re.sub(r"[^a-z0-9]+", "-", slug.lower()).strip("-")
    said = {"title": "Where it was said", "url": source or "https://example.org/"}
    node = f"one plain {entries.named(plain)} node" if isinstance(plain, str) else "one plain node"
    below = {
        node: {"hardware": plain, "single_node": True, "speculative": False},
        f"the best-tuned {labels['below']}": {"hardware": where},
    }
    above = {entries.named(key): {"hardware": key} for key in keys["above"]}
    sides = [
        [{"label": label, "select": select} for label, select in some.items()]
        for some in (above, below)
    ]
    return {
        "id": slug,
        "report": "99_" + slug.replace("-", "_")[:50],
        "statement": f"{one_model}{labels['above']} yields {told}X the throughput {_PER[per]} of "
        f"{labels['below']}{speed}.",
        "claimed": claimed,
        "point": f"At {words.number(at)} tok/s/user." if at is not None else "Not stated.",
        "date": day.date(),
        "sources": [said | {"date": day.date()}],
        "quantity": f"Ratio of {basis.unit} at equal interactivity, over a plain node and over the "
        "best that was measured.",
        "decides": "Both systems swept over concurrency in public, with interactivity.",
        "test": {
            "metric": basis.metric,
            "per": per,
            "edition": basis.edition,
            "comparisons": [{"above": sides[0], "below": sides[1], "where": {"model": models}}],
        },
    }


def _accelerators(ready, given: str) -> list[str]:
    known = sorted(ready.accelerator[0])
    keys = list(HOPPER) if str(given).lower() == "hopper" else str(given).lower().split(",")
    for key in keys:
        if key.strip() not in known:
            raise UsageError(f"no measured row of accelerator {key!r}: {among(key, known)}")
    return [key.strip() for key in keys]


def _models(ready, keys, model) -> list[str]:
    """Return the model asked for, or every one that was measured on both sides."""
    frame = ready.frame
    both = [set(frame.loc[frame["hardware"].isin(keys[side]), "model"].unique()) for side in keys]
    known = sorted(both[0] & both[1])
    if model is None:
        if not known:
            raise UsageError("no model was measured on both")
        return known
    if model not in known:
        raise UsageError(f"'{model}' was not measured on both: {among(model, known)}")
    return [model]


def _number(value, name) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = np.nan
    if not (np.isfinite(number) and 0 < number < 1e12):
        raise UsageError(f"{name} is {value!r}; expected a number above 0")
    return int(number) if number.is_integer() else number


def _table(ratios: pd.DataFrame) -> list[str]:
    """Return the ratios at named speeds as lines, one a comparison."""
    ratios = ratios.assign(
        name=[_compared(one) for one in ratios.itertuples()],
        cell=[
            "-" if np.isnan(value) else words.number(value) + "*" * bool(low)
            for value, low in zip(ratios["value"], ratios["below_floor"], strict=True)
        ],
    )
    table = ratios.pivot_table(
        index="name", columns="at", values="cell", aggfunc="first", sort=False
    )
    width = max(map(len, table.index))
    lines = [" " * width + "".join(f"{at:>8g}" for at in table.columns)]
    return lines + [
        f"{name:<{width}}" + "".join(f"{cell:>8}" for cell in row)
        for name, row in zip(table.index, table.to_numpy(), strict=True)
    ]


def _assumed(needed: pd.DataFrame, value: float) -> list[str]:
    there = needed[needed["reached"]].sort_values("share", ascending=False, kind="stable")
    if there.empty:
        best = needed.loc[needed["largest"].idxmax()]
        return [
            f"  nothing measured gives it; the largest is {words.number(best['largest'])}x, "
            f"{best['above']} over {best['below']}, at {words.number(best['largest_at'])}"
        ]
    return [
        f"  {_compared(one)}, {words.span(one.reached_from, one.reached_to, '')} tok/s/user"
        for one in there.head(5).itertuples()
    ]


def _compared(one) -> str:
    """Return a comparison of a frame, a row of it, in words."""
    return f"{one.above} over {one.below}, {one.model}, {rule.traffic_words(one.traffic)}"
