"""A claim of one's own is written whole or not at all."""

import ast
import json
import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from broadsheet import collection
from frontier import claims
from frontier.claims import commands
from frontier.data import paths
from frontier.errors import DataError, FrontierError, UsageError
from frontier.site import additions
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
        (row(claimed={"value": 3}), DataError, "row.yaml: claim mine-3x: claimed: '.*' is a required"),
        ("claims: [", DataError, "row.yaml, row [12]: is no YAML"),
        ("[]", DataError, "row.yaml: is no ledger row"),
        ("a: 2026-02-30", DataError, "row.yaml: is no YAML"),
    ],
)
def test_what_cannot_be_added_is_one_line_and_leaves_everything_as_it_was(home, content, error, told):
    file = written(home, content)
    before = state(home)
    with pytest.raises(error, match=told) as caught:
        additions.add(file)
    assert "\n" not in str(caught.value)
    assert state(home) == before


def test_what_nobody_measured_is_refused(home):
    made = row()
    made["test"]["comparisons"][0]["where"] = {"model": "gpt-5"}
    with pytest.raises(UsageError, match="nothing of it can be tested: no public rows of GB200 for gpt-5"):
        additions.add(written(home, made))


def test_a_file_that_is_not_there_is_one_line(home):
    with pytest.raises(UsageError, match=r"none\.yaml: No such file"):
        additions.add(home / "none.yaml")


def test_a_claim_is_added_with_report_and_test_and_every_old_line_stays(home):
    before = {name: (home / name).read_text() for name in ("data/claims.yaml", "notebooks/collection.yaml")}
    pages = len(collection.read(paths.notebooks()).pages)
    files = additions.add(written(home, row()))
    added = claims.claim("mine-3x")
    assert added.value == 3 and added.report.endswith("_mine_3x")
    for name, text in before.items():
        new = (home / name).read_text().splitlines()
        assert [line for line in text.splitlines() if line not in new] == []
    site = collection.read(paths.notebooks())
    assert len(site.pages) == pages + 1 and site.pages[-1].claims == ("mine-3x",)
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


<<<<<<< HEAD
def test_what_was_added_is_read_back_as_it_was_given(home):
    written = additions.add(replace(MINE, form="drop", value=2.5, floor=50.5))
    claim = claims.ledger()[-1]
    assert (claim.id, claim.value, claim.form, claim.date) == (
        "mine-3x",
        2.5,
        "drop",
        date(2026, 1, 31),
    )
    assert claim.test.basis.floor == 50.5
    assert claim.test.comparisons[0]["denominator"] == SIDES["denominators"][0]
    entry = collection.read(home / "notebooks").pages[-1]
    assert (entry.notebook, entry.more["claims"]) == (claim.report, ["mine-3x"])
    notebook = nbformat.read(written[0], as_version=4)
    nbformat.validate(notebook)
    assert [one for one in notebook.cells if one.get("outputs")] == []
    compile(written[1].read_text(), "test", "exec")
    claims.levers()  # what stands behind the claims is still there
    assert claims.credits()


@pytest.mark.parametrize(
    ("unit", "per", "tested"),
    [
        ("x tok/s/MW", "", "MW"),
        ("x tokens per second per megawatt", "", "MW"),
        ("x tok/s/kW", "", "MW"),
        ("x tok/s/GPU", "", "GPU"),
        ("x", "", "GPU"),
        ("x", "MW", "MW"),
        ("x tok/s/MW", "MW", "MW"),
        ("x tok/s/user", "", "GPU"),
        ("x tok/W3/Wh", "", "GPU"),
    ],
)
def test_what_is_tested_is_counted_per_what_the_unit_names(unit, per, tested):
    assert replace(MINE, unit=unit, per=per).per == tested


def test_a_claim_per_megawatt_is_tested_per_megawatt_without_a_word_of_it(home, capsys):
    said = (
        "new a-50x --statement 50X --value 50 --source https://example.org --date 2026-01-31 "
        "--numerator model=deepseek-r1 hardware=gb300 "
        "--denominator model=deepseek-r1 hardware=h200"
    )
    line = [*said.split(), "--unit", "x tok/s/MW"]
    assert cli.main(line) == 0
    assert claims.ledger()[-1].test.basis.unit == "tok/s/MW"
    notebook = nbformat.read(home / "notebooks" / f"{claims.ledger()[-1].report}.ipynb", 4)
    assert "MW" in "".join(one.source for one in notebook.cells if one.cell_type == "code")


def test_a_second_claim_takes_the_next_number(home):
    first, second = (additions.add(replace(MINE, id=name))[0] for name in ("one-3x", "two-3x"))
    assert int(second.name[:2]) == int(first.name[:2]) + 1


@pytest.mark.parametrize(
    "text",
    ["<script>3</script>", "a: b # 3", "*3* [x](y) $3$", "3 'single' \"double\" \\n", "é 3 ✓"],
)
def test_a_hostile_statement_stays_text(home, text):
    additions.add(replace(MINE, statement=text, point=text, source_title=text))
    claim = claims.ledger()[-1]
    assert (claim.statement, claim.point, claim.sources[0]["title"]) == (text, text, text)
    notebook = nbformat.read(home / "notebooks" / f"{claim.report}.ipynb", as_version=4)
    heading = notebook.cells[0].source.splitlines()[0]
    assert "<script>" not in heading
    assert text not in "".join(one.source for one in notebook.cells if one.cell_type == "code")


plain = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), max_size=30)


@given(plain, plain)
def test_any_line_of_text_comes_back_from_the_list_it_is_put_into(text, comment):
    before = f"# {comment}\na:\n  - x: 1  # {comment}\n\n# of b\nb: [2]\n"
    after = additions.inserted(before, "a", additions._item({"x": text}))
    assert yaml.safe_load(after) == {"a": [{"x": 1}, {"x": text}], "b": [2]}
    assert [line for line in after.splitlines() if "#" in line][:1] == before.splitlines()[:1]


def test_a_site_map_whose_pages_are_on_one_line_is_named_and_left_alone(home):
    path = home / "notebooks" / "collection.yaml"
    known = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump(known, default_flow_style=True))
    before = content(home)
    with pytest.raises(DataError, match=r"collection\.yaml: has no list `pages:`"):
        additions.add(MINE)
    assert content(home) == before


def test_a_file_without_the_list_is_refused():
    for text in ("b: 1\n", "a: [1]\n", "a:\n  - 1\na:\n  - 2\n"):
        with pytest.raises(DataError, match="has no list"):
            additions.inserted(text, "a", "  - 3\n")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("new", "the following arguments are required"),
        ("new a --date soon", "'soon' is no date such as 2026-03-31"),
        ("{new} --numerator hardwar=h100 --denominator hardware=h200", "no condition 'hardwar'"),
        ("{new} --numerator h100 --denominator hardware=h200", "not 'h100'"),
        ("{new} --numerator hardware= --denominator hardware=h200", "not 'hardware='"),
    ],
)
def test_a_wrong_command_is_one_line_and_exit_code_2(home, capsys, line, said):
    new = (
        "new a-3x --statement 3X --value 3 --unit x --source https://example.org --date 2026-01-31"
    )
    before = content(home)
    assert cli.main(line.format(new=new).split()) == 2
    message = capsys.readouterr().err
    assert said in message
    assert message.count("\n") == 1
    assert content(home) == before


# The document.


def commands():
    """The commands of the document, as they stand there."""
    blocks = re.findall(r"```sh\n(.*?)```", DOCUMENT, flags=re.S)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [shlex.split(line) for line in lines if line.strip()]


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """A copy in which the commands of the document were run: what each printed, and the copy."""
    copy = tmp_path_factory.mktemp("example")
    for name in ("data", "notebooks", "tests"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    environment = {"FRONTIER_HOME": str(copy), "PATH": "/usr/bin:/bin", "HOME": str(copy)}
    printed = []
    for command in commands():
        assert command[0] in (".venv/bin/frontier", ".venv/bin/python")
        start = [sys.executable] + ["-m", "frontier.cli"] * command[0].endswith("frontier")
        done = subprocess.run(
            [*start, *command[1:]], cwd=copy, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        printed.append(done.stdout)
    return printed, copy


@pytest.fixture(scope="module")
def record(example):
    rows = json.loads((example[1] / "reports" / "verdicts.json").read_text())["claims"]
    return next(row for row in rows if row["id"] == "gb300-50x")


@pytest.mark.slow
def test_the_document_shows_what_the_command_prints(example):
    line = next(one for one in example[0][2].splitlines() if one.startswith("gb300-50x"))
    shown = re.search(r"```text\n(.*?)```", DOCUMENT, flags=re.S)[1]
    assert shown.split() == line.split()


@pytest.mark.slow
def test_the_numbers_of_the_document_are_those_of_the_verdict(record):
    top = max(record["tiers"]["measured"]["comparisons"], key=lambda one: one["largest"] or 0)
    said = (
        f"is {words.number(top['largest'])}x, at {words.number(top['largest_at'])} tok/s/user "
        f"({top['comparison']}, {top['shape']})"
    )
    assert said in DOCUMENT
    assert record["verdict"] == claims.NOT_REPRODUCED


def test_the_figures_that_the_document_quotes_are_in_the_table_of_published_points():
    points = pd.read_csv(ROOT / "data" / "published_points.csv")
    stated = points[points["url"].str.endswith("/lowest-token-cost-ai-factories/")]
    rates = stated[stated["y_unit"] == "tok/s/MW"].set_index("series")["y"]
    assert rates["DeepSeek-R1 GB300 NVL72"] == 2.8e6
    assert rates["DeepSeek-R1 HGX H200"] == 54e3
    assert stated["note"].str.startswith("2026-04-15").all()
    assert 50 <= 2.8e6 / 54e3 < 55
    assert "2.8 million" in DOCUMENT
    assert "54,000" in DOCUMENT


@pytest.mark.slow
def test_the_claim_of_the_example_is_on_the_scorecard_and_has_a_page(example, record):
    soup = BeautifulSoup((example[1] / "reports" / "index.html").read_text(), "html.parser")
    assert soup.find(href=f"{record['page']}#gb300-50x") or "gb300-50x" in soup.get_text()
    page = (example[1] / "reports" / record["page"]).read_text()
    assert html.escape(record["condition"]) in page
    assert "gb300-50x" not in (ROOT / "data" / "claims.yaml").read_text()
    assert len(claims.ledger()) == 18


@pytest.mark.slow
def test_the_files_that_the_document_names_are_those_written(example):
    named = re.findall(r"^\| `([^`]+)` \|", DOCUMENT, flags=re.M)
    assert sorted(named) == sorted(example[0][0].split())
    assert all((example[1] / name).is_file() for name in named)


def test_the_document_leads_to_what_is_there():
    assert paths.root() == ROOT
    for name in re.findall(r"`(\d\d_\w+)`", DOCUMENT):
        assert (ROOT / "notebooks" / f"{name}.ipynb").is_file() or name == "09_gb300_50x"
=======
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


def test_the_command_lists_what_it_wrote(home):
    done = CliRunner().invoke(commands.new, [str(written(home, row()))])
    assert done.exit_code == 0, done.output
    assert "data/claims.yaml" in done.output
    again = CliRunner().invoke(commands.new, [str(home / "row.yaml")])
    assert again.exit_code == 2 and "already" in again.output
>>>>>>> claims
