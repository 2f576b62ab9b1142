"""Discrete laws of several quantities: stated probabilities, the model's dependence.

The joint law on the grid of all stated values starts from the model's density there and is fitted to
the stated probabilities by iterative proportional fitting, which is the law of least relative entropy
with those margins (Deming and Stephan 1940, doi:10.1214/aoms/1177731829; Csiszar 1975).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np
import numpy.typing as npt

from jpsim.errors import InputError

__all__ = ["Grid", "fit_grid"]

Floats = npt.NDArray[np.float64]
Table = tuple[tuple[float, float], ...]

_LARGEST = 20_000
_ROUNDS = 1000
_CLOSE = 1e-13


@dataclass(frozen=True, eq=False)
class Grid:
    """A joint law on K points.

    Parameters
    ----------
    points
        (a, K) values, as deviations from the stated means.
    probabilities
        (K,) they sum to 1.
    """

    points: Floats
    probabilities: Floats

    @property
    def cov(self) -> Floats:
        """(a, a) covariance; the means are zero."""
        cov: Floats = (self.points * self.probabilities) @ self.points.T
        return cov

    def draw(self, uniforms: Floats) -> Floats:
        """Turn (count,) uniforms into points (a, count)."""
        place = np.searchsorted(np.cumsum(self.probabilities)[:-1], uniforms, side="right")
        drawn: Floats = self.points[:, place]
        return drawn

    def log_probability(self, values: Floats) -> Floats:
        """Log probability of each of (a, count) drawn values."""
        distance = np.abs(values[:, :, None] - self.points[:, None, :]).sum(axis=0)
        log: Floats = np.log(self.probabilities[np.argmin(distance, axis=1)])
        return log

    def moments(self, values: Floats) -> Floats:
        """Indicators of each stated value less its probability, (k, count): zero in mean if the margins hold."""
        rows = []
        for axis, own in enumerate(self.points):
            for level in np.unique(own)[1:]:
                probability = float(self.probabilities[own == level].sum())
                rows.append((np.abs(values[axis] - level) < 1e-9) - probability)
        return np.array(rows, dtype=np.float64).reshape(-1, values.shape[1])


def fit_grid(gap: Floats, cov: Floats, means: Floats, tables: Sequence[Table]) -> Grid:
    """Fit the joint law of several tables.

    Parameters
    ----------
    gap, cov
        (a,) stated means less the model's, and (a, a) covariance of the model.
    means
        (a,) stated means, from which the points are measured.
    tables
        For each quantity its values and their probabilities.

    Raises
    ------
    InputError
        If the tables have more than 20,000 combinations.
    """
    if prod(map(len, tables)) > _LARGEST:
        raise InputError(f"the tables of probabilities have more than {_LARGEST:,} combinations; state fewer values")
    kept = [[(value, share) for value, share in table if share > 0.0] for table in tables]
    points = np.array(list(product(*([value for value, _ in table] for table in kept)))).T - means[:, None]
    apart = points + gap[:, None]
    log = -0.5 * (apart * np.linalg.solve(cov, apart)).sum(axis=0)
    probabilities = np.exp(log - log.max()) + 1e-300
    for _ in range(_ROUNDS):
        before = probabilities.copy()
        for axis, table in enumerate(kept):
            for value, share in table:
                own = points[axis] == value - means[axis]
                probabilities[own] *= share / probabilities[own].sum()
        if np.max(np.abs(probabilities - before)) < _CLOSE:
            break
    return Grid(points, probabilities / probabilities.sum())
