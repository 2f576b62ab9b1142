"""Diagnostics of a calibration: convergence of the sampler, stability, and what the innovations still hold.

References
----------
Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), doi:10.1214/20-BA1221. Geyer (1992),
doi:10.1214/ss/1177011137. Ljung and Box (1978), doi:10.1093/biomet/65.2.297.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2, kurtosis, norm, rankdata, skew

from jpsim.calibration.markdown import table
from jpsim.calibration.steady_state import Draws, companion

__all__ = ["InnovationTests", "Mixing", "diagnostics_chapter", "effective_draws", "ljung_box", "split_r_hat"]

Floats = npt.NDArray[np.float64]

LAGS = 12
_WHOLE = 1.05  # largest R-hat and
_ENOUGH = 100.0  # fewest effective draws that raise no doubt


@dataclass(frozen=True)
class Mixing:
    """How well the chain mixed in a block of parameters.

    `r_hat` is the largest and `effective` the fewest effective draws, `typical` their median, and `doubtful` the
    number of parameters that are doubtful by either.
    """

    block: str
    parameters: int
    r_hat: float
    effective: float
    typical: float
    doubtful: int


@dataclass(frozen=True)
class InnovationTests:
    """P-values of Ljung and Box over `LAGS` months for a factor's innovations and their squares, and moments."""

    factor: str
    months: int
    autocorrelation: float
    squares: float
    skewness: float
    kurtosis: float


def split_r_hat(draws: Floats) -> Floats:
    """Rank-normalised split R-hat (m,) of one chain of (D, m) draws: its halves against each other."""
    half = len(draws) // 2
    scores = norm.ppf((rankdata(draws[: 2 * half], axis=0) - 0.375) / (2 * half + 0.25))
    halves = np.stack([scores[:half], scores[half:]])
    within = halves.var(axis=1, ddof=1).mean(axis=0)
    between = half * halves.mean(axis=1).var(axis=0, ddof=1)
    return np.asarray(np.sqrt((half - 1.0) / half + between / (half * within)))


def effective_draws(draws: Floats) -> Floats:
    """Number of independent draws (m,) that the mean of (D, m) chained ones is worth, by Geyer's monotone sequence."""
    count = len(draws)
    centred = draws - draws.mean(axis=0)
    spectrum = np.abs(np.fft.rfft(centred, 2 * count, axis=0)) ** 2
    covariance = np.fft.irfft(spectrum, axis=0)[:count] / count
    correlation = covariance / covariance[0]
    pairs = correlation[0 : count - count % 2 : 2] + correlation[1::2]
    positive = np.cumprod(pairs > 0.0, axis=0) > 0
    sums = np.where(positive, np.minimum.accumulate(pairs, axis=0), 0.0).sum(axis=0)
    return np.asarray(count / np.maximum(2.0 * sums - 1.0, 1.0 / np.log10(count)))


def ljung_box(x: Floats, lags: int = LAGS) -> float:
    """P-value of no autocorrelation up to some lag in (T,) months."""
    centred, months = x - x.mean(), len(x)
    correlation = np.array([centred[lag:] @ centred[:-lag] for lag in range(1, lags + 1)]) / (centred @ centred)
    statistic = months * (months + 2.0) * (correlation**2 / (months - np.arange(1, lags + 1))).sum()
    return float(chi2.sf(statistic, lags))


def diagnostics_chapter(names: Sequence[str], draws: Draws, B: Floats, innovations: Floats, observed: Floats) -> str:
    """Write the card's chapter on diagnostics.

    Parameters
    ----------
    names
        Ids of the n factors.
    draws
        Kept draws of the sampler.
    B
        (p, n, n) lag matrices of the point.
    innovations, observed
        (T, n) innovations of the point, and the observations they belong to, NaN where they were filled in.
    """
    seen = np.where(np.isfinite(observed), innovations, np.nan)
    tests = [_tests(name, column[np.isfinite(column)]) for name, column in zip(names, seen.T, strict=True)]
    mixing = _mixing(draws)
    low, high = np.quantile([_largest_root(each) for each in draws.B], [0.05, 0.95])
    doubtful = [row.block for row in mixing if row.doubtful]
    verdict = f"Doubtful by its worst parameter: {', '.join(doubtful)}" if doubtful else "No parameter is doubtful"
    return f"""\
## Diagnostics / 診断

{len(draws.B)} kept draws of one chain. R-hat compares its halves by ranks (1 is best, above {_WHOLE:g} is doubtful); \
effective draws are what the mean of the draws is worth, fewer than {_ENOUGH:g} doubtful. {verdict}. The largest root \
of the point is {_largest_root(B):.3f}, of the draws {low:.3f} to {high:.3f} (5 to 95%), all below 1 by construction.

{_mixing_table(mixing)}
Innovations of the point, every month counted once though the estimation discounts old ones: p-values of Ljung and Box \
over {LAGS} months, of the innovations and of their squares. Small p for squares is volatility that moves, which the \
tails carry; small p for the innovations are lags that the prior shrinks away.

{_test_table(tests)}"""


def _mixing(draws: Draws) -> list[Mixing]:
    n = len(draws.psi[0])
    lower = np.tril_indices(n)
    blocks = {
        "lag coefficients": draws.B.reshape(len(draws.B), -1),
        "long-run means": draws.psi,
        "covariance": draws.Sigma[:, *lower],
    }
    return [_block(name, part) for name, part in blocks.items()]


def _block(name: str, draws: Floats) -> Mixing:
    r_hat, effective = split_r_hat(draws), effective_draws(draws)
    doubtful = int(((r_hat > _WHOLE) | (effective < _ENOUGH)).sum())
    typical = float(np.median(effective))
    return Mixing(name, draws.shape[1], float(r_hat.max()), float(effective.min()), typical, doubtful)


def _tests(name: str, x: Floats) -> InnovationTests:
    return InnovationTests(name, len(x), ljung_box(x), ljung_box(x**2), float(skew(x)), float(kurtosis(x)))


def _largest_root(B: Floats) -> float:
    return float(np.abs(np.linalg.eigvals(companion(B))).max())


def _mixing_table(rows: Sequence[Mixing]) -> str:
    body = (
        (
            row.block,
            str(row.parameters),
            f"{row.r_hat:.3f}",
            f"{row.effective:.0f}",
            f"{row.typical:.0f}",
            str(row.doubtful),
        )
        for row in rows
    )
    return table(("block", "parameters", "largest R-hat", "fewest effective draws", "median", "doubtful"), body)


def _test_table(rows: Sequence[InnovationTests]) -> str:
    body = (
        (
            row.factor,
            str(row.months),
            f"{row.autocorrelation:.3f}",
            f"{row.squares:.3f}",
            f"{row.skewness:+.2f}",
            f"{row.kurtosis:+.2f}",
        )
        for row in rows
    )
    return table(("factor", "months", "p, innovations", "p, squares", "skewness", "excess kurtosis"), body)
