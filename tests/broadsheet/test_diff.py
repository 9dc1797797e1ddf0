"""What moved between two sites, by how much, and why."""

import shutil

import pytest
from bs4 import BeautifulSoup

import synthetic
from broadsheet import build, cli, diff, digests
from broadsheet.errors import BroadsheetError, UsageError
from broadsheet.task import Report
from browser import chromium, complaints
from synthetic import markdown, parameters, shows

HOSTILE = "<script>alert(1)</script>"


def site(folder, **files):
    folder.mkdir()
    (folder / "records.json").write_text('{"records": []}')
    (folder / "data").mkdir()
    for name, text in files.items():
        (folder / "data" / f"{name}.csv").write_text(text)
    return folder


@pytest.fixture
def about(tmp_path):
    """A collection whose sites are compared."""
    root = synthetic.write(tmp_path / "about", {"01_one": [markdown("# One")]})
    return synthetic.collection(root)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A collection of one report, and a way to build it into a folder with a value."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "in.csv").write_text("x\n1\n")
    synthetic.instantly(
        monkeypatch, lambda task, made: Report(made, reads=synthetic.reads(task, "data/in.csv"))
    )

    def make(folder, value=2.0, **request):
        cells = [
            markdown("# One"),
            parameters("at: float = 1.0  # where"),
            shows("<b>x</b>", files={"data/01.csv": f"name,ratio\nb,{value}\n"}),
        ]
        if value != make.value:  # cells have ids of chance: another writing is another notebook
            synthetic.write(tmp_path, {"01_one": cells})
            make.value = value
        make.about = synthetic.collection(tmp_path)
        now = digests.path(tmp_path / "data" / "in.csv")
        monkeypatch.setattr(synthetic, "TABLES", [("in.csv", now, "What goes in", "2026-07-01")])
        assert build.build(make.about, out=tmp_path / folder, **request) == 0
        return tmp_path / folder

    make.home, make.value = tmp_path, None
    return make


# What is no site


def test_a_folder_that_is_no_site_and_a_file_that_is_no_table_are_one_line(about, tmp_path, capsys):
    with pytest.raises(UsageError, match=r"is not a site: it has no records\.json"):
        diff.diff(about, site(tmp_path / "old"), tmp_path)
    pair = [str(tmp_path / name) for name in ("old", "absent")]
    assert cli.main(["diff", "--folder", str(about.folder), *pair]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    new = site(tmp_path / "new", one="a\n1\n")
    (tmp_path / "old" / "data" / "one.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(BroadsheetError, match=r"one\.csv is not a CSV file"):
        diff.diff(about, tmp_path / "old", new)


def test_hostile_text_in_a_site_never_becomes_markup_on_the_page(about, tmp_path):
    old = site(tmp_path / "old", one=f"name,x\n{HOSTILE},1\n")
    new = site(tmp_path / "new", one=f"name,x\n{HOSTILE},2\n")
    page = tmp_path / "page.html"
    command = ["diff", "--folder", str(about.folder), str(old), str(new), "--html", str(page)]
    assert cli.main(command) == 0
    soup = BeautifulSoup(page.read_text(), "html.parser")
    assert not soup.find_all("script")
    assert soup.get_text().count(HOSTILE) == 1
    with chromium() as browser:
        assert complaints(browser, page) == []


def test_a_page_that_cannot_be_written_is_wrong_usage(about, tmp_path, capsys):
    old = site(tmp_path / "old")
    page = str(tmp_path / "no" / "x")
    command = ["diff", "--folder", str(about.folder), str(old), str(old), "--html", page]
    assert cli.main(command) == 2
    assert "cannot be written: No such file" in capsys.readouterr().err


# What moved


def test_equal_sites_do_not_differ(about, tmp_path):
    pair = [site(tmp_path / name, one="a,b\nx,1\n") for name in ("old", "new")]
    found = diff.diff(about, *pair)
    assert diff.text(found) == "No record and no number differs."
    assert not (found.records or found.tables or found.causes)


def test_numbers_are_compared_row_by_row_wherever_the_rows_stand(about, tmp_path):
    old = "name,x,y\na,1,10\na,2,20\nb,3,\nc,4,40\n"
    new = "name,x,y\nb,3,30\na,1,10\na,2,15\nd,5,50\n"
    pair = [site(tmp_path / "old", one=old), site(tmp_path / "new", one=new)]
    (table,) = diff.diff(about, *pair).tables
    assert table.file == "data/one.csv"
    assert table.note == "2 of 6 numbers moved, 1 row gone, 1 row new"
    assert [move.text for move in table.moves] == ["y (b): none → 30", "y (a): 20 → 15 (-25 %)"]


def test_files_columns_and_rows_without_texts_are_told_apart(about, tmp_path):
    old = site(tmp_path / "old", gone="a\n1\n", columns="a,b\n1,2\n", plain="x\n1\n2\n")
    new = site(tmp_path / "new", new="a\n1\n", columns="a,c\n1,2\n", plain="x\n1\n4\n")
    found = {table.file: table for table in diff.diff(about, old, new).tables}
    assert found["data/gone.csv"].note == "is gone"
    assert found["data/new.csv"].note == "is new"
    assert found["data/columns.csv"].note == "other columns or another order"
    assert [m.text for m in found["data/plain.csv"].moves] == ["x, row 2: 2 → 4 (+100 %)"]


def test_the_numbers_that_moved_the_most_come_first_and_no_more_than_some(about, tmp_path):
    rows = range(1, 9)
    old = site(tmp_path / "old", one="name,x\n" + "".join(f"r{i},100\n" for i in rows))
    new = site(tmp_path / "new", one="name,x\n" + "".join(f"r{i},{100 + i}\n" for i in rows))
    lines = diff.text(diff.diff(about, old, new)).splitlines()
    assert lines[2:5] == [
        "data/one.csv: 8 of 8 numbers moved",
        "  x (r8): 100 → 108 (+8 %)",
        "  x (r7): 100 → 107 (+7 %)",
    ]
    assert len(lines) == 8


# Why it moved


def causes(home, old, new):
    return [(kind, cause) for _, kind, cause in diff.diff(home.about, old, new).causes]


def test_the_cause_is_the_notebook_the_data_or_the_parameters(home):
    first = home("first")
    second = home("second", 3.0)
    assert causes(home, first, second) == [("code", "the notebook")]
    (home.home / "data" / "in.csv").write_text("x\n2\n")
    third = home("third", 3.0)
    assert causes(home, second, third) == [("data", "data/in.csv")]
    fourth = home("fourth", 3.0, settings={"at": ["2"]})
    assert causes(home, third, fourth) == [("parameters", "defaults instead of at = 2.0")]


def test_the_cause_is_found_for_a_copy_of_a_site_that_was_built_over(home, tmp_path):
    shutil.copytree(home("site"), tmp_path / "copy")
    text = diff.text(diff.diff(home.about, tmp_path / "copy", home("site", 3.0)))
    assert "ratio (b): 2 → 3 (+50 %)" in text
    assert text.endswith("why\n  01_one  code: the notebook")


def test_of_pages_that_were_made_elsewhere_the_cause_is_not_known(home):
    first, second = home("first"), home("second", 3.0, settings={"at": ["2"]})
    shutil.rmtree(home.home / ".broadsheet" / "runs")
    told = "not known: no record of how both pages were made is here"
    assert causes(home, first, second) == [("code", told)]
