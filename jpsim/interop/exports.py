"""The formats that a stored run can be exported to, each into a folder that appears whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from jpsim.errors import InputError, Problem, ResourceError, UnsupportedError
from jpsim.interop.arrays import export_fortitudo, export_parquet, export_skfolio
from jpsim.interop.atoti import export_atoti
from jpsim.interop.cubes import export_json, export_netcdf
from jpsim.interop.delimited import export_csv
from jpsim.interop.draws import PathSample
from jpsim.interop.ore import export_ore
from jpsim.interop.paths import SAMPLE_PATHS
from jpsim.interop.selection import Selection
from jpsim.runs import Run
from jpsim.simulation.job import Job

__all__ = ["EXPORTS", "check_formats", "export_run"]

EXPORTS: Mapping[str, Callable[[PathSample, Selection, Path], None]] = MappingProxyType(
    {
        "skfolio": export_skfolio,
        "fortitudo": export_fortitudo,
        "ore": export_ore,
        "atoti": export_atoti,
        "csv": export_csv,
        "parquet": export_parquet,
        "netcdf": export_netcdf,
        "json": export_json,
    }
)
"""Name of a format to what writes it into an empty folder."""

_OF_ONE_MONTH = ("skfolio", "fortitudo")
"""Formats that are small enough to hold all paths where nothing else is asked for."""


def export_run(
    run: Run,
    job: Job,
    chosen: Selection,
    formats: Sequence[str],
    target: Path,
    *,
    paths: int | None = None,
) -> tuple[Path, ...]:
    """Write a stored run in other systems' formats.

    Parameters
    ----------
    run, job
        The run, and its job prepared again.
    chosen
        Scenarios, series and month.
    formats
        Names in `EXPORTS`.
    target
        Folder in which a folder ``<run_id>-<format>`` is made for each format.
    paths
        How many of the first paths are exported; None for all in the formats of one month (skfolio,
        fortitudo) and the first thousand in the others.

    Returns
    -------
    tuple of Path
        The folders.

    Raises
    ------
    InputError
        Unknown formats, too many paths, or a folder that is already there.
    ResourceError
        The disk is full, or the target cannot be written to.
    """
    if run.step == "day" or len(run.steps) != run.horizon:
        found = f"{run.run_id} does not report every month; its paths cannot be exported yet"
        raise UnsupportedError(Problem(found, fix="set paths_out in the run file: paths.parquet has the reported days"))
    drawn = int(run.manifest["paths"])
    folders = []
    for name in check_formats(formats):
        count = paths if paths is not None else drawn if name in _OF_ONE_MONTH else min(SAMPLE_PATHS, drawn)
        sample = PathSample(run, job, count)
        with _whole_folder(target / f"{run.run_id}-{name}") as folder:
            EXPORTS[name](sample, chosen, folder)
        folders.append(target / f"{run.run_id}-{name}")
    return tuple(folders)


def check_formats(formats: Sequence[str]) -> tuple[str, ...]:
    """Return the formats; InputError if one is unknown, or there is none."""
    unknown = [name for name in formats if name not in EXPORTS]
    if unknown or not formats:
        raise InputError(Problem(f"no export is called {', '.join(unknown) or 'nothing'}", allowed=", ".join(EXPORTS)))
    return tuple(formats)


@contextmanager
def _whole_folder(target: Path) -> Iterator[Path]:
    """Make a folder that gets its name once all is written."""
    if target.exists():
        fix = "remove it, or export into another folder"
        raise InputError(Problem(f"{target} is already there", fix=fix))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        try:
            yield partial
            partial.chmod(0o777 & ~_umask())
            partial.rename(target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError(f"{target.parent}: it or a folder above it is a file") from error
    except OSError as error:
        raise ResourceError(f"{target}: the export was not written ({error.strerror or error})") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
