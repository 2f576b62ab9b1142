"""Meetings of the Bank of Japan, what they decided, and the labelled coefficients of rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jpsim.dictionary.folder import FOLDER
from jpsim.toml import Fault, Form, day, items, number, read_toml, ruled, table, text
from jpsim.toml import Path as Keys
from jpsim.toml import entries as entries_of

__all__ = ["MEETINGS_FILE", "Meeting", "boj_meetings", "boj_moves", "read_meetings", "read_rules", "rule_priors"]

MEETINGS_FILE = FOLDER / "boj_meetings.toml"


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
def boj_meetings() -> tuple[Meeting, ...]:
    """All known meetings of the Bank of Japan, oldest first."""
    return read_meetings(MEETINGS_FILE)[0]


@cache
def boj_moves() -> Mapping[date, float]:
    """Decisions that moved the target policy rate: day -> target from then on, in %."""
    return read_meetings(MEETINGS_FILE)[1]


@cache
def rule_priors(rule: str) -> Mapping[str, float]:
    """Coefficients of a state-dependent rule, such as ``fx_intervention``; its sources stand in the file."""
    return read_rules(FOLDER / "rules.toml")[rule]


def read_meetings(path: Path) -> tuple[tuple[Meeting, ...], Mapping[date, float]]:
    """Read a calendar, such as an edited copy: meetings, and what the target became on which day.

    Raises
    ------
    InputError
        All that is wrong in the file: days that are none or stand there twice, moves on other days, rates that are
        no numbers.
    """
    calendar = read_toml(path).check(_CALENDAR)
    held = [Meeting(decided) for decided in calendar["decisions"]]
    expected = [Meeting(decided, provisional=True) for decided in calendar["provisional"]]
    moves = {date.fromisoformat(decided): float(level) for decided, level in calendar["moves"].items()}
    return tuple(sorted(held + expected)), MappingProxyType(moves)


def read_rules(path: Path) -> Mapping[str, Mapping[str, float]]:
    """Read coefficients of rules, such as an edited copy; InputError with all that is wrong in the file."""
    rules = read_toml(path).check(_RULES)
    return MappingProxyType({name: MappingProxyType(_numbers(rule)) for name, rule in rules.items()})


def _numbers(rule: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in rule.items() if not isinstance(value, str)}


def _each_day_once(value: Any, path: Keys) -> Iterator[Fault]:
    seen: set[date] = set()
    for key in ("decisions", "provisional"):
        for place, decided in enumerate(value[key]):
            if decided in seen:
                yield Fault((key, place), f"{key}: {decided} is there twice", "each day once")
            seen.add(decided)
    for name in value["moves"]:
        if date.fromisoformat(name) not in seen:
            yield Fault(("moves", name), f"moves: {name} is no day of a decision", "days of `decisions`", of_key=True)


_CALENDAR = ruled(
    table(
        {
            "decisions": items(day(quoted=False), 1),
            "provisional": items(day(quoted=False)),
            "moves": entries_of(number(), day(quoted=True), what="day", least=0),
        }
    ),
    _each_day_once,
)
_POSITIVE = number(above=0.0)
_SHARE = number(least=0.0, most=1.0)
_SAID: dict[str, Form] = {"source": text()}
_RULES = table(
    {
        "fx_intervention": table(
            {
                **{key: number() for key in ("intercept", "slope", "speed", "free", "jump", "follow_through")},
                "threshold": _POSITIVE,
                "jump_sd": number(least=0.0),
                "follow_through_probability": _SHARE,
                "reversal": _SHARE,
                "turbulence": _POSITIVE,
                "effect_source": text(),
                **_SAID,
            }
        ),
        "policy_rate_meetings": table(
            {
                **dict.fromkeys(("step", "noise", "two_steps", "recovery", "yen_level"), _POSITIVE),
                **dict.fromkeys(("one_step", "patience", "caution", "inflation", "inflation_target", "yen"), number()),
                **_SAID,
            }
        ),
        "policy_rate_floor": table({"level": number(), **_SAID}),
    }
)
