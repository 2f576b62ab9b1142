"""Drawing a shard's paths again and picking the values around wanted order statistics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from jpsim.simulation.accumulation import sink_for
from jpsim.simulation.drawing import Drawing
from jpsim.simulation.kernels.arrays import SUPERBLOCK, Scratch, Sink
from jpsim.simulation.kernels.gathering import TAIL, Pickings, pick_superblock
from jpsim.simulation.kernels.jit import variant
from jpsim.simulation.kernels.superblock import simulate_superblock
from jpsim.simulation.sharding import SPAN, Shard, Stop, each_superblock, threads_for

__all__ = ["Kept", "Picked", "Picking"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class Bench(NamedTuple):
    """Where one thread works."""

    scratch: Scratch
    sink: Sink
    pickings: Pickings


class Kept(NamedTuple):
    """Values in wanted bins, sorted by output; `fine` is empty where all paths weigh the same."""

    slots: npt.NDArray[np.uint32]
    values: Floats
    fine: Integers

    def part(self, begin: int, end: int) -> Kept:
        """Keep a part of the values."""
        return Kept(self.slots[begin:end], self.values[begin:end], self.fine[begin:end])


@dataclass(slots=True)
class Picked:
    """What was picked from some paths; see `Pickings`.

    Parameters
    ----------
    between
        Sums of integer weights.
    spans
        Sums (O, h, TAIL) of each span, in the order of the paths.
    kept
        The values, a batch for each superblock.
    """

    between: Integers
    spans: list[Floats]
    kept: list[Kept]

    @classmethod
    def empty(cls, outputs: int, months: int, many: int, *, weighted: bool) -> Self:
        """Start with nothing picked, for `many` wanted bins of each output and month."""
        return cls(_between(outputs, months, many, weighted=weighted), [np.zeros((outputs, months, TAIL))], [])

    def add(self, later: Picked) -> None:
        """Add what was picked from the paths that follow; the spans' sums become one."""
        np.add(self.between, later.between, out=self.between)
        for span in later.spans:
            self.spans[0] += span
        self.kept += later.kept

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Everything, as arrays that can be stored."""
        nothing = Kept(np.zeros(0, np.uint32), np.zeros(0), np.zeros(0, np.int64))
        kept = {
            name: np.concatenate([getattr(batch, name) for batch in (nothing, *self.kept)]) for name in Kept._fields
        }
        ends = np.cumsum([batch.values.size for batch in self.kept], dtype=np.int64)
        return {"between": self.between, "spans": np.stack(self.spans), "ends": ends, **kept}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Take over stored arrays."""
        slots, values, fine = (np.split(arrays[name], arrays["ends"]) for name in Kept._fields)
        if not arrays["fine"].size:
            fine = [arrays["fine"]] * len(values)
        kept = [Kept(*batch) for batch in zip(slots, values, fine, strict=True)]
        return cls(arrays["between"], list(arrays["spans"]), kept)


@dataclass(frozen=True, eq=False)
class Picking:
    """Picking as a task that can be sent elsewhere: called with a shard, it returns what it `Picked`.

    Parameters
    ----------
    drawing
        What is drawn.
    codes
        (O, h, BINS) code of each bin, see `jpsim.simulation.kernels.gathering`.
    many
        Largest number of wanted bins of a histogram.
    """

    drawing: Drawing
    codes: npt.NDArray[np.uint8]
    many: int

    def __call__(
        self,
        shard: Shard,
        threads: int = 1,
        progress: Callable[[int], None] | None = None,
        stop: Stop | None = None,
    ) -> Picked:
        """Pick from a shard; see `Counting`."""
        weighted = shard.weights is not None
        outputs, months = self.drawing.laws[0].low.shape
        benches = [self._bench(weighted=weighted) for _ in range(threads_for(threads, shard.count))]
        picked = Picked(_between(outputs, months, self.many, weighted=weighted), [], [])
        for end, (sums, kept) in each_superblock(shard, benches, lambda *block: self._pick(shard, *block), stop):
            if (end - shard.first - 1) // SPAN == len(picked.spans):
                picked.spans.append(np.zeros_like(sums))
            picked.spans[-1] += sums
            picked.kept.append(kept)
            if progress is not None:
                progress(end)
        for bench in benches:
            np.add(picked.between, bench.pickings.between, out=picked.between)
        return picked

    def _bench(self, *, weighted: bool) -> Bench:
        law = self.drawing.laws[0]
        outputs, months = law.low.shape
        room = law.low.size * SUPERBLOCK  # pages that nothing is kept in are never touched
        pickings = Pickings(
            between=_between(outputs, months, self.many, weighted=weighted),
            sums=np.zeros((outputs, months, TAIL)),
            slots=np.empty(room, dtype=np.uint32),
            values=np.empty(room),
            fine=np.empty(room if weighted else 0, dtype=np.int64),
        )
        return Bench(self.drawing.scratch, sink_for(law, weighted=False, paths_kept=SUPERBLOCK), pickings)

    def _pick(self, shard: Shard, bench: Bench, first: int, count: int) -> tuple[Floats, Kept]:
        """Pick from one superblock; returns its sums and the values kept."""
        scratch, sink, pickings = bench
        pickings.sums[:] = 0.0
        weights, fine = np.ones(count), np.ones(count, dtype=np.int64)
        if shard.weights is not None:
            weights, fine = shard.weights.of(first, count)[0], shard.weights.fine(first, count)
        targets = self.drawing.targets_of(scratch, first, count)
        simulate = variant(simulate_superblock, *self.drawing.numerics)
        for law, begin, end in self.drawing.spans(first, count):
            place = (np.uint64(first), begin - first, end - first, end == first + count)
            simulate(self.drawing.coefficients[law], scratch, sink, self.drawing.key, *place, targets)
        kept = pick_superblock(pickings, self.codes, sink, self.many, weights, fine, count)
        batch = Kept(pickings.slots[:kept].copy(), pickings.values[:kept].copy(), pickings.fine[:kept].copy())
        return pickings.sums.copy(), batch


def _between(outputs: int, months: int, many: int, *, weighted: bool) -> Integers:
    return np.zeros((outputs, months, 2 * many + 1) if weighted else (0, 0, 0), dtype=np.int64)
