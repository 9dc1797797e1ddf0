"""The plan: of every report that is asked for, whether it is fresh, and if not, why not.

A report is run when its notebook, its parameters, the library, what is installed or a file
that it read is not what it was made from. When its result is still right, and only its page
is to be made again (the template or the site around it changed, or somebody edited it), the
page is rendered from the stored notebook. Doing it belongs in `campaign`.
"""

import functools
from dataclasses import asdict, replace

from broadsheet import digests, store
from broadsheet import parameters as schema
from broadsheet.digests import listing
from broadsheet.site import Site
from broadsheet.task import Task


def plan(tasks, site: Site, environment: digests.Environment, *, force=False) -> list[Task]:
    """Return the tasks of a collection, in their order, with what is to be done and why."""
    if not tasks:
        return []
    pages, planned = site.manifest()["pages"], []
    home, folder = tasks[0].collection.home, tasks[0].collection.store
    now = functools.cache(lambda name: digests.path(home / name))
    library = store.keep_mapping(folder, environment.library)
    versions = store.keep_mapping(folder, environment.versions)
    for task in tasks:
        inputs = {
            "notebook": digests.path(task.notebook),
            "values": task.values,
            "library": library,
            "versions": versions,
        }
        around = [task.title, task.home, [asdict(entry) for entry in task.shown]]
        more = task.collection.more
        looks = digests.digest([environment.looks, around, asdict(task.entry), more])
        task = replace(task, inputs=inputs, looks=looks)
        known = pages.get(task.page)
        state, why = _state(task, known, environment, site, now)
        if force and state == "fresh":
            state, why = "stale", ["forced"]
        last = known["duration"] if known else None
        task = replace(task, state=state, why=tuple(why), last=last)
        if state == "fresh":
            task = replace(task, action="fresh")
        elif not force and (found := store.find_result(folder, task.key, now)):
            result, about = found
            reads, last = about["reads"], about["seconds"]
            task = replace(task, action="render", result=result, reads=reads, last=last)
        planned.append(task)
    return planned


def _state(task, known, environment, site, now):
    """Return (state, reasons) of a page from what the manifest says of it."""
    if known is None:
        return "never built", ["no build of it is known here"]
    if known["status"] != "ok":
        return "failed", [known["failure"]]
    if why := [*_changes(task, known["inputs"], environment), *_data(known["reads"], now)]:
        return "stale", why
    if edited := site.edited(known["files"]):
        return "stale", [f"edited or removed since: {listing(edited)}"]
    if known["looks"] != task.looks:
        return "stale", ["only its page: the template, the site or the data it lists changed"]
    return "fresh", []


def _changes(task, old, environment):
    folder, new, why = task.collection.store, task.inputs, []
    if old["values"] != new["values"]:
        values = [f"{name} = {schema.format_value(value)}" for name, value in old["values"].items()]
        why.append(f"its parameters were {', '.join(values) or 'the defaults'}")
    if old["notebook"] != new["notebook"]:
        why.append("the notebook changed")
    if old["library"] != new["library"]:
        files = digests.changed(store.mapping(folder, old["library"]), environment.library)
        why.append(f"the library changed: {listing(files)}")
    if old["versions"] != new["versions"]:
        was, now = store.mapping(folder, old["versions"]), environment.versions
        moves = [
            f"{name} {was.get(name, 'absent')} to {now.get(name, 'absent')}"
            for name in digests.changed(was, now)
        ]
        why.append(f"the environment changed: {listing(moves)}")
    return why


def _data(reads, now):
    gone = [name for name in reads if now(name) == digests.GONE != reads[name]]
    other = [name for name in reads if now(name) != reads[name] and name not in gone]
    why = [f"data changed: {listing(other)}"] if other else []
    return [*why, f"data gone: {listing(gone)}"] if gone else why
