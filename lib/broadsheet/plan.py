"""The plan: of every report that is asked for, whether it is fresh, and if not, why not.

A report is run when its notebook, its parameters, the library, what is installed or a file
that it read is not what it was made from. When its result is still right, and only its page
is to be made again (the template or the site around it changed, or somebody edited it), the
page is rendered from the stored notebook. Doing it belongs in `build`.
"""

import functools
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from broadsheet import digests, store
from broadsheet import parameters as schema
from broadsheet.collection import Entry, Term
from broadsheet.digests import listing
from broadsheet.site import Site
from frontier.data import paths


@dataclass(frozen=True)
class Around:
    """What stands around a report's page: the site's title and index, its pages, the neighbours.

    ``terms`` are those that the site explains, ``rows`` says that it has pages of rows.
    """

    site: str
    home: str = "index.html"
    pages: tuple[str, ...] = ()
    previous: Entry | None = None
    next: Entry | None = None
    terms: tuple[Term, ...] = ()
    rows: bool = False


@dataclass(frozen=True)
class Request:
    """One page that is asked for: a report, the values set for it, and its folder in the site."""

    entry: Entry
    notebook: Path
    around: Around
    values: dict
    place: str = ""

    @property
    def page(self) -> str:
        """The name of the page in the site."""
        return f"{self.place}{self.entry.page}"


@dataclass(frozen=True)
class Step:
    """What is to be done for a request: nothing (``fresh``), ``render`` or ``run``, and why.

    ``state`` is ``fresh``, ``stale``, ``failed`` or ``never built``; ``result`` the stored
    notebook that a page is rendered from, ``reads`` what it read; ``last`` how long it ran last.
    """

    request: Request
    inputs: dict
    around: str
    action: str
    state: str
    why: tuple[str, ...] = ()
    result: Path | None = None
    reads: dict | None = None
    last: float | None = None

    @property
    def key(self) -> str:
        """The digest of what the report is made from, but for the files it reads."""
        return digests.digest(self.inputs)


def plan(requests, site: Site, environment: digests.Environment, *, force=False) -> list[Step]:
    """Return the step for each request, in their order."""
    pages = site.manifest()["pages"]
    library = store.keep_mapping(environment.library)
    versions = store.keep_mapping(environment.versions)
    looks = digests.digest([environment.template, environment.data])
    root = paths.root()
    now = functools.cache(lambda name: digests.path(root / name))
    steps = []
    for request in requests:
        inputs = {
            "notebook": digests.path(request.notebook),
            "values": request.values,
            "library": library,
            "versions": versions,
        }
        around = digests.digest([looks, asdict(request.around), asdict(request.entry)])
        known = pages.get(request.page)
        state, why = _state(known, inputs, around, environment, site, now)
        if force and state == "fresh":
            state, why = "stale", ("forced",)
        last = known["duration"] if known else None
        step = Step(request, inputs, around, "run", state, tuple(why), last=last)
        if state == "fresh":
            step = replace(step, action="fresh")
        elif not force and (found := store.find_result(step.key, now)):
            result, about = found
            reads, last = about["reads"], about["seconds"]
            step = replace(step, action="render", result=result, reads=reads, last=last)
        steps.append(step)
    return steps


def _state(known, inputs, around, environment, site, now):
    """Return (state, reasons) of a page from what the manifest says of it."""
    if known is None:
        return "never built", ["no build of it is known here"]
    if known["status"] != "ok":
        return "failed", [known["failure"]]
    if why := [*_changes(known["inputs"], inputs, environment), *_data(known["reads"], now)]:
        return "stale", why
    if edited := site.edited(known["files"]):
        return "stale", [f"edited or removed since: {listing(edited)}"]
    if known["around"] != around:
        return "stale", ["only its page: the template, the site or the data it lists changed"]
    return "fresh", []


def _changes(old, new, environment):
    why = []
    if old["values"] != new["values"]:
        values = [f"{name} = {schema.format_value(value)}" for name, value in old["values"].items()]
        why.append(f"its parameters were {', '.join(values) or 'the defaults'}")
    if old["notebook"] != new["notebook"]:
        why.append("the notebook changed")
    if old["library"] != new["library"]:
        files = digests.changed(store.mapping(old["library"]), environment.library)
        why.append(f"the library changed: {listing(files)}")
    if old["versions"] != new["versions"]:
        was, now = store.mapping(old["versions"]), environment.versions
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
