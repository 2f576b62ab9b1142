"""The book: profit and loss, value at risk and shortfall, drawdown, limits' odds, and what each position adds."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from jpsim.reporting.density import DensityChart, density_chart
from jpsim.reporting.holdings import BookInScenario, book_in_scenario
from jpsim.reporting.labels import label_of
from jpsim.reporting.page import Page

__all__ = ["book_section"]

_ROWS = ("mean", "sd", "q05", "q50", "q95", "p_loss", "var95", "es95", "var99", "es99")
_MOST = 20
"""Positions shown; a larger book's others are summed in one row."""


@dataclass(frozen=True, slots=True)
class _Held:
    """The book in one scenario, its density, and the row that sums the positions not shown."""

    book: BookInScenario
    density: DensityChart | None
    reach: float

    @property
    def rest(self) -> tuple[int, float, float]:
        """Number, weight and component of the positions not shown."""
        others = self.book.positions[_MOST:]
        return len(others), sum(one.weight for one in others), sum(one.component for one in others)


def book_section(page: Page) -> Markup:
    """Lay out the book in each scenario; nothing where the run has none."""
    run = page.run
    found = [book_in_scenario(run, scenario, run.horizon) for scenario in range(len(run.scenarios))]
    books = [book for book in found if book is not None]
    if not books:
        return Markup()
    label = label_of("portfolio", "portfolio")
    held = [_Held(book, density_chart(run, book.scenario, label, run.horizon), _reach(book)) for book in books]
    return page.render("sections/book.html.j2", held=held, rows=_ROWS, most=_MOST, told=books[0].told, few=page.few)


def _reach(book: BookInScenario) -> float:
    return max((abs(position.component) for position in book.positions), default=0.0) or 1.0
