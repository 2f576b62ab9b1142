"""Statements and warnings of an explanation in both languages, beside the English in which they are kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jpsim.reporting.statements import named, statement_text

__all__ = ["worded"]

Plain = dict[str, Any]


def worded(told: Mapping[str, Any]) -> Plain:
    """Add ``statements``: each text of an explanation, or of a run's diagnostics -> that text by language."""
    texts = {text: statement_text(text) for text in _statements(told)}
    subjects = {entry["series"]: named(entry["series"]).names for entry in told.get("assumptions", ())}
    return {**told, "statements": {text: dict(names) for text, names in (subjects | texts).items()}}


def _statements(told: Mapping[str, Any]) -> Iterator[str]:
    yield from (entry["statement"] for entry in told.get("assumptions", ()))
    yield from (entry["row"] for entry in told.get("costs", ()))
    yield from _warnings(told.get("warnings", ()))


def _warnings(warnings: Any) -> Iterator[str]:
    """Warnings of one scenario, or of each of several."""
    listed = warnings.values() if isinstance(warnings, Mapping) else (warnings,)
    yield from (warning for some in listed for warning in some)
