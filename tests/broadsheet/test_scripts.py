"""Scripts that a notebook's outputs bring: each once, by its hash, none that ends its element."""

import base64
import hashlib

import pytest

from broadsheet import pages
from broadsheet.errors import BroadsheetError


@pytest.mark.parametrize("text", ["a('</script>')", "a('</SCRIPT >')", "x <!-- y"])
def test_a_script_that_would_end_its_element_is_refused(text):
    with pytest.raises(BroadsheetError, match="a script has '</script' or '<!--' in it"):
        pages.modules([text])


def test_a_script_is_on_a_page_once_and_named_by_its_hash():
    found = pages.modules(["let a = '<b>' && 1;\n", "let b;", "let a = '<b>' && 1;\n"])
    assert [one["text"] for one in found] == ["let a = '<b>' && 1;", "let b;"]
    page = (
        pages._environment(None)
        .get_template("page.html.j2")
        .render(modules=found, description="", style="")
    )
    assert page.startswith("<!doctype html>")
    assert page.count("<script") == page.count('<script type="module">') == 2
    for one in found:
        script = page.split('<script type="module">')[1 + found.index(one)].split("</script>")[0]
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in page.partition("</head>")[0]


def test_a_page_without_scripts_allows_none():
    page = pages._environment(None).get_template("page.html.j2").render(description="", style="")
    assert "script" not in page.partition("<title>")[0].replace("description", "")
