"""The offline report of a run: one HTML file without scripts, for a committee.

Charts are drawn as SVG when the report is built and the languages are switched by the style sheet alone,
so that the file also works in mail previews and on paper, and its security policy can forbid every script.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from hashlib import sha256
from importlib.resources import files

from markupsafe import Markup

from jpsim.reporting.labels import LANGUAGES, Language
from jpsim.reporting.page import Page
from jpsim.reporting.sections.assumptions import assumptions_section
from jpsim.reporting.sections.book import book_section
from jpsim.reporting.sections.densities import densities_section
from jpsim.reporting.sections.earnings import earnings_section
from jpsim.reporting.sections.inputs import inputs_section
from jpsim.reporting.sections.limits import limits_section
from jpsim.reporting.sections.members import members_section
from jpsim.reporting.sections.method import method_section
from jpsim.reporting.sections.model_card import model_card_section
from jpsim.reporting.sections.outcomes import outcomes_section
from jpsim.reporting.sections.plausibility import plausibility_section
from jpsim.reporting.sections.reasons import reasons_section
from jpsim.reporting.sections.reproduction import reproduction_section
from jpsim.reporting.sections.scenarios import scenarios_section
from jpsim.reporting.sections.summary import summary_section
from jpsim.reporting.sections.uncertainty import uncertainty_section
from jpsim.runs import Run

__all__ = ["SECTIONS", "render_report", "template_text"]

SECTIONS: tuple[tuple[str, Callable[[Page], Markup]], ...] = (
    ("summary", summary_section),
    ("limits", limits_section),
    ("side_by_side", scenarios_section),
    ("assumed", assumptions_section),
    ("plausible", plausibility_section),
    ("members", members_section),
    ("happens", outcomes_section),
    ("shapes", densities_section),
    ("why", reasons_section),
    ("split", earnings_section),
    ("book", book_section),
    ("uncertain", uncertainty_section),
    ("card", model_card_section),
    ("method", method_section),
    ("inputs", inputs_section),
    ("again", reproduction_section),
)
"""The sections in their order: the word of the heading, which is the anchor, too, and what makes the section.

A section that has nothing to say about a run gives no text and is left out, its heading, too.
"""

_FIRST_OF_MANY = "side_by_side"


def render_report(run: Run, languages: Sequence[Language] = LANGUAGES) -> str:
    """Render the report of a run; the same run gives the same bytes.

    Parameters
    ----------
    run
        The run, in memory or loaded from its folder.
    languages
        ``en``, ``ja`` or both; the first one is shown first.

    Returns
    -------
    str
        A whole HTML document that needs no other file and makes no request.
    """
    style = template_text("report.css")
    page = Page.of(run, tuple(languages))
    order = SECTIONS if page.few else sorted(SECTIONS, key=lambda entry: entry[0] != _FIRST_OF_MANY)
    made = [(word, section(page)) for word, section in order]
    document = page.render(
        "report.html.j2",
        style=Markup(style),  # a file of this package
        style_digest=b64encode(sha256(style.encode()).digest()).decode(),
        compared=page.compared,
        few=page.few,
        sections=[(word, text) for word, text in made if text],
    )
    return str(document)


def template_text(name: str) -> str:
    """Text of a file among the templates."""
    return files("jpsim.reporting").joinpath("templates", name).read_text(encoding="utf-8")
