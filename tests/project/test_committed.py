"""Nothing that is committed says where it was made or where packages come from."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Written apart, so that this file is no exception.
HOSTS = ("pypi" + ".org", "python" + "hosted.org", "npm" + "js.org", "conda." + "anaconda.org")
OPTIONS = ("--index" + "-url", "--extra-index" + "-url", "--find" + "-links", "--trusted" + "-host")
PLACES = (f"{ROOT}/", f"{Path.home()}/", "/ho" + "me/", "/Us" + "ers/", "C:" + "\\Users")


def committed():
    """The files that git has or would add, that are text."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a checkout of git")
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            yield name, (ROOT / name).read_bytes().decode("utf-8", errors="ignore")


@pytest.mark.parametrize("words", [HOSTS, OPTIONS, PLACES], ids=["hosts", "options", "places"])
def test_no_committed_file_names_a_registry_or_a_place_on_a_machine(words):
    # A path begins where no other is going on.
    pattern = re.compile(rf"(?<![\w.)}}-])(?:{'|'.join(map(re.escape, words))})")
    found = {name: match[0] for name, text in committed() if (match := pattern.search(text))}
    assert found == {}
