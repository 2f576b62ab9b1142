"""Which part of its story each path follows, and what that leaves of the errors of statistics.

The errors of `jpsim.simulation.part_errors`, from the paths themselves: members, regimes and posterior draws are
strata, and draws that are not followed equally often are a random sample of all.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from jpsim.simulation.kernels.arrays import BLOCK
from jpsim.simulation.part_errors import left_out, unevenness

__all__ = ["Split", "Strata"]

Floats = npt.NDArray[np.float64]


class Split(NamedTuple):
    """The error of a statistic, split."""

    within: Floats  # (N,) each path's part in it within the part that the path follows
    parts: Floats  # (D, C) what the influence means on each draw less its mean in a cell; 0 where no path follows
    bias: float  # what the statistic is off because cells have not quite their shares

    def less(self, other: Split) -> Split:
        """Return the error of a difference."""
        return Split(self.within - other.within, self.parts - other.parts, self.bias - other.bias)


@dataclass(frozen=True, eq=False)
class Strata:
    """The parts of one scenario's paths.

    Parameters
    ----------
    parts
        (B,) part that each block of 512 paths follows; parts are sorted by posterior draw.
    shares
        (C,) shares of the weight that cells, members and regimes, shall have.
    draws
        Number of posterior draws.
    weights
        (N,) of the paths, summing to 1.
    """

    parts: npt.NDArray[np.int64]
    shares: Floats
    draws: int
    weights: Floats

    def split(self, influence: Floats) -> Split:
        """Split the (N,) parts of paths in the error of a statistic: weight times influence value."""
        sums, weights = self._of_parts(influence), self._part_weights
        mean = np.divide(sums, weights, out=np.zeros_like(sums), where=weights > 0.0)
        own = np.repeat(mean[self.parts], BLOCK)[: influence.size]
        parts = mean.reshape(self.draws, self.cells)
        whole = self._of_cells(weights)
        cells = np.divide(self._of_cells(sums), whole, out=np.zeros(self.cells), where=whole > 0.0)
        bias = float(self._astray @ cells)
        return Split(influence - self.weights * own, np.where(self._followed, parts - cells, 0.0), bias)

    def variance(self, split: Split) -> float:
        """Squared error of a statistic, or of a difference on common draws."""
        squares = split.within**2
        within = float(np.sum(squares)) + split.bias**2
        if self.draws == 1:
            return within
        weights = self._part_weights.reshape(self.draws, self.cells)
        sums = self._of_parts(squares).reshape(weights.shape)
        chance = np.divide(sums, weights**2, out=np.zeros_like(sums), where=self._followed)
        return within + float(left_out(split.parts, chance, self._followed, self._missed))

    @property
    def cells(self) -> int:
        """Number of members and regimes."""
        return self.shares.size

    def _of_parts(self, values: Floats) -> Floats:
        """(P,) sums of (N,) values over the paths of each part."""
        blocks = np.add.reduceat(values, np.arange(0, values.size, BLOCK))
        return np.bincount(self.parts, blocks, self.draws * self.cells).astype(np.float64)

    def _of_cells(self, values: Floats) -> Floats:
        return np.asarray(values.reshape(self.draws, self.cells).sum(axis=0), dtype=np.float64)

    @cached_property
    def _part_weights(self) -> Floats:
        return self._of_parts(self.weights)

    @cached_property
    def _followed(self) -> npt.NDArray[np.bool_]:
        return self._part_weights.reshape(self.draws, self.cells) > 0.0

    @cached_property
    def _missed(self) -> Floats:
        paths = self._of_parts(np.ones(self.weights.size)).reshape(self.draws, self.cells)
        return unevenness(paths, self._of_cells(self._part_weights))

    @cached_property
    def _astray(self) -> Floats:
        """(C,) what cells' shares of equally likely paths miss; weights make up for it."""
        if np.ptp(self.weights) > 0.0:
            return np.zeros(self.cells)
        return np.asarray(self._of_cells(self._part_weights) - self.shares / self.shares.sum(), dtype=np.float64)
