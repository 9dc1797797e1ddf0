"""Executors: many pieces of work at a time, in processes here or on a Dask cluster.

Work is a function of a module and items and values are plain data, so every executor takes
the same: ``each(work, items)`` yields (item, value, error) as they end, and an item whose
process was killed comes back too, with the error that says so.
"""

import contextlib
import logging
import multiprocessing
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

from broadsheet.errors import BroadsheetError, UsageError

STARTING = 120.0  # seconds that workers may need beside the limit of what they run
_STARTED = 2.0  # seconds after which workers work
_PATIENCE = 10.0


def each(
    work,
    items,
    /,
    *,
    workers: int | None = None,
    executor: str = "local",
    patience: float = float("inf"),
    meanwhile: Callable = lambda: None,
):
    """Yield (item, value, error) as ``work(item)`` ends.

    ``executor`` is ``local``, then in so many fresh processes, or ``dask://HOST:PORT``.
    ``meanwhile()`` is called once, when all work is handed out and workers have started.
    ``error`` is the exception of a work that raised or whose process was killed, else None.
    Raises BroadsheetError where a cluster goes away, or ends nothing for ``patience`` seconds.
    """
    if executor == "local":
        pool, patience = _processes(min(workers or _workers(len(items)), len(items))), None
    else:
        pool = _cluster(executor)
    with pool as pool:
        ended, futures = queue.SimpleQueue(), {}
        for item in items:
            futures[future := pool.submit(work, item)] = item
            future.add_done_callback(ended.put)
        with contextlib.suppress(queue.Empty):  # while workers start, no core is idle
            ended.put(ended.get(timeout=_STARTED))
        meanwhile()
        while futures:
            try:
                future = ended.get(timeout=patience)
            except queue.Empty:
                told = f"no Dask worker ended anything for {patience:g} s"
                raise BroadsheetError(told) from None
            if future.cancelled():  # what waits is, when the connection ends
                raise BroadsheetError(f"the Dask scheduler of {executor} went away")
            error = future.exception()
            # Nothing is held of it: thousands of pages are more than memory holds.
            yield futures.pop(future), None if error else future.result(), error


def check(executor: str, /) -> None:
    """Raise UsageError for an executor that is none, or that cannot be reached."""
    if executor == "local":
        return
    if not executor.startswith("dask://"):
        raise UsageError(f"--executor is local or dask://HOST:PORT, not {executor!r}")
    with _cluster(executor):
        pass


def _workers(items):
    """Return one worker a core, and one more for many items: kernels that start or end wait."""
    cores = os.cpu_count() or 2
    return cores + 1 if items > 4 * cores else cores


@contextlib.contextmanager
def _processes(count):
    """Give an executor of so many processes, of one thread where there can be none."""
    # Fresh interpreters, because a fork copies the locks of this one's threads as they are.
    context = multiprocessing.get_context("spawn")
    others = set(multiprocessing.active_children())
    try:
        pool = ProcessPoolExecutor(count, context, initializer=_become_worker)
    except (OSError, ImportError) as error:  # no shared memory for the locks of processes
        print(f"no worker processes here ({error}): one at a time", file=sys.stderr)
        pool = ThreadPoolExecutor(1)
    with pool:
        try:
            yield pool
        except BaseException:
            # An interrupt is for now, not for when the notebooks that run have ended. The pool
            # waits for the processes itself: only one waiter is told of an end.
            for process in set(multiprocessing.active_children()) - others:
                process.kill()
            pool.shutdown(cancel_futures=True)
            raise


def _become_worker():
    """Leave interrupts to the runner, and end when it does; kernels end with their worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, daemon=True).start()


def _follow():
    multiprocessing.parent_process().join()
    os._exit(1)


@contextlib.contextmanager
def _cluster(address):
    """Give the executor of a scheduler that has workers; UsageError says where there is none."""
    try:
        from distributed import Client
    except ImportError as error:
        raise UsageError(
            "--executor dask:// needs the package distributed: pip install distributed"
        ) from error
    place = address.removeprefix("dask://")
    # It tells of lost connections at length; one line is said of them here.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        client = Client(f"tcp://{place}", timeout=_PATIENCE, set_as_default=False)
    except Exception as error:  # whatever listens there, if anything does
        raise UsageError(f"no Dask scheduler answers at {place}") from error
    pool = client.get_executor(pure=False)
    try:
        try:
            client.wait_for_workers(1, timeout=_PATIENCE)
        except Exception as error:
            raise UsageError(f"the Dask scheduler at {place} has no workers") from error
        yield pool
    finally:
        with contextlib.suppress(Exception):  # that it went away may be why we end
            pool.shutdown(wait=False)
        with contextlib.suppress(Exception):
            client.close(timeout=_PATIENCE)
