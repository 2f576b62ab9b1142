"""Books read from files: every line is either a position or an error that names it."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from jpsim.analysis.books.book import HEDGES, REBALANCINGS, Book, Position
from jpsim.analysis.books.cells import Cells, parse_cells, read_cells
from jpsim.analysis.books.derivatives import Option, vix_elasticity
from jpsim.analysis.books.lines import SHOWN, LineReader, nearest, read_position
from jpsim.analysis.books.listing import read_betas, read_listing
from jpsim.analysis.books.numbers import read_number
from jpsim.errors import InputError, Place, Problem
from jpsim.months import Month

__all__ = ["COLUMNS", "SETTINGS", "parse_book", "read_book"]

COLUMNS = (
    "id", "code", "sector33", "proxy", "beta", "volatility", "instrument", "strike", "expiry", "dividend_yield",
    "weight", "amount", "contracts", "multiplier", "level", "currency", "name",
)  # fmt: skip
SETTINGS = ("codes", "betas", "rebalancing", "hedge", "vix_elasticity", "capital")
_MOST_PROBLEMS = 50
_MOST_OPTIONS = 200
_SUM_TOLERANCE = 1e-6

Found = TypeVar("Found")


def read_book(path: Path, known: Collection[str], as_of: Month | None = None) -> Book:
    """Read a book: a line for each position, with an id or a code, and a weight, an amount or contracts.

    ``docs/portfolios.md`` has the columns and the lines above them. Negative numbers are sold short. Amounts become
    shares of the capital that the book states, or else of the sum of what is held, each amount taken as positive.

    Parameters
    ----------
    path
        CSV, ``.xlsx``, ``.xls`` or ``.parquet``.
    known
        Ids of the series that the model has.
    as_of
        Month 0; None if no line needs it.

    Raises
    ------
    InputError
        All problems of the book at once, each with its line and column.
    """
    return _book(read_cells(path), known, as_of, path.parent)


def parse_book(text: str, source: str, known: Collection[str], as_of: Month | None = None) -> Book:
    """Read a book from text, as `read_book` does; files that it names are looked for in the working directory."""
    return _book(parse_cells(text, source), known, as_of, Path())


def _book(cells: Cells, known: Collection[str], as_of: Month | None, folder: Path) -> Book:
    problems = [*_setting_problems(cells), *_head_problems(cells)]
    if problems:
        raise InputError(problems)
    reader = _reader(cells, known, as_of, folder)
    if not cells.rows:
        reader.refuse("the book is empty", cells.line, allowed="at least one position")
    read = ((line, read_position(reader, line, row)) for line, row in cells.rows)
    positions = [(line, position) for line, position in read if position is not None]
    _refuse_repeated(reader, positions)
    _refuse_mixed(reader, positions)
    options = {one.instrument for _, one in positions if isinstance(one.instrument, Option)}
    if len(options) > _MOST_OPTIONS:
        reader.refuse(f"{len(options)} different options", cells.line, allowed=f"at most {_MOST_OPTIONS} in a book")
    if reader.problems:
        raise InputError(_shortened(reader.problems, cells))
    book = _weighed(reader, [position for _, position in positions])
    stated = cells.settings.get("vix_elasticity", (0, ""))[1]
    elasticity = float(stated) if stated else vix_elasticity()
    hedge = next(kind for kind in HEDGES if kind == cells.settings.get("hedge", (0, HEDGES[0]))[1])
    return replace(book, hedge=hedge, elasticity=elasticity if options else 0.0)


def _reader(cells: Cells, known: Collection[str], as_of: Month | None, folder: Path) -> LineReader:
    listing = _named_file(cells, "codes", "list of issues", lambda name: read_listing(folder / name))
    betas = _named_file(cells, "betas", "table of betas", lambda name: read_betas(folder / name))
    column = {name: place for place, name in enumerate(cells.head)}
    rebalancing = cells.settings.get("rebalancing", (0, "none"))[1]
    capital = read_number(cells.settings["capital"][1]) if "capital" in cells.settings else None
    return LineReader(cells, known, as_of, listing, betas, column, rebalancing, capital)


def _setting_problems(cells: Cells) -> Iterator[Problem]:
    allowed: dict[str, tuple[Callable[[str], bool], str]] = {
        "rebalancing": (REBALANCINGS.__contains__, " or ".join(REBALANCINGS)),
        "hedge": (HEDGES.__contains__, " or ".join(HEDGES)),
        "capital": (lambda value: (read_number(value) or 0.0) > 0.0, "a positive number"),
        "vix_elasticity": (lambda value: 0.0 <= _plain(value) <= 2.0, "a number from 0 to 2"),
    }
    for key, (line, value) in cells.settings.items():
        place = Place(cells.source, line)
        if key not in SETTINGS:
            yield Problem(f"no setting is called {key!r}", place, ", ".join(SETTINGS), nearest(key, SETTINGS))
        elif key in allowed and not allowed[key][0](value):
            yield Problem(f"{key}: {value[:SHOWN]!r}", place, allowed[key][1])


def _plain(value: str) -> float:
    number = read_number(value)
    return -1.0 if number is None else number


def _head_problems(cells: Cells) -> Iterator[Problem]:
    for place, name in enumerate(cells.head):
        if name not in COLUMNS:
            found = f"no column of a book is called {name[:SHOWN]!r}"
            yield Problem(found, cells.place(cells.line, place), ", ".join(COLUMNS), nearest(name, COLUMNS))
    if "id" not in cells.head and "code" not in cells.head:
        yield Problem("the book has no column id or code", cells.place(cells.line), "id, code or both")
    sizes = {"weight", "amount"} & set(cells.head)
    if len(sizes) == 2 or not sizes | ({"contracts"} & set(cells.head)):
        found = "a book has a column weight or a column amount, and not both"
        yield Problem(found, cells.place(cells.line), "beside them contracts, for futures and options")


def _named_file(cells: Cells, key: str, what: str, read: Callable[[str], Found]) -> Found | None:
    if key not in cells.settings:
        return None
    line, name = cells.settings[key]
    try:
        return read(name)
    except InputError as error:
        problem = Problem(f"its {what} {name[:SHOWN]} cannot be used", Place(cells.source, line))
        raise InputError([problem, *error.problems]) from None


def _refuse_repeated(reader: LineReader, positions: list[tuple[int, Position]]) -> None:
    first: dict[tuple[str, str], int] = {}
    own: dict[str, str] = {}
    for line, position in positions:
        key, column = (position.label, position.currency), "code" if position.name != position.series else "id"
        if key in first:
            reader.refuse(f"{position.label} stands here again, as on line {first[key]}", line, column,
                          fix="add the two lines up")  # fmt: skip
        elif position.volatility and own.setdefault(position.name, position.currency) != position.currency:
            reader.refuse(f"{position.name} has a volatility, and stands in two currencies", line, column,
                          allowed="its own risk in one of them")  # fmt: skip
        first.setdefault(key, line)


def _refuse_mixed(reader: LineReader, positions: list[tuple[int, Position]]) -> None:
    """Refuse books in two currencies: their returns have no common unit."""
    for line, position in positions:
        if position.currency[:3] != positions[0][1].currency[:3]:
            found = f"{position.currency} in a book that starts in {positions[0][1].currency}"
            reader.refuse(found, line, "currency", allowed="JPY on all lines, or USD (hedged or not) on all")
            return


def _weighed(reader: LineReader, positions: list[Position]) -> Book:
    """Turn amounts into weights, and check what weights sum to."""
    sizes, held = [one.weight for one in positions], [one.weight for one in positions if one.instrument == "held"]
    gross, net = math.fsum(map(abs, held)), math.fsum(held)
    column = next(name for name in ("amount", "weight", "contracts") if name in reader.column)
    place = reader.cells.place(reader.cells.line, reader.column[column])
    rebalancing: Any = reader.rebalancing
    if not any(sizes):
        raise InputError(Problem(f"every {column} is 0", place))
    if column == "weight":
        if held and min(held) >= 0.0 and abs(net - 1.0) > _SUM_TOLERANCE:
            raise InputError(_wrong_sum(net, place, derivatives=len(held) < len(sizes)))
        return Book(tuple(positions), rebalancing, reader.capital)
    capital = reader.capital or gross
    if capital == 0.0:
        fix = "write '# capital: YEN' above the head"
        raise InputError(Problem("futures and options alone have no capital to which they refer", place, fix=fix))
    return Book(tuple(replace(one, weight=one.weight / capital) for one in positions), rebalancing, capital)


def _wrong_sum(net: float, place: Place, *, derivatives: bool) -> Problem:
    fix = "write 12% or 0.12 for twelve percent" if abs(net - 100.0) < 1.0 else f"add {1.0 - net:+.6g}, or scale"
    of_what = " of what is held" if derivatives else ""
    return Problem(f"the weights{of_what} sum to {net:.8g}", place, "a sum of 1", fix)


def _shortened(problems: list[Problem], cells: Cells) -> list[Problem]:
    """Keep the first problems of a long book and say how many more there are."""
    if len(problems) <= _MOST_PROBLEMS:
        return problems
    more = Problem(f"and {len(problems) - _MOST_PROBLEMS:,} more problems", Place(cells.source))
    return [*problems[:_MOST_PROBLEMS], more]
