"""The documents in docs/ say what is so: links lead somewhere, and steps are run."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXTEND = (ROOT / "docs" / "extend.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.md")), ids=lambda p: p.name)
def test_links_between_documents_lead_somewhere(path):
    text = path.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    assert [link for link in links if not (path.parent / link).exists()] == []


def sections():
    """The blocks of code of each section of the document on extending, in order."""
    found = {}
    for part in EXTEND.split("\n## ")[1:]:
        blocks = re.findall(r"```(sh|python)\n(.*?)```", part, flags=re.S)
        if blocks:
            found[part.splitlines()[0]] = blocks
    return found


@pytest.mark.slow
@pytest.mark.parametrize("section", sections())
def test_the_steps_of_a_section_work_as_they_stand_there(section, tmp_path):
    for name in ("data", "lib"):
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    commands = tmp_path / ".venv" / "bin"
    commands.mkdir(parents=True)
    for name, more in (("python", ""), ("frontier", "-m frontier.cli ")):
        script = commands / name
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {more}"$@"\n')
        script.chmod(0o755)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path / "lib")}
    for kind, block in sections()[section]:
        command = ["bash", "-euc"] if kind == "sh" else [sys.executable, "-c"]
        done = subprocess.run(
            [*command, block], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
    # The copy was extended, and not the project.
    assert "x900" not in (ROOT / "data" / "accelerators.csv").read_text()
    assert not (ROOT / "data" / "my_points.csv").exists()


def test_every_section_that_has_steps_is_run():
    assert list(sections()) == ["An accelerator", "A model", "A source"]
