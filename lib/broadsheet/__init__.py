"""Notebooks in, static site out: parameters, plan, store, warm kernels, pages, publishing."""

import os

from broadsheet.project import Project

__all__ = ["FILES_MIME", "READS", "Project", "in_build"]

FILES_MIME = "application/vnd.broadsheet.files+json"
"""Type of an output that holds files to write beside the page: a mapping of names to texts."""

READS = "BROADSHEET_READS"
"""The variable that names, in a kernel of a build, the file that lists what the kernel reads."""


def in_build() -> bool:
    """Return whether this process is the kernel of a build, for a page that nobody can act upon."""
    return READS in os.environ
