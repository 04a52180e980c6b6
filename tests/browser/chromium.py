"""Debian's Chromium, told to stay at home: no sandbox for root, no updates, no background calls."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

_NAMES = ("/usr/bin/chromium", "chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a browser until the block ends; skip loudly where there is none, fail where one is required."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        if os.environ.get("CI") or os.environ.get("STELLA_REQUIRE_BROWSER"):
            pytest.fail("a browser is required here and Chromium is absent")
        pytest.skip("CHROMIUM ABSENT: install Debian's package `chromium` to drive the admin")
    with sync_playwright() as playwright:
        browser = launch(playwright, found)
        try:
            yield browser
        finally:
            browser.close()


def launch(playwright: Playwright, executable: str) -> Browser:
    """Start the browser."""
    return playwright.chromium.launch(executable_path=executable, args=list(_FLAGS))
