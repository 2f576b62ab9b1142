"""Forecasts of several series for one month ahead or more: normal laws and ensembles, and what scores ask of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

__all__ = ["Ensemble", "Forecast", "Normal"]

Floats = npt.NDArray[np.float64]


class Forecast(Protocol):
    """A joint law of k log returns."""

    @property
    def mean(self) -> Floats:
        """Means, (k,)."""

    def quantiles(self, levels: Floats) -> Floats:
        """Quantiles (L, k) at increasing levels (L,)."""

    def crps(self, y: Floats) -> Floats:
        """Continuous ranked probability score (k,) of what came, in the unit of the returns; less is better."""

    def log_score(self, y: Floats) -> Floats:
        """Log density (k,) at what came; more is better."""

    def pit(self, y: Floats) -> Floats:
        """Probability (k,) of less than what came."""

    def draws(self, noise: Floats) -> Floats:
        """Joint draws (N, k), made from standard normals (N, k) where the forecast has none of its own."""


@dataclass(frozen=True, eq=False)
class Normal:
    """A multivariate normal forecast, (k,) means and (k, k) covariance."""

    mean: Floats
    covariance: Floats

    @property
    def _sd(self) -> Floats:
        return np.sqrt(np.diag(self.covariance))

    def quantiles(self, levels: Floats) -> Floats:
        """Quantiles (L, k)."""
        return np.asarray(self.mean + np.outer(ndtri(levels), self._sd))

    def crps(self, y: Floats) -> Floats:
        """Score by the closed form (Gneiting and Raftery 2007, doi:10.1198/016214506000001437)."""
        from scoringrules import crps_normal

        return np.asarray(crps_normal(y, self.mean, self._sd))

    def log_score(self, y: Floats) -> Floats:
        """Log density, (k,)."""
        z = (y - self.mean) / self._sd
        return np.asarray(-0.5 * (z**2 + np.log(2.0 * np.pi)) - np.log(self._sd))

    def pit(self, y: Floats) -> Floats:
        """Probability of less, (k,)."""
        return np.asarray(ndtr((y - self.mean) / self._sd))

    def draws(self, noise: Floats) -> Floats:
        """Draw by a root of the correlation that exists where it is singular, too; series without a law are NaN."""
        known = np.isfinite(self._sd) & np.isfinite(self.mean)
        values, vectors = np.linalg.eigh(self.covariance[np.ix_(known, known)])
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        out = np.full_like(noise, np.nan)
        out[:, known] = self.mean[known] + noise[:, known] @ root.T
        return out


@dataclass(frozen=True, eq=False)
class Ensemble:
    """A forecast by N equally likely draws, (N, k), sorted by no column."""

    members: Floats

    @property
    def mean(self) -> Floats:
        """Means, (k,)."""
        return np.asarray(self.members.mean(axis=0))

    def quantiles(self, levels: Floats) -> Floats:
        """Quantiles (L, k)."""
        return np.asarray(np.quantile(self.members, levels, axis=0))

    def crps(self, y: Floats) -> Floats:
        """Score without bias for the number of draws (Zamo and Naveau 2018, doi:10.1007/s11004-017-9709-7)."""
        from scoringrules import crps_ensemble

        return np.asarray(crps_ensemble(y, self.members, m_axis=0, estimator="pwm"))

    def log_score(self, y: Floats) -> Floats:
        """Log of a normal kernel density, bandwidth by Silverman's rule, (k,)."""
        low, high = np.quantile(self.members, [0.25, 0.75], axis=0)
        spread = np.minimum(self.members.std(axis=0, ddof=1), (high - low) / 1.349)
        width = np.where(spread > 0.0, 0.9 * spread * len(self.members) ** -0.2, np.nan)  # a point has no density
        exponent = -0.5 * ((y - self.members) / width) ** 2
        top = exponent.max(axis=0)
        density = np.exp(exponent - top).mean(axis=0)
        return np.asarray(top + np.log(density) - np.log(width * np.sqrt(2.0 * np.pi)))

    def pit(self, y: Floats) -> Floats:
        """Share of draws below, between the ends of 1 in N + 1, (k,)."""
        below = (self.members < y).sum(axis=0)
        return np.where(np.isfinite(y), (below + 0.5) / (len(self.members) + 1.0), np.nan)

    def draws(self, noise: Floats) -> Floats:
        """Return as many of its own draws as there are rows of `noise`."""
        return self.members[: len(noise)]
