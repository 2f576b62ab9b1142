"""The book: profit and loss, value at risk and shortfall, drawdown, limits' odds, what positions and drivers add."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from jpsim.reporting.density import DensityChart, density_chart
from jpsim.reporting.holdings import BookInScenario, book_in_scenario
from jpsim.reporting.labels import label_of
from jpsim.reporting.page import Page, Text
from jpsim.reporting.waterfall import SMALLEST, Waterfall, driver_names, shortfall_chart
from jpsim.runs import Driver

__all__ = ["book_section"]

_ROWS = ("mean", "sd", "q05", "q50", "q95", "p_loss", "var95", "es95", "var99", "es99")
_MOST = 20
"""Positions shown; a larger book's others are summed in one row."""


@dataclass(frozen=True, slots=True)
class _Held:
    """The book in one scenario, its density, the row that sums the positions not shown, and its drivers."""

    book: BookInScenario
    density: DensityChart | None
    reach: float
    falls: tuple[Waterfall, ...]

    @property
    def rest(self) -> tuple[int, float, float]:
        """Number, weight and component of the positions not shown."""
        others = self.book.positions[_MOST:]
        return len(others), sum(one.weight for one in others), sum(one.component for one in others)

    def name_of(self, series: str) -> Text:
        """Names of a series."""
        return label_of(series, "series").names

    @property
    def driver_rows(self) -> list[tuple[Text, float, float, float, float]]:
        """Names, mean, value at risk, shortfall and its error of each driver that matters; the others in one row."""
        shown = [one for one in self.book.drivers if _matters(one)]
        others = [one for one in self.book.drivers if not _matters(one)]
        rows = [(driver_names(one.driver), one.mean, one.var95, float(one.es95), one.es95.se) for one in shown]
        if others:
            sums = (sum(float(getattr(one, name)) for one in others) for name in ("mean", "var95", "es95"))
            mean, var, component = sums
            rows.append((driver_names("rest"), mean, var, component, 0.0))
        return rows


def book_section(page: Page) -> Markup:
    """Lay out the book in each scenario; nothing where the run has none."""
    run = page.run
    found = [book_in_scenario(run, scenario, run.horizon) for scenario in range(len(run.scenarios))]
    books = [book for book in found if book is not None]
    if not books:
        return Markup()
    label = label_of("portfolio", "portfolio")
    held = [
        _Held(book, density_chart(run, book.scenario, label, run.horizon), _reach(book), _falls(page, book))
        for book in books
    ]
    return page.render("sections/book.html.j2", held=held, rows=_ROWS, most=_MOST, told=books[0].told, few=page.few)


def _reach(book: BookInScenario) -> float:
    return max((abs(position.component) for position in book.positions), default=0.0) or 1.0


def _falls(page: Page, book: BookInScenario) -> tuple[Waterfall, ...]:
    chart = shortfall_chart(page.run, book.scenario, book.month)
    return () if chart is None else (chart,)


def _matters(one: Driver) -> bool:
    return max(abs(one.mean), abs(one.var95), abs(float(one.es95))) >= SMALLEST
