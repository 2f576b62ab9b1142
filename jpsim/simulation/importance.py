"""Importance weights of conditioned paths.

Under Student-t months the conditions say something about the months' scales, so paths whose scales
suit the conditions weigh more: ``N(c; 0, V_s)``, the density of the required values given the scales.
Leaving the weights out is wrong without a warning: tails come out too thin. Where values are drawn
from a stated law (marginal rows), the weight is divided by the model's own density of those values,
so that the stated law stays as it is; where they come from a truncated normal (ranges), by the
density that they were drawn from.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline
from scipy.special import gammaincinv, logsumexp

from jpsim.conditioning.conditional import Conditional

__all__ = ["effective_size", "log_normaliser", "log_proposal", "normalise"]

Floats = npt.NDArray[np.float64]

_GRID = 257
_REACH = 9.0  # the grid of one soft row reaches this many standard deviations of its stated law


def normalise(log_weights: Floats) -> Floats:
    """Turn log weights into weights whose mean is 1."""
    weights: Floats = np.exp(log_weights - logsumexp(log_weights)) * log_weights.size
    return weights


def effective_size(weights: Floats) -> float:
    """Return ``(sum w)**2 / sum w**2`` (Kong 1992)."""
    return float(weights.sum() ** 2 / (weights @ weights))


def log_normaliser(conditional: Conditional, uniforms: Floats, targets: Floats) -> Floats:
    """Log density, under Student-t months, of the values drawn for the marginal rows.

    Parameters
    ----------
    conditional
        The factors' law; its soft rows are all marginal.
    uniforms
        (K, h) pilot uniforms from which the months' scales are made.
    targets
        (q, count) deviations of the values from their centres.

    Returns
    -------
    (count,) log of the average over the pilots of the normal density of all rows at these values.
    """
    pilots = _Pilots(conditional, uniforms)
    if targets.shape[0] != 1:
        return pilots.log_density(targets)
    reach = _REACH * float(conditional.targets.root[0, 0])
    grid = np.linspace(-reach, reach, _GRID)
    known: Floats = CubicSpline(grid, pilots.log_density(grid[None]))(targets[0])
    return known


def log_proposal(conditional: Conditional, targets: Floats, log_range: Floats) -> Floats:
    """Log density from which the ranges' values were drawn, up to a constant, when no row is marginal."""
    law = conditional.targets.ranges
    if law is None:
        return np.zeros(targets.shape[1])
    apart = targets - law.mean[:, None]
    score: Floats = np.linalg.solve(np.linalg.cholesky(law.cov), apart)
    density: Floats = -0.5 * (score**2).sum(axis=0) - log_range
    return density


class _Pilots:
    """Normal laws of all rows, one for each pilot draw of the months' scales."""

    def __init__(self, conditional: Conditional, uniforms: Floats) -> None:
        nu = conditional.system.model.nu
        squares = (nu - 2.0) / (2.0 * gammaincinv(nu / 2.0, uniforms))
        exposure = conditional.stacked.exposure
        monthly = np.einsum("hin,hjn->hij", exposure, exposure)
        cov = np.einsum("kh,hij->kij", squares, monthly) + np.diag(conditional.table.noise)
        free = list(conditional.targets.free)
        order = [i for i in range(conditional.gap.size) if i not in free] + free
        self._known = len(order) - len(free)
        self._root = np.linalg.cholesky(cov[:, order][:, :, order])
        self._gap = conditional.gap[order]

    def log_density(self, targets: Floats) -> Floats:
        """Log of the average density at gaps ``gap + targets``, (count,)."""
        known, root = self._known, self._root
        first = np.linalg.solve(root[:, :known, :known], np.broadcast_to(self._gap[:known, None], (len(root), known, 1)))
        base = -0.5 * (first[:, :, 0] ** 2).sum(axis=1) - np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
        centre = self._gap[known:, None] - (root[:, known:, :known] @ first)
        out = np.empty(targets.shape[1])
        for begin in range(0, out.size, 4096):
            part = slice(begin, begin + 4096)
            score = np.linalg.solve(root[:, known:, known:], centre + targets[None, :, part])
            out[part] = logsumexp(base[:, None] - 0.5 * (score**2).sum(axis=1), axis=0) - np.log(len(root))
        return out
