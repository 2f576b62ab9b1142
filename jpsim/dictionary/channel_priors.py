"""Causal channels from the world to equities, and what an impulse in one does: labelled priors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

from jpsim.dictionary.folder import FOLDER
from jpsim.dictionary.quantities import factors, series
from jpsim.toml import Fault, items, number, one_of, read_toml, ruled, table, text
from jpsim.toml import Path as Keys
from jpsim.toml import entries as entries_of

__all__ = ["ChannelEntry", "ImpulsePrior", "channels", "read_channels"]

Profile = Literal["even", "front"]


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


@cache
def channels() -> Mapping[str, ChannelEntry]:
    """All channels, in the order of the dictionary."""
    return read_channels(FOLDER / "channels.toml")


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
    rows = read_toml(path).check(_CHANNELS)
    return MappingProxyType({name: _channel(name, row) for name, row in rows.items()})


def _channel(name: str, row: Mapping[str, Any]) -> ChannelEntry:
    prior = row.get("impulse")
    impulse = None
    if prior is not None:
        effects = {key: float(value) for key, value in prior["effects"].items()}
        impulse = ImpulsePrior(**{**prior, "effects": MappingProxyType(effects)})
    return ChannelEntry(**{**row, "id": name, "carried_by": tuple(row["carried_by"]), "impulse": impulse})


def _no_total(value: Any, path: Keys) -> Iterator[Fault]:
    if "tse_all" in value:
        found = f"{'.'.join(map(str, path))}: tse_all is what its segments add up to"
        yield Fault((*path, "tse_all"), found, "prime, standard, growth", of_key=True)


def _both_or_neither(value: Any, path: Keys) -> Iterator[Fault]:
    if ("impulse" in value["carried_by"]) != ("impulse" in value):
        name = path[-1]
        found = f"{name}: impulse stands under carried_by, or as a table, without the other"
        yield Fault(path, found, f'both, or neither: carried_by = [..., "impulse"] and [{name}.impulse]')


_EFFECTS = ruled(entries_of(number(), one_of(lambda: series().keys(), "series"), what="series"), _no_total)
_IMPULSE = table(
    {
        "uncertainty": number(above=0.0),
        "profile": one_of(get_args(Profile)),
        "source": text('a publication, or "prior: judgement; why"'),
        "effects": _EFFECTS,
    }
)
_CHANNEL = table(
    {
        **{key: text() for key in ("name_en", "name_ja", "drivers", "effect")},
        "published": text(blank=True),
        "carried_by": items(one_of(lambda: (*factors(), "impulse"), "factor"), 1),
    },
    {"impulse": _IMPULSE},
)
_CHANNELS = entries_of(ruled(_CHANNEL, _both_or_neither), what="channel")
