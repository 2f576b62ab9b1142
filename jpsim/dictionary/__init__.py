"""The dictionaries of factors, series, channels and meetings that ship with the package.

They are TOML files in ``jpsim/data``, which users may edit. Nothing here needs the numerical stack.
"""

from __future__ import annotations

from jpsim.dictionary.channel_priors import ChannelEntry, ImpulsePrior, channels, read_channels
from jpsim.dictionary.decisions import (
    MEETINGS_FILE,
    Meeting,
    boj_meetings,
    boj_moves,
    read_meetings,
    read_rules,
    rule_priors,
)
from jpsim.dictionary.quantities import FactorEntry, SeriesEntry, factors, read_factors, read_series, series

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
    "read_factors",
    "read_meetings",
    "read_rules",
    "read_series",
    "rule_priors",
    "series",
]
