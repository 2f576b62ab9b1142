"""What an executor is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

from jpsim.simulation.sharding import Shard, Stop

__all__ = ["Executor", "Progress", "Task"]

Result = TypeVar("Result")
Outcome = TypeVar("Outcome", covariant=True)
Progress = Callable[[int], None]


class Task(Protocol[Outcome]):
    """Something to be done with any shard. It can be pickled."""

    def __call__(
        self, shard: Shard, threads: int = 1, progress: Progress | None = None, stop: Stop | None = None
    ) -> Outcome:
        """Do it."""


class Executor(Protocol):
    """Where shards are worked on. Whoever makes one closes it."""

    def spans(self, paths: int) -> int:
        """How many spans of `jpsim.simulation.sharding.SPAN` paths make a shard of good size here."""

    def each(
        self, task: Task[Result], shards: Iterator[Shard], progress: Progress | None, stop: Stop | None
    ) -> Iterator[tuple[Shard, Result]]:
        """Do a task with every shard; results come in the order of the shards.

        Parameters
        ----------
        task
            What to do.
        shards
            Cut as they are needed.
        progress
            Called with the path up to which everything is done.
        stop
            Asked ten times a second.

        Raises
        ------
        Stopped
            `stop` answered True.
        ResourceError
            Workers are lost again and again.
        """

    def close(self) -> None:
        """Give back what it holds, at once."""
