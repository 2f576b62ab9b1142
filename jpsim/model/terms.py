"""Nonlinear functions of the factors that drive returns beside their linear loadings.

Each is a function of one innovation, or a product of two numbers: that is what makes attribution exact (the
Shapley value of a product of two is a half each, Shapley 1953, doi:10.1515/9781400881970-018).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

__all__ = ["TERM_KINDS", "Term", "TermKind", "linear_parts"]

Floats = npt.NDArray[np.float64]
TermKind = Literal["hinge", "gate", "pair"]

TERM_KINDS: Final[tuple[TermKind, ...]] = ("hinge", "gate", "pair")


@dataclass(frozen=True, slots=True)
class Term:
    """A nonlinear function phi of the month's innovations u and of the levels x at the end of the month before.

    ``hinge`` is ``max(side (u_factor - knot), 0) - centre``; ``gate`` is ``max(side (x_other - knot), 0)
    u_factor``, with ``100 log(x_other / knot)`` for the difference where the other is a price or another log
    factor; ``pair`` is ``u_factor u_other - centre``. Innovations are in model units, as loadings take them.

    Parameters
    ----------
    id
        Its name, as ``usdjpy_above_155``.
    kind
        Which function.
    factor, other
        Ids of factors; `other` is empty for a hinge, and may be the factor itself.
    knot
        Where it begins to act: an innovation for a hinge, a reported level for a gate; 0 for a pair.
    side
        1 if it acts above its knot, -1 below.
    centre
        Mean of the function, which is taken out so that it moves no mean by itself; 0 for a gate.
    slope
        Slope in ``u_factor`` of its linear part, which stays where terms are off; 0 for a pair, which has none.
    en, ja
        What it is called.
    """

    id: str
    kind: TermKind
    factor: str
    other: str = ""
    knot: float = 0.0
    side: int = 1
    centre: float = 0.0
    slope: float = 0.0
    en: str = ""
    ja: str = ""

    @property
    def label(self) -> str:
        """Its formula."""
        sign = "" if self.side > 0 else "-"
        if self.kind == "pair":
            return f"u[{self.factor}] u[{self.other}] - {self.centre:.6g}"
        if self.kind == "gate":
            return f"max({sign}(x[{self.other}] - {self.knot:g}), 0) u[{self.factor}]"
        return f"max({sign}(u[{self.factor}] - {self.knot:g}), 0) - {self.centre:.6g}"

    @property
    def shares(self) -> dict[str, float]:
        """Factor to its share in what the term does: a half each where two factors make it."""
        if self.kind == "hinge" or self.other == self.factor:
            return {self.factor: 1.0}
        return {self.factor: 0.5, self.other: 0.5}

    def threshold(self, *, logarithmic: bool) -> float:
        """Knot of a gate in model units, 100 log of it where its level is `logarithmic`."""
        return float(100.0 * np.log(self.knot)) if logarithmic else self.knot


def linear_parts(terms: Sequence[Term], factors: Sequence[str]) -> Floats:
    """Slopes (T, n) of the linear parts of T terms in the innovations of the n `factors`."""
    out = np.zeros((len(terms), len(factors)))
    for row, term in zip(out, terms, strict=True):
        row[factors.index(term.factor)] = term.slope
    return out
