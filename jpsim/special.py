"""Special functions that every run and explanation needs: importing scipy's takes longer than an explanation.

The normal distribution function is the density times Mills' ratio M. With t = x / (x + 4), which maps the positive half
line on the unit interval, (x + 4) M(x) is a rational function of degree ten within 5e-17 of itself: the one of least
largest error, found by Lawson's iteration in sixty digits.
"""

from __future__ import annotations

from math import erfc, exp, lgamma, log, sqrt
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["chi_square_tail", "log_sum_exp", "normal_cdf", "normal_quantile"]

Floats = npt.NDArray[np.float64]

_UPPER: Final = (
    1.8932190633084853, -0.8070197500298134, 1.6992623170642052, -0.5856940937631722, 0.5648375463000488,
    -0.15803552690586722, 0.07965966152885372, -0.01636763946742368, 0.0038933573599684176, -0.00044171195901236514,
    2.84537033094124e-05,
)  # fmt: skip
_LOWER: Final = (
    1.0, 0.37858860323200677, 0.6896904263617984, 0.2986400736257887, 0.19872414596303484, 0.07342792437761274,
    0.02630123304703187, 0.006551831593265143, 0.0012557971507195132, 0.0001524238646444946, 9.217923679412764e-06,
)  # fmt: skip
"""Coefficients in 2 t - 1, the constant first."""

_FARTHEST: Final = 40.0  # the probability beyond it is no longer a number of double precision
_PIECE: Final = 4096  # values at once: what is between stays in cache


def normal_cdf(x: npt.ArrayLike) -> Floats:
    """Distribution function of the standard normal law, exact in the left tail, too: within a relative 1e-14.

    Parameters
    ----------
    x
        Points of any shape; infinite ones, too.
    """
    points = np.asarray(x, dtype=np.float64)
    flat, out = points.reshape(-1), np.empty(points.size)
    for begin in range(0, flat.size, _PIECE):
        here = slice(begin, begin + _PIECE)
        own = flat[here]
        below = _left_tail(np.minimum(np.abs(own), _FARTHEST))
        out[here] = np.where(own > 0.0, 1.0 - below, below)
    return out.reshape(points.shape)


def _left_tail(size: Floats) -> Floats:
    """Probability below minus `size`, which is not negative."""
    shifted = size + 4.0
    s = 2.0 * size / shifted
    s -= 1.0
    ratio = _polynomial(_UPPER, s)
    ratio /= _polynomial(_LOWER, s)
    ratio /= shifted
    ratio *= np.exp(-0.5 * size * size) * (1.0 / sqrt(2.0 * np.pi))
    return ratio


def _polynomial(coefficients: tuple[float, ...], x: Floats) -> Floats:
    value = np.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        value *= x
        value += coefficient
    return value


def normal_quantile(probability: Floats) -> Floats:
    """Inverse of `normal_cdf`; scipy's, since few scenarios need it."""
    from scipy.special import ndtri

    found: Floats = ndtri(probability)
    return found


def chi_square_tail(value: float, degrees: int) -> float:
    """Probability that a chi-square variable exceeds a value (Abramowitz and Stegun 1964, 26.4.4 and 26.4.5).

    Parameters
    ----------
    value
        Not negative.
    degrees
        Degrees of freedom, a whole number from 1.
    """
    if value <= 0.0:
        return 1.0
    half = 0.5 * value
    odd = degrees % 2
    terms = (exp(power * log(half) - half - lgamma(power + 1.0)) for power in np.arange(odd / 2.0, degrees / 2.0))
    return min(float(sum(terms)) + (erfc(sqrt(half)) if odd else 0.0), 1.0)


def log_sum_exp(values: Floats, axis: int = -1) -> Floats:
    """Logarithm of the sum of exponentials along an axis."""
    top = values.max(axis=axis, keepdims=True)
    top[np.isneginf(top)] = 0.0
    with np.errstate(divide="ignore"):
        total: Floats = np.log(np.exp(values - top).sum(axis=axis)) + top.squeeze(axis)
    return total
