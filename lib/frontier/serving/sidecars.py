"""The sidecars of the tables that `frontier.serving.fit` makes."""

_COMMON = {
    "producer": "this project (frontier.serving.fit.calibrate)",
    "citation": "fitted to the tables inferencex_captures and aiconfigurator_silicon",
    "url": "https://inferencex.semianalysis.com/",
    "accessed": "2026-11-22",
    "published": "2026-11",
    "licence": "Apache-2.0",
}


def _columns(**columns):
    keys = ("dtype", "unit", "description")
    return {name: dict(zip(keys, about, strict=True)) for name, about in columns.items()}


_FAMILY = ("string", "", "model whose rows the constants were fitted to")
_CONSTANTS = {
    "memory": ("float", "", "share of memory bandwidth reached"),
    "compute": ("float", "", "share of peak FLOP/s reached"),
    "layer_s": ("float", "s", "time per layer and pass"),
    "peer_s": ("float", "s", "time per collective, times the root of the number of other GPUs"),
    "link": ("float", "", "share of NVLink bandwidth reached"),
    "sequence_s": ("float", "s", "time per sequence and pass on one attention share"),
    "conversion_s": ("float", "s", "time per layer and pass where numbers are converted first"),
    "acceptance": ("float", "", "probability that a drafted token is accepted"),
}

FIT = {
    **_COMMON,
    "title": "Fitted constants of the serving model, with their spread",
    "provenance": "Least squares (soft L1) on the log of interactivity and throughput per GPU. "
    "Spread: fits to curves drawn with replacement. Constants that a family does not fit keep "
    "the value they start from.",
    "columns": _columns(
        family=_FAMILY,
        constant=("string", "", "; ".join(f"{k}: {v[2]}" for k, v in _CONSTANTS.items())),
        value=("float", "", "fit to all rows; seconds where the name ends in _s, else a share"),
        low=("float", "", "5 % quantile over resampled curves"),
        high=("float", "", "95 % quantile over resampled curves"),
        fitted=("bool", "", "whether the family fits it; if not, value is fixed"),
    ),
}
SAMPLES = {
    **_COMMON,
    "title": "Refits of the serving model's constants on resampled curves",
    "provenance": "Each row is a fit to the family's curves, drawn with replacement.",
    "columns": _columns(family=_FAMILY, replicate=("int", "", "number of the draw"), **_CONSTANTS),
}
VALIDATION = {
    **_COMMON,
    "title": "The serving model against measured rows it had not seen",
    "provenance": "Whole curves (all concurrencies of one configuration) were held out, in five "
    "folds, repeatedly; a prediction is the median over repeats. Measured values are those of "
    "the table in column source, row row_id.",
    "columns": _columns(
        family=_FAMILY,
        hardware=("string", "", "accelerator key"),
        framework=("string", "", "serving software"),
        precision=("string", "", "number format of the weights"),
        speculative=("bool", "", "multi-token prediction was on"),
        disaggregated=("bool", "", "prefill and decode on separate GPUs"),
        isl=("int", "token", "nominal input length"),
        osl=("int", "token", "nominal output length"),
        gpus=("int", "GPU", "all GPUs of the deployment"),
        worker_gpus=("int", "GPU", "GPUs of a decode worker"),
        tp=("int", "GPU", "GPUs of an attention share"),
        users_per_gpu=("float", "", "concurrency over gpus"),
        concurrency=("int", "request", "users of the closed loop"),
        curve=("int", "", "number of the curve within the family"),
        measured_interactivity=("float", "tok/s/user", "as measured"),
        predicted_interactivity=("float", "tok/s/user", "by a fit without this curve"),
        measured_throughput_per_gpu=("float", "tok/s/GPU", "as measured, input + output"),
        predicted_throughput_per_gpu=("float", "tok/s/GPU", "by a fit without this curve"),
        source=("string", "", "table of the measured row"),
        row_id=("string", "", "its row there"),
    ),
}
