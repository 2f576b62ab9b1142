"""Pictures of a run in matplotlib, which is loaded only when one is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from jpsim.dictionary import factors, series
from jpsim.errors import InputError, Problem

if TYPE_CHECKING:
    from jpsim.runs.outcomes import Outcome, ScenarioResult, SeriesResult
    from jpsim.runs.record import Attribution, Run

__all__ = [
    "draw_waterfall", "plot_attribution", "plot_density", "plot_drivers", "plot_fan", "plot_kind", "plot_run",
    "pyplot", "title_of",
]  # fmt: skip

_INK, _OUTER, _INNER, _AMBER = "#06365f", "#c9def0", "#8fbadd", "#9a4a00"
_MAIN = ("topix", "portfolio", "usdjpy", "jgb_10y")


def pyplot() -> Any:
    """Return matplotlib's pyplot; InputError if matplotlib is not installed."""
    try:
        return import_module("matplotlib.pyplot")
    except ModuleNotFoundError:
        problem = Problem("matplotlib is not installed", fix='install the pictures extra: pip install "jpsim[plot]"')
        raise InputError(problem) from None


def title_of(output: str) -> str:
    """English name of an output, with its unit where it is a factor."""
    if output in factors():
        entry = factors()[output]
        return f"{entry.name_en}, {'%' if entry.quantity == 'rate' else entry.unit}"
    return series()[output].name_en if output in series() else output


def plot_fan(result: SeriesResult, ax: Any = None) -> Any:
    """Draw median, 25-75 % and 5-95 % by month, and the reference's median dashed; returns the Axes."""
    ax = _axes(ax)
    run, equity = result.run, result.output not in factors()
    scale, months = (100.0 if equity else 1.0), np.array(run.steps)
    for low, high, colour in (("q05", "q95", _OUTER), ("q25", "q75", _INNER)):
        ax.fill_between(months, scale * result.statistic(low), scale * result.statistic(high), color=colour, lw=0)
    ax.plot(months, scale * result.statistic("q50"), color=_INK, lw=2, label=result.scenario)
    if result.scenario != run.scenarios[0]:
        reference = run[run.scenarios[0]][result.output].statistic("q50")
        ax.plot(months, scale * reference, color=_AMBER, ls="--", lw=1.5, label=run.scenarios[0])
        ax.legend(frameon=False, fontsize="small", loc="upper left")
    ax.set_title(
        title_of(result.output) + (", cumulative return in %" if equity else ""), fontsize="medium", loc="left"
    )
    ax.set_xlabel(f"{'trading days' if run.step == 'day' else 'months'} after {run.as_of}")
    ax.set_xlim(1, max(run.horizon, 2))
    return _plain(ax)


def plot_density(outcome: Outcome, ax: Any = None) -> Any:
    """Draw the density of one output in one month, its worst twentieth shaded; returns the Axes."""
    ax = _axes(ax)
    scale = 1.0 if outcome.output in factors() else 100.0
    grid = np.linspace(float(outcome.quantile(0.003)), float(outcome.quantile(0.997)), 81)
    height = outcome.density(grid)
    ax.fill_between(scale * grid, height, color=_OUTER, lw=0)
    tail = grid <= float(outcome.quantile(0.05))
    ax.fill_between(scale * grid[tail], height[tail], color="#d07a1f", lw=0, label="worst 5%")
    ax.plot(scale * grid, height, color=_INK, lw=1.5)
    ax.axvline(scale * float(outcome.quantile(0.5)), color=_INK, lw=1, ls=":")
    ax.set_title(f"{title_of(outcome.output)}, {outcome.scenario}, {outcome.month}m", fontsize="medium", loc="left")
    ax.set_xlabel("%" if scale == 100.0 else "")
    ax.set_yticks([])
    ax.legend(frameon=False, fontsize="small")
    return _plain(ax)


def plot_kind(result: ScenarioResult, kind: str, month: int, ax: Any = None) -> Any:
    """Draw mean and 5-95 % of all outputs of one kind, best mean on top; returns the Axes."""
    run = result.run
    outputs = sorted(run.of_kind(kind), key=lambda output: float(result[output].at(month).mean))
    if not outputs:
        allowed = ", ".join(dict.fromkeys(run.kinds))
        raise InputError(Problem(f"the run has no outputs of the kind {kind!r}", allowed=allowed))
    ax = _axes(ax, (7.0, 1.2 + 0.28 * len(outputs)))
    scale = 1.0 if kind == "factor" else 100.0
    rows = np.arange(len(outputs))
    found = [result[output].at(month) for output in outputs]
    low, mean, high = (
        scale * np.array([float(value) for value in values])
        for values in (
            [one.quantile(0.05) for one in found],
            [one.mean for one in found],
            [one.quantile(0.95) for one in found],
        )
    )
    ax.hlines(rows, low, high, color=_INNER, lw=5)
    ax.plot(mean, rows, "o", color=_INK, ms=5)
    ax.axvline(0.0, color="#5a6675", lw=0.8)
    ax.set_yticks(rows, [title_of(output) for output in outputs], fontsize="small")
    ax.set_title(f"{result.scenario}, {month}m: mean and 5% to 95%", fontsize="medium", loc="left")
    return _plain(ax)


def plot_run(run: Run, outputs: Sequence[str] | None) -> Any:
    """Draw a fan of each output in each scenario, a row per output; returns the Figure."""
    shown = list(outputs) if outputs is not None else [name for name in _MAIN if name in run.outputs]
    shown = shown or list(run.outputs[:3])
    size = (3.6 * len(run.scenarios), 2.7 * len(shown))
    figure, axes = pyplot().subplots(
        len(shown), len(run.scenarios), figsize=size, squeeze=False, sharey="row", layout="constrained"
    )
    for row, output in zip(axes, shown, strict=True):
        for ax, scenario in zip(row, run.scenarios, strict=True):
            plot_fan(run[scenario][output], ax)
    for ax, scenario in zip(axes[0], run.scenarios, strict=True):
        ax.annotate(scenario, (0.0, 1.18), xycoords="axes fraction", fontweight="bold")
    return figure


def plot_attribution(attribution: Attribution, scenario: str, output: str, month: int, most: int, ax: Any) -> Any:
    """Draw the drivers of a difference of means as a waterfall, largest first; returns the Axes."""
    ax = draw_waterfall(attribution.parts(scenario, output, month), "difference of means", most, ax)
    ax.set_title(f"{title_of(output)}: {scenario} against the reference, {month}m, pp", fontsize="medium", loc="left")
    return ax


def plot_drivers(parts: Mapping[str, float], scenario: str, month: int, most: int, ax: Any) -> Any:
    """Draw a book's expected shortfall by driver as a waterfall, largest first; returns the Axes."""
    ax = draw_waterfall(parts, "ES95", most, ax)
    ax.set_title(f"expected shortfall by driver, {scenario}, {month}m, % of capital", fontsize="medium", loc="left")
    return ax


def draw_waterfall(parts: Mapping[str, float], total: str, most: int, ax: Any) -> Any:
    """Draw shares in percent, the `most` largest on their own, and their sum below; returns the Axes."""
    order = sorted(parts, key=lambda driver: -abs(parts[driver]))
    rows = [(driver, 100.0 * parts[driver]) for driver in order[:most]]
    rest = 100.0 * sum(parts[driver] for driver in order[most:])
    rows += [("all others", rest)] if len(order) > most else []
    ax = _axes(ax, (7.0, 1.4 + 0.32 * len(rows)))
    ends = np.cumsum([value for _, value in rows])
    begins = ends - [value for _, value in rows]
    places = np.arange(len(rows))[::-1]
    colours = [_INNER if value >= 0 else "#eea65a" for _, value in rows]
    ax.barh(places, ends - begins, left=begins, color=colours, edgecolor=_INK, lw=0.8)
    ax.barh(-1, ends[-1], color=_INK)
    ax.axvline(0.0, color="#5a6675", lw=0.8)
    names = [factors()[driver].name_en if driver in factors() else driver.replace("_", " ") for driver, _ in rows]
    ax.set_yticks([*places, -1], [*names, total], fontsize="small")
    return _plain(ax)


def _axes(ax: Any, size: tuple[float, float] = (6.0, 3.6)) -> Any:
    return ax if ax is not None else pyplot().subplots(figsize=size, layout="constrained")[1]


def _plain(ax: Any) -> Any:
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    ax.grid(axis="both", color="#e6eaee", lw=0.6)
    ax.set_axisbelow(True)
    return ax
