"""The reference: complete, true to the code, escaped, small, and readable with a keyboard."""

import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

import frontier
from browser import barriers, chromium, complaints
from frontier import paths, reference
from frontier.batch import collection, pages

MODULES = [name for name in frontier.MODULES if name not in reference.APART]
SITE = collection.read(paths.notebooks())


@pytest.fixture(scope="module")
def page():
    return pages.reference(SITE, reference.modules())


@pytest.fixture(scope="module")
def soup(page):
    return BeautifulSoup(page, "html.parser")


def objects():
    """Every public object by the anchor that the page should have, found by importing."""
    for name in MODULES:
        module = importlib.import_module(f"frontier.{name}")
        source = inspect.getsource(module)
        for one in frontier.public(module):
            value = getattr(module, one)
            # A constant may have been imported; then it is explained where it is from.
            if callable(value) or re.search(rf"^[\w, ]*\b{one}\b[\w, ]* = ", source, flags=re.M):
                yield f"{name}.{one}", value


def test_what_a_docstring_shows_of_code_stays_text():
    hostile = '<script>alert(1)</script> `<b>` & "quoted"\n\n>>> "<i>"\n\nArgs:\n    x: <u>'
    name = reference.Name("a", "a", "module", "a", reference.blocks(hostile))
    soup = BeautifulSoup(pages.reference(SITE, [name]), "html.parser")
    assert soup.main.find(["script", "b", "i", "u"]) is None
    assert "<script>alert(1)</script>" in soup.main.get_text()
    assert '>>> "<i>"' in soup.find("pre", class_="example").get_text()


def test_a_site_without_a_reference_neither_has_the_page_nor_links_to_it():
    index = pages.scorecard(SITE, [], built=())
    assert "reference.html" not in index
    assert 'href="reference.html"' in pages.scorecard(SITE, [], built=(), reference=True)


def test_the_source_is_read_and_nothing_is_imported():
    # Analysis modules take a second to import; a module that ran could also do anything.
    code = (
        "import sys; from frontier import reference; reference.modules();"
        "print([name for name in ('numpy', 'pandas', 'frontier.curves') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_every_public_name_has_its_place_on_the_page(soup):
    there = {tag["id"] for tag in soup.find_all(id=True)}
    assert {anchor for anchor, _ in objects()} - there == set()
    assert set(MODULES) <= there


def test_the_page_names_nothing_that_is_not_there():
    known = {anchor for anchor, _ in objects()} | set(MODULES)
    for module in reference.modules():
        for name in (module, *module.members):
            assert name.anchor in known
            for member in name.members if name is not module else ():
                found = next(value for anchor, value in objects() if anchor == name.anchor)
                assert (
                    member.kind == "field"
                    or hasattr(found, member.title)
                    or (member.title == name.title)
                )


def test_signatures_are_those_of_the_functions():
    shown = {
        name.anchor: name.signature for module in reference.modules() for name in module.members
    }
    checked = 0
    for anchor, value in objects():
        if inspect.isfunction(value):
            names = list(inspect.signature(value).parameters)
            said = shown[anchor]
            at = [re.search(rf"(?<!\w)\*{{0,2}}{name}(?!\w)", said) for name in names]
            assert all(at), anchor
            assert [one.start() for one in at] == sorted(one.start() for one in at), anchor
            checked += 1
    assert checked > 150


def test_docstrings_are_shown_whole(soup):
    words = set(re.findall(r"[a-z]{4,}", soup.main.get_text(" ").lower()))
    for anchor, value in objects():
        if inspect.isfunction(value) or inspect.isclass(value):
            own = set(re.findall(r"[a-z]{4,}", (inspect.getdoc(value) or "").lower()))
            assert own - words <= {"args"}, anchor


def test_links_lead_to_places_on_the_page_and_no_place_is_there_twice(soup):
    ids = [tag["id"] for tag in soup.find_all(id=True)]
    assert sorted(ids) == sorted(set(ids))
    inside = [a["href"][1:] for a in soup.find_all("a", href=re.compile("^#"))]
    assert len(inside) > 300
    assert set(inside) <= set(ids)
    assert {a["href"] for a in soup.find_all("a", href=re.compile("^[^#]"))} == {"index.html"}


def test_arguments_and_errors_are_lists_of_their_own(soup):
    section = soup.find(id="curves.Frontier").find_next("p", class_="part")
    assert section.get_text() == "Arguments"
    names = [dt.get_text() for dt in section.find_next("dl").find_all("dt")]
    assert names == ["interactivity", "throughput", "configurations", "rows", "unit"]
    assert section.find_next("p", class_="part").get_text() == "Raises"


def test_the_page_is_small_and_the_same_each_time(page):
    assert len(page.encode()) < 300_000
    reference.modules.cache_clear()
    reference._tree.cache_clear()
    assert pages.reference(SITE, reference.modules()) == page


plain = st.text(st.characters(codec="ascii", exclude_categories=("C",)), max_size=60)


@given(st.lists(plain, max_size=8))
def test_no_word_of_a_docstring_is_lost(lines):
    text = "\n".join(lines)
    shown = " ".join(
        word
        for block in reference.blocks(text)
        for word in (block.title, *block.lines, *(w for item in block.items for w in item))
    )
    wanted = re.findall(r"\w+", inspect.cleandoc(text))
    assert sorted(re.findall(r"\w+", shown)) == sorted(wanted)


def test_the_page_has_no_barriers_and_fits_a_phone(page, tmp_path):
    file: Path = tmp_path / "reference.html"
    file.write_text(page, encoding="utf-8")
    with chromium() as browser:
        assert barriers(browser, file) == []
        for width in (1280, 360):
            assert complaints(browser, file, width=width) == []
