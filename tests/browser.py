"""A Chromium for the tests of the report: the system's own, or the one that Playwright keeps."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# Root has no sandbox; software rendering draws the three-dimensional pictures where there is no graphics card.
OPTIONS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]


@contextmanager
def chromium() -> Iterator[Any]:
    """Start the browser; skip where there is none and none could be installed."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with playwright.sync_playwright() as started:
        own = started.chromium.executable_path
        path = next((found for name in NAMES if (found := shutil.which(name))), None) or own
        if not Path(path).exists():
            pytest.skip("there is no Chromium: run `python -m playwright install chromium`, or install it by apt")
        browser = started.chromium.launch(executable_path=path, args=OPTIONS)
        try:
            yield browser
        finally:
            browser.close()
