"""What moves on the days of policy decisions, and how much of it survives in monthly data.

The two-year yield's change on a decision day is taken as the policy news; what other markets do that
day per unit of it is a regression. Summed over a month it is an instrument for the month's innovation
in the two-year yield, and a weak one: intervals from it must be those of Anderson and Rubin.

References
----------
Kuttner (2001), doi:10.1016/S0304-3932(01)00055-1. Anderson and Rubin (1949),
doi:10.1214/aoms/1177730090. Stock and Watson (2018), doi:10.1111/ecoj.12593.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from jpsim.calibration.panel import check_days
from jpsim.calibration.tables import DailyTable
from jpsim.errors import InputError, Place, Problem
from jpsim.months import Month

__all__ = ["Announcements", "ProxyRow", "announcement_effects", "proxy_interval", "proxy_strength"]

Floats = npt.NDArray[np.float64]

_LEVELS = frozenset({"jgb_2y", "jgb_10y"})
_FEWEST = 12
_QUANTILE = 2.706  # of chi-square with one degree of freedom, 90%


@dataclass(frozen=True, eq=False)
class Announcements:
    """Effects on decision days, per percentage point of the two-year yield.

    Parameters
    ----------
    variables
        What responds: m ids.
    effect, covariance
        (m,) and (m, m) least-squares estimates and their heteroskedasticity-robust covariance; yields in
        percentage points, prices in percent (100 log).
    days, news
        Decision days, and the two-year yield's changes on them, percentage points.
    """

    variables: tuple[str, ...]
    effect: Floats
    covariance: Floats
    days: tuple[date, ...]
    news: Floats

    def interval(self, coverage: float) -> Floats:
        """Central interval of each effect, (m, 2), from the normal law."""
        reach = norm.ppf((1.0 + coverage) / 2.0) * np.sqrt(np.diag(self.covariance))
        return np.column_stack([self.effect - reach, self.effect + reach])

    def monthly_news(self, first: Month, months: int) -> Floats:
        """News summed by month, (months,); zero in a month without a decision."""
        out = np.zeros(months)
        for day, change in zip(self.days, self.news, strict=True):
            position = Month(day.year, day.month) - first
            if 0 <= position < months:
                out[position] += change
        return out


@dataclass(frozen=True)
class ProxyRow:
    """Anderson-Rubin interval (90%) of a monthly response per unit of the two-year yield; may be infinite."""

    low: float
    high: float
    bounded: bool


def announcement_effects(
    daily: DailyTable, decisions: Sequence[date], first: Month, variables: tuple[str, ...]
) -> Announcements:
    """Regress decision-day changes on the two-year yield's.

    Parameters
    ----------
    daily
        Daily levels; changes are from the quoted day before.
    decisions
        Days of decisions; those before `first` or without quotes are left out.
    first
        First month.
    variables
        Columns that respond.

    Raises
    ------
    InputError
        A column is missing or in the wrong unit, or too few decision days have quotes.
    """
    levels = [name for name in ("jgb_2y", *variables) if name in _LEVELS]
    check_days(daily, levels, [name for name in variables if name not in _LEVELS])
    index = {day: i for i, day in enumerate(daily.days)}
    columns = [_transformed(daily, name) for name in ("jgb_2y", *variables)]
    rows, days = [], []
    for day in decisions:
        if Month(day.year, day.month) < first or day not in index:
            continue
        change = np.array([_change(column, index[day]) for column in columns])
        if np.isfinite(change).all():
            rows.append(change)
            days.append(day)
    if len(rows) < _FEWEST:
        found = f"{len(rows)} decision days since {first} have quotes of jgb_2y, {', '.join(variables)}"
        raise InputError(Problem(found, Place(daily.source), fix=f"at least {_FEWEST} are needed"))
    moves = np.array(rows)
    effect, covariance = _regress(moves[:, 1:], moves[:, 0])
    return Announcements(variables, effect, covariance, tuple(days), moves[:, 0])


def proxy_strength(innovation: Floats, news: Floats) -> float:
    """Robust F statistic of monthly news in a regression of the two-year yield's innovation, both (T,)."""
    slope, covariance = _regress(innovation[:, None], news)
    return float(slope[0] ** 2 / covariance[0, 0])


def proxy_interval(response: Floats, innovation: Floats, news: Floats) -> ProxyRow:
    """Anderson-Rubin set of ``response = b innovation + e`` with the instrument `news`, all (T,).

    The set holds every b for which the robust t statistic of the news in ``response - b innovation`` is
    small. It is an interval, or with a weak instrument its ends run to infinity.
    """
    slopes, covariance = _regress(np.column_stack([response, innovation]), news)
    # (s0 - b s1)^2 <= q (v00 - 2 b v01 + b^2 v11)
    a = slopes[1] ** 2 - _QUANTILE * covariance[1, 1]
    b = -2.0 * (slopes[0] * slopes[1] - _QUANTILE * covariance[0, 1])
    c = slopes[0] ** 2 - _QUANTILE * covariance[0, 0]
    discriminant = b * b - 4.0 * a * c
    if a <= 0.0:
        return ProxyRow(-np.inf, np.inf, bounded=False)
    root = np.sqrt(max(discriminant, 0.0))
    return ProxyRow(float((-b - root) / (2 * a)), float((-b + root) / (2 * a)), bounded=True)


def _transformed(daily: DailyTable, name: str) -> Floats:
    values = daily.column(name)
    return values if name in _LEVELS else 100.0 * np.log(values)


def _change(column: Floats, position: int) -> float:
    """Change from the last earlier quote, at most five lines up; NaN without both."""
    earlier = column[max(position - 5, 0) : position]
    quoted = earlier[np.isfinite(earlier)]
    return float(column[position] - quoted[-1]) if len(quoted) else float("nan")


def _regress(left: Floats, x: Floats) -> tuple[Floats, Floats]:
    """Slopes (m,) of (T, m) columns on x with a constant, and their robust covariance (White 1980, HC0)."""
    centred = x - x.mean()
    slopes = centred @ left / (centred @ centred)
    scores = centred[:, None] * (left - left.mean(axis=0) - np.outer(centred, slopes))
    return slopes, scores.T @ scores / (centred @ centred) ** 2
