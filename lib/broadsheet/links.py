"""Links to addresses that come from data: only those of the web become links.

An address in a table may say anything, `javascript:` included, and a page must not run it. What
is no address of the web is shown as text, so that the reader sees what the data say.

>>> from broadsheet import links
>>> links.link("https://example.com/?a=1&b=2", "the run")
'<a href="https://example.com/?a=1&amp;b=2">the run</a>'
>>> links.link("javascript:alert(1)", "the run")
'the run'
"""

import html
import re
from urllib.parse import urlsplit


def is_web(url: object, /) -> bool:
    """Return whether a value is an address of the web: http or https, with a host.

    >>> is_web("https://example.com"), is_web("//example.com"), is_web(None)
    (True, False, False)
    """
    if not isinstance(url, str) or re.search(r"[\0- ]", url):
        return False  # browsers read past white space and control characters: 'java\\nscript:'
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme.lower() in ("http", "https") and bool(parts.netloc)


def link(url: object, text: str, /) -> str:
    """Return HTML that links the text to an address of the web, and is the text for any other."""
    words = html.escape(text)
    return f'<a href="{html.escape(url, quote=True)}">{words}</a>' if is_web(url) else words
