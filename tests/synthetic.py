"""A small collection with notebooks that say nothing about inference, for the batch engine."""

import json
import time

import nbformat
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

FILES = "application/vnd.frontier.files+json"
VERDICT = "application/vnd.frontier.verdict+json"


def ledger_row(name, **changes):
    return {
        "id": name,
        "statement": f"The statement of {name}",
        "claimed": {"value": 25.0, "unit": "X"},
        "found": {"value": None, "low": None, "high": None, "unit": "X", "at": None},
        "verdict": "not yet examined",
        "firm": False,
        "condition": None,
        "tiers": {"stated": None, "measured": None, "modelled": None},
        "page": None,
        "sources": [],
        **changes,
    }


def verdict_row(name, **changes):
    found = {"value": 12.3456789, "low": 10.0, "high": 14.5, "unit": "X", "at": "50 tok/s/user"}
    return ledger_row(name, **{"found": found, "verdict": "not-reproduced", **changes})


def markdown(text):
    return new_markdown_cell(text)


def code(text):
    return new_code_cell(text)


def parameters(text):
    return new_code_cell(text, metadata={"tags": ["parameters"]})


def shows(html="", **bundle):
    """A cell that shows this, and whose stored output is the same, for tests without a kernel."""
    data = {"text/html": html} if html else {"text/plain": "<object at 0x7f>"}
    if "files" in bundle:
        data[FILES] = bundle["files"]
    if "verdict" in bundle:
        data[VERDICT] = bundle["verdict"]
    source = (
        "import json\nfrom IPython.display import display\n"
        f"display(json.loads({json.dumps(data)!r}), raw=True)"
    )
    return new_code_cell(source, outputs=[new_output("display_data", data=data)])


def write(root, reports):
    """Write a collection: ``reports`` maps a notebook's stem to (cells, claims)."""
    folder = root / "notebooks"
    folder.mkdir(parents=True, exist_ok=True)
    pages = []
    for stem, (cells, claims) in reports.items():
        nbformat.write(new_notebook(cells=list(cells)), folder / f"{stem}.ipynb")
        pages.append({"notebook": stem, "title": f"Title of {stem}", "claims": list(claims)})
    site = {"title": "A collection", "subtitle": "Of synthetic reports", "pages": pages}
    (folder / "collection.yaml").write_text(yaml.safe_dump(site), encoding="utf-8")
    return root


def each(work, items, /, **_options):
    """An executor that does everything here and in order."""
    for item in items:
        yield item, work(item), None


def tree(folder, *, without=("status.html",)):
    """The bytes of every file below a folder, by relative name."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in files
        if path.name not in without
    }


def wait_for(condition):
    """Return whether a condition came to hold within 45 seconds."""
    for _ in range(900):
        if condition():
            return True
        time.sleep(0.05)
    return False
