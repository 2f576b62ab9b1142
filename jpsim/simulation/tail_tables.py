"""Tables of Student-t months and residuals for the kernels, one per number of degrees of freedom.

Both maps keep the probability of a standard normal draw, so that heavy-tailed and Gaussian runs share
their draws. Values and slopes are exact at the nodes; between them cubic Hermite interpolation is
within a relative 1e-9 for draws up to 5 standard deviations and, for 3 degrees of freedom or more,
1e-8 further out. Residuals up to 4 standard deviations follow a polynomial, within a relative 2e-9 for 2.05
degrees of freedom and 1e-13 for 4 or more; in single precision, within 2e-5 and 2e-7. Tables are kept between
processes: making them takes special functions, and importing these longer than all else of a small run.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from jpsim.model.wildness import WILDEST
from jpsim.simulation.kept import kept
from jpsim.simulation.kernels.tails import DEGREE, DEGREE_SINGLE, NEAR, REACH, SCALE_NODES_PER_UNIT, TAIL_NODES_PER_UNIT
from jpsim.simulation.plan import list_versions

__all__ = ["Tails", "near_polynomial", "scale_table", "tail_maps", "tail_table"]

Floats = npt.NDArray[np.float64]


def _normal_density(z: Floats) -> Floats:
    density: Floats = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
    return density


def _cubics(values: Floats, slopes: Floats) -> Floats:
    """Coefficients (intervals, 4), constant first, of the cubics with these values and slopes per node."""
    rise, left, right = np.diff(values), slopes[:-1], slopes[1:]
    return np.column_stack([values[:-1], left, 3.0 * rise - 2.0 * left - right, left + right - 2.0 * rise])


@cache
def _makers() -> str:
    """What a table follows from besides its own numbers: this file, the nodes, and who works out special functions."""
    nodes = (DEGREE, DEGREE_SINGLE, NEAR, REACH, SCALE_NODES_PER_UNIT, TAIL_NODES_PER_UNIT)
    versions = list_versions()
    return f"{Path(__file__).read_text(encoding='utf-8')}\0{nodes} {versions['scipy']} {versions['numpy']}"


def _kept(kind: str, numbers: tuple[float, ...], make: Callable[[], Floats]) -> Floats:
    """Flat array that `make` gives, or gave in an earlier process."""
    stored = kept(kind, f"{_makers()}\0{numbers}", lambda: make().tobytes())
    return np.frombuffer(stored).copy()


@lru_cache(maxsize=256)
def scale_table(nu: float, shape: float) -> Floats:
    """Tabulate the month's scale ``sqrt((nu - 2) / g)``, g gamma of rate 1 / 2, against a normal draw up to `WILDEST`.

    Draws beyond have the scale there. The variance loses 0.06% by it at 5 degrees of freedom and 2% at 3.

    Parameters
    ----------
    nu
        Degrees of freedom, above 2.
    shape
        Of the gamma law that g is drawn from; ``nu / 2`` makes it chi-square.

    Returns
    -------
    (intervals, 4) coefficients of the cubics on [-REACH, REACH], see `kernels.tails`.
    """
    return _kept("scales", (nu, shape), lambda: _scale_cubics(nu, shape)).reshape(-1, 4)


def _scale_cubics(nu: float, shape: float) -> Floats:
    from scipy.special import gammainccinv, gammaincinv, gammaln, ndtr

    z = np.linspace(-REACH, REACH, int(2 * REACH * SCALE_NODES_PER_UNIT) + 1)
    chance, right = ndtr(-np.abs(z)), z > 0.0
    unit = np.empty_like(z)
    unit[right], unit[~right] = gammaincinv(shape, chance[right]), gammainccinv(shape, chance[~right])
    log_density = (shape - 1.0) * np.log(unit) - unit - gammaln(shape)
    scale = np.sqrt((nu - 2.0) * 0.5 / unit)
    slope = 0.5 * scale / unit * _normal_density(z) / np.exp(log_density)
    cubics = _cubics(scale, slope / SCALE_NODES_PER_UNIT)
    last = int((REACH + WILDEST) * SCALE_NODES_PER_UNIT)
    cubics[last:] = (scale[last], 0.0, 0.0, 0.0)
    return cubics


class Tails(NamedTuple):
    """Maps of normal to Student-t draws, one for each of some degrees of freedom."""

    near: Floats  # (maps, degree + 1), see `near_polynomial`
    table: Floats  # (maps, intervals, 4), see `tail_table`


@lru_cache(maxsize=32)
def tail_maps(degrees: tuple[float, ...], *, single: bool = False) -> Tails:
    """Stack the maps of several degrees of freedom, for single precision or double; shared by all who ask."""
    degree, kind = (DEGREE_SINGLE, np.float32) if single else (DEGREE, np.float64)
    if not degrees:
        return Tails(np.zeros((0, degree + 1), kind), np.zeros((0, 1, 4), kind))
    near = _kept("near", (degree, *degrees), lambda: np.stack([near_polynomial(nu, degree) for nu in degrees]))
    far = _kept("far", degrees, lambda: np.stack([tail_table(nu) for nu in degrees]))
    maps = len(degrees)
    return Tails(near.reshape(maps, -1).astype(kind), far.reshape(maps, -1, 4).astype(kind))


def _squared_t(nu: float, z: Floats) -> Floats:
    """Square of a Student-t draw over its degrees of freedom, at the probability of normal draws z, not negative."""
    from scipy.special import betaincinv, erf, erfc

    half, root = 0.5 * nu, z / np.sqrt(2.0)
    inner = betaincinv(0.5, half, erf(np.minimum(root, 1.0)))
    outer = betaincinv(half, 0.5, erfc(np.maximum(root, 1.0)))
    ratio: Floats = np.where(root < 1.0, inner / (1.0 - inner), (1.0 - outer) / outer)
    return ratio


@lru_cache(maxsize=128)
def near_polynomial(nu: float, degree: int = DEGREE) -> Floats:
    """Interpolate a Student-t draw of unit variance over its normal draw z at Chebyshev nodes of z**2.

    Parameters
    ----------
    nu
        Degrees of freedom, above 2.
    degree
        Of the polynomial.

    Returns
    -------
    (degree + 1,) coefficients, constant first, in ``2 z**2 / NEAR**2 - 1``.
    """
    from numpy.polynomial import chebyshev

    def ratio(x: Floats) -> Floats:
        z = NEAR * np.sqrt(0.5 * (x + 1.0))
        drawn: Floats = np.sqrt((nu - 2.0) * _squared_t(nu, z)) / z
        return drawn

    interpolate: Any = chebyshev.chebinterpolate  # its annotation asks for scalar functions
    coefficients: Floats = chebyshev.cheb2poly(interpolate(ratio, degree))
    return coefficients


@lru_cache(maxsize=128)
def tail_table(nu: float) -> Floats:
    """Tabulate a Student-t draw of unit variance against the size of a normal draw.

    Parameters
    ----------
    nu
        Degrees of freedom, above 2.

    Returns
    -------
    (intervals, 4) coefficients of the cubics on [0, REACH], see `kernels.tails`.
    """
    from scipy.special import betaln

    z = np.linspace(0.0, REACH, int(REACH * TAIL_NODES_PER_UNIT) + 1)
    ratio = _squared_t(nu, z)
    t = np.sqrt(nu * ratio)
    log_density = -0.5 * (nu + 1.0) * np.log1p(ratio) - 0.5 * np.log(nu) - betaln(0.5, 0.5 * nu)
    unit = np.sqrt((nu - 2.0) / nu)
    return _cubics(unit * t, unit * _normal_density(z) / np.exp(log_density) / TAIL_NODES_PER_UNIT)
