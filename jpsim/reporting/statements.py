"""What scenarios state, in the language of the report.

Runs keep their statements in English. Each form of statement has its Japanese form in ``statements.toml``; one
that has none is shown as it stands.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jpsim.dictionary import channels
from jpsim.reporting.labels import Label, Language, label_of

__all__ = ["joined_statements", "named", "statement_text"]

_MEMBER = re.compile(r"(?P<member>\w+) \((?P<share>\d+%)\): (?P<said>.*)", re.DOTALL)
_STORY = re.compile(r"(?P<member>[a-z]\w*): (?P<said>.*)", re.DOTALL)
_ID = re.compile(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b")
_SUBJECT = re.compile(r"(?P<subject>[a-z]\w*) (?P<said>.*)", re.DOTALL)


def joined_statements(assumptions: Sequence[str | Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Join neighbouring rows that say the same of one series in one month after another."""
    joined: list[dict[str, Any]] = []
    for row in (row if isinstance(row, Mapping) else {"statement": row} for row in assumptions):
        when = str(row.get("when", ""))
        said = dict(row) | {"statement": str(row.get("statement", "")).replace(f" in {when}", "")}
        last = joined[-1] if joined else {}
        if when and all(last.get(key) == said[key] for key in said if key != "when"):
            last["when"] = f"{last['when'].split(' – ')[0]} – {when}"
        else:
            joined.append(said)
    return joined


def statement_text(english: str) -> Mapping[Language, str]:
    """Give a statement, or a warning, in every language.

    Parameters
    ----------
    english
        As the run keeps it, such as ``0.75% in 2026-03``; the id of a factor or the name of a mixture's member
        may lead it.
    """
    return {"en": _ID.sub(lambda found: _factor_name(found[0], "en"), english), "ja": _japanese(english)}


def named(output: str) -> Label:
    """Label of whatever a statement speaks of: a factor, a series, a channel, or another word."""
    for kind in ("factor", "series"):
        label = label_of(output, kind)
        if label.names["en"] != output:
            return label
    known = _tables()[1]
    if output in channels() and output not in _tables()[2]:
        names: dict[Language, str] = {"en": channels()[output].name_en, "ja": channels()[output].name_ja}
    else:
        names = {"en": _tables()[2].get(output, output), "ja": known.get(output, output)}
    return Label(output, "series", names, label.style)


def _japanese(english: str) -> str:
    said = english.strip()
    if found := _form(said):
        return found
    if member := _MEMBER.fullmatch(said):
        return f"{member['member']}（{member['share']}）：{_japanese(member['said'])}"
    if story := _STORY.fullmatch(said):
        return f"{story['member']}：{_japanese(story['said'])}"
    subject = _SUBJECT.fullmatch(said)
    if subject and (found := _form(subject["said"])):
        return f"{named(subject['subject']).names['ja']}：{found}"
    return said


def _form(said: str) -> str | None:
    forms, words, _ = _tables()
    for pattern, japanese in forms:
        if found := pattern.fullmatch(said):
            parts = {name: _listed(value or "", words) for name, value in found.groupdict().items()}
            return japanese.format(**parts)
    return None


def _listed(text: str, words: Mapping[str, str]) -> str:
    """Each element of a list in Japanese, where there is a word for it."""
    listed = "、".join(words.get(part, part) for part in text.split(", "))
    return _ID.sub(lambda found: _factor_name(found[0], "ja"), listed)


def _factor_name(identifier: str, language: Language) -> str:
    """Name of a factor; anything else stays as it is."""
    return label_of(identifier, "factor").names[language]


@cache
def _tables() -> tuple[tuple[tuple[re.Pattern[str], str], ...], Mapping[str, str], Mapping[str, str]]:
    """Forms of statements, Japanese words, and English names of what is neither factor nor series."""
    text = files("jpsim.reporting").joinpath("templates", "statements.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    forms = tuple((re.compile(form["en"], re.DOTALL), form["ja"]) for form in tables["form"])
    return forms, tables["words"], tables["spoken"]
