import ast
import re
from collections import Counter

import nbformat
import pytest
import yaml

from broadsheet import parameters
from frontier import claims
from frontier.data import paths
from frontier.site.parameters import choices
from notebook_cells import NOTEBOOKS, cells, exhibit_names, tree

HEADINGS = ("Answer", "How it was measured", "What it hangs on", "Data and parameters", "Cite")
SET_UP = 3  # cells of code before the analysis: imports, parameters, what is loaded
MOST_CELLS, LONGEST, MOST_EXHIBITS = 10, 25, 7
WITH_OWN = ("01", "03", "05", "06", "10", "11")  # 02 has two models, 04 and 09 no traffic a panel
LONGEST_HELPER = 8  # lines of a function in a notebook; what is longer belongs in the library
NUMBER = re.compile(r"(?<![\w.,/-])\d[\d,]*(?:\.\d+)?")

# In captions: the level of an interval, two sizes of an NVLink domain, and the year that a state is
# called by.
IN_CAPTIONS = {"95", "72", "8", "2025"}
FORBIDDEN_NAMES = {"print", "open", "exec", "eval", "input", "system"}
FORBIDDEN_MODULES = {"requests", "urllib", "http", "socket", "httpx", "aiohttp", "subprocess", "os"}


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request):
    return request.param


def markdown(path):
    text = "\n\n".join(cell.source for cell in cells(path, "markdown"))
    text = re.sub(r"\$\$.*?\$\$|\$.*?\$", "", text, flags=re.S)  # nor formulas
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
    names = {
        node.attr
        for cell in cells(path, "code")
        for node in ast.walk(tree(cell))
        if isinstance(node, ast.Attribute)
    }
    if "levers" in names:  # the claims on mechanisms, by mechanism
        strings |= {entry.id for entry in claims.levers().values()}
    return [known[name] for name in known if name in strings]


def test_there_are_notebooks_and_the_site_map_has_each_once():
    site = yaml.safe_load((paths.notebooks() / "collection.yaml").read_text(encoding="utf-8"))
    named = [page["notebook"] for page in site["pages"]]
    assert sorted(named) == [path.stem for path in NOTEBOOKS] != []


def test_every_claim_of_the_ledger_names_a_page_of_the_site_map():
    site = yaml.safe_load((paths.notebooks() / "collection.yaml").read_text(encoding="utf-8"))
    named = {page["notebook"] for page in site["pages"]}
    assert {entry.report for entry in claims.ledger()} <= named
    assert set(site["key_claims"]) <= {entry.id for entry in claims.ledger()}


def test_a_notebook_is_valid_and_source_only(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in cells(path, "code"):
        assert cell.outputs == []
        assert cell.execution_count is None
        assert cell.source.strip()


def test_the_title_is_a_question(path):
    titles = re.findall(r"^# (.+)$", markdown(path), re.M)
    assert len(titles) == 1
    assert titles[0].endswith("?")
    assert cells(path, "markdown")[0].source.startswith("# ")


def test_the_answer_comes_first_and_the_sections_are_those_of_every_report(path):
    assert tuple(re.findall(r"^## (.+)$", markdown(path), re.M)) == HEADINGS


def test_cells_are_few_and_short_and_all_but_one_show_their_last_expression(path):
    code = cells(path, "code")
    assert len(code) <= SET_UP + MOST_CELLS
    for cell in code:
        if not is_parameters(cell):
            assert len(cell.source.splitlines()) <= LONGEST, cell.source
    # What several figures show may be prepared in a cell of its own.
    silent = [one for one in code[SET_UP:] if not isinstance(tree(one).body[-1], ast.Expr)]
    assert len(silent) <= 1, [cell.source for cell in silent]


def test_exhibits_are_few(path):
    assert len(exhibit_names(path)) <= MOST_EXHIBITS


def test_imports_stand_in_the_first_code_cell_and_all_are_used(path):
    code = cells(path, "code")
    names = {
        (alias.asname or alias.name).partition(".")[0]
        for node in tree(code[0]).body
        for alias in node.names
    }
    assert all(isinstance(n, ast.Import | ast.ImportFrom) for n in tree(code[0]).body)
    nodes = [node for cell in code[1:] for node in ast.walk(tree(cell))]
    assert not [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    assert names - {node.id for node in nodes if isinstance(node, ast.Name)} == set()


def test_what_a_notebook_defines_is_short(path):
    for cell in cells(path, "code"):
        for node in ast.walk(tree(cell)):
            assert not isinstance(node, ast.ClassDef | ast.AsyncFunctionDef | ast.While)
            if isinstance(node, ast.FunctionDef | ast.For):
                assert node.end_lineno - node.lineno < LONGEST_HELPER, cell.source


def test_nothing_prints_reads_files_or_asks_the_network(path):
    for cell in cells(path, "code"):
        for node in ast.walk(tree(cell)):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                assert name not in FORBIDDEN_NAMES
            if isinstance(node, ast.Import):
                assert not {alias.name.split(".")[0] for alias in node.names} & FORBIDDEN_MODULES
            if isinstance(node, ast.ImportFrom):
                assert node.module.split(".")[0] not in FORBIDDEN_MODULES
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not re.match(r"(/.|~/|[A-Za-z]:[\\/]|https?:)", node.value), node.value


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
    later = path.stem >= "09"  # reports on claims of several dates and traffics
    for test in tests:
        if "power_edition" in defaults:
            assert defaults["power_edition"] == test.basis.edition or later
        if "floor" in defaults and test.basis.floor:
            assert defaults["floor"] == test.basis.floor
        if defaults.get("shape"):
            assert defaults["shape"] in test.traffic or later
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
    typed = {number.rstrip(",") for number in NUMBER.findall(markdown(path))}
    assert typed - claimed == set()


def typed_in_captions(path):
    """The numbers that stand in captions and alternative texts as they are written in the code."""
    words = [
        part.value
        for cell in cells(path, "code")
        for node in ast.walk(tree(cell))
        if isinstance(node, ast.keyword) and node.arg in ("caption", "alt")
        for part in ast.walk(node.value)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]
    return {number.rstrip(",") for text in words for number in NUMBER.findall(text)}


def test_a_caption_types_no_number_that_is_found(path):
    assert typed_in_captions(path) <= IN_CAPTIONS


def test_a_chart_of_frontiers_by_traffic_has_room_for_own_results():
    """A panel that is a traffic, and one model: what is imported for both is drawn there."""
    asks = {path.stem for path in NOTEBOOKS for cell in cells(path, "code") if draws(cell)}
    assert asks == {path.stem for path in NOTEBOOKS if path.stem[:2] in WITH_OWN}


def draws(cell):
    names = {node.attr for node in ast.walk(tree(cell)) if isinstance(node, ast.Attribute)}
    return {"frontier_chart", "with_own"} <= names


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
