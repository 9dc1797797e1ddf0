"""Notebooks as people leave them: odd cells, odd errors, pasted images, formulas and dollars."""

import json
import sys

import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_notebook

import synthetic
from broadsheet import build, parameters
from broadsheet.errors import UsageError
from synthetic import code, markdown

pytestmark = pytest.mark.slow  # nine kernels

DOT = "iVBORw0KGgo="
SHOWS_LATEX = (
    "from IPython.display import Latex, Markdown, display\n"
    r"display(Latex(r'$\frac{a}{b}$'), Markdown(r'so $\text{<b onclick=x>}$ is'))"
)
OPENS = (
    "import os, sys\nprint(sys.prefix)\nopen(os.environ['BROADSHEET_ROOT'] + '/data/absent.csv')"
)
FIRST, LAST = markdown("# Title"), code("print('the last')")
CELLS = {
    "01_image": [markdown("![a dot](attachment:a%20dot.png) ![gone](attachment:gone.png)"), LAST],
    "02_tags": [FIRST, code("print('first')"), LAST],
    "03_tagged": [FIRST, code("1 / 0"), LAST],
    "04_group": [FIRST, code("raise ExceptionGroup('both', [ValueError('a')])"), LAST],
    "05_half": [markdown("# Half HALF"), code("raise ValueError('half \\ud83d')"), LAST],
    "06_silent": [FIRST, code("raise KeyError"), LAST],
    "07_latex": [FIRST, code(SHOWS_LATEX), LAST],
    "08_paths": [FIRST, code(OPENS), LAST],
    "09_tagged": [FIRST, code("1 / 0"), code("raise ValueError('not tagged')"), LAST],
}


def edit(root, name, change):
    """Change a notebook as it stands in its file, where nbformat does not look."""
    path = root / "notebooks" / f"{name}.ipynb"
    found = json.loads(path.read_text(encoding="utf-8"))
    change(found["cells"])
    path.write_text(json.dumps(found).replace("HALF", r"\ud83d"), encoding="utf-8")


def untag(cells):
    cells[0]["metadata"]["tags"], cells[1]["metadata"]["tags"] = None, "parameters"
    del cells[2]["metadata"]


def tag(cells):
    cells[1]["metadata"]["tags"] = ["raises-exception"]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    root = synthetic.write(tmp_path_factory.mktemp("odd"), CELLS)
    image = {"a dot.png": {"image/png": DOT}}
    edit(root, "01_image", lambda cells: cells[0].update(attachments=image))
    edit(root, "02_tags", untag)
    edit(root, "03_tagged", tag)
    edit(root, "05_half", lambda cells: None)
    edit(root, "09_tagged", tag)
    assert build.build(synthetic.collection(root)) == 5
    return root / "reports"


def soup(site, name):
    return BeautifulSoup((site / f"{name}.html").read_text(encoding="utf-8"), "html.parser")


def banner(site, name):
    return soup(site, name).select_one(".banner.failed code").get_text()


def test_an_image_pasted_into_a_notebook_is_in_its_page_and_in_its_text(site):
    page = soup(site, "01_image")
    assert [(i["alt"], i["src"]) for i in page.find_all("img")] == [
        ("a dot", f"data:image/png;base64,{DOT}")
    ]
    assert "gone" in page.article.get_text()
    assert f"data:image/png;base64,{DOT}" in (site / "markdown" / "01_image.md").read_text()


def test_cells_without_usable_tags_are_run_like_any_other(site):
    assert soup(site, "02_tags").article.get_text().count("the last") == 2  # printed, and the code
    assert soup(site, "02_tags").select_one(".banner") is None


def test_a_cell_that_is_tagged_to_raise_is_no_failure_and_the_rest_is_shown(site):
    page = soup(site, "03_tagged")
    assert page.select_one(".banner.failed") is None
    assert page.select_one("pre.error").get_text() == "ZeroDivisionError: division by zero"
    assert "the last\n" in page.article.get_text()


def test_an_error_after_one_that_was_meant_is_a_failure_and_named(site):
    assert banner(site, "09_tagged") == "ValueError: not tagged"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("04_group", "ExceptionGroup: both (1 sub-exception)"),
        ("05_half", "ValueError: half ?"),
        ("06_silent", "KeyError"),
    ],
)
def test_a_failure_names_its_exception_whatever_that_says(site, name, told):
    assert banner(site, name) == told
    assert soup(site, name).select_one("article pre.error").get_text() == told


def test_a_formula_that_a_cell_displays_is_one_and_html_in_it_is_text(site):
    page = soup(site, "07_latex")
    assert page.article.find("mfrac")
    assert page.article.find("mtext").get_text().replace("\xa0", " ") == "<b onclick=x>"
    assert page.find(onclick=True) is None


def test_the_page_of_a_failed_report_names_no_folder_of_the_machine(site):
    text = (site / "08_paths.html").read_text(encoding="utf-8")
    assert "./data/absent.csv" in text
    assert str(site.parent) not in text
    assert parameters.__file__.rpartition("/broadsheet/")[0] not in text
    assert sys.prefix not in text  # what the cell printed before


@pytest.mark.parametrize(
    ("text", "formulas"),
    [
        ("It costs $5 and $10 more", 0),
        ("from $1-$2 to US$3", 0),
        ("a price of $ 5 $ or so", 0),
        (r"\$5 and \$10", 0),
        ("where $x < y$ holds", 1),
        ("$5 in $x$", 1),
        (r"$\text{\$}$", 1),
        ("$x$, $y$", 2),
    ],
)
def test_two_amounts_in_one_sentence_are_no_formula(text, formulas):
    from broadsheet import cells

    page, _ = cells.PageExporter().from_notebook_node(
        new_notebook(cells=[markdown(f"# T\n\n{text}")])
    )
    assert len(BeautifulSoup(page, "html.parser").article.find_all("math")) == formulas


@pytest.mark.parametrize("text", ["[]", "3", '{"cells": [1]}', '{"cells": null}', "[" * 100_000])
def test_what_is_no_notebook_is_named_in_one_line(tmp_path, text):
    path = tmp_path / "01_one.ipynb"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"^01_one\.ipynb is not a notebook: [^\n]*$"):
        parameters.read(path)
