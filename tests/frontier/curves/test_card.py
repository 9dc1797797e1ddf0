"""What a frontier shows in a notebook: a picture and a table, safe and the same every time."""

import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from bs4 import BeautifulSoup

from frontier.curves import Frontier, card

FRONT = Frontier([50, 100], [400, 200])


def test_a_frontier_draws_itself_and_lists_its_points_with_units():
    soup = BeautifulSoup(FRONT._repr_html_(), "html.parser")
    assert soup.svg["role"] == "img"
    assert "2 of 2 points" in soup.svg["aria-label"]
    heads = [one.text for one in soup.table.find_all("th", scope="col")]
    assert heads == ["row", "interactivity, tok/s/user", "throughput, tok/s/GPU"]
    cells = [[cell.text for cell in row] for row in soup.tbody.find_all("tr")]
    assert cells == [["0", "50", "400"], ["1", "100", "200"]]
    ElementTree.fromstring(str(soup.svg))  # it is XML, as an SVG has to be


def test_a_picture_takes_the_colour_of_the_text_around_it():
    # A fixed dark ink would be unreadable on JupyterLab's dark theme.
    picture = BeautifulSoup(FRONT._repr_html_(), "html.parser").svg
    texts = picture.find_all("text")
    assert texts and all(text.find_parent("g", fill="currentColor") for text in texts)
    assert set(re.findall("#[0-9a-f]{3,6}", str(picture))) == {card._LINE}


def test_text_of_the_data_is_escaped_on_its_way_to_the_notebook():
    hostile = Frontier([50, 100], [400, 200], rows=["<script>a", "<b>"], unit="<img src=x>&")
    text = hostile._repr_html_()
    assert "<script" not in text
    assert "<img" not in text
    assert "<b>" not in text


def test_a_long_frontier_shows_its_ends_and_says_how_many_points_are_left_out():
    x = np.geomspace(10, 1000, 40)
    soup = BeautifulSoup(card.card(Frontier(x, 1e5 / x)), "html.parser")
    shown = soup.tbody.find_all("tr")
    assert len(shown) == card.MOST_ROWS
    assert shown[-1].find_all("td")[0].text == "1,000"
    assert f"{40 - card.MOST_ROWS} more between" in soup.caption.text


def test_two_frontiers_on_a_page_share_no_ids():
    assert " id=" not in FRONT._repr_html_()


def drawn(front):
    """The corners of the drawn steps, in px from the left and from the top."""
    path = BeautifulSoup(front._repr_html_(), "html.parser").svg.find("path", stroke=card._LINE)
    start, *rest = re.findall(r"[MVH][\d. ]+", path["d"])
    x, y = map(float, start[1:].split())
    corners = [(x, y)]
    for part in rest:
        x, y = (float(part[1:]), y) if part[0] == "H" else (x, float(part[1:]))
        corners.append((x, y))
    return corners


def test_the_picture_steps_down_before_it_goes_right_on_logarithmic_axes():
    # Just right of a point only the next one is attainable.
    corners = drawn(Frontier([10, 100, 1000], [400, 200, 100]))
    (x0, y0), (x1, y1), (x2, y2), _, (x4, y4) = corners
    assert x0 == x1 and y1 == y2
    assert y0 < y1 < y4 and x0 < x2 < x4
    assert x2 - x0 == pytest.approx(x4 - x2, abs=0.2)
    assert y1 - y0 == pytest.approx(y4 - y1, abs=0.2)


def test_the_picture_of_one_point_is_a_point_in_the_middle():
    (only,) = drawn(Frontier([50], [400]))
    assert 62 < only[0] < 468 and 12 < only[1] < 180


def test_importing_a_curve_imports_no_figures():
    code = "import sys, frontier.curves; print('matplotlib' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"
