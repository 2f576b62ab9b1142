"""The best hedges of a book for the terminal."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from jpsim.analysis.books import HedgeChoice, Hedges
from jpsim.days import Instant, steps_after
from jpsim.runs import Estimate

__all__ = ["hedge_table"]

_MEASURES = {"es95": "expected shortfall at 95 %", "variance": "variance"}


def hedge_table(found: Hedges, as_of: Instant) -> RenderableType:
    """Lay the best hedges of a book out for a terminal.

    Parameters
    ----------
    found
        The hedges.
    as_of
        Month 0.

    Returns
    -------
    rich renderable
    """
    when = f"{found.month} {steps_after(as_of)} after {as_of} ({as_of + found.month})"
    title = Text.assemble((found.scenario, "bold"), f", {when}: hedges of least {_MEASURES[found.measure]}")
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("hedge", overflow="fold")
    for name in ("size", "ES95", "change", "sd", "mean"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_row("none", "", *_risk(found.es95), "", *_risk(found.sd), *_risk(found.mean), end_section=True)
    for choice in found.choices:
        _add(table, choice)
    return Group(title, table, Text(_footing(found), style="dim"))


def _add(table: Table, choice: HedgeChoice) -> None:
    for place, (name, size, error) in enumerate(zip(choice.series, choice.sizes, choice.size_errors, strict=True)):
        own = f"{_signed(100 * size)}% ±{100 * error:.1f}"
        risk = ("", "", "", "")
        if place == 0:
            saved = f"{_signed(100 * choice.saved.value)} ±{100 * choice.saved.se:.1f}"
            risk = (*_risk(choice.es95), saved, *_risk(choice.sd), *_risk(choice.mean))
        last = place == len(choice.series) - 1
        table.add_row(f"{'sell' if size < 0 else 'buy'} {name}", own, *risk, end_section=last)


def _risk(number: Estimate) -> tuple[str]:
    return (f"{_signed(100 * float(number)).removeprefix('+')} ±{100 * number.se:.1f}",)


def _signed(number: float) -> str:
    return f"{number:+.1f}".replace("-", "−")


def _footing(found: Hedges) -> str:
    of = f" of {found.capital:,.0f} {found.currency}" if found.capital is not None else ""
    return (
        f"Sizes are shares of the book's capital{of}, as futures that earn the price return; chosen among "
        f"{len(found.among)} series. ES95 (positive for a loss), sd and mean are in % of the capital, on paths on "
        "which the sizes were not fitted. ± is one error; of a size, from two halves of the paths."
    )
