"""The ledger of claims and the rule that decides them.

The ledger (`data/claims.yaml`) fixes what is claimed and by which comparisons it is tested: ratios
of frontiers (`comparisons`), shares of a gain (`splits`), or what a company files (`filings`). The
rule turns what was found of them into one verdict over the whole set, never over the best of it:

- ``reproduced``: every tested comparison meets the claim over its whole shared range;
- ``reproduced-conditionally``: some do, or meet it on a stretch, which the condition names;
- ``not-reproduced``: none does;
- ``modelled-only``: no measured row of what is claimed exists, but the calibrated model answers;
- ``not-testable``: neither; the condition says what would decide it.

A verdict is firm when it stays the same under the semilog estimate, without each source, without
each configuration on a frontier, in the other power edition, and for a share in the order of the
changes that gives least and the one that gives most.

>>> from frontier import claims
>>> from frontier.data import measurements
>>> verdict = claims.decide(claims.claim("blackwell-advantage-40x"),
...                         measurements.load_measurements())  # doctest: +SKIP
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd
import yaml

from broadsheet import links
from frontier.claims import attribution, comparisons, filings, modelled, splits
from frontier.claims.comparisons import (
    CONDITIONAL,
    NOT_REPRODUCED,
    REPRODUCED,
    UNTESTED,
    Basis,
    Comparison,
    Finding,
    Target,
)
from frontier.claims.modelled import ModelledFinding
from frontier.data import hardware, measurements, paths, tables, words
from frontier.errors import DataError, UsageError, among

VERDICT_MIME = "application/vnd.frontier.verdict+json"
FILES_MIME = "application/vnd.broadsheet.files+json"
MODELLED_ONLY, NOT_TESTABLE, UNEXAMINED = "modelled-only", "not-testable", "not yet examined"
FORMS = ("gain", "drop", "level")
WITHOUT_UNDATED = "without undated rows"
_FILE = "claims.yaml"
_BASIS_KEYS = ("metric", "per", "power_edition", "floor")
_TEST_KEYS = {
    *_BASIS_KEYS,
    "least",
    "shapes",
    "comparisons",
    "nearest",
    "variants",
    "modelled",
    "modelled_variants",
    "steps",
    "filings",
    "nearest_filings",
    "splits",
}
# What can be compared, and where its findings come from: all have the same two functions.
_EXAMINED_BY = {Comparison: comparisons, splits.Split: splits, filings.Statement: filings}


@dataclass(frozen=True, repr=False)
class Test:
    """How a claim is tested.

    `comparisons`, `splits` and `filings` decide, and the first is quoted; the others are shown.
    """

    basis: Basis
    shapes: tuple[str, ...]
    target: Target
    comparisons: tuple[dict, ...] = ()
    nearest: tuple[dict, ...] = ()
    variants: tuple[dict, ...] = ()
    modelled: tuple[dict, ...] = ()
    modelled_variants: tuple[dict, ...] = ()
    steps: tuple[dict, ...] = ()
    filings: tuple[dict, ...] = ()
    nearest_filings: tuple[dict, ...] = ()
    splits: dict | None = None

    def __repr__(self):
        parts = {
            name: len(getattr(self, name))
            for name in ("comparisons", "nearest", "modelled", "filings")
        }
        parts["splits"] = len(self.splits["systems"]) if self.splits else 0
        listed = ", ".join(f"{count} {name}" for name, count in parts.items() if count)
        return f"<Test: {self.target.text}, {self.target.form}; {listed}; {', '.join(self.shapes)}>"


@dataclass(frozen=True, repr=False)
class Claim:
    """One row of the ledger."""

    id: str
    report: str
    statement: str
    value: float | None
    unit: str
    form: str
    point: str
    date: date
    sources: tuple[dict, ...]
    quantity: str
    decides: str
    test: Test | None = None

    def __repr__(self):
        claimed = words.quantity(self.value, self.unit) if self.value else "no number"
        return f"<Claim {self.id}: {self.statement} {claimed}, {self.form}, {self.date}>"

    def _repr_html_(self):
        sources = ", ".join(
            f"{links.link(s['url'], s['title'])} ({html.escape(str(s['date']))})"
            for s in self.sources
        )
        parts = {
            "Claimed": words.quantity(self.value, self.unit) if self.value else "no number",
            "Operating point": self.point,
            "What is tested": self.quantity,
            "What would decide it": self.decides,
        }
        items = "".join(f"<dt>{k}</dt><dd>{html.escape(v)}</dd>" for k, v in parts.items())
        return (
            f'<blockquote class="claimed">{html.escape(self.statement)}</blockquote>'
            f'<dl class="claim">{items}<dt>Sources</dt><dd>{sources}</dd></dl>'
        )


@dataclass(frozen=True, repr=False)
class Verdict:
    """A claim's verdict with the findings it follows from."""

    claim: Claim
    verdict: str
    firm: bool
    condition: str
    findings: tuple[Finding, ...]
    nearest: tuple[Finding, ...]
    sensitivity: pd.DataFrame
    sources: tuple[str, ...]
    sigma: float
    modelled: tuple[ModelledFinding, ...] = ()

    def __repr__(self):
        unit, found = self.claim.unit, self.quoted or self.answer
        number = "no number"
        if found:
            around = words.span(found.low, found.high, unit)
            number = f"{words.quantity(found.headline, unit)} ({around})"
        firm = ", firm" if self.firm else ""
        claimed = words.plain(self.claim.value, unit) if self.claim.value else "no number"
        said = words.verdict_words(self.verdict)
        return f"<Verdict on {self.claim.id}: {said}{firm}; claimed {claimed}, found {number}>"

    @property
    def quoted(self) -> Finding | None:
        """The finding whose number is quoted: of the primary comparison, if it has rows."""
        return next((f for f in self.findings if f.outcome != UNTESTED), None)

    @property
    def answer(self) -> ModelledFinding | None:
        """The first answer of the serving model, quoted where nothing was measured."""
        return next((f for f in self.modelled if f.answers), None)

    @property
    def at(self) -> str | None:
        """The operating point of the quoted number, or the nearest that was measured."""
        if self.quoted is None and self.answer:
            return f"modelled, not measured: {modelled_point(self.claim, self.answer)}"
        if self.quoted is None:
            near = [f for f in self.nearest if f.outcome != UNTESTED]
            if not near:
                return None
            number = words.quantity(near[0].headline, self.claim.unit)
            kind = "stated" if self.claim.test.nearest_filings else "measured"
            return f"nearest {kind}: {number}, {operating_point(self.claim, near[0])}"
        text = operating_point(self.claim, self.quoted)
        others = [f.headline for f in self.findings if f.outcome != UNTESTED]
        if len(others) > 1:
            run = words.span(min(others), max(others), self.claim.unit)
            text += f"; the first of {len(others)} {self.quoted.comparison.kind}, from {run}"
            floored = [f.above_floor for f in self.findings if np.isfinite(f.above_floor)]
            if len(floored) == len(others) and not np.allclose(floored, others, rtol=1e-3):
                text += f" (above the floor from {words.span(min(floored), max(floored), '')})"
        dated = self.sensitivity[self.sensitivity["variation"] == WITHOUT_UNDATED]["headline"]
        if len(dated) and dated.iloc[0] != self.quoted.headline:
            number = words.plain(dated.iloc[0], self.claim.unit)
            told = number if np.isfinite(dated.iloc[0]) else "it cannot be tested"
            text += f"; without the undated rows {told}"
        return text

    def row(self) -> dict:
        """Return the claim's row of ``verdicts.json``."""
        claim, measured = self.claim, self.quoted
        found = measured or self.answer
        return {
            **blank(claim),
            "found": {
                "value": found.headline if found else None,
                "low": found.low if found else None,
                "high": found.high if found else None,
                "unit": claim.unit,
                "at": self.at,
            },
            "verdict": self.verdict,
            "firm": self.firm,
            "condition": self.condition,
            "tiers": {
                "stated": stated(claim, self.findings + self.nearest),
                "measured": {
                    "comparisons": [brief(f) for f in self.findings if _was_measured(f)],
                    "run_noise_sigma": self.sigma,
                    "sensitivity": [_plain(entry) for entry in self.sensitivity.to_dict("records")],
                }
                if measured and _was_measured(measured)
                else None,
                "modelled": _records(modelled.table(self.modelled)) if self.answer else None,
                "nearest": [brief(f) for f in self.nearest if _was_measured(f)],
            },
            "sources": [
                *({"title": s["title"], "url": s["url"]} for s in claim.sources),
                *(
                    {"title": tables.meta(k)["title"], "url": tables.meta(k)["url"], "key": k}
                    for k in self.sources
                ),
            ],
        }

    def _repr_mimebundle_(self, **_):
        return {"text/html": card(self), VERDICT_MIME: self.row(), FILES_MIME: rows_used(self)}


def ledger() -> tuple[Claim, ...]:
    """Return every claim, in the ledger's order.

    >>> len(ledger()) > 10
    True
    """
    return read(_text())


def read(text: str, /) -> tuple[Claim, ...]:
    """Return every claim of a ledger's text; DataError where it is not what a ledger has to be."""
    file, entries = _document("claims", text)
    found = tuple(_claim(entry, file) for entry in entries)
    known = [entry.id for entry in found]
    if twice := next((name for name in known if known.count(name) > 1), None):
        raise DataError(file, f"claim {twice} stands twice", remedy="an id names one claim")
    return found


def levers() -> dict[str, Test]:
    """Return the mechanisms of the ledger, each with how it is tested; none where it has none."""
    file, entries = _document("levers")
    try:
        claimed = {"value": None, "form": "gain"}
        return {entry["name"]: _test(entry["test"], claimed) for entry in entries}
    except (KeyError, TypeError, ValueError, UsageError) as error:
        raise DataError(file, f"levers: {error}", remedy="see the file's end") from None


def credits() -> list[dict]:
    """Return the gains credited to a mechanism: gain, lever, part of the curve, factor, system.

    And `at`, the interactivity that the credit names, where it names one.
    """
    file, entries = _document("credits")
    keys = {"gain", "lever", "part", "factor", "system"}
    if wrong := [one for one in entries if set(one) - {"at"} != keys]:
        raise DataError(file, f"credits: {wrong[0]} needs {', '.join(sorted(keys))}")
    return entries


def _text():
    try:
        return (paths.data() / _FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DataError(_FILE, "the ledger is missing", remedy="restore it") from None
    except OSError as error:
        raise DataError(_FILE, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise DataError(_FILE, f"is no YAML: {error}", remedy="mend that line") from None


def _document(part, text=None):
    """Return the ledger's file name and its list of claims or levers."""
    try:
        document = yaml.safe_load(_text() if text is None else text)
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        raise DataError(
            _FILE,
            f"is no YAML: {getattr(error, 'problem', error)}",
            row=place and place.line + 1,
            remedy="mend that line",
        ) from None
    entries = document.get(part) if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise DataError(_FILE, "is no ledger", remedy=f"it needs a list `{part}`")
    return _FILE, entries


def claim(name: str, /) -> Claim:
    """Return one claim of the ledger by its id; UsageError, with those there are, for another.

    >>> claim("mtp").report
    '06_mechanisms'
    """
    known = {entry.id: entry for entry in ledger()}
    if name not in known:
        raise UsageError(f"no claim '{name}' in the ledger: {among(name, known)}")
    return known[name]


def bounds() -> dict[str, tuple[float, float]]:
    """Return the least and the largest value that meets each claim that is tested."""
    return {entry.id: entry.test.target.bounds for entry in ledger() if entry.test is not None}


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
        "tiers": {"stated": None, "measured": None, "modelled": None},
        "page": None,
        "sources": [{"title": s["title"], "url": s["url"]} for s in claim.sources],
    }


def ledger_rows() -> list[dict]:
    """Return the ledger as rows of ``verdicts.json``, none examined yet."""
    return [blank(entry) for entry in ledger()]


def decide(
    claim: Claim, rows: pd.DataFrame, /, *, sigma: float | None = None, replicates: int = 2000
) -> Verdict:
    """Return the verdict on a claim from the measured rows.

    `sigma` is the log standard deviation of run noise, by default pooled from the rows.

    >>> rows = measurements.load_measurements()
    >>> decide(claim("staff-80-software"), rows).verdict
    'not-reproduced'
    """
    test = _tested(claim)
    if sigma is None:
        sigma = measurements.pooled_sigma(rows).sigma
    found, near = (
        [examine(c, test.target, sigma=sigma, replicates=replicates) for c in compared]
        for compared in (build(test, rows), build(test, rows, nearest=True))
    )
    answers = [modelled.examine(one, test.target) for one in modelled.build(test)]
    verdict = combine([f.outcome for f in found])
    if verdict == NOT_TESTABLE and any(answer.answers for answer in answers):
        verdict = MODELLED_ONLY
    sensitivity = sensitivities(claim, rows, found, sigma=sigma)
    used = {
        source
        for finding in [*found, *near]
        for source in finding.comparison.rows["source"].unique()
    }
    if any(answer.answers for answer in answers):
        used |= {"serving_fit", "serving_validation"}
    # What nobody measured is never firm, however well it was modelled.
    firm = verdict not in (NOT_TESTABLE, MODELLED_ONLY) and bool(
        (sensitivity["verdict"] == verdict).all()
    )
    return Verdict(
        claim,
        verdict,
        firm,
        condition(claim, verdict, found, answers, near),
        tuple(found),
        tuple(near),
        sensitivity,
        tuple(sorted(used)),
        sigma,
        tuple(answers),
    )


def build(test: Test, rows: pd.DataFrame, /, *, nearest: bool = False) -> list:
    """Return everything that a test compares, or what comes near it, tested or not."""
    stated = test.nearest_filings if nearest else test.filings
    found = comparisons.build(test, rows, nearest=nearest)
    found += [] if nearest else splits.build(test, rows)
    return found + [filings.statement(one) for one in stated]


def examine(compared, target: Target, /, **options) -> Finding:
    """Return what is found of anything that `build` gives; options of `comparisons.examine`."""
    return _EXAMINED_BY[type(compared)].examine(compared, target, **options)


def combine(outcomes: Sequence[str], /) -> str:
    """Return the verdict over a set of outcomes; untested ones do not count.

    >>> combine(["reproduced", "not-reproduced"])
    'reproduced-conditionally'
    """
    tested = [outcome for outcome in outcomes if outcome != UNTESTED]
    if not tested:
        return NOT_TESTABLE
    if all(outcome == REPRODUCED for outcome in tested):
        return REPRODUCED
    return CONDITIONAL if set(tested) & {REPRODUCED, CONDITIONAL} else NOT_REPRODUCED


def sensitivities(
    claim: Claim, rows: pd.DataFrame, found: Sequence[Finding], /, *, sigma: float
) -> pd.DataFrame:
    """Return the verdict and the quoted number under each variation.

    Columns: `variation`, `headline` (of the quoted comparison, missing where the variation leaves
    it without rows), `verdict`. Configurations are left out one at a time, those on a frontier
    only: the others do not carry a step curve.
    """
    test = _tested(claim)
    tested = [f.comparison for f in found if f.outcome != UNTESTED]
    if not tested:
        return pd.DataFrame(columns=["variation", "headline", "verdict"])
    variations = []
    if claim.form != "level":
        same = [f.comparison for f in found]
        variations += [
            ("attainable step alone", same, "step"),
            ("semilog estimate", same, "semilog"),
        ]
    if test.basis.per == "MW":
        variations += [
            (f"power edition {edition}", _in_edition(test, rows, edition), None)
            for edition in hardware.POWER_EDITIONS
            if edition != test.basis.power_edition
        ]
    if any(c.rows["date"].isna().any() for c in tested):
        variations.append((WITHOUT_UNDATED, _without(found, "date", pd.NaT), None))
    for column, name in sorted({(c.origin, s) for c in tested for s in c.rows[c.origin].unique()}):
        variations.append((f"without {name}", _without(found, column, name), None))
    for name, code in _on_fronts(tested):
        variations.append((f"without {name}", _without(found, "configuration", code), None))
    table = pd.DataFrame([_vary(test.target, found, sigma, *entry) for entry in variations])
    return pd.concat([table, _over_orders(test.target, found)], ignore_index=True)


def condition(
    claim: Claim,
    verdict: str,
    found: Sequence[Finding],
    answers: Sequence[ModelledFinding] = (),
    near: Sequence[Finding] = (),
    /,
) -> str:
    """Return where the claim holds, or how near it comes, or what would decide it."""
    if verdict in (NOT_TESTABLE, MODELLED_ONLY):
        sides = [f.comparison.sides.values() for f in found]
        why = "No measured row of what is claimed."
        if any(all(len(rows) for rows in both) for both in sides):
            why = "What was measured of the two sides shares no interactivity."
        if claim.test.nearest_filings:
            why = "No filing states it."
        if verdict == MODELLED_ONLY:
            return f"{why} {_modelled_condition(answers)}"
        return f"{why} It would be decided by: {claim.decides}"
    tested = [f for f in found if f.outcome != UNTESTED]
    level = claim.form == "level"
    basis = f"{len(tested)} {tested[0].comparison.kind}"
    if claim.test.basis.power:
        basis += f", {claim.test.basis.power}"
    if level and any(f.comparison.unit == Basis().unit for f in tested):
        basis += ", counting input and output tokens"
    met = [f for f in tested if f.outcome in (REPRODUCED, CONDITIONAL)]
    dates = _dates([f.comparison.rows for f in tested])
    if not _was_measured(tested[0]):
        dates = dates.replace("rows", "filings")
    if verdict == REPRODUCED:
        return f"In all of {basis}{'' if level else ', over the whole shared range'}; {dates}."
    if verdict == CONDITIONAL:
        if level:
            dates = f"{_first_run(claim, met)}; {dates}"
        unmet = [f for f in tested if f not in met]
        # Naming those that fail is shorter where most hold.
        if 0 < len(unmet) < len(met) and len(met) > 4 and _ratios(tested) and not level:
            names = "; ".join(f.comparison.label for f in unmet)
            return (
                f"In {len(met)} of {basis}, as a whole or on a stretch of interactivity; not in: "
                f"{names}; {dates}."
            )
        return f"In {len(met)} of {basis}: {_places(met, tested)}; {dates}."
    best = min(tested, key=lambda f: _distance(claim, f))
    if level:
        beside = "".join(
            f"; beside it {f.comparison.place(f)}" for f in near if not _was_measured(f)
        )
        return f"In none of {basis}; nearest {best.comparison.place(best)}{beside}; {dates}."
    return (
        f"In none of {basis}, under the step and the estimate between points both; nearest "
        f"{best.comparison.label}: {best.comparison.reading(best)}; {dates}."
    )


def operating_point(claim: Claim, finding: Finding, /) -> str:
    """Return the operating point of a finding in words: comparison, range, unit, edition, date."""
    parts = [*finding.comparison.point(finding), claim.test.basis.power]
    if _was_measured(finding):
        parts.append(_dates([finding.comparison.rows]))
    return "; ".join(part for part in parts if part)


def modelled_point(claim: Claim, answer: ModelledFinding, /) -> str:
    """Return the operating point of a modelled finding in words."""
    c, power = answer.comparison, claim.test.basis.power
    low, high = map(words.number, answer.range)
    share = words.number(100 * answer.extrapolated)
    parts = [c.label, f"mean over {low} to {high} tok/s/user", c.basis.unit, power]
    outside = f"{share} % of that range outside what the model was checked on"
    return "; ".join(part for part in [*parts, outside] if part)


def stated(claim: Claim, findings: Sequence[Finding] = (), /) -> list[dict]:
    """Return the published points on a claim, as the sources state them, and stated findings."""
    points = tables.read("published_points")
    # Tables of benchmark results are evidence of another kind, and have tables of their own.
    results = points["series"].str.startswith("MLPerf")
    results |= points["url"].str.contains("perf-overview")
    points = points[(points["claim"] == claim.id) & ~results]
    return [
        {
            key: None if pd.isna(value) else value
            for key, value in point.items()
            if key in ("series", "x", "x_unit", "y", "y_unit", "kind", "url")
        }
        for point in points.to_dict("records")
    ] + [
        {
            "series": f.comparison.name,
            "x": None,
            "x_unit": "",
            "y": f.headline,
            "y_unit": f.comparison.unit,
            "kind": "stated",
            "url": f.comparison.rows["url"].iloc[0],
        }
        for f in findings
        if not _was_measured(f)
    ]


def brief(finding: Finding, /) -> dict:
    """Return a finding as the plain values that ``verdicts.json`` has of it."""
    plain = _plain(comparisons.table([finding]).iloc[0].to_dict())
    return {**plain, "at": {str(k): v for k, v in finding.at.items()}}


def card(verdict: Verdict, /) -> str:
    """Return a verdict as the HTML that a page shows: claimed, found, verdict, condition."""
    row = verdict.row()
    found, claimed = row["found"], row["claimed"]
    value = words.quantity(claimed["value"], claimed["unit"])
    if claimed["value"] is None:
        value = "no number"
    number = "nothing measured at the claimed point"
    if verdict.claim.test.nearest_filings:
        number = "nothing stated of what is claimed"
    if found["value"] is not None:
        number = (
            f"{words.quantity(found['value'], found['unit'])} "
            f"({words.span(found['low'], found['high'], found['unit'])})"
        )
    parts = {
        "Claimed": f"{value}. {verdict.claim.point}",
        "Found": number,
        "At": found["at"] or "–",
        "Where it holds": row["condition"],
    }
    items = "".join(f"<dt>{k}</dt><dd>{html.escape(v)}</dd>" for k, v in parts.items())
    firm = ", firm" if verdict.firm else ""
    return (
        f'<section class="verdict-card" id="{html.escape(row["id"])}"><p class="verdict '
        f'verdict-{verdict.verdict.replace(" ", "-")}">{words.verdict_words(verdict.verdict)}{firm}'
        f'</p><p class="statement">{html.escape(row["statement"])}</p>'
        f'<dl class="claim">{items}</dl></section>'
    )


def rows_used(verdict: Verdict, /) -> dict[str, str]:
    """Return the file that names the rows of a verdict's comparisons; none where none has rows."""
    frames = [f.comparison.rows for f in verdict.findings + verdict.nearest if _was_measured(f)]
    frames = [frame[["row_id", "source"]] for frame in frames if "row_id" in frame]
    if not frames:
        return {}
    rows = pd.concat(frames).drop_duplicates().sort_values("row_id")
    return {f"data/{verdict.claim.id}-rows.csv": rows.to_csv(index=False, lineterminator="\n")}


def _claim(entry, file):
    name = entry.get("id", "?") if isinstance(entry, dict) else entry
    try:
        claimed = entry["claimed"]
        if not re.fullmatch(r"[a-z0-9-]+", str(entry["id"])):
            raise ValueError("an id has small letters, digits and hyphens only")
        if bad := [s["url"] for s in entry["sources"] if not re.match(r"https?://", s["url"])]:
            raise ValueError(f"the address {bad[0]!r} is not of http or https")
        value = claimed["value"]
        if value is not None and not (type(value) in (int, float) and 0 < value < np.inf):
            raise ValueError(f"the claimed value is {value!r}, not a number above 0")
        if claimed["form"] not in FORMS:
            raise ValueError(f"form is {claimed['form']!r}, not one of {', '.join(FORMS)}")
        return Claim(
            id=entry["id"],
            report=entry["report"],
            statement=entry["statement"],
            value=claimed["value"],
            unit=claimed["unit"],
            form=claimed["form"],
            point=entry["point"],
            date=entry["date"],
            sources=tuple(
                {key: s[key] for key in ("title", "url", "date")} for s in entry["sources"]
            ),
            quantity=entry["quantity"],
            decides=entry["decides"],
            test=_test(entry["test"], claimed) if "test" in entry else None,
        )
    except KeyError as error:
        problem = f"{error} is missing"
    except (TypeError, ValueError, UsageError) as error:
        problem = str(error)
    raise DataError(file, f"claim {name}: {problem}", remedy="see the file's head")


def _test(entry, claimed):
    least = entry.get("least")
    if (claimed["value"] is None) == (least is None):
        raise ValueError("a test needs a claimed value, or `least` where no number is claimed")
    if unknown := sorted(set(entry) - _TEST_KEYS):
        raise ValueError(f"a test has no '{unknown[0]}'")
    for kind in ("comparisons", "nearest", "variants"):
        for specification in entry.get(kind, ()):
            _check_selections(specification, whole=kind != "variants")
    for specification in (*entry.get("modelled", ()), *entry.get("modelled_variants", ())):
        modelled.one(Basis(), specification, entry["shapes"][0])
    for step in entry.get("steps", ()):
        modelled.system({k: v for k, v in step.items() if k != "name"}, entry["shapes"][0])
    for name in ("filings", "nearest_filings"):
        for specification in entry.get(name, ()):
            filings.check(specification)
    if "splits" in entry:
        _check_splits(entry["splits"])
    lists = (
        "comparisons",
        "nearest",
        "variants",
        "modelled",
        "modelled_variants",
        "steps",
        "filings",
        "nearest_filings",
    )
    return Test(
        basis=Basis(**{key: entry[key] for key in _BASIS_KEYS if key in entry}),
        shapes=tuple(entry["shapes"]),
        target=Target(claimed["value"] or least, claimed["form"], named=least is None),
        splits=entry.get("splits"),
        **{name: tuple(entry.get(name, ())) for name in lists},
    )


def _check_splits(entry):
    """Raise where a split lacks a part, or names a change or a meaning that there is not."""
    for key in ("systems", "choices", "meanings"):
        if not entry.get(key):
            raise ValueError(f"splits need {key}")
    for meaning in entry["meanings"]:
        if meaning not in attribution.MEANINGS:
            raise ValueError(f"a share means {', '.join(attribution.MEANINGS)}, not {meaning!r}")
    for system in (*entry["systems"], *entry.get("nearest", ())):
        _check_selections({"name": system["name"], "where": system["start"]}, whole=False)
        names = {splits.factor(one).name for one in system["factors"]}
        for choice in system.get("choices", entry["choices"]):
            if unknown := sorted(set(choice["software"]) - names):
                raise ValueError(f"'{choice['name']}' has no factor '{unknown[0]}'")


def _check_selections(specification, *, whole):
    """Raise where a comparison lacks a side, or selects by what is no column of the rows."""
    name = specification["name"]
    sides = {
        key: specification[key]
        for key in ("numerator", "denominator", "rows", "where")
        if key in specification
    }
    if whole and set(sides) not in ({"numerator", "denominator"}, {"rows"}):
        raise ValueError(f"'{name}' needs a numerator and a denominator, or rows")
    for side, selection in sides.items():
        if unknown := sorted(set(selection) - comparisons.CONDITIONS):
            raise ValueError(f"'{name}' selects its {side} by '{unknown[0]}', which is no column")


def _tested(claim):
    if not isinstance(claim, Claim):
        raise UsageError(f"expected a claim, not {claim!r}: claims.claim(ID) gives it")
    if claim.test is None:
        raise UsageError(f"the ledger has no test for '{claim.id}' yet")
    return claim.test


def _vary(target, found, sigma, name, varied, how):
    """Return one variation's verdict; a comparison that it leaves alone keeps its outcome."""
    results = [
        (finding.outcome, finding.headline)
        if how is None and comparison is finding.comparison
        else _EXAMINED_BY[type(comparison)].outcome(comparison, target, sigma=sigma, how=how)
        for finding, comparison in zip(found, varied, strict=True)
    ]
    quoted = next(i for i, finding in enumerate(found) if finding.outcome != UNTESTED)
    verdict = combine([outcome for outcome, _ in results])
    return {"variation": name, "headline": results[quoted][1], "verdict": verdict}


def _in_edition(test, rows, edition):
    basis = replace(test.basis, power_edition=edition)
    return comparisons.build(replace(test, basis=basis), rows)


def _without(found, column, value):
    return [finding.comparison.without(column, value) for finding in found]


def _over_orders(target, found):
    """Return the verdicts with the order of the changes that gives least and that gives most."""
    if not any(finding.orders for finding in found):
        return None
    quoted = next(f for f in found if f.outcome != UNTESTED)
    rows = []
    for end, name in enumerate(("order of changes that gives least", "order that gives most")):
        met = [
            REPRODUCED if target.met(f.orders[end]) else NOT_REPRODUCED for f in found if f.orders
        ]
        rows.append({"variation": name, "headline": quoted.orders[end], "verdict": combine(met)})
    return pd.DataFrame(rows)


def _on_fronts(tested):
    """Return name and code of every configuration on a frontier, each once."""
    fronts = [pair for compared in tested for pair in compared.fronts]
    if not fronts:
        return []
    rows = pd.concat(rows.loc[list(front.rows)] for front, rows in fronts)
    rows = rows.drop_duplicates("configuration")
    return [(_configuration_name(row), row.configuration) for row in rows.itertuples()]


def _configuration_name(row):
    speculation = " MTP" if row.speculative else ""
    attention = " dp" if row.dp_attention else ""
    prefill = f", prefill {row.prefill}" if row.prefill else ""
    return (
        f"{row.model} {row.hardware} {row.framework} {row.precision}{speculation} on {row.gpus} "
        f"GPUs, tp{row.tp} ep{row.ep}{attention}{prefill}, {row.isl}/{row.osl}, {row.source}"
    )


def _modelled_condition(answers):
    """Say where the model meets a claim; it is never more than what a model says."""
    answers = [a for a in answers if a.answers]
    met = [a for a in answers if a.met]
    best = max(answers, key=lambda a: a.largest)
    outside = words.number(100 * float(np.mean([a.extrapolated for a in answers])))
    reached = [a.reached_at for a in answers if np.isfinite(a.reached_at)]
    where = "nowhere above the floor of the baseline"
    if reached:
        where += (
            f" (the ratio alone, floor or not, reaches it in {len(reached)} of {len(answers)}, "
            f"from {words.number(min(reached))} tok/s/user on)"
        )
    if met:
        where = "; ".join(
            f"{a.comparison.label}, {words.number(a.met[0])} to {words.number(a.met[1])} tok/s/user"
            for a in met
        )
    return (
        f"The calibrated serving model meets it {where}; the largest of {len(answers)} modelled "
        f"comparisons is {words.number(best.largest)}x at {words.number(best.largest_at)} "
        f"tok/s/user ({best.comparison.label}); {outside} % of the modelled points are outside "
        f"what the model was checked on."
    )


def _was_measured(finding):
    """Whether a finding is of measured rows: what a filing states is of another tier."""
    return not isinstance(finding.comparison, filings.Statement)


def _records(frame):
    return [_plain(entry) for entry in frame.to_dict("records")]


def _ratios(findings):
    return all(isinstance(finding.comparison, Comparison) for finding in findings)


def _places(met, tested):
    """Return where findings meet a claim; of shares, the choices with their shapes."""
    if _ratios(met):
        return "; ".join(f.comparison.place(f) for f in met)
    shapes = {f.comparison.shape for f in tested}
    choices = {}
    for finding in met:
        split = finding.comparison
        where = split.shape
        if finding.outcome != REPRODUCED:
            where += f" from {words.span(*finding.stretch[:2], '')} tok/s/user"
        meanings = choices.setdefault(split.choice, {})
        meanings.setdefault(attribution.MEANINGS[split.meaning], []).append(where)
    return "; ".join(
        f"where {choice}, the "
        + " and the ".join(
            meaning if set(at) == shapes else f"{meaning} at {' and '.join(at)}"
            for meaning, at in meanings.items()
        )
        for choice, meanings in choices.items()
    )


def _first_run(claim, met):
    """Say since when a level is reached: the run may be long after the claim."""
    rows = pd.concat([next(iter(f.comparison.sides.values())) for f in met])
    reached = rows[rows["value"] >= claim.test.target.value]["date"].dropna()
    if not len(reached):
        return "no dated run reaches it"
    first = reached.min()
    before = rows[rows["date"] < first]["value"]
    earlier = f", those before reach {words.number(before.max())}" if len(before) else ""
    return f"first dated run that reaches it: {first:%Y-%m-%d}{earlier}"


def _distance(claim, finding):
    """Return how far a finding falls short of the claim, as a log ratio; a drop may also exceed."""
    short = float(np.log(claim.test.target.value / finding.headline))
    return abs(short) if claim.form == "drop" else short


def _plain(entry):
    """Return the values of a row of a frame as JSON has them: no NaN, no types of numpy."""
    return {
        key: None if pd.isna(value) else getattr(value, "item", lambda value=value: value)()
        for key, value in entry.items()
    }


def _dates(selections):
    """Say up to when the rows were measured, and whether some of them have no date."""
    known = [day for day in map(comparisons.last_date, selections) if day]
    undated = any(rows["date"].isna().any() for rows in selections)
    if not known:
        return "undated rows"
    return f"rows to {max(known)}{' and undated ones' if undated else ''}"
