"""Earnings and multiples: the log growth of mean prices in two parts."""

from __future__ import annotations

from markupsafe import Markup

from jpsim.reporting.earnings_table import earnings_table
from jpsim.reporting.page import Page

__all__ = ["earnings_section"]


def earnings_section(page: Page) -> Markup:
    """Lay out the table of all scenarios; nothing where the run holds no such decomposition."""
    table = earnings_table(page.run)
    return Markup() if table is None else page.render("sections/earnings.html.j2", earnings=table)
