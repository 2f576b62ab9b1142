"""What the kernels need to know of one scenario: plain arrays, and nothing else.

Shapes use n factors, d state variables, h months, m conditioning rows, S base series, G aggregates,
K common residual factors. The state vector is ``[y_t, y_{t-1}, ..., y_{t-p+1}, cum_t]``: p blocks of
n observations and then, for each factor that enters as a monthly difference, the sum of its
differences since month 0.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = [
    "DOUBLE", "Dynamics", "Equity", "InterventionRule", "Law", "Levels", "MeetingRule", "Mixing", "Numerics",
    "Proposal", "Rotation", "Rules", "Sparse", "Terms", "factors_alone",
]  # fmt: skip

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class Dynamics(NamedTuple):
    """The factor recursion ``y_t = intercept_t + transition_t s_{t-1} + impact_t z_t``.

    `z_t` are standard normals, scaled and corrected by `Mixing` where that is present. The innovation
    that drives equities is ``u_t = y_t - free_intercept - free_transition s_{t-1}``.
    """

    state: Floats  # (d,) at month 0
    intercept: Floats  # (h, n)
    transition: Floats  # (h, n, d)
    impact: Floats  # (h, n, n)
    free_intercept: Floats  # (n,)
    free_transition: Floats  # (n, d)
    cumulated: Integers  # (d - p n,) factors whose differences are summed


class Proposal(NamedTuple):
    """Where the mixing variables and the scores of stated values are drawn from instead of their law; weights make up.

    Each month's g_t is a monotone function of a standard normal; these h normals and then the h news eta_t make y. It
    is drawn from a mixture of C normal laws ``N(mean, (I - directions' diag(curvature) directions)**-1)``, each path
    from one of them as ``mean + root e``, e standard normal, with the symmetric root, and weighed by the density of
    all. Scores e of the q rows with a stated law become ``(score_mean + score_follow y + score_root e)
    exp(score_width + score_widen y)``. See `jpsim.simulation.cross_entropy`.
    """

    share: Floats  # (C,) shares of the paths; they sum to 1
    mean: Floats  # (C, 2 h)
    directions: Floats  # (C, r, 2 h) orthonormal; rows of zeros count for nothing
    curvature: Floats  # (C, r) below 1
    score_mean: Floats  # (q,)
    score_follow: Floats  # (q, 2 h)
    score_root: Floats  # (q, q) symmetric and positive definite
    score_width: Floats  # (q,)
    score_widen: Floats  # (q, 2 h) wild months widen drawn values


class Rotation(NamedTuple):
    """Turn of a path's standard normals z, all months together: ``z + outward (inward z)``, which is orthogonal.

    No law depends on it; what a path has in common with the same path of another law does. See
    `jpsim.simulation.coupling`.
    """

    inward: Floats  # (r, h, n)
    outward: Floats  # (h, n, r)


class Mixing(NamedTuple):
    """Random scales of the months, and the exact conditioning of the shocks given those scales.

    Month t's shocks are ``s_t z_t``, ``s_t**2 = exp(v_t - sigma**2 / (2 (1 - phi**2))) (nu - 2) / g_t``:
    ``g_t`` is chi-square with nu degrees of freedom (infinite: this part is 1), ``v_t = phi v_{t-1} +
    sigma eta_t`` with standard normal ``eta_t``, so that ``E s_t**2 = 1`` under the stationary law of v.
    With m > 0 rows the shocks become ``s_t z_t + s_t**2 response_t' V^-1 (gap + targets - sum_t s_t
    exposure_t z_t - e)``, ``V = sum_t s_t**2 response_t exposure_t' + noise``, ``e ~ N(0, noise)``.

    `response` is ``exposure_t P`` with P the orthogonal projector on the shocks that must deliver the
    requirements, which makes V symmetric; without it all shocks deliver them together.

    The last `ranges` rows must stay within ranges: their values are drawn given the scales, and given the values of the
    rows before, which alone are evidence of the scales.

    The targets of the last `free` rows are functions of the scores ``L^-1 (sum_t s_t response_t z_t + e)``, ``L L' =
    V``, which are standard normal and independent of what the correction leaves of the shocks.

    With `skew` months are skewed: to all these shocks ``s_t (W_t**0.5 - W_t**-0.5) skew`` is added, ``W_t = (nu - 2) /
    g_t``, which has mean zero. What it does to the rows is taken off the gap before the correction, and added after it.

    A `rotation` turns z before anything else is made of them.
    """

    nu: float
    exposure: Floats  # (h, m, n): how row r moves with z_t
    noise: Floats  # (m,) variance of measurement error of each row, 0 for exact rows
    gap: Floats  # (m,) required value less the unconditional mean
    response: Floats | None = None  # (h, m, n)
    sv_phi: float = 0.0
    sv_sigma: float = 0.0
    sv_start: float = 0.0  # v_0
    proposal: Proposal | None = None
    free: int = 0  # rows whose values are drawn path by path: the last ones
    ranges: int = 0  # rows among them that are ranges: the last ones
    skew: Floats | None = None  # (n,) None for symmetric months
    rotation: Rotation | None = None

    @property
    def normal(self) -> bool:
        """Whether all scales are 1."""
        return not np.isfinite(self.nu) and self.sv_sigma == self.sv_start == 0.0


class Sparse(NamedTuple):
    """A matrix in compressed rows: row i has ``values[start[i]:start[i + 1]]`` at ``columns``."""

    start: Integers
    columns: Integers
    values: Floats


class Terms(NamedTuple):
    """T nonlinear functions phi of innovations u and of levels x in model units at the end of the month before.

    By `kind` 0 a hinge, ``max(side (u_factor - knot), 0) - centre``; 1 a gate, ``max(side (x_other - knot), 0)
    u_factor``; 2 a pair, ``u_factor u_other - centre``. A level is the observation, or where differences are summed
    their sum; the knot allows for where that starts. Returns gain ``loadings phi_t``.
    """

    kind: Integers  # (T,)
    factor: Integers  # (T,)
    other: Integers  # (T,) -1 for a hinge
    knot: Floats  # (T,)
    side: Floats  # (T,)
    centre: Floats  # (T,)
    loadings: Floats  # (S, T)


class Equity(NamedTuple):
    """Monthly simple returns of the base series and of their aggregates.

    ``r_t = drift_t + loadings u_t + common s_t zeta_t + mix (idio_sd * e_t) + impulse_t x`` for the base
    series, plus what `terms` add; ``aggregation r_t`` for the aggregates. `zeta_t` is standard normal;
    `e_t` has unit variance and is Student-t with `idio_nu` degrees of freedom, or normal where `idio_nu` is
    infinite. `s_t` is the month's mixing scale, 1 without `Mixing`. `x` are c standard normals, drawn once
    per path.
    """

    drift: Floats  # (h, S)
    loadings: Floats  # (S, n)
    common: Floats  # (S, K)
    mix: Sparse  # (S, S)
    idio_sd: Floats  # (S,)
    idio_nu: Floats  # (S,)
    aggregation: Sparse  # (G, S)
    impulse: Floats | None = None  # (h, S, c)
    terms: Terms | None = None


class Levels(NamedTuple):
    """From model units to the units of reports.

    Factor i's reported level is ``x`` (code 0), ``exp(x / 100)`` (code 1) with x the observation, or
    ``base exp(c / 100)`` (code 2) with c the summed differences.
    """

    code: Integers  # (n,)
    base: Floats  # (n,)


class MeetingRule(NamedTuple):
    """The target policy rate, decided at meetings by an ordered response to the expected rate.

    In a month with a meeting the target p moves by ``k step``: with ``x = expected - p + inflation (core CPI -
    inflation_target) + yen w``, w the percentage by which the yen is weaker than `yen_level`, within 10,
    and ``e ~ N(0, noise**2)``, k is 1 where ``x + e > c``, 2 where ``x + e > c + two_steps``, -1 where ``x + e < -c -
    patience``, -2 where ``x + e < -c - patience - two_steps``. ``c = one_step + caution max(0, 1 - age /
    recovery)``, age the months since the last move. In other months the target holds.
    """

    meets: Integers  # (h,) 1 in months with a meeting
    expected: int  # position of the factor that is the expected rate
    prices: int  # position of core CPI; -1 if the model has none
    currency: int  # position of USD/JPY; -1 if the model has none
    age: float  # months since the last move at month 0
    step: float
    noise: float
    one_step: float
    two_steps: float
    patience: float
    caution: float
    recovery: float
    inflation: float
    inflation_target: float
    yen: float
    yen_level: float


class InterventionRule(NamedTuple):
    """Currency intervention: a hazard near a threshold, and what it does to the yen.

    The month's probability is logistic, ``intercept + slope (S - threshold) / 2 + speed max(0, d - free)``, S the
    month's level of USD/JPY before it and d its change over three months in percent, months before month 0
    counting as flat. It adds a jump ``N(jump, jump_sd**2)`` to the month's change; then `follow_through` in the
    next month, with its probability, or else minus `reversal` times the jump in equal parts over two months.
    In these two months the yen has an extra innovation of standard deviation `turbulence` times the month's
    scale. All in 100 log. A new intervention replaces what was still to come of the one before.

    With requirements, `reach` says how a shift of the yen in month t moves the expected value of each row
    that is still to come.
    """

    threshold: float
    intercept: float
    slope: float
    speed: float
    free: float
    jump: float
    jump_sd: float
    follow_through: float
    follow_through_probability: float
    reversal: float
    turbulence: float
    reach: Floats  # (h, m); m = 0 without requirements


class Rules(NamedTuple):
    """State-dependent behaviour of a law; a part that is None is not in force."""

    target: int  # position of the target policy rate; -1 if neither of its rules is in force
    currency: int  # position of USD/JPY; -1 without intervention
    floor: float  # lowest target; minus infinity without a floor
    meetings: MeetingRule | None = None
    intervention: InterventionRule | None = None


class Numerics(NamedTuple):
    """How a law is drawn.

    In ``float32`` shocks, factors, returns and what is reported are of single precision; scales, requirements,
    weights and sums over paths stay double. ``fast`` arithmetic fuses multiplications with additions and divides
    by reciprocals: the same law, with last bits that depend on the processor's instruction set.
    """

    precision: Literal["float64", "float32"] = "float64"
    arithmetic: Literal["strict", "fast"] = "strict"


DOUBLE: Final = Numerics()
"""Double precision and strict arithmetic: what is meant unless something else is said."""


@dataclass(frozen=True, slots=True, eq=False)
class Law:
    """One scenario's law, ready to be drawn from.

    Parameters
    ----------
    dynamics, mixing, equity, levels
        Arrays of the recursion; `mixing` is None for Gaussian innovations.
    low, high
        (O, r) ends of the histograms of the O = n + S + G outputs, in reported units.
    start
        (O,) reported values at month 0; zero for the series, whose outputs are cumulative returns.
    reported
        (r,) steps, from 1 to h and ascending, whose outputs are counted or kept.
    rules
        State-dependent behaviour; None for none.
    numerics
        In what precision and arithmetic it is drawn.
    """

    dynamics: Dynamics
    mixing: Mixing | None
    equity: Equity
    levels: Levels
    low: Floats
    high: Floats
    start: Floats
    reported: Integers
    rules: Rules | None = None
    numerics: Numerics = DOUBLE

    @property
    def intervenes(self) -> bool:
        """Whether currency intervention acts on the paths."""
        return self.rules is not None and self.rules.intervention is not None


@lru_cache(maxsize=256)
def factors_alone(law: Law) -> Law:
    """Return the law without equities, whose paths of the factors are the same ones."""
    n, months = law.levels.code.size, law.equity.drift.shape[0]
    none = Sparse(np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0))
    nothing, wide = np.zeros(0), np.zeros((0, 0))
    equity = Equity(np.zeros((months, 0)), np.zeros((0, n)), wide, none, nothing, nothing, none)
    return replace(law, equity=equity, low=law.low[:n], high=law.high[:n], start=law.start[:n])
