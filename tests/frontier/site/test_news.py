"""What moved, as records, in words, on the page and in the feed; and which verdicts are near."""

import json
import shutil
import xml.etree.ElementTree as ET
from dataclasses import replace
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
from broadsheet import build, collection, diff
from broadsheet.task import Report
from browser import barriers, chromium, complaints
from frontier import claims, cli
from frontier.claims.rule import Target
from frontier.data import measurements, paths, tables
from frontier.errors import DataError
from frontier.history import moves
from frontier.site import news, pages, verdicts
from frontier.site.news import News
from ledger_rows import decides
from measured import X, Y, pair, sweep, together
from synthetic import markdown

ROOT = Path(__file__).parents[3]
SIGMA = 0.016
ATOM = "{http://www.w3.org/2005/Atom}"
HOSTILE = '<script>alert("1")</script>&\x07$x$'


def record(old, new, *, near=(), difference=None, **changes):
    made = news.record(
        (old, {"rows": len(old), "last": "2026-01-15", "digest": "a" * 64}),
        (new, {"rows": len(new), "last": "2026-02-15", "digest": "b" * 64}),
        refreshed="2026-11-24T06:00:00Z",
        near=near,
        difference=difference,
        sigma=SIGMA,
    )
    return {**made, **changes}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A project with the real data folder and no records."""
    monkeypatch.setenv("FRONTIER_HOME", str(tmp_path))
    ignored = shutil.ignore_patterns("moved")
    shutil.copytree(ROOT / "data", tmp_path / "data", ignore=ignored)
    shutil.copytree(ROOT / "schema", tmp_path / "schema")
    return tmp_path


# Verdicts that are near


def verdict(*compared, verdict="not-reproduced", robust=True, sensitivity=()):
    """A record whose comparisons are (number, outcome), or (number, outcome, other numbers)."""
    told = [
        {"comparison": f"pair {place}", "shape": "1/2", "headline": value, "outcome": outcome}
        | dict.fromkeys(("estimate", "low", "high"), value)
        | (more[0] if more else {})
        for place, (value, outcome, *more) in enumerate(compared, start=1)
    ]
    measured = {"comparisons": told, "sensitivity": list(sensitivity)} if told else None
    tiers = {"stated": None, "measured": measured, "modelled": None}
    return ledger_rows.verdict_row("a", tiers=tiers, verdict=verdict, now={"robust": robust})


def near(row, form="at-least", **target):
    return [one["why"] for one in news.near([row], {"a": Target(form, 10.0, **target)})]


@pytest.mark.parametrize(
    ("value", "close"), [(10 / 1.11, False), (10 / 1.09, True), (10 * 1.09, True), (11.2, False)]
)
def test_near_is_within_a_tenth_of_what_decides(value, close):
    assert bool(near(verdict((value, "misses")))) == close


@pytest.mark.parametrize("end", ["estimate", "low", "high"])
def test_either_curve_and_either_end_of_the_interval_can_be_near(end):
    assert len(near(verdict((5.0, "misses", {end: 9.9})))) == 1


def test_the_tolerance_of_a_claim_is_in_what_decides():
    assert near(verdict((9.0, "misses")), tolerance=1.25) == []
    assert near(verdict((7.9, "misses")), tolerance=1.25)


def test_a_verdict_under_conditions_is_turned_only_by_a_comparison_that_stands_alone():
    conditional = {"verdict": "reproduced-conditionally"}
    two = [(9.9, "misses"), (9.8, "misses")]
    assert near(verdict(*two, (30, "meets"), (30, "meets"), **conditional)) == []
    low = {"low": 10.1, "high": 10.3}
    (why,) = near(verdict(*two, (10.2, "meets", low), **conditional))
    assert why == "the low end of the interval of pair 3 is 10.1, 1 % above the 10 that decides"
    assert near(verdict((9.9, "misses"), (30, "meets"), (31, "meets"), **conditional))


def test_a_claim_of_up_to_is_turned_only_where_one_comparison_alone_meets_it():
    reproduced = {"verdict": "reproduced"}
    assert near(verdict((10.1, "meets"), (10.2, "meets"), **reproduced), "up-to") == []
    assert near(verdict((10.1, "meets"), (5.0, "misses"), **reproduced), "up-to")
    assert near(verdict((10.1, "meets"), (10.2, "meets"), **reproduced))  # all have to meet it


@pytest.mark.parametrize(
    "row",
    [
        verdict(verdict="modelled-only"),
        verdict((None, "untested"), (5.0, "misses")),
        # What else decides with the comparisons, such as a result at a limit, is not told by them.
        verdict((9.9, "misses"), verdict="reproduced-conditionally"),
        {**verdict((9.9, "misses")), "id": "of no ledger"},
        ledger_rows.ledger_row("a"),
    ],
)
def test_what_the_comparisons_do_not_turn_is_not_near(row):
    assert near(row) == []


def variation(name, factor=1.0, same=True, headline=30.0):
    return {"variation": name, "headline": headline, "factor": factor, "same": same}


def test_the_one_variation_against_robust_is_named_and_two_are_not():
    def told(*sensitivity, robust=False):
        return near(verdict((30.0, "meets"), verdict="reproduced", robust=robust,
                            sensitivity=sensitivity))  # fmt: skip

    kept, flipped = variation("with"), variation("without x", same=False)
    thin = variation("alone", None, False, None)
    assert told(kept, flipped, thin) == ["one variation of 2 keeps it from being robust: without x"]
    assert told(kept, variation("without y", 1.3))[0].endswith("without y")
    assert told(kept, flipped, variation("without y", 0.7)) == []
    assert told(kept, flipped, robust=True) == []


def test_the_verdicts_of_the_ledger_can_be_asked_whether_they_are_near():
    rows = measurements.load_measurements()
    claim = claims.claim("hardware-2x-3x")
    row = claims.decide(claim, rows).row()
    found = news.near([row], {claim.id: claim.test.target})
    assert all(one["claim"] == claim.id and one["why"] for one in found)


# In words


def compared(old, new):
    """How the one frontier moved that two states have."""
    (move,) = moves.compare(old, new, sigma=SIGMA, replicates=200)
    return move


def tilted(low, high):
    """How the frontier moved whose lower and upper half of interactivity are other ones."""
    factor = np.where(np.arange(len(X)) < len(X) // 2, low, high)
    move = compared(sweep(), sweep(y=Y * factor, tp=4))
    return move, news.told(move), News({"frontiers": [move]}).rows[0]["extremes"]


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
    move = {**compared(sweep(), new), "kind": "extended"}
    assert news.told(move).startswith(f"reaches further: up to 500 tok/s/user, before {X[-1]:g}")
    assert f"; ratio of tok/s/GPU least 0.9x at {move['least_at']:.3g} tok" in news.told(move)
    level = compared(sweep(), together(sweep(), sweep([500], [100], tp=4)))
    assert "ratio" not in news.told(level)
    assert News({"frontiers": [level]}).rows[0]["extremes"] == ["–"]


def test_no_word_of_a_record_says_because():
    text = json.dumps(record(sweep(), together(pair(2), sweep([500], [9]))))
    assert "because" not in text and "due to" not in text


# Verdicts that changed

ROW = {
    "verdict": "reproduced", "firm": True, "condition": "over the plain node: 3 of 8",
    "claimed": {"value": 40}, "found": {"value": 42.0, "low": 39.6, "high": 44.7},
}  # fmt: skip


def told_of(folder, **changes):
    """What a record says of claims that were `ROW` and have these changes, by claim."""
    for site, some in (("old", {}), ("new", changes)):
        (folder / site).mkdir()
        rows = [{"id": name, **ROW, **some.get(name, {})} for name in changes]
        (folder / site / "verdicts.json").write_text(json.dumps({"claims": rows}))
    different = verdicts.compare(folder / "old", folder / "new")
    made = record(sweep(), sweep(), difference=diff.Difference(different, (), ()))
    return made, [one["claim"] for one in made["verdicts"]["changed"]]


def found(**values):
    return {"found": {**ROW["found"], **values}}


@pytest.mark.parametrize(
    "change", [found(low=39.0), found(high=44.9), found(value=42.5, low=40.1), found(value=42.5)]
)
def test_what_is_within_noise_is_no_change_and_is_counted(tmp_path, change):
    made, named = told_of(tmp_path, a=change, b={})
    assert (named, made["verdicts"]["slight"]) == ([], 1)
    assert News(made).summary.endswith("no verdict changed, 1 claim within noise alone.")


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": "not-reproduced"},
        {"firm": False},
        {"claimed": {"value": 41}},
        {"condition": None},
        {"condition": "over the plain node: 4 of 8"},
        found(value=45.0, high=46.0),  # beyond the old range
        found(value=39.8),  # inside, but more than noise
        found(low=30.0),
        found(value=None),
        found(value=42.1, low=None),
        {**found(value=42.1), "firm": False},
    ],
)
def test_what_is_more_than_noise_is_a_change(tmp_path, change):
    made, named = told_of(tmp_path, a=change)
    assert (named, made["verdicts"]["slight"]) == (["a"], 0)


def test_a_value_without_a_range_has_no_noise(tmp_path, monkeypatch):
    monkeypatch.setitem(ROW, "found", {"value": 42.0, "low": None, "high": None})
    _, named = told_of(tmp_path, a=found(value=42.1))
    assert named == ["a"]


def test_other_verdicts_are_told_first_and_then_what_is_beyond_the_old_range(tmp_path):
    made, named = told_of(
        tmp_path,
        a={"firm": False},
        b=found(low=30.0),
        c=found(value=50.0),
        d={"verdict": "not-reproduced"},
        e=found(low=39.5),
    )
    assert named == ["d", "c", "a", "b"]
    told = [one["moves"] for one in made["verdicts"]["changed"]]
    assert told[1] == ["found: 42 → 50 (+19 %), beyond the old range"]
    assert told[2] == ["robust: yes → no"]
    assert News(made).summary.endswith(
        "; 1 verdict changed, 3 claims in numbers alone, 1 claim within noise alone."
    )


# Records


def test_without_records_there_are_none(home):
    assert news.records() == []


def test_a_record_is_read_as_it_was_kept(home):
    made = record(sweep(), pair(2))
    assert news.keep(made).name == "2026-11-24.json"
    assert news.records() == [made]


def test_a_second_refresh_on_a_day_does_not_lose_the_first(home):
    first = record(sweep(), pair(2))
    later = {"refreshed": "2026-11-24T18:00:00Z"}
    second = record(pair(2), pair(3), **later)
    assert news.keep(first) != news.keep(second)
    assert news.records() == [second, first]
    assert news.keep(second).name == "2026-11-24-2.json"  # the same refresh again
    assert news.records() == [second, first]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"schema": 2}, "schema: 1 was expected"),
        ({"refreshed": "yesterday"}, "refreshed: 'yesterday' does not match"),
        ({"refreshed": "2026-13-01T00:00:00Z"}, "refreshed: '2026-13-01T00:00:00Z' does not match"),
        ({"frontiers": {}}, "frontiers: {} is not of type 'array'"),
        ({"frontiers": [{}]}, "frontiers.0: "),
        ({"verdicts": {}}, "verdicts: "),
        (
            {"verdicts": {"compared": True, "changed": [{"claim": "a"}], "near": [], "rule": ""}},
            "verdicts.changed.0: 'verdict' is a required property",
        ),
        ({"before": {"digest": 1, "rows": 1, "last": ""}}, "before.digest: 1 is not of type"),
    ],
)
def test_a_damaged_record_is_one_line_that_names_it(home, change, problem):
    file = news.keep(record(sweep(), pair(2)))
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    with pytest.raises(DataError) as error:
        news.records()
    assert str(error.value).startswith(f"{file}: {problem}")
    assert "restore it" in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["", "{", '{"a": NaN}', "[]", "\x00", "[" * 100_000])
def test_what_is_no_record_at_all_is_refused_in_a_line(home, text):
    news.folder().mkdir()
    (news.folder() / "2026-01-01.json").write_text(text)
    with pytest.raises(DataError, match=r"2026-01-01\.json"):
        news.records()


@pytest.mark.parametrize("value", ["-1", "0", '"2"', "1e999", "null"])
def test_a_ratio_that_is_none_is_refused(home, value):
    file = news.keep(record(sweep(), sweep(y=2 * Y, tp=4)))
    text = file.read_text().replace('"largest": 2.0', f'"largest": {value}')
    assert value in text
    file.write_text(text)
    with pytest.raises(DataError, match=r"frontiers\.0\.largest: "):
        news.records()


def test_the_id_of_a_refresh_does_not_hang_on_what_was_found():
    made = record(sweep(), pair(2))
    assert news.identity(made) == news.identity({**made, "frontiers": []})
    assert news.identity(made) != news.identity({**made, "refreshed": "2026-11-25T06:00:00Z"})


def test_the_sentence_counts_what_moved():
    two = together(pair(2), sweep([500], [9]))
    assert News(record(sweep(), two)).summary == (
        "Of 2 frontiers compared, 1 reaches further, 1 is new; verdicts were not compared."
    )
    assert News(record(sweep(), sweep())).summary.startswith("Of 1 frontier compared, none moved")


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
        assert news.snapshot(said) == place
    assert news.snapshot(str(home)) == home  # any folder of that form


def test_the_newest_snapshot_is_the_previous_state(home):
    kept = home / ".frontier" / "snapshots"
    for name in ("20261101T000000Z", "20261124T060000Z", "notes", "20261130T000000Z.part"):
        (kept / name / "data").mkdir(parents=True)
    assert news.snapshot().name == "20261124T060000Z"
    # One of which the public rows are those of now was kept for another reason.
    shutil.rmtree(kept / "20261124T060000Z" / "data")
    shutil.copytree(home / "data", kept / "20261124T060000Z" / "data")
    assert news.snapshot().name == "20261101T000000Z"
    shutil.rmtree(kept / "20261101T000000Z")
    assert news.snapshot().name == "20261124T060000Z"


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
    assert news.records() == []
    assert not (project.site / "moved.html").exists()


def test_reports_of_other_tables_are_refused(project, capsys):
    refresh(doubled)
    assert cli.main(["moved"]) == 2
    assert "run 'frontier build' first" in capsys.readouterr().err
    assert news.records() == []


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
    (kept,) = news.records()
    assert out == kept and kept["refreshed"] == "2026-11-24T06:00:00Z"
    moves = kept["frontiers"]
    assert {(m["hardware"], m["precision"]) for m in moves} == {("b300", "fp4")}
    assert {m["ratio"] for m in moves} == {2.0} and {m["kind"] for m in moves} == {"rose"}
    assert kept["verdicts"]["changed"][0]["moves"] == [
        "found: 9 → 18 (+100 %), beyond the old range"
    ]
    assert kept["numbers"][0]["file"] == "data/01.csv"
    # A number that moved is no verdict that changed.
    assert News(kept).summary.endswith("; no verdict changed, 1 claim in numbers alone.")
    changed = {**kept["verdicts"]["changed"][0], "verdict": True}
    told = News({**kept, "verdicts": {**kept["verdicts"], "changed": [changed]}}).summary
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
    shutil.rmtree(news.folder())
    assert cli.main(["build"]) == 0
    assert not list(site.rglob("*moved*")) and "moved.html" not in (site / "index.html").read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("step", "kept"), [((Path, "replace"), 0), ((build, "index"), 1)], ids=["record", "page"]
)
def test_what_was_killed_in_between_is_there_whole_or_not_at_all(project, step, kept):
    refresh(doubled)
    project.write(18.0)

    def killed(*_):
        raise SystemExit(137)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(*step, killed)
        news.since()
    assert len(news.records()) == kept
    assert len(list(news.folder().glob("*.part"))) == 1 - kept
    # The next build makes the page of what is kept; the same refresh again has no second record.
    assert cli.main(["build"]) == 0
    assert (project.site / "moved.html").is_file() == bool(kept)
    assert cli.main(["moved"]) == 0
    assert len(news.records()) == 1 and len(list(news.folder().glob("*.json"))) == 1
    assert (project.site / "moved.html").is_file()


@pytest.mark.slow
def test_a_published_feed_has_addresses_and_one_in_a_folder_has_none(project):
    refresh(doubled)
    project.write(18.0)
    assert cli.main(["moved"]) == 0
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
    close = [{"claim": "mtp", "why": HOSTILE}]
    made = record(old, new, near=close, difference=difference)
    news.keep(made)
    news.keep({**made, "refreshed": "2026-11-20T06:00:00Z"})
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


def atom(*told, text="S", **options):
    verdicts = {"changed": [], "near": [{"claim": text, "why": text}] * bool(text)}
    news = [
        SimpleNamespace(
            id="urn:uuid:1", day="2026-11-24", summary=one, anchor="at", headlines=[one],
            record={"refreshed": "2026-11-24T06:00:00Z", "verdicts": verdicts},
        )
        for one in told
    ]  # fmt: skip
    site = replace(collection.read(paths.notebooks()), title="T & <T>", subtitle=text)
    return ET.fromstring(pages.moved_feed(site, news, **options))


def test_a_feed_has_what_the_standard_demands():
    for root in (atom(), atom("s"), atom("s", url="https://example.org/a b")):
        for parent in (root, *root.iter(f"{ATOM}entry")):
            for name in ("id", "title", "updated"):
                assert len(parent.findall(f"{ATOM}{name}")) == 1
        assert root.find(f"{ATOM}author/{ATOM}name").text == "T & <T>"
        for updated in root.iter(f"{ATOM}updated"):
            datetime.fromisoformat(updated.text)
        # An entry has its text, so that it needs no link.
        assert len(list(root.iter(f"{ATOM}content"))) == len(list(root.iter(f"{ATOM}entry")))
    assert all(" " not in link.get("href") for link in root.iter(f"{ATOM}link"))


@settings(deadline=None, max_examples=50)
@given(st.text())
def test_any_text_leaves_a_feed_that_parses(text):
    root = atom(text, text=text)
    assert root.find(f"{ATOM}entry/{ATOM}title") is not None
    content = root.find(f"{ATOM}entry/{ATOM}content").text
    assert BeautifulSoup(content, "html.parser").find("li") is not None


def test_the_rows_of_a_state_are_known_by_the_digests_of_their_tables(home):
    rows = measurements.load_measurements()
    state = news.state(home / "data", rows)
    assert state["rows"] == len(rows) and state["last"] == f"{rows['date'].max():%Y-%m-%d}"
    refresh(doubled)
    assert news.state(home / "data", rows)["digest"] != state["digest"]
    place = Path("20261124T060000Z")
    assert news.moment(place, state) == "2026-11-24T06:00:00Z"
    assert news.moment(Path("old"), state) == f"{state['accessed']}T00:00:00Z"
