"""Conditions that contradict each other or say the same thing twice, found before any draw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular

__all__ = ["Clash", "find_clashes"]

Floats = npt.NDArray[np.float64]

_RANK = 1e-9  # a row whose part that is new is below this share of its own length follows from others
_SHARE = 1e-6  # rows with smaller weights in a dependence are not named
_AGREE = 1e-7  # in standard deviations of the row: differences below it are rounding


@dataclass(frozen=True, slots=True)
class Clash:
    """Rows that determine each other.

    Parameters
    ----------
    rows
        Positions of the rows; the last one is determined by the others.
    contradicts
        Whether the stated values disagree; if not, they say the same thing twice.
    difference
        Stated value of the last row less what the others imply, in its model unit.
    """

    rows: tuple[int, ...]
    contradicts: bool
    difference: float


def find_clashes(exposure: Floats, gap: Floats) -> list[Clash]:
    """Find every row that follows from the rows before it.

    Parameters
    ----------
    exposure
        (m, N) derivatives of the rows with respect to the stacked shocks.
    gap
        (m,) required values less the unconditional means; NaN for a row without one value (a range).

    Returns
    -------
    One `Clash` for each dependent row, naming the earlier rows that determine it.
    """
    clashes: list[Clash] = []
    kept: list[int] = []
    basis = np.zeros((0, exposure.shape[1]))
    triangle = np.zeros((0, 0))
    for i, row in enumerate(exposure):
        along = basis @ row
        rest = row - along @ basis
        again = basis @ rest
        along, rest = along + again, rest - again @ basis
        length, size = float(np.linalg.norm(rest)), float(np.linalg.norm(row))
        if length > _RANK * max(size, 1e-300):
            grown = np.zeros((len(kept) + 1, len(kept) + 1))
            grown[:-1, :-1], grown[:-1, -1], grown[-1, -1] = triangle, along, length
            basis, triangle = np.vstack([basis, rest / length]), grown
            kept.append(i)
            continue
        weights = solve_triangular(triangle, along) if kept else np.zeros(0)
        involved = [k for k, w in zip(kept, weights, strict=True) if abs(w) > _SHARE]
        implied = float(sum(w * gap[k] for k, w in zip(kept, weights, strict=True) if abs(w) > _SHARE))
        difference = float(gap[i]) - implied
        clashes.append(Clash((*involved, i), bool(abs(difference) > _AGREE * max(size, 1.0)), difference))
    return clashes
