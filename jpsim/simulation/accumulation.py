"""Where threads put their superblocks, and how these are added up in an order that never changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from jpsim.errors import InputError
from jpsim.simulation.kernels.arrays import SUPERBLOCK, Sink
from jpsim.simulation.kernels.tally import HALF, LOW_HALF
from jpsim.simulation.law import Law

__all__ = ["BINS", "Totals", "Weights", "fixed_point", "sink_bytes", "sink_for", "total"]

Floats = npt.NDArray[np.float64]

BINS: Final = 4096
"""Bins of each histogram: over 16 standard deviations one is 0.004 wide, and interpolation within it
leaves an error under a tenth of the Monte Carlo error of one million paths."""
SPREADS: Final = 16.0
"""The part of a histogram's range that standardises power sums."""
UNIT_BITS: Final = 32
"""Bits that the sum of fixed-point weights takes at most; with n paths their rounding is about n / 2**33 of the
Monte Carlo error."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Path weights with mean 1, as floats and as fixed-point numbers whose integer sums are exact.

    The running sums of the weights are rounded, not each weight, so that no part is lost however small.

    Parameters
    ----------
    weights
        (paths,) with mean 1.
    units
        (paths,) weight in the upper 32 bits, squared weight in the lower, in multiples of `resolution`.
    resolution
        The values of one unit of a weight and of a squared weight.
    """

    weights: Floats
    units: npt.NDArray[np.uint64]
    resolution: tuple[float, float]

    def of(self, first: int, count: int) -> tuple[Floats, npt.NDArray[np.uint64]]:
        """Return a superblock's weights and units, zero beyond `count`."""
        weights, units = np.zeros(SUPERBLOCK), np.zeros(SUPERBLOCK, dtype=np.uint64)
        weights[:count] = self.weights[first : first + count]
        units[:count] = self.units[first : first + count]
        return weights, units


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
    (high, first), (low, second) = _rounded(weights), _rounded(weights * weights)
    return Weights(weights, (high << HALF) | low, (first, second))


def _rounded(values: Floats) -> tuple[npt.NDArray[np.uint64], float]:
    """Whole multiples of a power of two that sum to less than ``2**UNIT_BITS``, and that power."""
    sums = np.cumsum(values)
    unit = float(2.0 ** (np.ceil(np.log2(sums[-1] * (1.0 + 2.0**-20))) - UNIT_BITS))
    return np.diff(np.rint(sums / unit), prepend=0.0).astype(np.uint64), unit


def sink_for(law: Law, *, weighted: bool, paths_kept: int = 0) -> Sink:
    """Allocate where one thread counts its superblocks, or keeps the outputs of `paths_kept` paths."""
    outputs, months = law.low.shape
    width = (law.high - law.low) / BINS
    usable = np.isfinite(width) & (width > 0.0)
    spread = np.where(usable, width * BINS / SPREADS, 1.0)
    counted = paths_kept == 0
    return Sink(
        low=np.array(law.low, dtype=np.float64),
        per_width=np.divide(1.0, width, out=np.zeros_like(spread), where=usable),
        centre=np.array(0.5 * (law.low + law.high)),
        per_spread=1.0 / spread,
        start=np.array(law.start, dtype=np.float64),
        weights=np.zeros(SUPERBLOCK if weighted else 0),
        units=np.zeros(SUPERBLOCK if weighted else 0, dtype=np.uint64),
        counts=np.zeros((outputs, months, 0 if weighted or not counted else BINS), dtype=np.uint32),
        unit_counts=np.zeros((outputs, months, BINS if weighted and counted else 0), dtype=np.uint64),
        losses=np.zeros((outputs, months, 2), dtype=np.int64),
        sums=np.zeros((outputs, months, (10 if weighted else 6) if counted else 0)),
        paths=np.zeros((outputs, months, paths_kept)),
    )


def sink_bytes(law: Law, *, weighted: bool) -> int:
    """Size in bytes of what `sink_for` allocates for counting."""
    return law.low.size * BINS * (8 if weighted else 4)


@dataclass(slots=True)
class Totals:
    """Everything counted over all paths, as floats in units of weights.

    Parameters
    ----------
    sink
        Edges, centres and spreads.
    counts, squares
        (O, h, BINS) sums of weights and of squared weights; the same array without weights.
    losses
        (O, h, 2) weight, and squared weight, of the paths below `start`.
    sums
        (O, h, 6 or 10) power sums, see `Sink`.
    weight, weight_squares
        Sums over all paths.
    """

    sink: Sink
    counts: Floats
    squares: Floats
    losses: Floats
    sums: Floats
    weight: float
    weight_squares: float


def total(sinks: list[Sink], sums: Floats, paths: int, weights: Weights | None) -> Totals:
    """Add the threads' integer counts, in any order, into the first sink, and take over the power sums."""
    first, *others = sinks
    for sink in others:
        for mine, theirs in ((first.counts, sink.counts), (first.unit_counts, sink.unit_counts)):
            np.add(mine, theirs, out=mine)
        np.add(first.losses, sink.losses, out=first.losses)
    if weights is None:
        plain = first.counts.astype(np.float64)
        return Totals(first, plain, plain, first.losses.astype(np.float64), sums, float(paths), float(paths))
    weight, square = float(weights.weights.sum()), float((weights.weights**2).sum())
    counts: Floats = np.multiply(first.unit_counts >> HALF, weights.resolution[0], dtype=np.float64)
    squares: Floats = np.multiply(first.unit_counts & LOW_HALF, weights.resolution[1], dtype=np.float64)
    return Totals(first, counts, squares, first.losses * np.array(weights.resolution), sums, weight, square)
