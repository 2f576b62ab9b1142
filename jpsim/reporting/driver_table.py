"""What drives the expected shortfall of a run's book, for the terminal."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from jpsim.days import steps_after
from jpsim.reporting.labels import Language, share_error
from jpsim.reporting.story import vocabulary
from jpsim.reporting.waterfall import driver_names
from jpsim.runs import Run

__all__ = ["driver_table"]

_MOST = 9
_NAME, _COLUMN, _WIDEST = 30, 14, 20


def driver_table(run: Run, *, width: int = 80, language: Language = "en") -> RenderableType | None:
    """Lay out the drivers of a book's expected shortfall, a column for each scenario; None without such a book.

    Parameters
    ----------
    run
        The run.
    width
        Columns of the terminal. Where not all scenarios have room, those with the largest shortfall are shown.
    language
        Of the names.
    """
    if "drivers.parquet" not in run.tables:
        return None
    found = {name: run[name].portfolio.drivers() for name in run.scenarios}
    total = {name: sum(float(one.es95) for one in drivers) for name, drivers in found.items()}
    most = max((width - _NAME) // _COLUMN, 1)
    shown = sorted(sorted(run.scenarios, key=lambda name: -total[name])[:most], key=run.scenarios.index)
    parts = {name: {one.driver: one.es95 for one in found[name]} for name in shown}
    order = sorted(parts[shown[0]], key=lambda driver: -max(abs(parts[name][driver]) for name in shown))
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("", no_wrap=True, max_width=_NAME)
    for name in shown:
        table.add_column(name, justify="right", no_wrap=True, max_width=_WIDEST if len(shown) == 1 else _COLUMN)
    for driver in order[:_MOST]:
        cells = [f"{_signed(parts[name][driver])} ±{share_error(parts[name][driver].se)}" for name in shown]
        table.add_row(driver_names(driver)[language], *cells)
    rest = [_signed(sum(float(parts[name][driver]) for driver in order[_MOST:])) for name in shown]
    table.add_row(vocabulary()["driver_rest"][language], *rest, end_section=True)
    table.add_row(vocabulary()["book_es95"][language], *(f"{100 * total[name]:.1f}" for name in shown))
    left = len(run.scenarios) - len(shown)
    when = f"{run.horizon} {steps_after(run.as_of)} after {run.as_of}"
    told = f"What drives the portfolio's loss: parts of its ES95, {when}, in % of its capital"
    note = f"{left} scenarios with smaller shortfalls are left out." if left else ""
    return Group(Text(told, style="bold"), table, *([Text(note, style="dim")] if note else []))


def _signed(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", "−")
