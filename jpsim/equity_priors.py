"""Labelled priors about shares that no series of the panel stands behind: dividend yields and earnings.

They are TOML files in ``jpsim/data`` that users may edit; what is wrong in one is named all at once.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jpsim.dictionary import factors, series
from jpsim.errors import InputError, Place, Problem

__all__ = [
    "DIVIDENDS_FILE",
    "EARNINGS_FILE",
    "DividendPrior",
    "EarningsPrior",
    "EarningsResponse",
    "Normal",
    "dividend_prior",
    "earnings_prior",
    "read_dividends",
    "read_earnings",
]

DIVIDENDS_FILE = Path(__file__).parent / "data" / "dividends.toml"
EARNINGS_FILE = Path(__file__).parent / "data" / "earnings.toml"

_LONGEST_LAG = 60


@dataclass(frozen=True, slots=True)
class DividendPrior:
    """Dividend yields in percent a year.

    Parameters
    ----------
    sectors
        Yield of each of the 33 sectors.
    tilts
        What sizes, segments, the Nikkei 225 and themes yield beyond what their sectors give.
    sd
        Uncertainty of a yield.
    source
        Where the numbers come from.
    """

    sectors: Mapping[str, float]
    tilts: Mapping[str, float]
    sd: float
    source: str


@dataclass(frozen=True, slots=True)
class Normal:
    """Mean and standard deviation of a normal prior."""

    mean: float
    sd: float


@dataclass(frozen=True, slots=True)
class EarningsResponse:
    """How expected earnings answer to lasting surprises of one factor.

    Parameters
    ----------
    factor
        Its id.
    months
        Months over which the effect comes in equal steps.
    effects
        Percent of earnings for one unit of the factor, by series.
    own_sd
        Standard deviation of what each sector of the 33 has beside that.
    price_share
        Part of the same-month price response that is news about earnings; None where prices do not update
        the prior.
    source
        Where the numbers come from.
    """

    factor: str
    months: int
    effects: Mapping[str, Normal]
    own_sd: float
    price_share: Normal | None
    source: str


@dataclass(frozen=True, slots=True)
class EarningsPrior:
    """Trend of earnings in percent a year, and their responses by factor."""

    trend: Normal
    responses: Mapping[str, EarningsResponse]


@cache
def earnings_prior() -> EarningsPrior:
    """Return the responses that ship with the package."""
    return read_earnings(EARNINGS_FILE)


def read_earnings(path: Path) -> EarningsPrior:
    """Read responses of earnings, such as an edited copy of those that ship.

    Raises
    ------
    InputError
        All that is wrong in the file: unknown factors, series and keys, numbers that are not finite,
        standard deviations that are not positive, lags that are no whole months.
    """
    table = _toml(path)
    place = Place(path.name)
    problems = [] if "trend" in table else [Problem("there is no trend", place, "[trend] with mean, sd and source")]
    for name, row in table.items():
        problems += _trend_problems(row, place) if name == "trend" else _response_problems(name, row, place)
    if problems:
        raise InputError(problems)
    rows = {name: _response(name, row) for name, row in table.items() if name != "trend"}
    return EarningsPrior(_normal(table["trend"]), MappingProxyType(rows))


def _response(name: str, row: Mapping[str, Any]) -> EarningsResponse:
    effects = MappingProxyType({key: _normal(value) for key, value in row["effects"].items()})
    share = _normal(row["price_share"]) if "price_share" in row else None
    return EarningsResponse(name, row["months"], effects, float(row["own_sd"]), share, row["source"])


def _normal(row: Mapping[str, Any]) -> Normal:
    return Normal(float(row["mean"]), float(row["sd"]))


def _trend_problems(row: Any, place: Place) -> Iterator[Problem]:
    yield from _normal_problems("trend", row, place, ("source",))
    if isinstance(row, dict):
        yield from _source_problems("trend.", row, place)


def _response_problems(name: str, row: Any, place: Place) -> Iterator[Problem]:
    if name not in factors():
        yield Problem(f"no factor is called {name!r}", place, "an id of a factor, or trend")
    if not isinstance(row, dict):
        yield Problem(f"{name} is no table", place, f"[{name}] and its keys below it")
        return
    found = list(_key_problems(row, ("months", "own_sd", "source", "effects"), place, ("price_share",), f"{name}: "))
    yield from found
    if found:
        return
    yield from _source_problems(f"{name}.", row, place)
    if not isinstance(row["months"], int) or not 1 <= row["months"] <= _LONGEST_LAG:
        yield Problem(f"{name}.months = {row['months']}", place, f"whole months, from 1 to {_LONGEST_LAG}")
    if not _finite(row["own_sd"]) or row["own_sd"] <= 0:
        yield Problem(f"{name}.own_sd = {row['own_sd']}", place, "a positive number of percent")
    if "price_share" in row:
        yield from _normal_problems(f"{name}.price_share", row["price_share"], place)
    known = [key for key in series() if key != "tse_all"]
    for key, value in row["effects"].items():
        if key not in known:
            yield Problem(f"{name}.effects: no series is called {key!r}", place, "an id of a series but tse_all")
        yield from _normal_problems(f"{name}.effects.{key}", value, place)


def _normal_problems(name: str, row: Any, place: Place, more: tuple[str, ...] = ()) -> Iterator[Problem]:
    if not isinstance(row, dict) or row.keys() != {"mean", "sd", *more}:
        yield Problem(f"{name} has not the keys it needs", place, ", ".join(("mean", "sd", *more)))
        return
    if not _finite(row["mean"]) or not _finite(row["sd"]) or row["sd"] <= 0:
        yield Problem(f"{name}: mean {row['mean']}, sd {row['sd']}", place, "finite numbers, the sd positive")


@cache
def dividend_prior() -> DividendPrior:
    """Return the yields that ship with the package."""
    return read_dividends(DIVIDENDS_FILE)


def read_dividends(path: Path) -> DividendPrior:
    """Read dividend yields, such as an edited copy of those that ship.

    Raises
    ------
    InputError
        All that is wrong in the file: keys and ids that do not exist or are missing, yields below 0 or
        above 20 %, numbers that are not finite.
    """
    table = _toml(path)
    place = Place(path.name)
    problems = list(_key_problems(table, ("source", "sd", "sectors", "tilts"), place))
    if not problems:
        problems = [*_dividend_problems(table, place)]
    if problems:
        raise InputError(problems)
    sectors, tilts = (MappingProxyType({k: float(v) for k, v in table[name].items()}) for name in ("sectors", "tilts"))
    return DividendPrior(sectors, tilts, float(table["sd"]), table["source"])


def _dividend_problems(table: Mapping[str, Any], place: Place) -> Iterator[Problem]:
    yield from _source_problems("", table, place)
    if not _finite(table["sd"]) or table["sd"] < 0:
        yield Problem(f"sd = {table['sd']}", place, "a number of percentage points, at least 0")
    sectors = {name for name, entry in series().items() if entry.kind == "sector33"}
    others = {name for name, entry in series().items() if entry.kind in ("size", "segment", "theme")} | {"nikkei225"}
    for name in sorted(sectors - table["sectors"].keys()):
        yield Problem(f"sectors has no {name}", place, "a yield for every one of the 33 sectors")
    for name, value in table["sectors"].items():
        if name not in sectors:
            yield Problem(f"sectors: {name} is no sector of the 33", place, "ids that begin with tse33_")
        if not _finite(value) or not 0 <= value <= 20:
            yield Problem(f"sectors.{name} = {value}", place, "percent a year, from 0 to 20")
    for name, value in table["tilts"].items():
        if name not in others:
            yield Problem(f"tilts: {name} is none of sizes, segments, nikkei225 and themes", place)
        if not _finite(value):
            yield Problem(f"tilts.{name} = {value}", place, "a finite number of percentage points")


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(Problem(f"no TOML: {error}", Place(path.name), "TOML in UTF-8")) from error


def _key_problems(
    table: Mapping[str, Any], needed: tuple[str, ...], place: Place, optional: tuple[str, ...] = (), where: str = ""
) -> Iterator[Problem]:
    for key in sorted(table.keys() - {*needed, *optional}):
        yield Problem(f"{where}no key is called {key!r}", place, ", ".join((*needed, *optional)))
    for key in needed:
        if key not in table:
            yield Problem(f"{where}there is no {key}", place, f"all of {', '.join(needed)}")


def _source_problems(name: str, table: Mapping[str, Any], place: Place) -> Iterator[Problem]:
    source = table.get("source")
    if not isinstance(source, str) or not source.strip():
        yield Problem(f"{name}source says nothing", place, 'a publication, or "prior: judgement; why"')


def _finite(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
