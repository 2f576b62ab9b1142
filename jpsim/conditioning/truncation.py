"""Normal quantities that must stay within ranges, or reach one.

Draws go through the ranges one after the other (Geweke, Hajivassiliou and Keane;
doi:10.1016/0304-4076(94)01716-6): each is drawn from its truncated conditional, and the product of the
later conditional probabilities is the draw's importance weight. One range needs no weights.

Where at least one of several quantities must meet tighter bounds, each draw makes one of them do so,
chosen beforehand, and is weighed by the density of all choices (the balance heuristic; Veach and
Guibas 1995, doi:10.1145/218380.218498). Every draw then meets them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

__all__ = ["Reach", "Truncation"]

Floats = npt.NDArray[np.float64]

_LATTICE = 8191  # points of the lattice rule behind probabilities and moments


@dataclass(frozen=True, eq=False)
class Reach:
    """Tighter bounds, of which at least one of several quantities must meet its own.

    Parameters
    ----------
    positions
        The quantities.
    low, high
        Their bounds; infinite where there is none.
    """

    positions: tuple[int, ...]
    low: Floats
    high: Floats


@dataclass(frozen=True, eq=False)
class Truncation:
    """N(mean, cov) within ``low <= x <= high``.

    Parameters
    ----------
    mean, cov
        (q,) and (q, q) of the law before truncation.
    low, high
        (q,) bounds; infinite where there is none.
    reaches
        What must hold besides; no quantity in two of them.
    """

    mean: Floats
    cov: Floats
    low: Floats
    high: Floats
    reaches: tuple[Reach, ...] = ()

    @property
    def uniforms(self) -> int:
        """Number of uniforms that a draw takes."""
        return self.mean.size + len(self.reaches)

    def draw(self, uniforms: Floats, shift: Floats | None = None) -> tuple[Floats, Floats]:
        """Turn uniforms into draws within the ranges.

        Parameters
        ----------
        uniforms
            (q + number of reaches, count) in (0, 1).
        shift
            (q, count) added to the mean, path by path.

        Returns
        -------
        Values (q, count), and log weights (count,): the log probability of each draw's own ranges.
        """
        root, size = np.linalg.cholesky(self.cov), self.mean.size
        values, scores = np.empty((size, uniforms.shape[1])), np.empty((size, uniforms.shape[1]))
        log_weight = np.zeros(uniforms.shape[1])
        choices = [_Choice(self, reach, uniform) for reach, uniform in zip(self.reaches, uniforms[size:], strict=True)]
        for i, uniform in enumerate(uniforms[:size]):
            centre = self.mean[i] + root[i, :i] @ scores[:i]
            if shift is not None:
                centre = centre + shift[i]
            low, high = (self.low[i] - centre) / root[i, i], (self.high[i] - centre) / root[i, i]
            choice = next((one for one in choices if i in one.reach.positions), None)
            if choice is None:
                scores[i], mass = _truncated_normal(uniform, low, high)
            else:
                scores[i], mass = choice.draw(i, uniform, low, high, centre, root[i, i])
            values[i] = np.clip(centre + root[i, i] * scores[i], self.low[i], self.high[i])
            log_weight += np.log(mass)
        for choice in choices:
            log_weight -= np.log(choice.odds)
        return values, log_weight

    @cached_property
    def _lattice(self) -> tuple[Floats, Floats]:
        """Draws on a rank-one lattice with a tent transform, and their weights."""
        roots = np.sqrt(np.array([2.0, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71]))
        step = np.resize(roots, self.uniforms) + np.arange(self.uniforms) // roots.size
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


class _Choice:
    """Which quantity each draw makes meet its tighter bounds, and the odds of its draw under all choices.

    Quantities are chosen as their own probabilities say.
    """

    def __init__(self, law: Truncation, reach: Reach, uniform: Floats) -> None:
        at = list(reach.positions)
        sd = np.sqrt(np.diag(law.cov)[at])
        low, high = np.maximum(reach.low, law.low[at]), np.minimum(reach.high, law.high[at])
        mass = np.maximum(ndtr((high - law.mean[at]) / sd) - ndtr((low - law.mean[at]) / sd), 1e-12)
        self.reach, self.low, self.high, self.share = reach, low, high, mass / mass.sum()
        self.chosen = np.searchsorted(np.cumsum(self.share)[:-1], uniform, side="right")
        self.odds = np.zeros(uniform.size)

    def draw(
        self, i: int, uniform: Floats, low: Floats, high: Floats, centre: Floats, sd: float
    ) -> tuple[Floats, Floats]:
        """Draw quantity i given the earlier ones; its scores, and the probability of its own plain range."""
        place = self.reach.positions.index(i)
        tight_low, tight_high = (self.low[place] - centre) / sd, (self.high[place] - centre) / sd
        mine = self.chosen == place
        score, drawn = _truncated_normal(uniform, np.where(mine, tight_low, low), np.where(mine, tight_high, high))
        plain = np.where(mine, _mass(low, high), drawn)
        tight = np.where(mine, drawn, _mass(tight_low, tight_high))
        inside = mine | ((score >= tight_low) & (score <= tight_high))
        self.odds += np.where(inside, self.share[place] * plain / tight, 0.0)
        return score, plain


def _mass(low: Floats, high: Floats) -> Floats:
    """Probability of (low, high) under a standard normal, exact in both tails."""
    flip = low > 0
    mass: Floats = ndtr(np.where(flip, -low, high)) - ndtr(np.where(flip, -high, low))
    return np.maximum(mass, 1e-300)


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
