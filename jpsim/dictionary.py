"""The dictionaries of factors, series, channels and meetings that ship with the package.

They are TOML files in ``jpsim/data``. Nothing here needs the numerical stack.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

from jpsim.errors import InputError, Place, Problem

__all__ = [
    "MEETINGS_FILE",
    "ChannelEntry",
    "FactorEntry",
    "ImpulsePrior",
    "Meeting",
    "SeriesEntry",
    "boj_meetings",
    "boj_moves",
    "channels",
    "factors",
    "read_channels",
    "rule_priors",
    "series",
]

_FOLDER = Path(__file__).parent / "data"
MEETINGS_FILE = _FOLDER / "boj_meetings.toml"

Quantity = Literal["rate", "price", "index", "flow", "activity", "share"]
Kind = Literal["index", "sector17", "sector33", "size", "segment", "theme"]
Profile = Literal["even", "front"]


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
    priced_by
        Factor whose level is what the market expects of its path; empty where the model carries no such expectation.
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
    priced_by: str = ""


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
class ImpulsePrior:
    """A labelled prior: what an impulse of one standard deviation does to equities.

    Parameters
    ----------
    effects
        Series -> effect on its price by the end of the window, in percent before compounding. They add
        up: each of the 33 sectors gets the effects under `topix`, under its sector of the 17 and under
        its own id; for sizes, segments, nikkei225 (on top of TOPIX) and themes (on top of their sectors)
        the number is a tilt, and the tilts of the sizes are centred so that their sum stays TOPIX.
    uncertainty
        Standard deviation of the whole effect as a share of it; positive.
    profile
        How it builds up within its window: ``even`` (the same every month) or ``front`` (most in the first
        month, then less by the same amount every month).
    source
        Where sign and size come from.
    """

    effects: Mapping[str, float]
    uncertainty: float
    profile: Profile
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
        Ids of the factors that carry it, and ``impulse`` where they carry nothing or only a part.
    published
        A published number, if any; none of them is an elasticity.
    impulse
        Prior of what no factor carries; None where factors carry all of it.
    """

    id: str
    name_en: str
    name_ja: str
    drivers: str
    effect: str
    carried_by: tuple[str, ...]
    published: str
    impulse: ImpulsePrior | None = None


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
    return read_channels(_FOLDER / "channels.toml")


@cache
def boj_meetings() -> tuple[Meeting, ...]:
    """All known meetings of the Bank of Japan, oldest first."""
    table = _table("boj_meetings")
    held = [Meeting(day) for day in table["decisions"]]
    expected = [Meeting(day, provisional=True) for day in table["provisional"]]
    return tuple(sorted(held + expected))


@cache
def boj_moves() -> Mapping[date, float]:
    """Decisions that moved the target policy rate: day -> target from then on, in %."""
    moves = _table("boj_meetings")["moves"]
    return MappingProxyType({date.fromisoformat(day): float(level) for day, level in moves.items()})


@cache
def rule_priors(rule: str) -> Mapping[str, float]:
    """Coefficients of a state-dependent rule, such as ``fx_intervention``; its sources stand in the file."""
    table = _table("rules")[rule]
    return MappingProxyType({name: float(value) for name, value in table.items() if not isinstance(value, str)})


def read_channels(path: Path) -> Mapping[str, ChannelEntry]:
    """Read a dictionary of channels, such as an edited copy of the one that ships.

    Parameters
    ----------
    path
        A TOML file with one table for each channel.

    Raises
    ------
    InputError
        All that is wrong in the file: unknown ids and keys, effects that are no finite numbers, an
        uncertainty that is not positive, an impulse without ``impulse`` under `carried_by`.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(Problem(f"no TOML: {error}", Place(path.name), "TOML in UTF-8")) from error
    problems = [problem for name, row in table.items() for problem in _channel_problems(name, row, Place(path.name))]
    if problems:
        raise InputError(problems)
    return MappingProxyType({name: _channel(name, row) for name, row in table.items()})


def _channel(name: str, row: Mapping[str, Any]) -> ChannelEntry:
    prior = row.get("impulse")
    impulse = None
    if prior is not None:
        effects = {key: float(value) for key, value in prior["effects"].items()}
        impulse = ImpulsePrior(**{**prior, "effects": MappingProxyType(effects)})
    return ChannelEntry(**{**row, "id": name, "carried_by": tuple(row["carried_by"]), "impulse": impulse})


_WORDS = ("name_en", "name_ja", "drivers", "effect", "published")


def _channel_problems(name: str, row: Any, place: Place) -> Iterator[Problem]:
    """Find what is wrong in one channel's table."""
    if not isinstance(row, dict):
        yield Problem(f"{name} is no table", place, "[channel] and its keys below it")
        return
    yield from _key_problems(name, row, (*_WORDS, "carried_by"), ("impulse",), place)
    for key in _WORDS:
        if not isinstance(row.get(key, ""), str):
            yield Problem(f"{name}.{key} is no text", place, "a text in quotation marks")
    carriers = row.get("carried_by", [])
    if not isinstance(carriers, list) or not carriers:
        yield Problem(f"{name}.carried_by names nothing", place, "a list of factors, or impulse")
        return
    for carrier in carriers:
        if carrier != "impulse" and carrier not in factors():
            yield _unknown(f"{name}.carried_by", "factor", str(carrier), (*factors(), "impulse"), place)
    if ("impulse" in carriers) != ("impulse" in row):
        found = f"{name}: impulse stands under carried_by, or as a table, without the other"
        yield Problem(found, place, f'both, or neither: carried_by = [..., "impulse"] and [{name}.impulse]')
    if "impulse" in row:
        yield from _impulse_problems(f"{name}.impulse", row["impulse"], place)


def _impulse_problems(name: str, prior: Any, place: Place) -> Iterator[Problem]:
    """Find what is wrong in one impulse's table."""
    if not isinstance(prior, dict):
        yield Problem(f"{name} is no table", place, f"[{name}] and its keys below it")
        return
    yield from _key_problems(name, prior, ("uncertainty", "profile", "source", "effects"), (), place)
    uncertainty = prior.get("uncertainty", 1.0)
    if not _finite(uncertainty) or uncertainty <= 0:
        yield Problem(f"{name}.uncertainty = {uncertainty}", place, "a positive number, as a share of the effect")
    if prior.get("profile", "even") not in get_args(Profile):
        yield Problem(f"{name}.profile = {prior['profile']!r}", place, " or ".join(get_args(Profile)))
    source = prior.get("source", "given")
    if not isinstance(source, str) or not source.strip():
        yield Problem(f"{name}.source says nothing", place, 'a publication, or "prior: judgement; why"')
    effects = prior.get("effects", {"topix": 0.0})
    if not isinstance(effects, dict) or not effects:
        yield Problem(f"{name}.effects names no series", place, "series = percent, at least one")
        return
    known = [key for key in series() if key != "tse_all"]
    for key, value in effects.items():
        if key == "tse_all":
            yield Problem(f"{name}.effects: {key} is what its segments add up to", place, "prime, standard, growth")
        elif key not in known:
            yield _unknown(f"{name}.effects", "series", key, known, place)
        if not _finite(value):
            yield Problem(f"{name}.effects.{key} = {value}", place, "a finite number, in percent")


def _key_problems(
    name: str, row: Mapping[str, Any], needed: tuple[str, ...], optional: tuple[str, ...], place: Place
) -> Iterator[Problem]:
    for key in row:
        if key not in (*needed, *optional):
            yield _unknown(name, "key", key, (*needed, *optional), place)
    for key in needed:
        if key not in row:
            yield Problem(f"{name} has no {key}", place, f"all of {', '.join(needed)}")


def _unknown(where: str, what: str, key: str, known: Collection[str], place: Place) -> Problem:
    near = get_close_matches(key, known, 1)
    allowed = f"an id of a {what}" if what != "key" else ", ".join(known)
    return Problem(
        f"{where}: no {what} is called {key!r}", place, allowed, f"did you mean {near[0]}?" if near else None
    )


def _finite(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


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
