import pytest
from bs4 import BeautifulSoup

from broadsheet import links


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "file:///etc/passwd",
        "//host/path",
        "https:",
        "https:///path",
        "http://[",
        "/local",
        "",
        None,
        float("nan"),
        3,
    ],
)
def test_what_is_no_address_of_the_web_is_shown_as_text_and_never_linked(url):
    assert not links.is_web(url)
    assert links.link(url, "a <b>") == "a &lt;b&gt;"


def test_an_address_cannot_leave_its_attribute():
    url = "https://example.com/'\"><script>alert(1)</script>"
    page = BeautifulSoup(links.link(url, "run"), "html.parser")
    assert page.find("script") is None
    assert page.a["href"] == url


@pytest.mark.parametrize("url", ["https://example.com/a?b=1&c=2#d", "HTTP://example.com"])
def test_an_address_of_the_web_is_a_link(url):
    page = BeautifulSoup(links.link(url, "the run"), "html.parser")
    assert (page.a["href"], page.a.get_text()) == (url, "the run")
