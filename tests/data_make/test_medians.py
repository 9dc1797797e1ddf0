"""The labels of the medians, on encoders made here: labels that are known come back exactly."""

import io
import itertools
import json
import pickle
import sys
import types
import zipfile

import numpy as np
import pandas as pd
import pytest

from frontier import sources
from frontier.errors import DataError

pytestmark = pytest.mark.slow  # each makes tables from downloads again

NUMBERS = [
    *("isl", "osl", "conc", "prefill_tp", "prefill_ep", "prefill_dp_attention"),
    *("prefill_num_workers", "decode_tp", "decode_ep", "decode_dp_attention"),
    *("decode_num_workers", "num_prefill_gpu", "disagg", "is_multinode"),
]
CHOICES = {
    "hardware": ["b200", "gb200", "h200"],
    "framework": ["dynamo-trt", "sglang", "vllm"],
    "model": ["dsr1", "dsv4", "gptoss120b"],
    "precision": ["fp4", "fp8"],
    "spec_method": ["mtp", "none"],
}
CONFIGURATIONS, SHAPES = 8, [(1024, 1024), (8192, 1024), (1024, 8192)]
WIDTH = 15


@pytest.fixture(scope="module")
def medians():
    return sources.scripts()["medians"]


@pytest.fixture(scope="module")
def known():
    """Labels of a few configurations: half of them prefill on GPUs of their own."""
    draw = np.random.default_rng(7)
    frame = pd.DataFrame({"config_id": [f"{n}.0" for n in range(CONFIGURATIONS)]})
    for place, name in enumerate(("prefill_dp_attention", "decode_dp_attention"), start=1):
        frame[name] = np.arange(len(frame)) // 2**place % 2
    frame["disagg"] = frame["is_multinode"] = np.arange(len(frame)) % 2
    for name in ("prefill_tp", "prefill_ep", "decode_tp", "decode_ep"):
        frame[name] = 2 ** draw.integers(0, 4, len(frame))
    for name in ("prefill_num_workers", "decode_num_workers"):
        frame[name] = frame["disagg"] * draw.integers(1, 5, len(frame))
    frame["num_prefill_gpu"] = frame["prefill_tp"] * frame["prefill_num_workers"]
    for name, options in CHOICES.items():
        frame[name] = [options[n] for n in draw.integers(0, len(options), len(frame))]
    frame.loc[:2, "model"] = CHOICES["model"]
    return frame


@pytest.fixture
def artifact(known):
    """The rows, what six random encoders make of them, the networks, and the published scheme."""
    draw = np.random.default_rng(11)
    points = known.merge(pd.DataFrame(SHAPES, columns=["isl", "osl"]), how="cross")
    points = points.merge(pd.DataFrame({"conc": [4, 32, 128]}), how="cross")
    numbers = points[NUMBERS].to_numpy(float)
    scheme = {
        "numeric_features": [n if n in NUMBERS[:3] else f"config_{n}" for n in NUMBERS],
        "numeric_scaler_mean": numbers.mean(axis=0).tolist(),
        "numeric_scaler_scale": numbers.std(axis=0).tolist(),
        "category_vocabularies": {f"config_{name}": options for name, options in CHOICES.items()},
    }
    x = (numbers - numbers.mean(axis=0)) / numbers.std(axis=0)
    for name, options in CHOICES.items():
        x = np.column_stack([x, *(points[name] == option for option in options)])
    networks = []
    for _ in range(6):
        sizes = [x.shape[1], 64, 32, WIDTH]
        encoder = [
            (draw.normal(0, (2 / a) ** 0.5, (b, a)).astype("<f4").astype(float), np.full(b, 0.25))
            for a, b in itertools.pairwise(sizes)
        ]
        decoder = [(np.zeros((1, WIDTH)), np.zeros(1)), (np.zeros((x.shape[1], 1)), x.mean(axis=0))]
        networks.append([encoder, decoder])
    return Artifact(points, networks, scheme, x)


class Artifact:
    def __init__(self, points, networks, scheme, x):
        self.rows, self.networks, self.scheme, self.x = points, networks, scheme, x

    @property
    def embeddings(self):
        return np.stack([forward(encoder, self.x) for encoder, _ in self.networks], axis=1)


def forward(layers, x):
    for number, (weight, bias) in enumerate(layers, start=1):
        x = x @ weight.T + bias
        x = np.where((x < 0) & (number < len(layers)), 0, x)
    return x


def found(medians, it, scheme=None):
    given = it.rows[["config_id", "isl", "osl", "conc"]]
    return medians.labels(given, it.embeddings, it.networks, scheme or it.scheme)


def test_a_wrong_mean_is_refused(medians, artifact):
    for place, by in ((0, 100.0), (4, 0.3)):
        mean = list(artifact.scheme["numeric_scaler_mean"])
        mean[place] += by
        with pytest.raises(DataError, match=r"configuration 0\.0 is not solved.*of this commit"):
            found(medians, artifact, artifact.scheme | {"numeric_scaler_mean": mean})


def test_a_mean_that_is_off_by_a_whole_number_of_a_scale_is_refused_by_its_rows(medians, artifact):
    """All rows count in a published mean, so rows that are missing show in it."""
    artifact.rows, artifact.x = artifact.rows[6:].reset_index(drop=True), artifact.x[6:]
    with pytest.raises(DataError, match=r"column \w+: states a mean of .*, the rows have "):
        found(medians, artifact)


def test_two_label_sets_that_fit_equally_well_are_refused(medians, artifact):
    columns = [NUMBERS.index("prefill_ep"), len(NUMBERS) + 3 + 1]
    for column in columns:
        for encoder, _ in artifact.networks:
            weight = encoder[0][0]
            # A number that no encoder reads, or two categories that they do not tell apart.
            weight[:, column] = 0 if column < len(NUMBERS) else weight[:, column + 1]
        with pytest.raises(DataError, match="has more than one label set that fits"):
            found(medians, artifact)


def test_an_embedding_that_is_off_is_refused(medians, artifact):
    artifact.x = artifact.x + 0.01
    with pytest.raises(DataError, match="is not solved"):
        found(medians, artifact)


def test_labels_come_back_exactly(medians, artifact, known):
    labels = found(medians, artifact)
    pd.testing.assert_frame_equal(labels[known.columns], known, check_dtype=False)


# --- from the five files ------------------------------------------------------------------


def saved(path, runs):
    """Write {run: {name: array}} as torch.save does, without torch."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    torch.FloatStorage = type("FloatStorage", (), {"__module__": "torch"})

    def _rebuild_tensor_v2(*arguments):
        raise NotImplementedError

    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = (
        utils.__name__,
        "_rebuild_tensor_v2",
    )
    utils._rebuild_tensor_v2, buffers = _rebuild_tensor_v2, []

    class Writer(pickle.Pickler):
        def persistent_id(self, value):
            if isinstance(value, Buffer):
                buffers.append(value.array.astype("<f4").tobytes())
                key = str(len(buffers) - 1)
                return ("storage", torch.FloatStorage, key, "cpu", value.array.size)
            return None

        def reducer_override(self, value):
            if isinstance(value, np.ndarray):
                shape = value.shape
                stride = tuple(s // value.itemsize for s in np.ascontiguousarray(value).strides)
                return _rebuild_tensor_v2, (Buffer(value), 0, shape, stride, False, {})
            return NotImplemented

    class Buffer:
        def __init__(self, array):
            self.array = array

    sys.modules["torch"], sys.modules["torch._utils"] = torch, utils
    try:
        text = io.BytesIO()
        Writer(text, protocol=2).dump(runs)
    finally:
        del sys.modules["torch"], sys.modules["torch._utils"]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("weights/data.pkl", text.getvalue())
        for key, buffer in enumerate(buffers):
            archive.writestr(f"weights/data/{key}", buffer)


@pytest.fixture
def folder(tmp_path, medians, artifact, monkeypatch):
    """The five files of the artifact; a table is a pickle, since pyarrow is in no lock."""
    monkeypatch.setattr(pd, "read_parquet", pd.read_pickle)
    rate = np.linspace(100, 900, len(artifact.rows))
    rows = artifact.rows.assign(
        metrics_tput_per_gpu=rate,
        metrics_median_tpot=0.02,
        metrics_joules_per_output_token=np.where(np.arange(len(rate)) % 6 == 0, 1.0, np.nan),
    )
    rows = rows[["config_id", "isl", "osl", "conc", *medians.MEDIANS]]
    names = medians.LAYERS
    for number, kind in enumerate(("ae", "vae")):
        parts, runs = [], {}
        for seed in range(3):
            z = artifact.embeddings[:, 3 * number + seed]
            columns = {f"z{i + 1}": z[:, i] for i in range(WIDTH)}
            parts.append(rows.assign(seed=seed, **columns))
            encoder, decoder = artifact.networks[3 * number + seed]
            decoder = [decoder[0], (np.eye(1), np.zeros(1)), decoder[1]]
            runs[f"seed_{seed}_fold_0"] = {
                f"{name}.{what}": array
                for which, layers in ((kind, encoder), ("decoder", decoder))
                for name, pair in zip(names[which], layers, strict=True)
                for what, array in zip(("weight", "bias"), pair, strict=True)
            }
        pd.concat(parts).to_pickle(tmp_path / medians.EMBEDDINGS.format(kind))
        saved(tmp_path / medians.WEIGHTS.format(kind), runs)
    text = json.dumps({"shared_basis": {"preprocessing": artifact.scheme}})
    (tmp_path / medians.PCA).write_text(text)
    return tmp_path


def test_a_missing_file_is_one_line_that_says_where_it_is(medians, folder):
    (folder / medians.WEIGHTS.format("vae")).unlink()
    with pytest.raises(DataError, match=r"vae-final.*\.pt: is missing.* at db9a587") as caught:
        medians.make("inferencex_medians_2026_07", [folder / medians.PCA])
    assert "\n" not in str(caught.value)


def test_embeddings_of_other_rows_are_refused(medians, folder):
    path = folder / medians.EMBEDDINGS.format("vae")
    frame = pd.read_pickle(path)
    frame.loc[frame["seed"] == 2, "conc"] += 1
    frame.to_pickle(path)
    with pytest.raises(DataError, match="the rows of seed 2 are not those of the other seeds"):
        medians.read(folder)


def test_a_file_of_weights_that_holds_code_is_not_run(medians, folder):
    path = folder / "evil.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x/data.pkl", pickle.dumps(print))
    with pytest.raises(DataError, match=r"evil\.pt: holds builtins\.print, expected tensors only"):
        medians.read_weights(path)


def test_the_five_files_give_the_rows_of_both_tables(medians, folder, known):
    sizes = []
    for table, models in zip(medians.FILES, (("dsr1", "gptoss120b"), ("dsv4",)), strict=True):
        made = medians.make(table, [folder / medians.PCA])
        made = made[~made["reason"].str.startswith("joules")]
        wanted = known[known["model"].isin(models)]
        assert len(made) == len(wanted) * len(SHAPES) * 3
        gpus = (
            wanted["num_prefill_gpu"] + wanted["decode_tp"] * wanted["decode_num_workers"]
        ).where(wanted["disagg"] == 1, wanted["decode_tp"])
        assert sorted(made["gpus"]) == sorted(np.repeat(gpus, len(SHAPES) * 3))
        assert made["row_id"].is_unique
        sizes.append(len(made))
    assert sum(sizes) == CONFIGURATIONS * len(SHAPES) * 3


# --- energy -------------------------------------------------------------------------------


def test_energy_that_cannot_be_compared_is_withheld_and_the_row_kept(medians):
    tidy = pd.DataFrame(
        {
            **{"hardware": "h200", "disaggregated": [False, False, True, False], "reason": ""},
            "output_throughput_per_gpu": 100.0,
        }
    )
    made = medians._with_energy(tidy, pd.Series([7.0, 7.1, 1.0, np.nan]))
    used, refused = made[made["reason"] == ""], made[made["reason"] != ""]
    assert used["joules_per_output_token"].fillna(0).tolist() == [7.0, 0, 0, 0]
    assert refused["joules_per_output_token"].tolist() == [7.1, 1.0]
    assert refused["reason"].tolist() == [medians.ABOVE_LIMIT, medians.DECODE_ONLY]
