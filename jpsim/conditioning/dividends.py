"""Dividends: what total returns add to price returns every month."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from jpsim.conditioning.spreading import spread_over_series
from jpsim.equity_priors import dividend_prior
from jpsim.model import Model

__all__ = ["monthly_dividends"]

Floats = npt.NDArray[np.float64]

_MONTHS = 12


def monthly_dividends(model: Model) -> Floats:
    """(S,) dividends of the base series, as a share of the price at the month's start.

    A twelfth of the yearly yield of `jpsim.equity_priors.dividend_prior`. It does not depend on the path, and
    aggregates earn the weighted sum of what their members earn, so that total returns are as coherent as
    price returns.
    """
    prior = dividend_prior()
    return spread_over_series(model, {**prior.sectors, **prior.tilts}) / (100.0 * _MONTHS)
