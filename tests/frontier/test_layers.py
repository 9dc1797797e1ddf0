"""Each layer of the library imports only those before it, inside functions, too."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIB = ROOT / "lib"
BUILT = (ROOT / "docs" / "how-it-is-built.md").read_text(encoding="utf-8")
LAYERS = re.findall(r"^\| `(\w+)` \|", BUILT, flags=re.M)  # the document's table, from the top
OUTSIDERS = {"measurements": "data", "pareto": "curves"}  # modules that are another's name


def imported(text: str) -> set[str]:
    """The modules that a text of Python imports anywhere in it."""
    nodes = list(ast.walk(ast.parse(text)))
    plain = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    parts = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    return plain | {f"{node.module}.{name.name}" for node in parts for name in node.names}


def against(path: str, text: str) -> set[tuple[str, str]]:
    """The pairs (importing, imported) of a file of lib/ that are against the order."""
    package, here = path.removesuffix(".py").split("/")[:2]
    here, found = OUTSIDERS.get(here, here), set()
    for module in imported(text):
        there = [*module.split("."), ""][1]
        there = OUTSIDERS.get(there, there)
        if module.split(".")[0] != "frontier":
            continue
        if package == "broadsheet":
            found.add(("broadsheet", "frontier"))
        elif here in LAYERS and there in LAYERS:
            later = LAYERS.index(there) > LAYERS.index(here)
            apart = there == "sources" and here not in ("sources", "cli")
            found |= {(here, there)} if later or apart else set()
    return found


@pytest.mark.parametrize(
    ("path", "text", "pair"),
    [
        ("frontier/curves/x.py", "import frontier.figures", ("curves", "figures")),
        ("frontier/data/x.py", "def f():\n    from frontier import curves", ("data", "curves")),
        ("frontier/data/x.py", "from frontier.pareto import a", ("data", "curves")),
        ("frontier/site/x.py", "from frontier.sources.web import get", ("site", "sources")),
        ("frontier/errors.py", "from frontier.data import words", ("errors", "data")),
        ("broadsheet/x.py", "from frontier import __version__", ("broadsheet", "frontier")),
    ],
)
def test_an_import_against_the_order_is_seen(path, text, pair):
    assert against(path, text) == {pair}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("frontier/cli.py", "from frontier import sources\nimport frontier.site.rows, json"),
        ("frontier/curves/x.py", "from frontier.curves.y import z\nfrom frontier import errors"),
        ("frontier/data/x.py", "from broadsheet import folders\nfrom frontier import __version__"),
        ("broadsheet/x.py", "from broadsheet.errors import UsageError\nimport pandas"),
    ],
)
def test_an_import_in_the_order_is_fine(path, text):
    assert against(path, text) == set()


def test_each_layer_imports_only_those_before_it():
    files = {path.relative_to(LIB).as_posix(): path for path in LIB.rglob("*.py")}
    del files["frontier/__init__.py"]  # it loads every layer on first use
    assert LAYERS[0] == "errors" and LAYERS[-1] == "cli"
    rooms = {name.removesuffix(".py").split("/")[1] for name in files if name[0] == "f"}
    assert rooms == {*LAYERS, *OUTSIDERS}, "docs/how-it-is-built.md has a row for each layer"
    found = {pair for name, path in files.items() for pair in against(name, path.read_text())}
    assert found == set()
