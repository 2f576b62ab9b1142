"""Weights of paths in fixed point, whose integer sums are exact in any order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from jpsim.errors import InputError
from jpsim.simulation.kernels.arrays import SUPERBLOCK
from jpsim.simulation.kernels.tally import HALF

__all__ = ["Weights", "fixed_point"]

Floats = npt.NDArray[np.float64]
Units = npt.NDArray[np.uint64]

UNIT_BITS: Final = 32
"""Bits that the sum of fixed-point weights takes at most; with n paths their rounding is about n / 2**33 of the
Monte Carlo error."""
FINE_BITS: Final = 62
"""The same for the weights that decide exact order statistics."""
_CHUNK: Final = 65_536


@dataclass(frozen=True, eq=False, slots=True)
class Weights:
    """Path weights with mean 1, as floats and as fixed-point numbers whose integer sums are exact.

    The running sums of the weights are rounded, not each weight, so that no part is lost however small.

    Parameters
    ----------
    weights
        (paths,) with mean 1 over all paths.
    units
        (paths,) weight in the upper 32 bits, squared weight in the lower, in multiples of `resolution`.
    resolution
        The values of one unit of a weight and of a squared weight.
    sums
        Sums of the weights and of their squares over all paths.
    first
        The path that these weights begin with: a part of all is enough for a part of the paths.
    """

    weights: Floats
    units: Units
    resolution: tuple[float, float]
    sums: tuple[float, float]
    first: int = 0

    def part(self, first: int, count: int) -> Weights:
        """Keep the weights of some paths."""
        begin = first - self.first
        here = slice(begin, begin + count)
        return Weights(self.weights[here], self.units[here], self.resolution, self.sums, first)

    def of(self, first: int, count: int) -> tuple[Floats, Units]:
        """Return a superblock's weights and units, zero beyond `count`."""
        weights, units = np.zeros(SUPERBLOCK), np.zeros(SUPERBLOCK, dtype=np.uint64)
        here = slice(first - self.first, first - self.first + count)
        weights[:count], units[:count] = self.weights[here], self.units[here]
        return weights, units

    def fine(self, first: int, count: int) -> npt.NDArray[np.int64]:
        """(count,) weights in multiples of `fine_unit`."""
        here = slice(first - self.first, first - self.first + count)
        fine: npt.NDArray[np.int64] = np.rint(self.weights[here] / self.fine_unit).astype(np.int64)
        return fine

    @property
    def fine_unit(self) -> float:
        """A power of two, ``2**-FINE_BITS`` of one above the sum of all weights."""
        return _unit(self.sums[0], FINE_BITS)

    @property
    def fine_sum(self) -> int:
        """Sum of these weights in multiples of `fine_unit`."""
        return int(self.fine(self.first, self.weights.size).sum())


def fixed_point(weights: Floats, paths: int) -> Weights:
    """Scale weights to mean 1 and round them, and their squares, to fixed point.

    Parameters
    ----------
    weights
        (paths,) finite and not negative, with a positive sum.
    paths
        Number of paths.

    Raises
    ------
    InputError
        Weights of another length, or of which one is negative or not finite, or all of which are zero.
    """
    weights = np.asarray(weights, dtype=np.float64)
    if weights.shape != (paths,):
        raise InputError(f"{weights.shape} path weights for {paths} paths")
    if not (np.isfinite(weights).all() and (weights >= 0.0).all() and weights.any()):
        raise InputError("path weights must be finite, not negative, and not all zero")
    weights = weights / weights.mean()
    sums = float(weights.sum()), float((weights**2).sum())
    units = np.zeros(weights.size, dtype=np.uint64)
    resolution = _add_rounded(units, weights, 1, int(HALF)), _add_rounded(units, weights, 2, 0)
    return Weights(weights, units, resolution, sums)


def _add_rounded(units: Units, weights: Floats, power: int, shift: int) -> float:
    """Add powers of weights to units, from a bit on, in multiples of a power of two, which is returned.

    The multiples sum to less than ``2**UNIT_BITS``.
    """
    *_, last = _sums(weights, power)
    unit, before, done = _unit(float(last[-1]), UNIT_BITS), 0.0, 0
    for sums in _sums(weights, power):
        whole = np.rint(sums / unit)
        here = slice(done, done + sums.size)
        units[here] |= np.diff(whole, prepend=before).astype(np.uint64) << np.uint64(shift)
        before, done = float(whole[-1]), here.stop
    return unit


def _sums(weights: Floats, power: int) -> Iterator[Floats]:
    """Running sums of powers of weights, chunk by chunk: the same as in one go."""
    before = 0.0
    for begin in range(0, weights.size, _CHUNK):
        values = weights[begin : begin + _CHUNK] ** power
        values[0] += before
        yield (sums := np.cumsum(values))
        before = float(sums[-1])


def _unit(total: float, bits: int) -> float:
    """The power of two of which `total` is a little less than ``2**bits`` multiples."""
    return float(2.0 ** (np.ceil(np.log2(total * (1.0 + 2.0**-20))) - bits))
