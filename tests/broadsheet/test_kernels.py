"""Warm kernels: forked where it can be, and no cell can tell."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

import synthetic
from broadsheet import run, warm

TESTS = str(Path(__file__).parents[1])
PRELOAD = ("numpy", "pandas", "matplotlib.pyplot", "seaborn")
STATE = [
    "import sys, os, locale, random, signal, threading, gc, logging, warnings\n"
    "print(sys.argv[0], sys.flags, sys.path, sorted(os.environ), locale.setlocale(locale.LC_ALL))",
    "print([signal.getsignal(n) for n in (2, 15, signal.SIGCHLD)], len(threading.enumerate()))",
    "print(gc.isenabled(), gc.get_threshold(), sys.getrecursionlimit(), sys.stdin, logging.root)",
    "import pandas as pd, numpy as np, seaborn as sns\n"
    "import matplotlib as mpl, matplotlib.pyplot as plt\n"
    "warnings.simplefilter('ignore')\n"
    "print({k: pd.get_option(k) for k in sorted(pd._config.config._registered_options)})",
    "print(mpl.rcParams, mpl.get_backend(), np.geterr(), np.get_printoptions())",
    "plt.plot([1, 2]); plt.title('drawn at the end of its cell')",
    "sns.lineplot(x=[1, 2], y=[3, 4]);",
    "pd.DataFrame(np.zeros((80, 40)))",
    "print(pd.DataFrame(np.zeros((80, 40))))",
    "print([f.__name__ for f in get_ipython().events.callbacks['post_execute']], __name__)",
    "x = 1 / 0",
]


@pytest.fixture
def execute(tmp_path):
    """Run cells with this preload."""

    def run_cells(cells, preload, **options):
        notebook = tmp_path / "notebook.ipynb"
        cells = [new_code_cell(cell) for cell in cells]
        nbformat.write(new_notebook(cells=cells), notebook)
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        task = synthetic.task(notebook, root=tmp_path, preload=preload, **options)
        return run.execute(task, folder=folder)

    yield run_cells
    warm.close()


def outputs(result):
    return [[dict(o) for o in cell.get("outputs", ())] for cell in result.notebook.cells]


@pytest.mark.slow
def test_every_cell_has_the_same_outputs_warm_and_cold(execute):
    cold, forked = execute(STATE, None), execute(STATE, PRELOAD)
    assert (cold.kernel, forked.kernel) == ("cold", "warm")
    assert [cell.execution_count for cell in cold.notebook.cells] == list(range(1, len(STATE) + 1))
    for source, one, other in zip(STATE, outputs(cold), outputs(forked), strict=True):
        assert one == other, source
    assert "image/png" in outputs(forked)[5][-1]["data"]


@pytest.mark.slow
def test_one_kernel_leaves_nothing_for_the_next(execute):
    spoil = [
        "import pandas as pd, os\npd.set_option('display.width', 9)\nos.environ['X'] = 'y'\nz = 1"
    ]
    look = [
        "import pandas, os\n"
        "print(pandas.get_option('display.width'), 'X' in os.environ, 'z' in dir())"
    ]
    execute(spoil, PRELOAD)
    assert outputs(execute(look, PRELOAD))[0][0]["text"] == "80 False False\n"


@pytest.mark.slow
def test_two_kernels_draw_other_random_numbers(execute):
    draw = ["import random, numpy\nprint(random.random(), numpy.random.rand())"]
    one, other = (outputs(execute(draw, PRELOAD))[0][0]["text"].split() for _ in range(2))
    assert not set(one) & set(other)


@pytest.mark.parametrize(
    ("module", "source", "reason"),
    [
        ("absent_module", None, "cold: an import failed: ModuleNotFoundError"),
        (
            "starts_thread",
            "import threading, time\n"
            "threading.Thread(target=time.sleep, args=[60], daemon=True).start()",
            "cold: an import started a thread",
        ),
        (
            "reads_data",
            "import os\nopen(os.environ['BROADSHEET_ROOT'] + '/notebook.ipynb').close()",
            "cold: an import read notebook.ipynb",
        ),
        (
            "fails:call",
            "def call(): raise ValueError('no')",
            "cold: an import failed: ValueError: no",
        ),
        ("ends", "import os; os._exit(3)", "cold: the server"),
    ],
)
def test_a_kernel_is_started_plainly_when_anything_is_odd(
    execute, tmp_path_factory, monkeypatch, module, source, reason
):
    place = tmp_path_factory.mktemp("modules")
    if source:
        (place / f"{module.partition(':')[0]}.py").write_text(source)
    monkeypatch.setenv("PYTHONPATH", str(place))
    result = execute(["print(1)"], (module,))
    assert result.kernel.startswith(reason)
    assert outputs(result)[0][0]["text"] == "1\n"


def test_what_a_project_remembers_before_the_fork_is_there_and_a_kernel_reads_it_itself(
    execute, tmp_path, tmp_path_factory, monkeypatch
):
    place = tmp_path_factory.mktemp("modules")
    (place / "keeps.py").write_text(
        "import os\nfrom functools import cache\ncalls = []\n"
        "@cache\ndef parsed(text):\n    calls.append(text)\n    return text.upper()\n"
        "def read():\n    return open(os.environ['BROADSHEET_ROOT'] + '/data.txt').read()\n"
        "def remember():\n    parsed(read())\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(place))
    (tmp_path / "data.txt").write_text("one")
    look = ["import keeps\nprint(keeps.parsed(keeps.read()), keeps.calls)"]
    first = execute(look, ("keeps:remember",))
    (tmp_path / "data.txt").write_text("two")
    second = execute(look, ("keeps:remember",))
    assert (first.kernel, second.kernel) == ("warm", "warm")
    told = [outputs(result)[0][0]["text"] for result in (first, second)]
    assert told == ["ONE ['one']\n", "TWO ['one', 'two']\n"]
    assert "data.txt" in first.reads and "data.txt" in second.reads


@pytest.mark.slow
def test_a_kernel_is_started_plainly_without_fork_or_with_another_environment(execute, monkeypatch):
    assert execute(["1"], ()).kernel == "warm"
    with monkeypatch.context() as patch:
        patch.setenv("SOME_OPTION", "1")
        assert execute(["1"], ()).kernel == "cold: its environment is another one"
    with monkeypatch.context() as patch:
        warm.close()
        patch.setattr(sys, "platform", "darwin")
        assert execute(["1"], ()).kernel == "cold: no server can be started here"
    assert execute(["1"], ()).kernel == "warm"


@pytest.mark.slow
def test_there_is_no_server_where_its_socket_cannot_be(tmp_path, execute):
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    task = synthetic.task(tmp_path / "notebook.ipynb", root=tmp_path)
    env = warm.environment(task.collection, {})
    with warm.serving((), env, folder=folder) as address:
        assert address == ""
    with warm.serving((), env, folder=tmp_path) as address:
        assert execute(["1"], (), server=address).kernel == "warm"
    gone = execute(["1"], (), server=str(tmp_path / "absent"))
    assert gone.kernel.startswith("cold: the server does not answer: [Errno 2]")
    assert gone.failure is None


@pytest.mark.slow
def test_a_warm_kernel_that_dies_or_hangs_is_a_failure_and_the_next_one_runs(execute):
    died = execute(["print('before')", "import os; os._exit(9)"], ())
    assert died.failure.line == "DeadKernelError: Kernel died"
    late = execute(["import time; time.sleep(600)"], (), time_limit=1)
    assert late.failure.line == "TimeoutError: stopped after its time limit of 1 s"
    assert (died.kernel, late.kernel) == ("warm", "warm")
    assert execute(["1"], ()).failure is None


DRAWS = [
    "import hashlib, matplotlib.pyplot as plt\n"
    "figure, axes = plt.subplots(); axes.plot([1, 2]); axes.set_title('x')\n"
    "plt.rcParams['svg.hashsalt'] = 'x'; figure.savefig('a.svg', metadata={'Date': None})\n"
    "print(hashlib.sha256(open('a.svg', 'rb').read()).hexdigest())",
    "plt.plot([1, 2]);",
]


@pytest.mark.slow
@pytest.mark.parametrize("preload", [None, ("matplotlib.pyplot",)])
def test_a_persons_own_settings_neither_change_a_figure_nor_lose_one(
    execute, monkeypatch, tmp_path_factory, preload
):
    plain = outputs(execute(DRAWS, preload))
    warm.close()
    home = tmp_path_factory.mktemp("home")
    for place in (home / "matplotlibrc", home / ".config" / "matplotlib" / "matplotlibrc"):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("text.usetex: True\nlines.linewidth: 5\nfont.size: 20\n")
    settings = {"HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")}
    settings |= {"MATPLOTLIBRC": str(home), "MPLBACKEND": "Agg", "PYTHONOPTIMIZE": "2"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(home)
    own = execute([*DRAWS, "assert False"], preload)
    assert outputs(own)[:2] == plain
    assert "image/png" in plain[1][-1]["data"]
    assert own.failure.name == "AssertionError"


@pytest.mark.slow
def test_kernels_end_with_the_process_that_asked_for_them(tmp_path):
    program = (
        "import sys, pathlib, nbformat, synthetic\nfrom broadsheet import run\n"
        "folder = pathlib.Path(sys.argv[1]); (folder / 'w').mkdir()\n"
        'cell = \'import os, time; open("../pid", "w").write(str(os.getpid())); time.sleep(600)\'\n'
        "cells = [nbformat.v4.new_code_cell(cell)]\n"
        "nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / 'n.ipynb')\n"
        "run.execute(synthetic.task(folder / 'n.ipynb', preload=()), folder=folder / 'w')\n"
    )
    runner = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], env={**os.environ, "PYTHONPATH": TESTS}
    )
    pid = wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    os.kill(runner.pid, signal.SIGKILL)
    runner.wait()
    assert wait_for(lambda: not Path(f"/proc/{pid}").exists() or state(pid) == "Z")


def state(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def wait_for(condition):
    for _ in range(600):
        if found := condition():
            return found
        time.sleep(0.1)
    return None
