"""`frontier data refresh` against a server on this machine that behaves, fails, and changes."""

import base64
import copy
import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import inferencex_api as api
from frontier import cli
from frontier.data import measurements, paths, snapshots, tables
from frontier.errors import DataError, FrontierError, UsageError
from frontier.sources import inferencex, intake, web

LIVE = measurements.LIVE
CLOSED_HOST = "http://127.0.0.1:9/"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A project with the committed tables and a small site."""
    shutil.copytree(paths.data(), tmp_path / "data")
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "verdicts.json").write_text('{"schema": 1, "claims": []}')
    monkeypatch.setenv("FRONTIER_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def server():
    rows = api.sweep(date="2026-09-01") + api.sweep(date="2026-09-08", speed=1.2)
    rows += api.sweep(model="gptoss120b", hardware="b200", isl=8192)
    with api.Server(rows) as running:
        yield running


@pytest.fixture
def client(home, server):
    """A client that does not wait for real, and remembers how long it would have."""
    return patient(server.url)


def patient(url, **limits):
    slept = []
    limits = {"whole": 0.5, "most": 2_000_000, **limits}
    made = web.Client(
        url, cache=intake.cache(), patience=web.Patience(**limits), sleep=slept.append
    )
    made.slept = slept
    return made


def whole(folder):
    """Return every file below a folder with its bytes, but for what runs leave aside."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".frontier" not in path.relative_to(folder).parts
    }


# --- the way of a row ---------------------------------------------------------------------


def test_a_refresh_makes_the_live_table_with_every_run_and_its_sidecar(client, server, home):
    report = intake.refresh(client=client)
    rows, about = tables.read(LIVE), tables.meta(LIVE)
    assert len(rows) == report.rows == report.added == len(server.rows)
    assert set(rows["model"]) == {"deepseek-r1", "gpt-oss-120b"}
    assert rows["date"].max() == pd.Timestamp("2026-09-08")
    assert about["accessed"] == date.today().isoformat()
    assert all(
        url.startswith(server.url) and len(sha) == 64 for url, sha in about["inputs"].items()
    )
    tables.verify()
    measurements.validate(rows)


def test_the_values_are_those_of_the_api_in_the_units_of_the_columns(client, server):
    intake.refresh(client=client)
    rows = tables.read(LIVE)
    one = api.row(64, date="2026-09-08", speed=1.2)
    (mine,) = rows[(rows["concurrency"] == 64) & (rows["date"] == "2026-09-08")].to_dict("records")
    assert mine["throughput_per_gpu"] == one["metrics"]["tput_per_gpu"]
    assert mine["tpot"] == one["metrics"]["median_tpot"]
    assert mine["interactivity"] == pytest.approx(1 / mine["tpot"], rel=1e-5)
    assert (mine["gpus"], mine["tp"], mine["isl"], mine["osl"]) == (8, 8, 1024, 1024)
    assert mine["run_url"] == one["run_url"]


def test_the_newest_state_lends_its_image_to_the_runs_that_the_history_has_without(client):
    intake.refresh(client=client)
    images = tables.read(LIVE).groupby("date")["image"].unique()
    assert images["2026-09-08"].tolist() == ["sglang:v1"]
    assert images["2026-09-01"].tolist().count("") == 1


def test_a_refresh_that_finds_nothing_new_changes_nothing(client, home):
    intake.refresh(client=client)
    before = whole(home)
    report = intake.refresh(client=client)
    assert not report.moved
    assert (report.added, report.changed, report.gone) == (0, 0, 0)
    assert whole(home) == before


def test_the_state_before_is_kept_for_a_comparison(client, home):
    before = whole(home)
    snapshot = intake.refresh(client=client).snapshot
    assert whole(snapshot) == before
    assert snapshots.find() == snapshot


def test_equal_answers_make_equal_bytes_whatever_their_order(client, server, home):
    intake.refresh(client=client)
    first = (home / "data" / f"{LIVE}.csv").read_bytes()
    shutil.rmtree(home / ".frontier")
    for path in (home / "data").glob(f"{LIVE}.*"):
        path.unlink()
    server.rows.reverse()
    intake.refresh(client=patient(server.url))
    assert (home / "data" / f"{LIVE}.csv").read_bytes() == first


def test_row_ids_survive_a_refresh_so_that_links_do(client, server):
    intake.refresh(client=client)
    before = set(tables.read(LIVE)["row_id"])
    server.rows += api.sweep(date="2026-09-15", speed=1.3)
    intake.refresh(client=client)
    assert before < set(tables.read(LIVE)["row_id"])


def test_a_run_that_several_tables_have_is_one_row_of_the_union(client, server, home):
    known = tables.read("inferencex_captures")
    before = measurements.load_measurements()
    (home / "answer.json").write_text(json.dumps([as_answer(row) for row in simple(known)]))
    intake.import_files([home / "answer.json"])
    after = measurements.load_measurements()
    assert len(after) == len(before)
    assert len(tables.read(LIVE)) == len(simple(known))
    assert not measurements.run_keys(after[after["date"].notna()]).duplicated().any()


def simple(frame):
    """Rows of one node, which this test can turn back into what the API said."""
    frame = frame[~frame["disaggregated"] & (frame["decode_gpus"] == frame["tp"])]
    return frame.head(60).to_dict("records")


def as_answer(row):
    keys = {value: key for key, value in inferencex.MODELS.items()}
    return {
        **{name: row[name] for name in ("hardware", "framework", "precision", "isl", "osl")},
        **{"model": keys[row["model"]], "spec_method": "mtp" if row["speculative"] else "none"},
        **{"disagg": False, "is_multinode": False, "decode_tp": row["tp"], "decode_ep": row["ep"]},
        **{"decode_dp_attention": row["dp_attention"], "conc": row["concurrency"]},
        **{"date": f"{row['date']:%Y-%m-%d}", "run_url": row["run_url"], "image": None},
        "metrics": {
            **{"tput_per_gpu": row["throughput_per_gpu"], "median_tpot": row["tpot"]},
            **{"median_ttft": row["ttft"]},
            "output_tput_per_gpu": row["output_throughput_per_gpu"],
        },
    }


# --- what is asked for --------------------------------------------------------------------


def test_only_the_models_that_were_asked_for_are_asked_of_the_server(client, server):
    intake.refresh(client=client, models=["gpt-oss-120b"])
    assert {q.get("model") for path, q, _ in server.asked if path != "availability"} == {
        "gpt-oss-120b"
    }
    assert set(tables.read(LIVE)["model"]) == {"gpt-oss-120b"}


def test_a_model_that_the_server_does_not_have_is_a_usage_error(client):
    with pytest.raises(UsageError, match=r"no gpt-5: there are deepseek-r1, gpt-oss-120b"):
        intake.refresh(client=client, models=["gpt-5"])


def test_since_a_day_replaces_later_runs_and_leaves_earlier_ones(client, server):
    intake.refresh(client=client)
    server.rows = [r for r in server.rows if r["date"] != "2026-09-01"]
    server.rows += api.sweep(date="2026-09-22", speed=1.5)
    report = intake.refresh(client=client, since=date(2026, 9, 8), models=["deepseek-r1"])
    days = tables.read(LIVE).query("model == 'deepseek-r1'")["date"].dt.strftime("%Y-%m-%d")
    assert sorted(set(days)) == ["2026-09-01", "2026-09-08", "2026-09-22"]
    assert (report.added, report.gone) == (6, 0)


def test_the_rows_of_other_models_stay(client, server):
    intake.refresh(client=client)
    server.rows = [r for r in server.rows if r["model"] == "dsr1"]
    report = intake.refresh(client=client)
    assert report.gone == 0
    assert "gpt-oss-120b" in set(tables.read(LIVE)["model"])


def test_one_request_at_a_time_with_a_pause_and_a_name(client, server):
    intake.refresh(client=client)
    assert client.requests == len(server.asked) == 5
    assert client.slept == [1.0] * 4
    assert all("inference-frontier" in headers["User-Agent"] for _, _, headers in server.asked)


def test_a_second_refresh_asks_whether_anything_changed_and_is_sent_nothing(client, server):
    intake.refresh(client=client)
    told = []
    intake.refresh(client=patient(server.url), tell=told.append)
    asked = server.asked[5:]
    assert len(asked) == 5
    assert all("If-None-Match" in headers for _, _, headers in asked)
    assert len(told) == 4 and all(line.endswith("(cached)") for line in told)


# --- new names pass -----------------------------------------------------------------------


def test_new_names_and_new_keys_pass_and_are_told(client, server):
    new = api.sweep(model="dsv9", hardware="gb900", date="2026-10-01", colour="blue")
    server.rows += [row | {"framework": "novel", "precision": "fp2"} for row in new]
    report = intake.refresh(client=client)
    assert "dsv9" in set(tables.read(LIVE)["model"])
    told = "\n".join(report.warnings)
    for text in (
        *("model 'dsv9' is new here (6 rows)", "hardware 'gb900' is new", "framework 'novel'"),
        *("precision 'fp2'", "no power is known of 'gb900'"),
        "nothing here reads 'colour', which 12 rows have",
    ):
        assert text in told


def test_a_model_whose_name_the_api_does_not_take_is_left_out_aloud(client, server, monkeypatch):
    monkeypatch.setitem(api.NAMES, "newm", "New-Model-1T")
    server.rows += api.sweep(model="newm")
    report = intake.refresh(client=client)
    assert "the API takes no model 'newm', which it offers" in "\n".join(report.warnings)
    assert report.rows == 18
    server.rows = api.sweep(model="newm")
    with pytest.raises(DataError, match=r"gave no rows of any model; the API takes no model"):
        intake.refresh(client=client)


def test_nothing_since_a_day_is_no_failure(client, home):
    before = whole(home)
    report = intake.refresh(client=client, since=date(2027, 1, 1))
    assert not report.moved and report.warnings == ["nothing was run since 2027-01-01"]
    assert whole(home) == before


def test_agentic_rows_are_counted_and_left_out(client, server):
    server.rows += [row | {"benchmark_type": "agentic_traces"} for row in api.sweep(speed=9)]
    report = intake.refresh(client=client)
    assert report.agentic == 6
    assert report.rows == 18


@pytest.mark.parametrize("length", ["many", [8192], float("inf"), -1, 0.5, {"a": 1}, True])
def test_a_length_on_offer_that_is_none_is_one_line(client, server, length):
    server.rows[0]["isl"] = length
    with pytest.raises(DataError, match=r"availability, row \d+: expected lengths in tokens"):
        intake.refresh(client=client)


def test_an_offer_that_would_take_hours_is_refused_before_anything_is_asked(client, server):
    server.rows += [api.row(4, isl=isl) for isl in range(2000, 2500)]
    with pytest.raises(DataError, match=r"takes 50. questions, at most 500; name fewer with --mo"):
        intake.refresh(client=client)
    assert client.requests == 1


# --- today's API --------------------------------------------------------------------------


def refused(report):
    return list(report.refused)


def live(home, *rows):
    """Import rows as a saved answer; return the report and the table."""
    (home / "answer.json").write_text(json.dumps(rows))
    report = intake.import_files([home / "answer.json"])
    return report, tables.read(LIVE) if tables.has(LIVE) else None


def spread(**more):
    """Return a row of workers that span two nodes and do both prefill and decode."""
    one = api.row(64, is_multinode=True, num_prefill_gpu=16, num_decode_gpu=0)
    for key in ("tput_per_gpu", "output_tput_per_gpu", "input_tput_per_gpu"):
        one["metrics"][key] /= 2
    return one | {"prefill_pp": 2, "prefill_num_workers": 1, "decode_tp": 0, "decode_ep": 0} | more


@pytest.mark.parametrize("left_over", [{}, {"decode_tp": 8, "decode_ep": 1, "decode_pp": 1}])
def test_workers_that_span_nodes_have_all_the_gpus_that_the_row_says(home, left_over):
    report, rows = live(home, spread(**left_over), api.row(32))
    assert not report.refused and sorted(rows["gpus"]) == [8, 16]
    (row,) = rows[rows["gpus"] == 16].to_dict("records")
    assert (row["prefill_gpus"], row["decode_gpus"], row["tp"], row["ep"]) == (16, 16, 8, 1)
    node = measurements.select(rows, single_node=True)
    assert node["gpus"].tolist() == [8]


def test_pipeline_stages_on_one_node_are_gpus_and_expert_parallelism_is_not(home):
    one = api.row(64, decode_tp=4, prefill_tp=4, decode_ep=4, num_decode_gpu=16, num_prefill_gpu=16)
    one["metrics"]["pp"] = 2
    _, rows = live(home, one)
    assert rows["gpus"].tolist() == [8]


def test_a_number_of_gpus_that_the_row_has_itself_is_taken(home):
    _, rows = live(home, api.row(64, decode_tp=2, prefill_tp=2) | {"gpu_count": 8})
    assert rows["gpus"].tolist() == [8]


def powered(**more):
    power = {"power_valid": 1, "power_metric_schema_version": 2, "avg_power_w": 600.0}
    power |= {"avg_total_gpu_power_w": 4800.0, "joules_per_output_token": 4.0}
    one = api.row(64)
    one["metrics"] |= power | more
    return one


def test_energy_is_read_from_the_schema_that_counts_every_gpu_only():
    changes = ({}, {"power_metric_schema_version": 1}, {"power_valid": 0}, {"power_valid": None})
    flat = inferencex.flat([powered(**change) for change in changes], file="a")
    assert inferencex.energy_is_sound(flat.rows).tolist() == [True, False, False, False]
    _, report = intake._judged(intake._Batch().add(flat, "", {}))
    assert not report.refused
    assert "the energy of 3 rows is not of all GPUs" in report.warnings[0]
    assert not [text for text in report.warnings if "nothing here reads" in text]


def test_power_of_another_number_of_gpus_than_the_row_has_is_a_contradiction(home):
    report, _ = live(home, powered(avg_total_gpu_power_w=9600.0), api.row(32))
    assert refused(report) == ["the power of 16.0 GPUs was measured, the row has 8"]


def test_an_agentic_row_is_no_point_and_one_of_fixed_lengths_without_them_is_refused(home):
    agentic = api.row(64) | {"benchmark_type": "agentic_traces", "isl": None, "osl": None}
    nameless = {k: v for k, v in agentic.items() if k != "benchmark_type"}
    report, rows = live(
        home,
        agentic,
        nameless,
        agentic | {"isl": 8192, "osl": 1024},
        api.row(32),
        api.row(128) | {"benchmark_type": "single_turn", "osl": None},
    )
    assert report.agentic == 3 and len(rows) == 1
    assert sum(report.refused.values()) == 1


@pytest.mark.parametrize("before", [True, False])
def test_a_batch_without_a_sound_row_is_told_and_goes_to_quarantine(home, before):
    if before:
        live(home, api.row(4))
    report, rows = live(home, api.row(8, median_ttft=-1), api.row(16, date="0001-01-01"))
    assert sum(report.refused.values()) == 2 and "2 rows" not in str(report).splitlines()[0]
    assert len(tables.read("quarantine").query("source == @LIVE")) == 2
    assert (rows is None) != before
    if not before:
        assert "no row of it can be used: all are in quarantine" in str(report)
    tables.verify()
    assert live(home, api.row(8))[1]["concurrency"].tolist() == ([4, 8] if before else [8])


def test_a_batch_without_a_sound_row_is_one_line_for_the_command(home, capsys):
    (home / "answer.json").write_text(json.dumps([api.row(8, median_ttft=-1)]))
    assert cli.main(["data", "import", str(home / "answer.json")]) == 0
    out, err = capsys.readouterr()
    assert "1 rows to quarantine" in out and not err


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_an_answer_saved_in_an_encoding_of_windows_is_an_answer(home, encoding):
    (home / "answer.json").write_bytes(json.dumps([api.row(8)]).encode(encoding))
    assert intake.import_files([home / "answer.json"]).table == LIVE


# --- rows that cannot be right ------------------------------------------------------------

LATER = (date.today() + timedelta(days=4)).isoformat()
WRONG = {
    "negative latency": ({"median_ttft": -0.1}, "ttft is not positive"),
    "no time per token": ({"median_tpot": None}, "interactivity is not positive"),
    "a time per token of zero": ({"median_tpot": 0}, "interactivity is not positive"),
    "a date in the future": ({"date": LATER}, "date is in the future"),
    "a date of the year 1": ({"date": "0001-01-01"}, "date is before 2023-01-01"),
    "a date before the benchmark": ({"date": "1900-01-01"}, "date is before 2023-01-01"),
    "a date that is none": ({"date": "soon"}, "the date is missing or is none"),
    "above Little's bound": (
        {"tput_per_gpu": 9e4, "output_tput_per_gpu": 4.5e4, "input_tput_per_gpu": 4.5e4},
        "Little's bound",
    ),
    "output above the total": (
        {"output_tput_per_gpu": 9e4, "input_tput_per_gpu": None},
        "output_throughput_per_gpu is above throughput_per_gpu",
    ),
    "parts that are not the whole": ({"output_tput_per_gpu": 1.0}, "not the total throughput"),
    "a throughput per kilotoken": (
        {"tput_per_gpu": 1.0, "output_tput_per_gpu": 0.5, "input_tput_per_gpu": 0.5},
        "another unit",
    ),
    "a first token after the last": ({"median_ttft": 60.0}, "above the latency of the whole"),
    "a count that is no number": ({"conc": "many"}, "conc is no whole number but 'many'"),
    "half a GPU": ({"decode_tp": 7.5}, "decode_tp is no whole number but 7.5"),
    "a rate that is text": ({"tput_per_gpu": "fast"}, "tput_per_gpu is no number but 'fast'"),
    "a rate that is endless": ({"tput_per_gpu": float("inf")}, "tput_per_gpu is no number but inf"),
    "a whole request that takes twice as long as its tokens": (
        {"median_e2el": 30.0 + 2 * 0.0356 * 1024},
        "the latency of whole requests is",
    ),
    "an empty accelerator": ({"hardware": " "}, "hardware is empty"),
    "power of another edition": ({"m_tput_per_mw": 1e5}, "no power of h200 is known"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_row_that_cannot_be_right_goes_to_quarantine_with_the_reason(client, server, name):
    change, reason = WRONG[name]
    made = api.row(256, **{key: value for key, value in change.items() if key != "conc"})
    server.rows.append(made | {"conc": change.get("conc", 256)})
    if name == "power of another edition":
        reason = "its throughput per MW is of"
    before = len(tables.read("quarantine"))
    report = intake.refresh(client=client)
    refused = tables.read("quarantine").query("source == @LIVE")
    assert len(refused) == 1 and reason in refused["reason"].iloc[0]
    assert len(tables.read("quarantine")) == before + 1
    assert sum(report.refused.values()) == 1
    assert report.rows == 18


def test_a_throughput_per_megawatt_of_a_known_edition_is_no_fault(client, server):
    one = api.row(256)
    one["metrics"]["tput_per_mw"] = one["metrics"]["tput_per_gpu"] * 1000 / 1.37
    server.rows.append(one)
    report = intake.refresh(client=client)
    assert not report.refused and report.rows == 19


def test_quarantine_forgets_a_row_that_the_source_has_mended(client, server):
    server.rows.append(api.row(256, median_ttft=-1))
    intake.refresh(client=client)
    server.rows[-1] = api.row(256)
    report = intake.refresh(client=client)
    assert report.rows == 19
    assert tables.read("quarantine").query("source == @LIVE").empty


def test_a_damaged_repeat_of_a_known_run_leaves_the_sound_row(client, server, home):
    intake.refresh(client=client)
    server.rows[0] = api.row(4, date="2026-09-01", median_ttft=-1)
    report = intake.refresh(client=client)
    assert (report.rows, report.gone, sum(report.refused.values())) == (18, 0, 1)
    (home / "answer.json").write_text(json.dumps([server.rows[0]]))
    report = intake.import_files([home / "answer.json"])
    assert (report.rows, report.gone) == (18, 0)


def test_a_run_keeps_its_image_when_it_is_no_longer_the_newest(client, server):
    intake.refresh(client=client)
    server.rows += api.sweep(date="2026-09-15", speed=1.3)
    intake.refresh(client=client)
    images = tables.read(LIVE).groupby("date")["image"].unique()
    assert images["2026-09-08"].tolist() == images["2026-09-15"].tolist() == ["sglang:v1"]


@pytest.mark.parametrize("name", ["disagg", "is_multinode", "decode_dp_attention"])
@pytest.mark.parametrize("value", ["yes", 2, [True], "Y"])
def test_a_truth_value_that_is_none_is_unreadable(name, value):
    flat = inferencex.flat([api.row() | {name: value}], file="answer")
    assert "is neither true nor false but" in flat.rows["unreadable"][0]


@pytest.mark.parametrize(("value", "means"), [(True, True), ("t", True), (1, True), ("0", False)])
def test_a_truth_value_is_read_in_the_forms_that_sources_have(value, means):
    (one,) = inferencex.flat([api.row() | {"disagg": value}], file="answer").rows["disagg"]
    assert one is means


def test_no_speculation_is_none_in_any_case():
    flat = inferencex.flat([api.row(spec_method="NONE"), api.row(spec_method="MTP")], file="a")
    assert inferencex.tidy(flat.rows, source=LIVE, citation="")["speculative"].tolist() == [
        False,
        True,
    ]


def test_many_numbers_per_megawatt_are_checked_with_one_look_at_the_table(monkeypatch):
    rows = [api.row(c) for c in range(1, 200)]
    for one in rows:
        one["metrics"]["tput_per_mw"] = one["metrics"]["tput_per_gpu"] * 1000 / 1.73
    rows[7]["metrics"]["tput_per_mw"] *= 2
    read, looks = tables.read, []

    def counted(name, **options):
        looks.append(name)
        return read(name, **options)

    monkeypatch.setattr(tables, "read", counted)
    new, _ = intake._judged(intake._Batch().add(inferencex.flat(rows, file="a"), "", {}))
    assert looks.count("power") == 1
    (reason,) = new["reason"][new["reason"] != ""]
    assert reason.startswith("its throughput per MW is of 0.865 kW per GPU, which is h200's in no")


# --- a source that has changed ------------------------------------------------------------


def scaled(rows, **factors):
    rows = copy.deepcopy(rows)
    for one in rows:
        for key, factor in factors.items():
            one["metrics"][key] *= factor
    return rows


def many(**about):
    """Enough rows of one model for a judgement on the whole."""
    return [r for isl in (1024, 2048, 4096, 8192) for r in api.sweep(isl=isl, **about)]


TPUT = ("tput_per_gpu", "output_tput_per_gpu", "input_tput_per_gpu")
CHANGES = {
    "milliseconds for seconds": dict.fromkeys(
        ("median_ttft", "median_tpot", "median_e2el"), 1000.0
    ),
    "time to first token in ms": {"median_ttft": 1000.0, "median_e2el": 1000.0},
    "time per token in ms": {"median_tpot": 1000.0},
    "throughput in thousands": dict.fromkeys(TPUT, 1e-3),
    "throughput of the node, not the GPU": dict.fromkeys(TPUT, 8.0),
    "output tokens called all tokens": {
        "tput_per_gpu": 0.5,
        "output_tput_per_gpu": 0.5,
        "input_tput_per_gpu": 0.5,
    },
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_meaning_refuses_everything_and_changes_nothing(home, name):
    rows = many()
    with api.Server(scaled(rows, **CHANGES[name])) as server:
        before = whole(home)
        with pytest.raises(DataError, match=r"--accept"):
            intake.refresh(client=patient(server.url))
        assert whole(home) == before
        assert not snapshots.kept()


@pytest.mark.parametrize("factor", [0.8, 0.9])
def test_runs_known_before_that_have_other_values_now_are_a_changed_meaning(home, factor):
    with api.Server(many()) as server:
        intake.refresh(client=patient(server.url))
        server.rows = scaled(server.rows, **dict.fromkeys(TPUT, factor))
        before = whole(home)
        with pytest.raises(
            DataError, match=r"column throughput_per_gpu: 24 runs of deepseek-r1 known"
        ):
            intake.refresh(client=patient(server.url))
        assert whole(home) == before
        assert intake.refresh(client=patient(server.url), accept=True).changed == 24


def test_a_correction_of_a_few_runs_is_taken_and_counted(client, server):
    server.rows = many()
    intake.refresh(client=client)
    server.rows = scaled(server.rows[:3], **dict.fromkeys(TPUT, 0.9)) + server.rows[3:]
    assert intake.refresh(client=client).changed == 3


def test_a_source_that_lost_most_of_its_rows_is_refused(client, server, home):
    server.rows = many()
    intake.refresh(client=client)
    before = whole(home)
    server.rows = server.rows[:18]
    with pytest.raises(DataError, match=r"has 0 rows of deepseek-r1 at 8192/1024 .* --accept"):
        intake.refresh(client=client)
    assert whole(home) == before
    assert intake.refresh(client=client, accept=True).gone == 6


def test_a_shape_that_lost_more_than_half_of_its_rows_is_refused_and_one_that_lost_half_is_not(
    client, server
):
    server.rows = api.sweep(range(1, 41))
    intake.refresh(client=client)
    server.rows = api.sweep(range(1, 20))
    with pytest.raises(DataError, match=r"has 19 rows of deepseek-r1 .* in the place of 40"):
        intake.refresh(client=client)
    server.rows = api.sweep(range(1, 21))
    assert intake.refresh(client=client).gone == 20


def test_a_source_that_ends_before_what_is_here_is_refused(client, server):
    server.rows = api.sweep(date="2026-09-01") + api.sweep(date="2026-09-08")
    intake.refresh(client=client)
    server.rows = api.sweep(date="2026-09-01") + api.sweep((1, 2, 3), date="2026-08-01")
    with pytest.raises(DataError, match=r"ends deepseek-r1 on 2026-09-01, and here are runs of"):
        intake.refresh(client=client)


def test_a_changed_meaning_of_one_model_among_others_is_refused(client, server):
    fine, changed = many(), many(model="gptoss120b", hardware="b200")
    server.rows = fine + changed
    intake.refresh(client=client)
    server.rows = fine + scaled(changed, **dict.fromkeys(TPUT, 0.75))
    with pytest.raises(DataError, match=r"24 runs of gpt-oss-120b known before have 0\.75 times"):
        intake.refresh(client=client)


# --- a server that fails ------------------------------------------------------------------


SLOW = ("trickle", "trickling_headers", "always_to_be_continued")


@pytest.mark.parametrize("path", ["availability", "benchmarks", "benchmarks/history"])
@pytest.mark.parametrize("how", [*api.PASSING, *api.FINAL])
def test_a_failing_server_is_one_line_and_the_tables_stay(server, home, capsys, how, path):
    server.fail(how, path)
    limits = {"attempts": 2} if how in SLOW else {}
    before = whole(home)
    with pytest.raises(FrontierError) as failed:
        intake.refresh(client=patient(server.url, **limits))
    assert {**api.PASSING, **api.FINAL}[how] in str(failed.value)
    assert "\n" not in str(failed.value) and server.url in str(failed.value)
    assert whole(home) == before
    assert not snapshots.kept()


@pytest.mark.parametrize("how", [h for h in api.PASSING if h not in SLOW])
def test_a_failure_that_passes_is_waited_for(server, client, how):
    server.fail(how, "benchmarks/history", times=2)
    report = intake.refresh(client=client)
    assert report.rows == len(server.rows)
    waited = sorted(client.slept)[-2:]
    assert waited == ([3.0, 4.0] if how == "busy" else [2.0, 4.0])


def test_nothing_of_a_failed_answer_is_kept_in_the_cache(server, client):
    server.fail("half", "benchmarks", times=5)
    with pytest.raises(FrontierError):
        intake.refresh(client=client)
    assert intake.refresh(client=patient(server.url)).rows == len(server.rows)


def test_an_answer_that_is_damaged_in_the_cache_is_asked_for_anew(server, client):
    intake.refresh(client=client)
    kept = sorted(intake.cache().iterdir())
    assert len(kept) == 5
    for damage, file in zip((b"", b"{}", b"\x1f\x8b\x08"), kept, strict=False):
        file.write_bytes(damage)
    kept[3].write_bytes(kept[3].read_bytes()[:-5])
    told = []
    intake.refresh(client=patient(server.url), tell=told.append)
    assert [line.endswith("(cached)") for line in told].count(True) <= 1
    assert sum("If-None-Match" in headers for _, _, headers in server.asked[5:]) == 1


def test_a_server_that_is_not_there_is_one_line(home):
    with pytest.raises(FrontierError, match=r"Connection refused.*the tables are as they were"):
        intake.refresh(client=patient(CLOSED_HOST))


BAD_ADDRESSES = [
    *(
        "inferencex",
        "ftp://example.org",
        "https:///api",
        "",
        "https://host:99999/",
        "https://[bad/",
    ),
    *("https://host/api?key=secret", "https://user:secret@host:port/", "https://host/#part"),
]


@pytest.mark.parametrize("url", BAD_ADDRESSES)
def test_an_address_that_is_none_is_a_usage_error(home, url):
    with pytest.raises(UsageError, match="is not the address of an API") as failed:
        web.Client(url, cache=intake.cache())
    assert "secret@" not in str(failed.value)


def test_user_and_password_of_an_address_are_sent_and_are_in_no_file(server, home, capsys):
    secret = server.url.replace("http://", "http://someone:pass%3Aword@")
    report = intake.refresh(client=patient(secret))
    sent = base64.b64encode(b"someone:pass:word").decode()
    assert {headers["Authorization"] for _, _, headers in server.asked} == {f"Basic {sent}"}
    for told in ("someone", "pass%3Aword", "pass:word", sent):
        assert told not in str(report)
        for path in home.rglob("*"):
            content = path.read_bytes() if path.is_file() else b""
            content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
            assert told.encode() not in content, path
    server.fail("not_found")
    with pytest.raises(FrontierError) as failed:
        intake.refresh(client=patient(secret))
    assert "pass" not in str(failed.value)


def test_the_command_reports_and_fails_in_one_line(server, home, capsys, monkeypatch):
    monkeypatch.setattr(web.time, "sleep", lambda _: None)
    monkeypatch.setattr(web, "Patience", lambda: web_patience)
    web_patience = web.Client.__init__.__kwdefaults__["patience"]
    assert web_patience.attempts == 5
    server.fail("not_found", "availability", times=1)
    assert cli.main(["data", "refresh", "--url", server.url]) == 1
    out, err = capsys.readouterr()
    assert not out and err.count("\n") == 1 and err.startswith("frontier: http")


# --- fuzz ---------------------------------------------------------------------------------

values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.just("h200"),
    st.sampled_from(["2026-09-01", "NaN", "1e400", "-0", "\x00", "\ud800", "a\tb\n", "t", "∞"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.none(), max_size=1),
)
KEYS = [k for k in api.row() if k != "metrics"]
METRICS = [*api.row()["metrics"], "tput_per_mw"]


@st.composite
def fuzzed(draw):
    """Rows of which some have some values that nobody would expect."""
    rows = [api.row(c) for c in draw(st.lists(st.integers(1, 500), min_size=1, max_size=5))]
    for one in rows:
        if draw(st.booleans()):
            one.update(draw(st.dictionaries(st.sampled_from(KEYS), values, max_size=3)))
        if draw(st.booleans()):
            changed = draw(st.dictionaries(st.sampled_from(METRICS), values, max_size=3))
            one["metrics"].update(changed)
    return rows


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(rows=fuzzed())
@example(rows=[{**api.row(4), "isl": None}])
def test_whatever_a_row_holds_it_is_used_quarantined_repeated_or_refused_in_one_line(rows):
    try:
        flat = inferencex.flat(rows, file="answer")
    except DataError as error:
        assert "answer, row" in str(error) and "\n" not in str(error)
        return
    new, report = intake._judged(intake._Batch().add(flat, "https://example.org", {}))
    assert len(new) + report.repeated + report.agentic == len(rows)
    usable = measurements.typed(new[new["reason"] == ""])
    measurements.validate(usable)
    assert usable["row_id"].is_unique
    text = usable.to_csv(index=False).encode()
    assert b"\x00" not in text


@settings(max_examples=100)
@given(value=st.recursive(values, lambda inner: st.lists(inner, max_size=3), max_leaves=6))
def test_an_answer_of_any_shape_is_rows_or_one_line(value):
    try:
        flat = inferencex.flat(value, file="answer")
    except DataError as error:
        assert "\n" not in str(error)
    else:
        assert value == [] and flat.rows.empty


# --- killed -------------------------------------------------------------------------------

KILLED = """
import os, sys
from broadsheet import folders
from frontier.data import tables
from frontier.sources import intake, web
from frontier.data import snapshots
import inferencex_api as api
at = int(sys.argv[2])
seen = 0
def die(event, arguments):
    global seen
    if event in ("open", "os.rename", "os.mkdir", "os.remove", "shutil.copytree", "os.rmdir"):
        path = str(arguments[0])
        if event != "open" or (arguments[1] and any(c in str(arguments[1]) for c in "wax")):
            if "snapshots" in path or "/data" in path:
                seen += 1
                if seen == at:
                    os.kill(os.getpid(), 9)
client = web.Client(sys.argv[1], cache=intake.cache(), sleep=lambda _: None)
if os.environ.get("NO_EXCHANGE"):
    folders._exchange = lambda one, other: False
sys.addaudithook(die)
intake.refresh(client=client)
print("done", seen)
"""


@pytest.mark.slow
@pytest.mark.parametrize("exchange", [True, False])
def test_a_refresh_killed_at_any_step_leaves_the_old_tables_or_the_new_whole(
    home, server, exchange
):
    pristine = whole(home)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    environment |= {} if exchange else {"NO_EXCHANGE": "1"}

    def refreshed(at):
        command = [sys.executable, "-c", KILLED, server.url, str(at)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)

    refreshed(10**9)  # makes the cache of answers, once
    restore(home, pristine)
    steps = int(refreshed(10**9).stdout.split()[-1])
    new = tables_of(home)
    assert steps > 50
    outcomes = set()
    # The last steps one by one, those of the copy before them in strides.
    for at in sorted({*range(1, steps - 11, 50), *range(steps - 11, steps + 1)}):
        restore(home, pristine)
        assert refreshed(at).returncode == -signal.SIGKILL
        if not (home / "data").is_dir():
            # Only where the system cannot exchange two names; the next command mends it.
            assert not exchange
            outcomes.add("between")
        else:
            outcomes.add("old" if whole(home) == pristine else "new")
            assert whole(home) == pristine or tables_of(home) == new
            tables.verify()
        done = refreshed(10**9)
        assert done.returncode == 0, done.stderr
        assert tables_of(home) == new
        left = sorted(p.name for p in snapshots.folder().iterdir())
        assert not [name for name in left if name.endswith((".making", ".ready"))]
        assert all(whole(old)["data/claims.yaml"] for old in snapshots.kept())
    assert {"old", "new"} <= outcomes


def tables_of(home):
    """Every table; of sidecars all but the addresses, which name the server's port."""
    return {n: b for n, b in whole(home).items() if n.startswith("data/")}


def restore(home, files):
    for name in ("data", "reports", ".frontier/snapshots"):
        shutil.rmtree(home / name, ignore_errors=True)
    for name, content in files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(content)


def test_an_interrupt_while_the_tables_change_places_waits_for_them(client, home, monkeypatch):
    replace = snapshots.folders.replace

    def interrupted(*arguments):
        os.kill(os.getpid(), signal.SIGINT)
        replace(*arguments)

    monkeypatch.setattr(snapshots.folders, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        intake.refresh(client=client)
    assert len(tables.read(LIVE)) == 18
    assert not list(snapshots.folder().glob("*.*ing"))


@pytest.mark.parametrize("where", [(shutil, "copytree"), (tables, "write")])
def test_a_full_disk_is_one_line_and_leaves_the_old_tables(client, home, monkeypatch, where):
    def full(*_arguments, **_options):
        raise OSError(28, os.strerror(28))

    before = whole(home)
    monkeypatch.setattr(*where, full)
    with pytest.raises(FrontierError, match=r"No space left on device.*they are as they were"):
        intake.refresh(client=client)
    monkeypatch.undo()
    assert whole(home) == before


def test_a_snapshot_that_cannot_be_kept_says_that_the_new_tables_are_in_place(
    client, home, monkeypatch
):
    rename = Path.rename

    def failing(path, target):
        if path.name == "old":
            raise OSError(28, os.strerror(28))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(FrontierError, match=r"the new tables are in place, but the old ones were"):
        intake.refresh(client=client)
    monkeypatch.undo()
    monkeypatch.setenv("FRONTIER_HOME", str(home))
    assert len(tables.read(LIVE)) == 18
    snapshots.recover()
    assert len(tables.read(LIVE)) == 18 and len(snapshots.kept()) == 1


def test_a_folder_that_cannot_be_written_is_one_line(home, monkeypatch):
    def refused(*_arguments):
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr(snapshots.folders, "locked", refused)
    with pytest.raises(FrontierError, match=r"the tables cannot be changed here .*Permission den"):
        intake.import_files([Path(__file__).parents[3] / "docs" / "examples" / "own.csv"])


@pytest.mark.slow
def test_two_refreshes_at_once_come_one_after_the_other(home, server):
    code = KILLED.replace("print(", "print(len(__import__('frontier').load_measurements()), ")
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", code, server.url, "1000000000"]
    running = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=60)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert said[0].split()[0] == said[1].split()[0]
    tables.verify()


@pytest.mark.slow
def test_two_imports_at_once_lose_no_row(home):
    examples = Path(__file__).parents[3] / "docs" / "examples"
    said = ["--hardware", "h200", "--gpus", "8", "--framework", "vllm", "--precision", "fp8"]
    commands = [["own.csv"], ["aiperf.json", *said], ["sglang-bench-serving.jsonl", *said[:4]]]
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "frontier.cli", "data", "import", str(examples / name), *more],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name, *more in commands
    ]
    for process in running:
        _, error = process.communicate(timeout=60)
        assert process.returncode == 0, error
    assert len(tables.read("own")) == 4 + 1 + 3


@pytest.mark.slow
def test_imports_of_ones_own_do_not_push_out_the_state_before_the_refresh(client, home):
    before = intake.refresh(client=client).snapshot
    own_csv = Path(__file__).parents[3] / "docs" / "examples" / "own.csv"
    frame = pd.read_csv(own_csv).drop(columns=["throughput_per_mw", "power_edition"])
    for number in range(snapshots.KEPT + 2):
        frame.assign(label=f"run {number}").to_csv(home / "mine.csv", index=False)
        intake.import_files([home / "mine.csv"])
    assert before in snapshots.kept()
    assert len(snapshots.kept()) == snapshots.KEPT + 1


@pytest.mark.slow
def test_only_the_last_snapshots_are_kept(client, server, monkeypatch):
    monkeypatch.setattr(snapshots, "KEPT", 2)
    for speed in (1.3, 1.4, 1.5):
        server.rows += api.sweep(date=f"2026-10-{int(speed * 10)}", speed=speed)
        newest = intake.refresh(client=client).snapshot
        time.sleep(0)
    assert len(snapshots.kept()) == 2 and snapshots.kept()[0] == newest


def test_a_snapshot_that_is_not_there_is_a_usage_error(home):
    with pytest.raises(UsageError, match=r"no snapshot is kept"):
        snapshots.find()
    with pytest.raises(UsageError, match=r"no snapshot yesterday: there are none"):
        snapshots.find("yesterday")
