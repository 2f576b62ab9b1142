"""What a table may hold, said in small forms that are put together.

A form is a function from a value and its path to the faults it finds. A form of a table names its keys, those that
may be left out included, and hands each value to the form of that key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any

from jpsim.toml.places import Path

__all__ = [
    "Fault",
    "Form",
    "day",
    "entries",
    "flag",
    "items",
    "month",
    "number",
    "one_of",
    "ruled",
    "table",
    "text",
    "whole",
]

_LARGEST = 1e300
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong at a path; `of_key` if its key is, not its value. The rest as in `Problem`."""

    path: Path
    found: str
    allowed: str | None = None
    fix: str | None = None
    of_key: bool = False


Form = Callable[[Any, Path], Iterator[Fault]]


def dotted(path: Path) -> str:
    """Write a path as in a file: ``equity.terms``, and array items from 1 as in ``feed[2]``."""
    text = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def _wrong(value: Any, path: Path, allowed: str, fix: str | None = None) -> Fault:
    shown = repr(value) if isinstance(value, str) else str(value)
    cut = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
    return Fault(path, f"{dotted(path)} = {cut}", allowed, fix)


def number(
    *, above: float | None = None, least: float | None = None, below: float | None = None, most: float | None = None
) -> Form:
    """Form of a finite number within bounds."""
    bounds = [("above", above), ("from", least), ("below", below), ("to", most)]
    said = " ".join(f"{word} {bound:g}" for word, bound in bounds if bound is not None)
    allowed = f"a finite number {said}".strip()

    def form(value: Any, path: Path) -> Iterator[Fault]:
        if not _finite(value) or not (
            (above is None or value > above)
            and (least is None or value >= least)
            and (below is None or value < below)
            and (most is None or value <= most)
        ):
            yield _wrong(value, path, allowed)

    return form


def _finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -_LARGEST < value < _LARGEST


def whole(least: int, most: int = 2**31 - 1) -> Form:
    """Form of a whole number within bounds, both included."""
    allowed = f"a whole number from {least}" + (f" to {most}" if most < 2**31 - 1 else "")

    def form(value: Any, path: Path) -> Iterator[Fault]:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            yield _wrong(value, path, allowed)

    return form


def text(allowed: str = "a text in quotation marks that says something", *, blank: bool = False) -> Form:
    """Form of a text; `blank` if it may be empty."""

    def form(value: Any, path: Path) -> Iterator[Fault]:
        if not isinstance(value, str) or not (blank or value.strip()):
            yield _wrong(value, path, allowed if not blank else "a text in quotation marks")

    return form


def flag() -> Form:
    """Form of true or false."""

    def form(value: Any, path: Path) -> Iterator[Fault]:
        if not isinstance(value, bool):
            yield _wrong(value, path, "true or false")

    return form


def one_of(known: Callable[[], Collection[Any]] | Collection[Any], what: str = "") -> Form:
    """Form of one of some names or numbers; `what` they are, where they are too many to be listed."""

    def form(value: Any, path: Path) -> Iterator[Fault]:
        names = known() if callable(known) else known
        if isinstance(value, (dict, list)) or not any(value == name and type(value) is type(name) for name in names):
            near = get_close_matches(value, [str(name) for name in names], 1) if isinstance(value, str) else []
            listed = f"an id of a {what}" if what else ", ".join(str(name) for name in names)
            found = f"{dotted(path)}: no {what} is called {value!r}"
            fault = _wrong(value, path, listed, f"did you mean {near[0]}?" if near else None)
            named = what and isinstance(value, str)
            yield Fault(path, found, fault.allowed, fault.fix) if named else fault

    return form


def month() -> Form:
    """Form of a month, as ``"2024-03"``."""

    def form(value: Any, path: Path) -> Iterator[Fault]:
        if not isinstance(value, str) or not re.fullmatch(r"(19|20)\d\d-(0[1-9]|1[0-2])", value):
            yield _wrong(value, path, 'a month in quotation marks, as "2024-03"')

    return form


def day(*, quoted: bool) -> Form:
    """Form of a day: a date of TOML, or a text."""
    allowed = 'a day in quotation marks, as "2024-03-19"' if quoted else "a day, as 2024-03-19"

    def form(value: Any, path: Path) -> Iterator[Fault]:
        if not (_says_a_day(value) if quoted else isinstance(value, date) and not isinstance(value, datetime)):
            yield _wrong(value, path, allowed)

    return form


def _says_a_day(value: Any) -> bool:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def items(form: Form, least: int = 0, most: int | None = None) -> Form:
    """Form of an array, each item of the given form."""
    allowed = "a list" if not least else f"a list of {least}" if least == most else f"a list of at least {least}"

    def whole_form(value: Any, path: Path) -> Iterator[Fault]:
        if not isinstance(value, list) or len(value) < least or (most is not None and len(value) > most):
            yield _wrong(value, path, allowed)
            return
        for place, item in enumerate(value):
            yield from form(item, (*path, place))

    return whole_form


def table(needed: Mapping[str, Form], optional: Mapping[str, Form] | None = None) -> Form:
    """Form of a table with these keys and no others."""
    known = {**needed, **(optional or {})}

    def form(value: Any, path: Path) -> Iterator[Fault]:
        if not isinstance(value, dict):
            yield _wrong(value, path, f"a table: [{dotted(path)}] and its keys below it")
            return
        where = dotted(path)
        missing = [key for key in needed if key not in value]
        for key in value:
            if key not in known:
                yield _no_key(path, key, known)
        for key in missing:
            yield Fault(path, f"{where} has no {key}" if where else f"there is no {key}", f"all of {', '.join(needed)}")
        for key, below in known.items():
            if key in value:
                yield from below(value[key], (*path, key))

    return form


def _no_key(path: Path, key: str, known: Collection[str]) -> Fault:
    near = get_close_matches(key, known, 1)
    found = f"{dotted(path)}: no key is called {key!r}".removeprefix(": ")
    return Fault((*path, key), found, ", ".join(known), f"did you mean {near[0]}?" if near else None, of_key=True)


def entries(
    value_form: Form,
    key: Form | None = None,
    *,
    what: str = "entry",
    least: int = 1,
    beside: Mapping[str, Form] | None = None,
) -> Form:
    """Form of a table of like values by name.

    Parameters
    ----------
    value_form
        Form of each value.
    key
        Form of each name; any name if None.
    what
        What a name is the name of.
    least
        How many there are at least.
    beside
        Keys that must be there, too, each with its form.
    """
    others = beside or {}
    allowed = f"a table with a key for each {what}" + (f", at least {least}" if least else "")

    def form(value: Any, path: Path) -> Iterator[Fault]:
        named = [name for name in value if name not in others] if isinstance(value, dict) else []
        if not isinstance(value, dict) or len(named) < least:
            yield Fault(path, f"{dotted(path) or 'the file'} names no {what}", allowed)
        if not isinstance(value, dict):
            return
        yield from table(others)({name: value[name] for name in others if name in value}, path)
        for name in named:
            faults = [] if key is None else list(key(name, path))
            found = f"{dotted(path)}: no {what} is called {name!r}".removeprefix(": ")
            yield from (Fault((*path, name), found, fault.allowed, fault.fix, of_key=True) for fault in faults)
            yield from value_form(value[name], (*path, name))

    return form


def ruled(form: Form, *rules: Form) -> Form:
    """Form that keeps further rules; they are asked only of values that have the form."""

    def both(value: Any, path: Path) -> Iterator[Fault]:
        faults = list(form(value, path))
        yield from faults
        if not faults:
            for rule in rules:
                yield from rule(value, path)

    return both
