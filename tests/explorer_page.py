"""A page with the explorer, as a static site has it: its policy allows the module by its hash."""

import base64
import hashlib
from importlib import resources
from pathlib import Path

from frontier import explorer

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{}'"


def write(file: Path, rows, choice=None, **options) -> Path:
    """Write the page of a choice of rows to a file and return it."""
    shown, module = explorer.embedded(rows, choice or explorer.Choice(), **options)
    script = f"\n{module}\n"
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    style = (resources.files("broadsheet") / "template/style.css").read_text(encoding="utf-8")
    file.write_text(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta '
        f'http-equiv="Content-Security-Policy" content="{POLICY.format(digest)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>Explorer</title><style>{style}</style></head><body><div class="frame">'
        f'<main id="page-main"><h1>Explorer</h1><h2>Choose</h2>{shown}</main></div>'
        f'<script type="module">{script}</script></body></html>',
        encoding="utf-8",
    )
    return file
