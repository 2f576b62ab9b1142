"""From snapshots to a panel: months of readings, joined to the history of an older panel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from jpsim.errors import InputError, Problem
from jpsim.months import Month
from jpsim.sources import own
from jpsim.sources.catalogue import Catalogue, Feed
from jpsim.sources.pulling import OWN, source_of
from jpsim.sources.readings import Readings
from jpsim.sources.snapshots import Snapshot

__all__ = ["PanelUpdate", "build_panel", "monthly"]

Floats = npt.NDArray[np.float64]
Column = Mapping[Month, float]
_Key = TypeVar("_Key", Month, date)


@dataclass(frozen=True, slots=True)
class PanelUpdate:
    """What a build did to one column.

    Parameters
    ----------
    column, source
        The column, and where its new values come from.
    first, last
        Months of the first and last new value.
    months
        Number of new values.
    revised
        Largest difference from the old panel in months that both have, relative to the column's spread;
        NaN if they share none.
    """

    column: str
    source: str
    first: Month
    last: Month
    months: int
    revised: float


def build_panel(
    snapshots: Mapping[str, Snapshot],
    catalogue: Catalogue,
    base: Mapping[str, Column],
    daily_base: Mapping[str, Mapping[date, float]],
    until: Month,
    *,
    revise: bool = False,
) -> tuple[dict[str, dict[Month, float]], dict[str, dict[date, float]], tuple[PanelUpdate, ...]]:
    """Join snapshots to a panel.

    Parameters
    ----------
    snapshots
        By source.
    catalogue
        Which code fills which column.
    base, daily_base
        Columns of the panel that is carried on; empty for a new one.
    until
        Last month of the new panel: readings after it are left out, because their month may not be over.
    revise
        Whether feeds replace values that the old panel has; otherwise they fill only what it lacks.

    Returns
    -------
    Monthly columns, daily columns, and what was done to the monthly ones.

    Raises
    ------
    InputError
        Two sources fill one column.
    """
    monthly_columns = {name: dict(column) for name, column in base.items()}
    daily_columns = {name: dict(column) for name, column in daily_base.items()}
    updates, filled = [], dict[str, str]()
    for source, feed, readings in _all_readings(snapshots, catalogue):
        for column, code in feed.columns.items():
            if column in filled:
                raise InputError(Problem(f"{column} comes from {filled[column]} and from {source}", fix="keep one"))
            filled[column] = source
            new = {month: value for month, value in monthly(readings[code], feed).items() if month <= until}
            if new:
                updates.append(_update(column, source, new, monthly_columns.get(column, {})))
                _merge(monthly_columns.setdefault(column, {}), new, revise)
        for column, code in feed.daily.items():
            pairs = zip(readings[code].days, (readings[code].values * feed.scale).tolist(), strict=True)
            new_days = {day: value for day, value in pairs if Month.parse(day) <= until}
            _merge(daily_columns.setdefault(column, {}), new_days, revise)
    return monthly_columns, daily_columns, tuple(updates)


def monthly(readings: Readings, feed: Feed) -> dict[Month, float]:
    """Make months of readings as the feed says, scaled; held where the feed holds."""
    values: dict[Month, list[float]] = {}
    for day, value in zip(readings.days, readings.values.tolist(), strict=True):
        values.setdefault(Month.parse(day), []).append(value)
    if feed.take == "next":
        return {month + -1: found[0] * feed.scale for month, found in sorted(values.items())}
    reduce = {"last": lambda found: found[-1], "mean": lambda found: sum(found) / len(found), "sum": sum}[feed.take]
    out = {month: float(reduce(found)) * feed.scale for month, found in values.items()}
    for month in sorted(out):
        for later in range(1, feed.hold + 1):
            if month + later in values:
                break
            out[month + later] = out[month]
    return dict(sorted(out.items()))


def _all_readings(
    snapshots: Mapping[str, Snapshot], catalogue: Catalogue
) -> Iterable[tuple[str, Feed, Mapping[str, Readings]]]:
    """Read the snapshots; a user's own columns come as they are named."""
    for source, snapshot in snapshots.items():
        if source.startswith(OWN):
            feed = Feed(source, "last", columns={code: code for code in snapshot.codes})
            yield source, feed, own.read(snapshot.answers, snapshot.codes)
            continue
        readings = source_of(source).read(snapshot.answers, snapshot.codes)
        for feed in catalogue.feeds:
            if feed.source == source:
                _refuse_unread(feed, readings)
                yield source, feed, readings


def _refuse_unread(feed: Feed, readings: Mapping[str, Readings]) -> None:
    lacking = [code for code in (*feed.columns.values(), *feed.daily.values()) if code not in readings]
    if lacking:
        found = f"the snapshot of {feed.source} was pulled without {', '.join(lacking)}"
        raise InputError(Problem(found, fix=f"jpsim data pull {feed.source}"))


def _update(column: str, source: str, new: Column, old: Column) -> PanelUpdate:
    shared = [month for month in new if month in old]
    revised = float("nan")
    if shared:
        before, after = np.array([old[month] for month in shared]), np.array([new[month] for month in shared])
        spread = float(np.std(before)) or 1.0
        revised = float(np.max(np.abs(after - before))) / spread
    fresh = [month for month in new if month not in old]
    return PanelUpdate(column, source, min(fresh or new), max(fresh or new), len(fresh), revised)


def _merge(into: dict[_Key, float], new: Mapping[_Key, float], revise: bool) -> None:
    into.update({key: value for key, value in new.items() if revise or key not in into})
