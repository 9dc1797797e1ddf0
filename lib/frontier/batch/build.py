"""Building the site: validate, run, convert, and replace the old site in one step.

Nothing is started before every request is known to be sound. The new site grows in a
folder beside the old one, from a copy of it, so that pages that are not rebuilt stay; then
the two change places. Whatever ends a build earlier leaves the old site as it was.

What a run needs to know of the data comes from the caller: ``choices(name)`` gives the
values a parameter may take, ``ledger`` the base rows of verdicts.json, ``digests`` the
(file, SHA-256, title) of the tables.
"""

import contextlib
import ctypes
import datetime
import errno
import json
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from frontier import paths
from frontier.batch import collection as site_map
from frontier.batch import parameters as schema
from frontier.batch import verdicts
from frontier.errors import FrontierError, UsageError

_EXPLORATION = "exploration"


@dataclass(frozen=True)
class Report:
    """What became of one report, as plain data: its page, its files, its verdicts, its record."""

    entry: site_map.Entry
    page: str
    files: dict[str, str]
    records: list[dict]
    parameters: dict
    status: str
    duration: float
    failure: str | None = None


@dataclass(frozen=True)
class Task:
    """One report to make, as plain data that another process can be given."""

    notebook: Path
    parameters: dict
    time_limit: float
    frame: object
    claims: tuple[str, ...]
    folder: Path


def build(
    names=(),
    /,
    *,
    settings=None,
    out=None,
    workers=None,
    time_limit=600.0,
    choices=None,
    ledger=(),
    digests=(),
) -> int:
    """Build the named reports, or all, and the scorecard; return how many failed.

    ``settings`` maps parameter names to the texts given for them; with any, the site goes to
    ``exploration/`` unless ``out`` says otherwise, else to ``reports/``. Raises UsageError,
    before anything runs, for a request that cannot be met.
    """
    collection = site_map.read(paths.notebooks())
    entries = collection.select(names)
    requests = _requests(collection, entries, settings or {}, choices)
    if out is None:
        out = paths.root() / _EXPLORATION if settings else paths.reports()
        if settings:
            print(f"with --set, the site goes to {out}", file=sys.stderr)
    out = Path(out).resolve()
    _recover(out)
    _refuse(out)
    started = time.time()
    old = verdicts.load(out)
    kept = [e.page for e in collection.pages if e not in entries and (out / e.page).is_file()]
    with tempfile.TemporaryDirectory(prefix="frontier-", ignore_cleanup_errors=True) as work:
        tasks = _tasks(collection, requests, kept, ledger, digests, time_limit, Path(work))
        reports = _run(tasks, entries, workers or os.cpu_count() or 2)
    records = _records(collection, reports, old, kept, ledger)
    record = _record(reports, started, out, verdicts.changes(old, records) if old else [])
    stage = _sibling(out, f"building-{os.getpid()}")
    try:
        _write(stage, out, collection, reports, records, digests, record)
        _replace(stage, out)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        _keep(record)
    return sum(report.status != "ok" for report in reports)


def _requests(collection, entries, settings, choices):
    """Return (entry, its parameters, the typed values set for it) for every report to build."""
    schemas = {entry: schema.read(collection.path(entry)) for entry in entries}
    for name in settings:
        known = {p.name: p for parameters in schemas.values() for p in parameters}
        if name not in known:
            raise UsageError(
                schema.unknown(name, known, f"of {', '.join(e.notebook for e in entries)}")
            )
    requests = []
    for entry, parameters in schemas.items():
        values = {
            p.name: schema.parse_value(p, *settings[p.name])
            for p in parameters
            if p.name in settings
        }
        values = schema.check(parameters, values, choices=choices, notebook=entry.notebook)
        defaults = {p.name: p.default for p in parameters}
        changed = {name: value for name, value in values.items() if value != defaults[name]}
        requests.append((entry, parameters, changed))
    return requests


def _refuse(out):
    """Raise UsageError for what cannot be a site: no folder, or one with files of somebody's."""
    there = next(path for path in (out, *out.parents) if path.exists())
    if not there.is_dir():
        raise UsageError(f"{there} is a file; --out takes a folder")
    if not os.access(there, os.W_OK):
        raise UsageError(f"{there} cannot be written; name another folder with --out")
    if not out.is_dir() or (out / "verdicts.json").is_file():
        return
    if any(path.name != ".gitkeep" for path in out.iterdir()):
        raise UsageError(
            f"{out} has files but no verdicts.json, so it is not a site of this project; "
            "name another folder with --out"
        )


def _tasks(collection, requests, kept, ledger, digests, time_limit, work):
    from frontier.batch import pages

    there = {*kept, *(entry.page for entry, _, _ in requests)}
    shown = [entry for entry in collection.pages if entry.page in there]
    claims = tuple(row["id"] for row in ledger)
    tasks = []
    for entry, parameters, changed in requests:
        place = shown.index(entry)
        frame = pages.Frame(
            site=collection.title,
            entry=entry,
            parameters=parameters,
            command=pages.command(entry.notebook, changed),
            pages=tuple(e.page for e in shown),
            previous=shown[place - 1] if place else None,
            next=shown[place + 1] if place + 1 < len(shown) else None,
            digests=tuple(map(tuple, digests)),
        )
        folder = work / entry.notebook
        tasks.append(Task(collection.path(entry), changed, time_limit, frame, claims, folder))
    return tasks


def _run(tasks, entries, workers):
    """Return the reports in the order of ``entries``, telling of each as it is done."""
    from frontier.batch import run

    done = {}
    with contextlib.closing(run.each(make, tasks, workers=workers)) as results:
        for task, report, error in results:
            if error is not None:
                report = _lost(task, error)
            done[report.entry] = report
            print(f"[{len(done)}/{len(tasks)}] {_line(report)}", file=sys.stderr, flush=True)
    return [done[entry] for entry in entries]


def _line(report):
    if report.status == "ok":
        return f"{report.entry.notebook} ok {report.duration:.1f} s"
    return f"{report.entry.notebook} FAILED {report.duration:.1f} s  {report.failure}"


def make(task: Task, /) -> Report:
    """Run one report's notebook and convert it; what goes wrong in either is on its page."""
    from frontier.batch import run

    task.folder.mkdir()
    job = run.Job(task.notebook, task.parameters, task.time_limit)
    return _report(task, run.execute(job, folder=task.folder))


def _report(task, result):
    from frontier.batch import pages, run

    files, records = {}, []
    try:
        files, records = pages.collect(result.executed, claims=task.claims)
    except FrontierError as error:
        if result.failure is None:
            result = replace(result, failure=run.Failure("FrontierError", str(error)))
    return Report(
        entry=task.frame.entry,
        page=pages.report(result, task.frame, files=files),
        files=files,
        # A report that failed decides nothing, whatever it found before.
        records=[] if result.failure else records,
        parameters=task.parameters,
        status=result.status,
        duration=result.duration,
        failure=result.failure.line if result.failure else None,
    )


def _lost(task, error):
    """Return the report of a task whose process was killed or could not convert it."""
    import nbformat

    from frontier.batch import run

    failure = run.Failure(type(error).__name__, str(error))
    job = run.Job(task.notebook, task.parameters, task.time_limit)
    return _report(task, run.Result(job, nbformat.v4.new_notebook(), 0.0, failure))


def _records(collection, reports, old, kept, ledger):
    """Return the ledger's rows with the verdicts of the reports and of the pages kept."""
    page_of = {claim: entry.page for entry in collection.pages for claim in entry.claims}
    there = {*kept, *(report.entry.page for report in reports)}
    found = {}
    for report in reports:
        for record in report.records:
            other = found.setdefault(record["id"], {**record, "page": report.entry.page})
            if other["page"] != report.entry.page:
                raise FrontierError(
                    f"{other['page']} and {report.entry.page} both give a verdict for "
                    f"{record['id']!r}; the site is as it was"
                )
    for record in old:
        if record.get("page") in kept:
            found.setdefault(record["id"], record)
    rows = verdicts.merge(ledger, found.values())
    pages = [row.get("page") or page_of.get(row["id"]) for row in rows]
    return [
        {**row, "page": page if page in there else None}
        for row, page in zip(rows, pages, strict=True)
    ]


def _write(stage, out, collection, reports, records, digests, record):
    """Write the new site into ``stage``: what is kept of the old one, then what is new."""
    from frontier.batch import pages

    if out.is_dir():
        shutil.copytree(out, stage)
    else:
        stage.mkdir(parents=True)
    for report in reports:
        page = stage / report.entry.page
        if page.is_file():
            for name in pages.listed_files(page.read_text(encoding="utf-8")):
                (stage / name).unlink(missing_ok=True)
    owners = {}
    for report in reports:
        (stage / report.entry.page).write_text(report.page, encoding="utf-8", newline="\n")
        for name, text in report.files.items():
            if owners.setdefault(name, report.entry) is not report.entry:
                raise FrontierError(f"{owners[name].page} and {report.entry.page} write {name}")
            (stage / name).parent.mkdir(parents=True, exist_ok=True)
            (stage / name).write_text(text, encoding="utf-8", newline="\n")
    built = {entry.page for entry in collection.pages if (stage / entry.page).is_file()}
    text = verdicts.dump(records)
    records = json.loads(text)["claims"]
    index = pages.scorecard(collection, records, built=built, digests=digests)
    (stage / "verdicts.json").write_text(text, encoding="utf-8", newline="\n")
    (stage / "index.html").write_text(index, encoding="utf-8", newline="\n")
    (stage / "scorecard.svg").write_text(pages.picture(records), encoding="utf-8", newline="\n")
    status = pages.status(collection.title, record)
    (stage / "status.html").write_text(status, encoding="utf-8", newline="\n")


def _record(reports, started, out, changes):
    from frontier.batch import pages

    def stamp(seconds):
        moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
        return moment.isoformat(timespec="seconds")

    finished = time.time()
    return {
        "schema": 1,
        "started": stamp(started),
        "finished": stamp(finished),
        "duration": round(finished - started, 3),
        "out": str(out),
        "versions": dict(pages.versions()),
        "reports": [
            {
                "notebook": report.entry.notebook,
                "parameters": report.parameters,
                "status": report.status,
                "duration": round(report.duration, 3),
                "failure": report.failure,
            }
            for report in reports
        ],
        "changes": changes,
    }


def _keep(record):
    folder = paths.root() / ".frontier" / "records"
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{record['started'].replace(':', '')}-{os.getpid()}.json"
    (folder / name).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def _sibling(out, suffix):
    return out.parent / f".{out.name}.{suffix}"


def _recover(out):
    """Undo what a build that was killed left beside the site."""
    old = _sibling(out, "old")
    if old.is_dir():
        if out.exists():
            shutil.rmtree(old)
        else:
            old.rename(out)
    for stage in out.parent.glob(f".{out.name}.building-*"):
        if not _is_alive(int(stage.name.rpartition("-")[2])):
            shutil.rmtree(stage)


def _is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _replace(stage, out):
    """Put ``stage`` in the place of ``out``; at no moment is there half a site."""
    if not out.exists():
        stage.rename(out)
    elif not _exchange(stage, out):
        old = _sibling(out, "old")
        out.rename(old)
        try:
            stage.rename(out)
        except OSError:
            old.rename(out)
            raise
        shutil.rmtree(old)


def _exchange(one, other):
    """Let two folders change names in one step; False where the system cannot."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    at_cwd, exchange = -100, 2
    if renameat2(at_cwd, os.fsencode(one), at_cwd, os.fsencode(other), exchange) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
        return False
    raise OSError(code, os.strerror(code), str(other))
