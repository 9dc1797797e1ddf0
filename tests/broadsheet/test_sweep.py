"""Sweeps: a page a set, a page that compares them, and names that are safe for any text."""

import csv
import json
import re

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

import synthetic
from broadsheet import build, cli, sweep
from broadsheet.errors import UsageError
from broadsheet.task import Failure, Report
from browser import chromium, complaints
from synthetic import markdown, parameters, shows, tree

PARAMETERS = (
    'how: str = "step"  # how [one of table.column]\nat: float = 1.0  # where [0..100]\n'
    'note: str = ""  # any text\nmonths: list[str] = ["a"]  # months'
)
MANY = ",".join(map(str, range(1000)))
HOSTILE = "../../<script>alert(1)</script>\"'& \\ é\n$x"


@pytest.fixture
def home(tmp_path):
    cells = [markdown("# One\n\n[Two](02_two.ipynb)"), parameters(PARAMETERS)]
    cells.append(shows("<b>x</b>", record={"id": "a", "value": 7.5}))
    synthetic.write(tmp_path, {"01_one": cells, "02_two": [markdown("# Two")]})
    return tmp_path


@pytest.fixture
def ran(home, monkeypatch):
    """What ran; a run publishes ten times `at` as its only number, and fails at 13."""
    values = []

    def report(task, notebook):
        values.append(task.values)
        at = task.values.get("at", 1.0)
        many = "name,x\n" + "".join(f"r{i},{i}\n" for i in range(3))
        files = {"data/01-chosen.csv": f"name,tens\nb,{10 * at}\n", "data/01-all.csv": many}
        notebook.cells.append(shows("<b>x</b>", files=files))
        return Report(notebook, failure=Failure("ValueError", "unlucky") if at == 13 else None)

    synthetic.instantly(monkeypatch, report)
    return values


def swept(home, grid=(), **request):
    return sweep.sweep(synthetic.collection(home), "01", grid=grid, **request)


def folder(home):
    return home / "exploration" / "sweep-01_one"


def rows(home):
    return list(csv.DictReader((folder(home) / "comparison.csv").read_text().splitlines()))


# Wrong requests


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("sweep 09 --grid at=1", "no report is called '09'"),
        ("sweep 01", "a sweep takes either --grid or --from-csv"),
        ("sweep 01 --grid at", "'--grid': 'at' is not name=value"),
        ("sweep 01 --grid wher=1", "unknown parameter 'wher' of 01_one"),
        ("sweep 01 --grid at=1,far", "parameter 'at' is float, not 'far'"),
        ("sweep 01 --grid at=1,101", "out of range 0..100"),
        ("sweep 01 --grid at=1,,2", "--grid at= has an empty value"),
        (
            f"sweep 01 --grid at={MANY} --grid note={MANY} --grid months={MANY}",
            "these are 1,000,000,000 sets; a sweep has at most 10,000",
        ),
        ("sweep 01 --grid at=1 --grid at=2", "--grid gives 'at' twice"),
        ("sweep 01 --grid at=1 --set at=2", "'at' is both set and swept"),
        ("sweep 01 --from-csv absent.csv", "absent.csv is not a CSV file that can be read"),
    ],
)
def test_a_wrong_sweep_is_one_line_and_runs_nothing(home, ran, capsys, line, problem):
    assert cli.main([*line.split(), "--folder", str(home / "notebooks")]) == 2
    error = capsys.readouterr().err
    assert problem in error
    assert error.count("\n") == 1
    assert ran == []
    assert not (home / "exploration").exists()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "needs a header"),
        ("at\n", "a row for each set"),
        ("at,at\n1,2\n", "a header of different parameters"),
        ("at,how\n1\n", "line 2: there are 2 columns, all needed"),
        ("at\n1\nfar\n", "line 3: parameter 'at' is float, not 'far'"),
        ("wher\n1\n", "line 2: unknown parameter 'wher'"),
    ],
)
def test_a_wrong_table_of_sets_names_the_line(home, ran, tmp_path, text, problem):
    (tmp_path / "sets.csv").write_text(text)
    with pytest.raises(UsageError, match=re.escape(problem)):
        swept(home, rows=tmp_path / "sets.csv")
    assert ran == []


def test_a_folder_with_files_of_somebody_is_refused(home, ran):
    (home / "mine").mkdir()
    (home / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="is not a site"):
        swept(home, [("at", ["1"])], out=home / "mine")
    assert ran == []


# Sets and names


def test_a_grid_is_every_combination_in_its_order_and_each_once(home, ran):
    assert swept(home, [("at", ["1", "2", "1.0"]), ("how", ["step", "semilog"])]) == 0
    assert ran == [{}, {"how": "semilog"}, {"at": 2.0}, {"at": 2.0, "how": "semilog"}]
    assert [(row["at"], row["how"]) for row in rows(home)] == [
        ("1.0", "step"),
        ("1.0", "semilog"),
        ("2.0", "step"),
        ("2.0", "semilog"),
    ]


def test_a_table_of_sets_takes_any_text_and_empty_cells_are_defaults(home, ran, tmp_path):
    with (tmp_path / "sets.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["at", "note", "months"], ["2", HOSTILE, "b,c"], ["", "", "a"]])
    assert swept(home, rows=tmp_path / "sets.csv") == 0
    assert ran == [{"at": 2.0, "note": HOSTILE.strip(), "months": ["b", "c"]}, {}] or ran == [
        {"at": 2.0, "note": HOSTILE, "months": ["b", "c"]},
        {},
    ]
    pages = sorted(folder(home).glob("*/01_one.html"))
    assert len(pages) == 2
    for page in [*pages, folder(home) / "index.html"]:
        soup = BeautifulSoup(page.read_text(), "html.parser")
        assert not soup.find_all("script")
    with chromium() as browser:
        assert [complaints(browser, page) for page in [*pages, folder(home) / "index.html"]] == [
            [],
            [],
            [],
        ]


@given(st.dictionaries(st.text(max_size=90), st.text(max_size=300), max_size=4))
def test_a_set_has_a_name_that_is_safe_everywhere(values):
    name = sweep.set_name(values)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert len(name) <= 70
    assert name == sweep.set_name(dict(values))


def test_sets_that_read_alike_have_different_names():
    names = {sweep.set_name({"note": text}) for text in ("a b", "a/b", "A B", "a-b", "", "é")}
    assert len(names) == 6


# What comes of it


def test_the_comparison_has_a_table_and_the_data(home, ran):
    swept(home, [("at", ["1", "2", "5"])], settings={"how": ["semilog"]})
    page = folder(home) / "index.html"
    soup = BeautifulSoup(page.read_text(), "html.parser")
    assert "The same in every set: how = semilog." in soup.get_text()
    table = soup.find(id="comparison-table")
    assert [th.get_text() for th in table.thead.find_all("th")] == ["Set", "at", "01-chosen: tens"]
    assert [td.get_text() for td in table.tbody.find_all("td")] == [
        "1.0",
        "10",
        "2.0",
        "20",
        "5.0",
        "50",
    ]
    for link in table.find_all("a", href=True):
        assert (folder(home) / link["href"]).is_file()
    assert [row["01-chosen: tens"] for row in rows(home)] == ["10.0", "20.0", "50.0"]
    assert rows(home)[0]["01-all: x"] == "0.0"
    assert rows(home)[0]["a"] == "7.5"  # the value of its record
    stored = json.loads((folder(home) / "comparison.json").read_text())
    assert [s["quantities"]["01-chosen: tens"] for s in stored["sets"]] == [10, 20, 50]


def test_no_text_of_a_set_is_a_formula_of_a_spreadsheet(home, ran):
    texts = ["=1+1", "+1+x", "-x", "@sum", "-5", "plain"]
    swept(home, [("note", texts)])
    written = [row["note"] for row in rows(home)]
    assert written == ["'=1+1", "'+1+x", "'-x", "'@sum", "-5", "plain"]


def test_a_page_of_a_set_leads_back_to_the_comparison_and_keeps_its_own_files(home, ran):
    swept(home, [("at", ["1", "2"])])
    pages = sorted(folder(home).glob("*/01_one.html"))
    for page in pages:
        soup = BeautifulSoup(page.read_text(), "html.parser")
        assert {a["href"] for a in soup.select(".neighbours a")} == {"../index.html"}
        assert (page.parent / "data" / "01-chosen.csv").is_file()
        assert json.loads((page.parent / "records.json").read_text())["records"][0]["id"] == "a"
        # The other reports are not there to be linked to.
        assert not soup.find("a", href="02_two.html")
    assert len({(p.parent / "data" / "01-chosen.csv").read_text() for p in pages}) == 2


def test_a_set_that_fails_stops_no_other_and_is_named(home, ran, capsys):
    assert swept(home, [("at", ["12", "13", "14"])]) == 1
    assert [(row["status"], row["01-chosen: tens"]) for row in rows(home)] == [
        ("ok", "120.0"),
        ("failed", ""),
        ("ok", "140.0"),
    ]
    assert "FAILED 0.0 s  ValueError: unlucky" in capsys.readouterr().err
    soup = BeautifulSoup((folder(home) / "index.html").read_text(), "html.parser")
    assert "2 ok, 1 failed" in soup.get_text()
    ran.clear()
    assert swept(home, [("at", ["12", "13", "14"])]) == 1
    assert ran == [{"at": 13.0}]


def test_a_sweep_that_grew_runs_only_the_new_sets_and_drops_the_old_ones(home, ran):
    swept(home, [("at", ["1", "2"])])
    ran.clear()
    swept(home, [("at", ["2", "3"])])
    assert ran == [{"at": 3.0}]
    assert len(list(folder(home).glob("*/01_one.html"))) == 2
    before = tree(folder(home), without=())
    ran.clear()
    swept(home, [("at", ["2", "3"])])
    assert ran == []
    assert tree(folder(home), without=()) == before


def test_shards_of_a_sweep_make_the_whole(home, ran):
    grid = [("at", ["1", "2", "3"])]
    swept(home, grid, shard=(1, 2))
    assert [row["status"] for row in rows(home)] == ["ok", "not built", "ok"]
    swept(home, grid, shard=(2, 2))
    assert [row["status"] for row in rows(home)] == ["ok", "ok", "ok"]
    assert len(ran) == 3


def test_another_quantity_can_come_first_and_one_that_nobody_publishes_is_named(home, ran, capsys):
    swept(home, [("at", ["1", "2"])], show="x")
    soup = BeautifulSoup((folder(home) / "index.html").read_text(), "html.parser")
    heads = [th.get_text() for th in soup.find(id="comparison-table").thead.find_all("th")]
    assert heads == ["Set", "at", "01-all: x", "01-chosen: tens"]
    swept(home, [("at", ["1", "2"])], show="absent")
    assert "no page publishes 'absent'; they do: 01-chosen: tens" in capsys.readouterr().err


def test_a_site_can_be_built_beside_a_sweep(home, ran):
    swept(home, [("at", ["1"])])
    assert build.build(synthetic.collection(home), ["01"], settings={"at": ["2"]}) == 0
    assert (folder(home) / "index.html").is_file()
    assert (home / "exploration" / "index.html").is_file()
