"""What report 08 shows of a choice, and what it says where there is nothing to show."""

import io
import re
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from IPython.display import HTML, Markdown

from broadsheet import READS
from frontier import explorer, figures
from frontier.data import measurements, tables
from frontier.data.words import number
from frontier.errors import UsageError
from frontier.explorer import explored

CHOICE = explorer.Choice(accelerators=("h200", "gb200", "mi355x"), interactivity=50.0)


@pytest.fixture(scope="module")
def rows():
    return measurements.load_measurements()


def words(exhibit):
    return re.sub(
        r"<[^>]+>", " ", exhibit.html if isinstance(exhibit, figures.Exhibit) else exhibit.data
    )


def test_a_choice_without_any_row_is_refused_with_what_there_is(rows):
    with pytest.raises(UsageError, match="no measured row has framework=vllm: there are"):
        explored.covered(rows, replace(CHOICE, framework="vllm"), name="08-x")


def test_a_target_that_nothing_meets_names_what_comes_nearest(rows):
    beyond = replace(CHOICE, interactivity=900.0)
    said = words(explored.best(rows, beyond, name="08-x"))
    assert "no measured deployment is so fast; the fastest is MI355X at 345 tok/s/user" in said
    assert "meets the target" in words(explored.best_of_each(rows, beyond, name="08-x"))
    assert "900 tok/s/user" in words(explored.frontiers(rows, beyond, name="08-x"))


def test_a_fleet_too_small_names_the_smallest_deployment_that_is_fast_enough(rows):
    said = words(explored.quotable(rows, replace(CHOICE, gpus=1)))
    assert re.search(
        r"none that is fast enough fits the fleet whole; the smallest takes \d+ ", said
    )
    assert "price for" not in said


def test_where_only_a_price_is_missing_the_answer_says_so_and_names_no_size(rows):
    unpriced = explorer.Choice(
        accelerators=("mi325x", "b300"), least="cost", price="2025 hyperscaler", interactivity=20.0
    )
    said = words(explored.quotable(rows, unpriced))
    assert "what is fast enough and fits is on MI325X and B300" in said
    assert "2025 hyperscaler has no price for" in said
    assert "smallest" not in said
    assert "kW" not in said


def test_what_fits_without_a_price_and_what_has_one_without_fitting_are_told_apart(rows):
    points = explorer.measured(rows, explorer.Choice(accelerators=("b300", "h200")))
    b300 = points[(points["hardware"] == "b300") & (points["gpus"] == 4)]
    h200 = points[(points["hardware"] == "h200") & (points["gpus"] == 8)]
    choice = explorer.Choice(least="cost", price="2025 hyperscaler", interactivity=1.0, gpus=4)
    said = explored.answer(explorer.quantified(pd.concat([b300, h200]), choice), choice)
    assert "fits is on B300" in said
    assert "none that has a price and is fast enough fits the fleet whole" in said
    assert "the smallest takes 8 H200, " in said


@pytest.mark.parametrize(
    "changed",
    [{"accelerators": ("h100",), "precision": "fp4"}, {"framework": "vllm"}, {"model": "gpt-2"}],
)
def test_where_nothing_was_measured_each_exhibit_says_so_with_what_there_is(rows, changed):
    choice = replace(CHOICE, **changed)
    there = "there are "
    for shown in (
        explored.quotable(rows, choice),
        explored.best(rows, choice, name="08-x"),
        explored.best_of_each(rows, choice, name="08-x"),
        explored.frontiers(rows, choice, name="08-x"),
        explored.others(rows, choice, name="08-x"),
    ):
        assert "othing was measured on" in words(shown)
        assert there in words(shown)
    assert "one meets it" in words(explored.variations(rows, choice, name="08-x"))
    assert "nothing was measured" in explored.answer(explorer.measured(rows, choice), choice)


def test_statements_and_lines_are_of_what_the_fleet_holds_whole(rows):
    choice = replace(CHOICE, gpus=8)
    points = explorer.measured(rows, choice)
    for shown in (
        explored.others(rows, choice, name="a"),
        explored.frontiers(rows, choice, name="a"),
    ):
        assert "of deployments that fit 8 GPUs whole" in words(shown)
        assert "too large for 8 GPUs" in words(shown)
    table = pd.read_csv(io.StringIO(explored.others(rows, choice, name="a").files["data/a.csv"]))
    small = set(points.loc[points["gpus"] <= 8, "row_id"])
    assert set(table["row_id"]) <= small
    assert set(points["row_id"]) - small
    there = points[(points["hardware"] == "gb200") & points["row_id"].isin(small)]
    fast = there[there["interactivity"] >= choice.interactivity]
    cost = number(fast["usd_per_million_tokens"].min())
    caption = words(explored.others(rows, choice, name="a"))
    assert f"GB200 {cost}" in caption.partition("cost at least, in dollars")[2]


def test_where_no_deployment_fits_the_figure_of_the_fleet_is_a_sentence(rows):
    said = words(explored.others(rows, replace(CHOICE, gpus=1), name="a"))
    assert re.fullmatch(r"([\d,]+) of \1 rows are of deployments too large for 1 GPU: .*", said)
    assert "H200 nothing" in words(explored.frontiers(rows, replace(CHOICE, gpus=1), name="a"))


def test_a_fleet_that_holds_every_deployment_leaves_nothing_out(rows):
    for draw in (explored.others, explored.frontiers):
        assert "too large" not in words(draw(rows, CHOICE, name="a"))
    assert "any size" in words(explored.lead(rows, CHOICE, sigma=0.02, name="a"))


def test_the_first_figure_names_its_unit_model_traffic_and_dates(rows):
    caption = words(explored.frontiers(rows, CHOICE, name="08-x"))
    points = explorer.measured(rows, CHOICE)
    undated = int(points["date"].isna().sum())
    assert "deepseek-r1 at 8192/1024 input/output tokens, power edition 2026-07" in caption
    assert f"{undated:,} of {len(points):,} rows are undated" in caption
    assert f"the newest of the others is of {points['date'].max():%Y-%m-%d}" in caption
    assert re.search(
        r"measured, tok/s/MW \(input and output tokens\): (\w+ [\d,]{6,}(, )?){3}\.", caption
    )
    assert "output tok/s/MW" not in caption


def test_output_tokens_are_named_wherever_they_are_counted(rows):
    choice = replace(CHOICE, tokens="output")
    shown = {
        draw.__name__: draw(rows, choice, name="08-x")
        for draw in (
            explored.modelled,
            explored.best,
            explored.best_of_each,
            explored.variations,
            explored.frontiers,
            explored.others,
        )
    }
    for name, exhibit in shown.items():
        text = exhibit.html + "".join(v for k, v in exhibit.files.items() if k.endswith("svg"))
        assert not re.search(r"(?<!output )tok/s/(MW|GPU)|million tokens\b(?! \(output\))", text), (
            name
        )
    heads = re.findall(r'<th scope="col">([^<]+)</th>', shown["modelled"].html)
    assert "modelled output tok/s/MW" in heads
    assert "modelled $ per million output tokens" in heads


def test_without_a_shared_range_the_lead_is_a_sentence(rows):
    alone = replace(CHOICE, accelerators=("h200",))
    found = explored.lead(rows, alone, sigma=0.02, name="08-x")
    assert isinstance(found, Markdown)
    assert "There is no ratio" in found.data


def test_the_answer_names_its_operating_point_editions_and_row(rows):
    said = explored.answer(explorer.measured(rows, CHOICE), CHOICE)
    assert "deepseek-r1 at 8192/1024, 50 tok/s/user or faster, at the least power" in said
    assert "on 1 MW all-in, power edition 2026-07, prices 2026-07 hyperscaler" in said
    row = explorer.best(explorer.measured(rows, CHOICE), CHOICE, 1).iloc[0]
    assert f"(undated, {row['row_id']})" in said
    assert "  " not in said
    assert f"{row['deployments']:,} deployments, " in said
    one = replace(CHOICE, gpus=int(row["gpus"]))
    assert " 1 deployment, " in explored.answer(explorer.quantified(row.to_frame().T, one), one)
    assert f"concurrency {row['concurrency']:,}" in said
    assert "of provisioned energy" in said
    assert "per million tokens (input and output)" in said


def test_modelled_numbers_are_called_that_in_every_column_of_theirs(rows):
    shown = explored.modelled(rows, CHOICE, name="08-x").html
    heads = re.findall(r'<th scope="col">([^<]+)</th>', shown)
    bare = [head for head in heads if "modelled" not in head]
    assert bare == ["deployments in 1 MW all-in", "extrapolated"]


def test_a_row_that_is_modelled_shares_no_mark_with_a_measured_one(rows):
    files = explored.frontiers(rows, CHOICE, name="08-x").files
    drawn = pd.read_csv(io.StringIO(files["data/08-x.csv"]))
    modelled = drawn["mark"].str.startswith("modelled")
    assert modelled.any()
    assert set(drawn.loc[~modelled, "mark"]) <= set(figures.MARKS)
    assert drawn.loc[modelled, ["source", "row_id"]].isna().all(axis=None)
    assert drawn.loc[~modelled, ["source", "row_id"]].notna().all(axis=None)


def test_one_thing_is_changed_at_a_time_and_what_nothing_meets_is_said(rows):
    shown = words(explored.variations(rows, replace(CHOICE, interactivity=290.0), name="08-x"))
    for change in ("as chosen", "dated rows only", "one node", "power edition 2025", "least cost"):
        assert change in shown
    assert "none meets it" in shown


def test_a_build_shows_no_controls_and_a_notebook_without_ipywidgets_says_how_to_get_them(
    rows, monkeypatch
):
    monkeypatch.setenv(READS, "somewhere")
    assert explored.panel(rows, CHOICE) is None
    monkeypatch.delenv(READS)
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    monkeypatch.delitem(sys.modules, "frontier.explorer.widgets", raising=False)
    told = explored.panel(rows, CHOICE)
    assert isinstance(told, Markdown)
    assert "make lab" in told.data
    assert "\n" not in told.data


def test_an_exhibit_brings_its_colours_to_jupyterlab_and_none_to_a_page(rows, monkeypatch):
    exhibit = explored.definitions(name="08-x")
    monkeypatch.delenv(READS, raising=False)
    shown = exhibit._repr_mimebundle_()["text/html"]
    assert shown.endswith(exhibit.html)
    assert "--ink: #e4e6e8" in shown
    monkeypatch.setenv(READS, "somewhere")
    assert exhibit._repr_mimebundle_()["text/html"] == exhibit.html


def test_text_of_the_data_is_escaped_in_what_can_be_quoted(rows):
    odd = rows.assign(framework=rows["framework"].where(rows["hardware"] != "gb200", "<b>x</b>"))
    found = explored.quotable(odd, CHOICE)
    assert isinstance(found, HTML)
    assert "<b>" not in found.data


# One's own rows


def test_own_rows_are_on_the_figures_of_a_choice_in_ink_and_in_their_csv(rows, monkeypatch):
    choice = explorer.Choice(accelerators=("h200",))
    known = rows[(rows["model"] == choice.model) & (rows["hardware"] == "h200")]
    some = known[measurements.shapes(known) == choice.shape].head(3)
    alone = [explored.frontiers(rows, choice, name="a"), explored.others(rows, choice, name="b")]
    mine = some.assign(source="own", label="our node", row_id=["o1", "o2", "o3"])
    monkeypatch.setattr(measurements, "own", lambda: mine)
    meta = tables.meta
    monkeypatch.setattr(
        tables, "meta", lambda name, **o: {"title": "Own"} if name == "own" else meta(name, **o)
    )
    both = [explored.frontiers(rows, choice, name="a"), explored.others(rows, choice, name="b")]
    for one, other, name in zip(alone, both, "ab", strict=True):
        table = pd.read_csv(io.StringIO(other.files[f"data/{name}.csv"]))
        before = pd.read_csv(io.StringIO(one.files[f"data/{name}.csv"]))
        assert len(table[table["source"] != "own"]) == len(before)
        assert set(table.loc[table["source"] == "own", "row_id"]) <= {"o1", "o2", "o3"}
        assert "our node (yours, not public, in no verdict)" in other.files[f"figures/{name}.svg"]
        assert "no verdict rests on them" in other.html
        assert "yours" not in one.html
    first = pd.read_csv(io.StringIO(both[0].files["data/a.csv"]))
    kw = explorer.Choice().kilowatts("h200")
    per_mw = first[first["source"] == "own"].set_index("row_id")["tok_s_per_mw"]
    expected = mine.set_index("row_id")["throughput_per_gpu"] * 1000 / kw
    assert np.allclose(per_mw.sort_index(), expected.sort_index(), rtol=1e-5)


def test_own_rows_of_another_model_or_traffic_are_on_none(rows, monkeypatch):
    choice = explorer.Choice(accelerators=("h200",))
    alone = explored.frontiers(rows, choice, name="a").files
    mine = rows.head(2).assign(model="other", source="own", label="our node")
    monkeypatch.setattr(measurements, "own", lambda: mine)
    assert explored.frontiers(rows, choice, name="a").files == alone


def test_own_rows_without_a_power_are_left_out_of_a_choice_and_named(rows, monkeypatch):
    choice = explorer.Choice(accelerators=("h200",))
    alone = [explored.frontiers(rows, choice, name="a"), explored.others(rows, choice, name="b")]
    some = rows[(rows["model"] == choice.model) & (measurements.shapes(rows) == choice.shape)]
    mine = some.head(2).assign(hardware="<b>tpu9", source="own", label="our node")
    monkeypatch.setattr(measurements, "own", lambda: mine)
    both = [explored.frontiers(rows, choice, name="a"), explored.others(rows, choice, name="b")]
    for one, other, name in zip(alone, both, "ab", strict=True):
        assert one.files[f"data/{name}.csv"] == other.files[f"data/{name}.csv"]
        assert "Your rows on &lt;b&gt;tpu9 are left out: the power table" in other.html


def test_own_rows_that_the_fleet_does_not_hold_are_marks_with_their_name_and_no_line(
    rows, monkeypatch
):
    choice = explorer.Choice(accelerators=("h200",), gpus=8)
    known = rows[(rows["model"] == choice.model) & (rows["hardware"] == "h200")]
    some = known[measurements.shapes(known) == choice.shape].head(2)
    mine = some.assign(source="own", label="our node", row_id=["o1", "o2"], gpus=16)
    monkeypatch.setattr(measurements, "own", lambda: mine)
    meta = tables.meta
    monkeypatch.setattr(
        tables, "meta", lambda name, **o: {"title": "Own"} if name == "own" else meta(name, **o)
    )
    drawn = explored.frontiers(rows, choice, name="a")
    assert "our node (yours, not public, in no verdict)" in drawn.files["figures/a.svg"]
    assert "our node" not in explored.others(rows, choice, name="b").files["figures/b.svg"]
