"""The scenarios side by side: main numbers of each, and a map of who gains and loses in which."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from jpsim.reporting.figures import Cell, figure, shaded_changes
from jpsim.reporting.labels import Label, label_of
from jpsim.reporting.page import Page
from jpsim.reporting.verdicts import plausibility_share, verdict_of
from jpsim.runs import Run

__all__ = ["scenarios_section"]

_LEAD = ("topix", "portfolio")
_BESIDE = ("small", "growth", "usdjpy", "jgb_10y")
_MAPS = (("sector17",), ("index", "portfolio", "size", "segment"))


@dataclass(frozen=True, slots=True)
class _Line:
    """One scenario in the table: its plausibility and a cell per column."""

    index: int
    share: float | None
    verdict: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class _Column:
    """A column: whose statistic, and which."""

    label: Label
    statistic: str


def scenarios_section(page: Page) -> Markup:
    """Lay out the table and the maps; nothing for a single scenario."""
    run = page.run
    if len(run.scenarios) == 1:
        return Markup()
    columns = _columns(run)
    lines = [_line(page, scenario, columns) for scenario in range(len(run.scenarios))]
    maps = [shaded_changes(run, kinds, run.horizon) for kinds in _MAPS]
    return page.render("sections/scenarios.html.j2", columns=columns, lines=lines, maps=[one for one in maps if one[0]])


def _columns(run: Run) -> tuple[_Column, ...]:
    columns = []
    for output in _LEAD:
        if output in run.outputs:
            label = _label(run, output)
            columns += [_Column(label, name) for name in ("mean", "change", "p_loss", "es95")]
    columns += [_Column(_label(run, output), "change") for output in _BESIDE if output in run.outputs]
    return tuple(columns)


def _label(run: Run, output: str) -> Label:
    place = run.outputs.index(output)
    return label_of(output, run.kinds[place], float(run.statistics["q50"][0, place, 0]))


def _line(page: Page, scenario: int, columns: tuple[_Column, ...]) -> _Line:
    share = plausibility_share(page.told(scenario).get("plausibility", {}))
    cells = tuple(
        Cell("") if column.statistic == "change" and not scenario
        else figure(page.run, scenario, column.label, column.statistic, page.run.horizon)
        for column in columns
    )  # fmt: skip
    return _Line(scenario, share, verdict_of(share) if share is not None else "", cells)
