"""Drawing from a law: superblocks of paths on a pool of threads, or the paths themselves.

The result depends on the law, the seed and the number of paths, not on threads or order: draws are
functions of their counters, counts are integers, and power sums are added superblock by superblock.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from queue import SimpleQueue

import numpy as np
import numpy.typing as npt

from jpsim.errors import InputError, Stopped
from jpsim.simulation.accumulation import BINS, fixed_point, sink_bytes, sink_for, total
from jpsim.simulation.correction import NOT_DEFINITE
from jpsim.simulation.drawing import Drawing, Owner, Targets, all_laws, prepare_drawing, superblocks
from jpsim.simulation.kernels.arrays import SUPERBLOCK, Scratch, Sink
from jpsim.simulation.kernels.superblock import simulate_superblock, trace_superblock, weigh_superblock
from jpsim.simulation.law import Law
from jpsim.simulation.layout import law_bytes, lay_out, scratch_bytes, scratch_for
from jpsim.simulation.reduction import summarise
from jpsim.simulation.result import ScenarioSample

__all__ = ["draw", "draw_paths", "log_likelihoods", "memory_needed", "trace_interventions"]

Floats = npt.NDArray[np.float64]

POLL_SECONDS = 0.1


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
        for law, begin, end in drawing.spans(first, count):
            place = (np.uint64(first), begin - first, end - first, end == first + count)
            simulate_superblock(law, scratch, sink, drawing.seed, *place, targets)
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
        benches.put((scratch_for(drawing.laws, drawing.outputs), sink))
    sums = np.zeros_like(sinks[0].sums)
    pending: deque[tuple[int, Future[Floats]]] = deque()
    blocks = superblocks(0, paths)
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
    laws: Sequence[Law] | Law,
    *,
    scenario: str,
    seed: int,
    paths: int,
    threads: int = 0,
    targets: Targets | None = None,
    weights: Floats | None = None,
    owner: Owner | None = None,
    progress: Callable[[int], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> ScenarioSample:
    """Draw a scenario and reduce it to statistics with their Monte Carlo errors.

    Parameters
    ----------
    laws
        What to draw from: one law, or several of one shape with the same ends of histograms.
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
    owner
        Which of several laws each block of 512 paths follows: a function of the block or an array.
    progress
        Called with the number of paths done so far.
    stop
        Asked ten times a second; drawing ends when it answers True.

    Raises
    ------
    Stopped
        `stop` answered True, or Ctrl-C arrived.
    InputError
        Weights that are no weights, fewer than one path, laws that do not fit together, or a law whose
        outputs are not finite.
    """
    if paths < 1:
        raise InputError(f"{paths} paths; at least 1 is needed")
    every, fixed = all_laws(laws), None if weights is None else fixed_point(weights, paths)
    drawing = prepare_drawing(every, seed, targets, owner, fixed)
    busy = min(threads or _cores(), -(-paths // SUPERBLOCK))
    sinks = [sink_for(every[0], weighted=fixed is not None) for _ in range(busy)]
    sums = _all_superblocks(drawing, sinks, paths, progress, stop)
    return summarise(scenario, paths, every[0], total(sinks, sums, paths, fixed))


def draw_paths(
    laws: Sequence[Law] | Law,
    seed: int,
    first: int,
    count: int,
    targets: Targets | None = None,
    *,
    owner: Owner | None = None,
) -> Floats:
    """Draw the outputs of paths ``first`` to ``first + count - 1``, the same ones that `draw` counts.

    Returns
    -------
    (O, h, count) factor levels and cumulative simple returns.
    """
    every = all_laws(laws)
    drawing = prepare_drawing(every, seed, targets, owner)
    scratch = scratch_for(drawing.laws, drawing.outputs)
    sink = sink_for(every[0], weighted=False, paths_kept=SUPERBLOCK)
    out = np.empty((*every[0].low.shape, count))
    for start, size in superblocks(first, count):
        for law, begin, end in drawing.spans(start, size):
            block, place = drawing.targets_of(begin, end - begin), (np.uint64(begin), 0, end - begin, True)
            simulate_superblock(law, scratch, sink, drawing.seed, *place, block)
            out[:, :, begin - first : end - first] = sink.paths[:, :, : end - begin]
    return out


def log_likelihoods(
    laws: Sequence[Law] | Law,
    seed: int,
    first: int,
    count: int,
    targets: Targets | None = None,
    *,
    owner: Owner | None = None,
    pilots: bool = False,
) -> Floats:
    """Log density of each path's requirements given its scales: log importance weights up to a constant.

    ``log N(gap + targets; 0, V)``, ``V = sum_t s_t**2 exposure_t exposure_t' + noise``, for paths `first` to
    ``first + count - 1``, plus the log density of the scales' law over that of their proposal, if there is
    one. With `pilots` the scales come from the streams on which proposals are fitted.

    Returns
    -------
    (count,) log densities.

    Raises
    ------
    InputError
        No law with requirements on mixed shocks, or requirements whose V is not positive definite.
    """
    every = all_laws(laws)
    if all(law.mixing is None or law.mixing.gap.size == 0 for law in every):
        raise InputError("the law has no requirements to weigh paths by")
    drawing = prepare_drawing(every, seed, targets, owner, pilots=pilots)
    scratch, block = scratch_for(drawing.laws, drawing.outputs), np.empty(SUPERBLOCK)
    out = np.empty(count)
    for start, size in superblocks(first, count):
        for law, begin, end in drawing.spans(start, size):
            requirements = drawing.targets_of(begin, end - begin)
            weigh_superblock(block, law, scratch, drawing.seed, np.uint64(begin), requirements)
            out[begin - first : end - first] = block[: end - begin]
    if not np.isfinite(out).all():
        raise InputError(NOT_DEFINITE)
    return out


def trace_interventions(
    laws: Sequence[Law] | Law,
    seed: int,
    first: int,
    count: int,
    targets: Targets | None = None,
    *,
    owner: Owner | None = None,
) -> tuple[Floats, Floats]:
    """Say on which paths and when the rule of intervention acts; the same paths as those of `draw_paths`.

    Returns
    -------
    Whether each month has an intervention, 1 or 0, and the shift of the yen in it, in 100 log; both
    (h, count), zero under laws without the rule.
    """
    every = all_laws(laws)
    drawing = prepare_drawing(every, seed, targets, owner)
    scratch = scratch_for(drawing.laws, drawing.outputs)
    months = every[0].low.shape[1]
    block, out = np.empty((2, months, SUPERBLOCK)), np.empty((2, months, count))
    for start, size in superblocks(first, count):
        for law, begin, end in drawing.spans(start, size):
            requirements = drawing.targets_of(begin, end - begin)
            trace_superblock(block[0], block[1], law, scratch, drawing.seed, np.uint64(begin), requirements)
            out[:, :, begin - first : end - first] = block[:, :, : end - begin]
    return out[0], out[1]


def memory_needed(laws: Sequence[Law] | Law, threads: int, *, weighted: bool = False) -> int:
    """Bytes that `draw` takes at its peak: per-thread counts and scratch, the laws, and the reduction's copies.

    It does not grow with the number of paths, apart from 32 bytes a path with weights.
    """
    every, busy = all_laws(laws), threads or _cores()
    ready = lay_out(every[0])
    per_thread = sink_bytes(every[0], weighted=weighted) + scratch_bytes([ready], every[0].start.size)
    shared = len(every) * law_bytes(ready) + every[0].low.size * BINS * 8 * (4 if weighted else 2)
    return busy * per_thread + shared


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
