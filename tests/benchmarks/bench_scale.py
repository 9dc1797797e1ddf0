"""How long an imported table takes to all its frontiers and to a site, and how much memory.

``python tests/benchmarks/bench_scale.py [--rows N ...] [--build]``

Synthetic runs of the shape of the live table (configurations, concurrencies, dates, addresses)
are written as the import writes them, then read and cut to frontiers in a process of their own,
whose wall time and largest memory are printed beside the floor: reading the bytes, unpacking
them and parsing the two columns of numbers that a frontier has. With ``--build`` the measured rows
are repeated on other days, each off by run noise, and the whole site is built of them.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from bench_batch import measure, own

from frontier import curves
from frontier.data import measurements, paths, tables

NEEDED = [*measurements.CONFIGURATION, "interactivity", "throughput_per_gpu"]
KEYS = ["model", "hardware", "precision", "isl", "osl"]


def synthetic(rows: int, seed: int = 0) -> pd.DataFrame:
    """Return sound runs: one configuration's sweep after another, each repeated on many days."""
    rng = np.random.default_rng(seed)
    names = {
        "model": [f"model-{n}" for n in range(12)],
        "hardware": ["h100", "h200", "b200", "b300", "gb200", "gb300", "mi300x", "mi355x"],
        "framework": ["sglang", "vllm", "trt", "dynamo-trt"],
        "precision": ["fp8", "fp4"],
    }
    sweep = 2 ** np.arange(2, 11)
    runs = -(-rows // len(sweep))
    chosen = {k: np.repeat(rng.choice(v, runs), len(sweep))[:rows] for k, v in names.items()}
    day = pd.Timestamp("2025-10-01") + pd.to_timedelta(rng.integers(0, 400, runs), unit="D")
    isl, osl = np.array([(1024, 1024), (8192, 1024), (1024, 8192)])[rng.integers(0, 3, runs)].T
    spread = np.repeat(rng.lognormal(0, 0.4, runs), len(sweep))[:rows]
    conc = np.tile(sweep, runs)[:rows]
    gpus = np.repeat(rng.choice([4, 8, 16, 36], runs), len(sweep))[:rows]
    isl, osl = (np.repeat(v, len(sweep))[:rows] for v in (isl, osl))
    tpot = (0.004 + 0.0001 * conc / gpus * 8) / spread
    rate = 0.9 * conc / tpot * (1 + isl / osl) / gpus
    run = np.repeat(np.arange(runs), len(sweep))[:rows]
    frame = pd.DataFrame(chosen).assign(
        speculative=run % 2 == 0,
        disaggregated=False,
        gpus=gpus,
        prefill_gpus=gpus,
        decode_gpus=gpus,
        tp=gpus,
        ep=1 + run % 3,
        dp_attention=run % 3 == 0,
        isl=isl,
        osl=osl,
        concurrency=conc,
        interactivity=1 / tpot,
        throughput_per_gpu=rate,
        output_throughput_per_gpu=rate * osl / (isl + osl),
        ttft=0.2,
        tpot=tpot,
        date=np.repeat(day, len(sweep))[:rows],
        source=measurements.LIVE,
        run_url=[f"https://github.com/SemiAnalysisAI/InferenceX/actions/runs/{r}" for r in run],
        prefill="",
        latency="median",
        image=[f"lmsysorg/sglang:v0.{r % 60}" for r in run],
        citation="https://inferencex.semianalysis.com/api/v1/benchmarks",
        caveat="",
        row_id=[f"inferencex-{n:016x}" for n in range(rows)],
    )
    return measurements.typed(frame.reindex(columns=list(measurements.COLUMNS)))


def repeated(rows: int, seed: int = 0) -> pd.DataFrame:
    """Return the measured rows again and again, each time on later days and off by run noise."""
    rng, frame = np.random.default_rng(seed), measurements.load_measurements()
    frame = pd.concat([frame] * -(-rows // len(frame)), ignore_index=True).head(rows)
    factor = np.exp(0.03 * rng.standard_normal(rows))
    day = pd.Timestamp("2025-10-01") + pd.to_timedelta(rng.integers(0, 400, rows), unit="D")
    faster = ("interactivity", "throughput_per_gpu", "output_throughput_per_gpu")
    return frame.assign(
        **{name: frame[name] * factor for name in faster},
        tpot=1 / (frame["interactivity"] * factor),
        date=day,
        date_from=pd.NaT,
        date_to=pd.NaT,
        source=measurements.LIVE,
        row_id=[f"inferencex-{n:016x}" for n in range(rows)],
    )


def build(rows: int) -> None:
    """Print wall and CPU seconds and the largest memory of a build of all reports."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = own(Path(folder) / "home")
        about = dict.fromkeys(tables.REQUIRED, "-") | {"columns": measurements.column_sidecars()}
        about |= {"accessed": "2026-11-29", "url": "https://example.org/"}
        tables.write(measurements.LIVE, repeated(rows), about, folder=home / "data")
        command = [sys.executable, "-m", "frontier.cli", "build", "--workers", "2"]
        _, wall, cpu, peak = measure(command, os.environ | {"FRONTIER_HOME": str(home)})
        print(f"{rows:>9,}  {'site':<12}{wall:6.1f} s  {peak:6.0f} MB  {cpu:.1f} CPU-s", flush=True)


def write(folder: Path, rows: int) -> None:
    """Write a data folder that holds the live table and the committed ones."""
    (folder / "data").mkdir()
    for path in filter(Path.is_file, paths.data().iterdir()):
        (folder / "data" / path.name).write_bytes(path.read_bytes())
    about = dict.fromkeys(tables.REQUIRED, "-") | {"columns": measurements.column_sidecars()}
    tables.write(measurements.LIVE, synthetic(rows), about, folder=folder / "data")


def once(what: str) -> None:
    """Do one thing in this process, and print its seconds, memory in MB, and what came of it."""
    start = time.perf_counter()
    if what == "frontiers":
        rows = measurements.load_measurements(columns=NEEDED)
        fronts = curves.frontiers(rows, KEYS)
        found = (
            f"{len(rows):,} rows, {len(fronts)} frontiers, {sum(map(len, fronts.values()))} points"
        )
    elif what == "all columns":
        rows = measurements.load_measurements()
        found = f"{len(rows):,} rows, {len(curves.frontiers(rows, KEYS))} frontiers"
    else:  # the floor
        columns = ["interactivity", "throughput_per_gpu"]
        (path,) = paths.data().glob(f"{measurements.LIVE}.csv*")
        found = f"{len(pd.read_csv(path, usecols=columns)):,} rows"
    spent = time.perf_counter() - start
    # The kernel's high-water mark of this process: getrusage's is inherited from the parent.
    status = Path("/proc/self/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    print(f"{spent:6.2f} s  {peak:6.0f} MB  {found}")


def main() -> None:
    """Measure each size and way, side by side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[82_000, 1_000_000])
    parser.add_argument("--build", action="store_true", help="build the site of such rows, too")
    parser.add_argument("--once", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.once:
        once(arguments.once)
        return
    for rows in arguments.rows:
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder), rows)
            environment = os.environ | {"FRONTIER_HOME": folder}
            for what in ("frontiers", "all columns", "floor"):
                command = [sys.executable, __file__, "--once", what]
                said = subprocess.run(command, env=environment, capture_output=True, text=True)
                print(f"{rows:>9,}  {what:<12}{said.stdout.strip() or said.stderr}", flush=True)
        if arguments.build:
            build(rows)


if __name__ == "__main__":
    main()
