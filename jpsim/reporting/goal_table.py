"""A goal seek for the terminal."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from jpsim.analysis.scenario_goal import ScenarioGoal
from jpsim.reporting.labels import Label, label_of
from jpsim.reporting.verdicts import plausibility_share, plausibility_text
from jpsim.units import Quantity

__all__ = ["goal_table"]

_STATISTICS = {"mean": "mean", "q50": "median", "q05": "5% quantile", "es95": "ES95"}


def goal_table(found: ScenarioGoal) -> RenderableType:
    """Lay a goal seek out for a terminal.

    Parameters
    ----------
    found
        The answer.

    Returns
    -------
    rich renderable
    """
    wish, knob, model = found.wish, found.knob, found.model
    kind = model.output_kinds[model.outputs.index(wish.series)]
    label = label_of(wish.series, kind, found.target)
    asked = f"{_STATISTICS[wish.statistic]} of {label.name('en')} at {_written(found, label, found.target)}"
    when = f"in {model.as_of + found.month}, {found.month} months after {model.as_of}"
    parts: list[RenderableType] = [Text.assemble((found.scenario, "bold"), f": {asked} {when}")]
    parts += [Text(knob.key, style="dim"), _numbers(found, label), Text(_footing(found)), Text(_plausible(found))]
    parts += [Text.assemble(("warning: ", "yellow"), warning) for warning in found.warnings]
    return Group(*parts)


def _numbers(found: ScenarioGoal, label: Label) -> Table:
    solution, before = found.solution, found.before
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("")
    for name in ("knob", _STATISTICS[found.wish.statistic]):
        table.add_column(name, justify="right", no_wrap=True)
    if before is not None:
        stated = _amount(found, found.knob.start.value)
        table.add_row("as stated", stated, _pair(_written(found, label, before.value), label.style.error(before.error)))
    value = _pair(_amount(found, solution.value), _amount(found, solution.error).lstrip("+"))
    reached = _pair(_written(found, label, solution.answer.value), label.style.error(solution.answer.error))
    table.add_row(Text("solution", style="bold"), value, reached)
    return table


def _footing(found: ScenarioGoal) -> str:
    if not found.paths:
        return "Closed form of the mean: no Monte Carlo error."
    return f"{found.solution.evaluations} evaluations of {found.paths:,} paths each, all on the same random numbers."


def _plausible(found: ScenarioGoal) -> str:
    card = found.plausibility
    shock = f"; largest mean shock {card['largest_shock']:.1f} sd" if plausibility_share(card) is not None else ""
    return f"At the solution: {plausibility_text(card)}{shock}."


def _written(found: ScenarioGoal, label: Label, value: float) -> str:
    text = label.style.level(value) + (label.style.unit if label.style.unit == "%" else "")
    return text.removeprefix("+") if found.wish.statistic == "es95" else text


def _amount(found: ScenarioGoal, value: float) -> str:
    """Write a value of the knob to a readable number of digits: differences of rates in basis points."""
    unit, word = found.knob.start.unit, found.knob.word
    if unit == "pp":
        return f"{100.0 * value:+.1f}bp"
    if unit == "relative":
        return f"{100.0 * value:+.2f}%"
    return Quantity(float(f"{value:.4g}"), unit).text(word)


def _pair(value: str, error: str) -> Text:
    return Text.assemble(value, (f" ±{error}", "dim"))
