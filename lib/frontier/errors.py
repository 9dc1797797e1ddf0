"""What goes wrong and is no defect of this library: each is one line, with an exit code."""

from broadsheet.errors import BroadsheetError as FrontierError
from broadsheet.errors import UsageError, among

__all__ = ["DataError", "FrontierError", "UsageError", "among"]


class DataError(FrontierError):
    """A damaged or inconsistent data file, named with row and column where they are known."""

    def __init__(self, file, problem, *, row=None, column=None, remedy=""):
        place = [str(file)]
        if row is not None:
            place.append(f"row {row}")
        if column is not None:
            place.append(f"column {column}")
        super().__init__(f"{', '.join(place)}: {problem}" + (f"; {remedy}" if remedy else ""))
