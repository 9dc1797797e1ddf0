"""Rows of verdicts.json for tests: one not yet examined, and one that was."""

import synthetic
from synthetic import shows

VERDICT = "application/vnd.frontier.verdict+json"
PROJECT = "frontier.site.project:project"


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


def decides(row, /, html="<b>x</b>", *, files=None):
    """A cell whose output is a verdict."""
    return shows(html, files=files, record=row, record_type=VERDICT)


def write(root, reports, /, **more):
    """Write a collection of this project: ``reports`` maps a stem to (cells, claims)."""
    pages = {name: (cells, {"claims": list(claims)}) for name, (cells, claims) in reports.items()}
    return synthetic.write(root, pages, project=PROJECT, **more)
