"""Tests of forecasts: coverage, independence, expected shortfall, the whole law, and equal accuracy of two.

References
----------
Kupiec (1995), doi:10.3905/jod.1995.407942. Christoffersen (1998), doi:10.2307/2527341. Acerbi and Szekely
(2014), Risk 27(11), 76-81. Diebold and Mariano (1995), doi:10.1080/07350015.1995.10524599. Newey and West
(1987), doi:10.2307/1913610. Harvey, Leybourne and Newbold (1997), doi:10.1016/S0169-2070(96)00719-4. Berkowitz
(2001), doi:10.1198/07350010152596718.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import xlogy
from scipy.stats import chi2, norm
from scipy.stats import t as student

__all__ = ["Verdict", "acerbi_szekely", "berkowitz", "christoffersen", "diebold_mariano", "kupiec"]

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A test's statistic and p-value; both NaN where there is nothing to test."""

    statistic: float
    p: float


_NOTHING = Verdict(float("nan"), float("nan"))


def kupiec(hits: Booleans, level: float) -> Verdict:
    """Likelihood ratio of the frequency of hits against `level`; chi-square with one degree of freedom."""
    if not len(hits):
        return _NOTHING
    statistic = 2.0 * (_bernoulli(hits.sum(), len(hits), hits.mean()) - _bernoulli(hits.sum(), len(hits), level))
    return Verdict(float(statistic), float(chi2.sf(statistic, 1)))


def christoffersen(hits: Booleans, level: float) -> Verdict:
    """Likelihood ratio of conditional coverage: frequency and independence together; chi-square, two degrees."""
    if len(hits) < 2:
        return _NOTHING
    before, after = hits[:-1], hits[1:]
    free = sum(_bernoulli(after[before == state].sum(), (before == state).sum(), None) for state in (False, True))
    bound = _bernoulli(after.sum(), len(after), level)
    statistic = max(2.0 * (free - bound), 0.0)
    return Verdict(float(statistic), float(chi2.sf(statistic, 2)))


def acerbi_szekely(y: Floats, tail: Floats, level: float, draws: int, rng: np.random.Generator) -> Verdict:
    """Second test of expected shortfall; negative where losses beyond value at risk are larger or more frequent.

    Parameters
    ----------
    y
        (T,) outcomes, gains positive.
    tail
        (T, J) forecast quantiles at levels ``(j - 1/2) / J * level``, the lower tail cut into J equal parts.
    level
        Probability of the tail.
    draws, rng
        Histories drawn under the forecasts for the p-value, and their randomness.
    """
    if not len(y):
        return _NOTHING
    shortfall = -tail.mean(axis=1)
    threshold = tail[:, -1] + 0.5 * (tail[:, -1] - tail[:, -2])
    weight = 1.0 / (len(y) * level * shortfall)
    statistic = float((weight * y * (y < threshold)).sum() + 1.0)
    inside = rng.random((draws, len(y))) < level
    chosen = rng.integers(tail.shape[1], size=(draws, len(y)))
    under = (weight * np.where(inside, tail[np.arange(len(y)), chosen], 0.0)).sum(axis=1) + 1.0
    return Verdict(statistic, float((1.0 + (under <= statistic).sum()) / (draws + 1.0)))


def berkowitz(pits: Floats) -> Verdict:
    """Likelihood ratio of a Gaussian first-order autoregression against independent standard normal scores.

    Parameters
    ----------
    pits
        (T,) probabilities that forecasts one step ahead gave to less than what came. Their normal scores are
        independent and standard normal under the forecasts: mean, variance and first autocorrelation are tested
        together, chi-square with three degrees of freedom, given the first score.
    """
    if len(pits) < 8:
        return _NOTHING
    z = norm.ppf(np.clip(pits, 1e-6, 1.0 - 1e-6))
    left, before = z[1:], np.column_stack([np.ones(len(z) - 1), z[:-1]])
    residual = left - before @ np.linalg.lstsq(before, left, rcond=None)[0]
    variance = residual @ residual / len(left)
    statistic = left @ left - len(left) * (np.log(variance) + 1.0)
    return Verdict(float(statistic), float(chi2.sf(statistic, 3)))


def diebold_mariano(difference: Floats, horizon: int) -> Verdict:
    """Test whether the mean of a difference of scores is zero, two-sided.

    Parameters
    ----------
    difference
        (T,) first forecaster's score less the second's, at evenly spaced origins.
    horizon
        Steps between origins that a forecast reaches ahead, h: errors overlap, so that the variance counts h - 1
        lags with Bartlett weights, and the statistic is corrected for a small sample as Harvey, Leybourne and
        Newbold say.
    """
    months = len(difference)
    if months <= horizon + 1:
        return _NOTHING
    centred = difference - difference.mean()
    variance = centred @ centred / months
    for lag in range(1, horizon):
        variance += 2.0 * (1.0 - lag / horizon) * (centred[lag:] @ centred[:-lag]) / months
    if variance <= 0.0:
        return _NOTHING
    correction = (months + 1 - 2 * horizon + horizon * (horizon - 1) / months) / months
    statistic = float(difference.mean() / np.sqrt(variance / months) * np.sqrt(max(correction, 0.0)))
    return Verdict(statistic, float(2.0 * student.sf(abs(statistic), months - 1)))


def _bernoulli(hits: int, count: int, rate: float | None) -> float:
    """Log likelihood of so many hits at a rate; at the observed one if None."""
    if not count:
        return 0.0
    share = hits / count if rate is None else rate
    return float(xlogy(hits, share) + xlogy(count - hits, 1.0 - share))
