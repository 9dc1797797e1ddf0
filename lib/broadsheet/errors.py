"""What goes wrong and is no defect of the library: a wrong request, or damaged data.

Each is one line for the person who can mend it. The command line prints the line and
exits with ``exit_code``; a traceback is for defects only.
"""

import difflib
from collections.abc import Iterable


def among(name: object, known: Iterable, /) -> str:
    """Return what there is, and which of it a misspelt name may mean: the end of a message.

    >>> among("Red", ["green", "blue", "red"])
    "there are green, blue, red; did you mean 'red'?"
    >>> among("pink", ["green", "blue"])
    'there are green, blue'
    """
    known = [str(one) for one in known]
    near = difflib.get_close_matches(str(name).lower(), known, n=1, cutoff=0.8)
    return f"there are {', '.join(known) or 'none'}" + (
        f"; did you mean '{near[0]}'?" if near else ""
    )


class BroadsheetError(Exception):
    """What went wrong, where, and what to do, in one line."""

    exit_code = 1

    def _render_traceback_(self):
        """Return what a notebook shows below the cell: the line, and no traceback."""
        return [f"{type(self).__name__}: {self}"]


class UsageError(BroadsheetError):
    """A wrong request: unknown name, wrong type, value that the data do not have."""

    exit_code = 2
