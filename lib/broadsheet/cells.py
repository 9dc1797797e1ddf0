"""The cells of an executed notebook as HTML, by nbconvert with the template beside this module.

Formulas become MathML, links lead only places, and text from outputs is escaped. `PageExporter` is
registered with nbconvert: ``jupyter nbconvert --to broadsheet OUT.ipynb``.
"""

import copy
import html
import re
import threading
from collections import Counter
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote, urlsplit
from xml.etree.ElementTree import tostring

from latex2mathml import converter as mathml
from nbconvert.exporters import MarkdownExporter, TemplateExporter
from nbconvert.filters import Highlight2HTML, strip_ansi
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath, MathInlineParser
from traitlets import Unicode
from traitlets.config import Config

from broadsheet import pages
from broadsheet.collection import Collection, Entry
from broadsheet.task import Report, Task

__all__ = ["PageExporter", "article", "markdown", "strip_ansi"]

_COLOURED = "k|kn|kc|ow|kr|kt|s|s1|s2|sa|sd|si|se|c|c1|cm|mi|mf|nb|bp"  # as in style.css
_SHOWN = [
    *("text/html", "text/markdown", "text/latex"),
    *("image/svg+xml", "image/png", "image/jpeg", "text/plain"),
]
_ATTACHED = re.compile(r"attachment:([^\s)>\"]+)")


class _Renderer(IPythonRenderer):
    """Markdown to HTML: anchors on headings, formulas as MathML, links that only lead places.

    ``headings`` are (level, anchor, text); title and description are empty where there are none.
    """

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

    def image(self, text, url, title=None):
        # A page asks for nothing outside itself: what is not in the notebook is its words alone.
        return super().image(text, url, title) if url.startswith("data:image/") else text

    def table(self, text):
        return f'<div class="table-scroll"><table>{text}</table></div>\n'

    def inline_math(self, body):
        return _math(body, "inline")

    def block_math(self, body):
        return _math(body, "block")

    def latex_environment(self, name, body):
        return _math(rf"\begin{{{name}}}{body}\end{{{name}}}", "block")


class _Inline(MathInlineParser):
    """Formulas in a sentence; an amount in dollars and another one are no formula, as in pandoc."""

    SPECIFICATION: ClassVar = {
        **MathInlineParser.SPECIFICATION,
        "inline_math_tex": r"(?<![$\\])\$(?![\s$])"
        r"(?P<math_inline_tex>(?:\\.|[^$\\])*?(?:\\.|[^$\\\s]))\$(?![\d$])",
    }


def _math(tex, display):
    try:
        element = mathml.Converter(display=display).convert_to_element(tex.strip())
        # Its own way to text makes markup of `\text{<b>}`, for the sake of its numbered entities.
        made = re.sub("&amp;(#x[0-9A-Fa-f]+;)", r"&\1", tostring(element, encoding="unicode"))
        # On a line of its own it scrolls where it is wider than the page: the keyboard reaches it.
        return made.replace("<math ", '<math tabindex="0" ', 1) if display == "block" else made
    except Exception:  # its parser raises many kinds; the source can still be read
        return f"<code>{html.escape(tex)}</code>"


def article(task: Task, made: Report, /) -> tuple[str, _Renderer]:
    """Return the executed notebook of a task as HTML, and what was found in its text."""
    project = task.collection.project
    renderer = _Renderer([entry.page for entry in task.shown])
    resources = {"record_type": project.record_type, "record_name": project.record_name}
    notebook = _prepared(made.notebook, (pages.FILES, project.record_type), made.failure)
    return _exporter(PageExporter).cells(notebook, renderer, resources), renderer


class PageExporter(TemplateExporter):
    """An nbconvert exporter to the page of one notebook, with no site around it."""

    export_from_notebook = "Page of a site (broadsheet)"
    output_mimetype = "text/html"
    file_extension = Unicode(".html").tag(config=True)
    template_name = Unicode(pages.TEMPLATE.name)
    template_file = Unicode("notebook.html.j2")

    def __init__(self, **options):
        config = Config({"NbConvertBase": {"display_data_priority": _SHOWN}})
        config.merge(options.pop("config", None) or {})
        options["extra_template_basedirs"] = [str(pages.TEMPLATE.parent)]
        super().__init__(config=config, **options)
        highlight = Highlight2HTML(pygments_lexer="ipython3")
        self.register_filter(
            "highlight_code", lambda code, metadata=None: _plain(highlight(code, metadata=metadata))
        )

    def cells(self, notebook, renderer, resources) -> str:
        """Return the cells of a notebook as the article of a page."""
        reader = MarkdownWithMath(renderer=renderer, inline=_Inline(hard_wrap=False))
        self.register_filter("markdown2html", reader.render)
        return super().from_notebook_node(notebook, resources)[0]

    def from_notebook_node(self, nb, resources=None, **_options):
        """Return the page of an executed notebook, and the resources with its suffix."""
        resources = self._init_resources(resources)
        name = resources["metadata"].get("name") or "notebook"
        folder = Path(resources["metadata"].get("path") or ".")
        collection = Collection(name, (Entry(name, name),), folder)
        task = Task(collection, collection.pages[0])
        files, records = pages.collect(nb, task)
        return pages.report(task, Report(nb, files=files, records=records)), resources


_OWN = threading.local()


def _exporter(kind, **options):
    """Return the exporter of this thread, whose templates are compiled once for all pages."""
    made = vars(_OWN)
    if kind not in made:
        made[kind] = kind(**options)
    return made[kind]


def markdown(task: Task, made: Report, /) -> str:
    """Return the executed notebook of a task as Markdown: its texts and what its cells show."""
    notebook = _prepared(made.notebook, (pages.FILES, task.collection.project.record_type), None)
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            # Markup is for the page: without Markdown of its own an output is told as plain text.
            data = output.get("data", {})
            told = [kind for kind in ("text/markdown", "text/plain", "text/html") if kind in data]
            if {"text/markdown", "text/html"} & data.keys():
                output.data = {told[0]: data[told[0]]}
    exporter = _exporter(MarkdownExporter, exclude_input=True, exclude_input_prompt=True)
    text = exporter.from_notebook_node(notebook)[0].strip()
    for name in made.files:  # the text stands in a folder of its own beside theirs
        text = text.replace(f"]({name})", f"](../{name})")
    return re.sub(r"\n{3,}", "\n\n", text) + "\n"


def _plain(code):
    """Return highlighted code without the marks that the style has no colour for."""
    return re.sub(rf'<span class="(?!(?:{_COLOURED})")[^"]*">([^<]*)</span>', r"\1", code)


def _prepared(notebook, carriers, failure):
    """Return a copy with only what the page shows, and of a failed one only what was run."""
    notebook = copy.deepcopy(notebook)
    cells = []
    for cell in notebook.cells:
        if "injected-parameters" in cell.metadata.get("tags", ()):
            continue
        cells.append(cell)
        if cell.cell_type != "code":
            _embed(cell)
            continue
        cell.outputs = [o for o in cell.outputs if _is_shown(o, failure, carriers)]
        raised = any(output.output_type == "error" for output in cell.outputs)
        if raised and "raises-exception" not in cell.metadata.get("tags", ()):
            break
    notebook.cells = cells
    return notebook


def _embed(cell):
    """Put pasted images into the text of their cell, as addresses that hold them."""
    attached = cell.get("attachments") or {}

    def address(found):
        data = attached.get(unquote(found[1]), {})
        kind = next((kind for kind in data if kind.startswith("image/")), None)
        return f"data:{kind};base64,{data[kind]}" if kind else found[0]

    cell.source = _ATTACHED.sub(address, cell.source)


def _is_shown(output, failure, carriers):
    if output.output_type == "stream":
        return output.name == "stdout" or failure is not None
    data = output.get("data", {})
    # The text of an object that is only there to carry a file or a record says nothing.
    return "text/html" in data or not any(carrier in data for carrier in carriers)
