"""What reports are made of and takes long to work out, kept between processes: compiled templates, the model's card.

Files lie beside the compiled kernels, in a folder that only its owner can read, under a digest of what they follow
from. Each begins with the digest of its content: one that is damaged, or cannot be read or written, is worked out anew.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from io import BytesIO
from pathlib import Path

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from jpsim._version import __version__
from jpsim.simulation.kernel_cache import folder_beside

__all__ = ["TemplateCode", "kept"]

_DIGEST_SIZE = 32


def kept(kind: str, source: str, make: Callable[[], str]) -> str:
    """Return what `make` gives, which depends on nothing but the kind, the source and the version of jpsim."""
    place = _place(f"{kind}\0{source}")
    found = _read(place)
    if found is not None:
        return found.decode()
    made = make()
    _write(place, made.encode())
    return made


class TemplateCode(BytecodeCache):
    """Compiled templates; jinja2 checks that they are those of its version and of the templates."""

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill a bucket, if its template is kept."""
        found = _read(_place(bucket.key))
        if found is not None:
            bucket.load_bytecode(BytesIO(found))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a template."""
        _write(_place(bucket.key), bucket.bytecode_to_string())


def _place(key: str) -> Path | None:
    folder = folder_beside("reports")
    return None if folder is None else folder / sha256(f"{__version__}\0{key}".encode()).hexdigest()[:40]


def _read(place: Path | None) -> bytes | None:
    try:
        stored = b"" if place is None else place.read_bytes()
    except OSError:
        return None
    digest, content = stored[:_DIGEST_SIZE], stored[_DIGEST_SIZE:]
    return content if sha256(content).digest() == digest else None


def _write(place: Path | None, content: bytes) -> None:
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
