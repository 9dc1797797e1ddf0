"""Pages: an executed notebook, the scorecard and the status as self-contained HTML.

Everything here is rendering: plain values in, text out, no computation and no writing of
files. The cells of a notebook go through nbconvert with the template beside this module;
what stands around them is a jinja template with autoescape on. A page has no script, asks
for nothing outside itself, and holds neither times nor random ids, so that the same inputs
give the same bytes.

Two kinds of output mean something here beside what they show as ``text/html``:
``application/vnd.frontier.files+json`` (files to write beside the page, name to text) and
``application/vnd.frontier.verdict+json`` (one row of verdicts.json).
"""

import copy
import functools
import html
import platform
import re
import shlex
from collections import Counter
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import jinja2
from latex2mathml import converter as mathml
from markupsafe import Markup
from nbconvert.exporters import TemplateExporter
from nbconvert.filters import Highlight2HTML, strip_ansi
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from traitlets.config import Config

from frontier import words
from frontier.batch import dots, verdicts
from frontier.batch import parameters as schema
from frontier.batch.collection import Collection, Entry
from frontier.batch.run import Result
from frontier.errors import FrontierError

FILES = "application/vnd.frontier.files+json"
VERDICT = "application/vnd.frontier.verdict+json"
_MIME_TYPES = {".csv": "text/csv", ".svg": "image/svg+xml", ".json": "application/json"}
_FILE_NAME = re.compile(r"\w[\w.-]*(?:/\w[\w.-]*)+", re.ASCII)
_LISTED_FILE = re.compile(r'<link rel="alternate" type="[^"]*" href="([^"]+)">')
_FAILED = '<meta name="failed" content="yes">'
_BANNER = '<section class="banner failed" aria-label="Failure">'
_TEMPLATE = Path(__file__).parent / "template"
_SHOWN = [
    "text/html", "text/markdown", "image/svg+xml", "image/png", "image/jpeg", "text/plain",
]  # fmt: skip
_PACKAGES = (
    "inference-frontier", "numpy", "pandas", "matplotlib", "seaborn", "papermill", "nbconvert",
    "ipykernel",
)  # fmt: skip


@dataclass(frozen=True)
class Frame:
    """What stands around a report: the site's title and pages, its neighbours, data, command."""

    site: str
    entry: Entry
    parameters: tuple[schema.Parameter, ...]
    command: str
    home: str = "index.html"
    pages: tuple[str, ...] = ()
    previous: Entry | None = None
    next: Entry | None = None
    digests: tuple[tuple[str, str, str], ...] = ()


def collect(notebook, /, *, claims) -> tuple[dict[str, str], list[dict]]:
    """Return the files and the verdict records among the outputs of an executed notebook.

    Raises FrontierError for a file name that is not relative, below a folder and of a known
    kind, and for a record that is not of the schema or not of one of ``claims``.
    """
    files, records = {}, []
    for data in _datas(notebook):
        for name, text in (data.get(FILES) or {}).items():
            if not _FILE_NAME.fullmatch(name) or PurePosixPath(name).suffix not in _MIME_TYPES:
                raise FrontierError(
                    f"a cell writes {name!r}; files are FOLDER/NAME with suffix csv, svg or json"
                )
            if files.setdefault(name, text) != text:
                raise FrontierError(f"two cells write different files {name!r}")
        if VERDICT in data:
            verdicts.check(data[VERDICT], claims)
            if data[VERDICT]["id"] in [record["id"] for record in records]:
                raise FrontierError(f"two cells give a verdict for {data[VERDICT]['id']!r}")
            records.append(data[VERDICT])
    return files, records


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


def report(result: Result, frame: Frame, /, *, files=()) -> str:
    """Return the page of one executed notebook; ``files`` are the names it writes beside it."""
    rows = _parameter_rows(frame.parameters, result.job.parameters)
    renderer = _Renderer(frame.pages)
    table = _render("parameters.html.j2", rows=rows) if rows else ""
    body = _article(_prepared(result.executed, result.failure), renderer, table)
    return _render(
        "report.html.j2",
        frame=frame,
        title=renderer.title or frame.entry.title,
        has_title=bool(renderer.title),
        description=renderer.description or frame.entry.title,
        headings=renderer.headings,
        body=Markup(body.replace("</h1>", f"</h1>{_answers(result.executed)}", 1)),
        failure=result.failure,
        traceback=strip_ansi(result.failure.traceback) if result.failure else "",
        changed=[(row["parameter"].name, row["value"]) for row in rows if row["changed"]],
        values=[(row["parameter"].name, row["value"]) for row in rows],
        digests=frame.digests,
        versions=versions(),
        files=sorted(files),
        mime_type=lambda name: _MIME_TYPES[PurePosixPath(name).suffix],
    )


def _answers(notebook):
    """Return the verdicts of a page in short, for its head: the answer comes first."""
    records = [data[VERDICT] for data in _datas(notebook) if VERDICT in data]
    return _render("answers.html.j2", records=records)


def scorecard(collection: Collection, records, /, *, built, digests=()) -> str:
    """Return the index: the records grouped by report, in the order of the site map.

    ``built`` holds the names of the pages that exist, to which alone it links.
    """
    by_id = {record["id"]: record for record in records}
    groups, placed = [], set()
    for entry in collection.pages:
        rows = [by_id[claim] for claim in entry.claims if claim in by_id]
        placed |= {row["id"] for row in rows}
        groups.append(_group(entry.title, rows, entry.page if entry.page in built else None))
    if rest := [record for record in records if record["id"] not in placed]:
        groups.append(_group("Claims not yet decided", rest, None))
    return _render(
        "scorecard.html.j2",
        collection=collection,
        summary=verdicts.summary(records),
        description=collection.subtitle or collection.title,
        groups=groups,
        digests=digests,
        versions=versions(),
    )


def picture(records, /) -> str:
    """Return the scorecard as an SVG, for places that show only a picture."""
    return _render(
        "scorecard.svg.j2",
        records=records,
        summary=verdicts.summary(records),
    )


def status(site: str, record: dict, /) -> str:
    """Return the status page of one build from its record."""
    failed = sum(report["status"] != "ok" for report in record["reports"])
    return _render(
        "status.html.j2",
        site=site,
        record=record,
        failed=failed,
        ran=sum(report["action"] == "run" for report in record["reports"]),
        rendered=sum(report["action"] == "render" for report in record["reports"]),
        description="What the last build ran, how long it took, what failed",
    )


def comparison(entry: Entry, points, varied, shown, count: int, /, *, common=()) -> str:
    """Return the page that compares the sets of a sweep (`sweep.Point`).

    ``varied`` are the parameters and ``shown`` the quantities of the table, of so many; the first
    is drawn. ``common`` says what is set and the same in every set.
    """
    labels = [", ".join(point.values.values()) for point in points]
    drawn = [point.quantities.get(shown[0]) if shown else None for point in points]
    found = [
        (value, label) for value, label in zip(drawn, labels, strict=True) if value is not None
    ]
    ends = (
        [f"{words.number(v)} ({label})" for v, label in (min(found), max(found))] if found else []
    )
    statuses = Counter(point.status for point in points)
    return _render(
        "comparison.html.j2",
        title=f"{entry.title}: {len(points)} sets of parameters",
        description=f"What the report {entry.title} publishes, by set of parameters",
        points=points,
        varied=varied,
        shown=shown,
        common=common,
        count=count,
        counts=[f"{statuses[s]} {s}" for s in ("ok", "failed", "not built") if statuses[s]],
        plot=dots.dots(list(zip(labels, drawn, strict=True))),
        alt=f"{shown[0]} by set, from {' to '.join(ends)}." if ends else "",
        number=words.number,
        versions=versions(),
    )


def difference(found, old: str, new: str, /, *, most: int = 20) -> str:
    """Return the page of a `diff.Difference` of two sites with these names."""
    return _render(
        "diff.html.j2",
        difference=found,
        old=old,
        new=new,
        most=most,
        description="Which verdicts and numbers of two sites differ, by how much, and why",
    )


def command(name: str, parameters: dict, /) -> str:
    """Return the command that builds a report with these parameters again."""
    settings = [
        f"--set {shlex.quote(f'{key}={schema.format_value(value)}')}"
        for key, value in parameters.items()
    ]
    return " ".join(["frontier build", shlex.quote(name), *settings])


@functools.cache
def versions() -> tuple[tuple[str, str], ...]:
    """Return (name, version) of Python and of the packages that decide what a page shows."""
    found = [("Python", ".".join(platform.python_version_tuple()[:2]))]
    for package in _PACKAGES:
        try:
            found.append((package, metadata.version(package)))
        except metadata.PackageNotFoundError:
            continue
    return tuple(found)


class _Renderer(IPythonRenderer):
    """Markdown to HTML: anchors on headings, formulas as MathML, links that only lead places."""

    def __init__(self, pages):
        super().__init__(escape=True, exclude_anchor_links=True)
        self._pages = pages
        self.title = self.description = ""
        self.headings = []
        self._slugs = Counter()

    def heading(self, text, level, **attrs):
        plain = html.unescape(re.sub(r"<[^>]+>", "", text)).strip()
        if level == 1 and not self.title:
            self.title = plain
            return f"<h1>{text}</h1>\n"
        level = max(level, 2)
        slug = re.sub(r"\W+", "-", plain.lower()).strip("-") or "section"
        self._slugs[slug] += 1
        if self._slugs[slug] > 1:
            slug = f"{slug}-{self._slugs[slug]}"
        if level <= 3:
            self.headings.append((level, slug, plain))
        anchor = f'<a class="anchor" href="#{slug}" aria-label="Link to this section">#</a>'
        return f'<h{level} id="{slug}">{text}{anchor}</h{level}>\n'

    def paragraph(self, text):
        if self.title and not self.description:
            plain = html.unescape(re.sub(r"<[^>]+>", "", text))
            self.description = " ".join(plain.split())[:200]
        return super().paragraph(text)

    def link(self, text, url, title=None):
        scheme = urlsplit(html.unescape(url)).scheme.lower()
        if scheme not in ("", "http", "https"):
            return text
        # In JupyterLab reports link to each other as notebooks, and a site may have but some.
        notebook, suffix, rest = url.partition(".ipynb")
        if not scheme and suffix:
            url = f"{notebook}.html{rest}"
            if f"{notebook}.html" not in self._pages:
                return text
        return super().link(text, url, title)

    def table(self, text):
        return f'<div class="table-scroll"><table>{text}</table></div>\n'

    def inline_math(self, body):
        return _math(body, "inline")

    def block_math(self, body):
        return _math(body, "block")

    def latex_environment(self, name, body):
        return _math(rf"\begin{{{name}}}{body}\end{{{name}}}", "block")


def _math(tex, display):
    try:
        return mathml.convert(tex.strip(), display=display)
    except Exception:  # its parser raises many kinds; the source can still be read
        return f"<code>{html.escape(tex)}</code>"


def _article(notebook, renderer, parameters_table):
    exporter = TemplateExporter(
        template_name=_TEMPLATE.name,
        extra_template_basedirs=[str(_TEMPLATE.parent)],
        template_file="notebook.html.j2",
        filters={"markdown2html": MarkdownWithMath(renderer=renderer).render},
        config=Config({"NbConvertBase": {"display_data_priority": _SHOWN}}),
    )
    exporter.register_filter("highlight_code", Highlight2HTML(pygments_lexer="ipython3"))
    resources = {"parameters": parameters_table, "verdict_mime": VERDICT}
    return exporter.from_notebook_node(notebook, resources)[0]


def _prepared(notebook, failure):
    """Return a copy with only what the page shows, and of a failed one only what was run."""
    notebook = copy.deepcopy(notebook)
    cells = []
    for cell in notebook.cells:
        if "injected-parameters" in cell.metadata.get("tags", ()):
            continue
        cells.append(cell)
        if cell.cell_type != "code":
            continue
        cell.outputs = [output for output in cell.outputs if _is_shown(output, failure)]
        if any(output.output_type == "error" for output in cell.outputs):
            break
    notebook.cells = cells
    return notebook


def _is_shown(output, failure):
    if output.output_type == "stream":
        return output.name == "stdout" or failure is not None
    data = output.get("data", {})
    # The text of an object that is only there to carry a file or a record says nothing.
    carrier = FILES in data or VERDICT in data
    return not carrier or "text/html" in data


def _datas(notebook):
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            yield output.get("data", {})


def _parameter_rows(parameters, overrides):
    rows = []
    for parameter in parameters:
        value = overrides.get(parameter.name, parameter.default)
        rows.append(
            {
                "parameter": parameter,
                "value": schema.format_value(value),
                "default": schema.format_value(parameter.default),
                "changed": value != parameter.default,
            }
        )
    return rows


def _group(title, rows, page):
    return {
        "title": title,
        "href": page,
        "records": [
            {**row, "anchor": f"{page}#claim-{row['id']}" if page and _examined(row) else None}
            for row in rows
        ],
    }


def _examined(row):
    return row["verdict"] != verdicts.UNEXAMINED


@functools.cache
def _environment():
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATE),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals.update(
        quantity=words.quantity, plain=words.plain, span=words.span, words=words.verdict_words
    )
    environment.globals["style"] = Markup((_TEMPLATE / "style.css").read_text().strip())
    return environment


def _render(name, /, **values):
    return _environment().get_template(name).render(**values)
