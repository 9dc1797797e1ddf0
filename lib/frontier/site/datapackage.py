"""The data package: a Frictionless descriptor of the project's tables, made from their sidecars.

Whoever takes the tables without the library can read from it what each column is, in which unit,
where a table is from, under which terms, and whether a copy is whole. Nothing is said here that a
sidecar does not say.

>>> from frontier.site import datapackage
>>> datapackage.descriptor()["resources"][0]["path"]
'tables/accelerator_figures.csv'
"""

from broadsheet import links
from frontier import __version__
from frontier.data import measurements, paths, tables

FOLDER = "tables"
# The types of `tables.DTYPES` that have other names in the words of Frictionless.
_TYPES = {"bool": "boolean", "int": "integer", "float": "number"}


def descriptor() -> dict:
    """Return the descriptor of every public table of the data folder."""
    return {
        "profile": "tabular-data-package",
        "name": "inference-frontier",
        "title": "Inference Frontier: measured and published points behind claims on AI inference",
        "version": __version__,
        "resources": [_resource(name) for name in _public()],
    }


def files() -> dict[str, bytes]:
    """Return the public tables and their sidecars, by the paths that the descriptor gives them."""
    public = _public()
    found = [p for p in sorted(paths.data().iterdir()) if p.name.partition(".")[0] in public]
    return {f"{FOLDER}/{path.name}": path.read_bytes() for path in found}


def _public() -> list[str]:
    """Return the names of all tables but that of a person's own results."""
    return [name for name in tables.names() if name != measurements.OWN]


def _resource(name):
    meta = tables.meta(name)
    file = next(path for path in paths.data().glob(f"{name}.csv*"))
    resource = {
        "profile": "tabular-data-resource",
        "name": name,
        "path": f"{FOLDER}/{file.name}",
        "title": meta["title"],
        "description": str(meta.get("provenance", meta["citation"])),
        **{"format": "csv", "mediatype": "text/csv", "encoding": "utf-8"},
        "bytes": file.stat().st_size,
        "hash": f"sha256:{meta['sha256']}",
        "sources": [{"title": meta["citation"], **_at(meta["url"])}],
        "licenses": [{"name": "other", "title": str(meta["licence"])}],
        "schema": {
            "fields": [_field(*item) for item in meta["columns"].items()],
            "missingValues": [""],
        },
    }
    return resource | ({"compression": "gz"} if file.suffix == ".gz" else {})


def _at(url):
    return {"path": url} if links.is_web(url) else {}


def _field(name, about):
    field = {"name": name, "type": _TYPES.get(about["dtype"], about["dtype"])}
    extra = {"unit": about.get("unit"), "description": about.get("description")}
    return field | {key: str(value) for key, value in extra.items() if value}
