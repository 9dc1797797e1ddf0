"""A kernel that tells which of the project's files it reads, started plainly or forked.

    python -m broadsheet.kernel -f CONNECTION_FILE       # a kernel, as ipykernel starts it
    python -m broadsheet.kernel --serve FD DIGEST numpy  # forks such kernels on request

What a kernel opens below ``$BROADSHEET_ROOT`` goes, with its digest and a line a file, to
``$BROADSHEET_READS``: a hook on Python's own audit events sees every library's reads, whatever a
notebook calls. It does not see those of other programs that a notebook starts, nor of code that
opens files without Python.

The serving process holds imports, and what a project's own function remembers by the bytes that
it is made of: with a thread, or after an import that read the project's data, it refuses to
serve, and says so itself. Talking to it is `warm`'s.
"""

import builtins
import functools
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import threading
import types
from pathlib import Path
from pkgutil import resolve_name

from broadsheet import READS, digests

ROOT = "BROADSHEET_ROOT"
CHANGED = "changed"  # in place of the digest of what was read in two states
# The longest that is asked: arguments and an environment.
MESSAGE = 2**20
_EVENTS = {"open", "os.listdir", "os.scandir"}
# What a kernel imports anyway, some of it not before its first cell. The inline backend is not
# among them: it registers itself with the shell that is there when it is imported.
_IMPORTS = (
    "ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.zmqshell", "ipykernel.debugger",
    "IPython.core.completer", "IPython.core.completerlib", "IPython.core.debugger",
    "IPython.core.logger", "IPython.core.oinspect", "IPython.extensions.storemagic", "sqlite3",
    "tornado.gen", "tornado.locks", "tornado.platform.asyncio", "tornado.queues",
)  # fmt: skip
_set_by_imports = {}


class _Watch:
    """The audit hook: what is read below the root, as it is when it is read.

    A file is hashed each time just before it is opened, whatever its size and time stamps say; a
    name that leads nowhere is noted, too. Whoever compares that with the end of the run sees every
    change but one that is taken back before the next look at the same file, the end being the last:
    other bytes while the file is open, then the first ones again. A path through a link is noted
    under both its names.
    """

    def __init__(self, root):
        root = root or os.devnull
        self._roots = {os.path.abspath(root) + os.sep, os.path.realpath(root) + os.sep}  # noqa: PTH100
        # The library and the environment are inputs of every report, and told apart by others.
        code = (Path(__file__).parents[1], sys.prefix, sys.base_prefix)
        self._code = tuple(os.path.realpath(place) + os.sep for place in code)
        self._told = {}
        self._hashing = set()  # threads: hashing reads, too
        self._file = None
        self.found = []

    def write_to(self, path):
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def __call__(self, event, arguments):
        if event in _EVENTS and arguments and isinstance(arguments[0], str | bytes | os.PathLike):
            if event == "open" and not _reads(arguments):
                return
            self.look(arguments[0])

    def look(self, place):
        """Note a path, unless it was noted as it is now."""
        me = threading.get_ident()
        if me in self._hashing:
            return
        self._hashing.add(me)
        try:
            self._note(os.path.abspath(os.fsdecode(place)))  # noqa: PTH100
        finally:
            self._hashing.discard(me)

    def see_absent(self):
        """Have `os.stat` note what is not there: for ``exists()`` there is no audit event."""
        stat = os.stat

        @functools.wraps(stat)
        def noting(path, *arguments, **named):
            try:
                return stat(path, *arguments, **named)
            except FileNotFoundError:
                if named.get("dir_fd") is None:
                    self.look(path)
                raise

        for able in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks):
            able.add(noting)  # what is imported later asks whether `os.stat` is in them
        os.stat = noting

    def _note(self, path):
        real = os.path.realpath(path)
        if f"{real}{os.sep}".startswith(self._code):
            return
        for name in {place.removeprefix(r) for r in self._roots for place in (path, real)}:
            hidden = any(part.startswith((".", "__pycache__")) for part in Path(name).parts)
            if os.path.isabs(name) or hidden:  # noqa: PTH117
                continue
            self.found.append(name)
            if self._file is not None and self._told.get(name) != (was := digests.path(Path(path))):
                self._told[name] = was
                os.write(self._file, f"{json.dumps([name, was])}\n".encode())


def _reads(arguments):
    _, mode, flags = (*arguments, None, None)[:3]
    if isinstance(mode, str):
        return "r" in mode or "+" in mode
    return not (isinstance(flags, int) and flags & os.O_WRONLY)


def pack(content: object, /) -> bytes:
    """Return a message's bytes, half a pair of UTF-16 as a mark: else an error would be lost."""
    from jupyter_client.session import json_default, json_packer

    try:
        return json_packer(content)
    except UnicodeEncodeError:
        return json.dumps(content, default=json_default, ensure_ascii=False).encode(
            errors="replace"
        )


def main() -> None:
    """Be a kernel or serve kernels, as the command line says."""
    # As ipykernel_launcher does: the working folder comes back when the shell is ready.
    if sys.path[0] == "" or Path(sys.path[0]) == Path.cwd():
        del sys.path[0]
    watch = _Watch(os.environ.get(ROOT))
    sys.addaudithook(watch)
    watch.see_absent()
    if sys.argv[1:2] == ["--serve"]:
        listener = socket.socket(fileno=int(sys.argv[2]))
        request = _serve(listener, sys.argv[3], sys.argv[4:], watch)
        if request is None:
            return
        _become(request)
    if READS in os.environ:
        watch.write_to(os.environ[READS])
    from ipykernel.kernelapp import launch_new_instance

    launch_new_instance()


def _serve(listener, environment, modules, watch):
    """Import, then fork at each request; return the request in a fork, None at the end.

    ``environment`` is the digest of what this process was started with. A connection is for one
    kernel, and has it killed when it ends: at the latest with the worker that asked. The end here
    is that of standard input, which whoever started this process holds open.
    """
    odd = _prepare(modules, watch)
    kernels = {}
    with selectors.DefaultSelector() as selector:
        selector.register(sys.stdin, selectors.EVENT_READ)
        selector.register(listener, selectors.EVENT_READ)
        while True:
            ready = [key.fileobj for key, _ in selector.select()]
            if sys.stdin in ready:
                break
            for one in ready:
                if one is listener:
                    client, _ = listener.accept()
                    kernels[client] = None
                    selector.register(client, selectors.EVENT_READ)
                elif kernels[one] or not (message := _received(one)):
                    selector.unregister(one)
                    _kill(kernels.pop(one))
                    one.close()
                else:
                    request = json.loads(message)
                    if request["environment"] != environment:
                        answer = {"odd": "its environment is another one"}
                    elif odd:
                        answer = {"odd": odd}
                    elif pid := os.fork():
                        kernels[one] = pid
                        answer = {"pid": pid}
                    else:
                        for socket_ in (listener, *kernels):
                            socket_.close()
                        return request
                    one.send(json.dumps(answer).encode())
    for pid in kernels.values():
        _kill(pid)
    return None


def _received(client):
    try:
        return client.recv(MESSAGE)
    except ConnectionResetError:  # it was killed before it had read an answer
        return b""


def _kill(pid):
    if pid:
        try:
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:  # it has no group of its own yet
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _prepare(modules, watch):
    """Do the imports; return what makes this process unfit for forking, None if nothing does.

    Of a module, ``MODULE:FUNCTION`` is called then, and may read the project's files.
    """
    os.environ["JPY_PARENT_PID"] = str(os.getpid())
    # pandas asks, when it is imported, where it is; it will be in a kernel.
    builtins.get_ipython = lambda: types.SimpleNamespace(kernel=None)
    sys.stdout.reconfigure(encoding="UTF-8")
    before = dict(os.environ)
    try:
        for name in (*_IMPORTS, *modules):
            importlib.import_module(name.partition(":")[0])
        read = watch.found[:1]
        for name in modules:
            if ":" in name:
                resolve_name(name)()
    except Exception as error:  # a notebook that imports it will say so itself
        return f"an import failed: {type(error).__name__}: {error}"
    finally:
        del builtins.get_ipython
    if len(list(Path("/proc/self/task").iterdir())) != 1:
        return "an import started a thread"
    if read:
        return f"an import read {read[0]}"
    _set_by_imports.update(os.environ.items() - before.items())
    # The collector need not look at imports, nor write to pages that forks share.
    gc.collect()
    gc.freeze()
    return None


def _become(request):
    """Turn a fork into the process that the request describes."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update({**_set_by_imports, **request["env"]}, JPY_PARENT_PID=str(os.getppid()))
    sys.argv[1:] = request["arguments"]
    if "numpy" in sys.modules:
        # Python's own generator takes a new seed in a fork; NumPy's would repeat itself.
        sys.modules["numpy"].random.seed()


if __name__ == "__main__":
    main()
