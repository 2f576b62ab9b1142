"""Geometry of densities and ridgelines, from the histograms that a run keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpsim.reporting.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Tick, axis_text, decimals_of, nice_ticks
from jpsim.reporting.labels import Label
from jpsim.runs import HistogramSlice, Run

__all__ = ["DensityChart", "Ridge", "Ridgeline", "density_chart", "ridgeline"]

Floats = npt.NDArray[np.float64]

_POINTS = 81
_ENDS = 0.003
_RIDGE_ENDS = 0.01
"""Share of the weight that lies beyond either end of the drawn range."""
_TAIL = 0.05

_RIDGE_WIDTH, _NAMES, _STEP, _OVERLAP = 480.0, 172.0, 19.0, 1.7


@dataclass(frozen=True, slots=True)
class DensityChart:
    """The density of one output in one month, beside the reference's; the area is 360 by 216.

    Parameters
    ----------
    label
        The output.
    curve, area, tail
        Points of the curve, of the area below it, and of the part below the 5 % quantile.
    reference
        Points of the reference's curve.
    zero
        Where neither gain nor loss is; None outside the drawn range, and for factors.
    median, var
        Where the median and the 5 % quantile are.
    x_ticks
        Marks of the axis.
    """

    label: Label
    curve: str
    area: str
    tail: str
    reference: str | None
    zero: float | None
    median: float
    var: float
    x_ticks: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class Ridge:
    """One row of a ridgeline: its label's position, the points of its density, and its marks."""

    name: int
    base: float
    area: str
    reference: str | None
    median: float
    top: float


@dataclass(frozen=True, slots=True)
class Ridgeline:
    """Densities one below the other on one axis, in an area of 480 by `height`."""

    rows: tuple[Ridge, ...]
    height: float
    zero: float | None
    x_ticks: tuple[Tick, ...]


def density_chart(run: Run, scenario: int, label: Label, month: int) -> DensityChart | None:
    """Lay out the density of one output; None where the scenario leaves it no spread."""
    place = run.outputs.index(label.output)
    own = run.distribution.slice(scenario, place, run.place(month))
    beside = run.distribution.slice(0, place, run.place(month)) if scenario else None
    if not _spread(own):
        return None
    grid = _grid([own] + [one for one in (beside,) if one is not None and _spread(one)])
    height = own.densities(grid)
    other = None if beside is None or not _spread(beside) else beside.densities(grid)
    peak = max(float(height.max()), 0.0 if other is None else min(float(other.max()), 2.0 * float(height.max())))
    x = LEFT + (WIDTH - LEFT - RIGHT) * (grid - grid[0]) / (grid[-1] - grid[0])
    floor = HEIGHT - BOTTOM

    def up(values: Floats) -> Floats:
        return floor - (floor - TOP) * np.minimum(values / peak, 1.0)

    bar = own.quantile(_TAIL)
    below = grid <= bar
    tail_x, tail_y = np.append(x[below], _at(grid, x, bar)), np.append(up(height)[below], _at(grid, up(height), bar))
    return DensityChart(
        label=label,
        curve=_points(x, up(height)),
        area=_closed(x, up(height), floor),
        tail=_closed(tail_x, tail_y, floor),
        reference=None if other is None else _points(x, up(other)),
        zero=_zero(label, grid, x),
        median=round(_at(grid, x, own.quantile(0.5)), 1),
        var=round(_at(grid, x, bar), 1),
        x_ticks=_ticks(label, grid, x),
    )


def ridgeline(run: Run, places: Sequence[tuple[int, int]], label: Label, month: int, *, beside: bool) -> Ridgeline:
    """Lay out the densities of several (scenario, output) pairs on one axis.

    Parameters
    ----------
    run, month
        The run and the month.
    places
        Positions of scenario and output, top row first.
    label
        Label whose style writes the axis.
    beside
        Whether each row has the reference's density of the same output behind it.
    """
    slices = [run.distribution.slice(*place, run.place(month)) for place in places]
    others = [run.distribution.slice(0, output, run.place(month)) if beside else None for _, output in places]
    grid = _grid([one for one in (*slices, *others) if one is not None], _RIDGE_ENDS)
    heights = [one.densities(grid) for one in slices]
    behind = [None if one is None else one.densities(grid) for one in others]
    peak = max(float(one.max()) for one in (*heights, *behind) if one is not None)
    x = _NAMES + (_RIDGE_WIDTH - _NAMES - 8.0) * (grid - grid[0]) / (grid[-1] - grid[0])
    rise = _STEP * _OVERLAP / peak
    rows = []
    for row, (one, height, other) in enumerate(zip(slices, heights, behind, strict=True)):
        base = _STEP * (row + _OVERLAP) + 4.0
        median = one.quantile(0.5)
        rows.append(
            Ridge(
                name=row,
                base=round(base, 1),
                area=_closed(x, base - rise * height, base),
                reference=None if other is None else _points(x, base - rise * other),
                median=round(_at(grid, x, median), 1),
                top=round(base - rise * _at(grid, height, median), 1),
            )
        )
    return Ridgeline(
        tuple(rows), round(_STEP * (len(rows) + _OVERLAP) + 22.0, 1), _zero(label, grid, x), _ticks(label, grid, x)
    )


def _spread(histogram: HistogramSlice) -> bool:
    return histogram.quantile(0.95) - histogram.quantile(0.05) > 1e-9 * max(1.0, abs(histogram.high))


def _grid(histograms: Sequence[HistogramSlice], ends: float = _ENDS) -> Floats:
    low = min(histogram.quantile(ends) for histogram in histograms)
    high = max(histogram.quantile(1 - ends) for histogram in histograms)
    return np.linspace(low, high, _POINTS)


def _at(grid: Floats, values: Floats, where: float) -> float:
    return float(np.interp(where, grid, values))


def _zero(label: Label, grid: Floats, x: Floats) -> float | None:
    shown = label.kind != "factor" and grid[0] < 0.0 < grid[-1]
    return round(_at(grid, x, 0.0), 1) if shown else None


def _ticks(label: Label, grid: Floats, x: Floats) -> tuple[Tick, ...]:
    values = nice_ticks(float(grid[0]), float(grid[-1]))
    write, decimals = axis_text(label), decimals_of(values)
    return tuple(Tick(round(_at(grid, x, value), 1), write(value, decimals)) for value in values)


def _points(x: Floats, y: Floats) -> str:
    return " ".join(f"{a:.0f},{b:.1f}" if a == round(a) else f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))


def _closed(x: Floats, y: Floats, floor: float) -> str:
    return f"{x[0]:.1f},{floor:.1f} {_points(x, y)} {x[-1]:.1f},{floor:.1f}"
