"""A model's card, which is Markdown, as HTML."""

from __future__ import annotations

from markupsafe import Markup

from jpsim.simulation.kept import kept

__all__ = ["card_html"]


def card_html(text: str) -> Markup:
    """Markdown as HTML: tables and emphasis, but no raw HTML, no link and no picture."""
    return Markup(kept("model card", text, lambda: _rendered(text).encode()).decode())  # escaped by the parser


def _rendered(text: str) -> str:
    from markdown_it import MarkdownIt  # takes a tenth of a second, which other commands need not wait for

    parser = (
        MarkdownIt("commonmark", {"html": False}).enable("table").disable(["link", "image", "autolink", "reference"])
    )
    found: str = parser.render(text)
    return found.replace("<table>", '<div class="scroll"><table class="plain">').replace("</table>", "</table></div>")
