"""The explorer as a widget in a real JupyterLab: moved by hand and from Python, saved, reopened."""

import json

import nbformat
import pytest

import lab
from browser import chromium

pytestmark = pytest.mark.slow
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
SHOW = """
from frontier import explorer
from frontier.data import measurements

public = measurements.load_measurements()
mine = public[public["hardware"] == "gb200"].assign(source="own", label="our <b>rack</b>")
measurements.own = lambda: mine
shown = explorer.Explorer(public, systems=["gb200", "h200", "gb200 own"], speed=50)
shown
"""
SEEN = """
points = shown.selection
{"speed": shown.speed, "traffic": shown.shape, "rows": len(points),
 "own": int((points["source"] == "own").sum()),
 "best": explorer.best(points, shown.choice)["system"][0]}
"""


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """A notebook with the widget in one cell and what Python sees of it in the next, run."""
    folder = tmp_path_factory.mktemp("lab")
    with lab.server(folder) as address, chromium() as browser:
        book = nbformat.v4.new_notebook(metadata=KERNEL)
        book.cells = [nbformat.v4.new_code_cell(text) for text in (SHOW, SEEN, "shown.speed = 75")]
        nbformat.write(book, folder / "elsewhere" / "widget.ipynb")
        page = browser.new_page(viewport={"width": 1500, "height": 1300})
        notebook = lab.Notebook(page, address, "widget")
        notebook.address = address
        run(notebook, 0)
        page.wait_for_selector(".frontier-panel svg.chart")
        yield notebook
        notebook.close()


def run(notebook, place):
    """Run one cell and wait for it."""
    notebook.page.evaluate(
        "async (place) => {const shell = window.jupyterapp.shell.currentWidget;"
        "shell.content.activeCellIndex = place;"
        "await window.jupyterapp.commands.execute('notebook:run-cell');}",
        place,
    )


def seen(notebook):
    run(notebook, 1)
    output = notebook.cells[1]["outputs"][0]["data"]["text/plain"]
    return json.loads("".join(output).replace("'", '"'))


def wait_for(page, text):
    page.wait_for_function(
        "(text) => document.querySelector('.frontier-panel').innerText.includes(text)", arg=text
    )


def test_python_sees_what_a_hand_moves_and_the_other_way_round(opened):
    page = opened.page
    before = seen(opened)
    assert before["speed"] == 50
    assert before["own"] > 50
    assert before["best"] in ("gb200", "gb200 own")
    slider = page.get_by_label("Speed per user, tok/s", exact=True)
    slider.press("ArrowRight")  # a key that JupyterLab has a command for
    page.get_by_label("Traffic, tokens").select_option(label="1k in, 8k out")
    after = seen(opened)
    assert after["speed"] > 50
    assert after["traffic"] == "1024/8192"
    assert after["rows"] != before["rows"]
    run(opened, 2)
    wait_for(page, "at 75 tok/s/user")


def test_own_rows_are_a_system_apart_with_their_label_as_text(opened):
    page = opened.page
    assert page.get_by_label("Rows of system 3").input_value() == "own"
    wait_for(page, "GB200, yours")
    assert page.locator(".frontier-panel td b, .frontier-panel th b b").count() == 0


def test_a_saved_notebook_reopens_with_the_widget_as_it_stood(opened):
    page = opened.page
    page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    page.evaluate("window.jupyterapp.commands.execute('application:close')")
    page.goto(opened.address.format("widget.ipynb"))
    page.wait_for_selector(".frontier-panel svg.chart")
    assert page.get_by_label("Traffic, tokens").input_value() == "1024/8192"
    page.get_by_label("Speed per user as a number").fill("33")
    page.keyboard.press("Tab")
    assert seen(opened)["speed"] == 33
