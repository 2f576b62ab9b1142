"""Exact quantiles and expected shortfalls without storing paths.

Counting says in which bin of its histogram each order statistic lies, and about where in the bin: the paths of a bin
whose neighbours are about as full lie evenly in it, so that a window of some standard deviations of a Brownian bridge
around that place holds it. The paths are then drawn again from their counters, and only the values in the windows
are kept and sorted, a few in ten thousand. Where a window turns out to miss, the paths are drawn once more for the
whole bin; and where too many values would be kept, outputs take turns.

A quantile is the smallest value up to which at least a share q of the weight lies (definition 1 of Hyndman and
Fan 1996, doi:10.1080/00031305.1996.10473566). Shares are compared in whole numbers: paths, or weights in units of
about 2**-62 of their sum, so that order and threads do not matter. What the values below the quantile leave of
the share q, the expected shortfall takes from the value at the quantile.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from jpsim.simulation.accumulation import BINS, Counted, sink_for
from jpsim.simulation.kernels.gathering import TAILS, UNSEEN, find_ranks, group_values, locate
from jpsim.simulation.kernels.tally import HALF
from jpsim.simulation.law import Law
from jpsim.simulation.picking import Picked
from jpsim.simulation.weighting import Weights

__all__ = ["PERCENTS", "OrderStatistics", "Search", "search_bytes"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

PERCENTS: Final = (1, 5, 10, 25, 50, 75, 90, 95, 99)
"""Quantiles wanted, in per cent; expected shortfalls are those of the first two."""
MOST_KEPT: Final = 16_000_000
"""Values kept at once, about, of 20 bytes each."""
BRIDGE: Final = 7.0
"""Half the width of a window, in standard deviations of the place of an order statistic in its bin."""
ENDS: Final = 16.0
"""Paths beyond that: near an end of a bin the place has the law of a waiting time, whose tail is longer."""
_ATOM: Final = 0.01  # part of all paths in one bin from which they are taken to have one value, which is kept once
_UNEVEN: Final = 0.2  # of a bin's weight by which its neighbours' may differ, besides chance
_SHARE_KEPT: Final = 0.0005  # of all values, for each order statistic
_LEVELS: Final = len(PERCENTS)


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
    effective
        Part of the paths that their weights leave effective; 1 without weights.
    open
        (O, h) outputs whose statistics are still looked for.
    whole
        (O, h) outputs of which whole bins are kept.
    bins
        (O, h, 9) bin of each order statistic.
    found
        What was found.
    paths, weights
        Number of paths, and their weights; None where they weigh the same.
    """

    law: Law
    below: Integers
    effective: float
    open: Flags
    whole: Flags
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
        bins = np.empty((*law.low.shape, _LEVELS), dtype=np.int64)
        locate(bins, below, _ranks(below[..., -1:]))
        found = OrderStatistics(np.full(bins.shape, np.nan), np.full((*law.low.shape, TAILS), np.nan))
        effective = 1.0 if weights is None else weights.sums[0] ** 2 / weights.sums[1] / paths
        return cls(law, below, effective, ~constant, np.zeros_like(constant), bins, found, paths, weights)

    def turn(self) -> Flags:
        """(O, h) outputs that come next: as many as there is room for, at least one; none at the end."""
        new = np.diff(_slots(self.bins), axis=2, prepend=-1) > 0
        inside = self._weight_in(0) * (self.paths / self.below[..., -1:])
        part = np.clip(np.diff(self._parts(), axis=3)[..., 0], 0.0, 1.0)
        values = (np.minimum(inside * part, _ATOM * self.paths) * new).sum(axis=2)
        before = np.cumsum(np.where(self.open, values, 0.0)).reshape(values.shape) - values
        chosen: Flags = self.open & (before < MOST_KEPT)
        return chosen

    def windows(self) -> Floats:
        """(O, h, 9, 2) what is kept of each wanted bin, in bins: from the first to the last statistic in it."""
        slot, parts = _slots(self.bins), self._parts()
        window = np.empty(parts.shape)
        window[..., 0], window[..., 1] = np.inf, -np.inf
        rows, months, _ = np.ogrid[tuple(map(slice, slot.shape))]
        for side, join in enumerate((np.minimum, np.maximum)):
            join.at(window[..., side], (rows, months, slot), self.bins + parts[..., side])
        return window

    def _parts(self) -> Floats:
        """(O, h, 9, 2) ends of the windows around each statistic as parts of its bin; infinite for all of the bin."""
        weight, before, after = (np.maximum(self._weight_in(shift), 1).astype(np.float64) for shift in (0, -1, 1))
        mass = self.below[..., -1:]
        part = (_ranks(mass) - np.take_along_axis(self.below, self.bins, 2)) / weight
        paths = weight * (self.effective * self.paths / mass)
        spread = BRIDGE * np.sqrt(np.clip(part * (1.0 - part), 0.0, 0.25) / paths) + ENDS / paths
        uneven = np.maximum(np.abs(before - weight), np.abs(after - weight)) / weight
        half = spread + 0.25 * uneven
        edge = (self.bins == 0) | (self.bins == BINS - 1)
        all_of_it = edge | self.whole[..., None] | (uneven > _UNEVEN + BRIDGE / np.sqrt(paths))
        half = np.where(all_of_it, np.inf, half)
        return np.stack([part - half, part + half], axis=-1)

    def _weight_in(self, shift: int) -> Integers:
        """(O, h, 9) weight in the bins `shift` beside those of the statistics; the outermost stand for those beyond."""
        bins = np.clip(self.bins + shift, 0, BINS - 1)
        inside: Integers = np.take_along_axis(self.below, bins + 1, 2) - np.take_along_axis(self.below, bins, 2)
        return inside

    def wanted(self, turn: Flags) -> npt.NDArray[np.uint16]:
        """(O, h, 9) wanted bins, see `jpsim.simulation.kernels.gathering`."""
        wanted = np.repeat(self.bins[..., -1:], _LEVELS, axis=2).astype(np.uint16)
        np.put_along_axis(wanted, _slots(self.bins), self.bins.astype(np.uint16), 2)
        wanted[~turn] = UNSEEN
        return wanted

    def settle(self, turn: Flags, picked: Picked) -> None:
        """Find the order statistics of some outputs among the values picked for them.

        Of outputs that are missed whole bins are kept in a later turn. With weights, even these may be the wrong ones,
        because the histogram's own weights are rounded: then the next bin that holds anything is looked at.
        """
        slot, under = _slots(self.bins), picked.under
        below, ranks = self._weights_below(picked, slot), self._ranks()
        found, rest = np.full(slot.shape, np.nan), np.zeros((*slot.shape, 2))
        left = ranks - below - np.take_along_axis(under, slot, 2)
        self._find(found, rest, picked, slot, left)
        missed = np.isnan(found) & turn[..., None]
        self._look_beside(missed & self.whole[..., None], ranks <= below)
        self.whole |= missed.any(axis=2)
        done = turn & ~missed.any(axis=2)
        rest[..., 0] += np.take_along_axis(under, slot, 2)
        self.found.quantiles[done] = found[done]
        self.found.tails[done] = self._tails(picked, slot, found, below, rest)[done]
        self.open &= ~done

    def _look_beside(self, missed: Flags, down: Flags) -> None:
        """Move missed statistics (O, h, 9) to the next bin below, or above, that holds anything."""
        for i, j, k in np.argwhere(missed):
            below, own = self.below[i, j], int(self.bins[i, j, k])
            if down[i, j, k]:
                edge = np.searchsorted(below, below[own])
            else:
                edge = np.searchsorted(below, below[own + 1], "right")
            self.bins[i, j, k] = np.clip(edge - 1, 0, BINS - 1)

    def _find(self, found: Floats, rest: Floats, picked: Picked, slot: Integers, left: Integers) -> None:
        """Fill (O, h, 9) statistics and (O, h, 9, 2) what lies before them in their windows, see `find_ranks`."""
        slots, kept, kept_fine = picked.all_kept()
        bins = slot.size
        starts = np.concatenate([[0], np.cumsum(np.bincount(slots, minlength=bins))])
        values, fine = np.empty_like(kept), np.empty_like(kept_fine)
        group_values(values, fine, starts, slots, kept, kept_fine)
        sink = sink_for(self.law, counted=False)
        edges = np.stack([sink.centre, sink.per_spread], axis=-1).reshape(-1, 2)
        slot_of = slot.reshape(-1, _LEVELS) + _LEVELS * np.arange(bins // _LEVELS)[:, None]
        tables = found.reshape(-1, _LEVELS), rest.reshape(-1, _LEVELS, 2)
        find_ranks(*tables, values, fine, starts, slot_of, left.reshape(-1, _LEVELS), edges)

    def _ranks(self) -> Integers:
        """(9,) weight up to which each quantile reaches."""
        mass = self.paths if self.weights is None else self.weights.fine_sum
        return np.array([-(-mass * percent // 100) for percent in PERCENTS], dtype=np.int64)

    def _weights_below(self, picked: Picked, slot: Integers) -> Integers:
        """(O, h, 9) weight below the bin of each order statistic."""
        if self.weights is None:
            return np.take_along_axis(self.below, self.bins, 2)
        return np.take_along_axis(picked.below, slot, 2)

    def _tails(self, picked: Picked, slot: Integers, found: Floats, below: Integers, rest: Floats) -> Floats:
        """(O, h, 2) means of the values below the first quantiles."""
        sink = sink_for(self.law, counted=False)
        mass, unit = (self.paths, 1.0) if self.weights is None else (self.weights.fine_sum, self.weights.fine_unit)
        out = np.empty((*slot.shape[:2], TAILS))
        parts = np.split(picked.spans[0], 2, axis=2)
        for j in range(TAILS):
            share = mass * PERCENTS[j] / 100.0
            left = share - (below[..., j] + rest[..., j, 0])
            edge = (found[..., j] - sink.centre) * sink.per_spread
            before, under = (np.take_along_axis(part, slot[..., j : j + 1], 2)[..., 0] for part in parts)
            lower = before + under
            out[..., j] = (
                sink.centre + (lower + unit * (rest[..., j, 1] + left * edge)) / (unit * share) / sink.per_spread
            )
        return out


def search_bytes(law: Law, paths: int, threads: int) -> int:
    """Memory that the search takes at its peak: cumulated counts, codes, what threads pick, kept values."""
    kept = min(law.low.size * _LEVELS * paths * _SHARE_KEPT, 1.5 * MOST_KEPT)
    return law.low.size * (BINS * 10 + threads * (BINS // 8 + 16 * _LEVELS)) + int(40 * kept)


def _ranks(mass: Integers) -> Integers:
    """(..., 9) weight up to which quantiles of a whole weight (..., 1) reach."""
    ranks: Integers = -(-mass * np.array(PERCENTS) // 100)
    return ranks


def _slots(bins: Integers) -> Integers:
    """Number each order statistic's bin among the wanted ones of its histogram."""
    slots: Integers = np.cumsum(np.diff(bins, axis=2, prepend=bins[..., :1]) > 0, axis=2)
    return slots
