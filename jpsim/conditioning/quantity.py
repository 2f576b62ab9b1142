"""What a condition speaks of: a factor or a combination, and its numbers in model units."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.system import System
from jpsim.units import Quantity

__all__ = ["Conditioned", "find_conditioned"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Conditioned:
    """A linear function of the state about which a scenario speaks.

    Parameters
    ----------
    name
        Factor or combination.
    row, constant
        Its value in model units is ``row @ s_t + constant``.
    base
        That value at month 0.
    logarithmic
        Whether model units are 100 times the logarithm of what users write.
    shock_sd
        Standard deviation of one month's innovation, in model units.
    unit
        Sign behind its numbers in messages: ``%`` or nothing.
    """

    name: str
    row: Floats
    constant: float
    base: float
    logarithmic: bool
    shock_sd: float
    unit: str = ""

    def value(self, stated: Quantity, role: str, month: int) -> float:
        """Model units of a stated level or change (`role`) at a month; of a price, its logarithm's."""
        if stated.unit == "sd":
            return self.base + stated.value * self.shock_sd * float(np.sqrt(month))
        if role == "change":
            return self.base + (100.0 * log(1.0 + stated.value) if self.logarithmic else stated.value)
        return 100.0 * log(stated.value) if self.logarithmic else stated.value

    def written(self, centre: float) -> str:
        """Write a value in model units as a user would."""
        if self.logarithmic:
            return f"{np.exp(centre / 100.0):,.5g}"
        return f"{centre:.3f}".rstrip("0").rstrip(".") + self.unit

    def ends(self, bounds: tuple[Quantity | None, Quantity | None], month: int) -> tuple[float, float]:
        """Model units of a lower and an upper bound of the level at a month; infinite where there is none."""
        low, high = (None if bound is None else self.value(bound, "level", month) for bound in bounds)
        return -np.inf if low is None else low, np.inf if high is None else high

    def interval(self, low: float, high: float) -> str:
        """Write bounds in model units as a user would; an ellipsis where there is none."""
        return " to ".join(self.written(end) if np.isfinite(end) else "…" for end in (low, high))

    def law(self, centre: float, sd: Quantity, role: str, kind: str, month: int) -> tuple[float, float]:
        """Mean and standard deviation in model units of a quantity whose stated mean is `centre`.

        A price whose mean and sd are stated is lognormal with these moments; noise around a measured
        price is taken relative to it.
        """
        if sd.unit == "sd":
            spread = sd.value * self.shock_sd * float(np.sqrt(month))
            return (centre - spread**2 / 200.0 if kind == "marginal" and self.logarithmic else centre), spread
        if not self.logarithmic:
            return centre, sd.value
        level = float(np.exp(centre / 100.0))
        unit = 1.0 if sd.unit == "level" else float(np.exp(self.base / 100.0)) if role == "change" else level
        ratio = sd.value * unit / level
        if kind == "measurement":
            return centre, 100.0 * ratio
        variance = float(np.log1p(ratio**2))
        return centre - 50.0 * variance, 100.0 * variance**0.5


def find_conditioned(system: System, name: str, weights: dict[str, float]) -> Conditioned:
    """Build the quantity that is the weighted sum of factors' levels (of logs, for prices).

    Parameters
    ----------
    system
        The recursion.
    name
        What the scenario calls it.
    weights
        Factor to weight; one factor with weight 1 for the factor itself.
    """
    model = system.model
    exposure = np.zeros(len(model.factors))
    row, constant = np.zeros(system.start.size), 0.0
    for factor, weight in weights.items():
        position = model.factor(factor)
        exposure[position] = weight
        level_row, level_constant = system.level_row(position)
        row, constant = row + weight * level_row, constant + weight * level_constant
    logarithmic = model.transform[model.factor(next(iter(weights)))] == "log100"
    return Conditioned(
        name,
        row,
        constant,
        float(row @ system.start) + constant,
        logarithmic,
        float(np.sqrt(exposure @ model.Sigma @ exposure)),
        "%" if {model.unit[model.factor(factor)] for factor in weights} == {"%"} else "",
    )
