"""`manifest.json`: what a run is, and the digest of each of its files and of itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jpsim.errors import DamagedError, InputError, Problem

__all__ = ["MANIFEST", "MANIFEST_SCHEMA", "file_digest", "manifest_bytes", "read_manifest", "run_identifier"]

MANIFEST = "manifest.json"
MANIFEST_SCHEMA = "jpsim/manifest@1"

_SIGNATURE, _END = b',\n  "sha256": "', b"\n}\n"


def run_identifier(created_utc: str, content_hash: str) -> str:
    """Id of a run from the time it was created and its content.

    Examples
    --------
    >>> run_identifier("2026-01-30T10:15:00Z", "1a2b3c4d5e6f")
    '20260130T101500Z-1a2b3c4d'
    """
    time = created_utc.split(".")[0].rstrip("Z").replace("-", "").replace(":", "")
    return f"{time}Z-{content_hash.removeprefix('sha256:')[:8]}"


def file_digest(path: Path) -> dict[str, Any]:
    """Digest and size of a file, as the manifest lists them."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return {"sha256": digest, "bytes": path.stat().st_size}


def manifest_bytes(manifest: Mapping[str, Any]) -> bytes:
    """Text of a manifest, with the digest of everything else in it as the last entry, under ``sha256``."""
    return _signed(_text({key: value for key, value in manifest.items() if key != "sha256"}))


def _signed(content: bytes) -> bytes:
    """Text of an object with the digest of that text as its last entry."""
    return content[: -len(_END)] + _SIGNATURE + hashlib.sha256(content).hexdigest().encode() + b'"' + _END


def _is_signed(text: bytes) -> bool:
    """Whether a text is what `_signed` makes of something."""
    content, found, _ = text.rpartition(_SIGNATURE)
    return bool(found) and _signed(content + _END) == text


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read and check the manifest of a run's folder.

    Raises
    ------
    InputError
        The folder holds no run, or one in the form of another version.
    DamagedError
        A byte of the manifest is not what was written.
    """
    path = folder / MANIFEST
    try:
        stored = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{folder}: holds no run (no {MANIFEST})") from None
    try:
        manifest = json.loads(stored)
        _refuse_other_form(path, manifest)
        whole = isinstance(manifest, dict) and _is_signed(stored)
    except ValueError:
        whole = False
    if not whole:
        raise DamagedError(f"{path}: damaged, its bytes are not those that were written")
    return dict(manifest)


def _refuse_other_form(path: Path, manifest: Any) -> None:
    """Tell a run that another version wrote in its own form from a damaged one."""
    form = manifest.get("schema") if isinstance(manifest, dict) else None
    if isinstance(form, str) and form.startswith("jpsim/manifest@") and form != MANIFEST_SCHEMA:
        found = f"{path}: a run in the form {form}"
        raise InputError(Problem(found, allowed=MANIFEST_SCHEMA, fix="read it with the version of jpsim that wrote it"))


def _text(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
