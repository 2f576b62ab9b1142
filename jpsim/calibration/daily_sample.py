"""Daily closes on Tokyo's trading days: what a daily model is estimated on.

Days are those on which Tokyo trades. Closes of New York after Tokyo's belong to the Tokyo day that first trades
on them; a market that was shut keeps its last close.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt

from jpsim.calibration.panel import DAILY_FILE
from jpsim.calibration.priors import Priors
from jpsim.calibration.tables import DailyTable, read_daily
from jpsim.days import Day
from jpsim.dictionary import factors
from jpsim.errors import InputError, Place, Problem

__all__ = ["OBSERVED", "DailySample", "read_sample"]

Floats = npt.NDArray[np.float64]

OBSERVED = ("topix", "nikkei225")
"""Series with daily closes of their own; Tokyo trades on the days on which the last one has a close."""


_FEWEST = 250
"""Trading days that a daily model is estimated from at least."""


@dataclass(frozen=True, eq=False)
class DailySample:
    """Observations of n factors and the daily returns of the observed series over T Tokyo days.

    Parameters
    ----------
    names
        Ids of the factors.
    first, last
        First and last Tokyo day.
    y
        (T, n) observations in model units: levels, 100 log levels, or their daily differences.
    levels
        (n,) reported levels on the last day.
    returns
        (T, 2) simple returns of `OBSERVED`.
    sha256
        Digest of the file.
    """

    names: tuple[str, ...]
    first: date
    last: Day
    y: Floats
    levels: Floats
    returns: Floats
    sha256: str


def read_sample(path: Path, priors: Priors) -> DailySample:
    """Read the daily panel as Tokyo saw it.

    Parameters
    ----------
    path
        A panel's folder, or its daily file.
    priors
        Names the factors, and for each whether it closes in ``tokyo`` or the ``night`` before.

    Raises
    ------
    InputError
        The file is missing or damaged, lacks a column, or has values that are no rates or prices.
    """
    file = path / DAILY_FILE if path.is_dir() else path
    if not file.is_file():
        raise InputError(Problem("there is no such file", Place(str(file))))
    table, names = read_daily(file), tuple(priors["factors"])
    tokyo = np.isfinite(table.column(OBSERVED[-1]))
    closes = {name: _closes(table, name, priors["factors"][name]["close"]) for name in names}
    days = np.array(table.days, dtype="datetime64[D]")
    first = int(np.searchsorted(days, np.datetime64(str(priors["sample"]["first"]))))
    # the close before the first day of the sample is needed for its changes
    kept = np.flatnonzero(tokyo)
    kept = kept[max(int(np.searchsorted(kept, first)) - 1, 0) :]
    if len(kept) < _FEWEST:
        found = f"sample.first = {priors['sample']['first']} leaves {len(kept)} trading days"
        raise InputError(Problem(found, priors.place("sample", "first"), f"at least {_FEWEST}"))
    levels = np.column_stack([closes[name][kept] for name in names])
    prices = np.column_stack([_carried(table.column(name))[kept] for name in OBSERVED])
    _check(np.column_stack([levels, prices]), (*names, *OBSERVED), file)
    return DailySample(
        names=names,
        first=table.days[kept[1]],
        last=_last_day(table.days[kept[-1]], file),
        y=_observations(levels, names),
        levels=levels[-1],
        returns=prices[1:] / prices[:-1] - 1.0,
        sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
    )


def _observations(levels: Floats, names: tuple[str, ...]) -> Floats:
    """(T, n) observations from (T + 1, n) levels."""
    entries = [factors()[name] for name in names]
    log = np.array([entry.transform == "log100" for entry in entries])
    x = np.where(log, 100.0 * np.log(np.where(log, levels, 1.0)), levels)
    return np.where([entry.in_differences for entry in entries], np.diff(x, axis=0), x[1:])


def _closes(table: DailyTable, name: str, close: str) -> Floats:
    """Close that Tokyo knows at the end of each calendar row: of that date, or of a date before it."""
    known = _carried(table.column(factors()[name].column))
    return known if close == "tokyo" else np.concatenate([[np.nan], known[:-1]])


def _carried(values: Floats) -> Floats:
    """Last known value on every row; NaN before the first."""
    place = np.where(np.isfinite(values), np.arange(len(values)), -1)
    place = np.maximum.accumulate(place)
    return np.where(place >= 0, values[np.maximum(place, 0)], np.nan)


def _check(values: Floats, names: tuple[str, ...], file: Path) -> None:
    problems = []
    for name, column in zip(names, values.T, strict=True):
        entry = factors().get(name)
        if not np.isfinite(column).all():
            problems.append(Problem(f"column of {name} is blank where the sample begins", Place(str(file))))
        elif (entry is None or entry.transform == "log100") and column.min() <= 0.0:
            problems.append(Problem(f"column of {name} has prices that are not positive", Place(str(file))))
        elif np.ptp(column) == 0.0:
            problems.append(Problem(f"column of {name} is constant", Place(str(file))))
    if problems:
        raise InputError(problems)


def _last_day(day: date, file: Path) -> Day:
    try:
        return Day(day)
    except ValueError as error:
        raise InputError(Problem(f"the last close is of a day without trading: {error}", Place(str(file)))) from None
