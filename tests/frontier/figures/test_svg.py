import re
from xml.etree import ElementTree

import numpy as np
import pytest

from frontier.figures import svg

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
HEAD += 'width="20pt" height="10pt" viewBox="0 0 20 10">'


def published(inner, **options):
    words = {"name": "a", "alt": "It rises.", "variables": {"#111111": "ink"}, **options}
    return svg.published(f"<?xml version='1.0'?>{HEAD}{inner}</svg>", **words)


def vertices(commands):
    """Where a published path goes, corner by corner."""
    place, here, found, letter = 0, np.zeros(2), [], ""
    tokens = re.findall(r"[A-Za-z]|-?\d*\.?\d+", commands)
    while place < len(tokens):
        if tokens[place].isalpha():
            letter, place = tokens[place], place + 1
        if letter == "z":
            continue
        count = {"M": 2, "l": 2, "h": 1, "v": 1}[letter]
        moved = np.array([float(t) for t in tokens[place : place + count]])
        place += count
        if letter in "hv":
            moved = moved[0] * np.array([letter == "h", letter == "v"])
        here = moved + (0 if letter == "M" else here)
        found.append(tuple(here))
    return found


# What must not happen.


def test_a_shape_of_which_nothing_is_to_be_seen_costs_no_figure():
    assert "<path" in published('<g><path id="x"/></g>')


def test_as_many_titles_as_marks_or_it_raises():
    with pytest.raises(ValueError, match="zip"):
        published('<g id="m"><use xlink:href="#p"/></g>', titles={"m": ["one", "two"]})


def test_a_label_with_what_xml_cannot_hold_costs_no_figure():
    text = published("<text>a\x00b\x1b</text>", alt="c")
    assert "".join(ElementTree.fromstring(text).itertext()) == "ab"


def test_rounding_does_not_add_up_over_a_long_path():
    steps = np.cumsum(np.full(999, 0.333))
    commands = "M 0 100 " + " ".join(
        f"L {x:.6f} {100 + y:.6f}" for x, y in zip(steps, steps, strict=True)
    )
    end = vertices(svg.path(commands))[-1]
    assert end == pytest.approx((steps[-1], 100 + steps[-1]), abs=0.051)


# What a drawing becomes.


def test_a_path_passes_every_corner_within_half_a_tenth():
    rng = np.random.default_rng(1)
    corners = rng.uniform(20, 500, (50, 2))
    commands = "M {} {} ".format(*corners[0]) + " ".join(f"L {x} {y}" for x, y in corners[1:])
    assert np.abs(np.array(vertices(svg.path(commands))) - corners).max() <= 0.051


def test_steps_in_one_direction_become_one_and_a_turn_back_stays():
    assert svg.path("M 20 50 L 30 50 L 40 50 L 35 50 L 35 60 L 35 70 z") == "M20 50h20h-5v20z"


def test_what_cannot_be_seen_goes_and_what_is_referred_to_stays():
    text = published(
        '<metadata>when</metadata><g><g id="x"><path style="fill: none" d="M 0 0 L 1 1"/></g></g>'
        '<defs><clipPath id="c"><rect x="0.123" y="0" width="9" height="9"/></clipPath></defs>'
        '<g clip-path="url(#c)"><path d="M 0 0 L 1 1" style="stroke: #111111"/></g>'
    )
    assert "when" not in text
    assert 'id="x"' not in text
    assert text.count("<path") == 1
    assert '<clipPath id="a-0"><rect x=".1" y="0"' in text
    assert 'clip-path="url(#a-0)"' in text
    assert "stroke:var(--ink, #111111)" in text


def test_a_mark_says_its_title_when_it_is_pointed_at():
    marks = (
        '<defs><path id="p" d="M 0 0 L 1 1"/></defs><g id="m"><use xlink:href="#p" x="1.26"/></g>'
    )
    root = ElementTree.fromstring(published(marks, titles={"m": ["<b> & co"]}))
    (mark,) = root.iter("{http://www.w3.org/2000/svg}use")
    assert (mark.get("x"), mark.get("href")) == ("1.3", "#a-0")
    assert mark[0].text == "<b> & co"
