"""In brief: for each scenario the five answers a committee asks for, its main numbers, and who gains and loses."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from jpsim.reporting.brief import Sentence, brief_sentences
from jpsim.reporting.figures import Cell, Row, headline, largest_changes
from jpsim.reporting.labels import Label
from jpsim.reporting.page import Page

__all__ = ["summary_section"]

_HEADLINES = ("topix", "nikkei225", "portfolio", "usdjpy", "jgb_10y", "boj_policy_rate")


@dataclass(frozen=True, slots=True)
class _Card:
    """What the summary says about one scenario."""

    index: int
    sentences: tuple[Sentence, ...]
    headlines: tuple[tuple[Label, dict[str, Cell]], ...]
    gains: list[Row]
    losses: list[Row]


def summary_section(page: Page) -> Markup:
    """Lay out a card for each scenario."""
    cards = [_card(page, scenario) for scenario in range(len(page.run.scenarios))]
    return page.render("sections/summary.html.j2", cards=cards)


def _card(page: Page, scenario: int) -> _Card:
    run = page.run
    kinds = dict(zip(run.outputs, run.kinds, strict=True))
    gains, losses = largest_changes(run, scenario, run.horizon) if scenario else ([], [])
    shown = [output for output in _HEADLINES if output in kinds]
    return _Card(
        index=scenario,
        sentences=brief_sentences(run, scenario),
        headlines=tuple(headline(run, scenario, output, kinds[output], run.horizon) for output in shown),
        gains=gains,
        losses=losses,
    )
