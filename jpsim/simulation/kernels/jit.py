"""The one way in which kernels are compiled.

Kernels are written once. numba compiles them for the precision of the arrays that they are given, and
`variant` for the arithmetic that is wished. Strict arithmetic is IEEE: no reassociation, no contraction into fused
multiply-adds, so that one seed gives the same bits on every instruction set. Fast arithmetic fuses, divides by
reciprocals and ignores the sign of zero; it keeps the order of additions, infinities and NaN, so that its bits depend
on the instruction set, but not on threads or chunks. Division by zero gives infinity or NaN as in numpy. Kernels
release the interpreter lock and never start threads themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any, Final, TypeVar, cast

from numba import jit, njit, types
from numba.core.dispatcher import Dispatcher
from numba.extending import overload

from jpsim.simulation.kernels.disk_cache import KernelCache

__all__ = ["by_precision", "entry", "inlined", "routine", "variant"]

Kernel = TypeVar("Kernel", bound=Callable[..., Any])

_FAST: Final = {"contract", "arcp", "nsz", "afn"}
_OPTIONS: Final[dict[str, Any]] = {"nogil": True, "error_model": "numpy"}


def entry(function: Kernel) -> Kernel:
    """Compile a function that Python calls, for double precision and strict arithmetic, see `variant`."""
    return cast(Kernel, _kept(njit(**_OPTIONS, fastmath=False)(function), "float64", "strict"))


def inlined(function: Kernel) -> Kernel:
    """Compile a function that only other kernels call; its code becomes part of theirs.

    What is given whole collections of arrays belongs here: to pass and count the references of fifty arrays takes
    about a microsecond.
    """
    return cast(Kernel, njit(**_OPTIONS, fastmath=False, forceinline=True)(function))


def routine(function: Kernel) -> Kernel:
    """Compile a function that only other kernels call, too long to be worth inlining everywhere."""
    return cast(Kernel, njit(**_OPTIONS, fastmath=False)(function))


def by_precision(double: Callable[..., Any], single: Callable[..., Any]) -> Any:
    """Join two plain functions into one; its first argument, an array or a number, decides which is meant."""
    return _joined(double, single, fast=False)


def _joined(double: Callable[..., Any], single: Callable[..., Any], *, fast: bool) -> Any:
    def joined(*_: Any) -> Any:
        raise TypeError("only compiled kernels call it")

    options: Any = {**_OPTIONS, "forceinline": True, "fastmath": _FAST if fast else False}

    @overload(joined, strict=False, jit_options=options)
    def choose(first: Any, *_: Any) -> Any:
        return single if getattr(first, "dtype", first) == types.float32 else double

    joined.forms = (double, single)  # type: ignore[attr-defined]
    return joined


@cache
def variant(kernel: Kernel, precision: str, arithmetic: str) -> Kernel:
    """Find the form of an `entry` for a precision and an arithmetic.

    Parameters
    ----------
    kernel
        What `entry` returned.
    precision
        ``float64`` or ``float32``: the arrays of paths that it will be given.
    arithmetic
        ``strict`` or ``fast``.
    """
    if (precision, arithmetic) == ("float64", "strict"):
        return kernel
    return cast(Kernel, _kept(_twin(kernel, arithmetic == "fast"), precision, arithmetic))


def _kept(kernel: Any, precision: str, arithmetic: str) -> Any:
    """Keep what is compiled of a kernel on disk, see `disk_cache`."""
    kernel._cache = KernelCache(kernel.py_func, f"{precision}-{arithmetic}")
    return kernel


def _twin(kernel: Any, fast: bool) -> Any:
    """Compile the same source anew; in fast arithmetic with all that it calls."""
    function = _fast_source(kernel.py_func) if fast else kernel.py_func
    return jit(**{**kernel.targetoptions, "fastmath": _FAST if fast else False})(function)


def _fast_source(function: Any) -> FunctionType:
    """Copy a function that calls the fast forms of what it calls."""
    known = function.__globals__
    called = {name: known[name] for name in function.__code__.co_names if name in known}
    fast = {
        name: _fast_form(one) for name, one in called.items() if isinstance(one, Dispatcher) or hasattr(one, "forms")
    }
    return FunctionType(function.__code__, {**known, **fast}, function.__name__, function.__defaults__)


@cache
def _fast_form(called: Any) -> Any:
    if isinstance(called, Dispatcher):
        return _twin(called, fast=True)
    return _joined(*map(_fast_source, called.forms), fast=True)
