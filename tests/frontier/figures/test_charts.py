"""Charts on synthetic frames: what is drawn where, told from the artists."""

import numpy as np
import pandas as pd
import pytest

from frontier import figures
from frontier.figures import theme

POINTS = pd.DataFrame(
    {
        "system": np.repeat(["GB200 NVL72", "H200 node"], 3),
        "interactivity": [20.0, 50, 100] * 2,
        "throughput": [800.0, 400, 100, 80, 20, 10],
    }
)


def texts(drawn):
    return [text.get_text() for axes in drawn.axes for text in axes.texts]


def chart(points=POINTS, **options):
    return figures.frontier_chart(points, unit="tok/s per MW", **options)


def test_the_gap_is_what_each_system_guarantees_at_the_speed_or_a_higher_one():
    assert "10×" in texts(chart(at=60, gap=("GB200 NVL72", "H200 node")))
    assert "20×" in texts(chart(at=50, gap=("GB200 NVL72", "H200 node")))


def test_no_gap_is_drawn_where_one_system_does_not_reach_the_speed():
    slow = POINTS[(POINTS["system"] != "H200 node") | (POINTS["interactivity"] < 60)]
    drawn = chart(slow, at=80, gap=("GB200 NVL72", "H200 node"), claimed=40)
    assert texts(drawn) == []


def test_the_claimed_ratio_is_a_line_at_so_many_times_the_lower_system():
    drawn = chart(at=50, gap=("GB200 NVL72", "H200 node"), claimed=40)
    heights = [
        line.get_ydata()[0] for line in drawn.axes[0].lines if line.get_color() == theme.CLAIM
    ]
    assert heights == [800]
    assert "40× would be here" in texts(drawn)


def test_gaps_over_two_systems_are_marked_and_the_claim_is_told_of_the_last():
    between = POINTS[POINTS["system"] == "H200 node"].assign(system="best Hopper")
    between["throughput"] *= 4
    drawn = chart(
        pd.concat([POINTS, between]), at=50, gap=("GB200 NVL72", "best Hopper", "H200 node"),
        claimed=40,
    )  # fmt: skip
    assert {"5×", "20×"} <= set(texts(drawn))
    heights = [
        line.get_ydata()[0] for line in drawn.axes[0].lines if line.get_color() == theme.CLAIM
    ]
    assert heights == [800]


def test_a_frontier_holds_to_the_left_of_its_points():
    assert {line.get_drawstyle() for line in chart().axes[0].lines} == {"steps-pre"}


def test_modelled_points_have_no_mark_and_a_dashed_line():
    drawn = chart(POINTS.assign(evidence="modelled"))
    assert not drawn.axes[0].collections
    assert all(line.get_linestyle() != "-" for line in drawn.axes[0].lines)


def test_each_traffic_is_a_panel_with_its_name():
    both = pd.concat([POINTS.assign(traffic=name) for name in ("1k in, 1k out", "8k in, 1k out")])
    drawn = chart(both)
    assert [axes.get_title("left") for axes in drawn.axes] == ["1k in, 1k out", "8k in, 1k out"]


def test_every_axis_says_its_unit():
    (axes,) = chart().axes
    assert axes.get_xlabel() == "Speed per user, tok/s"
    assert axes.get_ylabel() == "tok/s per MW"


@pytest.mark.parametrize("name", ["GB200 NVL72", "GB300 NVL72", "B200", "H200 node", "MI355X"])
def test_a_system_is_drawn_in_the_colour_of_its_accelerator(name):
    key = name.split()[0].lower()
    assert figures.palette([name])[name] == theme.HARDWARE[key]


def test_no_two_systems_of_a_chart_share_a_colour():
    names = ["H200, best", "H200 node, no MTP", "H200 node", "GB200", "GB200, no MTP"]
    assert len(set(figures.palette(names).values())) == len(names)


def ratios(**columns):
    frame = {"traffic": "8k in, 1k out", "baseline": "H200 node", "at": [50, 100]}
    frame |= {"value": [17.64, np.nan], "below_floor": False, "why": ["", "H200 ends at 90"]}
    frame |= {"rows_above": ["a", ""], "rows_below": ["b", ""]}
    return pd.DataFrame(frame | columns)


def test_ratios_become_cells_with_rows_and_a_dash_says_why():
    (row,) = figures.ratio_table(ratios()).to_dict("records")
    assert row["50"] == figures.Cell("17.6×", ("a", "b"))
    assert row["100"] == figures.Cell("–", title="H200 ends at 90")


def test_a_ratio_over_a_baseline_that_is_about_to_end_is_starred_and_says_so():
    (row,) = figures.ratio_table(ratios(below_floor=[True, False])).to_dict("records")
    assert row["50"].text == "17.6×*"
    assert "hardly anything" in row["50"].title


def test_comparisons_that_meet_a_claim_are_told_apart_and_stand_in_order():
    frame = pd.DataFrame(
        {
            "comparison": ["first", "second"],
            "value": [9.0, 42],
            "low": [7.0, 40],
            "high": [10.0, 44],
            "outcome": ["misses", "meets"],
        }
    )
    (axes,) = figures.overview(frame, xlabel="x", claimed=40, bounds=(36, None)).axes
    first, second = axes.get_yticks()
    assert first > second
    colours = axes.collections[1].get_facecolors()
    assert not np.array_equal(colours[0], colours[1])


def test_an_axis_of_comparisons_ends_near_the_least_of_them():
    frame = pd.DataFrame({"comparison": ["a", "b"], "value": [0.6, 11.0]})
    frame = frame.assign(low=frame["value"], high=frame["value"])
    (axes,) = figures.overview(frame, xlabel="x", claimed=11, bounds=(8.8, 13.8)).axes
    assert axes.get_xlim()[0] > 0.3


def test_the_ends_of_each_kind_of_change_are_named():
    frame = pd.DataFrame(
        {
            "kind": ["sources", "sources", "choices"],
            "variation": ["medians alone", "captures alone", "semilog"],
            "value": [50.1, 8.3, np.nan],
        }
    )
    drawn = figures.sensitivity(frame, value=39.5, xlabel="x", claimed=40)
    assert texts(drawn) == ["sources", "captures alone: 8.3", "medians alone: 50.1"]


def test_a_heat_map_has_a_panel_for_each_value_and_a_dash_where_nothing_is_known():
    cells = pd.DataFrame(
        {
            "way": ["allowed", "allowed", "forced"],
            "what": ["MTP", "EP", "MTP"],
            "at": ["20", "20", "20"],
            "value": [1.0, 2.0, -1.0],
            "text": ["2", "4", "0.5"],
        }
    )
    drawn = figures.heat_map(cells, row="what", column="at", panel="way", bounds=(-5, 5), height=2)
    assert [axes.get_title(loc="left") for axes in drawn.axes] == ["allowed", "forced"]
    shown = [[text.get_text() for text in axes.texts] for axes in drawn.axes]
    assert shown == [["2", "4"], ["0.5", "–"]]
    assert drawn.data is cells
