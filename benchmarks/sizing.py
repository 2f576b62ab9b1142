"""Time and peak memory of a run by its size: ``python -m benchmarks.sizing [--most 1000000]``.

Draws one unconditional and one conditioned scenario of the shipped model, with statistics from histograms and
exact ones, on one thread and on two, each in a process of its own. Seconds of processor time say more than those
of the clock on a machine that others use; both are printed, after the kernels are compiled.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from itertools import product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

CONFIG = Path(__file__).resolve().parent.parent / "configs" / "boj_hike.yaml"
SCENARIOS = ("baseline", "boj_hike")


def measure(scenario: str, paths: int, threads: int, statistics: str) -> dict[str, float]:
    """Draw one scenario in this process: seconds by the clock and of the processor, peak memory in MiB."""
    import resource

    from jpsim import api
    from jpsim.scenario import load_run
    from jpsim.simulation.executors import Threads

    sampler = api.plan(load_run(CONFIG, [f"scenarios=[{scenario}]"]))[0].samplers[0]
    sampler.draw(4096, Threads(threads), exact=statistics == "exact")
    clock, processor = time.perf_counter(), time.process_time()
    sampler.draw(paths, Threads(threads), exact=statistics == "exact")
    return {
        "clock": time.perf_counter() - clock,
        "processor": time.process_time() - processor,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10,
    }


def elsewhere(*case: object) -> dict[str, float]:
    """Measure a case in a process of its own."""
    words = [sys.executable, __file__, "--case", *map(str, case)]
    answer: dict[str, float] = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    return answer


def main() -> None:
    """Print a line for each case, and the ratio of exact statistics to those of histograms."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=1_000_000)
    parser.add_argument("--case", nargs=4)
    options = parser.parse_args()
    if options.case:
        scenario, paths, threads, statistics = options.case
        print(json.dumps(measure(scenario, int(paths), int(threads), statistics)))
        return
    sizes = [paths for paths in (100_000, 1_000_000, 10_000_000) if paths <= options.most]
    print(f"{'scenario':10s} {'paths':>10s} {'threads':>7s} {'statistics':10s}    clock  processor  peak MiB  ratio")
    for scenario, paths, threads in product(SCENARIOS, sizes, (1, 2)):
        plain = 0.0
        for statistics in ("histogram", "exact"):
            found = elsewhere(scenario, paths, threads, statistics)
            plain = plain or found["processor"]
            print(
                f"{scenario:10s} {paths:10,d} {threads:7d} {statistics:10s} {found['clock']:8.2f} "
                f"{found['processor']:10.2f} {found['peak']:9.0f} {found['processor'] / plain:6.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
