"""A campaign: the steps of one command carried out, and the site that comes of them in place.

What is finished is kept at once, so that a campaign that is stopped, however, is gone on with
by the next; the new site grows beside the old one and takes its place at the end. What stands
beside the reports in a site, a scorecard or a comparison, is its composer's: `build` and
`sweep` each have one.
"""

import contextlib
import functools
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from broadsheet import digests, store
from broadsheet import parameters as schema
from broadsheet.errors import FrontierError
from broadsheet.record import Record, mend
from broadsheet.site import is_alive
from frontier.data import paths


@dataclass(frozen=True)
class Facts:
    """What the pages say of the data.

    The ledger's rows, (file, SHA-256, title) of the tables, and (title, ISO day) on which each
    was obtained, for the status page. ``rows()`` gives the heads of the values of a measured row,
    and by its id what has the ``values`` as text, the title of its ``source``, and its ``url``;
    ``dates()`` a sentence on how old the rows are, ``news()`` what moved (`pages.News`), the newest
    first.
    """

    ledger: tuple = ()
    digests: tuple = ()
    obtained: tuple = ()
    rows: Callable = lambda: ((), {})
    dates: Callable = str
    news: Callable = tuple


@dataclass(frozen=True)
class Options:
    """How the work is done; none of it changes what comes out.

    ``preload`` names modules for warm kernels to have imported, None is for cold ones.
    """

    workers: int | None = None
    executor: str = "local"
    time_limit: float = 600.0
    force: bool = False
    preload: tuple[str, ...] | None = None


class Composer:
    """What a site has beside its reports: ``files``, of which it makes the text."""

    files: tuple[str, ...] = ()

    def __init__(self, facts):
        self._facts = facts

    @functools.cached_property
    def facts(self) -> Facts:
        """What the caller knows of the data, asked for once and when it is needed."""
        return self._facts()

    def inputs(self, pages: dict, /) -> str:
        """Return the digest of what the files are made from, pages of the manifest included."""
        raise NotImplementedError

    def compose(self, stage: Path, reports: dict, known: dict, record: Record, /) -> list:
        """Write the files into ``stage``; return what changed in the verdicts.

        ``reports`` are those made now, ``known`` the manifest's pages as they were before.
        """
        raise NotImplementedError

    def is_current(self, site) -> bool:
        """Return whether the site's files are what they would be made again."""
        manifest = site.manifest()
        same = manifest["inputs"] == self.inputs(manifest["pages"])
        return same and not site.edited(manifest["files"])


def carry_out(kind, steps, site, composer, environment, options) -> int:
    """Do what the steps say, and put the site that ``composer`` makes of it into place.

    Returns how many reports failed, and leaves a record however it ends.
    """
    for killed in mend():
        told = f"the {killed.get('kind')} of {killed.get('started')} was killed"
        print(told, file=sys.stderr)
    record = Record(
        kind,
        site.folder,
        executor=options.executor,
        library=store.keep_mapping(environment.library),
        versions=environment.versions,
    )
    record.begin()
    try:
        tasks = _tasks(steps, composer, environment, options)
        for step in steps:
            if step.action == "fresh":
                record.add(**_about(step), status="ok", duration=step.last, failure=None)
        with _work_folder() as folder:
            reports = _run(steps, tasks, record, options, folder)
            with site.replaced() as stage:
                known = site.manifest()["pages"]
                _put(stage, folder, reports, known)
                record.values["changes"] = composer.compose(stage, reports, known, record)
                pages = _pages(known, steps, reports, stage)
                inputs = composer.inputs(pages)
                files = _hashed(stage, composer.files)
                site.remember({"inputs": inputs, "pages": pages, "files": files})
    except KeyboardInterrupt:
        record.finish("interrupted")
        raise
    except BaseException as error:
        record.finish("failed", f"{type(error).__name__}: {error}")
        if isinstance(error, OSError):  # a full disk, a folder that cannot be written
            raise FrontierError(f"{error}; the site is as it was") from error
        raise
    record.finish("finished")
    store.prune()
    return sum(report.status != "ok" for report in reports.values())


def _tasks(steps, composer, environment, options):
    """Return (task, step) for what is not fresh: the longest first, so that none ends alone."""
    from broadsheet import pages, run, work

    facts = composer.facts
    claims = tuple(row["id"] for row in facts.ledger)
    root = paths.root()
    data = {f"data/{name}": was for name, was in environment.data.items()}
    source = environment.source
    tasks = []
    for step in sorted(steps, key=lambda step: -(step.last or float("inf"))):
        if step.action == "fresh":
            continue
        request = step.request
        frame = pages.Frame(
            site=request.around.site,
            entry=request.entry,
            parameters=schema.read(request.notebook),
            command=pages.command(request.entry.notebook, request.values),
            home=request.around.home,
            pages=request.around.pages,
            previous=request.around.previous,
            next=request.around.next,
            terms=request.around.terms,
            rows=request.entry.rows if request.around.rows else "",
            digests=tuple(map(tuple, facts.digests)),
        )
        job = run.Job(
            request.notebook, request.values, options.time_limit, options.preload, root=root
        )
        task = work.Task(request.page, job, frame, claims, step.result, source=source, data=data)
        tasks.append((task, step))
    return tasks


def _run(steps, tasks, record, options, folder):
    """Return the reports by page, keeping each result and telling of it as it ends.

    Their pages and files are set down in ``folder``, since thousands are more than memory holds.
    """
    from broadsheet import executors, work

    done = {}
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(_server(folder, steps, options))
        if options.executor == "local":
            tasks = [(_in(folder, server, task), step) for task, step in tasks]
        by_page = {task.page: step for task, step in tasks}
        # What only renders needs the store, which workers elsewhere may not have.
        for action, executor in (("render", "local"), ("run", options.executor)):
            some = [task for task, step in tasks if step.action == action]
            if not some:
                continue
            results = executors.each(work.make, some, workers=options.workers, executor=executor)
            stack.enter_context(contextlib.closing(results))
            for task, report, error in results:
                if error is not None:
                    report = work.lost(task, error)
                step = by_page[report.name]
                _keep(step, report)
                done[report.name] = _set_down(report, folder / "site")
                line = f"[{len(done)}/{len(tasks)}] {_line(report, step)}"
                print(line, file=sys.stderr, flush=True)
                digest = digests.text(report.page)
                record.add(**_about(step), **_outcome(report, step), digest=digest)
    return {step.request.page: done[step.request.page] for step in steps if step.action != "fresh"}


def _set_down(report, folder):
    """Write a report's page and files below ``folder``, and return the report without them."""
    texts = {report.name: report.page, **{_beside(report, n): t for n, t in report.files.items()}}
    for name, text in texts.items():
        place = _spot(folder, report, name)
        place.parent.mkdir(parents=True, exist_ok=True)
        write(place, text)
    return replace(report, page="", files=dict.fromkeys(report.files, ""), executed=None)


def _spot(folder, report, name):
    """Return where a file of a report is set down: two reports may write one name."""
    return folder / digests.text(report.name)[:16] / name


def _beside(report, name):
    return f"{report.name.removesuffix(report.entry.page)}{name}"


def _in(folder, server, task):
    return replace(task, folder=folder, job=replace(task.job, server=server))


@contextlib.contextmanager
def _server(folder, steps, options):
    """Have the server that local workers ask for warm kernels, if any notebook runs here."""
    from broadsheet import run, warm

    runs = any(step.action == "run" for step in steps)
    if not runs or options.preload is None or options.executor != "local":
        yield ""
        return
    with warm.serving(options.preload, run.environment(paths.root()), folder=folder) as address:
        yield address


@contextlib.contextmanager
def _work_folder():
    """Give a folder for kernels; what killed runs left of theirs goes with it."""
    prefix = "frontier-run-"
    for left in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        pid = left.name.removeprefix(prefix).partition("-")[0]
        if pid.isdecimal() and not is_alive(int(pid)) and left.stat().st_uid == os.getuid():
            with contextlib.suppress(OSError):
                shutil.rmtree(left)
    with tempfile.TemporaryDirectory(
        prefix=f"{prefix}{os.getpid()}-", ignore_cleanup_errors=True
    ) as folder:
        yield Path(folder)


def _line(report, step):
    if step.action == "render" and report.status == "ok":
        return f"{report.name.removesuffix('.html')} ok, only its page was made again"
    if report.status == "ok":
        return f"{report.name.removesuffix('.html')} ok {report.duration:.1f} s"
    return f"{report.name.removesuffix('.html')} FAILED {report.duration:.1f} s  {report.failure}"


def _keep(step, report):
    if report.executed is None:
        return
    try:
        store.keep_result(step.key, report.reads, report.executed, seconds=report.duration)
    except OSError as error:
        name = report.entry.notebook
        print(f"the result of {name} is not kept for a rerun: {error}", file=sys.stderr)


def _about(step):
    request = step.request
    return {
        "notebook": request.entry.notebook,
        "page": request.page,
        "parameters": request.values,
        "action": step.action,
        "why": list(step.why),
        "key": step.key,
        "notebook_digest": step.inputs["notebook"],
    }


def _outcome(report, step):
    return {
        "status": report.status,
        "duration": round(_seconds(report, step), 3),
        "failure": report.failure,
        "kernel": report.kernel,
        "reads": _reads(report, step),
    }


def _seconds(report, step):
    return step.last if step.action == "render" else report.duration


def _reads(report, step):
    return step.reads if step.action == "render" else report.reads


def _pages(known, steps, reports, stage):
    """Return the manifest's pages: what was made now, and what of the old is still there."""
    pages = {name: about for name, about in known.items() if (stage / name).is_file()}
    for step in steps:
        report = reports.get(step.request.page)
        if report is None:
            continue
        outcome = _outcome(report, step)
        pages[report.name] = {
            "status": outcome["status"],
            "failure": outcome["failure"],
            "duration": outcome["duration"],
            "inputs": step.inputs,
            "reads": outcome["reads"],
            "around": step.around,
            "files": _hashed(stage, _written(report)),
            "records": report.records,
        }
    return pages


def _written(report):
    return [report.name, *(_beside(report, name) for name in report.files)]


def _hashed(stage, names):
    return {name: digests.path(stage / name) for name in names}


def _put(stage, folder, reports, known):
    """Put the pages and files of the reports into ``stage``, and remove what they wrote before.

    The last good page of a report that fails stays, under a name that its page links to.
    """
    from broadsheet import pages

    for report in reports.values():
        _clear(stage / report.name, report)
    owners = {
        name: page
        for page, about in known.items()
        if page not in reports
        for name in about["files"]
    }
    for report in reports.values():
        page = stage / report.name
        good = page.with_name(report.entry.last_good)
        kept = [_beside(report, name) for name in _listed(good)] if good.is_file() else ()
        for name in _written(report):
            if (owner := owners.setdefault(name, report.name)) != report.name:
                raise FrontierError(f"{owner} and {report.name} write {name}")
            if name not in kept:
                (stage / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.move(_spot(folder / "site", report, name), stage / name)
        if good.is_file():
            write(page, pages.with_last_good(page.read_text(encoding="utf-8"), good.name))


def _clear(page, report):
    """Remove what a report wrote before, or set the good page of a failing one apart."""
    from broadsheet import pages

    good = page.with_name(report.entry.last_good)
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
    path.write_text(text, encoding="utf-8", newline="\n")
