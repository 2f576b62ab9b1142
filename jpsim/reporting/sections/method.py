"""The method in a page."""

from __future__ import annotations

from markupsafe import Markup

from jpsim.reporting.page import Page

__all__ = ["method_section"]

_STEPS = ("belief", "condition", "mixture", "premium", "draw", "equity", "weights", "measure", "limits")


def method_section(page: Page) -> Markup:
    """Lay out the steps from model to number, those that this run took."""
    mixed = any("members" in page.told(scenario) for scenario in range(len(page.run.scenarios)))
    steps = [step for step in _STEPS if step != "mixture" or mixed]
    return page.render("sections/method.html.j2", steps=steps)
