"""Monthly simple returns of the equity series, chained from the panel's two sources."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from jpsim.calibration.panel import Panel, check_columns, check_returns
from jpsim.calibration.tables import Table
from jpsim.dictionary import series as series_entries
from jpsim.months import Month

__all__ = ["TILTS", "Returns", "chain_returns", "ids_of_kind"]

Floats = npt.NDArray[np.float64]

_BASKETS = Month(2016, 3)  # first month with a return of the constructed baskets
_FUNDS = Month(2010, 1)  # first month with a dividend-adjusted return of the sector funds

TILTS = (
    ("core30", "large70", "mid400", "small"),
    ("prime", "standard", "growth", "nikkei225"),
)


@dataclass(frozen=True, eq=False)
class Returns:
    """Returns of T months; NaN where a series has none.

    Parameters
    ----------
    topix
        (T,) TOPIX.
    sector17, sector33
        (T, 17) and (T, 33), in the order of the dictionary.
    tilts
        Series to (T,) return less that of the broad market of the same source: sizes, segments, Nikkei 225.
    themes
        Theme to (T,) return.
    """

    topix: Floats
    sector17: Floats
    sector33: Floats
    tilts: dict[str, Floats]
    themes: dict[str, Floats]

    def after(self, months: int) -> Returns:
        """Return the same without the first so many months."""
        return replace(
            self,
            topix=self.topix[months:],
            sector17=self.sector17[months:],
            sector33=self.sector33[months:],
            tilts={name: column[months:] for name, column in self.tilts.items()},
            themes={name: column[months:] for name, column in self.themes.items()},
        )


def ids_of_kind(kind: str) -> tuple[str, ...]:
    """Ids of a kind in the dictionary's order."""
    return tuple(name for name, entry in series_entries().items() if entry.kind == kind)


def chain_returns(panel: Panel, first: Month, themes: dict[str, Any]) -> Returns:
    """Chain returns from `first` to the panel's last month.

    Parameters
    ----------
    panel
        Baskets from 2016 on and sector funds from 2010 on; before, the constructed history.
    first
        First month.
    themes
        Theme id to its table of priors, which names its column.

    Raises
    ------
    InputError
        A column is missing, has gaps, repeats another, or holds percents where decimals belong.
    """
    sector33 = [name.removeprefix("tse33_") for name in ids_of_kind("sector33")]
    monthly, last = panel.monthly, panel.monthly.months[-1]
    baskets = [f"s33_{name}" for name in sector33] + ["c_cap_all", "c_seg_prime", "c_seg_standard", "c_seg_growth"]
    baskets += [f"c_size_{name}" for name in TILTS[0]] + [str(theme["column"]) for theme in themes.values()]
    check_columns(monthly, baskets, _BASKETS, prices=baskets)
    funds = [f"s17_{name}" for name in ids_of_kind("sector17")]
    check_columns(monthly, funds, _FUNDS, prices=funds)
    tilted = ["all", *(f"size_{name}" for name in TILTS[0]), *(f"seg_{name}" for name in TILTS[1][:3])]
    early = max(first, panel.history.months[0])
    check_returns(panel.history, funds, early, _FUNDS + -1)
    check_returns(panel.history, [*tilted, *baskets[:33]], early, _BASKETS + -1)

    def chained(column: str, earlier: str, start: Month) -> Floats:
        recent = _price_return(monthly, column, first, last)
        before = panel.history.since(first, last, earlier)
        return np.where(np.arange(len(recent)) < start - first, before, recent)

    market = chained("c_cap_all", "all", _BASKETS)
    topix = _price_return(monthly, "topix", first, last)
    tilts = {name: chained(f"c_size_{name}", f"size_{name}", _BASKETS) - market for name in TILTS[0]}
    for name in ("prime", "standard", "growth"):
        tilts[name] = chained(f"c_seg_{name}", f"seg_{name}", _BASKETS) - market
    tilts["nikkei225"] = _price_return(monthly, "nikkei225", first, last) - topix
    return Returns(
        topix=topix,
        sector17=np.column_stack([chained(name, name, _FUNDS) for name in funds]),
        sector33=np.column_stack([chained(f"s33_{name}", f"s33_{name}", _BASKETS) for name in sector33]),
        tilts=tilts,
        themes={name: _price_return(monthly, theme["column"], first, last) for name, theme in themes.items()},
    )


def _price_return(table: Table, column: str, first: Month, last: Month) -> Floats:
    levels = table.since(first + -1, last, column)
    return levels[1:] / levels[:-1] - 1.0
