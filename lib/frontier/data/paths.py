"""Where the project's folders are, from any working directory.

The package is installed in place (``pip install -e``), so the folders lie beside it;
``FRONTIER_HOME`` names another root, as a copy with other data has.
"""

import os
from pathlib import Path


def root() -> Path:
    """Return the project's root: ``$FRONTIER_HOME``, or the checkout this package is in."""
    return Path(os.environ.get("FRONTIER_HOME") or Path(__file__).parents[3]).resolve()


def data() -> Path:
    """Return the folder of the project's own tables."""
    return root() / "data"


def notebooks() -> Path:
    """Return the folder of the notebooks and of the collection's site map."""
    return root() / "notebooks"


def reports() -> Path:
    """Return the folder of the generated, committed site."""
    return root() / "reports"
