"""Thirty scenarios and eighty series: time, size, no request, nothing wider than the screen."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from jpsim.reporting.html import render_report
from jpsim.runs import load_run_folder, write_run_folder
from tests.browser import open_page
from tests.synthetic_run import many_scenarios


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run_folder(many_scenarios(30), tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def timed(stored: Path) -> tuple[str, float]:
    """The report, and the seconds of this process from the folder to the text."""
    begun = time.process_time()
    run = load_run_folder(stored)
    report = render_report(run)
    assert len(run.scenarios) == 30
    assert len(run.outputs) >= 80
    return report, time.process_time() - begun


def test_it_is_built_in_seconds_and_stays_small(timed: tuple[str, float]) -> None:
    report, seconds = timed
    assert seconds < 5.0
    assert len(report.encode()) < 6_000_000


@pytest.mark.parametrize("width", [390, 1280])
def test_a_browser_shows_it_without_request_or_message(
    browser: Any, timed: tuple[str, float], tmp_path: Path, width: int
) -> None:
    page, seen = open_page(browser, tmp_path, timed[0], viewport={"width": width, "height": 800})
    assert seen == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    first = page.locator("main section").first
    assert first.get_attribute("id") == "side_by_side"
    assert page.locator("#side_by_side .sided tbody tr").count() == 30
    assert page.locator("#shapes .ridges .ridge").count() == 30
