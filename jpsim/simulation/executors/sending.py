"""Sending a task and its shards to workers elsewhere, and getting the results back in order."""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, ClassVar, Protocol, TypeVar

from jpsim.errors import ResourceError, Stopped
from jpsim.simulation.executors.protocol import Progress, Task
from jpsim.simulation.sharding import SPAN, Shard, Stop

__all__ = ["Parcel", "Pool", "WorkerGone", "each_in_order", "spans_for", "work_on"]

Result = TypeVar("Result")

_POLL_SECONDS = 0.1
_MOST_LOSSES = 8
_SHARDS_PER_WORKER = 4
_MOST_SPANS = 64


class WorkerGone(Exception):
    """A worker ended without a word."""


class Reply(Protocol):
    """A result to come."""

    def result(self, timeout: float) -> Any:
        """Wait for it; TimeoutError if it takes longer."""


class Parcel:
    """A task as it is sent.

    Parameters
    ----------
    task
        The task.
    """

    def __init__(self, task: Task[Any]) -> None:
        self.content = pickle.dumps(task, protocol=5)
        self.name = sha256(self.content).hexdigest()


class Pool(Protocol):
    """Workers elsewhere."""

    losses: ClassVar[tuple[type[BaseException], ...]]
    """What a result raises when its worker is gone."""

    @property
    def width(self) -> int:
        """Number of shards that are worked on at once."""

    def submit(self, parcel: Parcel, shard: Shard) -> Reply:
        """Let a worker do the task with a shard."""

    def crippled(self) -> bool:
        """Whether a worker is gone of which no reply may ever tell."""

    def renew(self) -> None:
        """Make good what was lost; everything that is not done is submitted again."""


def work_on(content: bytes, name: str, shard: Shard) -> Any:
    """Do a task with a shard, on the worker."""
    task = _unpacked.get(name)
    if task is None:
        task = pickle.loads(content)
        _unpacked.clear()
        _unpacked[name] = task
    return task(shard)


_unpacked: dict[str, Task[Any]] = {}
"""The task that this worker unpacked last, by name."""


def spans_for(paths: int, workers: int) -> int:
    """Spans of a shard: a few shards for each worker, none so large that losing one would matter."""
    return max(1, min(_MOST_SPANS, paths // (SPAN * workers * _SHARDS_PER_WORKER)))


def each_in_order(
    pool: Pool, task: Task[Result], shards: Iterator[Shard], progress: Progress | None, stop: Stop | None
) -> Iterator[tuple[Shard, Result]]:
    """See `Executor.each`. Shards whose worker was lost are worked on again, by another."""
    parcel, pending, losses = Parcel(task), deque[tuple[Shard, Reply]](), 0
    while True:
        while len(pending) < 2 * pool.width and (shard := next(shards, None)):
            pending.append((shard, _sent(pool, parcel, shard)))
        if not pending:
            return
        try:
            result = _wait(pool, pending[0][1], stop)
        except pool.losses as loss:
            losses += 1
            if losses > _MOST_LOSSES:
                found = f"workers were lost {losses} times ({type(loss).__name__}: {loss})"
                raise ResourceError(f"{found}; see whether they have memory enough") from loss
            pool.renew()
            pending = deque((shard, pool.submit(parcel, shard)) for shard, _ in pending)
            continue
        shard, _ = pending.popleft()
        if progress is not None:
            progress(shard.end)
        yield shard, result


def _sent(pool: Pool, parcel: Parcel, shard: Shard) -> Reply:
    """Submit a shard, to new workers if the old ones turn out to be gone since the last result."""
    try:
        return pool.submit(parcel, shard)
    except pool.losses:
        pool.renew()
        return pool.submit(parcel, shard)


def _wait(pool: Pool, reply: Reply, stop: Stop | None) -> Any:
    while True:
        if stop is not None and stop():
            raise Stopped("drawing was interrupted")
        try:
            return reply.result(timeout=_POLL_SECONDS)
        except TimeoutError:
            if pool.crippled():
                raise WorkerGone("a process ended") from None
