"""Drawing from a law: superblocks of paths on a pool of threads, or the paths themselves.

The result depends on the law, the seed and the number of paths, not on threads or order: draws are
functions of their counters, counts are integers, and power sums are added superblock by superblock.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, field
from queue import SimpleQueue

import numpy as np
import numpy.typing as npt

from jpsim.errors import InputError, Stopped
from jpsim.simulation.accumulation import BINS, Weights, fixed_point, sink_bytes, sink_for, total
from jpsim.simulation.kernels.arrays import SUPERBLOCK, Coefficients, Scratch, Sink
from jpsim.simulation.kernels.superblock import simulate_superblock, weigh_superblock
from jpsim.simulation.law import Law
from jpsim.simulation.layout import lay_out, requirement_count, scratch_bytes, scratch_for
from jpsim.simulation.reduction import summarise
from jpsim.simulation.result import ScenarioSample

__all__ = ["draw", "draw_paths", "log_likelihoods", "memory_needed"]

Floats = npt.NDArray[np.float64]
Targets = Callable[[int, int], Floats]
"""Path-specific targets, ``(first, count) -> (m, count)``; called from several threads."""

POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Drawing:
    """What all superblocks of one scenario share."""

    law: Coefficients
    outputs: int
    requirements: int
    seed: np.uint64
    targets: Targets | None
    weights: Weights | None = None
    stopping: list[bool] = field(default_factory=list)

    def targets_of(self, first: int, count: int) -> Floats:
        """Return (m, SUPERBLOCK) targets of a superblock, zero where there are none."""
        out = np.zeros((self.requirements, SUPERBLOCK))
        if self.targets is not None:
            out[:, :count] = self.targets(first, count)
        return out


def _drawing(law: Law, seed: int, targets: Targets | None, weights: Weights | None = None) -> Drawing:
    return Drawing(lay_out(law), law.start.size, requirement_count(law), np.uint64(seed), targets, weights)


def _superblocks(first: int, count: int) -> Iterator[tuple[int, int]]:
    for start in range(first, first + count, SUPERBLOCK):
        yield start, min(SUPERBLOCK, first + count - start)


def _count(drawing: Drawing, benches: SimpleQueue[tuple[Scratch, Sink]], first: int, count: int) -> Floats:
    """Count one superblock on a free bench; returns its (O, h, moments) power sums."""
    scratch, sink = benches.get()
    try:
        if drawing.stopping:
            return sink.sums
        sink.sums[:] = 0.0
        if drawing.weights is not None:
            sink.weights[:], sink.units[:] = drawing.weights.of(first, count)
        targets = drawing.targets_of(first, count)
        simulate_superblock(drawing.law, scratch, sink, drawing.seed, np.uint64(first), count, targets)
        return sink.sums.copy()
    finally:
        benches.put((scratch, sink))


def _wait(task: Future[Floats], stop: Callable[[], bool] | None) -> Floats:
    """Return a task's result; looks at `stop` ten times a second."""
    while True:
        if stop is not None and stop():
            raise Stopped("drawing was interrupted")
        try:
            return task.result(timeout=POLL_SECONDS)
        except NotYet:
            continue


def _all_superblocks(
    drawing: Drawing,
    sinks: list[Sink],
    paths: int,
    progress: Callable[[int], None] | None,
    stop: Callable[[], bool] | None,
) -> Floats:
    """Count every superblock and add the power sums in their order."""
    benches: SimpleQueue[tuple[Scratch, Sink]] = SimpleQueue()
    for sink in sinks:
        benches.put((scratch_for(drawing.law, drawing.outputs), sink))
    sums = np.zeros_like(sinks[0].sums)
    pending: deque[tuple[int, Future[Floats]]] = deque()
    blocks = _superblocks(0, paths)
    with ThreadPoolExecutor(len(sinks), thread_name_prefix="jpsim-draw") as pool:
        try:
            while True:
                while len(pending) < 4 * len(sinks) and (block := next(blocks, None)):
                    pending.append((sum(block), pool.submit(_count, drawing, benches, *block)))
                if not pending:
                    return sums
                end, task = pending.popleft()
                sums += _wait(task, stop)
                if progress is not None:
                    progress(end)
        except KeyboardInterrupt:
            drawing.stopping.append(True)
            raise Stopped("drawing was interrupted") from None
        except BaseException:
            drawing.stopping.append(True)
            raise


def draw(
    law: Law,
    *,
    scenario: str,
    seed: int,
    paths: int,
    threads: int = 0,
    targets: Targets | None = None,
    weights: Floats | None = None,
    progress: Callable[[int], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> ScenarioSample:
    """Draw a scenario and reduce it to statistics with their Monte Carlo errors.

    Parameters
    ----------
    law
        What to draw from.
    scenario
        Its id.
    seed
        Key of the generator, 0 to 2**64 - 1; two scenarios of one seed share their draws.
    paths
        Number of paths, at least 1.
    threads
        0 for all cores. The result is the same for any number, bit by bit.
    targets
        Path-specific targets; called from several threads with (first, count), returns (m, count).
    weights
        (paths,) importance weights, scaled here to mean 1; None where all paths weigh the same.
    progress
        Called with the number of paths done so far.
    stop
        Asked ten times a second; drawing ends when it answers True.

    Raises
    ------
    Stopped
        `stop` answered True, or Ctrl-C arrived.
    InputError
        Weights that are no weights, fewer than one path, or a law whose outputs are not finite.
    """
    if paths < 1:
        raise InputError(f"{paths} paths; at least 1 is needed")
    fixed = None if weights is None else fixed_point(weights, paths)
    drawing = _drawing(law, seed, targets, fixed)
    busy = min(threads or _cores(), -(-paths // SUPERBLOCK))
    sinks = [sink_for(law, weighted=fixed is not None) for _ in range(busy)]
    sums = _all_superblocks(drawing, sinks, paths, progress, stop)
    return summarise(scenario, paths, law, total(sinks, sums, paths, fixed))


def draw_paths(law: Law, seed: int, first: int, count: int, targets: Targets | None = None) -> Floats:
    """Draw the outputs of paths ``first`` to ``first + count - 1``, the same ones that `draw` counts.

    Returns
    -------
    (O, h, count) factor levels and cumulative simple returns.
    """
    drawing = _drawing(law, seed, targets)
    scratch, sink = scratch_for(drawing.law, drawing.outputs), sink_for(law, weighted=False, paths_kept=SUPERBLOCK)
    out = np.empty((*law.low.shape, count))
    for start, size in _superblocks(first, count):
        block = drawing.targets_of(start, size)
        simulate_superblock(drawing.law, scratch, sink, drawing.seed, np.uint64(start), size, block)
        out[:, :, start - first : start - first + size] = sink.paths[:, :, :size]
    return out


def log_likelihoods(law: Law, seed: int, first: int, count: int, targets: Targets | None = None) -> Floats:
    """Log density of each path's requirements given its mixing scales: importance weights up to a constant.

    ``log N(gap + targets; 0, V_s)`` with ``V_s`` of `Mixing`, for paths ``first`` to ``first + count - 1``.

    Returns
    -------
    (count,) log densities.

    Raises
    ------
    InputError
        A law without conditioned mixing, or requirements whose V is not positive definite.
    """
    if law.mixing is None or law.mixing.gap.size == 0:
        raise InputError("the law has no requirements to weigh paths by")
    drawing = _drawing(law, seed, targets)
    scratch, block = scratch_for(drawing.law, drawing.outputs), np.empty(SUPERBLOCK)
    out = np.empty(count)
    for start, size in _superblocks(first, count):
        requirements = drawing.targets_of(start, size)
        weigh_superblock(block, drawing.law, scratch, drawing.seed, np.uint64(start), requirements)
        out[start - first : start - first + size] = block[:size]
    if not np.isfinite(out).all():
        raise InputError("the requirements have no positive definite covariance: some repeat or contradict others")
    return out


def memory_needed(law: Law, threads: int, *, weighted: bool = False) -> int:
    """Bytes that `draw` takes at its peak: per-thread counts and scratch, and the reduction's copies.

    It does not grow with the number of paths, apart from 32 bytes a path with weights.
    """
    busy = threads or _cores()
    per_thread = sink_bytes(law, weighted=weighted) + scratch_bytes(lay_out(law), law.start.size)
    return busy * per_thread + law.low.size * BINS * 8 * (4 if weighted else 2)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
