"""The real collection, built: what it says, that it says it again, and that it can be read."""

import functools
import html
import json
import math
import re
from collections import Counter
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from nbconvert import HTMLExporter

from broadsheet import store
from browser import barriers, complaints, look, unreachable
from frontier import claims, cli
from frontier.data import hardware, measurements, paths, tables, words
from frontier.site import compose, rows, verdicts

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "reports"
UNCOMMITTED = {"status.html"}
ROW_IDS = set(measurements.load_measurements()["row_id"])
MOST_BYTES = 10_000_000  # of the committed reports
TALLEST_PX = 12_000  # a report in a window 1,280 px wide
LEAST_TEXT_PX = 11
ANSWER = ("index.html", "03_blackwell_advantage.html")  # the two that answer a planner at once
# Words that mean something only to who wrote the page, or that a glossary has to explain first.
INSIDERS = re.compile(
    r"\b(ledgers?|floors?|steps?|semilog|shapes?|editions?|numerators?|denominators?|cells|orders"
    r"|series|exhibits?|with everything|one panel a shape|at the claimed point)\b",
    re.IGNORECASE,
)


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


@pytest.fixture(scope="module")
def site():
    """The committed pages, of which a slow test says that a build makes them."""
    return COMMITTED


def build(folder, *options):
    """Build the real collection; a busy machine is no failure."""
    line = ["build", "--workers", "2", "--time-limit", "3600", "--out", str(folder)]
    assert cli.main([*line, *options]) == 0


@pytest.mark.slow
def test_a_build_gives_the_committed_numbers_and_another_processor_and_cold_kernels_the_same_bytes(
    tmp_path, monkeypatch
):
    build(tmp_path / "warm")
    warm = files(tmp_path / "warm")
    assert list(warm) == list(files(COMMITTED))
    assert differences(records(COMMITTED), records(tmp_path / "warm")) == []
    # numpy sorts ties and rounds last bits otherwise without the newer instructions.
    newer = np.show_config(mode="dicts")["SIMD Extensions"]["found"]
    monkeypatch.setenv("NPY_DISABLE_CPU_FEATURES", " ".join(newer))
    build(tmp_path / "cold", "--force", "--cold")
    cold = files(tmp_path / "cold")
    assert list(cold) == list(warm)
    assert [n for n in warm if warm[n].read_bytes() != cold[n].read_bytes()] == []


def test_differences_sees_a_verdict_and_a_number_but_not_the_last_digit():
    row = {"verdict": "reproduced", "found": {"value": 39.5, "low": None}}
    assert differences(row, {**row, "verdict": "not-reproduced"}) != []
    assert differences(row, {**row, "found": {"value": 39.6, "low": None}}) != []
    assert differences(row, {**row, "found": {"value": 39.5, "low": 1.0}}) != []
    assert differences(row, {**row, "found": {"value": 39.5 * (1 + 1e-8), "low": None}}) == []


def test_every_claim_of_the_ledger_has_its_place_in_the_records(site):
    assert list(records(site)) == [claim.id for claim in claims.ledger()]


def test_a_page_states_the_answers_and_the_numbers_of_verdicts_json(site):
    for row in records(site).values():
        if row["page"] is None or row["now"] is None:
            continue
        card = soup(site / row["page"]).find(id=row["id"]).get_text(" ")
        assert row["now"]["label"] in card and row["now"]["answer"] in card
        assert row["then"]["label"] in card and row["then"]["answer"] in card
        claimed, found = row["claimed"], row["found"]
        if claimed["value"]:
            assert words.quantity(claimed["value"], claimed["unit"]) in card
        if found["value"] is not None:
            assert words.quantity(found["value"], found["unit"]) in card
            assert words.span(found["low"], found["high"], found["unit"]) in card


def test_no_claim_of_the_ledger_is_left_unexamined(site):
    assert [i for i, row in records(site).items() if row["verdict"] == verdicts.UNEXAMINED] == []


def table(site, name):
    return pd.read_csv(site / "data" / f"{name}.csv")


# ----------------------------------------------------------------- the answer first


@functools.cache
def asked():
    """What the library finds of GB200 NVL72 over both Hopper baselines, at all named speeds."""
    claim = claims.claim("blackwell-advantage-40x")
    compared = claims.comparisons(claim, measurements.load_measurements())
    found = claims.ratios([one for one in compared if one.attributes["model"] == "DeepSeek-R1"])
    below = found["below"].isin(["the best-tuned Hopper", "one plain H200 node"])
    return found[below & (found["above"] == "GB200 NVL72")].reset_index(drop=True)


def told(value):
    return f"{words.number(value)}×"


def test_the_whole_table_of_ratios_is_on_the_first_screen_of_the_index(site, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto((site / "index.html").as_uri())
    rows_of = page.locator("[id='03-ratios'] tbody tr")
    boxes = [rows_of.nth(i).bounding_box() for i in range(rows_of.count())]
    heads = page.locator("[id='03-ratios'] tbody th").all_inner_texts()
    assert len(boxes) == len(asked().groupby(["below", "traffic"])) and len(set(heads)) == 2
    assert max(box["y"] + box["height"] for box in boxes) <= 900


@pytest.mark.parametrize("width", [360, 390])
@pytest.mark.parametrize("pattern", [*ANSWER, pytest.param("*.html", marks=pytest.mark.slow)])
def test_a_table_of_ratios_needs_no_scrolling_sideways_on_a_phone(site, pattern, width, browser):
    wide = "all => all.filter(one => one.scrollWidth > one.clientWidth).map(one => one.innerText)"
    found = {}
    for path in sorted(site.glob(pattern)):
        page = browser.new_page(viewport={"width": width, "height": 800})
        page.goto(path.as_uri())
        found[path.name] = page.locator(".table-scroll:has(.ratios)").evaluate_all(wide)
        page.close()
    assert {name: some for name, some in found.items() if some} == {}


@pytest.mark.parametrize("name", ANSWER)
def test_the_first_screen_answers_how_much_more_a_megawatt_of_nvl72_gives(site, name, browser):
    at = asked()[asked()["at"] == 50]
    assert len(at) == 6 and at["traffic"].nunique() == 3 and at["value"].notna().all()
    texts, _ = look(browser, site / name)
    seen = [text["words"] for text in texts if text["top"] >= 0 and text["bottom"] <= 900]
    assert [told(value) for value in at["value"] if told(value) not in seen] == []
    answer = records(site)["blackwell-advantage-40x"]["now"]["answer"]
    sentence = answer.partition(". ")[0]
    assert "50 tok/s/user" in sentence and any(text.startswith(sentence) for text in seen)
    for _, ratios in at.groupby("below"):
        ends = f"{words.number(ratios['value'].min())} to {words.number(ratios['value'].max())}"
        assert ends in sentence


@pytest.mark.slow
def test_the_first_screen_has_none_of_the_words_of_those_who_made_it(site, browser):
    ids = [name for name in tables.names() if "_" in name]
    found = {}
    for path in [site / "index.html", *reports(site)]:
        texts, _ = look(browser, path)
        seen = "\n".join(text["words"] for text in texts if text["top"] < 900)
        found[path.name] = {match[0] for match in INSIDERS.finditer(seen)}
        found[path.name] |= {name for name in ids if name in seen}
    assert {name: some for name, some in found.items() if some} == {}


@pytest.mark.parametrize("text", ["a ledger row", "Shape", "with everything", "the cells"])
def test_a_word_of_the_makers_is_recognised(text):
    assert INSIDERS.search(text)


@pytest.mark.parametrize("text", ["stepped", "a cell", "in order", "serially", "credited"])
def test_a_word_of_everybody_is_not_one_of_the_makers(text):
    assert not INSIDERS.search(text)


def test_every_title_is_a_question_and_the_first_heading_of_a_report_is_its_answer(site):
    for path in [site / "index.html", *reports(site)]:
        assert "?" in soup(path).h1.get_text(), path.name
    for path in reports(site):
        assert soup(path).h1.get_text().strip().endswith("?"), path.name
        assert soup(path).h2["id"] == "answer", path.name


@pytest.mark.parametrize("name", ANSWER)
def test_the_table_of_ratios_has_the_numbers_of_the_library_and_a_dash_says_why(site, name):
    grid = soup(site / name).find(id="03-ratios").table
    speeds = [float(head.get_text()) for head in grid.thead.find_all("th")[2:]]
    shown = [
        [(cell.get_text(" ").split()[0], cell) for cell in row.find_all("td")[1:]]
        for row in grid.tbody.find_all("tr")
    ]
    expected = [some for _, some in asked().groupby(["below", "traffic"], sort=False)]
    assert len(shown) == len(expected)
    for cells, some in zip(shown, expected, strict=True):
        assert list(some["at"]) == speeds
        for (text, cell), row in zip(cells, some.to_dict("records"), strict=True):
            if pd.isna(row["value"]):
                assert text == "–" and cell.span["title"] == row["why"]
                continue
            assert text.rstrip("*") == told(row["value"])
            ends = [a["href"].partition("#")[2] for a in cell.find_all("a")]
            assert ends == [row["rows_above"], row["rows_below"]]
    published = table(site, "03-ratios").merge(
        asked(), on=["above", "below", "model", "traffic", "at"], suffixes=("", "_library")
    )
    assert len(published) == len(asked())
    assert ((published["value"] / published["value_library"]).dropna() - 1).abs().max() < 1e-5


def test_a_number_leads_to_its_row_which_says_it_and_leads_back(site, browser):
    row = asked()[(asked()["at"] == 50)].iloc[0]
    made = []
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    for key in ("rows_above", "rows_below"):
        page.goto((site / "03_blackwell_advantage.html").as_uri())
        page.locator(f"[id='03-ratios'] td a[href$='#{row[key]}']").first.click()
        page.wait_for_url(f"**/03_blackwell_advantage.rows.html#{row[key]}")
        there = page.locator("tr:target")
        box = there.bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= 900
        heads = there.locator("xpath=ancestor::table").locator("thead th").all_inner_texts()
        values = dict(zip(heads, there.locator("th, td").all_inner_texts(), strict=True))
        made.append(float(values["tok/s/GPU"].replace(",", "")))
        assert values["Front"] == "●"
        back = there.locator("a[href*='03_blackwell_advantage.html#']").first
        anchor = back.get_attribute("href").partition("#")[2]
        back.click()
        page.wait_for_url(f"**/03_blackwell_advantage.html#{anchor}")
        assert page.locator(":target").count() == 1
    power = [hardware.power_kw(key, "2025") for key in ("gb200", "h200")]
    # Both rows are shown to three digits.
    assert made[0] / power[0] / (made[1] / power[1]) == pytest.approx(row["value"], rel=0.01)


@pytest.mark.slow
def test_no_report_is_taller_than_a_reader_scrolls(site, browser):
    tall = {path.name: look(browser, path)[1] for path in reports(site)}
    assert {name: height for name, height in tall.items() if height > TALLEST_PX} == {}


@pytest.mark.parametrize("pattern", [*ANSWER, pytest.param("*.html", marks=pytest.mark.slow)])
def test_the_text_of_a_figure_can_be_read_on_a_phone(site, pattern, browser):
    found = {}
    for path in sorted(site.glob(pattern)):
        if path.name.endswith(".rows.html"):
            continue  # no figure
        texts, _ = look(browser, path, width=360, height=740)
        small = [t for t in texts if t["drawn"] and t["size"] < LEAST_TEXT_PX - 0.05]
        if small:
            found[path.name] = {f"{t['words']}: {t['size']:.1f} px" for t in small[:5]}
    assert found == {}


# ----------------------------------------------------------------- twins and weight


def flat(text):
    return re.sub(r"\s+", " ", text.replace("\xa0", " ")).strip()


def test_every_report_has_a_twin_in_markdown_with_the_same_numbers(site):
    listed = re.findall(r"\]\(([^)]+)\)", (site / "llms.txt").read_text(encoding="utf-8"))
    assert [name for name in listed if not (site / name).is_file()] == []
    for path in reports(site):
        assert f"markdown/{path.stem}.md" in listed
        text = (site / "markdown" / f"{path.stem}.md").read_text(encoding="utf-8")
        twin, page = flat(text), soup(path)
        assert twin.startswith(f"# {page.h1.get_text()}")
        answers = [flat(p.get_text()) for p in page.select(".verdict-card .answer")]
        captions = [flat(f.figcaption.p.get_text()) for f in page.select("figure.exhibit")]
        assert [words for words in (*answers, *captions) if words not in twin] == []
        rows_of = [r.find_all(["th", "td"]) for r in page.select("figure.exhibit tbody tr")]
        lines = [" | ".join(flat(c.get_text().removesuffix("÷")) for c in row) for row in rows_of]
        assert [line for line in lines if f"| {line} |" not in twin] == []


def test_a_twin_is_text_that_a_person_could_read(site):
    for path in sorted((site / "markdown").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"<(script|style|svg)\b", text), path.name
        assert max(map(len, text.splitlines())) < 10_000, path.name
        beside = re.findall(r"\]\(((?:\.\./)?(?:figures|data)/[^)]+)\)", text)
        assert [name for name in beside if not (path.parent / name).is_file()] == [], path.name


def test_the_reports_are_light_enough_to_be_committed(site):
    assert sum(path.stat().st_size for path in files(site).values()) <= MOST_BYTES


# ----------------------------------------------------------------- pages in a browser


@pytest.mark.parametrize(
    "pattern", ["index.html", "03_*advantage.html", pytest.param("*.html", marks=pytest.mark.slow)]
)
def test_pages_open_from_a_folder_without_a_request_or_a_complaint(site, pattern, browser):
    opened = sorted(site.glob(pattern))
    assert opened
    for width in (1280, 360):
        found = {p.name: complaints(browser, p, width=width) for p in opened}
        assert {name: c for name, c in found.items() if c} == {}


@pytest.mark.slow
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_on_a_page_keeps_anybody_from_reading_it(site, width, browser):
    found = {p.name: barriers(browser, p, width=width) for p in pages(site)}
    assert {name: b for name, b in found.items() if b} == {}


@pytest.mark.parametrize("pattern", [*ANSWER, pytest.param("*.html", marks=pytest.mark.slow)])
def test_what_scrolls_sideways_is_reached_by_the_keyboard(site, pattern, browser):
    found = {
        (path.name, width): unreachable(browser, path, width=width)
        for path in sorted(site.glob(pattern))
        for width in (360, 1280)
    }
    assert {key: some for key, some in found.items() if some} == {}


@pytest.mark.parametrize("width", [360, 1280])
def test_without_scripts_the_index_is_whole(site, width, browser):
    page = browser.new_page(java_script_enabled=False, viewport={"width": width, "height": 800})
    page.goto((site / "index.html").as_uri())
    assert page.locator("tr[data-verdict]:visible").count() == len(records(site))
    page.locator(".filters summary").click()
    assert not page.locator(".controls").is_visible()


def test_the_claims_of_the_index_are_sorted_and_filtered_by_its_script(site, browser):
    found = records(site)
    rows = "tr[data-verdict]:visible"
    page = browser.new_page()
    page.goto((site / "index.html").as_uri())
    page.locator(".filters summary").click()
    order = page.locator(rows).evaluate_all("rows => rows.map((row) => row.id)")
    assert sorted(order) == sorted(found)
    (verdict, count), *_ = Counter(row["verdict"] for row in found.values()).most_common()
    page.locator("#filter-verdict").select_option(verdict)
    shown = page.locator(rows).evaluate_all("rows => rows.map((row) => row.id)")
    assert shown == [i for i in order if found[i]["verdict"] == verdict]
    assert 0 < count == len(shown)
    assert page.locator("#shown").inner_text() == f"{len(shown)} of {len(found)} claims"
    page.locator("#filter-verdict").select_option("")
    page.locator("#filter-text").fill("gpt-oss")
    assert 0 < page.locator(rows).count() < len(found)
    page.locator("#filter-text").fill("")
    page.locator("#sort").select_option("verdict")
    ranks = page.locator(rows).evaluate_all("rows => rows.map((row) => row.dataset.rank)")
    assert ranks == sorted(ranks)
    page.locator("#sort").select_option("")
    assert page.locator(rows).evaluate_all("rows => rows.map((row) => row.id)") == order


def press_to(page, where, most=400):
    """Press the tab key until a link is focused whose address meets a condition."""
    for _ in range(most):
        page.keyboard.press("Tab")
        address = page.evaluate("document.activeElement.getAttribute('href') || ''")
        if where(address):
            return address
    raise AssertionError("the keyboard does not get there")


@pytest.mark.slow
def test_the_keyboard_alone_leads_from_the_index_to_the_source_of_a_row(site, browser):
    asked = []
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


def test_a_page_prints_as_a_pdf_with_what_was_folded_and_without_its_code(site, tmp_path, browser):
    page = browser.new_page()
    page.goto((site / "03_blackwell_advantage.html").as_uri())
    page.emulate_media(media="print")
    assert page.locator(".code:visible").count() == 0
    assert page.locator(".contents:visible").count() == 0
    pdf = page.pdf(format="A4")
    assert pdf.startswith(b"%PDF-")
    assert 3 <= len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf)) <= 30


def test_nothing_moves_for_who_asked_for_less_motion(site, browser):
    moves = "e => {const s = getComputedStyle(e); return s.animationName + s.transitionDuration}"
    page = browser.new_page(reduced_motion="reduce")
    page.goto((site / "index.html").as_uri())
    assert set(page.locator("body *").evaluate_all(f"all => all.map({moves})")) == {"none0s"}


@pytest.mark.slow
def test_a_report_is_less_than_half_of_what_the_lab_template_makes_of_it(site):
    executed = {}
    for kept in (paths.root() / ".frontier" / "results").glob("*/[!.]*"):
        notebook = nbformat.from_dict(store.result(kept))
        executed.setdefault(notebook.cells[0].source.splitlines()[0], []).append((kept, notebook))
    compared = {}
    for path in reports(site):
        title = f"# {soup(path).h1.get_text()}"
        _, notebook = max(executed[title], key=lambda one: one[0].stat().st_mtime)
        lab, _ = HTMLExporter(template_name="lab").from_notebook_node(notebook)
        compared[path.name] = path.stat().st_size / len(lab.encode())
    # The explorer's module and data weigh as much in either.
    most = {name: 0.62 if name.startswith("08") else 0.5 for name in compared}
    assert {name: share for name, share in compared.items() if share >= most[name]} == {}


def test_a_page_of_rows_has_the_rows_of_its_report_and_is_no_heavier_than_it_must_be(site):
    for path in reports(site):
        text = (site / f"{path.stem}.rows.html").read_text(encoding="utf-8")
        there = set(re.findall(r'<tr id="([^"]+)">', text))
        named = [link["href"] for link in soup(path).find_all("link", type="text/csv")]
        used = rows.used({name: (site / name).read_text(encoding="utf-8") for name in named})
        # A modelled point stands in the table of a figure and is no row of the data.
        used = {name: [row for row in ids if row in ROW_IDS] for name, ids in used.items()}
        assert there == set(rows.shown(used, most=compose.MOST_ROWS)[0])
        assert len(text) < 550 * len(there) + 30_000


def test_a_term_is_explained_where_a_report_first_uses_it(site):
    anchors = {dt["id"] for dt in soup(site / "glossary.html").find_all("dt")}
    for path in reports(site):
        terms = soup(path).select("a.term")
        assert len(terms) >= 3, path.name
        assert {a["href"] for a in terms} <= {f"glossary.html#{anchor}" for anchor in anchors}
        assert len({a["href"] for a in terms}) == len(terms)
        assert all(a["title"] for a in terms)


def test_a_measured_point_of_a_figure_leads_to_its_row_and_says_so(site):
    figure = soup(site / "03_blackwell_advantage.html").find(id="03-frontiers")
    points = figure.select(".plot:not(.phone) svg a")
    rows_of = [point["href"].partition("#")[2] for point in points]
    assert set(rows_of) == set(table(site, "03-frontiers")["row_id"])
    assert [point["aria-label"] for point in points] == [f"row {row}" for row in rows_of]


def test_every_link_inside_the_site_leads_somewhere(site):
    scripts = re.compile(r"<script\b.*?</script>", re.S)
    texts = {path.name: scripts.sub("", path.read_text(encoding="utf-8")) for path in pages(site)}
    known = {name: set(re.findall(r'\sid="([^"]*)"', text)) for name, text in texts.items()}
    broken = []
    for name, text in texts.items():
        for link in map(html.unescape, re.findall(r'<a\b[^>]*?\shref="([^"]*)"', text)):
            target, _, anchor = link.partition("#")
            there = target or name
            if re.match(r"[a-z]+:", target) or ((site / there).is_file() and not anchor):
                continue
            if anchor not in known.get(there, ()):
                broken.append((name, link))
    assert broken == []


@pytest.mark.slow
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
