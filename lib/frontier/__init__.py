"""Checks of the public claims about AI-inference Pareto frontiers.

One folder for each layer, and each imports only those before it: data, curves, serving, history,
claims, figures, explorer, site, sources, and the command. Submodules are imported on first use, so
``import frontier`` costs nothing.

>>> import frontier
>>> rows = frontier.load_measurements()
>>> hopper = frontier.curves.Frontier.from_points(
...     rows.query("model == 'deepseek-r1' and hardware == 'h200' and isl == 8192")
... )
>>> hopper.at(50).round() > 0
np.True_
"""

import importlib

__version__ = "0.2.0"

_MODULES = ("claims", "curves", "data", "errors", "explorer", "figures", "history")
_MODULES += ("measurements", "pareto", "serving", "site", "sources")


def __getattr__(name):
    if name == "load_measurements":
        return importlib.import_module("frontier.data.measurements").load_measurements
    if name in _MODULES:
        return importlib.import_module(f"frontier.{name}")
    from frontier.errors import among

    there = among(name, ["load_measurements", *_MODULES])
    raise AttributeError(f"module 'frontier' has no attribute {name!r}: {there}")


def __dir__():
    return sorted(["__doc__", "__version__", "load_measurements", *_MODULES])
