"""Opening pages in headless Chromium: what they ask for, what they complain about, who can read."""

import functools
import os
import shutil
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import pytest

# What axe calls minor is a matter of taste; all else is mended.
GRAVE = ("moderate", "serious", "critical")
COLOUR = ["color-contrast", "link-in-text-block"]  # the rules that a theme decides


@contextmanager
def chromium():
    """A browser; without one the test is skipped aloud."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("no chromium to open the pages with")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def complaints(browser, file, *, width=1280):
    """Every request outside the file, console message and error of a page, and its overflow."""
    page = browser.new_page(viewport={"width": width, "height": 800})
    found = []
    page.on("console", lambda message: found.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: found.append(f"error: {error}"))
    page.on(
        "request",
        lambda request: (
            request.url in (file.as_uri(),)
            or request.url.startswith("data:")
            or found.append(f"request: {request.url}")
        ),
    )
    page.goto(file.as_uri())
    if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        found.append(f"wider than {width} px")
    page.close()
    return found


def barriers(browser, file, *, width=1280):
    """What axe finds on a page, light and dark, that keeps somebody from reading it."""
    page = browser.new_page(color_scheme="light", viewport={"width": width, "height": 800})
    page.goto(file.as_uri())
    page.evaluate(axe())
    # The rows of a table are all alike, and some pages have thousands.
    page.evaluate("document.querySelectorAll('tbody tr:nth-child(n+25)').forEach(r => r.remove())")
    found = {"light": page.evaluate("axe.run()")}
    page.emulate_media(color_scheme="dark")
    found["dark"] = page.evaluate("rules => axe.run({runOnly: rules})", COLOUR)
    page.close()
    return [
        f"{scheme}, {rule['impact']}: {rule['id']} at {node['target']}"
        for scheme, result in found.items()
        for rule in result["violations"]
        if rule["impact"] in GRAVE
        for node in rule["nodes"]
    ]


@functools.cache
def axe():
    """axe-core's source: of the file that AXE names, or as a package of the tests brings it."""
    brought = resources.files("axe_playwright_python") / "axe.min.js"
    return Path(os.environ.get("AXE") or str(brought)).read_text(encoding="utf-8")


# Each text that can be seen: its words, its top and bottom in px below the top of the page, and how
# large its letters are drawn (a figure is scaled as a whole, which the computed style leaves out).
_TEXTS = """() => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode, parent = text.parentElement;
    if (!text.data.trim() || !parent.checkVisibility({visibilityProperty: true})) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    const drawn = parent.closest("svg text");
    const box = (drawn ?? range).getBoundingClientRect();
    if (box.width < 1 || box.height < 1 || box.right <= 0) continue;
    const turned = drawn?.getScreenCTM();
    const scale = turned ? Math.hypot(turned.a, turned.b) : 1;
    const size = parseFloat(getComputedStyle(parent).fontSize) * scale;
    const words = text.data.trim().replace(/\\s+/g, " ");
    found.push({words, top: box.top + scrollY, bottom: box.bottom + scrollY, size, drawn: !!drawn});
  }
  return found;
}"""

# What is wider than its frame and scrolls in it, and cannot be reached without a mouse.
_UNREACHABLE = """() => [...document.querySelectorAll("body *")].filter((one) =>
  /auto|scroll/.test(getComputedStyle(one).overflowX) && one.scrollWidth > one.clientWidth + 1 &&
  one.checkVisibility() && one.tabIndex < 0 && !one.querySelector("a[href], button, [tabindex='0']")
).map((one) => one.outerHTML.slice(0, 120))"""


def unreachable(browser, file, *, width=1280):
    """Regions of a page that scroll sideways and that a keyboard does not reach."""
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(file.as_uri())
    found = page.evaluate(_UNREACHABLE)
    page.close()
    return found


def look(browser, file, *, width=1280, height=900):
    """What is seen of a page: its texts (words, top, bottom, size, drawn) and its height in px."""
    page = browser.new_page(viewport={"width": width, "height": height})
    page.goto(file.as_uri())
    texts = page.evaluate(_TEXTS)
    tall = page.evaluate("document.documentElement.scrollHeight")
    page.close()
    return texts, tall
