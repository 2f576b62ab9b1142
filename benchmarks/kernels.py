"""Time the kernels against numpy on this machine: ``python benchmarks/kernels.py [--paths 100000]``.

Prints normals a second against numpy's Philox, and one law of the shipped model's size (18 factors,
two lags, 12 months, 69 series) against the same law written with numpy in chunks of (variable, path).
Ratios of one run are meaningful; absolute times drift with the machine.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from jpsim.simulation.engine import draw, draw_paths
from jpsim.simulation.kernels.normals import fill_normals, fill_single_normals
from jpsim.simulation.law import Law
from jpsim.simulation.result import ScenarioSample
from tests.naive.simulation import dense, example_law

SIZE = {"n": 18, "p": 2, "months": 12, "series": 50, "groups": 19, "common": 3}
LEVELS = (0.01, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99)
CHUNK = 8192


def seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """Best wall-clock time of some repeats."""
    best = float("inf")
    for _ in range(repeats):
        begun = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - begun)
    return best


def ranged(law: Law) -> Law:
    """Give a law histograms eight standard deviations to each side."""
    x = draw_paths(law, 1, 0, 2048)
    mean, sd = x.mean(axis=2), x.std(axis=2)
    return dataclasses.replace(law, low=mean - 8.0 * sd, high=mean + 8.0 * sd)


def numpy_chunk(law: Law, rng: np.random.Generator, out: np.ndarray) -> None:
    """Simulate a chunk of the Gaussian law into `out`, (O, h, paths), with numpy's matrix products."""
    dynamics, equity, paths = law.dynamics, law.equity, out.shape[2]
    n, series = dynamics.free_intercept.size, equity.idio_sd.size
    mix, aggregation = dense(equity.mix, series) * equity.idio_sd, dense(equity.aggregation, series)
    state = np.repeat(dynamics.state[:, None], paths, axis=1)
    lags, gross = state.shape[0] - dynamics.cumulated.size, np.ones((out.shape[0] - n, paths))
    for t in range(out.shape[1]):
        u = dynamics.impact[t] @ rng.standard_normal((n, paths))
        y = dynamics.intercept[t][:, None] + dynamics.transition[t] @ state + u
        state = np.concatenate([y, state[: lags - n], state[lags:] + y[dynamics.cumulated]])
        r = equity.drift[t][:, None] + equity.loadings @ u + mix @ rng.standard_normal((series, paths))
        r += equity.common @ rng.standard_normal((equity.common.shape[1], paths))
        gross[:series] *= 1.0 + r
        gross[series:] *= 1.0 + aggregation @ r
        out[:n, t], out[n:, t] = y, gross - 1.0
        out[dynamics.cumulated, t] = law.levels.base[dynamics.cumulated, None] * np.exp(state[lags:] / 100.0)
        logs = law.levels.code == 1
        out[:n, t][logs] = np.exp(y[logs] / 100.0)


def numpy_run(law: Law, paths: int) -> tuple[np.ndarray, ...]:
    """Simulate with numpy; mean, standard deviation, quantiles and shortfalls of every output and month."""
    rng = np.random.Generator(np.random.SFC64(1))
    x = np.empty((*law.low.shape, paths))
    for first in range(0, paths, CHUNK):
        numpy_chunk(law, rng, x[:, :, first : first + CHUNK])
    mean, sd = x.mean(axis=2), x.std(axis=2)
    x.sort(axis=2)
    quantiles = x[:, :, [int(level * paths) for level in LEVELS]]
    tails = np.stack([x[:, :, : int(level * paths)].mean(axis=2) for level in LEVELS[:2]])
    return mean, sd, quantiles, tails


def time_law(name: str, law: Law, paths: int) -> dict[int, float]:
    """Seconds on one and on two threads."""

    def run(threads: int) -> ScenarioSample:
        return draw(law, scenario=name, seed=1, paths=paths, threads=threads)

    run(1)
    return {threads: seconds(lambda threads=threads: run(threads)) for threads in (1, 2)}


def main(paths: int = 100_000) -> None:
    """Print the table."""
    philox, count = np.random.Generator(np.random.Philox(1)), 4_000_000
    fill_normals(1, 1, 0, 10, 1, 1)
    single = seconds(lambda: fill_single_normals(1, 1, 0, 4096, 100, 8), repeats=10)
    print(f"float32 normals          {4096 * 800 / single / 1e6:8.0f} M/s, copied out of their blocks")
    ours, theirs = seconds(lambda: fill_normals(1, 1, 0, count, 1, 2)), seconds(lambda: philox.standard_normal(count))
    print(f"normals, filled singly   {2 * count / ours / 1e6:8.0f} M/s   numpy Philox {count / theirs / 1e6:8.0f} M/s")
    rng = np.random.default_rng(1)
    laws = {
        "gaussian": example_law(rng, **SIZE),
        "student-t": example_law(rng, **SIZE, nu=8.0, idio_nu=5.0),
        "student-t, 17 rows": example_law(rng, **SIZE, nu=8.0, idio_nu=5.0, rows=17),
    }
    for name, law in laws.items():
        times = time_law(name, ranged(law), paths)
        print(f"{name:24s} {times[1]:8.3f} s on one thread, {times[2]:8.3f} s on two")
    plain = seconds(lambda: numpy_run(laws["gaussian"], paths), repeats=1)
    print(f"{'gaussian, numpy':24s} {plain:8.3f} s in chunks on one thread")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--paths", type=int, default=100_000)
    main(parser.parse_args().paths)
