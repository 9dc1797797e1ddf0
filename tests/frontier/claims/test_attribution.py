from itertools import combinations, permutations

import numpy as np
import pytest
from coopgt import shapley_value as coopgt
from hypothesis import given
from hypothesis import strategies as st

from frontier.claims import attribution
from frontier.claims.attribution import Lattice, band, shapley, share, share_band
from frontier.errors import UsageError

ABC = ["a", "b", "c"]


def subsets(names):
    return [frozenset(c) for size in range(len(names) + 1) for c in combinations(names, size)]


def multiplicative(factors):
    """Log gains of changes that do not interact: every cell is the product of its factors."""
    return {cell: sum(np.log(factors[name]) for name in cell) for cell in subsets(factors)}


def brute(lattice, gains):
    """Every part by walking through every order that the lattice's cells allow: the slow twin."""
    known, walked = {frozenset(cell) for cell in lattice.cells}, []
    for order in permutations(lattice.factors):
        cells = [frozenset(order[:i]) for i in range(len(order) + 1)]
        if set(cells) <= known:
            steps = {name: gains[cells[i + 1]] - gains[cells[i]] for i, name in enumerate(order)}
            walked.append([steps[name] for name in lattice.factors])
    return np.array(walked)


@st.composite
def games(draw, most=5, holes=True):
    """A lattice with some cells missing, and log gains of its cells."""
    names = list("abcdef"[: draw(st.integers(1, most))])
    every = subsets(names)
    kept = {frozenset(), frozenset(names)}
    order = draw(st.permutations(names))  # at least one order stays possible
    kept |= {frozenset(order[:i]) for i in range(len(names))}
    for cell in every:
        if not holes or draw(st.booleans()):
            kept.add(cell)
    numbers = st.floats(-3, 3, allow_nan=False)
    gains = {cell: draw(numbers) if cell else 0.0 for cell in every}
    return Lattice(names, kept), gains


@pytest.mark.parametrize("names", [[], ["a", "a"]])
def test_factors_that_are_no_distinct_names_are_refused(names):
    with pytest.raises(UsageError, match="names, each once"):
        Lattice(names)


def test_a_cell_of_an_unknown_factor_is_refused():
    with pytest.raises(UsageError, match="no factor 'z': there are a, b, c"):
        Lattice(ABC, [set(), {"z"}])


def test_where_no_order_is_possible_it_is_said_how_far_one_comes():
    with pytest.raises(UsageError, match="from a on, no cell with one more of b, c is there"):
        Lattice(ABC, [set(), {"a"}, set(ABC)])


def test_a_lattice_without_its_start_is_refused():
    with pytest.raises(UsageError, match="the start, without any change, is not among the cells"):
        Lattice(ABC, [{"a"}, {"a", "b"}, set(ABC)])


def test_a_missing_value_is_an_error_and_never_filled_in():
    gains = multiplicative({"a": 2, "b": 3})
    del gains[frozenset("a")]
    with pytest.raises(KeyError):
        Lattice(["a", "b"]).values(gains)


def test_a_group_or_a_meaning_that_there_is_not_is_refused():
    lattice = Lattice(["a", "b"])
    values = lattice.values(multiplicative({"a": 2, "b": 3}))
    for asked in (share, band, share_band):
        with pytest.raises(UsageError, match="no factor 'z'"):
            asked(lattice, values, ["z"])
    with pytest.raises(UsageError, match="expected one of log, linear, final"):
        share(lattice, values, ["a"], meaning="cube")


def test_changes_that_do_not_interact_have_their_own_factors_in_every_order():
    factors = {"a": 2.0, "b": 3.0, "c": 5.0}
    lattice = Lattice(ABC)
    values = lattice.values(multiplicative(factors))
    assert lattice.orders == 6
    assert np.exp(shapley(lattice, values)) == pytest.approx([2, 3, 5])
    low, high = band(lattice, values, ["a", "c"])
    assert np.exp([low, high]) == pytest.approx([10, 10])
    assert share(lattice, values, ["a", "c"]) == pytest.approx(np.log(10) / np.log(30))


def test_two_changes_share_their_interaction_evenly_and_the_band_is_all_or_none_of_it():
    lattice = Lattice(["a", "b"])
    gains = {frozenset("a"): np.log(2), frozenset("b"): np.log(3), frozenset("ab"): np.log(24)}
    values = lattice.values(gains)
    assert np.exp(shapley(lattice, values)) == pytest.approx([2 * 2, 3 * 2])
    assert np.exp(band(lattice, values, ["a"])) == pytest.approx([2, 8])


def test_a_change_that_needs_another_comes_only_after_it():
    cells = [cell for cell in subsets(ABC) if "b" not in cell or "a" in cell]
    lattice = Lattice(ABC, cells)
    assert lattice.orders == 3
    assert frozenset("b") not in lattice.cells
    gains = {
        frozenset("a"): 1.0,
        frozenset("c"): 5.0,
        frozenset("ab"): 3.0,
        frozenset("ac"): 7.0,
        frozenset("abc"): 10.0,
    }
    # abc: 1, 2, 7; acb: 1, 3, 6; cab: 2, 3, 5
    expected = [4 / 3, 8 / 3, 6]
    assert shapley(lattice, lattice.values(gains)) == pytest.approx(expected)


def test_a_measured_cell_on_no_possible_order_plays_no_part():
    cells = [set(), {"a"}, {"a", "b"}, {"c"}, set(ABC)]  # from c alone one cannot go on
    lattice = Lattice(ABC, cells)
    assert frozenset("c") not in lattice.cells
    assert lattice.orders == 1


@pytest.mark.parametrize(
    ("meaning", "expected"),
    [("log", np.log(2) / np.log(6)), ("linear", ((2 - 1) + (6 - 3)) / 2 / 5), ("final", 1 / 2)],
)
def test_the_three_meanings_of_a_share_have_their_closed_forms(meaning, expected):
    lattice = Lattice(["soft", "hard"])
    values = lattice.values(multiplicative({"soft": 2.0, "hard": 3.0}))
    assert share(lattice, values, ["soft"], meaning=meaning) == pytest.approx(expected)


@given(games())
def test_parts_are_the_means_over_every_possible_order_and_bands_their_ends(game):
    lattice, gains = game
    values, orders = lattice.values(gains), brute(lattice, gains)
    assert lattice.orders == len(orders)
    assert shapley(lattice, values) == pytest.approx(orders.mean(axis=0), abs=1e-9)
    for group in subsets(lattice.factors):
        places = [lattice.factors.index(name) for name in group]
        sums = orders[:, places].sum(axis=1)
        assert band(lattice, values, group) == pytest.approx((sums.min(), sums.max()), abs=1e-9)


@given(games())
def test_parts_add_up_to_the_whole_gain(game):
    lattice, gains = game
    whole = gains[frozenset(lattice.factors)]
    assert shapley(lattice, lattice.values(gains)).sum() == pytest.approx(whole, abs=1e-9)


@given(games(holes=False), st.data())
def test_changes_that_do_the_same_have_the_same_part(game, data):
    lattice, gains = game
    if len(lattice.factors) < 2:
        return
    one, other = lattice.factors[:2]
    swap = {one: other, other: one}
    same = {
        cell: (gains[cell] + gains[frozenset(swap.get(n, n) for n in cell)]) / 2 for cell in gains
    }
    parts = shapley(lattice, lattice.values(same))
    assert parts[0] == pytest.approx(parts[1], abs=1e-9)


@given(games(holes=False))
def test_a_change_that_changes_nothing_has_no_part(game):
    lattice, gains = game
    idle = lattice.factors[0]
    still = {cell: gains[cell - {idle}] for cell in gains}
    assert shapley(lattice, lattice.values(still))[0] == pytest.approx(0, abs=1e-12)


@given(games(), st.floats(-2, 2))
def test_parts_are_additive_in_the_log_gains(game, scale):
    lattice, gains = game
    values = lattice.values(gains)
    other = np.random.default_rng(1).normal(size=values.shape)
    other[0] = 0
    both = shapley(lattice, values) + scale * shapley(lattice, other)
    assert shapley(lattice, values + scale * other) == pytest.approx(both, abs=1e-9)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_parts_are_those_of_an_independent_library(count):
    names = list("abcde"[:count])
    number = {name: i + 1 for i, name in enumerate(names)}
    for seed in range(5):
        rng = np.random.default_rng(seed)
        gains = {cell: rng.normal() if cell else 0.0 for cell in subsets(names)}
        game = {tuple(sorted(number[n] for n in cell)): gain for cell, gain in gains.items()}
        lattice = Lattice(names)
        parts = shapley(lattice, lattice.values(gains))
        assert parts == pytest.approx(coopgt.calculate(game), abs=1e-12)


def test_many_draws_at_once_are_the_draws_one_by_one_and_are_not_changed():
    lattice = Lattice(ABC)
    values = np.random.default_rng(0).normal(size=(len(lattice.cells), 4, 3))
    values[0] = 0
    values.flags.writeable = False
    parts = shapley(lattice, values)
    low, high = band(lattice, values, ["b"])
    assert parts.shape == (3, 4, 3)
    for i, j in ((0, 0), (3, 2)):
        assert parts[:, i, j] == pytest.approx(shapley(lattice, values[:, i, j]))
        assert (low[i, j], high[i, j]) == pytest.approx(band(lattice, values[:, i, j], ["b"]))


@pytest.mark.parametrize("meaning", list(attribution.MEANINGS))
def test_a_share_lies_in_its_band_and_the_band_in_nothing_when_order_does_not_matter(meaning):
    lattice = Lattice(ABC)
    values = np.random.default_rng(2).uniform(0.2, 1, size=len(lattice.cells)).cumsum()
    values -= values[0]
    low, high = share_band(lattice, values, ["a"], meaning=meaning)
    assert low <= share(lattice, values, ["a"], meaning=meaning) <= high
    even = lattice.values(multiplicative({"a": 2.0, "b": 2.0, "c": 2.0}))
    ends = share_band(lattice, even, ["a"], meaning=meaning)
    wide = {"log": (1 / 3, 1 / 3), "linear": (1 / 7, 4 / 7), "final": (1 / 2, 1 / 2)}
    wide["factor"] = (2, 2)
    assert ends == pytest.approx(wide[meaning])
