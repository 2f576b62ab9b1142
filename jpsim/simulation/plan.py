"""What a run will take, before anything is allocated; and the machine it ran on."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from jpsim.errors import ResourceError

__all__ = ["Plan", "check_plan", "describe_machine", "list_versions", "make_plan", "now_utc"]

SECONDS_PER_CELL = 1.3e-8
"""Rough time of one output in one month of one path on one core; only estimates depend on it."""

WEIGHTED_FACTOR = 2.0
BYTES_PER_WEIGHTED_PATH = 40
LONGEST_SECONDS = 24 * 3600.0
_RESERVE = 0.9  # share of the free memory that a run may take


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will take.

    Parameters
    ----------
    paths, scenarios, outputs, months
        Its size.
    memory_bytes
        Peak memory of drawing one scenario.
    memory_free
        Free memory of this machine.
    bytes_per_path
        Memory that grows with the number of paths.
    seconds
        Rough time of drawing all scenarios.
    """

    paths: int
    scenarios: int
    outputs: int
    months: int
    memory_bytes: int
    memory_free: int
    bytes_per_path: int
    seconds: float

    def to_dict(self) -> dict[str, float | int]:
        """Plain JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


def make_plan(*, paths: int, weighted: list[bool], outputs: int, months: int, base_memory: int, threads: int) -> Plan:
    """Estimate a run.

    Parameters
    ----------
    paths
        Paths per scenario.
    weighted
        For each scenario, whether its paths carry weights.
    outputs, months
        Reported quantities and months.
    base_memory
        Bytes that do not depend on the number of paths.
    threads
        Threads in use.
    """
    per_path = BYTES_PER_WEIGHTED_PATH if any(weighted) else 0
    work = sum(WEIGHTED_FACTOR if flag else 1.0 for flag in weighted) * paths * outputs * months
    return Plan(
        paths=paths,
        scenarios=len(weighted),
        outputs=outputs,
        months=months,
        memory_bytes=base_memory + per_path * paths,
        memory_free=_free_memory(),
        bytes_per_path=per_path,
        seconds=work * SECONDS_PER_CELL / max(threads, 1),
    )


def check_plan(plan: Plan) -> None:
    """Refuse a run that does not fit.

    Raises
    ------
    ResourceError
        If it takes more memory than is free or more than a day; names the largest number of paths that fits.
    """
    fits = int(plan.paths * LONGEST_SECONDS / max(plan.seconds, 1e-9))
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
    found = {}
    for package in ("jpsim", "numpy", "scipy", "numba", "llvmlite", "pyarrow"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def _free_memory() -> int:
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
