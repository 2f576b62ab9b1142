"""Equities of a daily model: carried over from a monthly one, corrected where daily closes exist.

The monthly model's loadings L on factors (i, o), of which only i are in the daily model, become
``L_i + L_o S_oi S_ii^-1`` with S the covariance of the monthly innovations; what that leaves of L_o goes to the
common residuals. Variances are divided by the number of trading days in a month. Then the exposures of TOPIX are
set to those of regressions on daily closes, and its residual becomes one common component of the size that the
closes have, on which every other series loads by its beta; what a series does beside TOPIX stays as it was. As a
common component TOPIX's residual has the day's scale, and so the tails of the days; the sum of the sectors' own parts
that it was before has not. The Nikkei 225 gets its own exposures, and its own part beside TOPIX. Identities between
series hold throughout, because each step is linear in quantities for which they hold.

Regressions are on sums over overlapping windows of a few days: Tokyo takes up what moves New York over more than one
of its days, and a third of the variance of what TOPIX does beside the factors on a day is undone within a week.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpsim.calibration.daily_sample import OBSERVED
from jpsim.days import DAYS_PER_MONTH
from jpsim.model.core import Model

__all__ = ["DailyEquities", "Exposure", "carry_over"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Exposure:
    """One observed series: what was carried over, and what daily closes say.

    Parameters
    ----------
    series
        Its id.
    carried, found
        (n,) exposures to the factors' innovations, as simple returns per model unit; the model has `found`.
    carried_sd, found_sd
        Residual standard deviations a day; that which was found is a window's over the square root of its days.
    carried_total, found_total
        Standard deviations of a day's return: carried over by the square root of time, and weighted data.
    """

    series: str
    carried: Floats
    found: Floats
    carried_sd: float
    found_sd: float
    carried_total: float
    found_total: float


@dataclass(frozen=True, eq=False)
class DailyEquities:
    """Equity layer of S base series on n factors; fields as in `jpsim.model.Model`, a day's."""

    alpha: Floats
    loadings: Floats
    common: Floats
    mix: Floats
    idio_sd: Floats
    exposures: tuple[Exposure, ...]


@dataclass(frozen=True, eq=False)
class _Fit:
    """Exposures (n,) of a series, residual standard deviation a day, and residuals (T - window + 1,) of windows."""

    exposure: Floats
    sd: float
    residual: Floats


def carry_over(
    base: Model, names: tuple[str, ...], innovations: Floats, returns: Floats, weights: Floats, window: int
) -> DailyEquities:
    """Carry the equity layer of a monthly model over to days.

    Parameters
    ----------
    base
        The monthly model.
    names
        The n daily factors, all of which it has.
    innovations
        (T, n) daily innovations.
    returns
        (T, 2) daily returns of `OBSERVED`.
    weights
        (T,) discounts.
    window
        Days of the windows that exposures and residuals are found on.
    """
    loadings, rest = _project(base, names)
    common = np.column_stack([base.common, rest]) / np.sqrt(DAYS_PER_MONTH)
    idio_sd, mix = base.idio_sd / np.sqrt(DAYS_PER_MONTH), base.mix.copy()
    picks = [_pick(base, name) for name in OBSERVED]
    fits = [_regress(column, innovations, weights, window) for column in returns.T]
    spread = common @ common.T + (mix * idio_sd) @ (mix * idio_sd).T
    exposures = tuple(
        Exposure(
            name,
            pick @ loadings,
            fit.exposure,
            float(np.sqrt(pick @ spread @ pick)),
            fit.sd,
            _monthly_sd(base, pick) / np.sqrt(DAYS_PER_MONTH),
            float(np.sqrt(weights @ column**2 / weights.sum())),
        )
        for name, pick, fit, column in zip(OBSERVED, picks, fits, returns.T, strict=True)
    )
    market, own = exposures
    loadings = loadings + np.outer(base.beta, market.found - market.carried)
    beside = np.eye(len(base.beta)) - np.outer(base.beta, picks[0])
    common, mix = np.column_stack([beside @ common, base.beta * market.found_sd]), beside @ mix
    row, slope = base.series.index(own.series), _slope(fits[1].residual, fits[0].residual, weights[window - 1 :])
    loadings[row] = own.found
    common[row, -1] = slope * market.found_sd
    left = own.found_sd**2 - common[row, -1] ** 2
    scale = np.sqrt(left / (common[row, :-1] @ common[row, :-1] + ((mix[row] * idio_sd) ** 2).sum()))
    common[row, :-1] *= scale
    mix[row] *= scale
    return DailyEquities(base.alpha / DAYS_PER_MONTH, loadings, common, mix, idio_sd, exposures)


def _project(base: Model, names: tuple[str, ...]) -> tuple[Floats, Floats]:
    """Loadings (S, n) on some factors, and common loadings (S, o) of what the others do beside them."""
    kept = [base.factor(name) for name in names]
    left = [place for place in range(len(base.factors)) if place not in kept]
    S = base.Sigma
    slope = np.linalg.solve(S[np.ix_(kept, kept)], S[np.ix_(kept, left)]).T
    remaining = S[np.ix_(left, left)] - slope @ S[np.ix_(kept, left)]
    values, vectors = np.linalg.eigh((remaining + remaining.T) / 2)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    omitted = base.loadings[:, left]
    return base.loadings[:, kept] + omitted @ slope, _compressed(omitted @ root)


def _compressed(loadings: Floats) -> Floats:
    """Loadings of the same covariance on as many components as carry all but 1e-12 of it."""
    left, size, _ = np.linalg.svd(loadings, full_matrices=False)
    kept = size > 1e-6 * size[0]
    return np.asarray(left[:, kept] * size[kept])


def _pick(base: Model, name: str) -> Floats:
    """(S,) weights of the base series in one series or aggregate."""
    if name in base.aggregates:
        return np.asarray(base.aggregation[base.aggregates.index(name)])
    return np.asarray(np.array(base.series) == name, dtype=np.float64)


def _monthly_sd(base: Model, pick: Floats) -> float:
    exposure = pick @ base.loadings
    return float(np.sqrt(exposure @ base.Sigma @ exposure + pick @ base.residual_cov @ pick))


def _regress(returns: Floats, innovations: Floats, weights: Floats, window: int) -> _Fit:
    """Discounted least squares on sums over overlapping windows; a window counts with its last day."""
    left, right, share = _summed(returns, window), _summed(innovations, window), weights[window - 1 :]
    x, root = np.column_stack([np.ones(len(left)), right]), np.sqrt(share)
    coefficients = np.linalg.lstsq(x * root[:, None], left * root, rcond=None)[0]
    residual = left - x @ coefficients
    return _Fit(coefficients[1:], float(np.sqrt(share @ residual**2 / share.sum() / window)), residual)


def _summed(x: Floats, window: int) -> Floats:
    """Sums over windows of rows."""
    total = np.concatenate([np.zeros_like(x[:1]), np.cumsum(x, axis=0)])
    return np.asarray(total[window:] - total[:-window])


def _slope(left: Floats, right: Floats, weights: Floats) -> float:
    """Slope of one residual on another."""
    return float(weights @ (left * right) / (weights @ right**2))
