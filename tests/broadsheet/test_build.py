import json
import multiprocessing
import os
import shutil
import socket
import sys
import time
import types
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

import synthetic
from broadsheet import build, campaign, executors, folders, run
from browser import chromium, complaints
from frontier.errors import FrontierError, UsageError
from synthetic import code, markdown, shows, tree

PARAMETERS = 'how: str = "step"  # how it is read [one of table.column]\nat: float = 1.0  # where'
LEDGER = [synthetic.ledger_row(name) for name in ("a", "b", "c")]
DIGESTS = [("data/a.csv", "ab" * 32, "Medians of July")]
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
            "01_sound": (
                [
                    markdown("# Sound\n\n## Result\n\n$x^2$"),
                    synthetic.parameters(PARAMETERS),
                    code(SHOW),
                    shows('<a href="data/one.csv">CSV</a>', files=files),
                    shows("<b>not</b>", verdict=synthetic.verdict_row("a")),
                ],
                ["a"],
            ),
            "02_raises": (
                [
                    markdown("# Raises"),
                    code("print('before')"),
                    shows("<b>yes</b>", verdict=synthetic.verdict_row("b")),
                    code("raise ValueError('on <purpose>')"),
                    code("print('after')"),
                ],
                ["b"],
            ),
            "03_dies": (
                [markdown("# Dies"), code("print('before')"), code("import os; os._exit(9)")],
                ["c"],
            ),
        },
    )


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FRONTIER_HOME", str(tmp_path))
    return collection(tmp_path)


@pytest.fixture
def instant(monkeypatch):
    """Run notebooks by taking the outputs stored in them, in this process."""
    started = []

    def execute(job, /, *, folder):
        started.append(job)
        return run.Result(job, nbformat.read(job.notebook, as_version=4), 0.0)

    monkeypatch.setattr(run, "execute", execute)
    monkeypatch.setattr(executors, "each", synthetic.each)
    return started


def built(names=(), *, ledger=LEDGER, workers=None, force=False, **request):
    facts = build.Facts(tuple(ledger), tuple(DIGESTS))
    options = build.Options(workers=workers, force=force, preload=())
    return build.build(names, facts=lambda: facts, options=options, **request)


def verdicts(site):
    return {row["id"]: row for row in json.loads((site / "verdicts.json").read_text())["claims"]}


# What kernels do, in one build (module scope: three kernels)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = collection(tmp_path_factory.mktemp("collection"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FRONTIER_HOME", str(root))
        assert built(workers=2) == 2
        (root / "reports").rename(root / "first")
        assert built(workers=1, force=True) == 2
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


def test_a_failed_report_decides_no_claim(made):
    rows = verdicts(made / "reports")
    assert [rows[name]["verdict"] for name in "abc"] == [
        "not-reproduced",
        "not yet examined",
        "not yet examined",
    ]
    assert rows["a"]["page"] == "01_sound.html"
    assert rows["a"]["found"]["value"] == 12.3457


def test_two_builds_give_the_same_bytes(made):
    first, second = tree(made / "first"), tree(made / "reports")
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_a_build_leaves_the_site_and_a_record_and_nothing_else(made):
    assert {path.name for path in made.iterdir()} == {"notebooks", "first", "reports", ".frontier"}
    assert set(tree(made / "reports", without=())) == {
        "01_sound.html",
        "02_raises.html",
        "03_dies.html",
        "data/one.csv",
        "figures/one.svg",
        "index.html",
        "scorecard.svg",
        "status.html",
        "verdicts.json",
    }
    records = sorted((made / ".frontier" / "runs").iterdir())
    assert len(records) == 2
    record = json.loads(records[-1].read_text())
    assert record["status"] == "finished"
    assert {(r["notebook"], r["status"], r["kernel"]) for r in record["reports"]} == {
        ("01_sound", "ok", "warm"),
        ("02_raises", "failed", "warm"),
        ("03_dies", "failed", "warm"),
    }


def test_nothing_links_to_the_status_page(made):
    for page in (made / "reports").glob("*.html"):
        assert "status.html" not in page.read_text(encoding="utf-8")


def test_built_pages_are_quiet_in_a_browser(made):
    with chromium() as browser:
        for page in sorted((made / "reports").glob("*.html")):
            assert complaints(browser, page) == []


def test_pages_hold_no_path_of_this_machine(made):
    page = (made / "reports" / "01_sound.html").read_text(encoding="utf-8")
    assert str(made) not in page
    assert str(Path.home()) not in page


def test_a_notebook_that_hangs_is_stopped_at_its_limit(tmp_path):
    root = synthetic.write(
        tmp_path,
        {"01_hangs": ([code("print('before')"), code("import time; time.sleep(600)")], [])},
    )
    (tmp_path / "work").mkdir()
    job = run.Job(root / "notebooks" / "01_hangs.ipynb", time_limit=3)
    result = run.execute(job, folder=tmp_path / "work")
    assert result.failure.line == "TimeoutError: stopped after its time limit of 3 s"
    assert [output.text for output in result.executed.cells[0].outputs] == ["before\n"]


def test_strings_reach_the_notebook_as_they_are(tmp_path):
    values = {"how": 'a "b" \\ {c} é\n$x', "months": ["x", 'y"'], "none": None, "flag": False}
    cell = synthetic.parameters(
        'how: str = ""  # a\nmonths: list[str] = []  # b\nnone: int | None = 1  # c\n'
        "flag: bool = True  # d"
    )
    show = code("import sys; print([how, months, none, flag]); print(sys.executable)")
    root = synthetic.write(tmp_path / "{braces}", {"01_echo": ([cell, show], [])})
    (tmp_path / "work").mkdir()
    job = run.Job(root / "notebooks" / "01_echo.ipynb", values)
    result = run.execute(job, folder=tmp_path / "work")
    assert result.failure is None

    echo = f"{list(values.values())}\n{sys.executable}\n"
    assert result.executed.cells[-1].outputs[0].text == echo


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
        (["09"], {}, "no report is called '09'; there are: 01_sound, 02_raises, 03_dies"),
        (["01"], {"who": ["x"]}, "unknown parameter 'who' of 01_sound; it has: how, at"),
        ([], {"who": ["x"]}, "unknown parameter 'who' of 01_sound, 02_raises, 03_dies"),
        (["02"], {"how": ["x"]}, "unknown parameter 'how' of 02_raises; it has: none"),
        (["01"], {"at": ["far"]}, "'at' is float, not 'far'"),
        (["01"], {"how": ["x"]}, "table.column has: step, semilog"),
    ],
)
def test_a_wrong_request_starts_no_kernel(home, instant, names, settings, problem):
    with pytest.raises(UsageError) as error:
        built(names, settings=settings, choices=lambda name: ["step", "semilog"])
    assert problem in str(error.value)
    assert instant == []
    assert {path.name for path in home.iterdir()} == {"notebooks"}


def test_a_folder_that_is_no_site_of_ours_is_refused_and_kept(home, instant):
    (home / "mine").mkdir()
    (home / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match=r"no verdicts\.json, so it is not a site"):
        built(out=home / "mine")
    for place in ("thesis.txt", "thesis.txt/below"):
        with pytest.raises(UsageError, match=r"thesis\.txt is a file"):
            built(out=home / "mine" / place)
    assert tree(home / "mine") == {"thesis.txt": b"years of work"}
    assert instant == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("title: x\npages: [{notebook: 01_absent, title: A}]", "there is no such notebook"),
        ("title: x\npages: [{title: A}]", "is not a site map"),
        ("pages: [", "is not a site map"),
        ("- a", "is not a site map"),
    ],
)
def test_a_malformed_site_map_is_one_line(home, text, problem):
    (home / "notebooks" / "collection.yaml").write_text(text)
    with pytest.raises(UsageError, match=problem) as error:
        built()
    assert "\n" not in str(error.value)


# The site


def test_what_is_not_rebuilt_is_kept_with_its_verdicts(home, instant):
    built()
    before = tree(home / "reports")
    (home / "notebooks" / "01_sound.ipynb").unlink()
    cells = [markdown("# Other"), shows("<b>x</b>", files={"data/two.csv": "1"})]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), home / "notebooks" / "01_sound.ipynb")
    built(["01"])
    after = tree(home / "reports")
    assert after["02_raises.html"] == before["02_raises.html"]
    rows = verdicts(home / "reports")
    assert rows["a"]["verdict"] == "not yet examined"
    assert rows["b"]["verdict"] == "not-reproduced"
    assert "data/two.csv" in after
    assert "data/one.csv" not in after
    status = (home / "reports" / "status.html").read_text()
    assert "not reproduced, 12.3457× → not yet examined, –" in status


def test_a_first_build_of_one_report_links_to_no_page_that_is_not_there(home, instant):
    built(["02_raises.ipynb"])
    page = BeautifulSoup((home / "reports" / "02_raises.html").read_text(), "html.parser")
    assert {a["href"] for a in page.select(".neighbours a")} == {"index.html"}
    index = BeautifulSoup((home / "reports" / "index.html").read_text(), "html.parser")
    assert {a["href"] for a in index.table.find_all("a")} == {
        "02_raises.html",
        "02_raises.html#claim-b",
    }


def test_settings_go_to_every_report_that_has_them_and_to_a_site_apart(home, instant, capsys):
    built(settings={"at": ["2"]}, choices=lambda name: ["step"])
    assert [job.parameters for job in instant] == [{"at": 2.0}, {}, {}]
    assert not (home / "reports").exists()
    page = text(home / "exploration" / "01_sound.html")
    assert "Made with parameters of its own, not the collection's:\nat = 2.0." in page
    assert str(home / "exploration") in capsys.readouterr().err


def test_a_setting_equal_to_its_default_changes_nothing(home, instant):
    built(settings={"at": ["1"]}, out=home / "a")
    built(out=home / "b")
    assert tree(home / "a") == tree(home / "b")


def test_a_site_elsewhere_has_the_same_bytes(home, instant):
    built()
    built(out=home / "else" / "where")
    assert tree(home / "reports") == tree(home / "else" / "where")


def test_a_verdict_for_no_claim_of_the_ledger_fails_its_report_alone(home, instant):
    assert built(ledger=LEDGER[1:]) == 1
    assert "verdict for 'a', which is no claim of the ledger" in text(
        home / "reports" / "01_sound.html"
    )
    assert verdicts(home / "reports")["b"]["verdict"] == "not-reproduced"


def test_two_reports_that_decide_one_claim_or_write_one_file_stop_the_build(home, instant):
    built()
    before = tree(home / "reports", without=())
    for cell, problem in [
        (shows("<b>x</b>", verdict=synthetic.verdict_row("a")), "both give a verdict for 'a'"),
        (shows("<b>x</b>", files={"data/one.csv": "2"}), r"write data/one\.csv"),
    ]:
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), home / "notebooks" / "03_dies.ipynb")
        with pytest.raises(FrontierError, match=problem):
            built()
        assert tree(home / "reports", without=()) == before
        assert not list(home.glob(".reports*"))


@pytest.mark.parametrize("where", [(campaign, "_run"), (campaign, "_put"), (folders, "replace")])
def test_an_interrupted_build_leaves_the_old_site_whole(home, instant, monkeypatch, where):
    built()
    before = tree(home / "reports", without=())
    original = getattr(*where)

    def interrupted(*arguments):
        if where[1] == "_put":
            original(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(*where, interrupted)
    with pytest.raises(KeyboardInterrupt):
        built(force=True)
    assert tree(home / "reports", without=()) == before
    assert not list(home.glob(".reports*"))


def test_without_an_exchange_the_site_is_replaced_by_renaming(home, instant, monkeypatch):
    monkeypatch.setattr(folders, "_exchange", lambda one, other: False)
    built(["01"])
    built(["02"])
    assert {"01_sound.html", "02_raises.html"} <= set(tree(home / "reports"))
    assert not list(home.glob(".reports*"))


def test_a_rename_that_fails_halfway_is_undone(home, instant, monkeypatch):
    built()
    before = tree(home / "reports", without=())
    monkeypatch.setattr(folders, "_exchange", lambda one, other: False)
    rename = Path.rename

    def failing(self, target):
        if "building" in self.name:
            raise OSError("no space")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(FrontierError, match=r"no space.*the site is as it was"):
        built(force=True)
    assert tree(home / "reports", without=()) == before


def test_what_a_killed_build_left_is_mended_by_the_next(home, instant):
    built()
    before = tree(home / "reports")
    (home / "reports").rename(home / ".reports.old")
    dead = 2**22 + 1  # above the largest process id that Linux gives
    here = socket.gethostname()
    (home / f".reports.building-{dead}-{here}").mkdir()
    alive = home / f".reports.building-{os.getppid()}-{here}"
    elsewhere = home / f".reports.building-{dead}-another-machine"
    long_ago = home / f".reports.building-{dead}-gone-machine"
    for stage in (alive, elsewhere, long_ago):
        stage.mkdir()
    os.utime(long_ago, (0, 0))
    built(["02"])
    assert tree(home / "reports") == before
    assert sorted(home.glob(".reports*")) == sorted([alive, elsewhere])


def test_a_killed_worker_leaves_a_page_that_says_so(home, monkeypatch, instant):
    def each(work, items, /, **_options):
        for item in items:
            yield item, None, BrokenProcessPool("a process was killed")

    monkeypatch.setattr(executors, "each", each)
    assert built() == 3
    page = text(home / "reports" / "01_sound.html")
    assert "BrokenProcessPool: a process was killed" in page


def test_progress_names_every_report_and_every_failure(home, instant, capsys):
    built(ledger=LEDGER[1:])
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("[1/3] 01_sound FAILED 0.0 s  FrontierError: verdict for 'a'")
    assert lines[1:] == ["[2/3] 02_raises ok 0.0 s", "[3/3] 03_dies ok 0.0 s"]


def test_numbers_of_verdicts_have_six_digits_and_no_nan(home, instant):
    found = {"value": 1 / 3, "low": float("inf"), "high": float("nan"), "unit": "X", "at": None}
    row = synthetic.verdict_row("a", found=found, tiers={"measured": {"rows": [123456.789]}})
    cells = [shows("<b>x</b>", verdict=row)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), home / "notebooks" / "01_sound.ipynb")
    built(["01"])
    stored = verdicts(home / "reports")["a"]
    assert stored["found"] == {
        "value": 0.333333,
        "low": None,
        "high": None,
        "unit": "X",
        "at": None,
    }
    assert stored["tiers"]["measured"]["rows"] == [123457.0]


def test_the_copy_of_a_site_that_was_removed_meanwhile_does_not_come_back(home, instant):
    built()
    shutil.rmtree(home / "reports")
    built(["02"])
    assert "01_sound.html" not in tree(home / "reports")


# Rows, glossary and errata


def with_rows(home, ids):
    """Three reports, of which the first publishes a table that names these rows."""
    shown = shows("<b>x</b>", files={"data/one.csv": "row_id\n" + "".join(f"{i}\n" for i in ids)})
    cells = {name: [markdown(f"# {name}"), code("1")] for name in ("02_raises", "03_dies")}
    reports = {"01_sound": ([markdown("# Sound"), shown], ["a"])}
    synthetic.write(home, {**reports, **{name: (some, []) for name, some in cells.items()}})


def cited():
    row = types.SimpleNamespace(values=("50",), source="Runs", url="https://example.com/1")
    return ("tok/s/user",), {"r1": row, "r2": row}


def test_a_report_that_names_rows_has_a_page_of_them_as_long_as_it_does(home, instant):
    def built_():
        facts = build.Facts(tuple(LEDGER), rows=cited)
        return build.build(facts=lambda: facts, options=build.Options(preload=()))

    rows = home / "reports" / "01_sound.rows.html"
    with_rows(home, ["r1", "of another table"])
    assert built_() == 0
    assert 'id="r1"' in rows.read_text()
    assert 'id="r2"' not in rows.read_text()
    assert "of another table" not in rows.read_text()
    assert built_() == 0
    rows.write_text("edited")
    assert built_() == 0
    assert 'id="r1"' in rows.read_text()
    with_rows(home, [])
    assert built_() == 0
    assert not rows.exists()


def test_a_site_whose_map_has_terms_and_errata_has_their_pages(home, instant):
    path = home / "notebooks" / "collection.yaml"
    plain = path.read_text()
    more = "glossary:\n- {term: Sound, meaning: heard}\nerrata:\n- {text: wrong}\n"
    path.write_text(plain + more)
    built()
    there = {"glossary.html", "errata.html"}
    assert there <= set(tree(home / "reports"))
    path.write_text(plain)
    built()
    assert not there & set(tree(home / "reports"))
