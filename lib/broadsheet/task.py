"""The records of the engine: a page that is to be made, how, and what became of it.

All are plain data, so that it does not matter where the work is done. A `Task` says what is asked
for; `plan` adds what is to be done and why, and `campaign` what a worker has to know.
"""

from dataclasses import dataclass, field
from pathlib import Path

from broadsheet import digests
from broadsheet.collection import Collection, Entry


@dataclass(frozen=True)
class Options:
    """How the work is done; none of it changes what comes out.

    ``time_limit`` is in seconds for each notebook; ``cold`` starts every kernel afresh.
    """

    workers: int | None = None
    executor: str = "local"
    time_limit: float = 600.0
    force: bool = False
    cold: bool = False


@dataclass(frozen=True)
class Task:
    """One page to make: a report, the values set for it, and the site around it.

    Args:
        title: of the site, whose index is ``home`` and whose reports are ``shown``.
        place: folder of the page in the site, with a slash at its end.
        inputs: digests of what the report is made from, but for the files it reads.
        looks: digest of what else its page depends on.
        action: ``run``, ``render`` (the stored result is right) or ``fresh`` (nothing to do).
        state: ``fresh``, ``stale``, ``failed`` or ``never built``, and ``why``.
        result: the stored notebook that a page is rendered from; ``reads`` is what it read, by
            name the digest, and ``last`` how many seconds it took.
        environment: further variables of its kernel; ``server`` the address of that of warm
            kernels; ``folder`` where kernels have their working folders.
        source: digest of the library and the versions; ``data`` those of the data folder's files,
            by name. A worker with others would make another page.
        tables: (file, SHA-256, title, day obtained) of each table that the page lists.
    """

    collection: Collection
    entry: Entry
    values: dict = field(default_factory=dict)
    title: str = ""
    shown: tuple[Entry, ...] = ()
    home: str = "index.html"
    place: str = ""
    inputs: dict = field(default_factory=dict)
    looks: str = ""
    action: str = "run"
    state: str = "never built"
    why: tuple[str, ...] = ()
    result: Path | None = None
    reads: dict | None = None
    last: float | None = None
    options: Options = Options()
    environment: dict = field(default_factory=dict)
    server: str = ""
    folder: Path | None = None
    source: str = ""
    data: dict = field(default_factory=dict)
    tables: tuple = ()

    @property
    def notebook(self) -> Path:
        """The path of the notebook."""
        return self.collection.path(self.entry)

    @property
    def page(self) -> str:
        """The name of the page in the site."""
        return f"{self.place}{self.entry.page}"

    @property
    def key(self) -> str:
        """The digest of what the report is made from, but for the files it reads."""
        return digests.digest(self.inputs)

    @property
    def preload(self) -> tuple[str, ...] | None:
        """The modules that its kernel has imported, None for a cold kernel."""
        return None if self.options.cold else self.collection.project.preload

    def neighbour(self, step: int, /) -> Entry | None:
        """Return the report that stands so many places after this one in the site, if one does."""
        place = self.shown.index(self.entry) + step if self.entry in self.shown else -1
        return self.shown[place] if 0 <= place < len(self.shown) else None


@dataclass(frozen=True)
class Failure:
    """Why a notebook failed: the exception's name, its message, its traceback without colours."""

    name: str
    message: str
    traceback: str = ""

    @property
    def line(self) -> str:
        """Name and first line of the message."""
        first, *_ = *self.message.splitlines(), ""
        return f"{self.name}: {first}" if first else self.name


@dataclass(frozen=True)
class Report:
    """What became of a task.

    Args:
        notebook: as far as it was executed.
        duration: of the run, in seconds.
        reads: digest of each file below the root that its kernel read, as it first read it.
        kernel: how that was started: ``warm``, or ``cold`` and why.
        page: the text of its page; ``files`` the texts it writes beside the page, by name.
        records: its outputs that are records; none of a report that failed.
        packed: the notebook as the store keeps it, None of one that is not to be kept.
    """

    notebook: dict | None = None
    duration: float = 0.0
    failure: Failure | None = None
    reads: dict = field(default_factory=dict)
    kernel: str = ""
    page: str = ""
    files: dict = field(default_factory=dict)
    records: tuple = ()
    packed: bytes | None = None

    @property
    def status(self) -> str:
        """``ok`` or ``failed``."""
        return "failed" if self.failure else "ok"
