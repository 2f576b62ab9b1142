"""Time workload W1 against numpy as it is well written: ``python benchmarks/w1.py [--paths 100000]``.

W1: a VAR(1) of 12 factors over 12 months with multivariate-t shocks (one chi-square a month), 60 outputs
a month through a 60 x 12 loading matrix plus residuals of covariance (rank 5 + diagonal) with Student-t
idiosyncratic parts, compounded; then mean, standard deviation, quantiles at 1, 5, 25, 50, 75, 95 and 99 %
and value at risk and expected shortfall at 95 and 99 % of every output and month. jpsim does that and a
little more: it counts the 12 factors as well, takes nine quantiles and gives every figure its error.

The reference holds its arrays as (variable, path), simulates chunks of paths on its threads and sorts
with numpy, which uses the widest vectors there are. Both are timed in turns in one process; the best of
the rounds counts, because other work on the machine only ever adds. On a machine that others use, seconds
of processor time say more than those of the clock; both are printed.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # the reference's threads are its own

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.figures import Figure, print_figures
from jpsim.simulation.engine import draw, draw_paths, memory_needed
from jpsim.simulation.kernels.normals import fill_normals, fill_single_normals
from jpsim.simulation.law import DOUBLE, Dynamics, Equity, Law, Levels, Mixing, Numerics, Sparse

FACTORS, MONTHS, OUTPUTS, COMMON, NU, IDIO_NU = 12, 12, 60, 5, 6.0, 5.0
LEVELS = (0.01, 0.05, 0.25, 0.50, 0.75, 0.95, 0.99)
CHUNK = 4096
SINGLE, FAST, SINGLE_FAST = Numerics("float32"), Numerics(arithmetic="fast"), Numerics("float32", "fast")
Floats = np.ndarray


class W1(NamedTuple):
    """Parameters of the workload."""

    transition: Floats  # (12, 12)
    impact: Floats  # (12, 12)
    loadings: Floats  # (60, 12)
    common: Floats  # (60, 5)
    idio_sd: Floats  # (60,)


def parameters() -> W1:
    """Draw a stable system of monthly returns with volatilities of 3 to 8 %."""
    rng = np.random.default_rng(1)
    transition = rng.normal(size=(FACTORS, FACTORS))
    transition *= 0.9 / np.abs(np.linalg.eigvals(transition)).max()
    impact = np.linalg.cholesky(np.cov(rng.normal(size=(FACTORS, 40))))
    loadings, common = rng.normal(0.0, 0.008, (OUTPUTS, FACTORS)), rng.normal(0.0, 0.008, (OUTPUTS, COMMON))
    return W1(transition, impact, loadings, common, rng.uniform(0.01, 0.03, OUTPUTS))


def w1_law(w1: W1) -> Law:
    """Write the workload as a law; its one aggregate is one series, because a law has at least one."""
    identity = Sparse(np.arange(OUTPUTS + 1), np.arange(OUTPUTS), np.ones(OUTPUTS))
    dynamics = Dynamics(
        state=np.zeros(FACTORS),
        intercept=np.zeros((MONTHS, FACTORS)),
        transition=np.tile(w1.transition, (MONTHS, 1, 1)),
        impact=np.tile(w1.impact, (MONTHS, 1, 1)),
        free_intercept=np.zeros(FACTORS),
        # Returns load on the factors themselves: no part of them is foreseen.
        free_transition=np.zeros((FACTORS, FACTORS)),
        cumulated=np.zeros(0, dtype=np.int64),
    )
    equity = Equity(
        drift=np.zeros((MONTHS, OUTPUTS)),
        loadings=w1.loadings,
        common=w1.common,
        mix=identity,
        idio_sd=w1.idio_sd,
        idio_nu=np.full(OUTPUTS, IDIO_NU),
        aggregation=Sparse(np.array([0, 1]), np.array([0]), np.ones(1)),
    )
    mixing = Mixing(NU, np.zeros((MONTHS, 0, FACTORS)), np.zeros(0), np.zeros(0))
    rows = FACTORS + OUTPUTS + 1
    levels = Levels(np.zeros(FACTORS, dtype=np.int64), np.ones(FACTORS))
    wide = np.ones((rows, MONTHS))
    law = Law(dynamics, mixing, equity, levels, -wide, wide, np.zeros(rows), np.arange(1, wide.shape[1] + 1))
    x = draw_paths(law, 1, 0, 4096)
    mean, sd = x.mean(axis=2), x.std(axis=2)
    return dataclasses.replace(law, low=mean - 12.0 * sd, high=mean + 12.0 * sd)


def numpy_chunk(w1: W1, seed: np.random.SeedSequence, out: Floats) -> None:
    """Simulate a chunk into `out`, (outputs, months, paths)."""
    rng, paths = np.random.Generator(np.random.SFC64(seed)), out.shape[2]
    y, gross = np.zeros((FACTORS, paths)), np.ones((OUTPUTS, paths))
    for t in range(MONTHS):
        scale = np.sqrt((NU - 2.0) / rng.chisquare(NU, paths))
        shocks = rng.standard_normal((FACTORS, paths))
        shocks *= scale
        y = w1.transition @ y + w1.impact @ shocks
        common = rng.standard_normal((COMMON, paths))
        common *= scale
        r = rng.standard_t(IDIO_NU, (OUTPUTS, paths))
        r *= (w1.idio_sd * np.sqrt((IDIO_NU - 2.0) / IDIO_NU))[:, None]
        r += w1.loadings @ y
        r += w1.common @ common
        r += 1.0
        gross *= r
        np.subtract(gross, 1.0, out=out[:, t])


def numpy_rows(x: Floats) -> tuple[Floats, ...]:
    """Mean, standard deviation, quantiles and shortfalls of some outputs, (rows, months, paths)."""
    mean, sd, paths = x.mean(axis=2), x.std(axis=2), x.shape[2]
    x.sort(axis=2)
    tails = np.stack([x[:, :, : int(level * paths)].mean(axis=2) for level in LEVELS[:2]])
    return mean, sd, x[:, :, [int(level * paths) for level in LEVELS]], tails


def numpy_run(w1: W1, paths: int, threads: int) -> list[tuple[Floats, ...]]:
    """Simulate chunks, then reduce output by output, each on the threads of a pool."""
    x = np.empty((OUTPUTS, MONTHS, paths))
    starts = range(0, paths, CHUNK)
    seeds = np.random.SeedSequence(1).spawn(len(starts))
    with ThreadPoolExecutor(threads) as pool:
        chunks = [x[:, :, first : first + CHUNK] for first in starts]
        list(pool.map(lambda job: numpy_chunk(w1, *job), zip(seeds, chunks, strict=True)))
        return list(pool.map(numpy_rows, (x[i : i + 4] for i in range(0, OUTPUTS, 4))))


class Seconds(NamedTuple):
    """Best times of one work: by the clock, and of the processor in all threads."""

    clock: float
    processor: float


def in_turns(works: dict[str, Callable[[], object]], rounds: int) -> dict[str, Seconds]:
    """Best times of each work over some rounds, one after the other in every round."""
    best = dict.fromkeys(works, Seconds(float("inf"), float("inf")))
    for _ in range(rounds):
        for name, work in works.items():
            clock, processor = time.perf_counter(), time.process_time()
            work()
            taken = Seconds(time.perf_counter() - clock, time.process_time() - processor)
            best[name] = Seconds(*map(min, taken, best[name]))
    return best


def normals_only(paths: int) -> None:
    """Draw as many normals as W1 takes, in rows that are overwritten."""
    for first in range(0, paths, CHUNK):
        fill_normals(1, 1, first, min(CHUNK, paths - first), MONTHS, 1 + FACTORS + COMMON + OUTPUTS)


def single_normals_only(paths: int) -> None:
    """Draw them in single precision."""
    for first in range(0, paths, CHUNK):
        fill_single_normals(1, 1, first, min(CHUNK, paths - first), MONTHS, 1 + FACTORS + COMMON + OUTPUTS)


def time_all(law: Law, w1: W1, paths: int, rounds: int) -> dict[str, Seconds]:
    """Best times of jpsim, of the reference, and of normals."""
    philox, count = np.random.Generator(np.random.Philox(1)), 2_000_000

    def ours(threads: int, numerics: Numerics = DOUBLE) -> Callable[[], object]:
        drawn = dataclasses.replace(law, numerics=numerics)
        draw(drawn, scenario="w1", seed=1, paths=CHUNK, threads=1)
        return lambda: draw(drawn, scenario="w1", seed=1, paths=paths, threads=threads)

    works = {
        "jpsim, 1 thread": ours(1),
        "jpsim, 2 threads": ours(2),
        "jpsim float32, 1 thread": ours(1, SINGLE),
        "jpsim float32, 2 threads": ours(2, SINGLE),
        "jpsim fast, 1 thread": ours(1, FAST),
        "jpsim float32 fast, 2 threads": ours(2, SINGLE_FAST),
        "numpy, 1 thread": lambda: numpy_run(w1, paths, 1),
        "numpy, 2 threads": lambda: numpy_run(w1, paths, 2),
        "jpsim's normals": lambda: normals_only(paths),
        "its float32 normals": lambda: single_normals_only(paths),
        "2 M of them": lambda: fill_normals(1, 1, 0, 1000, 1000, 2),
        "2 M of Philox": lambda: philox.standard_normal(count),
    }
    return in_turns(works, rounds)


def figures_of(best: dict[str, Seconds]) -> list[Figure]:
    """Ratios that are aimed at, by the clock; where the threads are the same, by the processor's time, too.

    What else the machine does disturbs the clock more, but only the clock shows what threads waste.
    """
    ours, theirs, normals = best["jpsim, 1 thread"], best["numpy, 1 thread"], best["jpsim's normals"]
    both, two = best["numpy, 2 threads"], best["jpsim, 2 threads"]
    single, fastest = best["jpsim float32, 2 threads"], best["jpsim float32 fast, 2 threads"]
    fast, alone = best["jpsim fast, 1 thread"], best["jpsim float32, 1 thread"]
    philox = best["2 M of Philox"].processor / best["2 M of them"].processor
    return [
        Figure("W1, numpy / jpsim, 2 threads each, by the clock", both.clock / two.clock, 4.5),
        Figure("W1, numpy / jpsim, 2 threads each, processor time", both.processor / two.processor),
        Figure("W1, numpy / jpsim, 1 thread each, processor time", theirs.processor / ours.processor),
        Figure("W1, numpy on 1 thread / jpsim on 2, by the clock", theirs.clock / two.clock, 8.0),
        Figure(
            "W1, jpsim / its random normals alone, 1 thread, processor time",
            ours.processor / normals.processor,
            2.0,
            more=False,
        ),
        Figure("W1, numpy / jpsim in float32, 2 threads each, by the clock", both.clock / single.clock, 8.0),
        Figure("W1, numpy / jpsim in float32 and fast, 2 threads each, by the clock", both.clock / fastest.clock),
        Figure("W1, jpsim in float64 strict / fast, 1 thread, processor time", ours.processor / fast.processor),
        Figure("W1, jpsim in float64 / float32, 1 thread, processor time", ours.processor / alone.processor),
        Figure("normals a second, jpsim / numpy's Philox, 1 thread", philox, 4.0),
        Figure("W1, jpsim on 1 thread / on 2, by the clock", ours.clock / two.clock, 1.9),
    ]


def main() -> None:
    """Print times and ratios, and keep the ratios in a file if one is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--paths", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    w1 = parameters()
    law = w1_law(w1)
    best = time_all(law, w1, options.paths, options.rounds)
    for name, seconds in best.items():
        print(f"{name:30s} {seconds.clock:8.3f} s by the clock {seconds.processor:8.3f} s of processor time")
    found = figures_of(best)
    print_figures(found)
    kept = OUTPUTS * MONTHS * options.paths * 8
    print(f"memory: jpsim {memory_needed(law, 2) / 2**20:.0f} MiB on 2 threads, numpy's paths {kept / 2**20:.0f} MiB")
    print(f"peak of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10:.0f} MiB")
    if options.json:
        options.json.write_text(json.dumps([figure._asdict() for figure in found]), encoding="utf-8")


if __name__ == "__main__":
    main()
