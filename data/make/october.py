"""The benchmark as it stood in October 2025: three states of its dashboard.

Each state is one nightly run of every configuration. A row's date is the day on which its state
was first seen, so the run itself is up to a few days older (the states are of the 23rd, 24th and
28th). The dashboard shows throughput, interactivity and end-to-end latency by hardware key, GPUs
and concurrency. The parallel sizes are not on it: they are those that the launch scripts of
2025-10-20 give to that row, unique for each.
"""

from frontier.sources import inferencex, raw

FILES = {"inferencemax_2025_10": ("inferencemax_2025-10.csv*",)}
NUMBERS = ("isl", "osl", "conc", "gpus", "tput_per_gpu", "median_intvty", "median_e2el")
FROM_SCRIPTS = (
    *("prefill_tp", "prefill_num_workers", "num_prefill_gpu", "num_decode_gpu", "decode_tp"),
    *("decode_ep", "decode_dp_attention"),
)


def make(table, files):
    """Return tidy rows with ``reason``."""
    rows = raw.read_all(files, numbers=NUMBERS)
    rows = rows.rename(columns={f"script_{name}": name for name in FROM_SCRIPTS})
    rows = rows.assign(multinode=rows["disagg"], median_tpot=1 / rows["median_intvty"])
    tidy = inferencex.tidy(rows, source=table, citation=raw.places(rows))
    return tidy.assign(
        interactivity=rows["median_intvty"],
        tpot=inferencex.significant(rows["median_tpot"], 7),
        row_id=inferencex.row_ids("october", len(rows)),
    )
