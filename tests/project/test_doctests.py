"""The examples in the docstrings are run, and the public functions of the prompt have some."""

import doctest
import importlib
import pkgutil

import matplotlib as mpl
import pytest

import frontier

# These need SciPy, AIConfigurator or ipywidgets, and have no examples.
APART = {"frontier.serving.fit", "frontier.serving.crosscheck", "frontier.explorer.widget"}
MODULES = sorted(
    found.name
    for found in pkgutil.walk_packages(frontier.__path__, "frontier.")
    if found.name not in APART
)


@pytest.mark.parametrize("name", ["frontier", *MODULES])
def test_the_examples_of_a_module_give_what_they_say(name):
    with mpl.rc_context():
        failed, _ = doctest.testmod(importlib.import_module(name), raise_on_error=False)
    assert failed == 0


def test_there_are_examples_to_run():
    finder = doctest.DocTestFinder(exclude_empty=True)
    counts = {
        name: sum(len(one.examples) for one in finder.find(importlib.import_module(name)))
        for name in MODULES
    }
    assert sum(counts.values()) > 60
    for name in ("curves", "measurements", "hardware", "pareto", "comparisons", "claims"):
        assert counts[f"frontier.{name}"] > 1


def test_every_public_name_of_the_library_says_what_it_is():
    silent = [
        f"{name}.{one}"
        for name in MODULES
        for module in [importlib.import_module(name)]
        for one in frontier.public(module)
        if callable(value := getattr(module, one)) and not (value.__doc__ or "").strip()
    ]
    assert silent == []
