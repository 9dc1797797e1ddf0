"""Opening pages in headless Chromium: what they ask for, what they complain about."""

import os
import shutil
from contextlib import contextmanager

import pytest


@contextmanager
def chromium():
    """A browser; without one the test is skipped aloud, and fails where CI is set."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        message = "no chromium to open the pages with"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
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
