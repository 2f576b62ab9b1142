"""Calendar months: the model's clock."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from functools import total_ordering

__all__ = ["Month"]

_ISO_MONTH = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?")


@total_ordering
@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month; observations and conditions belong to its end.

    Parameters
    ----------
    year, number
        Calendar year and month of the year, 1 to 12.
    day
        Day of the month, where one was named; it makes no difference to what the month is.

    Examples
    --------
    >>> Month.parse("2026-01-30") + 3
    Month(2026, 4)
    >>> Month(2027, 1) - Month(2026, 1)
    12
    """

    year: int
    number: int
    day: int | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if not 1 <= self.number <= 12:
            raise ValueError(f"month {self.number} is not between 1 and 12")

    @classmethod
    def parse(cls, text: str | date) -> Month:
        """Read ``2026-07`` or an ISO date, which stands for its month's end; ValueError otherwise."""
        if isinstance(text, date):
            return cls(text.year, text.month, text.day)
        match = _ISO_MONTH.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not a month (2026-07) or a date (2026-07-31)")
        if match[3] is not None:
            date.fromisoformat(text)
        return cls(int(match[1]), int(match[2]), int(match[3]) if match[3] else None)

    @property
    def ordinal(self) -> int:
        """Months since year 0; differences count months."""
        return self.year * 12 + self.number - 1

    def __add__(self, months: int) -> Month:
        year, index = divmod(self.ordinal + months, 12)
        return Month(year, index + 1)

    def __sub__(self, other: Month) -> int:
        return self.ordinal - other.ordinal

    def __lt__(self, other: Month) -> bool:
        return self.ordinal < other.ordinal

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"

    def __repr__(self) -> str:
        return f"Month({self.year}, {self.number})"
