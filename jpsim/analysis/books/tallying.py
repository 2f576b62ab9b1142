"""Counting a book's paths: the engine's own totals for its value and drawdown, and what each leg adds to each bin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from jpsim.simulation.accumulation import BINS, Totals, sink_for
from jpsim.simulation.law import Law

__all__ = ["BookTally", "tally_bytes", "tally_law"]

Floats = npt.NDArray[np.float64]

_WIDTH = 12.0  # histograms reach this many standard deviations from the mean of the first paths


def tally_bytes(legs: int, months: int) -> int:
    """Memory of a tally with weights, but for what does not grow with the legs."""
    return 3 * 8 * months * BINS * legs


def tally_law(law: Law, sample: Floats, start: Floats) -> Law:
    """Give a law's place in the reduction to other outputs: ends of histograms from a first sample of them.

    Parameters
    ----------
    law
        Any law.
    sample
        (Q, h, m) values.
    start
        (Q,) values at month 0.
    """
    mean = sample.mean(axis=2)
    spread = _WIDTH * sample.std(axis=2) + 1e-9 * np.maximum(1.0, np.abs(mean))
    ends = mean - spread, mean + spread
    return Law(law.dynamics, law.mixing, law.equity, law.levels, *ends, start, law.reported)


@dataclass(slots=True)
class BookTally:
    """Sums over paths, added in the order of the paths.

    Parameters
    ----------
    law
        Ends of the histograms and values at month 0 of the Q outputs; the first is the book's gain.
    weighted
        Whether paths are not equally likely.
    counts, squares
        (Q, h, BINS) sums of weights and of their squares; the same array where paths are equally likely.
    losses
        (Q, h, 2) weight, and squared weight, of the paths below `law.start`.
    sums
        (Q, h, 6 or 10) power sums, see `jpsim.simulation.kernels.arrays.Sink`.
    gains
        (h, BINS, K) sums of weight times gain of each leg, over the paths of each bin of the book's gain.
    square_gains, squared
        (h, BINS, K) sums of squared weight times gain, and times squared gain; the first is `gains` where
        paths are equally likely.
    weight
        Sums of weights and of their squares.
    """

    law: Law
    weighted: bool
    counts: Floats
    squares: Floats
    losses: Floats
    sums: Floats
    gains: Floats
    square_gains: Floats
    squared: Floats
    weight: Floats

    @classmethod
    def empty(cls, law: Law, legs: int, *, weighted: bool) -> Self:
        """Start with nothing counted."""
        outputs, months = law.low.shape
        counts, gains = np.zeros((outputs, months, BINS)), np.zeros((months, BINS, legs))
        return cls(
            law,
            weighted,
            counts,
            np.zeros_like(counts) if weighted else counts,
            np.zeros((outputs, months, 2)),
            np.zeros((outputs, months, 10 if weighted else 6)),
            gains,
            np.zeros_like(gains) if weighted else gains,
            np.zeros_like(gains),
            np.zeros(2),
        )

    def add(self, values: Floats, gains: Floats, weights: Floats) -> None:
        """Count some paths.

        Parameters
        ----------
        values
            (Q, h, m) values of the outputs.
        gains
            (K, h, m) gains of a unit of each leg.
        weights
            (m,) weights with mean 1 over all paths.
        """
        square = weights * weights
        self.weight += weights.sum(), square.sum()
        low, width = self.law.low[..., None], ((self.law.high - self.law.low) / BINS)[..., None]
        place = (values - low) / width
        bins = np.clip(place, 0.0, BINS - 1.0).astype(np.int64)
        self._add_powers(values, np.minimum(place, 0.0), weights)
        below = (values < self.law.start[:, None, None]).astype(np.float64)
        self.losses += np.stack([below @ weights, below @ square], axis=-1)
        for month in range(values.shape[1]):
            for output in range(values.shape[0]):
                self.counts[output, month] += np.bincount(bins[output, month], weights, BINS)
                if self.weighted:
                    self.squares[output, month] += np.bincount(bins[output, month], square, BINS)
            self._add_gains(month, bins[0, month], np.ascontiguousarray(gains[:, month].T), weights, square)

    def totals(self) -> Totals:
        """What was counted, as the engine's reduction takes it."""
        sink = sink_for(self.law, counted=False)
        weight, squares = map(float, self.weight)
        return Totals(sink, self.counts, self.squares, self.losses, self.sums, weight, squares)

    def _add_powers(self, values: Floats, shortfall: Floats, weights: Floats) -> None:
        sink = sink_for(self.law, counted=False)
        z = (values - sink.centre[..., None]) * sink.per_spread[..., None]
        z2, deep = z * z, shortfall * shortfall
        powers = (z, z2, z2 * z, z2 * z2)
        if not self.weighted:
            self.sums += np.stack([term.sum(axis=2) for term in (*powers, shortfall, deep)], axis=-1)
            return
        square = weights * weights
        parts = [term @ weights for term in powers[:2]] + [term @ square for term in powers]
        parts += [term @ share for share in (weights, square) for term in (shortfall, deep)]
        self.sums += np.stack(parts, axis=-1)

    def _add_gains(
        self, month: int, bins: npt.NDArray[np.int64], gains: Floats, weights: Floats, square: Floats
    ) -> None:
        """Add the (m, K) gains of one month to the bins of their paths."""
        from scipy.sparse import csc_matrix

        columns = np.arange(bins.size + 1)
        to_bins = csc_matrix((weights, bins, columns), shape=(BINS, bins.size))
        self.gains[month] += to_bins @ gains
        squared = csc_matrix((square, bins, columns), shape=(BINS, bins.size)) if self.weighted else to_bins
        if self.weighted:
            self.square_gains[month] += squared @ gains
        self.squared[month] += squared @ (gains * gains)
