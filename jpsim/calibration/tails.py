"""Degrees of freedom of Student-t residuals, by penalised maximum likelihood."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import gammaln

__all__ = ["fit_idiosyncratic_nu", "fit_joint_nu"]

Floats = npt.NDArray[np.float64]

_LOW, _HIGH = 3.5, 30.0


def fit_joint_nu(d2: Floats, dims: Floats, weights: Floats, nu_mean: float, nu_log_sd: float) -> float:
    """Degrees of freedom of months whose residuals share one scale.

    Parameters
    ----------
    d2, dims
        (T,) squared distances of the months' residuals in the metric of their covariance, and numbers of
        known residuals.
    weights
        (T,) weight of each month.
    nu_mean, nu_log_sd
        Prior: log(nu - 2) is normal around log(nu_mean - 2).
    """

    def loss(theta: float) -> float:
        penalty = 0.5 * ((theta - np.log(nu_mean - 2)) / nu_log_sd) ** 2
        return float(penalty - weights @ _log_density(d2, dims, float(2 + np.exp(theta))))

    found = minimize_scalar(loss, bounds=(np.log(_LOW - 2), np.log(_HIGH - 2)), method="bounded")
    return float(f"{2 + np.exp(found.x):.6g}")  # more digits of an optimum are noise


def fit_idiosyncratic_nu(residual: Floats, weights: Floats, inverse_mean: float, inverse_sd: float) -> float:
    """Degrees of freedom of one series' own residual, between 3.5 and 30.

    Parameters
    ----------
    residual
        (T,) standardised residuals; NaN months are left out.
    weights
        (T,) weight of each month.
    inverse_mean, inverse_sd
        Prior: 1/nu is normal.
    """
    seen = np.isfinite(residual)
    d2, w = residual[seen] ** 2, weights[seen]

    def loss(inverse: float) -> float:
        penalty = 0.5 * ((inverse - inverse_mean) / inverse_sd) ** 2
        return float(penalty - w @ _log_density(d2, np.ones_like(d2), 1 / inverse))

    found = minimize_scalar(loss, bounds=(1 / _HIGH, 1 / _LOW), method="bounded")
    return float(f"{1 / found.x:.6g}")


def _log_density(d2: Floats, n: Floats, nu: float) -> Floats:
    """Log density, less terms without nu, of a t with unit covariance at squared distance `d2` in n dimensions."""
    density: Floats = (
        gammaln((nu + n) / 2) - gammaln(nu / 2) - n / 2 * np.log(nu - 2) - (nu + n) / 2 * np.log1p(d2 / (nu - 2))
    )
    return density
