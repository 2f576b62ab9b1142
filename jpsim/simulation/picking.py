"""Drawing a shard's paths again and picking the values around wanted order statistics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from jpsim.simulation.accumulation import pickings_for, sink_for
from jpsim.simulation.drawing import Drawing
from jpsim.simulation.kernels.arrays import Scratch, Sink
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


class Kept(NamedTuple):
    """Values in wanted bins, and their integer weights; equal ones of a superblock may stand as one."""

    slots: npt.NDArray[np.uint32]
    values: Floats
    fine: Integers

    def first(self, count: int) -> Kept:
        """Copy the first values."""
        return Kept(self.slots[:count].copy(), self.values[:count].copy(), self.fine[:count].copy())


@dataclass(slots=True)
class Picked:
    """What was picked from some paths; see `Pickings`.

    Parameters
    ----------
    below, under
        Sums of integer weights.
    spans
        Sums (O, h, 4) of each span, in the order of the paths.
    kept
        The values, a batch for each superblock.
    """

    below: Integers
    under: Integers
    spans: list[Floats]
    kept: list[Kept]

    @classmethod
    def empty(cls, wanted: npt.NDArray[np.uint16], window: Floats, *, weighted: bool) -> Self:
        """Start with nothing picked; see `pickings_for`."""
        nothing = pickings_for(wanted, window, weighted=weighted)
        return cls(nothing.below, nothing.under, [nothing.sums], [])

    def add(self, later: Picked) -> None:
        """Add what was picked from the paths that follow; the spans' sums become one."""
        np.add(self.below, later.below, out=self.below)
        np.add(self.under, later.under, out=self.under)
        for span in later.spans:
            self.spans[0] += span
        self.kept += later.kept

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Everything, as arrays that can be stored."""
        sums = {"below": self.below, "under": self.under, "spans": np.stack(self.spans)}
        return sums | self.all_kept()._asdict()

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Take over stored arrays."""
        kept = Kept(arrays["slots"], arrays["values"], arrays["fine"])
        return cls(arrays["below"], arrays["under"], list(arrays["spans"]), [kept])

    def all_kept(self) -> Kept:
        """All values as one batch, in the order of the paths."""
        nothing = Kept(np.zeros(0, np.uint32), np.zeros(0), np.zeros(0, np.int64))
        return Kept(*(np.concatenate(columns) for columns in zip(nothing, *self.kept, strict=True)))


@dataclass(frozen=True, eq=False)
class Picking:
    """Picking as a task that can be sent elsewhere: called with a shard, it returns what it `Picked`.

    Parameters
    ----------
    drawing
        What is drawn.
    wanted
        (O, h, K) bins, see `jpsim.simulation.kernels.gathering`.
    window
        (O, h, K, 2) what is kept of each wanted bin.
    """

    drawing: Drawing
    wanted: npt.NDArray[np.uint16]
    window: Floats

    def __call__(
        self,
        shard: Shard,
        threads: int = 1,
        progress: Callable[[int], None] | None = None,
        stop: Stop | None = None,
    ) -> Picked:
        """Pick from a shard; see `Counting`."""
        weighted = shard.weights is not None
        benches = [self._bench(weighted=weighted) for _ in range(threads_for(threads, shard.count))]
        picked = Picked.empty(self.wanted, self.window, weighted=weighted)
        picked.spans.clear()
        for end, (sums, kept) in each_superblock(shard, benches, lambda *block: self._pick(shard, *block), stop):
            if (end - shard.first - 1) // SPAN == len(picked.spans):
                picked.spans.append(np.zeros_like(sums))
            picked.spans[-1] += sums
            picked.kept.append(kept)
            if progress is not None:
                progress(end)
        for bench in benches:
            np.add(picked.below, bench.sink.pickings.below, out=picked.below)
            np.add(picked.under, bench.sink.pickings.under, out=picked.under)
        return picked

    def _bench(self, *, weighted: bool) -> Bench:
        pickings = pickings_for(self.wanted, self.window, weighted=weighted)
        sink = sink_for(self.drawing.laws[0], weighted=weighted, counted=False)
        return Bench(self.drawing.scratch, sink._replace(pickings=pickings))

    def _pick(self, shard: Shard, bench: Bench, first: int, count: int) -> tuple[Floats, Kept]:
        """Pick from one superblock; returns its sums and the values kept."""
        scratch, sink = bench
        pickings = sink.pickings
        pickings.sums[:], pickings.kept[:], pickings.latest[:] = 0.0, 0, -1
        if shard.weights is not None:
            sink.weights[:] = shard.weights.of(first, count)[0]
            pickings.fine[:count] = shard.weights.fine(first, count)
        targets = self.drawing.targets_of(scratch, first, count)
        simulate = variant(simulate_superblock, *self.drawing.numerics)
        for law, begin, end in self.drawing.spans(first, count):
            place = (np.uint64(first), begin - first, end - first, end == first + count)
            simulate(self.drawing.coefficients[law], scratch, sink, self.drawing.key, *place, targets)
        kept = Kept(pickings.slots, pickings.values, pickings.kept_fine).first(int(pickings.kept[0]))
        return pickings.sums.copy(), kept
