"""What a backtest looks at: the panel, its checked returns, and both as they were known at an origin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpsim.calibration.observations import Observations, observe, observe_known
from jpsim.calibration.panel import Panel
from jpsim.calibration.priors import Priors
from jpsim.calibration.returns import TILTS, Returns, chain_returns, ids_of_kind
from jpsim.months import Month

__all__ = ["HISTORY", "Sample", "collect_sample"]

Floats = npt.NDArray[np.float64]

HISTORY = 36  # months that a factor or a series must have before it takes part


@dataclass(frozen=True, eq=False)
class Sample:
    """The panel, read and checked once.

    Parameters
    ----------
    panel, priors
        What the model is estimated from, and the judgements of its estimation.
    first, last
        First and last month.
    series
        Ids of the k scored series: TOPIX, the 17, the 33, the sizes.
    observed
        (T, k) monthly log returns, row 0 in `first`.
    leading
        (T, 3) changes of the regression's factors: log USDJPY, log S&P 500, JGB10 in percentage points.
    returns
        Monthly simple returns as the calibration takes them, row 0 in `first`.
    realised
        Factors as they are known at the last month.
    """

    panel: Panel
    priors: Priors
    first: Month
    last: Month
    series: tuple[str, ...]
    observed: Floats
    leading: Floats
    returns: Returns
    realised: Observations

    def row(self, month: Month) -> int:
        """Row of a month in `observed`, `leading` and `returns`."""
        return month - self.first

    def known(self, origin: Month) -> Observations:
        """Factors as they were known at the end of `origin`."""
        return observe_known(self.panel.monthly, self.priors.first, origin, HISTORY)

    def returns_since(self, start: Month, origin: Month) -> Returns:
        """Simple returns from `start` to `origin`."""
        rows = slice(self.row(start), self.row(origin) + 1)
        found = self.returns
        tilts = {name: column[rows] for name, column in found.tilts.items()}
        return Returns(found.topix[rows], found.sector17[rows], found.sector33[rows], tilts, {})


def collect_sample(panel: Panel, priors: Priors) -> Sample:
    """Check a panel and put together what is scored.

    Parameters
    ----------
    panel, priors
        The panel and the judgements of the estimation.

    Raises
    ------
    InputError
        A column is missing, has gaps, is constant, or is in the wrong unit.
    """
    first = panel.history.months[0]
    realised = observe(panel.monthly, priors.first)
    returns = chain_returns(panel, first, {})
    last = panel.monthly.months[-1]
    market = returns.topix[:, None] + np.column_stack([returns.tilts[name] for name in TILTS[0]])
    simple = np.column_stack([returns.topix, returns.sector17, returns.sector33, market])
    return Sample(
        panel=panel,
        priors=priors,
        first=first,
        last=last,
        series=("topix", *ids_of_kind("sector17"), *ids_of_kind("sector33"), *TILTS[0]),
        observed=np.log1p(simple),
        leading=_leading(panel, first, last),
        returns=returns,
        realised=realised,
    )


def _leading(panel: Panel, first: Month, last: Month) -> Floats:
    def change(column: str, in_logs: bool) -> Floats:
        levels = panel.monthly.since(first + -1, last, column)
        return np.diff(np.log(levels) if in_logs else levels)

    return np.column_stack([change("usdjpy", True), change("sp500", True), change("jgb_10y", False)])
