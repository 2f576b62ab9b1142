"""Statements about a window of months: averages, and the highest and lowest month's end.

That the highest stays below a level, every month says; that it reaches one, some month must. Both are
ranges, month by month, the second with bounds that at least one of them must meet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from jpsim.conditioning.quantity import Conditioned
from jpsim.conditioning.rows import Row, Touch, cite
from jpsim.days import Instant
from jpsim.errors import InputError, Place, Problem
from jpsim.units import Quantity

__all__ = ["average_row", "merge_windows", "window_rows"]

_SAME = 1e-9


def average_row(row: Row, first: int, as_of: Instant) -> Row:
    """Return the statement of a row as one about the average of the months' ends from `first` on."""
    window = f"on average over {as_of + first} to {as_of + row.month}"
    return replace(row, first=first, text=row.text.replace(f" in {as_of + row.month}", f" {window}"))


def window_rows(
    quantity: Conditioned,
    role: str,
    bounds: tuple[Quantity | None, Quantity | None],
    months: tuple[int, int],
    as_of: Instant,
    place: Place | None,
) -> Iterator[Row]:
    """Yield a row for each month of a statement about a maximum or minimum.

    Parameters
    ----------
    quantity, role, bounds
        What it speaks of; ``maximum`` or ``minimum``; and between which bounds that lies.
    months
        First and last month.
    as_of, place
        Month 0, and where it was written.
    """
    first, last = months
    low, high = quantity.ends(bounds, last)
    span = f"{as_of + first} to {as_of + last}"
    text = f"{quantity.name} with its {role} over {span} within {quantity.interval(low, high)}"
    upper = role == "maximum"
    plain = (-np.inf, high) if upper else (low, np.inf)
    tight = (low, np.inf) if upper else (-np.inf, high)
    touch = Touch(f"{quantity.name} {role} {span}", *tight) if np.isfinite(tight).any() else None
    for month in range(first, last + 1):
        yield Row(
            quantity.name, month, "range", quantity.row, quantity.constant, np.nan, 0.0, *plain,
            text, place, touch=touch, window=True,
        )  # fmt: skip


def merge_windows(rows: list[Row]) -> list[Row]:
    """Settle windows with what else is said of the same quantity in the same month.

    A month with a stated value leaves the window; if the value meets what some month must meet, no other
    month has to. Ranges of one month become one.

    Raises
    ------
    InputError
        If a stated value leaves a window's bounds, two windows ask different months to reach something, or
        none is left that could.
    """
    stated = {(row.name, row.month): row for row in rows if row.kind == "hard" and row.first is None}
    touches = [row for row in rows if row.touch is not None]
    met = {row.touch.window for row in touches if row.touch and _meets(stated.get((row.name, row.month)), row.touch)}
    kept: dict[object, Row] = {}
    for row in rows:
        if row.touch is not None and row.touch.window in met:
            row = replace(row, touch=None)
        key = (row.name, row.month) if row.kind == "range" else len(kept)
        value = stated.get((row.name, row.month))
        if row.window and value is not None:
            _refuse_outside(row, value)
            continue
        kept[key] = _joined(kept[key], row) if key in kept else row
    left = {row.touch.window for row in kept.values() if row.touch is not None}
    for row in touches:
        if row.touch is not None and row.touch.window not in met | left:
            raise InputError(Problem(f"no month is left in which {row.text}", row.place, fix="widen the window"))
    return [row for row in kept.values() if not _says_nothing(row)]


def _says_nothing(row: Row) -> bool:
    return row.window and row.touch is None and np.isinf(row.low) and np.isinf(row.high)


def _meets(stated: Row | None, touch: Touch) -> bool:
    return stated is not None and touch.low - _SAME <= stated.value <= touch.high + _SAME


def _refuse_outside(row: Row, stated: Row) -> None:
    if not row.low - _SAME <= stated.value <= row.high + _SAME:
        found = f"{cite([stated])} contradicts {row.text}"
        raise InputError(Problem(found, row.place, fix="change or remove one of these rows"))


def _joined(one: Row, other: Row) -> Row:
    """Both ranges of one month as one, if at least one is a window's."""
    if not (one.window or other.window):
        return other  # found by the reader: one month twice
    if one.touch is not None and other.touch is not None:
        found = f"{other.text}: the months of another window must reach something, too: {cite([one])}"
        raise InputError(Problem(found, other.place, fix="let the windows lie apart, or state one of them as a range"))
    low, high = max(one.low, other.low), min(one.high, other.high)
    if low >= high:
        found = f"{other.text} contradicts {cite([one])}"
        raise InputError(Problem(found, other.place, fix="change or remove one of these rows"))
    text = one.text if one.text == other.text else f"{one.text}, {other.text}"
    touch = one.touch or other.touch
    return replace(one, low=low, high=high, text=text, touch=touch, window=one.window and other.window)
