import base64
import hashlib
import re
from dataclasses import replace
from types import SimpleNamespace

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_notebook, new_output

import synthetic
from broadsheet import pages, run
from broadsheet import parameters as schema
from broadsheet.collection import Collection, Entry, Erratum, Term
from browser import barriers, chromium, complaints
from frontier import claims
from frontier.errors import FrontierError
from frontier.site import sparks, verdicts
from synthetic import code, markdown, shows

HOSTILE = "<script>alert(1)</script>\"'&<img src=x onerror=alert(1)>"
ENTRY = Entry("03_name", "A title", ("a",))
PARAMETERS = 'how: str = "step"  # how it is read\nat: float = 50.0  # where [1..500 tok/s/user]'
FIGURE = (
    '<figure><svg role="img" aria-label="A line rises" viewBox="0 0 700 300" width="700">'
    '<clipPath id="c"/><line stroke="var(--ink, #111)"/></svg>'
    "<figcaption>What to see</figcaption></figure>"
)

EXHIBIT = (
    '<figure class="exhibit" id="03-ratio"><div class="plot">drawn</div><figcaption>Seen. '
    '<a href="data/03-ratio.csv" download>CSV</a></figcaption></figure>'
)


def frame(**changes):
    values = {
        "site": "A collection",
        "entry": ENTRY,
        "parameters": schema._parse(PARAMETERS, "03_name.ipynb"),
        "command": "frontier build 03_name",
        "pages": ("02_other.html", "03_name.html"),
        "previous": Entry("02_other", "Another"),
        "digests": (("data/a.csv", "ab" * 32, "Medians of July"),),
        **changes,
    }
    return pages.Frame(**values)


def page(*cells, overrides=None, failure=None, files=(), **changes):
    job = run.Job("03_name.ipynb", overrides or {})
    result = run.Result(job, new_notebook(cells=list(cells)), 1.5, failure)
    text = pages.report(result, frame(**changes), files=files)
    return text, BeautifulSoup(text, "html.parser")


def with_output(cell, output):
    cell.outputs.append(output)
    return cell


def collection(*entries):
    return Collection("A collection", "Below it", entries or (ENTRY,), None)


# What is hostile or wrong


def test_hostile_text_is_shown_and_never_becomes_markup():
    traceback = f"\x1b[31mValueError\x1b[0m: {HOSTILE}"
    failed = with_output(
        code("1/0"), new_output("error", ename="ValueError", evalue=HOSTILE, traceback=[traceback])
    )
    _, soup = page(
        markdown("# Title"),
        synthetic.parameters(PARAMETERS),
        with_output(code("print()"), new_output("stream", name="stdout", text=HOSTILE)),
        with_output(
            code("x"), new_output("execute_result", data={"text/plain": HOSTILE}, metadata={})
        ),
        failed,
        overrides={"how": HOSTILE},
        failure=run.Failure("ValueError", HOSTILE, traceback),
        command=f"frontier build 03_name --set how={HOSTILE}",
        digests=((HOSTILE, HOSTILE, HOSTILE),),
        previous=Entry("02_other", HOSTILE),
    )
    assert not soup.find_all(["script", "img"])
    assert soup.get_text().count(HOSTILE) >= 9
    assert "\x1b" not in soup.get_text()


def test_hostile_records_are_shown_and_never_become_markup():
    found = {"value": HOSTILE, "low": 1, "high": 2, "unit": HOSTILE, "at": HOSTILE}
    row = synthetic.verdict_row(
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


def test_markup_in_the_text_of_a_notebook_or_of_an_output_is_shown_as_text():
    said = new_output("display_data", data={"text/markdown": f"It found {HOSTILE}"})
    _, soup = page(
        markdown(f"# T\n\n{HOSTILE}\n\n<div onclick='x'>block</div>"), with_output(code("x"), said)
    )
    assert not soup.article.find_all(["script", "img"])
    assert not soup.find_all(onclick=True)
    assert soup.article.get_text().count("<script>alert(1)</script>") == 2


def test_a_claim_with_a_hostile_source_is_shown_and_its_address_is_no_link():
    source = {"title": HOSTILE, "url": "javascript:alert(1)", "date": HOSTILE}
    claim = replace(claims.ledger()[0], statement=HOSTILE, point=HOSTILE, sources=(source,))
    soup = BeautifulSoup(claim._repr_html_(), "html.parser")
    assert not soup.find_all(["script", "img", "a"])
    assert soup.get_text().count(HOSTILE) == 4


def test_hostile_failures_on_the_status_page_never_become_markup():
    report = {
        "notebook": "03_name", "page": "03_name.html", "status": "failed", "duration": 1.0,
        "failure": HOSTILE, "parameters": {"how": HOSTILE}, "action": "run", "why": [HOSTILE],
    }  # fmt: skip
    record = {
        "finished": "now",
        "duration": 2.0,
        "reports": [report],
        "changes": [["a", HOSTILE, "b"]],
    }
    soup = BeautifulSoup(pages.status("A collection", record), "html.parser")
    assert not soup.find_all(["script", "img"])
    assert soup.get_text().count(HOSTILE) == 4


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd"])
def test_links_lead_to_http_or_within_the_site_only(url):
    _, soup = page(markdown(f"# T\n\n[bad]({url}) [good](https://example.com/) [here](#x)"))
    links = [a["href"] for a in soup.article.find_all("a")]
    assert links == ["https://example.com/", "#x"]
    assert "bad" in soup.article.get_text()


@pytest.mark.parametrize(
    "name",
    [
        "../a.csv",
        "/a/b.csv",
        "data/../../a.csv",
        "data/a.html",
        "index.html",
        "verdicts.json",
        "data/.hidden.csv",
        "data\\a.csv",
        "data/a.csv\n",
        "",
    ],
)
def test_files_outside_a_folder_of_the_site_are_refused(name):
    with pytest.raises(FrontierError, match=r"files are FOLDER/NAME"):
        pages.collect(new_notebook(cells=[shows(files={name: "x"})]), claims=())


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        (synthetic.verdict_row("z"), "'z', which is no claim of the ledger"),
        (synthetic.verdict_row("a", verdict="proven"), "has verdict 'proven'; the verdicts are"),
        ({"id": "a", "verdict": "not-testable"}, "lacks: statement, claimed"),
        ("a", "which is no claim"),
    ],
)
def test_a_record_that_is_not_of_the_schema_is_refused(record, problem):
    with pytest.raises(FrontierError, match=re.escape(problem)):
        pages.collect(new_notebook(cells=[shows(verdict=record)]), claims=("a",))


def test_two_verdicts_for_one_claim_are_refused():
    cells = [shows(verdict=synthetic.verdict_row("a")) for _ in range(2)]
    with pytest.raises(FrontierError, match="two cells give a verdict for 'a'"):
        pages.collect(new_notebook(cells=cells), claims=("a",))


def test_two_texts_for_one_file_are_refused():
    cells = [shows(files={"data/a.csv": "1"}), shows(files={"data/a.csv": "2"})]
    with pytest.raises(FrontierError, match=r"two cells write different files 'data/a\.csv'"):
        pages.collect(new_notebook(cells=cells), claims=())


# A failed report


def test_a_failed_report_shows_its_error_and_what_ran_before_and_nothing_after():
    error = new_output("error", ename="ValueError", evalue="bad", traceback=["Trace", "back"])
    text, soup = page(
        markdown("# Title"),
        with_output(code("before()"), new_output("stream", name="stderr", text="a warning")),
        with_output(code("fails()"), error),
        code("never_run()"),
        failure=run.Failure("ValueError", "bad\nsecond line", "Trace\nback"),
    )
    banner = soup.select_one(".banner.failed")
    assert "ValueError: bad" in banner.get_text()
    assert "second line" not in banner.get_text()
    assert banner.details.has_attr("open")
    assert "Trace\nback" in banner.pre.get_text()
    assert "a warning" in soup.article.get_text()
    assert "fails" in soup.article.get_text()
    assert "never_run" not in text


# What a page has


def test_a_page_has_what_readers_and_their_tools_rely_on():
    _, soup = page(markdown("# The claim\n\nFirst *paragraph* here.\n\n## Result"), shows(FIGURE))
    assert soup.html["lang"] == "en"
    assert [h.get_text() for h in soup.find_all("h1")] == ["The claim"]
    assert soup.title.get_text() == "The claim – A collection"
    assert soup.find("meta", attrs={"name": "description"})["content"] == "First paragraph here."
    assert soup.find("meta", attrs={"name": "viewport"})
    policy = soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    assert policy == (
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; "
        "style-src 'unsafe-inline'"
    )
    assert soup.select_one("a.skip")["href"] == f"#{soup.main['id']}"
    assert soup.select_one('a[rel="prev"]')["href"] == "02_other.html"
    assert not soup.select_one('a[rel="next"]')
    assert len({tag["id"] for tag in soup.find_all(id=True)}) == len(soup.find_all(id=True))
    footer = soup.footer.get_text()
    for text in ("how = step", "frontier build 03_name", "Python 3.", "ab" * 32, "Medians of July"):
        assert text in footer


def test_a_report_without_a_heading_takes_its_title_from_the_site_map():
    _, soup = page(markdown("Just text."))
    assert [h.get_text() for h in soup.find_all("h1")] == ["A title"]


def test_a_second_first_level_heading_becomes_a_second_level_one():
    _, soup = page(markdown("# One\n\n# Two"))
    assert [h.get_text() for h in soup.find_all("h1")] == ["One"]
    assert soup.find(id="two").name == "h2"


def test_contents_list_the_headings_and_lead_to_them():
    _, soup = page(
        markdown("# T\n\n## Claim & `code`\n\n### Detail\n\n#### Deep\n\n## Claim & code")
    )
    links = soup.select("nav.contents a")
    assert [(a["href"], a.get_text()) for a in links] == [
        ("#claim-code", "Claim & code"),
        ("#detail", "Detail"),
        ("#claim-code-2", "Claim & code"),
    ]
    assert all(soup.find(id=a["href"][1:]) for a in links)


def test_formulas_become_mathml_and_a_broken_one_stays_readable():
    text, soup = page(
        markdown("# T\n\nInline $a < b$.\n\n$$\\frac{y}{x}$$\n\n$\\begin{matrix} a <b$")
    )
    assert [m["display"] for m in soup.find_all("math")][:2] == ["inline", "block"]
    assert soup.find("mfrac")
    assert "$$" not in soup.article.get_text()
    assert "a <b" not in text


def test_the_parameters_cell_is_a_table_that_marks_what_was_changed():
    cells = [markdown("# T"), synthetic.parameters(PARAMETERS)]
    injected = code("at = 75.0")
    injected.metadata["tags"] = ["injected-parameters"]
    text, soup = page(*cells, injected, overrides={"at": 75.0})
    rows = [
        [cell.get_text(" ", strip=True) for cell in row.find_all(["th", "td"])]
        for row in soup.select("table.parameters tbody tr")
    ]
    assert rows == [
        ["how", "step", "step", "how it is read str"],
        ["at", "75.0", "50.0", "where float, 1..500 tok/s/user"],
    ]
    assert [mark.get_text() for mark in soup.find_all("mark")] == ["75.0"]
    assert "at = 75.0" in soup.select_one("p.banner").get_text()
    assert "injected" not in text


def test_a_page_at_its_defaults_has_no_banner():
    assert not page(markdown("# T"), synthetic.parameters(PARAMETERS))[1].select(".banner")


def test_code_is_folded_and_warnings_and_doubled_text_are_left_out():
    cell = code("x = 1")
    cell.outputs = [
        new_output("stream", name="stderr", text="a warning"),
        new_output("execute_result", data={"text/plain": "REPR", "text/html": "<b>shown</b>"}),
    ]
    text, soup = page(markdown("# T"), cell, shows(files={"data/a.csv": "1"}))
    assert "x" in soup.select_one("details.code").get_text()
    assert not soup.select_one("details.code").has_attr("open")
    assert soup.b.get_text() == "shown"
    assert len(soup.select(".output")) == 1
    assert "a warning" not in text
    assert "REPR" not in text


def test_inline_figures_keep_the_case_of_svg_names():
    text, _ = page(markdown("# T"), shows(FIGURE))
    assert FIGURE in text


def test_links_to_notebooks_lead_to_their_pages_where_the_site_has_them():
    _, soup = page(markdown("# T\n\n[a](02_other.ipynb#result) [b](09_absent.ipynb)"))
    assert [a["href"] for a in soup.article.find_all("a")] == ["02_other.html#result"]


def test_a_picture_without_words_gets_its_repr_as_alt():
    data = {"image/png": "AAAA", "text/plain": "<Figure size 640x480>"}
    _, soup = page(markdown("# T"), with_output(code("x"), new_output("display_data", data=data)))
    assert soup.img["alt"] == "<Figure size 640x480>"


def test_the_files_of_a_page_can_be_read_from_it():
    text, _ = page(markdown("# T"), files=["figures/b.svg", "data/a.csv"])
    assert pages.listed_files(text) == ["data/a.csv", "figures/b.svg"]


def test_a_page_depends_on_no_time_and_no_cell_id():
    def once():
        cells = [markdown("# T"), code("1")]
        cells[1].metadata["papermill"] = {"start_time": cells[1].id}
        return page(*cells)[0]

    assert once() == once()


def test_the_command_quotes_what_a_shell_would_read():
    text = pages.command("03_name", {"how": "a b; rm", "months": ["x", "y"], "at": None})
    assert text == "frontier build 03_name --set 'how=a b; rm' --set months=x,y --set at=none"


# The scorecard


def test_the_scorecard_groups_claims_by_report_and_links_to_what_there_is():
    entries = (ENTRY, Entry("04_later", "Later", ("b",)))
    records = [
        synthetic.verdict_row("a", firm=True),
        synthetic.ledger_row("b"),
        synthetic.ledger_row("c"),
    ]
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
    records = [
        synthetic.verdict_row("a", firm=False),
        synthetic.verdict_row("b", firm=False, verdict="modelled-only"),
    ]
    soup = BeautifulSoup(pages.scorecard(collection(), records, built=set()), "html.parser")
    assert [mark.get_text() for mark in soup.select(".firm")] == ["not firm"]
    assert soup.select_one("#a .firm")


def test_a_claim_of_several_comparisons_shows_the_range_over_all_of_them():
    tiers = {"measured": {"comparisons": [{"headline": 11.0}, {"headline": 42.0}]}}
    records = [synthetic.verdict_row("a", tiers=tiers), synthetic.verdict_row("b")]
    soup = BeautifulSoup(pages.scorecard(collection(), records, built=set()), "html.parser")
    assert "11 to 42 over 2 comparisons" in soup.select_one("#a").get_text()
    assert "comparisons" not in soup.select_one("#b").get_text()


def test_the_anchor_that_the_scorecard_links_to_is_on_the_page():
    _, soup = page(markdown("# T"), shows("<b>x</b>", verdict=synthetic.verdict_row("a")))
    assert soup.find(id="claim-a").b


def test_the_scorecard_says_by_how_much_a_claim_is_missed_and_over_what():
    tiers = {"measured": {"comparisons": [{"headline": 11.0}, {"headline": 42.0}]}}
    pieces = verdicts.finding(
        [
            synthetic.verdict_row("a", tiers=tiers),
            synthetic.verdict_row("b", verdict="reproduced"),
            synthetic.verdict_row("c", verdict="modelled-only"),
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
    rows_ = [synthetic.verdict_row("a"), synthetic.ledger_row("b")]
    soup = BeautifulSoup(
        pages.scorecard(collection(), rows_, built={ENTRY.page}, sparks={"a": drawn}), "html.parser"
    )
    (picture,) = soup.select("svg.spark")
    assert picture.find_parent("tr")["id"] == "a"
    assert picture["aria-label"] == drawn.words
    assert len(picture.find_all("path")) == 2


def test_the_policy_of_the_scorecard_lets_its_own_script_run_and_no_other():
    text = pages.scorecard(collection(), [synthetic.ledger_row("b")], built=set())
    soup = BeautifulSoup(text, "html.parser")
    (script,) = soup.find_all("script")
    digest = base64.b64encode(hashlib.sha256(script.string.encode()).digest()).decode()
    policy = soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    assert policy.endswith(f"; script-src 'sha256-{digest}'")


def test_a_long_condition_is_folded_and_a_short_one_is_not():
    long = "In 3 of 14 comparisons: one; " + "another and " * 5 + "more"
    rows_ = [
        synthetic.verdict_row("a", condition=long),
        synthetic.verdict_row("b", condition="All."),
    ]
    soup = BeautifulSoup(pages.scorecard(collection(), rows_, built=set()), "html.parser")
    (folded,) = soup.select("details.where")
    assert folded.summary.get_text() == "In 3 of 14 comparisons: one"
    assert long in folded.get_text()
    assert soup.select_one("#b .where").get_text() == "All."


def test_the_figure_that_decides_stands_first_and_its_place_leads_to_it():
    cells = [markdown("# T\n\nFirst."), shows(EXHIBIT), shows("<b>last</b>")]
    _, soup = page(*cells, entry=replace(ENTRY, figure="03-ratio"))
    assert soup.article.find(["figure", "p"]) is soup.find("figure", id="03-ratio")
    assert len(soup.find_all("figure")) == 1
    assert soup.select_one("p.moved a")["href"] == "#03-ratio"
    _, soup = page(*cells, entry=replace(ENTRY, figure="03-absent"))
    assert soup.article.find(["figure", "p"]).name == "p"


@pytest.mark.parametrize("verdict", ["modelled-only", "not-testable"])
def test_rows_that_decide_nothing_are_not_said_to_be_behind_a_verdict(verdict):
    result = run.Result(
        run.Job("03_name.ipynb", {}),
        new_notebook(
            cells=[
                markdown("# T"),
                shows("<b>x</b>", verdict=synthetic.verdict_row("a", verdict=verdict)),
            ]
        ),
        1.0,
        None,
    )
    text = pages.report(result, frame(rows=ENTRY.rows), used={"data/a-rows.csv": ["r1"]})
    assert "1 measured rows that come nearest" in BeautifulSoup(text, "html.parser").get_text()


def test_a_verdict_and_an_exhibit_lead_to_the_rows_behind_them():
    used = {"data/a-rows.csv": ["r1", "r2"], "data/03-ratio.csv": ["r1"]}
    verdict = shows("<b>x</b>", verdict=synthetic.verdict_row("a"))
    result = run.Result(
        run.Job("03_name.ipynb", {}),
        new_notebook(cells=[markdown("# T"), verdict, shows(EXHIBIT)]),
        1.0,
        None,
    )
    soup = BeautifulSoup(pages.report(result, frame(rows=ENTRY.rows), used=used), "html.parser")
    assert soup.select_one(".answers .at a")["href"] == "03_name.rows.html#in-a-rows"
    assert "2 measured rows" in soup.select_one(".answers").get_text()
    links = [a["href"] for a in soup.select("figcaption a")]
    assert links == ["data/03-ratio.csv", "03_name.rows.html#in-03-ratio"]
    assert "rows.html" not in pages.report(result, frame(), used=used)


# Rows, glossary, errata


def cited(**changes):
    row = {"values": ("deepseek-r1", "50"), "source": "Runs", "url": "https://example.com/1"}
    return SimpleNamespace(**{**row, **changes})


def rows_page(rows_, used=None):
    used = used or {"data/a-rows.csv": list(rows_)}
    text = pages.rows(collection(), ENTRY, used, ("Model", "tok/s/user"), rows_)
    return BeautifulSoup(text, "html.parser")


def test_a_page_of_rows_says_how_many_it_does_not_list():
    rows_ = {"a-1": cited()}
    used = {"data/all.csv": ["a-1", "a-2", "a-3"]}
    text = pages.rows(collection(), ENTRY, used, ("Model", "tok/s/user"), rows_, 2)
    assert "3 measured rows stand behind" in text
    assert "Listed here are 1 of them" in text and "The other 2 are named in the CSVs" in text
    assert "Listed here" not in pages.rows(collection(), ENTRY, used, ("Model", "x"), rows_)


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
    site = replace(
        collection(),
        terms=(Term(HOSTILE, (HOSTILE,), HOSTILE),),
        errata=(Erratum(HOSTILE, ENTRY.notebook),),
    )
    for text, count in ((pages.glossary(site), 3), (pages.errata(site, {ENTRY.page}), 1)):
        soup = BeautifulSoup(text, "html.parser")
        assert not soup.find_all(["script", "img"])
        assert soup.main.get_text().count(HOSTILE) == count


def test_an_erratum_leads_to_the_report_that_shows_it_where_there_is_one():
    site = replace(collection(), errata=(Erratum("a", ENTRY.notebook), Erratum("b")))
    soup = BeautifulSoup(pages.errata(site, {ENTRY.page}), "html.parser")
    assert [li.a and li.a["href"] for li in soup.select("ol li")] == [ENTRY.page, None]
    assert not BeautifulSoup(pages.errata(site, set()), "html.parser").select("ol a")


def test_the_style_is_small():
    assert len(pages._environment().globals["style"]) < 14_500


# In a browser


def test_pages_ask_for_nothing_complain_of_nothing_and_fit_a_phone(tmp_path):
    wide = "<table><tr>" + "<td>wide content</td>" * 30 + "</tr></table>"
    formula = "$$" + "+".join(["x_{abc}"] * 40) + "$$"
    text, _ = page(
        markdown(
            f"# A title with averyveryveryverylongwordthatnobodybreaks_{'x' * 40}\n\n"
            f"{formula}\n\n| a | b |\n|---|---|\n| 1 | 2 |"
        ),
        synthetic.parameters(PARAMETERS),
        code("x = " + "1 + " * 80 + "1"),
        shows(FIGURE),
        shows(wide),
        digests=(("data/a.csv", "ab" * 32, "Medians"),),
        files=["data/a.csv"],
    )
    (tmp_path / "03_name.html").write_text(text, encoding="utf-8")
    records = [synthetic.verdict_row("a", condition="somewhere " * 20), synthetic.ledger_row("b")]
    index = pages.scorecard(collection(), records, built={ENTRY.page})
    (tmp_path / "index.html").write_text(index, encoding="utf-8")
    with chromium() as browser:
        for name in ("03_name.html", "index.html"):
            for width in (360, 1280):
                assert complaints(browser, tmp_path / name, width=width) == []


def test_the_policy_of_a_page_stops_what_would_be_fetched(tmp_path):
    text, _ = page(markdown("# T"), shows('<img alt="x" src="http://127.0.0.1:9/a.png">'))
    (tmp_path / "a.html").write_text(text, encoding="utf-8")
    with chromium() as browser:
        found = complaints(browser, tmp_path / "a.html")
    assert "violates the following Content Security Policy" in "".join(found)


def test_axe_sees_what_cannot_be_read(tmp_path):
    pale = '<p style="color: light-dark(#ccc, #444); background: light-dark(#fff, #222)">pale</p>'
    text, _ = page(markdown("# T"), shows(pale))
    (tmp_path / "a.html").write_text(text, encoding="utf-8")
    with chromium() as browser:
        light, dark = barriers(browser, tmp_path / "a.html")
    assert light.startswith("light, serious: color-contrast")
    assert dark.startswith("dark, serious: color-contrast")


def test_synthetic_notebooks_are_notebooks():
    nbformat.validate(
        new_notebook(cells=[shows("<b>x</b>"), synthetic.parameters("a: int = 1  # a")])
    )
