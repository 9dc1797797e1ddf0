"""Warm kernels: a provisioner that has kernels forked from a process with the imports done.

jupyter_client asks a provisioner to launch, watch and end a kernel. This one, registered as
``frontier-warm``, asks a process of `frontier.batch.kernel` for a fork, and starts the kernel
plainly, as the one it extends does, where there is no fork or anything is odd. Which of the
two it was stands in ``how``: results are the same, and a test compares them cell by cell.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

from jupyter_client.provisioning import LocalProvisioner
from traitlets import List, Unicode

from frontier.batch.kernel import READS

NAME = "frontier-warm"
# What may differ between a server and its kernels: where they write, not what they compute.
_OWN = {"IPYTHONDIR", READS, "JPY_PARENT_PID", "JPY_SESSION_NAME"}
_STARTING = 60.0
_servers = {}
_lock = threading.Lock()


class OddError(Exception):
    """Why no kernel can be forked."""


class WarmProvisioner(LocalProvisioner):
    """A provisioner of kernels that are forked where they can be."""

    preload = List(Unicode(), help="modules that the kernels have imported").tag(config=True)
    how = Unicode("not started")

    async def launch_kernel(self, cmd, **options):
        """Fork the kernel, or start it plainly."""
        try:
            server = _server(tuple(self.preload), options["env"])
            self.process = server.fork(cmd[3:], str(options["cwd"]), options["env"])
        except (OddError, OSError, ValueError, KeyError) as error:
            self.how = f"cold: {error}"
            return await super().launch_kernel(cmd, **options)
        self.how = "warm"
        self.pid = self.pgid = self.process.pid
        self.cwd = options["cwd"]
        return self.connection_info


def close() -> None:
    """End this process's servers and the kernels that still run in them."""
    with _lock:
        for server in _servers.values():
            server.close()
        _servers.clear()


def _server(modules, env):
    if not (hasattr(os, "fork") and sys.platform == "linux"):
        # On macOS the system's own libraries do not survive a fork.
        raise OddError("kernels are forked on Linux only")
    with _lock:
        if modules not in _servers:
            _servers[modules] = _Server(modules, env)
        return _servers[modules]


class _Server:
    """The process that forks, and what is said to it: one JSON line and one answer at a time."""

    def __init__(self, modules, env):
        self._environment = _inherited(env)
        self._lock = threading.Lock()
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "frontier.batch.kernel", "--serve", str(theirs.fileno())]
        with theirs:
            self._process = subprocess.Popen(
                [*command, *modules],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        ours.settimeout(_STARTING)
        self._socket, self._channel = ours, ours.makefile("rw")
        self._odd = self._answer().get("odd")

    def fork(self, arguments, cwd, env):
        """Return the process of a new kernel; OddError says why there can be none."""
        if self._odd:
            raise OddError(self._odd)
        env = {name: str(value) for name, value in env.items()}
        if _inherited(env) != self._environment:
            raise OddError("its environment is another one")
        answer = self.ask(arguments=arguments, cwd=cwd, env=env)
        if "pid" not in answer:
            self._odd = "the server ended"
            raise OddError(self._odd)
        return _Fork(self, answer["pid"])

    def ask(self, **request):
        """Return the answer to one request, empty if the server is gone."""
        with self._lock:
            try:
                self._channel.write(json.dumps(request) + "\n")
                self._channel.flush()
            except OSError:
                return {}
            return self._answer()

    def _answer(self):
        try:
            line = self._channel.readline()
        except OSError:
            line = ""
        return json.loads(line) if line else {"odd": "the server ended"}

    def close(self):
        with contextlib.suppress(OSError):
            self._channel.close()
        self._socket.close()
        self._process.wait()


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
