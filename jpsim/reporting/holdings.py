"""The book of a run as its folder keeps it: risk in each scenario, and what each position adds to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jpsim.reporting.labels import label_of
from jpsim.reporting.page import Text
from jpsim.runs import Driver, Hedge, Run

__all__ = ["BookInScenario", "Position", "book_in_scenario"]

_COMPONENTS, _DRIVERS, _HEDGES = "components.parquet", "drivers.parquet", "hedges.parquet"


@dataclass(frozen=True, slots=True)
class Position:
    """A position in one scenario and month.

    Parameters
    ----------
    name
        Its id in the book.
    series
        Names of the series it follows.
    weight
        At month 0, as a share of the capital.
    component, error
        What it adds to the book's ES 95 %, and the Monte Carlo error of that.
    marginal
        Change of that ES for a unit more of weight.
    """

    name: str
    series: Text
    weight: float
    component: float
    error: float
    marginal: float


@dataclass(frozen=True, slots=True)
class BookInScenario:
    """The book in one scenario at one month.

    Parameters
    ----------
    scenario
        Position of the scenario.
    month
        Months after `as_of`.
    told
        What the diagnostics say: capital, currency, drawdown, breaches.
    statistics
        Statistic to value and Monte Carlo error, as shares of the capital.
    positions
        Largest contribution to ES 95 % first.
    drivers
        What adds most to ES 95 % first; empty where the run leaves months out.
    hedges
        The best hedges of one instrument, of two, and so on; empty where the run asks for none.
    """

    scenario: int
    month: int
    told: Mapping[str, Any]
    statistics: Mapping[str, tuple[float, float]]
    positions: tuple[Position, ...]
    drivers: tuple[Driver, ...]
    hedges: tuple[Hedge, ...]

    @property
    def shortfall(self) -> float:
        """ES 95 %, to which the components add up."""
        return self.statistics["es95"][0]


def book_in_scenario(run: Run, scenario: int, month: int) -> BookInScenario | None:
    """Read the book in one scenario; None where the run has no book."""
    if "portfolio" not in run.outputs:
        return None
    place = scenario, run.outputs.index("portfolio"), run.place(month)
    names = ("mean", "sd", "q05", "q50", "q95", "p_loss", "var95", "es95", "var99", "es99")
    return BookInScenario(
        scenario=scenario,
        month=month,
        told=run.diagnostics[run.scenarios[scenario]].get("portfolio", {}),
        statistics={name: (float(run.statistics[name][place]), float(run.errors[name][place])) for name in names},
        positions=_positions(run, run.scenarios[scenario], month),
        drivers=run[run.scenarios[scenario]].portfolio.drivers(month) if _DRIVERS in run.tables else (),
        hedges=run[run.scenarios[scenario]].portfolio.hedges() if _HEDGES in run.tables else (),
    )


def _positions(run: Run, scenario: str, month: int) -> tuple[Position, ...]:
    if _COMPONENTS not in run.tables:
        return ()
    found = [
        Position(one.position, label_of(one.series, "series").names, one.weight, float(one.component),
                 one.component.se, one.marginal)
        for one in run[scenario].portfolio.components(month)
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda position: -abs(position.component)))
