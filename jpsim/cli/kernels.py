"""Where the commands keep compiled kernels."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["choose_kernel_folder"]


def choose_kernel_folder() -> Path:
    """Keep compiled kernels in ``JPSIM_CACHE``, or else where this platform keeps a user's caches."""
    from jpsim.simulation.kernel_cache import default_folder, use_cache

    named = os.environ.get("JPSIM_CACHE")
    folder = Path(named) if named else default_folder()
    use_cache(folder)
    return folder
