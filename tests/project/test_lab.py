"""Every report in a real JupyterLab, run as a person runs it."""

import json
import re

import pytest

import lab
from browser import chromium
from frontier import cli
from frontier.data import paths
from notebook_cells import cells, exhibit_names

pytestmark = pytest.mark.slow

STEMS = sorted(path.stem for path in paths.notebooks().glob("*.ipynb"))


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory):
    with lab.server(tmp_path_factory.mktemp("lab")) as address, chromium() as browser:
        yield address, browser


@pytest.fixture
def opened(jupyter):
    address, browser = jupyter
    notebooks = []

    def open_(stem):
        page = browser.new_page(viewport={"width": 1500, "height": 1300})
        notebooks.append(lab.Notebook(page, address, stem))
        return notebooks[-1]

    yield open_
    for notebook in notebooks:
        notebook.close()


@pytest.mark.parametrize("stem", STEMS)
def test_a_report_runs_from_top_to_bottom_in_another_folder(opened, stem):
    notebook = opened(stem)
    notebook.restart_and_run_all()
    assert notebook.errors == []
    code = [cell for cell in notebook.cells if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert set(exhibit_names(paths.notebooks() / f"{stem}.ipynb")) <= notebook.exhibits


def test_a_parameter_edited_badly_gives_the_line_of_a_build_and_edited_well_an_answer(
    opened, capsys, tmp_path
):
    notebook = opened("08_explorer")
    notebook.replace("speed: float = 50.0", "speed: float = 5000.0")
    notebook.restart_and_run_all()
    asked = ["build", "08", "--set", "speed=5000.0", "--out", str(tmp_path / "out")]
    assert cli.main(asked) == 2
    told = capsys.readouterr().err.strip().removeprefix("frontier: ")
    assert notebook.errors == [f"UsageError: {told}"]
    assert "\n" not in told
    notebook.replace("speed: float = 5000.0", "speed: float = 100")
    notebook.restart_and_run_all()
    assert notebook.errors == []
    assert "100 tok/s per user or faster" in json.dumps(notebook.outputs)


def test_a_change_in_a_cell_that_draws_shows_in_its_figure(opened):
    stem = "03_blackwell_advantage"
    sources = [cell.source for cell in cells(paths.notebooks() / f"{stem}.ipynb", "code")]
    labels = re.findall(r'xlabel="[^"]+"', "\n".join(sources))
    label = next(one for one in labels if sum(one in source for source in sources) == 1)
    notebook = opened(stem)
    notebook.replace(label, 'xlabel="A label of my own"')
    notebook.restart_and_run_all()
    assert notebook.errors == []
    shown = json.dumps(notebook.outputs)
    assert "A label of my own" in shown and label[8:-1] not in shown
