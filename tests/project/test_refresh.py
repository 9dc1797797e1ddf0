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


def test_one_refresh_runs_at_a_time_weekly_or_on_demand():
    assert FLOW["concurrency"]["group"] == "refresh"
    on = FLOW[True]  # YAML reads the key `on` so
    assert set(on) == {"schedule", "workflow_dispatch"}
    assert on["schedule"][0]["cron"].split()[2:] == ["*", "*", "2"]


def test_every_action_of_every_workflow_is_pinned_by_the_commit_of_a_named_release():
    uses = [
        line
        for flow in (ROOT / ".github" / "workflows").glob("*.yml")
        for line in re.findall(r"uses: (.*)", flow.read_text())
    ]
    pinned = [re.fullmatch(r"(\S+)@([0-9a-f]{40}) # v[\d.]+", line) for line in uses]
    assert uses and all(pinned)
    assert len({match[2] for match in pinned}) == len({match[1] for match in pinned})


def run(script, folder, **env):
    return subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=folder,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=True,
    )


PROPOSED = [*scripts(WRITES)][-1]
AS_SOMEBODY = "git -c user.name=a -c user.email=a@b"


@pytest.fixture
def proposing(tmp_path):
    """Propose a change made by a shell script; give what came of it and what the branch has."""
    origin, here = tmp_path / "origin", tmp_path / "here"
    tools, env = tmp_path / "tools", {"HOME": str(tmp_path), "TESTED": "success", "GH_TOKEN": "x"}
    tools.mkdir()
    (tools / "gh").write_text("#!/bin/sh\n")
    (tools / "gh").chmod(0o755)
    env["PATH"] = f"{tools}:{os.environ['PATH']}"
    for name in ("data/a.csv", "data/make/get.py", "reports/b.html", "lib/code.py"):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text("".join(f"line {n} of {name}\n" for n in range(9)))
    run(
        f"git init -q --bare {origin} && git init -q -b main && git remote add origin {origin} && "
        f"git add -A && {AS_SOMEBODY} commit -qm first",
        here,
        **env,
    )

    def call(change):
        run(
            f"{change}\ngit add -A && mkdir proposal && touch proposal/diff.txt && "
            "git diff --cached --binary > proposal/refresh.patch && git reset -q --hard",
            here,
            **env,
        )
        done = subprocess.run(
            ["bash", "-e", "-c", PROPOSED],
            cwd=here,
            env={**os.environ, **env},
            capture_output=True,
            text=True,
        )
        show = "git ls-tree -r --name-only refresh 2>/dev/null || true"
        return done, run(show, origin, **env).stdout.split()

    return call


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
@pytest.mark.parametrize(
    "change",
    [
        "git mv lib/code.py data/code.csv",
        "ln -s /etc/passwd data/link.csv",
        "rm data/a.csv && ln -s ../lib/code.py data/a.csv",
        "chmod +x data/a.csv && echo more >> data/a.csv",
        "echo more >> data/make/get.py",
        "git rm -q data/make/get.py",
    ],
)
def test_what_is_no_table_or_page_is_not_proposed(proposing, change):
    done, names = proposing(f"{change}\necho new >> reports/b.html")
    if done.returncode == 0:  # what is not of data/ or reports/ was left out
        assert {"lib/code.py", "data/make/get.py"} <= set(names)
        assert "data/code.csv" not in names and "data/link.csv" not in names
        assert "not proposed" not in done.stdout
    else:
        assert "not proposed" in done.stdout + done.stderr
        assert names == []
    assert not change.startswith(("ln", "rm", "chmod")) or done.returncode != 0


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_tables_and_pages_are_proposed_and_a_new_one_with_them(proposing):
    change = (
        "echo more >> data/a.csv; echo 1 > data/new.csv; rm reports/b.html; echo x >> lib/code.py"
    )
    done, names = proposing(change)
    assert done.returncode == 0, done.stderr
    assert set(names) == {"data/a.csv", "data/make/get.py", "data/new.csv", "lib/code.py"}


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
