"""The commands of the Makefile and .ci/run: nothing that failed, or that nobody ran, passes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("failing", ["test", "test-slow", ""])
def test_ci_fails_with_the_tests_of_a_change_and_tells_of_the_long_ones(tmp_path, failing):
    for name in ("chromium", "zstd", "apt-get"):  # whatever is installed: nothing is fetched
        (tmp_path / name).write_text("#!/bin/sh\n")
    make = f'#!/bin/sh\necho "$CI $1" >> {tmp_path}/ran\ntest "$1" != "{failing}"\n'
    (tmp_path / "make").write_text(make)
    for script in tmp_path.iterdir():
        script.chmod(0o755)
    env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(
        [ROOT / ".ci" / "run"], env=env, check=False, capture_output=True, text=True
    )
    assert (done.returncode == 0) == (failing != "test")
    assert ("long tests failed" in done.stderr) == (failing == "test-slow")
    ran = (tmp_path / "ran").read_text()
    assert ran == ("1 test\n" if failing == "test" else "1 test\n1 test-slow\n")


SKIPS = (
    "import pytest\n\ndef test_it(): pytest.skip('no such thing')",
    "import pytest\n\n@pytest.mark.skipif(True, reason='no such thing')\ndef test_it(): pass",
    "import pytest\n\npytest.skip('no such thing', allow_module_level=True)",
)


@pytest.mark.parametrize(("ci", "told"), [("1", "1 failed, 2 errors"), ("", "3 skipped")])
def test_skipping_is_said_and_fails_in_ci(tmp_path, ci, told):
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    for number, text in enumerate(SKIPS):
        (tmp_path / f"test_{number}.py").write_text(text)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-ra",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        tmp_path,
    ]
    done = subprocess.run(
        [*command, "--import-mode=importlib", "--continue-on-collection-errors", tmp_path],
        env={**os.environ, "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told in done.stdout.splitlines()[-1]
    assert "no such thing" in done.stdout
    assert ci == "" or done.returncode == 1


def test_an_address_of_the_site_is_one_word_and_no_command(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    tools = tmp_path / ".venv" / "bin"
    tools.mkdir(parents=True)
    for name in ("requirements.lock", "pyproject.toml", ".venv/ready"):
        (tmp_path / name).touch()
    for name in ("frontier", "pdoc"):
        (tools / name).write_text('#!/bin/sh\nfor word; do echo "$word"; done >> words\n')
        (tools / name).chmod(0o755)
    url = "https://example.com/a b;touch pwned'\"`touch pwned`"
    subprocess.run(["make", "-s", "site", f"SITE_URL={url}"], cwd=tmp_path, check=True)
    assert (tmp_path / "words").read_text().splitlines()[:4] == ["build", "site", "--url", url]
    assert not (tmp_path / "pwned").exists()


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_a_clone_that_would_convert_line_ends_has_the_bytes_of_the_tables(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    texts = {"a.csv": b"x\n1\n", "b.ipynb": b"{\n}\n", "c.py": b"x = 1\n", "d.html": b"a\r\n"}
    for name, text in texts.items():
        (here / name).write_bytes(text)
    shutil.copy(ROOT / ".gitattributes", here)
    commit = ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "first"]
    for line in (["init", "-q"], ["add", "-A"], commit):
        subprocess.run(["git", "-c", "core.autocrlf=true", *line], cwd=here, check=True)
    clone = ["git", "clone", "-q", "-c", "core.autocrlf=true", here, there]
    subprocess.run(clone, check=True)
    assert {name: (there / name).read_bytes() for name in texts} == texts
