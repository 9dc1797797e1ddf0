"""papermill's, nbconvert's and the engine's own commands on the notebooks of a collection."""

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


@pytest.mark.slow
def test_papermill_runs_a_notebook_from_any_folder_with_and_without_the_engine(ran):
    assert printed(ran / "plain.ipynb") == f"8 {ran}\n"
    assert printed(ran / "engine.ipynb") == printed(ran / "plain.ipynb")


@pytest.mark.slow
def test_nbconvert_makes_a_page_by_its_own_exporter_and_by_the_registered_one(ran):
    for name, to in (("plain", "html"), ("engine", "broadsheet")):
        run(ran, "jupyter-nbconvert", "--to", to, f"{name}.ipynb")
        soup = BeautifulSoup((ran / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
        assert soup.h1.get_text().startswith("One")
        assert f"8 {ran}" in soup.get_text()
    assert "how this page was made" in soup.footer.get_text().lower()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437", "cp932", "utf-8"])
def test_every_encoding_of_a_terminal_can_say_what_there_is(tmp_path, encoding):
    at = synthetic.parameters("at: float = 1.0  # wo, in \u20ac \u2192 \u00e9")
    home = synthetic.write(tmp_path, {"01_one": [at]})
    env = {**os.environ, "PYTHONPATH": str(Path(synthetic.__file__).parent)}
    done = subprocess.run(
        [sys.executable, "-m", "broadsheet", "params", "01", "--folder", home / "notebooks"],
        env={**env, "PYTHONIOENCODING": encoding},
        capture_output=True,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert "wo, in" in done.stdout.decode(encoding)


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["-OO"]])
def test_the_command_works_without_docstrings_and_names_what_is_no_text(tmp_path, options):
    synthetic.write(tmp_path, {"01_one": [code("print(1)")]}, project="")
    line = [sys.executable, *options, "-m", "broadsheet"]
    folder = ["--folder", str(tmp_path / "notebooks")]
    done = subprocess.run([*line, "build", *folder], capture_output=True, text=True)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert subprocess.run([*line, "--help"], capture_output=True).returncode == 0
    for wrong in (b"0\xff", b"--set=at=\xff", b"--out=\xff"):
        done = subprocess.run([*line, "build", wrong, *folder], capture_output=True)
        assert done.returncode == 2
        assert done.stderr.count(b"\n") == 1 and b"is not UTF-8" in done.stderr
