"""The workflow that refreshes the data: what it runs is there, and it may do only what it must."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "refresh.yml").read_text())
READS, WRITES = FLOW["jobs"]["refresh"], FLOW["jobs"]["propose"]


def scripts(job):
    return [step["run"] for step in job["steps"] if "run" in step]


def commands():
    lines = "\n".join(scripts(READS)).splitlines()
    found = [re.search(r"\.venv/bin/frontier ([^;>|]+)", line) for line in lines]
    return [match[1].split() for match in found if match]


def exists(*words):
    """Return whether the command line knows such a command."""
    command = [sys.executable, "-m", "frontier.cli", *words, "--help"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_every_command_of_the_workflow_is_one_of_the_command_line():
    assert ["moved"] in commands() and ["data", "refresh"] in commands()
    assert [words for words in commands() if not exists(*words)] == []
    assert not exists("data", "verily") and not exists("mooved")


def test_every_target_and_script_of_the_workflow_is_there():
    text = "\n".join(scripts(READS))
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^make (\S+)$", text, flags=re.M)
    assert targets and all(f"\n{target}:" in makefile for target in targets)
    assert ".ci/run" in text and os.access(ROOT / ".ci" / "run", os.X_OK)


def test_only_the_job_that_runs_no_code_of_the_repository_may_write():
    assert FLOW["permissions"] == {"contents": "read"}
    assert "permissions" not in READS
    assert READS["steps"][0]["with"] == {"persist-credentials": False}
    assert WRITES["permissions"] == {"contents": "write", "pull-requests": "write"}
    for script in scripts(WRITES):
        words = set(re.findall(r"[\w./-]+", script))
        assert not words & {"make", "python", "python3", "pip", "sh", "bash", ".ci/run"}
        assert "frontier" not in script and "source" not in words


def test_no_text_of_the_data_is_put_into_a_script():
    for job in FLOW["jobs"].values():
        assert all("${{" not in script for script in scripts(job))
    # What reaches the writing job is an outcome, a flag, and files.
    assert WRITES["if"] == "needs.refresh.outputs.moved == 'true'"
    assert set(WRITES["steps"][-1]["env"]) == {"GH_TOKEN", "TESTED"}


def test_one_refresh_runs_at_a_time_weekly_or_on_demand_and_actions_are_pinned():
    assert FLOW["concurrency"]["group"] == "refresh"
    on = FLOW[True]  # YAML reads the key `on` so
    assert set(on) == {"schedule", "workflow_dispatch"}
    assert on["schedule"][0]["cron"].split()[2:] == ["*", "*", "2"]
    steps = [step for job in FLOW["jobs"].values() for step in job["steps"]]
    assert all(re.search(r"@v\d+$", step["uses"]) for step in steps if "uses" in step)


def run(script, folder, **env):
    return subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=folder,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=True,
    )


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_the_patch_that_is_proposed_holds_data_and_reports_and_nothing_else(tmp_path):
    place, script = tmp_path / "here", scripts(READS)[-2]
    for name in ("data/a.csv", "reports/data/b.csv", "reports/verdicts.json", "lib/code.py"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text("old\n")
    tool = place / ".venv" / "bin" / "frontier"
    tool.parent.mkdir(parents=True)
    tool.write_text("#!/bin/sh\necho differs\n")
    tool.chmod(0o755)
    (place / ".gitignore").write_text(".venv/\n")
    env = {"HOME": str(tmp_path), "GITHUB_WORKSPACE": str(place)}
    commit = "git -c user.name=a -c user.email=a@b commit -qm first"
    run(f"git init -q -b main && git add -A && {commit}", place, **env)
    quiet, moved = tmp_path / "quiet", tmp_path / "moved"
    run(script, place, **env, GITHUB_OUTPUT=str(quiet))
    assert not quiet.exists() or quiet.read_text() == ""
    shutil.rmtree(place / "before")
    for name in ("data/a.csv", "data/new.csv", "reports/data/b.csv", "lib/code.py"):
        (place / name).write_text("new\n")
    run(script, place, **env, GITHUB_OUTPUT=str(moved))
    assert moved.read_text() == "moved=true\n"
    patch = (place / "proposal" / "refresh.patch").read_text()
    names = set(re.findall(r"^\+\+\+ b/(.*)$", patch, flags=re.M))
    assert names == {"data/a.csv", "data/new.csv", "reports/data/b.csv"}
    assert (place / "proposal" / "diff.txt").read_text() == "differs\n"
