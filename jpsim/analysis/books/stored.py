"""The book of a stored run, as one object: for reports and for Python."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from jpsim.analysis.books.requests import PORTFOLIO
from jpsim.runs import Estimate, Run

__all__ = ["Breach", "Component", "StoredBook", "stored_book"]


@dataclass(frozen=True, slots=True)
class Component:
    """What one position adds to the expected shortfall at 95 %.

    Parameters
    ----------
    position, series, currency, weight
        The position: its label, the series that it earns, and its share of the capital.
    component, marginal
        Its part of the shortfall, and the change for a unit more of weight; both are shares of the capital.
    """

    position: str
    series: str
    currency: str
    weight: float
    component: Estimate
    marginal: float


@dataclass(frozen=True, slots=True)
class Breach:
    """Probability of losing more than a limit's number by a month."""

    month: int
    loss: float
    probability: Estimate


@dataclass(frozen=True, slots=True)
class StoredBook:
    """A run's book.

    Parameters
    ----------
    run
        The run.
    positions, proxied
        Number of positions, and of the single stocks among them that carry no risk of their own.
    currency, capital, rebalancing
        As the book states them; capital is None if it names none.
    net, gross
        Sum of the weights, and of their sizes.
    """

    run: Run = field(repr=False)
    positions: int
    proxied: int
    currency: str
    capital: float | None
    rebalancing: str
    net: float
    gross: float

    def drawdown(self, scenario: str) -> dict[str, Estimate]:
        """``mean``, ``q50``, ``q95`` and ``q99`` of the deepest fall between month ends up to the horizon."""
        told = self._told(scenario)["drawdown"]
        return {name: Estimate(number["value"], number["se"]) for name, number in told.items()}

    def breaches(self, scenario: str) -> tuple[Breach, ...]:
        """Probabilities of losing more than the limits on the portfolio name."""
        return tuple(
            Breach(one["month"], one["loss"], Estimate(one["probability"], one["se"]))
            for one in self._told(scenario)["breaches"]
        )

    def components(self, scenario: str, month: int) -> tuple[Component, ...]:
        """Positions and what they add to the shortfall, from the largest to the most negative.

        They sum to ``es95`` of the series ``portfolio`` in that scenario and month.
        """
        import pyarrow.compute as pc

        chosen = (pc.field("scenario") == scenario) & (pc.field("month") == month)
        rows = self.run.tables["components.parquet"].filter(chosen).sort_by([("component", "descending")]).to_pylist()
        return tuple(
            Component(row["position"], row["series"], row["currency"], row["weight"],
                      Estimate(row["component"], row["component_se"]), row["marginal"])
            for row in rows
        )  # fmt: skip

    def _told(self, scenario: str) -> dict[str, Any]:
        told: dict[str, Any] = self.run.diagnostics[self.run[scenario].scenario][PORTFOLIO]
        return told


def stored_book(run: Run) -> StoredBook | None:
    """Return the book of a run; None if it has none."""
    if "components.parquet" not in run.tables:
        return None
    told = run.diagnostics[run.scenarios[0]][PORTFOLIO]
    return StoredBook(
        run, told["positions"], told["proxied"], told["currency"], told["capital"], told["rebalancing"], told["net"],
        told["gross"],
    )  # fmt: skip
