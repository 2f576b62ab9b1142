"""Picking the few values that decide order statistics out of a block's outputs.

Up to K bins of each histogram hold wanted order statistics: they are given in ascending order, the last one repeated.
Of a wanted bin only the values within a window are kept; those below the window are counted. Sums are taken of what
lies below the first two wanted bins, and in these below their windows.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from jpsim.simulation.kernels.arrays import BINS, BLOCK, LANES
from jpsim.simulation.kernels.elementary import like
from jpsim.simulation.kernels.jit import entry, inlined, routine
from jpsim.simulation.kernels.tally import collapse, place

__all__ = ["TAILS", "UNSEEN", "find_ranks", "group_values", "locate", "pick_values"]

TAILS: Final = 2
"""Wanted bins below which sums are taken."""
UNSEEN: Final = 65_535
"""First wanted bin of an output and month that is not looked at."""


@inlined
def mark_block(listed: Any, marks: Any, bins: Any, wanted: Any) -> int:
    """List the paths whose bins are wanted; returns their number."""
    one = wanted[0]
    for p in range(BLOCK):
        marks[p] = 1 if bins[p] == one else 0
    for k in range(1, wanted.size):
        one = wanted[k]
        for p in range(BLOCK):
            marks[p] |= 1 if bins[p] == one else 0
    found, fours = 0, marks.view(np.uint64)
    for four in range(fours.size):
        if fours[four] != 0:
            for p in range(4 * four, 4 * four + 4):
                listed[found] = p
                found += marks[p]
    return found


@inlined
def add_tails(sums: Any, partial: Any, x: Any, bins: Any, wanted: Any, scale: Any, weights: Any) -> None:
    """Add the standardised values of a block, times their weights if there are any, below the first two wanted bins.

    `scale` are centre and spreads per unit.
    """
    (centre, per_spread), first, second = scale, wanted[0], wanted[1]
    for q in range(LANES):
        a, b = 0.0, 0.0
        for start in range(0, BLOCK, LANES):
            z = (x[start + q] - centre) * per_spread
            z = z * weights[start + q] if weights.size > 0 else z
            a += z if bins[start + q] < first else 0.0
            b += z if bins[start + q] < second else 0.0
        partial[q] = a
        partial[q + LANES] = b
    collapse(sums, partial, 0, TAILS)


@routine
def weigh_below(below: Any, wanted: Any, bins: Any, fine: Any, count: int) -> None:
    """Add the weights of a block's paths below each wanted bin."""
    for k in range(wanted.size):
        total, one = np.int64(0), wanted[k]
        for p in range(count):
            total += fine[p] if bins[p] < one else 0
        below[k] += total


@inlined
def keep_value(pickings: Any, slot: int, cell: Any, value: Any, fine: Any) -> None:
    """Keep a value of a wanted bin; one that is equal to the bin's last one only adds to its weight."""
    before, k = pickings.latest[cell], pickings.kept[0]
    if before >= 0 and pickings.values[before] == value:
        pickings.kept_fine[before] += fine
    else:
        pickings.slots[k], pickings.values[k], pickings.kept_fine[k] = np.uint32(slot), value, fine
        pickings.latest[cell], pickings.kept[0] = k, k + 1


@inlined
def pick_value(pickings: Any, cell: Any, b: Any, v: Any, value: Any, share: Any, fine: Any) -> None:
    """Count or keep a value in bin b, at v bins from the low edge, of the output and month `cell`."""
    o, t = cell
    k, many = 0, pickings.wanted.shape[2]
    while k < many and pickings.wanted[o, t, k] < b:
        k += 1
    if k < many and pickings.wanted[o, t, k] == b:
        if v < pickings.window[o, t, k, 0]:
            pickings.under[o, t, k] += fine
            if k < TAILS:
                pickings.sums[o, t, TAILS + k] += share
        elif v <= pickings.window[o, t, k, 1]:
            keep_value(pickings, (o * pickings.wanted.shape[1] + t) * many + k, (o, t, k), value, fine)


@inlined
def pick_listed(pickings: Any, sink: Any, x: Any, listed: Any, bins: Any, cell: Any, offset: int) -> None:
    """Count or keep the listed paths of a block.

    Inlined, as all of it: passing the arrays of `sink` to a routine costs more than what is done here.
    """
    o, t = cell
    low, per_width = like(x, sink.low[o, t]), like(x, sink.per_width[o, t])
    centre, per_spread = sink.centre[o, t], sink.per_spread[o, t]
    for i in range(listed.size):
        p = np.int64(listed[i])
        share = (x[p] - centre) * per_spread
        if sink.weights.size > 0:
            share *= sink.weights[offset + p]
        v = (x[p] - low) * per_width
        pick_value(pickings, cell, bins[p], v, x[p], share, pickings.fine[offset + p])


@routine
def pick_values(scratch: Any, sink: Any, t: int, offset: int, count: int) -> None:
    """Pick from the outputs at the reported step t of the first `count` paths of a block, see `tally.tally_values`."""
    pickings, room, partial = sink.pickings, scratch.bins[0, 0], scratch.partial
    bins, marks, listed = room[:BLOCK], room[BLOCK : 2 * BLOCK], room[2 * BLOCK : 3 * BLOCK]
    weights, fine = sink.weights[offset : offset + BLOCK], pickings.fine[offset : offset + BLOCK]
    for o in range(sink.start.size):
        wanted = pickings.wanted[o, t]
        if wanted[0] == UNSEEN:
            continue
        x = scratch.values[o * BLOCK : (o + 1) * BLOCK]
        place(bins, x, like(x, sink.low[o, t]), like(x, sink.per_width[o, t]), like(x, BINS - 1))
        for p in range(count, BLOCK):
            bins[p] = UNSEEN
        scale = (sink.centre[o, t], sink.per_spread[o, t])
        add_tails(pickings.sums[o, t], partial, x, bins, wanted, scale, weights)
        if pickings.below.size > 0:
            weigh_below(pickings.below[o, t], wanted, bins, fine, count)
        found = mark_block(listed, marks, bins, wanted)
        pick_listed(pickings, sink, x, listed[:found], bins, (o, t), offset)


@entry
def locate(bins: Any, below: Any, ranks: Any) -> None:
    """Find the first bin with which weights below, (O, r, bins + 1), reach each rank (O, r, L), ascending."""
    for o in range(bins.shape[0]):
        for t in range(bins.shape[1]):
            b = 0
            for j in range(bins.shape[2]):
                while below[o, t, b + 1] < ranks[o, t, j]:
                    b += 1
                bins[o, t, j] = b


@inlined
def sort_part(values: Any, fine: Any, begin: int, end: int) -> None:
    """Sort a part of the values, and their weights with them (Shell 1959, doi:10.1145/368370.368387)."""
    gap = 1
    while gap < (end - begin) // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for i in range(begin + gap, end):
            value, weight, j = values[i], fine[i], i
            while j >= begin + gap and values[j - gap] > value:
                values[j], fine[j] = values[j - gap], fine[j - gap]
                j -= gap
            values[j], fine[j] = value, weight
        gap //= 3


@entry
def group_values(values: Any, fine: Any, starts: Any, slots: Any, kept: Any, kept_fine: Any) -> None:
    """Put kept values and their weights in the order of their wanted bins, and of their values in each.

    Wanted bin s gets the places ``starts[s]`` to ``starts[s + 1] - 1``.
    """
    following = starts[:-1].copy()
    for i in range(slots.size):
        k = following[slots[i]]
        values[k], fine[k] = kept[i], kept_fine[i]
        following[slots[i]] = k + 1
    for s in range(following.size):
        sort_part(values, fine, starts[s], starts[s + 1])


@entry
def find_ranks(
    found: Any, rest: Any, values: Any, fine: Any, starts: Any, slot_of: Any, ranks: Any, edges: Any
) -> None:
    """Find order statistics among kept values that are sorted by wanted bin and value, see `group_values`.

    Of output and month i and level j the order statistic is the first in bin ``slot_of[i, j]`` up to which the weight
    is at least ``ranks[i, j]``: `found` (I, L), NaN where there is none. `rest` (I, L, 2) takes the weight, and the
    weighted sum of standardised values, of those before it; `edges` (I, 2) are centres and spreads per unit.
    """
    for i in range(ranks.shape[0]):
        for j in range(ranks.shape[1]):
            weight, total = np.int64(0), 0.0
            place, end = starts[slot_of[i, j]], starts[slot_of[i, j] + 1]
            while place < end and weight + fine[place] < ranks[i, j]:
                weight += fine[place]
                total += fine[place] * ((values[place] - edges[i, 0]) * edges[i, 1])
                place += 1
            found[i, j] = values[place] if place < end and ranks[i, j] > 0 else np.nan
            rest[i, j, 0] = weight
            rest[i, j, 1] = total
