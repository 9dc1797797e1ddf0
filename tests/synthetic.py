"""A small collection with notebooks that say nothing about inference, for the batch engine."""

import contextlib
import json
import time

import nbformat
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from broadsheet import Project, digests
from broadsheet import collection as site_map
from broadsheet.errors import BroadsheetError, UsageError
from broadsheet.task import Report, Task

FILES = "application/vnd.broadsheet.files+json"
RECORD = "application/vnd.broadsheet.record+json"


def choices(name):
    if name != "table.column":
        raise UsageError(f"[one of {name}] is not of this project")
    return ["step", "semilog"]


def check_record(record, entry):
    if not isinstance(record, dict) or record.get("id") not in ("a", "b", "c"):
        raise BroadsheetError(f"{entry.notebook}: no record is called {record!r}")


def changes(old, new):
    old, new = ({r["id"]: r for r in json.loads(text)["records"]} for text in (old, new))
    return [(n, "there", "gone") for n in old if n not in new]


TABLES = ()  # a test says which there are

project = Project(
    choices=choices, check_record=check_record, changes=changes, tables=lambda: TABLES
)


def markdown(text):
    return new_markdown_cell(text)


def code(text):
    return new_code_cell(text)


def parameters(text):
    return new_code_cell(text, metadata={"tags": ["parameters"]})


def shows(html="", *, files=None, record=None, record_type=RECORD):
    """A cell that shows this, and whose stored output is the same, for tests without a kernel."""
    data = {"text/html": html} if html else {"text/plain": "<object at 0x7f>"}
    if files is not None:
        data[FILES] = files
    if record is not None:
        data[record_type] = record
    source = (
        "import json\nfrom IPython.display import display\n"
        f"display(json.loads({json.dumps(data)!r}), raw=True)"
    )
    return new_code_cell(source, outputs=[new_output("display_data", data=data)])


def write(root, reports, /, *, project="synthetic:project", **more):
    """Write a collection: ``reports`` maps a notebook's stem to cells, or (cells, page keys)."""
    folder = root / "notebooks"
    folder.mkdir(parents=True, exist_ok=True)
    pages = []
    for stem, cells in reports.items():
        cells, about = cells if isinstance(cells, tuple) else (cells, {})
        nbformat.write(new_notebook(cells=list(cells)), folder / f"{stem}.ipynb")
        pages.append({"notebook": stem, "title": f"Title of {stem}", **about})
    site = {"title": "A collection", "subtitle": "Of synthetic reports", "root": ".."}
    site |= {"project": project, "pages": pages, **more}
    (folder / "collection.yaml").write_text(yaml.safe_dump(site), encoding="utf-8")
    return root


def collection(root):
    return site_map.read(root / "notebooks")


def task(notebook, values=None, /, *, root=None, preload=None, **more):
    """A task for one notebook of no collection; with ``preload`` None in a cold kernel."""
    from broadsheet.task import Options

    time_limit = more.pop("time_limit", 600.0)
    about = _Alone("A collection", (), notebook.parent, root=root, preload=preload or ())
    options = Options(time_limit=time_limit, cold=preload is None)
    return Task(
        about, site_map.Entry(notebook.stem, "A title"), values or {}, options=options, **more
    )


class _Alone(site_map.Collection):
    def __init__(self, *arguments, preload, **named):
        super().__init__(*arguments, **named)
        object.__setattr__(self, "_project", Project(preload=preload))

    @property
    def project(self):
        return self._project


def instantly(monkeypatch, report=None):
    """Run notebooks by taking the outputs stored in them, in this process; give what was run.

    ``report(task, notebook)`` is what comes of a task, a success that read nothing if not given.
    """
    from broadsheet import campaign, executors, run

    started = []

    def execute(task, /, *, folder):
        started.append(task)
        notebook = nbformat.read(task.notebook, as_version=4)
        return report(task, notebook) if report else Report(notebook)

    monkeypatch.setattr(run, "execute", execute)
    monkeypatch.setattr(executors, "each", each)
    monkeypatch.setattr(campaign, "_server", lambda *_: contextlib.nullcontext(""))
    return started


def reads(task, *names):
    """What a kernel that reads these says of them."""
    return {name: digests.path(task.collection.home / name) for name in names}


def each(work, items, /, **_options):
    """An executor that does everything here and in order."""
    for item in items:
        yield item, work(item), None


def tree(folder, *, without=("status.html",)):
    """The bytes of every file below a folder, by relative name."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in files
        if path.name not in without
    }


def wait_for(condition):
    """Return whether a condition came to hold within 45 seconds."""
    for _ in range(900):
        if condition():
            return True
        time.sleep(0.05)
    return False
