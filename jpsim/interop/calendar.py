"""Dates of month ends."""

from __future__ import annotations

from datetime import date, timedelta

from jpsim.months import Month

__all__ = ["month_end"]


def month_end(month: Month) -> date:
    """Last calendar day of a month."""
    after = month + 1
    return date(after.year, after.number, 1) - timedelta(days=1)
