"""Warm kernels: a provisioner that has kernels forked from a process with the imports done.

jupyter_client asks a provisioner to launch, watch and end a kernel. This one, registered as
``broadsheet-warm``, asks a process of `broadsheet.kernel` for a fork, and starts the kernel
plainly, as the one it extends does, where there is no fork or anything is odd. Which of the
two it was stands in ``how``: results are the same, and a test compares them cell by cell.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from multiprocessing import connection
from pathlib import Path

from jupyter_client.provisioning import LocalProvisioner
from traitlets import List, Unicode

from broadsheet import READS, digests
from broadsheet.collection import Collection
from broadsheet.kernel import MESSAGE, ROOT

NAME = "broadsheet-warm"
# One thread each: workers share the cores, and sums then have one order.
ENVIRONMENT = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    **{"PYTHONHASHSEED": "0", "PYDEVD_DISABLE_FILE_VALIDATION": "1"},
    # What a person has set for their own figures and programs is no part of a report.
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "MATPLOTLIBRC": os.devnull,
    **{"PYTHONOPTIMIZE": "", "PYTHONUTF8": "1", "TZ": "UTC"},
}
# What may differ between a server and its kernels: where they write, not what they compute. The
# last two are set by readline, for the processes that are started after it was imported.
_OWN = {"IPYTHONDIR", READS, "JPY_PARENT_PID", "JPY_SESSION_NAME", "LINES", "COLUMNS"}
_STARTING = 60.0
_SOON = 0.01
_own = contextlib.ExitStack()
_servers = {}
_lock = threading.Lock()


class OddError(Exception):
    """Why no kernel can be forked."""


class WarmProvisioner(LocalProvisioner):
    """A provisioner of kernels that are forked where they can be.

    It asks the server at ``server``, or without one a server of this process's own.
    """

    preload = List(Unicode(), help="modules that the kernels have imported").tag(config=True)
    server = Unicode(help="address of the server to ask").tag(config=True)
    how = Unicode("not started")

    async def launch_kernel(self, cmd, **options):
        """Fork the kernel, or start it plainly."""
        try:
            server = self.server or _own_server(tuple(self.preload), options["env"])
            self.process = _Fork(server, cmd[3:], str(options["cwd"]), options["env"])
        except (OddError, OSError) as error:
            self.how = f"cold: {error}"
            return await super().launch_kernel(cmd, **options)
        self.how = "warm"
        self.pid = self.pgid = self.process.pid
        self.cwd = options["cwd"]
        return self.connection_info

    async def wait(self):
        """Wait for the end as the class it extends does, and look more often."""
        while self.how == "warm" and self.process and await self.poll() is None:
            await asyncio.sleep(_SOON)
        return await super().wait()


def environment(collection: Collection, more: dict, /) -> dict[str, str]:
    """Return the environment that every kernel of a collection has; ``more`` is the project's."""
    own = {name: str(value) for name, value in more.items()}
    return {**os.environ, **ENVIRONMENT, ROOT: str(collection.home), **own}


@contextlib.contextmanager
def serving(modules, env, /, *, folder: Path):
    """Have a server in ``folder`` that forks kernels with this environment; give its address.

    The address is empty where there can be none. The server ends with the block, or with this
    process.
    """
    process = None
    # On macOS the system's own libraries do not survive a fork.
    if sys.platform == "linux":
        # A path that is too long for a socket, a full disk: kernels are then started plainly.
        with contextlib.suppress(OSError):
            process = _start(modules, env, folder / "server")
    try:
        yield str(folder / "server") if process else ""
    finally:
        if process:
            process.stdin.close()
            process.wait()


def _start(modules, env, address):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(address))
        listener.listen(64)
        number = str(listener.fileno())
        command = [sys.executable, "-m", "broadsheet.kernel", "--serve", number]
        return subprocess.Popen(
            [*command, _digest(env), *modules],
            env=_inherited(env),
            cwd=address.parent,  # a file called matplotlibrc counts where imports are done
            stdin=subprocess.PIPE,
            pass_fds=[listener.fileno()],
        )


def _own_server(modules, env):
    """Return the address of a server of this process's own, started if need be."""
    with _lock:
        if modules not in _servers:
            folder = Path(_own.enter_context(tempfile.TemporaryDirectory(prefix="broadsheet-")))
            address = _own.enter_context(serving(modules, env, folder=folder))
            if not address:
                raise OddError("no server can be started here")
            _servers[modules] = address
        return _servers[modules]


def close() -> None:
    """End the servers that this process started for itself."""
    with _lock:
        _own.close()
        _servers.clear()


class _Fork:
    """A kernel that is the child of a server, as subprocess.Popen shows one's own.

    The server kills it when the connection ends, with this process at the latest.
    """

    stdin = stdout = stderr = returncode = None

    def __init__(self, server, arguments, cwd, env):
        request = {"arguments": arguments, "cwd": cwd, "env": env, "environment": _digest(env)}
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(_STARTING)
        try:
            self._socket.connect(server)
            self._socket.send(json.dumps(request).encode())
            answer = json.loads(self._socket.recv(MESSAGE) or '{"odd": "the server ended"}')
            if "odd" in answer:
                raise OddError(answer["odd"])
            self.pid = answer["pid"]
            self._end = os.pidfd_open(self.pid)
        except (OSError, OddError) as error:
            self._socket.close()
            odd = isinstance(error, OddError)
            raise error if odd else OddError(f"the server does not answer: {error}") from None

    def wait(self, timeout=None):
        """Return the exit code when it has ended, 1 whatever it was: the server has it."""
        if self.returncode is None:
            if not connection.wait([self._end], timeout):
                raise subprocess.TimeoutExpired("kernel", timeout)
            self.returncode = 1
            os.close(self._end)
            self._socket.close()
        return self.returncode

    def poll(self):
        """Return the exit code, None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def send_signal(self, number):
        """Send a signal if it still runs."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self):
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self):
        """End it."""
        self.send_signal(signal.SIGKILL)


def _inherited(env):
    return {name: value for name, value in env.items() if name not in _OWN}


def _digest(env):
    return digests.digest(_inherited(env))
