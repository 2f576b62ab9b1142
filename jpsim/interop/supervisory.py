"""The Federal Reserve's supervisory scenarios: quarterly tables with `Scenario Name` and `Date`.

Yields are quarterly averages and stand at the middle month of their quarter; exchange rates and share prices
are values at the end of the quarter; the volatility index is the highest close of the quarter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from jpsim.errors import InputError, Place, Problem
from jpsim.interop.tables import Table, parse_date, parse_number
from jpsim.months import Month
from jpsim.scenario import When

__all__ = ["is_supervisory", "supervisory_conditions"]

_NAME, _DATE, _HISTORY = "scenario name", "date", "actual"
_LEVELS = {
    "10-year treasury yield": ("us_10y", "%", -1),
    "japan bilateral dollar exchange rate": ("usdjpy", " JPY", 0),
    "market volatility index": ("vix", "", 0),
}
_EQUITY = "dow jones total stock market index"

Levels = dict[str, dict[When, str]]


def is_supervisory(table: Table) -> bool:
    """Whether a table has the two columns of the Federal Reserve's files."""
    return {_NAME, _DATE} <= {_plain(name) for name in table.head}


def supervisory_conditions(
    tables: Sequence[Table], name: str | None, equity_base: float | None, left_out: dict[str, str]
) -> tuple[Levels, str]:
    """Conditions of one supervisory scenario, and its name; what has no factor goes to `left_out`.

    Raises
    ------
    InputError
        If the files hold several scenarios and none, or an unknown one, is named; or a cell is no number.
    """
    chosen = _chosen(tables, name)
    found: Levels = {}
    problems: list[Problem] = []
    base = equity_base
    for table in tables:
        for column, head in enumerate(map(_plain, table.head)):
            if head in (_NAME, _DATE):
                continue
            if head in _LEVELS:
                factor, unit, shift = _LEVELS[head]
                cells = _values(table, column, chosen, problems)
                found[factor] = {_when(month + shift): f"{value:.10g}{unit}" for month, value in cells.items()}
            elif head == _EQUITY:
                history = _values(table, column, _HISTORY, problems)
                base = base if base is not None or not history else history[max(history)]
                changes = _values(table, column, chosen, problems)
                _add_equity(found, changes, base, table.head[column], left_out)
            else:
                left_out[table.head[column]] = "no factor of the model corresponds to it"
    if problems:
        raise InputError(problems)
    return {factor: levels for factor, levels in found.items() if levels}, chosen


def _add_equity(
    found: Levels, levels: dict[Month, float], base: float | None, column: str, left_out: dict[str, str]
) -> None:
    if base is None:
        left_out[column] = "its level at month 0 is not known: give the equity base, or the historical file"
        return
    found["sp500"] = {_when(month): f"{100 * (level / base - 1):+.6g}%" for month, level in levels.items()}


def _chosen(tables: Sequence[Table], name: str | None) -> str:
    """Full name of the scenario that is meant, checked to be unique."""
    names = dict.fromkeys(cells[_column(table, _NAME)] for table in tables for _, cells in table.rows)
    known = [told for told in names if told.lower() != _HISTORY]
    meant = [told for told in known if name is None or name.lower() in told.lower()]
    exact = [told for told in meant if name is not None and told.lower() == name.lower()]
    if len(exact or meant) != 1:
        found = f"no scenario is called {name!r}" if not meant else "the files hold several scenarios"
        raise InputError(Problem(found, Place(tables[0].source), ", ".join(known), "name one of them"))
    return (exact or meant)[0]


def _values(table: Table, column: int, scenario: str, problems: list[Problem]) -> dict[Month, float]:
    """Values of one column by the last month of their quarter."""
    values = {}
    for line, cells in table.rows:
        if cells[_column(table, _NAME)].lower() != scenario.lower() or not cells[column]:
            continue
        when, number = parse_date(cells[_column(table, _DATE)]), parse_number(cells[column])
        if when is None or when.month is None:
            found = f"{cells[_column(table, _DATE)]!r} is no quarter"
            problems.append(Problem(found, table.place(line, _column(table, _DATE)), "2026 Q1"))
        elif number is None:
            problems.append(Problem(f"{cells[column]!r} is no number", table.place(line, column)))
        else:
            values[when.month] = number
    return values


def _column(table: Table, wanted: str) -> int:
    return [_plain(name) for name in table.head].index(wanted)


def _plain(head: str) -> str:
    """Name of a column without its unit in brackets."""
    return re.sub(r"\s*\(.*\)\s*$", "", head).strip().lower()


def _when(month: Month) -> When:
    return When(month=month)
