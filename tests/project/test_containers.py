"""Dockerfile, devcontainer and Binder say what pyproject.toml and the locks say.

No container engine is needed: what they contain is read, and what they would run is looked up.
"""

import ast
import fnmatch
import itertools
import json
import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

import commands

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
BINDER = ROOT / ".binder"
FILES = [
    "Dockerfile",
    ".dockerignore",
    ".devcontainer/devcontainer.json",
    *(f".binder/{p.name}" for p in sorted(BINDER.iterdir())),
]


def instructions(text):
    """The instructions of a Dockerfile as (name, rest), lines joined, comments left out."""
    lines = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", text, flags=re.M)).splitlines()
    return [tuple(line.split(" ", 1)) for line in lines if line.strip()]


DOCKERFILE = instructions((ROOT / "Dockerfile").read_text())


def stage(name):
    """The instructions of one stage."""
    starts = [i for i, (kind, _) in enumerate(DOCKERFILE) if kind == "FROM"] + [len(DOCKERFILE)]
    for start, end in itertools.pairwise(starts):
        if DOCKERFILE[start][1].endswith(f" AS {name}"):
            return DOCKERFILE[start:end]
    raise AssertionError(f"no stage {name}")


def shell_commands():
    """Every command line that an image, the devcontainer or Binder would run."""
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    lines = [rest for kind, rest in DOCKERFILE if kind == "RUN"]
    lines += [container["postCreateCommand"]]
    lines += [
        line
        for line in (BINDER / "postBuild").read_text().splitlines()
        if line[:1] not in ("#", "")
    ]
    return [part.strip() for line in lines for part in line.split("&&")]


def pip_installs():
    return [shlex.split(line) for line in shell_commands() if "pip install" in line]


def conda_python():
    entries = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    return next(e for e in entries if isinstance(e, str) and e.startswith("python=")).split("=")[1]


@pytest.mark.parametrize("name", FILES)
def test_no_file_names_an_index_a_registry_or_a_path_of_a_machine(name):
    text = (ROOT / name).read_text()
    assert not re.search(r"https?://|index-url|find-links|trusted-host", text)
    images = re.findall(r"^ARG \w+_IMAGE=(\S+)", text, flags=re.M)
    assert [image for image in images if "/" in image] == []


def test_every_place_has_the_same_python_and_it_is_one_that_the_project_allows():
    tags = [rest for kind, rest in DOCKERFILE if kind == "ARG"]
    versions = {re.search(r"=python:(\d+\.\d+)-", tag)[1] for tag in tags}
    versions |= {(BINDER / "runtime.txt").read_text().strip().removeprefix("python-")}
    assert versions == {conda_python()}
    assert versions.pop() in Requirement(f"python{PROJECT['requires-python']}").specifier


def test_nothing_is_installed_that_is_not_pinned_by_a_hash():
    installs = pip_installs()
    assert len(installs) == 5
    for words in installs:
        wanted = [w for w in words[words.index("install") + 1 :] if w != "--quiet"]
        if "-e" in wanted:  # the project itself, whose own requirements are there already
            assert wanted == ["--no-deps", "--no-build-isolation", "-e", "."]
        else:
            lock = Path(wanted[wanted.index("-r") + 1]).name
            assert wanted[:3] == ["--compile", "--require-hashes", "-r"]
            assert (ROOT / lock).is_file()
            assert "--hash=sha256:" in (ROOT / lock).read_text()
    assert [line for line in shell_commands() if re.search(r"apt|curl|wget|conda|npm", line)] == []


def test_the_steps_are_those_of_the_makefile():
    recipe = (ROOT / "Makefile").read_text()
    for words in pip_installs():
        own = [w for w in words[words.index("install") + 1 :] if w.startswith("-") and w != "-r"]
        assert any(
            set(own) <= set(line.split()) for line in recipe.splitlines() if "pip install" in line
        ), words


def test_binder_installs_the_lock_of_jupyterlab_with_hashes():
    lines = [
        line
        for line in (BINDER / "requirements.txt").read_text().splitlines()
        if not line.startswith("#")
    ]
    assert lines == ["--require-hashes", "-r ../requirements-explore.lock"]
    assert re.search(r"^jupyterlab==", (ROOT / "requirements-explore.lock").read_text(), re.M)


def test_binder_opens_jupyterlab_on_a_report_that_is_there():
    settings = json.loads((BINDER / "jupyter_server_config.json").read_text())
    # The application that is started decides which of the two is read.
    assert set(settings) == {"ServerApp", "LabApp"}
    place = settings["ServerApp"]["default_url"]
    assert settings["LabApp"]["default_url"] == place
    assert place.startswith("/lab/tree/")
    assert (ROOT / place.removeprefix("/lab/tree/")).is_file()


def test_post_build_is_a_script_that_can_be_run():
    script = BINDER / "postBuild"
    assert script.stat().st_mode & 0o111
    assert script.read_text().startswith("#!/bin/bash\n")
    subprocess.run(["bash", "-n", str(script)], check=True)
    for line in shell_commands():
        if code := re.search(r"python -c '([^']+)'", line):
            ast.parse(code[1])


@pytest.mark.parametrize("name", ["batch", "explore"])
def test_an_image_runs_as_a_user_without_rights(name):
    kinds = [kind for kind, _ in stage(name)]
    users = [rest for kind, rest in stage(name) if kind == "USER"]
    assert users == ["frontier"]
    # Nothing but making the user happens before it is taken on.
    before = [rest for kind, rest in stage(name)[: kinds.index("USER")] if kind == "RUN"]
    assert all(re.match(r"useradd .* frontier *&& install --directory", rest) for rest in before)


def test_the_last_stage_is_the_batch_image_and_builds_the_site_into_its_volume():
    last = [rest for kind, rest in DOCKERFILE if kind == "FROM"][-1]
    assert last.endswith(" AS batch")
    named = dict(stage("batch"))
    entry, command = json.loads(named["ENTRYPOINT"]), json.loads(named["CMD"])
    assert entry == ["frontier"] and entry[0] in PROJECT["scripts"]
    found, values = commands.parsed(command)
    assert found.name == "build"
    # A mount point cannot be renamed, so that the site has to be a folder in it.
    assert values["out"].parent == Path(named["VOLUME"])
    copied = [rest for kind, rest in stage("batch") if kind == "COPY"]
    assert copied == ["requirements.lock ./", "--chown=frontier . ."]


def test_the_devcontainer_is_the_stage_of_jupyterlab_and_its_user():
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    build = container["build"]
    assert (ROOT / ".devcontainer" / build["dockerfile"]).resolve() == ROOT / "Dockerfile"
    named = dict(stage(build["target"]))
    assert container["remoteUser"] == named["USER"]
    assert "requirements-explore.lock" in named["COPY"]
    interpreter = container["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"]
    assert named["ENV"].startswith(f"PATH={Path(interpreter).parent}:")


def ignored():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    return [line.strip("/").removeprefix("**/") for line in lines if line and line[0] != "#"]


def test_what_git_does_not_keep_gets_into_no_image():
    for line in (ROOT / ".gitignore").read_text().split():
        name = line.strip("/")
        assert name.startswith("reports/") or name in ignored(), name
    assert ".git" in ignored()


def test_what_an_image_needs_is_not_ignored():
    needed = [
        *("pyproject.toml", "README.md", "LICENSE", "NOTICE", "requirements.lock"),
        *("requirements-explore.lock", "lib/frontier", "data", "notebooks", "schema"),
    ]
    for name in needed:
        assert (ROOT / name).exists()
        assert not any(fnmatch.fnmatch(name.split("/")[0], pattern) for pattern in ignored()), name
