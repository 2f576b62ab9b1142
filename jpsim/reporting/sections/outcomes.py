"""What happens: fan charts, and the tables of equities and factors in the last month."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from jpsim.reporting.charts import FanChart, fan_chart
from jpsim.reporting.figures import Row, equity_rows, factor_rows
from jpsim.reporting.labels import label_of
from jpsim.reporting.page import Page
from jpsim.runs import Run

__all__ = ["LATENT", "outcomes_section"]

LATENT = ("boj_policy_shadow",)
"""Factors of the model that nobody observes; they are left out of reports."""

_MAIN = ("topix", "portfolio", "usdjpy", "jgb_10y", "boj_policy_rate")
_FRONT_KINDS = ("index", "portfolio", "size", "segment", "sector17")
_BACK_KINDS = ("sector33", "theme")


@dataclass(frozen=True, slots=True)
class _Panel:
    """Scenarios that share one set of tables, and the tables."""

    scenarios: tuple[int, ...]
    equities: list[tuple[str, list[Row]]]
    details: list[tuple[str, list[Row]]]
    factors: list[Row]


@dataclass(frozen=True, slots=True)
class _Fans:
    """Charts of one scenario; the second group is folded away where there are many scenarios."""

    index: int
    main: tuple[FanChart, ...]
    more: tuple[FanChart, ...]


def outcomes_section(page: Page) -> Markup:
    """Lay out fans and tables: side by side for few scenarios, else one below the other and folded."""
    scenarios = tuple(range(len(page.run.scenarios)))
    panels = [_panel(page.run, scenarios)] if page.few else [_panel(page.run, (one,)) for one in scenarios]
    return page.render(
        "sections/outcomes.html.j2",
        few=page.few,
        fans=[_fans(page, scenario) for scenario in page.compared],
        panels=panels,
        starts=_starts(page.run),
    )


def _panel(run: Run, scenarios: tuple[int, ...]) -> _Panel:
    return _Panel(
        scenarios=scenarios,
        equities=equity_rows(run, _FRONT_KINDS, run.horizon, scenarios),
        details=equity_rows(run, _BACK_KINDS, run.horizon, scenarios),
        factors=[row for row in factor_rows(run, run.horizon, scenarios) if row.label.output not in LATENT],
    )


def _fans(page: Page, scenario: int) -> _Fans:
    start = page.told(scenario).get("start", {})
    front = [output for output in _MAIN if output in page.run.outputs]
    back = [output for output in page.run.of_kind("factor") if output not in (*_MAIN, *LATENT)]
    main, more = (
        tuple(_fan(page.run, scenario, output, start, hover=page.few) for output in outputs)
        for outputs in (front, back)
    )
    return _Fans(scenario, main + more, ()) if page.few else _Fans(scenario, main, more)


def _fan(run: Run, scenario: int, output: str, start: Mapping[str, float], *, hover: bool) -> FanChart:
    place = run.outputs.index(output)
    kind = run.kinds[place]
    if kind != "factor":
        return fan_chart(run, scenario, output, label_of(output, kind), 0.0, hover=hover)
    label = label_of(output, kind, float(run.statistics["q50"][0, place, 0]))
    return fan_chart(run, scenario, output, label, start.get(output), hover=hover)


def _starts(run: Run) -> dict[str, str]:
    """Levels of the factors at month 0 in the reference scenario, as text."""
    start = run.diagnostics[run.scenarios[0]].get("start", {})
    return {output: label_of(output, "factor", value).style.level(value) for output, value in start.items()}
