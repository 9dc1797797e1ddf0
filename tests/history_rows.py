"""Made-up dated rows of one configuration, for the tests of history."""

import pandas as pd

FIXED = {
    "model": "deepseek-r1", "hardware": "h200", "framework": "sglang", "precision": "fp8",
    "speculative": False, "disaggregated": False, "gpus": 8, "prefill_gpus": 8,
    "decode_gpus": 8, "tp": 8, "ep": 1, "dp_attention": False, "isl": 1000, "osl": 1000,
    "source": "made_up", "prefill": "", "ttft": 0.0,
}  # fmt: skip


def rows(*points, **fixed):
    """Rows of (date, concurrency, interactivity, throughput per GPU)."""
    frame = pd.DataFrame(
        points, columns=["date", "concurrency", "interactivity", "throughput_per_gpu"]
    )
    frame["date"] = pd.to_datetime(frame["date"])
    frame["tpot"] = 1 / frame["interactivity"]
    frame["row_id"] = [f"made_up:{i + 1}" for i in range(len(frame))]
    return frame.assign(**{**FIXED, **fixed})
