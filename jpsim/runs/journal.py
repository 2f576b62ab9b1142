"""The journal of a run that is going on: what was counted so far, so that it can be resumed after it was stopped.

It lies in a hidden folder beside the runs and is gone when the run is stored. Each state replaces the last one of
its stage at once, with its digest in front, so that a writer may be killed at any moment.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from jpsim.errors import DamagedError, InputError, Problem, ResourceError
from jpsim.runs.manifest import run_identifier
from jpsim.simulation.journal import Entry

__all__ = ["JOURNAL_SUFFIX", "RunJournal", "is_resumable", "resume_journal"]

JOURNAL_SUFFIX: Final = ".journal"
"""End of the name of a hidden folder that holds a journal."""

_HEAD = "journal.json"
_SCHEMA = "jpsim/journal@1"
_DIGEST_BYTES = 32
_EVERY_SECONDS = 5.0


class RunJournal:
    """Keeps states of stages on disk; nothing is written in the first seconds of a run.

    Parameters
    ----------
    directory
        Folder that holds runs.
    created_utc
        When the run began.
    identity
        What must be the same when the run is resumed: `content_hash`, `model`, `versions`; plain JSON.
    every
        Seconds between two writings, at least.
    """

    def __init__(
        self, directory: Path, created_utc: str, identity: Mapping[str, Any], every: float = _EVERY_SECONDS
    ) -> None:
        self.created_utc = created_utc
        self.run_id = run_identifier(created_utc, identity["content_hash"])
        self._directory, self._identity, self._every = Path(directory), dict(identity), every
        self._folder = _folder(self._directory, self.run_id)
        self._written = time.monotonic()
        self._lock: int | None = None

    @property
    def started(self) -> bool:
        """Whether there is something to resume from."""
        return self._lock is not None

    def recall(self, stage: str) -> Entry | None:
        """Return the last state of a stage, if there is one.

        Raises
        ------
        DamagedError
            Its bytes are not those that were written.
        """
        path = self._folder / f"{stage}.state"
        if not self.started or not path.exists():
            return None
        stored = path.read_bytes()
        digest, content = stored[:_DIGEST_BYTES], stored[_DIGEST_BYTES:]
        if hashlib.sha256(content).digest() != digest:
            raise DamagedError(f"{path}: damaged, its bytes are not those that were written; run without --resume")
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return Entry(int(arrays["done"]), {name: arrays[name] for name in arrays.files if name != "done"})

    def note(self, stage: str, done: int, arrays: Callable[[], Mapping[str, npt.NDArray[Any]]], *, last: bool) -> None:
        """Write a state, if the last one was written some seconds ago or the stage of a long run ends here.

        Raises
        ------
        ResourceError
            It cannot be written.
        """
        if time.monotonic() - self._written < self._every and not (last and self.started):
            return
        content = io.BytesIO()
        state: dict[str, Any] = {"done": np.int64(done), **arrays()}
        np.savez(content, **state)
        try:
            self._open()
            whole = content.getbuffer()
            _replace(self._folder / f"{stage}.state", hashlib.sha256(whole).digest(), whole)
        except OSError as error:
            found = f"{self._directory}: what was counted so far could not be kept ({error.strerror or error})"
            raise ResourceError(found) from error
        self._written = time.monotonic()

    def close(self, *, remove: bool) -> None:
        """Let go of the journal; `remove` it when its run is stored."""
        if self._lock is None:
            return
        if remove:
            shutil.rmtree(self._folder, ignore_errors=True)
        os.close(self._lock)
        self._lock = None

    def _open(self) -> None:
        """Make the folder, or take over the one there is; InputError if another process writes it."""
        if self._lock is not None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(self._folder, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise InputError(f"the run {self.run_id} is going on in another process") from None
        self._lock = lock
        if not (self._folder / _HEAD).exists():
            head = {"schema": _SCHEMA, "created_utc": self.created_utc, **self._identity}
            _replace(self._folder / _HEAD, json.dumps(head, indent=2).encode())


def resume_journal(directory: Path, run_id: str, identity: Mapping[str, Any]) -> RunJournal:
    """Take up the journal of a run that was stopped.

    Parameters
    ----------
    directory
        Folder that holds runs.
    run_id
        Id of the run, or the start of one.
    identity
        See `RunJournal`; it must be that of the stopped run.

    Raises
    ------
    InputError
        There is no such journal, it is in use, or content, model or versions are others now.
    """
    known = sorted(path for path in Path(directory).glob(f".*{JOURNAL_SUFFIX}") if (path / _HEAD).is_file())
    ids = [path.name[1 : -len(JOURNAL_SUFFIX)] for path in known]
    chosen = [place for place, name in enumerate(ids) if run_id and name.startswith(run_id)]
    if len(chosen) != 1:
        found = f"--resume: {'several runs' if chosen else 'no stopped run'} in {directory} " + (
            f"start with {run_id!r}" if chosen else f"has the id {run_id!r}"
        )
        raise InputError(Problem(found, allowed=", ".join(ids) or "none was stopped there"))
    try:
        head = json.loads((known[chosen[0]] / _HEAD).read_bytes())
        created = str(head["created_utc"])
    except (ValueError, KeyError, TypeError):
        raise DamagedError(f"{known[chosen[0]]}: damaged, its head cannot be read; run without --resume") from None
    if differences := list(_differences(head, identity)):
        raise InputError(differences)
    journal = RunJournal(directory, created, identity)
    journal._open()
    return journal


def is_resumable(directory: Path, run_id: str) -> bool:
    """Whether a run that was stopped left something to resume from."""
    return (_folder(Path(directory), run_id) / _HEAD).is_file()


def _differences(head: Mapping[str, Any], identity: Mapping[str, Any]) -> list[Problem]:
    """What is not as it was when the run was stopped, by name."""
    fix = "run without --resume"
    found = []
    if head.get("model") != identity["model"]:
        was, now = (f"{one['id']}@{one['version']}" for one in (head["model"], identity["model"]))
        what = f"the model is {now} and was {was}" if was != now else f"the model {now} has other content now"
        found.append(Problem(f"--resume: {what}", fix=fix))
    elif head.get("content_hash") != identity["content_hash"]:
        what = "the run, its scenarios or the dictionaries are not those of the stopped run"
        found.append(Problem(f"--resume: {what}", fix=f"give the same file and options, or {fix}"))
    for name, version in identity["versions"].items():
        if (was := head.get("versions", {}).get(name)) != version:
            found.append(Problem(f"--resume: {name} is {version} and was {was}", fix=fix))
    return found


def _folder(directory: Path, run_id: str) -> Path:
    return directory / f".{run_id}{JOURNAL_SUFFIX}"


def _replace(path: Path, *pieces: bytes | memoryview) -> None:
    """Write a file beside its place, flush it and move it there."""
    beside = path.with_suffix(".new")
    with beside.open("wb") as stream:
        for piece in pieces:
            stream.write(piece)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(path)
