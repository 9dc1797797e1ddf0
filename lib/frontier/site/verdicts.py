"""Verdict records: the rows of ``verdicts.json``, merged, rounded, counted and compared.

A record is a plain dict with the keys of the file's schema. Where records come from (the
ledger, the outputs of notebooks) and how they are drawn belongs elsewhere.
"""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

from broadsheet.diff import Move, move
from frontier.data import paths
from frontier.data.words import published, quantity, verdict_words
from frontier.errors import FrontierError

SCHEMA = 2
UNEXAMINED = "not yet examined"
_COUNTED = {
    "reproduced": ("holds", "hold"),
    "reproduced-conditionally": ("holds only in part", "hold only in part"),
    "not-reproduced": ("is not reached", "are not reached"),
    "modelled-only": ("was never measured", "were never measured"),
    "not-testable": ("has no public data", "have no public data"),
    UNEXAMINED: ("is not yet examined", "are not yet examined"),
}
VERDICTS = tuple(_COUNTED)
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
    """Return the text of ``verdicts.json``, a line a claim, numbers of six significant digits."""
    rows = [published({key: row.get(key) for key in KEYS}) for row in records]
    style = {"ensure_ascii": False, "allow_nan": False, "separators": (",", ":")}
    lines = ",\n".join(json.dumps(row, **style) for row in rows)
    return f'{{"schema":{SCHEMA},"claims":[\n{lines}\n]}}\n'


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


def known() -> frozenset[str]:
    """Return the ids of the ledger's claims."""
    from frontier import claims

    return frozenset(entry.id for entry in claims.ledger())


def check(record, known, /) -> None:
    """Raise FrontierError where a record is not of the schema or not of a known claim."""
    if not isinstance(record, dict) or record.get("id") not in known:
        name = record.get("id") if isinstance(record, dict) else record
        raise FrontierError(f"verdict for {name!r}, which is no claim of the ledger")
    # Only here: a build in which nothing changed has no record to check.
    from frontier.claims.entries import schema_problem

    whole = {"schema": SCHEMA, "claims": [published({"page": None, **record})]}
    if problem := schema_problem(whole, "verdicts"):
        path, message = problem
        place = f", {'.'.join(map(str, path[2:]))}".rstrip(", ")
        raise FrontierError(f"the verdict for {record['id']!r}{place}: {message}")


def listing() -> list[dict]:
    """Return a record for each claim of the ledger: the site's where it has one."""
    from frontier import claims

    return merge(claims.ledger_rows(), load(paths.reports()))


def rows(records, /) -> list[tuple[str, ...]]:
    """Return the records as rows of text, the first being the head."""
    found = [("claim", "claimed", "typical", "verdict", "where it holds")]
    for record in records:
        claimed, value = record.get("claimed") or {}, record.get("found") or {}
        told = [quantity(one.get("value"), one.get("unit")) for one in (claimed, value)]
        verdict = verdict_words(record["verdict"]) + (", robust" if record.get("firm") else "")
        found.append((record["id"], *told, verdict, record.get("condition") or ""))
    return found


def summary(records, /) -> str:
    """Return one sentence that counts the verdicts, in the order of their strength."""
    counts = Counter(row["verdict"] for row in records)
    parts = [f"{counts[v]} {_COUNTED[v][counts[v] != 1]}" for v in VERDICTS if counts[v]]
    if not parts:
        return "No claims yet."
    listed = " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
    return f"Of {len(records)} claims, {listed}."


def changes(old: str, new: str, /) -> list[tuple[str, str, str]]:
    """Return (id, before, after) of every claim whose verdict or value found is another.

    Both are texts of verdicts.json; a damaged old one has nothing to compare.
    """
    try:
        old, new = (json.loads(text)["claims"] for text in (old, new))
    except (ValueError, KeyError, TypeError):
        return []
    if not old:
        return []
    before = {row["id"]: _short(row) for row in old}
    rows = [(row["id"], before.get(row["id"], "absent"), _short(row)) for row in new]
    return [row for row in rows if row[1] != row[2]]


def compare(old: Path, new: Path, /) -> dict[str, tuple[Move, ...]]:
    """Return what moved between the verdicts of two sites, by claim."""
    before, after = ({row["id"]: row for row in load(site)} for site in (old, new))
    found = {}
    for claim in [*after, *(claim for claim in before if claim not in after)]:
        one, other = before.get(claim), after.get(claim)
        if one is None or other is None:
            there = ("absent" if row is None else "there" for row in (one, other))
            found[claim] = (Move("claim", *there),)
        elif moves := tuple(_moves(one, other)):
            found[claim] = moves
    return found


def _moves(one, other):
    if one["verdict"] != other["verdict"]:
        yield Move("verdict", verdict_words(one["verdict"]), verdict_words(other["verdict"]))
    for place, key in (("claimed", "value"), *(("found", key) for key in ("value", "low", "high"))):
        was, now = ((row.get(place) or {}).get(key) for row in (one, other))
        if was != now:
            found = move(place if key == "value" else f"{place}, {key} end", was, now)
            yield replace(found, beyond=_beyond(one, now)) if found.what == "found" else found
    for key in ("firm", "condition"):
        if one.get(key) != other.get(key):
            yield Move(key, *(_said(row.get(key)) for row in (one, other)))


def _beyond(one, now):
    low, high = ((one.get("found") or {}).get(key) for key in ("low", "high"))
    return None if None in (low, high, now) else not low <= now <= high


def _said(value):
    return ("no", "yes")[value] if isinstance(value, bool) else str(value or "none")


def _short(row):
    found = row.get("found") or {}
    return f"{verdict_words(row['verdict'])}, {quantity(found.get('value'), found.get('unit'), 6)}"
