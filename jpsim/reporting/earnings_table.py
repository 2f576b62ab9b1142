"""Earnings and multiples at the horizon: the log growth of the mean price in two parts, by series."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from jpsim.reporting.figures import Cell, shade
from jpsim.reporting.labels import Label, label_of
from jpsim.reporting.waterfall import contributions_of
from jpsim.runs import Run

__all__ = ["EarningsTable", "earnings_table"]

_KINDS = ("index", "size", "segment", "sector17")


@dataclass(frozen=True, slots=True)
class EarningsTable:
    """Parts of the log growth of the mean price, in percent.

    Parameters
    ----------
    columns
        Words of the report for the columns of each scenario.
    rows
        Series, and a tuple of cells for each scenario.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Label, tuple[tuple[Cell, ...], ...]], ...]


def earnings_table(run: Run) -> EarningsTable | None:
    """Lay out the parts of every scenario at the horizon; None if the run holds no such decomposition."""
    parts = [contributions_of(run, "earnings", scenario) for scenario in run.scenarios]
    series = [output for kind in _KINDS for output in run.of_kind(kind) if output in parts[0]]
    if not series:
        return None
    columns = ["growth", "earnings", "multiple"]
    columns += ["dividends"] if "dividends" in parts[0][series[0]] else []
    sums = {output: [_columns(part[output], columns) for part in parts] for output in series}
    reach = max(abs(value) for rows in sums.values() for row in rows for value in row) or 1.0
    rows = tuple(
        (label_of(output, "index"), tuple(tuple(_cell(value, reach) for value in row) for row in sums[output]))
        for output in series
    )
    return EarningsTable(tuple(f"split_{name}" for name in columns), rows)


def _columns(parts: Mapping[str, float], names: Iterable[str]) -> list[float]:
    """What each column adds up; the multiple bears what the closed form leaves of the sampled mean."""
    earnings = math.fsum(value for driver, value in parts.items() if driver.startswith("earnings:"))
    growth, dividends = math.fsum(parts.values()), parts.get("dividends", 0.0)
    found = {"growth": growth, "earnings": earnings, "dividends": dividends}
    return [found.get(name, growth - earnings - dividends) for name in names]


def _cell(value: float, reach: float) -> Cell:
    return Cell(label_of("topix", "index").style.level(value), shade=shade(value, "change", (-reach, reach)))
