"""A built site as a folder for a static host."""

import contextlib
import itertools
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from broadsheet import Project, folders, publish
from broadsheet import collection as site_map
from broadsheet.errors import UsageError

URL = "https://example.com/site"
FILES = {}
project = Project(files=lambda url: dict(FILES))


@pytest.fixture
def published(tmp_path, monkeypatch):
    """Publish a site of a collection whose project adds these files."""
    monkeypatch.setattr(site_map.Collection, "project", project)
    about = site_map.Collection("A collection", (), tmp_path)

    def call(site, out, *, files=(), **options):
        FILES.clear()
        FILES.update(files)
        return publish.publish(about, out, site=site, **options)

    return call


def made(folder):
    folder.mkdir(exist_ok=True)
    (folder / "records.json").write_text("{}", encoding="utf-8")
    (folder / "index.html").write_text("<head><title>T</title></head>", encoding="utf-8")
    return folder


def test_a_folder_that_is_no_site_is_not_published(published, tmp_path):
    with pytest.raises(UsageError, match="is no built site"):
        published(tmp_path, tmp_path / "out")


def test_a_folder_with_other_files_is_not_overwritten(published, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="has other files"):
        published(made(tmp_path / "site"), out)
    assert (out / "mine.txt").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "example.com", ""])
def test_a_site_has_an_address_of_the_web_or_none(published, tmp_path, url):
    with pytest.raises(UsageError, match="address of the web"):
        published(made(tmp_path / "site"), tmp_path / "out", url=url)


def test_an_address_cannot_leave_its_attribute():
    page = publish.addressed("<title>T</title>", f'{URL}/"><script>', f'{URL}/"><script>')
    assert BeautifulSoup(page, "html.parser").find("script") is None


def test_what_fails_half_way_leaves_the_folder_that_was_there(published, tmp_path):
    site, out = made(tmp_path / "site"), tmp_path / "out"
    published(site, out, files={"a.txt": b"first"})
    before = {path.name for path in tmp_path.iterdir()}
    with pytest.raises(TypeError):
        published(site, out, files={"a.txt": b"second", "b.txt": None})
    assert (out / "a.txt").read_bytes() == b"first"
    assert {path.name for path in tmp_path.iterdir()} == before
    published(site, out, files={"c.txt": b"third"})
    assert not (out / "a.txt").exists() and (out / "c.txt").exists()


@pytest.mark.parametrize("exchange", [True, False])
@pytest.mark.parametrize("number", [1, 2])
def test_an_interrupt_between_two_renames_leaves_the_old_site(
    published, tmp_path, monkeypatch, exchange, number
):
    site, out = made(tmp_path / "site"), tmp_path / "out"
    published(site, out, files={"a.txt": b"first"})
    rename, count = Path.rename, itertools.count(1)

    def interrupted(self, target):
        if next(count) == number:
            raise KeyboardInterrupt
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", interrupted)
        if not exchange:
            patch.setattr(folders, "_exchange", lambda *_: False)
        with contextlib.suppress(KeyboardInterrupt):
            published(site, out, files={"a.txt": b"second"})
    assert (out / "index.html").is_file()
    assert (out / "a.txt").read_bytes() in (b"first", b"second")


def test_a_site_that_a_killed_publication_had_set_aside_comes_back(published, tmp_path):
    site, out = made(tmp_path / "site"), tmp_path / "out"
    published(site, out, files={"a.txt": b"first"})
    out.rename(tmp_path / ".out.old")  # killed between the renames
    with pytest.raises(TypeError):
        published(site, out, files={"a.txt": None})
    assert (out / "a.txt").read_bytes() == b"first"


def test_the_page_of_a_failed_report_is_not_published_without_a_word(published, tmp_path, capsys):
    site = made(tmp_path / "site")
    head = '<head><meta name="failed" content="yes"><title>T</title></head>'
    (site / "03_name.html").write_text(head)
    published(site, tmp_path / "out")
    assert "03_name.html is published as it is: its report failed" in capsys.readouterr().err


def test_a_second_time_replaces_the_first_and_drops_the_status(published, tmp_path):
    source, out = made(tmp_path / "site"), tmp_path / "out"
    (source / "status.html").write_text("x", encoding="utf-8")
    assert published(source, out, files={"a/b.txt": b"1"}) == 5
    assert published(source, out, files={}) == 4
    assert not (out / "status.html").exists()


def test_a_page_names_its_picture_where_there_is_one(published, tmp_path):
    site = made(tmp_path / "site")
    for files, there in (({}, False), ({publish.PREVIEW: b"x"}, True)):
        published(site, tmp_path / "out", files=files, url=URL)
        text = (tmp_path / "out" / "index.html").read_text()
        assert f'<link rel="canonical" href="{URL}/">' in text
        assert (f"{URL}/preview.png" in text) is there
