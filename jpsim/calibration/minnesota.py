"""The conjugate Minnesota VAR: its posterior and marginal likelihood in closed form.

``y_t = c + sum_k B_k y_{t-k} + u_t``, ``u_t ~ N(0, Sigma)``, observation t counted `weights[t]` times.
Prior: ``Sigma ~ IW(scale, dof)`` and, given Sigma, coefficients with covariance ``Sigma (x) diag(spread)``.

References
----------
Giannone, Lenza and Primiceri (2015), doi:10.1162/REST_a_00483. Litterman (1986), doi:10.2307/1391384.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import multigammaln

from jpsim.calibration.completion import Completion

__all__ = ["Conjugate", "autoregressive_sd", "choose_lags", "fit_conjugate", "lagged", "minnesota_prior"]

Floats = npt.NDArray[np.float64]

_FLAT = 1e3  # prior sd of an intercept, in residual sds


@dataclass(frozen=True, eq=False)
class Conjugate:
    """Normal-inverse-Wishart law of a regression with m regressors and n equations.

    Parameters
    ----------
    mean
        (m, n) mean of the coefficients.
    precision
        (m, m) precision of the coefficients given Sigma, per unit of Sigma.
    scale, dof
        (n, n) scale and degrees of freedom of Sigma.
    """

    mean: Floats
    precision: Floats
    scale: Floats
    dof: float

    @property
    def Sigma(self) -> Floats:
        """Mean of Sigma, (n, n)."""
        return self.scale / (self.dof - len(self.scale) - 1)


def lagged(y: Floats, lags: int, skip: int | None = None) -> tuple[Floats, Floats]:
    """Left-hand side (T-skip, n) and lags (T-skip, p n), newest lag first; `skip` is p unless given."""
    start = lags if skip is None else skip
    x = np.column_stack([y[start - k : len(y) - k] for k in range(1, lags + 1)])
    return y[start:], x


def autoregressive_sd(y: Floats, weights: Floats) -> Floats:
    """Residual sd of a first-order autoregression of each column of a complete (T, n) panel."""
    out = np.empty(y.shape[1])
    root = np.sqrt(weights[1:])
    for i, column in enumerate(y.T):
        x = np.column_stack([np.ones(len(y) - 1), column[:-1]]) * root[:, None]
        residual = column[1:] * root - x @ np.linalg.lstsq(x, column[1:] * root, rcond=None)[0]
        out[i] = np.sqrt(residual @ residual / weights[1:].sum())
    return out


def minnesota_prior(sd: Floats, own_lag: Floats, lags: int, tightness: float) -> Conjugate:
    """Minnesota prior with intercept first, then lags.

    Parameters
    ----------
    sd
        (n,) residual sd of each variable.
    own_lag
        (n,) prior mean of the own first lag.
    lags, tightness
        Number of lags p; prior sd of the own first lag. Lag k is 1/k as wide.
    """
    n = len(sd)
    mean = np.zeros((1 + lags * n, n))
    mean[1 : 1 + n] = np.diag(own_lag)
    spread = np.concatenate([[_FLAT**2], *((tightness / (k * sd)) ** 2 for k in range(1, lags + 1))])
    dof = n + 2.0
    return Conjugate(mean, np.diag(1.0 / spread), np.diag(sd**2), dof)


def fit_conjugate(y: Floats, x: Floats, weights: Floats, prior: Conjugate) -> tuple[Conjugate, float]:
    """Posterior and log marginal likelihood of a weighted regression.

    Parameters
    ----------
    y, x
        (T, n) and (T, m) without missing values.
    weights
        (T,) powers to which each observation's likelihood is raised; ones for the usual posterior.
    prior
        Normal-inverse-Wishart prior.

    Returns
    -------
    Posterior, and the log of the integral of prior times likelihood; with unit weights it is the
    matrix-variate t density of y.
    """
    n, count = y.shape[1], float(weights.sum())
    xw = x * weights[:, None]
    precision = prior.precision + x.T @ xw
    mean = np.asarray(np.linalg.solve(precision, prior.precision @ prior.mean + xw.T @ y), dtype=np.float64)
    residual, shift = y - x @ mean, mean - prior.mean
    scale = prior.scale + residual.T @ (residual * weights[:, None]) + shift.T @ prior.precision @ shift
    posterior = Conjugate(mean, precision, (scale + scale.T) / 2, prior.dof + count)
    evidence = (
        -0.5 * n * count * np.log(np.pi)
        + multigammaln(posterior.dof / 2, n)
        - multigammaln(prior.dof / 2, n)
        + 0.5 * n * (_log_det(prior.precision) - _log_det(precision))
        + 0.5 * prior.dof * _log_det(prior.scale)
        - 0.5 * posterior.dof * _log_det(posterior.scale)
    )
    return posterior, float(evidence)


def choose_lags(
    y: Floats, weights: Floats, own_lag: Floats, lags: tuple[int, ...], tightness: tuple[float, ...]
) -> tuple[int, float, dict[str, float], Floats]:
    """Choose lag length and tightness by marginal likelihood on a panel with missing cells.

    The cells are completed by their mean under a VAR(1) that is refitted until it settles; every
    candidate is scored on the same months.

    Returns
    -------
    Lags, tightness, log marginal likelihood of each candidate relative to the best, and the
    completed panel, (T, n).
    """
    complete = _complete(y, weights, own_lag)
    sd, skip = autoregressive_sd(complete, weights), max(lags)
    scores = {}
    for p in lags:
        for value in tightness:
            left, x = lagged(complete, p, skip)
            design = np.column_stack([np.ones(len(x)), x])
            prior = minnesota_prior(sd, own_lag, p, value)
            scores[p, value] = fit_conjugate(left, design, weights[skip:], prior)[1]
    best = max(scores, key=lambda key: scores[key])
    table = {f"p={p}, tightness={value:g}": scores[p, value] - scores[best] for p, value in scores}
    return best[0], best[1], table, complete


def _complete(y: Floats, weights: Floats, own_lag: Floats, rounds: int = 12) -> Floats:
    """Fill missing cells by their mean under a VAR(1) fitted to the filled panel."""
    centre, spread = np.nanmean(y, axis=0), np.nanstd(y, axis=0)
    cells = Completion(y, 1, centre, spread)
    filled = np.where(np.isfinite(y), y, centre)
    for _ in range(rounds):
        sd = autoregressive_sd(filled, weights)
        left, x = lagged(filled, 1)
        design = np.column_stack([np.ones(len(x)), x])
        posterior, _ = fit_conjugate(left, design, weights[1:], minnesota_prior(sd, own_lag, 1, 0.2))
        filled = cells.expect(posterior.mean[0], posterior.mean[1:].T[None], posterior.Sigma)
    return filled


def _log_det(matrix: Floats) -> float:
    return float(np.linalg.slogdet(matrix)[1])
