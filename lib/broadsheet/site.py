"""A site on disk: grown beside the old one, then put into its place in one step.

Whatever ends a build earlier leaves the old site as it was. The manifest records what each page
was made from. It is in the store and not in the site, so that two builds of the same inputs give
the same site. Which pages a site has belongs in `build`.
"""

import contextlib
import os
import shutil
import socket
import time
from pathlib import Path

from broadsheet import digests, folders, store
from broadsheet.errors import BroadsheetError, UsageError

_SCHEMA = 2
COMPARISON = "comparison.json"


class Site:
    """The folder of a site of a collection."""

    def __init__(self, folder, collection):
        self.folder = Path(folder).resolve()
        self._store = collection.store
        # What says that a folder is a site of this project, and may be replaced.
        self._marks = (collection.project.records_file, COMPARISON)
        self._name = f"{self.folder.name}-{digests.text(str(self.folder))[:12]}"

    def refuse(self) -> None:
        """Raise UsageError for what cannot be a site: no folder, or one with other files."""
        out = self.folder
        there = next(path for path in (out, *out.parents) if path.exists())
        if not there.is_dir():
            raise UsageError(f"{there} is a file; --out takes a folder")
        if not store.can_write(out):
            raise UsageError(f"{there} cannot be written; name another folder with --out")
        if not out.is_dir() or self._is_site(out) or self.manifest()["pages"]:
            return
        if not all(map(self._is_ours, out.iterdir())):
            raise UsageError(
                f"{out} has files but no {self._marks[0]}, so it is not a site of this project; "
                "name another folder with --out"
            )

    def recover(self) -> None:
        """Undo what a build that was killed left beside the site."""
        old = self._beside("old")
        if not (old.is_dir() or any(map(_is_left, self._stages()))):
            return
        with self._locked():
            folders.recover(self.folder, old)
            shutil.rmtree(old, ignore_errors=True)
            for stage in filter(_is_left, self._stages()):
                shutil.rmtree(stage, ignore_errors=True)

    @contextlib.contextmanager
    def replaced(self):
        """Give a copy of the site to change; it becomes the site if all goes well."""
        stage = self._beside(f"building-{os.getpid()}-{socket.gethostname()}")
        try:
            with self._locked():
                if self.folder.is_dir():
                    shutil.copytree(self.folder, stage)
                else:
                    stage.mkdir(parents=True)
                yield stage
                old = self._beside("old")
                folders.replace(stage, self.folder, old)
                shutil.rmtree(old, ignore_errors=True)
        except OSError as error:
            raise BroadsheetError(
                f"{self.folder} could not be written ({error}); the site is as it was"
            ) from error
        finally:
            shutil.rmtree(stage, ignore_errors=True)

    def manifest(self) -> dict:
        """Return what is known of the site's making: ``inputs``, ``pages`` and ``files``."""
        known = store.read(self._manifest, "site") or {}
        same = known.get("schema") == _SCHEMA and known.get("out") == str(self.folder)
        return known if same else {"inputs": None, "pages": {}, "files": {}}

    def remember(self, manifest: dict) -> None:
        """Keep the manifest."""
        known = {**manifest, "schema": _SCHEMA, "out": str(self.folder)}
        store.write(self._manifest, store.sealed(known))

    def edited(self, files: dict) -> list[str]:
        """Return which of these files (name to digest) are not in the site as they were."""
        return [name for name, was in files.items() if digests.path(self.folder / name) != was]

    def _is_site(self, folder):
        return any((folder / mark).is_file() for mark in self._marks)

    def _is_ours(self, path):
        return path.name == ".gitkeep" or (path.is_dir() and self._is_site(path))

    @property
    def _manifest(self):
        return self._store / "sites" / f"{self._name}.json"

    def _stages(self):
        return self.folder.parent.glob(f".{self.folder.name}.building-*")

    def _beside(self, suffix):
        return self.folder.parent / f".{self.folder.name}.{suffix}"

    def _locked(self):
        """Let nobody else change this site: two shards may end at once."""
        return folders.locked(self._store / "sites" / f"{self._name}.lock")


def _is_left(stage):
    """Return whether a stage is of a build that ended; of another machine's, after a day."""
    pid, _, host = stage.name.rpartition(".building-")[2].partition("-")
    if not pid.isdecimal() or not stage.is_dir():
        return False  # nothing that a build made
    if host == socket.gethostname():
        return not store.is_alive(int(pid))
    return time.time() - stage.stat().st_mtime > 86400
