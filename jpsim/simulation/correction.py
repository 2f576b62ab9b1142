"""From a law's mixing variables and requirements to what the kernels take."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from jpsim.errors import InputError
from jpsim.simulation.kernels.arrays import Correction, Proposed
from jpsim.simulation.kernels.normals import MIXING, PILOTS, VOLATILITY
from jpsim.simulation.law import Mixing, Proposal, Rotation
from jpsim.simulation.padding import pad
from jpsim.simulation.proposals import empty_proposal, levels, offsets, score_level
from jpsim.simulation.tail_tables import scale_table

__all__ = ["NOT_DEFINITE", "lay_out_correction"]

Floats = npt.NDArray[np.float64]

NOT_DEFINITE: Final = "the requirements have no positive definite covariance: some repeat or contradict others"


def _lay_out_proposal(proposal: Proposal | None, months: int) -> Proposed:
    if proposal is None:
        none = empty_proposal(months, 0)
        share, mean, directions, curvature = (part[:0] for part in none[:4])
        proposal = none._replace(share=share, mean=mean, directions=directions, curvature=curvature)
    directions, curvature = np.asarray(proposal.directions), np.asarray(proposal.curvature)
    return Proposed(
        share=np.array(proposal.share, dtype=np.float64),
        mean=pad(proposal.mean, 1),
        directions=pad(directions, 2),
        outward=pad(directions.transpose(0, 2, 1), 2),
        stretch=pad(1.0 / np.sqrt(1.0 - curvature) - 1.0, 1),
        curvature=pad(curvature, 1),
        offset=pad(offsets(proposal), 1),
        level=levels(proposal),
        score_mean=np.array(proposal.score_mean, dtype=np.float64),
        score_follow=np.array(proposal.score_follow, dtype=np.float64),
        score_root=np.array(proposal.score_root, dtype=np.float64),
        score_width=np.array(proposal.score_width, dtype=np.float64),
        score_widen=np.array(proposal.score_widen, dtype=np.float64),
        score_level=score_level(proposal),
    )


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
    rotation = mixing.rotation or Rotation(np.zeros((0, months, n)), np.zeros((months, n, 0)))
    nu = float(mixing.nu)
    delivered = _fixed_response(response, products, noise) if fixed else response
    return Correction(
        heavy=int(heavy),
        scale=scale_table(nu, 0.5 * nu) if heavy else np.zeros((0, 4)),
        volatile=int(volatile),
        persistence=float(mixing.sv_phi),
        deviation=float(mixing.sv_sigma),
        origin=float(mixing.sv_start),
        centre=float(mixing.sv_sigma**2 / (2.0 * (1.0 - mixing.sv_phi**2))),
        proposal=_lay_out_proposal(mixing.proposal, months),
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
        inward=pad(rotation.inward.transpose(1, 0, 2), 2),
        outward=pad(rotation.outward, 2),
    )
