"""Drawing from a law: superblocks of paths on a pool of threads, or the paths themselves.

The result depends on the law, the seed and the number of paths, not on threads or order: draws are
functions of their counters, counts are integers, and power sums are added superblock by superblock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from jpsim.errors import InputError
from jpsim.simulation.accumulation import BINS, Counted, Totals, sink_bytes, sink_for, total
from jpsim.simulation.correction import NOT_DEFINITE
from jpsim.simulation.counting import Counting
from jpsim.simulation.drawing import Drawing, Owner, Targets, all_laws, prepare_drawing, superblocks
from jpsim.simulation.executors import Executor, Threads
from jpsim.simulation.journal import Journal, NoJournal
from jpsim.simulation.kernels.arrays import BLOCK, SUPERBLOCK, Scratch, Sink
from jpsim.simulation.kernels.jit import variant
from jpsim.simulation.kernels.superblock import (
    range_superblock,
    simulate_superblock,
    trace_superblock,
    weigh_superblock,
)
from jpsim.simulation.law import Law, factors_alone
from jpsim.simulation.layout import law_bytes, lay_out, requirement_count, scratch_bytes
from jpsim.simulation.order_statistics import OrderStatistics, Search
from jpsim.simulation.picking import Picked, Picking
from jpsim.simulation.reduction import constant_outputs, summarise
from jpsim.simulation.result import ScenarioSample
from jpsim.simulation.sharding import Shard, Stop, cores, each_superblock, threads_for
from jpsim.simulation.stages import Stages
from jpsim.simulation.weighting import fixed_point

__all__ = [
    "draw", "draw_paths", "draw_range_laws", "draw_scores", "log_likelihoods", "memory_needed", "trace_interventions",
]  # fmt: skip

Floats = npt.NDArray[np.float64]


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
    cells: Sequence[float] | None = None,
    exact: bool = False,
    executor: Executor | None = None,
    journal: Journal | None = None,
    progress: Callable[[int], None] | None = None,
    stop: Stop | None = None,
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
        Path-specific targets, see `jpsim.simulation.drawing.Targets`.
    weights
        (paths,) importance weights, scaled here to mean 1; None where all paths weigh the same.
    owner
        Which of several laws each block of 512 paths follows: a function of the block or an array.
    cells
        Shares that members and regimes shall have, in the order of one posterior draw's laws; laws are sorted by draw,
        and draws are equally likely. Left out, laws are no strata, and errors are plain.
    exact
        Whether quantiles and shortfalls are those of the sorted sample: the paths are drawn twice.
    executor
        Where the work is done; threads of this process if left out. The result is the same everywhere.
    journal
        Keeps what was counted so far, so that a drawing that was stopped can go on.
    progress
        Called with the number of paths counted so far.
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
    fixed = None if weights is None else fixed_point(weights, paths)
    drawing = prepare_drawing(laws, seed, targets, owner)
    stages = Stages(executor or Threads(threads), journal or NoJournal(), paths, fixed, progress, stop)
    law = drawing.laws[0]
    nothing = Counted.empty(law, len(drawing.laws), paths, weighted=fixed is not None)
    half = (0.0, 0.5) if exact else (0.0, 1.0)
    counted = stages.run(scenario, Counting(drawing, fixed is not None), nothing, half)
    totals = total(law, counted, paths, fixed, threads)
    found = _order_statistics(drawing, scenario, counted, totals, stages) if exact else None
    return summarise(scenario, paths, law, totals, found, counted.parts, cells, threads)


def _order_statistics(
    drawing: Drawing, scenario: str, counted: Counted, totals: Totals, stages: Stages
) -> OrderStatistics:
    """Draw the paths again, as often as need be, for the values that decide order statistics."""
    law = drawing.laws[0]
    constant = constant_outputs(law, totals)
    search = Search.begin(law, counted, constant, stages.paths, stages.weights)
    number, half = 0, 0.5
    while (turn := search.turn()).any():
        number += 1
        wanted, window = search.wanted(turn), search.windows()
        nothing = Picked.empty(wanted, window, weighted=stages.weights is not None)
        picking = Picking(drawing, wanted, window)
        search.settle(turn, stages.run(f"{scenario}.{number}", picking, nothing, (half, 1.0)))
        half = 1.0
    return search.found


def draw_paths(
    laws: Sequence[Law] | Law,
    seed: int,
    first: int,
    count: int,
    targets: Targets | None = None,
    *,
    owner: Owner | None = None,
    rows: Sequence[int] | None = None,
    threads: int = 1,
) -> Floats:
    """Draw the outputs of paths ``first`` to ``first + count - 1``, the same ones that `draw` counts.

    Parameters
    ----------
    laws, seed, first, count, targets, owner
        As in `draw`.
    rows
        Outputs that are kept, in this order; all by default.
    threads
        0 for all cores.

    Returns
    -------
    (O, r, count) factor levels and cumulative simple returns.
    """
    used, following = _followed(laws, owner, first, count)
    if rows is not None and max(rows, default=0) < used[0].levels.code.size:
        used = [factors_alone(law) for law in used]
    drawing = prepare_drawing(used, seed, targets, following)
    outputs, steps = drawing.laws[0].low.shape
    kept = np.arange(outputs) if rows is None else np.asarray(rows)
    simulate = variant(simulate_superblock, *drawing.numerics)
    out = np.empty((kept.size, steps, count), dtype=drawing.numerics.precision)

    def keep(bench: tuple[Scratch, Sink], start: int, size: int) -> int:
        scratch, sink = bench
        for law, begin, end in drawing.spans(start, size):
            block, place = drawing.targets_of(scratch, begin, end - begin), (np.uint64(begin), 0, end - begin, True)
            here = sink._replace(at=begin - first)
            simulate(drawing.coefficients[law], scratch, here, drawing.key, *place, block)
        return size

    sink = sink_for(drawing.laws[0], counted=False)._replace(paths=out, rows=kept.astype(np.int64))
    benches = [(drawing.scratch, sink) for _ in range(threads_for(threads, count))]
    if len(benches) == 1:
        for place in superblocks(first, count):
            keep(benches[0], *place)
    else:
        deque(each_superblock(Shard(first, count), benches, keep), maxlen=0)
    return out.astype(np.float64, copy=False)


def _followed(laws: Sequence[Law] | Law, owner: Owner | None, first: int, count: int) -> tuple[list[Law], Owner | None]:
    """Laws that some paths follow, and who follows which of these: the rest need not be laid out.

    All laws stay where they differ in the number of their targets, or an owner names one that is none.
    """
    every = all_laws(laws)
    if owner is None or not callable(owner) or len({requirement_count(law) for law in every}) > 1:
        return every, owner
    owned = {block: int(owner(block)) for block in range(first // BLOCK, -(-(first + count) // BLOCK))}
    used = sorted(set(owned.values()))
    if not 0 <= used[0] <= used[-1] < len(every):
        return every, owner
    places = {law: place for place, law in enumerate(used)}
    return [every[law] for law in used], lambda block: places[owned[block]]


def draw_scores(law: Law, seed: int, first: int, count: int) -> tuple[Floats, Floats]:
    """Draw the scores of a law's q free rows, see `jpsim.simulation.law.Mixing`.

    Returns
    -------
    Scores (q, count): of the own values, moved by the proposal if there is one; and the log (count,) of the standard
    normal density of these over the proposal's.
    """
    drawing = prepare_drawing(law, seed)
    scratch = drawing.weighing_scratch
    pieces = [drawing.scores(scratch, 0, start, size) for start, size in superblocks(first, count)]
    return np.concatenate([piece[0] for piece in pieces], axis=1), np.concatenate([piece[1] for piece in pieces])


def log_likelihoods(
    laws: Sequence[Law] | Law,
    seed: int,
    first: int,
    count: int,
    targets: Floats | None = None,
    *,
    owner: Owner | None = None,
    pilots: bool = False,
) -> Floats:
    """Log density of each path's requirements but the ranges given its scales: log importance weights up to a constant.

    ``log N(gap + targets; 0, V)``, ``V = sum_t s_t**2 exposure_t exposure_t' + noise``, for paths `first` to
    ``first + count - 1``, plus the log density of the scales' law over that of their proposal, if there is
    one. `targets` are those of these paths, (m, count). With `pilots` the scales come from the streams on which
    proposals are fitted.

    Returns
    -------
    (count,) log densities.

    Raises
    ------
    InputError
        No law with requirements on mixed shocks, or requirements whose V is not positive definite.
    """
    if all(law.mixing is None or law.mixing.gap.size == 0 for law in all_laws(laws)):
        raise InputError("the law has no requirements to weigh paths by")
    drawing = prepare_drawing(laws, seed, owner=owner, pilots=pilots)
    scratch, block = drawing.weighing_scratch, np.empty(SUPERBLOCK)
    requirements = np.zeros((drawing.requirements, SUPERBLOCK))
    out, weigh = np.empty(count), variant(weigh_superblock, *drawing.numerics)
    for start, size in superblocks(first, count):
        for law, begin, end in drawing.spans(start, size):
            if targets is not None:
                requirements[: len(targets), : end - begin] = targets[:, begin - first : end - first]
            some = block[: _whole_blocks(end - begin)]
            weigh(some, drawing.coefficients[law], scratch, drawing.key, np.uint64(begin), requirements)
            out[begin - first : end - first] = some[: end - begin]
    if not np.isfinite(out).all():
        raise InputError(NOT_DEFINITE)
    return out


def draw_range_laws(
    law: Law, seed: int, first: int, count: int, targets: Floats, *, pilots: bool = False
) -> tuple[Floats, Floats]:
    """Law of the values of a law's q ranges, less their centres, given each path's scales and earlier rows.

    Parameters
    ----------
    law, seed, first, count, pilots
        As in `log_likelihoods`.
    targets
        (m, count) targets of these paths; those of ranges do not count.

    Returns
    -------
    Means (q, count), and lower triangular roots (q, q, count) of the covariances.
    """
    drawing = prepare_drawing(law, seed, pilots=pilots)
    assert law.mixing is not None
    ranges, scratch, lay = law.mixing.ranges, drawing.weighing_scratch, variant(range_superblock, *drawing.numerics)
    given = np.zeros((drawing.requirements, SUPERBLOCK))
    block = np.empty((ranges, SUPERBLOCK)), np.empty((ranges, ranges, SUPERBLOCK))
    mean, root = np.empty((ranges, count)), np.empty((ranges, ranges, count))
    for start, size in superblocks(first, count):
        here = slice(start - first, start - first + size)
        given[: len(targets) - ranges, :size] = targets[: len(targets) - ranges, here]
        lay(*block, drawing.coefficients[0], scratch, drawing.key, np.uint64(start), given, _whole_blocks(size))
        mean[:, here], root[:, :, here] = block[0][:, :size], block[1][:, :, :size]
    return mean, root


def _whole_blocks(count: int) -> int:
    """Number of paths rounded up to whole blocks."""
    return -(-count // BLOCK) * BLOCK


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
    drawing = prepare_drawing(laws, seed, targets, owner)
    scratch, months = drawing.weighing_scratch, drawing.laws[0].dynamics.intercept.shape[0]
    block, out = np.empty((2, months, SUPERBLOCK)), np.empty((2, months, count))
    trace = variant(trace_superblock, *drawing.numerics)
    for start, size in superblocks(first, count):
        for law, begin, end in drawing.spans(start, size):
            requirements = drawing.targets_of(scratch, begin, end - begin)
            place = (drawing.key, np.uint64(begin), requirements)
            trace(block[0], block[1], drawing.coefficients[law], scratch, *place)
            out[:, :, begin - first : end - first] = block[:, :, : end - begin]
    return out[0], out[1]


def memory_needed(laws: Sequence[Law] | Law, threads: int, *, weighted: bool = False) -> int:
    """Bytes that `draw` takes at its peak: per-thread counts and scratch, the laws, and the reduction's copies.

    It does not grow with the number of paths, apart from 32 bytes a path with weights.
    """
    every, busy = all_laws(laws), threads or cores()
    ready = lay_out(every[0])
    per_thread = sink_bytes(every[0], weighted=weighted) + scratch_bytes([ready], every[0].start.size)
    per_thread += len(every) * 16 * every[0].low.size  # sums of each law's paths
    shared = len(every) * law_bytes(ready) + every[0].low.size * BINS * 8 * (4 if weighted else 2)
    return busy * per_thread + shared
