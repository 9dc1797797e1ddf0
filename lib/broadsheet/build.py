"""Building the site: validate, plan, run what is not fresh, and replace the old site in one step.

Nothing is started before every request is known to be sound. What the project knows of the data
(`Project.tables`) is asked for when there is something to do and not before, since that may be
slow; it has to follow from the data folder and the library alone.
"""

import functools
import sys
from dataclasses import replace
from pathlib import Path

from broadsheet import digests
from broadsheet import parameters as schema
from broadsheet.campaign import Beside, carry_out
from broadsheet.collection import FILE, Collection
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
    site = Site(_out(collection, out, settings), collection)
    tasks, beside = _placed(collection, tasks, site), _beside(collection)
    failed = carry_out("build", collection, tasks, site, beside, options or Options(), shard=shard)
    return missing + failed


def index(collection: Collection, /, *, out: Path | None = None) -> None:
    """Make what stands beside the reports again, of the pages that are there; no notebook runs."""
    site = Site(out or collection.site, collection)
    carry_out("index", collection, [], site, _beside(collection), Options())


def status(
    collection: Collection, names=(), /, *, settings: dict | None = None, out: Path | None = None
) -> list[Task]:
    """Return what a build of the same request would do for each report, and why."""
    _, tasks = _requests(collection, names, settings or {})
    site = Site(_out(collection, out, settings), collection)
    environment = digests.environment(collection.project, collection.data)
    return plan(collection, _placed(collection, tasks, site), site, environment)


def values_of(parameters, settings, choices, notebook) -> dict:
    """Return the typed values, of those set for a notebook, that differ from the defaults."""
    known = schema.by_name(parameters, settings, notebook)
    values = {name: schema.parse_value(known[name], *texts) for name, texts in settings.items()}
    values = schema.check(parameters, values, choices=choices, notebook=notebook)
    return {name: value for name, value in values.items() if value != known[name].default}


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
    schemas = {e: schema.read(collection.path(e)) if settings else () for e in entries}
    every = [p for parameters in schemas.values() for p in parameters]
    schema.by_name(every, settings, ", ".join(e.notebook for e in entries))
    choices, tasks = functools.partial(collection.project.call, "choices"), []
    for entry, parameters in schemas.items():
        given = {p.name: settings[p.name] for p in parameters if p.name in settings}
        values = values_of(parameters, given, choices, entry.notebook)
        tasks.append(Task(collection, entry, values))
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

    def ready(problems):
        project.attempt("ready", problems, None)

    return Beside(collection.title, compose, ready=ready)
