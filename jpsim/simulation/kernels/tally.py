"""Counting a block's outputs: histogram, losses, power sums. Nothing about a path is kept."""

from __future__ import annotations

from typing import Any

import numpy as np

from jpsim.simulation.kernels.arrays import BLOCK, LANES
from jpsim.simulation.kernels.blocks import set_all
from jpsim.simulation.kernels.jit import inlined, routine

__all__ = ["count_superblock", "tally_values"]


@inlined
def place(bins: Any, x: Any, low: Any, per_width: Any, last: Any) -> None:
    """Bin of each value; values beyond an edge belong to the outermost bin."""
    for p in range(BLOCK):
        v = (x[p] - low) * per_width
        v = v if v > 0.0 else 0.0
        bins[p] = np.uint16(v if v < last else last)


@routine
def add_powers(partial: Any, x: Any, low: Any, per_width: Any, centre: Any, per_spread: Any) -> None:
    """Power sums of equally weighted values in `LANES` partial sums each, see `Sink`."""
    a, b, c = partial[:LANES], partial[LANES : 2 * LANES], partial[2 * LANES : 3 * LANES]
    d = partial[3 * LANES : 4 * LANES]
    e, f = partial[4 * LANES : 5 * LANES], partial[5 * LANES : 6 * LANES]
    for start in range(0, BLOCK, LANES):
        xs = x[start : start + LANES]
        for q in range(LANES):
            z = (xs[q] - centre) * per_spread
            v = (xs[q] - low) * per_width
            v = v if v < 0.0 else 0.0
            z2 = z * z
            a[q] += z
            b[q] += z2
            c[q] += z2 * z
            d[q] += z2 * z2
            e[q] += v
            f[q] += v * v


@routine
def add_weighted_powers(
    partial: Any, x: Any, low: Any, per_width: Any, centre: Any, per_spread: Any, weights: Any
) -> None:
    """Power sums of weighted values, see `Sink`."""
    for start in range(0, BLOCK, LANES):
        for q in range(LANES):
            w = weights[start + q]
            z = (x[start + q] - centre) * per_spread
            v = (x[start + q] - low) * per_width
            v = v if v < 0.0 else 0.0
            wz, wwz, wv = w * z, w * w * z, w * v
            partial[q] += wz
            partial[q + LANES] += wz * z
            partial[q + 2 * LANES] += wwz
            partial[q + 3 * LANES] += wwz * z
            partial[q + 4 * LANES] += wwz * z * z
            partial[q + 5 * LANES] += wwz * z * z * z
            partial[q + 6 * LANES] += wv
            partial[q + 7 * LANES] += wv * v
            partial[q + 8 * LANES] += w * wv
            partial[q + 9 * LANES] += wv * wv


@inlined
def collapse(sums: Any, partial: Any) -> None:
    """Add the partial sums, in the order of their lanes, to the superblock's sums."""
    for k in range(sums.size):
        total = 0.0
        for q in range(LANES):
            total += partial[k * LANES + q]
        sums[k] += total


@routine
def add_losses(losses: Any, x: Any, start: Any, units: Any, offset: int, count: int) -> None:
    """Count the paths below `start`, or add up their weights and squared weights in fixed point."""
    lost, squares = 0, 0
    if units.size == 0:
        for p in range(count):
            lost += 1 if x[p] < start else 0
        squares = lost
    else:
        for p in range(count):
            lost += units[offset + p, 0] if x[p] < start else 0
            squares += units[offset + p, 1] if x[p] < start else 0
    losses[0] += lost
    losses[1] += squares


@routine
def tally_values(scratch: Any, sink: Any, t: int, offset: int, count: int) -> None:
    """Add month t's outputs of the first `count` paths of a block to the sums, and place them in bins.

    `offset` is the block's first path within its superblock. Values of paths beyond `count` are replaced
    by the centre, where they add nothing.
    """
    last = np.float64(max(sink.counts.shape[2], sink.unit_counts.shape[2]) - 1)
    for o in range(sink.start.size):
        x = scratch.values[o * BLOCK : (o + 1) * BLOCK]
        low, per_width = sink.low[o, t], sink.per_width[o, t]
        centre, per_spread = sink.centre[o, t], sink.per_spread[o, t]
        set_all(x[count:], centre)
        set_all(scratch.partial, 0.0)
        place(scratch.bins[o, t, offset : offset + BLOCK], x, low, per_width, last)
        add_losses(sink.losses[o, t], x, sink.start[o], sink.units, offset, count)
        if sink.weights.size > 0:
            weights = sink.weights[offset : offset + BLOCK]
            add_weighted_powers(scratch.partial, x, low, per_width, centre, per_spread, weights)
        else:
            add_powers(scratch.partial, x, low, per_width, centre, per_spread)
        collapse(sink.sums[o, t], scratch.partial)


@routine
def count_superblock(scratch: Any, sink: Any, count: int) -> None:
    """Add a superblock to the histograms, one histogram at a time so that each is fetched once."""
    for o in range(sink.start.size):
        for t in range(scratch.bins.shape[1]):
            bins = scratch.bins[o, t]
            if sink.weights.size > 0:
                pairs = sink.unit_counts[o, t]
                for p in range(count):
                    pairs[bins[p], 0] += sink.units[p, 0]
                    pairs[bins[p], 1] += sink.units[p, 1]
            else:
                row = sink.counts[o, t]
                for p in range(count):
                    row[bins[p]] += np.uint32(1)
