"""The API reference that `make site` adds: pages that ask for nothing and that all can read."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from browser import barriers, chromium, complaints

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """The pages, made by the command of the Makefile."""
    out = tmp_path_factory.mktemp("made") / "reference"
    asked = f"make --no-print-directory -n -o .venv/ready reference REFERENCE={out}".split()
    told = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    program, *options = shlex.split(told.replace("\\\n", " "))
    assert program == ".venv/bin/pdoc"
    subprocess.run([sys.executable, "-m", "pdoc", *options], cwd=ROOT, check=True)
    return out


def test_no_page_holds_a_listing_a_script_an_address_to_load_or_a_place_on_this_machine(reference):
    loads = r"<script|<iframe|<link|@import|url\((?!\"?data:)|\bsrc=\"(?!data:)"
    pages = sorted(reference.rglob("*.html"))
    assert len(pages) > 35
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not re.search(loads, text), page
        assert "default-src 'none'" in text, page
        assert "view-source" not in re.sub(r"<style>.*?</style>", "", text, flags=re.S), page
        assert str(ROOT) not in text, page


def test_the_index_leads_to_every_page(reference):
    links = set(re.findall(r'<a href="([\w/]+\.html)"', (reference / "index.html").read_text()))
    made = {str(page.relative_to(reference)) for page in reference.rglob("*.html")}
    assert links == made - {"index.html"}


def test_pages_ask_for_nothing_and_can_be_read_in_both_themes(reference):
    # All are made from one template: the longest have every kind of member.
    pages = sorted(reference.rglob("*.html"), key=lambda page: page.stat().st_size)[-5:]
    pages += [reference / name for name in ("index.html", "frontier.html", "broadsheet.html")]
    with chromium() as browser:
        for page in pages:
            assert complaints(browser, page) + complaints(browser, page, width=360) == [], page
            assert barriers(browser, page) == [], page
