"""Verdict records: the rows of ``verdicts.json``, merged, rounded, counted and compared.

A record is a plain dict with the keys of the file's schema. Where records come from (the
ledger, the outputs of notebooks) and how they are drawn belongs elsewhere.
"""

import json
from collections import Counter
from pathlib import Path

from frontier.data.words import plain, published, quantity, span, verdict_words
from frontier.errors import FrontierError

SCHEMA = 2
UNEXAMINED = "not yet examined"
VERDICTS = (
    "reproduced",
    "reproduced-conditionally",
    "not-reproduced",
    "modelled-only",
    "not-testable",
    UNEXAMINED,
)
KEYS = (
    "id", "statement", "claimed", "found", "verdict", "firm", "condition", "then", "now", "since",
    "tiers", "page", "sources",
)  # fmt: skip


def load(site: Path, /) -> list[dict]:
    """Return the records of a built site, none if it has no ``verdicts.json``."""
    path = site / "verdicts.json"
    if not path.exists():
        return []
    try:
        return json.loads(path.read_text(encoding="utf-8"))["claims"]
    except (ValueError, KeyError, TypeError) as error:
        raise FrontierError(f"{path} is damaged ({error}); remove it and build again") from error


def dump(records, /) -> str:
    """Return the text of ``verdicts.json``; published numbers have six significant digits."""
    rows = [published({key: row.get(key) for key in KEYS}) for row in records]
    document = {"schema": SCHEMA, "claims": rows}
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def merge(ledger, records, /) -> list[dict]:
    """Return the ledger's rows in their order, each replaced by the record with its id.

    A record of another statement or another claimed value is of an older ledger, and is left out.
    """
    found = {row["id"]: row for row in records}
    same = ("statement", "claimed")
    return [
        found[row["id"]]
        if row["id"] in found and all(found[row["id"]].get(k) == row.get(k) for k in same)
        else row
        for row in ledger
    ]


def check(record, known, /) -> None:
    """Raise FrontierError where a record is not of the schema or not of a known claim."""
    if not isinstance(record, dict) or record.get("id") not in known:
        name = record.get("id") if isinstance(record, dict) else record
        raise FrontierError(f"verdict for {name!r}, which is no claim of the ledger")
    if record.get("verdict") not in VERDICTS:
        raise FrontierError(
            f"claim {record['id']!r} has verdict {record.get('verdict')!r}; "
            f"the verdicts are: {', '.join(VERDICTS)}"
        )
    if missing := [key for key in KEYS if key not in record and key != "page"]:
        raise FrontierError(f"the verdict for {record['id']!r} lacks: {', '.join(missing)}")
    # Only here: a build in which nothing changed has no record to check.
    from frontier.claims.entries import schema_problem

    whole = {"schema": SCHEMA, "claims": [published({"page": None, **record})]}
    if problem := schema_problem(whole, "verdicts"):
        path, message = problem
        place = ".".join(map(str, path[2:]))
        raise FrontierError(f"the verdict for {record['id']!r}, {place}: {message}")


def summary(records, /) -> str:
    """Return one sentence that counts the verdicts, in the order of their strength."""
    counts = Counter(row["verdict"] for row in records)
    parts = [f"{counts[v]} {verdict_words(v)}" for v in VERDICTS if counts[v]]
    return f"Of {len(records)} claims, {', '.join(parts)}." if records else "No claims yet."


def finding(records, /) -> list[tuple[str, str | None]]:
    """Return what the records found, as one sentence in pieces: (text, the claim it is about).

    It counts what holds, says by how much it misses what does not, and what nobody can decide.
    """
    by = {v: [row for row in records if row["verdict"] == v] for v in VERDICTS}
    parts = []
    if by["reproduced"]:
        parts.append([(f"{len(by['reproduced'])} reproduced in every comparison", None)])
    if some := by["reproduced-conditionally"]:
        parts.append([(f"{len(some)} only under conditions", None)])
    if missed := by["not-reproduced"]:
        parts.append([(f"{len(missed)} not: ", None), *_pieces(missed)])
    if modelled := by["modelled-only"]:
        words = f"{len(modelled)} measured by nobody, and answered by the model alone: "
        parts.append([(words, None), *_pieces(modelled, "modelled")])
    if untold := by["not-testable"]:
        parts.append([(f"{len(untold)} not testable with public rows", None)])
    if later := by[UNEXAMINED]:
        parts.append([(f"{len(later)} {UNEXAMINED}", None)])
    if not parts:
        return [("No claims yet.", None)]
    sentence = [(f"Of {len(records)} claims, ", None)]
    for place, part in enumerate(parts):
        sentence += [("; " if place else "", None), *part]
    return [(text, about) for text, about in [*sentence, (".", None)] if text]


def _pieces(records, how="found"):
    """Return each claim as claimed and found, with the range over its comparisons."""
    pieces = []
    for row in records:
        claimed, found = row["claimed"], row.get("found") or {}
        unit = claimed["unit"]
        text = f"{quantity(claimed['value'], unit)} ({how} {plain(found.get('value'), unit)}"
        if told := over_all(row):
            text += f", {told}"
        pieces += [(", " if pieces else "", None), (f"{text})", row["id"])]
    return pieces


def over_all(row, /) -> str:
    """Return the range over a claim's comparisons in words, empty where it has but one."""
    now = row.get("now") or {}
    if now.get("of", 0) < 2:
        return ""
    low, high = (now["spread"][end] for end in ("low", "high"))
    return f"{span(low, high, row['claimed']['unit'])} over {now['of']} comparisons"


def changes(old, new, /) -> list[tuple[str, str, str]]:
    """Return (id, before, after) of every claim whose verdict or value found is another."""
    before = {row["id"]: _short(row) for row in old}
    rows = [(row["id"], before.get(row["id"], "absent"), _short(row)) for row in new]
    return [row for row in rows if row[1] != row[2]]


def _short(row):
    found = row.get("found") or {}
    return f"{verdict_words(row['verdict'])}, {quantity(found.get('value'), found.get('unit'), 6)}"
