"""What this collection adds to the engine, as the engine finds it."""

import subprocess
import sys

import pytest

from broadsheet import collection, run, warm
from broadsheet.task import Options, Task
from frontier.data import paths


def test_finding_the_project_imports_nothing_heavy():
    program = (
        "import sys\nfrom pathlib import Path\nfrom broadsheet import collection\n"
        "site = collection.read(Path('notebooks'))\nassert site.project.name == 'frontier'\n"
        "print({'numpy', 'pandas', 'matplotlib', 'jinja2', 'jsonschema'} & set(sys.modules))"
    )
    options = {"capture_output": True, "text": True, "cwd": paths.root()}
    assert subprocess.run([sys.executable, "-c", program], **options).stdout == "set()\n"


@pytest.mark.slow
def test_every_cell_of_a_report_has_the_same_outputs_warm_and_cold(tmp_path):
    site = collection.read(paths.notebooks())
    (entry,) = site.select(["07"])
    made = []
    for cold in (True, False):
        folder = tmp_path / str(cold)
        folder.mkdir()
        more = site.project.environment(paths.root())
        task = Task(site, entry, options=Options(cold=cold), environment=more)
        made.append(run.execute(task, folder=folder))
    warm.close()
    assert [one.kernel for one in made] == ["cold", "warm"]
    assert made[0].failure is None
    assert made[0].reads == made[1].reads
    assert "data/serving_fit.csv" in made[0].reads
    cells = [[cell.get("outputs", ()) for cell in one.notebook.cells] for one in made]
    for number, (one, other) in enumerate(zip(*cells, strict=True)):
        assert one == other, number
