"""What the JGB curve says about the two-year yield a year ahead, and how wrong it has been."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from jpsim.calibration.tables import Table
from jpsim.months import Month

__all__ = ["forward_two_year", "forward_yields", "historical_error"]

Floats = npt.NDArray[np.float64]


def forward_two_year(y1: Floats, y2: Floats, y3: Floats) -> Floats:
    """Par yield of a two-year bond that starts in a year, % (annual coupons).

    Parameters
    ----------
    y1, y2, y3
        Par yields of one, two and three years, % a year; NaN gives NaN.

    Examples
    --------
    >>> import numpy as np
    >>> float(forward_two_year(np.array(2.0), np.array(2.0), np.array(2.0)).round(6))
    2.0
    """
    one, two, three = (np.asarray(y, dtype=float) / 100.0 for y in (y1, y2, y3))
    d1 = 1.0 / (1.0 + one)
    d2 = (1.0 - two * d1) / (1.0 + two)
    d3 = (1.0 - three * (d1 + d2)) / (1.0 + three)
    return np.asarray(100.0 * (d1 - d3) / (d2 + d3))


def forward_yields(table: Table, first: Month) -> Floats:
    """Forward two-year yields a year ahead in each month from `first` to the panel's end, %."""
    last = table.months[-1]
    return forward_two_year(*(table.since(first, last, name) for name in ("jgb_1y", "jgb_2y", "jgb_3y")))


def historical_error(table: Table, since: Month) -> float:
    """Root mean square of realised two-year yields less the forwards, quoted from `since` on, a year before, %."""
    forecast = forward_yields(table, since)[:-12]
    realised = table.since(since + 12, table.months[-1], "jgb_2y")
    return float(np.sqrt(np.nanmean((realised - forecast) ** 2)))
