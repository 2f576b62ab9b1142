"""Who carries a book's expected shortfall: the mean gain of each leg in the book's own tail.

With the book's gain p = sum_k W_k g_k, weights w of the paths that sum to S, and q its quantile at a,
leg k's unit of weight contributes ``C_k = -E[g_k | p <= q]`` and the whole tail ``ES = sum_k W_k C_k``. The
error of C_k is that of a weighted mean of ``psi = -(g_k - m_k) 1{p <= q} / a - m_k - C_k`` with
``m_k = E[g_k | p = q]``; with k the whole book this is the usual error of expected shortfall.

References
----------
Tasche (2002), Expected shortfall and beyond. https://doi.org/10.1016/S0378-4266(02)00272-8

Manistre, Hancock (2005), Variance of the CTE estimator. https://doi.org/10.1080/10920277.2005.10596207
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from jpsim.analysis.books.tallying import BookTally

__all__ = ["TailShares", "tail_shares"]

Floats = npt.NDArray[np.float64]

_NEAR = 0.1  # of the tail's probability on both sides of its quantile: where p counts as equal to q


class TailShares(NamedTuple):
    """What a unit of each leg adds to the book's expected shortfall and value at risk; (h, K) each.

    Parameters
    ----------
    contribution, error
        To expected shortfall, and its Monte Carlo error.
    at_quantile
        To value at risk: the mean loss over the paths next to it.
    """

    contribution: Floats
    error: Floats
    at_quantile: Floats

    def of(self, legs: slice) -> TailShares:
        """Those of some legs."""
        return TailShares(*(values[:, legs] for values in self))


def tail_shares(tally: BookTally, share: float) -> TailShares:
    """Split the expected shortfall of the worst `share` of the paths.

    A bin that the quantile cuts counts with the part of it that lies below.

    Parameters
    ----------
    tally
        All paths, counted.
    share
        Probability a of the tail.
    """
    months, legs = tally.gains.shape[0], tally.gains.shape[2]
    shares = np.empty((3, months, legs))
    for month in range(months):
        shares[:, month] = _month_shares(tally, month, share)
    return TailShares(*shares)


def _month_shares(tally: BookTally, month: int, share: float) -> tuple[Floats, Floats, Floats]:
    counts, (weight, square) = tally.counts[0, month], tally.weight
    inside = _inside(counts, share * weight)
    near = _inside(counts, (1.0 + _NEAR) * share * weight) - _inside(counts, (1.0 - _NEAR) * share * weight)
    contribution = -(inside @ tally.gains[month]) / (inside @ counts)
    at_quantile = (near @ tally.gains[month]) / (near @ counts)
    gap = at_quantile + contribution
    mass = inside @ tally.squares[0, month]
    first = inside @ tally.square_gains[month] - at_quantile * mass
    second = (
        inside @ tally.squared[month] - 2.0 * at_quantile * (inside @ tally.square_gains[month]) + at_quantile**2 * mass
    )
    tail = second / share**2 + 2.0 * gap * first / share + gap**2 * mass
    return contribution, np.sqrt(np.maximum(tail + gap**2 * (square - mass), 0.0)) / weight, -at_quantile


def _inside(counts: Floats, mass: float) -> Floats:
    """Part of each bin that lies in the lowest `mass` of the counts."""
    below = np.cumsum(counts) - counts
    room = np.clip(mass - below, 0.0, counts)
    part: Floats = np.divide(room, counts, out=np.zeros_like(counts), where=counts > 0.0)
    return part
