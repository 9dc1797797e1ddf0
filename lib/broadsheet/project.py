"""What a collection of notebooks adds to the engine: a few values and functions.

``collection.yaml`` names a `Project` as ``project: module:value``, the value being a `Project` or
a function that returns one. It is found by that name in every process, the workers included, so
that importing its module should be cheap: imports that take time belong in its functions. A
collection without a project has the defaults below.

Functions of a project that raise `BroadsheetError` stop what is done, with that one line. Any
other exception is a defect of theirs: it is told in one line, and the rest is built (`call`).
"""

import functools
import importlib
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from broadsheet.errors import BroadsheetError, UsageError


def _no_choices(name):
    raise UsageError(f"[one of {name}] needs a project that knows the values")


def _any_record(record, entry):
    """Accept every record that has a name."""
    if not (isinstance(record, dict) and isinstance(record.get("id"), str)):
        raise BroadsheetError(f"{entry.notebook}: a record needs a text called id")


def _compose(built):
    from broadsheet import pages

    return pages.plain_index(built)


def _dump(records):
    document = {"records": list(records)}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


@dataclass(frozen=True)
class Project:
    """The values and functions of one collection; every one has a default.

    Args:
        name: of the command in messages, and of the folder ``.NAME`` that keeps results.
        packages: Python packages whose source makes reports stale when it changes.
        preload: modules that warm kernels have imported. ``MODULE:FUNCTION`` is called after that,
            before any kernel is forked: to remember what is made of files by the bytes they have,
            since each kernel has to read them itself to be seen doing it.
        versions: packages whose versions pages name, beside those of the engine.
        data: folder of data below the root, whose files every page depends on for its footer.
        templates: folder of further templates; ``style.css`` in it is added to every page.
        records_file: the file of the site that holds its records; a folder that has it is a site.
        record_type: MIME type of an output that is a record: a mapping with an ``id``.
        record_name: what a record is called in messages, and the beginning of its anchor.
        environment: ``(root)`` gives further environment variables of kernels.
        choices: ``(name)`` gives the values that a parameter marked ``[one of NAME]`` can have.
        check_record: ``(record, entry)`` raises BroadsheetError where a record is not sound.
        tables: ``()`` checks the data and gives (file, SHA-256, title, ISO day obtained) of each.
        article: ``(html, task, report)`` gives the article of a page as it is shown.
        ready: ``()`` is called while notebooks run: what `compose` needs may be imported then.
        compose: ``(built)``, a `campaign.Built`, gives the text of every file beside the reports
            by name, None for one that goes.
        dump: ``(records)`` gives the text of a file of records.
        value: ``(record)`` gives the number that a sweep compares, None for none.
        changes: ``(old, new)``, two texts of the records file, gives (id, before, after).
        compare: ``(old, new)``, two folders, gives the moves (`diff.Move`) by record.
        files: ``(url)`` gives further files (name to bytes) of a published site.
    """

    name: str = "broadsheet"
    packages: tuple[str, ...] = ()
    preload: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    data: str = "data"
    templates: Path | None = None
    records_file: str = "records.json"
    record_type: str = "application/vnd.broadsheet.record+json"
    record_name: str = "record"
    environment: Callable[[Path], Mapping[str, str]] = lambda *_: {}
    choices: Callable = _no_choices
    check_record: Callable = _any_record
    tables: Callable = lambda *_: ()
    article: Callable = lambda html, _task, _report: html
    ready: Callable = lambda *_: None
    compose: Callable = _compose
    dump: Callable = _dump
    value: Callable = lambda record: record.get("value")
    changes: Callable = lambda *_: ()
    compare: Callable = lambda *_: {}
    files: Callable = lambda *_: {}

    def call(self, name: str, /, *arguments, **named):
        """Return what one of the functions gives; its defect is a BroadsheetError naming it."""
        try:
            return getattr(self, name)(*arguments, **named)
        except (BroadsheetError, KeyboardInterrupt):
            raise
        except Exception as error:
            raise ProjectError(
                f"{name}() of the project failed: {type(error).__name__}: {error}"
            ) from error

    def attempt(self, name: str, problems: list, default, /, *arguments, **named):
        """Return what a function gives; of a defect tell, note it in `problems`, give `default`."""
        try:
            return self.call(name, *arguments, **named)
        except ProjectError as error:
            problems.append(str(error))
            print(f"{self.name}: {' '.join(str(error).split())}", file=sys.stderr)
            return default


class ProjectError(BroadsheetError):
    """A function of a project that raised what it should not."""


@functools.cache
def find(name: str, folder: Path, /) -> Project:
    """Return the project called ``module:value``, the defaults for no name.

    A module may lie in the folder of the collection. Raises UsageError for a name that leads to
    no project.
    """
    if not name:
        return Project()
    module, colon, value = name.partition(":")
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    try:
        found = getattr(importlib.import_module(module), value)
        found = found if isinstance(found, Project) else found()
    except BroadsheetError:
        raise
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
        raise UsageError(f"project {name!r} cannot be used: {problem}") from error
    if not colon or not isinstance(found, Project):
        raise UsageError(f"project {name!r} is no Project; write module:value")
    return found
