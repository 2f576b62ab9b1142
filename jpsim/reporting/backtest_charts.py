"""Geometry of a backtest's pictures: scores in, coordinates of a fixed drawing area out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpsim.calibration.backtest import BANDS, GROUPS, HORIZONS, Scores, coverage_rows, relative_losses, standings
from jpsim.reporting.charts import Tick, nice_ticks

__all__ = ["Bars", "Lines", "Points", "coverage_points", "cumulative_lines", "pit_bars", "ratio_points"]

Floats = npt.NDArray[np.float64]

WIDTH, HEIGHT = 360.0, 216.0
LEFT, RIGHT, TOP, BOTTOM = 44.0, 12.0, 12.0, 24.0
_BINS = 10


@dataclass(frozen=True, slots=True)
class Bars:
    """A histogram: bars (x, y, width, height), the height that uniform values have, and ticks."""

    caption: str
    bars: tuple[tuple[float, float, float, float], ...]
    level: float
    band: tuple[float, float]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class Points:
    """Marks by horizon: (x, y, class, text of the title), lines at given heights, and ticks."""

    caption: str
    points: tuple[tuple[float, float, str, str], ...]
    levels: tuple[float, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines over the origins: (points, class), the height of zero, and ticks."""

    caption: str
    lines: tuple[tuple[str, str], ...]
    level: float
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]


def pit_bars(scores: Scores, forecaster: str, horizon: int, caption: str) -> Bars:
    """Histogram of the probability integral transforms of all series; even bars are the wish.

    The band holds a bar of independent uniform values nine times in ten, counting one value a month for TOPIX's
    sake: series of a month move together.
    """
    index, position = scores.forecasters.index(forecaster), HORIZONS.index(horizon)
    values = scores.measures["pit"][index, position]
    months = int(np.isfinite(values).any(axis=1).sum())
    shares = np.histogram(values[np.isfinite(values)], _BINS, (0.0, 1.0))[0] / max(np.isfinite(values).sum(), 1)
    spread = 1.645 * np.sqrt(0.1 * 0.9 / max(months, 1))
    top = max(float(shares.max()), 0.1 + spread) * 1.08
    step = (WIDTH - LEFT - RIGHT) / _BINS

    def y(value: float) -> float:
        return _unit(value, 0.0, top)

    bars = tuple(
        (round(LEFT + i * step + 1, 1), y(float(share)), round(step - 2, 1), round(y(0.0) - y(float(share)), 1))
        for i, share in enumerate(shares)
    )
    return Bars(
        caption=caption,
        bars=bars,
        level=y(0.1),
        band=(y(0.1 + spread), round(y(max(0.1 - spread, 0.0)) - y(0.1 + spread), 1)),
        x_ticks=tuple(Tick(round(LEFT + share * (WIDTH - LEFT - RIGHT), 1), f"{share:g}") for share in (0, 0.5, 1)),
        y_ticks=tuple(Tick(y(value), f"{100 * value:.0f}%") for value in nice_ticks(0.0, top)),
    )


def coverage_points(scores: Scores, forecaster: str, caption: str) -> Points:
    """Share of outcomes inside the three central bands, by horizon and group."""
    rows = [row for row in coverage_rows(scores) if row.forecaster == forecaster]
    points = []
    for row in rows:
        x = _slot(HORIZONS.index(row.horizon), list(GROUPS).index(row.group), len(GROUPS))
        for band, share in zip(BANDS, row.shares, strict=True):
            if np.isfinite(share):
                points.append((x, _unit(share, 0.3, 1.0), f"g-{row.group}", f"{row.group} {band}: {share:.0%}"))
    levels = tuple(_unit(float(band.rstrip("%")) / 100.0, 0.3, 1.0) for band in BANDS)
    ticks = tuple(Tick(_unit(value, 0.3, 1.0), f"{value:.0%}") for value in (0.3, 0.5, 0.8, 0.9, 1.0))
    return Points(caption, tuple(points), levels, _horizon_ticks(), ticks)


def ratio_points(scores: Scores, forecaster: str, caption: str) -> Points:
    """CRPS over the reference's, by horizon and group."""
    rows = [row for row in standings(scores) if row.forecaster == forecaster and row.group in GROUPS]
    known = [row.crps for row in rows if np.isfinite(row.crps)]
    low, high = min([*known, 0.95]) - 0.02, max([*known, 1.02]) + 0.02
    points = tuple(
        (
            _slot(HORIZONS.index(row.horizon), list(GROUPS).index(row.group), len(GROUPS)),
            _unit(row.crps, low, high),
            f"g-{row.group}",
            f"{row.group}: {row.crps:.3f}",
        )
        for row in rows
        if np.isfinite(row.crps)
    )
    ticks = tuple(Tick(_unit(value, low, high), f"{value:.3f}") for value in nice_ticks(low, high))
    return Points(caption, points, (_unit(1.0, low, high),), _horizon_ticks(), ticks)


def cumulative_lines(scores: Scores, against: str, horizon: int, caption: str) -> Lines:
    """Sum over origins of the model's CRPS less a benchmark's, in mean scores of the reference; less is better."""
    position = HORIZONS.index(horizon)
    model, other = scores.forecasters.index("model"), scores.forecasters.index(against)
    sums = {}
    for group in GROUPS:
        gap = relative_losses(scores, "crps", position, model, group) - relative_losses(
            scores, "crps", position, other, group
        )
        sums[group] = np.cumsum(np.nan_to_num(gap))
    low = min(0.0, *(float(line.min()) for line in sums.values()))
    high = max(0.0, *(float(line.max()) for line in sums.values()))
    margin = 0.05 * (high - low) or 0.1
    low, high, count = low - margin, high + margin, len(scores.origins)

    def x(place: int) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * place / max(count - 1, 1), 1)

    lines = tuple(
        (" ".join(f"{x(i)},{_unit(float(value), low, high)}" for i, value in enumerate(line)), f"g-{group}")
        for group, line in sums.items()
    )
    places = sorted({0, count // 3, 2 * count // 3, count - 1})
    return Lines(
        caption=caption,
        lines=lines,
        level=_unit(0.0, low, high),
        x_ticks=tuple(Tick(x(place), str(scores.origins[place])) for place in places),
        y_ticks=tuple(Tick(_unit(value, low, high), f"{value:g}".replace("-", "−")) for value in nice_ticks(low, high)),
    )


def _unit(value: float, low: float, high: float) -> float:
    return round(TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low), 1)


def _slot(horizon: int, place: int, places: int) -> float:
    """Coordinate of a mark among the marks of its horizon."""
    width = (WIDTH - LEFT - RIGHT) / len(HORIZONS)
    return round(LEFT + width * (horizon + (place + 1) / (places + 1)), 1)


def _horizon_ticks() -> tuple[Tick, ...]:
    width = (WIDTH - LEFT - RIGHT) / len(HORIZONS)
    return tuple(Tick(round(LEFT + width * (i + 0.5), 1), f"{months}m") for i, months in enumerate(HORIZONS))
