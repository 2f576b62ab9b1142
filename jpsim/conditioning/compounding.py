"""Expected compound return of normal monthly returns, in closed form."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["expected_growth"]

Floats = npt.NDArray[np.float64]


def expected_growth(mean: Floats, cov: Floats) -> Floats:
    """Return ``E prod_{s <= t} (1 + r_s)`` of jointly normal monthly returns, for each month t.

    The product's expectation is a sum over sets of disjoint pairs of months (Isserlis 1918,
    doi:10.1093/biomet/12.1-2.134), each pair giving its covariance over the product of its means.
    Sets of one and two pairs are summed; the covariances between months of a conditioned path sum to
    less than 0.01, so that what is left out is below 1e-7.

    Parameters
    ----------
    mean
        (R, h) mean monthly returns of R series.
    cov
        (R, h, h) covariances between their months; the diagonals do not matter.

    Returns
    -------
    (R, h) expected growth from month 0.
    """
    growth = 1.0 + mean
    k = cov / (growth[:, :, None] * growth[:, None, :])
    months = np.arange(mean.shape[1])
    k[:, months, months] = 0.0
    within = np.tril(np.ones((months.size, months.size)))  # [t, i]: month i lies in the first t + 1
    degree = np.cumsum(k, axis=2)  # [r, i, t]: sum over the first t + 1 months
    one = np.einsum("rit,ti->rt", degree, within) / 2.0
    squares = np.einsum("rit,ti->rt", np.cumsum(k * k, axis=2), within) / 2.0
    shared = np.einsum("rit,ti->rt", degree**2, within)
    pairs: Floats = 1.0 + one + 0.5 * (one**2 + squares - shared)
    return np.cumprod(growth, axis=1) * pairs
