"""Books read from files: every line is either a position or an error that names it."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from jpsim.analysis.books.book import CURRENCIES, REBALANCINGS, Book, Currency, Position
from jpsim.analysis.books.cells import Cells, parse_cells, read_cells
from jpsim.analysis.books.listing import Listing, read_listing, sector_series
from jpsim.errors import InputError, Place, Problem

__all__ = ["parse_book", "read_book"]

_COLUMNS = ("id", "code", "sector33", "weight", "amount", "currency", "name")
_SETTINGS = ("codes", "rebalancing", "capital")
_CODE = re.compile(r"[0-9][0-9A-Z][0-9][0-9A-Z]5?")  # four characters; a preferred share has a 5 behind them
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", re.ASCII)
_MOST_PROBLEMS = 50
_SUM_TOLERANCE = 1e-6
_SHOWN = 60  # characters of a cell that a message repeats


def read_book(path: Path, known: Collection[str]) -> Book:
    """Read a book: a line for each position, with an id or a code, and a weight or an amount.

    Columns are ``id`` (any equity series) and/or ``code`` (of a listed issue), ``weight`` (share of the
    capital; ``12%`` is 0.12) or ``amount``, and optionally ``currency`` (``JPY``, ``USD hedged``,
    ``USD unhedged``), ``sector33`` (of a code) and ``name`` (not used). Negative numbers are sold short.
    Lines ``# codes: FILE``, ``# rebalancing: none|monthly`` above the head name the list of issues and say
    what becomes of the weights; Parquet files say so in their metadata. Amounts become shares of the sum of
    all amounts, each taken as positive.

    Parameters
    ----------
    path
        CSV, ``.xlsx``, ``.xls`` or ``.parquet``.
    known
        Ids of the series that the model has.

    Raises
    ------
    InputError
        All problems of the book at once, each with its line and column.
    """
    return _book(read_cells(path), known, path.parent)


def parse_book(text: str, source: str, known: Collection[str]) -> Book:
    """Read a book from text, as `read_book` does; a list of issues is looked for in the working directory."""
    return _book(parse_cells(text, source), known, Path())


@dataclass(slots=True)
class _Reader:
    """What is known while a book is read, and the problems so far."""

    cells: Cells
    known: Collection[str]
    listing: Listing | None
    column: dict[str, int]
    problems: list[Problem] = field(default_factory=list)

    def said(self, row: tuple[str, ...], name: str) -> str:
        return row[self.column[name]] if name in self.column else ""

    def refuse(self, found: str, line: int, name: str | None = None, **rest: Any) -> None:
        column = None if name is None else self.column[name]
        self.problems.append(Problem(found, self.cells.place(line, column), **rest))


def _book(cells: Cells, known: Collection[str], folder: Path) -> Book:
    problems = [*_setting_problems(cells), *_head_problems(cells)]
    if problems:
        raise InputError(problems)
    column = {name: place for place, name in enumerate(cells.head)}
    reader = _Reader(cells, known, _listing(cells, folder), column)
    if not cells.rows:
        reader.refuse("the book is empty", cells.line, allowed="at least one position")
    positions = [one for line, row in cells.rows if (one := _position(reader, line, row)) is not None]
    _refuse_repeated(reader, positions)
    _refuse_mixed(reader, positions)
    if reader.problems:
        raise InputError(_shortened(reader.problems, cells))
    rebalancing = next(kind for kind in REBALANCINGS if kind == cells.settings.get("rebalancing", (0, "none"))[1])
    capital = _number(cells.settings["capital"][1]) if "capital" in cells.settings else None
    return _weighed(reader, [position for _, position in positions], rebalancing, capital)


def _setting_problems(cells: Cells) -> Iterator[Problem]:
    for key, (line, value) in cells.settings.items():
        place = Place(cells.source, line)
        if key not in _SETTINGS:
            yield Problem(f"no setting is called {key!r}", place, ", ".join(_SETTINGS), _nearest(key, _SETTINGS))
        elif key == "rebalancing" and value not in REBALANCINGS:
            yield Problem(f"rebalancing: {value[:_SHOWN]!r}", place, " or ".join(REBALANCINGS))
        elif key == "capital" and not (_number(value) or 0.0) > 0.0:
            yield Problem(f"capital: {value[:_SHOWN]!r}", place, "a positive number")


def _head_problems(cells: Cells) -> Iterator[Problem]:
    for place, name in enumerate(cells.head):
        if name not in _COLUMNS:
            found = f"no column of a book is called {name[:_SHOWN]!r}"
            yield Problem(found, cells.place(cells.line, place), ", ".join(_COLUMNS), _nearest(name, _COLUMNS))
    if "id" not in cells.head and "code" not in cells.head:
        yield Problem("the book has no column id or code", cells.place(cells.line), "id, code or both")
    if ("weight" in cells.head) == ("amount" in cells.head):
        yield Problem("a book has a column weight or a column amount, and not both", cells.place(cells.line))


def _listing(cells: Cells, folder: Path) -> Listing | None:
    if "codes" not in cells.settings:
        return None
    line, name = cells.settings["codes"]
    try:
        return read_listing(folder / name)
    except InputError as error:
        problem = Problem(f"its list of issues {name} cannot be used", Place(cells.source, line))
        raise InputError([problem, *error.problems]) from None


def _position(reader: _Reader, line: int, row: tuple[str, ...]) -> tuple[int, Position] | None:
    before = len(reader.problems)
    name, series = _held(reader, line, row)
    size, currency = _size(reader, line, row), _currency(reader, line, row)
    if len(reader.problems) > before:
        return None
    return line, Position(name, series, size, currency)


def _held(reader: _Reader, line: int, row: tuple[str, ...]) -> tuple[str, str]:
    """Name of a position and the series that it earns."""
    name, code = reader.said(row, "id"), reader.said(row, "code").upper()
    if bool(name) == bool(code):
        found = "both an id and a code" if name else "neither an id nor a code"
        reader.refuse(found, line, "id" if "id" in reader.column else "code", allowed="one of them on each line")
    elif code:
        return code, _series_of_code(reader, line, row, code)
    elif name not in reader.known:
        found, fix = f"the model has no series {name[:_SHOWN]!r}", _nearest(name, reader.known)
        reader.refuse(found, line, "id", allowed="ids of indices, sectors, sizes, segments and themes", fix=fix)
    return name, name


def _series_of_code(reader: _Reader, line: int, row: tuple[str, ...], code: str) -> str:
    """Sector of a listed issue, by the line itself or by the list of issues."""
    stated = reader.said(row, "sector33")
    if not _CODE.fullmatch(code):
        reader.refuse(f"{code[:_SHOWN]!r} is no code of a listed issue", line, "code", allowed="such as 7203 or 130A")
    elif not stated and reader.listing is None:
        fix = "add a column sector33, or a line '# codes: FILE' above the head that names a list of issues"
        reader.refuse(f"code {code} has no sector", line, "code", fix=fix)
    elif not stated and reader.listing is not None and code not in reader.listing:
        reader.refuse(f"code {code} is not in the list of issues", line, "code", fix="add a column sector33")
    else:
        sector = stated or (reader.listing or {})[code]
        series = sector_series(sector)
        if series is not None and series in reader.known:
            return series
        found = f"code {code} has the sector {sector[:_SHOWN]!r}, which is none of the 33 of the model"
        reader.refuse(found, line, "sector33" if stated else "code", allowed="tse33_banks, 7050 or 銀行業")
    return code


def _size(reader: _Reader, line: int, row: tuple[str, ...]) -> float:
    column = "weight" if "weight" in reader.column else "amount"
    said = reader.said(row, column)
    share = said.removesuffix("%").rstrip() if column == "weight" else said
    number = _number(share)
    if number is None:
        found = f"{said[:_SHOWN]!r} is no {column}" if said else f"the {column} is missing"
        reader.refuse(found, line, column, allowed="0.12 or 12%" if column == "weight" else "1500000 or -2,000,000")
        return 0.0
    return number / 100.0 if share != said else number


def _currency(reader: _Reader, line: int, row: tuple[str, ...]) -> Currency:
    said = reader.said(row, "currency")
    plain = re.sub(r"[\s_()-]+", " ", said).strip().lower()
    for currency in CURRENCIES:
        if plain == currency.lower():
            return currency
    if "currency" in reader.column:
        found = f"{said[:_SHOWN]!r} is no currency of a book" if said else "the currency is missing"
        fix = "say whether USD is hedged" if plain == "usd" else None
        reader.refuse(found, line, "currency", allowed=", ".join(CURRENCIES), fix=fix)
    return "JPY"


def _refuse_repeated(reader: _Reader, positions: list[tuple[int, Position]]) -> None:
    first: dict[tuple[str, str], int] = {}
    for line, position in positions:
        key = position.name, position.currency
        if key in first:
            column = "code" if position.name != position.series else "id"
            found = f"{position.name} stands here again, as on line {first[key]}"
            reader.refuse(found, line, column, fix="add the two lines up")
        first.setdefault(key, line)


def _refuse_mixed(reader: _Reader, positions: list[tuple[int, Position]]) -> None:
    """Refuse books in two currencies: their returns have no common unit."""
    for line, position in positions:
        if position.currency[:3] != positions[0][1].currency[:3]:
            found = f"{position.currency} in a book that starts in {positions[0][1].currency}"
            reader.refuse(found, line, "currency", allowed="JPY on all lines, or USD (hedged or not) on all")
            return


def _weighed(reader: _Reader, positions: list[Position], rebalancing: Any, capital: float | None) -> Book:
    """Turn amounts into weights, and check what weights sum to."""
    cells, sizes = reader.cells, [position.weight for position in positions]
    gross, net = math.fsum(map(abs, sizes)), math.fsum(sizes)
    column = "amount" if "amount" in reader.column else "weight"
    if gross == 0.0:
        raise InputError(Problem(f"every {column} is 0", cells.place(cells.line, reader.column[column])))
    if column == "amount":
        weighed = (Position(one.name, one.series, one.weight / gross, one.currency) for one in positions)
        return Book(tuple(weighed), rebalancing, gross)
    if min(sizes) >= 0.0 and abs(net - 1.0) > _SUM_TOLERANCE:
        fix = "write 12% or 0.12 for twelve percent" if abs(net - 100.0) < 1.0 else f"add {1.0 - net:+.6g}, or scale"
        found = f"the weights sum to {net:.8g}"
        raise InputError(Problem(found, cells.place(cells.line, reader.column[column]), "a sum of 1", fix))
    return Book(tuple(positions), rebalancing, capital)


def _number(said: str) -> float | None:
    """Read a plain finite number, ``1,234.5`` included; None for anything else."""
    plain = said.replace(",", "") if _GROUPED.fullmatch(said) else said
    number = float(plain) if _NUMBER.fullmatch(plain) else math.nan
    return number if math.isfinite(number) else None


def _nearest(name: str, known: Collection[str]) -> str | None:
    near = get_close_matches(name, known, 1)
    return f"did you mean {near[0]}?" if near else None


def _shortened(problems: list[Problem], cells: Cells) -> list[Problem]:
    """Keep the first problems of a long book and say how many more there are."""
    if len(problems) <= _MOST_PROBLEMS:
        return problems
    more = Problem(f"and {len(problems) - _MOST_PROBLEMS:,} more problems", Place(cells.source))
    return [*problems[:_MOST_PROBLEMS], more]
