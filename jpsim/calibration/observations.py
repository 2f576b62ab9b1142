"""From panel columns to the factors' observations y: transforms, publication lags, the activity index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpsim.calibration.collinearity import check_independent
from jpsim.calibration.panel import check_columns
from jpsim.calibration.tables import Table
from jpsim.dictionary import FactorEntry
from jpsim.dictionary import factors as factor_entries
from jpsim.errors import InputError, Problem
from jpsim.months import Month

__all__ = ["FACTORS", "Observations", "activity_index", "observe", "observe_known"]

Floats = npt.NDArray[np.float64]

FACTORS = (
    "jgb_2y",
    "jgb_10y",
    "jgb_30y",
    "usdjpy",
    "us_policy_rate",
    "us_10y",
    "sp500",
    "semiconductors",
    "usd_broad",
    "oil",
    "vix",
    "foreign_flow",
    "japan_activity",
    "core_cpi",
    "wages",
    "policy_uncertainty",
)
FOREIGN = frozenset({"us_policy_rate", "us_10y", "sp500", "semiconductors", "usd_broad", "oil", "vix"})

_COLUMNS = {
    "jgb_2y": "jgb_2y",
    "jgb_10y": "jgb_10y",
    "jgb_30y": "jgb_30y",
    "usdjpy": "usdjpy",
    "us_policy_rate": "fed_funds",
    "us_10y": "us_10y",
    "sp500": "sp500",
    "usd_broad": "usd_broad",
    "oil": "wti",
    "vix": "vix",
    "core_cpi": "jp_core_cpi_yoy",
    "policy_uncertainty": "epu_japan",
}
_RATES = ("jgb_1y", "jgb_2y", "jgb_3y", "jgb_10y", "jgb_30y", "fed_funds", "us_10y")
_PERCENTS = (*_RATES, "boj_policy_rate_decided")
_PRICES = ("usdjpy", "sp500", "smh_proxy", "usd_broad", "wti", "vix", "epu_japan", "jp_wages", "topix", "nikkei225")
_ACTIVITY = ("jp_tankan_lm", "jp_consumer_conf", "jp_ip_meti", "jp_consumption_activity", "jp_unemployment")
_OTHER = ("foreign_net_buy_jpybn", "jp_core_cpi_yoy", "boj_policy_rate_decided")


@dataclass(frozen=True, eq=False)
class Observations:
    """Observed factors, T months by n.

    Parameters
    ----------
    first
        Month of the first row.
    names
        Ids of the n factors.
    y
        (T, n) observations, NaN where a cell is not known at the last month.
    levels
        (T, n) reported levels, NaN where not known.
    """

    first: Month
    names: tuple[str, ...]
    y: Floats
    levels: Floats

    @property
    def last(self) -> Month:
        """Month of the last row: month 0 of the model."""
        return self.first + (len(self.y) - 1)


def observe(table: Table, first: Month) -> Observations:
    """Transform the panel into observations as they were known at its last month.

    Parameters
    ----------
    table
        Monthly panel; the columns it must have are checked.
    first
        First month of the sample.

    Raises
    ------
    InputError
        A column is missing, has gaps, is constant, is in the wrong unit, or repeats what others say.
    """
    check_columns(table, (*_RATES, *_PRICES, *_ACTIVITY, *_OTHER), first, rates=_PERCENTS, prices=_PRICES)
    found = observe_known(table, first, table.months[-1])
    _check_edge(found.y, found.last)
    check_independent(found.y, FACTORS, table.source)
    return found


def observe_known(table: Table, first: Month, last: Month, least: int = 0) -> Observations:
    """Observations as they were known at an earlier month; columns are not checked again.

    Parameters
    ----------
    table
        Monthly panel that passed `observe`.
    first, last
        First month of the sample, and the month at whose end it is looked at: later rows do not exist, and a
        factor that is published with a lag ends as many months before.
    least
        Factors with fewer known months are left out.
    """
    known = table.until(last)
    entries = factor_entries()
    levels = np.column_stack([_levels(known, name, first + -13, last) for name in FACTORS])
    for index, name in enumerate(FACTORS):
        lag = entries[name].publication_lag
        if lag:
            levels[len(levels) - lag :, index] = np.nan
    y = np.column_stack([_transform(levels[:, i], entries[name]) for i, name in enumerate(FACTORS)])[13:]
    kept = np.isfinite(y).sum(axis=0) >= least
    names = tuple(name for name, keep in zip(FACTORS, kept, strict=True) if keep)
    return Observations(first, names, y[:, kept], levels[13:, kept])


def activity_index(components: Mapping[str, Floats]) -> Floats:
    """First principal component of standardised activity series, with ragged ends projected.

    Each column is standardised and cut at three standard deviations (the lockdown of 2020 would
    otherwise be the component). A month with missing series takes the component's expectation given
    those that are known.

    Parameters
    ----------
    components
        Name to (T,) series that rise with activity; NaN where missing.

    Returns
    -------
    (T,) index with mean 0 and sd 1 over the months in which every series is known.
    """
    columns = np.column_stack(list(components.values()))
    full = columns[np.isfinite(columns).all(axis=1)]
    z = np.clip((columns - full.mean(axis=0)) / full.std(axis=0), -3.0, 3.0)
    known = np.isfinite(z)
    correlation = np.corrcoef(z[known.all(axis=1)], rowvar=False)
    values, vectors = np.linalg.eigh(correlation)
    weights = vectors[:, -1] * np.sign(vectors[:, -1].sum()) / np.sqrt(values[-1])
    cross = correlation @ weights
    index = np.full(len(z), np.nan)
    for t in range(len(z)):
        seen = known[t]
        if seen.any():
            index[t] = z[t, seen] @ np.linalg.solve(correlation[np.ix_(seen, seen)], cross[seen])
    complete = index[known.all(axis=1)]
    scaled: Floats = (index - complete.mean()) / complete.std()
    return scaled


def _levels(table: Table, name: str, first: Month, last: Month) -> Floats:
    if name == "semiconductors":
        ratio = table.since(first, last, "smh_proxy") / table.since(first, last, "sp500")
        return np.asarray(100.0 * ratio / ratio[-1])
    if name == "foreign_flow":
        return table.since(first, last, "foreign_net_buy_jpybn") / 1000.0
    if name == "wages":
        return _year_on_year(table, "jp_wages", first, last)
    if name == "japan_activity":
        return _activity(table, first, last)
    return table.since(first, last, _COLUMNS[name])


def _activity(table: Table, first: Month, last: Month) -> Floats:
    parts = {
        "tankan": table.since(first, last, "jp_tankan_lm"),
        "confidence": table.since(first, last, "jp_consumer_conf"),
        "production": _year_on_year(table, "jp_ip_meti", first, last),
        "consumption": _year_on_year(table, "jp_consumption_activity", first, last),
        "employment": -_change(table, "jp_unemployment", first, last),
    }
    return activity_index(parts)


def _year_on_year(table: Table, column: str, first: Month, last: Month) -> Floats:
    now, before = table.since(first, last, column), table.since(first + -12, last + -12, column)
    return 100.0 * (now / before - 1.0)


def _change(table: Table, column: str, first: Month, last: Month) -> Floats:
    return table.since(first, last, column) - table.since(first + -12, last + -12, column)


def _transform(levels: Floats, entry: FactorEntry) -> Floats:
    values = 100.0 * np.log(levels) if entry.transform == "log100" else levels
    if entry.in_differences:
        return np.concatenate([[np.nan], np.diff(values)])
    return values


def _check_edge(y: Floats, last: Month) -> None:
    """Refuse a factor that stopped years ago: it would be a guess, not an observation."""
    late = [
        Problem(f"factor {name!r} has no observation in the 36 months to {last}", fix="extend its column")
        for name, column in zip(FACTORS, y.T, strict=True)
        if not np.isfinite(column[-36:]).any()
    ]
    if late:
        raise InputError(late)
