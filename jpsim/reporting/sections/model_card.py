"""The card of the model behind the run, as the model carries it."""

from __future__ import annotations

from markupsafe import Markup

from jpsim.errors import JpsimError
from jpsim.model.store import read_card
from jpsim.reporting.card_text import card_html
from jpsim.reporting.page import Page
from jpsim.runs import Run

__all__ = ["model_card_section"]


def model_card_section(page: Page) -> Markup:
    """Lay out the card; where the very model of the run is not at hand, say so."""
    text = _card(page.run)
    if text is None:
        return page.render("sections/model_card.html.j2", limits=None, card=None)
    head, *chapters = text.split("\n## ")
    limits = next((chapter for chapter in chapters if chapter.startswith("Limits of use")), None)
    others = [chapter for chapter in chapters if chapter is not limits]
    intro = "\n".join(line for line in head.splitlines() if not line.startswith("# "))
    front = intro if limits is None else f"{intro}\n\n#### {limits}"
    rest = "\n".join(f"\n#### {chapter}" for chapter in others)
    return page.render("sections/model_card.html.j2", limits=card_html(front), card=card_html(rest) if others else None)


def _card(run: Run) -> str | None:
    named = run.manifest["model"]
    try:
        return read_card(f"{named['id']}@{named['version']}", sha256=named["sha256"])
    except JpsimError:
        return None
