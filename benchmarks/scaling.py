"""How time and memory grow with paths, factors, series, months and threads, each alone."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.kernels import ranged
from jpsim.simulation.engine import draw
from tests.naive.simulation import example_law

__all__ = ["peak_memory", "print_peak", "scale"]

BASE = {"n": 12, "p": 1, "months": 12, "series": 60, "groups": 4, "common": 4, "nu": 6.0, "idio_nu": 5.0}
SIZES = {"n": (4, 12, 24, 48), "series": (15, 60, 240), "months": (3, 12, 36)}
PATHS = (10_000, 30_000, 100_000)


def processor_seconds(size: dict[str, float], paths: int, threads: int = 1) -> tuple[float, float]:
    """Best of three: by the processor, and by the clock."""
    law = ranged(example_law(np.random.default_rng(1), **size))
    best = float("inf"), float("inf")
    for _ in range(3):
        clock, processor = time.perf_counter(), time.process_time()
        draw(law, scenario="s", seed=1, paths=paths, threads=threads)
        best = min(best[0], time.process_time() - processor), min(best[1], time.perf_counter() - clock)
    return best


def scale() -> dict[str, dict[str, float]]:
    """Seconds of processor time by size, one size changed at a time; by the clock for threads."""
    found = {"paths": {str(paths): processor_seconds(BASE, paths)[0] for paths in PATHS}}
    for name, values in SIZES.items():
        found[name] = {str(value): processor_seconds({**BASE, name: value}, 30_000)[0] for value in values}
    found["threads"] = {str(threads): processor_seconds(BASE, 100_000, threads)[1] for threads in (1, 2)}
    return found


def peak_memory(paths: int) -> float:
    """Peak, in MiB, of a whole process that draws W1 on two threads."""
    words = [sys.executable, "-c", f"from benchmarks.scaling import print_peak; print_peak({paths})"]
    root = Path(__file__).resolve().parent.parent
    return float(subprocess.run(words, cwd=root, capture_output=True, text=True, check=True).stdout)


def print_peak(paths: int) -> None:
    """Draw W1 and print the peak memory of this process in MiB."""
    from benchmarks.w1 import parameters, w1_law

    draw(w1_law(parameters()), scenario="w1", seed=1, paths=paths, threads=2)
    print(own_peak())


def own_peak() -> float:
    """Peak of this process in MiB; what Linux gives as resource usage includes that of the process it came from."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    fields = dict(line.split(":", 1) for line in status.read_text(encoding="ascii").splitlines())
    return int(fields["VmHWM"].split()[0]) / 1024
