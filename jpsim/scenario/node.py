"""Trees of text whose every part knows where it was written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from jpsim.errors import Place

__all__ = ["Node", "node_of"]


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a file: a text, null, a list or a mapping.

    Parameters
    ----------
    content
        The value. Texts are as written: what they mean is decided by the key they stand under.
    place
        Where the value begins.
    keys
        For a mapping, where each key stands.
    """

    content: str | list[Node] | dict[str, Node] | None
    place: Place
    keys: Mapping[str, Place] = field(default_factory=dict)

    def key_place(self, key: str) -> Place:
        """Where a key of this mapping stands; the mapping itself if it has no such key."""
        return self.keys.get(key, self.place)

    def child(self, part: str) -> Node | None:
        """Value of a key, or item of a list by its number; None if there is none."""
        if isinstance(self.content, dict):
            return self.content.get(part)
        if isinstance(self.content, list) and part.isdecimal() and int(part) < len(self.content):
            return self.content[int(part)]
        return None

    def leaves(self, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Node]]:
        """All texts, nulls and empty containers below, with their paths."""
        parts: list[tuple[str, Node]] = []
        if isinstance(self.content, dict):
            parts = list(self.content.items())
        elif isinstance(self.content, list):
            parts = [(str(index), item) for index, item in enumerate(self.content)]
        if not parts:
            yield path, self
        for part, node in parts:
            yield from node.leaves((*path, part))

    def plain(self) -> object:
        """Return the same tree without places; equal trees say the same."""
        if isinstance(self.content, dict):
            return {key: node.plain() for key, node in self.content.items()}
        if isinstance(self.content, list):
            return [node.plain() for node in self.content]
        return self.content


def node_of(value: object, place: Place) -> Node:
    """Wrap plain Python values (mappings, sequences, texts, numbers, None) as if written at one place."""
    if isinstance(value, Mapping):
        content = {str(key): node_of(item, place) for key, item in value.items()}
        return Node(content, place, dict.fromkeys(content, place))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return Node([node_of(item, place) for item in value], place)
    return Node(None if value is None else str(value), place)
