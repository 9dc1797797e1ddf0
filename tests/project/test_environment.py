"""pyproject.toml, the locks and environment.yml say the same, and name no index."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-explore.lock")
FIT = "requirements-fit.lock"
CLUSTER = "requirements-cluster.lock"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def required(*extras):
    lines = PROJECT["dependencies"] + [
        line for extra in extras for line in PROJECT["optional-dependencies"][extra]
    ]
    return {canonicalize_name(Requirement(line).name): Requirement(line) for line in lines}


def locked(name):
    """Version per package; the pin for Python 3.11 where there are several."""
    pins = {}
    for line in (ROOT / name).read_text().splitlines():
        if pin := re.match(r"([\w.\[\]-]+)==([^ ;\\]+)(?: ; ([^\\]+))?", line):
            package, version, marker = pin.groups()
            if not marker or Requirement(f"x; {marker}").marker.evaluate(
                {"python_full_version": "3.11.9", "python_version": "3.11"}
            ):
                pins[canonicalize_name(package)] = version
    return pins


def conda():
    """Version per package of environment.yml, conda's and pip's."""
    entries = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    pip = next(entry["pip"] for entry in entries if isinstance(entry, dict))
    lines = [e for e in entries if isinstance(e, str) and e != "pip"]
    lines += [line for line in pip if not line.startswith("-e")]
    pairs = [re.split(r"=+", line) for line in lines]
    return {canonicalize_name(name): version for name, version in pairs}


@pytest.mark.parametrize("name", [*LOCKS, FIT, CLUSTER])
def test_a_lock_names_no_index_and_no_address(name):
    text = (ROOT / name).read_text()
    assert "://" not in text
    assert "index" not in text


@pytest.mark.parametrize("name", [*LOCKS, FIT, CLUSTER])
def test_every_pin_of_a_lock_has_a_hash(name):
    blocks = re.split(r"\n(?=\S)", (ROOT / name).read_text().strip())
    assert len(blocks) > {FIT: 1, CLUSTER: 10}.get(name, 50)
    assert [b.splitlines()[0] for b in blocks if "--hash=sha256:" not in b] == []


@pytest.mark.parametrize(
    ("name", "extras"), [(LOCKS[0], ["test"]), (LOCKS[1], ["test", "explore"])]
)
def test_a_lock_holds_what_the_project_requires_in_a_version_it_allows(name, extras):
    pins = locked(name)
    wanted = required(*extras)
    assert set(wanted) - set(pins) == set()
    assert [p for p, r in wanted.items() if pins[p] not in r.specifier] == []


def test_the_batch_lock_does_without_jupyterlab_and_its_controls():
    assert not {"jupyterlab", "ipywidgets"} & set(locked(LOCKS[0]))
    assert {"jupyterlab", "ipywidgets", "jupyterlab-widgets"} <= set(locked(LOCKS[1]))


def test_the_two_locks_pin_the_same_versions():
    batch, explore = map(locked, LOCKS)
    assert {p: explore.get(p) for p in batch} == batch


def test_dask_is_locked_for_clusters_and_agrees_with_the_environment_it_lies_beside():
    cluster, batch = locked(CLUSTER), locked(LOCKS[0])
    assert cluster["distributed"] in required("cluster")["distributed"].specifier
    assert [name for name in LOCKS if "distributed" in locked(name)] == []
    shared = cluster.keys() & batch.keys()
    assert {name: cluster[name] for name in shared} == {name: batch[name] for name in shared}


def test_environment_yml_is_the_same_environment():
    versions = conda()
    python = versions.pop("python")
    assert python in Requirement(f"python{PROJECT['requires-python']}").specifier
    assert versions == {p: locked(LOCKS[1])[p] for p in required("test", "explore")}


def test_the_packages_of_the_design_card_are_required():
    assert {"jupyterlab", "papermill", "pandas", "seaborn", "nbconvert"} <= set(required("explore"))


def test_scipy_is_locked_for_fitting_and_in_no_environment_that_starts_kernels():
    assert locked(FIT)["scipy"] in required("fit")["scipy"].specifier
    assert locked(FIT)["coopgt"] in required("oracle")["coopgt"].specifier
    assert [name for name in LOCKS if {"scipy", "coopgt"} & set(locked(name))] == []
