"""The nearest path of returns to a loss: the design point of structural reliability.

Monthly returns are normal, ``r = mean + L e`` with ``L L' = cov`` and standard normal e, but they compound,
so that the losses of at least l are bounded by a curved surface. Its point nearest to the mean is the most
plausible path to the loss; its distance gives the probability, to second order with the surface's
curvature (Rackwitz and Fiessler 1978, doi:10.1016/0045-7949(78)90046-9; Breitung 1984,
doi:10.1061/(ASCE)0733-9399(1984)110:3(357)).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from jpsim.special import normal_cdf

__all__ = ["DesignPoint", "Surface", "find_design_point", "nearest_to", "shift_linearly", "spread_loss"]

Floats = npt.NDArray[np.float64]

_STARTS = 20  # paths that begin with the whole loss in one month, spread over the months
_STEPS = 200
_CLOSE = 1e-12
_REACHED = 1e-8  # log growth by which a path may miss the loss
_SMALLEST = 1e-10  # shortest step of the line search


@dataclass(frozen=True, eq=False)
class DesignPoint:
    """The most plausible monthly returns that compound to a loss.

    Parameters
    ----------
    returns
        (h,) monthly simple returns; the mean itself if that loses more.
    distance
        Mahalanobis distance d of these returns from the mean; 0 if the mean loses more.
    probability
        Probability of losing at least as much under the normal law, to second order.
    """

    returns: Floats
    distance: float
    probability: float

    @property
    def compound(self) -> float:
        """Compound return of the path."""
        return float(np.prod(1.0 + self.returns) - 1.0)


class Surface(Protocol):
    """The losses of exactly l in independent standard normals e: where `excess` is zero."""

    def excess(self, e: Floats) -> float:
        """Log growth above the goal; infinite where a month loses everything."""
        ...

    def gradient(self, e: Floats) -> Floats:
        """Its derivatives."""
        ...

    def curvature(self, e: Floats, multiplier: float) -> Floats:
        """Hessian of the Lagrangian ``e'e / 2 + multiplier excess(e)``."""
        ...


@dataclass(frozen=True, eq=False)
class _Flat:
    """Returns that are linear in e: ``sum log(1 + mean + L e) = log(1 - l)``."""

    mean: Floats
    root: Floats
    goal: float

    def excess(self, e: Floats) -> float:
        growth = 1.0 + self.mean + self.root @ e
        return float(np.log(growth).sum()) - self.goal if growth.min() > 0 else np.inf

    def gradient(self, e: Floats) -> Floats:
        slope: Floats = self.root.T @ (1.0 / (1.0 + self.mean + self.root @ e))
        return slope

    def curvature(self, e: Floats, multiplier: float) -> Floats:
        scaled = self.root / (1.0 + self.mean + self.root @ e)[:, None]
        hessian: Floats = np.eye(e.size) - multiplier * scaled.T @ scaled
        return hessian


def find_design_point(mean: Floats, cov: Floats, loss: float) -> DesignPoint:
    """Find the most plausible path to a loss of at least `loss`.

    Minimises ``(r - mean)' cov^-1 (r - mean) / 2`` subject to ``prod(1 + r) <= 1 - loss`` by sequential
    quadratic programming with exact derivatives, from the linear solution and from paths that put the whole
    loss into one month: for enormous losses the problem has several local solutions.

    Parameters
    ----------
    mean, cov
        (h,) and (h, h), of monthly simple returns; `cov` positive definite, ``mean > -1``.
    loss
        Share lost, above 0 and below 1.
    """
    root = np.asarray(np.linalg.cholesky(cov), dtype=np.float64)
    surface = _Flat(mean, root, float(np.log1p(-loss)))
    starts = [np.asarray(np.linalg.solve(root, shift), dtype=np.float64) for shift in spread_loss(mean, cov, loss)]
    nearest, probability = nearest_to(surface, starts)
    return DesignPoint(mean + root @ nearest, float(np.linalg.norm(nearest)), probability)


def nearest_to(surface: Surface, starts: Sequence[Floats]) -> tuple[Floats, float]:
    """Find the point of a surface of losses that is nearest to the origin; the origin itself if it loses as much.

    Parameters
    ----------
    surface
        The surface.
    starts
        Points from which it is looked for.

    Returns
    -------
    The point, and the probability of such a loss, to second order.
    """
    found = [_descend(surface, start) for start in starts]
    reached = [e for e in found if abs(surface.excess(e)) < _REACHED] or found
    nearest = min(reached, key=lambda e: round(float(e @ e), 9))
    beta = float(np.linalg.norm(nearest))
    if surface.excess(np.zeros(nearest.size)) <= 0.0:
        return np.zeros(nearest.size), float(normal_cdf(beta))
    return nearest, _probability(surface, nearest, beta)


def spread_loss(mean: Floats, cov: Floats, loss: float) -> list[Floats]:
    """Shifts (h,) of the returns to start from: the linear solution, then the whole loss in one month."""
    h, b = mean.size, 1.0 / (1.0 + mean)
    excess = float(np.log1p(mean).sum() - np.log1p(-loss))
    shifts = [-cov @ b * (excess / (b @ cov @ b))]
    for month in sorted({round(place) for place in np.linspace(0, h - 1, min(h, _STARTS))}):
        alone = np.zeros(h)
        alone[month] = (1.0 + mean[month]) * np.expm1(-excess)
        shifts.append(alone)
    return [shift for shift in shifts if (1.0 + mean + shift).min() > 0.0]


def shift_linearly(mean: Floats, cov: Floats, loss: float) -> DesignPoint:
    """Closed form if log growth were linear in the returns: the shift ``-cov b (excess / b' cov b)``.

    Parameters
    ----------
    mean, cov, loss
        As for `find_design_point`; ``b = 1 / (1 + mean)``.
    """
    b = 1.0 / (1.0 + mean)
    excess = float(np.log1p(mean).sum() - np.log1p(-loss))
    sd = float(np.sqrt(b @ cov @ b))
    if excess <= 0.0:
        return DesignPoint(mean.copy(), 0.0, float(normal_cdf(-excess / sd)))
    return DesignPoint(mean - cov @ b * (excess / sd**2), excess / sd, float(normal_cdf(-excess / sd)))


def _descend(surface: Surface, e: Floats) -> Floats:
    """Sequential quadratic programming with a backtracking line search from one start."""
    multiplier = 0.0
    for _ in range(_STEPS):
        step, multiplier = _newton_step(surface, e, multiplier)
        if np.linalg.norm(step) < _CLOSE * (1.0 + np.linalg.norm(e)):
            break
        penalty = 2.0 * abs(multiplier) + 1.0
        before, scale = _merit(surface, e, penalty), 1.0
        while _merit(surface, e + scale * step, penalty) > before and scale > _SMALLEST:
            scale *= 0.5
        if scale <= _SMALLEST:
            break
        e = e + scale * step
    return e


def _merit(surface: Surface, e: Floats, penalty: float) -> float:
    return 0.5 * float(e @ e) + penalty * abs(surface.excess(e))


def _newton_step(surface: Surface, e: Floats, multiplier: float) -> tuple[Floats, float]:
    """Solve the quadratic subproblem; its Hessian is the identity where the exact one is not convex enough."""
    slope, size = surface.gradient(e), e.size
    hessian = surface.curvature(e, multiplier)
    if _convex_along(hessian, slope) <= 0.1:
        hessian = np.eye(size)
    system = np.zeros((size + 1, size + 1))
    system[:size, :size], system[:size, size], system[size, :size] = hessian, slope, slope
    solution = np.linalg.solve(system, np.append(-e, -surface.excess(e)))
    return solution[:size], float(solution[size])


def _convex_along(hessian: Floats, slope: Floats) -> float:
    """Smallest curvature within the plane that touches the surface; 1 where that plane is a point."""
    return float(min(_tangent_curvatures(hessian, slope), default=1.0))


def _tangent_curvatures(hessian: Floats, slope: Floats) -> Floats:
    basis = np.linalg.qr(slope[:, None], mode="complete")[0][:, 1:]
    curvatures: Floats = np.linalg.eigvalsh(basis.T @ hessian @ basis)
    return curvatures


def _probability(surface: Surface, e: Floats, beta: float) -> float:
    """Breitung's approximation, or the tangent plane's where the curvature is beyond it."""
    slope = surface.gradient(e)
    multiplier = -float(e @ slope) / float(slope @ slope)
    curvatures = _tangent_curvatures(surface.curvature(e, multiplier), slope)
    if curvatures.size and curvatures.min() <= 0.1:
        return float(normal_cdf(-beta))
    return float(min(normal_cdf(-beta) / np.sqrt(np.prod(curvatures)), 1.0))
