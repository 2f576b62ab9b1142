"""Going through all paths of a scenario, shard by shard in their order, wherever they are worked on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar

import numpy.typing as npt

from jpsim.errors import Stopped
from jpsim.simulation.executors import Executor, Task
from jpsim.simulation.journal import Journal
from jpsim.simulation.sharding import Stop, cut
from jpsim.simulation.weighting import Weights

__all__ = ["Found", "Stages"]


class Found(Protocol):
    """What a stage finds: it adds up over shards, and can be stored."""

    def add(self, later: Self, /) -> None:
        """Add what was found on the paths that follow."""

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Everything, as arrays."""

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]], /) -> Self:
        """Take over stored arrays."""


Finding = TypeVar("Finding", bound=Found)


@dataclass(frozen=True, eq=False, slots=True)
class Stages:
    """How the stages of a drawing are carried out.

    Parameters
    ----------
    executor
        Where.
    journal
        Who keeps what was found so far.
    paths, weights
        All paths, and their weights.
    progress, stop
        See `jpsim.simulation.engine.draw`.
    """

    executor: Executor
    journal: Journal
    paths: int
    weights: Weights | None
    progress: Callable[[int], None] | None
    stop: Stop | None

    def run(
        self, stage: str, task: Task[Finding], nothing: Finding, share: tuple[float, float] = (0.0, 1.0)
    ) -> Finding:
        """Carry out a stage, from where the journal says that it had come.

        Parameters
        ----------
        stage
            Its name.
        task
            What is done with each shard.
        nothing
            What is found on no paths.
        share
            Parts of the whole work, for `progress`, at the beginning and at the end of the stage.
        """
        found, done = nothing, 0
        if (entry := self.journal.recall(stage)) is not None:
            found, done = type(nothing).of_arrays(entry.arrays), entry.done
        shards = cut(self.paths, self.executor.spans(self.paths), self.weights, done)
        try:
            for shard, more in self.executor.each(task, shards, self._teller(share), self.stop):
                found.add(more)
                self.journal.note(stage, shard.end, found.arrays, last=shard.end == self.paths)
        except KeyboardInterrupt:
            raise Stopped("drawing was interrupted") from None
        return found

    def _teller(self, share: tuple[float, float]) -> Callable[[int], None] | None:
        tell, (begin, end) = self.progress, share
        return None if tell is None else lambda done: tell(int(begin * self.paths + (end - begin) * done))
