"""Opening pages in headless Chromium: what they ask for, what they complain about, who can read."""

import functools
import shutil
from contextlib import contextmanager
from importlib import resources

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
    """axe-core's source, as a package of the tests brings it."""
    return (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
