"""AIConfigurator's frontiers, kept as a small table to compare the serving model with.

AIConfigurator (NVIDIA, Apache-2.0) composes measured kernel times; it is at its end of life and
too large to depend on. So it runs once, in an environment of its own (the extra ``crosscheck``),
and only its frontiers are kept::

    python -m frontier.serving.crosscheck PYTHON

where PYTHON is the interpreter of that environment; it takes some minutes. It models no drafts
here, and its gb200 never leaves 16-way expert parallelism, so it says nothing on NVL72 claims.

>>> from frontier.data import tables
>>> bool((tables.read("aiconfigurator_frontiers")["interactivity"] > 0).all())
True
"""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd

from frontier.data import tables
from frontier.serving.frontiers import System, sweep
from frontier.serving.modes import LENGTH

# Our model and system with the GPUs it may use, and its paths of models and names of systems.
_R1, _LLAMA, _OSS = "deepseek-r1", "llama-70b", "gpt-oss-120b"
CASES = (
    System(_R1, "h200", "fp8", 8192, 1024, max_gpus=64),
    System(_R1, "b200", "fp4", 1024, 1024, max_gpus=64),
    System(_R1, "b200", "fp4", 8192, 1024, max_gpus=64),
    System(_R1, "gb200", "fp4", 8192, 1024, max_gpus=64),
    System(_LLAMA, "h200", "fp8", 1024, 1024, max_gpus=8),
    System(_OSS, "h200", "fp4", 1024, 1024, max_gpus=8),
    System(_OSS, "b200", "fp4", 1024, 1024, max_gpus=8),
)
_PATHS = {
    (_R1, "fp8"): "deepseek-ai/DeepSeek-R1",
    (_R1, "fp4"): "nvidia/DeepSeek-V3.1-NVFP4",
    (_LLAMA, "fp8"): "nvidia/Llama-3.1-70B-Instruct-FP8",
    (_OSS, "fp4"): "openai/gpt-oss-120b",
}
_MACHINES = {"h200": "h200_sxm", "b200": "b200_sxm", "gb200": "gb200"}
_SYSTEM = ["model", "hardware", "precision", "isl", "osl", "max_gpus"]
_SCRIPT = """
import json, sys, time
from aiconfigurator.cli import cli_default
path, system, gpus, isl, osl = sys.argv[1:]
start = time.perf_counter()
found = cli_default(model_path=path, total_gpus=int(gpus), system=system, backend="trtllm",
                    isl=int(isl), osl=int(osl), ttft=1e5, tpot=1e3)
seconds = time.perf_counter() - start
fronts = {mode: front[["tokens/s/gpu", "tokens/s/user"]].values.tolist()
          for mode, front in found.pareto_fronts.items() if front is not None}
print("FOUND " + json.dumps([seconds, fronts]))
"""


def collect(python: str) -> pd.DataFrame:
    """Run every case in the environment of `python` and return the fronts as rows."""
    parts = []
    for system in CASES:
        path = _PATHS[system.model, system.precision]
        given = [path, _MACHINES[system.hardware], system.max_gpus, system.isl, system.osl]
        done = subprocess.run(
            [python, "-c", _SCRIPT, *map(str, given)], capture_output=True, text=True, check=True
        )
        line = next(line for line in done.stdout.splitlines() if line.startswith("FOUND "))
        seconds, fronts = json.loads(line.removeprefix("FOUND "))
        told = {name: getattr(system, name) for name in _SYSTEM}
        for mode, points in fronts.items():
            front = pd.DataFrame(points, columns=["output_throughput_per_gpu", "interactivity"])
            parts.append(
                front.assign(**told, disaggregated=mode == "disagg", run_s=round(seconds, 1))
            )
    return pd.concat(parts, ignore_index=True)


def compared() -> pd.DataFrame:
    """Return its points beside the model's frontier at the same interactivity and mode.

    Columns beside the table's: `modelled` (tok/s/GPU, output tokens; NaN past the end of the
    modelled frontier).
    """
    rows = tables.read("aiconfigurator_frontiers")
    keys = [*_SYSTEM, "disaggregated"]
    parts = []
    for key, group in rows.groupby(keys, sort=False):
        asked = {k: getattr(v, "item", lambda v=v: v)() for k, v in zip(keys, key, strict=True)}
        for length in ("isl", "osl"):  # it takes lengths as they are, we take nominal ones
            asked[length] = round(asked[length] / LENGTH)
        front = sweep(**asked, output_tokens=True)
        parts.append(group.assign(modelled=front.at(group["interactivity"])))
    return pd.concat(parts, ignore_index=True)


if __name__ == "__main__":
    where = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    name = "aiconfigurator_frontiers"
    tables.write(name, collect(sys.argv[1]), tables.meta(name), where)
