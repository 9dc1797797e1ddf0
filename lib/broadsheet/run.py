"""Running one notebook with papermill, in a kernel of this interpreter.

A notebook that raises, a kernel that dies and one that outlives its time all come back as a
failed report that holds what was executed so far. How many run at a time, what a page looks like
and where it is written belong elsewhere.
"""

import json
import logging
import os
import re
import signal
import socket
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import nbformat
import zmq
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec
from papermill.clientwrap import PapermillNotebookClient
from papermill.exceptions import PapermillExecutionError
from papermill.execute import execute_notebook, remove_error_markers
from papermill.log import logger
from traitlets import Any

from broadsheet import READS, warm
from broadsheet.kernel import CHANGED
from broadsheet.parameters import tags
from broadsheet.task import Failure, Report, Task

NAME = "broadsheet"
_PAPERMILL = {
    "engine_name": NAME,
    "kernel_name": "python3",
    "language": "python",
    "progress_bar": False,
    "request_save_on_cell_execute": False,
}
# Where a file lies on this machine: of a path, or of one below the home folder, all but its name.
_FOLDERS = re.compile(r"(?<![\w./~:<])~?(?:/[\w.@+~-]+)+/(?=[\w.@+-])")
# A Unix socket's address has about 104 bytes; the rest is for "kernel-ipc-1".
_SOCKET_FOLDER = 85
# papermill warns of parameters that its regular expressions do not see (ours are checked), and
# tells of a dead kernel, which the result says.
logging.getLogger("papermill").setLevel(logging.CRITICAL)


def execute(task: Task, /, *, folder: Path) -> Report:
    """Run one notebook with ``folder`` as the kernel's working folder; never raises for its faults.

    ``folder`` must exist and be empty; it is left for the caller to remove.
    """
    started = time.monotonic()
    failure = None
    manager = _kernel(folder, task)
    try:
        source = _read(task.notebook)
        executed = execute_notebook(source, None, task.values, kernel=manager, **_PAPERMILL)
    except PapermillExecutionError:
        executed = remove_error_markers(manager.notebook)
        failure = _failure(executed)
    except Exception as error:  # a kernel that does not start, a notebook that is not one
        executed = manager.notebook or nbformat.v4.new_notebook()
        failure = Failure(type(error).__name__, str(error))
    duration = time.monotonic() - started
    _join(executed)
    report = Report(executed, duration, failure, _reads(folder), manager.how)
    return _without_places(report, task) if failure else report


def _failure(notebook):
    """Return the failure of the cell that ended the run, None if only tagged cells raised."""
    for cell in notebook.cells:
        if cell.metadata.get("papermill", {}).get("exception"):
            *_, error = (o for o in cell.outputs if o.output_type == "error")
            return Failure(error.ename, error.evalue, "\n".join(error.traceback))
    return None


def _without_places(report, task):
    """Return a failed report without the folders of this machine: its page may be published."""
    roots = {str(place): "." for place in (task.collection.home, task.collection.home.resolve())}
    roots[str(Path.home())] = "~"

    def told(text):
        for root, shown in roots.items():
            text = text.replace(root, shown) if len(root) > 1 else text
        return _FOLDERS.sub("", text)

    for cell in report.notebook.cells:
        for output in cell.get("outputs", ()):
            if output.output_type == "error":
                output.evalue = told(output.evalue)
                output.traceback = [told(line) for line in output.traceback]
            elif output.output_type == "stream":
                output.text = told(output.text)
    failure = report.failure
    failure = Failure(failure.name, told(failure.message), told(failure.traceback))
    return replace(report, failure=failure)


class _Kernel(AsyncKernelManager):
    """A kernel of this very interpreter, whatever kernels are installed under its name.

    ``task`` is None where papermill's own command runs a notebook.
    """

    task = Any()
    folder = Any()
    notebook = Any()

    @property
    def preload(self):
        return self.task.preload if self.task else None

    @property
    def kernel_spec(self):
        argv = [sys.executable, "-m", "broadsheet.kernel", "-f", "{connection_file}"]
        # Else it announces unencrypted TCP at each start, and the interrupt that ends it.
        argv += ["--IPKernelApp.log_level=CRITICAL", "--Session.packer=broadsheet.kernel.pack"]
        spec = KernelSpec(argv=argv, display_name="Python 3", language="python")
        if self.preload is not None:
            config = {"preload": list(self.preload), "server": self.task.server}
            provisioner = {"provisioner_name": warm.NAME, "config": config}
            spec.metadata = {"kernel_provisioner": provisioner}
        return spec

    @property
    def how(self):
        """How the kernel was started."""
        return getattr(self.provisioner, "how", "cold")

    def client(self, **options):
        """Return a client that soon tries again where it connects before the kernel listens."""
        client = super().client(**options)
        client.context.setsockopt(zmq.RECONNECT_IVL, 10)  # milliseconds
        return client


def _kernel(folder, task=None):
    local = hasattr(socket, "AF_UNIX") and len(str(folder)) < _SOCKET_FOLDER
    at = {"connection_file": str(folder / "kernel.json"), "transport": "ipc" if local else "tcp"}
    return _Kernel(task=task, folder=folder, **at)


def manage(nb_man, kernel: _Kernel | None, /) -> None:
    """Run the notebook of papermill's manager in a kernel, or in a plain one of its own."""
    if kernel is None:
        with tempfile.TemporaryDirectory(prefix=f"{NAME}-") as folder:
            _execute(nb_man, _kernel(Path(folder)), {**os.environ, **warm.ENVIRONMENT}, Path.cwd())
        return
    task, folder = kernel.task, kernel.folder
    # The user's own IPython profile (start-up files, history) is no part of a report.
    own = {"IPYTHONDIR": str(folder / "ipython"), READS: str(folder / READS)}
    env = {**warm.environment(task.collection, task.environment), **own}
    _execute(nb_man, kernel, env, folder, task.options.time_limit)


def _execute(nb_man, kernel, env, cwd, limit=None):
    # Nothing is written on the way: the runner keeps what comes out.
    kernel.notebook = nb_man.nb
    expired = threading.Event()
    longest = min(limit or 0, threading.TIMEOUT_MAX)
    watchdog = threading.Timer(longest, _kill, (kernel, expired))
    watchdog.daemon = True

    def watch(**_cell):
        if limit and watchdog.ident is None:
            watchdog.start()

    def name(cell, execute_reply, **_cell):
        """Note on its cell an error that came as an answer and not as an output."""
        said = execute_reply["content"]
        if not any(output.output_type == "error" for output in cell.outputs):
            _note(cell, said.get("ename"), said.get("evalue"), said.get("traceback"))

    # The limit is on the notebook's own time: a slow start has a limit of its own. At the end a
    # kernel is killed: asked to end, ipykernel 7 now and then waits for itself (2.5 s).
    client = PapermillNotebookClient(
        nb_man,
        km=kernel,
        startup_timeout=60,
        shutdown_kernel="immediate",
        log=logger,
        on_cell_start=watch,
        on_cell_error=name,
    )
    try:
        client.execute(cleanup_kc=True, env=env, cwd=str(cwd))
    except Exception as error:
        late = TimeoutError(f"stopped after its time limit of {limit or 0:g} s")
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
    _note(cell, type(error).__name__, str(error))
    nb_man.cell_exception(cell, cell_index=index)
    return True


def _note(cell, name, message, traceback=None):
    name, message = name or "An error without a name", message or ""
    lines = traceback or [f"{name}: {message}"]
    cell.outputs.append(
        nbformat.v4.new_output("error", ename=name, evalue=message, traceback=lines)
    )


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
    """Return the digests of what the kernel read; `CHANGED` is what it read in two states."""
    try:
        lines = (folder / READS).read_text(encoding="utf-8").splitlines()
    except OSError:  # the kernel did not come so far
        return {}
    found = {}
    for name, was in map(json.loads, lines):
        found[name] = was if found.get(name, was) == was else CHANGED
    return dict(sorted(found.items()))


def _read(path):
    """Return the notebook of a file, with metadata and a list of tags in every cell."""
    found = json.loads(path.read_text(encoding="utf-8"))
    for cell in found.get("cells", ()):
        cell["metadata"] = {**(cell.get("metadata") or {}), "tags": tags(cell)}
    return nbformat.reads(json.dumps(found), as_version=4)
