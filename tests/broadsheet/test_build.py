import json
import multiprocessing
import os
import shutil
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

import synthetic
from broadsheet import build, campaign, executors, folders, run
from broadsheet.errors import BroadsheetError, UsageError
from broadsheet.task import Options
from browser import chromium, complaints
from synthetic import code, markdown, shows, tree

PARAMETERS = 'how: str = "step"  # how it is read [one of table.column]\nat: float = 1.0  # where'
SHOW = (
    "import os, random\nfrom IPython.display import SVG, HTML\n"
    "HTML(f'<p id=shown>{how} {at} {set(\"abcdef\")}</p>')"
)


def collection(root):
    """Three reports: one sound, one that raises, one whose kernel dies."""
    files = {"data/one.csv": "x\n1\n", "figures/one.svg": "<svg/>"}
    return synthetic.write(
        root,
        {
            "01_sound": [
                markdown("# Sound\n\n## Result\n\n$x^2$"),
                synthetic.parameters(PARAMETERS),
                code(SHOW),
                shows('<a href="data/one.csv">CSV</a>', files=files),
                shows("<b>not</b>", record={"id": "a", "value": 12.5}),
            ],
            "02_raises": [
                markdown("# Raises"),
                code("print('before')"),
                shows("<b>yes</b>", record={"id": "b", "value": 1}),
                code("raise ValueError('on <purpose>')"),
                code("print('after')"),
            ],
            "03_dies": [
                markdown("# Dies"),
                code("print('before')"),
                code("import os; os._exit(9)"),
            ],
        },
    )


@pytest.fixture
def home(tmp_path):
    return collection(tmp_path)


@pytest.fixture
def instant(monkeypatch):
    return synthetic.instantly(monkeypatch)


def built(home, names=(), *, workers=None, force=False, **request):
    options = Options(workers=workers, force=force)
    return build.build(synthetic.collection(home), names, options=options, **request)


def records(site):
    return {row["id"]: row for row in json.loads((site / "records.json").read_text())["records"]}


# What kernels do, in one build (module scope: three kernels)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = collection(tmp_path_factory.mktemp("collection"))
    assert built(root, workers=2) == 2
    (root / "reports").rename(root / "first")
    assert built(root, workers=1, force=True) == 2
    return root


def text(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser").main.get_text()


def test_a_raising_notebook_leaves_its_page_and_stops_no_other(made):
    page = text(made / "reports" / "02_raises.html")
    assert "ValueError: on <purpose>" in page
    assert "Traceback (most recent call last)" in page
    assert "before" in page
    assert "after" not in page.replace("what comes after it", "")
    assert "step 1.0" in text(made / "reports" / "01_sound.html")


def test_a_kernel_that_dies_leaves_its_page_with_what_ran(made):
    page = text(made / "reports" / "03_dies.html")
    assert "DeadKernelError: Kernel died" in page
    assert "before" in page


def test_the_records_of_a_failed_report_are_left_out(made):
    assert records(made / "reports") == {"a": {"id": "a", "value": 12.5, "page": "01_sound.html"}}


def test_two_builds_give_the_same_bytes(made):
    first, second = tree(made / "first"), tree(made / "reports")
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_a_build_leaves_the_site_and_a_record_and_nothing_else(made):
    assert {path.name for path in made.iterdir()} == {
        "notebooks",
        "first",
        "reports",
        ".broadsheet",
    }
    assert set(tree(made / "reports", without=())) == {
        "01_sound.html",
        "02_raises.html",
        "03_dies.html",
        "data/one.csv",
        "figures/one.svg",
        "index.html",
        "markdown/01_sound.md",
        "status.html",
        "records.json",
    }
    records = sorted((made / ".broadsheet" / "runs").iterdir())
    assert len(records) == 2
    record = json.loads(records[-1].read_text())
    assert record["status"] == "finished"
    assert {(r["notebook"], r["status"], r["kernel"]) for r in record["reports"]} == {
        ("01_sound", "ok", "warm"),
        ("02_raises", "failed", "warm"),
        ("03_dies", "failed", "warm"),
    }


@pytest.mark.slow
def test_built_pages_are_quiet_in_a_browser(made):
    with chromium() as browser:
        for page in sorted((made / "reports").glob("*.html")):
            assert complaints(browser, page) == []


def test_pages_hold_no_path_of_this_machine(made):
    page = (made / "reports" / "01_sound.html").read_text(encoding="utf-8")
    assert str(made) not in page
    assert str(Path.home()) not in page


@pytest.mark.slow
def test_a_notebook_that_hangs_is_stopped_at_its_limit(tmp_path):
    cells = [code("print('before')"), code("import time; time.sleep(600)")]
    root = synthetic.write(tmp_path, {"01_hangs": cells})
    (tmp_path / "work").mkdir()
    task = synthetic.task(root / "notebooks" / "01_hangs.ipynb", time_limit=3)
    result = run.execute(task, folder=tmp_path / "work")
    assert result.failure.line == "TimeoutError: stopped after its time limit of 3 s"
    assert [output.text for output in result.notebook.cells[0].outputs] == ["before\n"]


def test_strings_reach_the_notebook_as_they_are(tmp_path):
    values = {"how": 'a "b" \\ {c} é\n$x', "months": ["x", 'y"'], "none": None, "flag": False}
    cell = synthetic.parameters(
        'how: str = ""  # a\nmonths: list[str] = []  # b\nnone: int | None = 1  # c\n'
        "flag: bool = True  # d"
    )
    show = code("import sys; print([how, months, none, flag]); print(sys.executable)")
    root = synthetic.write(tmp_path / "{braces}", {"01_echo": [cell, show]})
    (tmp_path / "work").mkdir()
    task = synthetic.task(root / "notebooks" / "01_echo.ipynb", values)
    result = run.execute(task, folder=tmp_path / "work")
    assert result.failure is None

    echo = f"{list(values.values())}\n{sys.executable}\n"
    assert result.notebook.cells[-1].outputs[0].text == echo


def test_an_end_before_the_end_stops_the_workers_at_once():
    results = executors.each(time.sleep, [0, 600], workers=2)
    assert next(results) == (0, None, None)
    results.close()
    assert multiprocessing.active_children() == []


def test_a_worker_that_is_killed_is_an_error_of_what_it_had():
    ((item, value, error),) = executors.each(os._exit, [9], workers=1)
    assert (item, value) == (9, None)
    assert isinstance(error, BrokenProcessPool)


# Wrong requests: nothing is started and nothing is touched


@pytest.mark.parametrize(
    ("names", "settings", "problem"),
    [
        (["09"], {}, "no report is called '09'; there are 01_sound, 02_raises, 03_dies"),
        (["01"], {"who": ["x"]}, "unknown parameter 'who' of 01_sound: there are how, at"),
        ([], {"who": ["x"]}, "unknown parameter 'who' of 01_sound, 02_raises, 03_dies"),
        (["02"], {"how": ["x"]}, "unknown parameter 'how' of 02_raises: there are none"),
        (["01"], {"at": ["far"]}, "'at' is float, not 'far'"),
        (["01"], {"how": ["x"]}, "table.column has: step, semilog"),
    ],
)
def test_a_wrong_request_starts_no_kernel(home, instant, names, settings, problem):
    with pytest.raises(UsageError) as error:
        built(home, names, settings=settings)
    assert problem in str(error.value)
    assert instant == []
    assert {path.name for path in home.iterdir()} == {"notebooks"}


def test_a_folder_that_is_no_site_of_ours_is_refused_and_kept(home, instant):
    (home / "mine").mkdir()
    (home / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match=r"no records\.json, so it is not a site"):
        built(home, out=home / "mine")
    for place in ("thesis.txt", "thesis.txt/below"):
        with pytest.raises(UsageError, match=r"thesis\.txt is a file"):
            built(home, out=home / "mine" / place)
    assert tree(home / "mine") == {"thesis.txt": b"years of work"}
    assert instant == []


LAUGHS = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [{f'*a{i - 1}, ' * 9}]\n" for i in range(1, 30))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("title: x\npages: [{title: A}]", "is not a site map"),
        ("pages: [", "is not YAML"),
        ("- a", "is not a site map"),
        ("title: 1\npages: [{notebook: 01_sound, title: A}]", "title: 1 is not of type"),
        ("title: x\nday: 2026-02-30\npages: []", "is not YAML: day is out of range"),
        ("title: x\npages: " + "[" * 100_000, "is not YAML: line 2: more than 30 levels"),
        ("title: &a [*a]\npages: []", r"line 1: \*a refers to itself"),
        (LAUGHS, "line 6: more than 200,000 values, aliases counted"),
        ("title: x\npages: [{notebook: ../01_sound, title: A}]", "is not the name of a file"),
    ],
)
def test_a_malformed_site_map_is_one_line(home, text, problem):
    (home / "notebooks" / "collection.yaml").write_text(text)
    with pytest.raises(UsageError, match=problem) as error:
        built(home)
    assert "\n" not in str(error.value)


# The site


def test_a_file_that_is_no_text_fails_its_report_alone(home, instant):
    cells = [shows("<b>x</b>", files={"data/one.csv": 5})]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), home / "notebooks" / "01_sound.ipynb")
    assert built(home) == 1
    told = "a cell writes 'data/one.csv', which is no text"
    assert told in text(home / "reports" / "01_sound.html")


def test_a_missing_notebook_is_named_and_the_others_are_built(home, instant, capsys):
    (home / "notebooks" / "02_raises.ipynb").unlink()
    assert built(home) == 1
    line = "broadsheet: collection.yaml names 02_raises, but there is no such notebook"
    assert capsys.readouterr().err.splitlines()[0] == line
    assert {"01_sound.html", "03_dies.html"} <= set(tree(home / "reports"))
    assert "not built" in text(home / "reports" / "index.html")


def test_what_is_not_rebuilt_is_kept_with_its_records(home, instant):
    built(home)
    before = tree(home / "reports")
    cells = [markdown("# Other"), shows("<b>x</b>", files={"data/two.csv": "1"})]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), home / "notebooks" / "01_sound.ipynb")
    built(home, ["01"])
    after = tree(home / "reports")
    assert after["02_raises.html"] == before["02_raises.html"]
    assert list(records(home / "reports")) == ["b"]
    assert "data/two.csv" in after
    assert "data/one.csv" not in after
    status = text(home / "reports" / "status.html")
    assert "a: there → gone" in status


def test_a_first_build_of_one_report_links_to_no_page_that_is_not_there(home, instant):
    built(home, ["02_raises.ipynb"])
    page = BeautifulSoup((home / "reports" / "02_raises.html").read_text(), "html.parser")
    assert {a["href"] for a in page.select(".neighbours a")} == {"index.html"}
    index = BeautifulSoup((home / "reports" / "index.html").read_text(), "html.parser")
    assert [a["href"] for a in index.select("li a")] == ["02_raises.html"]


def test_settings_go_to_every_report_that_has_them_and_to_a_site_apart(home, instant, capsys):
    built(home, settings={"at": ["2"]})
    assert [task.values for task in instant] == [{"at": 2.0}, {}, {}]
    assert not (home / "reports").exists()
    page = text(home / "exploration" / "01_sound.html")
    assert "Made with parameters of its own, not the collection's:\nat = 2.0." in page
    assert str(home / "exploration") in capsys.readouterr().err


def test_a_setting_equal_to_its_default_changes_nothing(home, instant):
    built(home, settings={"at": ["1"]}, out=home / "a")
    built(home, out=home / "b")
    assert tree(home / "a") == tree(home / "b")


def test_a_site_elsewhere_has_the_same_bytes(home, instant):
    built(home)
    built(home, out=home / "else" / "where")
    assert tree(home / "reports") == tree(home / "else" / "where")


def test_a_record_that_the_project_refuses_fails_its_report_alone(home, instant):
    cells = [shows("<b>x</b>", record={"id": "z"})]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), home / "notebooks" / "01_sound.ipynb")
    assert built(home) == 1
    assert "no record is called {'id': 'z'}" in text(home / "reports" / "01_sound.html")
    assert list(records(home / "reports")) == ["b"]


def test_two_reports_that_write_one_file_stop_the_build(home, instant):
    built(home)
    before = tree(home / "reports", without=())
    cell = shows("<b>x</b>", files={"data/one.csv": "2"})
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), home / "notebooks" / "03_dies.ipynb")
    with pytest.raises(BroadsheetError, match=r"write data/one\.csv"):
        built(home)
    assert tree(home / "reports", without=()) == before
    assert not list(home.glob(".reports*"))


@pytest.mark.parametrize("where", [(campaign, "_run"), (campaign, "_put"), (folders, "replace")])
def test_an_interrupted_build_leaves_the_old_site_whole(home, instant, monkeypatch, where):
    built(home)
    before = tree(home / "reports", without=())
    original = getattr(*where)

    def interrupted(*arguments):
        if where[1] == "_put":
            original(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(*where, interrupted)
    with pytest.raises(KeyboardInterrupt):
        built(home, force=True)
    assert tree(home / "reports", without=()) == before
    assert not list(home.glob(".reports*"))


def test_without_an_exchange_the_site_is_replaced_by_renaming(home, instant, monkeypatch):
    monkeypatch.setattr(folders, "_exchange", lambda one, other: False)
    built(home, ["01"])
    built(home, ["02"])
    assert {"01_sound.html", "02_raises.html"} <= set(tree(home / "reports"))
    assert not list(home.glob(".reports*"))


def test_a_rename_that_fails_halfway_is_undone(home, instant, monkeypatch):
    built(home)
    before = tree(home / "reports", without=())
    monkeypatch.setattr(folders, "_exchange", lambda one, other: False)
    rename = Path.rename

    def failing(self, target):
        if self.name == ".reports.new":
            raise OSError("no space")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(BroadsheetError, match=r"no space.*the site is as it was"):
        built(home, force=True)
    assert tree(home / "reports", without=()) == before


def test_what_a_killed_build_left_is_mended_by_the_next(home, instant):
    built(home)
    before = tree(home / "reports")
    (home / "reports").rename(home / ".reports.old")
    (home / ".reports.new").mkdir()
    built(home, ["02"], force=True)
    assert tree(home / "reports") == before
    assert not list(home.glob(".reports*"))


def test_a_killed_worker_leaves_a_page_that_says_so(home, monkeypatch, instant):
    def each(work, items, /, **_options):
        for item in items:
            yield item, None, BrokenProcessPool("a process was killed")

    monkeypatch.setattr(executors, "each", each)
    assert built(home) == 3
    page = text(home / "reports" / "01_sound.html")
    assert "BrokenProcessPool: a process was killed" in page


def test_progress_names_every_report_and_every_failure(home, instant, capsys):
    cells = [shows("<b>x</b>", record="z")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), home / "notebooks" / "01_sound.ipynb")
    built(home)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("[1/3] 01_sound FAILED 0.0 s  BroadsheetError: 01_sound: no record")
    assert lines[1:] == ["[2/3] 02_raises ok 0.0 s", "[3/3] 03_dies ok 0.0 s"]


def test_the_copy_of_a_site_that_was_removed_meanwhile_does_not_come_back(home, instant):
    built(home)
    shutil.rmtree(home / "reports")
    built(home, ["02"])
    assert "01_sound.html" not in tree(home / "reports")
