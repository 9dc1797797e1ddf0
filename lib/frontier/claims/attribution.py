"""Attribution: how a gain that came of several changes is shared among them.

A gain is a ratio, changes interact, and so a change is worth more or less depending on what was
there before it. A lattice holds the states between the start and the end, one set of changes each;
a cell that cannot exist (FP4 on Hopper) or was not measured is not in it, and only orders of
changes that pass through cells that are there count. Each change's part is its gain averaged over
those orders: the Shapley value where every cell is there. Beside it belongs the band over all of
them, since the order is a choice.

Values are the logarithms of a gain over the start, so that parts multiply to the whole. Which
frontiers stand behind a cell is in `claims.kinds`; what a verdict makes of a share, in `claims`.

>>> every = [set(), {"silicon"}, {"software"}, {"silicon", "software"}, {"silicon", "FP4"},
...          {"silicon", "FP4", "software"}]
>>> lattice = Lattice(["silicon", "FP4", "software"], every)
>>> lattice.orders
3
>>> gains = lattice.values({cell: len(cell) * np.log(2) for cell in lattice.cells})
>>> np.exp(shapley(lattice, gains)).round(9).tolist()
[2.0, 2.0, 2.0]
>>> round(float(share(lattice, gains, ["software"])), 9)
0.333333333
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from frontier.errors import UsageError

Floats = NDArray[np.float64]
Cell = frozenset

MEANINGS = {
    "log": "share of the log gain",
    "linear": "share of the added throughput",
    "final": "share of the final throughput",
    "factor": "factor on throughput",
}
"""What a part of a gain can mean, and its name on a page; see `share`."""


class Lattice:
    """The cells between no change and all of them, and the orders that lead through them.

    Args:
        factors: names of the changes, each once.
        cells: the sets of changes that exist; by default all. Others are never passed through.

    Raises:
        UsageError: on a name that stands twice or is none, and where no order is possible; then
            with how far one comes.
    """

    def __init__(self, factors: Sequence[str], cells: Iterable[Collection[str]] | None = None, /):
        self.factors = tuple(factors)
        if len(set(self.factors)) < len(self.factors) or not self.factors:
            raise UsageError(f"factors must be names, each once, not {list(self.factors)}")
        known = None if cells is None else {Cell(cell) for cell in cells}
        for cell in known or ():
            _members(self.factors, cell)
        reached = self._reached(known)
        full = Cell(self.factors)
        if full not in reached:
            raise UsageError(
                f"no order of {', '.join(self.factors)} is possible: {self._gap(reached)}"
            )
        # Cells from which the end cannot be reached are on no order.
        alive = {full}
        for cell in sorted(reached, key=len, reverse=True):
            if any(cell | {name} in alive for name in self._next(cell)):
                alive.add(cell)
        self.cells = tuple(sorted(alive, key=lambda cell: (len(cell), self._code(cell))))
        self._place = {cell: i for i, cell in enumerate(self.cells)}
        self._weight: dict[Cell, Floats] = {}

    def __repr__(self):
        return (
            f"<Lattice: {', '.join(self.factors)}; {len(self.cells)} cells, {self.orders} orders>"
        )

    def _reached(self, known):
        """Return the cells that can be reached from the start, one change at a time."""
        reached = edge = {Cell()} if known is None else {Cell()} & known
        while edge:
            edge = {cell | {name} for cell in edge for name in self._next(cell)}
            edge = edge if known is None else edge & known
            reached = reached | edge
        return reached

    def _next(self, cell):
        return [name for name in self.factors if name not in cell]

    def _code(self, cell):
        return tuple(name not in cell for name in self.factors)

    def _gap(self, reached):
        if not reached:
            return "the start, without any change, is not among the cells"
        furthest = max(reached, key=lambda cell: (len(cell), self._code(cell)))
        absent = ", ".join(name for name in self.factors if name not in furthest)
        there = " + ".join(name for name in self.factors if name in furthest) or "the start"
        return f"from {there} on, no cell with one more of {absent} is there"

    @cached_property
    def _edges(self) -> tuple[tuple[int, int, int], ...]:
        """(from, to, factor) of every step, in order of the cells they start from."""
        return tuple(
            (self._place[cell], self._place[cell | {name}], self.factors.index(name))
            for cell in self.cells
            for name in self._next(cell)
            if cell | {name} in self._place
        )

    @cached_property
    def _paths(self) -> tuple[list[int], list[int]]:
        """How many orders lead from the start to each cell, and from it to the end."""
        before, behind = [0] * len(self.cells), [0] * len(self.cells)
        before[0] = behind[-1] = 1
        for start, end, _ in self._edges:
            before[end] += before[start]
        for start, end, _ in reversed(self._edges):
            behind[start] += behind[end]
        return before, behind

    @cached_property
    def weights(self) -> Floats:
        """What each cell's log gain weighs in each factor's part, shape (factors, cells)."""
        before, behind = self._paths
        found = np.zeros((len(self.factors), len(self.cells)))
        for start, end, factor in self._edges:
            weight = before[start] * behind[end] / self.orders
            found[factor, end] += weight
            found[factor, start] -= weight
        return found

    def weight(self, group: Collection[str], /) -> Floats:
        """Return what each cell's log gain weighs in the part of a group of factors."""
        key = Cell(group)
        if key not in self._weight:
            members = sorted(_members(self.factors, group))
            self._weight[key] = self.weights[members].sum(axis=0)
        return self._weight[key]

    @property
    def orders(self) -> int:
        """How many orders of the changes are possible."""
        return self._paths[0][-1]

    def values(self, gains: Mapping[Cell, ArrayLike], /) -> Floats:
        """Return log gains as an array whose first axis is that of `cells`; a KeyError if missing.

        The start need not be given: its gain is 0.
        """
        shape = np.shape(gains[self.cells[-1]])
        zero = {Cell(): np.zeros(shape)}
        return np.stack([np.asarray({**zero, **gains}[cell], float) for cell in self.cells])


def shapley(lattice: Lattice, values: Floats, /) -> Floats:
    """Return each factor's part of the log gain: its mean over all possible orders.

    `values` has the cells on its first axis (see `Lattice.values`), and so has the result the
    factors. With every cell this is the Shapley value, which is symmetric, gives
    nothing to what changes nothing, adds up to the whole and is additive in the values.

    >>> two = Lattice(["FP4", "MTP"])
    >>> gains = {frozenset(): 1, frozenset(["FP4"]): 2, frozenset(["MTP"]): 3,
    ...          frozenset(["FP4", "MTP"]): 6}
    >>> logs = two.values({cell: np.log(gain) for cell, gain in gains.items()})
    >>> np.exp(shapley(two, logs)).round(6)  # what each is worth, in the order of the factors
    array([2., 3.])
    """
    return _weighed(lattice.weights, values)


def band(lattice: Lattice, values: Floats, group: Collection[str], /) -> tuple[Floats, Floats]:
    """Return the least and the largest part of the log gain that any order gives to a group."""
    inside = _members(lattice.factors, group)
    ends = []
    for choose in (np.minimum, np.maximum):
        best: list = [None] * len(lattice.cells)
        best[0] = np.zeros(values.shape[1:])
        for start, end, factor in lattice._edges:
            step = values[end] - values[start] if factor in inside else 0.0
            found = best[start] + step
            best[end] = found if best[end] is None else choose(best[end], found)
        ends.append(best[-1])
    return ends[0], ends[1]


def share(
    lattice: Lattice, values: Floats, group: Collection[str], /, *, meaning: str = "log"
) -> Floats:
    """Return a group's share of the whole gain, averaged over the possible orders.

    `meaning` is one of `MEANINGS`:

    - ``log``: its part of the log gain over the whole log gain;
    - ``linear``: its part of the added throughput, in multiples of the start's, over the whole;
    - ``final``: 1 - 1/S for a part S of the gain as a factor: the share of the final throughput
      that would not be there without it. The shares of groups do not add up to 1;
    - ``factor``: no share but the factor S itself.

    >>> two = Lattice(["FP4", "MTP"])
    >>> gains = {frozenset(): 0.0, frozenset(["FP4"]): 1.0, frozenset(["MTP"]): 1.0,
    ...          frozenset(["FP4", "MTP"]): 2.0}
    >>> float(share(two, two.values(gains), ["MTP"]))
    0.5
    """
    weights = lattice.weight(group)
    if meaning == "linear":
        return _weighed(weights, np.expm1(values)) / np.expm1(values[-1])
    return _meant(_weighed(weights, values), values, meaning)


def share_band(
    lattice: Lattice, values: Floats, group: Collection[str], /, *, meaning: str = "log"
) -> tuple[Floats, Floats]:
    """Return the least and the largest `share` that any one order gives to a group."""
    if meaning == "linear":
        ends = band(lattice, np.expm1(values), group)
        return tuple(end / np.expm1(values[-1]) for end in ends)
    return tuple(_meant(end, values, meaning) for end in band(lattice, values, group))


def _weighed(weights: Floats, values: Floats) -> Floats:
    """Return weights over cells times values whose first axis is that of the cells."""
    found = weights @ values.reshape(len(values), -1)
    return found.reshape((*weights.shape[:-1], *values.shape[1:]))


def _meant(part, values, meaning):
    if meaning == "final":
        return -np.expm1(-part)
    if meaning == "factor":
        return np.exp(part)
    if meaning != "log":
        raise UsageError(f"meaning is {meaning!r}; expected one of {', '.join(MEANINGS)}")
    return part / values[-1]


def _members(factors, group):
    """Return the places of a group's factors; UsageError for a name that is none."""
    if unknown := sorted(set(group) - set(factors)):
        raise UsageError(f"no factor '{unknown[0]}': there are {', '.join(factors)}")
    return {factors.index(name) for name in group}
