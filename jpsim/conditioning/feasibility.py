"""Conditions that contradict each other, say the same thing twice, or follow from each other, found before any draw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Clash", "find_clashes", "find_ties"]

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
    weights
        Of the others in the last row, in the order of `rows`.
    """

    rows: tuple[int, ...]
    contradicts: bool
    difference: float
    weights: tuple[float, ...]


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
        weights = np.linalg.solve(triangle, along) if kept else np.zeros(0)
        involved = {k: float(w) for k, w in zip(kept, weights, strict=True) if abs(w) > _SHARE}
        difference = float(gap[i]) - float(sum(w * gap[k] for k, w in involved.items()))
        contradicts = bool(abs(difference) > _AGREE * max(size, 1.0))
        clashes.append(Clash((*involved, i), contradicts, difference, tuple(involved.values())))
    return clashes


def find_ties(exposure: Floats, given: list[int], ranges: list[int]) -> dict[int, Floats]:
    """Find the ranges that follow from others, as the last month of an average does from the months before.

    Parameters
    ----------
    exposure
        (m, N) as in `find_clashes`.
    given, ranges
        Positions of the rows that have values, and of the ranges; a range may follow from those before it.

    Returns
    -------
    For each such range the (m,) weights of the rows that it follows from; at least one of them is a range. Ranges that
    values alone determine are no ties.
    """
    order, found = [*given, *ranges], {}
    for clash in find_clashes(exposure[order], np.full(len(order), np.nan)):
        *others, last = (order[i] for i in clash.rows)
        if last in ranges and not set(others).isdisjoint(ranges):
            found[last] = np.zeros(len(exposure))
            found[last][others] = clash.weights
    return found
