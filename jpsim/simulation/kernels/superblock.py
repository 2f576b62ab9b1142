"""The kernels that Python calls: one superblock of paths at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from jpsim.simulation.kernels.arrays import BLOCK
from jpsim.simulation.kernels.blocks import add_rows, copy_rows, set_all
from jpsim.simulation.kernels.gathering import pick_values
from jpsim.simulation.kernels.interventions import fired, intervene, shifted, start_yen
from jpsim.simulation.kernels.jit import entry, inlined, routine
from jpsim.simulation.kernels.meetings import decide_target, start_target
from jpsim.simulation.kernels.proposals import move_scores
from jpsim.simulation.kernels.recursion import (
    advance_factors,
    advance_returns,
    draw_impulses,
    report_levels,
    start_block,
)
from jpsim.simulation.kernels.scales import draw_scales
from jpsim.simulation.kernels.shocks import (
    condition_shocks,
    draw_shocks,
    draw_turned_shocks,
    load_targets,
    log_density,
    range_laws,
    score_shocks,
)
from jpsim.simulation.kernels.tally import count_superblock, tally_values
from jpsim.simulation.kernels.terms import open_gates

__all__ = [
    "range_superblock", "score_superblock", "simulate_superblock", "trace_superblock", "weigh_superblock",
]  # fmt: skip


@inlined
def keep_paths(sink: Any, values: Any, t: int, offset: int, count: int) -> None:
    """Copy a month's outputs of the first `count` paths of a block."""
    begin = sink.at + offset
    for k in range(sink.rows.size):
        o = sink.rows[k]
        copy_rows(sink.paths[k, t, begin : begin + count], values[o * BLOCK : o * BLOCK + count])


@routine
def draw_all_shocks(law: Any, scratch: Any, seed: Any, first: Any) -> None:
    """Draw the scales of all months, and their shocks where they must be known before the first month."""
    draw_scales(scratch, law.correction, seed, first, law.own.shape[0])
    if law.correction.gap.size > 0:
        draw_turned_shocks(scratch, law.correction, seed, first, law.code.size)


@routine
def open_block(law: Any, scratch: Any, seed: Any, first: Any) -> None:
    """Draw what must be known before the first month, and put every path at month 0."""
    draw_all_shocks(law, scratch, seed, first)
    if law.correction.gap.size > 0:
        condition_shocks(scratch, law.correction, seed, first)
    start_block(scratch, law)
    start_target(scratch, law.meetings)
    if law.intervention.factor >= 0:
        start_yen(scratch, law)


@inlined
def advance_block(law: Any, scratch: Any, seed: Any, first: Any, t: int) -> int:
    """Advance the factors of a block by one month, interventions included; returns as `advance_factors`."""
    wide, factors = law.free_own.size * BLOCK, law.code.size
    scale = scratch.scales[t * BLOCK : (t + 1) * BLOCK]
    conditioned = law.correction.gap.size > 0
    shocks = scratch.shocks[t * wide : (t + 1) * wide] if conditioned else scratch.shocks
    if not conditioned:
        draw_shocks(shocks, scale, seed, first, t, factors)
    new = advance_factors(scratch, law, shocks, t)
    if law.intervention.factor >= 0:
        intervene(scratch, law, scratch.lags[new : new + wide], shocks, scale, seed, first, t)
    return new


@routine
def simulate_block(law: Any, scratch: Any, sink: Any, seed: Any, first: Any, offset: int, count: int) -> None:
    """Simulate a block over all months, and hand the outputs of those that are reported to the sink."""
    wide, factors = law.free_own.size * BLOCK, law.code.size
    open_block(law, scratch, seed, first)
    draw_impulses(scratch, law.returns, seed, first)
    for t in range(law.own.shape[0]):
        scale = scratch.scales[t * BLOCK : (t + 1) * BLOCK]
        open_gates(scratch, law, t)
        new = advance_block(law, scratch, seed, first, t)
        report_levels(scratch.values, law, scratch.lags[new : new + wide], scratch.sums)
        decide_target(scratch, law.meetings, scratch.values, seed, first, t)
        advance_returns(scratch.values[factors * BLOCK :], scratch, law.returns, law.terms, scale, seed, first, t)
        place = law.place[t]
        if place < 0:
            continue
        if sink.paths.size > 0:
            keep_paths(sink, scratch.values, place, offset, count)
        if sink.pickings.wanted.size > 0:
            pick_values(scratch, sink, place, offset, count)
        if sink.sums.size > 0:
            tally_values(scratch, sink, place, offset, count)


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
def score_superblock(out: Any, law: Any, scratch: Any, seed: Any, first: Any) -> None:
    """Scores of the rows whose values are drawn, in their order: of the own values, moved by the proposal, if any.

    `out` is (q + 1, some blocks); the last row is the log of the scores' standard normal density over the proposal's.
    """
    q, proposal = out.shape[0] - 1, law.correction.proposal
    given = law.correction.gap.size - q
    for offset in range(0, out.shape[1], BLOCK):
        start = first + np.uint64(offset)
        draw_all_shocks(law, scratch, seed, start)
        score_shocks(scratch, law.correction, seed, start)
        for r in range(q):
            own = scratch.multipliers[(given + r) * BLOCK : (given + r + 1) * BLOCK]
            for p in range(BLOCK):
                out[r, offset + p] = -own[p]
        set_all(out[q, offset : offset + BLOCK], 0.0)
        if proposal.share.size > 0:
            move_scores(out[:, offset : offset + BLOCK], scratch.scaled, scratch, proposal)


@entry
def range_superblock(
    mean: Any, root: Any, law: Any, scratch: Any, seed: Any, first: Any, targets: Any, count: int
) -> None:
    """Law of the ranges' values given the scales of the first `count` paths, a multiple of `BLOCK`.

    `mean` is (q, SUPERBLOCK), `root` (q, q, SUPERBLOCK).
    """
    for offset in range(0, count, BLOCK):
        load_targets(scratch.targets, targets, offset)
        draw_scales(scratch, law.correction, seed, first + np.uint64(offset), law.own.shape[0])
        here = slice(offset, offset + BLOCK)
        range_laws(mean[:, here], root[:, :, here], scratch, law.correction)


@entry
def weigh_superblock(out: Any, law: Any, scratch: Any, seed: Any, first: Any, targets: Any) -> None:
    """Log density of each path's requirements given its scales, plus log law over proposal of what it drew.

    That is the scales and, where interventions shift a conditioned path, the shocks after them. `out` has some blocks.
    """
    months, intervening = law.own.shape[0], law.intervention.factor >= 0
    for offset in range(0, out.size, BLOCK):
        load_targets(scratch.targets, targets, offset)
        start = first + np.uint64(offset)
        if intervening:
            open_block(law, scratch, seed, start)
            for t in range(months):
                advance_block(law, scratch, seed, start, t)
        else:
            draw_scales(scratch, law.correction, seed, start, months)
        row = out[offset : offset + BLOCK]
        log_density(row, scratch, law.correction)
        add_rows(row, scratch.ratio)


@entry
def trace_superblock(fires: Any, shifts: Any, law: Any, scratch: Any, seed: Any, first: Any, targets: Any) -> None:
    """Interventions on each path, 1 or 0, and the shifts of the yen; both (h, SUPERBLOCK)."""
    set_all(fires.reshape(-1), 0.0)
    set_all(shifts.reshape(-1), 0.0)
    if law.intervention.factor < 0:
        return
    for offset in range(0, fires.shape[1], BLOCK):
        load_targets(scratch.targets, targets, offset)
        start = first + np.uint64(offset)
        open_block(law, scratch, seed, start)
        for t in range(law.own.shape[0]):
            advance_block(law, scratch, seed, start, t)
            copy_rows(fires[t, offset : offset + BLOCK], fired(scratch))
            copy_rows(shifts[t, offset : offset + BLOCK], shifted(scratch))
