"""A number that knows its Monte Carlo error."""

from __future__ import annotations

from typing import Self

__all__ = ["Estimate"]


class Estimate(float):
    """A number estimated from the sample: a float that knows its Monte Carlo standard error.

    Parameters
    ----------
    value
        The estimate.
    se
        Its Monte Carlo standard error, in the same unit.

    Examples
    --------
    >>> Estimate(0.21, 0.004)
    0.21 ± 0.004
    """

    se: float

    def __new__(cls, value: float, se: float) -> Self:
        """Make an estimate."""
        estimate = super().__new__(cls, value)
        estimate.se = float(se)
        return estimate

    def __reduce__(self) -> tuple[type[Self], tuple[float, float]]:
        """Copy and pickle with the error."""
        return type(self), (float(self), self.se)

    def __repr__(self) -> str:
        return f"{float(self):.6g} ± {self.se:.2g}"
