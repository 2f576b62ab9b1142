"""The dictionaries of factors, series, channels and meetings that ship with the package.

They are TOML files in ``jpsim/data``. Nothing here needs the numerical stack.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

__all__ = [
    "MEETINGS_FILE",
    "ChannelEntry",
    "FactorEntry",
    "Meeting",
    "SeriesEntry",
    "boj_meetings",
    "channels",
    "factors",
    "series",
]

_FOLDER = Path(__file__).parent / "data"
MEETINGS_FILE = _FOLDER / "boj_meetings.toml"

Quantity = Literal["rate", "price", "index", "flow", "activity", "share"]
Kind = Literal["index", "sector17", "sector33", "size", "segment", "theme"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorEntry:
    """One macro or market factor.

    Parameters
    ----------
    id, name_en, name_ja
        Its id in scenarios and files, and its names.
    unit
        Unit of its level, as written: ``%``, ``JPY``, ``USD``, ``index``, ``tn JPY``, ``sd``, ``pp``.
    quantity
        What decides which units a scenario may use: rate, price, index, flow, activity or share.
    transform
        ``level``, or ``log100`` for 100 times the logarithm.
    in_differences
        Whether the model sees the monthly difference of the transformed level.
    exogenous
        Whether it is imposed by scenarios and never forecast.
    publication_lag
        Months until the value of a month is known.
    group
        japan_rates, currencies, world, flows, japan_economy, policy.
    source
        Where the observations come from.
    column
        Column of the monthly panel, or what the factor is built from; empty if it has none.
    """

    id: str
    name_en: str
    name_ja: str
    unit: str
    quantity: Quantity
    transform: Literal["level", "log100"]
    in_differences: bool
    exogenous: bool
    publication_lag: int
    group: str
    source: str
    column: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesEntry:
    """One equity series.

    Parameters
    ----------
    id, name_en, name_ja
        Its id and names; sectors are named as the exchange names them.
    kind
        index, sector17, sector33, size, segment or theme.
    parent
        The series that it is a part of; empty for the broadest ones.
    source
        Who publishes it, or how it is built.
    """

    id: str
    name_en: str
    name_ja: str
    kind: Kind
    parent: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelEntry:
    """One causal channel from the world to equities.

    Parameters
    ----------
    id, name_en, name_ja
        Its id and names.
    drivers, effect
        Cause, and who gains or loses.
    carried_by
        Ids of the factors that carry it, or ``impulse`` where no factor does.
    published
        A published number, if any; none of them is an elasticity.
    """

    id: str
    name_en: str
    name_ja: str
    drivers: str
    effect: str
    carried_by: tuple[str, ...]
    published: str


@dataclass(frozen=True, slots=True, order=True)
class Meeting:
    """A monetary policy meeting of the Bank of Japan, by the day of its decision.

    Parameters
    ----------
    day
        Day of the decision.
    provisional
        True while the Bank has not published the date.
    """

    day: date
    provisional: bool = False


@cache
def factors() -> Mapping[str, FactorEntry]:
    """All factors that scenarios may name, in the order of the dictionary."""
    return _entries("factors", FactorEntry)


@cache
def series() -> Mapping[str, SeriesEntry]:
    """All equity series, in the order of the dictionary."""
    return _entries("series", SeriesEntry)


@cache
def channels() -> Mapping[str, ChannelEntry]:
    """All channels, in the order of the dictionary."""
    return _entries("channels", ChannelEntry)


@cache
def boj_meetings() -> tuple[Meeting, ...]:
    """All known meetings of the Bank of Japan, oldest first."""
    table = _table("boj_meetings")
    held = [Meeting(day) for day in table["decisions"]]
    expected = [Meeting(day, provisional=True) for day in table["provisional"]]
    return tuple(sorted(held + expected))


def _entries(name: str, kind: type[Any]) -> Mapping[str, Any]:
    """Build the entries of one dictionary; what all rows of a table share stands in its `common`."""
    table = _table(name)
    entries: dict[str, Any] = {}
    for group in table["group"]:
        rows = group.pop("rows")
        for key, row in rows.items():
            fields = {"id": key, **group, **row}
            entries[key] = kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()})
    return MappingProxyType(entries)


def _table(name: str) -> dict[str, Any]:
    with (_FOLDER / f"{name}.toml").open("rb") as file:
        return tomllib.load(file)
