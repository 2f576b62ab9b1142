"""The one way in which kernels are compiled.

Arithmetic is strict IEEE double precision: no reassociation, no contraction into fused
multiply-adds, so that one seed gives the same bits on every instruction set. Division by zero gives
infinity or NaN as in numpy. Kernels release the interpreter lock and never start threads themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

from jpsim.simulation.kernels.disk_cache import KernelCache

__all__ = ["entry", "inlined", "routine"]

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def entry(function: Kernel) -> Kernel:
    """Compile a function that Python calls; the result is kept on disk, see `disk_cache`."""
    compiled: Any = njit(nogil=True, error_model="numpy", fastmath=False)(function)
    compiled._cache = KernelCache(function)
    return cast(Kernel, compiled)


def inlined(function: Kernel) -> Kernel:
    """Compile a function that only other kernels call; its code becomes part of theirs."""
    return cast(Kernel, njit(nogil=True, error_model="numpy", fastmath=False, forceinline=True)(function))


def routine(function: Kernel) -> Kernel:
    """Compile a function that only other kernels call, too long to be worth inlining everywhere."""
    return cast(Kernel, njit(nogil=True, error_model="numpy", fastmath=False)(function))
