"""A collection of somebody else: the engine works where this project is not installed."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from nbformat import write
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ENGINE = Path(__file__).parents[2] / "lib" / "broadsheet"
OTHER = "frontier"
# Imported when Python starts, in the runner as in its workers and kernels.
BLOCKER = f"""
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "{OTHER}":
            raise ImportError(f"{{name}} is blocked")

sys.meta_path.insert(0, Blocker())
"""
MAP = """
title: A herbarium
subtitle: Two sheets
pages:
  - {notebook: 01_moss, title: Moss}
  - {notebook: 02_fern, title: Fern}
"""
PROJECT = """
from broadsheet import Project

def refuses(*arguments):
    raise ValueError("on purpose")

project = Project(name="press", FUNCTION=refuses)
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """A folder with the engine alone, on which Python starts with the blocker."""
    place = tmp_path_factory.mktemp("library")
    (place / "broadsheet").symlink_to(ENGINE)
    (place / "sitecustomize.py").write_text(BLOCKER)
    return place


@pytest.fixture(scope="module")
def built(tmp_path_factory, library):
    """The collection, built once; tests change copies of it."""
    home = tmp_path_factory.mktemp("herbarium")
    for name in ("01_moss", "02_fern"):
        cells = [
            new_markdown_cell(f"# The {name[3:]}"),
            new_code_cell("leaves: int = 3  # how many [1..9]", metadata={"tags": ["parameters"]}),
            new_code_cell("print(leaves * 2)"),
        ]
        write(new_notebook(cells=cells), home / f"{name}.ipynb")
    (home / "collection.yaml").write_text(MAP)
    done = command(library, home, "build")
    assert done.returncode == 0, done.stderr
    return home


@pytest.fixture
def home(built, tmp_path):
    return shutil.copytree(built, tmp_path / "copy")


def command(library, home, *line):
    return subprocess.run(
        [sys.executable, "-m", "broadsheet", *line],
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(library)},
        capture_output=True,
        text=True,
    )


def soup(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def test_the_other_library_cannot_be_imported_here(library, tmp_path):
    line = [sys.executable, "-c", f"import broadsheet, {OTHER}"]
    env = {**os.environ, "PYTHONPATH": str(library)}
    done = subprocess.run(line, env=env, cwd=tmp_path, capture_output=True, text=True)
    assert "is blocked" in done.stderr


def test_a_folder_of_notebooks_becomes_a_site(built, library):
    index = soup(built / "reports" / "index.html")
    assert index.h1.get_text() == "A herbarium"
    assert [(a["href"], a.get_text()) for a in index.select("li a")] == [
        ("01_moss.html", "Moss"),
        ("02_fern.html", "Fern"),
    ]
    page = soup(built / "reports" / "02_fern.html")
    assert page.h1.get_text() == "The fern"
    assert "6" in page.article.get_text()
    assert "broadsheet build 02_fern" in page.footer.get_text()
    assert "2 reports" in soup(built / "reports" / "status.html").get_text()
    again = command(library, built, "build")
    assert (again.returncode, again.stderr) == (0, "2 reports fresh; nothing to do\n")
    status = command(library, built.parent, "status", "--folder", str(built))
    assert [line.split() for line in status.stdout.splitlines()[1:]] == [
        ["01_moss", "fresh", "fresh"],
        ["02_fern", "fresh", "fresh"],
    ]


@pytest.mark.slow
def test_a_sweep_and_a_published_copy_need_no_project(home, library):
    done = command(library, home, "sweep", "moss", "--grid", "leaves=1,2")
    assert done.returncode == 2  # a name is a number or a stem
    assert command(library, home, "sweep", "01", "--grid", "leaves=1,2").returncode == 0
    assert len(list(home.glob("exploration/*/*/01_moss.html"))) == 2
    assert command(library, home, "site", "--url", "https://example.com").returncode == 0
    assert (home / "site" / "02_fern.html").is_file()


def test_a_folder_without_a_site_map_is_named(library, tmp_path):
    done = command(library, tmp_path, "build")
    assert done.returncode == 2
    assert re.fullmatch(r"broadsheet: .*collection.yaml is missing; .*\n", done.stderr)


def test_a_missing_notebook_is_named_and_the_other_is_built(home, library):
    (home / "01_moss.ipynb").unlink()
    done = command(library, home, "build", "--force")
    assert done.returncode == 1
    assert "01_moss, but there is no such notebook" in done.stderr.splitlines()[0]
    assert "Traceback" not in done.stderr
    assert "02_fern ok" in done.stderr


def with_project(home, function):
    (home / "herbarium.py").write_text(PROJECT.replace("FUNCTION", function))
    path = home / "collection.yaml"
    path.write_text(f"project: herbarium:project\n{MAP}")


@pytest.mark.parametrize(
    "function",
    [
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("environment", "tables")),
        pytest.param("ready", marks=pytest.mark.slow),
        "compose",
    ],
)
def test_a_function_that_raises_is_named_and_the_pages_are_built(home, library, function):
    with_project(home, function)
    done = command(library, home, "build")
    assert done.returncode == 1
    line = f"press: {function}() of the project failed: ValueError: on purpose"
    assert done.stderr.splitlines().count(line) == 1
    assert "Traceback" not in done.stderr
    assert soup(home / "reports" / "01_moss.html").select_one(".banner.failed") is None
    assert len(soup(home / "reports" / "index.html").select("li a")) == 2


@pytest.mark.slow
def test_an_article_that_raises_is_on_the_page_of_each_report(home, library):
    with_project(home, "article")
    done = command(library, home, "build")
    assert done.returncode == 1
    banner = soup(home / "reports" / "01_moss.html").select_one(".banner.failed")
    assert "article() of the project failed: ValueError: on purpose" in banner.get_text()
    assert (home / "reports" / "index.html").is_file()


@pytest.mark.parametrize(
    ("function", "line"),
    [
        ("files", ["site"]),
        ("compare", ["diff", "reports", "reports"]),
        ("choices", ["build", "--set", "leaves=4"]),
    ],
)
def test_a_function_that_raises_before_anything_is_done_is_one_line(home, library, function, line):
    if function == "choices":
        path = home / "01_moss.ipynb"
        path.write_text(path.read_text().replace("[1..9]", "[one of leaves]"))
    with_project(home, function)
    done = command(library, home, *line)
    assert done.returncode == 1
    told = f"press: {function}() of the project failed: ValueError: on purpose"
    assert told in done.stderr.splitlines()[-1].replace("broadsheet:", "press:")
    assert "Traceback" not in done.stderr


def test_the_engine_says_nothing_of_any_collection():
    words = re.compile(r"frontier|\bclaims?\b|verdict|\btiers?\b|inference|scorecard", re.I)
    found = []
    for folder in (ENGINE, Path(__file__).parent):
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".py", ".j2", ".css", ".json", ".md") and path != Path(__file__):
                text = path.read_text(encoding="utf-8")
                found += [f"{path.name}: {one[0]}" for one in words.finditer(text)]
    assert found == []
