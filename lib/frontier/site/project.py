"""What this collection adds to the engine: `project`, which notebooks/collection.yaml names.

Importing this module costs next to nothing, since a build that has nothing to do does it, too:
whatever takes time is imported by the function that needs it.
"""

from collections.abc import Mapping
from pathlib import Path

from broadsheet import Project


def choices(name: str, /) -> list:
    """Return the values that ``TABLE.COLUMN`` has, for a parameter that is one of them."""
    from frontier.site import parameters

    return parameters.choices(name)


def _environment(root: Path) -> dict[str, str]:
    return {"FRONTIER_HOME": str(root)}


def _check_record(record, _entry) -> None:
    from frontier.site import verdicts

    verdicts.check(record, verdicts.known())


def _tables() -> list[tuple[str, str, str, str]]:
    from frontier.data import tables

    tables.verify()
    days = [tables.meta(name)["accessed"] for name in tables.names()]
    return [(*table, day) for table, day in zip(tables.digests(), days, strict=True)]


def _article(html, task, report) -> str:
    from frontier.site import pages

    return pages.article(html, task, report)


def _compose(built) -> dict[str, str | None]:
    from frontier.site import compose

    return compose.files(built)


def _dump(records) -> str:
    from frontier.site import verdicts

    return verdicts.dump(records)


def _value(record: Mapping):
    return (record.get("found") or {}).get("value")


def _changes(old, new):
    from frontier.site import verdicts

    return verdicts.changes(old, new)


def _compare(old, new):
    from frontier.site import verdicts

    return verdicts.compare(old, new)


def _files(url):
    from frontier.site import published

    return published.files(url)


project = Project(
    name="frontier",
    packages=("frontier",),
    # Imported once, and there when a kernel is forked: imports that have no effect on others.
    preload=(
        "numpy",
        "pandas",
        "matplotlib.pyplot",
        "seaborn",
        "frontier.claims",
        "frontier.figures",
        "frontier.serving",
        "frontier.explorer",
    ),
    versions=("inference-frontier", "numpy", "pandas", "matplotlib", "seaborn"),
    templates=Path(__file__).parent / "template",
    records_file="verdicts.json",
    record_type="application/vnd.frontier.verdict+json",
    record_name="claim",
    environment=_environment,
    choices=choices,
    check_record=_check_record,
    tables=_tables,
    article=_article,
    compose=_compose,
    dump=_dump,
    value=_value,
    changes=_changes,
    compare=_compare,
    files=_files,
)
