"""The months' scales: Student-t and stochastic volatility, from their own law or from a proposal."""

from __future__ import annotations

from typing import Any

from jpsim.simulation.kernels.arrays import BLOCK
from jpsim.simulation.kernels.blocks import set_all
from jpsim.simulation.kernels.elementary import exponential, log_unit
from jpsim.simulation.kernels.jit import routine
from jpsim.simulation.kernels.normals import fill_row
from jpsim.simulation.kernels.tails import scale_of

__all__ = ["draw_scales"]


@routine
def advance_volatility(scratch: Any, scale: Any, correction: Any, seed: Any, first: Any, t: int) -> None:
    """Advance log volatility by one month and multiply the month's scales by its exponential."""
    v, news = scratch.volatility, scratch.news
    fill_row(news, seed, correction.streams[1], first, t)
    shift = correction.news[t]
    for p in range(BLOCK):
        v[p] = correction.persistence * v[p] + correction.deviation * (news[p] + shift)
        scale[p] *= exponential(0.5 * (v[p] - correction.centre))


@routine
def add_gamma_ratio(out: Any, scale: Any, ratio: Any) -> None:
    """Add the log of a chi-square density over a gamma one, ``r_0 + r_1 log(s**-2) + r_2 s**-2``."""
    for p in range(BLOCK):
        precision = 1.0 / (scale[p] * scale[p])
        out[p] += ratio[0] + ratio[1] * log_unit(precision) + ratio[2] * precision


@routine
def add_news_ratio(out: Any, news: Any, shift: Any) -> None:
    """Add the log density of ``news + shift`` under mean 0 less that under mean `shift`."""
    for p in range(BLOCK):
        out[p] -= shift * (news[p] + 0.5 * shift)


@routine
def draw_scales(scratch: Any, correction: Any, seed: Any, first: Any, months: int) -> None:
    """Fill (h, BLOCK) scales s_t; ones without mixing. Keeps log prior over proposal in ``scratch.ratio``."""
    set_all(scratch.ratio, 0.0)
    set_all(scratch.volatility, correction.origin)
    tilted = correction.ratio.shape[0] > 0
    for t in range(months):
        scale = scratch.scales[t * BLOCK : (t + 1) * BLOCK]
        set_all(scale, 1.0)
        if correction.heavy:
            fill_row(scale, seed, correction.streams[0], first, t)
            scale_of(scale, correction.scale[min(t, correction.scale.shape[0] - 1)])
            if tilted:
                add_gamma_ratio(scratch.ratio, scale, correction.ratio[t])
        if correction.volatile:
            advance_volatility(scratch, scale, correction, seed, first, t)
            if tilted:
                add_news_ratio(scratch.ratio, scratch.news, correction.news[t])
