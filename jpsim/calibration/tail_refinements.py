"""Laws of the months that refine those of the model: leverage, an exponent for currencies.

A month's innovations are ``u = s A e`` with a scale s that all factors share. Two refinements keep u Gaussian given
its mixing variables:

- *leverage*: u loads on the news eta of the log-variance, ``u = s (rho b (eta - E) + t residual)``, with b the
  regression of all factors on one of them, here the S&P 500; skewness about ``3 sigma rho``;
- *own exponent*: the scale of some factors is ``W^(gamma / 2)``.

References
----------
Omori, Chib, Shephard and Nakajima (2007), doi:10.1016/j.jeconom.2006.07.008.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import gammaincinv, gammaln

from jpsim.calibration.distances import Distances

__all__ = ["Refined", "exponent_densities", "leverage_densities", "refine_tails"]

Floats = npt.NDArray[np.float64]

_NODES: Final = np.linspace(-4.2, 4.2, 31)
_RHO: Final = np.linspace(-0.75, 0.45, 9)
_RHO_SD, _EXPONENT_SD = 0.5, 0.5  # normal priors around 0 and 1: wide
_PLACES, _SHARES = (part / 2.0 for part in np.polynomial.legendre.leggauss(48))
_PLACES = _PLACES + 0.5


@dataclass(frozen=True)
class Refined:
    """Posterior means of each refinement and its parameters.

    `rho` and `rho_sd` are those of leverage given the volatility without it; `exponent` comes with degrees of freedom
    of its own, and is a mode.
    """

    rho: float
    rho_sd: float
    exponent: float
    exponent_nu: float


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
    own_nu, own = _mode(lambda nu, x: float(weights @ exponent_densities(months, nu, x)), nu_prior, (1.0, _EXPONENT_SD))
    return Refined(rho, float(np.sqrt(share @ (_RHO - rho) ** 2)), own, own_nu)


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
