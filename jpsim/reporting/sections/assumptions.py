"""What was assumed: every statement of each scenario, and the policy path that is priced beside the stated one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from jpsim.reporting.charts import StepChart, step_chart
from jpsim.reporting.labels import Label
from jpsim.reporting.page import Page, Text
from jpsim.reporting.statements import joined_statements, named, statement_text
from jpsim.runs import Run

__all__ = ["assumptions_section"]


@dataclass(frozen=True, slots=True)
class _Assumed:
    """What one scenario assumes."""

    index: int
    columns: tuple[str, ...]
    rows: list[list[Label | Text | str]]
    policy: StepChart | None
    policy_rows: Mapping[str, Sequence[float]]


def assumptions_section(page: Page) -> Markup:
    """Lay out the statements of each scenario."""
    assumed = [_assumed(page, scenario) for scenario in range(len(page.run.scenarios))]
    months = [str(page.run.as_of + month) for month in range(1, page.run.horizon + 1)]
    return page.render("sections/assumptions.html.j2", assumed=assumed, months=months, few=page.few)


def _assumed(page: Page, scenario: int) -> _Assumed:
    told = page.told(scenario)
    rows = joined_statements(told.get("assumptions", ()))
    columns = tuple(dict.fromkeys(key for row in rows for key in row))
    path = told.get("policy_path", {})
    cells = [[_cell(column, str(row.get(column, ""))) for column in columns] for row in rows]
    return _Assumed(scenario, columns, cells, _policy_chart(page.run, told) if path else None, path)


def _cell(column: str, text: str) -> Label | Text | str:
    if column == "series":
        return named(text)
    return statement_text(text) if column == "statement" else text


def _policy_chart(run: Run, told: Mapping[str, Any]) -> StepChart:
    path = told["policy_path"]
    start = told.get("start", {}).get("boj_policy_rate", path["scenario"][0])
    return step_chart(run.as_of, path["priced"], path["scenario"], start)
