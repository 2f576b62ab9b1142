"""How plausible each scenario is: its distance, what it costs, the shocks behind it, its warnings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from jpsim.reporting.labels import Label
from jpsim.reporting.page import Page, Text
from jpsim.reporting.statements import named, statement_text
from jpsim.reporting.verdicts import VALUE_FIGURES, plausibility_share, share_key, verdict_of

__all__ = ["plausibility_section"]

_SHOWN = 5
_SMALLEST_SHARE = 0.005
_FIGURES = (
    "rows", "distance", "percentile", "terminal_rows", "terminal_percentile", "largest_shock",
    "largest_shock_month", "departure", "beyond_history", "relative_entropy", "range_probability",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Card:
    """The plausibility of one scenario."""

    index: int
    share: float | None
    verdict: str
    of: str
    figures: Mapping[str, Any]
    effective: float
    costs: list[tuple[Text, float]]
    shocks: list[tuple[Label, int, float]]
    regimes: Mapping[str, Mapping[str, float]]
    warnings: list[Text]


def plausibility_section(page: Page) -> Markup:
    """Lay out a card for each scenario."""
    cards = [_card(page, scenario) for scenario in range(len(page.run.scenarios))]
    return page.render("sections/plausibility.html.j2", cards=cards)


def _card(page: Page, scenario: int) -> _Card:
    told = page.told(scenario)
    card = told.get("plausibility", {})
    share = plausibility_share(card)
    shown = [name for name in _FIGURES if card.get("rows") or name not in VALUE_FIGURES]
    costs = [cost for cost in told.get("costs", ()) if abs(cost["share"]) >= _SMALLEST_SHARE][:_SHOWN]
    return _Card(
        index=scenario,
        share=share,
        verdict=verdict_of(share) if share is not None else "",
        of=share_key(card) if share is not None else "",
        figures={name: card[name] for name in shown if card.get(name) is not None},
        effective=float(told["effective_sample"]),
        costs=[(statement_text(cost["row"]), float(cost["share"])) for cost in costs],
        shocks=[(named(shock["factor"]), shock["month"], shock["sd"]) for shock in told.get("shocks", ())[:_SHOWN]],
        regimes=told.get("regimes", {}),
        warnings=[statement_text(warning) for warning in told.get("warnings", ())],
    )
