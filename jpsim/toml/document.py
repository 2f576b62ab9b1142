"""A TOML file with the place of every key and value in it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.abc import Traversable
from pathlib import Path as FilePath
from typing import Any

from jpsim.errors import InputError, Place, Problem
from jpsim.toml.forms import Fault, Form
from jpsim.toml.places import Path, locate

__all__ = ["TomlDocument", "check_content", "read_toml"]

_SPOT = re.compile(r" \(at line (\d+), column (\d+)\)$")


@dataclass(frozen=True, eq=False)
class TomlDocument:
    """What a file says, and where.

    Parameters
    ----------
    source
        Path of the file, as problems name it.
    text
        Its text, with line feeds as line ends.
    content
        Its tables.
    """

    source: str
    text: str
    content: dict[str, Any]

    def check(self, *forms: Form) -> dict[str, Any]:
        """Return the content if it has these forms; InputError with all problems and their places if not."""
        faults = [fault for form in forms for fault in form(self.content, ())]
        if faults:
            placed = [(self.place(fault.path, of_key=fault.of_key), fault) for fault in faults]
            placed.sort(key=lambda pair: (pair[0].line or 0, pair[0].column or 0))
            raise InputError(Problem(fault.found, place, fault.allowed, fault.fix) for place, fault in placed)
        return self.content

    def place(self, path: Path, *, of_key: bool = False) -> Place:
        """Line and column of a value, or of its key; of what holds it if it is not there."""
        keys, values = self._located
        while path and path not in keys:
            path = path[:-1]
        if not path:
            return Place(self.source, 1, 1)
        offset = (keys if of_key else values)[path]
        before = self.text[:offset]
        return Place(self.source, before.count("\n") + 1, offset - before.rfind("\n"))

    @cached_property
    def _located(self) -> tuple[dict[Path, int], dict[Path, int]]:
        return locate(self.text)


def read_toml(source: FilePath | Traversable) -> TomlDocument:
    """Read a file.

    Raises
    ------
    InputError
        It cannot be read, is not UTF-8 or no TOML; with the place.
    """
    name = str(source)
    try:
        text = source.read_bytes().decode("utf-8").replace("\r\n", "\n")
        return TomlDocument(name, text, tomllib.loads(text))
    except OSError as error:
        raise InputError(Problem(f"cannot be read: {error.strerror or error}", Place(name))) from None
    except UnicodeDecodeError as error:
        place = Place(name, error.object[: error.start].count(b"\n") + 1)
        raise InputError(Problem("cannot be read: these bytes are no UTF-8", place, "TOML in UTF-8")) from None
    except (ValueError, RecursionError) as error:
        raise InputError(_no_toml(name, text, str(error))) from None


def _no_toml(name: str, text: str, told: str) -> Problem:
    spot = _SPOT.search(told)
    end = text.count("\n") + 1, len(text) - text.rfind("\n")
    line, column = (int(part) for part in spot.groups()) if spot else end
    return Problem(f"cannot be read: no TOML: {_SPOT.sub('', told)}", Place(name, line, column), "TOML in UTF-8")


def check_content(content: Mapping[str, Any], form: Form, source: str) -> None:
    """Check tables that stand in no file, such as those that a model has kept; InputError with all problems."""
    faults: list[Fault] = list(form(content, ()))
    if faults:
        raise InputError(Problem(fault.found, Place(source), fault.allowed, fault.fix) for fault in faults)
