"""The months' scales: Student-t and stochastic volatility, from their own law or from a proposal."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from jpsim.simulation.kernels.arrays import BLOCK
from jpsim.simulation.kernels.blocks import copy_rows, set_all
from jpsim.simulation.kernels.elementary import exponential, log_unit
from jpsim.simulation.kernels.jit import routine
from jpsim.simulation.kernels.normals import fill_row
from jpsim.simulation.kernels.tails import REACH, SCALE_NODES_PER_UNIT, scale_of

__all__ = ["TURN", "draw_scales"]

TURN: Final = 0.6180339887498949
"""Step of the low-discrepancy sequence by which paths are divided among a proposal's components."""


@routine
def choose_components(out: Any, share: Any, first: Any) -> None:
    """Component of each path of a block: where the golden section puts it among the shares."""
    for p in range(BLOCK):
        place = (0.5 + np.float64(first + np.uint64(p)) * TURN) % 1.0
        c = 0
        until = share[0]
        while c < share.size - 1 and place >= until:
            c += 1
            until += share[c]
        out[p] = c


@routine
def propose_scales(scale: Any, correction: Any, component: Any, t: int) -> None:
    """Replace a row of normal draws by scales from each path's own component."""
    for p in range(BLOCK):
        k, x = correction.table[component[p], t], (scale[p] + REACH) * SCALE_NODES_PER_UNIT
        i = np.int64(x)
        f = x - np.float64(i)
        cubic = correction.scale[k, i]
        value = cubic[0] + f * (cubic[1] + f * (cubic[2] + f * cubic[3]))
        scale[p] = correction.stretch[component[p], t] * value


@routine
def add_gamma_odds(odds: Any, scale: Any, correction: Any, t: int) -> None:
    """Add each component's log of a chi-square density over its own, ``r_0 + r_1 log(s**-2) + r_2 s**-2``."""
    components = correction.share.size
    precision = odds[components * BLOCK : (components + 1) * BLOCK]
    log_precision = odds[(components + 1) * BLOCK : (components + 2) * BLOCK]
    for p in range(BLOCK):
        precision[p] = 1.0 / (scale[p] * scale[p])
        log_precision[p] = log_unit(precision[p])
    for c in range(components):
        row = odds[c * BLOCK : (c + 1) * BLOCK]
        r0, r1, r2 = correction.ratio[c, t, 0], correction.ratio[c, t, 1], correction.ratio[c, t, 2]
        for p in range(BLOCK):
            row[p] += r0 + r1 * log_precision[p] + r2 * precision[p]


@routine
def add_news_odds(odds: Any, news: Any, correction: Any, t: int) -> None:
    """Add each component's log density of `news` under mean 0 less that under its own mean."""
    for c in range(correction.share.size):
        row, shift = odds[c * BLOCK : (c + 1) * BLOCK], correction.news[c, t]
        for p in range(BLOCK):
            row[p] -= shift * (news[p] - 0.5 * shift)


@routine
def advance_volatility(scratch: Any, scale: Any, correction: Any, seed: Any, first: Any, t: int) -> None:
    """Advance log volatility by one month and multiply the month's scales by its exponential."""
    v, news = scratch.volatility, scratch.news
    fill_row(news, seed, correction.streams[1], first, t)
    if correction.share.size > 0:
        for p in range(BLOCK):
            news[p] += correction.news[scratch.component[p], t]
        add_news_odds(scratch.odds, news, correction, t)
    for p in range(BLOCK):
        v[p] = correction.persistence * v[p] + correction.deviation * news[p]
        scale[p] *= exponential(0.5 * (v[p] - correction.centre))


@routine
def lean_scales(excess: Any, scale: Any) -> None:
    """Replace a month's Student-t scales by its excess."""
    for p in range(BLOCK):
        excess[p] = scale[p] * (excess[p] - 1.0 / excess[p])


@routine
def mix_odds(out: Any, odds: Any, share: Any) -> None:
    """Log of prior over the mixture's density, ``-log sum_c share_c exp(-odds_c)``."""
    set_all(out, -np.inf)
    for c in range(share.size):
        row, log_share = odds[c * BLOCK : (c + 1) * BLOCK], log_unit(share[c])
        for p in range(BLOCK):
            row[p] = log_share - row[p]
            out[p] = max(out[p], row[p])
    total = odds[share.size * BLOCK : (share.size + 1) * BLOCK]
    set_all(total, 0.0)
    for c in range(share.size):
        row = odds[c * BLOCK : (c + 1) * BLOCK]
        for p in range(BLOCK):
            total[p] += exponential(row[p] - out[p])
    for p in range(BLOCK):
        out[p] = -(out[p] + log_unit(total[p]))


@routine
def draw_scales(scratch: Any, correction: Any, seed: Any, first: Any, months: int) -> None:
    """Fill (h, BLOCK) scales s_t; ones without mixing. Keeps log prior over proposal in ``scratch.ratio``.

    Where months are skewed, fills their excess, too: ``s_t (w_t - 1 / w_t)``, w_t the Student-t part of s_t.
    """
    set_all(scratch.ratio, 0.0)
    set_all(scratch.volatility, correction.origin)
    tilted = correction.share.size > 0
    if tilted:
        set_all(scratch.odds, 0.0)
        choose_components(scratch.component, correction.share, first)
    for t in range(months):
        scale = scratch.scales[t * BLOCK : (t + 1) * BLOCK]
        set_all(scale, 1.0)
        if correction.heavy:
            fill_row(scale, seed, correction.streams[0], first, t)
            if tilted:
                propose_scales(scale, correction, scratch.component, t)
                add_gamma_odds(scratch.odds, scale, correction, t)
            else:
                scale_of(scale, correction.scale[0])
        if correction.skewed:
            excess = scratch.excess[t * BLOCK : (t + 1) * BLOCK]
            copy_rows(excess, scale)
        if correction.volatile:
            advance_volatility(scratch, scale, correction, seed, first, t)
        if correction.skewed:
            lean_scales(excess, scale)
    if tilted:
        mix_odds(scratch.ratio, scratch.odds, correction.share)
