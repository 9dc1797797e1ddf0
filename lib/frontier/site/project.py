"""What this collection adds to the engine: `project`, which notebooks/collection.yaml names.

Importing this module costs next to nothing, since a build that has nothing to do does it, too:
whatever takes time is imported by the function that needs it.
"""

import contextlib
import importlib
import pkgutil
from pathlib import Path

from broadsheet import Project


def _late(name):
    """Return a function that is ``MODULE:FUNCTION`` of `frontier.site`, imported when it is called.

    A project's functions have positional arguments only.
    """
    return lambda *given: pkgutil.resolve_name(f"frontier.site.{name}")(*given)


def remember() -> None:
    """Parse the tables and the ledger, which a kernel that reads the same bytes finds parsed."""
    from frontier.claims import entries
    from frontier.data import tables
    from frontier.errors import FrontierError

    with contextlib.suppress(FrontierError):  # whoever reads what is damaged says so
        tables.remember()
        entries.naming()


def _ready() -> None:
    """Import what composing needs, and parse the ledger."""
    for name in ("explorer.widget", "site.compose"):
        importlib.import_module(f"frontier.{name}")
    remember()


def _check_record(record, _entry) -> None:
    from frontier.site import verdicts

    verdicts.check(record, verdicts.known())


def _tables() -> list[tuple[str, str, str, str]]:
    from frontier.data import tables

    tables.verify()
    days = [tables.meta(name)["accessed"] for name in tables.names()]
    return [(*table, day) for table, day in zip(tables.digests(), days, strict=True)]


project = Project(
    name="frontier",
    packages=("frontier",),
    # Imported once, and there when a kernel is forked: imports that have no effect on others.
    preload=(
        "numpy",
        "pandas",
        "matplotlib.pyplot",
        "seaborn",
        "jsonschema",
        "frontier.claims",
        "frontier.figures",
        "frontier.serving",
        "frontier.explorer",
        f"{__name__}:{remember.__name__}",
    ),
    versions=("inference-frontier", "numpy", "pandas", "matplotlib", "seaborn"),
    templates=Path(__file__).parent / "template",
    records_file="verdicts.json",
    record_type="application/vnd.frontier.verdict+json",
    record_name="claim",
    environment=lambda root: {"FRONTIER_HOME": str(root)},
    choices=_late("parameters:choices"),
    check_record=_check_record,
    tables=_tables,
    article=_late("pages:article"),
    ready=_ready,
    compose=_late("compose:files"),
    dump=_late("verdicts:dump"),
    value=lambda record: (record.get("found") or {}).get("value"),
    changes=_late("verdicts:changes"),
    compare=_late("verdicts:compare"),
    files=_late("published:files"),
)
