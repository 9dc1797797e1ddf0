import ast
import re
from collections import Counter

import nbformat
import pytest
import yaml

from broadsheet import parameters
from frontier import claims
from frontier.claims import comparisons
from frontier.data import paths
from frontier.site.parameters import choices
from notebook_cells import NOTEBOOKS, cells, exhibit_names, tree

HEADINGS = (
    "Claim", "Parameters", "Data", "Method", "Result", "What would change the answer", "Provenance",
)  # fmt: skip
MOST_CELLS, LONGEST = 15, 15
NUMBER = re.compile(r"(?<![\w.,/-])\d[\d,]*(?:\.\d+)?")

# Numbers in the text that are neither claimed nor computed, with the reason.
ALLOWED = {
    "02_reasoning_drop": {"20", "150"},  # the keynote's own arithmetic, quoted
    "03_blackwell_advantage": {"2"},  # the square root of the known answer
    "05_software_share": {"9", "1.5"},  # inputs of the known answer
    "06_mechanisms": {"2"},  # the square root of the known answer
    "07_serving_model": {"6"},  # validation.constants refuses more
    "08_explorer": {"5"},  # explorer.QUANTITIES, held by its test
    "04_frontier_shifts": {"1.5", "10", "30", "50", "2023"},  # inputs of the known answers; a year
}
FORBIDDEN_NAMES = {"print", "open", "exec", "eval", "input", "system"}
FORBIDDEN_MODULES = {"requests", "urllib", "http", "socket", "httpx", "aiohttp", "subprocess", "os"}


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request):
    return request.param


def markdown(path):
    text = "\n\n".join(cell.source for cell in cells(path, "markdown"))
    return re.sub(r"\]\([^)]*\)", "]", text)  # without the targets of links


def is_parameters(cell):
    return "parameters" in cell.metadata.get("tags", ())


def used_claims(path):
    """The ids that a notebook asks the ledger for: strings in it that are ids."""
    known = {entry.id: entry for entry in claims.ledger()}
    strings = {
        node.value
        for cell in cells(path, "code")
        for node in ast.walk(tree(cell))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return [known[name] for name in known if name in strings]


def test_there_are_notebooks_and_the_site_map_has_each_once():
    site = yaml.safe_load((paths.notebooks() / "collection.yaml").read_text(encoding="utf-8"))
    named = [page["notebook"] for page in site["pages"]]
    assert sorted(named) == [path.stem for path in NOTEBOOKS] != []


def test_the_site_map_gives_each_report_the_claims_that_the_ledger_gives_it():
    site = yaml.safe_load((paths.notebooks() / "collection.yaml").read_text(encoding="utf-8"))
    reports = {entry.id: entry.report for entry in claims.ledger()}
    for page in site["pages"]:
        for name in page["claims"]:
            assert reports[name] == page["notebook"]


def test_a_notebook_is_valid_and_source_only(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in cells(path, "code"):
        assert cell.outputs == []
        assert cell.execution_count is None
        assert cell.source.strip()


def test_the_title_is_one_sentence_with_a_number(path):
    titles = re.findall(r"^# (.+)$", markdown(path), re.M)
    assert len(titles) == 1
    assert re.search(r"\d", titles[0])
    assert not titles[0].endswith(".")
    assert cells(path, "markdown")[0].source.startswith("# ")


def test_the_headings_are_those_of_every_report(path):
    assert tuple(re.findall(r"^## (.+)$", markdown(path), re.M)) == HEADINGS


def test_code_is_short_and_shows_its_last_expression(path):
    code = cells(path, "code")
    assert len(code) <= MOST_CELLS
    for cell in code:
        if is_parameters(cell):
            continue
        body = [n for n in tree(cell).body if not isinstance(n, ast.Import | ast.ImportFrom)]
        lines = sum(node.end_lineno - node.lineno + 1 for node in body)
        assert lines <= LONGEST, cell.source
        assert isinstance(body[-1], ast.Expr), cell.source


def test_imports_stand_in_the_first_code_cell_and_helpers_in_the_library(path):
    for i, cell in enumerate(cells(path, "code")):
        for node in ast.walk(tree(cell)):
            assert i == 0 or not isinstance(node, ast.Import | ast.ImportFrom)
            assert not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.For | ast.While)


def test_nothing_prints_reads_files_or_asks_the_network(path):
    for cell in cells(path, "code"):
        assert not re.search(r"^\s*[%!]", cell.source, re.M)
        for node in ast.walk(tree(cell)):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                assert name not in FORBIDDEN_NAMES
            if isinstance(node, ast.Import):
                assert not {alias.name.split(".")[0] for alias in node.names} & FORBIDDEN_MODULES
            if isinstance(node, ast.ImportFrom):
                assert node.module.split(".")[0] not in FORBIDDEN_MODULES
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not re.match(r"(/|~/|[A-Za-z]:[\\/]|https?:)", node.value), node.value


def test_every_parameter_has_a_default_that_the_data_have(path):
    found = parameters.read(path)
    assert found
    defaults = {parameter.name: parameter.default for parameter in found}
    checked = parameters.check(found, defaults, choices=choices, notebook=path.stem)
    assert checked == defaults


def test_the_cell_after_the_parameters_checks_them_as_a_build_would(path):
    code = cells(path, "code")
    after = code[[is_parameters(cell) for cell in code].index(True) + 1]
    assert after.source.startswith(f'parameters.check("{path.stem}", globals())\n')


def test_a_parameter_that_the_ledger_fixes_has_its_value_as_default(path):
    defaults = {p.name: p.default for p in parameters.read(path)}
    tests = [entry.test for entry in used_claims(path) if entry.test]
    if not tests:  # a report that decides no claim, and shows none
        assert path.stem not in {entry.report for entry in claims.ledger()}
        return
    for test in tests:
        if "power_edition" in defaults:
            assert defaults["power_edition"] == test.basis.power_edition
        if "floor" in defaults and test.basis.floor:
            assert defaults["floor"] == test.basis.floor
        if defaults.get("shape"):
            assert defaults["shape"] in test.shapes
    if "per" in defaults:  # a report may also decide a claim of another unit
        assert defaults["per"] in {test.basis.per for test in tests}


def test_a_notebook_asks_for_claims_of_its_own_report(path):
    found = used_claims(path)
    own = {entry.report for entry in claims.ledger()}
    if path.stem not in own:
        return  # a report that decides no claim may show those of others
    assert found
    assert {entry.report for entry in found} == {path.stem}


def test_exhibits_carry_the_number_of_their_report(path):
    names = exhibit_names(path)
    assert names
    assert all(re.fullmatch(rf"{path.stem[:2]}-[a-z0-9-]+", name) for name in names)


def test_no_two_exhibits_of_the_collection_share_a_name():
    names = Counter(name for path in NOTEBOOKS for name in exhibit_names(path))
    assert [name for name, count in names.items() if count > 1] == []


def test_the_text_types_no_number_but_those_of_the_claims(path):
    texts = [
        f"{entry.statement} {entry.point} {entry.quantity} {entry.value}"
        for entry in claims.ledger()
        if entry.report == path.stem
    ]
    claimed = set(NUMBER.findall(" ".join(texts).replace(".0 ", " ")))
    known = claimed | {str(comparisons.TWO_SIDED)} | ALLOWED.get(path.stem, set())
    typed = {number.rstrip(",") for number in NUMBER.findall(markdown(path))}
    assert typed - known == set()


def test_no_exception_for_a_number_is_left_that_nothing_needs():
    assert set(ALLOWED) <= {path.stem for path in NOTEBOOKS}
    for path in NOTEBOOKS:
        typed = {number.rstrip(",") for number in NUMBER.findall(markdown(path))}
        assert ALLOWED.get(path.stem, set()) <= typed


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("H200 and NVL72 of gpt-oss-120b in FP8", []),
        ("25X at 1,000 tok/s", ["25", "1,000"]),
        ("a factor of 1.25.", ["1.25"]),
        ("DeepSeek-R1 8k", ["8"]),
    ],
)
def test_a_number_is_told_from_a_name(text, numbers):
    assert NUMBER.findall(text) == numbers
