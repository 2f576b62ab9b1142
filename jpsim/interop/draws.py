"""Paths of a stored run, drawn again from their counters: a few blocks at a time, never all at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpsim.errors import InputError, Problem
from jpsim.runs import Run
from jpsim.simulation.job import Job

__all__ = ["PathSample", "draw_chunks", "paths_per_chunk", "systematic_resample"]

Floats = npt.NDArray[np.float64]

_BLOCK = 512  # chunks hold whole blocks of the engine, so that no block is drawn twice
_ROWS = 24_576  # path-months of a chunk: 8 MB for each hundred outputs in single precision


def paths_per_chunk(months: int) -> int:
    """Paths that are drawn and written together; whole blocks, fewer for longer horizons."""
    return max(_ROWS // months // _BLOCK, 1) * _BLOCK


def draw_chunks(job: Job, scenario: int, count: int) -> Iterator[tuple[int, Floats]]:
    """Draw the first `count` paths of one scenario of a job.

    Yields
    ------
    Number of the chunk's first path, and (O, h, m) values of the outputs that the job reports.
    """
    size = paths_per_chunk(len(job.request.steps))
    for first in range(0, count, size):
        yield first, job.samplers[scenario].paths(first, min(size, count - first), job.selected)


def systematic_resample(weights: Floats) -> npt.NDArray[np.int64]:
    """Positions of as many equally likely paths as there are weighted ones.

    Systematic resampling with the fixed offset one half: a path of weight w stands ``n w`` times, rounded
    down or up, and no random number is needed (Kitagawa 1996, doi:10.1080/10618600.1996.10474692).

    Parameters
    ----------
    weights
        (n,) weights that sum to 1.
    """
    places = (np.arange(weights.size) + 0.5) / weights.size
    found = np.searchsorted(np.cumsum(weights), places, side="left")
    return np.minimum(found, weights.size - 1).astype(np.int64)


@dataclass(frozen=True, eq=False)
class PathSample:
    """The first paths of a stored run.

    Parameters
    ----------
    run, job
        The run, and its job prepared again.
    count
        Number of paths of each scenario, at least 1.
    """

    run: Run
    job: Job
    count: int

    def __post_init__(self) -> None:
        drawn = int(self.run.manifest["paths"])
        if not 1 <= self.count <= drawn:
            found = f"{self.count:,} paths are asked of a run that drew {drawn:,}"
            raise InputError(Problem(found, allowed=f"1 to {drawn}"))

    def weights(self, scenario: str) -> Floats:
        """(count,) weights of the paths, scaled to sum to 1; equal where the run has none."""
        stored = self.run.weights.get(scenario)
        if stored is None:
            return np.full(self.count, 1.0 / self.count)
        first = np.asarray(stored[: self.count], dtype=np.float64)
        scaled: Floats = first / first.sum()
        return scaled

    def chunks(self, scenario: str) -> Iterator[tuple[int, Floats]]:
        """First path and (O, h, m) values of each chunk, outputs in the order of the run."""
        return draw_chunks(self.job, self.run.scenarios.index(scenario), self.count)

    def at(self, scenario: str, month: int, outputs: Sequence[str]) -> Floats:
        """(count, len(outputs)) values at the end of one month."""
        rows = [self.run.outputs.index(output) for output in outputs]
        parts = [values[rows, self.run.place(month)] for _, values in self.chunks(scenario)]
        return np.ascontiguousarray(np.concatenate(parts, axis=1).T)

    def cube(self, scenario: str, outputs: Sequence[str]) -> npt.NDArray[np.float32]:
        """(count, h, len(outputs)) values in single precision."""
        rows = [self.run.outputs.index(output) for output in outputs]
        out = np.empty((self.count, len(self.run.steps), len(rows)), dtype=np.float32)
        for first, values in self.chunks(scenario):
            out[first : first + values.shape[2]] = values[rows].transpose(2, 1, 0)
        return out
