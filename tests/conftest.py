"""Fixtures shared by all tests, and the marker of each tier."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

TIERS = ("unit", "property", "reference", "statistical", "golden", "contracts")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark each test with its folder's tier; leave slow tests to `make test-all`."""
    skip_slow = pytest.mark.skip(reason="slow; run by make test-all")
    run_slow = os.environ.get("JPSIM_SLOW_TESTS") == "1"
    for item in items:
        tier = item.path.relative_to(config.rootpath / "tests").parts[0]
        if tier in TIERS:
            item.add_marker(getattr(pytest.mark, tier))
        if "slow" in item.keywords and not run_slow:
            item.add_marker(skip_slow)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of market data named by JPSIM_DATA; JPSIM_REQUIRE_DATA=1 turns its absence into a failure."""
    folder = os.environ.get("JPSIM_DATA")
    if folder and (Path(folder) / "panel_monthly.csv").is_file():
        return Path(folder).resolve()
    reason = "JPSIM_DATA does not name a folder with panel_monthly.csv"
    if os.environ.get("JPSIM_REQUIRE_DATA") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def project() -> Path:
    """Return the root of the source checkout."""
    return Path(__file__).resolve().parent.parent
