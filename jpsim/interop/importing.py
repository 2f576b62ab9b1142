"""Other people's scenarios, read into scenario files of the grammar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from jpsim.dictionary import FactorEntry, factors
from jpsim.errors import InputError, Problem
from jpsim.interop.supervisory import is_supervisory, supervisory_conditions
from jpsim.interop.tables import Table, parse_date, parse_number, read_table_text
from jpsim.months import Month
from jpsim.scenario import When, load_scenario
from jpsim.units import ACCEPTED, Quantity, QuantityError, parse_quantity

__all__ = ["Imported", "import_scenario"]

_DATE_COLUMNS = ("date", "month", "when")
_WRITTEN_UNITS = ("price", "flow", "activity")

Levels = dict[str, dict[When, str]]


@dataclass(frozen=True, slots=True)
class Imported:
    """A scenario file made from a table.

    Parameters
    ----------
    text
        YAML; the grammar accepts it.
    left_out
        Columns and dates that it does not carry, and why.
    warnings
        What looks like a slip but may be meant.
    """

    text: str
    left_out: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def import_scenario(
    files: Sequence[Path],
    scenario_id: str,
    *,
    name: str | None = None,
    extends: str | None = None,
    after: Month | None = None,
    until: Month | None = None,
    equity_base: float | None = None,
) -> Imported:
    """Turn tables into a scenario with hard conditions.

    A table is either one of the Federal Reserve's supervisory scenarios (columns ``Scenario Name`` and
    ``Date``), or has dates in its first column and a column for each factor, called by its id. Bare numbers
    are in the dictionary's unit, empty cells say nothing.

    Parameters
    ----------
    files
        CSV files; their columns are put together.
    scenario_id
        Id of the new scenario.
    name
        Which scenario of a supervisory file is meant, if it has several.
    extends
        Scenario that it extends.
    after, until
        Dates outside this span are left out, such as those at or before month 0 or past a horizon.
    equity_base
        Level of the supervisory equity index at month 0; without it the index is left out, unless the files
        hold its history.

    Raises
    ------
    InputError
        All problems of the files at once.
    """
    tables = [read_table_text(path) for path in files]
    left_out: dict[str, str] = {}
    if all(is_supervisory(table) for table in tables):
        conditions, told = supervisory_conditions(tables, name, equity_base, left_out)
        title = told
    else:
        conditions, title = _plain_conditions(tables), f"Imported from {', '.join(path.name for path in files)}"
    kept = _within(conditions, after, until, left_out)
    if not kept:
        raise InputError("nothing is left of the tables: no date lies within the span")
    plain = _plain_scenario(scenario_id, title, extends, kept, [path.name for path in files])
    text = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=110)
    return Imported(text, left_out, _validate(text, scenario_id))


def _plain_scenario(
    scenario_id: str, title: str, extends: str | None, conditions: Levels, sources: list[str]
) -> dict[str, Any]:
    plain: dict[str, Any] = {"schema": "jpsim/scenario@1", "id": scenario_id, "title": {"en": title}}
    if extends is not None:
        plain["extends"] = extends
    plain["sources"] = sources
    plain["conditions"] = {
        factor: {_role(factor, levels): {str(when): text for when, text in levels.items()}}
        for factor, levels in conditions.items()
    }
    return plain


def _role(factor: str, levels: Mapping[When, str]) -> str:
    """Tell relative changes of an index from its levels by their per cent sign."""
    relative = factors()[factor].quantity in ("price", "index") and all(text.endswith("%") for text in levels.values())
    return "change" if relative else "level"


def _plain_conditions(tables: Sequence[Table]) -> Levels:
    found: Levels = {}
    problems: list[Problem] = []
    for table in tables:
        problems += _head_problems(table)
        if problems:
            continue
        for column, factor in enumerate(table.head[1:], start=1):
            if factor in found:
                problems.append(Problem(f"{factor} stands in two files", table.place(1, column)))
            found[factor] = _column_levels(table, column, factors()[factor], problems)
    if problems:
        raise InputError(problems)
    return {factor: levels for factor, levels in found.items() if levels}


def _head_problems(table: Table) -> list[Problem]:
    problems = []
    if table.head[0].lower() not in _DATE_COLUMNS:
        found = f"the first column is called {table.head[0]!r}"
        problems.append(Problem(found, table.place(1, 0), " or ".join(_DATE_COLUMNS)))
    for column, factor in enumerate(table.head[1:], start=1):
        if factor not in factors():
            near = get_close_matches(factor, factors(), 1)
            fix = f"did you mean {near[0]}?" if near else None
            problems.append(Problem(f"no factor is called {factor!r}", table.place(1, column), "ids of factors", fix))
    return problems


def _column_levels(table: Table, column: int, entry: FactorEntry, problems: list[Problem]) -> dict[When, str]:
    levels: dict[When, str] = {}
    for line, cells in table.rows:
        when = parse_date(cells[0])
        if when is None:
            if column == 1:
                allowed = "2026-07, 2026-07-31, 2026 Q3 or 3m"
                problems.append(Problem(f"{cells[0]!r} is no date", table.place(line, 0), allowed))
        elif when in levels:
            problems.append(Problem(f"{cells[0]} stands here again", table.place(line, 0)))
        elif cells[column]:
            try:
                levels[when] = _level_text(cells[column], entry)
            except QuantityError as error:
                problems.append(Problem(error.found, table.place(line, column), error.allowed, error.fix))
    return levels


def _level_text(cell: str, entry: FactorEntry) -> str:
    """Write a level so that the grammar reads it; a bare number is in the dictionary's unit."""
    written = entry.unit if entry.quantity in _WRITTEN_UNITS else ""
    number = parse_number(cell)
    if number is None:
        return parse_quantity(cell, entry.quantity, "level", entry.unit).text(written)
    canonical = next(iter(ACCEPTED[entry.quantity, "level"].values()))[0]
    text = Quantity(number, canonical).text(written)
    return parse_quantity(text, entry.quantity, "level", entry.unit).text(written)


def _within(conditions: Levels, after: Month | None, until: Month | None, left_out: dict[str, str]) -> Levels:
    kept: Levels = {}
    for factor, levels in conditions.items():
        for when, text in levels.items():
            if when.month is not None and after is not None and not after < when.month:
                left_out[str(when)] = f"not after {after}"
            elif when.month is not None and until is not None and until < when.month:
                left_out[str(when)] = f"after {until}"
            else:
                kept.setdefault(factor, {})[when] = text
    return kept


def _validate(text: str, scenario_id: str) -> tuple[str, ...]:
    """Load what was written; what the loader warns of is passed on."""
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / f"{scenario_id if scenario_id.isidentifier() else 'imported'}.yaml"
        path.write_text(text, encoding="utf-8")
        return tuple(warning.found for warning in load_scenario(path).warnings)
