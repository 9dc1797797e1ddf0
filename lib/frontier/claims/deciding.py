"""Deciding a claim: as of its own day and today, how sure that is, and the answer in a sentence.

*Then* are the rows that were measured by four weeks after the claim, undated ones never; *now* are
all. Beside every verdict stand the variations: run noise at either end, each source alone, and the
choices that somebody has to make (step or semilog, power edition, each configuration left out, the
order of changes). A verdict is robust where none of them changes it or moves the typical value,
the median over the set, by more than a factor of `STEADY`.

>>> from frontier import claims
>>> from frontier.data import measurements
>>> verdict = claims.decide(claims.claim("staff-80-software"), measurements.load_measurements())
>>> verdict.verdict, verdict.now.met, verdict.now.of
('not-reproduced', 0, 2)
"""

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import median

import numpy as np
import pandas as pd

from broadsheet import FILES_MIME, links
from frontier import curves
from frontier.claims import entries, frames, rule
from frontier.claims.entries import Claim
from frontier.claims.kinds import HOWS, Change, Comparison, Line, Ratio, Split
from frontier.claims.rule import MEETS, MODELLED_ONLY, NOT_TESTABLE, PART, UNTESTED, Finding, Target
from frontier.claims.sides import Rows, prepared
from frontier.data import hardware, measurements, tables, words
from frontier.errors import UsageError

VERDICT_MIME = "application/vnd.frontier.verdict+json"
UNEXAMINED = "not yet examined"
GRACE_DAYS = 28  # rows that were measured so soon after a claim are of its own time
STEADY = 1.25
TOLD = 1.02  # the record names variations that move the typical value by more than this factor
SPEED, SLOW = 50, 30  # tok/s/user: where answers name a ratio
LABELS = {
    rule.REPRODUCED: "Holds",
    rule.CONDITIONAL: "Only if ...",
    rule.NOT_REPRODUCED: "Not reached",
    MODELLED_ONLY: "Never measured",
    NOT_TESTABLE: "No public data",
    UNEXAMINED: "Not yet examined",
}


@dataclass(frozen=True, eq=False, repr=False)
class State:
    """What is found of a claim by some day: `day` is None for today.

    `findings` decide and `beside` are shown; `limits` are results at a latency limit.
    """

    claim: Claim
    rows: Rows
    day: pd.Timestamp | None
    findings: tuple[Finding, ...]
    beside: tuple[Finding, ...]
    limits: tuple[Finding, ...]

    def __repr__(self):
        day = f"by {self.day:%Y-%m-%d}" if self.day is not None else "today"
        return f"<State: {self.claim.id}, {day}; {self.verdict}, {self.met} of {self.of}>"

    @cached_property
    def modelled(self) -> tuple[Finding, ...]:
        """What the serving model says; computed when it is asked for, since it decides rarely."""
        built = entries.build_modelled(self.claim)
        return tuple(rule.examine(one, self.claim.test.target) for one in built)

    def by_role(self, role: str) -> tuple[Finding, ...]:
        """Return the findings of a role: deciding, beside, limit or modelled."""
        return getattr(self, {"deciding": "findings", "limit": "limits"}.get(role, role))

    @cached_property
    def tested(self) -> list[Finding]:
        """The findings that decide and have a number."""
        return [one for one in self.findings if one.outcome != UNTESTED]

    @cached_property
    def verdict(self) -> str:
        """The verdict over the set; a result at a limit can show that a claim is reached."""
        found = rule.verdict([one.outcome for one in self.findings], form=self.claim.form)
        if found != NOT_TESTABLE:
            return found
        if any(one.outcome == MEETS for one in self.limits):
            return rule.CONDITIONAL
        if self.day is None and any(one.outcome != UNTESTED for one in self.modelled):
            return MODELLED_ONLY
        return NOT_TESTABLE

    @property
    def of(self) -> int:
        """How many comparisons have a number."""
        return len(self.tested)

    @property
    def met(self) -> int:
        """How many meet the claim."""
        return sum(one.outcome == MEETS for one in self.tested)

    @property
    def in_part(self) -> int:
        """How many meet it on part of the speeds."""
        return sum(one.outcome == PART for one in self.tested)

    @cached_property
    def typical(self) -> float:
        """The median over the set; of a claim that only the model answers, over its comparisons."""
        return _median(self._told)

    @cached_property
    def spread(self) -> tuple[float, float]:
        """The least and the largest number of the set."""
        values = [one.value for one in self._told] or [np.nan]
        return min(values), max(values)

    @property
    def _told(self):
        if self.verdict == MODELLED_ONLY:
            return [one for one in self.modelled if one.outcome != UNTESTED]
        return self.tested

    @cached_property
    def condition(self) -> str:
        """What the hits share; empty where the claim holds nowhere or everywhere."""
        return rule.condition(self.findings)

    @cached_property
    def variations(self) -> pd.DataFrame:
        """The sensitivity: a row for each variation of what the verdict rests on.

        Columns: `variation`, `kind` (noise, source, choice), `typical`, `factor` (over the typical
        value of the same comparisons), `verdict`, `same` (as of the same comparisons without it),
        `of` (comparisons left) and `note` (why it gives no number).
        """
        return pd.DataFrame(list(_variations(self)), columns=_VARIATION)

    @cached_property
    def _varied(self) -> pd.DataFrame:
        """The variations that give a number."""
        return self.variations.dropna(subset="typical").astype({"same": bool})

    @cached_property
    def uncertainty(self) -> dict[str, tuple[float, float]]:
        """The range of the typical value over noise, sources and choices apart, and over all."""
        found = {}
        for kind in ("noise", "source", "choice"):
            values = [self.typical, *self._varied.loc[self._varied["kind"] == kind, "typical"]]
            found[kind] = (min(values), max(values))
        if self.verdict == MODELLED_ONLY:
            found["model"] = _typical_ends(self._told)
        lows, highs = zip(*found.values(), strict=True)
        return {**found, "all": (min(lows), max(highs))}

    @cached_property
    def robust(self) -> bool:
        """Whether no variation changes the verdict or moves the typical value by much."""
        if self.verdict in (NOT_TESTABLE, MODELLED_ONLY) or not self.tested:
            return False
        steady = self._varied["factor"].between(1 / STEADY, STEADY)
        return bool((self._varied["same"] & steady).all())

    @cached_property
    def flips(self) -> str:
        """What changes the verdict, or what moves the typical value most; empty where robust."""
        if self.robust or not self.tested:
            return ""
        told = self._varied
        # Of a setup that is left out, what it runs on is enough.
        told = told.assign(variation=told["variation"].str.partition(" [")[0])
        changed = told[~told["same"]]
        if len(changed):
            first, more = changed.iloc[0], len(changed) - 1
            turned = f"the answer would be “{words.verdict_words(first['verdict'])}”"
            rest = f"; {more} more change{'s' * (more == 1)} it" * bool(more)
            return f"{first['variation']} {turned}{rest}"
        with np.errstate(invalid="ignore", divide="ignore"):
            most = told.loc[np.log(told["factor"]).abs().fillna(np.inf).idxmax()]
        value = words.plain(most["typical"], self.claim.unit)
        return f"{most['variation']} the typical value would be {value}"

    @cached_property
    def answer(self) -> str:
        """The sentence of the verdict, its numbers filled in."""
        return filled(self.claim.answers[self.verdict], facts(self))

    @property
    def label(self) -> str:
        """The verdict as a reader has it."""
        if self.verdict == rule.CONDITIONAL:
            told = self.condition.partition(":")[0]
            if not self.of:
                return "Reached at one latency limit"
            if not told or told.startswith("in "):
                hits = self.met + self.in_part
                return f"In {hits} of {words.counted(self.of, 'comparison')}"
            return f"Only {told}"
        best = " at its best point" * (
            self.verdict == rule.REPRODUCED and self.claim.form == "up-to"
        )
        return LABELS[self.verdict] + best

    def record(self) -> dict:
        """Return the state as `verdicts.json` has it."""
        told = ("verdict", "label", "met", "in_part", "of", "typical", "robust", "flips")
        return {
            "day": None if self.day is None else f"{self.day:%Y-%m-%d}",
            **{name: getattr(self, name) for name in (*told, "condition", "answer")},
            "spread": dict(zip(ENDS, self.spread, strict=True)),
            "uncertainty": {
                kind: dict(zip(ENDS, ends, strict=True)) for kind, ends in self.uncertainty.items()
            },
        }


@dataclass(frozen=True, eq=False, repr=False)
class Verdict:
    """A claim's verdict: `now`, on all rows, and `then`, as of the claim's own day."""

    claim: Claim
    now: State
    then: State

    def __getattr__(self, name):
        # What is asked of a verdict and is not its own is asked of today's.
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.now, name)

    def __repr__(self):
        found = words.plain(self.now.typical, self.claim.unit)
        return (
            f"<Verdict on {self.claim.id}: {self.now.label}; {self.now.met} met, "
            f"{self.now.in_part} in part, of {self.now.of}; typically {found}; then: "
            f"{self.then.label}>"
        )

    @cached_property
    def moved(self) -> pd.DataFrame:
        """What moved each ratio since the claim, one row a comparison that was there then.

        Columns: `label`, `then`, `now`, `above` and `below` (each frontier over its own of then),
        `rest` (what neither explains: other speeds are shared).
        """
        now = {one.comparison.key: one for one in self.now.tested}
        rows = []
        for old in self.then.tested:
            new = now.get(old.comparison.key)
            if new is None or not isinstance(new.comparison, Ratio):
                continue
            pairs = zip(new.comparison.fronts, old.comparison.fronts, strict=True)
            above, below = (curves.geometric_mean(*pair) for pair in pairs)
            told = {"label": old.comparison.label, "then": old.value, "now": new.value}
            rest = new.value / old.value / (above / below)
            rows.append({**told, "above": above, "below": below, "rest": rest})
        return pd.DataFrame(rows, columns=["label", "then", "now", "above", "below", "rest"])

    @property
    def since(self) -> str:
        """What moved the answer since the claim, in a sentence; empty where nothing can be said."""
        known = {one.comparison.key for one in self.then.tested}
        new = sum(one.comparison.key not in known for one in self.now.tested)
        parts = []
        if len(self.moved):
            above, below = (words.number(self.moved[side].median()) for side in ("above", "below"))
            count = words.counted(len(self.moved), "comparison")
            parts.append(
                f"Since then the systems compared have risen {above}x and their baselines {below}x "
                f"(median of {count})"
                if (above, below) != ("1", "1")
                else f"Since then neither side has moved ({count})"
            )
        if new and self.then.of:
            parts.append(f"{new} of today's {self.now.of} comparisons could not be made then")
        return f"{'; '.join(parts)}." if parts else ""

    @property
    def sources(self) -> tuple[str, ...]:
        """The tables of the data that the verdict rests on."""
        told = (*self.now.findings, *self.now.beside, *self.now.limits)
        told += self.now.modelled if self.now.verdict == MODELLED_ONLY else ()
        return tuple(sorted({name for one in told for name in one.comparison.sources}))

    def row(self) -> dict:
        """Return the claim's row of ``verdicts.json``."""
        claim, now = self.claim, self.now
        low, high = now.uncertainty["all"]
        found = {"value": now.typical, "low": low, "high": high, "unit": claim.unit, "at": self.at}
        measured = None
        if any(one.comparison.tier == "measured" for one in now.tested):
            kept = _needed(now._varied).rename(columns={"typical": "headline"})
            measured = {
                "comparisons": [brief(one) for one in now.findings if not _filed(one)],
                "run_noise_sigma": max(self.sigmas.values()),
                "run_noise": self.sigmas,
                "variations": len(now._varied),
                "sensitivity": _plain(kept.drop(columns="note").to_dict("records")),
            }
        modelled, nearest = (
            [brief(one) for one in some if one.outcome != UNTESTED and not _filed(one)]
            for some in (now.modelled, now.beside)
        )
        tables_used = [
            {"title": tables.meta(key)["title"], "url": tables.meta(key)["url"], "key": key}
            for key in self.sources
        ]
        row = blank(claim)
        return row | {
            "found": _plain(found),
            "verdict": now.verdict,
            "firm": now.robust,
            "condition": now.condition or self._nowhere(),
            "then": _plain(self.then.record()),
            "now": _plain(now.record()),
            "since": self.since,
            "tiers": {
                "stated": stated(claim, (*now.findings, *now.beside)),
                "measured": measured,
                "limit": [brief(one) for one in now.limits] or None,
                "modelled": modelled or None,
                "nearest": nearest,
            },
            "sources": row["sources"] + tables_used,
        }

    @cached_property
    def sigmas(self) -> dict[str, float]:
        """The run noise of each accelerator family that the verdict compares."""
        vendors = hardware.accelerators()["vendor"]
        found = {}
        rows = self.now.rows
        for side in (side for one in self.now.tested for side in one.comparison.sides.values()):
            for position in side.positions[:1]:
                vendor = vendors.get(rows.column("hardware")[position], "")
                found[str(vendor)] = float(rows.sigma[position])
        return found

    @property
    def at(self) -> str | None:
        """What the typical value is of, in words."""
        now = self.now
        if now.verdict == MODELLED_ONLY:
            outside = np.mean([one.comparison.extrapolated for one in now._told])
            share = words.number(100 * float(outside))
            return f"modelled, not measured; {share} % of it outside what the model was checked on"
        if not now.tested:
            return None
        low, high = now.spread
        basis, kind = self.claim.test.basis, now.tested[0].comparison.kind
        kind = words.counted(now.of, kind.removesuffix("s"))
        parts = [f"median of {kind}, from {words.span(low, high, self.claim.unit)}"]
        if basis.per in ("MW", "$"):
            parts.append(f"{'power' if basis.per == 'MW' else 'price'} edition {basis.edition}")
        return "; ".join(parts)

    def _nowhere(self):
        if self.now.verdict in (NOT_TESTABLE, MODELLED_ONLY):
            return f"It would be decided by: {self.claim.decides}"
        return f"in {self.now.met} of {self.now.of}"

    def _repr_mimebundle_(self, **_):
        told = (
            f"**{self.now.label}.** {self.claim.statement}\n\n{self.now.answer} {_sure(self.now)}"
        )
        shown = {"text/html": card(self), "text/markdown": told}
        return {**shown, VERDICT_MIME: self.row(), FILES_MIME: rows_used(self)}


def decide(claim: Claim, rows: "pd.DataFrame | Rows", /, *, sigma: float | None = None) -> Verdict:
    """Return the verdict on a claim from the measured rows, now and as of its own day.

    What one claim had computed of the same rows is there for the next. `sigma` is the run noise of
    all rows, by default pooled from repeats by accelerator family.
    """
    if not isinstance(claim, Claim):
        raise UsageError(f"expected a claim, not {claim!r}: claims.claim(ID) gives it")
    ready = prepared(rows, sigma=sigma)
    cut = pd.Timestamp(claim.date) + pd.Timedelta(days=GRACE_DAYS)
    return Verdict(claim, state(claim, ready), state(claim, ready, known_by=cut))


def state(claim: Claim, rows: "pd.DataFrame | Rows", /, *, known_by=None) -> State:
    """Return what is found of a claim by a day; by default on all rows."""
    ready, target = prepared(rows), claim.test.target
    day = None if known_by is None else pd.Timestamp(known_by)

    def examined(compared):
        return tuple(rule.examine(one, target) for one in compared)

    return State(
        claim,
        ready,
        day,
        examined(entries.comparisons(claim, ready, known_by=day)),
        examined(entries.comparisons(claim, ready, known_by=day, beside=True)),
        examined(entries.build_limits(claim, ready, known_by=day)),
    )


# ------------------------------------------------------------------ how sure

_VARIATION = ["variation", "kind", "typical", "factor", "verdict", "same", "of", "note"]


def _variations(found: State):
    """Yield a row for each variation of a state."""
    tested, target = found.tested, found.claim.test.target
    if not tested:
        return

    def row(name, kind, varied, typical=None):
        pairs = [(one, new) for one, new in zip(tested, varied, strict=True) if new is not None]
        if not pairs:
            return {"variation": name, "kind": kind, "of": 0, "note": "too thin"}
        base, new = zip(*pairs, strict=True)
        pair = (_median(new), _median(base)) if typical is None else (typical, found.typical)
        # A share may be nothing; then no factor says how far it moves.
        factor = pair[0] / pair[1] if pair[1] else np.inf if pair[0] else 1.0
        verdicts = [
            rule.verdict([one.outcome for one in some], form=target.form) for some in (new, base)
        ]
        return {
            "variation": name,
            "kind": kind,
            "typical": found.typical * factor if np.isfinite(factor) else pair[0],
            "factor": factor,
            "verdict": verdicts[0],
            "same": verdicts[0] == verdicts[1],
            "of": len(pairs),
            "note": f"{len(tested) - len(pairs)} too thin" * (len(pairs) < len(tested)),
        }

    for end, typical in zip(ENDS, _noise(found), strict=True):
        varied = [_at_end(one, target, end) for one in tested]
        yield row(f"with run noise at its {end} end", "noise", varied, typical)
    sources = sorted({name for one in tested for name in one.comparison.sources})
    if len(sources) > 1 and any(one.comparison.sides for one in tested):
        for name in sources:
            title = tables.meta(name)["title"].partition(":")[0]
            varied = [_changed(one, target, ("from_source", name)) for one in tested]
            yield row(f"on the rows of “{title}” alone", "source", varied)
    if any(one.comparison.line for one in tested):
        for how in HOWS:
            varied = [rule.examine(one.comparison, target, how=how) for one in tested]
            yield row(f"{_HOW[how]} alone", "choice", varied)
    basis = found.claim.test.basis
    if basis.per == "MW":
        for edition in hardware.POWER_EDITIONS:
            if edition != basis.edition:
                other = "on", replace(basis, edition=edition)
                varied = [_changed(one, target, other) for one in tested]
                yield row(f"with the power table of {edition}", "choice", varied)
    splits = [one.comparison for one in tested if isinstance(one.comparison, Split)]
    for order in ("least", "most") if splits else ():
        varied = [rule.examine(one.comparison.orders()[order], target) for one in tested]
        yield row(f"with the changes counted in the order that gives {order}", "choice", varied)
    carriers: dict = {}
    for place, one in enumerate(tested):
        for code in one.comparison.configurations:
            carriers.setdefault(code, []).append(place)
    names = _configurations(found.rows, carriers)
    for code, places in carriers.items():
        varied = list(tested)
        for place in places:
            varied[place] = _changed(tested[place], target, ("without", code))
        yield row(f"without {names[code]}", "choice", varied)


_HOW = {"step": "by measured points", "semilog": "by the curve estimated between points"}


def _needed(varied: pd.DataFrame) -> pd.DataFrame:
    """Return the variations that a reader needs: those that matter, and the ends of each kind."""
    ends = varied.groupby("kind")["typical"]
    least, most = ends.idxmin(), ends.idxmax()
    kept = ~varied["same"] | ~varied["factor"].between(1 / TOLD, TOLD)
    return varied[kept | varied.index.isin([*least, *most])]


def _changed(one: Finding, target: Target, change: Change) -> Finding | None:
    """Return a finding with every side changed; None where one is too thin for a number."""
    compared = one.comparison.mapped(change)
    if compared is one.comparison:
        return one
    if compared.untested or _thin(compared, one.comparison):
        return None
    new = rule.examine(compared, target)
    return None if new.outcome == UNTESTED else new


def _thin(compared: Comparison, whole: Comparison) -> bool:
    """Whether fewer than half of the whole comparison's points are left on a side."""
    if compared.points is None or whole.points is None:
        return False
    return any(left < full / 2 for left, full in zip(compared.points, whole.points, strict=True))


def _at_end(one: Finding, target: Target, end: str) -> Finding:
    """Return a finding whose number is that of an end of its interval, its curve moved with it."""
    value = getattr(one, end)
    if not np.isfinite(value) or value == one.value or not one.value > 0:
        return one
    factor, line = value / one.value, one.comparison.line
    outcome, estimate = MEETS, one.estimate * factor
    if not target.met(value, estimate):
        moved = Line(line.x, line.step * factor, line.semilog * factor) if line else None
        stretched = moved and target.form in rule.STRETCHED and rule.longest(moved, target)
        outcome = PART if stretched else rule.MISSES
    return replace(one, outcome=outcome, value=value, estimate=estimate, stretch=None)


def _noise(found: State) -> tuple[float, float]:
    """Return the 95 % interval of the typical value; a row has the same noise everywhere."""
    drawn = [one.draws for one in found.tested if one.draws is not None]
    if len(drawn) < len(found.tested):
        return _typical_ends(found.tested)
    with np.errstate(invalid="ignore"):
        return curves.percentiles(pd.DataFrame(np.stack(drawn).T).median(axis=1).to_numpy())


ENDS = ("low", "high")


def _typical_ends(findings: Iterable[Finding]) -> tuple[float, float]:
    """Return the medians of the ends of intervals; NaN without any."""
    ends = np.array([one.ends for one in findings]).reshape(-1, 2)
    return tuple(map(float, np.median(ends, axis=0))) if len(ends) else (np.nan, np.nan)


def _median(findings: Iterable[Finding]) -> float:
    values = [one.value for one in findings]
    return float(median(values)) if values else np.nan


def _configurations(rows: Rows, codes) -> dict:
    """Return what each configuration is, in words, by its code."""
    known, first = rows.once("codes", lambda: np.unique(rows.configuration, return_index=True))
    places = first[np.searchsorted(known, np.array(list(codes), known.dtype))]
    named, found = entries.naming(), {}
    told = rows.frame[measurements.CONFIGURATION].iloc[places].to_dict("records")
    for code, row in zip(codes, told, strict=True):
        traffic = rule.traffic_words(f"{row['isl']}/{row['osl']}")
        found[code] = (
            f"{named(row['model'])} on {row['gpus']} GPUs of "
            f"{hardware.name(row['hardware'])} in {named(row['framework'])}, "
            f"{row['precision'].upper()}"
            f"{', MTP' * bool(row['speculative'])}, {traffic} [TP {row['tp']}, EP {row['ep']}"
            f"{', DP attention' * bool(row['dp_attention'])}"
            f"{', prefill ' * bool(row['prefill'])}{row['prefill'] or ''}, {row['source']}]"
        )
    return found


# ------------------------------------------------------------------ answers in words


def facts(found: State) -> dict[str, str]:
    """Return the numbers that an answer may name, in words; those there are none of are missing."""
    claim, target = found.claim, found.claim.test.target
    ratios = [one.comparison.line for one in found.tested if one.comparison.line]
    numbers = {
        "claimed": target.value,
        "claimed_high": target.high,
        "typical": found.typical,
        **dict(zip(ENDS, found.uncertainty["all"], strict=True)),
        "spread_low": found.spread[0],
        "spread_high": found.spread[1],
        "largest": max((one.both.max() for one in ratios), default=None),
    }
    if found.verdict == MODELLED_ONLY:
        low, high = _typical_ends(found._told)
        numbers |= {"modelled": found.typical, "modelled_low": low, "modelled_high": high}
    told = {name: _words(value, claim.unit) for name, value in numbers.items()}
    for name, across in (("limit", False), ("limit_across", True)):
        some = (f for f in found.limits if bool(f.comparison.attributes.get("across")) == across)
        told[name] = _words(max((one.value for one in some), default=None), "")
    reasons = [one.comparison.untested for one in found.findings if one.comparison.untested]
    why = reasons[0] if reasons else "nothing of it is measured"
    day = found.day if found.day is not None else pd.Series(found.rows.known_by).max()
    told |= {
        **{name: str(getattr(found, name)) for name in ("met", "in_part", "of")},
        "hits": str(found.met + found.in_part),
        "condition": _where(found.condition),
        "flips": found.flips,
        "why": why[:1].upper() + why[1:],
        "day": f"{day.day} {day:%B %Y}",
        "speed": str(SPEED),
        "slow": str(SLOW),
    }
    if claim.facts:
        roles = ("deciding", "beside", "limit")
        table = pd.concat([frames.findings(found, role=role, noise=False) for role in roles])
        for name, fact in claim.facts.items():
            told[name] = _fact(table, fact)
    return {name: text for name, text in told.items() if text}


def _where(condition: str) -> str:
    """Return a condition as a sentence has it; empty where it only counts."""
    where, _, counts = condition.rpartition(": ")
    hits, _, of = counts.partition(" of ")
    return f"only {where}" + f", where it is {counts}" * (hits != of) if where else ""


def _fact(table: pd.DataFrame, fact: dict) -> str:
    """Return what a fact of the ledger is, in words; empty where there is nothing."""
    picked = table[table["outcome"] != UNTESTED] if len(table) else table
    if "role" not in fact["where"] and "tier" not in fact["where"]:
        deciding = picked[picked["role"] == "deciding"]
        picked = deciding if len(deciding) else picked
    for name, wanted in fact["where"].items():
        if name not in picked:
            return ""
        picked = picked[picked[name].isin(wanted if isinstance(wanted, list) else [wanted])]
    if fact["take"] == "count":
        return str(len(picked))
    if fact["of"] not in picked:
        return ""
    values = picked[fact["of"]].dropna()
    if values.empty:
        return ""
    taken = values.iloc[0] if fact["take"] == "first" else getattr(values, fact["take"])()
    return taken if isinstance(taken, str) else _words(taken, picked["unit"].iloc[0])


def _words(value: float | None, unit: str) -> str:
    """Return a number as sentences have it: a share in per cent, empty where there is none."""
    if value is None or not np.isfinite(value):
        return ""
    return words.number(100 * value if unit.startswith("share") else value)


def filled(template: str, told: dict[str, str], /) -> str:
    """Return a template with its numbers; a sentence that names one there is not is left out.

    So is a part in brackets, also where its number is nothing. Equal ends are told once, and all of
    two are both.

    >>> filled("It is {typical}x[, {more} more]. Then it was {then}x.", {"typical": "4"})
    'It is 4x.'
    """
    template = re.sub(
        r"\[([^\]]*)\]",
        lambda m: m[1] * all(told.get(n, "0") not in ("", "0") for n in _NAMED.findall(m[1])),
        template,
    )
    kept = []
    for sentence in re.split(r"(?<=[.!?]) (?=[A-Z{])", template):
        if all(told.get(name) for name in _NAMED.findall(sentence)):
            kept.append(_NAMED.sub(lambda match: told[match[1]], sentence))
    text = re.sub(r"\b([Aa])ll 2 ", lambda m: "Both " if m[1] == "A" else "both ", " ".join(kept))
    text = text or "No number can be given."
    return re.sub(r"(?<![\d.,])([\d.,]+x?) to \1(?![\d.,]*\d)", r"\1", text)


_NAMED = re.compile(r"{([^{}]*)}")


# ------------------------------------------------------------------ records


def blank(claim: Claim, /) -> dict:
    """Return a claim's row of ``verdicts.json`` before anything is found."""
    return {
        "id": claim.id,
        "statement": claim.statement,
        "claimed": {"value": claim.value, "unit": claim.unit},
        "found": {"value": None, "low": None, "high": None, "unit": claim.unit, "at": None},
        "verdict": UNEXAMINED,
        "firm": False,
        "condition": None,
        "then": None,
        "now": None,
        "since": None,
        "tiers": {"stated": None, "measured": None, "modelled": None},
        "page": None,
        "sources": [{"title": s["title"], "url": s["url"]} for s in claim.sources],
    }


def ledger_rows() -> list[dict]:
    """Return the ledger as rows of ``verdicts.json``, none examined yet."""
    return [blank(entry) for entry in entries.ledger()]


def stated(claim: Claim, findings: Sequence[Finding] = (), /) -> list[dict]:
    """Return the published points on a claim, as the sources state them, and stated findings."""
    points = tables.read("published_points")
    # Tables of benchmark results are evidence of another kind, and have tables of their own.
    results = points["series"].str.startswith("MLPerf")
    results |= points["url"].str.contains("perf-overview")
    points = points[(points["claim"] == claim.id) & ~results]
    kept = ["series", "x", "x_unit", "y", "y_unit", "kind", "url"]
    found = [_plain({key: point[key] for key in kept}) for point in points.to_dict("records")]
    for one in filter(_filed, findings):
        url = one.comparison.rows["url"].iloc[0]
        point = [one.comparison.label, None, "", one.value, "share", "stated", url]
        found.append(dict(zip(kept, point, strict=True)))
    return found


def brief(finding: Finding, /) -> dict:
    """Return a finding as the plain values that ``verdicts.json`` has of it."""
    row = frames.row(finding, "")
    told = {
        "comparison": finding.comparison.label,
        "shape": row["traffic"],
        "unit": row["unit"],
        "headline": finding.value,
        "low": finding.low,
        "high": finding.high,
    }
    if finding.outcome == UNTESTED:
        return _plain(told | {key: row[key] for key in ("outcome", "untested")})
    # Its tier is the list that it is in, its traffic the shape, its baseline most often what is
    # below.
    twice = {"role", "tier", "label", "value", "traffic", *told}
    twice |= {"baseline"} if row["baseline"] == row["below"] else set()
    rest = {key: value for key, value in row.items() if key not in twice}
    return _plain(told) | {k: v for k, v in _plain(rest).items() if v not in (None, "")}


def rows_used(verdict: Verdict, /) -> dict[str, str]:
    """Return the file that names the rows on the frontiers that a verdict compares, if any."""
    told = (one.comparison for one in (*verdict.findings, *verdict.beside))
    sides = [side for compared in told for side in compared.sides.values() if len(side)]
    if not sides:
        return {}
    places = np.unique(np.concatenate([side.frontier.rows for side in sides]))
    rows = verdict.rows.frame.iloc[places][["row_id", "source"]].assign(on_front=True)
    rows = rows.sort_values("row_id", kind="stable").drop_duplicates("row_id")
    text = rows.to_csv(index=False, lineterminator="\n")
    return {f"data/{verdict.claim.id}-rows.csv": text}


def card(verdict: Verdict, /) -> str:
    """Return a verdict as the HTML that a page shows: label, answer, then, how sure."""
    claim, now, then = verdict.claim, verdict.now, verdict.then
    value = words.quantity(claim.value, claim.unit) if claim.value else "no number"
    low, high = now.uncertainty["all"]
    said = "; ".join(f"{links.link(s['url'], s['title'])}, {s['date']}" for s in claim.sources)
    parts = {
        "Claimed": f"{value}. {claim.point}",
        "Comparisons": f"{now.met} met, {now.in_part} in part, of {now.of}" if now.of else "",
        "Typical": f"{words.quantity(now.typical, claim.unit)} "
        f"({words.span(low, high, claim.unit)} {_ranges(now)})"
        if np.isfinite(now.typical)
        else "",
        "Where it holds": now.condition,
        "When the claim was made": f"{then.label}. {then.answer}",
        "Since then": verdict.since,
    }
    items = "".join(f"<dt>{k}</dt><dd>{html.escape(v)}</dd>" for k, v in parts.items() if v)
    return (
        f'<section class="verdict-card" id="{html.escape(claim.id)}">'
        f'<p class="statement"><span class="verdict verdict-{now.verdict.replace(" ", "-")}">'
        f"{html.escape(now.label)}</span> {html.escape(claim.statement)}</p>"
        f'<p class="answer">{html.escape(now.answer)}</p><p class="said">Claimed in: {said}</p>'
        f"<details><summary>{html.escape(_sure(now))} When the claim was made: "
        f'{html.escape(then.label)}.</summary><dl class="claim">{items}</dl></details></section>'
    )


def _ranges(now):
    """Return what the range of the typical value is over."""
    if now.verdict == MODELLED_ONLY:
        return "by the model's own interval of 90 %"
    return "with run noise, one source alone or another choice of method"


def _sure(now):
    return "Robust." if now.robust else f"Fragile: {now.flips}." if now.flips else ""


def _filed(finding):
    """Whether a finding is of a filing: what a company states is of another tier."""
    return finding.comparison.tier == "stated"


def _plain(entry):
    """Return values as JSON has them: only finite numbers, no types of numpy."""
    if isinstance(entry, dict):
        return {str(key): _plain(value) for key, value in entry.items()}
    if isinstance(entry, list):
        return [_plain(value) for value in entry]
    if isinstance(entry, str | bool | int) or entry is None:
        return entry
    if isinstance(entry, np.generic):
        entry = entry.item()
    return None if pd.isna(entry) or entry in (np.inf, -np.inf) else entry
