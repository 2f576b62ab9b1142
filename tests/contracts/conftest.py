"""A browser for the tests of documents that people open."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """Chromium; JPSIM_REQUIRE_BROWSER=1 turns its absence into a failure."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    required = os.environ.get("JPSIM_REQUIRE_BROWSER") == "1"
    if chromium is None:
        (pytest.fail if required else pytest.skip)("no chromium on the path")
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        (pytest.fail if required else pytest.skip)("playwright is not installed")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield opened
        opened.close()
