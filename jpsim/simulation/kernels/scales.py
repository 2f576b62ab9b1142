"""The months' scales: Student-t and stochastic volatility, from their own law or from a proposal."""

from __future__ import annotations

from typing import Any

from jpsim.simulation.kernels.arrays import BLOCK
from jpsim.simulation.kernels.blocks import copy_rows, set_all
from jpsim.simulation.kernels.elementary import exponential
from jpsim.simulation.kernels.jit import routine
from jpsim.simulation.kernels.normals import fill_row
from jpsim.simulation.kernels.proposals import draw_proposed, proposed_row
from jpsim.simulation.kernels.tails import REACH, scale_of

__all__ = ["draw_scales"]

LAST = REACH - 2.0**-20
"""Normals from a proposal are cut here, where the table of scales ends; their own law never comes as far."""


@routine
def take_proposed(out: Any, scratch: Any, i: int) -> None:
    """Copy a row of normals that a proposal has put where the table of scales may not reach."""
    row = proposed_row(scratch, i)
    for p in range(BLOCK):
        out[p] = min(max(row[p], -LAST), LAST)


@routine
def advance_volatility(scratch: Any, scale: Any, correction: Any) -> None:
    """Advance log volatility by one month's news and multiply the month's scales by its exponential."""
    v, news = scratch.volatility, scratch.news
    for p in range(BLOCK):
        v[p] = correction.persistence * v[p] + correction.deviation * news[p]
        scale[p] *= exponential(0.5 * (v[p] - correction.centre))


@routine
def lean_scales(excess: Any, scale: Any) -> None:
    """Replace a month's Student-t scales by its excess."""
    for p in range(BLOCK):
        excess[p] = scale[p] * (excess[p] - 1.0 / excess[p])


@routine
def draw_scales(scratch: Any, correction: Any, seed: Any, first: Any, months: int) -> None:
    """Fill (h, BLOCK) scales s_t; ones without mixing. Keeps log prior over proposal in ``scratch.ratio``.

    Where months are skewed, fills their excess, too: ``s_t (w_t - 1 / w_t)``, w_t the Student-t part of s_t.
    """
    set_all(scratch.ratio, 0.0)
    set_all(scratch.volatility, correction.origin)
    proposed = correction.proposal.share.size > 0
    if proposed:
        draw_proposed(scratch, correction, seed, first, months)
    for t in range(months):
        scale = scratch.scales[t * BLOCK : (t + 1) * BLOCK]
        set_all(scale, 1.0)
        if correction.heavy:
            if proposed:
                take_proposed(scale, scratch, t)
            else:
                fill_row(scale, seed, correction.streams[0], first, t)
            scale_of(scale, correction.scale)
        if correction.skewed:
            excess = scratch.excess[t * BLOCK : (t + 1) * BLOCK]
            copy_rows(excess, scale)
        if correction.volatile:
            if proposed:
                copy_rows(scratch.news, proposed_row(scratch, months + t))
            else:
                fill_row(scratch.news, seed, correction.streams[1], first, t)
            advance_volatility(scratch, scale, correction)
        if correction.skewed:
            lean_scales(excess, scale)
