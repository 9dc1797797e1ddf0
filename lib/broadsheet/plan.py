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
from broadsheet.collection import Collection
from broadsheet.digests import listing
from broadsheet.site import Site
from broadsheet.task import Task


def plan(
    collection: Collection, tasks, site: Site, environment: digests.Environment, *, force=False
) -> list[Task]:
    """Return the tasks of a collection, in their order, with what is to be done and why."""
    known, planned = site.manifest(), []
    now = functools.cache(lambda name: digests.path(collection.home / name))
    shared = {name: digests.digest(getattr(environment, name)) for name in ("library", "versions")}
    mappings = {**known["mappings"], **environment.mappings}
    for task in tasks:
        inputs = {"notebook": digests.path(task.notebook), "values": task.values, **shared}
        around = [task.title, task.home, [asdict(entry) for entry in (*task.shown, task.entry)]]
        looks = digests.digest([environment.looks, around, collection.more])
        task = replace(task, inputs=inputs, looks=looks)
        page = known["pages"].get(task.page)
        state, why = _state(task, page, mappings, site, now)
        if force and state == "fresh":
            state, why = "stale", ["forced"]
        last = page["duration"] if page else None
        task = replace(task, state=state, why=tuple(why), last=last)
        if state == "fresh":
            task = replace(task, action="fresh")
        elif not force and (found := store.find_result(collection.store, task.key, now)):
            result, about = found
            reads, last = about["reads"], about["seconds"]
            task = replace(task, action="render", result=result, reads=reads, last=last)
        planned.append(task)
    return planned


def _state(task, page, mappings, site, now):
    """Return (state, reasons) of a page from what the manifest says of it."""
    if page is None:
        return "never built", ["no build of it is known here"]
    if page["status"] != "ok":
        return "failed", [page["failure"]]
    reads = {name: now(name) for name in page["reads"]}
    if (page["inputs"], page["reads"]) != (task.inputs, reads):
        found = causes(page, {"inputs": task.inputs, "reads": reads}, mappings)
        return "stale", [f"{kind} changed: {what}" for kind, what in found]
    if edited := site.edited(page["files"]):
        return "stale", [f"edited or removed since: {listing(edited)}"]
    if page["looks"] != task.looks:
        return "stale", ["only its page: the template, the site or the data it lists changed"]
    return "fresh", []


def causes(old: dict, new: dict, mappings: dict, /):
    """Yield (kind, text) of what two records of a page were made from and was another.

    ``mappings`` has what their digests of libraries and versions stand for.
    """
    one, other = old["inputs"], new["inputs"]
    if one["values"] != other["values"]:
        yield "parameters", f"{_described(one)} instead of {_described(other)}"
    if moved := digests.changed(old["reads"], new["reads"]):
        gone = [name for name in moved if new["reads"].get(name) == digests.GONE]
        others = [name for name in moved if name not in gone]
        yield "data", listing([*others, *(f"{name} (gone)" for name in gone)])
    code = ["the notebook"] if one["notebook"] != other["notebook"] else []
    if one["library"] != other["library"]:
        code += digests.changed(*(mappings.get(made["library"], {}) for made in (one, other)))
    if code:
        yield "code", listing(code)
    if one["versions"] != other["versions"]:
        was, now = (mappings.get(made["versions"], {}) for made in (one, other))
        moved = digests.changed(was, now)
        told = [f"{n} {was.get(n, 'absent')} to {now.get(n, 'absent')}" for n in moved]
        yield "versions", listing(told)


def _described(inputs):
    values = [f"{name} = {schema.format_value(value)}" for name, value in inputs["values"].items()]
    return ", ".join(values) or "defaults"
