"""From a law's mixing variables and requirements to what the kernels take."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from jpsim.errors import InputError
from jpsim.simulation.kernels.arrays import Correction
from jpsim.simulation.kernels.normals import MIXING, PILOTS, VOLATILITY
from jpsim.simulation.law import Mixing
from jpsim.simulation.padding import pad
from jpsim.simulation.tail_tables import scale_table

__all__ = ["NOT_DEFINITE", "lay_out_correction", "scale_tables"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

NOT_DEFINITE: Final = "the requirements have no positive definite covariance: some repeat or contradict others"


def scale_tables(mixing: Mixing) -> tuple[Floats, Integers, Floats]:
    """Tabulate the Student-t part of the scales.

    Returns
    -------
    Tables (K, intervals, 4), one for each shape; which of them each component uses in each month (C, h);
    and the factors (C, h) that its rate brings. Without a proposal C is 0 and K is 1.
    """
    nu, tilt = float(mixing.nu), mixing.tilt
    months = np.asarray(mixing.exposure).shape[0]
    if tilt is None or not np.isfinite(nu):
        plain = scale_table(nu, 0.5 * nu)[None].copy() if np.isfinite(nu) else np.zeros((1, 0, 4))
        none = np.zeros((0, months)) if tilt is None else np.zeros_like(tilt.rate)
        return plain, none.astype(np.int64), none
    shapes, place = np.unique(tilt.shape, return_inverse=True)
    tables = np.stack([scale_table(nu, float(shape)) for shape in shapes])
    return tables, place.reshape(tilt.shape.shape).astype(np.int64), np.sqrt(2.0 * tilt.rate)


def _ratios(mixing: Mixing) -> Floats:
    """Coefficients (C, h, 3) of log chi-square less log proposal density of g, by 1, log s**-2 and s**-2."""
    from scipy.special import gammaln

    if mixing.tilt is None:
        return np.zeros((0, np.asarray(mixing.exposure).shape[0], 3))
    shape, rate = np.asarray(mixing.tilt.shape), np.asarray(mixing.tilt.rate)
    if not np.isfinite(mixing.nu):
        return np.zeros((*shape.shape, 3))
    half, reach = 0.5 * mixing.nu, mixing.nu - 2.0
    prior, proposal = half * np.log(0.5) - gammaln(half), shape * np.log(rate) - gammaln(shape)
    constant = prior - proposal + (half - shape) * np.log(reach)
    return np.stack([constant, half - shape, (rate - 0.5) * reach], axis=2)


def _fixed_response(response: Floats, products: Floats, noise: Floats) -> Floats:
    """``response_t' V**-1`` transposed, (h, m, n), where every scale is 1."""
    covariance = products.sum(axis=0) + np.diag(noise)
    try:
        np.linalg.cholesky(covariance)
        return np.linalg.solve(covariance, response)
    except np.linalg.LinAlgError:
        raise InputError(NOT_DEFINITE) from None


def _products(left: Floats, right: Floats) -> Floats:
    """``left_t right_t'``, symmetric but for rounding and made so, (h, m, m)."""
    product = left @ right.transpose(0, 2, 1)
    return np.ascontiguousarray(0.5 * (product + product.transpose(0, 2, 1)))


def lay_out_correction(mixing: Mixing | None, months: int, n: int, *, pilots: bool) -> Correction:
    """Lay out the mixing of a law of n factors for the kernels; see `jpsim.simulation.layout.lay_out`."""
    if mixing is None:
        mixing = Mixing(np.inf, np.zeros((months, 0, n)), np.zeros(0), np.zeros(0))
    if not abs(mixing.sv_phi) < 1.0:
        raise InputError(f"persistence {mixing.sv_phi:g} of log volatility; it must lie between -1 and 1")
    heavy, volatile = bool(np.isfinite(mixing.nu)), mixing.sv_sigma > 0.0 or mixing.sv_start != 0.0
    exposure, noise = np.asarray(mixing.exposure), np.array(mixing.noise, dtype=np.float64)
    response = exposure if mixing.response is None else np.asarray(mixing.response)
    products, fixed = _products(response, exposure), mixing.normal and noise.size > 0
    tables, place, stretch = scale_tables(mixing)
    tilt = mixing.tilt
    delivered = _fixed_response(response, products, noise) if fixed else response
    return Correction(
        heavy=int(heavy),
        scale=tables,
        table=place,
        stretch=np.ascontiguousarray(stretch),
        share=np.zeros(0) if tilt is None else np.array(tilt.share, dtype=np.float64),
        volatile=int(volatile),
        persistence=float(mixing.sv_phi),
        deviation=float(mixing.sv_sigma),
        origin=float(mixing.sv_start),
        centre=float(mixing.sv_sigma**2 / (2.0 * (1.0 - mixing.sv_phi**2))),
        news=np.zeros((0, months)) if tilt is None else np.array(tilt.news, dtype=np.float64),
        ratio=_ratios(mixing),
        streams=np.array(PILOTS if pilots else (MIXING, VOLATILITY), dtype=np.uint64),
        fixed=int(fixed),
        free=int(mixing.free),
        ranges=int(mixing.ranges),
        exposure=-pad(exposure, 2),
        delivered=-pad(response, 2),
        response=np.ascontiguousarray(pad(delivered, 2).transpose(0, 2, 1)),
        products=products,
        evidence=products if mixing.response is None else _products(exposure, exposure),
        noise=noise,
        gap=np.array(mixing.gap, dtype=np.float64),
        skewed=int(mixing.skew is not None),
        lean=np.zeros((0, 0)) if mixing.skew is None else np.ascontiguousarray(exposure @ mixing.skew),
    )
