"""Every error that jpsim raises on purpose, in one tree.

The class decides the exit code of the command line; the message is for the user. An error about
input collects all problems of that input, each with its place, what was found, what is allowed and
what to do.

| class           | exit code | meaning                                             |
|-----------------|-----------|-----------------------------------------------------|
| `InputError`    | 2         | the user's input is wrong or cannot be satisfied    |
| `LimitBreached` | 3         | a check or a limit of the run was breached          |
| `ResourceError` | 4         | not enough memory, disk or time                     |
| `Stopped`       | 130, 143  | interrupted by the user or the system               |
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = [
    "DamagedError",
    "InputError",
    "JpsimError",
    "LimitBreached",
    "Place",
    "Problem",
    "ResourceError",
    "Stopped",
    "UnsupportedError",
]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value was written: a file (or another source such as ``--set``), line and column, from 1."""

    source: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        parts = [self.source, *(str(part) for part in (self.line, self.column) if part is not None)]
        return ":".join(parts)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Parameters
    ----------
    found
        What stands there, as a sentence without a full stop.
    place
        Where it stands; None if it has no single place.
    allowed
        What may stand there.
    fix
        What to do, for example the nearest right spelling.
    """

    found: str
    place: Place | None = None
    allowed: str | None = None
    fix: str | None = None

    def __str__(self) -> str:
        head = f"{self.place}: {self.found}" if self.place else self.found
        rest = [f"    allowed: {self.allowed}"] if self.allowed else []
        if self.fix:
            rest.append(f"    do: {self.fix}")
        return "\n".join([head, *rest])


class JpsimError(Exception):
    """Base of all errors that jpsim raises on purpose; `exit_code` is the command line's answer."""

    exit_code = 70


class InputError(JpsimError):
    """The user's input is wrong: all its problems at once.

    Parameters
    ----------
    problems
        One or several `Problem`; a string is a problem without a place.
    """

    exit_code = 2

    def __init__(self, problems: str | Problem | Iterable[Problem]) -> None:
        if isinstance(problems, str):
            problems = Problem(problems)
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class UnsupportedError(InputError):
    """A valid wish that this version cannot carry out yet; it names what is missing."""


class DamagedError(InputError):
    """A stored run or model whose bytes are not what its manifest says."""


class LimitBreached(JpsimError):
    """A limit of the run, or a quality check on its sample, was breached."""

    exit_code = 3


class ResourceError(JpsimError):
    """Not enough memory, disk space or time; the message names the largest request that fits."""

    exit_code = 4


class Stopped(JpsimError):
    """The work was interrupted; nothing half-written is left behind.

    Parameters
    ----------
    message
        What was going on.
    signal_number
        The signal that arrived: 2 gives exit code 130, 15 gives 143.
    """

    def __init__(self, message: str, signal_number: int = 2) -> None:
        super().__init__(message)
        self.signal_number = signal_number
        self.exit_code = 128 + signal_number
