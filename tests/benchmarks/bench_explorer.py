"""Times of the explorer in a page: slider to redrawn, first paint from disk, size of the data.

    .venv/bin/python tests/benchmarks/bench_explorer.py [ROWS]

Redrawn is from the key to the frame that shows it, by the page's own clock, with as many points
in the first chart as asked for (5,000). First paint is from navigation to the first charts. The
size is that of 10,000 rows, made of the real ones with other numbers.
"""

import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

import explorer_page
from browser import chromium
from frontier import explorer
from frontier.data import measurements

STEPS = 60
WATCH = """async (steps) => {
  const slider = document.querySelector('.frontier-panel input[type=range]');
  const [script, painted] = [[], []];
  for (let i = 0; i < steps; i++) {
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 40)));
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


def main(count=5000):
    """Measure and print."""
    rows = measurements.load_measurements()
    keys = ["gb300", "gb200", "b200", "h200", "mi355x"]
    own = rows[
        (rows["model"] == "deepseek-r1") & (rows["isl"] == 8192) & rows["hardware"].isin(keys)
    ]
    choice = explorer.Choice(systems=tuple(keys))
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        for name, shown in (("real rows", rows), (f"{count:,} points", many(own, count))):
            file = explorer_page.write(Path(folder) / "page.html", shown, choice)
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(file.as_uri())
            page.wait_for_selector(".frontier-panel svg.chart")
            first = page.evaluate("performance.now()")
            paint = page.evaluate(
                "performance.getEntriesByName('first-contentful-paint')[0].startTime"
            )
            script, painted = page.evaluate(WATCH, STEPS)
            print(
                f"{name}: charts after {first:.0f} ms (first paint {paint:.0f} ms); slider to "
                f"redrawn, median of {STEPS}: script {statistics.median(script):.1f} ms, shown "
                f"{statistics.median(painted):.1f} ms (95 %: {np.quantile(painted, 0.95):.0f})"
            )
            page.close()
    for name, shown in (("real", rows), ("made", many(rows, 10_000))):
        size = len(explorer.embedded(shown, choice)[0].encode())
        print(f"data of {len(shown):,} {name} rows in a page: {size / 1000:.0f} kB")
    size = len(explorer.embedded(rows, explorer.Choice(), compact=True)[0].encode())
    print(f"data of the index's smallest form: {size / 1000:.0f} kB")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
