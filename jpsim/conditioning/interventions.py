"""What interventions in the currency market bring to a story: known from paths, since no closed form holds them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["InterventionEffect"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class InterventionEffect:
    """Mean effects of the rule of intervention, on the same draws with and without it.

    Parameters
    ----------
    yen
        (h,) what it adds to the yen's innovations, in 100 log.
    growth
        (h, S + G) what it adds to cumulative returns of base series and aggregates.
    """

    yen: Floats
    growth: Floats
