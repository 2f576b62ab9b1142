"""Common stochastic volatility of the months with Student-t tails: its posterior by a filter on a grid.

Month t's residuals have covariance ``exp(v_t - sigma^2 / (2 (1 - phi^2))) Sigma`` and nu degrees of
freedom; the log-variance follows ``v_t = phi v_{t-1} + sigma eta_t``. Given v the density of a month is
that of a multivariate t and depends on the residuals by one number, their squared distance, so that a
filter over a grid of v is exact but for the grid. A month's likelihood is raised to its weight.

References
----------
Kitagawa (1987), doi:10.1080/01621459.1987.10478534. Carriero, Clark and Marcellino (2016),
doi:10.1080/07350015.2015.1040116. Chan (2020), doi:10.1080/07350015.2018.1451336.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln
from scipy.stats import beta

__all__ = [
    "DAYS",
    "MONTHS",
    "Volatility",
    "VolatilityGrid",
    "central_range",
    "estimate_volatility",
    "filter_densities",
    "filter_months",
    "level_nodes",
    "squared_distances",
]

Floats = npt.NDArray[np.float64]

_PRODUCT = 60 * 61 * 61  # products of at most so many terms stay on one thread of the linear algebra


@dataclass(frozen=True, eq=False)
class VolatilityGrid:
    """Where the posterior is evaluated.

    Parameters
    ----------
    nodes
        Log-variance in stationary standard deviations, evenly spaced.
    phi, sigma, nu
        Values of the persistence, the volatility of the log-variance and the degrees of freedom.
    """

    nodes: Floats
    phi: Floats
    sigma: Floats
    nu: Floats


MONTHS: Final = VolatilityGrid(
    np.linspace(-4.5, 4.5, 61),
    np.linspace(0.50, 0.98, 17),
    np.geomspace(0.04, 0.80, 11),
    2.0 + np.geomspace(2.0, 48.0, 15),
)
"""Grid for monthly residuals."""
DAYS: Final = VolatilityGrid(
    np.linspace(-4.5, 4.5, 121),
    1.0 - np.geomspace(0.004, 0.06, 9),
    np.geomspace(0.02, 0.40, 13),
    2.0 + np.geomspace(2.0, 24.0, 10),
)
"""Grid for daily residuals, whose log-variance moves little from day to day."""


@dataclass(frozen=True)
class Volatility:
    """Posterior of the tails and the common log-variance.

    Parameters
    ----------
    nu, phi, sigma
        Degrees of freedom, persistence and volatility of the log-variance: posterior means, those of nu - 2
        and sigma in logs.
    start
        Mean of the log-variance in the last month given all months; 0 is its unconditional mean.
    nu_range, phi_range, sigma_range
        Central 90% intervals on the grid.
    start_sd
        Sd of the log-variance in the last month.
    skew_factor, skew_shift
        Factor that leads in skewed months, and its shift, in its sds, per unit of the month's mixing variable; none and
        0 for symmetric months. See `jpsim.calibration.skewed_months`.
    skew_range
        Central 90% interval of the shift.
    """

    nu: float
    phi: float
    sigma: float
    start: float
    nu_range: tuple[float, float]
    phi_range: tuple[float, float]
    sigma_range: tuple[float, float]
    start_sd: float
    skew_factor: str = ""
    skew_shift: float = 0.0
    skew_range: tuple[float, float] = (0.0, 0.0)


def squared_distances(residual: Floats, Sigma: Floats) -> tuple[Floats, Floats]:
    """Squared Mahalanobis distance (T,) of each month's known residuals, and their number (T,).

    Parameters
    ----------
    residual
        (T, n) residuals; NaN cells are left out (a margin of a multivariate t is one too).
    Sigma
        (n, n) covariance.
    """
    distances, dims = [], []
    for row in residual:
        seen = np.isfinite(row)
        distances.append(row[seen] @ np.linalg.solve(Sigma[np.ix_(seen, seen)], row[seen]))
        dims.append(float(seen.sum()))
    return np.array(distances), np.array(dims)


def estimate_volatility(
    d2: Floats, dims: Floats, weights: Floats, priors: dict[str, Any], grid: VolatilityGrid = MONTHS
) -> Volatility:
    """Posterior of the tails on a grid.

    Parameters
    ----------
    d2, dims, weights
        (T,) squared distances, numbers of known residuals, and discounts.
    priors
        Section ``tails``: log(nu - 2) and log sigma are normal, phi is beta.
    grid
        Where it is evaluated.
    """
    sigma, nu = (part.ravel() for part in np.meshgrid(grid.sigma, grid.nu, indexing="ij"))
    known = _log_prior(sigma, nu, priors)
    runs = [filter_months(d2, dims, weights, nu, phi, sigma, grid.nodes) for phi in grid.phi]
    law = beta(*_beta_shape(priors["sv_phi"]["mean"], priors["sv_phi"]["sd"]))
    log_posterior = np.array([run[0].sum(axis=1) + known for run in runs]) + law.logpdf(grid.phi)[:, None]
    share = np.exp(log_posterior - log_posterior.max())
    share /= share.sum()
    spread = sigma / np.sqrt(1.0 - grid.phi[:, None] ** 2)
    means = np.array([run[1] @ grid.nodes for run in runs]) * spread
    seconds = np.array([run[1] @ grid.nodes**2 for run in runs]) * spread**2
    start = float((share * means).sum())
    phi, other = np.broadcast_arrays(grid.phi[:, None], sigma[None, :])
    nus = np.broadcast_to(nu[None, :], phi.shape)
    return Volatility(
        nu=_six(2.0 + np.exp((share * np.log(nus - 2.0)).sum())),
        phi=_six((share * phi).sum()),
        sigma=_six(np.exp((share * np.log(other)).sum())),
        start=_six(start),
        nu_range=central_range(nus, share),
        phi_range=central_range(phi, share),
        sigma_range=central_range(other, share),
        start_sd=_six(np.sqrt((share * seconds).sum() - start**2)),
    )


def filter_months(
    d2: Floats, dims: Floats, weights: Floats, nu: Floats, phi: float, sigma: Floats, nodes: Floats = MONTHS.nodes
) -> tuple[Floats, Floats]:
    """Filter the log-variance under m pairs of nu and sigma, and one phi.

    Parameters
    ----------
    d2, dims, weights
        (T,) squared distances, numbers of known residuals, and discounts.
    nu, sigma
        (m,) degrees of freedom and volatilities.
    phi
        Persistence.
    nodes
        Grid of the log-variance, in stationary standard deviations.

    Returns
    -------
    Log predictive density of each month (m, T), less ``log det Sigma / 2`` and powers of pi, and the law
    of v in the last month on the grid (m, nodes), in stationary standard deviations.
    """
    level = level_nodes(sigma, phi, nodes)
    months = zip(d2, dims, weights, strict=True)
    return filter_densities((w * _log_density(d, n, nu[:, None], level) for d, n, w in months), len(nu), phi, nodes)


def level_nodes(sigma: Floats, phi: float, nodes: Floats) -> Floats:
    """(m, nodes) log of s^2 without its t part, whose mean is 1, at nodes in stationary standard deviations."""
    spread = sigma / np.sqrt(1.0 - phi**2)
    return np.asarray(spread[:, None] * nodes - 0.5 * spread[:, None] ** 2)


def filter_densities(densities: Iterable[Floats], m: int, phi: float, nodes: Floats) -> tuple[Floats, Floats]:
    """Filter the log-variance given each month's log densities (m, nodes), discounted; returns as `filter_months`."""
    move = np.exp(-0.5 * (nodes[None, :] - phi * nodes[:, None]) ** 2 / (1.0 - phi**2))
    move /= move.sum(axis=1, keepdims=True)
    law = np.broadcast_to(np.exp(-0.5 * nodes**2), (m, len(nodes)))
    law = law / law.sum(axis=1, keepdims=True)
    parts = -(-m * len(nodes) ** 2 // _PRODUCT)
    scores = []
    for density in densities:
        law = np.concatenate([part @ move for part in np.array_split(law, parts)])
        top = density.max(axis=1, keepdims=True)
        law = law * np.exp(density - top)
        total = law.sum(axis=1, keepdims=True)
        scores.append((np.log(total) + top)[:, 0])
        law /= total
    return np.array(scores).T, law


def _log_density(distance: float, n: float, nu: Floats, level: Floats) -> Floats:
    """Log density of a t in n dimensions with covariance ``exp(level)`` times Sigma at a squared distance."""
    constant = gammaln((nu + n) / 2) - gammaln(nu / 2) - n / 2 * np.log(nu - 2)
    return np.asarray(
        constant - n / 2 * level - (nu + n) / 2 * np.log1p(distance * np.exp(-level) / (nu - 2.0)), dtype=np.float64
    )


def _log_prior(sigma: Floats, nu: Floats, priors: dict[str, Any]) -> Floats:
    tail = (np.log(nu - 2.0) - np.log(priors["nu_mean"] - 2.0)) / priors["nu_log_sd"]
    size = (np.log(sigma) - np.log(priors["sv_sigma"]["mean"])) / priors["sv_sigma"]["log_sd"]
    return np.asarray(-0.5 * (tail**2 + size**2))


def _beta_shape(mean: float, sd: float) -> tuple[float, float]:
    count = mean * (1.0 - mean) / sd**2 - 1.0
    return mean * count, (1.0 - mean) * count


def central_range(values: Floats, share: Floats) -> tuple[float, float]:
    """5% and 95% points of a law on a grid."""
    order = np.argsort(values, axis=None, kind="stable")
    cumulative = np.cumsum(share.ravel()[order])
    ends = np.searchsorted(cumulative, [0.05, 0.95])
    low, high = values.ravel()[order][np.minimum(ends, values.size - 1)]
    return float(low), float(high)


def _six(value: float) -> float:
    return float(f"{value:.6g}")
