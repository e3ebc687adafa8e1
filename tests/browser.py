"""Chromium, as the tests of the page see it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Dialog, Page, sync_playwright

from needed_programs import tool

_ARGUMENTS: Final = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium; where it is not installed the test is skipped, or in CI fails."""
    [path] = tool("chromium", "chromium-browser", "google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Browser, file: Path, fragment: str = "", **context: Any) -> Iterator[Page]:
    """Open a file as its users do.

    Asserts that it asked for nothing but itself, and that the browser had nothing to say on its console.
    """
    asked: list[str] = []
    said: list[str] = []

    def answered(dialog: Dialog) -> None:
        said.append(dialog.message)
        dialog.dismiss()

    made = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **context})
    page = made.new_page()
    page.on("request", lambda request: asked.append(request.url.partition("#")[0]))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", answered)
    try:
        page.goto(file.as_uri() + fragment)
        yield page
    finally:
        made.close()
    assert asked == [file.as_uri()]
    assert said == []
