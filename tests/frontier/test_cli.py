import re
import subprocess
import sys

import pytest

import ledger_rows
import synthetic
from broadsheet import executors
from broadsheet.task import Failure, Report
from frontier import claims, cli, sources
from frontier.data import measurements, tables
from frontier.errors import DataError
from frontier.site import news, verdicts
from ledger_rows import decides, ledger_row, verdict_row
from synthetic import code, markdown, tree

PARAMETERS = (
    'hardware: str = "b200"  # which [one of measurements.hardware]\nat: float = 1.0  # where'
)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A collection of two reports, with stand-ins for the modules that know the data."""
    monkeypatch.setenv("FRONTIER_HOME", str(tmp_path))
    ledger = [ledger_row(name) for name in ("a", "b")]
    monkeypatch.setattr(claims, "ledger_rows", lambda: ledger)
    monkeypatch.setattr(verdicts, "known", lambda: "ab")
    monkeypatch.setattr(measurements, "choices", {"hardware": ["b200", "h200"]}.__getitem__)
    monkeypatch.setattr(measurements, "verify", lambda: None)
    monkeypatch.setattr(tables, "verify", lambda: None)
    table = {"title": "Table one", "accessed": "2026-01-31"}
    monkeypatch.setattr(tables, "names", lambda: ["one"])
    monkeypatch.setattr(tables, "meta", lambda name: table)
    monkeypatch.setattr(tables, "digests", lambda: [("one.csv", "ab" * 32, "Table one")])
    monkeypatch.setattr(news, "records", list)
    monkeypatch.setattr(sources, "make_tables", lambda downloads: f"from {downloads.name}")
    cells = [markdown("# One"), synthetic.parameters(PARAMETERS)]
    cells.append(decides(verdict_row("a", condition="nowhere")))
    return ledger_rows.write(
        tmp_path, {"01_one": (cells, ["a"]), "02_two": ([markdown("# Two"), code("1")], ["b"])}
    )


@pytest.fixture
def instant(monkeypatch):
    """Run notebooks by taking the outputs stored in them, in this process."""

    def report(task, notebook):
        bad = task.entry.notebook == "02_two"
        return Report(notebook, failure=Failure("Bad", "day") if bad else None)

    return synthetic.instantly(monkeypatch, report)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("", "Missing command. (see frontier --help)"),
        ("bild", "No such command 'bild'"),
        ("build 09", "no report is called '09'; there are 01_one, 02_two"),
        (
            "build 01 --set hardwar=x",
            "unknown parameter 'hardwar' of 01_one: there are hardware, at",
        ),
        ("build --set at=1 --set at=2", "parameter 'at' is set 2 times"),
        ("build --set at", "'--set': 'at' is not name=value"),
        ("build --set at=near", "parameter 'at' is float, not 'near'"),
        ("build --set hardware=tpu", "measurements.hardware has: b200, h200"),
        ("build --workers 0", "0 is not in the range x>=1"),
        ("params 3", "no report is called '3'"),
        ("data make nowhere", "nowhere is not a folder"),
        ("data refresh --since 2026-02-30", "'2026-02-30' is no date such as 2026-03-31"),
        ("build --time-limit 1e300", "'1e300' is not a number of seconds, up to a year"),
    ],
)
def test_wrong_usage_is_one_line_with_exit_2_and_starts_nothing(
    home, instant, capsys, line, problem
):
    before = tree(home)
    assert cli.main(line.split()) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("frontier: ")
    assert captured.err.count("\n") == 1
    assert problem in captured.err
    assert instant == []
    assert tree(home) == before


def test_damaged_data_are_one_line_with_exit_1_and_leave_the_site(
    home, instant, capsys, monkeypatch
):
    cli.main(["build", "01"])
    before = tree(home / "reports")
    capsys.readouterr()
    instant.clear()

    def verify():
        raise DataError("data/a.csv", "not a number", row=7, column="ttft", remedy="restore\nit")

    monkeypatch.setattr(tables, "verify", verify)
    assert cli.main(["build"]) == 1
    error = capsys.readouterr().err
    assert error == "frontier: data/a.csv, row 7, column ttft: not a number; restore it\n"
    assert instant == []
    assert tree(home / "reports") == before


def test_a_failed_report_makes_the_exit_code_1_and_the_others_are_built(home, instant):
    assert cli.main(["build"]) == 1
    assert {"01_one.html", "02_two.html"} <= set(tree(home / "reports"))
    assert cli.main(["build", "01_one.ipynb"]) == 0


def test_the_status_page_says_how_old_the_data_are(home, instant):
    cli.main(["build", "01"])
    status = (home / "reports" / "status.html").read_text()
    assert re.search(r"<li>Table one: obtained 2026-01-31, \d+ days before</li>", status)


def test_set_and_out_and_workers_reach_the_build(home, instant, tmp_path):
    line = ["build", "01", "--set", "at=2", "--out", str(tmp_path / "site"), "--workers", "3"]
    assert cli.main(line) == 0
    assert [task.values for task in instant] == [{"at": 2.0}]
    assert (tmp_path / "site" / "01_one.html").exists()


@pytest.mark.slow
def test_an_interrupt_is_one_line(home, monkeypatch, capsys):
    def each(work, items, /, **_options):
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(executors, "each", each)
    assert cli.main(["build"]) == 130
    line = "frontier: interrupted; the site is as it was, what is finished is kept\n"
    assert capsys.readouterr().err == line
    assert not (home / "reports").exists()


def test_params_shows_names_types_defaults_and_meanings(home, capsys):
    assert cli.main(["params", "01"]) == 0
    lines = [line.split(maxsplit=3) for line in capsys.readouterr().out.splitlines()]
    assert lines[1:] == [
        ["hardware", "str", "b200", "which [one of measurements.hardware]"],
        ["at", "float", "1.0", "where"],
    ]


def test_claims_shows_the_ledger_before_anything_is_built(home, capsys):
    assert cli.main(["claims"]) == 0
    assert "Of 2 claims, 2 are not yet examined." in capsys.readouterr().out


def test_claims_shows_the_verdicts_of_the_site(home, instant, capsys):
    cli.main(["build"])
    capsys.readouterr()
    assert cli.main(["claims"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows[1] == ["a", "25×", "12.3×", "not", "reached", "nowhere"]
    assert rows[2] == ["b", "25×", "–", "not", "yet", "examined"]


def test_claims_as_json_are_those_of_the_site(home, instant, capsys):
    cli.main(["build"])
    capsys.readouterr()
    assert cli.main(["claims", "--json"]) == 0
    assert capsys.readouterr().out == (home / "reports" / "verdicts.json").read_text()


def test_check_answers_a_claim_that_is_in_no_ledger_and_new_refuses_one_that_is(tmp_path, capsys):
    row = tmp_path / "row.yaml"
    line = "check --above gb200 --below h200 --value 2 --model deepseek-r1 --traffic 8192/1024"
    assert cli.main([*line.split(), "--save", str(row)]) == 0
    told = capsys.readouterr().out
    assert "Holds" in told and f"frontier new {row}" in told
    row.write_text(re.sub("^id: .*", "id: mtp", row.read_text(), flags=re.M))
    for path in (row, tmp_path / "absent.yaml"):
        assert cli.main(["new", str(path)]) in (1, 2)
        error = capsys.readouterr().err
        assert error.startswith("frontier: ") and error.count("\n") == 1


def test_a_damaged_verdicts_file_is_one_line(home, capsys):
    (home / "reports").mkdir()
    (home / "reports" / "verdicts.json").write_text("{")
    assert cli.main(["claims"]) == 1
    assert "verdicts.json is damaged" in capsys.readouterr().err


def test_data_commands_reach_the_tables_and_the_sources(home, capsys):
    (home / "downloads").mkdir()
    assert cli.main(["data", "verify"]) == 0
    assert cli.main(["data", "make", str(home / "downloads")]) == 0
    assert capsys.readouterr().out == "1 tables agree with their sidecars\nfrom downloads\n"


def test_help_imports_nothing_heavy():
    program = (
        "import sys\nfrom frontier import cli\ncli.main(['--help'])\n"
        "print({'pandas', 'nbconvert', 'papermill', 'yaml'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "set()"
