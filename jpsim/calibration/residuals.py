"""What the factors leave of equity returns: common components, own volatility and own tails."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from jpsim.calibration.tails import fit_idiosyncratic_nu

__all__ = [
    "Residuals",
    "decompose_residuals",
    "discounted_covariance",
    "factor_analysis",
    "match_aggregate",
    "recent_covariance",
]

Floats = npt.NDArray[np.float64]

_FLOOR = 0.1  # least share of a series' residual variance that is its own
_ROUNDS = 500


@dataclass(frozen=True, eq=False)
class Residuals:
    """Low-rank plus diagonal law of k residuals.

    Parameters
    ----------
    common
        (k, K) loadings on common components of unit variance.
    idio_sd, idio_nu
        (k,) sd of the own part, and its degrees of freedom.
    """

    common: Floats
    idio_sd: Floats
    idio_nu: Floats


def factor_analysis(covariance: Floats, components: int) -> tuple[Floats, Floats]:
    """Principal-axis factor analysis.

    Parameters
    ----------
    covariance
        (k, k) symmetric.
    components
        Number K of components.

    Returns
    -------
    Loadings (k, K), largest component first and of positive sum, and own variances (k,), which with
    the loadings reproduce the diagonal.
    """
    total = np.diag(covariance)
    scale = np.sqrt(total)
    correlation = covariance / np.outer(scale, scale)
    own = np.full(len(total), 0.5)
    for _ in range(_ROUNDS):
        values, vectors = np.linalg.eigh(correlation - np.diag(own))
        loadings = vectors[:, ::-1][:, :components] * np.sqrt(np.maximum(values[::-1][:components], 0.0))
        own = np.clip(1.0 - (loadings**2).sum(axis=1), _FLOOR, 1.0)
    loadings *= np.where(loadings.sum(axis=0) < 0, -1.0, 1.0)
    communality = (loadings**2).sum(axis=1)
    loadings *= np.sqrt((1.0 - own) / np.maximum(communality, 1e-12))[:, None]
    return loadings * scale[:, None], own * total


def decompose_residuals(
    sectors: Floats,
    tilts: Floats,
    weights: Floats,
    longer: Floats,
    components: int,
    inverse_mean: float,
    inverse_sd: float,
    whole: tuple[Floats, Floats] | None = None,
) -> Residuals:
    """Find common components of the sectors; tilts are regressed on their scores.

    Parameters
    ----------
    sectors, tilts
        (T, 33) and (T, m) residuals, NaN where missing.
    weights, longer
        (T,) discounts: of variances and all that belongs to a single series, and of the sectors' correlations.
    components
        Number K of common components.
    inverse_mean, inverse_sd
        Prior of 1/nu.
    whole
        (33,) weights of the sectors in TOPIX and (T,) residuals of TOPIX, whose variance the sectors' sum is to
        have; None leaves the sum as it comes.

    Returns
    -------
    Law of the 33 sectors and then the m tilts.
    """
    loadings, own = factor_analysis(recent_covariance(sectors, weights, longer), components)
    if whole is not None:
        loadings, own = match_aggregate(
            loadings, own, whole[0], float(discounted_covariance(whole[1][:, None], weights)[0, 0])
        )
    scores, uncertainty = _scores(sectors, loadings, own)
    tilt_loadings, tilt_own = _regress(tilts, scores, uncertainty, weights)
    common = np.concatenate([loadings, tilt_loadings])
    idio_sd = np.sqrt(np.concatenate([own, tilt_own]))
    standard = (np.column_stack([sectors, tilts]) - scores @ common.T) / idio_sd
    nu = [fit_idiosyncratic_nu(_rescaled(column, weights), weights, inverse_mean, inverse_sd) for column in standard.T]
    return Residuals(common, idio_sd, np.array(nu))


def match_aggregate(loadings: Floats, own: Floats, weights: Floats, variance: float) -> tuple[Floats, Floats]:
    """Make the residuals of parts add up to the residual variance that their whole has been seen to have.

    The few components of `factor_analysis` reproduce each part's variance, not that of a weighted sum of
    all parts. Only the direction in which the components move the whole is scaled; each part keeps its
    variance, of which its own share grows or shrinks, down to the least share that factor analysis leaves.

    Parameters
    ----------
    loadings, own
        (k, K) loadings on the components and (k,) own variances.
    weights
        (k,) weights in the whole.
    variance
        The whole's residual variance.

    Returns
    -------
    Loadings (k, K) and own variances (k,). Where no scale between zero and two meets `variance`, the closer
    end is taken.
    """
    direction = weights @ loadings
    direction = direction / np.linalg.norm(direction)
    total = own + (loadings**2).sum(axis=1)

    def scaled(factor: float) -> tuple[Floats, Floats]:
        moved = loadings + (factor - 1.0) * np.outer(loadings @ direction, direction)
        return moved, np.maximum(total - (moved**2).sum(axis=1), _FLOOR * total)

    def excess(factor: float) -> float:
        moved, rest = scaled(factor)
        return float(((weights @ moved) ** 2).sum() + weights**2 @ rest - variance)

    low, high = 0.0, 2.0
    if excess(low) > 0.0 or excess(high) < 0.0:
        return scaled(low if excess(low) > 0.0 else high)
    return scaled(float(brentq(excess, low, high, xtol=1e-12)))


def discounted_covariance(x: Floats, weights: Floats) -> Floats:
    """Discounted covariance over the months that each pair has; the means are zero by construction."""
    filled, seen = np.nan_to_num(x), np.isfinite(x).astype(float)
    weighted = filled * weights[:, None]
    covariance: Floats = (filled.T @ weighted) / (seen.T @ (seen * weights[:, None]))
    return covariance


def recent_covariance(x: Floats, weights: Floats, longer: Floats) -> Floats:
    """Covariance (k, k) of variances discounted by `weights` and correlations by `longer`, (T,) each.

    Volatilities move faster than correlations, which many series must share few months to show.
    """
    covariance = discounted_covariance(x, longer)
    recent = np.sqrt(np.diag(discounted_covariance(x, weights)) / np.diag(covariance))
    return np.asarray(covariance * np.outer(recent, recent))


def _scores(x: Floats, loadings: Floats, own: Floats) -> tuple[Floats, Floats]:
    """Mean (T, K) and covariance (T, K, K) of the components given each month's residuals."""
    count = loadings.shape[1]
    mean, covariance = np.empty((len(x), count)), np.empty((len(x), count, count))
    for t, row in enumerate(x):
        seen = np.isfinite(row)
        scaled = loadings[seen] / own[seen, None]
        covariance[t] = np.linalg.inv(np.eye(count) + loadings[seen].T @ scaled)
        mean[t] = covariance[t] @ (scaled.T @ row[seen])
    return mean, covariance


def _regress(x: Floats, scores: Floats, uncertainty: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Estimate loadings and own variances of further series: the M-step of factor analysis."""
    count = scores.shape[1]
    loadings, own = np.empty((x.shape[1], count)), np.empty(x.shape[1])
    second = np.einsum("ti,tj->tij", scores, scores) + uncertainty
    for i, column in enumerate(x.T):
        seen = np.isfinite(column)
        w, y = weights[seen] / weights[seen].sum(), column[seen]
        cross = (w * y) @ scores[seen]
        loadings[i] = np.linalg.solve(np.einsum("t,tij->ij", w, second[seen]), cross)
        variance = float(w @ y**2)
        own[i] = max(variance - float(loadings[i] @ cross), _FLOOR * variance)
    return loadings, own


def _rescaled(column: Floats, weights: Floats) -> Floats:
    seen = np.isfinite(column)
    scale = float(np.sqrt(weights[seen] @ column[seen] ** 2 / weights[seen].sum()))
    return np.asarray(column / scale)
