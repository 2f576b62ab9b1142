"""Processes of this machine, each with one thread."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any, ClassVar, TypeVar

from jpsim.simulation.executors.protocol import Progress, Task
from jpsim.simulation.executors.sending import Parcel, WorkerGone, each_in_order, spans_for, work_on
from jpsim.simulation.sharding import Shard, Stop, cores

__all__ = ["Processes"]

Result = TypeVar("Result")


class Processes:
    """A pool of processes of this machine.

    Parameters
    ----------
    processes
        0 for one a core.
    """

    losses: ClassVar[tuple[type[BaseException], ...]] = (BrokenProcessPool, WorkerGone)

    def __init__(self, processes: int = 0) -> None:
        self.width = processes or cores()
        self._pool = self._opened()

    def spans(self, paths: int) -> int:
        """Spans of a shard."""
        return spans_for(paths, self.width)

    def each(
        self, task: Task[Result], shards: Iterator[Shard], progress: Progress | None, stop: Stop | None
    ) -> Iterator[tuple[Shard, Result]]:
        """See `Executor.each`."""
        return each_in_order(self, task, shards, progress, stop)

    def submit(self, parcel: Parcel, shard: Shard) -> Future[Any]:
        """Let a process work on a shard."""
        return self._pool.submit(work_on, parcel.content, parcel.name, shard)

    def crippled(self) -> bool:
        """Whether a process is gone: killed while it hands over a result, it leaves the pool waiting for the rest."""
        return any(process.exitcode is not None for process in dict(self._pool._processes or {}).values())

    def renew(self) -> None:
        """Start new processes: one that dies takes the others of its pool with it."""
        self.close()
        self._pool = self._opened()

    def close(self) -> None:
        """End the processes at once, whatever they do."""
        working = list((self._pool._processes or {}).values())
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in working:
            process.kill()

    def _opened(self) -> ProcessPoolExecutor:
        # Forking a process that runs threads may leave the child with locks that nobody holds.
        return ProcessPoolExecutor(self.width, mp_context=get_context("spawn"), initializer=_leave_signals_alone)


def _leave_signals_alone() -> None:
    """Ctrl-C reaches all processes of a terminal; only the first one acts on it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
