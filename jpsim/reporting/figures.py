"""Rows of the report's tables: numbers of a run as text, with the shade of each cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jpsim.reporting.labels import Label, label_of, share_error
from jpsim.runs import Run

__all__ = [
    "Cell",
    "Row",
    "equity_rows",
    "factor_rows",
    "figure",
    "headline",
    "largest_changes",
    "shade",
    "shaded_changes",
]

_SHADES = 5


@dataclass(frozen=True, slots=True)
class Cell:
    """A number with its Monte Carlo error as text, and the class of its shade."""

    text: str
    error: str = ""
    shade: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table: its label and its cells; `cells` holds a tuple per scenario."""

    label: Label
    cells: tuple[tuple[Cell, ...], ...]


def figure(run: Run, scenario: int, label: Label, name: str, month: int) -> Cell:
    """One statistic of one output as text, with its error; ``change`` is the mean against the reference."""
    place = scenario, run.outputs.index(label.output), run.place(month)
    if name == "change":
        reference = (0, *place[1:])
        change = float(run.statistics["mean"][place] - run.statistics["mean"][reference])
        bound = float(np.hypot(run.errors["mean"][place], run.errors["mean"][reference]))
        return Cell(label.style.change(change), label.style.change_error(bound))
    if name == "range":
        low, high = (float(run.statistics[end][place]) for end in ("q05", "q95"))
        error = max(float(run.errors[end][place]) for end in ("q05", "q95"))
        return Cell(f"{label.style.level(low)} … {label.style.level(high)}", label.style.error(error))
    value, error = float(run.statistics[name][place]), float(run.errors[name][place])
    if name == "p_loss":
        return Cell(f"{100 * value:.1f}", share_error(error))
    text = label.style.level(value)
    return Cell(text.removeprefix("+") if name == "es95" else text, label.style.error(error))


def headline(run: Run, scenario: int, output: str, kind: str, month: int) -> tuple[Label, dict[str, Cell]]:
    """Figures of one output for the summary."""
    label = label_of(output, kind, _level(run, output))
    names = ["mean", "q50", "range", "p_loss", "es95"] + (["change"] if scenario else [])
    return label, {name: figure(run, scenario, label, name, month) for name in names}


def equity_rows(run: Run, kinds: Sequence[str], month: int, scenarios: Sequence[int]) -> list[tuple[str, list[Row]]]:
    """Heat map of the equity series, by kind: mean, P(loss), ES95 and, beside the reference, the difference."""
    groups = [(kind, [label_of(output, kind) for output in run.of_kind(kind)]) for kind in kinds]
    shown = [label for _, labels in groups for label in labels]
    scales = {name: _scale(run, name, shown, month) for name in ("mean", "p_loss", "es95", "change")}
    rows = []
    for kind, labels in groups:
        if labels:
            rows.append((kind, [_equity_row(run, label, scales, month, scenarios) for label in labels]))
    return rows


def factor_rows(run: Run, month: int, scenarios: Sequence[int]) -> list[Row]:
    """Table of the factors: median, range and, beside the reference, the difference."""
    rows = []
    for output in run.of_kind("factor"):
        label = label_of(output, "factor", _level(run, output))
        cells = tuple(
            tuple(
                figure(run, scenario, label, name, month) for name in ("q50", "range", *(["change"] * (scenario > 0)))
            )
            for scenario in scenarios
        )
        rows.append(Row(label, cells))
    return rows


def largest_changes(run: Run, scenario: int, month: int, count: int = 3) -> tuple[list[Row], list[Row]]:
    """Sectors of the 17 that gain and that lose most against the reference, best first."""
    outputs = run.of_kind("sector17")
    means = run.statistics["mean"][:, [run.outputs.index(output) for output in outputs], run.place(month)]
    changes = means[scenario] - means[0]
    order = [int(place) for place in np.argsort(-changes, kind="stable")]
    gains = [outputs[place] for place in order if changes[place] > 0][:count]
    losses = [outputs[place] for place in order if changes[place] < 0][-count:]
    return _change_rows(run, scenario, gains, month), _change_rows(run, scenario, losses, month)


def shaded_changes(run: Run, kinds: Sequence[str], month: int) -> tuple[list[Label], list[tuple[Cell, ...]]]:
    """Map of differences of means: a label per output of these kinds, and a row of cells per scenario but the first."""
    labels = [label_of(output, kind) for kind in kinds for output in run.of_kind(kind)]
    reach = _usual_change(run, labels, month)
    rows = []
    for scenario in range(1, len(run.scenarios)):
        cells = []
        for label in labels:
            value = _value(run, scenario, "change", label, month)
            cells.append(Cell(label.style.change(value), shade=shade(value, "change", (-reach, reach))))
        rows.append(tuple(cells))
    return labels, rows


def _change_rows(run: Run, scenario: int, outputs: Sequence[str], month: int) -> list[Row]:
    labels = [label_of(output, "sector17") for output in outputs]
    return [Row(label, ((figure(run, scenario, label, "change", month),),)) for label in labels]


def _equity_columns(scenario: int) -> tuple[str, ...]:
    return ("mean", "p_loss", "es95", *(("change",) if scenario else ()))


def _equity_row(
    run: Run, label: Label, scales: dict[str, tuple[float, float]], month: int, scenarios: Sequence[int]
) -> Row:
    cells = []
    for scenario in scenarios:
        shaded = []
        for name in _equity_columns(scenario):
            cell = figure(run, scenario, label, name, month)
            value = _value(run, scenario, name, label, month)
            shaded.append(Cell(cell.text, cell.error, shade(value, name, scales[name])))
        cells.append(tuple(shaded))
    return Row(label, tuple(cells))


def _value(run: Run, scenario: int, name: str, label: Label, month: int) -> float:
    output = run.outputs.index(label.output)
    if name == "change":
        mean = run.statistics["mean"]
        return float(mean[scenario, output, run.place(month)] - mean[0, output, run.place(month)])
    return float(run.statistics[name][scenario, output, run.place(month)])


def _scale(run: Run, name: str, labels: Sequence[Label], month: int) -> tuple[float, float]:
    """Smallest and largest value over all scenarios, so that a shade means the same in each."""
    rows = [run.outputs.index(label.output) for label in labels]
    values = run.statistics["mean" if name == "change" else name][:, rows, run.place(month)]
    if name == "change":
        values = values - values[:1]
    return (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)


def shade(value: float, name: str, scale: tuple[float, float]) -> str:
    """Diverging shades around zero for means and differences, one-sided ones for risks."""
    low, high = scale
    if name in ("mean", "change"):
        reach = max(abs(low), abs(high)) or 1.0
        step = min(round(_SHADES * abs(value) / reach), _SHADES)
        return f"{'gain' if value > 0 else 'fall'}-{step}" if step else ""
    step = round(_SHADES * (value - low) / (high - low)) if high > low else 0
    return f"risk-{step}" if step else ""


def _usual_change(run: Run, labels: Sequence[Label], month: int) -> float:
    """Size of difference that nine in ten do not exceed, so that one extreme scenario does not pale all others."""
    means = run.statistics["mean"][:, [run.outputs.index(label.output) for label in labels], run.place(month)]
    return float(np.quantile(np.abs(means[1:] - means[:1]), 0.9)) if labels else 0.0


def _level(run: Run, output: str) -> float:
    return float(run.statistics["q50"][0, run.outputs.index(output), 0])
