"""The site map: which notebooks there are, in which order, and whose project they are.

``collection.yaml`` declares it; nothing is found by looking into folders.

    title: ...
    subtitle: ...
    root: ..                      # of the project; this folder if not said
    project: package.module:value # what the collection adds (`project`), if anything
    pages:
      - notebook: 01_first
        title: The first

Other keys, of the collection or of a page, are the project's: `Collection.more`, `Entry.more`.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from broadsheet import project as projects
from broadsheet import yaml_text
from broadsheet.errors import UsageError, among

FILE = "collection.yaml"
LAST_GOOD = ".last-good.html"


@dataclass(frozen=True)
class Entry:
    """One report: the stem of its notebook, its title, and more."""

    notebook: str
    title: str
    more: dict = field(default_factory=dict, hash=False)

    @property
    def page(self) -> str:
        """The name of the report's page in the site."""
        return f"{self.notebook}.html"

    @property
    def last_good(self) -> str:
        """The name under which the last good page stays while the report fails."""
        return f"{self.notebook}{LAST_GOOD}"


@dataclass(frozen=True)
class Collection:
    """The notebooks of a folder as a site: its title, its reports in order, and its project."""

    title: str
    pages: tuple[Entry, ...]
    folder: Path
    subtitle: str = ""
    root: Path | None = None
    project_name: str = ""
    more: dict = field(default_factory=dict, hash=False)

    @property
    def project(self) -> projects.Project:
        """What the collection adds to the engine."""
        return projects.find(self.project_name, self.folder)

    @property
    def home(self) -> Path:
        """The root of the project: what a notebook reads below it is an input of its report."""
        return self.root or self.folder

    @property
    def store(self) -> Path:
        """The folder of what runs leave (`store`)."""
        return self.home / f".{self.project.name}"

    @property
    def site(self) -> Path:
        """The folder of the site, where none is named."""
        return self.home / "reports"

    @property
    def data(self) -> Path:
        """The folder of the data."""
        return self.home / self.project.data

    def path(self, entry: Entry, /) -> Path:
        """Return the path of a report's notebook."""
        return self.folder / f"{entry.notebook}.ipynb"

    def select(self, names, /) -> list[Entry]:
        """Return the reports named (``03``, its stem or its file), all for no name, in site order.

        Raises UsageError for a name that is no report's, or that several begin with.
        """
        if not names:
            return list(self.pages)
        chosen = {self._named(name) for name in names}
        return [entry for entry in self.pages if entry in chosen]

    def _named(self, name):
        stem = Path(name).name.removesuffix(".ipynb")
        found = [e for e in self.pages if stem in (e.notebook, e.notebook.partition("_")[0])]
        if len(found) != 1:
            known = [entry.notebook for entry in self.pages]
            raise UsageError(f"no report is called {name!r}; {among(name, known)}")
        return found[0]


def read(folder: Path, /) -> Collection:
    """Return the collection declared in ``folder/collection.yaml``.

    Raises UsageError where the map is missing or malformed.
    """
    folder = Path(folder).resolve()
    path = folder / FILE
    try:
        raw = yaml_text.load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} is missing; it lists the notebooks") from error
    except ValueError as error:
        raise UsageError(f"{path} is not YAML: {error}") from error
    try:
        more = _mapping(raw, ("title", "pages"), ("subtitle", "root", "project"))
        pages = [_mapping(page, ("notebook", "title")) for page in more.pop("pages")]
        for page in pages:
            if not re.fullmatch(r"[^/\\]+", page["notebook"]):
                raise ValueError(f"notebook: {page['notebook']!r} is not the name of a file")
    except ValueError as error:
        told = f"{path} is not a site map (title, pages: notebook, title): {error}"
        raise UsageError(told) from error
    entries = tuple(Entry(page.pop("notebook"), page.pop("title"), page) for page in pages)
    title, subtitle, root, project = map(more.pop, ("title", "subtitle", "root", "project"))
    return Collection(title, entries, folder, subtitle, (folder / root).resolve(), project, more)


def _mapping(raw, required, optional=()):
    """Return a copy of a mapping whose values of these keys are texts, or a list of pages."""
    if not isinstance(raw, dict):
        raise ValueError(f"{raw!r:.80} is not a mapping")
    for key in required:
        if key not in raw:
            raise ValueError(f"{key!r} is missing")
    for key in (*required, *optional):
        kind = list if key == "pages" else str
        if not isinstance(raw.get(key, kind()), kind):
            raise ValueError(f"{key}: {raw[key]!r:.80} is not of type {kind.__name__}")
    return {**dict.fromkeys(optional, ""), **raw}
