"""Heavy tails as monotone maps of normal draws, by cubic Hermite interpolation in a table.

A normal draw never exceeds ``sqrt(-2 log 2**-53) = 8.572`` in size, so the tables end there and
nothing lies beyond them.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from jpsim.simulation.kernels.arrays import BLOCK
from jpsim.simulation.kernels.jit import inlined, routine

__all__ = ["REACH", "SCALE_NODES_PER_UNIT", "TAIL_NODES_PER_UNIT", "bend_tails", "scale_of"]

REACH: Final = 8.625
"""Size of the largest normal draw, rounded up to a node of both tables."""
SCALE_NODES_PER_UNIT: Final = 128
"""Nodes of the table of scales, which covers [-REACH, REACH]."""
TAIL_NODES_PER_UNIT: Final = 128
"""Nodes of the tables of Student-t draws, which cover [0, REACH]."""


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


@routine
def bend_tails(row: Any, table: Any) -> None:
    """Replace a row of normal draws by Student-t draws of unit variance at the same probabilities."""
    for p in range(BLOCK):
        z = row[p]
        row[p] = np.copysign(interpolate(table, abs(z) * TAIL_NODES_PER_UNIT), z)
