"""Pages: an executed notebook, the scorecard and the status as self-contained HTML.

Everything here is rendering: plain values in, text out, no computation and no writing of
files. The cells of a notebook go through nbconvert with the template beside this module;
what stands around them is a jinja template with autoescape on. A page asks for nothing outside
itself, and holds neither times nor random ids, so that the same inputs give the same bytes.
A page has only scripts that its policy names by hash; without them nothing is missing.

Three kinds of output mean something here beside what they show as ``text/html``:
``application/vnd.frontier.files+json`` (files to write beside the page, name to text),
``application/vnd.frontier.verdict+json`` (one row of verdicts.json) and
``application/vnd.broadsheet.script+json`` (``{"module": text}``, a script of the page: each text
once, at its end, named by its hash in the page's policy).
"""

import base64
import copy
import datetime
import functools
import hashlib
import html
import json
import platform
import re
import shlex
import threading
from collections import Counter
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from urllib.parse import urlsplit

import jinja2
from latex2mathml import converter as mathml
from markupsafe import Markup
from nbconvert.exporters import TemplateExporter
from nbconvert.filters import Highlight2HTML, strip_ansi
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from traitlets.config import Config

from broadsheet import links
from broadsheet import parameters as schema
from broadsheet.collection import Collection, Entry, Term
from broadsheet.errors import FrontierError
from broadsheet.run import Result
from frontier.data import words
from frontier.site import dots, feed, verdicts
from frontier.site import glossary as terms

FILES = "application/vnd.frontier.files+json"
VERDICT = "application/vnd.frontier.verdict+json"
SCRIPT = "application/vnd.broadsheet.script+json"
_MIME_TYPES = {".csv": "text/csv", ".svg": "image/svg+xml", ".json": "application/json"}
_FILE_NAME = re.compile(r"\w[\w.-]*(?:/\w[\w.-]*)+", re.ASCII)
_LISTED_FILE = re.compile(r'<link rel="alternate" type="[^"]*" href="([^"]+)">')
_FAILED = '<meta name="failed" content="yes">'
_BANNER = '<section class="banner failed" aria-label="Failure">'
_COLOURED = "k|kn|kc|ow|kr|kt|s|s1|s2|sa|sd|si|se|c|c1|cm|mi|mf|nb|bp"  # as in style.css
_TEMPLATE = Path(__file__).parent / "template"
_SITE = Path(__file__).parents[1] / "frontier/site/template"
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
    terms: tuple[Term, ...] = ()
    rows: str = ""


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


def report(result: Result, frame: Frame, /, *, files=(), used=MappingProxyType({})) -> str:
    """Return the page of one executed notebook; ``files`` are the names it writes beside it.

    ``used`` maps those of them that name measured rows to the ids, as `rows.used` gives them.
    """
    rows = _parameter_rows(frame.parameters, result.job.parameters)
    renderer = _Renderer(frame.pages)
    table = _render("parameters.html.j2", rows=rows) if rows else ""
    body = _article(_prepared(result.executed, result.failure), renderer, table)
    if frame.rows:
        body = _with_rows(body, frame.rows, used)
    body, figure = _first_figure(body, frame.entry.figure)
    head = _answers(result.executed, frame.rows, used) + figure
    body = body.replace("</h1>", f"</h1>{head}", 1)
    if frame.terms:
        body = terms.marked(body, frame.terms, page="glossary.html")
    return _render(
        "report.html.j2",
        frame=frame,
        title=renderer.title or frame.entry.title,
        has_title=bool(renderer.title),
        description=renderer.description or frame.entry.title,
        headings=renderer.headings,
        body=Markup(body),
        failure=result.failure,
        traceback=strip_ansi(result.failure.traceback) if result.failure else "",
        changed=[(row["parameter"].name, row["value"]) for row in rows if row["changed"]],
        values=[(row["parameter"].name, row["value"]) for row in rows],
        digests=frame.digests,
        versions=versions(),
        files=sorted(files),
        mime_type=lambda name: _MIME_TYPES[PurePosixPath(name).suffix],
        modules=modules(
            data[SCRIPT]["module"] for data in _datas(result.executed) if SCRIPT in data
        ),
    )


def _answers(notebook, page, used):
    """Return the verdicts of a page in short, for its head: the answer comes first."""
    records = [data[VERDICT] for data in _datas(notebook) if VERDICT in data]
    counts = {record["id"]: len(used.get(_rows_of(record["id"]), ())) for record in records}
    return _render("answers.html.j2", records=records, counts=counts, rows=page)


def _rows_of(claim):
    """Return the name of the file that names the rows behind a claim's verdict."""
    return f"data/{claim}-rows.csv"


def _with_rows(body, page, used):
    """Return the article with a link to its rows beside each table that names some."""
    for name in used:
        link = f'<a href="{html.escape(name)}" download>CSV</a>'
        body = body.replace(link, f'{link} <a href="{page}#{_anchor(name)}">Rows</a>')
    return body


def _anchor(name):
    """Return the place of a table on the page of rows."""
    return f"in-{PurePosixPath(name).stem}"


def _first_figure(body, name):
    """Return the article without the figure that decides, and that figure, for the page's head."""
    if not name:
        return body, ""
    found = re.search(
        rf'<figure class="exhibit" id="{re.escape(name)}">.*?</figure>', body, flags=re.S
    )
    if not found:
        return body, ""
    link = f'<p class="moved"><a href="#{name}">The figure is at the top of the page.</a></p>'
    return body.replace(found[0], link, 1), found[0]


def scorecard(
    collection: Collection, records, /, *, built, digests=(), sparks=None, dates="", news=()
) -> str:
    """Return the index: the records grouped by report, in the order of the site map.

    ``built`` holds the names of the pages that exist, to which alone it links; ``sparks`` the
    small picture of a claim (`sparks.Spark`) by its id, ``dates`` a sentence on the data's age,
    ``news`` what moved, if anything was ever compared.
    """
    by_id = {record["id"]: record for record in records}
    groups, placed = [], set()
    for entry in collection.pages:
        rows = [by_id[claim] for claim in entry.claims if claim in by_id]
        placed |= {row["id"] for row in rows}
        groups.append(_group(entry.title, rows, entry.page if entry.page in built else None))
    if rest := [record for record in records if record["id"] not in placed]:
        groups.append(_group("Claims not yet decided", rest, None))
    finding = verdicts.finding(records)
    return _render(
        "scorecard.html.j2",
        collection=collection,
        finding=finding,
        description="".join(text for text, _ in finding),
        groups=groups,
        sparks=sparks or {},
        dates=dates,
        news=news,
        verdicts=[v for v in verdicts.VERDICTS if any(r["verdict"] == v for r in records)],
        script=_script("scorecard.js"),
        digests=digests,
        versions=versions(),
    )


def picture(records, /) -> str:
    """Return the scorecard as an SVG, for places that show only a picture."""
    return _render("scorecard.svg.j2", records=records, summary=verdicts.summary(records))


def rows(collection: Collection, entry: Entry, used, heads, cited, more: int = 0, /) -> str:
    """Return the page of the rows behind a report, each with what uses it and where it is from.

    ``used`` is what `rows.used` says of the report's files, ``heads`` are those of the values, and
    ``cited`` has by id the values, the title of the source and the address of a row; ``more`` says
    how many rows there are that the page does not list.
    """
    uses = {}
    for number, ids in enumerate(used.values(), start=1):
        for row in ids:
            uses.setdefault(row, []).append(str(number))
    groups = {}
    for row in sorted(cited):
        groups.setdefault(cited[row].source, []).append((row, cited[row], ", ".join(uses[row])))
    # Where all rows of a source were found at one address, it is said once.
    addresses = {source: {row.url for _, row, _ in some} for source, some in groups.items()}
    common = {source: urls.pop() for source, urls in addresses.items() if len(urls) == 1}
    return _render(
        "rows.html.j2",
        collection=collection,
        entry=entry,
        description=f"The measured rows behind the report {entry.title}, with their sources",
        tables=[(name, _anchor(name), len(ids), _user(entry, name)) for name, ids in used.items()],
        count=len(cited) + more,
        more=more,
        heads=heads,
        groups=sorted(groups.items()),
        common=common,
    )


def _user(entry, name):
    """Return (what uses a table's rows in words, the place on the report's page where it is)."""
    stem = PurePosixPath(name).stem
    claim = next((claim for claim in entry.claims if name == _rows_of(claim)), None)
    return (f"verdict on {claim}", claim) if claim else (f"exhibit {stem}", stem)


def glossary(collection: Collection, /) -> str:
    """Return the page of the terms, in the order of the alphabet."""
    return _render(
        "glossary.html.j2",
        collection=collection,
        description="The terms of AI inference that the reports use, in a sentence each",
        terms=sorted(collection.terms, key=lambda term: term.name.lower()),
    )


def errata(collection: Collection, built, /) -> str:
    """Return the page of the errors found in what the claims were taken from."""
    titles = {entry.notebook: entry for entry in collection.pages if entry.page in built}
    return _render(
        "errata.html.j2",
        collection=collection,
        description="Errors found in the article and in pages like it, with what shows them",
        errata=[(one.text, titles.get(one.report)) for one in collection.errata],
    )


@dataclass(frozen=True)
class News:
    """What moved in one refresh: its record, and what pages and feed say of it in words.

    ``rows`` are mappings for the table of frontiers, ``headlines`` the sentences that matter most.
    """

    id: str
    record: dict
    summary: str
    headlines: tuple[str, ...]
    rows: tuple[dict, ...]
    pictures: tuple = ()

    @property
    def day(self) -> str:
        """The day of the refresh."""
        return self.record["refreshed"][:10]

    @property
    def anchor(self) -> str:
        """The place of this refresh on the page, whatever comes after it."""
        return f"refresh-{self.record['refreshed'].replace(':', '').lower()}"


def moved(collection: Collection, news, /) -> str:
    """Return the page of what moved, of these `News`, the newest first."""
    return _render(
        "moved.html.j2",
        collection=collection,
        news=news,
        pictures=[Markup(picture.html) for picture in news[0].pictures],
        noise=words.number(100 * news[0].record["sigma"]),
        off=words.number(1 + news[0].record["off"]),
        inverse=words.number(1 / (1 + news[0].record["off"])),
        description=news[0].summary,
    )


def moved_feed(collection: Collection, news, /, *, url: str | None = None) -> str:
    """Return the Atom feed of what moved; links only where the site's address is known."""
    entries = [
        feed.Entry(
            one.id,
            one.record["refreshed"],
            f"{one.day}: {one.summary}",
            one.summary,
            _render("news.html.j2", news=one),
            one.anchor,
        )
        for one in news
    ]
    return feed.feed(
        entries,
        title=f"What moved – {collection.title}",
        subtitle=collection.subtitle,
        author=collection.title,
        page="moved.html",
        file="moved.xml",
        url=url,
    )


def moved_json(news, /) -> str:
    """Return all records of what moved as JSON, the newest first."""
    document = {"schema": 1, "refreshes": [{"id": one.id, **one.record} for one in news]}
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def status(site: str, record: dict, /, *, obtained=()) -> str:
    """Return the status page of one build from its record.

    ``obtained`` holds (title, ISO day) of the data, whose age at that build the page says.
    """
    failed = sum(report["status"] != "ok" for report in record["reports"])
    return _render(
        "status.html.j2",
        site=site,
        record=record,
        failed=failed,
        ages=[(title, day, _days(day, record["finished"])) for title, day in obtained],
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


def _days(day, moment):
    until, since = (datetime.date.fromisoformat(text[:10]) for text in (moment, day))
    return (until - since).days


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
    # Its templates are compiled once; pages are rendered one after another in a thread.
    exporter = _exporter(_TEMPLATE, threading.get_ident())
    exporter.register_filter("markdown2html", MarkdownWithMath(renderer=renderer).render)
    resources = {"parameters": parameters_table, "verdict_mime": VERDICT}
    return exporter.from_notebook_node(notebook, resources)[0]


@functools.cache
def _exporter(template, _thread):
    exporter = TemplateExporter(
        template_name=template.name,
        extra_template_basedirs=[str(template.parent)],
        template_file="notebook.html.j2",
        config=Config({"NbConvertBase": {"display_data_priority": _SHOWN}}),
    )
    highlight = Highlight2HTML(pygments_lexer="ipython3")
    exporter.register_filter(
        "highlight_code", lambda code, metadata=None: _plain(highlight(code, metadata=metadata))
    )
    return exporter


def _plain(code):
    """Return highlighted code without the marks that the style has no colour for."""
    return re.sub(rf'<span class="(?!(?:{_COLOURED})")[^"]*">([^<]*)</span>', r"\1", code)


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


def _head_of(text, ends):
    """Return a text up to the first of these ends, or all of it where little would be left out."""
    first = re.split(ends, text, maxsplit=1)[0]
    return text if len(text) - len(first) < 30 else first


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
        loader=jinja2.FileSystemLoader([_TEMPLATE, _SITE]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals.update(
        quantity=words.quantity,
        plain=words.plain,
        span=words.span,
        words=words.verdict_words,
        is_web=links.is_web,
        head_of=_head_of,
        range_of=verdicts.over_all,
    )
    environment.globals["style"] = Markup((_TEMPLATE / "style.css").read_text().strip())
    return environment


@functools.cache
def _script(name):
    """Return a script with the hash by which a page's policy lets it, and nothing else, run."""
    return _hashed((_SITE / name).read_text(encoding="utf-8"))


def modules(texts, /) -> list[dict]:
    """Return scripts for a page, each text once: pass them to the page's template as ``modules``.

    Raises FrontierError for a text that would end its element.
    """
    texts = list(dict.fromkeys(texts))
    if any("</script" in text.lower() or "<!--" in text for text in texts):
        raise FrontierError("a script has '</script' or '<!--' in it: write '<\\/script'")
    return [_hashed(text) for text in texts]


def _hashed(text):
    text = text.strip()
    digest = hashlib.sha256(f"\n{text}\n".encode()).digest()
    return {"text": Markup(text), "sha256": base64.b64encode(digest).decode()}


def _render(name, /, **values):
    return _environment().get_template(name).render(**values)
