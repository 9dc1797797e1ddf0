import numpy as np
import pandas as pd

from frontier.data import checks, measurements


def points(**changes):
    base = dict.fromkeys(measurements.COLUMNS, 0) | {
        **{"model": "m", "hardware": "h200", "framework": "f", "precision": "fp8", "gpus": 8},
        **{"isl": 1024, "osl": 1024, "concurrency": 64, "interactivity": 40.0, "tpot": 0.025},
        **{"throughput_per_gpu": 600.0, "source": "s", "prefill": ""},
        "date": pd.date_range("2026-01-01", periods=4),
    }
    return pd.DataFrame(base | changes, index=range(4))


def test_littles_bound_refuses_what_is_above_it():
    rows = points(throughput_per_gpu=[640.0, 652.0, 653.0, 100.0])
    assert (checks.reasons(rows) != "").tolist() == [False, False, True, False]


def test_a_row_without_shape_or_gpus_is_refused():
    rows = points(isl=[0, 1024, 1024, 1024], gpus=[8, 0, 8, 8])
    assert (checks.reasons(rows) != "").tolist() == [True, True, False, False]


def test_regressed_means_far_below_the_best_earlier_run_whatever_the_row_order():
    rows = points(throughput_per_gpu=[600.0, 100.0, 590.0, 700.0])
    assert checks.regressed(rows).tolist() == [False, True, False, False]
    assert checks.regressed(rows.iloc[::-1]).tolist() == [False, False, True, False]
    assert not checks.regressed(points(date=pd.NaT)).any()


def test_parts_that_do_not_add_up_are_refused_and_absent_ones_are_not():
    total, parts = pd.Series([100.0] * 3), pd.Series([104.0, 106.0, np.nan])
    assert (checks.parts_reason(total, parts) != "").tolist() == [False, True, False]


def test_rows_far_above_the_median_of_their_configuration_are_refused():
    rows = points(throughput_per_gpu=[140.0, 160.0, 50.0, 160.0], concurrency=[64, 64, 64, 8])
    medians = points(throughput_per_gpu=100.0).iloc[:1]
    assert (checks.against_medians(rows, medians) != "").tolist() == [False, True, False, False]
