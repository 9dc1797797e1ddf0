"""A campaign: the tasks of one command carried out, and the site that comes of them in place.

What is finished is kept at once, so that the next command goes on where one was stopped; the new
site grows beside the old one and takes its place at the end. What became of a page is one record,
which the record of the run and the site's manifest both hold. What stands beside the reports in a
site is `Beside`: `build` and `sweep` each have one.
"""

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from broadsheet import digests, store
from broadsheet.collection import FILE, LAST_GOOD, Collection
from broadsheet.errors import BroadsheetError, UsageError
from broadsheet.plan import plan
from broadsheet.task import Report
from broadsheet.words import counted


@dataclass(frozen=True)
class Built:
    """What there is of a site before what stands beside its reports is made.

    ``folder`` has the pages, and the other files as they were before. ``records`` and ``status``
    are by page: the records of a page that was made elsewhere or edited are None. ``tables`` are
    those of the project.
    """

    collection: Collection
    folder: Path
    records: dict
    status: dict
    tables: tuple = ()


@dataclass(frozen=True)
class Beside:
    """What a site has beside its reports, and its title.

    ``compose(built, problems)`` gives the text of each file by name, None for one that goes. It
    makes them from the site's records, the library, the data and what ``request`` says.
    ``ready(problems)`` is called while notebooks run.
    """

    title: str
    compose: Callable
    request: object = None
    ready: Callable = lambda problems: None


def carry_out(kind, collection, tasks, site, beside, options, *, shard=None) -> int:
    """Plan the tasks, do what is to be done, and put the site that comes of it into place.

    Returns how many reports, and functions of the project, failed.
    """
    if shard:
        tasks = tasks[shard[0] - 1 :: shard[1]]
    environment = digests.environment(collection.project, collection.data)
    tasks = plan(collection, tasks, site, environment, force=options.force)
    known = site.manifest()
    same = known["inputs"] == _inputs(collection, beside, known["pages"], environment)
    if same and all(t.state == "fresh" for t in tasks) and not site.edited(known["files"]):
        if tasks:
            print(f"{counted(len(tasks), 'report')} fresh; nothing to do", file=sys.stderr)
        return 0
    if not store.can_write(collection.store):
        raise UsageError(
            f"{collection.store} cannot be written, and a build keeps its results there; "
            "copy the project to a folder that can be"
        )
    for killed in store.mend(collection.store):
        print(f"the {killed.get('kind')} of {killed.get('started')} was killed", file=sys.stderr)
    about = {"kind": kind, "out": str(site.folder), "executor": options.executor}
    record = store.Record(collection.store, **about, mappings=environment.mappings)
    try:
        failed = _carry_out(collection, tasks, site, beside, environment, options, record)
    except KeyboardInterrupt:
        record.finish("interrupted")
        raise
    except BaseException as error:
        record.finish("failed", f"{type(error).__name__}: {error}")
        if isinstance(error, OSError):  # a full disk, a folder that cannot be written
            raise BroadsheetError(f"{error}; the site is as it was") from error
        raise
    record.finish("finished")
    store.prune(collection.store)
    return failed


def _inputs(collection, beside, pages, environment):
    """Return the digest of what stands beside the reports is made from."""
    site_map = digests.path(collection.folder / FILE)
    made = {name: [page["files"], page["status"]] for name, page in pages.items()}
    return digests.digest([site_map, vars(environment), made, beside.request])


def _carry_out(collection, tasks, site, beside, environment, options, record):
    """Do what is planned; return how much of it failed."""
    from broadsheet import pages

    project, problems = collection.project, record.values["problems"]
    more = dict(project.attempt("environment", problems, {}, collection.home))
    given = {"source": environment.source, "data": environment.data, "environment": more}
    tasks = [replace(task, options=options, **given) for task in tasks]
    known = site.manifest()["pages"]
    for task in tasks:
        if task.action == "fresh":
            record.add({**known[task.page], "action": "fresh", "why": []})
    # What a killed run leaves of it is the system's to remove.
    with tempfile.TemporaryDirectory(
        prefix="broadsheet-run-", ignore_cleanup_errors=True
    ) as folder:
        with _server(Path(folder), tasks, options) as server:  # imports while tables are checked
            tables = tuple(project.attempt("tables", problems, ()))
            tasks = [replace(task, tables=tables, server=server) for task in tasks]
            made = _run(tasks, record, options, Path(folder), beside.ready)
        with site.replaced() as stage:
            known = site.manifest()
            _put(stage, Path(folder), made, known["pages"])
            there = {n: page for n, page in known["pages"].items() if (stage / n).is_file()}
            there |= made
            records = {n: _records(stage, n, page) for n, page in there.items()}
            statuses = {n: page["status"] for n, page in there.items()}
            built = Built(collection, stage, records, statuses, tables)
            files = beside.compose(built, problems)
            record.values["changes"] = _changes(built, files, problems)
            record.take_time()
            status = pages.status(project, beside.title, record.values, tables=tables)
            _write(stage, {**files, "status.html": status})
            site.remember(
                inputs=_inputs(collection, beside, there, environment),
                pages=there,
                files={n: digests.path(stage / n) for n, t in files.items() if t is not None},
                mappings=_used({**known["mappings"], **environment.mappings}, there),
            )
    return sum(page["status"] != "ok" for page in made.values()) + len(problems)


def _changes(built, made, problems):
    """Return (id, before, after) of what the records file says otherwise than before."""
    project = built.collection.project
    old, new = built.folder / project.records_file, made.get(project.records_file)
    if new is None or not old.is_file():
        return []
    return list(project.attempt("changes", problems, (), old.read_text(encoding="utf-8"), new))


def _records(stage, name, page):
    """Return the records of a page, None where the page is not as it was made here."""
    return page["records"] if digests.path(stage / name) == page["files"].get(name) else None


def _used(mappings, pages):
    used = {page["inputs"][name] for page in pages.values() for name in ("library", "versions")}
    return {name: mapping for name, mapping in mappings.items() if name in used}


def _write(stage, made):
    for name, text in made.items():
        path = stage / name
        if text is None:
            path.unlink(missing_ok=True)
        else:
            write(path, text)


def write(path: Path, text: str, /) -> None:
    """Write one file of a site, the same on every system."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", errors="replace", newline="\n")


def _run(tasks, record, options, folder, ready):
    """Return the records of the pages that are made, by page, telling of each as it ends.

    The longest comes first, so that none ends alone. Pages and files are set down in ``folder``,
    since thousands are more than memory holds.
    """
    due = sorted(
        (task for task in tasks if task.action != "fresh"),
        key=lambda task: -(task.last or float("inf")),
    )
    if not due:
        return {}
    from broadsheet import executors, work

    patience, done = options.time_limit + executors.STARTING, {}
    if options.executor == "local":
        due = [replace(task, folder=folder) for task in due]
    with contextlib.ExitStack() as stack:
        # What only renders needs the store, which workers elsewhere may not have.
        for action, executor in (("render", "local"), ("run", options.executor)):
            some = [task for task in due if task.action == action]
            if not some:
                continue
            how = {"workers": options.workers, "executor": executor, "patience": patience}
            meanwhile = partial(ready, record.values["problems"])
            results = executors.each(work.make, some, **how, meanwhile=meanwhile)
            stack.enter_context(contextlib.closing(results))
            for task, report, error in results:
                if error is None and not isinstance(report, Report):
                    error = BroadsheetError(f"a worker answered with {type(report).__name__}")
                if error is not None:
                    report = work.lost(task, error)
                _keep(task, report)
                done[task.page] = _set_down(task, report, folder)
                place = f"[{len(done)}/{len(due)}]"
                print(place, _line(task, report), file=sys.stderr, flush=True)
                record.add(done[task.page])
    return {task.page: done[task.page] for task in tasks if task.page in done}


def _server(folder, tasks, options):
    """Return the server that workers here ask for warm kernels, if any notebook runs."""
    from broadsheet import warm

    first = next((task for task in tasks if task.action == "run"), None)
    if first is None or first.preload is None or options.executor != "local":
        return contextlib.nullcontext("")
    env = warm.environment(first.collection, first.environment)
    return warm.serving(first.preload, env, folder=folder)


def _line(task, report):
    name = task.page.removesuffix(".html")
    if report.failure:
        return f"{name} FAILED {report.duration:.1f} s  {report.failure.line}"
    if task.action == "render":
        return f"{name} ok, only its page was made again"
    return f"{name} ok {report.duration:.1f} s"


def _keep(task, report):
    if report.packed is None:
        return
    about = {"reads": report.reads, "seconds": report.duration}
    try:
        store.keep_result(task.collection.store, task.key, about, report.packed)
    except OSError as error:
        name = task.entry.notebook
        print(f"the result of {name} is not kept for a rerun: {error}", file=sys.stderr)


def _set_down(task, report, folder):
    """Write a report's page and files below ``folder``, and return the record of the page."""
    texts = {task.page: report.page, **{f"{task.place}{n}": t for n, t in report.files.items()}}
    for name, text in texts.items():
        write(_spot(folder, task.page, name), text)
    return {
        "notebook": task.entry.notebook,
        **{name: getattr(task, name) for name in ("page", "inputs", "looks", "action", "why")},
        **{name: getattr(report, name) for name in ("status", "kernel", "reads", "records")},
        "failure": report.failure.line if report.failure else None,
        "duration": round(task.last if task.action == "render" else report.duration, 3),
        "files": {name: digests.text(text) for name, text in texts.items()},
    }


def _spot(folder, page, name):
    """Return where a file of a report is set down: two reports may write one name."""
    return folder / "made" / digests.text(page)[:16] / name


def _put(stage, folder, made, known):
    """Put the pages and files that were made into ``stage``, and remove what was there of them.

    The last good page of a report that fails stays, with its files, under a name that its page
    links to.
    """
    from broadsheet import pages

    kept = {name: _set_apart(stage / name, page["status"]) for name, page in made.items()}
    others = [page for name, page in known.items() if name not in made]
    owners = {name: page["page"] for page in others for name in page["files"]}
    for about in made.values():
        page = stage / about["page"]
        good = page.with_suffix(LAST_GOOD)
        for name in about["files"]:
            if (owner := owners.setdefault(name, about["page"])) != about["page"]:
                raise BroadsheetError(f"{owner} and {about['page']} write {name}")
            if stage / name not in kept[about["page"]]:
                (stage / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.move(_spot(folder, about["page"], name), stage / name)
        if good.is_file():
            write(page, pages.with_last_good(page.read_text(encoding="utf-8"), good.name))
            about["files"][about["page"]] = digests.path(page)


def _set_apart(page, status):
    """Remove a page and its files, or set the good one of a failing report apart.

    Returns the files that belong to the page that is set apart.
    """
    from broadsheet import pages

    good = page.with_suffix(LAST_GOOD)
    old = {*_listed(page), *_listed(good)}
    if status == "ok":
        good.unlink(missing_ok=True)
    elif page.is_file() and not pages.is_failed(page.read_text(encoding="utf-8")):
        page.replace(good)
    kept = _listed(good)
    for path in old.difference(kept):
        path.unlink(missing_ok=True)
    return kept


def _listed(page):
    """Return the files that a page names as its own, none of a page that is not there."""
    from broadsheet import pages

    if not page.is_file():
        return []
    return [page.parent / name for name in pages.listed_files(page.read_text(encoding="utf-8"))]
