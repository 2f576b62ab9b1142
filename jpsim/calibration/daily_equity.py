"""Equities of a daily model: carried over from a monthly one, corrected where daily closes exist.

The monthly model's loadings L on factors (i, o), of which only i are in the daily model, become
``L_i + L_o S_oi S_ii^-1`` with S the covariance of the monthly innovations; what that leaves of L_o goes to the
common residuals. Variances are divided by the number of trading days in a month. Then the exposures of TOPIX are
set to those of daily regressions and its residual is scaled to its daily size; every other series follows by its
beta, and what it does beside TOPIX stays as it was. The Nikkei 225 gets its own. Identities between series hold
throughout, because each step is linear in quantities for which they hold.
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
        Residual standard deviations a day.
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


def carry_over(
    base: Model, names: tuple[str, ...], innovations: Floats, returns: Floats, weights: Floats
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
    """
    loadings, rest = _project(base, names)
    common = np.column_stack([base.common, rest]) / np.sqrt(DAYS_PER_MONTH)
    idio_sd, mix = base.idio_sd / np.sqrt(DAYS_PER_MONTH), base.mix.copy()
    picks = [_pick(base, name) for name in OBSERVED]
    found = [_regress(column, innovations, weights) for column in returns.T]
    monthly_sd = [float(np.sqrt(_variance(pick, base.loadings, base.Sigma) + pick @ base.residual_cov @ pick))
                  for pick in picks]  # fmt: skip
    spread = common @ common.T + (mix * idio_sd) @ (mix * idio_sd).T
    exposures = tuple(
        Exposure(
            name,
            pick @ loadings,
            exposure,
            float(np.sqrt(pick @ spread @ pick)),
            sd,
            total / np.sqrt(DAYS_PER_MONTH),
            float(np.sqrt(weights @ column**2 / weights.sum())),
        )
        for name, pick, (exposure, sd), total, column in zip(OBSERVED, picks, found, monthly_sd, returns.T, strict=True)
    )
    market, own = exposures
    loadings = loadings + np.outer(base.beta, market.found - market.carried)
    more = np.outer(base.beta, picks[0]) * (market.found_sd / market.carried_sd - 1.0)
    common, mix = common + more @ common, mix + more @ mix
    row = base.series.index(own.series)
    scale = own.found_sd / np.sqrt(common[row] @ common[row] + ((mix[row] * idio_sd) ** 2).sum())
    loadings[row] = own.found
    common[row] *= scale
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


def _variance(pick: Floats, loadings: Floats, Sigma: Floats) -> float:
    exposure = pick @ loadings
    return float(exposure @ Sigma @ exposure)


def _regress(returns: Floats, innovations: Floats, weights: Floats) -> tuple[Floats, float]:
    """Exposures (n,) by discounted least squares, and the residual standard deviation."""
    x = np.column_stack([np.ones(len(returns)), innovations])
    root = np.sqrt(weights)
    coefficients = np.linalg.lstsq(x * root[:, None], returns * root, rcond=None)[0]
    residual = returns - x @ coefficients
    return np.asarray(coefficients[1:]), float(np.sqrt(weights @ residual**2 / weights.sum()))
