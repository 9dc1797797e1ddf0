"""What goes wrong and is no defect of this library: each is one line, with an exit code."""

from broadsheet.errors import BroadsheetError as FrontierError
from broadsheet.errors import DataError, UsageError, among

__all__ = ["DataError", "FrontierError", "UsageError", "among"]
