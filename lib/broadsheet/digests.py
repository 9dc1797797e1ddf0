"""Digests: what a report was made from, as hashes, and what of it is another now.

A page depends on its notebook and parameters, on the files its kernel read, on the source of the
engine and of the project's packages and on what is installed; its looks depend on the templates
and on the site around it.
A file is hashed whenever it is asked for: reading all of this collection takes some
milliseconds, and times and sizes can lie. Where digests are kept belongs in `store`.
"""

import hashlib
import importlib.util
import json
import os
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from broadsheet.errors import UsageError

_TEMPLATE = Path(__file__).parent / "template"
GONE = "gone"


@dataclass(frozen=True)
class Environment:
    """What every report of a run has in common, each a mapping of names to digests or versions.

    ``library`` is the source of the engine and of the project's packages, ``data`` all files of
    the data folder.
    """

    library: dict[str, str]
    versions: dict[str, str]
    template: dict[str, str]
    data: dict[str, str]

    @property
    def source(self) -> str:
        """The digest of what runs: the library and the versions."""
        return digest([self.library, self.versions])

    @property
    def mappings(self) -> dict[str, dict[str, str]]:
        """The library and the versions by their digests."""
        return {digest(mapping): mapping for mapping in (self.library, self.versions)}

    @property
    def looks(self) -> str:
        """The digest of what the looks of a page depend on: the templates, the tables listed."""
        # What lies in a folder of the data's is no table: it changes no report.
        tables = {name: was for name, was in self.data.items() if "/" not in name}
        return digest([self.template, tables])


_CODE = (".py", ".js", ".css", ".json")


def environment(project, data: Path, /) -> Environment:
    """Return the digests of library, templates and data, and the versions of what is installed."""
    library = {}
    for package in ("broadsheet", *project.packages):
        place = _source(package)
        library |= {
            str(path.relative_to(place.parent)): file(path)
            for path in sorted(place.rglob("*"))
            # Templates are apart: a page can be made again without its notebook.
            if path.suffix in _CODE and "template" not in path.parts
        }
    templates = folder(_TEMPLATE)
    if project.templates:
        templates |= {f"{project.name}/{n}": was for n, was in folder(project.templates).items()}
    return Environment(library, _installed(), templates, folder(data))


def _source(package):
    """Return the folder of a package's source, without importing it."""
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise UsageError(f"the project names the package {package!r}, which is not installed")
    return Path(found.submodule_search_locations[0])


def digest(value, /) -> str:
    """Return the digest of a value that JSON can hold."""
    return text(json.dumps(value, sort_keys=True, ensure_ascii=False))


def text(value: str, /) -> str:
    """Return the digest of a text's bytes."""
    # Half of a pair of UTF-16 is no text, and any file of a site has a mark in its place.
    return hashlib.sha256(value.encode(errors="replace")).hexdigest()


def path(place: Path, /) -> str:
    """Return the digest of a file's bytes or of a folder's names; ``gone`` if there is neither."""
    try:
        if place.is_dir():
            return digest(sorted(os.listdir(place)))  # noqa: PTH208
        return file(place)
    except OSError:
        return GONE


def folder(place: Path, /) -> dict[str, str]:
    """Return the digest of every file below a folder, by its name relative to the folder."""
    return {
        str(found.relative_to(place)): file(found)
        for found in sorted(place.rglob("*"))
        if found.is_file() and not found.name.startswith(".")
    }


def changed(old: dict, new: dict, /) -> list[str]:
    """Return the names that are in one of two mappings only, or mean another thing in each."""
    return sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))


def listing(names, /, limit: int = 3) -> str:
    """Return names for a line of text: the first few and how many more.

    >>> listing(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    names = list(names)
    rest = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {rest} more" if rest > 0 else "")


def file(place: Path, /) -> str:
    """Return the digest of a file's bytes; an OSError where it cannot be read."""
    with place.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _installed():
    """Return the versions of Python and of everything installed beside it.

    All of it, because libraries use what they find: seaborn draws by way of SciPy if it is
    there. The names of the folders say it, which is a hundred times faster than asking.
    """
    versions = {"Python": ".".join(map(str, sys.version_info[:3])), "system": sys.platform}
    for place in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for name in os.listdir(place):  # noqa: PTH208
            if name.endswith((".dist-info", ".egg-info")):
                package, _, version = name.rpartition(".")[0].partition("-")
                versions[package] = version
    return dict(sorted(versions.items()))
