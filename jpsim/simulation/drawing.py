"""What all superblocks of one drawing share: laws, which block of paths follows which, targets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from jpsim.errors import InputError
from jpsim.simulation.kernels.arrays import BLOCK, SUPERBLOCK, Coefficients, Scratch
from jpsim.simulation.kernels.jit import variant
from jpsim.simulation.kernels.superblock import score_superblock
from jpsim.simulation.law import Law, Numerics
from jpsim.simulation.layout import lay_out, requirement_count, scratch_for

__all__ = ["Drawing", "Owner", "Targets", "all_laws", "prepare_drawing", "superblocks"]

Floats = npt.NDArray[np.float64]
Targets = Callable[[int, int, Floats], Floats]
"""Path-specific targets of paths of one law, ``(first, count, scores) -> (m, count)``; called from several threads.

`scores` are the (q, count) scores of the paths' own values of the law's free rows, see `law.Mixing`."""
Owner = Callable[[int], int] | npt.NDArray[np.integer]
"""The law that block b, paths ``b BLOCK`` to ``(b + 1) BLOCK - 1``, follows; called from several threads."""


@dataclass(frozen=True, eq=False)
class Drawing:
    """What all superblocks of one drawing share. It can be pickled if `targets` and `owner` can.

    Parameters
    ----------
    laws
        One law, or several that share the ends of their histograms.
    seed
        Key of the generator.
    targets
        Path-specific targets, if there are any.
    owner
        Which law a block follows; None where there is but one.
    pilots
        Whether scales come from the streams on which proposals are fitted.
    """

    laws: tuple[Law, ...]
    seed: int
    targets: Targets | None = None
    owner: Owner | None = None
    pilots: bool = False

    @cached_property
    def coefficients(self) -> list[Coefficients]:
        """The laws, laid out for the kernels."""
        return [lay_out(law, pilots=self.pilots) for law in self.laws]

    @cached_property
    def requirements(self) -> int:
        """Number of path-specific targets that some law takes."""
        return max(requirement_count(law) for law in self.laws)

    @property
    def numerics(self) -> Numerics:
        """In what precision and arithmetic the laws are drawn."""
        return self.laws[0].numerics

    @property
    def key(self) -> np.uint64:
        """The seed as the kernels take it."""
        return np.uint64(self.seed)

    @property
    def scratch(self) -> Scratch:
        """New scratch memory for one thread."""
        return scratch_for(self.coefficients, self.laws[0].start.size)

    @property
    def weighing_scratch(self) -> Scratch:
        """New scratch memory for one thread that looks at no outputs."""
        return scratch_for(self.coefficients, 0)

    def __getstate__(self) -> dict[str, object]:
        """Leave out what is derived: it is much larger than what it is derived from."""
        return {name: value for name, value in self.__dict__.items() if name != "coefficients"}

    def targets_of(self, scratch: Scratch, first: int, count: int) -> Floats:
        """Return (m, SUPERBLOCK) targets of a superblock, zero where there are none."""
        out = np.zeros((self.requirements, SUPERBLOCK))
        if self.targets is None:
            return out
        for law, begin, end in self.spans(first, count):
            found = self.targets(begin, end - begin, self.scores(scratch, law, begin, end - begin)[0])
            out[: found.shape[0], begin - first : end - first] = found
        return out

    def scores(self, scratch: Scratch, law: int, first: int, count: int) -> tuple[Floats, Floats]:
        """Return (q, count) scores of a law's q free rows, and the log (count,) of their prior over the proposal."""
        coefficients = self.coefficients[law]
        out = np.zeros((coefficients.correction.free + 1, -(-count // BLOCK) * BLOCK))
        if coefficients.correction.free:
            variant(score_superblock, *self.numerics)(out, coefficients, scratch, self.key, np.uint64(first))
        return out[:-1, :count], out[-1, :count]

    def spans(self, first: int, count: int) -> Iterator[tuple[int, int, int]]:
        """Cut paths ``first`` to ``first + count - 1`` where the law changes: place of the law, first path, end."""
        begin, end = first, first + count
        while begin < end:
            law, block = self._law_of(begin // BLOCK), begin // BLOCK + 1
            while block * BLOCK < end and self._law_of(block) == law:
                block += 1
            yield law, begin, min(block * BLOCK, end)
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
        if law.numerics != out[0].numerics:
            raise InputError("laws that are drawn together must share their precision and arithmetic")
        if law.dynamics.transition.shape != out[0].dynamics.transition.shape:
            raise InputError("laws that are drawn together must share their numbers of months, factors and lags")
    return out


def prepare_drawing(
    laws: Sequence[Law] | Law,
    seed: int,
    targets: Targets | None = None,
    owner: Owner | None = None,
    *,
    pilots: bool = False,
) -> Drawing:
    """Put laws together and lay them out.

    Raises
    ------
    InputError
        Laws that cannot be drawn together, or several of which nobody says which block follows which.
    """
    every = all_laws(laws)
    if owner is None and len(every) > 1:
        raise InputError(f"{len(every)} laws are drawn together, but no owner says which block follows which")
    drawing = Drawing(tuple(every), seed, targets, owner, pilots)
    assert drawing.coefficients  # what is wrong with a law is said now
    return drawing


def superblocks(first: int, count: int) -> Iterator[tuple[int, int]]:
    """Cut paths into superblocks: first path and number of paths of each."""
    for start in range(first, first + count, SUPERBLOCK):
        yield start, min(SUPERBLOCK, first + count - start)
