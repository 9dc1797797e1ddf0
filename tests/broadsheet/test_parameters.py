import datetime

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_notebook

import synthetic
from broadsheet import parameters as schema
from broadsheet.errors import UsageError

CELL = """\
hardware: str = "gb200"  # accelerator of the numerator [one of measurements.hardware]
at: float = 50.0  # where the ratio is read [1..500 tok/s/user]
gpus: int | None = None  # GPUs of the deployment
mtp: bool = False  # with speculation
as_of: str | None = None  # rows up to this day [date]
how: Literal["step", "semilog"] = "step"  # interpolation, 'x # y' included
months: list[str] = ["2025-10"]  # months shown
floors: list[float] = [0.5, 2]  # floors tried [0..10]
"""


def read(tmp_path, *cells):
    path = tmp_path / "01_name.ipynb"
    nbformat.write(new_notebook(cells=list(cells)), path)
    return schema.read(path)


@pytest.fixture
def known(tmp_path):
    return {p.name: p for p in read(tmp_path, synthetic.parameters(CELL))}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("x = 1  # untyped", "only typed assignments"),
        ("x: int  # no default", "only typed assignments"),
        ("import os", "only typed assignments"),
        ("x: int = 1", "'x' has no help"),
        ("x: int = 1 + y  # computed", "not a literal"),
        ("x: dict = {}  # a type we do not have", "type 'dict' is not one of"),
        ("x: int = 'one'  # wrong default", "is int, not 'one'"),
        ("x: int = True  # a bool is no int", "is int, not True"),
        ("x: int = 9  # too much [1..5 apples]", "out of range 1..5 apples"),
        ("x: str = 'June'  # a day [date]", "write YYYY-MM-DD"),
        ("x: str = 'a'  # misspelt [on of t.c]", "constraint [on of t.c] is not one of"),
        ("y: int = 1  # once again", "'y' is assigned twice"),
        ("# a comment alone", "no parameter's help"),
        ("x: int = (  # open", "not Python"),
    ],
)
def test_what_is_not_a_typed_literal_with_help_is_refused_by_notebook_and_line(
    tmp_path, line, problem
):
    cell = synthetic.parameters(f"y: int = 1  # fine\n{line}")
    with pytest.raises(UsageError) as error:
        read(tmp_path, cell)
    assert str(error.value).startswith("01_name.ipynb, parameters cell, line ")
    assert problem in str(error.value)
    assert "\n" not in str(error.value)
    if problem != "not Python":
        assert "line 2: " in str(error.value)


def test_two_parameters_cells_are_refused(tmp_path):
    cells = [synthetic.parameters("a: int = 1  # a"), synthetic.parameters("b: int = 1  # b")]
    with pytest.raises(UsageError, match="2 cells tagged parameters"):
        read(tmp_path, *cells)


def test_a_file_that_is_no_notebook_is_a_usage_error(tmp_path):
    path = tmp_path / "x.ipynb"
    path.write_text("{")
    with pytest.raises(UsageError, match=r"x\.ipynb is not a notebook"):
        schema.read(path)


def test_a_notebook_without_the_cell_has_no_parameters(tmp_path):
    assert read(tmp_path, synthetic.code("x: int = 1  # not tagged")) == ()


def test_every_type_is_read_with_its_help_and_constraint(known):
    assert [(p.name, p.type, p.constraint) for p in known.values()] == [
        ("hardware", "str", "one of measurements.hardware"),
        ("at", "float", "1..500 tok/s/user"),
        ("gpus", "int | None", ""),
        ("mtp", "bool", ""),
        ("as_of", "date | None", ""),
        ("how", "Literal['step', 'semilog']", ""),
        ("months", "list[str]", ""),
        ("floors", "list[float]", "0..10"),
    ]
    assert known["at"].help == "where the ratio is read"
    assert known["how"].help == "interpolation, 'x # y' included"
    assert known["floors"].default == [0.5, 2]


@pytest.mark.parametrize(
    ("name", "texts", "value"),
    [
        ("at", ["30"], 30.0),
        ("gpus", ["8"], 8),
        ("gpus", ["None"], None),
        ("mtp", ["false"], False),
        ("mtp", ["TRUE"], True),
        ("hardware", ["001"], "001"),
        ("hardware", ["none"], "none"),
        ("how", ["semilog"], "semilog"),
        ("months", ["2025-10, 2025-11", "2026-01"], ["2025-10", "2025-11", "2026-01"]),
        ("floors", ["1,2.5"], [1.0, 2.5]),
        ("floors", [""], []),
    ],
)
def test_text_becomes_a_value_of_the_declared_type(known, name, texts, value):
    found = schema.parse_value(known[name], *texts)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("at", ["fast"]),
        ("gpus", ["8.5"]),
        ("mtp", ["yes"]),
        ("how", ["spline"]),
        ("floors", ["1,x"]),
        ("at", ["none"]),
        ("at", ["1", "2"]),
    ],
)
def test_text_of_another_type_is_refused_by_name(known, name, texts):
    with pytest.raises(UsageError, match=f"parameter '{name}'"):
        schema.parse_value(known[name], *texts)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"hardwre": "b200"}, "'hardwre' of 01_name: there are hardware, at, gpus"),
        ({"hardwre": "b200"}, "did you mean 'hardware'?"),
        ({"at": 501.0}, "501.0, out of range 1..500 tok/s/user"),
        ({"at": float("nan")}, "is float, not nan"),
        ({"at": "50"}, "is float, not '50'"),
        ({"floors": [1.0, 11.0]}, "11.0, out of range 0..10"),
        ({"floors": 1.0}, "is list[float], not 1.0"),
        ({"mtp": 1}, "is bool, not 1"),
        ({"hardware": None}, "is str, not None"),
        ({"as_of": "2026-02-30"}, "not '2026-02-30'; write YYYY-MM-DD"),
        ({"hardware": "tpu"}, "not in the data; measurements.hardware has: b200, gb200"),
    ],
)
def test_a_wrong_value_is_one_line_that_says_what_would_be_right(known, values, problem):
    with pytest.raises(UsageError) as error:
        schema.check(
            known.values(), values, choices=lambda name: ["b200", "gb200"], notebook="01_name"
        )
    assert problem in str(error.value)
    assert "\n" not in str(error.value)


def test_choices_are_asked_for_by_the_name_in_the_constraint_only_when_needed(known):
    asked = []
    schema.check(known.values(), {"at": 2}, choices=asked.append)
    assert asked == []
    schema.check(
        known.values(), {"hardware": "b200"}, choices=lambda n: asked.append(n) or ["b200"]
    )
    assert asked == ["measurements.hardware"]


def test_whole_numbers_become_floats_where_floats_are_declared(known):
    values = schema.check(known.values(), {"at": 2, "floors": [1, 2]})
    assert [type(v) for v in (values["at"], *values["floors"])] == [float] * 3


@given(
    value=st.one_of(
        st.tuples(st.just("gpus"), st.none() | st.integers()),
        st.tuples(st.just("at"), st.floats(1, 500)),
        st.tuples(st.just("mtp"), st.booleans()),
        st.tuples(st.just("as_of"), st.none() | st.dates().map(datetime.date.isoformat)),
        st.tuples(st.just("floors"), st.lists(st.floats(0, 10))),
    )
)
def test_a_value_is_parsed_back_from_its_text(value):
    parameters = {p.name: p for p in schema._parse(CELL, "01_name.ipynb")}
    name, value = value
    assert schema.parse_value(parameters[name], schema.format_value(value)) == value
