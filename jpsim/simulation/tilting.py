"""Reweighting a sample to given moments with least relative entropy.

The weights are ``q ∝ p exp(lambda' g)`` with the multipliers of the convex dual
``min log sum p exp(lambda' g)`` (Csiszar 1975, doi:10.1214/aop/1176996454; Robertson, Tallman and
Whiteman 2005, Journal of Money, Credit and Banking 37); an inequality has a multiplier of one sign only. Sums run in
a fixed order, products on one thread of the linear-algebra library, so that the bits do not depend on its threads.

Moments are asked for chunk by chunk of the paths, and may be worked out anew each time: of a path only its
log weight need be kept, and what its moments follow from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from jpsim.simulation.one_thread import one_thread
from jpsim.special import normal_cdf

__all__ = ["Moments", "Unreachable", "log_total", "margin_moments", "relative_entropy_of", "tilt"]

Floats = npt.NDArray[np.float64]
Moments = Floats | Callable[[int, int], Floats]
"""(k, count) functions of the paths, or what gives those of paths ``begin`` to ``end - 1``, (k, end - begin)."""

_STEPS = 100
_CLOSE = 1e-10  # largest remaining moment, in standard deviations of its column
_FAR = 1e4  # multipliers beyond this run away to infinity: no weights meet the moments
_DEGREE = 6  # of the highest of the Legendre polynomials that hold a margin's shape
_CHUNK = 16_384


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
        rows += [score, score**2 - 1.0, *_legendre(2.0 * normal_cdf(score) - 1.0)]
    return np.array(rows).reshape((2 + _DEGREE) * len(scores), scores.shape[1])


def _legendre(x: Floats) -> list[Floats]:
    """Legendre polynomials of degrees 1 to 6, by their recurrence (NIST DLMF 18.9.1)."""
    found = [np.ones_like(x), x]
    for n in range(1, _DEGREE):
        found.append(((2 * n + 1) * x * found[n] - n * found[n - 1]) / (n + 1))
    return found[1:]


def log_total(log_weights: Floats) -> float:
    """Log of the sum of weights, from their logs."""
    top = float(log_weights.max())
    total = sum(float(np.exp(log_weights[begin:end] - top).sum()) for begin, end in _chunks(log_weights.size))
    return top + float(np.log(total))


def relative_entropy_of(log_weights: Floats, log_prior: Floats) -> float:
    """Relative entropy of weights from prior weights, in nats; both logs are up to constants."""
    ours, prior, found = log_total(log_weights), log_total(log_prior), 0.0
    for begin, end in _chunks(log_weights.size):
        own = log_weights[begin:end] - ours
        found += float((np.exp(own) * (own - (log_prior[begin:end] - prior))).sum())
    return found


@one_thread()
def tilt(log_weights: Floats, moments: Moments, signs: npt.NDArray[np.int64] | None = None) -> Floats:
    """Return log weights under which the moments hold, nearest in relative entropy to those given.

    Parameters
    ----------
    log_weights
        (count,) log of prior weights, up to a constant.
    moments
        k functions whose weighted means shall be zero.
    signs
        (k,) 0 for zero, 1 for at least zero, -1 for at most zero; all zero if left out.

    Raises
    ------
    Unreachable
        If no weights can do that.
    """
    sample = _Sample.of(log_weights, moments)
    signs = np.zeros(sample.scale.size, dtype=np.int64) if signs is None else signs
    active = signs == 0
    multipliers = np.zeros(signs.size)
    if active.all():
        return sample.tilted(_solve(sample, multipliers, active))
    for _ in range(2 * signs.size + 2):
        multipliers = _solve(sample, multipliers, active)
        wrong = active & (signs * multipliers < -1e-12)
        mean = sample.dual(multipliers).mean
        broken = ~active & (signs * mean < -_CLOSE)
        if not wrong.any() and not broken.any():
            return sample.tilted(multipliers)
        active = (active & ~wrong) | broken
        multipliers[~active] = 0.0
    raise Unreachable(multipliers)


class _Dual(NamedTuple):
    """Value, gradient (k,) and Hessian (k, k) of the dual."""

    value: float
    mean: Floats
    hessian: Floats


class _Sample(NamedTuple):
    """Log prior weights, and moments that are scaled to a mean square of 1."""

    log_weights: Floats
    moments: Callable[[int, int], Floats]
    scale: Floats

    @classmethod
    def of(cls, log_weights: Floats, moments: Moments) -> _Sample:
        part = moments if callable(moments) else lambda begin, end: moments[:, begin:end]
        squares = sum((part(begin, end) ** 2).sum(axis=1) for begin, end in _chunks(log_weights.size))
        scale = np.maximum(np.sqrt(np.asarray(squares) / log_weights.size), 1e-300)
        return cls(log_weights, part, scale)

    def tilted(self, multipliers: Floats) -> Floats:
        """(count,) log weights under the multipliers, up to a constant."""
        out = np.empty(self.log_weights.size)
        for begin, end in _chunks(out.size):
            out[begin:end] = self._log(begin, end, self.moments(begin, end), multipliers)
        return out

    def dual(self, multipliers: Floats) -> _Dual:
        """Go through the paths once, the sums in units of the largest weight so far."""
        k = self.scale.size
        top, total, mean, hessian = -np.inf, 0.0, np.zeros(k), np.zeros((k, k))
        for begin, end in _chunks(self.log_weights.size):
            columns = self.moments(begin, end)
            log = self._log(begin, end, columns, multipliers)
            columns = columns / self.scale[:, None]
            if (higher := float(log.max())) > top:
                shrunk, top = np.exp(top - higher), higher
                total, mean, hessian = total * shrunk, mean * shrunk, hessian * shrunk
            weights = np.exp(log - top)
            weighted = columns * weights
            total += float(weights.sum())
            mean += weighted.sum(axis=1)
            hessian += weighted @ columns.T
        mean, hessian = mean / total, 0.5 * (hessian + hessian.T) / total
        return _Dual(top + float(np.log(total)), mean, hessian - np.outer(mean, mean))

    def _log(self, begin: int, end: int, columns: Floats, multipliers: Floats) -> Floats:
        out = self.log_weights[begin:end].copy()
        for row, multiplier in zip(columns, multipliers / self.scale, strict=True):
            if multiplier != 0.0:
                out += multiplier * row
        return out


def _solve(sample: _Sample, multipliers: Floats, active: npt.NDArray[np.bool_]) -> Floats:
    """Newton's method on the active multipliers, with step halving."""
    chosen = np.flatnonzero(active)
    multipliers = multipliers.copy()
    value, mean, hessian = _among(sample.dual(multipliers), chosen)
    for _ in range(_STEPS):
        if _met(mean):
            return multipliers
        step = np.zeros(multipliers.size)
        step[chosen] = -np.linalg.solve(hessian + 1e-13 * np.eye(chosen.size), mean)
        length = 1.0
        while True:
            trial = _among(sample.dual(multipliers + length * step), chosen)
            lower = trial.value <= value + 1e-4 * length * float(mean @ step[chosen])
            if lower or _met(trial.mean) or length < 1e-6:  # close to the end the value falls by less than its rounding
                break
            length /= 2.0
        multipliers += length * step
        value, mean, hessian = trial
        if np.max(np.abs(multipliers)) > _FAR:
            break
    if np.max(np.abs(mean)) < 1e3 * _CLOSE:
        return multipliers
    raise Unreachable(multipliers / np.max(np.abs(multipliers)))


def _met(mean: Floats) -> bool:
    return bool(np.max(np.abs(mean), initial=0.0) < _CLOSE)


def _among(dual: _Dual, chosen: npt.NDArray[np.int64]) -> _Dual:
    return _Dual(dual.value, dual.mean[chosen], dual.hessian[np.ix_(chosen, chosen)])


def _chunks(count: int) -> Iterator[tuple[int, int]]:
    for begin in range(0, count, _CHUNK):
        yield begin, min(begin + _CHUNK, count)
