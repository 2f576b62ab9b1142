"""Drawing the months' mixing variables from where requirements put them, and what that makes paths weigh."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from jpsim.simulation.kernels.arrays import BLOCK
from jpsim.simulation.kernels.blocks import add_product, copy_rows, set_all
from jpsim.simulation.kernels.elementary import exponential, log_unit
from jpsim.simulation.kernels.jit import inlined, routine
from jpsim.simulation.kernels.normals import fill_row

__all__ = ["TURN", "draw_proposed", "move_scores", "proposed_row"]

TURN: Final = 0.6180339887498949
"""Step of the low-discrepancy sequence by which paths are divided among a proposal's components."""


@inlined
def proposed_row(scratch: Any, i: int) -> Any:
    """Row i of the normals that make the mixing variables: months of g_t, then months of eta_t."""
    return scratch.mixed[i * BLOCK : (i + 1) * BLOCK]


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
def project(out: Any, directions: Any, mixed: Any) -> None:
    """Set the rows of `out` to the normals' parts along some directions."""
    set_all(out, 0.0)
    add_product(out, directions, mixed)


@routine
def move_component(scratch: Any, proposal: Any, c: int) -> None:
    """Turn the standard normals of a component's paths into its own: ``mean + root e``."""
    mixed, along, component = scratch.mixed, scratch.along, scratch.component
    project(along, proposal.directions[c], mixed)
    for k in range(proposal.stretch.shape[1]):
        row, stretch = along[k * BLOCK : (k + 1) * BLOCK], proposal.stretch[c, k]
        for p in range(BLOCK):
            row[p] *= stretch if component[p] == c else 0.0
    add_product(mixed, proposal.outward[c], along)
    for i in range(proposal.mean.shape[1]):
        row, mean = mixed[i * BLOCK : (i + 1) * BLOCK], proposal.mean[c, i]
        if mean != 0.0:
            for p in range(BLOCK):
                row[p] += mean if component[p] == c else 0.0


@routine
def add_odds(odds: Any, scratch: Any, proposal: Any, c: int) -> None:
    """Set `odds` to the log of the standard normal density over a component's own."""
    along = scratch.along
    project(along, proposal.directions[c], scratch.mixed)
    set_all(odds, proposal.level[c])
    for k in range(proposal.stretch.shape[1]):
        row, offset, half = along[k * BLOCK : (k + 1) * BLOCK], proposal.offset[c, k], 0.5 * proposal.curvature[c, k]
        for p in range(BLOCK):
            odds[p] -= half * (row[p] - offset) * (row[p] - offset)
    for i in range(proposal.mean.shape[1]):
        row, mean = proposed_row(scratch, i), proposal.mean[c, i]
        if mean != 0.0:
            for p in range(BLOCK):
                odds[p] -= mean * row[p]


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
def draw_proposed(scratch: Any, correction: Any, seed: Any, first: Any, months: int) -> None:
    """Fill the normals that make the mixing variables from the proposal; sets ``scratch.ratio``."""
    mixed, proposal = scratch.mixed, correction.proposal
    set_all(mixed, 0.0)
    for t in range(months):
        if correction.heavy:
            fill_row(proposed_row(scratch, t), seed, correction.streams[0], first, t)
        if correction.volatile:
            fill_row(proposed_row(scratch, months + t), seed, correction.streams[1], first, t)
    choose_components(scratch.component, proposal.share, first)
    for c in range(proposal.share.size):
        move_component(scratch, proposal, c)
    for c in range(proposal.share.size):
        add_odds(scratch.odds[c * BLOCK : (c + 1) * BLOCK], scratch, proposal, c)
    mix_odds(scratch.ratio, scratch.odds, proposal.share)


@routine
def add_followed(out: Any, follow: Any, scratch: Any) -> None:
    """Add what the normals that make the mixing variables do to one score."""
    for i in range(follow.size):
        mixed, part = proposed_row(scratch, i), follow[i]
        if part != 0.0:
            for p in range(BLOCK):
                out[p] += part * mixed[p]


@routine
def move_scores(out: Any, own: Any, scratch: Any, proposal: Any) -> None:
    """Turn q standard normal scores into those of the proposal, see `law.Proposal`.

    `out` is (q + 1, BLOCK); its last row becomes the log of the standard normal density over that of the new scores.
    """
    q, log_ratio, width = proposal.score_mean.size, out[out.shape[0] - 1], scratch.news
    set_all(log_ratio, proposal.score_level)
    for r in range(q):
        copy_rows(own[r * BLOCK : (r + 1) * BLOCK], out[r])
    for r in range(q):
        row = out[r]
        set_all(row, proposal.score_mean[r])
        for k in range(q):
            score, root = own[k * BLOCK : (k + 1) * BLOCK], proposal.score_root[r, k]
            for p in range(BLOCK):
                row[p] += root * score[p]
        add_followed(row, proposal.score_follow[r], scratch)
        set_all(width, proposal.score_width[r])
        add_followed(width, proposal.score_widen[r], scratch)
        score = own[r * BLOCK : (r + 1) * BLOCK]
        for p in range(BLOCK):
            row[p] *= exponential(width[p])
            log_ratio[p] += width[p] + 0.5 * (score[p] * score[p] - row[p] * row[p])
