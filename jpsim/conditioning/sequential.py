"""A VAR under linear conditions is again a VAR, with coefficients that vary over time.

Going back from the horizon, the requirements of the future are carried as linear functions of the
current state; going forward, each month's shocks are steered just enough to meet them (the h-transform
of Doob). The square root of each month's conditional covariance is the symmetric one, so that two
scenarios that share their standard normals stay close path by path: a triangular or null-space factor
has the same law but rotates the draws.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.system import System

__all__ = ["ConditionalSystem", "Moments", "condition_system"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ConditionalSystem:
    """``s_t = offset_t + transition_t s_{t-1} + impact_t z_t + gain_t g`` given the conditions.

    Parameters
    ----------
    start
        (d,) state at month 0.
    offset, transition, impact
        (h, d), (h, d, d), (h, d, n).
    gain
        (h, d, q) response to the deviations g of q rows' values from the ones conditioned on.
    """

    start: Floats
    offset: Floats
    transition: Floats
    impact: Floats
    gain: Floats

    def moments(self, spread: Floats) -> Moments:
        """Means and covariances of the state when the deviations g have mean 0 and covariance `spread`."""
        size, rows = self.start.size, spread.shape[0]
        mean, cov, cross = self.start, np.zeros((size, size)), np.zeros((size, rows))
        means, covs = [], []
        for offset, move, impact, gain in zip(self.offset, self.transition, self.impact, self.gain, strict=True):
            mean = offset + move @ mean
            joint = move @ cross @ gain.T
            cov = move @ cov @ move.T + impact @ impact.T + gain @ spread @ gain.T + joint + joint.T
            cross = move @ cross + gain @ spread
            means.append(mean)
            covs.append(cov)
        return Moments(np.array(means), np.array(covs))


@dataclass(frozen=True, eq=False)
class Moments:
    """Means (h, d) and covariances (h, d, d) of the state, month by month."""

    mean: Floats
    cov: Floats


def condition_system(
    system: System,
    rows: Floats,
    months: npt.NDArray[np.int64],
    values: Floats,
    noise: Floats,
    free: list[int],
    news: npt.NDArray[np.bool_] | None = None,
) -> ConditionalSystem:
    """Condition a system on ``rows[i] @ s_{months[i]} + e_i = values[i]``, ``e_i ~ N(0, noise[i])``.

    Parameters
    ----------
    system
        The unconditional recursion.
    rows, months, values, noise
        (m, d), (m,), (m,), (m,); noise 0 is a hard condition. Rows must be linearly independent.
    free
        Positions of the q rows whose values are drawn path by path; the gain has a column for each.
    news
        (m,) whether a row speaks of its month's innovation alone, ``rows[i] @ impact z``; none if None.
    """
    h, d = system.offset.shape
    n, q = system.impact.shape[2], len(free)
    selector = np.zeros((rows.shape[0], q))
    selector[free, np.arange(q)] = 1.0
    fresh = np.zeros(months.size, dtype=bool) if news is None else news
    offset, move = system.offset.copy(), system.transition.copy()
    impact, gain = system.impact.copy(), np.zeros((h, d, q))
    ahead = _Requirements(np.zeros((0, d)), np.zeros(0), np.zeros((0, q)), np.zeros((0, 0)))
    for step in range(h - 1, -1, -1):
        due = months == step + 1
        ahead = ahead.joined(rows[due], values[due], selector[due], noise[due])
        if not ahead.value.size:
            continue
        shock = system.impact[step]
        reach = ahead.row @ shock
        variance = reach @ reach.T + ahead.noise
        given = np.linalg.solve(variance, reach)
        steer = shock @ given.T
        past = ahead.row.copy()
        past[np.flatnonzero(fresh[due])] = 0.0
        miss = ahead.value - past @ system.offset[step]
        offset[step] += steer @ miss
        move[step] -= steer @ past @ system.transition[step]
        gain[step] = steer @ ahead.response
        impact[step] = shock @ _symmetric_root(np.eye(n) - reach.T @ given)
        ahead = _Requirements(past @ system.transition[step], miss, ahead.response, variance)
    return ConditionalSystem(system.start, offset, move, impact, gain)


@dataclass(frozen=True, eq=False)
class _Requirements:
    """What the future asks of the state: ``row @ s + e = value + response g``, ``e ~ N(0, noise)``."""

    row: Floats
    value: Floats
    response: Floats
    noise: Floats

    def joined(self, row: Floats, value: Floats, response: Floats, noise: Floats) -> _Requirements:
        if not value.size:
            return self
        size, old = value.size, self.value.size
        both = np.zeros((size + old, size + old))
        both[:size, :size] = np.diag(noise)
        both[size:, size:] = self.noise
        return _Requirements(
            np.vstack([row, self.row]),
            np.concatenate([value, self.value]),
            np.vstack([response, self.response]),
            both,
        )


def _symmetric_root(matrix: Floats) -> Floats:
    """Symmetric square root of a positive semi-definite matrix; a projector is its own root."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2.0)
    root: Floats = (vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T
    return root
