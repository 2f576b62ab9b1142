"""What takes long to work out, kept between processes: tables of tails, compiled templates, the model's card.

Files lie beside the compiled kernels, in a folder that only its owner can read, under a digest of what they follow
from. Each begins with the digest of its content: one that is damaged, or cannot be read or written, is worked out anew.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from jpsim._version import __version__
from jpsim.simulation.kernel_cache import folder_beside

__all__ = ["keep", "kept", "recall"]

_DIGEST_SIZE = 32


def kept(kind: str, source: str, make: Callable[[], bytes]) -> bytes:
    """Return what `make` gives, which depends on nothing but the kind, the source and the version of jpsim."""
    key = f"{kind}\0{source}"
    found = recall(key)
    if found is None:
        found = make()
        keep(key, found)
    return found


def recall(key: str) -> bytes | None:
    """Return what is kept under a key; None if there is nothing whole."""
    place = _place(key)
    try:
        stored = b"" if place is None else place.read_bytes()
    except OSError:
        return None
    digest, content = stored[:_DIGEST_SIZE], stored[_DIGEST_SIZE:]
    return content if sha256(content).digest() == digest else None


def keep(key: str, content: bytes) -> None:
    """Keep something under a key, if there is a folder that can be written."""
    place = _place(key)
    if place is None:
        return
    partial = place.with_name(f"{place.name}.{secrets.token_hex(4)}")
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial.write_bytes(sha256(content).digest() + content)
        partial.replace(place)
    except OSError:  # of no use, but no harm either
        with suppress(OSError):
            partial.unlink()


def _place(key: str) -> Path | None:
    folder = folder_beside("kept")
    return None if folder is None else folder / sha256(f"{__version__}\0{key}".encode()).hexdigest()[:40]
