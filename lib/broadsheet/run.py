"""Running one notebook with papermill, in a kernel of this interpreter.

A job is plain data and so is its result: a notebook that raises, a kernel that dies and one
that outlives its time all come back as a failed result that holds what was executed so far.
How many run at a time, what a page looks like and where it is written belong elsewhere.

    result = execute(Job(Path("notebooks/01_dense_gain.ipynb"), {"how": "semilog"}), folder=tmp)
"""

import functools
import json
import logging
import os
import signal
import socket
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.provisioning import KernelProvisionerFactory
from papermill import engines
from papermill.clientwrap import PapermillNotebookClient
from papermill.exceptions import PapermillExecutionError
from papermill.execute import execute_notebook, remove_error_markers
from papermill.log import logger
from traitlets import Any

from broadsheet import warm
from broadsheet.kernel import READS

TIME_LIMIT = 600.0
# A Unix socket's address has about 104 bytes; the rest is for "kernel-ipc-1".
_SOCKET_FOLDER = 85
# One thread each: workers share the cores, and sums then have one order.
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}
# papermill warns of parameters that its regular expressions do not see (ours are checked), and
# tells of a dead kernel, which the result says.
logging.getLogger("papermill").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Job:
    """One notebook with the parameters that differ from its defaults; the limit in seconds.

    With ``preload`` its kernel is forked, where it can be, from a process that has imported
    these modules: the server of `warm` at that address, else one of the worker's own. ``root``
    is the project whose files it reads, by default the environment's.
    """

    notebook: Path
    parameters: dict = field(default_factory=dict)
    time_limit: float = TIME_LIMIT
    preload: tuple[str, ...] | None = None
    server: str = ""
    root: Path | None = None


@dataclass(frozen=True)
class Failure:
    """Why a notebook failed: the exception's name, its message, its traceback without colours."""

    name: str
    message: str
    traceback: str = ""

    @property
    def line(self) -> str:
        """Name and first line of the message."""
        return f"{self.name}: {(self.message.splitlines() or [''])[0]}"


@dataclass(frozen=True)
class Result:
    """What became of a job: the notebook as far as executed, the seconds, the failure if any.

    ``reads`` names the files below the root that its kernel read, ``kernel`` says how that was
    started: ``warm``, or ``cold`` and why.
    """

    job: Job
    executed: nbformat.NotebookNode
    duration: float
    failure: Failure | None = None
    reads: tuple[str, ...] = ()
    kernel: str = ""

    @property
    def status(self) -> str:
        """``ok`` or ``failed``."""
        return "failed" if self.failure else "ok"


def execute(job: Job, /, *, folder: Path) -> Result:
    """Run one notebook with ``folder`` as the kernel's working folder; never raises for its faults.

    ``folder`` must exist and be empty; it is left for the caller to remove.
    """
    started = time.monotonic()
    failure = None
    kernel = _kernel(job, folder)
    try:
        executed = execute_notebook(
            _literal(job.notebook),
            None,
            parameters=job.parameters,
            engine_name="frontier",
            kernel_name="python3",
            language="python",
            progress_bar=False,
            request_save_on_cell_execute=False,
            kernel=kernel,
            job=job,
        )
    except PapermillExecutionError as error:
        failure = Failure(error.ename, error.evalue, "\n".join(error.traceback))
    except Exception as error:  # a kernel that does not start, a notebook that is not one
        failure = Failure(type(error).__name__, str(error))
    if failure:
        executed = kernel.notebook or _read(job.notebook)
        executed = remove_error_markers(executed)
    duration = time.monotonic() - started
    _join(executed)
    return Result(job, executed, duration, failure, _reads(folder), kernel.how)


class _Kernel(AsyncKernelManager):
    """A kernel of this very interpreter, whatever kernels are installed under its name."""

    job = Any()
    folder = Any()
    notebook = Any()

    @property
    def kernel_spec(self):
        argv = [sys.executable, "-m", "broadsheet.kernel", "-f", "{connection_file}"]
        # Else it announces unencrypted TCP at each start, and the interrupt that ends it.
        argv.append("--IPKernelApp.log_level=CRITICAL")
        spec = KernelSpec(argv=argv, display_name="Python 3", language="python")
        if self.job.preload is not None and _is_registered():
            config = {"preload": list(self.job.preload), "server": self.job.server}
            provisioner = {"provisioner_name": warm.NAME, "config": config}
            spec.metadata = {"kernel_provisioner": provisioner}
        return spec

    @property
    def how(self):
        """How the kernel was started."""
        if self.job.preload is not None and not _is_registered():
            return f"cold: {warm.NAME} is not registered; install the project again"
        return getattr(self.provisioner, "how", "cold")


def _kernel(job, folder):
    local = hasattr(socket, "AF_UNIX") and len(str(folder)) < _SOCKET_FOLDER
    return _Kernel(
        connection_file=str(folder / "kernel.json"),
        transport="ipc" if local else "tcp",
        job=job,
        folder=folder,
    )


@functools.cache
def _is_registered():
    spec = KernelSpec(metadata={"kernel_provisioner": {"provisioner_name": warm.NAME}})
    factory = KernelProvisionerFactory.instance()
    factory.log.disabled = True
    return factory.is_provisioner_available(spec)


def environment(root: Path | None, /) -> dict[str, str]:
    """Return the environment that every kernel of a project has."""
    home = {} if root is None else {"FRONTIER_HOME": str(root)}
    return {**os.environ, **_ENVIRONMENT, **home}


def _join(notebook):
    """Join what was printed in a row: where a kernel breaks it into messages is chance."""
    for cell in notebook.cells:
        outputs = []
        for output in cell.get("outputs", ()):
            last = outputs[-1] if outputs else {}
            if output.output_type == "stream" and last.get("name") == output.name:
                last["text"] += output.text
            else:
                outputs.append(output)
        if outputs:
            cell.outputs = outputs


def _reads(folder):
    try:
        lines = (folder / READS).read_text(encoding="utf-8").splitlines()
    except OSError:  # the kernel did not come so far
        return ()
    return tuple(sorted({json.loads(line) for line in lines}))


class _Engine(engines.Engine):
    """papermill's nbclient engine with a limit on the whole notebook and with deaths recorded."""

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, *, kernel, job, **_ignored):
        # Nothing is written on the way: the runner keeps what comes out.
        kernel.notebook = nb_man.nb
        expired = threading.Event()
        watchdog = threading.Timer(job.time_limit, _kill, (kernel, expired))
        watchdog.daemon = True

        def watch(**_cell):
            if watchdog.ident is None:
                watchdog.start()

        # The limit is on the notebook's own time: a slow start has a limit of its own.
        client = PapermillNotebookClient(
            nb_man, km=kernel, startup_timeout=60, log=logger, on_cell_start=watch
        )
        folder = kernel.folder
        # The user's own IPython profile (start-up files, history) is no part of a report.
        own = {"IPYTHONDIR": str(folder / "ipython"), READS: str(folder / READS)}
        env = {**environment(job.root), **own}
        try:
            client.execute(cleanup_kc=True, env=env, cwd=str(folder))
        except Exception as error:
            late = TimeoutError(f"stopped after its time limit of {job.time_limit:g} s")
            cause = late if expired.is_set() else error
            if not _record(nb_man, cause):
                raise cause from None
        finally:
            watchdog.cancel()


def _kill(kernel, expired):
    expired.set()
    process = getattr(kernel.provisioner, "process", None)
    if process is not None:
        process.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))


def _record(nb_man, error):
    """Put an error that no cell reported on the cell that was running; False if none was."""
    cells = [
        (index, cell)
        for index, cell in enumerate(nb_man.nb.cells)
        if cell.cell_type == "code" and cell.metadata.papermill.status != nb_man.PENDING
    ]
    if not cells:
        return False
    index, cell = cells[-1]
    name, message = type(error).__name__, str(error)
    cell.outputs.append(
        nbformat.v4.new_output(
            "error", ename=name, evalue=message, traceback=[f"{name}: {message}"]
        )
    )
    nb_man.cell_exception(cell, cell_index=index)
    return True


def _literal(path):
    """Return the path as papermill takes it: braces would be format fields."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _read(path):
    try:
        return nbformat.read(path, as_version=4)
    except Exception:  # not a notebook at all: the failure says so, the page is empty
        return nbformat.v4.new_notebook()


engines.papermill_engines.register("frontier", _Engine)
