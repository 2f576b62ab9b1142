"""Waterfalls: from the reference's mean over the largest contributions to the scenario's, and a book's shortfall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from jpsim.dictionary import channels
from jpsim.reporting.labels import Label, Language, label_of
from jpsim.reporting.story import vocabulary
from jpsim.runs import Run
from jpsim.runs.arrow import rows_of, values_of

__all__ = [
    "Bar", "Waterfall", "contributions_of", "driver_names", "shortfall_chart", "waterfall_chart",
    "waterfall_charts",
]  # fmt: skip

WIDTH, NAMES, VALUES = 520.0, 190.0, 52.0
TOP, STEP, THICK = 8.0, 22.0, 13.0
MOST = 7
"""Contributions that get a bar of their own; the rest is added up."""

SMALLEST = 0.0005
"""Contributions below a twentieth of a percentage point get no bar."""

_SHOWN = (
    ("portfolio", "factor"), ("portfolio", "condition"), ("topix", "factor"), ("topix", "condition"),
    ("topix", "shock"), ("banks", "factor"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar: its name by language, its left edge, width, middle and class, its text, and where the text stands."""

    names: Mapping[Language, str]
    left: float
    width: float
    y: float
    kind: str
    text: str
    text_x: float


@dataclass(frozen=True, slots=True)
class Waterfall:
    """A waterfall of one series at the horizon; coordinates lie in an area of 520 by `height`.

    Parameters
    ----------
    label, by
        The series, and what its difference is taken apart by: factor, condition or shock; driver for a shortfall.
    bars
        From the reference's mean to the scenario's, or from zero to the shortfall.
    links
        Vertical joints between neighbouring bars: x, and where they begin and end.
    zero
        Where zero lies.
    height
        Of the drawing.
    """

    label: Label
    by: str
    bars: tuple[Bar, ...]
    links: tuple[tuple[float, float, float], ...]
    zero: float
    height: float


def waterfall_charts(run: Run, scenario: int) -> tuple[Waterfall, ...]:
    """Lay out the waterfalls of one scenario, as far as the run holds their decompositions."""
    found = [waterfall_chart(run, scenario, output, by) for output, by in _SHOWN if output in run.outputs]
    return tuple(chart for chart in found if chart is not None)


def waterfall_chart(run: Run, scenario: int, output: str, by: str) -> Waterfall | None:
    """Lay out one waterfall; None if the run holds no such decomposition.

    Parameters
    ----------
    run, scenario
        The run and the position of the scenario.
    output
        An equity series.
    by
        ``factor``, ``condition`` or ``shock``.
    """
    parts = contributions_of(run, by, run.scenarios[scenario]).get(output, {})
    if not parts:
        return None
    place = run.outputs.index(output)
    first, last = (float(run.statistics["mean"][which, place, -1]) for which in (0, scenario))
    ends = (driver_names("reference"), first), (driver_names("scenario"), last)
    return _joined(label_of(output, run.kinds[place]), by, parts, ends)


def shortfall_chart(run: Run, scenario: int, month: int) -> Waterfall | None:
    """Lay out a book's expected shortfall by driver; None if the run does not take it apart.

    Parameters
    ----------
    run, scenario
        The run and the position of the scenario.
    month
        Months after `as_of`.
    """
    if "drivers.parquet" not in run.tables:
        return None
    drivers = run[run.scenarios[scenario]].portfolio.drivers(month)
    parts = {one.driver: float(one.es95) for one in drivers}
    end = vocabulary()["book_es95"], sum(parts.values())
    return _joined(label_of("portfolio", "portfolio"), "driver", parts, (end,))


def _joined(
    label: Label, by: str, parts: Mapping[str, float], ends: Sequence[tuple[Mapping[Language, str], float]]
) -> Waterfall:
    """Lay out the largest parts between the two ends, or from zero to one end."""
    steps = _largest(parts)
    values = [value for _, value in steps]
    first = [value for _, value in ends[:-1]]
    marks = np.cumsum([*(first or [0.0]), *values])
    spans = [*((0.0, value) for value in first), *pairwise(marks.tolist()), (0.0, ends[-1][1])]
    low, high = min(0.0, *map(min, spans)), max(0.0, *map(max, spans))
    scale = (WIDTH - NAMES - 2 * VALUES) / (high - low or 1.0)

    def x(value: float) -> float:
        return float(round(NAMES + VALUES + (value - low) * scale, 1))

    names = [*(name for name, _ in ends[:-1]), *(driver_names(driver) for driver, _ in steps), ends[-1][0]]
    kinds = [*("total" for _ in first), *("gain" if value >= 0 else "fall" for value in values), "total"]
    style = label.style
    texts = [*map(style.level, first), *map(style.change, values), style.level(ends[-1][1])]
    bars = tuple(
        Bar(name, x(min(span)), round(max(x(max(span)) - x(min(span)), 1.0), 1), TOP + STEP * row, kind, text,
            round(x(max(span)) + 5, 1))
        for row, (name, span, kind, text) in enumerate(zip(names, spans, kinds, texts, strict=True))
    )  # fmt: skip
    joints = marks.tolist() if first else marks[1:].tolist()
    links = tuple((x(end), TOP + STEP * row + THICK, TOP + STEP * (row + 1)) for row, end in enumerate(joints))
    return Waterfall(label, by, bars, links, x(0.0), TOP + STEP * len(bars))


def contributions_of(run: Run, by: str, scenario: str) -> Mapping[str, Mapping[str, float]]:
    """Contributions at the horizon by series and driver; empty where the run holds none."""
    return _by_scenario(run, by).get(scenario, {})


@lru_cache(maxsize=8)
def _by_scenario(run: Run, by: str) -> Mapping[str, Mapping[str, Mapping[str, float]]]:
    """Read a decomposition once for all scenarios: a run of thirty has half a million entries."""
    if by == "factor":
        kept = run.attribution
        rows = [place for place, month in enumerate(kept.month) if month == run.horizon]
        columns: Sequence[Sequence[Any]] = (kept.scenario, kept.series, kept.driver, kept.contribution)
    elif (table := run.tables.get(f"attribution_{by}.parquet")) is not None:
        last = np.flatnonzero(values_of(table["month"]) == run.horizon)
        chosen = rows_of(table, last)
        columns = [chosen[name] for name in ("scenario", "series", "driver", "contribution")]
        rows = list(range(last.size))
    else:
        return {}
    found: dict[str, dict[str, dict[str, float]]] = {}
    for row in rows:
        name, series, driver, value = (column[row] for column in columns)
        found.setdefault(name, {}).setdefault(series, {})[driver] = value
    return found


def driver_names(driver: str) -> Mapping[Language, str]:
    """Name of a driver by language: a factor, a channel, a word of the report, or its id."""
    words = vocabulary()
    if f"driver_{driver}" in words:
        return words[f"driver_{driver}"]
    if driver in channels():
        return {"en": channels()[driver].name_en, "ja": channels()[driver].name_ja}
    return label_of(driver, "factor").names


def _largest(parts: Mapping[str, float]) -> list[tuple[str, float]]:
    """Largest contributions first, and the sum of those that have no bar of their own."""
    order = sorted(parts, key=lambda driver: -abs(parts[driver]))
    shown = [driver for driver in order[:MOST] if abs(parts[driver]) >= SMALLEST]
    rest = sum(parts[driver] for driver in order if driver not in shown)
    return [(driver, parts[driver]) for driver in shown] + ([("rest", rest)] if abs(rest) >= SMALLEST else [])
