"""A run's folder: written whole or not at all, and read back with every byte checked."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from jpsim.days import parse_instant
from jpsim.errors import DamagedError, InputError, Problem, ResourceError
from jpsim.runs.arrow import values_of
from jpsim.runs.frames import STATISTIC_COLUMNS
from jpsim.runs.manifest import MANIFEST, MANIFEST_SCHEMA, file_digest, manifest_bytes, read_manifest
from jpsim.runs.parquet import (
    attribution_table,
    distribution_from,
    distribution_table,
    read_table,
    read_weights,
    summary_table,
    weights_tables,
    write_tables,
)
from jpsim.runs.record import Attribution, Run
from jpsim.simulation.result import STATISTICS
from jpsim.simulation.sharding import on_threads

__all__ = ["PARTIAL_SUFFIX", "load_run_folder", "write_run_folder"]

PARTIAL_SUFFIX = ".partial"
"""End of the name of a hidden folder that is being written, or that a killed writer left behind."""

_DECOMPOSITIONS = ("condition", "shock", "earnings", "var95", "es95")
_TABLES = (
    "components.parquet",
    "drivers.parquet",
    "hedges.parquet",
    "uncertainty.parquet",
    *(f"attribution_{by}.parquet" for by in _DECOMPOSITIONS),
)
_INPUTS = ("portfolio.csv",)
"""Files that only some runs have; see `Run.tables` and `Run.inputs`."""


def write_run_folder(
    run: Run,
    directory: Path,
    documents: Mapping[str, bytes] | None = None,
    fill: Callable[[Path], object] | None = None,
) -> Path:
    """Store a run in `directory` under its id; the folder appears whole or not at all.

    Parameters
    ----------
    run
        The run; its manifest bears `run_id`.
    directory
        Folder that holds runs; made if need be.
    documents
        More files by name, such as ``report.html``.
    fill
        Writes files that are too large for memory, such as paths, into the folder before it gets its name.

    Returns
    -------
    Path
        The run's folder.

    Raises
    ------
    ResourceError
        The disk is full, or the folder cannot be written to.
    InputError
        A run of that id is already there, or `directory` is a file.
    """
    target = Path(directory) / run.run_id
    with _disk_errors(target), _partial_folder(target) as folder:
        _write_tables(run, folder)
        (folder / "resolved.yaml").write_text(run.resolved, encoding="utf-8")
        for name, content in {**(documents or {}), **run.inputs}.items():
            (folder / name).write_bytes(content)
        if fill is not None:
            fill(folder)
        files = {path.name: file_digest(path) for path in sorted(folder.iterdir())}
        manifest = {"schema": MANIFEST_SCHEMA, **run.manifest, "files": files, "diagnostics": dict(run.diagnostics)}
        (folder / MANIFEST).write_bytes(manifest_bytes(manifest))
        for path in folder.iterdir():
            _flush(path)
        _publish(folder, target)
    return target


def load_run_folder(path: Path) -> Run:
    """Read a stored run.

    Raises
    ------
    InputError
        There is no run at `path`, or one that another version wrote with other columns.
    DamagedError
        A file is missing or its bytes are not those that were written.
    """
    folder = Path(path)
    manifest = read_manifest(folder)
    for name in manifest["files"]:
        _check(folder / name, manifest["files"][name])
    summary = read_table(folder / "summary.parquet")
    _require_columns(folder, summary, manifest)
    horizon = int(manifest["horizon"])
    reported = len(manifest.get("steps") or range(horizon))
    outputs, kinds = _outputs(summary, len(manifest["scenarios"]), reported)
    shape = len(manifest["scenarios"]), len(outputs), reported
    columns = {name: values_of(summary[name]).reshape(shape) for name in STATISTIC_COLUMNS}
    return Run(
        scenarios=tuple(manifest["scenarios"]),
        outputs=outputs,
        kinds=kinds,
        as_of=parse_instant(manifest["model"]["as_of"], manifest.get("step", "month")),
        horizon=horizon,
        statistics=MappingProxyType({name: columns[name] for name in STATISTICS}),
        errors=MappingProxyType({name: columns[f"{name}_se"] for name in STATISTICS}),
        distribution=distribution_from(read_table(folder / "distribution.parquet"), shape),
        manifest=MappingProxyType(manifest),
        resolved=(folder / "resolved.yaml").read_text(encoding="utf-8"),
        diagnostics=MappingProxyType(manifest["diagnostics"]),
        attribution=_attribution(folder / "attribution.parquet"),
        weights=MappingProxyType(_weights(folder / "weights.parquet")),
        tables={name: read_table(folder / name) for name in _TABLES if name in manifest["files"]},
        inputs={name: (folder / name).read_bytes() for name in _INPUTS if name in manifest["files"]},
    )


def _require_columns(folder: Path, summary: Any, manifest: Mapping[str, Any]) -> None:
    lacking = [name for name in ("series", "kind", *STATISTIC_COLUMNS) if name not in summary.column_names]
    if lacking:
        written = manifest.get("versions", {}).get("jpsim", "another version")
        found = f"{folder}: written by jpsim {written}, its summary lacks {', '.join(lacking)}"
        raise InputError(Problem(found, fix="carry the run out again: jpsim run resolved.yaml"))


def _write_tables(run: Run, folder: Path) -> None:
    """Write the tables, two at a time: compressing them keeps one core busy each."""
    made: dict[str, Callable[[], Iterable[Any]]] = {
        "summary.parquet": lambda: [summary_table(run)],
        "attribution.parquet": lambda: [attribution_table(run.attribution)],
        "distribution.parquet": lambda: [distribution_table(run)],
        **({"weights.parquet": lambda: weights_tables(run)} if run.weights else {}),
        **{name: partial(list, [table]) for name, table in run.tables.items()},
    }
    on_threads(lambda name: write_tables(made[name](), folder / name), list(made), 2)


@contextmanager
def _partial_folder(target: Path) -> Iterator[Path]:
    """Make a hidden folder beside the target, locked while its writer lives and gone if writing fails."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        raise _taken(target)
    folder = target.parent / f".{target.name}.{secrets.token_hex(4)}{PARTIAL_SUFFIX}"
    folder.mkdir()
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _publish(folder: Path, target: Path) -> None:
    _flush(folder)
    try:
        folder.rename(target)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise _taken(target) from None
        raise
    _flush(target.parent)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _disk_errors(target: Path) -> Iterator[None]:
    try:
        yield
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError(f"{target.parent}: cannot hold runs, it or a folder above it is a file") from error
    except OSError as error:
        raise ResourceError(f"{target.parent}: the run was not stored ({error.strerror or error})") from error


def _taken(target: Path) -> InputError:
    same = "the same run was stored in the same second"
    return InputError(Problem(f"{target}: {same}", fix="use that one, or run again into another --out"))


def _check(path: Path, expected: Mapping[str, Any]) -> None:
    if not path.is_file():
        raise DamagedError(f"{path}: missing")
    if file_digest(path) != expected:
        raise DamagedError(f"{path}: damaged, its bytes are not those that were written")


def _outputs(summary: Any, scenarios: int, months: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    rows = summary.num_rows // scenarios
    outputs, kinds = (tuple(summary[name].to_pylist()[:rows:months]) for name in ("series", "kind"))
    repeated = np.tile(np.repeat(np.asarray(outputs, dtype=object), months), scenarios)
    if rows != len(outputs) * months or not np.array_equal(repeated, summary["series"].to_pylist()):
        raise DamagedError("summary.parquet: its rows are not one per scenario, series and month")
    return outputs, kinds


def _attribution(path: Path) -> Attribution:
    return Attribution.from_table(read_table(path))


def _weights(path: Path) -> dict[str, np.ndarray]:
    return read_weights(path) if path.exists() else {}
