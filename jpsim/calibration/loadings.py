"""Loadings of equity returns on the factors' innovations: Bayesian shrinkage down a hierarchy.

TOPIX is shrunk toward its regression on the leading factors, the 17 sectors toward their beta times
TOPIX's loadings, the 33 toward their beta times their parent's, tilts toward zero. How hard, group by
group of factors, the marginal likelihood of all series of a level together decides (empirical Bayes). The
prior has a heavy tail: a series whose own likelihood asks for it (banks and the long rate) is let go
further, so that what the data settle is not shrunk with what they do not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpsim.calibration.minnesota import Conjugate, fit_conjugate

__all__ = ["Fit", "Groups", "Posterior", "discounted_beta", "fit_level", "reconcile"]

Floats = npt.NDArray[np.float64]

_FLAT = 1e6
_DOF = 3.0
_WIDER, _LOG_ODDS = 3.0, -2.2  # a tenth of the series have a prior three times as wide in a group


@dataclass(frozen=True, eq=False)
class Groups:
    """Groups of factors that are shrunk alike, and the grid of prior sds to choose from.

    Parameters
    ----------
    of_factor
        (n,) group of each factor.
    grids
        For each group, the prior sds of a standardised loading in units of the residual sd.
    """

    of_factor: npt.NDArray[np.int64]
    grids: tuple[tuple[float, ...], ...]

    @classmethod
    def collect(
        cls, names: Sequence[str], groups: Sequence[Sequence[str]], grids: tuple[tuple[float, ...], ...]
    ) -> Groups:
        """Group factors by id; those that no group names form the last."""
        rank = {name: index for index, group in enumerate(groups) for name in group}
        return cls(np.array([rank.get(name, len(groups)) for name in names]), grids)


@dataclass(frozen=True, eq=False)
class Posterior:
    """Normal-inverse-gamma posteriors of k regressions: intercept and n loadings per sd of each factor.

    Parameters
    ----------
    mean, root
        (k, 1 + n) means; (k, 1 + n, 1 + n) lower Cholesky factors of the covariances per unit of variance.
    shift
        (k, 1 + n, 1 + n) how the means move with the prior means.
    scale, dof
        (k,) the residual variance is ``scale / chi-square(dof)``.
    factor_sd
        (n,) sds that the factors were divided by.
    """

    mean: Floats
    root: Floats
    shift: Floats
    scale: Floats
    dof: Floats
    factor_sd: Floats

    def draw(self, moved: Floats, rng: np.random.Generator) -> Floats:
        """Draw loadings (k, n), given that the prior means of the loadings are moved by (k, n)."""
        centre = self.mean.copy()
        centre += np.einsum("kij,kj->ki", self.shift[:, :, 1:], moved * self.factor_sd)
        sd = np.sqrt(self.scale / rng.chisquare(self.dof))
        noise = np.einsum("kij,kj->ki", self.root, rng.standard_normal(centre.shape))
        return np.asarray((centre + sd[:, None] * noise)[:, 1:] / self.factor_sd)


@dataclass(frozen=True, eq=False)
class Fit:
    """Loadings of a level of series.

    Parameters
    ----------
    loadings, sd
        (k, n) posterior mean and sd, per unit of each factor's innovation.
    residual
        (T, k) return less intercept and fitted part; NaN where there is no return.
    variance
        (k,) residual variance.
    scales
        Chosen prior sd of each group, before series of their own are let go further.
    posterior
        Law that draws come from.
    evidence
        Log marginal likelihood of all series together.
    """

    loadings: Floats
    sd: Floats
    residual: Floats
    variance: Floats
    scales: tuple[float, ...]
    posterior: Posterior
    evidence: float


def discounted_beta(returns: Floats, market: Floats, weights: Floats) -> Floats:
    """Discounted beta (k,) of each column of (T, k) returns on a market, over months that have both."""
    out = np.empty(returns.shape[1])
    for i, column in enumerate(returns.T):
        seen = np.isfinite(column) & np.isfinite(market)
        w = weights[seen] / weights[seen].sum()
        centred = market[seen] - w @ market[seen]
        out[i] = (w * centred) @ column[seen] / (w @ centred**2)
    return out


def fit_level(
    returns: Floats, innovations: Floats, factor_sd: Floats, weights: Floats, prior_mean: Floats, groups: Groups
) -> Fit:
    """Fit all series of one level of the hierarchy.

    Parameters
    ----------
    returns
        (T, k) monthly simple returns, NaN where missing.
    innovations, factor_sd
        (T, n) innovations of the factors and their sds.
    weights
        (T,) discounts.
    prior_mean
        (k, n) prior mean of the loadings.
    groups
        What is shrunk alike, and the grids.
    """
    z = innovations / factor_sd
    designs = [_design(column, z, weights) for column in returns.T]
    centres = prior_mean * factor_sd

    def evidence(scales: tuple[float, ...]) -> float:
        return sum(
            _fit_one(*design, centre, scales, groups)[1] for design, centre in zip(designs, centres, strict=True)
        )

    best = _search(groups.grids, evidence)
    own = [_own_scales(design, centre, best, groups) for design, centre in zip(designs, centres, strict=True)]
    fits = [
        _fit_one(*design, centre, scales, groups) for design, centre, scales in zip(designs, centres, own, strict=True)
    ]
    posterior = _posterior([fit for fit, _ in fits], [_precision(scales, groups) for scales in own], factor_sd)
    means = posterior.mean[:, 1:]
    variance = posterior.scale / (posterior.dof - 2)
    spread = np.sqrt((posterior.root**2).sum(axis=2))[:, 1:]
    return Fit(
        loadings=means / factor_sd,
        sd=np.sqrt(variance)[:, None] * spread / factor_sd,
        residual=returns - posterior.mean[:, 0] - z @ means.T,
        variance=variance,
        scales=best,
        posterior=posterior,
        evidence=sum(gain for _, gain in fits),
    )


def reconcile(parts: Floats, whole: Floats, weights: Floats, error: Floats) -> Floats:
    """Move loadings of parts, the least where they are known best, so that they add up to the whole's.

    Parameters
    ----------
    parts, whole
        (k, n) and (n,) loadings.
    weights
        (k,) weights in the whole.
    error
        (k,) residual variances of the parts, or their (k, k) covariance. With variances alone the part that is
        large and uncertain takes most of a gap; with the covariance a gap that the parts have in common is
        shared by their betas on it.

    Returns
    -------
    (k, n) loadings whose weighted sum is `whole`: the trace-minimising reconciliation.

    References
    ----------
    Wickramasuriya, Athanasopoulos and Hyndman (2019), doi:10.1080/01621459.2018.1448825.
    """
    moved = error @ weights if error.ndim == 2 else error * weights
    gain = moved / (weights @ moved)
    return parts + np.outer(gain, whole - weights @ parts)


def _search(
    grids: tuple[tuple[float, ...], ...],
    score: Callable[[tuple[float, ...]], float],
    start: tuple[float, ...] | None = None,
) -> tuple[float, ...]:
    """Find the best point of a grid, one coordinate after the other until none moves."""
    best, before = start or tuple(grid[len(grid) // 2] for grid in grids), None
    while best != before:
        before = best
        for position, grid in enumerate(grids):
            candidates = [(*best[:position], value, *best[position + 1 :]) for value in grid]
            best = max(candidates, key=score)
    return best


def _own_scales(
    design: tuple[Floats, Floats, Floats], centre: Floats, scales: tuple[float, ...], groups: Groups
) -> tuple[float, ...]:
    """Widen the prior of one series where its likelihood outweighs the odds against it."""
    pairs = zip(scales, groups.grids, strict=True)
    grids = tuple((scale, _WIDER * scale) if len(grid) > 1 else grid for scale, grid in pairs)

    def score(candidate: tuple[float, ...]) -> float:
        widened = sum(value > scale for value, scale in zip(candidate, scales, strict=True))
        return _fit_one(*design, centre, candidate, groups)[1] + _LOG_ODDS * widened

    return _search(grids, score, start=scales)


def _design(column: Floats, z: Floats, weights: Floats) -> tuple[Floats, Floats, Floats]:
    seen = np.isfinite(column)
    x = np.column_stack([np.ones(int(seen.sum())), z[seen]])
    return column[seen, None], x, weights[seen]


def _fit_one(
    y: Floats, x: Floats, weights: Floats, centre: Floats, scales: tuple[float, ...], groups: Groups
) -> tuple[Conjugate, float]:
    share = weights / weights.sum()
    variance = float(share @ (y[:, 0] - share @ y[:, 0]) ** 2)
    prior = Conjugate(
        np.concatenate([[0.0], centre])[:, None], _precision(scales, groups), np.array([[variance]]), _DOF
    )
    return fit_conjugate(y, x, weights, prior)


def _precision(scales: tuple[float, ...], groups: Groups) -> Floats:
    """Prior precision (1 + n, 1 + n) of intercept and standardised loadings, per unit of residual variance."""
    return np.diag(np.concatenate([[_FLAT], np.array(scales)[groups.of_factor]]) ** -2.0)


def _posterior(fits: Sequence[Conjugate], priors: Sequence[Floats], factor_sd: Floats) -> Posterior:
    covariances = [np.linalg.inv(fit.precision) for fit in fits]
    return Posterior(
        mean=np.array([fit.mean[:, 0] for fit in fits]),
        root=np.array([np.linalg.cholesky(covariance) for covariance in covariances]),
        shift=np.array([covariance @ prior for covariance, prior in zip(covariances, priors, strict=True)]),
        scale=np.array([float(fit.scale[0, 0]) for fit in fits]),
        dof=np.array([fit.dof for fit in fits]),
        factor_sd=factor_sd,
    )
