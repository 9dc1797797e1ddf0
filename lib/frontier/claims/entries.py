"""The ledger of claims: what was claimed, by which comparisons it is tested, and in which words.

`data/claims.yaml` fixes all of it before anything is computed, so that no page can choose the
comparison that suits it. It is checked by ``schema/claims.schema.json`` and, for what a schema
cannot say, here; what is wrong is one line with the file, the row and the claim.

>>> claim("mtp").report
'06_mechanisms'
"""

import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from itertools import product

import numpy as np
import pandas as pd

from broadsheet import links, yaml_text
from frontier.claims import attribution, kinds, rule
from frontier.claims.kinds import Cells, Comparison, Factor, Level, Modelled, Ratio, Split
from frontier.claims.rule import Target
from frontier.claims.sides import CONDITIONS, Basis, Rows, Side, prepared
from frontier.data import measurements, paths, words
from frontier.errors import DataError, UsageError, among
from frontier.history import shifts

FILE = "claims.yaml"
MEASURED = (rule.REPRODUCED, rule.CONDITIONAL, rule.NOT_REPRODUCED)


@dataclass(frozen=True, repr=False)
class Test:
    """How a claim is tested; each field is as the ledger has it (see its head)."""

    basis: Basis
    target: Target
    traffic: tuple[str, ...]
    comparisons: tuple[dict, ...] = ()
    beside: tuple[dict, ...] = ()
    mechanism: bool = False
    splits: dict | None = None
    filings: tuple[dict, ...] = ()
    beside_filings: tuple[dict, ...] = ()
    limits: tuple[dict, ...] = ()
    modelled: tuple[dict, ...] = ()
    beside_modelled: tuple[dict, ...] = ()

    def __repr__(self):
        low, high = self.target.bounds
        return f"<Test: {self.target.form}, {low:g} to {high:g}; {', '.join(self.traffic)}>"

    @property
    def decided(self) -> bool:
        """Whether anything measured or filed decides the claim."""
        return bool(self.comparisons or self.splits or self.filings)


@dataclass(frozen=True, repr=False)
class Claim:
    """One row of the ledger. `answers` has a sentence an outcome, `facts` the numbers in them."""

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
    test: Test
    answers: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, dict] = field(default_factory=dict)
    lever: str = ""

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

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The verdicts that the claim can have, as of some day and some data."""
        found = MEASURED if self.test.decided else ()
        if self.form == "up-to":
            found = (rule.REPRODUCED, rule.NOT_REPRODUCED) if found else ()
        told = (rule.MODELLED_ONLY,) if self.test.modelled else ()
        return (*found, *told, rule.NOT_TESTABLE)


def ledger() -> tuple[Claim, ...]:
    """Return every claim, in the ledger's order.

    >>> len(ledger()) > 10
    True
    """
    return read(_text())


def claim(name: str, /) -> Claim:
    """Return one claim of the ledger by its id; UsageError, with those there are, for another."""
    known = {entry.id: entry for entry in ledger()}
    if name not in known:
        raise UsageError(f"no claim '{name}' in the ledger: {among(name, known)}")
    return known[name]


def levers() -> dict[str, Claim]:
    """Return the mechanisms of the ledger by name, each as the claim that tests it."""
    entries = (*ledger(), *_parsed(_text(), "levers"))
    return {entry.lever: entry for entry in entries if entry.lever}


def named(key: str, /) -> str:
    """Return what a reader calls a key of the data."""
    return naming()(key)


def naming() -> Callable[[str], str]:
    """Return `named` with the ledger as it is now, read once for many keys."""
    names = document(_text()).get("names", {})
    return lambda key: names.get(key, key)


def credits() -> list[dict]:
    """Return the gains credited to a mechanism: gain, lever, part of the curve, factor, system."""
    return document(_text())["credits"]


def read(text: str, /) -> tuple[Claim, ...]:
    """Return every claim of a ledger's text; DataError where it is not what a ledger has to be."""
    return _parsed(text, "claims")


def document(text: str, /) -> dict:
    """Return a ledger's text as it is parsed and checked by its schema."""
    return _document(text, *_schema("claims"))


@lru_cache(maxsize=8)
def _document(text, *schema):
    try:
        found = yaml_text.load(text)
    except ValueError as error:
        raise DataError(FILE, f"is no YAML: {error}", remedy="mend that line") from None
    if not isinstance(found, dict) or not isinstance(found.get("claims"), list):
        raise DataError(FILE, "is no ledger", remedy="it needs a list `claims`")
    if problem := _problem(found, *schema):
        path, message = problem
        name, row, at = "", None, [*path]
        if len(path) > 1 and path[0] in ("claims", "levers") and isinstance(path[1], int):
            entry = found[path[0]][path[1]]
            name = entry.get("id", "?") if isinstance(entry, dict) else str(entry)
            row, at = _row(text, name), path[2:]
        told = ".".join(map(str, at))
        raise DataError(
            FILE,
            f"{f'claim {name}: ' * bool(name)}{f'{told}: ' * bool(told)}{message}",
            row=row,
            remedy="see the file's head",
        )
    return found


def schema_problem(instance, name: str, /) -> tuple[list, str] | None:
    """Return where and why something is not of a schema of ``schema/``; None where it is."""
    return _problem(instance, *_schema(name))


def _problem(instance, *schema):
    worst = max(_validator(*schema).iter_errors(_jsonable(instance)), key=_depth, default=None)
    if worst is None:
        return None
    while worst.context:  # of "one of these" the part that came furthest says what is wrong
        worst = max(worst.context, key=_depth)
    return list(worst.absolute_path), worst.message.splitlines()[0][:300]


def _depth(error):
    return len(error.absolute_path), error.validator != "type", str(error)


def _schema(name):
    """Return the file of a schema and its text, read each time: what is made of it is kept."""
    path = paths.root() / "schema" / f"{name}.schema.json"
    try:
        return f"schema/{path.name}", path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise DataError(f"schema/{path.name}", f"cannot be read: {error}") from None


@lru_cache(maxsize=4)
def _validator(file, text):
    try:
        schema = json.loads(text)
    except ValueError as error:
        raise DataError(file, f"cannot be read: {error}") from None
    import jsonschema

    # What is referred to is put in its place: looking it up takes half of the time of checking.
    return jsonschema.Draft202012Validator(_inlined(schema, schema.get("$defs", {})))


def _inlined(part, defined):
    """Return a part of a schema with what it refers to; no definition refers to itself."""
    if isinstance(part, list):
        return [_inlined(one, defined) for one in part]
    if not isinstance(part, dict):
        return part
    there = defined[part["$ref"].removeprefix("#/$defs/")] if "$ref" in part else {}
    own = {key: value for key, value in part.items() if key not in ("$ref", "$defs")}
    return {key: _inlined(value, defined) for key, value in {**there, **own}.items()}


def _jsonable(value):
    """Return a parsed YAML value with dates as texts, as JSON has them."""
    if isinstance(value, dict):
        return {str(key): _jsonable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_jsonable(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


@lru_cache(maxsize=16)
def _parsed(text, part) -> tuple[Claim, ...]:
    found = document(text)
    defaults = found.get("answers", {})
    claims, known = [], set()
    for entry in found.get(part, ()):
        try:
            if entry["id"] in known:
                raise ValueError("stands twice; an id names one claim")
            claims.append(_claim(entry, defaults))
        except (KeyError, TypeError, ValueError, UsageError) as error:
            problem = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            raise DataError(
                FILE,
                f"claim {entry['id']}: {problem}",
                row=_row(text, entry["id"]),
                remedy="see the file's head",
            ) from None
        known.add(entry["id"])
    return tuple(claims)


def _row(text, name):
    """Return the line on which a claim begins, from 1 on."""
    lines = text.splitlines()
    return next(
        (i for i, s in enumerate(lines, 1) if re.search(rf"\bid: {re.escape(name)}$", s)), 1
    )


def _text():
    try:
        return (paths.data() / FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DataError(FILE, "the ledger is missing", remedy="restore it") from None
    except OSError as error:
        raise DataError(FILE, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise DataError(FILE, f"is no YAML: {error}", remedy="mend that line") from None


_TEXTS = ("id", "report", "statement", "point", "quantity", "decides")


def _claim(entry, defaults) -> Claim:
    claimed, test = entry["claimed"], entry["test"]
    wording, tolerance = claimed["wording"], claimed["tolerance"]
    if tolerance != rule.TOLERANCES[wording]:
        raise ValueError(
            f"claimed.tolerance is {tolerance}; '{wording}' allows {rule.TOLERANCES[wording]}"
        )
    if (claimed["value"] is None) == ("least" not in test):
        raise ValueError("a test needs a claimed value, or `least` where no number is claimed")
    target = Target(
        claimed["form"],
        claimed["value"] or test["least"],
        tolerance,
        claimed.get("high"),
        claimed.get("at"),
        test.get("everywhere", False),
    )
    basis = {key: test[key] for key in ("metric", "per", "edition") if key in test}
    told = {key: tuple(v) if isinstance(v, list) else v for key, v in test.items()}
    fields = {key: told[key] for key in Test.__annotations__.keys() & told}
    made = Test(**{**fields, "basis": Basis(**basis), "target": target})
    _check_selections(made)
    found = Claim(
        **{key: entry[key] for key in _TEXTS},
        **{key: claimed[key] for key in ("value", "unit", "form")},
        date=date.fromisoformat(str(entry["date"])),
        sources=tuple(entry["sources"]),
        test=made,
        answers={**defaults.get(claimed["form"], {}), **entry.get("answers", {})},
        facts=entry.get("facts", {}),
        lever=entry.get("lever", ""),
    )
    _check_answers(found)
    return found


def _check_selections(test):
    """Raise where a side selects by what is no column, or a choice names no change."""
    for entry in (*test.comparisons, *test.beside):
        for where in (*_listed(entry["above"]), *_listed(entry.get("below", {}))):
            for selection in (*_listed(where.get("select", {})), entry.get("where", {})):
                if unknown := sorted(set(selection) - CONDITIONS):
                    raise ValueError(f"'{where['label']}' selects by '{unknown[0]}', no column")
    for entry in (*test.modelled, *test.beside_modelled):
        for one in (entry["above"], entry["below"]):
            kinds.system(one["system"], test.traffic[0])
    for system in (*test.splits["systems"], *test.splits.get("beside", ())) if test.splits else ():
        names = {one["name"] for one in system["factors"]}
        for choice in system.get("choices") or test.splits.get("choices", ()):
            if unknown := sorted(set(choice["software"]) - names):
                raise ValueError(f"'{choice['name']}' has no factor '{unknown[0]}'")


# What every answer may name, beside the facts of its claim.
FACTS = (
    "claimed", "claimed_high", "met", "in_part", "hits", "of", "typical", "low", "high",
    "spread_low", "spread_high", "largest", "condition", "flips", "why", "day", "nearest",
    "speed", "slow", "limit", "limit_across", "modelled", "modelled_low", "modelled_high",
)  # fmt: skip
_PLACEHOLDER = re.compile(r"{([^{}]*)}")
_TYPED = re.compile(r"(?<![A-Za-z\d.{-])\d")


def _check_answers(claim):
    """Raise where a sentence is missing, names no number that there is, or has one typed."""
    if missing := [one for one in claim.outcomes if one not in claim.answers]:
        raise ValueError(f"answers has no sentence for '{missing[0]}'")
    known = {*FACTS, *claim.facts}
    for outcome, sentence in claim.answers.items():
        for name in _PLACEHOLDER.findall(sentence):
            if name not in known:
                raise ValueError(f"answers.{outcome}: no number fills '{{{name}}}'")
        if _TYPED.search(_PLACEHOLDER.sub("", sentence)):
            raise ValueError(f"answers.{outcome}: a number is typed; name a fact instead")


# ------------------------------------------------------------------ from entries to comparisons


def comparisons(
    claim: Claim, rows: pd.DataFrame | Rows, /, *, known_by=None, beside: bool = False
) -> list[Comparison]:
    """Return what decides a claim (or, with `beside`, what is shown with it), tested or not.

    `known_by` is the last day by which rows were measured.
    """
    test, rows = claim.test, prepared(rows)
    listed = [(one, test.mechanism) for one in (test.beside if beside else test.comparisons)]
    if beside and test.mechanism:
        # What it costs to force the mechanism: with it alone over without it.
        listed += [(one, False) for one in test.comparisons]
    made = [c for one, union in listed for c in _entry(one, test, rows, known_by, union=union)]
    if test.splits:
        made += _splits(test, rows, known_by, beside=beside)
    filed = [kinds.statement(one) for one in (test.beside_filings if beside else test.filings)]
    return made + [one for one in filed if known_by is None or one.known_by <= known_by]


def _entry(entry, test, rows, known_by, *, union):
    """Return the comparisons of one entry: every side above over every side below, each way."""
    where = {key: _listed(value) for key, value in entry.get("where", {}).items()}
    basis, named = replace(test.basis, **entry.get("basis", {})), naming()
    made = []
    for values, above, below, traffic in product(
        product(*where.values()),
        _listed(entry["above"]),
        _listed(entry.get("below", {})),
        _listed(entry.get("traffic", test.traffic)),
    ):
        common = {"shape": traffic, **dict(zip(where, values, strict=True))}
        picked = [
            [common | part for part in _listed(side.get("select", {}))] for side in (above, below)
        ]
        told = {
            "above": above["label"],
            "below": below.get("label", ""),
            "attributes": _attributes(entry, common, below, picked, named),
        }
        if not below:
            made.append(_level(entry, rows, basis, picked[0], known_by, told))
            continue
        top, bottom = (
            rows.side(some, basis, known_by=known_by)
            for some in (picked[0] + picked[1] * union, picked[1])
        )
        # A system then and now says nothing of what came between where no later run has a day.
        cut = max((str(part["as_of"]) for part in picked[1] if part.get("as_of")), default="")
        later = not cut or bool((rows.known_by[top.positions] > np.datetime64(cut)).any())
        absent = "" if later else f"no dated run after {cut}"
        made.append(Ratio(unit="x", top=top, bottom=bottom, absent=absent, **told))
    return made


def _attributes(entry, common, below, picked, named):
    """Return what a condition may name of a comparison, in the words of a reader."""
    models = {part.get("model") for side in picked for part in side} - {None}
    accelerators = {str(part.get("hardware")) for part in picked[0]} - {"None"}
    one = accelerators.pop() if len(accelerators) == 1 else "["  # as a list of several begins
    # What of precision, speculation, engine and layout holds for both sides.
    setup = [
        str(common.get("precision", "")).upper(),
        {True: "with MTP", False: "without MTP"}.get(common.get("speculative")),
        "disaggregated" if common.get("disaggregated") else "",
        f"in {named(common['framework'])}" if "framework" in common else "",
    ]
    found = {
        "traffic": entry.get("traffic_label", common["shape"]),
        "model": named(models.pop()) if len(models) == 1 else "",
        "accelerator": "" if "[" in one else named(one),
        "baseline": below.get("label", ""),
        "setup": " ".join(filter(None, setup)),
    }
    return {key: text for key, text in found.items() if text} | entry.get("attributes", {})


def _level(entry, rows, basis, picked, known_by, told):
    """Return a level: the largest value, or the largest gain within so many weeks."""
    side = rows.side(picked, basis, known_by=known_by)
    if not (weeks := entry.get("weeks")):
        return Level(unit=basis.unit, top=side, **told)
    moved = rows.once(
        ("risen", side.positions.tobytes(), weeks), lambda: shifts.risen(side.frame, weeks=weeks)
    )
    # A first state that was put right looks like faster software, so such gains stand apart.
    moved = moved[moved["first_state"] != entry.get("settled", False)]
    place = dict(zip(rows.column("row_id")[side.positions], side.positions, strict=True))
    positions = moved["row_id"].map(place).to_numpy(int)
    gains = Side(rows, basis, positions, moved["gain"].to_numpy(float))
    return Level(unit="x", top=gains, runs=2, **told)


def _splits(test, rows, known_by, *, beside):
    made, splits = [], test.splits
    for system in splits.get("beside", ()) if beside else splits["systems"]:
        meanings = system.get("meanings", splits["meanings"])
        model = named(system["start"]["model"])
        for traffic in system.get("traffic", test.traffic):
            found = cells(rows, system, traffic, test.basis, known_by=known_by)
            for meaning, choice in product(meanings, _choices(splits, system)):
                name, software = choice["name"], choice["software"]
                unit, told = ("x", "change") if meaning == "factor" else ("share", "counts")
                attributes = {"model": model, "traffic": traffic}
                attributes |= {told: name, "meaning": attribution.MEANINGS[meaning]}
                group = tuple(one.name for one in found.factors if one.name in software)
                options = {"cells": found, "group": group, "meaning": meaning}
                made.append(Split(above=name, unit=unit, attributes=attributes, **options))
    return made


def _choices(splits, system):
    """Return what counts as software in a system, each way; or each of its changes by itself."""
    if splits.get("each"):
        return [{"name": one["name"], "software": [one["name"]]} for one in system["factors"]]
    return system.get("choices") or splits["choices"]


def cells(rows: Rows, system: Mapping, traffic: str, basis: Basis, /, *, known_by=None) -> Cells:
    """Return the measured states of a system of the ledger: a `name`, a `start` and `factors`."""
    factors = tuple(
        Factor(
            one["name"],
            one["kind"],
            one.get("set", {}),
            str(one["until"]) if "until" in one else None,
            tuple(one.get("after", ())),
        )
        for one in system["factors"]
    )

    def make():
        measured = {}
        for cell in kinds.every_cell(factors):
            selection = {"shape": traffic, **system["start"]}
            for one in factors:
                if one.name in cell:
                    selection.update(one.change)
            measured[cell] = rows.side(selection, basis, known_by=known_by)
        return Cells(f"{system['name']}, {traffic}", factors, measured)

    return rows.once(("cells", repr(system), traffic, basis, str(known_by)), make)


def ratio(
    rows: pd.DataFrame | Rows,
    above: Mapping,
    below: Mapping,
    /,
    *,
    traffic: str,
    basis: Basis | None = None,
    labels: tuple[str, str] | None = None,
    known_by=None,
) -> Comparison:
    """Return a reader's own ratio: two selections of rows in one traffic.

    `labels` are the two in words. UsageError, with
    what there is, where a side has no rows; one that says why where the two cannot be compared.

    >>> from frontier import measurements
    >>> rows = measurements.load_measurements()
    >>> where = {"model": "deepseek-r1"}
    >>> one = ratio(rows, {**where, "hardware": "gb200"}, {**where, "hardware": "h200"},
    ...             traffic="8192/1024", basis=Basis(per="MW"))
    >>> one.range[0] > 10, one.value() > 1
    (True, True)
    """
    ready, basis, sides = prepared(rows), basis or Basis(), []
    for selection in (above, below):
        asked = {"shape": traffic, **selection}
        side = ready.side(asked, basis, known_by=known_by)
        if not len(side):
            measurements.select(ready.frame, **asked)  # raises, and lists what there is
            raise UsageError(f"no row of {asked} was measured by {known_by}")
        sides.append(side)
    models = {one["model"] for one in (above, below) if isinstance(one.get("model"), str)}
    named = [str(one.get("hardware", "any accelerator")) for one in (above, below)]
    made = Ratio(
        above=(labels or named)[0],
        below=(labels or named)[1],
        unit="x",
        attributes={"traffic": traffic, **({"model": models.pop()} if len(models) == 1 else {})},
        top=sides[0],
        bottom=sides[1],
    )
    if made.untested:
        raise UsageError(f"{made.label}: {made.untested}")
    return made


def build_limits(claim: Claim, rows: Rows, /, *, known_by=None) -> list[Comparison]:
    """Return the results at a limit that are told with a claim; kept with the rows."""
    basis, made = claim.test.basis, []
    for entry in claim.test.limits:
        key = ("limit", repr(entry), basis)
        made += rows.once(key, lambda entry=entry: kinds.limit(entry, basis))
    day = pd.Timestamp.max if known_by is None else pd.Timestamp(known_by)
    return [one for one in made if one.results["date"].max() <= day]


def build_modelled(claim: Claim, /, *, beside: bool = False) -> list[Modelled]:
    """Return the modelled comparisons of a claim, or those that stand beside them."""
    return [
        Modelled(
            above=entry["above"]["label"],
            below=entry["below"]["label"],
            unit="x",
            attributes={"model": named(entry["above"]["system"]["model"]), "traffic": traffic},
            basis=claim.test.basis,
            top=kinds.system(entry["above"]["system"], traffic),
            bottom=kinds.system(entry["below"]["system"], traffic),
        )
        for entry in (claim.test.beside_modelled if beside else claim.test.modelled)
        for traffic in claim.test.traffic
    ]


def _listed(value):
    return list(value) if isinstance(value, list | tuple) else [value]
