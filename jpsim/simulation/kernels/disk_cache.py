"""Compiled kernels on disk, private to one version of their sources on one kind of machine.

The folder's name is a hash of every kernel source, of the versions of Python, numba, llvmlite and
numpy, and of the processor: an edited helper, an upgrade or another machine means another folder, so
that a stale kernel cannot be found. A file that cannot be read is dropped and the kernel compiled
anew; a folder that cannot be written is not used. Both say so in a warning and change no result.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import sys
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite  # type: ignore[import-untyped]
import llvmlite.binding as llvm  # type: ignore[import-untyped]
import numba
import numpy as np
from numba.core.caching import CompileResultCacheImpl, FunctionCache, NullCache
from numba.core.runtime.nrt import rtsys

__all__ = ["KernelCache", "cache_key", "default_folder", "folder_beside", "kept_kernels", "use_cache"]

_chosen: list[Path | None] = []


def default_folder() -> Path:
    """Return the folder for caches that this platform gives a user."""
    if sys.platform == "win32":
        return Path.home() / "AppData" / "Local" / "jpsim" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "jpsim"
    return Path.home() / ".cache" / "jpsim"


def use_cache(folder: Path | None) -> None:
    """Keep kernels that are compiled from now on in a folder, or nowhere; at first in `default_folder`.

    Parameters
    ----------
    folder
        Created if missing. One that cannot be written costs a warning and a compilation per process.
    """
    _chosen[:] = [folder]


def _private() -> Path | None:
    """Return the sub-folder for these sources on this machine."""
    folder = _chosen[0] if _chosen else default_folder()
    return None if folder is None else folder / f"kernels-{cache_key()}"


def folder_beside(name: str) -> Path | None:
    """Folder of a name beside the kernels', which need not be there; None where nothing is kept."""
    folder = _chosen[0] if _chosen else default_folder()
    return None if folder is None else folder / name


@cache
def cache_key() -> str:
    """Hash everything that compiled code depends on."""
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    machine = (platform.machine(), llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten())
    versions = (platform.python_version(), numba.__version__, llvmlite.__version__, np.__version__)
    digest.update(repr((machine, versions)).encode())
    return digest.hexdigest()[:20]


def kept_kernels(form: str) -> tuple[str, ...]:
    """Name the kernels that the folder in use has in one form for these sources on this machine."""
    private = _private()
    files = (private / form).rglob("*.nbc") if private is not None and private.is_dir() else []
    return tuple(sorted({file.name.split(".")[1].rsplit("-", 1)[0] for file in files}))


@cache
def _is_writable(folder: Path) -> bool:
    """Create a folder that only its owner can read, and prove that it can be written."""
    proof = folder / f"writable-{os.getpid()}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        proof.write_bytes(b"")
        proof.unlink()
    except OSError as error:
        warnings.warn(f"kernels are compiled in every process: {folder} cannot be written ({error})", stacklevel=2)
        return False
    return True


class _MachineCode(CompileResultCacheImpl):
    """What is kept of a kernel: machine code, not what others need who compile it into their own.

    Only Python calls these kernels. Their intermediate code, and the modules of all that became part of them,
    would take longer to load than the machine code.
    """

    def reduce(self, cres: Any) -> Any:
        """Return what is stored of a compiled function, in the form of numba's own cache."""
        (name, kind, (code, _)), described, *rest, _ = super().reduce(cres)  # type: ignore[no-untyped-call]
        called = described.llvm_func_name, described.llvm_cpython_wrapper_name, described.llvm_cfunc_wrapper_name
        known = "".join(f'define void @"{symbol}"() {{ ret void }}\n' for symbol in called)  # only names are read
        return (name, kind, (code, llvm.parse_assembly(known).as_bitcode())), described, *rest, ()


class _Files(FunctionCache):
    """numba's cache of one function, of which machine code is loaded without what compiling takes.

    numba would first read in all that it can compile, which takes longer than the kernels; it does so by itself
    before it compiles.
    """

    _impl_class = _MachineCode

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compiled function, or None where there is none."""
        rtsys.initialize(target_context)
        with self._guard_against_spurious_io_errors():
            return self._load_overload(sig, target_context)  # type: ignore[no-untyped-call]


class KernelCache(NullCache):
    """numba's cache of one function, in the folder chosen when the function is first called.

    Parameters
    ----------
    function
        The Python function that is compiled.
    form
        Name of the form it is compiled in; each has a folder of its own.
    """

    def __init__(self, function: Callable[..., Any], form: str) -> None:
        self._function = function
        self._form = form

    def _files(self) -> Any:
        folder = _private()
        if folder is None or not _is_writable(folder) or not _is_writable(folder := folder / self._form):
            return NullCache()
        config: Any = numba.config
        before, config.CACHE_DIR = config.CACHE_DIR, str(folder)
        try:
            return _Files(self._function)  # type: ignore[no-untyped-call]
        finally:
            config.CACHE_DIR = before

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compiled function, or None where there is none that can be read."""
        files = self._files()
        try:
            return files.load_overload(sig, target_context)
        except Exception as error:  # damage shows as any of pickle's and LLVM's errors
            warnings.warn(f"damaged kernel cache {files.cache_path}: compiling again ({error})", stacklevel=2)
            shutil.rmtree(files.cache_path, ignore_errors=True)
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a compiled function; failing that is worth a warning, not a run."""
        files = self._files()
        try:
            files.save_overload(sig, data)
        except Exception as error:  # a full disk, an index that another process damaged
            warnings.warn(f"a compiled kernel was not kept in {files.cache_path}: {error}", stacklevel=2)
