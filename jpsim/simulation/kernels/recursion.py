"""One month of a block: factors, their reported levels, and compounded returns."""

from __future__ import annotations

from typing import Any

import numpy as np

from jpsim.simulation.kernels.arrays import BLOCK
from jpsim.simulation.kernels.blocks import add_product, add_rows, copy_rows, fill_rows, set_all
from jpsim.simulation.kernels.elementary import exponential
from jpsim.simulation.kernels.jit import routine
from jpsim.simulation.kernels.normals import COMMON, IDIOSYNCRATIC, IMPULSES, fill_block
from jpsim.simulation.kernels.tails import bend_tails

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
    add_product(innovation, law.gain[t], scratch.targets)
    fill_rows(new, law.free_own)
    add_rows(new, innovation)
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
            for p in range(BLOCK):
                out[p] = law.base[i] * exponential(x[p] * 0.01)


@routine
def draw_residuals(scratch: Any, returns: Any, scale: Any, seed: Any, first: Any, t: int) -> None:
    """Add the common and the idiosyncratic residuals of a month to the base series' returns."""
    draws, base = scratch.draws, scratch.returns[: returns.drift.shape[1] * BLOCK]
    factors, series = returns.common.shape[1], returns.tail_of.size
    fill_block(draws, seed, np.uint64(COMMON), first, t, factors)
    for k in range(factors):
        row = draws[k * BLOCK : (k + 1) * BLOCK]
        for p in range(BLOCK):
            row[p] *= scale[p]
    add_product(base, returns.common, draws)
    fill_block(draws, seed, np.uint64(IDIOSYNCRATIC), first, t, series)
    for i in range(series):
        if returns.tail_of[i] >= 0:
            bend_tails(draws[i * BLOCK : (i + 1) * BLOCK], returns.tails[returns.tail_of[i]])
    add_product(base, returns.mix, draws)


@routine
def advance_returns(scratch: Any, returns: Any, scale: Any, seed: Any, first: Any, t: int) -> None:
    """Compound the month's simple returns of the base series and of their aggregates."""
    base = scratch.returns[: returns.drift.shape[1] * BLOCK]
    aggregates = scratch.returns[returns.drift.shape[1] * BLOCK :]
    fill_rows(base, returns.drift[t])
    add_product(base, returns.loadings, scratch.innovation)
    draw_residuals(scratch, returns, scale, seed, first, t)
    add_product(base, returns.impulse[t], scratch.impulses)
    set_all(aggregates, 0.0)
    add_product(aggregates, returns.aggregation, base)
    for p in range(scratch.gross.size):
        scratch.gross[p] *= 1.0 + scratch.returns[p]
