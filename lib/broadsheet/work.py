"""What a worker does: run a report's notebook, or take it from the store, and make its page.

A task is plain data and so is the report that comes back, so that it does not matter whether
the worker is a process here or one on another machine with the same checkout. Who works, and
what becomes of the report, belongs in `executors` and `campaign`. Imports are where they are used:
the runner imports this module too, and neither runs nor converts.
"""

import contextlib
import functools
import tempfile
from dataclasses import replace
from pathlib import Path

from broadsheet import digests, store
from broadsheet.collection import Collection
from broadsheet.errors import BroadsheetError
from broadsheet.task import Failure, Report, Task


def make(task: Task, /) -> Report:
    """Run one report's notebook and convert it; what goes wrong in either is on its page."""
    import nbformat

    from broadsheet import run

    if task.result is not None:
        executed = nbformat.from_dict(store.result(task.result))
        return _rendered(task, Report(executed, reads=task.reads))
    if task.source and task.source != source(task.collection):
        raise BroadsheetError("this worker has another library or other versions than the runner")
    _rehearse(task.collection)
    with tempfile.TemporaryDirectory(
        prefix=f"{run.NAME}-", dir=task.folder, ignore_cleanup_errors=True
    ) as folder:
        report = run.execute(task, folder=Path(folder))
    if not report.failure and (moved := _changed(task, report.reads)):
        problem = f"{digests.listing(moved)} changed while it ran; build again"
        report = replace(report, failure=Failure("DataChanged", problem))
    return _rendered(task, report)


@functools.cache
def _rehearse(collection):
    """Make a page of nothing: what pages need is imported and compiled while kernels start."""
    from nbformat import v4

    cells = [v4.new_markdown_cell("Words"), v4.new_code_cell("code")]
    with contextlib.suppress(Exception):  # the page itself will say so
        _rendered(Task(collection, collection.pages[0]), Report(v4.new_notebook(cells=cells)))


def lost(task: Task, error: Exception, /) -> Report:
    """Return the report of a task whose process was killed or could not convert it."""
    import nbformat

    failure = Failure(type(error).__name__, str(error))
    return _rendered(task, Report(nbformat.v4.new_notebook(), failure=failure))


def _changed(task, reads):
    """Return the inputs that were not the same from the start of the run to its end.

    The start is the runner's for the files of the data folder, and for any other file the moment
    when it was first read. What is absent is an input like any other.
    """
    home, data = task.collection.home, task.collection.project.data
    start = {f"{data}/{name}": was for name, was in task.data.items()}
    moved = []
    for name, first in reads.items():
        now = digests.path(home / name)
        began = start.get(name, first)
        if start and name not in start and name.startswith(f"{data}/"):
            began = first if (home / name).is_dir() else digests.GONE
        if not began == first == now:
            moved.append(name)
    notebook = task.inputs.get("notebook")
    if notebook and digests.path(task.notebook) != notebook:
        moved.append(task.notebook.name)
    return moved


@functools.cache
def source(collection: Collection, /) -> str:
    """Return the digest of the library and the versions that this process has."""
    return digests.environment(collection.project, collection.data).source


def _rendered(task, report):
    """Return the report with its page, its files and its records."""
    from broadsheet import cells, pages

    try:
        files, records = pages.collect(report.notebook, task)
        made = replace(report, files=files, records=records)
        if not report.failure:
            files[f"markdown/{task.entry.notebook}.md"] = cells.markdown(task, made)
        page = pages.report(task, made)
    except BroadsheetError as error:
        files, records = {}, ()
        failure = report.failure or Failure(type(error).__name__, str(error))
        report = replace(report, failure=failure)
        page = pages.report(task, report, plain=True)
    # A report that failed decides nothing, whatever it found before.
    records = () if report.failure else records
    packed = None if report.failure or task.result else store.pack(report.notebook)
    return replace(report, notebook=None, page=page, files=files, records=records, packed=packed)
