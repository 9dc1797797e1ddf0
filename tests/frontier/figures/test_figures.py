import re
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from broadsheet import READS
from frontier import figures
from frontier.data import tables

SOURCE = "inferencex_captures"
WORDS = {"name": "03-ratio", "alt": "It rises.", "caption": "It rises to 4."}
DATA = pd.DataFrame(
    {
        "x": [10.0, 20.0, 40.0] * 2,
        "y": [4.0, np.nan, 1.0, 30.0, 20.0, 10.0],
        "low": [3.0, np.nan, 0.5, 20.0, 15.0, 9.0],
        "high": [5.0, np.nan, 2.0, 40.0, 25.0, 11.0],
        "name": ["B200"] * 3 + ["GB200"] * 3,
        "source": SOURCE,
    }
)
HUES = {"B200": figures.colour("b200"), "GB200": figures.colour("gb200")}
LABELS = {"xlabel": "Interactivity", "ylabel": "Ratio"}


def drawn(data=DATA, **options):
    keys = {"x": "x", "y": "y", "series": "name", "colours": HUES, **LABELS}
    return figures.lines(data, **{**keys, **options})


def publish(figure=None, data=DATA, **words):
    return figures.publish(figure or drawn(data), data=data, **{**WORDS, **words})


def svg(exhibit):
    (text,) = (text for path, text in exhibit.files.items() if path.endswith(".svg"))
    return text


def colours(artists):
    return [mpl.colors.to_hex(artist.get_color()) for artist in artists]


# Words are required.


@pytest.mark.parametrize("missing", ["name", "alt", "caption"])
@pytest.mark.parametrize("nothing", ["", "  "])
def test_a_figure_without_its_words_is_refused(missing, nothing):
    with pytest.raises(ValueError, match=f"an exhibit needs a {missing}"):
        publish(**{missing: nothing})


@pytest.mark.parametrize("missing", ["name", "caption"])
def test_a_table_without_its_words_is_refused(missing):
    words = {"name": "03-rows", "caption": "Two rows.", missing: ""}
    with pytest.raises(ValueError, match=f"an exhibit needs a {missing}"):
        figures.table(DATA, **words)


def test_an_exhibit_without_a_source_is_refused():
    bare = DATA.drop(columns="source")
    with pytest.raises(ValueError, match="needs its sources"):
        publish(data=bare)
    with pytest.raises(ValueError, match="needs its sources"):
        figures.table(bare, name="03-rows", caption="Two rows.")


@pytest.mark.parametrize("name", ["../up", "a/b", "a b", "<script>", '"onload=', ".", "é", "-a"])
def test_a_name_that_is_no_plain_name_is_refused(name):
    with pytest.raises(ValueError, match="is no name"):
        publish(name=name)


# What a page gets.


def test_a_figure_leaves_with_its_words_its_sources_and_its_files(monkeypatch):
    monkeypatch.setenv(READS, "a build's")
    exhibit = publish(sources=["power"])
    page = BeautifulSoup(exhibit.html, "html.parser")
    (image,) = page.find_all("svg")
    assert (image["role"], image["aria-label"]) == ("img", "It rises.")
    assert page.figure["id"] == "03-ratio"
    assert page.figcaption.p.text == "It rises to 4."
    line = page.find(class_="source").text
    for key in (SOURCE, "power"):
        assert tables.meta(key)["title"] in line
    links = {a["href"] for a in page.find_all("a")}
    assert links == set(exhibit.files) == {"data/03-ratio.csv", "figures/03-ratio.svg"}
    assert exhibit._repr_mimebundle_() == {
        "text/html": exhibit.html,
        figures.FILES_MIME: exhibit.files,
    }


def test_hostile_words_are_escaped_everywhere():
    hostile = '<script>alert("1")</script> & \\1 $a$ $b$'
    data = DATA.assign(name=DATA["name"].replace("B200", hostile))
    hues = {hostile: HUES["B200"], "GB200": HUES["GB200"]}
    figure = drawn(data, colours=hues, panel=None, claim=(2.0, hostile))
    exhibit = publish(figure, data, alt=hostile, caption=hostile)
    page = BeautifulSoup(exhibit.html, "html.parser")
    assert page.find("script") is None
    assert page.svg["aria-label"] == hostile
    assert page.figcaption.p.text == hostile
    assert hostile in [text.text for text in page.find_all("text")]
    ElementTree.fromstring(svg(exhibit))


@pytest.mark.parametrize(
    "hostile",
    [
        "</text><script>alert(1)</script>",
        "'DejaVu Sans' forever",
        ' id="x" href="#y"',
        "url(#p) " + figures.INK,
        "--><!--",
        "]]>",
        "&lt;b&gt;",
    ],
)
def test_a_label_stays_a_label_whatever_it_says(hostile):
    cells = pd.DataFrame({"row": hostile, "column": ["a", hostile], "value": [1.0, 2.0]})
    rows = pd.DataFrame(
        {"label": [hostile], "group": hostile, "headline": 2.0, "low": 1.0, "high": 3.0}
    )
    hues = {hostile: HUES["B200"], "GB200": HUES["GB200"]}
    figures_ = [
        drawn(DATA.assign(name=DATA["name"].replace("B200", hostile)), colours=hues, panel="name"),
        figures.intervals(
            rows, label="label", group="group", xlabel=hostile, colours=hues, claim=(2.0, hostile)
        ),
        figures.heat(cells, row="row", column="column", value="value", centre=1.0, label=hostile),
    ]
    for figure in figures_:
        tree = ElementTree.fromstring(svg(publish(figure)))
        names = {element.tag.rpartition("}")[2] for element in tree.iter()}
        assert "script" not in names
        assert hostile in ["".join(text.itertext()) for text in tree.iter() if "text" in text.tag]


def test_an_svg_says_the_same_bytes_twice():
    assert svg(publish()) == svg(publish())
    assert publish().html == publish().html


def test_ids_are_prefixed_unique_and_every_reference_has_its_target():
    one = drawn(band=("low", "high"), marks=True, claim=(2.0, "claimed"))
    pages = [svg(publish(one)), svg(publish(one, name="03-other"))]
    for text, name in zip(pages, ("03-ratio", "03-other"), strict=True):
        ids = re.findall(r' id="([^"]+)"', text)
        assert ids and len(ids) == len(set(ids))
        assert all(i.startswith(f"{name}-") for i in ids)
        used = re.findall(r'href="#([^"]+)"', text) + re.findall(r"url\(#([^)]+)\)", text)
        assert used and set(used) == set(ids)


def test_an_svg_takes_its_colours_and_its_font_from_the_page():
    text = svg(publish(drawn(claim=(2.0, "claimed"))))
    for variable in ("ink", "muted", "grid", "claim", "b200", "gb200"):
        assert f"var(--{variable}, #" in text
    bare = re.sub(r"var\(--[\w-]+, #\w{6}\)", "", text)
    for colour in (figures.INK, figures.MUTED, figures.GRID, *HUES.values()):
        assert colour not in bare
    assert "var(--sans, sans-serif)" in text
    assert "DejaVu" not in text


def test_an_svg_loads_nothing_and_says_nothing_of_when_it_was_made():
    text = svg(publish())
    root = ElementTree.fromstring(text)
    assert root.get("width") and "pt" not in root.get("width")
    assert "metadata" not in text and "<?xml" not in text
    others = re.findall(r'(?:href|src)="([^"#]+)"', text)
    assert others == []
    assert set(re.findall(r"https?://[^\"]+", text)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }


def test_a_csv_has_six_significant_digits_and_plain_dates():
    data = pd.DataFrame(
        {
            "ratio": [np.pi * 1e6, 1 / 3],
            "day": pd.to_datetime(["2026-01-02", None]),
            "name": ["a,b", "c"],
            "source": SOURCE,
        }
    )
    exhibit = figures.table(data, name="03-rows", caption="Two rows.")
    assert exhibit.files["data/03-rows.csv"] == (
        f'ratio,day,name,source\n3.14159e+06,2026-01-02,"a,b",{SOURCE}\n0.333333,,c,{SOURCE}\n'
    )


# What is drawn.


def test_lines_have_the_values_the_colours_and_the_dashes_asked_for():
    figure = drawn(dashes={"GB200": (0, (4, 2))})
    (axes,) = figure.axes
    first, second = axes.get_lines()
    assert (first.get_label(), second.get_label()) == ("B200", "GB200")
    assert colours([first, second]) == list(HUES.values())
    np.testing.assert_array_equal(first.get_ydata(), [4, np.nan, 1])
    np.testing.assert_array_equal(second.get_xdata(), [10, 20, 40])
    assert first.get_linestyle() == "-"
    assert second.get_linestyle() == "--"


def test_a_band_is_drawn_for_every_line_and_the_claim_as_a_line_with_its_name():
    (axes,) = drawn(band=("low", "high"), claim=(25.0, "claimed 25x")).axes
    assert len(axes.collections) == 2
    claimed = axes.get_lines()[-1]
    assert set(claimed.get_ydata()) == {25}
    assert colours([claimed]) == [figures.CLAIM]
    assert claimed.get_label() == "claimed 25x"
    assert list(axes.texts) == []  # the name stands in the legend, not over the data
    assert axes.get_ylim()[0] < 25 < axes.get_ylim()[1]


def test_both_axes_are_logarithmic_with_plain_numbers_and_no_small_ticks():
    (axes,) = drawn(DATA.assign(y=DATA["y"] * 1000)).axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    labels = [axes.yaxis.get_major_formatter()(value, 0) for value in (500, 1000, 20000)]
    assert labels == ["500", "1,000", "20,000"]
    assert len(axes.yaxis.get_minorticklocs()) == 0
    (linear,) = drawn(log="y").axes
    assert (linear.get_xscale(), linear.get_yscale()) == ("linear", "log")


def test_the_legend_stands_outside_the_axes():
    figure = drawn()
    figure.draw_without_rendering()
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["B200", "GB200"]
    assert figure.axes[0].get_legend() is None
    assert not legend.get_window_extent().overlaps(figure.axes[0].get_window_extent())


def test_a_single_line_has_no_legend():
    assert drawn(DATA[DATA["name"] == "B200"]).legends == []


def test_panels_share_their_scale_and_name_themselves():
    data = DATA.assign(shape=["1024/1024"] * 3 + ["1024/8192"] * 3)
    left, right = drawn(data, panel="shape", claim=(2.0, "claimed")).axes
    assert (left.get_title(loc="left"), right.get_title(loc="left")) == ("1024/1024", "1024/8192")
    assert left.get_ylim() == right.get_ylim()
    names = [t.get_text() for t in left.figure.legends[0].get_texts()]
    assert names.count("claimed") == 1


POINTS = pd.DataFrame(
    {
        "interactivity": [10.0, 20.0, 15.0, 30.0],
        "value": [400.0, 200.0, 100.0, 50.0],
        "series": ["B200", "B200", "GB200", "GB200"],
        "source": SOURCE,
        "evidence": ["measured", "derived from latencies", "measured", "measured, labels inferred"],
    }
)


def fronts(points=POINTS):
    return figures.frontiers(
        points,
        POINTS[["interactivity", "value", "series"]],
        series="series",
        colours=HUES,
        ylabel="Throughput",
    )


def test_points_of_other_evidence_have_other_marks_and_the_legend_says_which():
    figure = fronts()
    (axes,) = figure.axes
    (dots,) = axes.collections
    np.testing.assert_array_equal(dots.get_offsets(), POINTS[["interactivity", "value"]])
    found = [tuple(path.vertices.ravel().round(3)) for path in dots.get_paths()]
    assert found[0] == found[2]
    assert len(set(found)) == 3
    keys = [text.get_text() for text in figure.legends[0].get_texts()]
    assert keys == [
        "B200",
        "GB200",
        "point, measured",
        "point, derived from latencies",
        "point, measured, labels inferred",
    ]
    marks = [line.get_marker() for line in axes.get_lines()[2:]]
    assert marks == ["o", "s", "D"]


def test_a_frontier_is_drawn_as_steps_that_hold_to_the_left():
    lines = fronts().axes[0].get_lines()[:2]
    assert {line.get_drawstyle() for line in lines} == {"steps-pre"}
    assert colours(lines) == list(HUES.values())


def test_a_modelled_line_is_dashed_and_dotted_where_it_was_not_checked():
    outside = [True, False, False, True]
    modelled = pd.DataFrame(
        {
            "interactivity": [5.0, 10.0, 20.0, 40.0],
            "value": [8.0, 4.0, 2.0, 1.0],
            "series": "B200",
            "extrapolated": outside,
        }
    )
    figure = figures.frontiers(
        POINTS,
        POINTS[["interactivity", "value", "series"]],
        series="series",
        colours=HUES,
        ylabel="Throughput",
        modelled=modelled,
        at=(15.0, "target"),
    )
    lines = [line for line in figure.axes[0].get_lines() if line.get_linewidth() == 1.2]
    drawn = [(line.get_xdata().tolist(), line.get_linestyle()) for line in lines[:2]]
    # Each part has the dash of the point that it leads to.
    assert drawn == [([5.0, 10.0, 20.0], "--"), ([20.0, 40.0], "--")]
    dashes = [line._unscaled_dash_pattern[1] for line in lines[:2]]
    assert dashes == [(5, 1.5), (1, 2)]
    keys = [text.get_text() for text in figure.legends[0].get_texts()]
    assert keys[-2:] == ["modelled", "modelled, extrapolated"]


def test_a_modelled_line_that_changes_at_every_point_is_drawn_whole():
    modelled = pd.DataFrame(
        {
            "interactivity": [5.0, 10.0, 20.0, 40.0],
            "value": [8.0, 4.0, 2.0, 1.0],
            "series": "B200",
            "extrapolated": [False, True, False, True],
        }
    )
    figure = figures.frontiers(
        POINTS,
        POINTS[["interactivity", "value", "series"]],
        series="series",
        colours=HUES,
        ylabel="Throughput",
        modelled=modelled,
    )
    lines = [line for line in figure.axes[0].get_lines() if line.get_linewidth() == 1.2][:3]
    assert [line.get_xdata().tolist() for line in lines] == [[5, 10], [10, 20], [20, 40]]


def test_quantities_have_a_panel_each_with_its_own_scale_and_the_target():
    data = pd.DataFrame(
        {
            "quantity": ["cost", "cost", "users"],
            "interactivity": [10.0, 20.0, 10.0],
            "value": [0.1, 0.2, 9000.0],
            "series": "B200",
        }
    )
    figure = figures.quantities(
        data, columns={"cost": "Cost, $", "users": "Users"}, series="series", colours=HUES, at=15.0
    )
    first, second = figure.axes
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["Cost, $", "Users"]
    assert first.get_lines()[0].get_ydata().tolist() == [0.1, 0.2]
    assert first.get_lines()[0].get_drawstyle() == "steps-pre"
    assert second.get_lines()[0].get_ydata().tolist() == [9000.0]
    assert first.get_lines()[1].get_xdata() == [15.0, 15.0]


def test_marks_are_an_image_only_where_they_are_very_many():
    count = figures.MOST_MARKS + 1
    many = POINTS.iloc[np.arange(count) % 4].assign(interactivity=np.linspace(10, 30, count))
    text = svg(publish(fronts(many), many))
    assert "data:image/png" in text
    assert svg(publish(fronts(many), many)) == text
    assert "data:image/png" not in svg(publish(fronts(), POINTS))


ROWS = pd.DataFrame(
    {
        "label": ["a", "b", "c"],
        "group": ["one", "one", "two"],
        "headline": [2.0, 3.0, 9.0],
        "low": [1.8, 2.5, 8.0],
        "high": [2.2, 3.5, 10.0],
        "least": [1.0, 1.0, 5.0],
        "largest": [4.0, 6.0, 20.0],
        "source": SOURCE,
    }
)


def test_intervals_are_drawn_from_the_top_in_the_order_of_the_frame():
    hues = {"one": figures.SERIES[0], "two": figures.SERIES[1]}
    figure = figures.intervals(
        ROWS,
        label="label",
        group="group",
        xlabel="Ratio",
        colours=hues,
        claim=(25.0, "claimed 25x"),
    )
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.get_yticklabels()] == ["a", "b", "c"]
    places = axes.get_yticks()
    assert (np.diff(places) < 0).all()
    thin, bars, dots = axes.collections
    assert [(s[0][0], s[1][0]) for s in thin.get_segments()] == [(1, 4), (1, 6), (5, 20)]
    assert [(s[0][0], s[1][0]) for s in bars.get_segments()] == [(1.8, 2.2), (2.5, 3.5), (8, 10)]
    assert dots.get_offsets()[:, 0].tolist() == [2, 3, 9]
    assert {text.get_text() for text in axes.texts} == {"one", "two", "claimed 25x"}
    low, high = axes.get_xlim()
    assert low < 1 and high > 25
    assert axes.get_xscale() == "log"


def test_an_accelerator_has_one_colour_and_no_two_share_it():
    hues = [figures.colour(key) for key in figures.HARDWARE]
    assert len(set(hues)) == len(hues)
    assert figures.colour("something else") == figures.colour("something else")
    assert figures.colour("something else") in figures.OTHER


# Tables.

TABLE = pd.DataFrame(
    {
        "system": ["<b>B200</b>", "H200"],
        "ratio": [1234.5, np.nan],
        "GPUs": [72, 8],
        "firm": [True, False],
        "day": pd.to_datetime(["2026-01-02", None]),
    }
)


def cells(frame=TABLE):
    exhibit = figures.table(frame, name="03-rows", caption="Two <rows>.", sources=[SOURCE])
    return BeautifulSoup(exhibit.html, "html.parser")


def test_a_table_has_a_caption_and_headers_with_their_scope():
    page = cells()
    heads = page.thead.find_all("th")
    assert [(th.text, th["scope"]) for th in heads] == [(c, "col") for c in TABLE]
    rows = page.tbody.find_all("tr")
    assert [(row.th.text, row.th["scope"]) for row in rows] == [
        ("<b>B200</b>", "row"),
        ("H200", "row"),
    ]
    assert page.figcaption.p.text == "Two <rows>."
    assert page.tbody.b is None


def test_numbers_stand_to_the_right_and_what_is_missing_is_a_dash():
    first, second = cells().tbody.find_all("tr")
    assert [td.text for td in first.find_all("td")] == ["1,230", "72", "yes", "2026-01-02"]
    assert [td.text for td in second.find_all("td")] == ["–", "8", "no", "–"]
    right = ["num" in td.get("class", ()) for td in first.find_all("td")]
    assert right == [True, True, False, False]


def test_a_table_may_carry_other_data_than_it_shows(unchanged):
    full = DATA.assign(more=1)
    exhibit = unchanged(figures.table, TABLE, name="03-rows", caption="Two rows.", data=full)
    assert exhibit.files["data/03-rows.csv"].startswith("x,y,low,high,name,source,more\n")


def test_publishing_changes_no_data(unchanged):
    unchanged(figures.lines, DATA, x="x", y="y", series="name", colours=HUES, **LABELS)
    frame = DATA.copy()
    publish(data=frame)
    assert frame.equals(DATA)


HEAT = pd.DataFrame(
    {
        "row": ["a", "a", "b"],
        "column": ["x", "y", "x"],
        "gain": [4.0, 0.25, 1.0],
        "good": [True, False, False],
        "group": ["one", "two", "one"],
    }
)


def heat(**options):
    return figures.heat(
        HEAT, row="row", column="column", value="gain", centre=1.0, label="Gain", **options
    )


def test_a_cell_that_is_missing_stays_empty_and_every_other_says_its_number():
    axes = heat(log=True).axes[0]
    assert {t.get_text() for t in axes.texts} == {"4", "0.25", "1"}
    (mesh,) = axes.collections
    assert np.ma.count_masked(mesh.get_array()) == 1


def test_equal_factors_up_and_down_are_equally_far_from_the_centre():
    (mesh,) = heat(log=True).axes[0].collections
    values = mesh.get_array().compressed()
    assert values.tolist() == pytest.approx([np.log(4), -np.log(4), 0])
    assert mesh.get_clim() == pytest.approx((-np.log(4), np.log(4)))


@pytest.mark.parametrize("share", np.linspace(0, 1, 11))
def test_the_number_of_a_cell_can_be_read_on_its_colour(share):
    import matplotlib as mpl

    ground = mpl.colors.LinearSegmentedColormap.from_list("gain", figures.HEAT)(share)
    ink = mpl.colors.to_rgb(figures._readable(ground))
    light, dark = sorted((luminance(ground[:3]), luminance(ink)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def luminance(colour):
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_strong_cells_are_bold_and_groups_head_their_columns():
    axes = heat(strong="good", group="group").axes[0]
    bold = {t.get_text() for t in axes.texts if t.get_fontweight() == "bold"}
    assert bold == {"4"}
    assert {"one", "two"} <= {t.get_text() for t in axes.texts}
    assert [t.get_text() for t in axes.get_xticklabels()] == ["x", "y"]


def test_columns_can_be_put_in_an_order_of_their_own():
    axes = heat(order=["y", "x", "z"]).axes[0]
    assert [t.get_text() for t in axes.get_xticklabels()] == ["y", "x"]


INTERVALS = pd.DataFrame(
    {
        "label": ["p", "q"],
        "group": "g",
        "kind": ["h200", "gb200"],
        "headline": [2.0, 3.0],
        "low": [1.9, 2.9],
        "high": [2.1, 3.1],
        "tick": [2.2, 3.3],
    }
)


def test_rows_of_one_group_can_have_colours_of_their_own_with_a_legend_in_plain_names():
    hues = {key: figures.colour(key) for key in ("h200", "gb200")}
    drawn = figures.intervals(
        INTERVALS,
        label="label",
        group="group",
        hue="kind",
        colours=hues,
        xlabel="Ratio",
        tick="tick",
        reference=(1.0, "no gain"),
        log=False,
    )
    assert [t.get_text() for t in drawn.legends[0].get_texts()] == ["H200", "GB200"]
    assert "no gain" in {t.get_text() for t in drawn.axes[0].texts}
    assert drawn.axes[0].get_xscale() == "linear"


def test_a_narrow_log_axis_has_more_than_two_numbers():
    _, axes = figures.figure()
    axes.set_yscale("log")
    axes.plot([1, 2], [0.9, 3])
    figures.plain_axis(axes.yaxis)
    low, high = axes.get_ylim()
    assert sum(low <= tick <= high for tick in axes.yaxis.get_majorticklocs()) >= 4
