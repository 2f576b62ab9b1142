"""HTML of the report's own sections as a tree, for writers of other formats."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser

__all__ = ["Node", "parse_markup"]

_VOID = ("br", "img", "meta", "link", "input", "hr")


@dataclass(slots=True)
class Node:
    """An element with its attributes and, in order, its texts and elements."""

    tag: str
    attributes: dict[str, str]
    children: list[Node | str] = field(default_factory=list)

    @property
    def classes(self) -> tuple[str, ...]:
        """Its classes."""
        return tuple(self.attributes.get("class", "").split())

    @property
    def text(self) -> str:
        """All text below it, white space as a browser shows it."""
        return " ".join("".join(self._texts()).split())

    def _texts(self) -> Iterator[str]:
        for child in self.children:
            if isinstance(child, str):
                yield child
            else:
                yield from child._texts()

    def elements(self) -> Iterator[Node]:
        """Elements directly below it."""
        return (child for child in self.children if isinstance(child, Node))

    def every(self, *tags: str) -> Iterator[Node]:
        """Elements of these tags anywhere below it, in order."""
        for child in self.elements():
            if child.tag in tags:
                yield child
            yield from child.every(*tags)

    def markup(self) -> str:
        """Write it as XML again, self-contained."""
        attributes = "".join(f' {name}="{escape(value)}"' for name, value in self.attributes.items())
        inner = "".join(escape(one) if isinstance(one, str) else one.markup() for one in self.children)
        return f"<{self.tag}{attributes}>{inner}</{self.tag}>"


def parse_markup(text: str) -> Node:
    """Parse HTML into a tree below one node without a tag."""
    builder = _Builder()
    builder.feed(text)
    builder.close()
    return builder.root


class _Builder(HTMLParser):
    """Put elements below those that are open; SVG keeps the spelling of `viewBox`."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        spelled = {("viewBox" if name == "viewbox" else name): value or "" for name, value in attrs}
        node = Node(tag, spelled)
        self._open[-1].children.append(node)
        if tag not in _VOID:
            self._open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an element that closes itself."""
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close an element."""
        if tag not in _VOID and self._open[-1].tag == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        """Take text."""
        self._open[-1].children.append(data)
