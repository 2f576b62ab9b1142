"""Why each scenario differs from the reference: the attribution of the difference of means."""

from __future__ import annotations

from markupsafe import Markup

from jpsim.reporting.page import Page
from jpsim.reporting.reasons import attribution_reasons
from jpsim.reporting.waterfall import waterfall_charts

__all__ = ["reasons_section"]


def reasons_section(page: Page) -> Markup:
    """Lay out a table and waterfalls for each scenario that the run's attribution covers."""
    run = page.run
    found = [(place, attribution_reasons(run, name, run.horizon)) for place, name in enumerate(run.scenarios) if place]
    explained = [(place, reasons, waterfall_charts(run, place)) for place, reasons in found if reasons is not None]
    return page.render("sections/reasons.html.j2", explained=explained, few=page.few) if explained else Markup()
