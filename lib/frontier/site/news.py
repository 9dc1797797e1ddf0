"""News: what moved each time that the tables were made anew, as it is kept, told and drawn.

A state is a folder of tables: the data folder, or that of a snapshot kept by a refresh. What moved
between two is a record, a plain dict that ``data/moved/`` keeps as JSON, one a refresh, in the form
of ``schema/moved.schema.json``; pages and the feed are made of records alone. The arithmetic is in
`history.moves`.

>>> from frontier.site import news
>>> news.folder().name
'moved'
"""

import json
import math
import re
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import pandas as pd

from broadsheet import build, collection, diff
from frontier import claims, figures
from frontier.claims import deciding, entries, rule
from frontier.data import hardware, measurements, paths, snapshots, tables
from frontier.data.words import counted, number, published, span
from frontier.errors import DataError, UsageError
from frontier.figures import theme
from frontier.history import moves
from frontier.history.moves import KINDS
from frontier.history.shifts import NOISE
from frontier.site import verdicts

SCHEMA = 1
NEAR = 0.10
RULE = (
    "A verdict is near changing when a comparison that would turn it, by meeting the claim or by "
    "missing it while all others stay, has its number, under either curve, or an end of its 95 % "
    f"interval within {100 * NEAR:g} % of the value that decides. A verdict is near being robust "
    "when a single variation keeps it from that."
)
HEADLINES = 5  # moves told in a sentence
MOST = 24  # ratios in the picture
NUMBERS = 3  # of each table whose numbers moved
_OTHERS = "Beside the data this may have changed as well"
_MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z")
_REMEDY = "restore it from version control, or remove it and run 'frontier moved'"
_NUMBERS = {
    "headline": "number",
    "estimate": "number on the curve between points",
    "low": "low end of the interval",
    "high": "high end of the interval",
}
_REACH = ("extended", "shortened")


# ----------------------------------------------------------------- states and records


def folder() -> Path:
    """Return where the records are."""
    return paths.data() / "moved"


def snapshot(given: str | None = None, /) -> Path:
    """Return the snapshot of a name or a folder; UsageError, with those kept, if there is none.

    If none is given it is the newest whose measured rows are others than those of the data folder.
    """
    return (snapshots.earlier() if given is None else None) or snapshots.find(given)


def state(place: Path, rows: pd.DataFrame, /) -> dict:
    """Return what a record says of a state: rows, last day, day of access, digest of the tables."""
    days = [str(tables.meta(key, folder=place)["accessed"]) for key in rows["source"].unique()]
    last = rows["date"].max()
    return {
        "rows": len(rows),
        "last": "" if pd.isna(last) else f"{last:%Y-%m-%d}",
        "accessed": max(days, default=""),
        "digest": snapshots.digest(place),
    }


def moment(place: Path, after: Mapping, /) -> str:
    """Return when the tables were refreshed, in UTC: what a snapshot is called, or their day."""
    if found := _MOMENT.fullmatch(place.name):
        return "{}-{}-{}T{}:{}:{}Z".format(*found.groups())
    return f"{after['accessed'][:10]}T00:00:00Z"


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
    had = (place / "reports" / "verdicts.json").is_file()
    targets = {entry.id: entry.test.target for entry in claims.ledger()}
    found = record(
        (old, before),
        (new, after),
        refreshed=moment(place, after),
        changes=tables.read("changes"),
        difference=diff.diff(site, place / "reports", paths.reports()) if had else None,
        near=near(verdicts.load(paths.reports()), targets),
    )
    kept = keep(found)
    build.index(site)
    return found, kept


def record(
    before: tuple[pd.DataFrame, dict],
    after: tuple[pd.DataFrame, dict],
    /,
    *,
    refreshed: str,
    near: Sequence[dict],
    difference: diff.Difference | None = None,
    changes: pd.DataFrame | None = None,
    sigma: float | None = None,
) -> dict:
    """Return the record of a refresh from (rows, `state`) before and after.

    `near` is what the function of that name gives, `changes` the table of that name. `difference`
    is the `diff.Difference` of the two sites, None where there was none; a few numbers of each of
    its tables are kept. `sigma` is pooled from the new rows.
    """
    (old, was), (new, now) = before, after
    sigma = measurements.pooled_sigma(new) if sigma is None else sigma
    compared = pd.concat([old[moves.FRONTIER], new[moves.FRONTIER]]).drop_duplicates()
    records, files, causes = (), (), ()
    if difference:
        records, files, causes = difference.records.items(), difference.tables, difference.causes
    changed = sorted(((claim, m) for claim, m in records if not _slight(m)), key=_first)
    others = sorted({f"{kind}: {cause}" for _, kind, cause in causes if kind != "data"})
    return published(
        {
            "schema": SCHEMA,
            "refreshed": refreshed,
            "before": was,
            "after": now,
            "sigma": sigma,
            "off": NOISE,
            "compared": len(compared),
            "frontiers": moves.compare(old, new, sigma=sigma, changes=changes),
            "verdicts": {
                "compared": difference is not None,
                "changed": [
                    {"claim": claim, "verdict": _turned(m), "moves": [_line(one) for one in m]}
                    for claim, m in changed
                ],
                "slight": len(records) - len(changed),
                "near": list(near),
                "rule": RULE,
            },
            "numbers": [
                {"file": t.file, "note": t.note, "moves": [m.text for m in t.moves[:NUMBERS]]}
                for t in files
            ],
            "notes": [f"{_OTHERS}: {'; '.join(others)}."] if others else [],
        }
    )


def _turned(changed):
    return changed[0].what in ("verdict", "claim")


def _first(entry):
    """Order claims: other verdicts first, then what was found beyond the old range."""
    return not _turned(entry[1]), not any(move.beyond for move in entry[1]), entry[0]


def _line(move):
    said = replace(move, what="robust") if move.what == "firm" else move
    return said.text + ", beyond the old range" * bool(move.beyond)


def _slight(changed):
    """Say whether numbers alone are others, within run noise and inside the old range."""
    return all(
        move.what.startswith("found")
        and move.change is not None
        and abs(move.change) <= 100 * NOISE
        and (move.what != "found" or move.beyond is False)
        for move in changed
    )


def records() -> list[dict]:
    """Return all records, the newest first. DataError names what is wrong with one."""
    found = []
    for file in sorted(folder().glob("*.json")):
        try:
            kept = json.loads(file.read_text(encoding="utf-8"), parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            problem = f"is not JSON: {str(error).splitlines()[0]}"
            raise DataError(file, problem, remedy=_REMEDY) from None
        if problem := entries.schema_problem(kept, "moved"):
            place = ".".join(map(str, problem[0]))
            told = f"{place}: {problem[1]}" if place else problem[1]
            raise DataError(file, told, remedy=_REMEDY)
        found.append((kept["refreshed"], file.name, kept))
    return [kept for *_, kept in sorted(found, key=lambda one: one[:2], reverse=True)]


def _no_number(name):
    raise ValueError(f"{name} is no number")


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


def _same_refresh(place, record):
    try:
        return identity(json.loads(place.read_text(encoding="utf-8"))) == identity(record)
    except (ValueError, KeyError, TypeError):
        return False


def identity(record: Mapping, /) -> str:
    """Return the id of a refresh: the same wherever and whenever its record is made."""
    parts = (record["refreshed"], record["before"]["digest"], record["after"]["digest"])
    return uuid.uuid5(uuid.NAMESPACE_URL, "frontier moved " + " ".join(parts)).urn


# ----------------------------------------------------------------- verdicts that are near


def near(rows: Iterable[Mapping], targets: Mapping[str, rule.Target], /) -> list[dict]:
    """Return the claims whose verdict is near changing, and why, by `RULE`.

    Args:
        rows: the records of ``verdicts.json``.
        targets: what counts as met, by claim; another claim is never near.
    """
    found = []
    for row in rows:
        now, measured = row.get("now"), row["tiers"]["measured"]
        if now and measured and row["id"] in targets:
            why = [*_close(measured["comparisons"], row["verdict"], targets[row["id"]])]
            why += [] if now["robust"] else _alone(measured)
            found += [{"claim": row["id"], "why": text} for text in why]
    return found


def _close(compared, verdict, target) -> Iterator[str]:
    """Yield the comparison nearest to the value that decides, of those that would turn a verdict.

    Where stretches of speeds, results at a limit or filings decide with them, nothing is said.
    """
    outcomes = [one["outcome"] for one in compared]
    if rule.verdict(outcomes, form=target.form) != verdict:
        return
    found = [
        (abs(math.log(one[key] / bound)), key, one, bound)
        for place, one in enumerate(compared)
        if _turns(outcomes, place, target.form)
        for key in _NUMBERS
        for bound in target.bounds
        if (one.get(key) or 0) > 0 and 0 < bound < math.inf
    ]
    nearest = min(found, key=lambda entry: entry[0], default=None)
    if nearest and nearest[0] <= math.log(1 + NEAR):
        _, key, one, bound = nearest
        off = number(100 * abs(one[key] / bound - 1), 2)
        side = "above" if one[key] > bound else "below"
        told = f"the {_NUMBERS[key]} of {one['comparison']} is {number(one[key])}"
        yield f"{told}, {off} % {side} the {number(bound)} that decides"


def _turns(outcomes, place, form):
    """Say whether the verdict is another when this comparison alone meets or misses the claim."""
    if outcomes[place] == rule.UNTESTED:
        return False
    turned = {
        rule.verdict([*outcomes[:place], outcome, *outcomes[place + 1 :]], form=form)
        for outcome in (rule.MEETS, rule.MISSES)
    }
    return turned != {rule.verdict(outcomes, form=form)}


def _alone(measured) -> Iterator[str]:
    """Yield the variation that alone keeps a verdict from being robust."""
    told = [one for one in measured["sensitivity"] if one["headline"] is not None]
    steady = deciding.STEADY
    against = [o for o in told if not (o["same"] and 1 / steady <= o["factor"] <= steady)]
    if len(against) == 1:
        count = measured.get("variations", len(told))
        why = against[0]["variation"]
        yield f"one variation of {count} keeps it from being robust: {why}"


# ----------------------------------------------------------------- in words


@dataclass(frozen=True)
class News:
    """What moved in one refresh, as pages, the feed and the terminal tell it."""

    record: dict

    @property
    def id(self) -> str:
        """The id of the refresh, a URN: the same wherever and whenever its record is made."""
        return identity(self.record)

    @property
    def day(self) -> str:
        """The day of the refresh."""
        return self.record["refreshed"][:10]

    @property
    def anchor(self) -> str:
        """The place of this refresh on the page, whatever comes after it."""
        return f"refresh-{self.record['refreshed'].replace(':', '').lower()}"

    @property
    def summary(self) -> str:
        """How many frontiers moved and what became of the verdicts, in a sentence."""
        counts = Counter(move["kind"] for move in self.record["frontiers"])
        parts = [
            f"{counts[kind]} {_plural(words, counts[kind])}"
            for kind, words in KINDS.items()
            if counts[kind] and kind != "noise"
        ]
        head = f"Of {counted(self.record['compared'], 'frontier')} compared, "
        head += ", ".join(parts) or "none moved"
        found = self.record["verdicts"]
        if not found["compared"]:
            return f"{head}; verdicts were not compared."
        changed = sum(one["verdict"] for one in found["changed"])
        tail = [f"{counted(changed, 'verdict')} changed" if changed else "no verdict changed"]
        if others := len(found["changed"]) - changed:
            tail.append(f"{counted(others, 'claim')} in numbers alone")
        if slight := found.get("slight"):
            tail.append(f"{counted(slight, 'claim')} within noise alone")
        if close := len({one["claim"] for one in found["near"]}):
            tail.append(f"{close} near changing")
        return f"{head}; {', '.join(tail)}."

    @property
    def headlines(self) -> list[str]:
        """The moves that matter most, in a sentence each, with the first thing that coincides."""
        lines = []
        for move in self.record["frontiers"][:HEADLINES]:
            if move["kind"] != "noise":
                first = f" Coincides with {move['coincides'][0]}." if move["coincides"] else ""
                thin = f" Thin: {', '.join(move['thin'])}." if move["thin"] else ""
                lines.append(f"{name(move)}: {told(move)}.{first}{thin}")
        return lines

    @property
    def rows(self) -> list[dict]:
        """Every move as the texts of a table's row."""
        return [_row(move) for move in self.record["frontiers"]]

    @property
    def text(self) -> str:
        """All of it as text for a terminal."""
        lines = [f"{self.day}  {self.summary}"]
        for move in self.record["frontiers"]:
            lines += ["", f"{name(move)}: {told(move)}"]
            lines += [f"  coincides with {one}" for one in move["coincides"]]
            lines += [f"  thin: {one}" for one in move["thin"]]
        changed, close = (self.record["verdicts"][key] for key in ("changed", "near"))
        lines += [""] * bool(changed or close)
        lines += [f"{one['claim']} changed: {'; '.join(one['moves'])}" for one in changed]
        lines += [f"{one['claim']} is near changing: {one['why']}" for one in close]
        return "\n".join(lines)

    @cached_property
    def pictures(self) -> list[figures.Exhibit]:
        """Every ratio with its interval, and the largest moves as frontiers."""
        listed = self.record["frontiers"]
        known = [key for move in listed for key in move["sources"] if tables.has(key)]
        ratios = [move for move in listed if move["ratio"] is not None]
        fronts = [move for move in listed if move.get("fronts")]
        if not known:  # tables that are no longer there cite nothing
            return []
        return [draw(some, known) for draw, some in ((_ratios, ratios), (_fronts, fronts)) if some]


def _plural(words, count):
    """Return a predicate for so many: “is new” for one, “are new” for several."""
    first, _, rest = words.partition(" ")
    verb = {"is": "are", "reaches": "reach"}.get(first, first) if count > 1 else first
    return f"{verb} {rest}".strip()


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


def told(move: Mapping, /) -> str:
    """Return a move in words: ratio with its operating point, and how the ends moved."""
    said, kind, reach = "", move["kind"], move["reach"]
    ends = ", ".join(f"{text} tok/s/user" for text in extremes(move))
    if kind in _REACH:
        return f"{KINDS[kind]}: {reach}" + f"; ratio of tok/s/GPU {ends}" * bool(ends)
    if move["ratio"] is not None:
        band = "no interval" if move["low"] is None else span(move["low"], move["high"], "")
        said = (
            f", {number(move['ratio'])}x ({band}) in tok/s/GPU, mean over "
            f"{span(move['from'], move['to'], '')} tok/s/user, {ends}"
        )
    return KINDS[kind] + said + f"{'; ' if said else ': '}{reach}" * bool(reach)


def extremes(move: Mapping, /) -> list[str]:
    """Return the extreme ratios with their interactivity: that of the move, and what is hidden.

    A mean hides where the frontier moved the other way: that extreme is told if it is off by more
    than `NOISE`, as is each of a frontier of which otherwise only the reach is told.
    """
    if move["ratio"] is None:
        return []
    off = {"largest": move["largest"] > 1 + NOISE, "least": move["least"] < 1 / (1 + NOISE)}
    if move["kind"] not in _REACH:
        off["least" if move["kind"] == "fell" else "largest"] = True
    order = sorted(off, reverse=move["kind"] == "fell")
    return [f"{e} {number(move[e])}x at {number(move[f'{e}_at'])}" for e in order if off[e]]


def name(move: Mapping, /) -> str:
    """Return what the frontier of a move is of."""
    return ", ".join(filter(None, (_printable(move["model"]), _system(move))))


def _system(move):
    system = f"{hardware.name(move['hardware'])} {move['precision']}".strip()
    return _printable(f"{system}, {move['shape']}")


def _printable(text):
    # No font draws a control character, and no XML holds one.
    return re.sub(r"[\x00-\x1f\x7f]", "\N{REPLACEMENT CHARACTER}", text)


# ----------------------------------------------------------------- pictures


def _ratios(moved, sources):
    said = [(_system(move), _printable(move["model"]), KINDS[move["kind"]]) for move in moved]
    numbers = {"ratio": "value"} | {key: key for key in ("low", "high", "least", "largest")}
    numbers |= {"from": "from_tok_s_user", "to": "to_tok_s_user"}
    data = pd.DataFrame(said, columns=["frontier", "model", "kind"])
    data = data.join(pd.DataFrame(moved)[list(numbers)].rename(columns=numbers))
    drawn = data.head(MOST)
    ends = {key: drawn[key].astype(float).fillna(drawn["value"]) for key in ("low", "high")}
    beyond = drawn["kind"].isin([KINDS["rose"], KINDS["fell"]]).map({True: "meets", False: ""})
    figure = figures.overview(
        drawn.assign(**ends, outcome=beyond),
        label="frontier",
        group="model",
        xlabel="New over old, tok/s/GPU",
    )
    figure.axes[0].axvline(1, color=theme.INK, lw=1, zorder=0)
    first = f"The largest move: {name(moved[0])} {told(moved[0])}."
    rest = f" The {MOST} largest of {len(moved)} are drawn." if len(moved) > MOST else ""
    return figures.publish(
        figure,
        name="moved-ratios",
        alt=first,
        caption="The mean ratio of the new frontier over the old one, over the speeds that both "
        "have, and its 95 % interval for run noise, each state drawn again. At the line nothing "
        f"moved; where the interval leaves it out, it is blue.{rest} {first}",
        data=data,
        sources=sources,
    )


def _fronts(shown, sources):
    rows = [
        (f"{_printable(move['model'])}\n{_system(move)}", state, *point)
        for move in shown
        for state in ("before", "after")
        for point in move["fronts"][state]
    ]
    columns = ["frontier", "system", "interactivity", "throughput", "evidence"]
    figure = figures.frontier_chart(
        pd.DataFrame(rows, columns=columns), unit="Throughput, tok/s/GPU", panel="frontier"
    )
    return figures.publish(
        figure,
        name="moved-frontiers",
        alt=" ".join(f"{name(move)}: {told(move)}." for move in shown),
        caption="The frontiers that moved the most, before and after: measured points, and the "
        "best throughput at an interactivity or a higher one.",
        sources=sources,
    )
