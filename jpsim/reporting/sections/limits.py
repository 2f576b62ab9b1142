"""Limits of the run: what each scenario has against what is allowed."""

from __future__ import annotations

from markupsafe import Markup

from jpsim.reporting.limit_checking import limit_checks
from jpsim.reporting.page import Page

__all__ = ["limits_section"]


def limits_section(page: Page) -> Markup:
    """Lay out the limits; nothing where the run states none."""
    checks = limit_checks(page.run)
    return page.render("sections/limits.html.j2", checks=checks) if checks else Markup()
