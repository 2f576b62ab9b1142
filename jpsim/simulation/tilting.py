"""Reweighting a sample to given moments with least relative entropy.

The weights are ``q ∝ p exp(lambda' g)`` with the multipliers of the convex dual
``min log sum p exp(lambda' g)`` (Csiszar 1975, doi:10.1214/aop/1176996454; Robertson, Tallman and
Whiteman 2005, doi:10.1353/mcb.2005.0037). Sums run in a fixed order, so that the bits do not depend on
the number of threads of a linear-algebra library.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import eval_legendre, logsumexp, ndtr

from jpsim.errors import LimitBreached

__all__ = ["margin_moments", "tilt"]

Floats = npt.NDArray[np.float64]

_STEPS = 60
_CLOSE = 1e-9  # largest remaining moment, in standard deviations of its column
_SHAPE = range(1, 7)  # degrees of the Legendre polynomials that hold a margin's shape


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


def tilt(log_weights: Floats, moments: Floats) -> Floats:
    """Return log weights under which the moments vanish, nearest in relative entropy to those given.

    Parameters
    ----------
    log_weights
        (count,) log of prior weights, up to a constant.
    moments
        (k, count) functions whose weighted means shall be zero.

    Raises
    ------
    LimitBreached
        If no weights can do that: the sample does not reach far enough.
    """
    scale = np.sqrt((moments**2).mean(axis=1))
    columns = moments / scale[:, None]
    multipliers = np.zeros(columns.shape[0])
    value, mean, hessian = _dual(log_weights, columns, multipliers)
    for _ in range(_STEPS):
        if np.max(np.abs(mean)) < _CLOSE:
            return log_weights + _combine(columns, multipliers)
        step = -np.linalg.solve(hessian + 1e-12 * np.eye(mean.size), mean)
        length = 1.0
        while True:
            trial = _dual(log_weights, columns, multipliers + length * step)
            if trial[0] <= value + 1e-4 * length * float(mean @ step) or length < 1e-6:
                break
            length /= 2.0
        multipliers = multipliers + length * step
        value, mean, hessian = trial
    raise LimitBreached(
        "the drawn paths cannot be reweighted to the stated margins; draw more paths, or move the conditions "
        "closer to the model"
    )


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
