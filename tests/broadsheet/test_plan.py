"""What is fresh, what is not and why: nothing runs for nothing, and nothing stale is kept."""

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

import synthetic
from broadsheet import build, cli, digests, pages, run, store, work
from broadsheet.task import Failure, Options, Report, Task
from synthetic import code, markdown, parameters, shows, tree

READS = {"01_reads": ("data/one.csv", "data"), "02_alone": (), "03_reads": ("data/two.csv",)}


@pytest.fixture
def home(tmp_path):
    """Three reports, of which two read data."""
    (tmp_path / "data").mkdir()
    for name in ("one", "two"):
        (tmp_path / "data" / f"{name}.csv").write_text("x\n1\n")
    at = parameters("at: float = 1.0  # where")
    cells = {name: [markdown(f"# {name}"), at, shows("<b>x</b>")] for name in READS}
    cells["01_reads"].append(shows("<b>y</b>", files={"data/01-a.csv": "a\n1\n"}))
    cells["01_reads"].append(shows("<b>z</b>", record={"id": "a"}))
    return synthetic.write(tmp_path, cells)


@pytest.fixture
def ran(monkeypatch):
    """The notebooks that are run, by taking the outputs stored in them."""
    names = []

    def report(task, notebook):
        names.append(task.entry.notebook)
        return Report(notebook, 2.0, reads=synthetic.reads(task, *READS[task.entry.notebook]))

    synthetic.instantly(monkeypatch, report)
    return names


def built(home, names=(), **request):
    options = Options(force=request.pop("force", False))
    return build.build(synthetic.collection(home), names, options=options, **request)


def why(home, names=()):
    tasks = build.status(synthetic.collection(home), names)
    return {task.entry.notebook: (task.state, *task.why) for task in tasks}


# What is not fresh


def test_what_was_never_built_and_what_failed_is_not_fresh(home, ran, monkeypatch):
    assert why(home, ["02"]) == {"02_alone": ("never built", "no build of it is known here")}

    def fails(task, notebook):
        return Report(notebook, failure=Failure("ValueError", "on purpose"))

    with monkeypatch.context() as patch:
        synthetic.instantly(patch, fails)
        assert built(home, ["02"]) == 1
    assert why(home, ["02"]) == {"02_alone": ("failed", "ValueError: on purpose")}
    assert built(home, ["02"]) == 0
    assert ran == ["02_alone"]


def test_a_changed_notebook_is_run_again_and_no_other(home, ran):
    built(home)
    ran.clear()
    path = home / "notebooks" / "02_alone.ipynb"
    path.write_text(path.read_text().replace("# 02_alone", "# Another"))
    assert why(home)["02_alone"] == ("stale", "code changed: the notebook")
    built(home)
    assert ran == ["02_alone"]
    assert "Another" in (home / "reports" / "02_alone.html").read_text()


def test_a_changed_table_runs_those_that_read_it_and_renders_the_others(home, ran):
    built(home)
    ran.clear()
    (home / "data" / "two.csv").write_text("x\n2\n")
    states = why(home)
    assert states["03_reads"] == ("stale", "data changed: data/two.csv")
    assert states["02_alone"][1].startswith("only its page: ")
    built(home)
    assert ran == ["03_reads"]
    (home / "data" / "two.csv").unlink()
    assert why(home)["03_reads"] == ("stale", "data changed: data/two.csv (gone)")
    # A folder that was listed is another one with a file less.
    assert why(home)["01_reads"] == ("stale", "data changed: data")


def test_another_library_or_environment_runs_everything_and_is_named(home, ran, monkeypatch):
    built(home)
    ran.clear()
    about = synthetic.collection(home)
    real = digests.environment(about.project, about.data)
    versions = {**real.versions, "pandas": "0.1"}
    library = {**real.library, "curves.py": "0", "new.py": "1"}
    moved = f"versions changed: pandas {real.versions['pandas']} to 0.1"
    for changes, reason in (
        ({"versions": versions}, moved),
        ({"library": library}, "code changed: curves.py, new.py"),
    ):
        other = digests.Environment(**{**vars(real), **changes})
        monkeypatch.setattr(digests, "environment", lambda *_, other=other: other)
        assert set(why(home).values()) == {("stale", reason)}


def test_other_parameters_are_another_report(home, ran):
    built(home, ["01"], settings={"at": ["2"]})
    ran.clear()
    built(home, ["01"], settings={"at": ["2"]})
    assert ran == []
    (task,) = build.status(synthetic.collection(home), ["01"], settings={"at": ["3"]})
    assert (task.state, task.why) == (
        "stale",
        ("parameters changed: at = 2.0 instead of at = 3.0",),
    )


@pytest.mark.parametrize("name", ["01_reads.html", "data/01-a.csv", "index.html", "records.json"])
@pytest.mark.parametrize("edit", [Path.unlink, lambda path: path.write_text('{"records": []}')])
def test_a_file_edited_or_removed_by_hand_is_made_again_without_a_run(home, ran, name, edit):
    built(home)
    before = tree(home / "reports")
    ran.clear()
    edit(home / "reports" / name)
    built(home)
    assert tree(home / "reports") == before
    assert ran == []


def test_a_new_template_or_neighbour_makes_pages_again_without_a_run(home, ran, monkeypatch):
    built(home)
    ran.clear()
    page = home / "reports" / "01_reads.html"
    was = page.read_text()
    extra = home / "template"
    extra.mkdir()
    for path in pages.TEMPLATE.iterdir():
        (extra / path.name).write_text(path.read_text())
    (extra / "style.css").write_text("body { color: teal; }")
    monkeypatch.setattr(pages, "TEMPLATE", extra)
    monkeypatch.setattr(digests, "_TEMPLATE", extra)
    pages._environment.cache_clear()
    built(home)
    pages._environment.cache_clear()
    assert "teal" in page.read_text()
    assert page.read_text() != was
    assert ran == []


def test_force_runs_what_is_fresh(home, ran):
    built(home)
    ran.clear()
    built(home, ["02"], force=True)
    assert ran == ["02_alone"]


def write_other(path):
    path.write_text("x\n9\n")


def replace_by_other(path):
    (path.parent / "new").write_text("x\n9\n")
    (path.parent / "new").replace(path)


def link_to_other(path):
    (path.parent / "other").write_text("x\n9\n")
    path.unlink(missing_ok=True)
    path.symlink_to(path.parent / "other")


@pytest.mark.parametrize("change", [write_other, Path.unlink, replace_by_other, link_to_other])
def test_an_input_that_is_another_one_at_the_end_of_the_run_is_a_failure(
    home, ran, monkeypatch, change
):
    execute = run.execute

    def changing(task, /, *, folder):
        report = execute(task, folder=folder)
        change(home / "data" / "two.csv")
        return report

    with monkeypatch.context() as patch:
        patch.setattr(run, "execute", changing)
        assert built(home, ["03"]) == 1
    problem = "DataChanged: data/two.csv changed while it ran; build again"
    assert why(home, ["03"]) == {"03_reads": ("failed", problem)}
    assert built(home, ["03"]) == 0


def test_a_table_that_appears_while_a_notebook_runs_is_a_failure(home, ran, monkeypatch):
    """The notebook looked for it and did without: its numbers are those of the old data."""
    (home / "data" / "two.csv").unlink()
    execute = run.execute

    def appearing(task, /, *, folder):
        report = execute(task, folder=folder)
        (home / "data" / "two.csv").write_text("x\n1\n")
        return report

    with monkeypatch.context() as patch:
        patch.setattr(run, "execute", appearing)
        assert built(home, ["03"]) == 1
    assert "data/two.csv changed while it ran" in why(home, ["03"])["03_reads"][1]
    ran.clear()
    assert built(home, ["03"]) == 0
    assert ran == ["03_reads"]


def test_a_notebook_that_is_edited_while_it_runs_is_a_failure(home, ran, monkeypatch):
    execute = run.execute

    def editing(task, /, *, folder):
        task.notebook.write_text(task.notebook.read_text().replace("# 02", "# 2"))
        return execute(task, folder=folder)

    with monkeypatch.context() as patch:
        patch.setattr(run, "execute", editing)
        assert built(home, ["02"]) == 1
    assert "02_alone.ipynb changed while it ran" in why(home, ["02"])["02_alone"][1]


# What is fresh


def test_a_second_build_does_nothing_and_leaves_no_trace(home, ran, capsys):
    built(home)
    before = tree(home, without=())
    times = {path: path.stat().st_mtime_ns for path in home.rglob("*")}
    ran.clear()
    capsys.readouterr()
    assert built(home) == 0
    assert ran == []
    assert capsys.readouterr().err == "3 reports fresh; nothing to do\n"
    assert tree(home, without=()) == before
    assert {path: path.stat().st_mtime_ns for path in home.rglob("*")} == times


def test_a_page_from_the_store_has_the_bytes_of_one_that_was_run(home, ran):
    built(home, out=home / "first")
    ran.clear()
    built(home, out=home / "second")
    assert ran == []
    assert tree(home / "first") == tree(home / "second")
    built(home, out=home / "second", force=True)
    assert len(ran) == 3
    assert tree(home / "first") == tree(home / "second")


def test_what_was_right_before_is_right_again(home, ran):
    built(home)
    (home / "data" / "two.csv").write_text("x\n2\n")
    built(home)
    ran.clear()
    (home / "data" / "two.csv").write_text("x\n1\n")
    built(home)
    assert ran == []


def test_without_the_store_everything_is_run_again(home, ran):
    built(home)
    before = tree(home / "reports")
    ran.clear()
    for path in sorted((home / ".broadsheet").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    built(home)
    assert len(ran) == 3
    assert tree(home / "reports") == before


def test_a_damaged_store_is_no_more_than_an_empty_one(home, ran):
    built(home)
    ran.clear()
    for path in (home / ".broadsheet").rglob("*"):
        if path.is_file():
            path.write_text("{")
    built(home)
    assert len(ran) == 3


def test_results_that_no_build_used_for_a_month_are_removed(home, ran, monkeypatch):
    built(home)
    assert list((home / ".broadsheet" / "results").iterdir())
    monkeypatch.setattr(store, "_KEPT_DAYS", -1)
    store.prune(home / ".broadsheet")
    assert not list((home / ".broadsheet" / "results").iterdir())


def test_two_shards_make_the_site_that_one_build_makes(home, ran):
    built(home, out=home / "whole")
    for path in sorted((home / ".broadsheet").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    ran.clear()
    built(home, out=home / "parts", shard=(1, 2))
    assert ran == ["01_reads", "03_reads"]
    built(home, out=home / "parts", shard=(2, 2))
    assert sorted(ran) == sorted(READS)
    assert tree(home / "parts") == tree(home / "whole")
    ran.clear()
    built(home, out=home / "parts")
    assert ran == []


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2"])
def test_a_shard_that_cannot_be_is_wrong_usage(home, text, capsys):
    assert cli.main(["build", "--folder", str(home / "notebooks"), f"--shard={text}"]) == 2
    assert "is not I/N with 1 <= I <= N" in capsys.readouterr().err


def test_status_says_what_and_why(home, ran, capsys):
    built(home)
    (home / "data" / "two.csv").write_text("x\n2\n")
    capsys.readouterr()
    assert cli.main(["status", "03", "--folder", str(home / "notebooks")]) == 0
    assert capsys.readouterr().out.splitlines()[1].split(maxsplit=3) == [
        "03_reads",
        "stale",
        "run",
        "data changed: data/two.csv",
    ]


def test_a_record_says_why_a_report_ran_and_what_it_read(home, ran):
    built(home)
    (home / "data" / "two.csv").write_text("x\n2\n")
    built(home)
    *_, last = sorted((home / ".broadsheet" / "runs").iterdir())
    record = json.loads(last.read_text())
    by_name = {report["notebook"]: report for report in record["reports"]}
    assert by_name["03_reads"]["why"] == ["data changed: data/two.csv"]
    assert by_name["03_reads"]["reads"] == {"data/two.csv": digests.path(home / "data" / "two.csv")}
    assert by_name["02_alone"]["action"] == "render"
    assert record["mappings"][by_name["03_reads"]["inputs"]["versions"]]["pandas"]
    status = (home / "reports" / "status.html").read_text()
    assert "data changed: data/two.csv" in status


def test_a_build_of_what_is_fresh_imports_nothing_heavy(home, ran):
    built(home)
    program = (
        "import sys\nfrom broadsheet import cli\nassert cli.main(['build']) == 0\n"
        "print({'numpy', 'nbconvert', 'nbformat', 'papermill', 'jinja2', 'jsonschema', 'asyncio'}"
        " & set(sys.modules))"
    )
    path = home / "notebooks" / "collection.yaml"  # a project of the tests imports nbformat
    path.write_text(path.read_text().replace("project: synthetic:project\n", ""))
    built(home)
    options = {"capture_output": True, "text": True, "cwd": home / "notebooks"}
    done = subprocess.run([sys.executable, "-c", program], **options)
    assert done.stderr == "3 reports fresh; nothing to do\n"
    assert done.stdout == "set()\n"


def test_a_listing_is_short():
    assert digests.listing([]) == ""
    assert digests.listing("abc") == "a, b, c"
    assert digests.listing("abcde") == "a, b, c and 2 more"


def test_a_task_has_another_key_for_every_input():
    inputs = {"notebook": "a", "values": {}, "library": "b", "versions": "c"}
    changes = ({"notebook": "x"}, {"values": {"a": 1}}, {"library": ""}, {"versions": ""})
    keys = {Task(None, None, inputs={**inputs, **one}).key for one in ({}, *changes)}
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
    result = run.execute(synthetic.task(path, root=home), folder=tmp_path_factory.mktemp("work"))
    assert result.failure is None
    assert set(result.reads) == {"data", "data/one.csv", "data/two.csv", "elsewhere.txt"}


CHANGES = """
import os, pathlib
data = pathlib.Path(os.environ["BROADSHEET_ROOT"]) / "data"

def read(name):
    try:
        return (data / name).read_text()
    except FileNotFoundError:
        return None
"""


@pytest.mark.parametrize(
    ("cell", "changed"),
    [
        ("read('one.csv')", []),
        ("read('new.csv')", []),
        ("read('one.csv'); (data / 'one.csv').write_text('other')", ["data/one.csv"]),
        ("read('new.csv'); (data / 'new.csv').write_text('other')", ["data/new.csv"]),
        # Read in two states, of which the second is that of the end.
        ("read('one.csv'); (data / 'one.csv').write_text('z'); read('one.csv')", ["data/one.csv"]),
        ("read('one.csv'); (data / 'one.csv').unlink()", ["data/one.csv"]),
        ("list(data.iterdir()); (data / 'new.csv').write_text('other')", ["data"]),
        (
            "(data / 'link').symlink_to('one.csv'); read('link'); (data / 'link').unlink(); "
            "(data / 'link').symlink_to('collection.txt')",
            ["data/link"],
        ),
        # Changed before it is read, and the same from then on: what was read is what there is.
        ("(data / 'late.csv').write_text('x'); read('late.csv')", []),
    ],
)
def test_a_kernel_sees_an_input_that_changes_at_any_moment(home, tmp_path_factory, cell, changed):
    path = home / "notebooks" / "01_reads.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[code(CHANGES), code(cell)]), path)
    task = synthetic.task(path, root=home)
    report = run.execute(task, folder=tmp_path_factory.mktemp("work"))
    assert report.failure is None
    assert report.reads
    assert work._changed(task, report.reads) == changed
