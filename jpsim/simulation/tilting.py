"""Reweighting a sample to given moments with least relative entropy.

The weights are ``q ∝ p exp(lambda' g)`` with the multipliers of the convex dual
``min log sum p exp(lambda' g)`` (Csiszar 1975, doi:10.1214/aop/1176996454; Robertson, Tallman and
Whiteman 2005, Journal of Money, Credit and Banking 37); an inequality has a multiplier of one sign only. Sums run in
a fixed order, so that the bits do not depend on the number of threads of a linear-algebra library.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import eval_legendre, logsumexp, ndtr

__all__ = ["Unreachable", "margin_moments", "relative_entropy_of", "tilt"]

Floats = npt.NDArray[np.float64]

_STEPS = 100
_CLOSE = 1e-10  # largest remaining moment, in standard deviations of its column
_FAR = 1e4  # multipliers beyond this run away to infinity: no weights meet the moments
_SHAPE = range(1, 7)  # degrees of the Legendre polynomials that hold a margin's shape


class Unreachable(Exception):
    """No weights on the sample meet the moments.

    Parameters
    ----------
    direction
        (k,) combination of the moments that has one sign on all paths: those that clash have the large
        entries.
    """

    def __init__(self, direction: Floats) -> None:
        super().__init__("no weights meet the moments")
        self.direction = direction


def margin_moments(scores: Floats) -> Floats:
    """Moments that vanish when each row of `scores` is standard normal.

    Parameters
    ----------
    scores
        (a, count) standardised values of a stated margins.

    Returns
    -------
    (8 a, count): the mean, the variance less 1, and Legendre polynomials of the uniform score, which are
    bounded, so that no single path can be given an extreme weight by them.
    """
    rows: list[Floats] = []
    for score in scores:
        uniform = 2.0 * ndtr(score) - 1.0
        rows += [score, score**2 - 1.0, *(eval_legendre(degree, uniform) for degree in _SHAPE)]
    return np.array(rows).reshape(-1, scores.shape[1])


def relative_entropy_of(log_weights: Floats, log_prior: Floats) -> float:
    """Relative entropy of weights from prior weights, in nats; both logs are up to constants."""
    ours, prior = log_weights - logsumexp(log_weights), log_prior - logsumexp(log_prior)
    return float((np.exp(ours) * (ours - prior)).sum())


def tilt(log_weights: Floats, moments: Floats, signs: npt.NDArray[np.int64] | None = None) -> Floats:
    """Return log weights under which the moments hold, nearest in relative entropy to those given.

    Parameters
    ----------
    log_weights
        (count,) log of prior weights, up to a constant.
    moments
        (k, count) functions whose weighted means shall be zero.
    signs
        (k,) 0 for zero, 1 for at least zero, -1 for at most zero; all zero if left out.

    Raises
    ------
    Unreachable
        If no weights can do that.
    """
    signs = np.zeros(moments.shape[0], dtype=np.int64) if signs is None else signs
    scale = np.sqrt((moments**2).mean(axis=1))
    columns = moments / np.maximum(scale, 1e-300)[:, None]
    active = signs == 0
    multipliers = np.zeros(signs.size)
    for _ in range(2 * signs.size + 2):
        multipliers = _solve(log_weights, columns, multipliers, active)
        wrong = active & (signs * multipliers < -1e-12)
        mean = _dual(log_weights, columns, multipliers)[1]
        broken = ~active & (signs * mean < -_CLOSE)
        if not wrong.any() and not broken.any():
            return log_weights + _combine(columns, multipliers)
        active = (active & ~wrong) | broken
        multipliers[~active] = 0.0
    raise Unreachable(multipliers)


def _solve(log_weights: Floats, columns: Floats, multipliers: Floats, active: npt.NDArray[np.bool_]) -> Floats:
    """Newton's method on the active multipliers, with step halving."""
    chosen = np.flatnonzero(active)
    multipliers = multipliers.copy()
    value, mean, hessian = _dual(log_weights, columns[chosen], multipliers[chosen])
    for _ in range(_STEPS):
        if not chosen.size or np.max(np.abs(mean)) < _CLOSE:
            return multipliers
        step = -np.linalg.solve(hessian + 1e-13 * np.eye(chosen.size), mean)
        length = 1.0
        while True:
            trial = _dual(log_weights, columns[chosen], multipliers[chosen] + length * step)
            if trial[0] <= value + 1e-4 * length * float(mean @ step) or length < 1e-6:
                break
            length /= 2.0
        multipliers[chosen] += length * step
        value, mean, hessian = trial
        if np.max(np.abs(multipliers)) > _FAR:
            break
    if np.max(np.abs(mean)) < 1e3 * _CLOSE:
        return multipliers
    raise Unreachable(multipliers / np.max(np.abs(multipliers)))


def _dual(log_weights: Floats, columns: Floats, multipliers: Floats) -> tuple[float, Floats, Floats]:
    """Value, gradient and Hessian of the dual."""
    tilted = log_weights + _combine(columns, multipliers)
    total = float(logsumexp(tilted))
    weights = np.exp(tilted - total)
    weighted = columns * weights
    mean = weighted.sum(axis=1)
    hessian = np.empty((mean.size, mean.size))
    for i, row in enumerate(weighted):
        hessian[i, i:] = hessian[i:, i] = (columns[i:] * row).sum(axis=1) - mean[i] * mean[i:]
    return total, mean, hessian


def _combine(columns: Floats, multipliers: Floats) -> Floats:
    out = np.zeros(columns.shape[1])
    for row, multiplier in zip(columns, multipliers, strict=True):
        out += multiplier * row
    return out
