"""The pages of this site: the index, rows, glossary, errata, and what they add to a report."""

import base64
import hashlib
import re
from dataclasses import replace
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_notebook

from broadsheet import pages as engine
from broadsheet.collection import Collection, Entry
from broadsheet.task import Report, Task
from browser import complaints
from frontier import __version__, claims
from frontier.errors import FrontierError
from frontier.site import pages, verdicts
from frontier.site.citations import Cited
from ledger_rows import PROJECT, decides, ledger_row, verdict_row
from synthetic import markdown, shows

HOSTILE = "<script>alert(1)</script>\"'&<img src=x onerror=alert(1)>"
ENTRY = Entry("03_name", "A title", more={"claims": ["a"]})
EXHIBIT = (
    '<figure class="exhibit" id="03-ratio"><div class="plot">drawn</div><figcaption>Seen. '
    '<a href="data/03-ratio.csv" download>CSV</a></figcaption></figure>'
)


def collection(*entries, **more):
    return Collection(
        "A collection", entries or (ENTRY,), Path("absent"), "Below it", None, PROJECT, more
    )


def report(*cells, files=(), **changes):
    """The page of a report with these cells, beside which it writes tables of these rows."""
    tables = {name: "\n".join(["row_id", *ids, ""]) for name, ids in dict(files).items()}
    given = {"shown": (ENTRY,), **changes}
    task = Task(collection(), ENTRY, **given)
    records = [o.data[RECORD] for c in cells for o in c.get("outputs", ()) if RECORD in o.data]
    made = Report(new_notebook(cells=list(cells)), files=tables, records=tuple(records))
    return BeautifulSoup(engine.report(task, made), "html.parser")


RECORD = "application/vnd.frontier.verdict+json"


def index(records, *entries, built=(ENTRY.page,), **more):
    site = collection(*entries, **more.pop("map", {}))
    text = pages.index(site, records, built=set(built), **more)
    return BeautifulSoup(text, "html.parser")


def test_hostile_records_are_shown_and_never_become_markup():
    found = {"value": HOSTILE, "low": 1, "high": 2, "unit": HOSTILE, "at": HOSTILE}
    row = verdict_row(
        "a",
        statement=HOSTILE,
        found=found,
        claimed={"value": 1, "unit": HOSTILE},
        verdict=f"x{HOSTILE}",
        now={"label": HOSTILE, "flips": HOSTILE, "answer": HOSTILE},
    )
    told = {"question": HOSTILE, "key_claims": ["a"]}
    soup = index([row], replace(ENTRY, title=HOSTILE), map=told, dates=HOSTILE)
    soup.find("script").decompose()  # the page's own, the last thing on it
    assert not soup.find_all(["script", "img"])
    for place in (".summary", ".key-claims", "tr.group", "#a", "h1", ".verdict-key"):
        assert HOSTILE in soup.select_one(place).get_text(), place


def test_a_claim_with_a_hostile_source_is_shown_and_its_address_is_no_link():
    source = {"title": HOSTILE, "url": "javascript:alert(1)", "date": HOSTILE}
    claim = replace(claims.ledger()[0], statement=HOSTILE, point=HOSTILE, sources=(source,))
    soup = BeautifulSoup(claim._repr_html_(), "html.parser")
    assert not soup.find_all(["script", "img", "a"])
    assert soup.get_text().count(HOSTILE) == 4


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        (verdict_row("z"), "'z', which is no claim of the ledger"),
        (verdict_row("a", verdict="proven"), "verdict: 'proven' is not one of ['reproduced', "),
        ({"id": "a", "verdict": "not-testable"}, "for 'a': 'tiers' is a required property"),
        ("a", "which is no claim"),
    ],
)
def test_a_record_that_is_not_of_the_schema_is_refused(record, problem):
    with pytest.raises(FrontierError, match=re.escape(problem)):
        verdicts.check(record, ("a",))


def test_the_index_groups_claims_by_report_and_links_to_what_there_is():
    entries = (ENTRY, Entry("04_later", "Later", more={"claims": ["b"]}))
    soup = index([verdict_row("a", firm=True), ledger_row("b"), ledger_row("c")], *entries)
    assert [g.get_text(strip=True) for g in soup.select("tr.group")] == [
        "A title",
        "Later",
        "Claims not yet decided",
    ]
    hrefs = [a["href"] for a in soup.table.find_all("a", href=True)]
    assert hrefs == ["03_name.html", "03_name.html#claim-a"]
    row = soup.find("tr", id="a")
    assert row.data["value"] == "12.3456789"
    assert row.data.get_text() == "12.3×"
    assert row.select_one(".verdict")["class"] == ["verdict", "verdict-not-reproduced"]
    assert row.select_one(".verdict").get_text() == "Not reached"


def test_the_index_answers_by_its_first_key_claim_and_counts_the_rest():
    records = [
        verdict_row("a"),
        verdict_row("b", now={"answer": "Twice at most."}),
        ledger_row("c"),
    ]
    soup = index(records, map={"question": "Is it so?", "key_claims": ["b", "gone", "a"]})
    assert soup.h1.get_text() == "Is it so?"
    counts = "Of 3 claims, 2 are not reached and 1 is not yet examined."
    assert soup.select_one("p.summary").get_text() == f"Twice at most. {counts}"
    keys = [li.span.find_next("span").get_text() for li in soup.select(".key-claims li")]
    assert keys == ["Twice at most.", "It is 12.3x. How we know"]
    assert index([]).select_one("p.summary").get_text() == "No claims yet."


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"firm": True}, "Robust"),
        ({"now": {"flips": "one node left out: typically 3"}}, "Fragile: one node left out"),
        ({"verdict": "modelled-only"}, "–"),
    ],
)
def test_the_index_says_how_sure_a_verdict_is(changes, told):
    cell = index([verdict_row("a", **changes)]).select_one('#a [data-label="How sure"]')
    assert cell.get_text().startswith(told)


def test_what_the_model_estimates_is_not_shown_as_measured():
    rows_ = [verdict_row("a", verdict="modelled-only"), verdict_row("b")]
    soup = index(rows_)
    assert "estimated, not measured" in soup.select_one("#a").get_text()
    assert "estimated" not in soup.select_one("#b").get_text()


def test_a_claim_of_several_comparisons_shows_the_range_over_all_of_them():
    ends = {"low": 11.0, "high": 42.0}
    records = [verdict_row("a", now={"of": 2, "spread": ends}), verdict_row("b")]
    soup = index(records)
    assert "11 to 42 over 2 comparisons" in soup.select_one("#a").get_text()
    assert "comparisons" not in soup.select_one("#b").get_text()


def test_the_anchor_that_the_index_links_to_is_on_the_page():
    soup = report(markdown("# T"), decides(verdict_row("a")))
    assert soup.find(id="claim-a").b


def test_the_policy_of_the_index_lets_its_own_script_run_and_no_other():
    soup = index([ledger_row("b")], built=())
    (script,) = soup.find_all("script")
    digest = base64.b64encode(hashlib.sha256(script.string.encode()).digest()).decode()
    policy = soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    assert policy.endswith(f"; script-src 'sha256-{digest}'")


def test_the_index_leads_to_a_page_in_the_navigation_only_where_it_is_built():
    entries = (ENTRY, Entry("08_try", "Try it", more={"navigation": True}))
    for built, there in (((), []), (("08_try.html",), ["08_try.html"])):
        nav = index([], *entries, built=built).find("nav")
        assert [a["href"] for a in nav.find_all("a") if a["href"].startswith("08")] == there


def test_an_exhibit_and_its_cells_lead_to_the_rows_behind_them():
    used = {"data/a-rows.csv": ["r1", "r2"], "data/03-ratio.csv": ["r1"]}
    cell = '<td><a href="#row:r1">5×</a> <a class="also" href="#row:r2" aria-label="x">÷</a></td>'
    shown = EXHIBIT.replace("drawn", f"<table><tr>{cell}</tr></table>")
    cells = [markdown("# T"), decides(verdict_row("a")), shows(shown)]
    soup = report(*cells, files=used)
    links = [a["href"] for a in soup.select("figcaption a")]
    assert links == ["data/03-ratio.csv", "03_name.rows.html#in-03-ratio"]
    assert [a["href"] for a in soup.select("td a")] == [
        "03_name.rows.html#r1",
        "03_name.rows.html#r2",
    ]
    # A set of a sweep has no page of rows beside it.
    other = report(*cells, files=used, place="set/")
    assert [a["href"] for a in other.select("figcaption a, td a")] == ["data/03-ratio.csv"]
    assert other.td.get_text() == "5× ÷"


def test_a_page_is_cited_with_its_version_its_data_its_licence_and_its_command():
    tables = [("a.csv", "ab" * 32, "A", "2026-05-01"), ("b.csv", "cd" * 32, "B", "2026-07-31")]
    text = pages.cite(collection(), HOSTILE, "03_name", "frontier build 03", tables)
    soup = BeautifulSoup(text, "html.parser")
    assert not soup.find_all(["script", "img"])
    bibtex, command = (pre.get_text() for pre in soup.find_all("pre"))
    assert bibtex.startswith("@misc{inference-frontier-03_name,")
    assert bibtex.count("{") == bibtex.count("}")
    assert "year = {2026}" in bibtex and "data as collected by 2026-07-31" in bibtex
    assert command.splitlines() == ["make .venv/ready", "frontier build 03"]
    told = soup.get_text()
    assert __version__ in told and "Apache-2.0" in told


def cited(**changes):
    row = {"values": ("deepseek-r1", "50"), "source": "Runs", "url": "https://example.com/1"}
    return Cited(**{**row, "corrected": False, **changes})


def rows_page(rows_, used=None):
    used = used or {"data/a-rows.csv": list(rows_)}
    text = pages.rows_behind(collection(), ENTRY, used, ("Model", "tok/s/user"), rows_)
    return BeautifulSoup(text, "html.parser")


def test_a_page_of_rows_says_how_many_it_does_not_list():
    rows_ = {"a-1": cited()}
    used = {"data/all.csv": ["a-1", "a-2", "a-3"]}
    text = pages.rows_behind(collection(), ENTRY, used, ("Model", "tok/s/user"), rows_, set(), 2)
    assert "3 measured rows stand behind" in text
    assert "Listed are 1 rows" in text and "The other 2 are in the CSVs" in text
    assert "Listed are" not in pages.rows_behind(collection(), ENTRY, used, ("Model", "x"), rows_)


def test_hostile_rows_are_shown_and_lead_nowhere():
    rows_ = {
        HOSTILE: cited(values=(HOSTILE, HOSTILE), source=HOSTILE, url="javascript:alert(1)"),
        "b": cited(source=HOSTILE, url=f"https://example.com/{HOSTILE}"),
    }
    soup = rows_page(rows_)
    soup.find("script").decompose()  # the page's own
    assert not soup.find_all(["script", "img"])
    assert [a for a in soup.find_all("a") if a["href"].startswith("java")] == []
    assert soup.find("tr", id=HOSTILE)


def test_a_row_has_its_anchor_its_values_its_source_and_what_uses_it():
    used = {"data/03-ratio.csv": ["r1"], "data/a-rows.csv": ["r1", "r2"]}
    soup = rows_page({"r1": cited(), "r2": cited(url="https://example.com/2")}, used)
    row = soup.find("tr", id="r1")
    assert [(a.get_text(), a["href"]) for a in row.find_all("a")] == [
        ("run", "https://example.com/1"),
        ("1", "03_name.html#03-ratio"),
        ("2", "03_name.html#a"),
    ]
    assert [a["href"] for a in soup.select("main p.prose a")] == [
        "03_name.html#03-ratio",
        "data/03-ratio.csv",
        "03_name.html#a",
        "data/a-rows.csv",
    ]
    assert soup.find(id="in-a-rows")


def test_a_row_on_a_frontier_is_marked_and_one_without_a_date_leads_to_why():
    undated = cited(values=("deepseek-r1", "undated"))
    used = {"data/a-rows.csv": ["r1", "r2"]}
    heads = ("Model", "Date")
    known = {"r1": cited(), "r2": undated}
    text = pages.rows_behind(collection(), ENTRY, used, heads, known, {"r2"})
    soup = BeautifulSoup(text, "html.parser")
    assert "●" not in soup.find("tr", id="r1").get_text()
    row = soup.find("tr", id="r2")
    assert "●" in row.get_text()
    assert soup.find(id=row.a["href"].removeprefix("#"))


def test_a_row_that_was_put_right_is_marked_and_counted():
    soup = rows_page({"r1": cited(), "r2": cited(corrected=True)})
    assert "†" not in soup.find("tr", id="r1").get_text()
    assert "†" in soup.find("tr", id="r2").th.get_text()
    assert "† marks the one row with a label that was wrong" in soup.get_text()
    assert "†" not in rows_page({"r1": cited()}).get_text()


def test_the_page_of_mistakes_counts_those_of_the_data():
    site = collection(errata=[{"text": "One is wrong."}])
    assert "In 2 rows" in pages.errata(site, (), "In 2 rows 3 labels were wrong.")
    assert "public data" not in pages.errata(site, ())


def test_rows_are_filtered_and_sorted_by_their_script(tmp_path, browser):
    speeds = {"r1": "9.5", "r2": "1,200", "r3": "31"}
    known = {row: cited(values=("a model", speed)) for row, speed in speeds.items()}
    used = {"data/a-rows.csv": list(known)}
    text = pages.rows_behind(collection(), ENTRY, used, ("Model", "tok/s/user"), known, {"r3"})
    (tmp_path / "rows.html").write_text(text, encoding="utf-8")
    shown = "rows => rows.map((row) => row.id)"
    assert complaints(browser, tmp_path / "rows.html", width=360) == []
    page = browser.new_page()
    page.goto((tmp_path / "rows.html").as_uri())
    page.get_by_role("button", name="tok/s/user").click()
    assert page.locator("tbody tr:visible").evaluate_all(shown) == ["r1", "r3", "r2"]
    page.get_by_label("Search rows").fill("1,2")
    assert page.locator("tbody tr:visible").evaluate_all(shown) == ["r2"]
    page.get_by_label("Search rows").fill("")
    page.get_by_label("Only on a frontier").check()
    assert page.locator("tbody tr:visible").evaluate_all(shown) == ["r3"]
    assert page.locator("#shown").inner_text() == "1 of 3 rows"


def test_an_address_that_all_rows_of_a_source_share_is_said_once():
    soup = rows_page({"r1": cited(), "r2": cited()})
    assert [a["href"] for a in soup.main.select('a[href^="http"]')] == ["https://example.com/1"]


def test_hostile_terms_and_errata_are_shown_as_text():
    term = {"term": HOSTILE, "also": [HOSTILE], "meaning": HOSTILE}
    site = collection(glossary=[term], errata=[{"text": HOSTILE, "report": ENTRY.notebook}])
    for text, count in ((pages.terms(site), 3), (pages.errata(site, {ENTRY.page}), 1)):
        soup = BeautifulSoup(text, "html.parser")
        assert not soup.find_all(["script", "img"])
        assert soup.main.get_text().count(HOSTILE) == count


def test_an_erratum_leads_to_the_report_that_shows_it_where_there_is_one():
    site = collection(errata=[{"text": "a", "report": ENTRY.notebook}, {"text": "b"}])
    soup = BeautifulSoup(pages.errata(site, {ENTRY.page}), "html.parser")
    assert [li.a and li.a["href"] for li in soup.select("ol li")] == [ENTRY.page, None]
    assert not BeautifulSoup(pages.errata(site, set()), "html.parser").select("ol a")


def test_the_index_is_quiet_in_a_browser_and_fits_a_phone(tmp_path, browser):
    records = [verdict_row("a", now={"flips": "somewhere " * 20}), ledger_row("b")]
    file = tmp_path / "index.html"
    file.write_text(pages.index(collection(), records, built={ENTRY.page}), encoding="utf-8")
    for width in (360, 1280):
        assert complaints(browser, file, width=width) == []
