"""Reading marked trees: every wrong leaf becomes a problem with its place, and reading goes on."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from jpsim.errors import Place, Problem
from jpsim.months import Month
from jpsim.scenario.node import Node
from jpsim.scenario.when import When, date_meant
from jpsim.units import Quantity, QuantityError, Role, parse_integer, parse_quantity, parse_share, unusual

__all__ = ["Cursor", "Findings", "Subject", "nearest"]

_SLUG = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_RESERVED = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]|all|model|off|on|null")
_WORDS_OF_YAML_1_1 = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
T = TypeVar("T", bound=str)
V = TypeVar("V")


@dataclass(slots=True)
class Findings:
    """Problems and warnings found so far."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def in_order(self) -> list[Problem]:
        """Give the problems, each once, in the order in which they are written."""
        files = list(dict.fromkeys(problem.place.source for problem in self.problems if problem.place))

        def position(problem: Problem) -> tuple[int, int, int]:
            place = problem.place
            return (files.index(place.source), place.line or 0, place.column or 0) if place else (-1, 0, 0)

        return sorted(dict.fromkeys(self.problems), key=position)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a quantity speaks of: what decides its units, and the dictionary's own unit."""

    quantity: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A node that is being read.

    Every reading method returns None after adding a problem to `findings`.
    """

    node: Node
    findings: Findings

    def at(self, node: Node) -> Cursor:
        """Put the same findings at another node."""
        return Cursor(node, self.findings)

    def refuse(self, found: str, allowed: str | None = None, fix: str | None = None, key: str | None = None) -> None:
        """Add a problem here, or at one of this mapping's keys."""
        place = self.node.place if key is None else self.node.key_place(key)
        self.findings.problems.append(Problem(found, place, allowed, fix))

    def warn(self, found: str, fix: str | None = None, place: Place | None = None) -> None:
        """Add a warning here."""
        self.findings.warnings.append(Problem(found, place or self.node.place, fix=fix))

    def entries(self, what: str) -> dict[str, Cursor]:
        """Read the values of a mapping whose keys are free; `what` names it in the problem."""
        if not isinstance(self.node.content, dict):
            self.refuse(f"{self.said} stands where a mapping is expected", what)
            return {}
        return {key: self.at(node) for key, node in self.node.content.items()}

    def fields(self, known: Collection[str], what: str) -> dict[str, Cursor]:
        """Read the values of a mapping with known keys; refuses the others."""
        found = self.entries(f"{what} with the keys {', '.join(known)}")
        for key in [key for key in found if key not in known]:
            self.refuse(f"{what} has no key {key!r}", f"the keys {', '.join(known)}", nearest(key, known), key)
        return {key: cursor for key, cursor in found.items() if key in known}

    def items(self, what: str) -> list[Cursor]:
        """Read the items of a list; `what` names it in the problem."""
        if not isinstance(self.node.content, list):
            self.refuse(f"{self.said} stands where a list is expected", what)
            return []
        return [self.at(node) for node in self.node.content]

    def text(self, what: str) -> str | None:
        """Any text that is not blank."""
        if isinstance(self.node.content, str) and self.node.content.strip():
            return self.node.content
        self.refuse(f"{self.said} stands where {what} is expected", what)
        return None

    def word(self, choices: Collection[T]) -> T | None:
        """One of a few words."""
        for choice in choices:
            if self.node.content == choice:
                return choice
        allowed = " or ".join(choices) if len(choices) < 4 else "one of " + ", ".join(choices)
        surprise = _WORDS_OF_YAML_1_1.get(self._text.lower())
        fix = f"write {surprise}" if surprise in choices else nearest(self._text, choices)
        self.refuse(f"{self.said} is none of the words that are known here", allowed, fix)
        return None

    def known(self, ids: Mapping[str, object] | Collection[str], what: str) -> str | None:
        """Read an id out of a dictionary."""
        if isinstance(self.node.content, str) and self.node.content in ids:
            return self.node.content
        self.refuse(f"no {what} is called {self.said}", f"an id of a {what}", nearest(self._text, ids))
        return None

    def slug(self, what: str) -> str | None:
        """Read an id that a user chooses."""
        text = self._text
        if _SLUG.fullmatch(text) and not _RESERVED.fullmatch(text):
            return text
        plain = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
        fix = f"write {plain}" if _SLUG.fullmatch(plain) and not _RESERVED.fullmatch(plain) else None
        self.refuse(
            f"{self.said} is no id of {what}",
            "lower-case letters, digits and underscores, a letter first, at most 64; no path, no reserved word",
            fix,
        )
        return None

    def quantity(self, subject: Subject, role: Role) -> Quantity | None:
        """Read a quantity with its unit; warns where it looks like a slip."""
        try:
            result = parse_quantity(self._text, subject.quantity, role, subject.unit)
        except QuantityError as error:
            self._refused(error)
            return None
        if (reason := unusual(result)) is not None:
            self.warn(f"{self._text}: {reason}", "make sure that it is meant")
        return result

    def share(self) -> float | None:
        """Read a probability or weight."""
        try:
            return parse_share(self._text).value
        except QuantityError as error:
            self._refused(error)
            return None

    def integer(self, low: int, high: int) -> int | None:
        """Read a whole number."""
        try:
            return parse_integer(self._text, low, high)
        except QuantityError as error:
            self._refused(error)
            return None

    def flag(self) -> bool | None:
        """Read ``true`` or ``false``; the other words of YAML 1.1 are refused."""
        word = self.word(("true", "false"))
        return None if word is None else word == "true"

    def when(self) -> When | None:
        """Read a date."""
        return self._when(self._text, None)

    def dated(self, what: str, read: Callable[[Cursor], V | None]) -> dict[When, V]:
        """Read a mapping from dates with `read`; values of dates that are wrong are read, too, for their problems."""
        found: dict[When, V] = {}
        if isinstance(self.node.content, (str, list)):
            fix = f"say when, as {{12m: {self.node.content if isinstance(self.node.content, str) else '...'}}}"
            self.refuse(f"{what} without its date", f"{what}: a mapping from dates", fix)
            return found
        for key, cursor in self.entries(f"{what}: a mapping from dates").items():
            when, value = self._when(key, key), read(cursor)
            if when in found:
                self.refuse(f"{key!r} is the month {when}, which stands here already", "each month once", key=key)
            if when is not None and value is not None:
                found[when] = value
        if not self.node.content:
            self.refuse(f"{what} is empty", "at least one date")
        return found

    def month(self) -> Month | None:
        """Read a calendar month."""
        try:
            return Month.parse(self._text)
        except ValueError:
            meant = date_meant(self._text)
            fix = f"write {meant}" if meant and "-" in meant else None
            self.refuse(f"{self.said} is not a month", "a month (2026-01) or an ISO date (2026-01-30)", fix)
            return None

    @property
    def said(self) -> str:
        """What stands here, for messages."""
        content = self.node.content
        if isinstance(content, str):
            return repr(content if len(content) <= 60 else content[:57] + "...")
        return "null" if content is None else "a list" if isinstance(content, list) else "a mapping"

    @property
    def _text(self) -> str:
        return self.node.content if isinstance(self.node.content, str) else self.said

    def _when(self, text: str, key: str | None) -> When | None:
        allowed = "months after as_of (3m), a month (2026-07), an ISO date (2026-07-31), or trading days (10d)"
        try:
            return When.parse(text)
        except ValueError:
            meant = date_meant(text)
            self.refuse(f"{text!r} is not a date", allowed, f"write {meant}" if meant else None, key)
            return None

    def _refused(self, error: QuantityError) -> None:
        found = f"{self.said} stands where a number is expected" if self._text != self.node.content else error.found
        self.refuse(found, error.allowed, error.fix)


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """Suggest the choice that is spelled most like `word`, that holds it, or (of a dictionary) that is called so."""
    import difflib  # only where a word is wrong: validating good files must be quick

    known = list(choices)
    close = [choice for choice in known if word.strip().lower() in _names(choices, choice)][:1]
    close = close or difflib.get_close_matches(word.lower(), known, 1, 0.65)
    close = close or [choice for choice in known if len(word) > 2 and word.lower() in choice][:1]
    return f"write {close[0]}" if close else None


def _names(choices: Iterable[str], choice: str) -> list[str]:
    """Names, in lower case, that a dictionary gives to one of its ids."""
    entry = choices[choice] if isinstance(choices, Mapping) else None
    return [name.lower() for name in (getattr(entry, "name_en", None), getattr(entry, "name_ja", None)) if name]
