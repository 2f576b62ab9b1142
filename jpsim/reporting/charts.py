"""Geometry of the report's charts: numbers in, coordinates of a fixed drawing area out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from jpsim.days import Day, Instant
from jpsim.months import Month
from jpsim.reporting.labels import Label
from jpsim.runs import Run

__all__ = [
    "BOTTOM",
    "HEIGHT",
    "LEFT",
    "RIGHT",
    "TOP",
    "WIDTH",
    "FanChart",
    "HoverMonth",
    "StepChart",
    "Tick",
    "axis_text",
    "decimals_of",
    "fan_chart",
    "nice_ticks",
    "step_chart",
]

Floats = npt.NDArray[np.float64]

WIDTH, HEIGHT = 360.0, 216.0
LEFT, RIGHT, TOP, BOTTOM = 50.0, 22.0, 24.0, 22.0
"""The drawing area of a chart, and its margins."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: its coordinate and its text."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class HoverMonth:
    """A month under the pointer: left edge and width of its strip, its middle, and what is read there."""

    left: float
    width: float
    at: float
    month: str
    median: str
    span: str
    reference: str | None


@dataclass(frozen=True, slots=True)
class _Frame:
    """Scales from months and values to coordinates; curves have a value for each of `months`, from 0 on."""

    months: tuple[int, ...]
    low: float
    high: float

    def x(self, month: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * month / self.months[-1], 1)

    def y(self, value: float) -> float:
        return round(TOP + (HEIGHT - TOP - BOTTOM) * (self.high - value) / (self.high - self.low), 1)

    def line(self, values: Sequence[float] | Floats) -> str:
        return " ".join(
            f"{self.x(month)},{self.y(float(value))}" for month, value in zip(self.months, values, strict=True)
        )

    def band(self, lower: Floats, upper: Floats) -> str:
        back = " ".join(self.line(lower).split(" ")[::-1])
        return f"{self.line(upper)} {back}"


@dataclass(frozen=True, slots=True)
class FanChart:
    """A fan of quantiles over the months, beside the reference scenario's median and 5-95 % band.

    Coordinates lie in an area of 360 by 216. Attributes that end in a plural are SVG point lists or ticks.
    """

    label: Label
    outer: str
    inner: str
    median: str
    reference: tuple[str, str, str] | None
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    hover: tuple[HoverMonth, ...]


@dataclass(frozen=True, slots=True)
class StepChart:
    """The policy rate that is priced and the one the scenario says, month by month."""

    priced: str
    scenario: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]


def fan_chart(
    run: Run, scenario: int, output: str, label: Label, start: float | None, *, hover: bool = True
) -> FanChart:
    """Lay out the fan of one output of one scenario; scenario 0 has no reference beside it.

    Parameters
    ----------
    run
        The run.
    scenario
        Position of the scenario.
    output, label
        The output and its label.
    start
        Level at month 0, from which the fan opens; the fan begins at month 1 where it is not known.
    hover
        Whether every month can be read out under the pointer, or the last one alone.
    """
    place = run.outputs.index(output)

    def quantile(name: str, of: int = scenario) -> Floats:
        first = run.statistics[name][of, place, 0] if start is None else start
        return np.concatenate([[first], run.statistics[name][of, place]])

    fan = {name: quantile(name) for name in ("q05", "q25", "q50", "q75", "q95")}
    beside = None if scenario == 0 else tuple(quantile(name, 0) for name in ("q05", "q50", "q95"))
    frame = _frame((0, *run.steps), [*fan.values(), *(beside or ())])
    return FanChart(
        label=label,
        outer=frame.band(fan["q05"], fan["q95"]),
        inner=frame.band(fan["q25"], fan["q75"]),
        median=frame.line(fan["q50"]),
        reference=(frame.line(beside[0]), frame.line(beside[1]), frame.line(beside[2])) if beside else None,
        x_ticks=_month_ticks(frame, run.as_of),
        y_ticks=_value_ticks(frame, axis_text(label)),
        hover=_hover(frame, run.as_of, label, fan, beside[1] if beside else None, 1 if hover else run.horizon),
    )


def step_chart(as_of: Instant, priced: Sequence[float], scenario: Sequence[float], start: float) -> StepChart:
    """Lay out two policy-rate paths in percent; the scenario's holds its level from decision to decision."""
    paths = [np.array([start, *path], dtype=np.float64) for path in (priced, scenario)]
    frame = _frame(tuple(range(len(priced) + 1)), paths)
    corners = [f"{frame.x(0)},{frame.y(start)}"]
    for month, (before, after) in enumerate(zip(paths[1], paths[1][1:], strict=False), start=1):
        corners += [f"{frame.x(month)},{frame.y(float(before))}", f"{frame.x(month)},{frame.y(float(after))}"]
    return StepChart(
        priced=frame.line(paths[0]),
        scenario=" ".join(corners),
        x_ticks=_month_ticks(frame, as_of),
        y_ticks=_value_ticks(frame, lambda value, decimals: f"{value:.2f}%"),
    )


def nice_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round values between `low` and `high`, at most `most`, at steps of 1, 2, 2.5 or 5 times a power of ten."""
    rough = (high - low) / most
    power = 10.0 ** np.floor(np.log10(rough))
    for step in (1.0, 2.0, 2.5, 5.0, 10.0):
        first, last = int(np.ceil(low / (step * power) - 1e-9)), int(np.floor(high / (step * power) + 1e-9))
        if last - first + 1 <= most:
            break
    return [float(index * step * power) for index in range(first, last + 1)]


def _frame(months: tuple[int, ...], curves: Sequence[Floats]) -> _Frame:
    low = float(min(curve.min() for curve in curves))
    high = float(max(curve.max() for curve in curves))
    margin = 0.05 * (high - low) or max(0.05 * abs(high), 0.1)
    return _Frame(months, low - margin, high + margin)


def _month_ticks(frame: _Frame, as_of: Instant) -> tuple[Tick, ...]:
    last = frame.months[-1]
    months = range(0, last + 1, max(1, -(-last // 4)))
    if isinstance(as_of, Day):
        return tuple(Tick(frame.x(day), f"{day}d") for day in months)
    shown = [as_of + month for month in months]
    texts = [_month_text(month, shown[place - 1] if place else None) for place, month in enumerate(shown)]
    return tuple(Tick(frame.x(month), text) for month, text in zip(months, texts, strict=True))


def _month_text(month: Month, before: Month | None) -> str:
    return str(month) if before is None or month.year != before.year else f"{month.number:02d}"


def _value_ticks(frame: _Frame, text: Callable[[float, int], str]) -> tuple[Tick, ...]:
    values = nice_ticks(frame.low, frame.high)
    decimals = decimals_of(values)
    return tuple(Tick(frame.y(value), text(value, decimals)) for value in values)


def decimals_of(values: Sequence[float]) -> int:
    """Count the decimals that tell evenly spaced values apart."""
    step = values[1] - values[0] if len(values) > 1 else 1.0
    decimals = max(0, -int(np.floor(np.log10(step) + 1e-9)))
    return decimals + int(abs(step * 10**decimals - round(step * 10**decimals)) > 1e-6)


def axis_text(label: Label) -> Callable[[float, int], str]:
    """Return what writes a value of an axis to so many decimals of its own unit."""
    style = label.style
    percent = "%" if style.unit == "%" else ""
    lost = round(np.log10(style.scale))

    def text(value: float, decimals: int) -> str:
        return f"{value * style.scale + 0.0:,.{max(0, decimals - lost)}f}{percent}".replace("-", "−")

    return text


def _hover(
    frame: _Frame, as_of: Instant, label: Label, fan: dict[str, Floats], reference: Floats | None, first: int
) -> tuple[HoverMonth, ...]:
    level, months = label.style.level, frame.months
    edges = [(frame.x(one) + frame.x(two)) / 2 for one, two in pairwise(months)]
    edges.append(2 * frame.x(months[-1]) - edges[-1])
    return tuple(
        HoverMonth(
            left=round(edges[place - 1], 1),
            width=round(edges[place] - edges[place - 1], 1),
            at=frame.x(month),
            month=str(as_of + month),
            median=level(float(fan["q50"][place])),
            span=f"{level(float(fan['q05'][place]))} … {level(float(fan['q95'][place]))}",
            reference=None if reference is None else level(float(reference[place])),
        )
        for place, month in enumerate(months)
        if month >= max(first, 1)
    )
