"""One month of a block: factors, their reported levels, and compounded returns."""

from __future__ import annotations

from typing import Any

import numpy as np

from jpsim.simulation.kernels.arrays import BLOCK, TILE
from jpsim.simulation.kernels.blocks import add_product, add_rows, add_tiles, copy_rows, fill_rows, set_all
from jpsim.simulation.kernels.elementary import exponential, like
from jpsim.simulation.kernels.jit import inlined, routine
from jpsim.simulation.kernels.normals import COMMON, IDIOSYNCRATIC, IMPULSES, fill_block, fill_call, normals_per_call
from jpsim.simulation.kernels.tails import bend_tails
from jpsim.simulation.kernels.terms import form_terms

__all__ = ["advance_factors", "advance_returns", "draw_impulses", "report_levels", "start_block"]


@routine
def start_block(scratch: Any, law: Any) -> None:
    """Put every path of a block at month 0."""
    p, n = law.lags.shape
    wide = law.free_own.size * BLOCK
    set_all(scratch.lags, 0.0)
    set_all(scratch.sums, 0.0)
    set_all(scratch.gross, 1.0)
    for k in range(p):
        # The observation k months before month 1 is kept in slot p - k of the ring, slot 0 being free.
        fill_rows(scratch.lags[(p - k) * wide : (p - k) * wide + n * BLOCK], law.lags[k])
    fill_rows(scratch.sums, law.sums)


@routine
def draw_impulses(scratch: Any, returns: Any, seed: Any, first: Any) -> None:
    """Draw the normals that last for the whole path."""
    fill_block(scratch.impulses, seed, np.uint64(IMPULSES), first, 0, returns.impulse.shape[2])


@routine
def lean_innovation(innovation: Any, lean: Any, excess: Any) -> None:
    """Add what a month's excess does to the factors' innovations."""
    for i in range(lean.size):
        row = innovation[i * BLOCK : (i + 1) * BLOCK]
        for p in range(BLOCK):
            row[p] += lean[i] * like(row, excess[p])


@routine
def add_constants(out: Any, x: Any, constants: Any) -> None:
    """Set row i of `out` to that of x plus ``constants[i]``."""
    for i in range(constants.size):
        own, row, constant = out[i * BLOCK : (i + 1) * BLOCK], x[i * BLOCK : (i + 1) * BLOCK], constants[i]
        for p in range(BLOCK):
            own[p] = constant + row[p]


@routine
def advance_factors(scratch: Any, law: Any, shocks: Any, t: int) -> int:
    """Advance the factors by one month; returns the offset of the new observation in the ring of lags."""
    p = law.lags.shape[0]
    wide = law.free_own.size * BLOCK
    slot = t % (p + 1)
    new = scratch.lags[slot * wide : (slot + 1) * wide]
    innovation = scratch.innovation
    fill_rows(innovation, law.own[t])
    add_product(innovation, law.sum[t], scratch.sums)
    for k in range(p):
        old = (slot + p - k) % (p + 1)
        add_product(innovation, law.lag[t, k], scratch.lags[old * wide : (old + 1) * wide])
    add_product(innovation, law.impact[t], shocks)
    if law.correction.skewed:
        lean_innovation(innovation, law.lean[t], scratch.excess[t * BLOCK : (t + 1) * BLOCK])
    add_constants(new, innovation, law.free_own)
    add_product(new, law.free_sum, scratch.sums)
    for k in range(p):
        old = (slot + p - k) % (p + 1)
        add_product(new, law.free_lag[k], scratch.lags[old * wide : (old + 1) * wide])
    for j in range(law.cumulated.size):
        i = law.cumulated[j]
        add_rows(scratch.sums[j * BLOCK : (j + 1) * BLOCK], new[i * BLOCK : (i + 1) * BLOCK])
    offset: int = slot * wide
    return offset


@routine
def report_levels(values: Any, law: Any, observation: Any, sums: Any) -> None:
    """Write the factors' reported levels, see `law.Levels`."""
    for i in range(law.code.size):
        out = values[i * BLOCK : (i + 1) * BLOCK]
        if law.code[i] == 2:
            j = law.sum_of[i]
            x = sums[j * BLOCK : (j + 1) * BLOCK]
        else:
            x = observation[i * BLOCK : (i + 1) * BLOCK]
        if law.code[i] == 0:
            copy_rows(out, x)
        else:
            base, percent = like(out, law.base[i]), like(out, 0.01)
            for p in range(BLOCK):
                out[p] = base * exponential(x[p] * percent)


@routine
def draw_residuals(scratch: Any, returns: Any, scale: Any, seed: Any, first: Any, t: int) -> None:
    """Draw a month's common residuals, scaled, and the idiosyncratic ones, bent to their tails."""
    factors, series = returns.common.shape[1], returns.tail_of.size
    fill_block(scratch.common, seed, np.uint64(COMMON), first, t, factors)
    for k in range(factors):
        row = scratch.common[k * BLOCK : (k + 1) * BLOCK]
        for p in range(BLOCK):
            row[p] *= like(row, scale[p])
    each = normals_per_call(scratch.draws)
    for i in range(0, series, each):
        rows = scratch.draws[i * BLOCK : (i + each) * BLOCK]
        fill_call(rows, seed, np.uint64(IDIOSYNCRATIC), first, t, i // each)
        for k in range(i, min(i + each, series)):
            tail = returns.tail_of[k]
            if tail >= 0:
                bend_tails(scratch.draws[k * BLOCK : (k + 1) * BLOCK], returns.near[tail], returns.far[tail])


@inlined
def compound(values: Any, gross: Any, monthly: Any) -> None:
    """Compound monthly simple returns, and report them from month 0."""
    one = like(gross, 1.0)
    for p in range(values.size):
        gross[p] *= one + monthly[p]
        values[p] = gross[p] - one


@routine
def advance_returns(
    values: Any, scratch: Any, returns: Any, terms: Any, scale: Any, seed: Any, first: Any, t: int
) -> None:
    """Compound the month's simple returns of the base series and of their aggregates, which stand behind them.

    Four series at a time, from their drift to their reported value: their rows stay in the fastest cache.
    """
    series, padded = returns.tail_of.size, returns.drift.shape[1]
    size, tile = padded * BLOCK, TILE * BLOCK
    base, aggregates = scratch.returns[:size], scratch.returns[size:]
    draw_residuals(scratch, returns, scale, seed, first, t)
    form_terms(scratch, terms)
    for i in range(0, padded, TILE):
        rows = base[i * BLOCK : i * BLOCK + tile]
        fill_rows(rows, returns.drift[t, i : i + TILE])
        add_tiles(rows, returns.loadings, i, scratch.innovation)
        add_tiles(rows, terms.loadings, i, scratch.terms)
        add_tiles(rows, returns.common, i, scratch.common)
        add_tiles(rows, returns.mix, i, scratch.draws)
        add_tiles(rows, returns.impulse[t], i, scratch.impulses)
        compound(values[i * BLOCK : min(i + TILE, series) * BLOCK], scratch.gross[i * BLOCK :], rows)
    groups = values[series * BLOCK :]
    for i in range(0, returns.aggregation.shape[0], TILE):
        rows = aggregates[i * BLOCK : i * BLOCK + tile]
        set_all(rows, 0.0)
        add_tiles(rows, returns.aggregation, i, base)
        compound(groups[i * BLOCK : i * BLOCK + tile], scratch.gross[size + i * BLOCK :], rows)
