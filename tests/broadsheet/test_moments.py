"""Nothing stale is called fresh: inputs change in every way at every moment of a run.

Files are hashed at each look, and no time stamp or size is trusted: every text here has one size,
and `backdate` gives a file the same time stamp whatever it says. What no look can see is a change
that is taken back before the next look at the same file: between the hash and the reading that
follows it, or after the last reading and before the end of the run. Nothing is read or changed
there in these steps.
"""

import os
import tempfile
from pathlib import Path

import nbformat
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_output

import synthetic
from broadsheet import build, executors, kernel, pages, run
from broadsheet.task import Report
from synthetic import markdown, shows

NAMES = ("data/one.csv", "data/two.csv", "notes.txt", "data")
KINDS = ("write", "rewrite", "backdate", "remove", "link", "swap", "mkdir")
# Before each of these reads, after the last, when the kernel has ended, when the page is made,
# and when the build is done.
READS = ("data", "data/one.csv", "data/two.csv", "notes.txt", "data/one.csv", "data/new.csv")
MOMENTS = len(READS) + 4


def change(root, kind, name, text):
    """Do one thing to one input, whatever is there."""
    path = root / name
    if name == "data":  # a folder is changed by what lies in it
        path = path / "new.csv"
    if kind == "remove":
        path.unlink(missing_ok=True)
    elif kind == "link":
        (root / "elsewhere").mkdir(exist_ok=True)
        (root / "elsewhere" / text).write_text(text)
        path.unlink(missing_ok=True)
        path.symlink_to(root / "elsewhere" / text)
    elif kind == "swap":  # the same bytes or others under another inode
        (root / "beside").write_text(text)
        (root / "beside").replace(path)
    elif kind == "mkdir":
        (root / "data" / text).mkdir(exist_ok=True)
    elif path.is_symlink() and kind == "rewrite":
        path.resolve().write_text(text)
    else:
        path.write_text(text)
        if kind == "backdate":
            os.utime(path, (0, 0))


def seen(root, name, watch=lambda _: None):
    """What a notebook that reads an input finds there."""
    path = root / name
    watch(path)
    if path.is_dir():
        return str(sorted(os.listdir(path)))  # noqa: PTH208
    return path.read_text() if path.exists() else "absent"


STEPS = st.lists(
    st.tuples(
        st.integers(0, MOMENTS - 1),
        st.sampled_from(KINDS),
        st.sampled_from(NAMES),
        st.sampled_from(["a", "b"]),
    ),
    max_size=4,
)


@pytest.mark.slow
@settings(max_examples=10)
@given(steps=STEPS)
@example(steps=[(at, "backdate", "notes.txt", text) for at, text in ((0, "a"), (4, "b"))])
@example(steps=[(at, "backdate", "data/one.csv", text) for at, text in ((0, "b"), (3, "a"))])
def test_a_report_that_is_called_fresh_shows_what_its_inputs_say(steps):
    follow(steps)


@pytest.mark.slow
@settings(max_examples=300)
@given(steps=STEPS)
def test_a_report_that_is_called_fresh_shows_what_its_inputs_say_however_they_change(steps):
    follow(steps)


def follow(steps):
    """Build with these steps on the way, and compare what is called fresh with its inputs."""
    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        root = Path(place)
        (root / "data").mkdir()
        for name in NAMES[:3]:
            (root / name).write_text("a")
        synthetic.write(root, {"01_reads": [markdown("# Reads"), shows("<b>x</b>")]})

        def moment(number):
            for at, kind, name, text in steps:
                if at == number:
                    change(root, kind, name, text)

        def execute(task, /, *, folder):
            watch = kernel._Watch(str(root))
            watch.write_to(str(folder / kernel.READS))
            shown = []
            for number, name in enumerate(READS):
                moment(number)
                shown.append(seen(root, name, watch.look))
            os.close(watch._file)
            moment(len(READS))
            notebook = nbformat.read(task.notebook, as_version=4)
            notebook.cells[-1].outputs = [
                new_output("display_data", data={"text/html": f"<pre id=s>{shown}</pre>"})
            ]
            moment(len(READS) + 1)
            return Report(notebook, 1.0, reads=run._reads(folder))

        real = pages.report

        def report(*arguments, **named):
            moment(len(READS) + 2)
            return real(*arguments, **named)

        patch.setattr(run, "execute", execute)
        patch.setattr(executors, "each", synthetic.each)
        patch.setattr(pages, "report", report)
        failed = build.build(synthetic.collection(root))
        moment(len(READS) + 3)
        (task,) = build.status(synthetic.collection(root))
        now = [seen(root, name) for name in READS]
        if task.state == "fresh":
            assert f"<pre id=s>{now}</pre>" in (root / "reports" / "01_reads.html").read_text()
        if not steps:
            assert (failed, task.state) == (0, "fresh")
