"""Trading days of the Tokyo Stock Exchange: the clock of a daily model.

The exchange is closed on Saturdays, Sundays, national holidays and from 31 December to 3 January. Holidays
follow the Act on National Holidays as it stands since 2022; years moved by special acts (2019 to 2021) and
years before are not described. Equinoxes are those of the astronomical rule, good for 1980 to 2099.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, total_ordering
from typing import Final, Literal

from jpsim.months import Month

__all__ = [
    "DAYS_PER_MONTH",
    "DAYS_PER_YEAR",
    "Day",
    "Instant",
    "Step",
    "is_open",
    "parse_instant",
    "say_step",
    "steps_after",
]

DAYS_PER_MONTH: Final = 21
"""Trading days that a month counts for where a daily model is asked about months."""
DAYS_PER_YEAR: Final = 252
"""Trading days that a year counts for."""

Step = Literal["month", "day"]
"""What a model's steps are."""

_FIXED = ((1, 1), (2, 11), (2, 23), (4, 29), (5, 3), (5, 4), (5, 5), (8, 11), (11, 3), (11, 23))
_MONDAYS = ((1, 2), (7, 3), (9, 3), (10, 2))  # month, and which of its Mondays
_ONE = timedelta(days=1)


@total_ordering
@dataclass(frozen=True, slots=True)
class Day:
    """A trading day; adding counts trading days, and so does subtracting another day.

    Parameters
    ----------
    date
        A day on which the exchange is open.

    Examples
    --------
    >>> Day.parse("2026-01-30") + 10
    Day(2026-02-16)
    >>> Day.parse("2026-02-16") - Day.parse("2026-01-30")
    10
    """

    date: date

    def __post_init__(self) -> None:
        if not is_open(self.date):
            raise ValueError(f"the Tokyo Stock Exchange is closed on {self.date}")

    @classmethod
    def parse(cls, text: str) -> Day:
        """Read an ISO date; ValueError if it is none or the exchange is closed."""
        return cls(date.fromisoformat(text))

    @property
    def month(self) -> Month:
        """Calendar month of the day."""
        return Month(self.date.year, self.date.month)

    def __add__(self, days: int) -> Day:
        step, left, day = (_ONE if days > 0 else -_ONE), abs(days), self.date
        while left:
            day += step
            left -= is_open(day)
        return Day(day)

    def __sub__(self, other: Day) -> int:
        if other.date > self.date:
            return -(other - self)
        span = (self.date - other.date).days
        return sum(is_open(other.date + timedelta(days=place)) for place in range(1, span + 1))

    def __lt__(self, other: Day) -> bool:
        return self.date < other.date

    def __str__(self) -> str:
        return self.date.isoformat()

    def __repr__(self) -> str:
        return f"Day({self.date.isoformat()})"


Instant = Month | Day
"""A point of a model's clock: the end of a month, or of a trading day."""


def parse_instant(text: str, step: Step) -> Instant:
    """Read a point of a clock of months or of days; ValueError if it is none."""
    return Day.parse(text) if step == "day" else Month.parse(text)


def say_step(number: int, step: Step) -> str:
    """``in month 3``, or ``on day 3``."""
    return f"on day {number}" if step == "day" else f"in month {number}"


def steps_after(as_of: Instant) -> str:
    """Return what is counted after a point of a clock: ``months``, or ``trading days``."""
    return "trading days" if isinstance(as_of, Day) else "months"


def is_open(day: date) -> bool:
    """Whether the exchange trades on a day."""
    if day.weekday() >= 5 or (day.month, day.day) in ((1, 2), (1, 3), (12, 31)):
        return False
    return day not in _holidays(day.year)


@cache
def _holidays(year: int) -> frozenset[date]:
    """National holidays of a year, with those that make up for Sundays and those between two holidays."""
    named = {date(year, month, day) for month, day in _FIXED}
    named |= {_monday(year, month, which) for month, which in _MONDAYS}
    named |= {date(year, 3, _equinox(year, 20.8431)), date(year, 9, _equinox(year, 23.2488))}
    found = set(named)
    for day in named:
        if day.weekday() == 6:
            found.add(next(later for k in range(1, 8) if (later := day + k * _ONE) not in named))
        if day + 2 * _ONE in named and (day + _ONE).weekday() != 6:
            found.add(day + _ONE)
    return frozenset(found)


def _monday(year: int, month: int, which: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(-first.weekday()) % 7 + 7 * (which - 1))


def _equinox(year: int, base: float) -> int:
    return int(base + 0.242194 * (year - 1980) - (year - 1980) // 4)
