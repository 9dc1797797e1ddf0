"""Building the site: validate, plan, run what is not fresh, and replace the old site in one step.

Nothing is started before every request is known to be sound. What a run needs to know of the
data comes from the caller: ``choices(name)`` gives the values a parameter may take, ``facts()``
the base rows of verdicts.json and the (file, SHA-256, title) of the tables. That is called when
there is something to do and not before, since it may be slow, and has to follow from the data
folder and the library alone.
"""

import json
import sys
from itertools import chain

from broadsheet import collection as site_map
from broadsheet import digests, plan
from broadsheet import parameters as schema
from broadsheet.campaign import Composer, Facts, Options, carry_out, write
from broadsheet.errors import FrontierError, UsageError
from broadsheet.site import Site
from frontier.data import paths
from frontier.site import rows, sparks, verdicts

_EXPLORATION = "exploration"
MOST_ROWS = 5_000  # of one page: above a megabyte a browser is slow to find an anchor
_PICTURES = ("ratios", "frontiers")  # of the page of what moved


def build(
    names=(), /, *, settings=None, out=None, shard=None, choices=None, facts=Facts, options=None
) -> int:
    """Build the named reports, or all, and the scorecard; return how many failed.

    ``settings`` maps parameter names to the texts given for them; with any, the site goes to
    ``exploration/`` unless ``out`` says otherwise, else to ``reports/``. ``shard`` is (I, N) for
    every Nth report from the Ith on. Raises UsageError, before anything runs, for a request that
    cannot be met.
    """
    options = options or Options()
    collection, requests = _requests(names, settings or {}, choices)
    out = _out(out, settings)
    site = Site(out)
    requests = _placed(collection, requests, site)
    if shard:
        requests = requests[shard[0] - 1 :: shard[1]]
    environment = digests.environment(paths.data())
    steps = plan.plan(requests, site, environment, force=options.force)
    index = _Index(collection, environment, facts)
    if all(step.state == "fresh" for step in steps) and index.is_current(site):
        print(f"{_count(steps)} fresh; nothing to do", file=sys.stderr)
        return 0
    return carry_out("build", steps, site, index, environment, options)


def index(*, out=None, facts=Facts) -> None:
    """Make what stands beside the reports again, of the pages that are there; no notebook runs."""
    site, environment = Site(_out(out, None)), digests.environment(paths.data())
    composer = _Index(site_map.read(paths.notebooks()), environment, facts)
    if not composer.is_current(site):
        carry_out("index", [], site, composer, environment, Options())


def status(names=(), /, *, settings=None, out=None, choices=None) -> list[plan.Step]:
    """Return the step that a build of the same request would take for each report."""
    collection, requests = _requests(names, settings or {}, choices)
    site = Site(_out(out, settings))
    environment = digests.environment(paths.data())
    return plan.plan(_placed(collection, requests, site), site, environment)


def _out(out, settings):
    if out is None and settings:
        out = paths.root() / _EXPLORATION
        print(f"with --set, the site goes to {out}", file=sys.stderr)
    site = Site(out or paths.reports())
    site.refuse()
    site.recover()
    return site.folder


def _requests(names, settings, choices):
    """Return the collection, and (entry, the values that differ) of every report asked for."""
    collection = site_map.read(paths.notebooks())
    entries = collection.select(names)
    if not settings:
        return collection, [(entry, {}) for entry in entries]
    schemas = {entry: schema.read(collection.path(entry)) for entry in entries}
    for name in settings:
        known = {p.name: p for parameters in schemas.values() for p in parameters}
        if name not in known:
            raise UsageError(
                schema.unknown(name, known, f"of {', '.join(e.notebook for e in entries)}")
            )
    requests = [
        (entry, values_of(parameters, settings, choices, entry.notebook, partly=True))
        for entry, parameters in schemas.items()
    ]
    return collection, requests


def values_of(parameters, settings, choices, notebook, *, partly=False) -> dict:
    """Return the typed values, of those set, that differ from the defaults.

    With ``partly`` a setting that the report has no parameter for is another report's.
    """
    by_name = {p.name: p for p in parameters}
    values = {}
    for name, texts in settings.items():
        if name in by_name:
            values[name] = schema.parse_value(by_name[name], *texts)
        elif not partly:
            raise UsageError(schema.unknown(name, by_name, f"of {notebook}"))
    values = schema.check(parameters, values, choices=choices, notebook=notebook)
    return {name: value for name, value in values.items() if value != by_name[name].default}


def _placed(collection, requests, site):
    """Return the requests with what stands around their pages: all that are or will be there."""
    wanted = {entry for entry, _ in requests}
    shown = [e for e in collection.pages if e in wanted or (site.folder / e.page).is_file()]
    placed = []
    for entry, values in requests:
        place = shown.index(entry)
        around = plan.Around(
            site=collection.title,
            pages=tuple(e.page for e in shown),
            previous=shown[place - 1] if place else None,
            next=shown[place + 1] if place + 1 < len(shown) else None,
            terms=collection.terms,
            rows=True,
        )
        placed.append(plan.Request(entry, collection.path(entry), around, values))
    return placed


class _Index(Composer):
    """What a site of reports has beside them: scorecard, verdicts, rows, glossary, status."""

    def __init__(self, collection, environment, facts):
        super().__init__(facts)
        self._collection = collection
        self._environment = environment

    def inputs(self, pages, /):
        mine = digests.path(self._collection.folder / "collection.yaml")
        environment = vars(self._environment)
        made = {name: [page["files"], page["status"]] for name, page in pages.items()}
        moved = digests.folder(paths.data() / "moved")
        return digests.digest([mine, environment, made, moved])

    def compose(self, stage, reports, known, record, /):
        from broadsheet import pages

        facts, collection = self.facts, self._collection
        news = facts.news()
        old = verdicts.load(stage)
        kept = [
            e.page for e in collection.pages if e.page not in reports and (stage / e.page).is_file()
        ]
        given = {name: report.records for name, report in reports.items()}
        given |= {name: _kept_records(stage, name, known.get(name), old) for name in kept}
        records = _records(collection, given, facts.ledger)
        changes = verdicts.changes(old, records) if old else []
        built = {entry.page for entry in collection.pages if (stage / entry.page).is_file()}
        text = verdicts.dump(records)
        records = json.loads(text)["claims"]
        published = {entry: _published(stage, entry) for entry in collection.pages}
        uses = {entry: rows.used(files) for entry, files in published.items()}
        made = {
            "index.html": pages.scorecard(
                collection,
                records,
                built=built,
                digests=facts.digests,
                sparks=_sparks(collection, records, published),
                dates=facts.dates() if any(uses.values()) else "",
                news=news,
            ),
            "verdicts.json": text,
            "scorecard.svg": pages.picture(records),
            "glossary.html": pages.glossary(collection) if collection.terms else None,
            "errata.html": pages.errata(collection, built) if collection.errata else None,
            **_rows(collection, uses, facts),
            **_moved(collection, news),
        }
        for name, text in made.items():
            if text is None:
                (stage / name).unlink(missing_ok=True)
            else:
                (stage / name).parent.mkdir(parents=True, exist_ok=True)
                write(stage / name, text)
        self.files = tuple(name for name, text in made.items() if text is not None)
        status = pages.status(collection.title, record.so_far(changes), obtained=facts.obtained)
        write(stage / "status.html", status)
        return changes


def _kept_records(stage, page, known, old):
    """Return the verdicts of a page that stays: as recorded, for verdicts.json may be edited."""
    if known and digests.path(stage / page) == known["files"].get(page):
        return known["records"]
    return [record for record in old if record.get("page") == page]


def _records(collection, given, ledger):
    """Return the ledger's rows with the verdicts that the pages give (page to records)."""
    page_of = {claim: entry.page for entry in collection.pages for claim in entry.claims}
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
    pages = [row.get("page") or page_of.get(row["id"]) for row in rows]
    return [
        {**row, "page": page if page in given else None}
        for row, page in zip(rows, pages, strict=True)
    ]


def _published(stage, entry):
    """Return the tables of a report by name, those of its last good page while it fails."""
    from broadsheet import pages

    page = stage / entry.last_good
    page = page if page.is_file() else stage / entry.page
    names = pages.listed_files(page.read_text(encoding="utf-8")) if page.is_file() else ()
    return {n: (stage / n).read_text(encoding="utf-8") for n in names if n.endswith(".csv")}


def _sparks(collection, records, published):
    """Return the small picture of each claim whose report draws its curve."""
    files = {claim: published[entry] for entry in collection.pages for claim in entry.claims}
    found = {}
    for record in records:
        if drawn := sparks.curve(record, files.get(record["id"], {})):
            points, modelled = drawn
            claimed = record["claimed"]
            found[record["id"]] = sparks.spark(
                points, claimed["value"], claimed["unit"], modelled=modelled
            )
    return found


def _rows(collection, uses, facts):
    """Return the pages of rows by name, None for a report whose tables name no row."""
    from broadsheet import pages

    heads, cited = facts.rows() if any(uses.values()) else ((), {})
    made = {}
    for entry, used in uses.items():
        # Rows that nobody can look up, such as a person's own, are not on the page.
        used = {name: [row for row in ids if row in cited] for name, ids in used.items()}
        shown, more = rows.shown(used, most=MOST_ROWS)
        known = {row: cited[row] for row in shown}
        made[entry.rows] = (
            pages.rows(collection, entry, used, heads, known, more) if known else None
        )
    return made


def _moved(collection, news):
    """Return the page, the data and the feed of what moved, None where nothing was compared."""
    from broadsheet import pages

    files = [(f"data/moved-{name}.csv", f"figures/moved-{name}.svg") for name in _PICTURES]
    made = dict.fromkeys(("moved.html", "moved.json", "moved.xml", *chain(*files)))
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


def _count(steps):
    return f"{len(steps)} report{'s' if len(steps) != 1 else ''}"
