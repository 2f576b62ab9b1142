"""What is uncertain: what the errors and bands cover, and what they leave out."""

from __future__ import annotations

from markupsafe import Markup

from jpsim.reporting.page import Page
from jpsim.reporting.widths import band_widths, uncertain_words

__all__ = ["uncertainty_section"]


def uncertainty_section(page: Page) -> Markup:
    """Say what the run's numbers do and do not cover."""
    run = page.run
    found = [(place, band_widths(run, name, run.horizon)) for place, name in enumerate(run.scenarios)]
    splits = [(place, widths) for place, widths in found if widths is not None]
    return page.render("sections/uncertainty.html.j2", keys=uncertain_words(run), splits=splits)
