"""What is read from outside, checked by JSON Schema: the site map, and what runs have left.

The schemas are ``schema/NAME.json`` of this package. jsonschema is imported when
something is checked and not before: a build that has nothing to do checks nothing.
"""

import functools
import json
import sys
from pathlib import Path

_FOLDER = Path(__file__).parent / "schema"


def problem(name: str, value: object, /) -> str:
    """Return in one line what of a value is not of the schema of this name, empty if all is."""
    error = next(iter(sorted(_validator(name).iter_errors(value), key=str)), None)
    if error is None:
        return ""
    place = ".".join(map(str, error.absolute_path))
    return " ".join(f"{place + ': ' if place else ''}{error.message[:200]}".split())


@functools.cache
def _validator(name):
    prepare()
    from jsonschema import Draft202012Validator

    return Draft202012Validator(json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8")))


def prepare() -> None:
    """Import jsonschema, as nbformat does, without a parser of addresses that nothing here needs.

    jsonschema takes that parser where it is installed, as it is with JupyterLab. It makes its
    grammar when it is imported, which takes longer than all other imports of a worker together.
    """
    parser = "rfc3987_syntax"
    if "jsonschema" in sys.modules or parser in sys.modules:
        return
    sys.modules[parser] = None
    try:
        import jsonschema  # noqa: F401
    finally:
        del sys.modules[parser]
