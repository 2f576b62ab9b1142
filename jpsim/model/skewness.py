"""What skews a model's months: innovations that lean on the month's own mixing variable.

A month's innovations are ``u = exp(v / 2) (b (W - 1) + sqrt(W) r)``, W the month's Student-t mixing variable with mean
one, v its log-variance and r normal: a generalised hyperbolic skewed t (Aas and Haff 2006,
doi:10.1093/jjfinec/nbj006), which is a normal variance-mean mixture (Barndorff-Nielsen, Kent and Sørensen 1982,
doi:10.2307/1402598). The covariance of r is ``Sigma - Var(W) b b'``, so that that of u is Sigma, as without skewness.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["SkewedShocks", "mixing_variance", "shifted_skewness"]

Floats = npt.NDArray[np.float64]


def mixing_variance(nu: float) -> float:
    """Variance of W = (nu - 2) / g, g chi-square with nu degrees of freedom; infinite up to four of them."""
    return 2.0 / (nu - 4.0) if nu > 4.0 else np.inf


def shifted_skewness(nu: float, shift: float) -> float:
    """Skewness of the factor that leads in skewed months; infinite up to six degrees of freedom.

    With V the variance of W and M its third central moment, ``16 / ((nu - 4) (nu - 6))``: ``shift**3 M + 3 shift (1 -
    V shift**2) V`` (Aas and Haff 2006).
    """
    if nu <= 6.0:
        return float(np.copysign(np.inf, shift))
    variance, third = mixing_variance(nu), 16.0 / ((nu - 4.0) * (nu - 6.0))
    return shift**3 * third + 3.0 * shift * (1.0 - variance * shift**2) * variance


@dataclass(frozen=True, eq=False)
class SkewedShocks:
    """Orthogonal shocks ``x = A**-1 u`` in normal ones, A a root of the covariance of u: ``x = s root (e + lean tau)``.

    ``s`` is the month's scale and ``tau = sqrt(W) - 1 / sqrt(W)``.

    Parameters
    ----------
    root
        (n, n) symmetric root of what W leaves of the unit covariance.
    lean
        (n,).
    """

    root: Floats
    lean: Floats

    @classmethod
    def of(cls, A: Floats, b: Floats, nu: float) -> SkewedShocks:
        """Find them for a root A (n, n) of the covariance, a shift b (n,) per unit of W, and the tails."""
        along = np.asarray(np.linalg.solve(A, b), dtype=np.float64)
        square = float(along @ along)
        left = float(np.sqrt(1.0 - mixing_variance(nu) * square))
        root = np.eye(len(b)) - (1.0 - left) / square * np.outer(along, along)
        return cls(root, along / left)

    def directions(self, basis: Floats) -> Floats:
        """(n, k) orthonormal directions, among the normal shocks, that move x along a basis (n, k)."""
        return np.asarray(np.linalg.qr(np.linalg.solve(self.root, basis))[0])
