"""What the workbench refuses, in the words of the command line, and without a path of this machine."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

import jpsim
from jpsim.errors import InputError, JpsimError, Problem, ResourceError

__all__ = ["DRAFT", "Refusal", "plain_error", "plain_problem", "plain_problems", "refusal_of", "without_paths"]

DRAFT = "draft"
"""Source of the problems of a text that was sent, before the number or id of the draft."""

_ABSOLUTE = re.compile(r"(?<![\w./])/(?:[^\s/:'\"]+/)+")
_MOST_PROBLEMS, _LONGEST = 100, 2_000
Plain = dict[str, Any]


class Refusal(Exception):
    """An answer that is an error.

    Parameters
    ----------
    status
        HTTP status.
    message
        What is wrong, for the user.
    problems
        Plain problems, see `plain_problem`.
    """

    def __init__(self, status: int, message: str, problems: Sequence[Plain] = ()) -> None:
        super().__init__(message)
        self.status, self.message, self.problems = status, message, list(problems)

    @property
    def content(self) -> Plain:
        """The answer's body."""
        return {"error": {"message": self.message, "problems": self.problems}}


def plain_error(error: BaseException) -> Plain:
    """Write an error as plain JSON: ``kind``, ``message`` and ``problems``; what a child sends, and a job keeps."""
    if isinstance(error, MemoryError):
        return {"kind": "memory", "message": "not enough memory; draw fewer paths or fewer scenarios", "problems": []}
    if isinstance(error, InputError):
        problems = plain_problems(error.problems)
        return {"kind": "input", "message": "\n".join(one["message"] for one in problems), "problems": problems}
    if isinstance(error, JpsimError):
        kind = "resource" if isinstance(error, ResourceError) else type(error).__name__.lower()
        return {"kind": kind, "message": without_paths(str(error)), "problems": []}
    found = f"this is a defect of jpsim: {type(error).__name__}: {error}; the terminal of jpsim serve shows where"
    return {"kind": "defect", "message": without_paths(found), "problems": []}


def plain_problems(problems: Sequence[Problem]) -> list[Plain]:
    """Write problems as plain JSON; of very many the first, and how many there are."""
    told = [plain_problem(problem) for problem in problems[:_MOST_PROBLEMS]]
    if len(problems) > _MOST_PROBLEMS:
        told.append(plain_problem(Problem(f"and {len(problems) - _MOST_PROBLEMS:,} more problems")))
    return told


def plain_problem(problem: Problem) -> Plain:
    """Write a problem as plain JSON; line and column are None where they are not those of the text that was sent.

    Returns
    -------
    ``line``, ``column``, ``message`` (all that the command line would say, without the place in the draft), its parts
    ``found``, ``allowed``, ``fix``, and ``source``: the draft, or the file that is at fault, by name.
    """
    place = problem.place
    source = None if place is None else without_paths(place.source)
    drafted = place is not None and place.source.startswith(DRAFT)
    told = str(Problem(problem.found, None if drafted else place, problem.allowed, problem.fix))
    return {
        "line": place.line if drafted and place is not None else None,
        "column": place.column if drafted and place is not None else None,
        "message": _told(told),
        "found": _told(problem.found),
        "allowed": None if problem.allowed is None else _told(problem.allowed),
        "fix": None if problem.fix is None else _told(problem.fix),
        "source": source,
    }


def refusal_of(error: BaseException | Mapping[str, Any]) -> Refusal:
    """The refusal that tells of an error, or of the plain error of a child."""
    told = plain_error(error) if isinstance(error, BaseException) else error
    status = {
        "memory": HTTPStatus.INSUFFICIENT_STORAGE,
        "resource": HTTPStatus.INSUFFICIENT_STORAGE,
        "died": HTTPStatus.SERVICE_UNAVAILABLE,
        "defect": HTTPStatus.INTERNAL_SERVER_ERROR,
    }.get(told["kind"], HTTPStatus.UNPROCESSABLE_ENTITY)
    return Refusal(status, told["message"], told["problems"])


def _told(text: str) -> str:
    """Words of a problem; one that quotes a whole text is cut short."""
    shown = without_paths(text)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]} …"


def without_paths(text: str) -> str:
    """Leave of every path of this machine its last part."""
    for folder in _known_folders():
        text = text.replace(f"{folder}/", "")
    return _ABSOLUTE.sub("", text)


def _known_folders() -> list[str]:
    """Folders whose names may have blanks in them, longest first."""
    package = Path(jpsim.__file__).resolve().parent
    known = {package, package.parent, Path.cwd(), Path.cwd().resolve(), Path.home(), Path(tempfile.gettempdir())}
    return sorted((str(folder) for folder in known if folder != Path("/")), key=len, reverse=True)
