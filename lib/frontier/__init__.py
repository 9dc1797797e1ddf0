"""Checks of the public claims about AI-inference Pareto frontiers.

Data flow one way: sources -> tables -> fronts -> curves -> verdicts -> pages.
Submodules are imported on first use, so that ``import frontier`` costs nothing.

>>> import frontier
>>> rows = frontier.load_measurements()
>>> hopper = frontier.curves.Frontier.from_points(
...     rows.query("model == 'deepseek-r1' and hardware == 'h200' and isl == 8192")
... )
>>> hopper.at(50).round() > 0
np.True_
"""

import importlib

__version__ = "0.1.0"

MODULES = (
    "attribution", "batch", "citations", "claims", "cli", "comparisons", "curves",
    "datapackage", "errors", "exhibits", "figures", "filings", "folders", "hardware", "levers",
    "links", "measurements", "modelled", "moved", "movements", "own", "pareto", "paths",
    "preview", "published", "refreshes", "serving", "shares", "shifts", "sources", "splits",
    "svg", "tables", "updates", "validation", "words",
)  # fmt: skip


def __getattr__(name):
    if name == "load_measurements":
        return importlib.import_module("frontier.measurements").load_measurements
    if name in MODULES:
        return importlib.import_module(f"frontier.{name}")
    raise AttributeError(f"module 'frontier' has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), "load_measurements", *MODULES])
