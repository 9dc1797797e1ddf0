"""Notebooks in, static site out: parameters, plan, store, warm kernels, pages, publishing."""

import os

FILES_MIME = "application/vnd.broadsheet.files+json"
RECORD_MIME = "application/vnd.broadsheet.record+json"


def in_build() -> bool:
    """Return whether this process is a kernel that a build started."""
    return "BROADSHEET_READS" in os.environ
