"""What a worker does: run a report's notebook, or take it from the store, and make its page.

A task is plain data and so is the report that comes back, so that it does not matter whether
the worker is a process here or one on another machine with the same checkout. Who works, and
what becomes of the report, belongs in `executors` and `build`.
"""

import functools
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import nbformat

from broadsheet import digests, pages, run, store
from broadsheet.collection import Entry
from broadsheet.errors import FrontierError
from frontier.site import rows


@dataclass(frozen=True)
class Task:
    """One page to make: a job, what stands around the page, and the claims it may decide.

    ``result`` is the stored notebook of a job that need not run. ``data`` and ``source`` are
    the digests of the data folder's files and of the library and versions, as the runner has
    them: a worker with others would make another page.
    """

    page: str
    job: run.Job
    frame: pages.Frame
    claims: tuple[str, ...] = ()
    result: Path | None = None
    source: str = ""
    data: dict | None = None
    folder: Path | None = None


@dataclass(frozen=True)
class Report:
    """What became of one task, as plain data: its page, its files, its verdicts, its result."""

    entry: Entry
    name: str
    page: str
    files: dict[str, str]
    records: list[dict]
    parameters: dict
    status: str
    duration: float
    failure: str | None = None
    kernel: str = ""
    reads: dict | None = None
    executed: bytes | None = None


def make(task: Task, /) -> Report:
    """Run one report's notebook and convert it; what goes wrong in either is on its page."""
    if task.result is not None:
        executed = nbformat.from_dict(store.unpack(task.result.read_bytes()))
        return _report(task, run.Result(task.job, executed, 0.0), {})
    if task.source and task.source != source(task.job.root):
        raise FrontierError("this worker has another library or other versions than the runner")
    with tempfile.TemporaryDirectory(
        prefix="frontier-", dir=task.folder, ignore_cleanup_errors=True
    ) as folder:
        result = run.execute(task.job, folder=Path(folder))
    reads = {name: digests.path(task.job.root / name) for name in result.reads}
    moved = [name for name, now in reads.items() if (task.data or {}).get(name, now) != now]
    if moved and not result.failure:
        problem = f"{digests.listing(moved)} changed while it ran; build again"
        result = replace(result, failure=run.Failure("DataChanged", problem))
    return _report(task, result, reads)


def lost(task: Task, error: Exception, /) -> Report:
    """Return the report of a task whose process was killed or could not convert it."""
    failure = run.Failure(type(error).__name__, str(error))
    return _report(task, run.Result(task.job, nbformat.v4.new_notebook(), 0.0, failure), {})


@functools.cache
def source(root: Path, /) -> str:
    """Return the digest of the library and the versions that this process has."""
    return digests.environment(root / "data").source


def _report(task, result, reads):
    files, records = {}, []
    try:
        files, records = pages.collect(result.executed, claims=task.claims)
    except FrontierError as error:
        if result.failure is None:
            result = replace(result, failure=run.Failure("FrontierError", str(error)))
    return Report(
        entry=task.frame.entry,
        name=task.page,
        page=pages.report(result, task.frame, files=files, used=rows.used(files)),
        files=files,
        # A report that failed decides nothing, whatever it found before.
        records=[] if result.failure else records,
        parameters=task.job.parameters,
        status=result.status,
        duration=result.duration,
        failure=result.failure.line if result.failure else None,
        kernel=result.kernel,
        reads=reads,
        executed=None if result.failure or task.result else store.pack(result.executed),
    )
