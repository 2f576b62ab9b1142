"""Nonlinear terms of a block: gates from the levels before the month, the rest from its innovations."""

from __future__ import annotations

from typing import Any, Final

from jpsim.simulation.kernels.arrays import BLOCK
from jpsim.simulation.kernels.jit import inlined

__all__ = ["form_terms", "open_gates"]

HINGE: Final = 0
GATE: Final = 1


@inlined
def excess(out: Any, x: Any, knot: Any, side: Any) -> None:
    """Set `out` to what x lies beyond the knot on one side."""
    for p in range(BLOCK):
        beyond = side * (x[p] - knot)
        out[p] = beyond if beyond > 0.0 else 0.0


@inlined
def open_gates(scratch: Any, law: Any, t: int) -> None:
    """Fill the rows of gates with how far they are open in month t, before the factors advance."""
    terms, p, wide = law.terms, law.lags.shape[0], law.free_own.size * BLOCK
    before = (t % (p + 1) + p) % (p + 1) * wide
    for k in range(terms.kind.size):
        if terms.kind[k] != GATE:
            continue
        row = scratch.terms[k * BLOCK : (k + 1) * BLOCK]
        j = terms.summed[k]
        if j >= 0:
            excess(row, scratch.sums[j * BLOCK : (j + 1) * BLOCK], terms.knot[k], terms.side[k])
        else:
            i = before + terms.other[k] * BLOCK
            excess(row, scratch.lags[i : i + BLOCK], terms.knot[k], terms.side[k])


@inlined
def form_terms(scratch: Any, terms: Any) -> None:
    """Turn the month's innovations, and the gates, into the terms."""
    for k in range(terms.kind.size):
        row, centre = scratch.terms[k * BLOCK : (k + 1) * BLOCK], terms.centre[k]
        i, j = terms.factor[k] * BLOCK, terms.other[k] * BLOCK
        u = scratch.innovation[i : i + BLOCK]
        if terms.kind[k] == HINGE:
            excess(row, u, terms.knot[k], terms.side[k])
            for p in range(BLOCK):
                row[p] -= centre
        elif terms.kind[k] == GATE:
            for p in range(BLOCK):
                row[p] *= u[p]
        else:
            w = scratch.innovation[j : j + BLOCK]
            for p in range(BLOCK):
                row[p] = u[p] * w[p] - centre
