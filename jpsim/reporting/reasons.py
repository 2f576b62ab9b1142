"""Why a scenario differs from the reference: the stored attribution of the means, as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from jpsim.reporting.figures import Cell, shade
from jpsim.reporting.labels import Label, Language, label_of
from jpsim.reporting.statements import named
from jpsim.reporting.story import vocabulary
from jpsim.reporting.waterfall import contributions_of
from jpsim.runs import Run

__all__ = ["Reasons", "attribution_reasons", "driver_text", "further_reasons", "series_contributions"]

_SERIES = ("topix", "portfolio", "banks", "real_estate", "autos", "electric_precision", "core30", "small", "growth")
_SMALLEST = 0.0005
"""Drivers that move no shown series by a twentieth of a percentage point go into the remainder."""


@dataclass(frozen=True, slots=True)
class Reasons:
    """Contributions to the difference of the means in percentage points.

    Parameters
    ----------
    series
        Labels of the columns.
    rows
        Driver and its cells, largest first. A driver is a label, or the key of a word of the report.
    total
        Sum of all drivers: the difference of the means.
    """

    series: tuple[Label, ...]
    rows: tuple[tuple[Label | str, tuple[Cell, ...]], ...]
    total: tuple[Cell, ...]


def attribution_reasons(run: Run, scenario: str, month: int) -> Reasons | None:
    """Lay out the attribution of one scenario at one month; None if the run holds none for it."""
    return _laid_out(run, series_contributions(run, scenario, month))


def further_reasons(run: Run, scenario: str, by: str) -> Reasons | None:
    """Lay out another decomposition of the difference of means at the horizon; None if the run holds none.

    Parameters
    ----------
    run, scenario
        The run, and the scenario's id.
    by
        ``condition`` or ``shock``.
    """
    found = contributions_of(run, by, scenario)
    return _laid_out(run, {name: found[name] for name in _SERIES if name in found})


def _laid_out(run: Run, parts: Mapping[str, Mapping[str, float]]) -> Reasons | None:
    series = [name for name in _SERIES if name in parts]
    if not series:
        return None
    drivers = list(dict.fromkeys(driver for name in series for driver in parts[name]))
    size = {driver: max(abs(parts[name].get(driver, 0.0)) for name in series) for driver in drivers}
    shown = sorted((driver for driver in drivers if size[driver] >= _SMALLEST), key=lambda driver: -size[driver])
    table = [(_driver(driver), [parts[name].get(driver, 0.0) for name in series]) for driver in shown]
    rest = [sum(value for driver, value in parts[name].items() if driver not in shown) for name in series]
    if len(shown) < len(drivers):
        table.append(("driver_rest", rest))
    reach = max((size[driver] for driver in shown), default=1.0)
    totals = [sum(parts[name].values()) for name in series]
    return Reasons(
        series=tuple(label_of(name, run.kinds[run.outputs.index(name)]) for name in series),
        rows=tuple((driver, tuple(_cell(value, reach) for value in values)) for driver, values in table),
        total=tuple(_cell(value, max(map(abs, totals))) for value in totals),
    )


def series_contributions(run: Run, scenario: str, month: int) -> Mapping[str, Mapping[str, float]]:
    """Contributions by series and driver of one scenario at one month, for the series that the report explains."""
    return _by_scenario(run, month).get(scenario, {})


def driver_text(driver: str) -> Mapping[Language, str]:
    """Name of a driver by language."""
    found = _driver(driver)
    return vocabulary()[found] if isinstance(found, str) else found.names


@lru_cache(maxsize=1)
def _by_scenario(run: Run, month: int) -> Mapping[str, Mapping[str, Mapping[str, float]]]:
    """Read the attribution once for all scenarios: a run of thirty has half a million entries."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    entries = run.attribution
    wanted = [place for place, when in enumerate(entries.month) if when == month]
    for place in wanted:
        if (name := entries.series[place]) in _SERIES:
            parts = found.setdefault(entries.scenario[place], {}).setdefault(name, {})
            parts[entries.driver[place]] = entries.contribution[place]
    return found


def _driver(driver: str) -> Label | str:
    return f"driver_{driver}" if f"driver_{driver}" in vocabulary() else named(driver)


def _cell(value: float, reach: float) -> Cell:
    return Cell(label_of("topix", "index").style.change(value), shade=shade(value, "change", (-reach, reach)))
