"""The site map: which notebooks there are, in which order, and which claims each decides.

``notebooks/collection.yaml`` declares the order; nothing is found by looking into folders.

    title: ...
    subtitle: ...
    pages:
      - notebook: 01_dense_gain
        title: Dense gain
        claims: [dense-gain-25x]
        figure: 01-ratio          # the one that decides; it is shown first
    glossary:
      - term: TTFT
        also: [time to first token]
        meaning: ...
    errata:
      - text: ...
        report: 01_dense_gain     # where it is shown, if anywhere
"""

import re
from dataclasses import dataclass
from pathlib import Path

from broadsheet.errors import UsageError


@dataclass(frozen=True)
class Entry:
    """One report: the stem of its notebook, its title, the claims and the figure that decide."""

    notebook: str
    title: str
    claims: tuple[str, ...] = ()
    figure: str = ""

    @property
    def page(self) -> str:
        """The name of the report's page in the site."""
        return f"{self.notebook}.html"

    @property
    def last_good(self) -> str:
        """The name under which the last good page stays while the report fails."""
        return f"{self.notebook}.last-good.html"

    @property
    def rows(self) -> str:
        """The name of the page with the rows behind the report."""
        return f"{self.notebook}.rows.html"


@dataclass(frozen=True)
class Term:
    """A term of the field: its name, other words for it, and what it means."""

    name: str
    also: tuple[str, ...]
    meaning: str

    @property
    def anchor(self) -> str:
        """The name of its place on the glossary's page."""
        return re.sub(r"\W+", "-", self.name.lower()).strip("-")


@dataclass(frozen=True)
class Erratum:
    """An error found in what the claims were taken from, and the report that shows it, if any."""

    text: str
    report: str = ""


@dataclass(frozen=True)
class Collection:
    """The site: its title, a line below it, its reports in order, its glossary and errata."""

    title: str
    subtitle: str
    pages: tuple[Entry, ...]
    folder: Path
    terms: tuple[Term, ...] = ()
    errata: tuple[Erratum, ...] = ()

    def path(self, entry: Entry, /) -> Path:
        """Return the notebook's file."""
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
            known = ", ".join(entry.notebook for entry in self.pages)
            raise UsageError(f"no report is called {name!r}; there are: {known}")
        return found[0]


def read(folder: Path, /) -> Collection:
    """Return the collection declared in ``folder/collection.yaml``.

    Raises UsageError where the map is missing or malformed, or a notebook it names is.
    """
    import yaml

    path = folder / "collection.yaml"
    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
        collection = Collection(
            title=str(raw["title"]),
            subtitle=str(raw.get("subtitle", "")),
            pages=tuple(map(_entry, raw["pages"])),
            folder=folder,
            terms=tuple(
                Term(str(term["term"]), tuple(term.get("also") or ()), str(term["meaning"]))
                for term in raw.get("glossary") or ()
            ),
            errata=tuple(
                Erratum(str(one["text"]), str(one.get("report") or ""))
                for one in raw.get("errata") or ()
            ),
        )
    except FileNotFoundError as error:
        raise UsageError(f"{path} is missing; it lists the notebooks") from error
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        problem = " ".join(str(error).split())
        raise UsageError(
            f"{path} is not a site map (title, pages: notebook, title): {problem}"
        ) from error
    stems = {entry.notebook for entry in collection.pages}
    if unknown := [one.report for one in collection.errata if one.report not in {*stems, ""}]:
        raise UsageError(f"{path}: an erratum names {unknown[0]!r}, which is no report of it")
    for entry in collection.pages:
        if not collection.path(entry).is_file():
            raise UsageError(f"{path} names {entry.notebook}, but there is no such notebook")
    return collection


def _entry(page):
    claims = tuple(page.get("claims") or ())
    return Entry(str(page["notebook"]), str(page["title"]), claims, str(page.get("figure") or ""))
