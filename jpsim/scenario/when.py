"""Dates of a scenario: months after its month 0, or calendar months."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jpsim.months import Month

__all__ = ["When"]

_OFFSET = re.compile(r"(0|[1-9][0-9]{0,3})m")


@dataclass(frozen=True, slots=True)
class When:
    """A month end, either counted from month 0 or named.

    Parameters
    ----------
    months
        Months after month 0, as in ``12m``; None where the month is named.
    month
        The calendar month, as in ``2026-07``; None where it is counted.
    """

    months: int | None = None
    month: Month | None = None

    @classmethod
    def parse(cls, text: str) -> When:
        """Read ``3m``, ``2026-07`` or ``2026-07-31`` (the end of that month); ValueError otherwise."""
        match = _OFFSET.fullmatch(text)
        return cls(months=int(match[1])) if match else cls(month=Month.parse(text))

    def index(self, as_of: Month) -> int:
        """Month index: 0 is `as_of`, 1 the month after it."""
        if self.month is not None:
            return self.month - as_of
        return self.months or 0

    def __str__(self) -> str:
        return f"{self.months}m" if self.month is None else str(self.month)
