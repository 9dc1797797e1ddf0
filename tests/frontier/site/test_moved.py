"""What moved between two states of the rows, on pairs of states whose answer is known."""

import json
import math
import shutil
import xml.etree.ElementTree as ET
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st

import ledger_rows
import synthetic
from broadsheet import diff
from broadsheet.task import Report
from browser import barriers, chromium, complaints
from frontier import claims, cli, curves
from frontier.data import measurements, tables
from frontier.errors import DataError
from frontier.site import feed, moved, refreshes
from ledger_rows import decides
from measured import X, Y, pair, sweep, together
from synthetic import markdown

ROOT = Path(__file__).parents[3]
SIGMA = 0.016
ATOM = "{http://www.w3.org/2005/Atom}"
HOSTILE = '<script>alert("1")</script>&\x07$x$'


def compare(old, new, **options):
    return moved.compare(old, new, sigma=SIGMA, replicates=200, **options)


def only(moves):
    (move,) = moves
    return move


def record(old, new, **changes):
    made = refreshes.record(
        (old, {"rows": len(old), "last": "2026-01-15", "digest": "a" * 64}),
        (new, {"rows": len(new), "last": "2026-02-15", "digest": "b" * 64}),
        refreshed="2026-11-24T06:00:00Z",
        near=[],
        sigma=SIGMA,
    )
    return {**made, **changes}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A project with the real data folder and no records."""
    monkeypatch.setenv("FRONTIER_HOME", str(tmp_path))
    ignored = shutil.ignore_patterns("moved")
    shutil.copytree(ROOT / "data", tmp_path / "data", ignore=ignored)
    return tmp_path


# Nothing moved


def test_equal_states_have_no_move():
    assert compare(pair(3), pair(3)) == []


def test_the_order_and_the_numbers_of_rows_are_no_move():
    rows = pair(3)
    shuffled = rows.sample(frac=1, random_state=1).assign(row_id="other", source="inferencex_posts")
    assert compare(rows, shuffled) == []


def test_a_point_below_the_frontier_is_no_move():
    assert compare(sweep(), together(sweep(), sweep(X[2:3], Y[2:3] / 2, tp=4))) == []


def test_states_without_rows_have_no_move():
    empty = sweep().iloc[:0]
    assert compare(empty, empty) == []


# Known answers


def test_a_doubled_frontier_rose_by_two_everywhere():
    move = only(compare(sweep(), sweep(y=2 * Y, framework="sglang")))
    assert move["kind"] == "rose"
    assert move["ratio"] == move["largest"] == move["least"] == 2
    assert move["low"] < 2 < move["high"] and move["high"] / move["low"] < 1.2
    assert (move["from"], move["to"]) == (X[0], X[-1])
    assert (move["moved_from"], move["moved_to"]) == (X[0], X[-1])
    assert "a new framework: sglang" in move["coincides"]


def test_a_frontier_that_only_reaches_further_did_not_rise():
    move = only(compare(sweep(), together(sweep(), sweep([500], [100], tp=4))))
    assert (move["kind"], move["ratio"]) == ("extended", 1)
    assert move["moved_from"] is None
    assert move["reach"] == f"up to 500 tok/s/user, before {X[-1]:g}"
    assert move["coincides"] == ["1 new configuration, such as trt 8 GPUs tp 4"]


def test_a_frontier_extended_to_the_left_says_from_where():
    move = only(compare(sweep(), together(sweep(), sweep([5], [3 * Y[0]], tp=4))))
    assert (move["kind"], move["reach"]) == ("extended", "from 5 tok/s/user, before 10")


def test_a_removed_configuration_leaves_a_shorter_frontier():
    old = together(sweep(), sweep([500], [100], tp=4))
    move = only(compare(old, sweep()))
    assert (move["kind"], move["ratio"]) == ("shortened", 1)
    assert move["coincides"] == ["1 row that carried it before is gone"]


def test_a_row_corrected_downward_is_named_as_a_correction():
    y = Y.copy()
    y[4] *= 0.75
    old, new = sweep(), sweep()
    new.loc[4, ["throughput_per_gpu", "output_throughput_per_gpu"]] *= 0.75
    move = only(compare(old, new))
    assert move["kind"] == "fell"
    # The step of the point before holds on a ninth of the range; it is Y[5] / Y[4] = 0.71 of it.
    expected = 0.75 ** (math.log(X[4] / X[3]) / math.log(X[-1] / X[0]))
    assert move["ratio"] == pytest.approx(expected, rel=1e-5)
    assert (move["least"], move["moved_to"]) == (0.75, pytest.approx(X[4], rel=1e-5))
    assert move["coincides"][0].startswith("a correction of 1 run known before")
    assert "2,500 before, 1,880 tok/s/GPU now" in move["coincides"][0]


def test_a_first_point_is_a_new_frontier_and_thin():
    move = only(compare(sweep(), together(sweep(), sweep([40], [900], hardware="gb300"))))
    assert (move["kind"], move["hardware"], move["ratio"]) == ("new", "gb300", None)
    assert "1 point on the frontier after" in move["thin"]
    assert move["coincides"] == ["first rows, source: inferencex_captures"]


def test_a_frontier_without_rows_now_is_gone():
    assert only(compare(pair(3), sweep()))["kind"] == "gone"


def test_frontiers_that_share_no_interactivity_have_no_ratio():
    move = only(compare(sweep([10, 20], [100, 50]), sweep([40, 80], [30, 20])))
    assert (move["kind"], move["ratio"]) == ("elsewhere", None)


def test_a_frontier_of_one_shared_point_has_a_ratio_and_says_that_it_is_thin():
    move = only(compare(sweep([40], [100]), sweep([40], [200], tp=4)))
    assert (move["kind"], move["ratio"], move["low"]) == ("rose", 2, None)
    assert "one interactivity is shared" in move["thin"]


def test_a_change_within_run_noise_is_no_rise():
    move = only(compare(sweep(), sweep(y=1.01 * Y, date="2026-02-01")))
    assert move["kind"] == "noise"


def test_undated_rows_are_said_to_be():
    old, new = (sweep(y=y).assign(date=np.datetime64("NaT")) for y in (Y, 2 * Y))
    move = only(compare(old, new))
    assert "no row is dated" in move["thin"]


def tilted(low, high):
    """How the frontier moved whose lower and upper half of interactivity are other ones."""
    factor = np.where(np.arange(len(X)) < len(X) // 2, low, high)
    move = only(compare(sweep(), sweep(y=Y * factor, tp=4)))
    return move, moved.told(move), refreshes.rows({"frontiers": [move]})[0]["extremes"]


def test_what_fell_is_told_of_a_frontier_that_rose_and_the_other_way_round():
    move, told, row = tilted(1 / 1.1, 1.3)
    assert move["kind"] == "rose" and move["least"] == pytest.approx(1 / 1.1, rel=1e-5)
    assert f"largest 1.3x at {move['largest_at']:.3g} tok/s/user" in told
    assert f", least 0.909x at {move['least_at']:.3g} tok/s/user" in told
    assert [text.partition(" at ")[0] for text in row] == ["largest 1.3x", "least 0.909x"]
    move, told, row = tilted(1 / 1.3, 1.1)
    assert move["kind"] == "fell"
    assert f"least 0.769x at {move['least_at']:.3g} tok/s/user, largest 1.1x at" in told
    assert [text.partition(" at ")[0] for text in row] == ["least 0.769x", "largest 1.1x"]


def test_an_extreme_within_what_is_off_is_not_told_beside_the_other():
    for low, text in ((1 / 1.04, "largest 1.3x"), (1, "largest 1.3x")):
        move, told, row = tilted(low, 1.3)
        assert move["kind"] == "rose" and "least" not in told
        assert len(row) == 1 and row[0].startswith(text)


def test_what_fell_is_told_of_a_frontier_that_only_reaches_further():
    y = Y.copy()
    y[4] *= 0.9
    new = together(sweep(y=y, tp=4), sweep([500], [100], tp=4))
    move = {**only(compare(sweep(), new)), "kind": "extended"}
    assert moved.told(move).startswith(f"reaches further: up to 500 tok/s/user, before {X[-1]:g}")
    assert f"; ratio of tok/s/GPU least 0.9x at {move['least_at']:.3g} tok" in moved.told(move)
    level = only(compare(sweep(), together(sweep(), sweep([500], [100], tp=4))))
    assert "ratio" not in moved.told(level)
    assert refreshes.rows({"frontiers": [level]})[0]["extremes"] == ["–"]


# What coincides


def test_what_coincides_is_named_from_the_rows_that_decide():
    old = sweep(image="engine:1")
    new = together(old, sweep(X[:3], 2 * Y[:3], image="engine:2", date="2026-02-01"))
    told = only(compare(old, new))["coincides"]
    assert "a new image: engine:2 (before: engine:1)" in told
    # A new engine that decides nothing is not named.
    idle = together(old, sweep(X[:3], Y[:3] / 2, image="engine:3", date="2026-02-01"))
    assert compare(old, idle) == []


def test_a_wider_sweep_and_a_further_run_are_told_apart():
    old = sweep()
    wider = sweep([500], [100])
    assert "a wider sweep: 1 point" in only(compare(old, together(old, wider)))["coincides"][0]
    again = sweep(date="2026-02-01").assign(
        throughput_per_gpu=2 * Y, output_throughput_per_gpu=2 * Y / 2
    )
    assert only(compare(old, together(old, again)))["coincides"] == [
        "further runs of 9 points measured before"
    ]


def test_logged_changes_that_fit_and_were_merged_between_the_runs_are_named():
    old = sweep(framework="sglang")
    new = together(old, sweep(y=2 * Y, framework="sglang", date="2026-02-10"))
    changes = tables.read("changes").iloc[:0]
    day = np.datetime64("2026-02-03")
    fits = {"date": day, "pull_request": 7, "config_key": "dsr1-fp8-h200-sglang"}
    others = [
        {**fits, "pull_request": 8, "config_key": "dsr1-fp8-b200-sglang"},
        {**fits, "pull_request": 9, "date": np.datetime64("2026-01-14")},
        {**fits, "pull_request": 10, "date": np.datetime64("2026-03-01")},
    ]
    blank = dict.fromkeys(changes.columns, "")
    log = type(changes)([{**blank, **one} for one in (fits, *others)])
    told = only(compare(old, new, changes=log))["coincides"]
    assert told[-1] == "merged pull requests of the recipes: 7 (2026-02-03)"


def test_no_word_of_a_record_says_because():
    text = json.dumps(record(sweep(), together(pair(2), sweep([500], [9]))))
    assert "because" not in text and "due to" not in text


# Properties


point = st.tuples(st.integers(5, 500).map(float), st.integers(10, 100_000).map(float))
points = st.lists(point, min_size=1, max_size=8, unique_by=lambda one: one[0])


@settings(max_examples=25)
@given(points, st.floats(1.3, 20))
def test_a_scaled_frontier_has_that_ratio_and_back_is_its_inverse(found, factor):
    x, y = map(np.array, zip(*found, strict=True))
    old, new = sweep(x, y), sweep(x, y * factor, tp=4)
    up, down = only(compare(old, new)), only(compare(new, old))
    assert up["ratio"] == pytest.approx(factor, rel=1e-5)
    assert up["ratio"] * down["ratio"] == pytest.approx(1, rel=1e-4)
    # On a narrow range run noise can move the ends further than the ratio.
    assert up["kind"] in ("rose", "noise") and down["kind"] in ("fell", "noise")


@settings(max_examples=25)
@given(points, points)
def test_more_rows_never_lower_a_frontier(some, more):
    old = sweep(*map(np.array, zip(*some, strict=True)))
    new = together(old, sweep(*map(np.array, zip(*more, strict=True)), tp=4))
    for move in compare(old, new):
        if move["kind"] == "elsewhere":
            assert move["reach"].endswith("above all before")
            continue
        assert move["kind"] in ("rose", "extended", "noise")
        assert move["least"] >= 1 - 1e-9
        slow = curves.geometric_mean(
            curves.Frontier.from_points(new), curves.Frontier.from_points(old)
        )
        assert move["ratio"] == pytest.approx(slow, rel=1e-5)


# Verdicts that are near


def verdict(name="a", **changes):
    comparison = {"comparison": "one", "shape": "1/2", "outcome": changes.pop("outcome", "x")}
    values = [{**comparison, "headline": v, "low": v, "high": v} for v in changes.pop("values")]
    tiers = {"stated": None, "measured": {"comparisons": values}, "modelled": None}
    return ledger_rows.verdict_row(name, tiers=tiers, **changes)


@pytest.mark.parametrize(
    ("value", "near"), [(10 / 1.11, False), (10 / 1.09, True), (10 * 1.09, True), (11.2, False)]
)
def test_near_is_within_a_tenth_of_what_decides(value, near):
    row = verdict(values=[value], verdict="not-reproduced")
    assert bool(moved.near([row], {"a": (10, math.inf)}, {})) == near


def test_a_verdict_under_conditions_is_turned_only_by_a_comparison_that_stands_alone():
    row = verdict(values=[9.9, 9.9, 30], verdict="reproduced-conditionally")
    told = row["tiers"]["measured"]["comparisons"]
    for one, outcome in zip(told, ["not-reproduced", "not-reproduced", "reproduced"], strict=True):
        one["outcome"] = outcome
    assert moved.near([row], {"a": (10, math.inf)}, {}) == []
    told[2] |= {"headline": 10.2, "low": 10.1, "high": 10.3}
    (near,) = moved.near([row], {"a": (10, math.inf)}, {})
    assert (
        near["why"]
        == "the low end of the interval of one, 1/2 is 10.1, 1 % above the 10 that decides"
    )


def test_what_nobody_measured_is_not_near():
    row = verdict(values=[9.9], verdict="modelled-only")
    assert moved.near([row], {"a": (10, math.inf)}, {}) == []


def test_one_check_against_firm_is_named_and_two_are_not():
    row = verdict(values=[30], verdict="reproduced", firm=False)
    checks = [("with", "reproduced"), ("without x", "not-reproduced")]
    (near,) = moved.near([row], {}, {"a": checks})
    assert near["why"] == "one check of 2 keeps it from being firm: without x"
    assert moved.near([row], {}, {"a": [*checks, ("y", "not-reproduced")]}) == []
    assert moved.near([{**row, "firm": True}], {}, {"a": checks[:1]}) == []


def test_the_checks_of_the_reports_are_found_by_claim():
    rows = json.loads((ROOT / "reports" / "verdicts.json").read_text())["claims"]
    found = moved.checks(ROOT / "reports", rows)
    assert set(found) == {
        "reasoning-drop-11x",
        "blackwell-advantage-40x",
        "software-over-hardware",
        "hardware-2x-3x",
        "mtp",
        "parallelism",
        "nvswitch",
    }
    for claim, checks in found.items():
        row = next(row for row in rows if row["id"] == claim)
        assert row["firm"] == all(verdict == row["verdict"] for _, verdict in checks)
    assert set(claims.bounds()) >= set(found)


# Verdicts that changed

ROW = {
    "verdict": "reproduced", "firm": True, "condition": "In 3 of 8: mean 42x (39.6 to 44.7) at "
    "8192/1024, power edition 2025; first reached on 2026-02-05; rows to 2026-06-11.",
    "claimed": {"value": 40}, "found": {"value": 42.0, "low": 39.6, "high": 44.7},
}  # fmt: skip


def told_of(**changes):
    """What a record says of claims that were `ROW` and have these changes, by claim."""

    def site(rows):
        return [{"id": name, **ROW, **change} for name, change in rows.items()]

    claims = diff._claims(site({name: {} for name in changes}), site(changes))
    rows = sweep()
    state = {"rows": 9, "last": "", "digest": "a"}
    made = refreshes.record(
        (rows, state),
        (rows, state),
        refreshed="2026-11-24T06:00:00Z",
        near=[],
        sigma=SIGMA,
        difference=diff.Difference(claims, (), ()),
    )
    return made, [one["claim"] for one in made["verdicts"]["changed"]]


def condition(old, new):
    assert old in ROW["condition"]
    return {"condition": ROW["condition"].replace(old, new)}


def found(**values):
    return {"found": {**ROW["found"], **values}}


@pytest.mark.parametrize(
    "change",
    [
        condition("rows to 2026-06-11", "rows to 2026-11-16"),
        condition("42x (39.6 to 44.7)", "42.5x (40.1 to 44.9)"),
        found(low=39.0),
        found(high=44.9),
        found(value=42.5, low=40.1),
        {**found(value=42.5), **condition("42x", "42.5x")},
    ],
)
def test_a_day_or_what_is_within_noise_is_no_change_and_is_counted(change):
    made, named = told_of(a=change, b={})
    assert (named, made["verdicts"]["slight"]) == ([], 1)
    told = "no verdict changed, 1 claim in dates or within noise alone."
    assert refreshes.summary(made).endswith(told)
    assert "1 claim moved in dates or within noise alone" in refreshes.text(made)


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": "not-reproduced"},
        {"firm": False},
        {"claimed": {"value": 41}},
        {"condition": None},
        condition("3 of 8", "4 of 8"),
        condition("n 2025", "n 2026"),
        condition("first reached on 2026-02-05", "first reached on 2026-02-12"),
        condition("8192/1024", "8192/1025"),
        condition("42x", "46x"),
        condition("39.6", "30.1"),
        condition("rows to 2026-06-11", "rows to 2026-11-16 and undated ones"),
        found(value=45.0, high=46.0),  # beyond the old interval
        found(value=39.8),  # inside, but more than noise
        found(low=30.0),
        found(value=None),
        found(value=42.1, low=None),
        {**found(value=42.1), "firm": False},
    ],
)
def test_what_is_more_than_a_day_or_noise_is_a_change(change):
    made, named = told_of(a=change)
    assert (named, made["verdicts"]["slight"]) == (["a"], 0)


def test_a_value_without_an_interval_has_no_noise():
    claims = diff._claims(
        [{"id": "a", **ROW, **found(low=None, high=None)}],
        [{"id": "a", **ROW, **found(low=None, high=None, value=42.1)}],
    )
    assert claims["a"][0].beyond is None and not refreshes._slight(claims["a"])


def test_other_verdicts_are_told_first_and_then_what_is_beyond_the_old_interval():
    made, named = told_of(
        a={"firm": False},
        b=found(low=30.0),
        c=found(value=50.0),
        d={"verdict": "not-reproduced"},
        e=found(low=39.5),
    )
    assert named == ["d", "c", "a", "b"]
    moves = [one["moves"] for one in made["verdicts"]["changed"]]
    assert moves[1] == ["found: 42 → 50 (+19 %), beyond the old interval"]
    assert refreshes.summary(made).endswith(
        "; 1 verdict changed, 3 claims in numbers alone, 1 claim in dates or within noise alone."
    )


def test_a_record_from_before_slight_changes_were_counted_is_read(home):
    made = record(sweep(), pair(2))
    del made["verdicts"]["slight"]
    refreshes.keep(made)
    assert refreshes.records() == [made] and "noise" not in refreshes.summary(made)


# Records


def test_without_records_there_are_none(home):
    assert refreshes.records() == []


def test_a_record_is_read_as_it_was_kept(home):
    made = record(sweep(), pair(2))
    assert refreshes.keep(made).name == "2026-11-24.json"
    assert refreshes.records() == [made]


def test_a_second_refresh_on_a_day_does_not_lose_the_first(home):
    first = record(sweep(), pair(2))
    later = {"refreshed": "2026-11-24T18:00:00Z"}
    second = record(pair(2), pair(3), **later)
    assert refreshes.keep(first) != refreshes.keep(second)
    assert refreshes.records() == [second, first]
    assert refreshes.keep(second).name == "2026-11-24-2.json"  # the same refresh again
    assert refreshes.records() == [second, first]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"schema": 2}, "has schema 2, expected 1"),
        ({"refreshed": "yesterday"}, "refreshed is 'yesterday', expected YYYY-MM-DDTHH:MM:SSZ"),
        ({"frontiers": {}}, "frontiers is '{}', expected list"),
        ({"frontiers": [{}]}, "frontier 1 lacks model"),
        ({"verdicts": {}}, "verdicts lacks compared"),
        (
            {"verdicts": {"compared": True, "changed": [{"claim": "a"}], "near": [], "rule": ""}},
            "verdicts changed lacks verdict",
        ),
        (
            {
                "verdicts": {
                    "compared": True,
                    "changed": [],
                    "near": [],
                    "rule": "",
                    "slight": "many",
                }
            },
            "verdicts slight is 'many', expected int",
        ),
        ({"before": {"digest": 1}}, "before digest is '1', expected str"),
    ],
)
def test_a_damaged_record_is_one_line_that_names_it(home, change, problem):
    file = refreshes.keep(record(sweep(), pair(2)))
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    with pytest.raises(DataError) as error:
        refreshes.records()
    assert str(error.value).startswith(f"{file}: {problem}; restore it")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["", "{", '{"a": NaN}', "[]", "\x00"])
def test_what_is_no_record_at_all_is_refused_in_a_line(home, text):
    refreshes.folder().mkdir()
    (refreshes.folder() / "2026-01-01.json").write_text(text)
    with pytest.raises(DataError, match=r"2026-01-01\.json"):
        refreshes.records()


def test_a_number_that_is_none_is_refused(home):
    made = record(sweep(), sweep(y=2 * Y, tp=4))
    made["frontiers"][0]["ratio"] = -1
    refreshes.keep(made)
    with pytest.raises(DataError, match="frontier 1 ratio is '-1', expected a number above 0"):
        refreshes.records()


def test_the_id_of_a_refresh_does_not_hang_on_what_was_found():
    made = record(sweep(), pair(2))
    assert refreshes.identity(made) == refreshes.identity({**made, "frontiers": []})
    assert refreshes.identity(made) != refreshes.identity(
        {**made, "refreshed": "2026-11-25T06:00:00Z"}
    )


def test_the_sentence_counts_what_moved():
    two = together(pair(2), sweep([500], [9]))
    assert refreshes.summary(record(sweep(), two)) == (
        "Of 2 frontiers compared, 1 reaches further, 1 is new; verdicts were not compared."
    )
    assert refreshes.summary(record(sweep(), sweep())).startswith(
        "Of 1 frontier compared, none moved"
    )


# The command


def test_without_a_snapshot_the_command_says_so_in_a_line(home, capsys):
    assert cli.main(["moved"]) == 2
    told = capsys.readouterr().err
    assert "no snapshot is kept: 'frontier data refresh'" in told and told.count("\n") == 1


@pytest.mark.parametrize("name", ["20261124T105434Z", "nowhere", "data"])
def test_what_is_no_snapshot_is_refused_with_those_that_there_are(home, capsys, name):
    (home / ".frontier" / "snapshots" / "20261124T060000Z" / "data").mkdir(parents=True)
    assert cli.main(["moved", name]) == 2
    told = capsys.readouterr().err
    assert f"no snapshot {name}: there are 20261124T060000Z in {home}" in told


def test_a_snapshot_is_found_by_its_name_and_by_its_folder(home, monkeypatch):
    place = home / ".frontier" / "snapshots" / "20261101T000000Z"
    for name in (place.name, "20261124T060000Z"):
        (place.with_name(name) / "data").mkdir(parents=True)
    monkeypatch.chdir(home)
    for said in (place.name, str(place), str(place.relative_to(home))):
        assert refreshes.snapshot(said) == place
    assert refreshes.snapshot(str(home)) == home  # any folder of that form


def test_the_newest_snapshot_is_the_previous_state(home):
    kept = home / ".frontier" / "snapshots"
    for name in ("20261101T000000Z", "20261124T060000Z", "notes", "20261130T000000Z.part"):
        (kept / name / "data").mkdir(parents=True)
    assert refreshes.snapshot().name == "20261124T060000Z"
    # One of which the public rows are those of now was kept for another reason.
    shutil.rmtree(kept / "20261124T060000Z" / "data")
    shutil.copytree(home / "data", kept / "20261124T060000Z" / "data")
    assert refreshes.snapshot().name == "20261101T000000Z"
    shutil.rmtree(kept / "20261101T000000Z")
    assert refreshes.snapshot().name == "20261124T060000Z"


@pytest.fixture
def project(home, monkeypatch):
    """A project whose one report is built without a kernel, and a snapshot of its first state."""

    def report(task, made):
        return Report(made, reads=synthetic.reads(task, "data/inferencex_captures.csv.gz"))

    synthetic.instantly(monkeypatch, report)
    row = claims.ledger_rows()[0]
    found = {"value": 9.0, "low": 8.0, "high": 10.0, "unit": "x tok/s/MW", "at": "somewhere"}
    row |= {"found": found, "verdict": "not-reproduced"}

    def write(value):
        told = {**row, "found": {**found, "value": value}}
        files = {"data/01.csv": f"name,ratio\nb,{value}\n"}
        cells = [markdown("# One"), decides(told, files=files)]
        ledger_rows.write(home, {"01_one": (cells, [row["id"]])})
        assert cli.main(["build"]) == 0

    write(9.0)
    snapshot = home / ".frontier" / "snapshots" / "20261124T060000Z"
    shutil.copytree(home / "data", snapshot / "data")
    shutil.copytree(home / "reports", snapshot / "reports")
    return SimpleNamespace(home=home, write=write, site=home / "reports")


def refresh(change):
    """Make the captured rows of B300 in FP4 other ones, and build again."""
    frame, meta = tables.read("inferencex_captures"), tables.meta("inferencex_captures")
    mine = (frame["hardware"] == "b300") & (frame["precision"] == "fp4")
    tables.write("inferencex_captures", change(frame, mine), meta)


def doubled(frame, mine):
    columns = ["throughput_per_gpu", "output_throughput_per_gpu"]
    frame.loc[mine, columns] *= 2
    return frame


def test_equal_tables_leave_no_record(project, capsys):
    assert cli.main(["moved"]) == 0
    assert "those of the snapshot: nothing moved" in capsys.readouterr().err
    assert cli.main(["moved", "--json"]) == 0
    assert capsys.readouterr().out == "null\n"
    assert refreshes.records() == []
    assert not (project.site / "moved.html").exists()


def test_reports_of_other_tables_are_refused(project, capsys):
    refresh(doubled)
    assert cli.main(["moved"]) == 2
    assert "run 'frontier build' first" in capsys.readouterr().err
    assert refreshes.records() == []


@pytest.mark.slow
def test_a_refresh_from_end_to_end(project, capsys):
    before = (project.site / "index.html").read_text()
    assert "moved.html" not in before
    refresh(doubled)
    project.write(18.0)
    capsys.readouterr()
    ran = list((project.home / ".frontier" / "runs").glob("*"))
    assert cli.main(["moved", "--json"]) == 0
    out = json.loads(capsys.readouterr().out)
    (kept,) = refreshes.records()
    assert out == kept and kept["refreshed"] == "2026-11-24T06:00:00Z"
    moves = kept["frontiers"]
    assert {(m["hardware"], m["precision"]) for m in moves} == {("b300", "fp4")}
    assert {m["ratio"] for m in moves} == {2.0} and {m["kind"] for m in moves} == {"rose"}
    assert kept["verdicts"]["changed"][0]["moves"] == [
        "found: 9 → 18 (+100 %), beyond the old interval"
    ]
    assert kept["numbers"][0]["file"] == "data/01.csv"
    # A number that moved is no verdict that changed.
    assert refreshes.summary(kept).endswith("; no verdict changed, 1 claim in numbers alone.")
    changed = {**kept["verdicts"]["changed"][0], "verdict": True}
    told = refreshes.summary({**kept, "verdicts": {**kept["verdicts"], "changed": [changed]}})
    assert told.endswith("; 1 verdict changed.")
    # The site says it, and no notebook ran for it.
    site = project.site
    page = BeautifulSoup((site / "moved.html").read_text(), "html.parser")
    assert "rose" in page.find(class_="summary").get_text()
    assert len(page.find("table", class_="frontiers").find_all("tr")) == len(moves) + 1
    assert 'href="moved.html"' in (site / "index.html").read_text()
    records = [
        json.loads(p.read_text()) for p in (project.home / ".frontier" / "runs").glob("*.json")
    ]
    assert sum(r["kind"] == "index" and r["reports"] == [] for r in records) == 1
    assert len(records) == len(ran) + 1
    # A build after it has nothing to do, and a forced one gives the same bytes.
    assert cli.main(["build"]) == 0
    assert "nothing to do" in capsys.readouterr().err
    first = synthetic.tree(site)
    assert cli.main(["build", "--force", "--out", str(project.home / "again")]) == 0
    assert synthetic.tree(project.home / "again") == first
    # Without its records a site has no trace of them.
    shutil.rmtree(refreshes.folder())
    assert cli.main(["build"]) == 0
    assert not list(site.rglob("*moved*")) and "moved.html" not in (site / "index.html").read_text()


@pytest.mark.slow
def test_a_published_feed_has_addresses_and_one_in_a_folder_has_none(project):
    refresh(doubled)
    project.write(18.0)
    assert cli.main(["moved"]) == 0
    shutil.copytree(ROOT / "schema", project.home / "schema")
    url = "https://example.org/here"
    assert cli.main(["site", "--out", str(project.home / "site"), "--url", url]) == 0
    atom = ET.parse(project.home / "site" / "moved.xml").getroot()
    links = {(link.get("rel"), link.get("href")) for link in atom.iter(f"{ATOM}link")}
    assert ("self", f"{url}/moved.xml") in links
    anchors = [href.partition("#")[2] for _, href in links if "#" in href]
    page = (project.home / "site" / "moved.html").read_text()
    assert anchors and all(f'id="{anchor}"' in page for anchor in anchors)
    plain = ET.parse(project.site / "moved.xml").getroot()
    assert not list(plain.iter(f"{ATOM}link"))
    ids = [[one.text for one in root.iter(f"{ATOM}id")] for root in (atom, plain)]
    assert ids[0] == ids[1]


@pytest.mark.slow
def test_the_page_can_be_read_and_asks_for_nothing(project):
    hostile = sweep(y=2 * Y, framework=HOSTILE, image=HOSTILE, hardware="h200", tp=4, model=HOSTILE)
    old = together(pair(3), sweep(framework="x", model=HOSTILE))
    new = together(pair(6), hostile, sweep([40], [900], hardware="gb300"))
    difference = diff.Difference(
        {"mtp": (diff.Move("verdict", "x", HOSTILE),)},
        (diff.Table("data/x.csv", HOSTILE, (diff.Move("a", "1", "2"),)),),
        (("p", "code", HOSTILE),),
    )
    states = ({"rows": 9, "last": "", "digest": "a"}, {"rows": 9, "last": "", "digest": "b"})
    made = refreshes.record(
        (old, states[0]),
        (new, states[1]),
        refreshed="2026-11-24T06:00:00Z",
        sigma=SIGMA,
        near=[{"claim": "mtp", "why": HOSTILE}],
        difference=difference,
    )
    refreshes.keep(made)
    refreshes.keep({**made, "refreshed": "2026-11-20T06:00:00Z"})
    assert cli.main(["build"]) == 0
    site = project.site
    soup = BeautifulSoup((site / "moved.html").read_text(), "html.parser")
    assert soup.find("script") is None and "alert" in soup.get_text()
    assert soup.find(id="before") is not None
    root = ET.parse(site / "moved.xml").getroot()
    contents = [one.text for one in root.iter(f"{ATOM}content")]
    assert len(contents) == 2
    assert all(BeautifulSoup(text, "html.parser").find("script") is None for text in contents)
    assert json.loads((site / "moved.json").read_text())["refreshes"][0]["frontiers"]
    with chromium() as browser:
        for width in (1280, 390):
            assert complaints(browser, site / "moved.html", width=width) == []
        assert barriers(browser, site / "moved.html") == []
        assert barriers(browser, site / "index.html") == []


# The feed


def atom(entries, **options):
    text = feed.feed(
        entries, title="T & <T>", subtitle="S", author="A", page="p.html", file="f.xml", **options
    )
    return ET.fromstring(text)


def test_a_feed_has_what_the_standard_demands():
    entry = feed.Entry("urn:uuid:1", "2026-11-24T06:00:00Z", "t", "s", "<p>c</p>", "at")
    for root in (atom([]), atom([entry]), atom([entry], url="https://example.org/a b")):
        for parent in (root, *root.iter(f"{ATOM}entry")):
            for name in ("id", "title", "updated"):
                assert len(parent.findall(f"{ATOM}{name}")) == 1
        assert root.find(f"{ATOM}author/{ATOM}name").text == "A"
        for updated in root.iter(f"{ATOM}updated"):
            datetime.fromisoformat(updated.text)
        # An entry has its text, so that it needs no link.
        assert len(list(root.iter(f"{ATOM}content"))) == len(list(root.iter(f"{ATOM}entry")))
    assert all(" " not in link.get("href") for link in root.iter(f"{ATOM}link"))


@given(st.text())
def test_any_text_leaves_a_feed_that_parses(text):
    root = atom([feed.Entry("urn:uuid:1", "2026-11-24T06:00:00Z", text, text, text)])
    assert root.find(f"{ATOM}entry/{ATOM}title") is not None


def test_the_rows_of_a_state_are_known_by_the_digests_of_their_tables(home):
    rows = measurements.load_measurements()
    state = refreshes.state(home / "data", rows)
    assert state["rows"] == len(rows) and state["last"] == f"{rows['date'].max():%Y-%m-%d}"
    refresh(doubled)
    assert refreshes.state(home / "data", rows)["digest"] != state["digest"]
    place = Path("20261124T060000Z")
    assert refreshes.moment(place, state) == "2026-11-24T06:00:00Z"
    assert refreshes.moment(Path("old"), state) == f"{state['accessed']}T00:00:00Z"
