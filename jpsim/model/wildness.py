"""How wild a Student-t month may be."""

from __future__ import annotations

from typing import Final

__all__ = ["WILDEST", "least_chi_square"]

WILDEST: Final = 4.25
"""Normal draw from which on months are no wilder: one month in 94,000, of which no history says anything. Beyond it
returns, which are linear in the factors, could fall below -100%, and means of log factors would not exist."""


def least_chi_square(nu: float) -> float:
    """Value that the chi-square variable of a month with `nu` degrees of freedom does not fall below."""
    from scipy.special import gammaincinv, ndtr

    return float(2.0 * gammaincinv(0.5 * nu, ndtr(-WILDEST)))
