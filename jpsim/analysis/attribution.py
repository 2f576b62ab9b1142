"""Why the mean of a series differs between two scenarios, by factor and impulse channel.

Monthly means are linear in the factors' mean innovations and in the premium shift; telescoping over
the months turns their differences into exact contributions to the difference of compound returns.
What compounding adds through covariances between months stands on its own (driver ``compounding``),
and what the closed form leaves of the sampled difference is ``monte_carlo``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.compounding import expected_growth
from jpsim.conditioning.conditional import Conditional

__all__ = ["DRIVERS_BESIDE_FACTORS", "Explained", "attribute_means"]

Floats = npt.NDArray[np.float64]

DRIVERS_BESIDE_FACTORS = ("equity_premium", "compounding", "monte_carlo")


@dataclass(frozen=True, eq=False)
class Explained:
    """A scenario's conditional law and its (h,) premium shift: all that its mean returns depend on."""

    conditional: Conditional
    shift: Floats


def attribute_means(reference: Explained, scenario: Explained, sampled: Floats, rows: list[int]) -> Floats:
    """Decompose the differences of mean cumulative returns.

    Parameters
    ----------
    reference, scenario
        The two laws, on the same model.
    sampled
        (R, h) differences of the sampled means of R series.
    rows
        Their positions among the S base series and G aggregates.

    Returns
    -------
    (n + 3, R, h) contributions of the n factors and then of `DRIVERS_BESIDE_FACTORS`; they sum over
    the drivers to `sampled`.
    """
    model = scenario.conditional.system.model
    picked = np.vstack([np.eye(len(model.series)), model.aggregation])[rows]
    loadings, drift, beta = picked @ model.loadings, picked @ model.alpha, picked @ model.beta
    premium_0, moved_0 = np.outer(reference.shift, beta), reference.conditional.mean_innovations
    premium_1, moved_1 = np.outer(scenario.shift, beta), scenario.conditional.mean_innovations
    mean_0 = drift + premium_0 + moved_0 @ loadings.T
    mean_1 = drift + premium_1 + moved_1 @ loadings.T
    by_factor = (moved_1 - moved_0).T[:, :, None] * loadings.T[:, None, :]
    monthly = np.concatenate([by_factor, (premium_1 - premium_0)[None]])
    linked = _link(monthly, mean_0, mean_1)
    compounded = _compounded(scenario, loadings, mean_1) - _compounded(reference, loadings, mean_0)
    plain = (np.cumprod(1.0 + mean_1, axis=0) - np.cumprod(1.0 + mean_0, axis=0)).T
    rest = compounded - plain
    return np.concatenate([linked, rest[None], (sampled - linked.sum(axis=0) - rest)[None]])


def _link(monthly: Floats, mean_0: Floats, mean_1: Floats) -> Floats:
    """Carry (D, h, R) monthly contributions into (D, R, h) contributions to the compound difference.

    ``prod(1 + a) - prod(1 + b)`` telescopes: month t's difference is compounded with the scenario's
    months before it and the reference's months after it.
    """
    drivers, months, rows = monthly.shape
    linked = np.zeros((drivers, rows, months))
    total = np.zeros((drivers, rows))
    before = np.ones(rows)
    for t in range(months):
        total = total * (1.0 + mean_0[t]) + monthly[:, t] * before
        before = before * (1.0 + mean_1[t])
        linked[:, :, t] = total
    return linked


def _compounded(side: Explained, loadings: Floats, mean: Floats) -> Floats:
    """(R, h) expected growth from month 0, covariances between months included."""
    return expected_growth(mean.T, side.conditional.innovation_cov(loadings))
