"""A claim of one's own is written whole or not at all."""

import ast
import json
import shutil
from pathlib import Path

import pytest
import yaml

from broadsheet import collection
from frontier import claims, cli
from frontier.data import paths
from frontier.errors import DataError, FrontierError, UsageError
from frontier.site import additions
from frontier.site.pages import claims_of
from measured import entry

ROOT = Path(__file__).parents[3]


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A copy of what `add` reads and writes."""
    for name in ("data", "notebooks", "schema"):
        shutil.copytree(ROOT / name, tmp_path / name)
    (tmp_path / "tests").mkdir()
    monkeypatch.setenv("FRONTIER_HOME", str(tmp_path))
    return tmp_path


def row(**changes):
    made = entry(3)
    del made["report"]
    made |= {"id": "mine-3x", "statement": "GB200 yields 3X the throughput of H200."}
    made["test"]["comparisons"][0]["where"] = {"model": "deepseek-r1"}
    return {**made, **changes}


def written(home, content):
    file = home / "row.yaml"
    file.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return file


def state(home):
    return {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("content", "error", "told"),
    [
        (row(id="mtp"), UsageError, "the ledger has a claim 'mtp' already"),
        (row(report="01_dense_gain"), UsageError, "report 01 is there already"),
        (row(date="2999-01-01"), UsageError, "is in the future"),
        (row(sources=[]), DataError, "row.yaml: claim mine-3x: sources: .* should be non-empty"),
        (
            row(claimed={"value": 3}),
            DataError,
            "row.yaml: claim mine-3x: claimed: '.*' is a required",
        ),
        ("claims: [", DataError, "row.yaml: is no YAML: line [12]: "),
        (
            "claims: " + "[" * 100_000,
            DataError,
            "row.yaml: is no YAML: line 1: more than 30 levels",
        ),
        ("[]", DataError, "row.yaml: is no ledger row"),
        ("a: 2026-02-30", DataError, "row.yaml: is no YAML"),
    ],
)
def test_what_cannot_be_added_is_one_line_and_leaves_everything_as_it_was(
    home, content, error, told
):
    file = written(home, content)
    before = state(home)
    with pytest.raises(error, match=told) as caught:
        additions.add(file)
    assert "\n" not in str(caught.value)
    assert state(home) == before


def test_what_nobody_measured_is_refused(home):
    made = row()
    made["test"]["comparisons"][0]["where"] = {"model": "gpt-5"}
    with pytest.raises(
        UsageError, match="nothing of it can be tested: no public rows of GB200 for gpt-5"
    ):
        additions.add(written(home, made))


def test_a_file_that_is_not_there_is_one_line(home):
    with pytest.raises(UsageError, match=r"none\.yaml: No such file"):
        additions.add(home / "none.yaml")


def test_a_claim_is_added_with_report_and_test_and_every_old_line_stays(home):
    before = {
        name: (home / name).read_text()
        for name in ("data/claims.yaml", "notebooks/collection.yaml")
    }
    pages = len(collection.read(paths.notebooks()).pages)
    files = additions.add(written(home, row()))
    added = claims.claim("mine-3x")
    assert added.value == 3 and added.report.endswith("_mine_3x")
    for name, text in before.items():
        new = (home / name).read_text().splitlines()
        assert [line for line in text.splitlines() if line not in new] == []
    site = collection.read(paths.notebooks())
    assert len(site.pages) == pages + 1 and claims_of(site.pages[-1]) == ("mine-3x",)
    notebook = json.loads(files[0].read_text())
    assert notebook["cells"][0]["source"][0].startswith("# GB200 yields 3X the throughput of H200")
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            ast.parse("".join(cell["source"]))
            assert len(cell["source"]) <= 25 and cell["outputs"] == []
    compile(files[1].read_text(), "test", "exec")


def test_the_notebook_of_an_added_claim_runs_to_its_end(home):
    """Cell by cell, with `publish` as a reader's notebook has it: a thing shown, and its words."""
    import matplotlib.pyplot as plt

    files = additions.add(written(home, row()))
    shown, names = [], {}
    for cell in json.loads(files[0].read_text())["cells"]:
        if cell["cell_type"] != "code":
            continue
        source = "".join(cell["source"]).replace("from frontier.figures import publish\n", "")
        names["publish"] = lambda thing, **said: shown.append((thing, said))
        exec(compile(source, "cell", "exec"), names)
    plt.close("all")
    assert len(shown) == 6
    assert all(said["name"] and said["caption"] for _, said in shown)


def test_a_write_that_fails_puts_everything_back(home, monkeypatch):
    file, replace = written(home, row()), Path.replace
    before = state(home)

    def failing(self, target):
        if target.name == "collection.yaml":
            raise OSError("disk full")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(FrontierError, match="everything is as it was"):
        additions.add(file)
    assert state(home) == before


def test_the_command_lists_what_it_wrote(home, capsys):
    assert cli.main(["new", str(written(home, row()))]) == 0
    assert "data/claims.yaml" in capsys.readouterr().out
    assert cli.main(["new", str(home / "row.yaml")]) == 2
    assert "already" in capsys.readouterr().err
