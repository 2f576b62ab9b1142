"""Runs that were asked for: one is carried out at a time, the others wait in their order."""

from __future__ import annotations

import asyncio
import secrets
import traceback
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal

from jpsim.runs import gc_runs, is_resumable
from jpsim.web.children import Child, Failed
from jpsim.web.refusals import Refusal, plain_error

__all__ = ["Job", "Jobs"]

State = Literal["queued", "running", "done", "failed", "cancelled"]
_LIVE = ("queued", "running")
_MOST_WAITING, _MOST_KEPT = 50, 200
_BREATH_SECONDS = 15.0


@dataclass(slots=True)
class Job:
    """One run that was asked for, and how far it has come.

    Parameters
    ----------
    id
        Its id.
    asked
        What the child is asked.
    state
        Where it is.
    progress
        ``stage``, ``share``, ``seconds_left``.
    run_id, breached
        The stored run, and which of its limits are breached.
    error
        Plain error, where it failed.
    cancelling
        Whether it is being cancelled.
    journal, resumable
        Id under which what it counts is kept, once it draws; and whether it ended with something to resume from.
    """

    id: str
    asked: Mapping[str, Any]
    state: State = "queued"
    progress: dict[str, Any] = field(default_factory=lambda: {"stage": None, "share": 0.0, "seconds_left": None})
    run_id: str | None = None
    breached: str | None = None
    error: Mapping[str, Any] | None = None
    cancelling: bool = False
    journal: str | None = None
    resumable: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.state not in _LIVE

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        error = self.error and {"message": self.error["message"], "problems": self.error["problems"]}
        keys = self.asked["keys"]
        asked = {name: keys.get(name) for name in ("scenarios", "paths", "horizon")}
        return {
            "job": self.id,
            "state": self.state,
            **asked,
            **self.progress,
            "run_id": self.run_id,
            "breached": self.breached,
            "error": error,
            "resumable": self.resumable,
        }

    def change(self, state: State | None = None) -> None:
        """Wake those who watch."""
        self.state = state or self.state
        self.changed.set()
        self.changed = asyncio.Event()


class Jobs:
    """The queue.

    Parameters
    ----------
    child
        Who carries the runs out.
    out
        Folder that holds runs.
    """

    def __init__(self, child: Child, out: Path) -> None:
        self._child, self._out = child, out
        self._jobs: dict[str, Job] = {}
        self._waiting: asyncio.Queue[Job] = asyncio.Queue()
        self._working: asyncio.Task[None] | None = None
        self._closed = False

    def start(self) -> None:
        """Begin to work."""
        self._working = asyncio.create_task(self._work())

    def submit(self, asked: Mapping[str, Any]) -> Job:
        """Put a run at the end of the queue; `Refusal` where too many wait."""
        if sum(job.state == "queued" for job in self._jobs.values()) >= _MOST_WAITING:
            raise Refusal(HTTPStatus.TOO_MANY_REQUESTS, f"{_MOST_WAITING} runs wait already")
        job = Job(secrets.token_hex(8), asked)
        job.progress["stage"] = "warming" if self._child.warming else None
        self._jobs[job.id] = job
        self._waiting.put_nowait(job)
        for old in [one for one in self._jobs.values() if one.ended][: max(len(self._jobs) - _MOST_KEPT, 0)]:
            del self._jobs[old.id]
        return job

    def all(self) -> list[Job]:
        """All jobs, newest first."""
        return list(reversed(self._jobs.values()))

    def find(self, identifier: str) -> Job:
        """The job of an id; `Refusal` where there is none."""
        if identifier not in self._jobs:
            raise Refusal(HTTPStatus.NOT_FOUND, "no job has this id")
        return self._jobs[identifier]

    def resume(self, job: Job) -> Job:
        """Put a run that was stopped at the end of the queue again; it goes on from what it had counted."""
        if not job.resumable:
            raise Refusal(HTTPStatus.CONFLICT, "this run left nothing to go on from")
        job.resumable = False
        return self.submit({**job.asked, "resume": job.journal})

    async def cancel(self, job: Job) -> None:
        """End a job; one that has ended stays as it is."""
        if job.state == "queued":
            job.change("cancelled")
        elif job.state == "running":
            job.cancelling = True
            await self._child.interrupt()
            while not job.ended:
                await job.changed.wait()

    async def watch(self, job: Job) -> AsyncIterator[dict[str, Any] | None]:
        """Yield the job's state now and after each change, to its end; None where nothing changed for a while."""
        while True:
            changed = job.changed
            yield job.to_json()
            if job.ended or self._closed:
                return
            while not changed.is_set():
                try:
                    await asyncio.wait_for(changed.wait(), _BREATH_SECONDS)
                except TimeoutError:
                    yield None

    async def close(self) -> None:
        """End all jobs and all watching."""
        self._closed = True
        if self._working is not None:
            self._working.cancel()
            with suppress(asyncio.CancelledError):
                await self._working
        for job in self._jobs.values():
            job.change(None if job.ended else "cancelled")

    async def _work(self) -> None:
        while True:
            job = await self._waiting.get()
            if job.state == "queued":
                await self._carry_out(job)

    async def _carry_out(self, job: Job) -> None:
        def told(progress: dict[str, Any]) -> None:
            if "journal" in progress:
                job.journal = progress["journal"]
                return
            job.progress = progress
            job.change()

        async def wanted() -> bool:
            if job.state == "queued":
                job.progress = {**job.progress, "stage": "preparing"}
                job.change("running")
            return job.state == "running"

        try:
            found = await self._child.ask("run", job.asked, told, wanted)
        except Failed as failed:
            if not job.ended:
                await self._fail(job, failed.error)
        except Exception as error:  # the queue goes on
            traceback.print_exc()
            await self._fail(job, plain_error(error))
        else:
            job.run_id, job.breached = found["run_id"], found["breached"]
            job.progress = {"stage": None, "share": 1.0, "seconds_left": 0.0}
            job.change("done")

    async def _fail(self, job: Job, error: Mapping[str, Any]) -> None:
        """Tell why a job has no run; a child that was killed may have left half a folder behind."""
        if error["kind"] == "died":
            self._child.start()
            with suppress(OSError):
                await asyncio.to_thread(gc_runs, self._out, journals=False)
        job.progress = {**job.progress, "stage": None, "seconds_left": None}
        job.resumable = job.journal is not None and is_resumable(self._out, job.journal)
        job.error = None if job.cancelling else error
        job.change("cancelled" if job.cancelling else "failed")
