"""The commands that everybody knows, on a report of this collection, from any folder."""

import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent
REPORT = Path(__file__).parents[2] / "notebooks" / "03_blackwell_advantage.ipynb"


@pytest.mark.slow
def test_papermill_and_nbconvert_make_a_report_from_any_folder(tmp_path):
    papermill = [BIN / "papermill", str(REPORT), "out.ipynb", "-p", "numerator", "b200"]
    nbconvert = [BIN / "jupyter-nbconvert", "--to", "html", "out.ipynb"]
    for command in (papermill, nbconvert):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert "B200" in (tmp_path / "out.html").read_text(encoding="utf-8")
