"""What a model is: arrays that describe the joint law of factors and equity returns, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from jpsim.days import DAYS_PER_MONTH, Instant, Step
from jpsim.model.alignment import aligned_turn
from jpsim.model.terms import Term, linear_parts

__all__ = ["Model", "ParameterDraws", "Regime", "RegimeDraws"]

Floats = npt.NDArray[np.float64]


def _no_loadings(*shape: int) -> Floats:
    none = np.zeros((*shape, 0))
    none.setflags(write=False)
    return none


@dataclass(frozen=True, eq=False)
class ParameterDraws:
    """D equally likely draws of a model's parameters; fields as in `Model`, with a leading axis D.

    Parameters
    ----------
    c, B, Sigma
        (D, n), (D, p, n, n), (D, n, n).
    alpha, beta, loadings
        (D, S), (D, S), (D, S, n).
    impacts
        (D, n, k), or empty if the model identifies no shocks.
    term_loadings
        (D, S, T); left out if the model has no nonlinear terms.
    """

    c: Floats
    B: Floats
    Sigma: Floats
    alpha: Floats
    beta: Floats
    loadings: Floats
    impacts: Floats = field(default_factory=lambda: np.zeros((0, 0, 0)))
    term_loadings: Floats = field(default_factory=lambda: np.zeros((0, 0, 0)))

    def __post_init__(self) -> None:
        if not self.term_loadings.size:
            object.__setattr__(self, "term_loadings", _no_loadings(*self.alpha.shape))


@dataclass(frozen=True, eq=False)
class RegimeDraws:
    """What differs in a regime, for each of the model's D parameter draws; fields as in `Regime`.

    Parameters
    ----------
    Sigma, alpha, beta, response, impacts
        (D, n, n), (D, S), (D, S), (D, n), (D, n, k).
    """

    Sigma: Floats
    alpha: Floats
    beta: Floats
    response: Floats
    impacts: Floats


@dataclass(frozen=True, eq=False)
class Regime:
    """One of the laws among which the future is divided; it holds for the whole of a path.

    Parameters
    ----------
    name
        Its id, as scenarios name it.
    probability
        Its probability at month 0; those of all regimes sum to 1.
    Sigma, alpha, beta, impacts
        As in `Model`, in this regime.
    response, spread
        (n,) and (S,): loadings are the model's plus ``spread`` times ``response``, which is what TOPIX's differ by.
    draws
        The same for each of the model's parameter draws; None if the model keeps none.
    """

    name: str
    probability: float
    Sigma: Floats
    alpha: Floats
    beta: Floats
    response: Floats
    impacts: Floats
    spread: Floats
    draws: RegimeDraws | None = None


@dataclass(frozen=True, eq=False)
class Model:
    """An estimated model, as of one month or day; immutable.

    What is said of months below holds for the trading days of a daily model, too.

    Shapes use n factors, p lags, S base series, G aggregates, K common residual factors, T nonlinear terms.
    Yields and rates are in percent, ``log100`` factors are 100 log of their level, returns are monthly
    simple returns (0.01 is one percent).

    The factors follow ``y_t = c + sum_k B[k] y_{t-1-k} + s_t chol(Sigma) z_t``. The base series earn
    ``alpha + loadings u_t + term_loadings phi_t + common s_t zeta_t + mix (idio_sd * e_t)`` a month, where
    ``u_t`` is the innovation of the factors, ``phi_t`` are the `terms`, ``e_t`` has unit variance and
    `idio_nu` degrees of freedom, and the aggregates are `aggregation` times that. ``s_t`` is 1 (Gaussian)
    or the month's Student-t scale; then months are skewed by `skew`, too (`jpsim.model.skewness`).

    Parameters
    ----------
    id, version, as_of
        Name, version and month 0, or day 0.
    factors, transform, unit, in_differences
        Ids of the n factors; ``level`` or ``log100``; unit of the reported level; whether the
        observation is the monthly difference of the transformed level.
    state
        (p, n) last observations y, oldest first.
    base_level
        (n,) reported levels at month 0.
    c, B, Sigma
        (n,), (p, n, n), (n, n).
    nu, sv_phi, sv_sigma
        Tails of the months, persistence and volatility of the common log-variance.
    sv_start
        Log-variance at month 0, 0 being its mean.
    skew_factor, skew_shift
        The factor that leads in skewed months, and by how many of its sds its innovation moves per unit of the month's
        mixing variable; 0 and none for symmetric months.
    series, kind
        Ids and kinds of the S base series.
    alpha, beta, loadings
        (S,) monthly drift, (S,) beta on TOPIX, (S, n) loadings on innovations.
    common, mix, idio_sd, idio_nu
        (S, K), (S, S), (S,), (S,).
    aggregates, aggregate_kind, aggregation
        Ids and kinds of the G aggregates, and their (G, S) weights.
    shocks, impacts
        Ids of the k identified structural shocks, and the (n, k) responses of the factors' innovations to
        one standard deviation of each; none if the model identifies none.
    terms, term_loadings
        T nonlinear functions of the factors, the same in all regimes, and the (S, T) loadings on them.
    draws
        Draws from the posterior of the parameters; None if the model keeps none.
    regimes
        Laws among which the future is divided; the arrays above are their average. None, or at least two.
    step
        What its steps are: months, or trading days.
    meta
        Provenance: estimation sample, priors, choices; plain JSON.
    sha256
        Digest of the model's folder; empty for a model that was not loaded from one.
    turn
        (n, n) orthogonal: which root of `Sigma` makes innovations of orthogonal shocks; None for the Cholesky factor.
        No law depends on it; paths of regimes that are drawn from the same shocks stay close by it.
    """

    id: str
    version: str
    as_of: Instant
    factors: tuple[str, ...]
    transform: tuple[str, ...]
    unit: tuple[str, ...]
    in_differences: npt.NDArray[np.bool_]
    state: Floats
    base_level: Floats
    c: Floats
    B: Floats
    Sigma: Floats
    nu: float
    sv_phi: float
    sv_sigma: float
    series: tuple[str, ...]
    kind: tuple[str, ...]
    alpha: Floats
    beta: Floats
    loadings: Floats
    common: Floats
    mix: Floats
    idio_sd: Floats
    idio_nu: Floats
    aggregates: tuple[str, ...]
    aggregate_kind: tuple[str, ...]
    aggregation: Floats
    sv_start: float = 0.0
    skew_factor: str = ""
    skew_shift: float = 0.0
    shocks: tuple[str, ...] = ()
    impacts: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    terms: tuple[Term, ...] = ()
    term_loadings: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    draws: ParameterDraws | None = None
    regimes: tuple[Regime, ...] = ()
    step: Step = "month"
    meta: Mapping[str, Any] = field(default_factory=dict)
    sha256: str = ""
    turn: Floats | None = None

    def __post_init__(self) -> None:
        if not self.term_loadings.size:
            object.__setattr__(self, "term_loadings", _no_loadings(len(self.series)))

    @property
    def steps_per_month(self) -> int:
        """Steps that a month counts for."""
        return DAYS_PER_MONTH if self.step == "day" else 1

    @property
    def lags(self) -> int:
        """Number of lags p."""
        return int(self.B.shape[0])

    @cached_property
    def root(self) -> Floats:
        """(n, n) root of `Sigma` that makes the factors' innovations of orthogonal shocks."""
        lower = np.asarray(np.linalg.cholesky(self.Sigma), dtype=np.float64)
        return lower if self.turn is None else lower @ self.turn

    @cached_property
    def skew(self) -> Floats:
        """(n,) what a unit of the month's mixing variable adds to the innovations: all as they depend on the leader."""
        if not self.skewed:
            return np.zeros(len(self.factors))
        own = self.factor(self.skew_factor)
        return np.asarray(self.skew_shift * self.Sigma[:, own] / np.sqrt(self.Sigma[own, own]))

    @property
    def skewed(self) -> bool:
        """Whether its months are skewed, where they have tails."""
        return self.skew_shift != 0.0

    @cached_property
    def residual_cov(self) -> Floats:
        """(S, S) covariance of the monthly returns given the factors."""
        spread = self.mix * self.idio_sd
        return self.common @ self.common.T + spread @ spread.T

    @cached_property
    def linear(self) -> Model:
        """The same model with the linear parts of its nonlinear terms in their place; itself if it has none."""
        if not self.terms:
            return self
        slopes, draws = linear_parts(self.terms, self.factors), self.draws
        if draws is not None:
            straight = draws.loadings + draws.term_loadings @ slopes
            draws = replace(draws, loadings=straight, term_loadings=np.zeros((0, 0, 0)))
        loadings = self.loadings + self.term_loadings @ slopes
        return replace(self, terms=(), term_loadings=np.zeros((0, 0)), loadings=loadings, draws=draws)

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """Ids of all reported quantities: factors, base series, aggregates."""
        return self.factors + self.series + self.aggregates

    @cached_property
    def output_kinds(self) -> tuple[str, ...]:
        """Kind of each of `outputs`."""
        return ("factor",) * len(self.factors) + self.kind + self.aggregate_kind

    def posterior(self) -> tuple[Model, ...]:
        """The model at each posterior draw of its parameters; itself alone if it keeps none."""
        if self.draws is None:
            return (self,)
        names = [field.name for field in fields(ParameterDraws) if getattr(self.draws, field.name).size]
        count = self.draws.c.shape[0]
        return tuple(
            replace(self, draws=None, regimes=(), **{name: getattr(self.draws, name)[i] for name in names})
            for i in range(count)
        )

    def in_regime(self, name: str) -> Model:
        """The model, draws included, as it is in one of its regimes; KeyError if it has none of that name.

        Its orthogonal shocks move outputs as nearly as can be as those of the likeliest regime do.
        """
        regime = {regime.name: regime for regime in self.regimes}[name]
        found = self._regime(regime)
        usual = max(self.regimes, key=lambda other: other.probability)
        if regime is usual:
            return found
        other = self._regime(usual)
        every = np.concatenate([np.eye(len(self.series)), self.aggregation])
        returns = every @ found.linear.loadings, every @ other.linear.loadings
        residual = np.einsum("ij,jk,ik->i", every, self.residual_cov, every)
        return replace(found, turn=aligned_turn(found.root, other.root, returns, residual))

    def _regime(self, regime: Regime) -> Model:
        shared = ("Sigma", "alpha", "beta", "impacts")
        draws = self.draws
        if draws is not None and regime.draws is not None:
            loadings = draws.loadings + regime.spread[:, None] * regime.draws.response[:, None, :]
            draws = replace(draws, loadings=loadings, **{field: getattr(regime.draws, field) for field in shared})
        loadings = self.loadings + np.outer(regime.spread, regime.response)
        own = {field: getattr(regime, field) for field in shared}
        return replace(self, regimes=(), draws=draws, loadings=loadings, **own)

    def factor(self, factor_id: str) -> int:
        """Position of a factor; KeyError if the model has none of that id."""
        return self._positions[factor_id]

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.factors)}
