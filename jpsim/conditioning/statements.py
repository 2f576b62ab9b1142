"""From a scenario's conditions to statements about single months, fills included."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from jpsim.conditioning.quantity import Conditioned
from jpsim.conditioning.rows import Row
from jpsim.conditioning.windows import average_row, window_rows
from jpsim.days import Instant
from jpsim.errors import Place
from jpsim.scenario import Condition, When
from jpsim.units import Quantity

__all__ = ["state_rows"]

Find = Callable[..., Place | None]


@dataclass(frozen=True, slots=True)
class _Point:
    """A stated centre in model units at a month."""

    month: int
    centre: float
    place: Place | None


def state_rows(quantity: Conditioned, block: Condition, as_of: Instant, find: Find) -> Iterator[Row]:
    """Yield the rows of one block of conditions on a quantity.

    Parameters
    ----------
    quantity
        What it speaks of.
    block
        The block.
    as_of
        Month 0.
    find
        ``find("level", "2026-07")`` gives the place of that leaf.
    """
    for role in ("level", "change"):
        stated = getattr(block, role)
        points = [
            _Point(when.index(as_of), quantity.value(value, role, when.index(as_of)), find(role, str(when)))
            for when, value in stated.items()
        ]
        for point in _filled(sorted(points, key=lambda point: point.month), quantity.base, block.fill):
            row = _row(quantity, block, role, point, as_of)
            yield row if block.announced is None else replace(row, announced=block.announced.index(as_of))
    first = 1 if block.since is None else block.since.index(as_of)
    for when, value in block.average.items():
        point = _Point(when.index(as_of), quantity.value(value, "level", when.index(as_of)), find("average", str(when)))
        yield average_row(_row(quantity, block, "level", point, as_of), first, as_of)
    for role in ("maximum", "minimum"):
        for when, bounds in getattr(block, role).items():
            yield from window_rows(quantity, role, bounds, (first, when.index(as_of)), as_of, find(role, str(when)))
    for when, law in block.table.items():
        yield _table_row(quantity, when, law, as_of, find("table", str(when)))
    for when, bounds in block.range.items():
        yield _range_row(quantity, when, bounds, as_of, find("range", str(when)))


def _filled(points: list[_Point], base: float, fill: str) -> list[_Point]:
    """Add the months between month 0 and the last named one, as the block's `fill` says."""
    if fill == "none" or not points:
        return points
    months = np.arange(1, points[-1].month + 1)
    known_months = np.array([0, *(point.month for point in points)])
    known = np.array([base, *(point.centre for point in points)])
    if fill == "linear":
        values = np.interp(months, known_months, known)
    else:
        values = known[np.searchsorted(known_months, months, side="right") - 1]
    after = np.searchsorted(known_months[1:], months)
    return [
        _Point(int(month), float(value), points[int(index)].place)
        for month, value, index in zip(months, values, after, strict=True)
    ]


def _row(quantity: Conditioned, block: Condition, role: str, point: _Point, as_of: Instant) -> Row:
    value, sd = point.centre, 0.0
    if block.sd is not None and block.kind != "hard":
        value, sd = quantity.law(point.centre, block.sd, role, block.kind, point.month)
    text = f"{quantity.name} {quantity.written(point.centre)} in {as_of + point.month}"
    if block.kind != "hard":
        text += f" ({block.kind}, sd {_spread(quantity, sd)})"
    return Row(
        quantity.name, point.month, block.kind, quantity.row, quantity.constant, value, sd, -np.inf, np.inf,
        text, point.place,
    )  # fmt: skip


def _table_row(
    quantity: Conditioned, when: When, law: Mapping[Quantity, float], as_of: Instant, place: Place | None
) -> Row:
    month = when.index(as_of)
    table = tuple((quantity.value(value, "level", month), share) for value, share in law.items())
    mean = sum(value * share for value, share in table)
    words = ", ".join(f"{quantity.written(value)} {share:.0%}" for value, share in table)
    return Row(
        quantity.name, month, "table", quantity.row, quantity.constant, mean, 0.0, -np.inf, np.inf,
        f"{quantity.name} in {as_of + month} one of {words}", place, table,
    )  # fmt: skip


def _range_row(
    quantity: Conditioned,
    when: When,
    bounds: tuple[Quantity | None, Quantity | None],
    as_of: Instant,
    place: Place | None,
) -> Row:
    month = when.index(as_of)
    low, high = quantity.ends(bounds, month)
    words = quantity.interval(low, high)
    return Row(
        quantity.name, month, "range", quantity.row, quantity.constant, np.nan, 0.0, low, high,
        f"{quantity.name} within {words} in {as_of + month}", place,
    )  # fmt: skip


def _spread(quantity: Conditioned, sd: float) -> str:
    if quantity.logarithmic:
        return f"{sd:.2f}%"
    return f"{100 * sd:.3g}bp" if quantity.unit == "%" else f"{sd:.3g}"
