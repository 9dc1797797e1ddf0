"""A campaign: the tasks of one command carried out, and the site that comes of them in place.

What is finished is kept at once, so that the next command goes on where one was stopped; the new
site grows beside the old one and takes its place at the end. What stands beside the reports in a
site is `Beside`: `build` and `sweep` each have one.
"""

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from broadsheet import digests, store
from broadsheet.collection import FILE, Collection, check, load
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

    ``compose(built, problems)`` gives the text of each file by name, None for one that goes;
    ``inputs(pages, environment)`` the digest of what they are made from, pages of the manifest
    included.
    """

    title: str
    compose: Callable
    inputs: Callable


def carry_out(kind, collection, tasks, site, beside, options, *, shard=None) -> int:
    """Plan the tasks, do what is to be done, and put the site that comes of it into place.

    Returns how many reports, and functions of the project, failed.
    """
    if shard:
        tasks = tasks[shard[0] - 1 :: shard[1]]
    environment = digests.environment(collection.project, collection.data)
    tasks, known = plan(tasks, site, environment, force=options.force), site.manifest()
    same = known["inputs"] == beside.inputs(known["pages"], environment)
    if same and all(t.state == "fresh" for t in tasks) and not site.edited(known["files"]):
        if tasks:
            print(f"{counted(len(tasks), 'report')} fresh; nothing to do", file=sys.stderr)
        return 0
    return _carry_out(kind, collection, tasks, site, beside, environment, options)


def _carry_out(kind, collection, tasks, site, beside, environment, options):
    """Do what is planned; leave a record however it ends."""
    _check_map(collection)
    if not store.can_write(collection.store):
        raise UsageError(
            f"{collection.store} cannot be written, and a build keeps its results there; "
            "copy the project to a folder that can be"
        )
    for killed in store.mend(collection.store):
        told = f"the {killed.get('kind')} of {killed.get('started')} was killed"
        print(told, file=sys.stderr)
    record = store.Record(
        collection.store,
        kind,
        site.folder,
        executor=options.executor,
        library=store.keep_mapping(collection.store, environment.library),
        versions=environment.versions,
    )
    record.begin()
    problems = record.values["problems"]
    try:
        tables = tuple(collection.project.attempt("tables", problems, ()))
        more = dict(collection.project.attempt("environment", problems, {}, collection.home))
        given = {"source": environment.source, "data": environment.data, "tables": tables}
        tasks = [replace(t, options=options, environment=more, **given) for t in tasks]
        for task in tasks:
            if task.action == "fresh":
                record.add(**_about(task), status="ok", duration=task.last, failure=None)
        with _work_folder() as folder:
            reports = _run(tasks, record, options, folder)
            with site.replaced() as stage:
                known = site.manifest()["pages"]
                _put(stage, folder, tasks, reports, known)
                pages = _pages(known, tasks, reports, stage)
                built = Built(
                    collection,
                    stage,
                    {n: _records(stage, n, page) for n, page in pages.items()},
                    {n: page["status"] for n, page in pages.items()},
                    tables,
                )
                made = beside.compose(built, problems)
                record.values["changes"] = _changes(built, made, problems)
                _write(stage, made)
                _write(stage, {"status.html": _status(beside, built, record)})
                inputs = beside.inputs(pages, environment)
                files = _hashed(stage, [name for name, text in made.items() if text is not None])
                site.remember({"inputs": inputs, "pages": pages, "files": files})
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
    return sum(report.status != "ok" for report in reports.values()) + len(problems)


def _check_map(collection):
    """Raise UsageError where the site map is not of its schema: only when there is work to do."""
    path = collection.folder / FILE
    if path.is_file():  # a test makes a collection without one
        check(path, load(path.read_text(encoding="utf-8")))


def _changes(built, made, problems):
    """Return (id, before, after) of what the records file says otherwise than before."""
    project = built.collection.project
    old, new = built.folder / project.records_file, made.get(project.records_file)
    if new is None or not old.is_file():
        return []
    return list(project.attempt("changes", problems, (), old.read_text(encoding="utf-8"), new))


def _status(beside, built, record):
    from broadsheet import pages

    values = record.so_far(record.values["changes"])
    return pages.status(built.collection.project, beside.title, values, tables=built.tables)


def _records(stage, name, page):
    """Return the records of a page, None where the page is not as it was made here."""
    return page["records"] if digests.path(stage / name) == page["files"].get(name) else None


def _write(stage, made):
    for name, text in made.items():
        path = stage / name
        if text is None:
            path.unlink(missing_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path, text)


def _run(tasks, record, options, folder):
    """Return the reports by page, keeping each result and telling of it as it ends.

    The longest comes first, so that none ends alone. Their pages and files are set down in
    ``folder``, since thousands are more than memory holds.
    """
    due = sorted(
        (task for task in tasks if task.action != "fresh"),
        key=lambda task: -(task.last or float("inf")),
    )
    if not due:
        return {}
    from broadsheet import executors, work

    store.prepare()
    done = {}
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(_server(folder, due))
        if options.executor == "local":
            due = [replace(task, folder=folder, server=server) for task in due]
        # What only renders needs the store, which workers elsewhere may not have.
        for action, executor in (("render", "local"), ("run", options.executor)):
            some = [task for task in due if task.action == action]
            if not some:
                continue
            results = executors.each(
                work.make,
                some,
                workers=options.workers,
                executor=executor,
                patience=options.time_limit + executors.STARTING,
            )
            stack.enter_context(contextlib.closing(results))
            for task, report, error in results:
                if error is None and not isinstance(report, Report):
                    error = BroadsheetError(f"a worker answered with {type(report).__name__}")
                if error is not None:
                    report = work.lost(task, error)
                _keep(task, report)
                done[task.page] = _set_down(task, report, folder / "site")
                line = f"[{len(done)}/{len(due)}] {_line(task, report)}"
                print(line, file=sys.stderr, flush=True)
                digest = digests.text(report.page)
                record.add(**_about(task), **_outcome(task, report), digest=digest)
    return {task.page: done[task.page] for task in tasks if task.action != "fresh"}


def _set_down(task, report, folder):
    """Write a report's page and files below ``folder``, and return the report without them."""
    texts = {task.page: report.page, **{f"{task.place}{n}": t for n, t in report.files.items()}}
    for name, text in texts.items():
        place = _spot(folder, task, name)
        place.parent.mkdir(parents=True, exist_ok=True)
        write(place, text)
    return replace(report, page="", files=dict.fromkeys(report.files, ""), packed=None)


def _spot(folder, task, name):
    """Return where a file of a report is set down: two reports may write one name."""
    return folder / digests.text(task.page)[:16] / name


@contextlib.contextmanager
def _server(folder, tasks):
    """Have the server that local workers ask for warm kernels, if any notebook runs here."""
    from broadsheet import warm

    runs = [task for task in tasks if task.action == "run"]
    if not runs or runs[0].preload is None or runs[0].options.executor != "local":
        yield ""
        return
    env = warm.environment(runs[0].collection, runs[0].environment)
    with warm.serving(runs[0].preload, env, folder=folder) as address:
        yield address


@contextlib.contextmanager
def _work_folder():
    """Give a folder for kernels; what killed runs left of theirs goes with it."""
    prefix = "broadsheet-run-"
    for left in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        pid = left.name.removeprefix(prefix).partition("-")[0]
        with contextlib.suppress(OSError):  # a name that leads nowhere, or is somebody else's
            if (
                pid.isdecimal()
                and left.lstat().st_uid == os.getuid()
                and not store.is_alive(int(pid))
            ):
                shutil.rmtree(left)
    with tempfile.TemporaryDirectory(
        prefix=f"{prefix}{os.getpid()}-", ignore_cleanup_errors=True
    ) as folder:
        yield Path(folder)


def _line(task, report):
    name = task.page.removesuffix(".html")
    if task.action == "render" and report.status == "ok":
        return f"{name} ok, only its page was made again"
    if report.status == "ok":
        return f"{name} ok {report.duration:.1f} s"
    return f"{name} FAILED {report.duration:.1f} s  {report.failure.line}"


def _keep(task, report):
    if report.packed is None:
        return
    folder, seconds = task.collection.store, report.duration
    try:
        store.keep_result(folder, task.key, report.reads, report.packed, seconds=seconds)
    except OSError as error:
        name = task.entry.notebook
        print(f"the result of {name} is not kept for a rerun: {error}", file=sys.stderr)


def _about(task):
    return {
        "notebook": task.entry.notebook,
        "page": task.page,
        "parameters": task.values,
        "action": task.action,
        "why": list(task.why),
        "key": task.key,
        "notebook_digest": task.inputs["notebook"],
    }


def _outcome(task, report):
    return {
        "status": report.status,
        "duration": round(task.last if task.action == "render" else report.duration, 3),
        "failure": report.failure.line if report.failure else None,
        "kernel": report.kernel,
        "reads": report.reads,
    }


def _pages(known, tasks, reports, stage):
    """Return the manifest's pages: what was made now, and what of the old is still there."""
    pages = {name: about for name, about in known.items() if (stage / name).is_file()}
    for task in tasks:
        report = reports.get(task.page)
        if report is None:
            continue
        outcome = _outcome(task, report)
        pages[task.page] = {
            **{name: outcome[name] for name in ("status", "failure", "duration", "reads")},
            "inputs": task.inputs,
            "looks": task.looks,
            "files": _hashed(stage, _written(task, report)),
            "records": list(report.records),
        }
    return pages


def _written(task, report):
    return [task.page, *(f"{task.place}{name}" for name in report.files)]


def _hashed(stage, names):
    return {name: digests.path(stage / name) for name in names}


def _put(stage, folder, tasks, reports, known):
    """Put the pages and files of the reports into ``stage``, and remove what they wrote before.

    The last good page of a report that fails stays, under a name that its page links to.
    """
    from broadsheet import pages

    made = [(task, reports[task.page]) for task in tasks if task.page in reports]
    for task, report in made:
        _clear(stage / task.page, task, report)
    owners = {
        name: page
        for page, about in known.items()
        if page not in reports
        for name in about["files"]
    }
    for task, report in made:
        page = stage / task.page
        good = page.with_name(task.entry.last_good)
        kept = [f"{task.place}{name}" for name in _listed(good)] if good.is_file() else ()
        for name in _written(task, report):
            if (owner := owners.setdefault(name, task.page)) != task.page:
                raise BroadsheetError(f"{owner} and {task.page} write {name}")
            if name not in kept:
                (stage / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.move(_spot(folder / "site", task, name), stage / name)
        if good.is_file():
            write(page, pages.with_last_good(page.read_text(encoding="utf-8"), good.name))


def _clear(page, task, report):
    """Remove what a report wrote before, or set the good page of a failing one apart."""
    from broadsheet import pages

    good = page.with_name(task.entry.last_good)
    failed = report.status != "ok"
    if page.is_file() and failed and not pages.is_failed(page.read_text(encoding="utf-8")):
        page.replace(good)
    kept = _listed(good) if failed and good.is_file() else ()
    for old in (page, good):
        for name in _listed(old) if old.is_file() else ():
            if name not in kept:
                (page.parent / name).unlink(missing_ok=True)
    if not failed:
        good.unlink(missing_ok=True)


def _listed(page):
    from broadsheet import pages

    return pages.listed_files(page.read_text(encoding="utf-8"))


def write(path, text):
    """Write one file of a site, the same on every system."""
    path.write_text(text, encoding="utf-8", errors="replace", newline="\n")
