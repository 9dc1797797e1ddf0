import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontier.explorer import charts
from frontier.explorer.charts import Dots, Line

AXES = {"x": "tok/s/user", "y": "tok/s/MW", "label": "Throughput"}


def paths(text, kind):
    root = ElementTree.fromstring(text)
    return [e for e in root.iter("path") if kind in e.get("class", "").split()]


def numbers(path):
    return [float(n) for n in re.findall(r"-?[\d.]+", path.get("d"))]


@pytest.mark.parametrize(("lines", "dots"), [([], []), ([Line("a", "red", [], [])], [])])
def test_nothing_to_draw_is_said_and_no_error(lines, dots):
    text = charts.chart(lines, dots, **AXES, at=50)
    assert "nothing to show" in text
    ElementTree.fromstring(text)


def test_names_cannot_become_markup():
    line = Line('<script>&"', "red", [1, 10], [10, 1])
    text = charts.chart([line], [], x="<x>", y="&y", label='"><script>')
    assert "<script>" not in text
    assert ElementTree.fromstring(text).get("aria-label") == '"><script>'


def test_a_measured_line_is_a_staircase_and_a_modelled_one_is_not():
    x, y = [1.0, 10.0, 100.0], [100.0, 10.0, 1.0]
    measured, modelled = (
        charts.chart([Line("a", "red", x, y, kind)], [], **AXES)
        for kind in ("measured", "modelled")
    )
    step, straight = paths(measured, "measured")[0], paths(modelled, "modelled")[0]
    assert re.findall("[A-Z]", step.get("d")) == ["M", "V", "H", "V", "H"]
    assert re.findall("[A-Z]", straight.get("d")) == ["M", "L", "L"]
    assert step.get("stroke-dasharray") is None
    assert straight.get("stroke-dasharray")


def test_equal_ratios_are_equal_distances_and_more_is_higher():
    line = Line("a", "red", [1.0, 10.0, 100.0], [1.0, 100.0, 10_000.0], "modelled")
    x0, y0, x1, y1, x2, y2 = numbers(paths(charts.chart([line], [], **AXES), "line")[0])
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.11)
    assert y0 - y1 == pytest.approx(y1 - y2, abs=0.11)
    assert y0 > y2
    assert (x0, x2) == (charts.LEFT, charts.WIDTH - charts.RIGHT)


@given(
    st.lists(st.tuples(st.floats(1e-3, 1e6), st.floats(1e-3, 1e9)), min_size=1, max_size=20),
    st.floats(1e-2, 1e4),
)
def test_everything_is_drawn_within_the_chart(points, at):
    x, y = np.array(points).T
    text = charts.chart([Line("a", "red", np.sort(x), y)], [Dots("blue", x, y)], **AXES, at=at)
    root = ElementTree.fromstring(text)
    assert root.get("viewBox") == f"0 0 {charts.WIDTH} {charts.HEIGHT}"
    for path in paths(text, "dots"):
        values = re.findall(r"M([\d.-]+) ([\d.-]+)h0", path.get("d"))
        assert len(values) == len(points)
        for a, b in values:
            assert charts.LEFT - 0.1 <= float(a) <= charts.WIDTH - charts.RIGHT + 0.1
            assert charts.TOP - 0.1 <= float(b) <= charts.HEIGHT - charts.BOTTOM + 0.1
    labels = [e.text for e in root.iter("text") if "name" not in e.get("class", "")]
    assert labels


def test_a_target_beyond_the_data_widens_the_axis():
    line = Line("a", "red", [10.0, 20.0], [2.0, 1.0])
    text = charts.chart([line], [], **AXES, at=200.0)
    assert numbers(paths(text, "at")[0])[0] == charts.WIDTH - charts.RIGHT


def test_ones_own_points_have_a_mark_each_and_a_staircase():
    line = Line("ours", "black", [1.0, 10.0], [100.0, 10.0], "own")
    mark = Dots("black", [1.0, 10.0], [100.0, 10.0], mark=1)
    text = charts.chart([line], [mark], **AXES)
    assert re.findall("[A-Z]", paths(text, "line")[0].get("d")) == ["M", "V", "H"]
    drawn = paths(text, "own")
    assert [p.get("d").count("M") for p in drawn if "line" not in p.get("class")] == [2]
    assert not paths(text, "dots")


def test_marks_of_ones_own_differ_and_begin_again_where_they_end():
    drawn = {charts.mark(i) for i in range(len(charts.MARKS))}
    assert len(drawn) == len(charts.MARKS) > 1
    assert charts.mark(len(charts.MARKS)) == charts.mark(0)
