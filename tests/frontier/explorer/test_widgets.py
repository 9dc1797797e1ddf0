"""What the explorer's controls show, with a stand-in for ipywidgets; a browser has `test_lab`."""

import importlib.util
import re
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from frontier import explorer
from frontier.data import measurements
from frontier.data.words import number
from frontier.explorer import explored

CHOICE = explorer.Choice(accelerators=("h200", "gb300"), interactivity=50.0)


class Widget:
    def __init__(self, *_, value=None, layout=None, **__):
        self.value, self.layout = value, SimpleNamespace(**(layout or {}))

    def add_class(self, _):
        return self

    def observe(self, *_):
        pass


@pytest.fixture
def widgets(monkeypatch):
    """The module, loaded beside the package, so that nothing of it is left behind."""
    fake = ModuleType("ipywidgets")
    for name in ("Widget", "HTML", "VBox", "Box", "Dropdown", "Checkbox", "SelectionSlider"):
        setattr(fake, name, type(name, (Widget,), {}))
    monkeypatch.setitem(sys.modules, "ipywidgets", fake)
    path = Path(explorer.__file__).with_name("widgets.py")
    spec = importlib.util.spec_from_file_location("widgets_apart", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def rows():
    return measurements.load_measurements()


@pytest.fixture
def mine(rows, monkeypatch):
    known = rows[(rows["model"] == CHOICE.model) & (rows["hardware"] == "h200")]
    some = known[measurements.shapes(known) == CHOICE.shape].head(3)
    some = some.assign(source="own", label="<b>our</b> node", row_id=["o1", "o2", "o3"], gpus=8)
    monkeypatch.setattr(measurements, "own", lambda: some)
    return some


def shown(panel, **values):
    for name, value in values.items():
        panel.controls[name].value = value
    panel.draw(whole=True)
    return panel.shown.value


def test_the_modelled_note_is_of_what_fits_the_fleet_as_the_fleet_changes(widgets, rows):
    panel = widgets.Panel(rows, CHOICE)
    for gpus in (72, 8, 2, 72):
        text = shown(panel, fleet="GPUs", gpus=gpus)
        choice = replace(CHOICE, gpus=gpus)
        best = explorer.best(explorer.modelled(rows, choice)[0], choice, 1).iloc[0]
        assert f"{best['gpus']} GPUs, {number(best['tok_s_per_mw'])} tok/s/MW" in text
    text = shown(panel, fleet="GPUs", gpus=1)
    assert "The serving model has no deployment that meets this." in text
    assert "none of its deployments fits 1 GPU whole" in text


def test_a_model_that_was_asked_once_answers_for_another_fleet_at_once(widgets, rows, monkeypatch):
    panel = widgets.Panel(rows, CHOICE)
    shown(panel)
    later = []
    loop = SimpleNamespace(call_later=lambda *args: later.append(args))
    monkeypatch.setattr(widgets, "_loop", lambda: loop)
    panel.controls["megawatts"].value = 0.02
    panel.draw()
    assert later == []
    assert "The serving model follows." not in panel.shown.value


def test_a_memory_that_was_cleared_still_has_the_model(widgets, rows):
    panel = widgets.Panel(rows, CHOICE)
    shown(panel)
    panel._memory.update({("other", i): None for i in range(201 - len(panel._memory))})
    assert "The serving model follows." not in shown(panel, megawatts=0.5)


def test_steps_of_the_fleet_are_quick_enough_for_a_hand(widgets, rows):
    panel = widgets.Panel(rows, explorer.Choice())
    shown(panel, fleet="GPUs")
    taken = []
    for gpus in range(4, 40, 4):
        start = time.process_time()
        shown(panel, gpus=gpus)
        taken.append(time.process_time() - start)
    assert np.median(taken) < 0.2


def test_output_tokens_are_named_in_every_label_and_note(widgets, rows):
    text = shown(widgets.Panel(rows, CHOICE), tokens="output")
    assert "output tok/s/MW over H200 with everything" in text
    assert not re.search(r"(?<!output )tok/s/MW|million tokens\b(?! \(output\))", text)


def test_lines_are_of_what_the_fleet_holds_and_the_rest_is_counted(widgets, rows):
    text = shown(widgets.Panel(rows, CHOICE), fleet="GPUs", gpus=8)
    points = explorer.measured(rows, replace(CHOICE, gpus=8))
    assert explorer.unfit(points, replace(CHOICE, gpus=8)) in text
    assert "The ratios are of deployments of any size" in text
    assert "any size" not in shown(widgets.Panel(rows, CHOICE))


def test_a_choice_without_rows_says_what_there_is(widgets, rows):
    text = shown(widgets.Panel(rows, CHOICE), precision="bf16")
    assert "no measured row has precision=bf16: there are fp4, fp8" in text


def test_own_rows_are_on_the_first_chart_in_ink_with_a_mark_and_their_name(widgets, rows, mine):
    text = shown(widgets.Panel(rows, CHOICE))
    first, second = re.findall(r'<svg class="frontier-chart".*?</svg>', text)
    assert text.count("&lt;b&gt;our&lt;/b&gt; node (yours, not public, in no verdict)") >= 2
    assert "<b>our" not in text
    marks = re.findall(r'<path d="([^"]+)"[^>]*class="own"', first)
    assert len(marks) == 1
    assert marks[0].count("M") == len(mine)
    assert 'class="own"' not in second
    assert "o1" not in text.partition("<table>")[2]


def test_without_own_rows_of_the_traffic_nothing_of_them_is_shown(widgets, rows, mine):
    text = shown(widgets.Panel(rows, CHOICE), shape="1024/1024")
    assert "yours" not in text
    assert 'class="own"' not in text


def test_own_rows_of_an_accelerator_without_power_are_on_no_chart(widgets, rows, mine, monkeypatch):
    monkeypatch.setattr(measurements, "own", lambda: mine.assign(hardware="trn9"))
    assert "yours" not in shown(widgets.Panel(rows, CHOICE))
    drawn = explored.frontiers(rows, CHOICE, name="a").html
    assert "yours" not in drawn
    assert "Your rows on trn9 are left out" in drawn
