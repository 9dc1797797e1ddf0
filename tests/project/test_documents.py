"""The documents in docs/ say what is so: layers against imports, steps by running them."""

import ast
import graphlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree

import pytest

import frontier

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "lib" / "frontier"
BUILT = (ROOT / "docs" / "how-it-is-built.md").read_text(encoding="utf-8")
EXTEND = (ROOT / "docs" / "extend.md").read_text(encoding="utf-8")
SVG = "{http://www.w3.org/2000/svg}"

# Imports against the way, inside functions, each named in the document.
AGAINST = {("curves", "prompt"), ("parameters", "batch")}


def layers():
    """The modules of each layer, from the document's table, from the top."""
    rows = re.findall(r"^\| ([a-z ]+) \| ((?:`\w+` ?)+)\|", BUILT, flags=re.M)
    return {name: re.findall(r"`(\w+)`", modules) for name, modules in rows}


def module_of(path):
    first = path.relative_to(PACKAGE).with_suffix("").parts[0]
    return None if first == "__init__" else first


def imported(node):
    """The modules of the package that an import takes."""
    if isinstance(node, ast.Import):
        return [n.name.split(".")[1] for n in node.names if n.name.startswith("frontier.")]
    if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "frontier":
        parts = node.module.split(".")
        names = [parts[1]] if len(parts) > 1 else [n.name for n in node.names]
        return [name for name in names if name in frontier.MODULES]
    return []


def imports():
    """Every (importing, imported) of the package, with whether it is made at import."""
    found = defaultdict(bool)
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        first = set(map(id, tree.body))
        for node in ast.walk(tree):
            for name in imported(node):
                if module_of(path) not in (None, name):
                    found[module_of(path), name] |= id(node) in first
    return dict(found)


def test_every_module_stands_in_one_layer_of_the_document():
    named = [name for modules in layers().values() for name in modules]
    missing = set(frontier.MODULES) - set(named)
    assert not missing, f"give {missing} a layer in docs/how-it-is-built.md"
    assert sorted(named) == sorted(frontier.MODULES)


def test_every_layer_uses_only_itself_and_those_above():
    place = {name: i for i, modules in enumerate(layers().values()) for name in modules}
    wrong = {pair for pair in imports() if place[pair[1]] > place[pair[0]]}
    assert wrong == AGAINST
    assert not any(imports()[pair] for pair in AGAINST)
    for pair in AGAINST:
        assert f"(`{pair[0]}` asks `{pair[1]}`)" in BUILT


def test_no_two_modules_import_each_other_at_import():
    needs = defaultdict(set)
    for (one, other), first in imports().items():
        if first:
            needs[one].add(other)

    assert len(needs) > 20
    graphlib.TopologicalSorter(needs).prepare()  # raises CycleError, with the circle


def test_the_pages_know_nothing_of_inference():
    taken = {other for one, other in imports() if one == "batch"}
    assert taken <= {"errors", "folders", "links", "paths", "words"}


def test_an_import_against_the_way_is_seen():
    node = ast.parse("from frontier.claims import decide").body[0]
    assert imported(node) == ["claims"]
    assert imported(ast.parse("import frontier.claims").body[0]) == ["claims"]
    assert imported(ast.parse("from frontier import claims, MODULES").body[0]) == ["claims"]
    assert imported(ast.parse("import json").body[0]) == []


def test_the_diagram_has_the_layers_in_order_and_can_be_read_without_seeing_it():
    root = ElementTree.parse(ROOT / "docs" / "data-flow.svg").getroot()
    drawn = [text.text for text in root.iter(f"{SVG}text") if text.get("class") == "layer"]
    assert drawn == list(layers())
    heights = [float(t.get("y")) for t in root.iter(f"{SVG}text") if t.get("class") == "layer"]
    assert heights == sorted(heights)
    said = root.find(f"{SVG}desc").text
    assert root.get("role") == "img"
    assert set(root.get("aria-labelledby").split()) == {
        one.get("id") for one in root if one.get("id")
    }
    assert [said.index(name) for name in drawn] == sorted(said.index(name) for name in drawn)


def test_the_text_of_the_diagram_stays_inside_its_boxes():
    root = ElementTree.parse(ROOT / "docs" / "data-flow.svg").getroot()
    boxes = [
        tuple(float(r.get(k)) for k in ("x", "y", "width", "height"))
        for r in root.iter(f"{SVG}rect")
    ]
    for text in root.iter(f"{SVG}text"):
        x, y, width = float(text.get("x")), float(text.get("y")), 6.7 * len(text.text)
        assert any(
            left <= x and x + width <= left + wide and top < y < top + high
            for left, top, wide, high in boxes
        ), text.text


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
