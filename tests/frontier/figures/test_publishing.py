"""Exhibits: what a page refuses to show, what it carries, and that text from data stays text."""

import io
import re
from xml.etree import ElementTree

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import seaborn as sns
from bs4 import BeautifulSoup
from matplotlib.figure import Figure

from broadsheet import FILES_MIME
from frontier import figures
from frontier.figures import svg, theme

HOSTILE = '<script>alert(1)</script>"&'
WORDS = {"name": "t-one", "caption": "What to see.", "alt": "What it shows."}
POINTS = pd.DataFrame(
    {
        "system": ["GB200 NVL72"] * 3 + ["H200 node"] * 3,
        "traffic": "8k in, 1k out",
        "interactivity": [20.0, 50, 100] * 2,
        "throughput": [800.0, 400, 100, 80, 20, 10],
        "row_id": [f"row-{i}" for i in range(6)],
        "evidence": "measured",
        "source": "power",
    }
)


def soup(exhibit):
    return BeautifulSoup(exhibit.html, "html.parser")


def published(shown=None, **changes):
    shown = figures.frontier_chart(POINTS, unit="tok/s") if shown is None else shown
    return figures.publish(shown, **{**WORDS, **changes})


def test_a_published_grid_is_closed_so_that_a_notebook_does_not_show_it_twice():
    grid = sns.relplot(POINTS, x="interactivity", y="throughput")
    published(grid, data=POINTS)
    assert grid.figure.number not in plt.get_fignums()


def test_seaborn_draws_nothing_for_a_legend_that_publish_places(monkeypatch):
    figures.apply()
    monkeypatch.setattr(Figure, "draw", lambda *_: pytest.fail("it was drawn"))
    grid = sns.relplot(POINTS, x="interactivity", y="throughput", hue="system")
    grid.tight_layout()
    monkeypatch.undo()
    assert "GB200 NVL72" in soup(published(grid, data=POINTS)).find("svg").get_text()
    assert not plt.get_fignums()


@pytest.mark.parametrize("missing", ["caption", "alt", "name"])
def test_a_figure_without_its_words_is_refused(missing):
    with pytest.raises(ValueError, match=missing):
        published(**{missing: " "})


def test_a_name_that_could_not_be_a_files_is_refused():
    with pytest.raises(ValueError, match="no name"):
        published(name="a/../b")


def test_an_exhibit_whose_sources_are_unknown_is_refused():
    with pytest.raises(ValueError, match="needs its sources"):
        published(POINTS.drop(columns="source"))


def test_a_figure_without_its_data_is_refused():
    with pytest.raises(ValueError, match="give data="):
        published(mpl.figure.Figure(), sources=["power"])


def test_a_figure_is_drawn_for_a_page_and_for_a_phone_with_ids_of_their_own():
    page = soup(published())
    wide, phone = page.find_all("svg")
    assert wide["aria-label"] == phone["aria-label"] == WORDS["alt"]
    ids = [tag["id"] for tag in page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    assert float(phone["viewbox"].split()[2]) == 72 * theme.PHONE


def test_the_same_figure_gives_the_same_bytes():
    assert published().html == published().html


def test_points_that_are_set_apart_by_chance_are_drawn_at_the_same_places_each_time():
    def strip():
        figures.apply()
        return published(sns.catplot(POINTS, x="throughput", y="system", kind="strip")).html

    first, _ = strip(), np.random.uniform(size=7)
    assert strip() == first
    assert published(sns.catplot(POINTS, x="throughput", y="system", kind="strip")).html != first


def test_a_seaborn_grid_is_published_with_the_frame_it_was_drawn_from():
    figures.apply()
    grid = sns.relplot(POINTS, x="interactivity", y="throughput", hue="system")
    files = published(grid).files
    found = pd.read_csv(io.StringIO(files["data/t-one.csv"]))
    pd.testing.assert_frame_equal(found, POINTS, check_dtype=False)


def test_marks_of_rows_lead_to_them():
    page = soup(published())
    links = {a["href"] for a in page.select("svg[role=group] a")}
    assert not page.select(".phone a")  # too small for a finger
    assert links == {f"#row:row-{i}" for i in range(6)}


def test_a_cell_leads_to_the_rows_of_both_sides():
    cell = figures.Cell("17.6×", ("a", "b"), title="<why>")
    frame = pd.DataFrame({"traffic": ["8k"], "50": [cell]})
    links = soup(published(frame, alt="", sources=["power"])).find_all(
        "a", href=re.compile("^#row:")
    )
    assert [link["href"] for link in links] == ["#row:a", "#row:b"]
    assert links[0]["title"] == "<why>"


def test_text_from_data_is_never_markup():
    frame = pd.DataFrame({HOSTILE: [HOSTILE], "cell": [figures.Cell(HOSTILE, (HOSTILE,), HOSTILE)]})
    for shown in (frame, figures.frontier_chart(POINTS.assign(system=HOSTILE), unit=HOSTILE)):
        exhibit = published(shown, caption=HOSTILE, alt=HOSTILE, sources=["power"])
        assert not soup(exhibit).find("script")
        assert "<script" not in exhibit.files.get("figures/t-one.svg", "")


def test_text_from_data_is_never_a_style():
    said = ' style="}body{display:none}"'
    exhibit = published(figures.frontier_chart(POINTS.assign(system=said), unit=said))
    assert all("display" not in style.get_text() for style in soup(exhibit).find_all("style"))
    assert soup(exhibit).get_text().count("display:none") > 1


def test_text_from_data_is_no_formula_in_a_spreadsheet():
    frame = pd.DataFrame({"name": ["=1+1", "-2", "@x", "sound"], "value": [-1.0, 2, 3, 4]})
    text = published(frame, alt="", sources=["power"]).files["data/t-one.csv"]
    assert text.splitlines()[1:] == ["'=1+1,-1", "'-2,2", "'@x,3", "sound,4"]


def test_a_table_is_markdown_too_with_the_same_numbers():
    frame = pd.DataFrame({"a|b": ["x"], "n": [1234.5], "none": [np.nan], "yes": [True]})
    exhibit = published(frame, alt="", sources=["power"])
    assert exhibit.markdown.splitlines()[2] == "| x | 1,230 | – | yes |"
    assert [td.text for td in soup(exhibit).select("tbody td")] == ["1,230", "–", "yes"]


def test_an_exhibit_gives_its_files_in_a_mime_type_of_the_engine():
    bundle = published()._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/markdown", FILES_MIME}
    assert set(bundle[FILES_MIME]) == {"data/t-one.csv", "figures/t-one.svg"}


def test_a_published_svg_is_well_formed_and_asks_for_nothing():
    text = published().files["figures/t-one.svg"]
    root = ElementTree.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"  # or a browser shows its source
    assert root.get("role") == "img"
    assert not re.search(r'(href|src)="(?!#)', text)
    assert "<a " not in text  # beside the file is no page of rows
    assert "var(--gb200, #0a5ea8)" in text


def test_ids_are_kept_only_where_something_refers_to_them():
    text = published().files["figures/t-one.svg"]
    ids = set(re.findall(r' id="([^"]+)"', text))
    assert ids and all(f"#{one}" in text for one in ids)


def test_decimals_too_small_to_be_seen_are_rounded():
    assert svg.rounded("M 0.001 -0.5 L 12.3456 7") == "M0 -.5L12.35 7"


@pytest.mark.parametrize("last_bits", [0, 1e-9])
def test_points_that_round_to_one_place_are_drawn_once(last_bits):
    figure, axes = plt.subplots()
    (line,) = axes.plot([0, 1, 1 + last_bits, 2, 4, 5, 6], [0, 1, 1 + last_bits, 0, 3, 1, 3])
    line.get_path().should_simplify = False
    picture = svg.drawn(figure, name="t", alt="", variables={})
    plt.close(figure)
    assert [path.count("L") for path in re.findall(r' d="([^"]+)"', picture)].count(5) == 1
