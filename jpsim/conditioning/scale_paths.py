"""Moments of returns given whole paths of the months' scales, where named drivers deliver conditions.

Named shocks that deliver a condition share it among the months as the scales say: of a wild month more is asked than
of a calm one. So the months' means and covariances depend on the path of the scales, and the mean of compound growth
is that of its means given such paths. They are the points of a lattice rule in the mixing variables, so that the
same law always has the same mean. Given the scales everything is normal, and nonlinear terms have the closed forms of
`jpsim.conditioning.term_moments`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.conditional import Conditional
from jpsim.conditioning.term_moments import Innovations, scale_law, term_arguments, term_values
from jpsim.model import Model
from jpsim.model.skewness import SkewedShocks
from jpsim.special import normal_quantile

__all__ = ["returns_given_scales", "scale_paths"]

Floats = npt.NDArray[np.float64]

PATHS = 512
"""Points of the lattice rule."""


def scale_paths(model: Model, innovations: Innovations, months: int, count: int = PATHS) -> tuple[Floats, Floats]:
    """(count, h) paths of the months' scales before any condition, equally likely, and what skews the months beside.

    A rank-one Kronecker lattice with a tent transform in the normals behind gamma variables and volatility news. Each
    month's volatility and mixing variable are then multiplied by factors near 1, so that squared scales and what skews
    the months have their known means (moment matching: Barraquand 1995, doi:10.1287/mnsc.41.12.1882); weights that
    gave them these means would turn negative over long horizons, where the means are more than the paths can bear.
    """
    from scipy.special import gammaincinv  # takes a tenth of a second; few scenarios name drivers

    step = np.sqrt(_primes(2 * months))
    points = np.abs(2.0 * ((np.arange(1, count + 1)[:, None] * step) % 1.0) - 1.0)
    points = (np.argsort(np.argsort(points, axis=0), axis=0) + 0.5) / count  # every margin evenly filled
    mixing, volatility = np.ones((count, months)), np.ones((count, months))
    if innovations != "gaussian" and np.isfinite(model.nu):
        half = model.nu / 2.0
        mixing = (half - 1.0) / gammaincinv(half, points[:, :months])
    if innovations == "stochastic_volatility":
        v = np.full(count, model.sv_start)
        centre = model.sv_sigma**2 / (2.0 * (1.0 - model.sv_phi**2))
        for t, news in enumerate(normal_quantile(points[:, months:]).T):
            v = model.sv_phi * v + model.sv_sigma * news
            volatility[:, t] = np.exp(0.5 * (v - centre))
    mixing *= volatility.mean(axis=0) / (volatility * mixing).mean(axis=0)
    volatility *= np.sqrt(scale_law(model, innovations, months).squares / (volatility**2 * mixing).mean(axis=0))
    return volatility * np.sqrt(mixing), volatility * (mixing - 1.0)


def _primes(count: int) -> Floats:
    found: list[int] = []
    number = 2
    while len(found) < count:
        if all(number % prime for prime in found):
            found.append(number)
        number += 1
    return np.array(found, dtype=np.float64)


def returns_given_scales(
    conditional: Conditional, innovations: Innovations, exposure: Floats, curved: Floats
) -> tuple[Floats, Floats]:
    """Moments of ``exposure @ u_t + curved @ phi_t`` given N equally likely paths of the scales.

    Parameters
    ----------
    conditional
        Law of the factors, whose conditions named shocks deliver.
    innovations
        What the months' scales are.
    exposure, curved
        (n,) loadings on the factors' innovations, and (T,) on the nonlinear terms.

    Returns
    -------
    Means (N, h), and covariances (N, h, h).
    """
    system, model = conditional.system, conditional.system.model
    h, n = system.horizon, len(model.factors)
    scaled = _Scaled(conditional, *scale_paths(model, innovations, h))
    linear = np.zeros((h, h, n))
    linear[np.arange(h), np.arange(h)] = np.einsum("i,hij->hj", exposure, system.impact[:, :n])
    gradient: Floats = scaled.normal(linear.reshape(1, h, h * n))
    mean = scaled.mean(gradient[0])
    if model.terms:
        centres, along = term_arguments(conditional)
        before = centres - along @ conditional.mean_shocks.reshape(-1)  # without conditions
        along = scaled.normal(along)
        value, slope = term_values(model.terms, before + scaled.mean(along), scaled.spread(along))
        mean = mean + value @ curved
        gradient = gradient + np.einsum("ntka,tkas,k->nts", slope, along, curved, optimize=True)
    return mean, scaled.between(np.broadcast_to(gradient, (len(mean), h, h * n)))


class _Scaled:
    """The scaled shocks of N paths of the scales, normal with variances (N, h n) before the conditions.

    Of skewed months these are the shocks that are normal given the scale (`jpsim.model.skewness`), and their mean.
    """

    def __init__(self, conditional: Conditional, scales: Floats, excess: Floats) -> None:
        model, exposure, response = conditional.system.model, conditional.stacked.exposure, conditional.response
        h, m, n = exposure.shape
        self.months, self.squares, lean = (h, n), np.repeat(scales**2, n, axis=1), np.zeros(n)
        self.root = np.eye(n)
        if model.skewed:
            skewed = SkewedShocks.of(model.root, model.skew, model.nu)
            self.root, lean, exposure = skewed.root, skewed.lean, exposure @ skewed.root
            assert conditional.basis is not None
            along = skewed.directions(conditional.basis)
            response = exposure @ along @ along.T
        self.flat = exposure.transpose(1, 0, 2).reshape(m, h * n)
        steered = response.transpose(1, 0, 2).reshape(m, h * n) * self.squares[:, None]
        variance = steered @ self.flat.T + np.diag(conditional.table.noise)
        self.gain = np.linalg.solve(variance, steered)  # (N, m, h n)
        self.values = (self.flat * self.squares[:, None]) @ self.flat.T + conditional.value_cov
        leaning = (excess[:, :, None] * lean).reshape(len(scales), h * n)
        missing = conditional.gap - leaning @ self.flat.T
        self.shock = leaning + np.einsum("nm,nms->ns", missing, self.gain)

    def normal(self, functionals: Floats) -> Floats:
        """Functionals (..., h n) of the orthogonal shocks as functionals of the normal ones."""
        turned = functionals.reshape(*functionals.shape[:-1], *self.months) @ self.root
        return np.asarray(turned.reshape(functionals.shape))

    def mean(self, functionals: Floats) -> Floats:
        """(N, ...) means of functionals (..., h n)."""
        return np.asarray(np.tensordot(self.shock, functionals, axes=(1, functionals.ndim - 1)))

    def spread(self, functionals: Floats) -> Floats:
        """(N, ..., a, a) covariances within each set of a functionals (..., a, h n)."""
        h, n = self.months
        blocks = functionals.reshape(*functionals.shape[:-1], h, n)
        own = np.einsum("...ahn,...bhn->...abh", blocks, blocks)
        free = np.tensordot(self.squares[:, ::n], own, axes=(1, own.ndim - 1))
        flat = functionals.reshape(-1, h * n)
        onto = (flat @ self.gain.transpose(0, 2, 1)).reshape(len(self.gain), *functionals.shape[:-1], -1)
        shared = (self.squares[:, None] * flat @ self.flat.T).reshape(onto.shape)
        crossed = np.einsum("...am,...bm->...ab", onto, shared)
        values = self.values.reshape(len(self.values), *(1,) * (functionals.ndim - 2), *self.values.shape[1:])
        return np.asarray(free - crossed - np.swapaxes(crossed, -1, -2) + onto @ values @ np.swapaxes(onto, -1, -2))

    def between(self, functionals: Floats) -> Floats:
        """(N, f, f) covariances of each path's own functionals (N, f, h n)."""
        heavy = functionals * self.squares[:, None]
        onto, shared = functionals @ self.gain.transpose(0, 2, 1), heavy @ self.flat.T
        crossed = onto @ shared.transpose(0, 2, 1)
        own = heavy @ functionals.transpose(0, 2, 1) + onto @ self.values @ onto.transpose(0, 2, 1)
        return np.asarray(own - crossed - crossed.transpose(0, 2, 1))
