"""Everything that was put in: the run as it was carried out, every default resolved."""

from __future__ import annotations

from markupsafe import Markup

from jpsim.reporting.page import Page

__all__ = ["inputs_section"]


def inputs_section(page: Page) -> Markup:
    """Lay out the resolved run, folded."""
    stated = page.run.resolved.split("\n# ", 1)[0]
    return page.render("sections/inputs.html.j2", stated=stated, files=sorted(page.run.inputs))
