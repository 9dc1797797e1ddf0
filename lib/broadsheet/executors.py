"""Executors: many pieces of work at a time, in processes here or on a Dask cluster.

Work is a function of a module and items and values are plain data, so every executor takes
the same: ``each(work, items)`` yields (item, value, error) as they end, and an item whose
process was killed comes back too, with the error that says so.
"""

import contextlib
import logging
import math
import multiprocessing
import multiprocessing.util
import os
import signal
import sys
import threading
import uuid
from concurrent.futures import ProcessPoolExecutor, as_completed

from broadsheet.errors import BroadsheetError, UsageError

STARTING = 120.0  # seconds that workers may need beside the limit of what they run
_PATIENCE = 10.0


def each(
    work,
    items,
    /,
    *,
    workers: int | None = None,
    executor: str = "local",
    patience: float = math.inf,
):
    """Yield (item, value, error) as ``work(item)`` ends.

    ``executor`` is ``local``, then in so many fresh processes, or ``dask://HOST:PORT``.
    ``error`` is the exception of a work that raised or whose process was killed, else None.
    Raises BroadsheetError where a cluster goes away, or ends nothing for ``patience`` seconds.
    """
    if executor == "local":
        return _local(work, items, workers or _workers(len(items)))
    return _dask(work, items, executor, patience)


def check(executor: str, /) -> None:
    """Raise UsageError for an executor that is none, or that cannot be reached."""
    if executor == "local":
        return
    if not executor.startswith("dask://"):
        raise UsageError(f"--executor is local or dask://HOST:PORT, not {executor!r}")
    with _client(executor):
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
    try:
        pool = ProcessPoolExecutor(processes, context, initializer=_become_worker)
    except (OSError, ImportError) as error:  # no shared memory for the locks of processes
        print(f"no worker processes here ({error}): one at a time", file=sys.stderr)
        for item in items:
            yield item, work(item), None
        return
    with pool:
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
    from broadsheet import store, warm

    store.prepare()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Its kernels' server is waited for, so that what kernels cost is counted with the run.
    multiprocessing.util.Finalize(None, warm.close, exitpriority=10)
    threading.Thread(target=_follow, daemon=True).start()


def _follow():
    multiprocessing.parent_process().join()
    os._exit(1)


def _dask(work, items, address, patience):
    from distributed import wait

    with _client(address) as client:
        # Dask takes equal names for one piece of work, also another runner's.
        run = uuid.uuid4().hex
        futures = {
            client.submit(work, item, key=f"broadsheet-{run}-{index}", pure=False): item
            for index, item in enumerate(items)
        }
        try:
            while futures:
                try:
                    with client.as_current():
                        ended = wait(list(futures), patience, return_when="FIRST_COMPLETED").done
                except TimeoutError as error:
                    told = f"no Dask worker ended anything for {patience:g} s"
                    raise BroadsheetError(told) from error
                except Exception as error:  # what waits is cancelled when the connection ends
                    raise BroadsheetError(f"the Dask scheduler of {address} went away") from error
                for future in ended:
                    yield futures.pop(future), *_outcome(future)
        except BaseException:
            with contextlib.suppress(Exception):  # it may be why we end
                client.cancel(list(futures), force=True)
            raise


def _outcome(future):
    """Return (value, error) of a future that ended; a value that cannot be read is an error."""
    try:
        return future.result(), None
    except Exception as error:
        return None, error


@contextlib.contextmanager
def _client(address):
    """Give a client of a scheduler that has workers; UsageError says where there is none."""
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
    try:
        try:
            client.wait_for_workers(1, timeout=_PATIENCE)
        except Exception as error:
            raise UsageError(f"the Dask scheduler at {place} has no workers") from error
        yield client
    finally:
        with contextlib.suppress(Exception):
            client.close(timeout=_PATIENCE)
