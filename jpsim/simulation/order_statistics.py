"""Exact quantiles and expected shortfalls without storing paths.

Counting says in which bin of its histogram each order statistic lies. The paths are then drawn again from their
counters, and only the values in those bins are kept and sorted: under 1 % of all. Where that would still be too
many, the outputs take turns, and the paths are drawn once more for each turn.

A quantile is the smallest value up to which at least a share q of the weight lies (definition 1 of Hyndman and
Fan 1996, doi:10.1080/00031305.1996.10473566). Shares are compared in whole numbers: paths, or weights in units of
about 2**-62 of their sum, so that order and threads do not matter. What the values below the quantile leave of
the share q, the expected shortfall takes from the value at the quantile.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from jpsim.simulation.accumulation import BINS, Counted, sink_for
from jpsim.simulation.kernels.arrays import SUPERBLOCK
from jpsim.simulation.kernels.gathering import UNSEEN, find_ranks
from jpsim.simulation.kernels.tally import HALF
from jpsim.simulation.law import Law
from jpsim.simulation.picking import Kept, Picked
from jpsim.simulation.weighting import Weights

__all__ = ["PERCENTS", "OrderStatistics", "Search", "search_bytes"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

PERCENTS: Final = (1, 5, 10, 25, 50, 75, 90, 95, 99)
"""Quantiles wanted, in per cent; expected shortfalls are those of the first two."""
MOST_KEPT: Final = 16_000_000
"""Values kept at once, about, of 12 bytes each, or 20 with weights."""
_LEVELS: Final = len(PERCENTS)
_SHARE_KEPT: Final = 0.002  # of all values, for each order statistic: a bin holds less unless the output is discrete
_TAILS: Final = 2


class OrderStatistics(NamedTuple):
    """Exact statistics; NaN for outputs that are not looked at."""

    quantiles: Floats  # (O, h, 9) at `PERCENTS`
    tails: Floats  # (O, h, 2) means below the first two


@dataclass(eq=False, slots=True)
class Search:
    """Where each order statistic lies, and those that were found.

    Parameters
    ----------
    law
        Ends of the histograms.
    below
        (O, h, BINS + 1) weight below each bin, in the units of the histograms.
    open
        (O, h) outputs whose statistics are still looked for.
    bins
        (O, h, 9) bin of each order statistic.
    found
        What was found.
    paths, weights
        Number of paths, and their weights; None where they weigh the same.
    """

    law: Law
    below: Integers
    open: Flags
    bins: Integers
    found: OrderStatistics
    paths: int
    weights: Weights | None

    @classmethod
    def begin(cls, law: Law, counted: Counted, constant: Flags, paths: int, weights: Weights | None) -> Search:
        """Start from what was counted on all paths; `constant` outputs (O, h) are not looked at."""
        counts = counted.counts if weights is None else counted.counts >> HALF
        below = np.zeros((*law.low.shape, BINS + 1), dtype=np.int64)
        np.cumsum(counts, axis=2, out=below[..., 1:])
        ranks = -(-below[..., -1:] * np.array(PERCENTS) // 100)
        bins = np.array(
            [[np.searchsorted(upto[1:], rank) for upto, rank in zip(*rows, strict=True)]
             for rows in zip(below, ranks, strict=True)]
        )  # fmt: skip
        found = OrderStatistics(np.full(bins.shape, np.nan), np.full((*law.low.shape, _TAILS), np.nan))
        return cls(law, below, ~constant, bins, found, paths, weights)

    def turn(self) -> Flags:
        """(O, h) outputs that come next: as many as there is room for, at least one; none at the end."""
        new = np.diff(_slots(self.bins), axis=2, prepend=-1) > 0
        inside = np.take_along_axis(self.below, self.bins + 1, 2) - np.take_along_axis(self.below, self.bins, 2)
        values = (inside * new).sum(axis=2) * (self.paths / self.below[..., -1])
        before = np.cumsum(np.where(self.open, values, 0.0)).reshape(values.shape) - values
        chosen: Flags = self.open & (before < MOST_KEPT)
        return chosen

    def codes(self, turn: Flags) -> npt.NDArray[np.uint8]:
        """(O, h, BINS) codes of the bins, see `jpsim.simulation.kernels.gathering`."""
        wanted = np.zeros((*self.open.shape, BINS), dtype=np.uint8)
        np.put_along_axis(wanted, self.bins, 1, 2)
        codes: npt.NDArray[np.uint8] = 2 * (np.cumsum(wanted, axis=2, dtype=np.uint8) - wanted) + wanted
        codes[..., 0][~turn] = UNSEEN
        return codes

    def settle(self, turn: Flags, picked: Picked) -> None:
        """Find the order statistics of some outputs among the values picked for them.

        With weights, a histogram may be off by one bin, because its own weights are rounded: then the neighbour
        is looked at in a later turn.
        """
        slot = _slots(self.bins)
        below, ranks = self._weights_below(picked, slot), self._ranks()
        found, rest = np.full(slot.shape, np.nan), np.zeros((*slot.shape, 2))
        sink = sink_for(self.law, weighted=False, paths_kept=1)
        edges = np.stack([sink.centre, sink.per_spread], axis=-1)
        months = np.arange(slot.shape[1])[:, None]
        for o, batch in enumerate(_by_output(picked.kept, *slot.shape)):
            find_ranks(found[o], rest[o], *batch, slot[o] + _LEVELS * months, ranks - below[o], edges[o])
        missed = np.isnan(found) & turn[..., None]
        self.bins += np.where(missed, np.where(ranks <= below, -1, 1), 0)
        done = turn & ~missed.any(axis=2)
        self.found.quantiles[done] = found[done]
        self.found.tails[done] = self._tails(picked, slot, found, below, rest)[done]
        self.open &= ~done

    def _ranks(self) -> Integers:
        """(9,) weight up to which each quantile reaches."""
        mass = self.paths if self.weights is None else self.weights.fine_sum
        return np.array([-(-mass * percent // 100) for percent in PERCENTS], dtype=np.int64)

    def _weights_below(self, picked: Picked, slot: Integers) -> Integers:
        """(O, h, 9) weight below the bin of each order statistic."""
        if self.weights is None:
            return np.take_along_axis(self.below, self.bins, 2)
        return np.take_along_axis(np.cumsum(picked.between, axis=2), 2 * slot, 2)

    def _tails(self, picked: Picked, slot: Integers, found: Floats, below: Integers, rest: Floats) -> Floats:
        """(O, h, 2) means of the values below the first quantiles."""
        sink = sink_for(self.law, weighted=False, paths_kept=1)
        mass, unit = (self.paths, 1.0) if self.weights is None else (self.weights.fine_sum, self.weights.fine_unit)
        out = np.empty((*slot.shape[:2], _TAILS))
        upto = np.cumsum(picked.spans[0], axis=2)
        for j in range(_TAILS):
            share = mass * PERCENTS[j] / 100.0
            left = share - (below[..., j] + rest[..., j, 0])
            edge = (found[..., j] - sink.centre) * sink.per_spread
            lower = np.take_along_axis(upto, 2 * slot[..., j : j + 1], 2)[..., 0]
            out[..., j] = (
                sink.centre + (lower + unit * (rest[..., j, 1] + left * edge)) / (unit * share) / sink.per_spread
            )
        return out


def search_bytes(law: Law, paths: int, threads: int) -> int:
    """Memory that the search takes at its peak: cumulated counts, codes, a superblock for each thread, kept values."""
    kept = min(law.low.size * _LEVELS * paths * _SHARE_KEPT, 1.5 * MOST_KEPT)
    return law.low.size * (BINS * 10 + threads * SUPERBLOCK * 10) + int(20 * kept)


def _slots(bins: Integers) -> Integers:
    """Number each order statistic's bin among the wanted ones of its histogram."""
    slots: Integers = np.cumsum(np.diff(bins, axis=2, prepend=bins[..., :1]) > 0, axis=2)
    return slots


def _by_output(
    batches: list[Kept], outputs: int, months: int, levels: int
) -> Iterator[tuple[Floats, Integers, Integers]]:
    """Values, weights and starts of the wanted bins of each output, sorted by bin and value."""
    size = months * levels
    cuts = [np.searchsorted(batch.slots, size * np.arange(outputs + 1)) for batch in batches]
    for o in range(outputs):
        parts = [batch.part(cut[o], cut[o + 1]) for batch, cut in zip(batches, cuts, strict=True)]
        slots, values, fine = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        local = (slots - size * o).astype(np.uint16 if size < 2**16 else np.uint32)
        order = np.argsort(values)
        order = order[np.argsort(local[order], kind="stable")]
        starts = np.concatenate([[0], np.cumsum(np.bincount(local, minlength=size))])
        yield values[order], fine[order] if fine.size else fine, starts
