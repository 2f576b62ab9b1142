"""Scenarios that ids lead to from the working directory, and those that are saved there."""

from __future__ import annotations

import os
import secrets
from http import HTTPStatus
from pathlib import Path
from typing import Any

from jpsim.errors import InputError, Problem
from jpsim.scenario import Scenario, draft_scenario, find_scenarios, load_scenario, write_scenario
from jpsim.scenario.families import family_of
from jpsim.scenario.grammar import SCHEMA
from jpsim.scenario.library import packaged_library
from jpsim.web.refusals import Refusal, plain_problems

__all__ = ["Workspace", "check_text"]

Plain = dict[str, Any]


class Workspace:
    """The scenarios of a working directory: its own, and behind them the library that ships.

    Parameters
    ----------
    folder
        The working directory.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._listed: tuple[object, list[Plain]] = (None, [])

    @property
    def place(self) -> Path:
        """Where scenarios are saved: ``scenarios/``, or the directory itself where that is the shipped library."""
        below = self._folder / "scenarios"
        return self._folder if below.resolve() == packaged_library().resolve() else below

    def entries(self) -> list[Plain]:
        """A line for each scenario, sorted by id; read again only after a file changed."""
        files = find_scenarios(self._folder)
        stamp = [(name, path, *_changed(path)) for name, path in files.items()]
        if self._listed[0] != stamp:
            entries = (self._entry(name, path) for name, path in files.items())
            self._listed = stamp, [entry for entry in entries if entry is not None]
        return self._listed[1]

    def show(self, identifier: str) -> Plain:
        """Everything about one scenario."""
        path = find_scenarios(self._folder).get(identifier)
        if path is None or path.resolve().parent != path.parent.resolve():
            raise Refusal(HTTPStatus.NOT_FOUND, f"no scenario is called {identifier}")
        shown = {"id": identifier, "origin": _origin(path), "text": path.read_text("utf-8-sig", errors="replace")}
        try:
            scenario = load_scenario(identifier, self._folder)
        except InputError as error:
            told = _NO_WORDS | {"family": None, "resolved_text": None}
            return shown | told | {"problems": plain_problems(error.problems)}
        told = _words(scenario) | {"family": family_of(identifier, scenario.parents)}
        return shown | told | {"resolved_text": write_scenario(scenario), "problems": []}

    def save(self, identifier: str, text: str, *, replace: bool) -> Plain:
        """Save a scenario under its id, whole or not at all.

        Raises
        ------
        InputError
            The text is no scenario of that id.
        Refusal
            There is one, and it is not to be replaced.
        """
        self._check(identifier, text)
        target = self._target(identifier)
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".{identifier}.{secrets.token_hex(4)}.new")
        try:
            _write(beside, text)
            if replace:
                beside.replace(target)
            else:
                os.link(beside, target)
        except FileExistsError:
            found = f"there is a scenario {identifier} in the workspace; say that it is to be replaced"
            raise Refusal(HTTPStatus.CONFLICT, found) from None
        finally:
            beside.unlink(missing_ok=True)
        return {"id": identifier, "origin": "workspace"}

    def _entry(self, name: str, path: Path) -> Plain | None:
        """A line; None for a file with problems that does not say that it is a scenario."""
        entry = {"id": name, "origin": _origin(path)}
        try:
            scenario = load_scenario(name, self._folder)
        except InputError as error:
            problems = plain_problems(error.problems)
            return entry | _NO_WORDS | {"family": None, "problems": problems} if _says_scenario(path) else None
        return entry | _words(scenario) | {"family": family_of(name, scenario.parents), "problems": []}

    def _target(self, identifier: str) -> Path:
        """Where a scenario is saved: where its id leads to already, unless that is the library, or else in `place`."""
        found = find_scenarios(self._folder).get(identifier)
        own = found is not None and found.parent.resolve() == self._folder.resolve()
        return found if found is not None and own else self.place / f"{identifier}.yaml"

    def _check(self, identifier: str, text: str) -> None:
        scenario = draft_scenario(text, near=self._folder)
        if scenario.id != identifier:
            found = f"the text has the id {scenario.id!r}, and is to be saved as {identifier}"
            raise InputError(Problem(found, scenario.place("id"), fix=f"write id: {identifier}"))


def check_text(text: str, folder: Path) -> Plain:
    """Say what is wrong with a scenario that is being written; needs no numerical stack."""
    try:
        scenario = draft_scenario(text, near=folder)
    except InputError as error:
        problems = plain_problems(error.problems)
        return {"ok": False, "id": None, "problems": problems, "warnings": []}
    warnings = plain_problems(scenario.warnings)
    return {"ok": True, "id": scenario.id, "problems": [], "warnings": warnings} | _words(scenario)


_NO_WORDS: Plain = {
    "title": {"en": None, "ja": None}, "narrative": None, "sources": [], "channels": [], "extends": [],
}  # fmt: skip


def _words(scenario: Scenario) -> Plain:
    title = scenario.title
    return {
        "title": {"en": title and title.en, "ja": title and title.ja},
        "narrative": scenario.narrative,
        "sources": list(scenario.sources),
        "channels": list(scenario.channels),
        "extends": list(scenario.parents),
    }


def _origin(path: Path) -> str:
    return "library" if path.resolve().parent == packaged_library().resolve() else "workspace"


def _says_scenario(path: Path) -> bool:
    """Whether a file names the schema of scenarios near its beginning."""
    with path.open("rb") as stream:
        return SCHEMA.encode() in stream.read(4096)


def _changed(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size


def _write(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8", newline="\n") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
