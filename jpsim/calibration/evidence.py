"""Which signs the data support: plain discounted regressions beside the shrunken loadings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["SUPPORT", "Evidence", "weigh_evidence"]

Floats = npt.NDArray[np.float64]

SUPPORT = 1.65  # |t| from which a sign counts as the data's: 90% two-sided


@dataclass(frozen=True, eq=False)
class Evidence:
    """Least-squares estimates of k series on m factors.

    Parameters
    ----------
    estimate, standard_error
        (k, m) coefficients and heteroskedasticity-robust standard errors.
    """

    estimate: Floats
    standard_error: Floats

    @property
    def supported(self) -> npt.NDArray[np.bool_]:
        """Where the sign is the data's, (k, m)."""
        return np.abs(self.estimate) > SUPPORT * self.standard_error


def weigh_evidence(returns: Floats, innovations: Floats, weights: Floats) -> Evidence:
    """Regress each series on a few innovations, without a prior.

    Parameters
    ----------
    returns
        (T, k) monthly returns, NaN where missing.
    innovations
        (T, m) innovations of a few factors; a constant is added.
    weights
        (T,) discounts.

    Returns
    -------
    Coefficients with the sandwich standard errors of White (1980), doi:10.2307/1912934, times the
    small-sample factor of the effective number of months.
    """
    pairs = [_regress(column, innovations, weights) for column in returns.T]
    return Evidence(np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs]))


def _regress(column: Floats, innovations: Floats, weights: Floats) -> tuple[Floats, Floats]:
    seen = np.isfinite(column)
    x = np.column_stack([np.ones(int(seen.sum())), innovations[seen]])
    w, y = weights[seen], column[seen]
    bread = np.linalg.inv(x.T @ (x * w[:, None]))
    coefficients = bread @ (x.T @ (w * y))
    scores = x * (w * (y - x @ coefficients))[:, None]
    effective = w.sum() ** 2 / (w @ w)
    covariance = bread @ (scores.T @ scores) @ bread * effective / (effective - x.shape[1])
    return coefficients[1:], np.sqrt(np.diag(covariance))[1:]
