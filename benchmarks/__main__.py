"""What jpsim costs on this machine: ``python -m benchmarks``, or ``make bench``.

Prints the kernels against numpy (`benchmarks/kernels.py`), then the main job step by step, then the
wall-clock time of commands that must answer at once. Kernels are compiled before anything is timed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from benchmarks import kernels
from jpsim import api
from jpsim.scenario import load_run

CONFIG = Path(__file__).resolve().parent.parent / "configs" / "boj_hike.yaml"
COMMANDS = (["--help"], ["validate", str(CONFIG)], ["runs", "--help"])
Result = TypeVar("Result")


def timed(label: str, work: Callable[[], Result]) -> Result:
    """Do something once and print how long it took."""
    begun = time.perf_counter()
    result = work()
    print(f"{label:30s} {time.perf_counter() - begun:8.3f} s")
    return result


def time_main_job() -> None:
    """Time the steps of ``jpsim run configs/boj_hike.yaml``."""
    request = timed("read the run", lambda: load_run(CONFIG))
    job, plan = timed("model, laws, plan", lambda: api.plan(request))
    print(f"{plan.scenarios} scenarios, {plan.paths:,} paths, {plan.outputs} outputs, {plan.months} months")
    run = timed("draw and reduce", lambda: api.execute(job))
    with TemporaryDirectory() as folder:
        timed("tables, report, folder", lambda: api.store(run, Path(folder)))


def time_commands() -> None:
    """Time commands that do without the numerical stack; best of three."""
    environment = {**os.environ, "PYTHONPATH": str(CONFIG.parent.parent)}
    for words in COMMANDS:
        call = [sys.executable, "-c", "from jpsim.cli import main; main()", *words]
        run = partial(subprocess.run, call, env=environment, stdout=subprocess.DEVNULL, check=True)
        label = " ".join(["jpsim", *(Path(word).name for word in words)])
        print(f"{label:30s} {kernels.seconds(run):8.3f} s")


def main() -> None:
    """Print everything."""
    print("kernels")
    api.warm_up()
    kernels.main()
    print("\nmain job")
    time_main_job()
    print("\ncommands")
    time_commands()


if __name__ == "__main__":
    main()
