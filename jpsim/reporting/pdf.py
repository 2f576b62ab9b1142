"""The report of a run as PDF, set by typst from the sections of the HTML report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from importlib import import_module
from importlib.resources import files
from typing import Any

from jpsim.errors import InputError, Problem
from jpsim.reporting.fonts import choose_fonts
from jpsim.reporting.html import SECTIONS
from jpsim.reporting.labels import Language
from jpsim.reporting.page import Page
from jpsim.reporting.pdf_blocks import Charts, section_blocks
from jpsim.reporting.story import vocabulary
from jpsim.runs import Run

__all__ = ["render_pdf", "render_pdf_pages"]

_ON_SCREEN = ("inputs",)
"""Sections that are folded away as a whole."""


def render_pdf(run: Run, languages: Sequence[Language] = ("en",)) -> bytes:
    """Render the report of a run as PDF; the same run and fonts give the same bytes.

    Parameters
    ----------
    run
        The run.
    languages
        ``en``, ``ja`` or both; with both, the whole report in one language follows that in the other.

    Raises
    ------
    InputError
        If typst is not installed.
    ResourceError
        If Japanese is wanted and no Japanese font is installed.
    """
    typst = _typst()
    created = datetime.fromisoformat(str(run.manifest["created_utc"]).rstrip("Z") + "+00:00")
    written: bytes = typst.compile(
        _sources(run, tuple(languages), typst), format="pdf", timestamp=int(created.timestamp())
    )
    return written


def render_pdf_pages(run: Run, languages: Sequence[Language] = ("en",), dots_per_inch: float = 72.0) -> list[bytes]:
    """Render the pages of the PDF as PNG pictures; raises as `render_pdf`."""
    typst = _typst()
    pages = typst.compile(_sources(run, tuple(languages), typst), format="png", ppi=dots_per_inch)
    return pages if isinstance(pages, list) else [pages]


def _typst() -> Any:
    try:
        return import_module("typst")
    except ModuleNotFoundError:
        fix = 'install the PDF extra: pip install "jpsim[pdf]"'
        raise InputError(Problem("typst is not installed", fix=fix)) from None


def _sources(run: Run, languages: tuple[Language, ...], typst: Any) -> dict[str, bytes]:
    """Files of the document: the fixed template, its content as data, and the charts."""
    fonts = choose_fonts(typst.Fonts().families(), languages)
    charts = Charts(", ".join(fonts) or "sans-serif")
    parts = [_part(run, language, charts) for language in languages]
    content = {"fonts": fonts, "title": run.run_id, "created": str(run.manifest["created_utc"])[:10], "parts": parts}
    template = files("jpsim.reporting").joinpath("templates", "report.typ").read_bytes()
    data = json.dumps(content, ensure_ascii=False).encode()
    return {"main": template, "report.json": data, **charts.files}


def _part(run: Run, language: Language, charts: Charts) -> dict[str, Any]:
    """One language: head, facts and the blocks of each section."""
    page, words = Page.of(run, (language,)), vocabulary(run.step)
    made = [(words[word][language], section(page)) for word, section in SECTIONS if word not in _ON_SCREEN]
    named = [page.stories[place].title[language] for place in page.compared]
    model = run.manifest["model"]
    return {
        "language": language,
        "kicker": words["report"][language],
        "title": " · ".join(named) if page.few else f"{len(named)} {words['many_scenarios'][language]}",
        "against": f"{words['reference_line'][language]}: {page.stories[0].title[language]}"
        if len(run.scenarios) > 1
        else "",
        "facts": [
            [words["as_of"][language], str(run.as_of)],
            [words["horizon"][language], f"{run.horizon} {words['months'][language]}"],
            [words["paths"][language], f"{run.manifest['paths']:,}"],
            [words["model"][language], f"{model['id']}@{model['version']}"],
            [words["run"][language], run.run_id],
        ],
        "sections": [[title, section_blocks(str(text), charts)] for title, text in made if text],
    }
