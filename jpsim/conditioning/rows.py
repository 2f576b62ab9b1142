"""Rows: what a scenario's conditions say, one linear function of the path at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from jpsim.errors import Place

__all__ = ["Row", "RowTable", "Ties", "Touch", "cite", "drawing_order", "tabulate_rows"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Touch:
    """Bounds that a quantity must meet in at least one month of a window.

    Parameters
    ----------
    window
        What tells the window's rows from others.
    low, high
        The bounds; infinite where there is none.
    """

    window: str
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Row:
    """One statement about one quantity in one month, in model units.

    Parameters
    ----------
    name
        Factor or combination.
    month
        Month 1 to h.
    kind
        ``hard``, ``measurement``, ``marginal``, ``table`` or ``range``.
    weights, constant
        The quantity is ``weights @ s_month + constant``.
    value
        Stated value; the mean of its law for a marginal or a table; NaN for a range.
    sd
        Standard deviation of the measurement error or of the stated margin; 0 for a hard row.
    low, high
        Bounds of a range; infinite where there is none.
    text
        The statement as the user would say it.
    place
        Where it was written.
    table
        Values and their probabilities, for a discrete law.
    first
        First month of the window over whose months' ends the quantity is averaged; None for the month alone.
    touch
        For a range over a window: which of its bounds must hold in at least one of the window's months.
    window
        Whether the row is one month of a statement on a maximum or minimum.
    announced
        Month in which the market learns of it together with the rest of its path; 0 if it is a surprise in its own.
    news
        Whether it speaks of the month's innovation alone: of the quantity less what the month before expected of it.
    """

    name: str
    month: int
    kind: str
    weights: Floats
    constant: float
    value: float
    sd: float
    low: float
    high: float
    text: str
    place: Place | None
    table: tuple[tuple[float, float], ...] = ()
    first: int | None = None
    touch: Touch | None = None
    window: bool = False
    announced: int = 0
    news: bool = False


def cite(rows: Sequence[Row]) -> str:
    """Say rows once each, with the lines on which they were written."""
    told: dict[str, None] = {}
    for row in rows:
        line = "" if row.place is None or row.place.line is None else f" (line {row.place.line})"
        told[row.text + line] = None
    return "; ".join(told)


class Ties(NamedTuple):
    """Ranges that follow from other rows: k rows whose values are ``weights @ values + constants``."""

    rows: tuple[Row, ...]
    weights: Floats  # (k, m)
    constants: Floats  # (k,)


@dataclass(frozen=True, eq=False)
class RowTable:
    """The rows of a scenario as arrays, all of length m.

    `firsts` to `months` are the months they average over, `news` tells rows on a month's innovation alone; `ties` are
    ranges that are no rows of their own, because they follow from these.
    """

    rows: tuple[Row, ...]
    weights: Floats
    constants: Floats
    firsts: npt.NDArray[np.int64]
    months: npt.NDArray[np.int64]
    values: Floats
    noise: Floats
    news: npt.NDArray[np.bool_]
    ties: Ties | None = None

    def of_kind(self, kind: str) -> list[int]:
        """Positions of the rows of a kind."""
        return [i for i, row in enumerate(self.rows) if row.kind == kind]

    @property
    def bounded(self) -> tuple[Row, ...]:
        """All ranges, those that follow from other rows last."""
        return tuple(self.rows[i] for i in drawing_order(self)) + (self.ties.rows if self.ties else ())

    def part(self, places: npt.NDArray[np.int64]) -> RowTable:
        """Some of the rows."""
        arrays = ("weights", "constants", "firsts", "months", "values", "noise", "news")
        return replace(
            self, rows=tuple(self.rows[i] for i in places), **{name: getattr(self, name)[places] for name in arrays}
        )


def drawing_order(table: RowTable) -> list[int]:
    """Positions of the ranges, latest month first, so that draws need the least weights; windows come last."""
    return sorted(table.of_kind("range"), key=lambda i: (table.rows[i].window, -table.rows[i].month))


def tabulate_rows(rows: tuple[Row, ...], size: int) -> RowTable:
    """Collect rows on a state of `size` variables into arrays."""
    return RowTable(
        rows,
        np.array([row.weights for row in rows]).reshape(len(rows), size),
        np.array([row.constant for row in rows]),
        np.array([row.month if row.first is None else row.first for row in rows], dtype=np.int64),
        np.array([row.month for row in rows], dtype=np.int64),
        np.array([row.value for row in rows]),
        np.array([row.sd**2 if row.kind == "measurement" else 0.0 for row in rows]),
        np.array([row.news for row in rows], dtype=np.bool_),
    )
