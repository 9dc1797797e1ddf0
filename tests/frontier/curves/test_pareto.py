import moocore
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from frontier.curves.pareto import is_nondominated, is_nondominated_within_sets


def slow_mask(points, keep_weakly=False):
    """The definition, row by row."""
    rows = [tuple(row) for row in np.asarray(points).tolist()]
    mask = []
    for i, row in enumerate(rows):
        dominated = any(
            other != row and all(a >= b for a, b in zip(other, row, strict=True)) for other in rows
        )
        mask.append(not dominated and (keep_weakly or row not in rows[:i]))
    return np.array(mask, bool)


def slow_mask_within_sets(points, sets, **options):
    mask = np.zeros(len(points), bool)
    for label in dict.fromkeys(sets):
        rows = [i for i, other in enumerate(sets) if other == label]
        mask[rows] = slow_mask(np.asarray(points)[rows], **options)
    return mask


tie_heavy = hnp.arrays(
    float,
    st.tuples(st.integers(1, 40), st.integers(1, 4)),
    elements=st.sampled_from([-np.inf, -1.0, -0.0, 0.0, 1.0, 2.0, 3.0, np.inf]),
)


def test_a_nan_is_an_error_that_names_row_and_column():
    with pytest.raises(ValueError, match=r"row 2, column 1"):
        is_nondominated([[1, 2], [3, 4], [5, np.nan]])
    frame = pd.DataFrame({"fast": [1.0, np.nan], "cheap": [1.0, 2.0]})
    with pytest.raises(ValueError, match=r"row 1, column 'fast'"):
        is_nondominated_within_sets(frame, sets=["a", "b"])


def test_a_nan_is_found_beside_infinities_of_both_signs():
    with pytest.raises(ValueError, match="row 1, column 0"):
        is_nondominated([[np.inf, -np.inf], [np.nan, 1]])


@pytest.mark.parametrize("points", [np.zeros((3, 0)), [1.0, 2.0], 5.0, np.zeros((2, 2, 2))])
def test_points_without_objectives_or_of_another_shape_are_refused(points):
    with pytest.raises(ValueError, match="points"):
        is_nondominated(points)


def test_one_direction_too_few_is_refused():
    with pytest.raises(ValueError, match="maximise has 2 values for 3 objectives"):
        is_nondominated(np.ones((4, 3)), maximise=[True, False])


def test_a_missing_label_row_is_refused():
    with pytest.raises(ValueError, match="2 labels for 3 rows"):
        is_nondominated_within_sets(np.ones((3, 2)), sets=["a", "b"])


def test_no_rows_give_an_empty_mask():
    for mask in (
        is_nondominated(np.zeros((0, 2))),
        is_nondominated_within_sets(np.zeros((0, 3)), sets=[]),
    ):
        assert mask.dtype == bool
        assert mask.shape == (0,)


def test_the_first_of_exact_duplicates_is_kept():
    points = [[0, 0], [2, 1], [1, 2], [2, 1], [1, 2], [1, 1]]
    assert is_nondominated(points).tolist() == [False, True, True, False, False, False]


def test_every_duplicate_is_kept_on_request_but_no_weakly_dominated_row():
    points = [[2, 1], [2, 1], [2, 0], [1, 1]]
    assert is_nondominated(points, keep_weakly=True).tolist() == [True, True, False, False]


def test_an_infinity_is_ordered_like_any_number():
    assert is_nondominated([[np.inf, 1], [5, 1], [5, 2]]).tolist() == [True, False, True]


def test_a_missing_label_is_a_set_of_its_own():
    sets = pd.Series(["a", None, "a", None])
    mask = is_nondominated_within_sets([[1, 1], [2, 2], [3, 3], [1, 1]], sets=sets)
    assert mask.tolist() == [False, True, True, False]


def test_a_number_and_its_name_are_different_sets():
    assert is_nondominated_within_sets([[1, 1], [2, 2]], sets=[1, "1"]).all()


@pytest.mark.parametrize("keep_weakly", [False, True])
@given(points=tie_heavy)
def test_one_set_equals_the_definition(points, keep_weakly):
    mask = is_nondominated(points, keep_weakly=keep_weakly)
    assert mask.tolist() == slow_mask(points, keep_weakly).tolist()


@pytest.mark.parametrize("keep_weakly", [False, True])
@given(points=tie_heavy, seed=st.integers(0, 99))
def test_sets_equal_the_definition_set_by_set(points, keep_weakly, seed):
    sets = np.random.default_rng(seed).choice(["one", "two", "three"], len(points)).tolist()
    mask = is_nondominated_within_sets(points, sets=sets, keep_weakly=keep_weakly)
    assert mask.tolist() == slow_mask_within_sets(points, sets, keep_weakly=keep_weakly).tolist()


@given(points=tie_heavy, seed=st.integers(0, 99))
def test_minimising_is_maximising_the_negative(points, seed):
    maximise = np.random.default_rng(seed).random(points.shape[1]) < 0.5
    mask = is_nondominated(points, maximise=maximise.tolist())
    assert mask.tolist() == slow_mask(np.where(maximise, points, -points)).tolist()


@given(points=tie_heavy, seed=st.integers(0, 99))
def test_shuffled_rows_keep_the_same_front(points, seed):
    order = np.random.default_rng(seed).permutation(len(points))
    front = points[is_nondominated(points)]
    shuffled = points[order][is_nondominated(points[order])]
    assert sorted(map(tuple, front)) == sorted(map(tuple, shuffled))


@pytest.mark.parametrize("keep_weakly", [False, True])
@pytest.mark.parametrize("objectives", [2, 3, 4])
def test_moocore_agrees(objectives, keep_weakly):
    rng = np.random.default_rng(objectives)
    points = rng.integers(0, 30, (3_000, objectives)).astype(float)
    sets = rng.integers(0, 7, len(points))
    theirs = moocore.is_nondominated(points, maximise=True, keep_weakly=keep_weakly)
    assert (is_nondominated(points, keep_weakly=keep_weakly) == theirs).all()
    theirs = moocore.is_nondominated_within_sets(
        points, sets=sets, maximise=True, keep_weakly=keep_weakly
    )
    ours = is_nondominated_within_sets(points, sets=sets, keep_weakly=keep_weakly)
    assert (ours == theirs).all()


def test_more_rows_than_a_block_are_compared_across_blocks():
    rng = np.random.default_rng(5)
    points = np.abs(rng.standard_normal((4_000, 3)))
    points /= np.linalg.norm(points, axis=1, keepdims=True)  # a sphere: nearly all survive
    points[::2] *= 0.9
    assert (is_nondominated(points) == moocore.is_nondominated(points, maximise=True)).all()


@pytest.mark.parametrize("offset", [0, 10**9])
def test_more_groups_than_sixteen_bits_hold(offset):
    rng = np.random.default_rng(7)
    groups = 70_001
    sets = rng.permutation(np.repeat(np.arange(groups), 3)) + offset
    points = rng.integers(0, 4, (len(sets), 2))
    mask = is_nondominated_within_sets(points, sets=sets)
    assert np.unique(sets[mask]).size == groups
    pick = np.flatnonzero(np.isin(sets - offset, [0, 1, 65_535, 65_536, 65_537, 70_000]))
    expected = slow_mask_within_sets(points[pick], sets[pick].tolist())
    assert mask[pick].tolist() == expected.tolist()


@pytest.mark.parametrize(
    "convert",
    [list, np.array, pd.Series, pd.Categorical, lambda sets: pd.Series(sets).astype("category")],
)
def test_labels_of_any_kind_and_points_of_a_frame_give_the_same_mask(convert, unchanged):
    sets = ["b", "a", "b", "a"]
    frame = pd.DataFrame({"x": [1, 2, 2, 1], "y": [1, 2, 2, 3]}, index=[9, 9, 3, 1])
    mask = unchanged(is_nondominated_within_sets, frame, sets=convert(sets), maximise=[True, False])
    assert mask.tolist() == [True, True, True, False]


def test_inputs_are_never_changed(unchanged):
    rng = np.random.default_rng(3)
    for objectives in (1, 2, 3):
        points = rng.integers(0, 5, (50, objectives)).astype(float)
        for maximise in (True, False):
            unchanged(is_nondominated, points, maximise=maximise)
            sets = rng.integers(0, 4, 50)
            unchanged(is_nondominated_within_sets, points, sets=sets, maximise=maximise)
