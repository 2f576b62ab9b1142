"""The shocks' exact conditioning, given the months' scales."""

from __future__ import annotations

from typing import Any

import numpy as np

from jpsim.simulation.kernels.arrays import BLOCK, LANES
from jpsim.simulation.kernels.blocks import add_product, copy_rows, set_all
from jpsim.simulation.kernels.elementary import like, log_unit
from jpsim.simulation.kernels.jit import inlined, routine
from jpsim.simulation.kernels.normals import FACTORS, MEASUREMENT, fill_block

__all__ = [
    "condition_shocks", "draw_shocks", "draw_turned_shocks", "load_targets", "log_density", "range_laws",
    "score_shocks", "set_gap",
]  # fmt: skip

LOG_2PI = 1.8378770664093453


@routine
def draw_shocks(out: Any, scale: Any, seed: Any, first: Any, t: int, factors: int) -> None:
    """Fill the rows of month t's factor shocks ``s_t z_t``."""
    fill_block(out, seed, np.uint64(FACTORS), first, t, factors)
    scale_rows(out, scale, factors)


@routine
def scale_rows(out: Any, scale: Any, rows: int) -> None:
    """Multiply some rows by the month's scale."""
    for i in range(rows):
        row = out[i * BLOCK : (i + 1) * BLOCK]
        for p in range(BLOCK):
            row[p] *= like(row, scale[p])


@routine
def draw_turned_shocks(scratch: Any, correction: Any, seed: Any, first: Any, factors: int) -> None:
    """Fill the rows of all months' factor shocks ``s_t z_t``, their normals z turned; see `law.Rotation`."""
    months, wide = correction.outward.shape[0], correction.outward.shape[1] * BLOCK
    set_all(scratch.turned, 0.0)
    for t in range(months):
        rows = scratch.shocks[t * wide : (t + 1) * wide]
        fill_block(rows, seed, np.uint64(FACTORS), first, t, factors)
        add_product(scratch.turned, correction.inward[t], rows)
    for t in range(months):
        rows = scratch.shocks[t * wide : (t + 1) * wide]
        add_product(rows, correction.outward[t], scratch.turned)
        scale_rows(rows, scratch.scales[t * BLOCK : (t + 1) * BLOCK], factors)


@inlined
def gram_row(gram: Any, a: int, b: int, m: int) -> Any:
    """Entry (a, b) of the small matrices of `LANES` paths."""
    return gram[(a * m + b) * LANES : (a * m + b + 1) * LANES]


@routine
def factorise(gram: Any, products: Any, noise: Any, scales: Any, lane: int) -> None:
    """Cholesky factors of ``V = sum_t s_t**2 products_t + noise`` for the paths ``lane + 0..LANES``."""
    m = noise.size
    for a in range(m):
        for b in range(a + 1):
            v = gram_row(gram, a, b, m)
            set_all(v, noise[a] if a == b else 0.0)
            for t in range(products.shape[0]):
                s = scales[t * BLOCK + lane : t * BLOCK + lane + LANES]
                weight = products[t, a, b]
                for q in range(LANES):
                    v[q] += weight * (s[q] * s[q])
            for k in range(b):
                x, y = gram_row(gram, a, k, m), gram_row(gram, b, k, m)
                for q in range(LANES):
                    v[q] -= x[q] * y[q]
            if a == b:
                for q in range(LANES):
                    v[q] = np.sqrt(v[q])
            else:
                pivot = gram_row(gram, b, b, m)
                for q in range(LANES):
                    v[q] /= pivot[q]


@routine
def solve_lower(gram: Any, x: Any, m: int, lane: int) -> None:
    """Replace x by ``L**-1 x``, rows of a block."""
    for a in range(m):
        row = x[a * BLOCK + lane : a * BLOCK + lane + LANES]
        for k in range(a):
            factor, known = gram_row(gram, a, k, m), x[k * BLOCK + lane : k * BLOCK + lane + LANES]
            for q in range(LANES):
                row[q] -= factor[q] * known[q]
        pivot = gram_row(gram, a, a, m)
        for q in range(LANES):
            row[q] /= pivot[q]


@routine
def solve_upper(gram: Any, x: Any, m: int, lane: int) -> None:
    """Replace x by ``L'**-1 x``, rows of a block."""
    for a in range(m - 1, -1, -1):
        row = x[a * BLOCK + lane : a * BLOCK + lane + LANES]
        for k in range(a + 1, m):
            factor, known = gram_row(gram, k, a, m), x[k * BLOCK + lane : k * BLOCK + lane + LANES]
            for q in range(LANES):
                row[q] -= factor[q] * known[q]
        pivot = gram_row(gram, a, a, m)
        for q in range(LANES):
            row[q] /= pivot[q]


@inlined
def set_gap(out: Any, correction: Any, scratch: Any) -> None:
    """Set `out` to the required value less the mean given the scales, ``gap + targets - sum_t lean_t excess_t``.

    Padded rows are zero.
    """
    copy_rows(out, scratch.targets)
    for r in range(correction.gap.size):
        row = out[r * BLOCK : (r + 1) * BLOCK]
        for p in range(BLOCK):
            row[p] += correction.gap[r]
        for t in range(correction.lean.shape[0] if correction.skewed else 0):
            excess, lean = scratch.excess[t * BLOCK : (t + 1) * BLOCK], correction.lean[t, r]
            for p in range(BLOCK):
                row[p] -= lean * excess[p]


@routine
def subtract_own(scratch: Any, correction: Any, exposure: Any, seed: Any, first: Any) -> None:
    """Subtract from the multipliers the values that the drawn shocks give the rows, ``sum_t exposure_t s_t z_t + e``.

    `exposure` has its sign reversed.
    """
    rows, wide = correction.gap.size, exposure.shape[2] * BLOCK
    multipliers, errors = scratch.multipliers, scratch.scaled
    fill_block(errors, seed, np.uint64(MEASUREMENT), first, 0, rows)
    for r in range(rows):
        sd = np.sqrt(correction.noise[r])
        for p in range(r * BLOCK, (r + 1) * BLOCK):
            multipliers[p] -= sd * errors[p]
    for t in range(exposure.shape[0]):
        add_product(multipliers, exposure[t], scratch.shocks[t * wide : (t + 1) * wide])


@routine
def score_shocks(scratch: Any, correction: Any, seed: Any, first: Any) -> None:
    """Set the multipliers to minus the scores of the rows' own values, ``L**-1 (sum_t delivered_t s_t z_t + e)``.

    ``L L' = V``: given the scales the scores are standard normal, and independent of what `condition_shocks`
    leaves of the shocks.
    """
    set_all(scratch.multipliers, 0.0)
    subtract_own(scratch, correction, correction.delivered, seed, first)
    for lane in range(0, BLOCK, LANES):
        factorise(scratch.gram, correction.products, correction.noise, scratch.scales, lane)
        solve_lower(scratch.gram, scratch.multipliers, correction.gap.size, lane)


@routine
def condition_shocks(scratch: Any, correction: Any, seed: Any, first: Any) -> None:
    """Move all months' scaled shocks so that the conditioning rows hold.

    Adds ``s_t**2 response_t' V**-1 (gap + targets - sum_t exposure_t s_t z_t - e)`` to ``s_t z_t``.
    """
    months, rows = correction.response.shape[0], correction.gap.size
    padded, wide = correction.response.shape[2], correction.response.shape[1] * BLOCK
    set_gap(scratch.multipliers, correction, scratch)
    subtract_own(scratch, correction, correction.exposure, seed, first)
    if correction.fixed:
        for t in range(months):
            add_product(scratch.shocks[t * wide : (t + 1) * wide], correction.response[t], scratch.multipliers)
        return
    for lane in range(0, BLOCK, LANES):
        factorise(scratch.gram, correction.products, correction.noise, scratch.scales, lane)
        solve_lower(scratch.gram, scratch.multipliers, rows, lane)
        solve_upper(scratch.gram, scratch.multipliers, rows, lane)
    for t in range(months):
        scale = scratch.scales[t * BLOCK : (t + 1) * BLOCK]
        for r in range(padded):
            for p in range(BLOCK):
                scratch.scaled[r * BLOCK + p] = scale[p] * scale[p] * scratch.multipliers[r * BLOCK + p]
        add_product(scratch.shocks[t * wide : (t + 1) * wide], correction.response[t], scratch.scaled)


@routine
def log_density(out: Any, scratch: Any, correction: Any) -> None:
    """Log density of ``gap + targets - sum_t lean_t excess_t`` under ``N(0, V)`` for a block, ranges left out.

    ``V = sum_t s_t**2 exposure_t exposure_t' + noise`` whichever shocks deliver: what the requirements say
    of the scales does not depend on that.
    """
    rows, told = correction.gap.size, correction.gap.size - correction.ranges
    x = scratch.multipliers
    set_gap(x, correction, scratch)
    set_all(out, -0.5 * told * LOG_2PI)
    for lane in range(0, BLOCK, LANES):
        factorise(scratch.gram, correction.evidence, correction.noise, scratch.scales, lane)
        solve_lower(scratch.gram, x, rows, lane)
        row = out[lane : lane + LANES]
        for a in range(told):
            pivot, value = gram_row(scratch.gram, a, a, rows), x[a * BLOCK + lane : a * BLOCK + lane + LANES]
            for q in range(LANES):
                row[q] -= log_unit(pivot[q]) + 0.5 * value[q] * value[q]


@routine
def range_laws(mean: Any, root: Any, scratch: Any, correction: Any) -> None:
    """Law of the ranges' values, less their centres, given the scales and the rows before them, for a block.

    `mean` is (q, BLOCK), `root` (q, q, BLOCK), lower triangular: with ``L x = gap + targets``, targets of ranges being
    zero, the mean is ``-L_q x_q``, and the covariance ``L_q L_q'``.
    """
    rows, q = correction.gap.size, mean.shape[0]
    given, x = rows - q, scratch.multipliers
    set_gap(x, correction, scratch)
    for lane in range(0, BLOCK, LANES):
        factorise(scratch.gram, correction.evidence, correction.noise, scratch.scales, lane)
        solve_lower(scratch.gram, x, rows, lane)
        for i in range(q):
            total = mean[i, lane : lane + LANES]
            set_all(total, 0.0)
            for k in range(q):
                out = root[i, k, lane : lane + LANES]
                if k > i:
                    set_all(out, 0.0)
                    continue
                copy_rows(out, gram_row(scratch.gram, given + i, given + k, rows))
                solved = x[(given + k) * BLOCK + lane : (given + k) * BLOCK + lane + LANES]
                for p in range(LANES):
                    total[p] -= out[p] * solved[p]


@routine
def load_targets(targets: Any, given: Any, offset: int) -> None:
    """Copy a block's columns of (m, SUPERBLOCK) targets into flat rows; the padding is zero."""
    set_all(targets, 0.0)
    for r in range(given.shape[0]):
        copy_rows(targets[r * BLOCK : (r + 1) * BLOCK], given[r, offset : offset + BLOCK])
