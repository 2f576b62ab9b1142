"""Picking the few values that decide order statistics out of a superblock's outputs.

Up to K bins of each histogram hold wanted order statistics. Bins are coded: ``2 k + 1`` is the k-th wanted bin,
``2 k`` a bin between the wanted ones k - 1 and k.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from jpsim.simulation.kernels.arrays import BLOCK
from jpsim.simulation.kernels.elementary import like
from jpsim.simulation.kernels.jit import entry, inlined, routine

__all__ = ["TAIL", "UNSEEN", "Pickings", "find_ranks", "pick_superblock"]

TAIL: Final = 3
"""Codes below this one lie in the lower tail, up to the bin of its second quantile."""
UNSEEN: Final = 255
"""Code of the first bin of an output and month that is not looked at."""

Floats = npt.NDArray[np.float64]


class Pickings(NamedTuple):
    """Where a thread puts what it finds; all but `between` is of one superblock."""

    between: npt.NDArray[np.int64]  # (O, h, 2 K + 1) weight of each code; (0, 0, 0) where all paths weigh the same
    sums: Floats  # (O, h, TAIL) weighted sums of the standardised values of each code
    slots: npt.NDArray[np.uint32]  # wanted bin of each kept value, numbered through; room for a whole superblock
    values: Floats
    fine: npt.NDArray[np.int64]  # their weights; empty where all paths weigh the same


@inlined
def code_block(bins: Any, coded: Any, x: Any, low: Any, per_width: Any, codes: Any) -> None:
    """Code of each value's bin; the same bins as in `tally`."""
    low, per_width = like(x, low), like(x, per_width)
    first, last = like(x, 0.0), like(x, codes.size - 1)
    for p in range(x.size):
        v = (x[p] - low) * per_width
        v = v if v > first else first
        bins[p] = np.uint16(v if v < last else last)
    for p in range(x.size):
        coded[p] = codes[bins[p]]


@routine
def weigh_block(between: Any, coded: Any, fine: Any) -> None:
    """Add the weights of a block to those of their codes."""
    for p in range(fine.size):
        between[coded[p]] += fine[p]


@routine
def pick_block(pickings: Any, coded: Any, x: Any, weights: Any, fine: Any, cell: Any, scale: Any, kept: int) -> int:
    """Pick from one output and month of a block.

    `cell` are its row in `sums` and the number of its first wanted bin, `scale` its centre and spreads per unit.
    """
    sums, first = cell
    centre, per_spread = scale
    for p in range(x.size):
        code = coded[p]
        if ((code & 1) == 0) & (code >= TAIL):
            continue
        if code & 1:
            pickings.slots[kept] = np.uint32(first + (code >> 1))
            pickings.values[kept] = x[p]
            if pickings.fine.size > 0:
                pickings.fine[kept] = fine[p]
            kept += 1
        if code < TAIL:
            sums[code] += weights[p] * ((x[p] - centre) * per_spread)
    return kept


@entry
def pick_superblock(pickings: Any, codes: Any, sink: Any, many: int, weights: Any, fine: Any, count: int) -> int:
    """Pick from the `count` paths that `sink` keeps; returns how many values were kept.

    `codes` is (O, h, BINS) with at most `many` wanted bins of a histogram; `weights` and `fine` are (SUPERBLOCK,),
    ones where all paths weigh the same.
    """
    kept, months = 0, codes.shape[1]
    bins, coded = np.empty(BLOCK, dtype=np.uint16), np.empty(BLOCK, dtype=np.uint8)
    for o in range(codes.shape[0]):
        for t in range(months):
            own = codes[o, t]
            if own[0] == UNSEEN:
                continue
            cell = (pickings.sums[o, t], (o * months + t) * many)
            scale = (sink.centre[o, t], sink.per_spread[o, t])
            for begin in range(0, count, BLOCK):
                end = min(begin + BLOCK, count)
                x = sink.paths[o, t, begin:end]
                code_block(bins, coded, x, sink.low[o, t], sink.per_width[o, t], own)
                if pickings.between.size > 0:
                    weigh_block(pickings.between[o, t], coded, fine[begin:end])
                kept = pick_block(pickings, coded, x, weights[begin:end], fine[begin:end], cell, scale, kept)
    return kept


@entry
def find_ranks(
    found: Any, rest: Any, values: Any, fine: Any, starts: Any, slot_of: Any, ranks: Any, edges: Any
) -> None:
    """Find order statistics among the kept values of one output, which are sorted by wanted bin and value.

    Wanted bin s has the values ``starts[s]`` to ``starts[s + 1] - 1``. For month t and level j the order statistic
    is the first in bin ``slot_of[t, j]`` up to which the weight is at least ``ranks[t, j]``: `found` (h, L), NaN
    where there is none. `rest` (h, L, 2) takes the weight, and the weighted sum of standardised values, of those
    before it; `edges` (h, 2) are centres and spreads per unit. Without `fine` each value weighs 1.
    """
    for t in range(ranks.shape[0]):
        for j in range(ranks.shape[1]):
            weight, total = np.int64(0), 0.0
            place, end = starts[slot_of[t, j]], starts[slot_of[t, j] + 1]
            while place < end:
                own = fine[place] if fine.size > 0 else np.int64(1)
                if weight + own >= ranks[t, j]:
                    break
                weight += own
                total += own * ((values[place] - edges[t, 0]) * edges[t, 1])
                place += 1
            found[t, j] = values[place] if place < end and ranks[t, j] > 0 else np.nan
            rest[t, j, 0] = weight
            rest[t, j, 1] = total
