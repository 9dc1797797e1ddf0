"""What is fresh, what is not and why: nothing runs for nothing, and nothing stale is kept."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

import synthetic
from broadsheet import build, digests, executors, pages, plan, run, store
from frontier import cli
from synthetic import code, markdown, parameters, shows, tree

READS = {"01_reads": ("data/one.csv", "data"), "02_alone": (), "03_reads": ("data/two.csv",)}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Three reports, of which two read data."""
    monkeypatch.setenv("FRONTIER_HOME", str(tmp_path))
    (tmp_path / "data").mkdir()
    for name in ("one", "two"):
        (tmp_path / "data" / f"{name}.csv").write_text("x\n1\n")
    at = parameters("at: float = 1.0  # where")
    cells = {name: [markdown(f"# {name}"), at, shows("<b>x</b>")] for name in READS}
    cells["01_reads"].append(shows("<b>y</b>", files={"data/01-a.csv": "a\n1\n"}))
    cells["01_reads"].append(shows("<b>z</b>", verdict=synthetic.verdict_row("a")))
    return synthetic.write(tmp_path, {name: (cells[name], []) for name in READS})


@pytest.fixture
def ran(monkeypatch):
    """The notebooks that are run, by taking the outputs stored in them."""
    names = []

    def execute(job, /, *, folder):
        names.append(job.notebook.stem)
        notebook = nbformat.read(job.notebook, as_version=4)
        return run.Result(job, notebook, 2.0, reads=READS[job.notebook.stem])

    monkeypatch.setattr(run, "execute", execute)
    monkeypatch.setattr(executors, "each", synthetic.each)
    return names


def built(names=(), **request):
    options = build.Options(force=request.pop("force", False))
    facts = build.Facts((synthetic.ledger_row("a"),))
    return build.build(names, facts=lambda: facts, options=options, **request)


def why(names=()):
    return {s.request.entry.notebook: (s.state, *s.why) for s in build.status(names)}


# What is not fresh


def test_what_was_never_built_and_what_failed_is_not_fresh(home, ran, monkeypatch):
    assert why(["02"]) == {"02_alone": ("never built", "no build of it is known here")}

    def execute(job, /, *, folder):
        notebook = nbformat.read(job.notebook, as_version=4)
        return run.Result(job, notebook, 1.0, run.Failure("ValueError", "on purpose"))

    with monkeypatch.context() as patch:
        patch.setattr(run, "execute", execute)
        assert built(["02"]) == 1
    assert why(["02"]) == {"02_alone": ("failed", "ValueError: on purpose")}
    assert built(["02"]) == 0
    assert ran == ["02_alone"]


def test_a_changed_notebook_is_run_again_and_no_other(home, ran):
    built()
    ran.clear()
    path = home / "notebooks" / "02_alone.ipynb"
    path.write_text(path.read_text().replace("# 02_alone", "# Another"))
    assert why()["02_alone"] == ("stale", "the notebook changed")
    built()
    assert ran == ["02_alone"]
    assert "Another" in (home / "reports" / "02_alone.html").read_text()


def test_a_changed_table_runs_those_that_read_it_and_renders_the_others(home, ran):
    built()
    ran.clear()
    (home / "data" / "two.csv").write_text("x\n2\n")
    states = why()
    assert states["03_reads"] == ("stale", "data changed: data/two.csv")
    assert states["02_alone"][1].startswith("only its page: ")
    built()
    assert ran == ["03_reads"]
    (home / "data" / "two.csv").unlink()
    assert why()["03_reads"] == ("stale", "data gone: data/two.csv")
    # A folder that was listed is another one with a file less.
    assert why()["01_reads"] == ("stale", "data changed: data")


def test_another_library_or_environment_runs_everything_and_is_named(home, ran, monkeypatch):
    built()
    ran.clear()
    real = digests.environment(home / "data")
    versions = {**real.versions, "pandas": "0.1"}
    library = {**real.library, "curves.py": "0", "new.py": "1"}
    moved = f"the environment changed: pandas {real.versions['pandas']} to 0.1"
    for changes, reason in (
        ({"versions": versions}, moved),
        ({"library": library}, "the library changed: curves.py, new.py"),
    ):
        other = digests.Environment(**{**vars(real), **changes})
        monkeypatch.setattr(digests, "environment", lambda _data, other=other: other)
        assert set(why().values()) == {("stale", reason)}


def test_other_parameters_are_another_report(home, ran):
    built(["01"], settings={"at": ["2"]})
    ran.clear()
    built(["01"], settings={"at": ["2"]})
    assert ran == []
    (step,) = build.status(["01"], settings={"at": ["3"]})
    assert (step.state, step.why) == ("stale", ("its parameters were at = 2.0",))


@pytest.mark.parametrize("name", ["01_reads.html", "data/01-a.csv", "index.html", "verdicts.json"])
@pytest.mark.parametrize("edit", [Path.unlink, lambda path: path.write_text('{"claims": []}')])
def test_a_file_edited_or_removed_by_hand_is_made_again_without_a_run(home, ran, name, edit):
    built()
    before = tree(home / "reports")
    ran.clear()
    edit(home / "reports" / name)
    built()
    assert tree(home / "reports") == before
    assert ran == []


def test_a_new_template_or_neighbour_makes_pages_again_without_a_run(home, ran, monkeypatch):
    built()
    ran.clear()
    page = home / "reports" / "01_reads.html"
    was = page.read_text()
    extra = home / "template"
    extra.mkdir()
    for path in pages._TEMPLATE.iterdir():
        (extra / path.name).write_text(path.read_text())
    (extra / "style.css").write_text("body { color: teal; }")
    monkeypatch.setattr(pages, "_TEMPLATE", extra)
    monkeypatch.setattr(digests, "_TEMPLATE", extra)
    pages._environment.cache_clear()
    built()
    pages._environment.cache_clear()
    assert "teal" in page.read_text()
    assert page.read_text() != was
    assert ran == []


def test_force_runs_what_is_fresh(home, ran):
    built()
    ran.clear()
    built(["02"], force=True)
    assert ran == ["02_alone"]


def test_a_result_whose_data_changed_while_it_ran_is_a_failure(home, ran, monkeypatch):
    execute = run.execute

    def editing(job, /, *, folder):
        (home / "data" / "one.csv").write_text("x\n9\n")
        return execute(job, folder=folder)

    with monkeypatch.context() as patch:
        patch.setattr(run, "execute", editing)
        assert built(["01"]) == 1
    assert why(["01"]) == {
        "01_reads": ("failed", "DataChanged: data/one.csv changed while it ran; build again")
    }
    assert built(["01"]) == 0


# What is fresh


def test_a_second_build_does_nothing_and_leaves_no_trace(home, ran, capsys):
    built()
    before = tree(home, without=())
    times = {path: path.stat().st_mtime_ns for path in home.rglob("*")}
    ran.clear()
    capsys.readouterr()
    assert built() == 0
    assert ran == []
    assert capsys.readouterr().err == "3 reports fresh; nothing to do\n"
    assert tree(home, without=()) == before
    assert {path: path.stat().st_mtime_ns for path in home.rglob("*")} == times


def test_a_page_from_the_store_has_the_bytes_of_one_that_was_run(home, ran):
    built(out=home / "first")
    ran.clear()
    built(out=home / "second")
    assert ran == []
    assert tree(home / "first") == tree(home / "second")
    built(out=home / "second", force=True)
    assert len(ran) == 3
    assert tree(home / "first") == tree(home / "second")


def test_what_was_right_before_is_right_again(home, ran):
    built()
    (home / "data" / "two.csv").write_text("x\n2\n")
    built()
    ran.clear()
    (home / "data" / "two.csv").write_text("x\n1\n")
    built()
    assert ran == []


def test_without_the_store_everything_is_run_again(home, ran):
    built()
    before = tree(home / "reports")
    ran.clear()
    for path in sorted((home / ".frontier").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    built()
    assert len(ran) == 3
    assert tree(home / "reports") == before


def test_a_damaged_store_is_no_more_than_an_empty_one(home, ran):
    built()
    ran.clear()
    for path in (home / ".frontier").rglob("*.json"):
        path.write_text("{")
    built()
    assert len(ran) == 3


def test_results_that_no_build_used_for_a_month_are_removed(home, ran, monkeypatch):
    built()
    assert list((home / ".frontier" / "results").iterdir())
    monkeypatch.setattr(store, "_KEPT_DAYS", -1)
    store.prune()
    assert not list((home / ".frontier" / "results").iterdir())
    assert len(list((home / ".frontier" / "sites").iterdir())) == 2
    shutil.rmtree(home / "reports")
    store.prune()
    assert not list((home / ".frontier" / "sites").iterdir())


def test_two_shards_make_the_site_that_one_build_makes(home, ran):
    built(out=home / "whole")
    for path in sorted((home / ".frontier").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    ran.clear()
    built(out=home / "parts", shard=(1, 2))
    assert ran == ["01_reads", "03_reads"]
    built(out=home / "parts", shard=(2, 2))
    assert sorted(ran) == sorted(READS)
    assert tree(home / "parts") == tree(home / "whole")
    ran.clear()
    built(out=home / "parts")
    assert ran == []


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2"])
def test_a_shard_that_cannot_be_is_wrong_usage(home, text, capsys):
    assert cli.main(["build", f"--shard={text}"]) == 2
    assert "is not I/N with 1 <= I <= N" in capsys.readouterr().err


def test_status_says_what_and_why(home, ran, capsys):
    built()
    (home / "data" / "two.csv").write_text("x\n2\n")
    capsys.readouterr()
    assert cli.main(["status", "03"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split(maxsplit=3) == [
        "03_reads",
        "stale",
        "run",
        "data changed: data/two.csv",
    ]


def test_a_record_says_why_a_report_ran_and_what_it_read(home, ran):
    built()
    (home / "data" / "two.csv").write_text("x\n2\n")
    built()
    *_, last = sorted((home / ".frontier" / "runs").iterdir())
    record = json.loads(last.read_text())
    by_name = {report["notebook"]: report for report in record["reports"]}
    assert by_name["03_reads"]["why"] == ["data changed: data/two.csv"]
    assert by_name["03_reads"]["reads"] == {"data/two.csv": digests.path(home / "data" / "two.csv")}
    assert by_name["02_alone"]["action"] == "render"
    assert record["versions"]["pandas"]
    status = (home / "reports" / "status.html").read_text()
    assert "data changed: data/two.csv" in status


def test_a_build_of_what_is_fresh_imports_nothing_heavy(home, ran):
    built()
    program = (
        "import sys\nfrom frontier import cli\nassert cli.main(['build']) == 0\n"
        "print({'numpy', 'pandas', 'nbconvert', 'nbformat', 'papermill', 'jinja2', 'asyncio'}"
        " & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stderr == "3 reports fresh; nothing to do\n"
    assert done.stdout == "set()\n"


def test_a_listing_is_short():
    assert digests.listing([]) == ""
    assert digests.listing("abc") == "a, b, c"
    assert digests.listing("abcde") == "a, b, c and 2 more"


def test_a_step_has_another_key_for_every_input():
    inputs = {"notebook": "a", "values": {}, "library": "b", "versions": "c"}
    keys = {
        plan.Step(None, {**inputs, **change}, "", "run", "stale").key
        for change in (
            {},
            {"notebook": "x"},
            {"values": {"a": 1}},
            {"library": ""},
            {"versions": ""},
        )
    }
    assert len(keys) == 5


# What a kernel reads


def test_the_files_that_a_kernel_reads_are_recorded_and_no_others(home, tmp_path_factory):
    (home / "elsewhere.txt").write_text("x")
    (home / "lib").mkdir()
    cell = (
        "import os, subprocess, sys, pathlib, pandas\n"
        f"root = pathlib.Path({str(home)!r})\n"
        "pandas.read_csv(root / 'data' / 'one.csv'); open(root / 'elsewhere.txt').read()\n"
        "list((root / 'data').glob('*')); os.open(root / 'data' / 'two.csv', os.O_RDONLY)\n"
        "(root / 'written.txt').write_text('x'); open(root / '.hidden', 'w').close()\n"
        "(root / '.hidden').read_text(); os.stat(root / 'notebooks' / 'collection.yaml')\n"
        "open('kernel.json').read()"
    )
    path = home / "notebooks" / "01_reads.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[code(cell)]), path)
    result = run.execute(run.Job(path, root=home), folder=tmp_path_factory.mktemp("work"))
    assert result.failure is None
    assert set(result.reads) == {"data", "data/one.csv", "data/two.csv", "elsewhere.txt"}
