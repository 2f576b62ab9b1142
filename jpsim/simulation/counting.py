"""Counting the paths of a shard: histograms, losses, power sums."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from jpsim.simulation.accumulation import Counted, PartSums, sink_for
from jpsim.simulation.drawing import Drawing
from jpsim.simulation.kernels.arrays import Scratch, Sink
from jpsim.simulation.kernels.jit import variant
from jpsim.simulation.kernels.superblock import simulate_superblock
from jpsim.simulation.sharding import SPAN, Shard, Stop, each_superblock, threads_for

__all__ = ["Counting"]

Floats = npt.NDArray[np.float64]


class Bench(NamedTuple):
    """Where one thread works."""

    scratch: Scratch
    sink: Sink
    parts: PartSums


@dataclass(frozen=True, eq=False)
class Counting:
    """Counting as a task that can be sent elsewhere: called with a shard, it returns what it `Counted`.

    Parameters
    ----------
    drawing
        What is drawn.
    weighted
        Whether paths have weights.
    """

    drawing: Drawing
    weighted: bool

    def __call__(
        self,
        shard: Shard,
        threads: int = 1,
        progress: Callable[[int], None] | None = None,
        stop: Stop | None = None,
    ) -> Counted:
        """Count a shard.

        Parameters
        ----------
        shard
            The paths.
        threads
            0 for all cores.
        progress
            Called with the path up to which everything is counted.
        stop
            Asked ten times a second.

        Raises
        ------
        Stopped
            `stop` answered True.
        """
        law = self.drawing.laws[0]
        busy = threads_for(threads, shard.count)
        laws = len(self.drawing.laws)
        benches = [
            Bench(self.drawing.scratch, sink_for(law, weighted=self.weighted), PartSums.empty(laws, law.low.shape))
            for _ in range(busy)
        ]
        spans: list[Floats] = []
        for end, sums in each_superblock(shard, benches, lambda *block: self._count(shard, *block), stop):
            if (end - shard.first - 1) // SPAN == len(spans):
                spans.append(np.zeros_like(sums))
            spans[-1] += sums
            if progress is not None:
                progress(end)
        return _joined(benches, spans)

    def _count(self, shard: Shard, bench: Bench, first: int, count: int) -> Floats:
        """Count one superblock; returns its (O, h, moments) power sums."""
        scratch, sink, parts = bench
        sink.sums[:] = 0.0
        if shard.weights is not None:
            sink.weights[:], sink.units[:] = shard.weights.of(first, count)
        targets = self.drawing.targets_of(scratch, first, count)
        simulate = variant(simulate_superblock, *self.drawing.numerics)
        for law, begin, end in self.drawing.spans(first, count):
            place = (np.uint64(first), begin - first, end - first, end == first + count)
            before = sink.sums[..., :2].copy()
            simulate(self.drawing.coefficients[law], scratch, sink, self.drawing.key, *place, targets)
            mine = sink.weights[begin - first : end - first] if self.weighted else np.ones(end - begin)
            parts.note(law, sink.sums[..., :2] - before, (float(mine.sum()), float(mine @ mine), float(end - begin)))
        return sink.sums.copy()


def _joined(benches: list[Bench], spans: list[Floats]) -> Counted:
    """Add the threads' counts into the first one's."""
    first, *others = benches
    counts = first.sink.unit_counts if first.sink.unit_counts.size else first.sink.counts
    for bench in others:
        more = bench.sink.unit_counts if bench.sink.unit_counts.size else bench.sink.counts
        np.add(counts, more, out=counts)
        np.add(first.sink.losses, bench.sink.losses, out=first.sink.losses)
        first.parts.add(bench.parts)
    return Counted(counts, first.sink.losses, spans, first.parts)
