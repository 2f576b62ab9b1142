"""Discrete laws of several quantities: stated probabilities, the model's dependence.

On the grid of all stated values the joint law starts from the model's density and is fitted to the
stated probabilities by iterative proportional fitting, which is the law of least relative entropy with
those margins (Deming and Stephan 1940, doi:10.1214/aoms/1177731829; Csiszar 1975). Beside quantities
whose margins are stated as normal, the points' probabilities depend on these: the density of least
relative entropy is the model's times one function of each quantity alone, so that a point's log
probability given the others is linear in them, with the model's own slopes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod

import numpy as np
import numpy.typing as npt

from jpsim.errors import InputError
from jpsim.special import log_sum_exp, normal_quantile

__all__ = ["Grid", "fit_grid"]

Floats = npt.NDArray[np.float64]
Table = Sequence[tuple[float, float]]

_LARGEST = 20_000
_LARGEST_BESIDE = 500  # points where their probabilities depend on other quantities
_ROUNDS = 1000
_CLOSE = 1e-13
_LINE = np.linspace(-8.5, 8.5, 1201)  # nodes of the trapezoidal rule in one dimension
_LATTICE = 8191  # nodes of the lattice rule in several
_CHUNK = 4_000_000  # numbers held at once


@dataclass(frozen=True, eq=False)
class Grid:
    """A joint law on K points of a quantities, given b quantities with normal margins.

    Parameters
    ----------
    points
        (a, K) values, as deviations from the stated means.
    level, slope
        (K,) and (K, b): the log probability of a point given deviations x is ``level + slope x``, up to
        what makes them sum to 1.
    probabilities
        (K,) probabilities over all x; they sum to 1.
    cross
        (b, a) covariances of the normal quantities with the discrete ones.
    """

    points: Floats
    level: Floats
    slope: Floats
    probabilities: Floats
    cross: Floats

    @property
    def cov(self) -> Floats:
        """(a, a) covariance; the means are zero."""
        cov: Floats = (self.points * self.probabilities) @ self.points.T
        return cov

    def draw(self, uniforms: Floats, given: Floats) -> Floats:
        """Turn (count,) uniforms into points (a, count), given (b, count) deviations of the others."""
        if not given.shape[0]:
            place = np.searchsorted(np.cumsum(self.probabilities)[:-1], uniforms, side="right")
            return np.asarray(self.points[:, place])
        place = np.empty(uniforms.size, dtype=np.int64)
        for chunk in self._chunks(uniforms.size):
            below = np.cumsum(np.exp(self._log_given(given[:, chunk])), axis=0)[:-1]
            place[chunk] = (uniforms[chunk] > below).sum(axis=0)
        return np.asarray(self.points[:, place])

    def log_probability(self, values: Floats, given: Floats) -> Floats:
        """Log probability of each of (a, count) drawn values, given (b, count) deviations of the others."""
        place = self._places(values)
        if not given.shape[0]:
            return np.asarray(np.log(self.probabilities)[place])
        out = np.empty(place.size)
        for chunk in self._chunks(place.size):
            log = self._log_given(given[:, chunk])
            out[chunk] = log[place[chunk], np.arange(log.shape[1])]
        return out

    def log_total(self, given: Floats) -> Floats:
        """Log of the sum over all points of ``exp(level + slope x)`` at (b, count) deviations x."""
        out = np.empty(given.shape[1])
        for chunk in self._chunks(out.size):
            out[chunk] = log_sum_exp(self.level[:, None] + self.slope @ given[:, chunk], axis=0)
        return out

    def moments(self, values: Floats) -> Floats:
        """Indicators of each stated value less its probability, (k, count): zero in mean if the margins hold."""
        rows = []
        for axis, own in enumerate(self.points):
            for level in np.unique(own)[1:]:
                probability = float(self.probabilities[own == level].sum())
                rows.append((np.abs(values[axis] - level) < 1e-9) - probability)
        return np.array(rows, dtype=np.float64).reshape(-1, values.shape[1])

    @cached_property
    def _strides(self) -> list[tuple[Floats, int]]:
        """Sorted values of each quantity and the number of points between two of its values."""
        levels = [np.unique(own) for own in self.points]
        sizes = [level.size for level in levels]
        return [(level, prod(sizes[i + 1 :])) for i, level in enumerate(levels)]

    def _places(self, values: Floats) -> npt.NDArray[np.int64]:
        """Position of the point nearest to each of (a, count) values; points are in the order of their product."""
        place = np.zeros(values.shape[1], dtype=np.int64)
        for own, (level, stride) in zip(values, self._strides, strict=True):
            place += stride * np.searchsorted(0.5 * (level[1:] + level[:-1]), own)
        return place

    def _log_given(self, given: Floats) -> Floats:
        log: Floats = self.level[:, None] + self.slope @ given
        return np.asarray(log - log_sum_exp(log, axis=0))

    def _chunks(self, count: int) -> list[slice]:
        step = max(1, _CHUNK // self.level.size)
        return [slice(first, first + step) for first in range(0, count, step)]


def fit_grid(cov: Floats, means: Floats, tables: Sequence[Table]) -> Grid:
    """Fit the joint law of several tables, given the quantities with normal margins before them.

    Parameters
    ----------
    cov
        (b + a, b + a) covariance of b normal quantities and the a quantities of the tables; only the part
        of its inverse off the diagonal matters for the dependence.
    means
        (a,) stated means of the tables, from which the points are measured.
    tables
        For each quantity its values and their probabilities.

    Raises
    ------
    InputError
        If the tables have more than 20,000 combinations, or more than 500 beside normal margins.
    """
    beside = cov.shape[0] - means.size
    most = _LARGEST_BESIDE if beside else _LARGEST
    kept = [sorted((value - mean, share) for value, share in table if share > 0.0)
            for table, mean in zip(tables, means, strict=True)]  # fmt: skip
    if prod(map(len, kept)) > most:
        where = " beside conditions of kind marginal" if beside else ""
        raise InputError(f"the tables of probabilities have more than {most:,} combinations{where}; state fewer values")
    points = np.array(list(product(*([value for value, _ in table] for table in kept)))).T.reshape(means.size, -1)
    precision = np.linalg.inv(cov)
    level = -0.5 * (points * (precision[beside:, beside:] @ points)).sum(axis=0)
    slope = -points.T @ precision[beside:, :beside]
    nodes, share = _nodes(cov[:beside, :beside], slope)
    level, probabilities, chance = _fit_levels(points, level, slope @ nodes, np.log(share), kept)
    return Grid(points, level, slope, probabilities, (nodes * share) @ chance.T @ points.T)


def _fit_levels(
    points: Floats, level: Floats, index: Floats, log_share: Floats, tables: Sequence[Table]
) -> tuple[Floats, Floats, Floats]:
    """Move the levels until the stated probabilities hold; levels, probabilities (K,) and (K, nodes) given nodes."""
    own = [[points[axis] == value for value, _ in table] for axis, table in enumerate(tables)]
    for _ in range(_ROUNDS):
        before = level
        for table, members in zip(tables, own, strict=True):
            log = level[:, None] + index
            joint = log_sum_exp(log - log_sum_exp(log, axis=0) + log_share, axis=1)
            level = level.copy()
            for (_, wanted), member in zip(table, members, strict=True):
                level[member] += np.log(wanted) - log_sum_exp(joint[member])
        if np.max(np.abs(level - before)) < _CLOSE:
            break
    log = level[:, None] + index
    chance = np.exp(log - log_sum_exp(log, axis=0))
    probabilities = chance @ np.exp(log_share)
    return level - log_sum_exp(level), probabilities / probabilities.sum(), chance


def _nodes(cov: Floats, slope: Floats) -> tuple[Floats, Floats]:
    """Nodes (b, N) and weights (N,) for expectations of functions of ``slope x``, ``x ~ N(0, cov)``."""
    if not cov.size:
        return np.zeros((0, 1)), np.ones(1)
    root = np.linalg.cholesky(cov)
    _, size, directions = np.linalg.svd(slope @ root, full_matrices=False)
    directions = directions[size > 1e-9 * max(float(size[0]), 1e-300)][: slope.shape[0]]
    if directions.shape[0] <= 1:
        z, weight = _LINE[None], np.exp(-0.5 * _LINE**2)
    else:
        step = np.sqrt(np.array([2.0, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37])[: directions.shape[0]])
        z = normal_quantile((np.arange(1, _LATTICE + 1) * step[:, None]) % 1.0)
        weight = np.ones(_LATTICE)
    return root @ directions[: z.shape[0]].T @ z, weight / weight.sum()
