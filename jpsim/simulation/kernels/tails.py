"""Heavy tails as monotone maps of normal draws: a polynomial for nearly all, a table of cubics for the rest.

A normal draw never exceeds ``sqrt(-2 log 2**-53) = 8.572`` in size, so the tables end there and
nothing lies beyond them. Looking a value up costs several times what a polynomial costs, which becomes vector
code; but none of reasonable degree reaches that far.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from jpsim.simulation.kernels.arrays import BLOCK, LANES
from jpsim.simulation.kernels.elementary import like
from jpsim.simulation.kernels.jit import by_precision, inlined, routine

__all__ = [
    "DEGREE",
    "DEGREE_SINGLE",
    "NEAR",
    "REACH",
    "SCALE_NODES_PER_UNIT",
    "TAIL_NODES_PER_UNIT",
    "bend_tails",
    "scale_of",
]

REACH: Final = 8.625
"""Size of the largest normal draw, rounded up to a node of both tables."""
SCALE_NODES_PER_UNIT: Final = 128
"""Nodes of the table of scales, which covers [-REACH, REACH]."""
TAIL_NODES_PER_UNIT: Final = 128
"""Nodes of the tables of Student-t draws, which cover [0, REACH]."""
NEAR: Final = 4.0
"""Size up to which a polynomial makes a Student-t draw of a normal one."""
DEGREE: Final = 12
"""Degree of that polynomial in the square of the draw."""
DEGREE_SINGLE: Final = 8
"""Its degree in single precision."""


def _degree(_: Any) -> int:
    return DEGREE


def _degree_single(_: Any) -> int:
    return DEGREE_SINGLE


degree_of = by_precision(_degree, _degree_single)


@inlined
def interpolate(table: Any, x: Any) -> Any:
    """Evaluate the cubic of the interval that x, in nodes from the first, lies in."""
    i = np.uint64(np.int64(x))
    f = x - np.float64(np.int64(x))
    return table[i, 0] + f * (table[i, 1] + f * (table[i, 2] + f * table[i, 3]))


@routine
def scale_of(out: Any, table: Any) -> None:
    """Replace a row of normal draws by scales ``sqrt((nu - 2) / g)``, g chi-square, increasing in the draw."""
    for p in range(BLOCK):
        out[p] = interpolate(table, (out[p] + REACH) * SCALE_NODES_PER_UNIT)


@inlined
def bend_near(near: Any, z: Any) -> Any:
    """Student-t draw of a normal one up to `NEAR` in size: odd, a polynomial of its square times itself."""
    x = z * z * like(z, 2.0 / (NEAR * NEAR)) - like(z, 1.0)
    degree = degree_of(near)
    ratio = near[degree]
    for k in range(degree - 1, -1, -1):
        ratio = ratio * x + near[k]
    return ratio * z


@inlined
def count_far(row: Any, begin: int, end: int) -> int:
    """Count the draws beyond `NEAR`; in three rows out of a hundred there is one."""
    far, near = 0, like(row, NEAR)
    for p in range(begin, end):
        far += 1 if abs(row[p]) > near else 0
    return far


@inlined
def bend_part(row: Any, near: Any, begin: int, end: int) -> None:
    """Bend draws none of which is far."""
    for p in range(begin, end):
        row[p] = bend_near(near, row[p])


@routine
def bend_tails(row: Any, near: Any, table: Any) -> None:
    """Replace a row of normal draws by Student-t draws of unit variance at the same probabilities.

    Only the few parts of `LANES` that have a far draw are not vector code.

    Parameters
    ----------
    row
        (BLOCK,) draws.
    near, table
        See `jpsim.simulation.tail_tables`: coefficients up to `NEAR`, and cubics for what lies beyond.
    """
    if count_far(row, 0, BLOCK) == 0:
        bend_part(row, near, 0, BLOCK)
        return
    for begin in range(0, BLOCK, LANES):
        if count_far(row, begin, begin + LANES) == 0:
            bend_part(row, near, begin, begin + LANES)
            continue
        for p in range(begin, begin + LANES):
            z = row[p]
            far = abs(z) > NEAR
            row[p] = np.copysign(interpolate(table, abs(z) * TAIL_NODES_PER_UNIT), z) if far else bend_near(near, z)
