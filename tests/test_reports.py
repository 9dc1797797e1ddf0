"""The real collection, built: what it says, that it says it again, and that it can be read."""

import json
import math
import re
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from browser import barriers, chromium, complaints
from frontier import claims, cli, words

ROOT = Path(__file__).parents[1]
COMMITTED = ROOT / "reports"
UNCOMMITTED = {"status.html"}


def build(folder, *options):
    """Build the collection, with a run of every report whatever is in the store."""
    assert cli.main(["build", "--out", str(folder), "--workers", "2", "--force", *options]) == 0
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return build(tmp_path_factory.mktemp("first") / "site")


def files(folder):
    found = {str(p.relative_to(folder)): p for p in sorted(folder.rglob("*")) if p.is_file()}
    return {name: path for name, path in found.items() if name not in UNCOMMITTED}


def records(folder):
    return {row["id"]: row for row in json.loads((folder / "verdicts.json").read_text())["claims"]}


def pages(folder):
    return sorted(folder.glob("*.html"))


def soup(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def differences(left, right, at=""):
    """Every place where two parsed JSON values differ, numbers by more than 1e-6 of their size."""
    if isinstance(left, dict) and isinstance(right, dict):
        if left.keys() != right.keys():
            return [f"{at}: {sorted(left.keys() ^ right.keys())}"]
        return [d for key in left for d in differences(left[key], right[key], f"{at}/{key}")]
    if isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            return [f"{at}: {len(left)} against {len(right)}"]
        pairs = enumerate(zip(left, right, strict=True))
        return [d for i, pair in pairs for d in differences(*pair, f"{at}/{i}")]
    if isinstance(left, float) or isinstance(right, float):
        close = None not in (left, right) and math.isclose(left, right, rel_tol=1e-6, abs_tol=1e-9)
        return [] if close or left == right else [f"{at}: {left} against {right}"]
    return [] if left == right else [f"{at}: {left} against {right}"]


def test_a_second_build_with_cold_kernels_gives_the_same_bytes(site, tmp_path):
    again = files(build(tmp_path / "again", "--cold"))
    first = files(site)
    assert list(again) == list(first)
    assert [n for n in first if first[n].read_bytes() != again[n].read_bytes()] == []


def test_the_committed_reports_are_what_a_fresh_build_gives(site):
    assert list(files(COMMITTED)) == list(files(site))
    assert differences(records(COMMITTED), records(site)) == []


def test_differences_sees_a_verdict_and_a_number_but_not_the_last_digit():
    row = {"verdict": "reproduced", "found": {"value": 39.5, "low": None}}
    assert differences(row, {**row, "verdict": "not-reproduced"}) != []
    assert differences(row, {**row, "found": {"value": 39.6, "low": None}}) != []
    assert differences(row, {**row, "found": {"value": 39.5, "low": 1.0}}) != []
    assert differences(row, {**row, "found": {"value": 39.5 * (1 + 1e-8), "low": None}}) == []


def test_every_claim_of_the_ledger_has_a_verdict_and_those_with_a_test_are_decided(site):
    found = records(site)
    assert list(found) == [claim.id for claim in claims.ledger()]
    undecided = {i for i, row in found.items() if row["verdict"] == claims.UNEXAMINED}
    assert undecided == {claim.id for claim in claims.ledger() if claim.test is None}


def test_a_page_states_the_numbers_of_verdicts_json(site):
    for row in records(site).values():
        if row["page"] is None or row["verdict"] == claims.UNEXAMINED:
            continue
        page = soup(site / row["page"])
        card = page.find(id=row["id"]).get_text(" ")
        assert row["condition"] in card
        claimed, found = row["claimed"], row["found"]
        named = claimed["value"] is not None
        assert (words.quantity(claimed["value"], claimed["unit"]) if named else "no number") in card
        answer = page.find("ul", class_="answers").get_text(" ")
        if found["value"] is not None:
            assert words.quantity(found["value"], found["unit"]) in card
            assert words.span(found["low"], found["high"], found["unit"]) in card
            assert words.plain(found["value"], found["unit"]) in answer


def test_no_claim_of_the_ledger_is_left_unexamined(site):
    assert [i for i, row in records(site).items() if row["verdict"] == claims.UNEXAMINED] == []


def table(site, name):
    return pd.read_csv(site / "data" / f"{name}.csv")


def test_what_the_readme_says_of_the_share_of_software_is_what_was_found(site):
    region = table(site, "05-region")
    software = region["choice"] == "FP4 and the NVLink domain are software"
    hardware = region["choice"] == "FP4 and the NVLink domain are hardware"
    assert region.loc[software, "met"].all()
    assert not region.loc[hardware & (region["meaning"] != "final throughput"), "met"].any()


def test_what_the_readme_says_of_data_parallelism_is_what_was_found(site):
    found = table(site, "06-map")
    found = found[(found["tier"] == "measured") & found["lever"].str.startswith("attention DP")]
    assert (found.loc[found["high"] <= 75, "gain"] >= 1).all()
    assert (found.loc[found["low"] >= 75, "gain"] < 1).all()


def test_pages_open_from_a_folder_without_a_request_or_a_complaint(site):
    with chromium() as browser:
        for width in (1280, 360):
            found = {p.name: complaints(browser, p, width=width) for p in pages(site)}
            assert {name: c for name, c in found.items() if c} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_on_a_page_keeps_anybody_from_reading_it(site, scheme):
    with chromium() as browser:
        found = {p.name: barriers(browser, p, scheme=scheme) for p in pages(site)}
    assert {name: b for name, b in found.items() if b} == {}


def test_every_link_inside_the_site_leads_somewhere(site):
    broken = []
    for path in pages(site):
        page = soup(path)
        ids = {tag["id"] for tag in page.find_all(id=True)}
        for link in page.find_all("a", href=True):
            target, _, anchor = link["href"].partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            there = path if not target else site / target
            if not there.is_file() or (
                anchor
                and anchor
                not in (ids if there == path else {t["id"] for t in soup(there).find_all(id=True)})
            ):
                broken.append((path.name, link["href"]))
    assert broken == []


def test_every_page_can_be_read_without_seeing_it(site):
    for path in pages(site):
        page = soup(path)
        assert page.html["lang"] == "en"
        assert len(page.find_all("h1")) == 1
        assert [svg for svg in page.find_all("svg") if len(svg.get("aria-label", "")) < 20] == []
        assert [img for img in page.find_all("img") if not img.get("alt")] == []
        ids = [tag["id"] for tag in page.find_all(id=True)]
        assert len(ids) == len(set(ids))


def test_every_figure_has_its_caption_its_source_and_its_data(site):
    for path in pages(site):
        for figure in soup(path).find_all("figure", class_="exhibit"):
            assert figure.figcaption.p.get_text().strip(), figure["id"]
            assert figure.find(class_="source").get_text().startswith("Source: "), figure["id"]
            assert (site / "data" / f"{figure['id']}.csv").is_file()


def test_nothing_committed_names_a_place_on_this_machine(site):
    for name, path in files(site).items():
        text = path.read_text(encoding="utf-8")
        assert str(ROOT) not in text, name
        assert str(Path.home()) not in text, name
