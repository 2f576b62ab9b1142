"""The histograms of a run: what reports and unusual quantiles need without simulating again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from jpsim.simulation.result import Histogram

__all__ = ["Distribution", "HistogramSlice"]

Floats = npt.NDArray[np.float64]

_STORED_BINS = 512
"""Bins kept per histogram: a thirtieth of a standard deviation each, where interpolation errs by 1e-4 of one."""


@dataclass(frozen=True, eq=False, slots=True)
class HistogramSlice:
    """The histogram of one output in one month.

    Parameters
    ----------
    low, high
        Outer edges.
    counts
        (B,) sums of path weights in bins of equal width.
    """

    low: float
    high: float
    counts: Floats

    @property
    def edges(self) -> Floats:
        """(B + 1,) edges of the bins."""
        return np.linspace(self.low, self.high, self.counts.size + 1)

    def quantile(self, q: float) -> float:
        """Value below which a share `q` of the weight lies, linear within a bin."""
        cumulative = np.concatenate([[0.0], np.cumsum(self.counts)])
        target = q * cumulative[-1]
        cell = int(np.clip(np.searchsorted(cumulative, target, side="left") - 1, 0, self.counts.size - 1))
        inside = (target - cumulative[cell]) / max(self.counts[cell], np.finfo(float).tiny)
        return float(self.edges[cell] + np.clip(inside, 0.0, 1.0) * (self.high - self.low) / self.counts.size)

    def density(self, q: float) -> float:
        """Probability density at the quantile `q`, as the slope between two quantiles near it."""
        half = min(0.025, min(q, 1 - q) / 4)
        distance = self.quantile(q + half) - self.quantile(q - half)
        return 2 * half / distance if distance > 0 else float("inf")

    def densities(self, grid: Floats) -> Floats:
        """Probability density at evenly spaced points, smoothed over the two neighbours on either side.

        Parameters
        ----------
        grid
            (g,) points, at least a bin apart.

        Returns
        -------
        (g,) slopes of the distribution function around each point, averaged with the weights 1, 4, 6, 4, 1.
        """
        step = grid[1] - grid[0]
        ends = np.linspace(grid[0] - 2.5 * step, grid[-1] + 2.5 * step, grid.size + 5)
        cumulative = np.concatenate([[0.0], np.cumsum(self.counts)]) / self.counts.sum()
        rise = np.diff(np.interp(ends, self.edges, cumulative))
        smooth: Floats = np.convolve(rise, np.array([1, 4, 6, 4, 1]) / 16, mode="valid")
        density: Floats = smooth / step
        return density

    def tail(self, q: float) -> tuple[float, float]:
        """Mean and variance of the lowest share `q` of the weight, bins at their centres."""
        centres = (self.edges[:-1] + self.edges[1:]) / 2
        before = np.concatenate([[0.0], np.cumsum(self.counts)[:-1]])
        taken = np.clip(q * self.counts.sum() - before, 0.0, self.counts)
        mean = float(taken @ centres / taken.sum())
        return mean, float(taken @ (centres - mean) ** 2 / taken.sum())


@dataclass(frozen=True, eq=False, slots=True)
class Distribution:
    """Histograms of K scenarios, O outputs and h months in B bins of equal width.

    Parameters
    ----------
    low, high
        (K, O, h) outer edges; what lies beyond is counted in the outermost bin.
    counts
        (K, O, h, B) sums of path weights, which average one.
    """

    low: Floats
    high: Floats
    counts: Floats

    @classmethod
    def of(cls, histograms: Sequence[Histogram]) -> Self:
        """Stack the histograms of the scenarios, neighbouring bins merged to at most 512."""
        return cls(
            low=np.stack([histogram.low for histogram in histograms]),
            high=np.stack([histogram.high for histogram in histograms]),
            counts=np.stack([_merged(np.asarray(histogram.counts, dtype=np.float64)) for histogram in histograms]),
        )

    def slice(self, scenario: int, output: int, month: int) -> HistogramSlice:
        """Histogram at these positions; `month` counts from 0 here."""
        place = scenario, output, month
        return HistogramSlice(float(self.low[place]), float(self.high[place]), self.counts[place])


def _merged(counts: Floats) -> Floats:
    bins = counts.shape[-1]
    factor = next((step for step in range(-(-bins // _STORED_BINS), bins + 1) if bins % step == 0), 1)
    merged: Floats = counts.reshape(*counts.shape[:-1], bins // factor, factor).sum(axis=-1)
    return merged
