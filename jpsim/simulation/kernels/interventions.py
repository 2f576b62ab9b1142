"""Currency intervention in a block: a hazard, a jump of the yen, and what follows.

See `jpsim.simulation.law.InterventionRule`. Where requirements are still to be met, a shift of the yen
changes what the coming shocks must deliver: they are steered anew, exactly, given the months' scales. The
path's weight becomes the density of these requirements after the shift over that before it (the Gaussian
law is the proposal, the law with the rule the target; Guarniero, Johansen and Lee 2017,
doi:10.1080/01621459.2016.1222291). Where named shocks deliver the requirements, these alone are steered anew,
and nobody asks for the weight.

Rows of ``scratch.yen``: what is due next month and the month after, months of turbulence left, the summed
change of the last three months' ends, the month's shift, whether it intervened, two uniforms, two normals.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jpsim.simulation.kernels.arrays import BLOCK
from jpsim.simulation.kernels.blocks import add_product, set_all
from jpsim.simulation.kernels.elementary import exponential
from jpsim.simulation.kernels.jit import inlined, routine
from jpsim.simulation.kernels.normals import CHANCE, JUMPS, fill_block, fill_chances
from jpsim.simulation.kernels.shocks import set_gap

__all__ = ["YEN_ROWS", "fired", "intervene", "shifted", "start_yen"]

YEN_ROWS = 12
MEMORY = 3  # rows 3 to 5: summed changes at the ends of the last three months, latest first
SHIFT, FIRED, CHANCES, NORMALS = 6, 7, 8, 10
MONTHS = 2.0  # of turbulence


@inlined
def row(yen: Any, i: int) -> Any:
    """Row i of the rule's memory."""
    return yen[i * BLOCK : (i + 1) * BLOCK]


@inlined
def two_rows(yen: Any, i: int) -> Any:
    """Rows i and i + 1 of the rule's memory."""
    return yen[i * BLOCK : (i + 2) * BLOCK]


@inlined
def fired(scratch: Any) -> Any:
    """Row of whether the month had an intervention, 1 or 0."""
    return row(scratch.yen, FIRED)


@inlined
def shifted(scratch: Any) -> Any:
    """Row of the month's shift of the yen, in 100 log."""
    return row(scratch.yen, SHIFT)


@routine
def start_yen(scratch: Any, law: Any) -> None:
    """Begin a block: nothing due, and all requirements still to be met."""
    set_all(scratch.yen, 0.0)
    if law.intervention.reach.shape[1] > 0:
        set_gap(scratch.missing, law.correction, scratch)


@routine
def draw_shift(yen: Any, level: Any, scale: Any, rule: Any) -> None:
    """Set the month's shift of the yen, in 100 log, and what follows in the next months.

    `level` is the summed change of the yen since month 0.
    """
    threshold, intercept, slope, speed, free, jump, jump_sd, follow, likely, reversal, turbulence = rule.numbers
    due, later, left, memory = row(yen, 0), row(yen, 1), row(yen, 2), row(yen, MEMORY + 2)
    shift, flag, whether, what = row(yen, SHIFT), row(yen, FIRED), row(yen, CHANCES), row(yen, CHANCES + 1)
    size, noise = row(yen, NORMALS), row(yen, NORMALS + 1)
    for p in range(BLOCK):
        x = due[p] + (turbulence * scale[p] * noise[p] if left[p] > 0.0 else 0.0)
        now = level[p] + x
        logit = intercept + 0.5 * slope * (rule.base * exponential(0.01 * now) - threshold)
        logit += speed * max(0.0, now - memory[p] - free)
        hit = whether[p] * (1.0 + exponential(-logit)) < 1.0
        leap = jump + jump_sd * size[p]
        goes_on = what[p] < likely
        shift[p] = x + (leap if hit else 0.0)
        flag[p] = 1.0 if hit else 0.0
        due[p] = (follow if goes_on else -0.5 * reversal * leap) if hit else later[p]
        later[p] = (0.0 if goes_on else -0.5 * reversal * leap) if hit else 0.0
        left[p] = MONTHS if hit else left[p] - 1.0


@routine
def remember(yen: Any, level: Any) -> None:
    """Keep the summed change of the yen at the month's end."""
    a, b, c = row(yen, MEMORY), row(yen, MEMORY + 1), row(yen, MEMORY + 2)
    for p in range(BLOCK):
        c[p] = b[p]
        b[p] = a[p]
        a[p] = level[p]


@routine
def intervene(scratch: Any, law: Any, new: Any, shocks: Any, scale: Any, seed: Any, first: Any, t: int) -> None:
    """Apply the rule to a month: observation `new`, innovation, summed changes, coming shocks, weight."""
    rule, yen, wide = law.intervention, scratch.yen, BLOCK * law.intervention.factor
    level = scratch.sums[rule.sum_of * BLOCK : (rule.sum_of + 1) * BLOCK]
    fill_chances(two_rows(yen, CHANCES), seed, np.uint64(CHANCE), first, t)
    fill_block(two_rows(yen, NORMALS), seed, np.uint64(JUMPS), first, t, 2)
    draw_shift(yen, level, scale, rule)
    shift = row(yen, SHIFT)
    for p in range(BLOCK):
        new[wide + p] += shift[p]
        scratch.innovation[wide + p] += shift[p]
        level[p] += shift[p]
    remember(yen, level)
    if rule.reach.shape[1] > 0:
        add_product(scratch.missing, law.correction.exposure[t], shocks)
        steer_block(scratch, law, t)


@routine
def steer_block(scratch: Any, law: Any, t: int) -> None:
    """Steer the coming shocks of every path whose yen was shifted."""
    shift, reach = row(scratch.yen, SHIFT), law.intervention.reach[t]
    if not np.any(reach):
        return
    for p in range(BLOCK):
        if shift[p] != 0.0:
            steer_path(scratch, law, reach, shift[p], t, p)


@routine
def steer_path(scratch: Any, law: Any, reach: Any, shift: float, t: int, p: int) -> None:
    """Meet the requirements from the shifted state: ``b = V**-1 reach shift``, V their covariance still to come.

    The shocks of month s to come change by ``-s_s**2 response_s' b``; the log weight by ``b' (missing - reach
    shift / 2)``.
    """
    m, months, steer = law.correction.gap.size, law.own.shape[0], law.intervention.steer
    gram, b = scratch.gram[: m * m], scratch.gram[m * m : m * m + m]
    ahead_covariance(gram, scratch.scales, law.correction, law.intervention.ahead, t, p)
    for r in range(m):
        b[r] = reach[r] * shift
    solve_path(gram, b, m)
    weight = 0.0
    for r in range(m):
        moved = reach[r] * shift
        weight += b[r] * (scratch.missing[r * BLOCK + p] - 0.5 * moved)
        scratch.missing[r * BLOCK + p] -= moved
    scratch.ratio[p] += weight
    n = steer.shape[2]
    for s in range(t + 1, months):
        square = scratch.scales[s * BLOCK + p] * scratch.scales[s * BLOCK + p]
        for i in range(n):
            change = 0.0
            for r in range(m):
                change += steer[s, r, i] * b[r]
            scratch.shocks[(s * n + i) * BLOCK + p] += square * change


@routine
def ahead_covariance(gram: Any, scales: Any, correction: Any, ahead: Any, t: int, p: int) -> None:
    """Covariance of the rows after month t given its end, by the shocks that meet them.

    Rows that are due by then become unit rows.
    """
    m = correction.gap.size
    for a in range(m):
        for b in range(a + 1):
            v = correction.noise[a] if a == b else 0.0
            for s in range(t + 1, correction.products.shape[0]):
                v += scales[s * BLOCK + p] * scales[s * BLOCK + p] * correction.products[s, a, b]
            both = ahead[t, a] * ahead[t, b]
            gram[a * m + b] = v if both else (1.0 if a == b else 0.0)


@routine
def solve_path(gram: Any, b: Any, m: int) -> None:
    """Replace b by ``V**-1 b``, by Cholesky's factors of V, which replace it."""
    for i in range(m):
        for j in range(i + 1):
            v = gram[i * m + j]
            for k in range(j):
                v -= gram[i * m + k] * gram[j * m + k]
            gram[i * m + j] = np.sqrt(v) if i == j else v / gram[j * m + j]
    for i in range(m):
        for k in range(i):
            b[i] -= gram[i * m + k] * b[k]
        b[i] /= gram[i * m + i]
    for i in range(m - 1, -1, -1):
        for k in range(i + 1, m):
            b[i] -= gram[k * m + i] * b[k]
        b[i] /= gram[i * m + i]
