"""Trading days of Tokyo, against the days on which the Nikkei 225 has a close."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jpsim.calibration.tables import read_daily
from jpsim.days import Day, is_open, parse_instant
from jpsim.months import Month
from jpsim.scenario import When


def test_the_calendar_is_that_of_the_exchange(data_dir):
    table = read_daily(data_dir / "panel_daily.csv")
    known = np.isfinite(table.column("nikkei225"))
    traded = {day for day, close in zip(table.days, known, strict=True) if close and day >= date(2022, 1, 1)}
    span = (table.days[-1] - date(2022, 1, 1)).days + 1
    rule = {day for place in range(span) if is_open(day := date(2022, 1, 1) + timedelta(days=place))}
    assert rule == traded


@pytest.mark.parametrize(
    "closed",
    ["2026-05-06", "2026-09-22", "2027-03-22", "2032-09-21", "2026-12-31", "2026-01-02"],
    ids=["substitute", "between", "equinox_on_sunday", "silver_week", "year_end", "new_year"],
)
def test_days_that_announced_calendars_leave_out(closed):
    with pytest.raises(ValueError, match="closed"):
        Day.parse(closed)


@given(st.integers(-600, 600))
def test_adding_and_subtracting_are_inverse(days):
    start = Day.parse("2026-01-30")
    assert (start + days) - start == days
    assert (start + days) + -days == start


def test_days_are_ordered_and_read():
    first = parse_instant("2026-01-30", "day")
    assert first < first + 1
    assert str(first + 10) == "2026-02-16"
    assert repr(first) == "Day(2026-01-30)"
    assert parse_instant("2026-01-30", "month") == Month(2026, 1)


@pytest.mark.parametrize(("text", "days"), [("10d", 10), ("1m", 21), ("12m", 252)])
def test_dates_on_the_clock_of_days(text, days):
    assert When.parse(text).index(Day.parse("2026-01-30")) == days
    assert str(When.parse(text)) == text


@pytest.mark.parametrize(("text", "as_of"), [("2026-07", Day.parse("2026-01-30")), ("10d", Month(2026, 1))])
def test_dates_on_another_clock_are_refused(text, as_of):
    with pytest.raises(ValueError, match="clock"):
        When.parse(text).index(as_of)
