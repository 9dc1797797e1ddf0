import functools
import io
import re

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from frontier import claims as ledger
from frontier import curves, figures, serving
from frontier.claims import modelled
from frontier.data import published, tables
from frontier.data.words import number
from frontier.figures import validation
from frontier.serving import calibration, crosscheck
from measured import SHAPE, X, Y, sweep, together

# Predicted over measured: throughput, interactivity.
FAMILIES = {"deepseek-r1": (0.6, 1.1), "llama-70b": (1.25, 0.8), "gpt-oss-120b": (1.0, 1.05)}


def rows_of(family, throughput, interactivity, *, curve=0, **changes):
    measured = pd.DataFrame(
        {
            "measured_throughput_per_gpu": [900.0, 400.0, 100.0],
            "measured_interactivity": [10.0, 40.0, 90.0],
        }
    )
    kind = {
        "family": family,
        "hardware": "h200",
        "precision": "fp8",
        "speculative": False,
        "disaggregated": False,
        "curve": curve,
        "source": "inferencex_captures",
        "row_id": ["captures-1", "captures-2", "captures-3"],
    }
    return measured.assign(
        **{**kind, **changes},
        predicted_throughput_per_gpu=measured["measured_throughput_per_gpu"] * throughput,
        predicted_interactivity=measured["measured_interactivity"] * interactivity,
        throughput_per_gpu_error=np.log(throughput),
        interactivity_error=np.log(interactivity),
    )


@pytest.fixture
def known(monkeypatch):
    """Held-out rows whose error is known, three of each family and a worse one with MTP."""
    rows = together(
        *(rows_of(family, *error) for family, error in FAMILIES.items()),
        rows_of("deepseek-r1", 0.6, 2.5, curve=1, hardware="gb200", speculative=True),
    )
    monkeypatch.setattr(calibration, "validation", lambda: rows.copy())
    return rows


def caption(exhibit):
    return BeautifulSoup(exhibit.html, "html.parser").figcaption.p.text


def data(exhibit):
    (text,) = (text for path, text in exhibit.files.items() if path.endswith(".csv"))
    return pd.read_csv(io.StringIO(text))


def shown(exhibit):
    rows = BeautifulSoup(exhibit.html, "html.parser").table.find_all("tr")
    head, *body = ([cell.text for cell in row.find_all(["th", "td"])] for row in rows)
    return pd.DataFrame(body, columns=head)


# The error on held-out curves.


def test_a_known_error_is_given_back(known):
    table = shown(validation.errors(name="07-errors")).set_index("rows of")
    r1 = table.loc["DeepSeek-R1 without MTP"]
    assert r1["throughput, median error"] == "40 %"
    assert r1["throughput, bias"] == "-40 %"
    assert (r1["interactivity, median error"], r1["interactivity, bias"]) == ("10 %", "10 %")
    assert (r1["rows"], r1["curves"]) == ("3", "1")
    llama = table.loc["Llama 70B"]
    assert (llama["throughput, median error"], llama["throughput, bias"]) == ("25 %", "25 %")
    assert llama["interactivity, bias"] == "-20 %"
    assert table.loc["DeepSeek-R1, all NVIDIA rows", ["rows", "curves"]].tolist() == ["6", "2"]


def test_errors_of_either_sign_do_not_cancel_in_the_median_error(monkeypatch):
    even = together(
        *(
            rows_of(family, factor, 1, curve=i)
            for family in FAMILIES
            for i, factor in enumerate((0.8, 1.2))
        )
    )
    monkeypatch.setattr(calibration, "validation", lambda: even)
    row = shown(validation.errors(name="07-errors")).iloc[0]
    assert (row["throughput, median error"], row["throughput, bias"]) == ("20 %", "0 %")


def test_the_largest_error_of_the_caption_is_that_of_the_table(known):
    assert "is 40 % (DeepSeek-R1, all NVIDIA rows)" in caption(validation.errors(name="07-errors"))


def test_the_caption_says_an_error_in_the_digits_of_the_table():
    exhibit = validation.errors(name="07-errors")
    told, group = re.search(r"is ([\d.]+ %) \((.+)\)", caption(exhibit)).groups()
    assert shown(exhibit).set_index("rows of").loc[group, "throughput, median error"] == told


def test_every_group_of_the_report_has_rows():
    table = data(validation.errors(name="07-errors"))
    assert list(table["rows of"]) == list(validation.GROUPS)
    assert (table["rows"] > table["curves"]).all() and (table["curves"] > 1).all()
    assert table.drop(columns="rows of").notna().all(axis=None)


def test_groups_that_are_not_believed_are_named(known):
    exhibit = validation.groups(name="07-groups")
    table = shown(exhibit)
    assert table["believed"].tolist() == ["no", "no", "yes", "yes"]
    assert caption(exhibit) == (
        "Where a median error is above 30 %, every answer is marked as extrapolated: deepseek-r1 "
        "GB200 FP8 one worker, MTP; deepseek-r1 H200 FP8 one worker."
    )


def test_the_groups_are_those_that_the_model_marks_as_extrapolated():
    table = data(validation.groups(name="07-groups"))
    outside = table[["throughput, median error", "interactivity, median error"]].max(axis=1)
    assert (table["believed"] == (outside <= calibration.TRUSTED)).all()
    assert table["rows"].sum() == len(calibration.validation())


def test_the_scatter_draws_the_rows_whose_error_it_states(known):
    exhibit = validation.scatter(family="llama-70b", name="07-scatter")
    assert caption(exhibit).startswith("3 rows of llama-70b, ")
    assert caption(exhibit).endswith("Median error 25 % of throughput and 20 % of interactivity.")
    points = data(exhibit)
    assert len(points) == 3
    ratio = points["predicted_throughput_per_gpu"] / points["measured_throughput_per_gpu"]
    assert ratio.to_numpy() == pytest.approx(1.25)


def test_a_scatter_of_all_families_has_every_row(known):
    exhibit = validation.scatter(family=None, name="07-scatter")
    assert caption(exhibit).startswith("12 rows of all families")
    assert len(data(exhibit)) == len(known)


def test_the_quotable_sentence_counts_rows_curves_and_groups(known):
    text = BeautifulSoup(validation.quotable().data, "html.parser").blockquote.text
    assert text.startswith("On 12 measured rows of 4 curves")  # curve 0 is another in each family
    # Of twelve errors of throughput six are 40 %, three 25 % and three none.
    assert "misses throughput by 32.5 %" in text
    assert "in 2 of 4 groups" in text
    assert "more than 30 %" in text


# The constants and the refusals.


def test_only_fitted_constants_are_shown_and_the_caption_counts_them():
    exhibit = validation.constants(name="07-constants")
    table, spread = shown(exhibit), serving.spread()
    assert len(table) == spread["fitted"].sum() < len(data(exhibit)) == len(spread)
    most = table.groupby("family").size().max()
    assert caption(exhibit).startswith(f"At most {most} constants a family are fitted.")


def test_more_constants_than_the_report_says_stop_the_page(monkeypatch):
    monkeypatch.setattr(validation, "MOST_CONSTANTS", 1)
    with pytest.raises(AssertionError, match="at most 1"):
        validation.constants(name="07-constants")


def test_every_refusal_is_one_line_and_they_are_counted():
    exhibit = validation.refusals(name="07-refusals")
    table = data(exhibit)
    assert caption(exhibit).startswith(f"{len(table)} requests")
    assert table["answer"].is_unique
    assert not table["answer"].str.contains("\n").any()
    assert "draws is 0" in table.set_index("asked").loc["an interval of no draws", "answer"]


@pytest.mark.parametrize("name", ["sweep", "ratio_interval"])
def test_an_answer_where_a_refusal_is_due_stops_the_page(monkeypatch, name):
    monkeypatch.setattr(serving, name, lambda *args, **options: None)
    with pytest.raises(AssertionError, match="answered what it should refuse"):
        validation.refusals(name="07-refusals")


# Beside others.


def answering(throughput):
    """A model whose frontier is this, whatever it is asked."""
    return lambda *args, **options: curves.Frontier(X, throughput)


def test_mlperf_is_what_the_model_gives_over_what_was_measured(monkeypatch):
    monkeypatch.setattr(serving, "sweep", answering(500.0 * X[0] / X))
    table = data(validation.against_mlperf(isl=9400, osl=680, name="07-mlperf"))
    assert set(table["modelled, one node"]) == {500}
    measured = table["measured, output tok/s/GPU"]
    assert table["modelled over measured"].to_numpy() == pytest.approx(500 / measured, rel=1e-5)


def test_mlperf_is_asked_for_output_tokens_at_lengths_that_average_to_those_measured(monkeypatch):
    asked = []

    def answer(*args, **options):
        asked.append((args, options))
        return curves.Frontier(X, Y)

    monkeypatch.setattr(serving, "sweep", answer)
    validation.against_mlperf(isl=9000, osl=900, name="07-mlperf")
    for (model, *_), options in asked:
        assert model == "llama-405b"
        assert options["output_tokens"] and options["single_node"]
        assert options["isl"] * validation.LENGTH == pytest.approx(9000, abs=1)
        assert options["osl"] * validation.LENGTH == pytest.approx(900, abs=1)


def test_mlperf_is_the_best_offline_result_of_each_accelerator_and_the_range_is_the_tables():
    exhibit = validation.against_mlperf(isl=9400, osl=680, name="07-mlperf")
    table = data(exhibit).set_index("accelerator")
    rows = published.mlperf("llama-3.1-405b")
    rows = rows[rows["scenario"] == "offline"]
    best = rows.groupby("hardware")["output_throughput_per_gpu"].max()
    assert set(table.index) == {figures.NAMES[key] for key in best.index}
    for key, value in best.items():
        row = table.loc[figures.NAMES[key]]
        assert row["measured, output tok/s/GPU"] == pytest.approx(value, rel=1e-5)
        assert row["modelled over measured"] == pytest.approx(
            row["modelled, one node"] / value, rel=1e-4
        )
    over = shown(exhibit)["modelled over measured"]
    low, high = sorted(over, key=float)[:: len(over) - 1]
    assert f"gives {low}x to {high}x of what was measured" in caption(exhibit)


def test_a_model_that_gives_twice_what_was_measured_is_said_to(monkeypatch):
    monkeypatch.setattr(serving, "sweep", answering(2 * Y))
    rows = together(sweep(), sweep(hardware="gb300", model="llama-70b", source="inferencex_posts"))
    exhibit = validation.against_frontiers(
        rows, at=(20, 40, 500), shapes=(SHAPE, "1024/1024"), name="07-frontiers"
    )
    table = data(exhibit)
    assert set(table["shape"]) == {SHAPE}
    assert table["system"].str.startswith("R1, ").all() and table["system"].str.contains("H2").all()
    assert table[["20 tok/s/user", "40 tok/s/user"]].eq(2).all(axis=None)
    assert table["500 tok/s/user"].isna().all()
    count = 2 * len(table)
    assert f"The middle of {count} is 2x; the worst is 2x (" in caption(exhibit)
    used, unused = (tables.meta(f"inferencex_{key}")["title"] for key in ("captures", "posts"))
    assert used in exhibit.html
    assert unused not in exhibit.html  # none of its rows is compared


def test_the_worst_frontier_may_be_one_that_is_too_low(monkeypatch):
    worth = np.where(X < 60, 1.5, 0.25)
    monkeypatch.setattr(serving, "sweep", answering(worth * Y))
    exhibit = validation.against_frontiers(sweep(), at=(20, 80), shapes=[SHAPE], name="07-f")
    assert f"the worst is 0.25x (R1, one H200 node FP8 without MTP, {SHAPE}, 80 tok/s/user)" in (
        caption(exhibit)
    )


def test_other_models_are_compared_point_by_point(monkeypatch):
    case = {
        "model": "deepseek-r1",
        "hardware": "h200",
        "precision": "fp8",
        "isl": 8192,
        "osl": 1024,
        "run_s": 12.0,
        "interactivity": 30.0,
    }
    theirs = pd.DataFrame(
        [
            {**case, "disaggregated": split, "output_throughput_per_gpu": 100.0, "modelled": ours}
            for split, ours in (
                (False, 150.0),
                (False, 250.0),
                (False, 50.0),
                (True, 300.0),
                (True, np.nan),
            )
        ]
    )
    monkeypatch.setattr(crosscheck, "compared", lambda: theirs)
    exhibit = validation.other_models(name="07-aiconfigurator")
    table = shown(exhibit)
    assert table["case"].tolist() == [
        "deepseek-r1 H200 FP8, 8192/1024, one worker",
        "deepseek-r1 H200 FP8, 8192/1024, disaggregated",
    ]
    assert table["points"].tolist() == ["3", "1"]
    assert table["ours over theirs, median"].tolist() == ["1.5", "3"]
    assert (table["least"][0], table["most"][0]) == ("0.5", "2.5")
    assert "the median is 2x" in caption(exhibit)


def test_who_else_models_serving_is_listed_whole():
    exhibit = validation.elsewhere(name="07-others")
    assert caption(exhibit).startswith(f"{len(shown(exhibit))} other models")


# Answers of the model.


def test_an_example_has_the_ratio_its_interval_and_the_systems_in_words(monkeypatch):
    few = functools.partial(serving.ratio_interval, draws=5)
    monkeypatch.setattr(serving, "ratio_interval", few)
    shape = {"isl": 1024, "osl": 1024, "single_node": True}
    new = serving.System("llama-70b", "b200", "fp4", **shape)
    old = serving.System("llama-70b", "h200", "fp8", **shape)
    exhibit = validation.example(new, old, at=[30, 60], name="07-example")
    words = "llama-70b at 1024/1024 on B200 in FP4 on one node over H200 in FP8 on one node"
    assert words in caption(exhibit)
    found = few(new, old, [30, 60])
    assert shown(exhibit)["ratio of tok/s/GPU"].tolist() == [number(v) for v in found["ratio"]]
    assert (data(exhibit)["low"] <= data(exhibit)["high"]).all()


def test_the_sensitivity_to_a_constant_is_of_the_ratio_in_the_unit_of_the_claim():
    key = "dense-gain-25x"
    exhibit = validation.sensitivities([key], at=30.0, name="07-sensitivity")
    table = data(exhibit)
    test = ledger.claim(key).test
    for specification in test.modelled:
        one = modelled.one(test.basis, specification, test.shapes[0])
        ratio = float(curves.ratio(*one.fronts, 30.0)) * one.factor
        found = table[table["comparison"] == one.label]["ratio"].to_numpy()
        assert found == pytest.approx(ratio, rel=1e-5)
        assert len(found) == 6
    swing = np.log(table["at_high"] / table["at_low"]).abs()
    assert caption(exhibit).endswith(f"that of {table['constant'][swing.idxmax()]}.")
