"""Rows and columns of zeros up to whole register tiles."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from jpsim.simulation.kernels.arrays import TILE

__all__ = ["pad", "padded"]

Floats = npt.NDArray[np.float64]


def padded(size: int) -> int:
    """Round a number of rows up to whole tiles."""
    return -(-size // TILE) * TILE


def pad(array: npt.ArrayLike, axes: int) -> Floats:
    """Copy an array, with zeros behind its last `axes` axes up to whole tiles."""
    array = np.asarray(array, dtype=np.float64)
    widths = [(0, 0)] * (array.ndim - axes) + [(0, padded(size) - size) for size in array.shape[array.ndim - axes :]]
    return np.ascontiguousarray(np.pad(array, widths))
