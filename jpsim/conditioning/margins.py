"""Stated margins of several quantities, with least relative entropy from the model.

Given jointly normal quantities, the law of least relative entropy whose margins have stated means and
variances is normal with a precision that differs from the model's only on the diagonal: the copula's
partial dependence is kept (Csiszar 1975, doi:10.1214/aop/1176996454; the fitting goes round the
margins as in Speed and Kiiveri 1986, doi:10.1214/aos/1176349846).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["fit_margins", "relative_entropy"]

Floats = npt.NDArray[np.float64]


def fit_margins(cov: Floats, sd: Floats, *, tolerance: float = 1e-12, rounds: int = 2000) -> Floats:
    """Return the covariance nearest to `cov` in relative entropy whose standard deviations are `sd`.

    Parameters
    ----------
    cov
        (q, q) positive definite covariance of the model.
    sd
        (q,) stated standard deviations, positive.
    tolerance
        Largest relative error of a variance at which to stop.
    rounds
        Most passes over all margins.

    Returns
    -------
    (q, q) covariance with variances `sd**2`, whose inverse equals that of `cov` off the diagonal.
    """
    fitted = cov.copy()
    for _ in range(rounds):
        for i, wanted in enumerate(sd**2):
            column = fitted[:, i].copy()
            fitted += np.outer(column, column) * ((wanted - column[i]) / column[i] ** 2)
        if np.all(np.abs(np.diag(fitted) / sd**2 - 1.0) < tolerance):
            break
    return (fitted + fitted.T) / 2.0


def relative_entropy(mean: Floats, cov: Floats, base_mean: Floats, base_cov: Floats) -> float:
    """Relative entropy of N(mean, cov) from N(base_mean, base_cov), in nats; inf if `cov` is singular."""
    sign, log_ratio = np.linalg.slogdet(np.linalg.solve(base_cov, cov))
    if sign <= 0:
        return float("inf")
    miss = mean - base_mean
    distance = miss @ np.linalg.solve(base_cov, miss)
    trace = np.trace(np.linalg.solve(base_cov, cov))
    return float(0.5 * (trace - mean.size + distance - log_ratio))
