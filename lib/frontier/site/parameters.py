"""The parameters of a report, as a person at a notebook changes them.

A build checks parameters before a kernel starts. In JupyterLab the parameters cell is edited by
hand and nothing stands between it and the next cell, so that cell begins with the same check. What
may be written in a parameters cell is in `broadsheet.parameters`.

>>> from frontier.site import parameters
>>> parameters.check("03_blackwell_advantage", {"model": "deepseek-r1", "ttft_limit": 9000.0})
Traceback (most recent call last):
broadsheet.errors.UsageError: parameter 'ttft_limit' is 9000.0, out of range 0.05..600 s
"""

from collections.abc import MutableMapping

from broadsheet import in_build
from frontier.data import paths
from frontier.errors import UsageError


def check(notebook: str, namespace: MutableMapping, /) -> None:
    """Check what the parameters of a notebook were set to in its kernel's namespace.

    `notebook` is the stem of a report's file: its parameters cell, in the project's own folder, is
    the schema, wherever a copy of it may run. Whole numbers become floats in `namespace` where
    floats are due, as in a build. A parameter that the namespace does not have keeps its default.

    Raises UsageError, in the one line that `frontier build --set` gives.
    """
    if in_build():  # which has checked them before it started this kernel
        return
    from broadsheet import parameters

    known = parameters.read(paths.notebooks() / f"{notebook}.ipynb", edited=True)
    values = {one.name: namespace[one.name] for one in known if one.name in namespace}
    namespace.update(parameters.check(known, values, choices=choices, notebook=notebook))


def choices(name: str, /) -> list:
    """Return the values that ``TABLE.COLUMN`` has, for a parameter that is one of them."""
    from frontier import serving
    from frontier.data import measurements

    table, _, column = name.partition(".")
    if (table, column) == ("serving", "family"):
        return sorted(serving.spread()["family"].unique())
    if table != "measurements" or not column:
        raise UsageError(f"[one of {name}] is not of the form measurements.COLUMN")
    return measurements.choices(column)
