"""What a run will take, before anything is allocated; and the machine it ran on."""

from __future__ import annotations

import os
import platform
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from jpsim.errors import ResourceError

__all__ = ["Plan", "check_disk", "check_plan", "describe_machine", "free_memory", "list_versions", "now_utc"]

LONGEST_SECONDS = 24 * 3600.0
LONG_SECONDS = 3600.0
_RESERVE = 0.9  # share of the free memory, or disk, that a run may take


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will take.

    Parameters
    ----------
    paths, scenarios, outputs, months
        Its size.
    memory_bytes
        Peak memory.
    memory_free
        Free memory of this machine.
    bytes_per_path
        Memory that grows with the number of paths.
    seconds
        Rough time of drawing all scenarios, from the rate that this machine was measured to have.
    disk_bytes, disk_bytes_per_path
        What files that grow with the number of paths take: stored paths and weights.
    limited
        Whether a run may take a day at most: a cluster of unknown size may be quicker than is known here.
    """

    paths: int
    scenarios: int
    outputs: int
    months: int
    memory_bytes: int
    memory_free: int
    bytes_per_path: int
    seconds: float
    disk_bytes: int = 0
    disk_bytes_per_path: int = 0
    limited: bool = True

    def to_dict(self) -> dict[str, float | int]:
        """Plain JSON."""
        return {name: getattr(self, name) for name in self.__slots__}

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know before it starts."""
        if self.seconds <= LONG_SECONDS:
            return ()
        return (f"this run takes about {self.seconds / 3600:,.1f} hours; it can be stopped and resumed",)


def check_plan(plan: Plan) -> None:
    """Refuse a run that does not fit.

    Raises
    ------
    ResourceError
        If it takes more memory than is free or more than a day; names the largest number of paths that fits.
    """
    fits = int(plan.paths * LONGEST_SECONDS / max(plan.seconds, 1e-9)) if plan.limited else plan.paths
    budget = _RESERVE * plan.memory_free
    if plan.bytes_per_path:
        base = plan.memory_bytes - plan.bytes_per_path * plan.paths
        fits = min(fits, max(int((budget - base) // plan.bytes_per_path), 0))
    elif plan.memory_bytes > budget:
        fits = 0
    if plan.paths > fits:
        raise ResourceError(
            f"{plan.paths:,} paths of {plan.scenarios} scenarios would take about {plan.seconds / 3600:,.1f} hours and "
            f"{plan.memory_bytes / 2**30:,.1f} GiB ({plan.memory_free / 2**30:,.1f} GiB are free); "
            f"at most about {_round_down(fits):,} paths fit in a day and in memory"
        )


def check_disk(plan: Plan, folder: Path) -> None:
    """Refuse a run whose paths and weights the disk has no room for.

    Parameters
    ----------
    plan
        The plan.
    folder
        Folder that will hold the run; it need not exist yet.

    Raises
    ------
    ResourceError
        It names the largest number of paths that fits.
    """
    if not plan.disk_bytes_per_path:
        return
    there = next((place for place in (folder.absolute(), *folder.absolute().parents) if place.is_dir()), None)
    if there is None:
        return
    free = shutil.disk_usage(there).free
    fixed = plan.disk_bytes - plan.disk_bytes_per_path * plan.paths
    if plan.disk_bytes > _RESERVE * free:
        fits = max(int((_RESERVE * free - fixed) // plan.disk_bytes_per_path), 0)
        raise ResourceError(
            f"{folder}: the files of {plan.paths:,} paths take up to {plan.disk_bytes / 2**30:,.1f} GiB and "
            f"{free / 2**30:,.1f} GiB are free; at most about {_round_down(fits):,} paths fit, or set paths_out: sample"
        )


def now_utc() -> str:
    """Return the time, in UTC to the second, as ISO text."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def describe_machine() -> dict[str, str | int]:
    """Kind of machine, for the record; nothing that identifies it."""
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "cores": os.cpu_count() or 1,
    }


def list_versions() -> dict[str, str]:
    """Versions of jpsim and of the packages that the numbers depend on."""
    return {package: _version(package) for package in ("jpsim", "numpy", "scipy", "numba", "llvmlite", "pyarrow")}


@cache
def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def free_memory() -> int:
    """Bytes of memory that are free, or all there are where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        fields = dict(line.split(":", 1) for line in lines)
        return int(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 8 * 2**30


def _round_down(paths: int) -> int:
    """Two significant digits, not more."""
    digits = max(len(str(paths)) - 2, 0)
    return int(paths // 10**digits * 10**digits)
