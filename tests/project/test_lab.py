"""Every report in a real JupyterLab, run as a person runs it; the explorer's controls moved."""

import json

import numpy as np
import pytest

import lab
from browser import chromium
from frontier import cli
from frontier.data import paths
from notebook_cells import NOTEBOOKS, exhibit_names

pytestmark = pytest.mark.slow

STEMS = [path.stem for path in NOTEBOOKS]
STEPS = 40
CHARTS = ".frontier-explorer .frontier-charts"
CHANGES = (
    ("tokens in/out", "1024/1024"), ("speculation", "off"), ("precision", "fp8"),
    ("model", "llama-70b"), ("model", "gpt-oss-120b"), ("model", "deepseek-r1"),
    ("precision", "best of each"), ("disaggregation", "off"), ("disaggregation", "any"),
    ("speculation", "any"), ("tokens in/out", "8192/1024"),
)  # fmt: skip
# From a key to the changed charts, and to the frame that paints them, by the page's own clock.
WATCH = """() => {
  window.taken = []; window.painted = []; let pressed = null;
  for (const kind of ['keydown', 'change'])
    document.addEventListener(kind, (event) => {pressed = event.timeStamp;}, true);
  const charts = document.querySelector('.frontier-shown .widget-html-content');
  new MutationObserver(() => {
    if (pressed === null) return;
    const from = pressed; pressed = null;
    window.taken.push(performance.now() - from);
    requestAnimationFrame(() => setTimeout(() => window.painted.push(performance.now() - from)));
  }).observe(charts, {childList: true});
}"""


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory):
    with lab.server(tmp_path_factory.mktemp("lab")) as address, chromium() as browser:
        yield address, browser


@pytest.fixture
def opened(jupyter):
    address, browser = jupyter
    notebooks = []

    def open_(stem):
        page = browser.new_page(viewport={"width": 1500, "height": 1300})
        notebooks.append(lab.Notebook(page, address, stem))
        return notebooks[-1]

    yield open_
    for notebook in notebooks:
        notebook.close()


@pytest.mark.parametrize("stem", STEMS)
def test_a_report_runs_from_top_to_bottom_in_another_folder(opened, stem):
    notebook = opened(stem)
    notebook.restart_and_run_all()
    assert notebook.errors == []
    code = [cell for cell in notebook.cells if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert set(exhibit_names(paths.notebooks() / f"{stem}.ipynb")) <= notebook.exhibits


def test_a_parameter_edited_badly_gives_the_line_of_a_build_and_edited_well_an_answer(
    opened, capsys, tmp_path
):
    notebook = opened("08_explorer")
    notebook.replace("interactivity: float = 50.0", "interactivity: float = 5000.0")
    notebook.restart_and_run_all()
    asked = ["build", "08", "--set", "interactivity=5000.0", "--out", str(tmp_path / "out")]
    assert cli.main(asked) == 2
    told = capsys.readouterr().err.strip().removeprefix("frontier: ")
    assert notebook.errors == [f"UsageError: {told}"]
    assert "\n" not in told
    notebook.replace("interactivity: float = 5000.0", "interactivity: float = 100")
    notebook.restart_and_run_all()
    assert notebook.errors == []
    assert "100 tok/s/user or faster" in json.dumps(notebook.outputs)


@pytest.fixture(scope="module")
def explorer(jupyter):
    """The explorer, run, with its controls in sight."""
    address, browser = jupyter
    page = browser.new_page(viewport={"width": 1500, "height": 1300})
    notebook = lab.Notebook(page, address, "08_explorer")
    notebook.restart_and_run_all()
    notebook.show("explored.panel")
    page.wait_for_selector(f"{CHARTS} path.modelled")
    yield page
    notebook.close()


def slider(page, name):
    row = page.locator(".frontier-explorer .widget-hslider:visible").filter(has_text=name)
    return row.locator(".noUi-handle"), row.locator(".widget-readout")


def wait_for(page, text, *, there=True):
    """Wait until the charts and table have a text in their source, or have it no more."""
    page.wait_for_function(
        "([text, there]) => document.querySelector('.frontier-explorer .frontier-panel')"
        ".innerHTML.includes(text) === there",
        arg=[text, there],
    )


def dropdown(page, name, option):
    row = page.locator(".frontier-explorer .widget-dropdown").filter(
        has=page.get_by_text(name, exact=True)
    )
    row.locator("select").select_option(label=option)


def taken(page):
    """Milliseconds from each event to changed charts, and to the frame that shows them."""
    return {"changed": page.evaluate("window.taken"), "painted": page.evaluate("window.painted")}


def told(times, first=0):
    parts = {name: np.array(values[first:]) for name, values in times.items()}
    return ", ".join(
        f"{name} median {np.median(part):.0f} ms, 95 % within {np.quantile(part, 0.95):.0f} ms"
        for name, part in parts.items()
    )


def test_the_time_from_a_key_to_redrawn_charts_is_measured_and_told(explorer, capsys):
    page = explorer
    handle, readout = slider(page, "target, tok/s/user")
    handle.focus()
    page.evaluate(WATCH)
    for step in range(STEPS):
        page.keyboard.press("ArrowRight" if step < STEPS / 2 else "ArrowLeft")
        page.wait_for_function("count => window.painted.length === count", arg=step + 1)
    stepped = taken(page)
    for i, (name, option) in enumerate(CHANGES):
        dropdown(page, name, option)
        page.wait_for_function("count => window.painted.length === count", arg=STEPS + i + 1)
    with capsys.disabled():  # numbers to read; the machine may be busy, so nothing asserts them
        print(f"\nslider step to charts, {STEPS} steps: {told(stepped)}")
        print(f"other choice to charts, {len(CHANGES)} first times: {told(taken(page), STEPS)}")
    assert [len(values) for values in stepped.values()] == [STEPS, STEPS]
    assert readout.inner_text() == "50"  # as many steps back as forth


def test_controls_moved_by_keyboard_and_mouse_change_charts_and_table(explorer):
    page = explorer
    handle, readout = slider(page, "target, tok/s/user")
    assert readout.inner_text() == "50"
    wait_for(page, "50 tok/s/user or faster")
    handle.focus()
    page.keyboard.press("ArrowRight")
    wait_for(page, "52 tok/s/user or faster")
    box = handle.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 5, steps=3)
    page.mouse.up()
    target = readout.inner_text()
    assert float(target) > 60
    wait_for(page, f"{target} tok/s/user or faster")
    dropdown(page, "first chart", "Cost")
    wait_for(page, "Cost, $ per million tokens over interactivity")
    box = page.locator(".frontier-explorer .widget-checkbox").filter(has_text="GB300")
    wait_for(page, "var(--gb300,")
    box.locator("input").uncheck()
    wait_for(page, "var(--gb300,", there=False)


def test_a_choice_that_nothing_meets_says_so_and_the_controls_go_on(explorer):
    page = explorer
    dropdown(page, "deployment", "one node")
    dropdown(page, "disaggregation", "on")
    wait_for(page, "a single node is not disaggregated here")
    assert page.locator(CHARTS).count() == 0
    dropdown(page, "disaggregation", "any")
    page.wait_for_selector(CHARTS)
    wait_for(page, "measured deployment")
