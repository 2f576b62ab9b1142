"""The runs in a folder: the folders and their manifests are the truth, there is no index."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jpsim.days import Step
from jpsim.errors import DamagedError, InputError, JpsimError, Problem
from jpsim.runs.folder import PARTIAL_SUFFIX
from jpsim.runs.journal import JOURNAL_SUFFIX
from jpsim.runs.manifest import MANIFEST, file_digest, read_manifest

__all__ = ["RunEntry", "find_run", "gc_runs", "list_runs", "verify_run"]


@dataclass(frozen=True, slots=True)
class RunEntry:
    """One line of the catalogue.

    Parameters
    ----------
    run_id, path
        Id, and folder.
    created_utc, scenarios, model, paths, horizon, step, content_hash
        From the manifest; `model` is ``id@version``.
    damage
        Why the manifest cannot be believed; None if it can.
    """

    run_id: str
    path: Path
    created_utc: str = ""
    scenarios: tuple[str, ...] = ()
    model: str = ""
    paths: int = 0
    horizon: int = 0
    step: Step = "month"
    content_hash: str = ""
    damage: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON of the entry."""
        return asdict(self) | {"path": str(self.path), "scenarios": list(self.scenarios)}


def list_runs(directory: Path) -> tuple[RunEntry, ...]:
    """Return the runs stored in a folder, oldest first; a folder that does not exist holds none."""
    if not Path(directory).is_dir():
        return ()
    folders = sorted(path for path in Path(directory).iterdir() if not path.name.startswith("."))
    return tuple(_entry(folder) for folder in folders if (folder / MANIFEST).exists())


def find_run(directory: Path, reference: str) -> Path:
    """Folder of the run that `reference` names: a path to it, its id, or the start of one id.

    Raises
    ------
    InputError
        No run, or several, answer to it.
    """
    if os.sep in reference or reference in (".", ".."):
        read_manifest(Path(reference))
        return Path(reference)
    entries = list_runs(directory)
    ids = [entry.run_id for entry in entries]
    matches = [entry for entry in entries if reference and entry.run_id.startswith(reference)]
    exact = [entry for entry in matches if entry.run_id == reference]
    if len(exact or matches) == 1:
        return (exact or matches)[0].path
    several = f"several runs in {directory} start with {reference!r}"
    found = several if matches else f"no run {reference!r} in {directory}"
    shown = ", ".join(entry.run_id for entry in matches) or ", ".join(ids[-5:]) or "none is stored there"
    raise InputError(Problem(found, allowed=shown))


def verify_run(path: Path) -> tuple[str, ...]:
    """Check every file of a run against its manifest.

    Returns
    -------
    tuple of str
        Names of the files checked.

    Raises
    ------
    DamagedError
        Naming each file that is missing, extra or changed.
    """
    manifest = read_manifest(Path(path))
    expected = manifest["files"]
    present = {entry.name: entry for entry in Path(path).iterdir() if entry.name != MANIFEST}
    problems = [f"{name}: missing" for name in expected if name not in present]
    problems += [f"{name}: not listed in the manifest" for name in sorted(present) if name not in expected]
    for name in (name for name in expected if name in present):
        if not present[name].is_file() or file_digest(present[name]) != expected[name]:
            problems.append(f"{name}: damaged, its bytes are not those that were written")
    if problems:
        raise DamagedError([Problem(f"{path}: {problem}") for problem in problems])
    return (MANIFEST, *expected)


def gc_runs(
    directory: Path, remove: Sequence[str] = (), *, dry_run: bool = False, journals: bool = True
) -> tuple[Path, ...]:
    """Remove what killed writers and stopped runs left behind, and the runs named in `remove`; never any other run.

    Parameters
    ----------
    directory
        Folder that holds runs.
    remove
        Ids, or the starts of ids, of runs to remove.
    dry_run
        Only say what would go.
    journals
        Whether the journals of stopped runs go, too, so that these cannot be resumed.

    Returns
    -------
    tuple of Path
        What was removed, or would be.
    """
    runs = tuple(find_run(directory, reference) for reference in remove)
    if not Path(directory).is_dir():
        return ()
    endings = (PARTIAL_SUFFIX, JOURNAL_SUFFIX) if journals else (PARTIAL_SUFFIX,)
    hidden = sorted(path for end in endings for path in Path(directory).glob(f".*{end}"))
    leftovers = tuple(path for path in hidden if _abandoned(path))
    if not dry_run:
        for folder in leftovers:
            shutil.rmtree(folder)
        for folder in runs:
            _remove(folder)
    return leftovers + runs


def _entry(folder: Path) -> RunEntry:
    try:
        manifest = read_manifest(folder)
    except JpsimError as error:
        return RunEntry(folder.name, folder, damage=str(error))
    return RunEntry(
        run_id=manifest["run_id"],
        path=folder,
        created_utc=manifest["created_utc"],
        scenarios=tuple(manifest["scenarios"]),
        model=f"{manifest['model']['id']}@{manifest['model']['version']}",
        paths=manifest["paths"],
        horizon=manifest["horizon"],
        step=manifest.get("step", "month"),
        content_hash=manifest["content_hash"],
    )


def _abandoned(folder: Path) -> bool:
    """Say whether no living writer holds the lock of a partial folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _remove(folder: Path) -> None:
    """Hide a run first, so that it is gone at once and whole even if removal is cut short."""
    hidden = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}{PARTIAL_SUFFIX}")
    folder.rename(hidden)
    shutil.rmtree(hidden)
