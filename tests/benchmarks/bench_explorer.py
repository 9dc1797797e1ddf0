"""Times of the explorer in a page: slider to redrawn, first paint from disk, size of the data.

    .venv/bin/python tests/benchmarks/bench_explorer.py

Redrawn is from the key to the frame that shows it, by the page's own clock, with as many points
in the first chart (5,000), in the page and in JupyterLab. First paint is from navigation to the
first charts. The size is that of 10,000 rows, made of the real ones with other numbers.
"""

import statistics
import sys
import tempfile
from pathlib import Path

import nbformat
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

import explorer_page
import lab
from browser import chromium
from frontier import explorer
from frontier.data import measurements

STEPS, COUNT = 60, 5000
KEYS = ("gb300", "gb200", "b200", "h200", "mi355x")
CHOICE = explorer.Choice(systems=KEYS)
WATCH = """async (steps) => {
  const slider = document.querySelector('.frontier-panel input[type=range]');
  const [script, painted] = [[], []];
  for (let i = 0; i < steps; i++) {
    await new Promise((done) => setTimeout(done, 60));
    const from = performance.now();
    slider.value = 100 + i;
    slider.dispatchEvent(new Event('input', {bubbles: true}));
    script.push(performance.now() - from);
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    painted.push(performance.now() - from);
  }
  return [script, painted];
}"""


def many(rows, count):
    """Rows of one model and traffic, as many as asked for, none like another."""
    random = np.random.default_rng(0)
    made = rows.sample(count, replace=True, random_state=0).reset_index(drop=True)
    noise = np.exp(random.normal(0, 0.1, (3, count)))
    names = ["interactivity", "throughput_per_gpu", "output_throughput_per_gpu"]
    values = made[names] * noise[[0, 1, 1]].T
    ids = [f"captures-{place:06}" for place in range(count)]
    return made.assign(**values, row_id=ids, ttft=random.uniform(0.1, 9, count))


def told(page):
    """Move the slider and say how long it took."""
    script, painted = page.evaluate(WATCH, STEPS)
    return (
        f"slider to redrawn, median of {STEPS}: script {statistics.median(script):.1f} ms, "
        f"shown {statistics.median(painted):.1f} ms (95 %: {np.quantile(painted, 0.95):.0f})"
    )


def in_lab(folder, browser):
    """Say how long the slider takes in JupyterLab, with the same points."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    book = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
    code = (
        f"import sys; sys.path[:0] = [{str(Path(__file__).parent)!r}]\n"
        "import bench_explorer as bench\nbench.explorer.Explorer(bench.points(), bench.CHOICE)"
    )
    book.cells = [nbformat.v4.new_code_cell(code)]
    with lab.server(Path(folder)) as address:
        nbformat.write(book, Path(folder) / "elsewhere" / "bench.ipynb")
        page = browser.new_page(viewport={"width": 1500, "height": 1300})
        notebook = lab.Notebook(page, address, "bench")
        page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
        page.wait_for_selector(".frontier-panel svg.chart")
        print(f"JupyterLab, {COUNT:,} points: {told(page)}")
        notebook.close()


def points():
    """The points of the first chart: `COUNT` of them, made of the real ones."""
    rows = measurements.load_measurements()
    shown = rows["hardware"].isin(KEYS) & (rows["model"] == CHOICE.model) & (rows["isl"] == 8192)
    return many(rows[shown], COUNT)


def main():
    """Measure and print."""
    rows = measurements.load_measurements()
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        for name, shown in (("real rows", rows), (f"{COUNT:,} points", points())):
            file = explorer_page.write(Path(folder) / "page.html", shown, CHOICE)
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(file.as_uri())
            page.wait_for_selector(".frontier-panel svg.chart")
            first = page.evaluate("performance.now()")
            paint = page.evaluate(
                "performance.getEntriesByName('first-contentful-paint')[0].startTime"
            )
            print(f"{name}: charts after {first:.0f} ms (first paint {paint:.0f} ms); {told(page)}")
            page.close()
        in_lab(folder, browser)
    for name, shown in (("real", rows), ("made", many(rows, 10_000))):
        size = len(explorer.embedded(shown, CHOICE)[0].encode())
        print(f"data of {len(shown):,} {name} rows in a page: {size / 1000:.0f} kB")
    size = len(explorer.embedded(rows, explorer.Choice(), compact=True)[0].encode())
    print(f"data of the index's smallest form: {size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
