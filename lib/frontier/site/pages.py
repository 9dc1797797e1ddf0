"""The pages that this collection adds to its reports: scorecard, rows, glossary, errata, news.

Everything here is rendering: plain values in, text out. What the values are is decided in
`site.compose`, how a report looks in `broadsheet.pages`.
"""

import html
import json
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from markupsafe import Markup

from broadsheet import links
from broadsheet.collection import Collection, Entry
from broadsheet.pages import render, script, versions
from frontier.data import words
from frontier.site import feed, glossary, rows, verdicts

_TEMPLATE = Path(__file__).parent / "template"
_WORDS = {
    "quantity": words.quantity,
    "plain": words.plain,
    "span": words.span,
    "words": words.verdict_words,
    "is_web": links.is_web,
}


def article(body: str, task, report, /) -> str:
    """Return the article of a report as it is shown: its verdicts first, rows and terms linked.

    A page that is no page of the site, such as that of a set of a sweep, has neither rows nor
    terms to link to.
    """
    collection, entry = task.collection, task.entry
    if task.place or not task.shown:
        return body.replace("</h1>", f"</h1>{_answers(collection, report.records, '', {})}", 1)
    used, page = rows.used(report.files), rows_page(entry)
    for name in used:
        link = f'<a href="{html.escape(name)}" download>CSV</a>'
        body = body.replace(link, f'{link} <a href="{page}#{_anchor(name)}">Rows</a>')
    body = body.replace("</h1>", f"</h1>{_answers(collection, report.records, page, used)}", 1)
    return glossary.marked(body, glossary.terms(collection), page="glossary.html")


def _answers(collection, records, page, used):
    """Return the verdicts of a page in short, for its head: the answer comes first."""
    counts = {record["id"]: len(used.get(_rows_of(record["id"]), ())) for record in records}
    return _render(collection, "answers.html.j2", records=records, counts=counts, rows=page)


def claims_of(entry: Entry, /) -> tuple[str, ...]:
    """Return the ids of the claims that a report decides."""
    return tuple(entry.more.get("claims") or ())


def rows_page(entry: Entry, /) -> str:
    """Return the name of the page with the rows behind a report."""
    return f"{entry.notebook}.rows.html"


def _rows_of(claim):
    """Return the name of the file that names the rows behind a claim's verdict."""
    return f"data/{claim}-rows.csv"


def _anchor(name):
    """Return the place of a table on the page of rows."""
    return f"in-{PurePosixPath(name).stem}"


def scorecard(
    collection: Collection, records, /, *, built, digests=(), sparks=None, dates="", news=()
) -> str:
    """Return the index: the records grouped by report, in the order of the site map.

    ``built`` holds the names of the pages that exist, to which alone it links; ``sparks`` the
    small picture of a claim (`sparks.Spark`) by its id, ``dates`` a sentence on the data's age,
    ``news`` what moved, if anything was ever compared.
    """
    by_id = {record["id"]: record for record in records}
    groups, placed = [], set()
    for entry in collection.pages:
        rows = [by_id[claim] for claim in claims_of(entry) if claim in by_id]
        placed |= {row["id"] for row in rows}
        groups.append(_group(entry.title, rows, entry.page if entry.page in built else None))
    if rest := [record for record in records if record["id"] not in placed]:
        groups.append(_group("Claims not yet decided", rest, None))
    finding = verdicts.finding(records)
    return _render(
        collection,
        "scorecard.html.j2",
        collection=collection,
        finding=finding,
        description="".join(text for text, _ in finding),
        groups=groups,
        sparks=sparks or {},
        dates=dates,
        news=news,
        verdicts=[v for v in verdicts.VERDICTS if any(r["verdict"] == v for r in records)],
        has_terms=bool(glossary.terms(collection)),
        has_errata=bool(collection.more.get("errata")),
        head_of=_head_of,
        range_of=verdicts.over_all,
        script=script(_TEMPLATE / "scorecard.js"),
        digests=digests,
        versions=versions(collection.project),
    )


def picture(collection: Collection, records, /) -> str:
    """Return the scorecard as an SVG, for places that show only a picture."""
    summary = verdicts.summary(records)
    return _render(collection, "scorecard.svg.j2", records=records, summary=summary)


def rows_behind(collection: Collection, entry: Entry, used, heads, cited, more: int = 0, /) -> str:
    """Return the page of the rows behind a report, each with what uses it and where it is from.

    ``used`` is what `rows.used` says of the report's files, ``heads`` are those of the values, and
    ``cited`` has by id the values, the title of the source and the address of a row; ``more`` says
    how many rows there are that the page does not list.
    """
    uses = {}
    for number, ids in enumerate(used.values(), start=1):
        for row in ids:
            uses.setdefault(row, []).append(str(number))
    groups = {}
    for row in sorted(cited):
        groups.setdefault(cited[row].source, []).append((row, cited[row], ", ".join(uses[row])))
    # Where all rows of a source were found at one address, it is said once.
    addresses = {source: {row.url for _, row, _ in some} for source, some in groups.items()}
    common = {source: urls.pop() for source, urls in addresses.items() if len(urls) == 1}
    return _render(
        collection,
        "rows.html.j2",
        collection=collection,
        entry=entry,
        description=f"The measured rows behind the report {entry.title}, with their sources",
        tables=[(name, _anchor(name), len(ids), _user(entry, name)) for name, ids in used.items()],
        count=len(cited) + more,
        more=more,
        heads=heads,
        groups=sorted(groups.items()),
        common=common,
    )


def _user(entry, name):
    """Return (what uses a table's rows in words, the place on the report's page where it is)."""
    stem = PurePosixPath(name).stem
    claim = next((claim for claim in claims_of(entry) if name == _rows_of(claim)), None)
    return (f"verdict on {claim}", claim) if claim else (f"exhibit {stem}", stem)


def terms(collection: Collection, /) -> str:
    """Return the page of the terms, in the order of the alphabet."""
    return _render(
        collection,
        "glossary.html.j2",
        collection=collection,
        description="The terms of AI inference that the reports use, in a sentence each",
        terms=sorted(glossary.terms(collection), key=lambda term: term.name.lower()),
    )


def errata(collection: Collection, built, /) -> str:
    """Return the page of the errors found in what the claims were taken from."""
    titles = {entry.notebook: entry for entry in collection.pages if entry.page in built}
    return _render(
        collection,
        "errata.html.j2",
        collection=collection,
        description="Errors found in the article and in pages like it, with what shows them",
        errata=[(one["text"], titles.get(one.get("report"))) for one in collection.more["errata"]],
    )


@dataclass(frozen=True)
class News:
    """What moved in one refresh: its record, and what pages and feed say of it in words.

    ``rows`` are mappings for the table of frontiers, ``headlines`` the sentences that matter most.
    """

    id: str
    record: dict
    summary: str
    headlines: tuple[str, ...]
    rows: tuple[dict, ...]
    pictures: tuple = ()

    @property
    def day(self) -> str:
        """The day of the refresh."""
        return self.record["refreshed"][:10]

    @property
    def anchor(self) -> str:
        """The place of this refresh on the page, whatever comes after it."""
        return f"refresh-{self.record['refreshed'].replace(':', '').lower()}"


def moved(collection: Collection, news, /) -> str:
    """Return the page of what moved, of these `News`, the newest first."""
    return _render(
        collection,
        "moved.html.j2",
        collection=collection,
        news=news,
        pictures=[Markup(picture.html) for picture in news[0].pictures],
        noise=words.number(100 * news[0].record["sigma"]),
        off=words.number(1 + news[0].record["off"]),
        inverse=words.number(1 / (1 + news[0].record["off"])),
        description=news[0].summary,
    )


def moved_feed(collection: Collection, news, /, *, url: str | None = None) -> str:
    """Return the Atom feed of what moved; links only where the site's address is known."""
    entries = [
        feed.Entry(
            one.id,
            one.record["refreshed"],
            f"{one.day}: {one.summary}",
            one.summary,
            _render(collection, "news.html.j2", news=one),
            one.anchor,
        )
        for one in news
    ]
    return feed.feed(
        entries,
        title=f"What moved – {collection.title}",
        subtitle=collection.subtitle,
        author=collection.title,
        page="moved.html",
        file="moved.xml",
        url=url,
    )


def moved_json(news, /) -> str:
    """Return all records of what moved as JSON, the newest first."""
    document = {"schema": 1, "refreshes": [{"id": one.id, **one.record} for one in news]}
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _render(collection, name, /, **values):
    return render(name, collection.project, **_WORDS, **values)


def _head_of(text, ends):
    """Return a text up to the first of these ends, or all of it where little would be left out."""
    first = re.split(ends, text, maxsplit=1)[0]
    return text if len(text) - len(first) < 30 else first


def _group(title, rows, page):
    return {
        "title": title,
        "href": page,
        "records": [
            {**row, "anchor": f"{page}#claim-{row['id']}" if page and _examined(row) else None}
            for row in rows
        ],
    }


def _examined(row):
    return row["verdict"] != verdicts.UNEXAMINED
