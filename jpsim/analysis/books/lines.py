"""One line of a book: a position, or everything that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Literal

from jpsim.analysis.books.book import CURRENCIES, Currency, Position
from jpsim.analysis.books.cells import Cells
from jpsim.analysis.books.derivatives import Option, Volatility, contract_of
from jpsim.analysis.books.listing import Betas, Listing, sector_series
from jpsim.analysis.books.numbers import read_number, read_share
from jpsim.errors import Problem
from jpsim.months import Month
from jpsim.scenario import When

__all__ = ["SHOWN", "LineReader", "nearest", "read_position"]

SHOWN = 60
"""Characters of a cell that a message repeats."""

_CODE = re.compile(r"[0-9][0-9A-Z][0-9][0-9A-Z]5?")  # four characters; a preferred share has a 5 behind them
_OF_OPTIONS = ("strike", "expiry", "dividend_yield")
_MOST_BETA, _MOST_VOLATILITY, _LONGEST = 10.0, 3.0, 120
_SIZES = ("weight", "amount", "contracts")

Row = tuple[str, ...]


@dataclass(slots=True)
class LineReader:
    """What is known while a book is read, and the problems so far.

    Parameters
    ----------
    cells, known, as_of
        The table, ids of the series that the model has, and month 0.
    listing, betas
        What the files that the book names say of codes.
    column
        Place of each column.
    rebalancing, capital
        As the book states them.
    """

    cells: Cells
    known: Collection[str]
    as_of: Month | None
    listing: Listing | None
    betas: Betas | None
    column: dict[str, int]
    rebalancing: str
    capital: float | None
    problems: list[Problem] = field(default_factory=list)

    def said(self, row: Row, name: str) -> str:
        """Return a cell; nothing if there is no such column."""
        return row[self.column[name]] if name in self.column else ""

    def refuse(self, found: str, line: int, name: str | None = None, **rest: Any) -> None:
        """Note a problem."""
        column = None if name is None else self.column.get(name)
        self.problems.append(Problem(found, self.cells.place(line, column), **rest))


def nearest(name: str, known: Collection[str]) -> str | None:
    """Advice with the nearest spelling, if there is one."""
    near = get_close_matches(name, known, 1)
    return f"did you mean {near[0]}?" if near else None


def read_position(reader: LineReader, line: int, row: Row) -> Position | None:
    """Read one line; None if something is wrong with it, which the reader notes."""
    before = len(reader.problems)
    name, series = _held(reader, line, row)
    coded = bool(reader.said(row, "code"))
    instrument = _instrument(reader, line, row, series, coded)
    beta, volatility = _own_risk(reader, line, row, name, coded, isinstance(instrument, Option))
    size, currency = _size(reader, line, row, series, instrument), _currency(reader, line, row)
    if len(reader.problems) > before:
        return None
    return Position(name, series, size, currency, beta, volatility, instrument)


def _held(reader: LineReader, line: int, row: Row) -> tuple[str, str]:
    """Name of a position and the series that it earns."""
    name, code = reader.said(row, "id"), reader.said(row, "code").upper()
    if bool(name) == bool(code):
        found = "both an id and a code" if name else "neither an id nor a code"
        reader.refuse(found, line, "id" if "id" in reader.column else "code", allowed="one of them on each line")
    elif code:
        return code, _series_of_code(reader, line, row, code)
    elif reader.said(row, "proxy"):
        reader.refuse(f"{name[:SHOWN]} has a proxy", line, "proxy", allowed="a proxy on lines with a code")
    else:
        _check_series(reader, line, "id", name)
    return name, name


def _check_series(reader: LineReader, line: int, column: str, name: str) -> bool:
    if name in reader.known:
        return True
    found, fix = f"the model has no series {name[:SHOWN]!r}", nearest(name, reader.known)
    reader.refuse(found, line, column, allowed="ids of indices, sectors, sizes, segments and themes", fix=fix)
    return False


def _series_of_code(reader: LineReader, line: int, row: Row, code: str) -> str:
    """Series that stands for a listed issue: by its line, the table of betas or the list of issues."""
    if not _CODE.fullmatch(code):
        reader.refuse(f"{code[:SHOWN]!r} is no code of a listed issue", line, "code", allowed="such as 7203 or 130A")
        return code
    proxy = reader.said(row, "proxy") or _by_betas(reader, code, "proxy")
    if proxy:
        column = "proxy" if reader.said(row, "proxy") else "code"
        return proxy if _check_series(reader, line, column, proxy) else code
    return _sector_of_code(reader, line, reader.said(row, "sector33"), code)


def _sector_of_code(reader: LineReader, line: int, stated: str, code: str) -> str:
    if not stated and reader.listing is None:
        fix = "add a column sector33, or a line '# codes: FILE' above the head that names a list of issues"
        reader.refuse(f"code {code} has no sector", line, "code", fix=fix)
    elif not stated and reader.listing is not None and code not in reader.listing:
        reader.refuse(f"code {code} is not in the list of issues", line, "code", fix="add a column sector33 or proxy")
    else:
        sector = stated or (reader.listing or {})[code]
        series = sector_series(sector)
        if series is not None and series in reader.known:
            return series
        found = f"code {code} has the sector {sector[:SHOWN]!r}, which is none of the 33 of the model"
        fix = "name a series under proxy"
        reader.refuse(found, line, "sector33" if stated else "code", allowed="tse33_banks, 7050 or 銀行業", fix=fix)
    return code


def _by_betas(reader: LineReader, code: str, name: str) -> str:
    return (reader.betas or {}).get(code, {}).get(name, "")


def _own_risk(reader: LineReader, line: int, row: Row, name: str, coded: bool, of_option: bool) -> tuple[float, float]:
    """Beta and specific volatility of a listed issue; of anything else 1 and 0."""
    if not coded:
        for column in ("beta",) if of_option else ("beta", "volatility"):
            if reader.said(row, column):
                reader.refuse(f"{name[:SHOWN]} has a {column}", line, column, allowed="it on lines with a code")
        return 1.0, 0.0
    if reader.betas is not None and name not in reader.betas and not reader.said(row, "beta"):
        reader.refuse(f"code {name} is not in the table of betas", line, "code", fix="add it there, or a beta here")
    beta = _stated(reader, line, row, name, "beta", 1.0, _MOST_BETA)
    volatility = _stated(reader, line, row, name, "volatility", 0.0, _MOST_VOLATILITY)
    if volatility < 0.0:
        reader.refuse(f"the volatility of {name} is negative", line, "volatility", allowed="25% or 0.25 a year")
    return beta, volatility


def _stated(
    reader: LineReader, line: int, row: Row, code: str, name: Literal["beta", "volatility"], usual: float, most: float
) -> float:
    said = reader.said(row, name) or _by_betas(reader, code, name)
    if not said:
        return usual
    number = read_number(said) if name == "beta" else read_share(said)
    if number is None or abs(number) > most:
        allowed = f"a number from {-most:g} to {most:g}" if name == "beta" else "25% or 0.25 a year"
        column = name if reader.said(row, name) else "code"
        reader.refuse(f"{said[:SHOWN]!r} is no {name} of {code}", line, column, allowed=allowed)
        return usual
    return number


def _instrument(
    reader: LineReader, line: int, row: Row, series: str, coded: bool
) -> Literal["held", "future"] | Option:
    kind = reader.said(row, "instrument").lower()
    if kind not in ("call", "put"):
        for column in _OF_OPTIONS:
            if reader.said(row, column):
                reader.refuse(f"a {column} without an option", line, column, allowed="it on lines of a call or put")
    if kind == "":
        return "held"
    if kind not in ("future", "call", "put"):
        reader.refuse(f"{kind[:SHOWN]!r} is no instrument", line, "instrument", allowed="future, call, put or nothing")
    elif coded:
        reader.refuse(f"a {kind} on a single stock", line, "instrument", allowed="futures and options on ids")
    elif kind == "future":
        return "future"
    else:
        return _option(reader, line, row, series, "call" if kind == "call" else "put")
    return "held"


def _option(reader: LineReader, line: int, row: Row, series: str, right: Literal["call", "put"]) -> Option:
    if reader.rebalancing != "none":
        fix = "write '# rebalancing: none', or hold the options in a book of their own"
        reader.refuse(f"a {right} in a book that is rebalanced", line, "instrument", fix=fix)
    return Option(
        right,
        _strike(reader, line, row),
        _expiry(reader, line, row),
        _implied(reader, line, row, series),
        _dividends(reader, line, row, series),
    )


def _strike(reader: LineReader, line: int, row: Row) -> float:
    said = reader.said(row, "strike")
    number = read_number(said.removesuffix("x")) if said.endswith("x") else read_share(said)
    if number is not None and number > 0.0:
        if said.endswith(("%", "x")):
            return number
        level = read_number(reader.said(row, "level")) or 0.0
        if level > 0.0:
            return number / level
        reader.refuse(f"the strike {said[:SHOWN]} is in points, and the line has no level of the index", line, "strike",
                      fix="add the column level, the index at month 0, or write the strike as 95%")  # fmt: skip
        return 1.0
    found = f"{said[:SHOWN]!r} is no strike" if said else "the strike is missing"
    reader.refuse(found, line, "strike", allowed="95% of the index at month 0, or points beside a column level")
    return 1.0


def _expiry(reader: LineReader, line: int, row: Row) -> int:
    said = reader.said(row, "expiry")
    allowed = f"1m to {_LONGEST}m after month 0, or a month such as 2026-12"
    try:
        when = When.parse(said[:10] if re.fullmatch(r"\d{4}-\d\d-\d\d 00:00:00", said) else said)
    except ValueError:
        found = f"{said[:SHOWN]!r} is no expiry" if said else "the expiry is missing"
        reader.refuse(found, line, "expiry", allowed=allowed)
        return 1
    if when.month is not None and reader.as_of is None:
        reader.refuse(f"the expiry {said} needs month 0 to be known", line, "expiry", allowed="months, as 6m")
        return 1
    months = when.months if when.months is not None else when.index(reader.as_of or when.month)  # type: ignore[arg-type]
    if not 1 <= months <= _LONGEST:
        reader.refuse(f"the expiry {said} is {months} months after month 0", line, "expiry", allowed=allowed)
        return 1
    return months


def _implied(reader: LineReader, line: int, row: Row, series: str) -> Volatility:
    said = reader.said(row, "volatility")
    if not said and (ratio := contract_of(series).vix_ratio) is not None:
        return Volatility(ratio, of_vix=True)
    of_vix = said.lower().endswith("vix")
    number = read_number(said[:-3].rstrip()) if of_vix else read_share(said)
    if number is None or not 0.0 < number <= _MOST_VOLATILITY:
        found = f"{said[:SHOWN]!r} is no implied volatility" if said else "the implied volatility is missing"
        reader.refuse(found, line, "volatility", allowed="22%, 0.22, or 1.1 vix for a multiple of the VIX")
        return Volatility(1.0)
    return Volatility(number, of_vix)


def _dividends(reader: LineReader, line: int, row: Row, series: str) -> float:
    said = reader.said(row, "dividend_yield")
    prior = contract_of(series).dividend_yield
    if not said and prior is not None:
        return prior
    number = read_share(said)
    if number is None or not 0.0 <= number < 0.5:
        found = f"{said[:SHOWN]!r} is no dividend yield" if said else "the dividend yield is missing"
        reader.refuse(found, line, "dividend_yield", allowed="2.3% or 0.023 a year")
        return 0.0
    return number


def _size(
    reader: LineReader, line: int, row: Row, series: str, instrument: Literal["held", "future"] | Option
) -> float:
    """Weight or amount of a line; contracts are turned into the one that the book has."""
    filled = [name for name in _SIZES if reader.said(row, name)]
    named = [name for name in _SIZES if name in reader.column]
    if len(filled) != 1:
        found = f"both {' and '.join(filled)}" if filled else f"the {' or '.join(named)} is missing"
        reader.refuse(found, line, (filled or named)[0], allowed=f"one of {', '.join(named)}" if filled else None)
        return 0.0
    column, said = filled[0], reader.said(row, filled[0])
    if column == "contracts":
        return _contracts(reader, line, row, series, instrument)
    number = read_share(said) if column == "weight" else read_number(said)
    if number is None:
        allowed = "0.12 or 12%" if column == "weight" else "1500000 or -2,000,000"
        reader.refuse(f"{said[:SHOWN]!r} is no {column}", line, column, allowed=allowed)
        return 0.0
    return number


def _contracts(
    reader: LineReader, line: int, row: Row, series: str, instrument: Literal["held", "future"] | Option
) -> float:
    """Value of the index that contracts are on: number times multiplier times level, in yen or as a weight."""
    number = read_number(reader.said(row, "contracts"))
    if number is None:
        reader.refuse(f"{reader.said(row, 'contracts')[:SHOWN]!r} is no number of contracts", line, "contracts")
        return 0.0
    if instrument == "held":
        reader.refuse("contracts of nothing", line, "contracts", allowed="them on lines of a future, call or put")
        return 0.0
    listed = contract_of(series)
    usual = listed.future_multiplier if instrument == "future" else listed.option_multiplier
    multiplier = read_number(reader.said(row, "multiplier")) if reader.said(row, "multiplier") else usual
    level = read_number(reader.said(row, "level"))
    if multiplier is None or multiplier <= 0.0:
        fix = "add the column multiplier, yen for each point"
        reader.refuse(f"contracts on {series} without a multiplier", line, "contracts", fix=fix)
    elif level is None or level <= 0.0:
        fix = "add the column level, the index at month 0"
        reader.refuse(f"contracts on {series} without its level", line, "contracts", fix=fix)
    elif "weight" in reader.column and reader.capital is None:
        fix = "write '# capital: YEN' above the head, or amounts instead of weights"
        reader.refuse("contracts in a book of weights that names no capital", line, "contracts", fix=fix)
    else:
        value = number * multiplier * level
        return value / reader.capital if "weight" in reader.column and reader.capital is not None else value
    return 0.0


def _currency(reader: LineReader, line: int, row: Row) -> Currency:
    said = reader.said(row, "currency")
    plain = re.sub(r"[\s_()-]+", " ", said).strip().lower()
    for currency in CURRENCIES:
        if plain == currency.lower():
            return currency
    if "currency" in reader.column:
        found = f"{said[:SHOWN]!r} is no currency of a book" if said else "the currency is missing"
        fix = "say whether USD is hedged" if plain == "usd" else None
        reader.refuse(found, line, "currency", allowed=", ".join(CURRENCIES), fix=fix)
    return "JPY"
