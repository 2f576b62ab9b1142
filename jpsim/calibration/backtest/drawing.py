"""Draws of returns from the model at an origin, free or given the factors' innovations, in plain numpy.

The months' scales are drawn from their law; given innovations, by a particle filter in which a month's
scale is integrated out of the weights and then drawn from its posterior, so that a month of large
innovations is one of large residuals, too.

References
----------
Gordon, Salmond and Smith (1993), doi:10.1049/ip-f-2.1993.0015. Kitagawa (1996), doi:10.2307/1390750.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from jpsim.calibration.backtest.candidate import Candidate
from jpsim.calibration.terms import term_values
from jpsim.calibration.volatility import Volatility, squared_distances

__all__ = ["draw_returns", "draw_scales"]

Floats = npt.NDArray[np.float64]

_LEAST = 0.01  # value that is left after a month's fall at worst


def draw_returns(
    candidate: Candidate, months: int, count: int, rng: np.random.Generator, path: Floats | None = None
) -> Floats:
    """Draw cumulative log returns of the scored series.

    Parameters
    ----------
    candidate
        The estimated model.
    months, count
        Horizon h and number of draws.
    rng
        Source of randomness.
    path
        (h, n) path of the factors that is given, NaN where it is not known; None draws the innovations.

    Returns
    -------
    (h, count, k) log returns from the origin to each month.
    """
    law, n = candidate.equities, len(candidate.names)
    if path is None:
        scale = draw_scales(candidate.volatility, months, count, rng)
        root = np.linalg.cholesky(candidate.Sigma)
        u = scale[:, :, None] * (rng.standard_normal((months, count, n)) @ root.T)
        path = candidate.simulate(u)
    else:
        known = candidate.innovations(path)
        d2, dims = squared_distances(np.where(np.isfinite(path), known, np.nan), candidate.Sigma)
        scale = draw_scales(candidate.volatility, months, count, rng, (d2, dims))
        u = known[:, None, :]
    common = scale[:, :, None] * rng.standard_normal((months, count, law.common.shape[1]))
    own = _student(law.residuals.idio_nu, (months, count), rng) * law.residuals.idio_sd
    before = candidate.levels_before(path).reshape(months, -1, n)
    bent = term_values(law.terms, candidate.names, u, before)
    base = law.alpha + u @ law.loadings.T + bent @ law.term_loadings.T
    base = base + common @ law.common.T + own @ candidate.structure.mix.T
    simple = base @ candidate.rows.T
    return np.asarray(np.cumsum(np.log(np.maximum(1.0 + simple, _LEAST)), axis=0))


def draw_scales(
    law: Volatility, months: int, count: int, rng: np.random.Generator, seen: tuple[Floats, Floats] | None = None
) -> Floats:
    """Draw scales s_t of the months after the origin, (h, count).

    Parameters
    ----------
    law
        Tails and volatility; the log-variance starts from its law at the origin.
    months, count
        Horizon h and number of draws.
    rng
        Source of randomness.
    seen
        (h,) squared distances of the innovations in the metric of their covariance, and how many are known.
    """
    stationary = law.sigma**2 / (1.0 - law.phi**2)
    v = law.start + law.start_sd * rng.standard_normal(count)
    scales = np.empty((months, count))
    for t in range(months):
        v = law.phi * v + law.sigma * rng.standard_normal(count)
        level = np.exp(v - stationary / 2.0)
        if seen is None:
            scales[t] = np.sqrt(level * (law.nu - 2.0) / rng.chisquare(law.nu, count))
            continue
        ratio, n = seen[0][t] / (level * (law.nu - 2.0)), seen[1][t]
        density = -0.5 * n * np.log(level) - 0.5 * (law.nu + n) * np.log1p(ratio)
        chi2 = 2.0 * rng.standard_gamma((law.nu + n) / 2.0, count) / (1.0 + ratio)
        scales[t] = np.sqrt(level * (law.nu - 2.0) / chi2)
        chosen = _resample(np.exp(density - density.max()), rng)
        scales[: t + 1], v = scales[: t + 1, chosen], v[chosen]
    return scales


def _resample(weights: Floats, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """Systematic resampling."""
    places = (np.arange(len(weights)) + rng.random()) / len(weights)
    return np.asarray(np.minimum(np.searchsorted(np.cumsum(weights / weights.sum()), places), len(weights) - 1))


def _student(nu: Floats, shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Student-t draws of unit variance, one column for each of `nu`."""
    chi2 = 2.0 * rng.standard_gamma(nu / 2.0, (*shape, len(nu)))
    return np.asarray(rng.standard_normal((*shape, len(nu))) * np.sqrt((nu - 2.0) / chi2))
