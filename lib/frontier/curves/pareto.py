"""Dominance: which rows of a table no other row beats.

Every front in the collection is cut here, so that ties, duplicates and bad values are
treated in one way. The answer is a mask, not a selection: the caller keeps the other
columns of the frame. What a front *means* as a function of interactivity is `curves`' affair.

>>> import pandas as pd
>>> rows = pd.DataFrame({"interactivity": [10, 20, 20, 5], "throughput": [9, 7, 7, 8]})
>>> is_nondominated(rows)
array([ True,  True, False, False])
>>> is_nondominated(rows, keep_weakly=True)
array([ True,  True,  True, False])

numpy has no fast two-key sort, so two objectives take one ``argsort`` (unstable, and several
times faster than a stable one), a radix pass over the group codes, and a running maximum;
which of exact duplicates comes first is settled afterwards, among the few rows that survive.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

_BLOCK = 512  # rows compared at once with three objectives or more


def is_nondominated(
    points: ArrayLike | pd.DataFrame,
    /,
    *,
    maximise: bool | Sequence[bool] = True,
    keep_weakly: bool = False,
) -> NDArray[np.bool_]:
    """Return a mask of the rows that no other row dominates, in input order.

    A row dominates another that it equals or betters in every objective and betters in one.

    Args:
        points: (n, d) numbers, d >= 1, compared as float64; infinities are ordered.
        maximise: whether larger is better: one bool, or one for each of the d objectives.
        keep_weakly: keep every copy of a nondominated row, not only the first.

    Raises:
        ValueError: on a NaN (names row and column), no objective, or a wrong shape.

    >>> is_nondominated([[10, 9], [20, 7], [5, 8]])
    array([ True,  True, False])
    >>> is_nondominated([[10, 9], [20, 7], [5, 8]], maximise=[False, True])
    array([ True, False,  True])
    """
    values = _oriented(points, maximise)
    if not len(values):
        return np.zeros(0, bool)
    return _mask(values, None, keep_weakly)


def is_nondominated_within_sets(
    points: ArrayLike | pd.DataFrame,
    /,
    *,
    sets: ArrayLike | pd.Series,
    maximise: bool | Sequence[bool] = True,
    keep_weakly: bool = False,
) -> NDArray[np.bool_]:
    """Return a mask of the rows that no other row *of the same set* dominates.

    Args:
        points: (n, d) numbers, as in `is_nondominated`.
        sets: n labels of any kind (a missing label is a set of its own); rows of one set
            need not be adjacent.
        maximise: as in `is_nondominated`.
        keep_weakly: as in `is_nondominated`.

    Raises:
        ValueError: as `is_nondominated`, and when `sets` has not one label a row.

    >>> is_nondominated_within_sets([[10, 9], [5, 8]], sets=["gb200", "h200"])
    array([ True,  True])
    """
    values = _oriented(points, maximise)
    labels = pd.Series(sets, copy=False)
    if len(labels) != len(values):
        raise ValueError(f"sets has {len(labels)} labels for {len(values)} rows of points")
    if not len(values):
        return np.zeros(0, bool)
    return _mask(values, _codes(labels), keep_weakly)


def _codes(labels: pd.Series) -> NDArray[np.int64]:
    """Return an integer >= 0 for each label; small integers are codes already."""
    if isinstance(labels.dtype, np.dtype) and labels.dtype.kind in "iu":
        codes = labels.to_numpy()
        if codes.min() >= 0 and codes.max() < 4 * len(codes):
            return codes.astype(np.int64, copy=False)
    return labels.factorize(use_na_sentinel=False)[0]


def _oriented(points, maximise) -> NDArray[np.float64]:
    """Return the points as float64 with every objective maximised, or raise ValueError."""
    if isinstance(points, pd.DataFrame):  # its missing values are NaN too, of whatever kind
        values = points.to_numpy(dtype=float, na_value=np.nan)
    else:
        values = np.asarray(points, dtype=float)
    if values.ndim != 2:
        raise ValueError(f"points must be (rows, objectives), not of shape {values.shape}")
    if not values.shape[1]:
        raise ValueError("points have no objective; give at least one column")
    if values.size and np.isnan(values.min()):
        row, column = np.argwhere(np.isnan(values))[0]
        name = repr(points.columns[column]) if isinstance(points, pd.DataFrame) else column
        raise ValueError(f"points have a NaN in row {row}, column {name}; drop or mend the row")
    larger = np.asarray(maximise, dtype=bool)
    if larger.shape not in ((), (values.shape[1],)):
        raise ValueError(f"maximise has {larger.size} values for {values.shape[1]} objectives")
    return values if larger.all() else values * np.where(larger, 1.0, -1.0)


def _mask(values, codes, keep_weakly) -> NDArray[np.bool_]:
    """Dispatch on the number of objectives."""
    if values.shape[1] == 1:  # a second objective that is always equal changes nothing
        values = np.column_stack([values, np.zeros(len(values))])
    if values.shape[1] == 2:
        kept = _two(values[:, 0], values[:, 1], codes, keep_weakly)
    elif codes is None:
        kept = _many(values, keep_weakly)
    else:
        order = _stable_order(codes)
        starts = np.flatnonzero(np.diff(codes[order])) + 1
        rows = np.split(order, starts)
        kept = np.concatenate([row[_many(values[row], keep_weakly)] for row in rows])
    mask = np.zeros(len(values), bool)
    mask[kept] = True
    return mask


def _two(x, y, codes, keep_weakly) -> NDArray[np.intp]:
    """Return the indices of the nondominated rows of two maximised objectives."""
    order = np.argsort(x)[::-1]  # x falling, ties in any order
    if codes is None:
        key = y[order]
    else:
        order = order[_stable_order(codes[order])]
        # Complex numbers compare by real, then imaginary part: one running maximum serves
        # all groups, since a later group's code exceeds whatever came before.
        key = np.empty(len(order), complex)
        key.real, key.imag = codes[order], y[order]
    highest = np.maximum.accumulate(key)
    candidates = np.flatnonzero(key == highest)  # few: no row before them is higher
    key, index = key[candidates], order[candidates]
    width = x[index]
    # Candidates run from wide to narrow and from low to high. Of equal height only the
    # widest survive (the first of their run), of equal width only the highest (the last).
    new_height = _changes(key)
    new_width = _changes(width) if codes is None else _changes(width) | _changes(codes[index])
    if new_height.all() and new_width.all():
        return index
    widest = width[_run_starts(new_height)] == width
    highest = key[_run_ends(new_width)] == key
    survives = widest & highest
    if keep_weakly:
        return index[survives]
    first = np.flatnonzero(_changes(key[survives]))  # survivors of one height are duplicates
    return np.minimum.reduceat(index[survives], first)


def _changes(values) -> NDArray[np.bool_]:
    """Mark each element that differs from its predecessor; the first is marked."""
    marks = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=marks[1:])
    return marks


def _run_starts(marks) -> NDArray[np.intp]:
    """Return, for each element, the position at which its run starts."""
    starts = np.flatnonzero(marks)
    return np.repeat(starts, np.diff(starts, append=len(marks)))


def _run_ends(marks) -> NDArray[np.intp]:
    """Return, for each element, the last position of its run."""
    starts = np.flatnonzero(marks)
    lengths = np.diff(starts, append=len(marks))
    return np.repeat(starts + lengths - 1, lengths)


def _stable_order(codes) -> NDArray[np.intp]:
    """Return a stable argsort of codes >= 0: numpy sorts 16-bit keys by radix."""
    order = np.argsort((codes & 0xFFFF).astype(np.uint16), kind="stable")
    high = codes >> 16
    while high.any():
        order = order[np.argsort((high[order] & 0xFFFF).astype(np.uint16), kind="stable")]
        high >>= 16
    return order


def _many(values, keep_weakly) -> NDArray[np.intp]:
    """Return the indices of the nondominated rows of three maximised objectives or more.

    In falling lexicographic order a row can be dominated by earlier rows only, so each block
    is compared with the front so far and with itself: O(rows x front).
    """
    distinct, first, copy_of = np.unique(
        0.0 - values, axis=0, return_index=True, return_inverse=True
    )  # negated: falling order; return_index gives the first in input order
    front = np.zeros(0, np.intp)
    for start in range(0, len(distinct), _BLOCK):
        block = np.arange(start, min(start + _BLOCK, len(distinct)))
        block = block[~_beaten(distinct[block], distinct[front])]
        beaten = _beaten(distinct[block], distinct[block], but_itself=True)
        front = np.concatenate([front, block[~beaten]])
    if not keep_weakly:
        return first[front]
    return np.flatnonzero(np.isin(copy_of.ravel(), front))


def _beaten(rows, by, *, but_itself=False) -> NDArray[np.bool_]:
    """Mark the rows that some row of `by` equals or betters (less is better) throughout."""
    beaten = np.zeros(len(rows), bool)
    for start in range(0, len(by), _BLOCK):
        no_worse = (by[None, start : start + _BLOCK] <= rows[:, None]).all(axis=2)
        if but_itself:
            np.fill_diagonal(no_worse, False)
        beaten |= no_worse.any(axis=1)
    return beaten
