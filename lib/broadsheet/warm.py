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
import time
from pathlib import Path

from jupyter_client.provisioning import LocalProvisioner
from traitlets import List, Unicode

from broadsheet import READS
from broadsheet.collection import Collection
from broadsheet.kernel import MESSAGE, ROOT

NAME = "broadsheet-warm"
# One thread each: workers share the cores, and sums then have one order.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    # What a person has set for their own figures and programs is no part of a report.
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "MATPLOTLIBRC": os.devnull,
    "PYTHONOPTIMIZE": "",
    "PYTHONUTF8": "1",
    "TZ": "UTC",
}
# What may differ between a server and its kernels: where they write, not what they compute. The
# last two are set by readline, for the processes that are started after it was imported.
_OWN = {"IPYTHONDIR", READS, "JPY_PARENT_PID", "JPY_SESSION_NAME", "LINES", "COLUMNS"}
_STARTING = 60.0
_SOON = 0.01
_CHANNELS = ("shell", "iopub", "stdin", "hb", "control")
_own = contextlib.ExitStack()
_clients = {}
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
            client = _client(self.server, tuple(self.preload), options["env"])
            self.process = client.fork(cmd[3:], str(options["cwd"]), options["env"])
        except (OddError, OSError, ValueError, KeyError) as error:
            self.how = f"cold: {error}"
            return await super().launch_kernel(cmd, **options)
        self.how = "warm"
        self.pid = self.pgid = self.process.pid
        self.cwd = options["cwd"]
        await self._listening()
        return self.connection_info

    async def wait(self):
        """Wait for the end as the class it extends does, and look more often."""
        while self.how == "warm" and self.process and await self.poll() is None:
            await asyncio.sleep(_SOON)
        return await super().wait()

    async def _listening(self):
        """Wait for the kernel's sockets: who connects too early tries again a tenth later."""
        if self.connection_info.get("transport") != "ipc":
            return
        ports = [self.connection_info[f"{name}_port"] for name in _CHANNELS]
        sockets = [Path(f"{self.connection_info['ip']}-{port}") for port in ports]
        for _ in range(round(1 / _SOON)):
            if all(map(Path.exists, sockets)) or await self.poll() is not None:
                return
            await asyncio.sleep(_SOON)


def environment(collection: Collection, more: dict, /) -> dict[str, str]:
    """Return the environment that every kernel of a collection has; ``more`` is the project's."""
    return {**os.environ, **ENVIRONMENT, ROOT: str(collection.home), **more}


@contextlib.contextmanager
def serving(modules, env, /, *, folder: Path):
    """Have a server in ``folder`` that forks kernels with this environment; give its address.

    The address is empty where there can be none. The server ends with the block, or with this
    process.
    """
    process = None
    # On macOS the system's own libraries do not survive a fork.
    if hasattr(os, "fork") and sys.platform == "linux":
        # A path that is too long for a socket, a full disk: kernels are then started plainly.
        with contextlib.suppress(OSError):
            process = _start(modules, _inherited(env), folder / "server")
    try:
        yield str(folder / "server") if process else ""
    finally:
        if process:
            process.stdin.close()
            process.wait()


def _start(modules, env, address):
    Path(f"{address}.json").write_text(json.dumps(env), encoding="utf-8")
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(address))
        listener.listen(64)
        number = str(listener.fileno())
        command = [sys.executable, "-m", "broadsheet.kernel", "--serve", number, *modules]
        return subprocess.Popen(
            command,
            env=env,
            cwd=address.parent,  # a file called matplotlibrc counts where imports are done
            stdin=subprocess.PIPE,
            pass_fds=[listener.fileno()],
        )


def close() -> None:
    """Take leave of the servers that this process asked, and end its own."""
    with _lock:
        for client in _clients.values():
            client.close()
        _clients.clear()
        _own.close()


def _client(address, modules, env):
    with _lock:
        if (address, modules) not in _clients:
            if not address:
                if sys.platform != "linux":
                    raise OddError("kernels are forked on Linux only")
                folder = Path(_own.enter_context(tempfile.TemporaryDirectory(prefix="broadsheet-")))
                address = _own.enter_context(serving(modules, env, folder=folder))
                _clients["", modules] = _Client(address)
                return _clients["", modules]
            _clients[address, modules] = _Client(address)
        return _clients[address, modules]


class _Client:
    """What is said to a server: one message and one answer at a time."""

    def __init__(self, address):
        if not address:
            raise OddError("no server could be started here")
        self._lock = threading.Lock()
        self._environment = json.loads(Path(f"{address}.json").read_text(encoding="utf-8"))
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(_STARTING)
        self._socket.connect(address)

    def fork(self, arguments, cwd, env):
        """Return the process of a new kernel; OddError says why there can be none."""
        env = {name: str(value) for name, value in env.items()}
        if _inherited(env) != self._environment:
            raise OddError("its environment is another one")
        answer = self.ask(arguments=arguments, cwd=cwd, env=env)
        if "pid" not in answer:
            raise OddError(answer["odd"])
        return _Fork(self, answer["pid"])

    def ask(self, **request):
        """Return the answer to one request."""
        with self._lock:
            try:
                self._socket.send(json.dumps(request).encode())
                answer = self._socket.recv(MESSAGE)
            except OSError as error:
                return {"odd": f"the server does not answer ({error})"}
            return json.loads(answer) if answer else {"odd": "the server ended"}

    def close(self):
        self._socket.close()


class _Fork:
    """A kernel that is the server's child, as subprocess.Popen shows one's own."""

    stdin = stdout = stderr = None

    def __init__(self, server, pid):
        self._server = server
        self.pid = pid
        self.returncode = None

    def poll(self):
        """Return the exit code, None while it runs."""
        if self.returncode is None:
            answer = self._server.ask(poll=self.pid)
            # Without its server a kernel is killed, or ends by itself within a second.
            self.returncode = answer.get("code", -signal.SIGKILL)
        return self.returncode

    def wait(self, timeout=None):
        """Return the exit code when it has ended."""
        end = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            if end is not None and time.monotonic() > end:
                raise subprocess.TimeoutExpired("kernel", timeout)
            time.sleep(0.01)
        return self.returncode

    def send_signal(self, number):
        """Send a signal if it still runs."""
        # Not reaped but by `poll`, so the number is still that of this process.
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self):
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self):
        """End it."""
        self.send_signal(signal.SIGKILL)


def _inherited(env):
    return {name: str(value) for name, value in env.items() if name not in _OWN}
