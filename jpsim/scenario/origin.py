"""Where the leaves of a scenario were written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from jpsim.errors import Place, Problem
from jpsim.scenario.node import Node
from jpsim.scenario.when import When

__all__ = ["Origin", "places_of"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Places of the parts of one scenario or run, and the warnings found while reading it.

    Parameters
    ----------
    places
        Path -> where it stands. Numbers of list items are texts, dates are as `When` writes them.
    warnings
        What looks like a slip but may be meant.
    parents
        Ids of the scenarios that it extends, as written.
    """

    places: Mapping[tuple[str, ...], Place] = field(default_factory=dict)
    warnings: tuple[Problem, ...] = ()
    parents: tuple[str, ...] = ()

    def place(self, path: tuple[str | int, ...]) -> Place | None:
        """Place of `path` or of its nearest known ancestor; None if even the root is unknown."""
        parts = tuple(_canonical(str(part)) for part in path)
        for length in range(len(parts), -1, -1):
            if (place := self.places.get(parts[:length])) is not None:
                return place
        return None

    def leaves(self) -> dict[tuple[str, ...], Place]:
        """Return the places of parts that have no parts themselves."""
        inner = {path[:length] for path in self.places for length in range(len(path))}
        return {path: place for path, place in self.places.items() if path not in inner}


def places_of(root: Node) -> dict[tuple[str, ...], Place]:
    """Collect the places of all parts of a tree; a single block of conditions counts as item 0, too."""
    places: dict[tuple[str, ...], Place] = {}
    _collect(root, (), places)
    return places


def _collect(node: Node, path: tuple[str, ...], places: dict[tuple[str, ...], Place]) -> None:
    places[path] = node.place
    if isinstance(node.content, dict):
        single = len(path) == 2 and path[0] == "conditions"
        for key, child in node.content.items():
            _collect(child, (*path, *(("0",) if single else ()), _canonical(key)), places)
    elif isinstance(node.content, list):
        for index, child in enumerate(node.content):
            _collect(child, (*path, str(index)), places)


def _canonical(part: str) -> str:
    """Write dates the way `When` does, so that 2026-07 finds 2026-07-31."""
    try:
        return str(When.parse(part))
    except ValueError:
        return part
