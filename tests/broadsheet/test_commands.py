"""papermill's and nbconvert's own commands on the notebooks of a collection."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

import synthetic
from synthetic import code, markdown

BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A notebook run by papermill in a folder of its own, with a parameter."""
    home = tmp_path_factory.mktemp("collection")
    at = synthetic.parameters("at: float = 1.0  # where")
    cells = [markdown("# One"), at, code("import os; print(at * 2, os.getcwd())")]
    synthetic.write(home, {"01_one": cells})
    folder = tmp_path_factory.mktemp("elsewhere")
    path = str(home / "notebooks" / "01_one.ipynb")
    for engine in ([], ["--engine", "broadsheet"]):
        name = "engine.ipynb" if engine else "plain.ipynb"
        kernel = ["-k", "python3", "-l", "python", "--no-progress-bar"]
        run(folder, "papermill", path, name, "-p", "at", "4", *kernel, *engine)
    return folder


def run(folder, command, *line):
    done = subprocess.run(
        [BIN / command, *line],
        cwd=folder,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def printed(path):
    return nbformat.read(path, as_version=4).cells[-1].outputs[0].text


def test_papermill_runs_a_notebook_from_any_folder_with_and_without_the_engine(ran):
    assert printed(ran / "plain.ipynb") == f"8 {ran}\n"
    assert printed(ran / "engine.ipynb") == printed(ran / "plain.ipynb")


def test_nbconvert_makes_a_page_by_its_own_exporter_and_by_the_registered_one(ran):
    for name, to in (("plain", "html"), ("engine", "broadsheet")):
        run(ran, "jupyter-nbconvert", "--to", to, f"{name}.ipynb")
        soup = BeautifulSoup((ran / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
        assert soup.h1.get_text().startswith("One")
        assert f"8 {ran}" in soup.get_text()
    assert "how this page was made" in soup.footer.get_text().lower()
