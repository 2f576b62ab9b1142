"""The book of a run in one scenario, as one object: for reports and for Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jpsim.days import Instant
from jpsim.errors import InputError, Problem
from jpsim.runs.estimate import Estimate
from jpsim.runs.plots import plot_drivers

if TYPE_CHECKING:
    from jpsim.runs.outcomes import ScenarioResult

__all__ = ["Breach", "Component", "Driver", "Hedge", "Portfolio", "portfolio_of"]


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
class Driver:
    """What one driver brings to the book: shares of the capital, losses positive for the three measures of risk.

    Parameters
    ----------
    driver
        A factor, an impulse channel, or another name that `drivers.parquet` has.
    mean
        Its part of the mean gain.
    var95, es95, es99
        Its parts of value at risk and of expected shortfall.
    """

    driver: str
    mean: float
    var95: float
    es95: Estimate
    es99: Estimate


@dataclass(frozen=True, slots=True)
class Hedge:
    """One of the best hedges, which the run found at its horizon.

    Parameters
    ----------
    legs
        Series to what is bought of it as futures, a share of the capital, negative if sold.
    before, es95
        Expected shortfall at 95 % without the hedge, and with it on paths on which its ratios were not fitted.
    saved
        ``es95`` less ``before``; both come from the same paths, and the error knows it.
    """

    legs: dict[str, Estimate]
    before: Estimate
    es95: Estimate
    saved: Estimate


@dataclass(frozen=True, slots=True)
class Breach:
    """Probability of losing more than a limit's number by a month."""

    month: int
    loss: float
    probability: Estimate


@dataclass(frozen=True, slots=True, repr=False)
class Portfolio:
    """A run's book in one scenario.

    Parameters
    ----------
    result
        The scenario.
    positions, proxied
        Number of positions, and of the single stocks among them that carry no risk of their own.
    currency, capital, rebalancing
        As the book states them; capital is None if it names none.
    net, gross
        Sum of the weights, and of their sizes.
    """

    result: ScenarioResult
    positions: int
    proxied: int
    currency: str
    capital: float | None
    rebalancing: str
    net: float
    gross: float

    @property
    def drawdown(self) -> dict[str, Estimate]:
        """``mean``, ``q50``, ``q95`` and ``q99`` of the deepest fall between month ends up to the horizon."""
        return {name: Estimate(one["value"], one["se"]) for name, one in _told(self.result)["drawdown"].items()}

    @property
    def breaches(self) -> tuple[Breach, ...]:
        """Probabilities of losing more than the limits on the portfolio name."""
        return tuple(
            Breach(one["month"], one["loss"], Estimate(one["probability"], one["se"]))
            for one in _told(self.result)["breaches"]
        )

    def components(self, at: int | str | Instant | None = None) -> tuple[Component, ...]:
        """Positions and what they add to the shortfall, from the largest to the most negative.

        They sum to ``es95`` of the series ``portfolio`` at that month, the last by default.
        """
        return tuple(
            Component(row["position"], row["series"], row["currency"], row["weight"],
                      Estimate(row["component"], row["component_se"]), row["marginal"])
            for row in self._rows("components.parquet", at, "component")
        )  # fmt: skip

    def drivers(self, at: int | str | Instant | None = None) -> tuple[Driver, ...]:
        """What drives gain and loss, from what adds most to the shortfall to what takes most from it.

        Each number sums over the drivers to that of the series ``portfolio`` at that month, the last by default.
        """
        return tuple(
            Driver(row["driver"], row["mean"], row["var95"], Estimate(row["es95"], row["es95_se"]),
                   Estimate(row["es99"], row["es99_se"]))
            for row in self._rows("drivers.parquet", at, "es95")
        )  # fmt: skip

    def hedges(self) -> tuple[Hedge, ...]:
        """The best hedges of one, two and three instruments at the horizon; InputError if the run asks for none."""
        table = self.result.run.tables.get("hedges.parquet")
        if table is None:
            fix = "run with hedges: true, or ask jpsim.hedge"
            raise InputError(Problem(f"{self.result.run.run_id} stores no hedges", fix=fix))
        found: dict[int, list[dict[str, Any]]] = {}
        for row in table.to_pylist():
            if row["scenario"] == self.result.scenario:
                found.setdefault(row["instruments"], []).append(row)
        return tuple(map(_hedge, found.values()))

    def plot(self, at: int | str | Instant | None = None, *, most: int = 8, ax: Any = None) -> Any:
        """Draw the expected shortfall by driver as a waterfall (matplotlib); returns the Axes."""
        parts = {one.driver: float(one.es95) for one in self.drivers(at)}
        return plot_drivers(parts, self.result.scenario, self._month(at), most, ax)

    def _month(self, at: int | str | Instant | None) -> int:
        run = self.result.run
        return self.result["portfolio"].at(run.horizon if at is None else at).month

    def _rows(self, table: str, at: int | str | Instant | None, order: str) -> list[dict[str, Any]]:
        import pyarrow.compute as pc

        run, month = self.result.run, self._month(at)
        if table not in run.tables:
            found = f"{run.run_id} leaves months out, so that its book's losses are not taken apart by driver"
            raise InputError(Problem(found, fix="run without report_at"))
        chosen = (pc.field("scenario") == self.result.scenario) & (pc.field("month") == month)
        rows: list[dict[str, Any]] = run.tables[table].filter(chosen).sort_by([(order, "descending")]).to_pylist()
        return rows

    def __repr__(self) -> str:
        last = self.result["portfolio"].at(self.result.run.horizon)
        return f"<portfolio of {self.positions} positions, {self.currency}: {last!r}>"

    def _repr_html_(self) -> str:
        return self.result["portfolio"].at(self.result.run.horizon)._repr_html_()


def _hedge(legs: list[dict[str, Any]]) -> Hedge:
    first = legs[0]
    ratios = {leg["series"]: Estimate(leg["ratio"], leg["ratio_se"]) for leg in legs}
    return Hedge(ratios, *(Estimate(first[name], first[f"{name}_se"]) for name in ("es95_before", "es95", "saved")))


def portfolio_of(result: ScenarioResult) -> Portfolio:
    """Return the book of a run in a scenario; InputError if the run has none."""
    if "components.parquet" not in result.run.tables:
        found = f"{result.run.run_id} has no portfolio"
        raise InputError(Problem(found, fix="name a book's file under portfolio in the run file"))
    told = _told(result)
    names = ("positions", "proxied", "currency", "capital", "rebalancing", "net", "gross")
    return Portfolio(result, *(told[name] for name in names))


def _told(result: ScenarioResult) -> dict[str, Any]:
    told: dict[str, Any] = result.run.diagnostics[result.scenario]["portfolio"]
    return told
