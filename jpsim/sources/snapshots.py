"""Snapshots: a publisher's answers byte for byte, hashed, with vintage and licence."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jpsim.errors import DamagedError, InputError, Place, Problem
from jpsim.sources.transport import Answer

__all__ = ["Snapshot", "newest_snapshots", "read_snapshot", "write_snapshot"]

SCHEMA = "jpsim-snapshot/1"
RECORD = "snapshot.json"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a publisher served at one time.

    Parameters
    ----------
    source
        Id of the publisher.
    pulled
        Time in UTC: its vintage.
    licence
        What may be done with it.
    codes
        What was asked for.
    answers
        What came.
    folder
        Where it is kept.
    """

    source: str
    pulled: datetime
    licence: str
    codes: tuple[str, ...]
    answers: tuple[Answer, ...]
    folder: Path


def write_snapshot(
    into: Path, source: str, pulled: datetime, licence: str, codes: Sequence[str], answers: Sequence[Answer]
) -> Snapshot:
    """Write a snapshot to ``into/source/<time>``; it appears whole or not at all."""
    folder = into / source / pulled.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    if folder.exists():
        raise InputError(Problem("there is a snapshot of this second already", Place(str(folder)), fix="try again"))
    folder.parent.mkdir(parents=True, exist_ok=True)
    names = [f"{number:03d}{_suffix(answer)}" for number, answer in enumerate(answers)]
    record = {
        "schema": SCHEMA,
        "source": source,
        "pulled_utc": pulled.astimezone(UTC).isoformat(),
        "licence": licence,
        "codes": list(codes),
        "answers": [_describe(name, answer) for name, answer in zip(names, answers, strict=True)],
    }
    staging = Path(tempfile.mkdtemp(prefix=".snapshot-", dir=folder.parent))
    try:
        for name, answer in zip(names, answers, strict=True):
            (staging / name).write_bytes(answer.content)
        (staging / RECORD).write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        staging.chmod(0o755)
        staging.replace(folder)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    return Snapshot(source, pulled, licence, tuple(codes), tuple(answers), folder)


def read_snapshot(folder: Path) -> Snapshot:
    """Read a snapshot and check every byte of it.

    Raises
    ------
    DamagedError
        A file is missing or not what the record says.
    """
    try:
        record: dict[str, Any] = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        answers = tuple(_read_answer(folder, entry) for entry in record["answers"])
        pulled = datetime.fromisoformat(record["pulled_utc"])
        return Snapshot(record["source"], pulled, record["licence"], tuple(record["codes"]), answers, folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedError(Problem(f"not a whole snapshot: {error}", Place(str(folder)), fix="pull it again")) from None


def newest_snapshots(folder: Path, before: datetime | None = None) -> dict[str, Snapshot]:
    """Newest snapshot of each source in a folder, or the newest not after a time.

    Raises
    ------
    InputError
        There is none.
    """
    out = {}
    for source in sorted(path for path in folder.glob("*") if path.is_dir()):
        found = sorted(path for path in source.glob("*") if (path / RECORD).is_file())
        if before is not None:
            found = [path for path in found if path.name <= before.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")]
        if found:
            out[source.name] = read_snapshot(found[-1])
    if not out:
        when = f" of {before:%Y-%m-%d} or before" if before else ""
        raise InputError(Problem(f"no snapshots{when}", Place(str(folder)), fix="jpsim data pull SOURCE..."))
    return out


def _suffix(answer: Answer) -> str:
    path = answer.url.partition("?")[0]
    dot = path.rpartition("/")[2].rpartition(".")
    return f".{dot[2].lower()}" if dot[1] and dot[2].isalnum() and len(dot[2]) < 8 else ".txt"


def _describe(name: str, answer: Answer) -> Mapping[str, object]:
    digest = hashlib.sha256(answer.content).hexdigest()
    return {
        "file": name,
        "url": answer.url,
        "last_modified": answer.modified,
        "sha256": digest,
        "bytes": len(answer.content),
    }


def _read_answer(folder: Path, entry: Mapping[str, Any]) -> Answer:
    content = (folder / Path(entry["file"]).name).read_bytes()
    if hashlib.sha256(content).hexdigest() != entry["sha256"]:
        raise ValueError(f"{entry['file']} has changed since it was pulled")
    return Answer(entry["url"], content, entry["last_modified"])
