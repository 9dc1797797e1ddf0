"""Dockerfile, devcontainer and Binder install the lock, and start what is there.

No container engine is needed: their files are read, and what they would run is looked up.
"""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
BINDER = ROOT / ".binder"
DOCKERFILE = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
CONTAINER = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())


def instruction(name):
    """What the last instruction of a name says."""
    return re.findall(rf"^{name} (.+)$", DOCKERFILE, flags=re.M)[-1]


def test_every_place_has_the_python_of_environment_yml():
    python = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"][0]
    versions = {re.search(r"python:([\d.]+)-", instruction("ARG"))[1]}
    versions |= {(BINDER / "runtime.txt").read_text().strip().removeprefix("python-")}
    assert {f"python={version}" for version in versions} == {python}


def test_nothing_is_installed_that_is_not_pinned_by_a_hash():
    text = DOCKERFILE + (BINDER / "postBuild").read_text() + CONTAINER["postCreateCommand"]
    installs = [line.split("--quiet ")[1] for line in re.findall(r"pip install [^\n&]+\.\w*", text)]
    own = "--no-deps --no-build-isolation -e ."  # what it requires is there already
    assert sorted(installs) == ["--compile --require-hashes -r requirements.lock", *[own] * 3]
    assert not re.search(r"\b(apt|curl|wget|conda|npm)\b", text)
    lines = (BINDER / "requirements.txt").read_text().splitlines()
    assert lines[-2:] == ["--require-hashes", "-r ../requirements.lock"]


def test_the_image_runs_as_a_user_without_rights_and_the_devcontainer_as_the_same():
    assert instruction("USER") == CONTAINER["remoteUser"] == "frontier"
    # Only the user and its folders are made before it is taken on.
    before = DOCKERFILE.split("\nUSER ")[0]
    assert re.findall(r"^RUN (\w+)", before, flags=re.M) == ["useradd"]
    dockerfile = ROOT / ".devcontainer" / CONTAINER["build"]["dockerfile"]
    assert dockerfile.resolve() == ROOT / "Dockerfile"


def test_the_image_builds_the_site_into_a_folder_of_its_volume():
    # A mount point cannot be renamed, so that the site has to be a folder in it.
    *words, out = json.loads(instruction("CMD"))
    assert json.loads(instruction("ENTRYPOINT")) + words == ["frontier", "build", "--out"]
    assert Path(out).parent == Path(instruction("VOLUME"))


def test_binder_opens_jupyterlab_on_a_report_that_is_there():
    settings = json.loads((BINDER / "jupyter_server_config.json").read_text())
    # The application that is started decides which of the two is read.
    (place,) = {settings[name]["default_url"] for name in ("ServerApp", "LabApp")}
    assert (ROOT / place.removeprefix("/lab/tree/")).is_file()


def test_binders_script_can_be_run():
    assert (BINDER / "postBuild").stat().st_mode & 0o111
    subprocess.run(["bash", "-n", str(BINDER / "postBuild")], check=True)


def ignored():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    return {line.strip("/").removeprefix("**/") for line in lines if line and line[0] != "#"}


def test_what_git_does_not_keep_gets_into_no_image():
    names = {line.strip("/") for line in (ROOT / ".gitignore").read_text().split()}
    assert {name for name in names if not name.startswith("reports/")} | {".git"} <= ignored()


@pytest.mark.parametrize("name", ["data", "lib", "notebooks", "schema", "pyproject.toml"])
def test_what_a_build_needs_gets_into_the_image(name):
    assert (ROOT / name).exists() and name not in ignored()
