"""A scenario of a run together with its draws: its paths come again from their counters."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from jpsim.analysis.books import PORTFOLIO, book_of
from jpsim.analysis.books.revaluation import Revaluation
from jpsim.analysis.ordered_sample import OrderedSample
from jpsim.analysis.strata import Strata
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

    @cached_property
    def strata(self) -> Strata | None:
        """Which part of its story each path follows; None where there is but one."""
        if len(self.sampler.parts) == 1:
            return None
        story = self.sampler.story
        shares = np.array([part.weight for part in story.points])
        return Strata(self.sampler.parts_of(self.paths), shares, story.draws, self.weights)

    def ordered(self, values: Floats) -> OrderedSample:
        """Put (paths,) values of an output in one month in order."""
        return OrderedSample(values, self.weights, self.strata)

    @property
    def outputs(self) -> frozenset[str]:
        """Ids of what can be drawn again of what the run reports: factors, series and the book."""
        return frozenset(self.run.outputs) & {*self.job.model.outputs, PORTFOLIO}

    def start(self, output: str) -> float:
        """Value of an output at month 0, from which a loss is counted."""
        if output == PORTFOLIO:
            return 0.0
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
        size, place = self._chunk(), self.run.place(month)
        out = np.empty((len(outputs), self.paths))

        def draw(first: int) -> int:
            count = min(size, self.paths - first)
            drawn = self.sampler.paths(first, count)
            for row, output in enumerate(outputs):
                values = self._gain(drawn, first) if output == PORTFOLIO else drawn[self._row(output)]
                np.round(values[place], _DECIMALS, out=out[row, first : first + count])
            return count

        with ThreadPoolExecutor(self._threads(), thread_name_prefix="jpsim-redraw") as pool:
            for count in pool.map(draw, range(0, self.paths, size)):
                if told is not None:
                    told(count)
        return out

    @cached_property
    def _revaluation(self) -> Revaluation:
        book = book_of(self.job)
        assert book is not None  # the run reports one
        return Revaluation.of(book, self.sampler)

    def _gain(self, drawn: Floats, first: int) -> Floats:
        """(h, m) gain of the run's book on some paths."""
        return self._revaluation.value(self._revaluation.gains(drawn, first))

    def _threads(self) -> int:
        return min(self.job.request.executor.threads or os.cpu_count() or 1, _MOST_THREADS)

    def _row(self, output: str) -> int:
        return position(self.job.model.outputs, output)

    def _chunk(self) -> int:
        """Paths whose outputs in all months fit into a chunk; whole superblocks."""
        each = 8 * self.sampler.laws[0].low.size
        return max(_CHUNK_BYTES // each // SUPERBLOCK, 1) * SUPERBLOCK
