import pytest
from bs4 import BeautifulSoup

from frontier.site import glossary
from frontier.site.glossary import Term

HOSTILE = '"><script>alert(1)</script>'
TERMS = (
    Term("TTFT", ("time to first token",), "From a request to its first token."),
    Term("frontier", (), "The best & the most."),
)


def marked(body, terms=TERMS):
    return glossary.marked(body, terms, page="glossary.html")


def links(body, terms=TERMS):
    soup = BeautifulSoup(marked(body, terms), "html.parser")
    return [(a["href"], a.get_text()) for a in soup.select("a.term")]


@pytest.mark.parametrize(
    "tag", ["a", "blockquote", "code", "pre", "section", "h2", "svg", "math", "summary"]
)
def test_a_term_is_not_marked_where_it_is_no_sentence(tag):
    body = f"<{tag}><b>TTFT</b> TTFT</{tag}>"
    assert marked(body) == body


@pytest.mark.parametrize("text", ["TTFTs", "ttft", "my-frontier", "frontiers", "TTFT/2"])
def test_what_only_holds_a_term_is_not_marked(text):
    assert marked(f"<p>{text}</p>") == f"<p>{text}</p>"


def test_no_attribute_is_touched():
    body = '<p title="TTFT" id="frontier">x</p>'
    assert marked(body) == body


def test_a_hostile_meaning_stays_within_its_attribute():
    text = marked("<p>TTFT</p>", [Term("TTFT", (), HOSTILE)])
    soup = BeautifulSoup(text, "html.parser")
    assert soup.find("script") is None
    assert soup.a["title"] == HOSTILE


def test_only_the_first_use_of_a_term_is_marked_whatever_its_name_there():
    body = "<p>A time to first token.</p><p>TTFT, TTFT and a frontier; Frontier.</p>"
    assert links(body) == [
        ("glossary.html#ttft", "time to first token"),
        ("glossary.html#frontier", "frontier"),
    ]


def test_a_term_in_small_letters_may_begin_a_sentence():
    assert links("<p>Frontier first.</p>") == [("glossary.html#frontier", "Frontier")]


def test_a_page_without_terms_is_as_it_was():
    assert marked("<p>TTFT</p>", ()) == "<p>TTFT</p>"
