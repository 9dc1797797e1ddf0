"""Building the site: validate, plan, run what is not fresh, and replace the old site in one step.

Nothing is started before every request is known to be sound. What the project knows of the data
(`Project.tables`) is asked for when there is something to do and not before, since that may be
slow; it has to follow from the data folder and the library alone.
"""

import sys
from dataclasses import replace
from pathlib import Path

from broadsheet import digests
from broadsheet import parameters as schema
from broadsheet.campaign import Beside, carry_out
from broadsheet.collection import FILE, Collection
from broadsheet.errors import UsageError
from broadsheet.plan import plan
from broadsheet.project import Project
from broadsheet.site import Site
from broadsheet.task import Options, Task


def build(
    collection: Collection,
    names=(),
    /,
    *,
    settings: dict | None = None,
    out: Path | None = None,
    shard: tuple[int, int] | None = None,
    options: Options | None = None,
) -> int:
    """Build the named reports, or all, and what stands beside them; return how many failed.

    ``settings`` maps parameter names to the texts given for them; with any, the site goes to
    ``exploration/`` unless ``out`` says otherwise, else to ``reports/``. ``shard`` is (I, N) for
    every Nth report from the Ith on. Raises UsageError, before anything runs, for a request that
    cannot be met.
    """
    missing, tasks = _requests(collection, names, settings or {})
    site = opened(collection, _out(collection, out, settings))
    tasks, beside = _placed(collection, tasks, site), _beside(collection)
    failed = carry_out("build", collection, tasks, site, beside, options or Options(), shard=shard)
    return missing + failed


def index(collection: Collection, /, *, out: Path | None = None) -> None:
    """Make what stands beside the reports again, of the pages that are there; no notebook runs."""
    site = opened(collection, out or collection.site)
    carry_out("index", collection, [], site, _beside(collection), Options())


def status(
    collection: Collection, names=(), /, *, settings: dict | None = None, out: Path | None = None
) -> list[Task]:
    """Return what a build of the same request would do for each report, and why."""
    _, tasks = _requests(collection, names, settings or {})
    site = opened(collection, _out(collection, out, settings))
    environment = digests.environment(collection.project, collection.data)
    return plan(_placed(collection, tasks, site), site, environment)


def opened(collection: Collection, folder: Path, /) -> Site:
    """Return the site in a folder, mended if a build of it was killed.

    Raises UsageError for a folder that cannot be a site.
    """
    site = Site(folder, collection)
    site.refuse()
    site.recover()
    return site


def values_of(parameters, settings, choices, notebook, *, partly=False) -> dict:
    """Return the typed values, of those set, that differ from the defaults.

    With ``partly`` a setting that the report has no parameter for is another report's.
    """
    by_name = {p.name: p for p in parameters}
    values = {}
    for name, texts in settings.items():
        if name in by_name:
            values[name] = schema.parse_value(by_name[name], *texts)
        elif not partly:
            raise UsageError(schema.unknown(name, by_name, f"of {notebook}"))
    values = schema.check(parameters, values, choices=choices, notebook=notebook)
    return {name: value for name, value in values.items() if value != by_name[name].default}


def _out(collection, out, settings):
    if out is None and settings:
        out = collection.home / "exploration"
        print(f"with --set, the site goes to {out}", file=sys.stderr)
    return out or collection.site


def _requests(collection, names, settings):
    """Return how many notebooks asked for are missing, and a task for each other one."""
    chosen = collection.select(names)
    entries = [entry for entry in chosen if collection.path(entry).is_file()]
    for entry in chosen:
        if entry not in entries:
            problem = f"{FILE} names {entry.notebook}, but there is no such notebook"
            print(f"{collection.project.name}: {problem}", file=sys.stderr)
    tasks = [Task(collection, entry) for entry in entries]
    if settings:
        schemas = {entry: schema.read(collection.path(entry)) for entry in entries}
        for name in settings:
            known = {p.name: p for parameters in schemas.values() for p in parameters}
            if name not in known:
                raise UsageError(
                    schema.unknown(name, known, f"of {', '.join(e.notebook for e in entries)}")
                )

        def choices(name):
            return collection.project.call("choices", name)

        tasks = [
            Task(
                collection, entry, values_of(known, settings, choices, entry.notebook, partly=True)
            )
            for entry, known in schemas.items()
        ]
    return len(chosen) - len(entries), tasks


def _placed(collection, tasks, site):
    """Return the tasks with what stands around their pages: all that are or will be there."""
    wanted = {task.entry for task in tasks}
    shown = [e for e in collection.pages if e in wanted or (site.folder / e.page).is_file()]
    return [replace(task, title=collection.title, shown=tuple(shown)) for task in tasks]


def _beside(collection):
    """Return what a site of reports has beside them: what the project composes."""
    project = collection.project

    def compose(built, problems):
        known = {e.page for e in collection.pages if (built.folder / e.page).is_file()}
        pages = {page: built.records.get(page) for page in known}
        built = replace(built, records=pages)
        made = project.attempt("compose", problems, None, built)
        return Project.compose(built) if made is None else made

    def inputs(pages, environment):
        site_map = digests.path(collection.folder / FILE)
        made = {name: [page["files"], page["status"]] for name, page in pages.items()}
        return digests.digest([site_map, vars(environment), made])

    return Beside(collection.title, compose, inputs)
