"""Cutting paths into shards, which may be counted anywhere, and threads that count a shard's superblocks.

Integer counts add exactly in any order. Sums of floats are formed over spans of 131,072 paths, superblock by
superblock, and the spans are added in their order: the same bits wherever a span was counted.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Final, TypeVar

from jpsim.errors import Stopped
from jpsim.simulation.drawing import superblocks
from jpsim.simulation.kernels.arrays import SUPERBLOCK
from jpsim.simulation.weighting import Weights

__all__ = ["SPAN", "Shard", "Stop", "cores", "cut", "each_superblock", "on_threads", "parts_of", "threads_for"]

Bench = TypeVar("Bench")
Item = TypeVar("Item")
Result = TypeVar("Result")
Stop = Callable[[], bool]

SPAN: Final = 64 * SUPERBLOCK
"""Paths over which sums of floats are formed before they are added to the sum of all."""

_POLL_SECONDS = 0.1


@dataclass(frozen=True, eq=False, slots=True)
class Shard:
    """Paths `first` to ``first + count - 1``, whole spans except at the end, and their weights.

    Parameters
    ----------
    first, count
        First path, a multiple of `SPAN`, and number of paths.
    weights
        Of these paths; None where all paths weigh the same.
    """

    first: int
    count: int
    weights: Weights | None = None

    @property
    def end(self) -> int:
        """The path behind the last one."""
        return self.first + self.count


def cut(paths: int, spans: int, weights: Weights | None = None, first: int = 0) -> Iterator[Shard]:
    """Cut the paths from `first` on into shards of some spans each."""
    for start in range(first, paths, spans * SPAN):
        count = min(spans * SPAN, paths - start)
        yield Shard(start, count, None if weights is None else weights.part(start, count))


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads_for(threads: int, count: int) -> int:
    """Threads that have something to do: all cores for 0, never more than superblocks."""
    return min(threads or cores(), -(-count // SUPERBLOCK))


def parts_of(count: int, threads: int) -> list[slice]:
    """Cut a number of things into as many parts as there are threads, 0 for all cores."""
    size = max(1, -(-count // (threads or cores())))
    return [slice(begin, begin + size) for begin in range(0, count, size)]


def on_threads(work: Callable[[Item], Result], items: Sequence[Item], threads: int) -> list[Result]:
    """Do some work on every item, 0 threads for all cores; what is not begun is left when one fails or Ctrl-C comes."""
    if len(items) == 1:
        return [work(items[0])]
    with ThreadPoolExecutor(threads or cores(), thread_name_prefix="jpsim-work") as pool:
        try:
            return list(pool.map(work, items))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def each_superblock(
    shard: Shard,
    benches: list[Bench],
    work: Callable[[Bench, int, int], Result],
    stop: Stop | None = None,
) -> Iterator[tuple[int, Result]]:
    """Do some work on every superblock of a shard, a thread for each bench; results come in their order.

    Parameters
    ----------
    shard
        The paths.
    benches
        What a thread needs for itself.
    work
        Called with a free bench, first path and number of paths.
    stop
        Asked ten times a second.

    Yields
    ------
    The path behind the superblock's last one, and its result.

    Raises
    ------
    Stopped
        `stop` answered True.
    """
    free: SimpleQueue[Bench] = SimpleQueue()
    for bench in benches:
        free.put(bench)
    stopping: list[bool] = []

    def on_a_bench(first: int, count: int) -> Result | None:
        bench = free.get()
        try:
            return None if stopping else work(bench, first, count)
        finally:
            free.put(bench)

    pending: deque[tuple[int, Future[Result | None]]] = deque()
    blocks = superblocks(shard.first, shard.count)
    with ThreadPoolExecutor(len(benches), thread_name_prefix="jpsim-draw") as pool:
        try:
            while True:
                while len(pending) < 4 * len(benches) and (block := next(blocks, None)):
                    pending.append((sum(block), pool.submit(on_a_bench, *block)))
                if not pending:
                    return
                end, task = pending.popleft()
                result = _wait(task, stop)
                assert result is not None  # nobody is stopping
                yield end, result
        finally:
            stopping.append(True)


def _wait(task: Future[Result], stop: Stop | None) -> Result:
    """Return a task's result; looks at `stop` ten times a second."""
    while True:
        if stop is not None and stop():
            raise Stopped("drawing was interrupted")
        try:
            return task.result(timeout=_POLL_SECONDS)
        except NotYet:
            continue
