"""What commands that write a file share: a file that cannot be written is told by name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["writing"]


@contextmanager
def writing(file: Path) -> Iterator[None]:
    """Write a file; `ResourceError` where the system does not let it be written."""
    try:
        yield
    except OSError as error:
        from jpsim.errors import ResourceError

        raise ResourceError(f"{file}: not written ({error.strerror})") from error
