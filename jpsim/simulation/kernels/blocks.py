"""Linear algebra over a block of paths: the path is the innermost, contiguous axis."""

from __future__ import annotations

from typing import Any

from jpsim.simulation.kernels.arrays import BLOCK, TILE
from jpsim.simulation.kernels.jit import inlined, routine

__all__ = ["add_product", "add_rows", "add_tiles", "copy_rows", "fill_rows", "set_all"]


@inlined
def is_zero_tile(matrix: Any, i: int, j: int) -> bool:
    """Whether the 4 x 4 tile at (i, j) holds zeros only."""
    for a in range(TILE):
        for b in range(TILE):
            if matrix[i + a, j + b] != 0.0:
                return False
    return True


@inlined
def is_diagonal_tile(matrix: Any, i: int, j: int) -> bool:
    """Whether the 4 x 4 tile at (i, j) is zero beside its diagonal."""
    for a in range(TILE):
        for b in range(TILE):
            if a != b and matrix[i + a, j + b] != 0.0:
                return False
    return True


@inlined
def add_diagonal_tile(out: Any, matrix: Any, i: int, j: int, x: Any) -> None:
    """Add a diagonal 4 x 4 tile times four rows of paths."""
    for a in range(TILE):
        own, row, factor = out[a * BLOCK : (a + 1) * BLOCK], x[a * BLOCK : (a + 1) * BLOCK], matrix[i + a, j + a]
        for p in range(BLOCK):
            own[p] += factor * row[p]


@inlined
def add_tile(out: Any, matrix: Any, i: int, j: int, x: Any) -> None:
    """Add a 4 x 4 tile times four rows of paths; sixteen coefficients and eight rows in registers."""
    a00, a01, a02, a03 = matrix[i, j], matrix[i, j + 1], matrix[i, j + 2], matrix[i, j + 3]
    a10, a11, a12, a13 = matrix[i + 1, j], matrix[i + 1, j + 1], matrix[i + 1, j + 2], matrix[i + 1, j + 3]
    a20, a21, a22, a23 = matrix[i + 2, j], matrix[i + 2, j + 1], matrix[i + 2, j + 2], matrix[i + 2, j + 3]
    a30, a31, a32, a33 = matrix[i + 3, j], matrix[i + 3, j + 1], matrix[i + 3, j + 2], matrix[i + 3, j + 3]
    for p in range(BLOCK):
        x0, x1, x2, x3 = x[p], x[p + BLOCK], x[p + 2 * BLOCK], x[p + 3 * BLOCK]
        out[p] += (a00 * x0 + a01 * x1) + (a02 * x2 + a03 * x3)
        out[p + BLOCK] += (a10 * x0 + a11 * x1) + (a12 * x2 + a13 * x3)
        out[p + 2 * BLOCK] += (a20 * x0 + a21 * x1) + (a22 * x2 + a23 * x3)
        out[p + 3 * BLOCK] += (a30 * x0 + a31 * x1) + (a32 * x2 + a33 * x3)


@routine
def add_tiles(rows: Any, matrix: Any, i: int, x: Any) -> None:
    """Add rows `i` to ``i + TILE - 1`` of ``matrix @ x`` to `rows`; tiles of zeros or diagonal ones cost little."""
    for j in range(0, matrix.shape[1], TILE):
        if is_zero_tile(matrix, i, j):
            continue
        some = x[j * BLOCK : (j + TILE) * BLOCK]
        if is_diagonal_tile(matrix, i, j):
            add_diagonal_tile(rows, matrix, i, j, some)
        else:
            add_tile(rows, matrix, i, j, some)


@routine
def add_product(out: Any, matrix: Any, x: Any) -> None:
    """Add ``matrix @ x`` to `out`.

    Parameters
    ----------
    out, x
        Flat (I, BLOCK) and (J, BLOCK); they do not overlap.
    matrix
        (I, J), both multiples of `TILE`.
    """
    for i in range(0, matrix.shape[0], TILE):
        add_tiles(out[i * BLOCK : (i + TILE) * BLOCK], matrix, i, x)


@routine
def set_all(out: Any, value: Any) -> None:
    """Give all of a flat array one value."""
    for p in range(out.size):
        out[p] = value


@routine
def fill_rows(out: Any, values: Any) -> None:
    """Give every path of row i the value ``values[i]``."""
    for i in range(values.size):
        set_all(out[i * BLOCK : (i + 1) * BLOCK], values[i])


@routine
def copy_rows(out: Any, x: Any) -> None:
    """Copy x over `out`, of one length."""
    for p in range(out.size):
        out[p] = x[p]


@routine
def add_rows(out: Any, x: Any) -> None:
    """Add x to `out`, of one length."""
    for p in range(out.size):
        out[p] += x[p]
