"""The same jobs and results everywhere: a Dask cluster of two workers, one of which is killed."""

import contextlib
import errno
import functools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path

import pytest

import synthetic
from broadsheet import build, cli, executors, work
from broadsheet.errors import BroadsheetError, UsageError
from synthetic import code, markdown, tree, wait_for

TESTS = str(Path(__file__).parents[1])
# A notebook that says that it started, and takes its time.
SLOW = (
    "import os, pathlib, time\nroot = pathlib.Path(os.environ['BROADSHEET_ROOT'])\n"
    "with open(root / 'started', 'a') as file: file.write('{name}\\n')\n"
    "time.sleep(1)\nprint('{name} is done')"
)
NAMES = [f"{number:02d}_slow" for number in range(6)]


def start(*line, **options):
    env = {**os.environ, "PYTHONPATH": TESTS}
    return subprocess.Popen([sys.executable, "-m", *line], env=env, text=True, **options)


@pytest.fixture
def cluster():
    """The address of a Dask scheduler and its two worker processes, on loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    host, port = address.split(":")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    dask = ("distributed.cli.dask_scheduler", "--host", host, "--port", port)
    worker = ("distributed.cli.dask_worker", address, "--no-nanny", "--nthreads", "1")
    processes = [start(*dask, "--no-dashboard", **quiet)]
    processes += [start(*worker, "--no-dashboard", **quiet) for _ in range(2)]
    try:
        yield address, processes[1:]
    finally:
        for process in processes:
            process.kill()
            process.wait()


@pytest.fixture
def home(tmp_path):
    cells = {n: [markdown(f"# {n}"), code(SLOW.replace("{name}", n))] for n in NAMES}
    return synthetic.write(tmp_path, cells)


@pytest.mark.slow
def test_a_killed_dask_worker_loses_nothing_and_doubles_nothing(home, cluster):
    address, workers = cluster
    runner = start(
        "broadsheet",
        "build",
        "--executor",
        f"dask://{address}",
        cwd=home / "notebooks",
        stderr=subprocess.PIPE,
    )
    started = home / "started"
    assert wait_for(lambda: started.exists() and len(started.read_text().splitlines()) >= 2)
    os.kill(workers[0].pid, signal.SIGKILL)
    error = runner.communicate()[1]
    assert runner.returncode == 0, error
    runs = Counter(started.read_text().splitlines())
    assert sorted(runs) == NAMES
    # What the killed worker had was run once more, by the other one; nothing else was.
    assert sorted(runs.values()) == [1, 1, 1, 1, 1, 2]
    (path,) = (home / ".broadsheet" / "runs").iterdir()
    record = json.loads(path.read_text())
    assert sorted(report["notebook"] for report in record["reports"]) == NAMES
    assert {(r["status"], r["kernel"]) for r in record["reports"]} == {("ok", "warm")}
    for name in NAMES:
        page = (home / "reports" / f"{name}.html").read_text()
        assert page.count(f"{name} is done\n</pre>") == 1
    # The same bytes as from processes here, and nothing to do for those.
    distributed = tree(home / "reports")
    local = start("broadsheet", "build", "--force", cwd=home / "notebooks")
    assert local.wait() == 0
    assert tree(home / "reports") == distributed


@pytest.mark.parametrize(
    ("executor", "problem"),
    [
        ("ray://x", "--executor is local or dask://HOST:PORT, not 'ray://x'"),
        ("dask://127.0.0.1:9", "no Dask scheduler answers at 127.0.0.1:9"),
    ],
)
def test_an_executor_that_is_none_is_wrong_usage(home, monkeypatch, capsys, executor, problem):
    monkeypatch.setattr(executors, "_PATIENCE", 1.0)
    assert cli.main(["build", "--executor", executor, "--folder", str(home / "notebooks")]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert problem in error
    assert not (home / "reports").exists()


def answers(port):
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def scheduler():
    """A Dask scheduler without workers, its process and its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    line = ("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port))
    process = start(*line, "--no-dashboard", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert wait_for(lambda: answers(port))
        yield process, f"dask://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_a_cluster_without_workers_is_wrong_usage_before_anything_runs(home, monkeypatch):
    monkeypatch.setattr(executors, "_PATIENCE", 1.0)
    with scheduler() as (_, address), pytest.raises(UsageError, match=r"has no workers$"):
        executors.check(address)


@pytest.fixture
def waiting(monkeypatch):
    """A scheduler of which it is not asked whether it has workers."""
    with monkeypatch.context() as patch:
        patch.setattr("distributed.Client.wait_for_workers", lambda *_arguments, **_named: None)
        with scheduler() as found:
            yield found


@pytest.mark.slow
def test_a_cluster_that_ends_nothing_is_given_up_in_one_line(waiting):
    with pytest.raises(BroadsheetError, match=r"no Dask worker ended anything for 1 s"):
        next(executors.each(abs, [1], executor=waiting[1], patience=1.0))


@pytest.mark.slow
def test_a_scheduler_that_dies_is_one_line(waiting):
    process, address = waiting
    threading.Timer(1.0, process.kill).start()
    with pytest.raises(BroadsheetError, match=r"went away|ended anything"):
        next(executors.each(abs, [1], executor=address, patience=60.0))


def test_what_a_worker_gives_that_is_no_report_fails_that_report_alone(home, monkeypatch):
    def each(work, items, /, **_options):
        for index, item in enumerate(items):
            yield item, ("garbage" if index == 0 else work(item)), None

    synthetic.instantly(monkeypatch)
    monkeypatch.setattr(executors, "each", each)
    assert build.build(synthetic.collection(home)) == 1
    page = (home / "reports" / f"{NAMES[0]}.html").read_text()
    assert "a worker answered with str" in page


def test_without_shared_memory_the_work_is_done_here_one_at_a_time(monkeypatch, capsys):
    def refused(*_arguments, **_named):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(executors, "ProcessPoolExecutor", refused)
    assert list(executors.each(abs, [-1, 2])) == [(-1, 1, None), (2, 2, None)]
    assert capsys.readouterr().err.startswith("no worker processes here")


def test_while_work_goes_on_what_was_asked_for_meanwhile_is_done(tmp_path):
    os.mkfifo(pipe := tmp_path / "pipe")  # who reads it waits for who writes to it
    meanwhile = functools.partial(pipe.write_text, "done")
    (found,) = executors.each(Path.read_text, [pipe], workers=1, meanwhile=meanwhile)
    assert found == (pipe, "done", None)


def test_without_dask_the_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match="needs the package distributed"):
        executors.check("dask://127.0.0.1:8786")


def test_a_worker_with_another_library_does_not_run(home):
    task = synthetic.task(home / "notebooks" / f"{NAMES[0]}.ipynb", root=home)
    task = replace(task, source="another digest")
    with pytest.raises(BroadsheetError, match="another library or other versions") as error:
        work.make(task)
    report = work.lost(task, error.value)
    assert report.status == "failed"
    assert "another library or other versions" in report.page
    assert not (home / "started").exists()


def test_a_process_that_is_killed_costs_what_it_had_and_says_so():
    done = list(executors.each(os._exit, [9], workers=1))
    assert [(item, value) for item, value, _ in done] == [(9, None)]
    assert isinstance(done[0][2], BrokenProcessPool)
