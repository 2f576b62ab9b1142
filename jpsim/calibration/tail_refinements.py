"""Laws of the months that refine those of the model: leverage, skewed months, an exponent for currencies.

A month's innovations are ``u = s A e`` with a scale s that all factors share. Three refinements keep u Gaussian given
its mixing variables:

- *leverage*: u loads on the news eta of the log-variance, ``u = s (rho b (eta - E) + t residual)``, with b the
  regression of all factors on one of them, here the S&P 500; skewness about ``3 sigma rho``;
- *skewed months*: u loads on the month's own mixing variable W, ``u = shift b (W - 1) + sqrt(W) residual``, a
  generalised hyperbolic skewed t;
- *own exponent*: the scale of some factors is ``W^(gamma / 2)``.

References
----------
Omori, Chib, Shephard and Nakajima (2007), doi:10.1016/j.jeconom.2006.07.008. Aas and Haff (2006),
doi:10.1093/jjfinec/nbj006.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import gammaincinv, gammaln

__all__ = [
    "Distances",
    "Refined",
    "exponent_densities",
    "leverage_densities",
    "measure_distances",
    "refine_tails",
    "skewed_densities",
]

Floats = npt.NDArray[np.float64]

_NODES: Final = np.linspace(-4.2, 4.2, 31)
_RHO: Final = np.linspace(-0.75, 0.45, 9)
_RHO_SD, _SHIFT_SD, _EXPONENT_SD = 0.5, 0.5, 0.5  # normal priors around 0, 0 and 1: wide
_PLACES, _SHARES = (part / 2.0 for part in np.polynomial.legendre.leggauss(48))
_PLACES = _PLACES + 0.5


@dataclass(frozen=True, eq=False)
class Distances:
    """What the densities of T months depend on.

    Parameters
    ----------
    quadratic
        (T, 2, 2) squared Mahalanobis distance, split into the factors outside and inside a group.
    counts
        (T, 2) known factors outside and inside it.
    projected
        (T,) innovation of the leading factor over its sd.
    """

    quadratic: Floats
    counts: Floats
    projected: Floats

    def append(self, other: Distances) -> Distances:
        """Return these months and those of another."""
        pairs = ((getattr(self, name), getattr(other, name)) for name in ("quadratic", "counts", "projected"))
        return Distances(*(np.concatenate(pair) for pair in pairs))

    @property
    def total(self) -> tuple[Floats, Floats]:
        """Squared distances and numbers of known factors, (T,) each."""
        return self.quadratic.sum(axis=(1, 2)), self.counts.sum(axis=1)


@dataclass(frozen=True)
class Refined:
    """Posterior means of each refinement and its parameters.

    `rho` and `rho_sd` are those of leverage given the volatility without it; `shift` and `exponent` come with
    degrees of freedom of their own, and are modes.
    """

    rho: float
    rho_sd: float
    shift: float
    shift_nu: float
    exponent: float
    exponent_nu: float


def measure_distances(residual: Floats, Sigma: Floats, leading: int, group: npt.NDArray[np.bool_]) -> Distances:
    """Measure months of (T, n) residuals, NaN where missing.

    Parameters
    ----------
    residual, Sigma
        (T, n) residuals and their covariance (n, n).
    leading
        Position of the factor whose regression gives the direction of asymmetry; known in every month.
    group
        (n,) factors that have an exponent of their own.
    """
    quadratic, counts = np.zeros((len(residual), 2, 2)), np.zeros((len(residual), 2))
    for t, row in enumerate(residual):
        seen = np.isfinite(row)
        terms = np.outer(row[seen], row[seen]) * np.linalg.inv(Sigma[np.ix_(seen, seen)])
        member = np.column_stack([~group[seen], group[seen]]).astype(np.float64)
        quadratic[t], counts[t] = member.T @ terms @ member, member.sum(axis=0)
    return Distances(quadratic, counts, residual[:, leading] / np.sqrt(Sigma[leading, leading]))


def leverage_densities(months: Distances, weights: Floats, nu: float, phi: float, sigma: float, rho: float) -> Floats:
    """Log predictive densities (T,) of a filter with leverage, less what `filter_months` leaves out.

    Parameters
    ----------
    months, weights
        Months, and the discounts (T,) their likelihoods are raised to.
    nu, phi, sigma
        Degrees of freedom, persistence and volatility of the log-variance.
    rho
        Correlation of the leading factor's innovation with the news of the log-variance.
    """
    spread = sigma / np.sqrt(1.0 - phi**2)
    v = spread * _NODES
    news = (v[None, :] - phi * v[:, None]) / sigma  # from row to column
    move = np.exp(-0.5 * news**2)
    move /= move.sum(axis=1, keepdims=True)
    scale = np.exp((v - 0.5 * spread**2) / 2.0)
    shift = scale * news
    shift -= (move * shift).sum(axis=1, keepdims=True)
    law, scores = np.exp(-0.5 * _NODES**2) / np.exp(-0.5 * _NODES**2).sum(), []
    inflation = 1.0 / (1.0 - rho**2)
    for d2, n, x, weight in zip(*months.total, months.projected, weights, strict=True):
        distance = d2 + inflation * ((rho * x) ** 2 - 2.0 * rho * x * shift + (rho * shift) ** 2)
        log = _student(distance / scale**2, n, nu) - n * np.log(scale) + 0.5 * np.log(inflation)
        joint = np.log(np.maximum(move * law[:, None], 1e-300)) + weight * log
        top = joint.max()
        joint = np.exp(joint - top)
        scores.append(float(np.log(joint.sum()) + top))
        law = joint.sum(axis=0) / joint.sum()
    return np.array(scores)


def skewed_densities(months: Distances, nu: float, shift: float) -> Floats:
    """Log densities (T,) of skewed t months with nu > 4 degrees of freedom, less what `filter_months` leaves out.

    `shift` is the leading factor's, in its sds, per unit of the mixing variable; the covariance stays Sigma.
    """
    variance = 2.0 / (nu - 4.0)
    left = 1.0 - variance * shift**2
    if left <= 0.05:
        return np.full(len(months.projected), -1e3)  # no covariance would be left
    W = _mixing(months, nu)
    q, gain = shift * months.projected[:, None], variance / left
    crossed, own = q * (1.0 + gain * shift**2), shift**2 * (1.0 + gain * shift**2)
    added = gain * q**2 - 2.0 * crossed * (W - 1.0) + own * (W - 1.0) ** 2
    return _student(*months.total, nu) + _averaged(-0.5 * added / W - 0.5 * np.log(left))


def exponent_densities(months: Distances, nu: float, exponent: float) -> Floats:
    """Log densities (T,) of t months in which the group's scale has an exponent below nu / 2 of its own; as above."""
    W = _mixing(months, nu)
    mean = exponent * np.log((nu - 2.0) / 2.0) + gammaln(nu / 2.0 - exponent) - gammaln(nu / 2.0)
    log_ratio = (exponent - 1.0) * np.log(W) - mean  # of the group's variance to that of the others
    own, crossed = months.quadratic[:, 1, 1, None], 2.0 * months.quadratic[:, 0, 1, None]
    added = (own * np.expm1(-log_ratio) + crossed * np.expm1(-0.5 * log_ratio)) / W
    return _student(*months.total, nu) + _averaged(-0.5 * added - 0.5 * months.counts[:, 1, None] * log_ratio)


def refine_tails(
    months: Distances, weights: Floats, nu_prior: tuple[float, float], sv: tuple[float, float, float]
) -> Refined:
    """Estimate the refinements' parameters.

    Parameters
    ----------
    months, weights
        Months and their discounts (T,).
    nu_prior
        Mean of nu and sd of log(nu - 2), normal.
    sv
        nu, phi and sigma of the law without leverage.
    """
    log = [leverage_densities(months, weights, *sv, rho).sum() - 0.5 * (np.arctanh(rho) / _RHO_SD) ** 2 for rho in _RHO]
    share = np.exp(np.array(log) - max(log))
    share /= share.sum()
    rho = float(share @ _RHO)
    shift_nu, shift = _mode(lambda nu, x: float(weights @ skewed_densities(months, nu, x)), nu_prior, (0.0, _SHIFT_SD))
    own_nu, own = _mode(lambda nu, x: float(weights @ exponent_densities(months, nu, x)), nu_prior, (1.0, _EXPONENT_SD))
    return Refined(rho, float(np.sqrt(share @ (_RHO - rho) ** 2)), shift, shift_nu, own, own_nu)


def _mode(
    likelihood: Callable[[float, float], float], nu_prior: tuple[float, float], prior: tuple[float, float]
) -> tuple[float, float]:
    """Posterior mode of nu and one more parameter with a normal prior."""
    mean, sd = np.log(nu_prior[0] - 2.0), nu_prior[1]

    def loss(theta: Floats) -> float:
        nu = float(2.0 + np.exp(min(theta[0], 4.0)))
        penalty = ((theta[0] - mean) / sd) ** 2 + ((theta[1] - prior[0]) / prior[1]) ** 2
        return float(0.5 * penalty - likelihood(max(nu, 4.2), float(theta[1])))

    found = minimize(loss, [mean, prior[0] - 0.1], method="Nelder-Mead", options={"xatol": 5e-3, "fatol": 1e-3})
    return max(float(2.0 + np.exp(found.x[0])), 4.2), float(found.x[1])


def _mixing(months: Distances, nu: float) -> Floats:
    """Quantiles (T, 48) of each month's mixing variable, whose mean is one, given the month under t tails."""
    d2, n = months.total
    return np.asarray(
        (nu - 2.0) / (2.0 * gammaincinv((nu + n[:, None]) / 2.0, _PLACES)) * (1.0 + d2 / (nu - 2.0))[:, None]
    )


def _averaged(log: Floats) -> Floats:
    """Log of a mean over those quantiles."""
    top = log.max(axis=1, keepdims=True)
    return np.asarray(np.log(np.exp(log - top) @ _SHARES) + top[:, 0])


def _student(distance: Floats, n: float | Floats, nu: float) -> Floats:
    constant = gammaln((nu + n) / 2) - gammaln(nu / 2) - n / 2 * np.log(nu - 2)
    return np.asarray(constant - (nu + n) / 2 * np.log1p(distance / (nu - 2.0)))
