"""What jpsim costs on this machine: ``python -m benchmarks``, or ``make bench``.

Prints the machine, the kernels against numpy (`benchmarks/kernels.py`), workload W1 (`benchmarks/w1.py`, in
a process of its own, because its reference wants numpy with one thread), the main job step by step, and the
wall-clock time of commands beside that of importing the libraries that they stand on. Kernels are compiled
before anything is timed. On a machine that does other work, too, repeat it and believe the smallest times.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from benchmarks import kernels
from jpsim import api
from jpsim.scenario import load_run
from jpsim.simulation.plan import list_versions

ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / "configs" / "boj_hike.yaml"
COMMANDS = (["--help"], ["validate", str(CONFIG)], ["explain", "boj_hike"], ["run", str(CONFIG)])
FLOOR = "numpy, numba, click, pydantic"
IMPORTS = ("click", "click, yaml, pydantic", FLOOR)
INNOVATIONS = ("gaussian", "student_t", "stochastic_volatility")
Result = TypeVar("Result")


def describe() -> None:
    """Print the kind of processor, its load and the versions that matter."""
    names = [line for line in _lines(Path("/proc/cpuinfo")) if line.startswith("model name")]
    name = names[0].partition(":")[2].strip() if names else platform.machine()
    print(f"{name}, {os.cpu_count()} threads, {platform.system()}")
    print(f"load before: {', '.join(f'{load:.2f}' for load in os.getloadavg())} (1, 5 and 15 minutes)")
    print(f"python {platform.python_version()}, {', '.join(f'{name} {v}' for name, v in list_versions().items())}")


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


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
        timed("tables, report, folder", lambda: api.store(run, Path(folder), job))


def time_innovations() -> None:
    """Time drawing a conditioned scenario under each law of the innovations; best of three."""
    seconds = {}
    for name in INNOVATIONS:
        job, _ = api.plan(load_run(CONFIG, ["scenarios=[boj_hike]", f"innovations={name}"]))
        api.execute(job)
        seconds[name] = kernels.seconds(partial(api.execute, job))
        print(f"{name:30s} {seconds[name]:8.3f} s {seconds[name] / seconds['gaussian']:6.2f} times gaussian")


def time_python(label: str, arguments: Sequence[str]) -> float:
    """Time a new interpreter; best of five."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    call = [sys.executable, *arguments]
    run = partial(subprocess.run, call, env=environment, stdout=subprocess.DEVNULL, check=True, cwd=ROOT)
    seconds = kernels.seconds(run, repeats=5)
    print(f"{label:58s} {seconds:8.3f} s", flush=True)
    return seconds


def time_commands() -> None:
    """Time commands from start to end, and the imports that such commands cannot do without."""
    imports = {names: time_python(f"python -c 'import {names}'", ["-c", f"import {names}"]) for names in IMPORTS}
    with TemporaryDirectory() as folder:
        for words in COMMANDS:
            label = " ".join(["jpsim", *(Path(word).name for word in words)])
            out = ["--out", folder] if words[0] == "run" else []
            seconds = time_python(label, ["-m", "jpsim", *words, *out])
    print(f"{'jpsim run / import of ' + FLOOR:58s} {seconds / imports[FLOOR]:8.2f}   aim <= 4")


def main() -> None:
    """Print everything."""
    describe()
    print("\nkernels", flush=True)
    api.warm_up()
    kernels.main()
    print("\nworkload W1", flush=True)
    subprocess.run([sys.executable, str(ROOT / "benchmarks" / "w1.py"), *sys.argv[1:]], check=True)
    print("\nmain job")
    time_main_job()
    print("\none conditioned scenario, by law of the innovations", flush=True)
    time_innovations()
    print("\nstart-up and commands", flush=True)
    time_commands()


if __name__ == "__main__":
    main()
