"""The kernels that Python calls: one superblock of paths at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from jpsim.simulation.kernels.arrays import BLOCK
from jpsim.simulation.kernels.blocks import add_rows, copy_rows
from jpsim.simulation.kernels.jit import entry, routine
from jpsim.simulation.kernels.recursion import (
    advance_factors,
    advance_returns,
    draw_impulses,
    report_levels,
    start_block,
)
from jpsim.simulation.kernels.scales import draw_scales
from jpsim.simulation.kernels.shocks import condition_shocks, draw_shocks, load_targets, log_density
from jpsim.simulation.kernels.tally import count_superblock, tally_values

__all__ = ["simulate_superblock", "weigh_superblock"]


@routine
def report_returns(values: Any, gross: Any, series: int, padded: int) -> None:
    """Write cumulative simple returns of the base series and, behind them, of the aggregates."""
    for p in range(series * BLOCK):
        values[p] = gross[p] - 1.0
    shift = (padded - series) * BLOCK
    for p in range(series * BLOCK, values.size):
        values[p] = gross[p + shift] - 1.0


@routine
def keep_paths(paths: Any, values: Any, t: int, offset: int, count: int) -> None:
    """Copy a month's outputs of the first `count` paths of a block."""
    for o in range(paths.shape[0]):
        copy_rows(paths[o, t, offset : offset + count], values[o * BLOCK : o * BLOCK + count])


@routine
def simulate_block(law: Any, scratch: Any, sink: Any, seed: Any, first: Any, offset: int, count: int) -> None:
    """Simulate a block over all months, and hand each month's outputs to the sink."""
    months, wide = law.own.shape[0], law.free_own.size * BLOCK
    factors, series = law.code.size, law.returns.tail_of.size
    conditioned = law.correction.gap.size > 0
    draw_scales(scratch, law.correction, seed, first, months)
    draw_impulses(scratch, law.returns, seed, first)
    if conditioned:
        for t in range(months):
            scale = scratch.scales[t * BLOCK : (t + 1) * BLOCK]
            draw_shocks(scratch.shocks[t * wide : (t + 1) * wide], scale, seed, first, t, factors)
        condition_shocks(scratch, law.correction, seed, first)
    start_block(scratch, law)
    for t in range(months):
        scale = scratch.scales[t * BLOCK : (t + 1) * BLOCK]
        shocks = scratch.shocks[t * wide : (t + 1) * wide] if conditioned else scratch.shocks
        if not conditioned:
            draw_shocks(shocks, scale, seed, first, t, factors)
        new = advance_factors(scratch, law, shocks, t)
        report_levels(scratch.values, law, scratch.lags[new : new + wide], scratch.sums)
        advance_returns(scratch, law.returns, scale, seed, first, t)
        report_returns(scratch.values[factors * BLOCK :], scratch.gross, series, law.returns.drift.shape[1])
        if sink.paths.size > 0:
            keep_paths(sink.paths, scratch.values, t, offset, count)
        if sink.sums.size > 0:
            tally_values(scratch, sink, t, offset, count)


@entry
def simulate_superblock(
    law: Any, scratch: Any, sink: Any, seed: Any, first: Any, begin: int, end: int, last: bool, targets: Any
) -> None:
    """Simulate paths `begin` to ``end - 1`` of the superblock that starts with path `first`.

    `begin` is a multiple of `BLOCK`. With `last` the superblock is complete and is counted. `targets` is
    (m, SUPERBLOCK), or (0, SUPERBLOCK) without path-specific targets.
    """
    for offset in range(begin, end, BLOCK):
        load_targets(scratch.targets, targets, offset)
        start = first + np.uint64(offset)
        simulate_block(law, scratch, sink, seed, start, offset, min(BLOCK, end - offset))
    if last and sink.sums.size > 0:
        count_superblock(scratch, sink, end)


@entry
def weigh_superblock(out: Any, law: Any, scratch: Any, seed: Any, first: Any, targets: Any) -> None:
    """Log density of each path's requirements given its scales, plus log prior over proposal of these.

    `out` is (SUPERBLOCK,).
    """
    months = law.own.shape[0]
    for offset in range(0, out.size, BLOCK):
        load_targets(scratch.targets, targets, offset)
        draw_scales(scratch, law.correction, seed, first + np.uint64(offset), months)
        row = out[offset : offset + BLOCK]
        log_density(row, scratch, law.correction)
        add_rows(row, scratch.ratio)
