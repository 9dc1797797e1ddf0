"""The Python of the README is run as it stands there, each block alone."""

import contextlib
import io
import re
from pathlib import Path

import numpy as np

import frontier
from frontier.data import hardware, measurements

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.S)


def run(block):
    """Return what a block printed, and its names."""
    names, printed = {}, io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block, "README.md", "exec"), names)
    return printed.getvalue(), names


def test_the_quick_start_is_ten_lines_and_answers_its_question():
    block = BLOCKS[0]
    assert len(block.strip().splitlines()) <= 11
    printed, names = run(block)
    # The same number on the slow way: rows picked by hand, throughput times 1000 over kW.
    rows = frontier.load_measurements()
    rows = rows[(rows["model"] == "deepseek-r1") & (measurements.shapes(rows) == "8192/1024")]
    expected = []
    for x in (30, 50, 75):
        best = {
            key: rows[(rows["hardware"] == key) & (rows["interactivity"] >= x) & fine][
                "throughput_per_gpu"
            ].max()
            for key, fine in (
                ("gb200", True),
                ("h200", ~rows["disaggregated"] & (rows["gpus"] <= 8)),
            )
        }
        power = hardware.power_kw("h200", "2025") / hardware.power_kw("gb200", "2025")
        expected.append(best["gb200"] / best["h200"] * power)
    shown = [float(n) for n in re.search(r"\[(.*?)\]", printed)[1].split()]
    np.testing.assert_allclose(shown, expected, rtol=1e-6)
    assert f"{names['compared'].value()}" in printed
    upper, lower = names["compared"].fronts
    assert upper.unit == lower.unit == "tok/s/MW"
    assert "<svg" in upper._repr_html_()


def test_the_readme_leads_to_files_that_are_there():
    text = (ROOT / "README.md").read_text()
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    assert len(links) > 4
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_first_screen_of_the_readme_says_the_two_commands():
    first = (ROOT / "README.md").read_text().splitlines()[:12]
    commands = [line.split()[1] for line in first if line.startswith("    make ")]
    assert commands == ["reports", "test"]
    makefile = (ROOT / "Makefile").read_text()
    assert all(f"\n{name}:" in makefile for name in commands)
