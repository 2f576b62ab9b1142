"""What all superblocks of one drawing share: laws, which block of paths follows which, targets, weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from jpsim.errors import InputError
from jpsim.simulation.accumulation import Weights
from jpsim.simulation.kernels.arrays import BLOCK, SUPERBLOCK, Coefficients
from jpsim.simulation.law import Law
from jpsim.simulation.layout import lay_out, requirement_count

__all__ = ["Drawing", "Owner", "Targets", "all_laws", "prepare_drawing", "superblocks"]

Floats = npt.NDArray[np.float64]
Targets = Callable[[int, int], Floats]
"""Path-specific targets, ``(first, count) -> (m, count)``; called from several threads."""
Owner = Callable[[int], int] | npt.NDArray[np.integer]
"""The law that block b, paths ``b BLOCK`` to ``(b + 1) BLOCK - 1``, follows; called from several threads."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """What all superblocks of one drawing share.

    Parameters
    ----------
    laws
        Laid out for the kernels.
    outputs, requirements
        Number of outputs, and of path-specific targets that some law takes.
    seed
        Key of the generator.
    targets, weights
        Of the paths, if there are any.
    owner
        Which law a block follows; None where there is but one.
    """

    laws: list[Coefficients]
    outputs: int
    requirements: int
    seed: np.uint64
    targets: Targets | None
    weights: Weights | None = None
    owner: Owner | None = None
    stopping: list[bool] = field(default_factory=list)

    def targets_of(self, first: int, count: int) -> Floats:
        """Return (m, SUPERBLOCK) targets of a superblock, zero where there are none."""
        out = np.zeros((self.requirements, SUPERBLOCK))
        if self.targets is not None:
            out[:, :count] = self.targets(first, count)
        return out

    def spans(self, first: int, count: int) -> Iterator[tuple[Coefficients, int, int]]:
        """Cut paths ``first`` to ``first + count - 1`` where the law changes: law, first path, end."""
        begin, end = first, first + count
        while begin < end:
            law, block = self._law_of(begin // BLOCK), begin // BLOCK + 1
            while block * BLOCK < end and self._law_of(block) == law:
                block += 1
            yield self.laws[law], begin, min(block * BLOCK, end)
            begin = block * BLOCK

    def _law_of(self, block: int) -> int:
        if self.owner is None:
            return 0
        law = int(self.owner(block) if callable(self.owner) else self.owner[block])
        if not 0 <= law < len(self.laws):
            raise InputError(f"block {block} of paths belongs to law {law}; there are {len(self.laws)}")
        return law


def all_laws(laws: Sequence[Law] | Law) -> list[Law]:
    """List the laws, which must agree in what their statistics share.

    Raises
    ------
    InputError
        No law, or laws of other shapes, histograms or values at month 0.
    """
    out = [laws] if isinstance(laws, Law) else list(laws)
    if not out:
        raise InputError("no law to draw from")
    for law in out[1:]:
        for name in ("low", "high", "start"):
            if not np.array_equal(getattr(law, name), getattr(out[0], name)):
                raise InputError(f"laws that are drawn together must share the array {name}")
        if law.dynamics.transition.shape != out[0].dynamics.transition.shape:
            raise InputError("laws that are drawn together must share their numbers of months, factors and lags")
    return out


def prepare_drawing(
    laws: list[Law],
    seed: int,
    targets: Targets | None,
    owner: Owner | None,
    weights: Weights | None = None,
    *,
    pilots: bool = False,
) -> Drawing:
    """Lay out the laws.

    Raises
    ------
    InputError
        Several laws of which nobody says which block follows which.
    """
    if owner is None and len(laws) > 1:
        raise InputError(f"{len(laws)} laws are drawn together, but no owner says which block follows which")
    ready = [lay_out(law, pilots=pilots) for law in laws]
    requirements = max(requirement_count(law) for law in laws)
    return Drawing(ready, laws[0].start.size, requirements, np.uint64(seed), targets, weights, owner)


def superblocks(first: int, count: int) -> Iterator[tuple[int, int]]:
    """Cut paths into superblocks: first path and number of paths of each."""
    for start in range(first, first + count, SUPERBLOCK):
        yield start, min(SUPERBLOCK, first + count - start)
