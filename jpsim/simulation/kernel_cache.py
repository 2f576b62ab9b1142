"""Compiled kernels between processes: where they are kept, and whether they are there."""

from __future__ import annotations

from typing import Any

from jpsim.simulation.kernels.disk_cache import default_folder, folder_beside, kept_kernels, use_cache
from jpsim.simulation.kernels.jit import variant
from jpsim.simulation.kernels.superblock import simulate_superblock

__all__ = ["default_folder", "folder_beside", "kernels_cached", "use_cache"]


def kernels_cached(precision: str = "float64", arithmetic: str = "strict") -> bool:
    """Whether the simulation kernel needs no compilation: it is loaded, or kept for this machine."""
    kernel: Any = variant(simulate_superblock, precision, arithmetic)
    return bool(kernel.signatures) or kernel.py_func.__name__ in kept_kernels(f"{precision}-{arithmetic}")
