"""Readings of a feed: days and numbers; the errors of feeds; dates and numbers as publishers write them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from jpsim.errors import InputError, Place, Problem

__all__ = ["MISSING", "FeedError", "Readings", "collect", "parse_day", "parse_reading"]

MISSING = frozenset({"", "-", ".", "NaN", "nan", "NA", "N/A", "***", "…", "x", "X"})
"""How publishers write that there is no number."""

_ERAS = {"M": 1867, "T": 1911, "S": 1925, "H": 1988, "R": 2018}
_ERA_DAY = re.compile(r"([MTSHR])(\d{1,2})[./](\d{1,2})[./](\d{1,2})")
_WESTERN_DAY = re.compile(r"(\d{4})[-/.]?(\d{1,2})[-/.]?(\d{1,2})")


class FeedError(InputError):
    """A feed that did not answer, or answered something that is not what it promises."""


@dataclass(frozen=True, eq=False)
class Readings:
    """One series as its publisher serves it.

    Parameters
    ----------
    days
        (T,) days, oldest first; a month's or quarter's reading bears its last month's first day.
    values
        (T,) numbers in the publisher's unit; days without one are left out.
    """

    days: tuple[date, ...]
    values: npt.NDArray[np.float64]


def collect(pairs: Iterable[tuple[date, float | None]], what: str, place: Place | None = None) -> Readings:
    """Make readings of pairs in any order; a later pair of the same day replaces an earlier one.

    Raises
    ------
    FeedError
        There is not one number among them.
    """
    known = {day: value for day, value in pairs if value is not None}
    if not known:
        raise FeedError(Problem(f"{what}: not one number", place, fix="try again later; nothing was written"))
    days = sorted(known)
    return Readings(tuple(days), np.array([known[day] for day in days], dtype=np.float64))


def parse_day(text: str) -> date:
    """Read ``2026/1/30``, ``2026-01-30``, ``20260130`` or the era form ``R8.1.30``; ValueError otherwise.

    The eras are Meiji, Taisho, Showa, Heisei and Reiwa, counted from their first year.
    """
    text = text.strip()
    if (era := _ERA_DAY.fullmatch(text)) is not None:
        return date(_ERAS[era[1]] + int(era[2]), int(era[3]), int(era[4]))
    if (western := _WESTERN_DAY.fullmatch(text)) is not None:
        return date(int(western[1]), int(western[2]), int(western[3]))
    raise ValueError(f"{text!r} is not a day")


def parse_reading(value: object, what: str, place: Place | None = None) -> float | None:
    """Read a number, or None where the publisher says there is none; never zero for something else.

    Raises
    ------
    FeedError
        Neither a number nor a sign for a missing one.
    """
    if value is None or (isinstance(value, str) and value.strip() in MISSING):
        return None
    try:
        number = float(value.replace(",", "") if isinstance(value, str) else value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise FeedError(Problem(f"{what}: {value!r}", place, "a number, or a sign that it is missing")) from None
    return number if math.isfinite(number) else None
