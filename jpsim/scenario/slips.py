"""Slips of the keyboard, in plain words: tabs, full-width signs, forgotten spaces, brackets left open.

YAML reports them by what its parser expected, often some lines further on. Only files that are refused
anyway are looked at, so a sign that is right where it stands (in a title, in a narrative) does no harm.
"""

from __future__ import annotations

import re

import yaml

from jpsim.errors import Place, Problem

__all__ = ["missing_value_fix", "syntax_problem", "typing_slips"]

_SLIPS = [
    (re.compile(r"^[ \u3000]*\t+(?=[^\s#])"), "\t", "a tab in front of the line", "spaces in front of a line"),
    (re.compile(r"^[ \t]*\u3000+(?=[^\s#])"), "\u3000", "a full-width space in front of the line", "plain spaces"),
    (re.compile(r"^[ \t\u3000-]*[a-z][a-z0-9_]*\uff1a"), "\uff1a", "the full-width colon '\uff1a'", "a plain colon"),
]
_FIXES = {"\t": "write two spaces for each tab", "\u3000": "write two spaces for each", "\uff1a": "write ': '"}

_PLAIN_WORDS = [
    (
        "expected <block end>",
        "the line begins in another column than the lines that it belongs to",
        "begin all keys of one mapping in the same column",
    ),
    (
        "expected ',' or",
        "the bracket that opens at {opened} is not closed, or a comma is missing",
        "close the bracket, and put a comma between its entries",
    ),
    ("expected the node content", "a value is missing", "close the bracket, or write the value"),
    (
        "could not find expected ':'",
        "the line at {opened} is no key with its colon",
        "write 'key: value', or put a text of several lines in quotes",
    ),
    (
        "mapping values are not allowed",
        "a colon where none can stand",
        "put a text that holds ': ' in quotes, and begin each key on its own line in the column of its neighbours",
    ),
    ("found unexpected end of stream", "the quote that opens at {opened} is not closed", "close the quote"),
    ("found unknown escape character", "a backslash that stands for nothing", "write it in single quotes"),
    ("that cannot start any token", "a text cannot begin with this sign", "put it in quotes"),
]


def typing_slips(text: str, source: str) -> list[Problem]:
    """Find tabs and full-width spaces that indent a line, and full-width colons behind its key."""
    problems = []
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, sign, found, allowed in _SLIPS:
            if pattern.match(line):
                place = Place(source, number, line.index(sign) + 1)
                problems.append(Problem(f"not YAML: {found}", place, allowed, _FIXES[sign]))
    return problems


def syntax_problem(error: yaml.MarkedYAMLError, source: str) -> Problem:
    """Say what the parser could not read, where, and what is usually meant."""
    mark = error.problem_mark or error.context_mark
    place = Place(source, mark.line + 1, mark.column + 1) if mark else Place(source, 1, 1)
    raw = " ".join(part for part in (error.context, error.problem) if part)
    opened = f"{error.context_mark.line + 1}:{error.context_mark.column + 1}" if error.context_mark else str(place)
    for fragment, plain, fix in _PLAIN_WORDS:
        if fragment in raw:
            return Problem(f"not YAML: {plain.format(opened=opened)}", place, fix=fix)
    return Problem(f"not YAML: {raw}", place)


def missing_value_fix(key: str, value_before: object) -> str | None:
    """Suggest what was meant where a key has no value: ``{6m:150}``, ``{6m：150}`` or ``{12m: 7,000}``."""
    if (match := re.fullmatch(r"([^\s:\uff1a]+)\s*[:\uff1a]\s*(.+)", key)) is not None:
        return f"write {match[1]}: {match[2]}, with a plain colon and a space behind it"
    if re.fullmatch(r"[0-9]{3}\D*", key) and re.fullmatch(r"[+-]?[0-9]{1,3}", str(value_before)):
        return f"write {value_before}{key}: a comma ends the entry"
    return None
