"""Roots of two covariances that take the same shocks to nearly the same outputs.

Any root of a covariance gives the same law; which one it is decides what paths of two models have in common when both
are drawn from the same normals. The root nearest to another's outputs is an orthogonal Procrustes problem (Schoenemann
1966, doi:10.1007/BF02289451).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["FACTORS", "aligned_turn", "nearest_turn"]

Floats = npt.NDArray[np.float64]

FACTORS: Final = 3.0
"""Weight of the factors together, against that of the series together: conditions speak of factors."""


def nearest_turn(matrix: Floats) -> Floats:
    """Orthogonal Q that makes ``tr(Q matrix)`` greatest, (n, n): the transposed polar factor."""
    u, _, v = np.linalg.svd(matrix)
    return np.asarray((u @ v).T, dtype=np.float64)


def aligned_turn(root: Floats, other: Floats, returns: tuple[Floats, Floats], residual: Floats) -> Floats:
    """Orthogonal Q that brings the outputs of ``root Q`` closest to those of `other`, from the same shocks.

    Parameters
    ----------
    root, other
        (n, n) roots of the two covariances of the factors' innovations.
    returns
        (S, n) loadings of the series on these innovations, in the two models.
    residual
        (S,) residual variances of the series.

    Returns
    -------
    (n, n): the sum of the correlations of factors and series is greatest, as far as products of standard deviations
    that do not depend on Q make it so.
    """
    here, there = (np.sqrt((x**2).sum(axis=1)) for x in (root, other))
    own = FACTORS / len(root) * other.T @ (root / (here * there)[:, None])
    here, there = (np.sqrt(((b @ x) ** 2).sum(axis=1) + residual) for b, x in zip(returns, (root, other), strict=True))
    share = 1.0 / (len(residual) * here * there)
    return nearest_turn(own + (returns[1] @ other).T @ (share[:, None] * (returns[0] @ root)))
