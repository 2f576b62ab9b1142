"""Strict YAML: text in, marked tree out.

The pure-Python parser of PyYAML gives events; nothing else of it is used. Scalars stay text, so no
rule of YAML 1.1 or 1.2 can turn ``yes``, ``12:30`` or ``010`` into something else. Aliases, anchors,
tags, several documents, repeated or complex keys, deep nesting and large files are refused. Only
``null`` and ``~`` mean "nothing"; a value that was left out is an error.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from jpsim.errors import InputError, Place, Problem
from jpsim.scenario.node import Node
from jpsim.scenario.slips import missing_value_fix, syntax_problem, typing_slips

__all__ = ["MAX_BYTES", "MAX_DEPTH", "parse_yaml", "read_yaml", "shown"]

MAX_BYTES = 1_000_000
MAX_DEPTH = 50

_NULLS = {"null", "Null", "NULL", "~"}
_ALIASES = "no anchors and no aliases: the value itself, written out"


def read_yaml(path: Path) -> Node:
    """Read one file.

    Parameters
    ----------
    path
        A UTF-8 text file of at most 1 MB.

    Raises
    ------
    InputError
        All problems of the file, each with its line and column.
    """
    source = shown(path)
    start = Place(source, 1, 1)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(Problem(f"cannot be read: {error.strerror}", Place(source))) from None
    if len(content) > MAX_BYTES:
        raise InputError(Problem("the file is larger than 1 MB", start, "at most 1 MB of YAML"))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = f"the file is not UTF-8 text (byte {error.start + 1})"
        raise InputError(Problem(found, start, "YAML in UTF-8", "save the file as UTF-8")) from None
    return parse_yaml(text, source)


def parse_yaml(text: str, source: str) -> Node:
    """Parse one document; `source` names it in messages. Raises InputError with all problems."""
    start = Place(source, 1, 1)
    if not text.strip():
        raise InputError(Problem("the file is empty", start, "a scenario or a run in YAML"))
    if any(ord(sign) < 32 and sign not in "\t\r\n" for sign in text):
        raise InputError(Problem("the file is binary: it has control characters", start, "YAML in UTF-8"))
    builder = _Builder(source)
    try:
        root = builder.document(yaml.parse(text, Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        raise InputError(_with_slips([*builder.problems, syntax_problem(error, source)], text, source)) from None
    except yaml.reader.ReaderError as error:
        raise InputError(Problem(f"a character that YAML forbids: {error.reason}", start, "YAML in UTF-8")) from None
    if builder.problems:
        raise InputError(_with_slips(builder.problems, text, source))
    return root


def _with_slips(problems: list[Problem], text: str, source: str) -> list[Problem]:
    """Put slips of the keyboard first; what the parser says of these lines and the ones before is a consequence."""
    slips = typing_slips(text, source)
    lines = {slip.place.line for slip in slips if slip.place and slip.place.line}
    told = lines | {line - 1 for line in lines}
    return [*slips, *(problem for problem in problems if problem.place and problem.place.line not in told)]


def shown(path: Path) -> str:
    """Name a file in messages: relative to the working directory where it lies below it."""
    absolute = Path(os.path.normpath(path.absolute()))  # links stay links: they are what the user wrote
    return str(absolute.relative_to(Path.cwd()) if absolute.is_relative_to(Path.cwd()) else path)


class _Builder:
    """Turns the parser's events into nodes and collects what is refused on the way."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.problems: list[Problem] = []

    def document(self, events: Iterator[yaml.Event]) -> Node:
        root: Node | None = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    self._refuse("a second document begins", event, "one document a file")
                    break
            elif isinstance(event, yaml.NodeEvent):
                root = self._node(event, events, 1)
        if root is None:
            raise InputError(Problem("the file is empty", Place(self.source, 1, 1), "a scenario or a run in YAML"))
        return root

    def _node(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int, fix: str | None = None) -> Node:
        place = self._place(event)
        if depth > MAX_DEPTH:
            raise InputError([*self.problems, Problem(f"nested deeper than {MAX_DEPTH} levels", place)])
        if isinstance(event, yaml.AliasEvent):
            self._refuse(f"the alias *{event.anchor}", event, _ALIASES)
            return Node(None, place)
        self._refuse_decoration(event)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, place, fix)
        if isinstance(event, yaml.SequenceStartEvent):
            return Node(self._items(events, depth), place)
        return self._mapping(place, events, depth)

    def _refuse_decoration(self, event: yaml.Event) -> None:
        anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
        if anchor is not None:
            self._refuse(f"the anchor &{anchor}", event, _ALIASES)
        if tag is not None:
            self._refuse(f"the tag {tag}", event, "no tags")

    def _scalar(self, event: yaml.ScalarEvent, place: Place, fix: str | None) -> Node:
        if event.value == "" and event.style is None:
            self._refuse("a value is missing", event, "a value; or null, which removes what stood there before", fix)
        return Node(None if event.value in _NULLS else event.value, place)

    def _items(self, events: Iterator[yaml.Event], depth: int) -> list[Node]:
        items: list[Node] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            items.append(self._node(event, events, depth + 1))
        return items

    def _mapping(self, place: Place, events: Iterator[yaml.Event], depth: int) -> Node:
        content: dict[str, Node] = {}
        keys: dict[str, Place] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = self._key(event, events, depth)
            before = next(reversed(content.values())).content if content else None
            value = self._node(next(events), events, depth + 1, missing_value_fix(key, before))
            if key in keys:
                first = keys[key].line
                self._refuse(f"the key {key!r} stands here again", event, f"each key once: see line {first}")
            content[key] = value
            keys[key] = self._place(event)
        return Node(content, place, keys)

    def _key(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> str:
        node = self._node(event, events, depth + 1)
        if not isinstance(event, yaml.ScalarEvent):
            self._refuse("a key that is a list, a mapping or an alias", event, "a plain word as key")
        return event.value if isinstance(event, yaml.ScalarEvent) else str(node.place)

    def _refuse(self, found: str, event: yaml.Event, allowed: str, fix: str | None = None) -> None:
        self.problems.append(Problem(found, self._place(event), allowed, fix))

    def _place(self, event: yaml.Event) -> Place:
        mark: Any = event.start_mark  # the parser sets it on every event
        return Place(self.source, mark.line + 1, mark.column + 1)
