"""What is uncertain: what the errors and bands cover, and what they leave out."""

from __future__ import annotations

from markupsafe import Markup

from jpsim.reporting.page import Page
from jpsim.reporting.story import resolved_run
from jpsim.reporting.widths import band_widths

__all__ = ["uncertainty_section"]


def uncertainty_section(page: Page) -> Markup:
    """Say what the run's numbers do and do not cover."""
    drawn = bool(resolved_run(page.run).get("parameter_uncertainty"))
    keys = ["uncertain_error"]
    keys += ["uncertain_paired"] if len(page.run.scenarios) > 1 else []
    keys += ["uncertain_drawn" if drawn else "uncertain_fixed", "uncertain_limits"]
    run = page.run
    found = [(place, band_widths(run, name, run.horizon)) for place, name in enumerate(run.scenarios)]
    splits = [(place, widths) for place, widths in found if widths is not None]
    return page.render("sections/uncertainty.html.j2", keys=keys, splits=splits)
