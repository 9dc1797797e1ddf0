"""Files and answers of whatever origin, read within bounds and in the encodings that people have.

Nothing that is read here is trusted: its size is bounded before it is unpacked, its depth and
the number of its rows before they are used, and the time is linear in the size. What is beyond
a bound is one line that names the file (docs/data.md, "Limits").
"""

import codecs
import contextlib
import csv
import gzip
import io
import json
import re
import reprlib
import zlib
from collections.abc import Collection
from pathlib import Path

from frontier.errors import DataError

MOST_BYTES = 512 * 2**20  # of a file or an answer, once unpacked
MOST_ROWS = 2_000_000
MOST_DEPTH = 32  # objects and lists in one another; the sources have at most 6
UNPACK = "get it again, or split it"
SAVE = "save it as UTF-8"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins with the mark of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SPACE = re.compile(r"\s*")
_DECIMAL_COMMA = re.compile(r"([-+]?\d*),(\d+(?:[eE][-+]?\d+)?)")


def text(path: Path, /) -> str:
    """Return the text of a file, plain or packed by gzip, in UTF-8, UTF-16 or UTF-32.

    DataError names the file and, where it is in another encoding, says so.
    """
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            with gzip.open(file) if packed else contextlib.nullcontext(file) as source:
                raw = source.read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(path, f"cannot be read: {error}") from None
    if len(raw) > MOST_BYTES:
        raise DataError(path, f"is over {MOST_BYTES:,} bytes", remedy=UNPACK)
    return decoded(raw, file=path)


def decoded(raw: bytes, /, *, file: object) -> str:
    """Return bytes as text by their byte order mark, UTF-8 without one; DataError otherwise."""
    encoding = next((name for mark, name in _MARKS if raw.startswith(mark)), "utf-8")
    try:
        found = raw.decode(encoding)
    except UnicodeDecodeError as error:
        problem = f"is not {encoding.upper()} text: byte {error.start} cannot be in it"
        raise DataError(file, problem, remedy=f"is it Windows-1252? {SAVE}") from None
    if "\0" in found:
        problem = "has zero bytes: UTF-16 or UTF-32 without a byte order mark, or no text"
        raise DataError(file, problem, remedy=SAVE)
    return found


def documents(content: str, /, *, file: object) -> list:
    """Return the JSON values of a text, one after another with white space between them."""
    decoder, found = json.JSONDecoder(object_pairs_hook=_unrepeated), []
    at = _SPACE.match(content).end()
    while at < len(content):
        try:
            value, at = decoder.raw_decode(content, at)
            _shallow(value)
        except RecursionError:
            raise DataError(file, f"is nested more than {MOST_DEPTH} deep") from None
        except ValueError as error:
            raise DataError(file, f"is not JSON: {str(error)[:160]}") from None
        found.append(value)
        if len(found) > MOST_ROWS:
            raise DataError(file, f"has over {MOST_ROWS:,} values", remedy=UNPACK)
        at = _SPACE.match(content, at).end()
    return found


def document(content: str, /, *, file: object) -> object:
    """Return the one JSON value of a text; DataError where it has none or several."""
    found = documents(content, file=file)
    if len(found) != 1:
        raise DataError(file, f"is not JSON: expected one value, found {len(found)}")
    return found[0]


def table(path: Path, /, *, numbers: Collection[str] = ()) -> list[dict[str, str]]:
    """Return the rows of a CSV, all values as text and without the space around them.

    The separator is a comma, a semicolon or a tab, whichever the header has most of; where it is
    no comma, those columns that are `numbers` may have decimal commas. DataError names the row
    whose values are not as many as the columns.
    """
    content = text(path)
    header = content.lstrip().partition("\n")[0]
    separator = max(",;\t", key=header.count)
    rows = csv.reader(
        io.StringIO(content, newline=""), delimiter=separator, skipinitialspace=True, strict=True
    )
    found, names = [], None
    try:
        for row in filter(None, rows):
            values = [value.strip() for value in row]
            if names is None:
                names = values
                if len(set(names)) < len(names):
                    raise DataError(path, "has two columns of one name")
                continue
            if len(values) != len(names):
                problem = (
                    f"has {len(values)} values, the header {len(names)} (separator {separator!r})"
                )
                raise DataError(path, problem, row=len(found) + 1)
            found.append(dict(zip(names, values, strict=True)))
            if len(found) > MOST_ROWS:
                raise DataError(path, f"has over {MOST_ROWS:,} rows", remedy=UNPACK)
    except csv.Error as error:
        raise DataError(path, f"is no CSV: {error}", row=len(found) + 1) from None
    if separator != ",":
        for row in found:
            row |= {
                name: _DECIMAL_COMMA.sub(r"\1.\2", row[name])
                for name in numbers
                if name in row and _DECIMAL_COMMA.fullmatch(row[name])
            }
    return found


def shown(value: object, /) -> str:
    """Return a value that was read as a message may show it: short, and in one line."""
    return reprlib.repr(value)[:40]


def _unrepeated(pairs: list) -> dict:
    made = dict(pairs)
    if len(made) < len(pairs):
        seen = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))
        raise ValueError(f"the key {shown(twice)} is there twice")
    return made


def _shallow(value) -> None:
    """Raise RecursionError where a value is nested too deep to be of use."""
    level = [value]
    for _ in range(MOST_DEPTH):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise RecursionError
