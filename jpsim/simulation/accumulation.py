"""Where threads put their superblocks, and how these are added up in an order that never changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from jpsim.simulation.kernels.arrays import BINS, SUPERBLOCK, Pickings, Sink
from jpsim.simulation.kernels.gathering import TAILS
from jpsim.simulation.kernels.tally import HALF, LOW_HALF
from jpsim.simulation.law import Law
from jpsim.simulation.sharding import on_threads, parts_of
from jpsim.simulation.weighting import Weights

__all__ = [
    "BINS", "PART_UNIT", "Counted", "PartSums", "Totals", "pickings_for", "sink_bytes", "sink_for", "total",
]  # fmt: skip

Floats = npt.NDArray[np.float64]

SPREADS: Final = 16.0
"""The part of a histogram's range that standardises power sums."""
PART_UNIT: Final = 2.0**-26
"""Resolution of the sums of single laws: far under any Monte Carlo error, and 10**9 paths do not overflow."""


def pickings_for(wanted: npt.NDArray[np.uint16], window: Floats, *, weighted: bool) -> Pickings:
    """Allocate what one thread picks, for the wanted bins (O, r, K) and their windows (O, r, K, 2)."""
    room = wanted.shape[0] * wanted.shape[1] * SUPERBLOCK  # pages that nothing is kept in are never touched
    return Pickings(
        wanted=wanted,
        window=window,
        below=np.zeros(wanted.shape if weighted else (0, 0, 0), dtype=np.int64),
        under=np.zeros(wanted.shape, dtype=np.int64),
        sums=np.zeros((*wanted.shape[:2], 2 * TAILS)),
        fine=np.ones(SUPERBLOCK, dtype=np.int64),
        kept=np.zeros(1, dtype=np.int64),
        latest=np.full(wanted.shape, -1, dtype=np.int64),
        slots=np.empty(room, dtype=np.uint32),
        values=np.empty(room),
        kept_fine=np.empty(room, dtype=np.int64),
    )


_NO_PICKINGS: Final = pickings_for(np.zeros((0, 0, 0), dtype=np.uint16), np.zeros((0, 0, 0, 2)), weighted=False)


def sink_for(law: Law, *, weighted: bool = False, counted: bool = True) -> Sink:
    """Allocate where one thread counts its superblocks; unless they are `counted`, for something else to be put in."""
    outputs, months = law.low.shape
    width = (law.high - law.low) / BINS
    usable = np.isfinite(width) & (width > 0.0)
    spread = np.where(usable, width * BINS / SPREADS, 1.0)
    plain, units = BINS if counted and not weighted else 0, BINS if counted and weighted else 0
    return Sink(
        low=np.array(law.low, dtype=np.float64),
        per_width=np.divide(1.0, width, out=np.zeros_like(spread), where=usable),
        centre=np.array(0.5 * (law.low + law.high)),
        per_spread=1.0 / spread,
        start=np.array(law.start, dtype=np.float64),
        weights=np.zeros(SUPERBLOCK if weighted else 0),
        units=np.zeros(SUPERBLOCK if units else 0, dtype=np.uint64),
        counts=np.zeros((outputs, months, plain), dtype=np.uint32),
        unit_counts=np.zeros((outputs, months, units), dtype=np.uint64),
        part=np.zeros(plain, dtype=np.uint32),
        unit_part=np.zeros(units, dtype=np.uint64),
        losses=np.zeros((outputs, months, 2), dtype=np.int64),
        sums=np.zeros((outputs, months, (10 if weighted else 6) if counted else 0)),
        paths=np.zeros((0, 0, 0), dtype=law.numerics.precision),
        rows=np.zeros(0, dtype=np.int64),
        at=0,
        pickings=_NO_PICKINGS,
    )


def sink_bytes(law: Law, *, weighted: bool) -> int:
    """Size in bytes of what `sink_for` allocates for counting."""
    return law.low.size * BINS * (8 if weighted else 4)


@dataclass(frozen=True, slots=True)
class PartSums:
    """Sums over the paths of each of P laws, in fixed point: integers add up to the same in any order.

    Parameters
    ----------
    sums
        (P, O, h, 2) weighted sums of the standardised values and of their squares.
    weights
        (P, 3) sums of weights and of squared weights, and numbers of paths.
    """

    sums: npt.NDArray[np.int64]
    weights: npt.NDArray[np.int64]

    @classmethod
    def empty(cls, laws: int, shape: tuple[int, ...]) -> Self:
        """Sums of no paths, for a number of laws and (O, h)."""
        return cls(np.zeros((laws, *shape, 2), dtype=np.int64), np.zeros((laws, 3), dtype=np.int64))

    def note(self, law: int, sums: Floats, weights: tuple[float, float, float]) -> None:
        """Add a superblock's paths of one law; sums that are not finite are refused later, by all paths' sums."""
        with np.errstate(invalid="ignore"):
            self.sums[law] += np.rint(sums / PART_UNIT).astype(np.int64)
        self.weights[law] += np.rint(np.array(weights) / PART_UNIT).astype(np.int64)

    def add(self, others: PartSums) -> None:
        """Add the sums of other paths."""
        np.add(self.sums, others.sums, out=self.sums)
        np.add(self.weights, others.weights, out=self.weights)


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


@dataclass(slots=True)
class Counted:
    """What was counted of some paths: integers, which add up in any order, and sums of floats, which do not.

    Parameters
    ----------
    counts
        (O, h, BINS) number of paths, or sums of fixed-point weights and squared weights (see `Weights`).
    losses
        (O, h, 2) see `Totals`.
    spans
        Power sums (O, h, 6 or 10) of each span, in the order of the paths.
    parts
        Sums of the paths of each law.
    """

    counts: npt.NDArray[np.unsignedinteger]
    losses: npt.NDArray[np.int64]
    spans: list[Floats]
    parts: PartSums

    @classmethod
    def empty(cls, law: Law, laws: int, paths: int, *, weighted: bool) -> Self:
        """Start with nothing counted of a number of paths that follow some laws."""
        kind = np.uint64 if weighted or paths >= 2**32 else np.uint32
        shape = law.low.shape
        sums = np.zeros((*shape, 10 if weighted else 6))
        losses = np.zeros((*shape, 2), dtype=np.int64)
        return cls(np.zeros((*shape, BINS), dtype=kind), losses, [sums], PartSums.empty(laws, shape))

    def add(self, later: Counted) -> None:
        """Add what was counted of the paths that follow; the spans' sums become one."""
        np.add(self.counts, later.counts, out=self.counts)
        np.add(self.losses, later.losses, out=self.losses)
        self.parts.add(later.parts)
        for span in later.spans:
            self.spans[0] += span

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Everything, as arrays that can be stored."""
        parts = {"part_sums": self.parts.sums, "part_weights": self.parts.weights}
        return {"counts": self.counts, "losses": self.losses, "spans": np.stack(self.spans)} | parts

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Take over stored arrays."""
        parts = PartSums(arrays["part_sums"], arrays["part_weights"])
        return cls(arrays["counts"], arrays["losses"], list(arrays["spans"]), parts)


def total(law: Law, counted: Counted, paths: int, weights: Weights | None, threads: int = 1) -> Totals:
    """Turn what was counted of all paths into floats, on some threads, 0 for all cores."""
    sink, sums, found = sink_for(law, counted=False), counted.spans[0], counted.counts
    counts = np.empty(found.shape)
    if weights is None:
        on_threads(lambda some: np.copyto(counts[some], found[some]), parts_of(len(found), threads), threads)
        return Totals(sink, counts, counts, counted.losses.astype(np.float64), sums, float(paths), float(paths))
    squares, (first, second) = np.empty(found.shape), weights.resolution

    def split(some: slice) -> None:
        np.multiply(found[some] >> HALF, first, out=counts[some])
        np.multiply(found[some] & LOW_HALF, second, out=squares[some])

    on_threads(split, parts_of(len(found), threads), threads)
    return Totals(sink, counts, squares, counted.losses * np.array([first, second]), sums, *weights.sums)
