"""Normal quantities that must stay within ranges.

Draws go through the ranges one after the other (Geweke, Hajivassiliou and Keane;
doi:10.1016/0304-4076(94)01716-6): each is drawn from its truncated conditional, and the product of the
later conditional probabilities is the draw's importance weight. One range needs no weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

__all__ = ["Truncation"]

Floats = npt.NDArray[np.float64]

_LATTICE = 8191  # points of the lattice rule behind probabilities and moments


@dataclass(frozen=True, eq=False)
class Truncation:
    """N(mean, cov) within ``low <= x <= high``.

    Parameters
    ----------
    mean, cov
        (q,) and (q, q) of the law before truncation.
    low, high
        (q,) bounds; infinite where there is none.
    """

    mean: Floats
    cov: Floats
    low: Floats
    high: Floats

    def draw(self, uniforms: Floats, shift: Floats | None = None) -> tuple[Floats, Floats]:
        """Turn uniforms into draws within the ranges.

        Parameters
        ----------
        uniforms
            (q, count) in (0, 1).
        shift
            (q, count) added to the mean, path by path.

        Returns
        -------
        Values (q, count), and log weights (count,): the log probability of each draw's own ranges.
        """
        root = np.linalg.cholesky(self.cov)
        values, scores = np.empty_like(uniforms), np.empty_like(uniforms)
        log_weight = np.zeros(uniforms.shape[1])
        for i, uniform in enumerate(uniforms):
            centre = self.mean[i] + root[i, :i] @ scores[:i]
            if shift is not None:
                centre = centre + shift[i]
            scores[i], mass = _truncated_normal(
                uniform, (self.low[i] - centre) / root[i, i], (self.high[i] - centre) / root[i, i]
            )
            values[i] = np.clip(centre + root[i, i] * scores[i], self.low[i], self.high[i])
            log_weight += np.log(mass)
        return values, log_weight

    @cached_property
    def _lattice(self) -> tuple[Floats, Floats]:
        """Draws on a rank-one lattice with a tent transform, and their weights."""
        roots = np.sqrt(np.array([2.0, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71]))
        step = np.resize(roots, self.mean.size) + np.arange(self.mean.size) // roots.size
        points = (np.arange(1, _LATTICE + 1) * step[:, None]) % 1.0
        tent = np.clip(np.abs(2.0 * points - 1.0), 1e-12, 1.0 - 1e-12)
        values, log_weight = self.draw(tent)
        return values, np.exp(log_weight)

    @cached_property
    def probability(self) -> float:
        """Probability of the ranges under N(mean, cov)."""
        return float(self._lattice[1].mean())

    @cached_property
    def moments(self) -> tuple[Floats, Floats]:
        """Mean (q,) and covariance (q, q) within the ranges."""
        values, weight = self._lattice
        weight = weight / weight.sum()
        mean = values @ weight
        apart = values - mean[:, None]
        return mean, (apart * weight) @ apart.T


def _truncated_normal(uniform: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Standard normal within (low, high) by inversion, and the probability of that interval.

    The side is flipped where both bounds are positive, so that far tails keep their digits.
    """
    flip = low > 0
    a, b = np.where(flip, -high, low), np.where(flip, -low, high)
    below, above = ndtr(a), ndtr(b)
    mass = np.maximum(above - below, 1e-300)
    score = np.clip(ndtri(below + np.where(flip, 1.0 - uniform, uniform) * mass), a, b)
    return np.where(flip, -score, score), mass
