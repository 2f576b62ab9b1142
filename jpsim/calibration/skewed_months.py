"""Skewed months: their density, a filter of the log-variance under them, and the posterior of what skews them.

Months are ``u = e**(v/2) (shift b (W - 1) + sqrt(W) residual)``, W the month's Student-t mixing variable with mean one
and b the regression of all factors on one of them; the covariance is that of symmetric months. Given v the density
is that of a generalised hyperbolic skewed t, and depends on the residuals by their squared distance and the leading
one.

References
----------
Aas and Haff (2006), doi:10.1093/jjfinec/nbj006. Barndorff-Nielsen, Kent and Sørensen (1982), doi:10.2307/1402598.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline
from scipy.special import gammaln, kve

from jpsim.calibration.distances import Distances, measure_distances
from jpsim.calibration.volatility import (
    DAYS,
    MONTHS,
    Volatility,
    central_range,
    estimate_volatility,
    filter_densities,
    level_nodes,
)
from jpsim.errors import InputError, Problem
from jpsim.model.skewness import mixing_variance

__all__ = [
    "SKEWED_DAYS",
    "SKEWED_MONTHS",
    "MixingLaw",
    "SkewGrid",
    "estimate_skewness",
    "estimate_tails",
    "filter_skewed",
    "leading_factor",
    "mixing_law",
    "skewed_densities",
]

Floats = npt.NDArray[np.float64]

_LEAST_LEFT: Final = 0.05  # of the leading factor's variance
_NEAR_ZERO: Final = 1e-3  # arguments at which a Bessel function is the first terms of its series


class SkewGrid(NamedTuple):
    """Where the posterior is evaluated: log-variances, degrees of freedom above 4, and shifts."""

    nodes: Floats
    nu: Floats
    shift: Floats


SKEWED_MONTHS: Final = SkewGrid(MONTHS.nodes, 4.0 + np.geomspace(0.4, 40.0, 11), np.linspace(-1.05, 1.05, 15))
SKEWED_DAYS: Final = SkewGrid(DAYS.nodes, 4.0 + np.geomspace(0.4, 8.0, 7), np.linspace(-0.36, 0.36, 13))
_KNOTS: Final = np.linspace(-4.5, 4.5, 15)
"""Log-variances at which densities are evaluated; between them they are smooth."""


class MixingLaw(NamedTuple):
    """Law of a month's mixing variable W given the month: ``W**(-order - 1) exp(-(chi / W + psi W) / 2)``, any shape.

    `log_scale` is what the density of the month has beside the integral of that.
    """

    order: Floats
    chi: Floats
    psi: Floats
    log_scale: Floats

    def draw(self, rng: np.random.Generator) -> Floats:
        """Draw W by rejection: an inverse gamma law, and a chance of ``exp(-psi W / 2)``."""
        W = self.chi / (2.0 * rng.standard_gamma(self.order))
        refused = rng.random(W.size) > np.exp(-0.5 * self.psi * W) if np.any(self.psi) else np.zeros(W.size, bool)
        left = np.flatnonzero(refused)
        while left.size:
            W[left] = self.chi[left] / (2.0 * rng.standard_gamma(self.order[left]))
            left = left[rng.random(left.size) > np.exp(-0.5 * self.psi[left] * W[left])]
        return np.asarray(W)


def mixing_law(d2: Floats, n: Floats, projected: Floats, strength: Floats, nu: float, shift: float) -> MixingLaw:
    """Law of the mixing variable of skewed t months.

    Parameters
    ----------
    d2, n, projected, strength
        See `jpsim.calibration.distances.Distances`; any shape.
    nu, shift
        Degrees of freedom, above 4 with a shift; shift of the leading factor, in its sds, per unit of W.
    """
    taken = mixing_variance(nu) * shift**2 if shift else 0.0
    left = 1.0 - taken * strength
    slope, psi = shift * projected / left, shift**2 * strength / left
    chi = nu - 2.0 + d2 + taken / left * projected**2 + 2.0 * slope + psi
    constant = nu / 2.0 * np.log(nu / 2.0 - 1.0) - gammaln(nu / 2.0) - n / 2.0 * np.log(2.0) - 0.5 * np.log(left)
    whole = np.broadcast_arrays((nu + n) / 2.0, chi, psi, constant + slope + psi)
    return MixingLaw(*whole)


def skewed_densities(d2: Floats, n: Floats, projected: Floats, strength: Floats, nu: float, shift: float) -> Floats:
    """Log densities of skewed t months, less what `filter_months` leaves out; parameters as in `mixing_law`.

    Minus infinity where the shift leaves the leading factor next to no variance.
    """
    if shift and 1.0 - mixing_variance(nu) * shift**2 < _LEAST_LEFT:
        return np.full(np.shape(d2), -np.inf)
    law = mixing_law(d2, n, projected, strength, nu, shift)
    return law.log_scale + _log_mixture(law.order, law.chi, law.psi)


def _log_mixture(order: Floats, chi: Floats, psi: Floats) -> Floats:
    """Log of the integral of ``W**(-order - 1) exp(-(chi / W + psi W) / 2)`` over W, a Bessel function."""
    z = np.sqrt(chi * psi)
    small = z < _NEAR_ZERO
    at = np.where(small, 1.0, z)
    bessel = np.log(2.0 * kve(order, at)) - at + order / 2.0 * np.log(np.where(small, 1.0, psi) / chi)
    series = gammaln(order) + order * np.log(2.0 / chi) - z**2 / (4.0 * (order - 1.0))
    return np.asarray(np.where(small, series, bessel))


def filter_skewed(
    months: Distances,
    weights: Floats,
    nu: Floats,
    shift: Floats,
    phi: float,
    sigma: float,
    nodes: Floats = SKEWED_MONTHS.nodes,
) -> Floats:
    """Filter the log-variance under m pairs of nu and shift, as `jpsim.calibration.volatility.filter_months`.

    Returns
    -------
    (m, T) log predictive densities; minus infinity throughout where a pair leaves no covariance.
    """
    level = level_nodes(np.array([sigma]), phi, _KNOTS)[0]
    d2, n = months.total
    scaled, along = d2[:, None] * np.exp(-level), months.projected[:, None] * np.exp(-level / 2.0)
    month, volume = (scaled, n[:, None], along, months.strength[:, None]), n[:, None] / 2.0 * level
    densities = np.array([skewed_densities(*month, *pair) for pair in zip(nu, shift, strict=True)])
    possible = np.isfinite(densities[:, 0, 0])
    out = np.full((len(nu), len(d2)), -np.inf)
    kept, spline = densities[possible] - volume, CubicSpline(_KNOTS, np.eye(len(_KNOTS)))(nodes).T
    each = (weight * (kept[:, t] @ spline) for t, weight in enumerate(weights))
    out[possible] = filter_densities(each, len(kept), phi, nodes)[0]
    return out


def estimate_tails(
    residual: Floats, Sigma: Floats, weights: Floats, priors: dict[str, Any], names: tuple[str, ...]
) -> Volatility:
    """Posterior of tails, volatility and skewness of months.

    Parameters
    ----------
    residual, Sigma, weights
        (T, n) residuals, NaN where missing; their covariance (n, n); discounts (T,).
    priors
        Section ``tails``.
    names
        Ids of the n factors.
    """
    months = measure_distances(residual, Sigma, leading_factor(priors, names))
    return estimate_skewness(months, weights, estimate_volatility(*months.total, weights, priors), priors)


def leading_factor(priors: dict[str, Any], names: tuple[str, ...]) -> int:
    """Position of the factor that leads in skewed months, as section ``tails`` of the priors says; 0 without one."""
    leader = priors["skew"]["factor"] if "skew" in priors else names[0]
    if leader not in names:
        text = f"tails.skew names {leader!r}, which is no factor"
        raise InputError(Problem(text, allowed=", ".join(names), fix="name one of them, or leave the line out"))
    return names.index(leader)


def estimate_skewness(
    months: Distances, weights: Floats, found: Volatility, priors: dict[str, Any], grid: SkewGrid = SKEWED_MONTHS
) -> Volatility:
    """Posterior of what skews the months, and of their degrees of freedom beside it.

    Parameters
    ----------
    months, weights
        Months and their discounts (T,); the leading factor is that of the priors.
    found
        The symmetric law; persistence and volatility of the log-variance stay what they are in it.
    priors
        Section ``tails``; ``skew`` names the leading factor and the sd of the shift around zero. Without it months
        are symmetric.
    grid
        Where it is evaluated.
    """
    if "skew" not in priors:
        return found
    nu, shift = (part.ravel() for part in np.meshgrid(grid.nu, grid.shift, indexing="ij"))
    tail = (np.log(nu - 2.0) - np.log(priors["nu_mean"] - 2.0)) / priors["nu_log_sd"]
    known = -0.5 * (tail**2 + (shift / priors["skew"]["sd"]) ** 2) + np.log((nu - 4.0) / (nu - 2.0))
    log = filter_skewed(months, weights, nu, shift, found.phi, found.sigma, grid.nodes).sum(axis=1) + known
    share = np.exp(log - log.max())
    share /= share.sum()
    return replace(
        found,
        nu=float(f"{2.0 + np.exp(share @ np.log(nu - 2.0)):.6g}"),
        nu_range=central_range(nu, share),
        skew_factor=priors["skew"]["factor"],
        skew_shift=float(f"{share @ shift:.6g}"),
        skew_range=central_range(shift, share),
    )
