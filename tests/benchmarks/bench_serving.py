"""Measure the serving model: configurations per second, time per frontier, memory.

Run: python tests/benchmarks/bench_serving.py [ROUNDS]
With AIConfigurator (extra ``crosscheck``): python tests/benchmarks/bench_serving.py ROUNDS PYTHON
where PYTHON is an interpreter that has it: its frontiers are timed in the same run.

One thread. A configuration is one layout, batch, draft length and serving mode, evaluated with
its memory check; the first sweep of each system, which reads the tables, is not timed. The
large sweep is the same grid with more batches, in chunks: its peak memory is that of a fresh
process, with what Python and the tables take before it beside it.
"""

import resource
import statistics
import subprocess
import sys
import time

import numpy as np

from frontier.serving import System, front, frontiers

SHAPE = {"isl": 8192, "osl": 1024}
SYSTEMS = {
    "R1 GB200 FP4, drafts": System("deepseek-r1", "gb200", "fp4", **SHAPE, speculative=True),
    "R1 GB200 FP4": System("deepseek-r1", "gb200", "fp4", **SHAPE),
    "R1 H200 FP8, one node": System("deepseek-r1", "h200", "fp8", **SHAPE, single_node=True),
    "Llama-70B H200 FP8": System("llama-70b", "h200", "fp8", **SHAPE),
}
LARGE = 10_000_000
AICONFIGURATOR = """
import time
from aiconfigurator.cli import cli_default
start = time.perf_counter()
cli_default(model_path={model!r}, total_gpus={gpus}, system={system!r}, backend="trtllm",
            isl=8192, osl=1024, ttft=1e5, tpot=1e3)
print("SECONDS", time.perf_counter() - start)
"""
RIVALS = {
    "Llama-70B H200 FP8": {
        "model": "nvidia/Llama-3.1-70B-Instruct-FP8",
        "gpus": 8,
        "system": "h200_sxm",
    },
    "R1 GB200 FP4": {"model": "nvidia/DeepSeek-V3.1-NVFP4", "gpus": 64, "system": "gb200"},
}


def dense(system, wanted):
    """Return as many batches as make about `wanted` configurations of a system."""
    each = frontiers.count(system, batches=[1.0])
    return np.geomspace(1, 16384, max(1, wanted // each))


def timed(system, batches, rounds):
    front(system, batches=batches)
    seconds = []
    for _ in range(rounds):
        start = time.thread_time()
        front(system, batches=batches)
        seconds.append(time.thread_time() - start)
    return statistics.median(seconds)


def large():
    """Sweep ten million configurations and print the peak memory before and after."""
    system = SYSTEMS["R1 GB200 FP4, drafts"]
    front(system)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    batches = dense(system, LARGE)
    start = time.thread_time()
    front(system, batches=batches)
    seconds = time.thread_time() - start
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    total = frontiers.count(system, batches=batches)
    print(f"{total:,} configurations in {seconds:.1f} s ({total / seconds / 1e6:.2f} M/s)")
    print(f"peak memory {after:.0f} MB, of which before it {before:.0f} MB")


def rival(python, about):
    code = AICONFIGURATOR.format(**about)
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout.rpartition("SECONDS")[2])


def main(rounds=7, python=None):
    """Print configurations per second and milliseconds per frontier, of each system."""
    print("CPU time of one thread, median of", rounds, "rounds")
    for name, system in SYSTEMS.items():
        usual, many = timed(system, frontiers.BATCHES, rounds), dense(system, 400_000)
        rate = frontiers.count(system, batches=many) / timed(system, many, rounds)
        line = f"  {name:24}{usual * 1e3:8.1f} ms a frontier ({frontiers.count(system):,} "
        line += f"configurations){rate / 1e6:8.2f} M configurations/s in a large sweep"
        if python and name in RIVALS:
            seconds = rival(python, RIVALS[name])
            line += f"; AIConfigurator {seconds:.1f} s: {seconds / usual:,.0f} x"
        print(line)
    subprocess.run([sys.executable, __file__, "large"], check=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["large"]:
        large()
    else:
        main(*(int(a) if a.isdigit() else a for a in sys.argv[1:]))
