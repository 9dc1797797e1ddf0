"""The real collection, built: what it says, that it says it again, and that it can be read."""

import functools
import json
import math
import re
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from nbconvert import HTMLExporter

from broadsheet import store
from browser import barriers, chromium, complaints
from frontier import claims, cli
from frontier.data import paths, words

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "reports"
UNCOMMITTED = {"status.html"}


def files(folder):
    found = {str(p.relative_to(folder)): p for p in sorted(folder.rglob("*")) if p.is_file()}
    return {name: path for name, path in found.items() if name not in UNCOMMITTED}


def records(folder):
    return {row["id"]: row for row in json.loads((folder / "verdicts.json").read_text())["claims"]}


def pages(folder):
    return sorted(folder.glob("*.html"))


def reports(folder):
    return [
        folder / f"{path.stem}.html"
        for path in sorted((ROOT / "notebooks").glob("*.ipynb"))
        if (folder / f"{path.stem}.html").is_file()
    ]


@functools.cache
def soup(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


@functools.cache
def ids(path):
    return {tag["id"] for tag in soup(path).find_all(id=True)}


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


@pytest.mark.slow
def test_another_build_with_cold_kernels_gives_the_same_bytes(site, tmp_path):
    line = ["build", "--force", "--cold", "--workers", "2", "--time-limit", "3600"]
    assert cli.main([*line, "--out", str(tmp_path / "again")]) == 0
    again, first = files(tmp_path / "again"), files(site)
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
    final = region["meaning"] == "final throughput"
    assert not region.loc[hardware & ~final, "met"].any()
    assert region.loc[hardware & final, "met"].sum() in range(1, (hardware & final).sum())


def test_what_the_readme_says_of_data_parallelism_is_what_was_found(site):
    found = table(site, "06-map")
    found = found[(found["tier"] == "measured") & found["lever"].str.startswith("attention DP")]
    assert (found.loc[found["high"] <= 75, "gain"] >= 1).all()
    above = found[found["low"] >= 75]
    assert (above["gain"] < 1).all()
    assert above["pairs"].max() <= 4


@pytest.mark.parametrize(
    "pattern", ["index.html", "03_*advantage.html", pytest.param("*.html", marks=pytest.mark.slow)]
)
def test_pages_open_from_a_folder_without_a_request_or_a_complaint(site, pattern):
    opened = sorted(site.glob(pattern))
    assert opened
    with chromium() as browser:
        for width in (1280, 360):
            found = {p.name: complaints(browser, p, width=width) for p in opened}
            assert {name: c for name, c in found.items() if c} == {}


@pytest.mark.slow
def test_nothing_on_a_page_keeps_anybody_from_reading_it(site):
    with chromium() as browser:
        found = {p.name: barriers(browser, p) for p in pages(site)}
    assert {name: b for name, b in found.items() if b} == {}


@pytest.mark.parametrize("width", [360, 1280])
def test_without_scripts_the_scorecard_is_whole(site, width):
    with chromium() as browser:
        page = browser.new_page(java_script_enabled=False, viewport={"width": width, "height": 800})
        page.goto((site / "index.html").as_uri())
        assert page.locator("tr[data-verdict]:visible").count() == len(records(site))
        assert not page.locator(".controls").is_visible()


def test_the_scorecard_is_sorted_and_filtered_by_its_script(site):
    found = records(site)
    rows = "tr[data-verdict]:visible"
    with chromium() as browser:
        page = browser.new_page()
        page.goto((site / "index.html").as_uri())
        page.locator("#filter-verdict").select_option("not-reproduced")
        shown = page.locator(rows).evaluate_all("rows => rows.map((row) => row.id)")
        assert shown == [i for i, row in found.items() if row["verdict"] == "not-reproduced"]
        assert page.locator("#shown").inner_text() == f"{len(shown)} of {len(found)} claims"
        page.locator("#filter-verdict").select_option("")
        page.locator("#filter-text").fill("gpt-oss")
        assert 0 < page.locator(rows).count() < len(found)
        page.locator("#filter-text").fill("")
        page.locator("#sort").select_option("verdict")
        ranks = page.locator(rows).evaluate_all("rows => rows.map((row) => row.dataset.rank)")
        assert ranks == sorted(ranks)
        page.locator("#sort").select_option("")
        assert page.locator(rows).evaluate_all("rows => rows.map((row) => row.id)") == list(found)


def press_to(page, where, most=400):
    """Press the tab key until a link is focused whose address meets a condition."""
    for _ in range(most):
        page.keyboard.press("Tab")
        address = page.evaluate("document.activeElement.getAttribute('href') || ''")
        if where(address):
            return address
    raise AssertionError("the keyboard does not get there")


def test_the_keyboard_alone_leads_from_the_scorecard_to_the_source_of_a_row(site):
    asked = []
    with chromium() as browser:
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.route(re.compile("^https:"), lambda route: route.fulfill(body="the run"))
        page.goto((site / "index.html").as_uri())
        press_to(page, lambda href: href.endswith("#claim-blackwell-advantage-40x"))
        page.keyboard.press("Enter")
        page.wait_for_url("**/03_blackwell_advantage.html#*")
        press_to(page, lambda href: ".rows.html#" in href)
        page.keyboard.press("Enter")
        page.wait_for_url("**/03_blackwell_advantage.rows.html#*")
        address = press_to(page, lambda href: "/actions/runs/" in href)
        page.keyboard.press("Enter")
        page.wait_for_url(address)
    assert address in asked


def test_a_page_prints_as_a_pdf_with_what_was_folded_and_without_its_code(site, tmp_path):
    with chromium() as browser:
        page = browser.new_page()
        page.goto((site / "03_blackwell_advantage.html").as_uri())
        page.emulate_media(media="print")
        assert page.locator(".code:visible").count() == 0
        assert page.locator(".contents:visible").count() == 0
        pdf = page.pdf(format="A4")
    assert pdf.startswith(b"%PDF-")
    assert 3 <= len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf)) <= 30


def test_nothing_moves_for_who_asked_for_less_motion(site):
    moves = "e => {const s = getComputedStyle(e); return s.animationName + s.transitionDuration}"
    with chromium() as browser:
        page = browser.new_page(reduced_motion="reduce")
        page.goto((site / "index.html").as_uri())
        assert set(page.locator("body *").evaluate_all(f"all => all.map({moves})")) == {"none0s"}


@pytest.mark.slow
def test_a_report_is_less_than_half_of_what_the_lab_template_makes_of_it(site):
    executed = {}
    for about in (paths.root() / ".frontier" / "results").glob("*/*/about.json"):
        notebook = nbformat.from_dict(
            store.unpack((about.parent / "executed.json.gz").read_bytes())
        )
        executed.setdefault(notebook.cells[0].source.splitlines()[0], []).append((about, notebook))
    compared = {}
    for path in reports(site):
        title = f"# {soup(path).h1.get_text()}"
        _, notebook = max(executed[title], key=lambda one: one[0].stat().st_mtime)
        lab, _ = HTMLExporter(template_name="lab").from_notebook_node(notebook)
        compared[path.name] = path.stat().st_size / len(lab.encode())
    assert {name: share for name, share in compared.items() if share >= 0.5} == {}


def test_a_page_of_rows_has_every_row_of_its_report_and_is_no_heavier_than_it_must_be(site):
    for path in reports(site):
        rows = site / f"{path.stem}.rows.html"
        text = rows.read_text(encoding="utf-8")
        there = set(re.findall(r'<tr id="([^"]+)">', text))
        names = {Path(link["href"]).stem for link in soup(path).find_all("link", type="text/csv")}
        named = [table(site, name) for name in sorted(names)]
        # A modelled point stands in the table of a figure and is no row of the data.
        assert there == {
            row for frame in named if "row_id" in frame for row in frame["row_id"].dropna()
        }
        assert len(text) < 300 * len(there) + 30_000


def test_the_readme_lists_the_errors_that_the_page_lists(site):
    listed = [li.find(string=True).strip() for li in soup(site / "errata.html").select("ol li")]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.split("## Errors found in the article and in pages like it\n\n")[1]
    lines = section.partition("\n\n## ")[0].splitlines()
    assert listed == [line.removeprefix("- ") for line in lines if line.startswith("- ")]


def test_a_term_is_explained_where_a_report_first_uses_it(site):
    anchors = {dt["id"] for dt in soup(site / "glossary.html").find_all("dt")}
    for path in reports(site):
        terms = soup(path).select("a.term")
        assert len(terms) >= 3
        assert {a["href"] for a in terms} <= {f"glossary.html#{anchor}" for anchor in anchors}
        assert len({a["href"] for a in terms}) == len(terms)
        assert all(a["title"] for a in terms)


def test_measured_points_say_what_they_are_when_they_are_pointed_at(site):
    figure = soup(site / "01_dense_gain.html").find(id="01-frontiers")
    titles = [title.get_text() for title in figure.find_all("title")]
    drawn = table(site, "01-frontiers")
    assert len(titles) == len(drawn)
    assert {title.rsplit(", ", 1)[1] for title in titles} == set(drawn["row_id"])


def test_every_link_inside_the_site_leads_somewhere(site):
    broken = []
    for path in pages(site):
        page = soup(path)
        for link in page.find_all("a", href=True):
            target, _, anchor = link["href"].partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            there = path if not target else site / target
            if not there.is_file() or (anchor and anchor not in ids(there)):
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


@pytest.mark.parametrize("name", ["04-levels", "04-releases", "05-releases"])
def test_a_mark_says_what_it_is_when_it_is_pointed_at(site, name):
    said = [t.get_text() for t in soup(site / "figures" / f"{name}.svg").find_all("title")]
    table = pd.read_csv(site / "data" / f"{name}.csv")
    days = table["date"].dropna().unique()
    assert said and all(any(day in text for day in days) or "undated" in text for text in said)
