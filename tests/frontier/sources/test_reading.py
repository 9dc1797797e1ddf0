"""Bounds on what is read: size, depth, rows, and a time that is linear in the size."""

import gzip
import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontier.errors import DataError
from frontier.sources import reading

scalars = st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)


@given(found=st.lists(values, max_size=5), space=st.sampled_from(["\n", " ", "\r\n\t "]))
def test_values_one_after_another_are_those_of_the_standard_reader(found, space):
    text = space + space.join(json.dumps(value) for value in found) + space
    assert reading.documents(text, file="a") == found


class Counted(str):
    """A text that counts how much of it is copied."""

    copied = 0

    def __getitem__(self, at):
        piece = super().__getitem__(at)
        Counted.copied += len(piece)
        return piece


def test_lines_of_json_are_read_without_copying_the_rest_for_each():
    text = Counted('{"a": 1}\n' * 20_000)
    assert len(reading.documents(text, file="a")) == 20_000
    assert Counted.copied < 2 * len(text)


def nested(depth):
    return "[" * depth + "]" * depth


@pytest.mark.parametrize("depth", [reading.MOST_DEPTH, reading.MOST_DEPTH + 1, 500, 10**5, 10**6])
def test_what_is_nested_too_deep_is_one_line_however_deep(depth):
    if depth <= reading.MOST_DEPTH:
        assert reading.document(nested(depth), file="a")
        return
    limit = sys.getrecursionlimit()
    for text in (nested(depth), '{"a":' * depth + "1" + "}" * depth):
        with pytest.raises(DataError, match="a: is nested more than 32 deep"):
            reading.document(text, file="a")
    assert sys.getrecursionlimit() == limit


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "expected one value, found 0"),
        ("1 2", "expected one value, found 2"),
        ('{"a": 1, "b": 2, "a": 1}', "the key 'a' is there twice"),
        ("9" * 5000, "is not JSON"),
        ("[1,", "is not JSON"),
    ],
)
def test_what_is_no_one_value_is_one_line(text, problem):
    with pytest.raises(DataError, match=problem) as failed:
        reading.document(text, file="a")
    assert len(str(failed.value)) < 250


@pytest.mark.parametrize("packed", [True, False])
def test_a_file_beyond_the_bound_is_refused_packed_or_not(tmp_path, monkeypatch, packed):
    monkeypatch.setattr(reading, "MOST_BYTES", 10_000)
    for size in (10_000, 10_001, 10**7):
        content = b" " * size
        (tmp_path / "a").write_bytes(gzip.compress(content) if packed else content)
        if size == 10_000:
            assert len(reading.text(tmp_path / "a")) == size
            continue
        with pytest.raises(DataError, match="is over 10,000 bytes; get it again, or split it"):
            reading.text(tmp_path / "a")


@pytest.mark.parametrize("cut", [1, 12, 30])
def test_half_a_gzip_is_one_line(tmp_path, cut):
    packed = gzip.compress(bytes(range(256)) * 40)
    (tmp_path / "a").write_bytes(packed[: len(packed) - cut])
    with pytest.raises(DataError, match="cannot be read"):
        reading.text(tmp_path / "a")


def test_more_rows_than_the_bound_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MOST_ROWS", 3)
    assert len(reading.documents("1 2 3", file="a")) == 3
    with pytest.raises(DataError, match="has over 3 values"):
        reading.documents("1 2 3 4", file="a")
    (tmp_path / "a.csv").write_text("x\n1\n2\n3\n4\n")
    with pytest.raises(DataError, match="has over 3 rows"):
        reading.table(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a,b\n1,2\n1,2,3\n", r"row 2: has 3 values, the header 2 \(separator ','\)"),
        ("a;b;c\n1,5;2\n", r"row 1: has 2 values, the header 3 \(separator ';'\)"),
        ("a,a\n1,2\n", "has two columns of one name"),
        ('a,b\n"1,2\n', "row 1: is no CSV"),
        ("a,b\n" + "x" * 200_000 + ",1\n", "row 1: is no CSV: field larger than field limit"),
    ],
)
def test_a_csv_that_is_none_is_named_by_row(tmp_path, monkeypatch, text, problem):
    import csv

    monkeypatch.setattr(csv, "field_size_limit", csv.field_size_limit)
    csv.field_size_limit(131_072)
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(DataError, match=problem):
        reading.table(tmp_path / "a.csv")


def test_only_columns_of_numbers_have_decimal_commas(tmp_path):
    (tmp_path / "a.csv").write_text("label;x;y\n1,5;2,5;1.219,63\n-,5;,25;1,5e-3\n")
    rows = reading.table(tmp_path / "a.csv", numbers=("x", "y"))
    assert rows[0] == {"label": "1,5", "x": "2.5", "y": "1.219,63"}
    assert rows[1] == {"label": "-,5", "x": ".25", "y": "1.5e-3"}
    (tmp_path / "a.csv").write_text('label,x\n"1,5","2,5"\n')
    assert reading.table(tmp_path / "a.csv", numbers=("x",)) == [{"label": "1,5", "x": "2,5"}]
