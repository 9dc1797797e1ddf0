"""Where the project's folders are, from any working directory.

The package is installed in place (``pip install -e``), so the folders lie beside it;
``FRONTIER_HOME`` names another root, as a copy with other data has.
"""

import os
from functools import lru_cache
from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parents[3]


def root() -> Path:
    """Return the project's root: ``$FRONTIER_HOME``, or the checkout this package is in."""
    home = os.environ.get("FRONTIER_HOME")
    # Asked for thousands of times: what leads to a root is looked up once.
    return _resolved(os.path.abspath(home)) if home else _CHECKOUT  # noqa: PTH100


@lru_cache(maxsize=16)
def _resolved(home):
    return Path(home).resolve()


def data() -> Path:
    """Return the folder of the project's own tables."""
    return root() / "data"


def notebooks() -> Path:
    """Return the folder of the notebooks and of the collection's site map."""
    return root() / "notebooks"


def reports() -> Path:
    """Return the folder of the generated, committed site."""
    return root() / "reports"
