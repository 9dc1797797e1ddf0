"""Compare the Pareto filter with moocore, pandas and the cost of one argsort.

Run: python tests/benchmarks/bench_pareto.py [ROUNDS]. Without moocore it says so and leaves it out.

Contestants take turns, so that a slow moment of the machine hits them all; the table shows
medians. Making the data is not timed; turning labels into codes is, for everyone. Points are
in C order: with the column order that pandas gives, moocore's grouped call takes 20 times longer.
"""

import statistics
import sys
import time

import numpy as np
import pandas as pd

from frontier.curves.pareto import is_nondominated, is_nondominated_within_sets

try:
    import moocore
except ImportError:
    moocore = None


def pandas_grouped(frame):
    ordered = frame.sort_values(["set", "x", "y"], ascending=[True, False, False])
    best = ordered.groupby("set")["y"].cummax().groupby(ordered["set"]).shift(fill_value=-np.inf)
    return (ordered["y"] > best).reindex(frame.index).to_numpy()


def frame_of(groups, size, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.uniform(1, 300, groups * size)
    y = 1e5 / x * rng.lognormal(0, 0.4, len(x))
    return pd.DataFrame({"set": np.repeat(np.arange(groups), size), "x": x, "y": y})


def contests():
    grouped = frame_of(10_000, 40)
    points, sets = np.ascontiguousarray(grouped[["x", "y"]]), grouped["set"].to_numpy()
    yield (
        "10,000 groups of 40",
        {
            "frontier within sets": lambda: is_nondominated_within_sets(points, sets=sets),
            "moocore within sets": lambda: moocore.is_nondominated_within_sets(
                points, sets=sets, maximise=True
            ),
            "pandas sort + cummax": lambda: pandas_grouped(grouped),
            "floor: np.argsort(x)": lambda: np.argsort(points[:, 0]),
        },
    )
    rng = np.random.default_rng(1)
    noise = rng.uniform(size=(1_000_000, 2))
    front = np.column_stack([noise[:, 0], -noise[:, 0]])
    for title, one in (("one set of 1e6, random", noise), ("one set of 1e6, all on front", front)):
        yield (
            title,
            {
                "frontier": lambda one=one: is_nondominated(one),
                "moocore": lambda one=one: moocore.is_nondominated(one, maximise=True),
                "floor: np.argsort(x)": lambda one=one: np.argsort(one[:, 0]),
            },
        )


def main(rounds=5):
    if moocore is None:
        print("moocore is not installed, so it is left out: pip install moocore")
    for title, runs in contests():
        runs = {name: run for name, run in runs.items() if moocore or "moocore" not in name}
        seconds, masks = {name: [] for name in runs}, {}
        for _ in range(rounds):
            for name, run in runs.items():
                start = time.perf_counter()
                masks[name] = run()
                seconds[name].append(time.perf_counter() - start)
        if len({mask.tobytes() for mask in masks.values() if mask.dtype == bool}) > 1:
            raise SystemExit(f"{title}: the contestants disagree")
        medians = {name: statistics.median(times) for name, times in seconds.items()}
        ours = next(iter(medians.values()))
        print(f"{title} (median of {rounds} rounds)")
        for name, median in medians.items():
            print(f"  {name:24}{median * 1e3:10.1f} ms{median / ours:9.2f} x ours")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
