"""What stands beside the reports of this site, from what they publish; no kernel runs."""

import json
from types import SimpleNamespace

import nbformat
import pandas as pd
import pytest
import yaml

import ledger_rows
import synthetic
from broadsheet import build
from frontier import claims
from frontier.data import measurements, tables
from frontier.errors import FrontierError
from frontier.site import citations, news, verdicts
from ledger_rows import decides, ledger_row, verdict_row
from synthetic import code, markdown, shows, tree

LEDGER = [ledger_row(name) for name in "abc"]


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Three reports that decide a claim each, with stand-ins for the data and the ledger."""
    monkeypatch.setenv("FRONTIER_HOME", str(tmp_path))
    monkeypatch.setattr(claims, "ledger_rows", lambda: LEDGER)
    monkeypatch.setattr(verdicts, "known", lambda: "abc")
    monkeypatch.setattr(tables, "verify", lambda: None)
    monkeypatch.setattr(tables, "digests", lambda: [("a.csv", "ab" * 32, "Medians of July")])
    monkeypatch.setattr(tables, "names", lambda: ["a"])
    monkeypatch.setattr(tables, "meta", lambda name: {"accessed": "2026-07-31"})
    monkeypatch.setattr(news, "records", list)
    synthetic.instantly(monkeypatch)
    cells = {name: [markdown(f"# {name}"), decides(verdict_row(name))] for name in "ab"}
    reports = {"01_a": (cells["a"], "a"), "02_b": (cells["b"], "b"), "03_c": ([code("1")], "c")}
    return ledger_rows.write(tmp_path, reports)


def built(home, names=()):
    return build.build(synthetic.collection(home), names)


def rewrite(home, name, *cells):
    path = home / "notebooks" / f"{name}.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=list(cells)), path)


def found(home):
    text = (home / "reports" / "verdicts.json").read_text()
    return {row["id"]: row for row in json.loads(text)["claims"]}


def test_the_site_has_its_files_and_every_claim_of_the_ledger(home):
    assert built(home) == 0
    assert {"index.html", "llms.txt", "verdicts.json"} <= set(tree(home / "reports"))
    said = {name: (row["verdict"], row["page"]) for name, row in found(home).items()}
    assert said["a"] == ("not-reproduced", "01_a.html")
    assert said["c"] == ("not yet examined", None) or said["c"] == ("not yet examined", "03_c.html")
    status = (home / "reports" / "status.html").read_text()
    assert "Medians of July: obtained 2026-07-31, " in status


def test_a_verdict_for_no_claim_of_the_ledger_fails_its_report_alone(home):
    rewrite(home, "01_a", decides(verdict_row("z")))
    assert built(home) == 1
    page = (home / "reports" / "01_a.html").read_text()
    assert "verdict for &#39;z&#39;, which is no claim of the ledger" in page
    assert found(home)["a"]["verdict"] == "not yet examined"
    assert found(home)["b"]["verdict"] == "not-reproduced"


def test_two_reports_that_decide_one_claim_leave_the_site_as_it_was(home):
    built(home)
    before = tree(home / "reports", without=())
    rewrite(home, "03_c", decides(verdict_row("a")))
    with pytest.raises(FrontierError, match="both give a verdict for 'a'"):
        built(home)
    assert tree(home / "reports", without=()) == before


def test_what_is_not_built_again_keeps_its_verdict(home):
    built(home)
    rewrite(home, "01_a", markdown("# Other"))
    built(home, ["01"])
    assert found(home)["a"]["verdict"] == "not yet examined"
    assert found(home)["b"]["verdict"] == "not-reproduced"
    status = (home / "reports" / "status.html").read_text()
    assert "not reached, 12.3457× → not yet examined, –" in status


def test_numbers_of_verdicts_have_six_digits_and_no_nan(home):
    value = {"value": 1 / 3, "low": float("inf"), "high": float("nan"), "unit": "X", "at": None}
    tiers = {"stated": [{"y": 123456.789}], "measured": None, "modelled": None}
    row = verdict_row("a", found=value, tiers=tiers)
    rewrite(home, "01_a", decides(row))
    built(home, ["01"])
    stored = found(home)["a"]
    assert stored["found"] == {**value, "value": 0.333333, "low": None, "high": None}
    assert stored["tiers"]["stated"] == [{"y": 123457.0}]


def test_a_report_that_names_rows_has_a_page_of_them_as_long_as_it_does(home, monkeypatch):
    row = SimpleNamespace(
        values=("50",), source="Runs", url="https://example.com/1", corrected=False
    )
    there = pd.DataFrame({"row_id": ["r1", "r2"]})
    monkeypatch.setattr(measurements, "load_measurements", lambda: there)
    monkeypatch.setattr(citations, "cited", lambda wanted: dict.fromkeys(wanted, row))
    monkeypatch.setattr(citations, "dates", lambda: "Of some days.")
    rows = home / "reports" / "01_a.rows.html"
    names = "row_id\nr1\nof another table\n"
    rewrite(home, "01_a", shows("<b>x</b>", files={"data/one.csv": names}))
    assert built(home) == 0
    assert 'id="r1"' in rows.read_text()
    assert 'id="r2"' not in rows.read_text()
    assert "of another table" not in rows.read_text()
    rows.write_text("edited")
    assert built(home) == 0
    assert 'id="r1"' in rows.read_text()
    rewrite(home, "01_a", shows("<b>x</b>", files={"data/one.csv": "row_id\n"}))
    assert built(home) == 0
    assert not rows.exists()


def test_the_listing_for_programs_has_the_twin_of_each_report_that_has_one(home):
    rewrite(home, "03_c", markdown("# Of c\n\nA sentence."))
    assert built(home) == 0
    listed = (home / "reports" / "llms.txt").read_text()
    assert "- [Title of 03_c](markdown/03_c.md)" in listed
    assert "(verdicts.json)" in listed
    assert "A sentence." in (home / "reports" / "markdown" / "03_c.md").read_text()


def test_the_index_shows_the_exhibits_that_its_map_names_and_no_others(home):
    path = home / "notebooks" / "collection.yaml"
    lead = {"notebook": "01_a", "exhibits": ["01-one", "01-absent"]}
    path.write_text(path.read_text() + yaml.safe_dump({"lead": lead}))
    drawn = '<figure class="exhibit" id="{}">the {} figure</figure>'
    rewrite(
        home, "01_a", markdown("# a"), *(shows(drawn.format(f"01-{n}", n)) for n in ("one", "two"))
    )
    assert built(home) == 0
    index = (home / "reports" / "index.html").read_text()
    assert "the one figure" in index and "the two figure" not in index


def test_a_site_whose_map_has_terms_and_errata_has_their_pages(home):
    path = home / "notebooks" / "collection.yaml"
    plain = path.read_text()
    more = {"glossary": [{"term": "Sound", "meaning": "heard"}], "errata": [{"text": "wrong"}]}
    path.write_text(plain + yaml.safe_dump(more))
    assert built(home) == 0
    there = {"glossary.html", "errata.html"}
    assert there <= set(tree(home / "reports"))
    path.write_text(plain)
    assert built(home) == 0
    assert not there & set(tree(home / "reports"))
