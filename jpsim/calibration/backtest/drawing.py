"""Draws of returns from the model at an origin, free or given the factors' innovations, in plain numpy.

The months' scales are drawn from their law; given innovations, by a particle filter in which a month's
scale is integrated out of the weights and then drawn from its posterior, so that a month of large
innovations is one of large residuals, too.

References
----------
Gordon, Salmond and Smith (1993), doi:10.1049/ip-f-2.1993.0015. Kitagawa (1996), doi:10.2307/1390750.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from jpsim.calibration.backtest.candidate import Candidate
from jpsim.calibration.distances import Distances, measure_distances
from jpsim.calibration.skewed_months import mixing_law, skewed_densities
from jpsim.calibration.terms import term_values
from jpsim.calibration.volatility import Volatility
from jpsim.model.skewness import mixing_variance

__all__ = ["MonthScales", "draw_returns", "draw_scales"]

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
        drawn = draw_scales(candidate.volatility, months, count, rng)
        skew = candidate.skew
        root = np.linalg.cholesky(candidate.Sigma - _taken(candidate.volatility) * np.outer(skew, skew))
        u = drawn.scale[:, :, None] * (rng.standard_normal((months, count, n)) @ root.T)
        u += drawn.excess[:, :, None] * skew
        path = candidate.simulate(u)
    else:
        known = candidate.innovations(path)
        seen = np.where(np.isfinite(path), known, np.nan)
        distances = measure_distances(seen, candidate.Sigma, candidate.leading)
        drawn = draw_scales(candidate.volatility, months, count, rng, distances)
        u = known[:, None, :]
    scale = drawn.scale
    common = scale[:, :, None] * rng.standard_normal((months, count, law.common.shape[1]))
    own = _student(law.residuals.idio_nu, (months, count), rng) * law.residuals.idio_sd
    before = candidate.levels_before(path).reshape(months, -1, n)
    bent = term_values(law.terms, candidate.names, u, before)
    base = law.alpha + u @ law.loadings.T + bent @ law.term_loadings.T
    base = base + common @ law.common.T + own @ candidate.structure.mix.T
    simple = base @ candidate.rows.T
    return np.asarray(np.cumsum(np.log(np.maximum(1.0 + simple, _LEAST)), axis=0))


class MonthScales(NamedTuple):
    """Volatility ``exp(v / 2)`` of each month less its mean, and its mixing variable W; both (h, count)."""

    volatility: Floats
    mixing: Floats

    @property
    def scale(self) -> Floats:
        """(h, count) scales s_t."""
        return np.asarray(self.volatility * np.sqrt(self.mixing))

    @property
    def excess(self) -> Floats:
        """(h, count) what innovations lean on in skewed months."""
        return np.asarray(self.volatility * (self.mixing - 1.0))


def _taken(law: Volatility) -> float:
    """Variance of the mixing variable where months are skewed; 0 where they are not."""
    return mixing_variance(law.nu) if law.skew_shift else 0.0


def draw_scales(
    law: Volatility, months: int, count: int, rng: np.random.Generator, seen: Distances | None = None
) -> MonthScales:
    """Draw what scales the months after the origin.

    Parameters
    ----------
    law
        Tails and volatility; the log-variance starts from its law at the origin.
    months, count
        Horizon h and number of draws.
    rng
        Source of randomness.
    seen
        Distances of the h months' innovations; None if nothing is known of them.
    """
    stationary = law.sigma**2 / (1.0 - law.phi**2)
    v = law.start + law.start_sd * rng.standard_normal(count)
    found = MonthScales(np.empty((months, count)), np.empty((months, count)))
    for t in range(months):
        v = law.phi * v + law.sigma * rng.standard_normal(count)
        found.volatility[t] = np.exp(0.5 * v - stationary / 4.0)
        if seen is None:
            found.mixing[t] = (law.nu - 2.0) / rng.chisquare(law.nu, count)
            continue
        density, found.mixing[t] = _given(law, seen, t, found.volatility[t], rng)
        chosen = _resample(np.exp(density - density.max()), rng)
        v = v[chosen]
        for part in found:
            part[: t + 1] = part[: t + 1, chosen]
    return found


def _given(
    law: Volatility, seen: Distances, t: int, volatility: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Log densities of a month given volatilities (count,), up to a constant, and mixing variables given both."""
    (d2, n), whole = (part[t] for part in seen.total), np.ones_like(volatility)
    month = d2 / volatility**2, n * whole, seen.projected[t] / volatility, seen.strength[t] * whole
    density = skewed_densities(*month, law.nu, law.skew_shift) - n * np.log(volatility)
    return density, mixing_law(*month, law.nu, law.skew_shift).draw(rng)


def _resample(weights: Floats, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """Systematic resampling."""
    places = (np.arange(len(weights)) + rng.random()) / len(weights)
    return np.asarray(np.minimum(np.searchsorted(np.cumsum(weights / weights.sum()), places), len(weights) - 1))


def _student(nu: Floats, shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Student-t draws of unit variance, one column for each of `nu`."""
    chi2 = 2.0 * rng.standard_gamma(nu / 2.0, (*shape, len(nu)))
    return np.asarray(rng.standard_normal((*shape, len(nu))) * np.sqrt((nu - 2.0) / chi2))
