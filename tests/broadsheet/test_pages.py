from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_notebook, new_output

import synthetic
from broadsheet import Project, cells, pages
from broadsheet import parameters as schema
from broadsheet.collection import Collection, Entry
from broadsheet.errors import BroadsheetError
from broadsheet.task import Failure, Report, Task
from browser import barriers, complaints
from synthetic import code, markdown, shows

HOSTILE = "<script>alert(1)</script>\"'&<img src=x onerror=alert(1)>"
ENTRY, OTHER = Entry("03_name", "A title"), Entry("02_other", "Another")
PARAMETERS = 'how: str = "step"  # how it is read\nat: float = 50.0  # where [1..500 tok/s/user]'
FIGURE = (
    '<figure><svg role="img" aria-label="A line rises" viewBox="0 0 700 300" width="700">'
    '<clipPath id="c"/><line stroke="var(--ink, #111)"/></svg>'
    "<figcaption>What to see</figcaption></figure>"
)


def task(values=None, **changes):
    about = {"title": "A collection", "pages": (OTHER, ENTRY), "folder": Path("absent")}
    about["project_name"] = "synthetic:project"
    collection = Collection(**{**about, **changes.pop("collection", {})})
    tables = (("data/a.csv", "ab" * 32, "Medians of July", "2026-07-01"),)
    shown = (changes.pop("previous", OTHER), changes.get("entry", ENTRY))
    given = {"entry": ENTRY, "tables": tables, "shown": shown, **changes}
    return Task(collection, values=values or {}, **given)


def page(*cells, overrides=None, failure=None, files=(), **changes):
    notebook = new_notebook(cells=list(cells))
    made = Report(notebook, 1.5, failure, files=dict.fromkeys(files, ""))
    text = pages.report(task(overrides, **changes), made)
    return text, BeautifulSoup(text, "html.parser")


@pytest.fixture(autouse=True)
def parameters(monkeypatch):
    """The parameters of every notebook here."""
    monkeypatch.setattr(schema, "read", lambda _: schema._parse(PARAMETERS, "03_name.ipynb"))


def with_output(cell, output):
    cell.outputs.append(output)
    return cell


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
        failure=Failure("ValueError", HOSTILE, traceback),
        tables=((HOSTILE, HOSTILE, HOSTILE, "2026-07-01"),),
        previous=Entry("02_other", HOSTILE),
    )
    assert not soup.find_all(["script", "img"])
    assert soup.get_text().count(HOSTILE) >= 9
    assert "\x1b" not in soup.get_text()


def test_markup_in_the_text_of_a_notebook_or_of_an_output_is_shown_as_text():
    said = new_output("display_data", data={"text/markdown": f"It found {HOSTILE}"})
    _, soup = page(
        markdown(f"# T\n\n{HOSTILE}\n\n<div onclick='x'>block</div>"), with_output(code("x"), said)
    )
    assert not soup.article.find_all(["script", "img"])
    assert not soup.find_all(onclick=True)
    assert soup.article.get_text().count("<script>alert(1)</script>") == 2


def test_hostile_failures_on_the_status_page_never_become_markup():
    report = {
        "notebook": "03_name", "page": "03_name.html", "status": "failed", "duration": 1.0,
        "failure": HOSTILE, "inputs": {"values": {"how": HOSTILE}}, "action": "run",
        "why": [HOSTILE],
    }  # fmt: skip
    record = {
        "finished": "2026-11-29",
        "duration": 2.0,
        "reports": [report],
        "changes": [["a", HOSTILE, "b"]],
    }
    soup = BeautifulSoup(pages.status(Project(), "A collection", record), "html.parser")
    assert not soup.find_all(["script", "img"])
    assert soup.get_text().count(HOSTILE) == 4


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd"])
def test_links_lead_to_http_or_within_the_site_only(url):
    _, soup = page(markdown(f"# T\n\n[bad]({url}) [good](https://example.com/) [here](#x)"))
    links = [a["href"] for a in soup.select("article .prose a")]
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
        "records.json",
        "data/.hidden.csv",
        "data\\a.csv",
        "data/a.csv\n",
        "",
    ],
)
def test_files_outside_a_folder_of_the_site_are_refused(name):
    with pytest.raises(BroadsheetError, match=r"files are FOLDER/NAME"):
        pages.collect(new_notebook(cells=[shows(files={name: "x"})]), task())


def test_two_texts_for_one_file_are_refused():
    cells = [shows(files={"data/a.csv": "1"}), shows(files={"data/a.csv": "2"})]
    with pytest.raises(BroadsheetError, match=r"two cells write different files 'data/a\.csv'"):
        pages.collect(new_notebook(cells=cells), task())


def test_two_cells_that_give_one_record_are_refused():
    cells = [shows(record={"id": "a"}) for _ in range(2)]
    with pytest.raises(BroadsheetError, match="two cells give the record 'a'"):
        pages.collect(new_notebook(cells=cells), task())


# A failed report


def test_a_failed_report_shows_its_error_and_what_ran_before_and_nothing_after():
    error = new_output("error", ename="ValueError", evalue="bad", traceback=["Trace", "back"])
    text, soup = page(
        markdown("# Title"),
        with_output(code("before()"), new_output("stream", name="stderr", text="a warning")),
        with_output(code("fails()"), error),
        code("never_run()"),
        failure=Failure("ValueError", "bad\nsecond line", "Trace\nback"),
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
    _, soup = page(markdown("# The title\n\nFirst *paragraph* here.\n\n## Result"), shows(FIGURE))
    assert soup.html["lang"] == "en"
    assert [h.get_text() for h in soup.find_all("h1")] == ["The title"]
    assert soup.title.get_text() == "The title – A collection"
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
    there = ("how = step", "broadsheet build 03_name", "Python 3.", "ab" * 32, "Medians of July")
    assert all(text in footer for text in there)


def test_a_report_without_a_heading_takes_its_title_from_the_site_map():
    _, soup = page(markdown("Just text."))
    assert [h.get_text() for h in soup.find_all("h1")] == ["A title"]


def test_a_second_first_level_heading_becomes_a_second_level_one():
    _, soup = page(markdown("# One\n\n# Two"))
    assert [h.get_text() for h in soup.find_all("h1")] == ["One"]
    assert soup.find(id="two").name == "h2"


def test_contents_list_the_headings_and_lead_to_them():
    _, soup = page(markdown("# T\n\n## Part & `code`\n\n### Detail\n\n#### Deep\n\n## Part & code"))
    links = soup.select("nav.contents a")
    assert [(a["href"], a.get_text()) for a in links] == [
        ("#part-code", "Part & code"),
        ("#detail", "Detail"),
        ("#part-code-2", "Part & code"),
        ("#parameters", "Parameters"),
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
    assert [a["href"] for a in soup.select("article .prose a")] == ["02_other.html#result"]


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
    text = pages.command(task({"how": "a b; rm", "months": ["x", "y"], "at": None}))
    assert text == "broadsheet build 03_name --set 'how=a b; rm' --set months=x,y --set at=none"


def test_the_anchor_of_a_record_is_on_the_page():
    _, soup = page(markdown("# T"), shows("<b>x</b>", record={"id": "a"}))
    assert soup.find(id="record-a").b


def test_the_style_is_small():
    assert len(pages._environment(None).globals["style"]) < 9_500


# In a browser


def test_pages_ask_for_nothing_complain_of_nothing_and_fit_a_phone(tmp_path, browser):
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
        files=["data/a.csv"],
    )
    (tmp_path / "03_name.html").write_text(text, encoding="utf-8")
    for width in (360, 1280):
        assert complaints(browser, tmp_path / "03_name.html", width=width) == []


def test_the_policy_of_a_page_stops_what_would_be_fetched(tmp_path, browser):
    text, _ = page(markdown("# T"), shows('<img alt="x" src="http://127.0.0.1:9/a.png">'))
    (tmp_path / "a.html").write_text(text, encoding="utf-8")
    found = complaints(browser, tmp_path / "a.html")
    assert "violates the following Content Security Policy" in "".join(found)


def test_axe_sees_what_cannot_be_read(tmp_path, browser):
    pale = '<p style="color: light-dark(#ccc, #444); background: light-dark(#fff, #222)">pale</p>'
    text, _ = page(markdown("# T"), shows(pale))
    (tmp_path / "a.html").write_text(text, encoding="utf-8")
    light, dark = barriers(browser, tmp_path / "a.html")
    assert light.startswith("light, serious: color-contrast")
    assert dark.startswith("dark, serious: color-contrast")


def test_synthetic_notebooks_are_notebooks():
    nbformat.validate(
        new_notebook(cells=[shows("<b>x</b>"), synthetic.parameters("a: int = 1  # a")])
    )


def test_nbconvert_makes_a_page_of_a_notebook_of_no_collection():
    exporter = cells.PageExporter()
    made, resources = exporter.from_notebook_node(
        new_notebook(cells=[markdown(f"# T\n\n{HOSTILE}"), code("1 + 1")])
    )
    soup = BeautifulSoup(made, "html.parser")
    assert soup.h1.get_text() == "T"
    assert not soup.find_all("script")
    assert resources["output_extension"] == ".html"
