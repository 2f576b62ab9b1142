"""What a drawing tells while it goes on, so that one that was stopped can be taken up again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import numpy.typing as npt

__all__ = ["Entry", "Journal", "NoJournal"]

Arrays = Mapping[str, npt.NDArray[Any]]


class Entry(NamedTuple):
    """How far a stage had come: paths that were done, and what was found on them."""

    done: int
    arrays: Arrays


class Journal(Protocol):
    """Keeps the state of each stage of a drawing by name; states are the same for the same paths done."""

    def recall(self, stage: str) -> Entry | None:
        """Return the last state of a stage, if there is one."""

    def note(self, stage: str, done: int, arrays: Callable[[], Arrays], *, last: bool) -> None:
        """Take notice of a state; it is up to the journal whether it asks for the arrays. `last` ends the stage."""


class NoJournal:
    """Keeps nothing."""

    def recall(self, stage: str) -> Entry | None:
        """Know nothing."""
        return None

    def note(self, stage: str, done: int, arrays: Callable[[], Arrays], *, last: bool) -> None:
        """Do nothing."""
