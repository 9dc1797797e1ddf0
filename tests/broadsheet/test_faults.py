"""What goes wrong with a run: the last good pages stay, a record says it, a rerun completes."""

import errno
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

import synthetic
from broadsheet import build, campaign, folders, site, store
from broadsheet.errors import BroadsheetError
from broadsheet.task import Failure, Report
from synthetic import code, markdown, shows, tree, wait_for

# A notebook that waits, once it said that it does, for somebody to say `go`.
WAITS = (
    "import os, pathlib, time\nroot = pathlib.Path(os.environ['BROADSHEET_ROOT'])\n"
    "if not (root / 'go').exists():\n"
    "    (root / 'waiting').write_text(str(os.getpid()))\n    time.sleep(600)"
)


@pytest.fixture
def home(tmp_path):
    """Two good reports, built; then both are edited, and the second waits for ever."""
    quick = [markdown("# Quick"), code("print('quick, first')")]
    waits = [markdown("# Waits"), code("print('waits, first')")]
    synthetic.write(tmp_path, {"01_quick": quick, "02_waits": waits})
    assert command(tmp_path, "build").wait() == 0
    edit(tmp_path, "01_quick", "print('quick, second')")
    edit(tmp_path, "02_waits", "print('waits, second')", WAITS)
    return tmp_path


def edit(home, name, *cells):
    notebook = nbformat.v4.new_notebook(cells=[markdown(f"# {name}"), *map(code, cells)])
    nbformat.write(notebook, home / "notebooks" / f"{name}.ipynb")


def command(home, *line, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "broadsheet", *line],
        cwd=home / "notebooks",
        env={**os.environ, "PYTHONPATH": str(Path(synthetic.__file__).parent)},
        stderr=options.pop("stderr", subprocess.DEVNULL),
        # A job in the background of a shell ignores interrupts, and what it starts does, too.
        preexec_fn=options.pop("preexec_fn", heeding_interrupts),
        text=True,
        **options,
    )


def heeding_interrupts():
    signal.signal(signal.SIGINT, signal.default_int_handler)


def records(home):
    return [json.loads(p.read_text()) for p in sorted((home / ".broadsheet" / "runs").iterdir())]


def text(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser").get_text()


def told(home):
    """How many lines the running record has: one for the run, one a report that ended."""
    running = (home / ".broadsheet" / "runs").glob("*.running.jsonl")
    return sum(path.read_text().count("\n") for path in running)


def stopped_while_waiting(home, number):
    """Start a build, and send it a signal when the first report is told and the second waits."""
    runner = command(home, "build", "--workers", "2", start_new_session=True)
    assert wait_for(lambda: (home / "waiting").exists() and told(home) > 1)
    os.kill(runner.pid, number)
    kernel = (home / "waiting").read_text()
    return runner.wait(), kernel


def is_gone(pid):
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code", "status"),
    [
        (signal.SIGINT, 130, "interrupted"),
        (signal.SIGTERM, 130, "interrupted"),
        (signal.SIGKILL, -signal.SIGKILL, "killed"),
    ],
)
def test_a_stopped_build_leaves_the_site_and_the_next_one_does_only_the_rest(
    home, number, code, status
):
    before = tree(home / "reports", without=())
    assert stopped_while_waiting(home, number)[0] == code
    kernel = (home / "waiting").read_text()
    assert wait_for(lambda: is_gone(kernel))
    assert tree(home / "reports", without=()) == before
    (home / "go").touch()
    assert command(home, "build").wait() == 0
    _, stopped, last = records(home)
    assert stopped["status"] == status
    assert [(r["notebook"], r["status"]) for r in stopped["reports"]] == [("01_quick", "ok")]
    assert {r["notebook"]: r["action"] for r in last["reports"]} == {
        "01_quick": "render",
        "02_waits": "run",
    }
    assert "quick, second" in text(home / "reports" / "01_quick.html")
    assert "waits, second" in text(home / "reports" / "02_waits.html")
    assert {path.name for path in home.glob(".*")} == {".broadsheet"}


@pytest.mark.slow
def test_a_notebook_that_hangs_is_stopped_and_its_last_good_page_stays(home):
    assert command(home, "build", "--time-limit", "2").wait() == 1
    assert "quick, second" in text(home / "reports" / "01_quick.html")
    failed = home / "reports" / "02_waits.html"
    assert "stopped after its time limit of 2 s" in text(failed)
    assert 'href="02_waits.last-good.html"' in failed.read_text()
    assert "waits, first" in text(home / "reports" / "02_waits.last-good.html")
    (report,) = (r for r in records(home)[-1]["reports"] if r["notebook"] == "02_waits")
    assert report["failure"] == "TimeoutError: stopped after its time limit of 2 s"
    (home / "go").touch()
    assert command(home, "build").wait() == 0
    assert "waits, second" in text(failed)
    assert not (home / "reports" / "02_waits.last-good.html").exists()


@pytest.mark.slow
def test_a_full_disk_leaves_the_site_and_a_rerun_completes(home):
    """A limit on the size of files fails in the middle of a write, as a full disk does."""
    edit(home, "01_quick", "for line in range(20000): print(line, 'quick, second')")
    (home / "go").touch()
    before = tree(home / "reports", without=())

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    runner = command(home, "build", preexec_fn=limit, stderr=subprocess.PIPE)
    assert "File too large" in runner.communicate()[1].splitlines()[-1]
    assert runner.returncode == 1
    assert tree(home / "reports", without=()) == before
    assert "File too large" in records(home)[-1]["failure"]
    assert command(home, "build").wait() == 0
    assert "19999 quick, second" in text(home / "reports" / "01_quick.html")
    # The other may have been under way when the write failed.
    quick = next(r for r in records(home)[-1]["reports"] if "01_quick" in r["page"])
    assert quick["action"] == "render"
    assert {path.name for path in home.glob(".*")} == {".broadsheet"}


# The same with stored outputs instead of kernels


@pytest.fixture
def instant(tmp_path, monkeypatch):
    """A built site of two reports whose notebooks were edited since."""
    failure = {}
    synthetic.instantly(
        monkeypatch, lambda task, made: Report(made, failure=failure.get(task.entry.notebook))
    )
    write_two(tmp_path, "first")
    assert built(tmp_path) == 0
    write_two(tmp_path, "second")
    return tmp_path, failure


def built(home, **options):
    return build.build(synthetic.collection(home), **options)


def write_two(home, word):
    one = [markdown(f"# One, {word}"), shows(f"<b>{word}</b>", files={"data/one.csv": word})]
    two = [markdown(f"# Two, {word}")]
    synthetic.write(home, {"01_one": one, "02_two": two})


def full(*_arguments, **_options):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    "where", [(campaign, "write"), (site.shutil, "copytree"), (folders, "_exchange")]
)
def test_a_disk_that_is_full_when_the_site_is_written_is_one_line(instant, monkeypatch, where):
    home, _ = instant
    before = tree(home / "reports", without=())
    with monkeypatch.context() as patch:
        patch.setattr(*where, full)
        with pytest.raises(BroadsheetError, match=r"No space left on device.*site is as it was"):
            built(home)
    assert tree(home / "reports", without=()) == before
    assert records(home)[-1]["status"] == "failed"
    assert built(home) == 0
    assert "second" in text(home / "reports" / "02_two.html")


@pytest.mark.parametrize("name", ["keep_result", "write"])
def test_a_store_that_is_full_costs_a_rerun_and_no_more(instant, monkeypatch, name, capsys):
    home, _ = instant
    with monkeypatch.context() as patch:
        patch.setattr(store, name, full)
        if name == "keep_result":
            assert built(home) == 0
            assert "is not kept for a rerun: [Errno 28]" in capsys.readouterr().err
        else:
            with pytest.raises(BroadsheetError, match="No space left on device"):
                built(home)
    assert built(home) == 0
    assert "second" in text(home / "reports" / "02_two.html")


def test_the_last_good_page_outlives_every_failure_and_ends_with_the_next_good_one(instant):
    home, failure = instant
    site = home / "reports"
    failure["01_one"] = Failure("ValueError", "on purpose")
    for _ in range(2):
        assert built(home) == 1
        assert "ValueError: on purpose" in text(site / "01_one.html")
        assert "One, first" in text(site / "01_one.last-good.html")
        assert (site / "data" / "one.csv").read_text() == "first"
    failure.clear()
    assert built(home) == 0
    assert set(tree(site)) == {
        "01_one.html",
        "02_two.html",
        "data/one.csv",
        "index.html",
        "markdown/01_one.md",
        "markdown/02_two.md",
        "records.json",
    }
    assert (site / "data" / "one.csv").read_text() == "second"


@pytest.mark.skipif(os.getuid() == 0 and shutil.which("unshare") is None, reason="needs unshare")
def test_a_project_that_cannot_be_written_is_refused_before_anything_runs(tmp_path):
    home, out = tmp_path / "home", tmp_path / "out"
    write_two(home, "first")
    program = (
        "import sys\nfrom broadsheet import cli, run\n"
        "run.execute = lambda *a, **b: sys.exit('it ran')\n"
        f"sys.exit(cli.main(['build', '--folder', {str(home / 'notebooks')!r}, '--out', "
        f"{str(out)!r}]))"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(synthetic.__file__).parent)}
    line = [sys.executable, "-c", program]
    if os.getuid() == 0:  # for whom no mode is in the way
        bind = f"mount --bind {home} {home} && mount -o remount,ro,bind {home} && "
        line = ["unshare", "-m", "sh", "-c", f'{bind} exec "$@"', "sh", *line]
    else:
        home.chmod(0o500)
    done = subprocess.run(line, env=env, capture_output=True, text=True)
    home.chmod(0o700)
    if "mount" in done.stderr:
        pytest.skip("no mounts here")
    (told,) = done.stderr.splitlines()
    assert re.fullmatch(
        r"broadsheet: \S*/.broadsheet cannot be written, and a build keeps .*", told
    )
    assert done.returncode == 2
    assert not out.exists()


def test_a_report_that_never_was_good_has_no_last_good_page(instant):
    home, failure = instant
    failure["02_two"] = Failure("ValueError", "on purpose")
    assert built(home, out=home / "other") == 1
    assert "last-good" not in (home / "other" / "02_two.html").read_text()
