"""Parameters that a person edits in the notebook: the message is the one of a build."""

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from nbformat.v4 import new_notebook

import synthetic
from broadsheet import READS
from frontier import cli
from frontier.errors import DataError, UsageError
from frontier.site import parameters

STEM = "03_blackwell_advantage"
CELL = """\
at: float = 50.0  # where the ratio is read [1..500 tok/s/user]
model: str = "deepseek-r1"  # the model [one of measurements.model]
"""


@pytest.fixture
def by_hand(monkeypatch):
    monkeypatch.delenv(READS, raising=False)


@pytest.fixture
def saved(tmp_path, monkeypatch, by_hand):
    """Save a notebook 01_one with a parameters cell in a project of its own."""
    (tmp_path / "notebooks").mkdir()

    def save(cell):
        monkeypatch.setattr(parameters.paths, "notebooks", lambda: tmp_path / "notebooks")
        path = tmp_path / "notebooks" / "01_one.ipynb"
        nbformat.write(new_notebook(cells=[synthetic.parameters(cell)]), path)

    return save


@pytest.mark.parametrize(
    ("name", "value"),
    [("ttft_limit", 9000.0), ("model", "gpt-5"), ("baseline", "the best"), ("as_of", "June")],
)
def test_a_wrong_value_gives_the_line_that_a_build_gives(by_hand, capsys, tmp_path, name, value):
    with pytest.raises(UsageError) as error:
        parameters.check(STEM, {name: value})
    assert "\n" not in str(error.value)
    cli.main(["build", "03", "--set", f"{name}={value}", "--out", str(tmp_path / "out")])
    assert str(error.value) in capsys.readouterr().err


def test_a_wrong_value_that_was_saved_is_refused_with_the_same_line(saved):
    for cell, value in ((CELL, 900.0), (CELL.replace("50.0", "900.0"), 900.0)):
        saved(cell)
        with pytest.raises(UsageError, match=r"'at' is 900\.0, out of range 1"):
            parameters.check("01_one", {"at": value})


def test_a_computed_value_is_checked_as_what_it_came_to(saved):
    saved(CELL.replace("50.0", "20 * 3"))
    parameters.check("01_one", {"at": 60})
    with pytest.raises(UsageError, match="'at' is 600"):
        parameters.check("01_one", {"at": 600})


def test_whole_numbers_become_floats_and_nothing_else_is_touched(saved):
    saved(CELL)
    namespace = {"at": 60, "model": "llama-70b", "other": 3}
    parameters.check("01_one", namespace)
    assert namespace == {"at": 60.0, "model": "llama-70b", "other": 3}
    assert type(namespace["at"]) is float


def test_a_parameter_that_was_deleted_keeps_its_default_in_silence(saved):
    saved(CELL)
    namespace = {}
    parameters.check("01_one", namespace)
    assert namespace == {}


def test_a_build_is_not_asked_twice(saved, monkeypatch):
    saved(CELL)
    monkeypatch.setenv(READS, "somewhere")
    parameters.check("01_one", {"at": 900.0})


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (UsageError("say so"), "UsageError: say so"),
        (DataError("a.csv", "is empty", row=3), "DataError: a.csv, row 3: is empty"),
    ],
)
def test_a_notebook_shows_our_errors_as_one_line_and_no_traceback(capsys, error, line):
    shell = InteractiveShell.instance()
    shell.user_ns["error"] = error
    shell.run_cell("raise error")
    shown = capsys.readouterr()
    assert (shown.out + shown.err).strip() == line
