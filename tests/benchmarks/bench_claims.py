"""CPU seconds to decide the article's claims and the whole ledger, and how they grow.

    .venv/bin/python tests/benchmarks/bench_claims.py [--quick]

Rows are loaded and modules imported before the clock starts; each figure is process time in a
process of its own, in which nothing was computed before. Deciding is everything that a verdict
says, then and now: intervals of 2,000 draws, every source alone, every configuration left out.
*floor* is sorting once the points that carry the same draws of the same sides.
With ``--quick`` only the article's claims are decided, once. Else the growth with rows, claims and
configurations is measured at three sizes each and drawn in ``.frontier/benchmarks/claims.txt``.
"""

import argparse
import json
import subprocess
import sys
import time

import numpy as np

from frontier import claims
from frontier.data import measurements, paths

ARTICLE = (
    "dense-gain-25x", "dense-gain-31x", "hopper-software-uplift", "reasoning-drop-11x",
    "blackwell-advantage-40x", "gptoss-aug-sep-2x", "gptoss-oct-5x", "gptoss-1000-tps-user",
    "gptoss-60k-tps-gpu", "weeks-not-years", "software-over-hardware", "software-60-percent",
    "hardware-2x-3x", "revenue-80-hardware", "staff-80-software", "mtp", "parallelism", "nvswitch",
)  # fmt: skip
SIZES = (0.25, 0.5, 1.0)
BAR = 50  # characters of the longest bar


def once(named, rows=1.0, configurations=1.0, *, records=False) -> dict:
    """Decide claims in this process, on a share of the rows or of the configurations."""
    frame = measurements.load_measurements()
    if rows < 1:
        frame = frame.sample(frac=rows, random_state=0).sort_index()
    if configurations < 1:
        group = frame.groupby(measurements.CONFIGURATION, dropna=False).ngroup()
        kept = np.random.default_rng(0).random(group.max() + 1) < configurations
        frame = frame[kept[group]]
    entries = [claims.claim(name) for name in named]
    start = time.process_time()
    verdicts = [claims.decide(entry, frame) for entry in entries]
    for verdict in verdicts:
        for state in (verdict.now, verdict.then):
            state.verdict, state.robust, state.uncertainty  # noqa: B018
        if records:
            verdict.row()
    spent = time.process_time() - start
    sides = {
        id(side): side
        for verdict in verdicts
        for state in (verdict.now, verdict.then)
        for one in state.tested
        for side in one.comparison.sides.values()
    }
    draws = [side.draws.x[:, ::-1].copy() for side in sides.values()]
    start = time.process_time()
    for x in draws:
        x.argsort(axis=1)
    floor = time.process_time() - start
    return {"seconds": spent, "floor": floor, "rows": len(frame), "sides": len(sides)}


def measured(named, **options) -> dict:
    """Decide claims in a process of its own."""
    command = [sys.executable, __file__, "--once", json.dumps([list(named), options])]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return json.loads(said.splitlines()[-1])


def told(title, found) -> str:
    """Return a line of the table."""
    return (
        f"{title:<44}{found['seconds']:7.2f} CPU-s   floor {found['floor']:5.2f}   "
        f"({found['rows']:,} rows, {found['sides']} sides)"
    )


def growth(ledger) -> str:
    """Return how the seconds grow with rows, claims and configurations, as a chart in text."""
    parts = []
    for what in ("rows", "configurations", "claims"):
        found = {
            share: measured(ledger[: round(share * len(ledger))])
            if what == "claims"
            else measured(ARTICLE, **{what: share})
            for share in SIZES
        }
        most = max(one["seconds"] for one in found.values())
        parts.append(f"CPU-seconds with the share of {what}")
        parts += [
            f"  {share:>5.0%} {one['seconds']:7.2f} {'#' * round(BAR * one['seconds'] / most)}"
            for share, one in found.items()
        ]
    return "\n".join(parts)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--once", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.once:
        named, options = json.loads(arguments.once)
        print(json.dumps(once(named, **options)))
        return
    print(told(f"the article's {len(ARTICLE)} claims", measured(ARTICLE)), flush=True)
    if arguments.quick:
        return
    ledger = [entry.id for entry in claims.ledger()]
    print(told(f"all {len(ledger)} claims", measured(ledger)), flush=True)
    title = f"all {len(ledger)} claims with their records"
    print(told(title, measured(ledger, records=True)), flush=True)
    chart = growth(ledger)
    place = paths.root() / ".frontier" / "benchmarks" / "claims.txt"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"{chart}\n", encoding="utf-8")
    print(chart)


if __name__ == "__main__":
    main()
