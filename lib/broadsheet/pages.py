"""Pages: an executed notebook, an index and the status as self-contained HTML.

Everything here is rendering: plain values in, text out, no computation and no writing of
files. The cells of a notebook come from `cells`; what stands around them is a jinja template with
autoescape on. A page asks for nothing outside itself, and holds neither times nor random ids, so
that the same inputs give the same bytes. A page has only scripts that its policy names by hash;
without them nothing is missing.

Three kinds of output mean something here beside what they show as ``text/html``: `FILES` (files to
write beside the page, name to text), the record type of the project (a mapping with an ``id``), and
`SCRIPT` (``{"module": text}``, a script of the page: each text once, at its end, named by its hash
in the page's policy).
"""

import base64
import functools
import hashlib
import html
import platform
import re
import shlex
from collections import Counter
from datetime import date
from importlib import metadata
from pathlib import Path, PurePosixPath

import jinja2
from markupsafe import Markup

from broadsheet import FILES_MIME
from broadsheet import parameters as schema
from broadsheet.errors import BroadsheetError, UsageError
from broadsheet.task import Report, Task
from broadsheet.words import number

FILES = FILES_MIME
SCRIPT = "application/vnd.broadsheet.script+json"
_MIME_TYPES = {
    ".csv": "text/csv",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".md": "text/markdown",
}
_FILE_NAME = re.compile(r"\w[\w.-]*(?:/\w[\w.-]*)+", re.ASCII)
_LISTED_FILE = re.compile(r'<link rel="alternate" type="[^"]*" href="([^"]+)">')
_FAILED = '<meta name="failed" content="yes">'
_BANNER = '<section class="banner failed" aria-label="Failure">'
TEMPLATE = Path(__file__).parent / "template"
_PACKAGES = ("papermill", "nbconvert", "ipykernel")


def collect(notebook, task: Task, /) -> tuple[dict[str, str], tuple[dict, ...]]:
    """Return the files and the records among the outputs of an executed notebook.

    Raises BroadsheetError for a file name that is not relative, below a folder and of a known
    kind, and for a record that the project refuses or that another cell gives, too.
    """
    project, files, records = task.collection.project, {}, {}
    for data in _datas(notebook):
        for name, text in (data.get(FILES) or {}).items():
            if not _FILE_NAME.fullmatch(name) or PurePosixPath(name).suffix not in _MIME_TYPES:
                raise BroadsheetError(
                    f"a cell writes {name!r}; files are FOLDER/NAME with suffix csv, svg or json"
                )
            if not isinstance(text, str):
                raise BroadsheetError(f"a cell writes {name!r}, which is no text")
            if files.setdefault(name, text) != text:
                raise BroadsheetError(f"two cells write different files {name!r}")
        if project.record_type in data:
            record = data[project.record_type]
            project.call("check_record", record, task.entry)
            if record["id"] in records:
                raise BroadsheetError(f"two cells give the {project.record_name} {record['id']!r}")
            records[record["id"]] = record
    return files, tuple(records.values())


def listed_files(page: str, /) -> list[str]:
    """Return the names of the files that belong to a report, read from its page."""
    return [name for name in _LISTED_FILE.findall(page) if _FILE_NAME.fullmatch(name)]


def is_failed(page: str, /) -> bool:
    """Return whether a report's page says that the report failed."""
    return _FAILED in page.partition("</head>")[0]


def with_last_good(page: str, last_good: str, /) -> str:
    """Return the page of a failed report with a link to the last good one."""
    address = html.escape(last_good)
    link = f'<p><a href="{address}">The last good page of this report</a> is kept.</p>'
    return page.replace(_BANNER, f"{_BANNER}\n  {link}", 1)


def report(task: Task, made: Report, /, *, plain: bool = False) -> str:
    """Return the page of one executed notebook, with ``made.files`` named on it.

    With ``plain`` the project has no say, since what it did was the failure.
    """
    collection, failure = task.collection, made.failure
    from broadsheet import cells

    parameters = () if plain else _schema(task)
    rows = [
        (p, schema.format_value(task.values.get(p.name, p.default)), schema.format_value(p.default))
        for p in parameters
    ]
    body, found = cells.article(task, made)
    if not plain:
        body = collection.project.call("article", body, task, made)
    return render(
        "report.html.j2",
        collection.project,
        task=task,
        site=task.title or collection.title,
        found=found,
        description=found.description or task.entry.title,
        headings=[*found.headings, *([(2, "parameters", "Parameters")] if rows else [])],
        rows=rows,
        body=Markup(body),
        failure=failure,
        traceback=cells.strip_ansi(failure.traceback) if failure else "",
        changed=[(p.name, value) for p, value, default in rows if value != default],
        command=command(task),
        digests=[table[:3] for table in task.tables],
        files=sorted(made.files),
        mime_type=lambda name: _MIME_TYPES[PurePosixPath(name).suffix],
        modules=modules(data[SCRIPT]["module"] for data in _datas(made.notebook) if SCRIPT in data),
    )


def _schema(task):
    try:
        return schema.read(task.notebook)
    except (UsageError, OSError):  # no notebook of the collection: nbconvert was given its outputs
        return ()


def plain_index(built, /) -> dict[str, str]:
    """Return what stands beside the reports of a collection without a project of its own.

    ``built`` is a `campaign.Built`: an index that lists the reports, and the records as JSON.
    """
    collection, project = built.collection, built.collection.project
    given = {"built": built, "collection": collection, "digests": [t[:3] for t in built.tables]}
    description = collection.subtitle or collection.title
    text = render("index.html.j2", project, description=description, **given)
    records = [
        {**record, "page": page}
        for page, some in sorted(built.records.items())
        for record in some or ()
    ]
    return {"index.html": text, project.records_file: project.dump(records)}


def status(project, site: str, record: dict, /, *, tables=()) -> str:
    """Return the status page of one build from its record.

    ``tables`` are those of the project, whose age at that build the page says.
    """
    built = date.fromisoformat(record["finished"][:10])
    return render(
        "status.html.j2",
        project,
        site=site,
        record=record,
        failed=sum(report["status"] != "ok" for report in record["reports"]),
        ages=[(name, day, (built - date.fromisoformat(day[:10])).days) for *_, name, day in tables],
        actions=Counter(report["action"] for report in record["reports"]),
        description="What the last build ran, how long it took, what failed",
    )


def comparison(task: Task, points, shown, count: int, /, *, common=()) -> str:
    """Return the page that compares the sets of a sweep (`sweep.Point`) of a report.

    ``shown`` are the quantities of the table, of so many. ``common`` says what is set and the same
    in every set.
    """
    title = task.entry.title
    statuses = Counter(point.status for point in points)
    values = {
        "title": f"{title}: {len(points)} sets of parameters",
        "description": f"What the report {title} publishes, by set of parameters",
        "counts": [f"{statuses[s]} {s}" for s in ("ok", "failed", "not built") if statuses[s]],
        "points": points,
        "shown": shown,
        "common": common,
        "count": count,
    }
    return render("comparison.html.j2", task.collection.project, **values)


def difference(project, found, old: str, new: str, /) -> str:
    """Return the page of a `diff.Difference` of two sites with these names."""
    told = "Which records and numbers of two sites differ, by how much, and why"
    return render("diff.html.j2", project, difference=found, old=old, new=new, description=told)


def command(task: Task, /) -> str:
    """Return the command that builds a report with these parameters again."""
    settings = [
        f"--set {shlex.quote(f'{key}={schema.format_value(value)}')}"
        for key, value in task.values.items()
    ]
    name = shlex.quote(task.entry.notebook)
    return " ".join([f"{task.collection.project.name} build", name, *settings])


@functools.cache
def versions(project, /) -> tuple[tuple[str, str], ...]:
    """Return (name, version) of Python and of the packages that decide what a page shows."""
    found = [("Python", ".".join(platform.python_version_tuple()[:2]))]
    for package in (*project.versions, *_PACKAGES):
        try:
            found.append((package, metadata.version(package)))
        except metadata.PackageNotFoundError:
            continue
    return tuple(found)


def _datas(notebook):
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            yield output.get("data", {})


@functools.cache
def _environment(templates):
    folders = [TEMPLATE, *filter(None, [templates])]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    sheets = [path for folder in folders if (path := folder / "style.css").is_file()]
    style = "\n".join(path.read_text(encoding="utf-8").strip() for path in sheets)
    environment.globals |= {"style": Markup(style), "number": number}
    return environment


@functools.cache
def script(path: Path, /) -> dict[str, str]:
    """Return a script with the hash by which a page's policy lets it, and nothing else, run."""
    return _hashed(path.read_text(encoding="utf-8"))


def modules(texts, /) -> list[dict]:
    """Return scripts for a page, each text once: pass them to the page's template as ``modules``.

    Raises BroadsheetError for a text that would end its element.
    """
    texts = list(dict.fromkeys(texts))
    if any("</script" in text.lower() or "<!--" in text for text in texts):
        raise BroadsheetError("a script has '</script' or '<!--' in it: write '<\\/script'")
    return [_hashed(text) for text in texts]


def _hashed(text):
    text = text.strip()
    digest = hashlib.sha256(f"\n{text}\n".encode()).digest()
    return {"text": Markup(text), "sha256": base64.b64encode(digest).decode()}


def render(name: str, project, /, **values) -> str:
    """Return a page, or a part of one, from a template of the engine or of the project."""
    template = _environment(project.templates).get_template(name)
    return template.render(versions=versions(project), **values)
