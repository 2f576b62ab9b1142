"""A model's card as a page of its own, in the style of the reports: one HTML file without scripts."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

from markupsafe import Markup

from jpsim.reporting.card_text import card_html
from jpsim.reporting.html import template_text
from jpsim.reporting.page import template_environment

__all__ = ["render_card"]


def render_card(card: str) -> str:
    """Render a model's card, Markdown, as a whole HTML document that makes no request."""
    head, *chapters = card.split("\n## ")
    titles = [line.removeprefix("# ") for line in head.splitlines() if line.startswith("# ")]
    intro = "\n".join(line for line in head.splitlines() if not line.startswith("# "))
    style = template_text("report.css")
    template = template_environment().get_template("card.html.j2")
    return template.render(
        title=titles[0] if titles else "",
        other_title=titles[1] if len(titles) > 1 else "",
        style=Markup(style),  # a file of this package
        style_digest=b64encode(sha256(style.encode()).digest()).decode(),
        intro=card_html(intro),
        chapters=[(chapter.partition("\n")[0], card_html(chapter.partition("\n")[2])) for chapter in chapters],
    )
