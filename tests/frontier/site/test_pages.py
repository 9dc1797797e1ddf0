"""The pages of this site: what stands first on a report, scorecard, rows, glossary, errata."""

import base64
import hashlib
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_notebook

from broadsheet import pages as engine
from broadsheet.collection import Collection, Entry
from broadsheet.task import Report, Task
from browser import chromium, complaints
from frontier import claims
from frontier.errors import FrontierError
from frontier.site import pages, sparks, verdicts
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


def test_hostile_records_are_shown_and_never_become_markup():
    found = {"value": HOSTILE, "low": 1, "high": 2, "unit": HOSTILE, "at": HOSTILE}
    row = verdict_row(
        "a",
        statement=HOSTILE,
        found=found,
        condition=HOSTILE,
        tiers={HOSTILE: 1},
        claimed={"value": 1, "unit": HOSTILE},
        verdict=f"x{HOSTILE}",
    )
    site = collection(replace(ENTRY, title=HOSTILE))
    drawn = sparks.spark([(1, 2.0), (2, 3.0)], 2.5, HOSTILE)
    text = pages.scorecard(
        site, [row], built={ENTRY.page}, sparks={"a": replace(drawn, words=HOSTILE)}
    )
    soup = BeautifulSoup(text, "html.parser")
    soup.find("script").decompose()  # the page's own, the last thing on it
    assert not soup.find_all(["script", "img"])
    assert soup.get_text().count(HOSTILE) >= 6
    assert soup.select_one("svg.spark")["aria-label"] == HOSTILE


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
        (verdict_row("a", verdict="proven"), "has verdict 'proven'; the verdicts are"),
        ({"id": "a", "verdict": "not-testable"}, "lacks: statement, claimed"),
        ("a", "which is no claim"),
    ],
)
def test_a_record_that_is_not_of_the_schema_is_refused(record, problem):
    with pytest.raises(FrontierError, match=re.escape(problem)):
        verdicts.check(record, ("a",))


def test_the_scorecard_groups_claims_by_report_and_links_to_what_there_is():
    entries = (ENTRY, Entry("04_later", "Later", more={"claims": ["b"]}))
    records = [verdict_row("a", firm=True), ledger_row("b"), ledger_row("c")]
    text = pages.scorecard(collection(*entries), records, built={ENTRY.page})
    soup = BeautifulSoup(text, "html.parser")
    found = "Of 3 claims, 1 not: 25× (found 12.3); 2 not yet examined."
    assert soup.select_one("p.summary").get_text() == found
    assert soup.select_one("p.summary a")["href"] == "#a"
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
    assert "10 to 14.5" in row.get_text()
    assert row.select_one(".verdict")["class"] == ["verdict", "verdict-not-reproduced"]
    assert row.select_one(".firm").get_text() == "firm"


def test_only_what_was_measured_can_be_firm_or_not():
    records = [verdict_row("a", firm=False), verdict_row("b", firm=False, verdict="modelled-only")]
    soup = BeautifulSoup(pages.scorecard(collection(), records, built=set()), "html.parser")
    assert [mark.get_text() for mark in soup.select(".firm")] == ["not firm"]
    assert soup.select_one("#a .firm")


def test_a_claim_of_several_comparisons_shows_the_range_over_all_of_them():
    tiers = {"measured": {"comparisons": [{"headline": 11.0}, {"headline": 42.0}]}}
    records = [verdict_row("a", tiers=tiers), verdict_row("b")]
    soup = BeautifulSoup(pages.scorecard(collection(), records, built=set()), "html.parser")
    assert "11 to 42 over 2 comparisons" in soup.select_one("#a").get_text()
    assert "comparisons" not in soup.select_one("#b").get_text()


def test_the_anchor_that_the_scorecard_links_to_is_on_the_page():
    soup = report(markdown("# T"), decides(verdict_row("a")))
    assert soup.find(id="claim-a").b


def test_the_scorecard_says_by_how_much_a_claim_is_missed_and_over_what():
    tiers = {"measured": {"comparisons": [{"headline": 11.0}, {"headline": 42.0}]}}
    pieces = verdicts.finding(
        [
            verdict_row("a", tiers=tiers),
            verdict_row("b", verdict="reproduced"),
            verdict_row("c", verdict="modelled-only"),
        ]
    )
    assert "".join(text for text, _ in pieces) == (
        "Of 3 claims, 1 reproduced in every comparison; 1 not: 25× (found 12.3, 11 to 42 over 2 "
        "comparisons); 1 measured by nobody, and answered by the model alone: 25× (modelled 12.3)."
    )
    assert [about for _, about in pieces if about] == ["a", "c"]
    assert verdicts.finding([]) == [("No claims yet.", None)]


def test_a_claim_with_a_curve_has_a_picture_that_says_what_it_shows():
    drawn = sparks.spark([(10, 20.0), (50, 30.0)], 25.0, "x tok/s/MW")
    rows_ = [verdict_row("a"), ledger_row("b")]
    soup = BeautifulSoup(
        pages.scorecard(collection(), rows_, built={ENTRY.page}, sparks={"a": drawn}), "html.parser"
    )
    (picture,) = soup.select("svg.spark")
    assert picture.find_parent("tr")["id"] == "a"
    assert picture["aria-label"] == drawn.words
    assert len(picture.find_all("path")) == 2


def test_the_policy_of_the_scorecard_lets_its_own_script_run_and_no_other():
    text = pages.scorecard(collection(), [ledger_row("b")], built=set())
    soup = BeautifulSoup(text, "html.parser")
    (script,) = soup.find_all("script")
    digest = base64.b64encode(hashlib.sha256(script.string.encode()).digest()).decode()
    policy = soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    assert policy.endswith(f"; script-src 'sha256-{digest}'")


def test_a_long_condition_is_folded_and_a_short_one_is_not():
    long = "In 3 of 14 comparisons: one; " + "another and " * 5 + "more"
    rows_ = [verdict_row("a", condition=long), verdict_row("b", condition="All.")]
    soup = BeautifulSoup(pages.scorecard(collection(), rows_, built=set()), "html.parser")
    (folded,) = soup.select("details.where")
    assert folded.summary.get_text() == "In 3 of 14 comparisons: one"
    assert long in folded.get_text()
    assert soup.select_one("#b .where").get_text() == "All."


@pytest.mark.parametrize("verdict", ["modelled-only", "not-testable"])
def test_rows_that_decide_nothing_are_not_said_to_be_behind_a_verdict(verdict):
    cells = [markdown("# T"), decides(verdict_row("a", verdict=verdict))]
    soup = report(*cells, files={"data/a-rows.csv": ["r1"]})
    assert "1 measured rows that come nearest" in soup.get_text()


def test_a_verdict_and_an_exhibit_lead_to_the_rows_behind_them():
    used = {"data/a-rows.csv": ["r1", "r2"], "data/03-ratio.csv": ["r1"]}
    cells = [markdown("# T"), decides(verdict_row("a")), shows(EXHIBIT)]
    soup = report(*cells, files=used)
    assert soup.select_one(".answers .at a")["href"] == "03_name.rows.html#in-a-rows"
    assert "2 measured rows" in soup.select_one(".answers").get_text()
    links = [a["href"] for a in soup.select("figcaption a")]
    assert links == ["data/03-ratio.csv", "03_name.rows.html#in-03-ratio"]
    # A set of a sweep has no page of rows beside it.
    assert "rows.html" not in str(report(*cells, files=used, place="set/"))


def cited(**changes):
    row = {"values": ("deepseek-r1", "50"), "source": "Runs", "url": "https://example.com/1"}
    return SimpleNamespace(**{**row, **changes})


def rows_page(rows_, used=None):
    used = used or {"data/a-rows.csv": list(rows_)}
    text = pages.rows_behind(collection(), ENTRY, used, ("Model", "tok/s/user"), rows_)
    return BeautifulSoup(text, "html.parser")


def test_a_page_of_rows_says_how_many_it_does_not_list():
    rows_ = {"a-1": cited()}
    used = {"data/all.csv": ["a-1", "a-2", "a-3"]}
    text = pages.rows_behind(collection(), ENTRY, used, ("Model", "tok/s/user"), rows_, 2)
    assert "3 measured rows stand behind" in text
    assert "Listed here are 1 of them" in text and "The other 2 are named in the CSVs" in text
    assert "Listed here" not in pages.rows_behind(collection(), ENTRY, used, ("Model", "x"), rows_)


def test_hostile_rows_are_shown_and_lead_nowhere():
    rows_ = {
        HOSTILE: cited(values=(HOSTILE, HOSTILE), source=HOSTILE, url="javascript:alert(1)"),
        "b": cited(source=HOSTILE, url=f"https://example.com/{HOSTILE}"),
    }
    soup = rows_page(rows_)
    assert not soup.find_all(["script", "img"])
    assert [a for a in soup.find_all("a") if a["href"].startswith("java")] == []
    assert soup.find("tr", id=HOSTILE)


def test_a_row_has_its_anchor_its_values_its_source_and_what_uses_it():
    used = {"data/03-ratio.csv": ["r1"], "data/a-rows.csv": ["r1", "r2"]}
    soup = rows_page({"r1": cited(), "r2": cited(url="https://example.com/2")}, used)
    row = soup.find("tr", id="r1")
    assert row.a["href"] == "https://example.com/1"
    assert [cell.get_text(strip=True) for cell in row.find_all(["th", "td"])][-1] == "1, 2"
    assert [a["href"] for a in soup.select(".uses a")] == [
        "03_name.html#03-ratio",
        "data/03-ratio.csv",
        "03_name.html#a",
        "data/a-rows.csv",
    ]
    assert soup.find(id="in-a-rows")


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


def test_the_scorecard_is_quiet_in_a_browser_and_fits_a_phone(tmp_path):
    records = [verdict_row("a", condition="somewhere " * 20), ledger_row("b")]
    index = pages.scorecard(collection(), records, built={ENTRY.page})
    (tmp_path / "index.html").write_text(index, encoding="utf-8")
    with chromium() as browser:
        for width in (360, 1280):
            assert complaints(browser, tmp_path / "index.html", width=width) == []
