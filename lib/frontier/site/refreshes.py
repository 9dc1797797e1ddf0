"""Refreshes: what moved each time that the tables were made anew, as it is kept and told.

A state is a folder of tables: the data folder, or that of a snapshot kept by a refresh. What moved
between two is a record, a plain dict that ``data/moved/`` keeps as JSON, one a refresh; pages and
the feed are made of records alone. What a move is, is in `site.moved`.

>>> from frontier.site import refreshes
>>> refreshes.folder().name
'moved'
"""

import hashlib
import json
import math
import re
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import pandas as pd

from broadsheet import build, collection, diff
from frontier import claims, figures
from frontier.data import measurements, paths, snapshots, tables
from frontier.data.words import counted, number, published, span
from frontier.errors import DataError, UsageError
from frontier.history.shifts import NOISE
from frontier.site import moved, verdicts
from frontier.site.moved import KINDS, RULE, SERIES, extremes, name, told

SCHEMA = 1
_MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z")
# What may be another in a condition that says the same: its last day, and measured ratios.
_PASSING = re.compile(r"(?<=rows to )\d{4}-\d\d-\d\d|(?<![\w.-])\d[\d,]*(?:\.\d+x?|x)(?!\w|\.\d)")
_SHOWN = 24  # rows of the picture of ratios
_FIELDS = {
    "schema": int, "refreshed": str, "before": dict, "after": dict, "sigma": float, "off": float,
    "compared": int, "frontiers": list, "verdicts": dict, "numbers": list, "notes": list,
}  # fmt: skip
_MOVE = {
    "model": str, "hardware": str, "precision": str, "shape": str, "kind": str, "reach": str,
    "points": list, "thin": list, "coincides": list, "sources": list,
}  # fmt: skip
_VERDICTS = {
    "changed": {"claim": str, "verdict": bool, "moves": list},
    "near": {"claim": str, "why": str},
}
_NUMBERS = (
    "ratio", "low", "high", "from", "to", "largest", "largest_at", "least", "least_at",
    "moved_from", "moved_to",
)  # fmt: skip
_REMEDY = "restore it from version control, or remove it and run 'frontier moved'"


def folder() -> Path:
    """Return where the records are."""
    return paths.data() / "moved"


def snapshot(given: str | None = None, /) -> Path:
    """Return the snapshot of a name or a folder; UsageError, with those kept, if there is none.

    If none is given it is the newest whose measured rows are others than those of the data folder.
    """
    if given is not None:
        return snapshots.find(given)
    # An import of one's own rows keeps a snapshot, too, before which no public row was another.
    now = digest(paths.data())
    other = (place for place in snapshots.kept() if digest(place / "data") != now)
    return next(other, None) or snapshots.find()


def digest(place: Path, /) -> str:
    """Return the digest of the tables of measured rows in a folder, as their sidecars have them."""
    there = [key for key in measurements.SOURCES if tables.has(key, folder=place)]
    told = {key: tables.meta(key, folder=place)["sha256"] for key in there}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def state(place: Path, rows: pd.DataFrame, /) -> dict:
    """Return what a record says of a state: rows, last day, day of access, digest of the tables."""
    days = [str(tables.meta(key, folder=place)["accessed"]) for key in rows["source"].unique()]
    last = rows["date"].max()
    return {
        "rows": len(rows),
        "last": "" if pd.isna(last) else f"{last:%Y-%m-%d}",
        "accessed": max(days, default=""),
        "digest": digest(place),
    }


def moment(place: Path, after: Mapping, /) -> str:
    """Return when the tables were refreshed, in UTC: what a snapshot is called, or their day."""
    if found := _MOMENT.fullmatch(place.name):
        return "{}-{}-{}T{}:{}:{}Z".format(*found.groups())
    return f"{after['accessed'][:10]}T00:00:00Z"


def record(
    before: tuple[pd.DataFrame, dict],
    after: tuple[pd.DataFrame, dict],
    /,
    *,
    refreshed: str,
    near: Sequence[dict],
    difference=None,
    changes: pd.DataFrame | None = None,
    sigma: float | None = None,
    most: int = 3,
) -> dict:
    """Return the record of a refresh, from the rows and the `state` before and after.

    `difference` is that of the two sites (`broadsheet.diff.Difference`), None where there was no
    site; so many numbers of each of its tables are kept. `sigma` is pooled from the new rows.
    """
    (old, was), (new, now) = before, after
    sigma = measurements.pooled_sigma(new).sigma if sigma is None else sigma
    compared = pd.concat([old[list(SERIES)], new[list(SERIES)]]).drop_duplicates()
    claims = difference.records if difference else {}
    changed = {claim: moves for claim, moves in claims.items() if not _slight(moves)}
    others = sorted(
        {f"{kind}: {cause}" for _, kind, cause in difference.causes if kind != "data"}
        if difference
        else ()
    )
    notes = [f"Beside the data this may have changed as well: {'; '.join(others)}."]
    return published(
        {
            "schema": SCHEMA,
            "refreshed": refreshed,
            "before": was,
            "after": now,
            "sigma": sigma,
            "off": NOISE,
            "compared": len(compared),
            "frontiers": moved.compare(old, new, sigma=sigma, changes=changes),
            "verdicts": {
                "compared": difference is not None,
                "changed": [
                    {
                        "claim": claim,
                        "verdict": moves[0].what in ("verdict", "claim"),
                        "moves": [
                            m.text + ", beyond the old interval" * bool(m.beyond) for m in moves
                        ],
                    }
                    for claim, moves in sorted(changed.items(), key=_first)
                ],
                "slight": len(claims) - len(changed),
                "near": list(near),
                "rule": RULE,
            },
            "numbers": [
                {"file": t.file, "note": t.note, "moves": [move.text for move in t.moves[:most]]}
                for t in (difference.tables if difference else ())
            ],
            "notes": notes if others else [],
        }
    )


def since(given: str | None = None, /) -> tuple[dict, Path] | None:
    """Compare the data with a snapshot; return the record of it and where it is kept.

    The page of what moved is made again. None where the measured rows are those of the snapshot.
    Raises UsageError where the site is not built of the data that there are now.
    """
    place = snapshot(given)
    site = collection.read(paths.notebooks())
    tasks = build.status(site)
    if any(t.state == "never built" or any(w.startswith("data ") for w in t.why) for t in tasks):
        raise UsageError("reports/ is not built of these tables: run 'frontier build' first")
    old, new = (measurements.load_measurements(folder=f) for f in (place / "data", paths.data()))
    before, after = (state(f, rows) for f, rows in ((place / "data", old), (paths.data(), new)))
    if before["digest"] == after["digest"]:
        return None
    records = verdicts.load(paths.reports())
    had = (place / "reports" / "verdicts.json").is_file()
    found = record(
        (old, before),
        (new, after),
        refreshed=moment(place, after),
        changes=tables.read("changes"),
        difference=diff.diff(site, place / "reports", paths.reports()) if had else None,
        near=moved.near(records, claims.bounds(), moved.checks(paths.reports(), records)),
    )
    kept = keep(found)
    build.index(site)
    return found, kept


def _first(changed):
    """Order claims: other verdicts first, then what was found beyond the old interval."""
    _, moves = changed
    return moves[0].what not in ("verdict", "claim"), not any(move.beyond for move in moves)


def _slight(moves):
    """Say whether a claim differs only in the last day of its rows, or within run noise."""
    return all(
        _same_condition(move.before, move.after)
        if move.what == "condition"
        else move.what.startswith("found")
        and move.change is not None
        and abs(move.change) <= 100 * NOISE
        and (move.what != "found" or move.beyond is False)
        for move in moves
    )


def _same_condition(was, now):
    pairs = zip(_PASSING.findall(was), _PASSING.findall(now), strict=False)
    return _PASSING.sub("\0", was) == _PASSING.sub("\0", now) and all(
        "-" in one or math.isclose(_value(one), _value(other), rel_tol=NOISE)
        for one, other in pairs
    )


def _value(text):
    return float(text.rstrip("x").replace(",", ""))


def records() -> list[dict]:
    """Return all records, the newest first. DataError names what is wrong with one."""
    found = []
    for file in sorted(folder().glob("*.json")):
        try:
            record = json.loads(file.read_text(encoding="utf-8"), parse_constant=_no_number)
        except (ValueError, UnicodeDecodeError) as error:
            problem = f"is not JSON: {str(error).splitlines()[0]}"
            raise DataError(file, problem, remedy=_REMEDY) from None
        _check(record, file)
        found.append((record["refreshed"], file.name, record))
    return [record for *_, record in sorted(found, key=lambda one: one[:2], reverse=True)]


def keep(record: dict, /) -> Path:
    """Write a record to the folder of records and return its file.

    The same refresh has one record, which is written again; another of the same day has a file
    of its own.
    """
    day = record["refreshed"][:10]
    folder().mkdir(parents=True, exist_ok=True)
    place, count = folder() / f"{day}.json", 1
    while place.is_file() and not _same_refresh(place, record):
        count += 1
        place = folder() / f"{day}-{count}.json"
    beside = place.with_suffix(".part")
    text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False)
    beside.write_text(f"{text}\n", encoding="utf-8", newline="\n")
    beside.replace(place)
    return place


def identity(record: Mapping, /) -> str:
    """Return the id of a refresh: the same wherever and whenever its record is made."""
    parts = (record["refreshed"], record["before"]["digest"], record["after"]["digest"])
    return uuid.uuid5(uuid.NAMESPACE_URL, "frontier moved " + " ".join(parts)).urn


def summary(record: Mapping, /) -> str:
    """Return in a sentence how many frontiers moved and what became of the verdicts."""
    counts = Counter(move["kind"] for move in record["frontiers"])
    parts = [
        f"{counts[kind]} {_plural(words, counts[kind])}"
        for kind, words in KINDS.items()
        if counts[kind] and kind != "noise"
    ]
    what = ", ".join(parts) or "none moved"
    head = f"Of {counted(record['compared'], 'frontier')} compared, {what}"
    claims = record["verdicts"]
    changed = sum(bool(one["verdict"]) for one in claims["changed"])
    others, near = len(claims["changed"]) - changed, len({one["claim"] for one in claims["near"]})
    tail = f"{counted(changed, 'verdict')} changed" if changed else "no verdict changed"
    tail += f", {counted(others, 'claim')} in numbers alone" if others else ""
    slight = claims.get("slight", 0)
    tail += f", {counted(slight, 'claim')} in dates or within noise alone" if slight else ""
    if not claims["compared"]:
        tail = "verdicts were not compared"
    elif near:
        tail += f", {near} near changing"
    return f"{head}; {tail}."


def text(record: Mapping, /) -> str:
    """Return a record as text."""
    lines = [f"{record['refreshed'][:10]}  {summary(record)}"]
    for move in record["frontiers"]:
        lines += ["", f"{name(move)}: {told(move)}"]
        lines += [f"  coincides with {one}" for one in move["coincides"]]
        lines += [f"  thin: {one}" for one in move["thin"]]
    for kind, words in (("changed", "changed"), ("near", "is near changing")):
        lines += [""] * bool(record["verdicts"][kind])
        for one in record["verdicts"][kind]:
            why = one["why"] if kind == "near" else "; ".join(one["moves"])
            lines.append(f"{one['claim']} {words}: {why}")
    if slight := record["verdicts"].get("slight", 0):
        lines += ["", f"{counted(slight, 'claim')} moved in dates or within noise alone"]
    return "\n".join(lines)


def headlines(record: Mapping, /, *, most: int = 5) -> tuple[str, ...]:
    """Return the moves that matter most in a sentence each, with the first thing that coincides."""
    lines = []
    for move in record["frontiers"][:most]:
        if move["kind"] != "noise":
            first = f" Coincides with {move['coincides'][0]}." if move["coincides"] else ""
            thin = f" Thin: {', '.join(move['thin'])}." if move["thin"] else ""
            lines.append(f"{name(move)}: {told(move)}.{first}{thin}")
    return tuple(lines)


def rows(record: Mapping, /) -> tuple[dict, ...]:
    """Return every move as the texts of a table's row."""
    return tuple(_row(move) for move in record["frontiers"])


def _row(move):
    ratio = over = where = "–"
    if move["ratio"] is not None:
        band = "" if move["low"] is None else f" ({span(move['low'], move['high'], '')})"
        ratio, over = f"{number(move['ratio'])}x{band}", span(move["from"], move["to"], "")
    if move["moved_from"] is not None:
        where = span(move["moved_from"], move["moved_to"], "")
    return {
        "name": name(move),
        "what": KINDS[move["kind"]],
        "ratio": ratio,
        "over": over,
        "where": where,
        "extremes": extremes(move) or ["–"],
        "coincides": move["coincides"] or ["–"],
        "notes": [move["reach"]] * bool(move["reach"]) + move["thin"] or ["–"],
    }


def _same_refresh(place, record):
    try:
        return identity(json.loads(place.read_text(encoding="utf-8"))) == identity(record)
    except (ValueError, KeyError, TypeError):
        return False


def _check(record, file):
    """Raise DataError at the first thing that a record lacks or has otherwise."""
    wrong = _wrong(record, _FIELDS, "")
    if not wrong and record["schema"] != SCHEMA:
        wrong = f"has schema {record['schema']}, expected {SCHEMA}"
    if not wrong and not _is_moment(record["refreshed"]):
        wrong = f"refreshed is {record['refreshed'][:40]!r}, expected YYYY-MM-DDTHH:MM:SSZ"
    wrong = wrong or _wrong(record["before"], {"digest": str, "rows": int, "last": str}, "before ")
    wrong = wrong or _wrong(record["after"], {"digest": str, "rows": int, "last": str}, "after ")
    parts = {"compared": bool, "changed": list, "near": list, "rule": str}
    parts |= {"slight": int} if not wrong and "slight" in record["verdicts"] else {}
    wrong = wrong or _wrong(record["verdicts"], parts, "verdicts ")
    for place, move in enumerate(record["frontiers"] if not wrong else (), start=1):
        wrong = _wrong(move, _MOVE, f"frontier {place} ")
        if not wrong and move["kind"] not in KINDS:
            wrong = f"frontier {place} kind is {move['kind'][:40]!r}, no kind of move"
        for key in () if wrong else _NUMBERS:
            value = move.get(key)
            if value is not None and not (isinstance(value, int | float) and value > 0):
                wrong = f"frontier {place} {key} is {str(value)[:40]!r}, expected a number above 0"
        if wrong:
            break
    for kind, fields in () if wrong else _VERDICTS.items():
        for one in record["verdicts"][kind]:
            wrong = wrong or _wrong(one, fields, f"verdicts {kind} ")
    if wrong:
        raise DataError(file, wrong, remedy=_REMEDY)


def _wrong(value, fields, where):
    if not isinstance(value, dict):
        return f"{where or 'the record '}is no object"
    for key, kind in fields.items():
        if key not in value:
            return f"{where}lacks {key}"
        if not isinstance(value[key], (int, float) if kind is float else kind):
            return f"{where}{key} is {str(value[key])[:40]!r}, expected {kind.__name__}"
    return ""


def _is_moment(value):
    try:
        return f"{datetime.strptime(value, '%Y-%m-%dT%H:%M:%SZ'):%Y-%m-%dT%H:%M:%SZ}" == value
    except ValueError:
        return False


def _no_number(name):
    raise ValueError(f"{name} is no number")


def _plural(words, count):
    """Return a predicate for so many: “is new” for one, “are new” for several."""
    if count == 1:
        return words
    first, _, rest = words.partition(" ")
    return f"{ {'is': 'are', 'reaches': 'reach'}.get(first, first) } {rest}".strip()


# ----------------------------------------------------------------- pictures


def exhibits(record: Mapping, /) -> list[figures.Exhibit]:
    """Return the pictures of a record: every ratio with its interval, the largest as frontiers."""
    if not _sources(record["frontiers"]):  # tables that are no longer there cite nothing
        return []
    drawn = []
    moves = [move for move in record["frontiers"] if move["ratio"] is not None]
    if moves:
        drawn.append(_ratios(moves))
    if shown := [move for move in record["frontiers"] if move.get("fronts")]:
        drawn.append(_fronts(shown))
    return drawn


def _ratios(moves):
    shown = moves[:_SHOWN]
    data = pd.DataFrame(
        [
            {
                "model": _panel(m).partition("\n")[0],
                "hardware": m["hardware"],
                "precision": m["precision"],
                "shape": m["shape"],
                "headline": m["ratio"],
                "low": m["low"],
                "high": m["high"],
                "least": m["least"],
                "largest": m["largest"],
                "from_tok_s_user": m["from"],
                "to_tok_s_user": m["to"],
                "kind": KINDS[m["kind"]],
            }
            for m in moves
        ]
    ).astype(dict.fromkeys(("low", "high"), float))
    label = [name({**m, "model": ""}) for m in shown]
    part = data.iloc[: len(shown)].assign(label=label)
    part = part.fillna({"low": part["headline"], "high": part["headline"]})
    hues = {key: figures.colour(key) for key in part["hardware"]}
    figure = figures.intervals(
        part,
        label="label",
        group="model",
        hue="hardware",
        colours=hues,
        xlabel="New over old frontier, ratio of tok/s/GPU",
        reference=(1.0, "as before"),
    )
    some = len(moves) > len(shown)
    rest = f" The {len(shown)} largest of {len(moves)} are drawn." if some else ""
    first = shown[0]
    finding = f"The largest move: {name(first)} {told(first)}."
    caption = (
        f"Dots: mean ratio of the new frontier over the old one, over the interactivity that both "
        f"have. Bars: 95 % interval for run noise, each state drawn again. Thin lines: least and "
        f"largest ratio.{rest} {finding}"
    )
    return figures.publish(
        figure,
        name="moved-ratios",
        alt=finding,
        caption=caption,
        data=data,
        sources=_sources(moves),
    )


def _fronts(moves):
    rows = [
        {"frontier": _panel(move), "series": name, "interactivity": x, "value": y, "evidence": kind}
        for move in moves
        for name in ("before", "after")
        for x, y, kind in move["fronts"][name]
    ]
    data = pd.DataFrame(rows)
    names = " ".join(f"{name(move)}: {told(move)}." for move in moves)
    figure = figures.frontiers(
        data,
        data,
        series="series",
        panel="frontier",
        height=3.9,
        colours={"before": figures.MUTED, "after": figures.HARDWARE["gb200"]},
        ylabel="Throughput, tok/s/GPU",
    )
    return figures.publish(
        figure,
        name="moved-frontiers",
        alt=names,
        data=data,
        sources=_sources(moves),
        caption="The frontiers that moved the most, before and after: measured points, and the "
        "best throughput at an interactivity or a higher one.",
    )


def _panel(move):
    empty = dict.fromkeys(("model", "hardware", "precision", "shape"), "")
    return f"{name({**empty, 'model': move['model']})}\n{name({**move, 'model': ''})}"


def _sources(moves):
    """Return the tables that the moves rest on and that are there still."""
    return sorted({key for move in moves for key in move["sources"] if tables.has(key)})
