"""The site map: which notebooks there are, in which order, and which claims each decides.

``notebooks/collection.yaml`` declares the order; nothing is found by looking into folders.

    title: ...
    subtitle: ...
    pages:
      - notebook: 01_dense_gain
        title: Dense gain
        claims: [dense-gain-25x]
"""

from dataclasses import dataclass
from pathlib import Path

from frontier.errors import UsageError


@dataclass(frozen=True)
class Entry:
    """One report: the stem of its notebook, its title, the ids of the claims it decides."""

    notebook: str
    title: str
    claims: tuple[str, ...] = ()

    @property
    def page(self) -> str:
        """The name of the report's page in the site."""
        return f"{self.notebook}.html"

    @property
    def last_good(self) -> str:
        """The name under which the last good page stays while the report fails."""
        return f"{self.notebook}.last-good.html"


@dataclass(frozen=True)
class Collection:
    """The site: its title, a line below it, and its reports in order."""

    title: str
    subtitle: str
    pages: tuple[Entry, ...]
    folder: Path

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
        pages = tuple(
            Entry(str(page["notebook"]), str(page["title"]), tuple(page.get("claims") or ()))
            for page in raw["pages"]
        )
        collection = Collection(str(raw["title"]), str(raw.get("subtitle", "")), pages, folder)
    except FileNotFoundError as error:
        raise UsageError(f"{path} is missing; it lists the notebooks") from error
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        problem = " ".join(str(error).split())
        raise UsageError(
            f"{path} is not a site map (title, pages: notebook, title): {problem}"
        ) from error
    for entry in pages:
        if not collection.path(entry).is_file():
            raise UsageError(f"{path} names {entry.notebook}, but there is no such notebook")
    return collection
