"""Children: processes that do what may take long or crash, kept warm and replaced when they die."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import jpsim

__all__ = ["Child", "Failed"]

_LINE_BYTES = 256 * 2**20  # of the longest answer: a comparison of everything is a few megabytes
_GRACE_SECONDS = 0.6
Plain = dict[str, Any]

_START = "import sys; sys.path.insert(0, sys.argv[1]); from jpsim.web.worker import main; main(sys.argv[2])"


class Failed(Exception):
    """A task that was not carried out.

    Parameters
    ----------
    error
        Plain error: ``kind``, ``message``, ``problems``; the kind ``died`` is the child's own end.
    """

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(error["message"])
        self.error = error


class Child:
    """One child and its line; tasks wait for each other.

    Parameters
    ----------
    kernels
        Where compiled kernels are kept.
    warm
        What the task ``warm`` is asked right after a start.
    """

    def __init__(self, kernels: Path, warm: Mapping[str, Any]) -> None:
        self._kernels, self._warm = kernels, warm
        self._process: Process | None = None
        self._turn = asyncio.Lock()
        self._number = 0
        self._starting: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def warming(self) -> bool:
        """Whether it is still loading, or compiling kernels, after a start."""
        return self._starting is not None and not self._starting.done()

    def start(self) -> None:
        """Start in the background: imports and first loading take seconds."""
        self._starting = asyncio.create_task(self._warm_up())

    async def warmed(self) -> None:
        """Wait for a start that is going on."""
        if self._starting is not None:
            await asyncio.wait({self._starting})

    async def ask(
        self,
        task: str,
        asked: Mapping[str, Any],
        told: Callable[[Plain], None] | None = None,
        wanted: Callable[[], Awaitable[bool]] | None = None,
    ) -> Plain:
        """Have a task carried out, after those that wait already.

        Parameters
        ----------
        task, asked
            See `jpsim.web.tasks.TASKS`.
        told
            Called with what the task tells on the way.
        wanted
            Asked when the turn has come; where the answer is False the task is not begun.

        Raises
        ------
        Failed
            The task failed, or the child died of it; the next task gets a new child.
        """
        async with self._turn:
            if wanted is not None and not await wanted():
                raise Failed({"kind": "stopped", "message": "nobody waits for it any more", "problems": []})
            process = await self._living()
            try:
                return await self._exchange(process, {"task": task, "asked": asked}, told)
            except asyncio.CancelledError:
                _signal(process, signal.SIGKILL)  # what it would still say belongs to nobody
                raise
            except (ConnectionError, ValueError):
                _signal(process, signal.SIGKILL)
                raise Failed(_death(await process.wait())) from None

    async def interrupt(self) -> None:
        """End the task that is going on: first by SIGINT, which tidies up, and if that does not help by SIGKILL."""
        process, number = self._process, self._number
        if process is None or not self._turn.locked():
            return
        _signal(process, signal.SIGINT)
        for _ in range(int(_GRACE_SECONDS / 0.05)):
            await asyncio.sleep(0.05)
            if not self._turn.locked() or self._number != number:
                return
        _signal(process, signal.SIGKILL)

    async def close(self) -> None:
        """End the child for good."""
        self._closed = True
        if self._starting is not None:
            self._starting.cancel()
        if self._process is not None:
            _signal(self._process, signal.SIGKILL)
            await self._process.wait()

    async def _warm_up(self) -> None:
        with suppress(Failed):
            await self.ask("warm", self._warm)

    async def _exchange(self, process: Process, asked: Plain, told: Callable[[Plain], None] | None) -> Plain:
        """Send a task and read what comes; ConnectionError or ValueError where the line breaks."""
        to, back = process.stdin, process.stdout
        if to is None or back is None:
            raise ConnectionError
        self._number += 1
        number = self._number
        to.write(json.dumps({"number": number, **asked}).encode() + b"\n")
        await to.drain()
        while line := await back.readline():
            content = json.loads(line)
            if content["number"] != number:
                raise ConnectionError
            if "error" in content:
                raise Failed(content["error"])
            if "answer" in content:
                answer: Plain = content["answer"]
                return answer
            if told is not None:
                told(content["told"])
        raise ConnectionError

    async def _living(self) -> Process:
        """The process, started if there is none or the last one died."""
        if self._process is None or self._process.returncode is not None:
            root = str(Path(jpsim.__file__).resolve().parent.parent)
            words = (sys.executable, "-P", "-c", _START, root, str(self._kernels))
            self._process = await asyncio.create_subprocess_exec(
                *words, stdin=PIPE, stdout=PIPE, limit=_LINE_BYTES, start_new_session=True
            )
            if self._closed:
                _signal(self._process, signal.SIGKILL)
        return self._process


def _signal(process: Process, number: int) -> None:
    """Signal a child and, where it is killed, all that it started."""
    with suppress(ProcessLookupError):
        if number == signal.SIGKILL:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)


def _death(code: int) -> Plain:
    if code < 0:
        name = signal.Signals(-code).name
        why = f"was killed ({name})" + ("; the system does that where memory runs out" if name == "SIGKILL" else "")
    else:
        why = f"ended (exit code {code})"
    return {"kind": "died", "message": f"the process that did this work {why}; nothing was stored", "problems": []}
