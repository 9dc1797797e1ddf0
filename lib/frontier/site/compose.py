"""What stands beside the reports of this site: scorecard, verdicts, rows, glossary and news.

`files` gives the text of each by name, from the records and the tables that the reports publish.
"""

import json
from itertools import chain

from broadsheet.pages import listed_files
from frontier import claims
from frontier.errors import FrontierError
from frontier.site import citations, glossary, pages, refreshes, rows, sparks, verdicts

MOST_ROWS = 5_000  # of one page: above a megabyte a browser is slow to find an anchor
_PICTURES = ("ratios", "frontiers")  # of the page of what moved


def files(built, /) -> dict[str, str | None]:
    """Return the text of each file by name, None for one that the site has no more.

    `built` is what the site has otherwise (`broadsheet.campaign.Built`). Raises FrontierError
    where two pages give a verdict on one claim.
    """
    collection, stage = built.collection, built.folder
    news = moved_news()
    old = verdicts.load(stage)
    given = {page: _kept(page, known, old) for page, known in built.records.items()}
    text = verdicts.dump(_records(collection, given, claims.ledger_rows()))
    records = json.loads(text)["claims"]
    published = {entry: _published(stage, entry) for entry in collection.pages}
    uses = {entry: rows.used(tables) for entry, tables in published.items()}
    known = set(given)
    return {
        "index.html": pages.scorecard(
            collection,
            records,
            built=known,
            digests=[table[:3] for table in built.tables],
            sparks=_sparks(collection, records, published),
            dates=citations.dates() if any(uses.values()) else "",
            news=news,
        ),
        "verdicts.json": text,
        "scorecard.svg": pages.picture(collection, records),
        "glossary.html": pages.terms(collection) if glossary.terms(collection) else None,
        "errata.html": pages.errata(collection, known) if collection.more.get("errata") else None,
        **_rows(collection, uses),
        **_moved(collection, news),
    }


def moved_news() -> tuple[pages.News, ...]:
    """Return what moved in each refresh of which there is a record, as the pages tell it."""
    return tuple(
        pages.News(
            refreshes.identity(record),
            record,
            refreshes.summary(record),
            refreshes.headlines(record),
            refreshes.rows(record),
            () if place else tuple(refreshes.exhibits(record)),
        )
        for place, record in enumerate(refreshes.records())
    )


def _kept(page, known, old):
    """Return the verdicts of a page: as recorded, for verdicts.json may be edited."""
    return [record for record in old if record.get("page") == page] if known is None else known


def _records(collection, given, ledger):
    """Return the ledger's rows with the verdicts that the pages give (page to records)."""
    page_of = {claim: entry.page for entry in collection.pages for claim in pages.claims_of(entry)}
    found = {}
    for page, records in sorted(given.items()):
        for record in records:
            other = found.setdefault(record["id"], {**record, "page": page})["page"]
            if other != page:
                raise FrontierError(
                    f"{other} and {page} both give a verdict for {record['id']!r}; "
                    "the site is as it was"
                )
    rows = verdicts.merge(ledger, found.values())
    places = [row.get("page") or page_of.get(row["id"]) for row in rows]
    return [
        {**row, "page": page if page in given else None}
        for row, page in zip(rows, places, strict=True)
    ]


def _published(stage, entry):
    """Return the tables of a report by name, those of its last good page while it fails."""
    page = stage / entry.last_good
    page = page if page.is_file() else stage / entry.page
    names = listed_files(page.read_text(encoding="utf-8")) if page.is_file() else ()
    return {n: (stage / n).read_text(encoding="utf-8") for n in names if n.endswith(".csv")}


def _sparks(collection, records, published):
    """Return the small picture of each claim whose report draws its curve."""
    tables = {
        claim: published[entry] for entry in collection.pages for claim in pages.claims_of(entry)
    }
    found = {}
    for record in records:
        if drawn := sparks.curve(record, tables.get(record["id"], {})):
            points, modelled = drawn
            claimed = record["claimed"]
            found[record["id"]] = sparks.spark(
                points, claimed["value"], claimed["unit"], modelled=modelled
            )
    return found


def _rows(collection, uses):
    """Return the pages of rows by name, None for a report whose tables name no row."""
    heads, cited = citations.cited() if any(uses.values()) else ((), {})
    made = {}
    for entry, used in uses.items():
        # Rows that nobody can look up, such as a person's own, are not on the page.
        used = {name: [row for row in ids if row in cited] for name, ids in used.items()}
        shown, more = rows.shown(used, most=MOST_ROWS)
        known = {row: cited[row] for row in shown}
        text = pages.rows_behind(collection, entry, used, heads, known, more) if known else None
        made[pages.rows_page(entry)] = text
    return made


def _moved(collection, news):
    """Return the page, the data and the feed of what moved, None where nothing was compared."""
    drawn = [(f"data/moved-{name}.csv", f"figures/moved-{name}.svg") for name in _PICTURES]
    made = dict.fromkeys(("moved.html", "moved.json", "moved.xml", *chain(*drawn)))
    if not news:
        return made
    drawn = {name: text for picture in news[0].pictures for name, text in picture.files.items()}
    return (
        made
        | drawn
        | {
            "moved.html": pages.moved(collection, news),
            "moved.json": pages.moved_json(news),
            "moved.xml": pages.moved_feed(collection, news),
        }
    )
