"""Dates of a scenario: months or trading days after its month 0, or calendar months."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from jpsim.days import DAYS_PER_MONTH, Day, Instant, Step
from jpsim.months import Month

__all__ = ["When", "date_meant"]

_OFFSET = re.compile(r"(0|[1-9][0-9]{0,3})([md])")
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SPELLED = re.compile(
    r"0*(?P<count>[1-9][0-9]{0,3})\s*"
    r"(?:(?P<months>m|mo|mos|months?|か月|ヶ月|カ月)|(?P<years>y|yrs?|years?|年)|(?P<days>d|days?|営業日))後?"
    r"|(?P<year>[0-9]{4})\s*[-/.年]?\s*(?P<month>[0-9]{1,2})(?:[-/.月]?[0-9]{1,2}日?|月末?)?"
    r"|(?P<name>[a-z]{3})[a-z]*[-./ ,]*(?P<named>[0-9]{4})"
)


@dataclass(frozen=True, slots=True)
class When:
    """A month end or a trading day, counted from month 0, or a named month.

    Parameters
    ----------
    months
        Months after month 0, as in ``12m``; None where the date is counted in days or named.
    month
        The calendar month, as in ``2026-07``; None where it is counted.
    days
        Trading days after day 0, as in ``10d``; None elsewhere.
    """

    months: int | None = None
    month: Month | None = None
    days: int | None = None

    @classmethod
    def parse(cls, text: str) -> When:
        """Read ``3m``, ``10d``, ``2026-07`` or ``2026-07-31`` (the end of that month); ValueError otherwise."""
        match = _OFFSET.fullmatch(text)
        if match is None:
            return cls(month=Month.parse(text))
        return cls(days=int(match[1])) if match[2] == "d" else cls(months=int(match[1]))

    def steps(self, step: Step, as_of: Month | None = None) -> int | None:
        """Steps after month 0 on a clock of months or days; None if it does not say, or `as_of` is needed.

        A month counts 21 trading days. A clock of months does not know days, and one of days no calendar months.
        """
        if step == "day":
            return self.days if self.months is None else DAYS_PER_MONTH * self.months
        if self.month is not None:
            return None if as_of is None else self.month - as_of
        return self.months

    def index(self, as_of: Instant) -> int:
        """Step: 0 is `as_of`, 1 the month or day after it; ValueError if it is meant on another clock."""
        found = self.steps("day") if isinstance(as_of, Day) else self.steps("month", as_of)
        if found is None:
            raise ValueError(f"{self} is no date on the clock of {as_of}")
        return found

    def __str__(self) -> str:
        if self.month is not None:
            return str(self.month)
        return f"{self.months}m" if self.days is None else f"{self.days}d"


def date_meant(text: str) -> str | None:
    """Guess the right spelling of a date such as ``12M``, ``1y``, ``2026/07``, ``Jul 2026`` or ``2026年7月``."""
    match = _SPELLED.fullmatch(unicodedata.normalize("NFKC", text).strip().lower())
    if match is None:
        return None
    if match["count"] is not None:
        return f"{int(match['count']) * (12 if match['years'] else 1)}{'d' if match['days'] else 'm'}"
    name = match["name"]
    month = _MONTH_NAMES.index(name) + 1 if name in _MONTH_NAMES else int(match["month"] or 0)
    return f"{match['year'] or match['named']}-{month:02d}" if 1 <= month <= 12 else None
