"""InferenceX medians of July 2026, and the labels that their publication left out.

Somebody published, for 8,063 points of the database dump of 2026-07-20, the median throughput,
time per output token and energy, the workload (isl, osl, conc), a configuration number, and six
embeddings of what that configuration is (MQubeAI/InferenceX-PCA-demo at db9a587, `artifacts`).
The encoders' weights are there, too. So the labels are the solution of

    encoder(labels, workload) = embedding    for six encoders and all rows of a configuration

which has far more equations than unknowns. An encoder takes standardised numbers, then one
entry per category (1 for the one that holds), and is affine layers with ReLU between them. The
solver is not told that numbers are whole and categories 0 or 1: that it finds them so is the
evidence. `labels` refuses a configuration that is not solved to rounding, or to which another
label set fits about as well, and labels that do not have the published means.

With the five files of `ARTIFACTS` among the downloads the rows are made from them (that needs
pyarrow); with ``inferencex_medians_2026-07*.csv.gz``, from what an earlier inversion gave.
"""

import functools
import io
import json
import pickle
import zipfile

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

from frontier.data import hardware
from frontier.errors import DataError
from frontier.sources import inferencex, raw

URL = "https://github.com/MQubeAI/InferenceX-PCA-demo"
PCA = "pca-db-dump-2026-07-20.json"
EMBEDDINGS = "representation-{}-final-db-dump-2026-07-20.parquet"
WEIGHTS = "representation-{}-final-db-dump-2026-07-20.pt"
ARTIFACTS = (PCA, *(name.format(kind) for name in (EMBEDDINGS, WEIGHTS) for kind in ("ae", "vae")))
FILES = {
    "inferencex_medians_2026_07": ("inferencex_medians_2026-07.csv*", PCA),
    "inferencex_medians_2026_07_other_models": ("inferencex_medians_2026-07_other*.csv*", PCA),
}
IDS = dict(zip(FILES, ("medians", "others"), strict=True))
FIRST_MODELS = ("dsr1", "gptoss120b", "llama70b")  # of the first table; the others' is the second
OTHER_MODELS = ("dsv4", "glm5", "kimik2.5", "minimaxm2.5", "qwen3.5")
NUMBERS = ("isl", "osl", "conc", "tput_per_gpu", "median_tpot", "gpus", "joules_per_output_token")
# Throughput and energy are medians of different runs, so their product may be no power at all.
ABOVE_LIMIT = (
    "joules_per_output_token only: times the throughput it is above the chip's power limit"
)
DECODE_ONLY = "joules_per_output_token only: it counts decode GPUs and not those that prefill"
LAYERS = {  # as the files of weights name them
    "ae": ("encoder.0", "encoder.2", "encoder.4"),
    "vae": ("encoder_body.0", "encoder_body.2", "mean"),
    "decoder": ("decoder.0", "decoder.2", "decoder.4"),
}
WORKLOAD = ["isl", "osl", "conc"]
MEDIANS = {
    "metrics_tput_per_gpu": "tput_per_gpu",
    "metrics_median_tpot": "median_tpot",
    "metrics_joules_per_output_token": "joules_per_output_token",
}
SOLVED = 1e-5  # rms of embedding - encoder(labels); embeddings are 1 to 20 in size, as float32
APART = 100  # times worse, at least, has the next best label set to fit
SAME_MEAN = 1e-6
ROWS_TO_SOLVE = 4  # of a configuration; the labels are then held against all of its rows


def make(table, files):
    """Return tidy rows with ``reason``; a withheld energy is a row of its own, with its reason."""
    tables = [path for path in files if path.name != PCA]
    rows = raw.read_all(tables, numbers=NUMBERS) if tables else _inverted(files[0].parent)
    if not tables:
        wanted = OTHER_MODELS if "other" in table else FIRST_MODELS
        rows = rows[rows["model"].isin(wanted)].reset_index(drop=True)
    apart = rows["disagg"] & (rows["gpus"] > rows["num_prefill_gpu"])
    decode = (rows["gpus"] - rows["num_prefill_gpu"]).where(apart, rows["gpus"])
    tidy = inferencex.tidy(rows.assign(num_decode_gpu=decode), source=table, citation=URL)
    tidy["row_id"] = inferencex.row_ids(IDS[table], len(tidy))
    return _with_energy(tidy, rows["joules_per_output_token"])


def _with_energy(tidy, joules):
    """Return the rows with the joules that can be compared; those that cannot follow, refused."""
    limit = tidy["hardware"].map(hardware.accelerators()["tdp_w"])
    reason = pd.Series("", index=tidy.index)
    reason[joules * tidy["output_throughput_per_gpu"] > limit] = ABOVE_LIMIT
    reason[tidy["disaggregated"]] = DECODE_ONLY
    refused = joules.notna() & (reason != "")
    withheld = tidy[refused].assign(reason=reason[refused], joules_per_output_token=joules[refused])
    used = tidy.assign(joules_per_output_token=joules.mask(refused))
    return pd.concat([used, withheld], ignore_index=True)


@functools.cache
def _inverted(folder):
    """Return every row of the artifact with its labels, as a table of medians has them."""
    rows, embeddings, networks, published = read(folder)
    known = labels(rows, embeddings, networks, published)
    out = rows[["config_id", *WORKLOAD, *MEDIANS]].rename(columns=MEDIANS)
    out = out.merge(known, on="config_id").rename(columns={"is_multinode": "multinode"})
    for name in MEDIANS.values():
        out[name] = inferencex.significant(out[name])
    flags = ["prefill_dp_attention", "decode_dp_attention", "disagg", "multinode"]
    out = out.astype(dict.fromkeys(flags, bool))
    both = out["num_prefill_gpu"] + out["decode_tp"] * out["decode_num_workers"]
    out["gpus"] = both.where(out["disagg"], out["decode_tp"])
    order = ["model", "hardware", "framework", "precision", "isl", "osl", "config_id", "conc"]
    return out[out["hardware"] != "b300"].sort_values(order, ignore_index=True)


def read(folder):
    """Return the rows, their embeddings, the encoder and decoder of each, and what is published.

    DataError names the first file that is missing or not of the same rows.
    """
    for name in ARTIFACTS:
        if not (folder / name).is_file():
            raise DataError(
                folder / name, "is missing; the medians' labels need all five files",
                remedy=f"copy artifacts/ of {URL} at db9a587",
            )  # fmt: skip
    rows, embeddings, networks = None, [], []
    for kind in ("ae", "vae"):
        weights = read_weights(folder / WEIGHTS.format(kind))
        for seed, part in pd.read_parquet(folder / EMBEDDINGS.format(kind)).groupby("seed"):
            told = part[["config_id", *WORKLOAD, *MEDIANS]].reset_index(drop=True)
            rows = told if rows is None else rows
            if not told.equals(rows):
                problem = f"the rows of seed {seed} are not those of the other seeds"
                raise DataError(folder / EMBEDDINGS.format(kind), problem, remedy=raw.REMEDY)
            embeddings.append(part.filter(regex=r"^z\d+$").to_numpy(float))
            run = weights[f"seed_{seed}_fold_0"]  # of the folds, the one that made the embeddings
            networks.append(
                [
                    [(run[f"{layer}.weight"], run[f"{layer}.bias"]) for layer in LAYERS[which]]
                    for which in (kind, "decoder")
                ]
            )
    published = json.loads((folder / PCA).read_text())["shared_basis"]["preprocessing"]
    return rows, np.stack(embeddings, axis=1), networks, published


def read_weights(path):
    """Return {run: {name: array}} of a file that torch.save wrote, without torch.

    Such a file is a zip: a pickle says which tensor lies where in which raw buffer. Only the
    three names that a dict of tensors needs are let through.
    """
    with zipfile.ZipFile(path) as archive:
        members = {name.partition("/")[2]: name for name in archive.namelist()}

        def tensor(buffer, offset, shape, stride, *_):
            steps = [4 * step for step in stride]
            return np.lib.stride_tricks.as_strided(buffer[offset:], shape, steps).astype(float)

        class Reader(pickle.Unpickler):
            def find_class(self, module, name):
                known = {"_rebuild_tensor_v2": tensor, "FloatStorage": None, "OrderedDict": dict}
                if name not in known:
                    raise DataError(path, f"holds {module}.{name}, expected tensors only")
                return known[name]

            def persistent_load(self, about):  # storage, its type, its number, device, size
                return np.frombuffer(archive.read(members[f"data/{about[2]}"]), "<f4")

        return Reader(io.BytesIO(archive.read(members["data.pkl"]))).load()


def labels(rows, embeddings, networks, published):
    """Return the labels of every configuration, one row each, by ``config_id``.

    Args:
        rows: `config_id`, `isl`, `osl` and `conc` of every point.
        embeddings: of every point by every encoder, (rows, encoders, width).
        networks: an encoder and a decoder each, lists of (weight, bias); the decoder is where
            the search starts.
        published: `numeric_features` with `numeric_scaler_mean` and `numeric_scaler_scale`, of
            which the first three are the workload, and `category_vocabularies`.

    Raises:
        DataError: when a configuration is not solved or not by one label set only, or when the
            labels do not have the published means.
    """
    numbers = [name.removeprefix("config_") for name in published["numeric_features"]]
    mean, scale = (np.array(published[f"numeric_scaler_{w}"], float) for w in ("mean", "scale"))
    choices = {
        n.removeprefix("config_"): list(v) for n, v in published["category_vocabularies"].items()
    }
    blocks = np.cumsum([len(numbers) - 3, *map(len, choices.values())])
    given = (rows[WORKLOAD].to_numpy(float) - mean[:3]) / scale[:3]
    decoded = [_apply(decoder, embeddings[:, k]) for k, (_, decoder) in enumerate(networks)]
    start = np.mean(decoded, axis=0)[:, 3:]

    def inputs(at, unknown):
        return np.column_stack([given[at], np.tile(unknown, (len(at), 1))])

    def residual(unknown, at):
        made = [_apply(encoder, inputs(at, unknown)) for encoder, _ in networks]
        return (np.stack(made, axis=1) - embeddings[at]).ravel()

    def slope(unknown, at):
        slopes = [_slope(encoder, inputs(at, unknown))[..., 3:] for encoder, _ in networks]
        return np.stack(slopes, axis=1).reshape(-1, len(unknown))

    def encoded(values, chosen):
        x = np.zeros(blocks[-1])
        x[: blocks[0]] = (values - mean[3:]) / scale[3:]
        x[blocks[:-1] + chosen] = 1
        return x

    def others(values, chosen):
        """Yield every label set that differs in one label: a number by one, or a category."""
        for place, sign in np.ndindex(len(values), 2):
            yield encoded(values + (2 * sign - 1) * np.eye(len(values))[place], chosen)
        for place, options in enumerate(choices.values()):
            for other in {*range(len(options))} - {chosen[place]}:
                yield encoded(values, [*chosen[:place], other, *chosen[place + 1 :]])

    found = []
    for config, at in rows.groupby("config_id", sort=False).indices.items():
        some = at[:: max(1, len(at) // ROWS_TO_SOLVE)]
        solution = least_squares(residual, start[at].mean(axis=0), slope, args=(some,)).x
        values = np.round(solution[: blocks[0]] * scale[3:] + mean[3:])
        parts = np.split(solution, blocks[:-1])[1:]
        chosen = [int(part.argmax()) for part in parts]
        off = _rms(residual(encoded(values, chosen), at))
        if off > SOLVED:
            problem = f"configuration {config} is not solved: its whole labels are {off:.1e} off"
            raise DataError(PCA, problem, remedy="are mean, scale and weights of this commit?")
        if min(_rms(residual(x, at[:1])) for x in others(values, chosen)) < APART * SOLVED:
            problem = f"configuration {config} has more than one label set that fits"
            raise DataError(PCA, problem, remedy="its labels stay unknown: leave it out")
        names = [options[c] for options, c in zip(choices.values(), chosen, strict=True)]
        found.append([config, *values, *names])
    known = pd.DataFrame(found, columns=["config_id", *numbers[3:], *choices])
    all_rows = rows[["config_id", *WORKLOAD]].merge(known, on="config_id")
    for name, stated in zip(numbers, mean, strict=True):
        if abs(all_rows[name].mean() / stated - 1) > SAME_MEAN if stated else False:
            problem = f"states a mean of {stated:.6g}, the rows have {all_rows[name].mean():.6g}"
            raise DataError(PCA, problem, column=name, remedy="are these all rows of this commit?")
    return known


def _apply(layers, x):
    """Return what a network makes of rows."""
    for weight, bias in layers[:-1]:
        x = np.maximum(x @ weight.T + bias, 0)
    weight, bias = layers[-1]
    return x @ weight.T + bias


def _slope(layers, x):
    """Return what each output of a network changes by with each input, (rows, outputs, inputs)."""
    slope = np.eye(x.shape[1])
    for weight, bias in layers[:-1]:
        x = x @ weight.T + bias
        slope = (weight @ slope) * (x > 0)[:, :, None]
        x = np.maximum(x, 0)
    return layers[-1][0] @ slope


def _rms(values):
    return float(np.sqrt(np.mean(values**2)))
