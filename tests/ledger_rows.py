"""Rows of verdicts.json for tests: one not yet examined, and one that was."""

import shutil

import synthetic
from frontier.data import paths
from synthetic import shows

VERDICT = "application/vnd.frontier.verdict+json"
PROJECT = "frontier.site.project:project"
SCHEMA = paths.root() / "schema"  # read here, before a test sets up a project of its own


def ledger_row(name, **changes):
    return {
        "id": name,
        "statement": f"The statement of {name}",
        "claimed": {"value": 25.0, "unit": "X"},
        "found": {"value": None, "low": None, "high": None, "unit": "X", "at": None},
        "verdict": "not yet examined",
        "firm": False,
        "condition": None,
        "then": None,
        "now": None,
        "since": None,
        "tiers": {"stated": None, "measured": None, "modelled": None},
        "page": None,
        "sources": [],
        **changes,
    }


def state(**changes):
    """What is found of a claim by some day, as a record has it."""
    ends = {"low": 10.0, "high": 14.5}
    return {
        "day": None,
        "verdict": "not-reproduced",
        "label": "Not reached",
        "met": 0,
        "in_part": 0,
        "of": 1,
        "typical": 12.3456789,
        "spread": ends,
        "uncertainty": dict.fromkeys(("noise", "source", "choice", "all"), ends),
        "robust": False,
        "flips": "",
        "condition": "",
        "answer": "It is 12.3x.",
        **changes,
    }


def verdict_row(name, /, *, now=None, **changes):
    """A record of a claim that was examined; ``now`` changes what is found of it today."""
    found = {"value": 12.3456789, "low": 10.0, "high": 14.5, "unit": "X", "at": "50 tok/s/user"}
    verdict = changes.setdefault("verdict", "not-reproduced")
    if verdict != "not yet examined":
        told = {"verdict": verdict, "robust": changes.get("firm", False), **(now or {})}
        changes = {"then": state(), "now": state(**told), **changes}
    return ledger_row(name, **{"found": found, **changes})


def decides(row, /, html="<b>x</b>", *, files=None):
    """A cell whose output is a verdict."""
    return shows(html, files=files, record=row, record_type=VERDICT)


def write(root, reports, /, **more):
    """Write a collection of this project: ``reports`` maps a stem to (cells, claims)."""
    shutil.copytree(SCHEMA, root / "schema", dirs_exist_ok=True)
    pages = {name: (cells, {"claims": list(claims)}) for name, (cells, claims) in reports.items()}
    return synthetic.write(root, pages, project=PROJECT, **more)
