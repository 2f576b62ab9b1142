"""Where keys and values stand in a text that is known to be TOML.

The standard library's reader says what a file means, not where. This walk is only done once something is wrong, and
only on texts that the reader has accepted; so it need not judge, only step over what is there.
"""

from __future__ import annotations

import re

__all__ = ["Path", "locate"]

Path = tuple[str | int, ...]
"""Names of tables and keys, and positions in arrays, from the top."""

_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2}(?!"))|\'\'\'(?:.)*?\'\'\'(?:\'{0,2}(?!\'))|"(?:\\.|[^"\\])*"|\'[^\']*\'', re.DOTALL
)
_SCALAR = re.compile(r"[^,\]}#\n]+")


def locate(text: str) -> tuple[dict[Path, int], dict[Path, int]]:
    """Offsets of keys and of values in the text, by path: names of tables and keys, positions in arrays.

    Parameters
    ----------
    text
        TOML that `tomllib` reads, with line feeds as line ends.
    """
    walk = _Walk(text)
    walk.document()
    return walk.keys, walk.values


class _Walk:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.keys: dict[Path, int] = {}
        self.values: dict[Path, int] = {}
        self.counts: dict[Path, int] = {}  # tables so far of each array of tables

    def document(self) -> None:
        above: Path = ()
        self.blank()
        while self.at < len(self.text):
            above = self.header() if self.text[self.at] == "[" else self.pair(above)
            self.blank()

    def blank(self) -> None:
        found = _BLANK.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def header(self) -> Path:
        start, array = self.at, self.text.startswith("[[", self.at)
        self.at += 2 if array else 1
        path: Path = ()
        names = self.names()
        for place, name in enumerate(names, start=1):
            path = (*path, name)
            self.keys.setdefault(path, start)
            self.values.setdefault(path, start)
            if array and place == len(names):
                self.counts[path] = self.counts.get(path, 0) + 1
            if path in self.counts:
                path = (*path, self.counts[path] - 1)
                self.keys.setdefault(path, start)
                self.values.setdefault(path, start)
        self.at += 2 if array else 1
        return path

    def names(self) -> list[str]:
        """Parts of a dotted key, up to what ends it."""
        found: list[str] = []
        while True:
            self.blank()
            quoted = self.text[self.at] in "\"'"
            match = (_STRING if quoted else _BARE_KEY).match(self.text, self.at)
            assert match is not None, "no TOML"
            found.append(match.group()[1:-1] if quoted else match.group())
            self.at = match.end()
            self.blank()
            if self.text[self.at] != ".":
                return found
            self.at += 1

    def pair(self, above: Path) -> Path:
        start, path = self.at, above
        for name in self.names():
            path = (*path, name)
            self.keys.setdefault(path, start)
            self.values.setdefault(path, start)
        self.at += 1  # the sign =
        self.blank()
        self.values[path] = self.at
        self.value(path)
        return above

    def value(self, path: Path) -> None:
        """Step over a value; what it holds is placed."""
        sign = self.text[self.at]
        if sign in "[{":
            self.at += 1
            self.inside(path, "]" if sign == "[" else "}")
            return
        match = (_STRING if sign in "\"'" else _SCALAR).match(self.text, self.at)
        assert match is not None, "no TOML"
        self.at = match.end()

    def inside(self, path: Path, end: str) -> None:
        place = 0
        self.blank()
        while self.text[self.at] != end:
            if end == "}":
                self.pair(path)
            else:
                self.keys[(*path, place)] = self.values[(*path, place)] = self.at
                self.value((*path, place))
                place += 1
            self.blank()
            if self.text[self.at] == ",":
                self.at += 1
                self.blank()
        self.at += 1
