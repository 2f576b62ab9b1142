"""What kernels are given: padded coefficients, a thread's scratch memory, and where results go.

Numbers of rows are padded with zeros to multiples of `TILE`; the padded size of n is written n'.
Arrays over paths are flat: row i of a block occupies ``[i * BLOCK, (i + 1) * BLOCK)``.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = [
    "BINS", "BLOCK", "LANES", "SUPERBLOCK", "TILE",
    "Coefficients", "Correction", "Curvature", "Intervention", "Meetings", "Pickings", "Proposed", "Returns", "Scratch",
    "Sink",
]  # fmt: skip

BLOCK: Final = 512
"""Paths that advance together; their state stays in the core's own cache."""
SUPERBLOCK: Final = 2048
"""Paths of one task; floating-point sums are formed per superblock and added in its order."""
BINS: Final = 4096
"""Bins of each histogram: over 16 standard deviations one is 0.004 wide, and interpolation within it
leaves an error under a tenth of the Monte Carlo error of one million paths."""
TILE: Final = 4
"""Rows and columns of a register tile."""
LANES: Final = 64
"""Paths whose small linear systems are solved together, and partial sums per moment."""

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class Proposed(NamedTuple):
    """Where the mixing variables are drawn from instead of their own law, see `law.Proposal`; D = 2 h."""

    share: Floats  # (C,) shares of the paths; C is 0 without a proposal
    mean: Floats  # (C, D')
    directions: Floats  # (C, r', D') in which a component's variances are not one
    outward: Floats  # (C, D', r') transposed
    stretch: Floats  # (C, r') its standard deviations there, less one
    curvature: Floats  # (C, r') one less its precisions there
    offset: Floats  # (C, r') its mean's part along them
    level: Floats  # (C,) constant of the log of the standard normal density over its own
    score_mean: Floats  # (q,) of the scores of drawn values
    score_follow: Floats  # (q, D)
    score_root: Floats  # (q, q)
    score_width: Floats  # (q,)
    score_widen: Floats  # (q, D)
    score_level: float  # log of its determinant


class Correction(NamedTuple):
    """The months' random scales, and the conditioning of the shocks given them."""

    heavy: int  # whether months are Student-t
    scale: Floats  # (intervals, 4) the month's scale against a normal draw, see `tails`
    volatile: int  # whether volatility is stochastic
    persistence: float
    deviation: float  # of the news of log volatility
    origin: float  # log volatility at month 0
    centre: float  # what makes the mean of s_t**2 one
    proposal: Proposed
    streams: npt.NDArray[np.uint64]  # (2,) of the Student-t draws and of the news
    fixed: int  # whether all scales are 1: then `response` is response_t' V**-1
    free: int  # number of rows whose values are drawn path by path: the last ones
    ranges: int  # number of rows among them whose values are drawn given the scales: the last ones
    exposure: Floats  # (h, m', n') with the sign reversed
    delivered: Floats  # (h, m', n') its part along the shocks that deliver, with the sign reversed
    response: Floats  # (h, n', m') transposed
    products: Floats  # (h, m, m) response_t exposure_t'
    evidence: Floats  # (h, m, m) exposure_t exposure_t'
    noise: Floats  # (m,) variances
    gap: Floats  # (m,)
    skewed: int  # whether months are skewed
    lean: Floats  # (h, m) how the rows move with a month's excess, see `scales`
    inward: Floats  # (h, r', n') of the rotation, see `law.Rotation`; r is 0 without one
    outward: Floats  # (h, n', r')


class Returns(NamedTuple):
    """The equity layer; `tail_of` names each series' map to Student-t draws, -1 for a normal one."""

    drift: Floats  # (h, S')
    loadings: Floats  # (S', n')
    common: Floats  # (S', K')
    mix: Floats  # (S', S') times the idiosyncratic standard deviations
    aggregation: Floats  # (G', S')
    tail_of: Integers  # (S,)
    near: Floats  # (maps, DEGREE + 1) see `tails`
    far: Floats  # (maps, intervals, 4)
    impulse: Floats  # (h, S', c')


class Curvature(NamedTuple):
    """The nonlinear terms, see `law.Terms`; rows of the innovations, and where a gate's level stands."""

    kind: Integers  # (T,)
    factor: Integers  # (T,)
    other: Integers  # (T,)
    summed: Integers  # (T,) row of a gate's level among the summed differences; -1 where it is an observation
    knot: Floats  # (T,)
    side: Floats  # (T,)
    centre: Floats  # (T,)
    loadings: Floats  # (S', T')


class Meetings(NamedTuple):
    """The rules of the target policy rate, see `law.MeetingRule`; `numbers` are its coefficients in order."""

    target: int  # output that reports the target; -1 where no rule is in force
    expected: int  # output of the expected rate
    prices: int  # output of core CPI; -1 for none
    currency: int  # output of USD/JPY; -1 for none
    decided: int  # whether the target follows the meeting rule
    floor: float
    start: float  # target at month 0
    meets: Integers  # (h,)
    numbers: Floats  # (12,) age, step, noise, one_step, two_steps, patience, caution, recovery, inflation, ...


class Intervention(NamedTuple):
    """The rule of currency intervention, see `law.InterventionRule`; `numbers` are its coefficients in order."""

    factor: int  # USD/JPY; -1 where the rule is not in force
    base: float  # its level at month 0
    sum_of: int  # row of its summed differences
    numbers: Floats  # (11,)
    reach: Floats  # (h, m)
    ahead: Integers  # (h, m) whether a row is still to come after the month
    steer: Floats  # (h, m', n') exposures to the shocks that meet the rows, with the sign reversed


class Coefficients(NamedTuple):
    """A law, laid out for the kernels. The innovation is ``u = own + lag y + sum c + impact z``.

    The observation is ``y = u + free_own + free_lag y + free_sum c``, c being the summed differences.
    """

    lags: Floats  # (p, n) observations at month 0, latest first
    sums: Floats  # (c,) summed differences at month 0
    own: Floats  # (h, n')
    lag: Floats  # (h, p, n', n')
    sum: Floats  # (h, n', c')
    impact: Floats  # (h, n', n')
    lean: Floats  # (h, n') how the innovations move with the month's excess
    free_own: Floats  # (n',)
    free_lag: Floats  # (p, n', n')
    free_sum: Floats  # (n', c')
    cumulated: Integers  # (c,) factors whose differences are summed
    correction: Correction
    returns: Returns
    terms: Curvature
    code: Integers  # (n,) see `law.Levels`
    base: Floats  # (n,)
    sum_of: Integers  # (n,) row of each factor's summed differences
    meetings: Meetings
    intervention: Intervention
    place: Integers  # (h,) place of each step among the r that are reported, -1 for the others


class Scratch(NamedTuple):
    """Memory of one thread, flat, for one block."""

    lags: Floats  # ((p + 1) n')
    sums: Floats  # (c')
    shocks: Floats  # (n'), or (h n') where all months must be known before the first
    turned: Floats  # (r') what is turned of a path's normals
    scales: Floats  # (h)
    excess: Floats  # (h), or empty where months are symmetric
    volatility: Floats  # 1 row: log volatility of the month
    news: Floats  # 1
    ratio: Floats  # 1: log of prior over proposal of the scales
    mixed: Floats  # (D') normals from a proposal; or empty
    along: Floats  # (r') their parts along a component's directions
    odds: Floats  # C + 1: log of prior over each component's density
    component: Integers  # 1: component of the proposal that a path draws from
    impulses: Floats  # (c')
    innovation: Floats  # (n')
    common: Floats  # (K') common residuals
    terms: Floats  # (T')
    draws: Floats  # (S') idiosyncratic residuals
    returns: Floats  # (S' + G')
    gross: Floats  # (S' + G')
    values: Floats  # (O)
    targets: Floats  # (m')
    multipliers: Floats  # (m')
    scaled: Floats  # (m')
    gram: Floats  # m * m * LANES
    bins: npt.NDArray[np.uint16]  # (O, r, SUPERBLOCK), not flat: counted when the superblock is done
    partial: Floats  # 10 * LANES
    policy: Floats  # 3 rows: target, months since its last move, draws; or empty
    yen: Floats  # 12 rows of the intervention rule, see `interventions`; or empty
    missing: Floats  # (m) what the rows still require; or empty


class Pickings(NamedTuple):
    """What a thread picks of the values that decide order statistics, see `gathering`; K wanted bins at most.

    Values that are kept, and what follows them, are of one superblock.
    """

    wanted: npt.NDArray[np.uint16]  # (O, r, K) bins, see `gathering`, or empty: then nothing is picked
    window: Floats  # (O, r, K, 2) ends of what is kept of a wanted bin, in bins
    below: Integers  # (O, r, K) weight below each wanted bin; empty where all paths weigh the same
    under: Integers  # (O, r, K) weight in a wanted bin below its window
    sums: Floats  # (O, r, 2 TAILS) weighted sums of the standardised values, see `gathering`
    fine: Integers  # (SUPERBLOCK,) weights of the paths
    kept: Integers  # (1,) number of values kept
    latest: Integers  # (O, r, K) place of the value that was kept last of each wanted bin, -1 before the first
    slots: npt.NDArray[np.uint32]  # wanted bin of each kept value, numbered through
    values: Floats
    kept_fine: Integers  # their weights


class Sink(NamedTuple):
    """Where a superblock's outputs go: into sums and counts, into `pickings`, into `paths`, or into several.

    Unused arrays have length zero. Sums are of the standardised value ``z = (x - centre) / spread`` and
    of the shortfall below the histogram in bins, ``v = min((x - low) / width, 0)``: z, z^2, z^3, z^4, v,
    v^2; or, with weights, wz, wz^2, w^2 z, ..., w^2 z^4, wv, wv^2, w^2 v, w^2 v^2.
    """

    low: Floats  # (O, r)
    per_width: Floats  # (O, r) bins per unit
    centre: Floats  # (O, r)
    per_spread: Floats  # (O, r)
    start: Floats  # (O,)
    weights: Floats  # (SUPERBLOCK,) or empty
    units: npt.NDArray[np.uint64]  # (SUPERBLOCK,) weight and squared weight in fixed point, see `tally`, or empty
    counts: npt.NDArray[np.uint32]  # (O, r, bins) or empty
    unit_counts: npt.NDArray[np.uint64]  # (O, r, bins) sums of units, or empty
    part: npt.NDArray[np.uint32]  # (bins,) zeros: where a superblock is counted before it is added, or empty
    unit_part: npt.NDArray[np.uint64]  # (bins,) the same for units
    losses: npt.NDArray[np.int64]  # (O, r, 2) paths below `start`, or their weights and squares
    sums: Floats  # (O, r, 6 or 10) or empty
    paths: Floats  # (rows, r, some paths) or empty
    rows: Integers  # (rows,) outputs that `paths` keeps
    at: int  # place in `paths` of the superblock's first path
    pickings: Pickings
