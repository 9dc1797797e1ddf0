"""The columns of measured points: name, type, unit and meaning, without pandas.

What a table, the command line and the page of a row say of a column is said here once.
"""

# name: (dtype, unit, meaning). The first 23 are the public contract, in this order; 0 in a
# count means that the source does not say (a missing value would drop out of a group-by).
COLUMNS = {
    "model": ("string", "", "model key, e.g. deepseek-r1, gpt-oss-120b, llama-70b"),
    "hardware": ("string", "", "accelerator key of the table accelerators"),
    "framework": ("string", "", "serving software, as InferenceX names it (trt, dynamo-trt, ...)"),
    "precision": ("string", "", "number format of the weights: fp4, fp8, ...; empty if not said"),
    "speculative": ("bool", "", "multi-token prediction or another draft was on"),
    "disaggregated": ("bool", "", "prefill and decode on separate GPUs"),
    "gpus": ("int", "GPU", "all GPUs of the deployment, prefill and decode"),
    "prefill_gpus": ("int", "GPU", "GPUs that prefill (all, if not disaggregated); 0: not said"),
    "decode_gpus": ("int", "GPU", "GPUs that decode (all, if not disaggregated); 0: not said"),
    "tp": ("int", "GPU", "tensor-parallel size of a decode worker; 0: not said"),
    "ep": ("int", "GPU", "expert-parallel size of a decode worker; 0: not said"),
    "dp_attention": ("bool", "", "attention is data-parallel in decode workers"),
    "isl": ("int", "token", "nominal input length; real lengths average 0.9 of it"),
    "osl": ("int", "token", "nominal output length; real lengths average 0.9 of it"),
    "concurrency": ("int", "request", "users of the closed loop"),
    "interactivity": ("float", "tok/s/user", "1 / tpot; time to first token is not in it"),
    "throughput_per_gpu": ("float", "tok/s/GPU", "input + output tokens over all GPUs"),
    "output_throughput_per_gpu": ("float", "tok/s/GPU", "output tokens over all GPUs"),
    "ttft": ("float", "s", "time to first token, median over requests (see latency)"),
    "tpot": ("float", "s", "time per output token, median over requests (see latency)"),
    "date": ("date", "", "day of the run; empty: not known, so in no result as of a date"),
    "source": ("string", "", "the table this row is from, whose sidecar cites it"),
    "run_url": ("string", "", "log of the run, where known"),
    "row_id": ("string", "", "source and row number (from 1) of the file it was made from"),
    "prefill": ("string", "", "prefill workers, e.g. 2 x tp8 ep8 dp; empty if not disaggregated"),
    "latency": ("string", "", "statistic behind ttft, tpot, interactivity: median or mean"),
    "image": ("string", "", "container image of the run, where known"),
    "citation": ("string", "", "address at which the number was found"),
    "caveat": ("string", "", "dead-time, regressed, or empty; see frontier.data.checks"),
    "joules_per_output_token": ("float", "J/token", "measured by all GPUs; empty: not known"),
    "date_from": ("date", "", "first day on which the run can have been, where there is no date"),
    "date_to": ("date", "", "last day on which the run can have been, where there is no date"),
}
OWN_COLUMNS = {**COLUMNS, "label": ("string", "", "what the series is called on figures")}
QUARANTINE_COLUMNS = {**COLUMNS, "reason": ("string", "", "why it is not used")}
CONFIGURATION = [
    *("model", "hardware", "framework", "precision", "speculative", "disaggregated"),
    *("gpus", "prefill_gpus", "decode_gpus", "tp", "ep", "dp_attention", "isl", "osl", "source"),
    "prefill",
]
# What the files of one's own results may not say themselves, and a person can.
SAID = (
    "label",
    *(name for name in CONFIGURATION if name not in ("source", "prefill")),
    *("concurrency", "date", "run_url", "image"),
)
