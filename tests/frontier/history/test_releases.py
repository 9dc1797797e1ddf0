"""TensorRT-LLM's releases: ratios to the first, splices, and how long it took."""

import pandas as pd
import pytest

from frontier.history.releases import release_series, release_times


def table_of(*cells):
    """Cells of (version, date, method, model, configuration, output tok/s/GPU)."""
    names = ["version", "date", "method", "model", "configuration", "output_throughput_per_gpu"]
    frame = pd.DataFrame(cells, columns=names)
    frame["date"] = pd.to_datetime(frame["date"])
    return frame.assign(gpu="H100", precision="fp8", isl=128, osl=2048)


CELLS = (
    ("0.5.0", "2023-10-20", "static-batch", "llama-2-70b", "TP4", 100.0),
    ("0.9.0", "2024-04-11", "static-batch", "llama-2-70b", "TP4", 210.0),
    ("0.17", "2025-01-30", "engine-in-flight", "llama-3.1-70b", "TP4", 300.0),
    ("1.0", "2025-09-24", "pytorch-in-flight", "llama-3.3-70b", "TP4", 500.0),
    ("1.0", "2025-09-24", "pytorch-in-flight", "llama-3.3-70b", "TP2", 600.0),
    ("1.1-era", None, "pytorch-in-flight", "llama-3.3-70b", "TP2", 660.0),
)


def test_a_release_series_is_relative_to_its_first_release():
    table = release_series(table_of(*CELLS))
    four = table[table["configuration"] == "TP4"]
    assert four["ratio"].tolist() == pytest.approx([1, 2.1, 3, 5])
    assert four["spliced"].tolist() == [False, False, True, True]
    two = table[table["configuration"] == "TP2"]
    assert two["ratio"].tolist() == pytest.approx([1, 1.1])


def test_the_best_of_each_release_says_which_configuration_it_is():
    best = release_series(table_of(*CELLS), best=True)
    assert best["ratio"].tolist() == pytest.approx([1, 2.1, 3, 6, 6.6])
    assert best["configuration"].tolist()[-3:] == ["TP4", "TP2", "TP2"]


def test_models_are_spliced_only_on_request_and_a_single_release_is_no_series():
    apart = release_series(table_of(*CELLS), families={})
    assert set(apart["model"]) == {"llama-2-70b", "llama-3.3-70b"}
    assert not apart["spliced"].any()


def test_a_series_lasts_from_its_first_dated_release_to_its_last():
    times = release_times(release_series(table_of(*CELLS), best=True), best=True).iloc[0]
    assert [f"{times[end]:%Y-%m-%d}" for end in ("first", "last")] == ["2023-10-20", "2025-09-24"]
    assert (times["top"], times["methods"], times["spliced"]) == (pytest.approx(6.6), 3, True)
