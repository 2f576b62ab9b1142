"""Threads of this process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from jpsim.simulation.executors.protocol import Progress, Task
from jpsim.simulation.sharding import Shard, Stop, cores

__all__ = ["Threads"]

Result = TypeVar("Result")

_SPANS_PER_THREAD = 2  # some seconds of work


class Threads:
    """Threads of this process, on the superblocks of one shard at a time.

    Parameters
    ----------
    threads
        0 for all cores.
    """

    def __init__(self, threads: int = 0) -> None:
        self._threads = threads or cores()

    def spans(self, paths: int) -> int:
        """Spans of a shard."""
        return _SPANS_PER_THREAD * self._threads

    def each(
        self, task: Task[Result], shards: Iterator[Shard], progress: Progress | None, stop: Stop | None
    ) -> Iterator[tuple[Shard, Result]]:
        """See `Executor.each`."""
        for shard in shards:
            yield shard, task(shard, self._threads, progress, stop)

    def close(self) -> None:
        """Hold nothing."""
