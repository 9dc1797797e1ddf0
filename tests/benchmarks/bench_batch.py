"""Measure the batch engine against what a user would do without it, in one run.

    python tests/benchmarks/bench_batch.py [--notebooks 100] [--commands .venv/bin] [--only WAY]

Two collections: this one, and a synthetic one of so many small notebooks (ten cells, three
seaborn figures). Ways, each from nothing and on the same notebooks:

    commands   `papermill` and then `jupyter nbconvert --to html`, one notebook after another,
               in the environment of environment.yml (JupyterLab is installed in it)
    processes  `papermill.execute_notebook` in two processes, and nbconvert's exporter after it
    frontier   `frontier build` with an empty store
    nothing    the same again, nothing having changed
    floor      the cells alone: the seconds that cells took, summed, in warm kernels, one at a time

Wall time, CPU seconds of the way and all its processes, and the largest sum of their
proportional memory, sampled. A test asserts none of it: the machine may be busy.
"""

import argparse
import contextlib
import ctypes
import datetime
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import nbformat
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).parents[2]
WAYS = ("commands", "processes", "frontier", "nothing", "import pandas", "floor")
CELLS = (
    "import numpy as np\nimport pandas as pd\nimport seaborn as sns",
    "rng = np.random.default_rng({seed})\nn = 400",
    "frame = pd.DataFrame({{'x': rng.gamma(2, 30, n), 'kind': rng.choice(list('abcd'), n)}})",
    "frame['y'] = 5000 / frame.x + rng.normal(0, 5, n)",
    "frame.groupby('kind').agg(['mean', 'std']).round(2)",
    "sns.scatterplot(frame, x='x', y='y', hue='kind');",
    "frame.describe().round(2)",
    "sns.relplot(frame, x='x', y='y', col='kind', col_wrap=2, height=2.2);",
    "sns.histplot(frame, x='y', hue='kind');",
    "float(frame.y.median().round(3))",
)
IN_PROCESSES = """
import sys, multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

def make(path):
    import papermill, nbconvert
    done = f"{sys.argv[1]}/{Path(path).name}"
    papermill.execute_notebook(path, done, progress_bar=False)
    page, _ = nbconvert.HTMLExporter().from_filename(done)
    Path(done).with_suffix(".html").write_text(page)

if __name__ == "__main__":
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        list(pool.map(make, sys.argv[2:]))
"""
FLOOR = """
import json, sys, tempfile
from pathlib import Path
from broadsheet import collection, run, warm
from broadsheet.task import Task

cpu = wall = 0.0
for path in map(Path, sys.argv[1:]):
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        site = collection.read(path.parent)
        (entry,) = site.select([path.name])
        result = run.execute(Task(site, entry), folder=Path(folder))
        assert result.failure is None, result.failure
        cells = [c for c in result.notebook.cells if c.cell_type == "code"]
        wall += sum(c.metadata.papermill.duration for c in cells)
        cpu += json.loads("".join(cells[-1].outputs[-1]["text"]))
warm.close()
print(json.dumps([wall, cpu]))
"""

PROJECT = "frontier.site.project:project"


def synthetic(folder, count):
    """Write a collection of so many notebooks below ``folder``."""
    notebooks = folder / "notebooks"
    notebooks.mkdir(parents=True)
    # The same tables, which every build verifies, and the same ledger.
    shutil.copytree(ROOT / "data", folder / "data")
    pages = []
    for number in range(count):
        cells = [new_markdown_cell(f"# Synthetic report {number}")]
        cells += [new_code_cell(cell.format(seed=number)) for cell in CELLS]
        metadata = {"kernelspec": {"name": "python3", "display_name": "", "language": "python"}}
        stem = f"{number:03d}_synthetic"
        nbformat.write(new_notebook(cells=cells, metadata=metadata), notebooks / f"{stem}.ipynb")
        pages.append({"notebook": stem, "title": f"Report {number}"})
    site = {"title": "Synthetic", "root": "..", "project": PROJECT, "pages": pages}
    (notebooks / "collection.yaml").write_text(yaml.safe_dump(site))
    return folder


def own(folder):
    """Copy this collection, so that the store of the checkout plays no part."""
    for name in ("notebooks", "data", "schema"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


def timed(notebooks, folder):
    """Copy notebooks with a last cell that says what CPU time its kernel spent on cells."""
    folder.mkdir()
    paths = []
    for path in notebooks:
        notebook = nbformat.read(path, as_version=4)
        first = new_code_cell("import time as _time\n_clock = _time.process_time()")
        notebook.cells.insert(0, first)
        notebook.cells.append(new_code_cell("print(_time.process_time() - _clock)"))
        nbformat.write(notebook, folder / path.name)
        paths.append(folder / path.name)
    pages = [{"notebook": path.stem, "title": path.stem} for path in paths]
    site = {"title": "Timed", "project": PROJECT, "pages": pages}
    (folder / "collection.yaml").write_text(yaml.safe_dump(site))
    return paths


class Memory(threading.Thread):
    """Samples the proportional memory of a process and all that descend from it."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.largest, self.over = pid, 0, threading.Event()

    def run(self):
        while not self.over.wait(0.25):
            self.largest = max(self.largest, sum(map(_proportional, _family(self.pid))))


def _family(pid):
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    family = {pid}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return family


def _proportional(pid):
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line[:4] == "Pss:"), 0)


def measure(command, env):
    """Run a command; return (its output, wall s, CPU s with all its processes, peak MB).

    Processes whose parent ends are left to this one and waited for, so that none goes uncounted.
    """
    adopt_orphans = 36
    ctypes.CDLL(None).prctl(adopt_orphans, 1, 0, 0, 0)
    before, started = os.times(), time.monotonic()
    process = subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    memory = Memory(process.pid)
    memory.start()
    output = process.communicate()[0]
    wall = time.monotonic() - started
    memory.over.set()
    with contextlib.suppress(ChildProcessError):
        while os.wait():
            pass
    after = os.times()
    if process.returncode:
        raise SystemExit(f"{command[:3]} ended with {process.returncode}")
    cpu = sum(after[2:4]) - sum(before[2:4])
    return output, wall, cpu, memory.largest / 1024


def commands(way, home, work, binaries):
    """Return the command of a way for the collection at ``home``."""
    notebooks = sorted(map(str, (home / "notebooks").glob("*.ipynb")))
    build = [sys.executable, "-m", "frontier.cli", "build"]
    if way == "commands":
        lines = [
            f"{binaries}/papermill --no-progress-bar {path} {work}/{Path(path).name} && "
            f"{binaries}/jupyter nbconvert --to html {work}/{Path(path).name}"
            for path in notebooks
        ]
        return ["sh", "-c", "set -e\n" + "\n".join(lines)]
    if way == "processes":
        script = work / "in_processes.py"
        script.write_text(IN_PROCESSES)
        return [sys.executable, str(script), str(work), *notebooks]
    if way == "floor":
        paths = timed(map(Path, notebooks), work / "timed")
        return [sys.executable, "-c", FLOOR, *map(str, paths)]
    return build if way != "import pandas" else [sys.executable, "-c", "import pandas"]


def bench(name, home, binaries, ways):
    """Measure every way on one collection; return the rows of the table."""
    count = len(list((home / "notebooks").glob("*.ipynb")))
    env = {**os.environ, "FRONTIER_HOME": str(home)}
    rows = []
    for way in ways:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as work:
            command = commands(way, home, Path(work), binaries)
            if way == "frontier":
                shutil.rmtree(home / ".frontier", ignore_errors=True)
            output, wall, cpu, peak = measure(command, env)
            if way == "floor":
                wall, cpu = json.loads(output.splitlines()[-1])
        rows.append((f"{name} ({count})", way, wall, cpu, cpu / count, peak))
        print(line(rows[-1]), flush=True)
    return rows


def line(row):
    """Return one row of the table as Markdown."""
    name, way, wall, cpu, each, peak = row
    memory = "" if way == "floor" else f"{peak:.0f}"
    return f"| {name} | {way} | {wall:.2f} | {cpu:.2f} | {each:.2f} | {memory} |"


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--notebooks", type=int, default=100, help="of the synthetic collection")
    parser.add_argument("--commands", type=Path, default=ROOT / ".venv" / "bin")
    parser.add_argument("--only", action="append", choices=WAYS)
    parser.add_argument("--collection", choices=("own", "synthetic"))
    arguments = parser.parse_args()
    today = datetime.date.today().isoformat()
    print(f"{today}, Python {platform.python_version()}, {os.cpu_count()} cores\n")
    print("| collection (notebooks) | way | wall s | CPU s | CPU s a notebook | peak MB |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        homes = {
            "own": ("this collection", lambda: own(Path(folder) / "own")),
            "synthetic": (
                "synthetic",
                lambda: synthetic(Path(folder) / "synthetic", arguments.notebooks),
            ),
        }
        for key, (name, write) in homes.items():
            if arguments.collection in (None, key):
                bench(name, write(), arguments.commands, arguments.only or WAYS)


if __name__ == "__main__":
    main()
