"""The glossary: terms of the field, marked where a page first uses them.

A reader meets a term in the middle of a sentence, so that is where its meaning has to be: a link
to the glossary that also says it when pointed at. Only text is marked, never code, headings,
drawings or what is a link already. The terms themselves are in the site map.
"""

import html
import re
from dataclasses import dataclass
from functools import cache

# Between these a text is no sentence, a link would be lost in another, or words are quoted.
_OUTSIDE = {
    *("a", "abbr", "blockquote", "button", "code", "h1", "h2", "h3", "h4", "h5", "h6", "math"),
    *("pre", "script", "section", "style", "summary", "svg", "thead", "title"),
}


@dataclass(frozen=True)
class Term:
    """A term of the field: its name, other words for it, and what it means."""

    name: str
    also: tuple[str, ...]
    meaning: str

    @property
    def anchor(self) -> str:
        """The name of its place on the glossary's page."""
        return re.sub(r"\W+", "-", self.name.lower()).strip("-")


def terms(collection, /) -> tuple[Term, ...]:
    """Return the terms of a collection's site map, where it has some."""
    return tuple(
        Term(str(term["term"]), tuple(term.get("also") or ()), str(term["meaning"]))
        for term in collection.more.get("glossary") or ()
    )


def marked(body: str, terms, /, *, page: str) -> str:
    """Return HTML in which the first use of each term leads to it on the glossary's page."""
    wanted = {word: term for term in terms for word in (term.name, *term.also)}
    outside, parts = 0, re.split(r"(<[^>]*>)", body)
    for place, part in enumerate(parts):
        if part.startswith("<"):
            name = re.match(r"</?([\w]*)", part)[1].lower()
            if name in _OUTSIDE and not part.endswith("/>"):
                outside += -1 if part.startswith("</") else 1
        elif not outside and wanted and not part.isspace():
            parts[place] = _marked(part, wanted, page)
    return "".join(parts)


def _marked(text, wanted, page):
    """Mark terms in one stretch of text, taking what was found out of those wanted."""
    pieces, rest = [], text
    while wanted and (found := _pattern(tuple(wanted)).search(rest)):
        term = wanted.get(found[0]) or wanted[found[0][0].lower() + found[0][1:]]
        title = html.escape(term.meaning, quote=True)
        link = f'<a class="term" href="{page}#{term.anchor}" title="{title}">{found[0]}</a>'
        pieces += [rest[: found.start()], link]
        rest = rest[found.end() :]
        for word in [word for word, other in wanted.items() if other is term]:
            del wanted[word]
    return "".join([*pieces, rest])


@cache
def _pattern(words):
    # The longest first; a term in small letters may begin a sentence.
    forms = [
        f"[{word[0]}{word[0].upper()}]{re.escape(html.escape(word[1:]))}"
        if word.islower()
        else re.escape(html.escape(word))
        for word in sorted(words, key=len, reverse=True)
    ]
    return re.compile(rf"(?<![\w/-])(?:{'|'.join(forms)})(?![\w/-])")
