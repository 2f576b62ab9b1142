"""What jpsim costs on this machine: ``python -m benchmarks``, or ``make bench``.

Prints the machine, the kernels against numpy (`benchmarks/kernels.py`), workload W1 (`benchmarks/w1.py`), conditioned
scenarios (`benchmarks/conditional.py`), other libraries (`benchmarks/peers.py`), growth (`benchmarks/scaling.py`), the
main job step by step, and the wall-clock time of commands beside that of importing the libraries that they stand
on; then all that is aimed at, in one table, which goes to ``docs/_static/benchmarks.json``, its picture, and
``docs/benchmarks.md``. Kernels are compiled before anything is timed. ``--against REV`` only compares with a commit.
On a machine that does other work, too, repeat it and believe the smallest times.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # the references' threads are their own

import argparse
import json
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
from benchmarks.against import compare_with
from benchmarks.conditional import conditional_seconds
from benchmarks.figures import Figure, draw_svg, print_figures, write_json, write_page
from benchmarks.peers import peer_seconds
from benchmarks.scaling import peak_memory, scale
from benchmarks.sizing import elsewhere
from jpsim import api
from jpsim.scenario import load_run
from jpsim.simulation.plan import list_versions

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
CONFIG = ROOT / "configs" / "boj_hike.yaml"
COMMANDS = (["--help"], ["validate", str(CONFIG)], ["explain", "boj_hike"], ["run", str(CONFIG)])
FLOOR = "numpy, numba, click, pydantic"
IMPORTS = ("click", "click, yaml, pydantic", FLOOR)
INNOVATIONS = ("gaussian", "student_t", "stochastic_volatility")
Result = TypeVar("Result")


def describe() -> dict[str, str]:
    """Name the kind of processor, its load and the versions that matter."""
    names = [line for line in _lines(Path("/proc/cpuinfo")) if line.startswith("model name")]
    name = names[0].partition(":")[2].strip() if names else platform.machine()
    versions = ", ".join(f"{name} {version}" for name, version in list_versions().items())
    return {
        "processor": f"{name}, {os.cpu_count()} threads, {platform.system()}",
        "load before": f"{', '.join(f'{load:.2f}' for load in os.getloadavg())} (1, 5 and 15 minutes)",
        "versions": f"python {platform.python_version()}, {versions}",
    }


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


def time_innovations() -> list[Figure]:
    """Time drawing a conditioned scenario under each law of the innovations; best of three."""
    seconds = {}
    for name in INNOVATIONS:
        job, _ = api.plan(load_run(CONFIG, ["scenarios=[boj_hike]", f"innovations={name}"]))
        api.execute(job)
        seconds[name] = kernels.seconds(partial(api.execute, job))
        print(f"{name:30s} {seconds[name]:8.3f} s {seconds[name] / seconds['gaussian']:6.2f} times gaussian")
    ratio = seconds["stochastic_volatility"] / seconds["gaussian"]
    return [Figure("a scenario of the shipped model, stochastic volatility / Gaussian", ratio, 3.0, more=False)]


def time_python(label: str, arguments: Sequence[str]) -> float:
    """Time a new interpreter, with the bytecode that an installation has; best of five."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = str(ROOT)
    call = [sys.executable, *arguments]
    run = partial(subprocess.run, call, env=environment, stdout=subprocess.DEVNULL, check=True, cwd=ROOT)
    seconds = kernels.seconds(run, repeats=5)
    print(f"{label:58s} {seconds:8.3f} s", flush=True)
    return seconds


def time_commands() -> list[Figure]:
    """Time commands from start to end, and the imports that such commands cannot do without."""
    imports = {names: time_python(f"python -c 'import {names}'", ["-c", f"import {names}"]) for names in IMPORTS}
    taken = {}
    with TemporaryDirectory() as folder:
        for words in COMMANDS:
            label = " ".join(["jpsim", *(Path(word).name for word in words)])
            out = ["--out", folder] if words[0] == "run" else []
            taken[words[0]] = time_python(label, ["-m", "jpsim", *words, *out])
    floor = f"whole process of jpsim run / import of {FLOOR}"
    return [
        Figure(floor, taken["run"] / imports[FLOOR], 4.0, more=False),
        Figure("jpsim --help, s", taken["--help"], 0.3, more=False),
        Figure("jpsim validate, s", taken["validate"], 0.3, more=False),
    ]


def time_w1() -> list[Figure]:
    """Time W1 in a process of its own, and its memory at a million paths and at ten."""
    with TemporaryDirectory() as folder:
        found = Path(folder) / "w1.json"
        subprocess.run([sys.executable, str(ROOT / "benchmarks" / "w1.py"), "--json", str(found)], check=True)
        figures = [Figure(**figure) for figure in json.loads(found.read_text(encoding="utf-8"))]
    small, large, huge = (peak_memory(paths) for paths in (100_000, 1_000_000, 10_000_000))
    kept = 60 * 12 * 8 * 1e6 / 2**20
    print(
        f"peak of a process that draws W1: {small:.0f} MiB at 1e5 paths, {large:.0f} MiB at 1e6, {huge:.0f} MiB at 1e7"
    )
    return [
        *figures,
        Figure("W1 at 1e6 paths, numpy's paths alone / the whole process of jpsim, memory", kept / large, 18.0),
        Figure("W1, memory at 1e7 paths / at 1e5", huge / small, 1.1, more=False),
    ]


def time_exact() -> list[Figure]:
    """Time exact statistics of a scenario of the shipped model over those of histograms."""
    figures = []
    for paths in (100_000, 1_000_000):
        plain, exact = (elsewhere("baseline", paths, 2, kind)["processor"] for kind in ("histogram", "exact"))
        print(f"baseline, {paths:,} paths: {plain:.2f} s with histograms, {exact:.2f} s exact, processor time")
        what = f"statistics of {paths:,} paths of the shipped model, exact / by histograms, processor time"
        figures.append(Figure(what, exact / plain, 2.0, more=False))
    return figures


def time_conditional() -> list[Figure]:
    """Time conditioned scenarios of 17 rows."""
    seconds = conditional_seconds()
    for name, taken in seconds.items():
        print(f"{name:34s} {taken:8.3f} s of processor time")
    gaussian, alone, counted = seconds["gaussian"], seconds["paths: numpy float32"], seconds["numpy float32"]
    what, volatile = "12 factors, 12 months, 17 conditions, ", seconds["stochastic_volatility"] / gaussian
    return [
        Figure(what + "paths alone, numpy / jpsim, both float32", alone / seconds["paths: gaussian, float32"], 8.0),
        Figure(what + "the same, jpsim fast", alone / seconds["paths: gaussian, float32, fast"], None),
        Figure(what + "statistics, numpy / jpsim, both float32", counted / seconds["gaussian, float32"], 8.0),
        Figure(what + "the same, jpsim fast", counted / seconds["gaussian, float32, fast"], None),
        Figure(what + "statistics, numpy float32 / jpsim float64", counted / gaussian, None),
        Figure(what + "stochastic volatility / Gaussian", volatile, 3.0, more=False),
        Figure(what + "Student-t / Gaussian", seconds["student_t"] / gaussian, None),
    ]


def time_peers() -> None:
    """Print what other libraries take for parts of W1."""
    for name, taken in peer_seconds(100_000).items():
        print(f"{name:48s} {taken:8.2f} s of processor time for 1e5 paths")


def time_scaling() -> dict[str, dict[str, float]]:
    """Print how seconds grow with each size."""
    found = scale()
    for name, seconds in found.items():
        print(f"{name:10s} " + "   ".join(f"{size}: {taken:.3f} s" for size, taken in seconds.items()))
    return found


def publish(machine: dict[str, str], figures: list[Figure], scaling: dict[str, dict[str, float]]) -> None:
    """Print the table of what is aimed at, and put it where the documentation takes it from."""
    print_figures(figures)
    write_json(DOCS / "_static" / "benchmarks.json", machine, figures, scaling)
    (DOCS / "_static" / "benchmarks.svg").write_text(draw_svg(figures), encoding="utf-8")
    write_page(DOCS / "benchmarks.md", figures)


def measure_all() -> None:
    """Measure and print everything."""
    machine = describe()
    print("\n".join(machine.values()))
    print("\nkernels", flush=True)
    api.warm_up()
    kernels.main()
    print("\nworkload W1", flush=True)
    figures = time_w1()
    print("\nconditioned scenarios of 17 rows", flush=True)
    figures += time_conditional()
    print("\nexact statistics", flush=True)
    figures += time_exact()
    print("\nother libraries", flush=True)
    time_peers()
    print("\ngrowth", flush=True)
    scaling = time_scaling()
    print("\nmain job")
    time_main_job()
    print("\none conditioned scenario, by law of the innovations", flush=True)
    figures += time_innovations()
    print("\nstart-up and commands", flush=True)
    figures += time_commands()
    print("\nagainst the targets", flush=True)
    publish(machine, figures, scaling)


def main() -> None:
    """Measure everything, or compare with a commit."""
    parser = argparse.ArgumentParser(description="What jpsim costs on this machine.")
    parser.add_argument("--against", metavar="REV", help="a commit to compare W1 with, in turns")
    parser.add_argument("--paths", type=int, default=100_000, help="paths of that comparison")
    options = parser.parse_args()
    if options.against:
        compare_with(options.against, options.paths)
    else:
        measure_all()


if __name__ == "__main__":
    main()
