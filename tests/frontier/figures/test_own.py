"""A person's own rows: on the figures that they fit, apart from the public ones, in no verdict."""

import io
import shutil
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from frontier.claims.comparisons import Basis
from nbformat.v4 import new_code_cell, new_notebook

import measured
import synthetic
from broadsheet import build, run
from frontier import claims, cli, figures
from frontier.claims import comparisons
from frontier.data import measurements, tables
from frontier.figures import exhibits, movements, own
from measured import SHAPE, X, Y, sweep, together

ROOT = Path(__file__).parents[3]
HOSTILE = "<b>our</b> $x$"


def mine(*frames, label="our node"):
    """Own rows, each frame of another label if several are given."""
    labels = [label] if isinstance(label, str) else label
    parts = [frame.assign(label=name) for frame, name in zip(frames, labels, strict=True)]
    rows = together(*parts).assign(source="own", run_url="")
    return rows.assign(row_id=[f"own {i}" for i in range(len(rows))])


@pytest.fixture
def given(monkeypatch):
    """Have these rows as one's own, and none to begin with."""
    table = {"rows": measurements.own().iloc[:0]}
    monkeypatch.setattr(measurements, "own", lambda: table["rows"])
    meta = tables.meta

    def titled(name, **options):
        return {"title": "Your own rows"} if name == "own" else meta(name, **options)

    monkeypatch.setattr(tables, "meta", titled)
    return lambda rows: table.update(rows=rows)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FRONTIER_HOME", str(tmp_path))
    shutil.copytree(ROOT / "data", tmp_path / "data")
    return tmp_path


def write(rows):
    """Write own rows as an import does."""
    columns = {
        **measurements.column_sidecars(),
        "label": {"dtype": "string", "unit": "", "description": "the name of the series"},
    }
    meta = {
        "title": "Your own rows",
        "producer": "you",
        "citation": "yours",
        "url": "",
        "accessed": "2026-11-24",
        "licence": "yours",
        "columns": columns,
    }
    tables.write("own", rows, meta)


def one(rows, per="GPU", edition="2025"):
    test = measured.test_of(2.0)
    basis = Basis(per=per, power_edition=edition)
    return comparisons.one(basis, rows, test.comparisons[0], SHAPE)


def csv(exhibit, name):
    return pd.read_csv(io.StringIO(exhibit.files[f"data/{name}.csv"]))


def finding(comparison):
    return comparisons.examine(
        comparison, measured.test_of(2.0).target, sigma=0.01, replicates=50, how="step"
    )


# Nothing of one's own


def test_without_a_table_there_is_a_typed_frame_without_rows(home):
    rows = measurements.own()
    assert rows.empty and list(rows) == [*measurements.COLUMNS, "label"]
    public = measurements.load_measurements()
    assert rows.dtypes.drop("label").equals(public.dtypes)


def test_own_rows_are_read_as_written_and_are_never_among_the_public_ones(home):
    before = measurements.load_measurements()
    write(mine(sweep()))
    assert measurements.own()["label"].unique().tolist() == ["our node"]
    assert measurements.load_measurements().equals(before)
    assert measurements.OWN not in measurements.SOURCES


@pytest.mark.parametrize(
    "rows",
    [sweep(model="another"), sweep(isl=777), sweep(osl=9)],
    ids=["another model", "another input", "another output"],
)
def test_rows_of_another_model_or_shape_leave_every_figure_as_it_is(given, rows):
    comparison = one(measured.pair(3))
    claim = measured.claim_of(2.0)

    def drawn():
        found = [finding(comparison)]
        return [
            exhibits.frontiers([comparison], name="a").files,
            exhibits.ratios(found, claim, sigma=0.01, name="b").files,
        ]

    before = drawn()
    given(mine(rows))
    assert drawn() == before


# On the frontiers


def test_own_points_are_a_series_apart_with_their_source(given):
    comparison = one(measured.pair(3))
    public = csv(exhibits.frontiers([comparison], name="a"), "a")
    given(mine(sweep(y=1.5 * Y, hardware="b300")))
    exhibit = exhibits.frontiers([comparison], name="a")
    table = csv(exhibit, "a")
    assert table[table["source"] != "own"].reset_index(drop=True).equals(public)
    added = table[table["source"] == "own"]
    assert added["series"].unique() == ["our node (yours, not public, in no verdict)"]
    assert np.allclose(added["value"], 1.5 * Y)
    assert "Your own rows" in exhibit.html and "no verdict rests on them" in exhibit.html
    assert "our node (yours, not public, in no verdict)" in exhibit.files["figures/a.svg"]


def test_per_megawatt_own_rows_are_divided_by_the_power_of_their_edition(given):
    given(mine(sweep(hardware="b300")))
    for edition in ("2025", "2026-07"):
        shown = own.points([one(measured.pair(3), "MW", edition)])
        power = tables.read("power").set_index(["hardware", "edition"])["kw_per_gpu"]
        assert np.allclose(shown.data["value"], 1000 * Y / power["b300", edition])


def test_rows_without_a_known_power_are_left_out_aloud_per_megawatt_alone(given):
    given(mine(sweep(hardware="l40s")))
    assert len(own.points([one(measured.pair(3))]).data) == len(X)
    shown = own.points([one(measured.pair(3), "MW")])
    assert shown.data.empty and "Your rows on l40s are left out" in shown.left_out
    told = exhibits.frontiers([one(measured.pair(3), "MW")], name="a").html
    assert "Your rows on l40s are left out" in told


def test_own_frontiers_carry_only_their_best_points(given):
    given(mine(together(sweep(y=1.5 * Y), sweep(y=Y, tp=4))))
    fronts = own.points([one(measured.pair(3))]).fronts
    assert np.allclose(fronts["value"], 1.5 * Y) and np.allclose(fronts["interactivity"], X)


def test_two_labels_have_two_marks_and_neither_is_a_public_one(given):
    given(mine(sweep(y=1.5 * Y), sweep(y=2 * Y, tp=4), label=["one", "two"]))
    names = own.points([one(measured.pair(3))]).names
    marks = {figures.own_mark(names, name) for name in names}
    assert len(marks) == 2 and not marks & set(figures.MARKS.values())
    hues = {*figures.HARDWARE.values(), *figures.OTHER, *figures.MODELLED, *figures.SERIES}
    assert figures.INK not in hues


def test_a_label_cannot_become_markup(given):
    given(mine(sweep(y=1.5 * Y), label=HOSTILE))
    comparison = one(measured.pair(3))
    claim = measured.claim_of(2.0)
    for exhibit in (
        exhibits.frontiers([comparison], name="a"),
        exhibits.ratios([finding(comparison)], claim, sigma=0.01, name="a"),
    ):
        soup = BeautifulSoup(exhibit.html, "html.parser")
        assert soup.find("b") is None and HOSTILE in soup.get_text()


# On the ratios


def test_the_own_ratio_is_over_the_public_denominator(given):
    given(mine(sweep(y=1.5 * Y, hardware="b300")))
    shown = own.ratios([one(measured.pair(3))], measured.claim_of(2.0))
    assert np.allclose(shown.data["ratio"], 1.5)
    assert shown.names == ["our node over H200 (yours, not public, in no verdict)"]
    exhibit = exhibits.ratios(
        [finding(one(measured.pair(3)))], measured.claim_of(2.0), sigma=0.01, name="a"
    )
    table = csv(exhibit, "a")
    assert np.allclose(table.loc[table["source"] == "own", "ratio"], 1.5)
    assert np.allclose(table.loc[table["source"].isna(), "ratio"], 3)


def test_comparisons_with_one_denominator_give_one_own_line(given):
    given(mine(sweep(y=1.5 * Y)))
    other = comparisons.one(
        Basis(),
        together(measured.pair(3), sweep(y=4 * Y, hardware="gb300")),
        {
            "name": "GB300 over H200",
            "numerator": {"hardware": "gb300"},
            "denominator": {"hardware": "h200"},
        },
        SHAPE,
    )
    assert len(own.ratios([one(measured.pair(3)), other], measured.claim_of(2.0)).names) == 1


def test_an_own_frontier_that_shares_no_interactivity_is_said_to_be_left_out(given):
    given(mine(sweep(X * 1000, Y)))
    shown = own.ratios([one(measured.pair(3))], measured.claim_of(2.0))
    assert shown.names == [] and "No interactivity is shared by our node and H200" in shown.left_out


def test_what_a_lever_is_worth_is_not_asked_of_another_system(given):
    found = [finding(one(measured.pair(3)))]
    before = exhibits.ratios(found, sigma=0.01, name="a").files
    given(mine(sweep(y=1.5 * Y)))
    assert exhibits.ratios(found, sigma=0.01, name="a").files == before
    ledger = {claim.id for claim in claims.ledger()}
    assert set(own.ONE_THING) <= ledger
    for name in own.ONE_THING:
        assert own.ratios([one(measured.pair(3))], claims.claim(name)) is own.NOTHING
    assert own.ratios([one(measured.pair(3))], claims.claim("blackwell-advantage-40x")).names


# On the levels


def test_own_levels_are_drawn_and_decide_no_word(given):
    rows = measurements.load_measurements()
    tested = [claims.claim(name) for name in ("gptoss-60k-tps-gpu", "gptoss-1000-tps-user")]
    before = movements.reached(rows, tested, name="a")
    fast = sweep([2000], [100_000], model="gpt-oss-120b", hardware="l40s", isl=8192, osl=1024)
    given(mine(fast))
    after = movements.reached(rows, tested, name="a")
    table = csv(after, "a")
    assert table[table["source"] == "own"]["hardware"].tolist() == ["l40s", "l40s"]
    assert "the largest is 63,500, on B200" in after.html
    public = table[table["source"] != "own"].reset_index(drop=True)
    assert public.equals(csv(before, "a"))


# Verdicts and the engine


@pytest.mark.slow
def test_no_verdict_follows_from_own_rows(home):
    names = ("blackwell-advantage-40x", "gptoss-60k-tps-gpu")

    def verdicts():
        rows = measurements.load_measurements()
        return [claims.decide(claims.claim(n), rows, sigma=0.016).row() for n in names]

    before = verdicts()
    public = measurements.load_measurements()
    huge = public.assign(throughput_per_gpu=public["throughput_per_gpu"] * 1000)
    write(mine(huge[huge["model"].isin(["deepseek-r1", "gpt-oss-120b"])]))
    assert verdicts() == before


@pytest.mark.slow
def test_a_report_that_looked_for_own_rows_runs_again_when_they_come_or_go(home, capsys):
    (home / "notebooks").mkdir()
    cells = [new_code_cell("from frontier import measurements\nlen(measurements.own())")]
    nbformat.write(new_notebook(cells=cells), home / "notebooks" / "01_one.ipynb")
    (home / "notebooks" / "collection.yaml").write_text(
        "title: T\nroot: ..\nproject: frontier.site.project:project\n"
        "pages: [{notebook: 01_one, title: One}]\n"
    )

    def state():
        (task,) = build.status(synthetic.collection(home))
        return task.state, task.action, task.why

    assert cli.main(["build", "--cold"]) == 0
    assert state()[0] == "fresh"
    write(mine(sweep()))
    assert state() == ("stale", "run", ("data changed: data/own.meta.yml",))
    assert cli.main(["build", "--cold"]) == 0
    assert "9" in (home / "reports" / "01_one.html").read_text()
    assert state()[0] == "fresh"
    for file in (home / "data").glob("own.*"):
        file.unlink()
    # What was made without them is still in the store: only the page is made again.
    told = state()
    assert told[:2] == ("stale", "render") and "data gone" in told[2][0]


def test_a_kernel_tells_that_it_looked_for_own_rows(home, tmp_path):
    cells = [new_code_cell("from frontier import measurements\nlen(measurements.own())")]
    notebook = home / "one.ipynb"
    nbformat.write(new_notebook(cells=cells), notebook)
    folder = tmp_path / "work"
    folder.mkdir()
    result = run.execute(synthetic.task(notebook, root=home), folder=folder)
    assert result.failure is None
    assert "data/own.meta.yml" in result.reads
