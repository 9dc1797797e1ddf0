"""The explorer in a static page, opened from a file in Chromium."""

import re
from urllib.parse import parse_qs

import pandas as pd
import pytest

import explorer_page
from browser import barriers, chromium, complaints
from frontier import explorer
from frontier.data import measurements
from measured import SHAPE, X, Y, sweep, together

HOSTILE = "</script><script>window.hurt = 1</script><img src=x onerror='window.hurt = 1'>\"'&"
CHOICE = explorer.Choice(shape=SHAPE, systems=("gb200", "h200"), speed=20, power_edition="2025")


@pytest.fixture(scope="module")
def browser():
    with chromium() as one:
        yield one


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """The page of the real rows, with the default choice."""
    rows = measurements.load_measurements()
    return explorer_page.write(tmp_path_factory.mktemp("page") / "explorer.html", rows)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The page of two synthetic systems: one makes twice what the other does."""
    rows = together(sweep(X, 2 * Y, hardware="gb200"), sweep(X, Y))
    return explorer_page.write(tmp_path_factory.mktemp("small") / "small.html", rows, CHOICE)


@pytest.fixture
def opened(browser):
    pages = []

    def open_(file, fragment="", **options):
        page = browser.new_page(**options)
        pages.append(page)
        page.troubles = []
        page.on("pageerror", lambda error: page.troubles.append(str(error)))
        page.on("console", lambda message: page.troubles.append(message.text))
        page.goto(file.as_uri() + fragment)
        page.wait_for_selector(".frontier-panel svg.chart", state="attached")
        return page

    yield open_
    for page in pages:
        assert page.troubles == []
        page.close()


def text(page, selector=".frontier-panel"):
    return page.inner_text(selector)


# What is wrong or hostile


def test_names_that_are_not_in_the_data_give_one_line_and_the_defaults_stay(opened, file):
    page = opened(file, "#model=gpt-9&systems=tpu,h200&speed=-3&per=MW&colour=red&as_of=soon")
    told = text(page, ".problem")
    assert told.startswith("Not in these data, so the default is kept: “colour”; model “gpt-9”; ")
    assert "no accelerator “tpu”; speed “-3”; as_of “soon”" in told
    assert page.locator(".problem").count() == 1
    assert page.locator(".system").count() == 5
    assert "at 50 tok/s/user" in text(page, ".answer >> nth=0")


def test_hostile_text_of_every_column_is_shown_and_never_runs(opened, tmp_path):
    rows = together(sweep(X, 2 * Y, hardware="gb200"), sweep(X, Y))
    asked = ("model", "hardware", "source")
    texts = [name for name in rows.select_dtypes("str") if name not in asked]
    hostile = rows.assign(**{name: f"{name} {HOSTILE}" for name in texts})
    hostile["row_id"] += pd.Series(range(len(rows))).astype("str")
    hostile["run_url"] = "javascript:window.hurt=1"
    file = explorer_page.write(tmp_path / "hostile.html", hostile, CHOICE)
    page = opened(file)
    assert page.evaluate("window.hurt") is None
    assert page.locator(".frontier-panel :is(img, script)").count() == 0
    assert page.locator(".frontier-panel td a").count() == 0
    table = text(page, ".frontier-panel table")
    for name in ("framework", "precision", "caveat", "row_id"):
        assert f"{name} {HOSTILE}" in table


def test_a_fragment_of_hostile_text_is_shown_and_never_runs(opened, small):
    page = opened(small, "#model=%3Cimg%20src=x%20onerror=window.hurt=1%3E")
    assert "model “<img src=x" in text(page, ".problem")
    assert page.evaluate("window.hurt") is None


def test_csv_cells_that_a_spreadsheet_would_run_begin_with_an_apostrophe(opened, tmp_path):
    rows = together(sweep(hardware="gb200"), sweep(X, Y / 2))
    rows["row_id"] = '=HYPERLINK("https://example.org")'
    page = opened(explorer_page.write(tmp_path / "formula.html", rows, CHOICE))
    assert '"\'=HYPERLINK(""https://example.org"")"' in saved(page, "Save throughput as CSV")


def test_without_javascript_a_line_says_that_the_controls_need_it(browser, file):
    page = browser.new_page(java_script_enabled=False)
    page.goto(file.as_uri())
    assert "The controls need JavaScript." in text(page)
    page.close()


def test_a_speed_that_is_no_number_leaves_the_choice_as_it_is(opened, small):
    page = opened(small)
    exact = page.get_by_label("Speed per user as a number")
    exact.fill("-5")
    exact.press("Enter")
    exact.press("Tab")
    assert exact.input_value() == "20"


def test_what_was_not_measured_is_said_and_the_controls_go_on(opened, small):
    page = opened(small, "#systems=gb300,h200")
    assert "no accelerator “gb300”" in text(page, ".problem")
    page.get_by_label("Speed per user as a number").fill("5000")
    page.keyboard.press("Tab")
    assert "no measured deployment is so fast; the fastest, " in text(page)


# The page


@pytest.mark.parametrize("width", [360, 1280])
def test_a_page_asks_for_nothing_complains_of_nothing_and_fits(browser, file, width):
    assert complaints(browser, file, width=width) == []


@pytest.mark.slow
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_keeps_anybody_from_reading_it_light_or_dark(browser, file, width):
    assert barriers(browser, file, width=width) == []


def test_text_of_charts_is_at_least_11_px_on_a_phone(opened, file):
    page = opened(file, "#claim=40", viewport={"width": 360, "height": 800})
    sizes = page.evaluate(
        "[...document.querySelectorAll('.frontier-panel *')].filter((e) => e.checkVisibility() && "
        "[...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())).map((e) => "
        "parseFloat(getComputedStyle(e).fontSize) * (e.ownerSVGElement ? "
        "e.ownerSVGElement.getBoundingClientRect().width / e.ownerSVGElement.viewBox.baseVal.width"
        " : 1))"
    )
    assert len(sizes) > 100
    assert min(sizes) >= 11


def test_every_control_has_a_name_and_is_reached_by_the_tab_key(opened, small):
    page = opened(small)
    page.locator("summary").click()
    wanted = page.evaluate(
        "[...document.querySelectorAll('.frontier-panel :is(select, input, button)')]"
        ".filter((e) => e.checkVisibility()).length"
    )
    named = page.evaluate(
        "[...document.querySelectorAll('.frontier-panel :is(select, input)')].every((e) => "
        "e.labels.length || e.getAttribute('aria-label'))"
    )
    reached = set()
    for _ in range(wanted + 20):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "(() => {const all = [...document.querySelectorAll('.frontier-panel :is(select, "
                "input, button)')]; return all.indexOf(document.activeElement)})()"
            )
        )
    assert named
    assert len(reached - {-1}) == wanted


def test_the_slider_moved_by_keys_moves_sentence_table_and_address(opened, file):
    page = opened(file)
    page.get_by_label("Speed per user, tok/s", exact=True).focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    speed = page.get_by_label("Speed per user as a number").input_value()
    assert float(speed) > 50
    assert f"at {speed} tok/s/user" in text(page, ".answer >> nth=0")
    assert f"Best deployments at {speed} tok/s/user or faster" in text(page)
    assert parse_qs(page.url.partition("#")[2]) == {"speed": [speed]}


def test_a_view_that_is_sent_is_the_view_that_is_seen(opened, file):
    page = opened(file)
    page.get_by_label("Traffic, tokens").select_option(label="1k in, 8k out")
    page.get_by_label("Precision of system 3").select_option("fp8")
    page.get_by_label("Layout of system 1").select_option("node")
    page.get_by_role("button", name="Remove system 2").click()
    page.get_by_role("button", name="Add a system").click()
    page.locator("summary").click()
    page.get_by_label("First token within").select_option(label="2 s")
    page.get_by_label("or fleet, GPUs").fill("512")
    page.get_by_label("Claimed, times").fill("25")
    page.get_by_label("Said to hold").select_option("up to")
    page.get_by_label("Per", exact=True).select_option("$")
    page.get_by_label("Over", exact=True).select_option("h200 node no-mtp")
    page.mouse.click(5, 5)
    other = opened(file, "#" + page.url.partition("#")[2])
    other.locator("summary").click()
    assert text(other, ".problem") == ""
    assert text(other) == text(page)
    values = (
        "[...document.querySelectorAll('.frontier-panel :is(select, input)')].map(e => e.value)"
    )
    assert other.evaluate(values) == page.evaluate(values)
    assert "gb300 node" in page.url.replace("+", " ")


def test_an_address_changed_by_hand_changes_the_view(opened, file):
    page = opened(file)
    page.evaluate("location.hash = '#speed=77&systems=h200,b200'")
    page.wait_for_selector(".system >> nth=1")
    page.wait_for_function("document.querySelectorAll('.system').length === 2")
    assert "at 77 tok/s/user" in text(page, ".answer >> nth=0")


def test_a_claim_typed_in_is_placed_and_gives_the_command_that_judges_it(opened, small):
    page = opened(small)
    page.get_by_label("Claimed, times").fill("1.6")
    page.get_by_label("Said to hold").select_option("at")
    page.mouse.click(5, 5)
    # Twice per GPU, and 1.73 kW of an H200 over 2.10 kW of a GB200.
    ratio = 2 * 1.73 / 2.10
    assert f"{ratio:.2f}×" in text(page, ".answer >> nth=1")
    assert "which is there from 10 to 160 tok/s/user" in text(page, ".answer >> nth=1")
    command = text(page, ".frontier-panel code")
    assert command == ("frontier check --above gb200 --below h200 --value 1.6 --per MW --at 20")
    assert "1.6× would be here" in page.locator("svg").first.text_content()


def test_a_point_under_the_pointer_is_named_with_its_row(opened, small):
    page = opened(small)
    ring = page.locator("svg.chart circle").first.bounding_box()
    page.mouse.move(ring["x"] + ring["width"] / 2, ring["y"] + ring["height"] / 2)
    assert re.search(r"GB200: [\d.]+M? tok/s/MW at 20 tok/s/user\. .*gb200 8", text(page))


def saved(page, button):
    with page.expect_download() as download:
        page.get_by_role("button", name=button).first.click()
    content = download.value.path().read_bytes()
    return content if content.startswith(b"\x89PNG") else content.decode()


def test_a_chart_is_saved_as_svg_png_and_csv(opened, file):
    page = opened(file)
    assert saved(page, "Save throughput as PNG").startswith(b"\x89PNG")
    drawn = saved(page, "Save throughput as SVG")
    assert drawn.startswith("<svg")
    assert "var(" not in drawn
    table = [line.split(",") for line in saved(page, "Save ratio as CSV").splitlines()]
    assert table[0][:3] == ["series", "mark", "tok_s_per_user"]
    assert len(table) > 5


def test_the_smallest_form_shows_two_systems_and_leads_to_the_rest(opened, tmp_path):
    rows = measurements.load_measurements()
    choice = explorer.Choice(systems=("gb200", "h200"))
    small = explorer_page.write(
        tmp_path / "index.html", rows, choice, compact=True, more="08_explorer.html"
    )
    page = opened(small)
    assert page.locator("svg.chart").count() == 1
    whole = explorer.compare(explorer.with_own(rows), choice, "gb200", "h200")
    assert f"{whole.at_speed:.3g}×" in text(page, ".answer >> nth=1")
    assert f"typically {whole.typical:.3g}×" in text(page, ".answer >> nth=1")
    page.get_by_label("Compared with").select_option("h200 node no-mtp")
    plain = explorer.compare(explorer.with_own(rows), choice, "gb200", "h200 node no-mtp")
    assert f"{plain.at_speed:.3g}×" in text(page, ".answer >> nth=1")
    link = page.get_by_role("link", name="More systems").get_attribute("href")
    assert link.startswith("08_explorer.html#")
    assert parse_qs(link.partition("#")[2])["systems"] == ["gb200,h200 node no-mtp"]
