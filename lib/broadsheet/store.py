"""The store: what runs leave in a folder ``.NAME`` at the project's root, beside the sites.

    results/KEY/READS/   an executed notebook, and the digests of the files it read
    inputs/DIGEST.json   mappings of names to digests that many reports share
    sites/NAME.json      what a site was made from, and the digests of its files
    runs/STAMP-PID.json  the record of each run (`record`)

Results are named by what they were made from, so a result that is there is the right one,
whoever made it; stores of several machines can be copied into each other. All of it may be
removed: the next build then runs everything. Files appear whole or not at all. What was damaged,
or is not of its schema, counts as absent.

Every function takes the folder of the store first.
"""

import contextlib
import gzip
import json
import os
import shutil
import tempfile
import time
from pathlib import Path

from broadsheet import digests

_KEPT_DAYS = 30
_SEAL = "seal"


def write(path: Path, content: bytes | str, /) -> None:
    """Write a file in one step, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = content.encode() if isinstance(content, str) else content
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123
            file.write(content)
        os.replace(name, path)  # noqa: PTH105
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def can_write(folder: Path, /) -> bool:
    """Return whether files can be written to a folder, or it made, without doing either."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return there.is_dir() and os.access(there, os.W_OK)


def sealed(values: dict, /) -> str:
    """Return the text of a file of the store: JSON with the digest of what it says."""
    return json.dumps({**values, _SEAL: digests.digest(values)}, indent=1) + "\n"


def read(path: Path, schema: str, /) -> dict | None:
    """Return what a file of the store says, None if it is absent or damaged.

    A file that is as `sealed` wrote it is taken as it is; any other is checked by its schema.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(values, dict):
            return None
        if values.pop(_SEAL, None) == digests.digest(values):
            return values
    except (OSError, ValueError, RecursionError):
        return None
    from broadsheet import schemas

    return None if schemas.problem(schema, values) else values


def keep_mapping(folder: Path, mapping: dict, /) -> str:
    """Keep a mapping under its digest, and return that; it only serves to explain."""
    name = digests.digest(mapping)
    path = folder / "inputs" / f"{name}.json"
    if not path.is_file():
        with contextlib.suppress(OSError):
            write(path, sealed(mapping))
    return name


def mapping(folder: Path, name: str, /) -> dict:
    """Return the mapping of a digest, empty if it is not kept."""
    return read(folder / "inputs" / f"{name}.json", "mapping") or {}


def keep_result(folder: Path, key: str, reads: dict, executed: bytes, /, *, seconds: float) -> None:
    """Keep an executed notebook (``pack``) under its key and the digests of what it read."""
    place = folder / "results" / key / digests.digest(reads)
    place.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=place.parent, prefix="."))
    try:
        (made / "executed.json.gz").write_bytes(executed)
        about = sealed({"reads": reads, "seconds": seconds})
        (made / "about.json").write_text(about, encoding="utf-8")
        shutil.rmtree(place, ignore_errors=True)
        made.rename(place)
    except BaseException as error:
        shutil.rmtree(made, ignore_errors=True)
        # Another run may have kept the same meanwhile.
        if not (isinstance(error, OSError) and (place / "about.json").is_file()):
            raise


def find_result(folder: Path, key: str, now, /) -> tuple[Path, dict] | None:
    """Return (its file, what is known of it) of a result whose files read are as ``now`` says.

    ``now(name)`` gives the present digest of a file by its name relative to the root.
    """
    for place in (folder / "results" / key).glob("[!.]*"):
        about = read(place / "about.json", "result")
        executed = place / "executed.json.gz"
        same = about and all(now(name) == was for name, was in about["reads"].items())
        if same and executed.is_file():
            os.utime(place.parent)
            return executed, about
    return None


def pack(notebook: dict, /) -> bytes:
    """Return a notebook as the bytes that are kept of it."""
    return gzip.compress(json.dumps(notebook).encode(), 1, mtime=0)


def unpack(executed: bytes, /) -> dict:
    """Return the notebook whose bytes these are."""
    return json.loads(gzip.decompress(executed))


def prune(folder: Path, /) -> None:
    """Remove the results that no build has used for a month, and what is known of sites gone."""
    oldest = time.time() - _KEPT_DAYS * 86400
    with contextlib.suppress(OSError):  # another build may do the same at this moment
        for place in (folder / "results").glob("*"):
            if place.stat().st_mtime < oldest:
                shutil.rmtree(place)
        for path in (folder / "sites").glob("*.json"):
            gone = not Path((read(path, "site") or {}).get("out", "")).is_dir()
            if gone and path.stat().st_mtime < oldest:
                path.unlink()
                path.with_suffix(".lock").unlink(missing_ok=True)
