"""The two ways in which things go wrong that are not defects of this library.

Each is one line for the person who can mend it. The command line prints the line and
exits with ``exit_code``; a traceback is for defects only.
"""


class FrontierError(Exception):
    """What went wrong, where, and what to do, in one line."""

    exit_code = 1

    def _render_traceback_(self):
        """Return what a notebook shows below the cell: the line, and no traceback."""
        return [f"{type(self).__name__}: {self}"]


class UsageError(FrontierError):
    """A wrong request: unknown name, wrong type, value that the data do not have."""

    exit_code = 2


class DataError(FrontierError):
    """A damaged or inconsistent data file, named with row and column where they are known."""

    def __init__(self, file, problem, *, row=None, column=None, remedy=""):
        place = [str(file)]
        if row is not None:
            place.append(f"row {row}")
        if column is not None:
            place.append(f"column {column}")
        super().__init__(f"{', '.join(place)}: {problem}" + (f"; {remedy}" if remedy else ""))
