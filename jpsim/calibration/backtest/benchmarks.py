"""The benchmarks that a model has to beat: each is estimated on the months up to its origin.

References
----------
Bollerslev (1987), doi:10.2307/1925546, and (1990), doi:10.2307/2109358, for GARCH-t and its constant
correlations. Politis and Romano (1994), doi:10.1080/01621459.1994.10476870, for the stationary bootstrap.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpsim.calibration.backtest.forecasts import Ensemble, Forecast, Normal
from jpsim.calibration.backtest.sample import HISTORY
from jpsim.calibration.dynamics import discount

__all__ = ["Garch", "Regression", "bootstrap", "fit_garch", "fit_regression", "random_walk"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

WINDOW = 240  # months of the regression, and of the random walk's drift
COVARIANCE = 120  # months of the random walk's covariance, of GARCH and of the bootstrap
HALF_LIFE = 60.0
BLOCK = 6  # mean length of a block, months
_PERCENT = 100.0  # GARCH is estimated in percent: its optimiser expects variances of that size


def random_walk(observed: Floats, horizon: int) -> Normal:
    """Random walk with drift: mean of twenty years, covariance of ten.

    Parameters
    ----------
    observed
        (T, k) monthly log returns up to the origin; a series with fewer than 36 months has no forecast.
    horizon
        Months ahead.
    """
    drift = _enough(observed, np.nanmean(observed[-WINDOW:], axis=0))
    return Normal(horizon * drift, horizon * _pairwise_covariance(observed[-COVARIANCE:]))


def bootstrap(observed: Floats, indices: Integers, horizon: int) -> Ensemble:
    """Sums of ten years' months in the order of a stationary bootstrap.

    Parameters
    ----------
    observed
        (T, k) monthly log returns up to the origin; a missing month counts as the series' mean.
    indices
        (N, h) places of months among the last ten years, oldest 0.
    horizon
        Months ahead, at most h.
    """
    recent = observed[-COVARIANCE:]
    filled = np.where(np.isfinite(recent), recent, np.nanmean(recent, axis=0))
    return Ensemble(_enough(observed, filled[indices[:, :horizon]].sum(axis=1)))


def bootstrap_indices(count: int, horizon: int, seed: int) -> Integers:
    """Places (count, horizon) of months in the last ten years: blocks of six months on average, around the end."""
    from arch.bootstrap import StationaryBootstrap

    blocks = StationaryBootstrap(BLOCK, np.arange(COVARIANCE), seed=seed)
    return np.array([positional[0][:horizon] for positional, _ in blocks.bootstrap(count)], dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Regression:
    """Constant-beta regression on three factors: intercepts (k,), slopes (k, 3), residual covariance (k, k).

    `factor_mean` (3,) and `factor_covariance` (3, 3) are the factors' own law where their path is not given.
    """

    intercept: Floats
    slope: Floats
    covariance: Floats
    factor_mean: Floats
    factor_covariance: Floats

    def given(self, change: Floats, horizon: int) -> Normal:
        """Law given the factors' changes (3,) over the horizon."""
        return Normal(horizon * self.intercept + self.slope @ change, horizon * self.covariance)

    def free(self, horizon: int) -> Normal:
        """Law when the factors follow their own normal law."""
        mean = self.intercept + self.slope @ self.factor_mean
        spread = self.covariance + self.slope @ self.factor_covariance @ self.slope.T
        return Normal(horizon * mean, horizon * spread)


def fit_regression(observed: Floats, factors: Floats) -> Regression:
    """Discounted least squares over twenty years with a half-life of five; months without a value are left out.

    Parameters
    ----------
    observed, factors
        (T, k) monthly log returns and (T, 3) changes of the factors, up to the origin.
    """
    y, x = observed[-WINDOW:], factors[-WINDOW:]
    weights = discount(len(y), HALF_LIFE)
    coefficients = np.full((y.shape[1], 4), np.nan)
    residual = np.full_like(y, np.nan)
    design = np.column_stack([np.ones(len(x)), x])
    for i, column in enumerate(y.T):
        seen = np.isfinite(column) & np.isfinite(x).all(axis=1)
        if seen.sum() < HISTORY:
            continue
        root = np.sqrt(weights[seen])
        found = np.linalg.lstsq(design[seen] * root[:, None], column[seen] * root, rcond=None)[0]
        coefficients[i], residual[seen, i] = found, column[seen] - design[seen] @ found
    known = np.isfinite(x).all(axis=1)
    share = weights[known] / weights[known].sum()
    centred = x[known] - share @ x[known]
    return Regression(
        intercept=coefficients[:, 0],
        slope=coefficients[:, 1:],
        covariance=_weighted_covariance(residual, weights),
        factor_mean=share @ x[known],
        factor_covariance=(centred * share[:, None]).T @ centred,
    )


@dataclass(frozen=True, eq=False)
class Garch:
    """GARCH(1,1) with Student-t shocks, a row of parameters for each series, in percent.

    Parameters
    ----------
    mean, omega, alpha, beta, nu
        (k,) NaN for a series without enough history.
    """

    mean: Floats
    omega: Floats
    alpha: Floats
    beta: Floats
    nu: Floats

    def forecast(self, observed: Floats, horizon: int, draws: Floats, chi: Floats) -> list[Forecast]:
        """Simulate from the last month on.

        Parameters
        ----------
        observed
            (T, k) monthly log returns up to the origin.
        horizon
            Months ahead h.
        draws
            (h, N, k) standard normals, correlated between series.
        chi
            (h, N, k) chi-square draws with `nu` degrees of freedom.

        Returns
        -------
        Forecasts of months 1 to h.
        """
        error, variance = self._filter(_PERCENT * observed[-COVARIANCE:])
        shocks = draws * np.sqrt((self.nu - 2.0) / chi)
        total, out = np.zeros(draws.shape[1:]), list[Forecast]()
        squared, variance = error**2, np.broadcast_to(variance, draws.shape[1:])
        for month in range(horizon):
            variance = self.omega + self.alpha * squared + self.beta * variance
            shock = np.sqrt(variance) * shocks[month]
            total, squared = total + self.mean + shock, shock**2
            out.append(Ensemble(total / _PERCENT))
        return out

    def _filter(self, returns: Floats) -> tuple[Floats, Floats]:
        """Error and variance (k,) of the last month; a missing month counts as one of its expected size."""
        errors = returns - self.mean
        variance = np.nanvar(returns, axis=0)
        squared = variance
        for error in errors:
            squared = np.where(np.isfinite(error), error**2, variance)
            last = variance
            variance = self.omega + self.alpha * squared + self.beta * variance
        return np.sqrt(squared), last


def fit_garch(observed: Floats, on_series: Callable[[], None] | None = None) -> Garch:
    """Maximum likelihood of each series on its own, over ten years.

    Parameters
    ----------
    observed
        (T, k) monthly log returns up to the origin.
    on_series
        Called after each series.
    """
    from arch import arch_model

    recent = _PERCENT * observed[-COVARIANCE:]
    found = np.full((recent.shape[1], 5), np.nan)
    for i, column in enumerate(recent.T):
        known = column[np.isfinite(column)]
        if len(known) >= HISTORY:
            model = arch_model(known, mean="Constant", vol="GARCH", p=1, q=1, dist="t", rescale=False)
            found[i] = model.fit(disp="off", show_warning=False).params.to_numpy()
        if on_series is not None:
            on_series()
    found[:, 4] = np.maximum(found[:, 4], 2.1)
    return Garch(*found.T)


def correlation_root(observed: Floats) -> Floats:
    """Root (k, k) of the correlation of ten years' months, rows of length 1; series that share no month are free."""
    covariance = _pairwise_covariance(observed[-COVARIANCE:])
    sd = np.sqrt(np.diag(covariance))
    found = np.nan_to_num(covariance / np.outer(sd, sd))
    np.fill_diagonal(found, 1.0)
    values, vectors = np.linalg.eigh(found)  # pairs have different months: a small eigenvalue may be negative
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    return np.asarray(root / np.linalg.norm(root, axis=1, keepdims=True))


def _pairwise_covariance(returns: Floats) -> Floats:
    """Covariance over the months that each pair has, divided by their number less 1; NaN without history."""
    seen = np.isfinite(returns)
    centred = np.where(seen, returns - np.nanmean(returns, axis=0), 0.0)
    months = seen.T.astype(float) @ seen
    covariance = centred.T @ centred / np.maximum(months - 1.0, 1.0)
    short = seen.sum(axis=0) < HISTORY
    covariance[short, :], covariance[:, short] = np.nan, np.nan
    return np.asarray(covariance)


def _weighted_covariance(residual: Floats, weights: Floats) -> Floats:
    seen = np.isfinite(residual).astype(float)
    filled = np.nan_to_num(residual)
    mass = seen.T @ (seen * weights[:, None])
    covariance = filled.T @ (filled * weights[:, None]) / np.where(mass > 0, mass, np.nan)
    return np.asarray(covariance)


def _enough(observed: Floats, values: Floats) -> Floats:
    """Blank the columns of series with too little history."""
    return np.where(np.isfinite(observed).sum(axis=0) >= HISTORY, values, np.nan)
