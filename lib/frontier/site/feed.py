"""An Atom feed (RFC 4287) of what a site has to tell, one entry a piece of news.

It is a file like any other: no server is needed, and equal news give equal bytes. Links are there
only where it is known at which address the site is served, since a relative link in a feed leads
nowhere once the feed has left its folder; without them every entry holds its whole text.
"""

import re
import uuid
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from urllib.parse import quote

_ATOM = "http://www.w3.org/2005/Atom"
# What XML 1.0 cannot hold, however it is written; text of data may have it.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Entry:
    """One piece of news: a lasting id (a URN), when (RFC 3339), a title, and HTML as its text."""

    id: str
    updated: str
    title: str
    summary: str
    content: str
    anchor: str = ""


def feed(
    entries,
    /,
    *,
    title: str,
    subtitle: str,
    author: str,
    page: str,
    file: str,
    url: str | None = None,
) -> str:
    """Return the feed of these entries, the newest first, that goes with a page of the site.

    ``url`` is where the site is served. The id is that of the title, and the same wherever a copy
    of the site lies.
    """
    ET.register_namespace("", _ATOM)
    root = ET.Element(f"{{{_ATOM}}}feed")
    _add(root, "id", uuid.uuid5(uuid.NAMESPACE_URL, f"frontier feed {title}").urn)
    _add(root, "title", title)
    _add(root, "subtitle", subtitle)
    _add(root, "updated", max((entry.updated for entry in entries), default="1970-01-01T00:00:00Z"))
    _add(_add(root, "author"), "name", author)
    base = None if url is None else f"{quote(url.rstrip('/'), safe=':/%?=&~@+,;')}/"
    if base:
        _add(root, "link", rel="self", type="application/atom+xml", href=f"{base}{file}")
        _add(root, "link", rel="alternate", type="text/html", href=f"{base}{page}")
    for one in entries:
        entry = _add(root, "entry")
        _add(entry, "id", one.id)
        _add(entry, "title", one.title)
        _add(entry, "updated", one.updated)
        _add(entry, "published", one.updated)
        if base:
            place = f"{base}{page}#{one.anchor}" if one.anchor else f"{base}{page}"
            _add(entry, "link", rel="alternate", type="text/html", href=place)
        _add(entry, "summary", one.summary)
        _add(entry, "content", one.content, type="html")
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _add(parent, name, text=None, **attributes):
    made = ET.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
    if text is not None:
        made.text = _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
    return made
