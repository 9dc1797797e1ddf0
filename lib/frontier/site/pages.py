"""The pages that this collection adds to its reports: scorecard, rows, glossary, errata, news.

Everything here is rendering: plain values in, text out. What the values are is decided in
`site.compose`, how a report looks in `broadsheet.pages`.
"""

import html
import json
import re
import uuid
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from markupsafe import Markup

from broadsheet import links
from broadsheet.collection import Collection, Entry
from broadsheet.pages import command, modules, render, script
from frontier import __version__, claims
from frontier.data import words
from frontier.site import glossary, rows, verdicts
from frontier.site.verdicts import UNEXAMINED

_TEMPLATE = Path(__file__).parent / "template"
# What XML 1.0 cannot hold, however it is written; text of data may have it.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WORDS = {
    "quantity": words.quantity,
    "plain": words.plain,
    "span": words.span,
    "words": words.verdict_words,
    "is_web": links.is_web,
}


def article(body: str, task, report, /) -> str:
    """Return the article of a report as it is shown: rows and terms linked, and how to cite it.

    A page that is no page of the site, such as that of a set of a sweep, has no rows or terms.
    """
    collection, entry = task.collection, task.entry
    claim = next(iter(claims_of(entry)), "")
    ask = f".venv/bin/{command(task)}"
    body += cite(collection, f"report: {entry.title}", entry.notebook, ask, task.tables, claim)
    if task.place or not task.shown:
        return re.sub(r'<a (?:class="also" )?href="#row:[^"]*"[^>]*>(.*?)</a>', r"\1", body)
    used, page = rows.used(report.files), rows_page(entry)
    for name in used:
        link = f'<a href="{html.escape(name)}" download>CSV</a>'
        body = body.replace(link, f'{link} <a href="{page}#{_anchor(name)}">Rows</a>')
    body = body.replace('href="#row:', f'href="{page}#')
    return glossary.marked(body, glossary.terms(collection), page="glossary.html")


def cite(collection: Collection, what: str, key: str, command: str, tables, claim="", /) -> str:
    """Return how a page is cited: version, date of data, licence, BibTeX, and how to recompute.

    ``claim`` is the id of the claim whose verdict one line at the prompt gives, if there is one.
    """
    asked = {"what": what, "key": f"inference-frontier-{key}", "command": command, "claim": claim}
    day = max((table[3] for table in tables), default="")
    return _render(collection, "cite.html.j2", version=__version__, day=day, **asked)


def claims_of(entry: Entry, /) -> tuple[str, ...]:
    """Return the ids of the claims that a report decides, in the ledger's order."""
    return tuple(claim.id for claim in claims.ledger() if claim.report == entry.notebook)


def rows_page(entry: Entry, /) -> str:
    """Return the name of the page with the rows behind a report."""
    return f"{entry.notebook}.rows.html"


def _rows_of(claim):
    """Return the name of the file that names the rows behind a claim's verdict."""
    return f"data/{claim}-rows.csv"


def _anchor(name):
    """Return the place of a table on the page of rows."""
    return f"in-{PurePosixPath(name).stem}"


def index(
    collection, records, /, *, built, tables=(), lead="", explorer=("", ""), dates="", news=()
) -> str:
    """Return the index: the answer, the chart and the ratios that decide, then all claims.

    Args:
        collection: the site map.
        records: the rows of ``verdicts.json``.
        built: names of the pages that exist, to which alone it links.
        tables: (file, SHA-256, title, day) of the tables.
        lead: HTML of the exhibits that stand first.
        explorer: HTML and module of the explorer in its smallest form.
        dates: a sentence on the age of the data.
        news: what moved, if anything was ever compared.
    """
    more, by_id = collection.more, {record["id"]: record for record in records}
    groups, placed = [], set()
    for entry in collection.pages:
        some = [by_id[claim] for claim in claims_of(entry) if claim in by_id]
        placed |= {row["id"] for row in some}
        groups.append(_group(entry.title, some, entry.page if entry.page in built else None))
    if rest := [record for record in records if record["id"] not in placed]:
        groups.append(_group("Claims not yet decided", rest, None))
    every = {row["id"]: row for group in groups for row in group["records"]}
    keys = [every[key] for key in more.get("key_claims", ()) if key in every]
    counts = verdicts.summary(records)
    first = (keys[0].get("now") or {}).get("answer", "") if keys else ""
    return _render(
        collection,
        "scorecard.html.j2",
        question=more.get("question", collection.title),
        description=f"{first} {counts}".strip(),
        counts=counts,
        lead=Markup(lead),
        compact=Markup(explorer[0]),
        modules=modules(filter(None, explorer[1:])),
        key_claims=keys,
        reports=[entry for entry in collection.pages if entry.page in built],
        groups=groups,
        dates=dates,
        news=news,
        verdicts=[v for v in verdicts.VERDICTS if any(r["verdict"] == v for r in records)],
        sure=more.get("sure", "") if more.get("sure", "").partition("#")[0] in built else "",
        cite=Markup(cite(collection, "all claims", "index", ".venv/bin/frontier build", tables)),
        script=script(_TEMPLATE / "scorecard.js"),
        digests=[table[:3] for table in tables],
    )


def rows_behind(
    collection: Collection, entry: Entry, used, heads, cited, on_front=frozenset(), more: int = 0, /
) -> str:
    """Return the page of the rows behind a report, each with what uses it and where it is from.

    ``used`` is what `rows.used` says of the report's files, ``heads`` are those of the values, and
    ``cited`` has by id the values, the title of the source and the address of a row; ``on_front``
    are the ids of those on a frontier; ``more`` says how many rows the page does not list.
    """
    uses = {}
    for number, ids in enumerate(used.values(), start=1):
        for row in ids:
            uses.setdefault(row, []).append(number)
    groups = {}
    for row in sorted(cited):
        groups.setdefault(cited[row].source, []).append((row, cited[row], uses[row]))
    # Where all rows of a source were found at one address, it is said once.
    addresses = {source: {row.url for _, row, _ in some} for source, some in groups.items()}
    common = {source: urls.pop() for source, urls in addresses.items() if len(urls) == 1}
    return _render(
        collection,
        "rows.html.j2",
        entry=entry,
        more=more,
        heads=heads,
        on_front=on_front,
        common=common,
        description=f"The measured rows behind the report {entry.title}, with their sources",
        tables=[(name, _anchor(name), len(ids), _user(entry, name)) for name, ids in used.items()],
        count=len(cited) + more,
        corrected=sum(row.corrected for row in cited.values()),
        script=script(_TEMPLATE / "rows.js"),
        groups=sorted(groups.items()),
    )


def _user(entry, name):
    """Return (what uses a table's rows in words, the place on the report's page where it is)."""
    stem = PurePosixPath(name).stem
    claim = next((claim for claim in claims_of(entry) if name == _rows_of(claim)), None)
    return (f"verdict on {claim}", claim) if claim else (f"figure or table {stem}", stem)


def terms(collection: Collection, /) -> str:
    """Return the page of the terms, in the order of the alphabet."""
    told = "The terms of AI inference that the reports use, in a sentence each"
    listed = sorted(glossary.terms(collection), key=lambda term: term.name.lower())
    return _render(collection, "glossary.html.j2", description=told, terms=listed)


def errata(collection: Collection, built, corrections: str = "", /) -> str:
    """Return the page of the errors found in what the claims were taken from, and in the rows."""
    titles = {entry.notebook: entry for entry in collection.pages if entry.page in built}
    found = [(one["text"], titles.get(one.get("report"))) for one in collection.more["errata"]]
    told = "Errors found in the article and in pages like it, with what shows them"
    about = {"description": told, "corrections": corrections, "errata": found}
    return _render(collection, "errata.html.j2", **about)


def moved(collection: Collection, news, /) -> str:
    """Return the page of what moved, of these `news.News`, the newest first."""
    about = {"description": news[0].summary, "pictures": [Markup(p.html) for p in news[0].pictures]}
    return _render(collection, "moved.html.j2", news=news, **about)


def moved_feed(collection: Collection, news, /, *, url: str | None = None) -> str:
    """Return the Atom feed of what moved; links only where the site's address is known."""
    title = f"What moved – {collection.title}"
    name = uuid.uuid5(uuid.NAMESPACE_URL, f"frontier feed {title}").urn
    base = url and f"{quote(url.rstrip('/'), safe=':/%?=&~@+,;')}/"
    made = _render(collection, "feed.xml.j2", news=news, title=title, id=name, base=base)
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", made)


def moved_json(news, /) -> str:
    """Return all records of what moved as JSON, the newest first."""
    document = {"schema": 1, "refreshes": [{"id": one.id, **one.record} for one in news]}
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _render(collection, name, /, **values):
    return render(name, collection.project, collection=collection, **_WORDS, **values)


def _group(title, rows, page):
    places = {r["id"]: f"{page}#claim-{r['id']}" for r in rows if r["verdict"] != UNEXAMINED}
    records = [{**row, "anchor": page and places.get(row["id"])} for row in rows]
    return {"title": title, "href": page, "records": records}
