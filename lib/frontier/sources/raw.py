"""Reading a downloaded CSV so that a damaged one is named by file, row and column."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from frontier.errors import DataError

REMEDY = "download it again"


def read_csv(path: Path, /, *, needs=(), numbers=()) -> pd.DataFrame:
    """Return a CSV whose columns `needs` and `numbers` are there, the latter numeric.

    DataError names the file and, where they are known, the row (from 1 below the header)
    and the column.
    """
    try:
        frame = pd.read_csv(path)
    except (ValueError, EOFError, OSError) as error:
        problem = f"cannot be read: {str(error).strip().splitlines()[0]}"
        raise DataError(path, problem, remedy=REMEDY) from None
    for column in (*needs, *numbers):
        if column not in frame:
            raise DataError(path, "the column is missing", column=column, remedy=REMEDY)
    for column in numbers:
        values = pd.to_numeric(frame[column], errors="coerce")
        wrong = values.isna() & frame[column].notna()
        if wrong.any():
            at = int(wrong.to_numpy().argmax())
            problem = f"expected a number, found {frame[column].iloc[at]!r}"
            raise DataError(path, problem, row=at + 1, column=column, remedy=REMEDY)
        frame[column] = values
    return frame


def read_all(paths: Iterable[Path], /, *, needs=(), numbers=()) -> pd.DataFrame:
    """Return the rows of several such files, one after another (see `read_csv`)."""
    read = [read_csv(path, needs=needs, numbers=numbers) for path in paths]
    return pd.concat(read, ignore_index=True)


def places(rows: pd.DataFrame, /) -> pd.Series:
    """Return the address of the file that holds each row, by the columns that name it."""
    parts = rows[["source_repo", "source_commit", "source_path"]].astype("str")
    repository, commit, path = (parts[name] for name in parts)
    return "https://github.com/" + repository + "/blob/" + commit + "/" + path
