"""A scenario of a run together with its draws: its paths come again from their counters."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from jpsim.runs import Run
from jpsim.runs.outcomes import position
from jpsim.simulation.job import Job
from jpsim.simulation.kernels.arrays import SUPERBLOCK
from jpsim.simulation.sampling import Sampler

__all__ = ["Side"]

Floats = npt.NDArray[np.float64]

_CHUNK_BYTES = 64 * 2**20  # of all outputs and months, for each thread
_MOST_THREADS = 4
_DECIMALS = 9  # conditions hold to rounding: what is pinned to one value is one value


@dataclass(frozen=True, eq=False)
class Side:
    """One side of a comparison.

    Parameters
    ----------
    run
        The run.
    scenario
        One of its scenarios.
    job
        The run's job, prepared again.
    """

    run: Run
    scenario: str
    job: Job

    @property
    def label(self) -> str:
        """``run_id:scenario``."""
        return f"{self.run.run_id}:{self.scenario}"

    @cached_property
    def sampler(self) -> Sampler:
        """What draws the paths."""
        return self.job.samplers[position(self.run.scenarios, self.scenario)]

    @property
    def paths(self) -> int:
        """Number of paths."""
        return int(self.run.manifest["paths"])

    @cached_property
    def weights(self) -> Floats:
        """(paths,) weights with which the summary was made, summing to 1."""
        stored = self.run.weights.get(self.scenario)
        return np.full(self.paths, 1.0 / self.paths) if stored is None else stored / stored.sum()

    def start(self, output: str) -> float:
        """Value of an output at month 0, from which a loss is counted."""
        return round(float(self.sampler.laws[0].start[self._row(output)]), _DECIMALS)

    def values(self, outputs: Sequence[str], month: int, told: Callable[[int], None] | None = None) -> Floats:
        """Draw the paths again, chunk by chunk, and keep one month of some outputs.

        Parameters
        ----------
        outputs
            Ids.
        month
            Months after `as_of`, from 1.
        told
            Called with the number of paths of each chunk.

        Returns
        -------
        (len(outputs), paths), to nine decimals.
        """
        rows, size = [self._row(output) for output in outputs], self._chunk()
        out = np.empty((len(rows), self.paths))

        def draw(first: int) -> int:
            count = min(size, self.paths - first)
            drawn = self.sampler.paths(first, count)[rows, self.run.place(month)]
            np.round(drawn, _DECIMALS, out=out[:, first : first + count])
            return count

        with ThreadPoolExecutor(self._threads(), thread_name_prefix="jpsim-redraw") as pool:
            for count in pool.map(draw, range(0, self.paths, size)):
                if told is not None:
                    told(count)
        return out

    def _threads(self) -> int:
        return min(self.job.request.executor.threads or os.cpu_count() or 1, _MOST_THREADS)

    def _row(self, output: str) -> int:
        return position(self.job.model.outputs, output)

    def _chunk(self) -> int:
        """Paths whose outputs in all months fit into a chunk; whole superblocks."""
        each = 8 * self.sampler.laws[0].low.size
        return max(_CHUNK_BYTES // each // SUPERBLOCK, 1) * SUPERBLOCK
