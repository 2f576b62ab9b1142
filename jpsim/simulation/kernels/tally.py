"""Counting a block's outputs: histogram, losses, power sums. Nothing about a path is kept."""

from __future__ import annotations

from typing import Any

import numpy as np

from jpsim.simulation.kernels.arrays import BLOCK, LANES
from jpsim.simulation.kernels.blocks import set_all
from jpsim.simulation.kernels.elementary import like
from jpsim.simulation.kernels.jit import inlined, routine

__all__ = ["HALF", "LOW_HALF", "collapse", "count_superblock", "place", "tally_values"]

HALF = np.uint64(32)
LOW_HALF = np.uint64(2**32 - 1)
"""Units hold a path's weight in the upper half of their bits and its squared weight in the lower half."""


@inlined
def place(bins: Any, x: Any, low: Any, per_width: Any, last: Any) -> None:
    """Bin of each value; values beyond an edge belong to the outermost bin."""
    first = like(x, 0.0)
    for p in range(BLOCK):
        v = (x[p] - low) * per_width
        v = v if v > first else first
        bins[p] = np.uint16(v if v < last else last)


@routine
def add_powers(partial: Any, x: Any, centre: Any, per_spread: Any) -> None:
    """Power sums of equally weighted values in `LANES` partial sums each, see `Sink`.

    The few values of a lane are added in their own precision, the lanes in double precision. Lanes outside and their
    few values inside: the sums of a lane stay in registers.
    """
    for q in range(LANES):
        a = b = c = d = like(x, 0.0)
        for start in range(0, BLOCK, LANES):
            z = (x[start + q] - centre) * per_spread
            z2 = z * z
            a += z
            b += z2
            c += z2 * z
            d += z2 * z2
        partial[q] = a
        partial[q + LANES] = b
        partial[q + 2 * LANES] = c
        partial[q + 3 * LANES] = d


@routine
def add_weighted_powers(partial: Any, x: Any, centre: Any, per_spread: Any, weights: Any) -> None:
    """Power sums of weighted values, see `Sink`."""
    for q in range(LANES):
        a, b, c, d, e, f = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        for start in range(0, BLOCK, LANES):
            w = weights[start + q]
            z = (x[start + q] - centre) * per_spread
            wz = w * z
            wwz = w * wz
            wwzz = wwz * z
            a += wz
            b += wz * z
            c += wwz
            d += wwzz
            e += wwzz * z
            f += wwzz * z * z
        partial[q] = a
        partial[q + LANES] = b
        partial[q + 2 * LANES] = c
        partial[q + 3 * LANES] = d
        partial[q + 4 * LANES] = e
        partial[q + 5 * LANES] = f


@routine
def add_shortfalls(partial: Any, x: Any, low: Any, per_width: Any) -> None:
    """Sums of equally weighted shortfalls below the histogram, see `Sink`."""
    for start in range(0, BLOCK, LANES):
        for q in range(LANES):
            v = (x[start + q] - low) * per_width
            v = v if v < 0.0 else 0.0
            partial[q + 4 * LANES] += v
            partial[q + 5 * LANES] += v * v


@routine
def add_weighted_shortfalls(partial: Any, x: Any, low: Any, per_width: Any, weights: Any) -> None:
    """Sums of weighted shortfalls below the histogram, see `Sink`."""
    for start in range(0, BLOCK, LANES):
        for q in range(LANES):
            w = weights[start + q]
            v = (x[start + q] - low) * per_width
            v = v if v < 0.0 else 0.0
            wv = w * v
            partial[q + 6 * LANES] += wv
            partial[q + 7 * LANES] += wv * v
            partial[q + 8 * LANES] += w * wv
            partial[q + 9 * LANES] += wv * wv


@inlined
def collapse(sums: Any, partial: Any, first: int, last: int) -> None:
    """Add the partial sums of moments `first` to ``last - 1``, in the order of their lanes, to the superblock's.

    Two at a time: each is a chain of additions that wait for one another.
    """
    for k in range(first, last, 2):
        one, two = 0.0, 0.0
        for q in range(LANES):
            one += partial[k * LANES + q]
            two += partial[(k + 1) * LANES + q]
        sums[k] += one
        sums[k + 1] += two


@inlined
def count_below(x: Any, start: Any, count: int) -> int:
    """Count the paths below `start`."""
    lost = 0
    for p in range(count):
        lost += 1 if x[p] < start else 0
    return lost


@inlined
def weigh_losses(x: Any, start: Any, units: Any, count: int) -> Any:
    """Add up the units of the paths below `start`."""
    lost = np.uint64(0)
    for p in range(count):
        lost += units[p] if x[p] < start else np.uint64(0)
    return lost


@inlined
def tally_plain(scratch: Any, sink: Any, o: int, t: int, offset: int, count: int) -> None:
    """Add one output of a month to the sums of equally weighted paths, and place it in bins.

    Inlined: passing the thirty arrays of `scratch` and `sink` to a routine costs as much as the counting itself.
    """
    x, partial = scratch.values[o * BLOCK : (o + 1) * BLOCK], scratch.partial[: 6 * LANES]
    low, per_width = like(x, sink.low[o, t]), like(x, sink.per_width[o, t])
    last = like(x, sink.counts.shape[2] - 1)
    lost = count_below(x, like(x, sink.start[o]), count)
    sink.losses[o, t, 0] += lost
    sink.losses[o, t, 1] += lost
    add_powers(partial, x, like(x, sink.centre[o, t]), like(x, sink.per_spread[o, t]))
    place(scratch.bins[o, t, offset : offset + BLOCK], x, low, per_width, last)
    collapse(sink.sums[o, t], partial, 0, 4)
    if count_below(x, low, BLOCK) > 0:
        set_all(partial[4 * LANES :], 0.0)
        add_shortfalls(partial, x, low, per_width)
        collapse(sink.sums[o, t], partial, 4, 6)


@inlined
def tally_weighted(scratch: Any, sink: Any, o: int, t: int, offset: int, count: int) -> None:
    """Add one output of a month to the sums of weighted paths, and place it in bins; inlined, as `tally_plain`."""
    x, partial = scratch.values[o * BLOCK : (o + 1) * BLOCK], scratch.partial
    weights, units = sink.weights[offset : offset + BLOCK], sink.units[offset : offset + BLOCK]
    low, per_width = like(x, sink.low[o, t]), like(x, sink.per_width[o, t])
    last = like(x, sink.unit_counts.shape[2] - 1)
    lost = weigh_losses(x, like(x, sink.start[o]), units, count)
    sink.losses[o, t, 0] += np.int64(lost >> HALF)
    sink.losses[o, t, 1] += np.int64(lost & LOW_HALF)
    add_weighted_powers(partial, x, sink.centre[o, t], sink.per_spread[o, t], weights)
    place(scratch.bins[o, t, offset : offset + BLOCK], x, low, per_width, last)
    collapse(sink.sums[o, t], partial, 0, 6)
    if count_below(x, low, BLOCK) > 0:
        set_all(partial[6 * LANES :], 0.0)
        add_weighted_shortfalls(partial, x, low, per_width, weights)
        collapse(sink.sums[o, t], partial, 6, 10)


@routine
def tally_values(scratch: Any, sink: Any, t: int, offset: int, count: int) -> None:
    """Add the outputs at the reported step t of the first `count` paths of a block to the sums and bins.

    `offset` is the block's first path within its superblock. Values of paths beyond `count` are replaced
    by the centre, where they add nothing.
    """
    for o in range(sink.start.size):
        set_all(scratch.values[o * BLOCK + count : (o + 1) * BLOCK], sink.centre[o, t])
        if sink.weights.size > 0:
            tally_weighted(scratch, sink, o, t, offset, count)
        else:
            tally_plain(scratch, sink, o, t, offset, count)


@inlined
def add_part(counts: Any, part: Any, bins: Any) -> None:
    """Add what was counted of a superblock to its histogram, and leave zeros.

    The histograms are too large for the caches, and counting wakes their bins in no order that a processor foresees:
    it waits for each. So paths are counted in `part`, which stays in the fastest cache, and added in order.
    """
    first, last = bins[0], bins[0]
    for p in range(bins.size):
        first, last = min(first, bins[p]), max(last, bins[p])
    for b in range(np.int64(first), np.int64(last) + 1):
        counts[b] += part[b]
        part[b] -= part[b]


@routine
def count_superblock(scratch: Any, sink: Any, count: int) -> None:
    """Add a superblock to the histograms, one histogram at a time so that each is fetched once."""
    for o in range(sink.start.size):
        for t in range(scratch.bins.shape[1]):
            bins = scratch.bins[o, t, :count]
            if sink.weights.size > 0:
                for p in range(count):
                    sink.unit_part[bins[p]] += sink.units[p]
                add_part(sink.unit_counts[o, t], sink.unit_part, bins)
            else:
                for p in range(count):
                    sink.part[bins[p]] += np.uint32(1)
                add_part(sink.counts[o, t], sink.part, bins)
