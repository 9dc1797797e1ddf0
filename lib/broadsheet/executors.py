"""Executors: many pieces of work at a time, in processes here or on a Dask cluster.

Work is a function of a module and items and values are plain data, so every executor takes
the same: ``each(work, items)`` yields (item, value, error) as they end, and an item whose
process was killed comes back too, with the error that says so.
"""

import contextlib
import multiprocessing
import multiprocessing.util
import os
import signal
import threading
import uuid
from concurrent.futures import ProcessPoolExecutor, as_completed

from broadsheet.errors import UsageError

_PATIENCE = "10s"


def each(work, items, /, *, workers: int | None = None, executor: str = "local"):
    """Yield (item, value, error) as ``work(item)`` ends.

    ``executor`` is ``local``, then in so many fresh processes, or ``dask://HOST:PORT``.
    ``error`` is the exception of a work that raised or whose process was killed, else None.
    """
    if executor == "local":
        return _local(work, items, workers or _workers(len(items)))
    return _dask(work, items, executor)


def check(executor: str, /) -> None:
    """Raise UsageError for an executor that is none, or that cannot be reached."""
    if executor == "local":
        return
    if not executor.startswith("dask://"):
        raise UsageError(f"--executor is local or dask://HOST:PORT, not {executor!r}")
    with contextlib.closing(_client(executor)):
        pass


def _workers(items):
    """Return one worker a core, and one more for many items: kernels that start or end wait."""
    cores = os.cpu_count() or 2
    return cores + 1 if items > 4 * cores else cores


def _local(work, items, workers):
    # Fresh interpreters, because a fork copies the locks of this one's threads as they are.
    context = multiprocessing.get_context("spawn")
    others = set(multiprocessing.active_children())
    processes = max(1, min(workers, len(items)))
    with ProcessPoolExecutor(processes, context, initializer=_become_worker) as pool:
        futures = {pool.submit(work, item): item for item in items}
        try:
            for future in as_completed(futures):
                error = future.exception()
                # Nothing is held of it: thousands of pages are more than memory holds.
                yield futures.pop(future), None if error else future.result(), error
        except BaseException:
            # An interrupt is for now, not for when the notebooks that run have ended.
            for future in futures:
                future.cancel()
            for process in set(multiprocessing.active_children()) - others:
                process.kill()
            raise


def _become_worker():
    """Leave interrupts to the runner, and end when it does; kernels end with their worker."""
    from broadsheet import schemas, warm

    schemas.prepare()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Its kernels' server is waited for, so that what kernels cost is counted with the run.
    multiprocessing.util.Finalize(None, warm.close, exitpriority=10)
    threading.Thread(target=_follow, daemon=True).start()


def _follow():
    multiprocessing.parent_process().join()
    os._exit(1)


def _dask(work, items, address):
    from distributed import as_completed as completed

    with contextlib.closing(_client(address)) as client:
        # Dask takes equal names for one piece of work, also another runner's.
        run = uuid.uuid4().hex
        futures = {
            client.submit(work, item, key=f"broadsheet-{run}-{index}", pure=False): item
            for index, item in enumerate(items)
        }
        try:
            for future in completed(futures, loop=client.loop):
                error = future.exception()
                yield futures.pop(future), None if error else future.result(), error
        except BaseException:
            client.cancel(list(futures), force=True)
            raise


def _client(address):
    try:
        from distributed import Client
    except ImportError as error:
        raise UsageError(
            "--executor dask:// needs the package distributed: pip install distributed"
        ) from error
    place = address.removeprefix("dask://")
    try:
        return Client(f"tcp://{place}", timeout=_PATIENCE, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise UsageError(f"no Dask scheduler answers at {place}") from error
