"""A real JupyterLab and a page in it: notebooks are opened, run and edited as a person does it."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
START_S = LONG_S = 600
# Whoever runs the tests: neither their settings, nor their kernels, nor the network.
QUIET = (
    "--no-browser", "--allow-root", "--ServerApp.port_retries=0", "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly", "--LabApp.expose_app_in_browser=True",
    "--ServerApp.log_level=ERROR",
)  # fmt: skip


@contextmanager
def server(folder):
    """JupyterLab on a copy of the notebooks in a folder elsewhere; its address with the token."""
    work, own = folder / "elsewhere", folder / "own"
    shutil.copytree(ROOT / "notebooks", work)
    _unasked(own)
    port, token = _free_port(), secrets.token_hex(16)
    told = (folder / "server.log").open("w")
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "jupyterlab",
            *QUIET,
            f"--ServerApp.port={port}",
            f"--ServerApp.root_dir={work}",
            f"--IdentityProvider.token={token}",
        ],
        cwd=folder,
        env=_environment(own),
        stdout=told,
        stderr=told,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(process, f"{address}/api/status?token={token}", folder / "server.log")
        yield f"{address}/lab/tree/{{}}?token={token}&reset"
    finally:
        process.terminate()
        process.wait(timeout=30)
        told.close()


def _environment(own):
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "FRONTIER"))}
    names = ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR", "LAB_SETTINGS_DIR", "LAB_WORKSPACES_DIR")
    places = {f"JUPYTER{'' if n.startswith('LAB') else '_'}{n}": str(own / n) for n in names}
    return {**inherited, **places, "IPYTHONDIR": str(own / "ipython"), "OMP_NUM_THREADS": "1"}


def _unasked(own):
    """Keep JupyterLab from asking whether it may ask for news."""
    kind = own / "LAB_SETTINGS_DIR" / "@jupyterlab" / "apputils-extension"
    kind.mkdir(parents=True)
    (kind / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')


def _free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _wait(process, address, log):
    for _ in range(START_S * 10):
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"JupyterLab did not start: {log.read_text()[-2000:]}")


class Notebook:
    """A notebook that is open in JupyterLab's page."""

    def __init__(self, page, address, stem):
        self.page = page
        page.set_default_timeout(LONG_S * 1000)  # a busy machine is no failure
        page.goto(address.format(f"{stem}.ipynb"))
        page.wait_for_function(
            "window.jupyterapp?.shell.currentWidget?.context?.sessionContext?.session?.kernel"
            "?.status === 'idle'"
        )

    def restart_and_run_all(self):
        """Use the command of that name, say yes to its question, and wait until all is done."""
        self.page.evaluate(
            "() => {window.finished = undefined;"
            "window.jupyterapp.commands.execute('notebook:restart-run-all')"
            ".then(() => {window.finished = true}, () => {window.finished = true});}"
        )
        self.page.locator(".jp-Dialog button.jp-mod-accept").click()
        self.page.wait_for_function("window.finished === true")
        self.page.wait_for_function(
            "window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.status"
            " === 'idle'"
        )

    def replace(self, old, new):
        """Edit the source of the one cell that has a text."""
        count = self.page.evaluate(
            "([old, made]) => {const cells = [...window.jupyterapp.shell.currentWidget.content"
            ".model.cells].filter((c) => c.sharedModel.getSource().includes(old));"
            "for (const c of cells) c.sharedModel.setSource("
            "c.sharedModel.getSource().replace(old, made)); return cells.length}",
            [old, new],
        )
        assert count == 1

    @property
    def cells(self):
        """The cells as the notebook's model has them, those out of sight included."""
        return json.loads(
            self.page.evaluate(
                "JSON.stringify(window.jupyterapp.shell.currentWidget.context.model.toJSON().cells)"
            )
        )

    @property
    def outputs(self):
        """All outputs, in order."""
        return [output for cell in self.cells for output in cell.get("outputs", ())]

    @property
    def errors(self):
        """What went wrong: each error as it is shown."""
        return [
            "\n".join(output["traceback"])
            for output in self.outputs
            if output["output_type"] == "error"
        ]

    @property
    def exhibits(self):
        """The names of the figures and tables that were shown."""
        shown = "".join(
            "".join(output.get("data", {}).get("text/html", "")) for output in self.outputs
        )
        return {part.split('"', 1)[0] for part in shown.split('class="exhibit" id="')[1:]}

    def show(self, source):
        """Scroll to the cell whose source begins so."""
        self.page.evaluate(
            "(text) => {const content = window.jupyterapp.shell.currentWidget.content;"
            "const found = content.widgets.findIndex("
            "(w) => w.model.sharedModel.getSource().startsWith(text));"
            "content.activeCellIndex = found; content.scrollToItem(found, 'start');}",
            source,
        )

    def close(self):
        """End the kernel and leave the page; what was changed is not saved."""
        self.page.evaluate(
            "window.jupyterapp.shell.currentWidget.context.sessionContext.shutdown()"
        )
        self.page.close()
