"""How to get the same numbers again."""

from __future__ import annotations

from markupsafe import Markup

from jpsim.reporting.page import Page

__all__ = ["reproduction_section"]


def reproduction_section(page: Page) -> Markup:
    """Lay out the commands and what the run is known by."""
    return page.render("sections/reproduction.html.j2")
