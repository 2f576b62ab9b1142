"""What the legs of a book earn on paths: bought and held, or brought back to their weights every month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from jpsim.analysis.books.book import Book
from jpsim.errors import InputError, Problem
from jpsim.simulation.sampling import Sampler

__all__ = ["Revaluation", "drawdown"]

Floats = npt.NDArray[np.float64]

_EXCHANGE_RATE = "usdjpy"


@dataclass(frozen=True, eq=False)
class Revaluation:
    """A book on the outputs of a model.

    Parameters
    ----------
    rows
        (K,) positions of the legs' series among the outputs.
    weights
        (K,) net weights.
    unhedged
        (K,) whether a leg's value is turned into dollars at the rate of each month.
    exchange
        Position of yen per dollar among the outputs, and its level at month 0; None if no leg needs it.
    monthly
        Whether the weights are restored at the end of each month.
    """

    rows: npt.NDArray[np.int64]
    weights: Floats
    unhedged: npt.NDArray[np.bool_]
    exchange: tuple[int, float] | None
    monthly: bool

    @classmethod
    def of(cls, book: Book, sampler: Sampler) -> Self:
        """Find a book's legs among the outputs of a scenario.

        Raises
        ------
        InputError
            If a leg is unhedged and the model has no exchange rate.
        """
        outputs = sampler.story.parts[0].law.conditional.system.model.outputs
        unhedged = np.array([leg.unhedged for leg in book.legs])
        exchange = None
        if unhedged.any():
            if _EXCHANGE_RATE not in outputs:
                found = f"the book is in USD, unhedged, and the model has no factor {_EXCHANGE_RATE}"
                raise InputError(Problem(found, fix="write USD hedged, or JPY"))
            row = outputs.index(_EXCHANGE_RATE)
            exchange = row, float(sampler.laws[0].start[row])
        rows = np.array([outputs.index(leg.series) for leg in book.legs], dtype=np.int64)
        return cls(rows, book.leg_weights, unhedged, exchange, book.rebalancing == "monthly")

    def gains(self, outputs: Floats) -> Floats:
        """Return (K, h, m) gains of one unit of weight in each leg since month 0, as shares of the capital.

        Held legs earn their cumulative returns. A leg that is brought back to its weight w every month gains
        ``sum_s V_{s-1} rho_s`` for each unit of w, with rho_s its return in month s and V the value of the book
        before it, so that the gains times the weights are the book's own gain in both cases.

        Parameters
        ----------
        outputs
            (O, h, m) factor levels and cumulative simple returns.
        """
        gross = 1.0 + outputs[self.rows]
        if self.exchange is not None:
            row, start = self.exchange
            gross[self.unhedged] *= start / outputs[row]
        if not self.monthly:
            gains: Floats = gross - 1.0
            return gains
        monthly = gross.copy()
        monthly[:, 1:] /= gross[:, :-1]
        monthly -= 1.0
        growth = np.cumprod(1.0 + np.einsum("k,khm->hm", self.weights, monthly), axis=0)
        monthly[:, 1:] *= growth[:-1]
        return np.cumsum(monthly, axis=1)

    def value(self, gains: Floats) -> Floats:
        """(h, m) gain of the whole book since month 0."""
        whole: Floats = np.einsum("k,khm->hm", self.weights, gains)
        return whole


def drawdown(value: Floats) -> Floats:
    """(h, m) deepest fall from an earlier month end, up to each month, as a share of that value.

    Parameters
    ----------
    value
        (h, m) gains since month 0.
    """
    wealth = 1.0 + value
    peak = np.maximum(np.maximum.accumulate(wealth, axis=0), 1.0)
    deepest: Floats = np.maximum.accumulate(1.0 - wealth / peak, axis=0)
    return deepest
