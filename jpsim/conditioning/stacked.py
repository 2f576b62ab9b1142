"""Closed form of linear conditions on stacked shocks: exposures, means and variances of the rows.

With all shocks stacked, a row of conditions is ``mean + sum_t exposure_t z_t``. That is all that
plausibility, feasibility and the conditioning of heavy tails need, and it is the oracle against which
the sequential form is tested (Waggoner and Zha 1999, doi:10.1162/003465399558508).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.sequential import Moments
from jpsim.conditioning.system import System

__all__ = ["StackedRows", "stack_rows", "stacked_moments"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class StackedRows:
    """m linear functions of the path.

    Parameters
    ----------
    mean
        (m,) unconditional means, in model units.
    exposure
        (h, m, n) derivatives with respect to each month's shocks z_t.
    """

    mean: Floats
    exposure: Floats

    @cached_property
    def flat(self) -> Floats:
        """(m, h n) exposures to the stacked shocks."""
        h, m, n = self.exposure.shape
        return np.ascontiguousarray(self.exposure.transpose(1, 0, 2).reshape(m, h * n))

    @cached_property
    def cov(self) -> Floats:
        """(m, m) unconditional covariance of the rows."""
        return self.flat @ self.flat.T


def stack_rows(
    system: System,
    rows: Floats,
    constants: Floats,
    months: npt.NDArray[np.int64],
    firsts: npt.NDArray[np.int64] | None = None,
    news: npt.NDArray[np.bool_] | None = None,
) -> StackedRows:
    """Express rows ``rows[i] @ s_{months[i]} + constants[i]`` in the stacked shocks.

    Parameters
    ----------
    system
        The recursion.
    rows, constants
        (m, d) and (m,).
    months, firsts
        (m,) months 1 to h, and the months from which a row is the average of the months' ends; the same if None.
    news
        (m,) whether a row speaks of its month's innovation alone; none if None.
    """
    firsts = months if firsts is None else firsts
    exposure = np.zeros((system.horizon, rows.shape[0], system.impact.shape[2]))
    carried = np.zeros_like(rows)
    mean = constants.astype(np.float64)
    for step in range(system.horizon - 1, -1, -1):
        due = (firsts <= step + 1) & (step + 1 <= months)
        carried = carried + np.where(due[:, None], rows / (months - firsts + 1)[:, None], 0.0)
        exposure[step] = carried @ system.impact[step]
        if news is not None:
            carried[news] = 0.0
        mean = mean + carried @ system.offset[step]
        carried = carried @ system.transition[step]
    return StackedRows(mean + carried @ system.start, exposure)


def stacked_moments(system: System, mean_shocks: Floats, shock_cov: Floats) -> Moments:
    """Means and covariances of the state, month by month, for any law of the stacked shocks.

    Parameters
    ----------
    system
        The unconditional recursion.
    mean_shocks, shock_cov
        (h, n) and (h n, h n).
    """
    h, d = system.offset.shape
    n = system.impact.shape[2]
    state, mean, means, covs = np.zeros((d, h * n)), system.start, [], []
    for t in range(h):
        state = system.transition[t] @ state
        state[:, t * n : (t + 1) * n] += system.impact[t]
        mean = system.offset[t] + system.transition[t] @ mean + system.impact[t] @ mean_shocks[t]
        means.append(mean)
        covs.append(state @ shock_cov @ state.T)
    return Moments(np.array(means), np.array(covs))
