"""Dates of month ends."""

from __future__ import annotations

from datetime import date, timedelta

from jpsim.days import Day, Instant

__all__ = ["month_end"]


def month_end(when: Instant) -> date:
    """Last calendar day of a month; a trading day itself."""
    if isinstance(when, Day):
        return when.date
    after = when + 1
    return date(after.year, after.number, 1) - timedelta(days=1)
