"""What an option's value changes by: the index, its implied volatility, and time.

Each month's change of the value is a function of three things that move together. It is shared among them by
Shapley's values over all eight combinations of old and new, in closed form, so that the shares of each month sum to
its change exactly, and none depends on an order (Shapley 1953, doi:10.1515/9781400881970-018).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from jpsim.analysis.books.derivatives import Option, option_value
from jpsim.analysis.shapley import shapley_values

__all__ = ["OptionShares", "share_option"]

Floats = npt.NDArray[np.float64]

_STILL = 1e-9  # monthly returns below which a secant is taken to be zero


class OptionShares(NamedTuple):
    """Shares of an option's monthly changes, for a unit of the index at month 0; (h, m) each.

    Parameters
    ----------
    exposure
        Amount of the index that earns, at the month's return, what the option gains by the index: its delta over
        the month, times the index.
    volatility, time_value
        Gain by implied volatility, and by time with the rate.
    """

    exposure: Floats
    volatility: Floats
    time_value: Floats


def share_option(option: Option, index: Floats, rates: Floats, spreads: Floats) -> OptionShares:
    """Share an option's monthly changes.

    Parameters
    ----------
    option
        The option.
    index, rates, spreads
        (h + 1, m) index over that of month 0, rate and implied volatility; month 0 first.

    Returns
    -------
    OptionShares
        Zero in the months after the option has expired.
    """
    months = index.shape[0] - 1
    shares = np.zeros((3, months, index.shape[1]))
    for month in range(min(option.expiry, months)):
        worth = np.empty((8, index.shape[1]))
        for coalition in range(8):
            moved, spread, later = (month + (coalition >> bit & 1) for bit in range(3))
            left = (option.expiry - later) / 12.0
            worth[coalition] = option_value(option, index[moved], left, rates[later], spreads[spread])
        shares[:, month] = shapley_values(worth)
    earned = index[1:] / index[:-1] - 1.0
    moving = np.abs(earned) > _STILL
    exposure = np.divide(shares[0], earned, out=np.zeros_like(earned), where=moving)
    return OptionShares(exposure, shares[1], shares[2])
