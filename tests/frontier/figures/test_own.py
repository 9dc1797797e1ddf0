"""A reader's own rows: on the frontier charts that they fit, apart from the public ones."""

import io
import shutil
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_notebook

import measured
import synthetic
from broadsheet import build, run
from frontier import claims, cli, figures
from frontier.claims import Basis
from frontier.data import measurements, tables
from frontier.errors import UsageError
from frontier.figures import own, theme
from measured import SHAPE, X, Y, sweep, together

ROOT = Path(__file__).parents[3]
HOSTILE = "<b>our</b> $x$"
NAME = "our node (your own, in no verdict)"
MODEL = "deepseek-r1"
PER_GPU = Basis()


def mine(*frames, label="our node"):
    """Own rows, each frame of another label if several are given."""
    labels = [label] if isinstance(label, str) else label
    parts = [frame.assign(label=name) for frame, name in zip(frames, labels, strict=True)]
    rows = together(*parts).assign(source="own", run_url="")
    return rows.assign(row_id=[f"own {i}" for i in range(len(rows))])


def public(basis=PER_GPU, rows=None):
    """Public points as a notebook has them."""
    sides = [{"model": MODEL, "hardware": key} for key in ("gb200", "h200")]
    rows = measured.pair(3) if rows is None else rows
    points = claims.fronts(claims.ratio(rows, *sides, traffic=SHAPE, basis=basis))
    return points[points["on_front"]].assign(evidence="measured")


@pytest.fixture
def given(monkeypatch):
    """Have these rows as one's own, and none to begin with."""
    table = {"rows": measurements.own().iloc[:0]}
    monkeypatch.setattr(measurements, "own", lambda: table["rows"])
    return lambda *frames, **more: table.update(rows=mine(*frames, **more))


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FRONTIER_HOME", str(tmp_path))
    for name in ("data", "schema"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def write(rows):
    """Write own rows as an import does."""
    dtypes = {"label": {"dtype": "string", "unit": "", "description": "the name of the series"}}
    meta = {
        "title": "Your own rows",
        "producer": "you",
        "citation": "yours",
        "url": "",
        "accessed": "2026-11-24",
        "licence": "yours",
        "columns": measurements.column_sidecars() | dtypes,
    }
    tables.write("own", rows, meta)


def added(points, basis=PER_GPU):
    found = figures.with_own(points, model=MODEL, basis=basis)
    return found[found["evidence"] == theme.OWN]


# What is no series


def test_without_a_table_there_is_a_typed_frame_without_rows(home):
    rows = measurements.own()
    assert rows.empty and list(rows) == [*measurements.COLUMNS, "label"]
    assert rows.dtypes.drop("label").equals(measurements.load_measurements().dtypes)


def test_own_rows_are_read_as_written_and_are_never_among_the_public_ones(home):
    before = measurements.load_measurements()
    write(mine(sweep()))
    assert measurements.own()["label"].unique().tolist() == ["our node"]
    assert measurements.load_measurements().equals(before)
    assert measurements.OWN not in measurements.SOURCES


@pytest.mark.parametrize(
    "rows",
    [sweep(model="another"), sweep(isl=777), sweep(osl=9), sweep().iloc[:0]],
    ids=["another model", "another input", "another output", "none"],
)
def test_rows_of_another_model_or_traffic_leave_the_points_as_they_are(given, rows):
    given(rows)
    points = public()
    assert figures.with_own(points, model=MODEL, basis=PER_GPU) is points


def test_rows_without_a_known_power_are_left_out_aloud_per_megawatt_alone(given, capsys):
    given(sweep(hardware="l40s"))
    assert len(added(public())) == len(X) and capsys.readouterr().out == ""
    assert added(public(Basis(per="MW")), Basis(per="MW")).empty
    told = "Your rows on l40s are left out: no tok/s/MW is known of them.\n"
    assert capsys.readouterr().out == told


def test_points_that_do_not_say_their_traffic_are_refused():
    with pytest.raises(UsageError, match="no column 'traffic'"):
        figures.with_own(public().drop(columns="traffic"), model=MODEL, basis=PER_GPU)


# What is one


def test_the_own_frontier_is_a_series_apart_after_the_public_points(given):
    given(together(sweep(y=1.5 * Y, hardware="b300"), sweep(y=Y, tp=4)))
    points = public().reset_index(drop=True)
    found = figures.with_own(points, model=MODEL, basis=PER_GPU)
    assert found.head(len(points))[list(points)].astype(str).equals(points.astype(str))
    rest = found.iloc[len(points) :]
    assert set(rest["system"]) == {NAME} and set(rest["source"]) == {"own"}
    # Only its best points, and no row that a page would have to know.
    assert np.allclose(rest["throughput"], 1.5 * Y) and np.allclose(rest["interactivity"], X)
    assert set(rest["row_id"]) == {""} and rest["on_front"].all()


def test_traffic_in_words_is_that_traffic(given):
    given(sweep(), sweep(isl=8192, osl=1024), label=["one", "two"])
    points = public().assign(traffic="1k in, 8k out")
    assert set(added(points)["system"]) == {own.series("one")}


@pytest.mark.parametrize("edition", ["2025", "2026-07"])
def test_per_megawatt_own_rows_are_divided_by_the_power_of_the_edition(given, edition):
    given(sweep(hardware="b300"))
    basis = Basis(per="MW", edition=edition)
    power = tables.read("power").set_index(["hardware", "edition"])["kw_per_gpu"]
    assert np.allclose(added(public(basis), basis)["throughput"], 1000 * Y / power["b300", edition])


def test_own_series_are_drawn_in_ink_with_a_star_and_told_apart(given):
    given(sweep(y=1.5 * Y), sweep(y=2 * Y), label=["one", "GB200"])
    (axes,) = figures.frontier_chart(
        figures.with_own(public(), model=MODEL, basis=PER_GPU), unit="tok/s/GPU"
    ).axes
    lines = {line.get_label(): line for line in axes.lines}
    mine = [lines[own.series(name)] for name in ("one", "GB200")]
    assert {line.get_color() for line in mine} == {theme.INK}
    assert len({line.get_linestyle() for line in mine}) == 2
    others = [line for name, line in lines.items() if "your own" not in name]
    assert len(others) == 2 and theme.INK not in {line.get_color() for line in others}
    assert list(theme.MARKS.values()).count(theme.MARKS[theme.OWN]) == 1


def test_a_page_has_own_points_with_their_source_and_without_links(home):
    write(mine(sweep(y=1.5 * Y), label=HOSTILE))
    points = figures.with_own(public(), model=MODEL, basis=PER_GPU)
    chart = figures.frontier_chart(points, unit="tok/s/GPU")
    exhibit = figures.publish(chart, name="a", caption="What to see.", alt="What it shows.")
    soup = BeautifulSoup(exhibit.html, "html.parser")
    assert soup.find("b") is None and HOSTILE in soup.get_text()
    assert "Your own rows" in soup.find(class_="source").get_text()
    assert not {link["href"] for link in soup.find_all("a", href=True)} & {"#row:", "#row:own 0"}
    table = pd.read_csv(io.StringIO(exhibit.files["data/a.csv"]))
    assert (table["source"] == "own").sum() == len(X)


# Reports, verdicts and the engine


@pytest.mark.slow
def test_imported_results_are_in_the_first_figure_of_the_report_on_40x(home):
    shutil.copytree(ROOT / "notebooks", home / "notebooks")
    quick = sweep(y=1.5 * Y, hardware="b200", isl=8192, osl=1024)
    write(mine(quick))
    assert cli.main(["build", "03", "--cold"]) == 0
    page = BeautifulSoup(
        (home / "reports" / "03_blackwell_advantage.html").read_text(), "html.parser"
    )
    assert NAME in page.find(id="03-frontiers").get_text()
    drawn = pd.read_csv(home / "reports" / "data" / "03-frontiers.csv")
    kept = drawn[drawn["source"] == "own"]
    assert set(kept["system"]) == {NAME} and set(kept["traffic"]) == {"8k in, 1k out"}
    kilowatts = tables.read("power").set_index(["hardware", "edition"])["kw_per_gpu"]
    best = 1000 * (1.5 * Y).max() / kilowatts["b200", "2025"]
    assert kept["throughput"].max() == pytest.approx(best, rel=1e-5)


@pytest.mark.slow
def test_no_verdict_follows_from_own_rows(home):
    names = ("blackwell-advantage-40x", "gptoss-60k-tps-gpu")

    def verdicts():
        rows = measurements.load_measurements()
        return [claims.decide(claims.claim(name), rows).row() for name in names]

    before = verdicts()
    rows = measurements.load_measurements()
    huge = rows.assign(throughput_per_gpu=rows["throughput_per_gpu"] * 1000)
    write(mine(huge[huge["model"].isin([MODEL, "gpt-oss-120b"])]))
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
    assert told[:2] == ("stale", "render") and "(gone)" in told[2][0]


def test_a_kernel_tells_that_it_looked_for_own_rows(home, tmp_path):
    cells = [new_code_cell("from frontier import measurements\nlen(measurements.own())")]
    notebook = home / "one.ipynb"
    nbformat.write(new_notebook(cells=cells), notebook)
    folder = tmp_path / "work"
    folder.mkdir()
    result = run.execute(synthetic.task(notebook, root=home), folder=folder)
    assert result.failure is None
    assert "data/own.meta.yml" in result.reads
