"""The card of the model behind the run, as the model carries it."""

from __future__ import annotations

from markupsafe import Markup

from jpsim.errors import JpsimError
from jpsim.model.store import load_model, read_card
from jpsim.reporting.kept import kept
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
    return page.render("sections/model_card.html.j2", limits=_html(front), card=_html(rest) if others else None)


def _card(run: Run) -> str | None:
    named = run.manifest["model"]
    reference = f"{named['id']}@{named['version']}"
    try:
        same = load_model(reference).sha256 == named["sha256"]
        return read_card(reference) if same else None
    except JpsimError:
        return None


def _html(text: str) -> Markup:
    """Markdown as HTML: tables and emphasis, but no raw HTML, no link and no picture."""
    return Markup(kept("model card", text, lambda: _rendered(text)))  # escaped by the parser


def _rendered(text: str) -> str:
    from markdown_it import MarkdownIt  # takes a tenth of a second, which other commands need not wait for

    parser = (
        MarkdownIt("commonmark", {"html": False}).enable("table").disable(["link", "image", "autolink", "reference"])
    )
    found: str = parser.render(text)
    return found.replace("<table>", '<div class="scroll"><table class="plain">').replace("</table>", "</table></div>")
