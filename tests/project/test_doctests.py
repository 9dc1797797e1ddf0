"""The examples in the docstrings are run, and every public function has a docstring."""

import doctest
import importlib
import inspect
import pkgutil

import matplotlib as mpl
import pytest

import broadsheet
import frontier

# Without examples; they need AIConfigurator, are a command, and are papermill's to import.
APART = {"frontier.serving.crosscheck", "broadsheet.__main__", "broadsheet.engine"}
MODULES = sorted(
    found.name
    for package in (broadsheet, frontier)
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if found.name not in APART
)


@pytest.mark.parametrize("name", ["broadsheet", "frontier", *MODULES])
def test_the_examples_of_a_module_give_what_they_say(name):
    with mpl.rc_context():
        failed, _ = doctest.testmod(importlib.import_module(name), raise_on_error=False)
    assert failed == 0


def test_there_are_examples_to_run():
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [one for name in MODULES for one in finder.find(importlib.import_module(name))]
    assert sum(len(one.examples) for one in found) > 60


def public(name):
    """The functions and classes that a module defines under names without an underscore."""
    module = importlib.import_module(name)
    for one, value in vars(module).items():
        written = inspect.isfunction(value) or inspect.isclass(value)
        if written and not one.startswith("_") and value.__module__ == name:
            yield f"{name}.{one}", value


def test_every_public_function_and_class_says_what_it_is():
    found = [pair for name in MODULES for pair in public(name)]
    assert len(found) > 200
    assert [name for name, value in found if not inspect.getdoc(value)] == []
