"""pyproject.toml, the one lock and environment.yml say the same."""

import re
import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def required():
    lines = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"]
    return {canonicalize_name(Requirement(line).name): Requirement(line) for line in lines}


def locked():
    """Version per package; the pin for Python 3.11 where there are several."""
    pins = {}
    for line in re.findall(r"^\S+==[^\\\n]+", LOCK, re.M):
        pin = Requirement(line)
        python = {"python_full_version": "3.11.9", "python_version": "3.11"}
        if not pin.marker or pin.marker.evaluate(python):
            pins[canonicalize_name(pin.name)] = next(iter(pin.specifier)).version
    return pins


def conda():
    """Version per package of environment.yml, conda's and pip's."""
    entries = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    *own, last = entries
    pairs = [re.split("=+", line) for line in own + last["pip"] if line not in ("pip", "-e .")]
    return {canonicalize_name(name): version for name, version in pairs}


def test_every_pin_of_the_lock_has_a_hash():
    blocks = re.split(r"\n(?=\S)", LOCK.strip())
    assert [b.splitlines()[0] for b in blocks if "--hash=sha256:" not in b] == []


def test_the_lock_holds_what_the_project_requires_in_a_version_it_allows():
    pins = locked()
    asked = required().items()
    wrong = {n: pins.get(n) for n, r in asked if pins.get(n, "0") not in r.specifier}
    assert wrong == {}


def test_environment_yml_is_the_same_environment():
    versions, pins = conda(), locked()
    assert versions.pop("python") in Requirement(f"x{PROJECT['requires-python']}").specifier
    assert versions == {name: pins[name] for name in required()}
