"""Why each scenario differs from the reference: the attribution of the difference of means."""

from __future__ import annotations

from markupsafe import Markup

from jpsim.reporting.page import Page
from jpsim.reporting.reasons import attribution_reasons

__all__ = ["reasons_section"]


def reasons_section(page: Page) -> Markup:
    """Lay out a table for each scenario that the run's attribution covers."""
    run = page.run
    found = [(place, attribution_reasons(run, name, run.horizon)) for place, name in enumerate(run.scenarios) if place]
    explained = [(place, reasons) for place, reasons in found if reasons is not None]
    return page.render("sections/reasons.html.j2", explained=explained, few=page.few) if explained else Markup()
