"""Moments of the nonlinear terms of returns under a scenario's law of the factors.

Given the conditions, innovations and levels are jointly normal; means of hinges, gates and pairs, and their
covariances with anything linear in the shocks, are then closed forms (Stein 1981, doi:10.1214/aos/1176345632:
``cov(f(x), y) = sum_i E[d_i f] cov(x_i, y)``). Between two terms of different months the same expected gradients
are used, which leaves out what is of second order in the correlation of months. Where months have random
scales, means are averaged over the law of the month's scale, and of its excess where they are skewed; their
covariances stay what they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import lgamma
from typing import Literal

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.conditional import Conditional
from jpsim.conditioning.stacked import stack_rows
from jpsim.model import Model, Term
from jpsim.model.skewness import mixing_variance
from jpsim.special import normal_cdf

__all__ = ["Innovations", "ScaleLaw", "TermMoments", "scale_law", "term_arguments", "term_moments", "term_values"]

Floats = npt.NDArray[np.float64]
Innovations = Literal["gaussian", "student_t", "stochastic_volatility"]

_NODES = 121  # of the trapezoidal rule for the month's precision, in logs
_HERMITE = 12  # nodes for log volatility


@dataclass(frozen=True, eq=False)
class ScaleLaw:
    """Discrete law of the months' scales s_t.

    Parameters
    ----------
    nodes, weights
        (h, q) values, and their (q,) probabilities.
    excess
        (h, q) what skews a month beside each: its mixing variable less one, times its volatility.
    mixing_variance
        Variance of the mixing variable; 0 where months are symmetric.
    """

    nodes: Floats
    weights: Floats
    excess: Floats
    mixing_variance: float = 0.0

    @property
    def squares(self) -> Floats:
        """(h,) expected squares."""
        return np.asarray(self.nodes**2 @ self.weights)


@dataclass(frozen=True, eq=False)
class TermMoments:
    """Moments of T terms over h months.

    Parameters
    ----------
    mean
        (h, T) means.
    innovations
        (n, h, T, h) covariance of each factor's innovation in one month with each term in another.
    terms
        (T, h, T, h) covariances of terms in different months; those of one month are not exact.
    """

    mean: Floats
    innovations: Floats
    terms: Floats

    def between_months(self, exposures: Floats, curved: Floats) -> Floats:
        """(R, h, h) what terms add to the covariances between months of R series.

        Parameters
        ----------
        exposures, curved
            (R, n) and (R, T) loadings on innovations and terms.
        """
        cross, own = _contracted(exposures, self.innovations, curved), _contracted(curved, self.terms, curved)
        added: Floats = cross + cross.transpose(0, 2, 1) + own
        return added


def _contracted(left: Floats, between: Floats, right: Floats) -> Floats:
    """(R, h, h) sums over i and k of ``left[r, i] between[i, t, k, s] right[r, k]``."""
    first = (left @ between.reshape(len(between), -1)).reshape(-1, *between.shape[1:])
    return np.asarray((right[:, None, None] @ first)[:, :, 0])


def scale_law(model: Model, innovations: Innovations, months: int) -> ScaleLaw:
    """Law of the months' scales before any condition.

    Parameters
    ----------
    model
        Whose `nu`, `sv_phi`, `sv_sigma`, `sv_start` and skewness count.
    innovations
        ``gaussian`` has no random scales, ``student_t`` no volatility that moves.
    months
        Number of months h.
    """
    roots, shares = np.ones(1), np.ones(1)
    if innovations != "gaussian" and np.isfinite(model.nu):
        roots, shares = _student_scales(model.nu)
    growth, chances = np.ones((months, 1)), np.ones(1)
    if innovations == "stochastic_volatility":
        growth, chances = _volatile_scales(model.sv_phi, model.sv_sigma, model.sv_start, months)
    nodes, excess = ((growth[:, :, None] * part).reshape(months, -1) for part in (roots, roots**2 - 1.0))
    skewed = innovations != "gaussian" and model.skewed
    return ScaleLaw(nodes, np.outer(chances, shares).reshape(-1), excess, mixing_variance(model.nu) if skewed else 0.0)


@cache
def _student_scales(nu: float) -> tuple[Floats, Floats]:
    """Values of ``sqrt((nu - 2) / g)``, g chi-square with nu degrees of freedom, and their probabilities."""
    half = nu / 2.0
    below = min(max(30.0 / (half - 1.0), 10.0 / np.sqrt(half)), 60.0)  # the density of s**2 falls to e**-30 there
    logs = np.log(half) + np.linspace(-below, 8.0 / np.sqrt(half), _NODES)  # of g / 2
    density = np.exp(half * logs - np.exp(logs) - lgamma(half))
    return np.sqrt((nu - 2.0) / (2.0 * np.exp(logs))), density / density.sum()


@cache
def _volatile_scales(phi: float, sigma: float, start: float, months: int) -> tuple[Floats, Floats]:
    """(h, q) values of ``exp((v_t - centre) / 2)`` and their probabilities."""
    points, chances = np.polynomial.hermite_e.hermegauss(_HERMITE)
    age = np.arange(1, months + 1)
    stationary = sigma**2 / (1.0 - phi**2)
    mean = phi**age * start
    sd = np.sqrt(stationary * (1.0 - phi ** (2 * age)))
    growth: Floats = np.exp(0.5 * (mean[:, None] + sd[:, None] * points - 0.5 * stationary))
    return growth, chances / chances.sum()


def term_arguments(conditional: Conditional) -> tuple[Floats, Floats]:
    """Express what the terms are functions of in the stacked shocks.

    Returns
    -------
    (h, T, 2) means of both arguments under the conditions, and (h, T, 2, h n) their derivatives: the factor's
    innovation; then the other's for a pair, or its level before the month less the knot, in model units, for a gate.
    """
    system, model = conditional.system, conditional.system.model
    h, n = system.horizon, len(model.factors)
    along, mean = np.zeros((h, len(model.terms), 2, h * n)), np.zeros((h, len(model.terms), 2))
    for k, term in enumerate(model.terms):
        factors = [term.factor, term.other] if term.kind == "pair" else [term.factor]
        for place, factor in enumerate(factors):
            own = model.factor(factor)
            mean[:, k, place] = conditional.mean_innovations[:, own]
            for t in range(h):
                along[t, k, place, t * n : (t + 1) * n] = system.impact[t, own]
        if term.kind == "gate":
            mean[:, k, 1], along[:, k, 1] = _levels_before(conditional, term.other)
            mean[:, k, 1] -= term.threshold(logarithmic=model.transform[model.factor(term.other)] == "log100")
    return mean, along


def _levels_before(conditional: Conditional, factor: str) -> tuple[Floats, Floats]:
    """(h,) means and (h, h n) derivatives of a factor's level, in model units, at the end of the month before."""
    system = conditional.system
    row, constant = system.level_row(system.model.factor(factor))
    months = np.arange(1, system.horizon, dtype=np.int64)
    stacked = stack_rows(system, np.tile(row, (months.size, 1)), np.full(months.size, constant), months)
    along = np.vstack([np.zeros((1, conditional.mean_shocks.size)), stacked.flat])
    mean = np.concatenate([[row @ system.start + constant], stacked.mean])
    return mean + along @ conditional.mean_shocks.reshape(-1), along


def term_moments(conditional: Conditional, innovations: Innovations = "gaussian") -> TermMoments:
    """Moments of a model's terms under a conditional law.

    Parameters
    ----------
    conditional
        Law of the factors, on a model with terms.
    innovations
        What the months' scales are.
    """
    system, model = conditional.system, conditional.system.model
    h, n, count = system.horizon, len(model.factors), len(model.terms)
    scales = scale_law(model, innovations, h)
    mean, along = term_arguments(conditional)
    reach = conditional.spread_shocks(along)
    cov = reach @ along.transpose(0, 1, 3, 2)
    found, slope = np.zeros((h, count)), np.zeros((h, count, 2))
    shift = np.broadcast_to(np.linalg.solve(model.root, model.skew), (h, n))
    for k, term in enumerate(model.terms):
        m, v = mean[:, k], cov[:, k]
        if term.kind == "hinge":
            lean = np.einsum("tts,ts->t", reach[:, k, 0].reshape(h, h, n), shift)
            found[:, k], slope[:, k, 0] = _hinge(m[:, 0], v[:, 0, 0], term.knot, term.side, scales, lean)
        elif term.kind == "gate":
            found[:, k], slope[:, k] = _gate(m, v, term.side)
        else:
            found[:, k], slope[:, k] = m[:, 0] * m[:, 1] + v[:, 0, 1] * scales.squares, m[:, ::-1]
        found[:, k] -= term.centre
    gradient, moved = ((slope[:, :, None] @ part)[:, :, 0].transpose(1, 0, 2) for part in (along, reach))
    by_shock = moved.reshape(count, h, h, n).transpose(2, 0, 1, 3).reshape(h, count * h, n)
    with_innovations = by_shock @ system.impact[:, :n].transpose(0, 2, 1)
    between = np.tensordot(moved, gradient, axes=(2, 2))
    return TermMoments(found, with_innovations.reshape(h, count, h, n).transpose(3, 0, 1, 2), between)


def term_values(terms: tuple[Term, ...], mean: Floats, cov: Floats) -> tuple[Floats, Floats]:
    """Means of T terms, and of their derivatives, under normal arguments.

    Parameters
    ----------
    terms
        The terms.
    mean, cov
        (..., T, 2) and (..., T, 2, 2) of their arguments, see `term_arguments`.

    Returns
    -------
    (..., T) and (..., T, 2).
    """
    value, slope = np.zeros(mean.shape[:-1]), np.zeros(mean.shape)
    places = int(np.prod(value.shape[:-1]))
    fixed = ScaleLaw(np.ones((places, 1)), np.ones(1), np.zeros((places, 1)))
    for k, term in enumerate(terms):
        m, v = mean[..., k, :].reshape(-1, 2), cov[..., k, :, :].reshape(-1, 2, 2)
        found, moved = np.zeros(len(m)), np.zeros(m.shape)
        if term.kind == "hinge":
            found, moved[:, 0] = _hinge(m[:, 0], v[:, 0, 0], term.knot, term.side, fixed, np.zeros(places))
        elif term.kind == "gate":
            found, moved = _gate(m, v, term.side)
        else:
            found, moved = m[:, 0] * m[:, 1] + v[:, 0, 1], m[:, ::-1]
        value[..., k], slope[..., k, :] = (
            found.reshape(value.shape[:-1]) - term.centre,
            moved.reshape(*value.shape[:-1], 2),
        )
    return value, slope


def _hinge(
    mean: Floats, variance: Floats, knot: float, side: int, scales: ScaleLaw, lean: Floats
) -> tuple[Floats, Floats]:
    """(h,) means of ``max(side (u - knot), 0)`` and of its derivative.

    Given the month's scale u is normal; `lean` (h,) is by what it moves with the month's excess.
    """
    beyond = side * (mean - knot)[:, None]
    if scales.mixing_variance:
        beyond, variance = beyond + side * lean[:, None] * scales.excess, variance - scales.mixing_variance * lean**2
    sd = np.sqrt(np.maximum(variance, 0.0))[:, None] * scales.nodes
    value, chance = _excess(beyond, sd)
    return value @ scales.weights, side * (chance @ scales.weights)


def _gate(mean: Floats, cov: Floats, side: int) -> tuple[Floats, Floats]:
    """(h,) means of ``max(side x, 0) u`` and (h, 2) of its derivatives with respect to u and x."""
    sd = np.sqrt(np.maximum(cov[:, 1, 1], 0.0))
    opened, chance = _excess(side * mean[:, 1], sd)
    height = np.divide(_density(mean[:, 1], sd), sd, out=np.zeros_like(sd), where=sd > 0)
    shared = cov[:, 0, 1]
    slope = np.column_stack([opened, side * (mean[:, 0] * chance) + shared * height])
    return opened * mean[:, 0] + side * chance * shared, slope


def _excess(beyond: Floats, sd: Floats) -> tuple[Floats, Floats]:
    """Mean of the positive part of ``N(beyond, sd**2)``, and the probability that it is positive."""
    still = np.broadcast_to(np.where(beyond > 0, np.inf, -np.inf), sd.shape).copy()
    chance = normal_cdf(np.divide(beyond, sd, out=still, where=sd > 0))
    return beyond * chance + sd * _density(beyond, sd), chance


def _density(value: Floats, sd: Floats) -> Floats:
    """Density of the standard normal at ``value / sd``; 0 where nothing moves."""
    ratio = np.divide(value, sd, out=np.full_like(sd, np.inf), where=sd > 0)
    return np.asarray(np.exp(-0.5 * ratio**2) / np.sqrt(2.0 * np.pi))
