"""Tiled products over paths against numpy."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from jpsim.simulation.kernels.arrays import BLOCK
from jpsim.simulation.kernels.blocks import add_product


@njit
def product(out, matrix, x):
    add_product(out, matrix, x)


SHAPES = [(4, 4, 1.0), (8, 20, 1.0), (52, 12, 0.1), (12, 0, 1.0), (8, 8, 0.0)]


@pytest.mark.parametrize(("rows", "columns", "share"), SHAPES)
def test_product_is_added(rows, columns, share):
    rng = np.random.default_rng(5)
    matrix = rng.normal(size=(rows, columns)) * (rng.random((rows, columns)) < share)
    x, out = rng.normal(size=columns * BLOCK), rng.normal(size=rows * BLOCK)
    expected = out.reshape(rows, BLOCK) + matrix @ x.reshape(columns, BLOCK)
    product(out, matrix, x)
    np.testing.assert_allclose(out.reshape(rows, BLOCK), expected, rtol=0.0, atol=1e-12)


def test_diagonal_tiles_are_added():
    """A diagonal matrix, and one whose second tile is full."""
    rng = np.random.default_rng(6)
    matrix = np.diag(rng.normal(size=8))
    matrix[4:, 4:] += rng.normal(size=(4, 4))
    x, out = rng.normal(size=8 * BLOCK), rng.normal(size=8 * BLOCK)
    expected = out.reshape(8, BLOCK) + matrix @ x.reshape(8, BLOCK)
    product(out, matrix, x)
    np.testing.assert_allclose(out.reshape(8, BLOCK), expected, rtol=0.0, atol=1e-12)
