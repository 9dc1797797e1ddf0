"""What stands beside the reports of this site: scorecard, verdicts, rows, glossary and news.

`files` gives the text of each by name, from the records and the tables that the reports publish.
"""

import json
import re
from itertools import chain

from broadsheet.pages import listed_files
from frontier import claims
from frontier.data import measurements
from frontier.errors import FrontierError
from frontier.site import citations, glossary, news, pages, rows, verdicts

MOST_ROWS = 1_000  # of one page: half a megabyte; the others are in the CSVs
_PICTURES = ("ratios", "frontiers")  # of the page of what moved


def files(built, /) -> dict[str, str | None]:
    """Return the text of each file by name, None for one that the site has no more.

    `built` is what the site has otherwise (`broadsheet.campaign.Built`). Raises FrontierError
    where two pages give a verdict on one claim.
    """
    collection, stage = built.collection, built.folder
    told = moved_news()
    old = verdicts.load(stage)
    given = {page: _kept(page, known, old) for page, known in built.records.items()}
    text = verdicts.dump(_records(collection, given, claims.ledger_rows()))
    records = json.loads(text)["claims"]
    published = {entry: _published(stage, entry) for entry in collection.pages}
    uses = {entry: rows.used(tables) for entry, tables in published.items()}
    known = set(given)
    return {
        "index.html": pages.index(
            collection,
            records,
            built=known,
            tables=built.tables,
            lead=_lead(collection, stage),
            explorer=_explorer(collection, known),
            dates=citations.dates() if any(uses.values()) else "",
            news=told,
        ),
        "verdicts.json": text,
        "llms.txt": _listing(collection, stage),
        "glossary.html": pages.terms(collection) if glossary.terms(collection) else None,
        "errata.html": pages.errata(collection, known, citations.corrections())
        if collection.more.get("errata")
        else None,
        **_rows(collection, uses, published),
        **_moved(collection, told),
    }


def moved_news() -> tuple[news.News, ...]:
    """Return what moved in each refresh of which there is a record, the newest first."""
    return tuple(map(news.News, news.records()))


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


def _lead(collection, stage):
    """Return the exhibits that the index shows first, as their own page has them."""
    lead = collection.more.get("lead") or {}
    page = stage / f"{lead.get('notebook')}.html"
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    found = re.finditer(r'<figure class="exhibit" id="([^"]*)">.*?</figure>', text, re.S)
    exhibits = {exhibit[1]: exhibit[0] for exhibit in found}
    return "".join(exhibits.get(name, "") for name in lead.get("exhibits", ()))


def _explorer(collection, built):
    """Return the explorer's smallest form, where the page of the whole one is built."""
    pages_of = [e.page for e in collection.pages if e.more.get("navigation") and e.page in built]
    if not pages_of:
        return "", ""
    from frontier.explorer import Choice, widget

    choice = Choice(systems=["gb200", "h200"], above="gb200", below="h200")
    rows = measurements.load_measurements()
    return widget.embedded(rows, choice, compact=True, more=pages_of[0], name="compare")


def _listing(collection, stage):
    """Return a list of the pages as Markdown, for programs that read text."""
    lines = [f"# {collection.title}", "", f"> {collection.subtitle}", "", "## Reports", ""]
    for entry in collection.pages:
        name = f"markdown/{entry.notebook}.md"
        if (stage / name).is_file():
            lines.append(f"- [{entry.title}]({name})")
    lines += ["", "## Data", "", "- [Every verdict with its numbers](verdicts.json)"]
    return "\n".join(lines) + "\n"


def _rows(collection, uses, published):
    """Return the pages of rows by name, None for a report whose tables name no row."""
    every = set(measurements.load_measurements()["row_id"]) if any(uses.values()) else ()
    # Rows that nobody can look up, such as a person's own, are not on the page.
    uses = {
        entry: {name: [row for row in ids if row in every] for name, ids in used.items()}
        for entry, used in uses.items()
    }
    listed = {entry: rows.shown(used, most=MOST_ROWS) for entry, used in uses.items()}
    cited = citations.cited(set(chain(*(shown for shown, _ in listed.values())))) if every else {}
    made = {pages.rows_page(entry): None for entry in listed}
    for entry, (shown, more) in listed.items():
        if shown:
            known, front = {row: cited[row] for row in shown}, rows.on_front(published[entry])
            told = uses[entry], citations.HEADS, known, front, more
            made[pages.rows_page(entry)] = pages.rows_behind(collection, entry, *told)
    return made


def _moved(collection, told):
    """Return the page, the data and the feed of what moved, None where nothing was compared."""
    drawn = [(f"data/moved-{name}.csv", f"figures/moved-{name}.svg") for name in _PICTURES]
    made = dict.fromkeys(("moved.html", "moved.json", "moved.xml", *chain(*drawn)))
    if told:
        made |= {name: text for one in told[0].pictures for name, text in one.files.items()}
        made |= {
            "moved.html": pages.moved(collection, told),
            "moved.json": pages.moved_json(told),
            "moved.xml": pages.moved_feed(collection, told),
        }
    return made
