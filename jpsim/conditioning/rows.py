"""Rows: what a scenario's conditions say, one linear function of the path at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpsim.errors import Place

__all__ = ["Row", "RowTable", "tabulate_rows"]

Floats = npt.NDArray[np.float64]


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


@dataclass(frozen=True, eq=False)
class RowTable:
    """The rows of a scenario as arrays, all of length m."""

    rows: tuple[Row, ...]
    weights: Floats
    constants: Floats
    months: npt.NDArray[np.int64]
    values: Floats
    noise: Floats

    def of_kind(self, kind: str) -> list[int]:
        """Positions of the rows of a kind."""
        return [i for i, row in enumerate(self.rows) if row.kind == kind]

    def last_of_each(self) -> list[int]:
        """Positions of the last row of each quantity."""
        last = {row.name: i for i, row in sorted(enumerate(self.rows), key=lambda pair: pair[1].month)}
        return sorted(last.values())


def tabulate_rows(rows: tuple[Row, ...], size: int) -> RowTable:
    """Collect rows on a state of `size` variables into arrays."""
    return RowTable(
        rows,
        np.array([row.weights for row in rows]).reshape(len(rows), size),
        np.array([row.constant for row in rows]),
        np.array([row.month for row in rows], dtype=np.int64),
        np.array([row.value for row in rows]),
        np.array([row.sd**2 if row.kind == "measurement" else 0.0 for row in rows]),
    )
