"""Checks of the public claims about AI-inference Pareto frontiers.

Data flow one way: sources -> tables -> fronts -> curves -> verdicts -> pages.
Submodules are imported on first use, so that ``import frontier`` costs nothing; ``dir()`` of each
lists what it defines, not what it imports.

>>> import frontier
>>> rows = frontier.load_measurements()
>>> hopper = frontier.curves.Frontier.from_points(
...     rows.query("model == 'deepseek-r1' and hardware == 'h200' and isl == 8192")
... )
>>> hopper.at(50).round() > 0
np.True_
"""

import functools
import importlib
import sys
import types

__version__ = "0.1.0"

MODULES = (
    "additions", "attribution", "batch", "charts", "citations", "claims", "cli", "comparisons",
    "curves", "datapackage", "errors", "exhibits", "explored", "explorer", "figures", "filings",
    "folders", "hardware", "levers", "links", "measurements", "modelled", "moved", "movements",
    "own", "parameters", "pareto", "paths", "preview", "prompt", "published", "reference",
    "refreshes", "serving", "shares", "shifts", "sources", "splits", "svg", "tables", "updates",
    "validation", "widgets", "words",
)  # fmt: skip


def __getattr__(name):
    if name == "load_measurements":
        return importlib.import_module("frontier.measurements").load_measurements
    if name in MODULES:
        return importlib.import_module(f"frontier.{name}")
    from frontier.errors import among

    there = among(name, ["load_measurements", *MODULES])
    raise AttributeError(f"module 'frontier' has no attribute {name!r}: {there}")


def __dir__():
    return sorted(["__doc__", "__version__", "load_measurements", *MODULES])


def public(module, /) -> list[str]:
    """Return the public names of a module: what it defines, or what its ``__all__`` says.

    >>> from frontier import hardware
    >>> public(hardware)
    ['POWER_EDITIONS', 'accelerators', 'power_kw', 'powered', 'price']
    """
    names = vars(module)
    if "__all__" in names:
        return sorted(names["__all__"])
    return sorted(
        name
        for name, value in names.items()
        if not name.startswith("_")
        and not isinstance(value, types.ModuleType)
        # A constant says nothing of where it is from; written large, it is from here.
        and (
            getattr(value, "__module__", None) == module.__name__
            or (name.isupper() and not callable(value))
        )
    )


class _Package(types.ModuleType):
    """The package itself: it completes the names of a submodule that the import system adds."""

    def __setattr__(self, name, value):
        if isinstance(value, types.ModuleType):
            value.__dir__ = functools.partial(public, value)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
