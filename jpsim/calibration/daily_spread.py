"""How far a daily model spreads over days and a month, beside overlapping windows of the data.

A random walk grows with the square root of time. Daily closes of equities have tended to come back within weeks,
which a model without lagged equity returns does not know: its monthly spread is then the larger one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpsim.calibration.daily_sample import OBSERVED, DailySample
from jpsim.model.core import Model

__all__ = ["WINDOWS", "Spread", "compare_spreads"]

Floats = npt.NDArray[np.float64]

WINDOWS = (1, 10, 21)
"""Trading days."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Standard deviation of a change over some days, in percentage points for rates and percent elsewhere."""

    name: str
    days: int
    model: float
    data: float


def compare_spreads(model: Model, sample: DailySample, weights: Floats) -> tuple[Spread, ...]:
    """Compare every factor and observed series over each of `WINDOWS`.

    Parameters
    ----------
    model
        The daily model; its closed form at mean volatility, sums of daily returns standing for compound ones.
    sample
        What it was estimated on.
    weights
        (T,) discounts of the days; a window counts with its last day.
    """
    changes = np.column_stack([_changes(model, sample), 100.0 * sample.returns])
    rows = []
    for days in WINDOWS:
        own = np.concatenate([_factor_sd(model, days), _series_sd(model, days)])
        data = _overlapping_sd(changes, days, weights)
        names = (*model.factors, *OBSERVED)
        rows += [Spread(name, days, float(own[i]), float(data[i])) for i, name in enumerate(names)]
    return tuple(sorted(rows, key=lambda row: names.index(row.name)))


def _changes(model: Model, sample: DailySample) -> Floats:
    """(T, n) daily changes of the factors, zero on the first day for those observed as levels."""
    moved = np.diff(sample.y, axis=0, prepend=sample.y[:1])
    return np.where(model.in_differences, sample.y, moved)


def _factor_sd(model: Model, days: int) -> Floats:
    """(n,) standard deviations of the factors' changes over some days."""
    n, B = len(model.factors), model.B[0]
    response, summed, cov = np.eye(n), np.zeros((n, n)), np.zeros((n, n))
    for _ in range(days):
        summed = summed + response
        effect = np.where(model.in_differences[:, None], summed, response)
        cov = cov + effect @ model.Sigma @ effect.T
        response = B @ response
    return np.sqrt(np.diag(cov))


def _series_sd(model: Model, days: int) -> Floats:
    """(2,) standard deviations of the observed series' returns, in percent."""
    cov = model.loadings @ model.Sigma @ model.loadings.T + model.residual_cov
    picked = np.vstack([np.eye(len(model.series)), model.aggregation])
    rows = picked[_places((*model.series, *model.aggregates))]
    return np.asarray(100.0 * np.sqrt(days * np.einsum("rs,st,rt->r", rows, cov, rows)))


def _places(names: Sequence[str]) -> list[int]:
    return [names.index(name) for name in OBSERVED]


def _overlapping_sd(changes: Floats, days: int, weights: Floats) -> Floats:
    """Discounted standard deviations of sums over overlapping windows."""
    total = np.concatenate([np.zeros((1, changes.shape[1])), np.cumsum(changes, axis=0)])
    windows, share = total[days:] - total[:-days], weights[days - 1 :] / weights[days - 1 :].sum()
    return np.asarray(np.sqrt(share @ (windows - share @ windows) ** 2))
