"""A site on disk: grown beside the old one, then put into its place in one step.

Whatever ends a build earlier leaves the old site as it was. The manifest records what each page
was made from. It is in the store and not in the site, so that two builds of the same inputs give
the same site. Which pages a site has belongs in `build`.
"""

import contextlib
import shutil
from pathlib import Path

from broadsheet import digests, folders, store
from broadsheet.errors import BroadsheetError, UsageError

COMPARISON = "comparison.json"


class Site:
    """The folder of a site of a collection, mended if a build of it was killed.

    Raises UsageError for what cannot be a site: no folder, or one with other files.
    """

    def __init__(self, folder, collection):
        self.folder = Path(folder).resolve()
        name = f"{self.folder.name}-{digests.text(str(self.folder))[:12]}"
        self._manifest = collection.store / "sites" / f"{name}.json"
        # What says that a folder is a site of this project, and may be replaced.
        self._marks = (collection.project.records_file, COMPARISON)
        self._refuse()
        folders.mend(self.folder)

    def _refuse(self):
        out = self.folder
        there = next(path for path in (out, *out.parents) if path.exists())
        if not there.is_dir():
            raise UsageError(f"{there} is a file; --out takes a folder")
        if not store.can_write(out):
            raise UsageError(f"{there} cannot be written; name another folder with --out")
        if not out.is_dir() or self._is_site(out) or self.manifest()["pages"]:
            return
        if not all(p.name == ".gitkeep" or self._is_site(p) for p in out.iterdir()):
            raise UsageError(
                f"{out} has files but no {self._marks[0]}, so it is not a site of this project; "
                "name another folder with --out"
            )

    def _is_site(self, folder):
        return any((folder / mark).is_file() for mark in self._marks)

    @contextlib.contextmanager
    def replaced(self):
        """Give a copy of the site to change; it becomes the site if all goes well."""
        # Two shards may end at once.
        lock = folders.locked(self._manifest.with_suffix(".lock"))
        try:
            with lock, folders.replaced(self.folder) as stage:
                if self.folder.is_dir():
                    shutil.copytree(self.folder, stage)
                else:
                    stage.mkdir()
                yield stage
        except OSError as error:
            raise BroadsheetError(
                f"{self.folder} could not be written ({error}); the site is as it was"
            ) from error

    def manifest(self) -> dict:
        """Return what is known of the site's making.

        ``pages`` has the record of each page (`campaign`), ``mappings`` what digests in them stand
        for, ``files`` the digests of what is beside them, and ``inputs`` what those are made from.
        """
        nothing = {"inputs": None, "pages": {}, "files": {}, "mappings": {}}
        return store.read(self._manifest) or nothing

    def remember(self, **manifest) -> None:
        """Keep the manifest."""
        store.write(self._manifest, store.sealed(manifest))

    def edited(self, files: dict) -> list[str]:
        """Return which of these files (name to digest) are not in the site as they were."""
        return [name for name, was in files.items() if digests.path(self.folder / name) != was]
