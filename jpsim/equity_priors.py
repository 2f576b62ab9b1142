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

from jpsim.dictionary import series
from jpsim.errors import InputError, Place, Problem

__all__ = ["DIVIDENDS_FILE", "DividendPrior", "dividend_prior", "read_dividends"]

DIVIDENDS_FILE = Path(__file__).parent / "data" / "dividends.toml"


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


def _key_problems(table: Mapping[str, Any], needed: tuple[str, ...], place: Place) -> Iterator[Problem]:
    for key in table.keys() - set(needed):
        yield Problem(f"no key is called {key!r}", place, ", ".join(needed))
    for key in needed:
        if key not in table:
            yield Problem(f"there is no {key}", place, f"all of {', '.join(needed)}")


def _source_problems(name: str, table: Mapping[str, Any], place: Place) -> Iterator[Problem]:
    source = table.get("source")
    if not isinstance(source, str) or not source.strip():
        yield Problem(f"{name}source says nothing", place, 'a publication, or "prior: judgement; why"')


def _finite(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
